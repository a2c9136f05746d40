#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What a container's root can do from inside, pinned: the facts about his processes by whichever door they
# came, every refused system call with its errno, the mounts he begins with, the file systems he can make;
# and the ways out he will try. What has to work is here, too. The walls themselves are in isolation.bats.

# shellcheck disable=SC2154,SC2016 # output and status are from the helpers; text for other shells
load ../lib/helpers

setup_file()
{
	probe_setup
	create_minimal 101 --layout simfs --hostname inside
	vzctl --quiet set 101 --stop-timeout 3 --save
	vzctl --quiet start 101
	put_probe 101
	vzctl --quiet exec 101 'mkdir -p /mnt/x'
}
teardown_file() { host_teardown; }

# inside COMMAND: in 101, standard error too.
inside() { vzctl exec 101 "$1" 2>&1 || :; }

# ---- facts ----

facts='Uid:	0	0	0	0
Gid:	0	0	0	0
Groups:	 
CapInh:	0000000000000000
CapPrm:	0000013cfdfcffff
CapEff:	0000013cfdfcffff
CapBnd:	0000013cfdfcffff
CapAmb:	0000000000000000
NoNewPrivs:	0
Seccomp:	2
Seccomp_filters:	1'
tell_facts='grep -E "^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp)" /proc/self/status;
	for n in cgroup ipc mnt net pid time user uts; do readlink /proc/self/ns/$n; done'

# bats test_tags=core
@test "inside: init, exec, exec2, exec3, enter and scripts have the same ids, capabilities, filter and namespaces" {
	local all
	all=$(inside "${tell_facts//self/1}")
	is "$facts" "$(head -n 11 <<<"$all")"
	is 8 "$(sed 1,11d <<<"$all" | sort -u | wc -l)"
	is "$all" "$(inside "$tell_facts")"
	is "$all" "$(vzctl exec2 101 "$tell_facts")"
	is "$all" "$(vzctl exec3 101 /bin/sh -c "$tell_facts")"
	vzctl --quiet exec 101 'cat >/facts; rm -f /tmp/*' <<<"($tell_facts) >/tmp/facts"
	# By each of the other doors: enter, runscript, a script of the distribution, action scripts.
	echo '. /facts' >"$PREFIX/script"
	vzctl --quiet runscript 101 "$PREFIX/script"
	is "$all" "$(inside 'cat /tmp/facts; rm /tmp/facts')"
	sed -i '$a . /facts' "$PREFIX/etc/vz/dists/scripts/set_hostname.sh"
	vzctl --quiet set 101 --hostname inside
	sed -i '$d' "$PREFIX/etc/vz/dists/scripts/set_hostname.sh"
	is "$all" "$(inside 'cat /tmp/facts; rm /tmp/facts')"
	timeout "$(patience 20)" script -qec "'$BUILD/vzctl' --prefix '$PREFIX' enter 101 --exec '. /facts; exit'" /dev/null </dev/null 3>&-
	is "$all" "$(inside 'cat /tmp/facts; rm /tmp/facts')"
	# Before init there is one more namespace of mounts to come, all else holds.
	action 101.start <<<'. /facts'
	vzctl --quiet restart 101 --fast
	is "$facts" "$(inside 'head -n 11 /tmp/facts')"
}

# bats test_tags=core
@test "inside: the table of refused system calls, with the error of each" {
	is "bpf EPERM
io_uring_setup ENOSYS
keyctl ENOSYS
add_key ENOSYS
request_key ENOSYS
userfaultfd ENOSYS
init_module EPERM
finit_module EPERM
delete_module EPERM
kexec_load EPERM
open_by_handle_at EPERM
perf_event_open EPERM
clock_settime EPERM
acct EPERM
swapon EPERM" "$(probe 101 calls | head -n 15)"
	run probe 101 calls
	line "io_uring_enter ENOSYS" "io_uring_register ENOSYS" "settimeofday EPERM" "swapoff EPERM" "getppid ok"
	[ "$(uname -m)" != x86_64 ] ||
		line "iopl EPERM" "ioperm EPERM" "kexec_file_load EPERM" "create_module EPERM" "uselib EPERM"
}

