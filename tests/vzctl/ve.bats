#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The back end for our kernel: containers are virtual environments of it. scripts/test-vm -k ve runs this; on
# other kernels there is only what vzctl says of them.

# bats file_tags=ve

# shellcheck disable=SC2031,SC2154 # a prefix within a test is that test's; output is from the helpers
load ../lib/helpers

setup_file()
{
	! has_ve || export VZ_BACKEND=ve
	host_setup
	need_template minimal
	create_minimal 101
	cp "$(conf 101)" "$BATS_FILE_TMPDIR/101.conf"
	prefix_tag
}
teardown_file() { host_teardown; }
setup() { cp "$BATS_FILE_TMPDIR/101.conf" "$(conf 101)"; }
teardown()
{
	vzctl --quiet stop 101 --fast >/dev/null 2>&1 || :
	[ ! -e "$PREFIX/lxcfs" ] || lxcfs_stop
}

# ve ID FILE: what the kernel says of a container.
ve() { cat "/sys/fs/cgroup/vz-$PREFIX_TAG/$1/ve.$2"; }
# number ID: its number in the kernel.
number() { echo $((0x40000000 | (0x$PREFIX_TAG + $1 & 0x3fffffff))); }

has_stopped() { [ "$(ve 101 state)" = stopped ]; }
has_another_init() { [ "$(init_pid 101)" != "$1" ] && [ "$(ve 101 state 2>&1)" = running ]; }

@test "ve: a container that runs is a virtual environment, and one that is stopped leaves nothing" {
	require ve
	vzctl --quiet start 101
	status_is 101 "exist mounted running"
	is "$(number 101)" "$(ve 101 id)"
	is running "$(ve 101 state)"
	is 101 "$(ve 101 name)"
	is max "$(ve 101 cpus)"
	is "procview cpuview detect" "$(ve 101 features)"
	vzctl --quiet stop 101
	status_is 101 "exist unmounted down"
	is_down 101
}

@test "ve: the number is free again as soon as the container is stopped" {
	local i
	require ve
	for ((i = 0; i < 10; i++)); do
		vzctl --quiet start 101
		is running "$(ve 101 state)"
		vzctl --quiet stop 101 --fast
	done
	vzctl --quiet start 101
	vzctl --quiet restart 101
	is running "$(ve 101 state)"
	is "start 1" "$(ve 101 events | head -n 1)"
}

@test "ve: nothing of the controller is to be seen or changed inside" {
	require ve
	vzctl --quiet start 101
	output=$(vzctl exec 101 'cat /sys/fs/cgroup/cgroup.controllers; ls /sys/fs/cgroup')
	has memory
	is 0 "$(grep -cw ve <<<"$output" || :)"
	# Nor is it given away further down on the host: the kernel finds all processes in one place.
	is 0 "$(grep -cw ve "/sys/fs/cgroup/vz-$PREFIX_TAG/101/cgroup.subtree_control" || :)"
}

@test "ve: who enters is in it, too" {
	require ve
	vzctl --quiet start 101
	is ok "$(vzctl exec3 101 echo ok)"
	is "$(number 101)" "$(vzctl exec 101 cat /proc/self/status | sed -n 's/^envID:[[:space:]]*//p')"
	is 0 "$(sed -n 's/^envID:[[:space:]]*//p' /proc/self/status)"
}

@test "ve: the first thing that init reads is the container's own" {
	require ve
	create_minimal 102
	vzctl --quiet set 102 --ram 64M --save
	vzctl --quiet mount 102
	# It is a link to where the host has something, too.
	rm "$PREFIX/vz/root/102/sbin/init"
	cat >"$PREFIX/vz/root/102/sbin/init" <<'INIT'
#!/bin/sh
cat /proc/meminfo /proc/self/status >/first
exec /bin/busybox init
INIT
	chmod 0755 "$PREFIX/vz/root/102/sbin/init"
	vzctl --quiet start 102
	wait_for 10 vzctl exec 102 'grep -q ctxt_switches /first'
	output=$(vzctl exec 102 cat /first)
	vzctl --quiet stop 102 --fast
	vzctl --quiet destroy 102
	grep -qE '^MemTotal: +65536 kB$' <<<"$output"
	grep -qE "^envID:[[:space:]]+$(number 102)\$" <<<"$output"
}

