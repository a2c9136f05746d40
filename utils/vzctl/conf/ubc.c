/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * See ubc.h. The rules are OpenVZ's. They stand in such an order that no repair breaks a rule that has
 * been looked at: what others are measured by comes first.
 */
#include "conf/ubc.h"

#define KIB 1024
#define MEMORY_OF_A_PROCESS (40 * KIB)	/* of the kernel's */
#define ROOM_OF_A_SOCKET (5 * KIB / 2)
#define SIZE_OF_A_DENTRY 384
#define FILES_OF_A_PROCESS 32

/* ---- values ---- */

static bool is_set(const struct vz_conf *c, enum vz_param_id id)
{
	return c->v[id].set;
}

static uint64_t bar(const struct vz_conf *c, enum vz_param_id id)
{
	return is_set(c, id) ? c->v[id].bl.bar : VZ_UNLIMITED;
}

static uint64_t lim(const struct vz_conf *c, enum vz_param_id id)
{
	return is_set(c, id) ? c->v[id].bl.lim : VZ_UNLIMITED;
}

/* What is unlimited stays so. */
static uint64_t plus(uint64_t a, uint64_t b)
{
	return a > VZ_UNLIMITED - b ? VZ_UNLIMITED : a + b;
}

static uint64_t times(uint64_t a, uint64_t b)
{
	return b && a > VZ_UNLIMITED / b ? VZ_UNLIMITED : a * b;
}

/* Unless set, half of the processes are taken to be the usual number of them. */
static uint64_t usual_processes(const struct vz_conf *c)
{
	uint64_t most = bar(c, VZ_P_numproc);

	if (is_set(c, VZ_P_avnumproc))
		return bar(c, VZ_P_avnumproc);
	return most == VZ_UNLIMITED ? most : most / 2;
}

/* ---- what a value is to be at least ---- */

static uint64_t least_files(const struct vz_conf *c)
{
	uint64_t of_processes = times(usual_processes(c), FILES_OF_A_PROCESS);
	uint64_t of_others = plus(plus(bar(c, VZ_P_numtcpsock), bar(c, VZ_P_numothersock)), bar(c, VZ_P_numpty));

	return VZ_MAX(of_processes, of_others);
}

static uint64_t least_cache(const struct vz_conf *c)
{
	return times(bar(c, VZ_P_numfile), SIZE_OF_A_DENTRY);
}

static uint64_t least_kernel_memory(const struct vz_conf *c)
{
	return plus(times(usual_processes(c), MEMORY_OF_A_PROCESS), lim(c, VZ_P_dcachesize));
}

static uint64_t least_private(const struct vz_conf *c)
{
	return bar(c, VZ_P_vmguarpages);
}

static uint64_t kib_32(const struct vz_conf *c VZ_UNUSED)
{
	return 32 * KIB;
}

static uint64_t kib_64(const struct vz_conf *c VZ_UNUSED)
{
	return 64 * KIB;
}

static uint64_t kib_129(const struct vz_conf *c VZ_UNUSED)
{
	return 129 * KIB;
}

/* Above the barrier there is to be room for something from each socket. */
static uint64_t room_above(const struct vz_conf *c, enum vz_param_id buffer, enum vz_param_id sockets)
{
	return plus(bar(c, buffer), times(bar(c, sockets), ROOM_OF_A_SOCKET));
}

static uint64_t least_tcpsndbuf(const struct vz_conf *c)
{
	return room_above(c, VZ_P_tcpsndbuf, VZ_P_numtcpsock);
}

static uint64_t least_tcprcvbuf(const struct vz_conf *c)
{
	return room_above(c, VZ_P_tcprcvbuf, VZ_P_numtcpsock);
}

static uint64_t least_othersockbuf(const struct vz_conf *c)
{
	return room_above(c, VZ_P_othersockbuf, VZ_P_numothersock);
}

/* ---- the tables ---- */

/* A configuration of beancounters has these. */
static const enum vz_param_id required[] = {
	VZ_P_kmemsize, VZ_P_lockedpages, VZ_P_privvmpages, VZ_P_shmpages, VZ_P_numproc, VZ_P_physpages,
	VZ_P_vmguarpages, VZ_P_oomguarpages, VZ_P_numtcpsock, VZ_P_numflock, VZ_P_numpty, VZ_P_numsiginfo,
	VZ_P_tcpsndbuf, VZ_P_tcprcvbuf, VZ_P_othersockbuf, VZ_P_dgramrcvbuf, VZ_P_numothersock, VZ_P_numfile,
	VZ_P_dcachesize,
};

