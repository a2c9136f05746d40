/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the type*.c files share; nobody else includes this. */
#ifndef VZ_CONF_TYPE_IMPL_H
#define VZ_CONF_TYPE_IMPL_H

#include "conf/type.h"

/* ---- values by kind (type.c) ---- */

int plain_copy(const struct vz_value *v, struct vz_value *ret);	/* kinds that own no memory */
void plain_done(struct vz_value *v);
bool num_equal(const struct vz_value *a, const struct vz_value *b);
void num_format(const struct vz_param *p, const struct vz_value *v, struct vz_str *out);
bool bl_equal(const struct vz_value *a, const struct vz_value *b);

#define NUM_VALUE .kind = VZ_K_NUM, .copy = plain_copy, .equal = num_equal, .done = plain_done
#define BL_VALUE .kind = VZ_K_BL, .copy = plain_copy, .equal = bl_equal, .done = plain_done

/* A number within the bounds of the row (none: up to INT64_MAX), cut to it in a file where there are none. */
int uint_parse(const struct vz_param *p, enum vz_source from, const char *text, struct vz_value *ret);

/* ---- lists (type-list.c) ---- */

int list_copy(const struct vz_value *v, struct vz_value *ret);
bool list_equal(const struct vz_value *a, const struct vz_value *b);
void list_done(struct vz_value *v);
void list_format(const struct vz_param *p, const struct vz_value *v, struct vz_str *out);

#define LIST_VALUE .kind = VZ_K_LIST, .copy = list_copy, .equal = list_equal, .done = list_done

/* More words than this are an accident or an attack. */
#define LIST_MAX 4096

/*
 * How the words of a list look. canonical() gives a word the form it is stored in: 0 with *ret owned by
 * the caller, or NULL for a word that means nothing and is left out; -EINVAL, -ENOMEM. A word that is
 * the same() as an earlier one takes its place.
 */
struct list_syntax {
	const char *seps;
	int (*canonical)(const char *word, char **ret);
	bool (*same)(const char *a, const char *b);
	bool drop_unknown;	/* in files: -EINVAL of canonical() drops the word, not the list */
};

int list_parse(const struct list_syntax *y, enum vz_source from, const char *text, struct vz_value *ret);
/* The edit() of a type: ADD puts the words of by into v, DEL takes out what is the same. */
int list_edit(const struct list_syntax *y, struct vz_value *v, enum vz_edit_op op, const struct vz_value *by);
bool list_same_word(const char *a, const char *b);
/* Equal up to the first or last byte c, or the end. */
bool list_same_until(const char *a, const char *b, char c);
bool list_same_until_last(const char *a, const char *b, char c);
/* The canonical() of words that are stored as they come. */
int list_any_word(const char *word, char **ret);

#endif
