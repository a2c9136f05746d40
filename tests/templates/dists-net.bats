#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2154 # text for other shells; variables of the helpers
#
# Addresses in the network configuration of a distribution: of each family a tree of its shape, what is
# written there, what stays, and, where its programs are at hand, that a restart of its network comes out
# the same. The addresses are made up; devices are in network namespaces of the tests' own.

load ../lib/helpers
load ../lib/dists

setup_file()
{
	host_setup
	need_template minimal
	need_template debian-12
}
teardown_file() { host_teardown; }
teardown() { destroy_all; }

setup()
{
	make_root
	rm -rf "$ROOT/etc/network" "$ROOT/etc/systemd" "$ROOT/etc/runit"
}

# file PATH: one of the tree, from standard input. enable UNIT: have systemd start it at boot.
file()
{
	mkdir -p "$(dirname "$ROOT$1")"
	cat >"$ROOT$1"
}
enable()
{
	mkdir -p "$ROOT/etc/systemd/system/multi-user.target.wants"
	ln -s "/usr/lib/systemd/system/$1" "$ROOT/etc/systemd/system/multi-user.target.wants/"
}

# add STATE ADDRESSES [VARIABLE=VALUE…], del …: the two events.
add() { run_script ADD_IP net.sh NETDEV=venet0 IPV6=yes "VE_STATE=$1" "IP_ADDR=$2" "${@:3}"; }
del() { run_script DEL_IP net.sh NETDEV=venet0 IPV6=yes "VE_STATE=$1" "IP_ADDR=$2" "${@:3}"; }

START='198.51.100.7 2001:db8:5e::7/64'

# content PATH: that file without our first line, which is of another test's interest.
content() { grep -v '^# Written by vzctl' "$ROOT$1"; }

# knows FILE ADDRESS…: the addresses we find in a file of ours the next time, no others.
knows() { is "${*:2}" "$(sed -n 's/^# Written by vzctl.*here: //p' "$ROOT$1")"; }

# All of /etc as text, for trees that must come out as they were.
etc_text() { (cd "$ROOT/etc" && find . -type f -exec cksum {} + && find . -printf '%p %y %m %l\n') | sort; }

# keeps_books FILE: the same for all families: what adding and removing do to the list in FILE, that nothing
# is written twice, and that all is as before when the last address is gone.
keeps_books()
{
	local before written
	before=$(etc_text)
	add starting "$START"
	knows "$1" 198.51.100.7/32 2001:db8:5e::7/64
	written=$(etc_state)
	add starting "$START"
	add running 198.51.100.7
	is "$written" "$(etc_state)"
	add running '198.51.100.8/24 2001:db8:5e::8'
	knows "$1" 198.51.100.7/32 198.51.100.8/24 2001:db8:5e::7/64 2001:db8:5e::8/128
	del running '198.51.100.7 2001:db8:5e::8'
	knows "$1" 198.51.100.8/24 2001:db8:5e::7/64
	add running 198.51.100.9 IPDELALL=yes
	knows "$1" 198.51.100.9/32
	add starting "$START" IPV6=
	knows "$1" 198.51.100.7/32
	del running 198.51.100.7
	is "$before" "$(etc_text)"
	del running '' IPDELALL=yes
	add starting ''
	is "$before" "$(etc_text)"
}

# ---- Debian: ifupdown ----

