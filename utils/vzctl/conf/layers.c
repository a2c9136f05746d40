/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configuration in layers, and the edits of a command line on top of them; see layers.h. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "conf/layers.h"

/* Values in messages are cut to this many bytes. */
#define SHOWN 200

/* ---- layers ---- */

static enum vz_param_id param_id(size_t i)
{
	return (enum vz_param_id)i;
}

/* Put v, which becomes c's, in place of what is there. */
static void replace_value(struct vz_conf *c, enum vz_param_id id, struct vz_value v)
{
	value_done(id, &c->v[id]);
	c->v[id] = v;
}

void conf_done(struct vz_conf *c)
{
	for (size_t i = 0; i < VZ_P__MAX; i++)
		value_done(param_id(i), &c->v[i]);
}

int conf_overlay(struct vz_conf *dst, const struct vz_conf *src)
{
	for (size_t i = 0; i < VZ_P__MAX; i++) {
		struct vz_value copy;

		if (!src->v[i].set)
			continue;
		if (value_copy(param_id(i), &src->v[i], &copy) < 0)
			return -ENOMEM;
		replace_value(dst, param_id(i), copy);
	}
	return 0;
}

int conf_defaults(struct vz_conf *c)
{
	static const struct {
		enum vz_param_id id;
		const char *text;
	} defaults[] = {
		{ VZ_P_stop_timeout,     "120" },
		/* The one limit that holds unasked: a fork bomb takes the host down, anything else waits for RAM. */
		{ VZ_P_numproc,          "8192" },
		{ VZ_P_disk_quota,       "yes" },
		{ VZ_P_ve_root,          "/vz/root/$VEID" },
		{ VZ_P_ve_private,       "/vz/private/$VEID" },
		{ VZ_P_ve_layout,        "overlay" },
		{ VZ_P_ipv6,             "yes" },
		{ VZ_P_netfilter,        "full" },
		{ VZ_P_virtuozzo,        "yes" },
		{ VZ_P_lockdir,          "/run/vz/lock" },
		{ VZ_P_dumpdir,          "/vz/dump" },
		{ VZ_P_template,         "/vz/template" },
		{ VZ_P_ve0cpuunits,      "1000" },
		{ VZ_P_ve_stop_mode,     "stop" },
		{ VZ_P_logging,          "yes" },
		{ VZ_P_logfile,          "/var/log/vzctl.log" },
		{ VZ_P_log_level,        "0" },
		{ VZ_P_verbose,          "0" },
		{ VZ_P_error_on_arpfail, "no" },
		{ VZ_P_nat,              "auto" },
		{ VZ_P_configfile,       "default" },
		{ VZ_P_def_ostemplate,   "debian" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		struct vz_value v;

		if (value_parse(defaults[i].id, VZ_FROM_FILE, defaults[i].text, &v) < 0)
			return -ENOMEM;
		replace_value(c, defaults[i].id, v);
	}
	return 0;
}

bool conf_is_default(const struct vz_conf *c, enum vz_param_id id)
{
	struct vz_conf d = { 0 };
	bool same = conf_defaults(&d) == 0 && value_equal(id, &c->v[id], &d.v[id]);

	conf_done(&d);
	return same;
}

/* ---- files ---- */

/* Names that are understood, with something to be said about them. */
static const char *advice(const char *key, bool is_global)
{
	if (is_global && strcmp(key, "IPTABLES") == 0)
		return "IPTABLES is deprecated here, use NETFILTER of each container";
	if (is_global && strcmp(key, "NETFILTER") == 0)
		return "NETFILTER belongs to each container and is ignored here";
	if (strcmp(key, "VETH") == 0)
		return "VETH is obsolete, use --netif_add";
	return NULL;
}

/* Say why the value of a line is not taken, or not as it is. what: a negative errno or enum vz_parse_note. */
static void warn_value(const struct vz_param *p, int what, const struct conf_file *f,
		       const struct conf_entry *e, const struct vz_log *log, vz_ctid id)
{
	auto_free char *why = p->type->explain ? p->type->explain(p, e->value) : NULL;
	const char *more = strlen(e->value) > SHOWN ? "..." : "";
	const char *path = conf_file_path(f);

	if (what == VZ_PARSE_UNKNOWN && why)
		vz_log(log, VZ_LOG_ERR, id, "Warning: %s (%s:%u)", why, path, e->line);
	else if (what == VZ_PARSE_TRUNCATED)
		vz_log(log, VZ_LOG_ERR, id, "Warning at %s:%u: too large value for %s=\"%.*s%s\", truncated",
		       path, e->line, e->key, SHOWN, e->value, more);
	else
		vz_log(log, VZ_LOG_ERR, id, "Warning at %s:%u: invalid value for %s=\"%.*s%s\"%s%s%s", path,
		       e->line, e->key, SHOWN, e->value, more, why ? " (" : "", why ? why : "",
		       why ? ")" : "");
}

/* The row of an entry that counts, after everything that is to be said about its name; NULL: pass it over. */
static const struct vz_param *param_of_entry(const struct conf_file *f, const struct conf_entry *e,
					     bool is_global, bool *seen, const struct vz_log *log, vz_ctid id)
{
	const struct vz_param *p = param_by_key(e->key);
	const char *hint = advice(e->key, is_global);

	if (hint)
		vz_log(log, VZ_LOG_ERR, id, "Warning at %s:%u: %s", conf_file_path(f), e->line, hint);
	if (!p) {
		if (!param_key_is_obsolete(e->key))
			vz_log(log, VZ_LOG_INFO + 1, id, "Warning at %s:%u: unknown parameter %s, ignored",
			       conf_file_path(f), e->line, e->key);
		return NULL;
	}
	if (p->flags & (is_global ? VZ_PF_LOCAL : VZ_PF_GLOBAL))
		return NULL;
	/* Two names of one parameter are duplicates too. */
	if (seen[p->id]) {
		vz_log(log, VZ_LOG_ERR, id, "Warning at %s:%u: duplicate parameter %s, the first one counts",
		       conf_file_path(f), e->line, e->key);
		return NULL;
	}
	seen[p->id] = true;
	return p;
}

int conf_from_file(struct vz_conf *c, const struct conf_file *f, bool is_global,
		   const struct vz_log *log, vz_ctid id)
{
	bool seen[VZ_P__MAX] = { false };
	struct conf_entry e;
	size_t iter = 0;
	unsigned int line;

	while ((line = conf_file_next_bad(f, &iter)))
		vz_log(log, VZ_LOG_ERR, id, "Warning at %s:%u: not of the form NAME=\"value\", ignored",
		       conf_file_path(f), line);
	iter = 0;
	while (conf_file_next(f, &iter, &e)) {
		const struct vz_param *p = param_of_entry(f, &e, is_global, seen, log, id);
		struct vz_value v;
		int r;

		if (!p)
			continue;
		r = value_parse(p->id, VZ_FROM_FILE, e.value, &v);
		if (r == -ENOMEM)
			return r;
		if (r != 0)
			warn_value(p, r, f, &e, log, id);
		if (r >= 0 && v.set)
			replace_value(c, p->id, v);
	}
	return 0;
}

/* ---- asking ---- */

char *conf_expand(const struct vz_conf *c, enum vz_param_id id, vz_ctid ctid)
{
	const char *s = conf_str(c, id);
	struct vz_str out = { 0 };

	if (!s)
		return NULL;
	while (*s) {
		size_t n = conf_veid_len(s);

		if (n)
			str_addf(&out, "%u", ctid);
		else
			str_add_n(&out, s, n = 1 + strcspn(s + 1, "$"));
		s += n;
	}
	return str_take(&out);
}

static const struct vz_value *value_of_kind(const struct vz_conf *c, enum vz_param_id id, enum vz_kind kind)
{
	assert(param_get(id)->type->kind == kind);
	return c->v[id].set ? &c->v[id] : NULL;
}

const char *conf_str(const struct vz_conf *c, enum vz_param_id id)
{
	const struct vz_value *v = value_of_kind(c, id, VZ_K_STR);

	return v ? v->str : NULL;
}

uint64_t conf_num(const struct vz_conf *c, enum vz_param_id id, uint64_t fallback)
{
	const struct vz_value *v = value_of_kind(c, id, VZ_K_NUM);

	return v ? v->num : fallback;
}

bool conf_yes(const struct vz_conf *c, enum vz_param_id id, bool fallback)
{
	const struct vz_value *v = value_of_kind(c, id, VZ_K_YES);

	return v ? v->yes : fallback;
}

char *const *conf_list(const struct vz_conf *c, enum vz_param_id id)
{
	const struct vz_value *v = value_of_kind(c, id, VZ_K_LIST);

	return v ? v->list : NULL;
}

/* ---- edits ---- */

void edits_done(struct vz_edits *e)
{
	for (size_t i = 0; i < e->n; i++)
		value_done(e->e[i].id, &e->e[i].value);
	free(e->e);
	*e = (struct vz_edits){ 0 };
}

/* Append an edit; v becomes e's, even if this fails. */
static int add_edit(struct vz_edits *e, enum vz_param_id id, enum vz_edit_op op, struct vz_value v)
{
	struct vz_edit *bigger = realloc(e->e, (e->n + 1) * sizeof(*bigger));

	if (!bigger) {
		value_done(id, &v);
		return -ENOMEM;
	}
	e->e = bigger;
	/* To set to nothing is to clear. */
	if (op == VZ_SET && !v.set)
		op = VZ_CLEAR;
	e->e[e->n++] = (struct vz_edit){ .id = id, .op = op, .value = v };
	return 0;
}

int edits_append(struct vz_edits *dst, const struct vz_edits *src)
{
	for (size_t i = 0; i < src->n; i++) {
		const struct vz_edit *edit = &src->e[i];
		struct vz_value copy;

		if (value_copy(edit->id, &edit->value, &copy) < 0 ||
		    add_edit(dst, edit->id, edit->op, copy) < 0)
			return -ENOMEM;
	}
	return 0;
}

bool edits_has(const struct vz_edits *e, enum vz_param_id id)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->e[i].id == id)
			return true;
	return false;
}

