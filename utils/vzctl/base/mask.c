/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of small numbers; see mask.h. */
#include <errno.h>
#include <stdint.h>

#include "base/mask.h"
#include "base/str.h"

int mask_add(struct mask *m, const char *text)
{
	for (const char *s = text; ; s++) {
		uint64_t ends[2] = { 0, 0 };
		int n = 0;

		do {
			if (n == 2 || *s < '0' || *s > '9')
				return -EINVAL;
			for (; *s >= '0' && *s <= '9'; s++) {
				ends[n] = ends[n] * 10 + (uint64_t)(*s - '0');
				if (ends[n] >= MASK_BITS)
					return -ERANGE;
			}
			n++;
		} while (*s == '-' && s++);
		if (n == 1)
			ends[1] = ends[0];
		if (ends[1] < ends[0])
			return -EINVAL;
		for (uint64_t i = ends[0]; i <= ends[1]; i++)
			m->bits[i] = true;
		if (!*s)
			return 0;
		if (*s != ',')
			return -EINVAL;
	}
}

void mask_and(struct mask *m, const struct mask *by)
{
	for (int i = 0; i < MASK_BITS; i++)
		m->bits[i] &= by->bits[i];
}

bool mask_is_empty(const struct mask *m)
{
	for (int i = 0; i < MASK_BITS; i++)
		if (m->bits[i])
			return false;
	return true;
}

char *mask_text(const struct mask *m)
{
	struct vz_str out = { 0 };

	for (int i = 0; i < MASK_BITS; i++) {
		int first = i;

		if (!m->bits[i])
			continue;
		while (i + 1 < MASK_BITS && m->bits[i + 1])
			i++;
		str_addf(&out, "%s%d", out.len ? "," : "", first);
		if (i > first)
			str_addf(&out, "-%d", i);
	}
	return str_take(&out);
}
