#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# venet: addresses of containers, routed by the host. All of it happens in networks of the test's own: one
# stands for the host's, one for somebody outside (net_setup).

# shellcheck disable=SC2154,SC2016 # out and err are from the helpers; text for other shells
load ../lib/helpers

setup_file()
{
	host_setup
	net_setup
	need_template minimal
	build_net_tools
	cp "$PREFIX/etc/vz/vz.conf" "$BATS_FILE_TMPDIR/"
	cp "$PREFIX/etc/vz/dists/minimal.conf" "$BATS_FILE_TMPDIR/"
	net_state >"$BATS_FILE_TMPDIR/before"
}
teardown_file() { host_teardown; }
teardown()
{
	local after
	eventd_stop
	destroy_all
	cp "$BATS_FILE_TMPDIR/vz.conf" "$PREFIX/etc/vz/"
	cp "$BATS_FILE_TMPDIR/minimal.conf" "$PREFIX/etc/vz/dists/"
	on_host ip route flush proto 77
	on_host nft flush ruleset
	# Whatever a test did, the host's network is afterwards what it was.
	after=$(net_state)
	is "$(cat "$BATS_FILE_TMPDIR/before")" "$after"
	is "" "$(find "$PREFIX"/var/lib/vzctl/{veip,extip} -type f 2>/dev/null)"
}

# running ID [OPTION…]: a container with these addresses.
running()
{
	create_minimal "$@"
	vzctl --quiet start "$1"
}

# The host's device of a container; its MAC is that of the other end, too.
device() { on_host ip -o link | sed -n "s/^[0-9]*: \(v$(prefix_tag; echo "$PREFIX_TAG")$1\)@.*/\1/p"; }
# 101 to 103 with 36 digits.
declare -A digits=([101]=2t [102]=2u [103]=2v)
mac_of() { in_net "$1" cat /sys/class/net/venet0/address 2>/dev/null || in_net "$1" ip -o link show venet0 | sed 's/.*ether \([^ ]*\).*/\1/'; }

inside() { vzctl exec "$1" ip -o addr show dev venet0 | sed -n 's/.* inet6\{0,1\} \([^ ]*\) scope global.*/\1/p' | sort | tr '\n' ' '; }
routes() { { on_host ip -4 route; on_host ip -6 route; } | sed -n 's/^\([^ ]*\) dev v[0-9a-f]\{8\}.*/\1/p' | sort | tr '\n' ' '; }
proxies() { { on_host ip -4 neigh show proxy; on_host ip -6 neigh show proxy; } | sort | tr -s ' ' | sed 's/ $//' | tr '\n' ' '; }

# fetch ADDRESS: what the client gets from the web server there.
fetch() { timeout "$(patience 5)" nsenter --net="$PREFIX/net/client" bash -c 'exec 5<>"/dev/tcp/$0/80"; printf "GET / HTTP/1.0\r\n\r\n" >&5; tail -n 1 <&5' "$1"; }

# ---- addresses ----

# bats test_tags=core
@test "venet: a container reaches the world and is reached, by IPv4 and IPv6" {
	create_minimal 101 --ipadd 198.51.100.101 --ipadd 2001:db8:5e::101
	rc_is 0 vzctl start 101
	line "Adding IP address(es): 198.51.100.101 2001:db8:5e::101"
	is "198.51.100.101/32 2001:db8:5e::101/128 " "$(inside 101)"
	has_not Warning
	run vzctl exec 101 'ip route; ip -6 route'
	line "default dev venet0 scope link "
	for a in 198.51.100.1 198.51.100.200; do
		rc_is 0 vzctl exec2 101 ping -c 1 -W 5 $a
	done
	for a in 2001:db8:5e::1 2001:db8:5e::200; do
		rc_is 0 vzctl exec2 101 ping6 -c 1 -W 5 $a
	done
	# And from outside: a web server.
	vzctl exec 101 'mkdir -p /www && echo hello >/www/index.html && httpd -h /www'
	is hello "$(fetch 198.51.100.101)"
	is hello "$(fetch 2001:db8:5e::101)"
	# Each other, by way of the host.
	running 102 --ipadd 198.51.100.102 --ipadd 2001:db8:5e::102
	rc_is 0 vzctl exec2 102 ping -c 1 -W 5 198.51.100.101
	rc_is 0 vzctl exec2 102 ping6 -c 1 -W 5 2001:db8:5e::101
}

# bats test_tags=core
@test "venet: stop leaves nothing of it" {
	running 101 --ipadd 198.51.100.101 --ipadd 2001:db8:5e::101
	running 102 --ipadd 198.51.100.102
	vzctl --quiet stop 101 --fast
	# Of the other one all is still there.
	is "198.51.100.102 " "$(routes)"
	is "198.51.100.102 dev eth0 proxy " "$(proxies)"
	rc_is 0 vzctl exec2 102 ping -c 1 -W 5 198.51.100.200
	vzctl --quiet stop 102
	is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
	is_down 101
	is_down 102
}

