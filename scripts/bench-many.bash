# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2016 # scripts/bench sources this; programs of awk
#
# Rows of scripts/bench about many containers at once: what one of them takes in memory, what the 200th
# costs against the first, and what vzeventd needs to watch them all.

many=200
memory_each=150		# containers a figure of memory is made of

# Wait until the machine rests: networks, groups and mounts of what was stopped are taken down behind our
# back. On a machine with other work to do that may never be, so for 5 s at most.
settle()
{
	local end=$((SECONDS + 5)) before after

	before=$(busy_ticks)
	while [ $SECONDS -lt $end ]; do
		sleep 0.2
		after=$(busy_ticks)
		[ $((after - before)) -gt 2 ] || return 0
		before=$after
	done
}

# What all CPUs have worked so far, in hundredths of a second.
busy_ticks() { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 }' /proc/stat; }

median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# verdict VALUE LIMIT: sets $held, and counts what was missed.
verdict()
{
	held=holds
	awk "BEGIN { exit !($1 <= $2) }" || { held='**missed**'; missed=$((missed + 1)); }
}

# ---- memory ----

# All memory that is neither free nor cache, in KiB: of processes, and everything of the kernel's. Caches of
# names and inodes are given up first: what has been stopped hangs on to them, for as long as nobody asks.
used_kib()
{
	echo 2 >/proc/sys/vm/drop_caches
	settle
	awk '{ v[$1] = $2 } END {
		print v["MemTotal:"] - v["MemFree:"] - v["Buffers:"] - v["Cached:"] + v["Shmem:"] }' /proc/meminfo
}

ours_up() { for i in "${memory_ids[@]}"; do vzctl --quiet start "$i"; done; }
ours_down() { for i in "${memory_ids[@]}"; do vzctl --quiet stop "$i" --fast; done; }
lxc_up() { for i in "${memory_ids[@]}"; do of_lxc "m$i" start; done; }
lxc_down() { for i in "${memory_ids[@]}"; do of_lxc "m$i" stop -k; done; }
crun_up() { oci_up in_crun_ns /usr/bin/crun --root "$peer/state"; }
crun_down() { oci_down in_crun_ns /usr/bin/crun --root "$peer/state"; }
runc_up() { oci_up /usr/bin/runc --root "$peer/runc"; }
runc_down() { oci_down /usr/bin/runc --root "$peer/runc"; }

oci_up()
{
	for i in "${memory_ids[@]}"; do
		"$@" run -d -b "$peer/bundle$i" "m$i" </dev/null >/dev/null 2>&1
	done
}

oci_down() { for i in "${memory_ids[@]}"; do "$@" delete -f "m$i"; done; }

# memory_of WHO: KiB a container, against the mean of before and after: slabs are given back late. If those
# two are far apart somebody else was at work, and it has to be done again.
memory_of()
{
	local before during after try

	for ((try = 0; try < 5; try++)); do
		before=$(used_kib)
		"$1_up"
		during=$(used_kib)
		"$1_down"
		after=$(used_kib)
		awk -v n=$memory_each -v d=$((2 * during - before - after)) -v off=$((before - after)) '
			BEGIN { if (off < 0) off = -off; if (off > d / 5) exit 1; printf "%.1f\n", d / 2 / n }' && return
	done
	die "the machine is not quiet enough to measure memory"
}

# Which of the peers can run so many; their configurations.
memory_peers()
{
	local i

	peers=()
	[ "$has_lxc" = no ] || peers+=(lxc)
	[ "$has_crun" = no ] || peers+=(crun)
	[ "$has_runc" = no ] || peers+=(runc)
	for i in "${memory_ids[@]}"; do
		vzctl --quiet create "$i" --ostemplate minimal
		[ "$has_lxc" = no ] || lxc_config "m$i"
		[ "$has_crun$has_runc" = nono ] || oci_config "$peer/bundle$i" "m$i"
	done
}

rows_memory()
{
	local memory_ids peers who round

	mapfile -t memory_ids < <(seq 401 $((400 + memory_each)))
	memory_peers
	for ((round = 0; round <= (rounds + 2) / 3; round++)); do
		for who in ours ${peers[@]+"${peers[@]}"}; do
			# The first round only warms up.
			[ $round -gt 0 ] || { "${who}_up"; "${who}_down"; continue; }
			memory_of "$who" >>"$peer/memory.$who"
		done
	done
	row_memory "memory per idle container" lxc "LXC"
	row_memory "" crun "crun"
	row_memory "" runc "runc"
	for who in "${memory_ids[@]}"; do vzctl --quiet destroy "$who"; done
}

row_memory()
{
	local ours theirs

	ours=$(median <"$peer/memory.ours")
	if [ ! -e "$peer/memory.$2" ]; then
		line "$1" "$(printf '%.0f KiB' "$ours")" "$3" 'not run' '' - 'not known'
		return
	fi
	theirs=$(median <"$peer/memory.$2")
	line "$1" "$(printf '%.0f KiB' "$ours")" "$3" "$(printf '%.0f KiB' "$theirs")" \
		"$(paste "$peer/memory.ours" "$peer/memory.$2" | awk '{ print $1 / $2 }' | median | xargs printf '%.3f')" - ''
}

