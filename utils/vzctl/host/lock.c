/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Container locks: a file with the owner's pid, made by link(2), so it appears with its contents or not
 * at all.
 *
 * The delicate part is a lock whose owner died. Two processes may find it at the same time, and the
 * slower one must not remove the lock the faster one has taken since. So whoever removes a file holds
 * flock() on that very inode and has seen, while holding it, that the name still leads to it. Nobody
 * else can then take it away, and while it is there nobody can make another one under the name.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/strv.h"
#include "host/lock.h"

#define LOCK_FILE_MAX 4096
#define LOOK_AGAIN (50 * USEC_PER_MSEC)
/* A file without a pid is one that a third party is just writing, but not for longer than this. */
#define WRITING_TAKES 10

struct contents {
	pid_t pid;		/* 0: none */
	uint64_t start_time;	/* 0: not given */
	char *boot_id;		/* owned; NULL: not given */
	bool cleanup;		/* LOCK_CLEANUP */
};

static void contents_done(struct contents *c)
{
	free(c->boot_id);
	*c = (struct contents){ 0 };
}

static bool looks_like_uuid(const char *s)
{
	return strlen(s) == 36 && strspn(s, "0123456789abcdef-") == 36;
}

/* "PID\nSTATUS START BOOT-ID\n"; others write the pid alone, with or without a status. */
static int parse(const char *text, struct contents *c)
{
	auto_strv char **words = NULL;
	const char *line2 = strchr(text, '\n');
	long pid = strtol(text, NULL, 10);
	size_t n;
	int r = line2 ? strv_split(line2, " \n", &words) : 0;

	if (r < 0)
		return r;
	c->pid = pid > 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
	n = strv_len(words);
	c->cleanup = n > 0 && strcmp(words[0], LOCK_CLEANUP) == 0;
	if (n < 2 || !looks_like_uuid(words[n - 1]) ||
	    sscanf(words[n - 2], "%" SCNu64, &c->start_time) != 1)
		return 0;
	c->boot_id = strdup(words[n - 1]);
	return c->boot_id ? 0 : -ENOMEM;
}

static int read_lock(int fd, struct contents *c)
{
	auto_free char *text = NULL;
	int r = fd_read_all(fd, LOCK_FILE_MAX, &text, NULL);

	return r < 0 ? r : parse(text, c);
}

static bool is_owner_alive(const struct contents *c, const char *boot_id)
{
	if (c->boot_id && strcmp(c->boot_id, boot_id) != 0)
		return false;
	return proc_is_alive(c->pid, c->boot_id ? c->start_time : 0);
}

/* 1: nobody's any more, 0: held. */
static int judge(int fd, const struct contents *c)
{
	auto_free char *boot_id = NULL;
	struct stat st;
	int r;

	if (c->pid == 0) {
		if (fstat(fd, &st) < 0)
			return -errno;
		return time(NULL) - st.st_mtime > WRITING_TAKES;
	}
	r = proc_boot_id(&boot_id);
	return r < 0 ? r : !is_owner_alive(c, boot_id);
}

/*
 * Remove the stale lock open as fd. 1 if it was us, 0 if somebody else was quicker. It is renamed
 * before it goes: should a third party, which knows nothing of flock(), have put a lock of its own
 * there, that one can be given back.
 */
