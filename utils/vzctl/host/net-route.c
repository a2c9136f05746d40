/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Routes, and who answers for whom on the host's networks; see net.h. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "host/net-priv.h"

/* ---- routes ---- */

static void fill_route(struct net *n, struct rtnl_route *route, int family, struct nl_addr *to, struct nl_addr *from)
{
	(void)n->nl.rtnl_route_set_family(route, (uint8_t)family);
	(void)n->nl.rtnl_route_set_dst(route, to);
	n->nl.rtnl_route_set_table(route, RT_TABLE_MAIN);
	n->nl.rtnl_route_set_protocol(route, RTPROT_BOOT);
	if (family == AF_INET)
		n->nl.rtnl_route_set_scope(route, RT_SCOPE_LINK);
	if (from)
		(void)n->nl.rtnl_route_set_pref_src(route, from);
}

/* NULL: out of memory. */
static struct rtnl_route *route_of(struct net *n, const struct net_addr *dst, int index, const struct net_addr *src)
{
	struct rtnl_route *route = n->nl.rtnl_route_alloc();
	struct rtnl_nexthop *hop = route ? n->nl.rtnl_route_nh_alloc() : NULL;
	struct nl_addr *to = net_nl_addr(n, dst);
	struct nl_addr *from = src ? net_nl_addr(n, src) : NULL;
	bool complete = hop && to && (from || !src);

	if (hop) {
		n->nl.rtnl_route_nh_set_ifindex(hop, index);
		n->nl.rtnl_route_add_nexthop(route, hop);	/* whose it is from then on */
	}
	if (complete)
		fill_route(n, route, dst->family, to, from);
	if (to)
		n->nl.nl_addr_put(to);
	if (from)
		n->nl.nl_addr_put(from);
	if (!complete && route)
		n->nl.rtnl_route_put(route);
	return complete ? route : NULL;
}

/* Takes the route; without one there was no memory for it. */
static int add_route(struct net *n, enum net_side side, struct rtnl_route *route, int flags)
{
	struct nl_msg *msg = NULL;
	int r = -ENOMEM;

	if (!route)
		return r;
	if (n->nl.rtnl_route_build_add_request(route, NLM_F_CREATE | flags, &msg) == 0)
		r = netlink_talk(&n->nl, n->sock[side], msg, NULL, NULL);
	n->nl.rtnl_route_put(route);
	return r;
}

/* Likewise. One that is not there is no error. */
static int del_route(struct net *n, enum net_side side, struct rtnl_route *route)
{
	struct nl_msg *msg = NULL;
	int r = -ENOMEM;

	if (!route)
		return r;
	if (n->nl.rtnl_route_build_del_request(route, 0, &msg) == 0)
		r = netlink_talk(&n->nl, n->sock[side], msg, NULL, NULL);
	n->nl.rtnl_route_put(route);
	return r == -ESRCH ? 0 : r;
}

int net_route_add(struct net *n, enum net_side side, const struct net_addr *dst, int index,
		  const struct net_addr *src, enum net_route_mode mode)
{
	return add_route(n, side, route_of(n, dst, index, src), mode == NET_ROUTE_REPLACE ? NLM_F_REPLACE : NLM_F_EXCL);
}

int net_route_del(struct net *n, enum net_side side, const struct net_addr *dst, int index)
{
	return del_route(n, side, route_of(n, dst, index, NULL));
}

/* NULL: out of memory. */
static struct rtnl_route *gateway_route(struct net *n, const struct net_addr *gateway, int index)
{
	struct net_addr everything = { .family = gateway->family };
	struct rtnl_route *route = route_of(n, &everything, index, NULL);
	struct nl_addr *via = route ? net_nl_addr(n, gateway) : NULL;
	struct rtnl_nexthop *hop = via ? n->nl.rtnl_route_nexthop_n(route, 0) : NULL;

