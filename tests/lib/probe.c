// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a shell inside a container cannot ask: make one system call and print how it went, "ok" or the
 * name of the error. Built statically by build_probe of helpers.bash, so that it runs in any container.
 *
 *	probe CALL              one of the table below
 *	probe unshare FLAGS     hexadecimal
 *	probe open r|w|rw PATH
 *	probe mknod c|b MAJOR MINOR PATH
 *	probe writable		of the paths on standard input print those that may be written
 *	probe euid		print the effective user id
 *	probe keyring COMMAND…  run a command in a session keyring that holds the key "openve-secret"
 *	probe forks		make children that sleep until no more can be made; print their number and why,
 *				and sleep
 *	probe bomb		fork without end, each child too; the name of all is "bomb"
 *	probe sleep NAME        change the process name, say so, and wait for the end of the world
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* With arguments that are refused for another reason when the filter lets them pass. */
static const struct { const char *name; long nr; } calls[] = {
	{ "bpf", SYS_bpf },
	{ "io_uring_setup", SYS_io_uring_setup },
	{ "keyctl", SYS_keyctl },
	{ "add_key", SYS_add_key },
	{ "request_key", SYS_request_key },
	{ "userfaultfd", SYS_userfaultfd },
	{ "init_module", SYS_init_module },
	{ "finit_module", SYS_finit_module },
	{ "delete_module", SYS_delete_module },
	{ "kexec_load", SYS_kexec_load },
	{ "open_by_handle_at", SYS_open_by_handle_at },
	{ "perf_event_open", SYS_perf_event_open },
	{ "clock_settime", SYS_clock_settime },
	{ "acct", SYS_acct },
	{ "swapon", SYS_swapon },
#ifdef SYS_iopl
	{ "iopl", SYS_iopl },
#endif
	{ "getppid", SYS_getppid },
};

static int say(long r)
{
	puts(r >= 0 ? "ok" : strerrorname_np(errno));
	return r < 0;
}

static int fill_with_children(void)
{
	int n = 0;

	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			for (;;)
				pause();
		if (pid < 0)
			break;
		n++;
	}
	printf("%d %s\n", n, strerrorname_np(errno));
	fflush(stdout);
	for (;;)
		pause();
}

static int explode(void)
{
	signal(SIGCHLD, SIG_IGN);
	prctl(PR_SET_NAME, "bomb");
	for (;;)
		fork();
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "unshare") == 0 && argc == 3)
		return say(unshare((int)strtoul(argv[2], NULL, 16)));
	if (strcmp(what, "open") == 0 && argc == 4)
		return say(open(argv[3], (strcmp(argv[2], "r") == 0 ? O_RDONLY :
					  strcmp(argv[2], "w") == 0 ? O_WRONLY : O_RDWR) | O_NONBLOCK));
	if (strcmp(what, "mknod") == 0 && argc == 6)
		return say(mknod(argv[5], (argv[2][0] == 'b' ? S_IFBLK : S_IFCHR) | 0666,
				 makedev((unsigned int)atoi(argv[3]), (unsigned int)atoi(argv[4]))));
	if (strcmp(what, "writable") == 0) {
		char path[4096];

		while (fgets(path, sizeof(path), stdin)) {
			path[strcspn(path, "\n")] = '\0';
			if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0)
				puts(path);
		}
		return 0;
	}
	if (strcmp(what, "euid") == 0)
		return printf("%u\n", (unsigned int)geteuid()) < 0;
	if (strcmp(what, "keyring") == 0 && argc > 2) {
		if (syscall(SYS_keyctl, 1 /* JOIN_SESSION_KEYRING */, NULL) < 0 ||
		    syscall(SYS_add_key, "user", "openve-secret", "x", 1, -3 /* the session's */) < 0)
			return say(-1);
		execvp(argv[2], argv + 2);
		return say(-1);
	}
	if (strcmp(what, "forks") == 0)
		return fill_with_children();
	if (strcmp(what, "bomb") == 0)
		return explode();
	if (strcmp(what, "sleep") == 0 && argc == 3) {
		prctl(PR_SET_NAME, argv[2]);
		puts("ok");
		fflush(stdout);
		for (;;)
			pause();
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(what, calls[i].name) == 0)
			return say(syscall(calls[i].nr, 0, 0, 0, 0, 0, 0));
	fprintf(stderr, "probe: what is '%s'?\n", what);
	return 2;
}
