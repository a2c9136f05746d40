#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Full disks. An operation is run with no block left, with one, with two … until it succeeds, and so fails
# at each step that needs room; the same with inodes. A failure is one line that names the place, nothing
# is half-done, and the same command succeeds as soon as there is room. What only takes away (stop,
# umount, destroy) needs none.
#
# /vz and /etc are small file systems on loop devices, /run and /var/log small tmpfs, all of the prefix.

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	require mkfs.ext4 fallocate
	host_setup
	need_template minimal
	small_disk vz 24M
	small_disk etc 4M
	small_tmpfs run
	small_tmpfs var/log
	# Directories that are made at the first use and then stay.
	create_minimal 101
	vzctl --quiet start 101
	destroy_all
}
teardown_file() { host_teardown; }
teardown()
{
	local place
	for place in vz etc run var/log; do
		mount -o remount,rw "$PREFIX/$place"
		make_room $place
	done
	destroy_all
	set_template /vz/template
	rm -rf "$PREFIX/vz/other"
}

# ---- small file systems ----

small_tmpfs()
{
	mkdir -p "$PREFIX/$1"
	mount -t tmpfs -o size=1m,nr_inodes=200 tmpfs "$PREFIX/$1"
}

is_tmpfs() { [ "$(stat -f -c %T "$PREFIX/$1")" = tmpfs ]; }

# leave PLACE blocks|inodes N: fill it until so much is left.
leave() { make_room "$1"; "leave_$2" "$1" "$3"; }

leave_blocks()
{
	local dir=$PREFIX/$1 left used i=0
	if is_tmpfs "$1"; then
		# In an empty one: 0 would be no limit.
		echo >"$dir/fill.0"
		used=$(($(stat -f -c '(%b - %f) * (%S / 1024)' "$dir")))
		mount -o "remount,size=$((used + $2 * 4))k" "$dir"
		return
	fi
	# Blocks of files that were removed just now come back with the journal.
	sync -f "$dir"
	while left=$(stat -f -c %a "$dir"); [ "$left" -gt "$2" ]; do
		# One that is in many pieces needs blocks for the list of them: then the next one gets the rest.
		fallocate -l $(((left - $2) * 1024)) "$dir/fill.$((i++))" 2>/dev/null || :
	done
}

leave_inodes()
{
	local dir=$PREFIX/$1
	if is_tmpfs "$1"; then
		mount -o "remount,nr_inodes=$(($(stat -f -c '%c - %d' "$dir") + $2))" "$dir"
		return
	fi
	mkdir "$dir/fill.d"
	(cd "$dir/fill.d" && seq $(($(stat -f -c %d "$dir") - $2)) | xargs -r touch)
}

make_room()
{
	rm -rf "$PREFIX/$1"/fill*
	! is_tmpfs "$1" || mount -o remount,size=1m,nr_inodes=200 "$PREFIX/$1"
}

# ---- walking ----

# The host without what containers keep on their disks, and the empty directories they are mounted on.
outside() { host_state | grep -vE '^vz/(private|root)/[0-9]+[ /]'; find "$PREFIX/vz/private" -maxdepth 1; }

# walk PLACE FAILURES COMMAND…: as the head of this file says, with blocks and with inodes; `fresh` makes
# what the command is for. So often at least it fails for want of blocks. Of the amounts an emulated machine
# tries every third.
walk()
{
	local place=$1 least=$2 what n failures before
	shift 2
	for what in blocks inodes; do
		failures=0
		# shellcheck disable=SC2086 # words
		for n in $(some 0 ${STEPS:-0 1 2 3 4 5 6 7 8 16 64 512}) 4096; do
			fresh
			leave "$place" $what $n
			before=$(outside)
			run "$@"
			if [ "$status" -eq 0 ]; then
				make_room "$place"
				break
			fi
			echo "with $n $what left in $place: $output"
			# What a script inside could not write is on the container's disk.
			is 1 "$(grep -cE "/$place/.*: No space left on device|^cannot write '/" <<<"$output")"
			diff <(echo "$before") <(outside)
			failures=$((failures + 1))
			make_room "$place"
			rc_is 0 "$@"
		done
		is 0 "$status"
		[ $what = inodes ] || [ $failures -ge "$(rounds "$least")" ]
	done
}

# needs_no_room PLACE COMMAND…: it succeeds with nothing left.
needs_no_room()
{
	local place=$1 what
	shift
	for what in blocks inodes; do
		fresh
		leave "$place" $what 0
		rc_is 0 "$@"
		make_room "$place"
	done
}

