/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network devices, addresses, routes and proxied neighbours, in the host's network namespace and in
 * one container's: by netlink, one socket for either, without a process.
 *
 * Functions return 0 or a negative errno and are silent.
 */
#ifndef VZ_HOST_NET_H
#define VZ_HOST_NET_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#define NET_MAC_LEN 6

struct net_addr {
	int family;			/* AF_INET, AF_INET6; AF_UNSPEC: none */
	unsigned int bits;		/* of the prefix: of an address alone all of them */
	unsigned char bytes[16];
};
#define NET_ADDR_TEXT (INET6_ADDRSTRLEN + 4)

/* "198.51.100.1", "2001:db8::1/64". 0 or -EINVAL. */
int net_addr_parse(const char *text, struct net_addr *ret);
unsigned int net_addr_bits(int family);	/* 32 or 128 */
/* The address without its prefix length, in buf. */
const char *net_addr_text(const struct net_addr *a, char buf[NET_ADDR_TEXT]);

enum net_side { NET_HOST, NET_INSIDE };
struct net;

/* Talk about the calling thread's namespace. -ELIBACC, -ELIBBAD: there is no libnl as needed. */
int net_open(struct net **ret);
/* And about another one, too, a process's (pidfd) or by itself: NET_INSIDE. The thread visits it for a moment. */
int net_open_inside(struct net *n, int fd);
/* The namespace NET_INSIDE, to be held beyond net_close(). A descriptor or -errno. */
int net_take_inside(struct net *n);
void net_close(struct net *n);
static inline void net_cleanup(struct net **n) { net_close(*n); }
#define auto_net VZ_CLEANUP(net_cleanup)

/* ---- devices ---- */

struct net_veth {
	const char *name;		/* of the host's end */
	const char *peer;		/* of the end inside */
	unsigned char mac[NET_MAC_LEN], peer_mac[NET_MAC_LEN];
	bool noarp;			/* neither end asks for neighbours: what goes in is for the other end */
};
/* Both ends are down. -EEXIST: one of the names is taken. */
int net_veth_add(struct net *n, const struct net_veth *v);
/* An intermediate device of the host, where what arrived at another can wait; it is down. Its index, or -EEXIST. */
int net_ifb_add(struct net *n, const char *name);
/* > 0, or -ENODEV. */
int net_link_find(struct net *n, enum net_side side, const char *name);
int net_link_up(struct net *n, enum net_side side, int index);
int net_link_del(struct net *n, enum net_side side, int index);
/* Another name, which takes a device that is up down for a moment. */
int net_link_rename(struct net *n, enum net_side side, int index, const char *name);
int net_link_set_mac(struct net *n, enum net_side side, int index, const unsigned char mac[NET_MAC_LEN]);
/* To the other side, with its name, down. -EEXIST: it is taken there, -EINVAL: the device stays where it is. */
int net_link_move(struct net *n, enum net_side from, int index);
/* Connect a device of the host to a bridge; 0: to none. */
int net_link_set_bridge(struct net *n, int index, int bridge);
bool net_link_is_bridge(struct net *n, const char *name);
/* Is there a device of the host whose name begins so, other than this one? 1, 0 or -errno. */
int net_link_any(struct net *n, const char *prefix, int other_than);
/* /proc/sys/net/FAMILY/conf/DEVICE/KEY of the host; family is "ipv4" or "ipv6". -ENOENT: the kernel has no such. */
int net_sysctl(const char *family, const char *device, const char *key, const char *value);
/* The same, read. Caller frees. */
int net_sysctl_get(const char *family, const char *device, const char *key, char **ret);

/* ---- addresses and routes ---- */

/* One that is there already is fine, as is the removal of one that is not. */
int net_addr_add(struct net *n, enum net_side side, int index, const struct net_addr *a);
int net_addr_del(struct net *n, enum net_side side, int index, const struct net_addr *a);

enum net_route_mode { NET_ROUTE_NEW, NET_ROUTE_REPLACE };
/* A route straight to a device; dst may be of 0 bits. src may be NULL. -EEXIST: there is one. */
int net_route_add(struct net *n, enum net_side side, const struct net_addr *dst, int index,
		  const struct net_addr *src, enum net_route_mode mode);
int net_route_del(struct net *n, enum net_side side, const struct net_addr *dst, int index);

/* Send what is for everybody else to a gateway, which is reached by the device, whatever its addresses; or no longer. */
int net_gateway_set(struct net *n, enum net_side side, const struct net_addr *gateway, int index);
int net_gateway_del(struct net *n, enum net_side side, const struct net_addr *gateway, int index);

struct net_way {
	int type;			/* RTN_UNICAST, RTN_LOCAL, … */
	unsigned int bits;		/* how long the prefix of the matching route is */
	int index;			/* of the device; 0: none */
};
/* Where the host would send what is for dst. -ENETUNREACH: nowhere. */
int net_way_to(struct net *n, const struct net_addr *dst, struct net_way *ret);

/* ---- neighbours ---- */

/* A device of the host with others beyond it who may ask for addresses. */
struct net_neighbourhood {
	int index;
	char name[IF_NAMESIZE];
	unsigned char mac[NET_MAC_LEN];
};
/* Those that are up, have a global address, ask for neighbours, and serve no bridge or bond. Caller frees *ret. */
int net_neighbourhoods(struct net *n, struct net_neighbourhood **ret, size_t *ret_n);
/* "00:18:51:AA:BB:CC". 0 or -EINVAL. */
int net_mac_parse(const char *text, unsigned char ret[NET_MAC_LEN]);
/* Answer for an address on a device, or no longer. */
int net_proxy_add(struct net *n, int index, const struct net_addr *a);
int net_proxy_del(struct net *n, int index, const struct net_addr *a);
/* A network that the host is connected to. */
struct net_network {
	int index;			/* of the device */
	struct net_addr address;	/* of the host in it, with the length of the network's prefix */
};
/* One for each global address of the host that is not alone in its network. Caller frees *ret. */
int net_networks(struct net *n, struct net_network **ret, size_t *ret_n);
/* The first global address of a device. -EADDRNOTAVAIL: it has none of that family. */
int net_device_address(struct net *n, int index, int family, struct net_addr *ret);

#endif
