#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# veth: virtual Ethernet devices of containers, on bridges of the host. In networks of the test's own: one
# stands for the host's, with a bridge br0, on which somebody else is, too (lan).

# shellcheck disable=SC2154 # out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	net_setup
	need_template minimal
	build_net_tools
	net_make "$PREFIX/net/lan"
	net_pair "$PREFIX/net/host" lan0 "$PREFIX/net/lan" eth0
	net_address "$PREFIX/net/lan" eth0 198.51.100.210/24 2001:db8:5e::210/64
	on_host ip link add br0 type bridge
	on_host ip link set br0 address 02:00:00:00:00:b0 up
	on_host ip link set lan0 master br0
	net_state >"$BATS_FILE_TMPDIR/before"
}
teardown_file() { host_teardown; }
teardown()
{
	eventd_stop
	destroy_all
	is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
	is "" "$(ls -A "$PREFIX/var/lib/vzctl/veth" 2>/dev/null)"
}

on_lan() { nsenter --net="$PREFIX/net/lan" "$@"; }

# netif ID: what is stored, a device a line.
netif() { conf_value "$1" NETIF | tr ';' '\n'; }
# field ID DEVICE KEY: of one of them.
field() { netif "$1" | sed -n "s/^ifname=$2,\(.*,\)\{0,1\}$3=\([^,]*\).*/\2/p"; }

# bridged ID HOST-PART [OPTION…]: a running container with eth0 on br0, and addresses there.
bridged()
{
	create_minimal "$1"
	vzctl --quiet set "$1" --netif_add eth0,,,,br0 --save "${@:3}"
	vzctl --quiet start "$1"
	vzctl exec2 "$1" "echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad; ip link set eth0 up
		ip addr replace 198.51.100.$2/24 dev eth0; ip -6 addr replace 2001:db8:5e::$2/64 dev eth0"
}

mac_inside() { in_net "$1" ip -o link show "$2" | sed 's/.*ether \([^ ]*\).*/\1/'; }
host_link() { on_host ip -o link show "$1"; }

# ---- devices ----

# bats test_tags=core
@test "veth: a device on a bridge reaches whoever is there, by IPv4 and IPv6" {
	create_minimal 101
	rc_is 0 vzctl set 101 --netif_add eth0,,,,br0 --save
	rc_is 0 vzctl start 101
	line "Configure veth devices: $(field 101 eth0 host_ifname)"
	vzctl exec2 101 'ip link set eth0 up; ip addr add 198.51.100.101/24 dev eth0; ip -6 addr add 2001:db8:5e::101/64 dev eth0'
	rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.210
	wait_for 10 vzctl exec2 101 ping6 -c 1 -W 1 2001:db8:5e::210
	bridged 102 102
	rc_is 0 vzctl exec2 102 ping -c 1 -W 5 198.51.100.101
	vzctl --quiet stop 101
	vzctl --quiet stop 102
	is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
	is_down 101
}

@test "veth: what was not given is made up, stored, and the same the next time" {
	local before
	create_minimal 101
	rc_is 0 vzctl set 101 --netif_add eth0 --netif_add "eth1,00:18:51:aa:bb:cc,veth-one.1,00:18:51:dd:ee:ff, br0" --save
	before=$(netif 101)
	[[ $(sed -n 1p <<<"$before") =~ ^ifname=eth0,mac=00:18:51(:[0-9A-F]{2}){3},host_ifname=veth[0-9a-f]{8}\.0,host_mac=00:18:51(:[0-9A-F]{2}){3}$ ]]
	is "ifname=eth1,bridge=br0,mac=00:18:51:AA:BB:CC,host_ifname=veth-one.1,host_mac=00:18:51:DD:EE:FF" "$(sed -n 2p <<<"$before")"
	[ "$(field 101 eth0 mac)" != "$(field 101 eth0 host_mac)" ]
	vzctl --quiet start 101
	is "$(field 101 eth0 mac)" "$(mac_inside 101 eth0 | tr a-f A-F)"
	is "00:18:51:aa:bb:cc" "$(mac_inside 101 eth1)"
	run host_link "$(field 101 eth0 host_ifname)"
	has "$(field 101 eth0 host_mac | tr A-F a-f)"
	has_not "master br0"
	run host_link veth-one.1
	has "00:18:51:dd:ee:ff" "master br0"
	vzctl --quiet set 101 --netif_del eth0 --save
	vzctl --quiet set 101 --netif_add eth0 --save
	is "$(sed -n 1p <<<"$before")" "$(netif 101 | sed -n 2p)"
	# Another container has others.
	create_minimal 102
	vzctl --quiet set 102 --netif_add eth0 --save
	[ "$(field 101 eth0 mac)" != "$(field 102 eth0 mac)" ]
	[ "$(field 101 eth0 host_ifname)" != "$(field 102 eth0 host_ifname)" ]
}

