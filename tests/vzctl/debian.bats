#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A Debian server in a container: both releases, on both layouts, with their own systemd. It comes up
# completely, knows only itself, is reached over ssh, and goes down by its own shutdown in good time,
# whoever asks for that and however early.

load ../lib/helpers

setup_file()
{
	host_setup
	need_template debian-12
	need_template debian-13
	ssh-keygen -q -t ed25519 -N '' -C test -f "$PREFIX/key" 3>&- || :
}
teardown_file() { host_teardown; }
teardown() { destroy_all; }

# create_debian ID TEMPLATE LAYOUT [OPTION…]
create_debian()
{
	local key=()
	[ ! -e "$PREFIX/key.pub" ] || key=(--sshkey "$PREFIX/key.pub")
	vzctl --quiet create "$1" --ostemplate "$2" --layout "$3" --hostname "web$1.example.net" \
		"${key[@]}" "${@:4}" && vzctl --quiet set "$1" --stop-timeout "$(patience 30)" --save
}

# is_up ID: systemd is content, and no unit failed.
is_up()
{
	is running "$(vzctl exec "$1" systemctl is-system-running)"
	is "" "$(vzctl exec "$1" systemctl --failed --no-legend --plain)"
}

# stop_takes_less SECONDS ID [OPTION…]: and nobody had to be killed unless that was asked for.
stop_takes_less()
{
	local at=$EPOCHREALTIME
	rc_is 0 vzctl stop "${@:2}"
	at=$(((${EPOCHREALTIME/./} - ${at/./}) / 1000))
	[ $at -lt "$(patience $(($1 * 1000)))" ] || { echo "took $at ms"; return 1; }
}

# boots TEMPLATE LAYOUT: the whole life of one server.
boots()
{
	local host_root host_pids
	create_debian 101 "$1" "$2"
	# Unique to each container, so not from the template.
	is "" "$(find "$PREFIX/vz/private/101" -path '*/etc/ssh/ssh_host_*')"

	rc_is 0 vzctl start 101 --wait
	has "Container started successfully"
	is_up 101

	is web101.example.net "$(vzctl exec 101 hostname)"
	is systemd "$(vzctl exec 101 cat /proc/1/comm)"
	host_pids=$(find /proc -maxdepth 1 -name '[0-9]*' | wc -l)
	[ "$(vzctl exec 101 'ls -d /proc/[0-9]*' | wc -l)" -lt "$host_pids" ]
	[ "$(vzctl exec 101 cat /proc/1/cmdline | tr '\0' ' ')" != "$(tr '\0' ' ' </proc/1/cmdline)" ]
	host_root=$(stat -c %d:%i /)
	[ "$(vzctl exec 101 stat -c %d:%i /)" != "$host_root" ]
	rc_is 8 vzctl exec 101 test -e "$PREFIX"

	vzctl exec 101 'echo before-the-shutdown | systemd-cat -t tester'
	vzctl exec 101 journalctl --sync
	run vzctl exec 101 journalctl -q -o cat -t tester
	is before-the-shutdown "$output"
	vzctl exec 101 test -s /etc/ssh/ssh_host_ed25519_key
	run vzctl exec 101 ss -Hltn
	has ":22 "

	# Some units fail late: a getty without a terminal does so after half a second.
	sleep 3
	is_up 101

	stop_takes_less 20 101
	has_not "Killing"
	is_down 101

	# The shutdown was systemd's, and the journal is kept.
	vzctl --quiet start 101 --wait
	run vzctl exec 101 journalctl -q -o cat -b -1
	has before-the-shutdown "Reached target" "Shutting down." "Journal stopped"
	stop_takes_less 3 101 --fast
	has_not "Stopping"
	is_down 101
}

# bats test_tags=core
@test "debian: 12 on an overlay boots to running and shuts itself down" { boots debian-12 overlay; }
@test "debian: 12 on simfs boots to running and shuts itself down" { boots debian-12 simfs; }
@test "debian: 13 on an overlay boots to running and shuts itself down" { boots debian-13 overlay; }
@test "debian: 13 on simfs boots to running and shuts itself down" { boots debian-13 simfs; }

