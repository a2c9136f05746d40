#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A container lives on when the systemd unit that started it ends, whatever systemd does to the unit's
# processes and groups then. Where systemd is process 1; starter.bats has the other starters.

load ../lib/helpers

setup_file()
{
	[ -d /run/systemd/system ] || return 0
	host_setup
	need_template minimal
	create_minimal 101
	export UNIT=${PREFIX##*/}
}
teardown_file()
{
	[ -z "${UNIT:-}" ] || systemctl reset-failed "$UNIT.*" || :
	host_teardown
}
setup() { require systemd; }
teardown()
{
	systemctl stop "$UNIT.service" "$UNIT.scope" 2>/dev/null || :
	vzctl --quiet stop 101 --fast || :
}

# unit OPTION… -- ARGUMENT…: vzctl with these in a unit of its own.
unit()
{
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	systemd-run --quiet --unit="$UNIT" --collect --setenv=VZ_LIBEXECDIR="$VZ_LIBEXECDIR" \
		--setenv=VZ_BACKEND="$VZ_BACKEND" "${options[@]}" "${@:2}"
}

# is_on_its_own: 101 runs, and no unit knows of it.
is_on_its_own()
{
	status_is 101 "exist mounted running"
	run cat "/proc/$(init_pid 101)/cgroup"
	has_not "$UNIT" .slice .service .scope
	is "" "$(systemctl list-units --no-legend --plain "$UNIT.*")"
	rc_is 0 vzctl exec2 101 true
}

# bats test_tags=core,systemd
@test "starter: a container survives the end of the service that started it" {
	rc_is 0 unit --wait -- "$BUILD/vzctl" --prefix "$PREFIX" start 101
	is_on_its_own
}

# bats test_tags=core,systemd
@test "starter: a container survives that the service that started it is stopped, and killed" {
	# SC2016: for the shell in the service.
	# shellcheck disable=SC2016
	unit --property=SendSIGHUP=yes --property=KillMode=control-group -- \
		sh -c '"$@" && exec sleep infinity' - "$BUILD/vzctl" --prefix "$PREFIX" start 101
	wait_for 20 status_is 101 "exist mounted running"
	# vzctl has ended.
	wait_for 10 [ ! -e "$PREFIX/run/vz/lock/101.lck" ]
	wait_for 10 grep -qx sleep "/proc/$(systemctl show --value --property=MainPID "$UNIT.service")/comm"
	systemctl kill --signal=KILL "$UNIT.service"
	wait_for 10 eval '! systemctl is-active --quiet "$UNIT.service"'
	is_on_its_own
}

# bats test_tags=core,systemd
@test "starter: a container survives the end of the scope it was started in, with its limits" {
	unit --scope --property=TasksMax=20 --property=MemoryMax=200M -- \
		"$BUILD/vzctl" --prefix "$PREFIX" start 101
	wait_for 10 eval '! systemctl is-active --quiet "$UNIT.scope"'
	is_on_its_own
	# More than the scope would have let it.
	rc_is 0 vzctl exec2 101 'for i in $(seq 40); do sleep 100 & done; sleep 0; kill $(jobs -p)'
}
