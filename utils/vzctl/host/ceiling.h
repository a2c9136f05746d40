/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a host has only so much of for all its containers together, whatever their limits: the sizes of some
 * of the kernel's tables, which sysctls set. One container can use such a thing up for all, and none of
 * them is told more than "no space left". Here it gets a name, and a size that would do.
 *
 * Most of what sysctls limit is no such thing: inotify instances and watches, keys, namespaces, pipes and
 * queues are counted for each user of the host, which the root of each container is.
 */
#ifndef VZ_HOST_CEILING_H
#define VZ_HOST_CEILING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

enum ceiling_kind {
	CEILING_TASKS   = 1 << 0,
	CEILING_PTYS    = 1 << 1,
	CEILING_FILES   = 1 << 2,
	CEILING_AIO     = 1 << 3,
	CEILING_NETWORK = 1 << 4,
	CEILING_ALL     = (1 << 5) - 1,
};

struct ceiling_use {
	const char *what;	/* is counted, in the plural; NULL: nothing is wrong */
	const char *sysctl;	/* sets the size */
	uint64_t used, limit;
	uint64_t value, better;	/* of the sysctl: what it is, and what would do; 0: it cannot be more */
	bool own;		/* counted for the container alone */
};

/* Of these kinds (CEILING_…) the fullest, if at least 95 per cent of it are in use. Is there one? */
bool ceiling_find(unsigned int kinds, struct ceiling_use *ret);
/*
 * Has the user, and with him the container whose root he is, all the inotify instances or watches that he may
 * have? The kernel does not tell how many they are, so a process that has taken his id tries to have one more.
 */
bool ceiling_try_inotify(uid_t uid, struct ceiling_use *ret);

/* How much of it is in use; and a command that makes it more, or nothing. */
void ceiling_say(const struct ceiling_use *u, struct vz_str *out);
void ceiling_advise(const struct ceiling_use *u, struct vz_str *out);
/* Both, of what ceiling_find() finds; NULL if that is nothing, or memory ran out. Caller frees. */
char *ceiling_explain(unsigned int kinds);

#endif
