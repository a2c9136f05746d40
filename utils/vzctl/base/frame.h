/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ethernet frames by which hosts find each other: ARP, and neighbour discovery for IPv6. They are only made
 * here; who sends or reads them has a socket.
 */
#ifndef VZ_BASE_FRAME_H
#define VZ_BASE_FRAME_H

#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAC_LEN 6

struct frame_arp {
	struct ether_header eth;
	struct ether_arp arp;
};

struct frame_nd {
	struct ether_header eth;
	struct ip6_hdr ip;
	struct icmp6_hdr icmp;
	struct in6_addr target;
	struct nd_opt_hdr option;
	unsigned char mac[FRAME_MAC_LEN];	/* a question ends before the option */
} __attribute__((packed));

extern const unsigned char frame_everybody[FRAME_MAC_LEN], frame_nobody[FRAME_MAC_LEN];

/* What an ARP frame says. */
struct frame_arp_words {
	unsigned short operation;		/* ARPOP_REQUEST, … */
	const unsigned char *from, *to;		/* MACs of the frame … */
	const unsigned char *sender, *target;	/* … and those it speaks of */
	struct in_addr sender_ip, target_ip;
};
void frame_make_arp(struct frame_arp *f, const struct frame_arp_words *w);

/* To all nodes: the address is at this MAC. flags: ND_NA_FLAG_…. The frame's length. */
size_t frame_make_advert(struct frame_nd *f, const unsigned char *mac, const struct in6_addr *address, uint32_t flags);
/* To those the address may belong to, from nobody: has somebody got it? The frame's length. */
size_t frame_make_probe(struct frame_nd *f, const unsigned char *mac, const struct in6_addr *address);

#endif