enum rule_kind {
	RULE_BAR_0,		/* barrier 0 */
	RULE_NO_LIMIT,		/* limit LONG_MAX */
	RULE_EQUAL,		/* barrier = limit */
	RULE_ORDERED,		/* barrier ≤ limit */
	RULE_BAR_LEAST,		/* barrier ≥ least() */
	RULE_LIM_LEAST,		/* limit ≥ least() */
};

static const struct rule {
	enum rule_kind kind;
	enum vz_param_id id;
	const char *word;
	uint64_t (*least)(const struct vz_conf *c);
} rules[] = {
	{ RULE_BAR_0,     VZ_P_physpages,    "Error",          NULL },
	{ RULE_NO_LIMIT,  VZ_P_physpages,    "Error",          NULL },
	{ RULE_NO_LIMIT,  VZ_P_vmguarpages,  "Error",          NULL },
	{ RULE_NO_LIMIT,  VZ_P_oomguarpages, "Error",          NULL },
	{ RULE_EQUAL,     VZ_P_numproc,      "Error",          NULL },
	{ RULE_EQUAL,     VZ_P_avnumproc,    "Error",          NULL },
	{ RULE_EQUAL,     VZ_P_numtcpsock,   "Error",          NULL },
	{ RULE_EQUAL,     VZ_P_numothersock, "Error",          NULL },
	{ RULE_EQUAL,     VZ_P_shmpages,     "Error",          NULL },
	{ RULE_EQUAL,     VZ_P_numfile,      "Error",          NULL },
	{ RULE_EQUAL,     VZ_P_numpty,       "Error",          NULL },
	{ RULE_EQUAL,     VZ_P_numsiginfo,   "Error",          NULL },
	{ RULE_EQUAL,     VZ_P_numiptent,    "Error",          NULL },
	{ RULE_ORDERED,   VZ_P_kmemsize,     "Error",          NULL },
	{ RULE_ORDERED,   VZ_P_tcpsndbuf,    "Error",          NULL },
	{ RULE_ORDERED,   VZ_P_tcprcvbuf,    "Error",          NULL },
	{ RULE_ORDERED,   VZ_P_othersockbuf, "Error",          NULL },
	{ RULE_ORDERED,   VZ_P_dgramrcvbuf,  "Error",          NULL },
	{ RULE_ORDERED,   VZ_P_privvmpages,  "Error",          NULL },
	{ RULE_ORDERED,   VZ_P_lockedpages,  "Error",          NULL },
	{ RULE_ORDERED,   VZ_P_numflock,     "Error",          NULL },
	{ RULE_ORDERED,   VZ_P_dcachesize,   "Error",          NULL },
	{ RULE_BAR_LEAST, VZ_P_numfile,      "Warning",        least_files },
	{ RULE_LIM_LEAST, VZ_P_dcachesize,   "Warning",        least_cache },
	{ RULE_BAR_LEAST, VZ_P_kmemsize,     "Error",          least_kernel_memory },
	{ RULE_BAR_LEAST, VZ_P_privvmpages,  "Warning",        least_private },
	{ RULE_BAR_LEAST, VZ_P_tcpsndbuf,    "Warning",        kib_64 },
	{ RULE_BAR_LEAST, VZ_P_tcprcvbuf,    "Warning",        kib_64 },
	{ RULE_BAR_LEAST, VZ_P_othersockbuf, "Warning",        kib_32 },
	{ RULE_BAR_LEAST, VZ_P_dgramrcvbuf,  "Warning",        kib_32 },
	{ RULE_BAR_LEAST, VZ_P_othersockbuf, "Recommendation", kib_129 },
	{ RULE_BAR_LEAST, VZ_P_dgramrcvbuf,  "Recommendation", kib_129 },
	{ RULE_LIM_LEAST, VZ_P_tcpsndbuf,    "Error",          least_tcpsndbuf },
	{ RULE_LIM_LEAST, VZ_P_othersockbuf, "Error",          least_othersockbuf },
	{ RULE_LIM_LEAST, VZ_P_tcprcvbuf,    "Warning",        least_tcprcvbuf },
};

/* ---- looking ---- */

static bool holds(const struct ubc_finding *f)
{
	switch (f->relation) {
	case '<':
		return f->now <= f->wanted;
	case '>':
		return f->now >= f->wanted;
	default:
		return f->now == f->wanted;
	}
}

