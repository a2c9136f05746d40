#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# "vzctl start" and "vzctl restart": from a private area to a running init, or to nothing at all. When a
# step fails, those before it are undone: no mount, no cgroup, no process, no state, no lock.

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	create_minimal 101 --hostname web.example.org
	create_minimal 102 --layout simfs
}
teardown_file() { host_teardown; }
teardown()
{
	local id
	rm -f "$PREFIX"/etc/vz/conf/*.{premount,mount,umount,postumount,start,stop}
	sed -i /DISABLED/d "$(conf 101)"
	for id in 101 102; do
		vzctl --quiet stop $id --fast >/dev/null 2>&1 || :
		vzctl --quiet umount $id >/dev/null 2>&1 || :
	done
}

# fails CODE [ARGUMENT…]: starting 101 fails and leaves nothing; what it said is in $said.
fails()
{
	rc_is "$1" vzctl start 101 "${@:2}"
	said=$output
	is_down 101
	status_is 101 "exist unmounted down"
}

# bats test_tags=core,cgroup
@test "start: prints what it does, rc 0" {
	split_is 0 vzctl start 101
	is "Starting container...
Container is mounted
Container start in progress..." "$out"
	is "" "$err"
	status_is 101 "exist mounted running"
}

@test "start: leaves no process but the container's" {
	vzctl --quiet start 101
	is 1 "$(ps -o ppid= -p "$(init_pid 101)" | xargs)"
	run pgrep -f "vzctl --prefix $PREFIX"
	is 1 "$status"
	[ ! -e "$PREFIX/run/vz/lock/101.lck" ]
}

# bats test_tags=core,cgroup
@test "start: the state file tells its init" {
	vzctl --quiet start 101
	local f=$PREFIX/run/vz/101/state pid
	pid=$(init_pid 101)
	is init "$(ps -o comm= -p "$pid")"
	grep -qx 'VERSION="1"' "$f"
	grep -qx "BOOT_ID=\"$(cat /proc/sys/kernel/random/boot_id)\"" "$f"
	grep -qx "START_TIME=\"$(sed 's/.*) //' "/proc/$pid/stat" | cut -d ' ' -f 20)\"" "$f"
	grep -qx 'LAYOUT="overlay"' "$f"
	prefix_tag
	grep -qx "CGROUP=\"vz-$PREFIX_TAG/101\"" "$f"
	grep -q "vz-$PREFIX_TAG/101/ct" "/proc/$pid/cgroup"
}

# bats test_tags=core
@test "start: init has its own environment and descriptors, nothing of the caller's" {
	# shellcheck disable=SC2030
	SECRET=mine vzctl --quiet start 101 9</etc/passwd
	is 'HOME=/
MEMORY_PRESSURE_WATCH=/dev/null
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
TERM=linux
container=openvz' "$(tr '\0' '\n' <"/proc/$(init_pid 101)/environ" | sort)"
	[ ! -e "/proc/$(init_pid 101)/fd/9" ]
	run vzctl exec2 101 'cat /proc/1/environ /proc/*/mountinfo'
	has_not mine "$PREFIX"
}

@test "start: the host name is set, localhost if there is none" {
	vzctl --quiet start 101
	is web.example.org "$(vzctl exec2 101 hostname)"
	vzctl --quiet start 102
	is localhost "$(vzctl exec2 102 hostname)"
}

@test "start: a running container is rc 32 and is left alone" {
	vzctl --quiet start 101
	local pid
	pid=$(init_pid 101)
	rc_is 32 vzctl start 101
	is "Container is already running" "$output"
	is "$pid" "$(init_pid 101)"
	status_is 101 "exist mounted running"
}

@test "start: DISABLED=yes is rc 105; --force starts it all the same" {
	vzctl --quiet set 101 --disabled yes --save
	fails 105
	is "Container start disabled" "$said"
	rc_is 0 vzctl start 101 --force
}

@test "start: a missing private area is rc 43" {
	mv "$PREFIX/vz/private/101" "$PREFIX/vz/private/away"
	run vzctl start 101
	mv "$PREFIX/vz/private/away" "$PREFIX/vz/private/101"
	is 43 "$status"
	is "Container private area $PREFIX/vz/private/101 does not exist" "$output"
	is_down 101
}

