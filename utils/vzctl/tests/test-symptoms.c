/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What hurts a container, judged from numbers: which symptoms, how much, in which order, and the advice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "ct/symptoms.h"

#define SECOND USEC_PER_SEC
#define NO_LIMIT METER_UNLIMITED
#define M (UINT64_C(1) << 20)

/* A meter as it is, and, of a counter, how much of it came in the second of the scene. */
struct fact {
	enum meter id;
	uint64_t now, grown;
};

#define FACTS 10

struct story {
	const char *name;
	struct fact facts[FACTS];	/* ended by METER__MAX, or the zero that METER_CPU_USED is */
	const char *expect;		/* "symptom score advice; …", worst first */
};

static void set_scene(struct scene *s, const struct vz_conf *conf, const struct fact *facts)
{
	*s = (struct scene){ .id = 101, .conf = conf, .place = "/vz/private/101" };
	s->before.when = 5 * SECOND;
	s->now.when = 6 * SECOND;
	for (const struct fact *f = facts; f < facts + FACTS && (f->now || f->grown || f->id); f++) {
		s->now.known[f->id] = s->before.known[f->id] = true;
		s->now.v[f->id] = f->now;
		s->before.v[f->id] = f->now - f->grown;
	}
}

static char *judge(const struct scene *s)
{
	struct vz_str text = { 0 };
	struct vz_why why;

	assert_int_equal(symptoms_judge(s, &why), 0);
	for (size_t i = 0; i < why.n; i++)
		str_addf(&text, "%s%s %u %s", i ? "; " : "", why.pains[i].symptom, why.pains[i].score,
			 why.pains[i].advice);
	vz_why_done(&why);
	return str_take(&text);
}

static void tell(const struct vz_conf *conf, const struct story *story)
{
	auto_free char *got = NULL;
	struct scene s;

	set_scene(&s, conf, story->facts);
	got = judge(&s);
	if (strcmp(got, story->expect) != 0)
		fail_msg("%s: '%s' instead of '%s'", story->name, got, story->expect);
}

