/* SPDX-License-Identifier: GPL-2.0-only */
/* Beancounters of a container as vzubc shows them: read from the library or from a file, printed as a table. */
#ifndef VZ_CLI_UBC_H
#define VZ_CLI_UBC_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "include/vzctl.h"

#define UBC_UNLIMITED ((uint64_t)INT64_MAX)

enum ubc_part { UBC_HELD, UBC_MAXHELD, UBC_BARRIER, UBC_LIMIT, UBC_FAILCNT, UBC__PARTS };

struct ubc_counter {
	const char *name;		/* "kmemsize" */
	bool known[UBC__PARTS];
	uint64_t v[UBC__PARTS];		/* of pages: bytes */
};

#define UBC_COUNTERS 21

struct ubc_table {
	vz_ctid id;
	struct ubc_counter counters[UBC_COUNTERS];
};

/* A table with all names and no figures. */
void ubc_table_init(struct ubc_table *t, vz_ctid id);
/* What the library knows of a running container. */
void ubc_table_of(struct ubc_table *t, struct vz_ct *ct);
/*
 * Tables in the format of /proc/user_beancounters, "Version: 2.5", into *ret, which the caller frees. Their
 * number, or -1: it is not of that format.
 */
int ubc_tables_read(FILE *f, struct ubc_table **ret);
/* One table in that format; what is not known is 0. */
void ubc_table_write(FILE *f, const struct ubc_table *t);

struct ubc_style {
	bool quiet;			/* only what is near its limit, or was refused */
	double held, maxheld;		/* how much of its limit is near, 1 being all of it */
	bool verbose;			/* also what nothing is known of */
	bool color;
	const struct ubc_table *before;	/* for a moment before; NULL: none */
	bool fails_since, held_since;	/* show what was added since then */
};
/* Prints nothing if a quiet table has nothing to say. */
void ubc_table_print(FILE *f, const struct ubc_table *t, const struct ubc_style *style);

#endif
