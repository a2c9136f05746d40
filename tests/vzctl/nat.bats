#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Containers with private addresses: masqueraded behind the host's own, and reached through its ports. All of
# it happens in networks of the test's own (net_setup); who is asked there answers whom he sees (lib/who.c).

# shellcheck disable=SC2154 # out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	net_setup
	need_template minimal
	WHO=$PREFIX/who KILLAT=$PREFIX/killat
	export WHO KILLAT
	# glibc says of a static getaddrinfo() that it would need its libraries: not for numbers.
	"${CC:-gcc}" -Wall -Wextra -O1 -static -o "$WHO" "$TOP/tests/lib/who.c" 2>/dev/null
	"${CC:-gcc}" -Wall -Wextra -O1 -o "$KILLAT" "$TOP/tests/lib/killat.c"
	cp "$PREFIX/etc/vz/vz.conf" "$BATS_FILE_TMPDIR/"
	net_state >"$BATS_FILE_TMPDIR/before"
	CLIENT=$(on_client "$WHO" serve client 7)
	export CLIENT
}
teardown_file()
{
	kill "$CLIENT"
	host_teardown
}
teardown()
{
	destroy_all
	[ -z "${server:-}" ] || kill "$server"
	cp "$BATS_FILE_TMPDIR/vz.conf" "$PREFIX/etc/vz/"
	on_host nft flush ruleset
	on_host ip addr del 198.51.100.9/32 dev eth0 2>/dev/null || :
	on_host ip addr del 192.168.5.1/24 dev eth0 2>/dev/null || :
	on_client ip addr del 192.168.5.200/24 dev eth0 2>/dev/null || :
	on_host sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	# Whatever a test did, the host's network is afterwards what it was.
	is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
}

# running ID [OPTION…]: a container with these parameters, and in it /who, which answers on ports 7 and 80.
running()
{
	create_minimal "$@"
	vzctl --quiet start "$1"
	serving "$1"
}
serving()
{
	vzctl exec "$1" 'cat >/who && chmod 0755 /who' <"$WHO"
	vzctl exec "$1" "/who serve $1 7 && /who serve $1 80" >/dev/null
}

# ask ID ADDRESS [PORT [tcp|udp]]: whom somebody sees who is asked from inside.
ask() { run vzctl exec2 "$1" /who ask "${4:-tcp}" "$2" "${3:-7}"; }
# seen TEXT ID ADDRESS …: the answer is this one; unreachable ID ADDRESS …: there is none.
seen() { ask "${@:2}"; is "$1" "$output"; }
unreachable() { ask "$@"; [ "$status" -ne 0 ]; has_not sees; }

# The chain of ours that masquerades.
chain() { prefix_tag; on_host nft list chain inet "vz-$PREFIX_TAG" private 2>&1; }
no_chain() { run chain; has "No such file or directory"; }

# ---- masquerading ----

# bats test_tags=core
@test "nat: a container with a private address reaches the world behind the host's address" {
	running 101 --ipadd 10.5.0.101 --ipadd fd00:5e::101
	seen "client sees 198.51.100.1" 101 198.51.100.200
	seen "client sees 198.51.100.1" 101 198.51.100.200 7 udp
	seen "client sees 2001:db8:5e::1" 101 2001:db8:5e::200
	rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.200
	rc_is 0 vzctl exec2 101 ping6 -c 1 -W 5 2001:db8:5e::200
	# Each of the ranges.
	vzctl --quiet set 101 --ipdel all --ipadd 172.31.0.1
	seen "client sees 198.51.100.1" 101 198.51.100.200
	vzctl --quiet set 101 --ipdel all --ipadd 192.168.5.1
	seen "client sees 198.51.100.1" 101 198.51.100.200
	vzctl --quiet set 101 --ipdel all --ipadd 100.127.0.1
	seen "client sees 198.51.100.1" 101 198.51.100.200
}

@test "nat: between containers, and to the host, addresses stay what they are" {
	running 101 --ipadd 10.5.0.101 --ipadd fd00:5e::101
	running 102 --ipadd 10.5.0.102 --ipadd fd00:5e::102
	seen "102 sees 10.5.0.101" 101 10.5.0.102
	seen "102 sees fd00:5e::101" 101 fd00:5e::102
	server=$(on_host "$WHO" serve host 7)
	seen "host sees 10.5.0.101" 101 198.51.100.1
	seen "host sees fd00:5e::101" 101 2001:db8:5e::1
}

