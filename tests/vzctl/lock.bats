#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Locks: one at a time changes a container, and whoever only looks is never kept waiting. Other programs
# (vzmigrate, Proxmox) read and write the same file: a pid on its first line.

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	create_minimal 101
	mkdir -p "$PREFIX/run/vz/lock"
}
teardown_file() { host_teardown; }
teardown()
{
	rm -f "$PREFIX"/run/vz/lock/* "$PREFIX"/etc/vz/conf/101.mount
	vzctl --quiet stop 101 --fast >/dev/null 2>&1 || :
	vzctl --quiet umount 101 >/dev/null 2>&1 || :
}

# busy [SECONDS]: a vzctl in the background that holds the lock as long, or until $PREFIX/enough is there;
# its pid is $BUSY.
busy()
{
	rm -f "$PREFIX/enough"
	action 101.mount <<<"${1:+sleep $1; exit}
until [ -e '$PREFIX/enough' ]; do sleep 0.1; done"
	in_bg "$BUILD/vzctl" --prefix "$PREFIX" mount 101
	BUSY=$!
	wait_for 5 test -e "$PREFIX/run/vz/lock/101.lck"
}

lck() { echo "$PREFIX/run/vz/lock/101.lck"; }

# bats test_tags=core
@test "lock: a second command is rc 9 and says who holds it" {
	busy
	split_is 9 vzctl set 101 --description x --save
	touch "$PREFIX/enough"
	grep -q "^Locked by: pid $BUSY, cmdline .*vzctl --prefix $PREFIX mount 101" <<<"$err"
	grep -qx "Container already locked" <<<"$err"
	wait $BUSY
	rc_is 0 vzctl set 101 --description x --save
}

@test "lock: of two set at once one is rc 9, or both are done" {
	local a=0 b=0 i
	for i in 1 2 3 4 5; do
		a=0 b=0
		"$BUILD/vzctl" --prefix "$PREFIX" set 101 --bootorder 1 --save >/dev/null 2>&1 3>&- &
		"$BUILD/vzctl" --prefix "$PREFIX" set 101 --description "$i" --save >/dev/null 2>&1 3>&- || b=$?
		wait $! || a=$?
		[ $a -eq 0 ] || [ $a -eq 9 ]
		[ $b -eq 0 ] || [ $b -eq 9 ]
		[ $a -eq 0 ] || [ $b -eq 0 ]
		[ $b -ne 0 ] || is "$i" "$(conf_value 101 DESCRIPTION)"
	done
}

@test "lock: the first line is the pid in decimal" {
	busy 0.3
	is $BUSY "$(head -n 1 "$(lck)")"
	is 2 "$(wc -l <"$(lck)")"
	is 644 "$(stat -c %a "$(lck)")"
	wait $BUSY
	is "" "$(ls "$PREFIX/run/vz/lock")"
}

@test "lock: every command that changes something asks for it" {
	local c
	echo $$ >"$(lck)"
	for c in create destroy start stop restart mount umount set chkpnt restore; do
		rc_is 9 vzctl "$c" 101
		line "Container already locked"
	done
	rc_is 9 vzctl runscript 101 /bin/true
	is $$ "$(cat "$(lck)")"
}

@test "lock: status and exec do not ask for it" {
	vzctl --quiet start 101
	echo $$ >"$(lck)"
	rc_is 0 vzctl status 101
	rc_is 0 vzctl exec2 101 true
	rc_is 0 vzctl exec3 101 true
	rc_is 0 vzlist 101
}

@test "lock: a lock whose owner is gone is removed, and that is said" {
	sh -c 'echo $$' >"$(lck)"
	rc_is 0 vzctl set 101 --description y --save
	line "Removing stale lock file $(lck)"
	[ ! -e "$(lck)" ]
}

@test "lock: a pid that is somebody else's by now is no owner" {
	printf '%d\nlocked 1 %s\n' $$ "$(cat /proc/sys/kernel/random/boot_id)" >"$(lck)"
	rc_is 0 vzctl set 101 --description z --save
	line "Removing stale lock file $(lck)"
	printf '%d\nlocked 1 %s\n' $$ 00000000-0000-0000-0000-000000000000 >"$(lck)"
	rc_is 0 vzctl set 101 --description zz --save
}

@test "lock: the files of others are understood" {
	local text
	for text in "$$" "$$\n" "$$\n\n" "$$\nmigrating\n" "  $$\n"; do
		# shellcheck disable=SC2059 # that is what it is for
		printf "$text" >"$(lck)"
		rc_is 9 vzctl set 101 --description a --save
		has "Locked by: pid $$"
	done
}

@test "lock: --lock-timeout waits until it is free" {
	busy 0.7
	rc_is 0 vzctl --lock-timeout "$(patience 10)" set 101 --description waited --save
	is waited "$(conf_value 101 DESCRIPTION)"
	wait $BUSY
}

@test "lock: --lock-timeout gives up in time, rc 9" {
	echo $$ >"$(lck)"
	local began
	began=$(date +%s%N)
	rc_is 9 vzctl --lock-timeout 1 set 101 --description never --save
	local took=$((($(date +%s%N) - began) / 1000000))
	[ $took -ge 950 ] && [ $took -lt "$(patience 2500)" ]
	rc_is 21 vzctl --lock-timeout soon set 101 --description never --save
}

@test "lock: what was changed while waiting is seen" {
	busy 0.5
	(sleep 0.2; echo 'BOOTORDER="77"' >>"$(conf 101)") &
	rc_is 0 vzctl --lock-timeout "$(patience 10)" set 101 --description waited2 --save
	is 77 "$(conf_value 101 BOOTORDER)"
	wait
}

@test "lock: LOCKDIR of vz.conf is where they are" {
	sed -i 's|^LOCKDIR=.*|LOCKDIR=/vz/locks|' "$PREFIX/etc/vz/vz.conf"
	mkdir -p "$PREFIX/vz/locks"
	echo $$ >"$PREFIX/vz/locks/101.lck"
	run vzctl set 101 --description x --save
	sed -i 's|^LOCKDIR=.*|LOCKDIR=/run/vz/lock|' "$PREFIX/etc/vz/vz.conf"
	is 9 "$status"
	rm -r "$PREFIX/vz/locks"
}

@test "lock: a failed command gives it back" {
	rc_is 91 vzctl create 150 --ostemplate nosuch
	rc_is 40 vzctl umount 101
	is "" "$(ls "$PREFIX/run/vz/lock")"
}
