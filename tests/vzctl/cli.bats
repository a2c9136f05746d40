#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The command line itself: what is printed where, and which exit status says what is wrong with it.
# Nothing that is refused here may have changed anything. libvirt reads the first line of --help, and
# vzmigrate takes 20 and 21 for "the other side does not know this option".

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	create_minimal 101
}
teardown_file() { host_teardown; }
teardown()
{
	vzctl --quiet stop 101 --fast >/dev/null 2>&1 || :
	vzctl --quiet umount 101 >/dev/null 2>&1 || :
}

# unchanged CODE ARGUMENT…: vzctl refuses with this code, says something, and the host is as it was at the
# first call in this test.
unchanged()
{
	: "${BEFORE:=$(host_state)}"
	rc_is "$1" vzctl "${@:2}"
	[ -n "$output" ] || { echo "no message"; return 1; }
	is "$BEFORE" "$(host_state)"
}

@test "cli: --help begins with the version and goes to standard output" {
	split_is 0 vzctl --help
	[[ ${out%%$'\n'*} =~ ^vzctl\ version\ [0-9]+\.[0-9]+(\.[0-9]+)?$ ]]
	[[ $(sed -n 2p <<<"$out") == Copyright* ]]
	grep -qF 'Usage: vzctl [options] <command> <ctid> [parameters]' <<<"$out"
	is "" "$err"
}

@test "cli: --help names every command and the beancounters with their units" {
	run vzctl --help
	for c in create destroy adopt mount umount start stop restart status set exec exec2 exec3 enter runscript chkpnt \
		restore console convert compact quotaon quotaoff quotainit snapshot snapshot-switch \
		snapshot-delete snapshot-mount snapshot-umount snapshot-list; do
		grep -qwF -e "$c" <<<"$output" || { echo "$c is missing"; return 1; }
	done
	has '--numproc N[:N]' '--privvmpages P[:P]' '--kmemsize B[:B]'
}

@test "cli: --version prints one line, rc 0" {
	split_is 0 vzctl --version
	[[ $out =~ ^vzctl\ version\ [0-9.]+$ ]]
	is "" "$err"
}

@test "cli: --version and --help need no configuration" {
	run env -i "$BUILD/vzctl" --prefix /nonexistent --version
	is 0 "$status"
	run env -i "$BUILD/vzctl" --prefix /nonexistent --help
	is 0 "$status"
}

@test "cli: no command is usage on standard error, rc 20" {
	split_is 20 vzctl
	is "" "$out"
	[[ $err == "vzctl version "* ]]
}

@test "cli: an unknown command is named on standard error, rc 20" {
	split_is 20 vzctl frobnicate 101
	is "" "$out"
	is "Bad command: frobnicate" "$err"
	split_is 20 vzctl --frobnicate start 101
	is "Bad command: --frobnicate" "$err"
}

@test "cli: a command without CTID says so, rc 21" {
	for c in destroy start stop restart mount umount status set exec exec2 exec3 enter runscript chkpnt restore; do
		split_is 21 vzctl "$c"
		is "CT ID missing" "$err"
		is "" "$out"
	done
}

@test "cli: a malformed or unknown CTID is rc 21 with every command" {
	for id in -1 2147483645 99999999999999999999 1e3 0x65 ' 101' '101 ' +101 ../x a/b . .. '' nobody 101.conf; do
		for c in status start set create exec; do
			split_is 21 vzctl "$c" "$id"
			is "Bad CT ID $id" "$err"
			is "" "$out"
		done
	done
}

@test "cli: the largest CTID is 2147483644" {
	status_is 2147483644 "deleted unmounted down"
}

@test "cli: CT0 allows nothing but set, rc 21" {
	for c in create destroy start stop restart mount umount status exec2 enter chkpnt restore; do
		if [ "$c" = exec2 ]; then set -- true; else set --; fi
		rc_is 21 vzctl "$c" 0 "$@"
		is "Only set actions are allowed for CT0" "$output"
	done
}

