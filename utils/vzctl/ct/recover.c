/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What commands leave that were killed, or ended by a power cut, and what the next one does about it
 * before it begins.
 *
 * In the kernel: mounts, groups, processes. That a command died in the middle is told by its lock, which
 * is there still while its owner is gone. A container that does not run is then taken down entirely,
 * whatever the command was about to make of it; one that runs is left alone.
 *
 * On disk: create and destroy change a configuration file and a private area, which no system call does
 * at once. So each puts a mark beside the configuration file before it touches anything and removes it
 * at its end. What happened is decided by the area alone, which is moved by one rename: a mark without an
 * area means that create has to be undone, or destroy to be finished; with the area in its place, that
 * create had succeeded, or destroy had not begun.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "ct/ct.h"

#define END_PATIENCE (5 * USEC_PER_SEC)
#define END_SLICE (5 * USEC_PER_MSEC)

/* ---- marks ---- */

static const char *const endings[] = { [CT_CREATING] = ".creating", [CT_DESTROYING] = ".destroying" };

static char *mark_path(struct vz *vz, vz_ctid id, enum ct_unfinished what)
{
	return paths_ct_conf(&vz->paths, id, endings[what]);
}

/* Of the two the one that came later: destroy puts its mark in place of create's. */
static enum ct_unfinished find_mark(struct vz *vz, vz_ctid id)
{
	static const enum ct_unfinished order[] = { CT_DESTROYING, CT_CREATING };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		auto_free char *path = mark_path(vz, id, order[i]);

		if (path && path_exists(path))
			return order[i];
	}
	return CT_FINISHED;
}

int ct_mark(struct vz_ct *ct, enum ct_unfinished what)
{
	auto_free char *path = mark_path(ct->vz, ct->id, what);
	auto_close int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644) : -1;

	/* Not flushed: the configuration file is, by way of their common directory, and comes later. */
	return fd < 0 ? -errno : 0;
}

void ct_unmark(struct vz_ct *ct)
{
	for (enum ct_unfinished what = CT_CREATING; what <= CT_DESTROYING; what++) {
		auto_free char *path = mark_path(ct->vz, ct->id, what);

		if (path)
			(void)unlink(path);
	}
}

/* An empty directory is none: create moves the area onto it. */
static bool has_area(const char *area)
{
	return area && path_exists(area) && path_is_empty_dir(area) != 1;
}

/* What a mark that was found means: with the area in its place, nothing. */
static enum ct_unfinished unfinished(enum ct_unfinished mark, const char *area)
{
	return mark == CT_FINISHED || has_area(area) ? CT_FINISHED : mark;
}

enum ct_unfinished ct_unfinished(struct vz *vz, vz_ctid id, const char *area)
{
	return unfinished(find_mark(vz, id), area);
}

/* ---- what is left in the kernel ---- */

/*
 * A process 1 that has been killed, or waits for a word of the vzctl that is dead, is gone in a moment.
 * One that had been told to go on just before it died goes on.
 */
static void await_end(struct vz_ct *ct)
{
	usec_t end = now_usec() + END_PATIENCE;
	struct proc_stat st;

	while (ct_is_running(ct) && proc_stat_read(ct->env.init_pid, &st) == 0 && (st.is_killed || st.has_not_execed) &&
	       now_usec() < end)
		(void)pidfd_wait(ct->env.init_pidfd, END_SLICE);
}

static void take_down(struct vz_ct *ct)
{
	struct vz_err why = { 0 };

	/* Of what was set up beside its place only the set-up was mounted, and that without scripts. */
	ct->mounts_without_scripts = !has_area(ct->env.private_area);
	ct->mounts_silently = true;
	if (ct->vz->be->stop(&ct->env, VZ_STOP_KILL, &why) < 0 ||
	    (ct_is_mounted(ct) && ct_umount_root(ct, &why) < 0))
		ct_warn(ct, "%s, ignoring", why.msg ? why.msg : "processes are left");
	vz_err_done(&why);
	ct->mounts_without_scripts = ct->mounts_silently = false;
	ct_forget_run(ct);
}

static void recover_kernel(struct vz_ct *ct)
{
	struct vz_err ignored = { 0 };
	bool rebooted = false;

	if (vz_backend_open(ct->vz, &ignored) == 0) {
		await_end(ct);
		/* One that reboots is vzeventd's, who was not the one that was killed. */
		if (!ct_is_running(ct) && !(state_has_ended(ct, &rebooted) && rebooted))
			take_down(ct);
	}
	vz_err_done(&ignored);
}

/* ---- what is left on disk ---- */

/* From now on the handle is that of a container that does not exist. */
static void forget_conf(struct vz_ct *ct)
{
	struct vz_err ignored = { 0 };

	conf_file_free(ct->file);
	ct->file = NULL;
	conf_done(&ct->own);
	(void)ct_refresh(ct, &ignored);
	vz_err_done(&ignored);
	ct->was_unfinished = true;
}

static int recover_disk(struct vz_ct *ct, struct vz_err *err)
{
	enum ct_unfinished mark = find_mark(ct->vz, ct->id);
	enum ct_unfinished what = unfinished(mark, ct->env.private_area);

	/* After a power cut nobody has asked for it yet. */
	if (what != CT_FINISHED && vz_backend_open(ct->vz, err) < 0)
		return -1;
	switch (what) {
	case CT_FINISHED:
		if (mark != CT_FINISHED)
			ct_unmark(ct);
		return 0;
	case CT_CREATING:
		ct_warn(ct, "Warning: undoing the create of container %u that was cut off", ct->id);
		if (ct_undo_create(ct, err) < 0)
			return -1;
		break;
	case CT_DESTROYING:
		ct_warn(ct, "Warning: finishing the destroy of container %u that was cut off", ct->id);
		if (ct_finish_destroy(ct, err) < 0)
			return -1;
		break;
	}
	forget_conf(ct);
	return 0;
}

int vz_ct_recover(struct vz_ct *ct, struct vz_err *err)
{
	/* Without the lock somebody else may be at it this very moment. */
	if (!ct->lock_dir || ct->vz->dry_run)
		return 0;
	if (ct->cut_off) {
		recover_kernel(ct);
		names_repair(ct);
		if (ct->env.private_area)
			trash_empty(ct, false);
		ct->cut_off = false;
	}
	return recover_disk(ct, err);
}
