/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations as lists of steps; see steps.h. */
#include "backend/plan.h"
#include "ct/ct.h"
#include "ct/steps.h"

static void undo_from(struct vz_ct *ct, const struct vz_step *steps, size_t done, void *data)
{
	ct->vz->undoing++;
	while (done-- > 0) {
		if (!steps[done].undo)
			continue;
		ct_log(ct, VZ_LOG_DEBUG, "undoing step '%s'", steps[done].name);
		steps[done].undo(ct, data);
	}
	ct->vz->undoing--;
}

/* In a dry run most steps are only named: what they do is not done, nor are the files they write. */
static int run_or_name(struct vz_ct *ct, const char *operation, const struct vz_step *s, void *data,
		       struct vz_err *err)
{
	if (!ct->vz->dry_run)
		ct_log(ct, VZ_LOG_DEBUG, "step '%s' of %s", s->name, operation);
	if (!ct->vz->dry_run || (s->flags & STEP_CHECK))
		return s->run(ct, data, err);
	plan_record(ct->vz->host.plan, "%s %u: %s", operation, ct->id, s->name);
	return s->flags & STEP_PLANNED ? s->run(ct, data, err) : 0;
}

int steps_run(struct vz_ct *ct, const char *operation, const struct vz_step *steps, size_t n,
	      void *data, struct vz_err *err)
{
	bool committed = false;
	int result = 0;

	for (size_t i = 0; i < n; i++) {
		int r;

		if (ct_is_cancelled(ct) && !committed)
			r = vz_fail(err, VZ_E_SYSTEM, 0, "cancelled before step '%s' of %s",
				    steps[i].name, operation);
		else
			r = run_or_name(ct, operation, &steps[i], data, err);
		if (r == 0) {
			committed |= !!(steps[i].flags & STEP_COMMIT);
			continue;
		}
		if (!committed && !(steps[i].flags & STEP_ANYWAY)) {
			undo_from(ct, steps, i, data);
			return -1;
		}
		result = -1;
		if (!(steps[i].flags & STEP_ANYWAY))
			return -1;
	}
	return result;
}
