/* SPDX-License-Identifier: GPL-2.0-only */
/* How a VE's CPU time is divided: among what it was used for, and among the CPUs that it sees. */
#ifndef _KERNEL_VE_STAT_H
#define _KERNEL_VE_STAT_H

#include <linux/list.h>
#include <linux/types.h>

struct ve;

/* What the CPUs of a VE were doing. */
enum ve_time {
	VE_USER,
	VE_NICE,
	VE_SYSTEM,
	VE_IDLE,
	VE_STEAL,
	NR_VE_TIMES
};

/**
 * struct ve_sample - what is known of a VE at one moment, in ns
 * @now: when
 * @utime: in user mode, niced or not
 * @stime: in the kernel
 * @ntime: niced; measured otherwise than @utime, so not exactly a part of it
 * @throttled: stopped by cpu.max, the sum over all CPUs of the machine
 * @cpus: how many CPUs it sees
 */
struct ve_sample {
	u64		now;
	u64		utime;
	u64		stime;
	u64		ntime;
	u64		throttled;
	unsigned int	cpus;
};

/**
 * struct ve_account - what was made of the samples so far
 * @last: the last one
 * @nice: niced, but there was no user time left to be that
 * @throttled: stopped, but not found idle yet
 * @debt: used before there was so much time on the CPUs that it sees
 */
struct ve_account {
	struct ve_sample	last;
	u64			nice;
	u64			throttled;
	u64			debt;
};

/**
 * struct ve_times - the time that went by while a VE saw a certain number of CPUs
 * @list: of all numbers that it ever saw, in no order
 * @cpus: the number
 * @times: what for, in ns
 */
struct ve_times {
	struct list_head	list;
	unsigned int		cpus;
	u64			times[NR_VE_TIMES];
};

/* stat.c */
int ve_stat_read(struct ve *ve, u64 times[NR_VE_TIMES]);

/* stat_math.c: no state, no locks, tested by itself */
u64 ve_share(u64 total, unsigned int cpus, unsigned int cpu);
void ve_account(struct ve_account *account, const struct ve_sample *sample, u64 times[NR_VE_TIMES]);
u64 ve_cpu_ticks(const struct list_head *times, enum ve_time what, unsigned int cpu);
u64 ve_all_ticks(const struct list_head *times, enum ve_time what);

#endif /* _KERNEL_VE_STAT_H */
