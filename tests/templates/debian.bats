#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2154 # text for other shells; variables of the helpers
#
# The Debian templates as users meet them: a container of each boots into a whole system, and two made
# from the same template share nothing they must not.

load ../lib/helpers
load ../lib/templates

setup_file()
{
	host_setup
	need_template debian-12
	need_template debian-13
	for id in 112 113 114; do
		vzctl create $id --ostemplate debian-$((id == 114 ? 13 : id - 100)) --hostname ct$id
		vzctl start $id --wait
	done
}

teardown_file() { host_teardown; }

in_each()
{
	local id
	for id in 112 113; do
		run vzctl exec $id "$@"
		[ "$status" -eq 0 ] || { echo "container $id: status $status: $*"; echo "$output"; return 1; }
	done
}

@test "debian: boots into a running system without failed units" {
	in_each systemctl is-system-running --wait
	is running "$output"
	in_each systemctl --failed --no-legend --plain
	is "" "$output"
	# Some fail only a moment later.
	sleep 1
	in_each systemctl --failed --no-legend --plain
	is "" "$output"
}

@test "debian: is the release its name says" {
	run vzctl exec 112 cat /etc/os-release
	has 'VERSION_ID="12"'
	run vzctl exec 113 cat /etc/os-release
	has 'VERSION_ID="13"'
	vzctl exec 113 test "$(vztmpl resolve debian)" = "$(vztmpl resolve debian-13)"
}

@test "debian: ssh answers, with host keys of its own, for keys only" {
	in_each systemctl is-active ssh.service
	in_each 'ls /etc/ssh/ssh_host_ed25519_key'
	in_each 'sshd -T | grep -i "^permitrootlogin without-password"'
	in_each 'grep "^root:[*!]" /etc/shadow'
	[ "$(vzctl exec 113 cat /etc/ssh/ssh_host_ed25519_key.pub)" != "$(vzctl exec 114 cat /etc/ssh/ssh_host_ed25519_key.pub)" ]
}

@test "debian: two containers have two machine ids" {
	[ "$(vzctl exec 113 cat /etc/machine-id)" != "$(vzctl exec 114 cat /etc/machine-id)" ]
	run vzctl exec 113 cat /etc/machine-id
	is 32 "${#output}"
}

@test "debian: ping works for ordinary users" {
	# 12 has a file capability for it; it has to survive unpacking and the container's own id map.
	run vzctl exec 112 getcap /usr/bin/ping
	has "cap_net_raw=ep"
	vzctl exec 112 ip link set lo up
	run vzctl exec 112 "su -s /bin/sh nobody -c 'ping -c 1 -w 5 127.0.0.1'"
	is 0 "$status"
	has "1 received"
}

@test "debian: setuid programs are root's and on disk nobody else's" {
	in_each 'stat -c "%a %U" /usr/bin/su'
	is "4755 root" "$output"
	run vzctl exec 112 "su -s /bin/sh nobody -c 'su --version'"
	is 0 "$status"
}

@test "debian: the journal's access control lists are in place" {
	in_each 'test "$(stat -c %G /var/log/journal)" = systemd-journal'
}

@test "debian: apt is ready to be used and knows whom to trust" {
	in_each apt-get --simulate --quiet autoremove
	# A mirror for updates, to be fetched from the network; and one for security updates, if the host
	# knows any.
	in_each "apt-get update --print-uris | grep -E \"^'https?://.*/dists/[a-z]+-updates/\""
	if apt-get update --print-uris | grep -qE "/dists/[a-z]+-security/"; then
		in_each "apt-get update --print-uris | grep -E \"^'https?://.*/dists/[a-z]+-security/\""
	fi
	in_each 'dpkg --audit'
	is "" "$output"
	in_each 'test -e /usr/share/keyrings/debian-archive-keyring.gpg'
}

@test "debian: nothing of the machine it was made on" {
	run vzctl exec 113 cat /etc/hostname
	is ct113 "$output"
	in_each '! grep -rqs mmdebstrap /etc'
	in_each 'test -z "$(ls /var/cache/apt/archives/*.deb 2>/dev/null)"'
}
