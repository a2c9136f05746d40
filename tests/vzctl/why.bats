#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# "vzctl why": prepared problems, each of which has to be named first, with a command that helps.
# Limits are written into the container's groups by hand, so that nothing depends on who sets them. /vz is
# a small disk of its own, which can be filled, and slowed down.

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	require mkfs.ext4 fallocate ip jq
	host_setup
	need_template minimal
	small_disk vz 24M
	build_probe
}
teardown_file() { host_teardown; }
setup()
{
	busy=
	create_minimal 101
	vzctl --quiet start 101
}
teardown()
{
	[ -z "$busy" ] || kill "$busy" 2>/dev/null || :
	rm -f "$PREFIX/vz/fill"
	destroy_all
}

# limit VALUE FILE…: write it to those of the files that this host has for the container's group.
limit()
{
	local value=$1 dir file n=0
	shift
	for dir in $(ct_cgroups 101); do
		for file; do
			[ -e "$dir/$file" ] || continue
			echo "$value" >"$dir/$file"
			n=$((n + 1))
		done
	done
	[ $n -gt 0 ] || { echo "none of these files is here: $*"; return 1; }
}

# 5 % of a CPU: so little that it has to wait for its limit most of the time on a busy host, too.
limit_cpu() { limit "5000 100000" cpu.max || limit 5000 cpu.cfs_quota_us; }

# keep_busy COMMAND: run it inside until the test is over.
keep_busy()
{
	in_bg vzctl exec 101 "$1"
	busy=$!
}

# hurts_first SYMPTOM: the first thing that "why" names is this one; then $score and $advice are its own.
hurts_first()
{
	vzctl why 101 --json >"$BATS_TEST_TMPDIR/why"
	score=$(jq -r '.[0].score' "$BATS_TEST_TMPDIR/why")
	advice=$(jq -r '.[0].advice' "$BATS_TEST_TMPDIR/why")
	[ "$(jq -r '.[0].symptom' "$BATS_TEST_TMPDIR/why")" = "$1" ] || { cat "$BATS_TEST_TMPDIR/why"; return 1; }
}

# And this much at least: not all of the second looked at may be about the problem yet.
hurts_first_by() { hurts_first "$2" && [ "$score" -ge "$1" ]; }

# bats test_tags=core,cgroup
@test "why: a container that nothing hurts gets one line, and an empty array" {
	split_is 0 vzctl why 101
	is "Nothing hurts container 101" "$out"
	is "" "$err"
	is 0 "$(vzctl why 101 -j | jq length)"
}

@test "why: is for running containers, rc 31, that exist, rc 14" {
	vzctl --quiet stop 101 --fast
	split_is 31 vzctl why 101
	is "" "$out"
	is "Container is not running" "$err"
	rc_is 14 vzctl why 177
	rc_is 20 vzctl why 101 extra
	rc_is 20 vzctl why 101 --save
}

@test "why: a container that stops meanwhile does not run, rc 31" {
	vzctl why 101 >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	local pid=$! status=0
	vzctl --quiet stop 101 --fast
	wait "$pid" || status=$?
	# The stop may have been slower than the look.
	[ $status -eq 31 ] || grep -q "^Nothing hurts" "$BATS_TEST_TMPDIR/out"
}

# bats test_tags=core,cgroup
@test "why: CPU time that the limit keeps from it" {
	limit_cpu
	keep_busy 'while :; do :; done'
	wait_for 10 hurts_first_by 20 cpulimit
	is "vzctl set 101 --cpulimit 10 --save" "$advice"
	eval "$advice"
	is 10 "$(conf_value 101 CPULIMIT)"
}

@test "why: CPUs that another container has" {
	create_minimal 102
	vzctl --quiet start 102
	in_bg vzctl exec 102 "for i in \$(seq $(($(nproc) * 2))); do (while :; do :; done) & done; wait"
	vzctl --quiet set 101 --cpuunits 250
	keep_busy 'while :; do :; done'
	wait_for 10 hurts_first cpu
	is "vzctl set 101 --cpuunits 500 --save" "$advice"
	eval "$advice"
}

@test "why: processes killed for want of memory, and later that they were" {
	limit 32M memory.max memory.limit_in_bytes
	keep_busy 'while :; do dd if=/dev/zero of=/dev/null bs=100M count=1; done'
	wait_for 10 hurts_first oom
	is 100 "$score"
	is "vzctl set 101 --ram 64M --save" "$advice"
	kill "$busy"
	vzctl exec 101 'killall sh dd' || :
	wait_for 10 hurts_first oom
	wait_for 10 eval 'hurts_first oom && [ "$score" = 0 ]'
	run vzctl why 101
	has "  - oom       not now: " "killed for want of memory"
}

# bats test_tags=core,cgroup
@test "why: memory that runs out" {
	limit 64M memory.max memory.limit_in_bytes
	vzctl exec 101 'dd if=/dev/zero of=/dev/shm/x bs=1M count=61 2>/dev/null'
	hurts_first memory
	[ "$score" -gt 0 ]
	is "vzctl set 101 --ram 128M --save" "$advice"
}

