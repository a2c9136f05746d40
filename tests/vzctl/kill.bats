#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# kill -9, at any point: of vzctl, of the processes it makes, of the helper programs. Whatever command
# comes next finds a state that it repairs by itself; and when the container is gone at last, so is all of
# it: mounts, groups, locks, ids, areas, links, temporary files, processes.
#
# KILL_SEED and KILL_ROUNDS (default 200) decide on the random ones; the seed is printed when they begin.

# shellcheck disable=SC2154 # out and err are from the helpers
load ../lib/helpers

KILL_ROUNDS=${KILL_ROUNDS:-$(rounds 200)}

setup_file()
{
	host_setup
	need_template minimal
	KILLAT=$PREFIX/killat
	SCRIPT=$PREFIX/script
	export KILLAT SCRIPT
	"${CC:-gcc}" -Wall -Wextra -O1 -o "$KILLAT" "$TOP/tests/lib/killat.c"
	echo 'true' >"$SCRIPT"
	# Scripts of the administrator, so that their steps have something to do.
	local event
	for event in premount mount umount postumount create; do
		action "vps.$event" <<<'exit 0'
	done
	# Directories that are made at the first use and then stay.
	create_minimal 101
	vzctl --quiet start 101
	vzctl --quiet stop 101 --fast
	vzctl --quiet destroy 101
	# Template archives are shared; layers are unpacked anew where that is to be cut off.
}
teardown_file() { host_teardown; }
teardown()
{
	eventd_stop
	destroy_all
}

# ---- what is killed ----

# words OPERATION: as it is typed. Options are there so that every step has work.
words()
{
	case $1 in
	create) echo "create 101 --ostemplate minimal --name web --userpasswd root:secret" ;;
	create-simfs) echo "$(words create) --layout simfs" ;;
	start | mount | umount | destroy) echo "$1 101" ;;
	stop | restart) echo "$1 101 --fast" ;;
	set) echo "set 101 --save --hostname h --name other" ;;
	password) echo "set 101 --userpasswd root:other" ;;
	runscript) echo "runscript 101 $SCRIPT" ;;
	esac
}

# prepare OPERATION: what it begins from.
prepare()
{
	case $1 in
	create*) return 0 ;;
	esac
	create_minimal 101 --name web
	case $1 in
	stop | restart) vzctl --quiet start 101 ;;
	umount) vzctl --quiet mount 101 ;;
	esac
}

# cut_off OPERATION KILLAT-ARGUMENT…: begin it, and kill. Fails if there was nothing to kill. What they say is
# in $cut.
cut_off()
{
	local op=$1 rc=0
	shift
	# shellcheck disable=SC2046 # words
	cut=$("$KILLAT" "$@" "$BUILD/vzctl" --prefix "$PREFIX" --verbose --verbose $(words "$op") 2>&1 </dev/null) || rc=$?
	[ "$rc" -ne 99 ]
}

# ---- what comes next ----

# go_on COMMAND [OPERATION]: give it; it succeeds, or refuses with the code that the manual has for what it found.
go_on()
{
	local what=$1 codes
	case $what in
	again) what=$2 ;;
	esac
	case $what in
	create*) codes="0 44" ;;		# it had been created
	start) codes="0 14 32 43" ;;	# it did not exist, it ran, it had a file only
	destroy) codes="0 14 32 41" ;;		# it runs, it is mounted
	mount | runscript | stop | restart | password) codes="0 14 43" ;;
	umount) codes="0 14 32 40" ;;		# it was not mounted
	set) codes="0" ;;
	vzlist) codes="0" ;;
	esac
	if [ "$what" = vzlist ]; then
		run vzlist -a -H -o ctid,status,name
	else
		# shellcheck disable=SC2046 # words
		run vzctl $(words "$what")
	fi
	case " $codes " in
	*" $status "*) ;;
	*)
		printf '%s, after this: exit status %s, not one of: %s\n%s\n%s\n' "$what" "$status" "$codes" "$cut" "$output"
		return 1
		;;
	esac
}

