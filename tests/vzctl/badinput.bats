#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What must not happen, whatever is given: files that are damaged, options that contradict each other, a
# host that lacks what is needed. It is said in one line that names the place, before anything is begun,
# and nothing is changed; a step that fails undoes those before it.

load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	create_minimal 101 --hostname web --description "as it was"
	# What a first start writes, the host's directories and the container's own files, is there then.
	vzctl --quiet start 101
	vzctl --quiet stop 101 --fast
	cp "$(conf 101)" "$PREFIX/101.conf"
	cp "$PREFIX/etc/vz/vz.conf" "$PREFIX/vz.conf"
	WITHOUT_SO=$PREFIX/without.so
	export WITHOUT_SO
	"${CC:-gcc}" -shared -fPIC -O1 -Wall -o "$WITHOUT_SO" "$TOP/tests/lib/without.c" -ldl
}
teardown_file()
{
	cp "$PREFIX/vz.conf" "$PREFIX/etc/vz/vz.conf"
	host_teardown
}
teardown()
{
	cp "$PREFIX/vz.conf" "$PREFIX/etc/vz/vz.conf"
	rm -f "$PREFIX"/etc/vz/conf/*.{premount,mount,umount,postumount,start,stop,create} "$(conf 101)"
	cp "$PREFIX/101.conf" "$(conf 101)"
	vzctl --quiet stop 101 --fast >/dev/null 2>&1 || :
	vzctl --quiet umount 101 >/dev/null 2>&1 || :
	vzctl --quiet destroy 105 >/dev/null 2>&1 || :
	rm -f "$PREFIX"/etc/vz/conf/*.destroyed
}

# refused CODE ARGUMENT…: vzctl says why and changes nothing.
refused()
{
	local before
	before=$(host_state)
	rc_is "$1" vzctl "${@:2}"
	[ -n "$output" ] || { echo "no message"; return 1; }
	is "$before" "$(host_state)"
}

# without WHAT COMMAND…: vzctl on a kernel that lacks it. elsewhere SCRIPT COMMAND…: vzctl in a mount
# namespace that a shell has changed.
without() { LD_PRELOAD=$WITHOUT_SO WITHOUT=$1 "$BUILD/vzctl" --prefix "$PREFIX" "${@:2}"; }
elsewhere()
{
	unshare -m --propagation private sh -c "set -e; $1; shift; exec \"\$@\"" - "$1" "$BUILD/vzctl" \
		--prefix "$PREFIX" "${@:2}"
}

# is_refused CODE COMMAND…: the same for those two.
is_refused()
{
	local before
	before=$(host_state)
	rc_is "$@"
	diff <(echo "$before") <(host_state)
}

# ---- damaged files ----

@test "bad input: a vz.conf of random bytes is named, rc 85, and nothing is begun" {
	head -c 5000 /dev/urandom >"$PREFIX/etc/vz/vz.conf"
	refused 85 start 101
	has "$PREFIX/etc/vz/vz.conf" "line "
	refused 85 create 105 --ostemplate minimal
	refused 85 status 101
	is 1 "${#lines[@]}"
}

@test "bad input: a CTID.conf of random bytes is named, rc 85, and left as it is" {
	{ cat "$PREFIX/101.conf"; printf 'A="b\0c"\n'; head -c 5000 /dev/urandom; } >"$(conf 101)"
	for c in "start 101" "restart 101" "mount 101" "destroy 101" "set 101 --hostname x --save"; do
		# shellcheck disable=SC2086 # words
		refused 85 $c
		has "$(conf 101)' is no text: line $(($(wc -l <"$PREFIX/101.conf") + 1)) holds a zero byte"
	done
}

@test "bad input: lines of ten megabytes do no harm in either file" {
	local big=$PREFIX/big
	head -c 10000000 /dev/zero | tr '\0' x >"$big"
	{ cat "$PREFIX/vz.conf"; cat "$big"; echo; echo 'STOP_TIMEOUT="5"'; } >"$PREFIX/etc/vz/vz.conf"
	rc_is 0 vzctl status 101
	has "vz.conf:$(($(wc -l <"$PREFIX/vz.conf") + 1))" "CTID 101 exist unmounted down"
	[ ${#output} -lt 1000 ] || { echo "all of it is printed"; return 1; }
	cp "$PREFIX/vz.conf" "$PREFIX/etc/vz/vz.conf"

	{ printf 'BIG="'; cat "$big"; printf '"\n'; cat "$PREFIX/101.conf"; } >"$(conf 101)"
	rc_is 0 vzctl set 101 --description new --save
	[ ${#output} -lt 1000 ]
	is $((10000000 + 7)) "$(head -n 1 "$(conf 101)" | wc -c)"
	is new "$(sed -n 's/^DESCRIPTION="\(.*\)"/\1/p' "$(conf 101)")"
	rc_is 0 vzctl start 101
	rm "$big"
}

@test "bad input: a file that never ends is refused, not read" {
	rm "$(conf 101)"
	ln -s /dev/zero "$(conf 101)"
	rc_is 85 timeout "$(patience 20)" "$BUILD/vzctl" --prefix "$PREFIX" start 101
	has "$(conf 101)" "too large"
}

@test "bad input: a container whose file was lost to zero bytes can be looked at, entered and stopped" {
	rc_is 0 vzctl start 101
	dd if=/dev/zero of="$(conf 101)" bs=512 count=1 status=none
	split_is 0 vzctl status 101
	is "CTID 101 exist mounted running" "$out"
	has "$(conf 101)" "going on with the defaults"
	split_is 0 vzctl exec2 101 echo inside
	is inside "$out"
	rc_is 85 vzctl set 101 --onboot yes --save
	rc_is 0 vzctl stop 101 --fast
	split_is 0 vzctl status 101
	is "CTID 101 exist unmounted down" "$out"
	is 512 "$(stat -c %s "$(conf 101)")"
}

@test "bad input: a directory in place of a file is named" {
	rm "$(conf 101)"
	mkdir "$(conf 101)"
	rc_is 85 vzctl start 101
	rmdir "$(conf 101)"
	has "$(conf 101)" "directory"
}

@test "bad input: unclosed quotes are named with file and line and reach no further" {
	local n
	n=$(wc -l <"$PREFIX/101.conf")
	{ cat "$PREFIX/101.conf"; echo 'SEARCHDOMAIN="example.net'; echo 'BOOTORDER="7"'; echo "NAMESERVER='198.51.100.1"; } >"$(conf 101)"
	split_is 0 vzctl set 101 --description new --save
	output=$err
	has "$(conf 101):$((n + 1)): " "$(conf 101):$((n + 3)): "
	is 7 "$(vzlist -H -o bootorder 101 2>/dev/null | xargs)"
	rc_is 0 grep -x 'SEARCHDOMAIN="example.net' "$(conf 101)"

	{ cat "$PREFIX/vz.conf"; echo 'FOO="bar'; } >"$PREFIX/etc/vz/vz.conf"
	rc_is 0 vzctl status 101
	has "vz.conf:$(($(wc -l <"$PREFIX/vz.conf") + 1)): "
}

@test "bad input: lines that end in CR and LF are understood and stay so" {
	sed 's/$/\r/' "$PREFIX/101.conf" >"$(conf 101)"
	sed 's/$/\r/' "$PREFIX/vz.conf" >"$PREFIX/etc/vz/vz.conf"
	rc_is 0 vzctl start 101
	has_not Warning
	is web "$(vzctl exec 101 hostname)"
	vzctl --quiet stop 101 --fast
	vzctl --quiet set 101 --bootorder 3 --save
	is "$(wc -l <"$PREFIX/101.conf")" "$(grep -c $'\r$' "$(conf 101)")"
	run vzlist -H -o bootorder,hostname 101
	is "3 web" "$(xargs <<<"$output")"
}

@test "bad input: unknown keys, comments and blank lines survive set --save, and their order" {
	local strange='# a comment with "quotes"

  # indented
UNKNOWN_KEY="a b  c"
export EXPORTED=1
ANOTHER='"'single'"' # behind it
not a line of any kind
=nothing
KEY_WITHOUT_VALUE=
Ünïcode="ß"'
	{ echo "$strange"; cat "$PREFIX/101.conf"; echo "$strange"; } >"$(conf 101)"
	cp "$(conf 101)" "$PREFIX/want"
	sed -i 's/^DESCRIPTION=.*/DESCRIPTION="new"/' "$PREFIX/want"
	rc_is 0 vzctl set 101 --description new --save
	has "$(conf 101):7: " "$(conf 101):8: "
	rc_is 0 diff "$PREFIX/want" "$(conf 101)"
	rm "$PREFIX/want"
}

