#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# "vzctl create": a configuration file and a private area, or neither. The file keeps $VEID as it is,
# has ONBOOT in any case (libvirt dies without), and says what the container was made from. A create
# that fails, at whatever step, leaves no file, no area, no name and no ids behind.

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	# Limits of the disk are kept on any file system.
	vz_conf DISK_QUOTA=no
	# An alias of the administrator's, and a script for POST_CREATE.
	mkdir -p "$PREFIX/etc/vz/templates/minimal"
	echo 'ALIASES="tiny small"' >"$PREFIX/etc/vz/templates/minimal/template.conf"
	dist_conf minimal <<-'END'
	SET_USERPASS=minimal-set_userpass.sh
	POST_CREATE=postcreate.sh
	END
	dist_script postcreate.sh <<<'echo "$VE_ROOT" >/created'
}
teardown_file() { host_teardown; }
teardown()
{
	rm -f "$PREFIX/etc/vz/conf/vps.create" "$PREFIX"/run/vz/lock/*
	umount "$PREFIX/vz/private/109" 2>/dev/null || :
	sed -i -e 's|^TEMPLATE=.*|TEMPLATE=/vz/template|' -e 's|^CONFIGFILE=.*|CONFIGFILE="default"|' \
		-e 's|^DEF_OSTEMPLATE=.*|DEF_OSTEMPLATE="debian"|' "$PREFIX/etc/vz/vz.conf"
	destroy_all
	rm -rf "$PREFIX"/vz/private/* "$PREFIX/vz/other"
}

# fails CODE ARGUMENT…: create 109 with these, which leaves no trace of 109.
fails()
{
	local before
	before=$(host_state)
	rc_is "$1" vzctl create 109 "${@:2}"
	line "Creation of container private area failed"
	is "$before" "$(host_state)"
	is "" "$(grep -F " $PREFIX/etc/vz/conf/109." /var/lib/vzctl/ids)"
}

# bats test_tags=core
@test "create: prints what it does, rc 0, nothing on standard error" {
	split_is 0 vzctl create 101 --ostemplate minimal
	is "Creating container private area (minimal)
Performing postcreate actions
CT configuration saved to $(conf 101)
Container private area was created" "$out"
	is "" "$err"
	status_is 101 "exist unmounted down"
}

@test "create: the file keeps \$VEID, has ONBOOT, the template, the layout and the sample" {
	create_minimal 101
	local f
	f=$(conf 101)
	grep -qx 'VE_ROOT="/vz/root/$VEID"' "$f"
	grep -qx 'VE_PRIVATE="/vz/private/$VEID"' "$f"
	grep -qx 'ONBOOT="no"' "$f"
	grep -qx 'OSTEMPLATE="minimal"' "$f"
	grep -qx 'ORIGIN_SAMPLE="default"' "$f"
	grep -qx 'VE_LAYOUT="overlay"' "$f"
	is 644 "$(stat -c %a "$f")"
	is /vz/private/101 "$(conf_value 101 VE_PRIVATE)"
}

@test "create: an alias is stored as the template it stands for" {
	rc_is 0 vzctl create 101 --ostemplate tiny
	is minimal "$(conf_value 101 OSTEMPLATE)"
}

@test "create: without --ostemplate DEF_OSTEMPLATE is taken" {
	sed -i 's|^DEF_OSTEMPLATE=.*|DEF_OSTEMPLATE="small"|' "$PREFIX/etc/vz/vz.conf"
	rc_is 0 vzctl create 101
	is minimal "$(conf_value 101 OSTEMPLATE)"
}

@test "create: options are stored beside the sample's parameters" {
	rc_is 0 vzctl create 101 --ostemplate minimal --config light --hostname web.example.org --name web \
		--description 'a "web" $server' --onboot yes --ipadd 10.0.0.1/24 --ipadd 10.0.0.2 \
		--nameserver 192.0.2.1 --searchdomain example.org --diskspace 10G:11G --features nfs:on
	is web.example.org "$(conf_value 101 HOSTNAME)"
	is web "$(conf_value 101 NAME)"
	is 'a "web" $server' "$(conf_value 101 DESCRIPTION)"
	is yes "$(conf_value 101 ONBOOT)"
	is "10.0.0.1/24 10.0.0.2" "$(conf_value 101 IP_ADDRESS)"
	is 192.0.2.1 "$(conf_value 101 NAMESERVER)"
	is example.org "$(conf_value 101 SEARCHDOMAIN)"
	is 10485760:11534336 "$(conf_value 101 DISKSPACE)"
	is nfs:on "$(conf_value 101 FEATURES)"
	is light "$(conf_value 101 ORIGIN_SAMPLE)"
	is 40 "$(conf_value 101 NUMPROC)"
	is 250 "$(conf_value 101 CPUUNITS)"
	is "$(conf 101)" "$(readlink "$PREFIX/etc/vz/names/web")"
}

@test "create: a sample does not give its own name, address or place away" {
	cat >"$PREFIX/etc/vz/conf/ve-foreign.conf-sample" <<-'END'
	HOSTNAME="other.example.org"
	IP_ADDRESS="10.9.9.9"
	VE_ROOT="/elsewhere"
	VE_PRIVATE="/elsewhere/private"
	OSTEMPLATE="other"
	NAME="other"
	NUMPROC="321"
	END
	rc_is 0 vzctl create 101 --ostemplate minimal --config foreign
	for k in HOSTNAME IP_ADDRESS NAME; do
		is "<unset>" "$(conf_value 101 $k)"
	done
	is /vz/root/101 "$(conf_value 101 VE_ROOT)"
	is minimal "$(conf_value 101 OSTEMPLATE)"
	is 321 "$(conf_value 101 NUMPROC)"
	rm "$PREFIX/etc/vz/conf/ve-foreign.conf-sample"
}

@test "create: every shipped sample can be used" {
	local f name id=120
	for f in "$PREFIX"/etc/vz/conf/ve-*.conf-sample; do
		name=${f##*/ve-}
		name=${name%.conf-sample}
		id=$((id + 1))
		split_is 0 vzctl create $id --ostemplate minimal --config "$name"
		is "" "$err"
		is "$name" "$(conf_value $id ORIGIN_SAMPLE)"
	done
}

