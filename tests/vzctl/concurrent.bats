#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Many commands at once. On one container the lock lets one of them win and tells the others, rc 9, or
# they come when it is done and find what it made; on different containers none is in another's way.
# Whatever happened, the container is whole and nothing is left over.

# shellcheck disable=SC2154 # out and err are from the helpers
load ../lib/helpers

N=20

setup_file()
{
	host_setup
	need_template minimal
}
teardown_file() { host_teardown; }
teardown() { rm -f "$PREFIX"/run/vz/lock/*; destroy_all; }

# at_once COMMAND…: N of them, {} in a word is its number from 1 on. How often each exit status came is
# in $statuses, "0:1 9:19". What they said is in $said.
at_once()
{
	local dir
	dir=$(mktemp -d "$BATS_TEST_TMPDIR/at-once.XXXXXX")
	# In a shell of its own, because bats makes each command slow. They are all there before the first
	# gets through the gate.
	bash -c '
		dir=$1 n=$2
		shift 2
		exec 8>"$dir/gate"
		flock 8
		for ((i = 1; i <= n; i++)); do
			{
				flock -s -o "$dir/gate" "${@//\{\}/$i}" >"$dir/$i" 2>&1
				echo $? >"$dir/$i.rc"
			} 8>&- &
		done
		flock -u 8
		wait' - "$dir" $N "$BUILD/vzctl" --prefix "$PREFIX" "$@" 3>&-
	statuses=$(sort -n "$dir"/*.rc | uniq -c | awk '{ printf "%s%s:%s", n++ ? " " : "", $2, $1 }')
	said=$(cat "$dir"/*[0-9])
	echo "$*: $statuses"
}

# one_winner: one command came first, and the only excuse of the others is the lock, or a word of $1…, the
# exit codes of those that came after it had done the work.
one_winner()
{
	local s late=" $* "
	for s in $statuses; do
		case ${s%:*} in
		0) is 1 "${s#*:}" ;;
		9) grep -qx "Container already locked" <<<"$said" ;;
		*) [[ $late == *" ${s%:*} "* ]] ;;
		esac
	done
	[[ $statuses == 0:* ]]
}

# With the lock held by somebody for all the time, nobody wins; all say so.
@test "concurrent: 20 commands on a locked container are all rc 9" {
	local command
	create_minimal 101
	mkdir -p "$PREFIX/run/vz/lock"
	echo $$ >"$PREFIX/run/vz/lock/101.lck"
	for command in start stop destroy mount "set 101 --description x --save"; do
		# shellcheck disable=SC2086 # words
		[ "${command% --*}" != "$command" ] || command="$command 101"
		at_once $command
		is "9:$N" "$statuses"
	done
}

@test "concurrent: of 20 start one starts" {
	create_minimal 101
	at_once start 101
	one_winner 32
	status_is 101 "exist mounted running"
	is 1 "$(ct_cgroups 101 | xargs -I{} cat {}/ct/cgroup.procs | sort -u | grep -cx "$(init_pid 101)")"
}

@test "concurrent: of 20 stop one stops" {
	create_minimal 101
	vzctl --quiet start 101
	at_once stop 101 --fast
	is 1 "$(grep -c "Container was stopped" <<<"$said")"
	is_down 101
}

@test "concurrent: of 20 create one creates, of 20 destroy one destroys" {
	at_once create 101 --ostemplate minimal
	one_winner 44
	status_is 101 "exist unmounted down"
	rc_is 0 vzctl start 101
	rc_is 0 vzctl stop 101 --fast
	at_once destroy 101
	one_winner 14
	is_gone 101
}

@test "concurrent: of 20 mount one mounts, of 20 umount one unmounts" {
	create_minimal 101
	at_once mount 101
	is 1 "$(grep -c "Container is mounted" <<<"$said")"
	is 1 "$(findmnt -rn -o TARGET | grep -c "^$PREFIX/vz/root/101$")"
	at_once umount 101
	one_winner 40
	is_down 101
}

@test "concurrent: 20 set leave one file that one of them wrote" {
	create_minimal 101
	local before n
	before=$(grep -cv DESCRIPTION "$(conf 101)")
	at_once set 101 --description "text {}" --save
	n=$(conf_value 101 DESCRIPTION)
	[[ $n =~ ^text\ ([0-9]+)$ ]]
	is "$before" "$(grep -cv DESCRIPTION "$(conf 101)")"
	is 1 "$(grep -c DESCRIPTION "$(conf 101)")"
	[[ $statuses =~ ^0:[0-9]+(\ 9:[0-9]+)?$ ]]
}

@test "concurrent: 20 set that wait for the lock are all done" {
	create_minimal 101
	vzctl --quiet start 101
	at_once --lock-timeout 60 set 101 --description "text {}" --save
	is "0:$N" "$statuses"
	[[ $(conf_value 101 DESCRIPTION) =~ ^text ]]
}

@test "concurrent: 20 exec at once all run, whoever holds the lock" {
	create_minimal 101
	vzctl --quiet start 101
	echo $$ >"$PREFIX/run/vz/lock/101.lck"
	at_once exec2 101 "echo said by {}; exit {}"
	is "$(seq -f "%g:1" -s " " $N)" "$statuses"
	is "$(seq -f "said by %g" $N | sort)" "$(sort <<<"$said")"
}

@test "concurrent: exec while the container is stopped ends, and says so" {
	local i rc
	create_minimal 101
	for i in 1 2 3; do
		vzctl --quiet start 101
		in_bg vzctl stop 101 --fast
		at_once exec2 101 "sleep 30"
		wait
		[[ $statuses != 0:* ]]
		is_down 101
	done
}

@test "concurrent: start, stop, set and destroy of one container in any order leave it whole" {
	local round i pids
	for round in 1 2 3; do
		create_minimal 101
		pids=()
		for i in 1 2 3 4 5; do
			in_bg vzctl start 101; pids+=($!)
			in_bg vzctl set 101 --description "$round $i" --save; pids+=($!)
			in_bg vzctl stop 101 --fast; pids+=($!)
			in_bg vzctl destroy 101; pids+=($!)
		done
		wait "${pids[@]}" || :
		is "" "$(ls "$PREFIX/run/vz/lock")"
		if [ -e "$PREFIX/vz/private/101" ]; then
			vzctl stop 101 --fast || :
			rc_is 0 vzctl start 101
			rc_is 0 vzctl stop 101 --fast
			rc_is 0 vzctl destroy 101
		fi
		# A set that came after the destroy has made a file, as set does for any number.
		rm -f "$(conf 101)"
		is_gone 101
	done
}

@test "concurrent: 20 containers are created, started, changed, used, stopped and destroyed at once" {
	at_once create "10{}" --ostemplate minimal
	is "0:$N" "$statuses"
	at_once start "10{}"
	is "0:$N" "$statuses"
	is $N "$(vzlist -H -o ctid | wc -l)"
	at_once set "10{}" --hostname "host{}" --save
	is "0:$N" "$statuses"
	at_once exec2 "10{}" hostname
	is "0:$N" "$statuses"
	is "$(seq -f host%g $N | sort)" "$(sort <<<"$said")"
	at_once stop "10{}"
	is "0:$N" "$statuses"
	at_once destroy "10{}"
	is "0:$N" "$statuses"
	local i
	for i in $(seq $N); do
		is_gone "10$i"
	done
	is "" "$(ls -A "$PREFIX"/vz/vztmp)"
}