# everything: what a container could leave, as text.
everything()
{
	prefix_tag
	sh -c '
		cd "$PREFIX"
		find etc run vz -path "vz/private/*/*" -prune -o -path vz/template -prune -o ! -name "*.destroyed" -print | sort
		find vz/template/layers/ -maxdepth 1 -name "tmp.*"
		grep -F " $PREFIX/" /var/lib/vzctl/ids
		grep -F " $PREFIX/" /proc/self/mountinfo
		findmnt -rn -t cgroup,cgroup2 -o TARGET | while read -r dir; do ls -d "$dir/vz-$PREFIX_TAG"/*/ 2>/dev/null; done
		losetup -ln -O BACK-FILE 2>/dev/null | grep -F "$PREFIX/"
		:' 3>&-
}

# no_process: none of ours is left. They may be at their end, which takes a moment.
no_process() { ! pgrep -f "^$BUILD/(vzctl|libexec/[^ ]*) .*$PREFIX" >/dev/null; }

is_as_before() { [ "$(everything)" = "$1" ]; }

# nothing_left BEFORE: the container goes by its commands, and all of it; vzeventd may still have a hand in it.
nothing_left()
{
	vzctl --quiet stop 101 --fast >/dev/null 2>&1 || :
	vzctl --quiet umount 101 >/dev/null 2>&1 || :
	vzctl --quiet destroy 101 >/dev/null 2>&1 || :
	wait_for "${EVENTD_PATIENCE:-0}" is_as_before "$1" || {
		printf 'left, after this:\n%s\n' "$cut"
		diff <(printf '%s\n' "$1") <(everything)
		return 1
	}
	wait_for 5 no_process
}

# ---- every step ----

# steps OPERATION: "STEP of LIST" for all that it would do, those of lists inside lists as well.
steps()
{
	# shellcheck disable=SC2046 # words
	vzctl --dry-run $(words "$1") | sed -nE 's/^([a-z]+) 101: ([a-z-]+)$/step '"'\2'"' of \1/p'
}

# walk OPERATION [again]: killed before each of its steps and at its end. After each the same command comes
# next; and once more, with others taking turns, unless only the same one is wanted. In an emulated machine
# each step has one of the two, in turn.
walk()
{
	local op=$1 only=${2:-} before step next other i=0
	local -a after
	local -a list others=(start destroy create vzlist set stop mount)
	before=$(everything)
	prepare "$op"
	mapfile -t list < <(steps "$op")
	nothing_left "$before"
	[ ${#list[@]} -gt 0 ]
	for step in "${list[@]}"; do
		other=${others[i % ${#others[@]}]}
		[ -z "$only" ] || other=
		after=(again ${other:+"$other"})
		[ "${TIME_SCALE:-1}" -eq 1 ] || after=("${after[i % ${#after[@]}]}")
		i=$((i + 1))
		for next in "${after[@]}"; do
			prepare "$op"
			cut_off "$op" --write "$step" || { printf 'it did not come by %s\n%s\n' "$step" "$cut"; return 1; }
			go_on "$next" "$op"
			nothing_left "$before"
		done
	done
	prepare "$op"
	cut_off "$op" --end
	go_on again "$op"
	nothing_left "$before"
}

@test "kill: create, before each of its steps and at its end" { walk create; }

@test "kill: create of a simfs container, before each of its steps and at its end" { walk create-simfs; }

@test "kill: start, before each of its steps and at its end" { walk start; }

@test "kill: stop, before each of its steps and at its end" { walk stop; }

@test "kill: restart, before each of its steps and at its end" { walk restart again; }

@test "kill: destroy, before each of its steps and at its end" { walk destroy; }

@test "kill: set --save, before each of its steps and at its end" { walk set; }

@test "kill: mount and umount, before each of their steps and at their end" { walk mount && walk umount; }

@test "kill: runscript on a stopped container, before each of its steps and at its end" { walk runscript; }

# ---- any moment ----

operations=(create create-simfs start stop restart destroy set password mount umount runscript)

# count_calls OPERATION: how many system calls it makes.
count_calls()
{
	local n
	prepare "$1"
	# shellcheck disable=SC2046 # words
	n=$("$KILLAT" --count "$BUILD/vzctl" --prefix "$PREFIX" --quiet $(words "$1") 2>&1 >/dev/null </dev/null |
		sed -n 's/^calls \([0-9]*\) .*/\1/p')
	vzctl --quiet stop 101 --fast >/dev/null 2>&1 || :
	vzctl --quiet umount 101 >/dev/null 2>&1 || :
	vzctl --quiet destroy 101 >/dev/null 2>&1 || :
	echo "$n"
}

