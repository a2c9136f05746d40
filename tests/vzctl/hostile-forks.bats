#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A container that forks without end. There is a limit even if nobody set one; at the limit the container
# is at its wits' end, not the host: its commands say what is wrong, and a stop is as quick as ever.

load ../lib/helpers

setup_file()
{
	probe_setup
	create_minimal 101
	install -m 0755 "$PROBE" "$PREFIX/vz/private/101/upper/probe"
	cp "$(conf 101)" "$PREFIX/101.conf"
}
teardown_file() { host_teardown; }
teardown()
{
	vzctl --quiet stop 101 --fast || :
	vzctl --quiet umount 101 2>/dev/null || :
	cp "$PREFIX/101.conf" "$(conf 101)"
}

# pids FILE: of the container's group, in whichever hierarchy the controller is.
pids() { cat "$(ct_cgroups 101 | while read -r dir; do ls "$dir/$1"; done 2>/dev/null)"; }

is_full() { [ "$(pids pids.current)" -ge "$(pids pids.max)" ]; }

# fill_up: as many processes as there can be, their number in /tmp/n.
fill_up()
{
	rm -f "$PREFIX/vz/root/101/tmp/n"
	in_bg vzctl exec3 101 /bin/sh -c 'exec /probe forks >/tmp/n'
	wait_for 60 grep -q . "$PREFIX/vz/root/101/tmp/n" 2>/dev/null
}

# in_time SECONDS COMMAND…: it ends by itself.
in_time()
{
	local at=$SECONDS
	timeout -k 1 "$(patience "$1")" "${@:2}" || return
	[ $((SECONDS - at)) -le "$(patience "$1")" ]
}

@test "forks: 8192 processes are the limit of a container for which nobody set one" {
	local user
	vzctl --quiet start 101
	is 8192 "$(pids pids.max)"
	vzctl --quiet stop 101 --fast
	sed -i /^NUMPROC=/d "$(conf 101)"
	vzctl --quiet start 101
	is 8192 "$(pids pids.max)"
	fill_up
	# Init and the probe itself are the other two. A small machine has a lower limit for any user.
	user=$(prlimit --pid 1 --nproc --output SOFT --noheadings --raw)
	[[ $user != unlimited && $user -lt 8192 ]] || user=8192
	is "$((user - 2)) EAGAIN" "$(cat "$PREFIX/vz/root/101/tmp/n")"
}

# bats test_tags=core,cgroup
@test "forks: NUMPROC is the limit, from the start on and when it is set; unlimited is none" {
	vzctl --quiet set 101 --numproc 40:50 --save
	vzctl --quiet start 101
	is 50 "$(pids pids.max)"
	rc_is 0 vzctl set 101 --numproc 60 --save
	has_not "not enforced"
	is 60 "$(pids pids.max)"
	rc_is 0 vzctl set 101 --numproc unlimited --save
	is max "$(pids pids.max)"
	rc_is 0 vzctl set 101 --numproc 99999999
	is max "$(pids pids.max)"
}

@test "forks: a limit below what runs ends nobody, lets nobody in, and can be raised again" {
	local n
	vzctl --quiet set 101 --numproc 60 --save
	vzctl --quiet start 101
	fill_up
	n=$(pids pids.current)
	[ "$n" -gt 50 ]
	rc_is 0 vzctl set 101 --numproc 10 --save
	is "10 $n" "$(pids pids.max) $(pids pids.current)"
	status_is 101 "exist mounted running"
	rc_is 6 vzctl exec 101 true
	has "no room for another process in container 101" NUMPROC
	rc_is 0 vzctl set 101 --numproc 100 --save
	is ok "$(vzctl exec 101 echo ok)"
	is "$n" "$(pids pids.current)"
}

# bats test_tags=core,cgroup
@test "forks: the limit cannot be lifted from inside" {
	vzctl --quiet set 101 --numproc 50 --save
	vzctl --quiet start 101
	run vzctl exec 101 'for f in $(find /sys/fs/cgroup -name pids.max); do echo max >$f && echo lifted; done 2>/dev/null; :'
	has_not lifted
	is 50 "$(pids pids.max)"
	fill_up
	is "48 EAGAIN" "$(cat "$PREFIX/vz/root/101/tmp/n")"
}

@test "forks: a bomb reaches its limit; commands say so, the host works, stop --fast ends it at once" {
	vzctl --quiet set 101 --numproc 300 --save
	vzctl --quiet start 101
	in_bg vzctl exec3 101 /probe bomb
	wait_for 20 is_full
	# Each of them exits at once, and room is made; so ask for the moment when there is none.
	in_bg vzctl exec3 101 /probe forks
	wait_for 20 no_room
	rc_is 0 vzctl status 101
	is "CTID 101 exist mounted running" "$output"
	rc_is 0 vzlist 101 -H -o numproc
	[ "$output" -gt 100 ]
	is ok "$(sh -c 'echo ok')"
	in_time 10 "$BUILD/vzctl" --prefix "$PREFIX" stop 101 --fast
	is_down 101
}
no_room()
{
	run timeout "$(patience 10)" "$BUILD/vzctl" --prefix "$PREFIX" exec2 101 true
	[ "$status" -eq 6 ] && [[ $output == *"no room for another process in container 101"*NUMPROC* ]]
}

@test "forks: a full container is shut down, too: killed, after a word about it" {
	vzctl --quiet set 101 --numproc 30 --save
	vzctl --quiet start 101
	fill_up
	# Who helped the first one in was one of them for a moment.
	is_full || in_bg vzctl exec3 101 sleep 1000
	wait_for 5 is_full
	rc_is 6 vzctl set 101 --hostname other
	has "no room for another process" NUMPROC
	rc_is 0 in_time 20 "$BUILD/vzctl" --prefix "$PREFIX" stop 101
	has "no room for another process" "Killing container"
	is_down 101
}

@test "forks: a limit of one is too small for anything, and that is said, rc 6" {
	vzctl --quiet set 101 --numproc 1 --save
	rc_is 6 vzctl start 101
	has "no room for another process in container 101" NUMPROC
	is_down 101
}

@test "forks: without the controller a limit that was asked for is refused, one that was not is missed" {
	require v1
	findmnt -n /sys/fs/cgroup/pids >/dev/null || skip "the pids controller is not a v1 hierarchy here"
	local without=(unshare -m --propagation private sh -c 'umount /sys/fs/cgroup/pids && exec "$@"' -
		"$BUILD/vzctl" --prefix "$PREFIX")
	rc_is 0 "${without[@]}" start 101
	has "Warning: the pids controller of cgroups is not to be had here: processes are not limited"
	rc_is 1 "${without[@]}" set 101 --numproc 100 --save
	has "NUMPROC cannot be applied"
	is 8192 "$(conf_value 101 NUMPROC)"
	vzctl --quiet stop 101 --fast
	vzctl --quiet set 101 --numproc 100 --save
	rc_is 1 "${without[@]}" start 101
	has "NUMPROC cannot be applied"
	is_down 101
}
