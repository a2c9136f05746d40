/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages on their way to whoever uses the library. The library prints nothing itself: it calls the
 * function it was given. Levels are OpenVZ's: -1 error or warning, 0 normal, higher means debugging.
 */
#ifndef VZ_BASE_LOG_H
#define VZ_BASE_LOG_H

#include <stdarg.h>

#include "base/macros.h"

#define VZ_LOG_ERR (-1)
#define VZ_LOG_INFO 0
#define VZ_LOG_DEBUG 2

struct vz_log {
	/* NULL: messages are dropped. text is one message without a trailing newline. */
	void (*fn)(void *data, int level, vz_ctid id, const char *text);
	void *data;
	int max_level;	/* messages above it are not even formatted */
};

void vz_log_v(const struct vz_log *log, int level, vz_ctid id, const char *fmt, va_list ap)
	VZ_PRINTF(4, 0);
void vz_log(const struct vz_log *log, int level, vz_ctid id, const char *fmt, ...) VZ_PRINTF(4, 5);

#endif
