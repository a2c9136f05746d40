#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Nothing stays behind. After any life of a container, a short one, a failed one or one that was cut off,
# the host is what it was: mounts, loop devices, cgroups, interfaces, namespaces, /run/vz, ids, processes.

load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	# Directories that are made at the first use and then stay.
	create_minimal 101
	vzctl --quiet start 101
	destroy_all
}
teardown_file() { host_teardown; }
teardown() { destroy_all; }

# The host without what other tests, at work at the same time, do to it.
snapshot()
{
	prefix_tag
	"$TOP/tests/lib/snapshot" | awk -v own="$PREFIX" -v tag="vz-$PREFIX_TAG" '
		/openve-test[.-]/ && !index($0, own) { next }
		/\/vz-|\/openve-test|\/lxc/ && !index($0, tag) { next }
		/^(vz|probe|criu|\/.*\/vz\/(root|private)\/)/ && !index($0, own) { next }
		{ print }'
	# And all of the prefix, but for what containers keep on their disks.
	find "$PREFIX" \( -path "$PREFIX/var/log" -o -path "$PREFIX/vz/private/*/*" \) -prune -o -printf '%P %y %m %U:%G %l\n' |
		grep -v '\.destroyed ' | LC_ALL=C sort
}

# same: since $before was taken, nothing changed but for what is allowed to.
same()
{
	snapshot >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

setup() { snapshot >"$BATS_TEST_TMPDIR/before"; }

# bats test_tags=core,cgroup
@test "leftovers: none of a container that was created, started, used, stopped and destroyed" {
	local layout
	for layout in overlay simfs; do
		create_minimal 101 --layout $layout --name web --hostname web.example.net
		vzctl --quiet start 101
		vzctl --quiet exec 101 'mkdir /sys/fs/cgroup/a /sys/fs/cgroup/a/b; mount -t tmpfs none /mnt; (sleep 100 &)'
		vzctl --quiet set 101 --userpasswd root:secret
		vzctl --quiet stop 101
		vzctl --quiet mount 101
		vzctl --quiet umount 101
		vzctl --quiet destroy 101
		same
	done
}

@test "leftovers: none of one that was killed, or ended by itself" {
	create_minimal 101
	vzctl --quiet start 101
	vzctl --quiet stop 101
	snapshot >"$BATS_TEST_TMPDIR/before"
	vzctl --quiet start 101
	vzctl --quiet stop 101 --fast
	same
	# By itself: mount and groups stay for the next stop or start; its umount and destroy clear them.
	vzctl --quiet start 101
	kill -9 "$(init_pid 101)"
	wait_for 5 status_is 101 "exist mounted down"
	vzctl --quiet start 101
	vzctl --quiet stop 101 --fast
	same
	vzctl --quiet start 101
	kill -9 "$(init_pid 101)"
	wait_for 5 status_is 101 "exist mounted down"
	vzctl --quiet umount 101
	vzctl --quiet destroy 101
	[ ! -e "$PREFIX/run/vz/101" ] || { echo "state is left"; return 1; }
	is "" "$(ct_cgroups 101)"
}

# bats test_tags=core,cgroup
@test "leftovers: what a container that ended by itself made of its groups does not hinder the next start" {
	create_minimal 101
	vzctl --quiet start 101
	vzctl --quiet exec 101 'cd /sys/fs/cgroup && mkdir -p deep/er threads && echo threaded >threads/cgroup.type'
	kill -9 "$(init_pid 101)"
	wait_for 5 status_is 101 "exist mounted down"
	rc_is 0 vzctl start 101
	run vzctl exec 101 'ls -d /sys/fs/cgroup/deep /sys/fs/cgroup/threads; cat /sys/fs/cgroup/cgroup.type'
	has_not "
/sys/fs/cgroup/deep" threaded
	vzctl --quiet stop 101 --fast
	is_down 101
}

@test "leftovers: none of a create that failed, at whatever step" {
	rc_is 91 vzctl create 101 --ostemplate nothing
	same
	rc_is 131 vzctl create 101 --ostemplate minimal --name "bad/name"
	same
	rc_is 99 vzctl create 101 --ostemplate minimal --layout ploop
	same
	# Inside: with mounts, groups and a process to be undone.
	sed 's/^POST_CREATE=.*//; $a POST_CREATE="fails.sh"' "$PREFIX/etc/vz/dists/minimal.conf" >"$BATS_TEST_TMPDIR/conf"
	cp "$PREFIX/etc/vz/dists/minimal.conf" "$BATS_TEST_TMPDIR/conf.orig"
	dist_script fails.sh <<<'exit 7'
	dist_conf minimal <"$BATS_TEST_TMPDIR/conf"
	run vzctl create 101 --ostemplate minimal
	dist_conf minimal <"$BATS_TEST_TMPDIR/conf.orig"
	rm "$PREFIX/etc/vz/dists/scripts/fails.sh"
	is 79 "$status"
	same
	action vps.create <<<'exit 1'
	rc_is 79 vzctl create 101 --ostemplate minimal
	rm "$PREFIX/etc/vz/conf/vps.create"
	same
}

@test "leftovers: none of a start that failed, at whatever step" {
	create_minimal 101 --layout simfs
	# VE_ROOT is made at the first mount, and kept.
	vzctl --quiet mount 101
	vzctl --quiet umount 101
	snapshot >"$BATS_TEST_TMPDIR/before"
	local event
	for event in premount mount start; do
		action 101.$event <<<'exit 1'
		rc_is 79 vzctl start 101
		rm "$PREFIX/etc/vz/conf/101.$event"
		same
	done
	# The tree: no init, one that is no program, no place for /proc, a shell that does not run.
	mv "$PREFIX/vz/private/101/sbin/init" "$PREFIX/vz/private/101/sbin/init.away"
	rc_is 47 vzctl start 101
	mv "$PREFIX/vz/private/101/sbin/init.away" "$PREFIX/vz/private/101/sbin/init"
	same
	rmdir "$PREFIX/vz/private/101/proc"
	touch "$PREFIX/vz/private/101/proc"
	rc_is 7 vzctl start 101
	has "/proc"
	rm "$PREFIX/vz/private/101/proc"
	mkdir "$PREFIX/vz/private/101/proc"
	same
}

@test "leftovers: none of ten containers started and destroyed at once" {
	local i
	for i in {110..119}; do
		(create_minimal "$i" && vzctl --quiet start "$i" && vzctl --quiet stop "$i" --fast &&
			vzctl --quiet destroy "$i") 3>&- &
	done
	wait
	same
}
