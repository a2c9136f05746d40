/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of the disk; see disk.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "backend/disk.h"
#include "backend/policy.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "host/mount.h"
#include "host/quota.h"

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The private area, or, if it has gone, the directory it was in. */
static int open_place(struct vz_env *env)
{
	auto_free char *above = NULL;
	int fd = open_dir(env->private_area);
	char *slash;

	if (fd != -ENOENT)
		return fd;
	above = strdup(env->private_area);
	slash = above ? strrchr(above, '/') : NULL;
	if (!slash)
		return -ENOMEM;
	slash[slash == above] = '\0';	/* of "/101" the slash stays */
	return open_dir(above);
}

static bool is_counted(struct vz_env *env, int fd)
{
	return env->id_base && quota_project(fd) == env->id_base;
}

/* Made in a directory that hands down another project: it is counted there, and must not be twice. */
static bool is_in_project(int fd)
{
	auto_close int above = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return above >= 0 && quota_project(above);
}

/* ---- where it cannot be ---- */

/* Why not, and what would help. NULL: out of memory. Caller frees. */
static char *explain(struct vz_env *env, int fd)
{
	const char *area = env->private_area;
	auto_free char *type = mount_fs_type(area);

	if (is_in_project(fd))
		return str_printf("'%s' is in a directory with a project quota of its own", area);
	if (str_equal(type, "ext4"))
		return str_printf("'%s' is on ext4 without project quota (once, while it is not mounted: tune2fs -O project -Q prjquota DEVICE; and mount it with prjquota)",
				  area);
	if (str_equal(type, "xfs"))
		return str_printf("'%s' is on xfs without project quota (mount it with prjquota)", area);
	return str_printf("'%s' is on %s, which has no project quota (keep private areas on ext4 or XFS, mounted with prjquota)",
			  area, type ? type : "a file system");
}

/* Who has just asked for limits is refused; of others, from a file, it is said that they do not hold. */
static int do_without(struct vz_env *env, int fd, enum vz_error code, struct vz_err *err)
{
	auto_free char *why = NULL;

	if (!env->disk_asked && (env->disk_told || !policy_disk_is_limited(env->conf)))
		return 0;
	why = explain(env, fd);
	if (!why)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "limit the disk of container %u", env->id);
	if (env->disk_asked)
		return vz_fail(err, code, 0, "disk space cannot be limited: %s; DISK_QUOTA=no only keeps the limits", why);
	vz_log(env->host->log, VZ_LOG_ERR, env->id, "DISKSPACE, DISKINODES: kept, not enforced: %s", why);
	env->disk_told = true;
	return 0;
}

/* 1: yes, 0: no, or -1 with err. */
static int is_offered(struct vz_env *env, int fd, enum vz_error code, struct vz_err *err)
{
	int r = quota_check(fd);

	if (r < 0 && r != -EOPNOTSUPP)
		return vz_fail(err, code, r, "look for project quota of '%s'", env->private_area);
	return r == 0 && !is_in_project(fd);
}

/* ---- limits ---- */

/* The time is the file system's; none at all is the only one that can be made of limits. */
static void say_grace(struct vz_env *env, int fd)
{
	struct quota_limits l = policy_disk(env->conf);
	uint64_t wanted = conf_num(env->conf, VZ_P_quotatime, 0), grace;

	if (!wanted || !(l.space_soft < l.space_hard || l.inodes_soft < l.inodes_hard))
		return;
	if (quota_grace(fd, &grace) == 0 && grace != wanted)
		vz_log(env->host->log, VZ_LOG_ERR, env->id,
		       "QUOTATIME: kept, not enforced: soft limits may be exceeded for %" PRIu64 " seconds, which is one for all of the file system",
		       grace);
}

static int set_limits(struct vz_env *env, int fd, enum vz_error code, struct vz_err *err)
{
	struct quota_limits l = policy_disk(env->conf);
	int r = quota_set(fd, env->id_base, &l);

	if (r < 0)
		return vz_fail(err, code, r, "limit project %u on the file system of '%s'", env->id_base, env->private_area);
	say_grace(env, fd);
	return 0;
}

static int count(struct vz_env *env, int fd, enum vz_error code, struct vz_err *err)
{
	const struct quota_limits none = { 0 };
	/* What an earlier container of that number left would be in the way. */
	int r = quota_set(fd, env->id_base, &none);

	if (r == 0)
		r = quota_adopt(fd, env->id_base);
	if (r == -ELOOP)
		return vz_fail(err, code, 0, "count the files of '%s': directories are nested too deep", env->private_area);
	if (r < 0)
		return vz_fail(err, code, r, "count the files of '%s'", env->private_area);
	return 0;
}

/* ---- the members ---- */

static int set_up(struct vz_env *env, int fd, enum vz_error code, struct vz_err *err)
{
	int offered;

	if (!conf_yes(env->conf, VZ_P_disk_quota, true) && !is_counted(env, fd))
		return 0;
	offered = is_offered(env, fd, code, err);
	if (offered <= 0)
		return offered < 0 ? -1 : do_without(env, fd, code, err);
	if (!is_counted(env, fd) && count(env, fd, code, err) < 0)
		return -1;
	return set_limits(env, fd, code, err);
}