# ---- the 200th ----

# make_others ID…: the others as a program, for bench-pairs: others up|down.
make_others()
{
	cat >"$peer/others" <<-EOS
		#!/bin/bash
		$(declare -f settle busy_ticks)
		set -eu
		for i in $*; do
			case \$1 in
			up) $v $PREFIX --quiet start \$i ;;
			down) $v $PREFIX --quiet stop \$i --fast ;;
			esac
		done
		# What was not used for so long is cold.
		$v $PREFIX --quiet start 101
		$v $PREFIX --quiet stop 101 --fast
		settle
	EOS
	chmod 0755 "$peer/others"
}

# variants_of_life TAG BEFORE: one container's start, exec, list and stop.
variants_of_life()
{
	variant "start $1" - "$2" "$v $PREFIX start 101" -
	variant "exec $1" - - "$v $PREFIX exec 101 /bin/true" -
	variant "list $1" - - "$BUILD/vzlist --prefix $PREFIX 101" -
	variant "stop $1" - - "$v $PREFIX stop 101 --fast" -
}

rows_many()
{
	local ids what

	mapfile -t ids < <(seq 1001 $((1000 + many - 1)))
	for what in "${ids[@]}"; do
		vzctl --quiet create "$what" --ostemplate minimal
	done
	make_others "${ids[@]}"
	variants_of_life "as no. $many" "$peer/others up"
	variants_of_life 'as no. 1' "$peer/others down"
	measure $(((rounds + 1) / 2)) 4
	for what in start exec list stop; do
		row "$what of container no. $many" "$what as no. $many" "$what as no. 1" 1.2 "<= 1.2"
	done
}

# ---- vzeventd ----

# It is two processes: one that works, and one that makes it anew.
watchers() { pgrep -f "^$BUILD/vzeventd -d --prefix $PREFIX\$"; }

watcher_kib() { watchers | sed 's|.*|/proc/&/status|' | xargs awk '$1 == "VmRSS:" { n += $2 } END { print n }'; }

# Whenever one of them had been on a CPU it was switched away from.
watcher_switches()
{
	watchers | sed 's|.*|/proc/&/status|' | xargs awk '/ctxt_switches/ { n += $2 } END { print n }'
}

watcher_start()
{
	"$BUILD/vzeventd" -d --prefix "$PREFIX" >/dev/null 2>&1 </dev/null &
	watcher=$!
	wait_for 10 test -S "$PREFIX/run/vz/vzeventd.sock"
	# What it needs once, whatever the number of containers.
	vzctl --quiet start 101
	vzctl --quiet stop 101 --fast
	settle
}

watcher_stop()
{
	kill "$watcher"
	wait "$watcher" || :
	watcher=''
}

rows_watch()
{
	local id empty full switches

	watcher_start
	empty=$(watcher_kib)
	for ((id = 1001; id <= 1000 + many; id++)); do
		[ -e "$PREFIX/etc/vz/conf/$id.conf" ] || vzctl --quiet create "$id" --ostemplate minimal
		vzctl --quiet start "$id"
	done
	settle
	full=$(watcher_kib)
	row_resident "$empty" "$full"
	switches=$(watcher_switches)
	sleep 10
	switches=$(($(watcher_switches) - switches))
	verdict "$switches" 0
	line "vzeventd, $many containers: wake-ups in 10 s" "$switches" '' '' '' "0" "$held"
	row_death
	for ((id = 1001; id <= 1000 + many; id++)); do vzctl --quiet stop "$id" --fast; done
	watcher_stop
}

row_resident()
{
	local each

	each=$(awk "BEGIN { printf \"%.2f\", ($2 - $1) / $many }")
	verdict "$each" 4
	line "vzeventd, $many containers: resident" "$2 KiB" "none" "$1 KiB" "" '' ''
	line "" "$each KiB" 'each' '' '' "<= 4" "$held"
}

# From kill -9 of init until its groups, its mount and its state are gone; LXC has a process for each
# container that does it.
row_death()
{
	local gone

	prefix_tag
	gone="$PREFIX/run/vz/101/state $PREFIX/vz/root/101/bin"
	gone="$gone $(findmnt -rn -t cgroup,cgroup2 -o TARGET | sed "s|\$|/vz-$PREFIX_TAG/101|" | tr '\n' ' ')"
	variant ours - "$v $PREFIX --quiet start 101 && sed -n 's/^PID=\"\\(.*\\)\"/\\1/p' $PREFIX/run/vz/101/state >$peer/pid" \
		"$peer/gone $peer/pid $gone" -
	if [ "$has_lxc" = yes ]; then
		gone=$(findmnt -rn -t cgroup,cgroup2 -o TARGET | sed "s|\$|/$group/c-bench|" | tr '\n' ' ')
		variant "LXC's monitor" - "PATH=/nonexistent /usr/bin/lxc-start -P $peer/lxc -n bench && /usr/bin/lxc-info -P $peer/lxc -n bench -p -H >$peer/pid" \
			"$peer/gone $peer/pid $gone" "/usr/bin/lxc-wait -P $peer/lxc -n bench -s STOPPED 2>/dev/null"
	fi
	measure
	row "from death to cleaned up, $many containers" ours "LXC's monitor"
}
