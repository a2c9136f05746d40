/* SPDX-License-Identifier: GPL-2.0-only */
/* Opening the library; see host.h. */
#include <stdlib.h>

#include "cli/host.h"

int host_open(struct vz **ret, const char *prefix, struct cli_log *log, struct vz_err *err)
{
	const char *libexec = getenv("VZ_LIBEXECDIR");
	const char *backend = getenv("VZ_BACKEND");

	if (vz_new(ret, prefix, err) < 0)
		return -1;
	vz_set_log(*ret, &log->log);
	if (backend && *backend)
		vz_set_backend(*ret, backend);
	if (libexec && *libexec && vz_set_libexec_dir(*ret, libexec) < 0)
		return vz_fail(err, VZ_E_RESOURCE, 0, "out of memory");
	return 0;
}
