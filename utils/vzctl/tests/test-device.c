/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Device rules on the running kernel: a child in the group tries to open and make device nodes. On a
 * hybrid host both ways are tried, the controller of v1 and the program of v2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "base/str.h"
#include "host/cgroup-priv.h"
#include "host/device-priv.h"
#include "tests/cgroup-host.h"

#define RW (DEVICE_READ | DEVICE_WRITE)
#define RWM (DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD)

typedef int (*apply_fn)(struct cgroups *cg, const char *group, const struct device_rule *rules, size_t n);

static int setup(void **state)
{
	int r = host_setup(state);
	struct host *h = *state;

	return r < 0 || !h->cg ? r : cgroup_create(h->cg, h->group);
}

static struct host *require_root(void **state)
{
	if (geteuid() != 0) {
		print_message("skipped: needs cgroups and device nodes, and so root\n");
		skip();
	}
	return *state;
}

/*
 * What a process in the group may do with device c major:minor: DEVICE_* bits. It works on a tmpfs of
 * its own, so no node is ever seen by anybody else.
 */
static unsigned int tried(const struct host *h, char type, unsigned int major, unsigned int minor)
{
	mode_t mode = (type == 'b' ? S_IFBLK : S_IFCHR) | 0600;
	int status, go[2], ready[2];
	char c = 0;
	pid_t pid;

	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		unsigned int may = 0;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("none", "/mnt", "tmpfs", 0, NULL) < 0 ||
		    mknod("/mnt/node", mode, makedev(major, minor)) < 0)
			_exit(100);
		if (write(ready[1], &c, 1) != 1 || read(go[0], &c, 1) != 1)
			_exit(101);
		may |= open("/mnt/node", O_RDONLY | O_NONBLOCK | O_NOCTTY) >= 0 || errno != EPERM ? DEVICE_READ : 0;
		may |= open("/mnt/node", O_WRONLY | O_NONBLOCK | O_NOCTTY) >= 0 || errno != EPERM ? DEVICE_WRITE : 0;
		may |= mknod("/mnt/other", mode, makedev(major, minor)) == 0 ? DEVICE_MKNOD : 0;
		_exit((int)may);
	}
	(void)close(ready[1]);
	/* The node is made outside of the group and tried inside. */
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(host_attach_v1(h->cg, h->group, pid), 0);
	assert_int_equal(host_attach(h->cg->v2, h->group, pid), 0);
	assert_int_equal(write(go[1], &c, 1), 1);
	status = proc_wait(pid);
	(void)close(go[0]);
	(void)close(go[1]);
	(void)close(ready[0]);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) < 100);
	return (unsigned int)WEXITSTATUS(status);
}

static void check_defaults(const struct host *h, apply_fn apply)
{
	assert_int_equal(tried(h, 'c', 1, 1), RWM);
	assert_int_equal(apply(h->cg, h->group, device_defaults, device_defaults_len), 0);
	assert_int_equal(tried(h, 'c', 1, 3), RWM);	/* null */
	assert_int_equal(tried(h, 'c', 1, 9), RWM);	/* urandom */
	assert_int_equal(tried(h, 'c', 5, 0), RWM);	/* tty */
	assert_int_equal(tried(h, 'c', 136, 77), RWM);	/* a pty */
	assert_int_equal(tried(h, 'c', 1, 1), DEVICE_MKNOD);	/* mem */
	assert_int_equal(tried(h, 'c', 10, 229), DEVICE_MKNOD);	/* fuse */
	assert_int_equal(tried(h, 'b', 7, 0), DEVICE_MKNOD);	/* a loop device */
	assert_int_equal(tried(h, 'b', 1, 3), DEVICE_MKNOD);	/* same numbers as null, other type */
}

static void check_replacing(const struct host *h, apply_fn apply)
{
	static const struct device_rule first[] = {
		{ 'c', 1, 3, RWM }, { 'c', 10, 229, RW }, { 'b', 7, DEVICE_ANY, DEVICE_READ },
	};
	static const struct device_rule second[] = {
		{ 'c', 1, 3, RW }, { 'c', 10, 229, DEVICE_READ }, { 'c', 1, 5, RWM },
	};

	assert_int_equal(apply(h->cg, h->group, first, ARRAY_SIZE(first)), 0);
	assert_int_equal(tried(h, 'c', 1, 3), RWM);
	assert_int_equal(tried(h, 'c', 10, 229), RW);
	assert_int_equal(tried(h, 'b', 7, 0), DEVICE_READ);
	assert_int_equal(tried(h, 'c', 1, 5), 0);

	assert_int_equal(apply(h->cg, h->group, second, ARRAY_SIZE(second)), 0);
	assert_int_equal(tried(h, 'c', 1, 3), RW);
	assert_int_equal(tried(h, 'c', 10, 229), DEVICE_READ);
	assert_int_equal(tried(h, 'b', 7, 0), 0);
	assert_int_equal(tried(h, 'c', 1, 5), RWM);

	assert_int_equal(apply(h->cg, h->group, NULL, 0), 0);
	assert_int_equal(tried(h, 'c', 1, 3), 0);
}

