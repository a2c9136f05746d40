#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What VEs see of memory and load: free, sysinfo(2), /proc/meminfo, /proc/swaps and /proc/loadavg
# agree with each other and with the limits; two VEs see nothing of each other, nor the host of
# them.
# SWAPDIR is a file system of its own where a file to swap to can be made (default /vz).

# lib.sh sets what is not set here:
# shellcheck shell=dash disable=SC2154

# shellcheck source=kernel/ve/selftests/lib.sh disable=SC1091
. "$(dirname "$0")/lib.sh"

swapdir=${SWAPDIR:-/vz}
swapfile=$swapdir/ve-selftest.swap

# sysinfo(2), as "totalram freeram sharedram totalswap freeswap procs load1", memory in kB.
# shellcheck disable=SC2016 # variables of perl
sysinfo='
	chomp(my $machine = qx(uname -m));
	my $nr = { x86_64 => 99, aarch64 => 179 }->{$machine} or die "which syscall?";
	my $buf = "\0" x 128;
	die "sysinfo: $!" if syscall($nr, $buf);
	my ($up, $l1, $l5, $l15, $total, $free, $shared, $buffer, $stotal, $sfree, $procs, $pad,
	    $thigh, $fhigh, $unit) = unpack("q L!9 S2 x![8] L!2 L", $buf);
	print join(" ", (map { $_ * $unit / 1024 } $total, $free, $shared, $stotal, $sfree),
		   $procs, $l1), "\n"'

# line FILE NAME
line() { awk -v name="$2:" '$1 == name { print $2 }' "$1"; }
# mem ID NAME: a line of the VE's meminfo.
mem() { in_ve "$1" cat /proc/meminfo >"$tmp/$1"; line "$tmp/$1" "$2"; }
# sys ID FIELD: of the VE's sysinfo.
sys() { in_ve "$1" perl -e "$sysinfo" | cut -d ' ' -f "$2"; }
host_sys() { perl -e "$sysinfo" | cut -d ' ' -f "$1"; }
names() { sed '/^DirectMap/d; /^EarlyMemtest/d; s/:.*//' "$1"; }

# running ID: how many tasks of the VE run or want to.
running() { cut -d ' ' -f4 "$slice/$1/ve.loadavg" | cut -d / -f1; }

# hold ID MIB: a process of the VE that keeps so much memory until release.
hold()
{
	# shellcheck disable=SC2016 # variables of perl
	in_ve "$1" perl -e '
		my ($mib, $held, $go) = @ARGV;
		vec(my $memory, ($mib << 20) - 1, 8) = 1;
		open(my $file, ">", $held) or die;
		select(undef, undef, undef, 0.1) until -e $go' "$2" "$tmp/held" "$tmp/go" &
	holder=$!
	until [ -e "$tmp/held" ]; do sleep 0.1; done
}

release()
{
	touch "$tmp/go"
	wait "$holder"
}

# agree COMMAND COMMAND: both say the same, or do after the next sample came between.
agree()
{
	for _ in 1 2 3; do
		[ "$(eval "$1")" != "$(eval "$2")" ] || return 0
	done
	echo "# $(eval "$1") is not $(eval "$2")"
	return 1
}

in_order()
{
	[ "$(line "$1" MemFree)" -le "$(line "$1" MemAvailable)" ] &&
		[ "$(line "$1" MemAvailable)" -le "$(line "$1" MemTotal)" ] &&
		[ $(($(line "$1" MemFree) + $(line "$1" Cached) + $(line "$1" SReclaimable))) -le \
			"$(line "$1" MemTotal)" ] &&
		[ "$(line "$1" SwapFree)" -le "$(line "$1" SwapTotal)" ]
}

tmp=$(mktemp -d)
at_exit()
{
	fsfreeze -u "$swapdir" 2>/dev/null
	clean_slice
	! grep -q "^$swapfile" /proc/swaps || swapoff "$swapfile"
	rm -rf "$tmp" "$swapfile" "$swapfile.file"
}
trap at_exit EXIT

plan 52
host_total=$(line /proc/meminfo MemTotal)
if ! dd if=/dev/zero of="$swapfile" bs=1M count=64 2>/dev/null || ! chmod 600 "$swapfile" ||
   ! mkswap "$swapfile" >/dev/null || ! swapon "$swapfile"; then
	bail "no swap in $swapfile"
