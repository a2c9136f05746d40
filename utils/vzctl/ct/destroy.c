/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * destroy: the private area is moved aside, which is the moment it happens, and then everything else
 * of the container goes. Killed half-way, the next command finishes (recover.c): each step takes it well
 * if its work is done already.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "ct/ct.h"
#include "ct/steps.h"

static int check_destroyable(struct vz_ct *ct, void *data, struct vz_err *err)
{
	auto_free char *conf = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");

	(void)data;
	if (!ct->env.private_area)
		return vz_fail(err, VZ_E_PRIVATE_NOTSET, 0, "VE_PRIVATE is not set");
	if (vz_backend_open(ct->vz, err) < 0)
		return -1;
	if (ct_is_running(ct))
		return vz_fail(err, VZ_E_RUNNING, 0, "Container is currently running. Stop it first.");
	if (ct_is_mounted(ct))
		return vz_fail(err, VZ_E_MOUNTED, 0, "Container is currently mounted (umount first)");
	if (access(ct->env.private_area, F_OK) == 0 && access(ct->env.private_area, W_OK) < 0)
		return vz_fail(err, VZ_E_DEL_PRVT, -errno, "private area '%s'", ct->env.private_area);
	if (conf && access(conf, W_OK) < 0 && errno == EROFS)
		return vz_fail(err, VZ_E_SYSTEM, -errno, "rename '%s'", conf);
	return 0;
}

/* Where it fails, for want of space or on a read-only /etc, destroy goes on: it is the way out of that. */
static int mark(struct vz_ct *ct, void *data, struct vz_err *err)
{
	int r = ct_mark(ct, CT_DESTROYING);

	(void)data;
	(void)err;
	if (r < 0)
		ct_log(ct, VZ_LOG_DEBUG, "cannot leave a mark beside the configuration file: %s", strerror(-r));
	return 0;
}

static void unmark(struct vz_ct *ct, void *data)
{
	(void)data;
	ct_unmark(ct);
}

static int move_aside(struct vz_ct *ct, void *data, struct vz_err *err)
{
	const char *area = ct->env.private_area;
	struct stat st;
	int r;

	(void)data;
	if (lstat(area, &st) < 0)
		return 0;	/* a destroy that was killed came this far */
	ct_info(ct, "Destroying container private area: %s", area);
	if (S_ISLNK(st.st_mode)) {
		ct_warn(ct, "Warning: private area '%s' is a symlink, only the link is removed", area);
		r = unlink(area) < 0 ? -errno : 0;
	} else {
		r = trash_put(ct, area);
	}
	if (r < 0)
		return vz_fail(err, VZ_E_DEL_PRVT, r, "remove private area '%s'", area);
	/* Not the file without the area: after a power cut it would be an area that nobody knows. */
	(void)path_flush_parent(area);
	return 0;
}

/* What lies beside the area: left by a create that was killed. */
static void remove_beside(struct vz_ct *ct)
{
	auto_free char *beside = str_printf("%s.tmp", ct->env.private_area);

	if (beside && path_exists(beside) && trash_put(ct, beside) < 0)
		ct_warn(ct, "cannot remove '%s', ignoring", beside);
}

static int remove_rest(struct vz_ct *ct, void *data, struct vz_err *err)
{
	auto_free char *dump = ct_dump_path(ct);

	(void)data;
	(void)err;
	remove_beside(ct);
	if (dump)
		(void)path_remove_tree(AT_FDCWD, dump);
	if (ct->env.root)
		(void)rmdir(ct->env.root);
	ct_forget_run(ct);
	disk_forget(ct);
	action_scripts_retire(ct);
	ids_release(ct);
	names_forget(ct);
	return 0;
}

/* Last of all: as long as the file is there the next destroy finds what is still to be done. */
static int retire_conf(struct vz_ct *ct, void *data, struct vz_err *err)
{
	auto_free char *conf = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");
	auto_free char *retired = paths_ct_conf(&ct->vz->paths, ct->id, ".conf.destroyed");
	auto_free char *tmp = conf ? str_printf("%s.tmp", conf) : NULL;

	(void)data;
	if (!tmp || !retired)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "destroy container %u", ct->id);
	/* Of a change of the file that was cut off. */
	(void)unlink(tmp);
	if (rename(conf, retired) < 0 && errno != ENOENT)
		return vz_fail(err, VZ_E_SYSTEM, -errno, "rename '%s'", conf);
	ct_unmark(ct);
	return 0;
}

static int empty_trash(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	(void)err;
	trash_empty(ct, true);
	return 0;
}

static const struct vz_step destroy_steps[] = {
	{ "check",   check_destroyable, NULL,   STEP_CHECK },
	{ "mark",    mark,              unmark, 0 },
	{ "private", move_aside,        NULL,   STEP_COMMIT },
	{ "rest",    remove_rest,       NULL,   0 },
	{ "conf",    retire_conf,       NULL,   0 },
	{ "trash",   empty_trash,       NULL,   0 },
};

/* Where the list goes on when the area has gone. */
#define STEPS_BEFORE_PRIVATE 2

int ct_finish_destroy(struct vz_ct *ct, struct vz_err *err)
{
	return steps_run(ct, "destroy", destroy_steps + STEPS_BEFORE_PRIVATE,
			 ARRAY_SIZE(destroy_steps) - STEPS_BEFORE_PRIVATE, NULL, err);
}

int vz_ct_destroy(struct vz_ct *ct, struct vz_err *err)
{
	auto_free char *conf = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");
	bool is_gone = !conf || !path_exists(conf);

	if (is_gone && !ct->was_unfinished)
		return vz_fail(err, VZ_E_NOVECONFIG, 0, "Container config file does not exist");
	if (!is_gone && steps_run(ct, "destroy", destroy_steps, ARRAY_SIZE(destroy_steps), NULL, err) < 0)
		return -1;
	if (!ct->vz->dry_run)
		ct_info(ct, "Container private area was destroyed");
	return 0;
}
