/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel's files say, as numbers: the same ones from groups of both versions, made of plain files.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "host/cgroup-priv.h"
#include "host/meters.h"

struct file {
	const char *name, *text;
};

#define PRESSURE(total) \
	"some avg10=0.00 avg60=1.50 avg300=0.30 total=" total "\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"

/* A v2 group with all controllers; numbers end in 2 where v1 has others. */
static const struct file v2_files[] = {
	{ "cpu.stat", "usage_usec 1002\nuser_usec 600\nsystem_usec 402\nnr_periods 9\nnr_throttled 5\nthrottled_usec 302\n" },
	{ "cpu.max", "50000 20000\n" },
	{ "cpu.pressure", PRESSURE("11") },
	{ "memory.pressure", PRESSURE("12") },
	{ "io.pressure", PRESSURE("13") },
	{ "cpuset.cpus.effective", "0\n" },
	{ "memory.current", "4002\n" },
	{ "memory.max", "8002\n" },
	{ "memory.peak", "6002\n" },
	{ "memory.swap.current", "52\n" },
	{ "memory.swap.max", "92\n" },
	{ "memory.events", "low 0\nhigh 0\nmax 99\noom 9\noom_kill 6\noom_group_kill 0\n" },
	{ "memory.events.local", "low 0\nhigh 0\nmax 42\noom 2\noom_kill 3\n" },
	{ "memory.stat", "anon 1\nfile 5000\ninactive_anon 1\nactive_anon 2\ninactive_file 300\nactive_file 40\n" },
	{ "io.max", "254:0 rbps=1000 wbps=max riops=12 wiops=max\n" },
	{ "io.stat", "7:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n254:0 rbytes=502 wbytes=602 rios=72 wios=82 dbytes=0 dios=0\n" },
	{ "pids.current", "22\n" },
	{ "pids.max", "max\n" },
	{ "pids.events", "max 900\n" },
	{ "pids.events.local", "max 32\n" },
};

/* The same in the files of v1, all of one hierarchy here. What has no limit has a large number. */
static const struct file v1_files[] = {
	{ "cpu.stat", "nr_periods 9\nnr_throttled 5\nthrottled_time 301999\n" },
	{ "cpu.cfs_quota_us", "-1\n" },
	{ "cpu.cfs_period_us", "100000\n" },
	{ "cpuset.effective_cpus", "0\n" },
	{ "memory.usage_in_bytes", "4001\n" },
	{ "memory.limit_in_bytes", "9223372036854771712\n" },
	{ "memory.failcnt", "30\n" },
	{ "memory.memsw.failcnt", "11\n" },
	{ "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n" },
	{ "memory.stat", "cache 3\ninactive_file 1\nactive_file 2\ntotal_cache 3\ntotal_inactive_file 200\ntotal_active_file 30\n" },
	{ "blkio.throttle.read_bps_device", "254:0 1001\n" },
	{ "blkio.throttle.write_bps_device", "" },
	{ "blkio.throttle.read_iops_device", "" },
	{ "blkio.throttle.write_iops_device", "254:0 11\n" },
	{ "blkio.throttle.io_service_bytes", "7:0 Read 9\n7:0 Write 9\n254:0 Read 501\n254:0 Write 601\n254:0 Total 1102\nTotal 1120\n" },
	{ "blkio.throttle.io_serviced", "254:0 Read 71\n254:0 Write 81\n" },
	{ "pids.current", "21\n" },
	{ "pids.max", "101\n" },
	{ "pids.events", "max 31\n" },
};

/* What a v2 group has on a host whose controllers are those of v1. */
static const struct file hybrid_files[] = {
	{ "cpu.stat", "usage_usec 1001\nuser_usec 600\nsystem_usec 401\n" },
	{ "cpu.pressure", PRESSURE("21") },
	{ "memory.pressure", PRESSURE("22") },
	{ "io.pressure", PRESSURE("23") },
};

static void put_files(const char *dir, const struct file *files, size_t n)
{
	assert_int_equal(path_make_dirs(dir, 0755), 0);
	for (size_t i = 0; i < n; i++) {
		auto_free char *path = path_join(dir, files[i].name);

		assert_int_equal(file_replace_volatile(path, 0644, files[i].text, strlen(files[i].text)), 0);
	}
}

