/* SPDX-License-Identifier: GPL-2.0-only */
/* How vzubc shows beancounters; see ubc.h. */
#include <inttypes.h>

#include "cli/ubc.h"

#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

/* Four digits at most and a letter: "2.93M", "188", "-" for no limit. What is not known is blank. */
static void put_number(FILE *f, int width, bool known, uint64_t value)
{
	static const char units[] = " KMGTPE";
	double size = (double)value;
	size_t unit = 0;
	char text[32];

	for (; size >= 1000 && unit + 2 < sizeof(units); unit++)
		size /= 1024;
	if (!known)
		text[0] = '\0';
	else if (value == UBC_UNLIMITED)
		(void)snprintf(text, sizeof(text), "-");
	else if (!unit)
		(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	else
		(void)snprintf(text, sizeof(text), "%.*f%c", size < 9.995 ? 2 : size < 99.95 ? 1 : 0, size, units[unit]);
	(void)fprintf(f, "%*s", width, text);
}

static bool has_limit(const struct ubc_counter *c, enum ubc_part limit)
{
	return c->known[limit] && c->v[limit] && c->v[limit] != UBC_UNLIMITED;
}

/* How much of a limit is in use, 1 being all; -1: there is none, or it is not known. */
static double ratio(const struct ubc_counter *c, enum ubc_part used, enum ubc_part limit)
{
	return c->known[used] && has_limit(c, limit) ? (double)c->v[used] / (double)c->v[limit] : -1;
}

static void put_ratio(FILE *f, const struct ubc_counter *c, enum ubc_part used, enum ubc_part limit)
{
	double r = ratio(c, used, limit);

	if (r < 0)
		(void)fprintf(f, "%5s", "-");
	else
		(void)fprintf(f, "%4.0f%%", r * 100);
}

static bool is_near(const struct ubc_counter *c, const struct ubc_style *style)
{
	return ratio(c, UBC_HELD, UBC_BARRIER) >= style->held || ratio(c, UBC_HELD, UBC_LIMIT) >= style->held ||
	       ratio(c, UBC_MAXHELD, UBC_BARRIER) >= style->maxheld ||
	       ratio(c, UBC_MAXHELD, UBC_LIMIT) >= style->maxheld;
}

/* What was added since the moment before, where there was one. */
static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static bool is_known(const struct ubc_counter *c)
{
	for (int part = 0; part < UBC__PARTS; part++)
		if (c->known[part] && !(part == UBC_BARRIER || part == UBC_LIMIT))
			return true;
	return has_limit(c, UBC_BARRIER) || has_limit(c, UBC_LIMIT);
}

static uint64_t fails(const struct ubc_counter *c, const struct ubc_counter *before, const struct ubc_style *style)
{
	uint64_t all = c->v[UBC_FAILCNT];

	return before && style->fails_since ? since(all, before->v[UBC_FAILCNT]) : all;
}

static bool is_shown(const struct ubc_counter *c, const struct ubc_counter *before, const struct ubc_style *style)
{
	if (style->quiet)
		return is_near(c, style) || fails(c, before, style);
	return style->verbose || is_known(c);
}

static void put_held_since(FILE *f, const struct ubc_counter *c, const struct ubc_counter *before)
{
	uint64_t more = since(c->v[UBC_HELD], before->v[UBC_HELD]);
	uint64_t less = since(before->v[UBC_HELD], c->v[UBC_HELD]);

	if (!more && !less)
		return;
	(void)fprintf(f, " %c", more ? '+' : '-');
	put_number(f, 0, true, more ? more : less);
}

static void print_counter(FILE *f, const struct ubc_counter *c, const struct ubc_counter *before,
			  const struct ubc_style *style)
{
	uint64_t failed = fails(c, before, style);
	const char *color = failed ? RED : is_near(c, style) ? YELLOW : NULL;

	if (style->color && color)
		(void)fputs(color, f);
	(void)fprintf(f, "%13s|", c->name);
	put_number(f, 5, c->known[UBC_HELD], c->v[UBC_HELD]);
	put_ratio(f, c, UBC_HELD, UBC_BARRIER);
	put_ratio(f, c, UBC_HELD, UBC_LIMIT);
	(void)fputc('|', f);
	put_number(f, 5, c->known[UBC_MAXHELD], c->v[UBC_MAXHELD]);
	put_ratio(f, c, UBC_MAXHELD, UBC_BARRIER);
	put_ratio(f, c, UBC_MAXHELD, UBC_LIMIT);
	(void)fputc('|', f);
	put_number(f, 5, c->known[UBC_BARRIER], c->v[UBC_BARRIER]);
	(void)fputc('|', f);
	put_number(f, 5, c->known[UBC_LIMIT], c->v[UBC_LIMIT]);
	(void)fputc('|', f);
	if (failed)
		put_number(f, 5, true, failed);
	else
		(void)fprintf(f, "%5s", c->known[UBC_FAILCNT] ? "-" : "");
	if (before && style->held_since)
		put_held_since(f, c, before);
	(void)fputs(style->color && color ? PLAIN "\n" : "\n", f);
}

static void print_heading(FILE *f, vz_ctid id)
{
	(void)fprintf(f, "---------------------------------------------------------------\n"
		      "CT %-10u| HELD Bar%% Lim%%| MAXH Bar%% Lim%%| BAR | LIM | FAIL\n"
		      "-------------+---------------+---------------+-----+-----+-----\n", id);
}

void ubc_table_print(FILE *f, const struct ubc_table *t, const struct ubc_style *style)
{
	bool has_heading = false;

	for (size_t i = 0; i < UBC_COUNTERS; i++) {
		const struct ubc_counter *before = style->before ? &style->before->counters[i] : NULL;

		if (!is_shown(&t->counters[i], before, style))
			continue;
		if (!has_heading)
			print_heading(f, t->id);
		has_heading = true;
		print_counter(f, &t->counters[i], before, style);
	}
}
