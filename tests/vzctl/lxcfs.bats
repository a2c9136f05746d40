#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# /proc inside: the container's own figures where lxcfs runs, and the host's where it does not. The real
# lxcfs, in a mount namespace of each test, which the process $HOLDER keeps.

# shellcheck disable=SC2154 # output and status are from the helpers
load ../lib/helpers

setup_file()
{
	require lxcfs
	require fuse
	host_setup
	need_template minimal
}
teardown_file() { host_teardown; }

# vzctl as on a host where lxcfs runs; without_lxcfs: where it does not.
vzctl() { nsenter -t "$HOLDER" -m "$BUILD/vzctl" --prefix "$PREFIX" "$@"; }
without_lxcfs() { "$BUILD/vzctl" --prefix "$PREFIX" "$@"; }

setup()
{
	lxcfs_start
	create_minimal 101 --layout simfs
}
teardown()
{
	destroy_all
	kill -KILL "$(cat "$PREFIX/lxcfs")" 2>/dev/null || :
	kill -KILL "$HOLDER"
	is_down 101
}

# bats test_tags=core,cgroup
@test "lxcfs: memory, processors and uptime are the container's own, and status --verbose says so" {
	vzctl --quiet set 101 --ram 256M --save
	vzctl --quiet start 101
	vzctl --quiet set 101 --cpumask 0
	is "MemTotal: 262144 kB" "$(vzctl exec 101 'echo $(grep MemTotal /proc/meminfo)')"
	is 1 "$(vzctl exec 101 'grep -c ^processor /proc/cpuinfo')"
	is 1 "$(vzctl exec 101 'grep -c ^cpu[0-9] /proc/stat')"
	is 0 "$(vzctl exec 101 cat /sys/devices/system/cpu/online)"
	[ "$(vzctl exec 101 'cut -d . -f 1 /proc/uptime')" -lt "$(cut -d . -f 1 /proc/uptime)" ]
	is "CTID 101 exist mounted running
/proc: its own (lxcfs)" "$(vzctl status 101 -v)"
	is "$(vzctl status 101 -v)" "$(vzctl --verbose status 101)"
	status_is 101 "exist mounted running"
}

@test "lxcfs: without it, or switched off for the container, nothing pretends" {
	without_lxcfs --quiet start 101
	is "$(grep MemTotal /proc/meminfo)" "$(without_lxcfs exec 101 grep MemTotal /proc/meminfo)"
	is "CTID 101 exist mounted running
/proc: the host's figures" "$(without_lxcfs status 101 --verbose)"
	without_lxcfs --quiet stop 101 --fast
	is "CTID 101 exist unmounted down" "$(without_lxcfs status 101 -v)"
	vzctl --quiet set 101 --features lxcfs:off --save
	vzctl --quiet start 101
	is "" "$(vzctl exec 101 grep lxcfs /proc/self/mounts)"
	is "/proc: the host's figures" "$(vzctl status 101 -v | tail -n 1)"
}

@test "lxcfs: where /sys is not mounted the rest is shown" {
	vzctl --quiet set 101 --features sysfs:off --save
	vzctl --quiet start 101
	is "/proc: its own (lxcfs)" "$(vzctl status 101 -v | tail -n 1)"
	rc_is 1 vzctl exec3 101 test -e /sys/devices
}

@test "lxcfs: one that hangs or has died delays a start by ten seconds at most, and fails none" {
	local pid began
	pid=$(cat "$PREFIX/lxcfs")
	kill -STOP "$pid"
	began=$SECONDS
	rc_is 0 timeout "$(patience 30)" nsenter -t "$HOLDER" -m "$BUILD/vzctl" --prefix "$PREFIX" start 101
	has "Warning: /proc shows the figures of the host"
	[ $((SECONDS - began)) -le "$(patience 15)" ]
	kill -CONT "$pid"
	vzctl --quiet restart 101 --fast
	is "/proc: its own (lxcfs)" "$(vzctl status 101 -v | tail -n 1)"
	kill -KILL "$pid"
	# What it showed is gone for containers that run, which can be stopped and started all the same.
	wait_for 5 bash -c '! "$0" --prefix "$1" exec3 101 cat /proc/meminfo 2>/dev/null' "$BUILD/vzctl" "$PREFIX"
	rc_is 0 vzctl restart 101 --fast
	has "Warning: /proc shows the figures of the host"
	is "$(grep MemTotal /proc/meminfo)" "$(vzctl exec 101 grep MemTotal /proc/meminfo)"
}
