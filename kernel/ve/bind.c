// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binding: a VE gets the namespaces of a container's init, and loses them when that is gone.
 *
 * The user namespace points to its VE for as long as it lives, so a VE is found from whatever that
 * owns: other namespaces, file systems, credentials. The VE points back only while it runs: no
 * cycle of references.
 */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/sched/task.h>
#include <linux/signal.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>
#include <linux/utsname.h>
#include "internal.h"

/**
 * __ve_of_userns() - the VE of a user namespace or of the nearest one above it
 * @ns: the namespace
 *
 * Nothing is inherited, the reader walks: namespaces that were made before their container was
 * bound follow at once. A namespace keeps those above it, at most 32.
 *
 * Context: Any.
 * Return: The VE, which lives as long as @ns, or NULL.
 */
struct ve *__ve_of_userns(const struct user_namespace *ns)
{
	for (; ns; ns = ns->parent) {
		/* With ve_bind(): a VE that is found is whole. */
		struct ve *ve = smp_load_acquire(&ns->ve);

		if (ve)
			return ve;
	}
	return NULL;
}

/**
 * __ve_userns_free() - a user namespace is going, and with it what it keeps
 * @ns: the namespace; nobody can find it any more
 *
 * Context: A worker.
 */
void __ve_userns_free(struct user_namespace *ns)
{
	ve_put(ns->ve);
}

/* What a running VE holds on to. */
struct binding {
	struct user_namespace	*user_ns;
	struct pid_namespace	*pid_ns;
	struct uts_namespace	*uts_ns;
};

static void binding_put(struct binding *b)
{
	if (b->uts_ns)
		put_uts_ns(b->uts_ns);
	if (b->pid_ns)
		put_pid_ns(b->pid_ns);
	if (b->user_ns)
		put_user_ns(b->user_ns);
}

/* The namespaces of a task with references; those that it lost by exiting are NULL. */
static void binding_get(struct binding *b, struct task_struct *task)
{
	struct pid_namespace *pid_ns;

	rcu_read_lock();
	b->user_ns = get_user_ns(__task_cred(task)->user_ns);
	pid_ns = task_active_pid_ns(task);
	b->pid_ns = pid_ns ? get_pid_ns(pid_ns) : NULL;
	rcu_read_unlock();

	b->uts_ns = NULL;
	task_lock(task);
	if (task->nsproxy && task->nsproxy->uts_ns->user_ns == b->user_ns) {
		b->uts_ns = task->nsproxy->uts_ns;
		get_uts_ns(b->uts_ns);
	}
	task_unlock(task);
}

/*
 * Whether these are the namespaces of a container with a user namespace, and the task its init.
 * Called with ve_mutex, against __ve_pidns_exit(), and with the task's cgroup held in place.
 */
static int binding_check(struct ve *ve, struct binding *b, struct task_struct *init)
{
	struct ve *payer;
	struct pid *pid;
	bool is_init;

	rcu_read_lock();
	payer = task_ve(init);
	pid = task_pid(init);
	is_init = pid && is_child_reaper(pid);
	rcu_read_unlock();

	/* An init that exits takes no more processes first, and passes __ve_pidns_exit() then. */
	if (!pid || !b->pid_ns || !(READ_ONCE(b->pid_ns->pid_allocated) & PIDNS_ADDING))
		return -ESRCH;
	if (b->user_ns == &init_user_ns || payer != ve)
		return -EPERM;
	if (!is_init || b->pid_ns->user_ns != b->user_ns)
		return -EINVAL;
	if (ve->state == VE_RUNNING || ve_of_userns(b->user_ns))
		return -EBUSY;
	return 0;
}

static void apply_osrelease(struct ve *ve)
{
	if (!ve->uts_ns)
		return;
	down_write(&uts_sem);
	strscpy_pad(ve->uts_ns->name.release,
		    ve->osrelease[0] ? ve->osrelease : init_utsname()->release);
	up_write(&uts_sem);
}

/**
 * ve_bind() - make a container's namespaces those of a VE
 * @ve: the VE
 * @init: the container's init, with a reference
 *
 * Context: May sleep. Takes ve_mutex.
 * Return: 0; -ESRCH if @init is exiting; -EPERM if it is in another cgroup or has the host's user
 * namespace; -EINVAL if it is no init, or its PID namespace is not its user namespace's; -EBUSY if
 * the VE runs or the user namespace belongs to a VE.
 */
int ve_bind(struct ve *ve, struct task_struct *init)
{
	struct binding b;
	int ret;

	binding_get(&b, init);
	mutex_lock(&ve_mutex);
	cgroup_threadgroup_change_begin(current);
	ret = binding_check(ve, &b, init);
	if (!ret) {
		ve->user_ns = b.user_ns;
		/* Who reads it under RCU sees a namespace that is whole. */
		smp_store_release(&ve->pid_ns, b.pid_ns);
		ve->uts_ns = b.uts_ns;
		ve->start_boottime = ktime_get_boottime_ns();
		apply_osrelease(ve);
		ve_load_start(ve);
		ve_stat_start(ve);
		WRITE_ONCE(ve->state, VE_RUNNING);
		/* Whoever finds the VE by it, without a lock, sees all of the above. */
		smp_store_release(&b.user_ns->ve, ve_get(ve));
	}
	cgroup_threadgroup_change_end(current);
	if (!ret)
		ve_event(ve, VE_EVENT_START);
	mutex_unlock(&ve_mutex);
	if (ret)
		binding_put(&b);
	return ret;
}

/**
 * __ve_pidns_exit() - the init of a PID namespace is exiting, and all others in it are gone
 * @pid_ns: the namespace, which takes no more processes
 *
 * Context: The exiting init. Takes ve_mutex.
 */
void __ve_pidns_exit(struct pid_namespace *pid_ns)
{
	struct binding b;
	struct ve *ve;

	if (pid_ns->user_ns == &init_user_ns)
		return;
	mutex_lock(&ve_mutex);
	ve = pid_ns->user_ns->ve;
	if (!ve || ve->pid_ns != pid_ns) {
		mutex_unlock(&ve_mutex);
		return;
	}
	b = (struct binding){ ve->user_ns, ve->pid_ns, ve->uts_ns };
	ve->user_ns = NULL;
	WRITE_ONCE(ve->pid_ns, NULL);
	ve->uts_ns = NULL;
	WRITE_ONCE(ve->state, VE_STOPPED);
	/* What reboot(2) left for the parent of the init, who need not be there to be told. */
	if (pid_ns->reboot == SIGHUP)
		ve_event(ve, VE_EVENT_REBOOT);
	ve_event(ve, VE_EVENT_STOP);
	mutex_unlock(&ve_mutex);
	binding_put(&b);
}

/**
 * ve_set_osrelease() - what uname(2) says in a VE
 * @ve: the VE
 * @release: what it shall say, of at most __NEW_UTS_LEN characters; if empty, what the host says
 *
 * Context: May sleep. Takes ve_mutex.
 * Return: 0, or -ENXIO if the VE runs with a UTS namespace that is not its own.
 */
int ve_set_osrelease(struct ve *ve, const char *release)
{
	int ret = 0;

	mutex_lock(&ve_mutex);
	if (ve->state == VE_RUNNING && !ve->uts_ns) {
		ret = -ENXIO;
	} else {
		strscpy(ve->osrelease, release);
		apply_osrelease(ve);
	}
	mutex_unlock(&ve_mutex);
	return ret;
}
