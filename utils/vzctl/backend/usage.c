/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a container uses, in the files of its cgroups: a table of where each figure of a beancounter
 * stands. What no file tells is not known, and never guessed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/limits.h"
#include "backend/policy.h"
#include "base/cleanup.h"
#include "base/parse.h"
#include "base/str.h"

/* A number in a file: the first one, or that behind a word. */
struct figure {
	const char *file;		/* NULL: the kernel does not tell */
	const char *word;
	const char *less;		/* another file, whose number is to be taken away */
	const char *if_there;		/* another one; without it the number means something else */
};

static const struct counter {
	enum vz_param_id id;
	const char *controller;
	struct figure v2[VZ_USAGE__MAX], v1[VZ_USAGE__MAX];
} counters[] = {
	{
		VZ_P_numproc, "pids",
		{
			[VZ_USAGE_HELD]    = { .file = "pids.current" },
			[VZ_USAGE_MAXHELD] = { .file = "pids.peak" },
			[VZ_USAGE_LIMIT]   = { .file = "pids.max" },
			/* Before that file there was, failures of groups below were not counted here. */
			[VZ_USAGE_FAILCNT] = { "pids.events", "max", NULL, "pids.events.local" },
		}, {
			[VZ_USAGE_HELD]    = { .file = "pids.current" },
			[VZ_USAGE_MAXHELD] = { .file = "pids.peak" },
			[VZ_USAGE_LIMIT]   = { .file = "pids.max" },
			[VZ_USAGE_FAILCNT] = { "pids.events", "max", NULL, NULL },
		},
	}, {
		VZ_P_physpages, "memory",
		{
			[VZ_USAGE_HELD]    = { .file = "memory.current" },
			[VZ_USAGE_MAXHELD] = { .file = "memory.peak" },
			[VZ_USAGE_LIMIT]   = { .file = "memory.max" },
			[VZ_USAGE_FAILCNT] = { "memory.events", "oom_kill", NULL, NULL },
		}, {
			[VZ_USAGE_HELD]    = { .file = "memory.usage_in_bytes" },
			[VZ_USAGE_MAXHELD] = { .file = "memory.max_usage_in_bytes" },
			[VZ_USAGE_LIMIT]   = { .file = "memory.limit_in_bytes" },
			/* memory.failcnt counts what was solved by giving back cached files, too. */
			[VZ_USAGE_FAILCNT] = { "memory.oom_control", "oom_kill", NULL, NULL },
		},
	}, {
		VZ_P_swappages, "memory",
		{
			[VZ_USAGE_HELD]    = { .file = "memory.swap.current" },
			[VZ_USAGE_MAXHELD] = { .file = "memory.swap.peak" },
			[VZ_USAGE_LIMIT]   = { .file = "memory.swap.max" },
			[VZ_USAGE_FAILCNT] = { "memory.swap.events", "max", NULL, NULL },
		}, {
			[VZ_USAGE_HELD]    = { "memory.stat", "total_swap", NULL, NULL },
			[VZ_USAGE_LIMIT]   = { "memory.memsw.limit_in_bytes", NULL, "memory.limit_in_bytes", NULL },
		},
	}, {
		VZ_P_shmpages, "memory",
		{ [VZ_USAGE_HELD] = { "memory.stat", "shmem", NULL, NULL } },
		{ [VZ_USAGE_HELD] = { "memory.stat", "total_shmem", NULL, NULL } },
	}, {
		VZ_P_kmemsize, "memory",
		{
			[VZ_USAGE_HELD]    = { "memory.stat", "kernel", NULL, NULL },
		}, {
			[VZ_USAGE_HELD]    = { .file = "memory.kmem.usage_in_bytes" },
			[VZ_USAGE_MAXHELD] = { .file = "memory.kmem.max_usage_in_bytes" },
		},
	},
};

static const struct counter *find_counter(enum vz_param_id id)
{
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		if (counters[i].id == id)
			return &counters[i];
	return NULL;
}

