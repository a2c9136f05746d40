#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Containers when the host boots and goes down: which are started, in which order, how many at once; what
# becomes of those that fail or hang, and of a boot or shutdown that was cut off. The script's messages and
# exit codes are read by programs. Units and init scripts lead to it.

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
}
teardown_file() { host_teardown; }

setup()
{
	"$TOP/scripts/install-host" "$PREFIX/etc" "$PREFIX"
	export PATH=$BUILD:$PATH
	vz=$TOP/utils/vzctl/scripts/vz
	service=$PREFIX/run/vz/service
	vzreboot=$PREFIX/var/lib/vzctl/vzreboot
}
teardown()
{
	# A test that failed may have left it at work.
	[ -z "${boot:-}" ] || kill "$boot" 2>/dev/null || :
	unblock
	wait
	destroy_all
	rm -rf "$PREFIX/run/vz" "$PREFIX/var/lib/vzctl" "$PREFIX/etc/vz/vz.conf" "$PREFIX/trace"
}

vz() { "$vz" --prefix "$PREFIX" "$@"; }

# What the host forgets when it goes down: /run.
forget() { rm -rf "$PREFIX/run/vz"; }

# A crash of the host: nobody has written anything down.
crash()
{
	local id
	for id in $(vzlist -1); do
		vzctl --quiet stop "$id" --fast
	done
	forget
}

host_conf() { echo "$1" >>"$PREFIX/etc/vz/vz.conf"; }
onboot() { vzctl --quiet set "$1" --onboot "$2" --save; }
# "yes" and "no" are two of three: a file may say nothing.
no_onboot() { sed -i /ONBOOT/d "$(conf "$1")"; }
running() { vzlist -1 | xargs; }
marks() { (cd "$vzreboot" && ls) | xargs; }

# create ID [OPTION...]: a minimal container that halts at once, without time for its processes.
create()
{
	create_minimal "$@"
	put_halt "$1" 'exec /bin/busybox halt -f'
}

# put_halt ID SCRIPT: what a request to halt does in it.
put_halt()
{
	local dir=$PREFIX/vz/private/$1/upper/sbin
	mkdir -p "$dir"
	printf '#!/bin/sh\n%s\n' "$2" >"$dir/halt"
	chmod 0755 "$dir/halt"
}

# The script in the background, as $boot.
vz_in_bg()
{
	"$vz" --prefix "$PREFIX" "$@" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- </dev/null &
	boot=$!
}

# A start that stays where it is until told to go on.
block_start()
{
	: >"$PREFIX/blocked"
	action "$1.mount" <<-EOF
		echo "$1" >>"$PREFIX/trace"
		while [ -e "$PREFIX/blocked" ]; do sleep 0.1; done
	EOF
}
is_blocked() { grep -qsx "$1" "$PREFIX/trace"; }
unblock() { rm -f "$PREFIX/blocked"; }

# stubborn ID SECONDS: it does not heed a request to halt, and is to be killed after so long.
stubborn()
{
	vzctl --quiet set "$1" --stop-timeout "$2" --save
	put_halt "$1" 'exit 0'
}

# 101 and 102 ran before, and are being started one by one: 101 is on its way.
start_up_to_101()
{
	no_onboot 101
	no_onboot 102
	mkdir -p "$vzreboot"
	touch "$vzreboot"/{101,102}
	host_conf VE_PARALLEL=1
	block_start 101
	vz_in_bg start
	wait_for 10 is_blocked 101
}

# ---- words and numbers ----

@test "boot: status says whether it is running, with rc 0 and 3" {
	split_is 3 vz status
	is "OpenVZ is stopped." "$out"
	is "" "$err"
	rc_is 0 vz start
	split_is 0 vz status
	is "OpenVZ is running..." "$out"
	rc_is 0 vz stop
	split_is 3 vz status
	is "OpenVZ is stopped." "$out"
}

@test "boot: a second start is rc 1, a second stop is rc 0" {
	rc_is 0 vz start
	split_is 1 vz start
	is "OpenVZ already running" "$err"
	rc_is 0 vz stop
	split_is 0 vz stop
	is "" "$output"
}

