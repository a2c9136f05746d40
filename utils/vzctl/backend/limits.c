/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of a container in the cgroups of a stock kernel; see limits.h. */
#include <errno.h>

#include "backend/limits.h"
#include "backend/policy.h"
#include "base/cleanup.h"

static int apply_devices(struct vz_env *env, struct vz_err *err)
{
	struct policy_devices d;
	const char *name = NULL;
	int r = policy_devices(env->conf, &d, &name);

	if (r < 0)
		return vz_fail(err, VZ_E_SET_DEVICES, r, "device '%s'", name ? name : "rules");
	r = device_apply(env->host->cg, env->group, d.rules, d.n_rules);
	policy_devices_done(&d);
	if (r < 0)
		return vz_fail(err, VZ_E_SET_DEVICES, r, "set the device rules of cgroup '%s'", env->group);
	return 0;
}

static int apply_tasks(struct vz_env *env, struct vz_err *err)
{
	auto_free char *max = policy_tasks(env->conf);
	int r = max ? cgroup_write(env->host->cg, env->group, "pids", "pids.max", max) : -ENOMEM;

	/* ENOENT: another group above has the controller for itself. */
	if (r != -ENODEV && r != -ENOENT)
		return r < 0 ? vz_fail(err, VZ_E_SETUBC, r, "limit the processes of cgroup '%s'", env->group) : 0;
	if (!conf_is_default(env->conf, VZ_P_numproc))
		return vz_fail(err, VZ_E_SETUBC, 0,
			       "NUMPROC cannot be applied: the pids controller of cgroups is not to be had here");
	vz_log(env->host->log, VZ_LOG_ERR, env->id,
	       "Warning: the pids controller of cgroups is not to be had here: processes are not limited");
	return 0;
}

int limits_prepare(struct vz_env *env, struct vz_err *err)
{
	struct cgroups *cg = env->host->cg;
	int r;

	/*
	 * What is left of a container that ended by itself goes: groups inside "ct" may be threaded,
	 * have controllers, or be anything else its root made of them.
	 */
	if (cgroup_is_populated(cg, env->group) >= 0)
		(void)cgroup_remove(cg, env->group);
	r = cgroup_create(cg, env->group);
	if (r < 0)
		return vz_fail(err, VZ_E_ENVCREATE, r, "make cgroup '%s'", env->group);
	if (apply_devices(env, err) < 0 || apply_tasks(env, err) < 0)
		return -1;
	r = cgroup_create_v2(cg, env->inner);
	if (r == 0)
		r = cgroup_delegate(cg, env->inner, env->id_base, env->id_base);
	if (r < 0)
		return vz_fail(err, VZ_E_ENVCREATE, r, "make cgroup '%s'", env->inner);
	return 0;
}

int limits_remove(struct vz_env *env, struct vz_err *err)
{
	int r = cgroup_remove(env->host->cg, env->group);

	if (r < 0)
		return vz_fail(err, VZ_E_SYSTEM, r, "remove cgroup '%s'", env->group);
	return 0;
}

int limits_apply(struct vz_env *env, enum vz_group group, struct vz_err *err)
{
	switch (group) {
	case VZ_G_devices:
		return apply_devices(env, err);
	case VZ_G_tasks:
		return apply_tasks(env, err);
	default:
		return 0;
	}
}
