/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vzctl --help, printed from the tables. The first line is an interface: libvirt reads the version
 * from it.
 */
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "cli/cli.h"

#define LINE_WIDTH 79
#define INDENT 4

/* Put a word on the current line, or on a new, indented one if it does not fit. */
static void put_word(FILE *f, int *col, const char *word)
{
	int len = (int)strlen(word);

	if (*col > INDENT && *col + 1 + len > LINE_WIDTH) {
		(void)fprintf(f, "\n%*s%s", INDENT, "", word);
		*col = INDENT + len;
	} else {
		*col += fprintf(f, "%s%s", *col ? " " : "", word);
	}
}

static void put_option(FILE *f, int *col, const char *name, const char *arg)
{
	auto_free char *word = NULL;

	if (asprintf(&word, "[--%s%s%s]", name, arg ? " " : "", arg ? arg : "") < 0) {
		word = NULL;
		return;
	}
	put_word(f, col, word);
}

/* "destroy|delete" */
static void put_names(FILE *f, int *col, enum command_id id)
{
	*col += fprintf(f, " %s", commands[id].name);
	for (const struct command_alias *a = command_aliases; a->name; a++)
		if (a->of == id)
			*col += fprintf(f, "|%s", a->name);
}

static bool is_own_option(enum command_id id, const char *name)
{
	for (int o = 0; o < OPT__MAX; o++)
		if (option_is_on(o, id) && !strcmp(option_rows[o].name, name))
			return true;
	return false;
}

void help_synopsis(FILE *f, enum command_id id)
{
	const struct command *cmd = &commands[id];
	struct vz_param_info info;
	int col = 0;

	put_word(f, &col, "vzctl");
	put_names(f, &col, id);
	put_word(f, &col, cmd->args);
	for (int o = 0; o < OPT__MAX; o++)
		if (option_is_on(o, id) && option_rows[o].help)
			put_option(f, &col, option_rows[o].name, option_rows[o].arg);
	/* The parameters of set have a list of their own. */
	if (id == CMD_create)
		for (size_t i = 0; vz_option_info(i, &info); i++)
			if (info.in_create && !info.is_further && !is_own_option(id, info.option))
				put_option(f, &col, info.option, info.arg);
	if (id == CMD_set)
		put_word(f, &col, "[--PARAMETER value]...");
	(void)fputc('\n', f);
}

static void put_later(FILE *f)
{
	int col = fprintf(f, "\nKnown, but not built into this version:");

	for (int id = 0; id < CMD__GLOBAL; id++)
		if (command_is_later(id))
			put_word(f, &col, commands[id].name);
	(void)fputc('\n', f);
}

/* The letter of the unit of a beancounter's type. */
static char unit_of(const char *type)
{
	static const struct { const char *type; char letter; } units[] = {
		{ "items", 'N' }, { "pages", 'P' }, { "pagepair", 'P' }, { "bytes", 'B' },
	};

	for (size_t i = 0; type && i < ARRAY_SIZE(units); i++)
		if (!strcmp(type, units[i].type))
			return units[i].letter;
	return '\0';
}

static void put_beancounters(FILE *f)
{
	struct vz_param_info info;
	int col = 0;

	(void)fputs("\nBeancounters (N items, P pages, B bytes); two numbers mean barrier:limit,\n"
		    "one stands for both:\n", f);
	for (size_t i = 0; vz_option_info(i, &info); i++) {
		char letter = unit_of(info.type);

		if (letter && info.in_set && !info.is_further)
			col += fprintf(f, "%s--%s %c[:%c]", col ? "  " : "   ", info.option, letter, letter);
		if (col > LINE_WIDTH - 26) {
			(void)fputc('\n', f);
			col = 0;
		}
	}
	if (col)
		(void)fputc('\n', f);
}

static void put_row(FILE *f, const char *name, const char *arg, const char *help)
{
	int col = fprintf(f, "   --%s%s%s", name, arg ? " " : "", arg ? arg : "");

	(void)fprintf(f, "%s%*s%s\n", col > 34 ? "\n" : "", col > 34 ? 36 : 36 - col, "", help);
}

void help_usage(FILE *f)
{
	struct vz_param_info info;

	(void)fprintf(f, "vzctl version %s\n"
		      "Copyright (C) 2026 the OpenVE authors. GNU General Public License, version 2.\n\n"
		      "Usage: vzctl [options] <command> <ctid> [parameters]\n\n", vz_version());
	for (int id = 0; id < CMD__GLOBAL; id++)
		if (!command_is_later(id))
			help_synopsis(f, id);
	put_later(f);
	(void)fputs("\nOptions, before the command:\n", f);
	for (int o = 0; o < OPT__MAX; o++)
		if (option_is_on(o, CMD__GLOBAL) && option_rows[o].help)
			put_row(f, option_rows[o].name, option_rows[o].arg, option_rows[o].help);
	(void)fputs("\nParameters of set:\n", f);
	for (size_t i = 0; vz_option_info(i, &info); i++)
		if (info.in_set && info.help && !unit_of(info.type))
			put_row(f, info.option, info.arg, info.help);
	put_beancounters(f);
}
