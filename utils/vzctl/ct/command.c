/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command inside a running container, and the shell text of scripts; see command.h. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "ct/command.h"
#include "host/ceiling.h"
#include "host/ns.h"
#include "host/pty.h"
#include "host/script.h"

#define OUTPUT_MAX 65536	/* of a script; what is beyond is thrown away */
#define POLL_SLICE USEC_PER_SEC
#define EXEC_PATIENCE (30 * USEC_PER_SEC)

static const char *const shells[] = { "/bin/bash", "/usr/bin/bash", "/bin/sh", "/usr/bin/sh" };

/* ---- the child's side ---- */

/* Move the descriptors to be kept out of the way first: they may stand where others have to go. */
static int place_descriptors(struct ct_command *c)
{
	int wanted[] = { c->fds[0], c->fds[1], c->fds[2], c->text, c->report };
	int high[ARRAY_SIZE(wanted)];

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		high[i] = wanted[i] < 0 ? -1 : fcntl(wanted[i], F_DUPFD_CLOEXEC, 32);
		if (wanted[i] >= 0 && high[i] < 0)
			return -errno;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(high[i], i) < 0)
			return -errno;
	if (high[3] >= 0 && dup2(high[3], COMMAND_TEXT_FD) < 0)
		return -errno;
	if (dup3(high[4], COMMAND_TEXT_FD + 1, O_CLOEXEC) < 0)
		return -errno;
	c->report = COMMAND_TEXT_FD + 1;
	if (high[3] < 0)
		(void)close(COMMAND_TEXT_FD);
	return close_range(COMMAND_TEXT_FD + 2, ~0u, 0) < 0 ? -errno : 0;
}

static bool has_shell(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		if (access(shells[i], X_OK) == 0)
			return true;
	return false;
}

static int exec_shell(struct ct_command *c)
{
	/* Whatever is wrong with it, the shell has the words for that. */
	if (c->plain && has_shell())
		(void)execve(c->plain[0], c->plain, c->env);
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		auto_free char *name = str_printf("%s%s", c->shell_name, strrchr(shells[i], '/') + 1);

		c->argv[0] = name;
		(void)execve(shells[i], c->argv, c->env);
	}
	return -errno;
}

static int exec_programs(struct ct_command *c)
{
	char *const *const only[] = { c->argv, NULL };
	int r = -ENOENT;

	/* They are looked for where the command's own PATH says. */
	environ = (char **)c->env;
	for (char *const *const *argv = c->programs ? c->programs : only; *argv; argv++) {
		(void)execvp((*argv)[0], *argv);
		if (errno != ENOENT)
			r = -errno;
	}
	return r;
}

static void run_command(void *data)
{
	struct ct_command *c = data;
	int r = place_descriptors(c);

	if (r == 0 && c->terminal && ioctl(0, TIOCSCTTY, 0) < 0)
		r = -errno;
	if (r == 0 && chdir(c->cwd) < 0 && chdir("/") < 0)
		r = -errno;
	ns_survive_caller();
	if (r == 0)
		r = c->shell ? exec_shell(c) : exec_programs(c);
	(void)fd_write_all(c->report, &r, sizeof(r));
	_exit(127);
}

/* ---- our side ---- */

int command_begin(struct vz_ct *ct, struct ct_command *c, pid_t *ret_pid, int *ret_pidfd, int *ret_report,
		  struct vz_err *err)
{
	struct vz_enter enter = { .child = run_command, .data = c };
	auto_close int theirs = -1;
	auto_close int ours = -1;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return vz_fail(err, VZ_E_SYSTEM, -errno, "make a pipe");
	ours = fds[0];
	theirs = fds[1];
	c->report = theirs;
	if (ct->vz->be->enter(&ct->env, &enter, ret_pid, ret_pidfd, err) < 0)
		return -1;
	*ret_report = take_fd(&ours);
	return 0;
}

int command_await(int report, int pidfd)
{
	int error;
	ssize_t n;

	/* It takes a millisecond, unless the container's root freezes his groups right now. */
	if (pidfd_wait(report, EXEC_PATIENCE) == -ETIMEDOUT)	/* any descriptor will do */
		(void)pidfd_signal(pidfd, SIGKILL);
	do {
		n = read(report, &error, sizeof(error));
	} while (n < 0 && errno == EINTR);
	return n == sizeof(error) ? -error : 0;
}

/* It takes a millisecond; but who asks us to end must not wait for a command that the container's root has stopped. */
static void await_exec(struct vz_ct *ct, int report, int pidfd)
{
	usec_t end = now_usec() + EXEC_PATIENCE;

	while (now_usec() < end && pidfd_wait(report, POLL_SLICE) == -ETIMEDOUT)
		if (ct_is_cancelled(ct)) {
			(void)pidfd_signal(pidfd, SIGKILL);
			return;
		}
}

int command_start(struct vz_ct *ct, struct ct_command *c, pid_t *ret_pid, int *ret_pidfd,
		  int *ret_error, struct vz_err *err)
{
	auto_close int report = -1;

	if (command_begin(ct, c, ret_pid, ret_pidfd, &report, err) < 0)
		return -1;
	await_exec(ct, report, *ret_pidfd);
	*ret_error = command_await(report, *ret_pidfd);
	return 0;
}

