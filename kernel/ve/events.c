// SPDX-License-Identifier: GPL-2.0-only
/* What happens to VEs: counted in ve.events, whose readers wake, and told over netlink. */
#include <linux/cgroup.h>
#include "internal.h"

/* Lines of ve.events. */
const char *const ve_event_names[NR_VE_EVENTS] = {
	[VE_EVENT_START]	= "start",
	[VE_EVENT_STOP]		= "stop",
	[VE_EVENT_REBOOT]	= "reboot",
	[VE_EVENT_OOM]		= "oom",
};

/* The files are the css': it stays while its cgroup is found under RCU. */
static void wake_files(struct ve *ve)
{
	struct cgroup *cgrp;

	rcu_read_lock();
	cgrp = rcu_dereference(ve->cgrp);
	if (cgrp) {
		struct ve_css *vc = ve_css(rcu_dereference(cgrp->subsys[ve_cgrp_id]));

		cgroup_file_notify(&vc->state_file);
		cgroup_file_notify(&vc->events_file);
	}
	rcu_read_unlock();
}

/**
 * ve_event() - tell everybody that something happened
 * @ve: to which VE
 * @event: what
 *
 * Context: May sleep. ve_mutex is held.
 */
void ve_event(struct ve *ve, enum ve_event event)
{
	atomic_long_inc(&ve->events[event]);
	wake_files(ve);
	ve_netlink_event(ve, event);
}

/**
 * __ve_oom_kill() - the kernel kills a process for want of memory
 * @victim: the process, of the VE whose cgroup it is in, if that is one
 *
 * Who is here wants memory itself, and may be waited for by who holds ve_mutex: nothing of this
 * waits. So subscribers may be told of it before a start that came first.
 *
 * Context: Process context. Does not sleep.
 */
void __ve_oom_kill(struct task_struct *victim)
{
	struct ve *ve;

	rcu_read_lock();
	ve = task_ve(victim);
	if (ve) {
		atomic_long_inc(&ve->events[VE_EVENT_OOM]);
		wake_files(ve);
		ve_netlink_oom(ve, victim);
	}
	rcu_read_unlock();
}
