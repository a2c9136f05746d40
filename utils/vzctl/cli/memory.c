/* SPDX-License-Identifier: GPL-2.0-only */
/* See memory.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "base/cleanup.h"
#include "cli/memory.h"
#include "cli/ubc.h"

static const struct ubc_counter *find(const struct ubc_table *t, const char *name)
{
	for (size_t i = 0; i < UBC_COUNTERS; i++)
		if (!strcmp(t->counters[i].name, name))
			return &t->counters[i];
	return NULL;
}

/* What is in use, or NAN; a limit, or INFINITY; a guarantee, or 0. */
static double in_use(const struct ubc_table *t, const char *name)
{
	const struct ubc_counter *c = find(t, name);

	return c->known[UBC_HELD] ? (double)c->v[UBC_HELD] : (double)NAN;
}

static double limit(const struct ubc_table *t, const char *name)
{
	const struct ubc_counter *c = find(t, name);

	return c->known[UBC_LIMIT] && c->v[UBC_LIMIT] != UBC_UNLIMITED ? (double)c->v[UBC_LIMIT] : (double)INFINITY;
}

static double guarantee(const struct ubc_table *t, const char *name)
{
	const struct ubc_counter *c = find(t, name);

	return c->known[UBC_BARRIER] && c->v[UBC_BARRIER] != UBC_UNLIMITED ? (double)c->v[UBC_BARRIER] : 0;
}

/* The kernel's own memory and all buffers of sockets. */
static double limit_of_kernel(const struct ubc_table *t)
{
	return limit(t, "kmemsize") + limit(t, "tcpsndbuf") + limit(t, "tcprcvbuf") + limit(t, "othersockbuf") +
	       limit(t, "dgramrcvbuf");
}

/* RAM and swap space are limited, and everything else follows from that. */
static void promise_by_size(struct memory *m, const struct ubc_table *t, double overcommit)
{
	double ram = limit(t, "physpages");
	double swap = isinf(limit(t, "swappages")) ? 0 : limit(t, "swappages");

	m->v[MEMORY_LOW_COMMIT] = VZ_MIN(limit_of_kernel(t), ram);
	m->v[MEMORY_SWAP_COMMIT] = ram;
	m->v[MEMORY_ALLOC_COMMIT] = ram + swap;
	m->v[MEMORY_ALLOC_LIMIT] = overcommit > 0 ? (ram + swap) * overcommit : limit(t, "privvmpages");
}

static void promise_by_counters(struct memory *m, const struct ubc_table *t)
{
	double kernel = limit_of_kernel(t);
	double counted = isinf(kernel) ? 0 : kernel;

	m->v[MEMORY_LOW_COMMIT] = kernel;
	m->v[MEMORY_SWAP_COMMIT] = guarantee(t, "oomguarpages") + counted;
	m->v[MEMORY_ALLOC_COMMIT] = guarantee(t, "vmguarpages") + counted;
	m->v[MEMORY_ALLOC_LIMIT] = limit(t, "privvmpages") + counted;
}

void memory_of(struct memory *m, struct vz_ct *ct)
{
	auto_free char *overcommit = vz_ct_get(ct, "VM_OVERCOMMIT");
	struct ubc_table t;

	ubc_table_of(&t, ct);
	/* Kernel memory counts as RAM in the kernel's figures. */
	m->v[MEMORY_LOW_UTIL] = in_use(&t, "kmemsize");
	m->v[MEMORY_RAM_UTIL] = in_use(&t, "physpages");
	m->v[MEMORY_SWAP_UTIL] = in_use(&t, "physpages") + in_use(&t, "swappages");
	m->v[MEMORY_ALLOC_UTIL] = in_use(&t, "privvmpages");
	if (isinf(limit(&t, "physpages")))
		promise_by_counters(m, &t);
	else
		promise_by_size(m, &t, overcommit ? strtod(overcommit, NULL) : 0);
}

void memory_of_host(struct memory *m)
{
	struct sysinfo info = { 0 };
	double ram, all;

	(void)sysinfo(&info);
	ram = (double)info.totalram * info.mem_unit;
	all = ram + (double)info.totalswap * info.mem_unit;
	for (int i = 0; i < MEMORY__MAX; i++)
		m->v[i] = i <= MEMORY_RAM_UTIL ? ram : all;
}

void memory_put(FILE *f, int width, double value)
{
	if (isnan(value))
		(void)fprintf(f, "%*s", width, "n/a");
	else if (isinf(value))
		(void)fprintf(f, "%*s", width, "unlim");
	else
		(void)fprintf(f, "%*.2f", width, value);
}
