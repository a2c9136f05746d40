#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What /proc tells of VEs: on the host of all of them, in a VE of itself, elsewhere of none; also
# while a container becomes a VE, and while its features change. What views say is for other tests.
#
# Ids of these containers are the host's from 100000 on: the host's root is nobody there.
# Words are joined by splitting them, awk has $ of its own, and lib.sh sets what is not set here:
# shellcheck shell=dash disable=SC2005,SC2016,SC2046,SC2154

# shellcheck source=kernel/ve/selftests/lib.sh disable=SC1091
. "$(dirname "$0")/lib.sh"

tmp=$(mktemp -d)
at_exit()
{
	clean_slice
	rm -rf "$tmp"
}
trap at_exit EXIT

fails() { ! "$@" 2>/dev/null; }
pid_of() { cat "$tmp/init-$1"; }

# contain ID: a VE, and a container in its cgroup, not bound to it. Its init has nothing to do.
contain()
{
	local cgroup=$slice/$1 tries=0

	mkdir "$cgroup"
	echo "$1" >"$cgroup/ve.id" || bail "VE $1 cannot be made"
	into "$cgroup" unshare --user --mount --pid --fork --kill-child \
		sleep 1000000 </dev/null >/dev/null 2>&1 &
	until find_init "$cgroup" >"$tmp/init-$1"; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || bail "VE $1 has no init"
		sleep 0.1
	done
	echo "0 100000 65536" >"/proc/$(pid_of "$1")/gid_map"
	echo "0 100000 65536" >"/proc/$(pid_of "$1")/uid_map"
	inside "$1" mount -t proc none /proc || bail "VE $1 has no /proc"
}

# bind ID
bind() { pid_of "$1" >"$slice/$1/ve.bind"; }

# inside ID COMMAND...: as root of the container.
inside()
{
	local pid

	pid=$(pid_of "$1")
	shift
	nsenter -t "$pid" -U -m -p -S 0 -G 0 -- "$@"
}

# value NAME: of a line of a status.
value() { sed -n "s/^$1:	//p"; }
# inside_value ID NAME: of the container's init.
inside_value() { inside "$1" cat /proc/1/status | value "$2"; }
# row FILE ID: without the blanks that align it.
row() { awk -v id="$2" '$1 == id { $1 = $1; print }' "$1"; }
# ids: of the list that this reads.
ids() { echo $(awk '{ print $1 }'); }

plan 70
make_slice ve

# ---- the host ----

ok "the host has /proc/vz and /proc/bc" test -d /proc/vz -a -d /proc/bc
is "files of /proc/vz" "$(echo $(ls /proc/vz))" "veinfo version vestat vswap"
is "the version is the kernel's" "$(cat /proc/vz/version)" "$(uname -r)"
is "vswap" "$(cat /proc/vz/vswap)" "Version: 1.0"
is "what is root's" "$(echo $(stat -c %a /proc/bc /proc/vz/veinfo /proc/vz/vestat))" "500 400 400"
is "a process of the host has envID 0" "$(value envID </proc/self/status)" 0
is "and VPid 0" "$(value VPid </proc/self/status)" 0
ok "the line of its groups is as it was" grep -q '^Groups:	.* $' /proc/self/status

# ---- a container that is no VE yet ----

contain 990001
status=/proc/$(pid_of 990001)/status
ok "a container that is no VE has the host's /proc/bc" inside 990001 test -d /proc/bc
ok "it cannot read the host's list" fails inside 990001 cat /proc/vz/veinfo
is "it has envID 0" "$(inside_value 990001 envID)" 0
is "it is in no list" "$(row /proc/vz/veinfo 990001)" ""
ok "something is mounted on a file" inside 990001 mount --bind /dev/null /proc/loadavg
is "and is what is read there" "$(inside 990001 cat /proc/loadavg)" ""

# ---- it becomes one, with names in use ----

ok "it is bound" bind 990001
ok "/proc/bc is gone" fails inside 990001 stat /proc/bc
is "/proc/vz is listed, /proc/bc is not" "$(inside 990001 ls /proc | grep -xE 'bc|vz')" vz
ok "all that is listed is there" inside 990001 sh -c 'cd /proc && ls -d [a-z]* >/dev/null'
is "nothing is listed twice" "$(inside 990001 ls /proc | sort | uniq -d)" ""
is "its /proc/vz has a list alone" "$(inside 990001 ls /proc/vz)" veinfo
is "which all in it may read" "$(inside 990001 stat -c %a /proc/vz/veinfo)" 444
ok "and nobody may change" fails inside 990001 chmod 400 /proc/vz/veinfo
ok "what was mounted is gone with the host's file" inside 990001 grep -q / /proc/loadavg
is "envID of its init" "$(inside_value 990001 envID)" 990001
is "VPid of its init" "$(inside_value 990001 VPid)" 1
is "envID of its init, on the host" "$(value envID <"$status")" 990001
is "VPid of its init, on the host" "$(value VPid <"$status")" 1
is "the host still has envID 0" "$(value envID </proc/self/status)" 0
ok "the host still has /proc/bc" test -d /proc/bc

# ---- two do not see each other ----

