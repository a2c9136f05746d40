// SPDX-License-Identifier: GPL-2.0-only
/*
 * The object: a VE, made by writing an id into a cgroup of its own.
 *
 * A VE's cgroup hands the VE on to the cgroups below it, where there is none of their own: no VE in
 * a VE. Tasks whose user namespace belongs to the VE do not leave it, except by exiting.
 *
 * Life of the object and life of the id are two things: an open file of a container that is gone
 * keeps its user namespace, and that the VE; the id is free when rmdir(2) of the cgroup is back.
 *
 * Locks: kernfs' active reference of a ve.* file, ve_mutex, cgroup_threadgroup_rwsem. rmdir waits
 * for the first with cgroup_mutex held, so no file handler may take that.
 */
#include <linux/capability.h>
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/kernfs.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/utsname.h>
#include "internal.h"

DEFINE_STATIC_KEY_FALSE(ve_key);
/* Over ids, bindings, states and names. */
DEFINE_MUTEX(ve_mutex);
DEFINE_XARRAY(ve_table);

static struct kmem_cache *ve_cache;

static const char *const state_names[NR_VE_STATES] = {
	[VE_CONFIGURED]	= "configured",
	[VE_RUNNING]	= "running",
	[VE_STOPPED]	= "stopped",
};

/**
 * ve_state_name() - the word for a state
 * @state: the state
 *
 * Context: Any.
 * Return: What ve.state and messages call it.
 */
const char *ve_state_name(enum ve_state state)
{
	return state_names[state];
}

/**
 * ve_put() - drop a reference
 * @ve: the VE, may be NULL
 *
 * Context: Any. Who finds VEs under RCU finds them through a css or a user namespace, whose memory
 * goes after a grace period, with its reference.
 */
void ve_put(struct ve *ve)
{
	if (ve && refcount_dec_and_test(&ve->refs)) {
		ve_stat_free(ve->stat);
		kmem_cache_free(ve_cache, ve);
	}
}

/**
 * ve_cgroup_get() - the cgroup of a VE
 * @ve: the VE
 *
 * Context: Any.
 * Return: The cgroup with a reference, or NULL if it was removed.
 */
struct cgroup *ve_cgroup_get(struct ve *ve)
{
	struct cgroup *cgrp;

	rcu_read_lock();
	cgrp = rcu_dereference(ve->cgrp);
	if (cgrp && !cgroup_tryget(cgrp))
		cgrp = NULL;
	rcu_read_unlock();
	return cgrp;
}

/* rmdir(2) returns long before css_offline: whose id is wanted again by then has lost it. */
static int table_add(struct ve *ve)
{
	struct ve *old = xa_load(&ve_table, ve->id);

	if (old && !ve_is_dying(old))
		return -EEXIST;
	return xa_err(xa_store(&ve_table, ve->id, ve, GFP_KERNEL));
}

/* The caller has made sure that nobody else knows the css' VE: it is only set here. */
static int ve_create(struct ve_css *vc, u32 id)
{
	struct ve *ve;
	int ret;

	ve = kmem_cache_zalloc(ve_cache, GFP_KERNEL_ACCOUNT);
	if (!ve)
		return -ENOMEM;
	refcount_set(&ve->refs, 1);
	ve->id = id;
	ve->state = VE_CONFIGURED;
	ve->features = BIT(NR_VE_FEATURES) - 1;
	RCU_INIT_POINTER(ve->cgrp, vc->css.cgroup);
	ve->stat = ve_stat_alloc();
	ret = ve->stat ? table_add(ve) : -ENOMEM;
	if (ret) {
		ve_put(ve);
		return ret;
	}
	static_branch_enable(&ve_key);
	vc->owner = true;
	/* With css_ve(): a VE that is found is whole. */
	smp_store_release(&vc->ve, ve);
	return 0;
}

/*
 * Whether a cgroup below has the controller. Not one that is being removed: rmdir(2) returns long
 * before css_offline. Called with ve_mutex. A new css is in the list before it asks for that in
 * ve_css_online(): it is seen here, or sees there what its parent has become.
 */
