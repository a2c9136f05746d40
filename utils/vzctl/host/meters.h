/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel counts about a container, as plain numbers: the same ones whichever version of cgroups
 * they come from. What a kernel does not count is not known, which is no error.
 */
#ifndef VZ_HOST_METERS_H
#define VZ_HOST_METERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/proc.h"
#include "host/cgroup.h"

/* Times are usec, sizes bytes. Counters (marked +) grow from the start of the container on. */
enum meter {
	METER_NONE,
	METER_CPU_USED,		/* + CPU time of all processes */
	METER_CPU_THROTTLED,	/* + CPU time that the limit kept from them */
	METER_CPU_QUOTA,	/* CPU time they may use … */
	METER_CPU_PERIOD,	/* … in this time */
	METER_CPU_WEIGHT,	/* its share, as this version of cgroups has it */
	METER_CPUS,		/* how many CPUs they may run on */
	METER_CPU_IDLE,		/* + time in which these had nothing to do, each counted */
	METER_CPU_WAIT,		/* + time in which some process waited for a CPU; */
	METER_MEMORY_WAIT,	/* + … for memory, */
	METER_IO_WAIT,		/* + … for a disk */
	METER_MEMORY_USED,
	METER_MEMORY_CACHE,	/* of that, what is only a copy of files */
	METER_MEMORY_MOST,	/* that was ever used */
	METER_MEMORY_LIMIT,
	METER_MEMORY_HITS,	/* + how often the limit was met */
	METER_OOM_KILLS,	/* + processes killed because there was no memory */
	METER_SWAP_USED,
	METER_SWAP_MOST,
	METER_SWAP_LIMIT,
	METER_SWAP_REFUSED,	/* + how often there was no more */
	METER_SHARED_MEMORY,	/* tmpfs among it */
	METER_KERNEL_MEMORY,
	METER_KERNEL_MEMORY_MOST,
	METER_IO_READ,		/* + of the device that has a limit */
	METER_IO_WRITTEN,	/* + */
	METER_IO_READS,		/* + operations */
	METER_IO_WRITES,	/* + */
	METER_IO_READ_LIMIT,	/* a second */
	METER_IO_WRITTEN_LIMIT,
	METER_IO_READS_LIMIT,
	METER_IO_WRITES_LIMIT,
	METER_TASKS,		/* processes and threads */
	METER_TASKS_MOST,
	METER_TASKS_LIMIT,
	METER_TASKS_REFUSED,	/* + how often there could not be one more */
	METER_DISK_USED,	/* of the file system that holds the root */
	METER_DISK_FREE,	/* to root inside */
	METER_DISK_LIMIT,	/* of its own */
	METER_INODES_USED,
	METER_INODES_FREE,
	METER_INODES_LIMIT,
	METER_PACKETS_IN,	/* + of all interfaces inside but the loopback */
	METER_PACKETS_OUT,	/* + */
	METER_DROPPED_IN,	/* + */
	METER_DROPPED_OUT,	/* + */
	METER__MAX
};

#define METER_UNLIMITED UINT64_MAX

struct meters {
	uint64_t v[METER__MAX];
	bool known[METER__MAX];
	usec_t when;		/* CLOCK_MONOTONIC */
};

/* root: where the container's root is mounted on the host; init: a process in its network namespace. */
void meters_read(struct cgroups *cg, const char *group, const char *root, pid_t init, struct meters *ret);

/* One figure of the group's, of those that stand in a single file. Is it known? */
bool meters_read_one(struct cgroups *cg, const char *group, enum meter id, uint64_t *ret);

#endif
