/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* NULL terminated arrays of strings; see strv.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/strv.h"

size_t strv_len(char *const *v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

int strv_take(char ***v, char *s)
{
	size_t n = strv_len(*v);
	char **bigger;

	if (!s)
		return -ENOMEM;
	bigger = realloc(*v, (n + 2) * sizeof(*bigger));
	if (!bigger) {
		free(s);
		return -ENOMEM;
	}
	bigger[n] = s;
	bigger[n + 1] = NULL;
	*v = bigger;
	return 0;
}

int strv_add(char ***v, const char *s)
{
	return strv_take(v, strdup(s));
}

int strv_addf(char ***v, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return strv_take(v, s);
}

int strv_find(char *const *v, const char *s)
{
	for (int i = 0; v && v[i]; i++)
		if (strcmp(v[i], s) == 0)
			return i;
	return -1;
}

void strv_remove(char **v, size_t index)
{
	free(v[index]);
	do {
		v[index] = v[index + 1];
	} while (v[index++]);
}

int strv_copy(char *const *v, char ***ret)
{
	char **copy = NULL;

	for (size_t i = 0; v && v[i]; i++) {
		int r = strv_add(&copy, v[i]);

		if (r < 0) {
			strv_free(copy);
			return r;
		}
	}
	*ret = copy;
	return 0;
}

bool strv_equal(char *const *a, char *const *b)
{
	size_t n = strv_len(a);

	if (n != strv_len(b))
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return true;
}

int strv_split(const char *s, const char *seps, char ***ret)
{
	char **v = NULL;

	while (*(s += strspn(s, seps))) {
		size_t n = strcspn(s, seps);
		int r = strv_take(&v, strndup(s, n));

		if (r < 0) {
			strv_free(v);
			return r;
		}
		s += n;
	}
	*ret = v;
	return 0;
}

char *strv_join(char *const *v, const char *sep)
{
	struct vz_str b = { 0 };

	for (size_t i = 0; v && v[i]; i++) {
		if (i)
			str_add(&b, sep);
		str_add(&b, v[i]);
	}
	return str_take(&b);
}

void strv_free(char **v)
{
	for (size_t i = 0; v && v[i]; i++)
		free(v[i]);
	free(v);
}

void strv_cleanup(char ***v)
{
	strv_free(*v);
}
