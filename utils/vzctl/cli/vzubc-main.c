/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vzubc: beancounters of containers for people to read. Options are single words, as OpenVZ has them: -wd is
 * not -w -d.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/tool.h"
#include "cli/ubc.h"
#include "cli/words.h"

#define EXIT_BAD 1
#define NEAR_HELD 0.5
#define NEAR_MAXHELD 0.8

struct request {
	struct ubc_style style;
	bool watch, watch_differences, watch_untitled;
	const char *watch_seconds;
	bool forget_fails, forget_held;
	const char *fails_dir, *held_dir;	/* where the figures of the moment before are */
	const char *file;			/* "-": standard input; NULL: ask the library */
	const char *prefix;
	struct wanted {
		vz_ctid id;
		bool seen;
	} *wanted;				/* owned; what the user asked for; none: all */
	size_t n_wanted;
	char *const *words;			/* the command line, for watch(1) */
};

static int print_usage(FILE *f)
{
	(void)fputs("Usage: vzubc [options] [CTID ...]\n\n"
		    "  -w             show it again and again, by watch(1)\n"
		    "  -wd, -wt       with differences marked; without a title\n"
		    "  -wn SECONDS    so often\n"
		    "  -q             show only what is near its limit, or was refused\n"
		    "  -qh RATIO      near: so much of it is in use (0.5)\n"
		    "  -qm RATIO      or once was (0.8)\n"
		    "  -v             show also what nothing is known of\n"
		    "  -r             count what was refused since the last -r\n"
		    "  -rc            forget that, and begin anew\n"
		    "  -rd DIR        remember it there\n"
		    "  -i             show how use has changed since the last -i\n"
		    "  -ic, -id DIR   likewise\n"
		    "  -c             in colours\n"
		    "  -f FILE        read what /proc/user_beancounters would hold; -: standard input\n"
		    "  --prefix DIR   all files are below this directory\n", f);
	return EXIT_BAD;
}

/* ---- the command line ---- */

static bool parse_ratio(const char *text, double *ret)
{
	char *end;

	*ret = strtod(text, &end);
	return end != text && !*end && *ret >= 0 && *ret <= 1000;
}

static bool parse_seconds(const char *text)
{
	double unused;

	return parse_ratio(text, &unused) && unused > 0;
}

/* An option with an argument; false: it is none, or the argument is bad. */
static bool take_with_argument(struct request *q, const char *word, const char *arg)
{
	if (!strcmp(word, "-wn")) {
		q->watch = true;
		q->watch_seconds = arg;
		return parse_seconds(arg);
	}
	if (!strcmp(word, "-qh") || !strcmp(word, "-qm")) {
		q->style.quiet = true;
		return parse_ratio(arg, word[2] == 'h' ? &q->style.held : &q->style.maxheld);
	}
	if (!strcmp(word, "-rd")) {
		q->style.fails_since = true;
		q->fails_dir = arg;
	} else if (!strcmp(word, "-id")) {
		q->style.held_since = true;
		q->held_dir = arg;
	} else if (!strcmp(word, "-f")) {
		q->file = arg;
	} else if (!strcmp(word, "--prefix")) {
		q->prefix = arg;
	} else {
		return false;
	}
	return true;
}

