/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The back end that does nothing but remember; see plan.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "backend/plan.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/strv.h"

struct vz_plan *plan_new(void)
{
	return calloc(1, sizeof(struct vz_plan));
}

void plan_free(struct vz_plan *p)
{
	if (!p)
		return;
	strv_free(p->calls);
	free(p);
}

void plan_record(struct vz_plan *p, const char *fmt, ...)
{
	char *line;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&line, fmt, ap) < 0)
		line = NULL;
	va_end(ap);
	if (!line)
		return;
	if (p->fn)
		p->fn(p->data, line);
	(void)strv_take(&p->calls, line);
}

/* Fail if a test asked for it. */
static int outcome(struct vz_env *env, const char *member, enum vz_error code, struct vz_err *err)
{
	if (str_equal(env->host->plan->fail_at, member))
		return vz_fail(err, code, 0, "%s was told to fail", member);
	return 0;
}

static int plan_open(struct vz_host *host, struct vz_err *err)
{
	if (!host->plan)
		host->plan = plan_new();
	return host->plan ? 0 : vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "plan");
}

static int plan_probe(struct vz_host *host, struct vz_err *err)
{
	return host->plan->under ? host->plan->under->probe(host, err) : 0;
}

static int plan_mount(struct vz_env *env, struct vz_err *err)
{
	auto_free char *layers = strv_join(env->layers, " ");

	plan_record(env->host->plan, "mount %s on %s%s%s", env->private_area, env->root,
		    str_is_empty(layers) ? "" : " over ", layers ? layers : "");
	return outcome(env, "mount", VZ_E_CANTMOUNT, err);
}

static int plan_umount(struct vz_env *env, struct vz_err *err)
{
	plan_record(env->host->plan, "umount %s", env->root);
	return outcome(env, "umount", VZ_E_CANTUMOUNT, err);
}

static int plan_disk_init(struct vz_env *env, struct vz_err *err)
{
	plan_record(env->host->plan, "count the files of %s", env->private_area);
	return outcome(env, "disk_init", VZ_E_DQ_INIT, err);
}

static int plan_disk_off(struct vz_env *env, struct vz_err *err)
{
	plan_record(env->host->plan, "no limit of the disk of %s", env->private_area);
	return outcome(env, "disk_off", VZ_E_DQ_OFF, err);
}

static int plan_limits_prepare(struct vz_env *env, struct vz_err *err)
{
	plan_record(env->host->plan, "make cgroup %s", env->group);
	return outcome(env, "limits_prepare", VZ_E_SETUBC, err);
}

static int plan_limits_remove(struct vz_env *env, struct vz_err *err)
{
	plan_record(env->host->plan, "remove cgroup %s", env->group);
	return outcome(env, "limits_remove", VZ_E_SYSTEM, err);
}

static int plan_spawn(struct vz_env *env, struct vz_err *err)
{
	plan_record(env->host->plan, "spawn init as ids %u+%u", env->id_base, env->id_count);
	if (outcome(env, "spawn", VZ_E_ENVCREATE, err) < 0)
		return -1;
	env->host->plan->running = true;
	env->init_pid = 1;
	return 0;
}

static int plan_ready(struct vz_env *env, struct vz_err *err)
{
	return outcome(env, "ready", VZ_E_ENVCREATE, err);
}

static int plan_spawn_for(struct vz_host *host, const char *message, const int *fds, size_t n_fds, struct vz_err *err)
{
	(void)host;
	(void)message;
	(void)fds;
	(void)n_fds;
	return vz_fail(err, VZ_E_SYSTEM, 0, "nothing is started in a plan");
}

static int plan_release(struct vz_env *env, struct vz_err *err)
{
	plan_record(env->host->plan, "release init");
	return outcome(env, "release", VZ_E_BAD_TMPL, err);
}

static int plan_find_init(struct vz_env *env)
{
	struct vz_plan *p = env->host->plan;

	if (p->under)
		return p->under->find_init(env);
	env->init_pid = p->running ? 1 : 0;
	return p->running;
}

