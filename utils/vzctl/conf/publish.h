/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A word of PUBLISH: [HOSTADDR:]HOSTPORT:PORT[/udp|/tcp], an address of IPv6 in brackets. */
#ifndef VZ_CONF_PUBLISH_H
#define VZ_CONF_PUBLISH_H

#include <netinet/in.h>
#include <stdbool.h>

struct publish {
	char address[INET6_ADDRSTRLEN];	/* of the host; "": all it has */
	unsigned int host_port;
	unsigned int port;		/* of the container; 0: not named, all there are (to be unpublished) */
	bool udp;
};

/* 0 or -EINVAL. */
int publish_parse(const char *word, struct publish *ret);

#endif
