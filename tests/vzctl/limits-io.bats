#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Limits of disk I/O: on the devices the private area is on, whatever they are made of. What a device
# cannot do is said.

load ../lib/helpers
load ../lib/limits

setup_file()
{
	host_setup
	need_template minimal
	create_minimal 101
	cp "$(conf 101)" "$BATS_FILE_TMPDIR/101.conf"
	vzctl --quiet start 101
}
teardown_file() { host_teardown; }
setup()
{
	cp "$BATS_FILE_TMPDIR/101.conf" "$(conf 101)"
	vzctl --quiet set 101 --iolimit 0 --iopslimit 0
}
teardown()
{
	vzctl --quiet stop 102 --fast >/dev/null 2>&1 || :
	vzctl --quiet umount 102 >/dev/null 2>&1 || :
	vzctl --quiet destroy 102 >/dev/null 2>&1 || :
	! mountpoint -q "$PREFIX/elsewhere" || umount "$PREFIX/elsewhere"
}

# whole PATH: number of the disk that the file system of a path is on.
whole()
{
	local dev
	dev=$(stat -c '%Hd:%Ld' "$1")
	[ ! -e "/sys/dev/block/$dev/partition" ] || dev=$(cat "/sys/dev/block/$dev/../dev")
	echo "$dev"
}

# told ID DEVICE: what holds there: bytes read, bytes written, reads, writes per second; "-" for no limit.
told()
{
	local file line=
	if is_v2 blkio; then
		line=$(knob "$1" io io.max - | sed -n "s/^$2 //p" | sed 's/[a-z]*=//g; s/max/-/g')
		echo "${line:-- - - -}"
		return
	fi
	for file in {read,write}_bps_device {read,write}_iops_device; do
		line+=" $(knob "$1" blkio - "blkio.throttle.$file" | awk -v d="$2" '$1 == d { n = $2 } END { print n ? n : "-" }')"
	done
	echo "${line# }"
}

# took COMMAND…: milliseconds.
took()
{
	local from
	from=$(now_usec)
	"$@" >&2
	echo $((($(now_usec) - from) / 1000))
}

# elsewhere MOUNT-OPTIONS…: container 102 with its private area on another file system.
elsewhere()
{
	mkdir -p "$PREFIX/elsewhere"
	mount "$@" "$PREFIX/elsewhere"
	# Quiet, it would not say why not.
	run vzctl create 102 --ostemplate minimal --private /elsewhere/102
	[[ $output != *"cannot map ids"* ]] || skip "before Linux 6.3 no container can be on such a file system"
	is 0 "$status"
	vzctl --quiet start 102
}

# bats test_tags=cgroup
@test "io: --iolimit is what it writes and reads at most, and is lifted with 0" {
	local disk ms
	disk=$(whole "$PREFIX")
	rc_is 0 vzctl set 101 --iolimit 4
	line "Setting iolimit: 4194304 bytes/sec"
	is "4194304 4194304 - -" "$(told 101 "$disk")"
	ms=$(took vzctl exec 101 'dd if=/dev/zero of=/file bs=1M count=8 oflag=direct')
	[ "$ms" -ge 1700 ] || { echo "wrote 8 MiB in $ms ms"; return 1; }
	ms=$(took vzctl exec 101 'dd if=/file of=/dev/null bs=1M iflag=direct')
	[ "$ms" -ge 1700 ] || { echo "read 8 MiB in $ms ms"; return 1; }
	rc_is 0 vzctl set 101 --iolimit 0
	line "Setting iolimit: 0 (unlimited)"
	is "- - - -" "$(told 101 "$disk")"
}

@test "io: on cgroup v2 what is written through the cache is limited, too" {
	local ms
	is_v2 blkio || skip "cgroup v1 does not know whose it is"
	vzctl --quiet set 101 --iolimit 4
	ms=$(took vzctl exec 101 'dd if=/dev/zero of=/file bs=1M count=12 conv=fsync')
	[ "$ms" -ge 2400 ] || { echo "wrote 12 MiB in $ms ms"; return 1; }
}

@test "io: --iopslimit is how often it reads and writes at most" {
	local disk ms
	disk=$(whole "$PREFIX")
	rc_is 0 vzctl set 101 --iopslimit 50
	line "Setting iopslimit: 50 iops"
	is "- - 50 50" "$(told 101 "$disk")"
	ms=$(took vzctl exec 101 'dd if=/dev/zero of=/file bs=4k count=100 oflag=direct')
	[ "$ms" -ge 1700 ] || { echo "wrote 100 times in $ms ms"; return 1; }
	vzctl --quiet set 101 --iolimit 1M
	is "1048576 1048576 50 50" "$(told 101 "$disk")"
	rc_is 0 vzctl set 101 --iopslimit unlimited
	is "1048576 1048576 - -" "$(told 101 "$disk")"
}

@test "io: what is saved holds from the start on" {
	vzctl --quiet stop 101 --fast
	vzctl --quiet set 101 --iolimit 20M --iopslimit 300 --save
	vzctl --quiet start 101
	is "20971520 20971520 300 300" "$(told 101 "$(whole "$PREFIX")")"
}

@test "io: a private area on a loop device is limited there" {
	truncate -s 64M "$BATS_TEST_TMPDIR/image"
	mkfs.ext4 -q "$BATS_TEST_TMPDIR/image"
	elsewhere -o loop "$BATS_TEST_TMPDIR/image"
	rc_is 0 vzctl set 102 --iolimit 3M
	is "3145728 3145728 - -" "$(told 102 "$(stat -c '%Hd:%Ld' "$PREFIX/elsewhere")")"
	is "- - - -" "$(told 102 "$(whole "$PREFIX")")"
}

@test "io: a private area on no block device at all cannot be limited, rc 148, and may do without" {
	elsewhere -t tmpfs none
	rc_is 148 vzctl set 102 --iolimit 3M --save
	has "IOLIMIT cannot be applied: '$PREFIX/elsewhere/102' is on tmpfs, and there is no block device to be limited"
	is "<unset>" "$(conf_value 102 IOLIMIT)"
	rc_is 0 vzctl set 102 --iolimit 0 --iopslimit 0 --save
}

# Whatever file of weights the kernel has.
weights()
{
	prefix_tag
	cat "/sys/fs/cgroup/vz-$PREFIX_TAG/101/"io.{,bfq.}weight "/sys/fs/cgroup/blkio/vz-$PREFIX_TAG/101/blkio.bfq.weight" 2>/dev/null || :
}

@test "io: --ioprio is a weight, and it is said where the disk has no use for it" {
	rc_is 0 vzctl set 101 --ioprio 6
	line "Setting I/O priority: 6"
	case $(cat "/sys/dev/block/$(whole "$PREFIX")/queue/scheduler") in
	*"[bfq]"*) has_not "without effect" ;;
	*) has "IOPRIO: kept, but without effect: the disk of '$PREFIX/vz/private/101' shares out nothing by weight" ;;
	esac
	# One that knows BFQ only as a module has no file for it until that is loaded.
	case $(weights) in
	"") has "without effect" ;;
	*400*) ;;
	*) weights; return 1 ;;
	esac
	rc_is 0 vzctl set 101 --ioprio 4
	has_not "without effect"
}
