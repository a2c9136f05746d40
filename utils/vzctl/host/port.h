/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of the host that programs of it have. */
#ifndef VZ_HOST_PORT_H
#define VZ_HOST_PORT_H

#include <stdbool.h>

struct net_addr;

/* Does a program listen there? on: AF_UNSPEC stands for all addresses of the family. */
bool port_is_taken(const struct net_addr *on, int family, int protocol, unsigned int port);
/* Who that is: "'nginx' (pid 123)"; NULL: nobody whom we can see. Caller frees. */
char *port_owner(int protocol, unsigned int port);

#endif
