/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts of the host inside a container, for the back end of stock kernels: BINDMOUNT, nodes, and lxcfs over /proc. */
#ifndef VZ_BACKEND_BINDS_H
#define VZ_BACKEND_BINDS_H

#include "backend/backend.h"

/* Members of struct vz_backend; see there. */
int binds_add(struct vz_env *env, const struct bindmount *b, size_t n, struct vz_err *err);
int binds_remove(struct vz_env *env, const char *dst, const struct bind_identity *what, struct vz_err *err);
int binds_add_lxcfs(struct vz_env *env, struct vz_err *err);
bool binds_has_lxcfs(struct vz_env *env);

/* The nodes a running container is configured with: those that are not there yet. */
int binds_add_nodes(struct vz_env *env, struct vz_err *err);

#endif
