/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who translates addresses on this host, as nf_tables knows it. */
#ifndef VZ_HOST_NFT_NAT_H
#define VZ_HOST_NFT_NAT_H

#include <stdbool.h>

struct net;
struct net_addr;

/*
 * Does a chain of another table than this one, which is of family inet, give packets another source
 * address when they come from this one? Only what is certain counts: a rule all of whose conditions are
 * about the source or the device they leave by, in a chain that every packet comes to. 1, 0 or -errno.
 */
int nft_is_masqueraded(struct net *n, const char *table, const struct net_addr *source);

#endif
