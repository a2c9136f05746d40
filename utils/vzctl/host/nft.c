/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nftables; see nft.h. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "host/nft-priv.h"
#include "host/nft.h"
#include "host/script.h"

#define NFT_TIMEOUT (60 * USEC_PER_SEC)

/* ---- asking the kernel ---- */

struct nl_msg *nft_request(struct net *n, int what, int flags, int family)
{
	struct nfgenmsg nfg = { .nfgen_family = (uint8_t)family, .version = NFNETLINK_V0 };
	struct nl_msg *msg = n->nl.nlmsg_alloc_simple((NFNL_SUBSYS_NFTABLES << 8) | what, flags);

	if (msg && n->nl.nlmsg_append(msg, &nfg, sizeof(nfg), NLMSG_ALIGNTO) == 0)
		return msg;
	if (msg)
		n->nl.nlmsg_free(msg);
	return NULL;
}

int nft_ask(struct net *n, struct nl_msg *msg, netlink_answer_fn fn, void *data)
{
	struct nl_sock *sk = NULL;
	int r = netlink_open(&n->nl, NETLINK_NETFILTER, &sk);

	if (r < 0) {
		n->nl.nlmsg_free(msg);
		/* A kernel without netfilter has no tables. */
		return r == -EPROTONOSUPPORT ? -ENOENT : r;
	}
	r = netlink_talk(&n->nl, sk, msg, fn, data);
	n->nl.nl_socket_free(sk);
	/* Nobody has used nf_tables yet. */
	return r == -EINVAL || r == -EOPNOTSUPP ? -ENOENT : r;
}

int nft_put_text(struct net *n, struct nl_msg *msg, int attribute, const char *text)
{
	return n->nl.nla_put(msg, attribute, (int)strlen(text) + 1, text);
}

