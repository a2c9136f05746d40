/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files net*.c and nft.c share. Not for other floors. */
#ifndef VZ_HOST_NET_PRIV_H
#define VZ_HOST_NET_PRIV_H

#include "host/net.h"
#include "host/netlink.h"

struct net {
	struct netlink nl;
	struct nl_sock *sock[NET_INSIDE + 1];	/* NULL: not open; owned */
	int inside;				/* the container's network namespace; -1; owned */
};

/* The address as libnl has it; NULL: out of memory. To be put by nl_addr_put(). */
struct nl_addr *net_nl_addr(struct net *n, const struct net_addr *a);

#endif
