/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts through the new mount API; see mount.h. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/strv.h"
#include "host/caps.h"
#include "host/mount.h"

#define STACK_SIZE 16384

/* ---- id maps ---- */

static int sleep_until_killed(void *arg)
{
	const pid_t *parent = arg;

	/* Nobody else would end us if the parent is killed meanwhile, or has been already. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == *parent)
		(void)pause();
	return 0;
}

static int write_map(pid_t pid, const char *which, const char *map)
{
	auto_free char *path = str_printf("/proc/%d/%s", (int)pid, which);

	return path ? file_write(AT_FDCWD, path, map) : -ENOMEM;
}

int idmap_open(uint32_t base, uint32_t count, bool host_root)
{
	/* The child shares our memory and only sleeps: cheaper than a copy of our address space. */
	auto_free char *stack = malloc(STACK_SIZE);
	auto_free char *path = NULL;
	auto_free char *map = NULL;
	pid_t self = getpid();
	int fd = -1, r;
	pid_t pid;

	map = host_root ? str_printf("0 %u %u\n%u 0 1\n", base, count, count) :
			  str_printf("0 %u %u\n", base, count);
	if (!stack || !map)
		return -ENOMEM;
	pid = clone(sleep_until_killed, stack + STACK_SIZE, CLONE_NEWUSER | CLONE_VM | SIGCHLD, &self);
	if (pid < 0)
		return -errno;
	r = write_map(pid, "uid_map", map);
	if (r == 0)
		r = write_map(pid, "gid_map", map);
	if (r == 0) {
		path = str_printf("/proc/%d/ns/user", (int)pid);
		fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
		r = fd < 0 ? -errno : 0;
	}
	(void)kill(pid, SIGKILL);
	(void)proc_wait(pid);
	return r < 0 ? r : fd;
}

int mount_idmapped(const char *path, int idmap)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.propagation = MS_PRIVATE,
		.userns_fd = (uint64_t)idmap,
	};
	auto_close int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		/* EINVAL is how file systems without id maps answer. */
		return errno == EINVAL ? -EOPNOTSUPP : -errno;
	return take_fd(&fd);
}

/* ---- overlays ---- */

struct layer_fds {
	int *fd;
	size_t n;
};

static void layer_fds_done(struct layer_fds *l)
{
	for (size_t i = 0; i < l->n; i++)
		(void)close(l->fd[i]);
	free(l->fd);
}

/* Descriptor 0 is the top directory, then the layers from the bottom up. */
static int open_layers(const struct overlay *o, struct layer_fds *l)
{
	size_t n = strv_len(o->lower);

	l->fd = calloc(n + 1, sizeof(*l->fd));
	if (!l->fd)
		return -ENOMEM;
	for (size_t i = 0; i <= n; i++) {
		int fd = mount_idmapped(i ? o->lower[i - 1] : o->top, o->idmap);

		if (fd < 0)
			return fd;
		l->fd[l->n++] = fd;
	}
	return 0;
}

static int set_string(int fs, const char *key, const char *value)
{
	return fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0) < 0 ? -errno : 0;
}

/* Each by itself ("lowerdir+", since 6.7): any number of layers. From the top down. */
static int set_lower_one_by_one(int fs, const struct layer_fds *l)
{
	int r = 0;

	for (size_t i = l->n; --i > 0 && r == 0;) {
		char path[32];

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", l->fd[i]);
		r = set_string(fs, "lowerdir+", path);
	}
	return r;
}

/* All in one string, which the kernel ends at 255 bytes. */
static int set_lower_in_one(int fs, const struct layer_fds *l)
{
	struct vz_str all = { 0 };
	int r;

	for (size_t i = l->n; --i > 0;)
		str_addf(&all, "%s/proc/self/fd/%d", i == l->n - 1 ? "" : ":", l->fd[i]);
	r = all.failed ? -ENOMEM : set_string(fs, "lowerdir", str_get(&all));
	str_done(&all);
	return r;
}

