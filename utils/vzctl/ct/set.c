/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * set: change parameters, on the running container and in its file.
 *
 * Everything is checked before anything happens; what is LIVE is applied to a running container;
 * the file is written last, and only if all that was applied was accepted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/plan.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "conf/validate.h"
#include "ct/ct.h"
#include "ct/steps.h"

struct setting {
	const struct vz_set *opt;
	struct vz_edits edits;		/* of the sample first, then of the command line */
	char *old_name;			/* owned */
	bool running;
	bool need_restart;		/* something takes effect at the next start only */
};

/* Parameters that wait for the next start, with the words for them. */
static const struct {
	enum vz_param_id id;
	const char *what;
} restart_words[] = {
	{ VZ_P_capability,     "Unable to set capability on a running container" },
	{ VZ_P_netfilter,      "Unable to set iptables/netfilter on a running container" },
	{ VZ_P_iptables,       "Unable to set iptables/netfilter on a running container" },
	{ VZ_P_features,       "Unable to set features on a running container" },
	{ VZ_P_quotaugidlimit, "Unable to turn on or off second-level disk quota on a running container" },
	{ VZ_P_disk_quota,     "Unable to switch DISK_QUOTA on or off on a running container" },
	{ VZ_P_mount_opts,     "Unable to change mount options on a running container" },
};

/* What a stopped container without --save cannot do, by group; and whether the host has it, too. */
static const struct {
	enum vz_group group;
	const char *what;
	bool of_host;
} live_words[] = {
	{ VZ_G_tasks,     "UBC",      true },
	{ VZ_G_memory,    "UBC",      true },
	{ VZ_G_cpuunits,  "CPU",      true },
	{ VZ_G_cpulimit,  "CPU",      true },
	{ VZ_G_cpuset,    "CPU",      true },
	{ VZ_G_ioprio,    "I/O",      true },
	{ VZ_G_iolimit,   "I/O",      true },
	{ VZ_G_iopslimit, "I/O",      true },
	{ VZ_G_kept,      "resource", true },
	{ VZ_G_disk,      "quota",    false },
	{ VZ_G_devices,   "device",   false },
	{ VZ_G_binds,     "mount",    false },
	{ VZ_G_dns,       "network",  false },
	{ VZ_G_ip,        "network",  false },
	{ VZ_G_netif,     "network",  false },
	{ VZ_G_netdev,    "network",  false },
	{ VZ_G_publish,   "network",  false },
	{ VZ_G_rate,      "network",  false },
	{ VZ_G_hostname,  "network",  false },
	{ VZ_G_osrelease, "OS release", false },
};

/* ---- collecting and checking ---- */

static int add_sample(struct vz_ct *ct, struct setting *s, struct vz_err *err)
{
	const char *name = s->opt->applyconfig;
	auto_free char *path = name && !strchr(name, '/') ? paths_sample(&ct->vz->paths, name) : NULL;
	auto_conf_file struct conf_file *f = NULL;
	int r;

	if (!name)
		return 0;
	r = path ? conf_file_read(path, &f) : -ENOENT;
	if (r < 0)
		return vz_fail(err, VZ_E_APPLY_CONFIG, r == -ENOENT ? 0 : r, "Sample config file not found: %s",
			       path ? path : name);
	if (edits_from_sample(&s->edits, f, name, &ct->vz->log, ct->id) < 0)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "read '%s'", path);
	return 0;
}

static int check_request(struct vz_ct *ct, struct setting *s, struct vz_err *err)
{
	struct set_request q = {
		.edits = &s->edits,
		.save = s->opt->save,
		.force = s->opt->force,
		.reset_ub = s->opt->reset_ub,
		.offline_resize = s->opt->offline_resize,
		.setmode_restart = s->opt->setmode == VZ_SETMODE_RESTART,
		.running = s->running,
		.mounted = ct_is_mounted(ct),
	};
	struct vz_conf merged = { 0 };
	int r = conf_overlay(&merged, &ct->conf);

	if (r == 0)
		r = edits_apply(&merged, &s->edits);
	if (r < 0)
		vz_fail(err, VZ_E_RESOURCE, r, "collect parameters");
	else if (conf_validate_set(&q, &merged, err) < 0 || conf_validate(&merged, &ct->vz->log, ct->id, err) < 0)
		r = -1;
	conf_done(&merged);
	return r < 0 ? -1 : 0;
}

