/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gen-tables: the tables of the manual pages, in mdoc(7), from the rows the programs themselves use.
 * Run by scripts/gen-man; not installed.
 */
#include <string.h>

#include "cli/cli.h"
#include "cli/columns.h"

/* A line of text: nothing in it is a macro or an escape. */
static void put_text(const char *text)
{
	if (*text == '.' || *text == '\'')
		(void)fputs("\\&", stdout);
	for (; *text; text++)
		if (*text == '\\')
			(void)fputs("\\e", stdout);
		else
			(void)putchar(*text);
	(void)putchar('\n');
}

/* Half a sentence of a row as a whole one. */
static void put_sentence(const char *half)
{
	auto_free char *text = NULL;

	if (asprintf(&text, "%s.", half) < 0) {
		text = NULL;
		return;
	}
	if (*text >= 'a' && *text <= 'z')
		*text -= 'a' - 'A';
	put_text(text);
}

/* Words of a macro line; quoted, so that none of them is taken for a macro. */
static void put_arg(const char *arg)
{
	if (arg)
		printf(" Ar \"%s\"", arg);
}

static void put_option_row(const struct option_row *row, char letter)
{
	if (letter)
		printf(".It Fl %c , Fl Fl %s", letter, row->name);
	else
		printf(".It Fl Fl %s", row->name);
	put_arg(row->arg);
	(void)putchar('\n');
	put_sentence(row->help);
}

static void put_options_of(enum command_id id)
{
	for (int o = 0; o < OPT__MAX; o++)
		if (option_is_on(o, id) && option_rows[o].help)
			put_option_row(&option_rows[o], '\0');
}

static void put_global_options(void)
{
	printf(".Bl -tag -width Ds\n");
	put_options_of(CMD__GLOBAL);
	printf(".El\n");
}

static bool has_options(enum command_id id)
{
	for (int o = 0; o < OPT__MAX; o++)
		if (option_is_on(o, id) && option_rows[o].help)
			return true;
	return false;
}

static void put_commands(void)
{
	printf(".Bl -tag -width Ds\n");
	for (int id = 0; id < CMD__GLOBAL; id++) {
		if (command_is_later(id))
			continue;
		printf(".It Cm %s", commands[id].name);
		for (const struct command_alias *a = command_aliases; a->name; a++)
			if (a->of == (enum command_id)id)
				printf(" | %s", a->name);
		put_arg(commands[id].args);
		(void)putchar('\n');
		put_sentence(commands[id].help);
		if (!has_options(id))
			continue;
		printf(".Bl -tag -width Ds\n");
		put_options_of(id);
		printf(".El\n");
	}
	printf(".El\n");
}

static void put_later(void)
{
	const char *sep = "";

	for (int id = 0; id < CMD__GLOBAL; id++)
		if (command_is_later(id)) {
			printf("%s.Cm %s", sep, commands[id].name);
			sep = " ,\n";
		}
	printf(" .\n");
}

static void put_notes(const struct vz_param_info *p)
{
	if (p->is_kept)
		put_text("It is stored and shown, and has no effect yet.");
	else if (p->needs_restart)
		put_text("It takes effect at the next start.");
}

/* Described with the command already. */
static bool is_own_option(enum command_id id, const char *name)
{
	for (int o = 0; o < OPT__MAX; o++)
		if (option_is_on(o, id) && !strcmp(option_rows[o].name, name))
			return true;
	return false;
}

static void put_parameters(bool of_create)
{
	struct vz_param_info info;

	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; vz_option_info(i, &info); i++) {
		struct option_row row = { .name = info.option, .arg = info.arg, .help = info.help };

		if (!(of_create ? info.in_create && !is_own_option(CMD_create, info.option) : info.in_set))
			continue;
		put_option_row(&row, of_create ? '\0' : opts_letter(info.option));
		if (!of_create && !info.is_further)
			put_notes(&info);
	}
	printf(".El\n");
}

static void put_set_parameters(void)
{
	put_parameters(false);
}

static void put_create_parameters(void)
{
	put_parameters(true);
}

static void put_exit_codes(void)
{
	static const struct { int code; const char *text; } codes[] = {
		{ 0, "success" },
#define ERROR(name, code_, text_) { code_, text_ },
#include "base/errors.def"
#undef ERROR
	};

	printf(".Bl -tag -width 4n -compact\n");
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		printf(".It %d\n", codes[i].code);
		put_text(codes[i].text);
	}
	printf(".El\n");
}

static bool find_param(const char *key, struct vz_param_info *ret)
{
	for (size_t i = 0; vz_param_info(i, ret); i++)
		if (ret->key && !strcmp(ret->key, key))
			return true;
	return false;
}

static void put_fields(void)
{
	const struct column *c;

	printf(".Bl -tag -width vm_overcommit -compact\n");
	for (size_t i = 0; (c = column_at(i)); i++) {
		struct vz_param_info info = { 0 };
		const char *help = c->help;

		if (c->is_part)
			continue;
		if (!help && c->key && find_param(c->key, &info))
			help = info.help;
		printf(".It Cm %s\n", c->name);
		put_text(help ? help : c->header);
	}
	printf(".El\n");
}

static void put_list_options(void)
{
	static const struct { char letter; struct option_row row; } rows[] = {
#define LIST_OPT(id, letter_, name_, arg_, help_) \
		{ letter_, { .name = name_, .arg = arg_, .help = help_ } },
#include "cli/vzlist.def"
#undef LIST_OPT
	};

	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].row.name) {
			put_option_row(&rows[i].row, rows[i].letter);
			continue;
		}
		printf(".It Fl %c\n", rows[i].letter);
		put_sentence(rows[i].row.help);
	}
	printf(".El\n");
}

static void put_keys(bool global)
{
	struct vz_param_info info;

	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; vz_param_info(i, &info); i++) {
		if (!info.key || info.is_global != global)
			continue;
		printf(".It Va %s", info.key);
		if (info.arg)
			printf(" No = Ar \"%s\"", info.arg);
		(void)putchar('\n');
		put_sentence(info.help);
		put_notes(&info);
	}
	printf(".El\n");
}

static void put_host_keys(void)
{
	put_keys(true);
}

static void put_ct_keys(void)
{
	put_keys(false);
}

static const struct {
	const char *name;
	void (*put)(void);
} tables[] = {
	{ "commands", put_commands },
	{ "later", put_later },
	{ "global-options", put_global_options },
	{ "create-parameters", put_create_parameters },
	{ "parameters", put_set_parameters },
	{ "exit-codes", put_exit_codes },
	{ "fields", put_fields },
	{ "list-options", put_list_options },
	{ "host-keys", put_host_keys },
	{ "ct-keys", put_ct_keys },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < ARRAY_SIZE(tables); i++)
		if (!strcmp(argv[1], tables[i].name)) {
			tables[i].put();
			return fflush(stdout) ? 1 : 0;
		}
	(void)fprintf(stderr, "gen-tables: no such table: %s\n", argc > 1 ? argv[1] : "");
	return 1;
}
