/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making and entering namespaces; see ns.h. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "host/caps.h"
#include "host/ns.h"

#ifndef KEYCTL_JOIN_SESSION_KEYRING
#define KEYCTL_JOIN_SESSION_KEYRING 1
#endif

/* To get inside. It takes a millisecond, unless the container freezes us on the way. */
#define ENTER_TIMEOUT (30 * USEC_PER_SEC)
/* To hear of a helper that another process was asked to make. It takes a millisecond, too. */
#define DELEGATE_TIMEOUT (5 * USEC_PER_SEC)

#define NEW_NAMESPACES \
	(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP)
#define ALL_NAMESPACES (NEW_NAMESPACES | CLONE_NEWUSER | CLONE_NEWTIME)

/* fork() with more to say. -errno or the pid; 0 in the child. */
static pid_t clone_process(uint64_t flags, int cgroup_fd, int *pidfd)
{
	struct clone_args args = {
		.flags = flags,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		/* A sibling reports its death with the signal of its maker's parent. */
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};
	pid_t pid;

	if (pidfd)
		args.flags |= CLONE_PIDFD;
	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	return pid < 0 ? -errno : pid;
}

/* ---- the conversation ---- */

int ns_tell(int sock, enum ns_stage stage)
{
	return fd_send(sock, (char)stage, -1);
}

int ns_await(int sock, enum ns_stage stage)
{
	char tag;
	int fd, r = fd_receive(sock, &tag, &fd);

	if (r < 0)
		return r;
	if (fd >= 0)
		(void)close(fd);
	return tag == (char)stage ? 0 : -EPROTO;
}

void ns_die(int sock, const char *where, int error)
{
	struct ns_failure f = { .error = error };

	(void)snprintf(f.where, sizeof(f.where), "%s", where);
	if (ns_tell(sock, NS_FAILED) == 0)
		(void)fd_write_all(sock, &f, sizeof(f));
	_exit(127);
}

/* After NS_FAILED was read: the rest of the message. */
static int read_failure(int sock, struct ns_failure *ret)
{
	size_t got = 0;

	while (got < sizeof(*ret)) {
		ssize_t n = read(sock, (char *)ret + got, sizeof(*ret) - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EPIPE;
		got += (size_t)n;
	}
	ret->where[sizeof(ret->where) - 1] = '\0';
	return -ECANCELED;
}

int ns_expect(int sock, enum ns_stage stage, struct ns_failure *ret)
{
	char tag;
	int fd, r = fd_receive(sock, &tag, &fd);

	if (r < 0)
		return r == -ECONNRESET ? -EPIPE : r;
	if (fd >= 0)
		(void)close(fd);
	if (tag == NS_FAILED)
		return read_failure(sock, ret);
	return tag == (char)stage ? 0 : -EPROTO;
}

/* ---- spawning ---- */

/* The limits of the host's init. Asked for where it is process 1: in the host's pid namespace. */
static void read_limits(struct rlimit limits[RLIM_NLIMITS])
{
	for (int i = 0; i < RLIM_NLIMITS; i++)
		if (prlimit(1, (enum __rlimit_resource)i, NULL, &limits[i]) < 0)
			limits[i] = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
}

/*
 * Limits, priorities and the like of whoever typed "vzctl start" are no business of the container: it
 * gets what the host's init has. Without CAP_SYS_RESOURCE some stay lower, which does no harm. All
 * this takes the host's privileges and the host's /proc: inside it would fail, or be tricked.
 */
static void forget_caller(const struct rlimit limits[RLIM_NLIMITS])
{
	struct sched_param normal = { 0 };
	cpu_set_t all;

	for (int i = 0; i < RLIM_NLIMITS; i++) {
		enum __rlimit_resource what = (enum __rlimit_resource)i;
		struct rlimit lim = limits[i], own;

		if (setrlimit(what, &lim) == 0 || getrlimit(what, &own) < 0)
			continue;
		/* As far as it goes. */
		lim.rlim_max = VZ_MIN(lim.rlim_max, own.rlim_max);
		lim.rlim_cur = VZ_MIN(lim.rlim_cur, lim.rlim_max);
		(void)setrlimit(what, &lim);
	}
	memset(&all, 0xff, sizeof(all));
	(void)sched_setaffinity(0, sizeof(all), &all);
	(void)sched_setscheduler(0, SCHED_OTHER, &normal);
	(void)setpriority(PRIO_PROCESS, 0, 0);
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, 0);
	(void)personality(PER_LINUX);
	(void)file_write(AT_FDCWD, "/proc/self/oom_score_adj", "0");
	(void)file_write(AT_FDCWD, "/proc/self/loginuid", "4294967295");
	(void)umask(022);
}

