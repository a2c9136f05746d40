/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Types that are lists of words: what all of them share, plain words, passwords, and NAME:on|off
 * lists (capabilities, features). Lists with nothing in them count as not set: see
 * value_parse_as() and edits_apply().
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "conf/type-impl.h"

#define BLANKS " \t"

/* ---- what all lists share ---- */

int list_copy(const struct vz_value *v, struct vz_value *ret)
{
	char **copy;

	if (strv_copy(v->list, &copy) < 0)
		return -ENOMEM;
	*ret = (struct vz_value){ .set = true, .list = copy };
	return 0;
}

bool list_equal(const struct vz_value *a, const struct vz_value *b)
{
	return strv_equal(a->list, b->list);
}

void list_done(struct vz_value *v)
{
	strv_free(v->list);
	*v = (struct vz_value){ 0 };
}

void list_format(const struct vz_param *p VZ_UNUSED, const struct vz_value *v, struct vz_str *out)
{
	for (char **word = v->list; word && *word; word++) {
		if (word != v->list)
			str_add_char(out, ' ');
		str_add(out, *word);
	}
}

bool list_same_word(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool same_head(const char *a, size_t n, const char *b, size_t m)
{
	return n == m && memcmp(a, b, n) == 0;
}

bool list_same_until(const char *a, const char *b, char c)
{
	return same_head(a, (size_t)(strchrnul(a, c) - a), b, (size_t)(strchrnul(b, c) - b));
}

static size_t until_last(const char *s, char c)
{
	const char *last = strrchr(s, c);

	return last ? (size_t)(last - s) : strlen(s);
}

bool list_same_until_last(const char *a, const char *b, char c)
{
	return same_head(a, until_last(a, c), b, until_last(b, c));
}

int list_any_word(const char *word, char **ret)
{
	*ret = strdup(word);
	return *ret ? 0 : -ENOMEM;
}

static int find_same(const struct list_syntax *y, char *const *list, const char *word)
{
	for (int i = 0; list && list[i]; i++)
		if (y->same(list[i], word))
			return i;
	return -1;
}

/* Put word, which becomes the list's, where the same one was, or at the end. */
static int put_word(const struct list_syntax *y, char ***list, char *word)
{
	int i = find_same(y, *list, word);

	if (i < 0)
		return strv_take(list, word);
	free((*list)[i]);
	(*list)[i] = word;
	return 0;
}

int list_parse(const struct list_syntax *y, enum vz_source from, const char *text, struct vz_value *ret)
{
	auto_strv char **list = NULL;
	size_t count = 0;
	int note = 0;

	while (*(text += strspn(text, y->seps))) {
		size_t n = strcspn(text, y->seps);
		auto_free char *word = NULL;
		char *stored = NULL;
		int r;

		if (count++ == LIST_MAX) {
			if (from == VZ_FROM_OPTION)
				return -ERANGE;
			note = VZ_PARSE_TRUNCATED;
			break;
		}
		word = strndup(text, n);
		if (!word)
			return -ENOMEM;
		text += n;
		r = y->canonical(word, &stored);
		if (r == -EINVAL && y->drop_unknown && from == VZ_FROM_FILE) {
			note = VZ_PARSE_UNKNOWN;
			continue;
		}
		if (r == 0 && stored)
			r = put_word(y, &list, stored);
		if (r < 0)
			return r;
	}
	*ret = (struct vz_value){ .set = true, .list = take_ptr(list) };
	return note;
}

int list_edit(const struct list_syntax *y, struct vz_value *v, enum vz_edit_op op, const struct vz_value *by)
{
	if (!v->set)
		*v = (struct vz_value){ .set = true };
	for (char **word = by->list; word && *word; word++) {
		if (op == VZ_DEL) {
			int i = find_same(y, v->list, *word);

			if (i >= 0)
				strv_remove(v->list, (size_t)i);
		} else {
			char *copy = strdup(*word);
			int r = copy ? put_word(y, &v->list, copy) : -ENOMEM;

			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* ---- plain words ---- */

static const struct list_syntax words = {
	.seps = BLANKS ",", .canonical = list_any_word, .same = list_same_word,
};

static int words_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
		       struct vz_value *ret)
{
	return list_parse(&words, from, text, ret);
}

static int words_edit(struct vz_value *v, enum vz_edit_op op, const struct vz_value *by)
{
	return list_edit(&words, v, op, by);
}

/* ---- user:password; the whole text is one word, blanks belong to the password ---- */

static int password_canonical(const char *word, char **ret)
{
	const char *colon = strchr(word, ':');

	if (!colon || colon == word || !colon[1])
		return -EINVAL;
	for (const char *c = word; c < colon; c++)
		if (isspace((unsigned char)*c))
			return -EINVAL;
	return list_any_word(word, ret);
}

static bool same_user(const char *a, const char *b)
{
	return list_same_until(a, b, ':');
}

static const struct list_syntax passwords = {
	.seps = "", .canonical = password_canonical, .same = same_user,
};

static int userpasswd_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
			    struct vz_value *ret)
{
	return list_parse(&passwords, from, text, ret);
}

static int userpasswd_edit(struct vz_value *v, enum vz_edit_op op, const struct vz_value *by)
{
	return list_edit(&passwords, v, op, by);
}

/* ---- NAME:on|off ---- */

/* All of linux/capability.h; setveid and ve_admin are OpenVZ's. */
static const char *const capability_names[] = {
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
	"linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner",
	"sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
	"sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap",
	"mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf",
	"checkpoint_restore", "ve_admin", "setveid", NULL,
};

static const char *const feature_names[] = {
	"sysfs", "nfs", "nfsd", "sit", "ipip", "ipgre", "ppp", "bridge", "time", "tun", "fuse", "io_uring", "lxcfs",
	"detect", NULL,
};

/* A kind of NAME:on|off list. */
struct onoff_kind {
	const char *const *names;
	/* Capabilities: in any letter case, "cap_" in front or not, stored in upper case. */
	bool caps;
	/* What is said before and behind a word that is not of this form, or whose name is not known. */
	const char *malformed[2], *unknown[2];
};

static const struct onoff_kind capability_kind = {
	.names = capability_names,
	.caps = true,
	.malformed = { "Can't parse capability ", " (expecting capname:on|off)" },
	.unknown = { "Capability ", " is unknown" },
};
static const struct onoff_kind feature_kind = {
	.names = feature_names,
	.malformed = { "Can't parse feature ", " (expecting name:on|off)" },
	.unknown = { "Unknown feature: ", "" },
};

enum onoff_fault { ONOFF_FINE, ONOFF_MALFORMED, ONOFF_UNKNOWN };

/* Take len bytes of "NAME:on" apart; *ret_name is the table's spelling. */
static enum onoff_fault onoff_read(const struct onoff_kind *kind, const char *word, size_t len,
				   const char **ret_name, bool *ret_on)
{
	const char *colon = memchr(word, ':', len);
	size_t n = colon ? (size_t)(colon - word) : 0, m = colon ? len - n - 1 : 0;

	if (!n || !(same_head(colon + 1, m, "on", 2) || same_head(colon + 1, m, "off", 3)))
		return ONOFF_MALFORMED;
	*ret_on = m == 2;
	if (kind->caps && n > 4 && strncasecmp(word, "cap_", 4) == 0) {
		word += 4;
		n -= 4;
	}
	for (const char *const *name = kind->names; *name; name++) {
		if (strlen(*name) != n)
			continue;
		if (kind->caps ? strncasecmp(*name, word, n) == 0 : strncmp(*name, word, n) == 0) {
			*ret_name = *name;
			return ONOFF_FINE;
		}
	}
	return ONOFF_UNKNOWN;
}

static int onoff_canonical(const struct onoff_kind *kind, const char *word, char **ret)
{
	const char *name;
	bool on;

	if (onoff_read(kind, word, strlen(word), &name, &on) != ONOFF_FINE)
		return -EINVAL;
	*ret = str_printf("%s:%s", name, on ? "on" : "off");
	if (!*ret)
		return -ENOMEM;
	for (char *c = *ret; kind->caps && *c != ':'; c++)
		*c = (char)toupper((unsigned char)*c);
	return 0;
}

/* What is wrong with the first word that cannot be taken. */
static char *onoff_explain(const struct onoff_kind *kind, const char *text)
{
	while (*(text += strspn(text, BLANKS ","))) {
		size_t len = strcspn(text, BLANKS ",");
		const char *name;
		bool on;
		enum onoff_fault fault = onoff_read(kind, text, len, &name, &on);
		const char *const *around = fault == ONOFF_UNKNOWN ? kind->unknown : kind->malformed;

		if (fault != ONOFF_FINE) {
			size_t shown = fault == ONOFF_UNKNOWN ? strcspn(text, ":") : len;

			return str_printf("%s%.*s%s", around[0], (int)VZ_MIN(shown, (size_t)64), text,
					  around[1]);
		}
		text += len;
	}
	return NULL;
}

static bool same_name(const char *a, const char *b)
{
	return list_same_until(a, b, ':');
}

static int capability_canonical(const char *word, char **ret)
{
	return onoff_canonical(&capability_kind, word, ret);
}

static int feature_canonical(const char *word, char **ret)
{
	return onoff_canonical(&feature_kind, word, ret);
}

static const struct list_syntax capabilities = {
	.seps = BLANKS ",", .canonical = capability_canonical, .same = same_name,
};
static const struct list_syntax features = {
	.seps = BLANKS ",", .canonical = feature_canonical, .same = same_name, .drop_unknown = true,
};

static int capabilities_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
			      struct vz_value *ret)
{
	return list_parse(&capabilities, from, text, ret);
}

static int capabilities_edit(struct vz_value *v, enum vz_edit_op op, const struct vz_value *by)
{
	return list_edit(&capabilities, v, op, by);
}

static char *capabilities_explain(const struct vz_param *p VZ_UNUSED, const char *text)
{
	return onoff_explain(&capability_kind, text);
}

static int features_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
			  struct vz_value *ret)
{
	return list_parse(&features, from, text, ret);
}

static int features_edit(struct vz_value *v, enum vz_edit_op op, const struct vz_value *by)
{
	return list_edit(&features, v, op, by);
}

static char *features_explain(const struct vz_param *p VZ_UNUSED, const char *text)
{
	return onoff_explain(&feature_kind, text);
}

/* ---- the types ---- */

const struct vz_type type_strlist = {
	.name = "list", LIST_VALUE, .parse = words_parse, .format = list_format, .edit = words_edit,
};
const struct vz_type type_userpasswd = {
	.name = "password", LIST_VALUE, .secret = true,
	.parse = userpasswd_parse, .format = list_format, .edit = userpasswd_edit,
};
const struct vz_type type_capabilities = {
	.name = "capabilities", .words = capability_names, LIST_VALUE, .parse = capabilities_parse, .format = list_format,
	.edit = capabilities_edit, .explain = capabilities_explain,
};
const struct vz_type type_features = {
	.name = "features", .words = feature_names, LIST_VALUE, .parse = features_parse, .format = list_format,
	.edit = features_edit, .explain = features_explain,
};