# for_all WORD…: vzctl with these words for COUNT containers from 1001 on, four at a time; ID stands for the
# number, ADDRESS for the address that belongs to it.
for_all()
{
	seq 2 $((COUNT + 1)) | on_host xargs -P 4 -I '{}' sh -c '
		id=$(($1 + 999)); address=198.51.100.$1; shift
		for word; do
			shift
			case $word in ID) word=$id ;; ADDRESS) word=$address ;; esac
			set -- "$@" "$word"
		done
		out=$("$@" 2>&1) || { echo "rc $?: $*: $out"; exit 1; }' - '{}' "$BUILD/vzctl" --prefix "$PREFIX" "$@" 3>&-
}

# What a server takes of things that hosts have few of: one user may have 128 inotify instances and 200 keys.
takes_all() { is $COUNT "$(grep -lx ok "$PREFIX"/vz/private/*/upper/took | wc -l)" >/dev/null; }
key_owners() { sed -n 's/^ *\([0-9]*\):.*/LOCAL_UID="\1"/p' /proc/key-users | grep -cxF -f - <(cat "$PREFIX"/etc/vz/conf/1???.conf); }

@test "venet: 128 containers have an address, inotify instances, ptys and keys each, all of them reach the world, and leave nothing behind" {
	COUNT=$(rounds 128)
	build_probe
	for_all --quiet create ID --ostemplate minimal --ipadd ADDRESS
	for dir in "$PREFIX"/vz/private/1???; do
		cp "$PROBE" "$dir/upper/probe"
	done
	for_all --quiet start ID
	is $COUNT "$(routes | wc -w)"
	for_all exec2 ID '/probe take 10 5 0 >/took 2>&1 </dev/null & ping -c 1 -W 5 198.51.100.200'
	wait_for 20 takes_all
	is $COUNT "$(key_owners)"
	for_all --quiet stop ID --fast
	is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
	for_all --quiet destroy ID
}

@test "venet: addresses come and go while the container runs" {
	running 101
	rc_is 0 vzctl set 101 --ipadd 198.51.100.101 --ipadd 2001:db8:5e::101 --save
	line "Adding IP address(es): 198.51.100.101 2001:db8:5e::101" "CT configuration saved to $(conf 101)"
	is "198.51.100.101/32 2001:db8:5e::101/128 " "$(inside 101)"
	is "198.51.100.101 2001:db8:5e::101 " "$(routes)"
	is "198.51.100.101 dev eth0 proxy 2001:db8:5e::101 dev eth0 proxy " "$(proxies)"
	rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.200
	rc_is 0 vzctl exec2 101 ping6 -c 1 -W 5 2001:db8:5e::200
	rc_is 0 vzctl set 101 --ipdel 198.51.100.101 --save
	line "Deleting IP address(es): 198.51.100.101"
	is "2001:db8:5e::101/128 " "$(inside 101)"
	is "2001:db8:5e::101 " "$(routes)"
	rc_is 0 vzctl set 101 --ipdel all --save
	line "Deleting all IP address(es): 2001:db8:5e::101"
	is "" "$(inside 101)"
	is "" "$(routes)"
	is "" "$(proxies)"
	# And again.
	rc_is 0 vzctl set 101 --ipadd 198.51.100.103
	rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.200
}

@test "venet: --ipdel all --ipadd replaces all addresses" {
	running 101 --ipadd 198.51.100.101 --ipadd 198.51.100.102
	rc_is 0 vzctl set 101 --ipdel all --ipadd 198.51.100.102 --ipadd 198.51.100.103 --save
	is "198.51.100.102/32 198.51.100.103/32 " "$(inside 101)"
	is "198.51.100.102 198.51.100.103 " "$(routes)"
	is "198.51.100.102 198.51.100.103" "$(conf_value 101 IP_ADDRESS)"
}

@test "venet: the length of a prefix is that of the address inside, and may be changed" {
	running 101 --ipadd 198.51.100.101/24 --ipadd 2001:db8:5e::101/64
	is "198.51.100.101/24 2001:db8:5e::101/64 " "$(inside 101)"
	is "198.51.100.101 2001:db8:5e::101 " "$(routes)"
	rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.200
	rc_is 0 vzctl exec2 101 ping6 -c 1 -W 5 2001:db8:5e::200
	rc_is 0 vzctl set 101 --ipadd 198.51.100.101/28
	is "198.51.100.101/28 2001:db8:5e::101/64 " "$(inside 101)"
	is "198.51.100.101 2001:db8:5e::101 " "$(routes)"
}