bool edits_have_group(const struct vz_edits *e, enum vz_group group)
{
	for (size_t i = 0; i < e->n; i++)
		if (param_get(e->e[i].id)->group == group)
			return true;
	return false;
}

static int fail_option(const struct vz_param *p, const struct vz_type *type, const char *option,
		       const char *text, struct vz_err *err)
{
	auto_free char *why = type->explain && !type->secret ? type->explain(p, text) : NULL;

	/* A type with an exit code of its own has its own words, too. */
	if (type->error && why)
		return vz_fail(err, type->error, 0, "%s", why);
	if (type->secret)
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "Bad parameter for --%s: ********", option);
	if (why)
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "Bad parameter for --%s: %s (%s)", option, text, why);
	return vz_fail(err, VZ_E_INVALID_VALUE, 0, "Bad parameter for --%s: %s", option, text);
}

/* The change that later options of parts add to: that of the last --ifname. */
static struct vz_edit *last_change(struct vz_edits *e, enum vz_param_id id)
{
	for (size_t i = e->n; i-- > 0;)
		if (e->e[i].id == id && e->e[i].op == VZ_CHANGE)
			return &e->e[i];
	return NULL;
}

/* Options are named like the parts, or have a second name. */
static const char *part_of(const char *option)
{
	return str_equal(option, "gateway") ? "gw" : str_equal(option, "gateway6") ? "gw6" : option;
}

