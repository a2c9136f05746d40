/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of beancounters among each other: what is found, and that a repair repairs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "conf/ubc.h"

/* The numbers of the sample "basic", which keeps all rules. */
static const char *const basic[][2] = {
	{ "KMEMSIZE", "14372700:14790164" }, { "LOCKEDPAGES", "2048" }, { "PRIVVMPAGES", "65536:69632" },
	{ "SHMPAGES", "21504" }, { "PHYSPAGES", "0:unlimited" }, { "VMGUARPAGES", "33792:unlimited" },
	{ "OOMGUARPAGES", "26112:unlimited" }, { "DCACHESIZE", "3409920:3624960" }, { "NUMPROC", "240" },
	{ "AVNUMPROC", "180" }, { "NUMTCPSOCK", "360" }, { "NUMOTHERSOCK", "360" }, { "NUMFILE", "9312" },
	{ "NUMFLOCK", "188:206" }, { "NUMPTY", "16" }, { "NUMSIGINFO", "256" }, { "NUMIPTENT", "128" },
	{ "TCPSNDBUF", "1720320:2703360" }, { "TCPRCVBUF", "1720320:2703360" },
	{ "OTHERSOCKBUF", "1126080:2097152" }, { "DGRAMRCVBUF", "262144" },
	{ "DISKSPACE", "2G:2.2G" }, { "DISKINODES", "131072:144179" },
};

static void put(struct vz_conf *c, const char *key, const char *text)
{
	const struct vz_param *p = param_by_key(key);

	assert_non_null(p);
	value_done(p->id, &c->v[p->id]);
	assert_int_equal(value_parse(p->id, VZ_FROM_FILE, text, &c->v[p->id]), 0);
}

static void make_basic(struct vz_conf *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(basic); i++)
		put(c, basic[i][0], basic[i][1]);
}

struct listener {
	struct vz_str text;	/* "Error kmemsize.bar > 1 (2); …" */
	bool repair;
};

static bool on_found(void *data, const struct ubc_finding *f)
{
	struct listener *l = data;
	struct vz_value v = { .set = true, .bl = { f->bar, f->lim } };
	auto_free char *value = value_text(f->id, &v);

	str_addf(&l->text, "%s%s %s", l->text.len ? "; " : "", f->word, param_get(f->id)->option);
	if (f->missing)
		str_addf(&l->text, " missing");
	else
		str_addf(&l->text, ".%s %c %llu (%llu)", f->member, f->relation, (unsigned long long)f->wanted,
			 (unsigned long long)f->now);
	str_addf(&l->text, " %s", value);
	return l->repair;
}

static unsigned int check(struct vz_conf *c, bool whole_list, struct listener *l)
{
	struct vz_conf defaults = { 0 };
	struct ubc_check how = {
		.whole_list = whole_list, .defaults = &defaults, .ram = 1 << 18, .swap = 1 << 10, .found = on_found,
		.data = l,
	};
	unsigned int left;

	assert_int_equal(conf_defaults(&defaults), 0);
	left = ubc_check(c, &how);
	conf_done(&defaults);
	return left;
}