@test "bad input: values that make no sense are named with file, line and key, and not taken" {
	local n
	n=$(wc -l <"$PREFIX/101.conf")
	{ cat "$PREFIX/101.conf"; printf 'ONBOOT_X="no"\nBOOTORDER="first"\nDISABLED="perhaps"\nNAMESERVER="300.1.2.3"\nCAPABILITY="FLY:on"\n'; } >"$(conf 101)"
	split_is 0 vzctl start 101
	output=$err
	has "$(conf 101):$((n + 2))" BOOTORDER "$(conf 101):$((n + 3))" DISABLED "$(conf 101):$((n + 4))" NAMESERVER \
		"$(conf 101):$((n + 5))" CAPABILITY
}

@test "bad input: of a key that is there twice the first counts, with file and line" {
	{ cat "$PREFIX/101.conf"; echo 'HOSTNAME="other"'; } >"$(conf 101)"
	rc_is 0 vzctl start 101
	has "$(conf 101):$(wc -l <"$(conf 101)")" HOSTNAME
	is web "$(vzctl exec 101 hostname)"
}

@test "bad input: an empty or missing file is no container" {
	rm "$(conf 101)"
	refused 14 start 101
	: >"$PREFIX/etc/vz/vz.conf"
	cp "$PREFIX/101.conf" "$(conf 101)"
	rm "$PREFIX/etc/vz/vz.conf"
	refused 10 start 101
	has "$PREFIX/etc/vz/vz.conf"
}

