#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Scripts around a container's life: those of the administrator in their order, and those of the
# distribution, which run inside and are told exactly what their event is about.

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	net_setup
	need_template minimal
	create_minimal 101 --hostname web.example.org --nameserver 192.0.2.1 --nameserver 192.0.2.2 \
		--searchdomain example.org --ipadd 198.51.100.101/24 --ipadd 198.51.100.102
	cp "$PREFIX/etc/vz/dists/minimal.conf" "$BATS_FILE_TMPDIR/"
	local e
	for e in pre_start set_hostname set_dns set_console set_userpass post_create; do
		dist_script trace-$e.sh <<-END
		{
			echo "event $e in \$PWD"
			env | grep -vE '^(PWD|OLDPWD|SHLVL|_)=' | sort
		} >>/trace
		if read -r line; then echo "stdin: \$line" >>/trace; fi
		END
	done
}
teardown_file() { host_teardown; }
setup()
{
	dist_conf minimal <<-'END'
	PRE_START=trace-pre_start.sh
	SET_HOSTNAME=trace-set_hostname.sh
	SET_DNS=trace-set_dns.sh
	SET_CONSOLE=trace-set_console.sh
	SET_USERPASS=trace-set_userpass.sh
	POST_CREATE=trace-post_create.sh
	END
	rm -f "$PREFIX/trace"
}
teardown()
{
	vzctl --quiet stop 101 --fast >/dev/null 2>&1 || :
	vzctl --quiet umount 101 >/dev/null 2>&1 || :
	rm -f "$PREFIX"/etc/vz/conf/*.{premount,mount,umount,postumount,start,stop} \
		"$PREFIX"/etc/vz/dists/{debian-12,debian-12-x86_64}.conf
	sed -i 's/^OSTEMPLATE=.*/OSTEMPLATE="minimal"/' "$(conf 101)"
}

TRACE_PATH=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
trace() { cat "$PREFIX/vz/private/101/upper/trace"; }

# event NAME: what its script was told.
event() { trace | sed -n "/^event $1 in /,/^event/p" | sed '1!{/^event/d}'; }

# forget: start the next trace afresh.
forget() { rm -f "$PREFIX/vz/private/101/upper/trace"; }

# bats test_tags=core
@test "scripts: those of the administrator run in order through a start and a stop" {
	local s
	for s in {vps,101}.{premount,mount,umount,postumount}; do
		action "$s" <<<"echo $s >>$PREFIX/trace"
	done
	action 101.start <<<'echo 101.start $(hostname) $(cat /proc/1/comm) >>/inside'
	action 101.stop <<<'echo 101.stop $(hostname) >>/inside'
	rm -f "$PREFIX/vz/private/101/upper/inside"
	vzctl --quiet start 101
	printf '#!/bin/sh\necho shutdown >>/inside\n' >"$PREFIX/vz/root/101/etc/rc.shutdown"
	chmod +x "$PREFIX/vz/root/101/etc/rc.shutdown"
	vzctl --quiet stop 101
	is "vps.premount
101.premount
vps.mount
101.mount
101.umount
vps.umount
101.postumount
vps.postumount" "$(cat "$PREFIX/trace")"
	output=$(cat "$PREFIX/vz/private/101/upper/inside")
	is 101.start "$(sed -n '1s/ .*//p' <<<"$output")"
	is 101.stop "$(sed -n '2s/ .*//p' <<<"$output")"
	is shutdown "$(sed -n 3p <<<"$output")"
}

@test "scripts: CTID.start and CTID.stop are run inside though they are no programs there" {
	printf 'echo no interpreter line >/plain\n' >"$PREFIX/etc/vz/conf/101.start"
	chmod 0644 "$PREFIX/etc/vz/conf/101.start"
	vzctl --quiet start 101
	is "no interpreter line" "$(vzctl exec2 101 cat /plain)"
	rc_is 1 vzctl exec2 101 test -e "$PREFIX"
}

@test "scripts: at start the distribution is told what the specification says, event by event" {
	forget
	vzctl --quiet start 101
	is "event pre_start in /
$TRACE_PATH
USERNS=yes
VZ_KERNEL=no" "$(event pre_start)"
	is "event set_hostname in /
HOSTNM=web.example.org
IP_ADDR=198.51.100.101
$TRACE_PATH
VE_STATE=starting" "$(event set_hostname)"
	is "event set_dns in /
NAMESERVER=192.0.2.1 192.0.2.2
$TRACE_PATH
SEARCHDOMAIN=example.org" "$(event set_dns)"
	is "event set_console in /
$TRACE_PATH" "$(event set_console)"
}