static bool plan_has_reboot_mark(struct vz_env *env)
{
	(void)env;
	return false;
}

static int plan_stop(struct vz_env *env, enum vz_env_stop how, struct vz_err *err)
{
	plan_record(env->host->plan, how == VZ_STOP_HALT ? "halt init" : "kill all processes");
	if (outcome(env, "stop", VZ_E_STOP, err) < 0)
		return -1;
	env->host->plan->running = false;
	return 0;
}

static int plan_wait(struct vz_env *env, usec_t timeout)
{
	(void)timeout;
	plan_record(env->host->plan, "wait for the end of init");
	return 0;
}

static int plan_enter(struct vz_env *env, const struct vz_enter *e, pid_t *ret_pid, int *ret_pidfd,
		      struct vz_err *err)
{
	(void)e;
	(void)ret_pid;
	(void)ret_pidfd;
	plan_record(env->host->plan, "enter");
	return vz_fail(err, VZ_E_SYSTEM, 0, "nothing runs inside a planned container");
}

static int plan_apply(struct vz_env *env, enum vz_group group, struct vz_err *err)
{
	plan_record(env->host->plan, "apply group %d", (int)group);
	return outcome(env, "apply", VZ_E_SYSTEM, err);
}

static int plan_ctid_of(struct vz_host *host, pid_t pid, vz_ctid *ret)
{
	struct vz_plan *p = host->plan;

	return p->under ? p->under->ctid_of(host, pid, ret) : -EOPNOTSUPP;
}

static int plan_events_open(struct vz_host *host)
{
	(void)host;
	return -EOPNOTSUPP;
}

static int plan_events_read(struct vz_host *host, vz_event_fn fn, void *data)
{
	(void)host;
	(void)fn;
	(void)data;
	return -EOPNOTSUPP;
}

static int plan_usage(struct vz_env *env, enum vz_param_id id, enum vz_usage part, uint64_t *ret)
{
	struct vz_plan *p = env->host->plan;

	return p->under ? p->under->usage(env, id, part, ret) : -ENODATA;
}

static int plan_adopt(struct vz_env *env, pid_t pid, struct vz_err *err)
{
	plan_record(env->host->plan, "adopt process %d", (int)pid);
	if (outcome(env, "adopt", VZ_E_ENVCREATE, err) < 0)
		return -1;
	env->host->plan->running = true;
	env->init_pid = pid;
	return 0;
}

static int plan_bind_add(struct vz_env *env, const struct bindmount *b, size_t n, struct vz_err *err)
{
	for (size_t i = 0; i < n; i++)
		plan_record(env->host->plan, "bind %s on %s inside", b[i].src, b[i].dst);
	return outcome(env, "bind_add", VZ_E_CANTMOUNT, err);
}

static int plan_bind_remove(struct vz_env *env, const char *dst, const struct bind_identity *what, struct vz_err *err)
{
	(void)what;
	plan_record(env->host->plan, "unmount %s inside", dst);
	return outcome(env, "bind_remove", VZ_E_CANTUMOUNT, err);
}

/* Whether there is an lxcfs says the host, not the plan. */
static int plan_add_lxcfs(struct vz_env *env, struct vz_err *err)
{
	return outcome(env, "add_lxcfs", VZ_E_SYSTEM, err);
}

static bool plan_has_lxcfs(struct vz_env *env)
{
	struct vz_plan *p = env->host->plan;

	return p->under && p->under->has_lxcfs(env);
}

static bool plan_has_views(struct vz_env *env)
{
	struct vz_plan *p = env->host->plan;

	return p->under && p->under->has_views(env);
}