/* --ifname eth0 --mac …: the first says which, the others what. */
static int add_change(struct vz_edits *e, enum vz_param_id id, const char *option, const char *text, struct vz_err *err)
{
	const struct vz_param *p = param_get(id);
	bool begins = strcmp(option, "ifname") == 0;
	struct vz_edit *change = begins ? NULL : last_change(e, id);
	auto_free char *word = NULL;
	struct vz_value v;
	int r;

	if (!begins && !change)
		return vz_fail(err, VZ_E_INVALID_SYNTAX, 0, "Invalid usage.  Option --ifname not specified");
	if (!*text || strpbrk(text, ",;= \t"))
		return fail_option(p, p->type, option, text, err);
	word = begins ? str_printf("ifname=%s", text) : str_printf("%s,%s=%s", change->value.list[0], part_of(option), text);
	r = word ? value_parse(id, VZ_FROM_OPTION, word, &v) : -ENOMEM;
	if (r == -ENOMEM)
		return vz_fail(err, VZ_E_SYSTEM, r, "option --%s", option);
	if (r < 0)
		return fail_option(p, p->type, option, text, err);
	if (!begins) {
		value_done(id, &change->value);
		change->value = v;
		return 0;
	}
	r = add_edit(e, id, VZ_CHANGE, v);
	return r < 0 ? vz_fail(err, VZ_E_SYSTEM, r, "option --%s", option) : 0;
}