@test "create: without a number the next free one is taken and told" {
	create_minimal 101
	: >"$(conf 102)"
	mkdir "$PREFIX/vz/private/103"
	rc_is 0 vzctl create --ostemplate minimal --name web1
	line "Container number: 104"
	rc_is 0 vzctl --quiet create --ostemplate minimal
	is 105 "$output"
	is web1 "$(conf_value 104 NAME)"
	rm "$(conf 102)"
	rmdir "$PREFIX/vz/private/103"
}

@test "create: with --quiet and without a number only the number is printed" {
	split_is 0 vzctl --quiet create --ostemplate minimal
	is 101 "$out"
	is "" "$err"
}

@test "create: several at once without a number get different ones" {
	local i
	for i in 1 2 3 4 5 6; do
		vzctl --quiet create --ostemplate minimal >"$BATS_TEST_TMPDIR/$i" 2>&1 3>&- &
	done
	wait
	is "101 102 103 104 105 106" "$(sort "$BATS_TEST_TMPDIR"/[1-6] | xargs)"
}

@test "create: --config NAME that does not exist is rc 82 and names the file" {
	fails 82 --ostemplate minimal --config nosuch
	line "Sample config $PREFIX/etc/vz/conf/ve-nosuch.conf-sample not found"
}

@test "create: a default sample that does not exist is rc 82 with a hint" {
	sed -i 's|^CONFIGFILE=.*|CONFIGFILE="nosuch"|' "$PREFIX/etc/vz/vz.conf"
	fails 82 --ostemplate minimal
	has "Sample config $PREFIX/etc/vz/conf/ve-nosuch.conf-sample not found" "CONFIGFILE"
}

@test "create: --config with a path in it is refused" {
	fails 21 --ostemplate minimal --config ../../passwd
}

@test "create: --config for a container that has a file already is rc 82" {
	echo 'NUMPROC="55"' >"$(conf 109)"
	fails 82 --ostemplate minimal --config light
	has "$(conf 109)"
	rm "$(conf 109)"
}

@test "create: a file that is there already is used as it is, with two warnings" {
	printf '# mine\nNUMPROC="55"\nUNKNOWN="x"\n' >"$(conf 101)"
	split_is 0 vzctl create 101 --ostemplate minimal --hostname h
	is 2 "$(grep -c Warning <<<"$err")"
	grep -q -e --applyconfig <<<"$err"
	is 55 "$(conf_value 101 NUMPROC)"
	is "<unset>" "$(conf_value 101 CPUUNITS)"
	is h "$(conf_value 101 HOSTNAME)"
	is minimal "$(conf_value 101 OSTEMPLATE)"
	is "# mine" "$(head -n 1 "$(conf 101)")"
}

@test "create: a file that was there before survives a failure unchanged" {
	printf '# mine\nNUMPROC="55"\n' >"$(conf 109)"
	cp "$(conf 109)" "$BATS_TEST_TMPDIR/before"
	rc_is 91 vzctl create 109 --ostemplate nosuch
	cmp "$(conf 109)" "$BATS_TEST_TMPDIR/before"
	rm "$(conf 109)"
}

