/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A configuration file, checked and repaired by the rules of conf/ubc.c. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "conf/ubc.h"
#include "include/vzctl.h"

struct checking {
	const struct vz_conf_check *how;
	bool changed[VZ_P__MAX];
};

static char *pair_text(const struct ubc_finding *f)
{
	struct vz_value v = { .set = true, .bl = { f->bar, f->lim } };

	return value_text(f->id, &v);
}

static bool found(void *data, const struct ubc_finding *f)
{
	struct checking *c = data;
	const char *name = param_get(f->id)->option;
	auto_free char *value = pair_text(f);
	auto_free char *change = value ? str_printf("set to %s", value) : NULL;
	auto_free char *text = f->missing ?
		str_printf("%s: parameter %s not found", f->word, name) :
		str_printf("%s: %s.%s should be %c %" PRIu64 " (currently, %" PRIu64 ")", f->word, name, f->member,
			   f->relation, f->wanted, f->now);
	bool repair = text && c->how->found(c->how->data, text, change);

	c->changed[f->id] |= repair;
	return repair;
}

/* Lines that would be passed over with a warning: what they were to say is not known. */
static unsigned int check_values(const struct conf_file *f, const struct vz_conf_check *how)
{
	struct conf_entry e;
	unsigned int bad = 0;

	for (size_t i = 0; conf_file_next(f, &i, &e); ) {
		const struct vz_param *p = param_by_key(e.key);
		struct vz_value v = { 0 };
		auto_free char *text = NULL;
		int r = p && !e.duplicate ? value_parse(p->id, VZ_FROM_FILE, e.value, &v) : 0;

		if (p)
			value_done(p->id, &v);
		if (r >= 0)
			continue;
		text = str_printf("Error: invalid value for %s=\"%s\"", e.key, e.value);
		if (text)
			(void)how->found(how->data, text, NULL);
		bad++;
	}
	return bad;
}

static uint64_t pages(unsigned long n, unsigned int unit)
{
	return (uint64_t)n * unit / (uint64_t)sysconf(_SC_PAGESIZE);
}

static int store(struct conf_file *f, const struct vz_conf *conf, const struct checking *c, struct vz_err *err)
{
	int r = 0;

	for (int id = 0; id < VZ_P__MAX && r == 0; id++) {
		auto_free char *text = c->changed[id] ? value_text(id, &conf->v[id]) : NULL;

		if (c->changed[id])
			r = text ? conf_file_set(f, param_get(id)->key, text) : -ENOMEM;
	}
	if (r == 0 && conf_file_is_changed(f))
		r = conf_file_save(f);
	return r < 0 ? vz_fail(err, VZ_E_CONFIG_SAVE, r, "write '%s'", conf_file_path(f)) : 0;
}

static void drop_message(void *data, int level, vz_ctid id, const char *text)
{
	(void)data, (void)level, (void)id, (void)text;
}

static int check_file(struct conf_file *f, struct vz_conf *conf, struct vz_conf *defaults,
		      const struct vz_conf_check *how, struct vz_err *err)
{
	/* check_values() says what is wrong with a line. */
	static const struct vz_log silence = { .fn = drop_message };
	struct checking c = { .how = how };
	struct ubc_check rules = { .whole_list = how->whole_list, .defaults = defaults, .found = found, .data = &c };
	struct sysinfo host;
	unsigned int left;

	if (sysinfo(&host) < 0)
		return vz_fail(err, VZ_E_SYSTEM, -errno, "ask for the memory of the host");
	if (conf_defaults(defaults) < 0 || conf_from_file(conf, f, false, &silence, 0) < 0)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "read '%s'", conf_file_path(f));
	rules.ram = pages(host.totalram, host.mem_unit);
	rules.swap = pages(host.totalswap, host.mem_unit);
	left = check_values(f, how) + ubc_check(conf, &rules);
	return store(f, conf, &c, err) < 0 ? -1 : (int)left;
}

int vz_conf_check(const char *path, const struct vz_conf_check *how, struct vz_err *err)
{
	auto_conf_file struct conf_file *f = NULL;
	struct vz_conf conf = { 0 }, defaults = { 0 };
	int r = conf_file_read(path, &f);

	if (r == -EILSEQ)
		return vz_fail(err, VZ_E_INVALID_CONFIG, 0, "'%s' is no text: line %u holds a zero byte", path,
			       conf_file_bad_line(path));
	if (r < 0)
		return vz_fail(err, r == -ENOENT ? VZ_E_NOVECONFIG : VZ_E_INVALID_CONFIG, r, "read '%s'", path);
	r = check_file(f, &conf, &defaults, how, err);
	conf_done(&conf);
	conf_done(&defaults);
	return r;
}
