/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vzctl from argv to exit status. The order in which things are looked at is an interface (scripts
 * compare exit codes); it is the order of the table at the end. Nothing else in vzctl prints errors.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/host.h"

#define FREE_NUMBER_TRIES 100

/* What a signal handler needs, and what it leaves behind. */
static struct vz *cancel_vz;
static volatile sig_atomic_t is_cancelled;

static void on_signal(int sig VZ_UNUSED)
{
	is_cancelled = 1;
	vz_cancel(cancel_vz);
}

static int read_flags(struct cli *c, struct vz_err *err)
{
	uint64_t unused;

	c->argc--;
	c->argv++;
	if (opts_read_global(c, err) < 0 ||
	    (c->given[OPT_configure_timeout] && opts_seconds(c, OPT_configure_timeout, &unused, err) < 0)) {
		c->always = true;
		return -1;
	}
	if (c->given[OPT_version]) {
		printf("vzctl version %s\n", vz_version());
		c->done = true;
	}
	c->quiet = c->given[OPT_quiet];
	cli_log_console(&c->log, c->quiet ? CLI_LOG_NOTHING : (int)c->given[OPT_verbose]);
	return 0;
}

/* "-1" is no option but somebody's idea of a container. */
static bool is_option(const char *word)
{
	return word[0] == '-' && (word[1] < '0' || word[1] > '9');
}

static int find_command(struct cli *c, struct vz_err *err)
{
	c->always = true;
	if (!c->argc) {
		help_usage(stderr);
		return vz_fail(err, VZ_E_INVALID_SYNTAX, 0, "%s", "");
	}
	if (!strcmp(c->argv[0], "--help")) {
		help_usage(stdout);
		c->done = true;
		return 0;
	}
	if (!strcmp(c->argv[0], "--complete")) {
		complete(c->text[OPT_prefix], c->argc - 1, c->argv + 1);
		c->done = true;
		return 0;
	}
	c->cmd = command_find(c->argv[0]);
	if (!c->cmd)
		return vz_fail(err, VZ_E_INVALID_SYNTAX, 0, "Bad command: %s", c->argv[0]);
	c->cmd_id = (enum command_id)(c->cmd - commands);
	if (c->cmd->flags & ERRORS_ONLY && !c->quiet)
		cli_log_console(&c->log, VZ_LOG_ERR);

	if (c->argc > 1 && !(c->cmd->flags & CT_OPTIONAL && is_option(c->argv[1])))
		c->word = c->argv[1];
	else if (!(c->cmd->flags & CT_OPTIONAL))
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "CT ID missing");
	/* What follows keeps a word in front, the program's name as getopt will print it. */
	if (c->word) {
		c->argc--;
		c->argv++;
	}
	c->argv[0] = (char *)"vzctl";
	c->always = false;
	return 0;
}

static void on_plan_line(void *data VZ_UNUSED, const char *line)
{
	printf("%s\n", line);
}

static int find_ct(struct cli *c, struct vz_err *err)
{
	if (host_open(&c->vz, c->text[OPT_prefix], &c->log, err) < 0)
		return -1;
	if (c->given[OPT_dry_run])
		vz_set_dry_run(c->vz, on_plan_line, NULL);
	return c->word ? vz_ctid_find(c->vz, c->word, &c->id, err) : 0;
}

static int load_host(struct cli *c, struct vz_err *err)
{
	auto_free char *verbose = NULL;

	if (vz_load(c->vz, err) < 0)
		return -1;
	verbose = vz_get(c->vz, "VERBOSE");
	if (verbose && !c->quiet && !c->given[OPT_verbose] && !(c->cmd->flags & ERRORS_ONLY))
		cli_log_console(&c->log, atoi(verbose));
	cli_log_open(&c->log, c->vz);
	vz_set_log(c->vz, &c->log.log);
	return 0;
}

static int read_options(struct cli *c, struct vz_err *err)
{
	c->edits = vz_edits_new();
	if (!c->edits)
		return vz_fail(err, VZ_E_RESOURCE, 0, "out of memory");
	return opts_read(c, err) < 0 ? -1 : c->cmd->check(c, err);
}

static int check_ct0(struct cli *c, struct vz_err *err)
{
	if (c->word && !c->id && !(c->cmd->flags & CT0_TOO))
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "Only set actions are allowed for CT0");
	return 0;
}

/* A running container must be stoppable whatever became of its file. */
static int read_conf(struct cli *c, struct vz_err *err)
{
	auto_err struct vz_err why = { 0 };

	if (vz_ct_load(c->ct, !(c->cmd->flags & NEED_CONF), &why) == 0)
		return 0;
	if (why.code == VZ_E_INVALID_CONFIG && c->cmd->flags & BAD_CONF_OK) {
		/* It is read again under the lock. */
		if (!c->bad_conf)
			vz_log(&c->log.log, VZ_LOG_ERR, c->id, "Warning: %s; going on with the defaults",
			       why.msg);
		c->bad_conf = true;
		return 0;
	}
	vz_err_move(err, &why);
	return -1;
}

