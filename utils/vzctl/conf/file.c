/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * NAME="value" files; see file.h.
 *
 * The text of the file is kept as it was read. Beside it stands a list of the lines that are
 * assignments, with their place in the text and their value; changes are noted there. Saving copies
 * the text and puts other lines in place of the changed ones, so what nobody changed cannot change.
 * Everything is linear in the size of the file: keys are found by a hash table, and keys and values of
 * all lines share one buffer.
 *
 * How a value is read is OpenVZ's rule, not a shell's: a quoted one ends at the last " of the line, an
 * unquoted one at the end of the line or at a comment behind it, and a backslash always escapes the
 * next character. Values in single quotes, which admins write because shells read these files too, end
 * at the next ' and have no escapes. What we write means the same to both readers.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "conf/file.h"

#define NONE UINT32_MAX

/* An assignment. CONF_FILE_MAX keeps all numbers within 32 bits. */
struct entry {
	uint32_t start, end;	/* its line in the text, newline included; both text_len: appended */
	uint32_t value_start, value_end;	/* quotes included */
	const char *key, *value;	/* in cooked, or in changed */
	char *changed;		/* owned; key and value of a line that was set, NULL: as in the text */
	uint32_t line;
	uint32_t next;		/* in the same slot of the table, or NONE */
	bool duplicate;		/* not in the table */
	bool repeated;		/* has duplicates */
	bool removed;
};

struct conf_file {
	char *path;
	char *text;		/* as read */
	size_t text_len;
	char *cooked;		/* keys and unescaped values of all lines */
	struct entry *entries;	/* in the order of lines, appended ones last */
	uint32_t n_entries, size_entries;
	uint32_t *slots;	/* first entry with such a hash, or NONE */
	uint32_t n_slots;	/* a power of two */
	uint32_t *bad;		/* numbers of lines that say nothing */
	uint32_t n_bad, size_bad;
	uint32_t n_lines;
	bool changed;
};

/* ---- the table of keys ---- */

static uint32_t hash_key(const char *key)
{
	uint32_t h = 2166136261u;

	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 16777619u;
	return h ^ h >> 15;
}

static struct entry *find(const struct conf_file *f, const char *key)
{
	uint32_t i = f->n_slots ? f->slots[hash_key(key) & (f->n_slots - 1)] : NONE;

	while (i != NONE && strcmp(f->entries[i].key, key) != 0)
		i = f->entries[i].next;
	return i == NONE ? NULL : &f->entries[i];
}

static void put_in_slot(struct conf_file *f, uint32_t i)
{
	uint32_t *slot = &f->slots[hash_key(f->entries[i].key) & (f->n_slots - 1)];

	f->entries[i].next = *slot;
	*slot = i;
}