# bats test_tags=core
@test "inside: the mounts a container begins with, and their flags" {
	vzctl --quiet restart 101 --fast
	run inside 'sed -E "s/^[^ ]+ [^ ]+ [^ ]+ ([^ ]+ [^ ]+ [^ ]+) .* - ([^ ]+) .*/\1 \2/" /proc/self/mountinfo'
	# What there is to be covered depends on the kernel.
	is "/ /dev rw,nosuid,noexec,relatime tmpfs
/ /dev/mqueue rw,nosuid,nodev,noexec,relatime mqueue
/ /dev/pts rw,nosuid,noexec,relatime devpts
/ /dev/shm rw,nosuid,nodev,relatime tmpfs
/ /proc rw,nosuid,nodev,noexec,relatime proc
/ /run rw,nosuid,nodev,relatime tmpfs
/ /sys ro,nosuid,nodev,noexec,relatime sysfs
/ /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime cgroup2
/full /dev/full rw,relatime devtmpfs
/null /dev/console rw,relatime devtmpfs
/null /dev/null rw,relatime devtmpfs
/random /dev/random rw,relatime devtmpfs
/tty /dev/tty rw,relatime devtmpfs
/urandom /dev/urandom rw,relatime devtmpfs
/vz-boot-id /proc/sys/kernel/random/boot_id ro,nosuid,nodev,noexec,relatime tmpfs
/zero /dev/zero rw,relatime devtmpfs" "$(grep -vE ' / |^/(null /proc|(bus|fs|irq) /proc|console /sys)| /dev/(fuse|net)' <<<"$output" |
		sed -E 's/,(no|rel)?(dir)?atime//; s/^([^ ]+ [^ ]+ [^ ]+) /\1,relatime /' | LC_ALL=C sort)"
	is "" "$(grep -E '^/(bus|fs|irq) /proc' <<<"$output" | grep -v ' ro,nosuid,nodev,noexec')"
	is "" "$(inside 'for f in kcore keys timer_list sched_debug latency_stats; do [ ! -e /proc/$f ] || [ -c /proc/$f ] || echo $f; done')"
}

# ---- ways out ----

@test "inside: no file system of a device, and none of the host's, can be mounted; some without a device can" {
	local type
	inside 'mkdir -p /mnt/x' >/dev/null
	for type in ext4 xfs btrfs vfat iso9660 erofs squashfs nfs cifs devtmpfs debugfs tracefs securityfs configfs \
		hugetlbfs pstore efivarfs fusectl autofs cgroup; do
		run probe 101 mountfs $type /mnt/x
		# Those of networks ask what is to be mounted before they ask who wants that, and one for its firmware.
		[[ $output =~ ^(EPERM|ENODEV|EACCES)$ || $type:$output =~ ^(nfs:EINVAL|cifs:EINVAL|efivarfs:EOPNOTSUPP)$ ]] || { echo "$type: $output"; return 1; }
	done
	for type in tmpfs ramfs proc sysfs devpts mqueue cgroup2; do
		is "$type ok" "$type $(probe 101 mountfs $type /mnt/x)"
		inside 'umount /mnt/x' >/dev/null
	done
}

@test "inside: a /proc without masks gives no more than the one with them" {
	is "" "$(inside 'set -e; mkdir -p /mnt/p; mount -t proc none /mnt/p')"
	is EPERM "$(probe 101 open r /mnt/p/kcore | sed -E 's/ENOENT|EACCES/EPERM/')"
	run inside 'for f in sysrq-trigger sys/kernel/panic sys/kernel/core_pattern sys/kernel/modprobe sys/vm/drop_caches; do
		[ ! -e /mnt/p/$f ] || { (echo 1 >/mnt/p/$f) && echo "wrote $f"; }; done; cat /mnt/p/keys; umount /mnt/p'
	has_not "wrote" "openve-secret"
}

@test "inside: namespaces of the host can be neither named nor entered" {
	is EPERM "$(probe 101 parentns user)"
	is EPERM "$(probe 101 parentns pid)"
	# Whose processes are not to be seen has no file in /proc.
	is "" "$(inside 'ls -d /proc/[0-9]* | while read -r p; do readlink $p/ns/mnt; done | sort -u | grep -vxF "$(readlink /proc/1/ns/mnt)"; :')"
}