static bool has_children(struct ve_css *vc)
{
	struct cgroup_subsys_state *child;
	bool ret = false;

	rcu_read_lock();
	css_for_each_child(child, &vc->css) {
		if (!css_is_dying(child)) {
			ret = true;
			break;
		}
	}
	rcu_read_unlock();
	return ret;
}

/* ---- files ---- */

/*
 * Who opened the file decides, not who writes: an init that is to write START has no rights
 * outside of its container, and gets the file open.
 */
static bool may_write(struct kernfs_open_file *of)
{
	return file_ns_capable(of->file, &init_user_ns, CAP_SYS_ADMIN);
}

/* The VE of a file that can be written: only where the VE was made, not in cgroups below. */
static struct ve *ve_of_file(struct kernfs_open_file *of)
{
	struct ve_css *vc = ve_css(of_css(of));
	struct ve *ve = css_ve(&vc->css);

	if (!may_write(of))
		return ERR_PTR(-EPERM);
	if (!ve)
		return ERR_PTR(-ENXIO);
	return vc->owner ? ve : ERR_PTR(-EPERM);
}

static u64 ve_id_read(struct cgroup_subsys_state *css, struct cftype *cft)
{
	struct ve *ve = css_ve(css);

	return ve ? ve->id : 0;
}

static ssize_t ve_id_write(struct kernfs_open_file *of, char *buf, size_t nbytes, loff_t off)
{
	struct ve_css *vc = ve_css(of_css(of));
	u32 id;
	int ret;

	if (!may_write(of))
		return -EPERM;
	ret = ve_parse_id(strstrip(buf), &id);
	if (ret)
		return ret;
	mutex_lock(&ve_mutex);
	if (vc->ve)
		ret = vc->owner ? -EBUSY : -EPERM;
	else if (has_children(vc))
		ret = -EBUSY;
	else
		ret = ve_create(vc, id);
	mutex_unlock(&ve_mutex);
	return ret ?: nbytes;
}

static int ve_state_show(struct seq_file *m, void *v)
{
	struct ve *ve = css_ve(seq_css(m));

	if (ve)
		seq_printf(m, "%s\n", ve_state_name(READ_ONCE(ve->state)));
	return 0;
}

/* START, by the init itself: so it is done without knowing its pid. */
static ssize_t ve_state_write(struct kernfs_open_file *of, char *buf, size_t nbytes, loff_t off)
{
	struct ve *ve = ve_of_file(of);
	int ret;

	if (IS_ERR(ve))
		return PTR_ERR(ve);
	if (strcmp(strstrip(buf), "START"))
		return -EINVAL;
	ret = ve_bind(ve, current->group_leader);
	return ret ?: nbytes;
}

static ssize_t ve_bind_write(struct kernfs_open_file *of, char *buf, size_t nbytes, loff_t off)
{
	struct ve *ve = ve_of_file(of);
	struct task_struct *init;
	pid_t pid;
	int ret;

	if (IS_ERR(ve))
		return PTR_ERR(ve);
	if (kstrtoint(strstrip(buf), 10, &pid) || pid <= 0)
		return -EINVAL;
	init = find_get_task_by_vpid(pid);
	if (!init)
		return -ESRCH;
	ret = ve_bind(ve, init);
	put_task_struct(init);
	return ret ?: nbytes;
}

static int ve_name_show(struct seq_file *m, void *v)
{
	struct ve *ve = css_ve(seq_css(m));

	if (!ve)
		return 0;
	mutex_lock(&ve_mutex);
	seq_printf(m, "%s\n", ve->name);
	mutex_unlock(&ve_mutex);
	return 0;
}