/* One value of "basic" is another: this is found, and repaired with that value. */
static void test_rules(void **state VZ_UNUSED)
{
	static const struct { const char *key, *text, *expect; } rows[] = {
		{ "NUMPROC",      "240",             "" },
		{ "KMEMSIZE",     "14790164:14372700", "Error kmemsize.bar < 14372700 (14790164) 14790164" },
		{ "KMEMSIZE",     "10997759:14790164", "Error kmemsize.bar > 10997760 (10997759) 10997760:14790164" },
		{ "KMEMSIZE",     "10997760:14790164", "" },
		{ "LOCKEDPAGES",  "2:1",             "Error lockedpages.bar < 1 (2) 2" },
		{ "NUMFLOCK",     "206:188",         "Error numflock.bar < 188 (206) 206" },
		{ "NUMPROC",      "240:250",         "Error numproc.bar = 250 (240) 250" },
		{ "AVNUMPROC",    "100:180",         "Error avnumproc.bar = 180 (100) 180" },
		{ "NUMTCPSOCK",   "360:350",         "Error numtcpsock.bar = 350 (360) 360" },
		{ "NUMOTHERSOCK", "300:360",         "Error numothersock.bar = 360 (300) 360" },
		{ "SHMPAGES",     "1:2",             "Error shmpages.bar = 2 (1) 2" },
		{ "NUMPTY",       "1:2",             "Error numpty.bar = 2 (1) 2" },
		{ "NUMSIGINFO",   "1:2",             "Error numsiginfo.bar = 2 (1) 2" },
		{ "NUMIPTENT",    "1:2",             "Error numiptent.bar = 2 (1) 2" },
		{ "PHYSPAGES",    "1:unlimited",     "Error physpages.bar = 0 (1) 0:unlimited" },
		{ "VMGUARPAGES",  "33792:40000",     "Error vmguarpages.lim = 9223372036854775807 (40000) 33792:9223372036854775807" },
		{ "OOMGUARPAGES", "1:1",             "Error oomguarpages.lim = 9223372036854775807 (1) 1:unlimited" },
		{ "TCPSNDBUF",    "1720320:2641919", "Error tcpsndbuf.lim > 2641920 (2641919) 1720320:2641920" },
		{ "TCPRCVBUF",    "1720320:2641919", "Warning tcprcvbuf.lim > 2641920 (2641919) 1720320:2641920" },
		{ "OTHERSOCKBUF", "1126080:2047679", "Error othersockbuf.lim > 2047680 (2047679) 1126080:2047680" },
		{ "TCPSNDBUF",    "65535:2703360",   "Warning tcpsndbuf.bar > 65536 (65535) 65536:2703360" },
		{ "TCPRCVBUF",    "65535:2703360",   "Warning tcprcvbuf.bar > 65536 (65535) 65536:2703360" },
		{ "DGRAMRCVBUF",  "132095",          "Recommendation dgramrcvbuf.bar > 132096 (132095) 132096" },
		{ "OTHERSOCKBUF", "132095:2097152",  "Recommendation othersockbuf.bar > 132096 (132095) 132096:2097152" },
		{ "DGRAMRCVBUF",  "1",
			"Warning dgramrcvbuf.bar > 32768 (1) 32768; Recommendation dgramrcvbuf.bar > 132096 (32768) 132096" },
		{ "DCACHESIZE",   "3409920:3575807", "Warning dcachesize.lim > 3575808 (3575807) 3409920:3575808" },
		{ "PRIVVMPAGES",  "33791:69632",     "Warning privvmpages.bar > 33792 (33791) 33792:69632" },
		{ "NUMFILE",      "5759",            "Warning numfile.bar > 5760 (5759) 5760" },
		{ "DISKSPACE",    "200:100",         "Error diskspace.bar < 100 (200) 200:200" },
		{ "DISKINODES",   "200:100",         "Error diskinodes.bar < 100 (200) 200:200" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct listener l = { .repair = true };
		struct vz_conf c = { 0 };

		make_basic(&c);
		put(&c, rows[i].key, rows[i].text);
		assert_int_equal(check(&c, false, &l), 0);
		if (strcmp(str_get(&l.text), rows[i].expect) != 0)
			fail_msg("%s=%s: '%s' instead of '%s'", rows[i].key, rows[i].text, str_get(&l.text), rows[i].expect);
		str_done(&l.text);
		conf_done(&c);
	}
}

/* What is not repaired stays as it is and is counted. */
static void test_not_repaired(void **state VZ_UNUSED)
{
	struct listener l = { .repair = false };
	struct vz_conf c = { 0 };

	make_basic(&c);
	put(&c, "NUMPROC", "240:250");
	put(&c, "DISKSPACE", "2:1");
	value_done(VZ_P_shmpages, &c.v[VZ_P_shmpages]);
	assert_int_equal(check(&c, false, &l), 3);
	assert_int_equal(c.v[VZ_P_numproc].bl.bar, 240);
	assert_false(c.v[VZ_P_shmpages].set);
	str_done(&l.text);
	conf_done(&c);
}

static void test_quota_is_off(void **state VZ_UNUSED)
{
	struct listener l = { 0 };
	struct vz_conf c = { 0 };

	put(&c, "DISKSPACE", "2:1");
	put(&c, "DISK_QUOTA", "no");
	assert_int_equal(check(&c, false, &l), 0);
	conf_done(&c);
}

/* Which kind of configuration it is. */
static void test_kinds(void **state VZ_UNUSED)
{
	static const struct { const char *physpages, *swappages, *numproc; unsigned int left, left_whole; } rows[] = {
		{ NULL,          NULL,         NULL,  0, 19 },	/* nothing is limited */
		{ NULL,          NULL,         "100", 0, 18 },
		{ "0:512M",      "0:1024",     NULL,  0, 19 },	/* RAM and swap are; else the limit of RAM is wrong */
		{ "0:512M",      NULL,         NULL,  0, 19 },	/* no swap */
		{ "131072",      NULL,         NULL,  1, 20 },	/* the barrier is not 0 */
		{ "0:2G",        NULL,         NULL,  1, 19 },	/* more than there is */
		{ "0:512M",      "0:1025",     NULL,  1, 19 },
		{ "0:unlimited", NULL,         NULL, 18, 18 },	/* of the old kind, and not complete */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct listener l = { 0 };
		struct vz_conf c = { 0 };

		if (rows[i].physpages)
			put(&c, "PHYSPAGES", rows[i].physpages);
		if (rows[i].swappages)
			put(&c, "SWAPPAGES", rows[i].swappages);
		if (rows[i].numproc)
			put(&c, "NUMPROC", rows[i].numproc);
		assert_int_equal(check(&c, false, &l), rows[i].left);
		assert_int_equal(check(&c, true, &l), rows[i].left_whole);
		str_done(&l.text);
		conf_done(&c);
	}
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Whatever the values are, and whatever is missing: after one repair everything is in order. */
static void test_repair_is_complete(void **state VZ_UNUSED)
{
	uint64_t seed = 20261121;

	for (int round = 0; round < 20000; round++) {
		struct listener first = { .repair = true }, second = { 0 };
		struct vz_conf c = { 0 };

		for (size_t i = 0; i < ARRAY_SIZE(basic); i++) {
			struct vz_value *v = &c.v[param_by_key(basic[i][0])->id];

			v->set = next_random(&seed) % 8;
			v->bl.bar = next_random(&seed) >> (1 + next_random(&seed) % 60);
			v->bl.lim = next_random(&seed) >> (1 + next_random(&seed) % 60);
		}
		assert_int_equal(check(&c, round % 2, &first), 0);
		assert_int_equal(check(&c, round % 2, &second), 0);
		assert_string_equal(str_get(&second.text), "");
		str_done(&first.text);
		conf_done(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_not_repaired),
		cmocka_unit_test(test_quota_is_off),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_repair_is_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
