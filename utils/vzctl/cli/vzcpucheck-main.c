/* SPDX-License-Identifier: GPL-2.0-only */
/* vzcpucheck: the CPU shares promised to running containers, against what the host has. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/tool.h"

#define EXIT_BAD 1
#define EXIT_USAGE 2

#define CPUUNITS_USUAL 1000
#define CPUUNITS_OF_WEIGHT 500000	/* CPUUWEIGHT is its inverse */
#define UNITS_PER_BOGOMIPS 25

static const struct option options[] = {
	{ .name = "prefix", .has_arg = required_argument, .val = 'P' },
	{ .name = "help", .has_arg = no_argument, .val = 'h' },
	{ 0 }
};

static int print_usage(FILE *f)
{
	(void)fprintf(f, "Usage: vzcpucheck [-v] [--prefix dir]\n\n"
		      "  -v             show the share of each container, too\n"
		      "  --prefix dir   all files are below this directory\n");
	return EXIT_USAGE;
}

struct sum {
	uint64_t units;
	bool verbose;
};

static void add_units(struct sum *sum, vz_ctid id, uint64_t units)
{
	sum->units += units;
	if (sum->verbose)
		printf("%-12u%" PRIu64 "\n", id, units);
}

/* What the kernel was told last, by a set that was not saved, counts more than what is configured. */
static uint64_t units_of(struct vz_ct *ct)
{
	uint64_t weight = tool_number(ct, "CPUUWEIGHT", 0);
	uint64_t units;

	if (vz_ct_figure(ct, "CPUUNITS", VZ_FIGURE_LIMIT, &units))
		return units;
	return tool_number(ct, "CPUUNITS", weight ? CPUUNITS_OF_WEIGHT / weight : CPUUNITS_USUAL);
}

static void add_container(void *data, struct vz_ct *ct)
{
	add_units(data, vz_ct_id(ct), units_of(ct));
}

/* The host's own processes have a share, too. */
static void add_host(struct sum *sum, const struct vz *vz)
{
	auto_free char *text = vz_get(vz, "VE0CPUUNITS");

	add_units(sum, 0, text ? strtoull(text, NULL, 10) : CPUUNITS_USUAL);
}

/* Of all CPUs, from the crude figure the kernel calls so; 0: it has none. */
static double power(void)
{
	auto_fclose FILE *f = fopen("/proc/cpuinfo", "re");
	auto_free char *line = NULL;
	double bogomips = 0;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		const char *colon = strchr(line, ':');

		if (!strncasecmp(line, "bogomips", 8) && colon)
			bogomips += strtod(colon + 1, NULL);
	}
	return bogomips * UNITS_PER_BOGOMIPS;
}

static int report(struct vz *vz, bool verbose)
{
	static const char rule[] = "-------------------------";
	struct sum sum = { .verbose = verbose };
	double node = power();

	if (node <= 0) {
		(void)fprintf(stderr, "/proc/cpuinfo does not tell how fast the CPUs are\n");
		return EXIT_BAD;
	}
	if (verbose)
		printf("%-12s%s\n%s\n", "VEID", "CPUUNITS", rule);
	add_host(&sum, vz);
	if (tool_each_running(vz, add_container, &sum) < 0)
		return EXIT_BAD;
	if (verbose)
		printf("%s\n", rule);
	printf("Current CPU utilization: %" PRIu64 "\n", sum.units);
	printf("Power of the node: %.0f\n", node);
	if ((double)sum.units > node)
		printf("Warning: hardware node is overcommitted\n");
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const words[] = { "-v", "--prefix", "--help", NULL };
	const char *prefix = NULL;
	struct cli_log log;
	bool verbose = false;
	struct vz *vz;
	int o, r;

	if (argc > 1 && !strcmp(argv[1], "--complete"))
		return tool_complete(words, argc - 2, argv + 2);
	while ((o = getopt_long(argc, argv, "v", options, NULL)) != -1) {
		if (o == 'h' || o == '?')
			return print_usage(o == 'h' ? stdout : stderr);
		if (o == 'P')
			prefix = optarg;
		else
			verbose = true;
	}
	if (optind != argc)
		return print_usage(stderr);
	vz = tool_open("vzcpucheck", prefix, &log);
	if (!vz)
		return EXIT_BAD;
	r = report(vz, verbose);
	vz_free(vz);
	return r;
}