static ssize_t ve_name_write(struct kernfs_open_file *of, char *buf, size_t nbytes, loff_t off)
{
	struct ve *ve = ve_of_file(of);
	char name[sizeof(ve->name)];
	int ret;

	if (IS_ERR(ve))
		return PTR_ERR(ve);
	ret = ve_parse_label(strstrip(buf), name, sizeof(name));
	if (ret)
		return ret;
	mutex_lock(&ve_mutex);
	strscpy(ve->name, name);
	mutex_unlock(&ve_mutex);
	return nbytes;
}

static int ve_osrelease_show(struct seq_file *m, void *v)
{
	struct ve *ve = css_ve(seq_css(m));

	if (!ve)
		return 0;
	mutex_lock(&ve_mutex);
	seq_printf(m, "%s\n", ve->osrelease[0] ? ve->osrelease : init_utsname()->release);
	mutex_unlock(&ve_mutex);
	return 0;
}

static ssize_t ve_osrelease_write(struct kernfs_open_file *of, char *buf, size_t nbytes, loff_t off)
{
	struct ve *ve = ve_of_file(of);
	char release[sizeof(ve->osrelease)];
	int ret;

	if (IS_ERR(ve))
		return PTR_ERR(ve);
	ret = ve_parse_label(strstrip(buf), release, sizeof(release));
	if (!ret)
		ret = ve_set_osrelease(ve, release);
	return ret ?: nbytes;
}

static int ve_features_show(struct seq_file *m, void *v)
{
	struct ve *ve = css_ve(seq_css(m));
	char words[64];

	if (!ve)
		return 0;
	ve_print_features(words, sizeof(words), READ_ONCE(ve->features));
	seq_printf(m, "%s\n", words);
	return 0;
}

static ssize_t ve_features_write(struct kernfs_open_file *of, char *buf, size_t nbytes, loff_t off)
{
	struct ve *ve = ve_of_file(of);
	unsigned long features;
	int ret;

	if (IS_ERR(ve))
		return PTR_ERR(ve);
	mutex_lock(&ve_mutex);
	features = ve->features;
	ret = ve_parse_features(buf, &features);
	if (!ret)
		WRITE_ONCE(ve->features, features);
	mutex_unlock(&ve_mutex);
	return ret ?: nbytes;
}

static int ve_cpus_show(struct seq_file *m, void *v)
{
	struct ve *ve = css_ve(seq_css(m));
	unsigned int cpus;

	if (!ve)
		return 0;
	cpus = READ_ONCE(ve->cpus);
	if (cpus)
		seq_printf(m, "%u\n", cpus);
	else
		seq_puts(m, "max\n");
	return 0;
}

static ssize_t ve_cpus_write(struct kernfs_open_file *of, char *buf, size_t nbytes, loff_t off)
{
	struct ve *ve = ve_of_file(of);
	unsigned int cpus;
	int ret;

	if (IS_ERR(ve))
		return PTR_ERR(ve);
	ret = ve_parse_cpus(strstrip(buf), &cpus);
	if (ret)
		return ret;
	WRITE_ONCE(ve->cpus, cpus);
	return nbytes;
}

static int ve_events_show(struct seq_file *m, void *v)
{
	struct ve *ve = css_ve(seq_css(m));
	int i;

	for (i = 0; ve && i < NR_VE_EVENTS; i++)
		seq_printf(m, "%s %ld\n", ve_event_names[i], atomic_long_read(&ve->events[i]));
	return 0;
}

static struct cftype ve_files[] = {
	{
		.name = "id",
		.flags = CFTYPE_NOT_ON_ROOT,
		.read_u64 = ve_id_read,
		.write = ve_id_write,
	},
	{
		.name = "state",
		.flags = CFTYPE_NOT_ON_ROOT,
		.file_offset = offsetof(struct ve_css, state_file),
		.seq_show = ve_state_show,
		.write = ve_state_write,
	},
	{
		.name = "bind",
		.flags = CFTYPE_NOT_ON_ROOT,
		.write = ve_bind_write,
	},
	{
		.name = "name",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = ve_name_show,
		.write = ve_name_write,
	},
	{
		.name = "osrelease",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = ve_osrelease_show,
		.write = ve_osrelease_write,
	},
	{
		.name = "features",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = ve_features_show,
		.write = ve_features_write,
	},
	{
		.name = "cpus",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = ve_cpus_show,
		.write = ve_cpus_write,
	},
	{
		.name = "loadavg",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = ve_load_show,
	},
	{
		.name = "events",
		.flags = CFTYPE_NOT_ON_ROOT,
		.file_offset = offsetof(struct ve_css, events_file),
		.seq_show = ve_events_show,
	},
	{ }
};

