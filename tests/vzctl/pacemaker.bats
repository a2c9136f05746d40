#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Pacemaker manages containers through the agent ocf:heartbeat:ManageVE as Debian ships it. The agent knows
# the tools by their installed names.

load ../lib/helpers
load ../lib/installed

AGENT=/usr/lib/ocf/resource.d/heartbeat/ManageVE

setup_file()
{
	require ocf-tester gawk xmllint
	installed_setup
}
teardown_file() { installed_teardown; }
teardown() { installed vzctl --quiet stop $CT --fast || :; }

# agent ACTION: as Pacemaker calls it.
agent()
{
	installed env OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE=ct OCF_RESKEY_veid="${VEID-$CT}" \
		OCF_RESKEY_CRM_meta_timeout=20000 __OCF_ACTION="$1" $AGENT "$1"
}

is_running() { [ "$(installed vzctl status $CT)" = "CTID $CT exist mounted running" ]; }

@test "pacemaker: ocf-tester has nothing to say against the agent on our tools" {
	run installed ocf-tester -n ct -o veid=$CT $AGENT
	# Kept with the result of the test.
	echo "# $output" | sed 's/^[^#]/# &/' >&3
	is 0 "$status"
	is "$AGENT passed all tests" "$(tail -n 1 <<<"$output")"
	has_not "* rc="
}

@test "pacemaker: monitor is 0 while it runs, 7 while it does not, and 7 after a crash" {
	rc_is 7 agent monitor
	rc_is 0 agent start
	is_running
	rc_is 0 agent monitor
	rc_is 0 agent status
	kill -KILL "$(installed sed -n 's/^PID="\(.*\)"/\1/p' /run/vz/$CT/state)"
	wait_for 5 eval '! is_running'
	rc_is 7 agent monitor
	# And it can be started where it crashed, as Pacemaker does: stop, start.
	rc_is 0 agent stop
	rc_is 0 agent start
	is_running
}

@test "pacemaker: starting twice and stopping twice is success" {
	rc_is 0 agent start
	rc_is 0 agent start
	is_running
	rc_is 0 agent stop
	rc_is 0 agent stop
	rc_is 7 agent monitor
	rc_is 0 agent start
	rc_is 0 agent stop
}

@test "pacemaker: validate-all looks at the container, which may run, be stopped or not be there" {
	rc_is 0 agent validate-all
	rc_is 0 agent start
	rc_is 0 agent validate-all
	VEID=2147470002 rc_is 0 agent validate-all
	VEID=2147470002 rc_is 7 agent monitor
	VEID=web rc_is 2 agent validate-all
	VEID= rc_is 2 agent validate-all
}

@test "pacemaker: what cannot be started or moved is a failure of the agent, and changes nothing" {
	VEID=2147470002 rc_is 1 agent start
	rc_is 0 agent start
	# No dumps in this version: Pacemaker then moves it by stop and start.
	rc_is 1 agent migrate_to
	is_running
	rc_is 1 agent migrate_from
	is_running
	installed vzctl --quiet set $CT --disabled yes --save
	rc_is 0 agent stop
	rc_is 1 agent start
	rc_is 7 agent monitor
	installed vzctl --quiet set $CT --disabled no --save
}
