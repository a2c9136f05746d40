/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can hurt a container, and how much, judged from numbers alone. One scale for everything, so that
 * the worst comes first:
 *
 *   100     something failed for want of it: a process was killed, or could not be made, a disk is full;
 *           or it hurts others
 *   5–99    per cent of the time in which some process waited for it
 *   5–30    it is about to run out, 95 per cent of it being in use
 *   0       something failed earlier, not now
 */
#ifndef VZ_CT_SYMPTOMS_H
#define VZ_CT_SYMPTOMS_H

#include "conf/layers.h"
#include "host/ceiling.h"
#include "host/meters.h"
#include "include/vzctl.h"

struct scene {
	vz_ctid id;
	const struct vz_conf *conf;	/* for advice in terms of what is set now */
	uint64_t cpuunits;		/* its share of CPU time as the kernel has it; 0: not known */
	const char *place;		/* of its files on the host; NULL: not known */
	bool frozen;
	bool unfiltered;		/* nothing keeps it from using others' addresses any more */
	/* What it, or the host with all containers, has nearly used up; .what NULL: nothing. */
	struct ceiling_use inotify, host;
	struct meters before, now;
};

/* Fill ret with what hurts, worst first. 0 or -ENOMEM. */
int symptoms_judge(const struct scene *s, struct vz_why *ret);

#endif
