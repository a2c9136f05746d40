/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes as the host sees them: who they are, waiting for them, clocks. */
#ifndef VZ_BASE_PROC_H
#define VZ_BASE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef uint64_t usec_t;
#define USEC_PER_SEC 1000000ull
#define USEC_PER_MSEC 1000ull

usec_t now_usec(void);	/* CLOCK_MONOTONIC */

struct proc_stat {
	char state;		/* R S D Z T X …; X also from the moment a process begins to end, … */
				/* … which for process 1 of a container may take as long as its orphans' reaper */
	pid_t ppid;
	pid_t session;		/* pid of its leader */
	uint64_t start_time;	/* clock ticks since boot; with the pid it names a process for good */
	bool is_killed;		/* SIGKILL is on its way */
	bool has_not_execed;	/* still runs the program of whoever forked it */
};

/* -ESRCH if there is no such process. */
int proc_stat_read(pid_t pid, struct proc_stat *ret);
/* True for a process that exists and is no zombie; start_time 0 matches any. */
bool proc_is_alive(pid_t pid, uint64_t start_time);
/*
 * The pids of a process, from our pid namespace inwards (NSpid: of its status). Fills at most max of
 * them and returns how many there are, or a negative errno.
 */
int proc_nspid(pid_t pid, pid_t *ret, size_t max);
/* The number on a line of its status, by the name of that line. -ENODATA: the kernel has no such line. */
int proc_status_number(pid_t pid, const char *line, uint64_t *ret);
/* Arguments joined by blanks, for messages; the name in brackets if there are none. */
int proc_cmdline(pid_t pid, char **ret);
/* /proc/sys/kernel/random/boot_id. The caller frees it. */
int proc_boot_id(char **ret);

int pidfd_open_pid(pid_t pid);				/* descriptor or -errno */
int pidfd_signal(int pidfd, int sig);
/* Wait until the process is a zombie or gone. 0, -ETIMEDOUT, or another errno. */
int pidfd_wait(int pidfd, usec_t timeout);
/* waitpid() that goes on after signals: the wait status, or a negative errno. */
int proc_wait(pid_t pid);
/*
 * The wait status of a child inside a container that has ended, or was killed; it waits for the rest of
 * that. Another process in there may trace it: it hears of the end first, and lets us know when it
 * pleases. Nobody waits for that: -EBUSY, and the child is still to be waited for.
 */
int proc_reap(pid_t pid, int pidfd);

#endif
