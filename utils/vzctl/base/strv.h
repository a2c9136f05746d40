/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* NULL terminated arrays of strings, both levels owned. A NULL array is an empty one everywhere. */
#ifndef VZ_BASE_STRV_H
#define VZ_BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

#define auto_strv VZ_CLEANUP(strv_cleanup)

size_t strv_len(char *const *v);
/* Append a copy of s (take: s itself, freed on failure). 0 or -ENOMEM. */
int strv_add(char ***v, const char *s);
int strv_take(char ***v, char *s);
int strv_addf(char ***v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Index of s, or -1. */
int strv_find(char *const *v, const char *s);
void strv_remove(char **v, size_t index);
/* A deep copy in *ret. 0 or -ENOMEM. */
int strv_copy(char *const *v, char ***ret);
bool strv_equal(char *const *a, char *const *b);
/* Split at any run of the bytes in seps, empty words left out. 0 or -ENOMEM. */
int strv_split(const char *s, const char *seps, char ***ret);
/* The strings with sep between them; NULL if memory ran out. The caller frees it. */
char *strv_join(char *const *v, const char *sep);
void strv_free(char **v);
void strv_cleanup(char ***v);

#endif
