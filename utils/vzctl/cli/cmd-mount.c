/* SPDX-License-Identifier: GPL-2.0-only */
/* vzctl mount and umount: the root of a stopped container on the host. */
#include "cli/cli.h"

int cmd_mount(struct cli *c, struct vz_err *err)
{
	return vz_ct_mount(c->ct, err);
}

int cmd_umount(struct cli *c, struct vz_err *err)
{
	return vz_ct_umount(c->ct, err);
}
