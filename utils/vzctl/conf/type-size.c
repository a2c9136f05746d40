/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Types of amounts: "64M", "1.5G", "100:110", "unlimited". Beancounters and disk quota are pairs
 * barrier:limit, one number meaning both.
 *
 * A number is digits, a fraction if one likes, and one letter: T G M K B multiply by powers of 1024,
 * P by the page size. What a number without letter means depends on the type; so does the unit it is
 * kept in. Arithmetic is exact; what does not fit is an error on the command line and becomes the
 * maximum in a file.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "conf/type-impl.h"

struct size_syntax {
	const char *suffixes;	/* letters allowed */
	uint64_t plain;		/* what a number without letter is multiplied by, for bytes */
	uint64_t unit;		/* the value is kept in units of so many bytes */
	bool round_up;		/* to whole units; otherwise what is over is dropped */
};

static uint64_t page_size(void)
{
	long n = sysconf(_SC_PAGESIZE);

	return n > 0 ? (uint64_t)n : 4096;
}

static uint64_t suffix_factor(char c)
{
	switch (c & ~0x20) {
	case 'T': return 1ull << 40;
	case 'G': return 1ull << 30;
	case 'M': return 1ull << 20;
	case 'K': return 1ull << 10;
	case 'P': return page_size();
	default:  return 1;
	}
}

/* Read len bytes of s. -EINVAL, or -ERANGE if it is more than INT64_MAX. */
static int size_parse(const struct size_syntax *y, const char *s, size_t len, uint64_t *ret)
{
	const char *end = s + len;
	uint64_t whole = 0, fraction = 0, scale = 1, factor = y->plain;
	bool too_large = false;
	unsigned __int128 bytes, part, units;

	if (s == end || *s < '0' || *s > '9')
		return -EINVAL;
	for (; s < end && *s >= '0' && *s <= '9'; s++)
		too_large |= __builtin_mul_overflow(whole, 10, &whole) ||
			     __builtin_add_overflow(whole, (uint64_t)(*s - '0'), &whole);
	if (s < end && *s == '.') {
		s++;
		if (s == end || *s < '0' || *s > '9')
			return -EINVAL;
		/* Digits beyond the 18th are less than a byte of any unit. */
		for (; s < end && *s >= '0' && *s <= '9'; s++) {
			if (scale < 1000000000000000000ull) {
				fraction = fraction * 10 + (uint64_t)(*s - '0');
				scale *= 10;
			}
		}
	}
	if (s < end) {
		if (s + 1 != end || !strchr(y->suffixes, *s & ~0x20) || *s < 'A')
			return -EINVAL;
		factor = suffix_factor(*s);
	}
	if (too_large)
		return -ERANGE;
	/* At most 2^64 × 2^40 and 10^18 × 2^40: no overflow in 128 bits. */
	bytes = (unsigned __int128)whole * factor;
	part = (unsigned __int128)fraction * factor;
	bytes += part / scale + (y->round_up && part % scale);
	units = bytes / y->unit + (y->round_up && bytes % y->unit);
	if (units > INT64_MAX)
		return -ERANGE;
	*ret = (uint64_t)units;
	return 0;
}

static int amount_parse(const struct size_syntax *y, const char *s, size_t len, uint64_t *ret)
{
	if (len == strlen("unlimited") && strncmp(s, "unlimited", len) == 0) {
		*ret = VZ_UNLIMITED;
		return 0;
	}
	return size_parse(y, s, len, ret);
}

/* "A" or "A:B". */
static int pair_parse(const struct size_syntax *y, enum vz_source from, const char *text,
		      struct vz_value *ret)
{
	size_t n = strcspn(text, ":");
	bool truncated = false;
	uint64_t ends[2];

	for (int i = 0; i < 2; i++) {
		int r;

		if (i == 1 && !text[n]) {
			ends[1] = ends[0];
			break;
		}
		r = i == 0 ? amount_parse(y, text, n, &ends[0]) :
			     amount_parse(y, text + n + 1, strlen(text + n + 1), &ends[1]);
		if (r == -ERANGE && from == VZ_FROM_FILE) {
			ends[i] = VZ_UNLIMITED;
			truncated = true;
		} else if (r < 0) {
			return r;
		}
	}
	*ret = (struct vz_value){ .set = true, .bl = { ends[0], ends[1] } };
	return truncated ? VZ_PARSE_TRUNCATED : 0;
}

static int items_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
		       struct vz_value *ret)
{
	const struct size_syntax y = { .suffixes = "", .plain = 1, .unit = 1 };

