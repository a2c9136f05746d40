/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory and descriptors that clean up after themselves.
 *
 * A variable marked auto_* is released when it goes out of scope; take_*() moves ownership out of it.
 * Whatever outlives the process (mounts, cgroups, files others read) is a step, not an auto variable.
 */
#ifndef VZ_BASE_CLEANUP_H
#define VZ_BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define VZ_CLEANUP(fn) __attribute__((cleanup(fn)))

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

static inline void cleanup_fclose(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}

static inline void cleanup_closedir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

#define auto_free VZ_CLEANUP(cleanup_free)
#define auto_close VZ_CLEANUP(cleanup_close)
#define auto_fclose VZ_CLEANUP(cleanup_fclose)
#define auto_closedir VZ_CLEANUP(cleanup_closedir)

#define take_ptr(p) ({ __typeof__(p) taken_ = (p); (p) = NULL; taken_; })

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif
