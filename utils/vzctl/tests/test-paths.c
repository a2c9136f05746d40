/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where everything is, with and without a prefix. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "conf/paths.h"

#define CHECK(expr, want) do { auto_free char *got_ = (expr); assert_string_equal(got_, want); } while (0)

static void without_a_prefix_paths_are_the_real_ones(void **state VZ_UNUSED)
{
	static const char *const none[] = { NULL, "", "/", "//" };

	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		struct vz_paths p;

		assert_int_equal(paths_init(&p, none[i]), 0);
		assert_string_equal(p.prefix, "");
		assert_string_equal(p.tag, "");
		assert_string_equal(p.global_conf, "/etc/vz/vz.conf");
		assert_string_equal(p.conf_dir, "/etc/vz/conf");
		assert_string_equal(p.names_dir, "/etc/vz/names");
		assert_string_equal(p.dists_dir, "/etc/vz/dists");
		assert_string_equal(p.run_dir, "/run/vz");
		CHECK(paths_resolve(&p, "/vz/private/101"), "/vz/private/101");
		CHECK(paths_ct_conf(&p, 101, NULL), "/etc/vz/conf/101.conf");
		CHECK(paths_ct_conf(&p, 101, ".mount"), "/etc/vz/conf/101.mount");
		CHECK(paths_sample(&p, "vswap-1g"), "/etc/vz/conf/ve-vswap-1g.conf-sample");
		CHECK(paths_run(&p, 101, NULL), "/run/vz/101");
		CHECK(paths_run(&p, 4294967295u, "state"), "/run/vz/4294967295/state");
		paths_done(&p);
		paths_done(&p);
	}
}

static void with_a_prefix_all_data_lies_below_it(void **state VZ_UNUSED)
{
	struct vz_paths p;

	assert_int_equal(paths_init(&p, "/tmp/a b//"), 0);
	assert_string_equal(p.prefix, "/tmp/a b");
	assert_string_equal(p.global_conf, "/tmp/a b/etc/vz/vz.conf");
	assert_string_equal(p.run_dir, "/tmp/a b/run/vz");
	CHECK(paths_ct_conf(&p, 7, ".conf"), "/tmp/a b/etc/vz/conf/7.conf");
	CHECK(paths_resolve(&p, "/vz/private/7"), "/tmp/a b/vz/private/7");
	CHECK(paths_resolve(&p, "vz"), "/tmp/a b/vz");
	paths_done(&p);
}

static void a_path_below_the_prefix_is_not_moved_again(void **state VZ_UNUSED)
{
	struct vz_paths p;

	assert_int_equal(paths_init(&p, "/tmp/x"), 0);
	CHECK(paths_resolve(&p, "/tmp/x/vz"), "/tmp/x/vz");
	CHECK(paths_resolve(&p, "/tmp/x"), "/tmp/x");
	CHECK(paths_resolve(&p, "/tmp/xy"), "/tmp/x/tmp/xy");
	paths_done(&p);
}

static void programs_stay_where_they_are_installed(void **state VZ_UNUSED)
{
	struct vz_paths with, without;

	assert_int_equal(paths_init(&with, "/tmp/x"), 0);
	assert_int_equal(paths_init(&without, NULL), 0);
	assert_string_equal(with.libexec_dir, without.libexec_dir);
	assert_string_equal(with.share_dir, without.share_dir);
	paths_done(&with);
	paths_done(&without);
}

static void prefixes_have_tags_that_tell_them_apart(void **state VZ_UNUSED)
{
	struct vz_paths a, b, again;

	assert_int_equal(paths_init(&a, "/tmp/a"), 0);
	assert_int_equal(paths_init(&b, "/tmp/b"), 0);
	assert_int_equal(paths_init(&again, "/tmp/a/"), 0);
	assert_int_equal(strlen(a.tag), 8);
	assert_int_equal(strspn(a.tag, "0123456789abcdef"), 8);
	assert_string_not_equal(a.tag, b.tag);
	assert_string_equal(a.tag, again.tag);
	paths_done(&a);
	paths_done(&b);
	paths_done(&again);
}

static void a_relative_prefix_is_refused(void **state VZ_UNUSED)
{
	struct vz_paths p;

	assert_int_equal(paths_init(&p, "tmp/x"), -EINVAL);
	paths_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_prefix_paths_are_the_real_ones),
		cmocka_unit_test(with_a_prefix_all_data_lies_below_it),
		cmocka_unit_test(a_path_below_the_prefix_is_not_moved_again),
		cmocka_unit_test(programs_stay_where_they_are_installed),
		cmocka_unit_test(prefixes_have_tags_that_tell_them_apart),
		cmocka_unit_test(a_relative_prefix_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