@test "nat: an address of a public range is left alone, and no rule is made for it" {
	running 101 --ipadd 198.51.100.101 --ipadd 2001:db8:5e::101
	no_chain
	seen "client sees 198.51.100.101" 101 198.51.100.200
	# Nor when others need one.
	running 102 --ipadd 10.5.0.102
	seen "client sees 198.51.100.101" 101 198.51.100.200
	seen "client sees 2001:db8:5e::101" 101 2001:db8:5e::200
	# An address beside the ranges is one, too.
	vzctl --quiet set 101 --ipdel all --ipadd 172.32.0.1
	unreachable 101 198.51.100.200
}

@test "nat: there is one chain for all containers, and it goes with the last" {
	running 101 --ipadd 10.5.0.101
	before=$(on_host nft list ruleset)
	running 102 --ipadd 192.168.5.2
	is "$before" "$(on_host nft list ruleset)"
	vzctl --quiet stop 101 --fast
	is "$before" "$(on_host nft list ruleset)"
	vzctl --quiet stop 102 --fast
	is "" "$(on_host nft list ruleset)"
}

@test "nat: NAT=no leaves all addresses alone, and takes back what was done" {
	vz_conf 'NAT="no"'
	running 101 --ipadd 10.5.0.101
	no_chain
	unreachable 101 198.51.100.200
	vz_conf 'NAT="auto"'
	running 102 --ipadd 10.5.0.102
	seen "client sees 198.51.100.1" 101 198.51.100.200
	vz_conf 'NAT="no"'
	vzctl --quiet restart 102 --fast
	no_chain
}

@test "nat: auto does nothing on a host that does not forward, yes does" {
	on_host sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding'
	running 101 --ipadd 10.5.0.101 --ipadd fd00:5e::101
	no_chain
	vz_conf 'NAT="yes"'
	vzctl --quiet restart 101 --fast
	on_host sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	serving 101
	seen "client sees 198.51.100.1" 101 198.51.100.200
}

@test "nat: auto does nothing where somebody else does it for all that leaves" {
	local family=ip rule
	for rule in 'masquerade' 'oifname "eth0" masquerade' 'ip saddr 10.0.0.0/8 oif eth0 counter snat to 198.51.100.1' \
		'ip saddr 10.4.0.0/14 masquerade' 'ip saddr != 10.6.0.0/16 masquerade'; do
		on_host nft "add table $family other; add chain $family other post { type nat hook postrouting priority 100; }
			add rule $family other post $rule"
		create_minimal 101 --ipadd 10.5.0.101
		vzctl --quiet start 101
		no_chain
		vzctl --quiet stop 101 --fast
		vzctl --quiet destroy 101
		on_host nft delete table $family other
		# The next ones in a table of both families.
		family=inet
	done
}

@test "nat: what others do for somebody else, or for a part only, does not count" {
	local rule
	for rule in 'ip saddr 10.6.0.0/16 masquerade' 'ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 masquerade' \
		'ip6 saddr fd00::/8 masquerade' 'meta mark 0x4000 masquerade' 'iifname "br0" masquerade' \
		'oifname "eth0" accept' 'ip daddr 203.0.113.5 snat ip to 198.51.100.1' 'ip saddr { 10.6.0.1, 10.6.0.2 } masquerade'; do
		on_host nft "add table inet other; add chain inet other post { type nat hook postrouting priority 100; }
			add rule inet other post $rule"
		create_minimal 101 --ipadd 10.5.0.101
		vzctl --quiet start 101
		run chain
		has "masquerade"
		vzctl --quiet stop 101 --fast
		vzctl --quiet destroy 101
		on_host nft delete table inet other
	done
}

@test "nat: what somebody else has translated keeps its source" {
	on_host ip addr add 198.51.100.9/32 dev eth0
	running 101 --ipadd 10.5.0.101
	seen "client sees 198.51.100.1" 101 198.51.100.200
	on_host nft 'add table ip other; add chain ip other post { type nat hook postrouting priority 100; }
		add rule ip other post ip saddr 10.5.0.0/16 snat to 198.51.100.9'
	seen "client sees 198.51.100.9" 101 198.51.100.200
}

@test "nat: auto leaves addresses of a network of the host alone in that network" {
	on_host ip addr add 192.168.5.1/24 dev eth0
	on_client ip addr add 192.168.5.200/24 dev eth0
	running 101 --ipadd 192.168.5.101
	seen "client sees 192.168.5.101" 101 192.168.5.200
	vzctl --quiet stop 101 --fast
	vz_conf 'NAT="yes"'
	vzctl --quiet start 101
	serving 101
	seen "client sees 192.168.5.1" 101 192.168.5.200
}

