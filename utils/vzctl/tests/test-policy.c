/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From parameters to what the kernel is told: the numbers, and the order in which they are written. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/policy.h"
#include "backend/ve.h"
#include "base/cleanup.h"
#include "base/str.h"

/* A configuration of pairs (parameter, text in a file), ended by VZ_P__MAX. */
static struct vz_conf conf_of(enum vz_param_id id, ...)
{
	struct vz_conf c = { 0 };
	va_list ap;

	va_start(ap, id);
	for (; id != VZ_P__MAX; id = va_arg(ap, enum vz_param_id))
		assert_int_equal(value_parse(id, VZ_FROM_FILE, va_arg(ap, const char *), &c.v[id]), 0);
	va_end(ap);
	return c;
}
#define CONF(...) conf_of(__VA_ARGS__, VZ_P__MAX)

/* All files as "name=value name=value", optional ones with "?"; a container's default as "(default)" before. */
static char *text_of(struct policy_files *p)
{
	struct vz_str out = { 0 };

	assert_false(p->failed);
	for (size_t i = 0; i < p->n; i++)
		str_addf(&out, "%s%s%s=%s", i ? " " : p->is_default ? "(default) " : "", p->f[i].name,
			 p->f[i].optional ? "?" : "", p->f[i].value);
	policy_files_done(p);
	return str_take(&out);
}

static void check(void (*policy)(const struct vz_conf *, bool, struct policy_files *), struct vz_conf conf,
		  const char *v2, const char *v1)
{
	struct policy_files p;

	for (int i = 0; i < 2; i++) {
		auto_free char *text = NULL;

		policy(&conf, i == 1, &p);
		text = text_of(&p);
		assert_string_equal(text, i == 1 ? v1 : v2);
	}
	conf_done(&conf);
}

static void units_keep_their_proportions(void **state)
{
	(void)state;
	check(policy_cpu_units, (struct vz_conf){ 0 }, "(default) cpu.weight=100", "(default) cpu.shares=1024");
	check(policy_cpu_units, CONF(VZ_P_cpuunits, "1000"), "(default) cpu.weight=100", "(default) cpu.shares=1024");
	check(policy_cpu_units, CONF(VZ_P_cpuunits, "2000"), "cpu.weight=200", "cpu.shares=2048");
	check(policy_cpu_units, CONF(VZ_P_cpuunits, "250"), "cpu.weight=25", "cpu.shares=256");
	check(policy_cpu_units, CONF(VZ_P_cpuunits, "8"), "cpu.weight=1", "cpu.shares=8");
	check(policy_cpu_units, CONF(VZ_P_cpuunits, "500000"), "cpu.weight=10000", "cpu.shares=262144");
}

static void units_never_fall_when_they_rise(void **state)
{
	uint64_t last[2] = { 0, 0 };

	(void)state;
	for (unsigned int units = 8; units <= 500000; units += units < 2000 ? 1 : 997) {
		struct vz_conf c = { 0 };

		c.v[VZ_P_cpuunits] = (struct vz_value){ .set = true, .num = units };
		for (int v1 = 0; v1 < 2; v1++) {
			struct policy_files p;
			uint64_t n;

			policy_cpu_units(&c, v1, &p);
			n = strtoull(p.f[0].value, NULL, 10);
			assert_true(n >= last[v1]);
			last[v1] = n;
			policy_files_done(&p);
		}
	}
}

static void weight_is_the_inverse_of_units(void **state)
{
	(void)state;
	check(policy_cpu_units, CONF(VZ_P_cpuuweight, "500"), "(default) cpu.weight=100", "(default) cpu.shares=1024");
	check(policy_cpu_units, CONF(VZ_P_cpuuweight, "250"), "cpu.weight=200", "cpu.shares=2048");
	check(policy_cpu_units, CONF(VZ_P_cpuuweight, "65000"), "cpu.weight=1", "cpu.shares=8");
	check(policy_cpu_units, CONF(VZ_P_cpuuweight, "1"), "cpu.weight=10000", "cpu.shares=262144");
	check(policy_cpu_units, CONF(VZ_P_cpuuweight, "1", VZ_P_cpuunits, "500"), "cpu.weight=50", "cpu.shares=512");
}