@test "boot: while one is at work the next is rc 1" {
	local what
	mkdir -p "$service"
	for what in start stop restart; do
		split_is 1 flock "$service/lock" "$vz" --prefix "$PREFIX" $what
		is "OpenVZ is locked" "$err"
	done
	split_is 3 flock "$service/lock" "$vz" --prefix "$PREFIX" status
	rc_is 0 vz start
}

@test "boot: VIRTUOZZO=no does nothing, silently, with rc 0" {
	local what
	create 101 --onboot yes
	sed -i /VIRTUOZZO/d "$PREFIX/etc/vz/vz.conf"
	host_conf VIRTUOZZO=no
	for what in start stop restart force-reload status; do
		split_is 0 vz $what
		is "" "$output"
	done
	is "" "$(running)"
}

@test "boot: without vz.conf it is rc 6, without vzctl rc 5, with other words rc 3" {
	local words
	rm "$PREFIX/etc/vz/vz.conf"
	rc_is 6 vz start
	rc_is 6 vz status
	"$TOP/scripts/install-host" "$PREFIX/etc" "$PREFIX"
	rc_is 5 env PATH=/usr/bin:/bin unshare -m sh -c \
		'for d in /usr/sbin /usr/local/sbin; do mount -t tmpfs none $d; done; exec "$@"' sh \
		"$vz" --prefix "$PREFIX" start
	for words in "" reload "start 101" "--prefix" "--frob start"; do
		# shellcheck disable=SC2086 # words
		rc_is 3 "$vz" $words
	done
}

@test "boot: users other than root may ask for the status alone" {
	require setpriv
	local nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups "$PREFIX/vz" --prefix "$PREFIX")
	# Programs and script where he can get at them.
	as_nobody vzlist --help || :
	install -D "$vz" "$PREFIX/vz/vz"
	nobody[4]=$PREFIX/vz/vz
	rc_is 4 env PATH="$PREFIX/nobody:$PATH" "${nobody[@]}" start
	rc_is 3 env PATH="$PREFIX/nobody:$PATH" "${nobody[@]}" status
	is "OpenVZ is stopped." "$output"
}

@test "boot: stopping the containers of a container is refused there" {
	need_template debian-12
	vzctl --quiet create 101 --ostemplate debian-12
	vzctl --quiet start 101
	vzctl exec 101 'mkdir -p /etc/vz && : >/etc/vz/vz.conf; cat >/tmp/vz; printf "#!/bin/sh\n" >/usr/bin/vzctl
		chmod 0755 /usr/bin/vzctl' <"$vz"
	local what
	for what in stop restart; do
		split_is 1 vzctl exec3 101 bash /tmp/vz $what
		is "Looks like we are inside a container!" "$err"
	done
	# Also in one that does not say which kind it is.
	vzctl --quiet set 101 --features detect:off --save
	vzctl --quiet restart 101 --fast
	vzctl exec 101 'cat >/tmp/vz' <"$vz"
	split_is 1 vzctl exec3 101 bash /tmp/vz stop
	is "Looks like we are inside a container!" "$err"
	vzctl --quiet stop 101 --fast
}

# ---- who, when ----

@test "boot: ONBOOT=yes always, without ONBOOT what was running, ONBOOT=no never, DISABLED=yes blocks" {
	local id
	for id in 101 102 103 104 105 106 107 108 109; do
		create $id
	done
	# Even numbers are running, odd ones are not.
	for id in 101 102 107 108; do onboot $id yes; done
	for id in 103 104 109; do no_onboot $id; done
	for id in 105 106; do onboot $id no; done
	for id in 102 104 106 108 109; do vzctl --quiet start $id; done
	for id in 107 108 109; do vzctl --quiet set $id --disabled yes --save; done

	rc_is 0 vz stop
	is "" "$(running)"
	is "102 104 106 108 109" "$(marks)"
	forget
	split_is 0 vz start
	is "101 102 104" "$(running)"
	is "Starting CT: 101
Starting CT: 102
Starting CT: 104" "$(grep Starting <<<"$out")"
	is "Container 101 start: [ OK ]
Container 102 start: [ OK ]
Container 104 start: [ OK ]" "$(grep Container <<<"$out" | sort)"
	is "" "$err"
	is "" "$(marks)"
	# ONBOOT=no is about boots alone.
	rc_is 0 vzctl --quiet start 106
}

