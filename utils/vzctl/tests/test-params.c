/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every row of params.def: what rows promise each other, and the life of a value, from an option or a
 * file over formatting to storing and loading again. And every file we ship in etc/: it is read without
 * a single warning.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/strv.h"
#include "conf/validate.h"

static char dir[] = "/tmp/test-params-XXXXXX";
static char *path;
static char *etc;	/* utils/vzctl/etc */

static int prepare(void **state VZ_UNUSED)
{
	const char *slash = strrchr(__FILE__, '/');

	if (!mkdtemp(dir))
		return -1;
	path = str_printf("%s/101.conf", dir);
	etc = str_printf("%.*s/../etc", slash ? (int)(slash - __FILE__) : 1, slash ? __FILE__ : ".");
	return path && etc ? 0 : -1;
}

static int clean_up(void **state VZ_UNUSED)
{
	free(path);
	free(etc);
	return path_remove_tree(AT_FDCWD, dir);
}

static const char *const ids[VZ_P__MAX] = {
#define PARAM(id, key, type, min, max, option, arg, flags, apply, help) #id,
#define OPTION(id, option, op, arg, help)
#include "conf/params.def"
#undef OPTION
#undef PARAM
};

#define for_each_param(p) \
	for (const struct vz_param *p = param_get((enum vz_param_id)0); p; \
	     p = p->id + 1 < VZ_P__MAX ? param_get((enum vz_param_id)(p->id + 1)) : NULL)

/* Texts each type takes, of which the first two differ. */
static const struct {
	const struct vz_type *type;
	const char *texts[4];
} samples[] = {
	{ &type_str,          { "some text", "a \"quoted\" $text", "\\", "$VEID" } },
	{ &type_path,         { "/vz/a/$VEID", "/b c/${VEID}" } },
	{ &type_name,         { "web", "a b-c_d.e+f" } },
	{ &type_hostname,     { "web", "web.example.org" } },
	{ &type_release,      { "6.1.0", "2.6.32-042stab145.3" } },
	{ &type_netfilter,    { "stateless", "full", "disabled", "stateful" } },
	{ &type_layout,       { "simfs", "ploop:plain", "overlay" } },
	{ &type_meminfo,      { "none", "pages:256", "privvmpages:1" } },
	{ &type_mask,         { "0-2,7", "auto", "all" } },
	{ &type_nodemask,     { "0,1", "all" } },
	{ &type_yesno,        { "yes", "no" } },
	{ &type_uint,         { NULL } },	/* the bounds of the row */
	{ &type_level,        { "-1", "3" } },
	{ &type_cpulimit,     { "50", "0", "10%" } },
	{ &type_real,         { "1.5", "0", "1234567.891" } },
	{ &type_items,        { "100", "100:200", "0:unlimited", "unlimited" } },
	{ &type_bytes,        { "64M", "1.5K:2G", "0:unlimited", "unlimited" } },
	{ &type_pages,        { "64M", "100:200", "0:unlimited", "unlimited" } },
	{ &type_pagepair,     { "64M", "100:200", "0:unlimited", "unlimited" } },
	{ &type_ramsize,      { "64M", "1G" } },
	{ &type_disk,         { "2G:2.2G", "100", "unlimited" } },
	{ &type_inodes,       { "100:200", "100", "unlimited" } },
	{ &type_iolimit,      { "1M", "0", "unlimited" } },
	{ &type_iopslimit,    { "500", "0", "unlimited" } },
	{ &type_strlist,      { "a b", "c" } },
	{ &type_userpasswd,   { "root:a b", "joe:c:d" } },
	{ &type_bindmount,    { "/a:/b,nosuid", "/c /d:/e" } },
	{ &type_capabilities, { "chown:on", "CAP_KILL:off,mknod:on" } },
	{ &type_features,     { "nfs:on", "tun:on fuse:off" } },
	{ &type_iplist,       { "10.0.0.1", "10.0.0.2/24 2001:DB8::1" } },
	{ &type_nslist,       { "inherit", "1.1.1.1 fe80::1%eth0" } },
	{ &type_domains,      { "example.org", "a.example b.example" } },
	{ &type_netif,        { "eth0,00:18:51:aa:bb:cc", "ifname=eth1,gw=10.0.0.1,bridge=br0;ifname=eth2" } },
	{ &type_publish,      { "8080:80", "198.51.100.1:53:53/udp [2001:db8::1]:8080:80" } },
	{ &type_unpublish,    { "8080", "198.51.100.1:53/udp" } },
	{ &type_rates,        { "eth0:1:8000", "*:1:100 eth1:2:200" } },
	{ &type_netdev,       { "eth1", "eth2 eth3" } },
	{ &type_devices,      { "c:10:200:rw", "b:8:all:r c:10:1:none" } },
	{ &type_devnodes,     { "net/tun:rw", "sdb:r sdc:rwq" } },
	{ &type_pci,          { "3:1.2", "1:0a:1.0 2:0.0" } },
};

