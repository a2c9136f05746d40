#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Directories and files of the host inside a container: --bindmount_add and --bindmount_del, running and
# stopped. What they are restricted to stays so, and whatever the container's root puts in the way leads nowhere.

# shellcheck disable=SC2154 # output, err and status are from the helpers
load ../lib/helpers

setup_file()
{
	probe_setup
	SHARED=$PREFIX/shared
	export SHARED
	# What the host has to share; out of reach of its users.
	mkdir -m 0700 "$SHARED"
}
teardown_file() { host_teardown; }

setup()
{
	mkdir "$SHARED/dir"
	echo "of the host" >"$SHARED/dir/file"
	create_minimal 101 --layout simfs
	vzctl --quiet set 101 --stop-timeout 1 --save
	TREE=$PREFIX/vz/private/101
}
teardown()
{
	destroy_all
	is_down 101
	rm -rf "${SHARED:?}"/* "$PREFIX/open"
}

# mounted PATH: the options of what is mounted there inside, with commas around; nothing if there is nothing.
mounted() { vzctl exec 101 "grep ' $1 ' /proc/self/mounts" | awk '{ print "," $4 "," }'; }

# refuses RC TEXT ARGUMENT…: set ends with that code and message, and nothing is saved.
refuses()
{
	local before
	before=$(cksum <"$(conf 101)")
	rc_is "$1" timeout "$(patience 30)" "$BUILD/vzctl" --prefix "$PREFIX" set 101 "${@:3}" --save
	has "$2"
	is "$before" "$(cksum <"$(conf 101)")"
}

# bats test_tags=core
@test "bindmount: a directory of the host is there after a start, its ids the same on both sides, in every layout" {
	local id
	create_minimal 102 --layout overlay
	for id in 101 102; do
		chown 1000:1001 "$SHARED/dir/file"
		vzctl --quiet set $id --bindmount_add "$SHARED/dir:/srv/data" --save
		is "$SHARED/dir:/srv/data" "$(conf_value $id BINDMOUNT)"
		vzctl --quiet start $id
		is "1000:1001 of the host" "$(vzctl exec $id 'echo $(stat -c %u:%g /srv/data/file) $(cat /srv/data/file)')"
		vzctl exec $id 'echo inside >/srv/data/new; chown 7:8 /srv/data/new; mkdir /srv/data/sub'
		is "7:8 inside" "$(stat -c %u:%g "$SHARED/dir/new") $(cat "$SHARED/dir/new")"
		is 0:0 "$(stat -c %u:%g "$SHARED/dir/sub")"
		vzctl --quiet stop $id --fast
		is_down $id
		rm -r "$SHARED"/dir/{new,sub}
		is "" "$(find "$PREFIX/vz/private/$id" -name file -path '*srv*')"
	done
}

# bats test_tags=core
@test "bindmount: what is read-only, nosuid, nodev or noexec stays so inside, at start and live" {
	local option
	for option in ro nosuid noexec nodev; do
		vzctl --quiet set 101 --bindmount_add "$SHARED/dir:/mnt/$option,$option" --save
	done
	vzctl --quiet start 101
	vzctl --quiet set 101 --bindmount_add "$SHARED/dir:/mnt/live,ro,nosuid,noexec,nodev"
	for option in ro:rw:ro nosuid:suid:nosuid nodev:dev:nodev noexec:exec:noexec live:rw:ro live:suid:nosuid \
		live:dev:nodev live:exec:noexec; do
		IFS=: read -r dir less lock <<<"$option"
		rc_is 1 vzctl exec3 101 mount -o "remount,bind,$less" "/mnt/$dir"
		[[ $(mounted "/mnt/$dir") == *,$lock,* ]]
		# A copy of it neither.
		vzctl exec 101 "mkdir -p /copy && mount --bind /mnt/$dir /copy"
		rc_is 1 vzctl exec3 101 mount -o "remount,bind,$less" /copy
		[[ $(mounted /copy) == *,$lock,* ]]
		vzctl exec 101 umount /copy
	done
	rc_is 1 vzctl exec3 101 touch /mnt/ro/x
	rc_is 1 vzctl exec3 101 touch /mnt/live/x
	is file "$(ls "$SHARED/dir")"
}

@test "bindmount: set adds and removes while it runs, with --save for good" {
	vzctl --quiet start 101
	rc_is 0 vzctl set 101 --bindmount_add "$SHARED/dir:/a" --bindmount-add "$SHARED/dir:/b,ro" --save
	is "of the host" "$(vzctl exec 101 cat /a/file)"
	rc_is 0 vzctl set 101 --bindmount_add "$SHARED/dir:/c"
	has "Settings were not saved"
	is "$SHARED/dir:/a $SHARED/dir:/b,ro" "$(conf_value 101 BINDMOUNT)"
	rc_is 0 vzctl set 101 --bindmount_del /a --save
	is "" "$(mounted /a)"
	[[ $(mounted /b) == *,ro,* ]]
	is "$SHARED/dir:/b,ro" "$(conf_value 101 BINDMOUNT)"
	# What is on no list but was mounted goes with "all".
	rc_is 0 vzctl set 101 --bindmount-del all
	is "" "$(mounted /b)$(mounted /c)"
	vzctl --quiet restart 101 --fast
	[[ $(mounted /b) == *,ro,* ]]
	is "" "$(mounted /c)"
	rc_is 0 vzctl set 101 --bindmount_del all --save
	vzctl --quiet restart 101 --fast
	is "" "$(mounted /b)"
	is "" "$(findmnt -rn -o TARGET | grep -F "$SHARED")"
}

@test "bindmount: services with mounts of their own see what comes and goes" {
	vzctl --quiet start 101
	in_bg vzctl exec 101 'unshare -m --propagation slave sh -c "echo \$\$ >/tmp/pid; while :; do sleep 1; done"'
	wait_for 5 [ -s "$TREE/tmp/pid" ]
	vzctl --quiet set 101 --bindmount_add "$SHARED/dir:/a"
	is "of the host" "$(vzctl exec 101 'cat /proc/$(cat /tmp/pid)/root/a/file')"
	vzctl --quiet set 101 --bindmount_del /a
	rc_is 1 vzctl exec3 101 sh -c 'cat /proc/$(cat /tmp/pid)/root/a/file'
}

@test "bindmount: a file of the host, and places that are made for it" {
	vzctl --quiet set 101 --bindmount_add "$SHARED/dir/file:/etc/new/place/file,ro" --save
	vzctl --quiet start 101
	is "of the host" "$(vzctl exec 101 cat /etc/new/place/file)"
	vzctl --quiet set 101 --bindmount_add "$SHARED/dir/file:/etc/motd"
	vzctl exec 101 'echo changed >/etc/motd'
	is changed "$(cat "$SHARED/dir/file")"
	vzctl --quiet set 101 --bindmount_del /etc/motd
	rc_is 1 vzctl exec3 101 grep changed /etc/motd
}

@test "bindmount: without a source it is the same path on both sides" {
	vzctl --quiet start 101
	vzctl --quiet set 101 --bindmount_add "$SHARED/dir,ro" --save
	is "$SHARED/dir,ro" "$(conf_value 101 BINDMOUNT)"
	is "of the host" "$(vzctl exec 101 "cat $SHARED/dir/file")"
}

@test "bindmount: one in use is unmounted, one that is not there is none to be unmounted" {
	vzctl --quiet start 101
	vzctl --quiet set 101 --bindmount_add "$SHARED/dir:/a"
	in_bg vzctl exec 101 'cd /a; sleep 100'
	wait_for 5 vzctl exec3 101 sh -c 'ls -l /proc/[0-9]*/cwd | grep -q /a$'
	rc_is 0 vzctl set 101 --bindmount_del /a
	has_not Warning:
	is "" "$(mounted /a)"
	rc_is 0 vzctl set 101 --bindmount_del /nosuch
	has_not Warning:
}

