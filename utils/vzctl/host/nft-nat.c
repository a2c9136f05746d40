/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who translates addresses; see nft-nat.h. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/macros.h"
#include "base/str.h"
#include "host/nft-nat.h"
#include "host/nft-priv.h"

/* ---- a rule, read expression by expression ---- */

struct reading {
	const struct netlink *nl;
	const struct net_addr *source;
	/* What was loaded to be compared: a value that we know, or one that may be anything. */
	bool known;
	unsigned char value[16];
	size_t len;
};

/* What becomes of a packet at an expression. */
enum verdict { GOES_ON, IS_MASQUERADED, NO_OR_NOT_CERTAIN };

static struct nlattr *inner(const struct reading *r, struct nlattr *nest, int attribute)
{
	return nft_inner(r->nl, nest, attribute);
}

static uint32_t number(const struct reading *r, struct nlattr *nest, int attribute)
{
	return nft_u32(r->nl, inner(r, nest, attribute));
}

/* The bytes a condition holds, which have to be as many as were loaded. */
static const unsigned char *constant(const struct reading *r, struct nlattr *data, int attribute)
{
	struct nlattr *value = inner(r, inner(r, data, attribute), NFTA_DATA_VALUE);

	return value && (size_t)r->nl->nla_len(value) == r->len ? r->nl->nla_data(value) : NULL;
}

static void load(struct reading *r, const void *value, size_t len)
{
	r->known = true;
	r->len = len;
	memcpy(r->value, value, len);
}

/* A part of the source address; nft loads no more of it than the prefix that it compares. */
static enum verdict read_payload(struct reading *r, struct nlattr *data)
{
	uint32_t at = r->source->family == AF_INET ? 12 : 8;	/* in the header */
	uint32_t len = number(r, data, NFTA_PAYLOAD_LEN);

	if (number(r, data, NFTA_PAYLOAD_BASE) != NFT_PAYLOAD_NETWORK_HEADER ||
	    number(r, data, NFTA_PAYLOAD_OFFSET) != at || len > net_addr_bits(r->source->family) / 8)
		return NO_OR_NOT_CERTAIN;
	load(r, r->source->bytes, len);
	return GOES_ON;
}

static enum verdict read_meta(struct reading *r, struct nlattr *data)
{
	unsigned char family = r->source->family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;

	switch (number(r, data, NFTA_META_KEY)) {
	case NFT_META_NFPROTO:
		load(r, &family, sizeof(family));
		return GOES_ON;
	case NFT_META_OIF:
	case NFT_META_OIFNAME:
		r->known = false;
		return GOES_ON;
	default:
		return NO_OR_NOT_CERTAIN;
	}
}

static enum verdict read_bitwise(struct reading *r, struct nlattr *data)
{
	const unsigned char *mask = constant(r, data, NFTA_BITWISE_MASK);

	if (!r->known)
		return GOES_ON;
	if (!mask)
		return NO_OR_NOT_CERTAIN;
	for (size_t i = 0; i < r->len; i++)
		r->value[i] &= mask[i];
	return GOES_ON;
}

static enum verdict read_cmp(struct reading *r, struct nlattr *data)
{
	const unsigned char *with = constant(r, data, NFTA_CMP_DATA);
	uint32_t op = number(r, data, NFTA_CMP_OP);

	if (!r->known)
		return GOES_ON;
	if (!with || (op != NFT_CMP_EQ && op != NFT_CMP_NEQ))
		return NO_OR_NOT_CERTAIN;
	return (memcmp(r->value, with, r->len) == 0) == (op == NFT_CMP_EQ) ? GOES_ON : NO_OR_NOT_CERTAIN;
}

static enum verdict read_nothing(struct reading *r, struct nlattr *data)
{
	(void)r;
	(void)data;
	return GOES_ON;
}

static enum verdict read_masq(struct reading *r, struct nlattr *data)
{
	(void)r;
	(void)data;
	return IS_MASQUERADED;
}

static enum verdict read_nat(struct reading *r, struct nlattr *data)
{
	return number(r, data, NFTA_NAT_TYPE) == NFT_NAT_SNAT ? IS_MASQUERADED : NO_OR_NOT_CERTAIN;
}

/* Of iptables. */
static enum verdict read_target(struct reading *r, struct nlattr *data)
{
	struct nlattr *name = inner(r, data, NFTA_TARGET_NAME);
	const char *text = name ? r->nl->nla_data(name) : "";