static void limit_is_a_quota_of_short_periods(void **state)
{
	(void)state;
	check(policy_cpu_limit, CONF(VZ_P_cpulimit, "50"),
	      "cpu.max.burst?=0 cpu.max=10000 20000 cpu.max.burst?=10000",
	      "cpu.cfs_burst_us?=0 cpu.cfs_period_us=20000 cpu.cfs_quota_us=10000 cpu.cfs_burst_us?=10000");
	check(policy_cpu_limit, CONF(VZ_P_cpulimit, "250"),
	      "cpu.max.burst?=0 cpu.max=50000 20000 cpu.max.burst?=50000",
	      "cpu.cfs_burst_us?=0 cpu.cfs_period_us=20000 cpu.cfs_quota_us=50000 cpu.cfs_burst_us?=50000");
}

static void no_limit_is_what_a_new_group_has(void **state)
{
	static const char v2[] = "(default) cpu.max.burst?=0 cpu.max=max 100000";
	static const char v1[] = "(default) cpu.cfs_burst_us?=0 cpu.cfs_period_us=100000 cpu.cfs_quota_us=-1";

	(void)state;
	check(policy_cpu_limit, (struct vz_conf){ 0 }, v2, v1);
	check(policy_cpu_limit, CONF(VZ_P_cpulimit, "0"), v2, v1);
	check(policy_cpu_limit, CONF(VZ_P_cpulimit, "0", VZ_P_cpus, "0"), v2, v1);
}

