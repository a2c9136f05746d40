#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# vzpid: which container a process of the host belongs to. Three or four columns with tabs between.

# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # text for other shells; a prefix of a test's own; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	create_minimal 101
	vzctl --quiet start 101
}
teardown_file() { host_teardown; }

@test "vzpid: a process of a container" {
	local pid
	pid=$(init_pid 101)
	rc_is 0 vzpid "$pid"
	is "Pid	CTID	Name
$pid	101	init" "$output"
}

@test "vzpid: -p shows the number inside" {
	local pid
	pid=$(init_pid 101)
	rc_is 0 vzpid -p "$pid"
	is "Pid	CT/Pid	CTID	Name
$pid	1	101	init" "$output"
}

# bats test_tags=core,cgroup
@test "vzpid: a process that exec put in" {
	vzctl exec 101 'echo $$ >/pid; exec sleep 7017' 3>&- >/dev/null 2>&1 &
	wait_for 5 pgrep -f '^sleep 7017' >/dev/null
	local pid
	pid=$(pgrep -n -f '^sleep 7017')
	run vzpid -p "$pid"
	line "$pid	$(vzctl exec2 101 cat /pid)	101	sleep"
	kill "$pid"
	wait
}

@test "vzpid: a process of the host is CT 0" {
	rc_is 0 vzpid -p $$
	line "$$	$$	0	$(cat /proc/$$/comm)"
}

@test "vzpid: a container of another engine is known by the state that its adoption leaves, while it runs" {
	local pid first=$PREFIX
	pid=$(init_pid 101)
	(
		# For a second host 101 is what somebody else has made.
		PREFIX=''
		export VZ_BACKEND=ns
		host_setup
		rc_is 0 vzpid -p "$pid"
		line "$pid	$pid	0	init"
		mkdir -p "$PREFIX/run/vz/201"
		cp "$first/run/vz/101/state" "$PREFIX/run/vz/201/"
		rc_is 0 vzpid -p "$pid" $$
		line "$pid	1	201	init" "$$	$$	0	$(cat /proc/$$/comm)"
		# That one has ended, and the group is in use again.
		sed -i 's/^START_TIME=.*/START_TIME="1"/' "$PREFIX/run/vz/201/state"
		rc_is 0 vzpid "$pid"
		line "$pid	0	init"
		host_teardown
	)
}

@test "vzpid: several, in their order; one that is gone is said and stops nothing" {
	local gone
	gone=$(sh -c 'echo $$')
	split_is 0 vzpid $$ "$gone" 1
	is "$$ 1" "$(sed 1d <<<"$out" | cut -f 1 | xargs)"
	is "Process $gone not found" "$err"
}

@test "vzpid: - reads them from standard input" {
	run bash -c "printf '%s\n%s %s\n' $$ 1 $(init_pid 101) | $BUILD/vzpid --prefix $PREFIX -"
	is "$$ 1 $(init_pid 101)" "$(sed 1d <<<"$output" | cut -f 1 | xargs)"
}

@test "vzpid: what is no pid is said" {
	local word
	for word in x 1x -5 0 99999999999 ''; do
		split_is 0 vzpid -- "$word"
		is "Invalid PID: $word" "$err"
	done
}

@test "vzpid: no argument is usage, rc 1" {
	split_is 1 vzpid
	[[ $err == Usage:* ]]
}

@test "vzpid: a name with control characters stays on its line" {
	cp /bin/sleep "$BATS_TEST_TMPDIR/$(printf 'a\tb\033c')"
	"$BATS_TEST_TMPDIR/$(printf 'a\tb\033c')" 5 3>&- &
	sleep 0.2
	rc_is 0 vzpid $!
	line "$!	0	a?b?c"
	kill $!
	wait || :
}
