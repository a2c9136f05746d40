/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtual Ethernet devices; see veth.h. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>

#include "backend/network.h"
#include "backend/rate.h"
#include "backend/veth.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/strv.h"
#include "conf/netif.h"
#include "host/nft.h"

#define MAC_DIGITS (2 * NET_MAC_LEN + 1)

/* So that slow rates have room for two of the largest packets; the kernel adds what goes in a second. */
#define BURST 131072

/* One change of one container's devices. */
struct veths {
	struct network nw;
	struct netif *want, *up;	/* owned */
	size_t n_want, n_up;
	int *index;			/* of the host's devices of want, as they were found; 0: none; owned */
	size_t n_done;			/* so many of want have been made or changed */
};

static const char *part(const struct netif *n, enum netif_key key)
{
	return n->part[key] ? n->part[key] : "";
}

static bool is_filtered(const struct netif *n)
{
	return !str_equal(n->part[NETIF_MAC_FILTER], "off");
}

/* One of its further parts, if that is an address of its own: "ip=198.51.100.1/24". 0 or -EINVAL. */
static int parse_ip(const char *further, struct net_addr *ret)
{
	return str_has_prefix(further, "ip=") ? net_addr_parse(further + strlen("ip="), ret) : -EINVAL;
}

/* ---- beginning and end ---- */

static int parse_list(struct vz_env *env, char *const *words, struct netif **ret, size_t *ret_n, struct vz_err *err)
{
	size_t n = strv_len(words);

	*ret = calloc(n + 1, sizeof(**ret));
	if (!*ret)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "devices of container %u", env->id);
	for (size_t i = 0; i < n; i++, (*ret_n)++)
		if (netif_parse(words[i], &(*ret)[i]) < 0)
			return vz_fail(err, VZ_E_VETH, 0, "bad veth device '%s'", words[i]);
	return 0;
}

static int veths_begin(struct veths *v, struct vz_env *env, struct vz_err *err)
{
	*v = (struct veths){ .nw.lock = -1 };
	if (parse_list(env, env->netifs, &v->want, &v->n_want, err) < 0 ||
	    parse_list(env, env->netifs_up, &v->up, &v->n_up, err) < 0)
		return -1;
	v->index = calloc(v->n_want + 1, sizeof(*v->index));
	if (!v->index)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "devices of container %u", env->id);
	return network_begin(&v->nw, env, err);
}

static void veths_end(struct veths *v)
{
	network_end(&v->nw);
	for (size_t i = 0; i < v->n_want; i++)
		netif_done(&v->want[i]);
	for (size_t i = 0; i < v->n_up; i++)
		netif_done(&v->up[i]);
	free(v->want);
	free(v->up);
	free(v->index);
}

/* ---- the filter ---- */

/* Names become words of nft's language. */
static bool is_plain(const char *name)
{
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("._-", *name))
			return false;
	return true;
}

/* No such chain. It is made in order to go: when its device goes some kernels take it along, others do not. */
static void drop_chain(struct vz_str *text, const char *table, const char *which, const char *dev)
{
	str_addf(text, "add chain netdev %s %s-%s; flush chain netdev %s %s-%s; delete chain netdev %s %s-%s; ",
		 table, which, dev, table, which, dev, table, which, dev);
}

/* A chain at a hook of the device, empty: a new one, as the one of an earlier device may be at no hook any more. */
static void add_chain(struct vz_str *text, const char *table, const char *which, const char *dev, const char *hook)
{
	drop_chain(text, table, which, dev);
	str_addf(text, "add chain netdev %s %s-%s { type filter hook %s device \"%s\" priority filter; policy accept; }; ",
		 table, which, dev, hook, dev);
}

/* The addresses of one family that the device was given, in nft's words: "{ a, b }". False: none. */
static bool list_addresses(const struct netif *n, int family, struct vz_str *text)
{
	size_t count = 0;

	for (char **s = n->further; s && *s; s++) {
		char buf[NET_ADDR_TEXT];
		struct net_addr a;

		if (parse_ip(*s, &a) < 0 || a.family != family)
			continue;
		str_addf(text, "%s %s", count++ ? "," : "{", net_addr_text(&a, buf));
	}
	if (count)
		str_add(text, " }");
	return count;
}

