/* SPDX-License-Identifier: GPL-2.0-only */
/* vzcfgvalidate: whether the limits in a configuration file go together; and if not, putting that right. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/words.h"

#define EXIT_BAD 1	/* the command line, or the file cannot be read */
#define EXIT_INVALID 2

static const struct option options[] = {
	{ .name = "help", .has_arg = no_argument, .val = 'h' },
	{ 0 }
};

static int print_usage(FILE *f)
{
	(void)fprintf(f, "Usage: vzcfgvalidate [-r | -i] [-v yes|no] FILE\n\n"
		      "  -r          repair what is wrong\n"
		      "  -i          ask before each repair\n"
		      "  -v yes|no   whether PHYSPAGES and SWAPPAGES may limit memory alone (yes)\n");
	return EXIT_BAD;
}

/* vzcfgvalidate --complete WORD...: as vzctl does. */
static int complete(int argc, char **argv)
{
	static const char *const flags[] = { "-r", "-i", "-v", "--help" };
	struct words w = { .typed = argc > 0 ? argv[argc - 1] : "" };

	if (argc > 1 && !strcmp(argv[argc - 2], "-v")) {
		words_put(&w, "yes");
		words_put(&w, "no");
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(flags) && *w.typed == '-'; i++)
		words_put(&w, flags[i]);
	if (*w.typed != '-')
		words_ask(WORDS_FILES);
	return 0;
}

/* ---- what is done about a finding ---- */

static bool only_tell(void *data VZ_UNUSED, const char *text, const char *change VZ_UNUSED)
{
	printf("%s\n", text);
	return false;
}

static bool repair(void *data VZ_UNUSED, const char *text, const char *change)
{
	printf("%s\n", text);
	if (change)
		printf("%s\n", change);
	return change;
}

/* Enter means yes; the end of standard input means no. */
static bool ask(void *data VZ_UNUSED, const char *text, const char *change)
{
	auto_free char *answer = NULL;
	size_t size = 0;

	printf("%s\n", text);
	if (!change)
		return false;
	printf("%s? [y]/n: ", change);
	(void)fflush(stdout);
	if (getline(&answer, &size, stdin) < 0) {
		(void)putchar('\n');
		return false;
	}
	return *answer == '\n' || *answer == 'y' || *answer == 'Y';
}

int main(int argc, char **argv)
{
	struct vz_conf_check how = { .found = only_tell };
	auto_err struct vz_err err = { 0 };
	int o, left;

	if (argc > 1 && !strcmp(argv[1], "--complete"))
		return complete(argc - 2, argv + 2);
	while ((o = getopt_long(argc, argv, "riv:", options, NULL)) != -1) {
		bool is_no = o == 'v' && !strcmp(optarg, "no");

		if (o == 'h' || o == '?' || (o == 'v' && !is_no && strcmp(optarg, "yes") != 0))
			return print_usage(o == 'h' ? stdout : stderr);
		if (o == 'v')
			how.whole_list = is_no;
		else
			how.found = o == 'r' ? repair : ask;
	}
	if (optind + 1 != argc)
		return print_usage(stderr);
	left = vz_conf_check(argv[optind], &how, &err);
	if (left < 0) {
		(void)fprintf(stderr, "%s\n", err.msg ? err.msg : "out of memory");
		return EXIT_BAD;
	}
	if (left)
		return EXIT_INVALID;
	printf("Validation completed: success\n");
	return 0;
}
