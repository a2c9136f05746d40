#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# An ordinary user of the host, perhaps in league with the root of a container: what a container's files
# offer to those who get at them (setuid programs, sockets, FIFOs, directories for everybody) is out of
# his reach, and what vzctl tells him he could have found out himself.

# shellcheck disable=SC2154 # output, out, err and status are from the helpers
load ../lib/helpers

setup_file()
{
	probe_setup
	create_minimal 101 --name web --hostname secret.example.org --description "a secret"
	create_minimal 102 --layout simfs
	for id in 101 102; do
		vzctl --quiet start $id
		put_probe $id
		# What would be useful to a user of the host.
		vzctl --quiet exec $id 'mkdir -m 0777 /srv/open; echo "a secret" >/srv/open/file; mkfifo -m 0666 /srv/open/fifo
			cp /probe /srv/open/id; chmod 4755 /srv/open/id; busybox nc -l -U /srv/open/socket >/dev/null 2>&1 &
			chmod 0666 /srv/open/file; ln -s / /srv/open/link; :' </dev/null >/dev/null 2>&1
	done
}
teardown_file() { host_teardown; }

# as_user COMMAND: a shell of his.
as_user() { setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --inh-caps=-all sh -c "$1"; }

@test "user: files of containers are out of reach, in private areas and where they are mounted" {
	require setpriv
	local dir f
	for dir in vz/private/101/upper vz/private/102 vz/root/101 vz/root/102; do
		# They are there.
		[ -u "$PREFIX/$dir/srv/open/id" ] && [ -p "$PREFIX/$dir/srv/open/fifo" ]
		is 777 "$(stat -c %a "$PREFIX/$dir/srv/open")"
		f=$PREFIX/$dir/srv/open
		rc_is 126 as_user "$f/id euid"
		rc_is 1 as_user "cat $f/file"
		has "Permission denied"
		rc_is 2 as_user "echo x >$f/file"
		rc_is 2 as_user "echo x >$f/mine"
		rc_is 2 as_user "timeout $(patience 2) echo x >$f/fifo"
		rc_is 1 as_user "stat $f"
		rc_is 2 as_user "ls $PREFIX/${dir%/10*}"
	done
	is "a secret" "$(vzctl exec 101 'cat /srv/open/file')"
}

@test "user: dumps, templates and layers are out of reach" {
	require setpriv
	local dir
	for dir in dump private root; do
		is "700 0:0" "$(stat -c '%a %u:%g' "$PREFIX/vz/$dir")"
		rc_is 2 as_user "ls $PREFIX/vz/$dir"
	done
	for dir in template template/cache; do
		is "700 0:0" "$(stat -L -c '%a %u:%g' "$PREFIX/vz/$dir")"
		rc_is 2 as_user "ls $PREFIX/vz/$dir/."
	done
}

@test "user: processes of a container are those of another user, who cannot be looked into" {
	require setpriv
	local pid
	pid=$(init_pid 101)
	for f in root/etc/passwd environ mem auxv; do rc_is 1 as_user "head -c 1 /proc/$pid/$f"; done
	for f in root/etc cwd/etc fd/; do rc_is 2 as_user "ls /proc/$pid/$f"; done
	for f in exe root fd/0 ns/mnt; do rc_is 1 as_user "readlink /proc/$pid/$f"; done
	rc_is 1 as_user "kill -0 $pid"
	rc_is 1 as_user "nsenter -t $pid -U true"
}

@test "user: every command is refused, says no more than that, and changes nothing" {
	require setpriv
	local c before
	before=$(host_state)
	as_nobody vzctl --version
	for c in "create 300 --ostemplate minimal" "destroy 101" "mount 101" "umount 101" "start 101" "start web" "stop 101" \
		"stop 101 --fast" "restart 101" "status 101" "status web" "status 999" "set 101 --hostname x --save" \
		"set 101 --userpasswd root:x" "set 0 --cpuunits 1000 --save" "exec 101 true" "exec2 101 true" "exec3 101 true" \
		"enter 101" "console 101" "runscript 101 $PREFIX/vz/private/101/upper/etc/passwd" "runscript 999 /etc/passwd" \
		"chkpnt 101 --suspend" "chkpnt 101" "restore 101" "--dry-run start 101"; do
		# shellcheck disable=SC2086 # words
		split_is 12 as_nobody vzctl --prefix "$PREFIX" $c </dev/null
		is "only root can do this (try sudo)" "$err"
		is "" "$out"
	done
	for c in "" "-a" "-a -j" "101" "-a -o ctid,private,hostname" "-n"; do
		# shellcheck disable=SC2086 # words
		split_is 1 as_nobody vzlist --prefix "$PREFIX" $c
		is "" "$out"
		has_not secret "$PREFIX" 101
	done
	# Whether it runs, /proc tells him, too.
	for c in "stop 101" "destroy 101" "set 101 --hostname x" "mount 102"; do
		# shellcheck disable=SC2086 # words
		run as_nobody vzctl --prefix "$PREFIX" --dry-run $c
		has_not secret "$PREFIX/vz/private" "does not exist"
	done
	is "$before" "$(host_state)"
	status_is 101 "exist mounted running"
}

@test "user: what he says to commands does not come back as a file he could not read" {
	require setpriv
	local f
	: >"$PREFIX/etc/vz/conf/103.conf"
	chmod 0600 "$PREFIX/etc/vz/conf/103.conf"
	for f in 103 "../../../vz/private/101/upper/etc/shadow" "$PREFIX/vz/private/101"; do
		run as_nobody vzctl --prefix "$PREFIX" status "$f"
		[[ $output == "only root can do this (try sudo)" || $output == "Bad CT ID $f" ]]
	done
	rm "$PREFIX/etc/vz/conf/103.conf"
}

@test "user: files that the tools write for themselves are root's to change, the log root's to read" {
	require setpriv
	local f
	is "" "$(find "$PREFIX/etc" "$PREFIX/run" "$PREFIX/var" -xdev ! -type l -perm /022)"
	is "" "$(find "$PREFIX/run" "$PREFIX/var/log" -type f -perm /004 ! -name state ! -name '*.lck')"
	rc_is 1 as_user "cat $PREFIX/var/log/vzctl.log"
	for f in etc/vz/conf/101.conf run/vz/101/state; do
		rc_is 2 as_user "echo >>$PREFIX/$f"
	done
	rc_is 2 as_user "echo >>/var/lib/vzctl/ids"
}

@test "user: the socket of vzeventd is root's alone" {
	require setpriv
	eventd_start
	is "600 0:0" "$(stat -c '%a %u:%g' "$PREFIX/run/vz/vzeventd.sock")"
	run as_user "python3 -c 'import socket; socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect(\"$PREFIX/run/vz/vzeventd.sock\")'"
	has PermissionError
	eventd_stop
}