# ---- options ----

@test "bad input: options that contradict each other are refused and nothing is changed" {
	refused 21 set 101 --onboot perhaps --save
	refused 21 set 101 --root /vz/private/101 --save
	refused 21 create 105 --ostemplate minimal --root /vz/x --private /vz/x
	refused 20 set 101 --reset_ub --hostname x --save
	refused 21 create 105 --ostemplate minimal --layout cloud
	refused 20 start 101 --nonsense
	refused 20 stop 101 --wait
	refused 20 chkpnt 101 --suspend --resume
}

# ---- a host that lacks something ----

@test "bad input: without root it is said so, rc 12, whatever the command" {
	require setpriv
	local c
	for c in "create 105 --ostemplate minimal" "start 101" "stop 101" "status 101" "mount 101" "umount 101" \
		"destroy 101" "set 101 --hostname x --save" "exec 101 true" "enter 101" "chkpnt 101 --suspend"; do
		# shellcheck disable=SC2086 # words
		is_refused 12 as_nobody vzctl --prefix "$PREFIX" $c
		is "only root can do this (try sudo)" "$output"
	done
	rc_is 0 as_nobody vzctl --version
	rc_is 20 as_nobody vzctl --prefix "$PREFIX" start 101 --nonsense
	rc_is 1 as_nobody vzlist --prefix "$PREFIX" -a
}

@test "bad input: without overlayfs it is said so, with the way out, rc 5" {
	is_refused 5 without overlay create 105 --ostemplate minimal
	has overlayfs "--layout simfs"
	is_refused 5 without overlay start 101
	has overlayfs
	is_refused 5 without overlay mount 101
	# The way out leads out.
	rc_is 0 without overlay create 105 --ostemplate minimal --layout simfs
	rc_is 0 without overlay start 105
	rc_is 0 without overlay stop 105 --fast
}

