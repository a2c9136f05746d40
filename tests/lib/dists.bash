# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck disable=SC2016
#
# What the tests of distribution scripts share: a tree that looks like a container's root, and scripts
# fed to its shell as vzctl does it.

SCRIPTS=$TOP/utils/vzctl/etc/dists/scripts

# The template minimal, unpacked at $ROOT.
make_root()
{
	ROOT=$BATS_TEST_TMPDIR/root
	mkdir "$ROOT"
	tar -C "$ROOT" -xpf "$(vztmpl resolve minimal)" --exclude ./dev
	mkdir -m 0755 "$ROOT/dev"
	mknod -m 0666 "$ROOT/dev/null" c 1 3
}

# script_text EVENT SCRIPT: what the shell gets.
script_text()
{
	cat "$SCRIPTS/functions"
	printf '(\nvz_event=%s\n' "$1"
	cat "$SCRIPTS/$2"
	printf ')\n[ $? -eq 0 ] || exit 100\n'
}

# run_script EVENT SCRIPT VARIABLE=VALUE…: run it in the tree, in a UTS namespace of its own.
run_script()
{
	script_text "$1" "$2" >"$BATS_TEST_TMPDIR/text"
	unshare --uts env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin VE_ROOT=/ "${@:3}" \
		chroot "$ROOT" /bin/sh <"$BATS_TEST_TMPDIR/text"
}

# Names, inodes and times of everything in /etc: the same before and after if nothing was written.
etc_state() { (cd "$ROOT/etc" && find . -printf '%p %i %T@ %s %l\n' | sort); }
