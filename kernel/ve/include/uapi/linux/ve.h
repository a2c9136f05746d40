/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Virtual environments over generic netlink: a list of them, and word of what happens to them.
 * For who has CAP_NET_ADMIN in the initial user namespace, in the initial network namespace.
 *
 * VE_CMD_GET with VE_A_ID asks for one VE; without, as a dump, for all. The answer is VE_CMD_GET.
 * In the multicast group: VE_CMD_START, VE_CMD_STOP, and VE_CMD_REBOOT before a stop that is to be
 * followed by a start, with VE_A_ID and VE_A_NAME; VE_CMD_OOM for a process that is killed for want
 * of memory, with VE_A_ID, VE_A_PID and VE_A_COMM. Who was too slow to take one (ENOBUFS), or fears
 * that there was no memory for one, asks for all again.
 */
#ifndef _UAPI_LINUX_VE_H
#define _UAPI_LINUX_VE_H

#define VE_GENL_NAME		"VE"
#define VE_GENL_VERSION		1
#define VE_GENL_MCGRP_EVENTS	"events"

enum {
	VE_CMD_UNSPEC,
	VE_CMD_GET,
	VE_CMD_START,
	VE_CMD_STOP,
	VE_CMD_REBOOT,
	VE_CMD_OOM,
	__VE_CMD_MAX,
};

#define VE_CMD_MAX	(__VE_CMD_MAX - 1)

enum {
	VE_A_UNSPEC,
	VE_A_ID,		/* u32 */
	VE_A_NAME,		/* string, may be empty */
	VE_A_STATE,		/* string, as in ve.state */
	VE_A_INIT_PID,		/* u32, as the reader sees it; only if running and seen */
	VE_A_PID,		/* u32, of a process, in the initial PID namespace */
	VE_A_COMM,		/* string, the name of that process */
	__VE_A_MAX,
};

#define VE_A_MAX	(__VE_A_MAX - 1)

#endif /* _UAPI_LINUX_VE_H */
