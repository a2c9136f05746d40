#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A service from end to end: nginx in two Debian containers, one with addresses on venet, the other with an
# Ethernet device on a bridge, asked over IPv4 and IPv6 by a client behind the host, while everything about
# them is changed that can be.

# shellcheck disable=SC2154 # out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	net_setup
	need_template debian-12-nginx
	# Behind the host a second network, on a bridge.
	on_host ip link add br0 type bridge
	on_host ip link set br0 up
	net_address "$PREFIX/net/host" br0 198.51.100.129/26 2001:db8:5e:1::1/64
	on_client ip route add 198.51.100.128/26 via 198.51.100.1
	on_client ip route add 2001:db8:5e:1::/64 via 2001:db8:5e::1
	STOP=$PREFIX/enough ANSWERS=$PREFIX/answers
	URLS="http://198.51.100.101/ http://[2001:db8:5e::101]/ http://198.51.100.130/ http://[2001:db8:5e:1::2]/"
	export STOP ANSWERS URLS
}
teardown_file() { host_teardown; }
teardown()
{
	: >"$STOP"
	wait
	destroy_all
}

# server ID OPTION…: a running one that answers itself.
server()
{
	vzctl --quiet create "$1" --ostemplate debian-12-nginx
	vzctl --quiet set "$1" --save "${@:2}"
	vzctl --quiet start "$1" --wait
}

# answers URL: somebody does.
answers() { on_client timeout 30 python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=5)' "$1" 2>/dev/null; }

# load: in the background from now on.
load()
{
	# shellcheck disable=SC2086 # words
	on_client "$TOP/tests/lib/requests.py" "$STOP" $URLS >"$ANSWERS" 2>&1 3>&- &
	load=$!
}

@test "service: nginx on venet and on a bridge loses no request while its limits and addresses change" {
	local round url limits
	server 101 --ipadd 198.51.100.101 --ipadd 2001:db8:5e::101
	server 102 --netif_add eth0,,,,br0
	vzctl exec2 102 'ip link set eth0 up; ip addr add 198.51.100.130/26 dev eth0; ip route add default via 198.51.100.129
		ip addr add 2001:db8:5e:1::2/64 dev eth0 nodad; ip route add default via 2001:db8:5e:1::1'
	for url in $URLS; do
		wait_for 20 answers "$url"
	done
	load
	for round in 1 2 3; do
		for limits in "--cpulimit $((round * 20)) --cpuunits $((round * 500))" "--ram $((round * 128))M" \
			"--iolimit $((round * 5))M --iopslimit $((round * 1000))" "--numproc $((round * 100 + 200))"; do
			# shellcheck disable=SC2086 # words
			rc_is 0 vzctl set 101 $limits
			# shellcheck disable=SC2086
			rc_is 0 vzctl set 102 $limits
		done
		rc_is 0 vzctl set 101 --ipadd 198.51.100.$((110 + round))
		rc_is 0 vzctl set 101 --ipdel 198.51.100.$((110 + round))
		rc_is 0 vzctl set 102 --netif_add eth1,,,,br0
		rc_is 0 vzctl set 102 --netif_del eth1
	done
	: >"$STOP"
	wait $load || { cat "$ANSWERS"; return 1; }
	sed "s/^/# /" "$ANSWERS" >&3
	is 4 "$(grep -c '^[1-9][0-9]* http' "$ANSWERS")"
}
