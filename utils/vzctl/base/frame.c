/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames of ARP and neighbour discovery; see frame.h. */
#include <arpa/inet.h>
#include <net/if_arp.h>
#include <string.h>

#include "base/frame.h"

const unsigned char frame_everybody[FRAME_MAC_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
const unsigned char frame_nobody[FRAME_MAC_LEN];

void frame_make_arp(struct frame_arp *f, const struct frame_arp_words *w)
{
	*f = (struct frame_arp){
		.eth.ether_type = htons(ETHERTYPE_ARP),
		.arp.ea_hdr = {
			.ar_hrd = htons(ARPHRD_ETHER),
			.ar_pro = htons(ETHERTYPE_IP),
			.ar_hln = FRAME_MAC_LEN,
			.ar_pln = sizeof(struct in_addr),
			.ar_op = htons(w->operation),
		},
	};
	memcpy(f->eth.ether_shost, w->from, FRAME_MAC_LEN);
	memcpy(f->eth.ether_dhost, w->to, FRAME_MAC_LEN);
	memcpy(f->arp.arp_sha, w->sender, FRAME_MAC_LEN);
	memcpy(f->arp.arp_tha, w->target, FRAME_MAC_LEN);
	memcpy(f->arp.arp_spa, &w->sender_ip, sizeof(w->sender_ip));
	memcpy(f->arp.arp_tpa, &w->target_ip, sizeof(w->target_ip));
}

/* ---- neighbour discovery ---- */

/* Bytes as a sum of 16-bit words; there is an even number of them. */
static uint32_t add_words(const unsigned char *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	return sum;
}

/* Of what ICMPv6 covers: the addresses, length and protocol, and its own len bytes. */
static uint16_t checksum(const struct frame_nd *f, size_t len)
{
	const unsigned char *bytes = (const unsigned char *)f;
	uint32_t sum = (uint32_t)len + IPPROTO_ICMPV6;

	sum += add_words(bytes + offsetof(struct frame_nd, ip.ip6_src), 2 * sizeof(struct in6_addr));
	sum += add_words(bytes + offsetof(struct frame_nd, icmp), len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* The Ethernet address that stands for a group of IPv6. */
static void set_group(struct frame_nd *f, const struct in6_addr *group)
{
	f->ip.ip6_dst = *group;
	f->eth.ether_dhost[0] = f->eth.ether_dhost[1] = 0x33;
	memcpy(f->eth.ether_dhost + 2, group->s6_addr + 12, 4);
}

/* What both have; all else is there already. */
static size_t complete(struct frame_nd *f, const unsigned char *mac, const struct in6_addr *address, uint8_t type, size_t end)
{
	size_t len = end - offsetof(struct frame_nd, icmp);

	memcpy(f->eth.ether_shost, mac, FRAME_MAC_LEN);
	f->eth.ether_type = htons(ETHERTYPE_IPV6);
	f->ip.ip6_vfc = 6 << 4;
	f->ip.ip6_plen = htons((uint16_t)len);
	f->ip.ip6_nxt = IPPROTO_ICMPV6;
	f->ip.ip6_hlim = 255;
	f->icmp.icmp6_type = type;
	f->target = *address;
	f->icmp.icmp6_cksum = checksum(f, len);
	return end;
}

size_t frame_make_advert(struct frame_nd *f, const unsigned char *mac, const struct in6_addr *address, uint32_t flags)
{
	static const struct in6_addr all_nodes = { .s6_addr = { 0xff, 2, [15] = 1 } };

	*f = (struct frame_nd){ .ip.ip6_src = *address };
	f->icmp.icmp6_data32[0] = flags;
	f->option = (struct nd_opt_hdr){ .nd_opt_type = ND_OPT_TARGET_LINKADDR, .nd_opt_len = 1 };
	memcpy(f->mac, mac, FRAME_MAC_LEN);
	set_group(f, &all_nodes);
	return complete(f, mac, address, ND_NEIGHBOR_ADVERT, sizeof(*f));
}

size_t frame_make_probe(struct frame_nd *f, const unsigned char *mac, const struct in6_addr *address)
{
	struct in6_addr solicited = { .s6_addr = { 0xff, 2, [11] = 1, [12] = 0xff } };

	memset(f, 0, sizeof(*f));
	memcpy(solicited.s6_addr + 13, address->s6_addr + 13, 3);
	set_group(f, &solicited);
	return complete(f, mac, address, ND_NEIGHBOR_SOLICIT, offsetof(struct frame_nd, option));
}
