// SPDX-License-Identifier: GPL-2.0-only
/* KUnit tests of the arithmetic of meminfo and sysinfo(2). */
#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/page_counter.h>
#include <linux/prandom.h>
#include "internal.h"

static void ve_memory_ordinary(struct kunit *test)
{
	static const struct ve_memory_use use = {
		.limit = 1000, .usage = 700, .cached = 300, .file = 250, .reclaimable = 50,
		.swap_limit = 400, .swap_usage = 100,
	};
	struct ve_memory_view view;

	ve_memory_view(&view, &use);
	KUNIT_EXPECT_EQ(test, view.total, 1000);
	KUNIT_EXPECT_EQ(test, view.free, 300);
	KUNIT_EXPECT_EQ(test, view.available, 600);
	KUNIT_EXPECT_EQ(test, view.cached, 300);
	KUNIT_EXPECT_EQ(test, view.reclaimable, 50);
	KUNIT_EXPECT_EQ(test, view.swap_total, 400);
	KUNIT_EXPECT_EQ(test, view.swap_free, 300);
}

/* A limit that was lowered, or that charges went past for a moment. */
static void ve_memory_over_limit(struct kunit *test)
{
	static const struct ve_memory_use use = {
		.limit = 100, .usage = 150, .cached = 30, .file = 20, .reclaimable = 10,
		.swap_limit = 0, .swap_usage = 7,
	};
	struct ve_memory_view view;

	ve_memory_view(&view, &use);
	KUNIT_EXPECT_EQ(test, view.total, 100);
	KUNIT_EXPECT_EQ(test, view.free, 0);
	KUNIT_EXPECT_EQ(test, view.available, 30);
	KUNIT_EXPECT_EQ(test, view.swap_total, 0);
	KUNIT_EXPECT_EQ(test, view.swap_free, 0);
}

/* Counters of what is used are flushed now and then only, usage is exact. */
static void ve_memory_stale_counters(struct kunit *test)
{
	static const struct ve_memory_use use = {
		.limit = 1000, .usage = 100, .cached = 400, .file = 390, .reclaimable = 50,
	};
	struct ve_memory_view view;

	ve_memory_view(&view, &use);
	KUNIT_EXPECT_EQ(test, view.free, 900);
	KUNIT_EXPECT_EQ(test, view.available, 1000);
	KUNIT_EXPECT_EQ(test, view.cached, 100);
	KUNIT_EXPECT_EQ(test, view.reclaimable, 0);
}

static void ve_memory_nothing(struct kunit *test)
{
	static const struct ve_memory_use use = { .usage = 5, .file = 5 };
	struct ve_memory_view view;

	ve_memory_view(&view, &use);
	KUNIT_EXPECT_EQ(test, view.total, 0);
	KUNIT_EXPECT_EQ(test, view.free, 0);
	KUNIT_EXPECT_EQ(test, view.available, 0);
	KUNIT_EXPECT_EQ(test, view.cached, 0);
}

static void check_order(struct kunit *test, const struct ve_memory_use *use)
{
	struct ve_memory_view view;

	ve_memory_view(&view, use);
	KUNIT_EXPECT_EQ(test, view.total, use->limit);
	KUNIT_EXPECT_LE(test, view.free, view.available);
	KUNIT_EXPECT_LE(test, view.available, view.total);
	KUNIT_EXPECT_LE(test, view.cached, view.total - view.free);
	KUNIT_EXPECT_LE(test, view.reclaimable, view.total - view.free - view.cached);
	KUNIT_EXPECT_EQ(test, view.swap_total, use->swap_limit);
	KUNIT_EXPECT_LE(test, view.swap_free, view.swap_total);
}

/* Each field small, at "max", one off, and as large as its type, in all combinations. */
static void ve_memory_extremes(struct kunit *test)
{
	static const unsigned long values[] = {
		0, 1, PAGE_COUNTER_MAX - 1, PAGE_COUNTER_MAX, ULONG_MAX - 1, ULONG_MAX,
	};
	unsigned int i;

	for (i = 0; i < 6 * 6 * 6 * 6 * 6; i++) {
		struct ve_memory_use use = {
			.limit = values[i % 6],
			.usage = values[i / 6 % 6],
			.cached = values[i / 36 % 6],
			.file = values[i / 216 % 6],
			.reclaimable = values[i / 1296],
			.swap_limit = values[i / 6 % 6],
			.swap_usage = values[i % 6],
		};

		check_order(test, &use);
	}
}

static void ve_memory_random(struct kunit *test)
{
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, 0x6f766500);
	for (i = 0; i < 10000; i++) {
		struct ve_memory_use use;

		prandom_bytes_state(&rnd, &use, sizeof(use));
		check_order(test, &use);
	}
}

/* More use is never more free, and what can be reclaimed never makes less available. */
static void ve_memory_monotonic(struct kunit *test)
{
	struct ve_memory_use use = { .limit = 500, .cached = 100, .file = 80, .reclaimable = 20 };
	struct ve_memory_view view;
	unsigned long last = ULONG_MAX;

	for (use.usage = 0; use.usage < 600; use.usage++) {
		ve_memory_view(&view, &use);
		KUNIT_EXPECT_LE(test, view.free, last);
		last = view.free;
	}
	KUNIT_EXPECT_EQ(test, last, 0);
	for (use.file = 0, last = 0; use.file < 600; use.file++) {
		ve_memory_view(&view, &use);
		KUNIT_EXPECT_GE(test, view.available, last);
		last = view.available;
	}
	KUNIT_EXPECT_EQ(test, last, 500);
}

static struct kunit_case memory_cases[] = {
	KUNIT_CASE(ve_memory_ordinary),
	KUNIT_CASE(ve_memory_over_limit),
	KUNIT_CASE(ve_memory_stale_counters),
	KUNIT_CASE(ve_memory_nothing),
	KUNIT_CASE(ve_memory_extremes),
	KUNIT_CASE(ve_memory_random),
	KUNIT_CASE(ve_memory_monotonic),
	{ }
};

static struct kunit_suite memory_suite = {
	.name = "ve_memory",
	.test_cases = memory_cases,
};

kunit_test_suites(&memory_suite);
