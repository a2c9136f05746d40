// SPDX-License-Identifier: GPL-2.0-only
/* KUnit tests of the arithmetic of CPU time. */
#include <kunit/test.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/prandom.h>
#include <linux/time64.h>
#include "stat.h"

#define MS NSEC_PER_MSEC

static u64 below(struct rnd_state *rnd, u32 limit)
{
	return prandom_u32_state(rnd) % limit;
}

static void check_shares(struct kunit *test, u64 total, u32 cpus)
{
	u64 sum = 0, most = ve_share(total, cpus, 0), least = ve_share(total, cpus, cpus - 1);
	u32 cpu;

	for (cpu = 0; cpu < cpus; cpu++) {
		u64 share = ve_share(total, cpus, cpu);

		KUNIT_ASSERT_LE(test, share, most);
		KUNIT_ASSERT_GE(test, share, least);
		sum += share;
	}
	KUNIT_ASSERT_EQ(test, sum, total);
	KUNIT_ASSERT_LE(test, most - least, 1);
}

static void ve_test_share_sum(struct kunit *test)
{
	static const u32 cpus[] = { 1, 2, 3, 7, 64, 8192 };
	struct rnd_state rnd;
	size_t i;
	int round;

	prandom_seed_state(&rnd, 1);
	for (i = 0; i < ARRAY_SIZE(cpus); i++) {
		for (round = 0; round < 100; round++) {
			u64 total = prandom_u32_state(&rnd);

			check_shares(test, total << below(&rnd, 33), cpus[i]);
		}
		check_shares(test, 0, cpus[i]);
		check_shares(test, U64_MAX, cpus[i]);
	}
}

/* Tick by tick, where a remainder that only one CPU gets would be taken away from it again. */
static void ve_test_share_grows(struct kunit *test)
{
	u32 cpus, cpu;
	u64 total;

	for (cpus = 1; cpus <= 9; cpus++)
		for (cpu = 0; cpu < cpus; cpu++)
			for (total = 0; total < 100; total++)
				KUNIT_ASSERT_LE(test, ve_share(total, cpus, cpu),
						ve_share(total + 1, cpus, cpu));
}

/* A VE that is fed with what it does, and the sum of what came out. */
struct fake {
	struct ve_account	account;
	struct ve_sample	next;
	u64			sum[NR_VE_TIMES];
	u64			capacity;
};

static void fake_init(struct fake *fake, unsigned int cpus)
{
	*fake = (struct fake){ .next = { .now = 1000 * MS, .utime = 5, .cpus = cpus } };
	fake->account.last = fake->next;
}

static void fake_read(struct fake *fake)
{
	u64 times[NR_VE_TIMES];
	int i;

	fake->capacity += (fake->next.now - fake->account.last.now) * fake->account.last.cpus;
	ve_account(&fake->account, &fake->next, times);
	for (i = 0; i < NR_VE_TIMES; i++)
		fake->sum[i] += times[i];
}

static u64 fake_total(const struct fake *fake)
{
	u64 total = 0;
	int i;

	for (i = 0; i < NR_VE_TIMES; i++)
		total += fake->sum[i];
	return total;
}

/* Of a VE that uses less than its CPUs, each ns is found again, whatever is going on. */
static void ve_test_account_total(struct kunit *test)
{
	struct rnd_state rnd;
	struct fake fake;
	u64 niced = 0;
	int round;

	prandom_seed_state(&rnd, 2);
	fake_init(&fake, 4);
	for (round = 0; round < 10000; round++) {
		u64 step = below(&rnd, 100 * MS), user = below(&rnd, 2 * step + 1);
		u64 nice = below(&rnd, user + 1);

		fake.next.now += step;
		fake.next.utime += user;
		fake.next.ntime += nice;
		fake.next.stime += below(&rnd, 2 * step + 1);
		fake.next.throttled += below(&rnd, 400 * MS);
		niced += nice;
		fake_read(&fake);
	}
	KUNIT_EXPECT_EQ(test, fake_total(&fake), fake.capacity);
	KUNIT_EXPECT_EQ(test, fake.sum[VE_USER] + fake.sum[VE_NICE], fake.next.utime - 5);
	KUNIT_EXPECT_EQ(test, fake.sum[VE_SYSTEM], fake.next.stime);
	KUNIT_EXPECT_EQ(test, fake.sum[VE_NICE], niced);
	KUNIT_EXPECT_GT(test, fake.sum[VE_STEAL], 0);
	KUNIT_EXPECT_GT(test, fake.sum[VE_IDLE], 0);
}

/* Half of the time a VE is stopped by cpu.max. The kernel says so when it goes on. */
static void throttle_read_every(struct kunit *test, struct fake *fake, int every)
{
	int ms;

	fake_init(fake, 1);
	for (ms = 1; ms <= 10000; ms++) {
		fake->next.now += MS;
		if (ms % 100 < 50)
			fake->next.utime += MS;
		if (ms % 100 == 0)
			fake->next.throttled += 50 * MS;
		if (ms % every == 0)
			fake_read(fake);
	}
	KUNIT_EXPECT_EQ(test, fake_total(fake), 10000 * MS);
	KUNIT_EXPECT_GE(test, fake->sum[VE_STEAL], 4900 * MS);
	KUNIT_EXPECT_LE(test, fake->sum[VE_STEAL], 5000 * MS);
}

static void ve_test_account_steal(struct kunit *test)
{
	struct fake often, seldom;

	throttle_read_every(test, &often, 1);
	throttle_read_every(test, &seldom, 1000);
	KUNIT_EXPECT_LE(test, often.sum[VE_IDLE], seldom.sum[VE_IDLE] + 100 * MS);
}

