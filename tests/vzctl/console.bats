#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# "vzctl console": a getty on a terminal that is made for whoever attaches, and another one when it ends.
# Esc . at the beginning of a line leaves; nothing of ours is inside then, and the administrator's terminal
# is as it was, whatever happens: on_tty looks at that each time.

# shellcheck disable=SC2016,SC2154 # text for other programs; out and err are from the helpers
load ../lib/helpers

# What a user does, in words of on_tty.
LOGIN='expect("login: "); send("root\r"); expect("assword: "); send("secret\r"); expect("# ");'
LEAVE='send("\r\033."); expect("Detached from CT");'

setup_file()
{
	host_setup
	need_template minimal
	need_template debian-12
	need_template debian-13
	create_minimal 101 --userpasswd root:secret
	create_minimal 102
	vzctl --quiet start 101
}
teardown_file() { host_teardown; }
setup() { require python3; }
teardown()
{
	vzctl --quiet stop 102 --fast || :
	vzctl --quiet stop 103 --fast || :
	vzctl --quiet destroy 103 || :
}

# Processes that have a terminal, and those that give one: nothing else is ours.
left_inside()
{
	vzctl exec "$1" 'for p in /proc/[0-9]*; do
		read -r pid comm state ppid pgrp session tty rest <$p/stat 2>/dev/null || continue
		case $tty$comm in 0*getty*|0*login\)|[1-9]*) echo "$comm on $tty" ;; esac
	done'
}
nothing_left() { [ -z "$(left_inside "$1")" ]; }
is_left() { wait_for 10 nothing_left "$1" || { left_inside "$1"; return 1; }; }

# fresh ID: a container whose files may be spoilt.
fresh()
{
	create_minimal "$1"
	vzctl --quiet start "$1"
}

# bats test_tags=core
@test "console: root logs in, works and logs out, another prompt follows, and Esc . leaves" {
	rc_is 0 on_tty "expect('Attached to CT 101 (ESC . to detach)')
$LOGIN send('echo \"<\$(id -un) \$TERM \$(tty)>\"\r'); expect('<root vt220 /dev/pts/')
expect('# '); send('exit\r')
expect('login: ')
$LEAVE" console 101
	is_left 101
}

@test "console: with a wrong password one is asked again" {
	rc_is 0 on_tty "expect('login: '); send('root\r'); expect('assword: '); send('wrong\r')
expect('incorrect'); $LOGIN $LEAVE" console 101
}

@test "console: Esc is for the container unless it begins a line and . or ! follows" {
	rc_is 0 on_tty "$LOGIN send('echo rea\"\"dy; cat -v\r'); expect('ready\r\n'); send('a\033.\r'); expect('a^[.\r\n'); expect('a^[.\r\n')
send('\033x\r'); expect('^[x\r\n'); send('\x04'); expect('# ')
$LEAVE" console 101
}

@test "console: Esc ! kills everything on the terminal, and a new prompt follows" {
	rc_is 0 on_tty "$LOGIN send('trap \"\" HUP INT TERM; echo rea\"\"dy; sleep 1111 & sleep 1112\r'); expect('ready')
send('\r\033!'); expect('login: ')
assert 'sleep 111' not in vzctl('exec', '101', 'ps -o args').stdout
$LEAVE" console 101
}

@test "console: leaving ends the session, those who ignore hangups as well; a daemon stays" {
	rc_is 0 on_tty "$LOGIN send('trap \"\" HUP; sleep 1113 & setsid sleep 1114; echo rea\"\"dy\r')
expect('ready'); $LEAVE" console 101
	is_left 101
	run vzctl exec 101 ps -o args
	has "sleep 1114"
	has_not "sleep 1113"
	vzctl exec 101 killall sleep
}

