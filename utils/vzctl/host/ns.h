/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making a process that is alone in all namespaces, and entering those of one that exists.
 *
 * The user and time namespaces come first: what is made after them belongs to the container, and the
 * clocks must be set before the first process enters. A helper makes them under the ids of the
 * container's root, so that the kernel's per-user budgets are the container's, and then clones the
 * process proper as a child of the caller.
 */
#ifndef VZ_HOST_NS_H
#define VZ_HOST_NS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Stages of the conversation between the caller and the new process, one byte each. */
enum ns_stage {
	NS_USERNS   = 'u',	/* helper: user and time namespace are there, give me ids; its pidfd comes along */
	NS_MAPPED   = 'm',	/* caller: done */
	NS_SPAWNED  = 's',	/* process: I exist; its pidfd comes along */
	NS_MET      = 'k',	/* caller: I know you, set yourself up */
	NS_READY    = 'r',	/* process: set up, waiting at the barrier */
	NS_GO       = 'g',	/* caller: exec */
	NS_FAILED   = 'f',	/* process: failed; a struct ns_failure follows */
};

/* What a process that failed says about it. */
struct ns_failure {
	int error;		/* positive errno */
	char where[120];	/* what it was doing */
};

struct ns_spawn {
	uint32_t id_base, id_count;
	int cgroup_fd;		/* v2 group to be born in */
	/*
	 * The first thing the helper does, still root of the host and a single thread: enter the v1 groups, make
	 * the mounts that process 1 is to find. 0, or a negative errno with what was being done in *ret_where.
	 */
	int (*prepare)(void *data, const char **ret_where);
	/* Runs as process 1 of the new namespaces, uid 0 there. sock leads to the caller. Must not return. */
	void (*child)(void *data, int sock);
	/*
	 * Have another process make the helper, by ns_spawn_for(), and so be the parent of process 1; sock
	 * is the helper's end of the conversation. 0 or a negative errno, upon which, as when nothing is
	 * heard of the helper, the caller makes one itself. NULL: it does so anyway.
	 */
	int (*delegate)(void *data, int sock);
	/*
	 * Runs in the caller once the process exists and before it does anything; pid as the caller sees it. 0, or a
	 * negative errno with what was being done in *ret_where. May be NULL.
	 */
	int (*meet)(void *data, pid_t pid, const char **ret_where);
	void *data;
};

struct ns_spawned {
	pid_t pid;		/* as the caller sees it */
	int pidfd;
	int sock;		/* the conversation goes on over it */
	bool delegated;		/* its parent is another process; else the caller */
};

/*
 * Make the process. On return it runs child(). 0, or a negative errno with what was being done in
 * ret_failure; nothing is left then.
 */
int ns_spawn(const struct ns_spawn *s, struct ns_spawned *ret, struct ns_failure *ret_failure);
/*
 * The other side of delegate: the pid of a helper that talks over sock, or a negative errno. The calling
 * process, which is to reap the helper, becomes the parent of process 1. sock stays the caller's.
 */
pid_t ns_spawn_for(const struct ns_spawn *s, int sock);

/* For the process: wait for a stage; and tell of a failure (what was being done, errno), not to return. */
int ns_await(int sock, enum ns_stage stage);
int ns_tell(int sock, enum ns_stage stage);
void ns_die(int sock, const char *where, int error) __attribute__((noreturn));
/*
 * For the caller: wait for a stage of the process. -ECANCELED with *ret filled if it failed, -EPIPE
 * if it is gone (after NS_GO: it has exec'ed).
 */
int ns_expect(int sock, enum ns_stage stage, struct ns_failure *ret);

/* In a user namespace that was entered: take the ids of its root. 0 or a negative errno. */
int ns_become_root(void);

struct ns_enter {
	int pidfd;		/* a process in the namespaces to enter */
	int cgroup_fd;		/* v2 group to be born in; -1: the caller's */
	/* Enter the v1 groups, before the namespaces are entered; may be NULL. 0 or a negative errno. */
	int (*enter_groups)(void *data);
	/*
	 * Runs inside all of the namespaces, uid 0 there, as a child of the caller, and dies with it unless it
	 * says otherwise. Must not return.
	 */
	void (*child)(void *data);
	void *data;
};
/* For a process inside that is about to become something else. */
void ns_survive_caller(void);
/* A process inside. 0 or a negative errno. */
int ns_enter(const struct ns_enter *e, pid_t *ret_pid, int *ret_pidfd);

#endif
