/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of the disk: with set, by the commands for it, and their end. A mount sets them, too. */
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

/* ---- quotainit, quotaon, quotaoff ---- */

static int quota_init(struct vz_ct *ct, struct vz_err *err)
{
	if (ct_is_running(ct))
		return vz_fail(err, VZ_E_RUNNING, 0, "Container is running -- stop it first");
	return ct->vz->be->disk_init(&ct->env, err);
}

/* Of one that runs the files cannot be counted any more, only limits set. */
static int quota_on(struct vz_ct *ct, struct vz_err *err)
{
	return ct_is_running(ct) ? ct->vz->be->apply(&ct->env, VZ_G_disk, err) : ct->vz->be->disk_init(&ct->env, err);
}

static int quota_off(struct vz_ct *ct, struct vz_err *err)
{
	return ct->vz->be->disk_off(&ct->env, err);
}

int vz_ct_quota(struct vz_ct *ct, enum vz_quota what, struct vz_err *err)
{
	static const struct {
		enum vz_error code;
		const char *done;
		int (*run)(struct vz_ct *ct, struct vz_err *err);
	} rows[] = {
		[VZ_QUOTA_INIT] = { VZ_E_DQ_INIT, "Disk quota is initialised", quota_init },
		[VZ_QUOTA_ON]   = { VZ_E_DQ_ON,   "Disk quota is on",          quota_on },
		[VZ_QUOTA_OFF]  = { VZ_E_DQ_OFF,  "Disk quota is off",         quota_off },
	};

	if (!conf_yes(&ct->conf, VZ_P_disk_quota, true))
		return vz_fail(err, rows[what].code, 0, "Disk quota is not enabled, skipping operation");
	if (ct_need_private(ct, err) < 0 || vz_backend_probe(ct->vz, err) < 0 || ct_find_layout(ct, err) < 0)
		return -1;
	if (ct->env.layout == VZ_LAYOUT_PLOOP) {
		ct_info(ct, "Disk quota does not apply to the ploop layout: the size of the image is the limit");
		return 0;
	}
	ct->env.disk_asked = true;
	if (!ct->vz->dry_run && what != VZ_QUOTA_OFF && ids_ensure(ct, err) < 0)
		return -1;
	if (rows[what].run(ct, err) < 0) {
		/* Whichever part of it failed. */
		if (err && (err->code == VZ_E_DQ_INIT || err->code == VZ_E_DQ_SET))
			err->code = rows[what].code;
		return -1;
	}
	if (!ct->vz->dry_run)
		ct_info(ct, "%s", rows[what].done);
	return 0;
}
