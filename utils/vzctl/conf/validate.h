/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules across parameters: each a named function in one table; all that is wrong is reported. */
#ifndef VZ_CONF_VALIDATE_H
#define VZ_CONF_VALIDATE_H

#include "conf/layers.h"

/*
 * Check c, the configuration a container would have. err gets the first finding with VZ_E_INVALID_VALUE
 * or the code of the rule; further ones are logged as errors, one line each. 0 or -1.
 */
int conf_validate(const struct vz_conf *c, const struct vz_log *log, vz_ctid id, struct vz_err *err);

/* Rules of a "set" command line (spec 4.3), checked before anything happens. */
struct set_request {
	const struct vz_edits *edits;
	bool save, force, reset_ub, offline_resize;
	bool setmode_restart;
	bool running, mounted;		/* what the container is right now */
};
int conf_validate_set(const struct set_request *q, const struct vz_conf *merged, struct vz_err *err);

#endif
