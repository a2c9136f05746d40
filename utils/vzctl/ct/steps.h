/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Operations as lists of steps. The runner goes down the list; when a step fails it goes back up
 * through the undo functions, and the first failure survives. After a commit step the operation has
 * happened: later failures are reported, nothing is undone any more.
 */
#ifndef VZ_CT_STEPS_H
#define VZ_CT_STEPS_H

#include <stddef.h>

#include "base/err.h"

struct vz_ct;

struct vz_step {
	const char *name;		/* what --dry-run prints, one word */
	int (*run)(struct vz_ct *ct, void *data, struct vz_err *err);
	void (*undo)(struct vz_ct *ct, void *data);	/* may be NULL */
	enum {
		STEP_COMMIT  = 1 << 0,	/* what comes after it is not undone */
		STEP_CHECK   = 1 << 1,	/* only looks: done in a dry run too */
		STEP_PLANNED = 1 << 2,	/* changes things through the back end only: a dry run calls it on the plan */
		STEP_ANYWAY  = 1 << 3,	/* go on after its failure: in a list that takes down, or if nothing after it needs it */
	} flags;
};

/* data is handed to the steps as it is. 0 or -1 with err. */
int steps_run(struct vz_ct *ct, const char *operation, const struct vz_step *steps, size_t n, void *data, struct vz_err *err);

#endif
