#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# How much of the disk a container may use. /vz/private is on an ext4 that knows no project quota, /vz/quota
# on one that does, where the kernel can.

# shellcheck disable=SC2016 # text for other shells
load ../lib/helpers

setup_file()
{
	probe_setup
	small_disk vz/private 32M
	quota_disk
}
teardown_file() { host_teardown; }
teardown()
{
	vz_conf DISK_QUOTA=yes
	destroy_all
}

quota_disk()
{
	local dir=$PREFIX/vz/quota
	mkdir -m 0700 "$dir"
	truncate -s 64M "$dir.img"
	mkfs.ext4 -q -m 0 -O quota,project -E quotatype=prjquota "$dir.img"
	mount -o loop,prjquota "$dir.img" "$dir" 2>/dev/null || echo "this kernel's ext4 has no project quota" >&3
}

need_quota() { mountpoint -q "$PREFIX/vz/quota" || skip "the kernel's ext4 has no project quota"; }
create_limited() { create_minimal "$1" --private '/vz/quota/$VEID' "${@:2}"; }

# limits PROJECT: soft and hard of KiB and files, as the kernel has them.
limits()
{
	python3 - "$1" "$PREFIX/vz/quota" <<-'END'
		import ctypes, os, struct, sys
		fd = os.open(sys.argv[2], os.O_RDONLY)
		block = ctypes.create_string_buffer(72)
		libc = ctypes.CDLL(None, use_errno=True)
		if libc.syscall(443, fd, 0x800007 << 8 | 2, int(sys.argv[1]), block) < 0:
		    sys.exit(os.strerror(ctypes.get_errno()))
		hard, soft, _, ihard, isoft = struct.unpack_from("5Q", block)
		print(soft, hard, isoft, ihard)
	END
}

# disk ID WORD: size, used or free KiB as df inside has it.
disk() { vzctl exec "$1" df -k / | awk -v what="$2" 'NR == 2 { print what == "size" ? $2 : what == "used" ? $3 : $4 }'; }
# fill ID FILE: until no more can be written, or 30 MB are; how many KiB it was.
fill() { vzctl exec "$1" "dd if=/dev/zero of=$2 bs=256k count=120 2>/dev/null; sync; du -k $2" | cut -f 1; }

# ---- where the kernel can ----

# bats test_tags=core
@test "quota: nobody inside writes more than --diskspace, on either layout, and df shows what there is" {
	need_quota
	local layout n
	for layout in overlay simfs; do
		create_limited 101 --layout "$layout" --diskspace 10M
		vzctl --quiet start 101
		is 10240 "$(disk 101 size)"
		n=$(fill 101 /big)
		[ "$n" -gt 4000 ] && [ "$n" -le 10240 ] || { echo "$layout: $n KiB were written"; return 1; }
		[ "$(disk 101 free)" -le 64 ]
		# More than the last big block may have left.
		run vzctl exec2 101 'dd if=/dev/zero of=/tmp/more bs=4k count=32 && sync && mkdir /more'
		has 'uota exceeded'
		vzctl exec2 101 'rm /big && echo more >/more'
		vzctl --quiet stop 101 --fast
		vzctl --quiet destroy 101
		# Its number is free again, and whoever gets it next is not limited by this one.
		is "0 0 0 0" "$(limits 7143424)"
	done
}

