#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# vzlist: containers as a table that programs compare to the last byte, and as JSON. libvirt's calls are
# here word for word.

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

# 101 running and named, 102 stopped, 103 mounted, 104 with a dump, 105 without a private area.
setup_file()
{
	host_setup
	net_setup
	need_template minimal
	# Limits of the disk are kept on any file system.
	vz_conf DISK_QUOTA=no
	create_minimal 101 --name web --hostname web.example.org --ipadd 198.51.100.101/24 --ipadd 198.51.100.11 \
		--description 'a "quoted" name' --onboot yes --nameserver 192.0.2.1 --nameserver 192.0.2.2
	vzctl --quiet set 101 --bootorder 5 --features nfs:on --capability sys_time:on --cpuunits 500 --ram 512M \
		--swap 1G --save --kmemsize 100:200 --diskspace 10G:11G --iolimit 10M
	create_minimal 102 --hostname a-very-long-host-name.of.some.length.example.org
	create_minimal 103 --hostname db.example.org
	create_minimal 104
	sed -i /NUMPROC/d "$(conf 104)"
	echo 'NUMPROC="55"' >"$(conf 105)"
	: >"$PREFIX/vz/dump/Dump.104"
	vzctl --quiet start 101
	vzctl --quiet mount 103
}
teardown_file() { host_teardown; }

# bats test_tags=core
@test "vzlist: the usual table" {
	split_is 0 vzlist
	is "      CTID      NPROC STATUS    IP_ADDR         HOSTNAME
       101          1 running   198.51.100.101  web.example.org" "$out"
	is "" "$err"
}

@test "vzlist: -a lists all, by number, but none without a private area" {
	split_is 0 vzlist -a
	is "      CTID      NPROC STATUS    IP_ADDR         HOSTNAME
       101          1 running   198.51.100.101  web.example.org
       102          - stopped   -               a-very-long-host-name.of.some.length.example.org
       103          - mounted   -               db.example.org
       104          - suspended -               -" "$out"
	is "$out" "$(vzlist --all)"
}

@test "vzlist: -S lists what does not run, -1 numbers only, -H no header" {
	is "102 103 104" "$(vzlist -S -H -o ctid | xargs)"
	is "102 103 104" "$(vzlist --stopped -1 | xargs)"
	is "       101" "$(vzlist -1)"
	is "101 102 103 104" "$(vzlist -a1 | xargs)"
	is "101 102 103 104" "$(vzlist -aHoctid | xargs)"
}

@test "vzlist: -n shows names" {
	split_is 0 vzlist -a -n
	is " SMARTNAME      NPROC STATUS    IP_ADDR         HOSTNAME" "$(head -n 1 <<<"$out")"
	is "       web          1 running   198.51.100.101  web.example.org" "$(sed -n 2p <<<"$out")"
	is "       102" "$(sed -n 3p <<<"$out" | cut -c 1-10)"
}

@test "vzlist: numbers and names choose, in whatever place" {
	is 101 "$(vzlist web -o ctid -H | xargs)"
	is "102 103" "$(vzlist 103 -H 102 -octid 103 | xargs)"
	is "       102 stopped" "$(vzlist 102 -octid,status -H)"
}

@test "vzlist: one that is not there is rc 1, and so is a bad name" {
	split_is 1 vzlist 177
	is "Container(s) not found" "$err"
	split_is 1 vzlist 105
	is "Container(s) not found" "$err"
	is "" "$out"
	local id
	for id in nobody -1 1e3 ''; do
		split_is 1 vzlist -- "$id"
		is "CT ID $id is invalid." "$err"
	done
}

@test "vzlist: a host without containers is rc 0" {
	mv "$PREFIX/etc/vz/conf" "$PREFIX/etc/vz/conf.away"
	mkdir "$PREFIX/etc/vz/conf"
	run vzlist -a
	local rc=$status said=$output
	run vzlist -a -j
	rm -r "$PREFIX/etc/vz/conf"
	mv "$PREFIX/etc/vz/conf.away" "$PREFIX/etc/vz/conf"
	is 0 "$rc"
	is "Container(s) not found" "$said"
	is 0 "$status"
	is "[]" "$output"
}

@test "vzlist: -L lists 144 fields with their headers, and needs no root" {
	run vzlist -L
	is 0 "$status"
	is 144 "${#lines[@]}"
	is "" "$(grep -vE '^[a-z_.]+ +[A-Z_.]+ *$' <<<"$output" || :)"
	line "ctid            CTID           " "numproc.m       NPROC.M        " "diskspace.h     DSPACE.H       "
	require setpriv
	run as_nobody vzlist -L
	is 0 "$status"
	is 144 "${#lines[@]}"
}