@test "venet: what is there already, or not, is neither added nor deleted" {
	running 101 --ipadd 198.51.100.101
	rc_is 0 vzctl set 101 --ipadd 198.51.100.101
	has_not "Adding"
	rc_is 0 vzctl set 101 --ipdel 198.51.100.77
	has_not "Deleting"
	rc_is 0 vzctl set 101 --ipadd "198.51.100.102 198.51.100.102"
	is "198.51.100.101/32 198.51.100.102/32 " "$(inside 101)"
}

@test "venet: vzlist shows what a running container has, saved or not" {
	running 101 --ipadd 198.51.100.101
	rc_is 0 vzctl set 101 --ipadd 2001:db8:5e::101/64
	line "WARNING: Settings were not saved to config and will be lost after CT restart (use --save flag)"
	is "198.51.100.101 2001:db8:5e::101" "$(vzlist -H -o ip 101)"
	rc_is 0 vzctl set 101 --ipdel all
	is "-" "$(vzlist -H -o ip 101)"
	vzctl --quiet restart 101 --fast
	is "198.51.100.101" "$(vzlist -H -o ip 101)"
}

@test "venet: a dry run names the addresses and does nothing" {
	create_minimal 101 --ipadd 198.51.100.101 --ipadd 2001:db8:5e::101
	rc_is 0 vzctl --dry-run start 101
	line "start 101: net" "venet0 with 198.51.100.101 2001:db8:5e::101"
	is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
}

@test "venet: without --save a stopped container has no use for an address" {
	create_minimal 101
	rc_is 31 vzctl set 101 --ipadd 198.51.100.101
	has "Unable to apply network parameters: container is not running"
}

# ---- whose they are ----

@test "venet: an address of another container is refused, and nothing of the command stays" {
	local before
	running 101 --ipadd 198.51.100.101 --ipadd 2001:db8:5e::101
	create_minimal 102 --ipadd 198.51.100.102 --ipadd 2001:db8:5e::101
	before=$(net_state)
	rc_is 78 vzctl start 102
	has "Unable to add IP 2001:db8:5e::101: another container has it"
	is "$before" "$(net_state)"
	is_down 102
	vzctl --quiet set 102 --ipdel all --ipadd 198.51.100.102 --save
	vzctl --quiet start 102
	before=$(net_state)
	rc_is 78 vzctl set 102 --ipadd 198.51.100.103 --ipadd 198.51.100.101 --save
	has "another container has it" "Error: failed to apply some parameters, not saving configuration file!"
	is "$before" "$(net_state)"
	is "198.51.100.102/32 " "$(inside 102)"
	is "198.51.100.102" "$(vzlist -H -o ip 102)"
	is "198.51.100.102" "$(conf_value 102 IP_ADDRESS)"
	# Once it is free it can be had.
	vzctl --quiet set 101 --ipdel 198.51.100.101
	rc_is 0 vzctl set 102 --ipadd 198.51.100.101
}

@test "venet: of two that start at once with one address only one gets it" {
	local id good=0 pids=()
	for id in 101 102; do
		create_minimal $id --ipadd 198.51.100.101
		in_bg vzctl start $id
		pids+=($!)
	done
	for id in "${pids[@]}"; do
		status=0
		wait "$id" || status=$?
		case $status in
		0) good=$((good + 1)) ;;
		*) is 78 $status ;;
		esac
	done
	is 1 $good
	is "198.51.100.101 " "$(routes)"
}

@test "venet: what is the host's own is refused" {
	running 101
	for a in 198.51.100.1 198.51.100.255 2001:db8:5e::1; do
		rc_is 78 vzctl set 101 --ipadd $a
		has "Unable to add IP $a: it is the host's own"
	done
	is "" "$(routes)"
	is "" "$(inside 101)"
}

@test "venet: addresses that no container can have are refused" {
	create_minimal 101
	while read -r a why; do
		rc_is 21 vzctl set 101 --save --ipadd "$a"
		has "Bad parameter for --ipadd: $a ($why)"
	done <<-'END'
	224.0.0.5 224.0.0.5 is a multicast address
	127.0.0.1 127.0.0.1 is a loopback address
	0.1.2.3 0.1.2.3 is an address of no host
	255.255.255.255 255.255.255.255 is a reserved address
	ff02::1/64 ff02::1 is a multicast address
	::1 ::1 is the loopback address
	fe80::1 fe80::1 is an address of one link
	END
	for a in 198.51.100 198.51.100.256 198.51.100.1/33 2001:db8::/129 198.51.100.1/x here; do
		rc_is 21 vzctl set 101 --save --ipadd "$a"
	done
	is "<unset>" "$(conf_value 101 IP_ADDRESS)"
}

