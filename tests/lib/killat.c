// SPDX-License-Identifier: GPL-2.0-only
/*
 * killat: run a command and kill -9 one of its processes at a place that can be named again.
 *
 *	killat [[--maker] WHO] WHERE COMMAND [ARG...]
 *
 * WHO is the command itself, or
 *	--child N		the Nth process made by it or its children
 *	--program TEXT		the first of them that is executed with TEXT in its command line
 * or, with --maker before that, the command itself when such a process comes to the place,
 * and WHERE is, each time just before the system call is made,
 *	--call N		the Nth system call
 *	--change N		the Nth of those that change something: files, mounts, processes, what is sent
 *	--write TEXT		the first write(2) of something with TEXT in it
 *	--end			its end
 *	--count			nowhere; what there would have been is printed: "calls N changes N processes N"
 *
 * The rest of them is not touched: what they do without the one that was killed is theirs to decide. What
 * was done is said on standard error. The exit status is that of the command (128 + N: killed by signal N);
 * 99 if the place was never reached.
 *
 * The process is stopped at the entry of the call with ptrace(2), and a call that is stopped there when
 * SIGKILL comes is not made. Nothing in the command knows of this.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/ptrace.h>

#define NOT_REACHED 99
#define TEXT_MAX 4096
#define PROCESSES_MAX 4096
#define TIME_LIMIT 120	/* seconds; a command that hangs is a failure, too */

enum where { AT_CALL, AT_CHANGE, AT_WRITE, AT_END, AT_COUNT };

static struct {
	long child;		/* 0: the command itself */
	const char *program;
	bool maker;
	enum where where;
	long number;
	const char *text;
} want;

static pid_t command, target;
static long calls, changes, processes;
static bool reached;

static void die(const char *what)
{
	fprintf(stderr, "killat: %s: %s\n", what, strerror(errno));
	exit(125);
}

/* ---- system calls ---- */

static const struct {
	long nr;
	const char *name;
	enum { ALWAYS, OPENING, WRITING } when;
} changing[] = {
	{ SYS_open, "open", OPENING }, { SYS_openat, "openat", OPENING }, { SYS_creat, "creat", ALWAYS },
	{ SYS_write, "write", WRITING }, { SYS_writev, "writev", WRITING }, { SYS_pwrite64, "pwrite64", WRITING },
	{ SYS_ftruncate, "ftruncate", ALWAYS }, { SYS_rename, "rename", ALWAYS },
	{ SYS_renameat, "renameat", ALWAYS }, { SYS_renameat2, "renameat2", ALWAYS },
	{ SYS_link, "link", ALWAYS }, { SYS_linkat, "linkat", ALWAYS }, { SYS_symlink, "symlink", ALWAYS },
	{ SYS_symlinkat, "symlinkat", ALWAYS }, { SYS_unlink, "unlink", ALWAYS },
	{ SYS_unlinkat, "unlinkat", ALWAYS }, { SYS_mkdir, "mkdir", ALWAYS }, { SYS_mkdirat, "mkdirat", ALWAYS },
	{ SYS_rmdir, "rmdir", ALWAYS }, { SYS_mknod, "mknod", ALWAYS }, { SYS_mknodat, "mknodat", ALWAYS },
	{ SYS_chmod, "chmod", ALWAYS }, { SYS_fchmod, "fchmod", ALWAYS }, { SYS_fchmodat, "fchmodat", ALWAYS },
	{ SYS_chown, "chown", ALWAYS }, { SYS_fchown, "fchown", ALWAYS }, { SYS_fchownat, "fchownat", ALWAYS },
	{ SYS_mount, "mount", ALWAYS }, { SYS_umount2, "umount2", ALWAYS }, { SYS_pivot_root, "pivot_root", ALWAYS },
	{ SYS_move_mount, "move_mount", ALWAYS }, { SYS_open_tree, "open_tree", ALWAYS },
	{ SYS_fsmount, "fsmount", ALWAYS }, { SYS_mount_setattr, "mount_setattr", ALWAYS },
	{ SYS_clone, "clone", ALWAYS }, { SYS_clone3, "clone3", ALWAYS }, { SYS_fork, "fork", ALWAYS },
	{ SYS_vfork, "vfork", ALWAYS }, { SYS_execve, "execve", ALWAYS }, { SYS_execveat, "execveat", ALWAYS },
	{ SYS_unshare, "unshare", ALWAYS }, { SYS_setns, "setns", ALWAYS }, { SYS_kill, "kill", ALWAYS },
	{ SYS_pidfd_send_signal, "pidfd_send_signal", ALWAYS }, { SYS_sendmsg, "sendmsg", ALWAYS },
	{ SYS_sendto, "sendto", ALWAYS }, { SYS_bpf, "bpf", ALWAYS }, { SYS_exit_group, "exit_group", ALWAYS },
};