@test "console: the window size inside is ours, and follows it" {
	rc_is 0 on_tty "$LOGIN send('stty size\r'); expect('24 80'); resize(50, 132)
send('while [ \"\$(stty size)\" != \"50 132\" ]; do :; done; echo si\"\"zed\r'); expect('sized')
$LEAVE" console 101
}

@test "console: SIGTERM, SIGHUP and SIGINT restore the terminal and leave nothing inside" {
	local sig
	for sig in TERM HUP INT; do
		rc_is 96 on_tty "$LOGIN send('trap \"\" HUP; echo rea\"\"dy; sleep 1115\r'); expect('ready')
p.send_signal(signal.SIG$sig)" console 101
		nothing_left 101 || { left_inside 101; return 1; }
	done
}

@test "console: killed by SIGKILL, it leaves nothing inside that did not ask for it" {
	run on_tty "$LOGIN p.kill(); termios.tcsetattr(slave, termios.TCSANOW, before)" console 101
	is 96 "$status"
	is_left 101
}

@test "console: the container's stop is said, rc 31" {
	local how
	for how in '"stop", "102"' '"stop", "102", "--fast"'; do
		vzctl --quiet start 102
		rc_is 31 on_tty "expect('login: '); vzctl($how)" console 102
		has "container 102 has stopped"
	done
}

@test "console: a container that is killed, or starts anew, is not the one one was attached to" {
	vzctl --quiet start 102
	rc_is 31 on_tty "expect('login: '); os.kill($(init_pid 102), signal.SIGKILL)" console 102
	has "container 102 has stopped"
	vzctl --quiet stop 102 || :
	vzctl --quiet start 102
	rc_is 31 on_tty "expect('login: '); vzctl('restart', '102', '--fast')" console 102
	has "container 102 has stopped"
	vzctl --quiet stop 102 --fast
}

@test "console: a frozen container can be left, and what was on the terminal ends when it is thawed" {
	rc_is 0 on_tty "$LOGIN vzctl('chkpnt', '101', '--suspend'); $LEAVE" console 101
	rc_is 3 on_tty "" console 101
	has "is frozen"
	vzctl --quiet chkpnt 101 --resume
	is_left 101
}

@test "console: a flood of output that nobody reads costs no memory and holds nobody up" {
	rc_is 0 on_tty "$LOGIN send('yes \$(seq 1000)\r'); expect('1000')
time.sleep(1)
rss = int(open('/proc/%d/statm' % p.pid).read().split()[1]) * 4
assert rss < 8192, rss
send('\033.')
while 'yes' in vzctl('exec', '101', 'ps -o comm').stdout: pass" console 101
	is_left 101
}

