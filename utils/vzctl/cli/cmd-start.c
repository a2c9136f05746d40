/* SPDX-License-Identifier: GPL-2.0-only */
/* vzctl start, stop and restart: the life cycle. Restart takes the options of both others. */
#include "cli/cli.h"

static struct vz_start start_options(const struct cli *c)
{
	return (struct vz_start){
		.force = c->given[OPT_force],
		.wait = c->given[OPT_wait],
		.skip_fsck = c->given[OPT_skip_fsck],
		.skip_remount = c->given[OPT_skip_remount],
		.skip_setup = c->given[OPT_skip_ve_setup],
		.osrelease = c->text[OPT_osrelease],
	};
}

static struct vz_stop stop_options(const struct cli *c)
{
	return (struct vz_stop){
		.fast = c->given[OPT_fast],
		.skip_umount = c->given[OPT_skip_umount],
	};
}

int cmd_start(struct cli *c, struct vz_err *err)
{
	struct vz_start opt = start_options(c);

	return vz_ct_start(c->ct, &opt, err);
}

int cmd_stop(struct cli *c, struct vz_err *err)
{
	struct vz_stop opt = stop_options(c);

	return vz_ct_stop(c->ct, &opt, err);
}

int cmd_restart(struct cli *c, struct vz_err *err)
{
	struct vz_start start = start_options(c);
	struct vz_stop stop = stop_options(c);

	return vz_ct_restart(c->ct, &start, &stop, err);
}
