/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a path to the block devices its file system is on. cgroups limit whole devices, so a partition
 * stands for its disk. A device made of others (device mapper, RAID, loop) is limited itself, because
 * that is where the file system hands its requests in; what shares bandwidth out is the scheduler of the
 * disks at the bottom.
 */
#ifndef VZ_HOST_BLOCKDEV_H
#define VZ_HOST_BLOCKDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct blockdevs {
	dev_t *dev;	/* owned; no device twice */
	size_t n;
};
void blockdevs_done(struct blockdevs *b);

/*
 * The whole devices behind path. 0, -ENODEV for a file system without any (tmpfs, NFS, overlay), whose
 * type is then in *ret_type (caller frees), or another errno.
 */
int blockdevs_of(const char *path, struct blockdevs *ret, char **ret_type);
/*
 * Is there one among the disks at the bottom of b whose bandwidth is shared out by weight: with BFQ, or with
 * io.cost switched on? costs: contents of the root's io.cost.qos, or NULL.
 */
bool blockdevs_have_weights(const struct blockdevs *b, const char *costs);

/* For unit tests: the same below another sys, and with another mount table. */
int blockdev_whole(const char *sys, dev_t dev, dev_t *ret);
int blockdevs_bottom(const char *sys, dev_t dev, struct blockdevs *b);
bool blockdev_has_weights(const char *sys, dev_t dev, const char *costs);
int blockdev_source(const char *mountinfo, unsigned long long mount, char **ret_source, char **ret_type);

#endif
