/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ndsend: tell everybody on a device that an IPv6 address is to be found here, by a neighbour advertisement
 * nobody asked for. What they knew before is overridden; they take it that no router has the address.
 */
#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <stdio.h>
#include <string.h>

#include "wire/wire.h"

struct advertisement {
	struct ether_header eth;
	struct ip6_hdr ip;
	struct nd_neighbor_advert nd;
	struct nd_opt_hdr option;
	unsigned char mac[WIRE_MAC_LEN];
} __attribute__((packed));

/* All nodes of the link, and the Ethernet address that stands for them. */
static const struct in6_addr all_nodes = { .s6_addr = { 0xff, 2, [15] = 1 } };
static const unsigned char all_nodes_mac[WIRE_MAC_LEN] = { 0x33, 0x33, 0, 0, 0, 1 };

/* Bytes as a sum of 16-bit words; there is an even number of them. */
static uint32_t add_words(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	return sum;
}

static void make(struct advertisement *a, const unsigned char *mac, const struct in6_addr *address)
{
	size_t len = sizeof(*a) - offsetof(struct advertisement, nd);
	uint32_t sum;

	*a = (struct advertisement){
		.eth.ether_type = htons(ETHERTYPE_IPV6),
		.ip = {
			.ip6_flow = htonl(6u << 28),
			.ip6_plen = htons((uint16_t)len),
			.ip6_nxt = IPPROTO_ICMPV6,
			.ip6_hlim = 255,
			.ip6_src = *address,
			.ip6_dst = all_nodes,
		},
		.nd = { .nd_na_hdr.icmp6_type = ND_NEIGHBOR_ADVERT, .nd_na_target = *address },
		.option = { .nd_opt_type = ND_OPT_TARGET_LINKADDR, .nd_opt_len = 1 },
	};
	a->nd.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE;
	memcpy(a->eth.ether_dhost, all_nodes_mac, WIRE_MAC_LEN);
	memcpy(a->eth.ether_shost, mac, WIRE_MAC_LEN);
	memcpy(a->mac, mac, WIRE_MAC_LEN);

	/* Of the addresses, length and protocol as well. */
	sum = add_words((unsigned char *)a + offsetof(struct advertisement, ip.ip6_src), 2 * sizeof(struct in6_addr));
	sum += (uint32_t)len + IPPROTO_ICMPV6;
	sum += add_words((unsigned char *)a + offsetof(struct advertisement, nd), len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	a->nd.nd_na_cksum = htons((uint16_t)~sum);
}

int main(int argc, char **argv)
{
	auto_wire struct wire w = { .fd = -1 };
	struct advertisement a;
	struct in6_addr address;

	if (argc != 3) {
		(void)fprintf(stderr, "Usage: ndsend ADDRESS DEVICE\n");
		return WIRE_USAGE;
	}
	if (inet_pton(AF_INET6, argv[1], &address) != 1 || IN6_IS_ADDR_UNSPECIFIED(&address) ||
	    IN6_IS_ADDR_MULTICAST(&address)) {
		(void)fprintf(stderr, "ndsend: '%s' is no IPv6 address that a host can have\n", argv[1]);
		return WIRE_USAGE;
	}
	if (wire_open(argv[2], ETHERTYPE_IPV6, &w) < 0)
		return WIRE_SYSTEM;
	make(&a, w.mac, &address);
	return wire_send(&w, &a, sizeof(a)) < 0 ? WIRE_SYSTEM : WIRE_OK;
}
