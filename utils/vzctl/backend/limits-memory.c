/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * RAM and swap space of a container. A limit below what is in use must not kill anybody: what the kernel
 * can take back it takes back, and if that is not enough the limit is refused and the old one stays.
 *
 * v1 does that by itself (EBUSY); it limits RAM and the sum of RAM and swap, and insists on their order.
 * v2 limits each alone, but a memory.max below what is in use makes it kill: there it is asked to take memory
 * back before (memory.reclaim, as old as overlays of idmapped mounts). memory.high would do the same, but a
 * vzctl that is killed would leave it behind.
 *
 * When a container runs out of memory the kernel kills one of its processes, as on a machine of its own,
 * and not all of them: memory.oom.group stays off. Services inside may have it for themselves.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "backend/limits.h"
#include "backend/policy.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/str.h"

#define FIT_ROUNDS 20			/* how often v2 is asked to take memory back, while that helps */
#define V1_UNLIMITED (UINT64_MAX >> 2)	/* "no limit" reads as the largest number of whole pages */
#define KIB 1024

enum which { RAM, SWAP };

/* What the versions call things. */
struct words {
	const char *file[2];		/* by enum which; SWAP of v1 is the sum of both */
	const char *usage[2];
	const char *none;		/* no limit */
	bool is_sum;
};

static const struct words v1_words = {
	.file   = { "memory.limit_in_bytes", "memory.memsw.limit_in_bytes" },
	.usage  = { "memory.usage_in_bytes", "memory.memsw.usage_in_bytes" },
	.none   = "-1",
	.is_sum = true,
};
static const struct words v2_words = {
	.file   = { "memory.max", "memory.swap.max" },
	.usage  = { "memory.current", "memory.swap.current" },
	.none   = "max",
};

struct setter {
	struct vz_env *env;
	const struct words *words;
};

static int read_bytes(const struct setter *s, const char *file, uint64_t *ret)
{
	auto_free char *text = NULL;
	int r = cgroup_read(s->env->host->cg, s->env->group, "memory", file, &text);

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, "max") == 0) {
		*ret = VZ_UNLIMITED;
		return 0;
	}
	r = parse_u64(text, ret);
	if (r == 0 && *ret >= V1_UNLIMITED)
		*ret = VZ_UNLIMITED;
	return r;
}

static int write_bytes(const struct setter *s, const char *file, uint64_t bytes)
{
	auto_free char *text = bytes == VZ_UNLIMITED ? strdup(s->words->none) : str_printf("%" PRIu64, bytes);

	return text ? cgroup_write(s->env->host->cg, s->env->group, "memory", file, text) : -ENOMEM;
}

/* Have so much given back that no more than limit is in use. 0, -EBUSY, or another errno. */
static int take_back(const struct setter *s, uint64_t limit)
{
	uint64_t before = UINT64_MAX, now = 0;
	int r = read_bytes(s, s->words->usage[RAM], &now);

	for (int i = 0; r == 0 && now > limit && now < before && i < FIT_ROUNDS; i++) {
		before = now;
		/* EAGAIN: less than that; what it was is seen next. */
		r = write_bytes(s, "memory.reclaim", now - limit);
		if (r == 0 || r == -EAGAIN)
			r = read_bytes(s, s->words->usage[RAM], &now);
	}
	if (r < 0 && !limits_is_missing(r))
		return r;
	return now > limit ? -EBUSY : 0;
}

static int set_ram_v2(const struct setter *s, uint64_t limit)
{
	int r = take_back(s, limit);

	return r < 0 ? r : write_bytes(s, s->words->file[RAM], limit);
}

static int set_one(const struct setter *s, enum which which, uint64_t limit)
{
	if (which == RAM && !s->words->is_sum)
		return set_ram_v2(s, limit);
	return write_bytes(s, s->words->file[which], limit);
}

static int fail_to_set(const struct setter *s, enum which which, uint64_t limit, int r, struct vz_err *err)
{
	const char *key = param_get(which == RAM ? VZ_P_physpages : VZ_P_swappages)->key;
	uint64_t usage = 0;

	if (r == -EBUSY && read_bytes(s, s->words->usage[which], &usage) == 0)
		return vz_fail(err, VZ_E_SETUBC, 0,
			       "%s: container %u needs %" PRIu64 " KiB now, more than the %" PRIu64 " it would have: stop something inside first",
			       key, s->env->id, usage / KIB, limit / KIB);
	return vz_fail(err, VZ_E_SETUBC, r, "%s: write to %s of cgroup '%s'", key, s->words->file[which], s->env->group);
}

/* Both, in the order in which neither is in the other's way; all or nothing. */
static int set_both(const struct setter *s, const uint64_t old[2], const uint64_t new[2], bool has_swap, struct vz_err *err)
{
	enum which first = has_swap && new[SWAP] > old[SWAP] ? SWAP : RAM;
	enum which second = first == RAM ? SWAP : RAM;
	int r = set_one(s, first, new[first]);

	if (r < 0)
		return fail_to_set(s, first, new[first], r, err);
	if (second == SWAP && !has_swap)
		return 0;
	r = set_one(s, second, new[second]);
	if (r == 0)
		return 0;
	fail_to_set(s, second, new[second], r, err);
	(void)set_one(s, first, old[first]);
	return -1;
}

static uint64_t sum_of(struct policy_memory m)
{
	uint64_t sum;

	if (m.ram == VZ_UNLIMITED || m.swap == VZ_UNLIMITED || __builtin_add_overflow(m.ram, m.swap, &sum))
		return VZ_UNLIMITED;
	return VZ_MIN(sum, VZ_UNLIMITED);
}

/* Where there could be swap space, and nothing limits it. */
static void say_swap_is_free(const struct setter *s)
{
	if (path_exists("/proc/swaps"))
		vz_log(s->env->host->log, VZ_LOG_ERR, s->env->id, "SWAPPAGES: kept, not enforced by this kernel");
}

int limits_memory(struct vz_env *env, bool fresh, struct vz_err *err)
{
	struct setter s = { env, cgroups_is_v1(env->host->cg, "memory") ? &v1_words : &v2_words };
	struct policy_memory m = policy_memory(env->conf);
	uint64_t new[2] = { m.ram, s.words->is_sum ? sum_of(m) : m.swap };
	uint64_t old[2] = { VZ_UNLIMITED, VZ_UNLIMITED };
	bool wanted = m.ram != VZ_UNLIMITED || m.swap != VZ_UNLIMITED;
	bool has_swap;
	int r;

	if (fresh && !wanted)
		return 0;
	if (m.ram == 0)
		return vz_fail(err, VZ_E_SETUBC, 0, "PHYSPAGES: with 0 nothing could run");
	r = read_bytes(&s, s.words->file[RAM], &old[RAM]);
	if (limits_is_missing(r))
		return wanted ? limits_fail_for_controller(env, m.ram != VZ_UNLIMITED ? VZ_P_physpages : VZ_P_swappages, "memory",
							   VZ_E_SETUBC, err) : 0;
	has_swap = read_bytes(&s, s.words->file[SWAP], &old[SWAP]) == 0;
	if (m.swap != VZ_UNLIMITED && (!has_swap || new[SWAP] == VZ_UNLIMITED))
		say_swap_is_free(&s);
	return set_both(&s, old, new, has_swap, err);
}

bool limits_memory_ran_out(struct vz_env *env)
{
	uint64_t kills;

	return meters_read_one(env->host->cg, env->group, METER_OOM_KILLS, &kills) && kills > 0;
}