@test "bindmount: a second one for the same place takes it over" {
	mkdir "$SHARED/other"
	echo other >"$SHARED/other/file"
	vzctl --quiet start 101
	vzctl --quiet set 101 --bindmount_add "$SHARED/dir:/a" --save
	vzctl --quiet set 101 --bindmount_add "$SHARED/other:/a/" --save
	is "$SHARED/other:/a" "$(conf_value 101 BINDMOUNT)"
	is other "$(vzctl exec 101 cat /a/file)"
	vzctl --quiet set 101 --bindmount_del /a --save
	is "" "$(mounted /a)"
}

@test "bindmount: a source that is not there: no start without, rc 50, and what to do is said" {
	rc_is 0 vzctl set 101 --bindmount_add "$SHARED/gone:/a" --save
	line "Warning: there is no '$SHARED/gone': container 101 does not start without it"
	rc_is 50 vzctl start 101
	has "'$SHARED/gone', which is to be seen as '/a' inside: No such file or directory" \
		"vzctl set 101 --bindmount_del PATH --save"
	is_down 101
	vzctl --quiet set 101 --bindmount_del /a --save
	vzctl --quiet start 101
	refuses 50 "'$SHARED/gone'" --bindmount_add "$SHARED/gone:/a"
	status_is 101 "exist mounted running"
}

