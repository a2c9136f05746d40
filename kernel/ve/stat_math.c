// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arithmetic of a VE's CPU time. Nothing here knows a VE.
 *
 * Whatever is shown never decreases: all that is kept are sums of what was added, and each line is
 * a function of such sums that grows with each of them. Nobody is disturbed by another reader,
 * because what does not fit now is kept for the next time, within limits.
 */
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>
#include "stat.h"

/* For each CPU, how much may be kept: more than a tick, and than the usual period of cpu.max. */
#define KEPT_MAX (NSEC_PER_SEC / 10)

/**
 * ve_share() - one CPU's part of a sum that is divided equally
 * @total: the sum
 * @cpus: among how many CPUs
 * @cpu: which, less than @cpus
 *
 * A remainder goes to the first CPUs, one each. All of it to one of them would have to be taken
 * away again when it has become enough for all.
 *
 * Context: Any.
 * Return: The part, which never decreases while @total grows; the parts' sum is @total.
 */
u64 ve_share(u64 total, unsigned int cpus, unsigned int cpu)
{
	u32 rest;
	u64 share = div_u64_rem(total, cpus, &rest);

	return share + (cpu < rest);
}

/* Some counters begin anew with their cgroup's controller. */
static u64 grown(u64 now, u64 before)
{
	return now > before ? now - before : 0;
}

/* Take up to @max out of what is kept, and forget what is too much to keep. */
static u64 take(u64 *kept, u64 max, u64 limit)
{
	u64 taken = min(*kept, max);

	*kept = min(*kept - taken, limit);
	return taken;
}

/**
 * ve_account() - what the CPUs of a VE did since the last sample
 * @account: up to that; goes on to this one
 * @sample: how it is now
 * @times: set to what was done, in ns
 *
 * User and system time are as measured. What they leave of the CPUs that the VE saw since the last
 * sample is steal time as long as there was throttling to explain it, or else idle. A VE that used
 * more than the CPUs it sees has no idle time then, but that is not held against it: afterwards its
 * idle time goes on at once, except for the little that may be a matter of measuring.
 *
 * Context: Any, one at a time.
 */
void ve_account(struct ve_account *account, const struct ve_sample *sample, u64 times[NR_VE_TIMES])
{
	const struct ve_sample *last = &account->last;
	u64 limit = (u64)last->cpus * KEPT_MAX;
	u64 user = grown(sample->utime, last->utime);
	u64 system = grown(sample->stime, last->stime);
	u64 unused = last->cpus * grown(sample->now, last->now);

	account->debt += user + system;
	account->nice += grown(sample->ntime, last->ntime);
	account->throttled += grown(sample->throttled, last->throttled);

	times[VE_NICE] = take(&account->nice, user, limit);
	times[VE_USER] = user - times[VE_NICE];
	times[VE_SYSTEM] = system;
	unused -= take(&account->debt, unused, limit);
	times[VE_STEAL] = take(&account->throttled, unused, limit);
	times[VE_IDLE] = unused - times[VE_STEAL];
	account->last = *sample;
}

/**
 * ve_cpu_ticks() - a number in the line of one CPU of /proc/stat
 * @times: of struct ve_times
 * @what: which number
 * @cpu: which CPU
 *
 * A CPU has its part of what went by while it was there, as one that is plugged in and out.
 *
 * Context: Any.
 * Return: Ticks of user space.
 */
u64 ve_cpu_ticks(const struct list_head *times, enum ve_time what, unsigned int cpu)
{
	const struct ve_times *t;
	u64 sum = 0;

	list_for_each_entry(t, times, list)
		if (cpu < t->cpus)
			sum += ve_share(nsec_to_clock_t(t->times[what]), t->cpus, cpu);
	return sum;
}

/**
 * ve_all_ticks() - a number in the first line of /proc/stat
 * @times: of struct ve_times
 * @what: which number
 *
 * Context: Any.
 * Return: Ticks of user space: the sum of all CPUs, with those that are not there now.
 */
u64 ve_all_ticks(const struct list_head *times, enum ve_time what)
{
	const struct ve_times *t;
	u64 sum = 0;

	list_for_each_entry(t, times, list)
		sum += nsec_to_clock_t(t->times[what]);
	return sum;
}