/* A session and a keyring of its own, made with the container's ids: it pays for them. */
static void leave_session(void)
{
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	(void)setsid();
}

static void reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

int ns_become_root(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return -errno;
	return 0;
}

/* Tell a stage, and who says so. */
static int introduce(int sock, enum ns_stage stage)
{
	auto_close int pidfd = pidfd_open_pid(getpid());

	return pidfd < 0 ? pidfd : fd_send(sock, (char)stage, pidfd);
}

/*
 * The process announces itself: if its maker did, what it says next could be heard first, for both
 * speak through the same socket.
 */
static void __attribute__((noreturn)) run_process(const struct ns_spawn *s, int sock)
{
	int r = introduce(sock, NS_SPAWNED);

	if (r < 0)
		ns_die(sock, "tell of the new process", -r);
	if (ns_await(sock, NS_MET) < 0)
		_exit(127);	/* the caller does not want us, or is gone */
	s->child(s->data, sock);
	_exit(127);
}

/* The helper's whole life. It ends as soon as the process proper exists. */
static void __attribute__((noreturn)) run_helper(const struct ns_spawn *s, int sock)
{
	struct rlimit limits[RLIM_NLIMITS];
	const char *where = "";
	int r;
	pid_t pid;

	reset_signals();
	r = s->prepare(s->data, &where);
	if (r < 0)
		ns_die(sock, where, -r);
	read_limits(limits);
	forget_caller(limits);
	r = caps_become_user_keep_all(s->id_base, s->id_base);
	if (r < 0)
		ns_die(sock, "take the ids of the container's root", -r);
	if (unshare(CLONE_NEWUSER | CLONE_NEWTIME) < 0)
		ns_die(sock, "make user and time namespaces", errno);
	r = introduce(sock, NS_USERNS);
	if (r == 0)
		r = ns_await(sock, NS_MAPPED);
	if (r < 0)
		_exit(127);	/* the caller is gone, nobody to tell */
	r = ns_become_root();
	if (r < 0)
		ns_die(sock, "become root of the container", -r);
	leave_session();

	pid = clone_process(CLONE_PARENT | NEW_NAMESPACES, -1, NULL);
	if (pid < 0)
		ns_die(sock, "make namespaces", -pid);
	if (pid == 0)
		run_process(s, sock);
	_exit(0);
}

static int write_proc(pid_t pid, const char *file, const char *text)
{
	auto_free char *path = str_printf("/proc/%d/%s", (int)pid, file);

	return path ? file_write(AT_FDCWD, path, text) : -ENOMEM;
}

/* Ids, and clocks that begin now: uptime inside counts from the start of the container. */
static int map_namespaces(pid_t pid, const struct ns_spawn *s)
{
	auto_free char *map = str_printf("0 %u %u\n", s->id_base, s->id_count);
	auto_free char *offsets = NULL;
	struct timespec mono, boot;
	int r;

	(void)clock_gettime(CLOCK_MONOTONIC, &mono);
	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	offsets = str_printf("monotonic -%lld 0\nboottime -%lld 0\n", (long long)mono.tv_sec,
			     (long long)boot.tv_sec);
	if (!map || !offsets)
		return -ENOMEM;
	r = write_proc(pid, "uid_map", map);
	if (r == 0)
		r = write_proc(pid, "gid_map", map);
	if (r == 0)
		r = write_proc(pid, "timens_offsets", offsets);
	return r;
}

/* Note in f what is being done, so that a failure from here on can name it. */
static void now_doing(struct ns_failure *f, const char *what)
{
	(void)snprintf(f->where, sizeof(f->where), "%s", what);
}

/* The pid behind a pidfd, as this process sees it. */
static pid_t pidfd_pid(int pidfd)
{
	auto_free char *path = str_printf("/proc/self/fdinfo/%d", pidfd);
	auto_free char *text = NULL;
	const char *line;
	int r = path ? file_read(AT_FDCWD, path, 4096, &text, NULL) : -ENOMEM;

	if (r < 0)
		return r;
	line = strstr(text, "\nPid:");
	return line ? (pid_t)strtol(line + 5, NULL, 10) : -EBADMSG;
}

