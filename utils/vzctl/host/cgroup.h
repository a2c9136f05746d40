/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cgroups of both versions under one roof. A group is named by its path below the root, "vz/101",
 * and exists in every hierarchy of the host. v2 carries identity, freezing and killing on every host;
 * where none is mounted (pure v1) we hold a cgroup2 of our own that appears in nobody's mount table.
 *
 * Everything is reached through a descriptor of each hierarchy's root, opened once, those of v1 when they
 * are first needed: a later change of the mount table, or of the mount namespace of the caller, does no
 * harm. A struct cgroups may be used by forked children too.
 */
#ifndef VZ_HOST_CGROUP_H
#define VZ_HOST_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/proc.h"

struct cgroups;

enum cgroup_mode { CGROUP_PURE_V2, CGROUP_HYBRID, CGROUP_PURE_V1 };

/* Look at the host's hierarchies once. 0 or a negative errno. */
int cgroups_open(struct cgroups **ret);
void cgroups_close(struct cgroups *cg);
enum cgroup_mode cgroups_mode(const struct cgroups *cg);
/*
 * True if a controller is in reach, by the name its version has for it ("blkio" on v1, "io" on v2).
 * "devices" on v2 is the kernel's ability to run device programs, "freezer" is part of v2 itself.
 */
bool cgroups_has_controller(const struct cgroups *cg, const char *controller);
/* True if it is a v1 one. */
bool cgroups_is_v1(const struct cgroups *cg, const char *controller);

/*
 * Do not switch this v2 controller on for every group that is made, and so not for those inside of containers:
 * only where cgroup_enable() says so. The word stays the caller's; there is one at most.
 */
void cgroups_withhold(struct cgroups *cg, const char *controller);
/* Switch a v2 controller on for a group that is there: in all above it. 0 or a negative errno (-EBUSY: one has processes). */
int cgroup_enable(struct cgroups *cg, const char *group, const char *controller);
/*
 * Switch it off for all groups below this one, which keeps it. 0 or a negative errno (-EBUSY: the controller does not
 * let go of processes there, or somebody switches it on meanwhile).
 */
int cgroup_disable_below(struct cgroups *cg, const char *group, const char *controller);

/*
 * Make the group in every hierarchy, with its parents. On v2 the controllers the host has are
 * switched on for it (in the parents' subtree_control); on v1 a new cpuset takes over the parent's
 * CPUs and nodes, named hierarchies (systemd's) are included. Existing groups are taken as they are.
 * 0 or a negative errno.
 */
int cgroup_create(struct cgroups *cg, const char *group);
/* Make a group in v2 only (the delegated child, "vz/101/ct"). */
int cgroup_create_v2(struct cgroups *cg, const char *group);
/*
 * Hand the v2 group to another owner: directory, cgroup.procs, .threads, .subtree_control and, where
 * they exist, memory.oom.group, memory.reclaim.
 */
int cgroup_delegate(struct cgroups *cg, const char *group, uid_t uid, gid_t gid);
/*
 * The way in. The parent opens the doors of the group in every v1 hierarchy, the child walks
 * through while it is still a single thread: 0.3 ms instead of 10, because a thread that moves itself
 * needs no lock on everybody's fork and exit. Works after the child has changed its namespaces, ids
 * and root: the kernel looks at the credentials the doors were opened with. For v2 the same comes with
 * CLONE_INTO_CGROUP and cgroup_fd().
 */
struct cgroup_entry {
	int *fds;	/* owned; tasks files, open for writing */
	size_t n;
};
int cgroup_entry_open(struct cgroups *cg, const char *group, struct cgroup_entry *ret);
/* The calling thread, the only one of its process, enters. Only write(2) is called. 0 or -errno. */
int cgroup_entry_enter(const struct cgroup_entry *e);
void cgroup_entry_done(struct cgroup_entry *e);

/* Descriptor (O_PATH|O_DIRECTORY) of the v2 group, for CLONE_INTO_CGROUP. Or a negative errno. */
int cgroup_fd(struct cgroups *cg, const char *group);
/*
 * Remove the group and all below it in every hierarchy; its parents too if they are empty then. A
 * missing group is fine; -EBUSY if a process is left, and nothing is changed on v2 then.
 */
int cgroup_remove(struct cgroups *cg, const char *group);
/* How deep groups may be nested below the v2 group; -1: as deep as one likes, or not known. */
int cgroup_max_depth(struct cgroups *cg, const char *group);
/* Names of the v2 groups directly below group, into *ret (strv). */
int cgroup_children(struct cgroups *cg, const char *group, char ***ret);

/* The v2 group of a process, as a path below the root without leading slash. Caller frees. */
int cgroup_of(pid_t pid, char **ret);
/*
 * The group that is the root for a process: what it shows as "/" inside, if it has a cgroup namespace of its own, else
 * the group it is in. Whatever it moves below that, or mounts, changes nothing. Caller frees.
 */
int cgroup_root_of(pid_t pid, char **ret);
/*
 * All processes of a v2 group and of those below it; *ret is the caller's to free. Their number, or a
 * negative errno (-ENOENT: no such group).
 */
int cgroup_procs(struct cgroups *cg, const char *group, pid_t **ret);
/* From cgroup.events of the v2 group; -ENOENT if it does not exist. 0/1. */
int cgroup_is_populated(struct cgroups *cg, const char *group);
int cgroup_is_frozen(struct cgroups *cg, const char *group);
/* Freeze or thaw the v2 group and wait until it is so. 0, -ETIMEDOUT, or another errno. */
int cgroup_freeze(struct cgroups *cg, const char *group, bool freeze, usec_t timeout);
/* SIGKILL everything in the v2 group (cgroup.kill; by hand before 5.14). */
int cgroup_kill(struct cgroups *cg, const char *group);
/* Wait until the v2 group is empty. 0 or -ETIMEDOUT. */
int cgroup_wait_empty(struct cgroups *cg, const char *group, usec_t timeout);

/*
 * Read or write a file of a controller in the group ("memory", "memory.max"); the caller knows which
 * version is in use. Controller "cgroup" means the files every v2 group has. A value goes to the kernel
 * in one write(2). -ENODEV: the host has no such controller; -ENOENT: no such group or file.
 */
int cgroup_write(struct cgroups *cg, const char *group, const char *controller, const char *file,
		 const char *value);
int cgroup_read(struct cgroups *cg, const char *group, const char *controller, const char *file,
		char **ret);

#endif
