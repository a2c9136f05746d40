/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where messages of the library and of ourselves go: the console and the log file. Errors are written
 * to stderr and the rest to stdout, as plain text; lines of the log file carry time, program and CTID.
 */
#ifndef VZ_CLI_LOG_H
#define VZ_CLI_LOG_H

#include <stdbool.h>

#include "include/vzctl.h"

struct cli_log {
	struct vz_log log;	/* what the library is given; max_level follows the two levels below */
	const char *prog;	/* name in the log file */
	int console_level;	/* CLI_LOG_NOTHING: silent */
	int file_level;		/* highest level written to the file */
	int fd;			/* of the log file; -1: none */
};

#define CLI_LOG_NOTHING (-2)

/* No file yet, errors and normal messages on the console. */
void cli_log_init(struct cli_log *l, const char *prog);
void cli_log_console(struct cli_log *l, int level);
/* What LOGGING, LOGFILE and LOG_LEVEL of vz.conf say. A file that cannot be opened is warned about. */
void cli_log_open(struct cli_log *l, struct vz *vz);
void cli_log_done(struct cli_log *l);

#endif
