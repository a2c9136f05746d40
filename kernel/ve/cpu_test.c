// SPDX-License-Identifier: GPL-2.0-only
/* KUnit tests of how CPUs are counted. */
#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/string.h>
#include "internal.h"

#define SHIFT 20

/* As the scheduler makes it of a quota and a period in microseconds; the longest period is 1 s. */
static s64 ratio(u64 quota, u64 period)
{
	return div64_u64(quota << SHIFT, period);
}

static void ve_test_ratio(struct kunit *test)
{
	static const u32 periods[] = { 1000, 1001, 99999, 100000, 1000000 };
	size_t i;
	u32 n;

	KUNIT_EXPECT_EQ(test, ve_ratio_cpus(-1, SHIFT), UINT_MAX);
	KUNIT_EXPECT_EQ(test, ve_ratio_cpus(S64_MIN, SHIFT), UINT_MAX);
	KUNIT_EXPECT_EQ(test, ve_ratio_cpus(0, SHIFT), 1);
	KUNIT_EXPECT_EQ(test, ve_ratio_cpus(1, SHIFT), 1);
	KUNIT_EXPECT_EQ(test, ve_ratio_cpus(S64_MAX, SHIFT), UINT_MAX);
	KUNIT_EXPECT_EQ(test, ve_ratio_cpus((s64)UINT_MAX << SHIFT, SHIFT), UINT_MAX);
	KUNIT_EXPECT_EQ(test, ve_ratio_cpus(ratio(1000, 1000000), SHIFT), 1);

	for (i = 0; i < ARRAY_SIZE(periods); i++) {
		for (n = 1; n <= 8192; n++) {
			u64 all = (u64)n * periods[i];

			KUNIT_ASSERT_EQ(test, ve_ratio_cpus(ratio(all, periods[i]), SHIFT), n);
			KUNIT_ASSERT_EQ(test, ve_ratio_cpus(ratio(all - 1, periods[i]), SHIFT), n);
			KUNIT_ASSERT_EQ(test, ve_ratio_cpus(ratio(all + 1, periods[i]), SHIFT),
					n + 1);
		}
	}
}

static void ve_test_cpuinfo(struct kunit *test)
{
	static const char text[] = "processor\t: 0\nmodel\t: a processor\n\nprocessor\t: 1\n\ntail";
	size_t len = strlen(text), second = strstr(text, "\n\nproc") + 2 - text;

	KUNIT_EXPECT_EQ(test, ve_cpuinfo_cut(text, len, 0), 0);
	KUNIT_EXPECT_EQ(test, ve_cpuinfo_cut(text, len, 1), second);
	KUNIT_EXPECT_EQ(test, ve_cpuinfo_cut(text, len, 2), len);
	KUNIT_EXPECT_EQ(test, ve_cpuinfo_cut(text, len, UINT_MAX), len);
	KUNIT_EXPECT_EQ(test, ve_cpuinfo_cut(text, 5, 0), 5);
	KUNIT_EXPECT_EQ(test, ve_cpuinfo_cut(text, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, ve_cpuinfo_cut("\n\n\n", 3, 0), 3);
}

static struct kunit_case ve_cpu_cases[] = {
	KUNIT_CASE(ve_test_ratio),
	KUNIT_CASE(ve_test_cpuinfo),
	{ }
};

static struct kunit_suite ve_cpu_suite = {
	.name = "ve-cpu",
	.test_cases = ve_cpu_cases,
};

kunit_test_suites(&ve_cpu_suite);
