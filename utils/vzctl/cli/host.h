/* SPDX-License-Identifier: GPL-2.0-only */
/* Opening the library the same way in every tool. */
#ifndef VZ_CLI_HOST_H
#define VZ_CLI_HOST_H

#include "cli/log.h"
#include "include/vzctl.h"

/*
 * A struct vz that heeds the environment: VZ_BACKEND picks the back end, VZ_LIBEXECDIR says where
 * helper programs of a build tree are. prefix may be NULL; log must outlive *ret. Reads no file yet.
 */
int host_open(struct vz **ret, const char *prefix, struct cli_log *log, struct vz_err *err);

#endif
