/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vzctl exec, exec2, exec3: run a command inside. They take no lock, so that monitoring works while
 * another vzctl is busy with the container.
 *
 *   exec   through a shell; whatever goes wrong with the command is exit status 8
 *   exec2  through a shell; the exit status is the command's
 *   exec3  without a shell; the exit status is the command's
 */
#include <string.h>

#include "cli/cli.h"

int check_none(struct cli *c VZ_UNUSED, struct vz_err *err VZ_UNUSED)
{
	return 0;
}

int check_words(struct cli *c, struct vz_err *err)
{
	if (c->argc < 2)
		return vz_fail(err, VZ_E_INVALID_SYNTAX, 0, "No command line given for exec");
	return 0;
}

int cli_inner_status(struct cli *c, int status, const char *signal_text)
{
	if (status < 256)
		return status;
	vz_log(&c->log.log, VZ_LOG_ERR, c->id, "%s %d", signal_text, status - 256);
	return VZ_E_SYSTEM;
}

static int run_inside(struct cli *c, enum vz_exec_mode mode, struct vz_err *err)
{
	char *const *words = c->argv + 1;
	int status = 0;

	if (mode == VZ_EXEC_SHELL && c->argc == 2 && !strcmp(words[0], "-"))
		mode = VZ_EXEC_STDIN;
	if (vz_ct_exec(c->ct, mode, words, &status, err) < 0)
		return -1;
	return cli_inner_status(c, status, "Got signal");
}

int cmd_exec(struct cli *c, struct vz_err *err)
{
	int r = run_inside(c, VZ_EXEC_SHELL, err);

	return r > 0 ? (int)c->cmd->fail : r;
}

int cmd_exec2(struct cli *c, struct vz_err *err)
{
	return run_inside(c, VZ_EXEC_SHELL, err);
}

int cmd_exec3(struct cli *c, struct vz_err *err)
{
	return run_inside(c, VZ_EXEC_ARGV, err);
}