static int open_dir(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

struct host {
	char dir[32];
	struct cgroups cg;
	struct cgroup_v1 v1;
};

static char *controllers[] = { (char *)"cpu", (char *)"cpuset", (char *)"memory", (char *)"io", (char *)"blkio", (char *)"pids", NULL };

static void host_make(struct host *h, const struct file *v2, size_t n_v2, const struct file *v1, size_t n_v1)
{
	auto_free char *root2 = NULL;
	auto_free char *root1 = NULL;
	auto_free char *group2 = NULL;
	auto_free char *group1 = NULL;

	*h = (struct host){ .dir = "/tmp/test-meters.XXXXXX" };
	assert_non_null(mkdtemp(h->dir));
	root2 = path_join(h->dir, "v2");
	root1 = path_join(h->dir, "v1");
	group2 = path_join(root2, "vz/101");
	group1 = path_join(root1, "vz/101");
	put_files(group2, v2, n_v2);
	put_files(group1, v1, n_v1);
	h->cg.v2 = open_dir(root2);
	h->cg.v2_controllers = n_v1 ? NULL : controllers;
	h->v1 = (struct cgroup_v1){ .root = open_dir(root1), .controllers = controllers };
	h->cg.v1 = &h->v1;
	h->cg.n_v1 = n_v1 ? 1 : 0;
}

static void host_remove(struct host *h)
{
	(void)close(h->cg.v2);
	(void)close(h->v1.root);
	assert_int_equal(path_remove_tree(AT_FDCWD, h->dir), 0);
}

struct expectation {
	enum meter id;
	uint64_t value;
};

static void check(const struct meters *m, const struct expectation *e, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!m->known[e[i].id] || m->v[e[i].id] != e[i].value)
			fail_msg("meter %d: %llu (%s) instead of %llu", e[i].id, (unsigned long long)m->v[e[i].id],
				 m->known[e[i].id] ? "known" : "not known", (unsigned long long)e[i].value);
}

static void test_v2(void **state VZ_UNUSED)
{
	static const struct expectation expect[] = {
		{ METER_CPU_USED, 1002 }, { METER_CPU_THROTTLED, 302 }, { METER_CPU_QUOTA, 50000 },
		{ METER_CPU_PERIOD, 20000 }, { METER_CPUS, 1 }, { METER_CPU_WAIT, 11 }, { METER_MEMORY_WAIT, 12 },
		{ METER_IO_WAIT, 13 }, { METER_MEMORY_USED, 4002 }, { METER_MEMORY_CACHE, 340 },
		{ METER_MEMORY_LIMIT, 8002 }, { METER_MEMORY_HITS, 42 }, { METER_OOM_KILLS, 6 },
		{ METER_IO_READ, 502 }, { METER_IO_WRITTEN, 602 }, { METER_IO_READS, 72 }, { METER_IO_WRITES, 82 },
		{ METER_IO_READ_LIMIT, 1000 }, { METER_IO_WRITTEN_LIMIT, METER_UNLIMITED },
		{ METER_IO_READS_LIMIT, 12 }, { METER_IO_WRITES_LIMIT, METER_UNLIMITED },
		{ METER_TASKS, 22 }, { METER_TASKS_LIMIT, METER_UNLIMITED }, { METER_TASKS_REFUSED, 32 },
		{ METER_MEMORY_MOST, 6002 }, { METER_SWAP_USED, 52 }, { METER_SWAP_LIMIT, 92 },
	};
	struct meters m;
	struct host h;

	host_make(&h, v2_files, ARRAY_SIZE(v2_files), NULL, 0);
	meters_read(&h.cg, "vz/101", "/", getpid(), &m);
	check(&m, expect, ARRAY_SIZE(expect));
	assert_true(m.when > 0);
	host_remove(&h);
}

static void test_hybrid(void **state VZ_UNUSED)
{
	static const struct expectation expect[] = {
		{ METER_CPU_USED, 1001 }, { METER_CPU_THROTTLED, 301 }, { METER_CPU_QUOTA, METER_UNLIMITED },
		{ METER_CPU_PERIOD, 100000 }, { METER_CPUS, 1 }, { METER_CPU_WAIT, 21 }, { METER_MEMORY_WAIT, 22 },
		{ METER_IO_WAIT, 23 }, { METER_MEMORY_USED, 4001 }, { METER_MEMORY_CACHE, 230 },
		{ METER_MEMORY_LIMIT, METER_UNLIMITED }, { METER_MEMORY_HITS, 41 }, { METER_OOM_KILLS, 5 },
		{ METER_IO_READ, 501 }, { METER_IO_WRITES, 81 }, { METER_IO_READ_LIMIT, 1001 },
		{ METER_IO_WRITES_LIMIT, 11 }, { METER_TASKS, 21 }, { METER_TASKS_LIMIT, 101 },
		{ METER_TASKS_REFUSED, 31 },
	};
	struct meters m;
	struct host h;

	host_make(&h, hybrid_files, ARRAY_SIZE(hybrid_files), v1_files, ARRAY_SIZE(v1_files));
	meters_read(&h.cg, "vz/101", "/", getpid(), &m);
	check(&m, expect, ARRAY_SIZE(expect));
	/* Of what has no limit nothing is counted. */
	assert_false(m.known[METER_IO_WRITTEN_LIMIT]);
	assert_false(m.known[METER_IO_READS]);
	host_remove(&h);
}

