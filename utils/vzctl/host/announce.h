/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who has an address, said to and asked of the neighbours on a device: ARP for IPv4, neighbour discovery
 * for IPv6, as Ethernet frames of our own.
 */
#ifndef VZ_HOST_ANNOUNCE_H
#define VZ_HOST_ANNOUNCE_H

#include "base/proc.h"
#include "host/net.h"

struct announcement {
	struct net_neighbourhood where;
	struct net_addr address;
};

/*
 * Tell everybody that the addresses are to be found at their devices. A process of its own does it, which
 * nobody waits for: to close a packet socket takes the kernel 10 ms and more. 0 or -errno.
 */
int announce_addresses(const struct announcement *list, size_t n);

/*
 * Ask whether anybody has one of the addresses, and wait for an answer. 1 with the number of the address
 * in *ret_index and who it was in ret_mac; 0: nobody answered in time; or -errno.
 */
int announce_probe(const struct net_neighbourhood *d, const struct net_addr *addrs, size_t n, usec_t timeout,
		   size_t *ret_index, unsigned char ret_mac[NET_MAC_LEN]);

#endif
