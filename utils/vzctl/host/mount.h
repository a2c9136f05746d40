/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mounts through the new mount API: detached trees named by descriptors, idmapped layers, overlays.
 * Functions return a descriptor or 0, or a negative errno.
 */
#ifndef VZ_HOST_MOUNT_H
#define VZ_HOST_MOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A user namespace to be used as the id map of mounts: ids 0…count-1 on disk are base… on the host.
 * With host_root the host's uid 0 gets the id 'count' on disk, so that it can create files too.
 */
int idmap_open(uint32_t base, uint32_t count, bool host_root);

/* A detached mount of the tree at path with that id map. -EOPNOTSUPP: the file system has none. */
int mount_idmapped(const char *path, int idmap);

struct overlay {
	char *const *lower;	/* paths of read-only layers, from the bottom up */
	const char *top;	/* directory that holds "upper" and "work" */
	int idmap;		/* from idmap_open() */
	uid_t root;		/* the host's id of the container's root */
	bool attach;		/* go the way of kernels before 6.18 at once (tests) */
};
/* A detached mount of the overlay, writable. -EROFS if the kernel made it read-only. */
int mount_overlay(const struct overlay *o);

/* Does the kernel have overlayfs? Asking loads the module where there is one. */
bool mount_can_overlay(void);

/* Attach a detached mount at path: nosuid and nodev for the host if asked, in no peer group. */
int mount_attach(int fd, const char *path, bool nosuid_nodev);
/*
 * A copy of the tree mounted at path, with what was mounted below it, to be the root of a container:
 * private, and without nosuid and nodev at its top.
 */
int mount_clone_root(const char *path);

/* 1: something is mounted right at path, 0: nothing, or a negative errno. */
int mount_is_point(const char *path);
/* Unmount path and everything mounted below it, last mounted first. Not mounted: 0. */
int mount_remove(const char *path);
/* Name of the file system type path lies on ("ext4"), for messages. Caller frees; NULL if unknown. */
char *mount_fs_type(const char *path);

#endif