@test "ve: --cpus says how many it sees, at once" {
	require ve
	vzctl --quiet set 101 --cpus 1 --save
	vzctl --quiet start 101
	is 1 "$(ve 101 cpus)"
	vzctl --quiet set 101 --cpus 2
	is 2 "$(ve 101 cpus)"
	vzctl --quiet set 101 --cpus 0
	is max "$(ve 101 cpus)"
	vzctl --quiet set 101 --cpus 65536
	is 8192 "$(ve 101 cpus)"
}

@test "ve: --osrelease is what uname says inside, at once" {
	require ve
	vzctl --quiet set 101 --osrelease 7.1.0-42stab1 --save
	vzctl --quiet start 101
	is 7.1.0-42stab1 "$(vzctl exec 101 uname -r)"
	is 7.1.0-42stab1 "$(vzctl exec 101 cat /proc/sys/kernel/osrelease)"
	rc_is 0 vzctl set 101 --osrelease 7.2.0
	has_not "kept"
	is 7.2.0 "$(vzctl exec 101 uname -r)"
	rc_is 0 vzctl set 101 --osrelease ''
	is "$(uname -r)" "$(vzctl exec 101 uname -r)"
	# For one run; and then what was saved comes back.
	vzctl --quiet restart 101 --fast --osrelease 7.3.0
	is 7.3.0 "$(vzctl exec 101 uname -r)"
	is 7.1.0-42stab1 "$(conf_value 101 OSRELEASE)"
	rc_is 21 vzctl restart 101 --fast --osrelease v7
	is 7.3.0 "$(vzctl exec 101 uname -r)"
	vzctl --quiet restart 101 --fast
	is 7.1.0-42stab1 "$(vzctl exec 101 uname -r)"
}

@test "ve: osrelease.conf tells containers the kernel that their template wants" {
	local file=$PREFIX/etc/vz/osrelease.conf suffix
	require ve
	cp "$file" "$BATS_TEST_TMPDIR/osrelease.conf"
	suffix=$(uname -r | sed 's/^[0-9.]*//')
	printf '%s\n' "other 99" "minim" "minimal 8.1.2" "minimal 99" >"$file"
	run vzctl start 101
	has "osrelease.conf': line 2 is no 'TEMPLATE-PREFIX VERSION', ignoring"
	is "8.1.2$suffix" "$(vzctl exec 101 uname -r)"
	# Its own word comes first, and without it that of the file is back.
	vzctl --quiet set 101 --osrelease 7.0
	is 7.0 "$(vzctl exec 101 uname -r)"
	vzctl --quiet set 101 --osrelease ''
	is "8.1.2$suffix" "$(vzctl exec 101 uname -r)"
	# The host's is new enough.
	echo "minimal 2.6.32" >"$file"
	vzctl --quiet restart 101 --fast
	is "$(uname -r)" "$(vzctl exec 101 uname -r)"
	vzctl --quiet stop 101 --fast
	rm "$file"
	mkdir "$file"
	rc_is 144 vzctl start 101
	is_down 101
	rmdir "$file"
	cp "$BATS_TEST_TMPDIR/osrelease.conf" "$file"
}

@test "ve: --features detect:off hides that it is one" {
	require ve
	vzctl --quiet set 101 --features detect:off --save
	vzctl --quiet start 101
	is "procview cpuview" "$(ve 101 features)"
	vzctl --quiet set 101 --features detect:on --save
	vzctl --quiet restart 101
	is "procview cpuview detect" "$(ve 101 features)"
}

@test "ve: its name is the container's" {
	require ve
	vzctl --quiet set 101 --name mail --save
	vzctl --quiet start 101
	is mail "$(ve 101 name)"
	vzctl --quiet stop 101 --fast
	# One that the kernel does not take is no reason not to start.
	vzctl --quiet set 101 --name 'münchen' --save
	vzctl --quiet start 101
	is 101 "$(ve 101 name)"
	vzctl --quiet set 101 --name '' --save
}

@test "ve: the kernel's views are said to be there, and lxcfs is left alone" {
	require ve
	vzctl --quiet start 101
	run vzctl status 101 --verbose
	has "its own"
	has_not lxcfs
	is 0 "$(vzctl exec 101 'grep -c lxcfs /proc/self/mountinfo || :')"
}

lxcfs_stop()
{
	kill -KILL "$(cat "$PREFIX/lxcfs")" "$HOLDER" || :
	rm "$PREFIX/lxcfs"
}
with_lxcfs() { nsenter -t "$HOLDER" -m "$BUILD/vzctl" --prefix "$PREFIX" "$@"; }