/* --ipadd and --ipdel after --ifname are about that device's addresses; v holds them. */
static int change_device_addresses(struct vz_edits *e, const char *part, const char *all, const struct vz_value *v,
				   struct vz_err *err)
{
	struct vz_edit *change = last_change(e, VZ_P_netif);
	struct vz_str word = { 0 };
	auto_free char *text = NULL;
	struct vz_value longer;
	int r;

	str_add(&word, change->value.list[0]);
	if (all)
		str_addf(&word, ",%s=%s", part, all);
	for (char *const *a = v ? v->list : NULL; a && *a; a++)
		str_addf(&word, ",%s=%s", part, *a);
	text = str_take(&word);
	r = text ? value_parse(VZ_P_netif, VZ_FROM_OPTION, text, &longer) : -ENOMEM;
	if (r < 0)
		return vz_fail(err, VZ_E_SYSTEM, r, "addresses of a device");
	value_done(VZ_P_netif, &change->value);
	change->value = longer;
	return 0;
}

int edits_add_option(struct vz_edits *e, enum vz_param_id id, enum vz_edit_op op, const char *option,
		     const char *text, struct vz_err *err)
{
	const struct vz_param *p = param_get(id);
	struct vz_param_option found;
	const struct vz_type *type = p->type;
	bool is_list = type->edit;
	struct vz_value v;
	int r;

	if (param_option_find(option, &found) && found.id == id) {
		type = found.type;
		op = found.op;
	}
	if (op == VZ_CHANGE)
		return add_change(e, id, option, text, err);
	if (op == VZ_DEL && is_list && strcmp(text, "all") == 0)
		op = VZ_CLEAR;
	if (op == VZ_CLEAR && id == VZ_P_ip_address && last_change(e, VZ_P_netif))
		return change_device_addresses(e, "noip", "all", NULL, err);
	if (op == VZ_CLEAR) {
		r = add_edit(e, id, op, (struct vz_value){ 0 });
		return r < 0 ? vz_fail(err, VZ_E_SYSTEM, r, "option --%s", option) : 0;
	}
	r = value_parse_as(type, id, VZ_FROM_OPTION, text, &v);
	if (r == -ENOMEM)
		return vz_fail(err, VZ_E_SYSTEM, r, "option --%s", option);
	if (r < 0)
		return fail_option(p, type, option, text, err);
	if (id == VZ_P_ip_address && last_change(e, VZ_P_netif)) {
		r = change_device_addresses(e, op == VZ_DEL ? "noip" : "ip", NULL, &v, err);
		value_done(id, &v);
		return r;
	}
	if (!is_list && (op == VZ_DEL || edits_has(e, id))) {
		value_done(id, &v);
		return op == VZ_DEL ? fail_option(p, type, option, text, err) : 0;
	}
	/* --nameserver A --nameserver B: the first replaces what is stored, the second adds to it. */
	if (edits_has(e, id) && op == VZ_SET)
		op = VZ_ADD;
	r = add_edit(e, id, op, v);
	return r < 0 ? vz_fail(err, VZ_E_SYSTEM, r, "option --%s", option) : 0;
}

