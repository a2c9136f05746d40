/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Version 1 hierarchies: where they are, and what cpuset needs.
 *
 * Which hierarchies exist is read from /proc/self/cgroup. Where they are mounted is asked of libcgroup
 * only for those that are not below /sys/fs/cgroup under their usual name. The reason is the price:
 * cgroup_init() clears a static table (0.5 ms of page faults) and reads the whole mount table, 3.4 us a
 * line. With 1000 containers mounted that is 4 ms, more than all else a start or an exec does with
 * cgroups; looking at the usual place costs 0.05 ms however many containers there are. For the same
 * reason groups are made and parameters written through the descriptors found here: each libcgroup
 * call goes through /proc/mounts again, loses the errno of a failed open, moves single threads instead
 * of processes, and Debian's build hides systemd's hierarchy altogether.
 *
 * Nor is it linked: it and the thread library it brings along would add 0.15 ms to the start of every
 * command (a tenth of "vzctl status"), on hosts that never ask it anything. It is loaded when needed,
 * by the name of the very library its header came with.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <libcgroup.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include <linux/magic.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "host/cgroup-priv.h"

#define USUAL_PLACE "/sys/fs/cgroup"
#define PROC_FILE_MAX (1 << 20)

/* names: "cpu,cpuacct" or "name=systemd". Mounted in full or under one of the controllers' names. */
static int open_usual_place(const char *names, char *const *controllers)
{
	const char *dir = str_has_prefix(names, "name=") ? names + strlen("name=") : names;
	auto_free char *path = path_join(USUAL_PLACE, dir);
	int fd;

	if (!path)
		return -ENOMEM;
	fd = cgroup_open_if(path, CGROUP_SUPER_MAGIC);
	for (size_t i = 0; fd < 0 && controllers[i] && controllers[1]; i++) {
		auto_free char *alias = path_join(USUAL_PLACE, controllers[i]);

		if (!alias)
			return -ENOMEM;
		fd = cgroup_open_if(alias, CGROUP_SUPER_MAGIC);
	}
	return fd;
}

static void drop_message(void *data, int level, const char *fmt, va_list ap)
{
	(void)data, (void)level, (void)fmt, (void)ap;
}

/* What we use of libcgroup. */
struct library {
	void *handle;		/* NULL: not loaded */
	__typeof__(cgroup_set_logger) *set_logger;
	__typeof__(cgroup_init) *init;
	__typeof__(cgroup_get_last_errno) *get_last_errno;
	__typeof__(cgroup_get_controller_begin) *get_controller_begin;
	__typeof__(cgroup_get_controller_next) *get_controller_next;
	__typeof__(cgroup_get_controller_end) *get_controller_end;
};

static int library_open(struct library *lib)
{
	const struct { const char *name; void **to; } symbols[] = {
		{ "cgroup_set_logger",           (void **)&lib->set_logger },
		{ "cgroup_init",                 (void **)&lib->init },
		{ "cgroup_get_last_errno",       (void **)&lib->get_last_errno },
		{ "cgroup_get_controller_begin", (void **)&lib->get_controller_begin },
		{ "cgroup_get_controller_next",  (void **)&lib->get_controller_next },
		{ "cgroup_get_controller_end",   (void **)&lib->get_controller_end },
	};

	lib->handle = dlopen(LIBCGROUP_SONAME, RTLD_NOW | RTLD_LOCAL);
	if (!lib->handle)
		return -ELIBACC;
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		*symbols[i].to = dlsym(lib->handle, symbols[i].name);
		if (!*symbols[i].to)
			return -ELIBBAD;
	}
	return 0;
}

static void library_close(struct library *lib)
{
	if (lib->handle)
		(void)dlclose(lib->handle);
	*lib = (struct library){ 0 };
}

/*
 * libcgroup's table of mounts, read anew: it may be older than a mount of ours. Its default logger
 * would write to stderr as an environment variable tells it; a library has no business doing that.
 */
static int read_mount_table(struct library *lib)
{
	int r = library_open(lib);

	if (r < 0)
		return r;
	lib->set_logger(drop_message, CGROUP_LOG_ERROR, NULL);
	r = lib->init();
	if (r == 0 || r == ECGROUPNOTMOUNTED)
		return 0;
	return r == ECGOTHER && lib->get_last_errno() > 0 ? -lib->get_last_errno() : -EIO;
}

