/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is typed on a console: however it comes in pieces, the same is passed on and the same key found;
 * what is not meant for us arrives unchanged, whatever bytes it is made of.
 *
 * Input: in the first byte where to cut, then what is typed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fuzz/fuzz.h"
#include "host/keys.h"

void prepare(void)
{
}

/* Type all of it in pieces of at most so many bytes, up to the key that is ours; returns that. */
static enum keys_event type(struct input in, size_t piece, struct vz_str *passed, size_t *ret_typed)
{
	struct keys k = { 0 };
	enum keys_event event = KEYS_NONE;

	*ret_typed = 0;
	while (*ret_typed < in.len && event == KEYS_NONE) {
		size_t n = VZ_MIN(piece, in.len - *ret_typed);
		char *out = malloc(n + 1);	/* of its own, for the sanitizer to watch the end */
		size_t len;

		need(out);
		len = keys_take(&k, in.text + *ret_typed, n, out, &event);
		promise(len <= n + 1);
		str_add_n(passed, out, len);
		free(out);
		*ret_typed += n;
	}
	/* An Esc that waits was typed, and not yet passed on. */
	if (k.has_esc)
		str_add_char(passed, '\033');
	return event;
}

/* An Esc at the beginning of a line, followed by this key. */
static bool ends_with_key(const char *typed, size_t len, char key)
{
	return len >= 2 && typed[len - 1] == key && typed[len - 2] == '\033' &&
	       (len == 2 || typed[len - 3] == '\r' || typed[len - 3] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	size_t piece = in.len ? (size_t)(unsigned char)*in.text % 8 + 1 : 1, end, cut_end;
	struct vz_str passed = { 0 }, cut_passed = { 0 };
	enum keys_event event;

	if (in.len)
		in = (struct input){ in.text + 1, in.len - 1 };
	event = type(in, 1, &passed, &end);
	promise(type(in, piece, &cut_passed, &cut_end) == event);
	promise(passed.len == cut_passed.len && (!passed.len || memcmp(passed.s, cut_passed.s, passed.len) == 0));
	promise(cut_end >= end && cut_end - end < piece);
	/* The two bytes of the key are all that is kept from the container. */
	promise(passed.len == (event == KEYS_NONE ? end : end - 2));
	promise(!passed.len || memcmp(passed.s, in.text, passed.len) == 0);
	if (event != KEYS_NONE)
		promise(ends_with_key(in.text, end, event == KEYS_DETACH ? '.' : '!'));
	str_done(&passed);
	str_done(&cut_passed);
	return 0;
}
