#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Many containers at once: 200 small ones and 20 Debian servers, on whatever the host's limits are.

load ../lib/helpers

SMALL=$(rounds 200) SERVERS=$(rounds 20)

setup_file()
{
	host_setup
	need_template minimal
	need_template debian-13
}
teardown_file() { host_teardown; }
teardown() { destroy_all; }

# all FIRST COUNT COMMAND…: for the containers from FIRST on, $AT_ONCE at a time; {} in a word is the
# number. What went wrong is shown, and the time goes into the report of the run.
AT_ONCE=4
all()
{
	local first=$1 count=$2 began=$SECONDS
	shift 2
	seq "$first" $((first + count - 1)) |
		xargs -P $AT_ONCE -I '{}' sh -c 'out=$("$@" 2>&1) || { echo "rc $?: $*: $out"; exit 1; }' - \
			"$BUILD/vzctl" --prefix "$PREFIX" "$@" 3>&-
	echo "# $count × ${*}: $((SECONDS - began)) s" >&3
}

running() { vzlist -H -o ctid | wc -l; }

# memory NAME FIRST COUNT: what one container of some is charged, into the report of the run.
memory()
{
	local files
	files=$(for id in $(seq "$2" $(($2 + $3 - 1))); do ct_cgroups "$id"; done |
		xargs -I '{}' find '{}' -maxdepth 1 -name memory.current -o -maxdepth 1 -name memory.usage_in_bytes)
	# shellcheck disable=SC2086 # words
	[ -z "$files" ] || cat $files | awk -v n="$3" -v name="$1" '
		{ sum += $1 } END { printf "# memory of a %s one: %.1f MiB\n", name, sum / n / 1048576 }' >&3
}

# up COUNT: so many Debian servers say that they have come up, without a unit that failed.
up()
{
	is "$1" "$(seq 1001 $((1000 + SERVERS)) | xargs -P 4 -I '{}' "$BUILD/vzctl" --prefix "$PREFIX" exec '{}' \
		systemctl is-system-running 2>/dev/null | grep -cx running)"
}

@test "density: 200 small containers and 20 Debian servers run at once, and go without a trace" {
	all 201 $SMALL --quiet create {} --ostemplate minimal --hostname small{}
	all 1001 $SERVERS --quiet create {} --ostemplate debian-13 --hostname server{}
	all 201 $SMALL --quiet start {}
	all 1001 $SERVERS --quiet start {} --wait
	is $((SMALL + SERVERS)) "$(running)"
	memory small 201 $SMALL
	memory Debian 1001 $SERVERS

	up $SERVERS
	all 201 $SMALL exec {} '[ "$(hostname)" = small{} ]'
	all 1001 $SERVERS exec {} '[ "$(hostname)" = server{} ]'
	# None got ids, a cgroup or a process of another.
	is $((SMALL + SERVERS)) "$(cat "$PREFIX"/etc/vz/conf/*.conf | grep '^LOCAL_UID' | sort -u | wc -l)"
	is $((SMALL + SERVERS)) "$(cat "$PREFIX"/run/vz/*/state | grep '^PID' | sort -u | wc -l)"
	# Still, all of them.
	is $((SMALL + SERVERS)) "$(running)"

	# BusyBox takes two seconds, and does nothing in them.
	AT_ONCE=40 all 201 $SMALL --quiet stop {}
	all 1001 $SERVERS --quiet stop {}
	is 0 "$(running)"
	is $((SMALL + SERVERS)) "$(vzlist -S -H -o ctid | wc -l)"
	is "" "$(ls "$PREFIX/run/vz/lock")"
	is "" "$(findmnt -rn -o TARGET | grep -F "$PREFIX/vz/root/")"
	is "" "$(ct_cgroups "" | xargs -I '{}' find '{}' -mindepth 1 -type d)"
	all 201 $SMALL --quiet destroy {}
	all 1001 $SERVERS --quiet destroy {}
	is "" "$(ls -A "$PREFIX/vz/private" "$PREFIX/vz/vztmp" | grep -v :)"
	is "" "$(grep -F " $PREFIX/" /var/lib/vzctl/ids)"
}

# bats test_tags=core
@test "density: a start for which the host allows no more namespaces names the limit" {
	# Where nobody else depends on it.
	require sysctls
	create_minimal 101
	sysctl -q user.max_net_namespaces=0
	run vzctl start 101
	sysctl -q user.max_net_namespaces=1000
	is 6 "$status"
	has "the host allows no more (sysctl user.max_net_namespaces is 0)"
	is_down 101
	rc_is 0 vzctl start 101
}