fi
host_swap=$(line /proc/meminfo SwapTotal)

make_slice ve memory cpu pids
start_ve 501
start_ve 502
start_ve 503

# ---- the files themselves ----
in_ve 501 cat /proc/meminfo >"$tmp/ve"
is "meminfo: the host's lines in the host's order" "$(names "$tmp/ve")" "$(names /proc/meminfo)"
is "meminfo: lines as the host's" "$(grep -vE '^[A-Za-z0-9_()]+: +[0-9]+( kB)?$' "$tmp/ve")" ""
for name in CommitLimit Committed_AS VmallocTotal HardwareCorrupted CmaTotal HugePages_Total; do
	[ -z "$(line /proc/meminfo $name)" ] || [ "$(line "$tmp/ve" $name)" = 0 ] || echo "$name"
done >"$tmp/leaks"
is "meminfo: no totals of the host" "$(cat "$tmp/leaks")" ""
is "swaps: the host's heading" "$(in_ve 501 head -n 1 /proc/swaps)" "$(head -n 1 /proc/swaps)"
is "without a limit, all of the machine's memory" "$(mem 501 MemTotal)" "$host_total"
is "without a limit, all of the machine's swap" "$(mem 501 SwapTotal)" "$host_swap"
ok "numbers are in order" in_order "$tmp/501"

# ---- limits ----
echo 256M >"$slice/501/memory.max"
echo 192M >"$slice/502/memory.max"
is "a limit is the total" "$(mem 501 MemTotal)" 262144
is "sysinfo says so" "$(sys 501 1)" 262144
is "free says so" "$(in_ve 501 free -k | awk '/^Mem:/ { print $2 }')" 262144
is "another VE has its own" "$(mem 502 MemTotal)" 196608
is "so says sysinfo there" "$(sys 502 1)" 196608
echo 128M >"$slice/memory.max"
is "a limit above is followed" "$(mem 501 MemTotal)" 131072
is "by sysinfo as well" "$(sys 502 1)" 131072
echo max >"$slice/memory.max"
is "until it is lifted" "$(mem 501 MemTotal)" 262144
echo 1000G >"$slice/501/memory.max"
is "more than the machine has nobody gets" "$(mem 501 MemTotal)" "$host_total"
echo 256M >"$slice/501/memory.max"

# ---- use ----
free=$(mem 501 MemFree)
within "sysinfo and meminfo agree on what is free" "$(sys 501 2)" "$(mem 501 MemFree)" 8192
other=$(mem 502 MemFree)
anon=$(mem 501 AnonPages)
hold 501 100
within "what is held is not free" $((free - $(mem 501 MemFree))) 102400 10240
within "sysinfo agrees" $((free - $(sys 501 2))) 102400 10240
within "free agrees" $((free - $(in_ve 501 free -k | awk '/^Mem:/ { print $4 }'))) 102400 10240
sleep 0.2
within "it is anonymous" $(($(mem 501 AnonPages) - anon)) 102400 10240
ok "numbers are in order" in_order "$tmp/501"
within "another VE sees nothing of it" "$(mem 502 MemFree)" "$other" 4096
release
within "and it comes back" "$(mem 501 MemFree)" "$free" 10240

# ---- page cache ----
sleep 0.2
cached=$(mem 501 Cached)
available=$(mem 501 MemAvailable)
into "$slice/501" dd if=/dev/zero of="$swapfile.file" bs=1M count=60 conv=fsync 2>/dev/null
sleep 0.2
within "what is written is cached" $(($(mem 501 Cached) - cached)) 61440 10240
within "and available" "$(mem 501 MemAvailable)" "$available" 10240
rm -f "$swapfile.file"

# ---- swap ----
echo 16M >"$slice/501/memory.swap.max"
echo 0 >"$slice/502/memory.swap.max"
is "a limit on swap is the total" "$(mem 501 SwapTotal)" 16384
is "sysinfo says so" "$(sys 501 4)" 16384
is "and swaps" "$(in_ve 501 sed 1d /proc/swaps | tr -s '[:blank:]' ' ')" "none virtual 16384 0 -2"
is "of one that may not swap it is 0" "$(mem 502 SwapTotal) $(sys 502 4)" "0 0"
is "and swaps is empty" "$(in_ve 502 sed 1d /proc/swaps)" ""