@test "cli: a container without configuration is rc 14, except for create, status and set" {
	for c in destroy start stop restart mount umount chkpnt restore; do
		unchanged 14 "$c" 150
		is "Container config file does not exist" "$output"
	done
	for c in exec exec2 exec3; do
		unchanged 14 "$c" 150 true
	done
	unchanged 14 runscript 150 /bin/true
	unchanged 14 enter 150
}

@test "cli: no vz.conf is rc 10" {
	local empty=$BATS_TEST_TMPDIR/empty
	mkdir "$empty"
	run "$BUILD/vzctl" --prefix "$empty" status 101
	is 10 "$status"
	has "$empty/etc/vz/vz.conf"
}

@test "cli: a vz.conf that cannot be read as text is rc 85; lines that say nothing are named" {
	local f=$PREFIX/etc/vz/vz.conf
	cp "$f" "$BATS_TEST_TMPDIR/vz.conf"
	printf '\0\1\2' >"$f"
	run vzctl status 101
	local rc=$status said=$output
	{ cat "$BATS_TEST_TMPDIR/vz.conf"; printf 'nonsense\nSTOP_TIMEOUT="soon"\nOPEN="x\n'; } >"$f"
	split_is 0 vzctl mount 101
	cp "$BATS_TEST_TMPDIR/vz.conf" "$f"
	is 85 "$rc"
	output=$said has "$f"
	local n
	n=$(wc -l <"$f")
	output=$err has "Warning at $f:$((n + 1)):" "Warning at $f:$((n + 2)): invalid value for STOP_TIMEOUT=\"soon\"" \
		"Warning at $f:$((n + 3)):"
}

@test "cli: a relative prefix is refused" {
	run "$BUILD/vzctl" --prefix here status 101
	is 21 "$status"
	has "'here'"
}

@test "cli: an unknown option is rc 21 from set and create, 20 from the others" {
	for c in 'set 101' 'create 150'; do
		# shellcheck disable=SC2086 # two words
		unchanged 21 $c --frob
		is "vzctl: unrecognized option '--frob'" "$output"
	done
	for c in start stop restart chkpnt restore mount umount destroy; do
		unchanged 20 "$c" 101 --frob
		is "vzctl: unrecognized option '--frob'" "$output"
	done
}

@test "cli: an option without its value is told by getopt" {
	unchanged 21 set 101 --hostname
	is "vzctl: option '--hostname' requires an argument" "$output"
}

@test "cli: long options may be shortened, have = and stand anywhere" {
	rc_is 0 vzctl set 101 --desc=one --sav
	is one "$(conf_value 101 DESCRIPTION)"
	rc_is 0 vzctl set 101 --save --description two
	is two "$(conf_value 101 DESCRIPTION)"
	unchanged 21 set 101 --num 5
	has "ambiguous"
}

@test "cli: short options of old times still set beancounters" {
	rc_is 0 vzctl set 101 -p 77 -n 88:99 -h --save
	is 77 "$(conf_value 101 NUMPROC)"
	is 88:99 "$(conf_value 101 NUMFILE)"
	unchanged 21 set 101 -p x --save
	is "Bad parameter for -p : x" "$output"
}

@test "cli: left-over words are rc 20" {
	for c in start stop restart mount umount destroy status create; do
		unchanged 20 "$c" 101 a b
		is "Invalid extra arguments: a b " "$output"
	done
	unchanged 20 set 101 --onboot yes a b
	is "Invalid extra arguments: a b " "$output"
	unchanged 20 runscript 101 /bin/true a
}

@test "cli: what libvirt 9 calls instead of destroy starts nothing" {
	local before
	before=$(host_state)
	rc_is 21 vzctl --quiet start destroy 101
	is "$before" "$(host_state)"
}

@test "cli: options of start and stop are not taken by the other" {
	for o in --fast --skip-umount; do
		unchanged 20 start 101 $o
		is "Option $o is not applicable to start command" "$output"
	done
	for o in --force --wait --skip-fsck --skip-remount; do
		unchanged 20 stop 101 $o
		is "Option $o is not applicable to stop command" "$output"
	done
}

