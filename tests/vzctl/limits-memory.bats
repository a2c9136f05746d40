#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Limits of memory. A container at its limit is in trouble by itself: one of its processes is killed, nobody
# else's. A new limit never kills: what can be given back is, and what cannot makes set refuse.

load ../lib/helpers
load ../lib/limits

setup_file()
{
	probe_setup
	create_minimal 101
	create_minimal 102
	cp "$(conf 101)" "$BATS_FILE_TMPDIR/101.conf"
}
teardown_file() { host_teardown; }
setup()
{
	cp "$BATS_FILE_TMPDIR/101.conf" "$(conf 101)"
	vzctl --quiet start 101
	put_probe 101
}
teardown()
{
	vzctl --quiet stop 101 --fast >/dev/null 2>&1 || :
	vzctl --quiet stop 102 --fast >/dev/null 2>&1 || :
}

# holder ID MIB: a process inside that keeps so much memory; ready when this returns.
holder()
{
	vzctl exec "$1" "/probe hold $2 >/tmp/held 2>&1 </dev/null &"
	wait_for 20 holds "$1"
}
holds() { [ "$(vzctl exec "$1" cat /tmp/held)" = ok ]; }

# bats test_tags=core,cgroup
@test "memory: --ram and --swap change at once, RAM alone means no swap, and unlimited lifts both" {
	is none "$(ram_of 101)"
	is none "$(swap_of 101)"
	rc_is 0 vzctl set 101 --ram 64M
	line "UB limits were set successfully"
	is "64 0" "$(ram_of 101) $(swap_of 101)"
	rc_is 0 vzctl set 101 --ram 128M --swap 32M
	is "128 32" "$(ram_of 101) $(swap_of 101)"
	rc_is 0 vzctl set 101 --ram 32M --swap 512M
	is "32 512" "$(ram_of 101) $(swap_of 101)"
	rc_is 0 vzctl set 101 --physpages 0:16384 --swappages 0:4096
	is "64 16" "$(ram_of 101) $(swap_of 101)"
	rc_is 0 vzctl set 101 --ram unlimited --swap unlimited
	is "none none" "$(ram_of 101) $(swap_of 101)"
}

# bats test_tags=core,cgroup
@test "memory: who wants more than there is, is killed, and nobody else, here, in a neighbour or on the host" {
	vzctl --quiet start 102
	put_probe 102
	vzctl --quiet set 101 --ram 48M
	holder 101 16
	holder 102 64
	in_bg "$PROBE" hold 64
	on_the_host=$!
	rc_is 3 vzctl exec2 101 /probe hold 100
	has_not ok
	kill "$on_the_host"
	run vzctl why 101
	has " killed for want of memory since it was started; " "vzctl set 101 --ram 96M --save"
	[ "$(oom_kills 101)" -gt 0 ]
	[ "$(ram_used 101)" -le 48 ]
	status_is 101 "exist mounted running"
	is 1 "$(vzctl exec 101 'ls -d /proc/[0-9]*/exe | xargs -n 1 readlink | grep -c probe')"
	is 0 "$(oom_kills 102)"
	is 1 "$(vzctl exec 102 'ls -d /proc/[0-9]*/exe | xargs -n 1 readlink | grep -c probe')"
}

# Milliseconds that 102 takes to run some programs.
work_of_102()
{
	local from
	from=$(now_usec)
	vzctl exec 102 'i=0; while [ $i -lt 50 ]; do /bin/busybox true; i=$((i + 1)); done'
	echo $((($(now_usec) - from) / 1000))
}
is_killing() { [ "$(oom_kills 101)" -gt "${1:-0}" ]; }

@test "memory: a neighbour works on while one is out of memory all the time" {
	local i ms kills=0 alone=999999 beside=999999 rounds
	rounds=$(rounds 6 2)
	vzctl --quiet start 102
	vzctl --quiet set 101 --ram 32M --cpulimit 50
	# It reads more than fits into its cache, and asks for memory that is not there.
	vzctl exec 101 'head -c 67108864 /dev/zero >/file
		(while :; do cat /file >/dev/null; done) </dev/null >/dev/null 2>&1 &
		(while :; do /probe hold 100; done) </dev/null >/dev/null 2>&1 &'
	# In turn, and the best of each counts: the machine has other things to do, too.
	for ((i = 0; i < rounds; i++)); do
		wait_for 20 is_killing "$kills"
		ms=$(work_of_102)
		[ "$ms" -ge "$beside" ] || beside=$ms
		vzctl --quiet chkpnt 101 --suspend
		kills=$(oom_kills 101)
		ms=$(work_of_102)
		[ "$ms" -ge "$alone" ] || alone=$ms
		vzctl --quiet chkpnt 101 --resume
	done
	[ "$beside" -le $((alone * 5)) ] || { echo "$alone ms alone, $beside ms beside it"; return 1; }
	status_is 101 "exist mounted running"
	is 0 "$(oom_kills 102)"
}

