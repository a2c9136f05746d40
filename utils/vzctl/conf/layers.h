/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Configuration in layers: default < vz.conf < CTID.conf < the edits of a command line. A layer is a
 * value for each parameter; what is not set there shines through from below.
 */
#ifndef VZ_CONF_LAYERS_H
#define VZ_CONF_LAYERS_H

#include "base/err.h"
#include "base/log.h"
#include "conf/file.h"
#include "conf/type.h"

struct vz_conf {
	struct vz_value v[VZ_P__MAX];
};

void conf_done(struct vz_conf *c);
/* Set in dst what is set in src. 0 or -ENOMEM. */
int conf_overlay(struct vz_conf *dst, const struct vz_conf *src);
/* The built-in defaults (userland.md sections 4 and 9). */
int conf_defaults(struct vz_conf *c);
/* Is the value the built-in one? Then nobody asked for it. */
bool conf_is_default(const struct vz_conf *c, enum vz_param_id id);

/*
 * Read what is known in f into c. Values that cannot be understood, duplicates and odd lines give a
 * warning "Warning at FILE:LINE: …" and are left out. is_global: f is vz.conf. 0 or -ENOMEM.
 */
int conf_from_file(struct vz_conf *c, const struct conf_file *f, bool is_global,
		   const struct vz_log *log, vz_ctid id);

/* Text of path parameters with $VEID and ${VEID} replaced. NULL if not set or out of memory. Caller frees. */
char *conf_expand(const struct vz_conf *c, enum vz_param_id id, vz_ctid ctid);

/* Shorthands for set values of the matching type; fallback when not set. */
const char *conf_str(const struct vz_conf *c, enum vz_param_id id);		/* or NULL */
uint64_t conf_num(const struct vz_conf *c, enum vz_param_id id, uint64_t fallback);
bool conf_yes(const struct vz_conf *c, enum vz_param_id id, bool fallback);
char *const *conf_list(const struct vz_conf *c, enum vz_param_id id);		/* or NULL */

/* ---- edits: what a command line says about parameters ---- */

struct vz_edit {
	enum vz_param_id id;
	enum vz_edit_op op;
	struct vz_value value;
};

struct vz_edits {
	struct vz_edit *e;
	size_t n;
};

void edits_done(struct vz_edits *e);
/*
 * Add what "--option text" says. Repeating an option of a single value is ignored, as ever; list
 * options accumulate ("all" of a DEL option becomes CLEAR). Fails with VZ_E_INVALID_VALUE and the
 * message "Bad parameter for --OPTION: TEXT".
 */
int edits_add_option(struct vz_edits *e, enum vz_param_id id, enum vz_edit_op op, const char *option,
		     const char *text, struct vz_err *err);
/* SET id to a text as in a file; for values the library itself stores. 0 or -1 with err. */
int edits_set(struct vz_edits *e, enum vz_param_id id, const char *text, struct vz_err *err);
/* Copy all edits of src to the end of dst. 0 or -ENOMEM. */
int edits_append(struct vz_edits *dst, const struct vz_edits *src);
bool edits_has(const struct vz_edits *e, enum vz_param_id id);
bool edits_have_group(const struct vz_edits *e, enum vz_group group);
/* Apply them in order on top of c. 0 or -ENOMEM. */
int edits_apply(struct vz_conf *c, const struct vz_edits *e);
/*
 * Put into f the values c has for all parameters that e names and that are stored (VZ_PF_SAVE);
 * a value not set removes the key. 0 or -ENOMEM.
 */
int edits_store(struct conf_file *f, const struct vz_edits *e, const struct vz_conf *c);
/*
 * Edits that make every parameter of a sample file effective, those with VZ_PF_OWN left out.
 * origin is stored as ORIGIN_SAMPLE. 0 or -ENOMEM.
 */
int edits_from_sample(struct vz_edits *e, const struct conf_file *sample, const char *origin,
		      const struct vz_log *log, vz_ctid id);

#endif
