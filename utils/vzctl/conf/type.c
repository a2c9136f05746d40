/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Types with a single text, number or yes/no, and the functions that work on values of any type.
 * Texts are checked for syntax only: whether a path or device exists is the business of who uses it.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mask.h"
#include "base/parse.h"
#include "conf/osrelease.h"
#include "conf/type-impl.h"

#define CPUINFO_MAX (16 << 20)

/* ---- any type ---- */

int value_parse_as(const struct vz_type *type, enum vz_param_id id, enum vz_source from, const char *text,
		   struct vz_value *ret)
{
	int r;

	*ret = (struct vz_value){ 0 };
	if (!*text) {
		bool can_be_empty = type->kind == VZ_K_STR || type->kind == VZ_K_LIST;

		return from == VZ_FROM_FILE || can_be_empty ? 0 : -EINVAL;
	}
	/* A file has one line for each parameter. */
	if (strchr(text, '\n'))
		return -EINVAL;
	r = type->parse(param_get(id), from, text, ret);
	/* A list of nothing (IP_ADDRESS=" ") is one that is not set. */
	if (r >= 0 && type->kind == VZ_K_LIST && !ret->list)
		ret->set = false;
	return r;
}

int value_parse(enum vz_param_id id, enum vz_source from, const char *text, struct vz_value *ret)
{
	return value_parse_as(param_get(id)->type, id, from, text, ret);
}

int value_copy(enum vz_param_id id, const struct vz_value *v, struct vz_value *ret)
{
	if (!v->set) {
		*ret = (struct vz_value){ 0 };
		return 0;
	}
	return param_get(id)->type->copy(v, ret);
}

bool value_equal(enum vz_param_id id, const struct vz_value *a, const struct vz_value *b)
{
	if (!a->set || !b->set)
		return a->set == b->set;
	return param_get(id)->type->equal(a, b);
}

void value_done(enum vz_param_id id, struct vz_value *v)
{
	if (!v->set)
		return;
	param_get(id)->type->done(v);
	*v = (struct vz_value){ 0 };
}

char *value_text(enum vz_param_id id, const struct vz_value *v)
{
	const struct vz_param *p = param_get(id);
	struct vz_str out = { 0 };

	if (!v->set)
		return NULL;
	p->type->format(p, v, &out);
	return str_take(&out);
}

int plain_copy(const struct vz_value *v, struct vz_value *ret)
{
	*ret = *v;
	return 0;
}

void plain_done(struct vz_value *v)
{
	*v = (struct vz_value){ 0 };
}

/* ---- texts ---- */

static int text_copy(const struct vz_value *v, struct vz_value *ret)
{
	char *s = strdup(v->str);

	if (!s)
		return -ENOMEM;
	*ret = (struct vz_value){ .set = true, .str = s };
	return 0;
}

static bool text_equal(const struct vz_value *a, const struct vz_value *b)
{
	return strcmp(a->str, b->str) == 0;
}

static void text_done(struct vz_value *v)
{
	free(v->str);
	*v = (struct vz_value){ 0 };
}

static void text_format(const struct vz_param *p VZ_UNUSED, const struct vz_value *v, struct vz_str *out)
{
	str_add(out, v->str);
}

#define TEXT_VALUE \
	.kind = VZ_K_STR, .copy = text_copy, .equal = text_equal, .done = text_done, .format = text_format

/* Take over s (NULL: memory ran out). */
static int take_text(char *s, struct vz_value *ret)
{
	if (!s)
		return -ENOMEM;
	*ret = (struct vz_value){ .set = true, .str = s };
	return 0;
}

static int str_parse(const struct vz_param *p, enum vz_source from VZ_UNUSED, const char *text,
		     struct vz_value *ret)
{
	size_t len = strlen(text);

	if ((p->min || p->max) && (len < p->min || len > p->max))
		return -ERANGE;
	return take_text(strdup(text), ret);
}

