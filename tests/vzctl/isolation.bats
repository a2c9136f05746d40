#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The walls of a container. Every kind of namespace is its own; its ids are nobody else's; devices,
# capabilities and system calls are those that userland.md lists and no others; what the kernel shows of
# the host cannot be changed from inside; and nothing of whoever typed "vzctl start" or "vzctl exec" gets
# in. What a system needs to live is there all the same.

load ../lib/helpers

setup_file()
{
	probe_setup
	create_minimal 101 --hostname inside
	create_minimal 102 --layout simfs
	vzctl --quiet start 101
	put_probe 101
}
teardown_file() { host_teardown; }
teardown()
{
	vzctl --quiet stop 102 --fast >/dev/null 2>&1 || :
	vzctl --quiet umount 102 >/dev/null 2>&1 || :
	rm -f "$PREFIX"/etc/vz/conf/*.mount "$PREFIX/disk"
	# What a test made beside the file's own prefix.
	[ ! -d "$BATS_TEST_TMPDIR/groups" ] || leave_groups
	[ -z "${PREFIX2:-}" ] || (PREFIX=$PREFIX2 PREFIX_TAG='' host_teardown)
	(
		cp "$PREFIX/102.conf" "$(conf 102)"
		vzctl --quiet destroy 103
	) >/dev/null 2>&1 || :
}

# inside COMMAND: in 101, standard error too.
inside() { vzctl exec 101 "$1" 2>&1 || :; }

# ---- names ----

# bats test_tags=core,cgroup
@test "isolation: all eight namespaces are the container's own, of init and of exec" {
	local ns
	for ns in cgroup ipc mnt net pid time user uts; do
		[ "$(readlink "/proc/$(init_pid 101)/ns/$ns")" != "$(readlink /proc/self/ns/$ns)" ] ||
			{ echo "$ns is the host's"; return 1; }
		is "$(readlink "/proc/$(init_pid 101)/ns/$ns")" "$(inside "readlink /proc/self/ns/$ns")"
	done
}

# bats test_tags=core
@test "isolation: two containers share no namespace" {
	local ns
	vzctl --quiet start 102
	for ns in cgroup ipc mnt net pid time user uts; do
		[ "$(readlink "/proc/$(init_pid 101)/ns/$ns")" != "$(readlink "/proc/$(init_pid 102)/ns/$ns")" ]
	done
}

# bats test_tags=core
@test "isolation: clocks begin with the container" {
	local up began=$SECONDS
	vzctl --quiet start 102
	up=$(vzctl exec 102 cat /proc/uptime)
	[ "${up%%.*}" -le $((SECONDS - began + 1)) ] || { echo "$up"; return 1; }
	[ "$(cut -d. -f1 /proc/uptime)" -gt 60 ] || skip "the host is too young to see a difference"
}

# bats test_tags=core
@test "isolation: every start has a boot id of its own" {
	local first
	vzctl --quiet start 102
	first=$(vzctl exec 102 cat /proc/sys/kernel/random/boot_id)
	[[ $first =~ ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$ ]]
	[ "$first" != "$(cat /proc/sys/kernel/random/boot_id)" ]
	vzctl --quiet restart 102 --fast
	[ "$first" != "$(vzctl exec 102 cat /proc/sys/kernel/random/boot_id)" ]
}

# bats test_tags=core,cgroup
@test "isolation: inside nothing is seen of the host's processes, mounts and interfaces" {
	local pid
	sleep 60 3>&- &
	pid=$!
	run inside 'for p in /proc/[0-9]*; do cat $p/cmdline | tr "\0" " "; echo; done'
	kill $pid
	has_not "sleep 60" "bats"
	run inside 'cat /proc/self/mountinfo'
	has_not "$PREFIX" " - ext4 " " - btrfs "
	# What any new network has: with some drivers that is more than lo.
	is "$(unshare -n ip -o link | names_of_links)" "$(inside 'ip -o link' | names_of_links)"
	is "$(inside 'ip -o link' | names_of_links)" "$(inside 'ls /sys/class/net' | grep -vx bonding_masters | xargs)"
}

# Of the output of ip -o link, sorted.
names_of_links() { sed -E 's/^[0-9]+: ([^:@]+).*/\1/' | sort | xargs; }

# ---- ids ----

# bats test_tags=core
@test "isolation: ids are mapped to a range that is the container's alone, and registered" {
	local base1 base2
	base1=$(conf_value 101 LOCAL_UID)
	base2=$(conf_value 102 LOCAL_UID)
	[ "$base1" -ge 524288 ] && [ "$base2" -ge 524288 ]
	[ $((base1 > base2 ? base1 - base2 : base2 - base1)) -ge 65536 ]
	is "0 $base1 65536" "$(xargs <"/proc/$(init_pid 101)/uid_map")"
	is "0 $base1 65536" "$(xargs <"/proc/$(init_pid 101)/gid_map")"
	is "$base1 65536 $(conf 101)" "$(grep -F " $(conf 101)" /var/lib/vzctl/ids)"
	is "$base1" "$(stat -c %u "/proc/$(init_pid 101)")"
}

@test "isolation: ranges of /etc/subuid and /etc/subgid are left to their owners" {
	[ -e /etc/subuid ] && [ -e /etc/subgid ] || skip "no /etc/subuid here to be replaced"
	local base=$((524288 + 65536 * 103)) free
	echo "someone:$base:65536" >"$BATS_TEST_TMPDIR/subuid"
	echo "someone:$((base + 65536)):10" >"$BATS_TEST_TMPDIR/subgid"
	unshare -m --propagation private sh -c '
		mount --bind "$1/subuid" /etc/subuid && mount --bind "$1/subgid" /etc/subgid && shift &&
			exec "$@"' - "$BATS_TEST_TMPDIR" "$BUILD/vzctl" --prefix "$PREFIX" --quiet \
		create 103 --ostemplate minimal
	free=$(conf_value 103 LOCAL_UID)
	[ "$free" -ge $((base + 131072)) ] || [ $((free + 65536)) -le "$base" ] ||
		{ echo "took $free"; return 1; }
}

@test "isolation: two hosts on one machine run the same CTID at once" {
	local init
	export PREFIX2
	PREFIX2=$(host_setup && echo "$PREFIX")
	(
		PREFIX=$PREFIX2 PREFIX_TAG=''
		create_minimal 101 --hostname other
		vzctl --quiet start 101
	)
	is inside "$(inside hostname)"
	is other "$(PREFIX=$PREFIX2 vzctl exec 101 hostname)"
	[ "$(conf_value 101 LOCAL_UID)" != "$(PREFIX=$PREFIX2 conf_value 101 LOCAL_UID)" ]
	init=$(init_pid 101)
	PREFIX=$PREFIX2 vzctl --quiet stop 101 --fast
	status_is 101 "exist mounted running"
	is "$init" "$(init_pid 101)"
	is "" "$(PREFIX=$PREFIX2 PREFIX_TAG='' ct_cgroups '')"
	[ -n "$(ct_cgroups 101)" ]
}

# bats test_tags=core
@test "isolation: on disk ids are those of the container, not shifted, with every layout" {
	vzctl --quiet start 102
	inside 'echo x >/mnt/f; chown 33:5 /mnt/f; echo y >/mnt/g'
	is 33:5 "$(stat -c %u:%g "$PREFIX/vz/private/101/upper/mnt/f")"
	is 0:0 "$(stat -c %u:%g "$PREFIX/vz/private/101/upper/mnt/g")"
	vzctl exec 102 'echo x >/mnt/f; chown 33:5 /mnt/f'
	is 33:5 "$(stat -c %u:%g "$PREFIX/vz/private/102/mnt/f")"
	# Through VE_ROOT the host sees the container's own range.
	is $(($(conf_value 101 LOCAL_UID) + 33)) "$(stat -c %u "$PREFIX/vz/root/101/mnt/f")"
}

# bats test_tags=core
@test "isolation: a setuid file of a container is worth nothing to an ordinary user of the host" {
	require setpriv
	# By a shell of the user's: setpriv itself still has what it needs to get anywhere.
	local user=(setpriv --reuid=65534 --regid=65534 --clear-groups sh -c)
	inside 'cp /probe /id && chmod 4755 /id'
	is 4755:0 "$(stat -c %a:%u "$PREFIX/vz/private/101/upper/id")"
	is 0 "$(setpriv --reuid=65534 "$PREFIX/vz/private/101/upper/id" euid)"
	rc_is 126 "${user[@]}" "$PREFIX/vz/private/101/upper/id euid"
	rc_is 1 "${user[@]}" "stat $PREFIX/vz/private/101"
	is 700 "$(stat -c %a "$PREFIX/vz/private")"
	# Nor where it is mounted; and where an administrator opens that for him, he runs it as himself.
	run findmnt -n -o OPTIONS "$PREFIX/vz/root/101"
	has nosuid nodev
	rc_is 126 "${user[@]}" "$PREFIX/vz/root/101/id euid"
	chmod 0755 "$PREFIX/vz/root"
	is 65534 "$("${user[@]}" "$PREFIX/vz/root/101/id euid")"
	chmod 0700 "$PREFIX/vz/root"
}

# ---- what the kernel shows ----

# bats test_tags=core
@test "isolation: knobs of the whole host cannot be turned from inside" {
	local f
	for f in /proc/sys/kernel/panic /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /proc/sysrq-trigger \
		/proc/sys/fs/file-max /proc/irq/default_smp_affinity /proc/sys/kernel/printk; do
		[ -e $f ] || continue
		run inside "echo 1 >$f && echo written"
		has_not written
	done
	run inside 'find /sys /proc/sys/kernel /proc/sys/vm /proc/sys/fs -xdev -type f | /probe writable'
	# What belongs to its user, IPC and UTS namespaces is its own.
	run grep -vE '^/proc/sys/kernel/(domainname|hostname|msg|sem$|shm|auto_msgmni|ns_last_pid|pid_max|keys/|.*_next_id$)|^/proc/sys/fs/mqueue/' \
		<<<"$output"
	is "" "$output"
	# Nor after a remount, which its root may do; the settings of its own network are its own.
	run inside 'mount -o remount,bind,rw /sys; find /sys -xdev -type f | /probe writable; mount -o remount,bind,ro /sys'
	is "" "$(grep -v '^/sys/devices/virtual/net/' <<<"$output")"
}

# bats test_tags=core
@test "isolation: knobs of its own can be turned" {
	is 1 "$(inside 'echo 1 >/proc/sys/net/ipv4/ip_forward; cat /proc/sys/net/ipv4/ip_forward')"
	is 0 "$(cat /proc/sys/net/ipv4/ip_forward)" || skip "the host forwards, too"
	is 12345678 "$(inside 'echo 12345678 >/proc/sys/kernel/shmmax; cat /proc/sys/kernel/shmmax')"
	[ "$(cat /proc/sys/kernel/shmmax)" != 12345678 ]
}

@test "isolation: /proc says nothing that only the host's root should read" {
	local f
	for f in kcore keys timer_list sched_debug latency_stats; do
		is "" "$(inside "[ ! -e /proc/$f ] || head -c 100 /proc/$f")"
	done
	run inside 'for d in bus fs irq; do grep " /proc/$d " /proc/self/mounts; done'
	has "/proc/bus proc ro," "/proc/irq proc ro,"
}

# ---- devices ----

# bats test_tags=core
@test "isolation: the usual devices work" {
	is ok "$(probe 101 open w /dev/null)"
	is 8 "$(inside 'head -c 8 /dev/zero | wc -c')"
	is 16 "$(inside 'head -c 16 /dev/urandom | wc -c')"
	run inside 'echo x >/dev/full'
	has "No space left"
	is ok "$(probe 101 open rw /dev/ptmx)"
	is ENXIO "$(probe 101 open rw /dev/tty)"
	is /dev/null "$(inside 'stat -c %t:%T /dev/console | sed "s|^1:3\$|/dev/null|"')"
	run inside 'ls -A /dev'
	is "console core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero" "$(xargs <<<"$output")"
}

# bats test_tags=core
@test "isolation: no device node can be made inside" {
	is EPERM "$(probe 101 mknod c 1 3 /tmp/null)"
	is EPERM "$(probe 101 mknod b 7 0 /dev/loop0)"
}

# bats test_tags=core,cgroup
@test "isolation: a node that got in all the same is refused by the device controller" {
	# One in its tree, one bound over a file, as an administrator might do it by mistake.
	mknod "$PREFIX/disk" b 240 77
	mknod "$PREFIX/vz/private/102/node" b 240 77
	chmod 0666 "$PREFIX/disk" "$PREFIX/vz/private/102/node"
	printf '#!/bin/sh\n: >"$VE_ROOT/mnt/bound" && mount --bind "%s" "$VE_ROOT/mnt/bound"\n' "$PREFIX/disk" |
		install -m 0755 /dev/stdin "$PREFIX/etc/vz/conf/102.mount"
	cp "$(conf 102)" "$PREFIX/102.conf"
	vzctl --quiet start 102
	put_probe 102
	is EPERM "$(probe 102 open r /mnt/bound)"
	is EPERM "$(probe 102 open w /node)"
	# Allowed, the kernel goes on to look for the device, which there is not. This shows the test can fail.
	vzctl --quiet set 102 --devices b:240:77:r --save
	is ENXIO "$(probe 102 open r /mnt/bound)"
	is EPERM "$(probe 102 open w /mnt/bound)"
	vzctl --quiet set 102 --devices b:240:77:none --save
	is EPERM "$(probe 102 open r /mnt/bound)"
	rm -f "$PREFIX/vz/private/102/node"
}

# bats test_tags=core,cgroup
@test "isolation: features and --devnodes bring devices of the host, with the rights asked for" {
	require fuse tun
	local before
	before=$(stat -c %a:%u /dev/fuse /dev/net/tun)
	is ENOENT "$(probe 101 open rw /dev/net/tun)"
	cp "$(conf 102)" "$PREFIX/102.conf"
	vzctl --quiet set 102 --features tun:on --devnodes fuse:r --save
	vzctl --quiet start 102
	put_probe 102
	is ok "$(probe 102 open rw /dev/net/tun)"
	is ok "$(probe 102 open r /dev/fuse)"
	is EPERM "$(probe 102 open rw /dev/fuse)"
	# The nodes are its root's; the host's own are as they were.
	is 0 "$(vzctl exec 102 stat -c %u /dev/fuse)"
	is "$before" "$(stat -c %a:%u /dev/fuse /dev/net/tun)"
	run vzctl exec 102 'ls -A /dev; cat /proc/self/mountinfo'
	has_not .vz
}

# bats test_tags=core,cgroup
@test "isolation: --devnodes brings nodes into a running container at once, and takes them away" {
	require fuse tun
	cp "$(conf 102)" "$PREFIX/102.conf"
	vzctl --quiet start 102
	put_probe 102
	rc_is 0 vzctl set 102 --devnodes fuse:r --devnodes net/tun:rw --save
	has "Setting devices"
	is ok "$(probe 102 open r /dev/fuse)"
	is EPERM "$(probe 102 open rw /dev/fuse)"
	is ok "$(probe 102 open rw /dev/net/tun)"
	is "0 1" "$(vzctl exec 102 'stat -c %u /dev/fuse; grep -c " /dev/fuse " /proc/self/mountinfo' | xargs)"
	# Another access is another rule for the same node.
	rc_is 0 vzctl set 102 --devnodes fuse:rw --save
	is ok "$(probe 102 open rw /dev/fuse)"
	is 1 "$(vzctl exec 102 'grep -c " /dev/fuse " /proc/self/mountinfo')"
	rc_is 0 vzctl set 102 --devnodes fuse:none --save
	is ENOENT "$(probe 102 open r /dev/fuse)"
	is ok "$(probe 102 open rw /dev/net/tun)"
	# What is not there, or the container's own, is left alone.
	rc_is 0 vzctl set 102 --devnodes fuse:none --save
	vzctl exec 102 'echo mine >/dev/fuse'
	rc_is 0 vzctl set 102 --devnodes fuse:none
	is mine "$(vzctl exec 102 cat /dev/fuse)"
	# After a restart it is as it was set.
	vzctl --quiet restart 102 --fast
	is ENOENT "$(probe 102 open r /dev/fuse)"
	is ok "$(probe 102 open rw /dev/net/tun)"
	rc_is 86 vzctl set 102 --devnodes openve-none:rw --save
	has "/dev/openve-none"
	rc_is 86 vzctl set 102 --devnodes pts:r --save
	has "The /dev/pts is not block or character device"
	if [ -c /dev/vcs ]; then
		rc_is 86 vzctl set 102 --devnodes vcs:r --save
		has "Device vcs is not allowed for --devnodes"
	fi
	is net/tun:rw "$(conf_value 102 DEVNODES | xargs)"
}

@test "isolation: a node in whose place the container put something else is refused, rc 86, and nothing of the host is touched" {
	require fuse
	cp "$(conf 102)" "$PREFIX/102.conf"
	vzctl --quiet start 102
	vzctl exec 102 'ln -s /etc/passwd /dev/fuse'
	rc_is 86 vzctl set 102 --devnodes fuse:rw --save
	has "make '/dev/fuse' inside container 102"
	vzctl exec 102 'rm /dev/fuse; mkdir /dev/fuse'
	rc_is 86 vzctl set 102 --devnodes fuse:rw --save
	is "<unset>" "$(conf_value 102 DEVNODES)"
	[ -c /dev/fuse ]
}

# ---- capabilities and system calls ----

# bounding ID: names of the set, blank-separated.
bounding()
{
	capsh --decode="$(vzctl exec "$1" 'sed -n "s/^CapBnd:[^0-9a-f]*//p" /proc/1/status')" | sed 's/.*=//; s/cap_//g; s/,/ /g'
}

# bats test_tags=core
@test "isolation: init has the documented capabilities and no others" {
	require capsh
	is "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable \
net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_chroot sys_ptrace sys_pacct \
sys_admin sys_boot sys_nice sys_resource sys_tty_config mknod lease audit_write audit_control setfcap \
syslog wake_alarm block_suspend audit_read checkpoint_restore" "$(bounding 101)"
	is "$(inside 'grep Cap /proc/1/status')" "$(inside 'grep Cap /proc/self/status')"
	is "$(inside 'sed -n s/^CapBnd://p /proc/1/status')" "$(inside 'sed -n s/^CapEff://p /proc/1/status')"
	is 0000000000000000 "$(inside 'sed -n s/^CapAmb://p /proc/1/status' | xargs)"
}

# bats test_tags=core
@test "isolation: --capability takes and gives at the next start, to exec as well" {
	require capsh
	cp "$(conf 102)" "$PREFIX/102.conf"
	vzctl --quiet start 102
	run bounding 102
	has net_raw
	vzctl --quiet set 102 --capability net_raw:off --capability sys_time:on --save
	vzctl --quiet restart 102 --fast
	run bounding 102
	has_not net_raw
	has sys_time
	is "$(vzctl exec 102 'grep CapBnd /proc/1/status')" "$(vzctl exec 102 'grep CapBnd /proc/self/status')"
}

# bats test_tags=core
@test "isolation: system calls that get past a user namespace are refused" {
	local call
	for call in bpf init_module finit_module delete_module kexec_load open_by_handle_at perf_event_open \
		clock_settime acct swapon iopl; do
		is "$call EPERM" "$call $(probe 101 $call)"
	done
	for call in io_uring_setup keyctl add_key request_key userfaultfd; do
		is "$call ENOSYS" "$call $(probe 101 $call)"
	done
	is ok "$(probe 101 getppid)"
	is 2 "$(inside 'sed -n "s/^Seccomp:[^0-9]*//p" /proc/1/status')"
}

# bats test_tags=core
@test "isolation: --features io_uring:on lets io_uring through" {
	[ "$("$PROBE" io_uring_setup)" != ENOSYS ] || skip "the kernel has no io_uring"
	cp "$(conf 102)" "$PREFIX/102.conf"
	vzctl --quiet set 102 --features io_uring:on --save
	vzctl --quiet start 102
	put_probe 102
	[ "$(probe 102 io_uring_setup)" != ENOSYS ]
	is ENOSYS "$(probe 102 keyctl)"
}

# bats test_tags=core
@test "isolation: namespaces can be made inside, except a host name's alone" {
	is EPERM "$(probe 101 unshare 4000000)"
	is ok "$(probe 101 unshare 6000000)"
	is ok "$(probe 101 unshare 20000)"
	is ok "$(probe 101 unshare 10000000)"
	is ok "$(probe 101 unshare 40000000)"
	is ok "$(probe 101 unshare 2000000)"
}

# bats test_tags=core
@test "isolation: new file systems can be mounted inside" {
	run inside 'set -e; mkdir -p /mnt/t /mnt/l /mnt/u /mnt/w /mnt/o; mount -t tmpfs none /mnt/t; echo 1 >/mnt/t/f
		mount --bind /mnt/t /mnt/l; cat /mnt/l/f; mkdir /mnt/t/u /mnt/t/w
		mount -t overlay -o lowerdir=/bin,upperdir=/mnt/t/u,workdir=/mnt/t/w,userxattr none /mnt/o; ls /mnt/o/busybox
		umount /mnt/o /mnt/l /mnt/t; echo unmounted'
	line 1 /mnt/o/busybox unmounted
}

# ---- cgroups ----

# bats test_tags=core,cgroup
@test "isolation: the cgroup tree inside is v2, begins at the container's own group, and is writable" {
	is cgroup2 "$(inside 'stat -f -c %T /sys/fs/cgroup | sed s/cgroup2fs/cgroup2/; :' | sed 's/.*UNKNOWN.*/cgroup2/')"
	run inside 'grep " /sys/fs/cgroup" /proc/self/mountinfo'
	is 1 "${#lines[@]}"
	has " / /sys/fs/cgroup " " - cgroup2 "
	is "0::/" "$(inside 'grep ^0: /proc/1/cgroup')"
	is made "$(inside 'mkdir /sys/fs/cgroup/test && (echo 0 >/sys/fs/cgroup/test/cgroup.procs) && echo made')"
	is gone "$(inside 'rmdir /sys/fs/cgroup/test && echo gone')"
}

# bats test_tags=core,cgroup
@test "isolation: the files that limit the container are out of its reach" {
	run inside 'cd /sys/fs/cgroup; ls | /probe writable'
	has cgroup.procs cgroup.subtree_control
	is "" "$(grep -vxE 'cgroup\.(procs|threads|subtree_control|max\.depth)|memory\.(oom\.group|reclaim)' <<<"$output")"
	run inside 'echo 1 >/sys/fs/cgroup/cgroup.freeze && echo frozen'
	has_not frozen
	is "vz-" "$(sed -n 's|^0::/\(vz-\).*|\1|p' "/proc/$(init_pid 101)/cgroup")"
	# A v1 hierarchy, if it can be mounted at all, shows the group and does not let go of it.
	run inside 'mkdir -p /mnt/v1; mount -t cgroup -o devices none /mnt/v1 || exit 0
		(echo a >/mnt/v1/devices.allow) && echo widened; mkdir /mnt/v1/x && echo made
		umount /mnt/v1'
	has_not widened made
}

# enter_groups: this shell gets a group "openve-test.PID" in every hierarchy; leave_groups ends it.
enter_groups()
{
	local dir
	mkdir "$BATS_TEST_TMPDIR/groups"
	findmnt -rn -t cgroup,cgroup2 -o TARGET | while read -r dir; do
		mkdir "$dir/openve-test.$$"
		for f in cpuset.cpus cpuset.mems; do
			[ ! -e "$dir/openve-test.$$/$f" ] || cat "$dir/$f" >"$dir/openve-test.$$/$f" 2>/dev/null || :
		done
		echo "$dir/openve-test.$$" >>"$BATS_TEST_TMPDIR/groups/list"
	done
}
leave_groups()
{
	local dir pid
	while read -r dir; do
		for pid in $(cat "$dir/cgroup.procs" 2>/dev/null); do kill -9 "$pid" 2>/dev/null || :; done
	done <"$BATS_TEST_TMPDIR/groups/list"
	while read -r dir; do
		[ ! -d "$dir" ] || wait_for 5 rmdir "$dir"
	done <"$BATS_TEST_TMPDIR/groups/list"
	rm -r "$BATS_TEST_TMPDIR/groups"
}

# bats test_tags=core,cgroup
@test "isolation: a container survives the service that started it" {
	enter_groups
	bash -c 'while read -r dir; do echo $$ >"$dir/cgroup.procs"; done <"$1"; shift; "$@"; sleep 60' - \
		"$BATS_TEST_TMPDIR/groups/list" "$BUILD/vzctl" --prefix "$PREFIX" --quiet start 102 3>&- &
	wait_for 10 status_is 102 "exist mounted running"
	# The end of a service: everything in its groups is killed, and the groups go.
	wait_for 5 grep -q . "$(head -n 1 "$BATS_TEST_TMPDIR/groups/list")/cgroup.procs"
	wait_for 5 [ ! -e "$PREFIX/run/vz/lock/102.lck" ]
	leave_groups
	status_is 102 "exist mounted running"
	run cat "/proc/$(init_pid 102)/cgroup"
	has_not openve-test
	is yes "$(vzctl exec 102 'echo yes')"
}

# ---- the caller ----

# traces PID: what of a caller could be left on a process, one line.
traces()
{
	awk '/Max open files/ { printf "nofile %s ", $4 }' "/proc/$1/limits"
	sed 's/.*) //' "/proc/$1/stat" | awk '{ printf "nice %s policy %s ", $17, $39 }'
	echo "oom $(cat "/proc/$1/oom_score_adj") personality $(cat "/proc/$1/personality") $(grep Cpus_allowed_list "/proc/$1/status" | xargs)" \
		"umask $(sed -n 's/^Umask:\t//p' "/proc/$1/status")"
}

# burdened COMMAND…: run it with everything a caller may have set.
burdened()
{
	bash -c 'umask 077; ulimit -S -n 64; echo 500 >/proc/self/oom_score_adj; exec "$@"' - \
		setarch -R nice -n 10 taskset -c 0 "$PROBE" keyring "$@"
}

# bats test_tags=core
@test "isolation: nothing of the caller's surroundings is left on init" {
	require setarch taskset
	local plain
	vzctl --quiet start 102
	plain=$(traces "$(init_pid 102)")
	vzctl --quiet stop 102 --fast
	burdened bash -c 'exec "$@" <&- >&- 2>&-' - "$BUILD/vzctl" --prefix "$PREFIX" start 102
	is "$plain" "$(traces "$(init_pid 102)")"
	is 755 "$(ct_cgroups 102 | xargs stat -c %a | sort -u)"
	[[ $plain == *"nice 0 policy 0 oom 0 personality 00000000"*"umask 0022" ]] || { echo "$plain"; return 1; }
	# Its descriptors are its own: /dev/null three times, as far as init has not opened others.
	run find "/proc/$(init_pid 102)/fd" -maxdepth 1 -lname "*$PREFIX*"
	is "" "$output"
	[ ! -e /proc/keys ] || {
		run vzctl exec 102 'umount /proc/keys; cat /proc/keys'
		has_not openve-secret
	}
}

@test "isolation: nothing of the caller's surroundings is left on a command that is exec'ed" {
	require setarch taskset
	local plain loaded
	in_bg vzctl exec3 101 /probe sleep plain
	wait_for 5 pgrep -x plain
	in_bg burdened "$BUILD/vzctl" --prefix "$PREFIX" exec3 101 /probe sleep burdened
	wait_for 5 pgrep -x burdened
	plain=$(traces "$(pgrep -x plain)")
	loaded=$(traces "$(pgrep -x burdened)")
	inside 'kill $(pidof plain burdened)'
	is "$plain" "$loaded"
	run inside 'umount /proc/keys; cat /proc/keys; mount --bind /dev/null /proc/keys'
	has_not openve-secret
	# It shows what the test is about.
	[ ! -e /proc/keys ] || { run "$PROBE" keyring cat /proc/keys; has openve-secret; }
}

@test "isolation: a command started with closed standard streams runs and finds them harmless" {
	bash -c '"$@" <&- >&- 2>&-' - "$BUILD/vzctl" --prefix "$PREFIX" exec 101 \
		'ls -l /proc/self/fd >/tmp/fds; echo done >>/tmp/fds'
	run inside 'cat /tmp/fds'
	line "done"
	has_not "$PREFIX" "/dev/pts" "cgroup" "socket:"
}

# bats test_tags=core,cgroup
@test "isolation: after the start no process is left but the container's" {
	local pid dir
	vzctl --quiet start 102
	run pgrep -f "vzctl --prefix $PREFIX"
	is "" "$output"
	# All that is in its groups lives in its namespaces: no helper of ours in between.
	for dir in $(ct_cgroups 102); do
		for pid in $(find "$dir" -name cgroup.procs -exec cat {} +); do
			is "$(readlink "/proc/$(init_pid 102)/ns/pid")" "$(readlink "/proc/$pid/ns/pid")"
			is "$(readlink "/proc/$(init_pid 102)/root")" "$(readlink "/proc/$pid/root")"
		done
	done
}