@test "ve: an lxcfs that runs on the host is not put over what the kernel shows" {
	require ve lxcfs fuse
	lxcfs_start
	create_minimal 104 --layout simfs
	vzctl --quiet set 104 --ram 64M --save
	# That it would work shows the back end for other kernels.
	VZ_BACKEND=ns with_lxcfs --quiet start 104
	is "/proc: its own (lxcfs)" "$(VZ_BACKEND=ns with_lxcfs status 104 -v | tail -n 1)"
	is "/proc: its own (lxcfs)" "$(with_lxcfs status 104 -v | tail -n 1)"
	with_lxcfs --quiet restart 104 --fast
	is "/proc: its own" "$(with_lxcfs status 104 -v | tail -n 1)"
	is 0 "$(with_lxcfs exec 104 'grep -c lxcfs /proc/self/mountinfo || :')"
	is "MemTotal: 65536 kB" "$(with_lxcfs exec 104 grep MemTotal /proc/meminfo | xargs)"
	with_lxcfs --quiet stop 104 --fast
	lxcfs_stop
	vzctl --quiet destroy 104
}

@test "ve: a /proc with hidepid=2 hides processes, and goes on telling of the container alone" {
	require ve
	vzctl --quiet set 101 --ram 64M --save
	vzctl --quiet start 101
	nobody() { nsenter -t "$(init_pid 101)" -a -S 65534 -G 65534 "$@"; }
	is /proc/1 "$(nobody ls -d /proc/1)"
	vzctl exec 101 mount -o remount,hidepid=2 /proc
	is "" "$(nobody ls -d /proc/1 2>/dev/null)"
	is "MemTotal: 65536 kB" "$(nobody grep MemTotal /proc/meminfo | xargs)"
	is "$(number 101)" "$(nobody cat /proc/self/status | sed -n 's/^envID:[[:space:]]*//p')"
	# Its root sees all of it as before.
	is init "$(vzctl exec 101 cat /proc/1/comm)"
	is "MemTotal: 65536 kB" "$(vzctl exec 101 grep MemTotal /proc/meminfo | xargs)"
}

@test "ve: one that was started as on other kernels is shown as what it is, and its limits can be set" {
	require ve
	VZ_BACKEND=ns vzctl --quiet start 101
	is "/proc: the host's figures" "$(vzctl status 101 --verbose | tail -n 1)"
	rc_is 0 vzctl set 101 --cpus 1 --ram 64M
	is "20000 20000" "$(cat "/sys/fs/cgroup/vz-$PREFIX_TAG/101/cpu.max")"
	is 67108864 "$(cat "/sys/fs/cgroup/vz-$PREFIX_TAG/101/memory.max")"
	is "$(grep MemTotal /proc/meminfo)" "$(vzctl exec 101 grep MemTotal /proc/meminfo)"
	rc_is 0 vzctl set 101 --cpus 0
	# Beside one that the kernel knows, which has the files of the controller made for both.
	create_minimal 103
	vzctl --quiet start 103
	rc_is 0 vzctl set 101 --cpus 1
	is "/proc: the host's figures" "$(vzctl status 101 --verbose | tail -n 1)"
	is "/proc: its own" "$(vzctl status 103 --verbose | tail -n 1)"
	vzctl --quiet stop 103 --fast
	vzctl --quiet destroy 103
	rc_is 0 vzctl restart 101 --fast
	is "/proc: its own" "$(vzctl status 101 --verbose | tail -n 1)"
}

@test "ve: a number that somebody else has is named, and nothing is left of the start" {
	local dir=/sys/fs/cgroup/vz-test-taken
	require ve
	mkdir "$dir"
	echo +ve >/sys/fs/cgroup/cgroup.subtree_control
	number 101 >"$dir/ve.id"
	rc_is 7 vzctl start 101
	has "another virtual environment of this kernel has the number $(number 101)"
	is_down 101
	rmdir "$dir"
	vzctl --quiet start 101
	is running "$(ve 101 state)"
}

@test "ve: the same container number below two prefixes" {
	require ve
	vzctl --quiet start 101
	(
		# shellcheck disable=SC2030 # that is what the parentheses are for
		first=$PREFIX_TAG PREFIX='' PREFIX_TAG=''
		host_setup
		prefix_tag
		create_minimal 101
		vzctl --quiet start 101
		is "$(number 101)" "$(ve 101 id)"
		is running "$(ve 101 state)"
		is running "$(PREFIX_TAG=$first ve 101 state)"
		host_teardown
	)
	is running "$(ve 101 state)"
	status_is 101 "exist mounted running"
}

