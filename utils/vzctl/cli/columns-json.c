/* SPDX-License-Identifier: GPL-2.0-only */
/* The fields of vzlist as JSON: types as inventory scripts know them, text always valid UTF-8. */
#include <inttypes.h>
#include <json-c/json.h>
#include <json-c/printbuf.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/columns.h"
#include "cli/utf8.h"

static struct json_object *new_string(const char *s, size_t len)
{
	auto_free char *clean = utf8_clean(s, len);

	return clean ? json_object_new_string(clean) : NULL;
}

static struct json_object *new_real(double value, const char *fmt)
{
	char text[64];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(text, sizeof(text), fmt, value);
#pragma GCC diagnostic pop
	return json_object_new_double_s(value, text);
}

static struct json_object *new_num(uint64_t num)
{
	return num > INT64_MAX ? json_object_new_uint64(num) : json_object_new_int64((int64_t)num);
}

/* A list on one line: "[]", "[0.00, 0.01, 0.05]". */
static int write_flat(struct json_object *list, struct printbuf *out, int level VZ_UNUSED, int flags)
{
	size_t n = json_object_array_length(list);
	int r = printbuf_strappend(out, "[");

	flags &= ~(JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED);
	for (size_t i = 0; i < n && r >= 0; i++) {
		const char *text = json_object_to_json_string_ext(json_object_array_get_idx(list, i), flags);

		r = text ? sprintbuf(out, "%s%s", i ? ", " : "", text) : -1;
	}
	return r < 0 ? r : printbuf_strappend(out, "]");
}

static struct json_object *new_array(void)
{
	struct json_object *list = json_object_new_array();

	if (list)
		json_object_set_serializer(list, write_flat, NULL, NULL);
	return list;
}

static struct json_object *new_list(const char *text)
{
	struct json_object *list = new_array();

	for (const char *p = text; p && *p; ) {
		size_t len = strcspn(p, " ");

		if (len)
			(void)json_object_array_add(list, new_string(p, len));
		p += len + (p[len] == ' ');
	}
	return list;
}

/* "name:on,name:off" as {"name": true, "name": false} */
static struct json_object *new_flags(const char *text)
{
	struct json_object *o = json_object_new_object();

	for (const char *p = text; *p; ) {
		size_t len = strcspn(p, ","), name = strcspn(p, ":");
		auto_free char *key = strndup(p, VZ_MIN(name, len));

		if (key && name < len)
			(void)json_object_object_add(o, key, json_object_new_boolean(!strncmp(p + name, ":on", 3)));
		p += len + (p[len] == ',');
	}
	return o;
}

static struct json_object *new_load(const double real[3])
{
	struct json_object *list = new_array();

	for (int i = 0; i < 3; i++)
		(void)json_object_array_add(list, new_real(real[i], "%.2f"));
	return list;
}

/* All figures of a beancounter or quota. What counts nothing is 0, what limits nothing is not there. */
static struct json_object *new_figures(struct row *r, const struct column *first)
{
	static const char *const names[] = {
		[PART_HELD] = "held", [PART_MAXHELD] = "maxheld", [PART_BARRIER] = "barrier",
		[PART_LIMIT] = "limit", [PART_FAILCNT] = "failcnt",
		[PART_USAGE] = "usage", [PART_SOFT] = "softlimit", [PART_HARD] = "hardlimit",
	};
	struct json_object *o = json_object_new_object();
	bool known = false;

	for (const struct column *c = first; c->key == first->key && (c == first || c->is_part); c++) {
		struct cell cell = { 0 };

		c->get(r, c, &cell);
		known |= cell.set;
		(void)json_object_object_add(o, names[c->part], new_num(cell.num));
		cell_done(&cell);
	}
	if (known)
		return o;
	(void)json_object_put(o);
	return NULL;
}

struct json_object *column_json(struct row *r, const struct column *c, const struct cell *cell)
{
	switch (c->kind) {
	case CELL_COUNTER:
	case CELL_DISK:
		return new_figures(r, c);
	case CELL_LIST:
		return new_list(cell->text);
	case CELL_NUM_OR_0:
		return new_num(cell->set ? cell->num : 0);
	case CELL_REAL:
		return new_real(cell->real[0], "%g");
	case CELL_UPTIME:
		return new_real(cell->real[0], "%.3f");
	default:
		break;
	}
	if (!cell->set)
		return NULL;
	switch (c->kind) {
	case CELL_NUM:
		return new_num(cell->num);
	case CELL_YESNO:
		return json_object_new_boolean((int)cell->num);
	case CELL_FLAGS:
		return new_flags(cell->text);
	case CELL_LOAD:
		return new_load(cell->real);
	default:
		return cell->text ? new_string(cell->text, strlen(cell->text)) : new_num(cell->num);
	}
}
