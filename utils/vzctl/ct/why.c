/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking at a container for a moment, to learn what hurts it now; see symptoms.h. */
#include <errno.h>

#include "base/cleanup.h"
#include "ct/ct.h"
#include "ct/symptoms.h"
#include "host/ceiling.h"

#define WINDOW USEC_PER_SEC

int vz_ct_why(struct vz_ct *ct, struct vz_why *ret, struct vz_err *err)
{
	struct scene scene = { .id = ct->id, .conf = &ct->conf, .place = ct->env.private_area };
	const struct vz_backend *be;

	if (ct_need_running(ct, err) < 0)
		return -1;
	be = ct->vz->be;
	be->measure(&ct->env, &scene.before);
	/* Counters are about this second; a container that ends in it has none any more. */
	if (pidfd_wait(ct->env.init_pidfd, WINDOW) != -ETIMEDOUT)
		return vz_fail(err, VZ_E_NOT_RUNNING, 0, "Container is not running");
	be->measure(&ct->env, &scene.now);
	(void)be->usage(&ct->env, VZ_P_cpuunits, VZ_USAGE_LIMIT, &scene.cpuunits);
	(void)ceiling_find(CEILING_ALL, &scene.host);
	(void)ceiling_try_inotify(ct->env.id_base, &scene.inotify);
	scene.frozen = be->is_frozen(&ct->env);
	scene.unfiltered = !net_is_filtered(ct);
	if (symptoms_judge(&scene, ret) < 0)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "container %u", ct->id);
	return 0;
}
