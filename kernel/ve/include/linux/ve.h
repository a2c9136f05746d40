/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual environments: what the rest of the kernel knows of them.
 *
 * A VE has two anchors. Who consumes follows the cgroup controller "ve": task_ve(). Who owns, and
 * what is seen, follows the user namespace: ve_of_userns() and its friends. Without CONFIG_VE all
 * of this is nothing; with it and without any VE it costs a static branch.
 */
#ifndef _LINUX_VE_H
#define _LINUX_VE_H

#include <linux/types.h>
#include <linux/cpumask.h>
#include <linux/err.h>

struct css_set;
struct dentry;
struct file;
struct inode;
struct pid_namespace;
struct proc_dir_entry;
struct seq_file;
struct sysinfo;
struct task_struct;
struct user_namespace;
struct uts_namespace;
struct ve_stat;

#ifdef CONFIG_VE

#include <linux/cgroup.h>
#include <linux/jump_label.h>
#include <linux/refcount.h>
#include <linux/user_namespace.h>
#include <linux/utsname.h>

#define VE_ID_MAX	INT_MAX
#define VE_NAME_MAX	63
#define VE_CPUS_MAX	8192

enum ve_state {
	VE_CONFIGURED,		/* has an id, was never bound */
	VE_RUNNING,		/* bound to the namespaces of a live init */
	VE_STOPPED,		/* its last init is gone */
	NR_VE_STATES
};

enum ve_feature {
	VE_PROCVIEW,		/* files of /proc are its own */
	VE_CPUVIEW,		/* sees as many CPUs as it may use */
	VE_DETECT,		/* programs can see that it is a VE: /proc/vz */
	NR_VE_FEATURES
};

enum ve_event {
	VE_EVENT_START,
	VE_EVENT_STOP,
	VE_EVENT_REBOOT,	/* its root asked for a restart; stop follows */
	VE_EVENT_OOM,		/* the kernel killed a process of it for want of memory */
	NR_VE_EVENTS
};

/**
 * struct ve - a virtual environment
 * @refs: one of each css below its cgroup, one of each user namespace bound to it
 * @id: what the administrator calls it; free for others once its cgroup is gone
 * @cgrp: its cgroup, NULL once that is being removed; RCU
 * @state: of enum ve_state; written under ve_mutex
 * @features: bits of enum ve_feature
 * @cpus: how many CPUs it sees at most, 0 for all
 * @forks: processes and threads made since the VE was
 * @avenrun: load averages, fixed point as those of the host
 * @load_active: how many tasks the last sample of the load found
 * @load_updated: up to when the load averages go, in jiffies; ve_mutex
 * @stat_flushed: when the counters of its memory were last brought together, in jiffies
 * @stat: what CPU time it used, as its programs see it
 * @events: how often each of enum ve_event happened
 * @user_ns: of the init it is bound to, with a reference, NULL unless running; ve_mutex
 * @pid_ns: as @user_ns; also RCU, to read what it counts
 * @uts_ns: as @user_ns; also NULL if the init shares one that is not its user namespace's
 * @start_boottime: when it was bound, in ns since boot
 * @name: for events and lists; ve_mutex
 * @osrelease: what uname(2) shall say, empty for the kernel's own; ve_mutex
 */
struct ve {
	refcount_t		refs;
	u32			id;
	struct cgroup __rcu	*cgrp;
	enum ve_state		state;
	unsigned long		features;
	unsigned int		cpus;
	atomic_long_t		forks;
	unsigned long		avenrun[3];
	long			load_active;
	unsigned long		load_updated;
	unsigned long		stat_flushed;
	struct ve_stat		*stat;
	atomic_long_t		events[NR_VE_EVENTS];
	struct user_namespace	*user_ns;
	struct pid_namespace	*pid_ns;
	struct uts_namespace	*uts_ns;
	u64			start_boottime;
	char			name[VE_NAME_MAX + 1];
	char			osrelease[__NEW_UTS_LEN + 1];
};

DECLARE_STATIC_KEY_FALSE(ve_key);

/* Whether there ever was a VE. */
static inline bool ve_enabled(void)
{
	return static_branch_unlikely(&ve_key);
}

