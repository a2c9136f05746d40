# SPDX-License-Identifier: GPL-2.0-only
#
# What bats tests share: a "host" of their own below a prefix, made from the tree and gone afterwards.
#
#   setup_file()    { host_setup; }          # one prefix for the file: $PREFIX
#   teardown_file() { host_teardown; }       # stops and removes whatever is left in it
#   teardown()      { destroy_all; }         # no container outlives its test
#
# `vzctl`, `vzlist` and so on are functions that run the build tree's programs on $PREFIX. The
# back end is that of $VZ_BACKEND. Templates are built once and kept outside the tree (need_template).

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-$TOP/build}
export VZ_LIBEXECDIR=$BUILD/libexec
export VZ_BACKEND=${VZ_BACKEND:-ns}
TEST_CACHE=${TEST_CACHE:-/var/cache/openve-test}

vzctl() { on_host "$BUILD/vzctl" --prefix "$PREFIX" "$@"; }
vzlist() { "$BUILD/vzlist" --prefix "$PREFIX" "$@"; }
vzpid() { "$BUILD/vzpid" --prefix "$PREFIX" "$@"; }
vzcfgvalidate() { "$BUILD/vzcfgvalidate" "$@"; }
vzcpucheck() { "$BUILD/vzcpucheck" --prefix "$PREFIX" "$@"; }
vzsplit() { "$BUILD/vzsplit" --prefix "$PREFIX" "$@"; }
vzubc() { "$BUILD/vzubc" --prefix "$PREFIX" "$@"; }
vzmemcheck() { "$BUILD/vzmemcheck" --prefix "$PREFIX" "$@"; }
vzcalc() { "$BUILD/vzcalc" --prefix "$PREFIX" "$@"; }
vztmpl() { "$TOP/utils/vzctl/scripts/vztmpl" --prefix "$PREFIX" "$@"; }

# require root|userns|overlay|speed|ve|lxc-start… : skip with a reason where the machine cannot do it.
require()
{
	local what
	for what; do
		case $what in
		root) [ "$(id -u)" -eq 0 ] || skip "needs root" ;;
		userns) [ -e /proc/self/ns/user ] || skip "the kernel has no user namespaces" ;;
		overlay) grep -qw overlay /proc/filesystems || skip "the kernel has no overlayfs" ;;
		systemd) [ -d /run/systemd/system ] || skip "systemd is not process 1" ;;
		sysctls) [ -d /run/vm ] || skip "changes a sysctl of the host, which is for scripts/vm only" ;;
		fuse) [ -c /dev/fuse ] || skip "the host has no fuse" ;;
		tun) [ -c /dev/net/tun ] || skip "the host has no tun" ;;
		speed) [ "${TIME_SCALE:-1}" -eq 1 ] || skip "would take hours in an emulated machine" ;;
		ve) has_ve || skip "the kernel has no virtual environments (scripts/vm -k ve)" ;;
		v1) grep -q ' - cgroup cgroup ' /proc/self/mountinfo || skip "no cgroup v1 here" ;;
		*) command -v "$what" >/dev/null || skip "needs $what" ;;
		esac
	done
}

# Is it our kernel?
has_ve() { grep -qsw ve /sys/fs/cgroup/cgroup.controllers; }

# A prefix with configuration and no container. Exports PREFIX.
host_setup()
{
	require root userns
	PREFIX=$(mktemp -d "${HOST_DIR:-/var/tmp}/openve-test.XXXXXX")
	export PREFIX
	# It stands for "/": the roots of containers must be able to pass.
	chmod 0755 "$PREFIX"
	"$TOP/scripts/install-host" "$PREFIX/etc" "$PREFIX"
	rm -rf "$PREFIX/vz/template"
	mkdir -p "$TEST_CACHE/template/cache"
	chmod 0700 "$TEST_CACHE/template" "$TEST_CACHE/template/cache"
	# Archives and layers are shared by all prefixes of all runs; they are never changed.
	ln -s "$TEST_CACHE/template" "$PREFIX/vz/template"
	# VZ_EVENTD=yes: with vzeventd as the parent of all inits.
	[ -z "${VZ_EVENTD:-}" ] || eventd_start
}

