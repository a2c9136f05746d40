#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Limits of CPU time: how much, how large a share, on which CPUs. Each is set and lifted without the others,
# at start and while the container runs, and what it is worth is measured.

load ../lib/helpers
load ../lib/limits

setup_file()
{
	host_setup
	need_template minimal
	create_minimal 101
	create_minimal 102
	cp "$(conf 101)" "$BATS_FILE_TMPDIR/101.conf"
	vzctl --quiet start 101
	vzctl --quiet start 102
}
teardown_file() { host_teardown; }
setup()
{
	cp "$BATS_FILE_TMPDIR/101.conf" "$(conf 101)"
	vzctl --quiet set 101 --cpulimit 0 --cpus 0 --cpuunits 1000 --cpumask all --nodemask all
	vzctl --quiet set 102 --cpulimit 0 --cpuunits 1000 --cpumask all
}
teardown()
{
	vzctl exec 101 'kill $(cat /tmp/burners) ; rm /tmp/burners' >/dev/null 2>&1 || :
	vzctl exec 102 'kill $(cat /tmp/burners) ; rm /tmp/burners' >/dev/null 2>&1 || :
}

# burn ID N: N processes inside that do nothing else, until teardown.
burn()
{
	vzctl exec "$1" "i=0; while [ \$i -lt $2 ]; do (while :; do :; done) </dev/null >/dev/null 2>&1 & echo \$! >>/tmp/burners; i=\$((i + 1)); done"
}

# used_percent ID SECONDS: per cent of a CPU that it uses for so long.
used_percent()
{
	local from=$(now_usec) before=$(cpu_usage "$1")
	sleep "$2"
	echo $((($(cpu_usage "$1") - before) * 100 / ($(now_usec) - from)))
}

limit_of() { knob "$1" cpu cpu.max cpu.cfs_quota_us | cut -d ' ' -f 1; }
period_of() { knob "$1" cpu cpu.max cpu.cfs_period_us | awk '{ print $NF }'; }
# The limit in per cent of a CPU; "none".
percent_of()
{
	local quota
	quota=$(limit_of "$1")
	case $quota in
	max | -1) echo none ;;
	*) echo $((quota * 100 / $(period_of "$1"))) ;;
	esac
}
weight_of() { knob "$1" cpu cpu.weight cpu.shares; }
# weight V2 V1: the one of the two that this host has.
weight() { if is_v2 cpu; then echo "$1"; else echo "$2"; fi; }

# bats test_tags=core,cgroup
@test "cpu: --cpulimit is what a container gets at most, with one thread or eight, and is lifted with 0" {
	local used throttled
	rc_is 0 vzctl set 101 --cpulimit 25
	line "Setting CPU limit: 25"
	is 25 "$(percent_of 101)"
	burn 101 1
	used=$(used_percent 101 2)
	[ "$used" -le 28 ] || { echo "one thread used $used %"; return 1; }
	burn 101 7
	used=$(used_percent 101 2)
	[ "$used" -le 28 ] || { echo "eight threads used $used %"; return 1; }
	[ "$(cpu_throttled 101)" -gt 0 ]
	rc_is 0 vzctl set 101 --cpulimit 0
	is none "$(percent_of 101)"
	# How much it gets now depends on who else wants it; but nobody makes it wait.
	throttled=$(cpu_throttled 101)
	used_percent 101 1
	is "$throttled" "$(cpu_throttled 101)"
}

@test "cpu: periods are short, so that nobody who used up his share waits long" {
	vzctl --quiet set 101 --cpulimit 50
	[ "$(period_of 101)" -le 20000 ]
	vzctl --quiet set 101 --cpulimit 1
	[ "$(period_of 101)" -le 100000 ]
	is 1 "$(percent_of 101)"
}

@test "cpu: of --cpulimit and --cpus the smaller holds, and each is lifted alone" {
	rc_is 0 vzctl set 101 --cpulimit 150 --cpus 1 --save
	line "Setting CPU limit: 150" "Setting CPUs: 1"
	is 100 "$(percent_of 101)"
	rc_is 0 vzctl set 101 --cpus 0 --save
	is 150 "$(percent_of 101)"
	rc_is 0 vzctl set 101 --cpulimit 0 --cpus 2 --save
	is 200 "$(percent_of 101)"
	rc_is 0 vzctl set 101 --cpus 0 --save
	is none "$(percent_of 101)"
}

@test "cpu: --cpulimit N% is that much of the host" {
	rc_is 0 vzctl set 101 --cpulimit 50% --save
	is $(($(nproc) * 50)) "$(percent_of 101)"
	is $(($(nproc) * 50)) "$(conf_value 101 CPULIMIT)"
}

