/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections, devices and addresses; see net.h. Routes and neighbours are in net-route.c. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/str.h"
#include "host/net-priv.h"

/* ---- addresses as numbers ---- */

unsigned int net_addr_bits(int family)
{
	return family == AF_INET ? 32 : 128;
}

int net_addr_parse(const char *text, struct net_addr *ret)
{
	const char *slash = strchrnul(text, '/');
	auto_free char *alone = strndup(text, (size_t)(slash - text));
	struct net_addr a = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	uint64_t bits = net_addr_bits(a.family);

	if (!alone || inet_pton(a.family, alone, a.bytes) != 1)
		return -EINVAL;
	if (*slash && parse_u64_range(slash + 1, 0, net_addr_bits(a.family), &bits) < 0)
		return -EINVAL;
	a.bits = (unsigned int)bits;
	*ret = a;
	return 0;
}

const char *net_addr_text(const struct net_addr *a, char buf[NET_ADDR_TEXT])
{
	return inet_ntop(a->family, a->bytes, buf, NET_ADDR_TEXT) ? buf : "?";
}

int net_mac_parse(const char *text, unsigned char ret[NET_MAC_LEN])
{
	unsigned char mac[NET_MAC_LEN];
	int end = 0;

	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5],
		   &end) != NET_MAC_LEN || text[end])
		return -EINVAL;
	memcpy(ret, mac, NET_MAC_LEN);
	return 0;
}

struct nl_addr *net_nl_addr(struct net *n, const struct net_addr *a)
{
	struct nl_addr *addr = n->nl.nl_addr_build(a->family, a->bytes, net_addr_bits(a->family) / 8);

	if (addr)
		n->nl.nl_addr_set_prefixlen(addr, (int)a->bits);
	return addr;
}

/* ---- connections ---- */

int net_open(struct net **ret)
{
	struct net *n = calloc(1, sizeof(*n));
	int r;

	if (!n)
		return -ENOMEM;
	n->inside = -1;
	r = netlink_load(&n->nl);
	if (r == 0)
		r = netlink_open(&n->nl, NETLINK_ROUTE, &n->sock[NET_HOST]);
	if (r < 0) {
		net_close(n);
		return r;
	}
	*ret = n;
	return 0;
}

static int open_own_namespace(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int net_open_inside(struct net *n, int fd)
{
	auto_close int own = open_own_namespace();
	int r;

	if (own < 0)
		return own;
	if (setns(fd, CLONE_NEWNET) < 0)
		return -errno;
	n->inside = open_own_namespace();
	r = n->inside < 0 ? n->inside : netlink_open(&n->nl, NETLINK_ROUTE, &n->sock[NET_INSIDE]);
	/* Whoever cannot get back is lost: all it did from now on would happen inside. */
	if (setns(own, CLONE_NEWNET) < 0)
		abort();
	return r;
}

int net_take_inside(struct net *n)
{
	return n->inside < 0 ? -ENOENT : take_fd(&n->inside);
}

void net_close(struct net *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(n->sock); i++)
		if (n->sock[i])
			n->nl.nl_socket_free(n->sock[i]);
	if (n->inside >= 0)
		(void)close(n->inside);
	netlink_unload(&n->nl);
	free(n);
}

/* ---- devices ---- */

static int set_mac(struct net *n, struct rtnl_link *link, const unsigned char *mac)
{
	struct nl_addr *addr = n->nl.nl_addr_build(AF_LLC, mac, NET_MAC_LEN);

	if (!addr)
		return -ENOMEM;
	n->nl.rtnl_link_set_addr(link, addr);
	n->nl.nl_addr_put(addr);
	return 0;
}

/* One request that makes both ends, each where it is to be and with all it is to have. */
int net_veth_add(struct net *n, const struct net_veth *v)
{
	struct rtnl_link *link = n->nl.rtnl_link_veth_alloc();
	struct rtnl_link *peer = link ? n->nl.rtnl_link_veth_get_peer(link) : NULL;
	struct nl_msg *msg = NULL;
	int r = -ENOMEM;

	if (peer) {
		n->nl.rtnl_link_set_name(link, v->name);
		n->nl.rtnl_link_set_name(peer, v->peer);
		n->nl.rtnl_link_set_ns_fd(peer, n->inside);
		if (v->noarp) {
			n->nl.rtnl_link_set_flags(link, IFF_NOARP);
			n->nl.rtnl_link_set_flags(peer, IFF_NOARP);
		}
		r = set_mac(n, link, v->mac);
		if (r == 0)
			r = set_mac(n, peer, v->peer_mac);
	}
	if (r == 0 && n->nl.rtnl_link_build_add_request(link, NLM_F_CREATE | NLM_F_EXCL, &msg) < 0)
		r = -ENOMEM;
	if (r == 0)
		r = netlink_talk(&n->nl, n->sock[NET_HOST], msg, NULL, NULL);
	if (peer)
		n->nl.rtnl_link_put(peer);
	if (link)
		n->nl.rtnl_link_put(link);
	return r;
}

