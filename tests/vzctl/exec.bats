#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# "vzctl exec", "exec2" and "exec3": a command inside. Words become one shell line as they always did;
# the three streams pass unchanged; nothing of the caller's environment gets in; the exit status is 8 or
# the command's own. No lock is taken.

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

@test "exec: words are joined by blanks into one shell line" {
	is "a b" "$(vzctl exec 101 echo a b)"
	is "a
b" "$(vzctl exec 101 'echo a; echo b')"
	is "a
b" "$(vzctl exec 101 echo a \; echo b)"
	is "a b" "$(vzctl exec 101 echo 'a    b')"
	is "a    b" "$(vzctl exec 101 'echo "a    b"')"
	is "/" "$(vzctl exec 101 echo '$HOME')"
}

@test "exec: an empty word stays a word" {
	is "2 <> <x>" "$(vzctl exec 101 'f() { echo "$# <$1> <$2>"; };' f '' x)"
}

@test "exec: options behind the CTID belong to the command" {
	is "--force -x" "$(vzctl exec 101 echo --force -x)"
	is "-n" "$(vzctl exec3 101 echo -- -n | sed 's/^-- //')"
}

# bats test_tags=core,cgroup
@test "exec: any failure of the command is rc 8, exec2 and exec3 give its own" {
	rc_is 0 vzctl exec 101 true
	rc_is 8 vzctl exec 101 exit 1
	rc_is 8 vzctl exec 101 exit 200
	rc_is 0 vzctl exec2 101 true
	rc_is 1 vzctl exec2 101 false
	rc_is 200 vzctl exec2 101 exit 200
	rc_is 37 vzctl exec3 101 sh -c 'exit 37'
}

@test "exec: a command that is not there is the shell's 127" {
	split_is 127 vzctl exec2 101 nosuchcommand
	rc_is 8 vzctl exec 101 nosuchcommand
	rc_is 47 vzctl exec3 101 /no/such/command
	has /no/such/command
}

@test "exec: a path with plain words is run without a shell: nothing is added to its environment" {
	is 'HOME=/
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
TERM=linux' "$(vzctl exec 101 /bin/cat /proc/self/environ | tr '\0' '\n' | sort)"
	is "a -b c=d" "$(vzctl exec 101 /bin/echo '  a' -b 'c=d ')"
}

@test "exec: a path with anything else is the shell's" {
	is "/ x" "$(vzctl exec 101 /bin/echo '$HOME' x)"
	is "a b" "$(vzctl exec 101 '/bin/echo "a b"')"
	is "a" "$(vzctl exec 101 '/bin/echo a # b')"
	is "/proc/self/stat" "$(vzctl exec 101 '/bin/echo /proc/self/sta[t]')"
	is "/" "$(vzctl exec 101 /bin/echo '~')"
	rc_is 0 vzctl exec2 101 DIR=/x/y
	rc_is 3 vzctl exec2 101 '/bin/true
		exit 3'
}

@test "exec: a path that cannot be run is the shell's 126 or 127, a script without #! its to run" {
	split_is 127 vzctl exec2 101 /no/such/command
	[[ $err == *"/no/such/command"* ]]
	rc_is 126 vzctl exec2 101 /etc
	vzctl exec 101 'echo echo it is \$1 >/script && chmod 0755 /script'
	is "it is good" "$(vzctl exec 101 /script good)"
}

@test "exec: a death by signal is said, rc 3; exec says 8" {
	split_is 3 vzctl exec2 101 'kill -9 $$'
	is "Got signal 9" "$err"
	rc_is 8 vzctl exec 101 'kill -15 $$'
}

@test "exec: no command is rc 20" {
	for c in exec exec2 exec3; do
		rc_is 20 vzctl $c 101
		is "No command line given for exec" "$output"
	done
}

@test "exec: in a stopped container it is rc 31" {
	for c in exec exec2 exec3; do
		split_is 31 vzctl $c 102 true
		is "Container is not running" "$err"
	done
	vzctl --quiet mount 102
	rc_is 31 vzctl exec2 102 true
	vzctl --quiet umount 102
}

@test "exec: a single - runs what standard input says" {
	is "one
two" "$(printf 'echo one\necho two\n' | vzctl exec 101 -)"
	rc_is 9 vzctl exec2 101 - <<<'exit 9'
	rc_is 8 vzctl exec 101 - <<<'exit 9'
	rc_is 0 vzctl exec2 101 - </dev/null
}

@test "exec3: the command is looked for where its own PATH says, not the caller's" {
	is "x" "$(env PATH=/nonexistent "$BUILD/vzctl" --prefix "$PREFIX" exec3 101 echo x)"
}

@test "exec3: the words are the command's, unchanged" {
	is '<a  b><><$HOME><;><"q">' "$(vzctl exec3 101 printf '<%s>' 'a  b' '' '$HOME' ';' '"q"')"
}

# bats test_tags=core
@test "exec: the environment is exactly HOME, TERM and PATH" {
	# shellcheck disable=SC2031
	export SECRET=mine LC_ALL=C LD_PRELOAD="" BASH_ENV=/tmp/x
	for c in "exec 101 cat /proc/self/environ" "exec3 101 cat /proc/self/environ"; do
		# shellcheck disable=SC2086 # words
		is 'HOME=/
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
TERM=linux' "$(TERM=xterm vzctl $c | tr '\0' '\n' | grep -vE '^(PWD|SHLVL|OLDPWD|_)=' | sort)"
	done
}

