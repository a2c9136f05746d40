/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions to nf_tables, what the files nft*.c share. Not for other floors. */
#ifndef VZ_HOST_NFT_PRIV_H
#define VZ_HOST_NFT_PRIV_H

#include "host/net-priv.h"

/* A message about what (NFT_MSG_…); NULL: out of memory. */
struct nl_msg *nft_request(struct net *n, int what, int flags, int family);
int nft_put_text(struct net *n, struct nl_msg *msg, int attribute, const char *text);
/* As netlink_talk(), over a socket of its own, since answers may be cut short. -ENOENT: there is no such thing. */
int nft_ask(struct net *n, struct nl_msg *msg, netlink_answer_fn fn, void *data);
/* As nft_ask(), for the rules of a chain. */
int nft_each_rule(struct net *n, int family, const char *table, const char *chain, netlink_answer_fn fn, void *data);

/* An attribute of an answer; NULL: it has no such. */
struct nlattr *nft_attr(const struct netlink *nl, struct nl_msg *msg, int attribute);
/* And one inside another, which may be NULL. */
struct nlattr *nft_inner(const struct netlink *nl, struct nlattr *nest, int attribute);
/* The number that an attribute holds, in our byte order; 0 for NULL. */
uint32_t nft_u32(const struct netlink *nl, struct nlattr *a);

#endif
