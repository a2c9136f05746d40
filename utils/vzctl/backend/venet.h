/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * venet on a stock kernel: a pair of veth devices without a bridge, between which and the rest of the
 * world the host routes.
 *
 *   inside   venet0: the addresses, /32 and /128 unless a length was given; the default route
 *   host     venetCTID: a route to each address; no address of its own
 *
 * External addresses are only routed: the container does with them what it likes, and whoever is outside
 * has to know by himself that this host leads to them.
 *
 * Neither end asks for neighbours (NOARP), and both have one MAC: whatever is sent into an end arrives at
 * the other, and there is no ARP and no neighbour discovery that could be forged. Other hosts find the
 * addresses because ours answers for them (proxied neighbours) and says so when one comes up.
 *
 * A container can use no address but its own: what comes out of its device from an address that is not
 * routed back into it is dropped, by one nftables rule for all devices, before it is looked at for
 * anything else. The rule asks the routing table, so there is no second list of addresses. rp_filter of
 * the device is set too: it says the same for IPv4, but any udev rule may change it.
 */
#ifndef VZ_BACKEND_VENET_H
#define VZ_BACKEND_VENET_H

#include "backend/backend.h"

/* Members of the table, for kernels without a venet of their own; see backend.h. */
int venet_attach(struct vz_env *env, struct vz_err *err);
int venet_detach(struct vz_env *env, struct vz_err *err);
/*
 * Of a running container: from env->addresses_up and env->ext_addresses_up to env->addresses and
 * env->ext_addresses. All of it or, on failure, nothing.
 */
int venet_change(struct vz_env *env, struct vz_err *err);

/* Of a running container, when a gateway beside it may have gone: what is for everybody goes by venet again. */
int venet_take_over(struct vz_env *env, struct vz_err *err);

/* Of a running container: env->conf says which ports of the host lead to it, at the addresses_up it has. */
int venet_publish(struct vz_env *env, struct vz_err *err);

/* Of a running container: env->conf says how much may go through its device. */
int venet_rate(struct vz_env *env, struct vz_err *err);

/* The device of the host, in ret. tag: of the prefix; "" for none. */
void venet_name(const char *tag, vz_ctid id, char ret[16]);
/* Whose device that is; false: nobody's. */
bool venet_owner(const char *tag, const char *name, vz_ctid *ret);

#endif
