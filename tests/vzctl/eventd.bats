#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# vzeventd: what rebooted inside comes back, what ended is cleaned up after, whoever is killed meanwhile;
# and containers need nothing of it to go on running.

load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	need_template debian-12
}
teardown_file() { host_teardown; }
setup() { eventd_start -v -v; }
teardown()
{
	eventd_stop
	destroy_all
}

systemd_is_up() { [ "$(vzctl exec "$1" systemctl is-system-running 2>/dev/null)" = running ]; }

# up ID TEMPLATE: a running container.
up()
{
	vzctl --quiet create "$1" --ostemplate "$2"
	vzctl --quiet start "$1"
	is_up "$1"
}

# Far enough to take a wish to reboot.
is_up()
{
	if vzctl exec "$1" test -d /run/systemd/system; then
		wait_for 30 systemd_is_up "$1"
	fi
}

has_new_init()
{
	local pid
	pid=$(init_pid "$1")
	[ -n "$pid" ] && [ "$pid" != "$2" ] && vzctl status "$1" | grep -q ' running$'
}

# comes_back ID: reboots, and runs again as another init.
comes_back()
{
	local old
	old=$(init_pid "$1")
	vzctl exec "$1" reboot >/dev/null 2>&1 || :
	wait_for 30 has_new_init "$1" "$old"
	is_up "$1"
}

# is_clean ID: stopped, and nothing is left of its run.
is_clean()
{
	[ "$(vzctl status "$1")" = "CTID $1 exist unmounted down" ] && [ ! -e "$PREFIX/run/vz/$1" ] &&
		[ -z "$(find /sys/fs/cgroup -path "*$(cgroup_name)/$1" -prune -print 2>/dev/null)" ] &&
		[ ! -e "$PREFIX/run/vz/lock/$1.lck" ]
}

cgroup_name()
{
	prefix_tag
	echo "vz-$PREFIX_TAG"
}

# All of it at once, which takes more than kills: between two of them another process of it may be made.
eventd_kill()
{
	kill -STOP "$(eventd_keeper)" "$(eventd_watcher)"
	pkill -9 -f "^[^ ]*vzeventd( .*)? --prefix $PREFIX( |\$)"
	wait_for 5 eventd_is_gone
}

# An upgrade: the program makes another of itself, with another watcher.
eventd_upgrade()
{
	local watcher
	watcher=$(eventd_watcher)
	kill -HUP "$(eventd_keeper)"
	wait_for 5 eventd_watches_as_another_than "$watcher"
}

eventd_watches_as_another_than()
{
	local watcher
	watcher=$(eventd_watcher) && [ "$watcher" != "$1" ]
}

eventd_is_another_than() { [ "$(eventd_keeper)" != "$1" ] && eventd_watcher; }

is_dead() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }

# Our kernel counts reboots itself, whoever is the parent of init; others tell its parent alone.
kernel_counts() { [ "$VZ_BACKEND" = ve ]; }

child_of() { awk '{ print $4 }' "/proc/$1/stat"; }

@test "eventd: busybox's init reboots five times in a row and comes back" {
	up 101 minimal
	for _ in $(seq "$(rounds 5 2)"); do comes_back 101; done
}

@test "eventd: systemd reboots five times in a row and comes back, with no failed unit" {
	up 101 debian-12
	for _ in $(seq "$(rounds 5 2)"); do comes_back 101; done
	is "" "$(vzctl exec 101 systemctl --failed --no-legend --plain)"
	vzctl exec 101 reboot -f -f || :
	wait_for 30 systemd_is_up 101
}

@test "eventd: an upgrade keeps its children, and they come back after it" {
	local keeper
	up 101 minimal
	up 102 debian-12
	keeper=$(eventd_keeper)
	is "$(eventd_watcher)" "$(child_of "$(init_pid 101)")"
	eventd_upgrade
	is "$keeper" "$(eventd_keeper)"
	is "$keeper" "$(child_of "$(init_pid 101)")"
	comes_back 101
	comes_back 102
}

@test "eventd: after a kill -9 of its watcher what it watched comes back" {
	local watcher
	up 101 minimal
	up 102 debian-12
	watcher=$(eventd_watcher)
	kill -9 "$watcher"
	comes_back 101
	comes_back 102
	[ "$(eventd_watcher)" != "$watcher" ]
}

@test "eventd: after a kill -9 of its keeper what it watched comes back" {
	local keeper
	up 101 minimal
	up 102 debian-12
	keeper=$(eventd_keeper)
	kill -9 "$keeper"
	wait_for 5 eventd_is_another_than "$keeper"
	comes_back 101
	comes_back 102
	rc_is 9 "$BUILD/vzeventd" --prefix "$PREFIX"
}

@test "eventd: after a kill -9 of all of it, a new one brings back what says itself that it reboots" {
	up 101 debian-12
	up 102 minimal
	eventd_kill
	eventd_start
	comes_back 101
	if kernel_counts; then
		comes_back 102
		return
	fi
	# Only its parent could tell: without one a reboot is an end.
	vzctl exec 102 reboot
	wait_for 10 is_clean 102
}

