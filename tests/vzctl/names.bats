#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Names of containers: a link to the configuration file, which must agree. Other programs read the
# links, so they lead to the very file; a word that is no number is always looked up there.

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	create_minimal 101
	create_minimal 102
}
teardown_file() { host_teardown; }
setup()
{
	rm -f "$PREFIX"/etc/vz/names/*
	sed -i '/^NAME=/d' "$(conf 101)" "$(conf 102)"
}

link() { readlink "$PREFIX/etc/vz/names/$1"; }

@test "names: --name makes the link and says so; it works as a CTID" {
	rc_is 0 vzctl set 101 --name web --save
	line "Name web assigned"
	is "$(conf 101)" "$(link web)"
	is web "$(conf_value 101 NAME)"
	is "CTID 101 exist unmounted down" "$(vzctl status web)"
	rc_is 0 vzctl mount web
	rc_is 0 vzctl umount web
}

@test "names: a new name takes the place of the old one" {
	vzctl --quiet set 101 --name web --save
	rc_is 0 vzctl set 101 --name www --save
	[ ! -L "$PREFIX/etc/vz/names/web" ]
	is "$(conf 101)" "$(link www)"
	rc_is 21 vzctl status web
	is "Bad CT ID web" "$output"
}

@test "names: the empty name takes it away" {
	vzctl --quiet set 101 --name web --save
	rc_is 0 vzctl set 101 --name '' --save
	[ ! -L "$PREFIX/etc/vz/names/web" ]
	is "" "$(grep ^NAME= "$(conf 101)" || :)"
}

@test "names: one that is taken is rc 131 and changes nothing" {
	vzctl --quiet set 101 --name web --save
	cp "$(conf 102)" "$BATS_TEST_TMPDIR/before"
	rc_is 131 vzctl set 102 --name web --description x --save
	has "Conflict: name web already used by container 101"
	cmp "$(conf 102)" "$BATS_TEST_TMPDIR/before"
	is "$(conf 101)" "$(link web)"
}

@test "names: the same again is no conflict, and mends a lost link" {
	vzctl --quiet set 101 --name web --save
	rm "$PREFIX/etc/vz/names/web"
	rc_is 0 vzctl set 101 --name web --save
	is "$(conf 101)" "$(link web)"
}

@test "names: illegal ones are rc 131" {
	local name
	for name in a/b . .. 'a;b' 'a$b' 'a*' $'a\nb' 102 "$(printf '%300s' x)"; do
		rc_is 131 vzctl set 101 --name "$name" --save
		has "Error: invalid name"
	done
	is "" "$(ls "$PREFIX/etc/vz/names")"
}

@test "names: letters, digits, blank, - + _ . and what is beyond ASCII are legal" {
	local name
	for name in 'my web' a-b+c_d.e 2nd Müller -x; do
		rc_is 0 vzctl set 101 --save --name "$name"
		is "$(conf 101)" "$(link "$name")"
	done
	vzctl --quiet set 101 --name 'my web' --save
	is "CTID 101 exist unmounted down" "$(vzctl status 'my web')"
	is "my web" "$(conf_value 101 NAME)"
}

@test "names: one may be as long as the name of a file, 255 bytes" {
	name=$(printf 'a%.0s' {1..255})
	rc_is 0 vzctl set 101 --name "$name" --save
	is "$(conf 101)" "$(link "$name")"
	rc_is 131 vzctl set 101 --name "${name}a" --save
	is "$(conf 101)" "$(link "$name")"
}

@test "names: its own number is a legal name" {
	rc_is 0 vzctl set 101 --name 101 --save
	is "$(conf 101)" "$(link 101)"
	is "CTID 101 exist unmounted down" "$(vzctl status 101)"
}

@test "names: what looks like a number is rc 131, digits with something between them are a name" {
	for name in 99999999999 2147483645 +5 -7; do
		rc_is 131 vzctl set 101 --name "$name" --save
		has "Error: invalid name $name"
	done
	rc_is 0 vzctl set 101 --name 2026-01-02 --save
	is "CTID 101 exist unmounted down" "$(vzctl status 2026-01-02)"
}

@test "names: a link that leads to no configuration file is nobody's, and mended" {
	ln -s "$(conf 101).old" "$PREFIX/etc/vz/names/web"
	rc_is 0 vzctl set 101 --name web --save
	is "$(conf 101)" "$(link web)"
	is "CTID 101 exist unmounted down" "$(vzctl status web)"
}

@test "names: a link its configuration does not agree with names nobody" {
	vzctl --quiet set 101 --name web --save
	ln -s "$(conf 101)" "$PREFIX/etc/vz/names/lie"
	rc_is 21 vzctl status lie
	is "Unable to find container by name lie" "$output"
	rc_is 0 vzctl set 102 --name lie --save
	is "$(conf 102)" "$(link lie)"
}

@test "names: only the base name of a link's target counts" {
	ln -s ../conf/101.conf "$PREFIX/etc/vz/names/web"
	echo 'NAME="web"' >>"$(conf 101)"
	is "CTID 101 exist unmounted down" "$(vzctl status web)"
}

@test "names: --applyconfig_map name makes the link again from the file" {
	echo 'NAME="web"' >>"$(conf 101)"
	split_is 0 vzctl set 101 --applyconfig_map name
	is "$(conf 101)" "$(link web)"
	is "" "$err"
	rc_is 21 vzctl set 101 --applyconfig_map other
	echo 'NAME="web"' >>"$(conf 102)"
	rc_is 131 vzctl set 102 --applyconfig_map name
}
