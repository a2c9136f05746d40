/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a running container leaves in /run: a file that tells its init without a search. It is a hint,
 * never the truth: it counts only if it is of this boot and the process is still the same one in the
 * container's cgroup; otherwise init is looked for. So a lost or stale file does no harm.
 *
 * A file that names a process which is gone says one thing more: that nobody has cleaned up after it. And
 * beside it vzeventd writes down how the process ended before it does anything about it, because the
 * kernel tells that only once.
 *
 * The cgroup in it is the container's own, or that of a container which another engine has made: for as long as
 * the file is there, that one has been adopted.
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
	/* systemd has backslashes in the names of its groups. */
	auto_free char *group = conf_quote(ct->env.group);
	auto_free char *boot = NULL;
	auto_free char *text = NULL;
	int r = dir && path && group ? path_make_dirs(dir, 0755) : -ENOMEM;

	if (r == 0)
		r = proc_boot_id(&boot);
	if (r == 0)
		text = str_printf("VERSION=\"" STATE_VERSION "\"\nPID=\"%d\"\nSTART_TIME=\"%llu\"\n"
				  "BOOT_ID=\"%s\"\nCGROUP=%s\nLAYOUT=\"%s\"\n",
				  (int)ct->env.init_pid, (unsigned long long)ct->env.init_start, boot,
				  group, layout ? layout : "");
	if (r == 0)
		r = text ? file_replace_volatile(path, 0644, text, strlen(text)) : -ENOMEM;
	if (r == 0)
		return 0;
	state_remove(ct);
	return vz_fail(err, VZ_E_SYSTEM, r, "write '%s'", path ? path : "state");
}

/* The process that a file of ours names, if it is of this boot. */
static int read_process(struct vz_ct *ct, const char *name, struct state_process *ret)
{
	auto_free char *path = paths_run(&ct->vz->paths, ct->id, name);
	auto_conf_file struct conf_file *f = NULL;
	auto_free char *boot = NULL;
	const char *version, *boot_id, *pid_text, *start_text, *group;
	uint64_t pid, start;

	if (!path || conf_file_read(path, &f) < 0 || proc_boot_id(&boot) < 0)
		return -1;
	version = conf_file_get(f, "VERSION");
	boot_id = conf_file_get(f, "BOOT_ID");
	pid_text = conf_file_get(f, "PID");
	start_text = conf_file_get(f, "START_TIME");
	if (!str_equal(version, STATE_VERSION) || !str_equal(boot_id, boot) || !pid_text || !start_text)
		return -1;
	if (parse_u64_range(pid_text, 1, INT32_MAX, &pid) < 0 || parse_u64(start_text, &start) < 0)
		return -1;
	group = conf_file_get(f, "CGROUP");
	if (group && !str_equal(group, ct->env.group) && ct_set_adopted(ct, group) < 0)
		return -1;
	ret->pid = (pid_t)pid;
	ret->start_time = start;
	ret->rebooted = str_equal(conf_file_get(f, "HOW"), "reboot");
	return 0;
}

int state_process(struct vz_ct *ct, struct state_process *ret)
{
	return read_process(ct, "state", ret);
}

void state_read(struct vz_ct *ct)
{
	struct state_process p;

	if (state_process(ct, &p) < 0)
		return;
	ct->env.init_pid = p.pid;
	ct->env.init_start = p.start_time;
}

int state_note_end(struct vz_ct *ct, const struct state_process *p, struct vz_err *err)
{
	auto_free char *path = paths_run(&ct->vz->paths, ct->id, "ended");
	auto_free char *boot = NULL;
	auto_free char *text = NULL;
	int r = path ? proc_boot_id(&boot) : -ENOMEM;

	if (r == 0)
		text = str_printf("VERSION=\"" STATE_VERSION "\"\nPID=\"%d\"\nSTART_TIME=\"%llu\"\n"
				  "BOOT_ID=\"%s\"\nHOW=\"%s\"\n", (int)p->pid, (unsigned long long)p->start_time,
				  boot, p->rebooted ? "reboot" : "stop");
	if (r == 0)
		r = text ? file_replace_volatile(path, 0644, text, strlen(text)) : -ENOMEM;
	if (r < 0)
		return vz_fail(err, VZ_E_SYSTEM, r, "write '%s'", path ? path : "ended");
	return 0;
}

bool state_has_ended(struct vz_ct *ct, bool *ret_rebooted)
{
	struct state_process p, noted;

	if (state_process(ct, &p) < 0 || proc_is_alive(p.pid, p.start_time) || ct_is_running(ct))
		return false;
	if (read_process(ct, "ended", &noted) == 0 && noted.pid == p.pid && noted.start_time == p.start_time)
		*ret_rebooted = noted.rebooted;
	else
		*ret_rebooted = ct->vz->be->has_reboot_mark(&ct->env);
	return true;
}

void state_remove(struct vz_ct *ct)
{
	/* Those with .tmp are of a command that was killed while it wrote. */
	static const char *const names[] = { "state", "state.tmp", "ended", "ended.tmp", "binds", "binds.tmp", NULL };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *path = paths_run(&ct->vz->paths, ct->id, names[i]);

		/* The directory last. */
		if (path)
			(void)(names[i] ? unlink(path) : rmdir(path));
	}
}
