/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of a container in the cgroups of a stock kernel; see limits.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "backend/limits.h"
#include "backend/policy.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mask.h"
#include "base/str.h"

bool limits_is_missing(int r)
{
	/* ENOENT: another group above has the controller for itself. */
	return r == -ENODEV || r == -ENOENT;
}

int limits_fail_for_controller(struct vz_env *env, enum vz_param_id id, const char *controller, enum vz_error code,
			       struct vz_err *err)
{
	/* Of a container of ours it would be switched on. */
	if (env->adopted && cgroups_has_controller(env->host->cg, controller))
		return vz_fail(err, code, 0, "%s cannot be applied: the container's engine has not switched the %s controller on for cgroup '/%s'",
			       param_get(id)->key, controller, env->group);
	return vz_fail(err, code, 0, "%s cannot be applied: the %s controller of cgroups is not to be had here",
		       param_get(id)->key, controller);
}

int limits_fail_for_device(const char *word, int r, struct vz_err *err)
{
	const char *colon = word ? strrchr(word, ':') : NULL;
	int len = colon ? (int)(colon - word) : 0;

	if (!word)
		return vz_fail(err, VZ_E_SET_DEVICES, r, "the rules for devices");
	if (r == -ENODEV)
		return vz_fail(err, VZ_E_SET_DEVICES, 0, "The /dev/%.*s is not block or character device", len, word);
	if (r == -EPERM)
		return vz_fail(err, VZ_E_SET_DEVICES, 0, "Device %.*s is not allowed for --devnodes", len, word);
	return vz_fail(err, VZ_E_SET_DEVICES, r, "'/dev/%.*s'", len, word);
}

static int apply_devices(struct vz_env *env, bool fresh VZ_UNUSED, struct vz_err *err)
{
	struct policy_devices d;
	const char *name = NULL;
	int r = policy_devices(env->conf, &d, &name);

	if (r < 0)
		return limits_fail_for_device(name, r, err);
	r = device_apply(env->host->cg, env->group, d.rules, d.n_rules);
	policy_devices_done(&d);
	if (r < 0)
		return vz_fail(err, VZ_E_SET_DEVICES, r, "set the device rules of cgroup '%s'", env->group);
	return 0;
}

static int apply_tasks(struct vz_env *env, bool fresh VZ_UNUSED, struct vz_err *err)
{
	auto_free char *max = policy_tasks(env->conf);
	int r = max ? cgroup_write(env->host->cg, env->group, "pids", "pids.max", max) : -ENOMEM;

	if (!limits_is_missing(r))
		return r < 0 ? vz_fail(err, VZ_E_SETUBC, r, "limit the processes of cgroup '%s'", env->group) : 0;
	if (!conf_is_default(env->conf, VZ_P_numproc))
		return limits_fail_for_controller(env, VZ_P_numproc, "pids", VZ_E_SETUBC, err);
	vz_log(env->host->log, VZ_LOG_ERR, env->id,
	       "Warning: the pids controller of cgroups is not to be had here: processes are not limited");
	return 0;
}

bool limits_tasks_are_full(struct vz_env *env)
{
	uint64_t held, limit;

	/* v1 refuses to fork, but lets everybody in who comes from outside. */
	return cgroups_is_v1(env->host->cg, "pids") &&
	       usage_read(env, VZ_P_numproc, VZ_USAGE_HELD, &held) == 0 &&
	       usage_read(env, VZ_P_numproc, VZ_USAGE_LIMIT, &limit) == 0 && held >= limit;
}

/* ---- CPU ---- */

/* Without the controller a container has what a new group has, and only who wants something else is told. */
static int write_files(struct vz_env *env, enum vz_param_id id, const char *controller, const struct policy_files *p,
		       enum vz_error code, struct vz_err *err)
{
	const char *key = param_get(id)->key;

	if (p->failed)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "set %s", key);
	for (size_t i = 0; i < p->n; i++) {
		int r = cgroup_write(env->host->cg, env->group, controller, p->f[i].name, p->f[i].value);

		if (r >= 0 || (limits_is_missing(r) && (p->f[i].optional || p->is_default)))
			continue;
		if (limits_is_missing(r))
			return limits_fail_for_controller(env, id, controller, code, err);
		return vz_fail(err, code, r, "%s: write '%s' to %s of cgroup '%s'", key, p->f[i].value, p->f[i].name,
			       env->group);
	}
	return 0;
}

static int apply_cpu(struct vz_env *env, bool fresh, enum vz_param_id id,
		     void (*policy)(const struct vz_conf *conf, bool v1, struct policy_files *ret), struct vz_err *err)
{
	struct policy_files p;
	int r = 0;

	policy(env->conf, cgroups_is_v1(env->host->cg, "cpu"), &p);
	if (!fresh || !p.is_default)
		r = write_files(env, id, "cpu", &p, VZ_E_SETFSHD, err);
	policy_files_done(&p);
	return r;
}

static int apply_cpu_units(struct vz_env *env, bool fresh, struct vz_err *err)
{
	return apply_cpu(env, fresh, VZ_P_cpuunits, policy_cpu_units, err);
}

static int apply_cpu_limit(struct vz_env *env, bool fresh, struct vz_err *err)
{
	return apply_cpu(env, fresh, conf_num(env->conf, VZ_P_cpulimit, 0) ? VZ_P_cpulimit : VZ_P_cpus, policy_cpu_limit, err);
}

