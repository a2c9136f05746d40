/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vzctl --complete WORD...: what the word being typed, the last one, could become. The shell asks this at
 * every Tab; it knows nothing of commands, options and values itself: they are those of the tables.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/words.h"

struct completion {
	struct words w;
	const char *prefix;
	const struct command *cmd;
	enum command_id cmd_id;
	int argc;		/* words behind the command, the one being typed included */
	char **argv;
	struct vz *vz;		/* owned; opened when it is needed */
	bool is_vz_open;	/* or tried */
};

/* An option of a command, wherever it comes from. */
struct opt {
	const char *name, *arg;
	const char *help;		/* NULL: accepted, not offered */
	const char *const *words;
	const char *key;		/* of the parameter it takes something from; NULL: of none */
	bool is_choice;			/* arg is the words to choose from */
};

static struct vz *host(struct completion *c)
{
	if (!c->is_vz_open)
		c->vz = words_open_host(c->prefix);
	c->is_vz_open = true;
	return c->vz;
}

/* ---- options ---- */

static struct opt own_option(enum option_id o)
{
	const struct option_row *row = &option_rows[o];

	return (struct opt){
		.name = row->name, .arg = row->arg, .help = row->help,
		.is_choice = row->arg && strchr(row->arg, '|'),
	};
}

static bool is_own(enum command_id id, const char *name)
{
	for (int o = 0; o < OPT__MAX; o++)
		if (option_is_on(o, id) && !strcmp(option_rows[o].name, name))
			return true;
	return false;
}

static struct opt param_option(const struct vz_param_info *info)
{
	const char *all = info->arg ? strstr(info->arg, "|all") : NULL;

	return (struct opt){
		.name = info->option, .arg = info->arg, .help = info->help, .words = info->words,
		.key = info->is_further && all && !all[4] ? info->key : NULL,
		.is_choice = !strcmp(info->type, "choice") || !strcmp(info->type, "yesno"),
	};
}

/* By index; false past the end. */
static bool option_at(enum command_id id, size_t index, struct opt *ret)
{
	struct vz_param_info info;

	for (int o = 0; o < OPT__MAX; o++)
		if (option_is_on(o, id) && index-- == 0) {
			*ret = own_option(o);
			return true;
		}
	if (id == CMD__GLOBAL || !(commands[id].flags & PARAMETERS))
		return false;
	for (size_t i = 0; vz_option_info(i, &info); i++)
		if ((id == CMD_create ? info.in_create : info.in_set) && !is_own(id, info.option) && index-- == 0) {
			*ret = param_option(&info);
			return true;
		}
	return false;
}

/* By its name, or by the beginning of it if there is no other: len bytes. */
static bool option_find(enum command_id id, const char *name, size_t len, struct opt *ret)
{
	struct opt o;
	int found = 0;

	for (size_t i = 0; option_at(id, i, &o); i++) {
		if (strncmp(o.name, name, len) != 0)
			continue;
		*ret = o;
		if (!o.name[len])
			return true;
		found++;
	}
	return found == 1;
}

static void put_options(struct completion *c, enum command_id id)
{
	struct opt o;

	for (size_t i = 0; option_at(id, i, &o); i++) {
		auto_free char *word = NULL;

		if (o.help && asprintf(&word, "--%s", o.name) >= 0)
			words_put(&c->w, word);
	}
}

/* ---- values ---- */

static void put_templates(struct completion *c)
{
	auto_free char *names = host(c) ? vz_templates(c->vz) : NULL;

	words_put_each(&c->w, names, "\n");
}

static void put_samples(struct completion *c)
{
	auto_free char *names = host(c) ? vz_samples(c->vz) : NULL;

	words_put_each(&c->w, names, "\n");
}

static void put_host_devices(struct completion *c)
{
	auto_closedir DIR *d = opendir("/sys/class/net");
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			words_put(&c->w, e->d_name);
}

static void ask_files(struct completion *c VZ_UNUSED)
{
	words_ask(WORDS_FILES);
}

static void ask_directories(struct completion *c VZ_UNUSED)
{
	words_ask(WORDS_DIRECTORIES);
}

/* How the tables call an argument tells what it may be. */
static const struct {
	const char *arg;
	void (*put)(struct completion *c);
} sources[] = {
	{ "template", put_templates },
	{ "sample",   put_samples },
	{ "dev",      put_host_devices },
	{ "file",     ask_files },
	{ "SCRIPT",   ask_files },
	{ "dir",      ask_directories },
	{ "path",     ask_directories },
};

/* "name:on|off[,...]" */
static void put_switches(struct completion *c, const char *const *names)
{
	struct words last = words_behind(&c->w, ',');

	for (; *names; names++)
		for (int on = 1; on >= 0; on--) {
			auto_free char *word = NULL;

			if (asprintf(&word, "%s:%s", *names, on ? "on" : "off") >= 0)
				words_put(&last, word);
		}
}

/* What could be taken from the container: what it has. */
static void put_present(struct completion *c, const char *key)
{
	auto_free char *text = NULL;
	struct vz_ct *ct = NULL;
	vz_ctid id;

	words_put(&c->w, "all");
	if (!host(c) || vz_ctid_find(c->vz, c->argv[0], &id, NULL) < 0 || vz_ct_new(c->vz, id, &ct, NULL) < 0)
		return;
	if (vz_ct_load(ct, true, NULL) == 0)
		text = vz_ct_get(ct, key);
	words_put_each(&c->w, text, " ");
	vz_ct_free(ct);
}

/* "0-7": a few numbers */
static void put_numbers(struct completion *c, const char *arg)
{
	int from, to, end = 0;

	if (sscanf(arg, "%d-%d%n", &from, &to, &end) != 2 || arg[end])
		return;
	for (; from <= to; from++) {
		char word[16];

		(void)snprintf(word, sizeof(word), "%d", from);
		words_put(&c->w, word);
	}
}

