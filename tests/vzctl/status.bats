#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# "vzctl status": one line, word by word as it always was, whatever state the container is in. It takes
# no lock and needs no configuration file, and its exit status is 0 for containers that are not there.

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	create_minimal 101 --name web
}
teardown_file() { host_teardown; }
teardown()
{
	rm -rf "$PREFIX/vz/dump/Dump.101" "$PREFIX/run/vz/lock/101.lck"
	vzctl --quiet stop 101 --fast >/dev/null 2>&1 || :
	vzctl --quiet umount 101 >/dev/null 2>&1 || :
}

@test "status: a container that never was is deleted, rc 0" {
	split_is 0 vzctl status 177
	is "CTID 177 deleted unmounted down" "$out"
	is "" "$err"
}

# bats test_tags=core
@test "status: a stopped container" {
	status_is 101 "exist unmounted down"
}

@test "status: a mounted container" {
	vzctl --quiet mount 101
	status_is 101 "exist mounted down"
}

# bats test_tags=core,cgroup
@test "status: a running container" {
	vzctl --quiet start 101
	status_is 101 "exist mounted running"
}

# bats test_tags=core,cgroup
@test "status: a frozen container is running" {
	vzctl --quiet start 101
	vzctl --quiet chkpnt 101 --suspend
	status_is 101 "exist mounted running"
	vzctl --quiet chkpnt 101 --resume
	status_is 101 "exist mounted running"
}

@test "status: a stopped container with a dump is suspended, mounted or not" {
	: >"$PREFIX/vz/dump/Dump.101"
	status_is 101 "exist unmounted down suspended"
	vzctl --quiet mount 101
	status_is 101 "exist mounted down suspended"
}

@test "status: a running container is not suspended, whatever lies about" {
	vzctl --quiet start 101
	mkdir "$PREFIX/vz/dump/Dump.101"
	status_is 101 "exist mounted running"
}

@test "status: without a private area it is deleted, with or without a dump" {
	: >"$PREFIX/vz/dump/Dump.101"
	mv "$PREFIX/vz/private/101" "$PREFIX/vz/private/away"
	run vzctl status 101
	mv "$PREFIX/vz/private/away" "$PREFIX/vz/private/101"
	is "CTID 101 deleted unmounted down" "$output"
}

@test "status: without its configuration it is deleted, also while it runs" {
	vzctl --quiet start 101
	mv "$(conf 101)" "$(conf 101).away"
	run vzctl status 101
	local with=$output
	mv "$(conf 101).away" "$(conf 101)"
	is "CTID 101 deleted mounted running" "$with"
}

@test "status: the line is exactly one, also with --quiet and with --verbose" {
	for flag in --quiet --verbose; do
		vzctl $flag status 101 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
		printf 'CTID 101 exist unmounted down\n' | cmp - "$BATS_TEST_TMPDIR/out"
		[ ! -s "$BATS_TEST_TMPDIR/err" ]
	done
}

@test "status: asked by name it answers with the number" {
	run vzctl status web
	is "CTID 101 exist unmounted down" "$output"
}

@test "status: takes no lock and waits for none" {
	mkdir -p "$PREFIX/run/vz/lock"
	echo $$ >"$PREFIX/run/vz/lock/101.lck"
	status_is 101 "exist unmounted down"
	is $$ "$(cat "$PREFIX/run/vz/lock/101.lck")"
}

@test "status: writes nothing" {
	local before
	before=$(host_state)
	vzctl status 101
	vzctl status 177
	is "$before" "$(host_state)"
}

# bats test_tags=core
@test "status: is found again without the state file, and a false one is not believed" {
	vzctl --quiet start 101
	local state=$PREFIX/run/vz/101/state
	mv "$state" "$state.away"
	status_is 101 "exist mounted running"
	sed 's/^PID=.*/PID="1"/' "$state.away" >"$state"
	status_is 101 "exist mounted running"
	printf 'garbage\0\377' >"$state"
	status_is 101 "exist mounted running"
	vzctl --quiet stop 101 --fast
	printf 'VERSION="1"\nPID="%d"\nSTART_TIME="1"\nBOOT_ID="%s"\n' $$ "$(cat /proc/sys/kernel/random/boot_id)" |
		install -D /dev/stdin "$state"
	status_is 101 "exist unmounted down"
	rm -r "$PREFIX/run/vz/101"
}