static bool take_flag(struct request *q, const char *word)
{
	const struct { const char *word; bool *flag, *too; } flags[] = {
		{ "-w",  &q->watch,             NULL },
		{ "-wd", &q->watch_differences, &q->watch },
		{ "-wt", &q->watch_untitled,    &q->watch },
		{ "-q",  &q->style.quiet,       NULL },
		{ "-v",  &q->style.verbose,     NULL },
		{ "-r",  &q->style.fails_since, NULL },
		{ "-rc", &q->forget_fails,      &q->style.fails_since },
		{ "-i",  &q->style.held_since,  NULL },
		{ "-ic", &q->forget_held,       &q->style.held_since },
		{ "-c",  &q->style.color,       NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (strcmp(flags[i].word, word) != 0)
			continue;
		*flags[i].flag = true;
		if (flags[i].too)
			*flags[i].too = true;
		return true;
	}
	return false;
}

static bool take_ctid(struct request *q, const char *word)
{
	char *end;
	unsigned long id = strtoul(word, &end, 10);

	if (*word < '0' || *word > '9' || *end || id > VZ_CTID_MAX)
		return false;
	q->wanted[q->n_wanted++].id = (vz_ctid)id;
	return true;
}

static bool read_command_line(struct request *q, int argc, char **argv)
{
	q->words = argv;
	q->wanted = calloc((size_t)argc, sizeof(*q->wanted));
	for (int i = 1; i < argc && q->wanted; i++) {
		if (take_flag(q, argv[i]) || take_ctid(q, argv[i]))
			continue;
		if (i + 1 == argc || !take_with_argument(q, argv[i], argv[i + 1]))
			return false;
		i++;
	}
	return q->wanted;
}

static int complete(int argc, char **argv)
{
	static const char *const words[] = {
		"-w", "-wd", "-wt", "-wn", "-q", "-qh", "-qm", "-v", "-r", "-rc", "-rd", "-i", "-ic", "-id", "-c", "-f",
		"--prefix", "--help", NULL
	};
	static const struct words_which running = { .all = VZ_STATE_RUNNING };
	struct words w = { .typed = argc > 0 ? argv[argc - 1] : "" };
	const char *before = argc > 1 ? argv[argc - 2] : "";
	const char *prefix = argc > 2 && !strcmp(argv[0], "--prefix") ? argv[1] : NULL;
	struct vz *vz;

	if (!strcmp(before, "-f"))
		words_ask(WORDS_FILES);
	else if (!strcmp(before, "-rd") || !strcmp(before, "-id"))
		words_ask(WORDS_DIRECTORIES);
	else if (*w.typed == '-' || !strcmp(before, "--prefix"))
		return tool_complete(words, argc, argv);
	else if ((vz = words_open_host(prefix))) {
		words_put_containers(&w, vz, &running);
		vz_free(vz);
	}
	return 0;
}

/* ---- watch(1) ---- */

/* The same command line without what is for watch. */
static int run_watch(const struct request *q)
{
	size_t n = 0, max = 8;
	auto_free const char **argv = NULL;

	while (q->words[n])
		n++;
	argv = calloc(n + max, sizeof(*argv));
	if (!argv)
		return EXIT_BAD;
	n = 0;
	argv[n++] = "watch";
	argv[n++] = "-x";
	if (q->watch_differences)
		argv[n++] = "-d";
	if (q->watch_untitled)
		argv[n++] = "-t";
	if (q->style.color)
		argv[n++] = "-c";
	if (q->watch_seconds) {
		argv[n++] = "-n";
		argv[n++] = q->watch_seconds;
	}
	for (size_t i = 0; q->words[i]; i++) {
		if (!strcmp(q->words[i], "-wn"))
			i++;
		else if (strncmp(q->words[i], "-w", 2) != 0)
			argv[n++] = q->words[i];
	}
	(void)execvp("watch", (char *const *)argv);
	(void)fprintf(stderr, "run watch: %s\n", strerror(errno));
	return EXIT_BAD;
}

/* ---- the moment before ---- */

/* DIR/CTID; without a directory, one below /run. Caller frees. */
static char *memory_path(const struct request *q, const char *dir, const char *what, vz_ctid id)
{
	char *path;
	int r = dir ? asprintf(&path, "%s/%u", dir, id) :
		      asprintf(&path, "%s/run/vzubc/%s/%u", q->prefix ? q->prefix : "", what, id);

	return r < 0 ? NULL : path;
}

static void make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0755);
		*slash = '/';
	}
}

/* 0, or -1 after a message. */
static int remember(char *path, const struct ubc_table *t)
{
	auto_free char *tmp = NULL;
	FILE *f = NULL;
	int r = -1;

	make_parents(path);
	if (asprintf(&tmp, "%s.tmp", path) >= 0)
		f = fopen(tmp, "we");
	if (f) {
		ubc_table_write(f, t);
		r = fclose(f) == 0 && rename(tmp, path) == 0 ? 0 : -1;
	}
	if (r < 0)
		(void)fprintf(stderr, "write '%s': %s\n", path, strerror(errno));
	return r;
}

static bool recall(const char *path, struct ubc_table *ret)
{
	auto_fclose FILE *f = fopen(path, "re");
	auto_free struct ubc_table *tables = NULL;

	if (!f || ubc_tables_read(f, &tables) != 1)
		return false;
	*ret = tables[0];
	return true;
}

