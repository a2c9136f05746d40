/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The handle of a container: its configuration, its place, its state, its lock. See ct.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "ct/ct.h"
#include "host/lock.h"
#include "host/mount.h"

#define LAYERS_FILE_MAX (1 << 20)

static struct vz_ct *bare_ct(struct vz *vz, vz_ctid id, struct vz_err *err)
{
	struct vz_ct *ct = calloc(1, sizeof(*ct));

	if (!ct) {
		(void)vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "container %u", id);
		return NULL;
	}
	ct->vz = vz;
	ct->id = id;
	ct->env.init_pidfd = -1;
	ct->env.init_sock = -1;
	ct->env.netns = -1;
	return ct;
}

/* What is known of a bare one is put together; *ret is its caller's from then on. */
static int finish_ct(struct vz_ct *ct, struct vz_ct **ret, struct vz_err *err)
{
	if (ct_refresh(ct, err) < 0) {
		vz_ct_free(ct);
		return -1;
	}
	*ret = ct;
	return 0;
}

int vz_ct_new(struct vz *vz, vz_ctid id, struct vz_ct **ret, struct vz_err *err)
{
	struct vz_ct *ct = bare_ct(vz, id, err);

	return ct ? finish_ct(ct, ret, err) : -1;
}

int vz_ct_open(struct vz *vz, vz_ctid id, struct vz_ct **ret, struct vz_err *err)
{
	struct vz_ct *ct = bare_ct(vz, id, err);

	if (!ct)
		return -1;
	if (vz_ct_load(ct, true, NULL) == 0 && ct->file) {
		*ret = ct;
		return 0;
	}
	return finish_ct(ct, ret, err);
}

void vz_ct_free(struct vz_ct *ct)
{
	if (!ct)
		return;
	vz_ct_unlock(ct);
	conf_file_free(ct->file);
	conf_done(&ct->own);
	conf_done(&ct->conf);
	vz_env_done(&ct->env);
	free(ct->adopted);
	free(ct);
}

vz_ctid vz_ct_id(const struct vz_ct *ct)
{
	return ct->id;
}

bool vz_ct_has_conf(const struct vz_ct *ct)
{
	return ct->file != NULL;
}

/* ---- configuration ---- */

char *ct_path(struct vz_ct *ct, enum vz_param_id id)
{
	auto_free char *path = conf_expand(&ct->conf, id, ct->id);

	return path ? paths_resolve(&ct->vz->paths, path) : NULL;
}

char *ct_dump_path(struct vz_ct *ct)
{
	auto_free char *dir = vz_conf_path(ct->vz, VZ_P_dumpdir);

	return dir ? str_printf("%s/Dump.%u", dir, ct->id) : NULL;
}

int ct_refresh(struct vz_ct *ct, struct vz_err *err)
{
	const char *tag = ct->vz->paths.tag;
	struct vz_env *e = &ct->env;
	int r;

	conf_done(&ct->conf);
	r = conf_overlay(&ct->conf, &ct->vz->conf);
	/* The layout of an existing container is what its private area is, not what new ones get. */
	if (r == 0 && ct->file)
		value_done(VZ_P_ve_layout, &ct->conf.v[VZ_P_ve_layout]);
	if (r == 0)
		r = conf_overlay(&ct->conf, &ct->own);
	if (r < 0)
		return vz_fail(err, VZ_E_RESOURCE, r, "configuration of container %u", ct->id);

	free(e->group);
	free(e->inner);
	free(e->root);
	free(e->private_area);
	e->host = &ct->vz->host;
	e->id = ct->id;
	e->conf = &ct->conf;
	e->adopted = ct->adopted;
	e->group = ct->adopted ? strdup(ct->adopted) : str_printf("vz%s%s/%u", *tag ? "-" : "", tag, ct->id);
	e->inner = ct->adopted ? strdup(ct->adopted) : str_printf("vz%s%s/%u/ct", *tag ? "-" : "", tag, ct->id);
	e->id_base = (uint32_t)conf_num(&ct->own, VZ_P_local_uid, 0);
	e->id_count = (uint32_t)conf_num(&ct->own, VZ_P_local_count, 65536);
	e->root = ct_path(ct, VZ_P_ve_root);
	e->private_area = ct_path(ct, VZ_P_ve_private);
	if (!e->group || !e->inner)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "container %u", ct->id);
	return 0;
}