/* The CPUs of all nodes in a list. 0 or -errno. */
static int cpus_of_nodes(const char *nodes, char **ret)
{
	struct mask all = { 0 }, cpus = { 0 };
	int r = mask_add(&all, nodes);

	for (int i = 0; r == 0 && i < MASK_BITS; i++) {
		auto_free char *path = all.bits[i] ? str_printf("/sys/devices/system/node/node%d/cpulist", i) : NULL;
		auto_free char *text = NULL;

		/* A node that is not there has none; one without CPUs has an empty list. */
		if (path && file_read_line(AT_FDCWD, path, &text) == 0 && *text)
			r = mask_add(&cpus, text);
	}
	if (r < 0)
		return r;
	*ret = mask_text(&cpus);
	return *ret ? 0 : -ENOMEM;
}

/* The line of a file of the cpuset. */
static int read_places(struct vz_env *env, const char *group, const char *file, char **ret)
{
	int r = cgroup_read(env->host->cg, group, "cpuset", file, ret);

	if (r == 0)
		(*ret)[strcspn(*ret, "\n")] = '\0';
	return r;
}

/* CPUs or nodes that are there for all containers. */
static int read_available(struct vz_env *env, const char *file, char **ret)
{
	size_t len = strcspn(env->group, "/");
	/* That of another engine's container may be directly below the root. */
	auto_free char *parent = strndup(env->group, env->group[len] ? len : 0);
	auto_free char *effective = str_printf("%s.effective", file);

	if (!parent || !effective)
		return -ENOMEM;
	return read_places(env, parent, cgroups_is_v1(env->host->cg, "cpuset") ? file : effective, ret);
}

/* One of the two files of the cpuset; wanted: NULL or "all" for what there is. */
static int apply_places(struct vz_env *env, enum vz_param_id id, const char *file, const char *wanted, struct vz_err *err)
{
	bool all = !wanted || str_equal(wanted, "all");
	struct policy_files p = { .f = { { .name = file } }, .n = 1, .is_default = all };
	auto_free char *have = NULL;
	auto_free char *own = NULL;
	int r = read_available(env, file, &have);

	if (r == 0)
		r = read_places(env, env->group, file, &own);
	if (limits_is_missing(r))
		return all ? 0 : limits_fail_for_controller(env, id, "cpuset", VZ_E_SETFSHD, err);
	if (r < 0)
		return vz_fail(err, VZ_E_SETFSHD, r, "read %s of cgroup '%s'", file, env->group);
	/* v2 shows what was never set as nothing, and does not let it become nothing again. */
	if (all && !*own)
		return 0;
	r = policy_places(wanted, have, &p.f[0].value);
	if (r == -ENODEV)
		return vz_fail(err, VZ_E_SETFSHD, 0, "%s: there is nothing of '%s' here, only '%s'", param_get(id)->key,
			       wanted, have);
	p.failed = r < 0;
	r = write_files(env, id, "cpuset", &p, VZ_E_SETFSHD, err);
	policy_files_done(&p);
	return r;
}

static int apply_cpuset(struct vz_env *env, bool fresh, struct vz_err *err)
{
	const char *cpus = conf_str(env->conf, VZ_P_cpumask);
	const char *nodes = conf_str(env->conf, VZ_P_nodemask);
	auto_free char *of_nodes = NULL;
	int r;

	if (fresh && !cpus && !nodes)
		return 0;
	if (str_equal(cpus, "auto") && (!nodes || str_equal(nodes, "all"))) {
		cpus = "all";
	} else if (str_equal(cpus, "auto")) {
		r = cpus_of_nodes(nodes, &of_nodes);
		if (r < 0)
			return vz_fail(err, VZ_E_SETFSHD, r, "CPUs of the nodes '%s'", nodes);
		if (!*of_nodes)
			return vz_fail(err, VZ_E_SETFSHD, 0, "NODEMASK: the nodes '%s' have no CPUs here", nodes);
		cpus = of_nodes;
	}
	if (apply_places(env, VZ_P_cpumask, "cpuset.cpus", cpus, err) < 0)
		return -1;
	return apply_places(env, VZ_P_nodemask, "cpuset.mems", nodes, err);
}

/* ---- all of them ---- */

static const struct {
	enum vz_group group;
	/* fresh: the group is new and nobody is in it; what it has anyway need not be written. */
	int (*apply)(struct vz_env *env, bool fresh, struct vz_err *err);
} limits[] = {
	{ VZ_G_devices,   apply_devices },
	{ VZ_G_tasks,     apply_tasks },
	{ VZ_G_memory,    limits_memory },
	{ VZ_G_cpuunits,  apply_cpu_units },
	{ VZ_G_cpulimit,  apply_cpu_limit },
	{ VZ_G_cpuset,    apply_cpuset },
	{ VZ_G_ioprio,    limits_ioprio },
	{ VZ_G_iolimit,   limits_iolimit },
	{ VZ_G_iopslimit, limits_iopslimit },
};

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
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (limits[i].apply(env, true, err) < 0)
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
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (limits[i].group == group)
			return limits[i].apply(env, false, err);
	return 0;
}
