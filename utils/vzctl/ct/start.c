/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * start: from a private area to a running init. Everything up to "go" is undone when a step fails;
 * from there on the container runs by itself and needs none of our processes.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "ct/ct.h"
#include "ct/steps.h"
#include "host/ceiling.h"
#include "host/watcher.h"

#define KILL_TIMEOUT (10 * USEC_PER_SEC)
#define WAIT_DEFAULT 3600

/*
 * Has the distribution come up? systemd is asked; where there is none, init was exec'ed, and that is
 * all that can be known.
 */
static const char wait_script[] =
	"[ -d /run/systemd/system ] || exit 0\n"
	"while :; do\n"
	"	case $(systemctl is-system-running --wait 2>/dev/null) in\n"
	"	running|degraded) exit 0 ;;\n"
	"	maintenance|stopping) exit 1 ;;\n"
	"	esac\n"
	"	sleep 0.05 || sleep 1\n"
	"done\n";

/* ---- pieces shared with other operations ---- */

int ct_kill(struct vz_ct *ct, struct vz_err *err)
{
	const struct vz_backend *be = ct->vz->be;
	pid_t pid = ct->env.init_pid;

	if (be->stop(&ct->env, VZ_STOP_KILL, err) < 0)
		return -1;
	if (be->wait(&ct->env, KILL_TIMEOUT) < 0)
		return vz_fail(err, VZ_E_STOP, 0, "Unable to stop container: operation timed out");
	/* Ours to reap only if this very process started it. */
	if (pid > 0 && !ct->vz->dry_run)
		(void)waitpid(pid, NULL, WNOHANG);
	vz_env_forget_init(&ct->env);
	return 0;
}

static void detach_net(struct vz_ct *ct, void *data)
{
	struct vz_err ignored = { 0 };

	(void)data;
	if (net_detach(ct, &ignored) < 0)
		ct_warn(ct, "%s, ignoring", ignored.msg ? ignored.msg : "network devices are left");
	vz_err_done(&ignored);
}

void ct_forget_run(struct vz_ct *ct)
{
	struct vz_err ignored = { 0 };

	detach_net(ct, NULL);
	if (ct->vz->be->limits_remove(&ct->env, &ignored) < 0)
		ct_warn(ct, "%s, ignoring", ignored.msg ? ignored.msg : "cgroups are left");
	vz_err_done(&ignored);
	state_remove(ct);
}

static void remove_limits(struct vz_ct *ct, void *data)
{
	struct vz_err ignored = { 0 };

	(void)data;
	if (ct->vz->be->limits_remove(&ct->env, &ignored) < 0)
		ct_warn(ct, "%s, ignoring", ignored.msg ? ignored.msg : "cgroups are left");
	vz_err_done(&ignored);
}

static int prepare_limits(struct vz_ct *ct, void *data, struct vz_err *err)
{
	struct vz_err leftovers = { 0 };

	/*
	 * What an earlier start left when it was killed: its group, and perhaps a process in it. The
	 * group goes, too: whoever is cloned into one that was killed before dies on the spot.
	 */
	if (ct->vz->be->stop(&ct->env, VZ_STOP_KILL, &leftovers) < 0 ||
	    ct->vz->be->limits_remove(&ct->env, &leftovers) < 0)
		ct_warn(ct, "%s, ignoring", leftovers.msg ? leftovers.msg : "processes are left");
	vz_err_done(&leftovers);
	if (osrelease_choose(ct, err) < 0)
		return -1;
	if (ct->vz->be->limits_prepare(&ct->env, err) == 0)
		return 0;
	remove_limits(ct, data);
	return -1;
}

static void kill_init(struct vz_ct *ct, void *data)
{
	struct vz_err ignored = { 0 };

	(void)data;
	if (ct_kill(ct, &ignored) < 0)
		ct_warn(ct, "%s, ignoring", ignored.msg ? ignored.msg : "processes are left");
	vz_err_done(&ignored);
}

static int spawn_init(struct vz_ct *ct, void *data, struct vz_err *err)
{
	if (ct->vz->be->spawn(&ct->env, err) == 0)
		return 0;
	kill_init(ct, data);
	return -1;
}

static int await_init(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	return ct->vz->be->ready(&ct->env, err);
}

/* ---- the steps of start ---- */