/* Texts for a row: those of its type, or made from its bounds, or the words it has to choose from. */
static char **texts_for(const struct vz_param *p, const struct vz_type *type)
{
	char **texts = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		if (samples[i].type == type)
			for (size_t j = 0; j < ARRAY_SIZE(samples[i].texts) && samples[i].texts[j]; j++)
				assert_int_equal(strv_add(&texts, samples[i].texts[j]), 0);
	if (type == &type_uint) {
		assert_int_equal(strv_addf(&texts, "%llu", (unsigned long long)p->min), 0);
		assert_int_equal(strv_addf(&texts, "%llu", (unsigned long long)(p->max ? p->max : INT64_MAX)), 0);
	}
	if (type == &type_choice)
		assert_int_equal(strv_split(p->arg, "|", &texts), 0);
	assert_true(strv_len(texts) >= 2);
	return texts;
}

/* ---- what rows promise ---- */

static void keys_are_the_ids_in_upper_case(void **state VZ_UNUSED)
{
	for_each_param(p) {
		const char *id = ids[p->id];

		for (const char *k = p->key; k && *k; k++, id++)
			assert_int_equal(*id, tolower((unsigned char)*k));
		assert_true(!p->key || !*id);
	}
}

static void keys_are_unique(void **state VZ_UNUSED)
{
	for_each_param(p) {
		const char *alias;

		if (p->key) {
			assert_ptr_equal(param_by_key(p->key), p);
			assert_false(param_key_is_obsolete(p->key));
		}
		for (size_t i = 0; (alias = param_alias(p->id, i)); i++) {
			assert_ptr_equal(param_by_key(alias), p);
			assert_false(param_key_is_obsolete(alias));
		}
	}
	assert_null(param_by_key("NO_SUCH_KEY"));
	assert_null(param_by_key(""));
}

static void old_names_lead_to_new_ones(void **state VZ_UNUSED)
{
	assert_ptr_equal(param_by_key("DCACHE"), param_get(VZ_P_dcachesize));
	assert_ptr_equal(param_by_key("IPTENTRIES"), param_get(VZ_P_numiptent));
	assert_ptr_equal(param_by_key("CPUWEIGHT"), param_get(VZ_P_cpuuweight));
	assert_true(param_key_is_obsolete("VETH"));
	assert_false(param_key_is_obsolete("MINE"));
}

static void options_are_unique_and_found(void **state VZ_UNUSED)
{
	auto_strv char **seen = NULL;
	struct vz_param_option found;

	for_each_param(p) {
		if (!p->option)
			continue;
		assert_int_equal(strv_find(seen, p->option), -1);
		assert_int_equal(strv_add(&seen, p->option), 0);
		assert_true(param_option_find(p->option, &found));
		assert_int_equal(found.id, p->id);
		assert_ptr_equal(found.type, p->type);
		assert_int_equal(found.op, p->flags & VZ_PF_ADD ? VZ_ADD : VZ_SET);
	}
	for (const struct vz_param_option *o = param_options(); o->option; o++) {
		assert_int_equal(strv_find(seen, o->option), -1);
		assert_int_equal(strv_add(&seen, o->option), 0);
		assert_true(param_option_find(o->option, &found));
		assert_int_equal(found.id, o->id);
		assert_non_null(found.type);
		/* Another type has to make the same kind of value. */
		assert_int_equal(found.type->kind, param_get(o->id)->type->kind);
		assert_non_null(o->arg);
		assert_non_null(o->help);
	}
	assert_false(param_option_find("no-such-option", &found));
}