static int path_parse(const struct vz_param *p, enum vz_source from, const char *text, struct vz_value *ret)
{
	return text[0] == '/' ? str_parse(p, from, text, ret) : -EINVAL;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int name_parse(const struct vz_param *p, enum vz_source from, const char *text, struct vz_value *ret)
{
	for (const char *c = text; *c; c++)
		if (!is_alnum(*c) && !strchr(" -+_.", *c) && (unsigned char)*c < 0x80)
			return -EINVAL;
	/* It becomes the name of a link. */
	if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0 || strlen(text) > 255)
		return -EINVAL;
	return str_parse(p, from, text, ret);
}

static char *name_explain(const struct vz_param *p VZ_UNUSED, const char *text)
{
	return str_printf("Error: invalid name %s", text);
}

static int hostname_parse(const struct vz_param *p, enum vz_source from, const char *text,
			  struct vz_value *ret)
{
	for (const char *c = text; *c; c++)
		if (!is_alnum(*c) && !strchr("-_.", *c))
			return -EINVAL;
	return str_parse(p, from, text, ret);
}

static int release_parse(const struct vz_param *p, enum vz_source from, const char *text,
			 struct vz_value *ret)
{
	return osrelease_is_valid(text) ? str_parse(p, from, text, ret) : -EINVAL;
}

/* The words to choose from are those of the row's argument: "one|other". */
static int choice_parse(const struct vz_param *p, enum vz_source from VZ_UNUSED, const char *text,
			struct vz_value *ret)
{
	size_t len = strlen(text);

	for (const char *word = p->arg; *word; word += *word == '|') {
		size_t n = strcspn(word, "|");

		if (n == len && strncmp(word, text, n) == 0)
			return take_text(strdup(text), ret);
		word += n;
	}
	return -EINVAL;
}

static char *netfilter_explain(const struct vz_param *p VZ_UNUSED, const char *text)
{
	return str_printf("Incorrect netfilter value: %s", text);
}

static const char *const layouts[] = {
	"overlay", "simfs", "ploop", "ploop:expanded", "ploop:plain", "ploop:raw", NULL,
};

static int layout_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from VZ_UNUSED, const char *text,
			struct vz_value *ret)
{
	for (const char *const *layout = layouts; *layout; layout++)
		if (strcmp(text, *layout) == 0)
			return take_text(strdup(text), ret);
	return -EINVAL;
}

static int meminfo_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from VZ_UNUSED,
			 const char *text, struct vz_value *ret)
{
	const char *colon = strchr(text, ':');
	uint64_t n;

	if (!colon)
		return strcmp(text, "none") == 0 ? take_text(strdup(text), ret) : -EINVAL;
	if (!str_has_prefix(text, "pages:") && !str_has_prefix(text, "privvmpages:"))
		return -EINVAL;
	if (parse_u64_range(colon + 1, 1, INT64_MAX, &n) < 0)
		return -EINVAL;
	return take_text(strdup(text), ret);
}

/* ---- sets of CPUs and NUMA nodes: "0-2,7" ---- */

static int nodemask_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from VZ_UNUSED,
			  const char *text, struct vz_value *ret)
{
	struct mask m = { 0 };
	int r;

	if (strcmp(text, "all") == 0)
		return take_text(strdup(text), ret);
	r = mask_add(&m, text);
	return r < 0 ? r : take_text(mask_text(&m), ret);
}

static int mask_parse(const struct vz_param *p, enum vz_source from, const char *text, struct vz_value *ret)
{
	if (strcmp(text, "auto") == 0)
		return take_text(strdup(text), ret);
	return nodemask_parse(p, from, text, ret);
}

/* ---- yes and no ---- */

static int yesno_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from VZ_UNUSED, const char *text,
		       struct vz_value *ret)
{
	bool yes;
	int r = parse_yesno(text, &yes);

	if (r < 0)
		return r;
	*ret = (struct vz_value){ .set = true, .yes = yes };
	return 0;
}

static void yesno_format(const struct vz_param *p VZ_UNUSED, const struct vz_value *v, struct vz_str *out)
{
	str_add(out, v->yes ? "yes" : "no");
}

static bool yesno_equal(const struct vz_value *a, const struct vz_value *b)
{
	return a->yes == b->yes;
}

