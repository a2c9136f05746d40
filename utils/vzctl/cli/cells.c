/* SPDX-License-Identifier: GPL-2.0-only */
/* Cells of vzlist's table; see cells.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cells.h"
#include "include/vzctl.h"

void cell_done(struct cell *c)
{
	free(c->text);
	*c = (struct cell){ 0 };
}

static char *format_uptime(double seconds)
{
	uint64_t s = (uint64_t)seconds;
	char *text;

	return asprintf(&text, "%.3" PRIu64 "d%.2" PRIu64 "h:%.2" PRIu64 "m:%.2" PRIu64 "s", s / 86400,
			s / 3600 % 24, s / 60 % 60, s % 60) < 0 ? NULL : text;
}

static char *format_num(uint64_t num)
{
	char *text;

	return asprintf(&text, "%" PRIu64, num) < 0 ? NULL : text;
}

static char *format_reals(const char *fmt, const double real[3])
{
	char *text;
	int r;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	r = asprintf(&text, fmt, real[0], real[1], real[2]);
#pragma GCC diagnostic pop
	return r < 0 ? NULL : text;
}

char *cell_format(enum cell_kind kind, const struct cell *c, bool is_last)
{
	if (!c->set)
		return strdup("-");
	switch (kind) {
	case CELL_LIST:
		return is_last ? strdup(c->text) : strndup(c->text, strcspn(c->text, " "));
	case CELL_TEXT:
	case CELL_FLAGS:
	case CELL_STATUS:
		return strdup(c->text);
	case CELL_TEXT_OR_NUM:
		return c->text ? strdup(c->text) : format_num(c->num);
	case CELL_REAL:
		return format_reals("%g", c->real);
	case CELL_YESNO:
		return strdup(c->num ? "yes" : "no");
	case CELL_UPTIME:
		return format_uptime(c->real[0]);
	case CELL_LOAD:
		return format_reals("%.2f/%.2f/%.2f", c->real);
	case CELL_NUM:
	case CELL_NUM_OR_0:
	case CELL_COUNTER:
	case CELL_DISK:
	case CELL__MAX:
		break;
	}
	return format_num(c->num);
}

static int compare_num(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_real(double a, double b)
{
	return (a > b) - (a < b);
}

int cell_compare(enum cell_kind kind, const struct cell *a, const struct cell *b)
{
	int r = 0;

	if (kind == CELL_YESNO || kind == CELL_FLAGS)
		return 0;
	/* The longest running first, as it always was. */
	if (kind == CELL_UPTIME)
		return compare_real(b->real[0], a->real[0]);
	if (!a->set || !b->set)
		return (int)a->set - (int)b->set;
	switch (kind) {
	case CELL_TEXT:
	case CELL_LIST:
		return strcmp(a->text, b->text);
	case CELL_TEXT_OR_NUM:
		/* Numbers before names. */
		if (!a->text || !b->text)
			return a->text ? 1 : b->text ? -1 : compare_num(a->num, b->num);
		return strcmp(a->text, b->text);
	case CELL_REAL:
	case CELL_LOAD:
		for (size_t i = 0; i < ARRAY_SIZE(a->real) && !r; i++)
			r = compare_real(a->real[i], b->real[i]);
		return r;
	default:
		return compare_num(a->num, b->num);
	}
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Bytes of the first max characters of text, and how many characters that are. */
static size_t measure(const char *text, size_t max, size_t *ret_chars)
{
	size_t len = 0, chars = 0;

	while (text[len] && (chars < max || is_continuation(text[len])))
		if (!is_continuation(text[len++]))
			chars++;
	*ret_chars = chars;
	return len;
}

/* Bytes of the control character s begins with, those terminals know as U+0080 to U+009F included; or 0. */
static size_t control_len(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;

	if (u[0] == 0xc2 && u[1] >= 0x80 && u[1] <= 0x9f)
		return 2;
	return u[0] < ' ' || u[0] == 0x7f;
}

void cell_put(FILE *f, const char *text, int width, bool cut)
{
	size_t room = (size_t)abs(width), chars;
	size_t len = measure(text, cut ? room : SIZE_MAX, &chars);
	int pad = chars < room ? (int)(room - chars) : 0;

	if (width > 0)
		(void)fprintf(f, "%*s", pad, "");
	for (size_t i = 0; i < len; ) {
		size_t n = control_len(text + i);

		(void)fputc(n ? '?' : text[i], f);
		i += n ? n : 1;
	}
	if (width < 0)
		(void)fprintf(f, "%*s", pad, "");
}

static const char *parse_half(const char *text, uint64_t *ret)
{
	char *end;

	if (!strncmp(text, "unlimited", strlen("unlimited"))) {
		*ret = CELL_UNLIMITED;
		return text + strlen("unlimited");
	}
	if (*text < '0' || *text > '9')
		return NULL;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	return errno ? NULL : end;
}

bool pair_parse(const char *text, uint64_t *ret_first, uint64_t *ret_second)
{
	const char *rest = parse_half(text, ret_first);

	if (rest && !*rest) {
		*ret_second = *ret_first;
		return true;
	}
	if (!rest || *rest != ':')
		return false;
	rest = parse_half(rest + 1, ret_second);
	return rest && !*rest;
}
