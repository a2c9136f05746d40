/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who was killed for want of memory; see shortage.h. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "ct/shortage.h"

/* One line in so much time. */
#define QUIET (10 * USEC_PER_SEC)

struct shortage {
	struct shortage *next;
	vz_ctid id;
	usec_t said;		/* when it was last said */
	unsigned int unsaid;	/* how many were killed since */
};

/* Those of long ago are forgotten by the way. NULL: it is long ago, or never was. */
static struct shortage *find(struct shortage **at, vz_ctid id)
{
	struct shortage *found = NULL;

	while (*at) {
		struct shortage *s = *at;

		if (s->id == id) {
			found = s;
		} else if (now_usec() - s->said > QUIET) {
			*at = s->next;
			free(s);
			continue;
		}
		at = &s->next;
	}
	return found;
}

static struct shortage *add(struct shortage **all, vz_ctid id)
{
	struct shortage *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct shortage){ .next = *all, .id = id };
	*all = s;
	return s;
}

/* What a program calls itself may be anything: one line, and no commands to a terminal. */
static void make_printable(char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name < ' ' || (unsigned char)*name >= 0x7f)
			*name = '?';
}

static void say(const struct vz_log *log, const struct vz_event *event, unsigned int unsaid)
{
	char name[sizeof(event->name)];

	memcpy(name, event->name, sizeof(name));
	make_printable(name);
	if (unsaid)
		vz_log(log, VZ_LOG_ERR, event->id, "out of memory: process %d (%s) was killed, and %u others before",
		       (int)event->pid, name, unsaid);
	else
		vz_log(log, VZ_LOG_ERR, event->id, "out of memory: process %d (%s) was killed", (int)event->pid, name);
}

void shortage_say(struct shortage **all, struct vz *vz, const struct vz_event *event)
{
	auto_free char *dir = paths_run(&vz->paths, event->id, NULL);
	struct shortage *s;

	/* It may be a number of a host below another prefix. */
	if (!dir || !path_exists(dir))
		return;
	s = find(all, event->id);
	if (s && now_usec() - s->said < QUIET) {
		s->unsaid++;
		return;
	}
	say(&vz->log, event, s ? s->unsaid : 0);
	if (!s)
		s = add(all, event->id);
	/* Without memory for that all of them are said. */
	if (!s)
		return;
	s->said = now_usec();
	s->unsaid = 0;
}

void shortages_free(struct shortage *all)
{
	while (all) {
		struct shortage *s = all;

		all = s->next;
		free(s);
	}
}