int command_terminal(struct vz_ct *ct, int *ret_master, int *ret_slave, struct vz_err *err)
{
	auto_free char *path = str_printf("/proc/%d/root", (int)ct->env.init_pid);
	auto_close int root = path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	auto_close int master = -1;
	auto_close int slave = -1;
	auto_free char *why = NULL;
	int r = root < 0 ? -errno : pty_open(root, &master, &slave);

	/* The pid may have become another's in the meantime. */
	if (r == 0)
		r = pidfd_signal(ct->env.init_pidfd, 0);
	/* It belongs to us, who are nobody inside: by its name even root could not open it there. */
	if (r == 0 && fchown(slave, ct->env.id_base, (gid_t)-1) < 0)
		r = -errno;
	if (r == -ENOSPC && (why = ceiling_explain(CEILING_PTYS)))
		return vz_fail(err, VZ_E_SYSTEM, 0, "open a terminal in container %u: %s", ct->id, why);
	if (r < 0)
		return vz_fail(err, VZ_E_SYSTEM, r, "open a terminal in container %u", ct->id);
	*ret_master = take_fd(&master);
	*ret_slave = take_fd(&slave);
	return 0;
}

/* Exit status, 256 + N for a death by signal N. */
int command_status(int status)
{
	return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

int command_no_program(struct vz_ct *ct, const struct ct_command *c, int error, struct vz_err *err)
{
	if (c->shell)
		return vz_fail(err, VZ_E_BAD_TMPL, -error, "container %u has no shell that runs", ct->id);
	return vz_fail(err, VZ_E_BAD_TMPL, -error, "run '%s' in container %u", c->argv[0], ct->id);
}

/* A read-only memory file that holds text. */
int command_text_fd(const char *text)
{
	auto_close int fd = memfd_create("script", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, text, strlen(text));
	if (r == 0 && fchmod(fd, 0444) < 0)
		r = -errno;
	if (r == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		r = -errno;
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? r : take_fd(&fd);
}

char *const command_env[] = { (char *)"HOME=/", (char *)"TERM=linux", (char *)"PATH=" SCRIPT_PATH, NULL };

/* ---- scripts: output goes to the log ---- */

/* Lines for the log. They come from inside: what a terminal might act on is replaced. */
static void log_output(struct vz_ct *ct, char *text)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		for (char *p = line; *p; p++)
			if (iscntrl((unsigned char)*p) && *p != '\t')
				*p = '?';
		ct_info(ct, "%s", line);
	}
}

/* Read what comes until the process ended, the time is over, or a signal asks us to end. */
static int collect(struct vz_ct *ct, int out, int pidfd, usec_t timeout, struct vz_str *text)
{
	usec_t end = now_usec() + timeout;
	size_t late = 0;
	bool open = true;

	for (;;) {
		struct pollfd p[2] = {
			{ .fd = pidfd, .events = POLLIN },
			{ .fd = open ? out : -1, .events = POLLIN },
		};
		usec_t now = now_usec();
		char buf[4096];
		ssize_t n;
		int r;

		if (ct_is_cancelled(ct))
			return -ECANCELED;
		if (now >= end)
			return -ETIMEDOUT;
		/* In slices: the signal may come just before poll() does. */
		r = poll(p, 2, (int)((VZ_MIN(end - now, POLL_SLICE) + 999) / 1000));
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r <= 0)
			continue;
		n = open && p[1].revents ? read(out, buf, sizeof(buf)) : -1;
		if (n > 0 && text->len < OUTPUT_MAX)
			str_add_n(text, buf, (size_t)n);
		if (n == 0)
			open = false;
		/*
		 * A daemon the script left behind may hold the pipe, or even fill it for ever: the
		 * script's own end counts, and what it had written by then.
		 */
		if (p[0].revents && (n <= 0 || (late += (size_t)n) > OUTPUT_MAX))
			return 0;
	}
}

int inside_run_text(struct vz_ct *ct, const char *text, char *const *env, usec_t timeout,
		    int *ret_status, struct vz_err *err)
{
	auto_close int text_fd = command_text_fd(text);
	auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	auto_close int out = -1;
	auto_close int in = -1;
	auto_close int pidfd = -1;
	char *argv[] = { NULL, (char *)COMMAND_TEXT_PATH, NULL };
	struct ct_command c = { .text = text_fd, .shell = true, .shell_name = "", .argv = argv, .cwd = "/" };
	struct vz_str output = { 0 };
	int fds[2], error, r, status;
	pid_t pid;

	if (text_fd < 0 || null < 0 || pipe2(fds, O_CLOEXEC) < 0)
		return vz_fail(err, VZ_E_SYSTEM, text_fd < 0 ? text_fd : -errno, "prepare a script");
	out = fds[0];
	in = fds[1];
	/* Else /dev/stderr could not be opened inside. */
	(void)fchown(in, ct->env.id_base, ct->env.id_base);
	c.env = env ? env : command_env;
	c.fds[0] = null;
	c.fds[1] = in;
	c.fds[2] = in;
	if (command_start(ct, &c, &pid, &pidfd, &error, err) < 0)
		return -1;
	(void)close(take_fd(&in));
	r = collect(ct, out, pidfd, timeout, &output);
	if (r < 0) {
		(void)kill(-pid, SIGKILL);
		(void)pidfd_signal(pidfd, SIGKILL);
	}
	status = vz_env_reap(&ct->env, pid, pidfd);
	if (output.len)
		log_output(ct, output.s);
	str_done(&output);
	if (error)
		return command_no_program(ct, &c, error, err);
	if (r == -ECANCELED)
		return vz_fail(err, VZ_E_SYSTEM, 0, "cancelled while a script ran inside container %u", ct->id);
	if (r == -ETIMEDOUT)
		return vz_fail(err, VZ_E_EXEC_TIMEOUT, 0, "a script inside container %u took longer than %llu seconds",
			       ct->id, (unsigned long long)(timeout / USEC_PER_SEC));
	if (r < 0)
		return vz_fail(err, VZ_E_SYSTEM, r, "read the output of a script");
	*ret_status = command_status(status);
	return 0;
}