@test "console: a number chooses nothing, everybody has a terminal of his own" {
	rc_is 0 on_tty "$LOGIN
q = subprocess.Popen(COMMAND + ['console', '101', '4'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
data = b''
while b'login: ' not in data: data += os.read(q.stdout.fileno(), 999)
send('ls /dev/pts\r'); expect('0'); expect('1'); expect('ptmx')
q.stdin.close(); assert q.wait(20) == 0; q.stdout.close()
$LEAVE" console 101 1
}

@test "console: in a pipe it relays, and the end of its input leaves; what it says goes to standard error" {
	mkfifo "$BATS_TEST_TMPDIR/in"
	vzctl console 101 <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	exec 7>"$BATS_TEST_TMPDIR/in"
	wait_for 10 grep -q "login: " "$BATS_TEST_TMPDIR/out"
	printf 'root\n' >&7
	wait_for 10 grep -q "assword: " "$BATS_TEST_TMPDIR/out"
	printf 'secret\n' >&7
	wait_for 10 grep -q "# " "$BATS_TEST_TMPDIR/out"
	printf 'echo "<$((6 * 7))>"\n' >&7
	wait_for 10 grep -q "<42>" "$BATS_TEST_TMPDIR/out"
	exec 7>&-
	wait $!
	is "Attached to CT 101 (ESC . to detach)

Detached from CT 101" "$(cat "$BATS_TEST_TMPDIR/err")"
	is_left 101
	split_is 0 vzctl --quiet console 101 </dev/null
	is "" "$err"
}

@test "console: a reader of the output who has enough ends it" {
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 7<>"$BATS_TEST_TMPDIR/in"
	rc_is 0 bash -c '"$0" --prefix "$PREFIX" console 101 <&7 | head -c 1; exit "${PIPESTATUS[0]}"' "$BUILD/vzctl"
	exec 7>&-
	is_left 101
}

@test "console: a getty that ends at once is started a few times, then rc 47 tells why" {
	fresh 103
	vzctl exec 103 'rm /sbin/getty; printf "#!/bin/sh\necho here I am\nexit 7\n" >/sbin/getty; chmod +x /sbin/getty'
	rc_is 47 on_tty "" console 103
	is 5 "$(grep -c "here I am" <<<"$output")"
	has "the getty of container 103 ends as soon as it is started (exit status 7)"
	rc_is 0 on_tty "expect('here I am'); $LEAVE" console 103
}

@test "console: without a getty it is a login, without that rc 47 and a hint" {
	fresh 103
	vzctl exec 103 'rm /sbin/getty'
	rc_is 0 on_tty "expect('login: '); $LEAVE" console 103
	vzctl exec 103 'rm /bin/login'
	rc_is 47 on_tty "" console 103
	has "container 103 has no getty and no login that runs ('vzctl enter 103' needs none)"
	has_not "Attached"
}

@test "console: who traces what runs on the terminal, and keeps its end to himself, holds up nobody who leaves" {
	fresh 103
	build_probe
	put_probe 103
	vzctl exec 103 'rm /sbin/getty; printf "#!/bin/sh\nexec sleep 1117\n" >/sbin/getty; chmod +x /sbin/getty'
	in_bg vzctl exec3 103 /probe hunt trace
	wait_for 5 pgrep -f "^/probe hunt trace"
	# Caught as early as that it is still the shell.
	rc_is 0 on_tty "
def is_traced():
	pid = os.popen('pgrep -f \"^(/bin/sh /sbin/getty|sleep 1117)\"').read().strip()
	return pid and 'TracerPid:\t0' not in open('/proc/%s/status' % pid).read()
expect('Attached')
while not is_traced(): time.sleep(0.05)
$LEAVE" console 103
}

@test "console: takes no lock" {
	mkdir -p "$PREFIX/run/vz/lock"
	echo $$ >"$PREFIX/run/vz/lock/101.lck"
	run on_tty "expect('login: '); $LEAVE" console 101
	rm "$PREFIX/run/vz/lock/101.lck"
	is 0 "$status"
}

@test "console: a stopped container is rc 31, further words rc 20, a bad number rc 21" {
	rc_is 31 vzctl console 102
	is "Container is not running" "$output"
	rc_is 20 vzctl console 101 1 2
	is "Invalid syntax: too many parameters!" "$output"
	local word
	for word in -1 x 1x '' ' 1' --start; do
		rc_is 21 vzctl console 101 "$word"
		is "Invalid tty number: $word" "$output"
	done
}

# agetty, and login of shadow in the one, of util-linux, which makes a session of its own, in the other.
@test "console: Debian 12 and 13 with their own getty and login" {
	local v
	for v in 12 13; do
		vzctl --quiet create 103 --ostemplate "debian-$v" --userpasswd root:secret
		vzctl --quiet start 103 --wait
		rc_is 0 on_tty "$LOGIN send('echo \"<\$(id -un) \$TERM \$(tty)>\"\r'); expect('<root vt220 /dev/pts/')
expect('# '); send('exit\r')
$LOGIN send('trap \"\" HUP; echo rea\"\"dy; sleep 1116\r'); expect('ready')
$LEAVE" console 103
		is_left 103
		vzctl --quiet stop 103 --fast
		vzctl --quiet destroy 103
	done
}
