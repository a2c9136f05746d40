/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON is UTF-8, and what users write into files may be anything. */
#ifndef VZ_CLI_UTF8_H
#define VZ_CLI_UTF8_H

#include <stddef.h>

/* len bytes of text with U+FFFD for whatever is not UTF-8. NULL: out of memory. Caller frees. */
char *utf8_clean(const char *s, size_t len);

#endif
