/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A command inside a running container: what exec, enter, runscript and the scripts of operations have
 * in common. Only for ct/.
 *
 * What runs inside is not to be trusted, whoever wrote it: it gets pipes or a terminal of its own
 * container, never a descriptor of the host's, and its exit status and output mean nothing more than
 * what they say. Text goes in as a sealed memory file: unlike a pipe it has no size at which a shell
 * that does not read could block us.
 */
#ifndef VZ_CT_COMMAND_H
#define VZ_CT_COMMAND_H

#include <sys/types.h>

#include "ct/ct.h"

/* Where the text of command_text_fd() is for the shell inside. */
#define COMMAND_TEXT_FD 3
#define COMMAND_TEXT_PATH "/proc/self/fd/3"

/* What the process inside is to become; it has its own copy. */
struct ct_command {
	int fds[3];		/* become 0, 1, 2 */
	int text;		/* becomes COMMAND_TEXT_FD; -1: none */
	int report;		/* an errno is written here if nothing could be exec'ed; closes on exec */
	bool terminal;		/* fds are a terminal, to be the controlling one */
	bool shell;		/* argv[0] names no program: take the first shell there is */
	const char *shell_name;	/* argv[0] for it with bash and sh: "-" in front for a login shell, or "" */
	char **argv;
	/* What the shell would only replace itself by: run without it, if that works. NULL: nothing. */
	char *const *plain;
	/* In place of argv: the first of these that can be run; ended by NULL. */
	char *const *const *programs;
	char *const *env;
	const char *cwd;
};

/* Environment of exec: nothing of the caller's. */
extern char *const command_env[];

/*
 * Start the command. The process is ours to wait for; *ret_error is the errno of a failed exec (0: it
 * runs). 0 or -1 with err.
 */
int command_start(struct vz_ct *ct, struct ct_command *c, pid_t *ret_pid, int *ret_pidfd, int *ret_error,
		  struct vz_err *err);
/*
 * The same for a caller who has better things to do than to wait for the exec, which the container's root
 * can hold up; command_await() on *ret_report tells the errno, and kills what has not come so far in time.
 */
int command_begin(struct vz_ct *ct, struct ct_command *c, pid_t *ret_pid, int *ret_pidfd, int *ret_report,
		  struct vz_err *err);
int command_await(int report, int pidfd);
/* A new terminal of the container. 0 or -1 with err. */
int command_terminal(struct vz_ct *ct, int *ret_master, int *ret_slave, struct vz_err *err);
/* A wait status as exit status, 256 + N for a death by signal N. */
int command_status(int status);
/* The failure to report for a failed exec. Returns -1. */
int command_no_program(struct vz_ct *ct, const struct ct_command *c, int error, struct vz_err *err);
/* A read-only memory file that holds text, or a negative errno. */
int command_text_fd(const char *text);

#endif
