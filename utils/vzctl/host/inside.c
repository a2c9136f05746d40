/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a container sees when its init starts; see inside.h.
 *
 * The order matters. File systems are made while the host's /proc and /sys are still visible (the
 * kernel asks for that), as detached mounts; then the root is pivoted, the host's tree is gone, and
 * only then are paths of the container resolved: they can lead nowhere else.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macros.h"
#include "base/str.h"
#include "host/caps.h"
#include "host/inside.h"

struct fs_option {
	const char *key, *value;	/* value NULL: a flag */
};

/* The container's own file systems, in the order in which they are attached. */
enum fs_id { FS_PROC, FS_SYS, FS_CGROUP, FS_DEV, FS_PTS, FS_SHM, FS_MQUEUE, FS_RUN, FS__MAX };

static const struct fs {
	const char *type, *target;
	uint64_t attr;
	struct fs_option option[4];
} file_systems[FS__MAX] = {
	[FS_PROC]   = { "proc",    "/proc",          MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, { { 0 } } },
	[FS_SYS]    = { "sysfs",   "/sys",           MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY, { { 0 } } },
	[FS_CGROUP] = { "cgroup2", "/sys/fs/cgroup", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, { { 0 } } },
	[FS_DEV]    = { "tmpfs",   "/dev",           MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, { { "mode", "755" }, { "size", "1m" } } },
	[FS_PTS]    = { "devpts",  "/dev/pts",       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, { { "newinstance", NULL }, { "ptmxmode", "0666" }, { "mode", "0620" }, { "gid", "5" } } },
	[FS_SHM]    = { "tmpfs",   "/dev/shm",       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, { { "mode", "1777" } } },
	[FS_MQUEUE] = { "mqueue",  "/dev/mqueue",    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, { { 0 } } },
	[FS_RUN]    = { "tmpfs",   "/run",           MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, { { "mode", "755" } } },
};

static const char *const standard_nodes[] = {
	"null", "zero", "full", "random", "urandom", "tty",
};

static const struct { const char *link, *to; } dev_links[] = {
	{ "/dev/ptmx",   "pts/ptmx" },
	{ "/dev/fd",     "/proc/self/fd" },
	{ "/dev/stdin",  "/proc/self/fd/0" },
	{ "/dev/stdout", "/proc/self/fd/1" },
	{ "/dev/stderr", "/proc/self/fd/2" },
	{ "/dev/core",   "/proc/kcore" },
};

/* Of /proc: what the container may read but not write, and what it need not even read. */
static const char *const proc_read_only[] = { "/proc/bus", "/proc/fs", "/proc/irq" };
static const char *const proc_masked[] = {
	"/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/latency_stats",
};

#define REBOOT_UNIT "vz-reboot.service"
/*
 * What systemd is told. PSI watches are off because no checkpoint can carry them over; the console
 * is /dev/null, on which a getty would fail. Versions that do not know a setting ignore it.
 */
static const struct { const char *path, *text; } systemd_files[] = {
	{ "/run/systemd/system.conf.d/50-vz.conf", "[Manager]\nDefaultMemoryPressureWatch=off\n" },
	{ "/run/systemd/user.conf.d/50-vz.conf", "[Manager]\nDefaultMemoryPressureWatch=off\n" },
	{ "/run/systemd/system/user@.service.d/50-vz.conf", "[Service]\nMemoryPressureWatch=off\n" },
	{ "/run/systemd/system/" REBOOT_UNIT,
	  "[Unit]\nDescription=Tell the host of the reboot\nDefaultDependencies=no\n"
	  "Before=final.target systemd-reboot.service\n"
	  "[Service]\nType=oneshot\n"
	  "ExecStart=/bin/sh -c 'echo " VZ_STRING(INSIDE_REBOOT_DEPTH) " >/sys/fs/cgroup/" INSIDE_REBOOT_GROUP "/cgroup.max.depth'\n" },
};
/*
 * Where the root is attached until the pivot, in our own copy of the mounts: any directory that the
 * container's root may search, which VE_ROOT need not be, and that nobody looks into until then. (The kernel
 * wants to see /proc and /sys uncovered.)
 */