/* A group that is gone: nothing is known of it, but what is not in groups. */
static void test_no_group(void **state VZ_UNUSED)
{
	struct meters m;
	struct host h;

	host_make(&h, v2_files, ARRAY_SIZE(v2_files), NULL, 0);
	meters_read(&h.cg, "vz/102", "/nonexistent", -1, &m);
	for (int id = 0; id < METER__MAX; id++)
		assert_int_equal(m.known[id], id == METER_CPUS || id == METER_CPU_IDLE);
	host_remove(&h);
}

static void test_odd_files(void **state VZ_UNUSED)
{
	static const struct file odd[] = {
		{ "cpu.stat", "usage_usec \nthrottled_usec x\n" },	/* no numbers */
		{ "cpu.max", "max" },					/* no period */
		{ "cpu.pressure", "" },
		{ "memory.pressure", "full avg10=0.00 total=7\n" },
		{ "memory.current", "" },
		{ "memory.events", "xoom_kill 5\noom_killer 6\n" },
		{ "io.max", "254:0" },
		{ "io.stat", "254:0" },
		{ "cpuset.cpus.effective", "nonsense\n" },
	};
	struct meters m;
	struct host h;

	host_make(&h, odd, ARRAY_SIZE(odd), NULL, 0);
	meters_read(&h.cg, "vz/101", "/", getpid(), &m);
	assert_true(m.known[METER_CPU_QUOTA] && m.v[METER_CPU_QUOTA] == METER_UNLIMITED);
	assert_true(m.known[METER_CPUS] && m.v[METER_CPUS] >= 1);
	for (int id = METER_CPU_WAIT; id <= METER_TASKS_REFUSED; id++)
		assert_false(m.known[id]);
	assert_false(m.known[METER_CPU_USED] || m.known[METER_CPU_THROTTLED] || m.known[METER_CPU_PERIOD]);
	host_remove(&h);
}

/* One figure alone, and those that another version has under the same name, or as a sum. */
static void test_one(void **state VZ_UNUSED)
{
	static const struct file v1[] = {
		{ "memory.limit_in_bytes", "4096\n" }, { "memory.memsw.limit_in_bytes", "12288\n" },
		{ "memory.stat", "shmem 1\ntotal_shmem 2\ntotal_swap 3\n" }, { "pids.events", "max 4\n" },
	};
	static const struct file v2[] = { { "memory.stat", "shmem 5\nkernel 6\n" }, { "pids.events", "max 7\n" } };
	static const struct expectation expect[] = {
		{ METER_SWAP_LIMIT, 8192 }, { METER_SHARED_MEMORY, 2 }, { METER_SWAP_USED, 3 }, { METER_TASKS_REFUSED, 4 },
	};
	uint64_t n = 0;
	struct host h;

	host_make(&h, NULL, 0, v1, ARRAY_SIZE(v1));
	for (size_t i = 0; i < ARRAY_SIZE(expect); i++) {
		assert_true(meters_read_one(&h.cg, "vz/101", expect[i].id, &n));
		assert_int_equal(n, expect[i].value);
	}
	assert_false(meters_read_one(&h.cg, "vz/101", METER_KERNEL_MEMORY, &n));
	assert_false(meters_read_one(&h.cg, "vz/101", METER_NONE, &n));
	host_remove(&h);

	host_make(&h, v2, ARRAY_SIZE(v2), NULL, 0);
	assert_true(meters_read_one(&h.cg, "vz/101", METER_SHARED_MEMORY, &n) && n == 5);
	assert_true(meters_read_one(&h.cg, "vz/101", METER_KERNEL_MEMORY, &n) && n == 6);
	/* This kernel counts them in groups below, if at all. */
	assert_false(meters_read_one(&h.cg, "vz/101", METER_TASKS_REFUSED, &n));
	host_remove(&h);
}

static void test_disk_and_network(void **state VZ_UNUSED)
{
	struct meters m;
	struct host h;

	host_make(&h, NULL, 0, NULL, 0);
	meters_read(&h.cg, "vz/101", "/", getpid(), &m);
	assert_true(m.known[METER_DISK_USED] && m.v[METER_DISK_USED] > 0);
	assert_true(m.known[METER_PACKETS_IN] && m.known[METER_DROPPED_OUT]);
	meters_read(&h.cg, "vz/101", "/nonexistent", -1, &m);
	assert_false(m.known[METER_DISK_USED] || m.known[METER_PACKETS_IN]);
	host_remove(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v2),
		cmocka_unit_test(test_hybrid),
		cmocka_unit_test(test_no_group),
		cmocka_unit_test(test_odd_files),
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_disk_and_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
