/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the back end for our kernel, and what it works out by itself, for the unit tests. */
#ifndef VZ_BACKEND_VE_H
#define VZ_BACKEND_VE_H

#include "backend/backend.h"

/*
 * The kernel's number of a container: its CTID. There is one list of numbers for the whole machine, so containers of a
 * host below a prefix, whose tag this is, have others, of the upper half of what the kernel takes: the same CTID
 * may run on both.
 */
uint32_t ve_id(const char *tag, vz_ctid id);
/*
 * The CTID behind a number of the kernel's, as far as it can be known: it may as well be that of a host below another
 * prefix, or, beyond 2^30, of another CTID. 0: certainly none of this host.
 */
vz_ctid ve_ctid(const char *tag, uint32_t id);
/* How often an event happened, by the text of ve.events; 0 as well if the kernel does not count it. */
unsigned long ve_event_count(const char *text, const char *event);

/* ---- ve-events.c ---- */
int ve_events_open(struct vz_host *host);
int ve_events_read(struct vz_host *host, vz_event_fn fn, void *data);

#endif