static int note_index(const struct netlink *nl, struct nl_msg *msg, void *data)
{
	const struct ifinfomsg *ifi = nl->nlmsg_data(nl->nlmsg_hdr(msg));
	int *index = data;

	*index = ifi->ifi_index;
	return 0;
}

int net_link_find(struct net *n, enum net_side side, const char *name)
{
	struct nl_msg *msg = NULL;
	int index = 0, r;

	if (n->nl.rtnl_link_build_get_request(0, name, &msg) < 0)
		return -ENOMEM;
	r = netlink_talk(&n->nl, n->sock[side], msg, note_index, &index);
	return r < 0 ? r : index ? index : -ENODEV;
}

int net_ifb_add(struct net *n, const char *name)
{
	struct rtnl_link *link = n->nl.rtnl_link_alloc();
	struct nl_msg *msg = NULL;
	int r = -ENOMEM;

	if (!link)
		return r;
	n->nl.rtnl_link_set_name(link, name);
	if (n->nl.rtnl_link_set_type(link, "ifb") == 0 &&
	    n->nl.rtnl_link_build_add_request(link, NLM_F_CREATE | NLM_F_EXCL, &msg) == 0)
		r = netlink_talk(&n->nl, n->sock[NET_HOST], msg, NULL, NULL);
	n->nl.rtnl_link_put(link);
	return r < 0 ? r : net_link_find(n, NET_HOST, name);
}

static struct rtnl_link *link_of(struct net *n, int index)
{
	struct rtnl_link *link = n->nl.rtnl_link_alloc();

	if (link)
		n->nl.rtnl_link_set_ifindex(link, index);
	return link;
}

/* Give the device what is set in changes, which is put. */
static int change_link(struct net *n, enum net_side side, int index, struct rtnl_link *changes)
{
	struct rtnl_link *link = link_of(n, index);
	struct nl_msg *msg = NULL;
	int r = -ENOMEM;

	if (link && changes && n->nl.rtnl_link_build_change_request(link, changes, 0, &msg) == 0)
		r = netlink_talk(&n->nl, n->sock[side], msg, NULL, NULL);
	if (changes)
		n->nl.rtnl_link_put(changes);
	if (link)
		n->nl.rtnl_link_put(link);
	return r;
}

int net_link_up(struct net *n, enum net_side side, int index)
{
	struct rtnl_link *changes = n->nl.rtnl_link_alloc();

	if (changes)
		n->nl.rtnl_link_set_flags(changes, IFF_UP);
	return change_link(n, side, index, changes);
}

static int switch_off(struct net *n, enum net_side side, int index)
{
	struct rtnl_link *changes = n->nl.rtnl_link_alloc();

	if (changes)
		n->nl.rtnl_link_unset_flags(changes, IFF_UP);
	return change_link(n, side, index, changes);
}

int net_link_rename(struct net *n, enum net_side side, int index, const char *name)
{
	struct rtnl_link *changes = n->nl.rtnl_link_alloc();
	int r = switch_off(n, side, index);

	if (changes)
		n->nl.rtnl_link_set_name(changes, name);
	if (r < 0 && changes)
		n->nl.rtnl_link_put(changes);
	return r < 0 ? r : change_link(n, side, index, changes);
}

int net_link_set_mac(struct net *n, enum net_side side, int index, const unsigned char mac[NET_MAC_LEN])
{
	struct rtnl_link *changes = n->nl.rtnl_link_alloc();

	if (changes && set_mac(n, changes, mac) < 0) {
		n->nl.rtnl_link_put(changes);
		return -ENOMEM;
	}
	return change_link(n, side, index, changes);
}

int net_link_move(struct net *n, enum net_side from, int index)
{
	auto_close int own = from == NET_INSIDE ? open_own_namespace() : -1;
	struct rtnl_link *changes = n->nl.rtnl_link_alloc();

	if (changes)
		n->nl.rtnl_link_set_ns_fd(changes, from == NET_INSIDE ? own : n->inside);
	return change_link(n, from, index, changes);
}

int net_link_set_bridge(struct net *n, int index, int bridge)
{
	struct rtnl_link *changes = n->nl.rtnl_link_alloc();

	if (changes)
		n->nl.rtnl_link_set_master(changes, bridge);
	return change_link(n, NET_HOST, index, changes);
}

static int match_bridge(const struct netlink *nl, struct nl_msg *msg, void *data)
{
	struct nlattr *info = nl->nlmsg_find_attr(nl->nlmsg_hdr(msg), sizeof(struct ifinfomsg), IFLA_LINKINFO);
	struct nlattr *kind = info ? nl->nla_find(nl->nla_data(info), nl->nla_len(info), IFLA_INFO_KIND) : NULL;
	bool *is_bridge = data;

	*is_bridge = kind && strncmp(nl->nla_data(kind), "bridge", (size_t)nl->nla_len(kind)) == 0;
	return 0;
}

