/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parameters on a running container: one applier for each group of parameters, called once however
 * many of its parameters changed. An applier works from ct->conf, which holds the new values.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/strv.h"
#include "ct/ct.h"

char *apply_passwords(const struct vz_edits *edits)
{
	struct vz_str all = { 0 };

	for (size_t i = 0; i < edits->n; i++) {
		char *const *list;

		if (edits->e[i].id != VZ_P_userpasswd)
			continue;
		list = edits->e[i].value.list;
		for (size_t j = 0; list && list[j]; j++)
			str_addf(&all, "%s%s", all.len ? " " : "", list[j]);
	}
	if (!all.len) {
		str_done(&all);
		return NULL;
	}
	return str_take(&all);
}

static const struct dist_words running = { .state = "running" };

static int apply_hostname(struct vz_ct *ct, const struct vz_edits *edits, enum vz_group group VZ_UNUSED,
			struct vz_err *err)
{
	(void)edits;
	return dist_run(ct, 1u << VZ_DIST_SET_HOSTNAME, &running, err);
}

static int apply_dns(struct vz_ct *ct, const struct vz_edits *edits, enum vz_group group VZ_UNUSED,
			struct vz_err *err)
{
	(void)edits;
	return dist_run(ct, 1u << VZ_DIST_SET_DNS, &running, err);
}

static int apply_password(struct vz_ct *ct, const struct vz_edits *edits, enum vz_group group VZ_UNUSED,
			struct vz_err *err)
{
	auto_free char *userpw = apply_passwords(edits);
	struct dist_words words = { .state = "running", .userpw = userpw };

	if (!userpw)
		return 0;
	return dist_run(ct, 1u << VZ_DIST_SET_USERPASS, &words, err);
}

static int apply_osrelease(struct vz_ct *ct, const struct vz_edits *edits VZ_UNUSED, enum vz_group group,
			   struct vz_err *err)
{
	return osrelease_choose(ct, err) < 0 ? -1 : ct->vz->be->apply(&ct->env, group, err);
}

static int apply_binds(struct vz_ct *ct, const struct vz_edits *edits, enum vz_group group VZ_UNUSED,
		       struct vz_err *err)
{
	return binds_apply(ct, edits, err);
}

/* "fuse:none". A device that is not on the host any more has no number to know its node by: it stays. */
static int remove_node(struct vz_ct *ct, const char *word, struct vz_err *err)
{
	const char *colon = strrchr(word, ':');
	auto_free char *path = colon ? str_printf("/dev/%.*s", (int)(colon - word), word) : NULL;
	struct bind_identity what = { 0 };
	struct stat st;

	if (!colon || strcmp(colon, ":none") != 0)
		return 0;
	if (!path)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "container %u", ct->id);
	if (stat(path, &st) < 0)
		return 0;
	what.device = st.st_rdev;
	return ct->vz->be->bind_remove(&ct->env, path, &what, err) < 0 ? -1 : 0;
}

static int remove_nodes(struct vz_ct *ct, const struct vz_edits *edits, struct vz_err *err)
{
	for (size_t i = 0; i < edits->n; i++) {
		char *const *list = edits->e[i].id == VZ_P_devnodes ? edits->e[i].value.list : NULL;

		for (; list && *list; list++)
			if (remove_node(ct, *list, err) < 0)
				return -1;
	}
	return 0;
}

static int apply_devices(struct vz_ct *ct, const struct vz_edits *edits, enum vz_group group VZ_UNUSED,
			struct vz_err *err)
{
	ct_info(ct, "Setting devices");
	/* If another parameter wants it, it comes back. */
	if (remove_nodes(ct, edits, err) < 0)
		return -1;
	return ct->vz->be->apply(&ct->env, VZ_G_devices, err);
}

/* What is said of a limit when it is applied: before its value, behind it, and behind 0 if that means none. */
static const struct limit_words {
	enum vz_param_id id;
	const char *what, *unit, *none;
} limit_words[] = {
	{ VZ_P_cpuunits,   "Setting CPU units",      "",           "" },
	{ VZ_P_cpuuweight, "Setting CPU weight",     "",           "" },
	{ VZ_P_cpulimit,   "Setting CPU limit",      "",           "" },
	{ VZ_P_cpus,       "Setting CPUs",           "",           "" },
	{ VZ_P_cpumask,    "Setting CPU mask",       "",           "" },
	{ VZ_P_nodemask,   "Setting NUMA node mask", "",           "" },
	{ VZ_P_ioprio,     "Setting I/O priority",   "",           "" },
	{ VZ_P_iolimit,    "Setting iolimit",        " bytes/sec", " (unlimited)" },
	{ VZ_P_iopslimit,  "Setting iopslimit",      " iops",      " (unlimited)" },
};

static void say_limit(struct vz_ct *ct, const struct limit_words *w)
{
	auto_free char *text = value_text(w->id, &ct->conf.v[w->id]);

	if (w->id == VZ_P_cpuuweight && ct->conf.v[VZ_P_cpuunits].set)
		ct_warn(ct, "CPUUWEIGHT has no effect while CPUUNITS is set");
	else if (text)
		ct_info(ct, "%s: %s%s", w->what, text, strcmp(text, "0") == 0 ? w->none : w->unit);
}

