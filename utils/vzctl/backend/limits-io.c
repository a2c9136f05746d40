/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disk I/O of a container: limits on the devices its private area is on, and its weight among others. Of a container
 * that another engine has made it is the root file system.
 *
 * Limits hold for reading and for writing, each alone. On v1 the kernel does not know who has written what
 * its flusher takes to the disk later: there only reads, direct and synchronous writes are limited.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "backend/limits.h"
#include "backend/policy.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "host/blockdev.h"

#define USUAL_WEIGHT 100

static const char *io_controller(struct vz_env *env)
{
	return cgroups_is_v1(env->host->cg, "blkio") ? "blkio" : "io";
}

/* Where its files are. What an engine has mounted, and where, only its processes see. NULL: out of memory. */
static char *place_of(struct vz_env *env)
{
	if (env->adopted)
		return str_printf("/proc/%d/root", (int)env->init_pid);
	return env->private_area ? strdup(env->private_area) : NULL;
}

static int disks_of(struct vz_env *env, const char *place, struct blockdevs *ret, char **ret_type)
{
	int r = blockdevs_of(place, ret, ret_type);

	/* Of a file system without a device that is mounted there alone nothing more is to be learned here. */
	return env->adopted && r == -ENOENT ? -ENODEV : r;
}

/* ---- weight ---- */

/* 1: in use on a disk of this container; 0: not; or -errno. */
static int weights_count(struct vz_env *env, const char *place)
{
	auto_free char *costs = NULL;
	auto_free char *type = NULL;
	struct blockdevs disks = { 0 };
	int r = disks_of(env, place, &disks, &type);

	if (r == -ENODEV)
		return 0;
	(void)cgroup_read(env->host->cg, "", "io", "io.cost.qos", &costs);
	if (r == 0)
		r = blockdevs_have_weights(&disks, costs);
	blockdevs_done(&disks);
	return r;
}

int limits_ioprio(struct vz_env *env, bool fresh, struct vz_err *err)
{
	static const char *const v1[] = { "blkio.bfq.weight", NULL }, *const v2[] = { "io.weight", "io.bfq.weight", NULL };
	const char *controller = io_controller(env);
	unsigned int weight = policy_io_weight(env->conf);
	auto_free char *text = str_printf("%u", weight);
	auto_free char *place = place_of(env);
	bool written = false;
	int r;

	if (fresh && weight == USUAL_WEIGHT)
		return 0;
	if (!text || !place)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "set IOPRIO");
	for (const char *const *file = strcmp(controller, "io") == 0 ? v2 : v1; *file; file++) {
		r = cgroup_write(env->host->cg, env->group, controller, *file, text);
		if (r < 0 && !limits_is_missing(r))
			return vz_fail(err, VZ_E_SET_IO, r, "IOPRIO: write '%s' to %s of cgroup '%s'", text, *file, env->group);
		written |= r == 0;
	}
	if (weight == USUAL_WEIGHT)
		return 0;
	/* It may count tomorrow: whoever changes the scheduler of a disk does not start containers anew. */
	if (!written || weights_count(env, place) <= 0)
		vz_log(env->host->log, VZ_LOG_ERR, env->id,
		       "IOPRIO: kept, but without effect: the disk of '%s' shares out nothing by weight (the scheduler bfq would)",
		       place);
	return 0;
}

/* ---- limits ---- */

struct throttle {
	enum vz_param_id id;
	const char *v2;			/* keys of io.max: reads, writes */
	const char *v1[2];
};

static int write_throttle(struct vz_env *env, const struct throttle *t, dev_t dev, uint64_t limit)
{
	auto_free char *number = str_printf("%u:%u", major(dev), minor(dev));
	auto_free char *value = limit || cgroups_is_v1(env->host->cg, "blkio") ? str_printf("%" PRIu64, limit) : strdup("max");
	auto_free char *line = NULL;
	int r = 0;

	if (!number || !value)
		return -ENOMEM;
	if (!cgroups_is_v1(env->host->cg, "blkio")) {
		line = str_printf("%s r%s=%s w%s=%s", number, t->v2, value, t->v2, value);
		return line ? cgroup_write(env->host->cg, env->group, "io", "io.max", line) : -ENOMEM;
	}
	line = str_printf("%s %s", number, value);
	for (int i = 0; r == 0 && i < 2; i++)
		r = line ? cgroup_write(env->host->cg, env->group, "blkio", t->v1[i], line) : -ENOMEM;
	return r;
}

/* Where there is nothing to limit, no limit is as good as kept. */
static int fail_for_device(const char *place, const struct throttle *t, uint64_t limit, const char *type, int r, struct vz_err *err)
{
	const char *key = param_get(t->id)->key;

	if (!limit && r == -ENODEV)
		return 0;
	if (r == -ENODEV)
		return vz_fail(err, VZ_E_SET_IO, 0, "%s cannot be applied: '%s' is on %s, and there is no block device to be limited",
			       key, place, type ? type : "a file system of its own");
	return vz_fail(err, VZ_E_SET_IO, r, "%s: find the disk of '%s'", key, place);
}

static int apply_throttle(struct vz_env *env, bool fresh, const struct throttle *t, struct vz_err *err)
{
	uint64_t limit = conf_num(env->conf, t->id, 0);
	const char *controller = io_controller(env);
	struct blockdevs disks = { 0 };
	auto_free char *place = place_of(env);
	auto_free char *type = NULL;
	int r;

	if (!limit && (fresh || !cgroups_has_controller(env->host->cg, controller)))
		return 0;
	if (!cgroups_has_controller(env->host->cg, controller))
		return limits_fail_for_controller(env, t->id, controller, VZ_E_SET_IO, err);
	if (!place)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "set %s", param_get(t->id)->key);
	r = disks_of(env, place, &disks, &type);
	if (r < 0)
		return fail_for_device(place, t, limit, type, r, err);
	for (size_t i = 0; r == 0 && i < disks.n; i++)
		r = write_throttle(env, t, disks.dev[i], limit);
	blockdevs_done(&disks);
	if (r == -ENOENT)
		return limit ? limits_fail_for_controller(env, t->id, controller, VZ_E_SET_IO, err) : 0;
	if (r < 0)
		return vz_fail(err, VZ_E_SET_IO, r, "%s: limit the disk of '%s'", param_get(t->id)->key, place);
	return 0;
}

int limits_iolimit(struct vz_env *env, bool fresh, struct vz_err *err)
{
	static const struct throttle bytes = {
		VZ_P_iolimit, "bps", { "blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device" },
	};

	return apply_throttle(env, fresh, &bytes, err);
}

int limits_iopslimit(struct vz_env *env, bool fresh, struct vz_err *err)
{
	static const struct throttle operations = {
		VZ_P_iopslimit, "iops", { "blkio.throttle.read_iops_device", "blkio.throttle.write_iops_device" },
	};

	return apply_throttle(env, fresh, &operations, err);
}