int ct_set_adopted(struct vz_ct *ct, const char *group)
{
	char *adopted = strdup(group), *outer = strdup(group), *inner = strdup(group);

	if (!adopted || !outer || !inner) {
		free(adopted);
		free(outer);
		free(inner);
		return -ENOMEM;
	}
	free(ct->adopted);
	free(ct->env.group);
	free(ct->env.inner);
	ct->adopted = adopted;
	ct->env.group = outer;
	ct->env.inner = inner;
	ct->env.adopted = true;
	return 0;
}

int vz_ct_load(struct vz_ct *ct, bool missing_ok, struct vz_err *err)
{
	auto_free char *path = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");
	auto_conf_file struct conf_file *f = NULL;
	int r = path ? conf_file_read(path, &f) : -ENOMEM;

	if (r == -ENOENT && missing_ok)
		return 0;
	if (r == -ENOENT)
		return vz_fail(err, VZ_E_NOVECONFIG, 0, "Container config file does not exist");
	if (r == -EILSEQ)
		return vz_fail(err, VZ_E_INVALID_CONFIG, 0, "configuration file '%s' is no text: line %u holds a zero byte",
			       path, conf_file_bad_line(path));
	if (r < 0)
		return vz_fail(err, VZ_E_INVALID_CONFIG, r, "configuration file '%s'", path);
	conf_file_free(ct->file);
	ct->file = take_ptr(f);
	conf_done(&ct->own);
	r = conf_from_file(&ct->own, ct->file, false, &ct->vz->log, ct->id);
	if (r < 0)
		return vz_fail(err, VZ_E_RESOURCE, r, "read '%s'", path);
	return ct_refresh(ct, err);
}

int ct_edit(struct vz_ct *ct, const struct vz_edits *edits, struct vz_err *err)
{
	/* On a copy first: an edit that cannot be made leaves everything as it was. */
	struct vz_conf merged = { 0 };
	int r = conf_overlay(&merged, &ct->own);

	if (r == 0)
		r = edits_apply(&merged, edits);
	for (size_t i = 0; i < edits->n && r == 0; i++) {
		enum vz_param_id id = edits->e[i].id;

		value_done(id, &ct->own.v[id]);
		r = value_copy(id, &merged.v[id], &ct->own.v[id]);
	}
	conf_done(&merged);
	if (r < 0)
		return vz_fail(err, VZ_E_RESOURCE, r, "change the configuration of container %u", ct->id);
	return ct_refresh(ct, err);
}

int ct_store(struct vz_ct *ct, const struct vz_edits *edits, struct vz_err *err)
{
	auto_free char *path = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");
	int r = path ? 0 : -ENOMEM;

	if (r == 0 && !ct->file)
		r = conf_file_new(path, &ct->file);
	if (r == 0)
		r = edits_store(ct->file, edits, &ct->own);
	if (r == 0 && conf_file_is_changed(ct->file))
		r = conf_file_save(ct->file);
	if (r < 0)
		return vz_fail(err, VZ_E_CONFIG_SAVE, r, "save '%s'", path ? path : "configuration");
	return 0;
}

char *vz_ct_get(const struct vz_ct *ct, const char *key)
{
	const struct vz_param *p = param_by_key(key);

	if (!p)
		return NULL;
	if (p->id == VZ_P_ve_root)
		return ct->env.root ? strdup(ct->env.root) : NULL;
	if (p->id == VZ_P_ve_private)
		return ct->env.private_area ? strdup(ct->env.private_area) : NULL;
	return value_text(p->id, &ct->conf.v[p->id]);
}

