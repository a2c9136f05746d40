#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The power fails while containers are made, changed, run and destroyed: the VM's process is killed, and what
# its kernel had not written to the disk is lost. It is booted on that disk again, and looks; see
# tests/lib/powercut.
#
# POWER_CUTS says how often (default 2).

load ../lib/helpers

setup_file()
{
	require root
	host_setup
	need_template minimal
	export DISK=$BATS_FILE_TMPDIR/disk STORY=$BATS_FILE_TMPDIR/story
	: >"$STORY"
}
teardown_file() { host_teardown; }

# life [work]: boot on the disk. What it says goes to $STORY.now.
life()
{
	# What a VM that was killed leaves there goes with the test.
	TMPDIR=$BATS_FILE_TMPDIR exec "$TOP/scripts/vm" --disk "$DISK" --timeout 900 --stdin "$STORY" \
		env TEST_CACHE="$TEST_CACHE" "$TOP/tests/lib/powercut" "$BUILD" "$@" >"$STORY.now" 2>&1 3>&- </dev/null
}

# It found nothing wrong, and knew the story.
looked_well()
{
	said "^the story has $(wc -l <"$STORY") lines\$" && said '^looked$' && ! said '^BAD' ||
		{ cat "$STORY" "$STORY.now"; return 1; }
}

said() { grep -qE "$1" "$STORY.now"; }
ended() { ! kill -0 "$1" 2>/dev/null; }
has_work_or_ended() { said '^done 10. destroy' || ended "$1"; }

# No process of the VM is left: neither does it write any more, nor does anybody speak for it.
power_is_off() { [ -z "$(find /proc/[0-9]*/fd -lname "$DISK" -o -lname "$STORY.now" 2>/dev/null)" ]; }

# A kernel has to have mounted it: what is in the journal counts.
disk_is_sound()
{
	run e2fsck -fn "$DISK"
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
}

@test "power cut: whatever was being done, it is done or not, and nothing is left or lost" {
	local n pid
	for ((n = 1; n <= ${POWER_CUTS:-2}; n++)); do
		life work &
		pid=$!
		wait_for 800 has_work_or_ended "$pid"
		# Any moment from here on.
		sleep "$((RANDOM % 6)).$((RANDOM % 1000))"
		kill -9 "$pid" || { tail -n 60 "$STORY.now"; return 1; }
		wait "$pid" || :
		wait_for 30 power_is_off
		looked_well
		echo "# cut $n, in the midst of: $(tail -n 2 "$STORY.now" | tr '\n' ';')" >&3
		sed -n '/^looked$/,$p' "$STORY.now" >"$STORY"
	done
	life &
	wait $! || :
	looked_well
	disk_is_sound
}
