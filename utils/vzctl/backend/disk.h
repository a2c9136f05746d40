/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much of the host's disk a container may use: project quota of the file system its private area is on.
 * The number of its project is that of its root's uid on the host (LOCAL_UID): one registry sees to it that
 * no two containers of a machine have the same, and it is far from the small numbers that administrators
 * choose. An area in which somebody else's project is handed down stays with that.
 */
#ifndef VZ_BACKEND_DISK_H
#define VZ_BACKEND_DISK_H

#include "backend/backend.h"

/* Members of struct vz_backend. */
int disk_init(struct vz_env *env, struct vz_err *err);
int disk_off(struct vz_env *env, struct vz_err *err);

/* Before the area is mounted. */
int disk_mount(struct vz_env *env, struct vz_err *err);
/* Other limits. */
int disk_apply(struct vz_env *env, struct vz_err *err);
/* 0 or a negative errno: not known. VZ_UNLIMITED for a limit that is none. */
int disk_usage(struct vz_env *env, enum vz_param_id id, enum vz_usage part, uint64_t *ret);
/* What limits it, and what room others have left, for meters. */
void disk_measure(struct vz_env *env, struct meters *ret);

#endif
