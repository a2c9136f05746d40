#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# arpsend, ndsend, vzifup-post: what neighbours are told and asked. A host and a client are two networks of
# the test's own (net_setup); what the client's kernel believes afterwards is what counts.

# shellcheck disable=SC2154 # variables of the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	net_setup
	HOST_MAC=$(mac on_host) CLIENT_MAC=$(mac on_client)
	export HOST_MAC CLIENT_MAC
}
teardown_file() { host_teardown; }
teardown()
{
	on_client ip neigh flush dev eth0
	on_client ip neigh flush dev eth0 nud permanent
	on_host ip neigh flush proxy
	rm -rf "$PREFIX/var/lib/vzctl/veip"
	sed -i '/^NEIGHBOUR_DEVS=/d' "$PREFIX/etc/vz/vz.conf"
}

mac() { "$1" ip -o link show dev eth0 | sed 's/.*ether \([^ ]*\) .*/\1/'; }

arpsend() { on_host timeout "$(patience 20)" "$BUILD/arpsend" "$@"; }
ndsend() { on_host timeout "$(patience 20)" "$BUILD/ndsend" "$@"; }
vzifup_post() { on_host env PATH="$BUILD:$PATH" "$TOP/utils/vzctl/scripts/vzifup-post" --prefix "$PREFIX" "$@"; }

# wrong ADDRESS…: the client believes that somebody else has them.
wrong()
{
	local a
	for a; do
		on_client ip neigh replace "$a" lladdr 02:00:00:00:00:99 nud stale dev eth0
	done
}

# believes ADDRESS MAC: the client does.
believes() { [ "$(on_client ip neigh show "$1" dev eth0 | awk '{ print $3 }')" = "$2" ]; }

# told ADDRESS MAC COMMAND…: after the command the client believes that. It does not change its mind twice
# in a second, so the command is repeated.
told()
{
	local address=$1 mac=$2
	shift 2
	again() { "$@" && believes "$address" "$mac"; }
	believes "$address" 02:00:00:00:00:99
	wait_for 5 again "$@"
}

# sees COMMAND…: the first frame of ARP or neighbour discovery that arrives at the client when the host does
# that, in hexadecimal digits.
sees()
{
	on_client python3 -c '
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(("eth0", 3))
s.settimeout(30)
open(sys.argv[1], "w").close()
while True:
    f = s.recv(2048)
    if f[12:14] == b"\x08\x06" or (f[12:14] == b"\x86\xdd" and f[20] == 58 and f[54] == 136):
        print(f.hex())
        break' "$BATS_TEST_TMPDIR/ready" >"$BATS_TEST_TMPDIR/seen" 3>&- &
	wait_for 5 test -e "$BATS_TEST_TMPDIR/ready"
	"$@"
	wait_for 5 test -s "$BATS_TEST_TMPDIR/seen"
	wait
	cat "$BATS_TEST_TMPDIR/seen"
}

# hex MAC: its digits.
hex() { echo "${1//:/}"; }

@test "arpsend: -U tells everybody who has an address" {
	wrong 198.51.100.50
	told 198.51.100.50 "$HOST_MAC" arpsend -c 1 -w 1 -U -i 198.51.100.50 -e 198.51.100.50 eth0
	is "ffffffffffff$(hex "$HOST_MAC")0806 0001080006040001 $(hex "$HOST_MAC")c6336432 000000000000c6336432" \
		"$(sees arpsend --update --src-ip 198.51.100.50 eth0 | sed -E 's/(.{28})(.{16})(.{20})/\1 \2 \3 /')"
}

@test "arpsend: -U of an IPv6 address is ndsend" {
	wrong 2001:db8:5e::50
	told 2001:db8:5e::50 "$HOST_MAC" arpsend -c 1 -w 1 -U -i 2001:db8:5e::50 -e 2001:db8:5e::50 eth0
	rc_is 1 arpsend -D -e 2001:db8:5e::50 eth0
	has "only -U knows IPv6"
}