# bats test_tags=core
@test "start: a tree without init is rc 47 and leaves nothing" {
	rm "$PREFIX/vz/private/102/sbin/init"
	run vzctl start 102
	ln -s /bin/busybox "$PREFIX/vz/private/102/sbin/init"
	is 47 "$status"
	has "Unable to start init, probably incorrect template" "Container start failed"
	is_down 102
}

@test "start: an init that is no program is rc 47 and leaves nothing" {
	rm "$PREFIX/vz/private/102/sbin/init"
	printf 'nonsense' >"$PREFIX/vz/private/102/sbin/init"
	chmod 0755 "$PREFIX/vz/private/102/sbin/init"
	run vzctl start 102
	ln -sf /bin/busybox "$PREFIX/vz/private/102/sbin/init"
	is 47 "$status"
	is_down 102
}

@test "start: /etc/init and /bin/init do as well" {
	rm "$PREFIX/vz/private/102/sbin/init"
	ln -s /bin/busybox "$PREFIX/vz/private/102/bin/init"
	run vzctl start 102
	rm "$PREFIX/vz/private/102/bin/init"
	ln -s /bin/busybox "$PREFIX/vz/private/102/sbin/init"
	is 0 "$status"
}

@test "start: a missing layer is named and nothing is begun" {
	local layers=$PREFIX/vz/private/101/layers
	cp "$layers" "$BATS_TEST_TMPDIR/layers"
	printf 'sha256-%064d\n' 7 >"$layers"
	action 101.premount <<<'touch /tmp/never'
	run vzctl start 101
	local rc=$status with=$output
	cp "$BATS_TEST_TMPDIR/layers" "$layers"
	is 43 "$rc"
	output=$with has "$(printf 'sha256-%064d' 7)"
	is_down 101
}

@test "start: layers that lead elsewhere, or none, are refused" {
	local layers=$PREFIX/vz/private/101/layers text
	cp "$layers" "$BATS_TEST_TMPDIR/layers"
	for text in ../../../../etc . ''; do
		echo "$text" >"$layers"
		run vzctl start 101
		[ "$status" -eq 53 ] || break
	done
	cp "$BATS_TEST_TMPDIR/layers" "$layers"
	is 53 "$status"
	is_down 101
}

@test "start: a ploop area is rc 99 and says so, whether the file tells or the area looks like it" {
	local line
	cp "$(conf 102)" "$BATS_TEST_TMPDIR/102.conf"
	mkdir "$PREFIX/vz/private/102/root.hdd"
	for line in 'VE_LAYOUT="ploop"' ''; do
		sed -i "s/^VE_LAYOUT=.*/$line/" "$(conf 102)"
		run vzctl start 102
		[ "$status" -eq 99 ] || break
	done
	cp "$BATS_TEST_TMPDIR/102.conf" "$(conf 102)"
	rmdir "$PREFIX/vz/private/102/root.hdd"
	is 99 "$status"
	has ploop
	is_down 102
}

@test "start: a failing script of the administrator undoes it, rc 79" {
	local s
	for s in vps.premount 101.premount vps.mount 101.mount 101.start; do
		action $s <<<'exit 3'
		fails 79
		output=$said has "$PREFIX/etc/vz/conf/$s"
		rm "$PREFIX/etc/vz/conf/$s"
	done
}

@test "start: a failing script of the distribution undoes it" {
	local d=$PREFIX/etc/vz/dists
	mv "$d/minimal.conf" "$BATS_TEST_TMPDIR/"
	dist_conf minimal <<<'SET_HOSTNAME=fail.sh'
	dist_script fail.sh <<<'exit 1'
	run vzctl start 101
	mv "$BATS_TEST_TMPDIR/minimal.conf" "$d/"
	is 70 "$status"
	is_down 101
}

@test "start: --skip_ve_setup runs no script of the distribution" {
	local d=$PREFIX/etc/vz/dists
	mv "$d/minimal.conf" "$BATS_TEST_TMPDIR/"
	dist_conf minimal <<<'SET_HOSTNAME=fail.sh'
	dist_script fail.sh <<<'exit 1'
	run vzctl start 101 --skip_ve_setup
	mv "$BATS_TEST_TMPDIR/minimal.conf" "$d/"
	is 0 "$status"
}

