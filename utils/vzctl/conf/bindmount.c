/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The type of BINDMOUNT, and its words taken apart; see bindmount.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "base/str.h"
#include "conf/bindmount.h"
#include "conf/type-impl.h"

#define BLANKS " \t"

/* What may follow DST, and where it is noted down. */
static const struct { const char *name; size_t offset; } options[] = {
	{ "ro",     offsetof(struct bindmount, ro) },
	{ "nosuid", offsetof(struct bindmount, nosuid) },
	{ "noexec", offsetof(struct bindmount, noexec) },
	{ "nodev",  offsetof(struct bindmount, nodev) },
};

/* What the container is made of: its init, and commands of ours, rely on it. With or without what is below. */
static const struct { const char *path; bool below; } taken[] = {
	{ "/", false }, { "/proc", true }, { "/sys", true }, { "/dev", false }, { "/run", false },
};

static const char not_absolute[] = "both paths have to be absolute, without \".\" and \"..\"";

static bool *option_find(struct bindmount *b, const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0)
			return (bool *)((char *)b + options[i].offset);
	return NULL;
}

/* "//a/b/" as "/a/b". -EINVAL for a path that is relative or has ways up in it. */
static int tidy_path(const char *text, size_t len, char **ret)
{
	struct vz_str path = { 0 };
	int r = len && text[0] == '/' ? 0 : -EINVAL;

	for (size_t i = 0; i < len && r == 0;) {
		size_t n = strcspn(text + i, "/");

		n = VZ_MIN(n, len - i);
		if ((n == 1 && text[i] == '.') || (n == 2 && text[i] == '.' && text[i + 1] == '.'))
			r = -EINVAL;
		if (n) {
			str_add_char(&path, '/');
			str_add_n(&path, text + i, n);
		}
		i += n + 1;
	}
	if (!path.len)
		str_add_char(&path, '/');
	*ret = r == 0 ? str_take(&path) : NULL;
	if (r < 0)
		str_done(&path);
	return r == 0 && !*ret ? -ENOMEM : r;
}

static bool is_taken(const char *dst)
{
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
		size_t n = strlen(taken[i].path);

		if (strncmp(dst, taken[i].path, n) == 0 && (!dst[n] || (taken[i].below && dst[n] == '/')))
			return true;
	}
	return false;
}

static int read_options(const char *text, struct bindmount *b)
{
	while (*text) {
		size_t n = strcspn(++text, ",");
		bool *option = option_find(b, text, n);

		if (!option)
			return -EINVAL;
		*option = true;
		text += n;
	}
	return 0;
}

/* 0, -ENOMEM, or -EINVAL with what is wrong. */
static int read_word(const char *word, struct bindmount *b, const char **ret_why)
{
	const char *end = strchrnul(word, ',');
	const char *colon = memchr(word, ':', (size_t)(end - word));
	const char *dst = colon ? colon + 1 : word;
	int r;

	*ret_why = not_absolute;
	r = tidy_path(dst, (size_t)(end - dst), &b->dst);
	if (r == 0)
		r = colon ? tidy_path(word, (size_t)(colon - word), &b->src) : tidy_path(dst, (size_t)(end - dst), &b->src);
	if (r < 0)
		return r;
	*ret_why = "a path with a colon cannot be given";
	if (strchr(b->dst, ':'))
		return -EINVAL;
	*ret_why = "the container needs what is there";
	if (is_taken(b->dst))
		return -EINVAL;
	*ret_why = "after the path there may be ro, nosuid, noexec, nodev";
	return read_options(end, b);
}

int bindmount_read(const char *word, struct bindmount *ret)
{
	struct bindmount b = { 0 };
	const char *why;
	int r = read_word(word, &b, &why);

	if (r < 0)
		bindmount_done(&b);
	else
		*ret = b;
	return r;
}

void bindmount_done(struct bindmount *b)
{
	free(b->src);
	free(b->dst);
	*b = (struct bindmount){ 0 };
}

static int canonical(const char *word, char **ret)
{
	struct bindmount b = { 0 };
	struct vz_str text = { 0 };
	const char *why;
	int r = read_word(word, &b, &why);

	if (r == 0) {
		/* Without SRC it stays without. */
		str_addf(&text, "%s%s%s%s", strcmp(b.src, b.dst) == 0 ? "" : b.src, strcmp(b.src, b.dst) == 0 ? "" : ":",
			 b.dst, strchrnul(word, ','));
		*ret = str_take(&text);
		r = *ret ? 0 : -ENOMEM;
	}
	bindmount_done(&b);
	return r;
}

/* Where DST is in a canonical word, and how long. */
static const char *target(const char *word, size_t *ret_len)
{
	size_t n = strcspn(word, ":,");

	if (word[n] == ':')
		word += n + 1;
	*ret_len = strcspn(word, ",");
	return word;
}

static bool same_target(const char *a, const char *b)
{
	size_t n, m;
	const char *s = target(a, &n), *t = target(b, &m);

	return n == m && memcmp(s, t, n) == 0;
}

static const struct list_syntax bindmounts = {
	.seps = BLANKS, .canonical = canonical, .same = same_target,
};

static int bindmount_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
			   struct vz_value *ret)
{
	return list_parse(&bindmounts, from, text, ret);
}

static int bindmount_edit(struct vz_value *v, enum vz_edit_op op, const struct vz_value *by)
{
	return list_edit(&bindmounts, v, op, by);
}

/* What is wrong with the first word that cannot be taken. */
static char *bindmount_explain(const struct vz_param *p VZ_UNUSED, const char *text)
{
	while (*(text += strspn(text, BLANKS))) {
		size_t len = strcspn(text, BLANKS);
		auto_free char *word = strndup(text, len);
		struct bindmount b = { 0 };
		const char *why = NULL;
		int r = word ? read_word(word, &b, &why) : -ENOMEM;

		bindmount_done(&b);
		if (r == -EINVAL)
			return strdup(why);
		text += len;
	}
	return NULL;
}

const struct vz_type type_bindmount = {
	.name = "bindmount", LIST_VALUE,
	.parse = bindmount_parse, .format = list_format, .edit = bindmount_edit, .explain = bindmount_explain,
};