@test "eventd: what rebooted, ended or was killed while it was dead is caught up" {
	local rebooted counted
	up 101 debian-12
	up 102 debian-12
	up 103 minimal
	up 104 minimal
	up 105 minimal
	rebooted=$(init_pid 101)
	counted=$(init_pid 105)
	eventd_kill
	vzctl exec 101 reboot >/dev/null 2>&1 || :
	vzctl exec 105 reboot >/dev/null 2>&1 || :
	vzctl exec 102 poweroff >/dev/null 2>&1 || :
	vzctl exec 103 halt
	kill -9 "$(init_pid 104)"
	for id in 101 102 103 104 105; do wait_for 20 status_is $id "exist mounted down"; done
	eventd_start
	wait_for 10 has_new_init 101 "$rebooted"
	if kernel_counts; then
		wait_for 10 has_new_init 105 "$counted"
	else
		wait_for 10 is_clean 105
	fi
	for id in 102 103 104; do wait_for 10 is_clean $id; done
}

@test "eventd: the end of an init is known even if all of it dies before it could act" {
	local old
	up 101 minimal
	old=$(init_pid 101)
	# Who would act waits for the lock, as long as somebody has it.
	sleep 100 3>&- &
	echo $! >"$PREFIX/run/vz/lock/101.lck"
	vzctl exec 101 reboot -f || :
	wait_for 10 [ -e "$PREFIX/run/vz/101/ended" ]
	# Who would act is there, and goes too.
	wait_for 5 pgrep -P "$(eventd_watcher)" vzeventd
	eventd_kill
	kill $!
	eventd_start
	wait_for 10 has_new_init 101 "$old"
}

@test "eventd: poweroff and halt leave it down and clean, with busybox's init and with systemd" {
	local way
	vzctl --quiet create 101 --ostemplate minimal
	vzctl --quiet create 102 --ostemplate debian-12
	for way in poweroff halt; do
		vzctl --quiet start 101
		vzctl --quiet start 102
		is_up 102
		vzctl exec 101 $way
		vzctl exec 102 $way >/dev/null 2>&1 || :
		wait_for 20 is_clean 101
		wait_for 20 is_clean 102
	done
}

@test "eventd: kill -9 of init leaves it down and clean" {
	up 101 minimal
	up 102 debian-12
	kill -9 "$(init_pid 101)" "$(init_pid 102)"
	wait_for 10 is_clean 101
	wait_for 10 is_clean 102
}

@test "eventd: twenty that end at once are cleaned up after" {
	local id last pids=()
	last=$((100 + $(rounds 20 5)))
	for id in $(seq 101 $last); do
		up $id minimal
		pids+=("$(init_pid $id)")
	done
	kill -9 "${pids[@]}"
	for id in $(seq 101 $last); do wait_for 20 is_clean $id; done
}

@test "eventd: stopped by vzctl means stopped, whatever follows right behind" {
	local way
	create_minimal 101
	for way in "" --fast; do
		rc_is 0 vzctl start 101
		rc_is 0 vzctl stop 101 $way
		rc_is 0 vzctl set 101 --hostname a.example.net --save
		rc_is 0 vzctl start 101
		rc_is 0 vzctl restart 101 $way
		rc_is 0 vzctl stop 101 $way
		is_clean 101
	done
	rc_is 0 vzctl start 101
	rc_is 0 vzctl stop 101 --fast
	rc_is 0 vzctl destroy 101
}

@test "eventd: commands wait while it cleans up, and do not fail" {
	local init
	create_minimal 101
	for _ in $(seq "$(rounds 15 3)"); do
		rc_is 0 vzctl start 101
		init=$(init_pid 101)
		kill -9 "$init"
		wait_for 5 is_dead "$init"
		rc_is 0 vzctl set 101 --hostname a.example.net --save
		rc_is 0 vzctl start 101
		rc_is 0 vzctl stop 101 --fast
	done
}

@test "eventd: one that ends again and again without rebooting is cleaned up at once each time" {
	create_minimal 101
	for _ in $(seq "$(rounds 15 3)"); do
		vzctl --quiet start 101
		kill -9 "$(init_pid 101)"
		wait_for 5 is_clean 101
	done
}

@test "eventd: a container that reboots in an endless loop is slowed down, and can be stopped" {
	local before after
	create_minimal 101
	vzctl --quiet start 101
	vzctl exec 101 'printf "#!/bin/sh\nreboot -f\n" >/etc/rc.local; chmod +x /etc/rc.local'
	# Earlier tests may have made it say so.
	: >"$PREFIX/var/log/vzctl.log"
	vzctl exec 101 reboot -f || :
	wait_for 60 grep -q "CT 101 : reboots again and again" "$PREFIX/var/log/vzctl.log"
	before=$(grep -c "CT 101 : Container reboots" "$PREFIX/var/log/vzctl.log")
	sleep 2
	after=$(grep -c "CT 101 : Container reboots" "$PREFIX/var/log/vzctl.log")
	[ $((after - before)) -le 1 ]
	rc_is 0 vzctl stop 101 --fast
}

