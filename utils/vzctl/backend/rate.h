/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much may go through a container's venet (of other devices see veth.h): RATE, if RATEBOUND makes a limit of it, in either direction
 * on its own. What goes in waits at the host's device. What comes out cannot wait where it arrives, so it
 * is sent through an intermediate device (ifb) of the container's own, and waits there; that device is all
 * that has to be removed, and what is on the host's device goes with it.
 */
#ifndef VZ_BACKEND_RATE_H
#define VZ_BACKEND_RATE_H

#include "backend/network.h"

/* Limit the host's device to what env->conf says, which may be nothing. */
int rate_limit(struct network *nw, const char *device, struct vz_err *err);
/* What that is, in bits per second; 0: nothing. */
uint64_t rate_of(const struct vz_conf *conf);
/* Without the host's device, or about to be. */
void rate_remove(struct network *nw);

#endif
