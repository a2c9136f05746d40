/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Project quota: asking for it, limits, figures; see quota.h. */
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>

#include "host/quota.h"

#define KIB 1024

/* By a descriptor: no device has to be found, and none has to have a node. */
static int control(int fd, unsigned int command, uint32_t project, void *arg)
{
	return syscall(SYS_quotactl_fd, fd, QCMD(command, PRJQUOTA), project, arg) < 0 ? -errno : 0;
}

int quota_check(int fd)
{
	struct fs_quota_statv state = { .qs_version = FS_QSTATV_VERSION1 };
	struct quota_state ignored;
	int r = control(fd, Q_XGETQSTATV, 0, &state);

	/* A file system that only counts is mounted without prjquota. */
	if (r == 0 && !(state.qs_flags & FS_QUOTA_PDQ_ENFD))
		return -EOPNOTSUPP;
	/* To who is root of a container himself it says so, and lets him do nothing. */
	if (r == 0)
		r = quota_get(fd, 0, &ignored);
	/* Not in this kernel, not in this file system, not switched on, not on a device. */
	return r == -EPERM || r == -ENOSYS || r == -EINVAL || r == -ESRCH || r == -ENODEV || r == -ENOTBLK ? -EOPNOTSUPP : r;
}

uint32_t quota_project(int fd)
{
	struct fsxattr attr;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &attr) < 0)
		return 0;
	return attr.fsx_xflags & FS_XFLAG_PROJINHERIT ? attr.fsx_projid : 0;
}

int quota_mark(int fd, uint32_t project)
{
	struct fsxattr attr;
	struct stat st;
	uint32_t flags;

	if (fstat(fd, &st) < 0 || ioctl(fd, FS_IOC_FSGETXATTR, &attr) < 0)
		return -errno;
	flags = attr.fsx_xflags | (S_ISDIR(st.st_mode) ? FS_XFLAG_PROJINHERIT : 0);
	if (attr.fsx_projid == project && attr.fsx_xflags == flags)
		return 0;
	attr.fsx_projid = project;
	attr.fsx_xflags = flags;
	return ioctl(fd, FS_IOC_FSSETXATTR, &attr) < 0 ? -errno : 0;
}

int quota_set(int fd, uint32_t project, const struct quota_limits *limits)
{
	struct if_dqblk q = {
		.dqb_bsoftlimit = limits->space_soft,	/* in blocks of a KiB, whatever those on disk are */
		.dqb_bhardlimit = limits->space_hard,
		.dqb_isoftlimit = limits->inodes_soft,
		.dqb_ihardlimit = limits->inodes_hard,
		.dqb_valid = QIF_LIMITS,
	};

	return control(fd, Q_SETQUOTA, project, &q);
}

int quota_get(int fd, uint32_t project, struct quota_state *ret)
{
	struct if_dqblk q = { 0 };
	int r = control(fd, Q_GETQUOTA, project, &q);

	/* XFS keeps no record of who has nothing. */
	if (r < 0 && r != -ENOENT)
		return r;
	*ret = (struct quota_state){
		.space = (q.dqb_curspace + KIB - 1) / KIB,
		.inodes = q.dqb_curinodes,
		.limits = {
			.space_soft = q.dqb_bsoftlimit,
			.space_hard = q.dqb_bhardlimit,
			.inodes_soft = q.dqb_isoftlimit,
			.inodes_hard = q.dqb_ihardlimit,
		},
	};
	return 0;
}

int quota_grace(int fd, uint64_t *ret)
{
	struct if_dqinfo info = { 0 };
	int r = control(fd, Q_GETINFO, 0, &info);

	if (r == 0)
		*ret = info.dqi_bgrace;
	return r;
}