@test "venet: a route that the host has is only replaced if vz.conf says so" {
	on_host ip route add 198.51.100.101 via 198.51.100.200 proto 77
	create_minimal 101 --ipadd 198.51.100.101
	rc_is 34 vzctl start 101
	has "Unable to add IP 198.51.100.101: the host has a route to it by device 'eth0' (FORCE_ROUTE=yes in vz.conf replaces it)"
	vz_conf 'FORCE_ROUTE="yes"'
	rc_is 0 vzctl start 101
	is "198.51.100.101 " "$(routes)"
}

@test "venet: the host's routes get the source that VE_ROUTE_SRC_DEV has" {
	net_address "$PREFIX/net/host" lo 198.51.100.250/32 2001:db8:5e:1::1/128
	vz_conf 'VE_ROUTE_SRC_DEV="lo"'
	running 101 --ipadd 198.51.100.101 --ipadd 2001:db8:5e::101
	run on_host sh -c 'ip route; ip -6 route'
	has "src 198.51.100.250" "src 2001:db8:5e:1::1"
	on_host ip addr del 198.51.100.250/32 dev lo
	on_host ip addr del 2001:db8:5e:1::1/128 dev lo
}

# ---- external addresses ----

# have_external ID: its root configures them, and a service that answers; the client knows the way.
have_external()
{
	vzctl exec2 "$1" 'ip addr add 198.51.100.150/32 dev lo; ip -6 addr add 2001:db8:5e::150/128 dev lo
		mkdir -p /www && echo hello >/www/index.html && httpd -h /www'
	on_client ip route replace 198.51.100.150 via 198.51.100.1
	on_client ip -6 route replace 2001:db8:5e::150 via 2001:db8:5e::1
}

@test "venet: an external address is routed to the container, configured nowhere and told to nobody" {
	running 101 --ipadd 198.51.100.101
	rc_is 0 vzctl set 101 --ext_ipadd 198.51.100.150 --ext_ipadd 2001:db8:5e::150 --save
	line "Adding external IP address(es): 198.51.100.150 2001:db8:5e::150"
	is "198.51.100.150 2001:db8:5e::150" "$(conf_value 101 EXT_IP_ADDRESS)"
	is "198.51.100.101/32 " "$(inside 101)"
	is "198.51.100.101 198.51.100.150 2001:db8:5e::150 " "$(routes)"
	is "198.51.100.101 dev eth0 proxy " "$(proxies)"
	is "198.51.100.101" "$(vzlist -H -o ip 101)"
	# What is inside may use it.
	have_external 101
	is hello "$(fetch 198.51.100.150)"
	is hello "$(fetch 2001:db8:5e::150)"
	vzctl --quiet restart 101 --fast
	is "198.51.100.101 198.51.100.150 2001:db8:5e::150 " "$(routes)"
	have_external 101
	is hello "$(fetch 198.51.100.150)"
	# Without it, it is as forged as any other.
	rc_is 0 vzctl set 101 --ext_ipdel all --save
	line "Deleting external IP address(es): 198.51.100.150 2001:db8:5e::150"
	is "198.51.100.101 " "$(routes)"
	rc_is 1 vzctl exec3 101 ping -c 1 -W 1 -I 198.51.100.150 198.51.100.200
	rc_is 1 vzctl exec3 101 ping6 -c 1 -W 1 -I 2001:db8:5e::150 2001:db8:5e::200
	is "" "$(conf_value 101 EXT_IP_ADDRESS)"
}

@test "venet: an external address is all a container needs, and one container's only" {
	create_minimal 101
	vzctl --quiet set 101 --ext_ipadd 198.51.100.150 --save
	rc_is 0 vzctl start 101
	line "Adding external IP address(es): 198.51.100.150"
	have_external 101
	is hello "$(fetch 198.51.100.150)"
	running 102
	rc_is 78 vzctl set 102 --ext_ipadd 198.51.100.150 --save
	has "Unable to add IP 198.51.100.150: another container has it"
	rc_is 78 vzctl set 102 --ipadd 198.51.100.150 --save
	rc_is 78 vzctl set 102 --ext_ipadd 198.51.100.1
	has "it is the host's own"
	rc_is 21 vzctl set 102 --ext_ipadd 224.0.0.1
	is "198.51.100.150 " "$(routes)"
}

@test "venet: an external address becomes one of its own, and external again" {
	running 101
	vzctl --quiet set 101 --ext_ipadd 198.51.100.150 --save
	rc_is 0 vzctl set 101 --ext_ipdel 198.51.100.150 --ipadd 198.51.100.150 --save
	is "198.51.100.150/32 " "$(inside 101)"
	is "198.51.100.150 dev eth0 proxy " "$(proxies)"
	rc_is 0 vzctl set 101 --ipdel 198.51.100.150 --ext_ipadd 198.51.100.150 --save
	is "" "$(inside 101)"
	is "" "$(proxies)"
	is "198.51.100.150 " "$(routes)"
}

