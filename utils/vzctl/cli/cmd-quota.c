/* SPDX-License-Identifier: GPL-2.0-only */
/* vzctl quotainit, quotaon and quotaoff: what a start does about the disk, by itself. */
#include "cli/cli.h"

int cmd_quotainit(struct cli *c, struct vz_err *err)
{
	return vz_ct_quota(c->ct, VZ_QUOTA_INIT, err);
}

int cmd_quotaon(struct cli *c, struct vz_err *err)
{
	return vz_ct_quota(c->ct, VZ_QUOTA_ON, err);
}

int cmd_quotaoff(struct cli *c, struct vz_err *err)
{
	return vz_ct_quota(c->ct, VZ_QUOTA_OFF, err);
}
