#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# "vzctl stop": the container's own shutdown within STOP_TIMEOUT, then the end of whatever is left; with
# --fast the end at once. Stopping what does not run is no failure. Afterwards there is no mount, no
# cgroup, no process and no state.

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	create_minimal 101
	create_minimal 102 --layout simfs
}
teardown_file() { host_teardown; }
teardown()
{
	local id
	rm -f "$PREFIX"/etc/vz/conf/*.{premount,mount,umount,postumount,start,stop}
	for id in 101 102; do
		vzctl --quiet stop $id --fast >/dev/null 2>&1 || :
		vzctl --quiet umount $id >/dev/null 2>&1 || :
	done
}

# stubborn: make 102 one whose init ignores everything and whose halt pretends.
stubborn()
{
	local root=$PREFIX/vz/private/102
	rm -f "$root/sbin/init" "$root/sbin/halt"
	printf '#!/bin/sh\ntrap "" TERM INT HUP USR1 USR2 QUIT PWR\nwhile :; do sleep 1; done\n' >"$root/sbin/init"
	printf '#!/bin/sh\nexit %s\n' "$1" >"$root/sbin/halt"
	chmod 0755 "$root/sbin/init" "$root/sbin/halt"
}

@test "stop: a container that is not running gives rc 0 and a word on standard error" {
	split_is 0 vzctl stop 101
	is "" "$out"
	is "Unable to stop: container is not running" "$err"
}

# bats test_tags=core
@test "stop: a mounted container stays mounted" {
	vzctl --quiet mount 101
	rc_is 0 vzctl stop 101
	status_is 101 "exist mounted down"
}

# bats test_tags=core,cgroup
@test "stop: the container shuts itself down, and nothing is left" {
	vzctl --quiet start 101
	vzctl exec2 101 'printf "#!/bin/sh\n: >/shut-down\n" >/etc/rc.shutdown; chmod +x /etc/rc.shutdown'
	split_is 0 vzctl stop 101
	is "Stopping container ...
Container was stopped
Container is unmounted" "$out"
	is "" "$err"
	[ -e "$PREFIX/vz/private/101/upper/shut-down" ]
	is_down 101
	status_is 101 "exist unmounted down"
}

# bats test_tags=core,cgroup
@test "stop: --fast asks nobody" {
	vzctl --quiet start 101
	vzctl exec2 101 'rm -f /shut-down; printf "#!/bin/sh\n: >/shut-down\n" >/etc/rc.shutdown; chmod +x /etc/rc.shutdown'
	split_is 0 vzctl stop 101 --fast
	is "Killing container ...
Container was stopped
Container is unmounted" "$out"
	[ ! -e "$PREFIX/vz/private/101/upper/shut-down" ]
	is_down 101
}

# bats test_tags=core,cgroup
@test "stop: processes that do not want to go, go" {
	vzctl --quiet start 101
	vzctl exec2 101 'trap "" TERM HUP INT; (sleep 10010 & sleep 10010 &) >/dev/null 2>&1 </dev/null'
	local pids
	pids=$(pgrep -f 'sleep 10010')
	[ -n "$pids" ]
	vzctl --quiet stop 101 --fast
	is_down 101
	wait_for 5 eval '! pgrep -f "sleep 10010" >/dev/null'
}

# bats test_tags=core
@test "stop: one that does not end is killed after STOP_TIMEOUT" {
	stubborn 0
	vzctl --quiet set 102 --stop-timeout 1 --save
	vzctl --quiet start 102
	local began
	began=$(date +%s%N)
	rc_is 0 vzctl stop 102
	local took=$((($(date +%s%N) - began) / 1000000))
	line "Stopping container ..." "Killing container ..." "Container was stopped"
	[ $took -ge 1000 ] && [ $took -lt "$(patience 3000)" ]
	is_down 102
}

# bats test_tags=core
@test "stop: one whose halt does not work is killed at once" {
	stubborn 5
	vzctl --quiet set 102 --stop-timeout "$(patience 60)" --save
	vzctl --quiet start 102
	local began=$SECONDS
	rc_is 0 vzctl stop 102
	line "Killing container ..." "Container was stopped"
	[ $((SECONDS - began)) -lt "$(patience 5)" ]
	is_down 102
}

@test "stop: a failing CTID.stop is rc 79 and leaves the container running" {
	vzctl --quiet start 101
	action 101.stop <<<'exit 7'
	rc_is 79 vzctl stop 101
	has "$PREFIX/etc/vz/conf/101.stop"
	status_is 101 "exist mounted running"
	rc_is 0 vzctl exec2 101 true
}

@test "stop: CTID.stop runs inside, before the shutdown; not with --fast" {
	vzctl --quiet start 101
	action 101.stop <<<': >/stop-was-here; hostname'
	vzctl --quiet stop 101 --fast
	[ ! -e "$PREFIX/vz/private/101/upper/stop-was-here" ]
	vzctl --quiet start 101
	echo 'exit 1' >>"$PREFIX/etc/vz/conf/101.stop"
	rc_is 79 vzctl stop 101
	[ -e "$PREFIX/vz/private/101/upper/stop-was-here" ]
}

@test "stop: --skip-umount leaves it mounted" {
	vzctl --quiet start 101
	rc_is 0 vzctl stop 101 --fast --skip-umount
	has_not "Container is unmounted"
	status_is 101 "exist mounted down"
	is "" "$(ct_cgroups 101)"
}

# bats test_tags=core,cgroup
@test "stop: a frozen container can be stopped" {
	vzctl --quiet start 101
	vzctl --quiet chkpnt 101 --suspend
	rc_is 0 vzctl stop 101 --fast
	is_down 101
}

@test "stop: a failing CTID.umount is rc 79; the container is stopped, and can be unmounted later" {
	vzctl --quiet start 101
	action 101.umount <<<'exit 1'
	rc_is 79 vzctl stop 101 --fast
	status_is 101 "exist mounted down"
	rm "$PREFIX/etc/vz/conf/101.umount"
	rc_is 0 vzctl umount 101
	is_down 101
}

@test "stop: mounts the administrator made below the root go with it" {
	vzctl --quiet mount 101
	mkdir -p "$PREFIX/vz/root/101/mnt/a"
	mount -t tmpfs none "$PREFIX/vz/root/101/mnt/a"
	mkdir "$PREFIX/vz/root/101/mnt/a/b"
	mount -t tmpfs none "$PREFIX/vz/root/101/mnt/a/b"
	vzctl --quiet start 101 --skip-remount
	rc_is 0 vzctl stop 101 --fast
	is_down 101
}

# bats test_tags=core
@test "stop: after a power-off from inside nothing is said to run, and it starts again" {
	vzctl --quiet start 101
	vzctl exec 101 'kill -KILL -1' || :
	kill -KILL "$(init_pid 101)"
	wait_for 5 eval '[[ $(vzctl status 101) == *down ]]'
	rc_is 0 vzctl stop 101
	rc_is 0 vzctl start 101
	rc_is 0 vzctl exec2 101 true
}

@test "stop: a lost state file does no harm" {
	vzctl --quiet start 101
	rm "$PREFIX/run/vz/101/state"
	rc_is 0 vzctl stop 101 --fast
	is_down 101
}