/* A start needs none of these itself: only what is to run inside would meet it, and not know what it was. */
static void warn_of_ceilings(struct vz_ct *ct)
{
	auto_free char *why = ceiling_explain(CEILING_PTYS | CEILING_FILES);

	if (why)
		ct_warn(ct, "%s", why);
}

static int check_startable(struct vz_ct *ct, void *data, struct vz_err *err)
{
	const struct vz_start *opt = data;

	if (conf_yes(&ct->conf, VZ_P_disabled, false) && !opt->force)
		return vz_fail(err, VZ_E_START_DISABLED, 0, "Container start disabled");
	if (ct_need_private(ct, err) < 0 || ct_need_root(ct, err) < 0)
		return -1;
	if (vz_backend_probe(ct->vz, err) < 0)
		return -1;
	if (ct_is_running(ct) && !ct->would_be_stopped)
		return vz_fail(err, VZ_E_RUNNING, 0, "Container is already running");
	if (ct->vz->dry_run)
		return 0;
	ct_info(ct, "Starting container...");
	warn_of_ceilings(ct);
	return 0;
}

static int mount_root(struct vz_ct *ct, void *data, struct vz_err *err)
{
	const struct vz_start *opt = data;

	if (ct_is_mounted(ct) && !ct->would_be_stopped) {
		if (opt->skip_remount)
			return ct_find_layout(ct, err);
		if (ct_umount_root(ct, err) < 0)
			return -1;
	}
	return ct_mount_root(ct, err);
}

static void umount_root(struct vz_ct *ct, void *data)
{
	struct vz_err ignored = { 0 };

	(void)data;
	if (ct_umount_root(ct, &ignored) < 0)
		ct_warn(ct, "%s, ignoring", ignored.msg ? ignored.msg : "the root is still mounted");
	vz_err_done(&ignored);
}

static int publish_state(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	return state_write(ct, err);
}

static void unpublish_state(struct vz_ct *ct, void *data)
{
	(void)data;
	state_remove(ct);
}

static int mount_binds(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	return binds_start(ct, err);
}

/* While process 1 is still at work. Should it have died over that, this is what there is to say. */
static int attach_net(struct vz_ct *ct, void *data, struct vz_err *err)
{
	struct vz_err why = { 0 };
	int r = net_attach(ct, &why);

	if (r < 0 && await_init(ct, data, err) == 0)
		vz_err_move(err, &why);
	vz_err_done(&why);
	return r;
}

static int configure_dist(struct vz_ct *ct, void *data, struct vz_err *err)
{
	const struct vz_start *opt = data;
	struct dist_words words = { .state = "starting", .addresses = ct->env.addresses };

	if (opt->skip_setup)
		return 0;
	return dist_run(ct, dist_start_events(ct), &words, err);
}

static int start_script(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	return action_run(ct, VZ_ACTION_START, err);
}

static int release_init(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	return ct->vz->be->release(&ct->env, err);
}

static const struct vz_step start_steps[] = {
	{ "check",  check_startable, NULL,            STEP_CHECK },
	{ "mount",  mount_root,      umount_root,     STEP_PLANNED },
	{ "limits", prepare_limits,  remove_limits,   STEP_PLANNED },
	{ "spawn",  spawn_init,      kill_init,       STEP_PLANNED },
	{ "net",    attach_net,      detach_net,      STEP_PLANNED },	/* meanwhile process 1 sets itself up */
	{ "ready",  await_init,      NULL,            STEP_PLANNED },	/* it waits at a barrier */
	{ "state",  publish_state,   unpublish_state, 0 },
	{ "binds",  mount_binds,     NULL,            STEP_PLANNED },	/* they end with process 1 */
	{ "dist",   configure_dist,  NULL,            0 },
	{ "script", start_script,    NULL,            0 },
	{ "go",     release_init,    NULL,            STEP_PLANNED | STEP_COMMIT },
};

/* ---- after the start ---- */

static int wait_until_up(struct vz_ct *ct, const struct vz_start *opt, struct vz_err *err)
{
	struct vz_err why = { 0 };
	usec_t timeout = (opt->wait_seconds ? opt->wait_seconds : WAIT_DEFAULT) * USEC_PER_SEC;
	int status;

	if (inside_run_text(ct, wait_script, NULL, timeout, &status, &why) < 0) {
		bool expired = why.code == VZ_E_EXEC_TIMEOUT;

		vz_err_done(&why);
		return vz_fail(err, VZ_E_WAIT_FAILED, 0, "Container wait failed%s",
			       expired ? " - timeout expired" : "");
	}
	if (status != 0)
		return vz_fail(err, VZ_E_WAIT_FAILED, 0, "Container wait failed");
	ct_info(ct, "Container started successfully");
	return 0;
}