@test "veth: devices come and go while the container runs" {
	create_minimal 101
	vzctl --quiet start 101
	rc_is 0 vzctl set 101 --netif_add eth0,,,,br0 --netif_add lan --save
	line "Configure veth devices: $(field 101 eth0 host_ifname) $(field 101 lan host_ifname)"
	rc_is 0 in_net 101 ip link show eth0
	rc_is 0 in_net 101 ip link show lan
	rc_is 0 vzctl set 101 --netif_del eth0 --save
	has "Deleting veth devices: "
	rc_is 1 in_net 101 ip link show eth0
	rc_is 0 in_net 101 ip link show lan
	rc_is 0 vzctl set 101 --netif_del all --save
	rc_is 1 in_net 101 ip link show lan
	is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
	# What is not there is not missed.
	rc_is 0 vzctl set 101 --netif_del eth7
	has_not Deleting
}

@test "veth: attributes of a device are changed while it is in use" {
	bridged 101 101
	on_host ip link add br1 type bridge
	on_host ip link set br1 up
	rc_is 0 vzctl set 101 --ifname eth0 --mac 00:18:51:00:00:07 --host_mac fe:ff:ff:ff:ff:ff --host_ifname other.0 --save
	is "ifname=eth0,bridge=br0,mac=00:18:51:00:00:07,host_ifname=other.0,host_mac=FE:FF:FF:FF:FF:FF" "$(netif 101)"
	is "00:18:51:00:00:07" "$(mac_inside 101 eth0)"
	run host_link other.0
	has "fe:ff:ff:ff:ff:ff" "master br0"
	# And the filter goes with it.
	rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.210
	rc_is 0 vzctl set 101 --ifname eth0 --bridge br1 --save
	run host_link other.0
	has "master br1"
	rc_is 1 vzctl exec3 101 ping -c 1 -W 1 198.51.100.210
	rc_is 0 vzctl set 101 --ifname eth0 --bridge br0 --mac_filter off --save
	rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.210
	run on_host nft list ruleset
	has_not other.0
	vzctl --quiet stop 101 --fast
	on_host ip link del br1
}

@test "veth: several devices are changed by one command" {
	create_minimal 101
	vzctl --quiet set 101 --netif_add eth0 --netif_add eth1 --save
	rc_is 0 vzctl set 101 --ifname eth1 --mac 00:18:51:00:00:01 --ifname eth0 --mac 00:18:51:00:00:00 --bridge br0 --save
	is "00:18:51:00:00:01" "$(field 101 eth1 mac)"
	is "00:18:51:00:00:00" "$(field 101 eth0 mac)"
	is br0 "$(field 101 eth0 bridge)"
	is "" "$(field 101 eth1 bridge)"
}

@test "veth: configuration files of OpenVZ are understood, and MAC addresses in them kept" {
	create_minimal 101
	echo 'NETIF="ifname=eth0,bridge=br0,mac=00:18:51:AA:BB:CC,host_ifname=veth101.0,host_mac=00:18:51:DD:EE:FF,mac_filter=off;ifname=eth1"' >>"$(conf 101)"
	rc_is 0 vzctl start 101
	is "00:18:51:aa:bb:cc" "$(mac_inside 101 eth0)"
	run host_link veth101.0
	has "master br0" "00:18:51:dd:ee:ff"
	rc_is 0 in_net 101 ip link show eth1
}

@test "veth: a device and addresses of venet0 live side by side" {
	bridged 101 101
	rc_is 0 vzctl set 101 --ipadd 198.51.100.55 --save
	run in_net 101 ip -o addr
	has "venet0    inet 198.51.100.55/32" "eth0    inet 198.51.100.101/24"
	vzctl --quiet restart 101 --fast
	run in_net 101 ip -o link
	has "venet0@" "eth0@"
}

# ---- bad input ----

@test "veth: a bridge that does not exist is named, and nothing is left" {
	create_minimal 101
	vzctl --quiet set 101 --netif_add eth0,,,,br9 --save
	rc_is 130 vzctl start 101
	has "bridge 'br9' of device 'eth0' does not exist (ip link add br9 type bridge)"
	is_down 101
	is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
	vzctl --quiet set 101 --netif_del all --save
	vzctl --quiet start 101
	rc_is 130 vzctl set 101 --netif_add eth1,,,,br0 --netif_add eth2,,,,lan0 --save
	has "'lan0', where device 'eth2' is to be, is no bridge"
	is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
	is "" "$(netif 101 | grep eth || :)"
}

