/* SPDX-License-Identifier: GPL-2.0-only */
/* Packet sockets; see wire.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/wire.h"

static int fail(const char *device, const char *what)
{
	(void)fprintf(stderr, "%s: device '%s': %s\n", program_invocation_short_name, device, what);
	return -1;
}

/* Asked of the kernel under its own name: the socket's answer is of that device, whatever comes later. */
static int find_device(struct wire *w)
{
	struct ifreq ifr = { 0 };

	if (strlen(w->device) >= sizeof(ifr.ifr_name))
		return fail(w->device, "the name is too long");
	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", w->device);
	if (ioctl(w->fd, SIOCGIFINDEX, &ifr) < 0)
		return fail(w->device, strerror(errno));
	w->index = ifr.ifr_ifindex;
	if (ioctl(w->fd, SIOCGIFHWADDR, &ifr) < 0)
		return fail(w->device, strerror(errno));
	if (ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return fail(w->device, "it is no Ethernet device");
	memcpy(w->mac, ifr.ifr_hwaddr.sa_data, WIRE_MAC_LEN);
	return 0;
}

int wire_open(const char *device, int ethertype, struct wire *ret)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons((uint16_t)ethertype) };

	/* Of no protocol until it is bound: nothing of other devices is received. */
	*ret = (struct wire){ .device = device, .fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) };
	if (ret->fd < 0)
		return fail(device, strerror(errno));
	if (find_device(ret) < 0)
		return -1;
	at.sll_ifindex = ret->index;
	return bind(ret->fd, (struct sockaddr *)&at, sizeof(at)) < 0 ? fail(device, strerror(errno)) : 0;
}

int wire_send(const struct wire *w, const void *frame, size_t len)
{
	ssize_t n;

	do {
		n = send(w->fd, frame, len, 0);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? fail(w->device, strerror(errno)) : 0;
}

void wire_close(struct wire *w)
{
	if (w->fd >= 0)
		(void)close(w->fd);
	w->fd = -1;
}
