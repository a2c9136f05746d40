/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages on their way to whoever uses the library; see log.h. */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"

void vz_log_v(const struct vz_log *log, int level, vz_ctid id, const char *fmt, va_list ap)
{
	auto_free char *text = NULL;

	if (!log || !log->fn || level > log->max_level)
		return;
	if (vasprintf(&text, fmt, ap) < 0) {
		text = NULL;
		return;
	}
	log->fn(log->data, level, id, text);
}

void vz_log(const struct vz_log *log, int level, vz_ctid id, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vz_log_v(log, level, id, fmt, ap);
	va_end(ap);
}