static int fail_to_open(struct vz_env *env, enum vz_error code, int r, struct vz_err *err)
{
	return vz_fail(err, code, r, "open '%s'", env->private_area);
}

int disk_init(struct vz_env *env, struct vz_err *err)
{
	auto_close int fd = open_dir(env->private_area);

	if (fd < 0)
		return fail_to_open(env, VZ_E_DQ_INIT, fd, err);
	return set_up(env, fd, VZ_E_DQ_INIT, err);
}

int disk_mount(struct vz_env *env, struct vz_err *err)
{
	auto_close int fd = open_dir(env->private_area);

	if (fd < 0)
		return fail_to_open(env, VZ_E_DQ_ON, fd, err);
	/* To count what nobody limits would make a start of something old slow. */
	if (!is_counted(env, fd) && !policy_disk_is_limited(env->conf))
		return 0;
	return set_up(env, fd, VZ_E_DQ_ON, err);
}

int disk_apply(struct vz_env *env, struct vz_err *err)
{
	auto_close int fd = open_dir(env->private_area);
	int offered;

	if (fd == -ENOENT)
		return 0;	/* there is a configuration only */
	if (fd < 0)
		return fail_to_open(env, VZ_E_DQ_SET, fd, err);
	offered = is_offered(env, fd, VZ_E_DQ_SET, err);
	if (offered <= 0)
		return offered < 0 ? -1 : do_without(env, fd, VZ_E_DQ_SET, err);
	if (is_counted(env, fd))
		return set_limits(env, fd, VZ_E_DQ_SET, err);
	/* Files that come and go cannot be. */
	if (env->init_pid > 0 && policy_disk_is_limited(env->conf))
		vz_log(env->host->log, VZ_LOG_ERR, env->id,
		       "DISKSPACE, DISKINODES: in effect from the next start on, when its files will be counted");
	return 0;
}

int disk_off(struct vz_env *env, struct vz_err *err)
{
	const struct quota_limits none = { 0 };
	auto_close int fd = open_place(env);
	int r = fd < 0 ? fd : quota_check(fd);

	if (r == 0 && env->id_base)
		r = quota_set(fd, env->id_base, &none);
	if (r < 0 && r != -EOPNOTSUPP && r != -ENOENT)
		return vz_fail(err, VZ_E_DQ_OFF, r, "lift the limits of project %u on the file system of '%s'", env->id_base,
			       env->private_area);
	return 0;
}

/* ---- figures ---- */

static int read_state(struct vz_env *env, struct quota_state *ret)
{
	auto_close int fd = open_dir(env->private_area);

	if (fd < 0)
		return fd;
	return is_counted(env, fd) ? quota_get(fd, env->id_base, ret) : -ENODATA;
}

int disk_usage(struct vz_env *env, enum vz_param_id id, enum vz_usage part, uint64_t *ret)
{
	bool space = id == VZ_P_diskspace;
	struct quota_state s;
	uint64_t n;
	int r = part == VZ_USAGE_MAXHELD || part == VZ_USAGE_FAILCNT ? -ENODATA : read_state(env, &s);

	if (r < 0)
		return r;
	if (part == VZ_USAGE_HELD)
		*ret = space ? s.space : s.inodes;
	if (part == VZ_USAGE_HELD)
		return 0;
	if (part == VZ_USAGE_SOFT)
		n = space ? s.limits.space_soft : s.limits.inodes_soft;
	else
		n = space ? s.limits.space_hard : s.limits.inodes_hard;
	*ret = n ? n : VZ_UNLIMITED;
	return 0;
}

static void put_limit(struct meters *m, enum meter id, uint64_t soft, uint64_t hard, uint64_t unit)
{
	uint64_t limit = soft && (!hard || soft < hard) ? soft : hard;

	m->known[id] = true;
	m->v[id] = limit ? limit * unit : METER_UNLIMITED;
}

/* Of room that others have taken a project's own figures know nothing. */
static void put_room(struct vz_env *env, struct meters *m)
{
	auto_close int fd = open_dir(env->private_area);
	auto_close int above = fd < 0 ? -1 : openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat inside, outside;
	struct statvfs fs;

	if (above < 0 || fstat(fd, &inside) < 0 || fstat(above, &outside) < 0 || inside.st_dev != outside.st_dev ||
	    fstatvfs(above, &fs) < 0)
		return;
	m->v[METER_DISK_FREE] = VZ_MIN(m->v[METER_DISK_FREE], (uint64_t)fs.f_bavail * fs.f_frsize);
	m->v[METER_INODES_FREE] = VZ_MIN(m->v[METER_INODES_FREE], (uint64_t)fs.f_favail);
}

void disk_measure(struct vz_env *env, struct meters *ret)
{
	struct quota_state s;

	if (read_state(env, &s) < 0)
		return;
	put_room(env, ret);
	put_limit(ret, METER_DISK_LIMIT, s.limits.space_soft, s.limits.space_hard, 1024);
	put_limit(ret, METER_INODES_LIMIT, s.limits.inodes_soft, s.limits.inodes_hard, 1);
}
