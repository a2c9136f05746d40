#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# "vzctl set": parameters, applied to a running container and written to its file. The file is the
# administrator's: what was not asked for stays as it is, to the byte, and a shell can always source it.
# Nothing is written unless all that was to be applied was accepted.

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	# Limits of the disk are kept on any file system.
	vz_conf DISK_QUOTA=no
	create_minimal 101
	create_minimal 102 --hostname old.example.org
	vzctl --quiet start 102
	cp "$(conf 101)" "$BATS_FILE_TMPDIR/101.conf"
	cp "$(conf 102)" "$BATS_FILE_TMPDIR/102.conf"
	cp "$PREFIX/etc/vz/dists/minimal.conf" "$BATS_FILE_TMPDIR/minimal.conf"
}
teardown_file() { host_teardown; }
setup()
{
	cp "$BATS_FILE_TMPDIR/101.conf" "$BATS_FILE_TMPDIR/102.conf" "$PREFIX/etc/vz/conf/"
	cp "$BATS_FILE_TMPDIR/minimal.conf" "$PREFIX/etc/vz/dists/"
	rm -f "$PREFIX"/etc/vz/names/*
}

# same_file ID: its configuration is the one the file began with.
same_file() { cmp "$(conf "$1")" "$BATS_FILE_TMPDIR/$1.conf"; }

SAVED="CT configuration saved to"
UNSAVED="WARNING: Settings were not saved to config (use --save flag)"
LOST="WARNING: Settings were not saved to config and will be lost after CT restart (use --save flag)"

# bats test_tags=core
@test "set: --save writes what was given and says where" {
	rc_is 0 vzctl set 101 --onboot yes --bootorder 5 --description "some text" --save
	line "$SAVED $(conf 101)"
	is yes "$(conf_value 101 ONBOOT)"
	is 5 "$(conf_value 101 BOOTORDER)"
	is "some text" "$(conf_value 101 DESCRIPTION)"
}

@test "set: with no difference nothing is written, and that is said" {
	rc_is 0 vzctl set 101 --onboot no --save
	line "No changes in CT configuration, not saving"
	same_file 101
}

@test "set: without --save the file stays, and a warning says so" {
	split_is 0 vzctl set 101 --onboot yes
	is "$UNSAVED" "$err"
	same_file 101
	split_is 0 vzctl set 102 --onboot yes
	is "$LOST" "$err"
	same_file 102
}

@test "set: the line everybody types once" {
	printf '# by hand\nUNKNOWN="x"\n%s\n#UUID: 12345678-1234-1234-1234-123456789abc\n' \
		"$(cat "$(conf 101)")" >"$BATS_TEST_TMPDIR/conf"
	cp "$BATS_TEST_TMPDIR/conf" "$(conf 101)"
	rc_is 0 vzctl set 101 --ram 512M --swap 1G --cpus 2 --diskspace 10G:11G --ipadd 10.0.0.1 --onboot yes --save
	line "$SAVED $(conf 101)"
	is 0:131072 "$(conf_value 101 PHYSPAGES)"
	is 0:262144 "$(conf_value 101 SWAPPAGES)"
	is 2 "$(conf_value 101 CPUS)"
	is 10485760:11534336 "$(conf_value 101 DISKSPACE)"
	is 10.0.0.1 "$(conf_value 101 IP_ADDRESS)"
	is yes "$(conf_value 101 ONBOOT)"
	# In place where it stood, the rest at the end, and not a byte besides.
	is '<ONBOOT="no"
>CPUS="2"
>DISKSPACE="10485760:11534336"
>IP_ADDRESS="10.0.0.1"
>ONBOOT="yes"
>PHYSPAGES="0:131072"
>SWAPPAGES="0:262144"' "$(diff "$BATS_TEST_TMPDIR/conf" "$(conf 101)" | sed -n 's/^\([<>]\) /\1/p' | LC_ALL=C sort)"
	is "$(grep -n ONBOOT "$BATS_TEST_TMPDIR/conf" | cut -d: -f1)" "$(grep -n ONBOOT "$(conf 101)" | cut -d: -f1)"
	sh -c "VEID=101; set -eu; . $(conf 101)"
}

@test "set: comments, order, unknown keys, blanks, odd quotes and the UUID of libvirt survive" {
	cat >"$(conf 101)" <<-'END'
	# first line
	  ONBOOT=no   # behind a bare value

	UNKNOWN='single $quoted'
	not an assignment
	export FOO=bar
	HOSTNAME="old"	 
	DESCRIPTION="say \"hi\" to \$HOME \\ and \`x\`"
	BOOTORDER="3"

	#UUID: 12345678-1234-1234-1234-123456789abc
	END
	cp "$(conf 101)" "$BATS_TEST_TMPDIR/before"
	rc_is 0 vzctl set 101 --bootorder 4 --save
	sed 's/BOOTORDER="3"/BOOTORDER="4"/' "$BATS_TEST_TMPDIR/before" | cmp - "$(conf 101)"
	rc_is 0 vzctl set 101 --hostname new --save
	sed -e 's/BOOTORDER="3"/BOOTORDER="4"/' -e 's/HOSTNAME="old"/HOSTNAME="new"/' "$BATS_TEST_TMPDIR/before" |
		diff -Z - "$(conf 101)"
}

@test "set: a file with DOS line ends, or without a last one, is kept so" {
	printf 'ONBOOT="no"\r\n# c\r\nBOOTORDER="1"\r\nLAST="x"' >"$(conf 101)"
	rc_is 0 vzctl set 101 --bootorder 2 --save
	grep -q '# c'$'\r''$' "$(conf 101)"
	grep -q '^LAST="x"' "$(conf 101)"
	is 2 "$(vzlist -a -H -o bootorder 101 2>/dev/null | xargs || sed -n 's/BOOTORDER="\(.\)".*/\1/p' "$(conf 101)")"
}