@test "veth: a change that fails is taken back" {
	local before
	bridged 101 101
	before=$(net_state)
	for change in "--bridge br9" "--mac 00:18:51:00:00:09 --host_ifname lan0" "--host_mac 00:18:51:00:00:09 --bridge lan0"; do
		# shellcheck disable=SC2086 # words
		rc_is 130 vzctl set 101 --ifname eth0 $change --save
		is "$before" "$(net_state)"
		rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.210
	done
}

@test "veth: names that are taken or too long, and bad MAC addresses are refused" {
	create_minimal 101
	vzctl --quiet start 101
	rc_is 130 vzctl set 101 --netif_add eth0,,lan0
	has "there is a device 'lan0' on the host already, or 'eth0' in container 101"
	rc_is 130 vzctl set 101 --netif_add lo
	rc_is 21 vzctl set 101 --netif_add a-name-that-is-too-long
	rc_is 21 vzctl set 101 --netif_add eth0,,a-name-that-is-too-long
	rc_is 21 vzctl set 101 --netif_add eth0,00:18:51:aa:bb
	has "Invalid container MAC address length"
	rc_is 21 vzctl set 101 --netif_add eth0,,,00:18:51:aa:bb
	has "Invalid host MAC address"
	rc_is 130 vzctl set 101 --netif_add 'eth0,,a"b;c,,br0'
	rc_is 20 vzctl set 101 --ifname eth0 --mac 00:18:51:00:00:07
	has "Invalid usage: veth device eth0 is not configured, use --netif_add option first"
	rc_is 20 vzctl set 101 --mac 00:18:51:00:00:07
	has "Invalid usage.  Option --ifname not specified"
	vzctl --quiet set 101 --netif_add eth0 --save
	rc_is 21 vzctl set 101 --ifname eth0 --mac 00:18:51:00
	rc_is 21 vzctl set 101 --ifname eth0 --mac_filter maybe
	rc_is 21 vzctl set 101 --ifname eth0 --bridge br0,mac=00:18:51:00:00:07
}

@test "veth: without nft a device is only had with mac_filter=off" {
	create_minimal 101
	vzctl --quiet start 101
	without_nft() { on_host unshare -m sh -c 'mount --bind /dev/null "$(command -v nft)" && exec "$@"' sh "$BUILD/vzctl" --prefix "$PREFIX" "$@"; }
	rc_is 130 without_nft set 101 --netif_add eth0,,,,br0
	has "the program nft is needed to keep container 101 to the MAC address of 'eth0' (install nftables, or use mac_filter=off)"
	rc_is 0 without_nft set 101 --netif_add "ifname=eth0,bridge=br0,mac_filter=off"
	rc_is 0 in_net 101 ip link show eth0
}

# ---- a hostile container ----

# hostile [OPTION…]: 101, whose root makes up frames, and 102, his neighbour on br0, who watches.
hostile()
{
	bridged 101 101 "$@"
	bridged 102 102
	vzctl exec 101 'cat >/frames && chmod 0755 /frames' <"$FRAMES"
	mac=$(mac_inside 101 eth0)
	to=$(mac_inside 102 eth0)
	seen=$BATS_TEST_TMPDIR/seen
	in_net 102 "$FRAMES" watch eth0 >"$seen" 3>&- &
	watcher=$!
	wait_for 5 grep -q ready "$seen"
}
forge() { vzctl exec2 101 /frames "$@"; }

# bats test_tags=core
@test "veth: frames from other MAC addresses, and ARP and neighbour discovery for them, reach no neighbour" {
	hostile
	for from in 02:00:00:00:00:66 "$to" "$(on_lan ip -o link show eth0 | sed 's/.*ether \([^ ]*\).*/\1/')" 02:00:00:00:00:b0; do
		forge udp eth0 "$from" "$to" 198.51.100.101 198.51.100.102 "forged-$from"
		forge udp eth0 "$from" ff:ff:ff:ff:ff:ff 198.51.100.101 198.51.100.102 "forged-$from"
		forge udp eth0 "$from" "$to" 2001:db8:5e::101 2001:db8:5e::102 "forged-$from"
		forge arp eth0 "$from" 198.51.100.210
		forge nd eth0 "$from" 2001:db8:5e::210
	done
	forge udp eth0 "$mac" "$to" 198.51.100.101 198.51.100.102 end
	wait $watcher
	grep -vE '^(arp|nd) .*[:.]101$' "$seen" >"$seen.others"
	is "ready
udp 198.51.100.101 end" "$(cat "$seen.others")"
}