# bats test_tags=core
@test "quota: set changes the limits of a running container, also to less than is in use" {
	need_quota
	local n
	create_limited 101 --diskspace 20M:30M --diskinodes 100
	vzctl --quiet start 101
	is "20480 30720 100 100" "$(limits 7143424)"
	n=$(vzctl exec 101 'i=0; while true >/tmp/f$i; do i=$((i + 1)); done 2>/dev/null; rm /tmp/f*; echo $i')
	[ "$n" -gt 50 ] && [ "$n" -lt 100 ] || { echo "$n files were made"; return 1; }
	vzctl exec2 101 'dd if=/dev/zero of=/big bs=1M count=5 2>/dev/null'
	vzctl --quiet set 101 --diskspace 1M --diskinodes 1000
	is "1024 1024 1000 1000" "$(limits 7143424)"
	is "0 5242880" "$(disk 101 free) $(vzctl exec 101 stat -c %s /big)"
	run vzctl exec2 101 'echo x >/x && sync'
	has 'uota exceeded'
	# With no room for anything it stops and starts as ever.
	vzctl --quiet set 101 --diskspace 1M --diskinodes 5 --save
	vzctl --quiet restart 101 --fast
	is "1024 1024 5 5" "$(limits 7143424)"
	vzctl --quiet set 101 --diskinodes 1000 --save
	run vzctl why 101
	has "its disk is full" "vzctl set 101 --diskspace 2048K --save"
	is "1024 1024 1000 10240000" \
		"$(vzlist 101 -H -o diskspace.s,diskspace.h,diskinodes.s | xargs) $((1000 * 10240))"
	[ "$(vzlist 101 -H -o diskspace)" -ge 5120 ]
	vzctl --quiet set 101 --diskspace unlimited --diskinodes 0 --save
	is "0 0 0 0" "$(limits 7143424)"
	vzctl exec2 101 'dd if=/dev/zero of=/x bs=1M count=6 2>/dev/null'
}

# bats test_tags=core
@test "quota: root inside cannot take a file out of what is counted" {
	need_quota
	local layout file
	for layout in overlay simfs; do
		create_limited 101 --layout "$layout" --diskspace 10M
		vzctl --quiet start 101
		put_probe 101
		is 7143424 "$(probe 101 project number /probe)"
		# One of its own, its root, and one that an overlay still has in a layer.
		for file in /probe / /etc/fstab; do
			is EPERM "$(probe 101 project leave $file)"
			is EPERM "$(probe 101 project stay $file)"
		done
		is EINVAL "$(probe 101 project hide /)"
		[ "$(fill 101 /etc/fstab)" -le 10240 ]
		is 7143424 "$(probe 101 project number /etc/fstab)"
		vzctl --quiet stop 101 --fast
		vzctl --quiet destroy 101
	done
}

# bats test_tags=core
@test "quota: what lies in an area from before is counted at its next start, whatever it is" {
	need_quota
	local layout
	for layout in overlay simfs; do
		vz_conf DISK_QUOTA=no
		create_limited 101 --layout "$layout"
		vzctl --quiet start 101
		put_probe 101
		vzctl exec2 101 'dd if=/dev/zero of=/big bs=1M count=3 2>/dev/null && mkdir -p /a/.vzctl-quota /b &&
			ln -s nowhere /a/link && mkfifo -m 640 /a/fifo && chown -h 5:6 /a/fifo /a/link && ln /a/fifo /a/fifo2 &&
			rm -r /etc/init.d && mkdir /.vzctl-quota && touch /.vzctl-quota/mine'
		vz_conf DISK_QUOTA=yes
		rc_is 0 vzctl set 101 --diskspace 10M --save
		has "in effect from the next start on"
		is "0 0 0 0" "$(limits 7143424)"
		vzctl --quiet restart 101 --fast
		is "10240 10240 0 0" "$(limits 7143424)"
		[ "$(disk 101 used)" -ge 3072 ]
		for file in /a /a/.vzctl-quota /big / /probe; do
			is "7143424 $file" "$(probe 101 project number $file) $file"
		done
		is "nowhere 5:6 640 5:6" "$(vzctl exec 101 'readlink /a/link; stat -c %u:%g /a/link; stat -c "%a %u:%g" /a/fifo' | xargs)"
		# All of these the kernel refuses between files of different projects.
		vzctl exec2 101 'ln /a/fifo /b/fifo && ln /a/link /b/link && mkdir /etc/init.d && ln /big /b/big'
		[ "$(fill 101 /more)" -le 7168 ]
		vzctl --quiet stop 101 --fast
		vzctl --quiet destroy 101
	done
}