/* ---- private area ---- */

/* Lines "sha256-…" from the bottom up, as directories. */
static int read_layers(struct vz_ct *ct, const char *path, struct vz_err *err)
{
	auto_free char *text = NULL;
	auto_strv char **digests = NULL;
	int r = file_read(AT_FDCWD, path, LAYERS_FILE_MAX, &text, NULL);

	if (r == 0)
		r = strv_split(text, "\n", &digests);
	if (r < 0)
		return vz_fail(err, VZ_E_UNK_MOUNT_TYPE, r, "read '%s'", path);
	for (size_t i = 0; digests && digests[i]; i++) {
		auto_free char *dir = NULL;

		if (strchr(digests[i], '/') || digests[i][0] == '.')
			return vz_fail(err, VZ_E_UNK_MOUNT_TYPE, 0, "'%s' names a bad layer '%s'", path,
				       digests[i]);
		dir = layer_path(ct->vz, digests[i]);
		if (!dir || strv_add(&ct->env.layers, dir) < 0)
			return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "layers of container %u", ct->id);
	}
	if (!ct->env.layers)
		return vz_fail(err, VZ_E_UNK_MOUNT_TYPE, 0, "'%s' names no layer", path);
	return 0;
}

/* By what lies in the private area, for configurations that do not say it. */
static enum vz_layout guess_layout(const char *area)
{
	auto_free char *layers = path_join(area, "layers");
	auto_free char *upper = path_join(area, "upper");
	auto_free char *image = path_join(area, "root.hdd");
	struct stat st;

	/* A root tree may hold anything, but not these two of ours at once. */
	if (layers && upper && lstat(layers, &st) == 0 && S_ISREG(st.st_mode) && path_is_dir(upper))
		return VZ_LAYOUT_OVERLAY;
	return image && path_exists(image) ? VZ_LAYOUT_PLOOP : VZ_LAYOUT_SIMFS;
}

static enum vz_layout find_layout(const struct vz_ct *ct)
{
	const char *word = conf_str(&ct->own, VZ_P_ve_layout);
	const char *area = ct->env.private_area;

	if (!area || !path_is_dir(area))
		return VZ_LAYOUT_NONE;
	/* The root of a simfs container writes its private area: what is found there must not decide. */
	if (!word)
		return guess_layout(area);
	if (str_equal(word, "overlay"))
		return VZ_LAYOUT_OVERLAY;
	return str_equal(word, "simfs") ? VZ_LAYOUT_SIMFS : VZ_LAYOUT_PLOOP;
}

int ct_find_layout(struct vz_ct *ct, struct vz_err *err)
{
	struct vz_env *e = &ct->env;
	auto_free char *layers = NULL;

	e->layout = find_layout(ct);
	strv_free(e->layers);
	e->layers = NULL;
	if (e->layout != VZ_LAYOUT_OVERLAY)
		return 0;
	layers = path_join(e->private_area, "layers");
	if (!layers)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "container %u", ct->id);
	return read_layers(ct, layers, err);
}

const char *vz_ct_layout(struct vz_ct *ct)
{
	static const char *const words[] = {
		[VZ_LAYOUT_NONE] = NULL, [VZ_LAYOUT_OVERLAY] = "overlay",
		[VZ_LAYOUT_SIMFS] = "simfs", [VZ_LAYOUT_PLOOP] = "ploop",
	};

	ct->env.layout = find_layout(ct);
	return words[ct->env.layout];
}

int ct_need_private(struct vz_ct *ct, struct vz_err *err)
{
	struct stat st;

	if (!ct->env.private_area)
		return vz_fail(err, VZ_E_PRIVATE_NOTSET, 0, "VE_PRIVATE is not set");
	if (stat(ct->env.private_area, &st) < 0 && errno == EACCES)
		return vz_fail(err, VZ_E_NO_ACCES, 0, "only root can do this (try sudo)");
	if (!path_is_dir(ct->env.private_area))
		return vz_fail(err, VZ_E_NOPRVT, 0, "Container private area %s does not exist",
			       ct->env.private_area);
	return 0;
}

