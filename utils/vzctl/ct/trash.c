/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Trees on their way out. They are first moved aside, by one rename, and removed then: a tree that is half
 * removed never lies in the place of a whole one. What somebody was killed over, the next one removes,
 * whichever container it belonged to.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "ct/ct.h"

#define TRASH "vztmp"		/* beside the directory of private areas: on the same file system */
#define TRASH_PREFIX "vzctl-rm-me."

/* /vz/private/101 → /vz/vztmp; an area right below the root of a file system has it beside itself. */
static char *trash_dir(struct vz_ct *ct)
{
	auto_free char *dir = strdup(ct->env.private_area);

	for (int up = 0; dir && up < 2; up++) {
		char *slash = strrchr(dir, '/');

		if (!slash || slash == dir)
			break;
		*slash = '\0';
	}
	return dir ? path_join(dir, TRASH) : NULL;
}

static int move_to(const char *dir, const char *path)
{
	auto_free char *trash = dir ? str_printf("%s/" TRASH_PREFIX "XXXXXX", dir) : NULL;
	int r = trash ? path_make_dirs(dir, 0700) : -ENOMEM;

	if (r == 0 && !mkdtemp(trash))
		r = -errno;
	if (r < 0)
		return r;
	/* Onto the empty directory of that name. */
	if (rename(path, trash) == 0)
		return 0;
	r = -errno;
	(void)rmdir(trash);
	return r;
}

/* To where an unfinished area would be: there it is in nobody's way either. Takes no more room. */
static int remove_beside(const char *area, const char *beside)
{
	int r = path_remove_tree(AT_FDCWD, beside);

	if (r == 0 && rename(area, beside) < 0)
		r = -errno;
	return r < 0 ? r : path_remove_tree(AT_FDCWD, beside);
}

int trash_put(struct vz_ct *ct, const char *path)
{
	auto_free char *dir = trash_dir(ct);
	auto_free char *beside = str_printf("%s.tmp", ct->env.private_area);
	int r = dir && beside ? move_to(dir, path) : -ENOMEM;

	if (r == 0 || r == -ENOMEM)
		return r;
	/* The areas are a file system of their own, or a full one has no room for a directory. */
	if (!str_equal(path, beside) && remove_beside(path, beside) == 0)
		return 0;
	/* It is a file system itself, and cannot be moved. */
	return path_remove_tree(AT_FDCWD, path);
}

/*
 * One at a time: two at work on one tree would each find things gone that they were about to remove. The
 * directory stays, another may be about to use it.
 */
void trash_empty(struct vz_ct *ct, bool wait)
{
	auto_free char *dir = trash_dir(ct);
	auto_closedir DIR *d = dir ? opendir(dir) : NULL;
	struct dirent *e;

	if (!d || (flock(dirfd(d), LOCK_EX | (wait ? 0 : LOCK_NB)) < 0 && errno == EWOULDBLOCK))
		return;
	while ((e = readdir(d))) {
		int r;

		if (!str_has_prefix(e->d_name, TRASH_PREFIX))
			continue;
		r = path_remove_tree(dirfd(d), e->d_name);
		/* One who waited has read its name before it went. */
		if (r < 0 && r != -ENOENT)
			ct_warn(ct, "cannot remove '%s/%s', ignoring", dir, e->d_name);
	}
}
