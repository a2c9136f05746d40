// SPDX-License-Identifier: GPL-2.0-only
/* KUnit tests of load averages. */
#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/sched/loadavg.h>
#include "internal.h"

#define MINUTE 12	/* periods */

static void steps(unsigned long avenrun[3], unsigned long active, unsigned int n)
{
	while (n--)
		ve_load_step(avenrun, active, 1);
}

/* As many tasks all the time are the load in the end, and never more on the way. */
static void ve_load_converges(struct kunit *test)
{
	unsigned long avenrun[3] = { }, last[3] = { };
	unsigned int period, i;

	for (period = 0; period < 120 * MINUTE; period++) {
		ve_load_step(avenrun, 3, 1);
		for (i = 0; i < 3; i++) {
			KUNIT_EXPECT_GE(test, avenrun[i], last[i]);
			KUNIT_EXPECT_LE(test, avenrun[i], 3 * FIXED_1);
			last[i] = avenrun[i];
		}
	}
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, avenrun[i], 3 * FIXED_1);
}

/* After as many minutes as an average is of, it is 1 - 1/e of the load: 63 %. */
static void ve_load_time_constants(struct kunit *test)
{
	static const unsigned int minutes[3] = { 1, 5, 15 };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		unsigned long avenrun[3] = { };

		steps(avenrun, 100, minutes[i] * MINUTE);
		KUNIT_EXPECT_GE(test, LOAD_INT(avenrun[i]), 62);
		KUNIT_EXPECT_LE(test, LOAD_INT(avenrun[i]), 64);
	}
}

static void ve_load_decays(struct kunit *test)
{
	unsigned long avenrun[3] = { 8 * FIXED_1, 8 * FIXED_1, 8 * FIXED_1 };
	unsigned int i;

	steps(avenrun, 0, 5 * MINUTE);
	KUNIT_EXPECT_LT(test, avenrun[0], avenrun[1]);
	KUNIT_EXPECT_LT(test, avenrun[1], avenrun[2]);
	KUNIT_EXPECT_LT(test, avenrun[2], 8 * FIXED_1);
	steps(avenrun, 0, 480 * MINUTE);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, avenrun[i], 0);
}

/* A late sample is as many samples as it missed, but for rounding; and none if it is early. */
static void ve_load_missed_periods(struct kunit *test)
{
	static const unsigned int missed[] = { 1, 2, 7, MINUTE, 15 * MINUTE, 10000 };
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(missed); i++) {
		unsigned long at_once[3] = { FIXED_1, 2 * FIXED_1, 0 };
		unsigned long one_by_one[3] = { FIXED_1, 2 * FIXED_1, 0 };

		ve_load_step(at_once, 5, missed[i]);
		steps(one_by_one, 5, missed[i]);
		for (k = 0; k < 3; k++)
			KUNIT_EXPECT_LE(test, abs_diff(at_once[k], one_by_one[k]), FIXED_1 / 40);
	}
}

static void ve_load_no_period(struct kunit *test)
{
	unsigned long avenrun[3] = { 0, 12345, 5 * FIXED_1 };

	ve_load_step(avenrun, 5, 0);
	KUNIT_EXPECT_EQ(test, avenrun[0], 0);
	KUNIT_EXPECT_EQ(test, avenrun[1], 12345);
	KUNIT_EXPECT_EQ(test, avenrun[2], 5 * FIXED_1);
}

/* As many tasks as there can be: PID_MAX_LIMIT is 4 million. */
static void ve_load_many(struct kunit *test)
{
	unsigned long avenrun[3] = { };
	unsigned int i;

	if (BITS_PER_LONG == 64)
		steps(avenrun, 4 << 20, 480 * MINUTE);
	else
		steps(avenrun, 1000, 480 * MINUTE);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, LOAD_INT(avenrun[i]), BITS_PER_LONG == 64 ? 4 << 20 : 1000);
}

static struct kunit_case load_cases[] = {
	KUNIT_CASE(ve_load_converges),
	KUNIT_CASE(ve_load_time_constants),
	KUNIT_CASE(ve_load_decays),
	KUNIT_CASE(ve_load_missed_periods),
	KUNIT_CASE(ve_load_no_period),
	KUNIT_CASE(ve_load_many),
	{ }
};

static struct kunit_suite load_suite = {
	.name = "ve_load",
	.test_cases = load_cases,
};

kunit_test_suites(&load_suite);