/* More stopped than there are CPUs to be seen, and idle afterwards: soon no more steal time. */
static void ve_test_account_steal_ends(struct kunit *test)
{
	struct fake fake;
	u64 steal;
	int i;

	fake_init(&fake, 1);
	fake.next.now += 1000 * MS;
	fake.next.throttled += 8000 * MS;
	fake_read(&fake);
	KUNIT_EXPECT_EQ(test, fake.sum[VE_STEAL], 1000 * MS);
	steal = fake.sum[VE_STEAL];
	for (i = 0; i < 10; i++) {
		fake.next.now += 1000 * MS;
		fake_read(&fake);
	}
	KUNIT_EXPECT_LE(test, fake.sum[VE_STEAL], steal + 100 * MS);
}

/* It sees one CPU and used two for an hour. Idle time goes on as soon as it is idle. */
static void ve_test_account_over(struct kunit *test)
{
	struct fake fake;
	int i;

	fake_init(&fake, 1);
	for (i = 0; i < 3600; i++) {
		fake.next.now += 1000 * MS;
		fake.next.utime += 2000 * MS;
		fake_read(&fake);
	}
	KUNIT_EXPECT_EQ(test, fake.sum[VE_IDLE], 0);
	KUNIT_EXPECT_EQ(test, fake.sum[VE_USER], 7200000 * MS);
	fake.next.now += 1000 * MS;
	fake_read(&fake);
	KUNIT_EXPECT_GE(test, fake.sum[VE_IDLE], 900 * MS);
	KUNIT_EXPECT_LE(test, fake.sum[VE_IDLE], 1000 * MS);
}

/* What runs is accounted in ticks. Whoever reads in between does not make idle time of that. */
static void ve_test_account_ticks(struct kunit *test)
{
	struct fake fake;
	int ms;

	fake_init(&fake, 1);
	for (ms = 1; ms <= 10000; ms++) {
		fake.next.now += MS;
		if (ms % 10 == 0)
			fake.next.stime += 10 * MS;
		fake_read(&fake);
	}
	KUNIT_EXPECT_EQ(test, fake.sum[VE_SYSTEM], 10000 * MS);
	KUNIT_EXPECT_LE(test, fake.sum[VE_IDLE], 10 * MS);
}

/* The number of CPUs at the end of a while is what it is from then on. */
static void ve_test_account_cpus(struct kunit *test)
{
	struct fake fake;

	fake_init(&fake, 1);
	fake.next.now += 10 * MS;
	fake.next.cpus = 4;
	fake_read(&fake);
	KUNIT_EXPECT_EQ(test, fake.sum[VE_IDLE], 10 * MS);
	fake.next.now += 10 * MS;
	fake.next.cpus = 1;
	fake_read(&fake);
	KUNIT_EXPECT_EQ(test, fake.sum[VE_IDLE], 50 * MS);
}

static void ve_test_account_restart(struct kunit *test)
{
	struct fake fake;
	u64 total;

	fake_init(&fake, 2);
	fake.next.now += 10 * MS;
	fake.next.throttled = 5 * MS;
	fake_read(&fake);
	total = fake_total(&fake);
	fake.next.throttled = 1 * MS;
	fake.next.now -= 5 * MS;
	fake_read(&fake);
	KUNIT_EXPECT_EQ(test, fake_total(&fake), total);
}

#define MAX_CPUS 5

/* Lines of a VE whose number of CPUs changes at any time. */
static void ve_test_lines(struct kunit *test)
{
	u64 line[MAX_CPUS] = {}, all = 0, sum, now;
	struct ve_times times[MAX_CPUS] = {};
	unsigned int cpu, cpus = 1;
	struct rnd_state rnd;
	LIST_HEAD(list);
	int round;

	prandom_seed_state(&rnd, 3);
	for (cpu = 0; cpu < MAX_CPUS; cpu++) {
		times[cpu].cpus = cpu + 1;
		list_add(&times[cpu].list, &list);
	}
	for (round = 0; round < 20000; round++) {
		if (!below(&rnd, 10))
			cpus = 1 + below(&rnd, MAX_CPUS);
		times[cpus - 1].times[VE_IDLE] += below(&rnd, 30 * MS);
		for (sum = 0, cpu = 0; cpu < MAX_CPUS; cpu++) {
			now = ve_cpu_ticks(&list, VE_IDLE, cpu);
			KUNIT_ASSERT_GE(test, now, line[cpu]);
			if (cpu >= cpus)
				KUNIT_ASSERT_EQ(test, now, line[cpu]);
			line[cpu] = now;
			sum += now;
		}
		now = ve_all_ticks(&list, VE_IDLE);
		KUNIT_ASSERT_GE(test, now, all);
		KUNIT_ASSERT_EQ(test, now, sum);
		all = now;
	}
	KUNIT_EXPECT_GT(test, all, 0);
	KUNIT_EXPECT_EQ(test, ve_all_ticks(&list, VE_USER), 0);
}

static struct kunit_case ve_stat_cases[] = {
	KUNIT_CASE(ve_test_share_sum),
	KUNIT_CASE(ve_test_share_grows),
	KUNIT_CASE(ve_test_account_total),
	KUNIT_CASE(ve_test_account_steal),
	KUNIT_CASE(ve_test_account_steal_ends),
	KUNIT_CASE(ve_test_account_over),
	KUNIT_CASE(ve_test_account_ticks),
	KUNIT_CASE(ve_test_account_cpus),
	KUNIT_CASE(ve_test_account_restart),
	KUNIT_CASE(ve_test_lines),
	{ }
};

static struct kunit_suite ve_stat_suite = {
	.name = "ve-stat",
	.test_cases = ve_stat_cases,
};

kunit_test_suites(&ve_stat_suite);
