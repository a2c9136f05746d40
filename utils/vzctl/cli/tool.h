/* SPDX-License-Identifier: GPL-2.0-only */
/* What the small tools that look at a whole host share. */
#ifndef VZ_CLI_TOOL_H
#define VZ_CLI_TOOL_H

#include "cli/log.h"
#include "include/vzctl.h"

/* The library with vz.conf read, for root; NULL after a message. log must outlive it. */
struct vz *tool_open(const char *name, const char *prefix, struct cli_log *log);

/* Call fn with each running container in turn, its configuration read. 0, or -1 after a message. */
int tool_each_running(struct vz *vz, void (*fn)(void *data, struct vz_ct *ct), void *data);
/* A number among the parameters of a container; fallback where it is not set. */
uint64_t tool_number(const struct vz_ct *ct, const char *key, uint64_t fallback);

/*
 * "NAME --complete WORD...": the options of a tool, ended by NULL. What stands behind --prefix is a directory.
 * Returns the exit status.
 */
int tool_complete(const char *const *options, int argc, char **argv);

#endif
