/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One failure on its way up: a code that becomes the exit status, and one line for a human.
 *
 * Leaves return a negative errno and say nothing. The first function that knows a name (a path, a
 * container, a parameter) calls vz_fail() and returns its -1; callers pass that on. Success leaves a
 * struct vz_err alone, failure fills it; the first message survives later ones.
 */
#ifndef VZ_BASE_ERR_H
#define VZ_BASE_ERR_H

#include <stdbool.h>

#include "base/macros.h"

enum vz_error {
	VZ_OK = 0,
#define ERROR(name, code, text) VZ_E_##name = code,
#include "base/errors.def"
#undef ERROR
};

struct vz_err {
	int code;	/* enum vz_error; 0: no failure */
	int cause;	/* the errno behind it as a positive number, or 0 */
	char *msg;	/* owned; one line without newline */
};

#define auto_err VZ_CLEANUP(vz_err_done)

/*
 * Fill err with a message made of fmt; a negative r adds ": " and the text of that errno. EACCES and
 * EPERM do not change the code: it says what failed, the text says why. err may be NULL.
 * Returns -1 always, so that "return vz_fail(…)" reads well. Does nothing if err holds a failure.
 */
int vz_fail(struct vz_err *err, enum vz_error code, int r, const char *fmt, ...) VZ_PRINTF(4, 5);

/* Put "context: " in front of the message in err. Returns -1. */
int vz_wrap(struct vz_err *err, const char *fmt, ...) VZ_PRINTF(2, 3);

void vz_err_done(struct vz_err *err);
static inline bool vz_err_is_set(const struct vz_err *err) { return err && err->code; }

/* Move a failure out of src into dst (dropped if dst holds one already); src is empty afterwards. */
void vz_err_move(struct vz_err *dst, struct vz_err *src);

#endif
