/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Containers behind the host's own addresses: what they send from addresses that nobody outside knows is
 * masqueraded. One chain for all of them, in the table they share: it knows them by the names of the
 * host's devices and by the ranges their addresses are from. It is made when the first container comes
 * that needs it, and goes with the table.
 *
 * It comes behind all others that translate sources: what one of those has translated stays as it is.
 */
#ifndef VZ_BACKEND_NAT_H
#define VZ_BACKEND_NAT_H

#include <stddef.h>

#include "backend/network.h"

/* A container whose network is being set up; all of it is borrowed. */
struct nat {
	struct network *nw;
	const char *prefix;		/* of the names of the host's devices to containers */
	const struct net_addr *addresses;
	size_t n;
};

/* As NAT in vz.conf says. A failure is a warning: it keeps nobody from starting. */
void nat_masquerade(const struct nat *t);

#endif