@test "venet: a change that fails at its end leaves what was inside" {
	running 101 --ipadd 198.51.100.101/24 --ipadd 198.51.100.102
	vzctl --quiet set 101 --publish 198.51.100.1:8080:80 --save
	rc_is 34 vzctl set 101 --ipdel all --ipadd 2001:db8:5e::101
	is "198.51.100.101/24 198.51.100.102/32 " "$(inside 101)"
	is "198.51.100.101 198.51.100.102 " "$(routes)"
	rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.200
}

# ---- what others on the wire see ----

# watch_client: what arrives at the client, into $seen.
watch_client()
{
	seen=$BATS_TEST_TMPDIR/seen
	on_client "$FRAMES" watch eth0 >"$seen" 3>&- &
	watcher=$!
	wait_for 5 grep -q ready "$seen"
}

@test "venet: addresses are announced to the neighbours when they come up" {
	watch_client
	running 101 --ipadd 198.51.100.101 --ipadd 2001:db8:5e::101
	wait_for 5 grep -qx "arp 198.51.100.101" "$seen"
	wait_for 5 grep -qx "nd 2001:db8:5e::101" "$seen"
	kill $watcher
	# What they say of where it is, is true.
	rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.200
	is "$(on_host ip -o link show eth0 | sed 's/.*ether \([^ ]*\).*/\1/')" \
		"$(on_client ip neigh show 198.51.100.101 | sed 's/.*lladdr \([^ ]*\).*/\1/')"
}

@test "venet: NEIGHBOUR_DEVS says where the host answers for them" {
	on_host ip link add br0 type bridge
	net_address "$PREFIX/net/host" br0 2001:db8:5e:1::1/64
	on_host ip link set br0 up
	running 101 --ipadd 198.51.100.101
	is "198.51.100.101 dev br0 proxy 198.51.100.101 dev eth0 proxy " "$(proxies)"
	vzctl --quiet stop 101 --fast
	vz_conf 'NEIGHBOUR_DEVS="list:br0"'
	vzctl --quiet start 101
	is "198.51.100.101 dev br0 proxy " "$(proxies)"
	vzctl --quiet stop 101 --fast
	is "" "$(proxies)"
	vz_conf 'NEIGHBOUR_DEVS="detect"'
	vzctl --quiet start 101
	is "198.51.100.101 dev eth0 proxy " "$(proxies)"
	vzctl --quiet stop 101 --fast
	on_host ip link del br0
}

@test "venet: with ERROR_ON_ARPFAIL an address that somebody outside has is refused" {
	running 101
	# Unless told otherwise nobody is asked.
	rc_is 0 vzctl set 101 --ipadd 198.51.100.200
	rc_is 0 vzctl set 101 --ipdel all
	vz_conf 'ERROR_ON_ARPFAIL="yes"'
	for a in 198.51.100.200 2001:db8:5e::200; do
		rc_is 78 vzctl set 101 --ipadd $a
		has "Unable to add IP $a: " " on 'eth0' has it already"
		is "" "$(routes)"
	done
	rc_is 0 vzctl set 101 --ipadd 198.51.100.101 --ipadd 2001:db8:5e::101
	rc_is 0 vzctl set 101 --ipadd 198.51.100.200 --skip_arpdetect
	rc_is 0 vzctl set 101 --ipdel 198.51.100.200
	vz_conf 'SKIP_ARPDETECT="yes"'
	rc_is 0 vzctl set 101 --ipadd 198.51.100.200
}

# ---- a hostile container ----

# hostile: 101, whose root makes up frames, and 102, whose neighbour it is. Sets $mac.
hostile()
{
	running 101 --ipadd 198.51.100.101 --ipadd 2001:db8:5e::101
	running 102 --ipadd 198.51.100.102 --ipadd 2001:db8:5e::102
	vzctl exec 101 'cat >/frames && chmod 0755 /frames' <"$FRAMES"
	mac=$(mac_of 101)
}