/* A stage at which somebody introduces himself: his pidfd. */
static int meet(int sock, enum ns_stage stage, int *ret_pidfd, struct ns_failure *f)
{
	char tag;
	int r = fd_receive(sock, &tag, ret_pidfd);

	if (r < 0)
		return r == -ECONNRESET ? -EPIPE : r;
	if (tag == NS_FAILED)
		return read_failure(sock, f);
	return tag == (char)stage && *ret_pidfd >= 0 ? 0 : -EPROTO;
}

/* The process exists and waits: what is to be known about it before it begins. */
static int meet_process(const struct ns_spawn *s, int sock, int pidfd, pid_t *ret_pid, struct ns_failure *f)
{
	const char *where = "";
	pid_t pid = pidfd_pid(pidfd);
	int r;

	if (pid <= 0)
		return pid < 0 ? pid : -ESRCH;
	r = s->meet ? s->meet(s->data, pid, &where) : 0;
	if (r < 0) {
		now_doing(f, where);
		return r;
	}
	*ret_pid = pid;
	return ns_tell(sock, NS_MET);
}

static int talk_to_helper(const struct ns_spawn *s, int sock, int *ret_helper, int *ret_pidfd,
			  struct ns_failure *f)
{
	pid_t helper;
	int r;

	now_doing(f, "make user and time namespaces");
	r = meet(sock, NS_USERNS, ret_helper, f);
	if (r < 0)
		return r;
	now_doing(f, "map ids and clocks");
	helper = pidfd_pid(*ret_helper);
	r = helper > 0 ? map_namespaces(helper, s) : -ESRCH;
	if (r < 0)
		return r;
	now_doing(f, "make namespaces");
	r = ns_tell(sock, NS_MAPPED);
	return r < 0 ? r : meet(sock, NS_SPAWNED, ret_pidfd, f);
}

/* Readable within the time, or at its end? Signals do not count. */
static bool is_readable_in_time(int fd, usec_t timeout)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	usec_t end = now_usec() + timeout;

	for (;;) {
		usec_t now = now_usec();
		int r = now < end ? poll(&p, 1, (int)((end - now + 999) / 1000)) : 0;

		if (r >= 0 || errno != EINTR)
			return r > 0;
	}
}

/* Has somebody at the other end said something, before the time is over and before he was gone? */
static bool is_heard(int sock)
{
	char c;

	return is_readable_in_time(sock, DELEGATE_TIMEOUT) && recv(sock, &c, 1, MSG_PEEK) == 1;
}

pid_t ns_spawn_for(const struct ns_spawn *s, int sock)
{
	pid_t helper = clone_process(0, s->cgroup_fd, NULL);

	if (helper == 0)
		run_helper(s, sock);
	return helper;
}

/*
 * A helper, and in *ret_sock our end of the conversation with it. Its pid if it is our own child, 0 if
 * another process made it, or a negative errno.
 */
static pid_t make_helper(const struct ns_spawn *s, bool delegated, int *ret_sock)
{
	auto_close int ours = -1;
	auto_close int theirs = -1;
	pid_t helper = 0;
	int sock[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock) < 0)
		return -errno;
	ours = sock[0];
	theirs = sock[1];
	if (delegated) {
		r = s->delegate(s->data, theirs);
		(void)close(take_fd(&theirs));
		if (r < 0 || !is_heard(ours))
			return r < 0 ? r : -ETIMEDOUT;
	} else {
		helper = clone_process(0, s->cgroup_fd, NULL);
		if (helper < 0)
			return helper;
		if (helper == 0) {
			(void)close(take_fd(&ours));
			run_helper(s, theirs);
		}
	}
	*ret_sock = take_fd(&ours);
	return helper;
}

int ns_spawn(const struct ns_spawn *s, struct ns_spawned *ret, struct ns_failure *ret_failure)
{
	auto_close int sock = -1;
	auto_close int pidfd = -1;
	auto_close int helper_fd = -1;
	pid_t helper = -1, pid = 0;
	int r;

	now_doing(ret_failure, "make a process in the container's cgroup");
	if (s->delegate)
		helper = make_helper(s, true, &sock);
	if (helper < 0)
		helper = make_helper(s, false, &sock);
	if (helper < 0)
		return helper;
	r = talk_to_helper(s, sock, &helper_fd, &pidfd, ret_failure);
	if (r == 0)
		r = meet_process(s, sock, pidfd, &pid, ret_failure);
	if (r < 0 && helper > 0)
		(void)kill(helper, SIGKILL);
	else if (r < 0 && helper_fd >= 0)
		(void)pidfd_signal(helper_fd, SIGKILL);
	if (helper > 0)
		(void)proc_wait(helper);
	if (r < 0) {
		if (pidfd >= 0)
			(void)pidfd_signal(pidfd, SIGKILL);
		return r == -ECANCELED ? -ret_failure->error : r;
	}
	*ret = (struct ns_spawned){
		.pid = pid,
		.pidfd = take_fd(&pidfd),
		.sock = take_fd(&sock),
		.delegated = helper == 0,
	};
	return 0;
}

