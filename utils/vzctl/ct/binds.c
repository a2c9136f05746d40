/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bind mounts of a container: at its start those of its configuration, afterwards what set adds and removes.
 *
 * What is mounted may be more than what is configured, after a set without --save. So a file in /run tells
 * what is there, a line for each: device and inode of the source, and the path inside. It is written before
 * anything is mounted and after something was unmounted; whoever is killed in between leaves a line too
 * many, which does no harm.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "ct/ct.h"

#define RECORD_MAX (1 << 20)

/* ---- the file in /run ---- */

static int record_read(struct vz_ct *ct, char ***ret)
{
	auto_free char *path = paths_run(&ct->vz->paths, ct->id, "binds");
	auto_free char *text = NULL;
	int r = path ? file_read(AT_FDCWD, path, RECORD_MAX, &text, NULL) : -ENOMEM;

	*ret = NULL;
	if (r == 0)
		r = strv_split(text, "\n", ret);
	return r == -ENOENT ? 0 : r;
}

static int record_write(struct vz_ct *ct, char *const *lines)
{
	auto_free char *path = paths_run(&ct->vz->paths, ct->id, "binds");
	auto_free char *text = strv_join(lines, "\n");

	if (ct->vz->dry_run)
		return 0;
	if (!path)
		return -ENOMEM;
	if (!lines || !*lines)
		return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
	return text ? file_replace_volatile(path, 0644, text, strlen(text)) : -ENOMEM;
}

/* Where DST begins in a line; NULL: it is none of ours. */
static const char *line_read(const char *line, struct bind_identity *ret)
{
	uint64_t dev, ino;
	int at = 0;

	if (sscanf(line, "%" SCNu64 " %" SCNu64 " %n", &dev, &ino, &at) != 2 || !at)
		return NULL;
	*ret = (struct bind_identity){ .dev = dev, .ino = ino };
	return line + at;
}

static int find_line(char *const *lines, const char *dst)
{
	struct bind_identity ignored;

	for (int i = 0; lines && lines[i]; i++)
		if (str_equal(line_read(lines[i], &ignored), dst))
			return i;
	return -1;
}

static int fail_record(struct vz_ct *ct, int r, struct vz_err *err)
{
	return vz_fail(err, VZ_E_SYSTEM, r, "keep the list of bind mounts of container %u", ct->id);
}

/* ---- one of them ---- */

/* Can somebody else than root of the host pass through the directory? */
static bool is_open(const struct stat *st)
{
	return (st->st_mode & S_IXOTH) || ((st->st_mode & S_IXGRP) && st->st_gid) || st->st_uid;
}

/*
 * Can users of the host get at what lies in the directory, or is the file? Its own mode does not count, that
 * is the container's root's to change.
 */
static bool is_reachable(const char *path)
{
	auto_free char *real = realpath(path, NULL);
	struct stat st;

	for (char *slash; real && (slash = strrchr(real, '/'));) {
		/* "/" at the end */
		slash[slash == real] = '\0';
		if (stat(real, &st) < 0 || !is_open(&st))
			return false;
		if (slash == real)
			return true;
	}
	return false;
}

/*
 * Ids on disk are unshifted: a setuid file that the container's root makes belongs to root of the host, and
 * works there.
 */
static void warn_setuid(struct vz_ct *ct, const struct bindmount *b)
{
	struct statvfs fs;

	if (b->ro || statvfs(b->src, &fs) < 0 || (fs.f_flag & (ST_RDONLY | ST_NOSUID | ST_NOEXEC)) || !is_reachable(b->src))
		return;
	ct_warn(ct, "Warning: root of container %u can make setuid programs in '%s', which users of the host can run: "
		"put it below a directory of mode 0700, or add ',ro'", ct->id, b->src);
}

/* What its start would say. */
static void warn_of_start(struct vz_ct *ct, const struct bindmount *b)
{
	if (!path_exists(b->src))
		ct_warn(ct, "Warning: there is no '%s': container %u does not start without it", b->src, ct->id);
	warn_setuid(ct, b);
}

static int remove_line(struct vz_ct *ct, char **lines, size_t i, struct vz_err *err)
{
	struct bind_identity what;
	const char *dst = line_read(lines[i], &what);
	int r = ct->vz->be->bind_remove(&ct->env, dst, &what, err);

	if (r < 0)
		return -1;
	if (r > 0)
		ct_warn(ct, "Warning: '%s' inside container %u is not what was mounted there, and is left alone", dst, ct->id);
	strv_remove(lines, i);
	r = record_write(ct, lines);
	return r < 0 ? fail_record(ct, r, err) : 0;
}

/* ---- several of them ---- */

struct bind_list {
	struct bindmount *b;
	size_t n;
};

static void bind_list_done(struct bind_list *l)
{
	while (l->n)
		bindmount_done(&l->b[--l->n]);
	free(l->b);
}

static int bind_list_read(char *const *words, struct bind_list *ret)
{
	int r = 0;

	*ret = (struct bind_list){ .b = calloc(strv_len(words) + 1, sizeof(*ret->b)) };
	if (!ret->b)
		return -ENOMEM;
	for (; words && *words && r == 0; words++) {
		r = bindmount_read(*words, &ret->b[ret->n]);
		ret->n += r == 0;
	}
	return r;
}