LAYOUT=overlay
nothing()
{
	[ -e "$(conf 101)" ] || return 0
	vzctl --quiet stop 101 --fast >/dev/null 2>&1 || :
	vzctl --quiet umount 101 >/dev/null 2>&1 || :
	vzctl --quiet destroy 101
}
stopped() { nothing; create_minimal 101 --layout $LAYOUT --hostname web --nameserver 192.0.2.3; }
running() { stopped; vzctl --quiet start 101; }
mounted() { stopped; vzctl --quiet mount 101; }

set_template() { sed -i "s|^TEMPLATE=.*|TEMPLATE=$1|" "$PREFIX/etc/vz/vz.conf"; }

# ---- /vz ----

@test "full /vz: create fails at every step without a trace" {
	fresh() { nothing; }
	walk vz 3 vzctl create 101 --ostemplate minimal --layout overlay
	# Each further block or inode is one more file of the template.
	STEPS="0 1 2 3 64" walk vz 5 vzctl create 101 --ostemplate minimal --layout simfs
}

@test "full /vz: a layer that does not fit is not there at all" {
	mkdir -p "$PREFIX/vz/other/cache"
	cp "$TEST_CACHE"/template/cache/minimal.tar.zst* "$PREFIX/vz/other/cache/"
	set_template /vz/other
	outside()
	{
		host_state | grep -vE '^vz/(private|root)/[0-9]+[ /]'
		find "$PREFIX/vz/private" "$PREFIX/vz/other/layers" -mindepth 1 2>/dev/null || :
	}
	fresh() { nothing; rm -rf "$PREFIX/vz/other/layers"; }
	STEPS="0 1 2 3 4 5 6 64" walk vz 5 vzctl create 101 --ostemplate minimal
}

@test "full /vz: start and mount fail at every step without a trace" {
	local LAYOUT
	for LAYOUT in overlay simfs; do
		fresh() { stopped; }
		walk vz 1 vzctl start 101
	done
	LAYOUT=overlay
	walk vz 1 vzctl mount 101
}

@test "full /vz: a container on it can be entered, changed, stopped and destroyed" {
	local LAYOUT what
	for LAYOUT in overlay simfs; do
		fresh() { running; }
		needs_no_room vz vzctl exec2 101 true
		needs_no_room vz vzctl enter 101 --exec exit </dev/null
		needs_no_room vz vzctl set 101 --description new --save
		needs_no_room vz vzctl stop 101
		is_down 101
		needs_no_room vz vzctl stop 101 --fast
		fresh() { mounted; }
		needs_no_room vz vzctl umount 101
		fresh() { stopped; }
		needs_no_room vz vzctl destroy 101
		is_gone 101
	done
}

@test "full /vz: a container that filled it can be used and stopped, and started when there is room" {
	local LAYOUT
	for LAYOUT in overlay simfs; do
		running
		run vzctl exec2 101 'dd if=/dev/zero of=/big bs=64k; dd if=/dev/zero of=/rest bs=1k'
		has "No space left on device"
		run vzctl exec2 101 'echo more >/more'
		has "No space left on device"
		rc_is 0 vzctl exec2 101 'rm /rest'
		rc_is 0 vzctl stop 101
		rc_is 0 vzctl start 101
		is web "$(vzctl exec2 101 hostname)"
		rc_is 0 vzctl exec2 101 'rm /big && echo more >/more'
		rc_is 0 vzctl stop 101
	done
}

@test "full /vz: a change inside fails as a whole, and leaves nothing beside the file" {
	running
	leave vz blocks 0
	# Room for names, but for no contents.
	rc_is 70 vzctl set 101 --hostname other --save
	has "No space left on device" "set the host name"
	rc_is 74 vzctl set 101 --userpasswd root:secret
	has "No space left on device" "Password change failed"
	is web "$(conf_value 101 HOSTNAME)"
	is web "$(vzctl exec2 101 cat /etc/hostname)"
	is "" "$(vzctl exec2 101 'ls /etc/*.vz-new 2>/dev/null')"
	make_room vz
	rc_is 0 vzctl set 101 --hostname other --userpasswd root:secret --save
	is other "$(vzctl exec2 101 cat /etc/hostname)"
}

@test "read-only /vz: nothing begins, what runs can be used and stopped" {
	local LAYOUT before
	for LAYOUT in overlay simfs; do
		running
		mount -o remount,ro "$PREFIX/vz"
		rc_is 0 vzctl exec2 101 true
		rc_is 0 vzctl set 101 --description new --save
		rc_is 0 vzctl stop 101
		is_down 101
		before=$(host_state)
		rc_is 50 vzctl start 101
		has "/vz/private/101" "read-only file system"
		rc_is 50 vzctl mount 101
		rc_is 52 vzctl destroy 101
		has "/vz/private/101" "Read-only file system"
		rc_is 48 vzctl create 102 --ostemplate minimal
		has "/vz/private/102" "Read-only file system"
		is "$before" "$(host_state)"
		mount -o remount,rw "$PREFIX/vz"
		rc_is 0 vzctl start 101
		rc_is 0 vzctl stop 101
	done
}

