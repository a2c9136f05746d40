#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The units under a running systemd. vz.service: which ends of a start leave containers up, and that no way
# to a shutdown leaves them out. vzeventd.service: whatever is done to it, no container notices. The units
# are the installed ones, under other names and on a prefix.

load ../lib/helpers

setup_file()
{
	[ -d /run/systemd/system ] || return 0
	host_setup
	need_template minimal
	local id
	for id in 101 102; do
		create_minimal $id --onboot yes
		# Halts at once, without time for its processes.
		mkdir -p "$PREFIX/vz/private/$id/upper/sbin"
		printf '#!/bin/sh\nexec /bin/busybox halt -f\n' >"$PREFIX/vz/private/$id/upper/sbin/halt"
		chmod 0755 "$PREFIX/vz/private/$id/upper/sbin/halt"
	done
	export UNIT=${PREFIX##*/}.service EVENTD=${PREFIX##*/}-eventd.service
	put_unit vz.service "$UNIT"
	put_unit vzeventd.service "$EVENTD"
	systemctl daemon-reload
}

# put_unit FILE NAME
put_unit()
{
	sed "s#/[^ ]*/libexec/vzctl/vz#$TOP/utils/vzctl/scripts/vz --prefix $PREFIX#
		s#/[^ ]*/sbin/vzeventd#$BUILD/vzeventd --prefix $PREFIX#
		/^RequiresMountsFor=/d
		/^\[Service\]/aEnvironment=PATH=$BUILD:$PATH VZ_LIBEXECDIR=$VZ_LIBEXECDIR VZ_BACKEND=$VZ_BACKEND" \
		"$BUILD/etc/systemd/$1" >"/run/systemd/system/$2"
}

teardown_file()
{
	if [ -n "${UNIT:-}" ]; then
		systemctl stop "$UNIT" "$EVENTD" || :
		systemctl reset-failed "$UNIT" "$EVENTD" || :
		rm -f "/run/systemd/system/$UNIT" "/run/systemd/system/$EVENTD"
		systemctl daemon-reload
	fi
	host_teardown
}

setup() { require systemd; }
teardown()
{
	rm -f "$PREFIX"/etc/vz/conf/*.mount
	vzctl --quiet stop 101 --fast || :
	vzctl --quiet stop 102 --fast || :
}

running() { vzlist -1 | xargs; }
state() { systemctl is-active "$UNIT" || :; }

# bats test_tags=core,systemd
@test "vz.service: containers that did not start do not keep the others from being stopped" {
	action 102.mount <<<'exit 7'
	rc_is 0 systemctl start "$UNIT"
	is active "$(state)"
	is 101 "$(running)"
	! grep -q "$UNIT" "/proc/$(init_pid 101)/cgroup"
	rc_is 0 systemctl stop "$UNIT"
	is inactive "$(state)"
	is "" "$(running)"
}

# bats test_tags=core,systemd
@test "vz.service: stopped while it starts, it stops what it has started" {
	# For as long as there is a mount script, which ends with this test.
	action 102.mount <<<"while [ -e $PREFIX/etc/vz/conf/102.mount ]; do sleep 0.1; done"
	rc_is 0 systemctl start --no-block "$UNIT"
	wait_for 20 eval '[ "$(running)" = 101 ]'
	is activating "$(state)"
	rc_is 0 systemctl stop "$UNIT"
	is inactive "$(state)"
	is "" "$(running)"
	is 101 "$(ls "$PREFIX/var/lib/vzctl/vzreboot")"
}

# bats test_tags=core,systemd
@test "vz.service: a start that cannot begin stops nobody" {
	vzctl --quiet start 102
	mv "$PREFIX/etc/vz/vz.conf" "$PREFIX/vz.conf"
	rc_is 1 systemctl start "$UNIT"
	mv "$PREFIX/vz.conf" "$PREFIX/etc/vz/vz.conf"
	is failed "$(state)"
	is 102 "$(running)"
}

main_pid() { systemctl show --property MainPID --value "$EVENTD"; }

# One look: between two the state may be that of no init at all.
has_new_init()
{
	local pid
	pid=$(init_pid "$1")
	[ -n "$pid" ] && [ "$pid" != "$2" ]
}

# comes_back ID: after a reboot inside it has another init.
comes_back()
{
	local before
	before=$(init_pid "$1")
	vzctl exec "$1" 'reboot' || :
	wait_for 20 has_new_init "$1" "$before"
	wait_for 20 vzctl exec "$1" true
}

# bats test_tags=core,systemd
@test "vzeventd.service: containers outlive its reload, its kill -9 and its stop, and reboot in between" {
	local pid init
	rc_is 0 systemctl start "$EVENTD"
	pid=$(main_pid)
	vzctl --quiet start 101
	init=$(init_pid 101)
	is "$pid" "$(cat "$PREFIX/run/vzeventd.pid")"

	rc_is 0 systemctl reload "$EVENTD"
	wait_for 10 grep -q "going on as" "$PREFIX/var/log/vzctl.log"
	is "$pid" "$(main_pid)"
	is "$init" "$(init_pid 101)"
	comes_back 101

	init=$(init_pid 101)
	kill -9 "$pid"
	wait_for 20 eval '[ "$(main_pid)" != '"$pid"' ] && systemctl -q is-active "$EVENTD"'
	is "$init" "$(init_pid 101)"
	comes_back 101

	init=$(init_pid 101)
	rc_is 0 systemctl stop "$EVENTD"
	is "$init" "$(init_pid 101)"
	vzctl exec 101 true
}
