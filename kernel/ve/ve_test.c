// SPDX-License-Identifier: GPL-2.0-only
/* KUnit tests of what is written into ve.* files. */
#include <kunit/test.h>
#include <linux/limits.h>
#include "internal.h"

struct number_case {
	const char *text;
	int ret;
	unsigned int value;
};

static const struct number_case id_cases[] = {
	{ "1", 0, 1 },
	{ "101", 0, 101 },
	{ "2147483647", 0, INT_MAX },
	{ "0", -ERANGE },
	{ "2147483648", -ERANGE },
	{ "4294967296", -ERANGE },
	{ "-1", -EINVAL },
	{ "0x65", -EINVAL },
	{ "1 2", -EINVAL },
	{ "", -EINVAL },
	{ "max", -EINVAL },
};

static const struct number_case cpus_cases[] = {
	{ "max", 0, 0 },
	{ "1", 0, 1 },
	{ "8192", 0, 8192 },
	{ "0", -ERANGE },
	{ "8193", -ERANGE },
	{ "99999999999", -ERANGE },
	{ "1.5", -EINVAL },
	{ "-2", -EINVAL },
	{ "", -EINVAL },
	{ "MAX", -EINVAL },
};

#define UNTOUCHED 4711

static void check_numbers(struct kunit *test, const struct number_case *cases, size_t n,
			  int (*parse)(const char *text, unsigned int *value))
{
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned int value = UNTOUCHED;
		unsigned int wanted = cases[i].value;

		if (cases[i].ret)
			wanted = UNTOUCHED;
		KUNIT_EXPECT_EQ_MSG(test, parse(cases[i].text, &value), cases[i].ret,
				    "'%s'", cases[i].text);
		KUNIT_EXPECT_EQ_MSG(test, value, wanted, "'%s'", cases[i].text);
	}
}

static void ve_test_id(struct kunit *test)
{
	check_numbers(test, id_cases, ARRAY_SIZE(id_cases), ve_parse_id);
}

static void ve_test_cpus(struct kunit *test)
{
	check_numbers(test, cpus_cases, ARRAY_SIZE(cpus_cases), ve_parse_cpus);
}

static void ve_test_label(struct kunit *test)
{
	char label[8] = "before";

	KUNIT_EXPECT_EQ(test, ve_parse_label("a b-c_1", label, sizeof(label)), 0);
	KUNIT_EXPECT_STREQ(test, label, "a b-c_1");
	KUNIT_EXPECT_EQ(test, ve_parse_label("12345678", label, sizeof(label)), -ENAMETOOLONG);
	KUNIT_EXPECT_EQ(test, ve_parse_label("a\nb", label, sizeof(label)), -EINVAL);
	KUNIT_EXPECT_EQ(test, ve_parse_label("a\x1b[m", label, sizeof(label)), -EINVAL);
	KUNIT_EXPECT_EQ(test, ve_parse_label("\xc3\xa4", label, sizeof(label)), -EINVAL);
	KUNIT_EXPECT_EQ(test, ve_parse_label("", label, sizeof(label)), 0);
	KUNIT_EXPECT_STREQ(test, label, "");
}

static void ve_test_features(struct kunit *test)
{
	static const struct {
		const char *text;
		int ret;
		unsigned long before, after;
	} cases[] = {
		{ "+detect", 0, 0, BIT(VE_DETECT) },
		{ "-detect", 0, ~0UL, ~BIT(VE_DETECT) },
		{ " +procview  -cpuview\n", 0, BIT(VE_CPUVIEW), BIT(VE_PROCVIEW) },
		{ "+detect -detect", 0, 0, 0 },
		{ "", 0, 5, 5 },
		{ "detect", -EINVAL, 5, 5 },
		{ "+detect +nonsense", -EINVAL, 0, 0 },
		{ "+", -EINVAL, 1, 1 },
		{ "+detectx", -EINVAL, 1, 1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned long features = cases[i].before;
		char text[64];

		strscpy(text, cases[i].text);
		KUNIT_EXPECT_EQ_MSG(test, ve_parse_features(text, &features), cases[i].ret,
				    "'%s'", cases[i].text);
		KUNIT_EXPECT_EQ_MSG(test, features, cases[i].after, "'%s'", cases[i].text);
	}
}

static void ve_test_feature_words(struct kunit *test)
{
	char words[64], small[12];

	KUNIT_EXPECT_EQ(test, ve_print_features(words, sizeof(words), BIT(NR_VE_FEATURES) - 1), 23);
	KUNIT_EXPECT_STREQ(test, words, "procview cpuview detect");
	KUNIT_EXPECT_EQ(test, ve_print_features(words, sizeof(words), 0), 0);
	KUNIT_EXPECT_STREQ(test, words, "");
	ve_print_features(small, sizeof(small), BIT(NR_VE_FEATURES) - 1);
	KUNIT_EXPECT_STREQ(test, small, "procview cp");
}

static struct kunit_case ve_cases[] = {
	KUNIT_CASE(ve_test_id),
	KUNIT_CASE(ve_test_cpus),
	KUNIT_CASE(ve_test_label),
	KUNIT_CASE(ve_test_features),
	KUNIT_CASE(ve_test_feature_words),
	{ }
};

static struct kunit_suite ve_suite = {
	.name = "ve",
	.test_cases = ve_cases,
};

kunit_test_suites(&ve_suite);