@test "bad input: without user or time namespaces it is said so, rc 5" {
	local c
	for c in "create 105 --ostemplate minimal" "start 101" "mount 101"; do
		# shellcheck disable=SC2086 # words
		is_refused 5 without userns $c
		has "no user namespaces (CONFIG_USER_NS)"
		# shellcheck disable=SC2086 # words
		is_refused 5 without timens $c
		has "no time namespaces (CONFIG_TIME_NS)"
	done
}

@test "bad input: where user namespaces are switched off the sysctl is named, rc 5" {
	echo 0 >"$PREFIX/zero"
	is_refused 5 elsewhere "mount --bind $PREFIX/zero /proc/sys/user/max_user_namespaces" start 101
	has "user.max_user_namespaces is 0"
	is_refused 5 elsewhere "mount --bind $PREFIX/zero /proc/sys/user/max_user_namespaces" create 105 --ostemplate minimal
	rm "$PREFIX/zero"
}

@test "bad input: a controller that is not mounted does not matter while nothing needs it" {
	require v1
	rc_is 0 elsewhere 'umount /sys/fs/cgroup/memory' start 101
	rc_is 0 elsewhere 'umount /sys/fs/cgroup/memory' exec 101 true
	rc_is 0 vzctl stop 101 --fast
	is_down 101
}

@test "bad input: without any control over devices nothing is started, rc 5" {
	require v1
	local off="export LD_PRELOAD=$WITHOUT_SO WITHOUT=bpf; ! mountpoint -q /sys/fs/cgroup/devices || umount /sys/fs/cgroup/devices"
	is_refused 5 elsewhere "$off" start 101
	has "devices cannot be restricted here"
	is_refused 5 elsewhere "$off" create 105 --ostemplate minimal
	# BPF alone is enough.
	rc_is 0 elsewhere 'umount /sys/fs/cgroup/devices' start 101
	rc_is 0 elsewhere 'umount /sys/fs/cgroup/devices' exec 101 '[ -r /dev/null ]'
	rc_is 0 elsewhere 'umount /sys/fs/cgroup/devices' stop 101 --fast
	is_down 101
}

@test "bad input: on pure cgroup v1 containers start, are frozen and stop like everywhere" {
	require v1
	mountpoint -q /sys/fs/cgroup/unified || skip "there is no v2 tree to be taken away"
	local off='umount /sys/fs/cgroup/unified; ! grep -q " - cgroup2 " /proc/self/mountinfo'
	rc_is 0 elsewhere "$off" start 101
	rc_is 0 elsewhere "$off" status 101
	# The mount at VE_ROOT went with the namespace it was made in.
	is "CTID 101 exist unmounted running" "$output"
	rc_is 0 elsewhere "$off" exec 101 'mkdir /sys/fs/cgroup/x && cat /sys/fs/cgroup/x/cgroup.procs'
	rc_is 0 elsewhere "$off" chkpnt 101 --suspend
	rc_is 0 elsewhere "$off" chkpnt 101 --resume
	rc_is 0 elsewhere "$off" stop 101
	is_down 101
}

@test "bad input: a read-only /vz is named before anything is begun" {
	local ro="mount --bind $PREFIX/vz $PREFIX/vz; mount -o remount,bind,ro $PREFIX/vz"
	is_refused 48 elsewhere "$ro" create 105 --ostemplate minimal
	has "$PREFIX/vz/private/105" "Read-only file system"
	is_refused 48 elsewhere "$ro" create 105 --ostemplate minimal --layout simfs
	is_refused 50 elsewhere "$ro" start 101
	has "$PREFIX/vz/private/101" "read-only file system"
	is_refused 50 elsewhere "$ro" mount 101
	is_refused 52 elsewhere "$ro" destroy 101
	# What needs no /vz works: the state can be asked for, the configuration changed.
	rc_is 0 elsewhere "$ro" status 101
	rc_is 0 elsewhere "$ro" set 101 --bootorder 4 --save
}

