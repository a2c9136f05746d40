/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Choosing a back end, and the life of what back ends are handed; see backend.h. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "backend/backend.h"
#include "backend/plan.h"
#include "base/cleanup.h"
#include "base/macros.h"
#include "base/strv.h"
#include "host/genl.h"

/* In the order of preference; "plan" is never chosen unasked. */
static const struct vz_backend *const backends[] = { &backend_ve, &backend_ns, &backend_plan };

const struct vz_backend *backend_by_name(const char *name, struct vz_err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(backends); i++)
		if (strcmp(backends[i]->name, name) == 0)
			return backends[i];
	vz_fail(err, VZ_E_BAD_KERNEL, 0, "there is no back end '%s' in this version (VZ_BACKEND)", name);
	return NULL;
}

const struct vz_backend *backend_choose(struct vz_host *host, struct vz_err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(backends) && backends[i] != &backend_plan; i++) {
		/* What the last one says is what the user needs to hear. */
		vz_err_done(err);
		if (backends[i]->open(host, err) == 0)
			return backends[i];
	}
	return NULL;
}

bool backend_is_best(const struct vz_backend *be)
{
	return be == backends[0];
}

void backend_say_why_not(struct vz_host *host, const struct vz_backend *be)
{
	auto_err struct vz_err why = { 0 };

	if (backends[0]->open(host, &why) < 0)
		vz_log(host->log, VZ_LOG_INFO, 0, "Containers are run by the back end '%s': %s", be->name, why.msg);
}

void vz_host_done(struct vz_host *host)
{
	cgroups_close(host->cg);
	genl_close(host->events);
	plan_free(host->plan);
	free(host->watcher);
	free(host->net_lock);
	*host = (struct vz_host){ 0 };
}

void vz_env_forget_init(struct vz_env *env)
{
	if (env->init_pidfd >= 0)
		(void)close(env->init_pidfd);
	if (env->init_sock >= 0)
		(void)close(env->init_sock);
	env->init_pidfd = -1;
	env->init_sock = -1;
	env->init_pid = 0;
	env->init_start = 0;
}

int vz_env_reap(struct vz_env *env, pid_t pid, int pidfd)
{
	int status = proc_reap(pid, pidfd);
	pid_t *bigger;

	if (status >= 0)
		return status;
	bigger = status == -EBUSY ? realloc(env->held, (env->n_held + 1) * sizeof(*bigger)) : NULL;
	if (bigger) {
		bigger[env->n_held++] = pid;
		env->held = bigger;
	}
	return SIGKILL;
}

void vz_env_reap_held(struct vz_env *env)
{
	for (size_t i = 0; i < env->n_held;)
		if (waitpid(env->held[i], NULL, WNOHANG) == 0)
			i++;
		else
			env->held[i] = env->held[--env->n_held];
}

void vz_env_done(struct vz_env *env)
{
	vz_env_forget_init(env);
	free(env->held);
	free(env->group);
	free(env->inner);
	free(env->root);
	free(env->private_area);
	free(env->osrelease);
	strv_free(env->layers);
	strv_free(env->addresses);
	strv_free(env->addresses_up);
	strv_free(env->ext_addresses);
	strv_free(env->ext_addresses_up);
	strv_free(env->netifs);
	strv_free(env->netifs_up);
	strv_free(env->netdevs);
	strv_free(env->netdevs_up);
	if (env->netns >= 0)
		(void)close(env->netns);
	*env = (struct vz_env){ .init_pidfd = -1, .init_sock = -1, .netns = -1 };
}
