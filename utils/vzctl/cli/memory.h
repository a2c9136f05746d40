/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What containers use of the memory of the host, what was promised to them, and what they may use at most:
 * the figures of vzmemcheck and vzcalc, after the rules OpenVZ has for them.
 */
#ifndef VZ_CLI_MEMORY_H
#define VZ_CLI_MEMORY_H

#include <stdio.h>

#include "include/vzctl.h"

enum memory_figure {
	MEMORY_LOW_UTIL,	/* memory of the kernel */
	MEMORY_LOW_COMMIT,
	MEMORY_RAM_UTIL,
	MEMORY_SWAP_UTIL,	/* RAM and swap space */
	MEMORY_SWAP_COMMIT,	/* what will not be taken from it */
	MEMORY_ALLOC_UTIL,	/* what programs have asked for */
	MEMORY_ALLOC_COMMIT,	/* what they will be given */
	MEMORY_ALLOC_LIMIT,
	MEMORY__MAX
};

/* Bytes; NAN: the kernel does not tell, INFINITY: there is no limit. */
struct memory {
	double v[MEMORY__MAX];
};

/* Of a container; of one that does not run only what was promised. */
void memory_of(struct memory *m, struct vz_ct *ct);
/* What the host has for each of them. */
void memory_of_host(struct memory *m);
/* Right-aligned with two decimals; "n/a" and "unlim" for what is no number. */
void memory_put(FILE *f, int width, double value);

#endif
