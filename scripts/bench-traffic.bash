# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2034 # scripts/bench sources this
#
# Rows of scripts/bench about what gets through the networks of containers: bytes of one TCP connection, and 64
# bytes that go there and back. The client is in front of the host, which forwards: for veth from its bridge.
# Which CPUs the scheduler would choose is not what is asked. The ends of a connection that is to be fast have
# one each, if there are two; with round trips both are on one: to wake another takes longer than all the rest.

traffic_seconds=${traffic_seconds:-1}
declare -A traffic_at=([venet]=198.51.100.2 [veth]=198.51.100.130 [lxc]=198.51.100.82)
last_cpu=$(($(nproc) - 1))

# gbits ADDRESS [-R]: per second, from the client; with -R from the container.
gbits()
{
	on_client iperf3 -c "$1" -t "$traffic_seconds" -A "0,$last_cpu" -f m "${@:2}" |
		sed -n 's/.* \([0-9.]*\) Mbits\/sec .*receiver$/\1/p' | awk '{ printf "%.3f\n", $1 / 1000; n++ } END { exit !n }'
}

trips() { round_trips "$1" "$traffic_seconds" taskset -c 0; }

# traffic_serve WHO ADDRESS: from now on it answers; known by asking.
traffic_serve()
{
	inside "$1" "iperf3 -s -D; taskset -c 0 sockperf server --tcp -p 5300 --daemonize" >/dev/null 2>&1
	wait_for 10 trips "$2" >/dev/null
	wait_for 10 gbits "$2" >/dev/null
}

traffic_round()
{
	local who

	for who; do
		gbits "${traffic_at[$who]}" >>"$peer/in.$who"
		gbits "${traffic_at[$who]}" -R >>"$peer/out.$who"
		trips "${traffic_at[$who]}" >>"$peer/trips.$who"
	done
}

# row_traffic TITLE WHAT WHO UNIT
row_traffic()
{
	local ratio held=''

	if [ "$has_lxc" = no ]; then
		line "$1" "$(median <"$peer/$2.$3") $4" "LXC's veth" 'not run' '' '>= 0.98' 'not known'
		return
	fi
	ratio=$(paste "$peer/$2.$3" "$peer/$2.lxc" | awk '{ print $1 / $2 }' | median | xargs printf '%.3f')
	verdict 0.98 "$ratio"	# this one must not be less
	line "$1" "$(median <"$peer/$2.$3") $4" "LXC's veth" "$(median <"$peer/$2.lxc") $4" "$ratio" '>= 0.98' "$held"
}

rows_traffic()
{
	local main=$PREFIX round whos=(venet veth) who

	host_setup
	prefixes+=("$PREFIX")
	guest_hosts
	guest_ours 101 --ipadd "${traffic_at[venet]}"
	guest_ours 102 --netif_add eth0,,,,br0
	inside 102 "ip link set eth0 up; ip addr add ${traffic_at[veth]}/28 dev eth0; ip route add default via 198.51.100.129"
	traffic_serve 101 "${traffic_at[venet]}"
	traffic_serve 102 "${traffic_at[veth]}"
	if [ "$has_lxc" = yes ]; then
		whos+=(lxc)
		guest_lxc traffic "${traffic_at[lxc]}"
		traffic_serve traffic "${traffic_at[lxc]}"
	fi
	for ((round = 0; round < rounds; round++)); do
		traffic_round "${whos[@]}"
		# The other way round the next time: what gets warmer or slower hits all alike.
		mapfile -t whos < <(printf '%s\n' "${whos[@]}" | tac)
	done
	for who in venet veth; do
		row_traffic "$who: TCP to the container" in $who Gb/s
		row_traffic "$who: TCP from the container" out $who Gb/s
		row_traffic "$who: 64 bytes there and back" trips $who /ms
	done
	[ "$has_lxc" = no ] || guest_down traffic
	destroy_all
	PREFIX=$main
}
