/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys that a console has for itself; see keys.h. */
#include "host/keys.h"

#define ESC '\033'

static enum keys_event event_of(char c)
{
	return c == '.' ? KEYS_DETACH : c == '!' ? KEYS_KILL : KEYS_NONE;
}

size_t keys_take(struct keys *k, const char *typed, size_t n, char *passed, enum keys_event *ret)
{
	size_t len = 0;

	*ret = KEYS_NONE;
	for (size_t i = 0; i < n; i++) {
		char c = typed[i];

		if (k->has_esc) {
			*k = (struct keys){ 0 };
			*ret = event_of(c);
			if (*ret != KEYS_NONE)
				return len;
			passed[len++] = ESC;
			k->is_in_line = true;
		}
		if (c == ESC && !k->is_in_line) {
			k->has_esc = true;
			continue;
		}
		passed[len++] = c;
		k->is_in_line = c != '\r' && c != '\n';
	}
	return len;
}
