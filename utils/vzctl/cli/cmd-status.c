/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vzctl status: the line that scripts read most. Word by word as it always was; exit status 0 for
 * containers that are not there, too.
 */
#include "cli/cli.h"

int cmd_status(struct cli *c, struct vz_err *err VZ_UNUSED)
{
	unsigned int state = vz_ct_state(c->ct);
	bool exists = state & VZ_STATE_EXIST, runs = state & VZ_STATE_RUNNING;

	printf("CTID %u %s %s %s%s\n", c->id,
	       exists ? "exist" : "deleted",
	       state & VZ_STATE_MOUNTED ? "mounted" : "unmounted",
	       runs ? "running" : "down",
	       exists && !runs && state & VZ_STATE_SUSPENDED ? " suspended" : "");
	return 0;
}
