#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# --features, word by word: what each does on a stock kernel, and what is said of those that it cannot do.
# tun, fuse and io_uring: isolation.bats; lxcfs: lxcfs.bats.

# shellcheck disable=SC2154 # err is from the helpers
load ../lib/helpers

setup_file()
{
	probe_setup
	create_minimal 101
	cp "$(conf 101)" "$BATS_FILE_TMPDIR/101.conf"
}
teardown_file() { host_teardown; }
setup() { cp "$BATS_FILE_TMPDIR/101.conf" "$(conf 101)"; }
teardown() { vzctl --quiet stop 101 --fast >/dev/null 2>&1 || :; }

WORDS="sysfs nfs nfsd sit ipip ipgre ppp bridge time tun fuse io_uring lxcfs detect"

@test "features: each word is taken, on and off, stored and listed" {
	local word
	for word in $WORDS; do
		rc_is 0 vzctl set 101 --features $word:off --save
		is $word:off "$(conf_value 101 FEATURES)"
		rc_is 0 vzctl set 101 --features $word:on --save
		is $word:on "$(conf_value 101 FEATURES)"
		is $word:on "$(vzlist 101 -a -H -o features | xargs)"
		sed -i /^FEATURES=/d "$(conf 101)"
	done
	rc_is 21 vzctl set 101 --features nosuch:on --save
	has "Unknown feature: nosuch"
	# One that another version has left in a file does not matter.
	echo 'FEATURES="nosuch:on tun:on"' >>"$(conf 101)"
	rc_is 0 vzctl start 101
	has "Unknown feature: nosuch"
}

@test "features: those that a stock kernel has for the host alone are said to be kept, each start" {
	vzctl --quiet set 101 --features nfs:on,nfsd:on,time:on,sit:on --save
	split_is 0 vzctl start 101
	output=$err
	for word in nfs nfsd time; do
		line "Warning: FEATURES: $word: kept, not enforced by this kernel"
	done
	has_not sit
	# One line each, and switched off there is nothing to be said.
	is 3 "$(grep -c FEATURES <<<"$output")"
	vzctl --quiet stop 101 --fast
	vzctl --quiet set 101 --features nfs:off,nfsd:off,time:off --save
	split_is 0 vzctl start 101
	is "" "$err"
}

@test "features: sysfs:off leaves /sys out" {
	vzctl --quiet set 101 --features sysfs:off --save
	vzctl --quiet start 101
	is 0 "$(vzctl exec 101 'grep -c " /sys" /proc/self/mountinfo || :')"
}

# told: what the environment of process 1 tells of the container.
told() { tr '\0' '\n' <"/proc/$(init_pid 101)/environ" | grep ^container=; }

@test "features: detect:off gives programs inside another name for the container" {
	vzctl --quiet start 101
	is container=openvz "$(told)"
	vzctl --quiet set 101 --features detect:off --save
	vzctl --quiet restart 101 --fast
	# Some word there has to be: systemd behaves by it as it shall in a container.
	is container=openve "$(told)"
}

# with_dev COMMAND…: vzctl on a host whose /dev has besides the usual only the node of ppp, or not even that.
with_dev()
{
	# shellcheck disable=SC2016 # for the shell there
	unshare -m --propagation private sh -c 'make=$1 to=$2; shift 2
		mount -t tmpfs none "$to" && cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty "$to" &&
		eval "$make" && mount --move "$to" /dev && exec "$@"' - "$@"
}

@test "features: ppp brings the host's node, and a start says so if there is none" {
	local dev=$BATS_TEST_TMPDIR/dev
	mkdir "$dev"
	vzctl --quiet set 101 --features ppp:on --save
	# shellcheck disable=SC2016 # for the shell there
	split_is 0 with_dev 'mknod "$to/ppp" c 108 0' "$dev" "$BUILD/vzctl" --prefix "$PREFIX" start 101
	is "" "$err"
	put_probe 101
	is 6c:0 "$(vzctl exec 101 stat -c %t:%T /dev/ppp)"
	# Allowed; whether there is a driver behind it is another question.
	[ "$(probe 101 open rw /dev/ppp)" != EPERM ]
	vzctl --quiet stop 101 --fast
	split_is 0 with_dev : "$dev" "$BUILD/vzctl" --prefix "$PREFIX" start 101
	is "Warning: FEATURES: ppp: the host has no '/dev/ppp' (modprobe ppp_generic)" "$err"
	is "" "$(vzctl exec 101 'ls /dev/ppp 2>/dev/null || :')"
}

# link_of TYPE COMMAND…: can such a device be made there?
link_of()
{
	if "${@:2}" sh -c "ip link add vz-test type $1 && ip link del vz-test" >/dev/null 2>&1; then echo yes; else echo no; fi
}

@test "features: bridges and tunnels are made inside if the host's kernel has them" {
	local type inside
	require ip
	vzctl --quiet start 101
	inside=(nsenter -t "$(init_pid 101)" -U -n -S 0 -G 0)
	for type in bridge ipip sit gre; do
		is "$type $(link_of $type unshare -n)" "$type $(link_of $type "${inside[@]}")"
	done
	is yes "$(link_of bridge "${inside[@]}")"
}

@test "features: capabilities by all their names, with cap_ or without, are stored in upper case" {
	local name
	for name in chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service \
		net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin \
		sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write ve_admin setveid setfcap; do
		rc_is 0 vzctl set 101 --capability cap_$name:off --save
		is "${name^^}:off" "$(conf_value 101 CAPABILITY)"
		sed -i /^CAPABILITY=/d "$(conf 101)"
	done
	rc_is 21 vzctl set 101 --capability nosuch:on --save
	has "Capability nosuch is unknown"
	rc_is 21 vzctl set 101 --capability chown --save
	has "Can't parse capability chown (expecting capname:on|off)"
}
