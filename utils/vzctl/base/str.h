/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strings that grow. A zeroed struct vz_str is an empty string; running out of memory is remembered
 * and reported once, by str_take().
 */
#ifndef VZ_BASE_STR_H
#define VZ_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

struct vz_str {
	char *s;	/* owned, NUL terminated; NULL while nothing was added */
	size_t len;	/* bytes without the NUL */
	size_t size;	/* bytes allocated */
	bool failed;	/* memory ran out; further calls do nothing */
};

#define auto_str VZ_CLEANUP(str_done)

void str_add(struct vz_str *b, const char *s);
void str_add_n(struct vz_str *b, const char *s, size_t n);
void str_add_char(struct vz_str *b, char c);
void str_addf(struct vz_str *b, const char *fmt, ...) VZ_PRINTF(2, 3);
void str_reset(struct vz_str *b);	/* empty it, keep the memory */
void str_done(struct vz_str *b);

/* The text, "" if nothing was added; stays owned by b. */
const char *str_get(const struct vz_str *b);
/* Move the text out, never NULL for an empty string; NULL if memory ran out. The caller frees it. */
char *str_take(struct vz_str *b);

bool str_has_prefix(const char *s, const char *prefix);
static inline bool str_is_empty(const char *s) { return !s || !*s; }
/* Turn the \ooo of /proc/PID/mountinfo back into bytes, in place. */
void str_unescape_octal(char *s);
/* Strings that may be NULL: NULL equals only NULL. */
bool str_equal(const char *a, const char *b);
/* asprintf() that returns the string; NULL if memory ran out. The caller frees it. */
char *str_printf(const char *fmt, ...) VZ_PRINTF(1, 2);

#endif