static int plan_net_attach(struct vz_env *env, struct vz_err *err)
{
	auto_free char *addresses = strv_join(env->addresses, " ");
	auto_free char *external = strv_join(env->ext_addresses, " ");

	if (!str_is_empty(addresses))
		plan_record(env->host->plan, "venet0 with %s", addresses);
	if (!str_is_empty(external))
		plan_record(env->host->plan, "route %s to venet0", external);
	for (char **n = env->netifs; n && *n; n++)
		plan_record(env->host->plan, "veth device %s", *n);
	for (char **n = env->netdevs; n && *n; n++)
		plan_record(env->host->plan, "move device %s in", *n);
	for (char *const *port = conf_list(env->conf, VZ_P_publish); port && *port; port++)
		plan_record(env->host->plan, "publish port %s", *port);
	return outcome(env, "net_attach", VZ_E_CANT_ADDIP, err);
}

static int plan_net_hold(struct vz_env *env, struct vz_err *err)
{
	(void)env;
	(void)err;
	return 0;
}

static int plan_net_is_filtered(struct vz_env *env)
{
	(void)env;
	return 1;
}

static int plan_net_detach(struct vz_env *env, struct vz_err *err)
{
	auto_free char *addresses = strv_join(env->addresses_up, " ");

	if (!str_is_empty(addresses))
		plan_record(env->host->plan, "no venet0 with %s", addresses);
	for (char **n = env->netifs_up; n && *n; n++)
		plan_record(env->host->plan, "no veth device %s", *n);
	for (char **n = env->netdevs_up; n && *n; n++)
		plan_record(env->host->plan, "move device %s back", *n);
	return outcome(env, "net_detach", VZ_E_SYSTEM, err);
}

static int plan_freeze(struct vz_env *env, bool freeze, struct vz_err *err)
{
	plan_record(env->host->plan, freeze ? "freeze" : "thaw");
	if (outcome(env, "freeze", VZ_E_CHKPNT, err) < 0)
		return -1;
	env->host->plan->frozen = freeze;
	return 0;
}

static bool plan_is_frozen(struct vz_env *env)
{
	struct vz_plan *p = env->host->plan;

	return p->under ? p->under->is_frozen(env) : p->frozen;
}

static int plan_list_processes(struct vz_env *env, pid_t **ret)
{
	struct vz_plan *p = env->host->plan;

	if (p->under)
		return p->under->list_processes(env, ret);
	*ret = malloc(sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	**ret = env->init_pid;
	return p->running ? 1 : 0;
}

static void plan_measure(struct vz_env *env, struct meters *ret)
{
	struct vz_plan *p = env->host->plan;

	if (p->under)
		p->under->measure(env, ret);
	else
		*ret = (struct meters){ .when = now_usec() };
}

const struct vz_backend backend_plan = {
	.name            = "plan",
	.features        = 0,
	.open            = plan_open,
	.probe           = plan_probe,
	.mount           = plan_mount,
	.umount          = plan_umount,
	.disk_init       = plan_disk_init,
	.disk_off        = plan_disk_off,
	.limits_prepare  = plan_limits_prepare,
	.limits_remove   = plan_limits_remove,
	.spawn           = plan_spawn,
	.ready           = plan_ready,
	.spawn_for       = plan_spawn_for,
	.release         = plan_release,
	.find_init       = plan_find_init,
	.has_reboot_mark = plan_has_reboot_mark,
	.stop            = plan_stop,
	.wait            = plan_wait,
	.enter           = plan_enter,
	.apply           = plan_apply,
	.ctid_of         = plan_ctid_of,
	.events_open     = plan_events_open,
	.events_read     = plan_events_read,
	.usage           = plan_usage,
	.adopt           = plan_adopt,
	.bind_add        = plan_bind_add,
	.bind_remove     = plan_bind_remove,
	.add_lxcfs       = plan_add_lxcfs,
	.has_lxcfs       = plan_has_lxcfs,
	.has_views       = plan_has_views,
	.net_attach      = plan_net_attach,
	.net_hold        = plan_net_hold,
	.net_is_filtered = plan_net_is_filtered,
	.net_detach      = plan_net_detach,
	.freeze          = plan_freeze,
	.is_frozen       = plan_is_frozen,
	.list_processes  = plan_list_processes,
	.measure         = plan_measure,
};
