/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What becomes of a container whose init has ended: one that rebooted is started again, another cleaned
 * up after. Called by vzeventd, which learns of the end; but whoever calls, and how often, it is done
 * once: the state file, looked at under the lock, tells whether it is still to do.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "ct/ct.h"

/* Between two looks at whether the owner of the lock has done our work. */
#define LOOK_AGAIN (1 * USEC_PER_SEC)

/* What cannot be understood of its configuration does not keep it from being cleaned up after. */
static void reload(struct vz_ct *ct)
{
	struct vz_err why = { 0 };

	if (vz_ct_load(ct, true, &why) < 0)
		ct_warn(ct, "Warning: %s; going on with the defaults", why.msg ? why.msg : "configuration");
	vz_err_done(&why);
}

/* The lock may have been left by a command that was killed, and will not tell of it again. */
static void recover(struct vz_ct *ct)
{
	struct vz_err why = { 0 };

	if (vz_ct_recover(ct, &why) < 0)
		ct_warn(ct, "%s, ignoring", why.msg);
	vz_err_done(&why);
}

/* 1: locked, and there is something to do. 0: there is not. */
static int lock_if_ended(struct vz_ct *ct, bool *ret_rebooted, struct vz_err *err)
{
	while (state_has_ended(ct, ret_rebooted)) {
		int r = ct_lock_to_clean(ct, LOOK_AGAIN, err);

		if (r == -EBUSY)
			continue;
		if (r < 0)
			return -1;
		reload(ct);
		if (state_has_ended(ct, ret_rebooted))
			return 1;
		recover(ct);
		vz_ct_unlock(ct);
	}
	return 0;
}

static int take_down_or_restart(struct vz_ct *ct, bool rebooted, struct vz_err *err)
{
	struct vz_start opt = { 0 };

	recover(ct);
	ct_info(ct, rebooted ? "Container reboots" : "Container has ended");
	if (ct_take_down(ct, err) < 0)
		return -1;
	return rebooted ? vz_ct_start(ct, &opt, err) : 0;
}

int vz_ct_see_to_end(struct vz_ct *ct, struct vz_err *err)
{
	bool rebooted = false;
	int r;

	if (vz_backend_probe(ct->vz, err) < 0)
		return -1;
	r = lock_if_ended(ct, &rebooted, err);
	if (r <= 0)
		return r;
	r = take_down_or_restart(ct, rebooted, err);
	vz_ct_unlock(ct);
	return r;
}