static void rows_do_not_contradict_themselves(void **state VZ_UNUSED)
{
	for_each_param(p) {
		const unsigned int f = p->flags;

		assert_non_null(p->help);
		assert_true(p->min <= p->max);
		/* What is stored has a key; what is not has nowhere to be read from but an option. */
		assert_true(!(f & VZ_PF_SAVE) || p->key);
		assert_true(p->key || p->option);
		assert_true(!(f & (VZ_PF_CREATE | VZ_PF_SET)) == !p->option);
		assert_true(!p->option || p->arg);
		/* The host's parameters are not a container's. */
		assert_true(!(f & VZ_PF_GLOBAL) || (f == VZ_PF_GLOBAL && !p->option && p->group == VZ_G_none));
		/* What is applied needs an applier; what is only kept has that of its kind. */
		assert_true(!(f & VZ_PF_LIVE) || p->group != VZ_G_none);
		assert_int_equal(!!(f & VZ_PF_KEPT), p->group == VZ_G_kept);
		assert_true(!(f & VZ_PF_LIVE) || !(f & (VZ_PF_RESTART | VZ_PF_STOPPED)));
		/* Only lists can be added to and deleted from. */
		assert_true(!(f & VZ_PF_ADD) || p->type->edit);
		assert_int_equal(p->type->kind == VZ_K_LIST, !!p->type->edit);
	}
	for (const struct vz_param_option *o = param_options(); o->option; o++)
		assert_true(o->op == VZ_SET || param_get(o->id)->type->edit);
}

/* ---- the life of a value ---- */

static void what_is_written_means_what_was_read(void **state VZ_UNUSED)
{
	for_each_param(p) {
		auto_strv char **texts = texts_for(p, p->type);

		for (char **text = texts; *text; text++) {
			for (int from = VZ_FROM_OPTION; from <= VZ_FROM_FILE; from++) {
				auto_free char *written = NULL;
				auto_free char *again = NULL;
				struct vz_value a, b, copy;

				assert_int_equal(value_parse(p->id, (enum vz_source)from, *text, &a), 0);
				assert_true(a.set);
				written = value_text(p->id, &a);
				assert_non_null(written);
				assert_int_equal(value_parse(p->id, VZ_FROM_FILE, written, &b), 0);
				assert_true(value_equal(p->id, &a, &b));
				assert_int_equal(value_copy(p->id, &a, &copy), 0);
				assert_true(value_equal(p->id, &a, &copy));
				value_done(p->id, &a);
				assert_true(!a.set && !value_equal(p->id, &a, &copy));
				again = value_text(p->id, &copy);
				assert_string_equal(again, written);
				value_done(p->id, &b);
				value_done(p->id, &copy);
				value_done(p->id, &copy);
			}
		}
	}
}

static void values_that_differ_are_not_equal(void **state VZ_UNUSED)
{
	for_each_param(p) {
		auto_strv char **texts = texts_for(p, p->type);
		struct vz_value a, b, unset = { 0 };

		assert_int_equal(value_parse(p->id, VZ_FROM_FILE, texts[0], &a), 0);
		assert_int_equal(value_parse(p->id, VZ_FROM_FILE, texts[1], &b), 0);
		assert_false(value_equal(p->id, &a, &b));
		assert_false(value_equal(p->id, &a, &unset));
		assert_true(value_equal(p->id, &unset, &unset));
		assert_null(value_text(p->id, &unset));
		value_done(p->id, &a);
		value_done(p->id, &b);
		value_done(p->id, &unset);
	}
}

static void no_messages(void *data VZ_UNUSED, int level VZ_UNUSED, vz_ctid id VZ_UNUSED, const char *text)
{
	fail_msg("unexpected message: %s", text);
}

static const struct vz_log strict = { .fn = no_messages, .max_level = VZ_LOG_DEBUG };

/* Give the option to an empty container, store it, load it again. */
static void check_round_trip(const struct vz_param_option *o, const char *text)
{
	auto_conf_file struct conf_file *f = NULL;
	auto_conf_file struct conf_file *again = NULL;
	struct vz_conf given = { 0 }, loaded = { 0 };
	struct vz_edits e = { 0 };

	assert_int_equal(edits_add_option(&e, o->id, o->op, o->option, text, NULL), 0);
	assert_int_equal(edits_apply(&given, &e), 0);
	assert_true(given.v[o->id].set);
	assert_int_equal(conf_file_new(path, &f), 0);
	assert_int_equal(edits_store(f, &e, &given), 0);
	assert_int_equal(conf_file_save(f), 0);
	assert_int_equal(conf_file_read(path, &again), 0);
	assert_int_equal(conf_from_file(&loaded, again, false, &strict, 101), 0);
	if (param_get(o->id)->flags & VZ_PF_SAVE)
		assert_true(value_equal(o->id, &given.v[o->id], &loaded.v[o->id]));
	else
		assert_false(loaded.v[o->id].set);
	for (int i = 0; i < VZ_P__MAX; i++)
		if (i != (int)o->id)
			assert_false(loaded.v[i].set);
	edits_done(&e);
	conf_done(&given);
	conf_done(&loaded);
}

