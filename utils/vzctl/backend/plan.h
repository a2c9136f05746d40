/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The back end that does nothing but remember: for --dry-run, which prints what it remembered, and
 * for tests of floor 4, which also tell it where to fail and what state to show.
 */
#ifndef VZ_BACKEND_PLAN_H
#define VZ_BACKEND_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

struct vz_backend;

struct vz_plan {
	/* Asked about what is there (is it running, is it frozen); NULL: the fields below tell. */
	const struct vz_backend *under;
	char **calls;		/* "mount 101", "spawn 101", …; owned */
	const char *fail_at;	/* name of the member that fails; NULL: none. Not owned */
	bool running, frozen;
	/* Called for each record, may be NULL. */
	void (*fn)(void *data, const char *line);
	void *data;
};

struct vz_plan *plan_new(void);
void plan_free(struct vz_plan *p);
/* Remember a line. Running out of memory loses it. */
void plan_record(struct vz_plan *p, const char *fmt, ...) VZ_PRINTF(2, 3);

#endif