destroy_all()
{
	local id
	for id in $(vzlist -a -H -o ctid 2>/dev/null); do
		vzctl --quiet chkpnt "$id" --resume >/dev/null 2>&1 || :
		vzctl --quiet stop "$id" --fast >/dev/null 2>&1 || :
		vzctl --quiet umount "$id" >/dev/null 2>&1 || :
		vzctl --quiet destroy "$id" >/dev/null 2>&1 || :
	done
	# Without a private area it is not listed.
	rm -f "$PREFIX"/etc/vz/conf/[0-9]*.conf
	rm -f "$PREFIX"/etc/vz/conf/*.destroyed "$PREFIX"/etc/vz/conf/[0-9v]*.{mount,umount,premount,postumount,start,stop,create}
}

host_teardown()
{
	[ -n "${PREFIX:-}" ] || return 0
	eventd_stop
	destroy_all
	# Whatever a failed test left mounted goes before its directory does.
	awk -v p="$PREFIX/" 'index($5, p) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
		while read -r m; do umount "$m" || umount -l "$m"; done
	rm -rf --one-file-system "$PREFIX"
}

# ---- lxcfs ----

# lxcfs_start: from here on it runs, in a mount namespace that the process $HOLDER keeps. Its own pid is in $PREFIX/lxcfs.
lxcfs_start()
{
	# shellcheck disable=SC2016 # the inner shell's
	unshare -m --propagation private sh -c '
		lxcfs -f -p "$0/lxcfs.pid" /var/lib/lxcfs &
		echo $! >"$0/lxcfs"
		wait; exec sleep infinity' "$PREFIX" >"$PREFIX/lxcfs.log" 2>&1 3>&- </dev/null &
	HOLDER=$!
	wait_for 10 nsenter -t "$HOLDER" -m test -e /var/lib/lxcfs/proc/meminfo
}

# ---- networks ----

# net_setup: the "host" gets a network of its own, in which vzctl works from now on: nothing it does there
# reaches the machine. Its eth0 leads to a client outside. 198.51.100.1/24 and 2001:db8:5e::1/64 are the
# host's, .200 and ::200 the client's. Gone with the prefix.
net_setup()
{
	local host=$PREFIX/net/host client=$PREFIX/net/client
	mkdir -p "$PREFIX/net"
	net_make "$host"
	net_make "$client"
	net_pair "$host" eth0 "$client" eth0
	net_address "$host" eth0 198.51.100.1/24 2001:db8:5e::1/64
	net_address "$client" eth0 198.51.100.200/24 2001:db8:5e::200/64
	on_host sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward && echo 1 >/proc/sys/net/ipv6/conf/all/forwarding &&
		echo 0 >/proc/sys/net/ipv4/neigh/eth0/proxy_delay && echo 0 >/proc/sys/net/ipv6/neigh/eth0/proxy_delay'
}

on_host()
{
	if [ -e "$PREFIX/net/host" ]; then
		nsenter --net="$PREFIX/net/host" "$@"
	else
		"$@"
	fi
}
on_client() { nsenter --net="$PREFIX/net/client" "$@"; }
# in_net ID COMMAND…: a program of the machine in the network of a container.
in_net() { nsenter -t "$(init_pid "$1")" -n "${@:2}"; }

# net_make FILE: a network that lives as long as the file is a mount, which host_teardown removes.
net_make()
{
	: >"$1"
	unshare --net="$1" ip link set lo up
	# Addresses are there at once, and stay what they were given as.
	nsenter --net="$1" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad &&
		echo 0 >/proc/sys/net/ipv6/conf/default/accept_ra'
}

# net_pair NET DEVICE NET DEVICE: a cable between them, plugged in.
net_pair()
{
	nsenter --net="$1" ip link add "$2" type veth peer name "$4" netns "$3"
	nsenter --net="$1" ip link set "$2" up
	nsenter --net="$3" ip link set "$4" up
}

# net_address NET DEVICE ADDRESS…
net_address()
{
	local a
	for a in "${@:3}"; do
		nsenter --net="$1" ip addr add "$a" dev "$2"
	done
}

# build_net_tools: the programs tests/lib/frames.c, static, as $FRAMES, and tests/lib/killat.c as $KILLAT.
build_net_tools()
{
	FRAMES=$PREFIX/frames KILLAT=$PREFIX/killat
	export FRAMES KILLAT
	"${CC:-gcc}" -Wall -Wextra -O1 -static -o "$FRAMES" "$TOP/tests/lib/frames.c"
	"${CC:-gcc}" -Wall -Wextra -O1 -o "$KILLAT" "$TOP/tests/lib/killat.c"
}

# ---- vzeventd ----

# It has two processes: the keeper, whose pid is in its file, and the watcher, which the keeper makes.
eventd_keeper() { cat "$PREFIX/run/vzeventd.pid"; }
eventd_watcher() { pgrep -n -P "$(eventd_keeper)" vzeventd; }

# Start it below the prefix, in the background; ready when this returns.
eventd_start()
{
	on_host "$BUILD/vzeventd" --prefix "$PREFIX" "$@" 3>&-
	# For teardown_file too.
	export EVENTD=yes
}

eventd_is_gone() { ! pgrep -f "^[^ ]*vzeventd( .*)? --prefix $PREFIX( |\$)" >/dev/null; }

# Ask it to end, and wait for that. Containers go on running.
eventd_stop()
{
	[ -n "${EVENTD:-}" ] || return 0
	kill "$(eventd_keeper)" 2>/dev/null || :
	wait_for 5 eventd_is_gone
	EVENTD=
}

# need_template NAME: have it in the cache, building it if its recipe changed or it is not there. Recipes
# of templates that only tests want are in tests/lib/recipes; vztmpl finds them where an administrator's are.
need_template()
{
	local name=$1 own=$PREFIX/etc/vz/templates recipe=$1 key stamp
	if [ ! -d "$TOP/templates/$name" ]; then
		recipe=$TOP/tests/lib/recipes/$name
		mkdir -p "$own"
		cp -R "$TOP/templates/lib" "$recipe" "$own/"
	fi
	key=$(cd "$TOP/templates" && cat lib/* "$recipe"/* 2>/dev/null | sha256sum | cut -c1-16)
	stamp=$TEST_CACHE/template/cache/.$name.$key
	if [ ! -e "$stamp" ] || ! vztmpl resolve "$name" >/dev/null 2>&1; then
		rm -f "$TEST_CACHE/template/cache/.$name".*
		vztmpl remove "$name" >/dev/null 2>&1 || :
		vztmpl build "$name" >&3 2>&3 || return 1
		: > "$stamp"
	fi
}

# create_minimal ID [OPTION...]: a container that costs nothing.
create_minimal()
{
	local id=$1
	shift
	vzctl --quiet create "$id" --ostemplate minimal "$@"
}

# rc_is CODE COMMAND…: run it and compare the exit status; output and stderr land in $output.
rc_is()
{
	local want=$1
	shift
	run "$@"
	[ "$status" -eq "$want" ] || { echo "exit status $status instead of $want: $*"; echo "$output"; return 1; }
}

# patience SECONDS: how long to wait where this long is enough on a real machine. In an emulated one
# everything takes longer; TIME_SCALE says how many times.
patience() { echo $(($1 * ${TIME_SCALE:-1})); }

# rounds N [LEAST]: how often, or how much of it, where N is enough on a real machine. In an emulated one a
# tenth, but never less than LEAST (default 1).
rounds()
{
	local n=$1 least=${2:-1}
	[ "${TIME_SCALE:-1}" -eq 1 ] || n=$((n / 10 > least ? n / 10 : least))
	echo "$n"
}

# some I ITEM…: all of these. In an emulated machine every third, from the Ith on: who counts I up has had each
# of them once after three times.
some()
{
	local i=$1
	shift
	[ "${TIME_SCALE:-1}" -gt 1 ] || { echo "$@"; return; }
	for ((i = i % 3 + 1; i <= $#; i += 3)); do
		echo "${!i}"
	done
}

# wait_for SECONDS COMMAND…: until it succeeds.
wait_for()
{
	local end=$((SECONDS + $1 * ${TIME_SCALE:-1}))
	shift
	until "$@"; do
		[ $SECONDS -lt "$end" ] || { echo "timed out waiting for: $*"; return 1; }
		sleep 0.1
	done
}

# The host's pid of a container's init; nothing if there is none.
init_pid() { [ ! -e "$PREFIX/run/vz/$1/state" ] || sed -n 's/^PID="\(.*\)"/\1/p' "$PREFIX/run/vz/$1/state"; }

# ---- small file systems ----

# small_disk PLACE SIZE: from now on PLACE of the prefix is on an ext4 of that size. Blocks of a KiB make
# many steps, and none is kept back for root.
small_disk()
{
	local dir=$PREFIX/$1
	truncate -s "$2" "$dir.img"
	mkfs.ext4 -q -m 0 -b 1024 -N 1024 "$dir.img"
	mv "$dir" "$dir.orig"
	mkdir "$dir"
	mount -o loop "$dir.img" "$dir"
	rmdir "$dir/lost+found"
	cp -a "$dir.orig/." "$dir/"
	rm -rf "$dir.orig"
}

# net_state: all of the host's network that a command may change.
net_state()
{
	on_host sh -c 'ip -o link; ip -o addr; ip -4 route show table all; ip -6 route show table all; ip -4 neigh show proxy
		ip -6 neigh show proxy; nft list ruleset; grep -s . /proc/sys/net/ipv4/conf/*/rp_filter' |
		sed 's/ state [A-Z]* / /; s/ qdisc [a-z]* / /; s/ expires [0-9]*sec//' | sort
}