@test "cli: an unacceptable value is named, rc 21, and nothing changes" {
	local o v
	while read -r o v; do
		unchanged 21 set 101 --save "$o" "$v"
		has "Bad parameter for $o: $v"
	done <<-'END'
	--onboot perhaps
	--onboot YES
	--bootorder -1
	--bootorder 1.5
	--disabled 1
	--hostname a/b
	--hostname a$(reboot)
	--nameserver 300.1.1.1
	--nameserver example.org
	--searchdomain a;b
	--cpuunits 7
	--cpuunits 500001
	--ioprio 8
	--ioprio -1
	--numproc 1K
	--numproc -5
	--kmemsize 1Q
	--kmemsize 1:-1
	--kmemsize 99999999999999999999
	--ram -1
	--ram 10MB
	--ram 1e5
	--ram 1G:1G
	--ram 99999999999999999999
	--swap -1
	--physpages 1:2:3
	--physpages 18446744073709551616
	--cpulimit -1
	--cpulimit 102401
	--cpus -1
	--iolimit 10Q
	--iolimit 99999G
	--iopslimit 2147483648
	--diskspace 10G:5G:1
	--ipadd 10.0.0.256
	--ipadd 10.0.0.1/33
	--features nosuch:on
	--capability chown:maybe
	--capability nosuch:on
	--devices x:1:1:rw
	--root relative
	--setmode later
	END
	unchanged 21 set 101 --save --diskspace 200:100
	is "DISKSPACE: the soft limit 200 is above the hard limit 100" "$output"
}

@test "cli: contradicting options are refused before anything happens" {
	unchanged 20 set 101 --reset_ub --save
	is "Error: option --reset_ub is exclusive" "$output"
	unchanged 20 set 101 --offline-resize --save
	is "Error: option --offline-resize can only be used with --diskspace" "$output"
	unchanged 20 set 101 --nodemask 0 --save
	is "Error: option --nodemask requires --cpumask" "$output"
	unchanged 20 set 101 --cpumask auto --save
	is "Error: --cpumask auto requires --nodemask" "$output"
	unchanged 131 set 101 --name x
	is "Error: unable to use --name option without --save" "$output"
	unchanged 20 set 101 --ostemplate x
	is "Error: unable to use --ostemplate option without --save" "$output"
	unchanged 20 set 101 --stop-timeout 5
	is "Error: unable to use --stop-timeout option without --save" "$output"
	unchanged 20 set 101 --force --onboot yes
	is "Error: --force is useless without --save" "$output"
	unchanged 20 set 101 --setmode restart --features nfs:on
	is "Error: --setmode restart doesn't make sense without --save flag" "$output"
	unchanged 20 chkpnt 101 --suspend --resume
	is "Invalid syntax: only one sub command may be used" "$output"
	unchanged 20 chkpnt 101 --dump
	unchanged 20 restore 101 --undump
}

@test "cli: the same single option twice counts once, the first time" {
	rc_is 0 vzctl set 101 --description first --description second --save
	is first "$(conf_value 101 DESCRIPTION)"
}

@test "cli: --quiet prints nothing but results" {
	rc_is 0 vzctl --quiet mount 101
	is "" "$output"
	rc_is 0 vzctl --quiet status 101
	is "CTID 101 exist mounted down" "$output"
	rc_is 0 vzctl --quiet umount 101
	is "" "$output"
	rc_is 40 vzctl --quiet umount 101
	is "" "$output"
}

@test "cli: --quiet does not silence bad commands, missing and bad CTIDs, and usage" {
	rc_is 20 vzctl --quiet frob 101
	is "Bad command: frob" "$output"
	rc_is 21 vzctl --quiet start
	is "CT ID missing" "$output"
	rc_is 20 vzctl --quiet
	has "Usage:"
}

