/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One failure on its way up; see err.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

int vz_fail(struct vz_err *err, enum vz_error code, int r, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list ap;

	if (!err || err->code)
		return -1;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);

	err->code = code;
	err->cause = r < 0 ? -r : 0;
	if (r >= 0 || !text)
		err->msg = take_ptr(text);
	else if (asprintf(&err->msg, "%s: %s", text, strerror(-r)) < 0)
		err->msg = NULL;
	return -1;
}

int vz_wrap(struct vz_err *err, const char *fmt, ...)
{
	auto_free char *context = NULL;
	char *msg = NULL;
	va_list ap;

	if (!vz_err_is_set(err))
		return -1;
	va_start(ap, fmt);
	if (vasprintf(&context, fmt, ap) < 0)
		context = NULL;
	va_end(ap);
	if (context && asprintf(&msg, "%s: %s", context, err->msg ? err->msg : "out of memory") >= 0) {
		free(err->msg);
		err->msg = msg;
	}
	return -1;
}

void vz_err_done(struct vz_err *err)
{
	if (!err)
		return;
	free(err->msg);
	*err = (struct vz_err){ 0 };
}

void vz_err_move(struct vz_err *dst, struct vz_err *src)
{
	if (dst && !dst->code) {
		*dst = *src;
		*src = (struct vz_err){ 0 };
	}
	vz_err_done(src);
}