/* The last edit of a parameter, or NULL. */
static const struct vz_edit *find_edit(const struct vz_edits *edits, enum vz_param_id id)
{
	for (size_t i = edits->n; i-- > 0;)
		if (edits->e[i].id == id)
			return &edits->e[i];
	return NULL;
}

static int check_name(struct vz_ct *ct, const struct setting *s, struct vz_err *err)
{
	const struct vz_edit *e = find_edit(&s->edits, VZ_P_name);

	if (!e || !e->value.set || str_is_empty(e->value.str))
		return 0;
	return name_check(ct, e->value.str, err);
}

static int check_running(struct vz_ct *ct, struct setting *s, struct vz_err *err)
{
	for (size_t i = 0; i < s->edits.n; i++) {
		const struct vz_param *p = param_get(s->edits.e[i].id);

		if (s->running && (p->flags & VZ_PF_STOPPED))
			return vz_fail(err, VZ_E_RUNNING, 0, "Unable to change %s on a running container", p->key);
		if (s->running && (p->flags & VZ_PF_RESTART))
			s->need_restart = true;
	}
	if (!s->need_restart || s->opt->setmode == VZ_SETMODE_RESTART)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(restart_words); i++)
		if (edits_has(&s->edits, restart_words[i].id))
			ct_warn(ct, "%s", restart_words[i].what);
	if (s->opt->setmode == VZ_SETMODE_NONE)
		ct_warn(ct, "WARNING: Some of the parameters could not be applied to a running container.\n"
			    "\tPlease consider using --setmode option");
	return 0;
}

/* What is stored, but means little or nothing. */
static void say_netfilter(struct vz_ct *ct, const struct setting *s)
{
	for (size_t i = 0; i < s->edits.n; i++) {
		const struct vz_edit *e = &s->edits.e[i];

		if (e->id == VZ_P_iptables)
			ct_warn(ct, "WARNING: --iptables is obsoleted by --netfilter: kept, not enforced");
		if (e->id == VZ_P_netfilter && e->value.set && !str_equal(e->value.str, "full") && !str_equal(e->value.str, "disabled"))
			ct_warn(ct, "NETFILTER=%s: kept, not enforced: of netfilter a container has all or, disabled, nothing", e->value.str);
	}
}

/* Without --save a stopped container has nothing to apply to. */
static int check_stopped(const struct vz_ct *ct, const struct setting *s, struct vz_err *err)
{
	if (s->running || s->opt->save || ct->id == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(live_words); i++)
		if (edits_have_group(&s->edits, live_words[i].group))
			return vz_fail(err, VZ_E_NOT_RUNNING, 0, "Unable to apply %s parameters: container is not running",
				       live_words[i].what);
	return 0;
}

static bool is_of_host(enum vz_group group)
{
	for (size_t i = 0; i < ARRAY_SIZE(live_words); i++)
		if (live_words[i].group == group)
			return live_words[i].of_host;
	return false;
}

int set_limits(struct vz_ct *ct, struct vz_err *err)
{
	unsigned int groups = 0;

	for (enum vz_param_id id = 0; id < VZ_P__MAX; id++) {
		const struct vz_param *p = param_get(id);

		if (ct->own.v[id].set && (p->flags & VZ_PF_LIVE) && is_of_host(p->group) && p->group != VZ_G_kept)
			groups |= 1u << p->group;
	}
	for (size_t i = 0; i < ARRAY_SIZE(live_words); i++)
		if ((groups & 1u << live_words[i].group) && ct->vz->be->apply(&ct->env, live_words[i].group, err) < 0)
			return -1;
	return 0;
}

/* The host itself: of what there is, only limits concern it. */
static int check_host(const struct vz_ct *ct, const struct setting *s, struct vz_err *err)
{
	for (size_t i = 0; ct->id == 0 && i < s->edits.n; i++) {
		const struct vz_param *p = param_get(s->edits.e[i].id);

		if (!is_of_host(p->group))
			return vz_fail(err, VZ_E_INVALID_VALUE, 0, "--%s cannot be set for CT0", p->option);
	}
	return 0;
}

/* What another engine has made has its network, its mounts and its inside from there. */
static int check_adopted(const struct vz_ct *ct, const struct setting *s, struct vz_err *err)
{
	for (size_t i = 0; ct->adopted && i < s->edits.n; i++) {
		const struct vz_param *p = param_get(s->edits.e[i].id);

		if ((p->flags & VZ_PF_LIVE) && !is_of_host(p->group) && p->group != VZ_G_none)
			return vz_fail(err, VZ_E_INVALID_VALUE, 0,
				       "--%s cannot be set: container %u was adopted, only its limits are ours", p->option, ct->id);
	}
	return 0;
}

