/* SPDX-License-Identifier: GPL-2.0-only */
/* The fields of vzlist; see columns.h. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/columns.h"

bool row_is_running(struct row *r)
{
	if (r->pid < 0)
		r->pid = vz_ct_init_pid(r->ct);
	return r->pid > 0;
}

struct vz_ct *row_ct(struct row *r)
{
	/* A file that cannot be understood is as good as none here; what is wrong was logged. */
	if (!r->is_loaded)
		(void)vz_ct_load(r->ct, true, NULL);
	r->is_loaded = true;
	return r->ct;
}

unsigned int row_at_rest(struct row *r)
{
	if (!r->at_rest)
		r->at_rest = vz_ct_state_at_rest(row_ct(r));
	return r->at_rest;
}

char *row_text(struct row *r, const char *key)
{
	char *text = vz_ct_get(row_ct(r), key);

	if (text && !*text) {
		free(text);
		text = NULL;
	}
	return text;
}

void row_done(struct row *r, size_t n_cells)
{
	for (size_t i = 0; r->cells && i < n_cells; i++)
		cell_done(&r->cells[i]);
	free(r->cells);
	cell_done(&r->sort);
	vz_ct_free(r->ct);
	*r = (struct row){ 0 };
}

static void set_text(struct cell *ret, char *text)
{
	ret->text = text;
	ret->set = text;
}

static void set_num(struct cell *ret, uint64_t num)
{
	ret->num = num;
	ret->set = true;
}

static void get_nothing(struct row *r VZ_UNUSED, const struct column *c VZ_UNUSED,
			struct cell *ret VZ_UNUSED)
{
}

static void get_id(struct row *r, const struct column *c VZ_UNUSED, struct cell *ret)
{
	set_num(ret, r->id);
}

static void get_text(struct row *r, const struct column *c, struct cell *ret)
{
	set_text(ret, row_text(r, c->key));
}

static void get_name(struct row *r, const struct column *c VZ_UNUSED, struct cell *ret)
{
	set_text(ret, vz_ct_name(row_ct(r)));
}

static void get_smart_name(struct row *r, const struct column *c, struct cell *ret)
{
	get_name(r, c, ret);
	set_num(ret, r->id);
}

/* Those it has, or, if it does not run, those it is to have; without prefix lengths. */
static void get_addresses(struct row *r, const struct column *c, struct cell *ret)
{
	char *text = row_is_running(r) ? vz_ct_addresses(r->ct) : row_text(r, c->key);
	char *to = text;

	for (const char *from = text; from && *from; ) {
		if (*from == '/')
			from += strcspn(from, " ");
		else
			*to++ = *from++;
	}
	if (text)
		*to = '\0';
	if (text && !*text)
		free(take_ptr(text));
	set_text(ret, text);
}

static void get_layout(struct row *r, const struct column *c VZ_UNUSED, struct cell *ret)
{
	const char *layout = vz_ct_layout(row_ct(r));

	set_text(ret, layout ? strdup(layout) : NULL);
}

/* Mounted is worth more than suspended; the number is the order when sorted. */
static void get_status(struct row *r, const struct column *c VZ_UNUSED, struct cell *ret)
{
	static const char *const words[] = { "running", "stopped", "mounted", "suspended" };
	unsigned int state;

	if (!row_is_running(r)) {
		state = row_at_rest(r);
		ret->num = state & VZ_STATE_MOUNTED ? 2 : state & VZ_STATE_SUSPENDED ? 3 : 1;
	}
	set_text(ret, strdup(words[ret->num]));
}

static void get_number(struct row *r, const struct column *c, struct cell *ret)
{
	auto_free char *text = row_text(r, c->key);
	uint64_t num, same;

	if (text && pair_parse(text, &num, &same))
		set_num(ret, num);
}

/* What holds for a running container, if it has been changed without being saved. */
static void get_in_effect(struct row *r, const struct column *c, struct cell *ret)
{
	if (row_is_running(r))
		ret->set = vz_ct_figure(row_ct(r), c->key, VZ_FIGURE_LIMIT, &ret->num);
	if (!ret->set)
		get_number(r, c, ret);
}

static void get_positive(struct row *r, const struct column *c, struct cell *ret)
{
	get_number(r, c, ret);
	ret->set = ret->num;
}

static void get_real(struct row *r, const struct column *c, struct cell *ret)
{
	auto_free char *text = row_text(r, c->key);

	ret->real[0] = text ? strtod(text, NULL) : 0;
	ret->set = ret->real[0] > 0;
}

static void get_yesno(struct row *r, const struct column *c, struct cell *ret)
{
	auto_free char *text = row_text(r, c->key);

	if (text)
		set_num(ret, !strcmp(text, "yes"));
}

