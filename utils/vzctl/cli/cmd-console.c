/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vzctl console: a login prompt on a terminal of the container. Each call makes a terminal of its own,
 * so the number of one, which OpenVZ chooses a console by, is only looked at.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static bool is_number(const char *word)
{
	return *word && !word[strspn(word, "0123456789")];
}

int check_console(struct cli *c, struct vz_err *err)
{
	if (c->argc > 2)
		return vz_fail(err, VZ_E_INVALID_SYNTAX, 0, "Invalid syntax: too many parameters!");
	if (c->argc == 2 && !is_number(c->argv[1]))
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "Invalid tty number: %s", c->argv[1]);
	return 0;
}

struct session {
	const struct cli *c;
	bool is_attached;
};

/* To standard error, as all we say: standard output is the terminal of the container. */
static void say_attached(void *data)
{
	struct session *s = data;

	s->is_attached = true;
	if (!s->c->quiet)
		(void)fprintf(stderr, "Attached to CT %u (ESC . to detach)\n", s->c->id);
}

int cmd_console(struct cli *c, struct vz_err *err)
{
	struct session s = { .c = c };
	struct vz_console how = { .term = getenv("TERM"), .attached = say_attached, .data = &s };
	int r = vz_ct_console(c->ct, &how, err);

	/* The cursor is where the container left it. */
	if (s.is_attached && !c->quiet)
		(void)fputc('\n', stderr);
	if (r == 0 && !c->quiet)
		(void)fprintf(stderr, "Detached from CT %u\n", c->id);
	return r;
}