@test "set: what a shell would act on is escaped, and read back as it was" {
	local text='a "quoted" $HOME `id` \ back'\''s'
	rc_is 0 vzctl set 101 --description "$text" --save
	is "$text" "$(conf_value 101 DESCRIPTION)"
	mkdir -p "$PREFIX/vz/private/101"
	is "$text" "$(vzlist -a -H -o description 101)"
	rc_is 0 vzctl set 101 --bootorder 8 --save
	is "$text" "$(conf_value 101 DESCRIPTION)"
}

@test "set: a value over several lines is refused" {
	rc_is 21 vzctl set 101 --description $'one\ntwo' --save
	same_file 101
}

@test "set: a key that stands there twice becomes one when it is saved" {
	printf 'BOOTORDER="1"\nONBOOT="no"\nBOOTORDER="2"\n' >"$(conf 101)"
	split_is 0 vzctl set 101 --onboot yes --save
	grep -q "Warning at $(conf 101):3: .*BOOTORDER" <<<"$err"
	is 2 "$(grep -c BOOTORDER "$(conf 101)")"
	rc_is 0 vzctl set 101 --bootorder 9 --save
	is 'BOOTORDER="9"
ONBOOT="yes"' "$(cat "$(conf 101)")"
}

@test "set: bad values in the file are named with file and line, and left there" {
	printf 'ONBOOT="maybe"\nBOOTORDER="1"\n' >"$(conf 101)"
	split_is 0 vzctl set 101 --bootorder 2 --save
	grep -qF "Warning at $(conf 101):1: invalid value for ONBOOT=\"maybe\"" <<<"$err"
	is 'ONBOOT="maybe"
BOOTORDER="2"' "$(cat "$(conf 101)")"
}