@test "boot: what the names in vzreboot stand for may be gone or running" {
	create 101
	create 102 --onboot yes
	no_onboot 101
	vzctl --quiet start 102
	mkdir -p "$vzreboot"
	touch "$vzreboot"/{101,102,177,junk}
	split_is 0 vz start
	is "Starting CT: 101
Container 101 start: [ OK ]" "$out"
	is "101 102" "$(running)"
	is "" "$(marks)"
}

@test "boot: what was stopped by hand since it was started at boot stays down" {
	create 101
	no_onboot 101
	mkdir -p "$vzreboot"
	touch "$vzreboot/101"
	rc_is 0 vz start
	is 101 "$(running)"
	vzctl --quiet stop 101
	rc_is 0 vz restart
	is "" "$(running)"
}

@test "boot: after a crash of the host only ONBOOT=yes comes back" {
	create 101
	create 102 --onboot yes
	no_onboot 101
	vzctl --quiet start 101
	rc_is 0 vz stop
	rc_is 0 vz start
	is "101 102" "$(running)"
	crash
	rc_is 3 vz status
	rc_is 0 vz start
	is "102" "$(running)"
}

@test "boot: the highest BOOTORDER first, unset last, and down the other way round" {
	local id
	for id in 101 102 103 104 105; do
		create $id --onboot yes
	done
	vzctl --quiet set 103 --bootorder 20 --save
	vzctl --quiet set 102 --bootorder 3 --save
	vzctl --quiet set 105 --bootorder 100 --save
	host_conf VE_PARALLEL=1
	rc_is 0 vz start
	is "105 103 102 101 104" "$(vzlist -1 -s uptime | xargs)"
	action vps.umount <<<"echo \$VEID >>$PREFIX/trace"
	rc_is 0 vz stop
	is "104 101 102 103 105" "$(xargs <"$PREFIX/trace")"
}

@test "boot: VE_PARALLEL containers at once, not one more" {
	local id
	for id in 101 102 103 104 105; do
		create $id --onboot yes
	done
	host_conf VE_PARALLEL=2
	# Each waits for company, and says how many there are.
	action vps.mount <<-EOF
		cd "$PREFIX/trace"
		mkdir in/\$VEID
		ls in | wc -l >>counts
		until [ -e together ]; do
			sleep 0.1
			[ "\$(ls in | wc -l)" -lt 2 ] || : >together
		done
		rmdir in/\$VEID
	EOF
	mkdir -p "$PREFIX/trace/in"
	rc_is 0 vz start
	is "101 102 103 104 105" "$(running)"
	is 2 "$(sort -n "$PREFIX/trace/counts" | tail -n 1)"
}

@test "boot: restart stops all and starts what ONBOOT allows" {
	create 101 --onboot yes
	create 102
	create 103
	no_onboot 102
	vzctl --quiet start 102
	vzctl --quiet start 103
	rc_is 0 vz restart
	is "101 102" "$(running)"
	rc_is 0 vz status
	rc_is 0 vz force-reload
	is "101 102" "$(running)"
}

@test "boot: --prefix may be written in both ways, and end in a slash" {
	create 101 --onboot yes
	rc_is 0 "$vz" --prefix="$PREFIX/" start
	is 101 "$(running)"
	rc_is 0 "$vz" --prefix "$PREFIX/" status
	rc_is 0 "$vz" --prefix="$PREFIX" stop
	is "" "$(running)"
}

# ---- who fails, hangs, or is killed ----