	if (!hop) {
		if (via)
			n->nl.nl_addr_put(via);
		if (route)
			n->nl.rtnl_route_put(route);
		return NULL;
	}
	n->nl.rtnl_route_nh_set_gateway(hop, via);
	n->nl.rtnl_route_nh_set_flags(hop, RTNH_F_ONLINK);
	n->nl.rtnl_route_set_scope(route, RT_SCOPE_UNIVERSE);
	n->nl.nl_addr_put(via);
	return route;
}

int net_gateway_set(struct net *n, enum net_side side, const struct net_addr *gateway, int index)
{
	return add_route(n, side, gateway_route(n, gateway, index), NLM_F_REPLACE);
}

int net_gateway_del(struct net *n, enum net_side side, const struct net_addr *gateway, int index)
{
	return del_route(n, side, gateway_route(n, gateway, index));
}

static int note_way(const struct netlink *nl, struct nl_msg *msg, void *data)
{
	const struct rtmsg *rtm = nl->nlmsg_data(nl->nlmsg_hdr(msg));
	struct nlattr *oif = nl->nlmsg_find_attr(nl->nlmsg_hdr(msg), sizeof(*rtm), RTA_OIF);
	struct net_way *way = data;

	way->type = rtm->rtm_type;
	way->bits = rtm->rtm_dst_len;
	if (oif && nl->nla_len(oif) >= (int)sizeof(uint32_t))
		memcpy(&way->index, nl->nla_data(oif), sizeof(uint32_t));
	return 0;
}

int net_way_to(struct net *n, const struct net_addr *dst, struct net_way *ret)
{
	/* The route that matches, and not what it comes to for this one address. */
	struct rtmsg rtm = {
		.rtm_family = (unsigned char)dst->family,
		.rtm_dst_len = (unsigned char)net_addr_bits(dst->family),
		.rtm_flags = RTM_F_FIB_MATCH,
	};
	struct nl_msg *msg = n->nl.nlmsg_alloc_simple(RTM_GETROUTE, 0);
	struct net_way way = { 0 };
	int r = -ENOMEM;

	if (msg && n->nl.nlmsg_append(msg, &rtm, sizeof(rtm), NLMSG_ALIGNTO) == 0 &&
	    n->nl.nla_put(msg, RTA_DST, (int)net_addr_bits(dst->family) / 8, dst->bytes) == 0)
		r = netlink_talk(&n->nl, n->sock[NET_HOST], msg, note_way, &way);
	else if (msg)
		n->nl.nlmsg_free(msg);
	if (r < 0)
		return r == -EHOSTUNREACH ? -ENETUNREACH : r;
	*ret = way;
	return 0;
}

/* ---- addresses of the host's devices ---- */

/* Addresses of all devices of the host, a family, to fn. What a container's device has is none of them. */
static int list_addresses(struct net *n, int family, netlink_answer_fn fn, void *data)
{
	struct ifaddrmsg all = { .ifa_family = (unsigned char)family };
	struct nl_msg *msg = n->nl.nlmsg_alloc_simple(RTM_GETADDR, NLM_F_DUMP);

	if (msg && n->nl.nlmsg_append(msg, &all, sizeof(all), NLMSG_ALIGNTO) == 0)
		return netlink_talk(&n->nl, n->sock[NET_HOST], msg, fn, data);
	if (msg)
		n->nl.nlmsg_free(msg);
	return -ENOMEM;
}

/* A global address, alone, that a message of the list is about. */
static bool read_global(const struct netlink *nl, struct nl_msg *msg, struct net_addr *ret)
{
	const struct ifaddrmsg *ifa = nl->nlmsg_data(nl->nlmsg_hdr(msg));
	struct nlattr *a = nl->nlmsg_find_attr(nl->nlmsg_hdr(msg), sizeof(*ifa), IFA_LOCAL);
	int len = (int)net_addr_bits(ifa->ifa_family) / 8;

	if (!a)
		a = nl->nlmsg_find_attr(nl->nlmsg_hdr(msg), sizeof(*ifa), IFA_ADDRESS);
	if (ifa->ifa_scope != RT_SCOPE_UNIVERSE || !a || nl->nla_len(a) < len)
		return false;
	*ret = (struct net_addr){ .family = ifa->ifa_family, .bits = net_addr_bits(ifa->ifa_family) };
	memcpy(ret->bytes, nl->nla_data(a), (size_t)len);
	return true;
}