/* ---- numbers ---- */

int uint_parse(const struct vz_param *p, enum vz_source from, const char *text, struct vz_value *ret)
{
	bool bounded = p->min || p->max;
	uint64_t n;
	int r = parse_u64_range(text, p->min, bounded ? p->max : INT64_MAX, &n);
	int note = 0;

	if (r == -ERANGE && from == VZ_FROM_FILE && !bounded) {
		n = INT64_MAX;
		note = VZ_PARSE_TRUNCATED;
	} else if (r < 0) {
		return r;
	}
	*ret = (struct vz_value){ .set = true, .num = n };
	return note;
}

void num_format(const struct vz_param *p VZ_UNUSED, const struct vz_value *v, struct vz_str *out)
{
	str_addf(out, "%llu", (unsigned long long)v->num);
}

bool num_equal(const struct vz_value *a, const struct vz_value *b)
{
	return a->num == b->num;
}

bool bl_equal(const struct vz_value *a, const struct vz_value *b)
{
	return a->bl.bar == b->bl.bar && a->bl.lim == b->bl.lim;
}

/* Log levels: -1 means errors only. */
static int level_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from VZ_UNUSED, const char *text,
		       struct vz_value *ret)
{
	bool minus = text[0] == '-';
	uint64_t n;
	int r = parse_u64_range(text + minus, 0, INT32_MAX, &n);

	if (r < 0)
		return r;
	*ret = (struct vz_value){ .set = true, .num = minus ? -n : n };
	return 0;
}

static void level_format(const struct vz_param *p VZ_UNUSED, const struct vz_value *v, struct vz_str *out)
{
	str_addf(out, "%lld", (long long)(int64_t)v->num);
}

/* How fast a CPU is at most, in MHz; 0: not known. Without frequency scaling it is as fast as it runs now. */
static uint64_t cpu_mhz(void)
{
	auto_free char *text = NULL;
	const char *found;
	uint64_t khz;

	if (file_read_line(AT_FDCWD, "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", &text) == 0 &&
	    parse_u64(text, &khz) == 0)
		return khz / 1000;
	free(text);
	text = NULL;
	if (file_read(AT_FDCWD, "/proc/cpuinfo", CPUINFO_MAX, &text, NULL) < 0)
		return 0;
	found = strstr(text, "\ncpu MHz");
	found = found ? strchr(found, ':') : NULL;
	return found ? strtoull(found + 1, NULL, 10) : 0;
}

/* "1500m": so many MHz. Never 0, which would be no limit at all. */
static int mhz_parse(const struct vz_param *p, const char *digits, uint64_t *ret)
{
	uint64_t mhz = cpu_mhz(), n;
	int r = parse_u64_range(digits, 0, UINT32_MAX, &n);

	if (r < 0)
		return r;
	if (!mhz)
		return -EINVAL;
	*ret = VZ_MAX(n * 100 / mhz, (uint64_t)(n > 0));
	return *ret > p->max ? -ERANGE : 0;
}

/* "50%" is half of the machine as it is now; what is kept is the per cent of one CPU that makes. */
static int cpulimit_parse(const struct vz_param *p, enum vz_source from, const char *text,
			  struct vz_value *ret)
{
	size_t len = strlen(text);
	auto_free char *digits = NULL;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t n;
	int r;

	if (!strchr("%mM", text[len - 1]))
		return uint_parse(p, from, text, ret);
	digits = strndup(text, len - 1);
	if (!digits)
		return -ENOMEM;
	if (text[len - 1] == '%') {
		r = parse_u64_range(digits, 0, 100, &n);
		if (r == 0)
			n = VZ_MIN(n * (cpus > 0 ? (uint64_t)cpus : 1), p->max);
	} else {
		r = mhz_parse(p, digits, &n);
	}
	if (r < 0)
		return r;
	*ret = (struct vz_value){ .set = true, .num = n };
	return 0;
}

/* ---- factors ---- */

