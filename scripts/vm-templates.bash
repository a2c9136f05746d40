# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2154 # of who sources it
#
# Templates for virtual machines, which have no network to build them: for scripts to source that have sourced
# tests/lib/helpers.bash and called host_setup.

# guest_templates NAME…: sets guest_cache, a directory with these templates and their layers, and nothing that
# others may be building. The same for as long as the templates are the same.
guest_templates()
{
	local name stamps='' lock

	guest_cache=$TEST_CACHE/vm/$(IFS=+; echo "$*")
	mkdir -p "$TEST_CACHE/vm"
	exec {lock}>"$guest_cache.lock"
	flock "$lock"
	for name; do
		need_template "$name"
		# Unpacks the layer, where it has not been used yet. The number is one that no test has: ids are given
		# out for the whole machine.
		vzctl --quiet create 23456 --ostemplate "$name"
		vzctl --quiet destroy 23456
		stamps+=$(cd "$TEST_CACHE/template/cache" && stat -c '%n %i %Y' "$name".tar.zst ".$name".*)
	done
	if [ "$stamps" != "$(cat "$guest_cache/stamps" 2>/dev/null)" ]; then
		rm -rf "$guest_cache"
		mkdir -p "$guest_cache"/template/{cache,layers}
		for name; do
			copy_template "$name" "$guest_cache/template"
		done
		echo "$stamps" >"$guest_cache/stamps"
	fi
	exec {lock}>&-
}

copy_template()
{
	local cache=$TEST_CACHE/template name=$1 to=$2 digest

	digest=$(cut -d ' ' -f 1 "$cache/cache/$name.tar.zst.sha256")
	cp -a "$cache/cache/$name".tar.zst* "$cache/cache/.$name".* "$to/cache/"
	cp -a "$cache/layers/sha256-$digest" "$to/layers/"
}
