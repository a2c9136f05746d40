/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From parameters to what the kernel is told: capabilities, system call filter, limits, devices. The same
 * on every kernel, so the back ends share it.
 */
#ifndef VZ_BACKEND_POLICY_H
#define VZ_BACKEND_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/layers.h"
#include "host/device.h"
#include "host/inside.h"
#include "host/quota.h"

/* Is a feature switched on? fallback: what holds when FEATURES does not name it. */
bool policy_has_feature(const struct vz_conf *conf, const char *name, bool fallback);
/* Of the features that are switched on, those that cannot be had, each with the reason. 0 or -ENOMEM. Caller frees. */
int policy_missing_features(const struct vz_conf *conf, char ***ret);
uint64_t policy_capabilities(const struct vz_conf *conf);
enum seccomp_variant policy_seccomp(const struct vz_conf *conf);

/* NUMPROC as the kernel's pids.max has it. NULL: out of memory. Caller frees. */
char *policy_tasks(const struct vz_conf *conf);

/*
 * PHYSPAGES and SWAPPAGES in bytes; VZ_UNLIMITED. Whoever limits RAM and says nothing of swap space has none.
 * Barriers mean nothing here.
 */
struct policy_memory {
	uint64_t ram, swap;
};
struct policy_memory policy_memory(const struct vz_conf *conf);

/* Files of a controller and what is to be written there, in this order. */
struct policy_files {
	struct {
		const char *name;
		char *value;		/* owned */
		bool optional;		/* of newer kernels: does not have to be there */
	} f[4];
	size_t n;
	bool is_default;		/* what a new group has anyway */
	bool failed;			/* out of memory */
};
void policy_files_done(struct policy_files *p);

/*
 * CPUUNITS on the kernel's scales, which keep proportions: 1000 is 100 of cpu.weight, 1024 of cpu.shares.
 * What is beyond a scale becomes its end. CPUUWEIGHT is OpenVZ's inverse: 500 is 1000 CPUUNITS, 250 twice that.
 */
void policy_cpu_units(const struct vz_conf *conf, bool v1, struct policy_files *ret);
/*
 * CPULIMIT and CPUS: the smaller one holds. Whoever has used up his share of a period waits for the next
 * one, so periods are short, a fifth of the kernel's usual; and what was not used in one may be used in the
 * next, so that a container that was idle does not have to wait at all.
 */
void policy_cpu_limit(const struct vz_conf *conf, bool v1, struct policy_files *ret);
/* The limit they make together, in per cent of a CPU; 0: none. */
uint64_t policy_cpu_percent(const struct vz_conf *conf);
/* CPUS as our kernel's ve.cpus has it: how many it sees. NULL: out of memory. Caller frees. */
char *policy_ve_cpus(const struct vz_conf *conf);
/*
 * IOPRIO as a weight for BFQ or io.cost: the kernel's usual 100 for the usual 4, and twice as much for each
 * step up.
 */
unsigned int policy_io_weight(const struct vz_conf *conf);
/* What of a mask ("0-3", "all", NULL: all) there is. 0, -ENODEV: nothing, or -ENOMEM. Caller frees *ret. */
int policy_places(const char *wanted, const char *available, char **ret);

/*
 * DISKSPACE and DISKINODES; none with DISK_QUOTA=no. A soft limit that may be exceeded for no time (QUOTATIME)
 * is a hard one.
 */
struct quota_limits policy_disk(const struct vz_conf *conf);
bool policy_disk_is_limited(const struct vz_conf *conf);

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