/* ---- the controller ---- */

static struct cgroup_subsys_state *ve_css_alloc(struct cgroup_subsys_state *parent)
{
	struct ve_css *vc = kzalloc(sizeof(*vc), GFP_KERNEL_ACCOUNT);

	return vc ? &vc->css : ERR_PTR(-ENOMEM);
}

/* Before it a css is in its parent's list, after it others may use it; see has_children(). */
static int ve_css_online(struct cgroup_subsys_state *css)
{
	struct ve_css *parent;

	if (!css->parent)
		return 0;
	parent = ve_css(css->parent);
	mutex_lock(&ve_mutex);
	if (parent->ve)
		ve_css(css)->ve = ve_get(parent->ve);
	mutex_unlock(&ve_mutex);
	return 0;
}

static void ve_css_offline(struct cgroup_subsys_state *css)
{
	struct ve_css *vc = ve_css(css);

	mutex_lock(&ve_mutex);
	if (vc->owner) {
		xa_cmpxchg(&ve_table, vc->ve->id, vc->ve, NULL, GFP_KERNEL);
		RCU_INIT_POINTER(vc->ve->cgrp, NULL);
	}
	mutex_unlock(&ve_mutex);
}

static void ve_css_free(struct cgroup_subsys_state *css)
{
	struct ve_css *vc = ve_css(css);

	ve_put(vc->ve);
	kfree(vc);
}

/* Whether a move would take what belongs to a VE out of it. Under RCU. */
static bool ve_would_leave(const struct cred *cred, struct ve *from, struct ve *to)
{
	return from && from != to && from == ve_of_userns(cred->user_ns);
}

static int ve_can_attach(struct cgroup_taskset *tset)
{
	struct cgroup_subsys_state *css;
	struct task_struct *task;
	int ret = 0;

	if (!ve_enabled())
		return 0;
	rcu_read_lock();
	cgroup_taskset_for_each(task, css, tset)
		if (ve_would_leave(__task_cred(task), task_ve(task), css_ve(css)))
			ret = -EBUSY;
	rcu_read_unlock();
	return ret;
}

/* With CLONE_INTO_CGROUP a child is born in another cgroup: nobody attaches it there. */
static int ve_can_fork(struct task_struct *task, struct css_set *cset)
{
	int ret = 0;

	if (!ve_enabled())
		return 0;
	rcu_read_lock();
	if (ve_would_leave(current_cred(), task_ve(current), css_ve(cset->subsys[ve_cgrp_id])))
		ret = -EBUSY;
	rcu_read_unlock();
	return ret;
}

static void ve_fork(struct task_struct *task)
{
	struct ve *ve;

	if (!ve_enabled())
		return;
	rcu_read_lock();
	ve = task_ve(task);
	if (ve)
		atomic_long_inc(&ve->forks);
	rcu_read_unlock();
}

struct cgroup_subsys ve_cgrp_subsys = {
	.css_alloc	= ve_css_alloc,
	.css_online	= ve_css_online,
	.css_offline	= ve_css_offline,
	.css_free	= ve_css_free,
	.can_attach	= ve_can_attach,
	.can_fork	= ve_can_fork,
	.fork		= ve_fork,
	.dfl_cftypes	= ve_files,
};

/* Not merged with caches of the same size: how many VEs there are is read from slabinfo. */
static int __init ve_init(void)
{
	ve_cache = KMEM_CACHE(ve, SLAB_ACCOUNT | SLAB_NO_MERGE | SLAB_PANIC);
	return 0;
}
core_initcall(ve_init);