@test "bad input: a read-only /etc is named, and what was begun is undone" {
	local ro="mount --bind $PREFIX/etc $PREFIX/etc; mount -o remount,bind,ro $PREFIX/etc"
	is_refused 139 elsewhere "$ro" create 105 --ostemplate minimal
	has "$(conf 105)"
	is_refused 139 elsewhere "$ro" set 101 --bootorder 4 --save
	# A container that has all it needs starts and stops.
	rc_is 0 elsewhere "$ro" start 101
	rc_is 0 elsewhere "$ro" stop 101 --fast
}

@test "bad input: a full /vz is said to be full, and a create in it leaves nothing" {
	require mkfs.ext4
	truncate -s 8M "$PREFIX/image"
	mkfs.ext4 -q -m 0 "$PREFIX/image"
	local full="mkdir -p $PREFIX/mnt; mount -o loop $PREFIX/image $PREFIX/mnt; head -c 20M /dev/zero >$PREFIX/mnt/full 2>/dev/null || :"
	rc_is 46 elsewhere "$full" create 105 --ostemplate minimal --layout simfs --private "$PREFIX/mnt/105"
	has "space"
	[ ! -e "$(conf 105)" ]
	rc_is 1 grep -F " $(conf 105)" /var/lib/vzctl/ids
	mount -o loop "$PREFIX/image" "$PREFIX/mnt"
	run ls "$PREFIX/mnt"
	umount "$PREFIX/mnt"
	rmdir "$PREFIX/mnt"
	rm "$PREFIX/image"
	is "full lost+found" "$(xargs <<<"$output")"
}

# ---- steps that fail ----

# undone CODE ARGUMENT…: it fails with CODE and the host is as before.
undone() { is_refused "$1" vzctl "${@:2}"; }

@test "bad input: a start that fails at any step undoes the steps before" {
	local event
	# premount → mount: nothing mounted yet, mounted; start: a process waits inside.
	for event in premount mount start; do
		action 101.$event <<<'exit 3'
		undone 79 start 101
		has "101.$event" "exit status 3"
		is_down 101
		rm "$PREFIX/etc/vz/conf/101.$event"
	done
	# The distribution's script.
	cp "$PREFIX/etc/vz/dists/minimal.conf" "$PREFIX/dist"
	dist_script fails.sh <<<'echo it went wrong; exit 3'
	{ grep -v PRE_START "$PREFIX/dist"; echo 'PRE_START="fails.sh"'; } | dist_conf minimal
	run vzctl start 101
	cp "$PREFIX/dist" "$PREFIX/etc/vz/dists/minimal.conf"
	rm "$PREFIX/dist" "$PREFIX/etc/vz/dists/scripts/fails.sh"
	is 79 "$status"
	has "it went wrong"
	is_down 101
	# The last one: init itself.
	mkdir -p "$PREFIX/vz/private/101/upper/sbin"
	for c in init ../etc/init ../bin/init; do
		[ ! -e "$PREFIX/vz/private/101/upper/sbin/$c" ]
	done
	echo 'no program' >"$PREFIX/vz/private/101/upper/sbin/init"
	chmod 0755 "$PREFIX/vz/private/101/upper/sbin/init"
	undone 47 start 101
	rm "$PREFIX/vz/private/101/upper/sbin/init"
	is_down 101
	rc_is 0 vzctl start 101
}

@test "bad input: a stop whose scripts fail says so and leaves a state that can be stopped" {
	vzctl --quiet start 101
	action 101.stop <<<'exit 3'
	rc_is 79 vzctl stop 101
	status_is 101 "exist mounted running"
	rm "$PREFIX/etc/vz/conf/101.stop"
	rc_is 0 vzctl stop 101 --fast
	is_down 101
}

@test "bad input: messages do not land in files when the standard streams are closed" {
	bash -c '"$@" <&- >&- 2>&-' - "$BUILD/vzctl" --prefix "$PREFIX" --verbose set 101 --bootorder 9 --save
	rc_is 1 grep -iE 'saved|warning' "$(conf 101)"
	rc_is 0 grep -x 'BOOTORDER="9"' "$(conf 101)"
	bash -c '"$@" <&- >&- 2>&-' - "$BUILD/vzctl" --prefix "$PREFIX" --verbose start 101
	status_is 101 "exist mounted running"
}
