/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes as the host sees them; see proc.h. */
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"

#define PROC_FILE_MAX (1 << 20)
#define REAP_PATIENCE USEC_PER_SEC
#define FIELD_FLAGS 9
#define FIELD_START_TIME 22
#define FIELD_PENDING 31
/* Flags of the kernel's struct task_struct, the same since 1994. */
#define PF_EXITING 0x4
#define PF_FORKNOEXEC 0x40

usec_t now_usec(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (usec_t)ts.tv_sec * USEC_PER_SEC + (usec_t)ts.tv_nsec / 1000;
}

static int read_proc(pid_t pid, const char *file, char **ret, size_t *ret_len)
{
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	r = file_read(AT_FDCWD, path, PROC_FILE_MAX, ret, ret_len);
	return r == -ENOENT ? -ESRCH : r;
}

static void read_flags(unsigned long flags, struct proc_stat *ret)
{
	if ((flags & PF_EXITING) && ret->state != 'Z')
		ret->state = 'X';
	ret->has_not_execed = flags & PF_FORKNOEXEC;
}

int proc_stat_read(pid_t pid, struct proc_stat *ret)
{
	auto_free char *text = NULL;
	const char *p;
	int ppid, session;
	int r = read_proc(pid, "stat", &text, NULL);

	if (r < 0)
		return r;
	/* The name is in parentheses and may hold anything, more of them included. */
	p = strrchr(text, ')');
	if (!p || sscanf(p, ") %c %d %*d %d", &ret->state, &ppid, &session) != 3)
		return -EBADMSG;
	ret->ppid = ppid;
	ret->session = session;
	p++;
	for (int field = 3; field <= FIELD_PENDING; field++) {
		p = strchr(p, ' ');
		if (!p)
			return -EBADMSG;
		p++;
		if (field == FIELD_FLAGS)
			read_flags(strtoul(p, NULL, 10), ret);
		else if (field == FIELD_START_TIME)
			ret->start_time = strtoull(p, NULL, 10);
	}
	ret->is_killed = strtoul(p, NULL, 10) & (1ul << (SIGKILL - 1));
	return 0;
}

bool proc_is_alive(pid_t pid, uint64_t start_time)
{
	struct proc_stat st;

	if (proc_stat_read(pid, &st) < 0)
		return false;
	if (start_time && st.start_time != start_time)
		return false;
	return st.state != 'Z' && st.state != 'X';
}

int proc_nspid(pid_t pid, pid_t *ret, size_t max)
{
	auto_free char *text = NULL;
	char *p;
	int n = 0;
	int r = read_proc(pid, "status", &text, NULL);

	if (r < 0)
		return r;
	p = strstr(text, "\nNSpid:");
	if (!p)
		return -ENODATA;
	for (p += strlen("\nNSpid:"); *p == '\t'; n++) {
		pid_t one = (pid_t)strtol(p + 1, &p, 10);

		if ((size_t)n < max)
			ret[n] = one;
	}
	return n;
}

int proc_status_number(pid_t pid, const char *line, uint64_t *ret)
{
	auto_free char *key = str_printf("\n%s:\t", line);
	auto_free char *text = NULL;
	int r = key ? read_proc(pid, "status", &text, NULL) : -ENOMEM;
	const char *p = r < 0 ? NULL : strstr(text, key);
	char *end;

	if (!p)
		return r < 0 ? r : -ENODATA;
	p += strlen(key);
	*ret = strtoull(p, &end, 10);
	return end == p ? -EBADMSG : 0;
}

int proc_cmdline(pid_t pid, char **ret)
{
	auto_free char *text = NULL;
	size_t len;
	int r = read_proc(pid, "cmdline", &text, &len);

	if (r < 0)
		return r;
	while (len && !text[len - 1])
		len--;
	if (len == 0) {
		auto_free char *comm = NULL;

		r = read_proc(pid, "comm", &comm, NULL);
		if (r < 0)
			return r;
		comm[strcspn(comm, "\n")] = '\0';
		*ret = str_printf("[%s]", comm);
		return *ret ? 0 : -ENOMEM;
	}
	for (size_t i = 0; i < len; i++)
		if (!text[i])
			text[i] = ' ';
	*ret = take_ptr(text);
	return 0;
}

int proc_boot_id(char **ret)
{
	return file_read_line(AT_FDCWD, "/proc/sys/kernel/random/boot_id", ret);
}

int pidfd_open_pid(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

int pidfd_signal(int pidfd, int sig)
{
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

int pidfd_wait(int pidfd, usec_t timeout)
{
	usec_t end = now_usec() + timeout;

	for (;;) {
		struct pollfd p = { .fd = pidfd, .events = POLLIN };
		usec_t now = now_usec();
		/* Round up: a rest of less than a millisecond must not become a busy loop. */
		int ms = now >= end ? 0 : (int)((end - now + 999) / 1000);
		int n = poll(&p, 1, ms);

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0 && now_usec() >= end)
			return -ETIMEDOUT;
	}
}

int proc_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status;
}

int proc_reap(pid_t pid, int pidfd)
{
	usec_t end = now_usec() + REAP_PATIENCE;
	struct timespec pause = { .tv_nsec = 100 * 1000 };
	int r, status;

	(void)pidfd_wait(pidfd, REAP_PATIENCE);
	/* Most often at once; a debugger that means no harm takes a moment. */
	while ((r = waitpid(pid, &status, WNOHANG)) == 0 && now_usec() < end) {
		(void)nanosleep(&pause, NULL);
		pause.tv_nsec = VZ_MIN(pause.tv_nsec * 2, 20 * 1000 * 1000);
	}
	if (r < 0)
		return -errno;
	return r == pid ? status : -EBUSY;
}