@test "nat: rules that somebody flushed come back with the next start" {
	running 101 --ipadd 10.5.0.101
	on_host nft flush ruleset
	unreachable 101 198.51.100.200
	running 102 --ipadd 10.5.0.102
	seen "client sees 198.51.100.1" 101 198.51.100.200
}

# ---- ports ----

# From outside, and from the host itself.
outside() { run on_client "$WHO" ask "${3:-tcp}" "$1" "$2"; }
from_outside() { outside "${@:2}"; is "$1" "$output"; }
not_from_outside() { outside "$@"; [ "$status" -ne 0 ]; has_not sees; }
from_host() { run on_host "$WHO" ask "${4:-tcp}" "$2" "$3"; is "$1" "$output"; }

# What the maps hold, sorted.
ports() { on_host nft list ruleset | grep -oE '[^ {]*( \. [^ ]+)? ?\. [0-9]+ : [^,}]*[0-9]' | sed 's/^[[:space:]]*//' | sort; }

# bats test_tags=core
@test "nat: a published port of the host leads to the container, from everywhere" {
	create_minimal 101 --ipadd 10.5.0.101 --ipadd fd00:5e::101 --publish 8080:80 --publish 8080:7/udp
	vzctl --quiet start 101
	serving 101
	running 102 --ipadd 10.5.0.102 --ipadd fd00:5e::102
	from_outside "101 sees 198.51.100.200" 198.51.100.1 8080
	from_outside "101 sees 198.51.100.200" 198.51.100.1 8080 udp
	from_outside "101 sees 2001:db8:5e::200" 2001:db8:5e::1 8080
	from_outside "101 sees 2001:db8:5e::200" 2001:db8:5e::1 8080 udp
	# The host itself.
	from_host "101 sees 198.51.100.1" 198.51.100.1 8080
	from_host "101 sees 2001:db8:5e::1" 2001:db8:5e::1 8080
	# Another container, and the one itself: through the host, and behind its address.
	seen "101 sees 198.51.100.1" 102 198.51.100.1 8080
	seen "101 sees 2001:db8:5e::1" 102 2001:db8:5e::1 8080
	seen "101 sees 198.51.100.1" 101 198.51.100.1 8080
	seen "101 sees 2001:db8:5e::1" 101 2001:db8:5e::1 8080 udp
	# The container's own ports are where they were, and other ports of the host are not touched.
	seen "101 sees 10.5.0.102" 102 10.5.0.101 80
	seen "client sees 198.51.100.1" 101 198.51.100.200 7
	not_from_outside 198.51.100.1 80
}

@test "nat: a port of a public address is published as well" {
	create_minimal 101 --ipadd 198.51.100.101 --publish 8080:80
	vzctl --quiet start 101
	serving 101
	no_chain
	from_outside "101 sees 198.51.100.200" 198.51.100.1 8080
}

@test "nat: ports come and go while the container runs, and with it" {
	running 101 --ipadd 10.5.0.101
	rc_is 0 vzctl set 101 --publish 8080:80 --publish 53:7/udp --save
	line "Published ports: 8080:80 53:7/udp"
	is "8080:80 53:7/udp" "$(conf_value 101 PUBLISH)"
	is "tcp . 8080 : 10.5.0.101 . 80
udp . 53 : 10.5.0.101 . 7" "$(ports)"
	from_outside "101 sees 198.51.100.200" 198.51.100.1 8080
	rc_is 0 vzctl set 101 --unpublish 53 --save
	is "8080:80 53:7/udp" "$(conf_value 101 PUBLISH)"
	rc_is 0 vzctl set 101 --unpublish 53/udp --publish 8080:7 --save
	is "8080:7" "$(conf_value 101 PUBLISH)"
	is "tcp . 8080 : 10.5.0.101 . 7" "$(ports)"
	vzctl --quiet stop 101 --fast
	is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
	vzctl --quiet start 101
	is "tcp . 8080 : 10.5.0.101 . 7" "$(ports)"
	rc_is 0 vzctl set 101 --unpublish all --save
	line "Published ports: none"
	is "" "$(ports)"
	is "" "$(conf_value 101 PUBLISH)"
	not_from_outside 198.51.100.1 8080
}

