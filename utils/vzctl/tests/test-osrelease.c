/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which release containers are told, by the lines of osrelease.conf. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "conf/osrelease.h"

static const char lines[] =
	"# comment 9.9\n"
	"\n"
	"debian-14  6.18\n"
	"debian\t6.1.200  # all others\n"
	"debian-13 9.9\n"
	"alma-10 6.12.0-55.el10\r\n"
	"old 2.6.32\n"
	"bad\n"
	"bad six\n"
	"bad 7.0 more\n"
	"bad 7.0\n"
	"last 6.13";

static void check(const char *ostemplate, const char *real, const char *want, unsigned int want_bad)
{
	auto_free char *got = NULL;
	unsigned int bad = 99;

	assert_int_equal(osrelease_find(lines, ostemplate, real, &got, &bad), 0);
	assert_string_equal(got ? got : "the real one", want);
	assert_int_equal(bad, want_bad);
}

static void the_first_line_that_matches_counts(void **state)
{
	(void)state;
	check("debian-14-amd64", "6.12.117-ve", "6.18-ve", 0);
	check("debian-13-amd64", "6.12.117-ve", "the real one", 0);
	check("debian-13-amd64", "6.1.90-ve", "6.1.200-ve", 0);
	check("ebian-14", "1.0", "the real one", 0);
	check("", "1.0", "the real one", 0);
	check("alma-10-x86_64", "6.11.9", "6.12.0-55.el10", 0);
	check("last", "6.12.117-ve", "6.13-ve", 0);
}

static void numbers_are_compared_not_text(void **state)
{
	(void)state;
	check("debian", "6.1.199", "6.1.200", 0);
	check("debian", "6.1.200", "the real one", 0);
	check("debian", "6.1.200.1", "the real one", 0);
	check("debian", "6.1", "6.1.200", 0);
	check("debian", "6.2", "the real one", 0);
	check("debian", "6.10.3", "the real one", 0);
	check("debian", "10", "the real one", 0);
	check("debian", "5.999.999+", "6.1.200+", 0);
	check("old", "6.12.117-ve", "the real one", 0);
	/* Nothing that a release could be. */
	check("debian", "next", "6.1.200next", 0);
}

static void lines_without_a_version_are_passed_over_and_named(void **state)
{
	(void)state;
	check("bad-1", "6.12.117-ve", "7.0-ve", 8);
	check("bad-1", "7.0", "the real one", 8);
}

static void what_no_program_can_read_is_no_release(void **state)
{
	(void)state;
	assert_true(osrelease_is_valid("6"));
	assert_true(osrelease_is_valid("2.6.32-042stab145.3"));
	assert_true(osrelease_is_valid("6.1.0-1~bpo12+1_x"));
	assert_false(osrelease_is_valid(""));
	assert_false(osrelease_is_valid("v6"));
	assert_false(osrelease_is_valid("-6"));
	assert_false(osrelease_is_valid("6 1"));
	assert_false(osrelease_is_valid("6.1\n"));
	assert_false(osrelease_is_valid("6.1\xc3\xa9"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_line_that_matches_counts),
		cmocka_unit_test(numbers_are_compared_not_text),
		cmocka_unit_test(lines_without_a_version_are_passed_over_and_named),
		cmocka_unit_test(what_no_program_can_read_is_no_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
