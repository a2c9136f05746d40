/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules across parameters. What a single value may be is its type's business; here is what values and
 * options mean for each other. Each rule is a function that returns its complaint, owned by the caller,
 * or NULL; the tables say with which exit code it ends.
 *
 * Rules of beancounters among each other (barrier below limit, enough kernel memory for the processes)
 * are none of ours: OpenVZ never enforced them, and stored configurations break them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/str.h"
#include "conf/validate.h"

/* ---- the configuration a container would have ---- */

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n && dir[n - 1] == '/')
		n--;
	return strncmp(path, dir, n) == 0 && (path[n] == '/' || !path[n]);
}

/* Mounting one over the other would hide or recurse into it. */
static char *root_apart_from_private(const struct vz_conf *c, vz_ctid id)
{
	auto_free char *root = conf_expand(c, VZ_P_ve_root, id);
	auto_free char *private = conf_expand(c, VZ_P_ve_private, id);

	if (!root || !private || (!is_below(root, private) && !is_below(private, root)))
		return NULL;
	return str_printf("VE_ROOT '%s' and VE_PRIVATE '%s' must not lie within each other", root, private);
}

/* Some clients use the number as the name, too; the number of another one would be ambiguous. */
static char *name_is_no_other_number(const struct vz_conf *c, vz_ctid id)
{
	const char *name = conf_str(c, VZ_P_name);
	vz_ctid number;

	if (!name || parse_ctid(name, &number) < 0 || number == id)
		return NULL;
	return str_printf("Error: invalid name %s (it is the number of another container)", name);
}

static char *soft_above_hard(const struct vz_conf *c, enum vz_param_id id)
{
	const struct vz_value *v = &c->v[id];

	if (!v->set || v->bl.bar <= v->bl.lim)
		return NULL;
	return str_printf("%s: the soft limit %llu is above the hard limit %llu", param_get(id)->key,
			  (unsigned long long)v->bl.bar, (unsigned long long)v->bl.lim);
}

/* An image has one size only: there the soft limit means nothing. */
static bool is_ploop(const struct vz_conf *c)
{
	const char *layout = conf_str(c, VZ_P_ve_layout);

	return layout && str_has_prefix(layout, "ploop");
}

static char *diskspace_in_order(const struct vz_conf *c, vz_ctid id VZ_UNUSED)
{
	return is_ploop(c) ? NULL : soft_above_hard(c, VZ_P_diskspace);
}

static char *diskinodes_in_order(const struct vz_conf *c, vz_ctid id VZ_UNUSED)
{
	return is_ploop(c) ? NULL : soft_above_hard(c, VZ_P_diskinodes);
}

static char *auto_cpumask_has_nodes(const struct vz_conf *c, vz_ctid id VZ_UNUSED)
{
	const char *mask = conf_str(c, VZ_P_cpumask);

	if (!mask || strcmp(mask, "auto") != 0 || conf_str(c, VZ_P_nodemask))
		return NULL;
	return str_printf("CPUMASK is auto, but NODEMASK is not set");
}

static char *ids_fit(const struct vz_conf *c, vz_ctid id VZ_UNUSED)
{
	static const enum vz_param_id bases[] = { VZ_P_local_uid, VZ_P_local_gid };
	uint64_t count = conf_num(c, VZ_P_local_count, 1);

	for (size_t i = 0; i < ARRAY_SIZE(bases); i++)
		if (conf_num(c, bases[i], 0) + count - 1 > UINT32_MAX - 1)
			return str_printf("%s and LOCAL_COUNT go beyond the largest id", param_get(bases[i])->key);
	return NULL;
}

int conf_validate(const struct vz_conf *c, const struct vz_log *log, vz_ctid id, struct vz_err *err)
{
	static const struct {
		char *(*complain)(const struct vz_conf *c, vz_ctid id);
		enum vz_error code;
	} rules[] = {
		{ name_is_no_other_number, VZ_E_SET_NAME },
		{ root_apart_from_private, VZ_E_INVALID_VALUE },
		{ ids_fit,                 VZ_E_INVALID_VALUE },
		{ diskspace_in_order,      VZ_E_INVALID_VALUE },
		{ diskinodes_in_order,     VZ_E_INVALID_VALUE },
		{ auto_cpumask_has_nodes,  VZ_E_INVALID_VALUE },
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		auto_free char *complaint = rules[i].complain(c, id);

		if (!complaint)
			continue;
		/* The first is printed by whoever gets err; saying it twice helps nobody. */
		if (r < 0)
			vz_log(log, VZ_LOG_ERR, id, "%s", complaint);
		r = vz_fail(err, rules[i].code, 0, "%s", complaint);
	}
	return r;
}

/* ---- a "set" command line ---- */

static char *reset_ub_is_alone(const struct set_request *q, const struct vz_conf *c VZ_UNUSED)
{
	if (!q->reset_ub ||
	    (!q->edits->n && !q->save && !q->force && !q->offline_resize && !q->setmode_restart))
		return NULL;
	return strdup("Error: option --reset_ub is exclusive");
}

static char *resize_needs_diskspace(const struct set_request *q, const struct vz_conf *c VZ_UNUSED)
{
	if (!q->offline_resize || edits_has(q->edits, VZ_P_diskspace))
		return NULL;
	return strdup("Error: option --offline-resize can only be used with --diskspace");
}

