#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# vzubc: the table, byte by byte from a file, and with the figures of a running container.

# shellcheck disable=SC2154 # out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
}
teardown_file() { host_teardown; }
teardown()
{
	rm -rf "$PREFIX/run/vzubc"
	destroy_all
}

# counters FAILURES: two containers, in the kernel's format.
counters()
{
	cat <<-END
		Version: 2.5
		       uid  resource                     held              maxheld              barrier                limit              failcnt
		      101:  kmemsize                  2914304              3407872             11055923             11377049                    0
		            lockedpages                     0                    0                  256                  256                    0
		            dummy                           0                    0                    0                    0                    0
		            physpages                   20480                30720                    0  9223372036854775807                    0
		      102:  numproc                     ${2:-120}                  200                  240                  260                    $1
		            numfile                        10                   20                 1024                 1024                    0
	END
}

@test "vzubc: figures from a file" {
	counters 0 >"$BATS_TEST_TMPDIR/ubc"
	split_is 0 vzubc -f "$BATS_TEST_TMPDIR/ubc"
	is "---------------------------------------------------------------
CT 101       | HELD Bar% Lim%| MAXH Bar% Lim%| BAR | LIM | FAIL
-------------+---------------+---------------+-----+-----+-----
     kmemsize|2.78M  26%  26%|3.25M  31%  30%|10.5M|10.8M|    -
  lockedpages|    0   0%   0%|    0   0%   0%|1.00M|1.00M|    -
    physpages|80.0M    -    -| 120M    -    -|    0|    -|    -
---------------------------------------------------------------
CT 102       | HELD Bar% Lim%| MAXH Bar% Lim%| BAR | LIM | FAIL
-------------+---------------+---------------+-----+-----+-----
      numproc|  120  50%  46%|  200  83%  77%|  240|  260|    -
      numfile|   10   1%   1%|   20   2%   2%|1.00K|1.00K|    -" "$out"
	is "" "$err"
	is "$out" "$(counters 0 | vzubc -f -)"
	split_is 0 vzubc -f - 102 < <(counters 0)
	has_not "CT 101"
	has "CT 102"
}

# shown OPTION…: names of the counters that are.
shown() { vzubc -f - "$@" | sed -n 's/^ *\([a-z]*\)|.*/\1/p' | xargs; }

@test "vzubc: -q leaves out what is far from its limit" {
	is "numproc" "$(counters 0 | shown -q)"
	is "" "$(counters 0 | shown -q 101)"
	is "" "$(counters 0 | shown -qh 0.51 -qm 0.9)"
	is "numproc" "$(counters 1 | shown -qh 0.51 -qm 0.9)"
	is "kmemsize numproc" "$(counters 0 | shown -qh 0.2)"
}

@test "vzubc: -v shows also what nothing is known of" {
	is 42 "$(counters 0 | shown -v | wc -w)"
}

@test "vzubc: -r counts failures since the last time, -rc forgets" {
	fails() { counters "$1" | vzubc -f - "${@:2}" | sed -n 's/^ *numproc|.*|//p' | xargs; }
	is 5 "$(fails 5 -r)"
	is - "$(fails 5 -r)"
	is 2 "$(fails 7 -r)"
	is 7 "$(fails 7)"
	is - "$(fails 9 -rc)"
	is 1 "$(fails 10 -r)"
	is 10 "$(fails 10 -rd "$BATS_TEST_TMPDIR/a/b")"
	is 2 "$(fails 12 -rd "$BATS_TEST_TMPDIR/a/b")"
	# The kernel's counter began anew.
	is - "$(fails 3 -r)"
	is "held" "$(counters 1 | vzubc -f - -i >/dev/null; ls "$PREFIX/run/vzubc" | grep -v fails)"
}

@test "vzubc: -i shows how use has changed" {
	change() { counters 0 "$1" | vzubc -f - "${@:2}" | sed -n 's/^ *numproc|.*|....- *//p'; }
	is "" "$(change 100 -i)"
	is "+30" "$(change 130 -i)"
	is "-10" "$(change 120 -i)"
	is "" "$(change 120 -i)"
	is "" "$(change 500 -ic)"
	is "-1" "$(change 499 -i)"
}

@test "vzubc: -c colours what was refused and what is near its limit" {
	is "1" "$(counters 1 | vzubc -f - -c | grep -c "^"$'\033\[31m'" *numproc\|"$'\033\[0m$')"
	is "1" "$(counters 0 | vzubc -f - -c | grep -c "^"$'\033\[33m'" *numproc")"
}

@test "vzubc: -w hands the rest to watch" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nprintf "<%%s>" "$@"\n' >"$BATS_TEST_TMPDIR/bin/watch"
	chmod 0755 "$BATS_TEST_TMPDIR/bin/watch"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH split_is 0 "$BUILD/vzubc" -wd -q -wn 5 -wt -f "a b" 101
	is "<-x><-d><-t><-n><5><$BUILD/vzubc><-q><-f><a b><101>" "$out"
}

# bats test_tags=cgroup
@test "vzubc: what a running container uses, and its limits" {
	local group refused
	create_minimal 101
	create_minimal 102
	vzctl --quiet set 101 --numproc 50:60 --ram 64M --swap 0 --save
	vzctl --quiet start 101
	split_is 0 vzubc
	has "CT 101 "
	has_not "CT 102 "
	prefix_tag
	group=/sys/fs/cgroup/vz-$PREFIX_TAG/101
	# How often it was refused kernels before 6.11 do not know, of version 2.
	refused=-
	[ ! -e "$group/pids.max" ] || [ -e "$group/pids.events.local" ] || refused=' '
	[[ $out =~ numproc\|\ +[1-9][0-9]*\ +[0-9]+%\ +[0-9]+%\|.*\|\ +50\|\ +60\|\ +"$refused"\ *$'\n' ]]
	[[ $out =~ physpages\|[\ 0-9.]+[KM]?\ +-\ +[0-9]+%\|.*\|\ +0\|64.0M\|\ +-$'\n' ]]
	split_is 1 vzubc 102
	is "" "$out"
	is "there are no figures of container 102: it is not running" "$err"
}

@test "vzubc: other formats, and bad command lines" {
	local words
	split_is 1 vzubc -f - < <(counters 0 | sed 's/2\.5/2.4/')
	has "version 2.5"
	split_is 1 vzubc -f - </dev/null
	split_is 1 vzubc -f - < <(counters 0 | sed 's/ 240 / many /')
	is "" "$out"
	split_is 1 vzubc -f "$BATS_TEST_TMPDIR/none"
	has "No such file"
	split_is 1 vzubc -f - 103 < <(counters 0)
	is "there are no figures of container 103" "$err"
	for words in "-x" "-qh" "-qh x" "-wn 0" "-f" "name" "-1" "--help"; do
		# shellcheck disable=SC2086 # words
		split_is 1 "$BUILD/vzubc" $words
		has "Usage: vzubc"
	done
	split_is 1 as_nobody vzubc --prefix "$PREFIX"
}
