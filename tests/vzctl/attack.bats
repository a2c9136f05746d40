#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The root of a container is an attacker. He replaces anything in his tree, stopped or running, by links to
# places of the host, by FIFOs, devices and programs of his own, and waits for the administrator to use
# vzctl. The host's files stay as they are, every command ends in bounded time and says what is wrong, and
# the container can always be stopped and destroyed.

load ../lib/helpers

setup_file() { probe_setup; }
teardown_file() { host_teardown; }

# 102 is the attacker, a plain tree in $TREE; $VICTIM a directory of the host he wants to change, or to
# read. Everything in it looks like what vzctl may touch inside.
setup()
{
	TREE=$PREFIX/vz/private/102
	VICTIM=$PREFIX/victim
	mkdir -p "$VICTIM"/{etc,bin,sbin,root/.ssh,proc,dev/pts,run,sys}
	for f in etc/{hostname,hosts,resolv.conf,passwd,shadow,group} root/.ssh/authorized_keys bin/sh sbin/init \
		dev/null dev/console run/x; do
		echo "the host's $f" >"$VICTIM/$f"
	done
	chmod 0755 "$VICTIM/bin/sh" "$VICTIM/sbin/init"
	vzctl --quiet create 102 --ostemplate minimal --layout simfs --hostname evil --nameserver 198.51.100.53
	vzctl --quiet set 102 --stop-timeout 3 --save
	BEFORE=$(victim_state)
}
teardown()
{
	# Whatever became of it, it can be got rid of.
	vzctl --quiet stop 102 --fast || :
	vzctl --quiet umount 102 2>/dev/null || :
	vzctl --quiet destroy 102
	is_gone 102
	is "$BEFORE" "$(victim_state)"
	rm -rf "$VICTIM" "$PREFIX"/etc/vz/conf/*.destroyed "$PREFIX"/etc/vz/conf/102.*
}

victim_state() { (cd "$VICTIM" && find . -printf '%p %y %m %U %s %T@\n' | sort && find . -type f -exec cksum {} + | sort); }

# in_time CODE ARGUMENT…: vzctl ends with CODE (any of "A|B") within ten seconds, and the host is unharmed.
in_time()
{
	local want=$1
	run timeout -k 1 "$(patience 10)" "$BUILD/vzctl" --prefix "$PREFIX" "${@:2}"
	[[ $status =~ ^($want)$ ]] || { echo "exit status $status, not $want: ${*:2}"; echo "$output"; return 1; }
	is "$BEFORE" "$(victim_state)"
}

# replace PATH KIND: what the attacker puts there.
replace()
{
	rm -rf "${TREE:?}/$1"
	mkdir -p "$TREE/$(dirname "$1")"
	case $2 in
	link) ln -s "$VICTIM/$1" "$TREE/$1" ;;
	up) ln -s "../../../../../../../../../../../..$VICTIM/$1" "$TREE/$1" ;;
	magic) ln -s "/proc/1/root$VICTIM/$1" "$TREE/$1" ;;
	root) ln -s / "$TREE/$1" ;;
	fifo) mkfifo "$TREE/$1" ;;
	device) mknod "$TREE/$1" c 1 5 ;;
	file) echo "no program" >"$TREE/$1"; chmod 0755 "$TREE/$1" ;;
	none) ;;
	esac
}

@test "attack: what stands where /proc, /dev, /run or /sys belong is not mounted over, but named, rc 7" {
	local dir kind n=0
	for dir in proc dev run sys; do
		for kind in $(some $((n++)) link up magic root fifo device file); do
			mv "$TREE/$dir" "$PREFIX/saved"
			replace $dir $kind
			in_time 7 start 102
			has "'/$dir'" "Not a directory"
			is_down 102
			rm "$TREE/$dir"
			mv "$PREFIX/saved" "$TREE/$dir"
		done
	done
	in_time 0 start 102
}

@test "attack: links inside /dev, /run and /sys are covered, not followed" {
	replace dev/pts link
	replace dev/null fifo
	replace dev/console link
	replace run/systemd link
	replace run/vz-boot-id link
	mkdir -p "$TREE/lib/systemd"
	touch "$TREE/lib/systemd/systemd"
	in_time 0 start 102
	in_time 0 exec 102 'ls -ld /dev/null /dev/pts /run/systemd'
	has "crw" "drwx"
}

@test "attack: files of /etc that are links, FIFOs or devices: the host's are neither read nor written" {
	local f kind
	for kind in link up magic fifo device; do
		for f in hostname hosts resolv.conf passwd shadow group; do replace etc/$f $kind; done
		in_time '0|7[0-9]' start 102
		in_time '0|7[0-9]|40|31' set 102 --userpasswd root:secret
		in_time '0|7[0-9]|31' set 102 --hostname other --nameserver 198.51.100.54
		in_time 0 stop 102 --fast
		vzctl --quiet umount 102 2>/dev/null || :
		run grep -rsF "the host's" "$TREE/etc" --devices=skip
		is "" "$output"
	done
	# The directory as a whole.
	mv "$TREE/etc" "$PREFIX/saved"
	ln -s "$VICTIM/etc" "$TREE/etc"
	in_time '0|7[0-9]' start 102
	in_time '0|7[0-9]|31' set 102 --userpasswd root:secret
	rm -rf "$PREFIX/saved"
}

@test "attack: an init that is something else is not run on the host, rc 47" {
	local kind
	for kind in link up fifo device file; do
		replace sbin/init $kind
		in_time 47 start 102
		is_down 102
	done
	# A way to the program that was running before: vzctl itself.
	rm "$TREE/sbin/init"
	printf '#!/proc/self/exe\n' >"$TREE/sbin/init"
	chmod 0755 "$TREE/sbin/init"
	in_time '0|47' start 102
	in_time 0 stop 102 --fast
}

@test "attack: shells that are something else: exec, scripts and runscript say that there is none, rc 47" {
	local kind
	for kind in link up fifo device none; do
		replace bin/sh $kind
		replace bin/bash $kind
		# Its start needs one for the distribution's scripts.
		in_time 47 start 102
		is_down 102
		in_time 0 start 102 --skip_ve_setup
		in_time 47 exec 102 true
		in_time 47 set 102 --userpasswd root:secret
		in_time 47 runscript 102 /dev/null
		in_time 47 enter 102
		in_time 0 stop 102 --fast
	done
}

@test "attack: a shell of his own gets no descriptor, no variable and no terminal of the host" {
	rm "$TREE/bin/sh"
	cat >"$TREE/bin/sh" <<-'END'
	#!/bin/busybox sh
	{ ls -l /proc/self/fd; env; tty; cat /proc/self/stat; cat /proc/self/cgroup; } >>/tmp/seen 2>&1
	printf '\033]0;owned\007\033[2J'
	exit 0
	END
	chmod 0755 "$TREE/bin/sh"
	SECRET=canary in_time 0 start 102
	SECRET=canary in_time 0 set 102 --userpasswd root:secret
	has_not $'\033'
	SECRET=canary in_time 0 exec 102 true
	output=$(cat "$TREE/tmp/seen")
	has_not canary "$PREFIX" "/dev/pts" "socket:" "cgroup.procs" "anon_inode"
	has "not a tty"
}

@test "attack: a daemon of his own that writes without end does not hold a script up" {
	vzctl --quiet start 102
	rm "$TREE/bin/sh"
	printf '#!/bin/busybox sh\n(while :; do echo spam spam spam spam spam spam; done) &\nexit 0\n' >"$TREE/bin/sh"
	chmod 0755 "$TREE/bin/sh"
	in_time 0 set 102 --userpasswd root:secret
	[ ${#output} -lt 200000 ]
}

@test "attack: a halt of his own gets no descriptor of the host, and does not hold the stop up" {
	local at
	rm "$TREE/sbin/halt"
	printf '#!/bin/sh\nls -l /proc/$$/fd >/tmp/halt; env >>/tmp/halt; sleep 1000\n' >"$TREE/sbin/halt"
	chmod 0755 "$TREE/sbin/halt"
	vzctl --quiet start 102
	at=$SECONDS
	in_time 0 stop 102
	[ $((SECONDS - at)) -lt "$(patience 9)" ]
	output=$(cat "$TREE/tmp/halt")
	is 3 "$(grep -c ' -> .*null' <<<"$output")"
	has_not "$PREFIX" pipe: socket: /dev/pts
	is_down 102
}

@test "attack: terminals that are none: enter says so and opens nothing else" {
	vzctl --quiet start 102
	local trick
	for trick in 'mkfifo /dev/ptmx /dev/pts/ptmx' 'ln -s /proc/1/fd/0 /dev/ptmx' 'ln -s /dev/null /dev/ptmx' \
		"ln -s $VICTIM/dev/null /dev/ptmx; mkdir -p $VICTIM/dev" ':' \
		'touch /dev/ptmx; mount --bind /dev/zero /dev/ptmx' 'ln -s /proc/self/exe /dev/ptmx'; do
		vzctl exec 102 "umount /dev/pts; umount /dev/ptmx; rm -f /dev/ptmx; $trick" >/dev/null 2>&1 || :
		in_time 3 enter 102
		has "terminal in container 102"
	done
}

@test "attack: a /proc of his own inside: commands fail or work, and end" {
	vzctl --quiet start 102
	vzctl --quiet exec 102 'mount -t tmpfs none /proc; mkdir -p /proc/self/fd /proc/1/fd
		mkfifo /proc/self/oom_score_adj /proc/self/loginuid; ln -s / /proc/1/root'
	in_time 0 exec 102 true
	in_time '7[0-9]|8|47' set 102 --userpasswd root:secret
	in_time 0 status 102
	is "CTID 102 exist mounted running" "$output"
	in_time 0 stop 102 --fast
}

@test "attack: groups that he froze, made threaded or nested deeply do not stop the host's commands" {
	vzctl --quiet start 102
	vzctl --quiet exec 102 'cd /sys/fs/cgroup; mkdir f; echo 1 >f/cgroup.procs; echo 1 >f/cgroup.freeze'
	in_time 3 exec 102 true
	has "frozen"
	in_time 3 enter 102
	in_time 0 status 102
	in_time 0 stop 102
	is_down 102

	vzctl --quiet start 102
	vzctl --quiet exec 102 'cd /sys/fs/cgroup; mkdir t; echo threaded >t/cgroup.type; echo 1 >t/cgroup.threads; :'
	in_time '0|3' exec 102 true
	in_time 0 stop 102
	is_down 102

	vzctl --quiet start 102
	vzctl --quiet exec 102 'cd /sys/fs/cgroup; i=0; while [ $i -lt 400 ] && mkdir d; do cd d; i=$((i + 1)); done
		echo $$ >cgroup.procs; sleep 100 & :' 2>/dev/null
	in_time 0 status 102
	in_time 0 stop 102 --fast
	is_down 102
}

@test "attack: a process that calls itself something else deceives nobody" {
	# A name that looks like the rest of a line of /proc/PID/stat.
	rm "$TREE/sbin/init"
	printf '#!/bin/sh\nprintf ") Z 1 (" >/proc/self/comm\nwhile :; do sleep 1; done\n' >"$TREE/sbin/init"
	chmod 0755 "$TREE/sbin/init"
	vzctl --quiet start 102
	wait_for 5 grep -qF ') Z 1 (' "/proc/$(init_pid 102)/comm"
	in_time 0 status 102
	is "CTID 102 exist mounted running" "$output"
	in_time 0 stop 102 --fast
	# A program that is systemd by name and listens to nothing.
	mkdir -p "$TREE/lib/systemd"
	cp "$PROBE" "$TREE/lib/systemd/systemd"
	printf '#!/bin/sh\nexec /lib/systemd/systemd sleep systemd\n' >"$TREE/sbin/init"
	vzctl --quiet start 102
	in_time 0 exec 102 true
	in_time 0 stop 102
	has "Killing"
	is_down 102
}

# bats test_tags=core
@test "attack: mounts and devices made inside do not reach the host" {
	local before
	vzctl --quiet start 102
	before=$(findmnt -rn -o TARGET | grep -F "$PREFIX" | sort)
	vzctl --quiet exec 102 'mkdir -p /mnt/a; mount -t tmpfs none /mnt/a; mount --make-rshared /; mount --bind /etc /mnt
		mount --bind / /mnt; mount -t tmpfs none /' || :
	is "$before" "$(findmnt -rn -o TARGET | grep -F "$PREFIX" | sort)"
	in_time 0 stop 102
}

# bats test_tags=core
@test "attack: what an action script mounted read-only, nosuid, nodev or noexec stays so, and covers what it covers" {
	local dir
	mkdir -p "$PREFIX/shared" "$TREE"/mnt/{ro,nosuid,nodev,noexec}
	echo "of the host" >"$PREFIX/shared/file"
	echo covered >"$TREE/mnt/ro/file"
	action 102.mount <<-END
		for option in ro nosuid nodev noexec; do
			mount --bind "$PREFIX/shared" "$PREFIX/vz/root/102/mnt/\$option"
			mount -o "remount,bind,\$option" "$PREFIX/vz/root/102/mnt/\$option"
		done
	END
	vzctl --quiet start 102
	for option in ro:rw nosuid:suid nodev:dev noexec:exec; do
		dir=/mnt/${option%:*}
		rc_is 1 vzctl exec3 102 mount -o "remount,bind,${option#*:}" $dir
		[[ ,$(vzctl exec 102 "grep ' $dir ' /proc/self/mounts" | cut -d ' ' -f 4), == *,${option%:*},* ]]
		rc_is 1 vzctl exec3 102 umount $dir
		is "of the host" "$(vzctl exec 102 "cat $dir/file")"
	done
	in_time 0 stop 102
	is "" "$(findmnt -rn -o TARGET | grep -F "$PREFIX/vz/root/102")"
}

@test "attack: a tree that is deeper than a process has descriptors is destroyed" {
	vzctl --quiet start 102
	put_probe 102
	vzctl --quiet exec 102 'cd /tmp; i=0; while [ $i -lt 3000 ]; do mkdir d; cd d; i=$((i + 1)); done; touch f'
	vzctl --quiet stop 102 --fast
	(ulimit -n 256; in_time 0 destroy 102)
	is_gone 102
	vzctl --quiet create 102 --ostemplate minimal --layout simfs
}

@test "attack: links in a private area are removed, not what they lead to" {
	ln -s "$VICTIM" "$TREE/l"
	ln -s "$VICTIM/etc" "$TREE/etc/l"
	mkfifo "$TREE/fifo"
	mkdir "$TREE/.vz-deep-0"
	ln "$TREE/etc/passwd" "$TREE/hard"
	in_time 0 destroy 102
	is_gone 102
	vzctl --quiet create 102 --ostemplate minimal --layout simfs
}

@test "attack: many orphans and a stopped init do not keep it alive" {
	vzctl --quiet start 102
	vzctl --quiet exec 102 'i=0; while [ $i -lt 100 ]; do (trap "" TERM HUP INT; exec setsid sleep 1000) & i=$((i + 1)); done' \
		>/dev/null 2>&1 </dev/null
	kill -STOP "$(init_pid 102)"
	in_time 0 stop 102
	is_down 102
}
