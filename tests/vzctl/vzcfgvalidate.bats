#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# vzcfgvalidate: exit status, messages, and that -r and -i change what they say and nothing else. The rules
# one by one are in the unit test of conf/ubc.c.

# shellcheck disable=SC2154 # out and err are from the helpers
load ../lib/helpers

setup()
{
	conf=$BATS_TEST_TMPDIR/101.conf
	cp "$TOP/utils/vzctl/etc/ve-basic.conf-sample" "$conf"
}

# change KEY VALUE: in the file.
change() { sed -i "s/^$1=.*/$1=\"$2\"/" "$conf"; }

# invalid LINE…: the file is, and these are all the lines that say why.
invalid()
{
	split_is 2 vzcfgvalidate "$conf"
	is "$(printf '%s\n' "$@")" "$out"
	is "" "$err"
}

@test "vzcfgvalidate: shipped samples are valid, as far as the host has the memory" {
	local sample ram swap
	ram=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
	swap=$(awk '/^SwapTotal:/ { print int($2 / 1024) }' /proc/meminfo)
	for sample in basic default light; do
		split_is 0 vzcfgvalidate "$TOP/utils/vzctl/etc/ve-$sample.conf-sample"
		is "Validation completed: success" "$out"
	done
	# 256M of RAM, 512M of swap
	[ "$ram" -ge 256 ]
	split_is "$((swap >= 512 ? 0 : 2))" vzcfgvalidate "$TOP/utils/vzctl/etc/ve-vswap-256m.conf-sample"
}

@test "vzcfgvalidate: a size of RAM in words is valid" {
	printf 'PHYSPAGES="0:512M"\nSWAPPAGES="0:0"\n' >"$conf"
	split_is 0 vzcfgvalidate "$conf"
	printf 'PHYSPAGES="0:512M"\n' >"$conf"
	split_is 0 vzcfgvalidate "$conf"
}

@test "vzcfgvalidate: says what is wrong, rc 2, and changes nothing" {
	change NUMPROC 240:250
	change TCPRCVBUF 1720320:2641919
	change DGRAMRCVBUF 40000
	local before
	before=$(cksum <"$conf")
	invalid "Error: numproc.bar should be = 250 (currently, 240)" \
		"Recommendation: dgramrcvbuf.bar should be > 132096 (currently, 40000)" \
		"Warning: tcprcvbuf.lim should be > 2641920 (currently, 2641919)"
	is "$before" "$(cksum <"$conf")"
	is "101.conf" "$(ls "$BATS_TEST_TMPDIR" | grep conf)"
}

@test "vzcfgvalidate: a beancounter that is missing among others" {
	sed -i '/^SHMPAGES/d' "$conf"
	invalid "Error: parameter shmpages not found"
}

@test "vzcfgvalidate: more memory than the host has" {
	local pages
	pages=$(awk '/^MemTotal:/ { print int($2 / 4) }' /proc/meminfo)
	printf 'PHYSPAGES="0:%s"\n' $((pages + 1)) >"$conf"
	invalid "Warning: physpages.lim should be < $pages (currently, $((pages + 1)))"
}

@test "vzcfgvalidate: values that are none" {
	change NUMFLOCK ten
	change IP_ADDRESS "10.0.0.1"
	echo 'CPULIMIT="fast"' >>"$conf"
	invalid 'Error: invalid value for NUMFLOCK="ten"' 'Error: invalid value for CPULIMIT="fast"' \
		"Error: parameter numflock not found"
}

@test "vzcfgvalidate -r: repairs, prints what it does, keeps the rest of the file" {
	change NUMPROC 240:250
	change DISKSPACE 2G:1G
	cp "$conf" "$conf.before"
	split_is 0 vzcfgvalidate -r "$conf"
	is "$(cat <<-END
		Error: diskspace.bar should be < 1048576 (currently, 2097152)
		set to 2097152:2097152
		Error: numproc.bar should be = 250 (currently, 240)
		set to 250
		Validation completed: success
	END
	)" "$out"
	run diff "$conf.before" "$conf"
	line '> DISKSPACE="2097152:2097152"' '> NUMPROC="250"'
	is 2 "$(grep -c '^>' <<<"$output")"
	split_is 0 vzcfgvalidate "$conf"
}

@test "vzcfgvalidate -r: what cannot be repaired stays wrong, rc 2" {
	echo 'CPULIMIT="fast"' >>"$conf"
	change NUMPTY 1:2
	split_is 2 vzcfgvalidate -r "$conf"
	has 'Error: invalid value for CPULIMIT="fast"' "set to 2"
	grep -qx 'CPULIMIT="fast"' "$conf"
	grep -qx 'NUMPTY="2"' "$conf"
}

@test "vzcfgvalidate -i: asks, and does what was agreed to" {
	change NUMPROC 240:250
	change NUMPTY 1:2
	change NUMSIGINFO 1:2
	split_is 2 vzcfgvalidate -i "$conf" < <(printf 'n\n\ny\n')
	has "set to 250? [y]/n: "
	grep -qx 'NUMPROC="240:250"' "$conf"
	grep -qx 'NUMPTY="2"' "$conf"
	grep -qx 'NUMSIGINFO="2"' "$conf"
	split_is 2 vzcfgvalidate -i "$conf" </dev/null
	split_is 0 vzcfgvalidate -i "$conf" < <(echo Y)
	grep -qx 'NUMPROC="250"' "$conf"
}

@test "vzcfgvalidate -v: no means that RAM alone is no limit" {
	printf 'PHYSPAGES="0:100"\n' >"$conf"
	split_is 0 vzcfgvalidate -v yes "$conf"
	split_is 2 vzcfgvalidate -v no "$conf"
	has "Error: parameter kmemsize not found" "Error: physpages.lim should be = 9223372036854775807 (currently, 100)"
	split_is 0 vzcfgvalidate -r -v no "$conf"
	split_is 0 vzcfgvalidate -v no "$conf"
	split_is 0 vzcfgvalidate -v no "$TOP/utils/vzctl/etc/ve-basic.conf-sample"
}

@test "vzcfgvalidate: files that cannot be read or written, and bad command lines: rc 1" {
	split_is 1 vzcfgvalidate "$BATS_TEST_TMPDIR/none"
	is "" "$out"
	has "none" "No such file"
	split_is 1 vzcfgvalidate "$BATS_TEST_TMPDIR"
	printf 'NUMPROC="\0"\n' >"$conf"
	split_is 1 vzcfgvalidate "$conf"
	has "zero byte"
	for words in "" "-x $conf" "-v $conf" "-v maybe $conf" "$conf $conf"; do
		# shellcheck disable=SC2086 # words
		split_is 1 vzcfgvalidate $words
		has "Usage: vzcfgvalidate"
	done
	split_is 1 vzcfgvalidate --help
	is "" "$err"
}
