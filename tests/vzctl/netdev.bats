#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# netdev: network devices of the host that are moved into a container, and come back. In a network of the
# test's own, which stands for the host's; nic0 and nic1 are two ends of a cable there.

load ../lib/helpers

setup_file()
{
	host_setup
	net_setup
	need_template minimal
	KILLAT=$PREFIX/killat
	export KILLAT
	"${CC:-gcc}" -Wall -Wextra -O1 -o "$KILLAT" "$TOP/tests/lib/killat.c"
}
teardown_file() { host_teardown; }
setup()
{
	net_pair "$PREFIX/net/host" nic0 "$PREFIX/net/host" nic1
	on_host ip addr add 198.51.100.129/25 dev nic1
	before=$(links)
}
teardown()
{
	eventd_stop
	destroy_all
	on_host ip link del nic1 2>/dev/null || :
	is "" "$(ls -A "$PREFIX/var/lib/vzctl/netdev" 2>/dev/null)"
}

# Who is there, by MAC.
links() { on_host ip -o link | sed 's/^[0-9]*: \([^:@]*\).*ether \([^ ]*\).*/\1 \2/' | sort; }

# bats test_tags=core
@test "netdev: a device of the host is the container's from start to stop" {
	create_minimal 101
	rc_is 0 vzctl set 101 --netdev_add nic0 --save
	is nic0 "$(conf_value 101 NETDEV)"
	rc_is 0 vzctl start 101
	rc_is 1 on_host ip link show nic0
	vzctl exec2 101 'ip link set nic0 up; ip addr add 198.51.100.130/25 dev nic0'
	rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.129
	rc_is 0 vzctl stop 101
	has_not Warning
	is "$before" "$(links)"
	rc_is 0 vzctl start 101
	rc_is 0 vzctl restart 101 --fast
	rc_is 0 in_net 101 ip link show nic0
	rc_is 0 vzctl stop 101 --fast
	is "$before" "$(links)"
	is_down 101
}

@test "netdev: devices come and go while the container runs" {
	create_minimal 101
	vzctl --quiet start 101
	rc_is 0 vzctl set 101 --netdev_add nic0 --save
	rc_is 0 in_net 101 ip link show nic0
	rc_is 0 vzctl set 101 --netdev-add nic0
	rc_is 0 vzctl set 101 --netdev_del nic0 --save
	is "$before" "$(links)"
	rc_is 0 vzctl set 101 --netdev_add "nic0 nic1"
	rc_is 0 in_net 101 ip link show nic1
	rc_is 0 vzctl set 101 --netdev_del all
	is "$before" "$(links)"
	# Set, but not saved: back at stop all the same.
	rc_is 0 vzctl set 101 --netdev_add nic0
	vzctl --quiet stop 101
	is "$before" "$(links)"
}

@test "netdev: what does not exist or cannot be had is refused, and the others stay where they are" {
	create_minimal 101
	vzctl --quiet start 101
	rc_is 104 vzctl set 101 --netdev_add nic0 --netdev_add nic7 --save
	has "the host has no network device 'nic7'"
	is "$before" "$(links)"
	vzctl exec2 101 ip link add nic1 type bridge
	rc_is 104 vzctl set 101 --netdev_add nic0 --netdev_add nic1
	has "container 101 has a network device 'nic1' already"
	is "$before" "$(links)"
	rc_is 21 vzctl set 101 --netdev_add lo
	rc_is 21 vzctl set 101 --netdev_add venet0
	rc_is 0 vzctl set 101 --netdev_del nic7
	vzctl --quiet stop 101 --fast
	vzctl --quiet set 101 --netdev_add nic0 --netdev_add nic7 --save
	rc_is 104 vzctl start 101
	is "$before" "$(links)"
	is_down 101
}

@test "netdev: a device of one container is not there for another" {
	create_minimal 101
	create_minimal 102
	vzctl --quiet set 101 --netdev_add nic0 --save
	vzctl --quiet set 102 --netdev_add nic0 --save
	vzctl --quiet start 101
	rc_is 104 vzctl start 102
	vzctl --quiet stop 101
	rc_is 0 vzctl start 102
}

@test "netdev: a start that fails later gives devices back" {
	create_minimal 101
	vzctl --quiet set 101 --netdev_add nic0 --save
	action 101.start <<<'exit 1'
	rc_is 79 vzctl start 101
	is "$before" "$(links)"
	is_down 101
}

@test "netdev: a virtual device ends with a container that ends by itself, and that is said" {
	create_minimal 101
	vzctl --quiet set 101 --netdev_add nic0 --save
	vzctl --quiet start 101
	vzctl exec 101 'kill -USR2 1' || :
	wait_for 60 sh -c "! nsenter --net='$PREFIX/net/host' ip link show nic1 >/dev/null 2>&1"
	rc_is 104 vzctl start 101
	has "the host has no network device 'nic0'"
	vzctl --quiet set 101 --netdev_del nic0 --save
	rc_is 0 vzctl start 101
	vzctl --quiet stop 101 --fast
	is_down 101
}

@test "netdev: one that its root renamed does not keep the container from stopping" {
	create_minimal 101
	vzctl --quiet set 101 --netdev_add nic0 --save
	vzctl --quiet start 101
	vzctl exec2 101 'ip link set nic0 down; ip link set nic0 name mine0'
	rc_is 0 vzctl stop 101 --fast
	has "Warning: cannot move back network device 'nic0'"
	is_down 101
}
