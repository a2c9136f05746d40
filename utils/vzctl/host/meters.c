/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the kernel keeps its numbers. One that both versions of cgroups have is found in two rows of
 * the table below, of which a host has the file of one, or only one is for its version. Pressure (PSI) and the time used are numbers of v2
 * groups without any controller, so hybrid hosts have them, too.
 *
 * Before Linux 6.11 a v2 group counts refused processes only if they were to be made in that very group,
 * and a container's are in groups below: there METER_TASKS_REFUSED is not known.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mask.h"
#include "base/str.h"
#include "host/meters.h"

#define NET_FILE_MAX (16 << 20)
#define STAT_FILE_MAX (16 << 20)

static void put(struct meters *f, enum meter id, uint64_t value)
{
	f->v[id] = value;
	f->known[id] = true;
}

/* The number behind key at the beginning of a line; "": behind the beginning of the text. */
static const char *find_key(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, len))
			return line + len;
	}
	return NULL;
}

/* A number, or "max"; what v1 has for that is negative, or the last page of the address space. */
static bool read_number(const char *text, uint64_t *ret)
{
	char *end;

	text += strspn(text, " ");
	if (!strncmp(text, "max", 3) || *text == '-') {
		*ret = METER_UNLIMITED;
		return true;
	}
	*ret = strtoull(text, &end, 10);
	if (*ret > INT64_MAX / 2)
		*ret = METER_UNLIMITED;
	return end != text;
}

/* ---- files of a group ---- */

enum version { ANY, V1, V2 };

static const struct source {
	enum meter id;
	const char *controller, *file;
	const char *key;	/* what stands before it in its line */
	unsigned int divisor;
	enum version version;	/* the same file means something else to the other one */
} sources[] = {
	/* rows of a file stand together: it is read once */
	{ METER_CPU_USED,           "cgroup", "cpu.stat",                         "usage_usec ",     1,    ANY },
	{ METER_CPU_THROTTLED,      "cpu",    "cpu.stat",                         "throttled_usec ", 1,    ANY },
	{ METER_CPU_THROTTLED,      "cpu",    "cpu.stat",                         "throttled_time ", 1000, ANY },
	{ METER_CPU_QUOTA,          "cpu",    "cpu.max",                          "",                1,    ANY },
	{ METER_CPU_PERIOD,         "cpu",    "cpu.max",                          "",                1,    ANY },
	{ METER_CPU_QUOTA,          "cpu",    "cpu.cfs_quota_us",                 "",                1,    ANY },
	{ METER_CPU_PERIOD,         "cpu",    "cpu.cfs_period_us",                "",                1,    ANY },
	{ METER_CPU_WEIGHT,         "cpu",    "cpu.weight",                       "",                1,    ANY },
	{ METER_CPU_WEIGHT,         "cpu",    "cpu.shares",                       "",                1,    ANY },
	{ METER_CPU_WAIT,           "cgroup", "cpu.pressure",                     "some ",           1,    ANY },
	{ METER_MEMORY_WAIT,        "cgroup", "memory.pressure",                  "some ",           1,    ANY },
	{ METER_IO_WAIT,            "cgroup", "io.pressure",                      "some ",           1,    ANY },
	{ METER_MEMORY_USED,        "memory", "memory.current",                   "",                1,    ANY },
	{ METER_MEMORY_USED,        "memory", "memory.usage_in_bytes",            "",                1,    ANY },
	{ METER_MEMORY_MOST,        "memory", "memory.peak",                      "",                1,    ANY },
	{ METER_MEMORY_MOST,        "memory", "memory.max_usage_in_bytes",        "",                1,    ANY },
	{ METER_MEMORY_LIMIT,       "memory", "memory.max",                       "",                1,    ANY },
	{ METER_MEMORY_LIMIT,       "memory", "memory.limit_in_bytes",            "",                1,    ANY },
	{ METER_MEMORY_HITS,        "memory", "memory.events.local",              "max ",            1,    ANY },
	/* what was solved by giving back cached files counts, too */
	{ METER_MEMORY_HITS,        "memory", "memory.failcnt",                   "",                1,    ANY },
	{ METER_MEMORY_HITS,        "memory", "memory.memsw.failcnt",             "",                1,    ANY },
	{ METER_OOM_KILLS,          "memory", "memory.events",                    "oom_kill ",       1,    ANY },
	{ METER_OOM_KILLS,          "memory", "memory.oom_control",               "oom_kill ",       1,    ANY },
	{ METER_SWAP_USED,          "memory", "memory.swap.current",              "",                1,    ANY },
	{ METER_SWAP_MOST,          "memory", "memory.swap.peak",                 "",                1,    ANY },
	{ METER_SWAP_LIMIT,         "memory", "memory.swap.max",                  "",                1,    ANY },
	/* the sum with memory: see separate_swap() */
	{ METER_SWAP_LIMIT,         "memory", "memory.memsw.limit_in_bytes",      "",                1,    ANY },
	{ METER_SWAP_REFUSED,       "memory", "memory.swap.events",               "max ",            1,    ANY },
	/* v1 has these of the group alone, too, without "total_" */
	{ METER_SWAP_USED,          "memory", "memory.stat",                      "total_swap ",     1,    V1 },
	{ METER_SHARED_MEMORY,      "memory", "memory.stat",                      "total_shmem ",    1,    V1 },
	{ METER_SHARED_MEMORY,      "memory", "memory.stat",                      "shmem ",          1,    V2 },
	{ METER_KERNEL_MEMORY,      "memory", "memory.stat",                      "kernel ",         1,    V2 },
	{ METER_KERNEL_MEMORY,      "memory", "memory.kmem.usage_in_bytes",       "",                1,    ANY },
	{ METER_KERNEL_MEMORY_MOST, "memory", "memory.kmem.max_usage_in_bytes",   "",                1,    ANY },
	{ METER_TASKS,              "pids",   "pids.current",                     "",                1,    ANY },
	{ METER_TASKS_MOST,         "pids",   "pids.peak",                        "",                1,    ANY },
	{ METER_TASKS_LIMIT,        "pids",   "pids.max",                         "",                1,    ANY },
	{ METER_TASKS_REFUSED,      "pids",   "pids.events",                      "max ",            1,    V1 },
	/* of the group itself: what the container limits inside is its own affair */
	{ METER_TASKS_REFUSED,      "pids",   "pids.events.local",                "max ",            1,    V2 },
};

