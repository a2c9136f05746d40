/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stop, restart, freeze and thaw. Stopping is a list that only goes down; each step takes it well if
 * what it is to remove is gone already, so a stop that was killed is finished by the next one.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "ct/ct.h"
#include "ct/steps.h"

#define STOP_TIMEOUT_DEFAULT 120

struct stopping {
	const struct vz_stop *opt;
	bool gone;		/* init has ended */
};

static int stop_script(struct vz_ct *ct, void *data, struct vz_err *err)
{
	const struct stopping *s = data;

	if (net_hold(ct, err) < 0)
		return -1;
	/* A frozen container runs no script, nor can it shut down. */
	if (ct->vz->be->is_frozen(&ct->env) && ct->vz->be->freeze(&ct->env, false, err) < 0)
		return -1;
	return s->opt->fast ? 0 : action_run(ct, VZ_ACTION_STOP, err);
}

static int halt_init(struct vz_ct *ct, void *data, struct vz_err *err)
{
	struct stopping *s = data;
	struct vz_err why = { 0 };
	uint64_t seconds = conf_num(&ct->conf, VZ_P_stop_timeout, 0);

	(void)err;
	if (s->opt->fast)
		return 0;
	if (!ct->vz->dry_run)
		ct_info(ct, "Stopping container ...");
	if (ct->vz->be->stop(&ct->env, VZ_STOP_HALT, &why) < 0) {
		/* It will be killed: that is what the administrator asked for in the end. */
		ct_warn(ct, "%s", why.msg ? why.msg : "halt failed");
		vz_err_done(&why);
		return 0;
	}
	s->gone = ct->vz->be->wait(&ct->env, (seconds ? seconds : STOP_TIMEOUT_DEFAULT) * USEC_PER_SEC) == 0;
	return 0;
}

static int kill_all(struct vz_ct *ct, void *data, struct vz_err *err)
{
	struct stopping *s = data;

	/* After a clean end too: something may have been put into the group from outside. */
	if (!s->gone && !ct->vz->dry_run)
		ct_info(ct, "Killing container ...");
	return ct_kill(ct, err);
}

static int detach_net(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	return net_detach(ct, err);
}

static int remove_limits(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	return ct->vz->be->limits_remove(&ct->env, err);
}

static int forget_state(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	(void)err;
	state_remove(ct);
	return 0;
}

static int umount_root(struct vz_ct *ct, void *data, struct vz_err *err)
{
	const struct stopping *s = data;

	if (!ct->vz->dry_run)
		ct_info(ct, "Container was stopped");
	if (s->opt->skip_umount || !ct_is_mounted(ct))
		return 0;
	return ct_umount_root(ct, err);
}

static const struct vz_step stop_steps[] = {
	{ "script", stop_script,   NULL, 0 },
	{ "halt",   halt_init,     NULL, STEP_PLANNED | STEP_COMMIT },
	{ "kill",   kill_all,      NULL, STEP_PLANNED },
	{ "net",    detach_net,    NULL, STEP_PLANNED | STEP_ANYWAY },
	{ "limits", remove_limits, NULL, STEP_PLANNED | STEP_ANYWAY },
	{ "state",  forget_state,  NULL, 0 },
	{ "umount", umount_root,   NULL, STEP_PLANNED },
};

/* Where the list goes on when init has ended by itself. */
#define STEPS_BEFORE_KILL 2

int ct_take_down(struct vz_ct *ct, struct vz_err *err)
{
	struct vz_stop opt = { 0 };
	struct stopping s = { .opt = &opt, .gone = true };

	return steps_run(ct, "stop", stop_steps + STEPS_BEFORE_KILL, ARRAY_SIZE(stop_steps) - STEPS_BEFORE_KILL, &s, err);
}

int vz_ct_stop(struct vz_ct *ct, const struct vz_stop *opt, struct vz_err *err)
{
	struct stopping s = { .opt = opt };

	if (ct_need_root(ct, err) < 0 || vz_backend_probe(ct->vz, err) < 0)
		return -1;
	if (!ct_is_running(ct)) {
		ct_warn(ct, "Unable to stop: container is not running");
		return 0;
	}
	return steps_run(ct, "stop", stop_steps, ARRAY_SIZE(stop_steps), &s, err);
}

int vz_ct_restart(struct vz_ct *ct, const struct vz_start *start, const struct vz_stop *stop,
		  struct vz_err *err)
{
	/* Before it is stopped: it may be no release. */
	if (osrelease_override(ct, start->osrelease, err) < 0)
		return -1;
	ct_info(ct, "Restarting container");
	if (vz_backend_probe(ct->vz, err) < 0)
		return -1;
	if (ct_is_running(ct)) {
		if (ct->adopted)
			return vz_fail(err, VZ_E_RUNNING, 0,
				       "container %u was adopted: only what has made it can start it again", ct->id);
		if (vz_ct_stop(ct, stop, err) < 0)
			return -1;
		ct->would_be_stopped = ct->vz->dry_run;
	}
	return vz_ct_start(ct, start, err);
}

int vz_ct_freeze(struct vz_ct *ct, bool freeze, struct vz_err *err)
{
	if (vz_backend_probe(ct->vz, err) < 0)
		return -1;
	if (!ct_is_running(ct))
		return vz_fail(err, VZ_E_NOT_RUNNING, 0, freeze ?
			       "Unable to setup checkpointing: container is not running" :
			       "Container is not running");
	if (ct->vz->dry_run)
		return 0;
	if (freeze)
		ct_info(ct, "Setting up checkpoint...");
	ct_info(ct, freeze ? "\tsuspend..." : "Resuming...");
	return ct->vz->be->freeze(&ct->env, freeze, err);
}
