/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading options. What a command accepts is put together at run time from its rows in options.def
 * and, if it takes parameters, from those of the library; getopt_long() does the rest, so that
 * abbreviations, --opt=value and mixed order work as everywhere.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli.h"

/* Values getopt_long() returns for long options: a row of ours, or one of the library. */
#define OWN_BASE 0x1000
#define PARAM_BASE 0x2000

/* Short forms of set, from the days when typing hurt. */
static const struct {
	char letter;
	const char *option;
} short_options[] = {
	{ 'e', "numiptent" },	{ 'p', "numproc" },	{ 'f', "numflock" },	{ 't', "numpty" },
	{ 'i', "numsiginfo" },	{ 'l', "lockedpages" },	{ 'k', "kmemsize" },	{ 'a', "avnumproc" },
	{ 'b', "tcprcvbuf" },	{ 'n', "numfile" },	{ 'x', "dcachesize" },
};

/* Short forms of options of ours that take no argument. */
static const struct {
	char letter;
	enum option_id option;
} short_flags[] = {
	{ 'j', OPT_json },
	{ 'v', OPT_verbose },
};

char opts_letter(const char *option)
{
	for (size_t i = 0; i < ARRAY_SIZE(short_options); i++)
		if (!strcmp(short_options[i].option, option))
			return short_options[i].letter;
	return '\0';
}

struct table {
	struct option *rows;	/* owned; ended by a zero row */
	size_t n;
	size_t n_own;			/* the first of them: the library's have names of their own */
	char shorts[2 * ARRAY_SIZE(short_options) + ARRAY_SIZE(short_flags) + 2];
};

static bool table_has(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->n_own; i++)
		if (!strcmp(t->rows[i].name, name))
			return true;
	return false;
}

static int table_add(struct table *t, const char *name, bool has_arg, int val, struct vz_err *err)
{
	struct option *rows;

	/* Ours come first and win: --ostemplate of create is no edit. */
	if (table_has(t, name))
		return 0;
	rows = reallocarray(t->rows, t->n + 2, sizeof(*rows));
	if (!rows)
		return vz_fail(err, VZ_E_RESOURCE, -errno, "options");
	t->rows = rows;
	rows[t->n++] = (struct option){
		.name = name, .has_arg = has_arg ? required_argument : no_argument, .val = val,
	};
	rows[t->n] = (struct option){ 0 };
	if (val < PARAM_BASE)
		t->n_own = t->n;
	return 0;
}

static bool is_known_here(const struct cli *c, enum option_id o)
{
	return option_is_on(o, c->cmd_id) ||
	       ((c->cmd->flags & LIFE_CYCLE) && option_is_on(o, CMD_restart));
}

static int table_fill(struct table *t, const struct cli *c, struct vz_err *err)
{
	struct vz_param_info info;
	size_t len = 0;

	for (int o = 0; o < OPT__MAX; o++)
		if (is_known_here(c, o) &&
		    table_add(t, option_rows[o].name, option_rows[o].arg, OWN_BASE + o, err) < 0)
			return -1;
	for (const struct option_alias *a = option_aliases; a->name; a++)
		if (is_known_here(c, a->of) &&
		    table_add(t, a->name, option_rows[a->of].arg, OWN_BASE + (int)a->of, err) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(short_flags); i++)
		if (is_known_here(c, short_flags[i].option))
			t->shorts[len++] = short_flags[i].letter;
	if (!(c->cmd->flags & PARAMETERS))
		return 0;
	for (size_t i = 0; vz_option_info(i, &info); i++)
		if ((c->cmd_id == CMD_create ? info.in_create : info.in_set) &&
		    table_add(t, info.option, info.arg, PARAM_BASE + (int)i, err) < 0)
			return -1;
	if (c->cmd_id != CMD_set)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(short_options); i++) {
		t->shorts[len++] = short_options[i].letter;
		t->shorts[len++] = ':';
	}
	t->shorts[len++] = 'h';
	t->shorts[len] = '\0';
	return 0;
}

static bool is_one_of(const char *words, const char *text)
{
	size_t len = strlen(text);

	for (const char *w = words; w; w = strchr(w, '|') ? strchr(w, '|') + 1 : NULL)
		if (!strncmp(w, text, len) && (w[len] == '|' || !w[len]))
			return len > 0;
	return false;
}

static int take_own(struct cli *c, enum option_id o, const char *arg, struct vz_err *err)
{
	const struct option_row *row = &option_rows[o];

	if (c->cmd && !option_is_on(o, c->cmd_id))
		return vz_fail(err, VZ_E_INVALID_SYNTAX, 0, "Option --%s is not applicable to %s command",
			       row->name, c->cmd->name);
	if (arg && strchr(row->arg, '|') && !is_one_of(row->arg, arg))
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "Bad parameter for --%s: %s", row->name, arg);
	if (!c->given[o]++)
		c->text[o] = arg;
	return 0;
}

