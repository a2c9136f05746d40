/* SPDX-License-Identifier: GPL-2.0-only */
/* vzctl enter: a login shell on a terminal of the container. */
#include <stdlib.h>
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
	char *const *type_first = c->argc > 2 ? c->argv + 2 : NULL;
	int status = 0;

	if (vz_ct_enter(c->ct, getenv("TERM"), type_first, &status, err) < 0)
		return -1;
	return cli_inner_status(c, status, "got signal");
}
