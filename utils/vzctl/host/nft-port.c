/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports that lead elsewhere; see nft-port.h. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "host/nft-port.h"
#include "host/nft-priv.h"

/* Keys are [address of the host .] protocol . port, values address . port. In this order they are asked. */
static const struct map {
	const char *name;
	int family;
	bool has_address;
} maps[] = {
	{ "ports4_on", AF_INET,  true },
	{ "ports4",    AF_INET,  false },
	{ "ports6_on", AF_INET6, true },
	{ "ports6",    AF_INET6, false },
};

static const char *ip(int family)
{
	return family == AF_INET ? "ip" : "ip6";
}

static size_t address_len(const struct map *m)
{
	return net_addr_bits(m->family) / 8;
}

/* ---- what there is ---- */

struct ports {
	const struct map *map;
	struct nft_port *list;	/* owned */
	size_t n;
};

static struct net_addr read_address(const struct map *m, const unsigned char *bytes)
{
	struct net_addr a = { .family = m->family, .bits = net_addr_bits(m->family) };

	memcpy(a.bytes, bytes, address_len(m));
	return a;
}

static unsigned int read_port(const unsigned char *bytes)
{
	return (unsigned int)bytes[0] << 8 | bytes[1];
}

/* Each part of a key or value takes a multiple of four bytes. */
static int add_port(struct ports *all, const unsigned char *key, size_t key_len, const unsigned char *value, size_t value_len)
{
	size_t len = address_len(all->map), at = all->map->has_address ? len : 0;
	struct nft_port *bigger;

	if (key_len < at + 8 || value_len < len + 4)
		return 0;
	bigger = realloc(all->list, (all->n + 1) * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	all->list = bigger;
	all->list[all->n++] = (struct nft_port){
		.on = at ? read_address(all->map, key) : (struct net_addr){ 0 },
		.protocol = key[at],
		.port = read_port(key + at + 4),
		.to = read_address(all->map, value),
		.to_port = read_port(value + len),
	};
	return 0;
}

static int note_elements(const struct netlink *nl, struct nl_msg *msg, void *data)
{
	struct nlattr *all = nft_attr(nl, msg, NFTA_SET_ELEM_LIST_ELEMENTS);
	struct nlattr *e = all ? nl->nla_data(all) : NULL;
	int left = all ? nl->nla_len(all) : 0;

	for (; e && nl->nla_ok(e, left); e = nl->nla_next(e, &left)) {
		struct nlattr *key = nft_inner(nl, nft_inner(nl, e, NFTA_SET_ELEM_KEY), NFTA_DATA_VALUE);
		struct nlattr *value = nft_inner(nl, nft_inner(nl, e, NFTA_SET_ELEM_DATA), NFTA_DATA_VALUE);

		if (key && value && add_port(data, nl->nla_data(key), (size_t)nl->nla_len(key), nl->nla_data(value),
					     (size_t)nl->nla_len(value)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int note_map(struct net *n, const char *table, struct ports *all)
{
	struct nl_msg *msg = nft_request(n, NFT_MSG_GETSETELEM, NLM_F_DUMP, NFPROTO_INET);

	if (msg && nft_put_text(n, msg, NFTA_SET_ELEM_LIST_TABLE, table) == 0 &&
	    nft_put_text(n, msg, NFTA_SET_ELEM_LIST_SET, all->map->name) == 0)
		return nft_ask(n, msg, note_elements, all);
	if (msg)
		n->nl.nlmsg_free(msg);
	return -ENOMEM;
}

int nft_ports(struct net *n, const char *table, struct nft_port **ret, size_t *ret_n)
{
	struct ports all = { 0 };
	int r = 0;

	for (size_t i = 0; (r == 0 || r == -ENOENT) && i < ARRAY_SIZE(maps); i++) {
		all.map = &maps[i];
		r = note_map(n, table, &all);
	}
	if (r < 0 && r != -ENOENT) {
		free(all.list);
		return r;
	}
	*ret = all.list;
	*ret_n = all.n;
	return 0;
}

/* ---- commands ---- */

static void add_map(struct vz_str *out, const char *table, const struct map *m)
{
	const char *addr = m->family == AF_INET ? "ipv4_addr" : "ipv6_addr";

	str_addf(out, "add map inet %s %s { type %s%sinet_proto . inet_service : %s . inet_service; }; ", table, m->name,
		 m->has_address ? addr : "", m->has_address ? " . " : "", addr);
}

/* What is for the loopback device stays there: elsewhere the kernel would not take it. */
static void add_rule(struct vz_str *out, const char *table, const char *chain, const struct map *m)
{
	str_addf(out, "add rule inet %s %s %s daddr != %s fib daddr type local meta l4proto { tcp, udp } dnat %s to %s%s%smeta l4proto . th dport map @%s; ",
		 table, chain, ip(m->family), m->family == AF_INET ? "127.0.0.0/8" : "::1", ip(m->family),
		 m->has_address ? ip(m->family) : "", m->has_address ? " daddr" : "", m->has_address ? " . " : "", m->name);
}

void nft_ports_init(struct vz_str *out, const char *table, const char *prefix)
{
	str_addf(out, "add chain inet %s " NFT_PORTS_CHAIN " { type nat hook prerouting priority -100; policy accept; }; ", table);
	str_addf(out, "add chain inet %s ports_own { type nat hook output priority -100; policy accept; }; ", table);
	str_addf(out, "add chain inet %s ports_back { type nat hook postrouting priority 90; policy accept; }; ", table);
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		add_map(out, table, &maps[i]);
		add_rule(out, table, NFT_PORTS_CHAIN, &maps[i]);
		add_rule(out, table, "ports_own", &maps[i]);
	}
	str_addf(out, "add rule inet %s ports_back iifname \"%s*\" oifname \"%s*\" ct status dnat masquerade; ", table, prefix, prefix);
}

static void add_element(struct vz_str *out, const char *what, const char *table, const struct nft_port *p)
{
	char on[NET_ADDR_TEXT], to[NET_ADDR_TEXT];
	size_t i = 0;

	while (maps[i].family != p->to.family || maps[i].has_address != (p->on.family != AF_UNSPEC))
		i++;
	str_addf(out, "%s element inet %s %s { %s%s%s . %u : %s . %u }; ", what, table, maps[i].name,
		 maps[i].has_address ? net_addr_text(&p->on, on) : "", maps[i].has_address ? " . " : "",
		 p->protocol == IPPROTO_UDP ? "udp" : "tcp", p->port, net_addr_text(&p->to, to), p->to_port);
}

void nft_ports_add(struct vz_str *out, const char *table, const struct nft_port *p)
{
	add_element(out, "add", table, p);
}

void nft_ports_delete(struct vz_str *out, const char *table, const struct nft_port *p)
{
	add_element(out, "delete", table, p);
}