contain 990002
ok "another is bound" bind 990002
pid=$(inside 990002 sh -c 'sleep 1000000 >/dev/null 2>&1 & echo $!')
is "both are in the host's list, and the host" "$(ids </proc/vz/veinfo)" "0 990001 990002"
ok "columns of the list" grep -qE '^    990002     0 +[1-9][0-9]*$' /proc/vz/veinfo
is "a VE's list is of itself" "$(inside 990001 cat /proc/vz/veinfo | ids)" 990001
is "the other's, too" "$(inside 990002 cat /proc/vz/veinfo | ids)" 990002
is "it is the same seen from outside" "$(ids <"/proc/$(pid_of 990002)/root/proc/vz/veinfo")" 990002
ok "its processes are counted" test "$(row /proc/vz/veinfo 990002 | cut -d ' ' -f 3)" -ge 2
is "VPid is the number in the VE" "$(inside 990002 cat "/proc/$pid/status" | value VPid)" "$pid"

# ---- a container in a VE ----

nested() { inside 990001 unshare --user --map-root-user --pid --fork --mount-proc "$@"; }
is "a container in the VE is of the VE" "$(nested cat /proc/1/status | value envID)" 990001
is "and sees what that sees" "$(nested cat /proc/vz/veinfo | ids)" 990001
ok "VPid is its number in the VE" test "$(nested cat /proc/1/status | value VPid)" -gt 1

# ---- features ----

features=$slice/990001/ve.features
echo "-detect" >"$features"
ok "without detect there is no /proc/vz" fails inside 990001 stat /proc/vz
ok "nor /proc/bc" fails inside 990001 stat /proc/bc
is "neither is listed" "$(inside 990001 ls /proc | grep -xE 'bc|vz')" ""
is "a status does not tell" "$(inside_value 990001 envID)$(inside_value 990001 VPid)" ""
is "the host is told" "$(value envID <"$status")" 990001
is "another VE sees itself" "$(inside 990002 cat /proc/vz/veinfo | ids)" 990002
echo "+detect" >"$features"
is "with detect /proc/vz is back" "$(inside 990001 cat /proc/vz/veinfo | ids)" 990001

# How many tasks there are is what tells the files apart.
tasks() { inside 990001 cat /proc/loadavg | sed 's,.*/\([0-9]*\) .*,\1,'; }
ok "procview: few tasks" test "$(tasks)" -lt 15
echo "-procview" >"$features"
ok "without procview: all of the host's" test "$(tasks)" -ge 15
is "there is /proc/vz all the same" "$(inside 990001 cat /proc/vz/veinfo | ids)" 990001
ok "and no /proc/bc" fails inside 990001 stat /proc/bc
echo "+procview" >"$features"
ok "with procview: few tasks again" test "$(tasks)" -lt 15

# ---- other ways to mount it ----

subset() { inside 990001 unshare --mount sh -c "mount -t proc -o subset=pid none /proc && $1"; }
ok "subset=pid has processes" subset "grep -q envID /proc/1/status"
ok "and nothing else" fails subset "stat /proc/vz || stat /proc/loadavg"
ok "a process is not hidden by what is hidden" subset "ls /proc | grep -qx 1"

# ---- vestat ----

# column N: of the first VE.
column() { row /proc/vz/vestat 990001 | cut -d ' ' -f "$1"; }
is "vestat: version" "$(sed -n '1s/ *$//p' /proc/vz/vestat)" "Version: 2.2"
is "vestat: header" "$(awk 'NR == 2 { $1 = $1; print }' /proc/vz/vestat)" \
	"VEID user nice system uptime idle strv uptime used maxlat totlat numsched"
is "vestat: all lines have 251 characters" "$(awk 'length != 251' /proc/vz/vestat)" ""
is "vestat: rows are twelve numbers" "$(awk 'NR > 2 && (NF != 12 || /[^0-9 ]/)' /proc/vz/vestat)" ""
is "vestat: VEs alone" "$(sed 1,2d /proc/vz/vestat | ids)" "990001 990002"
user=$(column 2) uptime=$(column 5) uptime_ns=$(column 8) used=$(column 9)
into "$slice/990001" sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done'
ok "vestat: used grows" test "$(column 9)" -gt "$used"
ok "vestat: user grows" test "$(column 2)" -gt "$user"
ok "vestat: uptime grows" test "$(column 5)" -gt "$uptime" -a "$(column 8)" -gt "$uptime_ns"
tick=$((1000000000 / $(getconf CLK_TCK)))
within "vestat: uptime is the same in ticks" $(($(column 8) / 1000000000)) \
	$(($(column 5) * tick / 1000000000)) 1
within "vestat: used is user, nice and system" $(($(column 9) / tick)) \
	$(($(column 2) + $(column 3) + $(column 4))) 10

# ---- they stop ----

kill -9 "$(pid_of 990002)"
tries=0
while [ "$(cat "$slice/990002/ve.state")" = running ] && [ $tries -lt 200 ]; do
	tries=$((tries + 1))
	sleep 0.1
done
is "one stops" "$(cat "$slice/990002/ve.state")" stopped
is "it is in no list" "$(row /proc/vz/veinfo 990002)$(row /proc/vz/vestat 990002)" ""
is "the other is" "$(ids </proc/vz/veinfo)" "0 990001"
stop_ve 990001
is "the host alone is left" "$(ids </proc/vz/veinfo)" 0
is "vestat has its header" "$(wc -l </proc/vz/vestat)" 2

finish
