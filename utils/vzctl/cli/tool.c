/* SPDX-License-Identifier: GPL-2.0-only */
/* See tool.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/host.h"
#include "cli/tool.h"
#include "cli/words.h"

static void complain(const struct vz_err *err)
{
	(void)fprintf(stderr, "%s\n", err->msg ? err->msg : "out of memory");
}

struct vz *tool_open(const char *name, const char *prefix, struct cli_log *log)
{
	auto_err struct vz_err err = { 0 };
	struct vz *vz = NULL;

	/* To others no container seems to run. */
	if (geteuid() != 0) {
		(void)fprintf(stderr, "only root can do this (try sudo)\n");
		return NULL;
	}
	cli_log_init(log, name);
	cli_log_console(log, VZ_LOG_ERR);
	if (host_open(&vz, prefix, log, &err) == 0 && vz_load(vz, &err) == 0)
		return vz;
	complain(&err);
	vz_free(vz);
	return NULL;
}

int tool_each_running(struct vz *vz, void (*fn)(void *data, struct vz_ct *ct), void *data)
{
	auto_err struct vz_err err = { 0 };
	auto_free vz_ctid *ids = NULL;
	int n = vz_ctids(vz, &ids, &err);

	for (int i = 0; i < n; i++) {
		struct vz_ct *ct;

		if (vz_ct_new(vz, ids[i], &ct, &err) < 0) {
			n = -1;
			break;
		}
		/* One whose file cannot be read is there all the same. */
		if (vz_ct_load(ct, true, NULL) == 0 && vz_ct_state(ct) & VZ_STATE_RUNNING)
			fn(data, ct);
		vz_ct_free(ct);
	}
	if (n < 0)
		complain(&err);
	return n < 0 ? -1 : 0;
}

uint64_t tool_number(const struct vz_ct *ct, const char *key, uint64_t fallback)
{
	auto_free char *text = vz_ct_get(ct, key);

	return text ? strtoull(text, NULL, 10) : fallback;
}

int tool_complete(const char *const *options, int argc, char **argv)
{
	struct words w = { .typed = argc > 0 ? argv[argc - 1] : "" };

	if (argc > 1 && !strcmp(argv[argc - 2], "--prefix")) {
		words_ask(WORDS_DIRECTORIES);
		return 0;
	}
	for (; *options && *w.typed == '-'; options++)
		words_put(&w, *options);
	return 0;
}
