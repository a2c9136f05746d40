#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Completion in bash: the words come from the programs ("vzctl --complete"), never from a list of its own;
# it is quick, and whatever is typed or wrong on the host, nothing appears in the user's terminal but words.

# shellcheck disable=SC2016,SC2154 # text for other programs; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	host_setup
	need_template minimal
	create_minimal 101 --name web
	create_minimal 102 --name 'my ct'
	create_minimal 103
	vzctl --quiet start 101
	vzctl --quiet mount 103
}
teardown_file() { host_teardown; }

# tab LINE: what Tab offers at the end of it, a line each, sorted; anything on stderr is a failure. The
# line is taken apart as readline does it: at blanks, and around = and :.
tab()
{
	split_is 0 env -i HOME="$HOME" PATH="$BUILD:$TOP/utils/vzctl/scripts:/usr/bin:/bin" VZ_BACKEND="$VZ_BACKEND" \
		bash --norc -c '
		. "$0"
		line=$1 word="" quote=""
		COMP_WORDS=() COMP_LINE=$line COMP_POINT=${#line}
		for ((i = 0; i < ${#line}; i++)); do
			c=${line:i:1}
			if [ -n "$quote" ]; then
				[ "$c" != "$quote" ] || quote=""
				word+=$c
			elif [[ $c == [\"\'\''] ]]; then
				quote=$c word+=$c
			elif [[ $c == "\\" ]]; then
				word+=$c${line:i+1:1}
				i=$((i + 1))
			elif [[ $c == [[:blank:]] ]]; then
				[ -z "$word" ] || COMP_WORDS+=("$word")
				word=""
			elif [[ $c == [=:] ]]; then
				[ -z "$word" ] || COMP_WORDS+=("$word")
				COMP_WORDS+=("$c")
				word=""
			else
				word+=$c
			fi
		done
		[ -z "$word" ] && [[ $line == *[=:] ]] || COMP_WORDS+=("$word")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		set -o nounset
		_vzctl_complete "${COMP_WORDS[0]}" "" ""
		[ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"' \
		"$TOP/utils/vzctl/completion/vzctl" "$1"
	is "" "$err"
	output=$(sort <<<"$out")
}

# offers LINE WORD…: these and no others.
offers()
{
	tab "$1"
	is "$(printf '%s\n' "${@:2}" | sort)" "$output"
}

P() { echo "--prefix $PREFIX"; }

@test "completion: commands are those of the usage text, later ones are not offered" {
	local c
	tab "vzctl "
	while read -r c; do
		line "$c"
	done < <(vzctl --help | sed -n 's/^vzctl \([a-z0-9|-]*\).*/\1/p' | grep -v version | tr '|' '\n')
	has_not snapshot
	offers "vzctl st" start stop status
	offers "vzctl chk" chkpnt
	offers "vzctl nosuch" ""
}

@test "completion: options before the command, and their arguments" {
	tab "vzctl --"
	line --help --version --quiet --verbose --prefix --dry-run --skiplock --lock-timeout
	has_not skipowner
	offers "vzctl --quiet --dry-run des" destroy
	offers "vzctl --lock-timeout 5 des" destroy
	offers "vzctl --lock-timeout " ""
	offers "vzctl --prefix /et" /etc
	offers "vzctl --prefix=/et" /etc
}

@test "completion: containers by what the command is for, with their names" {
	offers "vzctl $(P) stop " 101 web
	offers "vzctl $(P) exec " 101 web
	offers "vzctl $(P) console " 101 web
	offers "vzctl --prefix=$PREFIX start " 102 'my\ ct' 103
	offers "vzctl $(P) umount " 103
	offers "vzctl $(P) destroy 10" 102 103
	offers "vzctl $(P) status w" web
	offers "vzctl $(P) restart " 101 web 102 'my\ ct' 103
	offers "vzctl $(P) resume " ""
	vzctl --quiet chkpnt 101 --suspend
	offers "vzctl $(P) resume " 101 web
	vzctl --quiet chkpnt 101 --resume
}

@test "completion: create is offered the next free number" {
	offers "vzctl $(P) create " 104
	offers "vzctl $(P) create 9" ""
}

@test "completion: options of a command come from its rows, parameters from theirs" {
	offers "vzctl start 101 " --force --osrelease --wait --skip-fsck --skip-remount
	offers "vzctl stop 101 --f" --fast
	tab "vzctl set 101 --"
	line --save --setmode --ipadd --capability --ram --numproc
	has_not --ostemplate=
	tab "vzctl create 101 "
	line --ostemplate --config --hostname --userpasswd --build
	has_not --numproc
	tab "vzctl create --os"
	is --ostemplate "$output"
	offers "vzctl destroy 101 " ""
	offers "vzctl enter 101 " --exec
	offers "vzctl exec 101 " ""
}

@test "completion: every option of the usage text of set is offered" {
	local option
	tab "vzctl set 101 --"
	while read -r option; do
		line "$option"
	done < <(vzctl --help | sed -n '/^Parameters of set/,$p' | grep -oE -- '--[a-z_-]+ ' | tr -d ' ' | grep -v -- '--ram$')
}

@test "completion: values: yes and no, words of a choice, small numbers, capabilities, features" {
	offers "vzctl set 101 --onboot " yes no
	offers "vzctl set 101 --onboot=y" yes
	offers "vzctl set 101 --setmode " restart ignore
	offers "vzctl set 101 --ioprio " 0 1 2 3 4 5 6 7
	offers "vzctl set 101 --netfilter st" stateless stateful
	offers "vzctl create 101 --layout ploop:p" plain
	offers "vzctl set 101 --nameserver " inherit
	offers "vzctl set 101 --capability sys_ti" sys_time:on sys_time:off
	offers "vzctl set 101 --capability sys_time:o" on off
	offers "vzctl set 101 --capability=net_raw:off,sys_ti" off,sys_time:on off,sys_time:off
	offers "vzctl set 101 --features io" io_uring:on io_uring:off
	offers "vzctl set 101 --applyconfig_map " ""
}

@test "completion: values: abbreviated options, network devices of the host, files, directories" {
	offers "vzctl set 101 --onbo " yes no
	offers "vzctl set 101 --onb" --onboot
	offers "vzctl set 101 --netdev_add l" lo
	offers "vzctl runscript 101 /etc/pass" /etc/passwd /etc/passwd-
	offers "vzctl create 101 --sshkey /etc/pass" /etc/passwd /etc/passwd-
	offers "vzctl create 101 --private /et" /etc
}

@test "completion: values: templates of the cache, samples, addresses the container has" {
	tab "vzctl $(P) create 105 --ostemplate "
	line minimal
	has_not .sha256 .tar
	tab "vzctl $(P) create 105 --config v"
	is "$(cd "$PREFIX/etc/vz/conf" && printf '%s\n' ve-v*.conf-sample | sed 's/^ve-//; s/.conf-sample$//' | sort)" "$output"
	vzctl --quiet set 102 --ipadd 198.51.100.7 --ipadd 198.51.100.8 --save
	offers "vzctl $(P) set 102 --ipdel " all 198.51.100.7 198.51.100.8
	offers "vzctl $(P) set 'my ct' --ipdel 1" 198.51.100.7 198.51.100.8
}

@test "completion: vzlist: options, fields one after the other, containers" {
	local field
	tab "vzlist --"
	line --all --output --sort --json --prefix --help
	tab "vzlist -o "
	while read -r field _; do
		line "$field"
	done < <(vzlist -L)
	offers "vzlist -a -o ctid,numproc,sta" ctid,numproc,status
	offers "vzlist -Ho smart_n" smart_name
	offers "vzlist --output=smart_n" smart_name
	offers "vzlist -s -boot" -bootorder
	offers "vzlist --sort hostn" hostname
	offers "vzlist $(P) " 101 web 102 'my\ ct' 103
	offers "vzlist -N " 
}

@test "completion: the small tools" {
	offers "vzcfgvalidate -" -r -i -v --help
	offers "vzcfgvalidate -v " yes no
	offers "vzcfgvalidate /etc/pass" /etc/passwd /etc/passwd-
	offers "vzcpucheck -" -v --prefix --help
	offers "vzcpucheck "
	offers "vzsplit -" -n -f -s -v --prefix --help
	offers "vzsplit -v " yes no
	offers "vzmemcheck -" -v -A --prefix --help
	offers "vzcalc -" -v --prefix --help
	offers "vzubc -w" -w -wd -wt -wn
	offers "vzubc -f /etc/pass" /etc/passwd /etc/passwd-
}

@test "completion: vzpid and vztmpl" {
	offers "vzpid -" -p --prefix --help
	offers "vztmpl " list build import remove verify prune resolve --prefix --help
	tab "vztmpl build "
	line minimal debian-12 debian-13 --if-missing
	tab "vztmpl $(P) remove m"
	is minimal "$output"
	offers "vztmpl list " -a
	offers "vztmpl import /etc/pass" /etc/passwd /etc/passwd-
}

@test "completion: quotes and backslashes are read as the shell does, and written where they are needed" {
	offers "vzctl $(P) start my" 'my\ ct'
	offers "vzctl $(P) start my\\ c" 'my\ ct'
	offers "vzctl $(P) start 'my" 'my ct'
	offers "vzctl $(P) start \"my c" 'my ct'
	offers "vzctl $(P) 'start' m" 'my\ ct'
	offers "vzctl $(P) sta\"r" start
}

@test "completion: odd words say nothing, run nothing and expand to nothing" {
	local word
	cd "$PREFIX"
	for word in '$(touch ran)' '`touch ran`' '*' '[' '${x' '"$(touch ran)' "'" '\' '~root' '!!' '{a,b}' '--=' '=' '::' '--prefix==' \
		'--complete' 'start --complete' 'a;b' '%s%n' $'\x1b[2J' $'\xff'; do
		tab "vzctl $word"
		tab "vzctl $(P) start $word"
		tab "vzctl $(P) set 101 --name=$word"
		tab "vzlist $(P) -o $word"
		tab "vztmpl $word"
	done
	[ ! -e ran ]
	split_is 0 "$BUILD/vzctl" --complete
	is "" "$out$err"
}

@test "completion: names with glob characters are quoted, those with control characters left out" {
	# No name vzctl would take; somebody has written them into the files.
	ln -s "$PREFIX/etc/vz/conf/102.conf" "$PREFIX/etc/vz/names/a*b"
	sed -i 's/^NAME=.*/NAME="a*b"/' "$(conf 102)"
	tab "vzctl $(P) start a"
	[ -z "$output" ] || is 'a\*b' "$output"
	printf 'NAME="x\033[2Jy"\n' >>"$(conf 103)"
	ln -s "$PREFIX/etc/vz/conf/103.conf" "$PREFIX/etc/vz/names/x"$'\033'"[2Jy"
	offers "vzctl $(P) start x" ""
	sed -i '$d' "$(conf 103)"
	sed -i 's/^NAME=.*/NAME="my ct"/' "$(conf 102)"
	rm "$PREFIX/etc/vz/names/"[ax]*
}

@test "completion: without configuration, or with one that cannot be read, there are fewer words and no message" {
	offers "vzctl --prefix /nonexistent start " ""
	offers "vzctl --prefix /nonexistent create --ostemplate " ""
	offers "vzctl --prefix /nonexistent st" start stop status
	offers "vzlist --prefix /nonexistent " ""
	offers "vztmpl --prefix /nonexistent remove " ""
	echo 'CPULIMIT=' >"$(conf 109)"
	mkdir "$(conf 108)"
	printf '\0\377garbage="\n' >"$(conf 107)"
	tab "vzctl $(P) start "
	line 102 103
	rm -r "$(conf 109)" "$(conf 108)" "$(conf 107)"
	as_nobody vzctl --prefix "$PREFIX" --complete start "" >"$BATS_TEST_TMPDIR/words" 2>"$BATS_TEST_TMPDIR/err"
	is "" "$(cat "$BATS_TEST_TMPDIR/err")"
}

@test "completion: a program that is not there, or another's, is no reason for a message" {
	split_is 0 env -i PATH=/usr/bin:/bin bash --norc -c '. "$0"
		COMP_WORDS=(vzctl st) COMP_CWORD=1 COMP_LINE="vzctl st" COMP_POINT=8
		_vzctl_complete vzctl st vzctl; echo "${#COMPREPLY[@]}"' "$TOP/utils/vzctl/completion/vzctl"
	is "0" "$out"
	is "" "$err"
}

@test "completion: users without sbin in their PATH, who type sudo, get words as well" {
	split_is 0 env BUILD="$BUILD" unshare --mount sh -c 'mount --bind "$BUILD" /usr/sbin && exec env -i PATH=/usr/bin:/bin bash --norc -c "$0" "$1"' \
		'. "$0"
		COMP_WORDS=(vzctl chk) COMP_CWORD=1 COMP_LINE="vzctl chk" COMP_POINT=9
		_vzctl_complete vzctl chk vzctl; echo "${COMPREPLY[*]}"' "$TOP/utils/vzctl/completion/vzctl"
	is "chkpnt" "$out"
}

# bats test_tags=core
@test "completion: the cursor may be in the middle of a line" {
	split_is 0 env -i PATH="$BUILD:/usr/bin:/bin" bash --norc -c '. "$0"
		COMP_WORDS=(vzctl stop 101) COMP_CWORD=1 COMP_LINE="vzctl stop 101" COMP_POINT=8
		_vzctl_complete vzctl stop vzctl; echo "${COMPREPLY[*]}"' "$TOP/utils/vzctl/completion/vzctl"
	is "start stop status" "$out"
}

@test "completion: in a real shell, words, = and quotes come out as typed" {
	require python3
	rc_is 0 on_tty "send('. $TOP/utils/vzctl/completion/vzctl; PATH=$BUILD:\$PATH PS1=\"% \"; v() { printf \"<%s>\" \"\$@\"; echo; }; complete -p vzctl\r')
expect('-F _vzctl_complete vzctl'); expect('% ')
send('vzctl --quiet sta\t'); expect('vzctl --quiet sta'); send('\x15')
send('vzctl --vers\t\r'); expect('vzctl version')
send('vzctl set 101 --ioprio=\t\t'); expect('0  1  2  3  4  5  6  7'); send('\x15')
send('vzctl --prefix $PREFIX start my\t--x\x01v \r'); expect('<start><my ct><--x>')
send('vzctl --prefix $PREFIX start \"my\t--x\x01v \r'); expect('<start><my ct><--x>')
send('vzctl set 101 --capability=sys_ti\tn --x\x01v \r'); expect('<--capability=sys_time:on><--x>')
send('exit\r')" -- bash --norc --noprofile -i
	has_not "not found" "rror"
}

@test "completion: an answer takes less than 50 ms, with 200 containers too" {
	local i at ms best=1000
	for i in {1..200}; do
		sed 's/^NAME=.*//' "$(conf 103)" >"$(conf $((2000 + i)))"
	done
	for i in {1..5}; do
		at=$EPOCHREALTIME
		"$BUILD/vzctl" --prefix "$PREFIX" --complete stop "" >/dev/null
		ms=$(((${EPOCHREALTIME/./} - ${at/./}) / 1000))
		[ $ms -ge $best ] || best=$ms
	done
	rm "$PREFIX"/etc/vz/conf/2[0-9][0-9][0-9].conf
	echo "# $best ms" >&3
	[ $best -lt "$(patience 50)" ]
}

@test "completion: it is installed where bash looks for it" {
	make -s -C "$TOP" install DESTDIR="$BATS_TEST_TMPDIR/root" >/dev/null 2>&1 3>&-
	local dir=$BATS_TEST_TMPDIR/root/usr/share/bash-completion/completions
	cmp "$dir/vzctl" "$TOP/utils/vzctl/completion/vzctl"
	local p
	for p in vzlist vzpid vztmpl vzcfgvalidate vzcpucheck vzsplit vzubc vzmemcheck vzcalc; do
		is vzctl "$(readlink "$dir/$p")"
	done
	make -s -C "$TOP" uninstall DESTDIR="$BATS_TEST_TMPDIR/root" >/dev/null 2>&1 3>&-
	[ ! -e "$dir/vzctl" ] && [ ! -L "$dir/vzlist" ]
}