#define PIVOT_DIR "/etc"
#define NODE_DIR "/dev/.vz"
static const struct { const char *link, *to; } systemd_links[] = {
	{ "/run/systemd/system/console-getty.service", "/dev/null" },
	{ "/run/systemd/system/reboot.target.wants/" REBOOT_UNIT, "../" REBOOT_UNIT },
};

#define INIT_ENV \
	"HOME=/", "TERM=linux", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", \
	"MEMORY_PRESSURE_WATCH=/dev/null"

const char *const *inside_init_env(bool detect)
{
	static const char *const shown[] = { INIT_ENV, "container=openvz", NULL };
	/* systemd has to know that it is in a container; of one with this name it says "container-other". */
	static const char *const hidden[] = { INIT_ENV, "container=openve", NULL };

	return detect ? shown : hidden;
}

static int make_fs(const struct fs *fs)
{
	auto_close int ctx = fsopen(fs->type, FSOPEN_CLOEXEC);
	int fd;

	if (ctx < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(fs->option) && fs->option[i].key; i++) {
		const struct fs_option *o = &fs->option[i];
		unsigned int cmd = o->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

		if (fsconfig(ctx, cmd, o->key, o->value, 0) < 0)
			return -errno;
	}
	if (fsconfig(ctx, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = fsmount(ctx, FSMOUNT_CLOEXEC, (unsigned int)fs->attr);
	return fd < 0 ? -errno : fd;
}

/* A detached bind of a device node of the host. */
static int clone_node(const char *name)
{
	auto_free char *path = path_join("/dev", name);
	int fd;

	if (!path)
		return -ENOMEM;
	fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int inside_make_nodes(const struct inside_node *nodes, size_t n, uid_t owner, int *ret_error)
{
	static const struct fs fs = { "tmpfs", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
				      { { "mode", "755" }, { "size", "64k" } } };
	auto_close int fd = -1;

	*ret_error = 0;
	if (!n)
		return -1;
	fd = make_fs(&fs);
	if (fd < 0)
		*ret_error = fd;
	for (size_t i = 0; i < n && *ret_error == 0; i++) {
		char name[24];

		(void)snprintf(name, sizeof(name), "%zu", i);
		/* Its own root may use it, whatever users of the host may do. */
		if (mknodat(fd, name, (nodes[i].mode & S_IFMT) | 0600, nodes[i].dev) < 0 ||
		    fchownat(fd, name, owner, owner, AT_SYMLINK_NOFOLLOW) < 0 ||
		    fchmodat(fd, name, (nodes[i].mode & 0666) | 0600, 0) < 0)
			*ret_error = -errno;
	}
	return *ret_error < 0 ? -1 : take_fd(&fd);
}

static int attach(int fd, const char *target)
{
	return move_mount(fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

/* A directory to mount on: templates may lack it, and a container's root may have put a link there. */
static int make_target(const char *path)
{
	struct stat st;

	if (mkdir(path, 0755) == 0 || errno == EEXIST) {
		if (lstat(path, &st) < 0)
			return -errno;
		return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	}
	return -errno;
}

int inside_stage(const struct inside *in)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	return attach(in->root, PIVOT_DIR);
}

static int pivot(void)
{
	auto_close int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int root = open_tree(AT_FDCWD, PIVOT_DIR, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	int r;

	if (old < 0 || root < 0)
		return -errno;
	/* The copy: what came along cannot be moved, so neither become the root. */
	r = attach(root, PIVOT_DIR);
	if (r < 0)
		return r;
	if (chdir(PIVOT_DIR) < 0)
		return -errno;
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return -errno;
	/* The old root lies on top of the new one now; below it nothing of the host is left. */
	if (fchdir(old) < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}

/* An empty file for a node to be bound on, with the directories above it. */
static int make_node_file(const char *path)
{
	int fd, r = path_make_parent(path);

	if (r < 0)
		return r;
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	(void)close(fd);
	return 0;
}

static int attach_node(int fd, const char *name)
{
	auto_free char *path = path_join("/dev", name);
	int r = path ? make_node_file(path) : -ENOMEM;

	return r < 0 ? r : attach(fd, path);
}

static int bind_read_only(const char *from, const char *to)
{
	if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) < 0 ||
	    mount(NULL, to, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return -errno;
	return 0;
}

/*
 * No pty: nobody would hold its other end, and every write of a boot message would time out. In sysfs the
 * console keeps the number of the host's: there it gets an empty description, or else a program that
 * looks for the device behind /dev/console finds two.
 */
static int make_console(const struct inside *in)
{
	static const char console[] = "/dev/console", described[] = "/sys/devices/virtual/tty/console/uevent";
	int r = make_node_file(console);

	if (r < 0)
		return r;
	r = in->sysfs ? bind_read_only(console, described) : 0;
	if (r < 0 && r != -ENOENT)
		return r;
	return mount("/dev/null", console, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

static int fill_dev(const struct inside *in)
{
	for (size_t i = 0; i < ARRAY_SIZE(dev_links); i++)
		if (symlink(dev_links[i].to, dev_links[i].link) < 0)
			return -errno;
	return make_console(in);
}

static int mask_proc(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(proc_read_only); i++) {
		int r = bind_read_only(proc_read_only[i], proc_read_only[i]);

		if (r < 0 && r != -ENOENT)
			return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(proc_masked); i++)
		if (mount("/dev/null", proc_masked[i], NULL, MS_BIND, NULL) < 0 && errno != ENOENT)
			return -errno;
	return 0;
}

static int write_new_file(const char *path, const char *text)
{
	auto_close int fd = -1;
	int r = path_make_parent(path);

	if (r < 0)
		return r;
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	return fd_write_all(fd, text, strlen(text));
}

static int tell_systemd(void)
{
	if (access("/lib/systemd/systemd", F_OK) < 0 && access("/usr/lib/systemd/systemd", F_OK) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(systemd_files); i++) {
		int r = write_new_file(systemd_files[i].path, systemd_files[i].text);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(systemd_links); i++) {
		int r = path_make_parent(systemd_links[i].link);

		if (r == 0 && symlink(systemd_links[i].to, systemd_links[i].link) < 0)
			r = -errno;
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * A boot of its own: the kernel's id is the host's, with it journalctl took all boots of a container for
 * one, and it would change under a migrated container. The id lives with the tmpfs and is carried along.
 */
static int make_boot_id(void)
{
	static const char file[] = "/run/vz-boot-id", shown[] = "/proc/sys/kernel/random/boot_id";
	unsigned char b[16];
	char text[40];
	int r;

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		return -EIO;
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	(void)snprintf(text, sizeof(text), "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x\n",
		       b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
		       b[13], b[14], b[15]);
	r = write_new_file(file, text);
	return r < 0 ? r : bind_read_only(file, shown);
}

static int loopback_up(void)
{
	auto_close int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (s < 0)
		return errno == EAFNOSUPPORT ? 0 : -errno;
	return ioctl(s, SIOCSIFFLAGS, &ifr) < 0 ? -errno : 0;
}

/* 0, 1, 2 on the container's own /dev/null, and no descriptor of the host's left. */
static int settle_descriptors(int keep)
{
	int null = open("/dev/null", O_RDWR | O_NOCTTY);

	if (null < 0)
		return -errno;
	for (int i = 0; i < 3; i++)
		if (dup2(null, i) < 0)
			return -errno;
	if (keep > 3 && close_range(3, (unsigned int)keep - 1, 0) < 0)
		return -errno;
	if (close_range((unsigned int)keep + 1, ~0u, 0) < 0)
		return -errno;
	return 0;
}

/* One mount of each kind, made before the pivot, attached after it. */
struct parts {
	int fs[FS__MAX];
	int standard[ARRAY_SIZE(standard_nodes)];
};

static int make_parts(const struct inside *in, struct parts *p, const char **where)
{
	for (int i = 0; i < FS__MAX; i++) {
		if (i == FS_SYS && !in->sysfs)
			continue;
		*where = file_systems[i].target;
		p->fs[i] = make_fs(&file_systems[i]);
		if (p->fs[i] < 0)
			return p->fs[i];
	}
	for (size_t i = 0; i < ARRAY_SIZE(standard_nodes); i++) {
		*where = standard_nodes[i];
		p->standard[i] = clone_node(standard_nodes[i]);
		if (p->standard[i] < 0)
			return p->standard[i];
	}
	return 0;
}

/* Each from the file system the host made, which then is out of sight. */
static int attach_extra_nodes(const struct inside *in, const char **where)
{
	if (in->node_fs < 0)
		return 0;
	*where = NODE_DIR;
	if (mkdir(NODE_DIR, 0700) < 0)
		return -errno;
	if (attach(in->node_fs, NODE_DIR) < 0)
		return -errno;
	for (size_t i = 0; i < in->n_nodes; i++) {
		auto_free char *from = str_printf(NODE_DIR "/%zu", i);
		auto_free char *to = path_join("/dev", in->nodes[i].name);
		int r = from && to ? make_node_file(to) : -ENOMEM;

		*where = in->nodes[i].name;
		if (r == 0 && mount(from, to, NULL, MS_BIND, NULL) < 0)
			r = -errno;
		if (r < 0)
			return r;
	}
	*where = NODE_DIR;
	return umount2(NODE_DIR, MNT_DETACH) < 0 || rmdir(NODE_DIR) < 0 ? -errno : 0;
}

static int attach_parts(const struct inside *in, const struct parts *p, const char **where)
{
	int r;

	for (int i = 0; i < FS__MAX; i++) {
		const char *target = file_systems[i].target;

		/* Without sysfs the cgroup tree has no place to be. */
		if (!in->sysfs && (i == FS_SYS || i == FS_CGROUP))
			continue;
		*where = target;
		r = i == FS_CGROUP ? 0 : make_target(target);
		if (r == 0)
			r = attach(p->fs[i], target);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(standard_nodes); i++) {
		*where = standard_nodes[i];
		r = attach_node(p->standard[i], standard_nodes[i]);
		if (r < 0)
			return r;
	}
	return attach_extra_nodes(in, where);
}

int inside_enter(const struct inside *in, int keep_fd, const char **ret_where)
{
	struct parts parts;
	int r;

	r = make_parts(in, &parts, ret_where);
	if (r < 0)
		return r;
	*ret_where = "root";
	r = pivot();
	if (r < 0)
		return r;
	r = attach_parts(in, &parts, ret_where);
	if (r < 0)
		return r;

	*ret_where = "/dev";
	r = fill_dev(in);
	if (r < 0)
		return r;
	*ret_where = "/proc";
	r = mask_proc();
	if (r < 0)
		return r;
	*ret_where = "/run";
	r = tell_systemd();
	if (r < 0)
		return r;
	*ret_where = "boot id";
	r = make_boot_id();
	if (r < 0)
		return r;
	*ret_where = "loopback interface";
	r = loopback_up();
	if (r < 0)
		return r;
	/* Shared, as systemd would make it anyway: credentials of its services depend on it. */
	*ret_where = "propagation of mounts";
	if (mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0)
		return -errno;
	*ret_where = "host name";
	if (in->hostname && sethostname(in->hostname, strlen(in->hostname)) < 0)
		return -errno;
	*ret_where = "descriptors";
	r = settle_descriptors(keep_fd);
	if (r < 0)
		return r;
	*ret_where = "capabilities";
	r = caps_limit_bounding(in->capabilities);
	if (r < 0)
		return r;
	*ret_where = "system call filter";
	return seccomp_install(in->seccomp);
}

int inside_exec_init(bool detect)
{
	static const char *const candidates[] = { "/sbin/init", "/etc/init", "/bin/init" };
	char *const argv[] = { (char *)"init", NULL };
	int r = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		(void)execve(candidates[i], argv, (char *const *)inside_init_env(detect));
		if (errno != ENOENT)
			r = -errno;
	}
	return r;
}
