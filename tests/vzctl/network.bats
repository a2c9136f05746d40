#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# All of a container's network at once: addresses, devices on a bridge, devices of the host, ports and rates,
# on bad days. Each alone is in venet.bats, veth.bats, netdev.bats, nat.bats and rate.bats.

# shellcheck disable=SC2154 # output is from bats
load ../lib/helpers

setup_file()
{
	host_setup
	net_setup
	need_template minimal
	build_net_tools
	on_host ip link add br0 type bridge
	on_host ip link set br0 address 02:00:00:00:00:b0 up
	net_pair "$PREFIX/net/host" lan0 "$PREFIX/net/client" lan0
	on_host ip link set lan0 master br0
	on_host ip link add nic0 type veth peer name nic1
	everything >"$BATS_FILE_TMPDIR/before"
}
teardown_file() { host_teardown; }
teardown()
{
	destroy_all
	is_as_before
	is "" "$(find "$PREFIX"/var/lib/vzctl/{veip,extip,veth,netdev} -type f 2>/dev/null)"
}

# All the host's network has: net_state, and what is learned or queued.
everything()
{
	net_state
	on_host sh -c 'ip neigh show nud all; ip -6 neigh show nud all; tc qdisc; tc filter show dev eth0; bridge fdb show br br0' |
		grep -v ' dev lan0 master br0 *$\| dev lo \| 33:33:\|dev \(eth0\|br0\).* \(NOARP\|router\|STALE\|REACHABLE\|DELAY\|PROBE\|FAILED\)' | sort
}

is_as_before() { diff "$BATS_FILE_TMPDIR/before" <(everything); }

# One option of each kind; 10.0.0.101 is masqueraded.
all=(--netdev_add nic0 --netif_add eth0,,,,br0 --ipadd '198.51.100.101 10.0.0.101 2001:db8:5e::101' --ext_ipadd 198.51.100.150
	--publish 8080:80 --rate '*:1:40000' --ratebound yes)

# has_all ID: it has what these options say.
has_all()
{
	run in_net "$1" sh -c 'ip -o link; ip -o addr'
	has "198.51.100.101/32" "10.0.0.101/32" "2001:db8:5e::101/128" "nic0@" "eth0@"
	is 1 "$(on_host ip route | grep -c '^198.51.100.150 ')"
	run on_host nft list ruleset
	has "8080" "masquerade" "chain in-"
	run on_host tc qdisc
	has tbf
	rc_is 0 vzctl exec2 "$1" ping -c 1 -W 5 198.51.100.200
}

# bats test_tags=core
@test "network: of everything a container can have of the host's nothing stays at stop, or at destroy" {
	create_minimal 101
	vzctl --quiet set 101 "${all[@]}" --save
	vzctl --quiet start 101
	has_all 101
	vzctl --quiet stop 101 --fast
	is_as_before
	is_down 101
	vzctl --quiet destroy 101
	is_gone 101
	# And of what was never saved.
	create_minimal 102
	vzctl --quiet start 102
	vzctl --quiet set 102 "${all[@]}"
	has_all 102
	vzctl --quiet stop 102 --fast
	is_as_before
}

@test "network: a set that is killed between two of its changes is made good by the next set, or start" {
	local place
	create_minimal 101
	# Each is said as it begins.
	for place in 'Configure veth' 'Adding IP' 'Published ports'; do
		vzctl --quiet start 101
		rc_is 137 on_host "$KILLAT" --write "$place" "$BUILD/vzctl" --prefix "$PREFIX" set 101 "${all[@]}" --cpulimit 50 --save
		is "<unset>" "$(conf_value 101 NETIF)"
		rc_is 0 vzctl set 101 "${all[@]}"
		has_all 101
		vzctl --quiet stop 101 --fast
		vzctl --quiet start 101
		on_host "$KILLAT" --write "$place" "$BUILD/vzctl" --prefix "$PREFIX" set 101 "${all[@]}" >/dev/null 2>&1 || :
		vzctl --quiet restart 101 --fast
		is_as_before
		vzctl --quiet stop 101 --fast
	done
}