static void cpus_seen_are_those_that_may_be_used(void **state)
{
	static const struct { const char *cpus, *seen; } cases[] = {
		{ NULL, "max" }, { "0", "max" }, { "1", "1" }, { "8192", "8192" }, { "8193", "8192" }, { "65536", "8192" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vz_conf c = cases[i].cpus ? CONF(VZ_P_cpus, cases[i].cpus) : (struct vz_conf){ 0 };
		auto_free char *seen = policy_ve_cpus(&c);

		assert_string_equal(seen, cases[i].seen);
		conf_done(&c);
	}
}

/* One list for the machine: a host below a prefix must not take what the host itself may need, and can. */
static void kernel_number_is_the_ctid_but_below_a_prefix(void **state)
{
	(void)state;
	assert_int_equal(ve_id("", 1), 1);
	assert_int_equal(ve_id("", 101), 101);
	assert_int_equal(ve_id("", VZ_CTID_MAX), VZ_CTID_MAX);
	assert_int_equal(ve_id("00000000", 101), 0x40000065);
	assert_int_equal(ve_id("0123abcd", 1), 0x4123abce);
	assert_true(ve_id("0123abcd", 101) != ve_id("0123abce", 101));
	for (uint64_t id = 1; id <= VZ_CTID_MAX; id += 1000003) {
		uint32_t n = ve_id("ffffffff", (vz_ctid)id);

		assert_true(n >= UINT32_C(0x40000000) && n <= INT32_MAX);
	}
}

static void a_number_of_the_kernel_is_known_by_its_host(void **state)
{
	(void)state;
	assert_int_equal(ve_ctid("", 101), 101);
	assert_int_equal(ve_ctid("", 0), 0);
	for (vz_ctid id = 1; id < (1u << 30); id += 1000003) {
		assert_int_equal(ve_ctid("0123abcd", ve_id("0123abcd", id)), id);
		assert_int_equal(ve_ctid("ffffffff", ve_id("ffffffff", id)), id);
		/* That of the host without a prefix. */
		assert_int_equal(ve_ctid("0123abcd", ve_id("", id)), 0);
	}
	assert_int_not_equal(ve_ctid("0123abce", ve_id("0123abcd", 101)), 101);
}

static void events_are_counted_by_their_whole_name(void **state)
{
	const char *text = "start 3\nstop 2\nreboot 1\n";

	(void)state;
	assert_int_equal(ve_event_count(text, "start"), 3);
	assert_int_equal(ve_event_count(text, "stop"), 2);
	assert_int_equal(ve_event_count(text, "reboot"), 1);
	assert_int_equal(ve_event_count(text, "boot"), 0);
	assert_int_equal(ve_event_count(text, "re"), 0);
	assert_int_equal(ve_event_count("start 3\nstop 2", "stop"), 2);
	assert_int_equal(ve_event_count("", "reboot"), 0);
	assert_int_equal(ve_event_count("\nreboot", "reboot"), 0);
}

static uint64_t percent_of(struct vz_conf c)
{
	struct policy_files p;
	unsigned long long quota, period;

	policy_cpu_limit(&c, false, &p);
	assert_int_equal(sscanf(p.f[1].value, "%llu %llu", &quota, &period), 2);
	policy_files_done(&p);
	conf_done(&c);
	/* What the kernel takes. */
	assert_true(quota >= 1000 && period >= 1000 && period <= 1000000);
	return (quota * 100 + period / 2) / period;
}

static void every_limit_is_one_the_kernel_takes(void **state)
{
	(void)state;
	for (unsigned int percent = 1; percent < 300; percent++) {
		struct vz_conf c = { 0 };

		c.v[VZ_P_cpulimit] = (struct vz_value){ .set = true, .num = percent };
		assert_int_equal(percent_of(c), percent);
	}
}

static void the_smaller_of_limit_and_cpus_holds(void **state)
{
	(void)state;
	assert_int_equal(percent_of(CONF(VZ_P_cpus, "3")), 300);
	assert_int_equal(percent_of(CONF(VZ_P_cpus, "1", VZ_P_cpulimit, "150")), 100);
	assert_int_equal(percent_of(CONF(VZ_P_cpus, "2", VZ_P_cpulimit, "150")), 150);
	assert_int_equal(percent_of(CONF(VZ_P_cpus, "2", VZ_P_cpulimit, "0")), 200);
	assert_int_equal(percent_of(CONF(VZ_P_cpus, "0", VZ_P_cpulimit, "30")), 30);
}

static void check_memory(struct vz_conf c, uint64_t ram_pages, uint64_t swap_pages)
{
	struct policy_memory m = policy_memory(&c);
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	assert_int_equal(m.ram, ram_pages == VZ_UNLIMITED ? VZ_UNLIMITED : ram_pages * page);
	assert_int_equal(m.swap, swap_pages == VZ_UNLIMITED ? VZ_UNLIMITED : swap_pages * page);
	conf_done(&c);
}

static void limits_of_memory_are_the_second_numbers(void **state)
{
	(void)state;
	check_memory(CONF(VZ_P_physpages, "0:1000", VZ_P_swappages, "0:500"), 1000, 500);
	check_memory(CONF(VZ_P_physpages, "700", VZ_P_swappages, "1:2"), 700, 2);
	check_memory(CONF(VZ_P_physpages, "0:unlimited", VZ_P_swappages, "0:0"), VZ_UNLIMITED, 0);
}

static void ram_alone_means_no_swap(void **state)
{
	(void)state;
	check_memory(CONF(VZ_P_physpages, "0:1000"), 1000, 0);
	check_memory(CONF(VZ_P_physpages, "0:unlimited"), VZ_UNLIMITED, VZ_UNLIMITED);
	check_memory((struct vz_conf){ 0 }, VZ_UNLIMITED, VZ_UNLIMITED);
	check_memory(CONF(VZ_P_swappages, "0:9"), VZ_UNLIMITED, 9);
}

static void more_pages_than_bytes_can_count_are_unlimited(void **state)
{
	(void)state;
	check_memory(CONF(VZ_P_physpages, "0:2147483647"), VZ_UNLIMITED, VZ_UNLIMITED);
	check_memory(CONF(VZ_P_physpages, "0:9223372036854775806"), VZ_UNLIMITED, VZ_UNLIMITED);
	check_memory(CONF(VZ_P_physpages, "0:2251799813685248"), VZ_UNLIMITED, VZ_UNLIMITED);
	check_memory(CONF(VZ_P_physpages, "0:2147483648"), 2147483648, 0);
}

static void each_priority_weighs_twice_the_one_below(void **state)
{
	struct vz_conf c = { 0 };
	unsigned int last = 3;

	(void)state;
	assert_int_equal(policy_io_weight(&c), 100);
	for (unsigned int i = 0; i <= 7; i++) {
		unsigned int weight;

		c.v[VZ_P_ioprio] = (struct vz_value){ .set = true, .num = i };
		weight = policy_io_weight(&c);
		assert_true(weight == last * 2 || weight == last * 2 + 1);
		last = weight;
	}
	/* The end of BFQ's scale. */
	assert_in_range(last, 1, 1000);
}

static void check_places(const char *wanted, const char *available, const char *expect)
{
	auto_free char *got = NULL;
	int r = policy_places(wanted, available, &got);

	if (!expect) {
		assert_int_equal(r, -ENODEV);
		return;
	}
	assert_int_equal(r, 0);
	assert_string_equal(got, expect);
}

static void places_are_those_that_are_there(void **state)
{
	(void)state;
	check_places("0-2,7", "0-7", "0-2,7");
	check_places("0-2,7", "0-1", "0-1");
	check_places("5-9,1", "0-6", "1,5-6");
	check_places("all", "0-3,8-11", "0-3,8-11");
	check_places(NULL, "0", "0");
	check_places("8", "0-7", NULL);
	check_places("0", "", NULL);
}

static void check_disk(struct vz_conf c, struct quota_limits want)
{
	struct quota_limits got = policy_disk(&c);

	assert_int_equal(got.space_soft, want.space_soft);
	assert_int_equal(got.space_hard, want.space_hard);
	assert_int_equal(got.inodes_soft, want.inodes_soft);
	assert_int_equal(got.inodes_hard, want.inodes_hard);
	assert_int_equal(policy_disk_is_limited(&c), want.space_soft || want.space_hard || want.inodes_soft || want.inodes_hard);
	conf_done(&c);
}

static void limits_of_the_disk_are_in_kib_and_files(void **state)
{
	(void)state;
	check_disk((struct vz_conf){ 0 }, (struct quota_limits){ 0 });
	check_disk(CONF(VZ_P_diskspace, "1G:2G", VZ_P_diskinodes, "100:200"),
		   (struct quota_limits){ 1 << 20, 2 << 20, 100, 200 });
	check_disk(CONF(VZ_P_diskspace, "500", VZ_P_diskinodes, "7"), (struct quota_limits){ 500, 500, 7, 7 });
	check_disk(CONF(VZ_P_diskspace, "1G", VZ_P_disk_quota, "no"), (struct quota_limits){ 0 });
}

static void unlimited_and_zero_are_no_limit_of_the_disk(void **state)
{
	(void)state;
	check_disk(CONF(VZ_P_diskspace, "unlimited", VZ_P_diskinodes, "0"), (struct quota_limits){ 0 });
	check_disk(CONF(VZ_P_diskspace, "1:unlimited", VZ_P_diskinodes, "0:9"), (struct quota_limits){ 1, 0, 0, 9 });
	/* As bytes the kernel could not count it. */
	check_disk(CONF(VZ_P_diskspace, "9007199254740991"), (struct quota_limits){ 0 });
	check_disk(CONF(VZ_P_diskspace, "9007199254740990"), (struct quota_limits){ 9007199254740990, 9007199254740990, 0, 0 });
}

static void soft_limit_for_no_time_is_a_hard_one(void **state)
{
	(void)state;
	check_disk(CONF(VZ_P_diskspace, "1G:2G", VZ_P_quotatime, "0"), (struct quota_limits){ 1 << 20, 1 << 20, 0, 0 });
	check_disk(CONF(VZ_P_diskspace, "1G:2G", VZ_P_quotatime, "60"), (struct quota_limits){ 1 << 20, 2 << 20, 0, 0 });
	check_disk(CONF(VZ_P_diskinodes, "0:2", VZ_P_quotatime, "0"), (struct quota_limits){ 0, 0, 0, 2 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_keep_their_proportions),
		cmocka_unit_test(units_never_fall_when_they_rise),
		cmocka_unit_test(weight_is_the_inverse_of_units),
		cmocka_unit_test(limit_is_a_quota_of_short_periods),
		cmocka_unit_test(no_limit_is_what_a_new_group_has),
		cmocka_unit_test(cpus_seen_are_those_that_may_be_used),
		cmocka_unit_test(kernel_number_is_the_ctid_but_below_a_prefix),
		cmocka_unit_test(a_number_of_the_kernel_is_known_by_its_host),
		cmocka_unit_test(events_are_counted_by_their_whole_name),
		cmocka_unit_test(every_limit_is_one_the_kernel_takes),
		cmocka_unit_test(the_smaller_of_limit_and_cpus_holds),
		cmocka_unit_test(limits_of_memory_are_the_second_numbers),
		cmocka_unit_test(ram_alone_means_no_swap),
		cmocka_unit_test(more_pages_than_bytes_can_count_are_unlimited),
		cmocka_unit_test(each_priority_weighs_twice_the_one_below),
		cmocka_unit_test(places_are_those_that_are_there),
		cmocka_unit_test(limits_of_the_disk_are_in_kib_and_files),
		cmocka_unit_test(unlimited_and_zero_are_no_limit_of_the_disk),
		cmocka_unit_test(soft_limit_for_no_time_is_a_hard_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
