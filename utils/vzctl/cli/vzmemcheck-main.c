/* SPDX-License-Identifier: GPL-2.0-only */
/* vzmemcheck: memory of the host in use by running containers, and promised to them. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/memory.h"
#include "cli/tool.h"

#define EXIT_BAD 1
#define MIB (1024.0 * 1024.0)

static const struct option options[] = {
	{ .name = "prefix", .has_arg = required_argument, .val = 'P' },
	{ .name = "help", .has_arg = no_argument, .val = 'h' },
	{ 0 }
};

static int print_usage(FILE *f)
{
	(void)fprintf(f, "Usage: vzmemcheck [-v] [-A] [--prefix dir]\n\n"
		      "  -v             show each container, too\n"
		      "  -A             in megabytes, not per cent of what the host has\n"
		      "  --prefix dir   all files are below this directory\n");
	return EXIT_BAD;
}

/* In the order of enum memory_figure. */
static const char *const headings[MEMORY__MAX][2] = {
	{ "LowMem", "util" }, { "LowMem", "commit" }, { "RAM", "util" }, { "MemSwap", "util" },
	{ "MemSwap", "commit" }, { "Alloc", "util" }, { "Alloc", "commit" }, { "Alloc", "limit" },
};

struct check {
	struct memory host, sum;
	bool verbose, absolute;
};

static void print_headings(const struct check *c)
{
	printf("Output values in %s\n", c->absolute ? "Mbytes" : "%");
	for (int line = 0; line < 2; line++) {
		printf("%-10s", line || !c->verbose ? "" : "veid");
		for (int i = 0; i < MEMORY__MAX; i++)
			printf(" %8s", headings[i][line]);
		printf("\n");
	}
}

static void print_memory(const struct check *c, const char *name, const struct memory *m)
{
	printf("%-10s", name);
	for (int i = 0; i < MEMORY__MAX; i++) {
		(void)putchar(' ');
		memory_put(stdout, 8, c->absolute ? m->v[i] / MIB : m->v[i] * 100 / c->host.v[i]);
	}
	printf("\n");
}

static void add_container(void *data, struct vz_ct *ct)
{
	struct check *c = data;
	struct memory m;
	char name[16];

	memory_of(&m, ct);
	for (int i = 0; i < MEMORY__MAX; i++)
		c->sum.v[i] += m.v[i];
	(void)snprintf(name, sizeof(name), "%u", vz_ct_id(ct));
	if (c->verbose)
		print_memory(c, name, &m);
}

static int report(struct vz *vz, struct check *c)
{
	memory_of_host(&c->host);
	print_headings(c);
	if (tool_each_running(vz, add_container, c) < 0)
		return EXIT_BAD;
	if (c->verbose)
		printf("----------------------------------------------------------------------------------\n");
	print_memory(c, "Summary:", &c->sum);
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const words[] = { "-v", "-A", "--prefix", "--help", NULL };
	struct check c = { 0 };
	const char *prefix = NULL;
	struct cli_log log;
	struct vz *vz;
	int o, r;

	if (argc > 1 && !strcmp(argv[1], "--complete"))
		return tool_complete(words, argc - 2, argv + 2);
	while ((o = getopt_long(argc, argv, "vA", options, NULL)) != -1) {
		if (o == 'h' || o == '?')
			return print_usage(o == 'h' ? stdout : stderr);
		if (o == 'P')
			prefix = optarg;
		else
			*(o == 'v' ? &c.verbose : &c.absolute) = true;
	}
	if (optind != argc)
		return print_usage(stderr);
	vz = tool_open("vzmemcheck", prefix, &log);
	if (!vz)
		return EXIT_BAD;
	r = report(vz, &c);
	vz_free(vz);
	return r;
}
