#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# vzsplit: samples that divide the host. Whatever the number, vzcfgvalidate agrees with them.

# shellcheck disable=SC2154 # out and err are from the helpers
load ../lib/helpers

setup_file() { host_setup; }
teardown_file() { host_teardown; }
setup()
{
	ram=$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)
	swap=$(awk '/^SwapTotal:/ { print $2 }' /proc/meminfo)
	sample=$BATS_TEST_TMPDIR/sample
}

# value KEY: of the sample.
value() { sed -n "s/^$1=\"\(.*\)\"/\1/p" "$sample"; }

@test "vzsplit: RAM, swap space and disk in equal parts" {
	local kib
	vzsplit -n 10 >"$sample"
	is "0:$((ram / 10 / 1024))M" "$(value PHYSPAGES)"
	is "0:$((swap / 10 / 1024))M" "$(value SWAPPAGES)"
	is 1000 "$(value CPUUNITS)"
	# The free space changes while we look.
	kib=$(($(stat -f -c '%a * (%S / 1024)' "$PREFIX/vz/private") / 10))
	local hard
	hard=$(value DISKSPACE | cut -d : -f 2)
	[ $((hard * 100 / kib)) -ge 95 ] && [ $((hard * 100 / kib)) -le 105 ]
	rc_is 0 vzcfgvalidate "$sample"
}

@test "vzsplit: a sample of all beancounters goes together, however many parts there are" {
	local n
	# The last is as many as the host has 4 MiB for.
	for n in 1 2 3 7 10 33 100 $((ram / 4096)); do
		vzsplit -n $n -v no >"$sample"
		rc_is 0 vzcfgvalidate -v no "$sample"
		is "$((ram / 4 / n))" "$(value VMGUARPAGES | cut -d : -f 1)"
	done
}

@test "vzsplit: swap space that the host does not have" {
	vzsplit -n 4 -s 8388608 >"$sample"
	is "0:2048M" "$(value SWAPPAGES)"
	vzsplit -n 4 -s 8388608 -v no >"$sample"
	is "$((ram / 16 + 524288))" "$(value PRIVVMPAGES | cut -d : -f 1)"
}

@test "vzsplit: asks for the number" {
	split_is 0 vzsplit -s 0 < <(echo 10)
	is "Enter the number of containers: " "$err"
	is "$(vzsplit -s 0 -n 10 | grep -v '^DISK')" "$(grep -v '^DISK' <<<"$out")"
	split_is 1 vzsplit </dev/null
	has "Usage: vzsplit"
	split_is 1 vzsplit < <(echo ten)
	is "" "$out"
}

@test "vzsplit: -f makes a sample that create knows, and leaves one that is there alone" {
	need_template minimal
	split_is 0 vzsplit -n 10 -f tenth
	is "" "$out$err"
	sample=$PREFIX/etc/vz/conf/ve-tenth.conf-sample
	is 644 "$(stat -c %a "$sample")"
	create_minimal 101 --config tenth
	is "$((ram / 10 / 1024 * 256))" "$(conf_value 101 PHYSPAGES | cut -d : -f 2)"
	vzctl --quiet destroy 101
	local before
	before=$(cksum <"$sample")
	split_is 1 vzsplit -n 20 -f tenth
	has "'$sample' exists already"
	is "$before" "$(cksum <"$sample")"
	rm "$sample"
	is "" "$(find "$PREFIX/etc/vz/conf" -name '*tenth*')"
}

@test "vzsplit: more parts than there is memory for" {
	local n=$((ram / 4096 + 1))
	split_is 1 vzsplit -n $n
	is "" "$out"
	is "the RAM of this host is not enough for $n containers" "$err"
}

@test "vzsplit: bad command lines" {
	local words
	for words in "-n 0" "-n -1" "-n 1x" "-n 1000000001" "-n" "-n 1 -v maybe" "-n 1 -f a/b" "-n 1 -s -1" "-n 1 more" "-x"; do
		# shellcheck disable=SC2086 # words
		split_is 1 vzsplit $words
		is "" "$out"
		has "Usage: vzsplit"
	done
	split_is 1 vzsplit -n 1 -f ""
	split_is 1 as_nobody vzsplit --prefix "$PREFIX" -n 1
	is "" "$out"
}
