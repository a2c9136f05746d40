#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# vzcpucheck: what was promised of the CPUs, and what there is.

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	create_minimal 101
	create_minimal 102
	vzctl --quiet set 102 --cpuunits 2500 --save
	vzctl --quiet start 101
	vzctl --quiet start 102
}
teardown_file() { host_teardown; }

# 25 times bogomips of all CPUs.
power() { awk -F : 'tolower($1) ~ /^bogomips/ { n += $2 } END { printf "%.0f\n", n * 25 }' /proc/cpuinfo; }

@test "vzcpucheck: the sum of running containers and the host, and the power of the host" {
	split_is 0 vzcpucheck
	is "Current CPU utilization: 4500
Power of the node: $(power)" "$out"
	is "" "$err"
}

@test "vzcpucheck: -v shows the shares" {
	split_is 0 vzcpucheck -v
	is "VEID        CPUUNITS
-------------------------
0           1000
101         1000
102         2500
-------------------------
Current CPU utilization: 4500
Power of the node: $(power)" "$out"
}

# with_cpuinfo TEXT: vzcpucheck on a machine that says this of its CPUs.
with_cpuinfo()
{
	printf '%s\n' "$1" >"$BATS_TEST_TMPDIR/cpuinfo"
	unshare -m sh -c 'mount --bind "$1" /proc/cpuinfo && exec "$2" --prefix "$PREFIX"' - \
		"$BATS_TEST_TMPDIR/cpuinfo" "$BUILD/vzcpucheck"
}

@test "vzcpucheck: warns where more was promised than there is" {
	split_is 0 with_cpuinfo "bogomips	: 180.00"
	is "Current CPU utilization: 4500
Power of the node: 4500" "$out"
	split_is 0 with_cpuinfo "BogoMIPS	: 89.98
BogoMIPS	: 90.00"
	is "Current CPU utilization: 4500
Power of the node: 4500
Warning: hardware node is overcommitted" "$out"
	split_is 1 with_cpuinfo "processor	: 0"
	is "" "$out"
	has "/proc/cpuinfo"
}

@test "vzcpucheck: other users and bad command lines" {
	split_is 1 as_nobody vzcpucheck --prefix "$PREFIX"
	is "" "$out"
	split_is 1 "$BUILD/vzcpucheck" --prefix "$BATS_TEST_TMPDIR"
	has "vz.conf"
	split_is 2 vzcpucheck -x
	split_is 2 vzcpucheck 101
	has "Usage: vzcpucheck"
}

# bats test_tags=cgroup
@test "vzcpucheck: weights count, and so does what was set without --save" {
	sed -i '/^CPUUNITS=/d' "$(conf 101)"
	vzctl --quiet set 101 --cpuweight 250 --save
	vzctl --quiet set 102 --cpuunits 3000
	rc_is 0 vzcpucheck -v
	line "101         2000" "102         3000" "Current CPU utilization: 6000"
}