# bats test_tags=core,cgroup
@test "cpu: --cpuunits 1 to 3 is 1 to 3 of a CPU that both want" {
	local before1 before2 used1 used2
	rc_is 0 vzctl set 101 --cpuunits 500 --cpumask 0
	line "Setting CPU units: 500" "Setting CPU mask: 0"
	is "$(weight 50 512)" "$(weight_of 101)"
	rc_is 0 vzctl set 102 --cpuunits 1500 --cpumask 0
	is "$(weight 150 1536)" "$(weight_of 102)"
	burn 101 2
	burn 102 2
	before1=$(cpu_usage 101) before2=$(cpu_usage 102)
	sleep 3
	used1=$(($(cpu_usage 101) - before1)) used2=$(($(cpu_usage 102) - before2))
	[ $((used2 * 10)) -ge $((used1 * 22)) ] && [ $((used2 * 10)) -le $((used1 * 40)) ] ||
		{ echo "$used1 and $used2 µs"; return 1; }
}

@test "cpu: without --cpuunits a container counts as 1000" {
	vzctl --quiet stop 101 --fast
	sed -i /CPUUNITS/d "$(conf 101)"
	vzctl --quiet start 101
	is "$(weight 100 1024)" "$(weight_of 101)"
	rc_is 0 vzctl set 101 --cpuweight 250
	line "Setting CPU weight: 250"
	is "$(weight 200 2048)" "$(weight_of 101)"
}

@test "cpu: --cpuweight says so when --cpuunits comes before it" {
	rc_is 0 vzctl set 101 --cpuweight 250
	line "CPUUWEIGHT has no effect while CPUUNITS is set"
	has_not "Setting CPU weight"
	is "$(weight 100 1024)" "$(weight_of 101)"
}

# bats test_tags=cgroup
@test "cpu: --cpumask decides where it runs, and programs inside see that" {
	local all
	all=$(vzctl exec 101 nproc)
	rc_is 0 vzctl set 101 --cpumask 0
	is 0 "$(vzctl exec 101 "sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status")"
	is 1 "$(vzctl exec 101 nproc)"
	rc_is 0 vzctl set 101 --cpumask all
	is "$all" "$(vzctl exec 101 nproc)"
	rc_is 0 vzctl set 101 --cpumask auto --nodemask 0
	line "Setting CPU mask: auto" "Setting NUMA node mask: 0"
	is "$(cat /sys/devices/system/node/node0/cpulist)" "$(vzctl exec 101 "sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status")"
}

@test "cpu: of a mask what the host has counts, and one with nothing of it is refused, rc 2" {
	rc_is 0 vzctl set 101 --cpumask 0,4000-4095
	is 1 "$(vzctl exec 101 nproc)"
	rc_is 2 vzctl set 101 --cpumask 4000-4095 --save
	has "CPUMASK: there is nothing of '4000-4095' here"
	rc_is 2 vzctl set 101 --cpumask auto --nodemask 4000 --save
	has "NODEMASK: the nodes '4000' have no CPUs here"
	is "<unset>" "$(conf_value 101 CPUMASK)"
	is 1 "$(vzctl exec 101 nproc)"
}

@test "cpu: what is saved holds from the next start on" {
	vzctl --quiet stop 101 --fast
	rc_is 0 vzctl set 101 --cpulimit 40 --cpus 3 --cpuunits 3000 --cpumask 0 --nodemask 0 --save
	vzctl --quiet start 101
	is 40 "$(percent_of 101)"
	is "$(weight 300 3072)" "$(weight_of 101)"
	is 1 "$(vzctl exec 101 nproc)"
	vzctl --quiet restart 101 --fast
	is 40 "$(percent_of 101)"
}

@test "cpu: changing one limit leaves what another was changed to without --save" {
	vzctl --quiet set 101 --cpulimit 30
	vzctl --quiet set 101 --cpuunits 2000
	vzctl --quiet set 101 --cpumask 0
	is 30 "$(percent_of 101)"
	is "$(weight 200 2048)" "$(weight_of 101)"
}

@test "cpu: values no option would take are survived when a file has them" {
	vzctl --quiet stop 101 --fast
	printf '%s\n' CPUMASK=auto CPULIMIT=99999999999 CPUS=-1 IOPRIO=99 CPUUWEIGHT=0 >>"$(conf 101)"
	sed -i /CPUUNITS/d "$(conf 101)"
	rc_is 0 vzctl start 101
	is "$(weight 100 1024)" "$(weight_of 101)"
	is "$(nproc)" "$(vzctl exec 101 nproc)"
}

@test "cpu: a start with CPUs that are not there says so and leaves nothing" {
	vzctl --quiet stop 101 --fast
	vzctl --quiet set 101 --cpumask 4000 --nodemask all --save
	rc_is 2 vzctl start 101
	has "CPUMASK: there is nothing of '4000' here"
	is_down 101
	cp "$BATS_FILE_TMPDIR/101.conf" "$(conf 101)"
	vzctl --quiet start 101
}