static int apply_limit(struct vz_ct *ct, const struct vz_edits *edits, enum vz_group group, struct vz_err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(limit_words); i++)
		if (edits_has(edits, limit_words[i].id) && param_get(limit_words[i].id)->group == group)
			say_limit(ct, &limit_words[i]);
	return ct->vz->be->apply(&ct->env, group, err);
}

/* Two groups, and one line about them. */
static int apply_ub(struct vz_ct *ct, const struct vz_edits *edits, enum vz_group group, struct vz_err *err)
{
	if (ct->vz->be->apply(&ct->env, group, err) < 0)
		return -1;
	if (group == VZ_G_memory || !edits_have_group(edits, VZ_G_memory))
		ct_info(ct, "UB limits were set successfully");
	return 0;
}

int apply_all_ub(struct vz_ct *ct, struct vz_err *err)
{
	const struct vz_edits none = { 0 };

	if (ct->vz->be->apply(&ct->env, VZ_G_tasks, err) < 0)
		return -1;
	return apply_ub(ct, &none, VZ_G_memory, err);
}

/* Named once, all of them in one line. */
static int apply_kept(struct vz_ct *ct, const struct vz_edits *edits, enum vz_group group VZ_UNUSED,
			struct vz_err *err)
{
	auto_strv char **keys = NULL;
	auto_free char *line = NULL;

	(void)err;
	for (size_t i = 0; i < edits->n; i++) {
		const struct vz_param *p = param_get(edits->e[i].id);

		if (p->group == VZ_G_kept && p->key && strv_find(keys, p->key) < 0)
			(void)strv_add(&keys, p->key);
	}
	line = strv_join(keys, " ");
	if (line)
		ct_warn(ct, "%s: kept, not enforced by this kernel", line);
	return 0;
}

static int apply_addresses(struct vz_ct *ct, const struct vz_edits *edits, enum vz_group group VZ_UNUSED,
			   struct vz_err *err)
{
	return net_change_addresses(ct, edits, err);
}

static int apply_netifs(struct vz_ct *ct, const struct vz_edits *edits VZ_UNUSED, enum vz_group group VZ_UNUSED,
			struct vz_err *err)
{
	return net_change_devices(ct, err);
}

static int apply_netdevs(struct vz_ct *ct, const struct vz_edits *edits VZ_UNUSED, enum vz_group group VZ_UNUSED,
			 struct vz_err *err)
{
	return net_change_moved(ct, err);
}

static int apply_ports(struct vz_ct *ct, const struct vz_edits *edits VZ_UNUSED, enum vz_group group VZ_UNUSED,
		       struct vz_err *err)
{
	return net_change_ports(ct, err);
}

static int apply_rate(struct vz_ct *ct, const struct vz_edits *edits VZ_UNUSED, enum vz_group group VZ_UNUSED,
		      struct vz_err *err)
{
	if (conf_list(&ct->conf, VZ_P_rate) && !conf_yes(&ct->conf, VZ_P_ratebound, false))
		ct_warn(ct, "RATE: kept, not enforced: bandwidth cannot be guaranteed, only limited (--ratebound yes)");
	return net_change_rate(ct, err);
}

static int apply_disk(struct vz_ct *ct, const struct vz_edits *edits VZ_UNUSED, enum vz_group group VZ_UNUSED,
		      struct vz_err *err)
{
	return disk_set(ct, err);
}

/* In the order in which they are carried out. */
static const struct {
	enum vz_group group;
	int (*apply)(struct vz_ct *ct, const struct vz_edits *edits, enum vz_group group, struct vz_err *err);
} appliers[] = {
	{ VZ_G_kept,      apply_kept },
	{ VZ_G_tasks,     apply_ub },
	{ VZ_G_memory,    apply_ub },
	{ VZ_G_cpuunits,  apply_limit },
	{ VZ_G_cpulimit,  apply_limit },
	{ VZ_G_cpuset,    apply_limit },
	{ VZ_G_ioprio,    apply_limit },
	{ VZ_G_iolimit,   apply_limit },
	{ VZ_G_iopslimit, apply_limit },
	{ VZ_G_disk,      apply_disk },
	{ VZ_G_devices,   apply_devices },
	{ VZ_G_binds,     apply_binds },
	{ VZ_G_netdev,    apply_netdevs },
	{ VZ_G_netif,     apply_netifs },
	{ VZ_G_ip,        apply_addresses },
	{ VZ_G_publish,   apply_ports },
	{ VZ_G_rate,      apply_rate },
	{ VZ_G_osrelease, apply_osrelease },
	{ VZ_G_hostname,  apply_hostname },
	{ VZ_G_dns,       apply_dns },
	{ VZ_G_password,  apply_password },
};

int apply_edits(struct vz_ct *ct, const struct vz_edits *edits, struct vz_err *err)
{
	unsigned int changed = 0;

	for (size_t i = 0; i < edits->n; i++) {
		const struct vz_param *p = param_get(edits->e[i].id);

		if (p->flags & VZ_PF_LIVE)
			changed |= 1u << p->group;
	}
	for (size_t i = 0; i < ARRAY_SIZE(appliers); i++)
		if ((changed & 1u << appliers[i].group) && appliers[i].apply(ct, edits, appliers[i].group, err) < 0)
			return -1;
	return 0;
}
