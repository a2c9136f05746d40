/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of kernel/ve share with each other and with nobody else. */
#ifndef _KERNEL_VE_INTERNAL_H
#define _KERNEL_VE_INTERNAL_H

#include <linux/cgroup.h>
#include <linux/mutex.h>
#include <linux/ve.h>
#include <linux/xarray.h>

/**
 * struct ve_css - a cgroup's part of the controller
 * @css: what cgroups know
 * @ve: the VE of this cgroup or of one above it, NULL outside of VEs; set once, with release
 * @owner: the VE was made here
 * @state_file: to wake those who wait for ve.state
 * @events_file: to wake those who wait for ve.events
 */
struct ve_css {
	struct cgroup_subsys_state	css;
	struct ve			*ve;
	bool				owner;
	struct cgroup_file		state_file;
	struct cgroup_file		events_file;
};

/* Over ids, bindings, states and names. Never held while cgroup_mutex is taken. */
extern struct mutex ve_mutex;
/* id to VE, of those whose cgroup is there; ve_mutex. */
extern struct xarray ve_table;

static inline struct ve_css *ve_css(struct cgroup_subsys_state *css)
{
	return container_of(css, struct ve_css, css);
}

static inline struct ve *css_ve(struct cgroup_subsys_state *css)
{
	/* With ve_create(). */
	return smp_load_acquire(&ve_css(css)->ve);
}

/* The VE whose cgroup the task is in: it pays. Under RCU. */
static inline struct ve *task_ve(struct task_struct *task)
{
	return css_ve(task_css(task, ve_cgrp_id));
}

static inline struct ve *ve_get(struct ve *ve)
{
	refcount_inc(&ve->refs);
	return ve;
}

/* Whether the cgroup of a VE in the table is being removed. css_offline waits for ve_mutex. */
static inline bool ve_is_dying(const struct ve *ve)
{
	struct cgroup *cgrp = rcu_dereference_protected(ve->cgrp, lockdep_is_held(&ve_mutex));

	return css_is_dying(rcu_dereference_protected(cgrp->subsys[ve_cgrp_id],
						      lockdep_is_held(&ve_mutex)));
}

void ve_put(struct ve *ve);
const char *ve_state_name(enum ve_state state);

/* bind.c */
int ve_bind(struct ve *ve, struct task_struct *init);
int ve_set_osrelease(struct ve *ve, const char *release);

/* cpu.c */
unsigned int ve_seen_cpus(struct ve *ve);
u64 ve_throttled(struct ve *ve);

/* cpu_math.c: no state, no locks, tested by itself */
unsigned int ve_ratio_cpus(s64 ratio, unsigned int shift);
size_t ve_cpuinfo_cut(const char *text, size_t len, unsigned int cpus);

/* stat.c */
struct ve_stat *ve_stat_alloc(void);
void ve_stat_free(struct ve_stat *stat);
void ve_stat_start(struct ve *ve);

/* events.c */
extern const char *const ve_event_names[NR_VE_EVENTS];
void ve_event(struct ve *ve, enum ve_event event);

/* netlink.c */
#ifdef CONFIG_NET
void ve_netlink_event(const struct ve *ve, enum ve_event event);
void ve_netlink_oom(const struct ve *ve, struct task_struct *victim);
#else
static inline void ve_netlink_event(const struct ve *ve, enum ve_event event) {}
static inline void ve_netlink_oom(const struct ve *ve, struct task_struct *victim) {}
#endif

/* parse.c: no state, no locks, tested by themselves */
int ve_parse_id(const char *text, u32 *id);
int ve_parse_cpus(const char *text, unsigned int *cpus);
int ve_parse_label(const char *text, char *label, size_t size);
int ve_parse_features(char *text, unsigned long *features);
int ve_print_features(char *buf, size_t size, unsigned long features);

/**
 * struct ve_memory_use - what memory cgroups count and allow, in pages
 * @limit: the least from the VE's cgroup upward, and what the machine has
 * @usage: what is charged to the VE
 * @cached: of that, pages of files and of shared memory
 * @file: of that, pages of files that reclaim may take
 * @reclaimable: of that, slabs that reclaim may take
 * @swap_limit: as @limit
 * @swap_usage: as @usage
 */
struct ve_memory_use {
	unsigned long	limit;
	unsigned long	usage;
	unsigned long	cached;
	unsigned long	file;
	unsigned long	reclaimable;
	unsigned long	swap_limit;
	unsigned long	swap_usage;
};

/* What is made from it, in pages: lines of meminfo. */
struct ve_memory_view {
	unsigned long	total;
	unsigned long	free;
	unsigned long	available;
	unsigned long	cached;
	unsigned long	reclaimable;
	unsigned long	swap_total;
	unsigned long	swap_free;
};

/* memory.c */
void ve_memory_view(struct ve_memory_view *view, const struct ve_memory_use *use);

/* load.c */
void ve_load_step(unsigned long avenrun[3], unsigned long active, unsigned int periods);
void ve_load_start(struct ve *ve);
unsigned int ve_nr_running(struct ve *ve);
unsigned int ve_nr_tasks(struct ve *ve);
int ve_load_show(struct seq_file *m, void *v);

#endif /* _KERNEL_VE_INTERNAL_H */
