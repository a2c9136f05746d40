#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Pacemaker manages containers through the agent ocf:heartbeat:ManageVE as Debian ships it. The agent knows
# the tools by their installed names: this machine gets them, with an /etc, a /run and a /vz to work on, in
# a mount namespace of its own.

load ../lib/helpers

# Nobody's number on the machine itself: without a prefix, cgroups have only that to differ in.
CT=2147470001
AGENT=/usr/lib/ocf/resource.d/heartbeat/ManageVE

setup_file()
{
	host_setup
	require ocf-tester gawk xmllint
	need_template minimal
	make -s -C "$TOP" install DESTDIR="$PREFIX" >/dev/null
	make_installed_host
	installed vzctl --quiet create $CT --ostemplate minimal
	# Halts at once, without time for its processes.
	installed sh -c 'cd /vz/private/$1/upper && mkdir -p sbin && printf "#!/bin/sh\nexec /bin/busybox halt -f\n" >sbin/halt &&
		chmod 0755 sbin/halt' sh $CT
}

teardown_file()
{
	if [ -n "${HOLDER:-}" ]; then
		installed vzctl --quiet stop $CT --fast || :
		installed vzctl --quiet destroy $CT || :
		kill "$HOLDER"
	fi
	host_teardown
}

teardown() { installed vzctl --quiet stop $CT --fast || :; }

# A process that holds the namespace, as $HOLDER.
make_installed_host()
{
	mkdir "$PREFIX/root" "$PREFIX/run"
	unshare --mount --propagation private sh -eu -c '
		cd "$1/root"
		mount -t tmpfs -o mode=0755 none .
		cd "$1/root"
		for dir in /*; do
			case $dir in
			/etc) cp -a /etc . && cp -a "$1/etc/." etc ;;
			/run) mkdir run && mount -t tmpfs none run && mkdir -m 01777 run/resource-agents ;;
			/usr) mkdir usr && mount -t overlay -o "lowerdir=$1/usr:/usr" none usr ;;
			/vz) ;;
			*)
				if [ -L "$dir" ] || [ ! -d "$dir" ]; then
					cp -a "$dir" .
				else
					mkdir ".$dir" && mount --rbind "$dir" ".$dir"
				fi
				;;
			esac
		done
		mkdir vz old
		mount --bind "$1/vz" vz
		pivot_root . old
		umount -l /old
		: >/run/ready
		exec sleep infinity' sh "$PREFIX" >"$PREFIX/holder.log" 2>&1 3>&- </dev/null &
	export HOLDER=$!
	wait_for 20 installed test -e /run/ready || { cat "$PREFIX/holder.log"; return 1; }
}

# installed COMMAND…: on the machine that has the tools.
installed() { nsenter --mount="/proc/$HOLDER/ns/mnt" env -u VZ_LIBEXECDIR PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

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
