/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gratuitous ARP, unsolicited neighbour advertisements, and probes; see announce.h. */
#include <errno.h>
#include <net/if_arp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/frame.h"
#include "host/announce.h"

union frame {
	struct frame_arp arp;
	struct frame_nd nd;
	unsigned char bytes[ETHER_MAX_LEN];
};

/* ---- frames ---- */

/* ARP request about the address; sender is the address itself when it is announced, and nobody in a probe. */
static size_t make_arp(union frame *f, const unsigned char *mac, const struct net_addr *a, bool probe)
{
	struct frame_arp_words w = {
		.operation = ARPOP_REQUEST, .from = mac, .to = frame_everybody, .sender = mac, .target = frame_nobody,
	};

	if (!probe)
		memcpy(&w.sender_ip, a->bytes, sizeof(w.sender_ip));
	memcpy(&w.target_ip, a->bytes, sizeof(w.target_ip));
	frame_make_arp(&f->arp, &w);
	return sizeof(f->arp);
}

static size_t make_nd(union frame *f, const unsigned char *mac, const struct net_addr *a, bool probe)
{
	struct in6_addr address;

	memcpy(&address, a->bytes, sizeof(address));
	return probe ? frame_make_probe(&f->nd, mac, &address) :
		       frame_make_advert(&f->nd, mac, &address, ND_NA_FLAG_OVERRIDE | ND_NA_FLAG_ROUTER);
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
	return len >= offsetof(struct frame_nd, option) &&
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
