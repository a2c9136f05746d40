/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files cgroup*.c and device.c share, and the unit tests look at. Not for other floors. */
#ifndef VZ_HOST_CGROUP_PRIV_H
#define VZ_HOST_CGROUP_PRIV_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "host/cgroup.h"

/* Of a root: nobody has asked for it yet. No errno is like that. */
#define CGROUP_V1_UNKNOWN INT_MIN

/* One v1 hierarchy: one or more controllers, or a name only ("name=systemd"). */
struct cgroup_v1 {
	int root;		/* cgroup_v1_root() */
	char *names;		/* owned; as in /proc/PID/cgroup */
	char **controllers;	/* strv, owned; the names, one by one */
	bool cpuset;		/* a new group needs its CPUs and nodes before a task may enter */
};

struct cgroups {
	int v2;			/* descriptor of the root of v2 */
	bool own_v2;		/* nobody else has it mounted */
	char **v2_controllers;	/* strv, owned: the root's cgroup.controllers */
	const char *withheld;	/* the one of them that is switched on only by name; may be NULL */
	struct cgroup_v1 *v1;	/* owned; all that the kernel has, mounted or not */
	size_t n_v1;
};

/* An O_PATH descriptor of path if a file system of that magic is mounted there; -ENOENT if another. */
int cgroup_open_if(const char *path, long magic);
/* Fill cg->v1. 0 or -errno. */
int cgroup_v1_discover(struct cgroups *cg);
void cgroup_v1_done(struct cgroups *cg);
/* The O_PATH descriptor of the root of cg->v1[i], or a negative errno; -ENOENT: it is mounted nowhere. */
int cgroup_v1_root(const struct cgroups *cg, size_t i);
/* Find all of them with libcgroup's mount table alone, as on hosts with unusual mount points. */
void cgroup_v1_find_by_table(struct cgroups *cg);
/* Give a fresh cpuset its parent's CPUs and nodes; "" is the root. 0 or -errno. */
int cgroup_v1_init_cpuset(int root, const char *parent, const char *group);

/* Open the root of v2; *ret_own is true if nobody had it mounted and it is ours alone. 0 or -errno. */
int cgroup_v2_open_root(int *ret_fd, bool *ret_own);
/* Switch on in parent what it has, but for withheld; single controllers may refuse. 0 or -errno (-ENOENT: gone). */
int cgroup_v2_enable(int root, const char *parent, const char *withheld);
/* True if the kernel runs device programs on v2 groups (device.c). */
bool cgroup_v2_can_filter_devices(const struct cgroups *cg);
/* SIGKILL all in the group without cgroup.kill, as on kernels before 5.14. */
int cgroup_v2_kill_by_hand(struct cgroups *cg, const char *group);

/*
 * Visit the group and all below it, children first. A container may have nested its groups deeper
 * than a path is long, so the walk climbs by ".." and keeps names on the heap. fn gets the directory
 * of the visited group's parent and its name there; a negative result ends the walk and is returned.
 */
typedef int (*cgroup_visit_fn)(int parent, const char *name, void *data);
int cgroup_walk(int root, const char *group, cgroup_visit_fn fn, void *data);

#endif