int edits_set(struct vz_edits *e, enum vz_param_id id, const char *text, struct vz_err *err)
{
	const struct vz_param *p = param_get(id);
	struct vz_value v;
	int r = value_parse(id, VZ_FROM_FILE, text, &v);

	if (r >= 0)
		r = add_edit(e, id, VZ_SET, v);
	if (r == -ENOMEM)
		return vz_fail(err, VZ_E_SYSTEM, r, "parameter %s", p->key ? p->key : p->option);
	if (r < 0)
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "invalid value for %s=\"%s\"",
			       p->key ? p->key : p->option, p->type->secret ? "********" : text);
	return 0;
}

int edits_apply(struct vz_conf *c, const struct vz_edits *e)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct vz_edit *edit = &e->e[i];
		const struct vz_type *type = param_get(edit->id)->type;
		struct vz_value *v = &c->v[edit->id];
		struct vz_value copy;

		if (edit->op == VZ_CLEAR) {
			value_done(edit->id, v);
		} else if (edit->op == VZ_SET || !type->edit) {
			if (value_copy(edit->id, &edit->value, &copy) < 0)
				return -ENOMEM;
			replace_value(c, edit->id, copy);
		} else {
			if (type->edit(v, edit->op, &edit->value) < 0)
				return -ENOMEM;
		}
		/* A list of nothing is one that is not set. */
		if (type->kind == VZ_K_LIST && v->set && (!v->list || !v->list[0]))
			value_done(edit->id, v);
	}
	return 0;
}

int edits_store(struct conf_file *f, const struct vz_edits *e, const struct vz_conf *c)
{
	/* In the order of the table, in which new lines are to be appended. */
	for (size_t i = 0; i < VZ_P__MAX; i++) {
		const struct vz_param *p = param_get(param_id(i));
		auto_free char *text = NULL;
		const char *alias;
		int r;

		if (!(p->flags & VZ_PF_SAVE) || !p->key || !edits_has(e, p->id))
			continue;
		for (size_t n = 0; (alias = param_alias(p->id, n)); n++)
			conf_file_unset(f, alias);
		if (!c->v[i].set && (p->flags & VZ_PF_ADD) && conf_file_get(f, p->key)) {
			/* A list that is empty now: who reads the file sees that it was not always. */
			r = conf_file_set(f, p->key, "");
			if (r < 0)
				return r;
			continue;
		}
		if (!c->v[i].set) {
			conf_file_unset(f, p->key);
			continue;
		}
		text = value_text(p->id, &c->v[i]);
		if (!text)
			return -ENOMEM;
		r = conf_file_set(f, p->key, text);
		if (r < 0)
			return r;
	}
	return 0;
}

int edits_from_sample(struct vz_edits *e, const struct conf_file *sample, const char *origin,
		      const struct vz_log *log, vz_ctid id)
{
	struct vz_conf c = { 0 };
	int r = conf_from_file(&c, sample, false, log, id);

	for (size_t i = 0; i < VZ_P__MAX && r == 0; i++) {
		if (!c.v[i].set || !(param_get(param_id(i))->flags & VZ_PF_SAVE) ||
		    (param_get(param_id(i))->flags & VZ_PF_OWN))
			continue;
		/* The value moves. */
		r = add_edit(e, param_id(i), VZ_SET, c.v[i]);
		c.v[i] = (struct vz_value){ 0 };
	}
	if (r == 0 && edits_set(e, VZ_P_origin_sample, origin, NULL) < 0)
		r = -ENOMEM;
	conf_done(&c);
	return r;
}