/* Mount what the descriptors name, as whoever we are now. */
static int try_overlay(const struct layer_fds *l, int (*set_lower)(int fs, const struct layer_fds *l))
{
	/* Options that would store file handles are off, so that a private area can be copied and moved. */
	static const char *const off[] = { "index", "nfs_export", "metacopy", "redirect_dir" };
	auto_close int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	auto_close int fd = -1;
	char upper[48], work[48];
	struct statvfs st;
	int r;

	if (fs < 0)
		return -errno;
	(void)snprintf(upper, sizeof(upper), "/proc/self/fd/%d/upper", l->fd[0]);
	(void)snprintf(work, sizeof(work), "/proc/self/fd/%d/work", l->fd[0]);
	r = set_string(fs, "source", "vz");
	for (size_t i = 0; i < ARRAY_SIZE(off) && r == 0; i++)
		r = set_string(fs, off[i], "off");
	if (r == 0)
		r = set_lower(fs, l);
	if (r == 0)
		r = set_string(fs, "upperdir", upper);
	if (r == 0)
		r = set_string(fs, "workdir", work);
	if (r == 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		r = -errno;
	if (r < 0)
		return r;
	fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* Without a usable work directory the kernel mounts read-only and does not say so. */
	if (fstatvfs(fd, &st) < 0)
		return -errno;
	if (st.f_flag & ST_RDONLY)
		return -EROFS;
	return take_fd(&fd);
}

/* Kernels before 6.7 take "lowerdir+" without a word and fail at the end: only trying tells. */
static int make_overlay(const struct layer_fds *l)
{
	int r = try_overlay(l, set_lower_one_by_one);

	return r == -EINVAL ? try_overlay(l, set_lower_in_one) : r;
}

/*
 * Before 6.18 the layers must be attached somewhere while the overlay is mounted, and some kernels
 * want the container root's ids for it. Both are done in a child with a mount namespace of its own:
 * whatever happens to it, nothing is left in the host's.
 */
static int overlay_in_child(const struct overlay *o, int sock)
{
	struct layer_fds l = { 0 };
	int fd, r;

	if (unshare(CLONE_NEWNS) < 0)
		return -errno;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	r = open_layers(o, &l);
	for (size_t i = 0; i < l.n && r == 0; i++)
		if (move_mount(l.fd[i], "", AT_FDCWD, o->top, MOVE_MOUNT_F_EMPTY_PATH) < 0)
			r = -errno;
	if (r == 0)
		r = caps_become_user_keep_all(o->root, o->root);
	if (r < 0)
		return r;
	fd = make_overlay(&l);
	return fd < 0 ? fd : fd_send(sock, 'O', fd);
}

static int mount_overlay_attached(const struct overlay *o)
{
	auto_close int ours = -1;
	auto_close int theirs = -1;
	int sock[2], fd = -1, status;
	char tag;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock) < 0)
		return -errno;
	ours = sock[0];
	theirs = sock[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		int r = overlay_in_child(o, theirs);

		_exit(r < 0 ? -r : 0);
	}
	(void)close(take_fd(&theirs));
	(void)fd_receive(ours, &tag, &fd);
	status = proc_wait(pid);
	if (fd >= 0)
		return fd;
	if (status >= 0 && WIFEXITED(status) && WEXITSTATUS(status))
		return -WEXITSTATUS(status);
	return -EIO;
}

static bool is_read_only(const char *path)
{
	struct statvfs st;

	return statvfs(path, &st) == 0 && (st.f_flag & ST_RDONLY);
}

/* Why the kernel could not make its directory in work/, and so would mount read-only: try the like. */
static int blame_work_dir(const char *top)
{
	auto_free char *dir = path_join(top, "work/try");

	if (!dir)
		return -ENOMEM;
	if (mkdir(dir, 0) < 0)
		return -errno;
	(void)rmdir(dir);
	return -EROFS;
}

