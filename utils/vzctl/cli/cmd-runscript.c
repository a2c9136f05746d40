/* SPDX-License-Identifier: GPL-2.0-only */
/* vzctl runscript: run a script of the host inside a container, running or not. */
#include "cli/cli.h"

int check_script(struct cli *c, struct vz_err *err)
{
	if (c->argc < 2)
		return vz_fail(err, VZ_E_INVALID_SYNTAX, 0, "No script given for runscript");
	return opts_extra_words(c, 2, err);
}

int cmd_runscript(struct cli *c, struct vz_err *err)
{
	int status = 0;

	if (vz_ct_runscript(c->ct, c->argv[1], &status, err) < 0)
		return -1;
	return cli_inner_status(c, status, "Got signal");
}
