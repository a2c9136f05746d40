/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The back end for our kernel: all that "ns" does, and the container is an object of the kernel, too. Its outer
 * cgroup gets an id before anything runs in it, and the namespaces of process 1 are bound to it before that has
 * mounted /proc: nothing inside ever sees a figure of the host's. The cgroup's end is that of the id.
 *
 * The controller is switched on above the container's cgroup and nowhere below: inside it is not to be seen, and
 * the kernel finds a container's processes in one place.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "backend/binds.h"
#include "backend/disk.h"
#include "backend/limits.h"
#include "backend/netdev.h"
#include "backend/network.h"
#include "backend/ns.h"
#include "backend/policy.h"
#include "backend/ve.h"
#include "base/cleanup.h"
#include "base/str.h"

#define CONTROLLER "ve"
/* How long the id of a cgroup that has been removed may still be taken: a worker of the kernel gives it back. */
#define ID_PATIENCE (2 * USEC_PER_SEC)
#define ID_PAUSE_NSEC (500 * 1000)
/* Of the ids those of hosts below a prefix. */
#define TAGGED_IDS UINT32_C(0x40000000)

uint32_t ve_id(const char *tag, vz_ctid id)
{
	if (!*tag)
		return id;
	return TAGGED_IDS | (((uint32_t)strtoul(tag, NULL, 16) + id) & (TAGGED_IDS - 1));
}

static int ve_open(struct vz_host *host, struct vz_err *err)
{
	if (ns_open(host, err) < 0)
		return -1;
	if (!cgroups_has_controller(host->cg, CONTROLLER))
		return vz_fail(err, VZ_E_BAD_KERNEL, 0,
			       "the running kernel has no virtual environments (cgroups have no controller '" CONTROLLER "')");
	cgroups_withhold(host->cg, CONTROLLER);
	return 0;
}

static int ve_probe(struct vz_host *host, struct vz_err *err)
{
	return ve_open(host, err) < 0 ? -1 : ns_probe(host, err);
}

/* ---- its files ---- */

static int write_file(struct vz_env *env, const char *file, const char *value)
{
	return value ? cgroup_write(env->host->cg, env->group, CONTROLLER, file, value) : -ENOMEM;
}

static int take_id(struct vz_env *env)
{
	auto_free char *id = str_printf("%" PRIu32, ve_id(env->host->tag, env->id));
	struct timespec pause = { .tv_nsec = ID_PAUSE_NSEC };
	usec_t end = now_usec() + ID_PATIENCE;

	for (;;) {
		int r = write_file(env, "ve.id", id);

		if (r != -EEXIST || now_usec() >= end)
			return r;
		(void)nanosleep(&pause, NULL);
	}
}

static int apply_cpus(struct vz_env *env, struct vz_err *err)
{
	auto_free char *cpus = policy_ve_cpus(env->conf);
	int r = write_file(env, "ve.cpus", cpus);

	return r < 0 ? vz_fail(err, VZ_E_SETFSHD, r, "CPUS: write '%s' to ve.cpus of cgroup '%s'", cpus ? cpus : "",
			       env->group) : 0;
}

/* For whoever looks from outside. A name need not be one that the kernel takes. */
static void apply_name(struct vz_env *env)
{
	auto_free char *number = str_printf("%u", env->id);
	const char *name = conf_str(env->conf, VZ_P_name);

	if (str_is_empty(name) || write_file(env, "ve.name", name) < 0)
		(void)write_file(env, "ve.name", number);
}

/* ---- members ---- */

static int ve_limits_prepare(struct vz_env *env, struct vz_err *err)
{
	int r;

	if (limits_prepare(env, err) < 0)
		return -1;
	r = cgroup_enable(env->host->cg, env->group, CONTROLLER);
	if (r < 0)
		return vz_fail(err, VZ_E_ENVCREATE, r, "switch the controller '" CONTROLLER "' on for cgroup '%s'", env->group);
	r = take_id(env);
	if (r == -EEXIST)
		return vz_fail(err, VZ_E_ENVCREATE, 0, "another virtual environment of this kernel has the number %" PRIu32
			       " (grep -r %" PRIu32 " --include=ve.id /sys/fs/cgroup shows which)",
			       ve_id(env->host->tag, env->id), ve_id(env->host->tag, env->id));
	if (r < 0)
		return vz_fail(err, VZ_E_ENVCREATE, r, "make a virtual environment of cgroup '%s'", env->group);
	apply_name(env);
	if (!policy_has_feature(env->conf, "detect", true)) {
		r = write_file(env, "ve.features", "-detect");
		if (r < 0)
			return vz_fail(err, VZ_E_ENVCREATE, r, "FEATURES: hide that container %u is one", env->id);
	}
	return apply_cpus(env, err);
}

static int bind_init(struct vz_env *env, pid_t pid, const char **ret_where)
{
	auto_free char *text = str_printf("%d", (int)pid);

	*ret_where = "bind the namespaces of process 1";
	return write_file(env, "ve.bind", text);
}

static int ve_spawn(struct vz_env *env, struct vz_err *err)
{
	return ns_spawn_met(env, bind_init, err);
}

static int ve_apply(struct vz_env *env, enum vz_group group, struct vz_err *err)
{
	if (ns_apply(env, group, err) < 0)
		return -1;
	return group == VZ_G_cpulimit ? apply_cpus(env, err) : 0;
}

const struct vz_backend backend_ve = {
	.name            = "ve",
	.features        = VZ_BE_PROC_VIEWS,
	.open            = ve_open,
	.probe           = ve_probe,
	.mount           = ns_mount,
	.umount          = ns_umount,
	.disk_init       = disk_init,
	.disk_off        = disk_off,
	.limits_prepare  = ve_limits_prepare,
	.limits_remove   = limits_remove,
	.spawn           = ve_spawn,
	.ready           = ns_ready,
	.spawn_for       = ns_spawn_for_other,
	.release         = ns_release,
	.find_init       = ns_find_init,
	.has_reboot_mark = ns_has_reboot_mark,
	.stop            = ns_stop,
	.wait            = ns_wait,
	.enter           = ns_enter_ct,
	.apply           = ve_apply,
	.usage           = usage_read,
	.bind_add        = binds_add,
	.bind_remove     = binds_remove,
	.add_lxcfs       = binds_add_lxcfs,
	.has_lxcfs       = binds_has_lxcfs,
	.net_attach      = network_attach,
	.net_hold        = netdev_hold,
	.net_is_filtered = network_is_filtered,
	.net_detach      = network_detach,
	.freeze          = ns_freeze,
	.is_frozen       = ns_is_frozen,
	.list_processes  = ns_list_processes,
	.measure         = ns_measure,
};