@test "arpsend: -D finds out whether somebody has an address" {
	rc_is 3 arpsend -c 1 -w 1 -D -e 198.51.100.200 eth0
	is "arpsend: 198.51.100.200 is detected on another computer : $CLIENT_MAC" "$output"
	rc_is 0 arpsend -c 1 -w 1 -D -e 198.51.100.77 eth0
	is "" "$output"
	rc_is 3 arpsend --detect --count 1 --timeout 1 -e 198.51.100.77 -e 198.51.100.200 eth0
	has "198.51.100.200 is detected"
	# Our own address is no duplicate, and nobody learns anything from the question.
	rc_is 0 arpsend -D -e 198.51.100.1 eth0
	wrong 198.51.100.1
	rc_is 3 arpsend -D -e 198.51.100.200 -o eth0
	believes 198.51.100.1 02:00:00:00:00:99
}

@test "arpsend: -Q asks, and says who answered" {
	rc_is 0 arpsend -Q -e 198.51.100.200 -c 1 -w 1 eth0
	is "arpsend: 198.51.100.200 is at $CLIENT_MAC" "$output"
	rc_is 4 arpsend --request -e 198.51.100.77 -c 2 -w 1 eth0
	is "" "$output"
}

@test "arpsend: -o does not wait for more than one answer" {
	local at=$SECONDS
	rc_is 0 arpsend -Q -o -c 5 -w 10 -e 198.51.100.200 eth0
	is 1 "$(grep -c . <<<"$output")"
	rc_is 3 arpsend -D --at-once -c 5 -w 10 -e 198.51.100.200 eth0
	[ $((SECONDS - at)) -lt "$(patience 10)" ]
}

@test "arpsend: COUNT frames, SEC seconds apart" {
	local at=$EPOCHREALTIME
	rc_is 0 arpsend -v -U -c 3 -w 1 -i 198.51.100.50 eth0
	at=$(((${EPOCHREALTIME/./} - ${at/./}) / 1000))
	[ $at -ge 2000 ] || { echo "took $at ms"; return 1; }
	is 3 "$(grep -cFx 'eth0: request of 198.51.100.50 for 198.51.100.50' <<<"$output")"
}

@test "arpsend: -P replies, and each address of a frame can be given" {
	wrong 198.51.100.51
	told 198.51.100.51 02:00:00:00:00:aa arpsend -P -i 198.51.100.51 -e 198.51.100.200 -S 02:00:00:00:00:aa eth0
	is "$(hex "$CLIENT_MAC")0200000000010806 0001080006040002 020000000002c6336433 020000000003c63364c8" \
		"$(sees arpsend --reply --src-ip 198.51.100.51 --trg-ip 198.51.100.200 --src-hw 2:0:0:0:0:1 \
			--trg-hw "$CLIENT_MAC" --src-arp 2:0:0:0:0:2 --trg-arp 2:0:0:0:0:3 eth0 |
			sed -E 's/(.{28})(.{16})(.{20})/\1 \2 \3 /')"
}

@test "arpsend: a wrong command line is 1, a device that cannot be used 2" {
	local line
	while read -r line; do
		# shellcheck disable=SC2086 # words
		rc_is 1 arpsend $line
		[ -n "$output" ]
	done <<-'EOF'

		eth0
		-U eth0
		-D eth0
		-P -i 198.51.100.1 eth0
		-U -D -i 198.51.100.1 -e 198.51.100.1 eth0
		-U -i 198.51.100 eth0
		-U -i 198.51.100.1
		-U -i 198.51.100.1 eth0 eth1
		-U -c 0 -i 198.51.100.1 eth0
		-U -w 1s -i 198.51.100.1 eth0
		-U -s 1:2:3 -i 198.51.100.1 eth0
		-U -X -i 198.51.100.1 eth0
		--help
	EOF
	for line in nosuch0 lo a-name-that-is-too-long; do
		rc_is 2 arpsend -U -i 198.51.100.1 $line
		has "arpsend: device '$line': "
	done
	rc_is 2 as_nobody_sends
	has "Operation not permitted"
}
as_nobody_sends()
{
	cp "$BUILD/arpsend" "$PREFIX/arpsend"
	on_host setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --inh-caps=-all \
		"$PREFIX/arpsend" -U -i 198.51.100.1 eth0
}

