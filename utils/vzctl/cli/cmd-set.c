/* SPDX-License-Identifier: GPL-2.0-only */
/* vzctl set: change parameters of a container, or of the host (CT0). */
#include <string.h>

#include "cli/cli.h"

int cmd_set(struct cli *c, struct vz_err *err)
{
	const char *setmode = c->text[OPT_setmode];
	const char *map = c->text[OPT_applyconfig_map];
	struct vz_set opt = {
		.edits = c->edits,
		.applyconfig = c->text[OPT_applyconfig],
		.applyconfig_map_name = map,
		.save = c->given[OPT_save],
		.force = c->given[OPT_force_save],
		.reset_ub = c->given[OPT_reset_ub],
		.offline_resize = c->given[OPT_offline_resize],
		.skip_arpdetect = c->given[OPT_skip_arpdetect],
		.setmode = !setmode ? VZ_SETMODE_NONE :
			   !strcmp(setmode, "restart") ? VZ_SETMODE_RESTART : VZ_SETMODE_IGNORE,
	};

	/* The one word there ever was. */
	if (map && strcmp(map, "name") != 0)
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "Bad parameter for --applyconfig_map: %s", map);
	return vz_ct_set(c->ct, &opt, err);
}
