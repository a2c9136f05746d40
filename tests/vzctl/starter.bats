#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A container lives on when that which started it ends, and has nothing of it: here an ssh session and a
# job of cron, the real ones. Their daemons are ours alone: sshd talks to its client directly, without a
# port, and cron has crontabs that nobody else sees.

load ../lib/helpers

setup_file()
{
	require sshd cron ssh-keygen
	host_setup
	need_template minimal
	local id
	for id in 101 102 103 104; do
		create_minimal $id
	done
	start_cron
	prepare_ssh
}
teardown_file()
{
	[ -z "${CRON:-}" ] || kill "$CRON"
	[ -z "${MADE_RUN_SSHD:-}" ] || rmdir /run/sshd
	host_teardown
}

# cron looks at its tables once a minute: it is started first, and asked last. Below its own mounts, which
# its job leaves before it does anything.
start_cron()
{
	local us=$BASHPID
	cat >"$PREFIX/job" <<-END
		#!/bin/sh
		ps -o ppid= -p \$\$ >"$PREFIX/job.parent"
		exec "$BUILD/vzctl" --prefix "$PREFIX" start 104 >"$PREFIX/job.log" 2>&1
	END
	chmod 0755 "$PREFIX/job"
	echo "* * * * * root nsenter --mount=/proc/$us/ns/mnt -- $PREFIX/job" >"$PREFIX/crontab"
	# shellcheck disable=SC2016 # for the shell inside
	unshare -m sh -c '
		for dir in /etc/cron.d /var/spool/cron /run; do
			mount -t tmpfs tmpfs $dir || exit 1
		done
		mkdir /var/spool/cron/crontabs
		mount --bind /dev/null /etc/crontab
		install -m 0644 "$1" /etc/cron.d/job
		exec cron -f' - "$PREFIX/crontab" >/dev/null 2>&1 3>&- &
	export CRON=$!
}

prepare_ssh()
{
	if [ ! -d /run/sshd ]; then
		mkdir -m 0755 /run/sshd
		export MADE_RUN_SSHD=yes
	fi
	ssh-keygen -q -t ed25519 -N '' -f "$PREFIX/host_key"
	ssh-keygen -q -t ed25519 -N '' -f "$PREFIX/user_key"
	cat >"$PREFIX/sshd_config" <<-END
		HostKey $PREFIX/host_key
		AuthorizedKeysFile $PREFIX/user_key.pub
		StrictModes no
		PermitRootLogin yes
		UsePAM yes
		PrintMotd no
	END
}

# through_ssh [OPTION…] COMMAND: run it in a session of its own.
through_ssh()
{
	ssh -F /dev/null -i "$PREFIX/user_key" -o BatchMode=yes -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
		-o ProxyCommand="$(command -v sshd) -i -f $PREFIX/sshd_config" "${@:1:$#-1}" root@openve "${!#}" 3>&-
}

# is_on_its_own ID: it runs, in its own group, in a session without a terminal, and nobody's child.
is_on_its_own()
{
	local pid parent session tty
	status_is "$1" "exist mounted running"
	pid=$(init_pid "$1")
	is "" "$(awk -F: '$3 !~ /\/vz-[0-9a-f]+\/'"$1"'(\/|$)/ && $3 != "/"' "/proc/$pid/cgroup")"
	read -r parent session tty < <(sed 's/.*) //' "/proc/$pid/stat" | awk '{ print $2, $4, $5 }')
	is 0 "$tty"
	[ "$session" -ne "$(ps -o sid= -p $$ | xargs)" ]
	run cat "/proc/$parent/comm"
	has_not ssh cron vzctl
	rc_is 0 vzctl exec2 "$1" true
}

@test "starter: a container survives the ssh session that started it" {
	rc_is 0 through_ssh "$BUILD/vzctl --prefix $PREFIX start 101"
	is_on_its_own 101
}

@test "starter: a container survives the ssh session with a terminal that started it" {
	rc_is 0 through_ssh -tt "tty && $BUILD/vzctl --prefix $PREFIX start 102" </dev/null
	has /dev/pts/
	is_on_its_own 102
}

@test "starter: a container survives an ssh session that is cut off" {
	through_ssh -tt "$BUILD/vzctl --prefix $PREFIX start 103 && echo \$PPID >$PREFIX/session && sleep 100" \
		</dev/null >/dev/null 2>&1 &
	local client=$! server
	wait_for 20 test -s "$PREFIX/session"
	server=$(cat "$PREFIX/session")
	pkill -9 -x -P "$client" ssh
	wait_for 10 eval "! kill -0 $server 2>/dev/null"
	is_on_its_own 103
}

@test "starter: a container survives the job of cron that started it, and cron" {
	# Whole minutes pass.
	wait_for 75 eval 'vzctl status 104 | grep -q running'
	has_not "$(cat "$PREFIX/job.log")" "rror"
	kill "$CRON"
	wait_for 10 eval "! kill -0 $CRON 2>/dev/null"
	wait_for 10 eval "! kill -0 $(cat "$PREFIX/job.parent") 2>/dev/null"
	CRON=
	is_on_its_own 104
}