	return str_equal(text, "MASQUERADE") || str_equal(text, "SNAT") ? IS_MASQUERADED : NO_OR_NOT_CERTAIN;
}

static const struct {
	const char *name;
	enum verdict (*read)(struct reading *r, struct nlattr *data);
} expressions[] = {
	{ "payload",   read_payload },
	{ "meta",      read_meta },
	{ "bitwise",   read_bitwise },
	{ "cmp",       read_cmp },
	{ "counter",   read_nothing },
	{ "immediate", read_nothing },	/* the address of an snat; a verdict ends the rule, and nothing follows */
	{ "masq",      read_masq },
	{ "nat",       read_nat },
	{ "target",    read_target },
};

static enum verdict read_expression(struct reading *r, struct nlattr *e)
{
	struct nlattr *name = inner(r, e, NFTA_EXPR_NAME);

	for (size_t i = 0; name && i < ARRAY_SIZE(expressions); i++)
		if (str_equal(r->nl->nla_data(name), expressions[i].name))
			return expressions[i].read(r, inner(r, e, NFTA_EXPR_DATA));
	return NO_OR_NOT_CERTAIN;
}

/* 1 if the rule gives packets from the source, data, another one. */
static int match_rule(const struct netlink *nl, struct nl_msg *msg, void *data)
{
	struct reading r = { .nl = nl, .source = data };
	struct nlattr *all = nft_attr(nl, msg, NFTA_RULE_EXPRESSIONS);
	struct nlattr *e = all ? nl->nla_data(all) : NULL;
	int left = all ? nl->nla_len(all) : 0;

	for (; e && nl->nla_ok(e, left); e = nl->nla_next(e, &left)) {
		enum verdict v = read_expression(&r, e);

		if (v != GOES_ON)
			return v == IS_MASQUERADED;
	}
	return 0;
}

/* ---- chains ---- */

struct chain {
	int family;
	char *table, *name;	/* owned */
};

struct chains {
	const char *ours;	/* the table, of family inet, to be left out; borrowed */
	int family;		/* those that see packets of it: NFPROTO_IPV4, … */
	struct chain *list;	/* owned */
	size_t n;
};

static void chains_done(struct chains *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->list[i].table);
		free(c->list[i].name);
	}
	free(c->list);
}

static int add_chain(struct chains *c, int family, const char *table, const char *name)
{
	struct chain *bigger = realloc(c->list, (c->n + 1) * sizeof(*bigger));
	struct chain *new = bigger ? &bigger[c->n] : NULL;

	if (!new)
		return -ENOMEM;
	c->list = bigger;
	c->n++;
	*new = (struct chain){ .family = family, .table = strdup(table), .name = strdup(name) };
	return new->table && new->name ? 0 : -ENOMEM;
}

/* Those where packets are given other sources. */
static int note_chain(const struct netlink *nl, struct nl_msg *msg, void *data)
{
	int family = ((const struct nfgenmsg *)nl->nlmsg_data(nl->nlmsg_hdr(msg)))->nfgen_family;
	struct nlattr *hook = nft_attr(nl, msg, NFTA_CHAIN_HOOK);
	struct nlattr *type = nft_attr(nl, msg, NFTA_CHAIN_TYPE);
	struct nlattr *table = nft_attr(nl, msg, NFTA_CHAIN_TABLE);
	struct nlattr *name = nft_attr(nl, msg, NFTA_CHAIN_NAME);
	struct nlattr *where = nft_inner(nl, hook, NFTA_HOOK_HOOKNUM);
	struct chains *c = data;

	if (!where || nft_u32(nl, where) != NF_INET_POST_ROUTING || !type || !str_equal(nl->nla_data(type), "nat") ||
	    !table || !name || (family != NFPROTO_INET && family != c->family) ||
	    (family == NFPROTO_INET && str_equal(nl->nla_data(table), c->ours)))
		return 0;
	return add_chain(c, family, nl->nla_data(table), nl->nla_data(name));
}

int nft_is_masqueraded(struct net *n, const char *table, const struct net_addr *source)
{
	struct chains c = { .ours = table, .family = source->family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6 };
	struct nl_msg *msg = nft_request(n, NFT_MSG_GETCHAIN, NLM_F_DUMP, NFPROTO_UNSPEC);
	int r = msg ? nft_ask(n, msg, note_chain, &c) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < c.n; i++)
		r = nft_each_rule(n, c.list[i].family, c.list[i].table, c.list[i].name, match_rule, (void *)source);
	chains_done(&c);
	return r == -ENOENT ? 0 : r;
}