@test "vzlist: the fields are those of the specification" {
	local c
	{
		printf '%s\n' ctid veid vpsid private root mount_opts origin_sample hostname name smart_name \
			description ostemplate ip nameserver searchdomain status laverage uptime cpulimit cpuunits cpus \
			ioprio iolimit iopslimit onboot bootorder layout features capability vswap disabled \
			vm_overcommit netfilter disk{space,inodes}{,.s,.h}
		for c in kmemsize lockedpages privvmpages shmpages numproc physpages vmguarpages oomguarpages numtcpsock \
			numflock numpty numsiginfo tcpsndbuf tcprcvbuf othersockbuf dgramrcvbuf numothersock \
			dcachesize numfile numiptent swappages; do
			printf '%s\n' $c $c.m $c.b $c.l $c.f
		done
	} | sort >"$BATS_TEST_TMPDIR/wanted"
	vzlist -L | cut -d ' ' -f 1 | sort | diff - "$BATS_TEST_TMPDIR/wanted"
}

@test "vzlist: every field prints, alone and with all others, and no line ends in a blank" {
	export BUILD
	run bash -c '
		l="$BUILD/vzlist --prefix $PREFIX"
		for f in $($l -L | cut -d " " -f 1); do
			[ "$($l -a -o "$f" | wc -l)" -eq 5 ] || echo "$f: not five lines"
			$l -a -o "$f,status" >/dev/null || echo "$f fails"
			$l -a -o "$f" | grep -n " $" | sed "s/^/$f: /"
			$l -a -s "$f" -H -o ctid >/dev/null || echo "cannot sort by $f"
		done
		all=$($l -L | cut -d " " -f 1 | paste -sd ,)
		[ "$($l -a -o "$all" | wc -l)" -eq 5 ] || echo "all: not five lines"
		$l -a -o "$all" | grep -n " $"
		:'
	is "" "$output"
}

# bats test_tags=core
@test "vzlist: values of a container" {
	is "web web.example.org running overlay minimal" "$(vzlist 101 -H -o name,hostname,status,layout,ostemplate | xargs)"
	is "$PREFIX/vz/private/101" "$(vzlist 101 -H -o private)"
	is "yes 5 no yes 500" "$(vzlist 101 -H -o onboot,bootorder,disabled,vswap,cpuunits | xargs)"
	is "no - no no" "$(vzlist 104 -H -o onboot,bootorder,disabled,vswap | xargs)"
	is "100 200 - -" "$(vzlist 101 -H -o kmemsize.b,kmemsize.l,numfile.m,numfile.f | xargs)"
	is "0 131072" "$(vzlist 101 -H -o physpages.b,physpages.l | xargs)"
	is "10485760 11534336" "$(vzlist 101 -H -o diskspace.s,diskspace.h | xargs)"
	is "nfs:on sys_time:on" "$(vzlist 101 -H -o features,capability | xargs)"
	is 10485760 "$(vzlist 101 -H -o iolimit | xargs)"
	is 'a "quoted" name' "$(vzlist 101 -H -o description)"
	is default "$(vzlist 101 -H -o origin_sample | xargs)"
}

@test "vzlist: what a running container is not limited in is unlimited, a stopped one says nothing" {
	is 9223372036854775807 "$(vzlist 101 -H -o numfile.l | xargs)"
	is - "$(vzlist 102 -H -o numfile.l | xargs)"
}

# bats test_tags=core,cgroup
@test "vzlist: the number of processes is that of now" {
	vzctl exec 101 'sleep 20 & sleep 20 & :'
	is 3 "$(vzlist 101 -H -o numproc | xargs)"
	vzctl exec 101 'killall sleep'
	wait_for 5 eval '[ "$(vzlist 101 -H -o numproc | xargs)" = 1 ]'
}

@test "vzlist: uptime has its form, and none when stopped" {
	[[ $(vzlist 101 -H -o uptime) =~ ^[0-9]{3}d[0-9]{2}h:[0-9]{2}m:[0-9]{2}s$ ]]
	is - "$(vzlist 102 -H -o uptime | xargs)"
}

@test "vzlist: only the last column is wider than itself; of lists the first shows elsewhere" {
	is "a-very-long-host-name.of.some.le stopped" "$(vzlist 102 -H -o hostname,status)"
	is "a-very-long-host-name.of.some.length.example.org stopped" "$(vzlist 102 -t -H -o hostname,status)"
	is "stopped   a-very-long-host-name.of.some.length.example.org" "$(vzlist 102 -H -o status,hostname)"
	is "198.51.100.101  running" "$(vzlist 101 -H -o ip,status)"
	is "running   198.51.100.101 198.51.100.11" "$(vzlist 101 -H -o status,ip)"
	is "192.0.2.1 192.0.2.2" "$(vzlist 101 -H -o nameserver)"
}