@test "eventd: the administrator's scripts run around a reboot as around stop and start" {
	local event
	create_minimal 101
	for event in premount mount umount postumount; do
		printf '#!/bin/sh\necho %s >>%s\n' $event "$PREFIX/events" >"$PREFIX/etc/vz/conf/101.$event"
		chmod +x "$PREFIX/etc/vz/conf/101.$event"
	done
	vzctl --quiet start 101
	: >"$PREFIX/events"
	comes_back 101
	is "umount postumount premount mount" "$(tr '\n' ' ' <"$PREFIX/events" | sed 's/ $//')"
}

@test "eventd: an init that is its child has nothing of it" {
	local init
	up 101 minimal
	init=$(init_pid 101)
	is "$(eventd_watcher)" "$(child_of "$init")"
	is "/dev/null" "$(readlink /proc/"$init"/fd/* | sort -u)"
	is "" "$(tr '\0' '\n' <"/proc/$init/environ" | grep -vE '^(HOME|TERM|PATH|container|MEMORY_PRESSURE_WATCH)=')"
	# No signal of ours blocked or ignored.
	is "SigBlk: 0000000000000000" "$(grep SigBlk "/proc/$init/status" | tr '\t' ' ')"
	is 0 "$(cat "/proc/$init/oom_score_adj")"
}

@test "eventd: a start while it hangs is done without it" {
	local watcher
	create_minimal 101
	watcher=$(eventd_watcher)
	kill -STOP "$watcher"
	rc_is 0 vzctl start 101
	kill -CONT "$watcher"
	# It has heard of that, and watches.
	kill -9 "$(init_pid 101)"
	wait_for 10 is_clean 101
}

@test "eventd: there is one of it, and who else comes is told" {
	split_is 9 "$BUILD/vzeventd" --prefix "$PREFIX"
	is "vzeventd: vzeventd is running already ('$PREFIX/run/vzeventd.pid' is locked)" "$err"
}

@test "eventd: one that stands by waits for the end of the other, through an upgrade too" {
	local keeper
	up 101 minimal
	keeper=$(eventd_keeper)
	"$BUILD/vzeventd" -d --prefix "$PREFIX" >"$BATS_TEST_TMPDIR/standby" 2>&1 3>&- &
	wait_for 5 grep -q "another vzeventd is running, waiting for its end" "$BATS_TEST_TMPDIR/standby"
	eventd_upgrade
	is "$keeper" "$(eventd_keeper)"
	comes_back 101
	kill "$keeper"
	wait_for 5 eventd_is_another_than "$keeper"
	is $! "$(eventd_keeper)"
}

@test "eventd: nobody but root gets at its socket" {
	is "600 root" "$(stat -c '%a %U' "$PREFIX/run/vz/vzeventd.sock")"
}

@test "eventd: nonsense sent to it is answered by nothing, and harms nothing" {
	python3 - "$PREFIX/run/vz/vzeventd.sock" <<-'END'
		import os, socket, sys
		def send(data, fds=()):
		    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		    s.connect(sys.argv[1])
		    socket.send_fds(s, [data], fds) if data is not None else None
		    s.close()
		null = os.open("/dev/null", os.O_RDWR)
		send(None)
		send(b"x")
		send(b"watch 4294967295")
		send(b"watch x")
		send(b"spawn 5.0-2\n")
		send(b"spawn 5.0-2\n1 1 1 1 1 1 1 99999999\nname\n", [null] * 4)
		send(b"spawn 5.0-2\n0 0 0 99 0 0 0 0\nname\n", [null] * 3)
		send(b"spawn 5.0-2\n0 0 0 0 0 0 0 0\nname\n", [null] * 3)
		send(os.urandom(60000), [null] * 60)
	END
	[ "$(eventd_watcher)" ]
	up 101 minimal
	is "$(eventd_watcher)" "$(child_of "$(init_pid 101)")"
}

@test "eventd: it sleeps while nothing happens" {
	local pid before after
	up 101 minimal
	sleep 0.5
	for pid in $(eventd_keeper) $(eventd_watcher); do
		before=$(grep ctxt "/proc/$pid/status")
		sleep 2
		after=$(grep ctxt "/proc/$pid/status")
		is "$before" "$after"
	done
}

@test "eventd: when it ends containers run on" {
	local init
	up 101 minimal
	init=$(init_pid 101)
	eventd_stop
	status_is 101 "exist mounted running"
	is "$init" "$(init_pid 101)"
	rc_is 0 vzctl exec 101 true
	rc_is 0 vzctl stop 101
}

@test "eventd: -h is its usage; what it does not know, and a missing vz.conf, is said" {
	rc_is 0 "$BUILD/vzeventd" -h
	has "Usage: vzeventd [-v] [-d]"
	rc_is 20 "$BUILD/vzeventd" --nonsense
	rc_is 20 "$BUILD/vzeventd" word
	rc_is 10 "$BUILD/vzeventd" --prefix "$PREFIX/nowhere"
	has "global configuration file '$PREFIX/nowhere/etc/vz/vz.conf'"
}
