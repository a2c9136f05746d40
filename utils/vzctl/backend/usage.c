/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a container uses, in the words of beancounters: which of the kernel's figures each of theirs is. What
 * the kernel does not tell is not known, and never guessed.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "backend/disk.h"
#include "backend/limits.h"
#include "backend/policy.h"
#include "host/meters.h"

static const struct counter {
	enum vz_param_id id;
	enum meter part[VZ_USAGE__MAX];		/* METER_NONE: the kernel does not tell */
} counters[] = {
	{ VZ_P_numproc, {
		[VZ_USAGE_HELD]    = METER_TASKS,
		[VZ_USAGE_MAXHELD] = METER_TASKS_MOST,
		[VZ_USAGE_LIMIT]   = METER_TASKS_LIMIT,
		[VZ_USAGE_FAILCNT] = METER_TASKS_REFUSED } },
	{ VZ_P_physpages, {
		[VZ_USAGE_HELD]    = METER_MEMORY_USED,
		[VZ_USAGE_MAXHELD] = METER_MEMORY_MOST,
		[VZ_USAGE_LIMIT]   = METER_MEMORY_LIMIT,
		[VZ_USAGE_FAILCNT] = METER_OOM_KILLS } },
	{ VZ_P_swappages, {
		[VZ_USAGE_HELD]    = METER_SWAP_USED,
		[VZ_USAGE_MAXHELD] = METER_SWAP_MOST,
		[VZ_USAGE_LIMIT]   = METER_SWAP_LIMIT,
		[VZ_USAGE_FAILCNT] = METER_SWAP_REFUSED } },
	{ VZ_P_shmpages, {
		[VZ_USAGE_HELD]    = METER_SHARED_MEMORY } },
	{ VZ_P_kmemsize, {
		[VZ_USAGE_HELD]    = METER_KERNEL_MEMORY,
		[VZ_USAGE_MAXHELD] = METER_KERNEL_MEMORY_MOST } },
};

static enum meter meter_of(enum vz_param_id id, enum vz_usage part)
{
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		if (counters[i].id == id)
			return counters[i].part[part];
	return METER_NONE;
}

static bool read_meter(struct vz_env *env, enum meter id, uint64_t *ret)
{
	return meters_read_one(env->host->cg, env->group, id, ret);
}

/* ---- what was set, from what the kernel was told: exactly that, unless it has been changed since ---- */

static int read_cpu_units(struct vz_env *env, uint64_t *ret)
{
	bool v1 = cgroups_is_v1(env->host->cg, "cpu");
	struct policy_files p;
	uint64_t n;
	int r = 0;

	policy_cpu_units(env->conf, v1, &p);
	if (p.failed)
		r = -ENOMEM;
	else if (!read_meter(env, METER_CPU_WEIGHT, &n) || n == strtoull(p.f[0].value, NULL, 10))
		r = -ENODATA;	/* not known, or as the configuration has it */
	policy_files_done(&p);
	if (r == 0)
		*ret = v1 ? (n * 1000 + 512) / 1024 : n * 10;
	return r;
}

static int read_cpu_limit(struct vz_env *env, uint64_t *ret)
{
	uint64_t quota, period, percent = 0;

	if (!read_meter(env, METER_CPU_QUOTA, &quota) || !read_meter(env, METER_CPU_PERIOD, &period) || !period)
		return -ENODATA;
	if (quota != METER_UNLIMITED)
		percent = (quota * 100 + period / 2) / period;
	if (percent == policy_cpu_percent(env->conf))
		return -ENODATA;
	*ret = percent;
	return 0;
}

int usage_read(struct vz_env *env, enum vz_param_id id, enum vz_usage part, uint64_t *ret)
{
	uint64_t n;

	if (id == VZ_P_diskspace || id == VZ_P_diskinodes)
		return disk_usage(env, id, part, ret);
	if (part == VZ_USAGE_LIMIT && id == VZ_P_cpuunits)
		return read_cpu_units(env, ret);
	if (part == VZ_USAGE_LIMIT && id == VZ_P_cpulimit)
		return read_cpu_limit(env, ret);
	if (!read_meter(env, meter_of(id, part), &n))
		return -ENODATA;
	if (n == METER_UNLIMITED)
		n = VZ_UNLIMITED;
	else if (part != VZ_USAGE_FAILCNT && param_get(id)->type == &type_pages)
		n /= (uint64_t)sysconf(_SC_PAGESIZE);
	*ret = n;
	return 0;
}
