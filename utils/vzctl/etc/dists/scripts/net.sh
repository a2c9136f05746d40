# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2016 # $IFACE is for ifup
#
# ADD_IP, DEL_IP: have the container's own network configuration know its addresses.
#
#	vz_event	which of the two it is
#	VE_STATE	what the container does: starting, running …
#	NETDEV		the device: venet0
#	IP_ADDR		addresses, with or without /bits, separated by blanks
#	IPDELALL	yes: they take the place of all others; with DEL_IP: all go
#	IPV6		yes: those of IPv6 count
#
# The device, its addresses and the default route are there already when this runs: vzctl makes them, at
# every start, whatever stands in files inside. What is written here is for those who come after: a restart
# of the network inside must come out the same. So it must bear that everything is there (a boot must not
# fail over an address that is), and the default route goes to the device: behind it is no gateway.
#
# There is one script for all distributions, because what a system configures its network with is not told
# by its name: what is there decides (see the end). Each way has a function that writes a file of our own
# where it can, and else lines between two marks; all else in the file is the user's. The first line of ours
# lists the addresses: the next time they are read from there.

set -euf

: "${NETDEV:=venet0}" "${vz_event:?}"
nl='
'
ours='# Written by vzctl, and written anew when addresses change; these are here:'
end='# End of what vzctl wrote.'

# ---- which addresses ----

