/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The limits of a container in the cgroups of a stock kernel. They are those of its outer group, which
 * belongs to the host's root; nothing inside can reach it. What the parameters mean is policy.h's business.
 */
#ifndef VZ_BACKEND_LIMITS_H
#define VZ_BACKEND_LIMITS_H

#include "backend/backend.h"

/* Members of struct vz_backend. */
int limits_prepare(struct vz_env *env, struct vz_err *err);
int limits_remove(struct vz_env *env, struct vz_err *err);
int limits_apply(struct vz_env *env, enum vz_group group, struct vz_err *err);

/* Would one more process be too many? Asked where the kernel does not refuse it by itself. */
bool limits_tasks_are_full(struct vz_env *env);

/* ---- limits-memory.c ---- */
int limits_memory(struct vz_env *env, bool fresh, struct vz_err *err);
/* Has the kernel killed anybody in it for want of memory? */
bool limits_memory_ran_out(struct vz_env *env);

/* ---- limits-io.c ---- */
int limits_ioprio(struct vz_env *env, bool fresh, struct vz_err *err);
int limits_iolimit(struct vz_env *env, bool fresh, struct vz_err *err);
int limits_iopslimit(struct vz_env *env, bool fresh, struct vz_err *err);

/* ---- usage.c ---- */
/* Member of struct vz_backend. */
int usage_read(struct vz_env *env, enum vz_param_id id, enum vz_usage part, uint64_t *ret);

/* ---- shared between them ---- */
/* Does the result of cgroup_write() or cgroup_read() mean that the controller is not to be had? */
bool limits_is_missing(int r);
/* What policy_devices() made of a word of DEVNODES ("sdb:rw"); NULL: of none. */
int limits_fail_for_device(const char *word, int r, struct vz_err *err);
int limits_fail_for_controller(struct vz_env *env, enum vz_param_id id, const char *controller, enum vz_error code,
			       struct vz_err *err);

#endif