@test "vzlist: -s sorts, and backwards with a dash" {
	is "104 102 103 101" "$(vzlist -a -H -o ctid -s hostname | xargs)"
	is "101 103 102 104" "$(vzlist -a -H -o ctid -s -hostname | xargs)"
	is "104 103 102 101" "$(vzlist -a -H -o ctid -s -ctid | xargs)"
	is "101 102 103 104" "$(vzlist -a -H -o ctid -s-bootorder | xargs)"
	is "102 103 104 101" "$(vzlist -a -H -o ctid -s bootorder | xargs)"
	is "101 102 103 104" "$(vzlist -a -H -o ctid -s status | xargs)"
	split_is 1 vzlist -a -s nosuch
	is "Invalid sort field name: nosuch" "$err"
}

@test "vzlist: -h, -N and -d are shell patterns; what has no value never matches" {
	is "101 102 103" "$(vzlist -a -1 -h '*.example.org' | xargs)"
	is "101" "$(vzlist -a -1 -h 'web.*' | xargs)"
	is "101" "$(vzlist -a -1 -N 'w?b' | xargs)"
	is "101" "$(vzlist -a -1 --name_filter '*' | xargs)"
	is "101" "$(vzlist -a -1 -d '*quoted*' | xargs)"
	split_is 0 vzlist -a -h 'nothing*'
	is "Container(s) not found" "$err"
}

@test "vzlist: an unknown field is rc 1" {
	split_is 1 vzlist -a -o ctid,nosuch
	is "Unknown field: nosuch" "$err"
	split_is 1 vzlist -a -o aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
	is "Invalid field: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" "$err"
	split_is 1 vzlist -a -o ''
	split_is 1 vzlist --frob
	split_is 1 vzlist --help
	[[ $out == Usage:* ]]
}

@test "vzlist: not root is rc 1" {
	require setpriv
	run as_nobody vzlist --prefix "$PREFIX" -a
	is 1 "$status"
	is "This program can only be run under root." "$output"
}

