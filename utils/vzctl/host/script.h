/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs on the host: action scripts, helpers. Constructed environment, /dev/null as stdin, a time
 * limit.
 */
#ifndef VZ_HOST_SCRIPT_H
#define VZ_HOST_SCRIPT_H

#include <signal.h>
#include <stddef.h>

#include "base/proc.h"

#define SCRIPT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct script_run {
	const char *file;	/* program; no search in PATH. Without a #! line /bin/sh runs it */
	char *const *argv;	/* NULL: { file } */
	char *const *env;	/* added to PATH, HOME=/ and TERM=linux, or in their place */
	int stdin_fd;		/* -1: /dev/null */
	int stdout_fd;		/* -1: ours */
	usec_t timeout;		/* 0: none. When it is over the process group is killed: -ETIMEDOUT */
	/* May be NULL. When it becomes non-zero the group is asked to end, then killed: -ECANCELED */
	const volatile sig_atomic_t *cancelled;
	bool ends_with_us;	/* killed when this process ends, however it ends */
};

/*
 * Run it to its end, in a session of its own. What it leaves in the background is not waited for.
 * The wait status (>= 0), or a negative errno (-ENOENT: no such file).
 */
int script_run(const struct script_run *s);
/* Where in SCRIPT_PATH a program is; NULL: nowhere, or no memory. Caller frees. */
char *script_find(const char *name);
/* Exit status as a shell counts it: 128 + signal for a death by signal. */
int script_exit_code(int status);

#endif