# forge TO4 TO6: datagrams to them from everybody 101 is not, from somebody of his own, and the last word.
forge()
{
	local a
	for a in 198.51.100.102 198.51.100.200 198.51.100.1 203.0.113.5 127.0.0.1 224.0.0.1 0.0.0.0; do
		vzctl exec2 101 /frames udp venet0 "$mac" "$mac" "$a" "$1" "forged-$a"
	done
	for a in 2001:db8:5e::102 2001:db8:5e::200 2001:db8:5e::1 2001:db8:77::5 fe80::5 ::1 ::; do
		vzctl exec2 101 /frames udp venet0 "$mac" "$mac" "$a" "$2" "forged-$a"
	done
	vzctl exec2 101 /frames udp venet0 "$mac" "$mac" 2001:db8:5e::101 "$2" true
	vzctl exec2 101 /frames udp venet0 "$mac" "$mac" 198.51.100.101 "$1" end
}
only_true() { is "ready
udp 2001:db8:5e::101 true
udp 198.51.100.101 end" "$(cat "$1")"; }

# watch_neighbour: what reaches 102 is written to $seen, until the last word, by $watcher.
watch_neighbour()
{
	seen=$BATS_TEST_TMPDIR/seen
	in_net 102 "$FRAMES" watch venet0 >"$seen" 3>&- &
	watcher=$!
	wait_for 5 grep -q ready "$seen"
}

# bats test_tags=core
@test "venet: frames from addresses that are not its own reach no neighbour" {
	hostile
	watch_neighbour
	forge 198.51.100.102 2001:db8:5e::102
	wait $watcher
	only_true "$seen"
}

@test "venet: frames from addresses that are not its own reach nobody outside" {
	hostile
	watch_client
	forge 198.51.100.200 2001:db8:5e::200
	wait $watcher
	grep -vE '^(arp|nd) ' "$seen" >"$seen.udp"
	only_true "$seen.udp"
}

@test "venet: frames from addresses that are not its own reach no program of the host" {
	hostile
	on_host "$FRAMES" listen >"$BATS_TEST_TMPDIR/seen" 3>&- &
	wait_for 5 grep -q ready "$BATS_TEST_TMPDIR/seen"
	forge 198.51.100.1 2001:db8:5e::1
	wait $!
	only_true "$BATS_TEST_TMPDIR/seen"
}

@test "venet: the filter holds without rp_filter, which udev rules of distributions loosen" {
	hostile
	on_host sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >"$f"; done'
	watch_neighbour
	forge 198.51.100.102 2001:db8:5e::102
	wait $watcher
	only_true "$seen"
}

@test "venet: what its root does to devices, addresses and routes inside gains it no address" {
	hostile
	watch_neighbour
	vzctl exec2 101 'ip addr add 198.51.100.103/24 dev venet0; ip -6 addr add 2001:db8:5e::103/64 dev venet0
		ip link set venet0 down; ip link set venet0 arp on; ip link set venet0 address 02:00:00:00:00:66
		ip link set venet0 up; ip route add default dev venet0; ip -6 route add default dev venet0'
	rc_is 1 vzctl exec3 101 ping -c 1 -W 1 -I 198.51.100.103 198.51.100.102
	vzctl exec2 101 /frames udp venet0 02:00:00:00:00:66 "$mac" 198.51.100.103 198.51.100.102 forged
	vzctl exec2 101 /frames udp venet0 02:00:00:00:00:66 "$mac" 2001:db8:5e::103 2001:db8:5e::102 forged
	vzctl exec2 101 /frames udp venet0 02:00:00:00:00:66 "$mac" 198.51.100.101 198.51.100.102 end
	wait $watcher
	is "ready
udp 198.51.100.101 end" "$(cat "$seen")"
}

@test "venet: forged ARP and neighbour discovery change nothing on the host or at a neighbour" {
	local before
	hostile
	before=$(on_host sh -c 'ip neigh; ip -6 neigh; ip route; ip -6 route' | sed 's/ \(REACHABLE\|STALE\|DELAY\|PROBE\)//')
	vzctl exec2 101 /frames arp venet0 "$mac" 198.51.100.102
	vzctl exec2 101 /frames arp venet0 "$mac" 198.51.100.200
	vzctl exec2 101 /frames nd venet0 "$mac" 2001:db8:5e::102
	vzctl exec2 101 /frames nd venet0 "$mac" 2001:db8:5e::200
	is "$before" "$(on_host sh -c 'ip neigh; ip -6 neigh; ip route; ip -6 route' | sed 's/ \(REACHABLE\|STALE\|DELAY\|PROBE\)//')"
	rc_is 0 vzctl exec2 102 ping -c 1 -W 5 198.51.100.200
	rc_is 0 vzctl exec2 102 ping6 -c 1 -W 5 2001:db8:5e::200
}

@test "venet: a device that its root removed comes back with the next address" {
	running 101 --ipadd 198.51.100.101
	vzctl exec2 101 ip link del venet0
	is "" "$(routes)"
	rc_is 0 vzctl set 101 --ipadd 198.51.100.102
	is "198.51.100.101/32 198.51.100.102/32 " "$(inside 101)"
	is "198.51.100.101 198.51.100.102 " "$(routes)"
}

@test "venet: a device of the name that its root made is not touched" {
	running 101
	vzctl exec2 101 ip link add venet0 type bridge
	rc_is 34 vzctl set 101 --ipadd 198.51.100.101
	has "container 101 has a device 'venet0' of its own making"
	is "" "$(routes)"
	is "" "$(device "${digits[101]}")"
}

# ---- the host ----

@test "venet: a host that does not forward is told so, with the command that helps" {
	create_minimal 101 --ipadd 198.51.100.101 --ipadd 2001:db8:5e::101
	on_host sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding'
	rc_is 0 vzctl start 101
	has "does not forward IPv4: container 101 reaches nobody but the host (sysctl -w net.ipv4.ip_forward=1)" \
		"does not forward IPv6: container 101 reaches nobody but the host (sysctl -w net.ipv6.conf.all.forwarding=1)"
	on_host sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
}

@test "venet: a firewall that drops what is forwarded is named, with the command that helps" {
	local help
	on_host nft 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'
	create_minimal 101 --ipadd 198.51.100.101
	rc_is 0 vzctl start 101
	has "Warning: the host's firewall drops what it forwards for containers (nft 'insert rule ip filter FORWARD"
	rc_is 1 vzctl exec3 101 ping -c 1 -W 1 198.51.100.200
	help=$(sed -n "s/.*(nft '\(.*\)')\$/\1/p" <<<"$output$(vzctl restart 101 --fast 2>&1)")
	on_host nft "$help"
	rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.200
	run vzctl restart 101 --fast
	has_not "firewall"
}

# without_nft WORD…: vzctl in a place where the program is not.
without_nft()
{
	on_host unshare -m sh -c 'mount --bind /dev/null "$(command -v nft)" && exec "$@"' sh "$BUILD/vzctl" --prefix "$PREFIX" "$@"
}

@test "venet: without nft there are IPv4 addresses, with a warning, and no IPv6" {
	running 101
	rc_is 0 without_nft set 101 --ipadd 198.51.100.101
	has "Warning: the program nft is not there: only rp_filter keeps the container from using others' addresses (install nftables)"
	vzctl --quiet set 101 --ipdel all
	vzctl --quiet restart 101 --fast
	rc_is 34 without_nft set 101 --ipadd 2001:db8:5e::101
	has "the program nft is needed to keep container 101 from using others' IPv6 addresses (install nftables)"
	on_host sh -c 'echo 2 >/proc/sys/net/ipv4/conf/all/rp_filter'
	rc_is 34 without_nft set 101 --ipadd 198.51.100.101
	has "nothing keeps container 101 from using others' addresses"
	on_host sh -c 'echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter'
	is "" "$(routes)"
}

@test "venet: IPV6=no leaves IPv6 addresses out" {
	vz_conf 'IPV6="no"'
	create_minimal 101 --ipadd 198.51.100.101 --ipadd 2001:db8:5e::101
	rc_is 0 vzctl start 101
	has "WARNING: IPv6 support is disabled"
	is "198.51.100.101/32 " "$(inside 101)"
	is "198.51.100.101 " "$(routes)"
}

@test "venet: the devices of another prefix with the same number are others" {
	local other
	running 101 --ipadd 198.51.100.101
	other=$(mktemp -d "$PREFIX/other.XXXXXX")
	ln -s "$PREFIX/net" "$other/net"
	PREFIX=$other PREFIX_TAG='' bash -c '
		. "$0/tests/lib/helpers.bash"
		"$TOP/scripts/install-host" "$PREFIX/etc" "$PREFIX"
		rm -rf "$PREFIX/vz/template"
		ln -s "$TEST_CACHE/template" "$PREFIX/vz/template"
		create_minimal 101 --ipadd 198.51.100.102
		vzctl --quiet start 101
		on_host ip -o link | grep -c ": v[0-9a-f]\{8\}2t@"
		vzctl --quiet stop 101 --fast
		vzctl --quiet destroy 101' "$TOP" >"$BATS_TEST_TMPDIR/count" 3>&-
	is 2 "$(cat "$BATS_TEST_TMPDIR/count")"
	is "198.51.100.101 " "$(routes)"
	rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.200
}

@test "venet: the largest number has a device, too" {
	running 2147483644 --ipadd 198.51.100.101
	is "198.51.100.101 " "$(routes)"
	prefix_tag
	is "v${PREFIX_TAG}zik0zg" "$(on_host ip -o route get 198.51.100.101 | sed 's/.* dev \([^ ]*\).*/\1/')"
}

@test "venet: a command inside costs nothing for it: exec loads no netlink library" {
	running 101 --ipadd 198.51.100.101
	run env LD_DEBUG=files nsenter --net="$PREFIX/net/host" "$BUILD/vzctl" --prefix "$PREFIX" exec2 101 true
	has libc.so
	has_not libnl
	run env LD_DEBUG=files nsenter --net="$PREFIX/net/host" "$BUILD/vzctl" --prefix "$PREFIX" set 101 --ipadd 198.51.100.102
	has libnl-route-3
}

# ---- distributions ----

@test "venet: scripts of the distribution are told of addresses" {
	local e
	for e in add_ip del_ip; do
		dist_script trace-$e.sh <<-END
		echo "$e \$VE_STATE '\$IP_ADDR' '\$IPDELALL' '\$IPV6' \$NETDEV \${HOSTNM-}" >>/trace
		END
	done
	printf '%s\n' ADD_IP=trace-add_ip.sh DEL_IP=trace-del_ip.sh >>"$PREFIX/etc/vz/dists/minimal.conf"
	create_minimal 101 --ipadd 198.51.100.101/24 --hostname h
	vzctl --quiet start 101
	vzctl --quiet set 101 --ipadd 2001:db8:5e::101 --ipadd 198.51.100.102 --save
	vzctl --quiet set 101 --ipdel 198.51.100.101 --ipadd 198.51.100.103 --save
	vzctl --quiet set 101 --ipdel all --ipadd 198.51.100.104 --save
	vzctl --quiet set 101 --ipdel all --save
	vzctl --quiet restart 101 --fast
	is "add_ip starting '198.51.100.101/24' '' 'yes' venet0 
add_ip running '2001:db8:5e::101 198.51.100.102' '' 'yes' venet0 
del_ip running '198.51.100.101/24' '' 'yes' venet0 
add_ip running '198.51.100.103' '' 'yes' venet0 
add_ip running '198.51.100.104' 'yes' 'yes' venet0 
del_ip running '198.51.100.104' 'yes' 'yes' venet0 
add_ip starting '' '' 'yes' venet0 " "$(vzctl exec 101 cat /trace)"
	# Whoever never had one is spared the shell.
	create_minimal 102
	vzctl --quiet start 102
	rc_is 1 vzctl exec3 102 test -e /trace
}

# ---- bad days ----

@test "venet: a container that ends by itself is cleaned up after, by vzeventd or the next command" {
	running 101 --ipadd 198.51.100.101
	vzctl exec 101 'kill -USR2 1' || :
	wait_for 10 sh -c "! kill -0 $(init_pid 101) 2>/dev/null"
	rc_is 0 vzctl start 101
	is "198.51.100.101 " "$(routes)"
	vzctl --quiet stop 101 --fast
	eventd_start
	vzctl --quiet start 101
	vzctl exec 101 'kill -USR2 1' || :
	wait_for 20 sh -c "[ ! -e '$PREFIX/run/vz/101' ]"
	is "" "$(proxies)"
	is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
}

# cut_off STEP COMMAND…: vzctl, killed as it is about to carry out a step.
cut_off() { on_host "$KILLAT" --write "step '$1' of" "$BUILD/vzctl" --prefix "$PREFIX" --verbose --verbose "${@:2}" >/dev/null 2>&1 || :; }

@test "venet: a start that is killed anywhere is repaired by the next one, and undone by stop" {
	local step
	create_minimal 101 --ipadd 198.51.100.101 --ipadd 2001:db8:5e::101
	for step in net state dist go; do
		cut_off $step start 101
		rc_is 0 vzctl start 101
		rc_is 0 vzctl exec2 101 ping -c 1 -W 5 198.51.100.200
		vzctl --quiet stop 101 --fast
		is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
	done
}

@test "venet: a stop that is killed is finished by the next command" {
	local step
	create_minimal 101 --ipadd 198.51.100.101
	for step in net limits umount; do
		vzctl --quiet start 101
		cut_off $step stop 101 --fast
		rc_is 0 vzctl mount 101
		rc_is 0 vzctl umount 101
		is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
	done
}

@test "venet: a set that is killed in the middle is repaired by the next one, or by stop" {
	local n
	for n in 2 4 6 8 10 12 14; do
		running 101 --ipadd 198.51.100.101
		on_host "$KILLAT" --call "$((n * 60))" "$BUILD/vzctl" --prefix "$PREFIX" --quiet set 101 --save \
			--ipdel 198.51.100.101 --ipadd 198.51.100.102 --ipadd 2001:db8:5e::102 >/dev/null 2>&1 || :
		if [ $((n % 4)) -eq 0 ]; then
			rc_is 0 vzctl set 101 --ipdel all --ipadd 198.51.100.103 --save
			is "198.51.100.103/32 " "$(inside 101)"
			is "198.51.100.103 " "$(routes)"
			is "198.51.100.103 dev eth0 proxy " "$(proxies)"
		fi
		vzctl --quiet stop 101 --fast
		is "$(cat "$BATS_FILE_TMPDIR/before")" "$(net_state)"
		vzctl --quiet destroy 101
	done
}
