/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtual Ethernet devices of a container (NETIF): pairs, one end inside, the other on the host, on a bridge
 * if one is named.
 *
 * A filter keeps the container to its MAC, unless mac_filter=off: two chains of nftables for a device of the
 * host, at its ingress and at its egress, in the table "netdev vz". That is before the bridge, so it sees what
 * the bridge would take for itself (spanning tree), and works without one, too. Frames come in from no
 * other MAC, ARP claims no other, and frames go out to no other but everybody's. Addresses given for the device
 * (ip=… of NETIF) are configured inside, and it is kept to them in the same way.
 *
 * A limit of what goes through it (RATE) is two more chains, which drop what is more than a second's worth: what waited in an
 * intermediate device, as that of venet does, would come back behind the filter.
 */
#ifndef VZ_BACKEND_VETH_H
#define VZ_BACKEND_VETH_H

#include "backend/backend.h"

/* For all of env->netifs, of a container whose process 1 waits. What is left of env->netifs_up goes first. */
int veth_attach(struct vz_env *env, struct vz_err *err);
/* All of env->netifs_up goes. */
int veth_detach(struct vz_env *env, struct vz_err *err);
/* Of a running container: from env->netifs_up to env->netifs. All of it or, on failure, nothing. */
int veth_change(struct vz_env *env, struct vz_err *err);

/* Of a running container: env->conf says how much may go through each of env->netifs_up. */
int veth_rate(struct vz_env *env, struct vz_err *err);

struct network;
/* Are the filters of all env->netifs_up there? 1, 0 or -errno. */
int veth_is_filtered(const struct network *nw);

#endif
