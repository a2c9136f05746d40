// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/stat and /proc/uptime of a VE: its own CPU time, on the CPUs that it sees.
 *
 * What was used is what the VE's cgroup used since the VE was bound; nobody asks where. It is
 * divided equally among as many CPUs as the VE sees. Changes of that number are seen by the next
 * reader: the time since the last one belongs to the CPUs that were there then. As on a machine
 * where CPUs are plugged in and out, the line of a CPU goes on where it was when that comes back,
 * and the first line has the time of all of them.
 *
 * Lines are those of the host's file. Numbers that nobody counts by cgroup are 0: interrupts,
 * context switches, waiting for I/O.
 *
 * Clocks are those of the reader's time namespace, as in the host's files.
 */
#include <linux/cgroup.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/psi.h>
#include <linux/sched/cputime.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/time_namespace.h>
#include <linux/timekeeping.h>
#include "internal.h"
#include "stat.h"

/**
 * struct ve_stat - the CPU time of a VE
 * @lock: one that sleeps, because asking a cgroup for its statistics does
 * @account: what is carried from one sample to the next
 * @times: of struct ve_times
 * @forks: the VE's count when it was bound
 */
struct ve_stat {
	struct mutex		lock;	/* over all of it */
	struct ve_account	account;
	struct list_head	times;
	long			forks;
};

/**
 * ve_stat_alloc() - make what a new VE needs
 *
 * Context: May sleep.
 * Return: That, or NULL without memory.
 */
struct ve_stat *ve_stat_alloc(void)
{
	struct ve_stat *stat = kzalloc(sizeof(*stat), GFP_KERNEL_ACCOUNT);

	if (stat) {
		mutex_init(&stat->lock);
		INIT_LIST_HEAD(&stat->times);
	}
	return stat;
}

static void forget_times(struct ve_stat *stat)
{
	struct ve_times *t, *next;

	list_for_each_entry_safe(t, next, &stat->times, list) {
		list_del(&t->list);
		kfree(t);
	}
}

/**
 * ve_stat_free() - nobody needs it any more
 * @stat: what ve_stat_alloc() made, may be NULL
 *
 * Context: Any.
 */
void ve_stat_free(struct ve_stat *stat)
{
	if (stat)
		forget_times(stat);
	kfree(stat);
}

static void take_sample(struct ve *ve, struct cgroup *cgrp, struct ve_sample *sample)
{
	cgroup_rstat_flush_hold(cgrp);
	cputime_adjust(&cgrp->bstat.cputime, &cgrp->prev_cputime, &sample->utime, &sample->stime);
	sample->ntime = cgrp->bstat.ntime;
	sample->now = ktime_get_boottime_ns();
	cgroup_rstat_flush_release(cgrp);
	sample->throttled = ve_throttled(ve);
	sample->cpus = ve_seen_cpus(ve);
}

/**
 * ve_stat_start() - a VE begins to run, and its times at 0
 * @ve: the VE; its cgroup is there
 *
 * Context: May sleep.
 */
void ve_stat_start(struct ve *ve)
{
	struct cgroup *cgrp = ve_cgroup_get(ve);
	struct ve_stat *stat = ve->stat;

	mutex_lock(&stat->lock);
	forget_times(stat);
	stat->account = (struct ve_account){};
	take_sample(ve, cgrp, &stat->account.last);
	stat->forks = atomic_long_read(&ve->forks);
	mutex_unlock(&stat->lock);
	cgroup_put(cgrp);
}

/* The times that belong to this number of CPUs. */
static struct ve_times *times_of(struct ve_stat *stat, unsigned int cpus)
{
	struct ve_times *t;

	list_for_each_entry(t, &stat->times, list)
		if (t->cpus == cpus)
			return t;
	t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);
	if (t) {
		t->cpus = cpus;
		list_add(&t->list, &stat->times);
	}
	return t;
}

/* Go on to the present. What has no cgroup any more stays as it is. */
static int update(struct ve *ve)
{
	struct ve_stat *stat = ve->stat;
	struct ve_times *t = times_of(stat, stat->account.last.cpus);
	struct cgroup *cgrp;
	struct ve_sample sample;
	u64 times[NR_VE_TIMES];
	int i;

	if (!t)
		return -ENOMEM;
	cgrp = ve_cgroup_get(ve);
	if (!cgrp)
		return 0;
	take_sample(ve, cgrp, &sample);
	cgroup_put(cgrp);
	ve_account(&stat->account, &sample, times);
	for (i = 0; i < NR_VE_TIMES; i++)
		t->times[i] += times[i];
	return 0;
}

/**
 * ve_stat_read() - the CPU time of a VE since it was bound, of all CPUs together
 * @ve: the VE
 * @times: result, in ns
 *
 * Context: May sleep.
 * Return: 0, or -ENOMEM.
 */
int ve_stat_read(struct ve *ve, u64 times[NR_VE_TIMES])
{
	struct ve_times *t;
	int ret, i;

	memset(times, 0, NR_VE_TIMES * sizeof(*times));
	mutex_lock(&ve->stat->lock);
	ret = update(ve);
	list_for_each_entry(t, &ve->stat->times, list)
		for (i = 0; i < NR_VE_TIMES; i++)
			times[i] += t->times[i];
	mutex_unlock(&ve->stat->lock);
	return ret;
}

