/* SPDX-License-Identifier: GPL-2.0-only */
/* Unpacking an archive nobody vouches for: the part of vz-unpack that looks at what the bytes mean. */
#ifndef VZ_HELPERS_UNPACK_H
#define VZ_HELPERS_UNPACK_H

#include <stdint.h>

#include "base/err.h"

/*
 * Unpack the archive that is read from fd into the current directory, and nowhere else. Members that
 * belong to ids from limit on, lead out of the directory or are device nodes make it fail with
 * VZ_E_INVALID_VALUE; device nodes below dev/ are left out, and how many is said on standard error.
 * 0, or -1 with err. What was unpacked before a failure stays.
 */
int unpack(int fd, uint64_t limit, struct vz_err *err);

#endif