/* Note them down, in the place of what is mounted there. */
static int put_lines(struct vz_ct *ct, const struct bind_list *l, char ***lines, struct vz_err *err)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct bindmount *b = &l->b[i];
		struct stat st;
		int at, r;

		if (stat(b->src, &st) < 0)
			return vz_fail(err, VZ_E_CANTMOUNT, -errno, "'%s', which is to be seen as '%s' inside", b->src, b->dst);
		at = find_line(*lines, b->dst);
		if (at >= 0 && remove_line(ct, *lines, (size_t)at, err) < 0)
			return -1;
		r = strv_addf(lines, "%" PRIu64 " %" PRIu64 " %s", (uint64_t)st.st_dev, (uint64_t)st.st_ino, b->dst);
		if (r < 0)
			return fail_record(ct, r, err);
	}
	return 0;
}

/* All or none: the last n lines are of what may be mounted, or not any more. */
static void take_back(struct vz_ct *ct, char **lines, size_t n)
{
	for (size_t i = strv_len(lines); n-- > 0 && i-- > 0;) {
		struct bind_identity what;
		const char *dst = line_read(lines[i], &what);
		struct vz_err ignored = { 0 };

		(void)ct->vz->be->bind_remove(&ct->env, dst, &what, &ignored);
		vz_err_done(&ignored);
		strv_remove(lines, i);
	}
	(void)record_write(ct, lines);
}

static int add(struct vz_ct *ct, const struct bind_list *l, struct vz_err *err)
{
	auto_strv char **lines = NULL;
	int r = record_read(ct, &lines);

	if (r < 0)
		return fail_record(ct, r, err);
	if (put_lines(ct, l, &lines, err) < 0)
		return -1;
	r = record_write(ct, lines);
	if (r < 0)
		return fail_record(ct, r, err);
	if (ct->vz->be->bind_add(&ct->env, l->b, l->n, err) < 0) {
		take_back(ct, lines, l->n);
		return -1;
	}
	for (size_t i = 0; i < l->n; i++)
		warn_setuid(ct, &l->b[i]);
	return 0;
}

static int add_words(struct vz_ct *ct, char *const *words, struct vz_err *err)
{
	struct bind_list l;
	int r;

	if (!words || !*words)
		return 0;
	r = bind_list_read(words, &l);
	r = r < 0 ? vz_fail(err, VZ_E_RESOURCE, r, "bind mounts") : add(ct, &l, err);
	bind_list_done(&l);
	return r;
}

static int remove_words(struct vz_ct *ct, char *const *words, struct vz_err *err)
{
	auto_strv char **lines = NULL;
	struct bind_list l;
	int r = bind_list_read(words, &l);

	if (r == 0)
		r = record_read(ct, &lines);
	if (r < 0)
		r = fail_record(ct, r, err);
	for (size_t i = 0; i < l.n && r == 0; i++) {
		int at = find_line(lines, l.b[i].dst);

		if (at >= 0)
			r = remove_line(ct, lines, (size_t)at, err);
	}
	bind_list_done(&l);
	return r;
}

/* Last mounted, first unmounted. */
static int remove_all(struct vz_ct *ct, struct vz_err *err)
{
	auto_strv char **lines = NULL;
	struct bind_identity ignored;
	int r = record_read(ct, &lines);

	if (r < 0)
		return fail_record(ct, r, err);
	for (size_t i = strv_len(lines); i-- > 0;)
		if (line_read(lines[i], &ignored) && remove_line(ct, lines, i, err) < 0)
			return -1;
	return 0;
}

int binds_start(struct vz_ct *ct, struct vz_err *err)
{
	auto_err struct vz_err why = { 0 };
	int r = record_write(ct, NULL);

	if (r < 0)
		return fail_record(ct, r, err);
	/* A container is of use without; and some kernels show the same, and more. */
	if (!(ct->vz->be->features & VZ_BE_PROC_VIEWS) && ct->vz->be->add_lxcfs(&ct->env, &why) < 0)
		ct_warn(ct, "Warning: /proc shows the figures of the host: %s", why.msg ? why.msg : "lxcfs does not work");
	if (add_words(ct, conf_list(&ct->conf, VZ_P_bindmount), err) == 0)
		return 0;
	ct_warn(ct, "To start it without a bind mount: vzctl set %u --bindmount_del PATH --save", ct->id);
	return -1;
}

int binds_apply(struct vz_ct *ct, const struct vz_edits *edits, struct vz_err *err)
{
	for (size_t i = 0; i < edits->n; i++) {
		const struct vz_edit *e = &edits->e[i];
		int r = 0;

		if (e->id != VZ_P_bindmount)
			continue;
		if (e->op == VZ_DEL)
			r = remove_words(ct, e->value.list, err);
		else if (e->op != VZ_ADD)
			r = remove_all(ct, err);
		if (r == 0 && (e->op == VZ_ADD || e->op == VZ_SET))
			r = add_words(ct, e->value.set ? e->value.list : NULL, err);
		if (r < 0)
			return -1;
	}
	return 0;
}

void binds_warn(struct vz_ct *ct, const struct vz_edits *edits)
{
	for (size_t i = 0; i < edits->n; i++) {
		const struct vz_edit *e = &edits->e[i];
		struct bind_list l;

		if (e->id != VZ_P_bindmount || e->op == VZ_DEL || !e->value.set)
			continue;
		if (bind_list_read(e->value.list, &l) == 0)
			for (size_t j = 0; j < l.n; j++)
				warn_of_start(ct, &l.b[j]);
		bind_list_done(&l);
	}
}
