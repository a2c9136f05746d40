/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of the disk: with set, and their end. A mount sets them, too. */
#include <errno.h>

#include "backend/policy.h"
#include "ct/ct.h"

bool disk_is_asked(const struct vz_ct *ct, const struct vz_edits *edits)
{
	return edits && (edits_has(edits, VZ_P_diskspace) || edits_has(edits, VZ_P_diskinodes)) &&
	       policy_disk_is_limited(&ct->conf);
}

int disk_set(struct vz_ct *ct, struct vz_err *err)
{
	if (vz_backend_open(ct->vz, err) < 0 || ct_find_layout(ct, err) < 0)
		return -1;
	/* The size of an image is its limit. */
	if (!ct->env.private_area || ct->env.layout == VZ_LAYOUT_PLOOP)
		return 0;
	return ct->vz->be->apply(&ct->env, VZ_G_disk, err);
}

void disk_forget(struct vz_ct *ct)
{
	struct vz_err ignored = { 0 };

	if (ct->vz->be->disk_off(&ct->env, &ignored) < 0)
		ct_warn(ct, "%s, ignoring", ignored.msg ? ignored.msg : "limits of the disk are left");
	vz_err_done(&ignored);
}
