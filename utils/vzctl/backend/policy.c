/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From parameters to what the kernel is told; see policy.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/major.h>

#include "backend/policy.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mask.h"
#include "base/str.h"
#include "base/strv.h"
#include "host/caps.h"

#define TASKS_MAX (4u << 20)	/* PID_MAX_LIMIT of 64 bit kernels */
#define CPU_UNITS 1000u		/* of a container that has none set */
#define CPU_UNITS_MIN 8u
#define CPU_UNITS_MAX 500000u
#define VE_CPUS_MAX UINT64_C(8192)	/* the most that our kernel takes */
#define IO_PRIORITY 4
#define PERIOD_USEC UINT64_C(20000)
#define PERIOD_USUAL_USEC UINT64_C(100000)
#define QUOTA_MIN_USEC UINT64_C(1000)
#define KIB_MAX (VZ_UNLIMITED / 1024)

/* Features that give the container a device node, and the module that brings it to the host. */
static const struct { const char *feature, *node, *module; } feature_nodes[] = {
	{ "tun",  "net/tun", "tun" },
	{ "fuse", "fuse",    "fuse" },
	{ "ppp",  "ppp",     "ppp_generic" },
};
/* Those that a stock kernel has for nobody but the host. */
static const char *const host_features[] = { "nfs", "nfsd", "time" };

/* The word behind "name:" in a list of name:on|off; NULL if name is not there. */
static const char *switch_of(char *const *list, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; list && list[i]; i++)
		if (strncasecmp(list[i], name, len) == 0 && list[i][len] == ':')
			return list[i] + len + 1;
	return NULL;
}

bool policy_has_feature(const struct vz_conf *conf, const char *name, bool fallback)
{
	const char *sw = switch_of(conf_list(conf, VZ_P_features), name);

	return sw ? strcmp(sw, "on") == 0 : fallback;
}

int policy_missing_features(const struct vz_conf *conf, char ***ret)
{
	auto_strv char **list = NULL;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(host_features) && r == 0; i++)
		if (policy_has_feature(conf, host_features[i], false))
			r = strv_take(&list, str_printf("%s: kept, not enforced by this kernel", host_features[i]));
	for (size_t i = 0; i < ARRAY_SIZE(feature_nodes) && r == 0; i++) {
		auto_free char *path = path_join("/dev", feature_nodes[i].node);

		if (path && policy_has_feature(conf, feature_nodes[i].feature, false) && !path_exists(path))
			r = strv_take(&list, str_printf("%s: the host has no '%s' (modprobe %s)", feature_nodes[i].feature,
							path, feature_nodes[i].module));
	}
	if (r == 0)
		*ret = take_ptr(list);
	return r;
}

uint64_t policy_capabilities(const struct vz_conf *conf)
{
	char *const *list = conf_list(conf, VZ_P_capability);
	uint64_t set = caps_container_default();

	for (size_t i = 0; list && list[i]; i++) {
		auto_free char *name = strndup(list[i], strcspn(list[i], ":"));
		int bit = name ? caps_by_name(name) : -1;

		if (bit < 0 || bit >= CAPS_MAX)
			continue;
		if (strcmp(list[i] + strlen(name), ":on") == 0)
			set |= 1ull << bit;
		else
			set &= ~(1ull << bit);
	}
	return set;
}

enum seccomp_variant policy_seccomp(const struct vz_conf *conf)
{
	if (str_equal(conf_str(conf, VZ_P_netfilter), "disabled"))
		return SECCOMP_NO_NETFILTER;
	return policy_has_feature(conf, "io_uring", false) ? SECCOMP_IO_URING : SECCOMP_DEFAULT;
}

char *policy_tasks(const struct vz_conf *conf)
{
	uint64_t limit = conf->v[VZ_P_numproc].set ? conf->v[VZ_P_numproc].bl.lim : VZ_UNLIMITED;

	/* The kernel refuses what is more than it could ever have. */
	return limit > TASKS_MAX ? strdup("max") : str_printf("%llu", (unsigned long long)limit);
}

/* Of a limit in pages. INT_MAX is how 32 bit kernels wrote "unlimited". */
static uint64_t bytes_of(const struct vz_value *v, uint64_t fallback)
{
	uint64_t bytes;

	if (!v->set)
		return fallback;
	if (v->bl.lim >= VZ_UNLIMITED || v->bl.lim == INT32_MAX ||
	    __builtin_mul_overflow(v->bl.lim, (uint64_t)sysconf(_SC_PAGESIZE), &bytes) || bytes > VZ_UNLIMITED)
		return VZ_UNLIMITED;
	return bytes;
}

struct policy_memory policy_memory(const struct vz_conf *conf)
{
	uint64_t ram = bytes_of(&conf->v[VZ_P_physpages], VZ_UNLIMITED);

	return (struct policy_memory){
		.ram = ram,
		.swap = bytes_of(&conf->v[VZ_P_swappages], ram == VZ_UNLIMITED ? VZ_UNLIMITED : 0),
	};
}