@test "bindmount: of several in one argument all are mounted, or none" {
	vzctl --quiet start 101
	refuses 50 "is not the directory" --bindmount_add "$SHARED/dir:/a $SHARED/dir/file:/b $SHARED/dir:/etc/passwd"
	is "" "$(mounted /a)$(mounted /b)"
	vzctl --quiet set 101 --bindmount_add "$SHARED/dir:/a $SHARED/dir/file:/b" --save
	is "of the hostof the host" "$(vzctl exec 101 'printf %s%s "$(cat /a/file)" "$(cat /b)"')"
}

@test "bindmount: paths that are relative, lead upwards, or are the container's own are refused, rc 21" {
	local word
	for word in srv:/a /srv:a /srv/../etc:/a /srv:/a/../proc /srv:/a/. ../srv; do
		refuses 21 "absolute" --bindmount_add "$word"
	done
	for word in / /proc /proc/sys /sys//fs /dev/ /run //proc; do
		refuses 21 "the container needs what is there" --bindmount_add "/srv:$word"
	done
	refuses 21 "ro, nosuid, noexec, nodev" --bindmount_add /srv:/a,rw
	refuses 21 "colon" --bindmount_add /srv:/a:/b
	vzctl --quiet set 101 --bindmount_add "$SHARED/dir:/run/some/place" --bindmount_add "$SHARED/dir:/dev/place" --save
	vzctl --quiet start 101
	is "of the host" "$(vzctl exec 101 cat /run/some/place/file)"
	is "of the host" "$(vzctl exec 101 cat /dev/place/file)"
}

@test "bindmount: file systems that cannot map ids are refused by their name, rc 50" {
	create_minimal 102 --layout overlay
	vzctl --quiet start 101
	refuses 50 "'/proc' is on proc, which cannot map ids" --bindmount_add /proc:/a
	vzctl --quiet mount 102
	refuses 50 "is on overlay, which cannot map ids" --bindmount_add "$PREFIX/vz/root/102:/a"
	is "" "$(mounted /a)"
}

@test "bindmount: a dry run names what would be mounted" {
	vzctl --quiet set 101 --bindmount_add "$SHARED/dir:/a,ro" --save
	rc_is 0 vzctl --dry-run start 101
	line "bind $SHARED/dir on /a inside"
	is_down 101
}

@test "bindmount: a stopped container without --save has nothing to mount in, rc 31" {
	rc_is 31 vzctl set 101 --bindmount_add "$SHARED/dir:/a"
	has "Unable to apply mount parameters: container is not running"
}

