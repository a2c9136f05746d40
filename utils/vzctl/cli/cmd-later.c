/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands OpenVZ has and this version has not. They exist, so that a script which calls one gets the
 * exit code that means "this did not work" and not the one for a typing error.
 */
#include "cli/cli.h"

int cmd_later(struct cli *c, struct vz_err *err)
{
	return vz_fail(err, c->cmd->fail, 0, "'%s' is not built into this version", c->cmd->name);
}
