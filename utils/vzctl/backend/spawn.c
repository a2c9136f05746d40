/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What process 1 is made from, as a message; see spawn.h. One line of numbers, one with the host name,
 * one for each device node. The version in front is that of the program: while vzeventd is another
 * than vzctl, in the middle of an upgrade, it is not asked.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "backend/spawn.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/strv.h"

#define FORMAT "spawn " VZ_VERSION "-3"
/* sock, group, root */
#define FIXED_FDS 3

int spawning_pack(const struct spawning *s, int sock, char **ret_message, int *fds, size_t *ret_n_fds)
{
	const struct inside *in = &s->inside;
	auto_str struct vz_str text = { 0 };
	bool has_nodes = in->node_fs >= 0;
	size_t n = 0;

	if (s->doors.n + FIXED_FDS + has_nodes > WATCHER_FDS_MAX)
		return -E2BIG;
	str_addf(&text, FORMAT "\n%" PRIu32 " %" PRIu32 " %" PRIu64 " %d %d %d %d %zu %zu\n%s\n", s->id_base, s->id_count,
		 in->capabilities, (int)in->seccomp, in->sysfs, in->detect, has_nodes, in->n_nodes, s->doors.n,
		 in->hostname);
	for (size_t i = 0; i < in->n_nodes; i++)
		str_addf(&text, "%u %u %u %s\n", (unsigned int)in->nodes[i].mode, major(in->nodes[i].dev),
			 minor(in->nodes[i].dev), in->nodes[i].name);
	fds[n++] = sock;
	fds[n++] = s->group;
	fds[n++] = in->root;
	if (has_nodes)
		fds[n++] = in->node_fs;
	for (size_t i = 0; i < s->doors.n; i++)
		fds[n++] = s->doors.fds[i];
	*ret_n_fds = n;
	*ret_message = str_take(&text);
	return *ret_message ? 0 : -ENOMEM;
}

static int read_node(char *line, struct inside_node *ret)
{
	unsigned int mode, maj, min;
	int at = 0;

	if (sscanf(line, "%u %u %u %n", &mode, &maj, &min, &at) != 3 || !at || !line[at])
		return -EPROTO;
	*ret = (struct inside_node){ .name = strdup(line + at), .mode = mode, .dev = makedev(maj, min) };
	return ret->name ? 0 : -ENOMEM;
}

static int read_lines(char **lines, size_t n_fds, struct spawning *s, int *ret_has_nodes)
{
	struct inside *in = &s->inside;
	size_t n_nodes, n_lines = strv_len(lines);
	struct inside_node *nodes;
	int seccomp, sysfs, detect;

	if (n_lines < 3 || strcmp(lines[0], FORMAT) != 0 ||
	    sscanf(lines[1], "%" SCNu32 " %" SCNu32 " %" SCNu64 " %d %d %d %d %zu %zu", &s->id_base, &s->id_count,
		   &in->capabilities, &seccomp, &sysfs, &detect, ret_has_nodes, &n_nodes, &s->doors.n) != 9 ||
	    seccomp < 0 || seccomp >= SECCOMP__MAX || n_lines != n_nodes + 3 ||
	    n_fds != FIXED_FDS + !!*ret_has_nodes + s->doors.n)
		return -EPROTO;
	in->seccomp = (enum seccomp_variant)seccomp;
	in->sysfs = sysfs;
	in->detect = detect;
	s->text = strdup(lines[2]);
	in->hostname = s->text;
	nodes = calloc(n_nodes + 1, sizeof(*nodes));
	in->nodes = nodes;
	if (!s->text || !nodes)
		return -ENOMEM;
	for (; in->n_nodes < n_nodes; in->n_nodes++) {
		int r = read_node(lines[3 + in->n_nodes], &nodes[in->n_nodes]);

		if (r < 0)
			return r;
	}
	return 0;
}

int spawning_unpack(const char *message, const int *fds, size_t n_fds, struct spawning *ret, int *ret_sock)
{
	struct spawning s = { .inside = { .node_fs = -1 } };
	auto_strv char **lines = NULL;
	int has_nodes, r = strv_split(message, "\n", &lines);

	if (r == 0)
		r = read_lines(lines, n_fds, &s, &has_nodes);
	if (r == 0)
		s.doors.fds = calloc(s.doors.n + 1, sizeof(*s.doors.fds));
	if (r == 0 && !s.doors.fds)
		r = -ENOMEM;
	if (r < 0) {
		spawning_done(&s);
		return r;
	}
	*ret_sock = *fds++;
	s.group = *fds++;
	s.inside.root = *fds++;
	if (has_nodes)
		s.inside.node_fs = *fds++;
	memcpy(s.doors.fds, fds, s.doors.n * sizeof(*fds));
	*ret = s;
	return 0;
}

void spawning_done(struct spawning *s)
{
	for (size_t i = 0; i < s->inside.n_nodes; i++)
		free((char *)(uintptr_t)s->inside.nodes[i].name);
	free((void *)(uintptr_t)s->inside.nodes);
	free(s->doors.fds);
	free(s->text);
	*s = (struct spawning){ .group = -1, .inside = { .root = -1, .node_fs = -1 } };
}

void spawning_close(struct spawning *s)
{
	cleanup_close(&s->group);
	cleanup_close(&s->inside.root);
	cleanup_close(&s->inside.node_fs);
	cgroup_entry_done(&s->doors);
	spawning_done(s);
}
