# SPDX-License-Identifier: GPL-2.0-only
#
# For tests of limits: what the kernel was told about a container, and what it says of its use, with cgroups
# of either version. Load helpers first.

# knob ID CONTROLLER V2-FILE V1-FILE: the contents of one of the two, whichever hierarchy the controller is in.
knob()
{
	prefix_tag
	local v1=/sys/fs/cgroup/$2
	if [ -d "$v1/vz-$PREFIX_TAG" ]; then
		cat "$v1/vz-$PREFIX_TAG/$1/$4"
	else
		cat "/sys/fs/cgroup/vz-$PREFIX_TAG/$1/$3"
	fi
}

is_v2() { [ ! -d "/sys/fs/cgroup/$1" ]; }

# CPU time a container has used, in microseconds; and how often it had to wait because of its limit.
cpu_usage()
{
	if is_v2 cpuacct; then
		knob "$1" cpu cpu.stat - | awk '$1 == "usage_usec" { print $2 }'
	else
		echo $(($(knob "$1" cpuacct - cpuacct.usage) / 1000))
	fi
}
cpu_throttled() { knob "$1" cpu cpu.stat cpu.stat | awk '$1 == "nr_throttled" { print $2 }'; }

now_usec() { echo "${EPOCHREALTIME//[.,]/}"; }

# Limits of RAM and swap in MiB, "none" if there is none, whatever the kernel calls that; and what is in use.
mib()
{
	case $1 in
	max) echo none ;;
	*) if [ "$1" -gt $((1 << 60)) ]; then echo none; else echo $(($1 >> 20)); fi ;;
	esac
}
ram_of() { mib "$(knob "$1" memory memory.max memory.limit_in_bytes)"; }
ram_used() { mib "$(knob "$1" memory memory.current memory.usage_in_bytes)"; }
swap_of()
{
	local sum
	if is_v2 memory; then
		mib "$(knob "$1" memory memory.swap.max -)"
	else
		sum=$(mib "$(knob "$1" memory - memory.memsw.limit_in_bytes)")
		[ "$sum" = none ] && echo none || echo $((sum - $(ram_of "$1")))
	fi
}
# Processes the kernel has killed because there was no memory left.
oom_kills() { knob "$1" memory memory.events memory.oom_control | awk '$1 == "oom_kill" { print $2 }'; }