/* The line of text that begins with word, behind it; text itself without a word. NULL: there is none. */
static char *line_of(char *text, const char *word)
{
	size_t len = word ? strlen(word) : 0;

	for (char *line = text; line; ) {
		char *end = strchr(line, '\n');

		if (!word || (strncmp(line, word, len) == 0 && line[len] == ' ')) {
			line[strcspn(line, "\n")] = '\0';
			return word ? line + len + 1 : line;
		}
		line = end ? end + 1 : NULL;
	}
	return NULL;
}

/* The number of a figure as it stands; VZ_UNLIMITED for what is a word for that. */
static int read_number(struct vz_env *env, const char *controller, const char *file, const char *word, uint64_t *ret)
{
	auto_free char *text = NULL;
	const char *number;
	int r = cgroup_read(env->host->cg, env->group, controller, file, &text);

	if (r < 0)
		return r;
	number = line_of(text, word);
	if (!number)
		return -ENODATA;
	if (strcmp(number, "max") == 0) {
		*ret = VZ_UNLIMITED;
		return 0;
	}
	r = parse_u64(number, ret);
	/* v1 shows it as the largest number of whole pages. */
	if (r == 0 && *ret >= VZ_UNLIMITED / 2)
		*ret = VZ_UNLIMITED;
	return r;
}

/* ---- what was set, from what the kernel was told: exactly that, unless it has been changed since ---- */

static int read_cpu_units(struct vz_env *env, uint64_t *ret)
{
	bool v1 = cgroups_is_v1(env->host->cg, "cpu");
	struct policy_files p;
	uint64_t n;
	int r;

	policy_cpu_units(env->conf, v1, &p);
	r = p.failed ? -ENOMEM : read_number(env, "cpu", p.f[0].name, NULL, &n);
	if (r == 0 && n == strtoull(p.f[0].value, NULL, 10))
		r = -ENODATA;	/* as the configuration has it */
	policy_files_done(&p);
	if (r == 0)
		*ret = v1 ? (n * 1000 + 512) / 1024 : n * 10;
	return r;
}

static int read_cpu_limit(struct vz_env *env, uint64_t *ret)
{
	auto_free char *text = NULL;
	uint64_t quota = 0, period = 0, percent;
	int r;

	if (cgroups_is_v1(env->host->cg, "cpu")) {
		r = read_number(env, "cpu", "cpu.cfs_period_us", NULL, &period);
		/* -1, which is no number, is no limit. */
		if (r == 0 && read_number(env, "cpu", "cpu.cfs_quota_us", NULL, &quota) < 0)
			quota = 0;
	} else {
		r = cgroup_read(env->host->cg, env->group, "cpu", "cpu.max", &text);
		if (r == 0 && sscanf(text, "%" SCNu64 " %" SCNu64, &quota, &period) != 2)
			quota = 0;
	}
	if (r < 0)
		return r;
	percent = quota ? (quota * 100 + period / 2) / period : 0;
	if (percent == policy_cpu_percent(env->conf))
		return -ENODATA;
	*ret = percent;
	return 0;
}

int usage_read(struct vz_env *env, enum vz_param_id id, enum vz_usage part, uint64_t *ret)
{
	const struct counter *c = find_counter(id);
	const struct figure *f = !c ? NULL : cgroups_is_v1(env->host->cg, c->controller) ? &c->v1[part] : &c->v2[part];
	auto_free char *ignored = NULL;
	uint64_t n = 0, less = 0;
	int r = f && f->file ? 0 : -ENODATA;

	if (part == VZ_USAGE_LIMIT && id == VZ_P_cpuunits)
		return read_cpu_units(env, ret);
	if (part == VZ_USAGE_LIMIT && id == VZ_P_cpulimit)
		return read_cpu_limit(env, ret);
	if (r == 0 && f->if_there)
		r = cgroup_read(env->host->cg, env->group, c->controller, f->if_there, &ignored);
	if (r == 0)
		r = read_number(env, c->controller, f->file, f->word, &n);
	if (r == 0 && f->less && n != VZ_UNLIMITED)
		r = read_number(env, c->controller, f->less, NULL, &less);
	if (r < 0)
		return r;
	n -= VZ_MIN(n, less);
	if (n != VZ_UNLIMITED && part != VZ_USAGE_FAILCNT && param_get(id)->type == &type_pages)
		n /= (uint64_t)sysconf(_SC_PAGESIZE);
	*ret = n;
	return 0;
}
