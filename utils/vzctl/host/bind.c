/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bind mounts into a container; see bind.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "host/bind.h"
#include "host/ns.h"

/* It takes milliseconds, unless a file system on the way does not answer. */
#define TIMEOUT (10 * USEC_PER_SEC)
/* For a helper that was killed. One that hangs in the kernel ends when the container does. */
#define KILL_PATIENCE USEC_PER_SEC
/* Where the namespace of the mounts is built before it becomes the root: any directory will do. */
#define STAGE_DIR "/etc"

/* What a helper works on. Descriptors are closed by its end. */
struct job {
	const struct bind_place *at;
	pid_t caller;
	const struct bind_mount *mounts;
	size_t n;
	int *trees;		/* detached mounts by number; negative: passed over */
	const char *dst;	/* to be detached */
	const struct bind_identity *what;
	struct bind_failure *now;	/* what is being done; shared with the caller, who wants to know of what hangs */
};

int bind_place_open(pid_t pid, int pidfd, struct bind_place *ret)
{
	auto_free char *user = str_printf("/proc/%d/ns/user", (int)pid);
	auto_free char *mounts = str_printf("/proc/%d/ns/mnt", (int)pid);
	auto_close int user_ns = -1;
	auto_close int mount_ns = -1;
	int r;

	if (!user || !mounts)
		return -ENOMEM;
	user_ns = open(user, O_RDONLY | O_CLOEXEC);
	mount_ns = user_ns < 0 ? -1 : open(mounts, O_RDONLY | O_CLOEXEC);
	if (mount_ns < 0)
		return -errno;
	/* The pid may have become another's in the meantime. */
	r = pidfd_signal(pidfd, 0);
	if (r < 0)
		return r;
	*ret = (struct bind_place){ .user_ns = take_fd(&user_ns), .mount_ns = take_fd(&mount_ns) };
	return 0;
}

void bind_place_close(struct bind_place *p)
{
	cleanup_close(&p->user_ns);
	cleanup_close(&p->mount_ns);
}

/* Whoever comes after a caller that was killed must not be surprised by what he had begun. */
static int end_with_caller(const struct job *j)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	return getppid() == j->caller ? 0 : -ECHILD;
}

/* ---- in the helper: the mounts, as the host's root ---- */

static int open_source(struct job *j, const struct bind_mount *m)
{
	struct mount_attr attr = { .attr_set = m->attr, .propagation = MS_PRIVATE };
	auto_close int fd = -1;
	struct statx st;

	j->now->stage = BIND_SOURCE;
	if (m->tree >= 0) {
		fd = fcntl(m->tree, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : take_fd(&fd);
	}
	fd = open_tree(AT_FDCWD, m->src, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* A file system whose server is dead is found all the same, for as long as the kernel remembers. */
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_TYPE, &st) < 0)
		return -errno;
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return -errno;
	if (m->idmap < 0)
		return take_fd(&fd);
	j->now->stage = BIND_IDS;
	attr = (struct mount_attr){ .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)m->idmap };
	return mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0 ? -errno : take_fd(&fd);
}

static int open_sources(struct job *j)
{
	for (size_t i = 0; i < j->n; i++) {
		j->now->index = i;
		j->trees[i] = open_source(j, &j->mounts[i]);
		if (j->trees[i] < 0 && !(j->mounts[i].optional && j->trees[i] == -ENOENT))
			return j->trees[i];
	}
	return 0;
}

