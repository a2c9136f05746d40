#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The log file: what was done, when, to which container; never a password.

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	create_minimal 101
}
teardown_file() { host_teardown; }

log() { cat "$PREFIX/var/log/vzctl.log"; }
setup() { : >"$PREFIX/var/log/vzctl.log"; }

# conf_line KEY VALUE: in vz.conf, for this test.
conf_line()
{
	[ -e "$BATS_FILE_TMPDIR/vz.conf" ] || cp "$PREFIX/etc/vz/vz.conf" "$BATS_FILE_TMPDIR/vz.conf"
	sed -i "s|^$1=.*|$1=$2|" "$PREFIX/etc/vz/vz.conf"
}
teardown()
{
	[ ! -e "$BATS_FILE_TMPDIR/vz.conf" ] || cp "$BATS_FILE_TMPDIR/vz.conf" "$PREFIX/etc/vz/vz.conf"
	vzctl --quiet stop 101 --fast >/dev/null 2>&1 || :
	vzctl --quiet umount 101 >/dev/null 2>&1 || :
}

@test "log: lines have the time, the program and the container" {
	vzctl --quiet mount 101
	[[ $(log) =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[+-][0-9]{4}\ vzctl\ :\ CT\ 101\ :\ Container\ is\ mounted$ ]]
}

@test "log: failures are logged, with --quiet too" {
	rc_is 40 vzctl --quiet umount 101
	is "" "$output"
	[[ $(log) == *"vzctl : CT 101 : CT is not mounted" ]]
}

@test "log: what looking does is not logged" {
	vzctl status 101
	vzlist -a
	is "" "$(log)"
}

@test "log: passwords never get there, nor to the terminal" {
	rc_is 0 vzctl --verbose --verbose --verbose set 101 --userpasswd root:Geheim123
	has_not Geheim123
	rc_is 21 vzctl set 101 --userpasswd Geheim123
	has_not Geheim123
	conf_line LOG_LEVEL 10
	run vzctl set 101 --userpasswd 'b&d:Geheim123'
	has_not Geheim123
	output=$(log)
	[ -n "$output" ]
	has_not Geheim123
}

@test "log: passwords do not stay in the list of processes" {
	dist_script slow.sh <<<'sleep 1'
	sed 's/^SET_USERPASS=.*/SET_USERPASS=slow.sh/' "$PREFIX/etc/vz/dists/minimal.conf" >"$BATS_TEST_TMPDIR/new"
	cp "$PREFIX/etc/vz/dists/minimal.conf" "$BATS_TEST_TMPDIR/old"
	cp "$BATS_TEST_TMPDIR/new" "$PREFIX/etc/vz/dists/minimal.conf"
	in_bg "$BUILD/vzctl" --prefix "$PREFIX" set 101 --userpasswd root:Geheim123
	sleep 0.4
	local seen
	seen=$(tr '\0' ' ' <"/proc/$!/cmdline")
	cp "$BATS_TEST_TMPDIR/old" "$PREFIX/etc/vz/dists/minimal.conf"
	wait $!
	output=$seen
	has "--userpasswd root:"
	has_not Geheim123
}

@test "log: LOGGING=no keeps the file as it is" {
	conf_line LOGGING no
	vzctl --quiet mount 101
	is "" "$(log)"
}

@test "log: LOG_LEVEL says how much" {
	conf_line LOG_LEVEL -1
	vzctl --quiet mount 101
	is "" "$(log)"
	rc_is 32 vzctl --quiet start 101 || rc_is 105 vzctl --quiet start 101 || :
	conf_line LOG_LEVEL 10
	action vps.umount <<<'exit 0'
	vzctl --quiet stop 101 --fast
	rm "$PREFIX/etc/vz/conf/vps.umount"
	log | grep -qF "running $PREFIX/etc/vz/conf/vps.umount"
}

@test "log: LOGFILE says where, and is made for nobody else to read" {
	conf_line LOGFILE /var/log/other.log
	vzctl --quiet mount 101
	grep -q mounted "$PREFIX/var/log/other.log"
	is 640 "$(stat -c %a "$PREFIX/var/log/other.log")"
}

@test "log: what a container prints cannot forge lines or move cursors" {
	vzctl --quiet start 101
	action 101.stop <<<"printf 'one\\033[2Jtwo\\rthree\\n'; exit 1"
	rc_is 79 vzctl stop 101
	rm "$PREFIX/etc/vz/conf/101.stop"
	has 'one?[2Jtwo?three'
	output=$(log)
	has 'CT 101 : one?[2Jtwo?three'
}

@test "log: a log file that cannot be written stops nothing" {
	conf_line LOGFILE /no/such/dir/log
	rc_is 0 vzctl mount 101
	has "Container is mounted" "log file"
}