#ifdef CONFIG_PSI
/* Tasks that wait for I/O: pressure stall information counts them, also while a cgroup's is off. */
static unsigned int count_blocked(struct cgroup *cgrp)
{
	struct psi_group *group = cgroup_psi(cgrp);
	unsigned int blocked = 0;
	int cpu;

	if (!group)
		return 0;
	for_each_possible_cpu(cpu)
		blocked += READ_ONCE(per_cpu_ptr(group->pcpu, cpu)->tasks[NR_IOWAIT]);
	return blocked;
}
#else
static unsigned int count_blocked(struct cgroup *cgrp)
{
	return 0;
}
#endif

static unsigned int nr_blocked(struct ve *ve)
{
	struct cgroup *cgrp = ve_cgroup_get(ve);
	unsigned int blocked;

	if (!cgrp)
		return 0;
	blocked = count_blocked(cgrp);
	cgroup_put(cgrp);
	return blocked;
}

/* user nice system idle iowait irq softirq steal guest guest_nice */
static void show_times(struct seq_file *m, const u64 ticks[NR_VE_TIMES])
{
	seq_put_decimal_ull(m, " ", ticks[VE_USER]);
	seq_put_decimal_ull(m, " ", ticks[VE_NICE]);
	seq_put_decimal_ull(m, " ", ticks[VE_SYSTEM]);
	seq_put_decimal_ull(m, " ", ticks[VE_IDLE]);
	seq_puts(m, " 0 0 0");
	seq_put_decimal_ull(m, " ", ticks[VE_STEAL]);
	seq_puts(m, " 0 0\n");
}

static void show_cpus(struct seq_file *m, struct ve_stat *stat)
{
	u64 ticks[NR_VE_TIMES];
	unsigned int cpu;
	int i;

	for (i = 0; i < NR_VE_TIMES; i++)
		ticks[i] = ve_all_ticks(&stat->times, i);
	seq_puts(m, "cpu ");
	show_times(m, ticks);
	for (cpu = 0; cpu < stat->account.last.cpus; cpu++) {
		for (i = 0; i < NR_VE_TIMES; i++)
			ticks[i] = ve_cpu_ticks(&stat->times, i, cpu);
		seq_printf(m, "cpu%u", cpu);
		show_times(m, ticks);
	}
}

static void show_rest(struct seq_file *m, struct ve *ve)
{
	struct timespec64 boottime;
	int i;

	getboottime64(&boottime);
	timens_sub_boottime(&boottime);
	seq_printf(m,
		   "intr 0\n"
		   "ctxt 0\n"
		   "btime %llu\n"
		   "processes %lu\n"
		   "procs_running %u\n"
		   "procs_blocked %u\n"
		   "softirq 0",
		   (unsigned long long)boottime.tv_sec,
		   atomic_long_read(&ve->forks) - ve->stat->forks,
		   ve_nr_running(ve),
		   nr_blocked(ve));
	for (i = 0; i < NR_SOFTIRQS; i++)
		seq_puts(m, " 0");
	seq_putc(m, '\n');
}

static int stat_show(struct seq_file *m, void *v)
{
	struct ve *ve = ve_of_seq(m);
	int ret;

	mutex_lock(&ve->stat->lock);
	ret = update(ve);
	if (!ret) {
		show_cpus(m, ve->stat);
		show_rest(m, ve);
	}
	mutex_unlock(&ve->stat->lock);
	return ret;
}

static int stat_open(struct inode *inode, struct file *file)
{
	return single_open_size(file, stat_show, NULL, 1024 + 128 * num_online_cpus());
}

static const struct proc_ops stat_ops = {
	.proc_open	= stat_open,
	.proc_read_iter	= seq_read_iter,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
};

static u64 idle_time(struct ve_stat *stat)
{
	struct ve_times *t;
	u64 sum = 0;

	list_for_each_entry(t, &stat->times, list)
		sum += t->times[VE_IDLE];
	return sum;
}

static int uptime_show(struct seq_file *m, void *v)
{
	struct ve *ve = ve_of_seq(m);
	struct timespec64 uptime, idle;
	u64 idle_ns = 0;
	int ret;

	mutex_lock(&ve->stat->lock);
	ret = update(ve);
	if (!ret)
		idle_ns = idle_time(ve->stat);
	mutex_unlock(&ve->stat->lock);
	if (ret)
		return ret;

	ktime_get_boottime_ts64(&uptime);
	timens_add_boottime(&uptime);
	idle = ns_to_timespec64(idle_ns);
	seq_printf(m, "%lld.%02ld %lld.%02ld\n",
		   uptime.tv_sec, uptime.tv_nsec / (NSEC_PER_SEC / 100),
		   idle.tv_sec, idle.tv_nsec / (NSEC_PER_SEC / 100));
	return 0;
}

static int __init stat_init(void)
{
	proc_create("stat", 0, ve_proc_dir, &stat_ops);
	proc_create_single("uptime", 0, ve_proc_dir, uptime_show);
	return 0;
}
fs_initcall(stat_init);
