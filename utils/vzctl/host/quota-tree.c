/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tree into a project; see quota.h.
 *
 * Only files and directories can be given a number. Links, nodes and sockets get theirs when they are made,
 * and one with another number than its directory's could never be renamed again: so each is made anew, in a
 * directory that hands the number down, and takes the old one's place by a rename. It keeps its owner, mode
 * and times. Two names of one such file become two files.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macros.h"
#include "host/quota.h"

#define DEPTH_MAX 512		/* a descriptor each */
#define WORKSHOP ".vzctl-quota"	/* the directory in which they are made */
#define LINK_MAX_LEN 4096

struct adoption {
	uint32_t project;
	int workshop;		/* descriptor */
	dev_t dev;
};

static int make_link(const struct adoption *a, int dir, const char *name)
{
	char target[LINK_MAX_LEN];
	ssize_t n = readlinkat(dir, name, target, sizeof(target));

	if (n < 0)
		return -errno;
	if (n == (ssize_t)sizeof(target))
		return -ENAMETOOLONG;
	target[n] = '\0';
	return symlinkat(target, a->workshop, "new") < 0 ? -errno : 0;
}

static int make_anew(const struct adoption *a, int dir, const char *name, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	bool is_link = S_ISLNK(st->st_mode);
	int r = is_link ? make_link(a, dir, name) : 0;

	if (!is_link && mknodat(a->workshop, "new", st->st_mode, st->st_rdev) < 0)
		r = -errno;
	if (r < 0)
		return r;
	/* The mode last: a change of owner takes bits from it. */
	if (fchownat(a->workshop, "new", st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (!is_link && fchmodat(a->workshop, "new", st->st_mode & 07777, 0) < 0) ||
	    utimensat(a->workshop, "new", times, AT_SYMLINK_NOFOLLOW) < 0 ||
	    renameat(a->workshop, "new", dir, name) < 0)
		return -errno;
	return 0;
}

static int adopt_directory(const struct adoption *a, int fd, unsigned int depth);

static int adopt_entry(const struct adoption *a, int dir, const char *name, unsigned int depth)
{
	/* Without opening: a FIFO would wait, a device may do anything. */
	auto_close int place = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	auto_close int fd = -1;
	char path[32];
	struct stat st;

	if (place < 0 || fstat(place, &st) < 0)
		return -errno;
	if (st.st_dev != a->dev)
		return -EXDEV;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return make_anew(a, dir, name, &st);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return quota_mark(fd, a->project);
	(void)close(take_fd(&place));
	return adopt_directory(a, take_fd(&fd), depth + 1);
}

/* Takes the descriptor. Of the top of all only what is in it. */
static int adopt_directory(const struct adoption *a, int fd, unsigned int depth)
{
	auto_closedir DIR *d = fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (!d) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	if (depth > DEPTH_MAX)
		return -ELOOP;
	while (r == 0 && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    (depth > 0 || strcmp(e->d_name, WORKSHOP) != 0))
			r = adopt_entry(a, dirfd(d), e->d_name, depth);
	return r < 0 || depth == 0 ? r : quota_mark(dirfd(d), a->project);
}

static int open_workshop(int dir, uint32_t project)
{
	auto_close int fd = -1;
	/* Left by one that was killed, or by whoever wanted to be in the way. */
	int r = path_remove_tree(dir, WORKSHOP);

	if (r < 0)
		return r;
	if (mkdirat(dir, WORKSHOP, 0700) < 0)
		return -errno;
	fd = openat(dir, WORKSHOP, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = quota_mark(fd, project);
	return r < 0 ? r : take_fd(&fd);
}

int quota_adopt(int dir, uint32_t project)
{
	struct adoption a = { .project = project, .workshop = -1 };
	auto_close int top = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int r, last;

	if (top < 0 || fstat(dir, &st) < 0)
		return -errno;
	a.dev = st.st_dev;
	a.workshop = open_workshop(dir, project);
	if (a.workshop < 0)
		return a.workshop;
	r = adopt_directory(&a, take_fd(&top), 0);
	(void)close(a.workshop);
	last = path_remove_tree(dir, WORKSHOP);
	if (r == 0)
		r = last;
	return r < 0 ? r : quota_mark(dir, project);
}