/* ---- carrying out ---- */

/* A stopped container gets the password through an environment made for that moment. */
static int set_password_stopped(struct vz_ct *ct, const struct setting *s, struct vz_err *err)
{
	auto_free char *userpw = apply_passwords(&s->edits);
	struct dist_words words = { .state = "starting", .userpw = userpw };
	int r;

	if (!userpw || s->running)
		return 0;
	if (vz_backend_probe(ct->vz, err) < 0 || ct_need_private(ct, err) < 0 || ct_start_empty(ct, false, err) < 0)
		return -1;
	r = dist_run(ct, 1u << VZ_DIST_SET_USERPASS, &words, err);
	ct_stop_empty(ct);
	return r;
}

/* ---- saving ---- */

/* The name that the edits give, if they give one. */
static const char *new_name(const struct vz_ct *ct, const struct setting *s)
{
	return edits_has(&s->edits, VZ_P_name) ? conf_str(&ct->own, VZ_P_name) : NULL;
}

static int link_name(struct vz_ct *ct, void *data, struct vz_err *err)
{
	const char *name = new_name(ct, data);

	return name ? name_link(ct, name, err) : 0;
}

static void unlink_name(struct vz_ct *ct, void *data)
{
	const struct setting *s = data;
	const char *name = new_name(ct, s);

	if (name && !str_equal(name, s->old_name))
		name_unlink(ct, name);
}

static int save_file(struct vz_ct *ct, void *data, struct vz_err *err)
{
	const struct setting *s = data;
	auto_free char *path = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");
	const char *name = new_name(ct, s);
	int r;

	if (!path)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "save");
	if (!ct->file) {
		ct_warn(ct, "WARNING: %s not found", path);
		r = conf_file_new(path, &ct->file);
		if (r < 0)
			return vz_fail(err, VZ_E_RESOURCE, r, "save '%s'", path);
	}
	r = edits_store(ct->file, &s->edits, &ct->own);
	if (r < 0)
		return vz_fail(err, VZ_E_CONFIG_SAVE, r, "save '%s'", path);
	if (!conf_file_is_changed(ct->file)) {
		ct_info(ct, "No changes in CT configuration, not saving");
		if (name)
			ct_info(ct, "Name %s assigned", name);
		return 0;
	}
	r = conf_file_save(ct->file);
	if (r < 0)
		return vz_fail(err, VZ_E_CONFIG_SAVE, r, "save '%s'", path);
	if (name)
		ct_info(ct, "Name %s assigned", name);
	ct_info(ct, "CT configuration saved to %s", path);
	return 0;
}

static int unlink_old_name(struct vz_ct *ct, void *data, struct vz_err *err)
{
	const struct setting *s = data;

	(void)err;
	if (s->old_name && edits_has(&s->edits, VZ_P_name) && !str_equal(s->old_name, conf_str(&ct->own, VZ_P_name)))
		name_unlink(ct, s->old_name);
	return 0;
}

/* A link counts only while the file agrees: with one for either, the file alone says which name it is. */
static const struct vz_step save_steps[] = {
	{ "name",     link_name,       unlink_name, 0 },
	{ "save",     save_file,       NULL,        STEP_COMMIT },
	{ "old-name", unlink_old_name, NULL,        0 },
};

static int save(struct vz_ct *ct, struct setting *s, struct vz_err *err)
{
	return steps_run(ct, "set", save_steps, ARRAY_SIZE(save_steps), s, err);
}

static void say_not_saved(struct vz_ct *ct, const struct setting *s)
{
	bool only_password = true;

	for (size_t i = 0; i < s->edits.n; i++)
		only_password &= s->edits.e[i].id == VZ_P_userpasswd;
	if (only_password)
		return;
	if (s->running)
		ct_warn(ct, "WARNING: Settings were not saved to config and will be lost after CT restart (use --save flag)");
	else
		ct_warn(ct, "WARNING: Settings were not saved to config (use --save flag)");
}

/* The link is made again from what the file says: after a migration, or a restored backup. */
static int map_name(struct vz_ct *ct, struct vz_err *err)
{
	const char *name = conf_str(&ct->own, VZ_P_name);

	if (!name)
		return 0;
	if (name_check(ct, name, err) < 0 || name_link(ct, name, err) < 0)
		return -1;
	ct_info(ct, "Name %s assigned", name);
	return 0;
}