/* What a rule says of the value that is there; false: it is kept. */
static bool look(const struct rule *rule, const struct vz_conf *c, struct ubc_finding *ret)
{
	uint64_t b = bar(c, rule->id), l = lim(c, rule->id);
	struct ubc_finding f = { .word = rule->word, .id = rule->id, .bar = b, .lim = l };
	bool of_lim = rule->kind == RULE_NO_LIMIT || rule->kind == RULE_LIM_LEAST;

	f.member = of_lim ? "lim" : "bar";
	f.now = of_lim ? l : b;
	f.relation = rule->least ? '>' : '=';
	switch (rule->kind) {
	case RULE_BAR_0:
		f.bar = f.wanted = 0;
		break;
	case RULE_NO_LIMIT:
		f.lim = f.wanted = VZ_UNLIMITED;
		break;
	case RULE_EQUAL:
		f.wanted = l;
		f.bar = f.lim = VZ_MAX(b, l);
		break;
	case RULE_ORDERED:
		f.relation = '<';
		f.wanted = l;
		f.lim = b;
		break;
	case RULE_BAR_LEAST:
		f.bar = f.wanted = rule->least(c);
		f.lim = VZ_MAX(l, f.bar);
		break;
	case RULE_LIM_LEAST:
		f.lim = f.wanted = rule->least(c);
		break;
	}
	*ret = f;
	return !holds(&f);
}

static bool is_repaired(struct vz_conf *c, const struct ubc_check *how, const struct ubc_finding *f)
{
	if (!how->found(how->data, f))
		return false;
	c->v[f->id].set = true;
	c->v[f->id].bl.bar = f->bar;
	c->v[f->id].bl.lim = f->lim;
	return true;
}

/* What is missing becomes what it counts as. */
static unsigned int check_required(struct vz_conf *c, const struct ubc_check *how)
{
	unsigned int left = 0;

	for (size_t i = 0; i < ARRAY_SIZE(required); i++) {
		enum vz_param_id id = required[i];
		struct ubc_finding f = {
			.word = "Error", .id = id, .missing = true,
			.bar = id == VZ_P_physpages ? 0 : bar(how->defaults, id), .lim = lim(how->defaults, id),
		};

		if (!is_set(c, id) && !is_repaired(c, how, &f))
			left++;
	}
	return left;
}

static unsigned int check_rule(const struct rule *rule, struct vz_conf *c, const struct ubc_check *how)
{
	struct ubc_finding f;

	return is_set(c, rule->id) && look(rule, c, &f) && !is_repaired(c, how, &f);
}

static unsigned int check_whole_list(struct vz_conf *c, const struct ubc_check *how)
{
	unsigned int left = check_required(c, how);

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		left += check_rule(&rules[i], c, how);
	return left;
}

/* RAM or swap space: a size, and not more than the host has. */
static unsigned int check_size(struct vz_conf *c, const struct ubc_check *how, enum vz_param_id id, uint64_t most)
{
	const struct rule bar_0 = { RULE_BAR_0, id, "Error", NULL };
	struct ubc_finding f = {
		.word = "Warning", .id = id, .member = "lim", .relation = '<', .wanted = most, .lim = most,
	};
	unsigned int left;

	if (!is_set(c, id))
		return 0;
	left = check_rule(&bar_0, c, how);
	f.now = lim(c, id);
	f.bar = VZ_MIN(bar(c, id), most);
	return left + (f.now != VZ_UNLIMITED && !holds(&f) && !is_repaired(c, how, &f));
}

static unsigned int check_disk(struct vz_conf *c, const struct ubc_check *how)
{
	static const struct rule ordered[] = {
		{ RULE_ORDERED, VZ_P_diskspace,  "Error", NULL },
		{ RULE_ORDERED, VZ_P_diskinodes, "Error", NULL },
	};
	unsigned int left = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ordered) && conf_yes(c, VZ_P_disk_quota, true); i++)
		left += check_rule(&ordered[i], c, how);
	return left;
}

/* Any beancounter but NUMPROC, which limits the processes of every container. */
static bool has_beancounters(const struct vz_conf *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(required); i++)
		if (required[i] != VZ_P_numproc && is_set(c, required[i]))
			return true;
	return false;
}

unsigned int ubc_check(struct vz_conf *c, const struct ubc_check *how)
{
	unsigned int left = check_disk(c, how);

	if (how->whole_list || (has_beancounters(c) && lim(c, VZ_P_physpages) == VZ_UNLIMITED))
		return left + check_whole_list(c, how);
	return left + check_size(c, how, VZ_P_physpages, how->ram) + check_size(c, how, VZ_P_swappages, how->swap);
}
