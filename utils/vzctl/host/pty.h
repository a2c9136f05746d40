/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Terminals and pipes between the host and a process inside a container; no host descriptor of a
 * terminal ever gets in.
 */
#ifndef VZ_HOST_PTY_H
#define VZ_HOST_PTY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/macros.h"
#include "base/proc.h"

/*
 * Open a new pty of the devpts at root/dev/pts (root: a descriptor of the container's root, or "/"
 * when called inside). The path is resolved without leaving root, and what is found there is a pty of
 * a devpts or -ENOTTY. 0 or a negative errno.
 */
int pty_open(int root, int *ret_master, int *ret_slave);

/* Pipes for stdin, stdout and stderr of a child. */
struct relay_pipes {
	int child[3];		/* the child's 0, 1, 2; closed in the parent after the fork */
	int parent[3];		/* write end of stdin, read ends of stdout and stderr; non-blocking */
};
int relay_pipes_open(struct relay_pipes *p);	/* 0 or -errno, nothing open then */
/*
 * Give the pipes to a user, the container's root as the host sees him: else /dev/stdout and its like
 * cannot be opened inside. 0 or -errno.
 */
int relay_pipes_chown(struct relay_pipes *p, uid_t uid, gid_t gid);
void relay_pipes_close_child(struct relay_pipes *p);
void relay_pipes_done(struct relay_pipes *p);

/*
 * Carry bytes between descriptors 0, 1, 2 of this process and the pipes until the child (pidfd) has
 * exited and its output is drained; a grandchild that keeps a pipe open does not keep us: 100 ms
 * after the exit what is there is taken and that is all. Slow readers block the child, memory stays
 * bounded. The end of our stdin closes the child's, and if nobody reads our output any more, nobody
 * reads the child's. SIGINT, SIGTERM, SIGHUP, SIGQUIT of ours are passed on to the child, unless they
 * are ignored; after its exit they are for us: -EINTR. The caller ignores SIGPIPE. 0 or -errno (what
 * went wrong with our stdout or stderr).
 */
int relay_run(struct relay_pipes *p, int pidfd);

/*
 * Interactive: put our terminal (if stdin is one) into raw mode, carry bytes between it and master,
 * follow window size changes, until the child exits; the terminal is restored, also after a signal.
 * type_first (may be NULL) is typed in first. The end of our stdin is passed on as ^D. 0 or -errno.
 * -EINTR: one of the four signals above came; it takes its course when the terminal has been restored.
 */
int relay_terminal(int master, int pidfd, const char *type_first);

/*
 * The same for one session after the other, as on a console: what is typed is watched for the keys of
 * keys.h, however little of it is taken inside, and the end of our stdin is as good as Esc. From open to
 * close our terminal is raw and the four signals wait, so that the caller can clean up in between.
 */
struct terminal;

enum terminal_end {
	TERMINAL_EXITED,	/* the child did */
	TERMINAL_DETACH,	/* Esc . or the end of our stdin, or nobody reads our stdout any more */
	TERMINAL_KILL,		/* Esc ! */
};

int terminal_open(struct terminal **ret);	/* 0 or -errno; the caller closes *ret */
void terminal_close(struct terminal *t);	/* a signal that came takes its course now */
/* One session. enum terminal_end, or -errno; -EINTR: a signal came and waits. */
int terminal_run(struct terminal *t, int master, int pidfd);
/* Wait without one. TERMINAL_EXITED: time is up; else as above. */
int terminal_pause(struct terminal *t, usec_t time);

#endif
