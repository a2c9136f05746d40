/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of networks: frames as anybody could make them up, and a look at what arrives.
 *
 *   frames udp DEVICE FROM-MAC TO-MAC FROM-IP TO-IP TEXT   a datagram for port 9
 *   frames arp DEVICE FROM-MAC IP                          "IP is at FROM-MAC", to everybody
 *   frames nd DEVICE FROM-MAC IP                           the same for IPv6
 *   frames watch DEVICE                                    "ready", then a line for each such frame, until "end"
 *   frames listen                                          the same for datagrams that a socket gets
 *
 * Lines: "udp FROM-IP TEXT", "arp IP", "nd IP". Addresses of both families are taken. A frame of another
 * kind is not mentioned.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 9

static unsigned char frame[2048];
static size_t len;

static void fail(const char *what)
{
	fprintf(stderr, "frames: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void put(const void *data, size_t n)
{
	memcpy(frame + len, data, n);
	len += n;
}

static void parse_mac(const char *text, unsigned char *ret)
{
	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", ret, ret + 1, ret + 2, ret + 3, ret + 4, ret + 5) != 6) {
		errno = EINVAL;
		fail(text);
	}
}

/* 4 or 6. */
static int parse_ip(const char *text, unsigned char *ret)
{
	if (inet_pton(AF_INET, text, ret) == 1)
		return 4;
	if (inet_pton(AF_INET6, text, ret) == 1)
		return 6;
	errno = EINVAL;
	fail(text);
	return 0;
}

static unsigned long sum(const void *data, size_t n)
{
	const unsigned char *p = data;
	unsigned long s = 0;

	for (size_t i = 0; i < n; i++)
		s += i & 1 ? p[i] : (unsigned long)p[i] << 8;
	return s;
}

static unsigned short fold(unsigned long s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return htons((unsigned short)~s);
}

static void put_ether(const unsigned char *to, const unsigned char *from, unsigned short type)
{
	struct ether_header eth = { .ether_type = htons(type) };

	memcpy(eth.ether_dhost, to, 6);
	memcpy(eth.ether_shost, from, 6);
	len = 0;
	put(&eth, sizeof(eth));
}

static void put_ip6(const unsigned char *from, const unsigned char *to, unsigned char next, size_t n)
{
	struct ip6_hdr ip = { 0 };

	ip.ip6_vfc = 6 << 4;
	ip.ip6_plen = htons((unsigned short)n);
	ip.ip6_nxt = next;
	ip.ip6_hlim = 255;
	memcpy(&ip.ip6_src, from, 16);
	memcpy(&ip.ip6_dst, to, 16);
	put(&ip, sizeof(ip));
}

static void put_ip4(const unsigned char *from, const unsigned char *to, size_t n)
{
	struct iphdr ip = {
		.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP, .tot_len = htons((unsigned short)(20 + n)),
	};

	memcpy(&ip.saddr, from, 4);
	memcpy(&ip.daddr, to, 4);
	ip.check = fold(sum(&ip, sizeof(ip)));
	put(&ip, sizeof(ip));
}

static void make_udp(char **arg)
{
	unsigned char mac[6], to_mac[6], from[16], to[16];
	int v = parse_ip(arg[2], from);
	size_t n = sizeof(struct udphdr) + strlen(arg[4]), alen = v == 4 ? 4 : 16;
	struct udphdr udp = { .source = htons(PORT), .dest = htons(PORT), .len = htons((unsigned short)n) };

	(void)parse_ip(arg[3], to);
	parse_mac(arg[0], mac);
	parse_mac(arg[1], to_mac);
	put_ether(to_mac, mac, v == 4 ? ETHERTYPE_IP : ETHERTYPE_IPV6);
	if (v == 4)
		put_ip4(from, to, n);
	else
		put_ip6(from, to, IPPROTO_UDP, n);
	udp.check = fold(sum(from, alen) + sum(to, alen) + IPPROTO_UDP + n + sum(&udp, sizeof(udp)) + sum(arg[4], strlen(arg[4])));
	put(&udp, sizeof(udp));
	put(arg[4], strlen(arg[4]));
}

static void make_arp(char **arg)
{
	static const unsigned char all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct ether_arp arp = { 0 };
	unsigned char mac[6], ip[16];

	parse_mac(arg[0], mac);
	(void)parse_ip(arg[1], ip);
	put_ether(all, mac, ETHERTYPE_ARP);
	arp.arp_hrd = htons(1);
	arp.arp_pro = htons(ETHERTYPE_IP);
	arp.arp_hln = 6;
	arp.arp_pln = 4;
	arp.arp_op = htons(ARPOP_REPLY);
	memcpy(arp.arp_sha, mac, 6);
	memcpy(arp.arp_spa, ip, 4);
	memcpy(arp.arp_tha, all, 6);
	memcpy(arp.arp_tpa, ip, 4);
	put(&arp, sizeof(arp));
}

static void make_nd(char **arg)
{
	static const unsigned char all_mac[6] = { 0x33, 0x33, 0, 0, 0, 1 };
	static const unsigned char all[16] = { 0xff, 2, [15] = 1 };
	struct nd_neighbor_advert na = { .nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE };
	unsigned char option[8] = { ND_OPT_TARGET_LINKADDR, 1 }, mac[6], ip[16];
	size_t n = sizeof(na) + sizeof(option);

	parse_mac(arg[0], mac);
	(void)parse_ip(arg[1], ip);
	memcpy(option + 2, mac, 6);
	memcpy(&na.nd_na_target, ip, 16);
	na.nd_na_type = ND_NEIGHBOR_ADVERT;
	na.nd_na_cksum = fold(sum(ip, 16) + sum(all, 16) + IPPROTO_ICMPV6 + n + sum(&na, sizeof(na)) + sum(option, sizeof(option)));
	put_ether(all_mac, mac, ETHERTYPE_IPV6);
	put_ip6(ip, all, IPPROTO_ICMPV6, n);
	put(&na, sizeof(na));
	put(option, sizeof(option));
}

static struct sockaddr_ll device(const char *name)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };

	at.sll_ifindex = (int)if_nametoindex(name);
	if (!at.sll_ifindex)
		fail(name);
	return at;
}