int mount_overlay(const struct overlay *o)
{
	struct layer_fds l = { 0 };
	int r = -EINVAL;

	if (!o->attach) {
		r = open_layers(o, &l);
		if (r == 0)
			r = make_overlay(&l);
		layer_fds_done(&l);
	}
	/* EINVAL: layers must be attached; EROFS, EOVERFLOW: uid 0 could not make the work directory. */
	if (r == -EINVAL || r == -EROFS || r == -EOVERFLOW)
		r = mount_overlay_attached(o);
	/* For a top that cannot be written to the kernel says EINVAL, as for so much else. */
	if (r == -EINVAL && is_read_only(o->top))
		return -EROFS;
	return r == -EROFS ? blame_work_dir(o->top) : r;
}

bool mount_can_overlay(void)
{
	auto_close int fs = fsopen("overlay", FSOPEN_CLOEXEC);

	return fs >= 0 || errno != ENODEV;
}

/* ---- attaching, copying, removing ---- */

int mount_attach(int fd, const char *path, bool nosuid_nodev)
{
	struct mount_attr attr = { .propagation = MS_PRIVATE };

	if (nosuid_nodev)
		attr.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return -errno;
	if (move_mount(fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}

int mount_clone_root(const char *path)
{
	struct mount_attr all = { .propagation = MS_PRIVATE };
	struct mount_attr top = { .attr_clr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };
	auto_close int fd = -1;

	fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (fd < 0)
		return -errno;
	/* Without this, mounts made inside would appear on hosts whose root is shared. */
	if (mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &all, sizeof(all)) < 0)
		return -errno;
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &top, sizeof(top)) < 0)
		return -errno;
	return take_fd(&fd);
}

int mount_is_point(const char *path)
{
	struct statx st;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!(st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT))
		return -EOPNOTSUPP;
	return !!(st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* Mount points at path and below it, in the order in which they were mounted. */
static int list_points(const char *path, char ***ret)
{
	auto_fclose FILE *f = fopen("/proc/self/mountinfo", "re");
	auto_free char *line = NULL;
	auto_strv char **points = NULL;
	size_t size = 0, len = strlen(path);

	if (!f)
		return -errno;
	while (getline(&line, &size, f) > 0) {
		char *save = NULL, *word = NULL, *rest = line;
		int r;

		for (int i = 0; i < 5; i++, rest = NULL)
			word = strtok_r(rest, " ", &save);
		if (!word)
			continue;
		str_unescape_octal(word);
		if (strncmp(word, path, len) != 0 || (word[len] && word[len] != '/'))
			continue;
		r = strv_add(&points, word);
		if (r < 0)
			return r;
	}
	*ret = take_ptr(points);
	return 0;
}

/* The mounts right at path, as long as nothing is mounted below them. */
static int remove_tops(const char *path)
{
	int r;

	while ((r = mount_is_point(path)) > 0)
		if (umount2(path, UMOUNT_NOFOLLOW) < 0)
			return -errno;
	return r;
}

int mount_remove(const char *path)
{
	auto_free char *real = realpath(path, NULL);
	auto_strv char **points = NULL;
	int r;

	if (!real)
		return errno == ENOENT ? 0 : -errno;
	/* The usual case. The table of mounts has a line for each container and is slow to read. */
	if (mount_is_point(real) > 0 && remove_tops(real) == 0)
		return 0;
	r = list_points(real, &points);
	if (r < 0)
		return r;
	for (size_t i = strv_len(points); i-- > 0;)
		if (umount2(points[i], UMOUNT_NOFOLLOW) < 0 && errno != EINVAL)
			return -errno;
	return 0;
}

char *mount_fs_type(const char *path)
{
	auto_fclose FILE *f = fopen("/proc/self/mountinfo", "re");
	auto_free char *line = NULL;
	auto_free char *dev = NULL;
	size_t size = 0;
	struct statx st;

	if (!f || statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &st) < 0)
		return NULL;
	dev = str_printf(" %u:%u ", st.stx_dev_major, st.stx_dev_minor);
	if (!dev)
		return NULL;
	while (getline(&line, &size, f) > 0) {
		char *type = strstr(line, dev) ? strstr(line, " - ") : NULL;

		if (type)
			return strndup(type + 3, strcspn(type + 3, " \n"));
	}
	return NULL;
}
