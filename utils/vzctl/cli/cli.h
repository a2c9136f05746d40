/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vzctl's command line, taken apart: what the rows of commands.def and options.def become, and what a
 * command function finds ready when it is called.
 */
#ifndef VZ_CLI_CLI_H
#define VZ_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/log.h"
#include "include/vzctl.h"

enum command_id {
#define COMMAND(id, name, check, run, flags, fail, args, help) CMD_##id,
#define ALIAS(name, of)
#include "cli/commands.def"
#undef ALIAS
#undef COMMAND
	CMD__GLOBAL,		/* flags that stand before the command */
	CMD__MAX
};

enum option_id {
#define OPT(id, name, arg, on, help) OPT_##id,
#define OPT_ALIAS(name, of)
#include "cli/options.def"
#undef OPT_ALIAS
#undef OPT
	OPT__MAX
};

/* What main sees to before a command function is called. */
enum command_flag {
	NEED_CONF    = 1 << 0,	/* CTID.conf must be there */
	NEED_LOCK    = 1 << 1,	/* the lock is held, and signals cancel */
	RAW_ARGS     = 1 << 2,	/* the words behind the CTID are not looked at */
	CT_OPTIONAL  = 1 << 3,	/* without a CTID the next free one is taken */
	CT0_TOO      = 1 << 4,	/* works on the host, CT0 */
	ERRORS_ONLY  = 1 << 5,	/* the console shows errors and the result only */
	LIFE_CYCLE   = 1 << 6,	/* knows restart's options, to say which do not apply */
	PARAMETERS   = 1 << 7,	/* takes the options of parameters */
	BAD_OPT_IS_VALUE = 1 << 8,	/* an unknown option is rc 21, not 20 */
	BAD_CONF_OK  = 1 << 9,	/* goes on with defaults where CTID.conf cannot be understood */
	/* Which containers it is for, as completion offers them; none of these: all. */
	OF_RUNNING   = 1 << 10,
	OF_STOPPED   = 1 << 11,
	OF_MOUNTED   = 1 << 12,	/* not running, and mounted */
	OF_HELD      = 1 << 13,	/* frozen, or saved to a file */
};

struct cli;

struct command {
	const char *name;
	int (*check)(struct cli *c, struct vz_err *err);	/* of words and options, before anything is read */
	/* 0, an exit status, or -1 with err. */
	int (*run)(struct cli *c, struct vz_err *err);
	unsigned int flags;	/* enum command_flag */
	enum vz_error fail;	/* how it fails when no better code is known */
	const char *args;	/* words behind "vzctl NAME" */
	const char *help;
};

struct command_alias {
	const char *name;
	enum command_id of;
};

struct option_row {
	const char *name;	/* without "--" */
	const char *arg;	/* NULL: takes none; with '|': one of these words */
	uint64_t on;		/* bits 1 << enum command_id */
	const char *help;	/* NULL: accepted, not shown */
};

struct option_alias {
	const char *name;
	enum option_id of;
};

struct cli {
	struct cli_log log;
	struct vz *vz;
	struct vz_ct *ct;	/* read and, if the row says so, locked */
	vz_ctid id;
	const char *word;	/* what the user called the container; NULL: nothing, take a free number */
	const struct command *cmd;
	enum command_id cmd_id;
	int argc;		/* what is left of the command line; for RAW_ARGS the words behind the CTID */
	char **argv;
	unsigned int given[OPT__MAX];	/* how often */
	const char *text[OPT__MAX];	/* the first argument given */
	struct vz_edits *edits;		/* what the parameter options ask for */
	bool quiet;
	bool always;		/* the message that ends us is printed in spite of --quiet */
	bool bad_conf;		/* CTID.conf could not be understood, and that was said */
	bool done;		/* nothing more to do, and it went well */
};

extern const struct command commands[CMD__GLOBAL];
extern const struct command_alias command_aliases[];	/* ended by a NULL name */
extern const struct option_row option_rows[OPT__MAX];
extern const struct option_alias option_aliases[];	/* ended by a NULL name */

/* By name or alias; NULL: there is none. */
const struct command *command_find(const char *name);

static inline bool option_is_on(enum option_id o, enum command_id c)
{
	return option_rows[o].on >> c & 1;
}

/* cli/main.c: the whole of vzctl. Returns the exit status. */
int cli_main(int argc, char **argv);

/* cli/opts.c */
int opts_read_global(struct cli *c, struct vz_err *err);
int opts_read(struct cli *c, struct vz_err *err);
int opts_extra_words(struct cli *c, int first, struct vz_err *err);
/* The short form an option of set has, 0 if none. */
char opts_letter(const char *option);
/* A decimal number of seconds as microseconds; "Bad parameter for --OPTION: TEXT". */
int opts_seconds(const struct cli *c, enum option_id o, uint64_t *ret_usec, struct vz_err *err);

/* cli/complete.c: words that could be typed next, a line each; the last of the words is being typed. */
void complete(const char *prefix, int argc, char **argv);

/* cli/help.c */
void help_usage(FILE *f);
/* "vzctl NAME|ALIAS CTID [--option arg]…", wrapped. */
void help_synopsis(FILE *f, enum command_id id);

/* Exit status of a command run inside: 256 + N (killed by signal N) is said and becomes rc 3. */
int cli_inner_status(struct cli *c, int status, const char *signal_text);

#define COMMAND(id, name, check, run, flags, fail, args, help) \
	int check_##check(struct cli *c, struct vz_err *err); \
	int cmd_##run(struct cli *c, struct vz_err *err);
#define ALIAS(name, of)
#include "cli/commands.def"
#undef ALIAS
#undef COMMAND

/* Rows for commands that are known and not there yet. */
static inline bool command_is_later(enum command_id id)
{
	return commands[id].run == cmd_later;
}

#endif
