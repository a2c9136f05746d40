/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All of a container's network on a stock kernel: venet.h, veth.h, netdev.h and what they share.
 */
#ifndef VZ_BACKEND_NETWORK_H
#define VZ_BACKEND_NETWORK_H

#include "backend/backend.h"
#include "host/net.h"

/* Members of the table; see backend.h. */
int network_attach(struct vz_env *env, struct vz_err *err);
int network_is_filtered(struct vz_env *env);
int network_detach(struct vz_env *env, struct vz_err *err);

/*
 * A change of one container's network: the connection, and a lock on what all containers share (tables of
 * nftables), without which the last one to go could take the filter from one that is just coming.
 */
struct network {
	struct vz_env *env;
	struct net *net;		/* owned */
	int lock;			/* -1; owned */
	char table[16];			/* name of our tables of nftables */
};
int network_begin(struct network *n, struct vz_env *env, struct vz_err *err);
int network_open_inside(struct network *n, struct vz_err *err);
void network_end(struct network *n);
/* A failure we go on after. r: a negative errno. */
void network_warn(struct network *n, int r, const char *what, const char *name);

#endif
