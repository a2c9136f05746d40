# SPDX-License-Identifier: GPL-2.0-only
#
# What bats tests share: a "host" of their own below a prefix, made from the tree and gone afterwards.
#
#   setup_file()    { host_setup; }          # one prefix for the file: $PREFIX
#   teardown_file() { host_teardown; }       # stops and removes whatever is left in it
#   teardown()      { destroy_all; }         # no container outlives its test
#
# `vzctl`, `vzlist`, `vzpid`, `vztmpl` are functions that run the build tree's programs on $PREFIX. The
# back end is that of $VZ_BACKEND. Templates are built once and kept outside the tree (need_template).

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-$TOP/build}
export VZ_LIBEXECDIR=$BUILD/libexec
export VZ_BACKEND=${VZ_BACKEND:-ns}
TEST_CACHE=${TEST_CACHE:-/var/cache/openve-test}

vzctl() { "$BUILD/vzctl" --prefix "$PREFIX" "$@"; }
vzlist() { "$BUILD/vzlist" --prefix "$PREFIX" "$@"; }
vzpid() { "$BUILD/vzpid" --prefix "$PREFIX" "$@"; }
vztmpl() { "$TOP/utils/vzctl/scripts/vztmpl" --prefix "$PREFIX" "$@"; }

# require root|userns|overlay|systemd… : skip with a reason where the machine cannot do it.
require()
{
	local what
	for what; do
		case $what in
		root) [ "$(id -u)" -eq 0 ] || skip "needs root" ;;
		userns) [ -e /proc/self/ns/user ] || skip "the kernel has no user namespaces" ;;
		overlay) grep -qw overlay /proc/filesystems || skip "the kernel has no overlayfs" ;;
		v1) grep -q ' - cgroup cgroup ' /proc/self/mountinfo || skip "no cgroup v1 here" ;;
		*) command -v "$what" >/dev/null || skip "needs $what" ;;
		esac
	done
}

# A prefix with configuration and no container. Exports PREFIX.
host_setup()
{
	require root userns
	PREFIX=$(mktemp -d "${HOST_DIR:-/var/tmp}/openve-test.XXXXXX")
	export PREFIX
	"$TOP/scripts/install-host" "$PREFIX/etc" "$PREFIX"
	rm -rf "$PREFIX/vz/template"
	mkdir -p "$TEST_CACHE/template/cache"
	chmod 0700 "$TEST_CACHE/template" "$TEST_CACHE/template/cache"
	# Archives and layers are shared by all prefixes of all runs; they are never changed.
	ln -s "$TEST_CACHE/template" "$PREFIX/vz/template"
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
	rm -f "$PREFIX"/etc/vz/conf/*.destroyed "$PREFIX"/etc/vz/conf/[0-9v]*.{mount,umount,premount,postumount,start,stop,create}
}

host_teardown()
{
	[ -n "${PREFIX:-}" ] || return 0
	destroy_all
	# Whatever a failed test left mounted goes before its directory does.
	awk -v p="$PREFIX/" 'index($5, p) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
		while read -r m; do umount "$m" || umount -l "$m"; done
	rm -rf --one-file-system "$PREFIX"
}

# need_template NAME: have it in the cache, building it if its recipe changed or it is not there.
need_template()
{
	local name=$1 key stamp
	key=$(cd "$TOP/templates" && cat lib/* "$name"/* 2>/dev/null | sha256sum | cut -c1-16)
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

# wait_for SECONDS COMMAND…: until it succeeds.
wait_for()
{
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt "$end" ] || { echo "timed out waiting for: $*"; return 1; }
		sleep 0.1
	done
}

# The host's pid of a container's init.
init_pid() { sed -n 's/^PID="\(.*\)"/\1/p' "$PREFIX/run/vz/$1/state"; }