# bats test_tags=core,cgroup
@test "inside: no group outside of its own can be seen, entered or given an agent" {
	# Not by another mount of the tree, nor from a cgroup namespace further in.
	run inside 'mkdir -p /mnt/c; mount -t cgroup2 none /mnt/c; ls /mnt/c; umount /mnt/c
		mkdir -p /sys/fs/cgroup/in; echo 0 >/sys/fs/cgroup/in/cgroup.procs
		busybox unshare -m sh -c "cat /proc/self/cgroup; ls -d /sys/fs/cgroup/../cgroup/vz*"'
	has cgroup.procs
	has_not "vz-" "openve-test"
	# Version 1 knows programs that the host runs for it: he gets no such file, nor may he write to one.
	run inside 'for o in "-t cpuset none" "-t cgroup -o pids none" "-t cgroup -o memory none" "-t cgroup -o none,name=evil none"; do
		mount $o /mnt/c 2>/dev/null || continue
		[ ! -e /mnt/c/release_agent ] || echo "an agent with $o"
		(echo 1 >/mnt/c/notify_on_release) 2>/dev/null && echo "notified with $o"
		(echo 0 >/mnt/c/cgroup.procs) 2>/dev/null && echo "entered with $o"
		mkdir /mnt/c/evil 2>/dev/null && echo "made with $o"
		umount /mnt/c; done'
	has_not "with"
}

@test "inside: a raw socket reaches its own interfaces only" {
	is ok "$(probe 101 packet 1)"
	local index own
	# With modules for tunnels loaded each network has some from the beginning.
	own=$(inside 'ip -o link' | cut -d : -f 1 | xargs)
	for index in $(cat /sys/class/net/*/ifindex) 4711; do
		[[ " $own " == *" $index "* ]] || is ENODEV "$(probe 101 packet "$index")"
	done
	run inside 'ping -c 1 -W 1 198.51.100.1'
	has "etwork is unreachable"
}

@test "inside: files of another container are out of reach, by name and by number" {
	create_minimal 102 --layout simfs
	vzctl --quiet start 102
	vzctl --quiet exec 102 'echo secret >/secret'
	run inside "ls $PREFIX/vz/private/102/secret $PREFIX/vz/root/102/secret; find / -xdev -name secret"
	is "" "$(grep -v 'No such file' <<<"$output")"
	is EPERM "$(probe 101 open_by_handle_at)"
	# Nor by the same name of a shared object.
	vzctl --quiet exec 102 'mkdir -p /dev/mqueue; : >/dev/mqueue/secret; : >/dev/shm/secret' || :
	is "" "$(inside 'ls /dev/mqueue /dev/shm | grep secret; :')"
	is "" "$(inside 'for p in /proc/[0-9]*/root/secret; do [ ! -e $p ] || echo $p; done')"
	vzctl --quiet stop 102 --fast
	vzctl --quiet destroy 102
}

# ---- what works ----

# bats test_tags=core
@test "inside: nftables work, in its own network only" {
	unshare -n "$PROBE" nft | grep -qx ok || skip "the kernel has no nftables"
	is ok "$(probe 101 nft)"
	is EEXIST "$(probe 101 nft)"
	is ok "$(unshare -n "$PROBE" nft)"
}

@test "inside: users can have namespaces of their own" {
	is 0 "$(inside 'busybox unshare -U -r id -u')"
	is "0 0 1" "$(inside 'busybox unshare -U -r cat /proc/self/uid_map' | xargs)"
}

@test "inside: FUSE works where the administrator allows it, and has no device elsewhere" {
	require fuse
	is ENOENT "$(probe 101 fuse /mnt/x)"
	create_minimal 102 --features fuse:on
	vzctl --quiet start 102
	put_probe 102
	vzctl --quiet exec 102 'mkdir -p /mnt/x'
	is ok "$(probe 102 fuse /mnt/x)"
	vzctl --quiet stop 102 --fast
	vzctl --quiet destroy 102
}
