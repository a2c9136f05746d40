/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network devices of the host that are moved into a container (NETDEV), and back when it is stopped.
 *
 * A container that ends by itself takes its network with it before anybody could move a device back. The
 * kernel then gives real ones to the host, and virtual ones end.
 */
#ifndef VZ_BACKEND_NETDEV_H
#define VZ_BACKEND_NETDEV_H

#include "backend/backend.h"

/* All of env->netdevs, into a container whose process 1 waits. */
int netdev_attach(struct vz_env *env, struct vz_err *err);
/* Of a running container: from env->netdevs_up to env->netdevs. All of it or, on failure, nothing. */
int netdev_change(struct vz_env *env, struct vz_err *err);
/* If there are any in env->netdevs_up, keep hold of the container's network: env->netns. */
int netdev_hold(struct vz_env *env, struct vz_err *err);
/* All of env->netdevs_up come back. */
int netdev_detach(struct vz_env *env, struct vz_err *err);

#endif