@test "exec: the working directory is /, whatever the caller's" {
	cd /usr
	is / "$(vzctl exec 101 pwd)"
}

# bats test_tags=core
@test "exec: the command is root inside, with no descriptor but its three and no terminal" {
	is "uid=0(root) gid=0(root)" "$(vzctl exec 101 id)"
	is "0 1 2" "$(vzctl exec3 101 sh -c 'cd /proc/$$/fd; for f in *; do [ ! -e $f ] || echo $f; done' 8</etc/passwd | xargs)"
	rc_is 1 vzctl exec2 101 'test -t 0 || test -t 1 || test -t 2'
}

# bats test_tags=core
@test "exec: binary data passes both ways, ten megabytes of it" {
	head -c 10485760 /dev/urandom >"$BATS_TEST_TMPDIR/in"
	vzctl exec 101 cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "exec: standard output and standard error stay apart" {
	split_is 0 vzctl exec 101 'echo out; echo err >&2'
	is out "$out"
	is err "$err"
}

@test "exec: the end of standard input reaches the command" {
	is 5 "$(printf 12345 | vzctl exec 101 wc -c | xargs)"
	rc_is 0 timeout "$(patience 5)" "$BUILD/vzctl" --prefix "$PREFIX" exec 101 cat </dev/null
}

@test "exec: a command that reads nothing does not hang on a full standard input" {
	rc_is 0 timeout "$(patience 10)" sh -c "head -c 1000000 /dev/zero | $BUILD/vzctl --prefix $PREFIX exec 101 true"
}

@test "exec: a reader that has enough ends it" {
	run timeout "$(patience 10)" sh -c "$BUILD/vzctl --prefix $PREFIX exec 101 'yes' 2>/dev/null | head -n 1"
	is y "$output"
}

@test "exec: what a command leaves in the background does not hold it up" {
	local began=$SECONDS
	is started "$(vzctl exec 101 "sleep $(patience 30) & echo started")"
	[ $((SECONDS - began)) -lt "$(patience 5)" ]
	vzctl exec 101 'killall sleep' || :
}

# bats test_tags=core
@test "exec: the command sees the container, not the host" {
	is 1 "$(vzctl exec 101 'cat /proc/1/stat' | cut -d ' ' -f 1)"
	is init "$(vzctl exec 101 cat /proc/1/comm)"
	rc_is 1 vzctl exec2 101 test -e "$PREFIX"
	[ "$(readlink /proc/self/ns/net)" != "$(vzctl exec 101 readlink /proc/self/ns/net)" ]
	[ "$(readlink /proc/self/ns/user)" != "$(vzctl exec 101 readlink /proc/self/ns/user)" ]
}

# bats test_tags=core,cgroup
@test "exec: it is in the container's cgroup, in every hierarchy" {
	prefix_tag
	vzctl exec 101 'sleep 5015' 3>&- >/dev/null 2>&1 &
	wait_for 5 pgrep -f 'sleep 5015' >/dev/null
	local pid
	pid=$(pgrep -n -f '^sleep 5015')
	is "" "$(grep -v "vz-$PREFIX_TAG/101" "/proc/$pid/cgroup")"
	vzctl exec 101 'killall sleep' || :
	wait
}

@test "exec: works while another process holds the lock, and leaves it alone" {
	mkdir -p "$PREFIX/run/vz/lock"
	echo $$ >"$PREFIX/run/vz/lock/101.lck"
	rc_is 0 vzctl exec2 101 true
	is $$ "$(cat "$PREFIX/run/vz/lock/101.lck")"
	rm "$PREFIX/run/vz/lock/101.lck"
}

# bats test_tags=core
@test "exec: SIGTERM to vzctl reaches the command" {
	in_bg "$BUILD/vzctl" --prefix "$PREFIX" exec2 101 'trap "echo x >/got-term; exit 5" TERM; while :; do sleep 0.1; done'
	local pid=$! rc=0
	sleep 0.5
	kill -TERM $pid
	wait $pid || rc=$?
	is 5 $rc
	is x "$(vzctl exec 101 cat /got-term)"
}

@test "exec: SIGTERM to vzctl ends a command that is stopped, too" {
	in_bg "$BUILD/vzctl" --prefix "$PREFIX" exec2 101 'echo $$ >/stopped; kill -STOP $$'
	local pid=$! rc=0
	wait_for 5 is_stopped
	kill -TERM $pid
	wait $pid || rc=$?
	is 3 $rc
}
is_stopped() { vzctl exec 101 'grep -q "^State:.T" /proc/$(cat /stopped)/status'; }

@test "exec: a container without any shell is rc 47" {
	create_minimal 103 --layout simfs
	vzctl --quiet start 103
	rm "$PREFIX/vz/private/103/bin/sh"
	run vzctl exec 103 true
	local rc=$status
	run vzctl exec 103 /bin/busybox true
	destroy_103
	is "47 47" "$rc $status"
}

destroy_103()
{
	vzctl --quiet stop 103 --fast
	vzctl --quiet destroy 103
}
