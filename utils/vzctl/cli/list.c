/* SPDX-License-Identifier: GPL-2.0-only */
/* vzlist's table: which containers, their cells, the order, and printing it; see list.h. */
#include <errno.h>
#include <fnmatch.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/list.h"

static bool matches(struct row *r, const char *pattern, const char *key)
{
	auto_free char *text = NULL;

	if (!pattern)
		return true;
	text = key ? row_text(r, key) : vz_ct_name(row_ct(r));
	return text && !fnmatch(pattern, text, 0);
}

/* The cheap questions first: most containers of a big host are out after one of them. */
static bool is_wanted(struct row *r, const struct list_request *q)
{
	bool running = row_is_running(r);

	if (running ? q->stopped : !q->stopped && !q->all && !q->n_ids)
		return false;
	/* A configuration without a private area is a left-over, not a container. */
	if (!running && !(row_at_rest(r) & VZ_STATE_EXIST) && !vz_ct_layout(row_ct(r)))
		return false;
	return matches(r, q->hostname, "HOSTNAME") && matches(r, q->name, NULL) &&
	       matches(r, q->description, "DESCRIPTION");
}

static int fill(struct row *r, const struct list_request *q, struct vz_err *err)
{
	r->cells = calloc(q->n_columns + 1, sizeof(*r->cells));
	if (!r->cells)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "container %u", r->id);
	for (size_t i = 0; i < q->n_columns; i++)
		q->columns[i]->get(r, q->columns[i], &r->cells[i]);
	if (q->sort)
		q->sort->get(r, q->sort, &r->sort);
	/* The cells hold all that a table shows; a thousand configurations would be 23 MB. */
	if (!q->json) {
		vz_ct_free(r->ct);
		r->ct = NULL;
	}
	return 0;
}

static int compare_rows(const void *a, const void *b, void *data)
{
	const struct row *x = a, *y = b;
	const struct list_request *q = data;
	int r = q->sort ? cell_compare(q->sort->kind, &x->sort, &y->sort) : 0;

	if (r)
		return q->reverse ? -r : r;
	/* Equals stand by number, backwards too: without a BOOTORDER containers boot 101, 102, … */
	return (x->id > y->id) - (x->id < y->id);
}

static int compare_ids(const void *a, const void *b)
{
	const vz_ctid *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int list_read(struct vz *vz, const struct list_request *q, struct list_table *ret, struct vz_err *err)
{
	auto_free vz_ctid *found = NULL;
	const vz_ctid *ids = q->ids;
	size_t n = q->n_ids;

	if (!n) {
		int count = vz_ctids(vz, &found, err);

		if (count < 0)
			return -1;
		ids = found;
		n = (size_t)count;
		vz_glance(vz);
	} else {
		qsort(q->ids, n, sizeof(*q->ids), compare_ids);
	}
	ret->rows = calloc(n + 1, sizeof(*ret->rows));
	if (!ret->rows)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "list of containers");
	for (size_t i = 0; i < n; i++) {
		struct row *r = &ret->rows[ret->n];

		if (i && ids[i] == ids[i - 1])
			continue;
		/* Of those that do not run and are not asked for nobody needs the configuration. */
		*r = (struct row){ .id = ids[i], .pid = -1, .is_loaded = q->all || q->stopped || q->n_ids };
		if ((r->is_loaded ? vz_ct_open : vz_ct_new)(vz, r->id, &r->ct, err) < 0)
			return -1;
		if (!is_wanted(r, q)) {
			row_done(r, 0);
			continue;
		}
		ret->n++;
		if (fill(r, q, err) < 0)
			return -1;
	}
	qsort_r(ret->rows, ret->n, sizeof(*ret->rows), compare_rows, (void *)q);
	return 0;
}

/* Lines end without blanks: clients compare them to the last byte. */
static void put_line(FILE *f, char *line)
{
	size_t len = strlen(line);

	while (len && line[len - 1] == ' ')
		len--;
	(void)fprintf(f, "%.*s\n", (int)len, line);
}

/* r: NULL for the header. */
static void print_row(FILE *out, const struct list_request *q, const struct row *r)
{
	auto_free char *line = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&line, &size);

	if (!f)
		return;
	for (size_t i = 0; i < q->n_columns; i++) {
		const struct column *c = q->columns[i];
		bool last = i + 1 == q->n_columns;
		auto_free char *text = r ? cell_format(c->kind, &r->cells[i], last) : strdup(c->header);

		if (i)
			(void)fputc(' ', f);
		cell_put(f, text ? text : "-", c->width, c->width < 0 && !last && !q->no_trim);
	}
	if (!fclose(f))
		put_line(out, line);
}

void list_print(FILE *f, const struct list_request *q, const struct list_table *t)
{
	if (!q->no_header)
		print_row(f, q, NULL);
	for (size_t i = 0; i < t->n; i++)
		print_row(f, q, &t->rows[i]);
}

/* One element of the array, two blanks further to the right. Text has no newlines: they are escaped. */
static int print_object(FILE *f, struct json_object *o)
{
	const char *text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
							  JSON_C_TO_STRING_SPACED |
							  JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!text)
		return -ENOMEM;
	for (const char *line = text; line; ) {
		size_t len = strcspn(line, "\n");

		(void)fprintf(f, "%s  %.*s", line == text ? "" : "\n", (int)len, line);
		line = line[len] ? line + len + 1 : NULL;
	}
	return 0;
}

int list_print_json(FILE *f, const struct list_request *q, const struct list_table *t)
{
	int r = 0;

	(void)fputs(t->n ? "[\n" : "[", f);
	for (size_t i = 0; i < t->n && r == 0; i++) {
		struct row *row = &t->rows[i];
		struct json_object *o = json_object_new_object();

		for (size_t k = 0; k < q->n_columns; k++)
			(void)json_object_object_add(o, q->columns[k]->name,
						     column_json(row, q->columns[k], &row->cells[k]));
		r = print_object(f, o);
		(void)fputs(i + 1 < t->n ? ",\n" : "\n", f);
		(void)json_object_put(o);
	}
	(void)fputs("]\n", f);
	return r;
}

void list_table_done(struct list_table *t, const struct list_request *q)
{
	for (size_t i = 0; i < t->n; i++)
		row_done(&t->rows[i], q->n_columns);
	free(t->rows);
	*t = (struct list_table){ 0 };
}