struct ve *__ve_of_userns(const struct user_namespace *ns);

/**
 * ve_of_userns() - the VE that a user namespace, or one above it, is bound to
 * @ns: the namespace; its VE lives as long as it does
 *
 * Context: Any.
 * Return: The VE, or NULL for the host and for containers that are no VE.
 */
static inline struct ve *ve_of_userns(const struct user_namespace *ns)
{
	return ve_enabled() ? __ve_of_userns(ns) : NULL;
}

/* The VE whose programs the caller is one of: by what it owns, not by its cgroup. */
static inline struct ve *ve_current(void)
{
	return ve_of_userns(current_user_ns());
}

static inline bool ve_has(const struct ve *ve, enum ve_feature feature)
{
	return test_bit(feature, &ve->features);
}

/* The parent of what a VE sees in /proc before the host's. Entries are made at boot and stay. */
extern struct proc_dir_entry *const ve_proc_dir;
struct ve *ve_of_seq(const struct seq_file *m);
struct cgroup *ve_cgroup_get(struct ve *ve);
unsigned int ve_nr_cpus(struct ve *ve);

/* Hooks: each is called from the one place that its patch names. */
void __ve_userns_free(struct user_namespace *ns);
void __ve_pidns_exit(struct pid_namespace *pid_ns);
void __ve_oom_kill(struct task_struct *victim);
void __ve_sysinfo(struct sysinfo *info);
void __ve_getaffinity(struct cpumask *mask);
int __ve_setaffinity(const struct cpumask *mask);
ssize_t ve_print_cpus(char *buf, const struct cpumask *mask);
void ve_proc_task(struct seq_file *m, struct task_struct *task);
struct dentry *ve_proc_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags);
bool __ve_proc_hidden(const struct file *file, const struct proc_dir_entry *de);
bool __ve_proc_stale(const struct dentry *dentry);

static inline void ve_userns_free(struct user_namespace *ns)
{
	if (ve_enabled())
		__ve_userns_free(ns);
}

static inline void ve_pidns_exit(struct pid_namespace *pid_ns)
{
	if (ve_enabled())
		__ve_pidns_exit(pid_ns);
}

static inline void ve_oom_kill(struct task_struct *victim)
{
	if (ve_enabled())
		__ve_oom_kill(victim);
}

static inline void ve_sysinfo(struct sysinfo *info)
{
	if (ve_enabled())
		__ve_sysinfo(info);
}

static inline void ve_getaffinity(struct cpumask *mask)
{
	if (ve_enabled())
		__ve_getaffinity(mask);
}

/* 1 if the caller's CPUs are virtual and @mask is good, 0 if they are not, or an error. */
static inline int ve_setaffinity(const struct cpumask *mask)
{
	return ve_enabled() ? __ve_setaffinity(mask) : 0;
}

static inline bool ve_proc_hidden(const struct file *file, const struct proc_dir_entry *de)
{
	return ve_enabled() && __ve_proc_hidden(file, de);
}

static inline bool ve_proc_stale(const struct dentry *dentry)
{
	return ve_enabled() && __ve_proc_stale(dentry);
}

#else /* !CONFIG_VE */

static inline void ve_userns_free(struct user_namespace *ns) {}
static inline void ve_pidns_exit(struct pid_namespace *pid_ns) {}
static inline void ve_oom_kill(struct task_struct *victim) {}
static inline void ve_sysinfo(struct sysinfo *info) {}
static inline void ve_getaffinity(struct cpumask *mask) {}

static inline int ve_setaffinity(const struct cpumask *mask)
{
	return 0;
}

#define ve_print_cpus(buf, mask)		cpumap_print_to_pagebuf(true, buf, mask)
static inline void ve_proc_task(struct seq_file *m, struct task_struct *task) {}
#define ve_proc_lookup(dir, dentry, flags)	proc_lookup(dir, dentry, flags)

static inline bool ve_proc_hidden(const struct file *file, const struct proc_dir_entry *de)
{
	return false;
}

static inline bool ve_proc_stale(const struct dentry *dentry)
{
	return false;
}

#endif /* CONFIG_VE */
#endif /* _LINUX_VE_H */
