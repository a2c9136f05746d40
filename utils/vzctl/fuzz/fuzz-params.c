/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parameters and their values, edits and layers. A value that was taken is written in a form that is
 * read as the very same; what a command line changed and saved is what the next one finds; rules and
 * messages cope with everything.
 *
 * Input, by lines: "--option value" is an edit, "--flag" one of set's flags, "!KEY=…" a line of
 * vz.conf, all others are lines of CTID.conf.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "conf/validate.h"
#include "fuzz/fuzz.h"

#define OWN_PATH FUZZ_DISK "/101.conf"
#define GLOBAL_PATH FUZZ_DISK "/vz.conf"
#define CTID 101

struct command {
	struct vz_edits edits;
	struct set_request request;
	struct vz_str own, global;	/* texts of the files */
};

void prepare(void)
{
}

/* ---- a value by itself ---- */

static void written_value_reads_as_the_same(enum vz_param_id id, const struct vz_value *v)
{
	auto_free char *text = value_text(id, v);
	auto_free char *again = NULL;
	struct vz_value read, copy;

	promise(text && !strchr(text, '\n'));
	promise(value_parse(id, VZ_FROM_FILE, text, &read) == 0);
	promise(value_equal(id, v, &read));
	again = value_text(id, &read);
	promise(str_equal(text, again));
	promise(value_copy(id, v, &copy) == 0 && value_equal(id, v, &copy));
	value_done(id, &copy);
	value_done(id, &read);
}

static void check_value(const struct vz_type *type, enum vz_param_id id, enum vz_edit_op op, enum vz_source from,
			const char *text)
{
	const struct vz_param *p = param_get(id);
	struct vz_value v;
	int r = value_parse_as(type, id, from, text, &v);

	promise(r >= 0 || r == -EINVAL || r == -ERANGE);
	promise(r <= 0 || from == VZ_FROM_FILE);
	if (r != 0 && type->explain)
		free(type->explain(p, text));
	if (r < 0)
		return;
	/* What is never stored, or only names what is to go (--unpublish 8080), has no form to be stored in. */
	if (v.set && p->key && op != VZ_DEL)
		written_value_reads_as_the_same(id, &v);
	value_done(id, &v);
}

/* ---- a command line ---- */

static void take_flag(struct set_request *q, const char *name)
{
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {
		{ "save", &q->save }, { "force", &q->force }, { "reset_ub", &q->reset_ub },
		{ "offline-resize", &q->offline_resize }, { "setmode", &q->setmode_restart },
		{ "running", &q->running }, { "mounted", &q->mounted },
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (strcmp(flags[i].name, name) == 0)
			*flags[i].flag = true;
}

static void take_option(struct command *c, char *name)
{
	auto_err struct vz_err err = { 0 };
	char *value = strchr(name, ' ');
	struct vz_param_option found;
	int r;

	if (value)
		*value++ = '\0';
	if (!value || !param_option_find(name, &found)) {
		take_flag(&c->request, name);
		return;
	}
	check_value(found.type, found.id, found.op, VZ_FROM_OPTION, value);
	r = edits_add_option(&c->edits, found.id, found.op, name, value, &err);
	promise(r == 0 ? !err.code : err.code && err.msg);
}

static void take_file_line(struct vz_str *file, const char *line)
{
	const char *value = strchr(line, '=');
	auto_free char *key = strndup(line, value ? (size_t)(value - line) : 0);
	const struct vz_param *p;

	need(key);
	p = param_by_key(key);
	if (p)
		check_value(p->type, p->id, VZ_SET, VZ_FROM_FILE, value + 1);
	str_add(file, line);
	str_add_char(file, '\n');
}

static void read_command(struct input *in, struct command *c)
{
	while (in->len) {
		auto_free char *line = take_line(in);

		if (str_has_prefix(line, "--"))
			take_option(c, line + 2);
		else if (*line == '!')
			take_file_line(&c->global, line + 1);
		else
			take_file_line(&c->own, line);
	}
}

/* ---- layers ---- */

static void read_layer(struct vz_conf *c, const char *path, bool is_global)
{
	auto_conf_file struct conf_file *f = NULL;

	need(conf_file_read(path, &f) == 0);
	promise(conf_from_file(c, f, is_global, &fuzz_log, CTID) == 0);
}

static void check_rules(const struct command *c, const struct vz_conf *merged)
{
	auto_err struct vz_err err = { 0 }, set_err = { 0 };

	promise(conf_validate(merged, &fuzz_log, CTID, &err) == 0 ? !err.code : err.code && err.msg);
	promise(conf_validate_set(&c->request, merged, &set_err) == 0 ? !set_err.code : set_err.code && set_err.msg);
}

static void check_paths(const struct vz_conf *merged)
{
	for (int id = 0; id < VZ_P__MAX; id++)
		if (param_get((enum vz_param_id)id)->type == &type_path) {
			auto_free char *path = conf_expand(merged, (enum vz_param_id)id, CTID);

			promise(!path || (path[0] == '/' && !strstr(path, "${VEID}")));
		}
}

static void check_merge(struct command *c, const struct vz_conf *own)
{
	struct vz_conf merged = { 0 };

	promise(conf_defaults(&merged) == 0);
	read_layer(&merged, GLOBAL_PATH, true);
	promise(conf_overlay(&merged, own) == 0);
	for (int id = 0; id < VZ_P__MAX; id++)
		if (own->v[id].set)
			promise(value_equal((enum vz_param_id)id, &own->v[id], &merged.v[id]));
	c->request.edits = &c->edits;
	check_rules(c, &merged);
	check_paths(&merged);
	conf_done(&merged);
}

/* Store what own has for the parameters that edits name, and read it again. */
static void check_save(const struct vz_edits *edits, const struct vz_conf *own)
{
	auto_conf_file struct conf_file *f = NULL;
	struct vz_conf again = { 0 };

	need(conf_file_read(OWN_PATH, &f) == 0);
	promise(edits_store(f, edits, own) == 0);
	need(conf_file_save(f) == 0);
	read_layer(&again, OWN_PATH, false);
	for (int i = 0; i < VZ_P__MAX; i++) {
		enum vz_param_id id = (enum vz_param_id)i;

		if (!edits_has(edits, id) || param_get(id)->flags & VZ_PF_SAVE)
			promise(value_equal(id, &own->v[i], &again.v[i]));
	}
	conf_done(&again);
}

/* The same file as a sample for another container. */
static void check_sample(void)
{
	auto_conf_file struct conf_file *f = NULL;
	struct vz_edits edits = { 0 };
	struct vz_conf own = { 0 };

	need(conf_file_read(OWN_PATH, &f) == 0);
	promise(edits_from_sample(&edits, f, "fuzz", &fuzz_log, CTID) == 0);
	promise(edits_apply(&own, &edits) == 0);
	promise(!own.v[VZ_P_name].set && !own.v[VZ_P_ve_private].set && !own.v[VZ_P_ip_address].set);
	edits_done(&edits);
	conf_done(&own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	struct command c = { 0 };
	struct vz_conf own = { 0 };

	read_command(&in, &c);
	put_file(OWN_PATH, str_get(&c.own), c.own.len);
	put_file(GLOBAL_PATH, str_get(&c.global), c.global.len);
	check_sample();
	read_layer(&own, OWN_PATH, false);
	promise(edits_apply(&own, &c.edits) == 0);
	check_merge(&c, &own);
	check_save(&c.edits, &own);
	conf_done(&own);
	edits_done(&c.edits);
	str_done(&c.own);
	str_done(&c.global);
	return 0;
}