@test "create: a private area that holds something is rc 44; an empty one is used" {
	mkdir "$PREFIX/vz/private/109"
	: >"$PREFIX/vz/private/109/data"
	fails 44 --ostemplate minimal
	line "Private area already exists in $PREFIX/vz/private/109"
	rm "$PREFIX/vz/private/109/data"
	rc_is 0 vzctl create 109 --ostemplate minimal
}

@test "create: a private area that is a mount point is rc 48" {
	mkdir -p "$PREFIX/vz/private/109" "$PREFIX/vz/other"
	mount --bind "$PREFIX/vz/other" "$PREFIX/vz/private/109"
	fails 48 --ostemplate minimal
}

@test "create: on a read-only file system it leaves nothing" {
	mount --bind "$PREFIX/vz/private" "$PREFIX/vz/private"
	mount -o remount,bind,ro "$PREFIX/vz/private"
	run vzctl create 109 --ostemplate minimal --name web
	umount "$PREFIX/vz/private"
	is 48 "$status"
	has "Read-only file system"
	is_gone 109
}

@test "create: what a killed create left beside the area is removed with a warning" {
	mkdir -p "$PREFIX/vz/private/101.tmp/x"
	split_is 0 vzctl create 101 --ostemplate minimal
	grep -q "Warning: .*$PREFIX/vz/private/101.tmp" <<<"$err"
	[ ! -e "$PREFIX/vz/private/101.tmp" ]
}

@test "create: a name that another container has is rc 131" {
	create_minimal 101 --name web
	fails 131 --ostemplate minimal --name web
	has "Conflict: name web already used by container 101"
	is "$(conf 101)" "$(readlink "$PREFIX/etc/vz/names/web")"
}

@test "create: an illegal name is rc 131" {
	local name
	for name in a/b .. 'x;y' 105; do
		rc_is 131 vzctl create 109 --ostemplate minimal --name "$name"
		has "Error: invalid name $name"
		is_gone 109
	done
}

@test "create: its own number is a legal name, as libvirt gives it" {
	rc_is 0 vzctl --quiet create 101 --name 101 --ostemplate minimal
	is "$(conf 101)" "$(readlink "$PREFIX/etc/vz/names/101")"
}

@test "create: a template that is not in the cache is rc 91" {
	fails 91 --ostemplate nosuch
	has "Cached OS template $PREFIX/vz/template/cache/nosuch.tar" "not found"
	fails 21 --ostemplate ../../../etc/passwd
	fails 21 --ostemplate ''
}

@test "create: TEMPLATE decides where templates are looked for" {
	sed -i 's|^TEMPLATE=.*|TEMPLATE=/vz/other|' "$PREFIX/etc/vz/vz.conf"
	fails 91 --ostemplate minimal
	has "$PREFIX/vz/other/cache/minimal.tar"
}

@test "create: a damaged template leaves nothing, with every layout" {
	local layout
	mkdir -p "$PREFIX/vz/other/cache"
	head -c 500000 "$TEST_CACHE/template/cache/minimal.tar.zst" >"$PREFIX/vz/other/cache/minimal.tar.zst"
	sed -i 's|^TEMPLATE=.*|TEMPLATE=/vz/other|' "$PREFIX/etc/vz/vz.conf"
	for layout in simfs overlay; do
		rc_is 48 vzctl create 109 --ostemplate minimal --layout $layout
		has minimal.tar.zst
		is_gone 109
		is "" "$(find "$PREFIX/vz/other" -name '*tmp*')"
	done
}

@test "create: a template that is not the one its checksum says is refused" {
	mkdir -p "$PREFIX/vz/other/cache"
	cp "$TEST_CACHE/template/cache/minimal.tar.zst" "$PREFIX/vz/other/cache/"
	printf '%064d  minimal.tar.zst\n' 0 >"$PREFIX/vz/other/cache/minimal.tar.zst.sha256"
	sed -i 's|^TEMPLATE=.*|TEMPLATE=/vz/other|' "$PREFIX/etc/vz/vz.conf"
	rc_is 48 vzctl create 109 --ostemplate minimal --layout simfs
	is_gone 109
}

