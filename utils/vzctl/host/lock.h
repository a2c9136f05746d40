/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Container locks in OpenVZ's format: line 1 the owner's pid, line 2 what it does. Third parties
 * (vzmigrate, Proxmox) read and write the pid. Ours adds to line 2 the owner's start time and the
 * boot id, so that a pid used again is no owner. Made under a name of its own and hard-linked: atomic.
 */
#ifndef VZ_HOST_LOCK_H
#define VZ_HOST_LOCK_H

#include <sys/types.h>

#include "base/proc.h"

/* The word of vzeventd while it cleans up: that takes a moment, others wait for it. */
#define LOCK_CLEANUP "cleanup"
#define LOCK_CLEANUP_TIMEOUT (60 * USEC_PER_SEC)

struct lock_owner {
	pid_t pid;		/* 0: the file does not say (a third party is writing it) */
	char *cmdline;		/* owned; may be NULL */
};

/*
 * Take dir/NAME.lck. status is the word for line 2. A lock whose owner is gone is removed and
 * *ret_stale set (path of it; caller frees; NULL if there was none; may be NULL). 0; -EBUSY: held,
 * *ret_owner tells by whom (lock_owner_done(); may be NULL); else another errno. Waits up to timeout
 * for a held lock, and up to LOCK_CLEANUP_TIMEOUT for one that says LOCK_CLEANUP. A lock of this very process is held too.
 */
int lock_take(const char *dir, const char *name, const char *status, usec_t timeout,
	      struct lock_owner *ret_owner, char **ret_stale);
/* Remove the lock if it is this process's. */
void lock_release(const char *dir, const char *name);
/* Is there one whose owner lives? */
bool lock_is_held(const char *dir, const char *name);
void lock_owner_done(struct lock_owner *o);

#endif
