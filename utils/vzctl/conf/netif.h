/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A virtual Ethernet device, one word of NETIF: "ifname=eth0,bridge=br0,mac=…,host_ifname=…". The type of
 * the whole parameter is in type-net.c.
 */
#ifndef VZ_CONF_NETIF_H
#define VZ_CONF_NETIF_H

enum netif_key {
	NETIF_IFNAME, NETIF_BRIDGE, NETIF_MAC, NETIF_HOST_IFNAME, NETIF_HOST_MAC, NETIF_MAC_FILTER,
	NETIF_GW, NETIF_GW6,	/* "none": likewise none */
	NETIF__MAX
};

struct netif {
	char *part[NETIF__MAX];	/* owned; NULL: not given */
	char **further;		/* owned; addresses, ip=ADDR[/BITS], and key=value of other versions */
};

/* A word as on the command line (by position) or in a file (by name). 0, -EINVAL or -ENOMEM. */
int netif_parse(const char *word, struct netif *ret);
/* As in a file; NULL: out of memory. Caller frees. */
char *netif_text(const struct netif *n);
void netif_done(struct netif *n);

#endif
