// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load averages of VEs, as the host's: tasks that run, want to run, or wait without being
 * interruptible.
 *
 * Every five seconds, while any VE runs. Who runs or wants to is read from the queues of the
 * VE's CPU cgroup, which count whatever is below it and go on counting while cpu.max stops it.
 * Who waits is not counted anywhere by cgroup: tasks are looked at one by one, and of a VE with
 * very many only the first TASKS_MAX. A VE without a CPU cgroup of its own has no queues, and
 * those who run are found the same way. Real time tasks are in no cgroup's queues and not
 * counted.
 *
 * The timer is not a deferrable one. That would wait for its own CPU to be busy, while the VE
 * may keep another one busy.
 */
#include <linux/cgroup.h>
#include <linux/idr.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/mmu_context.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/sched/loadavg.h>
#include <linux/seq_file.h>
#include <linux/workqueue.h>
#include "../sched/sched.h"
#include "internal.h"

/* How many tasks of a VE one sample looks at: some milliseconds. */
#define TASKS_MAX 4096

/**
 * ve_load_step() - let load averages go on
 * @avenrun: of one, five and fifteen minutes, fixed point
 * @active: how many tasks there are now
 * @periods: how many times LOAD_FREQ went by, the same number of tasks being assumed for all of it
 *
 * Context: Any, one at a time.
 */
void ve_load_step(unsigned long avenrun[3], unsigned long active, unsigned int periods)
{
	static const unsigned long exps[3] = { EXP_1, EXP_5, EXP_15 };
	int i;

	for (i = 0; i < 3; i++)
		WRITE_ONCE(avenrun[i], calc_load_n(avenrun[i], exps[i], active * FIXED_1, periods));
}

/* A cgroup's own part of a controller, with a reference, or NULL if only one above it has that. */
static struct cgroup_subsys_state *own_css_get(struct cgroup *cgrp, struct cgroup_subsys *ss)
{
	struct cgroup_subsys_state *css = cgroup_get_e_css(cgrp, ss);

	if (css->cgroup == cgrp)
		return css;
	css_put(css);
	return NULL;
}

/* How many tasks run or want to, of this cgroup and below; negative if nobody counts them. */
static long count_queued(struct cgroup *cgrp)
{
	struct cgroup_subsys_state *css = own_css_get(cgrp, &cpu_cgrp_subsys);
	long n = 0;
	int cpu;

	if (!css)
		return -1;
	for_each_online_cpu(cpu)
		n += READ_ONCE(css_tg(css)->cfs_rq[cpu]->h_nr_runnable);
	css_put(css);
	return n;
}

/* As the scheduler decides whether a task that goes to sleep adds to the load. */
static bool adds_to_load(struct task_struct *task, bool running)
{
	unsigned int state = READ_ONCE(task->__state);

	if (state == TASK_RUNNING)
		return running;
	return (state & TASK_UNINTERRUPTIBLE) && !(state & (TASK_NOLOAD | TASK_FROZEN));
}

struct walk {
	bool	running;	/* count those who run, too */
	long	found;
	int	left;		/* how many more to look at */
};

static void walk_css(struct walk *walk, struct cgroup_subsys_state *css)
{
	struct css_task_iter it;
	struct task_struct *task;

	css_task_iter_start(css, 0, &it);
	while (walk->left && (task = css_task_iter_next(&it))) {
		walk->left--;
		walk->found += adds_to_load(task, walk->running);
	}
	css_task_iter_end(&it);
}

/* Cgroups below that have the controller have tasks of their own. */
static void walk_ve(struct walk *walk, struct cgroup_subsys_state *root)
{
	struct cgroup_subsys_state *css;

	rcu_read_lock();
	css_for_each_descendant_pre(css, root) {
		if (!css_tryget(css))
			continue;
		rcu_read_unlock();
		walk_css(walk, css);
		rcu_read_lock();
		css_put(css);
	}
	rcu_read_unlock();
}

static long count_active(struct ve *ve)
{
	struct walk walk = { .left = TASKS_MAX };
	struct cgroup *cgrp = ve_cgroup_get(ve);
	struct cgroup_subsys_state *css;
	long queued;

	if (!cgrp)
		return 0;
	queued = count_queued(cgrp);
	walk.running = queued < 0;
	css = own_css_get(cgrp, &ve_cgrp_subsys);
	if (css) {
		walk_ve(&walk, css);
		css_put(css);
	}
	cgroup_put(cgrp);
	return max(queued, 0) + walk.found;
}

static unsigned int periods_missed(struct ve *ve)
{
	return (jiffies - READ_ONCE(ve->load_updated)) / LOAD_FREQ;
}