/* Containers of old, or made by hand, do not say what layout they have: from now on they do. */
static void remember_layout(struct vz_ct *ct)
{
	const char *layout = vz_ct_layout(ct);
	struct vz_edits edits = { 0 };
	struct vz_err ignored = { 0 };

	if (ct->own.v[VZ_P_ve_layout].set || !layout)
		return;
	if (edits_set(&edits, VZ_P_ve_layout, layout, &ignored) < 0 || ct_edit(ct, &edits, &ignored) < 0 ||
	    ct_store(ct, &edits, &ignored) < 0)
		ct_warn(ct, "%s, ignoring", ignored.msg ? ignored.msg : "cannot store VE_LAYOUT");
	edits_done(&edits);
	vz_err_done(&ignored);
}

/* vzeventd may have come up in the meantime. */
void ct_tell_watcher(struct vz_ct *ct)
{
	auto_free char *message = ct->env.init_watched ? NULL : str_printf("watch %u", ct->id);

	if (message)
		(void)watcher_send(ct->vz->host.watcher, message, strlen(message), NULL, 0);
}

int vz_ct_start(struct vz_ct *ct, const struct vz_start *opt, struct vz_err *err)
{
	if (osrelease_override(ct, opt->osrelease, err) < 0)
		return -1;
	if (steps_run(ct, "start", start_steps, ARRAY_SIZE(start_steps), (void *)opt, err) < 0) {
		/* Nothing was begun if a check failed; then that is all there is to say. */
		if (err && err->code != VZ_E_START_DISABLED && err->code != VZ_E_RUNNING &&
		    err->code != VZ_E_NOPRVT && err->code != VZ_E_PRIVATE_NOTSET && err->code != VZ_E_NO_ACCES)
			ct_warn(ct, "Container start failed (try to check kernel messages, e.g. \"dmesg | tail\")");
		return -1;
	}
	if (ct->vz->dry_run)
		return 0;
	ct_tell_watcher(ct);
	remember_layout(ct);
	/* Who asks for what this kernel cannot do is told so. */
	if (opt->osrelease && ct->vz->be->apply(&ct->env, VZ_G_osrelease, err) < 0)
		return -1;
	if (!opt->wait) {
		ct_info(ct, "Container start in progress...");
		return 0;
	}
	ct_info(ct, "Container start in progress, waiting ...");
	return wait_until_up(ct, opt, err);
}

/* ---- an environment without init ---- */

static int mount_unless_mounted(struct vz_ct *ct, void *data, struct vz_err *err)
{
	const bool *with_scripts = data;

	ct->empty_mounted = !ct_is_mounted(ct);
	if (!ct->empty_mounted)
		return ct_find_layout(ct, err);
	ct->mounts_silently = true;
	ct->mounts_without_scripts = !*with_scripts;
	return ct_mount_root(ct, err);
}

static void umount_if_mounted_here(struct vz_ct *ct, void *data)
{
	if (ct->empty_mounted)
		umount_root(ct, data);
	ct->empty_mounted = ct->mounts_silently = ct->mounts_without_scripts = false;
}

static const struct vz_step empty_steps[] = {
	{ "mount",  mount_unless_mounted, umount_if_mounted_here, STEP_PLANNED },
	{ "limits", prepare_limits,       remove_limits,          STEP_PLANNED },
	{ "spawn",  spawn_init,           kill_init,              STEP_PLANNED },
	{ "ready",  await_init,           NULL,                   STEP_PLANNED },
};

int ct_start_empty(struct vz_ct *ct, bool with_scripts, struct vz_err *err)
{
	return steps_run(ct, "empty", empty_steps, ARRAY_SIZE(empty_steps), &with_scripts, err);
}

void ct_stop_empty(struct vz_ct *ct)
{
	ct->vz->undoing++;
	for (size_t i = ARRAY_SIZE(empty_steps); i-- > 0;)
		if (empty_steps[i].undo)
			empty_steps[i].undo(ct, NULL);
	ct->vz->undoing--;
}
