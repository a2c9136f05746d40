#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# vzctl adopt: containers that something else has made. That is our own vzctl here, below another prefix and with
# the back end for stock kernels, to which nothing of the kernel's objects is known; or util-linux, where a container
# has to be of a kind that engines seldom make.

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
	vzctl --quiet stop 202 --fast >/dev/null 2>&1 || :
	other --quiet stop 11 --fast >/dev/null 2>&1 || :
	forget_by_hand
	rm -f "$PREFIX"/etc/vz/conf/20?.conf*
}

# other ARGUMENT…: the other engine.
other() { PREFIX=$OTHER VZ_BACKEND=ns vzctl "$@"; }
other_init() { PREFIX=$OTHER init_pid 11; }
# its FILE: of the cgroup that is the root for it.
its() { cat "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(other_init)/cgroup")/$1"; }

# ---- containers of no engine ----

# hand NAME: a cgroup for one, not below the groups of vzctl.
hand() { echo "/sys/fs/cgroup/adopt-$PREFIX_TAG-$1"; }

# by_hand GROUP COMMAND…: made by a COMMAND of util-linux in a cgroup. Sets maker, and init: both as the host sees them.
by_hand()
{
	mkdir -p "$1"
	# shellcheck disable=SC2016 # for the shell there
	in_bg sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$@"
	maker=$!
	wait_for 5 has_made "$maker"
	init=$(pgrep -P "$maker")
}
has_made() { pgrep -P "$1" >/dev/null; }
is_called() { [ "$(cat "/proc/$1/comm")" = "$2" ]; }
# It ends with 7 when it is asked to.
program='trap "exit 7" TERM; while :; do sleep 0.1; done'
# With the namespaces that make it a container.
contain=(unshare -U -r -p -f -C --kill-child)

# move_all GROUP GROUP: all processes of one into another; some are born and end meanwhile.
move_all()
{
	local pids pid
	mkdir -p "$2"
	while pids=$(cat "$1/cgroup.procs") && [ -n "$pids" ]; do
		for pid in $pids; do echo "$pid" >"$2/cgroup.procs" || :; done
	done
}

forget_by_hand()
{
	local group
	for group in "$(hand "")"*; do
		[ -e "$group" ] || continue
		echo 1 >"$group/cgroup.kill"
		wait_for 5 groups_go "$group"
	done
}
groups_go()
{
	find "$1" -depth -type d -exec rmdir {} + 2>/dev/null || :
	[ ! -e "$1" ]
}

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


@test "adopt: cgroups may be called as an engine likes, and be right below the root" {
	local group
	require ve
	group=$(hand "a\\x2db \"c\" \$d")
	by_hand "$group" "${contain[@]}" sh -c "$program"
	rc_is 0 vzctl adopt 201 --pid "$init"
	status_is 201 "exist unmounted running"
	rc_is 0 vzctl set 201 --ram 64M
	is 67108864 "$(cat "$group/memory.max")"
	rc_is 0 vzctl set 201 --cpumask 0
	is 0 "$(cat "$group/cpuset.cpus.effective")"
	rc_is 0 vzctl set 201 --cpumask all
	is "$(cat /sys/fs/cgroup/cpuset.cpus.effective)" "$(cat "$group/cpuset.cpus.effective")"
}

@test "adopt: a program that is process 1 is asked to end as programs are" {
	local rc=0
	require ve
	by_hand "$(hand a)" "${contain[@]}" sh -c "$program"
	vzctl --quiet adopt 201 --pid "$init"
	rc_is 0 vzctl stop 201
	has "Stopping container"
	has_not "Killing container" "halt failed"
	wait "$maker" || rc=$?
	is 7 "$rc"
	status_is 201 "deleted unmounted down"
}

@test "adopt: who comes into the cgroup of one that ended is another until it is adopted" {
	local first
	require ve
	by_hand "$(hand a)" "${contain[@]}" sh -c "$program"
	first=$init
	vzctl --quiet adopt 201 --pid "$first"
	kill "$first"
	wait "$maker" || :
	by_hand "$(hand a)" "${contain[@]}" sh -c "$program"
	status_is 201 "deleted unmounted down"
	is stopped "$(cat "$(hand a)/ve.state")"
	rc_is 0 vzctl stop 201 --fast
	kill -0 "$init"
	rc_is 0 vzctl adopt 201 --pid "$init"
	status_is 201 "exist unmounted running"
	is "start 2" "$(head -n 1 "$(hand a)/ve.events")"
}

