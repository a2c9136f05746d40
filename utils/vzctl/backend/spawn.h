/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All that is needed to make process 1 of a container, as numbers, words and descriptors: so it can be
 * put into a message and be done by another process, vzeventd.
 */
#ifndef VZ_BACKEND_SPAWN_H
#define VZ_BACKEND_SPAWN_H

#include <stddef.h>
#include <stdint.h>

#include "host/cgroup.h"
#include "host/inside.h"
#include "host/watcher.h"

struct vz_env;

struct spawning {
	uint32_t id_base, id_count;
	int group;			/* v2 group to be born in; owned */
	struct cgroup_entry doors;	/* of the v1 groups; owned */
	struct inside inside;		/* its descriptors and nodes are owned, its host name is not */
	const char *watcher;		/* socket of vzeventd; NULL: it is not to be asked */
	char *text;			/* of a message that was unpacked: what words point into; owned */
	/* What the caller of ns_spawn_met() does when process 1 exists; does not travel. */
	struct vz_env *env;
	int (*meet)(struct vz_env *env, pid_t pid, const char **ret_where);
};

/*
 * A message, and the descriptors that go with it (borrowed; room for WATCHER_FDS_MAX). sock is the
 * helper's end of the conversation. The caller frees *ret_message. 0, -ENOMEM, or -E2BIG.
 */
int spawning_pack(const struct spawning *s, int sock, char **ret_message, int *fds, size_t *ret_n_fds);
/*
 * The reverse. The descriptors stay the caller's, spawning_done() frees the rest. -EPROTO: of another
 * version of ours, or nonsense.
 */
int spawning_unpack(const char *message, const int *fds, size_t n_fds, struct spawning *ret, int *ret_sock);
void spawning_done(struct spawning *s);
/* Likewise, and close the descriptors. */
void spawning_close(struct spawning *s);

#endif
