#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2154 # text for other shells; variables of the helpers
#
# Distribution scripts, each in the shell and tree it is written for: what they leave in the files,
# that running them again changes nothing, and what they keep. Fed to the shell as vzctl does it.

load ../lib/helpers
load ../lib/templates
load ../lib/dists

setup_file()
{
	host_setup
	need_template minimal
}

teardown_file() { host_teardown; }

setup() { make_root; }

# inside SCRIPT VARIABLE=VALUE…: of the scripts that need not know the event.
inside() { run_script EVENT "$@"; }

@test "dists: every script that a distribution names is there" {
	local file key script
	for file in "$TOP"/utils/vzctl/etc/dists/*.conf "$TOP/utils/vzctl/etc/dists/default"; do
		while IFS='=' read -r key script; do
			[ -f "$SCRIPTS/$script" ] || { echo "$file: $key: no $script"; return 1; }
		done < <(grep -E '^[A-Z_]+=' "$file")
	done
}

# reads DIRECTORY SHELL…: what read_file makes of the files in there, with that shell.
reads()
{
	{
		cat "$SCRIPTS/functions"
		printf '%s\n' "cd '$1'" 'for file in *; do
			if read_file "$file"; then
				printf "%s %s [%.9s]\n" "$file" "${#file_text}" "${file_text%?}"
			else
				echo "$file refused"
			fi
		done'
	} >"$BATS_TEST_TMPDIR/text"
	timeout "$(patience 20)" env -i "${@:2}" <"$BATS_TEST_TMPDIR/text" 2>&1
}

@test "dists: a file is read whole or not at all, in bash without starting a program" {
	local want
	mkdir "$ROOT/files"
	(
		cd "$ROOT/files"
		: >empty
		printf 'a\\b  ' >open
		printf 'one\0two\nthree\0' >nul
		printf '\001\377\n' >bytes
		head -c 65536 /dev/zero | tr '\0' x >most
		head -c 65537 /dev/zero | tr '\0' x >over
		truncate -s 65536 zeros
		truncate -s 65537 zeros-more
		truncate -s 1T endless
		mkdir dir
		mkfifo fifo
	)
	want=$(printf '%s\n' "bytes 3 [$(printf '\001\377')]" 'dir 0 []' 'empty 0 []' \
		"'endless' is larger than 65536 bytes" 'endless refused' 'fifo 0 []' \
		'most 65537 [xxxxxxxxx]' 'nul 13 [onetwo' 'th]' 'open 6 [a\b  ]' \
		"'over' is larger than 65536 bytes" 'over refused' 'zeros 0 []' \
		"'zeros-more' is larger than 65536 bytes" 'zeros-more refused')
	is "$want" "$(reads /files PATH=/usr/sbin:/usr/bin:/bin chroot "$ROOT" /bin/sh)"
	is "$want" "$(reads "$ROOT/files" PATH=/nonexistent /bin/bash)"
}

@test "dists: the host name, with a domain and an address" {
	inside set_hostname.sh VE_STATE=starting HOSTNM=web.example.org IP_ADDR=198.51.100.7
	is web.example.org "$(cat "$ROOT/etc/hostname")"
	output=$(cat "$ROOT/etc/hosts")
	has "198.51.100.7 web.example.org web  # Auto-generated"
	line "127.0.0.1	localhost"
}

@test "dists: the host name again changes nothing, another replaces it" {
	local before
	inside set_hostname.sh VE_STATE=starting HOSTNM=one IP_ADDR=
	before=$(etc_state)
	inside set_hostname.sh VE_STATE=starting HOSTNM=one IP_ADDR=
	is "$before" "$(etc_state)"
	inside set_hostname.sh VE_STATE=running HOSTNM=two IP_ADDR=
	is two "$(cat "$ROOT/etc/hostname")"
	output=$(cat "$ROOT/etc/hosts")
	has "127.0.1.1 two  # Auto-generated"
	has_not one
}

@test "dists: the host name keeps lines of the user and drops Debian's for the old name" {
	printf '127.0.0.1\tlocalhost\n127.0.1.1\told.example.org\told\n10.1.2.3 db # mine\n127.0.1.1 alias' >"$ROOT/etc/hosts"
	echo old.example.org >"$ROOT/etc/hostname"
	chmod 0600 "$ROOT/etc/hosts"
	inside set_hostname.sh VE_STATE=starting HOSTNM=new IP_ADDR=
	output=$(cat "$ROOT/etc/hosts")
	line "127.0.0.1	localhost" "10.1.2.3 db # mine" "127.0.1.1 alias"
	has "127.0.1.1 new  # Auto-generated"
	has_not "old.example.org"
	is "regular file 600 0:0" "$(attributes "$ROOT/etc/hosts")"
}

@test "dists: the host name is also the kernel's when the container runs" {
	local text
	text=$(printf '%s\n' "$(cat "$SCRIPTS/functions")" "$(cat "$SCRIPTS/set_hostname.sh")" 'hostname')
	is live "$(unshare --uts env -i PATH=/usr/sbin:/usr/bin:/bin VE_STATE=running HOSTNM=live chroot "$ROOT" /bin/sh <<<"$text")"
	[ "$(hostname)" != live ]
}

@test "dists: a container without hosts and hostname gets both" {
	rm "$ROOT/etc/hosts" "$ROOT/etc/hostname"
	inside set_hostname.sh VE_STATE=starting HOSTNM=fresh IP_ADDR=2001:db8:5e::7
	is fresh "$(cat "$ROOT/etc/hostname")"
	output=$(cat "$ROOT/etc/hosts")
	line "127.0.0.1	localhost"
	has "2001:db8:5e::7 fresh"
}

@test "dists: the host name goes where older systems keep it, and only there" {
	mkdir -p "$ROOT/etc/sysconfig" "$ROOT/etc/conf.d"
	printf 'NETWORKING=yes\nHOSTNAME=old\nGATEWAY=x\n' >"$ROOT/etc/sysconfig/network"
	printf '# hostname=a\nhostname="old"\n' >"$ROOT/etc/conf.d/hostname"
	echo old >"$ROOT/etc/HOSTNAME"
	inside set_hostname.sh VE_STATE=starting HOSTNM=web.example.org IP_ADDR=
	is 'NETWORKING=yes HOSTNAME="web.example.org" GATEWAY=x' "$(tr '\n' ' ' <"$ROOT/etc/sysconfig/network" | sed 's/ $//')"
	is '# hostname=a
hostname="web.example.org"' "$(cat "$ROOT/etc/conf.d/hostname")"
	is web.example.org "$(cat "$ROOT/etc/HOSTNAME")"
	rm -r "$ROOT/etc/conf.d" "$ROOT/etc/HOSTNAME"
	echo NETWORKING=yes >"$ROOT/etc/sysconfig/network"
	inside set_hostname.sh VE_STATE=starting HOSTNM=other IP_ADDR=
	is NETWORKING=yes "$(cat "$ROOT/etc/sysconfig/network")"
	[ ! -e "$ROOT/etc/HOSTNAME" ] && [ ! -e "$ROOT/etc/conf.d" ]
}

@test "dists: NetworkManager leaves name servers that were set alone" {
	mkdir -p "$ROOT/etc/NetworkManager/conf.d"
	inside set_dns.sh NAMESERVER= SEARCHDOMAIN=a.example
	is '' "$(ls "$ROOT/etc/NetworkManager/conf.d")"
	inside set_dns.sh NAMESERVER=198.51.100.1 SEARCHDOMAIN=
	is '[main]
dns=none' "$(grep -v '^#' "$ROOT/etc/NetworkManager/conf.d/50-vz.conf")"
	is 'nameserver 198.51.100.1' "$(grep nameserver "$ROOT/etc/resolv.conf")"
}

@test "dists: name servers and search domains, one without the other" {
	local before
	printf '# mine\noptions edns0\nnameserver 10.0.0.1\n' >"$ROOT/etc/resolv.conf"
	inside set_dns.sh "NAMESERVER=198.51.100.1 2001:db8:5e::1" "SEARCHDOMAIN=a.example b.example"
	output=$(cat "$ROOT/etc/resolv.conf")
	line "# mine" "options edns0" "nameserver 198.51.100.1" "nameserver 2001:db8:5e::1" "search a.example b.example"
	has_not 10.0.0.1
	before=$(etc_state)
	inside set_dns.sh "NAMESERVER=198.51.100.1 2001:db8:5e::1" "SEARCHDOMAIN=a.example b.example"
	is "$before" "$(etc_state)"
	inside set_dns.sh "NAMESERVER=198.51.100.2" SEARCHDOMAIN=
	output=$(cat "$ROOT/etc/resolv.conf")
	line "nameserver 198.51.100.2" "search a.example b.example"
	has_not 198.51.100.1
	inside set_dns.sh NAMESERVER= SEARCHDOMAIN=c.example
	output=$(cat "$ROOT/etc/resolv.conf")
	line "nameserver 198.51.100.2" "search c.example"
	has_not a.example
	before=$(etc_state)
	inside set_dns.sh NAMESERVER= SEARCHDOMAIN=
	is "$before" "$(etc_state)"
}

@test "dists: a resolv.conf that is a link becomes a file" {
	mkdir -p "$ROOT/run/other"
	echo "nameserver 10.0.0.1" >"$ROOT/run/other/resolv.conf"
	ln -sf ../run/other/resolv.conf "$ROOT/etc/resolv.conf"
	inside set_dns.sh NAMESERVER=198.51.100.1 SEARCHDOMAIN=
	[ ! -L "$ROOT/etc/resolv.conf" ]
	is "nameserver 198.51.100.1" "$(cat "$ROOT/etc/resolv.conf")"
	is "nameserver 10.0.0.1" "$(cat "$ROOT/run/other/resolv.conf")"
}

@test "dists: where systemd-resolved is in charge, it is told" {
	mkdir -p "$ROOT/etc/systemd/system/sysinit.target.wants"
	ln -s /lib/systemd/system/systemd-resolved.service "$ROOT/etc/systemd/system/sysinit.target.wants/"
	ln -sf ../run/systemd/resolve/stub-resolv.conf "$ROOT/etc/resolv.conf"
	inside set_dns.sh "NAMESERVER=198.51.100.1 198.51.100.2" SEARCHDOMAIN=a.example
	inside set_dns.sh "NAMESERVER=198.51.100.3" SEARCHDOMAIN=
	output=$(cat "$ROOT/etc/systemd/resolved.conf.d/50-vz.conf")
	line "[Resolve]" "DNS=198.51.100.3" "Domains=a.example"
	has_not 198.51.100.1
	[ -L "$ROOT/etc/resolv.conf" ]
	# The same with a link to a resolved that is not used any more.
	rm "$ROOT/etc/systemd/system/sysinit.target.wants/systemd-resolved.service"
	inside set_dns.sh "NAMESERVER=198.51.100.3" SEARCHDOMAIN=
	[ ! -L "$ROOT/etc/resolv.conf" ]
}

# is_password USER TEXT: what the shadow file has for the user is that password.
is_password()
{
	local hash salt
	hash=$(sed -n "s/^$1:\([^:]*\):.*/\1/p" "$ROOT/etc/shadow")
	salt=$(cut -d '$' -f 3 <<<"$hash")
	is "$hash" "$(chroot "$ROOT" mkpasswd -m sha512 -S "$salt" "$2")"
}

@test "dists: passwords in minimal, for users who are there and who are not" {
	inside minimal-set_userpass.sh "USERPW=root:sec\$ret alice:a:b"
	is_password root "sec\$ret"
	is_password alice "a:b"
	is "regular file 600 0:0" "$(attributes "$ROOT/etc/shadow")"
	is "alice:x:1000:1000::/home/alice:/bin/sh" "$(grep ^alice "$ROOT/etc/passwd")"
	is "directory 700 1000:1000" "$(attributes "$ROOT/home/alice")"
	inside minimal-set_userpass.sh "USERPW=alice:new bob:b"
	is_password alice new
	is "bob:x:1001:1001::/home/bob:/bin/sh" "$(grep ^bob "$ROOT/etc/passwd")"
	is 2 "$(grep -cE '^(alice|bob):' "$ROOT/etc/shadow")"
}

@test "dists: bad passwords fail and are not shown" {
	rc_is 100 inside minimal-set_userpass.sh "USERPW=alice"
	has "no user:password for 'alice'"
	rc_is 100 inside minimal-set_userpass.sh "USERPW=../../x:secret"
	has_not secret
	rc_is 100 inside set_userpass.sh "USERPW=root:secret"
	has "there is no chpasswd"
	has_not secret
}
