/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Version 1 hierarchies: where they are, and what cpuset needs.
 *
 * Which hierarchies exist is read from /proc/self/cgroup. Their roots are opened when they are needed: most
 * commands need none of them, or one. Where they are mounted is asked of libcgroup only for those that are
 * not below /sys/fs/cgroup under their usual name. The reason is the price:
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

/* One line of /proc/self/cgroup, "4:memory:/path". */
static int add_hierarchy(struct cgroups *cg, const char *line)
{
	struct cgroup_v1 *bigger, *v1;
	const char *start = strchr(line, ':');
	const char *end = start ? strchr(start + 1, ':') : NULL;

	if (!end)
		return -EBADMSG;
	if (end == start + 1)
		return 0;	/* v2 */
	bigger = realloc(cg->v1, (cg->n_v1 + 1) * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	cg->v1 = bigger;
	v1 = &cg->v1[cg->n_v1++];
	*v1 = (struct cgroup_v1){
		.root = CGROUP_V1_UNKNOWN,
		.names = strndup(start + 1, (size_t)(end - start - 1)),
	};
	if (!v1->names || strv_split(v1->names, ",", &v1->controllers) < 0)
		return -ENOMEM;
	v1->cpuset = strv_find(v1->controllers, "cpuset") >= 0;
	return 0;
}

int cgroup_v1_discover(struct cgroups *cg)
{
	auto_free char *text = NULL;
	auto_strv char **lines = NULL;
	int r;

	r = file_read(AT_FDCWD, "/proc/self/cgroup", PROC_FILE_MAX, &text, NULL);
	if (r == 0)
		r = strv_split(text, "\n", &lines);
	for (size_t i = 0; r == 0 && lines && lines[i]; i++)
		r = add_hierarchy(cg, lines[i]);
	if (r < 0)
		cgroup_v1_done(cg);
	return r;
}

/* Those whose root is not known yet, all at once: the table is dear. */
static void find_roots(const struct cgroups *cg, bool usual)
{
	struct library lib = { 0 };
	int r = read_mount_table(&lib);

	for (size_t i = 0; i < cg->n_v1; i++) {
		struct cgroup_v1 *v1 = &cg->v1[i];

		if (v1->root != CGROUP_V1_UNKNOWN)
			continue;
		if (usual)
			v1->root = open_usual_place(v1->names, v1->controllers);
		if (v1->root < 0)
			v1->root = r < 0 ? r : open_by_table(&lib, v1->controllers);
	}
	library_close(&lib);
}

void cgroup_v1_find_by_table(struct cgroups *cg)
{
	find_roots(cg, false);
}

int cgroup_v1_root(const struct cgroups *cg, size_t i)
{
	struct cgroup_v1 *v1 = &cg->v1[i];
	int fd;

	if (v1->root != CGROUP_V1_UNKNOWN)
		return v1->root;
	fd = open_usual_place(v1->names, v1->controllers);
	if (fd >= 0)
		v1->root = fd;
	else
		find_roots(cg, true);
	return v1->root;
}

void cgroup_v1_done(struct cgroups *cg)
{
	for (size_t i = 0; i < cg->n_v1; i++) {
		if (cg->v1[i].root >= 0)
			(void)close(cg->v1[i].root);
		free(cg->v1[i].names);
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