/* The last rule for the same devices decides, also one that takes away. */
static void check_order(const struct host *h, apply_fn apply)
{
	static const struct device_rule rules[] = {
		{ 'c', 1, 3, RWM }, { 'c', 1, 5, RWM }, { 'c', 1, 5, DEVICE_READ }, { 'c', 1, 3, 0 },
		{ 'c', 1, 7, 0 }, { 'c', 1, 7, RWM },
	};
	static const struct device_rule all[] = {
		{ 'c', 1, 3, 0 }, { 'a', DEVICE_ANY, DEVICE_ANY, RWM },
	};

	assert_int_equal(apply(h->cg, h->group, rules, ARRAY_SIZE(rules)), 0);
	assert_int_equal(tried(h, 'c', 1, 3), 0);
	assert_int_equal(tried(h, 'c', 1, 5), DEVICE_READ);
	assert_int_equal(tried(h, 'c', 1, 7), RWM);
	assert_int_equal(apply(h->cg, h->group, all, ARRAY_SIZE(all)), 0);
	assert_int_equal(tried(h, 'c', 1, 3), RWM);
	assert_int_equal(tried(h, 'b', 7, 0), RWM);
	/* Back to less than everything. */
	assert_int_equal(apply(h->cg, h->group, rules, ARRAY_SIZE(rules)), 0);
	assert_int_equal(tried(h, 'c', 1, 3), 0);
	assert_int_equal(tried(h, 'c', 1, 7), RWM);
	assert_int_equal(tried(h, 'b', 7, 0), 0);
}

static const struct device_rule one_out_of_many[] = {
	{ 'c', 1, DEVICE_ANY, RW }, { 'c', 1, 3, DEVICE_READ },
};

static struct host *require_v1(void **state)
{
	struct host *h = require_root(state);

	if (!cgroups_is_v1(h->cg, "devices")) {
		print_message("skipped: devices is not v1 here\n");
		skip();
	}
	return h;
}

static void v1_defaults(void **state)
{
	check_defaults(require_v1(state), device_apply_v1);
}

static void v1_rules_are_replaced(void **state)
{
	check_replacing(require_v1(state), device_apply_v1);
}

static void v1_last_rule_decides(void **state)
{
	check_order(require_v1(state), device_apply_v1);
}

static void v1_says_what_it_cannot_do(void **state)
{
	struct host *h = require_v1(state);

	assert_int_equal(device_apply_v1(h->cg, h->group, one_out_of_many, ARRAY_SIZE(one_out_of_many)),
			 -EOPNOTSUPP);
	/* And has touched nothing. */
	assert_int_equal(tried(h, 'c', 1, 3), RWM);
}

static struct host *require_programs(void **state)
{
	struct host *h = require_root(state);

	if (!cgroup_v2_can_filter_devices(h->cg)) {
		print_message("skipped: this kernel runs no device programs\n");
		skip();
	}
	return h;
}

static void v2_defaults(void **state)
{
	check_defaults(require_programs(state), device_apply_v2);
}

static void v2_rules_are_replaced(void **state)
{
	check_replacing(require_programs(state), device_apply_v2);
}

static void v2_last_rule_decides(void **state)
{
	struct host *h = require_programs(state);

	check_order(h, device_apply_v2);
	assert_int_equal(device_apply_v2(h->cg, h->group, one_out_of_many, ARRAY_SIZE(one_out_of_many)), 0);
	assert_int_equal(tried(h, 'c', 1, 3), DEVICE_READ);
	assert_int_equal(tried(h, 'c', 1, 5), RW);
}

static void v2_takes_many_rules(void **state)
{
	struct host *h = require_programs(state);
	enum { N = 500 };
	auto_free struct device_rule *rules = calloc(N, sizeof(*rules));

	for (int i = 0; i < N; i++)
		rules[i] = (struct device_rule){ 'c', 1, i, i == 3 || i == N - 1 ? RW : 0 };
	assert_int_equal(device_apply_v2(h->cg, h->group, rules, N), 0);
	assert_int_equal(tried(h, 'c', 1, 3), RW);
	assert_int_equal(tried(h, 'c', 1, 5), 0);
	assert_int_equal(tried(h, 'c', 1, N - 1), RW);
}

/* A process that opens /dev/null all the time must not notice that the rules are replaced. */
static void check_no_gap(const struct host *h, apply_fn apply)
{
	static const struct device_rule other[] = { { 'c', 1, 3, RW }, { 'c', 1, 5, RW } };
	pid_t pid;
	int status;

	assert_int_equal(apply(h->cg, h->group, other, ARRAY_SIZE(other)), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

			if (fd < 0)
				_exit(1);
			(void)close(fd);
		}
	}
	assert_int_equal(host_attach_v1(h->cg, h->group, pid), 0);
	assert_int_equal(host_attach(h->cg->v2, h->group, pid), 0);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(apply(h->cg, h->group, device_defaults, device_defaults_len), 0);
		assert_int_equal(apply(h->cg, h->group, other, ARRAY_SIZE(other)), 0);
	}
	(void)kill(pid, SIGKILL);
	status = proc_wait(pid);
	assert_true(WIFSIGNALED(status));
}

static void v1_never_lets_null_fail(void **state)
{
	check_no_gap(require_v1(state), device_apply_v1);
}

static void v2_never_lets_null_fail(void **state)
{
	check_no_gap(require_programs(state), device_apply_v2);
}

static void nonsense_is_refused(void **state)
{
	struct host *h = require_root(state);
	static const struct device_rule bad[] = {
		{ 'x', 1, 3, RW }, { 'c', -2, 3, RW }, { 'c', 1, -5, RW }, { 'c', 1, 3, 8 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(device_apply(h->cg, h->group, &bad[i], 1), -EINVAL);
	assert_int_equal(device_apply(h->cg, "vz-test-missing", device_defaults, 1), -ENOENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(v1_defaults),
		TEST(v1_rules_are_replaced),
		TEST(v1_last_rule_decides),
		TEST(v1_says_what_it_cannot_do),
		TEST(v1_never_lets_null_fail),
		TEST(v2_defaults),
		TEST(v2_rules_are_replaced),
		TEST(v2_last_rule_decides),
		TEST(v2_takes_many_rules),
		TEST(v2_never_lets_null_fail),
		TEST(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
