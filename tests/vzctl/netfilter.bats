#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# netfilter inside: what containers filter in their own network, with the real programs, and that --netfilter
# disabled keeps it from them.

# shellcheck disable=SC2154,SC2016 # output is from bats; text for other shells
load ../lib/helpers

setup_file()
{
	require nft iptables-nft ip6tables-nft
	unshare -n nft add table inet probe || skip "the kernel has no nftables"
	probe_setup
	net_setup
	pack_programs nft iptables-nft ip6tables-nft
}
teardown_file() { host_teardown; }
teardown() { destroy_all; }

# pack_programs NAME…: the host's own, and the libraries they load, as $PREFIX/programs.tar.
pack_programs()
{
	local name
	for name; do
		command -v "$name"
		ldd "$(command -v "$name")" | grep -o '/[^ ]*'
	done >"$PREFIX/programs"
	# What iptables loads by name lies beside the library that does it.
	ls "$(realpath "$(sed -n 's|/libxtables\.so.*||p' "$PREFIX/programs" | head -n 1)")"/xtables/*_{standard,tcp,MASQUERADE}.so >>"$PREFIX/programs"
	sort -u "$PREFIX/programs" | tar --dereference -cPf "$PREFIX/programs.tar" -T -
}

# running ID [OPTION…]: a container with these programs.
running()
{
	create_minimal "$1" --ipadd "198.51.100.$1"
	[ $# -eq 1 ] || vzctl --quiet set "$@" --save
	vzctl --quiet start "$1"
	vzctl exec "$1" 'tar -xf - -C /' <"$PREFIX/programs.tar" 2>/dev/null
}

ping_client() { vzctl exec2 101 ping -c "$1" -W 5 198.51.100.200 >/dev/null; }
inside() { vzctl exec2 101 "$@"; }

# bats test_tags=core
@test "netfilter: nft works inside, its rules count and drop, and the host's stay what they are" {
	local before
	running 101
	before=$(on_host nft list ruleset)
	inside 'nft -f - <<-END
		table inet t {
			chain out {
				type filter hook output priority 0
				ip daddr 198.51.100.200 ct state new counter
				ip daddr 198.51.100.1 drop
			}
		}
		END'
	ping_client 1
	ping_client 1
	run inside nft list table inet t
	has "counter packets 2 bytes"
	rc_is 1 vzctl exec3 101 ping -c 1 -W 1 198.51.100.1
	is "$before" "$(on_host nft list ruleset)"
	# Nor can it see or flush the host's.
	inside nft flush ruleset
	is "$before" "$(on_host nft list ruleset)"
	rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.1
}

@test "netfilter: iptables-nft and ip6tables-nft work inside, with their matches and translation" {
	running 101
	inside 'iptables-nft -A OUTPUT -p icmp -d 198.51.100.200 -j ACCEPT && ip6tables-nft -A INPUT -p tcp --dport 25 -j DROP &&
		iptables-nft -t nat -A POSTROUTING -o venet0 -j MASQUERADE'
	ping_client 3
	run inside iptables-nft -L OUTPUT -v -n -x
	grep -Eq '^ +3 +252 +ACCEPT' <<<"$output"
	run inside ip6tables-nft -S INPUT
	line "-A INPUT -p tcp -m tcp --dport 25 -j DROP"
	run inside iptables-nft -t nat -S
	line "-A POSTROUTING -o venet0 -j MASQUERADE"
}

# bats test_tags=core
@test "netfilter: with --netfilter disabled there is none, for any program, and the network works" {
	running 101 --netfilter disabled --features io_uring:on
	put_probe 101
	is EPROTONOSUPPORT "$(probe 101 nft)"
	for words in 'nft list ruleset' 'nft add table inet t' 'iptables-nft -A OUTPUT -j DROP'; do
		run vzctl exec3 101 $words
		[ "$status" -ne 0 ]
	done
	# It could make such a socket unseen.
	is ENOSYS "$(probe 101 io_uring_setup)"
	ping_client 1
	rc_is 0 vzctl set 101 --netfilter full --setmode restart --save
	is ok "$(probe 101 nft)"
}

@test "netfilter: what is not enforced is said, and kept" {
	create_minimal 101
	rc_is 0 vzctl set 101 --netfilter stateless --save
	line "NETFILTER=stateless: kept, not enforced: of netfilter a container has all or, disabled, nothing"
	is stateless "$(conf_value 101 NETFILTER)"
	rc_is 0 vzctl set 101 --iptables "iptable_filter ipt_REJECT" --save
	line "WARNING: --iptables is obsoleted by --netfilter: kept, not enforced"
	rc_is 0 vzctl set 101 --netfilter full --save
	has_not kept
	rc_is 21 vzctl set 101 --netfilter some --save
	has "Incorrect netfilter value: some"
}