/* The same of IPv6, as the 16 bytes they are, for nft has no word for where they stand in a message. */
static void list_targets(const struct netif *n, const unsigned char *link_local, struct vz_str *text)
{
	str_add(text, "{ 0x");
	for (int i = 0; i < 16; i++)
		str_addf(text, "%02x", link_local[i]);
	for (char **s = n->further; s && *s; s++) {
		struct net_addr a;

		if (parse_ip(*s, &a) < 0 || a.family != AF_INET6)
			continue;
		str_add(text, ", 0x");
		for (int i = 0; i < 16; i++)
			str_addf(text, "%02x", a.bytes[i]);
	}
	str_add(text, " }");
}

/* The MAC without colons, as nft writes numbers. */
static void mac_digits(const struct netif *n, char ret[MAC_DIGITS])
{
	unsigned char mac[NET_MAC_LEN] = { 0 };

	(void)net_mac_parse(part(n, NETIF_MAC), mac);
	for (int i = 0; i < NET_MAC_LEN; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", mac[i]);
}

/* What the kernel gives a device by itself: fe80:: and its MAC, spread. */
static struct net_addr link_local_of(const struct netif *n)
{
	struct net_addr a = { .family = AF_INET6, .bits = 128, .bytes = { 0xfe, 0x80, [11] = 0xff, [12] = 0xfe } };
	unsigned char mac[NET_MAC_LEN] = { 0 };

	(void)net_mac_parse(part(n, NETIF_MAC), mac);
	memcpy(a.bytes + 8, mac, 3);
	memcpy(a.bytes + 13, mac + 3, 3);
	a.bytes[8] ^= 2;
	return a;
}

/*
 * With addresses, the device is kept to them, too: what it sends is from them, in ARP and neighbour
 * discovery it speaks of them, and it speaks nothing but IP. It is no router for its neighbours.
 */
static void add_address_rules(struct veths *v, const struct netif *n, struct vz_str *text)
{
	auto_free char *rule = str_printf("add rule netdev %s in-%s", v->nw.table, part(n, NETIF_HOST_IFNAME));
	struct net_addr local = link_local_of(n);
	auto_str struct vz_str four = { 0 };
	auto_str struct vz_str six = { 0 };
	auto_str struct vz_str targets = { 0 };
	char buf[NET_ADDR_TEXT];

	if (!rule)
		text->failed = true;
	if (!rule || (!list_addresses(n, AF_INET, &four) & !list_addresses(n, AF_INET6, &six)))
		return;
	list_targets(n, local.bytes, &targets);
	str_addf(text, "%s ether type != { arp, ip, ip6 } drop; ", rule);
	if (four.len)
		str_addf(text, "%s arp saddr ip 0.0.0.0 arp daddr ip != %s drop; %s arp saddr ip != 0.0.0.0 arp saddr ip != %s drop; "
			 "%s ip saddr != %s drop; ", rule, four.s, rule, four.s, rule, four.s);
	else
		str_addf(text, "%s ether type { arp, ip } drop; ", rule);
	str_addf(text, "%s icmpv6 type { nd-router-advert, nd-redirect } drop; ", rule);
	str_addf(text, "%s icmpv6 type nd-neighbor-advert @th,64,128 != %s drop; ", rule, targets.s);
	/* To ask whether an address is free may keep its owner from having it. */
	str_addf(text, "%s ip6 saddr :: icmpv6 type nd-neighbor-solicit @th,64,128 != %s drop; ", rule, targets.s);
	str_addf(text, "%s ip6 saddr { ::, %s } accept; ", rule, net_addr_text(&local, buf));
	str_addf(text, six.len ? "%s ip6 saddr != %s drop; " : "%s ether type ip6 drop; ", rule, six.s);
}

/*
 * Nearly everything is IP from where it may be, and not for bridges: let that pass before all else is looked
 * at, which takes as long as a twentieth of a round trip. Bytes 6 to 13 of a frame are its sender and its
 * type; words of nft's for them would ask each time whether the device is an Ethernet. What has addresses
 * to keep to passes only with one of them, and not if it could be neighbour discovery.
 */
static void add_shortcuts(struct veths *v, const struct netif *n, struct vz_str *text)
{
	auto_free char *rule = str_printf("add rule netdev %s in-%s @ll,0,40 != 0x0180c20000 @ll,48,64", v->nw.table,
					  part(n, NETIF_HOST_IFNAME));
	auto_str struct vz_str four = { 0 };
	auto_str struct vz_str six = { 0 };
	char mac[MAC_DIGITS];
	bool has_four, has_six;

	if (!rule) {
		text->failed = true;
		return;
	}
	mac_digits(n, mac);
	has_four = list_addresses(n, AF_INET, &four);
	has_six = list_addresses(n, AF_INET6, &six);
	if (!has_four && !has_six)
		str_addf(text, "%s { 0x%s0800, 0x%s86dd } accept; ", rule, mac, mac);
	if (has_four)
		str_addf(text, "%s 0x%s0800 ip saddr %s accept; ", rule, mac, four.s);
	if (has_six)
		str_addf(text, "%s 0x%s86dd ip6 nexthdr { tcp, udp } ip6 saddr %s accept; ", rule, mac, six.s);
}

static int add_filter(struct veths *v, const struct netif *n, struct vz_err *err)
{
	const char *table = v->nw.table, *dev = part(n, NETIF_HOST_IFNAME), *mac = part(n, NETIF_MAC);
	auto_str struct vz_str text = { 0 };
	char digits[MAC_DIGITS];
	int r;

	if (!is_plain(dev))
		return vz_fail(err, VZ_E_VETH, 0,
			       "device '%s' cannot be filtered: its name may only have letters, digits, '.', '_' and '-' (or use mac_filter=off)",
			       dev);
	str_addf(&text, "add table netdev %s; ", table);
	mac_digits(n, digits);
	add_chain(&text, table, "in", dev, "ingress");
	add_shortcuts(v, n, &text);
	str_addf(&text, "add rule netdev %s in-%s ether saddr != %s drop; ", table, dev, mac);
	str_addf(&text, "add rule netdev %s in-%s arp saddr ether != %s drop; ", table, dev, mac);
	/* What bridges say to each other is none of a container's business. */
	str_addf(&text, "add rule netdev %s in-%s ether daddr & ff:ff:ff:ff:ff:f0 == 01:80:c2:00:00:00 drop; ", table, dev);
	add_address_rules(v, n, &text);
	add_chain(&text, table, "out", dev, "egress");
	str_addf(&text, "add rule netdev %s out-%s @ll,0,48 0x%s accept; "
		 "add rule netdev %s out-%s ether daddr & 01:00:00:00:00:00 == 00:00:00:00:00:00 drop",
		 table, dev, digits, table, dev);
	r = text.failed ? -ENOMEM : nft_run(text.s);
	if (r == -ENOENT)
		return vz_fail(err, VZ_E_VETH, 0,
			       "the program nft is needed to keep container %u to the MAC address of '%s' (install nftables, or use mac_filter=off)",
			       v->nw.env->id, part(n, NETIF_IFNAME));
	return r < 0 ? vz_fail(err, VZ_E_VETH, r == -EIO ? 0 : r, "nft could not make the filter of device '%s'", dev) : 0;
}

/* ---- the limit of what goes through ---- */

static bool has_limit(const struct network *nw, const struct netif *n)
{
	auto_free char *chain = str_printf("slow-in-%s", part(n, NETIF_HOST_IFNAME));

	return chain && nft_has_chain(nw->net, NFPROTO_NETDEV, nw->table, chain) > 0;
}

static void drop_limit(struct vz_str *text, const char *table, const char *dev)
{
	drop_chain(text, table, "slow-in", dev);
	drop_chain(text, table, "slow-out", dev);
}

static int run_limit(const char *dev, const struct vz_str *text, struct vz_err *err)
{
	int r = text->failed ? -ENOMEM : nft_run(text->s);

	if (r == -ENOENT)
		return vz_fail(err, VZ_E_VETH, 0, "the program nft is needed for --rate of device '%s' (install nftables)", dev);
	return r < 0 ? vz_fail(err, VZ_E_VETH, r == -EIO ? 0 : r, "nft could not limit device '%s'", dev) : 0;
}

static int add_limit(struct veths *v, const struct netif *n, uint64_t bits, struct vz_err *err)
{
	static const struct { const char *which, *hook; } chains[] = { { "slow-in", "ingress" }, { "slow-out", "egress" } };
	const char *table = v->nw.table, *dev = part(n, NETIF_HOST_IFNAME);
	auto_str struct vz_str text = { 0 };

	if (!is_plain(dev))
		return vz_fail(err, VZ_E_VETH, 0,
			       "device '%s' cannot be limited: its name may only have letters, digits, '.', '_' and '-'", dev);
	str_addf(&text, "add table netdev %s; ", table);
	for (size_t i = 0; i < ARRAY_SIZE(chains); i++) {
		add_chain(&text, table, chains[i].which, dev, chains[i].hook);
		str_addf(&text, "add rule netdev %s %s-%s limit rate over %" PRIu64 " bytes/second burst %d bytes drop; ",
			 table, chains[i].which, dev, bits / 8, BURST);
	}
	return run_limit(dev, &text, err);
}

static int lift_limit(struct veths *v, const struct netif *n, struct vz_err *err)
{
	const char *dev = part(n, NETIF_HOST_IFNAME);
	auto_str struct vz_str text = { 0 };

	if (!is_plain(dev) || !has_limit(&v->nw, n))
		return 0;
	drop_limit(&text, v->nw.table, dev);
	return run_limit(dev, &text, err);
}

static void remove_chains(struct veths *v, const struct netif *n)
{
	const char *table = v->nw.table, *dev = part(n, NETIF_HOST_IFNAME);
	auto_str struct vz_str text = { 0 };
	int r;

	if (!is_plain(dev) || nft_has_table(v->nw.net, NFPROTO_NETDEV, table) <= 0)
		return;
	if (is_filtered(n)) {
		drop_chain(&text, table, "in", dev);
		drop_chain(&text, table, "out", dev);
	}
	if (has_limit(&v->nw, n))
		drop_limit(&text, table, dev);
	if (!text.len && !text.failed)
		return;
	r = text.failed ? -ENOMEM : nft_run(text.s);
	if (r < 0)
		network_warn(&v->nw, r, "cannot remove the filter of device", dev);
}

static void remove_empty_table(struct veths *v)
{
	auto_free char *command = str_printf("delete table netdev %s", v->nw.table);
	int r;

	if (!command || nft_has_table(v->nw.net, NFPROTO_NETDEV, v->nw.table) <= 0 ||
	    nft_table_is_empty(v->nw.net, NFPROTO_NETDEV, v->nw.table) <= 0)
		return;
	r = nft_run(command);
	if (r < 0)
		network_warn(&v->nw, r, "cannot remove the nftables table", v->nw.table);
}

/* Has it the filter it is to have? 1, 0 or -errno. */
static int has_filter(const struct network *nw, const struct netif *n)
{
	auto_free char *chain = str_printf("in-%s", part(n, NETIF_HOST_IFNAME));

	if (!is_filtered(n))
		return 1;
	return chain ? nft_has_chain(nw->net, NFPROTO_NETDEV, nw->table, chain) : -ENOMEM;
}

int veth_is_filtered(const struct network *nw)
{
	int r = 1;

	for (char *const *word = nw->env->netifs_up; r > 0 && word && *word; word++) {
		struct netif n;

		r = netif_parse(*word, &n);
		if (r < 0)
			break;
		r = has_filter(nw, &n);
		netif_done(&n);
	}
	return r;
}

/* ---- one device ---- */

/* Its bridge must be there before anything is done. */
static int find_bridge(struct veths *v, const struct netif *n, int *ret, struct vz_err *err)
{
	const char *name = n->part[NETIF_BRIDGE];

	*ret = name ? net_link_find(v->nw.net, NET_HOST, name) : 0;
	if (*ret == -ENODEV)
		return vz_fail(err, VZ_E_VETH, 0, "bridge '%s' of device '%s' does not exist (ip link add %s type bridge)",
			       name, part(n, NETIF_IFNAME), name);
	if (*ret < 0)
		return vz_fail(err, VZ_E_VETH, *ret, "look for bridge '%s'", name);
	if (name && !net_link_is_bridge(v->nw.net, name))
		return vz_fail(err, VZ_E_VETH, 0, "'%s', where device '%s' is to be, is no bridge", name, part(n, NETIF_IFNAME));
	return 0;
}

static void remove_device(struct veths *v, const struct netif *n)
{
	const char *name = part(n, NETIF_HOST_IFNAME);
	int index = net_link_find(v->nw.net, NET_HOST, name);
	int r = index > 0 ? net_link_del(v->nw.net, NET_HOST, index) : 0;

	if (r < 0 && r != -ENODEV)
		network_warn(&v->nw, r, "cannot remove device", name);
	remove_chains(v, n);
}

/* All that watches over the device; what is there already is made anew. */
static int make_chains(struct veths *v, const struct netif *n, struct vz_err *err)
{
	uint64_t bits = rate_of(v->nw.env->conf);

	if (is_filtered(n) && add_filter(v, n, err) < 0)
		return -1;
	return bits ? add_limit(v, n, bits, err) : 0;
}

/* The host's end goes to work: filtered, on its bridge, without addresses of its own there, up. */
static int set_up(struct veths *v, const struct netif *n, int index, struct vz_err *err)
{
	const char *name = part(n, NETIF_HOST_IFNAME);
	int bridge, r;

	if (find_bridge(v, n, &bridge, err) < 0)
		return -1;
	if (make_chains(v, n, err) < 0)
		return -1;
	(void)net_sysctl("ipv6", name, "disable_ipv6", bridge ? "1" : "0");
	r = net_link_set_bridge(v->nw.net, index, bridge);
	if (r == -EXFULL)
		return vz_fail(err, VZ_E_VETH, 0, "bridge '%s' has no room for device '%s': a bridge has 1023 ports", part(n, NETIF_BRIDGE), name);
	if (r < 0)
		return vz_fail(err, VZ_E_VETH, r, "connect device '%s' to bridge '%s'", name, part(n, NETIF_BRIDGE));
	r = net_link_up(v->nw.net, NET_HOST, index);
	return r < 0 ? vz_fail(err, VZ_E_VETH, r, "switch on device '%s'", name) : 0;
}

/* Where what is for others goes, if by this device; at "none" it goes where venet, or its own root, says. */
static int set_gateway(struct veths *v, const struct netif *from, const struct netif *to, enum netif_key key, int index,
		       struct vz_err *err)
{
	const char *was = from ? part(from, key) : "", *is = part(to, key);
	struct net_addr gateway;
	int r;

	if (*was && !str_equal(was, is) && net_addr_parse(was, &gateway) == 0)
		(void)net_gateway_del(v->nw.net, NET_INSIDE, &gateway, index);
	if (net_addr_parse(is, &gateway) < 0)
		return 0;
	r = net_link_up(v->nw.net, NET_INSIDE, index);
	if (r == 0)
		r = net_gateway_set(v->nw.net, NET_INSIDE, &gateway, index);
	return r < 0 ? vz_fail(err, VZ_E_VETH, r, "give '%s' of container %u the gateway %s", part(to, NETIF_IFNAME), v->nw.env->id, is) : 0;
}

/* Its addresses inside, those it had before in from (NULL: none). */
static int configure_inside(struct veths *v, const struct netif *from, const struct netif *to, int index, struct vz_err *err)
{
	struct net_addr a;
	int r = 0;

	for (char **s = from ? from->further : NULL; s && *s; s++)
		if (parse_ip(*s, &a) == 0 && strv_find(to->further, *s) < 0)
			(void)net_addr_del(v->nw.net, NET_INSIDE, index, &a);
	for (char **s = to->further; r == 0 && s && *s; s++) {
		if (parse_ip(*s, &a) < 0)
			continue;
		r = net_link_up(v->nw.net, NET_INSIDE, index);
		if (r == 0)
			r = net_addr_add(v->nw.net, NET_INSIDE, index, &a);
		if (r < 0)
			return vz_fail(err, VZ_E_VETH, r, "give '%s' of container %u the address %s", part(to, NETIF_IFNAME),
				       v->nw.env->id, *s + strlen("ip="));
	}
	if (set_gateway(v, from, to, NETIF_GW, index, err) < 0)
		return -1;
	return set_gateway(v, from, to, NETIF_GW6, index, err);
}

static int find_inside(struct veths *v, const struct netif *n, struct vz_err *err)
{
	int index = net_link_find(v->nw.net, NET_INSIDE, part(n, NETIF_IFNAME));

	if (index < 0)
		return vz_fail(err, VZ_E_VETH, index, "container %u has no device '%s' any more", v->nw.env->id, part(n, NETIF_IFNAME));
	return index;
}

static int make_device(struct veths *v, const struct netif *n, struct vz_err *err)
{
	struct net_veth pair = { .name = part(n, NETIF_HOST_IFNAME), .peer = part(n, NETIF_IFNAME) };
	int bridge, r;

	if (net_mac_parse(part(n, NETIF_HOST_MAC), pair.mac) < 0 || net_mac_parse(part(n, NETIF_MAC), pair.peer_mac) < 0)
		return vz_fail(err, VZ_E_VETH, 0, "bad MAC address of device '%s'", pair.peer);
	if (find_bridge(v, n, &bridge, err) < 0)
		return -1;
	r = net_veth_add(v->nw.net, &pair);
	if (r == -EEXIST)
		return vz_fail(err, VZ_E_VETH, 0, "there is a device '%s' on the host already, or '%s' in container %u",
			       pair.name, pair.peer, v->nw.env->id);
	if (r < 0)
		return vz_fail(err, VZ_E_VETH, r, "make device '%s'", pair.name);
	r = net_link_find(v->nw.net, NET_HOST, pair.name);
	if (r > 0 && set_up(v, n, r, err) == 0) {
		int inside = find_inside(v, n, err);

		if (inside > 0 && configure_inside(v, NULL, n, inside, err) == 0)
			return 0;
	}
	remove_device(v, n);
	return r < 0 ? vz_fail(err, VZ_E_VETH, r, "look for device '%s'", pair.name) : -1;
}

static int change_inside(struct veths *v, const struct netif *from, const struct netif *to, struct vz_err *err)
{
	unsigned char mac[NET_MAC_LEN];
	int index = find_inside(v, to, err);
	int r;

	if (index < 0)
		return -1;
	if (!str_equal(part(from, NETIF_MAC), part(to, NETIF_MAC))) {
		r = net_mac_parse(part(to, NETIF_MAC), mac);
		if (r == 0)
			r = net_link_set_mac(v->nw.net, NET_INSIDE, index, mac);
		if (r < 0)
			return vz_fail(err, VZ_E_VETH, r, "give '%s' the MAC address %s", part(to, NETIF_IFNAME), part(to, NETIF_MAC));
	}
	return configure_inside(v, from, to, index, err);
}

static int change_host(struct veths *v, const struct netif *to, int index, struct vz_err *err)
{
	const char *name = part(to, NETIF_HOST_IFNAME);
	unsigned char mac[NET_MAC_LEN];
	int r = net_mac_parse(part(to, NETIF_HOST_MAC), mac);

	if (r == 0)
		r = net_link_set_mac(v->nw.net, NET_HOST, index, mac);
	if (r < 0)
		return vz_fail(err, VZ_E_VETH, r, "give '%s' the MAC address %s", name, part(to, NETIF_HOST_MAC));
	if (net_link_find(v->nw.net, NET_HOST, name) == index)
		return 0;
	r = net_link_rename(v->nw.net, NET_HOST, index, name);
	if (r == -EEXIST)
		return vz_fail(err, VZ_E_VETH, 0, "there is a device '%s' on the host already", name);
	return r < 0 ? vz_fail(err, VZ_E_VETH, r, "give device '%s' its name", name) : 0;
}

static int change_device(struct veths *v, const struct netif *from, const struct netif *to, int index, struct vz_err *err)
{
	int bridge;

	if (find_bridge(v, to, &bridge, err) < 0 || change_inside(v, from, to, err) < 0)
		return -1;
	/* For a moment there is no filter; nor is the device on, if it gets another name. */
	remove_chains(v, from);
	if (change_host(v, to, index, err) < 0)
		return -1;
	return set_up(v, to, index, err);
}

/* ---- all of them ---- */

static const struct netif *find_device(const struct netif *list, size_t n, const struct netif *like)
{
	for (size_t i = 0; i < n; i++)
		if (str_equal(part(&list[i], NETIF_IFNAME), part(like, NETIF_IFNAME)))
			return &list[i];
	return NULL;
}

static bool is_same(const struct netif *a, const struct netif *b)
{
	for (int i = 0; i < NETIF__MAX; i++)
		if (!str_equal(part(a, (enum netif_key)i), part(b, (enum netif_key)i)))
			return false;
	return strv_equal(a->further, b->further);
}

static int make_or_change(struct veths *v, size_t i, struct vz_err *err)
{
	const struct netif *to = &v->want[i], *from = find_device(v->up, v->n_up, to);
	int index = from ? net_link_find(v->nw.net, NET_HOST, part(from, NETIF_HOST_IFNAME)) : -ENODEV;

	/* A new one, or one whose other end was removed by the container's root. */
	if (index == -ENODEV)
		return make_device(v, to, err);
	if (index < 0)
		return vz_fail(err, VZ_E_VETH, index, "look for device '%s'", part(from, NETIF_HOST_IFNAME));
	v->index[i] = index;
	if (!is_same(from, to))
		return change_device(v, from, to, index, err);
	/* Somebody may have flushed it. */
	return has_filter(&v->nw, to) == 0 ? make_chains(v, to, err) : 0;
}

/*
 * What was made goes; what was changed is changed back as far as that can be done, the last one half-way. By
 * its number: the name it was to have may be that of somebody else's device.
 */
static void roll_back(struct veths *v)
{
	for (size_t i = 0; i <= v->n_done && i < v->n_want; i++) {
		const struct netif *before = find_device(v->up, v->n_up, &v->want[i]);
		struct vz_err ignored = { 0 };

		if (v->index[i] && !is_same(before, &v->want[i]))
			(void)change_device(v, &v->want[i], before, v->index[i], &ignored);
		else if (!v->index[i] && i < v->n_done)
			remove_device(v, &v->want[i]);
		vz_err_done(&ignored);
	}
	remove_empty_table(v);
}

static int carry_out(struct veths *v, struct vz_err *err)
{
	if (v->n_want && network_open_inside(&v->nw, err) < 0)
		return -1;
	for (; v->n_done < v->n_want; v->n_done++)
		if (make_or_change(v, v->n_done, err) < 0) {
			roll_back(v);
			return -1;
		}
	for (size_t i = 0; i < v->n_up; i++)
		if (!find_device(v->want, v->n_want, &v->up[i]))
			remove_device(v, &v->up[i]);
	remove_empty_table(v);
	return 0;
}

int veth_change(struct vz_env *env, struct vz_err *err)
{
	struct veths v;
	int r = veths_begin(&v, env, err);

	if (r == 0)
		r = carry_out(&v, err);
	veths_end(&v);
	return r;
}

int veth_rate(struct vz_env *env, struct vz_err *err)
{
	uint64_t bits = rate_of(env->conf);
	struct veths v;
	int r;

	if (!env->netifs_up)
		return 0;
	r = veths_begin(&v, env, err);
	for (size_t i = 0; r == 0 && i < v.n_up; i++)
		r = bits ? add_limit(&v, &v.up[i], bits, err) : lift_limit(&v, &v.up[i], err);
	if (r == 0)
		remove_empty_table(&v);
	veths_end(&v);
	return r;
}

int veth_detach(struct vz_env *env, struct vz_err *err)
{
	struct veths v;
	int r;

	if (!env->netifs_up)
		return 0;
	r = veths_begin(&v, env, err);
	for (size_t i = 0; r == 0 && i < v.n_up; i++)
		remove_device(&v, &v.up[i]);
	if (r == 0)
		remove_empty_table(&v);
	veths_end(&v);
	return r;
}

int veth_attach(struct vz_env *env, struct vz_err *err)
{
	/* Of a run that was cut off. */
	if (veth_detach(env, err) < 0)
		return -1;
	if (!env->netifs)
		return 0;
	strv_free(env->netifs_up);
	env->netifs_up = NULL;
	return veth_change(env, err);
}