@test "boot: one that does not start keeps no other from it; rc 1 and its number" {
	local id
	for id in 101 102 103; do
		create $id --onboot yes
	done
	action 102.mount <<<'exit 7'
	split_is 1 vz start
	is "101 103" "$(running)"
	is "Container 102 start: [FAILED]" "$(grep FAILED <<<"$out")"
	is "Failed to start: 102" "$(tail -n 1 <<<"$err")"
	grep -q "^Container 102: .*102.mount" <<<"$err"
	# It was a boot all the same.
	rc_is 0 vz status
	rc_is 0 vz stop
	is "" "$(running)"
}

@test "boot: one that is at work is waited for" {
	create 101 --onboot yes
	block_start 101
	in_bg "$BUILD/vzctl" --prefix "$PREFIX" start 101
	wait_for 10 is_blocked 101
	vz_in_bg start
	wait_for 10 grep -q "Starting CT: 101" "$BATS_TEST_TMPDIR/said"
	unblock
	wait $boot
	is "Container 101 start: [ OK ]" "$(tail -n 1 "$BATS_TEST_TMPDIR/said")"
	is 101 "$(running)"
}

@test "boot: one that does not go down is killed after its STOP_TIMEOUT, and holds up nobody" {
	local id
	for id in 101 102 103; do
		create $id
	done
	stubborn 102 2
	for id in 101 102 103; do
		vzctl --quiet start $id
	done
	host_conf VE_PARALLEL=2
	local began=$SECONDS
	split_is 0 vz stop
	[ $((SECONDS - began)) -le "$(patience 6)" ]
	is "" "$(running)"
	is "Container 102 stop: [ OK ]" "$(tail -n 1 <<<"$out")"
	is 3 "$(grep -c OK <<<"$out")"
	is "101 102 103" "$(marks)"
}

@test "boot: a stop script that says no is asked twice, then the container is killed" {
	create 101
	create 102
	action 101.stop <<<'exit 7'
	vzctl --quiet start 101
	vzctl --quiet start 102
	split_is 0 vz stop
	is "" "$(running)"
	is 2 "$(grep -cx "Container 101 stop: \[FAILED\]" <<<"$out")"
	is 1 "$(grep -cx "Container 101 stop: \[ OK \]" <<<"$out")"
	is 1 "$(grep -cx "Container 102 stop: \[ OK \]" <<<"$out")"
}

@test "boot: whatever is mounted is unmounted; what cannot be is rc 1 and its number" {
	create 101
	create 102
	vzctl --quiet mount 101
	vzctl --quiet mount 102
	action 102.umount <<<'exit 7'
	split_is 1 vz stop
	status_is 101 "exist unmounted down"
	status_is 102 "exist mounted down"
	is "Failed to stop: 102" "$(tail -n 1 <<<"$err")"
	rm "$PREFIX/etc/vz/conf/102.umount"
	rc_is 0 vz stop
	status_is 102 "exist unmounted down"
}

@test "boot: VE_STOP_MODE=suspend stops what cannot be saved, and says so" {
	create 101
	vzctl --quiet start 101
	sed -i '/^VE_STOP_MODE/d' "$PREFIX/etc/vz/vz.conf"
	host_conf VE_STOP_MODE=suspend
	split_is 0 vz stop
	is 1 "$(wc -l <<<"$err")"
	has "Container 101: Checkpointing failed"
	is "" "$(running)"
	is 101 "$(marks)"
}

@test "boot: a start that was killed is taken up by the next" {
	create 101
	create 102
	create 103 --onboot yes
	start_up_to_101
	is "" "$(marks)"
	kill -KILL $boot
	wait $boot || :
	rc_is 3 vz status
	unblock
	rc_is 0 vz start
	is "101 102 103" "$(running)"
	rc_is 0 vz status
}

