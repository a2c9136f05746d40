/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mount and umount: the private area at VE_ROOT, with the scripts of the administrator around it. */
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "ct/ct.h"
#include "ct/steps.h"

/* All layers of an overlay must be there before anything is begun. */
static int check_layers(struct vz_ct *ct, struct vz_err *err)
{
	for (size_t i = 0; ct->env.layers && ct->env.layers[i]; i++)
		if (!path_is_dir(ct->env.layers[i]))
			return vz_fail(err, VZ_E_NOPRVT, 0,
				       "container %u stands on the layer '%s', which is missing: import its template again (vztmpl)",
				       ct->id, ct->env.layers[i]);
	return 0;
}

static int check_mountable(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	if (ct_need_private(ct, err) < 0 || ct_need_root(ct, err) < 0)
		return -1;
	if (access(ct->env.private_area, W_OK) < 0 && errno == EROFS)
		return vz_fail(err, VZ_E_CANTMOUNT, 0, "'%s' is on a read-only file system", ct->env.private_area);
	if (ct_find_layout(ct, err) < 0 || check_layers(ct, err) < 0 || vz_backend_probe(ct->vz, err) < 0)
		return -1;
	return ct_need_overlay(ct, ct->env.layout == VZ_LAYOUT_OVERLAY ? "overlay" : NULL, err);
}

static int get_ids(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	return ids_ensure(ct, err);
}

static int run_scripts(struct vz_ct *ct, enum vz_action action, struct vz_err *err)
{
	return ct->mounts_without_scripts ? 0 : action_run(ct, action, err);
}

static int premount(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	return run_scripts(ct, VZ_ACTION_PREMOUNT, err);
}

static int mount_private(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	return ct->vz->be->mount(&ct->env, err);
}

static void umount_private(struct vz_ct *ct, void *data)
{
	struct vz_err ignored = { 0 };

	(void)data;
	if (ct->vz->be->umount(&ct->env, &ignored) < 0)
		ct_warn(ct, "%s", ignored.msg ? ignored.msg : "cannot unmount");
	vz_err_done(&ignored);
}

static int mount_scripts(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	return run_scripts(ct, VZ_ACTION_MOUNT, err);
}

static const struct vz_step mount_steps[] = {
	{ "check",    check_mountable, NULL,           STEP_CHECK },
	{ "ids",      get_ids,         NULL,           0 },
	{ "premount", premount,        NULL,           0 },
	{ "root",     mount_private,   umount_private, STEP_PLANNED },
	{ "scripts",  mount_scripts,   NULL,           0 },
};

int ct_mount_root(struct vz_ct *ct, struct vz_err *err)
{
	if (steps_run(ct, "mount", mount_steps, ARRAY_SIZE(mount_steps), NULL, err) < 0)
		return -1;
	if (!ct->vz->dry_run && !ct->mounts_silently)
		ct_info(ct, "Container is mounted");
	return 0;
}

static int umount_scripts(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	return run_scripts(ct, VZ_ACTION_UMOUNT, err);
}

static int umount_root(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	return ct->vz->be->umount(&ct->env, err);
}

static int postumount(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	return run_scripts(ct, VZ_ACTION_POSTUMOUNT, err);
}

static const struct vz_step umount_steps[] = {
	{ "scripts",    umount_scripts, NULL, 0 },
	{ "root",       umount_root,    NULL, STEP_PLANNED },
	{ "postumount", postumount,     NULL, 0 },
};

int ct_umount_root(struct vz_ct *ct, struct vz_err *err)
{
	if (steps_run(ct, "umount", umount_steps, ARRAY_SIZE(umount_steps), NULL, err) < 0)
		return -1;
	if (!ct->vz->dry_run && !ct->mounts_silently)
		ct_info(ct, "Container is unmounted");
	return 0;
}

int vz_ct_mount(struct vz_ct *ct, struct vz_err *err)
{
	if (ct_need_private(ct, err) < 0 || ct_need_root(ct, err) < 0)
		return -1;
	if (ct_is_mounted(ct)) {
		ct_info(ct, "Container is already mounted");
		return 0;
	}
	return ct_mount_root(ct, err);
}

int vz_ct_umount(struct vz_ct *ct, struct vz_err *err)
{
	if (ct_need_root(ct, err) < 0)
		return -1;
	if (!ct_is_mounted(ct))
		return vz_fail(err, VZ_E_NOT_MOUNTED, 0, "CT is not mounted");
	if (ct_is_running(ct))
		return vz_fail(err, VZ_E_RUNNING, 0, "Container is running -- stop it first");
	if (vz_backend_probe(ct->vz, err) < 0)
		return -1;
	if (ct_umount_root(ct, err) < 0)
		return -1;
	/* It may have ended by itself: then this is the end of that, too. */
	if (!ct->vz->dry_run)
		ct_forget_run(ct);
	return 0;
}
