/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a running container leaves in /run: a file that tells its init without a search. It is a hint,
 * never the truth: it counts only if it is of this boot and the process is still the same one in the
 * container's cgroup; otherwise init is looked for. So a lost or stale file does no harm.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/str.h"
#include "conf/file.h"
#include "ct/ct.h"

#define STATE_VERSION "1"

int state_write(struct vz_ct *ct, struct vz_err *err)
{
	const char *layout = vz_ct_layout(ct);
	auto_free char *dir = paths_run(&ct->vz->paths, ct->id, NULL);
	auto_free char *path = paths_run(&ct->vz->paths, ct->id, "state");
	auto_free char *boot = NULL;
	auto_free char *text = NULL;
	int r = dir && path ? path_make_dirs(dir, 0755) : -ENOMEM;

	if (r == 0)
		r = proc_boot_id(&boot);
	if (r == 0)
		text = str_printf("VERSION=\"" STATE_VERSION "\"\nPID=\"%d\"\nSTART_TIME=\"%llu\"\n"
				  "BOOT_ID=\"%s\"\nCGROUP=\"%s\"\nLAYOUT=\"%s\"\n",
				  (int)ct->env.init_pid, (unsigned long long)ct->env.init_start, boot,
				  ct->env.group, layout ? layout : "");
	if (r == 0)
		r = text ? file_replace_volatile(path, 0644, text, strlen(text)) : -ENOMEM;
	if (r < 0)
		return vz_fail(err, VZ_E_SYSTEM, r, "write '%s'", path ? path : "state");
	return 0;
}

void state_read(struct vz_ct *ct)
{
	auto_free char *path = paths_run(&ct->vz->paths, ct->id, "state");
	auto_conf_file struct conf_file *f = NULL;
	auto_free char *boot = NULL;
	const char *version, *boot_id, *pid_text, *start_text;
	uint64_t pid, start;

	if (!path || conf_file_read(path, &f) < 0 || proc_boot_id(&boot) < 0)
		return;
	version = conf_file_get(f, "VERSION");
	boot_id = conf_file_get(f, "BOOT_ID");
	pid_text = conf_file_get(f, "PID");
	start_text = conf_file_get(f, "START_TIME");
	if (!str_equal(version, STATE_VERSION) || !str_equal(boot_id, boot) || !pid_text || !start_text)
		return;
	if (parse_u64_range(pid_text, 1, INT32_MAX, &pid) < 0 || parse_u64(start_text, &start) < 0)
		return;
	ct->env.init_pid = (pid_t)pid;
	ct->env.init_start = start;
}

void state_remove(struct vz_ct *ct)
{
	auto_free char *dir = paths_run(&ct->vz->paths, ct->id, NULL);
	auto_free char *path = paths_run(&ct->vz->paths, ct->id, "state");

	if (path)
		(void)unlink(path);
	if (dir)
		(void)rmdir(dir);
}
