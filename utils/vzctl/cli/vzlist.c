/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vzlist: containers as a table or as JSON. Options, columns, their widths and the exit status are
 * read by scripts and by libvirt; fields are rows of columns.def, options rows of vzlist.def.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/host.h"
#include "cli/list.h"
#include "cli/vzlist.h"
#include "cli/words.h"

#define EXIT_BAD 1
#define FIELD_NAME_MAX 31
#define FIELDS_DEFAULT "ctid,numproc,status,ip,hostname"
#define FIELDS_BY_NAME "smart_name,numproc,status,ip,hostname"

enum list_option {
#define LIST_OPT(id, letter, name, arg, help) LIST_##id,
#include "cli/vzlist.def"
#undef LIST_OPT
	LIST__MAX
};

static const struct {
	char letter;
	const char *name, *arg, *help;
} rows[LIST__MAX] = {
#define LIST_OPT(id, letter_, name_, arg_, help_) \
	[LIST_##id] = { .letter = letter_, .name = name_, .arg = arg_, .help = help_ },
#include "cli/vzlist.def"
#undef LIST_OPT
};

struct options {
	bool given[LIST__MAX];
	const char *text[LIST__MAX];
};

static void print_usage(FILE *f)
{
	(void)fprintf(f, "Usage: vzlist [options] [CTID|NAME ...]\n\nOptions:\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int col = 0;

		col += rows[i].letter ? fprintf(f, "  -%c", rows[i].letter) : fprintf(f, "    ");
		if (rows[i].name)
			col += fprintf(f, "%s --%s", rows[i].letter ? "," : " ", rows[i].name);
		if (rows[i].arg)
			col += fprintf(f, " %s", rows[i].arg);
		(void)fprintf(f, "%*s%s\n", col < 34 ? 34 - col : 1, "", rows[i].help);
	}
}

static void print_fields(void)
{
	const struct column *c;

	for (size_t i = 0; (c = column_at(i)); i++)
		printf("%-15s %-15s\n", c->name, c->header);
}

static bool read_options(int argc, char **argv, struct options *ret)
{
	struct option table[LIST__MAX + 1] = { 0 };
	char shorts[2 * LIST__MAX + 1] = "";
	size_t n = 0, len = 0;
	int o;

	for (int i = 0; i < LIST__MAX; i++) {
		if (rows[i].letter)
			shorts[len++] = rows[i].letter;
		if (rows[i].letter && rows[i].arg)
			shorts[len++] = ':';
		if (rows[i].name)
			table[n++] = (struct option){
				.name = rows[i].name, .val = 0x100 + i,
				.has_arg = rows[i].arg ? required_argument : no_argument,
			};
	}
	while ((o = getopt_long(argc, argv, shorts, table, NULL)) != -1) {
		int i = o - 0x100;

		if (o == '?')
			return false;
		if (o < 0x100)
			for (i = 0; rows[i].letter != o; i++)
				;
		ret->given[i] = true;
		ret->text[i] = optarg;
	}
	return true;
}

static int add_column(struct list_request *q, const struct column *c, struct vz_err *err)
{
	const struct column **more = reallocarray(q->columns, q->n_columns + 1, sizeof(*more));

	if (!more)
		return vz_fail(err, VZ_E_RESOURCE, 0, "out of memory");
	q->columns = more;
	q->columns[q->n_columns++] = c;
	return 0;
}

static int take_fields(struct list_request *q, const char *fields, bool json, struct vz_err *err)
{
	auto_free char *copy = strdup(fields);
	char *save = NULL;

	if (!copy)
		return vz_fail(err, VZ_E_RESOURCE, 0, "out of memory");
	for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		const struct column *c = column_find(name);

		if (!c)
			return vz_fail(err, EXIT_BAD, 0, "%s: %s", strlen(name) < FIELD_NAME_MAX ?
				       "Unknown field" : "Invalid field", name);
		if (json && c->is_part)
			return vz_fail(err, EXIT_BAD, 0, "Field %s is not available in JSON output", name);
		if (add_column(q, c, err) < 0)
			return -1;
	}
	if (!q->n_columns)
		return vz_fail(err, EXIT_BAD, 0, "Unknown field: %s", fields);
	return 0;
}

static int take_whole_fields(struct list_request *q, struct vz_err *err)
{
	const struct column *c;

	for (size_t i = 0; (c = column_at(i)); i++)
		if (!c->is_part && add_column(q, c, err) < 0)
			return -1;
	return 0;
}

static int choose_fields(struct list_request *q, const struct options *o, struct vz_err *err)
{
	const char *sort = o->text[LIST_sort];

	q->reverse = sort && *sort == '-';
	if (sort) {
		q->sort = column_find(sort + q->reverse);
		if (!q->sort)
			return vz_fail(err, EXIT_BAD, 0, "Invalid sort field name: %s", sort + q->reverse);
	}
	if (o->given[LIST_output])
		return take_fields(q, o->text[LIST_output], o->given[LIST_json], err);
	if (o->given[LIST_one])
		return take_fields(q, "veid", false, err);
	if (o->given[LIST_json])
		return take_whole_fields(q, err);
	return take_fields(q, o->given[LIST_name] ? FIELDS_BY_NAME : FIELDS_DEFAULT, false, err);
}