# ---- out of memory ----
echo 48M >"$slice/502/memory.max"
# shellcheck disable=SC2016 # variables of perl
in_ve 502 perl -e 'vec(my $memory, (96 << 20) - 1, 8) = 1'
is "who is killed for want of memory is counted" "$(sed -n 's/^oom //p' "$slice/502/ve.events")" 1
is "in the VE where that was" "$(sed -n 's/^oom //p' "$slice/501/ve.events")" 0
echo 192M >"$slice/502/memory.max"

# ---- without a memory cgroup of its own ----
echo "-memory" >"$slice/cgroup.subtree_control"
is "without a memory cgroup all is there" "$(mem 501 MemTotal)" "$host_total"
is "and nothing is used" "$(mem 501 MemFree)" "$host_total"
echo "+memory" >"$slice/cgroup.subtree_control"

# ---- tasks ----
# Its init, who asks, and three more.
in_ve 501 perl -e 'fork; sleep 1000' &
in_ve 501 sleep 1000 &
until [ "$(in_ve 501 pgrep -c 'perl|sleep')" = 4 ]; do sleep 0.1; done
is "sysinfo counts the tasks of the VE" "$(sys 501 6)" 5
is "so does loadavg" "$(in_ve 501 cut -d ' ' -f4 /proc/loadavg | cut -d / -f2)" 5
is "and ve.loadavg, when nobody asks inside" "$(sed 's,.*/,,; s, .*,,' "$slice/501/ve.loadavg")" 4
before=$(sed 's/.* //' "$slice/501/ve.loadavg")
is "the last PID is that of the VE" "$(in_ve 501 sed 's/.* //' /proc/loadavg)" "$((before + 1))"
is "of another VE there is only its init" "$(sed 's,.*/,,' "$slice/503/ve.loadavg")" "1 1"

# ---- load ----
for _ in 1 2 3; do
	in_ve 501 sh -c 'while :; do :; done' &
done
sleep 16
ok "three that run are at least seen" [ "$(running 501)" -ge 3 ]
load=$(cut -d ' ' -f1 "$slice/501/ve.loadavg")
ok "and load: $load" awk "BEGIN { exit !($load >= 0.3 && $load <= 1.5) }"
ok "loadavg and ve.loadavg agree" agree "in_ve 501 cut -d ' ' -f1-3 /proc/loadavg" \
	"cut -d ' ' -f1-3 $slice/501/ve.loadavg"
within "and sysinfo" "$(sys 501 7)" "$(awk "BEGIN { print int($load * 65536) }")" 20000
is "another VE has none of it" "$(cut -d ' ' -f1-3 "$slice/503/ve.loadavg")" "0.00 0.00 0.00"

# load ID: of the last minute, in hundredths.
load() { cut -d ' ' -f1 "$slice/$1/ve.loadavg" | tr -d . | sed 's/^0*\(.\)/\1/'; }

before=$(load 503)
fsfreeze -f "$swapdir"
in_ve 503 touch "$swapfile.file" &
sleep 12
ok "who waits for a disk is load, too" [ $(($(load 503) - before)) -ge 8 ]
is "but does not run" "$(running 503)" 0
fsfreeze -u "$swapdir"
wait $!

before=$(load 501)
echo "-cpu" >"$slice/cgroup.subtree_control"
sleep 12
ok "without a CPU cgroup load is found as well" [ "$(load 501)" -gt "$before" ]
ok "and who runs" [ "$(running 501)" -ge 3 ]

# ---- the host ----
is "the host's memory is as it was" "$(line /proc/meminfo MemTotal) $(host_sys 1)" \
	"$host_total $host_total"
is "so is its swap" "$(line /proc/meminfo SwapTotal) $(host_sys 4)" "$host_swap $host_swap"
echo -procview >"$slice/501/ve.features"
is "a VE without views sees the host's" "$(mem 501 MemTotal) $(sys 501 1)" "$host_total $host_total"

finish
