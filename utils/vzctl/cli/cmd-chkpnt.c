/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vzctl chkpnt and restore. The steps that stop and continue processes work; saving a container to a
 * file is not part of this version, and whoever asks for it is told so.
 */
#include "cli/cli.h"

static const enum option_id step_options[] = {
	OPT_suspend, OPT_dump, OPT_undump, OPT_resume, OPT_kill,
};

int check_one_step(struct cli *c, struct vz_err *err)
{
	int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(step_options); i++)
		n += c->given[step_options[i]] != 0;
	if (n > 1)
		return vz_fail(err, VZ_E_INVALID_SYNTAX, 0,
			       "Invalid syntax: only one sub command may be used");
	if (!c->given[OPT_dumpfile] && (c->given[OPT_dump] || c->given[OPT_undump]))
		return vz_fail(err, VZ_E_INVALID_SYNTAX, 0, "Invalid syntax: --dumpfile is missing");
	return 0;
}

/* Freeze or thaw; a failure for another reason than a container that does not run gets our code. */
static int freeze(struct cli *c, bool on, const char *failed, struct vz_err *err)
{
	auto_err struct vz_err why = { 0 };

	if (vz_ct_freeze(c->ct, on, &why) == 0)
		return 0;
	if (why.code == VZ_E_NOT_RUNNING) {
		vz_err_move(err, &why);
		return -1;
	}
	return vz_fail(err, c->cmd->fail, 0, "%s: %s", failed, why.msg ? why.msg : "out of memory");
}

int cmd_chkpnt(struct cli *c, struct vz_err *err)
{
	if (c->given[OPT_resume])
		return freeze(c, false, "Checkpointing failed", err);
	if (c->given[OPT_suspend]) {
		if (freeze(c, true, "Checkpointing failed", err) < 0)
			return -1;
		vz_log(&c->log.log, VZ_LOG_INFO, c->id, "Checkpointing completed successfully");
		return 0;
	}
	if (!(vz_ct_state(c->ct) & VZ_STATE_RUNNING))
		return vz_fail(err, VZ_E_NOT_RUNNING, 0, "%s", c->given[OPT_kill] ?
			       "Container is not running" :
			       "Unable to setup checkpointing: container is not running");
	return vz_fail(err, c->cmd->fail, 0,
		       "Checkpointing failed: saving a container to a file is not built into this version");
}

int cmd_restore(struct cli *c, struct vz_err *err)
{
	unsigned int state = vz_ct_state(c->ct);

	if (state & VZ_STATE_FROZEN && c->given[OPT_resume])
		return freeze(c, false, "Container restore failed", err);
	if (state & VZ_STATE_RUNNING)
		return vz_fail(err, VZ_E_RUNNING, 0, "Unable to perform restore: container already running");
	return vz_fail(err, c->cmd->fail, 0,
		       "Container restore failed: restoring a container from a file is not built into this version");
}
