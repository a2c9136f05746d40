/* SPDX-License-Identifier: GPL-2.0-only */
/* vzlist: list containers. Everything is in cli/vzlist.c. */
#include "cli/vzlist.h"

int main(int argc, char **argv)
{
	return vzlist_main(argc, argv);
}