int ct_need_overlay(struct vz_ct *ct, const char *layout, struct vz_err *err)
{
	if (!str_equal(layout, "overlay") || ct->vz->dry_run || mount_can_overlay())
		return 0;
	return vz_fail(err, VZ_E_BAD_KERNEL, 0,
		       "the running kernel has no overlayfs (modprobe overlay, or use --layout simfs)");
}

int ct_need_root(struct vz_ct *ct, struct vz_err *err)
{
	if (!ct->env.root)
		return vz_fail(err, VZ_E_ROOT_NOTSET, 0, "VE_ROOT is not set");
	return 0;
}

/* ---- state ---- */

bool ct_is_mounted(struct vz_ct *ct)
{
	return ct->env.root && mount_is_point(ct->env.root) > 0;
}

bool ct_is_running(struct vz_ct *ct)
{
	struct vz_err ignored = { 0 };

	if (vz_backend_open(ct->vz, &ignored) < 0) {
		vz_err_done(&ignored);
		return false;
	}
	if (!glance_has(&ct->vz->glance.groups, ct->id))
		return false;
	if (ct->env.init_pid <= 0)
		state_read(ct);
	return ct->vz->be->find_init(&ct->env) > 0;
}

int ct_need_running(struct vz_ct *ct, struct vz_err *err)
{
	if (vz_backend_open(ct->vz, err) < 0)
		return -1;
	if (!ct_is_running(ct))
		return vz_fail(err, VZ_E_NOT_RUNNING, 0, "Container is not running");
	return 0;
}

static unsigned int state_on_disk(struct vz_ct *ct)
{
	auto_free char *conf = ct->file ? NULL : paths_ct_conf(&ct->vz->paths, ct->id, ".conf");
	unsigned int bits = 0;

	/* A file that cannot be understood is one, too. */
	if ((ct->file || (conf && path_exists(conf))) && ct->env.private_area && path_is_dir(ct->env.private_area))
		bits |= VZ_STATE_EXIST;
	if (ct_is_mounted(ct))
		bits |= VZ_STATE_MOUNTED;
	return bits;
}

static bool has_dump(struct vz_ct *ct)
{
	auto_free char *dump = NULL;

	if (!glance_has(&ct->vz->glance.dumps, ct->id))
		return false;
	dump = ct_dump_path(ct);
	return dump && path_exists(dump);
}

unsigned int vz_ct_state_at_rest(struct vz_ct *ct)
{
	unsigned int bits = state_on_disk(ct);

	return bits & VZ_STATE_EXIST && has_dump(ct) ? bits | VZ_STATE_SUSPENDED : bits;
}

unsigned int vz_ct_state(struct vz_ct *ct)
{
	unsigned int bits;

	if (!ct_is_running(ct))
		return vz_ct_state_at_rest(ct);
	bits = state_on_disk(ct) | VZ_STATE_RUNNING;
	/* One that was adopted has no private area, and exists as long as it runs. */
	if (ct->adopted)
		bits |= VZ_STATE_EXIST;
	return ct->vz->be->is_frozen(&ct->env) ? bits | VZ_STATE_FROZEN : bits;
}

int vz_ct_init_pid(struct vz_ct *ct)
{
	return ct_is_running(ct) ? ct->env.init_pid : 0;
}

double vz_ct_uptime(struct vz_ct *ct)
{
	auto_free char *text = NULL;
	double now, up;

	if (!ct_is_running(ct) || file_read_line(AT_FDCWD, "/proc/uptime", &text) < 0)
		return 0;
	now = strtod(text, NULL);
	up = now - (double)ct->env.init_start / (double)sysconf(_SC_CLK_TCK);
	return up > 0 ? up : 0;
}

