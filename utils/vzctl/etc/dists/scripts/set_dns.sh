# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# SET_DNS: tell the container its name servers and search domains.
#
#	NAMESERVER	addresses, separated by blanks; empty: leave them as they are
#	SEARCHDOMAIN	domains, separated by blanks; empty: leave them as they are
#
# Where systemd-resolved is in charge it gets a file of its own and resolv.conf, then a link to what
# resolved writes, stays. NetworkManager is told to keep off. Everywhere else resolv.conf becomes a plain file, also where it was a link:
# whoever names servers for a container expects them to be used.

set -eu

# without_keys TEXT KEY…: the lines of TEXT that do not begin with a key, in $kept.
without_keys()
{
	rest=$1
	shift
	kept=
	while [ -n "$rest" ]; do
		line=${rest%%"
"*}
		rest=${rest#*"
"}
		for key; do
			case $line in
			"$key"[\ \	=]*) continue 2 ;;
			esac
		done
		kept="$kept$line
"
	done
}

set_resolved()
{
	conf=/etc/systemd/resolved.conf.d/50-vz.conf
	read_file "$conf"
	[ -n "$file_text" ] || file_text='# Written by vzctl.
[Resolve]
'
	if [ -n "${NAMESERVER-}" ]; then
		without_keys "$file_text" DNS
		file_text="${kept}DNS=$NAMESERVER
"
	fi
	if [ -n "${SEARCHDOMAIN-}" ]; then
		without_keys "$file_text" Domains
		file_text="${kept}Domains=$SEARCHDOMAIN
"
	fi
	mkdir -p /etc/systemd/resolved.conf.d
	replace_file "$conf" "$file_text"
	# Not up yet when the container starts: it will read the file then.
	if has_program systemctl; then
		systemctl try-restart systemd-resolved.service >&0 2>&1 || true
	fi
}

# NetworkManager would write resolv.conf anew, with no servers but those it has learned itself.
keep_networkmanager_off()
{
	conf=/etc/NetworkManager/conf.d/50-vz.conf
	[ -d /etc/NetworkManager/conf.d ] || mkdir -p /etc/NetworkManager/conf.d
	replace_file "$conf" '# Written by vzctl, for name servers that were set with it.
[main]
dns=none
'
}

set_resolv_conf()
{
	# What a link points to is somebody else's idea of name servers: start from nothing then.
	file_text=
	[ -L /etc/resolv.conf ] || read_file /etc/resolv.conf
	if [ -n "${NAMESERVER-}" ]; then
		without_keys "$file_text" nameserver
		for address in $NAMESERVER; do
			kept="${kept}nameserver $address
"
		done
		file_text=$kept
	fi
	if [ -n "${SEARCHDOMAIN-}" ]; then
		without_keys "$file_text" search domain
		file_text="search $SEARCHDOMAIN
$kept"
	fi
	replace_file /etc/resolv.conf "$file_text"
}

if [ -n "${NAMESERVER-}${SEARCHDOMAIN-}" ]; then
	resolved=no
	for unit in sysinit.target.wants multi-user.target.wants; do
		if [ -L "/etc/systemd/system/$unit/systemd-resolved.service" ]; then
			resolved=yes
		fi
	done
	link=
	[ ! -L /etc/resolv.conf ] || link=$(readlink /etc/resolv.conf)
	case $link in
	*systemd/resolve/*) resolved_link=yes ;;
	*) resolved_link=no ;;
	esac
	[ $resolved = no ] || set_resolved
	if [ $resolved = no ] && [ -n "${NAMESERVER-}" ] && [ -d /etc/NetworkManager ]; then
		keep_networkmanager_off
	fi
	# A link to the file of a resolved that is not there resolves nothing.
	if [ $resolved = no ] || [ $resolved_link = no ]; then
		set_resolv_conf
	fi
fi
