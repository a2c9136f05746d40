/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Members of the back end for stock kernels that the one for our kernel takes over as they are, or does
 * something before and after. What they promise is said in backend.h.
 */
#ifndef VZ_BACKEND_NS_H
#define VZ_BACKEND_NS_H

#include "backend/backend.h"

int ns_open(struct vz_host *host, struct vz_err *err);
int ns_probe(struct vz_host *host, struct vz_err *err);
int ns_mount(struct vz_env *env, struct vz_err *err);
int ns_umount(struct vz_env *env, struct vz_err *err);
/*
 * spawn(), with a word in between: meet() is called when process 1 exists and has not mounted or executed
 * anything. 0, or a negative errno with what was being done in *ret_where, upon which nothing is left.
 */
typedef int (*ns_meet_fn)(struct vz_env *env, pid_t pid, const char **ret_where);
int ns_spawn_met(struct vz_env *env, ns_meet_fn meet, struct vz_err *err);
int ns_ready(struct vz_env *env, struct vz_err *err);
int ns_spawn_for_other(struct vz_host *host, const char *message, const int *fds, size_t n_fds, struct vz_err *err);
int ns_release(struct vz_env *env, struct vz_err *err);
int ns_find_init(struct vz_env *env);
bool ns_has_reboot_mark(struct vz_env *env);
int ns_stop(struct vz_env *env, enum vz_env_stop how, struct vz_err *err);
int ns_wait(struct vz_env *env, usec_t timeout);
int ns_enter_ct(struct vz_env *env, const struct vz_enter *enter, pid_t *ret_pid, int *ret_pidfd, struct vz_err *err);
int ns_apply(struct vz_env *env, enum vz_group group, struct vz_err *err);
int ns_freeze(struct vz_env *env, bool freeze, struct vz_err *err);
bool ns_is_frozen(struct vz_env *env);
int ns_list_processes(struct vz_env *env, pid_t **ret);
void ns_measure(struct vz_env *env, struct meters *ret);

#endif