/* Its name if the call changes something, else NULL. */
static const char *change_name(const struct ptrace_syscall_info *i)
{
	for (size_t n = 0; n < sizeof(changing) / sizeof(*changing); n++) {
		uint64_t flags = i->entry.args[changing[n].nr == SYS_open ? 1 : 2];

		if ((long)i->entry.nr != changing[n].nr)
			continue;
		if (changing[n].when == OPENING && !(flags & (O_CREAT | O_TRUNC)))
			return NULL;
		/* What is printed changes nothing. */
		if (changing[n].when == WRITING && i->entry.args[0] <= 2)
			return NULL;
		return changing[n].name;
	}
	return NULL;
}

static bool writes_text(pid_t pid, const struct ptrace_syscall_info *i)
{
	static char buf[TEXT_MAX];
	size_t len = i->entry.args[2] < sizeof(buf) ? i->entry.args[2] : sizeof(buf);
	struct iovec here = { buf, len }, there = { (void *)(uintptr_t)i->entry.args[1], len };
	ssize_t n;

	if (i->entry.nr != SYS_write)
		return false;
	n = process_vm_readv(pid, &here, 1, &there, 1, 0);
	return n > 0 && memmem(buf, (size_t)n, want.text, strlen(want.text));
}

/* At the entry of a call of the target: is this the place? */
static bool is_place(pid_t pid, const struct ptrace_syscall_info *i)
{
	bool change = change_name(i);

	calls++;
	changes += change;
	switch (want.where) {
	case AT_CALL:	return calls == want.number;
	case AT_CHANGE:	return change && changes == want.number;
	case AT_WRITE:	return writes_text(pid, i);
	case AT_END:	return i->entry.nr == SYS_exit_group;
	default:	return false;
	}
}

static void at_syscall(pid_t pid)
{
	struct ptrace_syscall_info i;
	const char *name;

	if (reached || ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(i), &i) < 0 || i.op != PTRACE_SYSCALL_INFO_ENTRY ||
	    !is_place(pid, &i))
		return;
	reached = true;
	name = change_name(&i);
	fprintf(stderr, "killat: kill -9 when %d was before call %ld, %s(%ld)\n", (int)pid, calls, name ? name : "",
		(long)i.entry.nr);
	(void)kill(want.maker ? command : pid, SIGKILL);
}

/* ---- processes ---- */

/* Of a new process either its maker tells or its own first stop, whichever comes first. */
static void note_process(pid_t pid)
{
	static pid_t known[PROCESSES_MAX];

	for (long i = 0; i < processes; i++)
		if (known[i] == pid)
			return;
	if (pid == command || processes == PROCESSES_MAX)
		return;
	known[processes++] = pid;
	if (processes == want.child)
		target = pid;
}

static void at_new_process(pid_t parent)
{
	unsigned long pid;

	if (ptrace(PTRACE_GETEVENTMSG, parent, 0, &pid) == 0)
		note_process((pid_t)pid);
}