# bats test_tags=core,cgroup
@test "why: as many processes as it may have" {
	vzctl --quiet set 101 --numproc 20
	put_probe 101
	keep_busy '/probe forks'
	wait_for 10 hurts_first tasks
	is 100 "$score"
	is "vzctl set 101 --numproc 40 --save" "$advice"
	eval "$advice"
	wait_for 10 nothing_fails
}
nothing_fails() { vzctl why 101 -j | jq -e 'all(.score < 100)' >/dev/null; }

@test "why: a full disk, and one that is nearly full" {
	local left
	left=$(stat -f -c %a "$PREFIX/vz")
	fallocate -l "$((left - 300))K" "$PREFIX/vz/fill"
	hurts_first disk
	[ "$score" -lt 31 ]
	is null "$advice"
	rm "$PREFIX/vz/fill"
	vzctl exec 101 'dd if=/dev/zero of=/root/fill bs=64k' >/dev/null 2>&1 || :
	hurts_first disk
	is 100 "$score"
	run vzctl why 101
	has "make room on the host where '$PREFIX/vz/private/101' is"
}

@test "why: no more files" {
	vzctl exec 101 'cd /root; i=0; while : >$i; do i=$((i + 1)); done' >/dev/null 2>&1 || :
	hurts_first inodes
	is 100 "$score"
}

@test "why: a limit of disk I/O" {
	local dev
	dev=$(stat -c %Hd:%Ld "$PREFIX/vz")
	vzctl exec 101 'dd if=/dev/zero of=/root/x bs=64k count=64 2>/dev/null'
	if [ -e "$(ct_cgroups 101 | head -n 1)/io.max" ]; then
		limit "$dev rbps=1048576" io.max
	else
		limit "$dev 1048576" blkio.throttle.read_bps_device
	fi
	keep_busy 'while :; do dd if=/root/x of=/dev/null bs=64k iflag=direct 2>/dev/null; done'
	wait_for 10 hurts_first_by 20 iolimit
	is "vzctl set 101 --iolimit 2048K --save" "$advice"
	eval "$advice"
}

@test "why: packets that are dropped" {
	local ns
	ns=(nsenter -t "$(init_pid 101)" -n)
	# Whatever is too long for the device at the other end is dropped.
	"${ns[@]}" ip link add v0 type veth peer name v1 mtu 600
	"${ns[@]}" ip link set v1 up
	"${ns[@]}" ip link set v0 up
	"${ns[@]}" ip addr add 198.51.100.1/24 dev v0
	"${ns[@]}" ip neigh add 198.51.100.2 lladdr 02:00:00:00:00:01 dev v0
	in_bg "${ns[@]}" bash -c 'while :; do printf %01000d 0 >/dev/udp/198.51.100.2/9; done'
	busy=$!
	wait_for 10 hurts_first network
	is "vzctl exec 101 cat /proc/net/dev" "$advice"
	eval "$advice" | grep -q v0
}

@test "why: everything is frozen" {
	vzctl --quiet chkpnt 101 --suspend
	hurts_first frozen
	eval "$advice"
	split_is 0 vzctl why 101
	is "Nothing hurts container 101" "$out"
}

@test "why: several problems, the worst first, the command below its line" {
	limit_cpu
	vzctl --quiet set 101 --numproc 20
	put_probe 101
	keep_busy '/probe forks & while :; do :; done'
	wait_for 10 names_both
	is "100 tasks" "${lines[0]:0:9}"
	is "               vzctl set 101 --numproc 40 --save" "${lines[1]}"
	is "               vzctl set 101 --cpulimit 10 --save" "$(grep -A 1 ' cpulimit ' <<<"$output" | tail -n 1)"
}
names_both()
{
	run vzctl why 101
	[[ ${lines[0]} == *" tasks "* ]] && grep -q ' cpulimit ' <<<"$output"
}

@test "why: advice that is taken again and again ends the pain" {
	local i
	# So little that it waits for its limit rather than for others, on a busy host, too.
	vzctl --quiet set 101 --cpulimit 5
	keep_busy 'while :; do :; done'
	wait_for 10 hurts_first cpulimit
	for i in 1 2 3 4 5 6; do
		! hurts_first cpulimit >/dev/null || eval "$advice"
	done
	wait_for 10 eval '! hurts_first cpulimit >/dev/null'
}

@test "why: JSON is JSON to strict readers" {
	vzctl --quiet chkpnt 101 --suspend
	vzctl why 101 -j >"$BATS_TEST_TMPDIR/json"
	is '["symptom","score","text","advice"]' "$(jq -c '.[0] | keys_unsorted' "$BATS_TEST_TMPDIR/json")"
	is '["string","number","string","string"]' "$(jq -c '.[0] | map(type)' "$BATS_TEST_TMPDIR/json")"
}

@test "why: only root may ask" {
	rc_is 12 as_nobody vzctl --prefix "$PREFIX" why 101
}
