/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What our kernel tells of containers over generic netlink, in the words of its own header. */
#include <linux/ve.h>

#include "backend/ve.h"
#include "base/macros.h"
#include "host/genl.h"

static const struct {
	int command;
	int what;
} events[] = {
	{ VE_CMD_START,  VZ_EVENT_START },
	{ VE_CMD_REBOOT, VZ_EVENT_REBOOT },
	{ VE_CMD_STOP,   VZ_EVENT_STOP },
	{ VE_CMD_OOM,    VZ_EVENT_OOM },
};

struct listener {
	const char *tag;
	vz_event_fn fn;
	void *data;
};

static void take(void *data, const struct genl_message *m)
{
	const struct listener *l = data;
	struct vz_event event = { 0 };
	uint32_t number, pid;

	if (!genl_u32(m, VE_A_ID, &number))
		return;
	event.id = ve_ctid(l->tag, number);
	if (genl_u32(m, VE_A_PID, &pid))
		event.pid = (pid_t)pid;
	(void)genl_text(m, VE_A_COMM, event.name, sizeof(event.name));
	for (size_t i = 0; event.id && i < ARRAY_SIZE(events); i++)
		if (events[i].command == genl_command(m)) {
			event.what = events[i].what;
			l->fn(l->data, &event);
		}
}

int ve_events_open(struct vz_host *host)
{
	int r;

	genl_close(host->events);
	host->events = NULL;
	r = genl_listen(VE_GENL_NAME, VE_GENL_MCGRP_EVENTS, &host->events);
	return r < 0 ? r : genl_fd(host->events);
}

int ve_events_read(struct vz_host *host, vz_event_fn fn, void *data)
{
	struct listener l = { .tag = host->tag, .fn = fn, .data = data };

	return genl_read(host->events, take, &l);
}