struct first_address {
	int index;
	struct net_addr *ret;
};

static int take_first(const struct netlink *nl, struct nl_msg *msg, void *data)
{
	const struct ifaddrmsg *ifa = nl->nlmsg_data(nl->nlmsg_hdr(msg));
	struct first_address *f = data;

	if ((int)ifa->ifa_index == f->index && !f->ret->family)
		(void)read_global(nl, msg, f->ret);
	return 0;
}

int net_device_address(struct net *n, int index, int family, struct net_addr *ret)
{
	struct net_addr found = { 0 };
	struct first_address f = { .index = index, .ret = &found };
	int r = list_addresses(n, family, take_first, &f);

	if (r < 0)
		return r;
	if (!found.family)
		return -EADDRNOTAVAIL;
	*ret = found;
	return 0;
}

struct networks {
	struct net_network *list;
	size_t n;
};

static int note_network(const struct netlink *nl, struct nl_msg *msg, void *data)
{
	const struct ifaddrmsg *ifa = nl->nlmsg_data(nl->nlmsg_hdr(msg));
	struct net_network found = { .index = (int)ifa->ifa_index };
	struct networks *all = data;
	struct net_network *bigger;

	if (!read_global(nl, msg, &found.address) || ifa->ifa_prefixlen == found.address.bits)
		return 0;
	found.address.bits = ifa->ifa_prefixlen;
	bigger = realloc(all->list, (all->n + 1) * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	all->list = bigger;
	all->list[all->n++] = found;
	return 0;
}

int net_networks(struct net *n, struct net_network **ret, size_t *ret_n)
{
	struct networks all = { 0 };
	int r = list_addresses(n, AF_INET, note_network, &all);

	if (r == 0)
		r = list_addresses(n, AF_INET6, note_network, &all);
	if (r < 0) {
		free(all.list);
		return r;
	}
	*ret = all.list;
	*ret_n = all.n;
	return 0;
}

/* ---- neighbours ---- */

struct neighbourhoods {
	struct net_neighbourhood *list;
	size_t n;
};

static int note_device(const struct netlink *nl, struct nl_msg *msg, void *data)
{
	const struct ifaddrmsg *ifa = nl->nlmsg_data(nl->nlmsg_hdr(msg));
	struct neighbourhoods *all = data;
	struct net_neighbourhood *bigger;

	if (ifa->ifa_scope != RT_SCOPE_UNIVERSE)
		return 0;
	for (size_t i = 0; i < all->n; i++)
		if (all->list[i].index == (int)ifa->ifa_index)
			return 0;
	bigger = realloc(all->list, (all->n + 1) * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	all->list = bigger;
	all->list[all->n++] = (struct net_neighbourhood){ .index = (int)ifa->ifa_index };
	return 0;
}

/* Of veth devices of others: whoever is behind them is no neighbour, says OpenVZ. */
static bool is_veth_of_container(const char *name)
{
	return str_has_prefix(name, "veth") && name[4] >= '0' && name[4] <= '9';
}

/* Fill in the device; its index becomes 0 if nobody asks there. */
static int look_at_device(const struct netlink *nl, struct nl_msg *msg, void *data)
{
	const struct ifinfomsg *ifi = nl->nlmsg_data(nl->nlmsg_hdr(msg));
	struct nlattr *name = nl->nlmsg_find_attr(nl->nlmsg_hdr(msg), sizeof(*ifi), IFLA_IFNAME);
	struct nlattr *mac = nl->nlmsg_find_attr(nl->nlmsg_hdr(msg), sizeof(*ifi), IFLA_ADDRESS);
	struct net_neighbourhood *d = data;

	if (!name || !mac || nl->nla_len(mac) != NET_MAC_LEN || ifi->ifi_type != ARPHRD_ETHER ||
	    !(ifi->ifi_flags & IFF_UP) || (ifi->ifi_flags & (IFF_LOOPBACK | IFF_NOARP | IFF_SLAVE)) ||
	    is_veth_of_container(nl->nla_data(name))) {
		d->index = 0;
		return 0;
	}
	(void)strncpy(d->name, nl->nla_data(name), sizeof(d->name) - 1);
	memcpy(d->mac, nl->nla_data(mac), NET_MAC_LEN);
	return 0;
}

/*
 * By way of the addresses, of which a host has few: a list of devices would have one for each container
 * there is.
 */
int net_neighbourhoods(struct net *n, struct net_neighbourhood **ret, size_t *ret_n)
{
	struct neighbourhoods all = { 0 };
	size_t kept = 0;
	int r = list_addresses(n, AF_INET, note_device, &all);

	if (r == 0)
		r = list_addresses(n, AF_INET6, note_device, &all);
	for (size_t i = 0; r == 0 && i < all.n; i++) {
		struct nl_msg *msg = NULL;

		if (n->nl.rtnl_link_build_get_request(all.list[i].index, NULL, &msg) < 0)
			r = -ENOMEM;
		else
			r = netlink_talk(&n->nl, n->sock[NET_HOST], msg, look_at_device, &all.list[i]);
		if (r == 0 && all.list[i].index)
			all.list[kept++] = all.list[i];
		if (r == -ENODEV)
			r = 0;	/* it went away meanwhile */
	}
	if (r < 0) {
		free(all.list);
		return r;
	}
	*ret = all.list;
	*ret_n = kept;
	return 0;
}

static struct rtnl_neigh *proxy_of(struct net *n, int index, const struct net_addr *a)
{
	struct rtnl_neigh *proxy = n->nl.rtnl_neigh_alloc();
	struct net_addr alone = *a;
	struct nl_addr *dst;

	alone.bits = net_addr_bits(a->family);
	dst = proxy ? net_nl_addr(n, &alone) : NULL;
	if (!dst) {
		if (proxy)
			n->nl.rtnl_neigh_put(proxy);
		return NULL;
	}
	n->nl.rtnl_neigh_set_ifindex(proxy, index);
	(void)n->nl.rtnl_neigh_set_dst(proxy, dst);
	n->nl.rtnl_neigh_set_flags(proxy, NTF_PROXY);
	n->nl.nl_addr_put(dst);
	return proxy;
}

int net_proxy_add(struct net *n, int index, const struct net_addr *a)
{
	struct rtnl_neigh *proxy = proxy_of(n, index, a);
	struct nl_msg *msg = NULL;
	int r = -ENOMEM;

	if (!proxy)
		return r;
	if (n->nl.rtnl_neigh_build_add_request(proxy, NLM_F_CREATE | NLM_F_REPLACE, &msg) == 0)
		r = netlink_talk(&n->nl, n->sock[NET_HOST], msg, NULL, NULL);
	n->nl.rtnl_neigh_put(proxy);
	return r;
}

int net_proxy_del(struct net *n, int index, const struct net_addr *a)
{
	struct rtnl_neigh *proxy = proxy_of(n, index, a);
	struct nl_msg *msg = NULL;
	int r = -ENOMEM;

	if (!proxy)
		return r;
	if (n->nl.rtnl_neigh_build_delete_request(proxy, 0, &msg) == 0)
		r = netlink_talk(&n->nl, n->sock[NET_HOST], msg, NULL, NULL);
	n->nl.rtnl_neigh_put(proxy);
	return r == -ENOENT ? 0 : r;
}
