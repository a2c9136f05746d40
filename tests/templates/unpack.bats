#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2154 # text for other shells; variables of the helpers
#
# vz-unpack: what an archive may do to the host (nothing), and that an honest one arrives whole.

load ../lib/helpers
load ../lib/templates

setup()
{
	require root userns python3
	# Where the file system can map ids: on kernels before 6.3 tmpfs cannot.
	HERE=$(mktemp -d "${HOST_DIR:-/var/tmp}/openve-unpack.XXXXXX")
	DIR=$HERE/root
	mkdir "$DIR"
}

teardown() { rm -rf "$HERE"; }

@test "unpack: files, directories, links and pipes arrive with modes, owners and times" {
	accepted <<-END
		dir . mode=0750 mtime=1100000000
		dir etc mode=0751
		file etc/passwd root:x:0:0 uid=0 gid=0 mode=0640
		file etc/shadow secret uid=0 gid=42 mode=0600
		file su binary uid=0 gid=0 mode=4755
		file home uid=65535 gid=65535 mode=0600
		dir mail uid=8 gid=8 mode=2775
		link bin usr/bin
		link etc/mtab /proc/self/mounts
		hard etc/passwd- etc/passwd
		fifo pipe mode=0622
	END
	is "directory 750 0:0" "$(attributes "$DIR")"
	is 1100000000 "$(stat -c %Y "$DIR")"
	is "directory 751 0:0" "$(attributes "$DIR/etc")"
	is 1000000000 "$(stat -c %Y "$DIR/etc")"
	is "regular file 640 0:0" "$(attributes "$DIR/etc/passwd")"
	is 1000000000 "$(stat -c %Y "$DIR/etc/passwd")"
	is "root:x:0:0" "$(cat "$DIR/etc/passwd")"
	is "regular file 600 0:42" "$(attributes "$DIR/etc/shadow")"
	is "regular file 4755 0:0" "$(attributes "$DIR/su")"
	is "regular empty file 600 65535:65535" "$(attributes "$DIR/home")"
	is "directory 2775 8:8" "$(attributes "$DIR/mail")"
	is "fifo 622 0:0" "$(attributes "$DIR/pipe")"
	is "usr/bin" "$(readlink "$DIR/bin")"
	is "/proc/self/mounts" "$(readlink "$DIR/etc/mtab")"
	[ "$DIR/etc/passwd" -ef "$DIR/etc/passwd-" ]
}

@test "unpack: the only line on standard output is the checksum" {
	accepted <<-END
		file x
	END
	is "sha256 $(sha256sum <"$BATS_TEST_TMPDIR/good.tar" | cut -d ' ' -f 1)" "$out"
	is "" "$err"
}

@test "unpack: gz, bz2, xz and zstd" {
	local f
	printf 'file x content\n' | make_archive "$BATS_TEST_TMPDIR/a.tar"
	for f in gz bz2 xz; do
		printf 'file %s content\n' $f | make_archive "$BATS_TEST_TMPDIR/a.tar.$f"
		unpack "$BATS_TEST_TMPDIR/a.tar.$f" "$DIR"
		is content "$(cat "$DIR/$f")"
	done
	zstd -q "$BATS_TEST_TMPDIR/a.tar"
	split_is 0 unpack "$BATS_TEST_TMPDIR/a.tar.zst" "$DIR"
	is content "$(cat "$DIR/x")"
	is "sha256 $(sha256sum <"$BATS_TEST_TMPDIR/a.tar.zst" | cut -d ' ' -f 1)" "$out"
}

@test "unpack: names outside of ASCII" {
	accepted <<-'END'
		file gr\xc3\xbc\xc3\x9fe/\xe4\xb8\x96 hello
	END
	is hello "$(cat "$DIR/grüße/世")"
}

@test "unpack: holes stay holes" {
	accepted <<-END
		sparse big 104857600
	END
	is 104857600 "$(stat -c %s "$DIR/big")"
	[ "$(du -k "$DIR/big" | cut -f 1)" -lt 1024 ]
}

@test "unpack: extended attributes of users, and none of the machine's" {
	require getfattr
	accepted <<-'END'
		file x x:user.note=hello x:trusted.overlay.opaque=y x:security.selinux=label
	END
	run getfattr --absolute-names -d -m - "$DIR/x"
	has 'user.note="hello"'
	has_not trusted security
}

@test "unpack: access control lists, as text and as mmdebstrap writes them" {
	require getfacl
	# Version 2; user_obj rwx, group_obj r-x, group 4 r-x, mask r-x, other r-x.
	accepted <<-'END'
		file text acl.access=user::rw-,user:33:rw-:33,group::r--,mask::rw-,other::r-- mode=0664
		dir raw x:system.posix_acl_default=\x02\x00\x00\x00\x01\x00\x07\x00\xff\xff\xff\xff\x04\x00\x05\x00\xff\xff\xff\xff\x08\x00\x05\x00\x04\x00\x00\x00\x10\x00\x05\x00\xff\xff\xff\xff\x20\x00\x05\x00\xff\xff\xff\xff
		file raw/inside mode=0600
	END
	run getfacl --absolute-names -n "$DIR/text"
	has "user:33:rw-"
	run getfacl --absolute-names -n "$DIR/raw"
	has "default:group:4:r-x"
	run getfacl --absolute-names -n "$DIR/raw/inside"
	has_not "group:4"
}

