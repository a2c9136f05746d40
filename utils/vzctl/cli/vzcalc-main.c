/* SPDX-License-Identifier: GPL-2.0-only */
/* vzcalc: how much of the host one container uses, was promised, and may use at most. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/memory.h"
#include "cli/tool.h"
#include "cli/ubc.h"
#include "cli/words.h"

#define EXIT_BAD 1

static const struct option options[] = {
	{ .name = "prefix", .has_arg = required_argument, .val = 'P' },
	{ .name = "help", .has_arg = no_argument, .val = 'h' },
	{ 0 }
};

static int print_usage(FILE *f)
{
	(void)fprintf(f, "Usage: vzcalc [-v] [--prefix dir] CTID\n\n"
		      "  -v             show each resource, too\n"
		      "  --prefix dir   all files are below this directory\n");
	return EXIT_BAD;
}

enum column { CURRENT, PROMISED, MAX, COLUMNS };

/* Per cent of the host; NAN: there is no such figure. */
struct line {
	const char *name;
	double v[COLUMNS];
};

static void print_line(const struct line *l)
{
	printf("%-12s", l->name);
	for (int i = 0; i < COLUMNS; i++)
		memory_put(stdout, i ? 13 : 11, l->v[i]);
	printf("\n");
}

/* ---- processes ---- */

static double number_in(const char *path)
{
	auto_fclose FILE *f = fopen(path, "re");
	double n;

	return f && fscanf(f, "%lf", &n) == 1 ? n : (double)INFINITY;
}

/* Of all that the host can have. */
static struct line processes_of(struct vz_ct *ct)
{
	double all = VZ_MIN(number_in("/proc/sys/kernel/pid_max"), number_in("/proc/sys/kernel/threads-max"));
	struct line l = { "Num. Proc", { NAN, NAN, INFINITY } };
	uint64_t n;
	struct ubc_table t;

	ubc_table_of(&t, ct);
	if (vz_ct_figure(ct, "NUMPROC", VZ_FIGURE_HELD, &n))
		l.v[CURRENT] = (double)n * 100 / all;
	for (size_t i = 0; i < UBC_COUNTERS; i++) {
		const struct ubc_counter *c = &t.counters[i];

		if (!strcmp(c->name, "numproc") && c->known[UBC_LIMIT] && c->v[UBC_LIMIT] != UBC_UNLIMITED)
			l.v[MAX] = (double)c->v[UBC_LIMIT] * 100 / all;
	}
	return l;
}

/* ---- memory ---- */

/* Which figures make a line; MEMORY__MAX: there is none. */
static const struct {
	const char *name;
	enum memory_figure figures[COLUMNS];
} rows[] = {
	{ "Low Mem",    { MEMORY_LOW_UTIL,   MEMORY_LOW_COMMIT,   MEMORY_LOW_COMMIT } },
	{ "Total RAM",  { MEMORY_RAM_UTIL,   MEMORY__MAX,         MEMORY__MAX } },
	{ "Mem + Swap", { MEMORY_SWAP_UTIL,  MEMORY_SWAP_COMMIT,  MEMORY__MAX } },
	{ "Alloc. Mem", { MEMORY_ALLOC_UTIL, MEMORY_ALLOC_COMMIT, MEMORY_ALLOC_LIMIT } },
};

static double percent(const struct memory *m, const struct memory *host, enum memory_figure figure)
{
	return figure == MEMORY__MAX ? (double)NAN : m->v[figure] * 100 / host->v[figure];
}

/* The greater one; what is not known is passed over. */
static double greater(double a, double b)
{
	return isnan(a) || b > a ? b : a;
}

/* Memory as a whole is what is most of the single kinds. */
static void print_table(struct vz_ct *ct, bool verbose)
{
	struct line whole = { "Memory", { NAN, NAN, NAN } }, processes;
	struct memory m, host;

	memory_of(&m, ct);
	memory_of_host(&host);
	printf("Resource     Current(%%)  Promised(%%)       Max(%%)\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct line l = { .name = rows[i].name };

		for (int k = 0; k < COLUMNS; k++) {
			l.v[k] = percent(&m, &host, rows[i].figures[k]);
			whole.v[k] = greater(whole.v[k], l.v[k]);
		}
		if (verbose)
			print_line(&l);
	}
	if (verbose) {
		processes = processes_of(ct);
		print_line(&processes);
		printf("-------------------------------------------------\n");
	}
	print_line(&whole);
}

static int calculate(struct vz *vz, const char *word, bool verbose)
{
	auto_err struct vz_err err = { 0 };
	struct vz_ct *ct = NULL;
	vz_ctid id;
	int r = vz_ctid_find(vz, word, &id, &err);

	if (r == 0)
		r = vz_ct_new(vz, id, &ct, &err);
	if (r == 0)
		r = vz_ct_load(ct, false, &err);
	if (r == 0)
		print_table(ct, verbose);
	else
		(void)fprintf(stderr, "%s\n", err.msg ? err.msg : "out of memory");
	vz_ct_free(ct);
	return r < 0 ? EXIT_BAD : 0;
}

static int complete(int argc, char **argv)
{
	static const char *const words[] = { "-v", "--prefix", "--help", NULL };
	static const struct words_which all = { 0 };
	struct words w = { .typed = argc > 0 ? argv[argc - 1] : "" };
	const char *prefix = argc > 2 && !strcmp(argv[0], "--prefix") ? argv[1] : NULL;
	struct vz *vz;

	if (*w.typed == '-' || (argc > 1 && !strcmp(argv[argc - 2], "--prefix")))
		return tool_complete(words, argc, argv);
	vz = words_open_host(prefix);
	if (vz)
		words_put_containers(&w, vz, &all);
	vz_free(vz);
	return 0;
}

int main(int argc, char **argv)
{
	const char *prefix = NULL;
	struct cli_log log;
	bool verbose = false;
	struct vz *vz;
	int o, r;

	if (argc > 1 && !strcmp(argv[1], "--complete"))
		return complete(argc - 2, argv + 2);
	while ((o = getopt_long(argc, argv, "v", options, NULL)) != -1) {
		if (o == 'h' || o == '?')
			return print_usage(o == 'h' ? stdout : stderr);
		if (o == 'P')
			prefix = optarg;
		else
			verbose = true;
	}
	if (optind + 1 != argc)
		return print_usage(stderr);
	vz = tool_open("vzcalc", prefix, &log);
	if (!vz)
		return EXIT_BAD;
	r = calculate(vz, argv[optind], verbose);
	vz_free(vz);
	return r;
}