	return pair_parse(&y, from, text, ret);
}

static int bytes_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
		       struct vz_value *ret)
{
	const struct size_syntax y = { .suffixes = "TGMKBP", .plain = 1, .unit = 1 };

	return pair_parse(&y, from, text, ret);
}

static int pages_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
		       struct vz_value *ret)
{
	const struct size_syntax y = { .suffixes = "TGMKBP", .plain = page_size(), .unit = page_size() };

	return pair_parse(&y, from, text, ret);
}

static int disk_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
		      struct vz_value *ret)
{
	const struct size_syntax y = { .suffixes = "TGMKBP", .plain = 1024, .unit = 1024 };

	return pair_parse(&y, from, text, ret);
}

/* --ram 512M: bytes to PHYSPAGES 0:N. */
static int ramsize_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
			 struct vz_value *ret)
{
	const struct size_syntax y = {
		.suffixes = "TGMKBP", .plain = 1, .unit = page_size(), .round_up = true,
	};
	int r;

	if (strchr(text, ':'))
		return -EINVAL;
	r = pair_parse(&y, from, text, ret);
	if (r >= 0)
		ret->bl.bar = 0;
	return r;
}

static void add_amount(struct vz_str *out, uint64_t n)
{
	if (n == VZ_UNLIMITED)
		str_add(out, "unlimited");
	else
		str_addf(out, "%llu", (unsigned long long)n);
}

static void pair_format(const struct vz_param *p VZ_UNUSED, const struct vz_value *v, struct vz_str *out)
{
	add_amount(out, v->bl.bar);
	if (v->bl.lim == v->bl.bar)
		return;
	str_add_char(out, ':');
	add_amount(out, v->bl.lim);
}

/* libvirt reads DISKSPACE, PRIVVMPAGES and VMGUARPAGES only as two numbers. */
static void plain_pair_format(const struct vz_param *p VZ_UNUSED, const struct vz_value *v,
			      struct vz_str *out)
{
	str_addf(out, "%llu:%llu", (unsigned long long)v->bl.bar, (unsigned long long)v->bl.lim);
}

/* ---- single numbers ---- */

/* Megabytes per second on the command line, bytes per second in a file, unless a letter says else. */
static int iolimit_parse(const struct vz_param *p, enum vz_source from, const char *text,
			 struct vz_value *ret)
{
	const struct size_syntax y = {
		.suffixes = "BKMG", .plain = from == VZ_FROM_OPTION ? 1 << 20 : 1, .unit = 1,
	};
	uint64_t n = 0;
	int r = 0;

	if (strcmp(text, "unlimited") != 0)
		r = size_parse(&y, text, strlen(text), &n);
	if (r == 0 && n > p->max)
		r = -ERANGE;
	if (r == -ERANGE && from == VZ_FROM_FILE) {
		n = p->max;
		r = VZ_PARSE_TRUNCATED;
	}
	if (r < 0)
		return r;
	*ret = (struct vz_value){ .set = true, .num = n };
	return r;
}

static int iopslimit_parse(const struct vz_param *p, enum vz_source from, const char *text,
			   struct vz_value *ret)
{
	return uint_parse(p, from, strcmp(text, "unlimited") == 0 ? "0" : text, ret);
}

const struct vz_type type_items = {
	.name = "items", BL_VALUE, .parse = items_parse, .format = pair_format,
};
const struct vz_type type_bytes = {
	.name = "bytes", BL_VALUE, .parse = bytes_parse, .format = pair_format,
};
const struct vz_type type_pages = {
	.name = "pages", BL_VALUE, .parse = pages_parse, .format = pair_format,
};
const struct vz_type type_pagepair = {
	.name = "pages", BL_VALUE, .parse = pages_parse, .format = plain_pair_format,
};
const struct vz_type type_ramsize = {
	.name = "size", BL_VALUE, .parse = ramsize_parse, .format = pair_format,
};
const struct vz_type type_disk = {
	.name = "disk", BL_VALUE, .parse = disk_parse, .format = plain_pair_format,
};
/* Inodes count in ones where disk space counts in KiB. */
const struct vz_type type_inodes = {
	.name = "disk", BL_VALUE, .parse = bytes_parse, .format = plain_pair_format,
};
const struct vz_type type_iolimit = {
	.name = "iolimit", NUM_VALUE, .parse = iolimit_parse, .format = num_format,
};
const struct vz_type type_iopslimit = {
	.name = "number", NUM_VALUE, .parse = iopslimit_parse, .format = num_format,
};
