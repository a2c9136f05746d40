#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What a host has only so much of for everybody. Whoever meets the end of it is told which sysctl it is, what
# it is set to, and what would do. These sysctls are the host's, so most tests are for scripts/vm.

# shellcheck disable=SC2154 # err is from the helpers
load ../lib/helpers

setup_file()
{
	probe_setup
	create_minimal 101
	create_minimal 102
}
teardown_file() { host_teardown; }
setup()
{
	vzctl --quiet start 101
	put_probe 101
}
teardown()
{
	local id
	# What was lowered first of all: vzctl needs room, too.
	[ -z "${lowered:-}" ] || echo "$before" >"$lowered"
	for id in 101 102; do
		vzctl --quiet stop $id --fast >/dev/null 2>&1 || :
	done
}

# take ID INSTANCES PTYS EVENTS: a process inside has these until the container ends; $output is how that went.
take()
{
	vzctl exec "$1" "/probe take $2 $3 $4 >/tmp/took 2>&1 </dev/null &"
	wait_for 10 eval "took=\$(vzctl exec $1 cat /tmp/took) && [ -n \"\$took\" ]"
	output=$took
}

# lower SYSCTL VALUE: until the end of the test. Without a process, of which there might be no more.
lower()
{
	require sysctls
	lowered=/proc/sys/${1//.//}
	before=$(<"$lowered")
	echo "$2" >"$lowered"
}

# why_is SYMPTOM TEXT ADVICE: the worst that hurts 101.
why_is()
{
	run vzctl why 101
	has "100 $1"
	has "$2"
	line "               $3"
}

# bats test_tags=core
@test "ceilings: inotify instances are each container's own, and why says when it has them all" {
	local max
	max=$(</proc/sys/fs/inotify/max_user_instances)
	take 101 $((max - 20)) 0 0
	is ok "$output"
	split_is 0 vzctl why 101
	is "Nothing hurts container 101" "$out"
	take 101 $((max + 1)) 0 0
	is EMFILE "$output"
	why_is inotify "it has all the inotify instances that it may have (sysctl fs.inotify.max_user_instances is $max)" \
		"sysctl -w fs.inotify.max_user_instances=$((max * 2))"
	vzctl --quiet start 102
	put_probe 102
	take 102 $((max / 2)) 2 0
	is ok "$output"
	split_is 0 vzctl why 102
	is "Nothing hurts container 102" "$out"
}

@test "ceilings: inotify watches" {
	take 101 10 0 0
	lower fs.inotify.max_user_watches 10
	why_is inotify "it has all the inotify watches that it may have (sysctl fs.inotify.max_user_watches is 10)" \
		"sysctl -w fs.inotify.max_user_watches=20"
}

# bats test_tags=core
@test "ceilings: ptys that containers have used up are named by why, a start and enter" {
	lower kernel.pty.max $(($(</proc/sys/kernel/pty/nr) + $(</proc/sys/kernel/pty/reserve) + 3))
	local max text
	max=$(</proc/sys/kernel/pty/max)
	take 101 0 3 0
	is ENOSPC "$output"
	text="pseudo terminals in use (sysctl kernel.pty.max is $max)"
	why_is host "$text" "sysctl -w kernel.pty.max=$((max * 2))"
	split_is 0 vzctl start 102
	output=$err
	has "the host has " "$text; it helps to: sysctl -w kernel.pty.max=$((max * 2))"
	rc_is 3 on_tty '' enter 102
	has "open a terminal in container 102: the host has " "$text; it helps to: sysctl -w kernel.pty.max=$((max * 2))"
	# The advice is one.
	sysctl -q -w kernel.pty.max=$((max * 2))
	rc_is 0 vzctl why 101
	is "Nothing hurts container 101" "$output"
}

# bats test_tags=core
@test "ceilings: a start for which the host has no more processes names the sysctl" {
	local counts pid n
	require sysctls
	vzctl --quiet stop 101 --fast
	# There already when the last one is taken, and becomes vzctl without another.
	mkfifo "$BATS_TEST_TMPDIR/go"
	sh -c 'read -r go <"$1"; shift; exec "$@"' - "$BATS_TEST_TMPDIR/go" \
		"$BUILD/vzctl" --prefix "$PREFIX" start 101 >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	pid=$!
	read -r _ _ _ counts _ </proc/loadavg
	n=$((${counts#*/} - 10))
	lower kernel.threads-max $n
	echo go >"$BATS_TEST_TMPDIR/go"
	status=0
	wait $pid || status=$?
	echo "$before" >"$lowered"
	output=$(<"$BATS_TEST_TMPDIR/out")
	is 6 "$status"
	has "no room for another process in container 101: the host has " " of $n processes and threads" \
		" in use (sysctl kernel.threads-max is $n); it helps to: sysctl -w kernel.threads-max=$((n * 2))"
	is_down 101
}

# bats test_tags=core
@test "ceilings: a start for which the host has no more files names the sysctl" {
	lower fs.file-max 10
	split_is 6 vzctl start 102
	output=$err
	has "the host has " " of 10 open files in use (sysctl fs.file-max is 10); it helps to: sysctl -w fs.file-max=20" \
		"no room for another open file in container 102: the host has "
	echo "$before" >"$lowered"
	is_down 102
}

@test "ceilings: why names what else all containers share" {
	take 101 0 0 1000
	is ok "$output"
	lower fs.aio-max-nr 1000
	why_is host "events of asynchronous I/O in use (sysctl fs.aio-max-nr is 1000)" "sysctl -w fs.aio-max-nr=2000"
	echo "$before" >"$lowered"
	ip link add vz-test type dummy
	ip link set vz-test up
	ip neigh add 198.51.100.7 lladdr 02:00:00:00:00:07 dev vz-test
	lower net.ipv4.neigh.default.gc_thresh3 1
	why_is host " of 1 IPv4 neighbours in use (sysctl net.ipv4.neigh.default.gc_thresh3 is 1)" \
		"sysctl -w net.ipv4.neigh.default.gc_thresh3=2"
	ip link del vz-test
}