@test "boot: a start that is told to end starts no more, and at the next boot all have their turn" {
	create 101
	create 102
	start_up_to_101
	kill -TERM $boot
	unblock
	local rc=0
	wait $boot || rc=$?
	is 1 $rc
	is "vz: interrupted" "$(tail -n 1 "$BATS_TEST_TMPDIR/said")"
	vzctl --quiet status 102 | grep -qx "CTID 102 exist unmounted down"
	rc_is 3 vz status
	rc_is 0 vz stop
	is "101 102" "$(marks)"
	forget
	rc_is 0 vz start
	is "101 102" "$(running)"
}

@test "boot: a stop that was killed is taken up by the next, and nobody is forgotten" {
	local id
	for id in 101 102 103; do
		create $id
		no_onboot $id
	done
	stubborn 102 3
	for id in 101 102 103; do
		vzctl --quiet start $id
	done
	host_conf VE_PARALLEL=1
	rc_is 0 vz start
	vz_in_bg stop
	# 103 is down, 102 does not want to, 101 has not been asked.
	wait_for 10 grep -q "Stopping CT: 102" "$BATS_TEST_TMPDIR/said"
	kill -KILL $boot
	wait $boot || :
	rc_is 3 vz status
	rc_is 0 vz stop
	is "" "$(running)"
	is "101 102 103" "$(marks)"
	forget
	rc_is 0 vz start
	is "101 102 103" "$(running)"
}

# ---- what leads there ----

# A systemctl, and the script, that say what they were called with.
fake_programs()
{
	fake=$BATS_TEST_TMPDIR/fake
	mkdir -p "$fake"
	printf '#!/bin/sh\necho "${0##*/} $*"\n' | tee "$fake/systemctl" >"$fake/vz"
	chmod 0755 "$fake"/*
	sed "s|/[^ ]*/libexec/vzctl/vz|$fake/vz|" "$BUILD/etc/init.d/vz" >"$fake/init"
}

# init_says [SYSTEMD] -- WORDS: what the init script makes of them, on a host with systemd or without.
init_says()
{
	PATH=$fake:$PATH unshare -m sh -c '
		mount -t tmpfs none /run
		[ "$1" = -- ] || { mkdir -p /run/systemd/system; shift; }
		shift
		exec sh "$@"' sh "${@:1:$#-1}" "$fake/init" "${@: -1}"
}

@test "boot: /etc/init.d/vz leaves starting and stopping to systemd where it runs" {
	fake_programs
	local what
	for what in start stop restart; do
		is "systemctl $what vz.service" "$(init_says systemd -- $what)"
		is "vz $what" "$(init_says -- $what)"
	done
	is "systemctl restart vz.service" "$(init_says systemd -- force-reload)"
	# Read by programs, which expect OpenVZ's words.
	is "vz status" "$(init_says systemd -- status)"
	is "vz status" "$(init_says -- status)"
}

@test "boot: /etc/init.d/vz comes after network, file systems, log, sshd and vzeventd" {
	grep -qx '# Required-Start:    $network $remote_fs $syslog' "$BUILD/etc/init.d/vz"
	grep -qx '# Should-Start:      sshd vzeventd' "$BUILD/etc/init.d/vz"
}

@test "boot: make install puts units and scripts in place, and systemd has nothing to say against them" {
	require systemd-analyze
	local dir=$BATS_TEST_TMPDIR/root
	make -s -C "$TOP" install DESTDIR="$dir"
	[ -x "$dir/usr/libexec/vzctl/vz" ]
	[ -x "$dir/etc/init.d/vz" ]
	[ -x "$dir/etc/init.d/vzeventd" ]
	# Nothing of it starts by itself.
	is "" "$(find "$dir/etc" -name '*.wants' -o -name 'rc?.d')"
	cd "$dir/usr/lib/systemd/system"
	sed -i "s#/usr/\(sbin\|libexec\)/#$dir&#" ./*.service
	rc_is 0 systemd-analyze --man=no verify ./*.service
	is "" "$output"
	# What was built is still there when that is gone again.
	make -s -C "$TOP" uninstall DESTDIR="$dir"
	is "" "$(find "$dir" -name 'vz*.service' -o -path '*/init.d/*')"
	[ -e "$BUILD/etc/systemd/vz.service" ]
}
