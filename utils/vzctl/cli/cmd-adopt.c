/* SPDX-License-Identifier: GPL-2.0-only */
/* vzctl adopt: a container of another engine becomes one of ours. */
#include <limits.h>
#include <stdlib.h>

#include "cli/cli.h"

/* 0: it is no pid. */
static int read_pid(const char *text)
{
	char *end;
	long pid;

	errno = 0;
	pid = strtol(text, &end, 10);
	return errno || *end || end == text || text[0] < '0' || text[0] > '9' || pid > INT_MAX ? 0 : (int)pid;
}

int check_pid(struct cli *c, struct vz_err *err)
{
	if (!c->given[OPT_pid])
		return vz_fail(err, VZ_E_INVALID_SYNTAX, 0, "adopt needs --pid, process 1 of the container as the host sees it");
	if (!read_pid(c->text[OPT_pid]))
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "Bad parameter for --pid: %s", c->text[OPT_pid]);
	return 0;
}

int cmd_adopt(struct cli *c, struct vz_err *err)
{
	return vz_ct_adopt(c->ct, read_pid(c->text[OPT_pid]), err);
}
