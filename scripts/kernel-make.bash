# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2154 # of who sources it
#
# Trees of Linux that are kept between builds, and make in them: for scripts to source that have sourced
# kernel-series.bash, called find_source, and have job (a directory for what is gone at the end).
#
# Environment: CC (default gcc); JOBS (default: the number of processors). With ccache, where there is one.

# update_tree TREE LAID: make TREE the sources with what is in LAID. It is kept between runs, and written where
# it differs, so that only that is built again. Its files are those of the sources: nothing is written into them.
update_tree()
{
	local tree=$1 laid=$2 file

	if [ "$(cat "$tree.origin" 2>/dev/null)" != "$origin" ]; then
		rm -rf "$tree" "$tree".{origin,laid,configured}
		mkdir -p "$(dirname "$tree")"
		cp -al "$source" "$tree" 2>/dev/null || { rm -rf "$tree" && cp -a "$source" "$tree"; }
		: >"$tree.laid"
		echo "$origin" >"$tree.origin"
	fi
	(cd "$laid" && find . -type f -printf '%P\n' | sort) >"$job/laid"
	comm -23 "$tree.laid" "$job/laid" | while read -r file; do
		if [ -e "$source/$file" ]; then
			cp --remove-destination "$source/$file" "$tree/$file"
		else
			rm -f "$tree/$file"
		fi
	done
	# Ended half-way, the next one has to know of both.
	sort -u "$job/laid" "$tree.laid" >"$job/both"
	mv "$job/both" "$tree.laid"
	while read -r file; do
		! cmp -s "$laid/$file" "$tree/$file" || continue
		mkdir -p "$tree/$(dirname "$file")"
		cp --remove-destination "$laid/$file" "$tree/$file"
	done <"$job/laid"
	mv "$job/laid" "$tree.laid"
}

# prepare_tree NAME [COUNT]: the tree of that name, with the series, or its first COUNT hooks, or with
# COUNT "none" nothing of it. Sets tree.
prepare_tree()
{
	tree=$cache/kernel/$1/tree
	rm -rf "$job/lay"
	mkdir -p "$job/lay"
	[ "${2-}" = none ] || lay "$source" "$job/lay" "${2-}"
	update_tree "$tree" "$job/lay"
}

# make in the tree.
run_make()
{
	local cc=${CC:-gcc} ccache=

	! command -v ccache >/dev/null || ccache="ccache "
	CCACHE_DIR=$cache/kernel/ccache CCACHE_MAXSIZE=4G KBUILD_BUILD_USER=openve KBUILD_BUILD_HOST=openve \
		make -C "$tree" -s -j"${JOBS:-$(nproc)}" CC="$ccache$cc" HOSTCC="${ccache}gcc" "$@"
}

# wants_are_in CONFIG FILE…: what the files ask for is there, all of it: Kconfig drops what it does not know, or
# what depends on something else, and says nothing.
wants_are_in()
{
	local config=$1 line missing=
	shift

	while read -r line; do
		grep -qxF -e "$line" "$config" || missing+=" ${line#\# }"
	done < <(grep -hE '^(# )?CONFIG_' "$@")
	[ -z "$missing" ] || fail 21 "Kconfig does not take:$missing"
}

# configure FILE…: the smallest kernel there is with what these files ask for. Once: Kconfig takes seconds.
configure()
{
	local stamp

	stamp=$({ echo "${CC:-gcc}"; cat "$@"; grep Kconfig "$tree.laid" | (cd "$tree" && xargs -r cat); } | sha256sum)
	[ ! -e "$tree/.config" ] || [ "$stamp" != "$(cat "$tree.configured" 2>/dev/null)" ] || return 0
	run_make KCONFIG_CONFIG="$job/config" tinyconfig >/dev/null
	cat "$@" >>"$job/config"
	run_make KCONFIG_CONFIG="$job/config" olddefconfig 2>"$job/kconfig" || fail 3 "$(cat "$job/kconfig")"
	wants_are_in "$job/config" "$@"
	cmp -s "$job/config" "$tree/.config" || cp "$job/config" "$tree/.config"
	echo "$stamp" >"$tree.configured"
}
