/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gratuitous ARP, unsolicited neighbour advertisements, and probes; see announce.h. */
#include <errno.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "host/announce.h"

struct arp_frame {
	struct ether_header eth;
	struct ether_arp arp;
};

struct nd_frame {
	struct ether_header eth;
	struct ip6_hdr ip;
	struct icmp6_hdr icmp;
	struct in6_addr target;
	struct nd_opt_hdr option;
	unsigned char mac[NET_MAC_LEN];		/* a probe ends before the option */
} __attribute__((packed));

union frame {
	struct arp_frame arp;
	struct nd_frame nd;
	unsigned char bytes[ETHER_MAX_LEN];
};

static const unsigned char everybody[NET_MAC_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

/* ---- frames ---- */

/* ARP request about the address; sender is the address itself when it is announced, and nobody in a probe. */
static size_t make_arp(union frame *f, const unsigned char *mac, const struct net_addr *a, bool probe)
{
	struct ether_arp *arp = &f->arp.arp;

	*f = (union frame){ 0 };
	memcpy(f->arp.eth.ether_dhost, everybody, NET_MAC_LEN);
	memcpy(f->arp.eth.ether_shost, mac, NET_MAC_LEN);
	f->arp.eth.ether_type = htons(ETHERTYPE_ARP);
	arp->arp_hrd = htons(ARPHRD_ETHER);
	arp->arp_pro = htons(ETHERTYPE_IP);
	arp->arp_hln = NET_MAC_LEN;
	arp->arp_pln = 4;
	arp->arp_op = htons(ARPOP_REQUEST);
	memcpy(arp->arp_sha, mac, NET_MAC_LEN);
	if (!probe)
		memcpy(arp->arp_spa, a->bytes, 4);
	memcpy(arp->arp_tpa, a->bytes, 4);
	return sizeof(f->arp);
}

/* Of what ICMPv6 covers: the pseudo header, and its own bytes. */
static uint16_t icmp6_checksum(const struct nd_frame *f, size_t len)
{
	const unsigned char *body = (const unsigned char *)&f->icmp;
	const unsigned char *addresses = (const unsigned char *)&f->ip.ip6_src;
	uint32_t sum = (uint32_t)len + IPPROTO_ICMPV6;

	for (size_t i = 0; i < 2 * sizeof(struct in6_addr); i += 2)
		sum += (uint32_t)addresses[i] << 8 | addresses[i + 1];
	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)body[i] << 8 | body[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* Everybody (ff02::1), or those that an address like this one belongs to (ff02::1:ffXX:XXXX). */
static void set_multicast(struct nd_frame *f, const struct net_addr *solicited)
{
	static const unsigned char all_nodes[16] = { 0xff, 2, [15] = 1 };
	static const unsigned char solicited_node[13] = { 0xff, 2, [11] = 1, [12] = 0xff };
	unsigned char *dst = (unsigned char *)&f->ip.ip6_dst;

	memcpy(dst, all_nodes, sizeof(all_nodes));
	if (solicited) {
		memcpy(dst, solicited_node, sizeof(solicited_node));
		memcpy(dst + 13, solicited->bytes + 13, 3);
	}
	f->eth.ether_dhost[0] = f->eth.ether_dhost[1] = 0x33;
	memcpy(f->eth.ether_dhost + 2, dst + 12, 4);
}

static size_t make_nd(union frame *f, const unsigned char *mac, const struct net_addr *a, bool probe)
{
	size_t len = sizeof(f->nd.icmp) + sizeof(f->nd.target);

	*f = (union frame){ 0 };
	if (!probe) {
		len += sizeof(f->nd.option) + NET_MAC_LEN;
		memcpy(&f->nd.ip.ip6_src, a->bytes, 16);
		f->nd.icmp.icmp6_data32[0] = ND_NA_FLAG_OVERRIDE | ND_NA_FLAG_ROUTER;
		f->nd.option.nd_opt_type = ND_OPT_TARGET_LINKADDR;
		f->nd.option.nd_opt_len = 1;
		memcpy(f->nd.mac, mac, NET_MAC_LEN);
	}
	set_multicast(&f->nd, probe ? a : NULL);
	memcpy(f->nd.eth.ether_shost, mac, NET_MAC_LEN);
	f->nd.eth.ether_type = htons(ETHERTYPE_IPV6);
	f->nd.ip.ip6_vfc = 6 << 4;
	f->nd.ip.ip6_plen = htons((uint16_t)len);
	f->nd.ip.ip6_nxt = IPPROTO_ICMPV6;
	f->nd.ip.ip6_hlim = 255;
	f->nd.icmp.icmp6_type = probe ? ND_NEIGHBOR_SOLICIT : ND_NEIGHBOR_ADVERT;
	memcpy(&f->nd.target, a->bytes, 16);
	f->nd.icmp.icmp6_cksum = icmp6_checksum(&f->nd, len);
	return sizeof(f->nd.eth) + sizeof(f->nd.ip) + len;
}

/* ---- sending ---- */

static struct sockaddr_ll on_device(const struct net_neighbourhood *d, int protocol)
{
	return (struct sockaddr_ll){
		.sll_family = AF_PACKET,
		.sll_protocol = htons((uint16_t)protocol),
		.sll_ifindex = d->index,
	};
}

/* To receive all that comes. */
static int open_device(const struct net_neighbourhood *d)
{
	struct sockaddr_ll at = on_device(d, ETH_P_ALL);
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -errno;
}

static int send_about(int fd, const struct net_neighbourhood *d, const struct net_addr *a, bool probe)
{
	struct sockaddr_ll to = on_device(d, a->family == AF_INET ? ETHERTYPE_ARP : ETHERTYPE_IPV6);
	union frame f;
	size_t len = a->family == AF_INET ? make_arp(&f, d->mac, a, probe) : make_nd(&f, d->mac, a, probe);

	return sendto(fd, &f, len, 0, (struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
}

static void __attribute__((noreturn)) run_announcer(const struct announcement *list, size_t n)
{
	int fd;

	/* Whoever reads what we write, or waits for a lock of ours, does not wait for this. */
	(void)close_range(0, ~0u, 0);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	for (size_t i = 0; fd >= 0 && i < n; i++)
		(void)send_about(fd, &list[i].where, &list[i].address, false);
	_exit(0);
}

int announce_addresses(const struct announcement *list, size_t n)
{
	pid_t pid = n ? fork() : -1;

	if (pid == 0) {
		/* As a child's child it is nobody's to reap but the host's init. */
		pid = fork();
		if (pid == 0)
			run_announcer(list, n);
		_exit(pid < 0 ? errno : 0);
	}
	if (pid < 0)
		return n ? -errno : 0;
	return -WEXITSTATUS(proc_wait(pid));
}

/* ---- probing ---- */

/* Does the frame say that somebody has the address? */
static bool claims(const union frame *f, size_t len, const struct net_addr *a)
{
	if (a->family == AF_INET)
		return len >= sizeof(f->arp) && f->arp.eth.ether_type == htons(ETHERTYPE_ARP) &&
		       memcmp(f->arp.arp.arp_spa, a->bytes, 4) == 0;
	return len >= sizeof(f->nd) - sizeof(f->nd.option) - NET_MAC_LEN &&
	       f->nd.eth.ether_type == htons(ETHERTYPE_IPV6) && f->nd.ip.ip6_nxt == IPPROTO_ICMPV6 &&
	       f->nd.icmp.icmp6_type == ND_NEIGHBOR_ADVERT && memcmp(&f->nd.target, a->bytes, 16) == 0;
}

/* The index of the address that was claimed by a frame waiting in fd; -EAGAIN: it was about something else. */
static int read_claim(int fd, const struct net_neighbourhood *d, const struct net_addr *addrs, size_t n,
		      unsigned char *ret_mac)
{
	union frame f;
	ssize_t len = recv(fd, &f, sizeof(f), MSG_DONTWAIT | MSG_TRUNC);

	if (len < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	for (size_t i = 0; i < n; i++) {
		if (!claims(&f, (size_t)len, &addrs[i]) || memcmp(f.arp.eth.ether_shost, d->mac, NET_MAC_LEN) == 0)
			continue;
		memcpy(ret_mac, f.arp.eth.ether_shost, NET_MAC_LEN);
		return (int)i;
	}
	return -EAGAIN;
}

int announce_probe(const struct net_neighbourhood *d, const struct net_addr *addrs, size_t n, usec_t timeout,
		   size_t *ret_index, unsigned char ret_mac[NET_MAC_LEN])
{
	auto_close int fd = open_device(d);
	usec_t now = now_usec(), end = now + timeout;
	int r = fd;

	for (size_t i = 0; r >= 0 && i < n; i++)
		r = send_about(fd, d, &addrs[i], true);
	for (; r >= 0 && now < end; now = now_usec()) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int claimed;

		if (poll(&p, 1, (int)((end - now + 999) / 1000)) <= 0)
			continue;
		claimed = read_claim(fd, d, addrs, n, ret_mac);
		if (claimed >= 0) {
			*ret_index = (size_t)claimed;
			return 1;
		}
		r = claimed == -EAGAIN ? 0 : claimed;
	}
	return r < 0 ? r : 0;
}