@test "veth: with mac_filter=off they do" {
	hostile --ifname eth0 --mac_filter off
	forge udp eth0 02:00:00:00:00:66 "$to" 198.51.100.101 198.51.100.102 forged
	forge udp eth0 "$mac" "$to" 198.51.100.101 198.51.100.102 end
	wait $watcher
	grep -qx "udp 198.51.100.101 forged" "$seen"
}

@test "veth: a container hears no frame that is for somebody else" {
	hostile
	# The bridge knows nobody of that address, and sends it to everybody.
	on_lan "$FRAMES" udp eth0 02:00:00:00:00:77 02:00:00:00:00:88 198.51.100.210 198.51.100.102 secret
	on_lan "$FRAMES" udp eth0 02:00:00:00:00:77 ff:ff:ff:ff:ff:ff 198.51.100.210 198.51.100.102 everybody
	forge udp eth0 "$mac" "$to" 198.51.100.101 198.51.100.102 end
	wait $watcher
	grep -qx "udp 198.51.100.210 everybody" "$seen"
	rc_is 1 grep -q secret "$seen"
}

@test "veth: addresses given for a device are configured, and it is kept to them" {
	local theirs
	hostile --ifname eth0 --ipadd 198.51.100.101/24 --ipadd 2001:db8:5e::101/64
	is "ip=198.51.100.101/24,ip=2001:db8:5e::101/64" "$(netif 101 | grep -o 'ip=.*')"
	is "<unset>" "$(conf_value 101 IP_ADDRESS)"
	# Own frames first: who cannot be heard could not forge either.
	for theirs in 198.51.100.102 198.51.100.210 203.0.113.5 0.0.0.0; do
		forge udp eth0 "$mac" "$to" $theirs 198.51.100.102 "forged-$theirs"
		forge arp eth0 "$mac" $theirs
	done
	for theirs in 2001:db8:5e::102 2001:db8:5e::210 2001:db8:77::5 fe80::1; do
		forge udp eth0 "$mac" "$to" $theirs 2001:db8:5e::102 "forged-$theirs"
		forge nd eth0 "$mac" $theirs
	done
	forge udp eth0 "$mac" "$to" 2001:db8:5e::101 2001:db8:5e::102 true
	forge nd eth0 "$mac" 2001:db8:5e::101
	forge arp eth0 "$mac" 198.51.100.101
	forge udp eth0 "$mac" "$to" 198.51.100.101 198.51.100.102 end
	wait $watcher
	is "arp 198.51.100.101
nd 2001:db8:5e::101
ready
udp 198.51.100.101 end
udp 2001:db8:5e::101 true" "$(grep -vxE 'nd fe80::218:51ff:fe.*' "$seen" | sort -u)"
	rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.210
	wait_for 10 vzctl exec2 101 ping6 -c 1 -W 1 2001:db8:5e::210
}

@test "veth: addresses of a device come and go" {
	create_minimal 101
	vzctl --quiet set 101 --netif_add eth0,,,,br0 --save
	rc_is 0 vzctl set 101 --ifname eth0 --ipadd 198.51.100.101/255.255.255.0 --save
	vzctl --quiet start 101
	rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.210
	rc_is 0 vzctl set 101 --ifname eth0 --ipdel all --ipadd 198.51.100.103/24 --save
	run in_net 101 ip -o -4 addr show eth0
	has "inet 198.51.100.103/24"
	has_not 198.51.100.101
	rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.210
	rc_is 0 vzctl set 101 --ifname eth0 --ipdel 198.51.100.103 --save
	run in_net 101 ip -o -4 addr show eth0
	has_not inet
	is "" "$(netif 101 | grep -o 'ip=.*')"
	rc_is 21 vzctl set 101 --ifname eth0 --ipadd 224.0.0.1
}

# defaults ID: where what is for everybody else goes.
defaults() { in_net "$1" sh -c 'ip -4 route show default; ip -6 route show default' | sed 's/ \(metric\|proto\|scope\|pref\) [^ ]*//g; s/ *$//'; }