@test "adopt: controllers that a runtime inside has switched on are in nobody's way" {
	local group
	require ve
	group=$(hand a)
	by_hand "$group" "${contain[@]}" sh -c "$program"
	move_all "$group" "$group/all"
	mkdir -p "$group/empty/deep"
	echo +ve >/sys/fs/cgroup/cgroup.subtree_control
	echo +ve >"$group/cgroup.subtree_control"
	echo +ve >"$group/empty/cgroup.subtree_control"
	is 0 "$(cat "$group/all/ve.id")"
	rc_is 0 vzctl adopt 201 --pid "$init"
	is running "$(cat "$group/ve.state")"
	[ ! -e "$group/all/ve.id" ]
	[ ! -e "$group/empty/deep/ve.id" ]
	# If it does so again it sees whose they are.
	echo +ve >"$group/cgroup.subtree_control"
	is "$(cat "$group/ve.id")" "$(cat "$group/all/ve.id")"
}

@test "adopt: what is in the way of a cgroup is named, and stays as it is" {
	local group outer host
	require ve
	group=$(hand a)
	by_hand "$group" "${contain[@]}" sh -c "$program"
	outer=$init
	# A container in that one, whose group has one above that is inhabited.
	by_hand "$group/nested" nsenter -t "$outer" -U "${contain[@]}" sleep 1000
	rc_is 7 vzctl adopt 202 --pid "$init"
	has "cgroup '/${group##*/}' has processes" "for cgroup '/${group##*/}/nested'"
	[ ! -e "$(conf 202)" ]
	move_all "$group" "$group/all"
	rc_is 0 vzctl adopt 202 --pid "$init"
	# What is around it can be none now: it would have another in it.
	rc_is 7 vzctl adopt 201 --pid "$outer"
	has "or has some below it"
	[ ! -e "$(conf 201)" ]
	status_is 202 "exist unmounted running"
	is 0 "$(cat "$group/ve.id")"
	vzctl --quiet stop 202 --fast
	rc_is 0 vzctl adopt 201 --pid "$outer"
}

@test "adopt: a controller that the engine has not switched on is named when it is wanted" {
	require ve
	by_hand "$(hand a)/b" "${contain[@]}" sh -c "$program"
	rc_is 0 vzctl adopt 201 --pid "$init"
	rc_is 1 vzctl set 201 --ram 64M
	has "PHYSPAGES cannot be applied: the container's engine has not switched the memory controller on" "/b'"
}

@test "adopt: of containers that share a user namespace one can be adopted" {
	local first
	require ve
	by_hand "$(hand a)" "${contain[@]}" sh -c "$program"
	first=$init
	by_hand "$(hand b)" nsenter -t "$first" -U unshare -p -f --kill-child sleep 1000
	vzctl --quiet adopt 201 --pid "$first"
	rc_is 21 vzctl adopt 202 --pid "$init"
	has "has the user namespace of the virtual environment $(cat "$(hand a)/ve.id")"
	[ ! -e "$(conf 202)" ]
	is 0 "$(cat "$(hand b)/ve.id")"
}

@test "adopt: a container whose process namespace is the host's is refused" {
	require ve
	by_hand "$(hand a)" unshare -p -f --kill-child unshare -U sleep 1000
	wait_for 5 is_called "$init" sleep
	rc_is 21 vzctl adopt 201 --pid "$init"
	has "was not made in its user namespace"
	[ ! -e "$(conf 201)" ]
}

@test "adopt: killed before each of its steps, it is done by the next one" {
	local step rc
	local -a list
	require ve
	"${CC:-gcc}" -Wall -Wextra -O1 -o "$BATS_TEST_TMPDIR/killat" "$TOP/tests/lib/killat.c"
	mapfile -t list < <(vzctl --dry-run adopt 201 --pid "$(other_init)" | sed -nE 's/^adopt 201: ([a-z-]+)$/\1/p')
	is "conf adopt limits state" "${list[*]}"
	vzctl --quiet adopt 201 --pid "$(other_init)"
	vzctl --quiet set 201 --ram 64M --save
	for step in "${list[@]}"; do
		vzctl --quiet stop 201 --fast
		other --quiet start 11
		rc=0
		"$BATS_TEST_TMPDIR/killat" --write "step '$step' of adopt" "$BUILD/vzctl" --prefix "$PREFIX" --verbose --verbose \
			adopt 201 --pid "$(other_init)" >/dev/null 2>&1 </dev/null 3>&- || rc=$?
		is 137 "$rc"
		rc_is 0 vzctl adopt 201 --pid "$(other_init)"
		status_is 201 "exist unmounted running"
		is 67108864 "$(its memory.max)"
	done
}

@test "adopt: a limit that cannot be set is said, and it is adopted all the same" {
	require ve
	eventd_start
	echo 'CPUMASK="4000"' >"$(conf 201)"
	rc_is 2 vzctl adopt 201 --pid "$(other_init)"
	has "CPUMASK: there is nothing of '4000' here"
	status_is 201 "exist unmounted running"
	# vzeventd knows of it, too.
	other --quiet stop 11 --fast
	wait_for 20 has_ended 201
	eventd_stop
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
