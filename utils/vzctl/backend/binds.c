/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what is to be seen inside to mounts; see binds.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "backend/binds.h"
#include "backend/limits.h"
#include "backend/policy.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "host/mount.h"

#define LXCFS_DIR "/var/lib/lxcfs"
#define LXCFS_TYPE "fuse.lxcfs"

/* What lxcfs shows, by where the kernel shows the same: as far as there is either. */
static const char *const lxcfs_files[] = {
	"/proc/cpuinfo", "/proc/diskstats", "/proc/loadavg", "/proc/meminfo", "/proc/slabinfo", "/proc/stat", "/proc/swaps",
	"/proc/uptime", "/sys/devices/system/cpu/online",
};

/* ---- BINDMOUNT ---- */

static int open_place(struct vz_env *env, struct bind_place *ret, struct vz_err *err)
{
	int r = bind_place_open(env->init_pid, env->init_pidfd, ret);

	return r < 0 ? vz_fail(err, VZ_E_SYSTEM, r, "open the namespaces of container %u", env->id) : 0;
}

static int fail_ids(const char *src, int error, struct vz_err *err)
{
	auto_free char *fs = mount_fs_type(src);

	/* EINVAL is how file systems without id maps answer, EPERM says that there is one already. */
	if (error == EINVAL)
		return vz_fail(err, VZ_E_CANTMOUNT, 0, "'%s' is on %s, which cannot map ids, so it cannot be shown inside",
			       src, fs ? fs : "a file system");
	if (error == EPERM)
		return vz_fail(err, VZ_E_CANTMOUNT, 0,
			       "'%s' is mounted with ids mapped already (of another container?), so it cannot be shown inside", src);
	return vz_fail(err, VZ_E_CANTMOUNT, -error, "map the ids of '%s'", src);
}

static int fail_target(struct vz_env *env, const char *src, const char *dst, int error, struct vz_err *err)
{
	static const struct { int error; const char *what; } known[] = {
		{ ELOOP,   "is a symlink" },
		{ ENOTDIR, "is not the directory that it is on the host" },
		{ EISDIR,  "is a directory, and not on the host" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].error == error)
			return vz_fail(err, VZ_E_CANTMOUNT, 0, "'%s' cannot be shown on '%s', which inside container %u %s",
				       src, dst, env->id, known[i].what);
	return vz_fail(err, VZ_E_CANTMOUNT, -error, "mount on '%s' inside container %u", dst, env->id);
}

static int fail_bind(struct vz_env *env, const char *src, const char *dst, const struct bind_failure *f, struct vz_err *err)
{
	switch (f->stage) {
	case BIND_SOURCE:
		return vz_fail(err, VZ_E_CANTMOUNT, -f->error, "'%s'", src);
	case BIND_IDS:
		return fail_ids(src, f->error, err);
	case BIND_TARGET:
		return fail_target(env, src, dst, f->error, err);
	case BIND_ENTER:
		return vz_fail(err, VZ_E_SYSTEM, -f->error, "enter the namespaces of container %u", env->id);
	case BIND_HELPER:
		break;
	}
	return vz_fail(err, VZ_E_SYSTEM, -f->error, "prepare a mount for container %u", env->id);
}

static uint64_t attributes(const struct bindmount *b)
{
	return (b->ro ? MOUNT_ATTR_RDONLY : 0) | (b->nosuid ? MOUNT_ATTR_NOSUID : 0) |
	       (b->noexec ? MOUNT_ATTR_NOEXEC : 0) | (b->nodev ? MOUNT_ATTR_NODEV : 0);
}

/* As on the disk of a container: its root is the owner of what root of the host owns there. */
static int attach_mapped(struct vz_env *env, const struct bind_place *at, const struct bindmount *b, size_t n, struct vz_err *err)
{
	auto_close int idmap = idmap_open(env->id_base, env->id_count, false);
	auto_free struct bind_mount *m = calloc(n, sizeof(*m));
	struct bind_failure f;

	if (idmap < 0 || !m)
		return vz_fail(err, VZ_E_SYSTEM, idmap < 0 ? idmap : -ENOMEM, "make an id map for container %u", env->id);
	for (size_t i = 0; i < n; i++)
		m[i] = (struct bind_mount){ .src = b[i].src, .tree = -1, .dst = b[i].dst, .attr = attributes(&b[i]), .idmap = idmap };
	if (bind_attach(at, m, n, &f) == 0)
		return 0;
	return fail_bind(env, b[f.index].src, b[f.index].dst, &f, err);
}

