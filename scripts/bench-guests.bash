# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2034 # scripts/bench sources this
#
# Containers of ours and of LXC in which scripts/bench measures, and their networks. Both mount the /usr of the
# machine, read-only: programs from Debian's archive are the same inside and outside. A container is meant by
# its number if it is ours, by its name if it is LXC's.

# guest_hosts: two networks that stand for two hosts', ours and LXC's, so that nobody's rules are in the way of
# the other. Both have a bridge, br0, and in front of both is the client. Containers have 198.51.100.2 to .20
# on our host, .130 to .140 on its bridge, .82 to .94 on LXC's.
guest_hosts()
{
	local host=$PREFIX/net/host lxc=$PREFIX/net/lxc

	net_setup
	net_make "$lxc"
	net_pair "$lxc" eth0 "$PREFIX/net/client" eth1
	net_address "$lxc" eth0 198.51.100.65/28
	net_address "$PREFIX/net/client" eth1 198.51.100.66/28
	nsenter --net="$lxc" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	guest_bridge "$host" 198.51.100.129/28
	guest_bridge "$lxc" 198.51.100.81/28
	on_client ip route add 198.51.100.128/28 via 198.51.100.1
	on_client ip route add 198.51.100.80/28 via 198.51.100.65
	nsenter --net="$lxc" ip route add default via 198.51.100.66
}

guest_bridge()
{
	nsenter --net="$1" ip link add br0 type bridge
	nsenter --net="$1" ip link set br0 up
	net_address "$1" br0 "$2"
}

# guest_ours ID [OPTION…]: create and start.
guest_ours()
{
	vzctl --quiet create "$1" --ostemplate minimal
	vzctl --quiet set "$1" --bindmount_add /usr:/usr,ro --save "${@:2}" 2>/dev/null
	guest_up "$1"
}

# guest_lxc NAME ADDRESS [LINE…]: the same, with lines of configuration.
guest_lxc()
{
	lxc_config "$1"
	sed -i '/^lxc\.net\.0\./d' "$peer/lxc/$1/config"
	printf '%s\n' 'lxc.net.0.type = veth' 'lxc.net.0.name = eth0' 'lxc.net.0.flags = up' "lxc.net.0.veth.pair = lxc-$1" \
		"lxc.net.0.ipv4.address = $2/28" 'lxc.net.0.ipv4.gateway = 198.51.100.81' \
		'lxc.mount.entry = /usr usr none rbind,ro 0 0' "${@:3}" >>"$peer/lxc/$1/config"
	ln -sfn "$PREFIX/net/lxc" "$peer/lxc/$1/host"
	guest_up "$1"
}

guest_up()
{
	case $1 in
	[0-9]*) vzctl --quiet start "$1" ;;
	*)
		of_lxc "$1" start
		# LXC looks for the bridge in /sys, which shows the network that it was mounted in.
		nsenter --net="$peer/lxc/$1/host" ip link set "lxc-$1" master br0
		;;
	esac
	# The programs want to find their loader and libraries where they are on a merged /usr.
	inside "$1" 'ln -sfn usr/lib /lib; ln -sfn usr/lib64 /lib64'
}

guest_down()
{
	case $1 in
	[0-9]*) vzctl --quiet stop "$1" --fast ;;
	*) of_lxc "$1" stop -k ;;
	esac
}

# inside WHO COMMAND: by the shell of the container.
inside()
{
	case $1 in
	[0-9]*) vzctl exec2 "$1" "$2" ;;
	*) of_lxc "$1" attach -- /bin/sh -c "PATH=/usr/sbin:/usr/bin:/sbin:/bin; $2" ;;
	esac
}

# put_inside WHO PROGRAM: one of those in $peer, into its root directory.
put_inside() { inside "$1" "cat >/$2 && chmod 0755 /$2" <"$peer/$2"; }

# round_trips ADDRESS SECONDS [PROGRAM ARGUMENT…]: of 64 bytes, in a millisecond, from the client to a server of
# sockperf; by way of a program that starts another one.
round_trips()
{
	on_client "${@:3}" sockperf ping-pong --tcp -i "$1" -p 5300 -t "$2" -m 64 --full-rtt 2>/dev/null |
		sed -n 's/.*Round trip is \([0-9.]*\) usec.*/\1/p' | awk '{ printf "%.3f\n", 1000 / $1; n++ } END { exit !n }'
}
