#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/vm: a command on another kernel, over this machine's root. What it says is passed on, what it
# does stays in the VM, and of the VM nothing stays on this machine.

# shellcheck disable=SC2016,SC2154 # text for other shells; out and err are from the helpers
load ../lib/helpers

setup_file()
{
	require root
	# The path of a socket is 107 characters long at most; that of a temporary directory is not.
	export WORK=$BATS_FILE_TMPDIR/a-directory-with-a-long-name/so-long-that-no-socket-can-be-made-in-it/by-its-whole-path
	mkdir -p "$WORK/tmp"
	export TMPDIR=$WORK/tmp
	cd "$WORK"
	echo "from outside" >here
	printf 'one\ntwo\n' >input
	cat >looks_around <<-'END'
		uname -r
		pwd; cat here
		cat
		echo "an error" >&2
		findmnt -rn -t cgroup,cgroup2 -o FSTYPE,TARGET
		findmnt -rn -o FSTYPE,OPTIONS /vz
		cat "$1/inside"; stat -f -c %T "$1"; echo more >"$1/more"
		cat "$2" | head -c 2
		mount -o remount,rw /run/vm/lower
		touch /run/vm/lower/var/tmp/openve-vm-was-here
		echo "not outside" >here; touch /var/tmp/openve-vm-was-here
		exit 37
	END
	mkdir copied
	echo "in the copy" >copied/inside
	local status=0
	vm -i input -d 300M -C "$WORK/copied" bash looks_around "$WORK/copied" "$TOP/Makefile" >out 2>err || status=$?
	echo $status >status
}

setup() { cd "$WORK"; }

vm() { "$TOP/scripts/vm" "$@" 3>&-; }

# The processes of a VM are where its files are.
processes() { find /proc/[0-9]*/cwd -maxdepth 0 -lname "$TMPDIR/*" 2>/dev/null || :; }

# Of the VMs that ran here nothing is left, and so neither are the mounts that only their processes saw.
nothing_left()
{
	is "" "$(processes)"
	is "" "$(ls -A "$TMPDIR")"
	! grep -F "$TMPDIR" /proc/self/mountinfo
}

# start_vm ARGUMENT…: in the background, until its command has said "up"; its pid in $vm.
start_vm()
{
	"$TOP/scripts/vm" "$@" >out2 2>err2 3>&- &
	vm=$!
	wait_for 120 grep -qs up out2
	[ -n "$(processes)" ]
}

@test "vm: output and errors stay apart, the exit status is the command's" {
	is 37 "$(cat status)"
	is "an error" "$(head -n 1 err)"
	! grep "an error" out
}

@test "vm: the command runs where it is called, on another kernel, and reads what it is given" {
	grep -q '^6\.12\.' out
	grep -qxF "$WORK" out
	grep -qx 'from outside' out
	is "one
two" "$(grep -xE 'one|two' out)"
}

@test "vm: cgroups are v2 alone, /vz is an ext4 disk with project quota" {
	is "cgroup2 /sys/fs/cgroup" "$(grep ^cgroup out)"
	grep -q '^ext4 rw,.*prjquota' out
}

@test "vm: a directory that is copied is on a file system of its own; what is written there is lost" {
	grep -qx "in the copy" out
	grep -qx "ext2/ext3" out
	[ ! -e copied/more ]
}

@test "vm: what is written stays inside; root there cannot write on this machine" {
	is "from outside" "$(cat here)"
	[ ! -e /var/tmp/openve-vm-was-here ]
	grep -q "touch: .*/run/vm/lower/.*Read-only file system" err
	nothing_left
}

@test "vm: a command that takes too long is rc 124, with what it has said" {
	split_is 124 vm -t 10 sh -c 'echo here I am; exec sleep 1000'
	is "here I am" "$out"
	has "took longer than"
	nothing_left
}

@test "vm: a machine that dies is rc 125 and shows its console; a disk that is kept has what was written" {
	split_is 125 vm -d disk sh -c 'echo kept >/vz/file; sync; echo said; echo c >/proc/sysrq-trigger'
	is said "$out"
	has "the machine died" "Kernel panic"
	split_is 0 vm -d disk cat /vz/file
	is kept "$out"
	nothing_left
}

@test "vm: ended by a signal it leaves no process, mount or file" {
	start_vm sh -c 'echo up; exec sleep 1000'
	kill -TERM "$vm"
	status=0
	wait "$vm" || status=$?
	is 143 "$status"
	nothing_left
}

@test "vm: killed outright it takes the machine with it" {
	start_vm sh -c 'echo up; exec sleep 1000'
	kill -KILL "$vm"
	no_process() { [ -z "$(processes)" ]; }
	wait_for 10 no_process
	rm -rf "$TMPDIR"/openve-vm.*
	nothing_left
}

@test "vm: a kernel that is none is rc 21, no command rc 20" {
	rc_is 21 vm -k 2.6 true
	has "neither a line of Debian's kernels"
	rc_is 20 vm -k 6.1
	rc_is 20 vm --nonsense true
}