int binds_add(struct vz_env *env, const struct bindmount *b, size_t n, struct vz_err *err)
{
	struct bind_place at;
	int r;

	if (open_place(env, &at, err) < 0)
		return -1;
	r = attach_mapped(env, &at, b, n, err);
	bind_place_close(&at);
	return r;
}

int binds_remove(struct vz_env *env, const char *dst, const struct bind_identity *what, struct vz_err *err)
{
	struct bind_place at;
	struct bind_failure f;
	int r;

	if (open_place(env, &at, err) < 0)
		return -1;
	r = bind_detach(&at, dst, what, &f);
	bind_place_close(&at);
	/* He has taken it away himself, or put something over it. */
	if (r == -ENOENT || r == -ELOOP || r == -ENOTDIR)
		return 1;
	return r < 0 ? fail_bind(env, "the container", dst, &f, err) : 0;
}

/* ---- device nodes ---- */

/* From a file system of its own, in which it is "0". */
static int attach_node(struct vz_env *env, const struct bind_place *at, const struct inside_node *node)
{
	auto_free char *dst = path_join("/dev", node->name);
	struct bind_mount m = { .src = "0", .dst = dst, .idmap = -1 };
	struct bind_failure ignored;
	auto_close int fs = -1;
	int r = 0;

	if (!dst)
		return -ENOMEM;
	fs = inside_make_nodes(node, 1, env->id_base, &r);
	m.tree = fs;
	return r < 0 ? r : bind_attach(at, &m, 1, &ignored);
}

static int attach_nodes(struct vz_env *env, const struct policy_devices *d, struct vz_err *err)
{
	struct bind_place at;
	int r = 0;

	if (!d->n_nodes)
		return 0;
	if (open_place(env, &at, err) < 0)
		return -1;
	for (size_t i = 0; i < d->n_nodes && r == 0; i++) {
		r = attach_node(env, &at, &d->nodes[i]);
		if (r < 0)
			vz_fail(err, VZ_E_SET_DEVICES, r, "make '/dev/%s' inside container %u", d->nodes[i].name, env->id);
	}
	bind_place_close(&at);
	return r < 0 ? -1 : 0;
}

int binds_add_nodes(struct vz_env *env, struct vz_err *err)
{
	struct policy_devices d;
	const char *name = NULL;
	int r = policy_devices(env->conf, &d, &name);

	if (r < 0)
		return limits_fail_for_device(name, r, err);
	r = attach_nodes(env, &d, err);
	policy_devices_done(&d);
	return r;
}

/* ---- /proc ---- */

/* Is it mounted, dead or alive? Asked of the kernel alone: an lxcfs that hangs would not answer. */
static bool has_mount(void)
{
	struct statx st;

	if (statx(AT_FDCWD, LXCFS_DIR, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE, &st) < 0)
		return errno == ENOTCONN;
	return st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

int binds_add_lxcfs(struct vz_env *env, struct vz_err *err)
{
	struct bind_mount m[ARRAY_SIZE(lxcfs_files)];
	char src[ARRAY_SIZE(lxcfs_files)][sizeof(LXCFS_DIR) + 32];
	struct bind_place at;
	struct bind_failure f;
	int r;

	if (!policy_has_feature(env->conf, "lxcfs", true) || !has_mount())
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(lxcfs_files); i++) {
		(void)snprintf(src[i], sizeof(src[i]), LXCFS_DIR "%s", lxcfs_files[i]);
		m[i] = (struct bind_mount){ .src = src[i], .tree = -1, .dst = lxcfs_files[i], .idmap = -1, .optional = true };
	}
	if (open_place(env, &at, err) < 0)
		return -1;
	r = bind_attach(&at, m, ARRAY_SIZE(m), &f);
	bind_place_close(&at);
	return r < 0 ? fail_bind(env, LXCFS_DIR, "/proc", &f, err) : 0;
}

/* Of all the files that lxcfs shows this one is always there. */
bool binds_has_lxcfs(struct vz_env *env)
{
	auto_free char *path = str_printf("/proc/%d/mountinfo", (int)env->init_pid);
	auto_fclose FILE *f = path ? fopen(path, "re") : NULL;
	auto_free char *line = NULL;
	bool own = false;
	size_t size = 0;

	/* What was mounted last is what is seen. */
	while (f && getline(&line, &size, f) > 0)
		if (strstr(line, " /proc/meminfo "))
			own = strstr(line, " - " LXCFS_TYPE " ");
	return own;
}