# bats test_tags=core
@test "quota: quotaoff lifts limits, quotaon and a start set them, quotainit counts" {
	need_quota
	vz_conf DISK_QUOTA=no
	create_limited 101
	vz_conf DISK_QUOTA=yes
	vzctl --quiet set 101 --diskspace 10M:12M --quotatime 0 --save
	is "0 0 0 0" "$(limits 7143424)"
	rc_is 0 vzctl quotainit 101
	# No time for more than the soft limit: that is a hard one.
	is "10240 10240 0 0" "$(limits 7143424)"
	rc_is 0 vzctl quotaoff 101
	is "0 0 0 0" "$(limits 7143424)"
	rc_is 0 vzctl quotaon 101
	is "10240 10240 0 0" "$(limits 7143424)"
	rc_is 0 vzctl set 101 --quotatime 60 --save
	has "QUOTATIME: kept, not enforced: soft limits may be exceeded for 604800 seconds"
	is "10240 12288 0 0" "$(limits 7143424)"
	rc_is 0 vzctl quotaoff 101
	vzctl --quiet start 101
	is "10240 12288 0 0" "$(limits 7143424)"
	rc_is 32 vzctl quotainit 101
	rc_is 0 vzctl quotaoff 101
	rc_is 0 vzctl quotaon 101
	is "10240 12288 0 0" "$(limits 7143424)"
	vzctl --quiet restart 101 --fast
	vzctl --quiet set 101 --diskquota no --setmode restart --save
	is "0 0 0 0" "$(limits 7143424)"
}

# ---- where it cannot ----

@test "quota: limits that nothing enforces are refused to who asks for them, and what would help is said" {
	local before
	rc_is 61 vzctl create 101 --ostemplate minimal --diskspace 10M
	has "disk space cannot be limited" "tune2fs -O project -Q prjquota" "mount it with prjquota" "DISK_QUOTA=no"
	is_gone 101
	rc_is 0 create_minimal 101 --diskspace unlimited
	before=$(cksum <"$(conf 101)")
	rc_is 62 vzctl set 101 --diskinodes 1000 --save
	has "disk space cannot be limited" "tune2fs"
	is "$before" "$(cksum <"$(conf 101)")"
	vzctl --quiet start 101
	rc_is 62 vzctl set 101 --diskspace 10M
	rc_is 60 vzctl quotaon 101
	vzctl --quiet stop 101 --fast
	rc_is 61 vzctl quotainit 101
	has "tune2fs"
	rc_is 0 vzctl quotaoff 101
}

@test "quota: limits from a sample are kept where nothing enforces them, and that is said once" {
	rc_is 0 vzctl create 101 --ostemplate minimal --config vswap-256m
	is 1 "$(grep -c 'DISKSPACE, DISKINODES: kept, not enforced' <<<"$output")"
	is 2097152:2306867 "$(conf_value 101 DISKSPACE)"
	rc_is 0 vzctl start 101
	is 1 "$(grep -c 'DISKSPACE, DISKINODES: kept, not enforced' <<<"$output")"
	rc_is 0 vzctl set 101 --applyconfig light --save
	has "DISKSPACE, DISKINODES: kept, not enforced"
	is 1048576:1153433 "$(conf_value 101 DISKSPACE)"
}

@test "quota: with DISK_QUOTA=no limits are kept in silence, and the commands are skipped" {
	vz_conf DISK_QUOTA=no
	rc_is 0 vzctl create 101 --ostemplate minimal --diskspace 10M
	has_not "not enforced"
	is 10240:10240 "$(conf_value 101 DISKSPACE)"
	rc_is 0 vzctl set 101 --diskspace 20M --save
	is 20480:20480 "$(conf_value 101 DISKSPACE)"
	rc_is 61 vzctl quotainit 101
	is "Disk quota is not enabled, skipping operation" "$output"
	rc_is 60 vzctl quotaon 101
	rc_is 66 vzctl quotaoff 101
}