void policy_files_done(struct policy_files *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->f[i].value);
	*p = (struct policy_files){ 0 };
}

/* value becomes p's. */
static void add_file(struct policy_files *p, const char *name, char *value)
{
	p->failed |= !value;
	p->f[p->n].name = name;
	p->f[p->n++].value = value;
}

static void add_optional_file(struct policy_files *p, const char *name, char *value)
{
	p->f[p->n].optional = true;
	add_file(p, name, value);
}

static char *number_text(uint64_t n)
{
	return str_printf("%llu", (unsigned long long)n);
}

static uint64_t scale(uint64_t n, uint64_t num, uint64_t den, uint64_t min, uint64_t max)
{
	n = (n * num + den / 2) / den;
	return n < min ? min : n > max ? max : n;
}

static uint64_t cpu_units(const struct vz_conf *conf)
{
	const struct vz_value *weight = &conf->v[VZ_P_cpuuweight];

	if (conf->v[VZ_P_cpuunits].set || !weight->set)
		return conf_num(conf, VZ_P_cpuunits, CPU_UNITS);
	return VZ_MAX(CPU_UNITS_MAX / weight->num, (uint64_t)CPU_UNITS_MIN);
}

void policy_cpu_units(const struct vz_conf *conf, bool v1, struct policy_files *ret)
{
	uint64_t units = cpu_units(conf);

	*ret = (struct policy_files){ .is_default = units == CPU_UNITS };
	if (v1)
		add_file(ret, "cpu.shares", number_text(scale(units, 1024, CPU_UNITS, 2, 262144)));
	else
		add_file(ret, "cpu.weight", number_text(scale(units, 100, CPU_UNITS, 1, 10000)));
}

uint64_t policy_cpu_percent(const struct vz_conf *conf)
{
	uint64_t limit = conf_num(conf, VZ_P_cpulimit, 0);
	uint64_t cpus = conf_num(conf, VZ_P_cpus, 0) * 100;

	return limit && cpus ? VZ_MIN(limit, cpus) : limit + cpus;
}

void policy_cpu_limit(const struct vz_conf *conf, bool v1, struct policy_files *ret)
{
	uint64_t percent = policy_cpu_percent(conf);
	/* Longer only where the quota would be less than the kernel takes. */
	uint64_t period = percent ? VZ_MAX(PERIOD_USEC, (QUOTA_MIN_USEC * 100 + percent - 1) / percent) : PERIOD_USUAL_USEC;
	uint64_t quota = period * percent / 100;
	const char *burst = v1 ? "cpu.cfs_burst_us" : "cpu.max.burst";

	*ret = (struct policy_files){ .is_default = !percent };
	/* A burst above the quota is refused, also for the moment in between. */
	add_optional_file(ret, burst, strdup("0"));
	if (v1) {
		add_file(ret, "cpu.cfs_period_us", number_text(period));
		add_file(ret, "cpu.cfs_quota_us", percent ? number_text(quota) : strdup("-1"));
	} else if (percent) {
		add_file(ret, "cpu.max", str_printf("%llu %llu", (unsigned long long)quota, (unsigned long long)period));
	} else {
		add_file(ret, "cpu.max", str_printf("max %llu", (unsigned long long)period));
	}
	if (percent)
		add_optional_file(ret, burst, number_text(quota));
}

char *policy_ve_cpus(const struct vz_conf *conf)
{
	uint64_t cpus = conf_num(conf, VZ_P_cpus, 0);

	return cpus ? number_text(VZ_MIN(cpus, VE_CPUS_MAX)) : strdup("max");
}

unsigned int policy_io_weight(const struct vz_conf *conf)
{
	static const unsigned int weights[] = { 6, 12, 25, 50, 100, 200, 400, 800 };

	return weights[conf_num(conf, VZ_P_ioprio, IO_PRIORITY)];
}

int policy_places(const char *wanted, const char *available, char **ret)
{
	struct mask have = { 0 }, want = { 0 };

	if (mask_add(&have, available) < 0)
		return -ENODEV;
	if (wanted && strcmp(wanted, "all") != 0) {
		if (mask_add(&want, wanted) < 0)
			return -ENODEV;
		mask_and(&have, &want);
	}
	if (mask_is_empty(&have))
		return -ENODEV;
	*ret = mask_text(&have);
	return *ret ? 0 : -ENOMEM;
}

/* Nothing, and more than any disk has, is no limit. */
static uint64_t disk_limit(uint64_t n, uint64_t most)
{
	return n < most ? n : 0;
}

struct quota_limits policy_disk(const struct vz_conf *conf)
{
	const struct vz_value *space = &conf->v[VZ_P_diskspace], *inodes = &conf->v[VZ_P_diskinodes];
	struct quota_limits l = { 0 };