debian_root()
{
	file /etc/network/interfaces <<-'EOF'
		# mine
		source /etc/network/interfaces.d/*
		auto lo
		iface lo inet loopback
	EOF
	mkdir -p "$ROOT/etc/network/interfaces.d"
}

@test "network: Debian with ifupdown gets a file of its own where such files are read" {
	debian_root
	keeps_books /etc/network/interfaces.d/vz
	add starting "$START"
	is 'auto venet0
iface venet0 inet manual
	up ip link set $IFACE up
	up ip addr replace 198.51.100.7/32 dev $IFACE
	up ip addr replace 2001:db8:5e::7/64 dev $IFACE
	up ip route add default dev $IFACE 2>/dev/null || true
	up ip -6 route add default dev $IFACE 2>/dev/null || true' "$(content /etc/network/interfaces.d/vz)"
}

@test "network: Debian with ifupdown otherwise gets lines between marks, and the user's stay" {
	file /etc/network/interfaces <<-'EOF'
		auto lo
		iface lo inet loopback
		source /etc/network/interfaces.d/*.cfg
		# without an end
	EOF
	truncate -s -1 "$ROOT/etc/network/interfaces"
	add starting "$START"
	printf 'auto eth0\niface eth0 inet dhcp\n' >>"$ROOT/etc/network/interfaces"
	add running 198.51.100.8
	output=$(cat "$ROOT/etc/network/interfaces")
	is 'auto lo iface lo inet loopback' "$(head -n 2 <<<"$output" | xargs)"
	is 'auto eth0 iface eth0 inet dhcp' "$(tail -n 2 <<<"$output" | xargs)"
	line '# without an end' '	up ip addr replace 198.51.100.8/32 dev $IFACE'
	is 1 "$(grep -c '^auto venet0' <<<"$output")"
	del running '' IPDELALL=yes
	keeps_books /etc/network/interfaces
}

@test "network: Debian's interfaces.head and interfaces.tail go around our lines" {
	debian_root
	echo '# before' | file /etc/network/interfaces.head
	echo '	up /bin/after' | file /etc/network/interfaces.tail
	keeps_books /etc/network/interfaces.d/vz
	add starting 198.51.100.7
	is '# before
auto venet0
iface venet0 inet manual
	up ip link set $IFACE up
	up ip addr replace 198.51.100.7/32 dev $IFACE
	up ip route add default dev $IFACE 2>/dev/null || true
	up /bin/after' "$(content /etc/network/interfaces.d/vz)"
}

@test "network: lines whose end mark the user has removed are his" {
	file /etc/network/interfaces <<<'auto lo'
	add starting 198.51.100.7
	sed -i '/^# End/d' "$ROOT/etc/network/interfaces"
	echo 'auto eth0' >>"$ROOT/etc/network/interfaces"
	add starting 198.51.100.8
	output=$(cat "$ROOT/etc/network/interfaces")
	line 'auto eth0' '	up ip addr replace 198.51.100.7/32 dev $IFACE' '	up ip addr replace 198.51.100.8/32 dev $IFACE'
}

# ---- systemd-networkd ----

@test "network: systemd-networkd gets a file of its own, also with ifupdown installed" {
	debian_root
	mkdir -p "$ROOT/etc/systemd/network"
	enable systemd-networkd.service
	keeps_books /etc/systemd/network/10-vz-venet0.network
	add starting "$START"
	is '[Match]
Name=venet0

[Network]
DHCP=no
IPv6AcceptRA=no
LinkLocalAddressing=no
ConfigureWithoutCarrier=yes
Address=198.51.100.7/32
Address=2001:db8:5e::7/64

[Route]
Destination=0.0.0.0/0
Scope=link

[Route]
Destination=::/0' "$(content /etc/systemd/network/10-vz-venet0.network)"
	[ ! -e "$ROOT/etc/network/interfaces.d/vz" ]
}

@test "network: Ubuntu with netplan is one with systemd-networkd" {
	mkdir -p "$ROOT/etc/netplan" "$ROOT/etc/network"
	add starting 198.51.100.7
	knows /etc/systemd/network/10-vz-venet0.network 198.51.100.7/32
}

# ---- NetworkManager ----

@test "network: NetworkManager gets a connection that only root can read" {
	debian_root
	mkdir -p "$ROOT/etc/sysconfig/network-scripts" "$ROOT/etc/NetworkManager/system-connections"
	enable NetworkManager.service
	keeps_books /etc/NetworkManager/system-connections/vz-venet0.nmconnection
	add starting "$START"
	is '[connection]
id=vz-venet0
type=ethernet
interface-name=venet0

[ipv4]
method=manual
route1=0.0.0.0/0
address1=198.51.100.7/32

[ipv6]
method=manual
route1=::/0
address1=2001:db8:5e::7/64' "$(content /etc/NetworkManager/system-connections/vz-venet0.nmconnection)"
	is 600 "$(stat -c %a "$ROOT/etc/NetworkManager/system-connections/vz-venet0.nmconnection")"
	add starting 198.51.100.7
	output=$(content /etc/NetworkManager/system-connections/vz-venet0.nmconnection | tail -n 2 | xargs)
	is '[ipv6] method=ignore' "$output"
}

@test "network: what was written for a way that is not used any more goes" {
	local before
	debian_root
	echo 'iface eth0 inet dhcp' | file /etc/network/interfaces.d/eth0
	mkdir -p "$ROOT/etc/systemd/network" "$ROOT/etc/NetworkManager/system-connections" "$ROOT/etc/systemd/system/multi-user.target.wants"
	add starting "$START"
	knows /etc/network/interfaces.d/vz 198.51.100.7/32 2001:db8:5e::7/64
	enable NetworkManager.service
	add starting "$START"
	[ ! -e "$ROOT/etc/network/interfaces.d/vz" ] && [ -e "$ROOT/etc/network/interfaces.d/eth0" ]
	knows /etc/NetworkManager/system-connections/vz-venet0.nmconnection 198.51.100.7/32 2001:db8:5e::7/64
	enable systemd-networkd.service
	add starting "$START"
	[ ! -e "$ROOT/etc/NetworkManager/system-connections/vz-venet0.nmconnection" ]
	knows /etc/systemd/network/10-vz-venet0.network 198.51.100.7/32 2001:db8:5e::7/64
	before=$(etc_state)
	add starting "$START"
	is "$before" "$(etc_state)"
	rm "$ROOT/etc/systemd/system/multi-user.target.wants/"*
	file /etc/network/interfaces <<<'auto lo'
	add starting "$START"
	[ ! -e "$ROOT/etc/systemd/network/10-vz-venet0.network" ]
	knows /etc/network/interfaces 198.51.100.7/32 2001:db8:5e::7/64
	enable systemd-networkd.service
	add running 198.51.100.8
	is 'auto lo' "$(cat "$ROOT/etc/network/interfaces")"
}

# ---- Red Hat ----

@test "network: Red Hat's initscripts get an ifcfg file" {
	mkdir -p "$ROOT/etc/sysconfig/network-scripts"
	echo 'NETWORKING=yes' | file /etc/sysconfig/network
	keeps_books /etc/sysconfig/network-scripts/ifcfg-venet0
	add starting "$START 198.51.100.8/24 2001:db8:5e::8 2001:db8:5e::9"
	is 'DEVICE=venet0
ONBOOT=yes
BOOTPROTO=none
NM_CONTROLLED=no
ARPCHECK=no
IPADDR=198.51.100.7
PREFIX=32
IPADDR1=198.51.100.8
PREFIX1=24
GATEWAYDEV=venet0
IPV6INIT=yes
IPV6_AUTOCONF=no
IPV6ADDR=2001:db8:5e::7/64
IPV6_DEFAULTDEV=venet0
IPV6ADDR_SECONDARIES="2001:db8:5e::8/128 2001:db8:5e::9/128"' "$(content /etc/sysconfig/network-scripts/ifcfg-venet0)"
}

# ---- SUSE ----

@test "network: SUSE gets an ifcfg file and its routes" {
	echo 'NETCONFIG_DNS_POLICY="auto"' | file /etc/sysconfig/network/config
	keeps_books /etc/sysconfig/network/ifcfg-venet0
	add starting "$START 198.51.100.8"
	is "STARTMODE='auto'
BOOTPROTO='static'
IPADDR='198.51.100.7/32'
IPADDR_1='198.51.100.8/32'
IPADDR_2='2001:db8:5e::7/64'" "$(content /etc/sysconfig/network/ifcfg-venet0)"
	is '0.0.0.0/0 - - venet0
::/0 - - venet0' "$(content /etc/sysconfig/network/ifroute-venet0)"
}

# ---- Arch ----

@test "network: Arch with netctl gets a profile that is started at boot" {
	local unit='/etc/systemd/system/multi-user.target.wants/netctl@vz\x2dvenet0.service'
	mkdir -p "$ROOT/etc/netctl" "$ROOT/etc/systemd/system/multi-user.target.wants"
	keeps_books /etc/netctl/vz-venet0
	add starting "$START"
	is /usr/lib/systemd/system/netctl@.service "$(readlink "$ROOT$unit")"
	# As netctl does it.
	output=$(bash -c '. "$1"; printf "%s\n" "$Interface $Connection $IP $ForceConnect" "${IPCustom[@]}"' - \
		"$ROOT/etc/netctl/vz-venet0")
	is 'venet0 ethernet no yes
addr replace 198.51.100.7/32 dev venet0
addr replace 2001:db8:5e::7/64 dev venet0
route replace default dev venet0
-6 route replace default dev venet0' "$output"
}

@test "network: Arch with systemd-networkd and netctl uses the former" {
	mkdir -p "$ROOT/etc/netctl"
	enable systemd-networkd.service
	add starting 198.51.100.7
	knows /etc/systemd/network/10-vz-venet0.network 198.51.100.7/32
	is '' "$(ls "$ROOT/etc/netctl")"
}

# ---- Gentoo ----

@test "network: Gentoo gets lines in conf.d/net, and the service that reads them" {
	mkdir -p "$ROOT/etc/runlevels/default"
	: | file /etc/init.d/net.lo
	printf 'config_eth0="dhcp"\n' | file /etc/conf.d/net
	keeps_books /etc/conf.d/net
	add starting "$START"
	is net.lo "$(readlink "$ROOT/etc/init.d/net.venet0")"
	is /etc/init.d/net.venet0 "$(readlink "$ROOT/etc/runlevels/default/net.venet0")"
	# Words, as netifrc takes them: an address a line.
	output=$(sh -c '. "$1"; echo "$config_eth0|$config_venet0|$routes_venet0|"' - "$ROOT/etc/conf.d/net")
	is 'dhcp|
198.51.100.7/32
2001:db8:5e::7/64
|
default
-6 default
|' "$output"
}

# ---- files of others ----

@test "network: files that OpenVZ wrote are replaced" {
	file /etc/network/interfaces <<-'EOF'
		# This configuration file is auto-generated.
		#
		# WARNING: Do not edit this file, your changes will be lost.
		auto lo
		iface lo inet loopback
		auto venet0
		iface venet0 inet static
			address 127.0.0.2
		auto venet0:0
		iface venet0:0 inet static
			address 198.51.100.1
		# of interfaces.tail
	EOF
	echo '# of interfaces.tail' | file /etc/network/interfaces.tail
	add starting 198.51.100.7
	is 'auto lo
iface lo inet loopback

auto venet0
iface venet0 inet manual
	up ip link set $IFACE up
	up ip addr replace 198.51.100.7/32 dev $IFACE
	up ip route add default dev $IFACE 2>/dev/null || true
# of interfaces.tail
# End of what vzctl wrote.' "$(content /etc/network/interfaces)"

	rm -r "$ROOT/etc/network"
	printf 'DEVICE=venet0\nBOOTPROTO=static\nONBOOT=yes\nIPADDR=127.0.0.1\n' |
		file /etc/sysconfig/network-scripts/ifcfg-venet0
	printf 'DEVICE=venet0:0\nIPADDR=198.51.100.1\n' | file /etc/sysconfig/network-scripts/ifcfg-venet0:0
	printf 'DEVICE=eth0:0\n' | file /etc/sysconfig/network-scripts/ifcfg-eth0:0
	add starting 198.51.100.7
	knows /etc/sysconfig/network-scripts/ifcfg-venet0 198.51.100.7/32
	is "ifcfg-eth0:0 ifcfg-venet0" "$(ls "$ROOT/etc/sysconfig/network-scripts" | xargs)"
}

@test "network: a file of our name that the user wrote stays" {
	local before
	debian_root
	echo '# mine' | file /etc/network/interfaces.d/vz
	before=$(etc_state)
	rc_is 0 add starting 198.51.100.7
	is "'/etc/network/interfaces.d/vz' is not of vzctl's making and stays as it is" "$output"
	rc_is 0 del running '' IPDELALL=yes
	is "$before" "$(etc_state)"
}

# ---- in a network namespace: what a boot and a restart come to ----

# with_device COMMAND: run a shell command in the tree, in a network namespace of its own where the device is
# as vzctl makes it; $1 there is what the addresses are then, in a line.
with_device()
{
	timeout "$(patience 30)" unshare --net sh -euc '
		ip link add venet0 type veth peer name host
		ip link set host up
		ip link set venet0 arp off up
		ip addr add 198.51.100.7/32 dev venet0
		ip -6 addr add 2001:db8:5e::7/64 dev venet0
		ip route add default dev venet0
		ip -6 route add default dev venet0
		state() {
			ip -o addr show dev venet0 scope global | awk "{ print \$4 }" | sort | xargs
			ip route show default | xargs
			ip -6 route show default dev venet0 | cut -d " " -f 1
		}
		state >"$2"
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$1" /bin/sh -euc "$3"
		state >"$4"' - "$ROOT" "$BATS_TEST_TMPDIR/before" "$1" "$BATS_TEST_TMPDIR/after"
	is "198.51.100.7/32 2001:db8:5e::7/64
default dev venet0 scope link
default" "$(cat "$BATS_TEST_TMPDIR/before")"
	is "$(cat "$BATS_TEST_TMPDIR/before")" "$(cat "$BATS_TEST_TMPDIR/after")"
}

alpine_root()
{
	: | file /etc/alpine-release
	file /etc/network/interfaces <<-'EOF'
		auto lo
		iface lo inet loopback
	EOF
	mkdir -p "$ROOT"/etc/network/if-{pre-up,up,down,pre-down,post-down}.d "$ROOT/var/run" "$ROOT/run"
}

@test "network: Alpine's BusyBox takes our lines at boot, and a restart comes out the same" {
	alpine_root
	keeps_books /etc/network/interfaces
	add starting "$START"
	with_device 'ifup -a; ifdown -a; ip link set venet0 down; ip addr flush dev venet0; ifup -a'
}

@test "network: Void's rc.local is told, its own lines last, and dhcpcd keeps off the device" {
	mkdir -p "$ROOT/etc/runit/runsvdir"
	printf '#!/bin/sh\necho mine >/mine\nexit 0\n' | file /etc/rc.local
	chmod 0755 "$ROOT/etc/rc.local"
	echo 'interface eth0' | file /etc/dhcpcd.conf
	keeps_books /etc/rc.local
	add starting "$START"
	is 755 "$(stat -c %a "$ROOT/etc/rc.local")"
	is '#!/bin/sh' "$(head -n 1 "$ROOT/etc/rc.local")"
	is 'denyinterfaces venet0' "$(sed -n 2p "$ROOT/etc/dhcpcd.conf")"
	is 'interface eth0' "$(tail -n 1 "$ROOT/etc/dhcpcd.conf")"
	with_device '/etc/rc.local; ip link set venet0 down; ip addr flush dev venet0; rm /mine; /etc/rc.local'
	is mine "$(cat "$ROOT/mine")"
}

# ---- in a Debian container ----

# debian_with_device: container 101 runs, its device and addresses are as vzctl makes them.
debian_with_device()
{
	vzctl --quiet create 101 --ostemplate debian-12
	vzctl --quiet start 101 --wait
	vzctl exec 101 'ip link add venet0 type veth peer name host && ip link set host up &&
		ip link set venet0 arp off up && ip addr add 198.51.100.7/32 dev venet0 &&
		ip -6 addr add 2001:db8:5e::7/64 dev venet0 &&
		ip route add default dev venet0 && ip -6 route add default dev venet0'
}

tell() { script_text "$1" net.sh | vzctl exec3 101 env NETDEV=venet0 IPV6=yes VE_STATE=running "IP_ADDR=$2" bash; }

addresses_inside()
{
	vzctl exec 101 'ip -o addr show dev venet0 scope global | awk "{ print \$4 }" | sort | xargs
		ip route show default | grep -o "^default dev venet0"
		ip -6 route show default | grep -o "^default dev venet0"'
}
has_all() { [ "$(addresses_inside)" = "$want" ]; }

# restart_keeps COMMAND…: each a restart of the network inside, after which all is as before.
restart_keeps()
{
	local command want
	want=$(addresses_inside)
	is "198.51.100.7/32 198.51.100.8/32 2001:db8:5e::7/64 default dev venet0 default dev venet0" "$(xargs <<<"$want")"
	for command; do
		rc_is 0 vzctl exec2 101 "$command"
		wait_for 10 has_all || { echo "after $command:"; addresses_inside; return 1; }
	done
	is '' "$(vzctl exec 101 systemctl --failed --no-legend --plain)"
}

# bats test_tags=core
@test "network: a Debian container has its addresses after its network was restarted, and after ifdown" {
	debian_with_device
	tell ADD_IP "$START 198.51.100.9"
	tell DEL_IP 198.51.100.9
	vzctl exec 101 ip addr add 198.51.100.8/32 dev venet0
	tell ADD_IP 198.51.100.8
	restart_keeps 'systemctl restart networking' 'systemctl restart networking' 'ifdown venet0; ip addr flush dev venet0; ifup venet0'
}

@test "network: addresses of create, of start and of set outlive a restart of Debian's network, and a boot" {
	net_setup
	vzctl --quiet create 101 --ostemplate debian-12 --ipadd 198.51.100.7 --ipadd 2001:db8:5e::7/64 --ipadd 198.51.100.9
	vzctl --quiet start 101 --wait
	vzctl --quiet set 101 --ipadd 198.51.100.8 --ipdel 198.51.100.9 --save
	restart_keeps 'systemctl restart networking' 'ifdown venet0; ifup venet0'
	rc_is 0 vzctl exec2 101 'ping -c 1 -W 5 -I 198.51.100.8 198.51.100.200 && ping -c 1 -W 5 2001:db8:5e::200'
	vzctl --quiet restart 101 --wait
	restart_keeps 'systemctl restart networking'
	vzctl --quiet set 101 --ipdel all --save
	is '' "$(vzctl exec 101 cat /etc/network/interfaces.d/vz 2>/dev/null)"
	vzctl --quiet restart 101 --wait
	is running "$(vzctl exec 101 systemctl is-system-running)"
}

@test "network: a Debian container with systemd-networkd has its addresses after its restart" {
	debian_with_device
	vzctl exec 101 systemctl --quiet enable --now systemd-networkd
	tell ADD_IP "$START"
	vzctl exec 101 ip addr add 198.51.100.8/32 dev venet0
	tell ADD_IP 198.51.100.8
	restart_keeps 'networkctl reload' 'systemctl restart systemd-networkd' 'networkctl reconfigure venet0' \
		'systemctl stop systemd-networkd.socket systemd-networkd; ip addr flush dev venet0; systemctl start systemd-networkd'
}

# ---- what goes wrong ----

@test "network: a file of ours that somebody removed comes back with all addresses, at the next change" {
	local connection=/etc/NetworkManager/system-connections/vz-venet0.nmconnection
	debian_with_device
	vzctl exec 101 'ln -s /usr/lib/systemd/system/NetworkManager.service /etc/systemd/system/multi-user.target.wants/'
	tell ADD_IP "$START"
	vzctl exec 101 "rm $connection && ip addr add 198.51.100.8/32 dev venet0"
	tell ADD_IP 198.51.100.8
	run vzctl exec 101 cat $connection
	line "address1=198.51.100.7/32" "address2=198.51.100.8/32" "address1=2001:db8:5e::7/64"
	vzctl exec 101 "rm $connection && ip addr del 198.51.100.7/32 dev venet0"
	tell DEL_IP 198.51.100.7
	run vzctl exec 101 cat $connection
	line "address1=198.51.100.8/32" "address1=2001:db8:5e::7/64"
	has_not 198.51.100.7
}

@test "network: a configuration that cannot be edited stays, and the start goes on" {
	debian_root
	truncate -s 1T "$ROOT/etc/network/interfaces"
	rc_is 0 add starting "$START"
	has "is larger than"
	is 1099511627776 "$(stat -c %s "$ROOT/etc/network/interfaces")"
	[ ! -e "$ROOT/etc/network/interfaces.d/vz" ]
}

@test "network: a system nobody has described is left alone" {
	local before
	before=$(etc_state)
	add starting "$START"
	del running 198.51.100.7
	is "$before" "$(etc_state)"
}

@test "network: words of the user's in our list are words, no patterns and no commands" {
	debian_root
	mkdir -p "$ROOT/etc/network"
	printf '# Written by vzctl, and written anew when addresses change; these are here: * $(touch /bad) `touch /bad` ;touch /bad\n' |
		file /etc/network/interfaces.d/vz
	add running 198.51.100.7
	output=$(content /etc/network/interfaces.d/vz)
	line '	up ip addr replace */32 dev $IFACE'
	[ ! -e "$ROOT/bad" ]
}

@test "network: the names users give to templates are known" {
	local name
	for name in debian ubuntu devuan raspbian centos fedora rhel redhat scientific oracle rocky almalinux cloudlinux \
		vzlinux opensuse sles suse alpine arch archlinux gentoo funtoo void; do
		grep -q '^ADD_IP=net.sh' "$PREFIX/etc/vz/dists/$name.conf" || { echo "$name is missing"; return 1; }
	done
	create_minimal 101
	sed -i 's/^OSTEMPLATE=.*/OSTEMPLATE="rocky-9-x86_64"/' "$(conf 101)"
	rc_is 0 vzctl --verbose start 101
	has_not "is not known"
	vzctl --quiet stop 101 --fast
	sed -i 's/^OSTEMPLATE=.*/OSTEMPLATE="nobody-9-x86_64"/' "$(conf 101)"
	rc_is 0 vzctl --verbose start 101
	has "distribution of template 'nobody-9-x86_64' is not known"
}