static void send_frame(const char *name)
{
	struct sockaddr_ll to = device(name);
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || sendto(fd, frame, len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		fail("send");
}

/* ---- watching ---- */

static void say(const char *what, int family, const void *ip, const void *text, size_t n)
{
	char buf[INET6_ADDRSTRLEN];

	printf("%s %s%s%.*s\n", what, inet_ntop(family, ip, buf, sizeof(buf)), n ? " " : "", (int)n, (const char *)text);
	fflush(stdout);
	if (n == 3 && memcmp(text, "end", 3) == 0)
		exit(0);
}

static void look(void)
{
	const struct ether_header *eth = (const void *)frame;
	const unsigned char *p = frame + sizeof(*eth);
	const struct udphdr *udp;

	if (eth->ether_type == htons(ETHERTYPE_ARP)) {
		const struct ether_arp *arp = (const void *)p;

		if (arp->arp_op == htons(ARPOP_REPLY) || memcmp(arp->arp_spa, arp->arp_tpa, 4) == 0)
			say("arp", AF_INET, arp->arp_spa, NULL, 0);
	} else if (eth->ether_type == htons(ETHERTYPE_IP) && p[9] == IPPROTO_UDP) {
		udp = (const void *)(p + 20);
		if (udp->dest == htons(PORT))
			say("udp", AF_INET, p + 12, udp + 1, ntohs(udp->len) - sizeof(*udp));
	} else if (eth->ether_type == htons(ETHERTYPE_IPV6) && p[6] == IPPROTO_UDP) {
		udp = (const void *)(p + 40);
		if (udp->dest == htons(PORT))
			say("udp", AF_INET6, p + 8, udp + 1, ntohs(udp->len) - sizeof(*udp));
	} else if (eth->ether_type == htons(ETHERTYPE_IPV6) && p[6] == IPPROTO_ICMPV6 && p[40] == ND_NEIGHBOR_ADVERT) {
		say("nd", AF_INET6, p + 48, NULL, 0);
	}
}

static void watch(const char *name)
{
	struct sockaddr_ll at = device(name);
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		fail("watch");
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct sockaddr_ll from;
		socklen_t size = sizeof(from);

		if (recvfrom(fd, frame, sizeof(frame), 0, (struct sockaddr *)&from, &size) < 0)
			fail("receive");
		if (from.sll_pkttype != PACKET_OUTGOING)
			look();
	}
}

static void listen_for(void)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		fail("listen");
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct sockaddr_in6 from;
		socklen_t size = sizeof(from);
		ssize_t n = recvfrom(fd, frame, sizeof(frame), 0, (struct sockaddr *)&from, &size);

		if (n < 0)
			fail("receive");
		if (IN6_IS_ADDR_V4MAPPED(&from.sin6_addr))
			say("udp", AF_INET, (unsigned char *)&from.sin6_addr + 12, frame, (size_t)n);
		else
			say("udp", AF_INET6, &from.sin6_addr, frame, (size_t)n);
	}
}

int main(int argc, char **argv)
{
	memset(frame, 0, sizeof(frame));
	if (argc == 8 && strcmp(argv[1], "udp") == 0)
		make_udp(argv + 3);
	else if (argc == 5 && strcmp(argv[1], "arp") == 0)
		make_arp(argv + 3);
	else if (argc == 5 && strcmp(argv[1], "nd") == 0)
		make_nd(argv + 3);
	else if (argc == 3 && strcmp(argv[1], "watch") == 0)
		watch(argv[2]);
	else if (argc == 2 && strcmp(argv[1], "listen") == 0)
		listen_for();
	else {
		fputs("frames: usage: see the top of its source\n", stderr);
		return 2;
	}
	send_frame(argv[2]);
	return 0;
}
