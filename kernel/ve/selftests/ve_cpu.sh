#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What VEs see of CPUs and their time: everybody who counts CPUs finds the same number, which
# follows ve.cpus, cpu.max and cpuset.cpus; CPU time is the VE's own, adds up and never decreases.
# The host sees what it always did. Wants two processors or more.

# slice is set by lib.sh.
# shellcheck shell=dash disable=SC2154
# shellcheck source=kernel/ve/selftests/lib.sh disable=SC1091
. "$(dirname "$0")/lib.sh"

sys=/sys/devices/system/cpu

# count ID: the CPUs of a VE as everybody counts them, once if all agree.
count()
{
	# shellcheck disable=SC2016 # variables of the shell inside
	in_ve "$1" sh -c '
		nproc
		getconf _NPROCESSORS_ONLN
		taskset -c -p $$ | sed "s/.*: //" | wide
		wide <'$sys'/online
		wide <'$sys'/present
		lscpu | sed -n "s/^CPU(s): *//p"
		grep -c ^processor /proc/cpuinfo
		dd if=/proc/cpuinfo bs=512 2>/dev/null | grep -c ^processor
		grep -c "^cpu[0-9]" /proc/stat' | sort -u | tr '\n' ' ' | sed 's/ $//'
}

# cpus_are NAME ID N
cpus_are() { is "$1: $3" "$(count "$2")" "$3"; }

# clocks ID: in seconds, uptime and idle time of /proc/uptime; used, idle and steal time of stat.
# shellcheck disable=SC2016 # fields of awk
clocks()
{
	in_ve "$1" awk -v hz="$hz" 'NF == 2 { up = $1; idle = $2; next }
		/^cpu / { print up, idle, ($2 + $3 + $4) / hz, $5 / hz, $9 / hz; exit }' \
		/proc/uptime /proc/stat
}

# spent BEFORE AFTER WHICH: how much more, in hundredths.
spent()
{
	echo "$1 $2" | awk -v i="$3" '{ printf "%d", ($(5 + i) - $i) * 100 }'
}

# true_mask FILE: where a task may really run, from its status.
true_mask() { sed -n 's/^Cpus_allowed_list:\t//p' "$1"; }

# bound_mask ID MASK: the same of a program of the VE with that affinity.
bound_mask()
{
	in_ve "$1" taskset -c "$2" cat /proc/self/status >"$tmp/status"
	true_mask "$tmp/status"
}

# rebind PID: to CPU 1.
rebind() { taskset -c -p 1 "$1" >/dev/null; }

# refused ID MASK: as an affinity of its programs.
refused() { ! in_ve "$1" taskset -c "$2" true 2>/dev/null; }

# stat_line ID NAME: another line of it.
# shellcheck disable=SC2016 # fields of awk
stat_line() { in_ve "$1" awk -v name="$2" '$1 == name { print $2 }' /proc/stat; }

# names FILE: lines of stat, without those of single CPUs, and how many numbers they have.
names() { awk '!/^cpu[0-9]/ { print $1, $1 == "intr" ? "" : NF }' "$1"; }

# burn ID: keep a CPU busy until the VE goes.
burn() { in_ve "$1" sh -c 'while :; do :; done' & }

# Sums of the lines of CPUs are those of all.
adds_up()
{
	awk '/^cpu / { for (i = 2; i <= NF; i++) all[i] = $i }
	     /^cpu[0-9]/ { for (i = 2; i <= NF; i++) sum[i] += $i }
	     END { for (i in all) if (all[i] != sum[i]) exit 1 }' "$1"
}

# Of all copies of stat and uptime in a file: nothing decreases.
grows()
{
	awk '/^(cpu|processes)/ {
		for (i = 2; i <= NF; i++) {
			if ($i + 0 < last[$1, i] + 0) { print "# " $1, i, last[$1, i], $i; bad = 1 }
			last[$1, i] = $i
		} }
	     NF == 2 && /^[0-9]/ {
		for (i = 1; i <= NF; i++) {
			if ($i + 0 < up[i] + 0) { print "# uptime", i, up[i], $i; bad = 1 }
			up[i] = $i
		} }
	     END { exit bad }' "$1"
}

tmp=$(mktemp -d)
trap 'clean_slice; rm -rf "$tmp"' EXIT
# As many CPUs as a list has that begins with 0.
cat >"$tmp/wide" <<'E2'
#!/bin/sh
sed 's/.*[,-]//' | awk '{ print $1 + 1 }'
E2
chmod 755 "$tmp" "$tmp/wide"
PATH=$tmp:$PATH
hz=$(getconf CLK_TCK)

all=$(nproc)
[ "$all" -ge 2 ] || skip_all "one processor"
plan 45
host_lists=$(cat $sys/online $sys/present)
host_online=$(cat $sys/online)
host_records=$(grep -c ^processor /proc/cpuinfo)
host_names=$(names /proc/stat)
mask=$(true_mask /proc/self/status)

make_slice ve cpu cpuset
start_ve 511
start_ve 512

