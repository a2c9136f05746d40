/* SPDX-License-Identifier: GPL-2.0-only */
/* Ethernet devices, for programs that send frames of their own: what arpsend and ndsend share. */
#ifndef VZ_WIRE_WIRE_H
#define VZ_WIRE_WIRE_H

#include <stddef.h>

#include "base/cleanup.h"

#define WIRE_MAC_LEN 6

/* Exit codes; those of single tools begin at 3. */
enum { WIRE_OK = 0, WIRE_USAGE = 1, WIRE_SYSTEM = 2 };

struct wire {
	const char *device;
	int fd;			/* packet socket, bound to the device; -1: closed */
	int index;
	unsigned char mac[WIRE_MAC_LEN];
};

/* Open a device for frames of one type, which are received by the socket as well. Failures are said. */
int wire_open(const char *device, int ethertype, struct wire *ret);
int wire_send(const struct wire *w, const void *frame, size_t len);
void wire_close(struct wire *w);

#define auto_wire VZ_CLEANUP(wire_close)

#endif
