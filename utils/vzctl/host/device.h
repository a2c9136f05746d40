/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which devices a group may use: nothing but what a list of rules allows. On v1 the devices
 * controller, on v2 a BPF program of type CGROUP_DEVICE.
 */
#ifndef VZ_HOST_DEVICE_H
#define VZ_HOST_DEVICE_H

#include <stddef.h>

#include "host/cgroup.h"

enum { DEVICE_READ = 1, DEVICE_WRITE = 2, DEVICE_MKNOD = 4 };
#define DEVICE_ANY (-1)

/* The last rule that matches a device decides alone. */
struct device_rule {
	char type;		/* 'b', 'c', or 'a' for both */
	int major, minor;	/* DEVICE_ANY: every */
	unsigned int access;	/* DEVICE_* bits; 0 refuses what an earlier rule allowed */
};

/*
 * What every container may use: null zero full random urandom tty console ptmx pts, and mknod of
 * anything (a node alone opens nothing).
 */
extern const struct device_rule device_defaults[];
extern const size_t device_defaults_len;

/*
 * Replace the rules of the group. A running container keeps, all the time, what both the old and the
 * new rules allow. 0 or a negative errno. v1 can only add up what is allowed: rules that take reading
 * or writing of some devices out of a wider one give -EOPNOTSUPP there, and mknod stays allowed where
 * any rule allows it.
 */
int device_apply(struct cgroups *cg, const char *group, const struct device_rule *rules, size_t n);

#endif