/* Make a place called like the number of the mount, and put the mount there. */
static int attach_by_number(int tree, size_t number)
{
	struct stat st;
	char name[24];

	(void)snprintf(name, sizeof(name), "%zu", number);
	if (fstat(tree, &st) < 0)
		return -errno;
	if ((S_ISDIR(st.st_mode) ? mkdir(name, 0700) : mknod(name, S_IFREG | 0600, 0)) < 0)
		return -errno;
	return move_mount(tree, "", AT_FDCWD, name, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

/* A namespace whose root is an empty file system, with the mounts in it. What there was before is gone. */
static int build_stage(struct job *j)
{
	int r = 0;

	j->now->stage = BIND_HELPER;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("vz", STAGE_DIR, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755") < 0 || chdir(STAGE_DIR) < 0)
		return -errno;
	for (size_t i = 0; i < j->n && r == 0; i++)
		r = j->trees[i] < 0 ? 0 : attach_by_number(j->trees[i], i);
	if (r < 0)
		return r;
	/* The old root lies on top of the new one for a moment. */
	return syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0 ? -errno : 0;
}

/* ---- in the helper: as root of the container ---- */

static int become_inner(struct job *j)
{
	int r;

	j->now->stage = BIND_ENTER;
	if (setns(j->at->user_ns, CLONE_NEWUSER) < 0)
		return -errno;
	r = ns_become_root();
	/* Other ids, and the kernel forgets the wish. */
	return r < 0 ? r : end_with_caller(j);
}

/* The copy of the stage that belongs to the container, in which the kernel has locked what was set. */
static int copy_stage(struct job *j)
{
	if (unshare(CLONE_NEWNS) < 0)
		return -errno;
	for (size_t i = 0; i < j->n; i++) {
		const struct bind_mount *m = &j->mounts[i];
		auto_free char *name = m->tree < 0 ? str_printf("%zu", i) : str_printf("%zu/%s", i, m->src);
		int copy;

		if (j->trees[i] < 0)
			continue;
		copy = name ? open_tree(AT_FDCWD, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC) : -1;
		if (copy < 0)
			return name ? -errno : -ENOMEM;
		(void)close(j->trees[i]);
		j->trees[i] = copy;
	}
	return 0;
}

/* From here on "/" is the container's root, and nothing leads out of it. */
static int enter_mounts(struct job *j)
{
	return setns(j->at->mount_ns, CLONE_NEWNS) < 0 ? -errno : 0;
}

/* What is there now. A link in the middle leads somewhere inside; one at the end would do so for unmounting only. */
static int look_up(const char *dst)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, dst, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

static int make_target(const char *dst, bool is_dir)
{
	int fd, r;

	(void)umask(022);
	r = is_dir ? path_make_dirs(dst, 0755) : path_make_parent(dst);
	if (r < 0 || is_dir)
		return r;
	fd = open(dst, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	(void)close(fd);
	return 0;
}

static int attach_inside(int tree, const struct bind_mount *m)
{
	auto_close int target = look_up(m->dst);
	struct stat from, to;
	int r;

	if (target == -ENOENT && m->optional)
		return 0;
	if (fstat(tree, &from) < 0)
		return -errno;
	if (target == -ENOENT) {
		r = make_target(m->dst, S_ISDIR(from.st_mode));
		if (r < 0)
			return r;
		target = look_up(m->dst);
	}
	if (target < 0)
		return target;
	if (fstat(target, &to) < 0)
		return -errno;
	if (S_ISLNK(to.st_mode))
		return -ELOOP;
	if (m->tree >= 0 && from.st_rdev == to.st_rdev && (from.st_mode & S_IFMT) == (to.st_mode & S_IFMT))
		return 0;
	if (S_ISDIR(from.st_mode) != S_ISDIR(to.st_mode))
		return S_ISDIR(to.st_mode) ? -EISDIR : -ENOTDIR;
	return move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0 ? -errno : 0;
}

static int run_attach(struct job *j)
{
	int r = open_sources(j);

	if (r == 0)
		r = build_stage(j);
	if (r == 0)
		r = become_inner(j);
	if (r == 0)
		r = copy_stage(j);
	if (r == 0)
		r = enter_mounts(j);
	j->now->stage = r == 0 ? BIND_TARGET : j->now->stage;
	for (size_t i = 0; i < j->n && r == 0; i++) {
		j->now->index = i;
		r = j->trees[i] < 0 ? 0 : attach_inside(j->trees[i], &j->mounts[i]);
	}
	return r;
}

static bool is_device(mode_t mode)
{
	return S_ISCHR(mode) || S_ISBLK(mode);
}

static bool is_mounted_here(const struct statx *st, const struct bind_identity *what)
{
	if (!(st->stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return false;
	if (what->device)
		return is_device(st->stx_mode) && makedev(st->stx_rdev_major, st->stx_rdev_minor) == what->device;
	return st->stx_ino == what->ino && makedev(st->stx_dev_major, st->stx_dev_minor) == what->dev;
}

/* What a node was mounted on. Whatever else may be there is the container's. */
static int remove_empty_file(const char *path)
{
	auto_close int fd = look_up(path);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size)
		return 0;
	return unlink(path) < 0 ? -errno : 0;
}

static int run_detach(struct job *j)
{
	auto_close int target = -1;
	struct statx st;
	int r = become_inner(j);

	if (r == 0)
		r = enter_mounts(j);
	if (r < 0)
		return r;
	j->now->stage = BIND_TARGET;
	target = look_up(j->dst);
	if (target < 0)
		return target;
	if (statx(target, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st) < 0)
		return -errno;
	if (!is_mounted_here(&st, j->what))
		return -ENOENT;
	/* If he puts something else there right now, it is his own that he loses. */
	if (umount2(j->dst, UMOUNT_NOFOLLOW | MNT_DETACH) < 0)
		return -errno;
	return j->what->device ? remove_empty_file(j->dst) : 0;
}

/* ---- the helper as such ---- */

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Every descriptor but these; some may be -1. */
static int close_others(int *keep, size_t n)
{
	int next = 0;

	qsort(keep, n, sizeof(*keep), compare_fds);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] > next && close_range((unsigned int)next, (unsigned int)keep[i] - 1, 0) < 0)
			return -errno;
		next = VZ_MAX(next, keep[i] + 1);
	}
	return close_range((unsigned int)next, ~0u, 0) < 0 ? -errno : 0;
}

/* It needs nothing of the caller's: neither its lock, nor its terminal. */
static int settle(struct job *j)
{
	auto_free int *keep = calloc(2 * j->n + 2, sizeof(*keep));
	size_t n = 0;

	if (!keep)
		return -ENOMEM;
	keep[n++] = j->at->user_ns;
	keep[n++] = j->at->mount_ns;
	for (size_t i = 0; i < j->n; i++) {
		keep[n++] = j->mounts[i].idmap;
		keep[n++] = j->mounts[i].tree;
	}
	return close_others(keep, n);
}

static void __attribute__((noreturn)) run_helper(struct job *j, int (*run)(struct job *j))
{
	int r = end_with_caller(j);

	if (r == 0)
		r = settle(j);
	if (r == 0)
		r = run(j);
	j->now->error = -r;
	_exit(0);
}

/* Until it ends, or has to. */
static int await_helper(pid_t pid)
{
	auto_close int pidfd = pidfd_open_pid(pid);
	int r = pidfd < 0 ? pidfd : pidfd_wait(pidfd, TIMEOUT);

	if (r < 0)
		(void)kill(pid, SIGKILL);
	if (r == 0 || pidfd < 0 || pidfd_wait(pidfd, KILL_PATIENCE) == 0)
		(void)proc_wait(pid);
	return r;
}

static int do_job(struct job *j, int (*run)(struct job *j), struct bind_failure *ret)
{
	pid_t pid;
	int r;

	*ret = (struct bind_failure){ .stage = BIND_HELPER, .error = ENOMEM };
	j->now = mmap(NULL, sizeof(*j->now), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (j->now == MAP_FAILED)
		return -ENOMEM;
	/* If it is killed that stays. */
	*j->now = (struct bind_failure){ .stage = BIND_HELPER, .error = ECHILD };
	j->caller = getpid();
	pid = fork();
	if (pid == 0)
		run_helper(j, run);
	r = pid < 0 ? -errno : await_helper(pid);
	*ret = *j->now;
	if (r < 0)
		ret->error = -r;
	(void)munmap(j->now, sizeof(*j->now));
	return -ret->error;
}

int bind_attach(const struct bind_place *at, const struct bind_mount *mounts, size_t n, struct bind_failure *ret_failure)
{
	auto_free int *trees = calloc(n + 1, sizeof(*trees));
	struct job j = { .at = at, .mounts = mounts, .n = n, .trees = trees };

	if (!trees) {
		*ret_failure = (struct bind_failure){ .stage = BIND_HELPER, .error = ENOMEM };
		return -ENOMEM;
	}
	return do_job(&j, run_attach, ret_failure);
}

int bind_detach(const struct bind_place *at, const char *dst, const struct bind_identity *what, struct bind_failure *ret_failure)
{
	struct job j = { .at = at, .dst = dst, .what = what };

	return do_job(&j, run_detach, ret_failure);
}