@test "nat: what one container has published goes with it, and what others have stays" {
	create_minimal 101 --ipadd 10.5.0.101 --publish 8081:80
	create_minimal 102 --ipadd 10.5.0.102 --publish 8082:80
	vzctl --quiet start 101
	vzctl --quiet start 102
	vzctl --quiet stop 101 --fast
	is "tcp . 8082 : 10.5.0.102 . 80" "$(ports)"
}

@test "nat: a port of one address of the host is another than that of another" {
	on_host ip addr add 198.51.100.9/32 dev eth0
	create_minimal 101 --ipadd 10.5.0.101 --ipadd fd00:5e::101 --publish 198.51.100.1:8080:80
	create_minimal 102 --ipadd 10.5.0.102 --ipadd fd00:5e::102 --publish "198.51.100.9:8080:80 [2001:db8:5e::1]:8080:80"
	vzctl --quiet start 101
	vzctl --quiet start 102
	serving 101
	serving 102
	from_outside "101 sees 198.51.100.200" 198.51.100.1 8080
	from_outside "102 sees 198.51.100.200" 198.51.100.9 8080
	from_outside "102 sees 2001:db8:5e::200" 2001:db8:5e::1 8080
	rc_is 78 vzctl set 102 --publish 8080:80
	has "Unable to publish port 8080/tcp: container 101 has it"
	rc_is 0 vzctl set 102 --unpublish 8080
	is "198.51.100.1 . tcp . 8080 : 10.5.0.101 . 80" "$(ports)"
}

@test "nat: a port that another container has published is refused, with its number" {
	create_minimal 101 --ipadd 10.5.0.101 --publish 8080:80
	vzctl --quiet start 101
	running 102 --ipadd 10.5.0.102
	before=$(on_host nft list ruleset)
	rc_is 78 vzctl set 102 --publish 8081:80 --publish 8080:80 --save
	has "Unable to publish port 8080/tcp: container 101 has it"
	is "$before" "$(on_host nft list ruleset)"
	is "<unset>" "$(conf_value 102 PUBLISH)"
	# The same number of the other protocol is free.
	rc_is 0 vzctl set 102 --publish 8080:80/udp
	# A start that would take it fails, and leaves nothing.
	create_minimal 103 --ipadd 10.5.0.103 --publish 8080:80
	before=$(net_state)
	rc_is 78 vzctl start 103
	has "container 101 has it"
	is "$before" "$(net_state)"
	is_down 103
}

@test "nat: a port that a program of the host listens on is refused, with its name" {
	running 101 --ipadd 10.5.0.101 --ipadd fd00:5e::101
	server=$(on_host "$WHO" serve host 8080)
	for port in 8080:80 8080:80/udp 198.51.100.1:8080:80 '[2001:db8:5e::1]:8080:80'; do
		rc_is 78 vzctl set 101 --publish "$port"
		has "Unable to publish port 8080/" ": program 'who' (pid $server) of the host has it"
	done
	is "" "$(ports)"
	rc_is 0 vzctl set 101 --publish 8081:80
}

@test "nat: ports of a container without an address are refused, or named at its start" {
	create_minimal 101 --publish 8080:80
	rc_is 0 vzctl start 101
	has "container 101 has no address on venet: its ports are not published"
	rc_is 34 vzctl set 101 --publish 8081:80
	has "Unable to publish ports: container 101 has no address on venet"
	# They come with the address, and go with it.
	rc_is 0 vzctl set 101 --ipadd 10.5.0.101
	is "tcp . 8080 : 10.5.0.101 . 80" "$(ports)"
	rc_is 34 vzctl set 101 --publish '[2001:db8:5e::1]:8081:80'
	has "Unable to publish port 8081: container 101 has no IPv6 address"
	rc_is 0 vzctl set 101 --ipdel all --ipadd 10.5.0.105
	is "tcp . 8080 : 10.5.0.105 . 80" "$(ports)"
	rc_is 0 vzctl set 101 --ipdel all
	has "its ports are not published"
	is "" "$(ports)"
}

@test "nat: what is no port is refused" {
	create_minimal 101
	for p in 8080 0:80 65536:80 8080:0 8080:80/sctp x:80 8080:80:90:1 1.2.3:8080:80 2001:db8::1:8080:80 224.0.0.1:8080:80 -1:80; do
		rc_is 21 vzctl set 101 --save --publish "$p"
		has "Bad parameter for --publish: $p ("
	done
	rc_is 21 vzctl set 101 --save --publish 127.0.0.1:8080:80
	has "what is for the loopback device cannot be forwarded"
	is "<unset>" "$(conf_value 101 PUBLISH)"
	rc_is 31 vzctl set 101 --publish 8080:80
	has "container is not running"
}

