/* SPDX-License-Identifier: GPL-2.0-only */
/* vzctl create: a new container. Without a number main has taken the next free one. */
#include <unistd.h>

#include "cli/cli.h"

/* A template that is not there is built when somebody is there to see how long that takes. */
static bool is_interactive(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

int cmd_create(struct cli *c, struct vz_err *err)
{
	struct vz_create opt = {
		.edits = c->edits,
		.ostemplate = c->text[OPT_ostemplate],
		.config = c->text[OPT_config],
		.sshkey_file = c->text[OPT_sshkey],
		.build = c->given[OPT_build] || is_interactive(),
		.progress = !c->quiet && isatty(STDERR_FILENO),
	};

	if (!c->word)
		vz_log(&c->log.log, VZ_LOG_INFO, c->id, "Container number: %u", c->id);
	if (vz_ct_create(c->ct, &opt, err) < 0)
		return -1;
	/* CTID=$(vzctl --quiet create …) */
	if (!c->word && c->quiet)
		printf("%u\n", c->id);
	return 0;
}
