/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ports of the host that lead elsewhere: maps of nftables in a table of family inet, so that a thousand of
 * them are as quick as one.
 */
#ifndef VZ_HOST_NFT_PORT_H
#define VZ_HOST_NFT_PORT_H

#include "base/str.h"
#include "host/net.h"

struct nft_port {
	struct net_addr on;	/* of the host; AF_UNSPEC: all it has */
	int protocol;		/* IPPROTO_TCP, IPPROTO_UDP */
	unsigned int port;
	struct net_addr to;
	unsigned int to_port;
};

/* Those that a table holds. Caller frees *ret. 0, also if it has no such maps, or -errno. */
int nft_ports(struct net *n, const char *table, struct nft_port **ret, size_t *ret_n);

/*
 * Commands for nft_run(): the maps and the chains that look into them, for what comes in and for what the
 * host sends to itself; and what is added or deleted. Devices whose names begin with prefix lead to those
 * who have the ports: what comes from there and goes there comes from the host for whoever gets it, so
 * that answers find their way back through it.
 */
void nft_ports_init(struct vz_str *out, const char *table, const char *prefix);
void nft_ports_add(struct vz_str *out, const char *table, const struct nft_port *p);
void nft_ports_delete(struct vz_str *out, const char *table, const struct nft_port *p);
/* A chain that is there exactly if all of that is. */
#define NFT_PORTS_CHAIN "ports_in"

#endif