@test "debian: a stop right after the start is not lost" {
	local t
	for t in debian-12 debian-13; do
		create_debian 101 $t overlay
		vzctl --quiet start 101
		stop_takes_less 15 101
		has_not "Killing" "bus" "daemon"
		vzctl --quiet destroy 101
	done
}

# is_stopped_from_inside COMMAND…: run it inside; the container is down then, and starts again.
is_stopped_from_inside()
{
	vzctl --quiet exec 101 "$@" || :
	wait_for 20 status_is 101 "exist mounted down"
	run vzlist -H -o status 101
	is mounted "${output// /}"
	rc_is 0 vzctl start 101 --wait
	is_up 101
}

@test "debian: a container that powers off, or reboots, is down, and starts again" {
	create_debian 101 debian-12 overlay
	vzctl --quiet start 101 --wait
	is_stopped_from_inside systemctl --no-block poweroff
	is_stopped_from_inside systemctl --no-block reboot
	is_stopped_from_inside reboot -f -f
}

@test "debian: a restart is a new boot of the same machine" {
	local boot machine
	create_debian 101 debian-13 overlay
	vzctl --quiet start 101 --wait
	machine=$(vzctl exec 101 cat /etc/machine-id)
	[ ${#machine} -eq 32 ]
	is 1 "$(vzctl exec 101 journalctl -q --list-boots | grep -c '[0-9a-f]\{32\}')"
	rc_is 0 vzctl restart 101 --wait
	is "$machine" "$(vzctl exec 101 cat /etc/machine-id)"
	is 2 "$(vzctl exec 101 journalctl -q --list-boots | grep -c '[0-9a-f]\{32\}')"
}

@test "debian: name servers and host name reach the system, at the start and while it runs" {
	create_debian 101 debian-12 overlay --nameserver 198.51.100.53 --nameserver 198.51.100.54 \
		--searchdomain example.net
	vzctl --quiet start 101 --wait
	run vzctl exec 101 cat /etc/resolv.conf
	line "nameserver 198.51.100.53" "nameserver 198.51.100.54" "search example.net"
	is web101.example.net "$(vzctl exec 101 cat /etc/hostname)"
	run vzctl exec 101 getent hosts web101.example.net
	is 0 "$status"

	vzctl --quiet set 101 --hostname db.example.org --nameserver 198.51.100.55 --save
	is db.example.org "$(vzctl exec 101 hostname)"
	is db.example.org "$(vzctl exec 101 cat /etc/hostname)"
	run vzctl exec 101 cat /etc/resolv.conf
	line "nameserver 198.51.100.55"
	has_not 198.51.100.53
	# And stays so.
	vzctl --quiet restart 101 --wait
	is db.example.org "$(vzctl exec 101 hostname)"
}

@test "debian: root logs in over ssh with the key of --sshkey, and the session is logind's" {
	require ssh ssh-keygen nsenter
	local t
	for t in debian-12 debian-13; do
		create_debian 101 $t overlay
		vzctl --quiet start 101 --wait
		# Its own network has no way out yet: come in by the door of its loopback.
		run nsenter --net="/proc/$(init_pid 101)/ns/net" ssh -F none -i "$PREFIX/key" -o BatchMode=yes \
			-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
			root@127.0.0.1 'hostname; loginctl list-sessions --no-legend | wc -l; cat /proc/self/cgroup' 3>&-
		is 0 "$status"
		line web101.example.net
		has user.slice
		vzctl --quiet stop 101 --fast
		vzctl --quiet destroy 101
	done
}

@test "debian: an ordinary user inside works: login, his own services manager, no power over root" {
	create_debian 101 debian-12 overlay --userpasswd user:secret
	vzctl --quiet start 101 --wait
	is "user" "$(vzctl exec 101 'su - user -c whoami')"
	rc_is 8 vzctl exec 101 "su - user -c 'cat /etc/shadow'"
	rc_is 0 vzctl exec 101 systemctl start user@1000
	is_up 101
}
