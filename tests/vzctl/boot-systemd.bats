#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# vz.service under a running systemd: which ends of a start leave containers up, and that no way to a
# shutdown leaves them out. The unit is the installed one, under another name and on a prefix.

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
	export UNIT=${PREFIX##*/}.service
	sed "s#/[^ ]*/libexec/vzctl/vz#$TOP/utils/vzctl/scripts/vz --prefix $PREFIX#
		/^RequiresMountsFor=/d
		/^\[Service\]/aEnvironment=PATH=$BUILD:$PATH VZ_LIBEXECDIR=$VZ_LIBEXECDIR VZ_BACKEND=$VZ_BACKEND" \
		"$BUILD/etc/systemd/vz.service" >"/run/systemd/system/$UNIT"
	systemctl daemon-reload
}

teardown_file()
{
	if [ -n "${UNIT:-}" ]; then
		systemctl stop "$UNIT" || :
		systemctl reset-failed "$UNIT" || :
		rm -f "/run/systemd/system/$UNIT"
		systemctl daemon-reload
	fi
	host_teardown
}

setup() { require systemd; }
teardown() { rm -f "$PREFIX"/etc/vz/conf/*.mount; }

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
	action 102.mount <<<"until [ -e $PREFIX/go ]; do sleep 0.1; done"
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
