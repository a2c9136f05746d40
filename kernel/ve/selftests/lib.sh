# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# What the tests of VEs share: VEs made with nothing but a shell and util-linux, and TAP. To be
# sourced, by root, on a machine with cgroup v2 alone.

cgroot=/sys/fs/cgroup
slice=$cgroot/ve-selftest.$$
nr=0
failed=0

# plan N: at the end of the test, so many results are expected.
plan() { wanted=$1; echo "TAP version 13"; echo "1..$1"; }

result()
{
	nr=$((nr + 1))
	[ "$1" = ok ] || failed=$((failed + 1))
	echo "$1 $nr - $2"
}

# ok NAME COMMAND...: the command succeeds.
ok()
{
	local name=$1

	shift
	if "$@"; then result ok "$name"; else result "not ok" "$name"; fi
}

# is NAME SEEN EXPECTED: both are the same.
is()
{
	if [ "$2" = "$3" ]; then
		result ok "$1"
	else
		result "not ok" "$1"
		printf '# seen:     %s\n# expected: %s\n' "$2" "$3"
	fi
}

# within NAME SEEN EXPECTED SLACK: numbers.
within()
{
	local off=$(($2 - $3))

	if [ "${off#-}" -le "$4" ]; then
		result ok "$1"
	else
		result "not ok" "$1"
		echo "# seen: $2, expected: $3, at most $4 off"
	fi
}

bail() { echo "Bail out! $1"; exit 1; }

# skip_all REASON: instead of plan, where the machine cannot have what is tested.
skip_all() { echo "TAP version 13"; echo "1..0 # SKIP $1"; exit 4; }

# finish: the exit status of the test.
finish()
{
	[ "$nr" -eq "$wanted" ] || { echo "# $nr results, expected $wanted"; exit 1; }
	[ "$failed" -eq 0 ]
}

# make_slice CONTROLLER...: a cgroup for the VEs of this test, with these controllers below it.
make_slice()
{
	local c

	[ -e $cgroot/cgroup.controllers ] || bail "no cgroup v2 in $cgroot"
	grep -qw ve $cgroot/cgroup.controllers || bail "no controller ve"
	mkdir "$slice" || bail "no cgroup $slice"
	for c; do
		if ! echo "+$c" >$cgroot/cgroup.subtree_control ||
		   ! echo "+$c" >"$slice/cgroup.subtree_control"; then
			bail "no controller $c"
		fi
	done
}

# into CGROUP COMMAND...: run it there.
into()
{
	local cgroup=$1

	shift
	CGROUP=$cgroup sh -c 'echo $$ >"$CGROUP/cgroup.procs" && exec "$@"' into "$@"
}

# The process of a cgroup that is number 1 of its PID namespace, and has seen its own /proc.
find_init()
{
	local pid

	while read -r pid; do
		grep -q '^NSpid:.*	1$' "/proc/$pid/status" 2>/dev/null &&
			[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = sleep ] && echo "$pid" && return
	done <"$1/cgroup.procs"
	return 1
}

# start_ve ID: a VE with an init that only waits, in $slice/ID.
start_ve()
{
	local cgroup=$slice/$1 tries=0 init

	mkdir "$cgroup"
	echo "$1" >"$cgroup/ve.id" || bail "VE $1 cannot be made"
	into "$cgroup" unshare --user --map-root-user --pid --fork --mount-proc --kill-child \
		sleep 1000000 </dev/null >/dev/null 2>&1 &
	until init=$(find_init "$cgroup"); do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || bail "VE $1 has no init"
		sleep 0.1
	done
	echo "$init" >"$cgroup/ve.bind" || bail "VE $1 cannot be bound"
	eval "init_$1=$init"
}

# in_ve ID COMMAND...: as root of the VE, in its cgroup.
in_ve()
{
	local id=$1 init

	eval "init=\$init_$id"
	shift
	into "$slice/$id" nsenter --user --mount --pid --target "$init" -- "$@"
}

stop_ve()
{
	local cgroup=$slice/$1 tries=0

	echo 1 >"$cgroup/cgroup.kill"
	until rmdir "$cgroup" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || bail "VE $1 does not go"
		sleep 0.1
	done
}

# What every test does at its end, however that comes.
clean_slice()
{
	local cgroup

	for cgroup in "$slice"/*/; do
		[ ! -d "$cgroup" ] || stop_ve "$(basename "$cgroup")"
	done
	[ ! -d "$slice" ] || rmdir "$slice"
}

trap clean_slice EXIT
