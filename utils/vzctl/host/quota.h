/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Project quota of ext4 and XFS: files carry the number of a project, and the kernel counts and limits what
 * all files of a number take. A directory hands its number down to what is made in it, and where it does,
 * statfs() tells of the project's room instead of the file system's.
 *
 * Nobody in a user namespace may change the number of a file, and the limits hold for all but the host's
 * root. Directories are given by descriptors; functions return 0 or a negative errno.
 */
#ifndef VZ_HOST_QUOTA_H
#define VZ_HOST_QUOTA_H

#include <stdint.h>

/* Space in KiB. A limit of 0: none. */
struct quota_limits {
	uint64_t space_soft, space_hard;
	uint64_t inodes_soft, inodes_hard;
};

struct quota_state {
	uint64_t space, inodes;		/* in use */
	struct quota_limits limits;
};

/* Does the file system enforce project quota? -EOPNOTSUPP: no. */
int quota_check(int fd);
/* The number a directory hands down; 0: none. */
uint32_t quota_project(int fd);
int quota_set(int fd, uint32_t project, const struct quota_limits *limits);
int quota_get(int fd, uint32_t project, struct quota_state *ret);
/* How long a soft limit may be exceeded, in seconds; one for all projects of the file system. */
int quota_grace(int fd, uint64_t *ret);

/*
 * ---- quota-tree.c ----
 * Give a directory and all below it to a project, the directory itself last: one that has the number is
 * complete. Nobody else may be at work in there, but it may have been left by somebody hostile. -ELOOP:
 * directories are nested too deep.
 */
int quota_adopt(int dir, uint32_t project);
/* Of one file or directory. */
int quota_mark(int fd, uint32_t project);

#endif
