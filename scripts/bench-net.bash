# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # scripts/bench sources this
#
# Rows of scripts/bench about networks. They are of the bench's own: one stands for the host's.

# With an address each, 103 running all the time: the filter that the first one makes is there in both cases.
row_128th_address()
{
	local ids n

	vzctl --quiet stop 105 --fast
	mapfile -t ids < <(seq 1002 1101; seq 1104 1129)
	for n in "${ids[@]}"; do
		vzctl --quiet create "$n" --ostemplate minimal --ipadd 198.51.100.$((n - 1000))
	done
	make_others "${ids[@]}"
	variant ours - "$peer/others up" "$v $PREFIX start 102" "$v $PREFIX --quiet stop 102 --fast"
	variant 'as the second' - "$peer/others down" "$v $PREFIX start 102" "$v $PREFIX --quiet stop 102 --fast"
	measure $(((rounds + 1) / 2))
	row "start with an address, container no. 128" ours 'as the second' 1.2 "<= 1.2"
}

rows_net()
{
	# The network of what was stopped is taken down behind our back, under the lock that a new device needs:
	# that is not the start's.
	local main=$PREFIX rest='sleep 0.1'

	host_setup
	prefixes+=("$PREFIX")
	net_setup
	vzctl --quiet create 101 --ostemplate minimal
	vzctl --quiet create 102 --ostemplate minimal --ipadd 198.51.100.102
	vzctl --quiet create 103 --ostemplate minimal --ipadd 198.51.100.103
	# The first one of a host makes the filter that all share, by way of nft.
	variant ours - "$rest" "$v $PREFIX start 102" "$v $PREFIX --quiet stop 102 --fast"
	variant 'without one' - "$rest" "$v $PREFIX start 101" "$v $PREFIX --quiet stop 101 --fast"
	measure
	row "start with an address, the first on the host" ours 'without one'
	vzctl --quiet start 103
	variant ours - "$rest" "$v $PREFIX start 102" "$v $PREFIX --quiet stop 102 --fast"
	variant 'without one' - "$rest" "$v $PREFIX start 101" "$v $PREFIX --quiet stop 101 --fast"
	measure
	row "start with an address" ours 'without one' 1.3 "<= 1.3"
	# Masqueraded, and a port of the host's that leads to it.
	vzctl --quiet create 104 --ostemplate minimal --ipadd 10.5.0.104
	vzctl --quiet create 105 --ostemplate minimal --ipadd 10.5.0.105
	vzctl --quiet create 106 --ostemplate minimal --ipadd 10.5.0.106 --publish 8080:80
	vzctl --quiet start 105
	variant ours - - "$v $PREFIX start 104" "$v $PREFIX --quiet stop 104 --fast"
	variant 'without one' - - "$v $PREFIX start 101" "$v $PREFIX --quiet stop 101 --fast"
	measure
	row "start with a private address" ours 'without one' 1.3 "<= 1.3"
	variant ours - - "$v $PREFIX start 106" "$v $PREFIX --quiet stop 106 --fast"
	variant 'without one' - - "$v $PREFIX start 101" "$v $PREFIX --quiet stop 101 --fast"
	measure
	row "start with a published port" ours 'without one'
	variant ours - - "$v $PREFIX set 103 --ipadd 198.51.100.7" "$v $PREFIX --quiet set 103 --ipdel 198.51.100.7"
	if [ $has_lxc = yes ]; then
		ln -s "$PREFIX/net/host" "$peer/lxc/bench/host"
		of_lxc bench start
		variant 'lxc-attach -- ip addr add' - - \
			"/usr/bin/lxc-attach -P $peer/lxc -n bench -- /sbin/ip addr add 198.51.100.7/32 dev lo" \
			"/usr/bin/lxc-attach -P $peer/lxc -n bench -- /sbin/ip addr del 198.51.100.7/32 dev lo"
	fi
	measure
	row "set --ipadd" ours 'lxc-attach -- ip addr add' 1 "<= 1"
	if [ $has_lxc = yes ]; then
		of_lxc bench stop -k
		rm "$peer/lxc/bench/host"
	fi
	row_128th_address
	destroy_all
	PREFIX=$main
}
