/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Types of parameters. A type owns how its values are read, written, copied, compared and edited; a
 * row of params.def only picks one.
 */
#ifndef VZ_CONF_TYPE_H
#define VZ_CONF_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "conf/param.h"

#define VZ_UNLIMITED ((uint64_t)INT64_MAX)	/* "unlimited" of barriers and limits */

struct vz_value {
	bool set;			/* false: the parameter is not set, the rest means nothing */
	union {				/* the type's kind says which */
		char *str;		/* owned */
		uint64_t num;		/* of type_level: an int64_t */
		bool yes;
		double real;
		struct { uint64_t bar, lim; } bl;	/* in the unit of the parameter */
		char **list;		/* owned; may be NULL for an empty list */
	};
};

/* Where a text comes from: some types read it differently (iolimit without a suffix). */
enum vz_source { VZ_FROM_OPTION, VZ_FROM_FILE };

/*
 * What parse() may say although it took the value, but not all of it. Only for texts from files: the
 * user of an option is there to correct it, a file may come from another version or machine.
 */
enum vz_parse_note {
	VZ_PARSE_TRUNCATED = 1,	/* a number or list was too large and became the largest possible */
	VZ_PARSE_UNKNOWN,	/* words that are not known were left out */
};

enum vz_kind { VZ_K_STR, VZ_K_NUM, VZ_K_YES, VZ_K_REAL, VZ_K_BL, VZ_K_LIST };

struct vz_type {
	const char *name;
	enum vz_kind kind;		/* the member of struct vz_value it uses */
	bool secret;			/* texts of this type never appear in messages */
	const char *const *words;	/* what its values may be or are made of, for completion; NULL: anything */
	enum vz_error error;		/* of a bad value; VZ_OK: VZ_E_INVALID_VALUE */
	/*
	 * Read text, which is not empty, into *ret (unset before). 0 or enum vz_parse_note, or
	 * -EINVAL: not of this type, -ERANGE: out of the row's bounds, -ENOMEM.
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
	/* What is wrong with a text parse() refused or made a note of. May be NULL. The caller frees it. */
	char *(*explain)(const struct vz_param *p, const char *text);
};

/* type.c */
extern const struct vz_type type_str, type_path, type_name, type_hostname, type_release, type_choice, type_netfilter,
	type_layout, type_meminfo, type_mask, type_nodemask, type_yesno, type_uint, type_level, type_real,
	type_cpulimit;
/* type-size.c */
extern const struct vz_type type_items, type_bytes, type_pages, type_pagepair, type_ramsize, type_disk,
	type_inodes, type_iolimit, type_iopslimit;
/* type-list.c */
extern const struct vz_type type_strlist, type_userpasswd, type_capabilities, type_features;
/* bindmount.c */
extern const struct vz_type type_bindmount;
/* type-net.c */
extern const struct vz_type type_iplist, type_nslist, type_domains, type_netif, type_netdev;
/* publish.c */
extern const struct vz_type type_publish, type_unpublish;
/* rate.c */
extern const struct vz_type type_rates;
/* type-device.c */
extern const struct vz_type type_devices, type_devnodes, type_pci;

/*
 * These work on any row and take care of "not set". An empty text leaves *ret unset: always in a file,
 * as an option for texts and lists only. Newlines are refused. value_parse() returns what parse() does.
 */
int value_parse(enum vz_param_id id, enum vz_source from, const char *text, struct vz_value *ret);
int value_copy(enum vz_param_id id, const struct vz_value *v, struct vz_value *ret);
bool value_equal(enum vz_param_id id, const struct vz_value *a, const struct vz_value *b);
void value_done(enum vz_param_id id, struct vz_value *v);
/* The text as in a file; NULL if not set or memory ran out. The caller frees it. */
char *value_text(enum vz_param_id id, const struct vz_value *v);
/* As value_parse(), with the type of an option that is not the parameter's (--ram). */
int value_parse_as(const struct vz_type *type, enum vz_param_id id, enum vz_source from, const char *text,
		   struct vz_value *ret);

#endif