# bats test_tags=core
@test "start: --wait says when the container is up" {
	split_is 0 vzctl start 101 --wait
	is "Starting container...
Container is mounted
Container start in progress, waiting ...
Container started successfully" "$out"
}

# bats test_tags=core
@test "start: what is mounted already is mounted afresh; --skip-remount keeps it" {
	vzctl --quiet mount 101
	rc_is 0 vzctl start 101
	has "Container is unmounted" "Container is mounted"
	vzctl --quiet stop 101 --fast --skip-umount
	rc_is 0 vzctl start 101 --skip-remount
	has_not mounted
	status_is 101 "exist mounted running"
}

@test "start: VE_LAYOUT is added to a file that lacks it" {
	sed -i /VE_LAYOUT/d "$(conf 102)"
	cp "$(conf 102)" "$BATS_TEST_TMPDIR/before"
	vzctl --quiet start 102
	is simfs "$(conf_value 102 VE_LAYOUT)"
	is 'VE_LAYOUT="simfs"' "$(diff "$BATS_TEST_TMPDIR/before" "$(conf 102)" | sed -n 's/^> //p')"
}

@test "start: a container without ids gets them, in its file and in the registry" {
	sed -i /LOCAL_/d "$(conf 102)"
	vzctl --quiet start 102
	local base
	base=$(conf_value 102 LOCAL_UID)
	grep -qxF "$base 65536 $(conf 102)" /var/lib/vzctl/ids
	is "$base" "$(stat -c %u "/proc/$(init_pid 102)")"
}

@test "start: of two at once one starts it, the other is told" {
	local a=0 b=0
	action 101.mount <<<'sleep 0.3'
	"$BUILD/vzctl" --prefix "$PREFIX" start 101 >/dev/null 2>&1 3>&- &
	"$BUILD/vzctl" --prefix "$PREFIX" start 101 >/dev/null 2>&1 3>&- || a=$?
	wait $! || b=$?
	is 9 $((a + b))
	status_is 101 "exist mounted running"
}

# bats test_tags=core
@test "start: ended by a signal it ends the script it waits for and undoes what it did" {
	local s rc began=$SECONDS
	for s in 101.mount 101.start; do
		action $s <<<'sleep 6160'
		in_bg "$BUILD/vzctl" --prefix "$PREFIX" start 101
		wait_for 10 is_mounted 101
		sleep 0.2
		kill -INT $!
		rc=0
		wait $! || rc=$?
		[ $rc -ne 0 ]
		rm "$PREFIX/etc/vz/conf/$s"
		is_down 101
	done
	[ $((SECONDS - began)) -lt "$(patience 10)" ]
	run pgrep -f 'sleep 6160'
	is 1 "$status"
}

# bats test_tags=core
@test "start: killed outright, the next start succeeds" {
	action 101.start <<<'sleep 6160'
	in_bg "$BUILD/vzctl" --prefix "$PREFIX" start 101
	wait_for 10 test -e "$PREFIX/run/vz/101/state"
	sleep 0.2
	kill -KILL $!
	wait $! || :
	rm "$PREFIX/etc/vz/conf/101.start"
	run vzctl start 101
	echo "$output"
	is 0 "$status"
	rc_is 0 vzctl exec2 101 true
}

@test "restart: stops and starts; a stopped container is started" {
	rc_is 0 vzctl restart 101 --fast
	line "Restarting container"
	has_not "Container was stopped"
	local pid
	pid=$(init_pid 101)
	rc_is 0 vzctl restart 101 --fast
	line "Restarting container" "Container was stopped" "Container start in progress..."
	status_is 101 "exist mounted running"
	[ "$pid" != "$(init_pid 101)" ]
}

@test "restart: takes the options of both; its code is the first failure's" {
	vzctl --quiet start 101
	rc_is 0 vzctl restart 101 --fast --wait
	line "Container started successfully"
	action 101.stop <<<'exit 1'
	rc_is 79 vzctl restart 101
	status_is 101 "exist mounted running"
	vzctl --quiet set 101 --disabled yes --save
	rc_is 105 vzctl restart 101 --fast
}
