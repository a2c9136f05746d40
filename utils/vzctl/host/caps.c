/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Capabilities: their names, and the sets of the calling process.
 *
 * The names are a table of our own, because libcap knows only those of the day it was built, and a
 * configuration must mean the same with every libcap. The sets are libcap's work.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "host/caps.h"

#define PROC_FILE_MAX (1 << 20)

static const char *const names[CAPS_MAX] = {
	[CAP_CHOWN]              = "chown",
	[CAP_DAC_OVERRIDE]       = "dac_override",
	[CAP_DAC_READ_SEARCH]    = "dac_read_search",
	[CAP_FOWNER]             = "fowner",
	[CAP_FSETID]             = "fsetid",
	[CAP_KILL]               = "kill",
	[CAP_SETGID]             = "setgid",
	[CAP_SETUID]             = "setuid",
	[CAP_SETPCAP]            = "setpcap",
	[CAP_LINUX_IMMUTABLE]    = "linux_immutable",
	[CAP_NET_BIND_SERVICE]   = "net_bind_service",
	[CAP_NET_BROADCAST]      = "net_broadcast",
	[CAP_NET_ADMIN]          = "net_admin",
	[CAP_NET_RAW]            = "net_raw",
	[CAP_IPC_LOCK]           = "ipc_lock",
	[CAP_IPC_OWNER]          = "ipc_owner",
	[CAP_SYS_MODULE]         = "sys_module",
	[CAP_SYS_RAWIO]          = "sys_rawio",
	[CAP_SYS_CHROOT]         = "sys_chroot",
	[CAP_SYS_PTRACE]         = "sys_ptrace",
	[CAP_SYS_PACCT]          = "sys_pacct",
	[CAP_SYS_ADMIN]          = "sys_admin",
	[CAP_SYS_BOOT]           = "sys_boot",
	[CAP_SYS_NICE]           = "sys_nice",
	[CAP_SYS_RESOURCE]       = "sys_resource",
	[CAP_SYS_TIME]           = "sys_time",
	[CAP_SYS_TTY_CONFIG]     = "sys_tty_config",
	[CAP_MKNOD]              = "mknod",
	[CAP_LEASE]              = "lease",
	[CAP_AUDIT_WRITE]        = "audit_write",
	[CAP_AUDIT_CONTROL]      = "audit_control",
	[CAP_SETFCAP]            = "setfcap",
	[CAP_MAC_OVERRIDE]       = "mac_override",
	[CAP_MAC_ADMIN]          = "mac_admin",
	[CAP_SYSLOG]             = "syslog",
	[CAP_WAKE_ALARM]         = "wake_alarm",
	[CAP_BLOCK_SUSPEND]      = "block_suspend",
	[CAP_AUDIT_READ]         = "audit_read",
	[CAP_PERFMON]            = "perfmon",
	[CAP_BPF]                = "bpf",
	[CAP_CHECKPOINT_RESTORE] = "checkpoint_restore",
};

int caps_by_name(const char *name)
{
	if (strcasecmp(name, "ve_admin") == 0 || strcasecmp(name, "setveid") == 0)
		return CAPS_VE_ADMIN;
	for (int i = 0; i < CAPS_MAX; i++)
		if (strcasecmp(name, names[i]) == 0)
			return i;
	return -1;
}

uint64_t caps_container_default(void)
{
	/*
	 * In a user namespace none of these gives power over the host. They go because programs
	 * look at them to decide what to try: systemd mounts debugfs and tracefs when it sees
	 * sys_rawio, and fails.
	 */
	static const int without[] = {
		CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_TIME, CAP_MAC_ADMIN, CAP_MAC_OVERRIDE,
		CAP_BPF, CAP_PERFMON,
	};
	uint64_t set = (UINT64_C(1) << CAPS_MAX) - 1;

	for (size_t i = 0; i < ARRAY_SIZE(without); i++)
		set &= ~(UINT64_C(1) << without[i]);
	return set;
}

static int clear_inheritable(void)
{
	cap_t caps = cap_get_proc();
	int r = 0;

	if (!caps)
		return -errno;
	if (cap_clear_flag(caps, CAP_INHERITABLE) < 0 || cap_set_proc(caps) < 0)
		r = -errno;
	(void)cap_free(caps);
	return r;
}

int caps_limit_bounding(uint64_t keep)
{
	/* Up to the last one of this kernel, which may be one that we have no name for. */
	for (int bit = 0; bit < 64; bit++) {
		if (keep & (UINT64_C(1) << bit) || cap_drop_bound(bit) == 0)
			continue;
		if (errno == EINVAL && cap_get_bound(bit) < 0)
			break;
		return -errno;
	}
	/* libcap's cap_reset_ambient() asks for each of them first. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	return clear_inheritable();
}

/* Effective becomes what is permitted. */
static int raise_all(void)
{
	cap_t caps = cap_get_proc();
	int r = 0;

	if (!caps)
		return -errno;
	for (int bit = 0; r == 0 && bit < 64; bit++) {
		cap_value_t v = bit;
		cap_flag_value_t on;

		if (cap_get_flag(caps, v, CAP_PERMITTED, &on) < 0)
			break;	/* beyond what this libcap carries */
		if (cap_set_flag(caps, CAP_EFFECTIVE, 1, &v, on) < 0)
			r = -errno;
	}
	if (r == 0 && cap_set_proc(caps) < 0)
		r = -errno;
	(void)cap_free(caps);
	return r;
}

int caps_become_user_keep_all(uid_t uid, gid_t gid)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return -errno;
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	(void)prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	return raise_all();
}

int caps_bounding_of(pid_t pid, uint64_t *ret)
{
	auto_free char *path = str_printf("/proc/%d/status", (int)pid);
	auto_free char *text = NULL;
	const char *line;
	int r;

	if (!path)
		return -ENOMEM;
	r = file_read(AT_FDCWD, path, PROC_FILE_MAX, &text, NULL);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	line = strstr(text, "\nCapBnd:");
	if (!line || sscanf(line, "\nCapBnd: %" SCNx64, ret) != 1)
		return -EBADMSG;
	return 0;
}
