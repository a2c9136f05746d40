# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2154 # of who sources it
#
# What the kernel series consists of, and the sources it goes on: for scripts to source that have top (this
# checkout) and fail CODE TEXT. New files are the overlay's, line by line; changes of existing ones are in mails.
# They get job, a directory that is gone at their end.

patches=$top/kernel-patches/6.12
cache=${TEST_CACHE:-/var/cache/openve-test}
base=$(cat "$patches/BASE")
# shellcheck source=scripts/archive.bash disable=SC1091
. "$top/scripts/archive.bash"

# What is unfinished in the cache has our number, also when a subshell began it.
# shellcheck disable=SC2317 # run by the trap
cleanup() { rm -rf "$job" "$cache/linux/.unfinished.$$".*; }
job=
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
job=$(mktemp -d "${TMPDIR:-/var/tmp}/openve-kernel.XXXXXX")

# Lines "our-dir tree-dir subject…".
overlay_lines() { grep -vE '^[[:space:]]*(#|$)' "$patches/overlay"; }

# Lines "our file TAB file in the tree". Directories below one of the overlay's have a line of their own, or
# stay here; and so does what is about the repository.
overlay_files()
{
	local ours theirs

	overlay_lines | while read -r ours theirs _; do
		[ -d "$top/$ours" ] || fail 21 "the overlay names '$ours', which is not there"
		find "$top/$ours" -maxdepth 1 -type f ! -name README.md ! -name '*.o' ! -name '*~' \
			-printf "$ours/%f\t$theirs/%f\n" | sort
	done
}

# mails [COUNT]: the hooks in their order, or the first COUNT of them.
mails() { find "$patches" -maxdepth 1 -name '[0-9]*.patch' | sort | head -n "${1:-1000}"; }

# hooked_files MAIL…: the existing files that they change.
hooked_files() { [ $# -eq 0 ] || sed -nE 's,^(---|\+\+\+) [ab]/,,p' "$@" | sort -u; }

# lay SOURCE DIR [COUNT]: into DIR the files that the series adds to SOURCE or changes in it, as they are after
# it (or after COUNT hooks).
lay()
{
	local source=$1 dir=$2 count=${3:-1000} ours theirs file list new

	new=$(overlay_files)
	mapfile -t list < <(mails)
	while read -r file; do
		[ -f "$source/$file" ] || fail 21 "'$file' is hooked, and $source does not have it"
		mkdir -p "$dir/$(dirname "$file")"
		cp "$source/$file" "$dir/$file"
	done < <(hooked_files "${list[@]}")
	while IFS=$'\t' read -r ours theirs; do
		[ ! -e "$source/$theirs" ] || fail 21 "'$theirs' is a new file of ours, and $source has it"
		mkdir -p "$dir/$(dirname "$theirs")"
		cp "$top/$ours" "$dir/$theirs"
	done <<<"$new"
	mapfile -t list < <(mails "$count")
	for file in "${list[@]}"; do
		# Where lines moved it still applies; where the lines around them changed it does not.
		(cd "$dir" && GIT_CEILING_DIRECTORIES=$(dirname "$PWD") git apply --whitespace=nowarn "$file") ||
			fail 21 "$(basename "$file") does not apply to $source"
	done
}

# ---- sources ----

# The version that a tree's Makefile says.
version_of() { awk '$2 == "=" && /^(VERSION|PATCHLEVEL|SUBLEVEL) / { print $3 }' "$1/Makefile" | paste -sd.; }

# Unpack a .deb of Debian's sources, or a tarball, into DIR.
unpack_source()
{
	local file=$1 dir=$2

	mkdir -p "$dir"
	case $file in
	*.deb) dpkg-deb --fsys-tarfile "$file" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
		tar -xJ --strip-components=1 -C "$dir" ;;
	*) tar -xf "$file" --strip-components=1 -C "$dir" ;;
	esac
}

# debian_source VERSION: Debian's package of sources of this point release, or if the archive has moved on of
# the newest, fetched once. Sets deb.
debian_source()
{
	local version=$1 package=linux-source-6.12 found apt=() temporary

	deb=$(compgen -G "$cache/linux/${package}_$version-*.deb" | sort -V | tail -n 1 || :)
	[ -z "$deb" ] || return 0
	mkdir -p "$cache/linux"
	temporary=$(mktemp -d "$cache/linux/.unfinished.$$.XXXXXX")
	[ -n "$(source_versions)" ] || use_release trixie "$temporary"
	found=$(source_versions "${apt[@]}" | grep -F "$version-" | head -n 1 || :)
	[ -n "$found" ] || found=$(source_versions "${apt[@]}" | head -n 1)
	[ -n "$found" ] || fail 3 "the archive has no $package"
	deb=$cache/linux/${package}_${found}_all.deb
	if [ ! -e "$deb" ]; then
		fetch_package "$package=$found" "$temporary" "${apt[@]}"
		mv "$temporary"/*.deb "$deb"
	fi
}

# What apt (with the options given) has of them, newest first.
source_versions() { apt-cache "$@" madison linux-source-6.12 | awk '{ print $3 }' | sort -rV | uniq; }

is_git() { [ -e "$1/.git" ] || [ -e "$1/HEAD" ]; }

# The commit of a git tree that the series goes on: the release of BASE if it is known there by its tag.
git_base() { git -C "$1" rev-parse -q --verify "v$base^{commit}" || git -C "$1" rev-parse --verify 'HEAD^{commit}'; }

# find_source: what LINUX says (a directory, a git tree, a .deb or a tarball; default: Debian's package) as a
# directory, unpacked once. Sets source, and origin, which is another one when the sources are.
find_source()
{
	local linux=${LINUX-} deb new

	if [ -z "$linux" ]; then
		debian_source "$base"
		linux=$deb
	fi
	if [ -f "$linux" ]; then
		origin=$(basename "$linux" .deb)
	elif [ -d "$linux" ] && is_git "$linux"; then
		origin=git-$(git_base "$linux")
	elif [ -f "$linux/Makefile" ]; then
		source=$(realpath "$linux")
		origin=$(find "$source" -type f -printf '%P %s %T@\n' | sort | sha256sum | cut -c1-16)
		return
	else
		fail 21 "LINUX='$linux' is neither a directory with sources of Linux nor a file"
	fi
	source=$cache/linux/$origin
	[ ! -d "$source" ] || return 0
	mkdir -p "$cache/linux"
	new=$(mktemp -d "$cache/linux/.unfinished.$$.XXXXXX")
	if [ -f "$linux" ]; then
		unpack_source "$linux" "$new"
	else
		git -C "$linux" archive "${origin#git-}" | tar -x -C "$new"
	fi
	chmod 0755 "$new"
	# Somebody else may have been quicker, and theirs is the same.
	mv -T "$new" "$source" 2>"$job/mv" || [ -f "$source/Makefile" ] || fail 3 "$(cat "$job/mv")"
}
