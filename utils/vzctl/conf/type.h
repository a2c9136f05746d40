/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Types of parameters. A type owns how its values are read, written, copied, compared and edited; a
 * row of params.def only picks one.
 */
#ifndef VZ_CONF_TYPE_H
#define VZ_CONF_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "conf/param.h"

#define VZ_UNLIMITED ((uint64_t)INT64_MAX)	/* "unlimited" of barriers and limits */

struct vz_value {
	bool set;			/* false: the parameter is not set, the rest means nothing */
	union {
		char *str;		/* owned */
		uint64_t num;
		bool yes;
		double real;
		struct { uint64_t bar, lim; } bl;	/* in the unit of the parameter */
		char **list;		/* owned; may be NULL for an empty list */
	};
};

/* Where a text comes from: some types read it differently (iolimit without a suffix). */
enum vz_source { VZ_FROM_OPTION, VZ_FROM_FILE };

struct vz_type {
	const char *name;
	/*
	 * Read text into *ret (unset before). 0, or -EINVAL: not of this type, -ERANGE: out of the
	 * row's bounds, -ENOMEM.
	 */
	int (*parse)(const struct vz_param *p, enum vz_source from, const char *text, struct vz_value *ret);
	/* Write a set value as it stands in a file, without quotes. */
	void (*format)(const struct vz_param *p, const struct vz_value *v, struct vz_str *out);
	int (*copy)(const struct vz_value *v, struct vz_value *ret);	/* 0 or -ENOMEM */
	bool (*equal)(const struct vz_value *a, const struct vz_value *b);
	void (*done)(struct vz_value *v);
	/*
	 * Lists only: change v by what a set value of the same type holds. NULL: ADD is SET, DEL is
	 * refused. 0 or -ENOMEM; deleting what is not there is fine.
	 */
	int (*edit)(struct vz_value *v, enum vz_edit_op op, const struct vz_value *by);
};

extern const struct vz_type type_str, type_path, type_name, type_hostname, type_yesno, type_uint,
	type_real, type_items, type_bytes, type_pages, type_ramsize, type_disk, type_strlist, type_iplist,
	type_onoff, type_capabilities, type_features, type_netfilter, type_cpulimit, type_mask,
	type_iolimit, type_iopslimit, type_layout, type_userpasswd, type_devices, type_devnodes;

/* These work on any row and take care of "not set". */
int value_parse(enum vz_param_id id, enum vz_source from, const char *text, struct vz_value *ret);
int value_copy(enum vz_param_id id, const struct vz_value *v, struct vz_value *ret);
bool value_equal(enum vz_param_id id, const struct vz_value *a, const struct vz_value *b);
void value_done(enum vz_param_id id, struct vz_value *v);
/* The text as in a file; NULL if not set or memory ran out. The caller frees it. */
char *value_text(enum vz_param_id id, const struct vz_value *v);

#endif
