/* SPDX-License-Identifier: GPL-2.0-only */
/* What a call of vzlist asks for, and the table it gets. */
#ifndef VZ_CLI_LIST_H
#define VZ_CLI_LIST_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/columns.h"

struct list_request {
	const struct column **columns;	/* owned */
	size_t n_columns;
	const struct column *sort;	/* NULL: by number */
	bool reverse;
	bool all, stopped;		/* which containers; neither: running ones */
	bool no_header, no_trim;
	bool json;			/* figures are looked up while it is written */
	const char *hostname, *name, *description;	/* shell patterns; NULL: any */
	vz_ctid *ids;			/* owned; the containers named by the user */
	size_t n_ids;
};

struct list_table {
	struct row *rows;		/* owned */
	size_t n;
};

/* Find the rows, fill and sort them. 0, or -1 with err. */
int list_read(struct vz *vz, const struct list_request *q, struct list_table *ret, struct vz_err *err);
void list_print(FILE *f, const struct list_request *q, const struct list_table *t);
/* 0, or -ENOMEM. */
int list_print_json(FILE *f, const struct list_request *q, const struct list_table *t);
void list_table_done(struct list_table *t, const struct list_request *q);

#endif
