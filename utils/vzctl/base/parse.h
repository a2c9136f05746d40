/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to numbers, strictly: no blanks, no sign, nothing left over. 0, -EINVAL or -ERANGE. */
#ifndef VZ_BASE_PARSE_H
#define VZ_BASE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

int parse_u64(const char *s, uint64_t *ret);
/* A number in [min, max]; outside: -ERANGE. */
int parse_u64_range(const char *s, uint64_t min, uint64_t max, uint64_t *ret);
/* 0 … VZ_CTID_MAX in decimal. */
int parse_ctid(const char *s, vz_ctid *ret);
/* Exactly "yes" or "no". */
int parse_yesno(const char *s, bool *ret);

#endif