# is_among ADDRESS OTHERS…: whatever their bits.
is_among()
{
	wanted=${1%/*}
	shift
	for other; do
		[ "${other%/*}" != "$wanted" ] || return 0
	done
	return 1
}

# Those the device has; where there is no such program nobody knows.
ask_device()
{
	ip -o addr show dev "$NETDEV" scope global 2>/dev/null | while read -r _ _ _ address _; do
		printf ' %s' "$address"
	done
}

# choose_addresses TEXT: all that there should be now, by family with their bits in $ipv4 and $ipv6, together
# in $addresses; TEXT is what was written the last time. If that is gone, somebody removed it.
choose_addresses()
{
	before=
	case ${VE_STATE-}:${IPDELALL-} in
	starting:* | restoring:* | *:yes) ;;
	*)
		before=${1#*"$ours"}
		if [ "$before" = "$1" ]; then
			before=$(ask_device)
		fi
		before=${before%%"$nl"*}
		;;
	esac
	now=
	for address in $before; do
		# shellcheck disable=SC2086 # words
		is_among "$address" ${IP_ADDR-} || now="$now $address"
	done
	[ "$vz_event" = DEL_IP ] || now="$now ${IP_ADDR-}"

	ipv4=
	ipv6=
	for address in $now; do
		case $address in
		*:*/*) [ "${IPV6-}" != yes ] || ipv6="$ipv6 $address" ;;
		*:*) [ "${IPV6-}" != yes ] || ipv6="$ipv6 $address/128" ;;
		*/*) ipv4="$ipv4 $address" ;;
		*) ipv4="$ipv4 $address/32" ;;
		esac
	done
	if [ $forget = yes ]; then
		ipv4=
		ipv6=
	fi
	addresses=$ipv4$ipv6
}

# ---- text ----

# say TEXT…: add lines to $text.
say()
{
	for line; do
		text="$text$line$nl"
	done
}

# each FRONT BACK WORD…: add a line for each word, with FRONT before and BACK after it.
each()
{
	front=$1
	back=$2
	shift 2
	for word; do
		text="$text$front$word$back$nl"
	done
}

# ---- files ----

# begin FILE: read it, and find out which addresses it should have. Fails if it is too large to be edited: then
# it stays as it is; the container has its addresses all the same.
begin()
{
	file=$1
	read_file "$file" || return
	# shellcheck disable=SC2154 # of read_file
	choose_addresses "$file_text"
	text="$ours$addresses$nl"
	is_users=yes
	case $file_text in
	'' | "$ours"* | *IPADDR=[\"\']127.0.0.* | *IPADDR=127.0.0.* | *192.0.2.1*) is_users=no ;;
	esac
}

# A file of our own, with $text in it. Of no addresses nothing is left. One that neither we wrote nor OpenVZ
# (whose device had an address of the loopback, too) is the user's.
put_file()
{
	if [ "$is_users" = yes ]; then
		[ $forget = no ] || return 0
		printf '%s\n' "'$file' is not of vzctl's making and stays as it is" >&2
	elif [ -n "$addresses" ]; then
		[ -d "${file%/*}" ] || mkdir -p "${file%/*}"
		replace_file "$file" "$text" "${1:-0644}"
	else
		drop_file "$file"
	fi
}

drop_file()
{
	if [ -e "$1" ] || [ -L "$1" ]; then
		rm -f "$1"
	fi
}

# cut_lines: $file_text without our lines: what stood before them in $head, what after in $tail; both
# together are the user's own. Without the mark at the end nobody knows how far ours went: all is the user's.
cut_lines()
{
	had_lines=no
	head=$file_text
	tail=
	case ${file_text#*"$ours"} in
	"$file_text") ;;
	*"$nl$end$nl"*)
		had_lines=yes
		head=${file_text%%"$ours"*}
		tail=${file_text#*"$ours"}
		tail=${tail#*"$nl$end$nl"}
		;;
	esac
}

# put_lines [MODE]: $text between the marks, after $head and before $tail.
put_lines()
{
	if [ -n "$addresses" ]; then
		replace_file "$file" "$head$text$end$nl$tail" "${1:-0644}"
	elif [ "$had_lines" = yes ]; then
		replace_file "$file" "$head$tail" "${1:-0644}"
	fi
}

# ---- Debian, Devuan, Ubuntu without netplan, Alpine: ifupdown, ifupdown-ng, BusyBox ----

# Commands instead of "address": those would fail on what is there. Should another device have a default
# route already, it keeps it.
say_interface()
{
	say "auto $NETDEV" "iface $NETDEV inet manual" '	up ip link set $IFACE up'
	# shellcheck disable=SC2086 # words
	each '	up ip addr replace ' ' dev $IFACE' $addresses
	[ -z "$ipv4" ] || say '	up ip route add default dev $IFACE 2>/dev/null || true'
	[ -z "$ipv6" ] || say '	up ip -6 route add default dev $IFACE 2>/dev/null || true'
}

# As OpenVZ does it: what the administrator wants to have before and after our lines stands in files of its
# own, and goes with them.
add_user_file()
{
	if read_file "$1"; then
		text=$text$file_text
	fi
}

say_interfaces()
{
	add_user_file /etc/network/interfaces.head
	say_interface
	add_user_file /etc/network/interfaces.tail
}

# In a file of our own where the main one reads all of that directory.
write_interfaces()
{
	main=/etc/network/interfaces
	own=$main.d/vz
	read_file $main || return 0
	case $nl$file_text in
	*"${nl}source $main.d/*$nl"* | *"${nl}source interfaces.d/*$nl"* | *"${nl}source-directory $main.d$nl"* | \
		*"${nl}source-directory $main.d/$nl"* | *"${nl}source-directory interfaces.d$nl"*)
		begin $own || return 0
		say_interfaces
		put_file
		;;
	*)
		begin $main || return 0
		cut_lines
		# OpenVZ wrote all of it, with what it was to keep in head and tail.
		case $head in
		'# This configuration file is auto-generated.'*)
			head=
			tail=
			;;
		esac
		[ -n "$head$tail" ] || head="auto lo${nl}iface lo inet loopback$nl$nl"
		say_interfaces
		put_lines
		;;
	esac
}

# ---- systemd-networkd ----

# The name sorts before what comes with images and would match any device.
write_networkd()
{
	begin "/etc/systemd/network/10-vz-$NETDEV.network" || return 0
	say '[Match]' "Name=$NETDEV" '' '[Network]' 'DHCP=no' 'IPv6AcceptRA=no' 'LinkLocalAddressing=no' \
		'ConfigureWithoutCarrier=yes'
	# shellcheck disable=SC2086 # words
	each 'Address=' '' $addresses
	[ -z "$ipv4" ] || say '' '[Route]' 'Destination=0.0.0.0/0' 'Scope=link'
	[ -z "$ipv6" ] || say '' '[Route]' 'Destination=::/0'
	put_file
}

# ---- NetworkManager ----

# say_keyfile FAMILY NONE EVERYTHING ADDRESS…: its section; NONE is the method of no address.
say_keyfile()
{
	say '' "[$1]"
	none=$2
	everything=$3
	shift 3
	if [ $# -eq 0 ]; then
		say "method=$none"
		return
	fi
	say 'method=manual' "route1=$everything"
	number=0
	for address; do
		number=$((number + 1))
		say "address$number=$address"
	done
}

# Of the many types of a connection "ethernet" is the one that fits the device everywhere. What it finds
# configured at its start becomes a connection named like the device: ours needs another name.
write_networkmanager()
{
	begin "/etc/NetworkManager/system-connections/vz-$NETDEV.nmconnection" || return 0
	say '[connection]' "id=vz-$NETDEV" 'type=ethernet' "interface-name=$NETDEV"
	# shellcheck disable=SC2086 # words
	say_keyfile ipv4 disabled 0.0.0.0/0 $ipv4
	# shellcheck disable=SC2086 # words
	say_keyfile ipv6 ignore ::/0 $ipv6
	# It ignores keys that others can read.
	put_file 0600
}

# ---- Red Hat before NetworkManager: initscripts ----

write_ifcfg()
{
	begin "/etc/sysconfig/network-scripts/ifcfg-$NETDEV" || return 0
	say "DEVICE=$NETDEV" 'ONBOOT=yes' 'BOOTPROTO=none' 'NM_CONTROLLED=no' 'ARPCHECK=no'
	number=
	for address in $ipv4; do
		say "IPADDR$number=${address%/*}" "PREFIX$number=${address#*/}"
		number=$((${number:-0} + 1))
	done
	[ -z "$ipv4" ] || say "GATEWAYDEV=$NETDEV"
	if [ -n "$ipv6" ]; then
		# shellcheck disable=SC2086 # words
		set -- $ipv6
		say 'IPV6INIT=yes' 'IPV6_AUTOCONF=no' "IPV6ADDR=$1" "IPV6_DEFAULTDEV=$NETDEV"
		shift
		[ $# -eq 0 ] || say "IPV6ADDR_SECONDARIES=\"$*\""
	fi
	put_file
	# OpenVZ had a file for each address.
	set +f
	for file in "$file":*; do
		drop_file "$file"
	done
	set -f
}

