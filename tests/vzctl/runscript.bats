#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# "vzctl runscript": the text of a file of the host, run by a shell inside. A stopped container is set up
# for that moment only.

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	create_minimal 101
}
teardown_file() { host_teardown; }
teardown()
{
	vzctl --quiet stop 101 --fast >/dev/null 2>&1 || :
	vzctl --quiet umount 101 >/dev/null 2>&1 || :
	rm -f "$PREFIX/etc/vz/conf/101.mount"
}

setup()
{
	SCRIPT=$BATS_TEST_TMPDIR/script
	cat >"$SCRIPT" <<-'END'
	echo "pid1=$(cat /proc/1/comm) arg=$# pwd=$PWD"
	read -r line && echo "read $line"
	echo err >&2
	exit 23
	END
}

@test "runscript: in a running container: output, input, exit status" {
	vzctl --quiet start 101
	split_is 23 vzctl runscript 101 "$SCRIPT" <<<hello
	is "pid1=init arg=0 pwd=/
read hello" "$out"
	is err "$err"
	status_is 101 "exist mounted running"
}

# bats test_tags=core,cgroup
@test "runscript: in a stopped container: no init, and everything is taken down again" {
	split_is 23 vzctl runscript 101 "$SCRIPT" <<<hello
	grep -qx 'read hello' <<<"$out"
	has_not pid1=init
	is_down 101
}

@test "runscript: a mounted container stays mounted" {
	vzctl --quiet mount 101
	rc_is 23 vzctl runscript 101 "$SCRIPT" </dev/null
	status_is 101 "exist mounted down"
	is "" "$(ct_cgroups 101)"
}

@test "runscript: prints nothing of its own" {
	echo 'echo only this' >"$SCRIPT"
	split_is 0 vzctl runscript 101 "$SCRIPT"
	is "only this" "$out"
	is "" "$err"
}

@test "runscript: mounts of CTID.mount are there" {
	echo 'cat /srv/file' >"$SCRIPT"
	mkdir -p "$PREFIX/data"
	echo shared >"$PREFIX/data/file"
	action 101.mount <<<"mkdir -p $PREFIX/vz/root/101/srv && mount --bind $PREFIX/data $PREFIX/vz/root/101/srv"
	is shared "$(vzctl runscript 101 "$SCRIPT")"
	is_down 101
}

@test "runscript: a script that is not there is rc 11" {
	rc_is 11 vzctl runscript 101 "$BATS_TEST_TMPDIR/nosuch"
	is "Script not found: $BATS_TEST_TMPDIR/nosuch" "$output"
	rc_is 20 vzctl runscript 101
}

@test "runscript: death by signal is rc 3" {
	echo 'kill -9 $$' >"$SCRIPT"
	rc_is 3 vzctl runscript 101 "$SCRIPT"
	has "Got signal 9"
	is_down 101
}

@test "runscript: a long script is not cut" {
	{ yes ': filling' | head -n 200000; echo 'exit 42'; } >"$SCRIPT"
	rc_is 42 vzctl runscript 101 "$SCRIPT"
}
