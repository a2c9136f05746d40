/* SPDX-License-Identifier: GPL-2.0-only */
/* vzlist as a function. */
#ifndef VZ_CLI_VZLIST_H
#define VZ_CLI_VZLIST_H

/* The whole of vzlist; the table goes to stdout. Returns the exit status. */
int vzlist_main(int argc, char **argv);

#endif
