# SPDX-License-Identifier: GPL-2.0-only
#
# For clients that know the tools by their installed names: the machine as it is after "make install", with
# an /etc, a /run and a /vz of its own, a log and all that is remembered of containers, in a mount namespace.
# Nothing of it is seen on the machine itself.
#
#   setup_file()    { installed_setup; }         # helpers.bash comes first
#   teardown_file() { installed_teardown; }
#
# There is one container, $CT. `installed COMMAND...` runs something on that machine.

# Nobody's number on the machine itself: without a prefix, cgroups have only that to differ in.
CT=2147470001

installed_setup()
{
	host_setup
	need_template minimal
	make -s -C "$TOP" install DESTDIR="$PREFIX" >/dev/null
	make_installed_host
	installed vzctl --quiet create $CT --ostemplate minimal
	# Halts at once, without time for its processes.
	# shellcheck disable=SC2016 # for the shell there
	installed sh -c '
		mkdir -p "/vz/private/$1/upper/sbin"
		cd "/vz/private/$1/upper/sbin"
		printf "#!/bin/sh\nexec /bin/busybox halt -f\n" >halt
		chmod 0755 halt' sh $CT
}

installed_teardown()
{
	if [ -n "${HOLDER:-}" ]; then
		installed vzctl --quiet stop $CT --fast || :
		installed vzctl --quiet destroy $CT || :
		kill "$HOLDER"
	fi
	host_teardown
}

# A process that holds the namespace, as $HOLDER.
make_installed_host()
{
	mkdir -p "$PREFIX/root" "$PREFIX/var/lib/vzctl" /var/lib/vzctl
	# A link would lead to where the cache is on the machine itself.
	rm "$PREFIX/vz/template"
	mkdir -m 0700 "$PREFIX/vz/template"
	# shellcheck disable=SC2016 # for the shell there
	unshare --mount --propagation private sh -eu -c '
		mount -t tmpfs -o mode=0755 none "$1/root"
		cd "$1/root"
		for dir in /*; do
			case $dir in
			/etc) cp -a /etc . && cp -a "$1/etc/." etc ;;
			/run) mkdir run && mount -t tmpfs none run && mkdir -m 01777 run/resource-agents ;;
			/usr) mkdir usr && mount -t overlay -o "lowerdir=$1/usr:/usr" none usr ;;
			/vz) ;;
			*)
				if [ -L "$dir" ] || [ ! -d "$dir" ]; then
					cp -a "$dir" .
				else
					mkdir ".$dir" && mount --rbind "$dir" ".$dir"
				fi
				;;
			esac
		done
		mkdir vz old
		mount --bind "$1/vz" vz
		mount --bind "$2" vz/template
		mount --bind "$1/var/log" var/log
		mount --bind "$1/var/lib/vzctl" var/lib/vzctl
		pivot_root . old
		umount -l /old
		: >/run/ready
		exec sleep infinity' sh "$PREFIX" "$TEST_CACHE/template" >"$PREFIX/holder.log" 2>&1 3>&- </dev/null &
	export HOLDER=$!
	wait_for 20 installed test -e /run/ready || { cat "$PREFIX/holder.log"; return 1; }
}

# installed COMMAND…: on the machine that has the tools.
installed() { nsenter --mount="/proc/$HOLDER/ns/mnt" env -u VZ_LIBEXECDIR PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