@test "unpack: a file capability is stored for root, whoever that will be" {
	require getcap
	accepted <<-'END'
		file ping mode=0755 x:security.capability=\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00
	END
	run getcap -n "$DIR/ping"
	has "cap_net_raw=ep"
	# With the id of a container's root it would hold in that container only.
	has_not rootid
}

@test "unpack: the last of several members of a name wins" {
	accepted <<-END
		file x one
		hard y x
		file x two
		link z x
		file z three
		dir d mode=0755
		dir d mode=0700
	END
	is two "$(cat "$DIR/x")"
	is one "$(cat "$DIR/y")"
	is "regular file 644 0:0" "$(attributes "$DIR/z")"
	is "directory 700 0:0" "$(attributes "$DIR/d")"
}

@test "unpack: device nodes below /dev are left out with one warning" {
	accepted <<-END
		dir ./dev
		char ./dev/null 1 3
		block dev/sda 8 0
		dir dev/pts
		file after x
	END
	is "vz-unpack: device nodes below /dev left out: 2" "$err"
	is pts "$(ls "$DIR/dev")"
	[ -f "$DIR/after" ]
}

@test "unpack: a device node elsewhere is refused" {
	refused "'tmp/kmem' is a device node" <<-END
		char tmp/kmem 1 2
	END
}

@test "unpack: an overlay's whiteout is refused" {
	refused "'gone' is a device node" <<-END
		char gone 0 0
	END
}

@test "unpack: a name with a newline begins no message of its own" {
	refused "'gone?vz-unpack: all is well' is a device node" <<-'END'
		char gone\nvz-unpack:\x20all\x20is\x20well 0 0
	END
}

@test "unpack: a member above the root is refused" {
	refused "'../escape' leads out of the root" <<-END
		file ../escape x
	END
	[ ! -e "$HERE/escape" ]
}

@test "unpack: a member with a way up in the middle is refused" {
	refused "leads out of the root" <<-END
		dir a
		file a/../../escape x
	END
	[ ! -e "$HERE/escape" ]
}

@test "unpack: an absolute member is refused" {
	refused "leads out of the root" <<-END
		file $HERE/escape x
	END
	[ ! -e "$HERE/escape" ]
}

@test "unpack: a hard link out of the root is refused" {
	refused "is a hard link that leads out of the root" <<-END
		hard passwd ../../../../../../etc/passwd
	END
	refused "is a hard link that leads out of the root" <<-END
		hard passwd /etc/passwd
	END
}

@test "unpack: writing through a symlink is refused, wherever it points" {
	mkdir "$HERE/outside"
	refused "'a/x' would be written through a symbolic link" <<-END
		link a $HERE/outside
		file a/x evil
	END
	refused "'b/x' would be written through a symbolic link" <<-END
		link b ../outside
		file b/x evil
	END
	is "" "$(ls -A "$HERE/outside")"
}

@test "unpack: a hard link through a symlink is refused" {
	refused "would be written through a symbolic link" <<-END
		link a /etc
		hard h a/passwd
	END
}

@test "unpack: a symlink that is replaced by a file is not followed" {
	echo old >"$HERE/outside"
	accepted <<-END
		link a $HERE/outside
		file a new
	END
	is old "$(cat "$HERE/outside")"
	is new "$(cat "$DIR/a")"
}

@test "unpack: ids above 65535 are refused" {
	refused "belongs to user 70000" <<-END
		file x uid=70000
	END
	refused "belongs to group 65536" <<-END
		file x gid=65536
	END
	refused "belongs to ACL id 70000" <<-END
		file x acl.access=user::rw-,user:70000:rw-:70000,group::r--,mask::rw-,other::r--
	END
}