@test "scripts: a change of a running container is told as such, and alone" {
	vzctl --quiet start 101
	vzctl exec2 101 rm /trace
	vzctl --quiet set 101 --hostname other
	is "event set_hostname in /
HOSTNM=other
IP_ADDR=198.51.100.101
$TRACE_PATH
VE_STATE=running" "$(trace)"
	vzctl exec2 101 rm /trace
	vzctl --quiet set 101 --userpasswd root:pw --userpasswd ann:pw2
	is "event set_userpass in /
$TRACE_PATH
USERPW=root:pw ann:pw2" "$(trace)"
}

@test "scripts: inherit means the host's name servers" {
	vzctl --quiet start 101
	vzctl exec2 101 rm /trace
	vzctl --quiet set 101 --nameserver inherit
	is "NAMESERVER=$(awk '$1 == "nameserver" { printf "%s%s", s, $2; s = " " }' /etc/resolv.conf)" "$(trace | grep ^NAMESERVER)"
}

@test "scripts: POST_CREATE learns VE_ROOT and nothing else" {
	create_minimal 102 --hostname h --userpasswd root:pw
	output=$(cat "$PREFIX/vz/private/102/upper/trace")
	is "event post_create in /
$TRACE_PATH
VE_ROOT=/" "$(sed -n '1,/^VE_ROOT/p' <<<"$output")"
	vzctl --quiet destroy 102
}

@test "scripts: what one script does to its shell does not reach the next" {
	dist_conf minimal <<-'END'
	PRE_START=first.sh
	SET_HOSTNAME=second.sh
	END
	dist_script first.sh <<<'cd /tmp; LEAK=1; set -eu; exit 0'
	dist_script second.sh <<<'echo "$PWD ${LEAK-none} ${UNSET_VARIABLE}" >/trace'
	forget
	rc_is 0 vzctl start 101
	is "/ none " "$(trace)"
}

@test "scripts: the functions file is there for all of them" {
	cp "$PREFIX/etc/vz/dists/scripts/functions" "$BATS_TEST_TMPDIR/functions"
	echo 'greet() { echo "hello $1"; }' >>"$PREFIX/etc/vz/dists/scripts/functions"
	dist_conf minimal <<<'SET_HOSTNAME=greet.sh'
	dist_script greet.sh <<<'greet "$HOSTNM" >/trace'
	forget
	run vzctl start 101
	cp "$BATS_TEST_TMPDIR/functions" "$PREFIX/etc/vz/dists/scripts/functions"
	is 0 "$status"
	is "hello web.example.org" "$(trace)"
}

@test "scripts: what they print goes to the log, with their container" {
	dist_conf minimal <<<'SET_HOSTNAME=talk.sh'
	dist_script talk.sh <<<'echo "telling something"; echo "and this" >&2'
	rc_is 0 vzctl start 101
	grep -q 'CT 101 : telling something$' "$PREFIX/var/log/vzctl.log"
	grep -q 'CT 101 : and this$' "$PREFIX/var/log/vzctl.log"
}

@test "scripts: the distribution is the template's, or the next shorter name, or the default" {
	local template
	rm -f "$PREFIX/etc/vz/dists/minimal.conf"
	mv "$PREFIX/etc/vz/dists/debian.conf" "$PREFIX/etc/vz/dists/default" "$BATS_TEST_TMPDIR/"
	for d in debian-12-x86_64.conf debian-12.conf debian.conf default; do
		echo "SET_HOSTNAME=is-$d.sh" >"$PREFIX/etc/vz/dists/$d"
		dist_script "is-$d.sh" <<<"echo $d >/trace"
	done
	while read -r template; do
		forget
		sed -i "s|^OSTEMPLATE=.*|OSTEMPLATE=\"${template% *}\"|" "$(conf 101)"
		vzctl --quiet start 101
		vzctl --quiet stop 101 --fast
		[ "$(trace)" = "${template#* }" ] || break
	done <<-'END'
	debian-12-x86_64 debian-12-x86_64.conf
	debian-12-arm64 debian-12.conf
	debian-13 debian.conf
	sub/dir/debian-12 debian-12.conf
	gentoo-x default
	END
	local got
	got=$(trace)
	cp "$BATS_TEST_TMPDIR/debian.conf" "$BATS_TEST_TMPDIR/default" "$PREFIX/etc/vz/dists/"
	is default "$got"
}

@test "scripts: no distribution file at all is rc 107, a missing script 108" {
	rm "$PREFIX/etc/vz/dists/minimal.conf"
	mv "$PREFIX/etc/vz/dists/default" "$BATS_TEST_TMPDIR/"
	run vzctl start 101
	cp "$BATS_TEST_TMPDIR/default" "$PREFIX/etc/vz/dists/"
	is 107 "$status"
	is_down 101
	dist_conf minimal <<<'SET_HOSTNAME=nosuch.sh'
	rc_is 108 vzctl start 101
	has "Action script $PREFIX/etc/vz/dists/scripts/nosuch.sh not found"
	is_down 101
}