@test "network: when the host's nftables are flushed why says so, and its advice brings all back" {
	local before
	create_minimal 101
	vzctl --quiet set 101 "${all[@]}" --save
	vzctl --quiet start 101
	rc_is 0 vzctl why 101
	has_not "nothing keeps it"
	before=$(on_host nft list ruleset | sort)
	on_host nft flush ruleset
	rc_is 0 vzctl why 101
	has "100 filter    nothing keeps it from using others' addresses: the host's nftables were flushed"
	is "               vzctl set 101 --ipadd 198.51.100.101 --ifname eth0 --mac_filter on --save" "${lines[1]}"
	eval "${lines[1]}"
	is "$before" "$(on_host nft list ruleset | sort)"
	# Without one for its addresses, or for its devices, it is half a filter.
	for family in inet netdev; do
		on_host nft flush ruleset
		vzctl --quiet set 101 --ipadd 198.51.100.101 --ifname eth0 --mac_filter on
		on_host nft list tables | sed -n "s/^table $family /delete table $family /p" | on_host nft -f -
		run vzctl why 101
		has "100 filter "
	done
	# Any change of its devices looks after the others.
	rc_is 0 vzctl set 101 --netif_add eth1,,,,br0
	run vzctl why 101
	has_not "nothing keeps it"
}

@test "network: without --save a stopped container has no use for any of it" {
	create_minimal 101
	while read -r option value; do
		rc_is 31 vzctl set 101 "$option" "$value"
		has "Unable to apply network parameters: container is not running"
	done <<-'END'
	--ipadd 198.51.100.101
	--ipdel all
	--ext_ipadd 198.51.100.150
	--netif_add eth0
	--netif_del eth0
	--netdev_add nic0
	--publish 8080:80
	--rate *:1:1000
	END
	is "<unset>" "$(conf_value 101 IP_ADDRESS)"
}

@test "network: a bridge that takes no more devices is said to be full, and nothing is left" {
	create_minimal 101
	vzctl --quiet start 101
	on_host ip link add full type bridge
	# 1023 ports are the most a bridge has.
	seq 0 511 | sed 's/.*/link add a& type veth peer b&\nlink set a& master full\nlink set b& master full/; $s/\n[^\n]*$//' |
		on_host ip -batch -
	before=$(on_host ip -o link | wc -l)
	rc_is 130 vzctl set 101 --netif_add eth0,,,,full --save
	has "bridge 'full' has no room for device '$(sed 's/.*veth devices: //;q' <<<"$output")'"
	is "$before" "$(on_host ip -o link | wc -l)"
	is "<unset>" "$(conf_value 101 NETIF)"
	seq 0 511 | sed 's/.*/link del a&/' | on_host ip -batch -
	on_host ip link del full
}

@test "network: without nft ports are refused, and it is said that a private address reaches nobody outside" {
	without_nft() { on_host unshare -m sh -c 'mount --bind /dev/null "$(command -v nft)" && exec "$@"' sh "$BUILD/vzctl" --prefix "$PREFIX" "$@"; }
	create_minimal 101
	vzctl --quiet start 101
	rc_is 0 without_nft set 101 --ipadd 10.0.0.101
	has "Warning: addresses of private ranges are not masqueraded: the program nft is not there, ignoring"
	rc_is 3 without_nft set 101 --publish 8080:80 --save
	has "the program nft is needed to publish ports of container 101 (install nftables)"
	is "<unset>" "$(conf_value 101 PUBLISH)"
}

@test "network: 0.0.0.0 and :: stand for no address, and are not stored" {
	create_minimal 101
	vzctl --quiet start 101
	for a in 0.0.0.0 :: ::0 "0.0.0.0 ::"; do
		rc_is 0 vzctl set 101 --ipadd "$a" --save
		has_not Adding
	done
	is_as_before
	is "<unset>" "$(conf_value 101 IP_ADDRESS)"
}