# bats test_tags=core
@test "create: --layout simfs is the tree itself, overlay an upper directory on a shared layer" {
	create_minimal 101 --layout simfs
	create_minimal 102 --layout overlay
	[ -x "$PREFIX/vz/private/101/bin/busybox" ]
	is simfs "$(conf_value 101 VE_LAYOUT)"
	[ -d "$PREFIX/vz/private/102/upper" ]
	[ ! -e "$PREFIX/vz/private/102/upper/bin" ]
	local digest
	digest=$(cut -d ' ' -f 1 "$TEST_CACHE/template/cache/minimal.tar.zst.sha256")
	is "sha256-$digest" "$(cat "$PREFIX/vz/private/102/layers")"
	[ -x "$PREFIX/vz/template/layers/sha256-$digest/root/bin/busybox" ]
	for id in 101 102; do
		vzctl --quiet start $id
		rc_is 0 vzctl exec2 $id cat /etc/hostname
	done
}

@test "create: VE_LAYOUT of vz.conf is the default" {
	sed -i 's/^VE_LAYOUT=.*/VE_LAYOUT=simfs/' "$PREFIX/etc/vz/vz.conf"
	run vzctl create 101 --ostemplate minimal
	sed -i 's/^VE_LAYOUT=.*/VE_LAYOUT=overlay/' "$PREFIX/etc/vz/vz.conf"
	is 0 "$status"
	is simfs "$(conf_value 101 VE_LAYOUT)"
}

@test "create: --layout ploop is rc 99 and says what to use instead" {
	local mode
	for mode in ploop ploop:expanded ploop:plain ploop:raw; do
		fails 99 --ostemplate minimal --layout $mode
		has "--layout simfs"
	done
	rc_is 21 vzctl create 109 --ostemplate minimal --layout zfs
	rc_is 21 vzctl create 109 --ostemplate minimal --velayout zfs
}

@test "create: --private and --root are stored as given, with \$VEID" {
	rc_is 0 vzctl create 101 --ostemplate minimal --private '/vz/other/p-$VEID' --root '/vz/other/r-${VEID}'
	grep -qx 'VE_PRIVATE="/vz/other/p-$VEID"' "$(conf 101)"
	[ -d "$PREFIX/vz/other/p-101" ]
	is 700 "$(stat -c %a "$PREFIX/vz/other")"
	rc_is 0 vzctl start 101
	findmnt -n "$PREFIX/vz/other/r-101"
}

@test "create: root and private area within each other are refused" {
	fails 21 --ostemplate minimal --private /vz/other/109 --root /vz/other/109/root
	fails 21 --ostemplate minimal --private /vz/other/109 --root /vz/other/109
}

# bats test_tags=core
@test "create: every container has ids of its own, in its file and in the registry" {
	create_minimal 101
	create_minimal 102
	local a b
	a=$(conf_value 101 LOCAL_UID)
	b=$(conf_value 102 LOCAL_UID)
	[ "$a" -ge 524288 ]
	[ $(((b > a ? b - a : a - b) >= 65536)) -eq 1 ]
	is "$a" "$(conf_value 101 LOCAL_GID)"
	is 65536 "$(conf_value 101 LOCAL_COUNT)"
	grep -qxF "$a 65536 $(conf 101)" /var/lib/vzctl/ids
	grep -qxF "$b 65536 $(conf 102)" /var/lib/vzctl/ids
}

@test "create: --local_uid 0 is refused, ids of another container too" {
	rc_is 21 vzctl create 109 --ostemplate minimal --local_uid 0
	create_minimal 101
	local base
	base=$(conf_value 101 LOCAL_UID)
	fails 6 --ostemplate minimal --local_uid $((base + 100)) --local_gid $((base + 100))
	has LOCAL_UID
}

@test "create: LOCAL_UID of vz.conf is not taken over" {
	echo 'LOCAL_UID=100000' >>"$PREFIX/etc/vz/vz.conf"
	run vzctl create 101 --ostemplate minimal
	sed -i '/^LOCAL_UID/d' "$PREFIX/etc/vz/vz.conf"
	is 0 "$status"
	[ "$(conf_value 101 LOCAL_UID)" -ge 524288 ]
}

@test "create: private areas are closed to everybody else on the host" {
	create_minimal 101 --layout simfs
	is 700 "$(stat -c %a "$PREFIX/vz/private")"
	is 755 "$(stat -c %a "$PREFIX/vz/private/101")"
	is 700 "$(stat -L -c %a "$PREFIX/vz/template")"
	require setpriv
	run setpriv --reuid 65534 --regid 65534 --clear-groups ls "$PREFIX/vz/private/101/bin"
	[ "$status" -ne 0 ]
}

# bats test_tags=core
@test "create: ids in the private area are the template's, not the host's" {
	create_minimal 101 --layout simfs
	is "0 0" "$(stat -c '%u %g' "$PREFIX/vz/private/101/bin/busybox")"
}

