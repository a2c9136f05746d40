/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings that grow; see str.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

static bool reserve(struct vz_str *b, size_t more)
{
	size_t need = b->len + more + 1;
	size_t size = b->size ? b->size : 64;
	char *s;

	if (b->failed)
		return false;
	if (need <= b->size)
		return true;
	while (size < need)
		size *= 2;
	s = realloc(b->s, size);
	if (!s) {
		b->failed = true;
		return false;
	}
	b->s = s;
	b->size = size;
	return true;
}

void str_add_n(struct vz_str *b, const char *s, size_t n)
{
	if (!reserve(b, n))
		return;
	if (n)
		memcpy(b->s + b->len, s, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void str_add(struct vz_str *b, const char *s)
{
	str_add_n(b, s, strlen(s));
}

void str_add_char(struct vz_str *b, char c)
{
	str_add_n(b, &c, 1);
}

void str_addf(struct vz_str *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !reserve(b, (size_t)n))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(b->s + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void str_reset(struct vz_str *b)
{
	b->len = 0;
	if (b->s)
		b->s[0] = '\0';
}

void str_done(struct vz_str *b)
{
	free(b->s);
	*b = (struct vz_str){ 0 };
}

const char *str_get(const struct vz_str *b)
{
	return b->s ? b->s : "";
}

char *str_take(struct vz_str *b)
{
	char *s;

	str_add_n(b, "", 0);
	if (b->failed) {
		str_done(b);
		return NULL;
	}
	s = b->s;
	*b = (struct vz_str){ 0 };
	return s;
}

bool str_has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

void str_unescape_octal(char *s)
{
	char *out = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
}

bool str_equal(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

char *str_printf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return s;
}
