/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vzctl status: the line that scripts read most. Word by word as it always was; exit status 0 for
 * containers that are not there, too. With --verbose further lines follow.
 */
#include "cli/cli.h"

/* Nobody who parses the line asks for more. */
static void say_more(struct cli *c)
{
	static const char *const proc[] = {
		[VZ_PROC_HOST]   = "the host's figures",
		[VZ_PROC_LXCFS]  = "its own (lxcfs)",
		[VZ_PROC_KERNEL] = "its own",
	};
	enum vz_proc_view view = vz_ct_proc_view(c->ct);

	if (view != VZ_PROC_NONE)
		printf("/proc: %s\n", proc[view]);
}

int cmd_status(struct cli *c, struct vz_err *err VZ_UNUSED)
{
	unsigned int state = vz_ct_state(c->ct);
	bool exists = state & VZ_STATE_EXIST, runs = state & VZ_STATE_RUNNING;

	printf("CTID %u %s %s %s%s\n", c->id,
	       exists ? "exist" : "deleted",
	       state & VZ_STATE_MOUNTED ? "mounted" : "unmounted",
	       runs ? "running" : "down",
	       exists && !runs && state & VZ_STATE_SUSPENDED ? " suspended" : "");
	if (c->given[OPT_verbose])
		say_more(c);
	return 0;
}