@test "unpack: control characters of a name do not reach the terminal" {
	refused "'?[31mred/../..' leads out" <<-'END'
		file \x1b[31mred/../.. x
	END
}

@test "unpack: a truncated archive fails" {
	head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/noise"
	tar -C "$BATS_TEST_TMPDIR" -cf "$BATS_TEST_TMPDIR/a.tar" noise
	zstd -q "$BATS_TEST_TMPDIR/a.tar"
	head -c 200000 "$BATS_TEST_TMPDIR/a.tar" >"$BATS_TEST_TMPDIR/cut.tar"
	head -c 200000 "$BATS_TEST_TMPDIR/a.tar.zst" >"$BATS_TEST_TMPDIR/cut.tar.zst"
	rc_is 48 unpack "$BATS_TEST_TMPDIR/cut.tar" "$DIR"
	has "vz-unpack: the archive is damaged or no tar archive"
	rc_is 48 unpack "$BATS_TEST_TMPDIR/cut.tar.zst" "$DIR"
	has "vz-unpack: the archive is damaged or no tar archive"
}

@test "unpack: a file that is no archive fails" {
	echo hello >"$BATS_TEST_TMPDIR/text"
	rc_is 48 unpack "$BATS_TEST_TMPDIR/text" "$DIR"
	has "no tar archive"
	rc_is 48 unpack /dev/null "$DIR"
}

@test "unpack: another archive than the expected one" {
	printf 'file x\n' | make_archive "$BATS_TEST_TMPDIR/a.tar"
	local sum
	sum=$(sha256sum <"$BATS_TEST_TMPDIR/a.tar" | cut -d ' ' -f 1)
	rc_is 0 unpack --expect-sha256 "$sum" "$BATS_TEST_TMPDIR/a.tar" "$DIR"
	rc_is 0 unpack --expect-sha256 "${sum^^}" "$BATS_TEST_TMPDIR/a.tar" "$DIR"
	split_is 1 unpack --expect-sha256 "$(printf %064d 7)" "$BATS_TEST_TMPDIR/a.tar" "$DIR"
	is "" "$out"
	has "is not the expected archive: its sha256 is $sum instead of"
	# That is also the reason that counts when the archive cannot be read.
	echo hello >"$BATS_TEST_TMPDIR/text"
	rc_is 1 unpack --expect-sha256 "$sum" "$BATS_TEST_TMPDIR/text" "$DIR"
}

@test "unpack: a full disk has its own exit code" {
	require mkfs.ext4
	truncate -s 8M "$BATS_TEST_TMPDIR/disk"
	mkfs.ext4 -q "$BATS_TEST_TMPDIR/disk"
	mount -o loop "$BATS_TEST_TMPDIR/disk" "$DIR"
	mkdir "$DIR/t"
	head -c 20000000 /dev/zero >"$BATS_TEST_TMPDIR/zeros"
	tar -C "$BATS_TEST_TMPDIR" -czf "$BATS_TEST_TMPDIR/bomb.tar.gz" zeros
	run unpack "$BATS_TEST_TMPDIR/bomb.tar.gz" "$DIR/t"
	umount "$DIR"
	is 46 "$status"
	has "vz-unpack: no space left on the disk for 'zeros'"
}

@test "unpack: a file system that cannot map ids is named, with a way out" {
	printf 'file x\n' | make_archive "$BATS_TEST_TMPDIR/a.tar"
	rc_is 48 unpack "$BATS_TEST_TMPDIR/a.tar" /proc/self
	has "is on proc" ext4 ploop
}

@test "unpack: bad usage" {
	rc_is 20 "$BUILD/libexec/vz-unpack"
	rc_is 20 unpack "$BATS_TEST_TMPDIR/a.tar"
	rc_is 20 unpack --expect-sha256 123 a.tar "$DIR"
	rc_is 20 "$BUILD/libexec/vz-unpack" --uid 0 --gid 0 --count 65536 a.tar "$DIR"
	rc_is 48 unpack "$BATS_TEST_TMPDIR/missing.tar" "$DIR"
	has "cannot open the archive"
}

@test "unpack: the part that reads the archive has nothing of the host" {
	printf 'file x\nfile y\n' | make_archive "$BATS_TEST_TMPDIR/a.tar"
	unpack_slowly
	is "$UNPACK_BASE" "$(awk '/^Uid:/ { print $2 }' "/proc/$inner/status")"
	is "" "$(awk '/^Groups:/ { print $2 }' "/proc/$inner/status")"
	is "0 $UNPACK_BASE 65536" "$(awk '{ print $1, $2, $3 }' "/proc/$inner/uid_map")"
	# chown, dac_override, dac_read_search, fowner, fsetid, setfcap; over its own namespace only.
	is 000000008000001f "$(awk '/^CapEff:/ { print $2 }' "/proc/$inner/status")"
	is 1 "$(wc -l <"/proc/$inner/mountinfo")"
	# shellcheck disable=SC2012 # numbers
	is 0,1,2 "$(ls -m "/proc/$inner/fd" | tr -d " ")"
	for ns in user mnt pid net ipc uts cgroup; do
		[ "$(readlink "/proc/$inner/ns/$ns")" != "$(readlink "/proc/self/ns/$ns")" ]
	done
	cat "$BATS_TEST_TMPDIR/a.tar" >&7
	exec 7>&-
	wait "$outer"
	[ -f "$DIR/y" ]
}

@test "unpack: when the outer part is killed the inner one goes, too" {
	unpack_slowly
	kill -KILL "$outer"
	exec 7>&-
	wait_for 5 eval "! grep -q '^State:.*[RSD]' /proc/$inner/status 2>/dev/null"
}
