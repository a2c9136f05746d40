#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What of ours enters a container is at its root's mercy from then on. He runs a program of his own in
# place of shells, init and halt, and looks at what they were given; he looks at, stops and kills
# processes on their way in; he swaps files while scripts work on them, and answers with garbage. He finds
# nothing of the host, changes nothing there, and holds nobody up for longer than he was given.

# shellcheck disable=SC2154 # output and status are from the helpers
load ../lib/helpers

setup_file()
{
	probe_setup
	export BUILD
}
teardown_file() { host_teardown; }

# 102 is the attacker, a plain tree in $TREE.
setup()
{
	TREE=$PREFIX/vz/private/102
	create_minimal 102 --layout simfs --hostname evil --nameserver 198.51.100.53
	install -m 0755 "$PROBE" "$TREE/probe"
	vzctl --quiet set 102 --stop-timeout 2 --save
}
teardown()
{
	vzctl --quiet stop 102 --fast || :
	vzctl --quiet umount 102 2>/dev/null || :
	vzctl --quiet destroy 102
	rm -f "$PREFIX"/etc/vz/conf/*.destroyed "$PREFIX"/etc/vz/conf/102.*
	is_gone 102
}

# in_time CODE ARGUMENT…: vzctl ends with CODE (any of "A|B") within half a minute: some of what he does takes
# seconds on a busy machine, and what hangs hangs longer.
in_time()
{
	run timeout -k 1 "$(patience 30)" "$BUILD/vzctl" --prefix "$PREFIX" "${@:2}"
	[[ $status =~ ^($1)$ ]] || { echo "exit status $status, not $1: ${*:2}"; echo "$output"; return 1; }
}

# on_tty INPUT ARGUMENT…: vzctl with these on a terminal, INPUT typed. What is left to be read from the
# terminal afterwards is printed.
on_tty()
{
	timeout "$(patience 20)" python3 - "$@" 3>&- <<-'END'
	import fcntl, os, pty, select, subprocess, sys, termios, time
	master, slave = pty.openpty()
	def lead():
	    os.setsid()
	    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
	p = subprocess.Popen([os.environ["BUILD"] + "/vzctl", "--prefix", os.environ["PREFIX"]] + sys.argv[2:],
	                     stdin=slave, stdout=slave, stderr=slave, preexec_fn=lead)
	end = time.monotonic() + 10 * int(os.environ.get("TIME_SCALE", 1))
	typed = False
	while p.poll() is None and time.monotonic() < end:
	    if select.select([master], [], [], 0.05)[0]:
	        sys.stderr.write(os.read(master, 4096).decode(errors="replace"))
	        if not typed:
	            os.write(master, sys.argv[1].encode().decode("unicode_escape").encode())
	            typed = True
	if p.poll() is None:
	    p.kill()
	    sys.exit(124)
	settings = termios.tcgetattr(slave)
	settings[3] &= ~(termios.ICANON | termios.ECHO)
	termios.tcsetattr(slave, termios.TCSANOW, settings)
	while select.select([slave], [], [], 0.1)[0]:
	    sys.stdout.write(repr(os.read(slave, 4096)))
	sys.exit(p.returncode)
	END
}

# spied: what the spy saw since the last time, as a process of ours: its parent is none of the container's.
spied()
{
	output=$(awk '/^as / { ours = / parent 0 / } ours' "$TREE/tmp/spy")
	: >"$TREE/tmp/spy"
}

# no_host ALLOWED…: in what was seen there is nothing of the host: all descriptors lead to the null
# device, pipes, the sealed text of a script, or what else is allowed.
no_host()
{
	local fds
	has "as "
	has_not canary "$PREFIX" "is a directory" "could be" "SSH_" "BATS"
	fds=$(grep '^fd .* -> ' <<<"$output" | sed -E 's/^fd [0-9]+ -> //; s/:\[[0-9]+\]$/:/' | sort -u)
	is "" "$(grep -vxF -e /dev/null -e pipe: "${@/#/-e}" <<<"$fds")"
	is "" "$(grep '^env ' <<<"$output" | grep -vE '^env (HOME|TERM|PATH|container|MEMORY_PRESSURE_WATCH|VE_ROOT|VZ_KERNEL|USERNS|VE_STATE|HOSTNM|NAMESERVER|SEARCHDOMAIN|IP_ADDR|HISTFILE|USER|LOGNAME|USERPW|VEID|VE_CONFFILE)=')"
	is "" "$(grep '^group' <<<"$output" | grep -vxF 'group 0::/')"
}

@test "visitors: a shell of his own sees the null device, pipes and the text of the script, whoever starts it" {
	local command
	export SECRET=canary SSH_AUTH_SOCK=/canary
	action 102.start <<<'exit 0'
	action 102.stop <<<'exit 0'
	echo 'exit 0' >"$PREFIX/script"
	rm "$TREE/bin/sh"
	cp "$PROBE" "$TREE/bin/sh"
	: >"$TREE/tmp/spy"
	for command in start "set --hostname other" "set --nameserver 198.51.100.1" "set --userpasswd root:secret" \
		"exec true" "exec2 true" "exec3 /bin/sh" "runscript $PREFIX/script" "restart --fast" stop; do
		# shellcheck disable=SC2086 # words
		in_time '0|74' ${command%% *} 102 ${command#"${command%% *}"} 9<"$PREFIX" 8<>"$PREFIX/script"
		spied
		no_host "/memfd:script (deleted)" || { echo "by: $command"; return 1; }
	done
	# Without init running, in the environment made for that moment.
	for command in "set --userpasswd root:secret" "runscript $PREFIX/script"; do
		# shellcheck disable=SC2086 # words
		in_time '0|74' ${command%% *} 102 ${command#"${command%% *}"} 9<"$PREFIX"
		spied
		no_host "/memfd:script (deleted)" || { echo "by: $command"; return 1; }
	done
}

@test "visitors: the shell of enter has a terminal of the container, and nothing else" {
	export SECRET=canary
	vzctl --quiet start 102
	rm "$TREE/bin/sh"
	cp "$PROBE" "$TREE/bin/sh"
	: >"$TREE/tmp/spy"
	rc_is 0 on_tty 'exit\n' enter 102 9<"$PREFIX"
	spied
	has "terminal /dev/pts/0"
	# The terminal is the container's own, and may be changed.
	output=$(grep -vx 'fd [012] could be changed' <<<"$output")
	no_host /dev/pts/0
}

@test "visitors: an init and a halt of his own have the null device, and nothing else" {
	export SECRET=canary
	rm "$TREE/sbin/init" "$TREE/sbin/halt"
	cp "$PROBE" "$TREE/sbin/init"
	cp "$PROBE" "$TREE/sbin/halt"
	in_time 0 start 102 9<"$PREFIX"
	wait_for 5 grep -q group "$TREE/tmp/spy"
	in_time 0 stop 102 9<"$PREFIX"
	spied
	is 2 "$(grep -c '^as ' <<<"$output")"
	no_host
}

@test "visitors: nothing can be pushed into a terminal of the host" {
	vzctl --quiet start 102
	# exec hands no terminal on; that of enter is the container's, and what is pushed there, if the kernel still
	# lets anybody, stays there.
	run on_tty '' exec2 102 'for i in 0 1 2; do /probe sti $i; done; tty'
	has ENOTTY
	has_not ok
	run on_tty '/probe sti 0; exit 0\n' enter 102
	is 0 "$status"
	is "" "$(on_tty '/probe sti 0; exit 0\n' enter 102 2>/dev/null)"
}

@test "visitors: a process on its way in can be neither looked at nor traced" {
	local secret=canary i
	vzctl --quiet start 102
	in_bg "$BUILD/vzctl" --prefix "$PREFIX" exec3 102 /bin/sh -c 'exec /probe hunt look >/tmp/seen'
	wait_for 5 [ -e "$TREE/tmp/seen" ]
	# Until he was there in time, several times: on a busy machine that takes many tries.
	for ((i = 0; i < 5000; i++)); do
		SECRET=$secret "$BUILD/vzctl" --prefix "$PREFIX" exec3 102 /bin/busybox true || :
		[ $((i % 50)) -ne 49 ] || [ "$(grep -ac '^exe denied' "$TREE/tmp/seen")" -lt 5 ] || break
	done
	output=$(tr '\0' ' ' <"$TREE/tmp/seen")
	[ "$(grep -c '^exe denied' <<<"$output")" -ge 5 ]
	has_not "$secret" vzctl "$PREFIX" "$BUILD"
}

@test "visitors: a tracer that keeps the end of a process to himself holds up no command" {
	local program
	# Long enough for him to get hold of them.
	for program in bin/sh sbin/halt; do
		rm "$TREE/$program"
		printf '#!/bin/busybox sh\nexec /bin/busybox sleep 1\n' >"$TREE/$program"
		chmod 0755 "$TREE/$program"
	done
	vzctl --quiet start 102
	in_bg vzctl exec3 102 /bin/busybox sh -c 'exec /probe hunt trace'
	wait_for 5 pgrep -f '^/probe hunt trace'
	# What he keeps to himself is taken for a violent end.
	in_time 3 exec2 102 true
	has "Got signal 9"
	in_time 79 set 102 --userpasswd root:secret
	in_time 0 stop 102
	is_down 102
}

@test "visitors: a process on its way in can be killed: that is an error, and no more" {
	local i killed enough
	enough=$(rounds 10 3)
	vzctl --quiet start 102
	in_bg vzctl exec3 102 /probe hunt kill
	wait_for 5 pgrep -f '^/probe hunt kill'
	# 3: the shell was killed, 137: its command.
	killed=0
	for ((i = 0; i < 500 && killed < enough; i++)); do
		run timeout -k 1 "$(patience 10)" "$BUILD/vzctl" --prefix "$PREFIX" exec2 102 true
		[[ $status =~ ^(0|3|137)$ ]]
		[ "$status" -eq 0 ] || killed=$((killed + 1))
	done
	[ $killed -eq "$enough" ]
	in_time '0|3|7[0-9]|47' set 102 --userpasswd root:secret
	in_time 0 status 102
	is "CTID 102 exist mounted running" "$output"
	in_time 0 stop 102
	is_down 102
}

@test "visitors: what he stops waits for the administrator, who can end it, and holds up no stop" {
	vzctl --quiet start 102
	in_bg vzctl exec3 102 /probe hunt stop
	wait_for 5 pgrep -f '^/probe hunt stop'
	# As a command of his own that sleeps would. One that he stopped before it was run is killed after a while.
	run timeout -k "$(patience 5)" "$(patience 2)" "$BUILD/vzctl" --prefix "$PREFIX" exec 102 true
	[ "$status" -eq 124 ] || [ "$status" -eq 0 ] || has "Got signal 9"
	run timeout -k "$(patience 5)" "$(patience 2)" "$BUILD/vzctl" --prefix "$PREFIX" set 102 --userpasswd root:secret
	[[ $status =~ ^7[0-9]$ ]] || has "cancelled while a script ran inside container 102"
	[ ! -e "$PREFIX/run/vz/lock/102.lck" ]
	in_time 0 status 102
	in_time 0 stop 102
	is_down 102
}

@test "visitors: files swapped for links to the host during 500 sets" {
	local victim=$PREFIX/victim f wrong n
	n=$(rounds 500)
	mkdir -p "$victim/etc"
	for f in hostname hosts resolv.conf passwd shadow group; do echo "the host's" >"$victim/etc/$f"; done
	before=$(find "$victim" -printf '%p %y %m %U %s %T@\n' | sort)
	"$PROBE" watch < <(find "$victim") >"$BATS_TEST_TMPDIR/opened" 3>&- &
	watcher=$!
	wait_for 5 [ -s "$BATS_TEST_TMPDIR/opened" ]
	vzctl --quiet start 102
	# He knows no path of the host; let him have the right one all the same.
	for f in hostname hosts resolv.conf passwd shadow group; do
		ln -s "$victim/etc/$f" "$TREE/etc/$f.link"
		touch "$TREE/etc/$f"
	done
	# shellcheck disable=SC2086 # words
	in_bg vzctl exec3 102 /probe swap $(for f in hostname hosts resolv.conf passwd shadow group; do echo /etc/$f /etc/$f.link; done)
	wrong=$(for ((i = 0; i < n; i++)); do
		case $((i % 5)) in
		0) set -- --userpasswd root:secret ;;
		[12]) set -- --nameserver 198.51.100.$((i % 250)) ;;
		*) set -- --hostname h$i ;;
		esac
		timeout -k 1 "$(patience 10)" "$BUILD/vzctl" --prefix "$PREFIX" set 102 "$@" >/dev/null 2>&1
		case $? in
		0 | 70 | 72 | 74) ;;
		*) echo "set $*: $?" ;;
		esac
	done)
	kill $watcher
	is "" "$wrong"
	is "" "$(grep . "$BATS_TEST_TMPDIR/opened" | sort | uniq -c)"
	is "$before" "$(find "$victim" -printf '%p %y %m %U %s %T@\n' | sort)"
	in_time 0 stop 102 --fast
}

@test "visitors: garbage for an answer of a script is an error of that script, and no terminal sees it" {
	local trick
	vzctl --quiet start 102
	rm "$TREE/bin/sh"
	for trick in 'head -c 50000000 /dev/urandom; exit 1' 'exit 255' 'exit 99' 'exit 100' 'exit 107' 'kill -9 $$' \
		'(kill -STOP $$; kill -9 $$) & wait' 'exec >&-; exit 102' 'i=0; while [ $i -lt 20000 ]; do printf "\033[2J\007\r\n"; i=$((i + 1)); done; exit 3' \
		'printf "\033]0;x\007%s\233" "$(head -c 200000 /dev/zero | tr "\0" x)"; exit 4'; do
		printf '#!/bin/busybox sh\n%s\n' "$trick" >"$TREE/bin/sh"
		chmod 0755 "$TREE/bin/sh"
		in_time '7[0-9]' set 102 --hostname other
		has_not $'\033' $'\007'
		[ ${#output} -lt 200000 ]
	done
	status_is 102 "exist mounted running"
}

@test "visitors: gigabytes and escape sequences on the console cost nothing and reach nobody" {
	vzctl --quiet start 102
	local log size
	size=$(rounds 4000)
	log=$(stat -c %s "$PREFIX/var/log/vzctl.log")
	in_time 0 exec 102 "dd if=/dev/zero of=/dev/console bs=1M count=$size"'; printf "\033[2J\033]0;x\007" >/dev/console' 2>/dev/null
	is "$log" "$(stat -c %s "$PREFIX/var/log/vzctl.log")"
}