/* ---- entering ---- */

/*
 * What can be entered while we are still root of the host, to whom nobody inside can send a signal: until the
 * user namespace is entered the container cannot hold us up, and we are waited for.
 */
static int enter_as_host(const struct ns_enter *e, const struct rlimit limits[RLIM_NLIMITS])
{
	/* The container's root sees us already. What of the host's is in our memory is not for him to read. */
	int r = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;

	reset_signals();
	/* It may run anything of the container's only within the container's limits. */
	if (r == 0 && e->enter_groups)
		r = e->enter_groups(e->data);
	if (r < 0)
		return r;
	forget_caller(limits);
	return setns(e->pidfd, ALL_NAMESPACES & ~(CLONE_NEWPID | CLONE_NEWUSER)) < 0 ? -errno : 0;
}

static void __attribute__((noreturn)) run_entrant(const struct ns_enter *e, const struct rlimit limits[RLIM_NLIMITS],
						  int report)
{
	int r = enter_as_host(e, limits);

	if (fd_write_all(report, &r, sizeof(r)) < 0 || r < 0)
		_exit(127);
	(void)close(report);
	/* This fails only if init has ended meanwhile, and then so do we. */
	if (setns(e->pidfd, CLONE_NEWUSER) < 0 || ns_become_root() < 0)
		_exit(127);
	/* Whoever stops us on our way would keep what we have of the host's open, should vzctl be killed meanwhile. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	leave_session();
	e->child(e->data);
	_exit(127);
}

void ns_survive_caller(void)
{
	(void)prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
}

/* A child in the pid namespace, which nobody can enter who lives: for that moment, children of ours are born there. */
static pid_t clone_inside(const struct ns_enter *e, int *ret_pidfd)
{
	auto_close int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	pid_t pid;
	int r;

	if (own < 0 || setns(e->pidfd, CLONE_NEWPID) < 0)
		return -errno;
	pid = clone_process(0, e->cgroup_fd, ret_pidfd);
	if (pid == 0 || setns(own, CLONE_NEWPID) == 0)
		return pid;
	/* Out of memory. What else we make had better fail, too. */
	r = -errno;
	if (pid > 0) {
		(void)pidfd_signal(*ret_pidfd, SIGKILL);
		(void)proc_reap(pid, *ret_pidfd);
	}
	return r;
}

/* What the entrant says of itself. -EPIPE: it is gone without a word. */
static int hear_entrant(int report)
{
	ssize_t n;
	int r;

	/* Whoever can freeze the container's groups may bring it to a stop at any point. */
	if (!is_readable_in_time(report, ENTER_TIMEOUT))
		return -ETIMEDOUT;
	do {
		n = read(report, &r, sizeof(r));
	} while (n < 0 && errno == EINTR);
	return n == sizeof(r) ? r : -EPIPE;
}

int ns_enter(const struct ns_enter *e, pid_t *ret_pid, int *ret_pidfd)
{
	struct rlimit limits[RLIM_NLIMITS];
	auto_close int ours = -1;
	auto_close int theirs = -1;
	auto_close int pidfd = -1;
	int fds[2], r;
	pid_t pid;

	read_limits(limits);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	ours = fds[0];
	theirs = fds[1];
	pid = clone_inside(e, &pidfd);
	if (pid < 0)
		return pid;
	if (pid == 0) {
		(void)close(take_fd(&ours));
		run_entrant(e, limits, theirs);
	}
	(void)close(take_fd(&theirs));
	r = hear_entrant(ours);
	if (r < 0) {
		(void)pidfd_signal(pidfd, SIGKILL);
		/* Init could not end before somebody waited for it. */
		(void)proc_reap(pid, pidfd);
		return r;
	}
	*ret_pid = pid;
	*ret_pidfd = take_fd(&pidfd);
	return 0;
}