@test "create: --sshkey puts public keys where root's ssh looks, once each" {
	printf 'ssh-ed25519 AAAA one@host\n\nssh-rsa BBBB two@host\nssh-ed25519 AAAA one@host\n' >"$BATS_TEST_TMPDIR/keys"
	rc_is 0 vzctl create 101 --ostemplate minimal --sshkey "$BATS_TEST_TMPDIR/keys"
	vzctl --quiet start 101
	is "ssh-ed25519 AAAA one@host
ssh-rsa BBBB two@host" "$(vzctl exec2 101 cat /root/.ssh/authorized_keys)"
	is "700 600 0" "$(vzctl exec2 101 "stat -c %a /root/.ssh; stat -c '%a %u' /root/.ssh/authorized_keys" | xargs)"
}

@test "create: --sshkey with a private key, or with nothing, is refused" {
	printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\n' >"$BATS_TEST_TMPDIR/key"
	fails 21 --ostemplate minimal --sshkey "$BATS_TEST_TMPDIR/key"
	has "Bad parameter for --sshkey" ".pub"
	fails 21 --ostemplate minimal --sshkey "$BATS_TEST_TMPDIR/nosuch"
	fails 21 --ostemplate minimal --sshkey "$BATS_TEST_TMPDIR"
}

# bats test_tags=core
@test "create: --userpasswd sets passwords and makes users" {
	rc_is 0 vzctl create 101 --ostemplate minimal --userpasswd root:secret1 --userpasswd joe:secret2
	has_not secret1 secret2
	vzctl --quiet start 101
	rc_is 0 vzctl exec2 101 'grep -c "^\(root\|joe\):[$]" /etc/shadow'
	is 2 "$output"
	run grep -rF secret1 "$PREFIX/var/log" "$PREFIX/etc"
	is 1 "$status"
}

# bats test_tags=core
@test "create: POST_CREATE runs inside, where VE_ROOT is /" {
	create_minimal 101 --layout simfs
	is / "$(cat "$PREFIX/vz/private/101/created")"
}

@test "create: a failing POST_CREATE leaves nothing" {
	dist_script postcreate.sh <<<'exit 3'
	run vzctl create 109 --ostemplate minimal --name web
	dist_script postcreate.sh <<<'echo "$VE_ROOT" >/created'
	is 79 "$status"
	is_gone 109
}

@test "create: a failing SET_USERPASS is rc 74 and leaves nothing" {
	fails 74 --ostemplate minimal --userpasswd 'b&d:secret'
	has_not secret
}

@test "create: vps.create runs at the end, and what it refuses is undone, rc 79" {
	action vps.create <<-'END'
	. "$VE_CONFFILE"
	echo "$VEID $VE_CONFFILE $NAME" >"${0%/*}/../../../created-by"
	[ "$VEID" != 109 ]
	END
	rc_is 0 vzctl create 101 --ostemplate minimal --name web
	is "101 $(conf 101) web" "$(cat "$PREFIX/created-by")"
	rc_is 79 vzctl create 109 --ostemplate minimal --name other
	line "Creation of container private area failed"
	is_gone 109
}

@test "create: ended by a signal it undoes what it did" {
	dist_script postcreate.sh <<<"sleep $(patience 30)"
	in_bg "$BUILD/vzctl" --prefix "$PREFIX" create 109 --ostemplate minimal --name other
	local pid=$!
	wait_for 10 test -e "$PREFIX/vz/private/109.tmp"
	wait_for 10 eval '[ -n "$(ct_cgroups 109)" ]'
	kill -TERM $pid
	local began=$SECONDS status=0
	wait $pid || status=$?
	dist_script postcreate.sh <<<'echo "$VE_ROOT" >/created'
	[ "$status" -ne 0 ]
	[ $((SECONDS - began)) -lt "$(patience 10)" ]
	is_gone 109
}

# bats test_tags=core
@test "create: killed outright, the next create of that number succeeds" {
	dist_script postcreate.sh <<<"sleep $(patience 30)"
	in_bg "$BUILD/vzctl" --prefix "$PREFIX" create 101 --ostemplate minimal
	local pid=$!
	wait_for 10 test -e "$PREFIX/vz/private/101.tmp/upper"
	kill -KILL $pid
	wait $pid || :
	dist_script postcreate.sh <<<'echo "$VE_ROOT" >/created'
	run vzctl create 101 --ostemplate minimal
	echo "$output"
	is 0 "$status"
	vzctl --quiet start 101
	rc_is 0 vzctl exec2 101 cat /created
}
