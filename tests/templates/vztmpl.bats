#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2154 # text for other shells; variables of the helpers
#
# vztmpl: the cache of templates, from a recipe or a file to an archive and out again.

load ../lib/helpers
load ../lib/templates

setup()
{
	require root zstd
	PREFIX=$BATS_TEST_TMPDIR/host
	CACHE=$PREFIX/vz/template/cache
	RECIPES=$PREFIX/etc/vz/templates
	mkdir -p "$PREFIX" "$RECIPES"
	unset SOURCE_DATE_EPOCH
}

# recipe NAME [LINE…]: one that makes a tree with /bin/sh, after the lines.
recipe()
{
	local dir=$RECIPES/$1
	shift
	mkdir -p "$dir"
	printf 'DESCRIPTION="a recipe of the tests"\n' >"$dir/template.conf"
	{
		printf '#!/bin/sh\nset -eu\n'
		[ $# -eq 0 ] || printf '%s\n' "$@"
		printf 'mkdir -p "$TMPDIR/r/bin"\necho "$0" >"$TMPDIR/r/bin/sh"\n'
		printf 'tar -C "$TMPDIR/r" -cf "$TMPDIR/r.tar" .\nzstd -q "$TMPDIR/r.tar" -o "$1"\n'
	} >"$dir/build"
	chmod +x "$dir/build"
}

# nothing_left: no half-made work in the cache, no process of a recipe.
nothing_left()
{
	is "" "$(find "$CACHE" -name '.work*')"
	! grep -lqzs "^TMPDIR=$CACHE" /proc/[0-9]*/environ
}

@test "vztmpl: build minimal" {
	rc_is 0 vztmpl build minimal
	has "minimal: built, "
	is "directory 700 0:0" "$(attributes "$PREFIX/vz/template")"
	is "directory 700 0:0" "$(attributes "$CACHE")"
	(cd "$CACHE" && sha256sum -c minimal.tar.zst.sha256)
	nothing_left
	run tar -tf "$CACHE/minimal.tar.zst"
	line ./sbin/init ./bin/sh ./sbin/poweroff ./etc/inittab ./etc/os-release ./root/ ./tmp/
	has_not bash
}

@test "vztmpl: a recipe has no descriptors but its three" {
	# 10 or 255 is where its shell reads the recipe.
	recipe fds 'mkdir -p "$TMPDIR/r"' 'ls "/proc/$$/fd" | sort -n | grep -vxE "10|255" | xargs >"$TMPDIR/r/fds"'
	vztmpl build fds 4</dev/null 5</dev/null 6</dev/null 7</dev/null 8</dev/null 9</dev/null 11</dev/null 42</dev/null
	is "0 1 2" "$(zstd -dc "$CACHE/fds.tar.zst" | tar -xO ./fds)"
}

@test "vztmpl: the same recipe and date give the same archive" {
	export SOURCE_DATE_EPOCH=1700000000
	vztmpl build minimal
	cp "$CACHE/minimal.tar.zst" "$BATS_TEST_TMPDIR/first"
	sleep 1
	vztmpl build minimal
	cmp "$BATS_TEST_TMPDIR/first" "$CACHE/minimal.tar.zst"
}

@test "vztmpl: list shows the cache, list -a the recipes too" {
	rc_is 0 vztmpl list
	is "NAME SIZE DATE ALIASES DESCRIPTION" "$(tr -s ' ' <<<"$output")"
	recipe own
	vztmpl build own
	rc_is 0 vztmpl list
	has "own " "a recipe of the tests"
	has_not minimal
	rc_is 0 vztmpl list -a
	has "own " "debian-12 " "debian-13 " "minimal "
	# A template without a recipe has a row as well.
	cp "$CACHE/own.tar.zst" "$CACHE/strange.tar.zst"
	rc_is 0 vztmpl list
	has "strange "
}

@test "vztmpl: resolve takes a name, then an alias, and of those the newest that is there" {
	recipe old && echo 'ALIASES="thing other" ORDER=9' >"$RECIPES/old/template.conf"
	recipe new && echo 'ALIASES="thing" ORDER=10' >"$RECIPES/new/template.conf"
	rc_is 91 vztmpl resolve thing
	has "build it with 'vztmpl build thing'"
	rc_is 91 vztmpl resolve nothing
	has "there is no template 'nothing'"
	vztmpl build old
	rc_is 0 vztmpl resolve thing
	is "$CACHE/old.tar.zst" "$output"
	vztmpl build thing
	rc_is 0 vztmpl resolve thing
	is "$CACHE/new.tar.zst" "$output"
	rc_is 0 vztmpl resolve other
	is "$CACHE/old.tar.zst" "$output"
	# A template that is named like an alias wins over it.
	mv "$CACHE/old.tar.zst" "$CACHE/thing.tar.zst"
	rc_is 0 vztmpl resolve thing
	is "$CACHE/thing.tar.zst" "$output"
}

@test "vztmpl: build --if-missing does nothing for what is there" {
	recipe once 'echo built >>"$0.count"'
	vztmpl build --if-missing once
	vztmpl build --if-missing once
	is 1 "$(wc -l <"$RECIPES/once/build.count")"
	vztmpl build once
	is 2 "$(wc -l <"$RECIPES/once/build.count")"
}

@test "vztmpl: two builds at once make one after the other" {
	recipe slow 'echo built >>"$0.count"' 'sleep 1'
	vztmpl build --if-missing slow 3>&- &
	vztmpl build --if-missing slow 3>&-
	wait $!
	is 1 "$(wc -l <"$RECIPES/slow/build.count")"
	nothing_left
}

@test "vztmpl: a recipe that fails leaves its log and the old template" {
	recipe fickle
	vztmpl build fickle
	recipe fickle 'echo "all is lost" >&2' 'exit 7'
	rc_is 3 vztmpl build fickle
	has "all is lost" "$PREFIX/var/log/vztmpl-fickle.log"
	grep -q "all is lost" "$PREFIX/var/log/vztmpl-fickle.log"
	rc_is 0 vztmpl verify fickle
	nothing_left
}

@test "vztmpl: a recipe that makes no system is not taken" {
	recipe empty 'sh() { :; }' 'mkdir "$TMPDIR/e"' 'tar -C "$TMPDIR/e" -c . | zstd -q -o "$1"' 'exit 0'
	rc_is 3 vztmpl build empty
	has "neither /bin/sh nor /sbin/init"
	rc_is 91 vztmpl resolve empty
	nothing_left
}

@test "vztmpl: a full disk has its own exit code" {
	recipe full 'echo "tar: write error: No space left on device" >&2' 'exit 2'
	rc_is 46 vztmpl build full
	recipe large
	echo 'SPACE_MB=999999999' >>"$RECIPES/large/template.conf"
	rc_is 46 vztmpl build large
	has "needs 999999999 MB of free space"
}

@test "vztmpl: an interrupted build leaves nothing behind" {
	local pid
	recipe long 'mount -t tmpfs none "$TMPDIR"' 'sleep 1000 &' 'sleep 1000'
	"$TOP/utils/vzctl/scripts/vztmpl" --prefix "$PREFIX" build long 3>&- &
	pid=$!
	# shellcheck disable=SC2016 # for eval
	wait_for 10 eval '[ -n "$(find "$CACHE" -path "*/.work-long.*/tmp" 2>/dev/null)" ]'
	sleep 0.3
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	is 143 "$status"
	nothing_left
	rc_is 91 vztmpl resolve long
}

@test "vztmpl: what a killed build left is removed by the next" {
	recipe again
	mkdir -p "$CACHE/.work-again.abcdef/tmp"
	vztmpl build again
	nothing_left
}

@test "vztmpl: a recipe whose packages are missing says what to install" {
	require dpkg-query
	recipe needy
	echo 'PACKAGES="no-such-package-at-all tar"' >>"$RECIPES/needy/template.conf"
	rc_is 3 vztmpl build needy
	has "apt-get install no-such-package-at-all"
	has_not " tar"
}

@test "vztmpl: import takes archives of all compressions, with and without ./" {
	local tree=$BATS_TEST_TMPDIR/tree f
	mkdir -p "$tree/usr/bin"
	echo x >"$tree/usr/bin/sh"
	ln -s usr/bin "$tree/bin"
	tar -C "$tree" -czf "$BATS_TEST_TMPDIR/one.tar.gz" .
	tar -C "$tree" -cJf "$BATS_TEST_TMPDIR/two.txz" usr bin
	tar -C "$tree" -cjf "$BATS_TEST_TMPDIR/three.tar.bz2" .
	tar -C "$tree" -cf "$BATS_TEST_TMPDIR/four.tar" .
	for f in one.tar.gz two.txz three.tar.bz2 four.tar; do
		rc_is 0 vztmpl import "$BATS_TEST_TMPDIR/$f"
	done
	is "$CACHE/one.tar.gz" "$(vztmpl resolve one)"
	is "$CACHE/two.tar.xz" "$(vztmpl resolve two)"
	is "$CACHE/three.tar.bz2" "$(vztmpl resolve three)"
	is "$CACHE/four.tar.zst" "$(vztmpl resolve four)"
	rc_is 0 vztmpl import "$BATS_TEST_TMPDIR/one.tar.gz" some/where
	is "$CACHE/some/where.tar.gz" "$(vztmpl resolve some/where)"
	rc_is 0 vztmpl verify
	has "one: OK" "two: OK" "three: OK" "four: OK" "some/where: OK"
	nothing_left
}

@test "vztmpl: import refuses what is no system, no archive, not there, or there already" {
	mkdir "$BATS_TEST_TMPDIR/tree"
	echo x >"$BATS_TEST_TMPDIR/tree/file"
	tar -C "$BATS_TEST_TMPDIR/tree" -czf "$BATS_TEST_TMPDIR/data.tar.gz" .
	rc_is 3 vztmpl import "$BATS_TEST_TMPDIR/data.tar.gz"
	has "not the root of a system"
	echo hello >"$BATS_TEST_TMPDIR/text.tar"
	rc_is 3 vztmpl import "$BATS_TEST_TMPDIR/text.tar"
	has "no readable tar archive"
	vztmpl build minimal
	head -c 100000 "$CACHE/minimal.tar.zst" >"$BATS_TEST_TMPDIR/cut.tar.zst"
	rc_is 3 vztmpl import "$BATS_TEST_TMPDIR/cut.tar.zst"
	rc_is 91 vztmpl import "$BATS_TEST_TMPDIR/missing.tar"
	rc_is 3 vztmpl import "$CACHE/minimal.tar.zst"
	has "there is a template 'minimal' already"
	nothing_left
	is "minimal" "$(vztmpl list | awk 'NR > 1 { print $1 }')"
}

@test "vztmpl: import warns about ssh host keys" {
	mkdir -p "$BATS_TEST_TMPDIR/tree/bin" "$BATS_TEST_TMPDIR/tree/etc/ssh"
	echo x >"$BATS_TEST_TMPDIR/tree/bin/sh"
	echo x >"$BATS_TEST_TMPDIR/tree/etc/ssh/ssh_host_rsa_key"
	tar -C "$BATS_TEST_TMPDIR/tree" -czf "$BATS_TEST_TMPDIR/keys.tar.gz" .
	rc_is 0 vztmpl import "$BATS_TEST_TMPDIR/keys.tar.gz"
	has "holds ssh host keys"
}

@test "vztmpl: verify finds a damaged archive" {
	vztmpl build minimal
	rc_is 0 vztmpl verify minimal
	is "minimal: OK" "$output"
	printf 'x' | dd of="$CACHE/minimal.tar.zst" bs=1 seek=1000 conv=notrunc status=none
	rc_is 3 vztmpl verify
	has "minimal: DAMAGED"
	rc_is 91 vztmpl verify nothing
	# An archive put there by hand has no checksum: nothing to hold against it.
	rm "$CACHE/minimal.tar.zst.sha256"
	rc_is 0 vztmpl verify
	is "minimal: no checksum" "$output"
}

@test "vztmpl: remove, and who uses the layer" {
	local sum
	recipe gone
	vztmpl build gone
	sum=$(cut -d ' ' -f 1 "$CACHE/gone.tar.zst.sha256")
	mkdir -p "$PREFIX/vz/template/layers/sha256-$sum" "$PREFIX/vz/private/101" "$PREFIX/vz/private/102"
	echo "sha256-$sum" >"$PREFIX/vz/private/101/layers"
	echo "sha256-other" >"$PREFIX/vz/private/102/layers"
	rc_is 0 vztmpl remove gone
	has "gone: removed" "its layer sha256-$sum stays, it is used by: 101"
	has_not 102
	[ -d "$PREFIX/vz/template/layers/sha256-$sum" ]
	is "" "$(find "$CACHE" -type f ! -name '.*')"
	rc_is 91 vztmpl remove gone
}

@test "vztmpl: prune removes layers that nobody needs" {
	local sum layers=$PREFIX/vz/template/layers
	recipe kept
	vztmpl build kept
	sum=$(cut -d ' ' -f 1 "$CACHE/kept.tar.zst.sha256")
	mkdir -p "$layers"/sha256-{"$sum",aaaa,bbbb,cccc,dddd}/root "$PREFIX"/vz/private/101 "$PREFIX/srv/102" \
		"$PREFIX/etc/vz/conf"
	echo sha256-aaaa >"$PREFIX/vz/private/101/layers"
	echo 'VE_PRIVATE="/srv/$VEID"' >"$PREFIX/etc/vz/conf/102.conf"
	printf 'sha256-aaaa\nsha256-bbbb\n' >"$PREFIX/srv/102/layers"
	rc_is 0 vztmpl prune
	line "sha256-cccc: removed" "sha256-dddd: removed"
	is "$(printf '%s\n' sha256-aaaa sha256-bbbb "sha256-$sum" | sort)" "$(find "$layers" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort)"
	rc_is 0 vztmpl prune
	is "" "$output"
}

@test "vztmpl: TEMPLATE of vz.conf is where the cache is" {
	mkdir -p "$PREFIX/etc/vz"
	echo 'TEMPLATE="/srv/templates"' >"$PREFIX/etc/vz/vz.conf"
	recipe here
	vztmpl build here
	rc_is 0 vztmpl resolve here
	is "$PREFIX/srv/templates/cache/here.tar.zst" "$output"
}

@test "vztmpl: usage, unknown names, other users" {
	rc_is 0 vztmpl --help
	has "resolve NAME"
	rc_is 20 vztmpl
	rc_is 20 vztmpl frobnicate
	rc_is 20 vztmpl build
	rc_is 20 vztmpl build ../x
	rc_is 20 vztmpl resolve /etc/passwd
	rc_is 91 vztmpl build no-such-recipe
	require setpriv
	# The checkout may be where other users cannot read it.
	rc_is 12 setpriv --reuid 65534 --regid 65534 --clear-groups \
		bash -c "$(cat "$TOP/utils/vzctl/scripts/vztmpl")" vztmpl --prefix "$PREFIX" build minimal
}