# ---- how many ----
cpus_are "without a limit" 511 "$all"
is "affinities are real then" "$(bound_mask 511 1)" 1
is "and seen" "$(in_ve 511 taskset -c 1 nproc)" 1
echo 1 >"$slice/511/ve.cpus"
cpus_are "ve.cpus 1" 511 1
cpus_are "not for another VE" 512 "$all"
echo 2 >"$slice/511/ve.cpus"
cpus_are "ve.cpus 2" 511 2
echo 8192 >"$slice/511/ve.cpus"
cpus_are "ve.cpus 8192" 511 "$all"
echo max >"$slice/511/ve.cpus"
echo "50000 100000" >"$slice/511/cpu.max"
cpus_are "cpu.max of a half" 511 1
echo "100000 100000" >"$slice/511/cpu.max"
cpus_are "cpu.max of one" 511 1
echo "100001 100000" >"$slice/511/cpu.max"
cpus_are "cpu.max of a little more" 511 2
echo "90000 100000" >"$slice/cpu.max"
cpus_are "cpu.max above" 511 1
echo max >"$slice/cpu.max"
echo max >"$slice/511/cpu.max"
echo 1 >"$slice/511/cpuset.cpus"
cpus_are "cpuset with CPU 1 alone" 511 1
is "which is CPU 0 for its programs" "$(in_ve 511 cat $sys/online)" 0
echo "$host_online" >"$slice/511/cpuset.cpus"
cpus_are "cpuset with all of them" 511 "$all"

# ---- what is virtual, and what is not ----
echo 1 >"$slice/511/ve.cpus"
is "possible CPUs are the machine's" "$(in_ve 511 cat $sys/possible)" "$(cat $sys/possible)"
is "so are the directories of CPUs" "$(in_ve 511 sh -c "ls -d $sys/cpu[0-9]*")" \
	"$(ls -d $sys/cpu[0-9]*)"
is "getconf agrees" "$(in_ve 511 getconf _NPROCESSORS_CONF)" "$(getconf _NPROCESSORS_CONF)"
ok "an affinity to virtual CPUs is accepted" in_ve 511 taskset -c 0 true
is "and does nothing" "$(bound_mask 511 0)" "$mask"
ok "one to more CPUs than that as well" in_ve 511 taskset -c 0-1 true
ok "one to others only is not" refused 511 1
is "the error is EINVAL" "$(in_ve 511 taskset -c 1 true 2>&1 | sed 's/.*: //')" \
	"Invalid argument"
# shellcheck disable=SC2154 # set by start_ve
is "the host sees the truth" "$(taskset -p "$init_511" | sed 's/.*: //')" \
	"$(taskset -p $$ | sed 's/.*: //')"
ok "and changes it" rebind "$init_511"
is "for real" "$(true_mask "/proc/$init_511/status")" 1
echo -cpuview >"$slice/511/ve.features"
cpus_are "a VE without the view" 511 "$all"
echo +cpuview >"$slice/511/ve.features"

# ---- stat and uptime ----
in_ve 512 cat /proc/stat >"$tmp/stat"
is "stat: the host's lines in the host's order" "$(names "$tmp/stat")" "$host_names"
ok "stat: lines of CPUs add up" adds_up "$tmp/stat"
in_ve 512 cat /proc/uptime /proc/stat >"$tmp/both"
within "btime and uptime are now" \
	"$(awk 'NR == 1 { up = $1 } $1 == "btime" { printf "%d", $2 + up }' "$tmp/both")" \
	"$(date +%s)" 2
within "uptime is that of the time namespace" \
	"$(in_ve 512 cut -d. -f1 /proc/uptime)" "$(cut -d. -f1 /proc/uptime)" 2
before=$(stat_line 512 processes)
in_ve 512 sh -c 'true & true & true & wait'
ok "processes are counted" [ $(($(stat_line 512 processes) - before)) -ge 3 ]

before=$(clocks 512)
sleep 10
after=$(clocks 512)
capacity=$((all * $(spent "$before" "$after" 1)))
within "an idle VE is idle on all its CPUs" "$(spent "$before" "$after" 4)" "$capacity" \
	$((capacity / 5))
within "uptime says so" "$(spent "$before" "$after" 2)" "$capacity" $((capacity / 5))

quiet=$(clocks 512)
burn 511
burn 511
before=$(clocks 511)
sleep 10
after=$(clocks 511)
ok "two that burn are used time" [ "$(spent "$before" "$after" 3)" -ge 800 ]
ok "and no idle time of one CPU" [ "$(spent "$before" "$after" 4)" -le 100 ]
ok "they are seen running" [ "$(stat_line 511 procs_running)" -ge 2 ]
ok "another VE has used none of it" [ "$(spent "$quiet" "$(clocks 512)" 3)" -le 200 ]

echo "50000 100000" >"$slice/511/cpu.max"
before=$(clocks 511)
sleep 10
after=$(clocks 511)
half=$(($(spent "$before" "$after" 1) / 2))
within "what cpu.max takes away is stolen" "$(spent "$before" "$after" 5)" $half \
	$((half / 4))
within "the rest is used" "$(spent "$before" "$after" 3)" $half $((half / 4))
echo max >"$slice/511/cpu.max"

# ---- never less ----
n=0
while [ $n -lt $((20 * all)) ]; do
	echo $((n % all + 1)) >"$slice/511/ve.cpus"
	in_ve 511 cat /proc/stat /proc/uptime /proc/stat
	n=$((n + 1))
done >"$tmp/many"
ok "nothing decreases, whatever the number of CPUs" grows "$tmp/many"
is "and both numbers were seen" "$(grep -c '^cpu1 ' "$tmp/many")" $((40 * (all - 1)))

# ---- the host ----
echo 1 >"$slice/511/ve.cpus"
is "the host's CPUs are as they were" \
	"$(nproc) $(cat $sys/online $sys/present) $(grep -c ^processor /proc/cpuinfo)" \
	"$all $host_lists $host_records"
is "so is its stat" "$(names /proc/stat) $(grep -c '^cpu[0-9]' /proc/stat)" "$host_names $all"
is "it can look at what a VE sees" "$(grep -c '^cpu[0-9]' "/proc/$init_511/root/proc/stat")" 1
echo -procview >"$slice/511/ve.features"
is "without views a VE sees the host's" "$(in_ve 511 grep -c '^cpu[0-9]' /proc/stat)" "$all"

finish