# bats test_tags=cgroup
@test "memory: a limit below what is needed now is refused, rc 1, and changes nothing" {
	vzctl --quiet set 101 --ram 128M --swap 0 --save
	cp "$(conf 101)" "$BATS_TEST_TMPDIR/before"
	holder 101 48
	rc_is 1 vzctl set 101 --ram 24M --save
	has "PHYSPAGES: container 101 needs " " KiB now, more than the 24576 it would have: stop something inside first"
	line 'Error: failed to apply some parameters, not saving configuration file!'
	cmp "$(conf 101)" "$BATS_TEST_TMPDIR/before"
	is "128 0" "$(ram_of 101) $(swap_of 101)"
	# More swap space comes first, and goes again; on a host that has some it would help.
	if [ "$(wc -l </proc/swaps)" -eq 1 ]; then
		rc_is 1 vzctl set 101 --ram 24M --swap 1G
		is "128 0" "$(ram_of 101) $(swap_of 101)"
	fi
	is 0 "$(oom_kills 101)"
	holds 101
	[ "$(ram_used 101)" -ge 48 ]
}

# bats test_tags=cgroup
@test "memory: a limit below what is used by the cache of files is reached by giving that back" {
	vzctl --quiet set 101 --ram 256M
	vzctl exec 101 'head -c 83886080 /dev/zero >/file; sync; cat /file >/dev/null'
	[ "$(ram_used 101)" -ge 60 ] || { echo "only $(ram_used 101) MiB are used"; return 1; }
	rc_is 0 vzctl set 101 --ram 24M
	is 24 "$(ram_of 101)"
	[ "$(ram_used 101)" -le 24 ]
	is 0 "$(oom_kills 101)"
	vzctl exec 101 'rm /file'
}

@test "memory: what is saved holds from the start on, also that of a sample" {
	vzctl --quiet stop 101 --fast
	rc_is 0 vzctl set 101 --ram 96M --swap 32M --save
	is 0:24576 "$(conf_value 101 PHYSPAGES)"
	vzctl --quiet start 101
	is "96 32" "$(ram_of 101) $(swap_of 101)"
	vzctl --quiet create 103 --ostemplate minimal --config vswap-512m
	vzctl --quiet start 103
	is "512 1024" "$(ram_of 103) $(swap_of 103)"
	vzctl --quiet stop 103 --fast
	vzctl --quiet destroy 103
}

# bats test_tags=cgroup
@test "memory: --reset_ub makes what the file says hold again" {
	rc_is 0 vzctl set 101 --ram 96M --numproc 100 --save
	line "UB limits were set successfully"
	is 1 "$(grep -c 'UB limits' <<<"$output")"
	vzctl --quiet set 101 --ram 64M --swap 8M --numproc 50
	is "64 8" "$(ram_of 101) $(swap_of 101)"
	rc_is 0 vzctl set 101 --reset_ub
	is "UB limits were set successfully" "$output"
	is "96 0" "$(ram_of 101) $(swap_of 101)"
	is 100 "$(knob 101 pids pids.max pids.max)"
}

@test "memory: limits nothing can run in are refused, and a start with one leaves nothing" {
	rc_is 1 vzctl set 101 --ram 0 --save
	has "PHYSPAGES: with 0 nothing could run"
	is none "$(ram_of 101)"
	vzctl --quiet stop 101 --fast
	for size in 0 8K 100K; do
		vzctl --quiet set 101 --ram $size --save
		run vzctl start 101
		[ "$status" -ne 0 ]
		has "PHYSPAGES"
		is_down 101
	done
}

@test "memory: the old words for unlimited are understood" {
	vzctl --quiet stop 101 --fast
	printf 'PHYSPAGES="0:2147483647"\nSWAPPAGES="0:9223372036854775807"\n' >>"$(conf 101)"
	vzctl --quiet start 101
	is "none none" "$(ram_of 101) $(swap_of 101)"
}

@test "memory: a set that is killed anywhere leaves a container that runs, and the next one is whole" {
	local killat=$BATS_TEST_TMPDIR/killat n=1 step=1
	[ "${TIME_SCALE:-1}" -eq 1 ] || step=5
	local -a set=("$BUILD/vzctl" --prefix "$PREFIX" --quiet set 101 --ram 64M --swap 16M --cpulimit 30 --cpuunits 2000 --numproc 100)
	"${CC:-gcc}" -Wall -Wextra -O1 -o "$killat" "$TOP/tests/lib/killat.c"
	while :; do
		vzctl --quiet set 101 --ram 128M --swap 0 --cpulimit 0 --cpuunits 1000 --numproc unlimited
		run "$killat" --change "$n" "${set[@]}"
		[ "$status" -ne 99 ] || break
		holds_together
		"${set[@]}"
		is "64 16" "$(ram_of 101) $(swap_of 101)"
		is 100 "$(knob 101 pids pids.max pids.max)"
		n=$((n + step))
	done
	# More than the writes themselves, which are at least six.
	[ "$n" -gt 6 ]
}
holds_together()
{
	is ok "$(vzctl exec 101 echo ok)"
	case "$(ram_of 101) $(swap_of 101)" in
	"128 0" | "128 16" | "64 0" | "64 16") ;;
	# v1: still the sum of before.
	"64 64") ;;
	*) echo "RAM $(ram_of 101), swap $(swap_of 101)"; return 1 ;;
	esac
}
