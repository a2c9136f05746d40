// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many CPUs a VE has, and what its programs see of that.
 *
 * It has as many as it can keep busy: not more than ve.cpus, than its cpu.max and those above it
 * allow, than are in its cpuset, than are online. If that is all there are, its programs see them
 * as they are, and their affinities are real.
 *
 * If it is fewer, the VE's CPUs are virtual, 0 to n-1 wherever programs count what is online, and
 * any task may run on all of them: sched_setaffinity(2) looks whether a mask makes sense and
 * changes nothing, sched_getaffinity(2) gives all. A task that was bound to CPUs before stays so.
 * Which CPUs are possible, and have directories in sysfs, is the machine's all the same, and so are
 * the numbers that getcpu(2) and rseq tell: who sizes arrays by the former has room for the latter.
 * Those that are present are counted, like those that are online, and agree with them: a VE has
 * none that is offline.
 *
 * It is the user namespace of who asks that matters: the host's programs see and change true masks,
 * also of tasks of a VE.
 */
#include <linux/cgroup.h>
#include <linux/cpumask.h>
#include <linux/mmu_context.h>
#include <linux/sysfs.h>
#include "../sched/sched.h"
#include "internal.h"
#ifdef CONFIG_CPUSETS
#include "../cgroup/cpuset-internal.h"
#endif

/* A cgroup's part of a controller, or that of the next cgroup above that has one. Under RCU. */
static struct cgroup_subsys_state *effective_css(struct cgroup *cgrp, int id)
{
	for (; cgrp; cgrp = cgroup_parent(cgrp)) {
		struct cgroup_subsys_state *css = rcu_dereference(cgrp->subsys[id]);

		if (css)
			return css;
	}
	return NULL;
}

/* How many CPUs cpu.max leaves. The scheduler keeps the least of a cgroup's and those above it. */
static unsigned int quota_cpus(struct cgroup *cgrp)
{
	struct cgroup_subsys_state *css = effective_css(cgrp, cpu_cgrp_id);

	if (!css)
		return UINT_MAX;
	return ve_ratio_cpus(READ_ONCE(css_tg(css)->cfs_bandwidth.hierarchical_quota), BW_SHIFT);
}

#ifdef CONFIG_CPUSETS
static unsigned int cpuset_cpus(struct cgroup *cgrp)
{
	struct cgroup_subsys_state *css = effective_css(cgrp, cpuset_cgrp_id);

	return css ? cpumask_weight_and(css_cs(css)->effective_cpus, cpu_online_mask) : UINT_MAX;
}
#else
static unsigned int cpuset_cpus(struct cgroup *cgrp)
{
	return UINT_MAX;
}
#endif

/**
 * ve_nr_cpus() - how many CPUs a VE can keep busy
 * @ve: the VE
 *
 * Nothing is locked: while one of the limits changes, this is what was, what will be, or between.
 *
 * Context: Any, also with interrupts off and locks of the scheduler held: takes no references,
 * because the last one of a cgroup is dropped by waking a worker.
 * Return: The number, at least 1, at most what is online.
 */
unsigned int ve_nr_cpus(struct ve *ve)
{
	unsigned int cpus = READ_ONCE(ve->cpus) ?: UINT_MAX;
	struct cgroup *cgrp;

	cpus = min(cpus, num_online_cpus());
	rcu_read_lock();
	cgrp = rcu_dereference(ve->cgrp);
	if (cgrp)
		cpus = min3(cpus, quota_cpus(cgrp), cpuset_cpus(cgrp));
	rcu_read_unlock();
	return max(cpus, 1U);
}

/**
 * ve_seen_cpus() - how many CPUs the programs of a VE see
 * @ve: the VE
 *
 * Context: Any.
 * Return: The number: of its own ones, or of all that are online if it shall see those.
 */
unsigned int ve_seen_cpus(struct ve *ve)
{
	return ve_has(ve, VE_CPUVIEW) ? ve_nr_cpus(ve) : num_online_cpus();
}

/* How many virtual CPUs the caller has, 0 if the CPUs that it sees are real. */
static unsigned int virtual_cpus(void)
{
	struct ve *ve = ve_current();
	unsigned int cpus;

	if (!ve)
		return 0;
	cpus = ve_seen_cpus(ve);
	return cpus < num_online_cpus() ? cpus : 0;
}

/**
 * __ve_getaffinity() - the CPUs that a task may run on, as the caller sees them
 * @mask: the true mask, to change
 *
 * Context: Any; called with a task's pi_lock and interrupts off.
 */
void __ve_getaffinity(struct cpumask *mask)
{
	unsigned int cpus = virtual_cpus();

	if (!cpus)
		return;
	cpumask_clear(mask);
	bitmap_set(cpumask_bits(mask), 0, cpus);
}

/**
 * __ve_setaffinity() - the caller, who may, wants a task to run on some CPUs only
 * @mask: the CPUs
 *
 * Context: Any.
 * Return: 0 if the mask means what it says; 1 if it is one of virtual CPUs, and so was done before;
 * -EINVAL if it has none of those.
 */
int __ve_setaffinity(const struct cpumask *mask)
{
	unsigned int cpus = virtual_cpus();

	if (!cpus)
		return 0;
	return cpumask_first(mask) < cpus ? 1 : -EINVAL;
}

/**
 * ve_print_cpus() - one of the lists of CPUs in /sys/devices/system/cpu, as the caller sees it
 * @buf: a page
 * @mask: the true list
 *
 * Context: Any.
 * Return: The length.
 */
ssize_t ve_print_cpus(char *buf, const struct cpumask *mask)
{
	bool counted = mask == cpu_online_mask || mask == cpu_present_mask;
	unsigned int cpus = counted ? virtual_cpus() : 0;

	if (!cpus)
		return cpumap_print_to_pagebuf(true, buf, mask);
	return cpus == 1 ? sysfs_emit(buf, "0\n") : sysfs_emit(buf, "0-%u\n", cpus - 1);
}

/**
 * ve_throttled() - how long cpu.max has stopped a VE
 * @ve: the VE
 *
 * Context: Any.
 * Return: Nanoseconds, the sum over the machine's CPUs; 0 without a CPU cgroup.
 */
u64 ve_throttled(struct ve *ve)
{
	struct cgroup_subsys_state *css;
	struct cgroup *cgrp;
	u64 time = 0;

	rcu_read_lock();
	cgrp = rcu_dereference(ve->cgrp);
	css = cgrp ? rcu_dereference(cgrp->subsys[cpu_cgrp_id]) : NULL;
	if (css)
		time = READ_ONCE(css_tg(css)->cfs_bandwidth.throttled_time);
	rcu_read_unlock();
	return time;
}