/* Devices with access "none" are taken from the list, so nothing of them is stored. */
static bool removes(const char *text)
{
	size_t n = strlen(text);

	return n > 5 && strcmp(text + n - 5, ":none") == 0 && !strchr(text, ' ');
}

static void options_are_stored_and_loaded_again(void **state VZ_UNUSED)
{
	for_each_param(p) {
		auto_strv char **texts = texts_for(p, p->type);
		struct vz_param_option o;

		for (char **text = texts; p->option && *text; text++) {
			assert_true(param_option_find(p->option, &o));
			if (!removes(*text))
				check_round_trip(&o, *text);
		}
	}
	for (const struct vz_param_option *o = param_options(); o->option; o++) {
		auto_strv char **texts = NULL;
		struct vz_param_option found;

		assert_true(param_option_find(o->option, &found));
		texts = texts_for(param_get(o->id), found.type);
		/* What takes away or changes needs something to be there: see test-layers.c. */
		for (char **text = texts; found.op != VZ_DEL && found.op != VZ_CHANGE && *text; text++)
			check_round_trip(&found, *text);
	}
}

static void what_was_added_can_be_deleted(void **state VZ_UNUSED)
{
	for (const struct vz_param_option *o = param_options(); o->option; o++) {
		const struct vz_param *p = param_get(o->id);
		auto_strv char **texts = texts_for(p, p->type);

		for (int all = 0; o->op == VZ_DEL && all < 2; all++) {
			struct vz_edits e = { 0 };
			struct vz_conf c = { 0 };

			for (char **text = texts; *text; text++)
				assert_int_equal(edits_add_option(&e, p->id, VZ_ADD, p->option, *text, NULL), 0);
			assert_int_equal(edits_apply(&c, &e), 0);
			assert_true(c.v[p->id].set);
			edits_done(&e);
			for (char **text = texts; *text; text++)
				assert_int_equal(edits_add_option(&e, p->id, VZ_DEL, o->option,
								  all ? "all" : *text, NULL), 0);
			assert_int_equal(edits_apply(&c, &e), 0);
			assert_false(c.v[p->id].set);
			edits_done(&e);
			conf_done(&c);
		}
	}
}

static void no_row_chokes_on_rubbish(void **state VZ_UNUSED)
{
	static const char *const rubbish[] = {
		" ", ":", "::", ":::", ",", ",,", ";", "=", "%", "-", "-1", "/", "a:", ":a", "a:b:c:d:e", "0x0", "1.",
		".1", "1:", ":1", "99999999999999999999999999", "1e9", "nan", "unlimited:", "\xff\xfe", "all:all", "..",
		"10.0.0.1/", "::/0/0", "ifname=", "ifname=,", "b::", "b:::", "c:all:all:r", "x:on:off", "on", ":on", "'",
		"\"", "\\", "$(x)", "a\tb", "1-", "1-2-", ",1", "%eth0", "/a:/b:/c", "/,", "0:0:0:0.0", "zz:zz.z", "_",
	};

	for_each_param(p)
		for (size_t i = 0; i < ARRAY_SIZE(rubbish); i++)
			for (int from = VZ_FROM_OPTION; from <= VZ_FROM_FILE; from++) {
				auto_free char *text = NULL;
				struct vz_value v, again;

				if (value_parse(p->id, (enum vz_source)from, rubbish[i], &v) < 0) {
					assert_false(v.set);
					continue;
				}
				/* What is taken nevertheless must be something that can be kept. */
				text = value_text(p->id, &v);
				assert_int_equal(!text, !v.set);
				if (text) {
					assert_int_equal(value_parse(p->id, VZ_FROM_FILE, text, &again), 0);
					assert_true(value_equal(p->id, &v, &again));
					value_done(p->id, &again);
				}
				value_done(p->id, &v);
			}
}

/* ---- shipped files ---- */