@test "bindmount: setuid programs that users of the host could run are warned of, with what helps" {
	local warning="can make setuid programs"
	install -m 0755 "$PROBE" "$TREE/probe"
	# Its own mode does not help: the container's root can change it.
	mkdir -p "$PREFIX/open/dir"
	chmod 0700 "$PREFIX/open/dir"
	rc_is 0 vzctl set 101 --bindmount_add "$PREFIX/open/dir:/b" --save
	has "$warning"
	vzctl --quiet set 101 --bindmount_del /b --save
	vzctl --quiet start 101
	split_is 0 vzctl set 101 --bindmount_add "$PREFIX/open/dir:/a" --save
	is "Warning: root of container 101 $warning in '$PREFIX/open/dir', which users of the host can run: put it below a directory of mode 0700, or add ',ro'" "$err"
	vzctl exec 101 'cp /probe /a/; chmod 4755 /a/probe; chmod 0755 /a'
	# It is as dangerous as it sounds.
	is 0 "$(setpriv --reuid=65534 --regid=65534 --clear-groups "$PREFIX/open/dir/probe" euid)"
	rm "$PREFIX/open/dir/probe"
	# What is said to help, does.
	for word in "$PREFIX/open/dir:/b,ro" "$SHARED/dir:/c"; do
		rc_is 0 vzctl set 101 --bindmount_add "$word"
		has_not "$warning"
	done
	chown 1000 "$SHARED"
	rc_is 0 vzctl set 101 --bindmount_add "$SHARED/dir:/d"
	has "$warning"
	chown 0:1000 "$SHARED"
	chmod 0710 "$SHARED"
	rc_is 0 vzctl set 101 --bindmount_add "$SHARED/dir:/d"
	has "$warning"
	chown 0:0 "$SHARED"
	chmod 0700 "$SHARED"
	rc_is 0 vzctl restart 101 --fast
	has "$PREFIX/open/dir"
}

@test "bindmount: what stands in the way inside is named, and nothing of the host is touched" {
	local victim=$PREFIX/open before i
	mkdir -p "$victim"
	before=$(find "$victim" -printf '%p %y %m %U %T@\n')
	ln -s "$victim" "$TREE/link"
	ln -s "../../../../../..$victim" "$TREE/up"
	ln -s "/proc/1/root$victim" "$TREE/magic"
	ln -s /nowhere "$TREE/nowhere"
	mkfifo "$TREE/fifo"
	mkdir "$TREE/dir"
	vzctl --quiet start 101
	refuses 50 "is a symlink" --bindmount_add "$SHARED/dir:/link"
	refuses 50 "is a symlink" --bindmount_add "$SHARED/dir/file:/nowhere"
	refuses 50 "is not the directory" --bindmount_add "$SHARED/dir:/fifo"
	refuses 50 "is a directory" --bindmount_add "$SHARED/dir/file:/dir"
	for link in link up magic nowhere; do
		run vzctl --quiet set 101 --bindmount_add "$SHARED/dir:/$link/x/y"
		[[ $status =~ ^(0|50)$ ]]
		is "$before" "$(find "$victim" -printf '%p %y %m %U %T@\n')"
	done
	# In the middle of a path they lead somewhere inside.
	ln -s dir "$TREE/inside"
	vzctl --quiet set 101 --bindmount_add "$SHARED/dir:/inside/x"
	is "of the host" "$(vzctl exec 101 cat /dir/x/file)"
	vzctl --quiet set 101 --bindmount_del /inside/x
	is "" "$(mounted /dir/x)"
}

@test "bindmount: what he has taken away, covered or moved is left alone" {
	vzctl --quiet start 101
	for place in a b c; do vzctl --quiet set 101 --bindmount_add "$SHARED/dir:/$place"; done
	vzctl exec 101 'umount /a; mount -t tmpfs cover /b; umount /c; rmdir /c'
	rc_is 0 vzctl set 101 --bindmount_del all
	for place in a b c; do line "Warning: '/$place' inside container 101 is not what was mounted there, and is left alone"; done
	is 2 "$(vzctl exec 101 "grep -c ' /b ' /proc/self/mounts")"
	rc_is 0 vzctl set 101 --bindmount_del all
	has_not "left alone"
}

