/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cells of vzlist's table: a value of one of a few kinds, how it is written, cut and compared. Knows
 * nothing of containers.
 */
#ifndef VZ_CLI_CELLS_H
#define VZ_CLI_CELLS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CELL_UNLIMITED ((uint64_t)INT64_MAX)

enum cell_kind {
	CELL_TEXT,	/* text */
	CELL_LIST,	/* text, words between blanks; only the first one unless it is the last column */
	CELL_FLAGS,	/* text, name:on|off between commas */
	CELL_TEXT_OR_NUM,	/* text, or num if there is none; always set */
	CELL_STATUS,	/* text, sorted by num */
	CELL_NUM,	/* num */
	CELL_NUM_OR_0,	/* num; an unset one is 0 for machines */
	CELL_REAL,	/* real[0]; an unset one is 0 for machines */
	CELL_YESNO,	/* num */
	CELL_UPTIME,	/* real[0] in seconds */
	CELL_LOAD,	/* real: load averages */
	CELL_COUNTER,	/* num: one figure of a beancounter */
	CELL_DISK,	/* num: one figure of a disk quota */
	CELL__MAX
};

struct cell {
	bool set;		/* false: there is no value, "-" */
	char *text;		/* owned */
	uint64_t num;
	double real[3];
};

void cell_done(struct cell *c);
/* The text of a cell, "-" for none. The caller frees it; NULL if memory ran out. */
char *cell_format(enum cell_kind kind, const struct cell *c, bool is_last);
/* As strcmp(); what is not set comes first. 0 for kinds that do not sort. */
int cell_compare(enum cell_kind kind, const struct cell *a, const struct cell *b);

/*
 * Write text in a column: padded to |width|, to the left if width is negative; cut to it if cut is
 * set. Counts characters of UTF-8, not bytes; control characters become '?'.
 */
void cell_put(FILE *f, const char *text, int width, bool cut);

/* "barrier:limit" or one number for both, either may be "unlimited". False if it is neither. */
bool pair_parse(const char *text, uint64_t *ret_first, uint64_t *ret_second);

#endif