# bats test_tags=core
@test "vzlist: -j is JSON to strict readers, all whole fields of it" {
	require jq python3
	vzlist -a -j >"$BATS_TEST_TMPDIR/json"
	jq -e 'length == 4' "$BATS_TEST_TMPDIR/json" >/dev/null
	python3 -c '
import json, sys
def refuse(x): raise ValueError(x)
def unique(pairs):
    if len(dict(pairs)) != len(pairs): raise ValueError("key twice")
    return dict(pairs)
rows = json.load(open(sys.argv[1], encoding="utf-8"), parse_constant=refuse, object_pairs_hook=unique)
assert [r["ctid"] for r in rows] == [101, 102, 103, 104]
' "$BATS_TEST_TMPDIR/json"
	jq -r '.[0] | keys_unsorted[]' "$BATS_TEST_TMPDIR/json" | sort >"$BATS_TEST_TMPDIR/keys"
	vzlist -L | cut -d ' ' -f 1 | grep -v '\.' | sort | diff - "$BATS_TEST_TMPDIR/keys"
	is '[
  {
    "ctid":' "$(head -c 17 "$BATS_TEST_TMPDIR/json")"
	is ']' "$(tail -n 1 "$BATS_TEST_TMPDIR/json")"
}

@test "vzlist: types in JSON" {
	require jq
	run bash -c "$BUILD/vzlist --prefix $PREFIX -a -j | jq -e '
		(map(select(.ctid == 101)) | first) as \$r | (map(select(.ctid == 104)) | first) as \$s |
		\$r.ctid == 101 and \$r.veid == 101 and \$r.vpsid == 101 and \$r.smart_name == \"web\" and
		\$s.smart_name == 104 and \$r.name == \"web\" and \$s.name == null and
		\$r.description == \"a \\\"quoted\\\" name\" and \$r.status == \"running\" and \$s.status == \"suspended\" and
		\$r.ip == [\"198.51.100.101\", \"198.51.100.11\"] and \$s.ip == [] and \$r.nameserver == [\"192.0.2.1\", \"192.0.2.2\"] and \$s.searchdomain == [] and
		\$r.onboot == true and \$s.onboot == false and \$r.disabled == false and \$r.vswap == true and
		\$r.bootorder == 5 and \$s.bootorder == null and \$r.cpuunits == 500 and \$s.ioprio == 0 and
		\$s.iolimit == 0 and \$r.iolimit == 10485760 and \$s.cpus == 0 and
		(\$r.uptime | type) == \"number\" and \$r.uptime > 0 and \$s.uptime == 0 and
		\$r.features == {\"nfs\": true} and \$s.features == null and \$r.capability == {\"sys_time\": true} and
		(\$r.numproc | .held == 1 and (.maxheld | type) == \"number\" and .failcnt == 0 and .barrier == 8192 and .limit == 8192) and
		(\$r.kmemsize | .barrier == 100 and .limit == 200) and \$s.numproc.limit == 8192 and \$s.kmemsize == null and
		\$r.diskspace == {\"usage\": 0, \"softlimit\": 10485760, \"hardlimit\": 11534336} and \$s.diskspace == null and
		(\$r.private | endswith(\"/vz/private/101\")) and \$r.layout == \"overlay\"'"
	is 0 "$status"
}

@test "vzlist: JSON of chosen fields, in their order; parts of a field are refused" {
	is '[
  {
    "status": "running",
    "ctid": 101
  }
]' "$(vzlist -j 101 -o status,ctid)"
	split_is 1 vzlist -a -j -o ctid,kmemsize.m
	is "Field kmemsize.m is not available in JSON output" "$err"
	is "[]" "$(vzlist -j -h nothing)"
}

@test "vzlist: text that is hostile to terminals and to JSON does no harm" {
	require jq
	cp "$(conf 102)" "$BATS_TEST_TMPDIR/102.conf"
	printf 'DESCRIPTION="tab\there \033[2J \303\274 \377\376 / <b>"\n' >>"$(conf 102)"
	vzlist 102 -j >"$BATS_TEST_TMPDIR/json"
	vzlist 102 -H -o description >"$BATS_TEST_TMPDIR/text"
	cp "$BATS_TEST_TMPDIR/102.conf" "$(conf 102)"
	jq -e '.[0].description | startswith("tab\there \u001b[2J ü ")' "$BATS_TEST_TMPDIR/json"
	run grep -c $'\033' "$BATS_TEST_TMPDIR/text"
	is 0 "$output"
	is 1 "$(wc -l <"$BATS_TEST_TMPDIR/text")"
}

# hostile_confs: 111 to 116, whose files were written by nobody's friend; each has a private area.
hostile_confs()
{
	local id
	for id in 111 112 113 114 115 116; do
		mkdir "$PREFIX/vz/private/$id"
	done
	{
		printf 'HOSTNAME="a \\"quote\\" \\\\ / </b>"\nNAME="x\\"y\\\\z"\nOSTEMPLATE="\\"\377"\nDESCRIPTION="\\"'
		# shellcheck disable=SC2059 # escapes
		printf "$(printf '\\%03o' {1..9} {11..31} 127)"
		printf '\\\\"\n'
	} >"$(conf 111)"
	printf 'HOSTNAME="\377\376\300\200\355\240\200\364\220\200\200\303"\nNAME="\303\050"\nDESCRIPTION="\377\302\205\342\200\250\357\277\277\303"\n' >"$(conf 112)"
	printf 'HOSTNAME="\0\0\n\0="\n====\nDESCRIPTION="\n\377\n' >"$(conf 113)"
	printf '%s\n' ONBOOT=maybe BOOTORDER=-1 CPUUNITS=abc PHYSPAGES=x:y VM_OVERCOMMIT=inf CPULIMIT=1e999 DISABLED=x \
		NUMPROC=99999999999999999999 DISKSPACE=nan:inf 'FEATURES="a:b:c,,\":on nfs:on nfs:off nfs:on"' \
		'CAPABILITY="\"a\":on"' 'IP_ADDRESS="\" {"' >"$(conf 114)"
	printf 'VM_OVERCOMMIT=nan\nNAMESERVER="\\"\\\\ \377"\nSEARCHDOMAIN="\t\\"n"\nNETFILTER="\\""\nMOUNT_OPTS="\\"   "\nORIGIN_SAMPLE="\001 "\nVE_LAYOUT="\\"\377"\n' >"$(conf 115)"
	printf 'HOSTNAME="unterminated\nONBOOT=yes\n' >"$(conf 116)"
}

no_hostile_confs()
{
	rm -rf "$PREFIX"/vz/private/11[1-6] "$PREFIX"/etc/vz/conf/11[1-6].conf
}

@test "vzlist: hostile and damaged files print in every field, and are JSON to strict readers" {
	require python3
	hostile_confs
	run bash -c '
		l="$0 --prefix $PREFIX"
		for f in $($l -L | cut -d " " -f 1); do
			$l 111 112 113 114 115 116 -H -o "$f" >"$1/text" 2>/dev/null || echo "$f fails"
			[ "$(wc -l <"$1/text")" -eq 6 ] || echo "$f: not six lines"
			LC_ALL=C grep -an " $" "$1/text" | sed "s/^/$f: /"
			LC_ALL=C grep -an "[[:cntrl:]]" "$1/text" | sed "s/^/$f: /"
		done
		:' "$BUILD/vzlist" "$BATS_TEST_TMPDIR"
	local fields=$output
	vzlist -a -j >"$BATS_TEST_TMPDIR/json" 2>/dev/null
	no_hostile_confs
	is "" "$fields"
	python3 -c '
import json, sys
def refuse(x): raise ValueError(x)
def unique(pairs):
    if len(dict(pairs)) != len(pairs): raise ValueError("key twice")
    return dict(pairs)
text = open(sys.argv[1], "rb").read().decode("utf-8", "strict")
rows = {r["ctid"]: r for r in json.loads(text, parse_constant=refuse, object_pairs_hook=unique)}
assert sorted(rows) == [101, 102, 103, 104, 111, 112, 113, 114, 115, 116]
control = "".join(map(chr, [*range(1, 10), *range(11, 32), 127]))
assert rows[111]["description"] == "\"" + control + "\\", rows[111]["description"]
assert rows[111]["ostemplate"] == "\"\ufffd", rows[111]["ostemplate"]
assert rows[112]["description"] == "\ufffd\x85\u2028\uffff\ufffd", rows[112]["description"]
# What is no host name, name or number is not passed off as one.
assert rows[111]["hostname"] is None and rows[111]["name"] is None
assert rows[112]["hostname"] is None and rows[112]["name"] is None
assert rows[114]["onboot"] is None and rows[114]["bootorder"] is None and rows[114]["vm_overcommit"] == 0
assert rows[116]["onboot"] is True
' "$BATS_TEST_TMPDIR/json"
}

@test "vzlist: damaged files and names that are no numbers do not keep the others from being listed" {
	: >"$PREFIX/etc/vz/conf/nonsense.conf"
	printf '\0\0' >"$(conf 106)"
	mkdir "$PREFIX/vz/private/106"
	split_is 0 vzlist -a -H -o ctid
	rm "$PREFIX/etc/vz/conf/nonsense.conf" "$(conf 106)"
	rmdir "$PREFIX/vz/private/106"
	is "101 102 103 104" "$(grep -v 106 <<<"$out" | xargs)"
	grep -q "Warning: invalid CTID in config file name: nonsense.conf, skipping" <<<"$err"
}

@test "vzlist: the name shows only if its link agrees" {
	ln -sfn "$(conf 102)" "$PREFIX/etc/vz/names/web"
	local name smart
	name=$(vzlist 101 -H -o name)
	smart=$(vzlist 101 -H -o smart_name | xargs)
	ln -sfn "$(conf 101)" "$PREFIX/etc/vz/names/web"
	is - "$name"
	is 101 "$smart"
}

@test "vzlist: the calls of libvirt" {
	is "       101 running
       102 stopped
       103 mounted
       104 suspended" "$(vzlist -a -ovpsid,status -H)"
	is "       101" "$(vzlist -ovpsid -H)"
	is "102 103 104" "$(vzlist -ovpsid -H -S | xargs)"
	is "running" "$(vzlist 101 -ostatus -H)"
	vzlist 101 -ovpsid -H | grep -qxE ' *101'
	is "web.example.org" "$(vzlist -o hostname 101 -H)"
	is "-" "$(vzlist -o hostname 104 -H)"
	[[ $(vzlist --no-header -oprivvmpages.b,privvmpages.l 101) =~ ^\ *[0-9]+\ +[0-9]+$ ]]
	[[ $(vzlist --no-header -ovmguarpages 101) =~ ^\ *[0-9-]+$ ]]
}

@test "vzlist: two hundred containers are a line each" {
	bash -c 'for id in {1001..1200}; do mkdir "$PREFIX/vz/private/$id"; cp "$PREFIX/etc/vz/conf/102.conf" "$PREFIX/etc/vz/conf/$id.conf"; done'
	run vzlist -a -H -o ctid
	rm -r "$PREFIX"/vz/private/1[0-9][0-9][0-9] "$PREFIX"/etc/vz/conf/1[0-9][0-9][0-9].conf
	is 204 "${#lines[@]}"
}