	if (!conf_yes(conf, VZ_P_disk_quota, true))
		return l;
	if (space->set) {
		l.space_soft = disk_limit(space->bl.bar, KIB_MAX);
		l.space_hard = disk_limit(space->bl.lim, KIB_MAX);
	}
	if (inodes->set) {
		l.inodes_soft = disk_limit(inodes->bl.bar, VZ_UNLIMITED);
		l.inodes_hard = disk_limit(inodes->bl.lim, VZ_UNLIMITED);
	}
	if (conf_num(conf, VZ_P_quotatime, 1))
		return l;
	if (l.space_soft)
		l.space_hard = l.space_soft;
	if (l.inodes_soft)
		l.inodes_hard = l.inodes_soft;
	return l;
}

bool policy_disk_is_limited(const struct vz_conf *conf)
{
	struct quota_limits l = policy_disk(conf);

	return l.space_soft || l.space_hard || l.inodes_soft || l.inodes_hard;
}

static unsigned int access_bits(const char *mode)
{
	unsigned int bits = 0;

	if (strcmp(mode, "none") == 0)
		return 0;
	for (; *mode; mode++)
		bits |= *mode == 'r' ? DEVICE_READ : *mode == 'w' ? DEVICE_WRITE : 0;
	return bits ? bits | DEVICE_MKNOD : 0;
}

static int add_rule(struct policy_devices *d, struct device_rule rule)
{
	struct device_rule *bigger = realloc(d->rules, (d->n_rules + 1) * sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	bigger[d->n_rules++] = rule;
	d->rules = bigger;
	return 0;
}

/* Bind a node of the host, and allow the device it is. */
static int add_node(struct policy_devices *d, const char *name, unsigned int access, bool optional)
{
	auto_free char *path = path_join("/dev", name);
	struct inside_node *bigger;
	struct stat st;
	char *copy;

	if (!path)
		return -ENOMEM;
	if (stat(path, &st) < 0)
		return optional ? 0 : -errno;
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return -ENODEV;
	/* Virtual consoles show what is typed on the host. */
	if (S_ISCHR(st.st_mode) && major(st.st_rdev) == VCS_MAJOR)
		return -EPERM;
	copy = strdup(name);
	bigger = realloc(d->nodes, (d->n_nodes + 1) * sizeof(*bigger));
	if (bigger)
		d->nodes = bigger;
	if (!bigger || !copy) {
		free(copy);
		return -ENOMEM;
	}
	bigger[d->n_nodes++] = (struct inside_node){ .name = copy, .mode = st.st_mode, .dev = st.st_rdev };
	return add_rule(d, (struct device_rule){
		.type = S_ISBLK(st.st_mode) ? 'b' : 'c',
		.major = (int)major(st.st_rdev),
		.minor = (int)minor(st.st_rdev),
		.access = access,
	});
}

/* "sdb:rw", "sdb:none" */
static int add_devnode(struct policy_devices *d, const char *entry)
{
	const char *colon = strrchr(entry, ':');
	auto_free char *name = colon ? strndup(entry, (size_t)(colon - entry)) : NULL;
	unsigned int access = colon ? access_bits(colon + 1) : 0;

	if (!name || !access)
		return 0;
	return add_node(d, name, access, false);
}

/* "b:8:16:rw", "c:10:all:r", "b:8:16:none" */
static int add_device(struct policy_devices *d, const char *entry)
{
	struct device_rule rule = { .type = entry[0], .minor = DEVICE_ANY };
	const char *minor_text, *mode;

	if (strncmp(entry + 1, ":", 1) != 0)
		return 0;
	rule.major = (int)strtol(entry + 2, NULL, 10);
	minor_text = strchr(entry + 2, ':');
	mode = strrchr(entry, ':');
	if (!minor_text || mode == minor_text)
		return 0;
	if (strncmp(minor_text, ":all:", 5) != 0)
		rule.minor = (int)strtol(minor_text + 1, NULL, 10);
	rule.access = access_bits(mode + 1);
	return add_rule(d, rule);
}

int policy_devices(const struct vz_conf *conf, struct policy_devices *ret, const char **ret_name)
{
	struct policy_devices d = { 0 };
	char *const *list;
	int r = 0;

	for (size_t i = 0; i < device_defaults_len && r == 0; i++)
		r = add_rule(&d, device_defaults[i]);
	for (size_t i = 0; i < ARRAY_SIZE(feature_nodes) && r == 0; i++)
		if (policy_has_feature(conf, feature_nodes[i].feature, false))
			r = add_node(&d, feature_nodes[i].node, DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD, true);
	list = conf_list(conf, VZ_P_devices);
	for (size_t i = 0; list && list[i] && r == 0; i++)
		r = add_device(&d, list[i]);
	list = conf_list(conf, VZ_P_devnodes);
	for (size_t i = 0; list && list[i] && r == 0; i++) {
		*ret_name = list[i];
		r = add_devnode(&d, list[i]);
	}
	if (r < 0) {
		policy_devices_done(&d);
		return r;
	}
	*ret = d;
	return 0;
}

void policy_devices_done(struct policy_devices *d)
{
	for (size_t i = 0; i < d->n_nodes; i++)
		free((char *)d->nodes[i].name);
	free(d->nodes);
	free(d->rules);
	*d = (struct policy_devices){ 0 };
}
