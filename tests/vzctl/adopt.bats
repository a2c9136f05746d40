#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# vzctl adopt: containers that something else has made. That is our own vzctl here, below another prefix and with
# the back end for stock kernels, to which nothing of the kernel's objects is known.

# bats file_tags=ve

# shellcheck disable=SC2031,SC2154 # output is from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	create_minimal 11
	export OTHER=$PREFIX
	PREFIX=
	host_setup
	create_minimal 101
	! has_ve || export VZ_BACKEND=ve
	prefix_tag
}
teardown_file()
{
	host_teardown
	PREFIX=$OTHER VZ_BACKEND=ns host_teardown
}
setup() { other --quiet start 11; }
teardown()
{
	vzctl --quiet stop 101 --fast >/dev/null 2>&1 || :
	vzctl --quiet stop 201 --fast >/dev/null 2>&1 || :
	other --quiet stop 11 --fast >/dev/null 2>&1 || :
	rm -f "$PREFIX"/etc/vz/conf/20?.conf*
}

# other ARGUMENT…: the other engine.
other() { PREFIX=$OTHER VZ_BACKEND=ns vzctl "$@"; }
other_init() { PREFIX=$OTHER init_pid 11; }
# its FILE: of the cgroup that is the root for it.
its() { cat "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(other_init)/cgroup")/$1"; }
has_ended() { [ "$(vzctl status "$1")" = "CTID $1 deleted unmounted down" ] && [ ! -e "$PREFIX/run/vz/$1" ]; }

@test "adopt: the container of another engine gets a number, a row and figures of its own" {
	require ve
	rc_is 0 vzctl adopt 201 --pid "$(other_init)"
	has "Container was adopted"
	status_is 201 "exist unmounted running"
	is 201 "$(vzlist -H -o ctid 201 | xargs)"
	is "201 running" "$(vzlist -H -o ctid,status | xargs)"
	is running "$(its ve.state)"
	is ok "$(vzctl exec 201 echo ok)"
	is 0 "$(other exec 11 cat /proc/self/status | grep -c 'envID:[[:space:]]*0$' || :)"
	is no "$(conf_value 201 ONBOOT)"
	# The engine has noticed nothing.
	is "CTID 11 exist mounted running" "$(other status 11)"
}

@test "adopt: limits hold, at once and when it is adopted again" {
	require ve
	vzctl --quiet adopt 201 --pid "$(other_init)"
	rc_is 0 vzctl set 201 --ram 64M --cpus 1 --numproc 200 --save
	is 67108864 "$(its memory.max)"
	is 1 "$(its ve.cpus)"
	is 200 "$(its pids.max)"
	is "MemTotal: 65536 kB" "$(other exec 11 grep MemTotal /proc/meminfo | xargs)"
	other --quiet restart 11 --fast
	status_is 201 "deleted unmounted down"
	is max "$(its memory.max)"
	vzctl --quiet adopt 201 --pid "$(other_init)"
	is 67108864 "$(its memory.max)"
	is 1 "$(its ve.cpus)"
}

@test "adopt: it can be stopped, not started, and destroy leaves nothing of it" {
	require ve
	vzctl --quiet adopt 201 --pid "$(other_init)"
	rc_is 32 vzctl restart 201
	has "only what has made it can start it again"
	status_is 201 "exist unmounted running"
	rc_is 32 vzctl destroy 201
	rc_is 0 vzctl stop 201
	status_is 201 "deleted unmounted down"
	[ "$(other status 11)" = "CTID 11 exist mounted down" ]
	rc_is 43 vzctl start 201
	rc_is 0 vzctl destroy 201
	[ ! -e "$(conf 201)" ]
	[ ! -e "$PREFIX/run/vz/201" ]
}

@test "adopt: what is not a limit is refused" {
	local option
	require ve
	vzctl --quiet adopt 201 --pid "$(other_init)"
	cp "$(conf 201)" "$BATS_TEST_TMPDIR/conf"
	for option in "--ipadd 198.51.100.7" "--hostname x" "--userpasswd root:x" "--bindmount_add /mnt" "--netif_add eth0" \
		"--devnodes full:rw" "--diskspace 1G"; do
		# shellcheck disable=SC2086 # option and value
		rc_is 21 vzctl set 201 $option --save
		has "only its limits are ours"
	done
	cmp "$(conf 201)" "$BATS_TEST_TMPDIR/conf"
}

