/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adopt: a container that another engine has made and runs becomes one of ours, until it ends. It gets a
 * configuration, which stays, and a state, which does not: the next time it has to be adopted again. Its
 * limits are ours from then on; its root, its network and what starts it are not.
 */
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "ct/ct.h"
#include "ct/steps.h"

struct adopting {
	pid_t pid;
	bool made_conf;
};

static int check(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	if (vz_backend_probe(ct->vz, err) < 0)
		return -1;
	if (ct_is_running(ct))
		return vz_fail(err, VZ_E_RUNNING, 0, "Container is already running");
	if (ct->env.private_area && path_exists(ct->env.private_area))
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "number %u is that of a container of our own, in '%s'", ct->id,
			       ct->env.private_area);
	return 0;
}

/* What starts it is another's business, also when the host boots. */
static int write_conf(struct vz_ct *ct, void *data, struct vz_err *err)
{
	struct adopting *a = data;
	struct vz_edits edits = { 0 };
	int r;

	if (ct->file)
		return 0;
	r = edits_set(&edits, VZ_P_onboot, "no", err);
	if (r == 0)
		r = ct_edit(ct, &edits, err);
	if (r == 0)
		r = ct_store(ct, &edits, err);
	edits_done(&edits);
	a->made_conf = r == 0;
	return r;
}

static void remove_conf(struct vz_ct *ct, void *data)
{
	const struct adopting *a = data;
	auto_free char *path = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");

	if (a->made_conf && path)
		(void)unlink(path);
}

static int adopt(struct vz_ct *ct, void *data, struct vz_err *err)
{
	const struct adopting *a = data;

	if (ct->vz->be->adopt(&ct->env, a->pid, err) < 0)
		return -1;
	if (ct->vz->dry_run || ct_set_adopted(ct, ct->env.group) == 0)
		return 0;
	return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "container %u", ct->id);
}

/* Those of the file, and no others: what its engine has set besides stays. */
static int limit(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	return set_limits(ct, err);
}

static int publish(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	if (state_write(ct, err) < 0)
		return -1;
	ct_tell_watcher(ct);
	return 0;
}

/*
 * The state last: as long as there is none the whole list can be begun again. If only a limit cannot be set the
 * container is ours all the same, and the caller hears of it.
 */
static const struct vz_step adopt_steps[] = {
	{ "check",  check,      NULL,        STEP_CHECK },
	{ "conf",   write_conf, remove_conf, 0 },
	{ "adopt",  adopt,      NULL,        STEP_PLANNED | STEP_COMMIT },
	{ "limits", limit,      NULL,        STEP_ANYWAY },
	{ "state",  publish,    NULL,        0 },
};

int vz_ct_adopt(struct vz_ct *ct, int pid, struct vz_err *err)
{
	struct adopting a = { .pid = pid };

	if (steps_run(ct, "adopt", adopt_steps, ARRAY_SIZE(adopt_steps), &a, err) < 0)
		return -1;
	if (ct->vz->dry_run)
		return 0;
	ct_info(ct, "Container was adopted: process %d in cgroup '/%s'", pid, ct->env.group);
	return 0;
}
