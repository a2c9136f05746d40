// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel that lacks something, for one program: preloaded, it answers as such a kernel would.
 * WITHOUT names what is missing: "overlay", "userns", "timens", "bpf". See without() in badinput.bats.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static int is_missing(const char *what)
{
	const char *missing = getenv("WITHOUT");

	return missing && strcmp(missing, what) == 0;
}

int fsopen(const char *type, unsigned int flags)
{
	static int (*real)(const char *, unsigned int);

	if (!real)
		real = (int (*)(const char *, unsigned int))dlsym(RTLD_NEXT, "fsopen");
	if (is_missing("overlay") && strcmp(type, "overlay") == 0) {
		errno = ENODEV;
		return -1;
	}
	return real(type, flags);
}

static int look(const char *name, const char *path, struct stat *st)
{
	int (*real)(const char *, struct stat *) = (int (*)(const char *, struct stat *))dlsym(RTLD_NEXT, name);

	if ((is_missing("userns") && strcmp(path, "/proc/self/ns/user") == 0) ||
	    (is_missing("timens") && strcmp(path, "/proc/self/ns/time") == 0)) {
		errno = ENOENT;
		return -1;
	}
	return real(path, st);
}

int lstat(const char *path, struct stat *st)
{
	return look("lstat", path, st);
}

/* By the name that programs for large files use. */
int lstat_large(const char *path, struct stat *st) __asm__("lstat64");
int lstat_large(const char *path, struct stat *st)
{
	return look("lstat64", path, st);
}

long syscall(long nr, ...)
{
	static long (*real)(long, ...);
	long a[6];
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (!real)
		real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	if (nr == SYS_bpf && is_missing("bpf")) {
		errno = EPERM;
		return -1;
	}
	return real(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}
