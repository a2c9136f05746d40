/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of capabilities against libcap's; the sets of children as the kernel shows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "host/caps.h"

static void names_are_those_of_libcap(void **state)
{
	(void)state;
	for (int i = 0; i < CAPS_MAX; i++) {
		char *theirs = cap_to_name(i);

		assert_int_equal(caps_by_name(theirs + strlen("cap_")), i);
		(void)cap_free(theirs);
	}
	assert_int_equal(CAPS_MAX, CAP_LAST_CAP + 1);
}

static void names_are_looked_up_in_any_case(void **state)
{
	(void)state;
	assert_int_equal(caps_by_name("SYS_ADMIN"), CAP_SYS_ADMIN);
	assert_int_equal(caps_by_name("Net_Raw"), CAP_NET_RAW);
	assert_int_equal(caps_by_name("ve_admin"), CAPS_VE_ADMIN);
	assert_int_equal(caps_by_name("SETVEID"), CAPS_VE_ADMIN);
	assert_int_equal(caps_by_name("cap_chown"), -1);
	assert_int_equal(caps_by_name("sys_admi"), -1);
	assert_int_equal(caps_by_name(""), -1);
}

static void default_set_leaves_out_seven(void **state)
{
	(void)state;
	assert_int_equal(__builtin_popcountll(caps_container_default()), CAPS_MAX - 7);
	assert_true(caps_container_default() & (UINT64_C(1) << CAP_SYS_ADMIN));
	assert_true(caps_container_default() & (UINT64_C(1) << CAP_SYSLOG));
	assert_false(caps_container_default() & (UINT64_C(1) << CAP_SYS_RAWIO));
	assert_false(caps_container_default() & (UINT64_C(1) << CAP_BPF));
	assert_int_equal(caps_container_default() >> CAPS_MAX, 0);
}

static void require_root(void)
{
	if (geteuid() != 0) {
		print_message("skipped: changes ids and capabilities, needs root\n");
		skip();
	}
}

/* A line of the child's /proc/PID/status as a number of base 16. */
static uint64_t status_hex(pid_t pid, const char *key)
{
	auto_free char *path = str_printf("/proc/%d/status", (int)pid);
	auto_free char *text = NULL;
	char *line;

	assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &text, NULL), 0);
	line = strstr(text, key);
	assert_non_null(line);
	return strtoull(line + strlen(key), NULL, 16);
}

/* Run fn in a child, which then stays until end_child(). Its result in *ret. */
static pid_t in_child(int (*fn)(void), int *ret)
{
	int result[2];
	pid_t pid;

	assert_int_equal(pipe(result), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int r;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		r = fn();
		/* A change of ids clears it. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (write(result[1], &r, sizeof(r)) != sizeof(r))
			_exit(1);
		for (;;)
			pause();
	}
	(void)close(result[1]);
	assert_int_equal(read(result[0], ret, sizeof(*ret)), sizeof(*ret));
	(void)close(result[0]);
	return pid;
}

static void end_child(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)proc_wait(pid);
}

#define KEEP ((UINT64_C(1) << CAP_CHOWN) | (UINT64_C(1) << CAP_KILL))

static int limit(void)
{
	/* Something in the sets that must go. */
	cap_t caps = cap_get_proc();
	cap_value_t v[] = { CAP_CHOWN, CAP_NET_RAW };

	if (!caps || cap_set_flag(caps, CAP_INHERITABLE, 2, v, CAP_SET) < 0 || cap_set_proc(caps) < 0 ||
	    cap_set_ambient(CAP_NET_RAW, CAP_SET) < 0)
		return -1;
	(void)cap_free(caps);
	return caps_limit_bounding(KEEP);
}

static void bounding_set_is_limited(void **state)
{
	uint64_t before, after;
	pid_t pid;
	int r;

	(void)state;
	require_root();
	assert_int_equal(caps_bounding_of(getpid(), &before), 0);
	pid = in_child(limit, &r);
	assert_int_equal(r, 0);
	assert_int_equal(caps_bounding_of(pid, &after), 0);
	assert_true(after == (before & KEEP));
	assert_true(status_hex(pid, "\nCapInh:") == 0);
	assert_true(status_hex(pid, "\nCapAmb:") == 0);
	end_child(pid);
	assert_int_equal(caps_bounding_of(pid, &after), -ESRCH);
}

static int limit_to_all(void)
{
	return caps_limit_bounding(UINT64_MAX);
}

static void keeping_everything_changes_nothing(void **state)
{
	uint64_t before, after;
	pid_t pid;
	int r;

	(void)state;
	require_root();
	assert_int_equal(caps_bounding_of(getpid(), &before), 0);
	pid = in_child(limit_to_all, &r);
	assert_int_equal(r, 0);
	assert_int_equal(caps_bounding_of(pid, &after), 0);
	assert_true(after == before);
	end_child(pid);
}

static int become_user(void)
{
	return caps_become_user_keep_all(300000, 300001);
}

static void user_has_the_ids_and_all_capabilities(void **state)
{
	auto_free char *path = NULL;
	auto_free char *text = NULL;
	pid_t pid;
	int r;

	(void)state;
	require_root();
	pid = in_child(become_user, &r);
	assert_int_equal(r, 0);
	assert_true(status_hex(pid, "\nCapEff:") == status_hex(getpid(), "\nCapPrm:"));
	assert_true(status_hex(pid, "\nCapPrm:") == status_hex(getpid(), "\nCapPrm:"));
	path = str_printf("/proc/%d/status", (int)pid);
	assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &text, NULL), 0);
	assert_non_null(strstr(text, "\nUid:\t300000\t300000\t300000\t300000\n"));
	assert_non_null(strstr(text, "\nGid:\t300001\t300001\t300001\t300001\n"));
	assert_non_null(strstr(text, "\nGroups:\t \n"));
	end_child(pid);
}

static int become_user_without_power(void)
{
	int r = caps_become_user_keep_all(300000, 300000);
	cap_t none = cap_init();

	if (r < 0 || !none || cap_set_proc(none) < 0)
		return 1;
	(void)cap_free(none);
	return caps_become_user_keep_all(0, 0) == -EPERM && caps_limit_bounding(0) == -EPERM ? 0 : 2;
}

static void without_power_nothing_is_done(void **state)
{
	pid_t pid;
	int r;

	(void)state;
	require_root();
	pid = in_child(become_user_without_power, &r);
	assert_int_equal(r, 0);
	end_child(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_libcap),
		cmocka_unit_test(names_are_looked_up_in_any_case),
		cmocka_unit_test(default_set_leaves_out_seven),
		cmocka_unit_test(bounding_set_is_limited),
		cmocka_unit_test(keeping_everything_changes_nothing),
		cmocka_unit_test(user_has_the_ids_and_all_capabilities),
		cmocka_unit_test(without_power_nothing_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