@test "nat: a service of the host on 127.0.0.1 stays out of reach, published ports or not" {
	create_minimal 101 --ipadd 10.5.0.101 --publish 8080:80
	vzctl --quiet start 101
	serving 101
	is 0 "$(on_host sh -c 'cat /proc/sys/net/ipv4/conf/*/route_localnet' | sort -u)"
	run on_host "$WHO" ask tcp 127.0.0.1 8080
	has "Connection refused"
}

@test "nat: a dry run names the ports and does nothing" {
	create_minimal 101 --ipadd 10.5.0.101 --publish 8080:80
	rc_is 0 vzctl --dry-run start 101
	line "publish port 8080:80"
	is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
}

@test "nat: a thousand ports work, and go, as one does" {
	seq -f '%.0f:80' 20000 20999 | tr '\n' ' ' >"$BATS_TEST_TMPDIR/ports"
	create_minimal 101 --ipadd 10.5.0.101 --publish "$(cat "$BATS_TEST_TMPDIR/ports")"
	vzctl --quiet start 101
	serving 101
	is 1000 "$(ports | wc -l)"
	from_outside "101 sees 198.51.100.200" 198.51.100.1 20999
	running 102 --ipadd 10.5.0.102
	vzctl --quiet stop 101 --fast
	is "" "$(ports)"
}

# ---- both ----

@test "nat: a Debian with a private address loads from a web server outside and is one, until it is stopped" {
	need_template debian-13
	mkdir -p "$BATS_TEST_TMPDIR/www"
	echo "from outside" >"$BATS_TEST_TMPDIR/www/page"
	# Not by on_client: to be killed it has to be the very process that is in the background.
	nsenter --net="$PREFIX/net/client" busybox httpd -f -p 80 -h "$BATS_TEST_TMPDIR/www" 3>&- &
	server=$!
	vzctl --quiet create 101 --ostemplate debian-13 --ipadd 10.5.0.101 --publish 8080:80
	vzctl --quiet start 101 --wait
	rc_is 0 vzctl exec2 101 /usr/lib/apt/apt-helper download-file http://198.51.100.200/page /tmp/page
	is "from outside" "$(vzctl exec 101 cat /tmp/page)"
	vzctl exec 101 'cat >/busybox && chmod 0755 /busybox && mkdir /www && echo "from inside" >/www/page && /busybox httpd -h /www' \
		<"$(command -v busybox)"
	is "from inside" "$(on_client bash -c 'exec 5<>/dev/tcp/198.51.100.1/8080; printf "GET /page HTTP/1.0\r\n\r\n" >&5; tail -n 1 <&5')"
	vzctl --quiet stop 101
	is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
	not_from_outside 198.51.100.1 8080
}

# ---- bad days ----

# cut_off STEP COMMAND…: vzctl, killed as it is about to carry out a step.
cut_off() { on_host "$KILLAT" --write "step '$1' of" "$BUILD/vzctl" --prefix "$PREFIX" --verbose --verbose "${@:2}" >/dev/null 2>&1 || :; }

@test "nat: what a killed command left is repaired by the next one" {
	create_minimal 101 --ipadd 10.5.0.101 --publish 8080:80
	create_minimal 102 --ipadd 10.5.0.102
	vzctl --quiet start 102
	cut_off state start 101
	rc_is 0 vzctl start 101
	is "tcp . 8080 : 10.5.0.101 . 80" "$(ports)"
	cut_off net stop 101 --fast
	rc_is 0 vzctl mount 101
	rc_is 0 vzctl umount 101
	is "" "$(ports)"
	# A port of nobody, because the one it led to has lost its address, is free.
	vzctl --quiet start 101
	on_host ip route del 10.5.0.101
	rc_is 0 vzctl set 102 --publish 8080:80
	is "tcp . 8080 : 10.5.0.102 . 80" "$(ports)"
}

@test "nat: ports that somebody flushed come back with the next change" {
	create_minimal 101 --ipadd 10.5.0.101 --publish 8080:80
	vzctl --quiet start 101
	on_host nft flush ruleset
	rc_is 0 vzctl set 101 --ipadd 10.5.0.105
	is "tcp . 8080 : 10.5.0.101 . 80" "$(ports)"
}
