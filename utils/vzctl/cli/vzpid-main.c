/* SPDX-License-Identifier: GPL-2.0-only */
/* vzpid: which container a process of the host belongs to, and its number inside. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/host.h"
#include "cli/words.h"

#define EXIT_BAD 1

static const struct option options[] = {
	{ .name = "prefix", .has_arg = required_argument, .val = 'P' },
	{ .name = "help", .has_arg = no_argument, .val = 'h' },
	{ 0 }
};

static int print_usage(FILE *f)
{
	(void)fprintf(f, "Usage: vzpid [-p] [--prefix dir] PID ...\n"
		      "       vzpid [-p] [--prefix dir] -\n\n"
		      "  -p             show the number of the process inside, too\n"
		      "  -              read process numbers from standard input\n"
		      "  --prefix dir   all files are below this directory\n");
	return EXIT_BAD;
}

/* The process's own idea of its name, which may hold anything: one line, no tabs. */
static char *process_name(int pid)
{
	char path[64];
	auto_fclose FILE *f = NULL;
	char *name = NULL;
	size_t size = 0;
	ssize_t len;

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	len = f ? getline(&name, &size, f) : -1;
	for (ssize_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < ' ')
			name[i] = name[i] == '\n' && i == len - 1 ? '\0' : '?';
	if (len > 0)
		return name;
	free(name);
	return NULL;
}

/* Processes come and go; one that is gone is said and does not stop the rest. */
static void print_process(struct vz *vz, const char *word, bool inner)
{
	auto_err struct vz_err err = { 0 };
	auto_free char *name = NULL;
	int inner_pid = 0;
	int64_t id;
	char *end;
	long pid;

	errno = 0;
	pid = strtol(word, &end, 10);
	if (errno || end == word || *end || pid <= 0 || pid > INT32_MAX) {
		(void)fprintf(stderr, "Invalid PID: %s\n", word);
		return;
	}
	id = vz_pid_ctid(vz, (int)pid, &inner_pid, &err);
	name = id < 0 ? NULL : process_name((int)pid);
	if (!name) {
		(void)fprintf(stderr, "Process %ld not found\n", pid);
		return;
	}
	if (inner)
		printf("%ld\t%d\t%lld\t%s\n", pid, inner_pid, (long long)id, name);
	else
		printf("%ld\t%lld\t%s\n", pid, (long long)id, name);
}

static void print_from_stdin(struct vz *vz, bool inner)
{
	auto_free char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) >= 0) {
		char *save = NULL;

		for (char *w = strtok_r(line, " \t\n", &save); w; w = strtok_r(NULL, " \t\n", &save))
			print_process(vz, w, inner);
	}
}

/* vzpid --complete WORD...: as vzctl does. Numbers of processes are no words to be typed from a list. */
static int complete(int argc, char **argv)
{
	struct words w = { .typed = argc > 0 ? argv[argc - 1] : "" };

	if (argc > 1 && !strcmp(argv[argc - 2], "--prefix")) {
		words_ask(WORDS_DIRECTORIES);
		return 0;
	}
	words_put(&w, "-p");
	for (const struct option *o = options; o->name; o++) {
		char word[32];

		(void)snprintf(word, sizeof(word), "--%s", o->name);
		words_put(&w, word);
	}
	return 0;
}

int main(int argc, char **argv)
{
	auto_err struct vz_err err = { 0 };
	const char *prefix = NULL;
	struct vz *vz = NULL;
	struct cli_log log;
	bool inner = false;
	int o;

	if (argc > 1 && !strcmp(argv[1], "--complete"))
		return complete(argc - 2, argv + 2);
	while ((o = getopt_long(argc, argv, "p", options, NULL)) != -1) {
		if (o == 'h' || o == '?')
			return print_usage(o == 'h' ? stdout : stderr);
		if (o == 'P')
			prefix = optarg;
		else
			inner = true;
	}
	if (optind >= argc)
		return print_usage(stderr);

	cli_log_init(&log, "vzpid");
	cli_log_console(&log, VZ_LOG_ERR);
	if (host_open(&vz, prefix, &log, &err) < 0 || vz_load(vz, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.msg ? err.msg : "out of memory");
		vz_free(vz);
		return EXIT_BAD;
	}
	printf("%s\n", inner ? "Pid\tCT/Pid\tCTID\tName" : "Pid\tCTID\tName");
	for (; optind < argc; optind++)
		if (!strcmp(argv[optind], "-"))
			print_from_stdin(vz, inner);
		else
			print_process(vz, argv[optind], inner);
	vz_free(vz);
	return 0;
}