@test "set: a damaged file is refused and stays, binary or huge" {
	printf 'ONBOOT="no"\n\0\1\2\n' >"$(conf 101)"
	cp "$(conf 101)" "$BATS_TEST_TMPDIR/bad"
	rc_is 85 vzctl set 101 --onboot yes --save
	has "$(conf 101)"
	cmp "$(conf 101)" "$BATS_TEST_TMPDIR/bad"
	{ printf 'ONBOOT="no"\nDESCRIPTION="'; head -c 10000000 /dev/zero | tr '\0' x; printf '"\n'; } >"$(conf 101)"
	run timeout "$(patience 10)" "$BUILD/vzctl" --prefix "$PREFIX" set 101 --bootorder 1 --save
	[ "$status" -eq 0 ] || [ "$status" -eq 85 ]
	[ "$(stat -c %s "$(conf 101)")" -gt 10000000 ]
	[ ${#output} -lt 2000 ]
}

@test "set: an unclosed quote is named and hurts nothing else" {
	printf 'DESCRIPTION="open\nBOOTORDER="1"\n' >"$(conf 101)"
	split_is 0 vzctl set 101 --bootorder 2 --save
	grep -q "Warning at $(conf 101):1:" <<<"$err"
	is 'DESCRIPTION="open
BOOTORDER="2"' "$(cat "$(conf 101)")"
}

@test "set: a linked file is written where it lies, with mode 0644" {
	mkdir -p "$PREFIX/elsewhere"
	mv "$(conf 101)" "$PREFIX/elsewhere/101.conf"
	ln -s "$PREFIX/elsewhere/101.conf" "$(conf 101)"
	rc_is 0 vzctl set 101 --bootorder 6 --save
	[ -L "$(conf 101)" ]
	is 6 "$(conf_value 101 BOOTORDER)"
	is 644 "$(stat -c %a "$PREFIX/elsewhere/101.conf")"
	rm "$(conf 101)"
	rm -r "$PREFIX/elsewhere"
}

@test "set: a file that is not there is made with --save" {
	rc_is 0 vzctl set 150 --onboot yes --save
	line "WARNING: $(conf 150) not found" "$SAVED $(conf 150)"
	is 'ONBOOT="yes"' "$(cat "$(conf 150)")"
	rm "$(conf 150)"
	rc_is 0 vzctl set 150 --onboot yes
	[ ! -e "$(conf 150)" ]
}

@test "set: an empty value takes the parameter out" {
	vzctl --quiet set 101 --description x --hostname h --save
	rc_is 0 vzctl set 101 --description '' --save
	is "<unset>" "$(conf_value 101 DESCRIPTION)"
}

@test "set: lists grow and shrink, name servers are replaced as a whole" {
	rc_is 0 vzctl set 101 --ipadd 10.0.0.1 --ipadd "10.0.0.2 10.0.0.3" --save
	is "10.0.0.1 10.0.0.2 10.0.0.3" "$(conf_value 101 IP_ADDRESS)"
	rc_is 0 vzctl set 101 --ipdel 10.0.0.2 --ipadd 10.0.0.4/24 --save
	is "10.0.0.1 10.0.0.3 10.0.0.4/24" "$(conf_value 101 IP_ADDRESS)"
	rc_is 0 vzctl set 101 --ipdel all --ipadd 2001:DB8::1 --save
	is "2001:db8::1" "$(conf_value 101 IP_ADDRESS)"
	rc_is 0 vzctl set 101 --ipdel all --save
	is "" "$(conf_value 101 IP_ADDRESS | grep -v unset || :)"
	rc_is 0 vzctl set 101 --nameserver 192.0.2.1 --nameserver 192.0.2.2 --save
	is "192.0.2.1 192.0.2.2" "$(conf_value 101 NAMESERVER)"
	rc_is 0 vzctl set 101 --nameserver 192.0.2.3 --save
	is "192.0.2.3" "$(conf_value 101 NAMESERVER)"
	rc_is 0 vzctl set 101 --features nfs:on --features "fuse:off" --save
	is "nfs:on fuse:off" "$(conf_value 101 FEATURES)"
	rc_is 0 vzctl set 101 --capability sys_time:on --save
	is "SYS_TIME:on" "$(conf_value 101 CAPABILITY)"
}

@test "set: beancounters are written as they always were" {
	rc_is 0 vzctl set 101 --kmemsize 14372700:14790164 --numproc 240 --shmpages 21504 --vmguarpages 33792:unlimited \
		--dcachesize 1M:2M --numfile 9312:9312 --save
	is 14372700:14790164 "$(conf_value 101 KMEMSIZE)"
	is 240 "$(conf_value 101 NUMPROC)"
	is 21504 "$(conf_value 101 SHMPAGES)"
	is 1048576:2097152 "$(conf_value 101 DCACHESIZE)"
	is 9312 "$(conf_value 101 NUMFILE)"
	[[ $(conf_value 101 VMGUARPAGES) =~ ^33792:(unlimited|9223372036854775807)$ ]]
}

@test "set: a stopped container without --save has nothing to apply to, rc 31" {
	rc_is 31 vzctl set 101 --hostname x
	has "container is not running"
	rc_is 31 vzctl set 101 --nameserver 192.0.2.1
	has "Unable to apply network parameters: container is not running"
	rc_is 31 vzctl set 101 --numproc 100
	same_file 101
}

# bats test_tags=core
@test "set: --hostname changes it inside at once, and with --save for good" {
	rc_is 0 vzctl set 102 --hostname new.example.org --save
	is new.example.org "$(vzctl exec2 102 hostname)"
	is new.example.org "$(vzctl exec2 102 cat /etc/hostname)"
	is new.example.org "$(conf_value 102 HOSTNAME)"
	rc_is 0 vzctl set 102 --hostname other
	line "$LOST"
	is other "$(vzctl exec2 102 hostname)"
	is new.example.org "$(conf_value 102 HOSTNAME)"
}

# bats test_tags=core
@test "set: --nameserver and --searchdomain reach /etc/resolv.conf inside" {
	rc_is 0 vzctl set 102 --nameserver 192.0.2.53 --nameserver 2001:db8::53 --searchdomain example.org --save
	run vzctl exec2 102 cat /etc/resolv.conf
	line "nameserver 192.0.2.53" "nameserver 2001:db8::53" "search example.org"
	rc_is 0 vzctl set 102 --nameserver inherit --save
	is inherit "$(conf_value 102 NAMESERVER)"
	is "$(awk '$1 == "nameserver" { print $2 }' /etc/resolv.conf)" \
		"$(vzctl exec2 102 cat /etc/resolv.conf | awk '$1 == "nameserver" { print $2 }')"
}

# bats test_tags=core
@test "set: --userpasswd on a running container" {
	split_is 0 vzctl set 102 --userpasswd root:secret1 --userpasswd ann:secret2
	is "" "$err"
	rc_is 0 vzctl exec2 102 'grep -c "^\(root\|ann\):[$]" /etc/shadow'
	is 2 "$output"
	same_file 102
}

@test "set: --userpasswd on a stopped container: no scripts, nothing left, no word too many" {
	action 101.mount <<<"touch $PREFIX/mount-ran"
	action vps.premount <<<"touch $PREFIX/mount-ran"
	split_is 0 vzctl set 101 --userpasswd joe:secret3
	rm "$PREFIX/etc/vz/conf/101.mount" "$PREFIX/etc/vz/conf/vps.premount"
	is "" "$out"
	is "" "$err"
	[ ! -e "$PREFIX/mount-ran" ]
	is_down 101
	grep -q '^joe:[$]' "$PREFIX/vz/private/101/upper/etc/shadow"
}

@test "set: a password that cannot be set is rc 74, running or stopped" {
	rc_is 74 vzctl set 102 --userpasswd 'b&d:secret'
	has "Password change failed"
	rc_is 74 vzctl set 101 --userpasswd 'b&d:secret'
	is_down 101
	dist_conf minimal </dev/null
	rc_is 74 vzctl set 102 --userpasswd root:secret
	has "set_userpass action script is not specified"
}

@test "set: when applying fails nothing is saved, and the code is that of the failure" {
	dist_conf minimal <<<'SET_HOSTNAME=fail.sh'
	dist_script fail.sh <<<'exit 1'
	split_is 70 vzctl set 102 --hostname bad.example.org --onboot yes --save
	grep -qx 'Error: failed to apply some parameters, not saving configuration file!' <<<"$err"
	same_file 102
}

@test "set: a distribution without a script for it is said" {
	dist_conf minimal </dev/null
	rc_is 0 vzctl set 102 --nameserver 192.0.2.1 --save
	line "Warning: set_dns action script is not specified"
}

@test "set: root and private area of a running container stay, rc 32" {
	rc_is 32 vzctl set 102 --root /elsewhere --save
	has "Unable to change VE_ROOT on a running container"
	rc_is 32 vzctl set 102 --private /elsewhere --save
	has "Unable to change VE_PRIVATE on a running container"
	same_file 102
	rc_is 0 vzctl set 101 --root '/srv/$VEID' --save
	grep -qx 'VE_ROOT="/srv/$VEID"' "$(conf 101)"
}

@test "set: what needs a restart is named, saved, and a hint given, rc 0" {
	split_is 0 vzctl set 102 --features nfs:on --capability sys_time:on --netfilter stateful --bootorder 4 --save
	output=$err
	line "Unable to set features on a running container" "Unable to set capability on a running container" \
		"Unable to set iptables/netfilter on a running container" \
		"WARNING: Some of the parameters could not be applied to a running container." \
		"	Please consider using --setmode option"
	is nfs:on "$(conf_value 102 FEATURES)"
	is 4 "$(conf_value 102 BOOTORDER)"
}

@test "set: --setmode ignore saves without the hint" {
	split_is 0 vzctl set 102 --features nfs:on --setmode ignore --save
	output=$err
	has_not WARNING
	is nfs:on "$(conf_value 102 FEATURES)"
}

# bats test_tags=core
@test "set: --setmode restart restarts with the new values and saves them" {
	local pid
	pid=$(init_pid 102)
	sed -i '1i STOP_TIMEOUT="1"' "$(conf 102)"
	split_is 0 vzctl set 102 --features sysfs:off --setmode restart --save
	output=$err
	has_not "Unable to set features"
	[ "$pid" != "$(init_pid 102)" ]
	is sysfs:off "$(conf_value 102 FEATURES)"
	rc_is 1 vzctl exec2 102 test -e /sys/kernel
	rc_is 0 vzctl exec2 102 test -e /proc/self
	vzctl --quiet stop 102 --fast
	cp "$BATS_FILE_TMPDIR/102.conf" "$(conf 102)"
	vzctl --quiet start 102
}

@test "set: --setmode restart with nothing that needs one does not restart" {
	local pid
	pid=$(init_pid 102)
	rc_is 0 vzctl set 102 --bootorder 7 --setmode restart --save
	is "$pid" "$(init_pid 102)"
}

@test "set: a barrier above its limit is taken, as ever, and the limit is what holds" {
	rc_is 0 vzctl set 102 --numproc 200:100 --privvmpages 500:100 --save
	is "200:100" "$(conf_value 102 NUMPROC)"
	is 100 "$(vzlist -H -o numproc.l 102 | tr -d ' ')"
	rc_is 0 vzctl exec2 102 true
	rc_is 0 vzctl set 102 --numproc 8192
}

@test "set: fewer tasks than there are leave those that are, and let no more come" {
	rc_is 0 vzctl set 102 --numproc 1
	rc_is 6 vzctl exec2 102 true
	has "it has as many as it may (NUMPROC)"
	status_is 102 "exist mounted running"
	rc_is 0 vzctl set 102 --numproc 8192
	rc_is 0 vzctl exec2 102 true
}

@test "set: what the kernel cannot enforce is kept, and named once, in one line" {
	rc_is 0 vzctl set 102 --numproc 100 --privvmpages 1G --numfile 1000 --cpuunits 500 --save
	line "PRIVVMPAGES NUMFILE: kept, not enforced by this kernel"
	is 262144:262144 "$(conf_value 102 PRIVVMPAGES)"
	is 1000 "$(conf_value 102 NUMFILE)"
}

@test "set: --osrelease is kept where the kernel cannot tell another release, and nonsense refused" {
	local word
	VZ_BACKEND=ns vzctl --quiet start 101
	VZ_BACKEND=ns rc_is 0 vzctl set 101 --osrelease 7.1.0-42 --save
	line "OSRELEASE: kept, not enforced by this kernel"
	is 7.1.0-42 "$(conf_value 101 OSRELEASE)"
	is "$(uname -r)" "$(vzctl exec 101 uname -r)"
	for word in v7 "7 1" '7"' "$(printf '7%.0s' {1..65})"; do
		rc_is 21 vzctl set 101 --osrelease "$word" --save
		has "Bad parameter for --osrelease"
	done
	VZ_BACKEND=ns rc_is 0 vzctl set 101 --osrelease '' --save
	is "<unset>" "$(conf_value 101 OSRELEASE)"
	VZ_BACKEND=ns rc_is 0 vzctl restart 101 --fast --osrelease 7.1.0
	has "OSRELEASE: kept, not enforced by this kernel"
	vzctl --quiet stop 101 --fast
	rc_is 31 vzctl set 101 --osrelease 7.1.0
	has "Unable to apply OS release parameters: container is not running"
}

@test "set: a frozen container is left alone" {
	vzctl --quiet chkpnt 102 --suspend
	run timeout "$(patience 5)" "$BUILD/vzctl" --prefix "$PREFIX" set 102 --hostname x --save
	vzctl --quiet chkpnt 102 --resume
	[ "$status" -ne 0 ] && [ "$status" -ne 124 ]
	has "chkpnt 102 --resume"
	same_file 102
}

@test "set: --applyconfig takes everything of a sample but what is the container's own" {
	cat >"$PREFIX/etc/vz/conf/ve-mine.conf-sample" <<-'END'
	NUMPROC="77"
	CPUUNITS="777"
	HOSTNAME="sample.example.org"
	IP_ADDRESS="10.7.7.7"
	OSTEMPLATE="other"
	VE_ROOT="/other"
	VE_PRIVATE="/other"
	NAME="sample"
	END
	rc_is 0 vzctl set 102 --applyconfig mine --save
	is 77 "$(conf_value 102 NUMPROC)"
	is 777 "$(conf_value 102 CPUUNITS)"
	is mine "$(conf_value 102 ORIGIN_SAMPLE)"
	is old.example.org "$(conf_value 102 HOSTNAME)"
	is minimal "$(conf_value 102 OSTEMPLATE)"
	is /vz/root/102 "$(conf_value 102 VE_ROOT)"
	is "<unset>" "$(conf_value 102 NAME)"
	is "<unset>" "$(conf_value 102 IP_ADDRESS)"
	rc_is 0 vzctl set 101 --applyconfig mine --cpuunits 111 --save
	is 111 "$(conf_value 101 CPUUNITS)"
}

@test "set: --applyconfig with a sample that is not there is rc 109" {
	rc_is 109 vzctl set 101 --applyconfig nosuch --save
	has "Sample config file not found: $PREFIX/etc/vz/conf/ve-nosuch.conf-sample"
	rc_is 109 vzctl set 101 --applyconfig ../../../etc/passwd --save
	same_file 101
}

@test "set: CT0 takes limits and nothing else" {
	rc_is 0 vzctl set 0 --cpuunits 2000 --numproc 5000 --save
	is 'NUMPROC="5000"
CPUUNITS="2000"' "$(sort -r "$(conf 0)")"
	for o in "--hostname x" "--name x" "--onboot yes" "--userpasswd a:b" "--features nfs:on"; do
		# shellcheck disable=SC2086 # two words
		rc_is 21 vzctl set 0 $o --save
	done
	rm "$(conf 0)"
	rc_is 0 vzlist -a
	has_not " 0 "
}

@test "set: --reset_ub needs a running container, rc 31" {
	rc_is 31 vzctl set 101 --reset_ub
	is "Container is not running" "$output"
}

@test "set: a restart that fails keeps the old file" {
	sed -i '1i STOP_TIMEOUT="1"' "$(conf 102)"
	cp "$(conf 102)" "$BATS_TEST_TMPDIR/before"
	action 102.start <<<'exit 1'
	run vzctl set 102 --features nfs:on --setmode restart --save
	rm "$PREFIX/etc/vz/conf/102.start"
	cmp "$(conf 102)" "$BATS_TEST_TMPDIR/before"
	vzctl --quiet start 102
	is 79 "$status"
	line 'Error: failed to apply some parameters, not saving configuration file!'
}