/* Where libcgroup says one of the controllers is mounted. */
static int open_by_table(const struct library *lib, char *const *controllers)
{
	struct cgroup_mount_point mount;
	void *handle = NULL;
	int fd = -ENOENT;
	int r;

	for (r = lib->get_controller_begin(&handle, &mount); r == 0;
	     r = lib->get_controller_next(&handle, &mount)) {
		if (strv_find(controllers, mount.name) < 0)
			continue;
		fd = cgroup_open_if(mount.path, CGROUP_SUPER_MAGIC);
		if (fd >= 0)
			break;
	}
	(void)lib->get_controller_end(&handle);
	return fd;
}

static int add_hierarchy(struct cgroups *cg, int root, char ***controllers)
{
	struct cgroup_v1 *bigger = realloc(cg->v1, (cg->n_v1 + 1) * sizeof(*bigger));
	struct cgroup_v1 *v1;

	if (!bigger)
		return -ENOMEM;
	cg->v1 = bigger;
	v1 = &cg->v1[cg->n_v1++];
	v1->root = root;
	v1->controllers = take_ptr(*controllers);
	v1->cpuset = strv_find(v1->controllers, "cpuset") >= 0;
	return 0;
}

/* One line of /proc/self/cgroup, "4:memory:/path". A lib that is loaded has read its table. */
static int discover_one(struct cgroups *cg, const char *line, bool usual, struct library *lib)
{
	auto_free char *names = NULL;
	auto_strv char **controllers = NULL;
	auto_close int fd = -1;
	const char *start = strchr(line, ':');
	const char *end = start ? strchr(start + 1, ':') : NULL;
	int r;

	if (!end)
		return -EBADMSG;
	if (end == start + 1)
		return 0;	/* v2 */
	names = strndup(start + 1, (size_t)(end - start - 1));
	if (!names)
		return -ENOMEM;
	r = strv_split(names, ",", &controllers);
	if (r < 0)
		return r;
	if (usual)
		fd = open_usual_place(names, controllers);
	if (fd < 0 && !lib->handle) {
		r = read_mount_table(lib);
		if (r < 0)
			return r;
	}
	if (fd < 0)
		fd = open_by_table(lib, controllers);
	if (fd < 0)
		return 0;	/* in use by someone, but out of our reach */
	r = add_hierarchy(cg, fd, &controllers);
	if (r == 0)
		(void)take_fd(&fd);
	return r;
}

static int discover(struct cgroups *cg, bool usual)
{
	auto_free char *text = NULL;
	auto_strv char **lines = NULL;
	struct library lib = { 0 };
	int r;

	r = file_read(AT_FDCWD, "/proc/self/cgroup", PROC_FILE_MAX, &text, NULL);
	if (r == 0)
		r = strv_split(text, "\n", &lines);
	for (size_t i = 0; r == 0 && lines && lines[i]; i++)
		r = discover_one(cg, lines[i], usual, &lib);
	library_close(&lib);
	if (r < 0)
		cgroup_v1_done(cg);
	return r;
}

int cgroup_v1_discover(struct cgroups *cg)
{
	return discover(cg, true);
}

int cgroup_v1_discover_by_table(struct cgroups *cg)
{
	return discover(cg, false);
}

void cgroup_v1_done(struct cgroups *cg)
{
	for (size_t i = 0; i < cg->n_v1; i++) {
		(void)close(cg->v1[i].root);
		strv_free(cg->v1[i].controllers);
	}
	free(cg->v1);
	cg->v1 = NULL;
	cg->n_v1 = 0;
}

/* 1: it was empty. */
static int copy_if_empty(int root, const char *parent, const char *group, const char *file)
{
	auto_free char *from = path_join(*parent ? parent : ".", file);
	auto_free char *to = path_join(group, file);
	auto_free char *value = NULL;
	auto_free char *inherited = NULL;
	int r;

	if (!from || !to)
		return -ENOMEM;
	r = file_read_line(root, to, &value);
	if (r < 0 || *value)
		return r;
	r = file_read_line(root, from, &inherited);
	if (r == 0)
		r = file_write(root, to, inherited);
	return r < 0 ? r : 1;
}

/*
 * Groups made below this one are born with its values from now on, and hand that on. Writing them
 * costs more: each write makes the kernel look at all groups there are.
 */
static void let_children_inherit(int root, const char *group)
{
	auto_free char *path = path_join(group, "cgroup.clone_children");

	/* Without it they are written for each group. */
	if (path)
		(void)file_write(root, path, "1");
}

int cgroup_v1_init_cpuset(int root, const char *parent, const char *group)
{
	int r = copy_if_empty(root, parent, group, "cpuset.mems");

	if (r >= 0)
		r = copy_if_empty(root, parent, group, "cpuset.cpus");
	if (r > 0)
		let_children_inherit(root, group);
	return r < 0 ? r : 0;
}