static int remove_stale(int fd, const char *path)
{
	auto_free char *aside = str_printf("%s.%d.stale", path, (int)getpid());
	struct stat judged, now;

	if (!aside)
		return -ENOMEM;
	if (flock(fd, LOCK_EX) < 0)
		return -errno;
	if (fstat(fd, &judged) < 0)
		return -errno;
	if (lstat(path, &now) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (judged.st_dev != now.st_dev || judged.st_ino != now.st_ino)
		return 0;
	if (rename(path, aside) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (lstat(aside, &now) == 0 && (judged.st_dev != now.st_dev || judged.st_ino != now.st_ino)) {
		(void)link(aside, path);
		(void)unlink(aside);
		return 0;
	}
	return unlink(aside) < 0 ? -errno : 1;
}

/* A file of ours in dir, ready to be linked; *ret_tmp is its path. */
static int write_own(const char *path, const char *status, char **ret_tmp)
{
	auto_free char *tmp = str_printf("%s.%d", path, (int)getpid());
	auto_free char *boot_id = NULL;
	auto_str struct vz_str text = { 0 };
	auto_close int fd = -1;
	struct proc_stat st;
	int r;

	if (!tmp)
		return -ENOMEM;
	r = proc_boot_id(&boot_id);
	if (r == 0)
		r = proc_stat_read(getpid(), &st);
	if (r < 0)
		return r;
	str_addf(&text, "%d\n%s %" PRIu64 " %s\n", (int)getpid(), str_is_empty(status) ? "-" : status,
		 st.start_time, boot_id);
	if (text.failed)
		return -ENOMEM;
	/* Of another process of that number, which is no more. */
	(void)unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, text.s, text.len);
	if (r == 0 && fchmod(fd, 0644) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(tmp);
		return r;
	}
	*ret_tmp = take_ptr(tmp);
	return 0;
}

/* Sleep a while, less if the owner ends: most owners release the lock with their last breath. */
static void wait_for_owner(pid_t pid, usec_t left)
{
	auto_close int pidfd = pid > 0 ? pidfd_open_pid(pid) : -1;
	struct pollfd p = { .fd = pidfd, .events = POLLIN };	/* poll() skips a negative one */

	(void)poll(&p, 1, (int)(VZ_MIN(left, LOOK_AGAIN) / USEC_PER_MSEC) + 1);
}

static void report_owner(const struct contents *c, struct lock_owner *ret)
{
	if (!ret)
		return;
	ret->pid = c->pid;
	ret->cmdline = NULL;
	if (c->pid)
		(void)proc_cmdline(c->pid, &ret->cmdline);
}

/* One look at a lock in our way. 0: it is gone, try again; -EBUSY: held, *c filled. */
static int look(const char *path, struct contents *c, char **ret_stale)
{
	auto_close int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = read_lock(fd, c);
	if (r == 0)
		r = judge(fd, c);
	if (r <= 0)
		return r < 0 ? r : -EBUSY;
	r = remove_stale(fd, path);
	if (r == 1 && ret_stale && !*ret_stale) {
		*ret_stale = strdup(path);
		return *ret_stale ? 0 : -ENOMEM;
	}
	return r < 0 ? r : 0;
}

static int take(const char *tmp, const char *path, usec_t timeout, struct lock_owner *ret_owner,
		char **ret_stale)
{
	usec_t start = now_usec();

	for (;;) {
		struct contents c = { 0 };
		usec_t waited, patience;
		int r;

		if (link(tmp, path) == 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
		r = look(path, &c, ret_stale);
		waited = now_usec() - start;
		patience = c.cleanup ? VZ_MAX(timeout, LOCK_CLEANUP_TIMEOUT) : timeout;
		if (r == -EBUSY && waited < patience) {
			wait_for_owner(c.pid, patience - waited);
			r = 0;
		}
		if (r == -EBUSY)
			report_owner(&c, ret_owner);
		contents_done(&c);
		if (r < 0)
			return r;
	}
}

/* What processes that are gone left beside the lock: they were killed while they took it. */
static void sweep(const char *dir, const char *file)
{
	auto_closedir DIR *d = opendir(dir);
	size_t len = strlen(file);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char *end;
		long pid;

		if (strncmp(e->d_name, file, len) != 0 || e->d_name[len] != '.')
			continue;
		pid = strtol(e->d_name + len + 1, &end, 10);
		if (pid > 0 && pid <= INT32_MAX && (!*end || str_equal(end, ".stale")) && !proc_is_alive((pid_t)pid, 0))
			(void)unlinkat(dirfd(d), e->d_name, 0);
	}
}

int lock_take(const char *dir, const char *name, const char *status, usec_t timeout,
	      struct lock_owner *ret_owner, char **ret_stale)
{
	auto_free char *file = str_printf("%s.lck", name);
	auto_free char *path = file ? path_join(dir, file) : NULL;
	auto_free char *tmp = NULL;
	int r;

	if (ret_stale)
		*ret_stale = NULL;
	if (!path)
		return -ENOMEM;
	r = write_own(path, status, &tmp);
	if (r < 0)
		return r;
	r = take(tmp, path, timeout, ret_owner, ret_stale);
	(void)unlink(tmp);
	if (r == 0)
		sweep(dir, file);
	return r;
}

bool lock_is_held(const char *dir, const char *name)
{
	auto_free char *file = str_printf("%s.lck", name);
	auto_free char *path = file ? path_join(dir, file) : NULL;
	auto_close int fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
	struct contents c = { 0 };
	bool held;

	if (fd < 0)
		return path && path_exists(path);
	held = read_lock(fd, &c) < 0 || judge(fd, &c) != 1;
	contents_done(&c);
	return held;
}

void lock_release(const char *dir, const char *name)
{
	auto_free char *file = str_printf("%s.lck", name);
	auto_free char *path = file ? path_join(dir, file) : NULL;
	auto_free char *boot_id = NULL;
	struct contents c = { 0 };
	auto_close int fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;

	/* While we live nobody takes our lock for stale, so what is read here is what is removed. */
	if (fd >= 0 && read_lock(fd, &c) == 0 && c.pid == getpid() && proc_boot_id(&boot_id) == 0 &&
	    is_owner_alive(&c, boot_id))
		(void)unlink(path);
	contents_done(&c);
}

void lock_owner_done(struct lock_owner *o)
{
	free(o->cmdline);
	*o = (struct lock_owner){ 0 };
}
