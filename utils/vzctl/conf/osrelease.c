/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which kernel containers are told that they run on; see osrelease.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/strv.h"
#include "conf/osrelease.h"

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool osrelease_is_valid(const char *text)
{
	size_t len = strlen(text);

	return is_digit(*text) && len <= OSRELEASE_MAX && strspn(text, DIGITS LETTERS "._-+~") == len;
}

/* The next number of a version; 0 where there are no more. */
static unsigned long take_number(const char **version)
{
	unsigned long n;
	char *end;

	if (!is_digit(**version))
		return 0;
	n = strtoul(*version, &end, 10);
	*version = end + (*end == '.');
	return n;
}

static bool is_older(const char *a, const char *b)
{
	while (is_digit(*a) || is_digit(*b)) {
		unsigned long x = take_number(&a), y = take_number(&b);

		if (x != y)
			return x < y;
	}
	return false;
}

int osrelease_find(const char *lines, const char *ostemplate, const char *real, char **ret, unsigned int *ret_bad)
{
	unsigned int number = 1;

	*ret = NULL;
	*ret_bad = 0;
	for (const char *line = lines; *line; line += strcspn(line, "\n"), line += *line == '\n', number++) {
		auto_free char *text = strndup(line, strcspn(line, "#\n"));
		auto_strv char **words = NULL;

		if (!text || strv_split(text, " \t\r", &words) < 0)
			return -ENOMEM;
		if (!strv_len(words) || !str_has_prefix(ostemplate, words[0]))
			continue;
		if (strv_len(words) != 2 || !osrelease_is_valid(words[1])) {
			*ret_bad = *ret_bad ? *ret_bad : number;
			continue;
		}
		if (!is_older(real, words[1]))
			return 0;
		*ret = str_printf("%s%s", words[1], real + strspn(real, DIGITS "."));
		return *ret ? 0 : -ENOMEM;
	}
	return 0;
}