@test "ndsend: tells everybody who has an address" {
	wrong 2001:db8:5e::51
	told 2001:db8:5e::51 "$HOST_MAC" ndsend 2001:db8:5e::51 eth0
	# To all nodes; from the address, which nobody overhears as the host's; overriding what was known.
	output=$(sees ndsend 2001:db8:5e::51 eth0)
	is "333300000001$(hex "$HOST_MAC")86dd6000000000203aff" "${output:0:44}"
	is "20010db8005e00000000000000000051ff020000000000000000000000000001" "${output:44:64}"
	is "8800" "${output:108:4}"
	is "2000000020010db8005e000000000000000000510201$(hex "$HOST_MAC")" "${output:116}"
}

@test "ndsend: a wrong command line is 1, a device that cannot be used 2" {
	rc_is 1 ndsend
	rc_is 1 ndsend 2001:db8:5e::51
	rc_is 1 ndsend 198.51.100.1 eth0
	rc_is 1 ndsend ff02::1 eth0
	rc_is 1 ndsend :: eth0
	rc_is 1 ndsend 2001:db8:5e::51 eth0 eth1
	rc_is 2 ndsend 2001:db8:5e::51 nosuch0
	has "ndsend: device 'nosuch0': No such device"
}

# running ID ADDRESS…: as if a container ran with them.
running()
{
	mkdir -p "$PREFIX/var/lib/vzctl/veip"
	printf '%s\n' "${@:2}" >"$PREFIX/var/lib/vzctl/veip/$1"
}

answers_for() { on_host ip neigh show proxy | awk '{ print $1, $3 }' | sort | xargs; }

@test "vzifup-post: a device that came up again is told about the addresses of all containers" {
	running 101 198.51.100.50 2001:db8:5e::50/64
	running 102 198.51.100.51/24
	on_host ip link set eth0 down
	on_host ip link set eth0 up
	on_host ip addr replace 2001:db8:5e::1/64 dev eth0
	is "" "$(answers_for)"
	wrong 198.51.100.50 198.51.100.51 2001:db8:5e::50
	told 198.51.100.50 "$HOST_MAC" vzifup_post eth0
	wait_for 5 believes 198.51.100.51 "$HOST_MAC"
	wait_for 5 believes 2001:db8:5e::50 "$HOST_MAC"
	is "198.51.100.50 eth0 198.51.100.51 eth0 2001:db8:5e::50 eth0" "$(answers_for)"
	is 1 "$(on_host cat /proc/sys/net/ipv6/conf/eth0/proxy_ndp)"
	# As a hook calls it.
	wrong 198.51.100.51
	IFACE=eth0 told 198.51.100.51 "$HOST_MAC" vzifup_post
}

@test "vzifup-post: devices without neighbours, and such as NEIGHBOUR_DEVS leaves out, are none of its business" {
	running 101 198.51.100.50
	on_host ip link add dummy1 type veth peer name dummy2
	rc_is 0 vzifup_post lo
	rc_is 0 vzifup_post dummy1
	on_host ip link set dummy1 up
	rc_is 0 vzifup_post dummy1
	is "" "$(answers_for)"
	echo 'NEIGHBOUR_DEVS="list:eth1 eth2"' >>"$PREFIX/etc/vz/vz.conf"
	rc_is 0 vzifup_post eth0
	is "" "$(answers_for)"
	sed -i 's/^NEIGHBOUR_DEVS=.*/NEIGHBOUR_DEVS="detect"/' "$PREFIX/etc/vz/vz.conf"
	on_host ip addr add 203.0.113.1/24 dev dummy1
	rc_is 0 vzifup_post dummy1
	is "" "$(answers_for)"
	rc_is 0 vzifup_post eth0
	is "198.51.100.50 eth0" "$(answers_for)"
	on_host ip link del dummy1
}

@test "vzifup-post: a wrong command line and a device that is not there are 1" {
	rc_is 1 vzifup_post
	has "Usage:"
	rc_is 1 vzifup_post eth0 eth1
	rc_is 1 vzifup_post nosuch0
	rc_is 0 vzifup_post eth0
}
