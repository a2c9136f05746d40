/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A new pty of a container.
 *
 * The container's root may have put anything in place of /dev/pts/ptmx: a link to somewhere else, a
 * FIFO that blocks, another device. So the path is looked up inside the container's root, what is there
 * is looked at before it is opened and again before it is used, and the slave comes from the master
 * itself and not by a path.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>
#include <linux/openat2.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "host/pty.h"

static int open_in_root(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (__u64)flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

static int check_is_ptmx(int fd)
{
	struct statfs fs;
	struct stat st;

	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) || fs.f_type != DEVPTS_SUPER_MAGIC)
		return -ENOTTY;
	return 0;
}

static int open_ptmx(int root, const char *path)
{
	auto_close int found = open_in_root(root, path, O_PATH);
	auto_close int fd = -1;
	auto_free char *link = NULL;
	int r;

	if (found < 0)
		return found;
	r = check_is_ptmx(found);
	if (r < 0)
		return r;
	/* The file just looked at, not the path once more. */
	link = str_printf("/proc/self/fd/%d", found);
	if (!link)
		return -ENOMEM;
	fd = open(link, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Inside the container /proc may be a trick as well. */
	r = check_is_ptmx(fd);
	return r < 0 ? r : take_fd(&fd);
}

int pty_open(int root, int *ret_master, int *ret_slave)
{
	auto_close int master = open_ptmx(root, "dev/pts/ptmx");
	int unlock = 0;
	int slave;

	if (master == -ENOENT)
		master = open_ptmx(root, "dev/ptmx");
	if (master < 0)
		return master;
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return -errno;
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return -errno;
	*ret_master = take_fd(&master);
	*ret_slave = slave;
	return 0;
}