/* What of *before is about failures or use, from where that is remembered; *now takes its place. */
static int exchange(const struct request *q, bool is_held, const struct ubc_table *now, struct ubc_table *before)
{
	const char *dir = is_held ? q->held_dir : q->fails_dir;
	bool forget = is_held ? q->forget_held : q->forget_fails;
	enum ubc_part part = is_held ? UBC_HELD : UBC_FAILCNT;
	auto_free char *path = memory_path(q, dir, is_held ? "held" : "fails", now->id);
	struct ubc_table old;

	if (!path)
		return -1;
	/* Where nothing is remembered, failures count from the start, and nothing has changed. */
	if (!forget && recall(path, &old))
		for (size_t i = 0; i < UBC_COUNTERS; i++)
			before->counters[i].v[part] = old.counters[i].v[part];
	else if (is_held || forget)
		for (size_t i = 0; i < UBC_COUNTERS; i++)
			before->counters[i].v[part] = now->counters[i].v[part];
	return remember(path, now);
}

/* ---- showing ---- */

static bool is_asked_for(const struct request *q, vz_ctid id)
{
	bool found = !q->n_wanted;

	for (size_t i = 0; i < q->n_wanted; i++)
		if (q->wanted[i].id == id)
			found = q->wanted[i].seen = true;
	return found;
}

/* Those that were asked for and are not there. */
static bool miss_any(const struct request *q)
{
	bool missed = false;

	for (size_t i = 0; i < q->n_wanted; i++) {
		if (q->wanted[i].seen)
			continue;
		(void)fprintf(stderr, "there are no figures of container %u%s\n", q->wanted[i].id,
			      q->file ? "" : ": it is not running");
		missed = true;
	}
	return missed;
}

static int show(const struct request *q, const struct ubc_table *t)
{
	struct ubc_style style = q->style;
	struct ubc_table before;

	if (!is_asked_for(q, t->id))
		return 0;
	ubc_table_init(&before, t->id);
	style.before = &before;
	if ((style.fails_since && exchange(q, false, t, &before) < 0) ||
	    (style.held_since && exchange(q, true, t, &before) < 0))
		return -1;
	ubc_table_print(stdout, t, &style);
	return 0;
}

static int show_file(const struct request *q)
{
	auto_fclose FILE *opened = strcmp(q->file, "-") != 0 ? fopen(q->file, "re") : NULL;
	FILE *f = strcmp(q->file, "-") != 0 ? opened : stdin;
	auto_free struct ubc_table *tables = NULL;
	int n;

	if (!f) {
		(void)fprintf(stderr, "open '%s': %s\n", q->file, strerror(errno));
		return EXIT_BAD;
	}
	n = ubc_tables_read(f, &tables);
	if (n < 0) {
		(void)fprintf(stderr, "'%s' is not in the format of beancounters, version 2.5\n", q->file);
		return EXIT_BAD;
	}
	for (int i = 0; i < n; i++)
		if (show(q, &tables[i]) < 0)
			return EXIT_BAD;
	return miss_any(q) ? EXIT_BAD : 0;
}

struct showing {
	const struct request *q;
	bool failed;
};

static void show_container(void *data, struct vz_ct *ct)
{
	struct showing *s = data;
	struct ubc_table t;

	if (!is_asked_for(s->q, vz_ct_id(ct)))
		return;
	ubc_table_of(&t, ct);
	s->failed |= show(s->q, &t) < 0;
}

static int show_containers(const struct request *q)
{
	struct showing s = { .q = q };
	struct cli_log log;
	struct vz *vz = tool_open("vzubc", q->prefix, &log);

	if (!vz)
		return EXIT_BAD;
	s.failed |= tool_each_running(vz, show_container, &s) < 0;
	vz_free(vz);
	return s.failed || miss_any(q) ? EXIT_BAD : 0;
}

int main(int argc, char **argv)
{
	struct request q = { .style = { .held = NEAR_HELD, .maxheld = NEAR_MAXHELD } };
	int r;

	if (argc > 1 && !strcmp(argv[1], "--complete"))
		return complete(argc - 2, argv + 2);
	if (argc > 1 && !strcmp(argv[1], "--help"))
		return print_usage(stdout);
	if (!read_command_line(&q, argc, argv))
		r = print_usage(stderr);
	else if (q.watch)
		r = run_watch(&q);
	else
		r = q.file ? show_file(&q) : show_containers(&q);
	free(q.wanted);
	return r;
}