static int grow_slots(struct conf_file *f)
{
	uint32_t n = f->n_slots ? f->n_slots * 2 : 64;
	uint32_t *slots = malloc(n * sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	memset(slots, 0xff, n * sizeof(*slots));
	free(f->slots);
	f->slots = slots;
	f->n_slots = n;
	for (uint32_t i = 0; i < f->n_entries; i++)
		if (!f->entries[i].duplicate && !f->entries[i].removed)
			put_in_slot(f, i);
	return 0;
}

/* array with room for one more item after n; NULL if memory ran out, array is still there then. */
static void *grown(void *array, uint32_t n, uint32_t *size, size_t item)
{
	uint32_t more = *size ? *size * 2 : 32;

	if (n < *size)
		return array;
	array = realloc(array, more * item);
	if (array)
		*size = more;
	return array;
}

/* Append an entry; the first of its key goes to the table. */
static int add_entry(struct conf_file *f, struct entry e)
{
	struct entry *entries = grown(f->entries, f->n_entries, &f->size_entries, sizeof(*entries));
	struct entry *first;

	if (!entries)
		return -ENOMEM;
	f->entries = entries;
	if (f->n_entries >= f->n_slots && grow_slots(f) < 0)
		return -ENOMEM;
	first = find(f, e.key);
	if (first)
		first->repeated = e.duplicate = true;
	f->entries[f->n_entries] = e;
	if (!first)
		put_in_slot(f, f->n_entries);
	f->n_entries++;
	return 0;
}

/* ---- reading ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Length of the shell name s begins with. */
static size_t name_len(const char *s)
{
	size_t n = 0;

	/* Not strspn(), which makes a table of what it looks for each time. */
	while ((s[n] >= 'A' && s[n] <= 'Z') || (s[n] >= 'a' && s[n] <= 'z') || s[n] == '_' ||
	       (n && s[n] >= '0' && s[n] <= '9'))
		n++;
	return n;
}

/* Copy len bytes without escapes to out, which may not be shorter; returns the end of the copy. */
static char *unescape(const char *s, size_t len, char *out)
{
	const char *end = s + len;

	for (; s < end; s++) {
		if (*s == '\\' && s + 1 < end)
			s++;
		*out++ = *s;
	}
	return out;
}

/* Where an unquoted value ends: before the blanks at the end, or before a comment behind it. */
static const char *end_of_bare_value(const char *s, const char *end)
{
	const char *last = s;

	for (const char *p = s; p < end; p++) {
		if (*p == '#' && p > s && is_blank(p[-1]))
			break;
		if (*p == '\\' && p + 1 < end)
			last = ++p + 1;
		else if (!is_blank(*p))
			last = p + 1;
	}
	return last;
}

enum line_kind { LINE_EMPTY, LINE_ASSIGNMENT, LINE_BAD };

/*
 * Look at the line from e->start up to end (newline and CR excluded); fill e and write key and value
 * to *cooked, which moves on. They need no more room there than in the line.
 */
static enum line_kind read_line(const struct conf_file *f, struct entry *e, const char *end, char **cooked)
{
	const char *s = f->text + e->start;
	const char *last;
	char *out = *cooked;
	size_t n;

	while (s < end && is_blank(*s))
		s++;
	if (s == end || *s == '#')
		return LINE_EMPTY;
	n = name_len(s);
	if (n == 0 || s[n] != '=')
		return LINE_BAD;
	e->key = out;
	out = mempcpy(out, s, n);
	*out++ = '\0';
	s += n + 1;

	e->value = out;
	e->value_start = (uint32_t)(s - f->text);
	if (s < end && *s == '"') {
		last = memrchr(s + 1, '"', (size_t)(end - s - 1));
		if (!last)
			return LINE_BAD;
		out = unescape(s + 1, (size_t)(last - s - 1), out);
		last++;
	} else if (s < end && *s == '\'') {
		last = memchr(s + 1, '\'', (size_t)(end - s - 1));
		if (!last)
			return LINE_BAD;
		out = mempcpy(out, s + 1, (size_t)(last - s - 1));
		last++;
	} else {
		last = end_of_bare_value(s, end);
		out = unescape(s, (size_t)(last - s), out);
	}
	*out++ = '\0';
	e->value_end = (uint32_t)(last - f->text);
	*cooked = out;
	return LINE_ASSIGNMENT;
}

static int read_lines(struct conf_file *f)
{
	const char *text_end = f->text + f->text_len;
	uint32_t *bad;
	char *cooked;
	int r = 0;

	/* A line "K=V" and its newline become "K", NUL, "V", NUL; the last one may lack its newline. */
	f->cooked = cooked = malloc(f->text_len + 1);
	if (!cooked)
		return -ENOMEM;
	for (const char *s = f->text; s < text_end && r == 0;) {
		const char *newline = memchr(s, '\n', (size_t)(text_end - s));
		const char *next = newline ? newline + 1 : text_end;
		const char *end = newline ? newline : text_end;
		struct entry e = {
			.start = (uint32_t)(s - f->text),
			.end = (uint32_t)(next - f->text),
			.line = ++f->n_lines,
			.next = NONE,
		};

		if (end > s && end[-1] == '\r')
			end--;
		switch (read_line(f, &e, end, &cooked)) {
		case LINE_ASSIGNMENT:
			r = add_entry(f, e);
			break;
		case LINE_BAD:
			bad = grown(f->bad, f->n_bad, &f->size_bad, sizeof(*bad));
			if (!bad)
				return -ENOMEM;
			f->bad = bad;
			f->bad[f->n_bad++] = e.line;
			break;
		case LINE_EMPTY:
			break;
		}
		s = next;
	}
	return r;
}

int conf_file_new(const char *path, struct conf_file **ret)
{
	struct conf_file *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->path = strdup(path);
	f->text = strdup("");
	if (!f->path || !f->text) {
		conf_file_free(f);
		return -ENOMEM;
	}
	*ret = f;
	return 0;
}

unsigned int conf_file_bad_line(const char *path)
{
	auto_free char *text = NULL;
	unsigned int line = 1;
	size_t len;

	if (file_read(AT_FDCWD, path, CONF_FILE_MAX, &text, &len) < 0 || strlen(text) == len)
		return 0;
	for (const char *p = text; *p; p++)
		line += *p == '\n';
	return line;
}

int conf_file_read(const char *path, struct conf_file **ret)
{
	auto_conf_file struct conf_file *f = NULL;
	auto_free char *text = NULL;
	size_t len;
	int r;

	r = file_read(AT_FDCWD, path, CONF_FILE_MAX, &text, &len);
	if (r < 0)
		return r;
	if (memchr(text, '\0', len))
		return -EILSEQ;
	r = conf_file_new(path, &f);
	if (r < 0)
		return r;
	free(f->text);
	f->text = take_ptr(text);
	f->text_len = len;
	r = read_lines(f);
	if (r < 0)
		return r;
	*ret = take_ptr(f);
	return 0;
}

void conf_file_free(struct conf_file *f)
{
	if (!f)
		return;
	for (uint32_t i = 0; i < f->n_entries; i++)
		free(f->entries[i].changed);
	free(f->entries);
	free(f->slots);
	free(f->bad);
	free(f->cooked);
	free(f->text);
	free(f->path);
	free(f);
}

/* ---- asking ---- */

const char *conf_file_path(const struct conf_file *f)
{
	return f->path;
}

bool conf_file_next(const struct conf_file *f, size_t *iter, struct conf_entry *ret)
{
	while (*iter < f->n_entries) {
		const struct entry *e = &f->entries[(*iter)++];

		if (e->removed)
			continue;
		*ret = (struct conf_entry){
			.key = e->key,
			.value = e->value,
			.line = e->line,
			.duplicate = e->duplicate,
		};
		return true;
	}
	return false;
}

unsigned int conf_file_next_bad(const struct conf_file *f, size_t *iter)
{
	return *iter < f->n_bad ? f->bad[(*iter)++] : 0;
}

const char *conf_file_get(const struct conf_file *f, const char *key)
{
	const struct entry *e = find(f, key);

	return e ? e->value : NULL;
}

/* ---- changing ---- */

static void remove_entry(struct conf_file *f, struct entry *e)
{
	uint32_t *link;

	e->removed = true;
	f->changed = true;
	if (e->duplicate)
		return;
	link = &f->slots[hash_key(e->key) & (f->n_slots - 1)];
	while (&f->entries[*link] != e)
		link = &f->entries[*link].next;
	*link = e->next;
}

/* Further lines of the key of a first one. */
static void remove_duplicates(struct conf_file *f, struct entry *first)
{
	if (!first->repeated)
		return;
	for (struct entry *e = first + 1; e < f->entries + f->n_entries; e++)
		if (e->duplicate && !e->removed && strcmp(e->key, first->key) == 0)
			remove_entry(f, e);
	first->repeated = false;
}

/* Key and value in one piece of memory. */
static char *join_copy(const char *key, const char *value)
{
	size_t n = strlen(key) + 1, m = strlen(value) + 1;
	char *s = malloc(n + m);

	if (s)
		memcpy(mempcpy(s, key, n), value, m);
	return s;
}

int conf_file_set(struct conf_file *f, const char *key, const char *value)
{
	struct entry *e = find(f, key);
	char *copy;
	int r;

	if (!name_len(key) || key[name_len(key)] || strchr(value, '\n'))
		return -EINVAL;
	if (e && strcmp(e->value, value) == 0) {
		remove_duplicates(f, e);
		return 0;
	}
	copy = join_copy(key, value);
	if (!copy)
		return -ENOMEM;
	if (e) {
		free(e->changed);
		e->changed = copy;
		e->key = copy;
		e->value = copy + strlen(copy) + 1;
		f->changed = true;
		remove_duplicates(f, e);
		return 0;
	}
	r = add_entry(f, (struct entry){
		.start = (uint32_t)f->text_len,
		.end = (uint32_t)f->text_len,
		.key = copy,
		.value = copy + strlen(copy) + 1,
		.changed = copy,
		.line = f->n_lines + 1,
		.next = NONE,
	});
	if (r < 0) {
		free(copy);
		return r;
	}
	f->n_lines++;
	f->changed = true;
	return 0;
}

void conf_file_unset(struct conf_file *f, const char *key)
{
	struct entry *e = find(f, key);

	if (!e)
		return;
	remove_duplicates(f, e);
	remove_entry(f, e);
}

bool conf_file_is_changed(const struct conf_file *f)
{
	return f->changed;
}

/* ---- writing ---- */

size_t conf_veid_len(const char *s)
{
	if (str_has_prefix(s, "${VEID}"))
		return strlen("${VEID}");
	/* $VEIDX would be another variable. */
	if (str_has_prefix(s, "$VEID") && !name_len(s + 5) && !(s[5] >= '0' && s[5] <= '9'))
		return strlen("$VEID");
	return 0;
}

static void add_quoted(struct vz_str *out, const char *value)
{
	str_add_char(out, '"');
	while (*value) {
		size_t n = conf_veid_len(value);

		if (!n) {
			if (strchr("$`\"\\", *value))
				str_add_char(out, '\\');
			n = 1;
		}
		str_add_n(out, value, n);
		value += n;
	}
	str_add_char(out, '"');
}

char *conf_quote(const char *value)
{
	struct vz_str out = { 0 };

	add_quoted(&out, value);
	return str_take(&out);
}

/*
 * The comment behind the value of the old line stays, unless its quotes would become part of the value
 * for readers that look for the last one.
 */
static void add_trailing_comment(const struct conf_file *f, const struct entry *e, struct vz_str *out)
{
	const char *s = f->text + e->value_end;
	const char *end = f->text + e->end;
	const char *p = s;

	while (end > s && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	while (p < end && is_blank(*p))
		p++;
	if (p > s && p < end && *p == '#' && !memchr(p, '"', (size_t)(end - p)))
		str_add_n(out, s, (size_t)(end - s));
}

static void add_line(const struct conf_file *f, const struct entry *e, struct vz_str *out)
{
	if (out->len && out->s[out->len - 1] != '\n')
		str_add_char(out, '\n');
	str_add(out, e->key);
	str_add_char(out, '=');
	add_quoted(out, e->value);
	if (e->end > e->start)
		add_trailing_comment(f, e, out);
	str_add_char(out, '\n');
}

int conf_file_save_as(struct conf_file *f, const char *path)
{
	auto_str struct vz_str out = { 0 };
	size_t done = 0;

	for (uint32_t i = 0; i < f->n_entries; i++) {
		const struct entry *e = &f->entries[i];

		if (!e->changed && !e->removed)
			continue;
		str_add_n(&out, f->text + done, e->start - done);
		done = e->end;
		if (!e->removed)
			add_line(f, e, &out);
	}
	str_add_n(&out, f->text + done, f->text_len - done);
	if (out.failed)
		return -ENOMEM;
	return file_replace(path, 0644, str_get(&out), out.len);
}

int conf_file_save(struct conf_file *f)
{
	return conf_file_save_as(f, f->path);
}