static void get_disabled(struct row *r, const struct column *c, struct cell *ret)
{
	get_yesno(r, c, ret);
	ret->set = true;
}

/* RAM has an end; both of the old words for "none" count. */
static void get_vswap(struct row *r, const struct column *c, struct cell *ret)
{
	auto_free char *text = row_text(r, c->key);
	uint64_t bar, lim;

	set_num(ret, text && pair_parse(text, &bar, &lim) && lim != CELL_UNLIMITED && lim != INT32_MAX);
}

static void get_flags(struct row *r, const struct column *c, struct cell *ret)
{
	char *text = row_text(r, c->key);

	for (char *p = text; p && *p; p++)
		*p = *p == ' ' ? ',' : (char)tolower((unsigned char)*p);
	set_text(ret, text);
}

static void get_uptime(struct row *r, const struct column *c VZ_UNUSED, struct cell *ret)
{
	if (row_is_running(r))
		ret->real[0] = vz_ct_uptime(r->ct);
	ret->set = ret->real[0] > 0;
}

/* What the kernel counts. Where it does not, the library at least knows how many processes there are. */
static void get_usage(struct row *r, const struct column *c, struct cell *ret)
{
	static const enum vz_figure figures[] = {
		[PART_HELD]    = VZ_FIGURE_HELD,
		[PART_MAXHELD] = VZ_FIGURE_MAXHELD,
		[PART_FAILCNT] = VZ_FIGURE_FAILCNT,
		[PART_USAGE]   = VZ_FIGURE_HELD,
	};
	int64_t n;

	if (!row_is_running(r))
		return;
	/* Which files are counted says the configuration; beancounters need none. */
	ret->set = vz_ct_figure(c->kind == CELL_DISK ? row_ct(r) : r->ct, c->key, figures[c->part], &ret->num);
	if (ret->set || c->part != PART_HELD || strcmp(c->key, "NUMPROC") != 0)
		return;
	n = vz_ct_nproc(r->ct);
	if (n >= 0)
		set_num(ret, (uint64_t)n);
}

/*
 * The limit of a running container is the one that holds, saved or not. What was not set does not limit it;
 * of a stopped one there is nothing to say.
 */
static void get_limit(struct row *r, const struct column *c, struct cell *ret)
{
	auto_free char *text = row_text(r, c->key);
	enum vz_figure figure = c->part == PART_SOFT ? VZ_FIGURE_SOFT : VZ_FIGURE_LIMIT;
	uint64_t first, second;

	if (c->part != PART_BARRIER && row_is_running(r))
		ret->set = vz_ct_figure(r->ct, c->key, figure, &ret->num);
	if (ret->set)
		return;
	if (text && pair_parse(text, &first, &second))
		set_num(ret, c->part == PART_BARRIER || c->part == PART_SOFT ? first : second);
	else if (!text && c->kind == CELL_COUNTER && row_is_running(r))
		set_num(ret, CELL_UNLIMITED);
}

static const struct column columns[] = {
#define COLUMN(name_, header_, width_, kind_, from_, key_, help_) \
	{ .name = name_, .header = header_, .width = width_, .kind = CELL_##kind_, \
	  .get = get_##from_, .key = key_, .help = help_ },
#define PART(name_, header_, kind_, from_, key_, part_, is_part_) \
	{ .name = name_, .header = header_, .width = 10, .kind = CELL_##kind_, \
	  .get = get_##from_, .key = key_, .part = PART_##part_, .is_part = is_part_ },
#define COUNTER(name_, header_, key_) \
	PART(name_,      header_,      COUNTER, usage, key_, HELD,    false) \
	PART(name_ ".m", header_ ".M", COUNTER, usage, key_, MAXHELD, true) \
	PART(name_ ".b", header_ ".B", COUNTER, limit, key_, BARRIER, true) \
	PART(name_ ".l", header_ ".L", COUNTER, limit, key_, LIMIT,   true) \
	PART(name_ ".f", header_ ".F", COUNTER, usage, key_, FAILCNT, true)
#define DISK(name_, header_, key_) \
	PART(name_,      header_,      DISK, usage, key_, USAGE, false) \
	PART(name_ ".s", header_ ".S", DISK, limit, key_, SOFT,  true) \
	PART(name_ ".h", header_ ".H", DISK, limit, key_, HARD,  true)
#include "cli/columns.def"
#undef DISK
#undef COUNTER
#undef PART
#undef COLUMN
};

const struct column *column_at(size_t index)
{
	return index < ARRAY_SIZE(columns) ? &columns[index] : NULL;
}

const struct column *column_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		if (!strcmp(columns[i].name, name))
			return &columns[i];
	return NULL;
}
