/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is typed on a console, watched for the words meant for us: Esc . and Esc ! at the beginning of a
 * line. All else, other uses of Esc too, passes unchanged; an Esc that begins a line waits for the key
 * that tells which it is.
 */
#ifndef VZ_HOST_KEYS_H
#define VZ_HOST_KEYS_H

#include <stdbool.h>
#include <stddef.h>

enum keys_event {
	KEYS_NONE,
	KEYS_DETACH,		/* Esc . */
	KEYS_KILL,		/* Esc ! */
};

struct keys {
	bool is_in_line;	/* something was typed since the last Enter */
	bool has_esc;		/* an Esc waits */
};

/*
 * Look at n bytes. What is to be passed on goes to passed, which has room for n + 1; returns how much that
 * is. After an event the rest is thrown away: it was typed for somebody else.
 */
size_t keys_take(struct keys *k, const char *typed, size_t n, char *passed, enum keys_event *ret);

#endif
