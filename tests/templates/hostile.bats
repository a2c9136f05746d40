#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# vzctl create from templates that are broken or mean harm. Each is refused with the exit code of its kind
# and one line that says why, or contained; either way nothing is left of a container that did not come
# to be: no area, file, ids or layer, and nothing is written above the root. The same for both layouts.

# shellcheck disable=SC2154 # out and err are from the helpers
load ../lib/helpers
load ../lib/templates

setup_file()
{
	require python3 zstd
	host_setup
	need_template minimal
	mkdir -p "$PREFIX/vz/other/cache"
	cp "$TEST_CACHE"/template/cache/minimal.tar.zst* "$PREFIX/vz/other/cache/"
	sed -i 's|^TEMPLATE=.*|TEMPLATE=/vz/other|' "$PREFIX/etc/vz/vz.conf"
	# A good one, whose layer must not suffer.
	create_minimal 101
}
teardown_file() { host_teardown; }
setup()
{
	cache=$PREFIX/vz/other/cache
	touch "$PREFIX/outside"
}
teardown()
{
	rm -f "$cache"/evil.*
	vzctl --quiet stop 109 --fast >/dev/null 2>&1 || :
	vzctl --quiet destroy 109 >/dev/null 2>&1 || :
}

# All that a create may change, and what archives here try to.
everything()
{
	host_state
	ls -A "$PREFIX/vz/other/layers"
	find "$PREFIX"/vz/other/layers/* "$PREFIX/outside" -printf '%p %y %m %U:%G %s %T@ %l\n' | sort
}

# refused_as CODE TEXT: no container comes of the template evil, of neither layout; TEXT is said of it.
refused_as()
{
	local layout before
	before=$(everything)
	for layout in overlay simfs; do
		split_is "$1" timeout "$(patience 60)" "$BUILD/vzctl" --prefix "$PREFIX" create 109 --ostemplate evil --layout $layout
		has "$2"
		is 1 "$(grep -c "^OS template '$cache/evil\..*' cannot be unpacked into '$PREFIX/vz/" <<<"$err")"
		diff <(echo "$before") <(everything)
		is_gone 109
	done
}

# refused CODE TEXT: the same for an archive made of the members on standard input, after honest ones.
refused()
{
	{ printf 'dir .\ndir etc\nfile etc/passwd root:x:0:0:root:/:/bin/sh\n'; cat; } | make_archive "$cache/evil.tar"
	refused_as "$@"
}

# contained: the good template with the members on standard input appended makes a container that starts.
# Then `check` looks at its root, $ROOT.
contained()
{
	local layout
	make_archive "$BATS_TEST_TMPDIR/more.tar"
	zstd -q -d -c "$cache/minimal.tar.zst" >"$cache/evil.tar"
	tar --concatenate -f "$cache/evil.tar" "$BATS_TEST_TMPDIR/more.tar"
	for layout in overlay simfs; do
		rc_is 0 vzctl create 109 --ostemplate evil --layout $layout
		rc_is 0 vzctl start 109
		rc_is 0 vzctl exec2 109 true
		ROOT=$PREFIX/vz/root/109
		check
		rc_is 0 vzctl stop 109 --fast
		rc_is 0 vzctl destroy 109
		is_gone 109
	done
}

# ---- damaged ----

@test "hostile template: cut off anywhere, it is refused" {
	local size at
	size=$(stat -c %s "$cache/minimal.tar.zst")
	for at in 1 100 4096 $((size / 2)) $((size - 1)); do
		head -c "$at" "$cache/minimal.tar.zst" >"$cache/evil.tar.zst"
		refused_as 48 "the archive is damaged or no tar archive"
	done
}

@test "hostile template: an empty file and noise are refused" {
	: >"$cache/evil.tar"
	refused_as 48 "no tar archive"
	head -c 100000 /dev/urandom >"$cache/evil.tar"
	refused_as 48 "no tar archive"
	rm "$cache/evil.tar"
	head -c 100000 /dev/urandom >"$cache/evil.tar.zst"
	refused_as 48 "no tar archive"
}

@test "hostile template: another archive than its checksum says is refused" {
	cp "$cache/minimal.tar.zst" "$cache/evil.tar.zst"
	printf '%064d  evil.tar.zst\n' 7 >"$cache/evil.tar.zst.sha256"
	refused_as 48 "is not the expected archive: its sha256 is"
}

@test "hostile template: a damaged one with the checksum of a good one is not unpacked" {
	head -c 5000 "$cache/minimal.tar.zst" >"$cache/evil.tar.zst"
	sed 's/minimal/evil/' "$cache/minimal.tar.zst.sha256" >"$cache/evil.tar.zst.sha256"
	local before
	before=$(everything)
	rc_is 48 vzctl create 109 --ostemplate evil --layout simfs
	has "is not the expected archive: its sha256 is"
	is "$before" "$(everything)"
}

# ---- out of the root ----

@test "hostile template: members above the root are refused" {
	refused 47 "leads out of the root" <<<"file ../../../outside evil"
	refused 47 "leads out of the root" <<<"file a/../../../../outside evil"
	refused 47 "leads out of the root" <<<"file $PREFIX/outside evil"
	refused 47 "leads out of the root" <<<"dir .."
	refused 47 "leads out of the root" <<<"link ../../outside x"
}

@test "hostile template: members through a symlink are refused" {
	refused 47 "would be written through a symbolic link" <<-END
		link a $PREFIX
		file a/outside evil
	END
	refused 47 "would be written through a symbolic link" <<-END
		link a ../../..
		link a/b $PREFIX
		file a/b/outside evil
	END
	refused 47 "would be written through a symbolic link" <<-END
		link a .
		hard a/x etc/passwd
	END
}

@test "hostile template: hard links out of the root are refused" {
	refused 47 "is a hard link that leads out of the root" <<<"hard x ../../../outside"
	refused 47 "is a hard link that leads out of the root" <<<"hard x $PREFIX/outside"
	refused 47 "would be written through a symbolic link" <<-END
		link a $PREFIX
		hard x a/outside
	END
}

@test "hostile template: a symlink that leaves the root is only text" {
	check()
	{
		is "$PREFIX/outside" "$(readlink "$ROOT/etc/outside")"
		# Inside it leads nowhere.
		rc_is 1 vzctl exec2 109 "[ -e /etc/outside ]"
		rc_is 0 vzctl exec2 109 "[ /up -ef / ]"
	}
	contained <<-END
		link etc/outside $PREFIX/outside
		link up ../../../../..
	END
}

# ---- what is no file of a user's ----

@test "hostile template: device nodes and whiteouts are refused" {
	refused 47 "is a device node" <<<"block disk 8 0"
	refused 47 "is a device node" <<<"char tmp/mem 1 1"
	refused 47 "is a device node" <<<"char etc/passwd 0 0"
}

@test "hostile template: device nodes below /dev are not made" {
	check() { is "" "$(vzctl exec 109 'ls -d /dev/sda /dev/mem /dev/kmsg 2>/dev/null')"; }
	contained <<-END
		block dev/sda 8 0
		char dev/mem 1 1
	END
}

@test "hostile template: ids above 65535 are refused" {
	refused 47 "belongs to user 65536" <<<"file x uid=65536"
	refused 47 "belongs to group 4294967295" <<<"file x gid=4294967295"
	refused 47 "belongs to user" <<<"file x uid=-1"
}

@test "hostile template: attributes of the overlay are not taken from it" {
	require getfattr
	check()
	{
		run getfattr -h --absolute-names -d -m - "$ROOT/etc/marked" "$ROOT/marked"
		has 'user.note="kept"'
		has_not overlay
		# Neither hidden nor elsewhere.
		rc_is 0 vzctl exec2 109 "[ -e /marked/inside ]"
	}
	contained <<-END
		file etc/marked text x:user.note=kept x:user.overlay.metacopy= x:trusted.overlay.redirect=/etc/shadow
		dir marked x:user.overlay.opaque=y x:trusted.overlay.opaque=y x:user.overlay.whiteout=y
		file marked/inside text
	END
}

# ---- too much ----

@test "hostile template: duplicate members: the last one counts" {
	check()
	{
		is three "$(cat "$ROOT/etc/twice")"
		is two "$(cat "$ROOT/was-link")"
		is "" "$(cat "$PREFIX/outside")"
	}
	contained <<-END
		file etc/twice one
		file etc/twice two
		file etc/twice three
		link was-link $PREFIX/outside
		file was-link two
	END
}

@test "hostile template: thousands of hard links to one file" {
	check() { is 3001 "$(stat -c %h "$ROOT/one")"; }
	{ echo "file one text"; seq -f "hard many/%g one" 3000; } | contained
}

@test "hostile template: a directory deeper than paths are long comes and goes" {
	check() { is 2500 "$(find "$ROOT/d" -type d -printf x | wc -c)"; }
	contained <<<"file $(printf 'd/%.0s' {1..2500})file text"
}

@test "hostile template: a name longer than names can be is refused" {
	refused 48 "cannot unpack" <<<"file $(printf '%0300d' 0) text"
}

@test "hostile template: names that are no UTF-8 arrive as they are" {
	check() { is text "$(cat "$ROOT/etc/$(printf 'caf\351')")"; }
	contained <<-'END'
		bytes etc/caf\xe9 text
	END
}

@test "hostile template: a file of a terabyte that is one hole takes no space" {
	check()
	{
		is 1099511627776 "$(stat -c %s "$ROOT/huge")"
		[ "$(stat -c %b "$ROOT/huge")" -lt 100 ]
	}
	contained <<<"sparse huge 1099511627776"
}

@test "hostile template: one that is larger than the disk leaves the disk empty" {
	require mkfs.ext4
	local layout before dir=$PREFIX/vz/private
	# A few kilobytes that become a gigabyte. It takes none here: the directory may be in memory.
	truncate -s 1G "$BATS_TEST_TMPDIR/zeros"
	tar -C "$BATS_TEST_TMPDIR" -c zeros | zstd -q >"$cache/evil.tar.zst"
	rm "$BATS_TEST_TMPDIR/zeros"
	truncate -s 32M "$PREFIX/small.img"
	mkfs.ext4 -q "$PREFIX/small.img"
	# Where areas are; for the overlay, where layers are.
	for layout in simfs overlay; do
		[ $layout = simfs ] || { dir=$PREFIX/vz/other/layers; mv "$dir" "$dir.away"; mkdir "$dir"; }
		mount -o loop "$PREFIX/small.img" "$dir"
		rmdir "$dir/lost+found" 2>/dev/null || :
		before=$(stat -f -c '%f %d' "$dir"; host_state)
		run vzctl create 109 --ostemplate evil --layout $layout
		sync -f "$dir"
		after=$(stat -f -c '%f %d' "$dir"; host_state)
		left=$(ls -A "$dir")
		umount "$dir"
		[ $layout = simfs ] || { rmdir "$dir"; mv "$dir.away" "$dir"; }
		is 46 "$status"
		has "no space left on the disk for 'zeros'" "$dir" ": No space left on device"
		is "" "$left"
		is "$before" "$after"
		is_gone 109
	done
}

@test "hostile template: after all of that a good one of the same name works" {
	cp "$cache/minimal.tar.zst" "$cache/evil.tar.zst"
	rc_is 0 vzctl create 109 --ostemplate evil
	rc_is 0 vzctl start 109
	rc_is 0 vzctl start 101
	rc_is 0 vzctl stop 101 --fast
}