static void load_shipped(struct vz_conf *c, const char *name, bool is_global)
{
	auto_free char *file = str_printf("%s/%s", etc, name);
	auto_conf_file struct conf_file *f = NULL;

	assert_int_equal(conf_file_read(file, &f), 0);
	assert_int_equal(conf_from_file(c, f, is_global, &strict, 0), 0);
}

static void the_shipped_vz_conf_says_what_is_built_in(void **state VZ_UNUSED)
{
	struct vz_conf shipped = { 0 }, defaults = { 0 };

	load_shipped(&shipped, "vz.conf", true);
	assert_int_equal(conf_defaults(&defaults), 0);
	for (int i = 0; i < VZ_P__MAX; i++)
		if (shipped.v[i].set && i != VZ_P_nameserver)
			assert_true(value_equal((enum vz_param_id)i, &shipped.v[i], &defaults.v[i]));
	assert_string_equal(conf_list(&shipped, VZ_P_nameserver)[0], "inherit");
	conf_done(&shipped);
	conf_done(&defaults);
}

static void every_shipped_sample_is_valid(void **state VZ_UNUSED)
{
	static const char *const expected[] = {
		"default", "basic", "light",
		"vswap-256m", "vswap-512m", "vswap-1024m", "vswap-1g", "vswap-2g", "vswap-4g",
	};
	auto_closedir DIR *d = opendir(etc);
	struct dirent *e;
	size_t n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += str_has_prefix(e->d_name, "ve-");
	assert_int_equal(n, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		auto_free char *name = str_printf("ve-%s.conf-sample", expected[i]);
		auto_err struct vz_err err = { 0 };
		struct vz_conf c = { 0 };

		assert_int_equal(conf_defaults(&c), 0);
		load_shipped(&c, name, false);
		assert_int_equal(conf_validate(&c, &strict, 101, &err), 0);
		conf_done(&c);
	}
}

static void the_default_sample_limits_nothing_but_processes(void **state VZ_UNUSED)
{
	struct vz_conf c = { 0 };

	load_shipped(&c, "ve-default.conf-sample", false);
	for (int i = 0; i < VZ_P__MAX; i++)
		assert_int_equal(c.v[i].set, i == VZ_P_cpuunits || i == VZ_P_numproc);
	conf_done(&c);
}

static void vswap_samples_are_what_they_are_called(void **state VZ_UNUSED)
{
	static const struct {
		const char *name;
		uint64_t mib;
	} sizes[] = {
		{ "256m", 256 }, { "512m", 512 }, { "1024m", 1024 }, { "1g", 1024 }, { "2g", 2048 }, { "4g", 4096 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		auto_free char *name = str_printf("ve-vswap-%s.conf-sample", sizes[i].name);
		auto_free char *ram = str_printf("0:%lluM", (unsigned long long)sizes[i].mib);
		auto_free char *swap = str_printf("0:%lluM", (unsigned long long)sizes[i].mib * 2);
		struct vz_conf c = { 0 };
		struct vz_value want;

		load_shipped(&c, name, false);
		assert_int_equal(value_parse(VZ_P_physpages, VZ_FROM_FILE, ram, &want), 0);
		assert_true(value_equal(VZ_P_physpages, &c.v[VZ_P_physpages], &want));
		assert_int_equal(value_parse(VZ_P_swappages, VZ_FROM_FILE, swap, &want), 0);
		assert_true(value_equal(VZ_P_swappages, &c.v[VZ_P_swappages], &want));
		conf_done(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_the_ids_in_upper_case),
		cmocka_unit_test(keys_are_unique),
		cmocka_unit_test(old_names_lead_to_new_ones),
		cmocka_unit_test(options_are_unique_and_found),
		cmocka_unit_test(rows_do_not_contradict_themselves),
		cmocka_unit_test(what_is_written_means_what_was_read),
		cmocka_unit_test(values_that_differ_are_not_equal),
		cmocka_unit_test(options_are_stored_and_loaded_again),
		cmocka_unit_test(what_was_added_can_be_deleted),
		cmocka_unit_test(no_row_chokes_on_rubbish),
		cmocka_unit_test(the_shipped_vz_conf_says_what_is_built_in),
		cmocka_unit_test(every_shipped_sample_is_valid),
		cmocka_unit_test(the_default_sample_limits_nothing_but_processes),
		cmocka_unit_test(vswap_samples_are_what_they_are_called),
	};

	return cmocka_run_group_tests(tests, prepare, clean_up);
}
