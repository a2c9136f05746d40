#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The init scripts on a host without systemd, with the installed tools.

load ../lib/helpers
load ../lib/installed

setup_file()
{
	require start-stop-daemon
	installed_setup
}
teardown_file() { installed_teardown; }
teardown()
{
	installed /etc/init.d/vzeventd stop || :
	installed vzctl --quiet stop $CT --fast || :
}

vz() { installed /etc/init.d/vz "$@"; }
vzeventd() { installed /etc/init.d/vzeventd "$@"; }
daemon_pid() { installed cat /run/vzeventd.pid; }

@test "init: /etc/init.d/vz starts, stops and says how things are" {
	installed vzctl --quiet set $CT --onboot yes --save
	rc_is 3 vz status
	is "OpenVZ is stopped." "$output"
	rc_is 0 vz start
	line "Starting CT: $CT" "Container $CT start: [ OK ]"
	rc_is 0 vz status
	is "OpenVZ is running..." "$output"
	is "CTID $CT exist mounted running" "$(installed vzctl status $CT)"
	rc_is 0 vz stop
	is "CTID $CT exist unmounted down" "$(installed vzctl status $CT)"
	rc_is 3 vz status
	rc_is 3 vz frob
}

@test "init: /etc/init.d/vzeventd starts and stops it, twice is no failure, and says whether it runs" {
	rc_is 3 vzeventd status
	rc_is 0 vzeventd start
	rc_is 0 vzeventd status
	local pid
	pid=$(daemon_pid)
	rc_is 0 vzeventd start
	is "$pid" "$(daemon_pid)"
	rc_is 0 vzeventd stop
	! [ -d "/proc/$pid" ]
	rc_is 0 vzeventd stop
	rc_is 3 vzeventd frob
}

@test "init: containers outlive stop, restart and reload of /etc/init.d/vzeventd" {
	rc_is 0 vzeventd start
	local pid
	pid=$(daemon_pid)
	installed vzctl --quiet start $CT
	rc_is 0 vzeventd reload
	wait_for 10 installed grep -q "going on as" /var/log/vzctl.log
	is "$pid" "$(daemon_pid)"
	rc_is 0 vzeventd restart
	[ "$pid" != "$(daemon_pid)" ]
	rc_is 0 vzeventd stop
	is "CTID $CT exist mounted running" "$(installed vzctl status $CT)"
}
