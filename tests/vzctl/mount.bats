#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# "vzctl mount" and "vzctl umount": the root of a stopped container on the host. Scripts of the
# administrator run around it, first those for all containers, on the way down first its own; what they
# mount below VE_ROOT is there inside.

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
	rm -f "$PREFIX"/etc/vz/conf/*.{premount,mount,umount,postumount,start,stop} "$PREFIX/trace"
	for id in 101 102; do
		vzctl --quiet stop $id --fast >/dev/null 2>&1 || :
		vzctl --quiet umount $id >/dev/null 2>&1 || :
	done
}

# bats test_tags=core
@test "mount: prints one line, rc 0; umount too" {
	split_is 0 vzctl mount 101
	is "Container is mounted" "$out"
	is "" "$err"
	is_mounted 101
	[ -x "$PREFIX/vz/root/101/bin/busybox" ]
	split_is 0 vzctl umount 101
	is "Container is unmounted" "$out"
	is "" "$err"
	is_down 101
}

@test "mount: a mounted container is rc 0" {
	vzctl --quiet mount 101
	rc_is 0 vzctl mount 101
	is "Container is already mounted" "$output"
	is 1 "$(findmnt -rn -o TARGET | grep -cxF "$PREFIX/vz/root/101")"
}

@test "umount: a container that is not mounted is rc 40" {
	rc_is 40 vzctl umount 101
	is "CT is not mounted" "$output"
}

@test "umount: a running container is rc 32" {
	vzctl --quiet start 101
	rc_is 32 vzctl umount 101
	is "Container is running -- stop it first" "$output"
	status_is 101 "exist mounted running"
}

@test "mount: a missing private area is rc 43" {
	mv "$PREFIX/vz/private/101" "$PREFIX/vz/private/away"
	run vzctl mount 101
	mv "$PREFIX/vz/private/away" "$PREFIX/vz/private/101"
	is 43 "$status"
	is "Container private area $PREFIX/vz/private/101 does not exist" "$output"
}

@test "mount: a read-only file system is said before anything is begun, rc 50" {
	mount --bind "$PREFIX/vz/private" "$PREFIX/vz/private"
	mount -o remount,bind,ro "$PREFIX/vz/private"
	action vps.premount <<<"touch $PREFIX/trace"
	run vzctl mount 101
	local rc=$status said=$output
	run vzctl start 101
	umount "$PREFIX/vz/private"
	is 50 "$rc"
	output=$said has "read-only"
	is 50 "$status"
	[ ! -e "$PREFIX/trace" ]
	is_down 101
}

# bats test_tags=core
@test "mount: on the host the root is nosuid and nodev, with every layout" {
	local id
	for id in 101 102; do
		vzctl --quiet mount $id
		run findmnt -n -o OPTIONS "$PREFIX/vz/root/$id"
		has nosuid nodev
	done
}

# bats test_tags=core
@test "mount: a file made below VE_ROOT on the host belongs to nobody inside, and can be read" {
	local id
	for id in 101 102; do
		vzctl --quiet start $id
		echo text >"$PREFIX/vz/root/$id/from-host"
		is text "$(vzctl exec2 $id cat /from-host)"
		is 65534 "$(vzctl exec2 $id stat -c %u /from-host)"
	done
}

@test "mount: what is in use is not unmounted by force, rc 51" {
	vzctl --quiet mount 101
	(cd "$PREFIX/vz/root/101/etc" && exec sleep 60 3>&-) &
	local pid=$!
	sleep 0.1
	run vzctl umount 101
	kill $pid
	wait $pid || :
	is 51 "$status"
	has "$PREFIX/vz/root/101"
	is_mounted 101
}

@test "mount: scripts run in order, and in reverse on the way down" {
	local s
	for s in {vps,101}.{premount,mount,umount,postumount}; do
		action "$s" <<<"echo $s \$(findmnt -n $PREFIX/vz/root/101 >/dev/null && echo on || echo off) >>$PREFIX/trace"
	done
	vzctl --quiet mount 101
	vzctl --quiet umount 101
	is "vps.premount off
101.premount off
vps.mount on
101.mount on
101.umount on
vps.umount on
101.postumount off
vps.postumount off" "$(cat "$PREFIX/trace")"
}

@test "mount: scripts learn the container from their environment, and nothing of the caller" {
	action 101.mount <<-END
	tr '\0' '\n' </proc/\$\$/environ | sort >$PREFIX/trace
	cat >>$PREFIX/trace
	END
	echo intruder | SECRET=mine PATH=$PATH:/somewhere vzctl --quiet mount 101
	output=$(cat "$PREFIX/trace")
	line VEID=101 "VE_CONFFILE=$(conf 101)" HOME=/ TERM=linux \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	has_not mine intruder /somewhere
}

@test "mount: a script can source what it is told and finds VE_ROOT" {
	action 101.mount <<-END
	. $PREFIX/etc/vz/vz.conf
	. \$VE_CONFFILE
	echo \$VE_ROOT >$PREFIX/trace
	END
	vzctl --quiet mount 101
	is /vz/root/101 "$(cat "$PREFIX/trace")"
}

# bats test_tags=core
@test "mount: a failing script is rc 79 and nothing stays mounted" {
	local s
	for s in vps.premount 101.premount vps.mount 101.mount; do
		action $s <<<'exit 4'
		rc_is 79 vzctl mount 101
		has "$PREFIX/etc/vz/conf/$s"
		rm "$PREFIX/etc/vz/conf/$s"
		is_down 101
	done
}

@test "umount: a failing script is rc 79 and leaves it mounted" {
	local s
	for s in vps.umount 101.umount; do
		vzctl --quiet mount 101
		action $s <<<'exit 4'
		rc_is 79 vzctl umount 101
		rm "$PREFIX/etc/vz/conf/$s"
		is_mounted 101
		vzctl --quiet umount 101
	done
}

@test "umount: a failing postumount script is rc 79, but it is unmounted" {
	vzctl --quiet mount 101
	action 101.postumount <<<'exit 4'
	rc_is 79 vzctl umount 101
	rm "$PREFIX/etc/vz/conf/101.postumount"
	is_down 101
}

@test "mount: a script that is there but cannot be run is rc 79" {
	echo 'exit 0' >"$PREFIX/etc/vz/conf/101.mount"
	chmod 0644 "$PREFIX/etc/vz/conf/101.mount"
	rc_is 79 vzctl mount 101
	is_down 101
}

# bats test_tags=core
@test "mount: a bind mount made by CTID.mount is seen inside, and goes again" {
	mkdir -p "$PREFIX/data"
	echo shared >"$PREFIX/data/file"
	action 101.mount <<-END
	mkdir -p $PREFIX/vz/root/101/srv
	mount --bind $PREFIX/data $PREFIX/vz/root/101/srv
	END
	vzctl --quiet start 101
	is shared "$(vzctl exec2 101 cat /srv/file)"
	vzctl --quiet stop 101 --fast
	is_down 101
	[ -e "$PREFIX/data/file" ]
}