# ---- looking at results ----

# on_tty SCRIPT ARGUMENT…: vzctl on a terminal, with a user who follows SCRIPT; see tests/lib/on-tty.
on_tty() { BUILD=$BUILD timeout "$(patience 120)" "$TOP/tests/lib/on-tty" "$@" 3>&-; }

# split_is CODE COMMAND…: like rc_is, with the two streams apart in $out and $err.
split_is()
{
	local want=$1 dir
	shift
	dir=$(mktemp -d "$BATS_TEST_TMPDIR/streams.XXXXXX")
	status=0
	"$@" >"$dir/out" 2>"$dir/err" || status=$?
	out=$(cat "$dir/out")
	err=$(cat "$dir/err")
	output=$out$err
	[ "$status" -eq "$want" ] || { echo "exit status $status instead of $want: $*"; echo "$out"; echo "$err"; return 1; }
}

# is WANT GOT: two texts are the same; if not, both are shown.
is()
{
	[ "$1" = "$2" ] || { printf 'expected: %s\ngot:      %s\n' "$1" "$2"; return 1; }
}

# has TEXT…, has_not TEXT…: what stands in $output, literally; line TEXT…: whole lines of it.
has()
{
	local text
	for text; do
		case $output in
		*"$text"*) ;;
		*) printf 'not there: %s\nin: %s\n' "$text" "$output"; return 1 ;;
		esac
	done
}

