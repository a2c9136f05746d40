/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The groups below a group, in either version.
 *
 * What lies below a container's group was made by the container: any depth, any names, and it may
 * change while we look. Nothing here recurses, builds a path of it or minds a group that vanishes.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "host/cgroup-priv.h"

int cgroup_open_if(const char *path, long magic)
{
	auto_close int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if (fs.f_type != magic)
		return -ENOENT;
	return take_fd(&fd);
}

static int list_children(int dir, char ***ret)
{
	auto_strv char **names = NULL;
	auto_closedir DIR *d = NULL;
	struct dirent *e;
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	d = fdopendir(fd);
	if (!d) {
		int r = -errno;

		(void)close(fd);
		return r;
	}
	while ((e = readdir(d))) {
		int r;

		if (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		r = strv_add(&names, e->d_name);
		if (r < 0)
			return r;
	}
	*ret = take_ptr(names);
	return 0;
}

int cgroup_children(struct cgroups *cg, const char *group, char ***ret)
{
	auto_close int fd = cgroup_fd(cg, *group ? group : ".");

	return fd < 0 ? fd : list_children(fd, ret);
}

/* A group on the way from the start of a walk to where it is now. */
struct level {
	char *name;		/* owned; NULL for the start */
	char **children;	/* strv, owned */
	size_t next;		/* the child to go to next */
};

struct trail {
	struct level *levels;
	size_t n;
};

static int go_down(struct trail *t, int *cur, const char *name)
{
	struct level *bigger = realloc(t->levels, (t->n + 1) * sizeof(*bigger));
	struct level l = { 0 };
	int r = 0;

	if (!bigger)
		return -ENOMEM;
	t->levels = bigger;
	if (name) {
		int sub = openat(*cur, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (sub < 0)
			return -errno;
		(void)close(*cur);
		*cur = sub;
		l.name = strdup(name);
		if (!l.name)
			return -ENOMEM;
	}
	r = list_children(*cur, &l.children);
	/* Removed between the two: no children then, and the caller of the visit copes with the rest. */
	if (r < 0 && r != -ENOENT && r != -ENODEV) {
		free(l.name);
		return r;
	}
	t->levels[t->n++] = l;
	return 0;
}

static void drop_level(struct trail *t)
{
	struct level *l = &t->levels[--t->n];

	free(l->name);
	strv_free(l->children);
}

/* Visit the start itself: its parent is found by path, not by "..", which leads out of a bind mount. */
static int visit_start(int root, const char *group, cgroup_visit_fn fn, void *data)
{
	const char *slash = strrchr(group, '/');
	auto_free char *above = slash ? strndup(group, (size_t)(slash - group)) : strdup(".");
	auto_close int fd = -1;

	if (!above)
		return -ENOMEM;
	fd = openat(root, above, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fn(fd, slash ? slash + 1 : group, data);
}

int cgroup_walk(int root, const char *group, cgroup_visit_fn fn, void *data)
{
	auto_close int cur = openat(root, group, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct trail t = { 0 };
	int r;

	if (cur < 0)
		return -errno;
	r = go_down(&t, &cur, NULL);
	while (r == 0) {
		struct level *l = &t.levels[t.n - 1];
		int up;

		if (l->children && l->children[l->next]) {
			r = go_down(&t, &cur, l->children[l->next++]);
			if (r == -ENOENT)
				r = 0;	/* gone since it was listed */
			continue;
		}
		if (t.n == 1) {
			r = visit_start(root, group, fn, data);
			break;
		}
		up = openat(cur, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (up < 0) {
			r = -errno;
			break;
		}
		(void)close(cur);
		cur = up;
		r = fn(cur, l->name, data);
		drop_level(&t);
	}
	while (t.n)
		drop_level(&t);
	free(t.levels);
	return r;
}
