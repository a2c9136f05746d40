/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Containers in which processes are killed for want of memory, as the kernel tells it: a line of the log for each,
 * but not for each process. Whoever can make his container run out of memory again and again must not fill the log.
 */
#ifndef VZ_CT_SHORTAGE_H
#define VZ_CT_SHORTAGE_H

#include "ct/ct.h"

struct shortage;

/* Say it, if it is a container of this host, or count it for the next time. all: those of before, NULL to begin with. */
void shortage_say(struct shortage **all, struct vz *vz, const struct vz_event *event);
void shortages_free(struct shortage *all);

#endif
