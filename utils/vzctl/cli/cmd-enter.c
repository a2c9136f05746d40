/* SPDX-License-Identifier: GPL-2.0-only */
/* vzctl enter: a login shell on a terminal of the container. */
#include <string.h>

#include "cli/cli.h"

int check_enter(struct cli *c, struct vz_err *err)
{
	if (c->argc > 1 && strcmp(c->argv[1], "--exec") != 0)
		return vz_fail(err, VZ_E_INVALID_SYNTAX, 0, "Invalid option '%s'", c->argv[1]);
	return 0;
}

int cmd_enter(struct cli *c, struct vz_err *err)
{
	auto_err struct vz_err why = { 0 };
	int status = 0;

	if (vz_ct_enter(c->ct, c->argc > 2 ? c->argv + 2 : NULL, &status, &why) < 0) {
		if (why.code != VZ_E_NOT_RUNNING)
			(void)vz_wrap(&why, "enter into CT %u failed", c->id);
		vz_err_move(err, &why);
		return -1;
	}
	vz_log(&c->log.log, VZ_LOG_INFO, c->id, "exited from CT %u", c->id);
	return cli_inner_status(c, status, "got signal");
}
