/* SPDX-License-Identifier: GPL-2.0-only */
/* See utf8.h. */
#include <stdlib.h>
#include <string.h>

#include "cli/utf8.h"

/* Bytes of the character s begins with; 0 if it is none. */
static size_t char_len(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t n = u[0] < 0x80 ? 1 : u[0] >= 0xc2 && u[0] < 0xe0 ? 2 :
		   u[0] >= 0xe0 && u[0] < 0xf0 ? 3 : u[0] >= 0xf0 && u[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	/* Too long forms, surrogates, and what is past U+10FFFF. */
	if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] >= 0xa0) ||
	    (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] >= 0x90))
		return 0;
	return n;
}

char *utf8_clean(const char *s, size_t len)
{
	char *clean = malloc(len * 3 + 1);
	char *to = clean;

	if (!clean)
		return NULL;
	for (const char *end = s + len; s < end; ) {
		size_t n = char_len(s);

		if (n && n <= (size_t)(end - s)) {
			to = mempcpy(to, s, n);
			s += n;
		} else {
			to = mempcpy(to, "\xef\xbf\xbd", 3);
			s++;
		}
	}
	*to = '\0';
	return clean;
}