# whole_or_not_there: what is listed as a container is one: it starts, and commands run inside.
whole_or_not_there()
{
	run vzctl status 101
	case $output in
	"CTID 101 exist "*) ;;
	*) return 0 ;;
	esac
	go_on start
	rc_is 0 vzctl exec2 101 true
}

# at_random SEED ROUNDS: so many kills; of vzctl, or of any process it makes; at any system call.
at_random()
{
	local rounds=$2 before op next who n killed=0
	local -A calls
	local -a others=(again again start destroy create vzlist set stop mount)
	RANDOM=$1
	before=$(everything)
	for op in "${operations[@]}"; do
		calls[$op]=$(count_calls "$op")
		[ "${calls[$op]}" -gt 100 ]
	done
	while [ $killed -lt "$rounds" ]; do
		op=${operations[RANDOM % ${#operations[@]}]}
		next=${others[RANDOM % ${#others[@]}]}
		n=$((RANDOM % calls[$op] + 1))
		who=
		case $((RANDOM % 4)) in
		0) who="--child $((RANDOM % 8 + 1))" n=$((n % 150 + 1)) ;;
		esac
		prepare "$op"
		# shellcheck disable=SC2086 # words
		if cut_off "$op" $who --call $n; then
			killed=$((killed + 1))
			# And what repairs it may be killed, too.
			if [ $((RANDOM % 4)) -eq 0 ]; then
				local first=$cut
				cut_off "$op" --call $((RANDOM % calls[$op] + 1)) || :
				cut="$first
$cut"
			fi
			go_on "$next" "$op" && whole_or_not_there ||
				{ echo "seed $1, kill $killed: $op, $who call $n"; return 1; }
		fi
		nothing_left "$before" || { echo "seed $1, kill $killed: $op, $who call $n"; return 1; }
	done
}

# part N: a quarter of the rounds.
part()
{
	local seed=${KILL_SEED:-$((RANDOM * 32768 + RANDOM))}
	echo "# KILL_SEED=$seed" >&3
	at_random $(((seed + $1) % 32768)) $(((KILL_ROUNDS + 3) / 4))
}

@test "kill: at random moments, first part" { part 1; }

@test "kill: at random moments, second part" { part 2; }

@test "kill: at random moments, third part" { part 3; }

@test "kill: at random moments, fourth part" { part 4; }

@test "kill: at random moments, while vzeventd makes the inits and cleans up" {
	local EVENTD_PATIENCE=20 seed=${KILL_SEED:-$((RANDOM * 32768 + RANDOM))}
	echo "# KILL_SEED=$seed" >&3
	eventd_start
	at_random $(((seed + 5) % 32768)) $(((KILL_ROUNDS + 3) / 4))
	eventd_stop
}

# ---- what the next command makes of it ----

@test "kill: a create that was cut off is undone by whatever comes next, and said to be" {
	cut_off create --write "step 'setup' of create"
	[ -d "$PREFIX/vz/private/101.tmp" ]
	split_is 14 vzctl start 101
	grep -qF "undoing the create of container 101" <<<"$err"
	is_gone 101
}

@test "kill: destroy of a create that was cut off succeeds" {
	cut_off create --write "step 'rename' of create"
	rc_is 0 vzctl destroy 101
	is_gone 101
	[ ! -e "$(conf 101).destroyed" ]
	rc_is 14 vzctl destroy 101
}

@test "kill: nothing of a create that was cut off comes back with the next one" {
	"$KILLAT" --write "step 'rename' of create" "$BUILD/vzctl" --prefix "$PREFIX" --verbose --verbose create 101 \
		--ostemplate minimal --hostname first --name web --layout simfs || :
	rc_is 0 vzctl create 101 --ostemplate minimal --config basic --onboot yes
	is "<unset>" "$(conf_value 101 HOSTNAME)"
	is "<unset>" "$(conf_value 101 NAME)"
	is yes "$(conf_value 101 ONBOOT)"
	[ ! -L "$PREFIX/etc/vz/names/web" ]
	[ -d "$PREFIX/vz/private/101/upper" ]
}

@test "kill: a configuration file that was there before a create that was cut off stays" {
	echo 'HOSTNAME="mine"' >"$(conf 101)"
	cut_off create --write "step 'rename' of create"
	rc_is 0 vzctl create 101 --ostemplate minimal
	has "exists already, it is used as it is"
	is mine "$(conf_value 101 HOSTNAME)"
}

@test "kill: create without a number takes the one of a create that was cut off" {
	"$KILLAT" --write "step 'rename' of create" "$BUILD/vzctl" --prefix "$PREFIX" --verbose --verbose create \
		--ostemplate minimal || :
	[ -e "$(conf 101)" ]
	run vzctl --quiet create --ostemplate minimal
	is 101 "${lines[-1]}"
	[ ! -e "$PREFIX/vz/private/101.tmp" ]
	[ ! -e "$PREFIX/etc/vz/conf/101.creating" ]
}

@test "kill: a container whose create had come to the administrator's script exists" {
	cut_off create --write "step 'script' of create"
	rc_is 44 vzctl create 101 --ostemplate minimal
	rc_is 0 vzctl start 101
	rc_is 0 vzctl exec2 101 true
	is web "$(vzlist -H -o name 101 | tr -d ' ')"
}

@test "kill: a destroy that had moved the area is finished by whatever comes next" {
	create_minimal 101 --name web --hostname mine
	cut_off destroy --write "step 'rest' of destroy"
	split_is 14 vzctl start 101
	grep -qF "finishing the destroy of container 101" <<<"$err"
	is_gone 101
	is mine "$(VEID=101; . "$(conf 101).destroyed"; echo "$HOSTNAME")"
	# Nor does the number remember.
	create_minimal 101
	is "<unset>" "$(conf_value 101 HOSTNAME)"
}

@test "kill: a destroy that had not moved the area has not happened" {
	create_minimal 101
	cut_off destroy --write "step 'private' of destroy"
	rc_is 0 vzctl start 101
	rc_is 0 vzctl exec2 101 true
}

@test "kill: what a destroy could not remove any more goes with the next create or destroy of anybody" {
	local by
	for by in create destroy; do
		create_minimal 101 --layout simfs
		create_minimal 102
		cut_off destroy --write "step 'trash' of destroy"
		[ -n "$(ls -A "$PREFIX/vz/vztmp")" ]
		case $by in
		create) create_minimal 103 ;;
		destroy) vzctl --quiet destroy 102 ;;
		esac
		is "" "$(ls -A "$PREFIX/vz/vztmp")"
		destroy_all
	done
}

@test "kill: a create or destroy that was cut off is put right without its lock, as after a power cut" {
	local next
	for next in create destroy start; do
		cut_off create --write "step 'private' of create"
		rm "$PREFIX/run/vz/lock/101.lck"
		go_on $next
		vzctl --quiet stop 101 --fast >/dev/null 2>&1 || :
		vzctl --quiet destroy 101 >/dev/null 2>&1 || :
		is_gone 101
		create_minimal 101
		cut_off destroy --write "step 'rest' of destroy"
		rm "$PREFIX/run/vz/lock/101.lck"
		go_on $next
		vzctl --quiet destroy 101 >/dev/null 2>&1 || :
		is_gone 101
	done
}

@test "kill: mount scripts run again after a mount that was cut off before them" {
	create_minimal 101
	action 101.mount <<<"echo ran >>$PREFIX/mounted"
	cut_off mount --write "step 'scripts' of mount"
	[ ! -e "$PREFIX/mounted" ]
	rc_is 0 vzctl mount 101
	is ran "$(cat "$PREFIX/mounted")"
	rm "$PREFIX/mounted"
}

@test "kill: a container that was mounted by hand stays so while others' commands are killed" {
	create_minimal 101
	create_minimal 102
	vzctl --quiet mount 102
	cut_off start --write "step 'go' of start"
	rc_is 0 vzctl start 101
	status_is 102 "exist mounted down"
}

@test "kill: a running container goes on after a command that was cut off" {
	local pid step
	create_minimal 101
	vzctl --quiet start 101
	pid=$(init_pid 101)
	for step in name save old-name; do
		cut_off set --write "step '$step' of set"
		rc_is 0 vzctl set 101 --save --onboot yes
		is "$pid" "$(init_pid 101)"
	done
	rc_is 0 vzctl exec2 101 true
}

@test "kill: set --name cut off anywhere leaves the old name or the new one, and one link" {
	local step
	for step in name save old-name; do
		create_minimal 101 --name web
		cut_off set --write "step '$step' of set"
		vzctl --quiet status web >/dev/null || vzctl --quiet status other >/dev/null
		rc_is 0 vzctl set 101 --save --onboot yes
		is 1 "$(find "$PREFIX/etc/vz/names" -type l | wc -l)"
		rc_is 0 vzctl status "$(conf_value 101 NAME)"
		destroy_all
	done
}

@test "kill: recovery that is killed is done by the next command" {
	local n=0
	while :; do
		prepare stop
		cut_off stop --write "step 'limits' of stop"
		n=$((n + 15))
		cut_off mount --change $n || break
		rc_is 0 vzctl start 101
		vzctl --quiet stop 101 --fast
		is_down 101
		destroy_all
	done
	[ $n -gt 30 ]
}

# ---- helper programs ----

# own_layers: layers of this prefix alone, none of them unpacked.
own_layers()
{
	rm "$PREFIX/vz/template"
	mkdir -m 0700 "$PREFIX/vz/template"
	ln -s "$TEST_CACHE/template/cache" "$PREFIX/vz/template/cache"
}
shared_layers()
{
	destroy_all
	rm -rf "$PREFIX/vz/template"
	ln -s "$TEST_CACHE/template" "$PREFIX/vz/template"
}

# is_refused COMMAND…: it fails with a code of ours, and says why.
is_refused()
{
	run "$@"
	[ "$status" -gt 2 ] && [ "$status" -lt 128 ] || { echo "exit status $status"; echo "$output"; return 1; }
}

@test "kill: vz-unpack killed is a create that failed, whoever of its two processes it was" {
	local before who n op
	own_layers
	before=$(everything)
	for op in create create-simfs; do
		for who in "--program vz-unpack" "--child 2" "--child 3"; do
			for n in 5 40 90; do
				# shellcheck disable=SC2086 # words
				cut_off $op $who --call $n || continue
				grep -q "Creation of container private area failed" <<<"$cut"
				is "$before" "$(everything | grep -vx vz/template/layers)"
			done
		done
	done
	rc_is 0 vzctl create 101 --ostemplate minimal
	shared_layers
}

@test "kill: vzctl killed while it unpacks: the helper ends with it, and the next create begins anew" {
	local op n
	own_layers
	for op in create create-simfs; do
		for n in 40 120 400 1000; do
			cut_off $op --maker --child 3 --call $n || { echo "$cut"; return 1; }
			rc_is 0 vzctl create 101 --ostemplate minimal --layout simfs
			wait_for 5 no_process
			rc_is 0 vzctl start 101
			rc_is 0 vzctl exec2 101 true
			destroy_all
		done
	done
	rc_is 0 vzctl create 101 --ostemplate minimal
	is "" "$(find "$PREFIX/vz/template/layers" -name 'tmp.*')"
	rc_is 0 vzctl start 101
	rc_is 0 vzctl exec2 101 true
	shared_layers
}

@test "kill: vztmpl killed while it builds: the recipe ends with it, and the next one clears up" {
	local recipe=$PREFIX/etc/vz/templates/slow pid
	own_layers
	rm "$PREFIX/vz/template/cache"
	mkdir -p "$recipe"
	echo 'DESCRIPTION="never ready"' >"$recipe/template.conf"
	printf '#!/bin/sh\n: >"$TMPDIR/begun"\nexec sleep 1000\n' >"$recipe/build"
	chmod 0755 "$recipe/build"
	in_bg exec "$TOP/utils/vzctl/scripts/vztmpl" --prefix "$PREFIX" build slow
	pid=$!
	wait_for 20 sh -c 'ls "$PREFIX"/vz/template/cache/.work-slow.*/tmp/begun' >/dev/null
	kill -9 "$pid"
	wait "$pid" || :
	# By what it has in its environment: its command line says nothing of us.
	wait_for 5 sh -c '! grep -slF "TMPDIR=$PREFIX/" /proc/[0-9]*/environ'
	printf '#!/bin/sh\nexit 1\n' >"$recipe/build"
	rc_is 3 vztmpl build slow
	is "" "$(find "$PREFIX/vz/template/cache" -name '.work-*')"
	rm -rf "$recipe"
	shared_layers
}