static void at_exec(pid_t pid)
{
	char path[64], text[TEXT_MAX];
	ssize_t n;
	int fd;

	if (!want.program || target)
		return;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (fd >= 0)
		close(fd);
	if (n > 0 && memmem(text, (size_t)n, want.program, strlen(want.program)))
		target = pid;
}

/* Let it go on after a stop. */
static void go_on(pid_t pid, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;
	bool group_stop = event == PTRACE_EVENT_STOP && sig != SIGTRAP;

	if (event || sig == (SIGTRAP | 0x80))
		sig = 0;
	(void)ptrace(group_stop ? PTRACE_LISTEN : pid == target ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0, sig);
}

static void at_stop(pid_t pid, int status)
{
	note_process(pid);
	switch (status >> 16) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		at_new_process(pid);
		break;
	case PTRACE_EVENT_EXEC:
		at_exec(pid);
		break;
	case 0:
		if (WSTOPSIG(status) == (SIGTRAP | 0x80) && pid == target)
			at_syscall(pid);
		break;
	}
	go_on(pid, status);
}

/* Until the command ends; whoever is left then is let go by our own end. */
static int watch(void)
{
	int status;

	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0)
			die("wait");
		if (WIFSTOPPED(status))
			at_stop(pid, status);
		else if (pid == command)
			return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
}

static void begin(char **argv)
{
	bool children = want.child || want.program || want.where == AT_COUNT;
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC;
	int ready[2];
	char c;

	if (children)
		options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
	if (pipe2(ready, O_CLOEXEC) < 0)
		die("pipe");
	command = fork();
	if (command < 0)
		die("fork");
	if (command == 0) {
		(void)close(ready[1]);
		if (read(ready[0], &c, 1) != 1)
			_exit(125);
		execvp(argv[0], argv);
		die(argv[0]);
	}
	if (ptrace(PTRACE_SEIZE, command, 0, options) < 0)
		die("ptrace");
	if (!want.child && !want.program)
		target = command;
	/* It is stopped by its exec; from there on its calls count. */
	if (write(ready[1], "", 1) != 1)
		die("write");
	(void)close(ready[0]);
	(void)close(ready[1]);
}

static void usage(void)
{
	fputs("usage: killat [[--maker] --child N|--program TEXT] --call N|--change N|--write TEXT|--end|--count COMMAND [ARG...]\n",
	      stderr);
	exit(125);
}

static char **read_options(char **argv)
{
	bool have_where = false;

	for (; *argv && !strncmp(*argv, "--", 2); argv++) {
		const char *name = *argv + 2;

		if (!strcmp(name, "maker")) {
			want.maker = true;
			continue;
		}
		if (!strcmp(name, "end") || !strcmp(name, "count")) {
			want.where = *name == 'e' ? AT_END : AT_COUNT;
			have_where = true;
			continue;
		}
		if (!*++argv)
			usage();
		if (!strcmp(name, "child")) {
			want.child = atol(*argv);
		} else if (!strcmp(name, "program")) {
			want.program = *argv;
		} else if (!strcmp(name, "write")) {
			want.where = AT_WRITE;
			want.text = *argv;
			have_where = true;
		} else if (!strcmp(name, "call") || !strcmp(name, "change")) {
			want.where = name[1] == 'a' ? AT_CALL : AT_CHANGE;
			want.number = atol(*argv);
			have_where = true;
		} else {
			usage();
		}
	}
	if (!*argv || !have_where)
		usage();
	return argv;
}

int main(int argc, char **argv)
{
	int status;

	(void)argc;
	argv = read_options(argv + 1);
	(void)alarm(TIME_LIMIT);
	begin(argv);
	status = watch();
	if (want.where == AT_COUNT)
		fprintf(stderr, "calls %ld changes %ld processes %ld\n", calls, changes, processes);
	else if (!reached)
		fprintf(stderr, "killat: the place was never reached, the exit status was %d\n", status);
	return reached || want.where == AT_COUNT ? status : NOT_REACHED;
}
