/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * destroy: the private area is moved aside, which is the moment it happens, and then everything else
 * of the container goes. Killed half-way, the next destroy finishes: each step takes it well if its
 * work is done already.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "ct/ct.h"
#include "ct/steps.h"

#define TRASH "vztmp"		/* beside the directory of private areas: on the same file system */
#define TRASH_PREFIX "vzctl-rm-me."

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

/* /vz/private/101 → /vz/vztmp; an area right below the root of a file system has it beside itself. */
static char *trash_dir(struct vz_ct *ct)
{
	auto_free char *dir = strdup(ct->env.private_area);

	for (int up = 0; dir && up < 2; up++) {
		char *slash = strrchr(dir, '/');

		if (!slash || slash == dir)
			break;
		*slash = '\0';
	}
	return dir ? path_join(dir, TRASH) : NULL;
}

static int move_aside(struct vz_ct *ct, void *data, struct vz_err *err)
{
	const char *area = ct->env.private_area;
	auto_free char *dir = trash_dir(ct);
	auto_free char *trash = dir ? str_printf("%s/" TRASH_PREFIX "XXXXXX", dir) : NULL;
	struct stat st;
	int r = 0;

	(void)data;
	if (!trash)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "destroy container %u", ct->id);
	if (lstat(area, &st) < 0)
		return 0;	/* a destroy that was killed came this far */
	ct_info(ct, "Destroying container private area: %s", area);
	if (S_ISLNK(st.st_mode)) {
		ct_warn(ct, "Warning: private area '%s' is a symlink, only the link is removed", area);
		r = unlink(area) < 0 ? -errno : 0;
	} else {
		r = path_make_dirs(dir, 0700);
		if (r == 0 && !mkdtemp(trash))
			r = -errno;
		/* Onto the empty directory of that name. */
		if (r == 0 && rename(area, trash) < 0)
			r = -errno;
		/*
		 * An area that is a file system of its own, or beside none of ours. Or one on a full disk:
		 * then there is no room for a directory, and nothing but this makes some.
		 */
		if (r == -EXDEV || r == -EBUSY || r == -ENOSPC || r == -EDQUOT) {
			(void)rmdir(trash);
			r = path_remove_tree(AT_FDCWD, area);
		}
	}
	if (r < 0)
		return vz_fail(err, VZ_E_DEL_PRVT, r, "remove private area '%s'", area);
	return 0;
}

static int retire_conf(struct vz_ct *ct, void *data, struct vz_err *err)
{
	auto_free char *conf = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");
	auto_free char *retired = paths_ct_conf(&ct->vz->paths, ct->id, ".conf.destroyed");
	const char *name = conf_str(&ct->own, VZ_P_name);

	(void)data;
	if (!conf || !retired)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "destroy container %u", ct->id);
	ids_release(ct);
	if (name)
		name_unlink(ct, name);
	if (rename(conf, retired) < 0 && errno != ENOENT)
		return vz_fail(err, VZ_E_SYSTEM, -errno, "rename '%s'", conf);
	action_scripts_retire(ct);
	return 0;
}

static int remove_rest(struct vz_ct *ct, void *data, struct vz_err *err)
{
	auto_free char *dump = ct_dump_path(ct);

	(void)data;
	(void)err;
	if (dump)
		(void)path_remove_tree(AT_FDCWD, dump);
	if (ct->env.root)
		(void)rmdir(ct->env.root);
	ct_forget_run(ct);
	return 0;
}

/*
 * Ours, and what earlier ones could not finish. One at a time: two at work on one tree would each find
 * things gone that they were about to remove. The directory stays, another may be about to use it.
 */
static int empty_trash(struct vz_ct *ct, void *data, struct vz_err *err)
{
	auto_free char *dir = trash_dir(ct);
	auto_closedir DIR *d = dir ? opendir(dir) : NULL;
	struct dirent *e;

	(void)data;
	(void)err;
	if (d)
		(void)flock(dirfd(d), LOCK_EX);
	while (d && (e = readdir(d))) {
		int r;

		if (!str_has_prefix(e->d_name, TRASH_PREFIX))
			continue;
		r = path_remove_tree(dirfd(d), e->d_name);
		/* One who waited has read its name before it went. */
		if (r < 0 && r != -ENOENT)
			ct_warn(ct, "cannot remove '%s/%s', ignoring", dir, e->d_name);
	}
	return 0;
}

static const struct vz_step destroy_steps[] = {
	{ "check",   check_destroyable, NULL, STEP_CHECK },
	{ "private", move_aside,        NULL, STEP_COMMIT },
	{ "conf",    retire_conf,       NULL, 0 },
	{ "rest",    remove_rest,       NULL, 0 },
	{ "trash",   empty_trash,       NULL, 0 },
};

int vz_ct_destroy(struct vz_ct *ct, struct vz_err *err)
{
	if (steps_run(ct, "destroy", destroy_steps, ARRAY_SIZE(destroy_steps), NULL, err) < 0)
		return -1;
	if (!ct->vz->dry_run)
		ct_info(ct, "Container private area was destroyed");
	return 0;
}