@test "bindmount: processes on their way in can be neither seen nor stopped" {
	install -m 0755 "$PROBE" "$TREE/probe"
	vzctl --quiet start 101
	in_bg vzctl exec3 101 /bin/busybox sh -c 'exec /probe hunt stop >/tmp/seen'
	wait_for 5 [ -e "$TREE/tmp/seen" ]
	for i in $(seq "$(rounds 30 5)"); do
		timeout "$(patience 10)" "$BUILD/vzctl" --prefix "$PREFIX" --quiet set 101 --bindmount_add "$SHARED/dir:/a"
		timeout "$(patience 10)" "$BUILD/vzctl" --prefix "$PREFIX" --quiet set 101 --bindmount_del /a
	done
}

@test "bindmount: paths swapped for links to the host while 100 are mounted and unmounted" {
	local victim=$PREFIX/open before i
	mkdir -p "$victim/x"
	install -m 0755 "$PROBE" "$TREE/probe"
	mkdir -p "$TREE/a/x"
	ln -s "$victim" "$TREE/b"
	vzctl --quiet start 101
	before=$(find "$victim" -printf '%p %y %m %U %T@\n')
	in_bg vzctl exec3 101 /probe swap /a /b
	for i in $(seq "$(rounds 50)"); do
		run timeout "$(patience 10)" "$BUILD/vzctl" --prefix "$PREFIX" set 101 --bindmount_add "$SHARED/dir:/a/x"
		[[ $status =~ ^(0|50)$ ]]
		run timeout "$(patience 10)" "$BUILD/vzctl" --prefix "$PREFIX" set 101 --bindmount_del /a/x
		[[ $status =~ ^(0|50)$ ]]
	done
	is "$before" "$(find "$victim" -printf '%p %y %m %U %T@\n')"
	is "" "$(findmnt -rn -o TARGET | grep -F "$victim")"
}

@test "bindmount: a set that is killed at any moment leaves nothing that the next one does not know of" {
	local i n ms
	vzctl --quiet start 101
	n=$(rounds 60 12)
	for ((i = 0; i < n; i++)); do
		printf -v ms %03d "$(patience $((i % 10)))"
		timeout -s KILL "0.$ms" "$BUILD/vzctl" --prefix "$PREFIX" --quiet set 101 \
			--bindmount_add "$SHARED/dir:/a $SHARED/dir:/b $SHARED/dir:/c" || :
		printf -v ms %03d "$(patience $((i % 7)))"
		[ $((i % 3)) -ne 0 ] || timeout -s KILL "0.$ms" "$BUILD/vzctl" --prefix "$PREFIX" --quiet set 101 \
			--bindmount_del all || :
		# What was killed may still have been at its end.
		rc_is 0 vzctl --lock-timeout 5 set 101 --bindmount_del all
		is "" "$(grep -F "$SHARED" "/proc/$(init_pid 101)/mountinfo")"
	done
	[ ! -e "$PREFIX/run/vz/101/binds" ]
}

# mute_start: start 101 with a file system at /mute that does not answer.
mute_start()
{
	install -m 0755 "$PROBE" "$TREE/probe"
	vzctl --quiet set 101 --features fuse:on --save
	vzctl --quiet start 101
	vzctl exec 101 'mkdir /mute'
	in_bg vzctl exec3 101 /probe mute /mute
	wait_for 5 vzctl exec3 101 grep -q ' /mute ' /proc/self/mounts
}

# no_set: no process of a set is left.
no_set() { ! pgrep -f "^$BUILD/vzctl --prefix $PREFIX set" >/dev/null; }

@test "bindmount: what set has begun ends with it" {
	local pid
	mute_start
	in_bg "$BUILD/vzctl" --prefix "$PREFIX" set 101 --bindmount_add "$SHARED/dir:/mute/x"
	pid=$!
	wait_for 5 pgrep -P "$pid"
	kill -KILL "$pid"
	wait_for 5 no_set
}

@test "bindmount: a file system inside that does not answer costs ten seconds, and no lock" {
	mute_start
	refuses 50 "'/mute/x' inside container 101: Connection timed out" --bindmount_add "$SHARED/dir:/mute/x"
	vzctl --quiet set 101 --bindmount_add "$SHARED/dir:/a"
	is "of the host" "$(vzctl exec 101 cat /a/file)"
}