# ---- SUSE: wicked, and the scripts before it ----

write_suse()
{
	begin "/etc/sysconfig/network/ifcfg-$NETDEV" || return 0
	say "STARTMODE='auto'" "BOOTPROTO='static'"
	number=
	for address in $addresses; do
		say "IPADDR$number='$address'"
		number=_$((${number#_} + 1))
	done
	put_file

	begin "/etc/sysconfig/network/ifroute-$NETDEV" || return 0
	[ -z "$ipv4" ] || say "0.0.0.0/0 - - $NETDEV"
	[ -z "$ipv6" ] || say "::/0 - - $NETDEV"
	put_file
}

# ---- Arch: netctl ----

# Custom commands, because its own would fail on what is there.
write_netctl()
{
	begin "/etc/netctl/vz-$NETDEV" || return 0
	say "Interface=$NETDEV" 'Connection=ethernet' 'ForceConnect=yes' 'SkipNoCarrier=yes' 'IP=no' 'IPCustom=('
	# shellcheck disable=SC2086 # words
	each "	'addr replace " " dev $NETDEV'" $addresses
	[ -z "$ipv4" ] || say "	'route replace default dev $NETDEV'"
	[ -z "$ipv6" ] || say "	'-6 route replace default dev $NETDEV'"
	say ')'
	put_file
	link="/etc/systemd/system/multi-user.target.wants/netctl@vz\\x2d$NETDEV.service"
	put_link "$link" /usr/lib/systemd/system/netctl@.service
}

# put_link LINK TARGET: only while there are addresses.
put_link()
{
	if [ -z "$addresses" ]; then
		drop_file "$1"
	elif [ ! -e "$1" ] && [ ! -L "$1" ]; then
		[ -d "${1%/*}" ] || mkdir -p "${1%/*}"
		ln -s "$2" "$1"
	fi
}

# ---- Gentoo: netifrc ----

write_netifrc()
{
	begin /etc/conf.d/net || return 0
	cut_lines
	text="${text}config_$NETDEV=\"$nl"
	# shellcheck disable=SC2086 # words
	each '' '' $addresses
	say '"'
	text="${text}routes_$NETDEV=\"$nl"
	[ -z "$ipv4" ] || say 'default'
	[ -z "$ipv6" ] || say '-6 default'
	say '"'
	put_lines
	put_link "/etc/init.d/net.$NETDEV" net.lo
	put_link "/etc/runlevels/default/net.$NETDEV" "/etc/init.d/net.$NETDEV"
}

# ---- Void: runit ----

# Ours go first: the user's script may end with an exit. dhcpcd would give the device an address of its own.
write_runit()
{
	begin /etc/rc.local || return 0
	cut_lines
	tail=$head$tail
	head='#!/bin/sh'$nl
	case $tail in
	'#!'*)
		head=${tail%%"$nl"*}$nl
		tail=${tail#*"$nl"}
		;;
	esac
	say "ip link set $NETDEV up"
	# shellcheck disable=SC2086 # words
	each 'ip addr replace ' " dev $NETDEV" $addresses
	[ -z "$ipv4" ] || say "ip route add default dev $NETDEV 2>/dev/null"
	[ -z "$ipv6" ] || say "ip -6 route add default dev $NETDEV 2>/dev/null"
	put_lines 0755

	[ -f /etc/dhcpcd.conf ] || return 0
	begin /etc/dhcpcd.conf || return 0
	cut_lines
	tail=$head$tail
	head=
	say "denyinterfaces $NETDEV"
	put_lines
}

# ---- which it is ----

# is_enabled UNIT…: one of them belongs to what systemd starts at boot.
is_enabled()
{
	for unit; do
		for target in multi-user sysinit network-online; do
			[ ! -L "/etc/systemd/system/$target.target.wants/$unit" ] || return 0
		done
	done
	return 1
}

has_networkmanager()
{
	is_enabled NetworkManager.service || [ -L /etc/runlevels/default/networkmanager ] ||
		[ -L /etc/runlevels/default/NetworkManager ] || [ -L /etc/runit/runsvdir/default/NetworkManager ]
}

# What may have been in use before, and would now get in the way of the other, is told as if there were no
# addresses any more: NetworkManager keeps off a device that ifupdown knows.
forget_others()
{
	forget=yes
	for way; do
		[ "$way" = "$used" ] || "write_$way"
	done
}

# Those that have left something behind, or may have.
used_before()
{
	set --
	[ ! -f "/etc/systemd/network/10-vz-$NETDEV.network" ] || set -- "$@" networkd
	[ ! -f "/etc/NetworkManager/system-connections/vz-$NETDEV.nmconnection" ] || set -- "$@" networkmanager
	[ ! -f "/etc/sysconfig/network/ifcfg-$NETDEV" ] || set -- "$@" suse
	[ ! -f "/etc/sysconfig/network-scripts/ifcfg-$NETDEV" ] || set -- "$@" ifcfg
	[ ! -f "/etc/netctl/vz-$NETDEV" ] || set -- "$@" netctl
	[ ! -L "/etc/init.d/net.$NETDEV" ] || set -- "$@" netifrc
	[ ! -f /etc/network/interfaces ] || set -- "$@" interfaces
	[ ! -d /etc/runit ] || set -- "$@" runit
	forget_others "$@"
}

if is_enabled systemd-networkd.service; then
	used=networkd
elif has_networkmanager; then
	used=networkmanager
elif [ -d /etc/netplan ]; then
	used=networkd		# netplan has it started
elif [ -f /etc/sysconfig/network/config ]; then
	used=suse
elif [ -d /etc/sysconfig/network-scripts ]; then
	used=ifcfg
elif [ -d /etc/netctl ]; then
	used=netctl
elif [ -e /etc/init.d/net.lo ]; then
	used=netifrc
elif [ -d /etc/network ]; then
	used=interfaces
elif [ -d /etc/runit ]; then
	used=runit
else
	exit 0
fi
forget=no
"write_$used"
used_before
