/* SPDX-License-Identifier: GPL-2.0-only */
/* vzctl: manage containers. Everything is in cli/main.c and the tables beside it. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