static int load_ct(struct cli *c, struct vz_err *err)
{
	if (!c->word)
		return 0;
	if (vz_ct_new(c->vz, c->id, &c->ct, err) < 0)
		return -1;
	return read_conf(c, err);
}

/* Others may want a number at the same moment: it is ours only with the lock. */
static int take_free_number(struct cli *c, struct vz_err *err)
{
	for (int try = 0; try < FREE_NUMBER_TRIES; try++) {
		auto_err struct vz_err why = { 0 };

		vz_ct_free(take_ptr(c->ct));
		if (vz_ctid_next(c->vz, &c->id, err) < 0 || vz_ct_new(c->vz, c->id, &c->ct, err) < 0)
			return -1;
		if (!c->given[OPT_skiplock] && vz_ct_lock(c->ct, 0, &why) < 0) {
			if (why.code == VZ_E_LOCKED)
				continue;
			vz_err_move(err, &why);
			return -1;
		}
		if (vz_ct_load(c->ct, true, err) < 0 || vz_ct_recover(c->ct, err) < 0)
			return -1;
		if (!vz_ct_has_conf(c->ct))
			return 0;
	}
	return vz_fail(err, VZ_E_LOCKED, 0, "no free container number was found, try again");
}

/* Anybody may ask what would be done; to others even the state of a container looks wrong. */
static int check_root(struct cli *c, struct vz_err *err)
{
	if (geteuid() == 0 || c->given[OPT_dry_run])
		return 0;
	return vz_fail(err, VZ_E_NO_ACCES, 0, "only root can do this (try sudo)");
}

static int take_lock(struct cli *c, struct vz_err *err)
{
	uint64_t timeout = 0;

	if (!(c->cmd->flags & NEED_LOCK))
		return 0;
	if (c->given[OPT_lock_timeout] && opts_seconds(c, OPT_lock_timeout, &timeout, err) < 0)
		return -1;
	if (!c->word)
		return take_free_number(c, err);
	if (c->given[OPT_skiplock])
		return 0;
	if (vz_ct_lock(c->ct, timeout, err) < 0)
		return -1;
	/* What was read before may be from before the change of whoever held the lock. */
	if (read_conf(c, err) < 0 || vz_ct_recover(c->ct, err) < 0)
		return -1;
	/* Half a container was there, and has been cleared away. */
	return vz_ct_has_conf(c->ct) || c->bad_conf ? 0 : read_conf(c, err);
}

static int run(struct cli *c, struct vz_err *err)
{
	struct sigaction cancel = { .sa_handler = on_signal };

	if (c->cmd->flags & NEED_LOCK) {
		cancel_vz = c->vz;
		(void)sigaction(SIGINT, &cancel, NULL);
		(void)sigaction(SIGTERM, &cancel, NULL);
	}
	return c->cmd->run(c, err);
}

static int (*const stages[])(struct cli *c, struct vz_err *err) = {
	read_flags,		/* rc 20 */
	find_command,		/* rc 20, without a CTID 21 */
	find_ct,		/* rc 21 */
	load_host,		/* rc 10 */
	read_options,		/* rc 20, 21 */
	check_ct0,		/* rc 21 */
	check_root,		/* rc 12 */
	load_ct,		/* rc 14 */
	take_lock,		/* rc 9 */
	run,
};

static void say_failure(struct cli *c, const struct vz_err *err)
{
	if (!err->msg || !*err->msg)
		return;
	if (c->always)
		cli_log_console(&c->log, VZ_MAX(c->log.console_level, VZ_LOG_ERR));
	vz_log(&c->log.log, VZ_LOG_ERR, c->id, "%s", err->msg);
}

int cli_main(int argc, char **argv)
{
	struct cli c = { .argc = argc, .argv = argv };
	auto_err struct vz_err err = { 0 };
	int r = 0;

	(void)signal(SIGPIPE, SIG_IGN);
	cli_log_init(&c.log, "vzctl");
	for (size_t i = 0; i < ARRAY_SIZE(stages) && r >= 0 && !c.done; i++)
		r = stages[i](&c, &err);
	(void)fflush(stdout);
	if (is_cancelled && !c.quiet)
		(void)fputs("\nCancelling...\n", stderr);
	if (r < 0) {
		say_failure(&c, &err);
		r = err.code ? err.code : VZ_E_SYSTEM;
	}
	vz_edits_free(c.edits);
	vz_ct_free(c.ct);
	/* The handler must not find a struct vz that is gone. */
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	vz_free(c.vz);
	cli_log_done(&c.log);
	return r;
}
