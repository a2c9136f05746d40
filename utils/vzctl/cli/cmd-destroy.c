/* SPDX-License-Identifier: GPL-2.0-only */
/* vzctl destroy: remove a container for good. */
#include "cli/cli.h"

int cmd_destroy(struct cli *c, struct vz_err *err)
{
	return vz_ct_destroy(c->ct, err);
}
