/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For unit tests that make groups: the host's hierarchies, a group of the test's own below vz-test-PID,
 * and everything as it was afterwards, also when a test failed.
 */
#ifndef VZ_TESTS_CGROUP_HOST_H
#define VZ_TESTS_CGROUP_HOST_H

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "host/cgroup-priv.h"

struct host {
	struct cgroups *cg;	/* NULL if we are not root: the tests skip */
	char *base;		/* "vz-test-PID" */
	char *group;		/* base/1 */
	char *enabled;		/* the v2 root's subtree_control before */
};

static int host_setup(void **state)
{
	struct host *h = calloc(1, sizeof(*h));

	*state = h;
	if (geteuid() != 0)
		return 0;
	h->base = str_printf("vz-test-%d", (int)getpid());
	h->group = str_printf("%s/1", h->base);
	if (cgroups_open(&h->cg) < 0)
		return -1;
	return cgroup_read(h->cg, "", "cgroup", "cgroup.subtree_control", &h->enabled);
}

/* Switch off again what a test switched on for everybody; others who use it by now keep it. */
static void host_disable_controllers(struct host *h)
{
	auto_strv char **now = NULL;
	auto_free char *text = NULL;

	(void)cgroup_read(h->cg, "", "cgroup", "cgroup.subtree_control", &text);
	if (text)
		(void)strv_split(text, " \n", &now);
	for (size_t i = 0; now && now[i]; i++) {
		auto_free char *off = str_printf("-%s", now[i]);

		if (!strstr(h->enabled, now[i]))
			(void)cgroup_write(h->cg, "", "cgroup", "cgroup.subtree_control", off);
	}
}

static int host_teardown(void **state)
{
	struct host *h = *state;

	if (h->cg) {
		(void)cgroup_kill(h->cg, h->base);
		(void)cgroup_remove(h->cg, h->base);
		host_disable_controllers(h);
	}
	cgroups_close(h->cg);
	free(h->base);
	free(h->group);
	free(h->enabled);
	free(h);
	return 0;
}

/* Move a process into the group of one hierarchy, or of all v1 ones. */
static int host_attach(int root, const char *group, pid_t pid)
{
	auto_free char *path = path_join(group, "cgroup.procs");
	auto_free char *text = str_printf("%d", (int)pid);

	return file_write(root, path, text);
}

static int host_attach_v1(struct cgroups *cg, const char *group, pid_t pid)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < cg->n_v1; i++)
		if (cgroup_v1_root(cg, i) >= 0)
			r = host_attach(cgroup_v1_root(cg, i), group, pid);
	return r;
}

#endif
