#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# "vzctl destroy": the area goes, the configuration and the scripts are kept under another name, and
# everything else of the container is free for the next one. Nothing happens to one that runs or is
# mounted.

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
}
teardown_file() { host_teardown; }
teardown() { destroy_all; }

# bats test_tags=core,cgroup
@test "destroy: prints two lines, rc 0, and nothing is left" {
	create_minimal 101 --name web
	split_is 0 vzctl destroy 101
	is "Destroying container private area: $PREFIX/vz/private/101
Container private area was destroyed" "$out"
	is "" "$err"
	status_is 101 "deleted unmounted down"
	is_gone 101
	is "" "$(ls -A "$PREFIX/vz/vztmp")"
}

@test "destroy: configuration and action scripts stay as *.destroyed, in place of older ones" {
	local e
	echo old >"$(conf 101).destroyed"
	create_minimal 101 --hostname h
	cp "$(conf 101)" "$BATS_TEST_TMPDIR/conf"
	for e in mount umount premount postumount start stop; do
		action "101.$e" <<<'exit 0'
	done
	vzctl --quiet destroy 101
	cmp "$(conf 101).destroyed" "$BATS_TEST_TMPDIR/conf"
	for e in mount umount premount postumount start stop; do
		[ -e "$PREFIX/etc/vz/conf/101.$e.destroyed" ]
		[ ! -e "$PREFIX/etc/vz/conf/101.$e" ]
	done
}

@test "destroy: the name, the dump, the mount point and the ids go" {
	create_minimal 101 --name web
	vzctl --quiet mount 101
	vzctl --quiet umount 101
	: >"$PREFIX/vz/dump/Dump.101"
	vzctl --quiet destroy 101
	[ ! -L "$PREFIX/etc/vz/names/web" ]
	[ ! -e "$PREFIX/vz/dump/Dump.101" ]
	[ ! -e "$PREFIX/vz/root/101" ]
	run grep -F " $(conf 101)" /var/lib/vzctl/ids
	is 1 "$status"
}

# bats test_tags=core
@test "destroy: a running container is rc 32 and goes on running" {
	create_minimal 101
	vzctl --quiet start 101
	rc_is 32 vzctl destroy 101
	is "Container is currently running. Stop it first." "$output"
	status_is 101 "exist mounted running"
}

# bats test_tags=core
@test "destroy: a mounted container is rc 41 and stays" {
	create_minimal 101
	vzctl --quiet mount 101
	rc_is 41 vzctl destroy 101
	is "Container is currently mounted (umount first)" "$output"
	status_is 101 "exist mounted down"
}

@test "destroy: of a linked private area only the link goes" {
	create_minimal 101 --layout simfs
	mv "$PREFIX/vz/private/101" "$PREFIX/vz/real"
	ln -s "$PREFIX/vz/real" "$PREFIX/vz/private/101"
	rc_is 0 vzctl destroy 101
	has "symlink"
	[ ! -L "$PREFIX/vz/private/101" ]
	[ -x "$PREFIX/vz/real/bin/busybox" ]
	rm -r "$PREFIX/vz/real"
}

@test "destroy: a container whose area is gone already is cleared away" {
	create_minimal 101 --name web
	rm -r "$PREFIX/vz/private/101"
	rc_is 0 vzctl destroy 101
	is_gone 101
}

# bats test_tags=core
@test "destroy: a number used again gets a fresh area" {
	create_minimal 101 --layout simfs
	: >"$PREFIX/vz/private/101/mine"
	vzctl --quiet destroy 101
	create_minimal 101 --layout simfs
	[ ! -e "$PREFIX/vz/private/101/mine" ]
}

@test "destroy: the layer other containers stand on stays" {
	create_minimal 101
	create_minimal 102
	vzctl --quiet destroy 101
	vzctl --quiet start 102
	rc_is 0 vzctl exec2 102 true
}

@test "destroy: several at once share the work" {
	local id
	for id in 101 102 103 104; do
		create_minimal $id --layout simfs
	done
	for id in 101 102 103 104; do
		in_bg vzctl destroy $id
	done
	wait
	for id in 101 102 103 104; do
		is_gone $id
	done
	is "" "$(ls -A "$PREFIX/vz/vztmp")"
}