static int find_ids(struct vz *vz, struct list_request *q, char **words, int n, struct vz_err *err)
{
	q->ids = calloc((size_t)n + 1, sizeof(*q->ids));
	if (!q->ids)
		return vz_fail(err, VZ_E_RESOURCE, 0, "out of memory");
	for (int i = 0; i < n; i++)
		if (vz_ctid_find(vz, words[i], &q->ids[i], NULL) < 0)
			return vz_fail(err, EXIT_BAD, 0, "CT ID %s is invalid.", words[i]);
	q->n_ids = (size_t)n;
	return 0;
}

static int list(const struct options *o, struct list_request *q, char **words, int n_words,
		struct cli_log *log, struct vz_err *err)
{
	struct list_table table = { 0 };
	struct vz *vz = NULL;
	int r = -1, rc = 0;

	if (choose_fields(q, o, err) == 0 && host_open(&vz, o->text[LIST_prefix], log, err) == 0 &&
	    vz_load(vz, err) == 0 && find_ids(vz, q, words, n_words, err) == 0)
		r = list_read(vz, q, &table, err);
	if (r == 0 && o->given[LIST_json])
		r = list_print_json(stdout, q, &table) < 0 ? vz_fail(err, EXIT_BAD, 0, "out of memory") : 0;
	else if (r == 0 && table.n)
		list_print(stdout, q, &table);
	else if (r == 0)
		(void)fprintf(stderr, "Container(s) not found\n");
	if (r == 0 && !table.n && q->n_ids)
		rc = EXIT_BAD;
	list_table_done(&table, q);
	vz_free(vz);
	return r < 0 ? -1 : rc;
}

/* ---- completion ---- */

/* The row whose argument the word behind this one is: "--sort", "-s", "-Hs"; LIST__MAX: none. */
static int row_waiting(const char *word)
{
	size_t len = strlen(word);

	for (int i = 0; i < LIST__MAX; i++) {
		if (!rows[i].arg)
			continue;
		if (!strncmp(word, "--", 2) ? rows[i].name && !strcmp(rows[i].name, word + 2) :
		    len > 1 && word[0] == '-' && rows[i].letter && word[len - 1] == rows[i].letter)
			return i;
	}
	return LIST__MAX;
}

static void put_fields(const struct words *w)
{
	const struct column *c;

	for (size_t i = 0; (c = column_at(i)); i++)
		words_put(w, c->name);
}

static void put_argument(const struct words *w, int row)
{
	struct words part = *w;

	if (row == LIST_output) {
		part = words_behind(w, ',');
		put_fields(&part);
	} else if (row == LIST_sort) {
		part.head += w->typed[w->head] == '-';
		put_fields(&part);
	} else if (row == LIST_prefix) {
		words_ask(WORDS_DIRECTORIES);
	}
}

static void put_options(const struct words *w)
{
	for (int i = 0; i < LIST__MAX; i++) {
		char word[32] = { '-', rows[i].letter };

		if (rows[i].name)
			(void)snprintf(word, sizeof(word), "--%s", rows[i].name);
		words_put(w, word);
	}
}

static const char *prefix_among(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "--prefix=", 9))
			return argv[i] + 9;
		if (!strcmp(argv[i], "--prefix") && i + 1 < argc)
			return argv[i + 1];
	}
	return NULL;
}

/* vzlist --complete WORD...: as vzctl does. */
static void complete_list(int argc, char **argv)
{
	const char *typed = argc > 0 ? argv[argc - 1] : "";
	struct words w = { .typed = typed };
	const char *equals = !strncmp(typed, "--", 2) ? strchr(typed, '=') : NULL;
	int row = argc > 1 ? row_waiting(argv[argc - 2]) : LIST__MAX;

	if (row < LIST__MAX) {
		put_argument(&w, row);
	} else if (equals) {
		auto_free char *option = strndup(typed, (size_t)(equals - typed));

		w.head = (size_t)(equals - typed) + 1;
		put_argument(&w, option ? row_waiting(option) : LIST__MAX);
	} else if (*typed == '-') {
		put_options(&w);
	} else {
		struct vz *vz = words_open_host(prefix_among(argc - 1, argv));

		words_put_containers(&w, vz, &(struct words_which){ 0 });
		vz_free(vz);
	}
}

int vzlist_main(int argc, char **argv)
{
	auto_err struct vz_err err = { 0 };
	struct options o = { 0 };
	struct list_request q;
	struct cli_log log;
	int r;

	if (argc > 1 && !strcmp(argv[1], "--complete")) {
		complete_list(argc - 2, argv + 2);
		return 0;
	}
	if (!read_options(argc, argv, &o) || o.given[LIST_help]) {
		print_usage(o.given[LIST_help] ? stdout : stderr);
		return EXIT_BAD;
	}
	if (o.given[LIST_list]) {
		print_fields();
		return 0;
	}
	if (geteuid() != 0) {
		(void)fprintf(stderr, "This program can only be run under root.\n");
		return EXIT_BAD;
	}
	q = (struct list_request){
		.all = o.given[LIST_all], .stopped = o.given[LIST_stopped],
		.no_header = o.given[LIST_no_header] || o.given[LIST_one],
		.no_trim = o.given[LIST_no_trim], .json = o.given[LIST_json],
		.hostname = o.text[LIST_hostname], .name = o.text[LIST_name_filter],
		.description = o.text[LIST_description],
	};
	cli_log_init(&log, "vzlist");
	cli_log_console(&log, VZ_LOG_ERR);
	r = list(&o, &q, argv + optind, argc - optind, &log, &err);
	if (r < 0) {
		(void)fprintf(stderr, "%s\n", err.msg ? err.msg : "out of memory");
		r = EXIT_BAD;
	}
	free(q.columns);
	free(q.ids);
	return r;
}