static void put_value(struct completion *c, const struct opt *o)
{
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		if (!strcmp(sources[i].arg, o->arg))
			sources[i].put(c);
	if (o->is_choice)
		words_put_each(&c->w, o->arg, "|");
	else if (o->words && !strncmp(o->arg, "name:on|off", 11))
		put_switches(c, o->words);
	else
		for (const char *const *word = o->words; word && *word; word++)
			words_put(&c->w, *word);
	if (o->key)
		put_present(c, o->key);
	put_numbers(c, o->arg);
}

/* "--option=val" or "--opt", or the word behind "--option". False: the word is neither. */
static bool put_option_or_value(struct completion *c, enum command_id id, const char *before)
{
	const char *typed = c->w.typed;
	const char *equals = !strncmp(typed, "--", 2) ? strchr(typed, '=') : NULL;
	struct opt o;

	if (before && !strncmp(before, "--", 2) && !strchr(before, '=') &&
	    option_find(id, before + 2, strlen(before + 2), &o) && o.arg) {
		put_value(c, &o);
	} else if (equals) {
		if (!option_find(id, typed + 2, (size_t)(equals - typed) - 2, &o) || !o.arg)
			return true;
		c->w.head = (size_t)(equals - typed) + 1;
		put_value(c, &o);
	} else if (*typed == '-') {
		put_options(c, id);
	} else {
		return false;
	}
	return true;
}

/* ---- commands ---- */

static void put_commands(struct completion *c)
{
	for (int id = 0; id < CMD__GLOBAL; id++)
		if (!command_is_later(id))
			words_put(&c->w, commands[id].name);
	for (const struct command_alias *a = command_aliases; a->name; a++)
		words_put(&c->w, a->name);
}

static void put_containers(struct completion *c)
{
	unsigned int flags = c->cmd->flags;
	struct words_which which = {
		.all = (flags & OF_RUNNING ? VZ_STATE_RUNNING : 0) | (flags & OF_MOUNTED ? VZ_STATE_MOUNTED : 0),
		.none = flags & (OF_STOPPED | OF_MOUNTED) ? VZ_STATE_RUNNING : 0,
		.any = flags & OF_HELD ? VZ_STATE_FROZEN | VZ_STATE_SUSPENDED : 0,
	};

	words_put_containers(&c->w, host(c), &which);
}

static void put_free_number(struct completion *c)
{
	char word[16];
	vz_ctid id;

	if (!host(c) || vz_ctid_next(c->vz, &id, NULL) < 0)
		return;
	(void)snprintf(word, sizeof(word), "%u", id);
	words_put(&c->w, word);
}

/* Of words that are not looked at there are only those that the row says. */
static void put_raw(struct completion *c)
{
	auto_free char *args = strdup(c->cmd->args);
	char *save = NULL;
	char *arg = args ? strtok_r(args, " []", &save) : NULL;

	for (int i = 1; arg && i < c->argc; i++)
		arg = strtok_r(NULL, " []", &save);
	if (!arg)
		return;
	if (*arg == '-')
		words_put(&c->w, arg);
	else
		put_value(c, &(struct opt){ .arg = arg });
}

static void put_behind_command(struct completion *c)
{
	bool has_ct = c->argc > 1 && !(c->cmd->flags & CT_OPTIONAL && c->argv[0][0] == '-');

	if (c->argc == 1 && c->cmd->flags & CT_OPTIONAL) {
		if (!put_option_or_value(c, c->cmd_id, NULL))
			put_free_number(c);
	} else if (c->argc == 1) {
		put_containers(c);
	} else if (c->cmd->flags & RAW_ARGS) {
		put_raw(c);
	} else if (!put_option_or_value(c, c->cmd_id, c->argc > 1 + has_ct ? c->argv[c->argc - 2] : NULL)) {
		/* Nothing has been typed, and nothing but options comes here. */
		if (!*c->w.typed)
			put_options(c, c->cmd_id);
	}
}

/* How many words options before the command take; the last word is still being typed. */
static int skip_global_options(struct completion *c, int argc, char **argv)
{
	int i = 0;

	while (i < argc - 1 && !strncmp(argv[i], "--", 2)) {
		const char *equals = strchr(argv[i], '=');
		size_t len = equals ? (size_t)(equals - argv[i]) - 2 : strlen(argv[i]) - 2;
		const char *arg = equals ? equals + 1 : NULL;
		struct opt o;

		if (!option_find(CMD__GLOBAL, argv[i] + 2, len, &o))
			break;
		if (!arg && o.arg) {
			if (i + 2 == argc)
				break;
			arg = argv[++i];
		}
		if (!strcmp(o.name, option_rows[OPT_prefix].name))
			c->prefix = arg;
		i++;
	}
	return i;
}

void complete(const char *prefix, int argc, char **argv)
{
	struct completion c = { .prefix = prefix };
	int at;

	if (argc < 1)
		return;
	c.w.typed = argv[argc - 1];
	at = skip_global_options(&c, argc, argv);
	if (at + 1 == argc || !strncmp(argv[at], "--", 2)) {
		if (!put_option_or_value(&c, CMD__GLOBAL, at + 1 < argc ? argv[at] : NULL))
			put_commands(&c);
		else if (*c.w.typed == '-')
			words_put(&c.w, "--help");
	} else {
		c.cmd = command_find(argv[at]);
		c.argc = argc - at - 1;
		c.argv = argv + at + 1;
	}
	if (c.cmd) {
		c.cmd_id = (enum command_id)(c.cmd - commands);
		put_behind_command(&c);
	}
	vz_free(c.vz);
}