@test "veth: a gateway of a device is the way to other networks, at start and live" {
	on_lan ip addr add 198.51.100.77/32 dev lo
	on_lan ip addr add 2001:db8:5e:9::1/128 dev lo
	create_minimal 101
	vzctl --quiet set 101 --netif_add eth0,,,,br0 --save
	rc_is 0 vzctl set 101 --ifname eth0 --ipadd 198.51.100.101 --ipadd 2001:db8:5e::101/64 --gw 198.51.100.210 --gateway6 2001:db8:5e::210 --save
	is "gw=198.51.100.210,gw6=2001:db8:5e::210,ip=198.51.100.101,ip=2001:db8:5e::101/64" "$(netif 101 | grep -o 'gw=.*')"
	vzctl --quiet start 101
	is "default via 198.51.100.210 dev eth0 onlink
default via 2001:db8:5e::210 dev eth0 onlink" "$(defaults 101)"
	rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.77
	wait_for 10 vzctl exec2 101 ping6 -c 1 -W 1 2001:db8:5e:9::1
	rc_is 0 vzctl set 101 --ifname eth0 --gw none --gw6 2001:db8:5e::211 --save
	is "default via 2001:db8:5e::211 dev eth0 onlink" "$(defaults 101)"
	rc_is 0 vzctl set 101 --ifname eth0 --gateway 198.51.100.210 --gw6 none
	is "default via 198.51.100.210 dev eth0 onlink" "$(defaults 101)"
	for gw in 198.51.100 2001:db8:5e::210 here 198.51.100.1/24; do
		rc_is 21 vzctl set 101 --ifname eth0 --gw $gw
	done
	rc_is 21 vzctl set 101 --ifname eth0 --gw6 198.51.100.210
	rc_is 20 vzctl set 101 --gw 198.51.100.210
	on_lan ip addr del 198.51.100.77/32 dev lo
	on_lan ip addr del 2001:db8:5e:9::1/128 dev lo
}

@test "veth: a gateway of a device comes before venet, whose the way is again when it goes" {
	create_minimal 101 --ipadd 198.51.100.55 --ipadd 2001:db8:5e::55
	vzctl --quiet set 101 --netif_add "ifname=eth0,bridge=br0,gw=198.51.100.210,gw6=2001:db8:5e::210" --save
	vzctl --quiet start 101
	is "default via 198.51.100.210 dev eth0 onlink
default via 2001:db8:5e::210 dev eth0 onlink" "$(defaults 101)"
	vzctl --quiet set 101 --ipadd 198.51.100.56
	is "default via 198.51.100.210 dev eth0 onlink
default via 2001:db8:5e::210 dev eth0 onlink" "$(defaults 101)"
	vzctl --quiet set 101 --ifname eth0 --gw none
	is "default dev venet0
default via 2001:db8:5e::210 dev eth0 onlink" "$(defaults 101)"
	vzctl --quiet set 101 --netif_del eth0
	is "default dev venet0
default dev venet0" "$(defaults 101)"
}

@test "veth: a MAC address that its root changed is of no use to it" {
	bridged 101 101
	vzctl exec2 101 'ip link set eth0 down; ip link set eth0 address 02:00:00:00:00:66; ip link set eth0 up'
	rc_is 1 vzctl exec3 101 ping -c 1 -W 1 198.51.100.210
	run on_host bridge fdb show br br0
	has_not 02:00:00:00:00:66
}

# bats test_tags=core
@test "veth: a device that its root removed comes back with the next change" {
	bridged 101 101
	vzctl exec2 101 ip link del eth0
	rc_is 0 vzctl set 101 --netif_add eth1 --save
	rc_is 0 in_net 101 ip link show eth0
	rc_is 0 in_net 101 ip link show eth1
}

# ---- bad days ----

@test "veth: a start or stop that is killed anywhere is put right by the next command" {
	local step
	create_minimal 101
	vzctl --quiet set 101 --netif_add eth0,,,,br0 --save
	for step in net state go; do
		on_host "$KILLAT" --write "step '$step' of" "$BUILD/vzctl" --prefix "$PREFIX" --verbose --verbose start 101 >/dev/null 2>&1 || :
		rc_is 0 vzctl start 101
		rc_is 0 in_net 101 ip link show eth0
		on_host "$KILLAT" --write "step '$step' of" "$BUILD/vzctl" --prefix "$PREFIX" --verbose --verbose stop 101 --fast >/dev/null 2>&1 || :
		vzctl --quiet stop 101 --fast >/dev/null 2>&1 || :
		rc_is 0 vzctl mount 101
		rc_is 0 vzctl umount 101
		is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
	done
}

@test "veth: a container that ends by itself is cleaned up after" {
	bridged 101 101
	eventd_start
	vzctl --quiet restart 101 --fast
	vzctl exec 101 'kill -USR2 1' || :
	wait_for 20 sh -c "[ ! -e '$PREFIX/run/vz/101' ]"
	is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
}
