# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What this machine's own sources of packages do not have, but another release of Debian on the same mirror:
# for scripts to source that have fail CODE TEXT.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# use_release RELEASE DIR: the release's lists, kept below DIR, so that nothing changes for the machine. Sets
# apt, the options for apt-get and apt-cache.
use_release()
{
	local release=$1 dir=$2/apt mirror

	mirror=$(apt-get update --print-uris |
		sed -nE "s,^'(.*)/dists/(bookworm|trixie|forky|sid|unstable|testing|stable|oldstable)/InRelease'.*,\1,p" |
		head -n 1)
	[ -n "$mirror" ] || fail 3 "apt has no sources of Debian"
	mkdir -p "$dir/lists/partial"
	echo "deb [signed-by=$keyring] $mirror $release main" >"$dir/sources"
	apt=(-o Dir::Etc::sourcelist="$dir/sources" -o Dir::Etc::sourceparts=/dev/null
		-o Dir::State::lists="$dir/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
		-o APT::Sandbox::User=root)
	apt-get -qq "${apt[@]}" update || fail 3 "apt cannot read the lists of $release"
}

# fetch_package PACKAGE[=VERSION] DIR APT-OPTION...: the file, into DIR.
fetch_package()
{
	local package=$1 dir=$2
	shift 2
	(cd "$dir" && apt-get -qq "$@" -o APT::Sandbox::User=root download "$package") ||
		fail 3 "cannot fetch $package from the archive"
}
