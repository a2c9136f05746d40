/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One look at what there is of all containers. Whoever lists a thousand of them would ask the kernel for a
 * state, a group and a dump of each, most of which are not there: two directories tell that of all at once.
 *
 * What is seen is only ever taken for "nothing there": of a container that is named, everything is looked at
 * as always. So a glance makes a list no staler than it is anyway, by the time it is printed.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/strv.h"
#include "ct/ct.h"
#include "host/cgroup.h"

static int compare_ids(const void *a, const void *b)
{
	vz_ctid x = *(const vz_ctid *)a, y = *(const vz_ctid *)b;

	return (x > y) - (x < y);
}

bool glance_has(const struct vz_glance *g, vz_ctid id)
{
	return !g->taken || (g->n && bsearch(&id, g->ids, g->n, sizeof(id), compare_ids));
}

void glance_done(struct vz_glance *g)
{
	free(g->ids);
	*g = (struct vz_glance){ 0 };
}

/* Those of the names that are a CTID behind the prefix. Without memory it is as if nobody had looked. */
static void take(struct vz_glance *g, char *const *names, const char *prefix)
{
	vz_ctid *ids = calloc(strv_len(names) + 1, sizeof(*ids));

	glance_done(g);
	if (!ids)
		return;
	for (size_t i = 0; names && names[i]; i++)
		if (str_has_prefix(names[i], prefix) && parse_ctid(names[i] + strlen(prefix), &ids[g->n]) == 0)
			g->n++;
	qsort(ids, g->n, sizeof(*ids), compare_ids);
	g->ids = ids;
	g->taken = true;
}

/* Names in a directory, which need not be there. 0 or -1. */
static int add_names(const char *path, char ***names)
{
	auto_closedir DIR *d = opendir(path);
	struct dirent *e;

	if (!d)
		return errno == ENOENT ? 0 : -1;
	while ((e = readdir(d)))
		if (strv_add(names, e->d_name) < 0)
			return -1;
	return 0;
}

/* Groups of ours, and what has a state: an adopted one is in somebody else's group. */
static void take_groups(struct vz *vz)
{
	auto_free char *top = str_printf("vz%s%s", *vz->paths.tag ? "-" : "", vz->paths.tag);
	auto_strv char **names = NULL;
	auto_err struct vz_err ignored = { 0 };
	int r;

	if (!top || vz_backend_open(vz, &ignored) < 0 || !vz->host.cg)
		return;
	r = cgroup_children(vz->host.cg, top, &names);
	if ((r == 0 || r == -ENOENT) && add_names(vz->paths.run_dir, &names) == 0)
		take(&vz->glance.groups, names, "");
}

static void take_dumps(struct vz *vz)
{
	auto_free char *dir = vz_conf_path(vz, VZ_P_dumpdir);
	auto_strv char **names = NULL;

	if (dir && add_names(dir, &names) == 0)
		take(&vz->glance.dumps, names, "Dump.");
}

void vz_glance(struct vz *vz)
{
	take_groups(vz);
	take_dumps(vz);
}
