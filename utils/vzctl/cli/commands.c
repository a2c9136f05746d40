/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows of commands.def and options.def as tables, and finding a command by its name. */
#include <string.h>

#include "cli/cli.h"

#define GLOBAL (UINT64_C(1) << CMD__GLOBAL)
#define ON(cmd) (UINT64_C(1) << CMD_##cmd)

_Static_assert(CMD__MAX <= 64, "a set of commands is 64 bits");

const struct command commands[CMD__GLOBAL] = {
#define COMMAND(id_, name_, look_, do_, flags_, fail_, args_, help_) \
	[CMD_##id_] = { \
		.name = name_, .check = check_##look_, .run = cmd_##do_, .flags = flags_, \
		.fail = VZ_E_##fail_, .args = args_, .help = help_, \
	},
#define ALIAS(name_, of_)
#include "cli/commands.def"
#undef ALIAS
#undef COMMAND
};

const struct command_alias command_aliases[] = {
#define COMMAND(id_, name_, look_, do_, flags_, fail_, args_, help_)
#define ALIAS(name_, of_) { .name = name_, .of = CMD_##of_ },
#include "cli/commands.def"
#undef ALIAS
#undef COMMAND
	{ .name = NULL }
};

const struct option_row option_rows[OPT__MAX] = {
#define OPT(id_, name_, arg_, on_, help_) \
	[OPT_##id_] = { .name = name_, .arg = arg_, .on = on_, .help = help_ },
#define OPT_ALIAS(name_, of_)
#include "cli/options.def"
#undef OPT_ALIAS
#undef OPT
};

const struct option_alias option_aliases[] = {
#define OPT(id_, name_, arg_, on_, help_)
#define OPT_ALIAS(name_, of_) { .name = name_, .of = OPT_##of_ },
#include "cli/options.def"
#undef OPT_ALIAS
#undef OPT
	{ .name = NULL }
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	for (const struct command_alias *a = command_aliases; a->name; a++)
		if (!strcmp(a->name, name))
			return &commands[a->of];
	return NULL;
}