# ---- /etc ----

@test "full /etc: create fails at every step without a trace" {
	fresh() { nothing; }
	walk etc 2 vzctl create 101 --ostemplate minimal --name web
}

@test "full /etc: set fails at every step, and the file is the one that was there" {
	local long
	long=$(printf '%05000d' 0)
	fresh() { stopped; }
	walk etc 1 vzctl set 101 --description "$long" --name web --save
	fresh() { running; }
	walk etc 1 vzctl set 101 --description "$long" --onboot yes --save
}

@test "full /etc: start, stop and destroy need no room there" {
	fresh() { stopped; }
	needs_no_room etc vzctl start 101
	needs_no_room etc vzctl destroy 101
	is_gone 101
	fresh() { running; }
	needs_no_room etc vzctl exec2 101 true
	needs_no_room etc vzctl stop 101
}

@test "read-only /etc: start and stop, but no set, create or destroy" {
	local before
	stopped
	mount -o remount,ro "$PREFIX/etc"
	rc_is 0 vzctl start 101
	rc_is 0 vzctl stop 101
	before=$(host_state)
	rc_is 139 vzctl set 101 --description new --save
	has "$(conf 101)" "Read-only file system"
	rc_is 139 vzctl create 102 --ostemplate minimal
	has "$(conf 102)" "Read-only file system"
	rc_is 3 vzctl destroy 101
	has "$(conf 101)" "Read-only file system"
	is "$before" "$(host_state)"
	mount -o remount,rw "$PREFIX/etc"
	rc_is 0 vzctl destroy 101
}

# ---- /run, /var/log, /var/lib ----

@test "full /run: every operation fails without a trace, or succeeds" {
	fresh() { nothing; }
	walk run 1 vzctl create 101 --ostemplate minimal
	fresh() { stopped; }
	walk run 2 vzctl start 101
	walk run 1 vzctl mount 101
	walk run 1 vzctl set 101 --description new --save
	walk run 1 vzctl destroy 101
	fresh() { running; }
	walk run 1 vzctl stop 101
	fresh() { mounted; }
	walk run 1 vzctl umount 101
}

@test "full /run: looking and exec need no room there" {
	fresh() { running; }
	needs_no_room run vzctl exec2 101 true
	needs_no_room run vzctl status 101
	needs_no_room run vzlist -a
}

@test "full /var/log: nobody minds" {
	fresh() { nothing; }
	needs_no_room var/log vzctl create 101 --ostemplate minimal
	fresh() { stopped; }
	needs_no_room var/log vzctl start 101
	needs_no_room var/log vzctl destroy 101
	fresh() { running; }
	needs_no_room var/log vzctl stop 101
}

@test "full /var/lib: no ids, no container, but what is there can be destroyed" {
	local before
	stopped
	before=$(host_state)
	# The registry of ids is one per machine: a full one of our own is put over it, for our eyes only.
	split_is 0 unshare -m sh -c '
		cp /var/lib/vzctl/ids "$1"
		mount -t tmpfs -o size=4k tmpfs /var/lib/vzctl
		head -c 4096 /dev/zero >/var/lib/vzctl/fill
		"$2" --prefix "$PREFIX" create 102 --ostemplate minimal; echo "create: $?"' - \
		"$BATS_TEST_TMPDIR/ids" "$BUILD/vzctl"
	has "create: 6" "/var/lib/vzctl/ids: No space left on device"
	is "$before" "$(host_state)"
	split_is 0 unshare -m sh -c '
		mount -t tmpfs -o size=8k tmpfs /var/lib/vzctl
		{ grep -F " $PREFIX/" "$1"; echo "9000000 65536 /etc/passwd"; } >/var/lib/vzctl/ids
		head -c 4096 /dev/zero >/var/lib/vzctl/fill
		"$2" --prefix "$PREFIX" start 101; echo "start: $?"
		"$2" --prefix "$PREFIX" stop 101; echo "stop: $?"
		"$2" --prefix "$PREFIX" destroy 101; echo "destroy: $?"' - "$BATS_TEST_TMPDIR/ids" "$BUILD/vzctl"
	has "start: 0" "stop: 0" "destroy: 0" "cannot update /var/lib/vzctl/ids, ignoring"
	# The line in the registry counts for nothing without the file it names.
	is "" "$(ls "$PREFIX/etc/vz/conf/" | grep -x 101.conf)"
	rc_is 0 vzctl create 101 --ostemplate minimal
}