/* The locale of the program must not change how files look. */
static double read_double(const char *text)
{
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	double n;

	if (c == (locale_t)0)
		return strtod(text, NULL);
	n = strtod_l(text, NULL, c);
	freelocale(c);
	return n;
}

static void write_double(double n, int digits, struct vz_str *out)
{
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	locale_t before = c == (locale_t)0 ? c : uselocale(c);

	str_addf(out, "%.*g", digits, n);
	if (c != (locale_t)0) {
		(void)uselocale(before);
		freelocale(c);
	}
}

static int real_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from VZ_UNUSED, const char *text,
		      struct vz_value *ret)
{
	const char digits[] = "0123456789";
	const char *s = text + strspn(text, digits);
	double n;

	if (s == text || strlen(text) > 64)
		return -EINVAL;
	if (*s == '.') {
		if (!strspn(++s, digits))
			return -EINVAL;
		s += strspn(s, digits);
	}
	/* "%g" writes a million as 1e+06. */
	if (*s == 'e') {
		s += s[1] == '+' || s[1] == '-' ? 2 : 1;
		if (!strspn(s, digits))
			return -EINVAL;
		s += strspn(s, digits);
	}
	if (*s)
		return -EINVAL;
	n = read_double(text);
	if (n > 1e15)
		return -ERANGE;
	*ret = (struct vz_value){ .set = true, .real = n };
	return 0;
}

static void real_format(const struct vz_param *p VZ_UNUSED, const struct vz_value *v, struct vz_str *out)
{
	/* Six, as "%g" has it, is how it was always written; more only where that would lose some. */
	static const int digits[] = { 6, 15, 17 };
	auto_str struct vz_str text = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(digits); i++) {
		str_reset(&text);
		write_double(v->real, digits[i], &text);
		if (read_double(str_get(&text)) == v->real)
			break;
	}
	str_add(out, str_get(&text));
}

static bool real_equal(const struct vz_value *a, const struct vz_value *b)
{
	return a->real == b->real;
}

/* ---- the types ---- */

const struct vz_type type_str       = { .name = "text",     TEXT_VALUE, .parse = str_parse };
const struct vz_type type_path      = { .name = "path",     TEXT_VALUE, .parse = path_parse };
const struct vz_type type_hostname  = { .name = "hostname", TEXT_VALUE, .parse = hostname_parse };
const struct vz_type type_release   = { .name = "release",  TEXT_VALUE, .parse = release_parse };
const struct vz_type type_choice    = { .name = "choice",   TEXT_VALUE, .parse = choice_parse };
const struct vz_type type_layout    = { .name = "layout",   TEXT_VALUE, .parse = layout_parse, .words = layouts };
const struct vz_type type_meminfo   = { .name = "meminfo",  TEXT_VALUE, .parse = meminfo_parse };
const struct vz_type type_mask      = { .name = "mask",     TEXT_VALUE, .parse = mask_parse };
const struct vz_type type_nodemask  = { .name = "mask",     TEXT_VALUE, .parse = nodemask_parse };
const struct vz_type type_netfilter = {
	.name = "choice", TEXT_VALUE, .parse = choice_parse, .explain = netfilter_explain,
};
const struct vz_type type_name = {
	.name = "name", TEXT_VALUE, .error = VZ_E_SET_NAME, .parse = name_parse, .explain = name_explain,
};

const struct vz_type type_uint     = { .name = "number", NUM_VALUE, .parse = uint_parse, .format = num_format };
const struct vz_type type_level    = { .name = "number", NUM_VALUE, .parse = level_parse, .format = level_format };
const struct vz_type type_cpulimit = { .name = "percent", NUM_VALUE, .parse = cpulimit_parse, .format = num_format };

const struct vz_type type_yesno = {
	.name = "yesno", .kind = VZ_K_YES, .parse = yesno_parse, .format = yesno_format,
	.copy = plain_copy, .equal = yesno_equal, .done = plain_done,
};
const struct vz_type type_real = {
	.name = "factor", .kind = VZ_K_REAL, .parse = real_parse, .format = real_format,
	.copy = plain_copy, .equal = real_equal, .done = plain_done,
};
