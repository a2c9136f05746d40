/* SPDX-License-Identifier: GPL-2.0-only */
/* Where vzubc has its figures from; see ubc.h. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/cells.h"
#include "cli/ubc.h"

#define VERSION_LINE "Version: 2.5"

static const struct { const char *name, *key; bool is_pages; } names[UBC_COUNTERS] = {
	{ "kmemsize",     "KMEMSIZE",     false },
	{ "lockedpages",  "LOCKEDPAGES",  true },
	{ "privvmpages",  "PRIVVMPAGES",  true },
	{ "shmpages",     "SHMPAGES",     true },
	{ "numproc",      "NUMPROC",      false },
	{ "physpages",    "PHYSPAGES",    true },
	{ "vmguarpages",  "VMGUARPAGES",  true },
	{ "oomguarpages", "OOMGUARPAGES", true },
	{ "numtcpsock",   "NUMTCPSOCK",   false },
	{ "numflock",     "NUMFLOCK",     false },
	{ "numpty",       "NUMPTY",       false },
	{ "numsiginfo",   "NUMSIGINFO",   false },
	{ "tcpsndbuf",    "TCPSNDBUF",    false },
	{ "tcprcvbuf",    "TCPRCVBUF",    false },
	{ "othersockbuf", "OTHERSOCKBUF", false },
	{ "dgramrcvbuf",  "DGRAMRCVBUF",  false },
	{ "numothersock", "NUMOTHERSOCK", false },
	{ "dcachesize",   "DCACHESIZE",   false },
	{ "numfile",      "NUMFILE",      false },
	{ "numiptent",    "NUMIPTENT",    false },
	{ "swappages",    "SWAPPAGES",    true },
};

void ubc_table_init(struct ubc_table *t, vz_ctid id)
{
	*t = (struct ubc_table){ .id = id };
	for (size_t i = 0; i < UBC_COUNTERS; i++)
		t->counters[i].name = names[i].name;
}

/* How many bytes one of its units has, of what counts memory in pages. */
static uint64_t unit_of(size_t i, enum ubc_part part)
{
	return names[i].is_pages && part != UBC_FAILCNT ? (uint64_t)sysconf(_SC_PAGESIZE) : 1;
}

static uint64_t in_units(size_t i, enum ubc_part part, uint64_t value)
{
	return value == UBC_UNLIMITED ? value : value / unit_of(i, part);
}

static void put(struct ubc_table *t, size_t i, enum ubc_part part, uint64_t value)
{
	uint64_t *to = &t->counters[i].v[part];

	t->counters[i].known[part] = true;
	if (__builtin_mul_overflow(value, unit_of(i, part), to) || *to > UBC_UNLIMITED)
		*to = UBC_UNLIMITED;
}

void ubc_table_of(struct ubc_table *t, struct vz_ct *ct)
{
	static const enum vz_figure figures[UBC__PARTS] = {
		[UBC_HELD]    = VZ_FIGURE_HELD,
		[UBC_MAXHELD] = VZ_FIGURE_MAXHELD,
		[UBC_LIMIT]   = VZ_FIGURE_LIMIT,
		[UBC_FAILCNT] = VZ_FIGURE_FAILCNT,
	};

	ubc_table_init(t, vz_ct_id(ct));
	for (size_t i = 0; i < UBC_COUNTERS; i++) {
		auto_free char *text = vz_ct_get(ct, names[i].key);
		uint64_t value, limit;

		if (text && pair_parse(text, &value, &limit)) {
			put(t, i, UBC_BARRIER, value);
			put(t, i, UBC_LIMIT, limit);
		}
		/* The limit that holds comes before the one that is written down. */
		for (int part = 0; part < UBC__PARTS; part++)
			if (part != UBC_BARRIER && vz_ct_figure(ct, names[i].key, figures[part], &value))
				put(t, i, part, value);
	}
}

/* ---- the kernel's format ---- */

static int find_name(const char *name)
{
	for (int i = 0; i < UBC_COUNTERS; i++)
		if (!strcmp(names[i].name, name))
			return i;
	return -1;
}

/* "name held maxheld barrier limit failcnt"; names that are not known are passed over. */
static bool read_counter(struct ubc_table *t, char *line)
{
	char *save = NULL;
	const char *name = strtok_r(line, " \t\n", &save);
	int i = name ? find_name(name) : -1;

	for (int part = 0; part < UBC__PARTS && name; part++) {
		const char *number = strtok_r(NULL, " \t\n", &save);

		if (!number || !isdigit((unsigned char)*number))
			return false;
		if (i >= 0)
			put(t, (size_t)i, part, strtoull(number, NULL, 10));
	}
	return true;
}

static struct ubc_table *add_table(struct ubc_table **tables, size_t *n, vz_ctid id)
{
	struct ubc_table *bigger = reallocarray(*tables, *n + 1, sizeof(**tables));

	if (!bigger)
		return NULL;
	*tables = bigger;
	ubc_table_init(&bigger[*n], id);
	return &bigger[(*n)++];
}

/* A line: "  101:  kmemsize …" begins a table, the heading is passed over. */
static bool read_line(struct ubc_table **tables, size_t *n, char *line)
{
	char *word = line + strspn(line, " \t");
	char *end;
	unsigned long id = strtoul(word, &end, 10);
	struct ubc_table *t = *n ? &(*tables)[*n - 1] : NULL;

	if (!*word || *word == '\n' || !strncmp(word, "uid ", 4))
		return true;
	if (end != word && *end == ':') {
		t = add_table(tables, n, (vz_ctid)id);
		word = end + 1;
	}
	return t && read_counter(t, word);
}

int ubc_tables_read(FILE *f, struct ubc_table **ret)
{
	auto_free struct ubc_table *tables = NULL;
	auto_free char *line = NULL;
	size_t size = 0, n = 0;

	if (getline(&line, &size, f) < 0 || strcmp(line, VERSION_LINE "\n") != 0)
		return -1;
	while (getline(&line, &size, f) > 0)
		if (!read_line(&tables, &n, line))
			return -1;
	*ret = take_ptr(tables);
	return (int)n;
}

void ubc_table_write(FILE *f, const struct ubc_table *t)
{
	(void)fprintf(f, VERSION_LINE "\n%10s  %-12s %20s %20s %20s %20s %20s\n", "uid", "resource", "held", "maxheld",
		      "barrier", "limit", "failcnt");
	for (size_t i = 0; i < UBC_COUNTERS; i++) {
		if (i)
			(void)fprintf(f, "%10s ", "");
		else
			(void)fprintf(f, "%9u:", t->id);
		(void)fprintf(f, "  %-12s", names[i].name);
		for (int part = 0; part < UBC__PARTS; part++)
			(void)fprintf(f, " %20" PRIu64, in_units(i, part, t->counters[i].v[part]));
		(void)fputc('\n', f);
	}
}
