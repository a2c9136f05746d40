#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What vzlist shows of running containers: what the kernel counts, and the limits it enforces.

load ../lib/helpers
load ../lib/limits

setup_file()
{
	probe_setup
	create_minimal 101 --config vswap-512m
	vzctl --quiet start 101
	put_probe 101
}
teardown_file() { host_teardown; }

# field NAME: what vzlist shows of it.
field() { vzlist 101 -H -o "$1" | xargs; }

holds() { [ "$(vzctl exec 101 cat /tmp/held)" = ok ]; }
uses_less_than() { [ "$(field physpages)" -lt "$1" ]; }

# bats test_tags=core,cgroup
@test "list: physpages is the RAM in use, its most, its limit, and how often somebody was killed for it" {
	# A little less: some of what was in use before is given back meanwhile.
	local before=$(field physpages) pages=$((31 << 20 >> 12))
	is 131072 "$(field physpages.l)"
	vzctl exec 101 '/probe hold 32 >/tmp/held 2>&1 </dev/null & echo $! >/tmp/pid'
	wait_for 20 holds
	[ "$(field physpages)" -ge $((before + pages)) ] || { echo "$before, then $(field physpages)"; return 1; }
	vzctl exec 101 'kill $(cat /tmp/pid)'
	wait_for 20 uses_less_than $((before + pages))
	[ "$(field physpages.m)" = - ] || [ "$(field physpages.m)" -ge $((before + pages)) ]
	is 0 "$(field physpages.f)"
	vzctl --quiet set 101 --ram 64M --swap 0
	is "16384 0" "$(field physpages.l,swappages.l)"
	is "0:131072" "$(conf_value 101 PHYSPAGES)"
	rc_is 3 vzctl exec2 101 /probe hold 100
	[ "$(field physpages.f)" -gt 0 ]
}

@test "list: numproc counts threads and processes, their most, and what was refused" {
	local fails
	vzctl --quiet set 101 --numproc 20
	is 20 "$(field numproc.l)"
	[ "$(field numproc)" -ge 1 ] && [ "$(field numproc)" -lt 10 ]
	run timeout "$(patience 10)" "$BUILD/vzctl" --prefix "$PREFIX" exec 101 'i=0; while [ $i -lt 40 ]; do sleep 2 & i=$((i + 1)); done; wait' 3>&-
	fails=$(field numproc.f)
	# Kernels before 6.11 do not tell on v2.
	[ "$fails" -gt 0 ] || { is - "$fails" && is_v2 pids; }
	[ "$(field numproc.m)" = - ] || [ "$(field numproc.m)" -ge 20 ]
	vzctl --quiet set 101 --numproc unlimited
	is 9223372036854775807 "$(field numproc.l)"
}

@test "list: cpuunits and cpulimit are those that hold, exactly as they were set" {
	vzctl --quiet set 101 --cpuunits 255 --cpulimit 33 --cpus 4 --save
	is "255 33 4" "$(field cpuunits,cpulimit,cpus)"
	vzctl --quiet set 101 --cpuunits 500
	is "500 33" "$(field cpuunits,cpulimit)"
	vzctl --quiet set 101 --cpulimit 7
	is "500 7" "$(field cpuunits,cpulimit)"
	vzctl --quiet set 101 --cpulimit 0 --cpus 0
	is "500 0" "$(field cpuunits,cpulimit)"
	vzctl --quiet set 101 --cpuunits 255 --cpulimit 33 --save
	is "255 33" "$(field cpuunits,cpulimit)"
	vzctl --quiet set 101 --cpuunits 1000 --cpulimit 0 --cpus 0 --save
}

@test "list: shmpages and kmemsize are in use, without a limit" {
	local before=$(field shmpages)
	vzctl exec 101 'head -c 16777216 /dev/zero >/dev/shm/file'
	[ "$(field shmpages)" -ge $((before + 4000)) ] || { echo "$before, then $(field shmpages)"; return 1; }
	vzctl exec 101 'rm /dev/shm/file'
	[ "$(field kmemsize)" -gt 0 ]
	is 9223372036854775807 "$(field shmpages.l)"
}

@test "list: what no kernel counts is not known, also as JSON" {
	is "- - -" "$(field numfile,numfile.m,privvmpages)"
	vzlist 101 -j -o physpages,numproc | python3 -c 'import json, sys
row = json.load(sys.stdin)[0]
assert row["physpages"]["held"] > 0 and row["numproc"]["held"] > 0, row'
}

@test "list: options that the page of parameters calls refused are refused, rc 21" {
	local option n=0
	for option in $(sed '1,/^## Refused/d' "$TOP/docs/parameters.md" | grep -oE '`--[a-z_-]+`' | tr -d '`'); do
		rc_is 21 vzctl set 101 "$option" 1 --save
		n=$((n + 1))
	done
	[ "$n" -gt 20 ]
}

@test "list: of a stopped container limits are known, and nothing that is used" {
	vzctl --quiet stop 101 --fast
	is "- - 131072 - -" "$(field physpages,physpages.m,physpages.l,physpages.f,numproc)"
}