@test "adopt: whoever is no container, or somebody else's, is refused and nothing is left" {
	local host inside pid
	require ve
	pid=$(other_init)
	cp -r "$PREFIX/etc/vz/conf" "$BATS_TEST_TMPDIR/before"
	rc_is 20 vzctl adopt 201
	for word in 0 -1 x 1x 99999999999; do rc_is 21 vzctl adopt 201 --pid=$word; done
	rc_is 21 vzctl adopt 201 --pid 4194303
	has "there is no process 4194303"
	rc_is 21 vzctl adopt 201 --pid 1
	has "host's user namespace"
	in_bg other exec 11 sleep 987
	wait_for 5 pgrep -f "^sleep 987"
	inside=$(pgrep -f "^sleep 987" | head -n 1)
	rc_is 21 vzctl adopt 201 --pid "$inside"
	has "is not process 1"
	rc_is 21 vzctl adopt 101 --pid "$pid"
	has "is that of a container of our own"
	# One of ours, under another number.
	vzctl --quiet start 101
	rc_is 21 vzctl adopt 201 --pid "$(init_pid 101)"
	has "inside the virtual environment"
	is running "$(cat "/sys/fs/cgroup/vz-$PREFIX_TAG/101/ve.state")"
	is 0 "$(grep -cw ve "/sys/fs/cgroup/vz-$PREFIX_TAG/101/cgroup.subtree_control" || :)"
	vzctl --quiet stop 101 --fast
	# Whose limits would be the host's.
	sleep 1000 3>&- &
	host=$!
	echo $host >"/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")/cgroup.procs"
	rc_is 21 vzctl adopt 201 --pid "$pid"
	has "is a process of the host, too: $host"
	kill $host
	diff -r "$BATS_TEST_TMPDIR/before" "$PREFIX/etc/vz/conf"
	# And then as if nothing had been.
	vzctl --quiet adopt 201 --pid "$pid"
	rc_is 32 vzctl adopt 201 --pid "$pid"
	rc_is 7 vzctl adopt 202 --pid "$pid"
	has "another virtual environment already"
	[ ! -e "$(conf 202)" ]
}

@test "adopt: vzpid knows whose its processes are, also without asking our kernel" {
	local pid be
	require ve
	pid=$(other_init)
	rc_is 0 vzpid "$pid"
	line "$pid	0	init"
	vzctl --quiet adopt 201 --pid "$pid"
	in_bg vzctl exec 201 sleep 986
	wait_for 5 pgrep -f "^sleep 986"
	for be in ve ns; do
		VZ_BACKEND=$be rc_is 0 vzpid -p "$pid" "$(pgrep -n -f "^sleep 986")" $$
		line "$pid	1	201	init" "$$	$$	0	$(cat /proc/$$/comm)"
		grep -qE "^[0-9]+	[0-9]+	201	sleep$" <<<"$output"
		# For who has made it, it is what it was.
		PREFIX=$OTHER VZ_BACKEND=$be rc_is 0 vzpid "$pid"
		line "$pid	11	init"
	done
	other --quiet restart 11 --fast
	pid=$(other_init)
	for be in ve ns; do
		VZ_BACKEND=$be rc_is 0 vzpid "$pid"
		line "$pid	0	init"
	done
}

@test "adopt: vzeventd cleans up after one that ended" {
	require ve
	eventd_start
	vzctl --quiet adopt 201 --pid "$(other_init)"
	other --quiet stop 11 --fast
	wait_for 20 has_ended 201
	is "" "$(vzlist -H -o ctid | xargs)"
	eventd_stop
}

@test "adopt: one that reboots is left to who has made it" {
	require ve
	eventd_start
	vzctl --quiet adopt 201 --pid "$(other_init)"
	other exec 11 reboot >/dev/null 2>&1 || :
	wait_for 20 has_ended 201
	grep -q "CT 201 : Container has ended" "$PREFIX/var/log/vzctl.log"
	is 0 "$(grep -c "CT 201 : Container reboots" "$PREFIX/var/log/vzctl.log" || :)"
	eventd_stop
}

@test "adopt: --dry-run says what it would do" {
	run vzctl --dry-run adopt 201 --pid 4321
	has adopt
	[ ! -e "$(conf 201)" ]
}

@test "adopt: other kernels cannot, and say so" {
	! has_ve || skip "the kernel has virtual environments"
	rc_is 5 vzctl adopt 201 --pid "$(other_init)"
	has "that takes our kernel"
	[ ! -e "$(conf 201)" ]
	is "CTID 11 exist mounted running" "$(other status 11)"
}
