/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes of the kernel's tables, and what is left of them; see ceiling.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macros.h"
#include "base/proc.h"
#include "host/ceiling.h"

#define PROC_FILE_MAX (1 << 20)
#define NEARLY_FULL 95		/* per cent */
#define SYSCTL_MAX INT32_MAX

static const struct ceiling {
	enum ceiling_kind kind;
	const char *what, *sysctl;
	/* How many there are: the number behind that text in a file. */
	const char *file, *behind;
	int base;
	const char *reserve;	/* sysctl: that many, and one more, are not for containers */
	uint64_t max;		/* the sysctl takes no more; 0: SYSCTL_MAX */
} ceilings[] = {
	{ CEILING_TASKS, "processes and threads", "kernel.threads-max", "/proc/loadavg", "/", 10, NULL, 0 },
	/* 2^22 is what 64 bit kernels have for it. */
	{ CEILING_TASKS, "process numbers", "kernel.pid_max", "/proc/loadavg", "/", 10, NULL, 1 << 22 },
	{ CEILING_PTYS, "pseudo terminals", "kernel.pty.max", "/proc/sys/kernel/pty/nr", "", 10, "kernel.pty.reserve", 0 },
	{ CEILING_FILES, "open files", "fs.file-max", "/proc/sys/fs/file-nr", "", 10, NULL, 0 },
	{ CEILING_AIO, "events of asynchronous I/O", "fs.aio-max-nr", "/proc/sys/fs/aio-nr", "", 10, NULL, 0 },
	/* Of all networks, but only the host's own has these files. Below the headings each line begins with it. */
	{ CEILING_NETWORK, "IPv4 neighbours", "net.ipv4.neigh.default.gc_thresh3", "/proc/net/stat/arp_cache", "\n", 16, NULL, 0 },
	{ CEILING_NETWORK, "IPv6 neighbours", "net.ipv6.neigh.default.gc_thresh3", "/proc/net/stat/ndisc_cache", "\n", 16, NULL, 0 },
	{ CEILING_NETWORK, "tracked connections", "net.netfilter.nf_conntrack_max",
	  "/proc/sys/net/netfilter/nf_conntrack_count", "", 10, NULL, 0 },
};

static bool read_number(const char *path, const char *behind, int base, uint64_t *ret)
{
	auto_free char *text = NULL;
	const char *number;
	char *end;

	if (file_read(AT_FDCWD, path, PROC_FILE_MAX, &text, NULL) < 0)
		return false;
	number = strstr(text, behind);
	if (!number)
		return false;
	number += strlen(behind);
	*ret = strtoull(number, &end, base);
	return end != number;
}

static bool read_sysctl(const char *name, uint64_t *ret)
{
	auto_free char *path = str_printf("/proc/sys/%s", name);

	for (char *p = path ? strchr(path, '.') : NULL; p; p = strchr(p, '.'))
		*p = '/';
	return path && read_number(path, "", 10, ret);
}

static uint64_t twice(uint64_t value, uint64_t max)
{
	return value >= max ? 0 : VZ_MIN(value * 2, max);
}

static bool read_use(const struct ceiling *c, struct ceiling_use *ret)
{
	uint64_t kept = 0, used, value;

	if (!read_number(c->file, c->behind, c->base, &used) || !read_sysctl(c->sysctl, &value) ||
	    (c->reserve && !read_sysctl(c->reserve, &kept)))
		return false;
	if (c->reserve)
		kept = VZ_MIN(kept + 1, value);
	*ret = (struct ceiling_use){
		.what = c->what,
		.sysctl = c->sysctl,
		.used = used,
		.limit = value - kept,
		.value = value,
		.better = twice(value, c->max ? c->max : SYSCTL_MAX),
	};
	return true;
}

/* In per cent. Of what was switched off nothing is used up. */
static double share(const struct ceiling_use *u)
{
	return u->limit ? (double)u->used * 100 / (double)u->limit : 0;
}

bool ceiling_find(unsigned int kinds, struct ceiling_use *ret)
{
	struct ceiling_use use;

	*ret = (struct ceiling_use){ 0 };
	for (const struct ceiling *c = ceilings; c < ceilings + ARRAY_SIZE(ceilings); c++)
		if ((c->kind & kinds) && read_use(c, &use) && share(&use) >= NEARLY_FULL &&
		    (!ret->what || share(&use) > share(ret)))
			*ret = use;
	return ret->what;
}

/* ---- what can only be tried ---- */

/* The errno of one more instance and one more watch. On the host both are counted by effective uid. */
static int try_as(uid_t uid)
{
	int fd;

	/* Of the kernel, for this one process: nobody else is to become somebody else. */
	if (syscall(SYS_setresuid, (uid_t)-1, uid, (uid_t)-1) < 0)
		return 0;
	fd = inotify_init1(IN_CLOEXEC);
	return fd < 0 || inotify_add_watch(fd, "/", IN_DELETE_SELF) < 0 ? errno : 0;
}

bool ceiling_try_inotify(uid_t uid, struct ceiling_use *ret)
{
	static const struct { int error; const char *what, *sysctl; } tried[] = {
		{ EMFILE, "inotify instances", "fs.inotify.max_user_instances" },
		{ ENOSPC, "inotify watches",   "fs.inotify.max_user_watches" },
	};
	pid_t pid = fork();
	uint64_t value;
	int status;

	if (pid == 0)
		_exit(try_as(uid));
	*ret = (struct ceiling_use){ 0 };
	status = pid < 0 ? -1 : proc_wait(pid);
	for (size_t i = 0; i < ARRAY_SIZE(tried); i++)
		if (status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == tried[i].error &&
		    read_sysctl(tried[i].sysctl, &value))
			*ret = (struct ceiling_use){
				.what = tried[i].what, .sysctl = tried[i].sysctl, .used = value, .limit = value,
				.value = value, .better = twice(value, SYSCTL_MAX), .own = true,
			};
	return ret->what;
}

/* ---- in words ---- */

void ceiling_say(const struct ceiling_use *u, struct vz_str *out)
{
	if (u->own)
		str_addf(out, "it has all the %s that it may have (sysctl %s is %" PRIu64 ")", u->what, u->sysctl, u->value);
	else
		str_addf(out, "the host has %" PRIu64 " of %" PRIu64 " %s in use (sysctl %s is %" PRIu64 ")", u->used, u->limit,
			 u->what, u->sysctl, u->value);
}

void ceiling_advise(const struct ceiling_use *u, struct vz_str *out)
{
	if (u->better)
		str_addf(out, "sysctl -w %s=%" PRIu64, u->sysctl, u->better);
}

char *ceiling_explain(unsigned int kinds)
{
	struct ceiling_use use;
	struct vz_str text = { 0 };

	if (!ceiling_find(kinds, &use))
		return NULL;
	ceiling_say(&use, &text);
	if (use.better)
		str_add(&text, "; it helps to: ");
	ceiling_advise(&use, &text);
	return str_take(&text);
}