bool net_link_is_bridge(struct net *n, const char *name)
{
	struct nl_msg *msg = NULL;
	bool is_bridge = false;

	if (n->nl.rtnl_link_build_get_request(0, name, &msg) < 0)
		return false;
	return netlink_talk(&n->nl, n->sock[NET_HOST], msg, match_bridge, &is_bridge) == 0 && is_bridge;
}

int net_link_del(struct net *n, enum net_side side, int index)
{
	struct rtnl_link *link = link_of(n, index);
	struct nl_msg *msg = NULL;
	int r = -ENOMEM;

	if (link && n->nl.rtnl_link_build_delete_request(link, &msg) == 0)
		r = netlink_talk(&n->nl, n->sock[side], msg, NULL, NULL);
	if (link)
		n->nl.rtnl_link_put(link);
	return r;
}

struct name_search {
	const char *prefix;
	int other_than;
};

static int match_name(const struct netlink *nl, struct nl_msg *msg, void *data)
{
	const struct name_search *s = data;
	const struct ifinfomsg *ifi = nl->nlmsg_data(nl->nlmsg_hdr(msg));
	struct nlattr *name = nl->nlmsg_find_attr(nl->nlmsg_hdr(msg), sizeof(*ifi), IFLA_IFNAME);

	return name && ifi->ifi_index != s->other_than && str_has_prefix(nl->nla_data(name), s->prefix);
}

int net_link_any(struct net *n, const char *prefix, int other_than)
{
	struct name_search s = { .prefix = prefix, .other_than = other_than };
	struct ifinfomsg all = { .ifi_family = AF_UNSPEC };
	struct nl_msg *msg = n->nl.nlmsg_alloc_simple(RTM_GETLINK, NLM_F_DUMP);
	struct nl_sock *sk = NULL;
	int r;

	if (!msg || n->nl.nlmsg_append(msg, &all, sizeof(all), NLMSG_ALIGNTO) < 0) {
		if (msg)
			n->nl.nlmsg_free(msg);
		return -ENOMEM;
	}
	/* A socket of its own: of a thousand devices the first one that fits ends the reading. */
	r = netlink_open(&n->nl, NETLINK_ROUTE, &sk);
	if (r < 0) {
		n->nl.nlmsg_free(msg);
		return r;
	}
	r = netlink_talk(&n->nl, sk, msg, match_name, &s);
	n->nl.nl_socket_free(sk);
	return r;
}

/* ---- sysctls of a device ---- */

static char *sysctl_path(const char *family, const char *device, const char *key)
{
	return str_printf("/proc/sys/net/%s/conf/%s/%s", family, device, key);
}

int net_sysctl(const char *family, const char *device, const char *key, const char *value)
{
	auto_free char *path = sysctl_path(family, device, key);

	return path ? file_write(AT_FDCWD, path, value) : -ENOMEM;
}

int net_sysctl_get(const char *family, const char *device, const char *key, char **ret)
{
	auto_free char *path = sysctl_path(family, device, key);

	return path ? file_read_line(AT_FDCWD, path, ret) : -ENOMEM;
}

/* ---- addresses of a device ---- */

static struct rtnl_addr *addr_of(struct net *n, int index, const struct net_addr *a)
{
	struct rtnl_addr *addr = n->nl.rtnl_addr_alloc();
	struct nl_addr *local = addr ? net_nl_addr(n, a) : NULL;

	if (!local) {
		if (addr)
			n->nl.rtnl_addr_put(addr);
		return NULL;
	}
	n->nl.rtnl_addr_set_ifindex(addr, index);
	(void)n->nl.rtnl_addr_set_local(addr, local);
	n->nl.nl_addr_put(local);
	return addr;
}

int net_addr_add(struct net *n, enum net_side side, int index, const struct net_addr *a)
{
	struct rtnl_addr *addr = addr_of(n, index, a);
	struct nl_msg *msg = NULL;
	int r = -ENOMEM;

	if (!addr)
		return r;
	/* Nobody else could have it: usable at once. */
	if (a->family == AF_INET6)
		n->nl.rtnl_addr_set_flags(addr, IFA_F_NODAD);
	if (n->nl.rtnl_addr_build_add_request(addr, NLM_F_CREATE | NLM_F_EXCL, &msg) == 0)
		r = netlink_talk(&n->nl, n->sock[side], msg, NULL, NULL);
	n->nl.rtnl_addr_put(addr);
	return r == -EEXIST ? 0 : r;
}

int net_addr_del(struct net *n, enum net_side side, int index, const struct net_addr *a)
{
	struct rtnl_addr *addr = addr_of(n, index, a);
	struct nl_msg *msg = NULL;
	int r = -ENOMEM;

	if (!addr)
		return r;
	if (n->nl.rtnl_addr_build_delete_request(addr, 0, &msg) == 0)
		r = netlink_talk(&n->nl, n->sock[side], msg, NULL, NULL);
	n->nl.rtnl_addr_put(addr);
	return r == -EADDRNOTAVAIL ? 0 : r;
}
