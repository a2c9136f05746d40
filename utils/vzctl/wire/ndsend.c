/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ndsend: tell everybody on a device that an IPv6 address is to be found here, by a neighbour advertisement
 * nobody asked for. What they knew before is overridden; they take it that no router has the address.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/frame.h"
#include "wire/wire.h"

int main(int argc, char **argv)
{
	auto_wire struct wire w = { .fd = -1 };
	struct frame_nd f;
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
	return wire_send(&w, &f, frame_make_advert(&f, w.mac, &address, ND_NA_FLAG_OVERRIDE)) < 0 ? WIRE_SYSTEM : WIRE_OK;
}