/* Take the edits over, apply, restart if that was asked for, save. */
static int carry_out(struct vz_ct *ct, struct setting *s, struct vz_err *err)
{
	const struct vz_start start = { 0 };
	const struct vz_stop stop = { 0 };
	const char *name = conf_str(&ct->own, VZ_P_name);
	bool restart = s->need_restart && s->opt->setmode == VZ_SETMODE_RESTART;
	bool frozen = s->running && ct->vz->be->is_frozen(&ct->env);

	if (frozen)
		return vz_fail(err, VZ_E_RUNNING, 0, "Container is suspended: resume it first (vzctl chkpnt %u --resume)", ct->id);
	s->old_name = name ? strdup(name) : NULL;
	if (name && !s->old_name)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "set");
	/* Stop while the old configuration holds: it is the one the container was started with. */
	if (restart && vz_ct_stop(ct, &stop, err) < 0)
		return -1;
	if (ct_edit(ct, &s->edits, err) < 0)
		return -1;
	if (edits_has(&s->edits, VZ_P_netif) && netif_complete_own(ct, err) < 0)
		return -1;
	/* One that was stopped is to start again, with its limits or without. */
	ct->env.disk_asked = !restart && disk_is_asked(ct, s->opt->edits);
	if (s->running && !restart && apply_edits(ct, &s->edits, err) < 0)
		return -1;
	if (!s->running)
		binds_warn(ct, &s->edits);
	/* They hold for files, whether the container runs or not. */
	if (!s->running && edits_have_group(&s->edits, VZ_G_disk) && disk_set(ct, err) < 0)
		return -1;
	if (set_password_stopped(ct, s, err) < 0)
		return -1;
	/* Before saving: what the container does not come up with is not kept. */
	if (restart && vz_ct_start(ct, &start, err) < 0)
		return -1;
	if (s->opt->save && save(ct, s, err) < 0)
		return -1;
	if (!s->opt->save)
		say_not_saved(ct, s);
	return 0;
}

/* A dry run names what would change, and what would become of it. */
static int plan_set(struct vz_ct *ct, struct setting *s, struct vz_err *err)
{
	if (vz_backend_open(ct->vz, err) < 0)
		return -1;
	for (size_t i = 0; i < s->edits.n; i++) {
		const struct vz_param *p = param_get(s->edits.e[i].id);

		plan_record(ct->vz->host.plan, "set %u: %s%s%s", ct->id, p->key ? p->key : p->option,
			    s->running && (p->flags & VZ_PF_LIVE) && !(p->flags & VZ_PF_KEPT) ? ", applied" : "",
			    s->opt->save && (p->flags & VZ_PF_SAVE) ? ", saved" : "");
	}
	return s->opt->save ? save(ct, s, err) : 0;
}

static int do_set(struct vz_ct *ct, struct setting *s, struct vz_err *err)
{
	if (add_sample(ct, s, err) < 0)
		return -1;
	if (s->opt->edits && edits_append(&s->edits, s->opt->edits) < 0)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "collect parameters");
	s->running = ct->id != 0 && ct_is_running(ct);
	ct->env.skip_probe = s->opt->skip_arpdetect;
	if (check_host(ct, s, err) < 0 || check_adopted(ct, s, err) < 0 || check_request(ct, s, err) < 0 || check_name(ct, s, err) < 0)
		return -1;
	if (s->opt->reset_ub && !s->running && ct->id != 0)
		return vz_fail(err, VZ_E_NOT_RUNNING, 0, "Container is not running");
	if (s->opt->applyconfig_map_name)
		return map_name(ct, err);
	if (s->opt->reset_ub && s->running)
		return apply_all_ub(ct, err);
	if (!s->edits.n) {
		if (s->opt->save)
			ct_info(ct, "No changes in CT configuration, not saving");
		return 0;
	}
	if (check_running(ct, s, err) < 0 || check_stopped(ct, s, err) < 0)
		return -1;
	say_netfilter(ct, s);
	if (ct->vz->dry_run)
		return plan_set(ct, s, err);
	if (carry_out(ct, s, err) == 0)
		return 0;
	if (s->opt->save)
		ct_warn(ct, "Error: failed to apply some parameters, not saving configuration file!");
	return -1;
}

int vz_ct_set(struct vz_ct *ct, const struct vz_set *opt, struct vz_err *err)
{
	struct setting s = { .opt = opt };
	int r = do_set(ct, &s, err);

	edits_done(&s.edits);
	free(s.old_name);
	return r;
}
