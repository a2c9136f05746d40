/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to numbers; see parse.h. */
#include <errno.h>
#include <string.h>

#include "base/parse.h"

int parse_u64(const char *s, uint64_t *ret)
{
	uint64_t n = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*s - '0'), &n))
			return -ERANGE;
	}
	*ret = n;
	return 0;
}

int parse_u64_range(const char *s, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t n;
	int r = parse_u64(s, &n);

	if (r < 0)
		return r;
	if (n < min || n > max)
		return -ERANGE;
	*ret = n;
	return 0;
}

int parse_ctid(const char *s, vz_ctid *ret)
{
	uint64_t n;
	int r = parse_u64_range(s, 0, VZ_CTID_MAX, &n);

	if (r < 0)
		return r;
	*ret = (vz_ctid)n;
	return 0;
}

int parse_yesno(const char *s, bool *ret)
{
	if (strcmp(s, "yes") == 0)
		*ret = true;
	else if (strcmp(s, "no") == 0)
		*ret = false;
	else
		return -EINVAL;
	return 0;
}