/* The command line is for everybody to see in ps(1), and messages end up in a log. */
static void mask_password(char *arg)
{
	char *colon = strchr(arg, ':');

	for (char *p = colon ? colon + 1 : arg; *p; p++)
		*p = '*';
}

static int take_param(struct cli *c, const char *option, char *arg, char letter, struct vz_err *err)
{
	struct vz_param_info info = { 0 };
	auto_err struct vz_err why = { 0 };
	int r = vz_edits_add(c->edits, option, arg ? arg : "", &why);

	for (size_t i = 0; vz_option_info(i, &info); i++)
		if (!strcmp(info.option, option))
			break;
	if (arg && info.is_secret)
		mask_password(arg);
	if (r < 0 && letter && why.code == VZ_E_INVALID_VALUE)
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "Bad parameter for -%c : %s", letter, arg);
	if (r < 0)
		vz_err_move(err, &why);
	return r < 0 ? -1 : 0;
}

static int take_short(struct cli *c, int letter, char *arg, struct vz_err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(short_flags); i++)
		if (short_flags[i].letter == letter)
			return take_own(c, short_flags[i].option, NULL, err);
	for (size_t i = 0; i < ARRAY_SIZE(short_options); i++)
		if (short_options[i].letter == letter)
			return take_param(c, short_options[i].option, arg, (char)letter, err);
	return 0;	/* -h, which never did anything */
}

int opts_extra_words(struct cli *c, int first, struct vz_err *err)
{
	auto_free char *words = NULL;
	size_t size = 0;
	FILE *f;

	if (first >= c->argc)
		return 0;
	f = open_memstream(&words, &size);
	if (!f)
		return vz_fail(err, VZ_E_RESOURCE, -errno, "arguments");
	for (int i = first; i < c->argc; i++)
		(void)fprintf(f, "%s ", c->argv[i]);
	(void)fclose(f);
	return vz_fail(err, VZ_E_INVALID_SYNTAX, 0, "Invalid extra arguments: %s", words);
}

/* argv[0] must be "vzctl": getopt's own messages begin with it. */
int opts_read(struct cli *c, struct vz_err *err)
{
	struct table t = { 0 };
	auto_free struct option *rows = NULL;
	int bad = c->cmd->flags & BAD_OPT_IS_VALUE ? VZ_E_INVALID_VALUE : VZ_E_INVALID_SYNTAX;
	int o, r = 0;

	if (c->cmd->flags & RAW_ARGS)
		return 0;
	r = table_fill(&t, c, err);
	rows = t.rows;
	if (!rows)
		rows = t.rows = calloc(1, sizeof(*rows));
	if (r < 0 || !rows)
		return vz_fail(err, VZ_E_RESOURCE, 0, "options: out of memory");

	optind = 1;
	while (r >= 0 && (o = getopt_long(c->argc, c->argv, t.shorts, rows, NULL)) != -1) {
		if (o == '?')
			return vz_fail(err, bad, 0, "%s", "");	/* getopt has said why */
		if (o >= PARAM_BASE) {
			struct vz_param_info info = { 0 };

			(void)vz_option_info((size_t)(o - PARAM_BASE), &info);
			r = take_param(c, info.option, optarg, '\0', err);
		} else if (o >= OWN_BASE && o < OWN_BASE + OPT__MAX) {
			r = take_own(c, o - OWN_BASE, optarg, err);
		} else {
			r = take_short(c, o, optarg, err);
		}
	}
	return r < 0 ? -1 : opts_extra_words(c, optind, err);
}

/* Flags before the command; stops at the first word that is none of them. */
int opts_read_global(struct cli *c, struct vz_err *err)
{
	while (c->argc > 0 && !strncmp(c->argv[0], "--", 2)) {
		const char *name = c->argv[0] + 2;
		const char *arg = strchr(name, '=');
		size_t len = arg ? (size_t)(arg - name) : strlen(name);
		int o;

		for (o = 0; o < OPT__MAX; o++)
			if (option_is_on(o, CMD__GLOBAL) && strlen(option_rows[o].name) == len &&
			    !strncmp(option_rows[o].name, name, len))
				break;
		if (o == OPT__MAX || (arg && !option_rows[o].arg))
			return 0;	/* a command, and no good one */
		c->argc--;
		c->argv++;
		if (arg) {
			arg++;
		} else if (option_rows[o].arg) {
			if (!c->argc)
				return vz_fail(err, VZ_E_INVALID_SYNTAX, 0,
					       "vzctl: option '--%s' requires an argument",
					       option_rows[o].name);
			arg = *c->argv++;
			c->argc--;
		}
		if (take_own(c, o, arg, err) < 0)
			return -1;
	}
	return 0;
}

int opts_seconds(const struct cli *c, enum option_id o, uint64_t *ret_usec, struct vz_err *err)
{
	const char *text = c->text[o];
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] < '0' || text[0] > '9' || n > UINT32_MAX)
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "Bad parameter for --%s: %s",
			       option_rows[o].name, text);
	*ret_usec = n * 1000000;
	return 0;
}