static const struct story stories[] = {
	{ "nothing is known", { { 0 } }, "" },
	{ "all is well", {
		{ METER_CPU_USED, SECOND, SECOND / 10 }, { METER_CPUS, 2, 0 }, { METER_CPU_WAIT, SECOND, SECOND / 25 },
		{ METER_MEMORY_USED, 90 * M, 0 }, { METER_MEMORY_LIMIT, 100 * M, 0 }, { METER_TASKS, 10, 0 },
		{ METER_TASKS_LIMIT, 100, 0 }, { METER_DISK_USED, 90 * M, 0 }, { METER_DISK_FREE, 10 * M, 0 } }, "" },
	{ "throttled", {
		{ METER_CPU_QUOTA, 10000, 0 }, { METER_CPU_PERIOD, 20000, 0 }, { METER_CPUS, 4, 0 },
		{ METER_CPU_USED, SECOND, SECOND / 2 }, { METER_CPU_THROTTLED, SECOND, SECOND / 2 } },
		"cpulimit 50 vzctl set 101 --cpulimit 100 --save" },
	{ "throttled on several CPUs at once", {
		{ METER_CPU_QUOTA, 10000, 0 }, { METER_CPU_PERIOD, 20000, 0 }, { METER_CPUS, 4, 0 },
		{ METER_CPU_THROTTLED, 5 * SECOND, 3 * SECOND } },
		"cpulimit 99 vzctl set 101 --cpulimit 100 --save" },
	{ "twice the limit is more than there is", {
		{ METER_CPU_QUOTA, 20000, 0 }, { METER_CPU_PERIOD, 20000, 0 }, { METER_CPUS, 2, 0 },
		{ METER_CPU_THROTTLED, SECOND, SECOND / 2 } },
		"cpulimit 50 vzctl set 101 --cpulimit 0 --save" },
	{ "waiting that the limit explains is no other's fault", {
		{ METER_CPU_QUOTA, 10000, 0 }, { METER_CPU_PERIOD, 20000, 0 }, { METER_CPUS, 4, 0 },
		{ METER_CPU_THROTTLED, SECOND, SECOND / 2 }, { METER_CPU_WAIT, SECOND, SECOND / 2 } },
		"cpulimit 50 vzctl set 101 --cpulimit 100 --save" },
	{ "throttled long ago", {
		{ METER_CPU_QUOTA, 10000, 0 }, { METER_CPU_PERIOD, 20000, 0 }, { METER_CPUS, 4, 0 },
		{ METER_CPU_THROTTLED, 100 * SECOND, 0 } }, "" },
	{ "others have the CPUs", {
		{ METER_CPU_QUOTA, NO_LIMIT, 0 }, { METER_CPU_PERIOD, 20000, 0 }, { METER_CPUS, 2, 0 },
		{ METER_CPU_USED, SECOND, SECOND / 2 }, { METER_CPU_WAIT, SECOND, SECOND * 6 / 10 } },
		"cpu 60 vzctl set 101 --cpuunits 2000 --save" },
	{ "others have one of them", {
		{ METER_CPUS, 4, 0 }, { METER_CPU_USED, SECOND, SECOND / 2 }, { METER_CPU_WAIT, SECOND, SECOND * 6 / 10 },
		{ METER_CPU_IDLE, 100 * SECOND, 2 * SECOND + SECOND / 2 } },
		"cpu 25 vzctl set 101 --cpuunits 2000 --save" },
	{ "a limit inside makes it wait while CPUs are idle", {
		{ METER_CPUS, 2, 0 }, { METER_CPU_USED, SECOND, SECOND / 10 }, { METER_CPU_WAIT, SECOND, SECOND * 9 / 10 },
		{ METER_CPU_IDLE, 100 * SECOND, SECOND * 19 / 10 } }, "" },
	{ "it keeps all CPUs busy itself", {
		{ METER_CPUS, 2, 0 }, { METER_CPU_USED, 3 * SECOND, 2 * SECOND }, { METER_CPU_WAIT, SECOND, SECOND } }, "" },
	{ "killed for memory: what waits for it meanwhile is the same line", {
		{ METER_OOM_KILLS, 3, 1 }, { METER_MEMORY_WAIT, SECOND, SECOND / 2 }, { METER_MEMORY_HITS, 7, 7 },
		{ METER_MEMORY_USED, 100 * M, 0 }, { METER_MEMORY_LIMIT, 100 * M, 0 } },
		"oom 100 vzctl set 101 --ram 200M --save" },
	{ "killed for memory earlier", {
		{ METER_OOM_KILLS, 3, 0 }, { METER_MEMORY_LIMIT, 3 * M, 0 } },
		"oom 0 vzctl set 101 --ram 6144K --save" },
	{ "killed without a limit", { { METER_OOM_KILLS, 1, 1 }, { METER_MEMORY_LIMIT, NO_LIMIT, 0 } }, "oom 100 " },
	{ "killed by a limit that was set inside", {
		{ METER_OOM_KILLS, 1, 1 }, { METER_MEMORY_USED, 20 * M, 0 }, { METER_MEMORY_LIMIT, 100 * M, 0 },
		{ METER_MEMORY_HITS, 0, 0 } }, "oom 100 " },
	{ "killed long ago, and the limit was met then", {
		{ METER_OOM_KILLS, 1, 0 }, { METER_MEMORY_LIMIT, 100 * M, 0 }, { METER_MEMORY_HITS, 5, 0 } },
		"oom 0 vzctl set 101 --ram 200M --save" },
	{ "killed at a limit that nobody counts hits of", {
		{ METER_OOM_KILLS, 1, 1 }, { METER_MEMORY_USED, 20 * M, 0 }, { METER_MEMORY_LIMIT, 100 * M, 0 },
		{ METER_MEMORY_HITS, 0, 0 }, { METER_MEMORY_MOST, 100 * M - 4096, 0 } },
		"oom 100 vzctl set 101 --ram 200M --save" },
	{ "waits for memory at its limit", {
		{ METER_MEMORY_WAIT, SECOND, SECOND * 4 / 10 }, { METER_MEMORY_HITS, 100, 1 }, { METER_MEMORY_LIMIT, 100 * M, 0 } },
		"memory 40 vzctl set 101 --ram 200M --save" },
	{ "waits for memory that the host does not have", {
		{ METER_MEMORY_WAIT, SECOND, SECOND * 4 / 10 }, { METER_MEMORY_HITS, 100, 0 }, { METER_MEMORY_LIMIT, 100 * M, 0 } },
		"memory 40 " },
	{ "memory runs out", {
		{ METER_MEMORY_USED, 98 * M, 0 }, { METER_MEMORY_CACHE, M, 0 }, { METER_MEMORY_LIMIT, 100 * M, 0 } },
		"memory 15 vzctl set 101 --ram 200M --save" },
	{ "memory is full of files that can be read again", {
		{ METER_MEMORY_USED, 100 * M, 0 }, { METER_MEMORY_CACHE, 90 * M, 0 }, { METER_MEMORY_LIMIT, 100 * M, 0 } }, "" },
	{ "reading what was thrown out for memory is no matter of the disk", {
		{ METER_MEMORY_WAIT, SECOND, SECOND / 2 }, { METER_IO_WAIT, SECOND, SECOND / 2 }, { METER_MEMORY_LIMIT, NO_LIMIT, 0 } },
		"memory 50 " },
	{ "a full disk", { { METER_DISK_USED, 100 * M, 0 }, { METER_DISK_FREE, 1024, 0 } }, "disk 100 " },
	{ "a disk that is nearly full", { { METER_DISK_USED, 97 * M, 0 }, { METER_DISK_FREE, 3 * M, 0 } }, "disk 15 " },
	{ "a full disk, and it is its own limit", {
		{ METER_DISK_USED, 100 * M, 0 }, { METER_DISK_FREE, 0, 0 }, { METER_DISK_LIMIT, 100 * M, 0 } },
		"disk 100 vzctl set 101 --diskspace 200M --save" },
	{ "a full disk, and its limit is far away", {
		{ METER_DISK_USED, 100 * M, 0 }, { METER_DISK_FREE, 0, 0 }, { METER_DISK_LIMIT, 200 * M, 0 } }, "disk 100 " },
	{ "as many files as it may have", {
		{ METER_INODES_USED, 1000, 0 }, { METER_INODES_FREE, 0, 0 }, { METER_INODES_LIMIT, 1000, 0 } },
		"inodes 100 vzctl set 101 --diskinodes 2000 --save" },
	{ "no more files", {
		{ METER_INODES_USED, 1000, 0 }, { METER_INODES_FREE, 0, 0 }, { METER_DISK_USED, 1, 0 }, { METER_DISK_FREE, M, 0 } },
		"inodes 100 " },
	{ "a process that could not be made", {
		{ METER_TASKS, 20, 0 }, { METER_TASKS_LIMIT, 100, 0 }, { METER_TASKS_REFUSED, 5, 1 } },
		"tasks 100 vzctl set 101 --numproc 200 --save" },
	{ "no more processes, and nothing counts who is refused", {
		{ METER_TASKS, 100, 0 }, { METER_TASKS_LIMIT, 100, 0 } },
		"tasks 100 vzctl set 101 --numproc 200 --save" },
	{ "processes that could not be made earlier", {
		{ METER_TASKS, 20, 0 }, { METER_TASKS_LIMIT, 100, 0 }, { METER_TASKS_REFUSED, 5, 0 } },
		"tasks 0 vzctl set 101 --numproc 200 --save" },
	{ "I/O at its limit", {
		{ METER_IO_WAIT, SECOND, SECOND * 9 / 10 }, { METER_IO_READ, 100 * M, 9 * M }, { METER_IO_READ_LIMIT, 10 * M, 0 } },
		"iolimit 90 vzctl set 101 --iolimit 20M --save" },
	{ "operations at their limit", {
		{ METER_IO_WAIT, SECOND, SECOND * 9 / 10 }, { METER_IO_READ, 100 * M, M }, { METER_IO_READ_LIMIT, 10 * M, 0 },
		{ METER_IO_WRITES, 100, 50 }, { METER_IO_WRITES_LIMIT, 50, 0 } },
		"iolimit 90 vzctl set 101 --iopslimit 100 --save" },
	{ "I/O at its limit where the kernel tells nothing of waiting", {
		{ METER_IO_READ, 100 * M, 10 * M }, { METER_IO_READ_LIMIT, 10 * M, 0 } },
		"iolimit 30 vzctl set 101 --iolimit 20M --save" },
	{ "a slow disk, far below the limit", {
		{ METER_IO_WAIT, SECOND, SECOND * 9 / 10 }, { METER_IO_READ, 100 * M, M }, { METER_IO_READ_LIMIT, 10 * M, 0 } },
		"io 90 vzctl set 101 --ioprio 7 --save" },
	{ "lost packets", {
		{ METER_PACKETS_IN, 5000, 900 }, { METER_PACKETS_OUT, 5000, 80 }, { METER_DROPPED_IN, 20, 20 } },
		"network 20 vzctl exec 101 cat /proc/net/dev" },
	{ "a stray packet", { { METER_PACKETS_IN, 5000, 0 }, { METER_DROPPED_IN, 20, 1 } }, "" },
	{ "the worst comes first, failures before waiting, warnings last", {
		{ METER_DISK_USED, 97 * M, 0 }, { METER_DISK_FREE, 3 * M, 0 }, { METER_IO_WAIT, SECOND, SECOND },
		{ METER_TASKS, 20, 0 }, { METER_TASKS_LIMIT, 100, 0 }, { METER_TASKS_REFUSED, 5, 1 }, { METER_OOM_KILLS, 2, 0 } },
		"tasks 100 vzctl set 101 --numproc 200 --save; io 99 vzctl set 101 --ioprio 7 --save; disk 15 ; oom 0 " },
	{ "what hurts alike stands in the order of the table", {
		{ METER_OOM_KILLS, 2, 1 }, { METER_DISK_USED, 97 * M, 0 }, { METER_DISK_FREE, 0, 0 }, { METER_TASKS, 9, 0 },
		{ METER_TASKS_LIMIT, 9, 0 } },
		"oom 100 ; disk 100 ; tasks 100 vzctl set 101 --numproc 18 --save" },
	{ "counters that begin anew", {
		{ METER_CPU_QUOTA, 10000, 0 }, { METER_CPU_PERIOD, 20000, 0 }, { METER_CPUS, 4, 0 },
		{ METER_CPU_THROTTLED, 10, (uint64_t)-100 } }, "" },
};