static char *resize_is_offline(const struct set_request *q, const struct vz_conf *c VZ_UNUSED)
{
	if (!q->offline_resize || (!q->running && !q->mounted))
		return NULL;
	return str_printf("Option --offline-resize can't be used on a %s container",
			  q->running ? "running" : "mounted");
}

static char *nodemask_needs_cpumask(const struct set_request *q, const struct vz_conf *c VZ_UNUSED)
{
	if (!edits_has(q->edits, VZ_P_nodemask) || edits_has(q->edits, VZ_P_cpumask))
		return NULL;
	return strdup("Error: option --nodemask requires --cpumask");
}

static char *auto_needs_nodemask(const struct set_request *q, const struct vz_conf *c VZ_UNUSED)
{
	const struct vz_edits *edits = q->edits;

	if (edits_has(edits, VZ_P_nodemask))
		return NULL;
	for (size_t i = 0; i < edits->n; i++)
		if (edits->e[i].id == VZ_P_cpumask && edits->e[i].value.set &&
		    strcmp(edits->e[i].value.str, "auto") == 0)
			return strdup("Error: --cpumask auto requires --nodemask");
	return NULL;
}

static char *without_save(const struct set_request *q, enum vz_param_id id)
{
	if (q->save || !edits_has(q->edits, id))
		return NULL;
	return str_printf("Error: unable to use --%s option without --save", param_get(id)->option);
}

static char *name_is_saved(const struct set_request *q, const struct vz_conf *c VZ_UNUSED)
{
	return without_save(q, VZ_P_name);
}

static char *ostemplate_is_saved(const struct set_request *q, const struct vz_conf *c VZ_UNUSED)
{
	return without_save(q, VZ_P_ostemplate);
}

static char *stop_timeout_is_saved(const struct set_request *q, const struct vz_conf *c VZ_UNUSED)
{
	return without_save(q, VZ_P_stop_timeout);
}

static char *force_needs_save(const struct set_request *q, const struct vz_conf *c VZ_UNUSED)
{
	return q->force && !q->save ? strdup("Error: --force is useless without --save") : NULL;
}

static char *image_size_is_saved(const struct set_request *q, const struct vz_conf *c)
{
	if (q->save || !edits_has(q->edits, VZ_P_diskspace) || !is_ploop(c))
		return NULL;
	return strdup("Error: can't use --diskspace without --save for a ploop-based container");
}

static char *restart_needs_save(const struct set_request *q, const struct vz_conf *c VZ_UNUSED)
{
	if (!q->setmode_restart || q->save)
		return NULL;
	return strdup("Error: --setmode restart doesn't make sense without --save flag");
}

/* What is changed must be there. */
static char *changed_netif_is_there(const struct set_request *q, const struct vz_conf *merged)
{
	char *const *list = conf_list(merged, VZ_P_netif);

	for (size_t i = 0; i < q->edits->n; i++) {
		const struct vz_edit *e = &q->edits->e[i];
		const char *word = e->id == VZ_P_netif && e->op == VZ_CHANGE ? e->value.list[0] : NULL;
		size_t len = word ? strcspn(word, ",") : 0, j = 0;

		while (word && list && list[j] && (strncmp(list[j], word, len) != 0 || !strchr(",", list[j][len])))
			j++;
		if (word && (!list || !list[j]))
			return str_printf("Invalid usage: veth device %.*s is not configured, use --netif_add option first",
					  (int)(len - strlen("ifname=")), word + strlen("ifname="));
	}
	return NULL;
}

static char *only_while_stopped(const struct set_request *q, const struct vz_conf *c VZ_UNUSED)
{
	for (size_t i = 0; q->running && i < q->edits->n; i++) {
		const struct vz_param *p = param_get(q->edits->e[i].id);

		if (p->flags & VZ_PF_STOPPED)
			return str_printf("Unable to change %s on a running container", p->key);
	}
	return NULL;
}

int conf_validate_set(const struct set_request *q, const struct vz_conf *merged, struct vz_err *err)
{
	static const struct {
		char *(*complain)(const struct set_request *q, const struct vz_conf *merged);
		enum vz_error code;
	} rules[] = {
		{ reset_ub_is_alone,      VZ_E_INVALID_SYNTAX },
		{ resize_needs_diskspace, VZ_E_INVALID_SYNTAX },
		{ resize_is_offline,      VZ_E_INVALID_VALUE },
		{ nodemask_needs_cpumask, VZ_E_INVALID_SYNTAX },
		{ auto_needs_nodemask,    VZ_E_INVALID_SYNTAX },
		{ name_is_saved,          VZ_E_SET_NAME },
		{ ostemplate_is_saved,    VZ_E_INVALID_SYNTAX },
		{ stop_timeout_is_saved,  VZ_E_INVALID_SYNTAX },
		{ force_needs_save,       VZ_E_INVALID_SYNTAX },
		{ image_size_is_saved,    VZ_E_INVALID_SYNTAX },
		{ restart_needs_save,     VZ_E_INVALID_SYNTAX },
		{ changed_netif_is_there, VZ_E_INVALID_SYNTAX },
		{ only_while_stopped,     VZ_E_RUNNING },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		auto_free char *complaint = rules[i].complain(q, merged);

		if (complaint)
			return vz_fail(err, rules[i].code, 0, "%s", complaint);
	}
	return 0;
}
