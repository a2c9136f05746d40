/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bind mounts into a container that runs already, or waits to.
 *
 * A container's root may change the mounts of his namespace. What they were restricted to he cannot take back
 * if the kernel has locked it, and that it does when a mount namespace is copied for a user namespace of less
 * privilege. So a helper makes the mounts in a namespace of the host's root that holds nothing else, becomes
 * root of the container, copies that namespace, and carries what it finds in the copy to where it belongs.
 *
 * On its way the helper has the container's user and mount namespaces, but never its processes': nobody
 * inside has a name for it, so nobody can stop, trace or kill it. What it meets on its path there
 * may hold it up all the same (FUSE), therefore it has a time limit.
 */
#ifndef VZ_HOST_BIND_H
#define VZ_HOST_BIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The namespaces of a container. They do not hold it up. */
struct bind_place {
	int user_ns, mount_ns;
};

/* Of the process with that pid, which pidfd is opened for. 0 or a negative errno. */
int bind_place_open(pid_t pid, int pidfd, struct bind_place *ret);
void bind_place_close(struct bind_place *p);

struct bind_mount {
	const char *src;	/* on the host: a directory, or something else */
	int tree;		/* a detached mount, in which src is a file, instead; -1: none */
	const char *dst;	/* inside, absolute; its last part is no symlink */
	uint64_t attr;		/* MOUNT_ATTR_…, locked */
	int idmap;		/* from idmap_open(); -1: ids as they are */
	bool optional;		/* passed over if src or dst is not there; else dst is made */
};

/* What was being done when it failed. */
enum bind_stage { BIND_HELPER, BIND_SOURCE, BIND_IDS, BIND_ENTER, BIND_TARGET };

struct bind_failure {
	enum bind_stage stage;
	size_t index;		/* of the mount, in SOURCE, IDS and TARGET */
	int error;		/* positive errno; ETIMEDOUT: that hung */
};

/* All of them, in this order; nodes of devices that are there already are passed over. 0, or a negative errno with *ret_failure; those before that one are there then. */
int bind_attach(const struct bind_place *at, const struct bind_mount *mounts, size_t n, struct bind_failure *ret_failure);

/* A file, whatever it is called; or any node of a device. */
struct bind_identity {
	dev_t dev;
	ino_t ino;
	dev_t device;		/* if not 0, this one counts alone */
};

/*
 * Unmount dst, used or not, if that file is what is mounted there. Of a device the empty file below it goes,
 * too. 0, -ENOENT: it is not, or another negative errno with *ret_failure.
 */
int bind_detach(const struct bind_place *at, const char *dst, const struct bind_identity *what, struct bind_failure *ret_failure);

#endif
