/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes that were killed for want of memory: what is said of them, and how often. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "ct/shortage.h"

static char dir[] = "/tmp/test-shortage-XXXXXX";
static struct vz *vz;
static char said[512];

static void remember(void *data, int level, vz_ctid id, const char *text)
{
	(void)data;
	assert_int_equal(level, VZ_LOG_ERR);
	assert_true(id == 101 || id == 102);
	(void)snprintf(said + strlen(said), sizeof(said) - strlen(said), "%u %s\n", id, text);
}

static int make_host(void **state)
{
	const struct vz_log log = { .fn = remember };
	auto_free char *run = NULL;

	(void)state;
	if (!mkdtemp(dir) || vz_new(&vz, dir, NULL) < 0)
		return -1;
	vz_set_log(vz, &log);
	for (vz_ctid id = 101; id <= 102; id++) {
		free(run);
		run = paths_run(&vz->paths, id, NULL);
		if (!run || path_make_dirs(run, 0755) < 0)
			return -1;
	}
	return 0;
}

static int remove_host(void **state)
{
	(void)state;
	vz_free(vz);
	return path_remove_tree(AT_FDCWD, dir);
}

static struct vz_event killed(vz_ctid id, pid_t pid, const char *name)
{
	struct vz_event e = { .what = VZ_EVENT_OOM, .id = id, .pid = pid };

	(void)snprintf(e.name, sizeof(e.name), "%s", name);
	return e;
}

static void the_first_of_each_container_is_said(void **state)
{
	const struct vz_event events[] = {
		killed(101, 4711, "mysqld"), killed(101, 4712, "mysqld"), killed(102, 4713, "a\033[2Jb\xc3\xa9"),
		killed(101, 4714, "mysqld"), killed(102, 4715, "b"),
	};
	struct shortage *all = NULL;

	(void)state;
	said[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		shortage_say(&all, vz, &events[i]);
	assert_string_equal(said, "101 out of memory: process 4711 (mysqld) was killed\n"
			    "102 out of memory: process 4713 (a?[2Jb?\?) was killed\n");
	shortages_free(all);
}

static void who_is_none_of_ours_is_passed_over(void **state)
{
	const struct vz_event event = killed(1073742000, 4711, "mysqld");
	struct shortage *all = NULL;

	(void)state;
	said[0] = '\0';
	shortage_say(&all, vz, &event);
	assert_null(all);
	assert_string_equal(said, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_of_each_container_is_said),
		cmocka_unit_test(who_is_none_of_ours_is_passed_over),
	};

	return cmocka_run_group_tests(tests, make_host, remove_host);
}