@test "cli: --verbose says more each time it is given; VERBOSE of vz.conf does the same" {
	echo 'COLOUR="blue"' >>"$(conf 101)"
	action 101.mount <<<'exit 0'
	local script=$PREFIX/etc/vz/conf/101.mount
	rc_is 0 vzctl mount 101
	is "Container is mounted" "$output"
	vzctl --quiet umount 101
	rc_is 0 vzctl --verbose mount 101
	has "unknown parameter COLOUR"
	has_not "$script"
	vzctl --quiet umount 101
	rc_is 0 vzctl --verbose --verbose --verbose mount 101
	has "unknown parameter COLOUR" "running $script"
	vzctl --quiet umount 101
	sed -i 's/^VERBOSE=.*/VERBOSE=1/' "$PREFIX/etc/vz/vz.conf"
	rc_is 0 vzctl mount 101
	sed -i 's/^VERBOSE=.*/VERBOSE=0/' "$PREFIX/etc/vz/vz.conf"
	vzctl --quiet umount 101
	rm "$script"
	sed -i /COLOUR/d "$(conf 101)"
	has "unknown parameter COLOUR"
}

@test "cli: flags of other versions are taken and ignored" {
	rc_is 0 vzctl --skipowner --ignore-ha-cluster --configure-timeout 5 status 101
	rc_is 21 vzctl --configure-timeout x status 101
}

@test "cli: --skiplock works while somebody else has the lock" {
	mkdir -p "$PREFIX/run/vz/lock"
	echo $$ > "$PREFIX/run/vz/lock/101.lck"
	run vzctl set 101 --bootorder 9 --save
	local locked=$status
	run vzctl --skiplock set 101 --bootorder 9 --save
	rm -f "$PREFIX/run/vz/lock/101.lck"
	is 9 "$locked"
	is 0 "$status"
	is 9 "$(conf_value 101 BOOTORDER)"
}

@test "cli: --dry-run says what would be done and does nothing" {
	local before words
	before=$(host_state)
	for words in "start 101" "mount 101" "create 150 --ostemplate minimal" "create --ostemplate minimal --name x" \
		"destroy 101" "set 101 --hostname other --save" "restart 101" "stop 101"; do
		# shellcheck disable=SC2086 # words
		rc_is 0 vzctl --dry-run $words
		is "$before" "$(host_state)"
	done
	run vzctl --dry-run start 101
	line "start 101: mount" "start 101: limits" "start 101: spawn" "start 101: go"
}

@test "cli: --dry-run of a running container neither stops nor changes it" {
	vzctl --quiet start 101
	local pid
	pid=$(init_pid 101)
	rc_is 0 vzctl --dry-run stop 101
	line "stop 101: halt"
	rc_is 0 vzctl --dry-run restart 101 --fast
	rc_is 0 vzctl --dry-run set 101 --hostname other --save
	status_is 101 "exist mounted running"
	is "$pid" "$(init_pid 101)"
	vzctl --quiet stop 101 --fast
}

@test "cli: --dry-run finds the same faults as the real thing" {
	unchanged 91 --dry-run create 150 --ostemplate nosuch
	unchanged 44 --dry-run create 101
	unchanged 14 --dry-run start 150
	unchanged 21 --dry-run set 101 --onboot maybe
}

@test "cli: commands of later versions fail with their own code and a sentence" {
	local c code
	while read -r code c; do
		unchanged "$code" "$c" 101
		has "'$c'"
	done <<-'END'
	155 convert
	166 compact
	156 snapshot
	159 snapshot-switch
	158 snapshot-delete
	160 snapshot-mount
	161 snapshot-umount
	167 snapshot-list
	END
	unchanged 31 chkpnt 101
	has "Unable to setup checkpointing: container is not running"
	unchanged 17 restore 101
}

@test "cli: delete, suspend and resume are other words for destroy, chkpnt and restore" {
	rc_is 14 vzctl delete 150
	rc_is 31 vzctl suspend 101
	rc_is 17 vzctl resume 101
}

@test "cli: a back end that is not there is refused by name" {
	VZ_BACKEND=nosuch rc_is 5 vzctl start 101
	has "'nosuch'"
}

@test "cli: somebody who is not root is told so before anything is begun" {
	require setpriv
	local before
	before=$(host_state)
	chmod 0755 "$PREFIX"
	run as_nobody vzctl --prefix "$PREFIX" start 101
	is 12 "$status"
	[ -n "$output" ]
	is "$before" "$(host_state)"
}
