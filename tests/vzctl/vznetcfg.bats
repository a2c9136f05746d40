#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# vznetcfg and vznetaddbr: the host's end of a veth pair, in a network of the test's own.

# shellcheck disable=SC2016,SC2154 # text for other shells; variables of the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	net_setup
	need_template minimal
}
teardown_file() { host_teardown; }

setup()
{
	on_host ip link add veth101.0 type veth peer name other0
	on_host ip link add br7 type bridge
	on_host ip link add vmbr0 type bridge
	echo 'NETIF="ifname=eth1,bridge=br8,host_ifname=veth101.00;ifname=eth0,mac=00:18:51:00:00:01,host_ifname=veth101.0,bridge=br7;ifname=eth2,host_ifname=veth101.2"' >"$(conf 101)"
}
teardown()
{
	local device
	for device in veth101.0 br7 vmbr0; do
		on_host ip link del $device
	done
	rm -f "$PREFIX/etc/vz/vznet.conf"
	destroy_all
}

tool() { on_host env VEID=101 "$TOP/utils/vzctl/scripts/$1" --prefix "$PREFIX" "${@:2}"; }

# shows TEXT…: what the kernel says about the device.
shows()
{
	output=$(on_host ip -o link show veth101.0)
	has "$@"
}

@test "vznetcfg: brings the device up" {
	rc_is 0 tool vznetcfg init veth veth101.0
	is "" "$output"
	shows ",UP"
	has_not master
}

@test "vznetcfg: a program of the administrator's does it instead, and its exit code counts" {
	printf '#!/bin/sh\necho "$VEID $*"\nexit 5\n' >"$PREFIX/script"
	chmod 0755 "$PREFIX/script"
	echo "EXTERNAL_SCRIPT=\"$PREFIX/script\"" >"$PREFIX/etc/vz/vznet.conf"
	rc_is 5 tool vznetcfg init veth veth101.0
	is "101 init veth veth101.0" "$output"
	shows veth101.0
	has_not ",UP"
	echo "EXTERNAL_SCRIPT=\"$PREFIX/nosuch\"" >"$PREFIX/etc/vz/vznet.conf"
	rc_is 1 tool vznetcfg init veth veth101.0
	has "'$PREFIX/nosuch' cannot be executed"
}

@test "vznetcfg: without the right words, or the device, it is 1" {
	local line
	for line in '' init 'init veth' 'init venet venet0' 'done veth veth101.0' 'init veth a b'; do
		# shellcheck disable=SC2086 # words
		rc_is 1 tool vznetcfg $line
		has "Usage: vznetcfg"
		# shellcheck disable=SC2086 # words
		rc_is 1 tool vznetaddbr $line
		has "Usage: vznetaddbr"
	done
	rc_is 1 tool vznetcfg init veth nosuch0
}

@test "vznetaddbr: puts the device into the bridge of NETIF" {
	on_host ip addr add 198.51.100.9/32 dev veth101.0
	rc_is 0 tool vznetaddbr init veth veth101.0
	is "Adding interface veth101.0 to bridge br7 on CT0 for CT101" "$output"
	shows ",UP" "master br7"
	is "" "$(on_host ip -4 -o addr show dev veth101.0)"
	is "1 1" "$(on_host sysctl -n net.ipv4.conf.veth101/0.proxy_arp net.ipv4.conf.veth101/0.forwarding | xargs)"
}

@test "vznetaddbr: vmbr0 is the bridge of a device without one" {
	echo 'NETIF="ifname=eth0,host_ifname=veth101.0"' >"$(conf 101)"
	rc_is 0 tool vznetaddbr init veth veth101.0
	is "Adding interface veth101.0 to bridge vmbr0 on CT0 for CT101" "$output"
	shows "master vmbr0"
}

@test "vznetaddbr: as the program of vznetcfg" {
	printf '#!/bin/sh\nexec %s --prefix %s "$@"\n' "$TOP/utils/vzctl/scripts/vznetaddbr" "$PREFIX" >"$PREFIX/script"
	chmod 0755 "$PREFIX/script"
	echo "EXTERNAL_SCRIPT=\"$PREFIX/script\"" >"$PREFIX/etc/vz/vznet.conf"
	rc_is 0 tool vznetcfg init veth veth101.0
	shows "master br7"
}

@test "vznetaddbr: a device, a container or a bridge that is not there is 1, and says which" {
	rc_is 1 tool vznetaddbr init veth veth101.9
	has "NETIF of container 101 has no host_ifname=veth101.9"
	rc_is 1 on_host env -u VEID "$TOP/utils/vzctl/scripts/vznetaddbr" --prefix "$PREFIX" init veth veth101.0
	has "VEID is ''"
	rc_is 1 on_host env VEID=../101 "$TOP/utils/vzctl/scripts/vznetaddbr" --prefix "$PREFIX" init veth veth101.0
	rc_is 1 on_host env VEID=102 "$TOP/utils/vzctl/scripts/vznetaddbr" --prefix "$PREFIX" init veth veth101.0
	has "no configuration"
	on_host ip link del br7
	rc_is 1 tool vznetaddbr init veth veth101.0
	has "device 'veth101.0' cannot be put into bridge 'br7'"
	on_host ip link add br7 type bridge
}

# external SCRIPT: vznet.conf names a program with this text.
external()
{
	printf '#!/bin/sh\n%s\n' "$1" >"$PREFIX/script"
	chmod 0755 "$PREFIX/script"
	echo "EXTERNAL_SCRIPT=\"$PREFIX/script\"" >"$PREFIX/etc/vz/vznet.conf"
}

@test "vznetcfg: vzctl calls it for each new device, at start and live, if there is a vznet.conf" {
	rm "$(conf 101)"
	create_minimal 101
	vzctl --quiet set 101 --netif_add eth0,,veth101.5 --save
	external "echo \"\$VEID \$* \$VE_CONFFILE\" >>$PREFIX/told"
	rc_is 0 vzctl start 101
	rc_is 0 vzctl set 101 --netif_add eth1,,veth101.6
	rc_is 0 vzctl set 101 --ipadd 198.51.100.7
	is "101 init veth veth101.5 $(conf 101)
101 init veth veth101.6 $(conf 101)" "$(cat "$PREFIX/told")"
	rm "$PREFIX/etc/vz/vznet.conf"
	rc_is 0 vzctl set 101 --netif_add eth2,,veth101.7
	is 2 "$(wc -l <"$PREFIX/told")"
}

@test "vznetcfg: a program that fails is said, and the device is there all the same" {
	rm "$(conf 101)"
	create_minimal 101
	vzctl --quiet set 101 --netif_add eth0,,veth101.5 --save
	external "exit 3"
	rc_is 0 vzctl start 101
	has "vznetcfg' for device 'veth101.5' ended with status 3, ignoring"
	on_host ip -o link show up dev veth101.5 | grep -q veth101.5
}

@test "vznetaddbr: puts devices that are not saved yet into their bridge, too" {
	rm "$(conf 101)"
	create_minimal 101
	external "exec '$TOP/utils/vzctl/scripts/vznetaddbr' \"\$@\""
	rc_is 0 vzctl start 101
	rc_is 0 vzctl set 101 --netif_add eth0,,veth101.5,,br7 --netif_add eth1,,veth101.6
	line "Adding interface veth101.5 to bridge br7 on CT0 for CT101" "Adding interface veth101.6 to bridge vmbr0 on CT0 for CT101"
	on_host ip -o link show dev veth101.5 | grep -q 'master br7'
	on_host ip -o link show dev veth101.6 | grep -q 'master vmbr0'
}
