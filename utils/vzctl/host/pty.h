/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Terminals and pipes between the host and a process inside a container; no host descriptor of a terminal ever gets in. */
#ifndef VZ_HOST_PTY_H
#define VZ_HOST_PTY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/macros.h"
#include "base/proc.h"

/*
 * Open a new pty of the devpts at root/dev/pts (root: a descriptor of the container's root, or "/"
 * when called inside). The path is resolved without leaving root. 0 or a negative errno.
 */
int pty_open(int root, int *ret_master, int *ret_slave);

/* Pipes for stdin, stdout and stderr of a child. */
struct relay_pipes {
	int child[3];		/* the child's 0, 1, 2; closed in the parent after the fork */
	int parent[3];		/* write end of stdin, read ends of stdout and stderr */
};
int relay_pipes_open(struct relay_pipes *p);	/* 0 or -errno, nothing open then */
void relay_pipes_close_child(struct relay_pipes *p);
void relay_pipes_done(struct relay_pipes *p);

/*
 * Carry bytes between descriptors 0, 1, 2 of this process and the pipes until the child (pidfd) has
 * exited and its output is drained; a grandchild that keeps a pipe open does not keep us: 100 ms
 * after the exit what is there is taken and that is all. Slow readers block the child, memory stays
 * bounded. SIGINT, SIGTERM, SIGHUP, SIGQUIT of ours are passed on to the child. 0 or -errno.
 */
int relay_run(struct relay_pipes *p, int pidfd);

/*
 * Interactive: put our terminal (if stdin is one) into raw mode, carry bytes between it and master,
 * follow window size changes, until the child exits; the terminal is restored, also after a signal.
 * type_first (may be NULL) is typed in first. 0 or -errno.
 */
int relay_terminal(int master, int pidfd, const char *type_first);

#endif
