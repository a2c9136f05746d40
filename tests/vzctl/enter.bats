#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# "vzctl enter": a login shell on a terminal of the container. Ours is in raw mode meanwhile and as it
# was afterwards; its size is the size inside.

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	create_minimal 101
	create_minimal 102
	vzctl --quiet start 101
}
teardown_file() { host_teardown; }

setup() { require python3; }

# bats test_tags=core
@test "enter: prints where one is and that one has left, and shows a prompt between" {
	rc_is 0 on_tty 'expect("entered into CT 101"); expect("# "); send("exit\n"); expect("exited from CT 101")' enter 101
}

@test "enter: the environment is the login shell's own and our TERM" {
	rc_is 0 on_tty 'expect("# "); send("tr \"\\\\0\" \"\\\\n\" </proc/$$/environ; echo do\"\"ne\n"); expect("done"); send("exit\n")' enter 101
	has PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HISTFILE=/dev/null USER=root \
		HOME=/root LOGNAME=root TERM=vt220
	has_not mine
}

@test "enter: it is a login shell on a terminal of the container" {
	rc_is 0 on_tty 'expect("# "); send("echo \"<$0 $(tty)>\"\n"); expect("<-sh /dev/pts/"); send("exit\n")' enter 101
}

@test "enter: the terminal is root's, and can be opened by its name" {
	rc_is 0 on_tty 'expect("# "); send("echo th\"\"ere >$(tty); stat -c \"<%u %g>\" $(tty); exit\n"); expect("there"); expect("<0 5>")' enter 101
}

@test "enter: the words behind --exec are typed in, and the session stays open" {
	rc_is 0 on_tty 'expect("typed 42"); expect("# "); send("echo still he\"\"re\n"); expect("still here"); send("exit\n")' \
		enter 101 --exec echo 'typed $((6*7))'
}

@test "enter: the window size inside is ours, and follows it" {
	rc_is 0 on_tty 'expect("# "); send("stty size\n"); expect("24 80"); resize(50, 132); time.sleep(0.3)
send("stty size\n"); expect("50 132"); send("exit\n")' enter 101
}

# bats test_tags=core
@test "enter: keys reach the container: Ctrl-C ends the command there, Ctrl-D the shell" {
	rc_is 0 on_tty 'expect("# "); send("sleep 100\n"); time.sleep(0.3); send("\x03"); expect("# ")
send("echo al\"\"ive\n"); expect("alive"); expect("# "); send("\x04"); expect("exited from CT 101")' enter 101
}

# bats test_tags=core
@test "enter: the exit status is the shell's" {
	rc_is 7 on_tty 'expect("# "); send("exit 7\n")' enter 101
}

@test "enter: a shell that is killed is said, and the terminal is restored" {
	rc_is 3 on_tty 'expect("# "); send("kill -9 $$\n"); expect("got signal 9")' enter 101
}

@test "enter: a signal to vzctl restores the terminal, and no shell stays inside" {
	run on_tty 'expect("# "); p.terminate()' enter 101
	[ "$status" -ne 97 ] && [ "$status" -ne 98 ] && [ "$status" -ne 99 ]
	wait_for 5 eval '! vzctl exec2 101 "ps -o comm,tty | grep -q pts/"'
}

@test "enter: a stop of the container ends the session" {
	vzctl --quiet start 102
	run on_tty 'expect("# "); vzctl("stop", "102", "--fast"); expect("exited from CT 102")' enter 102
	vzctl --quiet stop 102 --fast || :
	[ "$status" -ne 97 ] && [ "$status" -ne 98 ] && [ "$status" -ne 99 ]
}

@test "enter: takes no lock" {
	mkdir -p "$PREFIX/run/vz/lock"
	echo $$ >"$PREFIX/run/vz/lock/101.lck"
	run on_tty 'expect("# "); send("exit\n")' enter 101
	rm "$PREFIX/run/vz/lock/101.lck"
	is 0 "$status"
}

@test "enter: without a terminal it works on what it is given" {
	run sh -c "echo 'echo through a pi\"\"pe; exit 4' | timeout $(patience 10) $BUILD/vzctl --prefix $PREFIX enter 101"
	has "through a pipe"
	is 4 "$status"
}

@test "enter: a stopped container is rc 31, another argument rc 20" {
	rc_is 31 vzctl enter 102
	has "Container is not running"
	rc_is 20 vzctl enter 101 ls
	is "Invalid option 'ls'" "$output"
	rc_is 20 vzctl enter 101 --shell
	is "Invalid option '--shell'" "$output"
}
