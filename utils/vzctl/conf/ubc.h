/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How beancounters of one container belong together. Nothing enforces it: a configuration that breaks a
 * rule runs, and its programs fail in odd ways. vzcfgvalidate tells, and repairs.
 *
 * There are three kinds of configurations. Where PHYSPAGES has a limit, it and SWAPPAGES are all there is
 * to check; where no beancounter is set but NUMPROC, none limits anything; any other is to be complete.
 */
#ifndef VZ_CONF_UBC_H
#define VZ_CONF_UBC_H

#include "conf/layers.h"

struct ubc_finding {
	const char *word;		/* "Error", "Warning", "Recommendation" */
	enum vz_param_id id;
	bool missing;			/* it is not set at all */
	const char *member;		/* "bar" or "lim" */
	char relation;			/* '<', '=', '>': how it is to be related to … */
	uint64_t wanted, now;
	uint64_t bar, lim;		/* a value that keeps the rule, and takes nothing away that need not go */
};

struct ubc_check {
	bool whole_list;		/* of a kernel that knows PHYSPAGES as a figure only: always be complete */
	const struct vz_conf *defaults;	/* what holds where nothing is set */
	uint64_t ram, swap;		/* of the host, in pages */
	/* True: give the parameter the value of the finding, and go on with that. */
	bool (*found)(void *data, const struct ubc_finding *f);
	void *data;
};

/* How many findings are left in c, which may have been changed. */
unsigned int ubc_check(struct vz_conf *c, const struct ubc_check *how);

#endif