enum vz_proc_view vz_ct_proc_view(struct vz_ct *ct)
{
	if (!ct_is_running(ct))
		return VZ_PROC_NONE;
	if (ct->vz->be->has_views(&ct->env))
		return VZ_PROC_KERNEL;
	return ct->vz->be->has_lxcfs(&ct->env) ? VZ_PROC_LXCFS : VZ_PROC_HOST;
}

int64_t vz_ct_nproc(struct vz_ct *ct)
{
	auto_free pid_t *pids = NULL;
	int n = ct_is_running(ct) ? ct->vz->be->list_processes(&ct->env, &pids) : -1;

	return n < 0 ? -1 : n;
}

bool vz_ct_figure(struct vz_ct *ct, const char *key, enum vz_figure figure, uint64_t *ret)
{
	static const enum vz_usage parts[] = {
		[VZ_FIGURE_HELD]    = VZ_USAGE_HELD,
		[VZ_FIGURE_MAXHELD] = VZ_USAGE_MAXHELD,
		[VZ_FIGURE_SOFT]    = VZ_USAGE_SOFT,
		[VZ_FIGURE_LIMIT]   = VZ_USAGE_LIMIT,
		[VZ_FIGURE_FAILCNT] = VZ_USAGE_FAILCNT,
	};
	const struct vz_param *p = param_by_key(key);

	return p && (ct->env.init_pid > 0 || ct_is_running(ct)) &&
	       ct->vz->be->usage(&ct->env, p->id, parts[figure], ret) == 0;
}

/* ---- lock ---- */

/* 0; -EBUSY with *ret_owner filled; or -1 with err. status: what is said to be done under it. */
static int take_lock(struct vz_ct *ct, const char *status, usec_t timeout, struct lock_owner *ret_owner,
		     struct vz_err *err)
{
	auto_free char *dir = vz_conf_path(ct->vz, VZ_P_lockdir);
	auto_free char *name = str_printf("%u", ct->id);
	auto_free char *stale = NULL;
	int r;

	if (!dir)
		return vz_fail(err, VZ_E_LCKDIR_NOTSET, 0, "LOCKDIR is not set");
	if (ct->vz->dry_run)
		return 0;
	r = name ? path_make_dirs(dir, 0755) : -ENOMEM;
	if (r < 0)
		return vz_fail(err, VZ_E_SYSTEM, r, "Unable to lock container: directory '%s'", dir);
	r = lock_take(dir, name, status, timeout, ret_owner, &stale);
	if (stale)
		ct_info(ct, "Removing stale lock file %s", stale);
	ct->cut_off = stale;
	if (r == -EBUSY)
		return r;
	if (r < 0)
		return vz_fail(err, r == -EACCES || r == -EPERM ? VZ_E_NO_ACCES : VZ_E_SYSTEM, r,
			       "Unable to lock container: file '%s/%s.lck'", dir, name);
	ct->lock_dir = take_ptr(dir);
	return 0;
}

int vz_ct_lock(struct vz_ct *ct, uint64_t timeout, struct vz_err *err)
{
	struct lock_owner owner = { 0 };
	int r = take_lock(ct, "locked", timeout, &owner, err);

	if (r != -EBUSY)
		return r;
	ct_warn(ct, "Locked by: pid %d, cmdline %s", (int)owner.pid, owner.cmdline ? owner.cmdline : "unknown");
	lock_owner_done(&owner);
	return vz_fail(err, VZ_E_LOCKED, 0, "Container already locked");
}

int ct_lock_to_clean(struct vz_ct *ct, usec_t timeout, struct vz_err *err)
{
	return take_lock(ct, LOCK_CLEANUP, timeout, NULL, err);
}

void vz_ct_unlock(struct vz_ct *ct)
{
	auto_free char *name = str_printf("%u", ct->id);

	if (ct->lock_dir && name)
		lock_release(ct->lock_dir, name);
	free(ct->lock_dir);
	ct->lock_dir = NULL;
}