/* The tasks are counted without a lock; meanwhile the VE may stop, and start anew from 0. */
static void sample(struct ve *ve)
{
	unsigned int periods;
	long active;

	if (!periods_missed(ve))
		return;
	active = count_active(ve);
	mutex_lock(&ve_mutex);
	if (ve->state == VE_RUNNING) {
		periods = periods_missed(ve);
		ve_load_step(ve->avenrun, active, periods);
		WRITE_ONCE(ve->load_active, active);
		WRITE_ONCE(ve->load_updated, ve->load_updated + periods * LOAD_FREQ);
	}
	mutex_unlock(&ve_mutex);
}

/* With a reference; from this id upward. */
static struct ve *next_running(unsigned long *id)
{
	struct ve *ve;

	mutex_lock(&ve_mutex);
	xa_for_each_start(&ve_table, *id, ve, *id) {
		if (ve->state == VE_RUNNING) {
			ve_get(ve);
			break;
		}
	}
	mutex_unlock(&ve_mutex);
	return ve;
}

static void load_work_fn(struct work_struct *work)
{
	unsigned long id = 0;
	bool any = false;
	struct ve *ve;

	for (; (ve = next_running(&id)); id++) {
		any = true;
		sample(ve);
		ve_put(ve);
	}
	if (any)
		queue_delayed_work(system_unbound_wq, to_delayed_work(work), LOAD_FREQ);
}

static DECLARE_DELAYED_WORK(load_work, load_work_fn);

/**
 * ve_load_start() - a VE runs from now on
 * @ve: the VE
 *
 * Nobody says when it stops: the next sample sees that.
 *
 * Context: ve_mutex is held.
 */
void ve_load_start(struct ve *ve)
{
	memset(ve->avenrun, 0, sizeof(ve->avenrun));
	WRITE_ONCE(ve->load_active, 0);
	WRITE_ONCE(ve->load_updated, jiffies);
	queue_delayed_work(system_unbound_wq, &load_work, LOAD_FREQ);
}

/**
 * ve_nr_running() - how many tasks of a VE run or want to
 * @ve: the VE
 *
 * Context: Any that may take references to cgroups.
 * Return: The number; that of the last sample of the load, if the VE has no CPU cgroup of its own.
 */
unsigned int ve_nr_running(struct ve *ve)
{
	struct cgroup *cgrp = ve_cgroup_get(ve);
	long n;

	if (!cgrp)
		return 0;
	n = count_queued(cgrp);
	cgroup_put(cgrp);
	return n < 0 ? READ_ONCE(ve->load_active) : n;
}

/**
 * ve_nr_tasks() - how many processes and threads a VE has
 * @ve: the VE
 *
 * Its PID namespace counts them anyway, in it and in those below: what ps shows inside. So it costs
 * nobody anything, and the cgroup may have had tasks before it became a VE.
 *
 * Context: Any.
 * Return: The number, 0 unless the VE runs.
 */
unsigned int ve_nr_tasks(struct ve *ve)
{
	struct pid_namespace *pid_ns;
	unsigned int n = 0;

	rcu_read_lock();
	pid_ns = READ_ONCE(ve->pid_ns);
	if (pid_ns)
		n = READ_ONCE(pid_ns->pid_allocated) & ~PIDNS_ADDING;
	rcu_read_unlock();
	return n;
}

static int last_pid(struct pid_namespace *pid_ns)
{
	return idr_get_cursor(&pid_ns->idr) - 1;
}

static void show(struct seq_file *m, struct ve *ve, int pid)
{
	unsigned long load[3];
	int i;

	for (i = 0; i < 3; i++)
		load[i] = READ_ONCE(ve->avenrun[i]) + FIXED_1 / 200;
	seq_printf(m, "%lu.%02lu %lu.%02lu %lu.%02lu %u/%u %d\n",
		   LOAD_INT(load[0]), LOAD_FRAC(load[0]),
		   LOAD_INT(load[1]), LOAD_FRAC(load[1]),
		   LOAD_INT(load[2]), LOAD_FRAC(load[2]),
		   ve_nr_running(ve), ve_nr_tasks(ve), pid);
}

/* The last PID is that of the reader's namespace, as in the host's file. */
static int loadavg_show(struct seq_file *m, void *v)
{
	show(m, ve_of_seq(m), last_pid(task_active_pid_ns(current)));
	return 0;
}

/**
 * ve_load_show() - ve.loadavg, the same line for the host
 * @m: the file
 * @v: unused
 *
 * The last PID is that of the VE, 0 unless it runs.
 *
 * Context: Any that may take references to cgroups.
 * Return: 0.
 */
int ve_load_show(struct seq_file *m, void *v)
{
	struct ve *ve = css_ve(seq_css(m));
	struct pid_namespace *pid_ns;
	int pid = 0;

	if (!ve)
		return 0;
	rcu_read_lock();
	pid_ns = READ_ONCE(ve->pid_ns);
	if (pid_ns)
		pid = last_pid(pid_ns);
	rcu_read_unlock();
	show(m, ve, pid);
	return 0;
}

static int __init load_init(void)
{
	proc_create_single("loadavg", 0, ve_proc_dir, loadavg_show);
	return 0;
}
fs_initcall(load_init);
