# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2034 # scripts/bench sources this
#
# Rows of scripts/bench about limits: how exact they are, and what changing one costs. "Theirs" is a bare
# group of the kernel with the same limit, and the period of 100 ms that everybody else takes.
#
# limit_seconds is how long each figure of CPU time is measured, io_seconds each of I/O. What has to be
# exact needs time: with the defaults the group takes a quarter of an hour.

limit_seconds=${limit_seconds:-10}
io_seconds=${io_seconds:-30}

# per_cent VALUE WANTED: by how much it is off, in per cent of what was wanted.
per_cent() { awk "BEGIN { d = ($1 - $2) * 100 / $2; printf \"%.2f\", d < 0 ? -d : d }"; }

# error_row TITLE OURS LIMIT [THEIRS]: errors with their unit in OURS_UNIT.
error_row()
{
	local title=$1 ours=$2 limit=$3 theirs=${4:-} held=''

	if [ -n "$limit" ]; then
		verdict "$ours" "$limit"
		limit="<= $limit"
	fi
	line "$title" "$ours $unit" "${theirs:+a bare group, 100 ms}" "${theirs:+$theirs $unit}" '' "$limit" "$held"
}

# ---- CPU ----

bare=''		# v1: where bare groups of the cpu controller are; v2: of everything
[ ! -d /sys/fs/cgroup/cpu ] || bare=/cpu

# bare_burn LIMIT THREADS: per cent of a CPU.
bare_burn()
{
	local dir=/sys/fs/cgroup$bare/$group/limited

	mkdir -p "$dir"
	if [ -n "$bare" ]; then
		echo 100000 >"$dir/cpu.cfs_period_us"
		echo $(($1 * 1000)) >"$dir/cpu.cfs_quota_us"
	else
		# The root has it switched on: vzctl does that for its own groups.
		echo +cpu >"/sys/fs/cgroup/$group/cgroup.subtree_control"
		echo "$(($1 * 1000)) 100000" >"$dir/cpu.max"
	fi
	sh -c 'echo $$ >"$1" && shift && exec "$@"' sh "$dir/cgroup.procs" "$peer/burn" "$2" "$limit_seconds"
	rmdir "$dir"
}

rows_of_cpulimit()
{
	local limit threads want ours theirs allowed cpus unit=%

	cpus=$(nproc)
	for limit in 10 25 50 100 150; do
		vzctl --quiet set 101 --cpulimit "$limit" 2>/dev/null
		allowed=1
		[ "$limit" -ge 25 ] || allowed=2
		for threads in 1 2 8; do
			want=$(printf '%s\n' "$limit" $((threads * 100)) $((cpus * 100)) | sort -n | head -n 1)
			ours=$(per_cent "$(vzctl exec 101 /burn "$threads" "$limit_seconds")" "$want")
			theirs=$(per_cent "$(bare_burn "$limit" "$threads")" "$want")
			error_row "cpulimit $limit, $threads threads: error" "$ours" "$allowed" "$theirs"
		done
	done
	vzctl --quiet set 101 --cpulimit 0 2>/dev/null
}

# shares_off THREADS…: of containers 101 to 103, which weigh 1, 2, 4: the worst error in points.
shares_off()
{
	local id=101 when threads pids=()

	when=$(($(date +%s) + 2))
	for threads; do
		vzctl exec $id /burn "$threads" "$limit_seconds" "$when" >"$peer/share$id" &
		pids+=($!)
		id=$((id + 1))
	done
	wait "${pids[@]}"
	cat "$peer/share101" "$peer/share102" "$peer/share103" | awk '
		{ got[NR] = $1; sum += $1 }
		END {
			for (i = 1; i <= 3; i++) {
				d = got[i] * 100 / sum - 2 ^ (i - 1) * 100 / 7
				if (d < 0) d = -d
				if (d > worst) worst = d
			}
			printf "%.2f\n", worst
		}'
}

rows_of_cpuunits()
{
	local id units=500 threads unit=points

	for id in 101 102 103; do
		vzctl --quiet set $id --cpuunits $units 2>/dev/null
		units=$((units * 2))
	done
	for threads in '2 2 2' '8 2 2'; do
		# shellcheck disable=SC2086 # a list of words
		error_row "cpuunits 1:2:4, ${threads// /+} threads: error" "$(shares_off $threads)" 1
	done
	vzctl --quiet set 101 --cpuunits 1000 2>/dev/null
}

# ---- I/O ----

# written MEGABYTES DD-OPTION…: megabytes per second that 101 writes, flushed at the end.
written()
{
	local from mb=$1 t

	shift
	from=${EPOCHREALTIME//[.,]/}
	vzctl exec 101 "dd if=/dev/zero of=/file bs=1M count=$mb $* 2>/dev/null; rm /file"
	t=$((${EPOCHREALTIME//[.,]/} - from))
	awk "BEGIN { printf \"%.3f\", $mb * 1000000 / $t }"
}

rows_of_iolimit()
{
	local limit unit=%

	for limit in 10 50; do
		vzctl --quiet set 101 --iolimit "${limit}M" 2>/dev/null
		error_row "iolimit $limit MB/s, direct: error" \
			"$(per_cent "$(written $((limit * io_seconds)) oflag=direct)" "$limit")" 5
		error_row "iolimit $limit MB/s, buffered: error" \
			"$(per_cent "$(written $((limit * io_seconds)) conv=fsync)" "$limit")" ''
	done
	vzctl --quiet set 101 --iolimit 0 2>/dev/null
}

# ---- what a change costs ----

rows_of_set()
{
	local file=memory.max

	[ ! -d /sys/fs/cgroup/memory ] || file=memory.limit_in_bytes
	variant ours - - "$v $PREFIX --quiet set 101 --ram 512M" -
	if [ $has_lxc = yes ]; then
		of_lxc bench start
		variant lxc-cgroup - - "/usr/bin/lxc-cgroup -P $peer/lxc -n bench $file 536870912" -
	fi
	measure
	row "set --ram of a running container" ours lxc-cgroup 0.5 "<= 1/2"
	[ $has_lxc = no ] || of_lxc bench stop -k
}

rows_limits()
{
	local id

	"${CC:-cc}" -O2 -D_GNU_SOURCE -static -pthread -o "$peer/burn" "$TOP/scripts/bench-burn.c"
	for id in 101 102 103; do
		[ -e "$(conf $id)" ] || vzctl --quiet create $id --ostemplate minimal
		vzctl --quiet start $id
		vzctl exec $id 'cat >/burn && chmod 0755 /burn' <"$peer/burn"
	done
	mkdir -p "/sys/fs/cgroup$bare/$group"
	rows_of_set
	rows_of_cpulimit
	rows_of_cpuunits
	rows_of_iolimit
	for id in 101 102 103; do
		vzctl --quiet stop $id --fast
	done
	vzctl --quiet destroy 102
	vzctl --quiet destroy 103
}
