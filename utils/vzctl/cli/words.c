/* SPDX-License-Identifier: GPL-2.0-only */
/* Words for completion; see words.h. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/host.h"
#include "cli/words.h"

/* A line is a word: one that holds a newline, or what a terminal might act on, is none. */
static bool is_printable(const char *word)
{
	for (; *word; word++)
		if (iscntrl((unsigned char)*word))
			return false;
	return true;
}

void words_put(const struct words *w, const char *word)
{
	const char *typed = w->typed + w->head;

	if (*word && !strncmp(word, typed, strlen(typed)) && is_printable(word))
		printf("%.*s%s\n", (int)w->head, w->typed, word);
}

void words_put_each(const struct words *w, const char *text, const char *seps)
{
	auto_free char *copy = text ? strdup(text) : NULL;
	char *save = NULL;

	for (char *word = copy ? strtok_r(copy, seps, &save) : NULL; word; word = strtok_r(NULL, seps, &save))
		words_put(w, word);
}

void words_ask(const char *request)
{
	(void)puts(request);
}

struct words words_behind(const struct words *w, char c)
{
	const char *last = strrchr(w->typed + w->head, c);

	return (struct words){ .typed = w->typed, .head = last ? (size_t)(last + 1 - w->typed) : w->head };
}

static void put_container(const struct words *w, struct vz *vz, vz_ctid id, const struct words_which *which)
{
	auto_free char *name = NULL;
	struct vz_ct *ct = NULL;
	unsigned int state;
	char number[16];

	if (vz_ct_new(vz, id, &ct, NULL) < 0)
		return;
	/* Without its file it has no name, and a state all the same. */
	(void)vz_ct_load(ct, true, NULL);
	state = vz_ct_state(ct);
	if ((state & which->all) == which->all && !(state & which->none) && (!which->any || state & which->any)) {
		(void)snprintf(number, sizeof(number), "%u", id);
		words_put(w, number);
		name = vz_ct_name(ct);
		if (name)
			words_put(w, name);
	}
	vz_ct_free(ct);
}

void words_put_containers(const struct words *w, struct vz *vz, const struct words_which *which)
{
	auto_free vz_ctid *ids = NULL;
	int n = vz ? vz_ctids(vz, &ids, NULL) : 0;

	for (int i = 0; i < n; i++)
		put_container(w, vz, ids[i], which);
}

struct vz *words_open_host(const char *prefix)
{
	/* Kept by the handle. */
	static struct cli_log log;
	struct vz *vz = NULL;

	cli_log_init(&log, "complete");
	cli_log_console(&log, CLI_LOG_NOTHING);
	if (host_open(&vz, prefix, &log, NULL) == 0 && vz_load(vz, NULL) == 0)
		return vz;
	vz_free(vz);
	return NULL;
}