/* Pressure: "some avg10=0.00 avg60=0.00 avg300=0.00 total=12345". */
static const char *skip_to_total(const char *value)
{
	const char *total = str_has_prefix(value, "avg") ? strstr(value, "total=") : NULL;

	return total ? total + strlen("total=") : value;
}

static void read_source(const struct source *s, const char *text, struct meters *f)
{
	const char *value = find_key(text, s->key);
	uint64_t number;

	/* "max 100000": the period stands behind the quota. */
	if (value && s->id == METER_CPU_PERIOD && strcmp(s->file, "cpu.max") == 0)
		value = strchr(value, ' ');
	if (!value || !read_number(skip_to_total(value), &number))
		return;
	/* v1 has two limits to be met: without swap space it is the one of the sum, and not the other. */
	if (s->id == METER_MEMORY_HITS)
		number += f->v[METER_MEMORY_HITS];
	put(f, s->id, number == METER_UNLIMITED ? number : number / s->divisor);
}

static bool is_of_version(struct cgroups *cg, const struct source *s)
{
	return s->version == ANY || (s->version == V1) == cgroups_is_v1(cg, s->controller);
}

/* Only one figure, or METER_NONE: all. */
static void read_groups(struct cgroups *cg, const char *group, enum meter only, struct meters *f)
{
	auto_free char *text = NULL;
	const struct source *last = NULL;

	for (const struct source *s = sources; s < sources + ARRAY_SIZE(sources); s++) {
		if ((only && s->id != only) || !is_of_version(cg, s))
			continue;
		if (!last || strcmp(last->file, s->file) != 0 || strcmp(last->controller, s->controller) != 0) {
			free(take_ptr(text));
			(void)cgroup_read(cg, group, s->controller, s->file, &text);
			last = s;
		}
		if (text)
			read_source(s, text, f);
	}
}

/* v1 limits memory and swap space together, and memory. */
static void separate_swap(struct cgroups *cg, struct meters *f)
{
	uint64_t *swap = &f->v[METER_SWAP_LIMIT];

	if (cgroups_is_v1(cg, "memory") && f->known[METER_SWAP_LIMIT] && *swap != METER_UNLIMITED)
		*swap -= VZ_MIN(*swap, f->v[METER_MEMORY_LIMIT]);
}

