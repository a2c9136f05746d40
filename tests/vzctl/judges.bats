#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Judges that nobody can call partial: the programs of Debian's package systemd-tests. They try what
# systemd wants from the machine it runs on: mounts, namespaces, capabilities, system call filters, cgroups,
# devices, sysfs, terminals. In a container not all of them can pass. So the same programs, in the same
# template, run as services of the same systemd in LXC, as Debian ships and configures it for containers
# without privileges, with the same limits, at the same time; ours may not come off worse.
#
#	lxc	the reference: a plain directory (idmapped, as ours), /sys writable
#	101	as "vzctl create" makes a container: on an overlay, /sys read-only. Some programs skip there.
#	102	on a plain directory, with /sys made writable by the container's root, as LXC has it: no such excuse
#
# Some programs measure time, on a machine that has three containers to care for: those that come off worse
# are run once more in both, alone, and the second time counts.

load ../lib/helpers

LXC_GROUP=openve-judges-$$
LXC_BASE=2000000000		# beyond all ranges vzctl gives away

setup_file()
{
	export LXC_GROUP
	# In an emulated machine it would take hours; setup() says so.
	[ -z "${TIME_SCALE:-}" ] || return 0
	host_setup
	need_template debian-12-judges
	start_ours
	start_lxc
	put_in_all
	run_in_all
}

setup() { require lxc-start speed; }

teardown_file()
{
	[ ! -d "$PREFIX/lxc" ] || forget_lxc
	host_teardown
}

# ---- three containers ----

start_ours()
{
	vzctl --quiet create 101 --ostemplate debian-12-judges --layout overlay --hostname judge
	vzctl --quiet create 102 --ostemplate debian-12-judges --layout simfs --hostname judge
	vzctl --quiet start 101 --wait
	vzctl --quiet start 102 --wait
	vzctl --quiet exec 102 mount -o remount,bind,rw /sys
}

# What Debian's package has for its own templates, without what lxcfs adds where it is installed. The cgroups
# are named because LXC would leave some in the host's root otherwise. NUMPROC is that of our default sample.
lxc_config()
{
	local numproc v=2

	numproc=$(conf_value 101 NUMPROC)
	[ ! -d /sys/fs/cgroup/pids ] || v=
	cat <<-EOC
		lxc.include = /usr/share/lxc/config/common.conf
		lxc.include = /usr/share/lxc/config/userns.conf
		lxc.hook.mount =
		lxc.hook.post-stop =
		lxc.apparmor.profile = unconfined
		lxc.uts.name = judge
		lxc.rootfs.path = dir:$PREFIX/lxc/root
		lxc.rootfs.options = idmap=container
		lxc.idmap = u 0 $LXC_BASE 65536
		lxc.idmap = g 0 $LXC_BASE 65536
		lxc.net.0.type = empty
		lxc.time.offset.boot = 1s
		lxc.cgroup$v.pids.max = ${numproc##*:}
		lxc.cgroup.dir.monitor = $LXC_GROUP/monitor
		lxc.cgroup.dir.monitor.pivot = $LXC_GROUP/pivot
		lxc.cgroup.dir.container = $LXC_GROUP/container
	EOC
}

start_lxc()
{
	mkdir -p "$PREFIX/lxc/root" "$PREFIX/lxc/judge"
	zstd -dc "$TEST_CACHE/template/cache/debian-12-judges.tar.zst" |
		tar -x --numeric-owner --xattrs --xattrs-include='*' -C "$PREFIX/lxc/root"
	lxc_config >"$PREFIX/lxc/judge/config"
	# LXC prefers newuidmap where it finds it, which asks /etc/subuid for leave; as root it needs none.
	PATH=/nonexistent /usr/bin/lxc-start -P "$PREFIX/lxc" -n judge -o "$PREFIX/lxc/log" -l ERROR 3>&- ||
		{ cat "$PREFIX/lxc/log"; return 1; }
	wait_for 60 lxc_is_up
}

# With a failed unit it is "degraded": LXC's own choice of mounts.
lxc_is_up()
{
	case $(inside lxc systemctl is-system-running 2>/dev/null) in
	running | degraded) ;;
	*) return 1 ;;
	esac
}

