#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Every command against a root who has replaced what it may touch: ten paths, each by links to files of
# the host and of a sibling, by FIFOs, directories and endless files, while the container runs and while
# it does not. Commands end in bounded time with an exit code of ours, the container can be stopped and
# destroyed, and nobody as much as opens a file of the host.

load ../lib/helpers

setup_file()
{
	probe_setup
	# Two trees that look like a container's root: one on the host, one of a container that is just there.
	export VICTIM=$PREFIX/victim SIBLING=$PREFIX/vz/private/101
	mkdir -p "$VICTIM"/{etc,bin,sbin,root,tmp,proc/self,dev}
	for f in etc/{hosts,passwd,shadow,hostname,resolv.conf} dev/{console,null} proc/self/status bin/sh sbin/init; do
		echo "the host's $f" >"$VICTIM/$f"
	done
	chmod 0755 "$VICTIM"/{bin/sh,sbin/init}
	mkfifo "$VICTIM/fifo"
	create_minimal 101 --layout simfs
	printf '#!/bin/sh\nexit 0\n' >"$PREFIX/script"
}
teardown_file() { host_teardown; }

setup()
{
	before=$(canaries_state)
	"$PROBE" watch < <(canaries) >"$BATS_TEST_TMPDIR/opened" 3>&- &
	watcher=$!
	wait_for 5 [ -s "$BATS_TEST_TMPDIR/opened" ]
}
teardown()
{
	kill "$watcher"
	is "" "$(grep . "$BATS_TEST_TMPDIR/opened" | sort | uniq -c)"
	is "$before" "$(canaries_state)"
}

canaries() { find "$VICTIM" "$SIBLING"/{etc,dev,proc,root,tmp,sbin/init,bin/sh,bin/busybox} ! -type l; }
canaries_state()
{
	find "$VICTIM" "$SIBLING" -printf '%p %y %m %U %s %T@ %l\n' | sort
	find "$VICTIM" "$SIBLING" -type f -exec cksum {} + | sort
}

attack()
{
	rc_is 0 env BUILD="$BUILD" "$TOP/tests/lib/hostile" "$@"
	is "" "$output"
}

@test "paths: the watch sees an opened file" {
	[ -z "$(grep . "$BATS_TEST_TMPDIR/opened")" ]
	: <"$VICTIM/etc/hosts"
	wait_for 5 grep -qF "$VICTIM/etc/hosts" "$BATS_TEST_TMPDIR/opened"
	: >"$BATS_TEST_TMPDIR/opened"
}

@test "paths: links to files of the host" { attack link; }
@test "paths: links that climb out of the root" { attack up; }
@test "paths: links through /proc/1/root" { attack magic; }
@test "paths: links to a sibling's private area" { attack sibling; }
@test "paths: links to a FIFO of the host" { attack hostfifo; }
@test "paths: links to a device without end" { attack zero; }
@test "paths: links to the program that runs" { attack self; }
@test "paths: FIFOs" { attack fifo; }
@test "paths: directories" { attack dir; }
@test "paths: files without end" { attack endless; }