int nft_has_table(struct net *n, int family, const char *table)
{
	struct nl_msg *msg = nft_request(n, NFT_MSG_GETTABLE, 0, family);
	int r;

	if (!msg)
		return -ENOMEM;
	if (nft_put_text(n, msg, NFTA_TABLE_NAME, table) < 0) {
		n->nl.nlmsg_free(msg);
		return -ENOMEM;
	}
	r = nft_ask(n, msg, NULL, NULL);
	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

int nft_has_chain(struct net *n, int family, const char *table, const char *chain)
{
	struct nl_msg *msg = nft_request(n, NFT_MSG_GETCHAIN, 0, family);
	int r;

	if (!msg)
		return -ENOMEM;
	if (nft_put_text(n, msg, NFTA_CHAIN_TABLE, table) < 0 || nft_put_text(n, msg, NFTA_CHAIN_NAME, chain) < 0) {
		n->nl.nlmsg_free(msg);
		return -ENOMEM;
	}
	r = nft_ask(n, msg, NULL, NULL);
	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

/* ---- chains that swallow what is forwarded ---- */

struct chain {
	int family;
	char *table, *name;	/* owned */
	const char *mention;	/* what is looked for in its rules; borrowed */
};

static void chain_done(struct chain *c)
{
	free(c->table);
	free(c->name);
}

struct nlattr *nft_attr(const struct netlink *nl, struct nl_msg *msg, int attribute)
{
	return nl->nlmsg_find_attr(nl->nlmsg_hdr(msg), sizeof(struct nfgenmsg), attribute);
}

struct nlattr *nft_inner(const struct netlink *nl, struct nlattr *nest, int attribute)
{
	return nest ? nl->nla_find(nl->nla_data(nest), nl->nla_len(nest), attribute) : NULL;
}

uint32_t nft_u32(const struct netlink *nl, struct nlattr *a)
{
	uint32_t v = 0;

	if (a && nl->nla_len(a) >= (int)sizeof(v))
		memcpy(&v, nl->nla_data(a), sizeof(v));
	return ntohl(v);
}

/* 1 for the first chain at the forward hook whose policy is to drop. */
static int match_chain(const struct netlink *nl, struct nl_msg *msg, void *data)
{
	const struct nfgenmsg *nfg = nl->nlmsg_data(nl->nlmsg_hdr(msg));
	struct nlattr *hook = nft_attr(nl, msg, NFTA_CHAIN_HOOK);
	struct nlattr *policy = nft_attr(nl, msg, NFTA_CHAIN_POLICY);
	struct nlattr *table = nft_attr(nl, msg, NFTA_CHAIN_TABLE);
	struct nlattr *name = nft_attr(nl, msg, NFTA_CHAIN_NAME);
	struct nlattr *number = nft_inner(nl, hook, NFTA_HOOK_HOOKNUM);
	struct chain *c = data;

	if (!number || !policy || !table || !name || nft_u32(nl, number) != NF_INET_FORWARD ||
	    nft_u32(nl, policy) != NF_DROP ||
	    (nfg->nfgen_family != NFPROTO_IPV4 && nfg->nfgen_family != NFPROTO_IPV6 && nfg->nfgen_family != NFPROTO_INET))
		return 0;
	c->family = nfg->nfgen_family;
	c->table = strdup(nl->nla_data(table));
	c->name = strdup(nl->nla_data(name));
	return c->table && c->name ? 1 : -ENOMEM;
}

/* 1 if the rule compares something with the prefix. */
static int match_rule(const struct netlink *nl, struct nl_msg *msg, void *data)
{
	const struct chain *c = data;
	struct nlattr *rule = nft_attr(nl, msg, NFTA_RULE_EXPRESSIONS);

	return rule && memmem(nl->nla_data(rule), (size_t)nl->nla_len(rule), c->mention, strlen(c->mention));
}

static int match_table(const struct netlink *nl, struct nl_msg *msg, void *data)
{
	const struct chain *c = data;
	struct nlattr *table = nft_attr(nl, msg, NFTA_CHAIN_TABLE);

	return table && strcmp(nl->nla_data(table), c->table) == 0;
}

int nft_table_is_empty(struct net *n, int family, const char *table)
{
	struct chain c = { .table = (char *)table };
	struct nl_msg *msg = nft_request(n, NFT_MSG_GETCHAIN, NLM_F_DUMP, family);
	int r = msg ? nft_ask(n, msg, match_table, &c) : -ENOMEM;

	return r == -ENOENT ? 1 : r < 0 ? r : !r;
}

int nft_each_rule(struct net *n, int family, const char *table, const char *chain, netlink_answer_fn fn, void *data)
{
	struct nl_msg *msg = nft_request(n, NFT_MSG_GETRULE, NLM_F_DUMP, family);

	if (msg && nft_put_text(n, msg, NFTA_RULE_TABLE, table) == 0 && nft_put_text(n, msg, NFTA_RULE_CHAIN, chain) == 0)
		return nft_ask(n, msg, fn, data);
	if (msg)
		n->nl.nlmsg_free(msg);
	return -ENOMEM;
}

static int has_rule_about(struct net *n, struct chain *c, const char *what)
{
	c->mention = what;
	return nft_each_rule(n, c->family, c->table, c->name, match_rule, c);
}

int nft_find_swallower(struct net *n, const char *prefix, char **ret)
{
	struct nl_msg *msg = nft_request(n, NFT_MSG_GETCHAIN, NLM_F_DUMP, NFPROTO_UNSPEC);
	struct chain c = { 0 };
	char *text = NULL;
	int r;

	if (!msg)
		return -ENOMEM;
	r = nft_ask(n, msg, match_chain, &c);
	if (r > 0 && has_rule_about(n, &c, prefix) == 0)
		text = str_printf("%s %s %s", c.family == NFPROTO_IPV4 ? "ip" : c.family == NFPROTO_IPV6 ? "ip6" : "inet",
				  c.table, c.name);
	else if (r > 0)
		r = 0;
	chain_done(&c);
	if (r > 0 && !text)
		return -ENOMEM;
	*ret = text;
	return r == -ENOENT ? 0 : r;
}

/* ---- the program ---- */

bool nft_exists(void)
{
	auto_free char *file = script_find("nft");

	return file;
}

int nft_run(const char *commands)
{
	auto_free char *file = script_find("nft");
	char *argv[] = { file, (char *)commands, NULL };
	struct script_run run = { .file = file, .argv = argv, .stdin_fd = -1, .stdout_fd = -1, .timeout = NFT_TIMEOUT };
	int r = file ? script_run(&run) : -ENOENT;

	return r < 0 ? r : r == 0 ? 0 : -EIO;
}