has_not()
{
	local text
	for text; do
		case $output in
		*"$text"*) printf 'should not be there: %s\nin: %s\n' "$text" "$output"; return 1 ;;
		esac
	done
}

line()
{
	local text
	for text; do
		grep -qxF -e "$text" <<<"$output" || { printf 'no line: %s\nin: %s\n' "$text" "$output"; return 1; }
	done
}

# ---- what is on the host ----

conf() { echo "$PREFIX/etc/vz/conf/$1.conf"; }

# conf_value ID KEY: as a shell reads it, which the file promises to be for.
conf_value()
{
	# shellcheck disable=SC1090,SC2034 # VEID is for the file
	(VEID=$1; unset "$2"; . "$(conf "$1")" && eval "printf '%s\n' \"\${$2-<unset>}\"")
}

# status_is ID WORDS: the whole line of status.
status_is()
{
	run vzctl status "$1"
	is "CTID $1 $2" "$output"
}

# The part that the prefix gives to names of cgroups: FNV-1a. In a shell of its own, because bats makes
# every command of a test slow; and once.
prefix_tag()
{
	[ -n "${PREFIX_TAG:-}" ] || PREFIX_TAG=$(bash -c '
		h=2166136261 quote=$(printf "\\047")
		for ((i = 0; i < ${#PREFIX}; i++)); do
			printf -v c %d "$quote${PREFIX:i:1}"
			h=$((((h ^ c) * 16777619) & 0xffffffff))
		done
		printf "%08x\n" "$h"')
	export PREFIX_TAG
}

# The cgroups of a container, or with '' those of all, in every hierarchy.
ct_cgroups()
{
	prefix_tag
	findmnt -rn -t cgroup,cgroup2 -o TARGET | sed "s|\$|/vz-$PREFIX_TAG/$1|" | xargs -r ls -d 2>/dev/null || :
}

is_mounted() { findmnt -n "$PREFIX/vz/root/$1" >/dev/null; }

# is_down ID: of a stopped and unmounted container nothing is left in the kernel or in /run.
is_down()
{
	local id=$1
	is "" "$(ct_cgroups "$id")"
	! is_mounted "$id" || { echo "$id is mounted"; return 1; }
	[ ! -e "$PREFIX/run/vz/$id" ] || { echo "state of $id is left"; return 1; }
	[ ! -e "$PREFIX/run/vz/lock/$id.lck" ] || { echo "lock of $id is left"; return 1; }
}

# is_gone ID: nothing of it is left anywhere, as if it had never been.
is_gone()
{
	local id=$1
	is_down "$id" &&
		is "" "$(find "$PREFIX/etc/vz/conf" -name "$id.*" ! -name '*.destroyed')" &&
		is "" "$(find "$PREFIX/vz/private" "$PREFIX/vz/root" -maxdepth 1 -name "$id*")" &&
		is "" "$(find "$PREFIX/etc/vz/names" -type l -lname "*/$id.conf*")" &&
		is "" "$(grep -F " $PREFIX/etc/vz/conf/$id.conf" /var/lib/vzctl/ids)"
}

# host_state: all that a command may change on the host, as text to be compared.
host_state()
{
	prefix_tag
	sh -c '
		cd "$PREFIX"
		find etc vz/private vz/root vz/dump run -xdev -printf "%p %y %m %s %l\n" 2>/dev/null | sort
		find etc -type f -exec cksum {} + | sort
		grep -F " $PREFIX/" /var/lib/vzctl/ids
		awk -v p="$PREFIX/" "index(\$5, p) == 1 { print \$4, \$5, \$6 }" /proc/self/mountinfo | sort
		findmnt -rn -t cgroup,cgroup2 -o TARGET |
			while read -r dir; do ls -d "$dir/vz-$PREFIX_TAG"/*/ 2>/dev/null; done
		:'
}

# in_bg COMMAND…: run it in the background without bats' descriptors, which would keep the test waiting.
in_bg() { "$@" 3>&- </dev/null >/dev/null 2>&1 & }

# dist_conf NAME: a distribution file from stdin; dist_script NAME: one of its scripts.
dist_conf() { cat >"$PREFIX/etc/vz/dists/$1.conf"; }
dist_script() { cat >"$PREFIX/etc/vz/dists/scripts/$1"; }

# vz_conf LINE…: of vz.conf, in the place of what it says of the same.
vz_conf()
{
	local line
	for line; do
		sed -i "/^${line%%=*}=/d" "$PREFIX/etc/vz/vz.conf"
		echo "$line" >>"$PREFIX/etc/vz/vz.conf"
	done
}

# action ID.EVENT: an action script from stdin.
action()
{
	{ echo '#!/bin/sh'; cat; } >"$PREFIX/etc/vz/conf/$1"
	chmod 0755 "$PREFIX/etc/vz/conf/$1"
}

# ---- probing from inside ----

# probe_setup: a host with the template minimal, and the program tests/lib/probe.c, static, as $PROBE.
probe_setup()
{
	host_setup
	need_template minimal
	build_probe
}

build_probe()
{
	PROBE=$PREFIX/probe
	export PROBE
	"${CC:-gcc}" -Wall -Wextra -O1 -static -o "$PROBE" "$TOP/tests/lib/probe.c"
}

# put_probe ID: put it into a running container, as /probe.
put_probe() { vzctl exec "$1" 'cat >/probe && chmod 0755 /probe' <"$PROBE"; }

# probe ID ARGUMENT…: what it says inside: "ok" or the name of an error.
probe() { vzctl exec3 "$1" /probe "${@:2}" || :; }

# as_nobody PROGRAM [ARG...]: one of ours, as a user who may do nothing. From a copy below the prefix: the
# checkout may be where other users cannot get.
as_nobody()
{
	local bin=$PREFIX/nobody
	if [ ! -d "$bin" ]; then
		mkdir -m 0755 "$bin"
		cp "$BUILD"/vz[a-z]* "$bin/"
		chmod 0755 "$bin"/*
	fi
	setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --inh-caps=-all "$bin/$1" "${@:2}"
}
