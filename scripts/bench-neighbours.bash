# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2034 # scripts/bench sources this
#
# Rows of scripts/bench about noisy neighbours: how much less a container gets done beside another one that
# does nothing but harm, in per cent of what it gets done while that one is idle. The same with LXC, with the same
# limits: equal shares of CPU time, memory and tasks. Ours are on venet, LXC's on a bridge.
#
# Which process runs where is the scheduler's choice, as always.

neighbour_seconds=${neighbour_seconds:-2}	# each figure
neighbour_mb=256
neighbour_tasks=200
neighbours=(cpu memory disk forks udp)
victims=(cpu disk net)
declare -A victim_of=([ours]=101 [lxc]=victim) neighbour_of=([ours]=102 [lxc]=neighbour)
declare -A victim_at=([ours]=198.51.100.2 [lxc]=198.51.100.82)
declare -A victim_name=([cpu]='sysbench cpu' [disk]='fio, 4k random reads' [net]='64 bytes there and back')
declare -A neighbour_name=([cpu]='busy threads' [memory]='a memory hog' [disk]='a disk writer' [forks]='a fork bomb'
	[udp]='a UDP flood')
declare -A neighbour_command=(
	[cpu]='/burn 8 60'
	[memory]="/noise memory $((neighbour_mb * 4))"
	[disk]='timeout 60 sh -c "while dd if=/dev/zero of=/noise.data bs=1M count=256 oflag=direct conv=notrunc; do :; done"'
	[forks]='/noise forks'
	[udp]='/noise udp 198.51.100.200'
)

# What a victim got done in a second: victim_VICTIM ENGINE.
victim_cpu()
{
	inside "${victim_of[$1]}" "sysbench cpu --threads=1 --time=$neighbour_seconds run" |
		sed -n 's/.*events per second: *//p'
}

victim_disk() { inside "${victim_of[$1]}" "$victim_fio --time_based --runtime=$neighbour_seconds" | cut -d ';' -f 8; }
victim_fio='fio --name=victim --filename=/victim.data --size=128M --rw=randread --bs=4k --direct=1 --ioengine=psync --thread --output-format=terse --terse-version=3'

victim_net() { round_trips "${victim_at[$1]}" "$neighbour_seconds"; }

# slower NEIGHBOUR VICTIM ENGINE: by so many per cent the victim is slower beside it than just before. The noise
# is ended with its container: of a fork bomb nothing else is sure. Fails if the noise has ended that itself.
slower()
{
	local who=${neighbour_of[$3]} alone beside down=yes

	alone=$("victim_$2" "$3")
	inside "$who" "(${neighbour_command[$1]}; : >/silent) </dev/null >/dev/null 2>&1 &"
	sleep 0.5	# until it is at its worst
	beside=$("victim_$2" "$3")
	guest_down "$who" || down=no
	guest_up "$who"
	[ $down = yes ] || return 1
	inside "$who" '[ ! -e /silent ]' || die "the noise '$1' ended too early: no figures of bad neighbours"
	awk "BEGIN { printf \"%.1f\\n\", ($alone - $beside) * 100 / $alone }"
}

# The same, once more if there were no figures: of what wants memory the kernel may choose the init of LXC's.
slower_in_the_end()
{
	local try

	for try in 1 2 3 4 5; do
		! slower "$@" >"$peer/slower" || break
		[ "$try" -lt 5 ] || die "the noise '$1' ended its own container five times: no figures of bad neighbours"
	done
	cat "$peer/slower"
}

neighbours_round()
{
	local engine victim neighbour

	for victim in "${victims[@]}"; do
		for neighbour in "${neighbours[@]}"; do
			for engine in "${engines[@]}"; do
				slower_in_the_end "$neighbour" "$victim" "$engine" >>"$peer/slower.$victim.$neighbour.$engine"
			done
		done
	done
}

# The limits of a container of LXC's: those of the hierarchies that are not there are ignored.
neighbour_limits=(
	'lxc.cgroup.cpu.shares = 1024' "lxc.cgroup.memory.limit_in_bytes = ${neighbour_mb}M" "lxc.cgroup.pids.max = $neighbour_tasks"
	'lxc.cgroup2.cpu.weight = 100' "lxc.cgroup2.memory.max = ${neighbour_mb}M" "lxc.cgroup2.pids.max = $neighbour_tasks"
)

neighbours_up()
{
	local engine who

	guest_ours 101 --ipadd "${victim_at[ours]}" --ram "${neighbour_mb}M" --swap 0 --numproc "$neighbour_tasks"
	guest_ours 102 --ipadd 198.51.100.3 --ram "${neighbour_mb}M" --swap 0 --numproc "$neighbour_tasks"
	if [ "$has_lxc" = yes ]; then
		engines+=(lxc)
		guest_lxc victim "${victim_at[lxc]}" "${neighbour_limits[@]}"
		guest_lxc neighbour 198.51.100.83 "${neighbour_limits[@]}"
	fi
	for engine in "${engines[@]}"; do
		who=${neighbour_of[$engine]}
		put_inside "$who" burn
		put_inside "$who" noise
		who=${victim_of[$engine]}
		inside "$who" "$victim_fio --create_only=1" >/dev/null
		inside "$who" 'sockperf server --tcp -p 5300 --daemonize' >/dev/null 2>&1
		wait_for 10 victim_net "$engine" >/dev/null
	done
}

# stay_awake SECONDS: something runs on every processor, behind all others. Who is alone would else wait for
# processors that have gone to sleep, and be quicker beside any neighbour that keeps them awake. Sets awake.
stay_awake()
{
	local cpu

	for ((cpu = 0; cpu < $(nproc); cpu++)); do
		setpriv --pdeathsig KILL chrt --idle 0 taskset -c $cpu "$peer/burn" 1 "$1" >/dev/null &
		awake+=($!)
	done
}

rows_neighbours()
{
	local main=$PREFIX engines=(ours) awake=() times=$(((rounds + 14) / 15)) round victim neighbour ours theirs

	host_setup
	prefixes+=("$PREFIX")
	"${CC:-cc}" -O2 -D_GNU_SOURCE -static -pthread -o "$peer/burn" "$TOP/scripts/bench-burn.c"
	"${CC:-cc}" -O2 -D_GNU_SOURCE -static -o "$peer/noise" "$TOP/scripts/bench-noise.c"
	guest_hosts
	neighbours_up
	stay_awake $((times * 900))
	for ((round = 0; round < times; round++)); do
		neighbours_round
	done
	kill "${awake[@]}"
	wait "${awake[@]}" || :		# killed
	for victim in "${victims[@]}"; do
		for neighbour in "${neighbours[@]}"; do
			ours="$(median <"$peer/slower.$victim.$neighbour.ours") %"
			theirs='not run'
			[ "$has_lxc" = no ] || theirs="$(median <"$peer/slower.$victim.$neighbour.lxc") %"
			line "${victim_name[$victim]} beside ${neighbour_name[$neighbour]}" "$ours" 'slower; with LXC' "$theirs" '' '' ''
		done
	done
	if [ "$has_lxc" = yes ]; then
		guest_down victim
		guest_down neighbour
	fi
	destroy_all
	PREFIX=$main
}