bool meters_read_one(struct cgroups *cg, const char *group, enum meter id, uint64_t *ret)
{
	struct meters m = { 0 };

	if (id == METER_NONE)
		return false;
	read_groups(cg, group, id, &m);
	if (id == METER_SWAP_LIMIT) {
		read_groups(cg, group, METER_MEMORY_LIMIT, &m);
		separate_swap(cg, &m);
	}
	if (m.known[id])
		*ret = m.v[id];
	return m.known[id];
}

/* The CPUs it may run on; false: all, or it is not known. */
static bool read_mask(struct cgroups *cg, const char *group, struct mask *ret)
{
	auto_free char *text = NULL;

	if (cgroup_read(cg, group, "cpuset", "cpuset.cpus.effective", &text) < 0 &&
	    cgroup_read(cg, group, "cpuset", "cpuset.effective_cpus", &text) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	return mask_add(ret, text) == 0 && !mask_is_empty(ret);
}

/* "cpu3 user nice system idle iowait …", in ticks. */
static void read_cpus(struct cgroups *cg, const char *group, struct meters *m)
{
	auto_free char *text = NULL;
	struct mask mask = { 0 };
	bool masked = read_mask(cg, group, &mask);
	uint64_t n = 0, ticks = 0;

	if (file_read(AT_FDCWD, "/proc/stat", STAT_FILE_MAX, &text, NULL) < 0)
		return;
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		uint64_t idle, waiting;
		unsigned int cpu;

		if (sscanf(line, "cpu%u %*u %*u %*u %" SCNu64 " %" SCNu64, &cpu, &idle, &waiting) != 3 ||
		    (masked && (cpu >= MASK_BITS || !mask.bits[cpu])))
			continue;
		n++;
		ticks += idle + waiting;
	}
	put(m, METER_CPUS, n);
	put(m, METER_CPU_IDLE, ticks * USEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* File cache is given back when the memory is wanted; what is in tmpfs counts among it, and is not. */
static void read_cache(struct cgroups *cg, const char *group, struct meters *f)
{
	static const char *const keys[] = { "total_active_file ", "total_inactive_file ", "active_file ", "inactive_file " };
	auto_free char *text = NULL;
	uint64_t cache = 0;

	if (cgroup_read(cg, group, "memory", "memory.stat", &text) < 0)
		return;
	/* v1 has both kinds, of the group alone and of all: the latter come first. */
	for (size_t i = find_key(text, keys[0]) ? 0 : 2, end = i + 2; i < end; i++) {
		const char *value = find_key(text, keys[i]);
		uint64_t number;

		if (value && read_number(value, &number))
			cache += number;
	}
	put(f, METER_MEMORY_CACHE, cache);
}

/* ---- I/O ---- */

/* In the line of the device, the number behind key. */
static bool device_number(const char *text, const char *device, const char *key, uint64_t *ret)
{
	const char *line = find_key(text, device);
	const char *end = line ? strchrnul(line, '\n') : NULL;
	const char *value = line ? strstr(line, key) : NULL;

	return value && value < end && read_number(value + strlen(key), ret);
}

/* "254:0 " of the first line; NULL: there is none. Caller frees. */
static char *first_device(const char *text)
{
	size_t len = strcspn(text, " \n");

	return text[len] == ' ' ? strndup(text, len + 1) : NULL;
}

static void read_io_v2(struct cgroups *cg, const char *group, struct meters *f)
{
	static const struct { enum meter limit, count; const char *limit_key, *count_key; } rows[] = {
		{ METER_IO_READ_LIMIT,    METER_IO_READ,    "rbps=",  "rbytes=" },
		{ METER_IO_WRITTEN_LIMIT, METER_IO_WRITTEN, "wbps=",  "wbytes=" },
		{ METER_IO_READS_LIMIT,   METER_IO_READS,   "riops=", "rios=" },
		{ METER_IO_WRITES_LIMIT,  METER_IO_WRITES,  "wiops=", "wios=" },
	};
	auto_free char *limits = NULL;
	auto_free char *counts = NULL;
	auto_free char *device = NULL;

	if (cgroup_read(cg, group, "io", "io.max", &limits) < 0 || cgroup_read(cg, group, "io", "io.stat", &counts) < 0)
		return;
	device = first_device(limits);
	for (size_t i = 0; i < ARRAY_SIZE(rows) && device; i++) {
		uint64_t limit, count = 0;

		if (!device_number(limits, device, rows[i].limit_key, &limit))
			continue;
		/* No line: nothing has been done yet. */
		(void)device_number(counts, device, rows[i].count_key, &count);
		put(f, rows[i].limit, limit);
		put(f, rows[i].count, count);
	}
}

static void read_io_v1(struct cgroups *cg, const char *group, struct meters *f)
{
	static const struct { enum meter limit, count; const char *limit_file, *count_file, *key; } rows[] = {
		{ METER_IO_READ_LIMIT,    METER_IO_READ,    "blkio.throttle.read_bps_device",   "blkio.throttle.io_service_bytes", "Read " },
		{ METER_IO_WRITTEN_LIMIT, METER_IO_WRITTEN, "blkio.throttle.write_bps_device",  "blkio.throttle.io_service_bytes", "Write " },
		{ METER_IO_READS_LIMIT,   METER_IO_READS,   "blkio.throttle.read_iops_device",  "blkio.throttle.io_serviced",      "Read " },
		{ METER_IO_WRITES_LIMIT,  METER_IO_WRITES,  "blkio.throttle.write_iops_device", "blkio.throttle.io_serviced",      "Write " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *limits = NULL;
		auto_free char *counts = NULL;
		auto_free char *device = NULL;
		auto_free char *key = NULL;
		const char *value;
		uint64_t limit, count = 0;

		if (cgroup_read(cg, group, "blkio", rows[i].limit_file, &limits) < 0 ||
		    cgroup_read(cg, group, "blkio", rows[i].count_file, &counts) < 0)
			continue;
		device = first_device(limits);
		key = device ? str_printf("%s%s", device, rows[i].key) : NULL;
		if (!key || !read_number(limits + strlen(device), &limit))
			continue;
		value = find_key(counts, key);
		if (value)
			(void)read_number(value, &count);
		put(f, rows[i].limit, limit);
		put(f, rows[i].count, count);
	}
}

/* ---- disk and network ---- */

/* What the kernel keeps back for root of the host is free to nobody inside. */
static void read_disk(const char *root, struct meters *f)
{
	struct statvfs fs;

	if (statvfs(root, &fs) < 0)
		return;
	put(f, METER_DISK_USED, (uint64_t)(fs.f_blocks - fs.f_bfree) * fs.f_frsize);
	put(f, METER_DISK_FREE, (uint64_t)fs.f_bavail * fs.f_frsize);
	/* Of those that make inodes as they need them there is no number. */
	if (!fs.f_files)
		return;
	put(f, METER_INODES_USED, fs.f_files - fs.f_ffree);
	put(f, METER_INODES_FREE, fs.f_favail);
}

/* "  eth0: bytes packets errs drop fifo frame compressed multicast bytes packets errs drop …" */
static void read_network(pid_t init, struct meters *f)
{
	auto_free char *path = str_printf("/proc/%d/net/dev", (int)init);
	auto_free char *text = NULL;

	if (!path || file_read(AT_FDCWD, path, NET_FILE_MAX, &text, NULL) < 0)
		return;
	for (int id = METER_PACKETS_IN; id <= METER_DROPPED_OUT; id++)
		put(f, id, 0);
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *colon = strchr(line, ':');
		uint64_t in, out, lost_in, lost_out;

		line += strspn(line, " ");
		if (!colon || !strncmp(line, "lo:", 3) ||
		    sscanf(colon + 1, " %*u %" SCNu64 " %*u %" SCNu64 " %*u %*u %*u %*u %*u %" SCNu64 " %*u %" SCNu64,
			   &in, &lost_in, &out, &lost_out) != 4)
			continue;
		f->v[METER_PACKETS_IN] += in;
		f->v[METER_PACKETS_OUT] += out;
		f->v[METER_DROPPED_IN] += lost_in;
		f->v[METER_DROPPED_OUT] += lost_out;
	}
}

void meters_read(struct cgroups *cg, const char *group, const char *root, pid_t init, struct meters *ret)
{
	*ret = (struct meters){ .when = now_usec() };
	read_groups(cg, group, METER_NONE, ret);
	separate_swap(cg, ret);
	read_cpus(cg, group, ret);
	read_cache(cg, group, ret);
	read_io_v2(cg, group, ret);
	read_io_v1(cg, group, ret);
	read_disk(root, ret);
	read_network(init, ret);
}
