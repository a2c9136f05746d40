/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scripts of the administrator beside the configuration files: vps.EVENT for all containers,
 * CTID.EVENT for one. Those of the host learn VEID and VE_CONFFILE and read the rest from the
 * configuration files; start and stop are run inside, by the container's shell.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "ct/ct.h"
#include "host/script.h"

#define SCRIPT_MAX (16u << 20)
#define INSIDE_TIMEOUT (300 * USEC_PER_SEC)

static const struct action {
	const char *name;
	bool has_global;	/* vps.NAME exists */
	bool own_first;		/* CTID.NAME before it (going down) */
	bool inside;		/* run by the container's shell */
	bool no_own;		/* there is no CTID.NAME */
} actions[VZ_ACTION__MAX] = {
	[VZ_ACTION_PREMOUNT]   = { "premount",   true,  false, false, false },
	[VZ_ACTION_MOUNT]      = { "mount",      true,  false, false, false },
	[VZ_ACTION_UMOUNT]     = { "umount",     true,  true,  false, false },
	[VZ_ACTION_POSTUMOUNT] = { "postumount", true,  true,  false, false },
	[VZ_ACTION_CREATE]     = { "create",     true,  false, false, true },
	[VZ_ACTION_START]      = { "start",      false, false, true,  false },
	[VZ_ACTION_STOP]       = { "stop",       false, false, true,  false },
};

static int run_on_host(struct vz_ct *ct, const char *file, struct vz_err *err)
{
	auto_free char *conf = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");
	auto_strv char **env = NULL;
	struct script_run run = {
		.file = file, .stdin_fd = -1, .stdout_fd = -1,
		.cancelled = ct->vz->undoing ? NULL : &ct->vz->cancelled,
	};
	int status;

	if (!conf || strv_addf(&env, "VEID=%u", ct->id) < 0 ||
	    strv_addf(&env, "VE_CONFFILE=%s", conf) < 0 ||
	    strv_addf(&env, "VE_ROOT=%s", ct->env.root ? ct->env.root : "") < 0 ||
	    strv_addf(&env, "VE_PRIVATE=%s", ct->env.private_area ? ct->env.private_area : "") < 0)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "run '%s'", file);
	run.env = env;
	ct_log(ct, VZ_LOG_DEBUG, "running %s", file);
	status = script_run(&run);
	if (status < 0)
		return vz_fail(err, VZ_E_ACTIONSCRIPT, status, "run action script '%s'", file);
	if (status != 0)
		return vz_fail(err, VZ_E_ACTIONSCRIPT, 0, "Error executing action script %s: exit status %d",
			       file, script_exit_code(status));
	return 0;
}

static int run_inside(struct vz_ct *ct, const char *file, struct vz_err *err)
{
	auto_free char *text = NULL;
	int r = file_read(AT_FDCWD, file, SCRIPT_MAX, &text, NULL);
	int status;

	if (r < 0)
		return vz_fail(err, VZ_E_ACTIONSCRIPT, r, "read action script '%s'", file);
	if (inside_run_text(ct, text, NULL, INSIDE_TIMEOUT, &status, err) < 0)
		return vz_wrap(err, "action script '%s'", file);
	if (status != 0)
		return vz_fail(err, VZ_E_ACTIONSCRIPT, 0, "Error executing action script %s: exit status %d",
			       file, status);
	return 0;
}

static int run_one(struct vz_ct *ct, const struct action *a, bool own, struct vz_err *err)
{
	const char *dir = ct->vz->paths.conf_dir;
	auto_free char *file = own ? str_printf("%s/%u.%s", dir, ct->id, a->name) :
				     str_printf("%s/vps.%s", dir, a->name);

	if (!file)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "action script '%s'", a->name);
	if (access(file, F_OK) < 0)
		return 0;
	return a->inside ? run_inside(ct, file, err) : run_on_host(ct, file, err);
}

int action_run(struct vz_ct *ct, enum vz_action action, struct vz_err *err)
{
	const struct action *a = &actions[action];
	bool order[2] = { a->own_first, !a->own_first };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		bool own = order[i];

		if (own ? a->no_own : !a->has_global)
			continue;
		if (run_one(ct, a, own, err) < 0)
			return -1;
	}
	return 0;
}

void action_scripts_retire(struct vz_ct *ct)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		auto_free char *ending = str_printf(".%s", actions[i].name);
		auto_free char *from = ending ? paths_ct_conf(&ct->vz->paths, ct->id, ending) : NULL;
		auto_free char *to = from ? str_printf("%s.destroyed", from) : NULL;

		if (!to || actions[i].no_own)
			continue;
		if (rename(from, to) < 0 && errno != ENOENT)
			ct_warn(ct, "cannot rename '%s', ignoring", from);
	}
}
