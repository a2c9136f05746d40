#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# vzmemcheck and vzcalc: memory in use and promised, of single containers and of all. 101 has a size of RAM,
# 102 beancounters of the old kind, 103 no limits.

# shellcheck disable=SC2154 # out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	create_minimal 101 --name web
	create_minimal 102 --config basic
	create_minimal 103
	vzctl --quiet set 101 --ram 64M --swap 32M --vm_overcommit 1.5 --save
	vzctl --quiet start 101
	vzctl --quiet start 102
}
teardown_file() { host_teardown; }

# kib NAME: of the host.
kib() { awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo; }

# percent MIB OF-KIB: as it is printed.
percent() { awk -v mib="$1" -v of="$2" 'BEGIN { printf "%.2f\n", mib * 102400 / of }'; }

# columns NUMBER…: of the line that begins with the first word of $line.
columns()
{
	local -a words
	read -ra words <<<"$line"
	local i text=
	for i; do
		text+=" ${words[i]}"
	done
	echo "${text# }"
}

# The sample "basic": 14790164 bytes of kernel memory and 2703360 + 2703360 + 2097152 + 262144 of buffers;
# 26112 and 33792 pages guaranteed, 69632 allowed.
@test "vzmemcheck -vA: what was promised, in megabytes" {
	split_is 0 vzmemcheck -vA
	line=$(grep '^101 ' <<<"$out")
	is "64.00 64.00 n/a 96.00 144.00" "$(columns 2 5 6 7 8)"
	line=$(grep '^102 ' <<<"$out")
	is "21.51 123.51 n/a 153.51 293.51" "$(columns 2 5 6 7 8)"
	line=$(grep '^Summary:' <<<"$out")
	is "85.51 187.51 n/a 249.51 437.51" "$(columns 2 5 6 7 8)"
	is "" "$(grep '^103 ' <<<"$out")"
}

@test "vzmemcheck: headings, and a single line in per cent of the host" {
	local ram all
	ram=$(kib MemTotal)
	all=$((ram + $(kib SwapTotal)))
	split_is 0 vzmemcheck
	is "Output values in %
             LowMem   LowMem      RAM  MemSwap  MemSwap    Alloc    Alloc    Alloc
               util   commit     util     util   commit     util   commit    limit" "$(head -n 3 <<<"$out")"
	is 4 "$(wc -l <<<"$out")"
	line=$(tail -n 1 <<<"$out")
	is "Summary: $(percent 85.51 "$ram") $(percent 187.51 "$all")" "$(columns 0 2 5)"
}

@test "vzmemcheck: what is in use" {
	local used
	vzctl exec 101 'dd if=/dev/zero of=/dev/shm/x bs=1M count=20 2>/dev/null'
	line=$(vzmemcheck -vA | grep '^101 ')
	used=$(columns 3)
	[ "${used%.*}" -ge 20 ] && [ "${used%.*}" -lt 64 ]
	used=$(columns 4)
	[ "${used%.*}" -ge 20 ]
	line=$(vzcalc -v 101 | grep '^Total RAM')
	[[ $(columns 2) == [0-9]*.[0-9][0-9] ]]
	vzctl exec 101 'rm /dev/shm/x'
}

@test "vzmemcheck: what is not limited" {
	vzctl --quiet start 103
	line=$(vzmemcheck -vA | grep '^103 ')
	vzctl --quiet stop 103 --fast
	is "unlim 0.00 0.00 unlim" "$(columns 2 5 7 8)"
}

@test "vzcalc: one line, and all with -v" {
	local ram all
	ram=$(kib MemTotal)
	all=$((ram + $(kib SwapTotal)))
	split_is 0 vzcalc 101
	is "Resource     Current(%)  Promised(%)       Max(%)" "$(head -n 1 <<<"$out")"
	is 2 "$(wc -l <<<"$out")"
	line=$(tail -n 1 <<<"$out")
	is "Memory" "$(columns 0)"
	split_is 0 vzcalc -v 101
	is "Low Mem
Total RAM
Mem + Swap
Alloc. Mem
Num. Proc
Memory" "$(grep -v -e ^Resource -e ^--- <<<"$out" | cut -c 1-11 | sed 's/ *$//')"
	line=$(grep '^Low Mem' <<<"$out")
	is "$(percent 64 "$ram") $(percent 64 "$ram")" "$(columns 3 4)"
	line=$(grep '^Alloc. Mem' <<<"$out")
	is "n/a $(percent 96 "$all") $(percent 144 "$all")" "$(columns 2 3 4)"
	line=$(grep '^Memory' <<<"$out")
	is "$(percent 144 "$all")" "$(columns 3)"
}

@test "vzcalc: of a stopped container there is only what was promised" {
	split_is 0 vzcalc 103
	line=$(tail -n 1 <<<"$out")
	is "Memory n/a unlim unlim" "$(columns 0 1 2 3)"
	split_is 0 vzcalc -v 103
	line=$(grep '^Num. Proc' <<<"$out")
	[[ $(columns 2 3 4) == "n/a n/a "[0-9]*.* ]]
}

@test "vzcalc: by name, and containers that are not there" {
	is "$(vzcalc 101 | awk 'END { print $3, $4 }')" "$(vzcalc web | awk 'END { print $3, $4 }')"
	split_is 1 vzcalc 177
	is "" "$out"
	has "Container config file does not exist"
	split_is 1 vzcalc nobody
}

@test "vzmemcheck and vzcalc: other users and bad command lines" {
	local words
	for words in "vzmemcheck 101" "vzmemcheck -x" "vzcalc" "vzcalc -x 101" "vzcalc 101 102"; do
		# shellcheck disable=SC2086 # words
		split_is 1 $words
		is "" "$out"
		has "Usage: ${words%% *}"
	done
	split_is 1 as_nobody vzmemcheck --prefix "$PREFIX"
	split_is 1 as_nobody vzcalc --prefix "$PREFIX" 101
	is "" "$out"
}
