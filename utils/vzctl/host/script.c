/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs on the host, run to their end.
 *
 * A script gets nothing of ours by accident: no descriptor, no ignored or blocked signal, no variable
 * of the caller's environment, no terminal it could be stopped by. It cannot hold us up longer than its
 * time limit, and a daemon it starts does not hold us up at all.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/strv.h"
#include "host/script.h"

#define CANCEL_SLICE (200 * USEC_PER_MSEC)
#define CANCEL_PATIENCE (5 * USEC_PER_SEC)

/* All a child needs, made before the fork: between that and exec nothing may allocate. */
struct prepared {
	const char *file;
	char *const *argv;
	char **shell_argv;	/* strv: { "/bin/sh", file, arguments… } */
	char **env;		/* strv */
	int fds[3];		/* to become 0, 1 and 2 */
	int failure;		/* pipe: the errno of a failed exec */
	pid_t ends_with;	/* 0: it may outlive us */
};

static bool has_variable(char *const *env, const char *assignment)
{
	size_t n = strcspn(assignment, "=") + 1;

	for (size_t i = 0; env && env[i]; i++)
		if (strncmp(env[i], assignment, n) == 0)
			return true;
	return false;
}

static int build_env(char *const *env, char ***ret)
{
	static const char *const always[] = { "PATH=" SCRIPT_PATH, "HOME=/", "TERM=linux" };
	auto_strv char **v = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(always); i++)
		if (!has_variable(env, always[i]))
			r = strv_add(&v, always[i]);
	for (size_t i = 0; r == 0 && env && env[i]; i++)
		r = strv_add(&v, env[i]);
	if (r == 0)
		*ret = take_ptr(v);
	return r;
}

static int build_shell_argv(const struct script_run *s, char ***ret)
{
	auto_strv char **v = NULL;
	int r = strv_add(&v, "/bin/sh");

	if (r == 0)
		r = strv_add(&v, s->file);
	for (size_t i = 1; r == 0 && s->argv && s->argv[0] && s->argv[i]; i++)
		r = strv_add(&v, s->argv[i]);
	if (r == 0)
		*ret = take_ptr(v);
	return r;
}

/* A copy above 2, so that the order of the dup2() calls in the child does not matter. -1: /dev/null. */
static int copy_above(int fd)
{
	int copy = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
	auto_close int null = -1;

	if (copy >= 0 || (fd >= 0 && errno != EBADF))
		return copy >= 0 ? copy : -errno;
	null = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (null < 0)
		return -errno;
	copy = fcntl(null, F_DUPFD_CLOEXEC, 3);
	return copy >= 0 ? copy : -errno;
}

static void reset_signals(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &sa, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn)) run_child(const struct prepared *p)
{
	int error;

	reset_signals();
	(void)setsid();
	(void)umask(022);
	/* Ended between the fork and this, we would not have been told. */
	if (p->ends_with && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != p->ends_with))
		_exit(127);
	for (int i = 0; i < 3; i++)
		if (dup2(p->fds[i], i) < 0)
			goto fail;
	/* The pipe goes to 3, close on exec; everything above is nobody's business. */
	if (p->failure != 3 && dup3(p->failure, 3, O_CLOEXEC) < 0)
		goto fail;
	(void)close_range(4, ~0u, 0);
	(void)execve(p->file, p->argv, p->env);
	if (errno == ENOEXEC)
		(void)execve(p->shell_argv[0], p->shell_argv, p->env);
	error = errno;
	(void)!write(3, &error, sizeof(error));
	_exit(127);
fail:
	error = errno;
	(void)!write(p->failure, &error, sizeof(error));
	_exit(127);
}

/* fork() with all signals blocked: no handler of ours runs in the child. */
static pid_t start(const struct prepared *p)
{
	sigset_t all, before;
	pid_t pid;
	int error;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	error = errno;
	if (pid == 0)
		run_child(p);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid < 0 ? -error : pid;
}

/* 0 if the program was executed, else the errno of the failure, negative. */
static int read_failure(int fd)
{
	int error;
	ssize_t n;

	do {
		n = read(fd, &error, sizeof(error));
	} while (n < 0 && errno == EINTR);
	return n == sizeof(error) ? -error : 0;
}

/* In slices, because a signal that sets *cancelled may come just before the sleep. */
static int wait_in_time(int fd, const struct script_run *s)
{
	usec_t start = now_usec();

	for (;;) {
		usec_t spent = now_usec() - start;
		usec_t slice = s->cancelled ? CANCEL_SLICE : s->timeout;
		int r;

		if (s->cancelled && *s->cancelled)
			return -ECANCELED;
		if (s->timeout && spent >= s->timeout)
			return -ETIMEDOUT;
		if (s->timeout)
			slice = VZ_MIN(slice, s->timeout - spent);
		r = pidfd_wait(fd, slice);
		if (r != -ETIMEDOUT)
			return r;
	}
}

/* The group dies with the leader not waited for yet, so its number cannot be somebody else's. */
static int wait_or_kill(pid_t pid, const struct script_run *s)
{
	bool plain = !s->timeout && !s->cancelled;
	auto_close int fd = plain ? -1 : pidfd_open_pid(pid);
	int r = 0, status;

	if (!plain)
		r = fd < 0 ? fd : wait_in_time(fd, s);
	/* Time to put things away: whoever cancels is not in such a hurry. */
	if (r == -ECANCELED && kill(-pid, SIGTERM) == 0)
		(void)pidfd_wait(fd, CANCEL_PATIENCE);
	if (r < 0)
		(void)kill(-pid, SIGKILL);
	status = proc_wait(pid);
	return r < 0 ? r : status;
}

int script_run(const struct script_run *s)
{
	auto_strv char **env = NULL;
	auto_strv char **shell_argv = NULL;
	auto_close int in = -1;
	auto_close int out = -1;
	auto_close int err = -1;
	auto_close int failure_read = -1;
	auto_close int failure_write = -1;
	char *only_file[] = { (char *)s->file, NULL };
	struct prepared p = { .file = s->file, .argv = s->argv ? s->argv : only_file };
	int fds[2], r;
	pid_t pid;

	r = build_env(s->env, &env);
	if (r == 0)
		r = build_shell_argv(s, &shell_argv);
	if (r < 0)
		return r;
	in = copy_above(s->stdin_fd);
	out = copy_above(s->stdout_fd >= 0 ? s->stdout_fd : STDOUT_FILENO);
	err = copy_above(STDERR_FILENO);
	if (in < 0 || out < 0 || err < 0)
		return in < 0 ? in : out < 0 ? out : err;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	failure_read = fds[0];
	failure_write = copy_above(fds[1]);
	(void)close(fds[1]);
	if (failure_write < 0)
		return failure_write;

	p.env = env;
	p.shell_argv = shell_argv;
	p.fds[0] = in;
	p.fds[1] = out;
	p.fds[2] = err;
	p.failure = failure_write;
	p.ends_with = s->ends_with_us ? getpid() : 0;
	pid = start(&p);
	if (pid < 0)
		return pid;
	(void)close(take_fd(&failure_write));
	r = read_failure(failure_read);
	if (r < 0) {
		(void)proc_wait(pid);
		return r;
	}
	return wait_or_kill(pid, s);
}

int script_exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

char *script_find(const char *name)
{
	auto_free char *dirs = strdup(SCRIPT_PATH);
	char *save = NULL;

	for (char *dir = dirs ? strtok_r(dirs, ":", &save) : NULL; dir; dir = strtok_r(NULL, ":", &save)) {
		char *path = path_join(dir, name);

		if (!path || access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}
