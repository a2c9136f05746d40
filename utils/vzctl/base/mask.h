/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of CPUs or NUMA nodes, written as the kernel does: "0-2,7". */
#ifndef VZ_BASE_MASK_H
#define VZ_BASE_MASK_H

#include <stdbool.h>

#define MASK_BITS 4096

struct mask {
	bool bits[MASK_BITS];
};

/* Add what text names to m. 0, -EINVAL, or -ERANGE beyond MASK_BITS; m may hold part of it then. */
int mask_add(struct mask *m, const char *text);
/* Leave in m only what is in by, too. */
void mask_and(struct mask *m, const struct mask *by);
bool mask_is_empty(const struct mask *m);
/* "" for an empty set; NULL: out of memory. Caller frees. */
char *mask_text(const struct mask *m);

#endif
