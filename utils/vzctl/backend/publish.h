/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Published ports: what is for a port of the host goes to the first address of a container, of either
 * family. What there is stands in maps of the table containers share, and nowhere else: who comes after a
 * command that was killed looks there.
 */
#ifndef VZ_BACKEND_PUBLISH_H
#define VZ_BACKEND_PUBLISH_H

#include "backend/nat.h"

/*
 * Let the ports of env->conf lead to the container's addresses, and no others to them or to those it had.
 * All of it or, on failure, nothing.
 */
int publish_change(const struct nat *t, const struct net_addr *had, size_t n_had, struct vz_err *err);
/* Of a container that has no addresses: say that its ports lead nowhere. */
void publish_nothing(const struct vz_env *env);

#endif
