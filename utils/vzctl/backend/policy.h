/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From parameters to what the kernel is told: capabilities, system call filter, number of tasks, devices.
 * The same on every kernel, so the back ends share it.
 */
#ifndef VZ_BACKEND_POLICY_H
#define VZ_BACKEND_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/layers.h"
#include "host/device.h"
#include "host/inside.h"

/* Is a feature switched on? fallback: what holds when FEATURES does not name it. */
bool policy_has_feature(const struct vz_conf *conf, const char *name, bool fallback);
uint64_t policy_capabilities(const struct vz_conf *conf);
enum seccomp_variant policy_seccomp(const struct vz_conf *conf);

/* NUMPROC as the kernel's pids.max has it. NULL: out of memory. Caller frees. */
char *policy_tasks(const struct vz_conf *conf);

/* Device nodes beyond the standard ones, and the rules of the devices controller. */
struct policy_devices {
	struct inside_node *nodes;
	size_t n_nodes;
	struct device_rule *rules;
	size_t n_rules;
};
/* 0, -ENOMEM, or the errno of a device node of the host that is not there (*ret_name: which; borrowed). */
int policy_devices(const struct vz_conf *conf, struct policy_devices *ret, const char **ret_name);
void policy_devices_done(struct policy_devices *d);

#endif
