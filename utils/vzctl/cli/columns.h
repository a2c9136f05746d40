/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fields of vzlist, from columns.def, and the rows they are read from. A row asks the library only
 * for what a chosen field needs, and only once: a host has hundreds of containers.
 */
#ifndef VZ_CLI_COLUMNS_H
#define VZ_CLI_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/cells.h"
#include "include/vzctl.h"

/* Which figure of a beancounter or quota. */
enum column_part {
	PART_HELD, PART_MAXHELD, PART_BARRIER, PART_LIMIT, PART_FAILCNT,
	PART_USAGE, PART_SOFT, PART_HARD,
};

struct row;
struct column;

struct column {
	const char *name, *header;
	int width;		/* negative: to the left, and cut */
	enum cell_kind kind;
	/* Fill *ret, which is empty; left alone if there is no value. */
	void (*get)(struct row *r, const struct column *c, struct cell *ret);
	const char *key;	/* of the configuration; NULL: it comes from elsewhere */
	const char *help;	/* NULL: that of the parameter says it */
	enum column_part part;
	bool is_part;		/* one figure only ("kmemsize.m"): JSON has them all in "kmemsize" */
};

struct row {
	vz_ctid id;
	struct vz_ct *ct;	/* owned */
	int pid;		/* of init; -1: not asked yet; 0: not running */
	unsigned int at_rest;	/* if it does not run: VZ_STATE_…, see row_at_rest() */
	bool is_loaded;		/* CTID.conf was looked for */
	struct cell *cells;	/* owned; one for each chosen column */
	struct cell sort;	/* what it is sorted by */
};

/* By index, in the order of the table; NULL past the end. By name; NULL: there is none. */
const struct column *column_at(size_t index);
const struct column *column_find(const char *name);

bool row_is_running(struct row *r);
/* VZ_STATE_… of one that does not run; 0 is "not asked yet", too. */
unsigned int row_at_rest(struct row *r);
/* The container's handle with its configuration, as far as there is one. */
struct vz_ct *row_ct(struct row *r);
/* Text of a parameter; NULL if not set. Caller frees. */
char *row_text(struct row *r, const char *key);
void row_done(struct row *r, size_t n_cells);

struct json_object;
/* What a field is in JSON; NULL is JSON's null. */
struct json_object *column_json(struct row *r, const struct column *c, const struct cell *cell);

#endif
