/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a container sees when its init starts: root, /proc, /sys, cgroup2, /dev, /run. Everything is
 * made by process 1 of the container itself, in its own namespaces, and nothing is written to its
 * disk: what we have to tell the distribution lies in the tmpfs on /run.
 */
#ifndef VZ_HOST_INSIDE_H
#define VZ_HOST_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/seccomp.h"

/*
 * The mark of a container that reboots: once init is gone nobody but its parent could tell a reboot from
 * a power-off. It is the depth to which groups may be nested below this one: systemd's own, which it
 * leaves in place when it removes all others, and a file that may be written there (in the root of a
 * delegated tree it may not, where cgroup2 is mounted with nsdelegate).
 */
#define INSIDE_REBOOT_GROUP "init.scope"
#define INSIDE_REBOOT_DEPTH 4242

struct inside_node {
	const char *name;	/* below /dev on the host and inside ("fuse", "net/tun") */
	mode_t mode;		/* what it is, and the host's permissions */
	dev_t dev;
};

struct inside {
	int root;			/* detached mount that becomes / */
	const char *hostname;		/* NULL: leave it */
	const struct inside_node *nodes;	/* beyond the standard ones */
	size_t n_nodes;
	int node_fs;			/* from inside_make_nodes(); -1: none */
	bool sysfs;			/* mount /sys */
	bool detect;			/* programs may find out what they run in */
	uint64_t capabilities;		/* bounding set */
	enum seccomp_variant seccomp;
};

/*
 * A detached tmpfs with the nodes, for owner, made on the host: inside none can be made, and the host's
 * own nodes belong to users that are nobody there. A descriptor, -1 if there is no node, or a negative
 * errno in *ret_error.
 */
int inside_make_nodes(const struct inside_node *nodes, size_t n, uid_t owner, int *ret_error);

/*
 * On the host, in a process that has its mounts to itself from here on: put the root where process 1 will
 * find it in its copy of them. What is copied into a namespace of lesser privilege keeps what the host's root
 * wanted of it: the mounts below the container's root that are read-only, nosuid, nodev or noexec stay so,
 * and are not taken off what they cover. 0 or a negative errno.
 */
int inside_stage(const struct inside *in);
/*
 * Become a container: called in process 1 of new namespaces as uid 0, with no other thread. On
 * return every descriptor but keep_fd is closed and 0, 1, 2 are /dev/null. 0, or a negative errno
 * with what was being done in *ret_where.
 */
int inside_enter(const struct inside *in, int keep_fd, const char **ret_where);

/* Environment of init. Ended by NULL. */
const char *const *inside_init_env(bool detect);
/* exec the first of /sbin/init, /etc/init, /bin/init. Returns a negative errno if there is none. */
int inside_exec_init(bool detect);

#endif
