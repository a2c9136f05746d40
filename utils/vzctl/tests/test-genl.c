/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listening to generic netlink: with the one family that every kernel has, the list of families. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/genl.h"

static void count(void *data, const struct genl_message *m)
{
	int *n = data;

	(void)m;
	(*n)++;
}

static void a_group_is_found_and_says_nothing(void **state)
{
	struct genl *g = NULL;
	int n = 0;

	(void)state;
	assert_int_equal(genl_listen("nlctrl", "notify", &g), 0);
	assert_true(genl_fd(g) >= 0);
	assert_int_equal(genl_read(g, count, &n), 0);
	assert_int_equal(n, 0);
	genl_close(g);
}

static void what_the_kernel_has_not_is_said(void **state)
{
	struct genl *g = NULL;

	(void)state;
	assert_int_equal(genl_listen("nlctrl", "notif", &g), -ENOENT);
	assert_int_equal(genl_listen("nlctrl", "notify2", &g), -ENOENT);
	assert_int_equal(genl_listen("no such one", "notify", &g), -ENOENT);
	assert_null(g);
	genl_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_is_found_and_says_nothing),
		cmocka_unit_test(what_the_kernel_has_not_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
