/* SPDX-License-Identifier: GPL-2.0-only */
/* Cells of vzlist: what clients of the table compare byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* The tools are no library: this file of theirs needs nothing but itself. */
#include "cli/cells.c"

static char *put(const char *text, int width, bool cut)
{
	static char buf[256];
	FILE *f = fmemopen(buf, sizeof(buf), "w");

	cell_put(f, text, width, cut);
	(void)fclose(f);
	return buf;
}

static void test_put(void **state VZ_UNUSED)
{
	static const struct {
		const char *text;
		int width;
		bool cut;
		const char *expect;
	} rows[] = {
		{ "101", 10, false, "       101" },
		{ "running", -9, true, "running  " },
		{ "a name that is too long", -6, true, "a name" },
		{ "a name that is too long", -6, false, "a name that is too long" },
		{ "9223372036854775807", 10, false, "9223372036854775807" },
		{ "", -3, true, "   " },
		{ "\xc3\xa4\xc3\xb6\xc3\xbc", -5, true, "\xc3\xa4\xc3\xb6\xc3\xbc  " },
		{ "\xc3\xa4\xc3\xb6\xc3\xbc", -2, true, "\xc3\xa4\xc3\xb6" },
		{ "a\tb\x1b[1m\x7f", -1, false, "a?b?[1m?" },
		{ "a\xc2\x9b" "b\xc2\xa0", -1, false, "a?b\xc2\xa0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(put(rows[i].text, rows[i].width, rows[i].cut), rows[i].expect);
}

static void expect_format(enum cell_kind kind, const struct cell *c, bool last, const char *expect)
{
	char *text = cell_format(kind, c, last);

	assert_string_equal(text, expect);
	free(text);
}

static void test_format(void **state VZ_UNUSED)
{
	struct cell none = { 0 };
	struct cell list = { .set = true, .text = (char *)"10.0.0.1 ::1" };
	struct cell num = { .set = true, .num = CELL_UNLIMITED };
	struct cell real = { .set = true, .real = { 90061.9, 0.5, 0.25 } };
	struct cell load = { .set = true, .real = { 0, 0.014, 12.345 } };
	struct cell no = { .set = true };

	for (int kind = 0; kind < CELL__MAX; kind++)
		expect_format(kind, &none, true, "-");
	expect_format(CELL_LIST, &list, true, "10.0.0.1 ::1");
	expect_format(CELL_LIST, &list, false, "10.0.0.1");
	expect_format(CELL_TEXT, &list, false, "10.0.0.1 ::1");
	expect_format(CELL_COUNTER, &num, false, "9223372036854775807");
	expect_format(CELL_TEXT_OR_NUM, &num, false, "9223372036854775807");
	expect_format(CELL_UPTIME, &real, false, "001d01h:01m:01s");
	expect_format(CELL_LOAD, &load, false, "0.00/0.01/12.35");
	expect_format(CELL_REAL, &(struct cell){ .set = true, .real = { 1.5 } }, false, "1.5");
	expect_format(CELL_YESNO, &no, false, "no");
	expect_format(CELL_YESNO, &num, false, "yes");
}

static void test_compare(void **state VZ_UNUSED)
{
	struct cell none = { 0 };
	struct cell a = { .set = true, .text = (char *)"a", .num = 10, .real = { 10 } };
	struct cell b = { .set = true, .text = (char *)"b", .num = 9, .real = { 9 } };
	struct cell id = { .set = true, .num = 101 };

	assert_true(cell_compare(CELL_TEXT, &a, &b) < 0);
	assert_true(cell_compare(CELL_TEXT, &none, &a) < 0);
	assert_true(cell_compare(CELL_NUM, &a, &b) > 0);
	assert_true(cell_compare(CELL_NUM, &none, &b) < 0);
	assert_true(cell_compare(CELL_STATUS, &a, &b) > 0);
	assert_true(cell_compare(CELL_UPTIME, &a, &b) < 0);
	assert_true(cell_compare(CELL_LOAD, &a, &b) > 0);
	assert_true(cell_compare(CELL_TEXT_OR_NUM, &id, &a) < 0);
	assert_int_equal(cell_compare(CELL_YESNO, &a, &b), 0);
	assert_int_equal(cell_compare(CELL_FLAGS, &none, &a), 0);
}

static void test_pair(void **state VZ_UNUSED)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t first, second;
	} rows[] = {
		{ "240", true, 240, 240 },
		{ "0:65536", true, 0, 65536 },
		{ "unlimited", true, CELL_UNLIMITED, CELL_UNLIMITED },
		{ "33792:unlimited", true, 33792, CELL_UNLIMITED },
		{ "unlimited:1", true, CELL_UNLIMITED, 1 },
		{ .text = "" }, { .text = ":1" }, { .text = "1:" }, { .text = "-1" }, { .text = "1:2:3" },
		{ .text = "unlimitedx" }, { .text = "99999999999999999999999" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t first = 0, second = 0;

		assert_int_equal(pair_parse(rows[i].text, &first, &second), rows[i].ok);
		if (!rows[i].ok)
			continue;
		assert_int_equal(first, rows[i].first);
		assert_int_equal(second, rows[i].second);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
