/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configuration files: what nobody changed stays as it is, byte for byte, and what was changed reads
 * back, for us and for a shell.
 *
 * Input: lines "+KEY=value" (set) and "-KEY" (unset), then the file.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "conf/file.h"
#include "fuzz/fuzz.h"

#define FILE_PATH FUZZ_DISK "/101.conf"
#define EDITS_MAX 8

struct text {
	char *s;
	size_t len;
};

void prepare(void)
{
}

static struct text saved(struct conf_file *f)
{
	struct text t;

	need(conf_file_save(f) == 0);
	t.s = get_file(FILE_PATH, &t.len);
	return t;
}

/* Is it a line of this key? Lines are asked for in their order; *iter remembers. */
static bool is_line_of(const struct conf_file *f, size_t *iter, unsigned int line, const char *key)
{
	struct conf_entry e;
	size_t before = *iter;

	while (conf_file_next(f, iter, &e) && e.line <= line) {
		if (e.line == line)
			return strcmp(e.key, key) == 0;
		before = *iter;
	}
	*iter = before;
	return false;
}

/* All lines of t, as f has read it, but those of key; the last one has its newline. */
static void other_lines(const struct text *t, const struct conf_file *f, const char *key, struct vz_str *out)
{
	unsigned int line = 0;
	size_t iter = 0;

	for (const char *s = t->s, *end = t->s + t->len; s < end; ) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));
		size_t len = (size_t)((newline ? newline : end) - s);

		if (!is_line_of(f, &iter, ++line, key)) {
			str_add_n(out, s, len);
			str_add_char(out, '\n');
		}
		s += len + (newline != NULL);
	}
}

static void others_are_kept(const struct text *t, const struct conf_file *f, const struct text *t2,
			    const struct conf_file *f2, const char *key)
{
	auto_str struct vz_str before = { 0 }, after = { 0 };

	other_lines(t, f, key, &before);
	other_lines(t2, f2, key, &after);
	promise(strcmp(str_get(&before), str_get(&after)) == 0);
}

/* What a shell makes of a value in double quotes; $VEID stays as it is. Returns where they end, or NULL. */
static const char *read_as_shell(const char *s, struct vz_str *out)
{
	if (*s++ != '"')
		return NULL;
	while (*s && *s != '"' && *s != '`') {
		size_t n = conf_veid_len(s);

		if (*s == '$' && !n)
			return NULL;
		if (*s == '\\' && s[1] && strchr("$`\"\\", s[1]))
			s++;
		str_add_n(out, s, n ? n : 1);
		s += n ? n : 1;
	}
	return *s == '"' ? s + 1 : NULL;
}

/* Where line number n begins; lines are counted from 1. */
static const char *line_at(const char *s, unsigned int n)
{
	while (--n)
		s = strchr(s, '\n') + 1;
	return s;
}

static void shell_agrees(const struct text *t, const struct conf_file *f, const char *key, const char *value)
{
	auto_str struct vz_str read = { 0 };
	struct conf_entry e = { .key = "" };
	const char *line, *end;

	for (size_t iter = 0; strcmp(e.key, key) != 0; )
		promise(conf_file_next(f, &iter, &e));
	line = line_at(t->s, e.line);
	promise(str_has_prefix(line, key) && line[strlen(key)] == '=');
	end = read_as_shell(line + strlen(key) + 1, &read);
	promise(end && strchr("\n \t", *end));
	promise(strcmp(str_get(&read), value) == 0);
}

static size_t count_entries(const struct conf_file *f, const char *key)
{
	struct conf_entry e;
	size_t n = 0;

	for (size_t iter = 0; conf_file_next(f, &iter, &e); )
		n += strcmp(e.key, key) == 0;
	return n;
}

/* A fresh f in place of the old one, after an edit of it; t is its text. */
static void check_edit(struct conf_file **f, struct text *t, const char *key, const char *value, bool rewritten)
{
	struct text t2 = saved(*f);
	struct conf_file *f2 = NULL, *f1 = NULL;
	const char *now;

	promise(str_equal(conf_file_get(*f, key), value));
	promise(conf_file_read(FILE_PATH, &f2) == 0);
	now = conf_file_get(f2, key);
	promise(str_equal(now, value));
	promise(count_entries(f2, key) == (value ? 1 : 0));
	put_file(FILE_PATH, t->s, t->len);
	need(conf_file_read(FILE_PATH, &f1) == 0);
	others_are_kept(t, f1, &t2, f2, key);
	if (rewritten)
		shell_agrees(&t2, f2, key, value);
	conf_file_free(f1);
	conf_file_free(*f);
	free(t->s);
	*f = f2;
	*t = t2;
}

static void edit(struct conf_file **f, struct text *t, char *line)
{
	char *value = *line == '+' ? strchr(line, '=') : NULL;
	char *key = line + 1;
	const char *before;
	bool rewritten;

	if (value)
		*value++ = '\0';
	before = conf_file_get(*f, key);
	rewritten = value && !str_equal(before, value);
	if (value && conf_file_set(*f, key, value) < 0)
		return;
	if (!value)
		conf_file_unset(*f, key);
	check_edit(f, t, key, value, rewritten);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	struct input head = in;
	struct conf_file *f = NULL;
	struct text t;
	size_t n = 0;
	int r;

	for (; n < EDITS_MAX && in.len && (*in.text == '+' || *in.text == '-'); n++)
		free(take_line(&in));
	put_file(FILE_PATH, in.text, in.len);
	r = conf_file_read(FILE_PATH, &f);
	promise((r == -EILSEQ) == (in.len && memchr(in.text, '\0', in.len) != NULL));
	promise(r == 0 || conf_file_bad_line(FILE_PATH) > 0);
	if (r < 0)
		return 0;
	promise(!conf_file_is_changed(f));
	t = saved(f);
	promise(t.len == in.len && memcmp(t.s, in.text, t.len) == 0);
	while (n--) {
		auto_free char *line = take_line(&head);

		edit(&f, &t, line);
	}
	free(t.s);
	conf_file_free(f);
	return 0;
}