static void test_stories(void **state VZ_UNUSED)
{
	struct vz_conf conf = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(stories); i++)
		tell(&conf, &stories[i]);
}

/* Advice goes on from what is set. */
static void test_advice_from_parameters(void **state VZ_UNUSED)
{
	static const struct {
		enum vz_param_id id;
		const char *text;
		struct story story;
	} rows[] = {
		{ VZ_P_cpus, "1", { "CPUS is the limit", {
			{ METER_CPU_QUOTA, 20000, 0 }, { METER_CPU_PERIOD, 20000, 0 }, { METER_CPUS, 4, 0 },
			{ METER_CPU_THROTTLED, SECOND, SECOND / 2 } },
			"cpulimit 50 vzctl set 101 --cpus 2 --save" } },
		{ VZ_P_cpus, "4", { "CPUS is not", {
			{ METER_CPU_QUOTA, 20000, 0 }, { METER_CPU_PERIOD, 20000, 0 }, { METER_CPUS, 4, 0 },
			{ METER_CPU_THROTTLED, SECOND, SECOND / 2 } },
			"cpulimit 50 vzctl set 101 --cpulimit 200 --save" } },
		{ VZ_P_cpuunits, "400000", { "CPUUNITS has an end", {
			{ METER_CPUS, 2, 0 }, { METER_CPU_WAIT, SECOND, SECOND / 2 } },
			"cpu 50 vzctl set 101 --cpuunits 500000 --save" } },
		{ VZ_P_cpuunits, "500000", { "and there is nothing above it", {
			{ METER_CPUS, 2, 0 }, { METER_CPU_WAIT, SECOND, SECOND / 2 } }, "cpu 50 " } },
		{ VZ_P_ioprio, "7", { "nor above IOPRIO 7", { { METER_IO_WAIT, SECOND, SECOND / 2 } }, "io 50 " } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vz_conf conf = { 0 };
		struct vz_edits e = { 0 };

		assert_int_equal(edits_set(&e, rows[i].id, rows[i].text, NULL), 0);
		assert_int_equal(edits_apply(&conf, &e), 0);
		edits_done(&e);
		tell(&conf, &rows[i].story);
		conf_done(&conf);
	}
}

/* A share that was set and not saved. */
static void test_share_of_the_kernel(void **state VZ_UNUSED)
{
	static const struct fact facts[FACTS] = { { METER_CPUS, 2, 0 }, { METER_CPU_WAIT, SECOND, SECOND / 2 } };
	struct vz_conf conf = { 0 };
	auto_free char *got = NULL;
	struct scene s;

	set_scene(&s, &conf, facts);
	s.cpuunits = 250;
	got = judge(&s);
	assert_string_equal(got, "cpu 50 vzctl set 101 --cpuunits 500 --save");
}

static void test_frozen(void **state VZ_UNUSED)
{
	static const struct fact none[FACTS] = { { 0 } };
	struct vz_conf conf = { 0 };
	auto_free char *got = NULL;
	struct scene s;

	set_scene(&s, &conf, none);
	s.frozen = true;
	got = judge(&s);
	assert_string_equal(got, "frozen 100 vzctl chkpnt 101 --resume");
}

/* Full is a failure, 95 per cent a warning, and what cannot be made more is said all the same. */
static void test_ceilings(void **state VZ_UNUSED)
{
	static const struct fact none[FACTS] = { { 0 } };
	static const struct ceiling_use inotify = { "inotify watches", "a.b", 10, 10, 10, 20, true };
	static const struct ceiling_use host = { "processes", "c.d", 97, 100, 100, 0, false };
	struct vz_conf conf = { 0 };
	auto_free char *got = NULL;
	struct scene s;

	set_scene(&s, &conf, none);
	s.inotify = inotify;
	s.host = host;
	got = judge(&s);
	assert_string_equal(got, "inotify 100 sysctl -w a.b=20; host 15 ");
}

/* A clock that did not go on divides by nothing. */
static void test_no_time_has_passed(void **state VZ_UNUSED)
{
	static const struct fact facts[FACTS] = { { METER_CPU_WAIT, 10, 10 }, { METER_CPUS, 2, 0 } };
	struct vz_conf conf = { 0 };
	struct vz_why why;
	struct scene s;

	set_scene(&s, &conf, facts);
	s.now.when = s.before.when;
	assert_int_equal(symptoms_judge(&s, &why), 0);
	assert_int_equal(why.n, 1);
	assert_int_equal(why.pains[0].score, 99);
	vz_why_done(&why);
	vz_why_done(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_advice_from_parameters),
		cmocka_unit_test(test_share_of_the_kernel),
		cmocka_unit_test(test_frozen),
		cmocka_unit_test(test_ceilings),
		cmocka_unit_test(test_no_time_has_passed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
