/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which kernel a container is told that it runs on: its own word, or that of osrelease.conf about its template. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "conf/osrelease.h"
#include "ct/ct.h"

#define RULES "/etc/vz/osrelease.conf"
#define RULES_MAX (1 << 20)

static int find_by_template(struct vz_ct *ct, char **ret, struct vz_err *err)
{
	const char *ostemplate = conf_str(&ct->conf, VZ_P_ostemplate);
	auto_free char *path = paths_resolve(&ct->vz->paths, RULES);
	auto_free char *text = NULL;
	unsigned int bad = 0;
	struct utsname uts;
	int r;

	if (str_is_empty(ostemplate))
		return 0;
	r = path ? file_read(AT_FDCWD, path, RULES_MAX, &text, NULL) : -ENOMEM;
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = uname(&uts) < 0 ? -errno : osrelease_find(text, ostemplate, uts.release, ret, &bad);
	if (r < 0)
		return vz_fail(err, VZ_E_SET_OSRELEASE, r, "read '%s'", path ? path : RULES);
	if (bad)
		ct_warn(ct, "Warning: '%s': line %u is no 'TEMPLATE-PREFIX VERSION', ignoring", path, bad);
	/* Longer than uname(2) has room for: the suffix was it. */
	if (*ret && strlen(*ret) > OSRELEASE_MAX)
		(*ret)[OSRELEASE_MAX] = '\0';
	return 0;
}

int osrelease_override(struct vz_ct *ct, const char *release, struct vz_err *err)
{
	struct vz_edits edits = { 0 };
	int r;

	if (!release)
		return 0;
	r = vz_edits_add(&edits, "osrelease", release, err);
	if (r == 0)
		r = ct_edit(ct, &edits, err);
	edits_done(&edits);
	return r;
}

int osrelease_choose(struct vz_ct *ct, struct vz_err *err)
{
	const char *own = conf_str(&ct->conf, VZ_P_osrelease);

	free(ct->env.osrelease);
	ct->env.osrelease = NULL;
	if (str_is_empty(own))
		return find_by_template(ct, &ct->env.osrelease, err);
	ct->env.osrelease = strdup(own);
	return ct->env.osrelease ? 0 : vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "container %u", ct->id);
}
