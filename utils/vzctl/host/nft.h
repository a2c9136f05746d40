/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nftables: what is there is asked of the kernel directly, which is cheap; what is to change is said to the
 * program nft, which knows the language.
 */
#ifndef VZ_HOST_NFT_H
#define VZ_HOST_NFT_H

#include <stdbool.h>

struct net;

/* Is there a table of the family (NFPROTO_INET, …)? 1, 0 or -errno. */
int nft_has_table(struct net *n, int family, const char *table);

/* Is there such a chain in it? 1, 0 or -errno. */
int nft_has_chain(struct net *n, int family, const char *table, const char *chain);

/* Has it no chain any more? A table that is not there has none. 1, 0 or -errno. */
int nft_table_is_empty(struct net *n, int family, const char *table);

/*
 * A chain that sees what the host forwards, drops what none of its rules lets pass, and has no rule that
 * knows devices whose names begin with prefix: "ip filter FORWARD". 1 with *ret, which the caller frees;
 * 0: there is none; or -errno.
 */
int nft_find_swallower(struct net *n, const char *prefix, char **ret);

/* Is there a program nft? */
bool nft_exists(void);

/* Have nft carry out commands, all or none of them. -ENOENT: there is no nft; -EIO: it refused. */
int nft_run(const char *commands);

#endif