@test "ve: where vzeventd is the parent of init, too; and a reboot inside starts it anew" {
	local pid
	require ve
	eventd_start
	vzctl --quiet start 101
	is running "$(ve 101 state)"
	pid=$(init_pid 101)
	vzctl exec 101 reboot >/dev/null 2>&1 || :
	wait_for 30 has_another_init "$pid"
	is "$(number 101)" "$(ve 101 id)"
	eventd_stop
}

@test "ve: vzeventd hears from the kernel of one that it was not told of: its end, and its reboot" {
	local pid
	require ve
	eventd_start
	# Whoever starts one does it without vzeventd, and cannot tell it afterwards.
	rm "$PREFIX/run/vz/vzeventd.sock"
	vzctl --quiet start 101
	kill -9 "$(init_pid 101)"
	wait_for 20 is_down 101
	vzctl --quiet start 101
	pid=$(init_pid 101)
	vzctl exec 101 reboot >/dev/null 2>&1 || :
	wait_for 30 has_another_init "$pid"
	eventd_stop
}

@test "ve: vzeventd writes down who was killed for want of memory, and not too often" {
	local log=$PREFIX/var/log/vzctl.log line
	require ve
	eventd_start
	vzctl --quiet set 101 --ram 32M --swap 0 --save
	vzctl --quiet start 101
	: >"$log"
	for _ in 1 2 3; do
		vzctl exec 101 'tail </dev/zero' >/dev/null 2>&1 || :
	done
	is 3 "$(ve 101 events | sed -n 's/^oom //p')"
	wait_for 5 grep -q "out of memory" "$log"
	sleep 1
	line=$(grep "CT 101 : out of memory: process [0-9]* (tail) was killed" "$log")
	# Where three take more than ten seconds there may be another line.
	[ "$(wc -l <<<"$line")" -lt 3 ]
	is running "$(ve 101 state)"
	eventd_stop
}

# storm: one after another sixty containers that end at once. Each tells of a start and of a stop.
storm()
{
	local dir=/sys/fs/cgroup/vz-test-storm
	mkdir "$dir"
	number 199 >"$dir/ve.id"
	for _ in {1..60}; do
		bash -c 'echo $$ >"$0/cgroup.procs" && exec unshare -U -r -p -f sh -c "echo START >&9" 9>"$0/ve.state"' "$dir"
	done
	is 60 "$(sed -n 's/^stop //p' "$dir/ve.events")"
	rmdir "$dir"
}

@test "ve: vzeventd that could not read all that the kernel told looks at everything" {
	local watcher
	require ve
	eventd_start
	rm "$PREFIX/run/vz/vzeventd.sock"
	vzctl --quiet start 101
	: >"$PREFIX/var/log/vzctl.log"
	watcher=$(eventd_watcher)
	kill -STOP "$watcher"
	storm
	# What is told last does not reach it.
	kill -9 "$(init_pid 101)"
	wait_for 5 has_stopped
	kill -CONT "$watcher"
	wait_for 20 is_down 101
	grep -q "the kernel told more than could be read" "$PREFIX/var/log/vzctl.log"
	eventd_stop
}

@test "ve: on a kernel without them VZ_BACKEND=ve says what is missing" {
	! has_ve || skip "the kernel has virtual environments"
	VZ_BACKEND=ve rc_is 5 vzctl start 101
	has "the running kernel has no virtual environments (cgroups have no controller 've')"
	is_down 101
}

@test "ve: what is taken in its place is said once" {
	local words="Containers are run by the back end 'ns': the running kernel has no virtual environments"
	! has_ve || skip "the kernel has virtual environments"
	rm -f "$PREFIX/run/vz/backend"
	unset VZ_BACKEND
	run vzctl start 101
	has "$words"
	status_is 101 "exist mounted running"
	run vzctl restart 101 --fast
	has_not "$words"
	is 1 "$(grep -cF "$words" "$PREFIX/var/log/vzctl.log")"
}

@test "ve: is what is taken where it is there" {
	require ve
	unset VZ_BACKEND
	vzctl --quiet start 101
	is running "$(ve 101 state)"
	[ ! -e "$PREFIX/run/vz/backend" ]
}
