#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Limits of what goes through a container's venet and its devices on bridges, measured with a few megabytes
# between a container and a client, in networks of the test's own (net_setup).

# shellcheck disable=SC2154 # out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	net_setup
	need_template minimal
	WHO=$PREFIX/who
	export WHO
	# glibc says of a static getaddrinfo() that it would need its libraries: not for numbers.
	"${CC:-gcc}" -Wall -Wextra -O1 -static -o "$WHO" "$TOP/tests/lib/who.c" 2>/dev/null
	# The client is on a bridge of the host's, too.
	on_host ip link add br0 type bridge
	on_host ip link set br0 up
	net_pair "$PREFIX/net/host" lan0 "$PREFIX/net/client" lan0
	on_host ip link set lan0 master br0
	net_address "$PREFIX/net/client" lan0 2001:db8:5e:1::200/64
	net_state >"$BATS_FILE_TMPDIR/before"
}
teardown_file() { host_teardown; }
teardown()
{
	destroy_all
	is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
}

# running ID [OPTION…]: a container with these parameters, and in it /who.
running()
{
	create_minimal "$1" --ipadd "198.51.100.$1" --ipadd "2001:db8:5e::$1"
	[ $# -eq 1 ] || vzctl --quiet set "$@" --save
	vzctl --quiet start "$1"
	vzctl exec "$1" 'cat >/who && chmod 0755 /who' <"$WHO"
}

# out_of ID [TO [N]], in_to ID [TO [N]]: Mbit/s of N (four) megabytes from a container to the client, and from there to it.
out_of()
{
	on_client "$WHO" measure 9 >"$BATS_TEST_TMPDIR/speed" 3>&- &
	vzctl exec2 "$1" /who pour "${2:-198.51.100.200}" 9 "${3:-4}"
	wait $!
	cat "$BATS_TEST_TMPDIR/speed"
}
in_to()
{
	vzctl exec2 "$1" /who measure 9 >"$BATS_TEST_TMPDIR/speed" 3>&- &
	on_client "$WHO" pour "${2:-198.51.100.$1}" 9 "${3:-4}"
	wait $!
	cat "$BATS_TEST_TMPDIR/speed"
}

# Whatever else the machine does: never more than 5 % above, and hardly much below.
is_about()
{
	echo "measured: $2, to be: $1"
	[ "$2" -le $(($1 * 105 / 100)) ]
	[ "$2" -ge $(($1 * 60 / 100)) ]
}
is_free()
{
	echo "measured: $1, to be without a limit"
	[ "$1" -gt 100 ]
}

# The host's device of container 101.
device() { on_host ip -o route get 198.51.100.101 | sed 's/.* dev \([^ ]*\).*/\1/'; }

@test "rate: what goes in and what goes out is limited while the container runs, and no longer" {
	running 101
	rc_is 0 vzctl set 101 --rate '*:1:40000' --ratebound yes --save
	is_about 40 "$(out_of 101)"
	is_about 40 "$(out_of 101 2001:db8:5e::200)"
	is_about 40 "$(in_to 101)"
	rc_is 0 vzctl set 101 --rate '*:1:80000' --save
	is_about 80 "$(out_of 101)"
	is_about 80 "$(in_to 101)"
	rc_is 0 vzctl set 101 --ratebound no --save
	has "RATE: kept, not enforced"
	is_free "$(out_of 101)"
	is_free "$(in_to 101)"
	is "qdisc noqueue" "$(on_host tc qdisc show dev "$(device)" | cut -d ' ' -f 1,2)"
}

@test "rate: a limit holds from the start on, between containers too, and goes with the stop" {
	running 101 --rate 'eth0:1:30000 eth1:1:10000' --ratebound yes
	running 102
	is_about 40 "$(out_of 101)"
	is_about 40 "$(in_to 101)"
	vzctl exec2 102 /who measure 9 >"$BATS_TEST_TMPDIR/speed" 3>&- &
	vzctl exec2 101 /who pour 198.51.100.102 9 4
	wait $!
	is_about 40 "$(cat "$BATS_TEST_TMPDIR/speed")"
	# Nobody else is.
	is_free "$(out_of 102)"
	vzctl --quiet stop 102 --fast
	vzctl --quiet stop 101 --fast
	is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
}

@test "rate: what its root does inside does not lift the limit" {
	running 101 --rate '*:1:40000' --ratebound yes
	vzctl exec 101 'tc qdisc del dev venet0 root; tc qdisc del dev venet0 clsact; ip link set venet0 txqueuelen 10000' || :
	is_about 40 "$(out_of 101)"
	is_about 40 "$(in_to 101)"
	# A device that is made anew is limited, too.
	vzctl exec 101 'ip link del venet0'
	vzctl --quiet set 101 --ipadd 198.51.100.103 --ipadd 198.51.100.101
	is_about 40 "$(out_of 101)"
	is_about 40 "$(in_to 101)"
}

@test "rate: without --ratebound nothing is limited" {
	running 101
	rc_is 0 vzctl set 101 --rate 'eth0:1:1000' --save
	has "RATE: kept, not enforced: bandwidth cannot be guaranteed, only limited (--ratebound yes)"
	is_free "$(out_of 101)"
	is "eth0:1:1000" "$(conf_value 101 RATE)"
}

# bridged ID [OPTION…]: a running container with a device on the bridge, and in it /who.
bridged()
{
	create_minimal "$1"
	vzctl --quiet set "$1" --netif_add eth0,,,,br0 --ifname eth0 --ipadd "2001:db8:5e:1::$1/64" "${@:2}" --save
	vzctl --quiet start "$1"
	vzctl exec "$1" 'cat >/who && chmod 0755 /who' <"$WHO"
}

# Of these limits a second's worth goes at once: that first, and then what is measured.
is_held()
{
	"$@" 6 >/dev/null
	speed=$("$@" 12)
	echo "measured: $speed, to be: 40"
	[ "$speed" -le 52 ]
	[ "$speed" -ge 24 ]
}

@test "rate: a device on a bridge is limited while the container runs, and no longer" {
	bridged 101
	is_free "$(out_of 101 2001:db8:5e:1::200)"
	rc_is 0 vzctl set 101 --rate '*:1:40000' --ratebound yes --save
	is_held out_of 101 2001:db8:5e:1::200
	is_held in_to 101 2001:db8:5e:1::101
	rc_is 0 vzctl set 101 --ratebound no --save
	is_free "$(out_of 101 2001:db8:5e:1::200)"
	is_free "$(in_to 101 2001:db8:5e:1::101)"
	run on_host nft list ruleset
	has_not slow
}

@test "rate: a device on a bridge is limited from the start on, filtered or not, and a new one, too" {
	bridged 101 --rate '*:1:40000' --ratebound yes --ifname eth0 --mac_filter off
	run on_host nft list ruleset
	has_not "chain in-"
	is_held in_to 101 2001:db8:5e:1::101
	rc_is 0 vzctl set 101 --ifname eth0 --mac_filter on --host_ifname other0 --save
	is_held out_of 101 2001:db8:5e:1::200
	vzctl --quiet set 101 --netif_add eth1,,second0,,br0
	run on_host nft list ruleset
	has "chain in-other0" "chain slow-in-second0" "chain slow-out-second0" "chain in-second0"
	vzctl --quiet set 101 --netif_del eth1
	run on_host nft list ruleset
	has_not second0
	vzctl --quiet stop 101 --fast
	is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
}

@test "rate: what is no rate is refused" {
	create_minimal 101
	for r in 1000 eth0:1000 eth0:1:0 eth0:1:x eth0:16:1000 :1:1000 eth0::1000 eth0:1:1000:1 eth0:1:1000000001; do
		rc_is 21 vzctl set 101 --save --rate "$r"
		has "Bad parameter for --rate: $r"
	done
	is "<unset>" "$(conf_value 101 RATE)"
}

@test "rate: without tc a limit is refused, with what to install" {
	running 101
	before=$(net_state)
	rc_is 3 on_host unshare -m sh -c 'mount --bind /dev/null "$(command -v tc)" && exec "$@"' sh \
		"$BUILD/vzctl" --prefix "$PREFIX" set 101 --rate '*:1:1000' --ratebound yes --save
	has "the program tc is needed for --rate of container 101 (install iproute2)"
	is "$before" "$(net_state)"
	is "<unset>" "$(conf_value 101 RATE)"
}