forget_lxc()
{
	lxc-stop -P "$PREFIX/lxc" -n judge -k >/dev/null 2>&1 || :
	findmnt -rn -t cgroup,cgroup2 -o TARGET | sed "s|\$|/$LXC_GROUP|" | xargs -r ls -d 2>/dev/null |
		xargs -r -I @ find @ -depth -type d -exec rmdir {} \;
}

# inside lxc|ID COMMAND…
inside()
{
	case $1 in
	lxc) lxc-attach -P "$PREFIX/lxc" -n judge -- "${@:2}" ;;
	*) vzctl exec3 "$@" ;;
	esac
}

# ---- running and comparing ----

put_in_all()
{
	local where
	for where in lxc 101 102; do
		inside "$where" sh -c 'mkdir /judges && cat >/judges/run && chmod 0755 /judges/run' <"$TOP/tests/lib/run-judges"
	done
}

# judge lxc|ID [NAME…]: their results, sorted by name.
judge()
{
	inside "$1" systemd-run --quiet --wait --property=Delegate=yes /judges/run "$(patience 60)" "${@:2}" </dev/null || :
	inside "$1" sort /judges/results
}

run_in_all()
{
	local where pids=()
	for where in lxc 101 102; do
		judge "$where" >"$PREFIX/results.$where" 3>&- &
		pids+=($!)
	done
	for where in "${pids[@]}"; do
		wait "$where"
	done
}

# say_totals lxc|ID
say_totals()
{
	awk -v where="$1" '{ n[$2]++ } END {
		printf "# %s: %d run, %d pass, %d skip, %d fail\n", where, NR, n["pass"], n["skip"], n["fail"] }' \
		"$PREFIX/results.$1" >&3
}

# worse_in ID WORD…: the names of programs whose result in LXC is not among the words, but in ours is.
worse_in()
{
	local words="${*:2}"
	join "$PREFIX/results.lxc" "$PREFIX/results.$1" |
		awk -v words=" $words " 'index(words, " " $3 " ") && !index(words, " " $2 " ") { print $1 }'
}

# The second opinion on some of them, in both places.
judge_again()
{
	local where
	for where in lxc "$1"; do
		judge "$where" "${@:2}" >"$PREFIX/again"
		join -v 1 "$PREFIX/results.$where" "$PREFIX/again" | sort - "$PREFIX/again" >"$PREFIX/both"
		mv "$PREFIX/both" "$PREFIX/results.$where"
	done
}

# no_worse_in ID WORD…: none of the results WORD that LXC has not, too.
no_worse_in()
{
	local worse
	mapfile -t worse < <(worse_in "$@")
	[ ${#worse[@]} -eq 0 ] || judge_again "$1" "${worse[@]}"
	say_totals lxc
	say_totals "$1"
	mapfile -t worse < <(worse_in "$@")
	show_logs "$1" "${worse[@]}"
	is "" "${worse[*]}"
}

show_logs()
{
	local name
	for name in "${@:2}"; do
		echo "== $name"
		inside "$1" tail -n 15 "/judges/log/${name##*/}"
	done
}

@test "judges: the tests of systemd all ran, in LXC and in ours" {
	local where all
	all=$(inside 101 sh -c 'cd /usr/lib/systemd/tests && ls -d test-* unsafe/test-* | sort')
	[ "$(wc -l <<<"$all")" -gt 200 ]
	for where in lxc 101 102; do
		is "$all" "$(cut -d ' ' -f 1 "$PREFIX/results.$where")"
	done
}

@test "judges: no test of systemd fails in a container of ours that does not fail in LXC" {
	no_worse_in 101 fail
}

@test "judges: every test of systemd that passes in LXC passes in ours, with a disk and /sys as there" {
	no_worse_in 102 skip fail
}
