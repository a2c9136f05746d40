/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities by name, and the sets of the calling process (libcap). */
#ifndef VZ_HOST_CAPS_H
#define VZ_HOST_CAPS_H

#include <stdint.h>
#include <sys/types.h>

#define CAPS_MAX 41		/* names known to us: chown … checkpoint_restore */
/*
 * What caps_by_name() says for "ve_admin" and "setveid", capabilities only an OpenVZ kernel had: known,
 * so old configurations stay valid, but no bit of any set. The user namespace gives a container what
 * they stood for.
 */
#define CAPS_VE_ADMIN 64

/* Bit number of a name without "cap_", letter case ignored; CAPS_VE_ADMIN; or -1: unknown. */
int caps_by_name(const char *name);

/*
 * Bounding set of a container by default: all but sys_module sys_rawio sys_time mac_admin mac_override
 * bpf perfmon.
 */
uint64_t caps_container_default(void);
/* Drop what is not in keep from the bounding set; inheritable and ambient become empty. 0 or -errno. */
int caps_limit_bounding(uint64_t keep);
/* Become uid:gid with no further groups and keep all capabilities effective. 0 or -errno. */
int caps_become_user_keep_all(uid_t uid, gid_t gid);
/* The bounding set of a process, from /proc. 0 or -errno. */
int caps_bounding_of(pid_t pid, uint64_t *ret);

#endif
