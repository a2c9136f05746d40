/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Groups on the running kernel, below vz-test-PID at the top of every hierarchy. Hosts of other kinds
 * are made in a mount namespace of a child; the host's own mounts are never touched, and the
 * subtree_control of its v2 root is put back as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/strv.h"
#include "host/cgroup-priv.h"
#include "tests/cgroup-host.h"

static void pause_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&t, NULL);
}

/* Children not waited for yet: a failed test leaves them to its teardown. */
static pid_t kids[8];

/* clone3() that remembers; dir: the group to be born into, or -1. */
static pid_t child_in(int dir, uint64_t flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	pid_t pid;

	if (dir >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)dir;
	}
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	assert_true(pid >= 0);
	if (pid == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; pid && i < ARRAY_SIZE(kids); i++)
		if (!kids[i]) {
			kids[i] = pid;
			break;
		}
	return pid;
}

static pid_t child(void)
{
	return child_in(-1, 0);
}

/* A child that lives until it is killed, or we die. */
static pid_t sleeper(void)
{
	pid_t pid = child();

	while (pid == 0)
		pause();
	return pid;
}

static int wait_for(pid_t pid)
{
	for (size_t i = 0; i < ARRAY_SIZE(kids); i++)
		if (kids[i] == pid)
			kids[i] = 0;
	return proc_wait(pid);
}

static void end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)wait_for(pid);
}

/* Whatever a failed test left. */
static int teardown(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(kids); i++)
		if (kids[i])
			end(kids[i]);
	return host_teardown(state);
}

static struct host *require_root(void **state)
{
	if (geteuid() != 0) {
		print_message("skipped: makes cgroups, needs root\n");
		skip();
	}
	return *state;
}

/* In how many v1 hierarchies is the process in this group? */
static size_t count_v1(pid_t pid, const char *group)
{
	auto_free char *path = str_printf("/proc/%d/cgroup", (int)pid);
	auto_free char *tail = str_printf(":/%s", group);
	auto_free char *text = NULL;
	auto_strv char **lines = NULL;
	size_t n = 0;

	assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &text, NULL), 0);
	assert_int_equal(strv_split(text, "\n", &lines), 0);
	for (size_t i = 0; lines && lines[i]; i++) {
		size_t len = strlen(lines[i]), t = strlen(tail);

		if (!str_has_prefix(lines[i], "0:") && len > t && strcmp(lines[i] + len - t, tail) == 0)
			n++;
	}
	return n;
}

static size_t count_existing(struct cgroups *cg, const char *group)
{
	size_t n = faccessat(cg->v2, group, F_OK, 0) == 0;

	for (size_t i = 0; i < cg->n_v1; i++)
		n += cgroup_v1_root(cg, i) >= 0 && faccessat(cgroup_v1_root(cg, i), group, F_OK, 0) == 0;
	return n;
}

/* Those that are mounted. */
static size_t count_hierarchies(struct cgroups *cg)
{
	size_t n = 0;

	for (size_t i = 0; i < cg->n_v1; i++)
		n += cgroup_v1_root(cg, i) >= 0;
	return n;
}

static void mode_is_what_the_mounts_say(void **state)
{
	struct host *h = require_root(state);
	bool v1 = false, v2 = false, memory = false;
	auto_free char *mounts = NULL;
	auto_strv char **lines = NULL;

	assert_int_equal(file_read(AT_FDCWD, "/proc/self/mounts", 1 << 24, &mounts, NULL), 0);
	assert_int_equal(strv_split(mounts, "\n", &lines), 0);
	for (size_t i = 0; lines && lines[i]; i++) {
		const char *type = strstr(lines[i], " cgroup ");

		v1 = v1 || type;
		v2 = v2 || strstr(lines[i], " cgroup2 ");
		memory = memory || (type && strstr(type, ",memory"));
	}
	assert_int_equal(cgroups_mode(h->cg), !v1 ? CGROUP_PURE_V2 : v2 ? CGROUP_HYBRID : CGROUP_PURE_V1);
	assert_true(cgroups_has_controller(h->cg, "memory"));
	assert_int_equal(cgroups_is_v1(h->cg, "memory"), memory);
	assert_true(cgroups_has_controller(h->cg, "devices"));
	assert_true(cgroups_has_controller(h->cg, "freezer"));
	assert_false(cgroups_has_controller(h->cg, "no such controller"));
	assert_false(cgroups_is_v1(h->cg, "no such controller"));
}

static void group_is_made_everywhere_and_removed_with_its_parent(void **state)
{
	struct host *h = require_root(state);

	assert_int_equal(cgroup_create(h->cg, h->group), 0);
	assert_int_equal(count_existing(h->cg, h->group), count_hierarchies(h->cg) + 1);
	/* Once more: taken as it is. */
	assert_int_equal(cgroup_create(h->cg, h->group), 0);

	assert_int_equal(cgroup_remove(h->cg, h->group), 0);
	assert_int_equal(count_existing(h->cg, h->base), 0);
	assert_int_equal(cgroup_remove(h->cg, h->group), 0);
}

static void parent_stays_while_another_group_is_in_it(void **state)
{
	struct host *h = require_root(state);
	auto_free char *other = str_printf("%s/2", h->base);

	assert_int_equal(cgroup_create(h->cg, h->group), 0);
	assert_int_equal(cgroup_create(h->cg, other), 0);
	assert_int_equal(cgroup_remove(h->cg, h->group), 0);
	assert_int_equal(count_existing(h->cg, other), count_hierarchies(h->cg) + 1);
	assert_int_equal(cgroup_remove(h->cg, other), 0);
	assert_int_equal(count_existing(h->cg, h->base), 0);
}

static void bad_names_are_refused(void **state)
{
	struct host *h = require_root(state);

	assert_int_equal(cgroup_create(h->cg, ""), -EINVAL);
	assert_true(cgroup_fd(h->cg, "vz-test-missing") == -ENOENT);
	assert_int_equal(cgroup_is_populated(h->cg, "vz-test-missing"), -ENOENT);
	assert_int_equal(cgroup_kill(h->cg, "vz-test-missing"), -ENOENT);
	assert_int_equal(cgroup_freeze(h->cg, "vz-test-missing", true, 0), -ENOENT);
}

static void cpuset_takes_over_what_the_parent_has(void **state)
{
	struct host *h = require_root(state);
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
	auto_free char *born = NULL;

	if (!cgroups_is_v1(h->cg, "cpuset")) {
		print_message("skipped: cpuset is not v1 here\n");
		skip();
	}
	assert_int_equal(cgroup_create(h->cg, h->group), 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_free char *root = NULL;
		auto_free char *here = NULL;

		assert_int_equal(cgroup_read(h->cg, "", "cpuset", files[i], &root), 0);
		assert_int_equal(cgroup_read(h->cg, h->group, "cpuset", files[i], &here), 0);
		assert_true(strlen(here) > 1);
		assert_string_equal(here, root);
	}
	/* Those below are born with it: nothing has to be written for each. */
	assert_int_equal(cgroup_read(h->cg, h->group, "cpuset", "cgroup.clone_children", &born), 0);
	assert_string_equal(born, "1\n");
}

static void controllers_of_v2_are_switched_on_all_the_way_down(void **state)
{
	struct host *h = require_root(state);
	auto_free char *ct = str_printf("%s/ct", h->group);
	auto_free char *has = NULL;
	auto_free char *wanted = strv_join(h->cg->v2_controllers, " ");

	assert_int_equal(cgroup_create(h->cg, h->group), 0);
	assert_int_equal(cgroup_create_v2(h->cg, ct), 0);
	assert_int_equal(cgroup_read(h->cg, ct, "cgroup", "cgroup.controllers", &has), 0);
	has[strcspn(has, "\n")] = '\0';
	assert_string_equal(has, wanted ? wanted : "");
	/* v2 only. */
	assert_int_equal(count_existing(h->cg, ct), 1);
}

/* Whether the v2 group has the controller to give to groups below. */
static bool has_controller(struct host *h, const char *group, const char *controller)
{
	auto_free char *text = NULL;
	auto_strv char **names = NULL;

	assert_int_equal(cgroup_read(h->cg, group, "cgroup", "cgroup.controllers", &text), 0);
	assert_int_equal(strv_split(text, " \n", &names), 0);
	return strv_find(names, controller) >= 0;
}

static void withheld_controller_is_switched_on_only_above_the_group_that_is_named(void **state)
{
	struct host *h = require_root(state);
	auto_free char *ct = str_printf("%s/ct", h->group);
	auto_free char *leaf = str_printf("%s/a/b", ct);
	const char *one = h->cg->v2_controllers ? h->cg->v2_controllers[0] : NULL;

	if (!one) {
		print_message("skipped: v2 has no controllers here\n");
		skip();
	}
	cgroups_withhold(h->cg, one);
	assert_int_equal(cgroup_create(h->cg, h->group), 0);
	assert_int_equal(cgroup_create_v2(h->cg, ct), 0);
	assert_false(has_controller(h, h->group, one));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(cgroup_enable(h->cg, h->group, one), 0);
		assert_true(has_controller(h, h->group, one));
		assert_false(has_controller(h, ct, one));
	}
	/* The others go all the way down. */
	for (char **other = h->cg->v2_controllers + 1; *other; other++)
		assert_true(has_controller(h, ct, *other));
	/* And off below it, however deep somebody has switched it on. */
	assert_int_equal(cgroup_create_v2(h->cg, leaf), 0);
	assert_int_equal(cgroup_enable(h->cg, leaf, one), 0);
	assert_true(has_controller(h, leaf, one));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(cgroup_disable_below(h->cg, h->group, one), 0);
		assert_false(has_controller(h, leaf, one));
		assert_false(has_controller(h, ct, one));
		assert_true(has_controller(h, h->group, one));
	}
	assert_int_equal(cgroup_disable_below(h->cg, "vz-test-nobody/1", one), -ENOENT);
	assert_int_equal(cgroup_enable(h->cg, "vz-test-nobody/1", one), -ENOENT);
	assert_int_equal(cgroup_enable(h->cg, h->group, "nosuch"), -EINVAL);
}

static void process_is_moved_by_absolute_path(void **state)
{
	struct host *h = require_root(state);
	auto_free char *of = NULL;
	pid_t pid = sleeper();

	assert_int_equal(cgroup_create(h->cg, h->group), 0);
	assert_int_equal(host_attach_v1(h->cg, h->group, pid), 0);
	assert_int_equal(count_v1(pid, h->group), count_hierarchies(h->cg));
	assert_int_equal(cgroup_is_populated(h->cg, h->group), 0);

	assert_int_equal(host_attach(h->cg->v2, h->group, pid), 0);
	assert_int_equal(cgroup_is_populated(h->cg, h->group), 1);
	assert_int_equal(cgroup_of(pid, &of), 0);
	assert_string_equal(of, h->group);
	end(pid);
	assert_int_equal(host_attach(h->cg->v2, h->group, pid), -ESRCH);
	assert_int_equal(cgroup_of(pid, &of), -ESRCH);
}

/* As a container's first process does it: born into v2, in a user namespace, with ids of no account. */
static void child_enters_through_the_open_doors(void **state)
{
	struct host *h = require_root(state);
	struct cgroup_entry e;
	auto_free char *of = NULL;
	int sync[2], dir;
	char answer = 0;
	pid_t pid;

	assert_int_equal(cgroup_create(h->cg, h->group), 0);
	assert_int_equal(cgroup_entry_open(h->cg, h->group, &e), 0);
	assert_int_equal(e.n, count_hierarchies(h->cg));
	dir = cgroup_fd(h->cg, h->group);
	assert_true(dir >= 0);
	assert_int_equal(pipe(sync), 0);
	pid = child_in(dir, CLONE_NEWUSER);
	if (pid == 0) {
		answer = cgroup_entry_enter(&e) == 0 ? 'y' : 'n';
		(void)!write(sync[1], &answer, 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(sync[0], &answer, 1), 1);
	assert_int_equal(answer, 'y');
	assert_int_equal(count_v1(pid, h->group), count_hierarchies(h->cg));
	assert_int_equal(cgroup_of(pid, &of), 0);
	assert_string_equal(of, h->group);
	cgroup_entry_done(&e);
	cgroup_entry_done(&e);
	(void)close(dir);
	(void)close(sync[0]);
	(void)close(sync[1]);
	end(pid);
	assert_int_equal(cgroup_entry_open(h->cg, "vz-test-missing", &e), count_hierarchies(h->cg) ? -ENOENT : 0);
}

static void root_for_a_process_stays_where_it_was_born(void **state)
{
	struct host *h = require_root(state);
	auto_free char *leaf = str_printf("%s/init.scope", h->group);
	auto_free char *root = NULL;
	auto_close int dir = -1;
	int sync[2];
	pid_t pid;
	char c;

	assert_int_equal(cgroup_create_v2(h->cg, h->group), 0);
	dir = cgroup_fd(h->cg, h->group);
	assert_int_equal(pipe2(sync, O_CLOEXEC), 0);
	pid = child_in(dir, 0);
	/* As process 1 of a container does: it is in its group when it makes the namespace. */
	if (pid == 0) {
		if (unshare(CLONE_NEWCGROUP) < 0 || write(sync[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(sync[0], &c, 1), 1);
	assert_int_equal(cgroup_root_of(pid, &root), 0);
	assert_string_equal(root, h->group);
	free(take_ptr(root));
	assert_int_equal(mkdirat(h->cg->v2, leaf, 0755), 0);
	assert_int_equal(host_attach(h->cg->v2, leaf, pid), 0);
	assert_int_equal(cgroup_root_of(pid, &root), 0);
	assert_string_equal(root, h->group);
	free(take_ptr(root));
	end(pid);
	assert_int_equal(cgroup_root_of(pid, &root), -ESRCH);
	(void)close(sync[0]);
	(void)close(sync[1]);

	/* One that shares ours: where it is. */
	pid = child_in(dir, 0);
	while (pid == 0)
		pause();
	assert_int_equal(cgroup_root_of(pid, &root), 0);
	assert_string_equal(root, h->group);
	end(pid);
}

static void processes_of_the_whole_tree_are_listed(void **state)
{
	struct host *h = require_root(state);
	auto_free char *sub = str_printf("%s/ct/a b", h->group);
	auto_free char *ct = str_printf("%s/ct", h->group);
	auto_free pid_t *pids = NULL;
	auto_strv char **names = NULL;
	pid_t one, two;

	assert_int_equal(cgroup_procs(h->cg, h->group, &pids), -ENOENT);
	assert_int_equal(cgroup_create_v2(h->cg, sub), 0);
	assert_int_equal(cgroup_procs(h->cg, h->group, &pids), 0);
	free(take_ptr(pids));
	one = sleeper();
	two = sleeper();
	assert_int_equal(host_attach(h->cg->v2, h->base, one), h->cg->v2_controllers ? -EBUSY : 0);
	assert_int_equal(host_attach(h->cg->v2, sub, one), 0);
	assert_int_equal(host_attach(h->cg->v2, sub, two), 0);
	assert_int_equal(cgroup_procs(h->cg, h->group, &pids), 2);
	assert_true((pids[0] == one && pids[1] == two) || (pids[0] == two && pids[1] == one));

	assert_int_equal(cgroup_children(h->cg, ct, &names), 0);
	assert_int_equal(strv_len(names), 1);
	assert_string_equal(names[0], "a b");
	end(one);
	end(two);
}

static void freezing_stops_and_thawing_goes_on(void **state)
{
	struct host *h = require_root(state);
	volatile unsigned int *ticks;
	unsigned int before;
	pid_t pid;

	ticks = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(ticks != MAP_FAILED);
	pid = child();
	for (; pid == 0; pause_ms(1))
		++*ticks;
	assert_int_equal(cgroup_create_v2(h->cg, h->group), 0);
	assert_int_equal(host_attach(h->cg->v2, h->group, pid), 0);
	assert_int_equal(cgroup_is_frozen(h->cg, h->group), 0);
	assert_int_equal(cgroup_freeze(h->cg, h->group, true, 5 * USEC_PER_SEC), 0);
	assert_int_equal(cgroup_is_frozen(h->cg, h->group), 1);
	before = *ticks;
	pause_ms(30);
	assert_int_equal(*ticks, before);
	assert_int_equal(cgroup_freeze(h->cg, h->group, false, 5 * USEC_PER_SEC), 0);
	assert_int_equal(cgroup_is_frozen(h->cg, h->group), 0);
	pause_ms(30);
	assert_true(*ticks > before);
	end(pid);
	(void)munmap((void *)ticks, 4096);
}

static void thawing_below_a_frozen_parent_times_out(void **state)
{
	struct host *h = require_root(state);
	usec_t start;

	assert_int_equal(cgroup_create_v2(h->cg, h->group), 0);
	assert_int_equal(cgroup_freeze(h->cg, h->base, true, 5 * USEC_PER_SEC), 0);
	start = now_usec();
	assert_int_equal(cgroup_freeze(h->cg, h->group, false, 30 * USEC_PER_MSEC), -ETIMEDOUT);
	assert_true(now_usec() - start >= 30 * USEC_PER_MSEC);
	assert_int_equal(cgroup_freeze(h->cg, h->base, false, 5 * USEC_PER_SEC), 0);
}

/* Seven processes in two groups; nobody of them waits for anybody. */
static pid_t family(struct host *h, const char *first, const char *second)
{
	pid_t pid = child();

	if (pid)
		return pid;
	if (host_attach(h->cg->v2, first, 0) < 0)
		_exit(1);
	for (int i = 0; i < 3; i++)
		if (child() == 0) {
			if (i == 1 && host_attach(h->cg->v2, second, 0) < 0)
				_exit(1);
			(void)child();
			for (;;)
				pause();
		}
	for (;;)
		pause();
}

static void kill_family(struct host *h, int (*how)(struct cgroups *cg, const char *group))
{
	auto_free char *first = str_printf("%s/a", h->group);
	auto_free char *second = str_printf("%s/b", h->group);
	auto_free char *beside = str_printf("%s1", h->group);
	auto_free pid_t *pids = NULL;
	pid_t bystander = sleeper();
	pid_t pid;
	int n = 0;

	assert_int_equal(cgroup_create_v2(h->cg, first), 0);
	assert_int_equal(cgroup_create_v2(h->cg, second), 0);
	/* A name that begins with the group's is no member of it. */
	assert_int_equal(cgroup_create_v2(h->cg, beside), 0);
	assert_int_equal(host_attach(h->cg->v2, beside, bystander), 0);
	pid = family(h, first, second);
	for (int i = 0; i < 200 && n < 7; i++, pause_ms(5)) {
		free(take_ptr(pids));
		n = cgroup_procs(h->cg, h->group, &pids);
	}
	assert_int_equal(n, 7);
	assert_int_equal(how(h->cg, h->group), 0);
	assert_int_equal(cgroup_wait_empty(h->cg, h->group, 5 * USEC_PER_SEC), 0);
	assert_int_equal(cgroup_is_populated(h->cg, h->group), 0);
	assert_true(proc_is_alive(bystander, 0));
	(void)wait_for(pid);
	end(bystander);
}

static void kill_reaches_everybody(void **state)
{
	kill_family(require_root(state), cgroup_kill);
}

static void kill_by_hand_reaches_everybody(void **state)
{
	kill_family(require_root(state), cgroup_v2_kill_by_hand);
}

static void waiting_for_an_inhabited_group_times_out(void **state)
{
	struct host *h = require_root(state);
	pid_t pid = sleeper();

	assert_int_equal(cgroup_create_v2(h->cg, h->group), 0);
	assert_int_equal(host_attach(h->cg->v2, h->group, pid), 0);
	assert_int_equal(cgroup_wait_empty(h->cg, h->group, 20 * USEC_PER_MSEC), -ETIMEDOUT);
	end(pid);
	assert_int_equal(cgroup_wait_empty(h->cg, h->group, 5 * USEC_PER_SEC), 0);
	assert_int_equal(cgroup_wait_empty(h->cg, "vz-test-missing", 0), 0);
}

static void group_in_use_is_not_removed(void **state)
{
	struct host *h = require_root(state);
	auto_free char *sub = str_printf("%s/empty", h->group);
	auto_free char *leaf = str_printf("%s/used", h->group);
	pid_t pid = sleeper();

	assert_int_equal(cgroup_create(h->cg, h->group), 0);
	assert_int_equal(cgroup_create_v2(h->cg, sub), 0);
	assert_int_equal(cgroup_create_v2(h->cg, leaf), 0);
	assert_int_equal(host_attach(h->cg->v2, leaf, pid), 0);
	assert_int_equal(cgroup_remove(h->cg, h->group), -EBUSY);
	assert_int_equal(count_existing(h->cg, sub), 1);
	assert_int_equal(count_existing(h->cg, h->group), count_hierarchies(h->cg) + 1);
	/* Killed a moment ago is as good as gone. */
	(void)kill(pid, SIGKILL);
	assert_int_equal(cgroup_remove(h->cg, h->group), 0);
	assert_int_equal(count_existing(h->cg, h->base), 0);
	(void)wait_for(pid);
}

/* What a container can do with what it is given. */
static void nested_deeper_than_a_path_is_long_goes_too(void **state)
{
	struct host *h = require_root(state);
	char name[201];
	int dir, levels = 0;
	auto_free pid_t *pids = NULL;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(cgroup_create(h->cg, h->group), 0);
	dir = openat(h->cg->v2, h->group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (; levels < 40; levels++) {
		int sub;

		assert_int_equal(mkdirat(dir, name, 0755), 0);
		assert_int_equal(mkdirat(dir, "beside", 0755), 0);
		sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(sub >= 0);
		(void)close(dir);
		dir = sub;
	}
	(void)close(dir);
	assert_true(levels * sizeof(name) > PATH_MAX);
	assert_int_equal(cgroup_procs(h->cg, h->group, &pids), 0);
	assert_int_equal(cgroup_remove(h->cg, h->group), 0);
	assert_int_equal(count_existing(h->cg, h->base), 0);
}

/* Each removes the parent when it happens to be the last. */
static void many_work_below_one_parent(void **state)
{
	struct host *h = require_root(state);
	pid_t workers[4];

	for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
		auto_free char *group = str_printf("%s/%zu/ct", h->base, i);

		workers[i] = child();
		if (workers[i])
			continue;
		for (int round = 0; round < 40; round++) {
			if (cgroup_create(h->cg, group) < 0)
				_exit(1);
			if (count_existing(h->cg, group) != count_hierarchies(h->cg) + 1)
				_exit(2);
			if (cgroup_remove(h->cg, group) < 0)
				_exit(3);
		}
		_exit(0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
		int status = wait_for(workers[i]);

		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	assert_int_equal(count_existing(h->cg, h->base), 0);
}

static void delegated_group_belongs_to_the_new_owner(void **state)
{
	struct host *h = require_root(state);
	static const struct {
		const char *file;
		uid_t owner;
	} files[] = {
		{ ".", 300000 }, { "cgroup.procs", 300000 }, { "cgroup.threads", 300000 },
		{ "cgroup.subtree_control", 300000 }, { "cgroup.freeze", 0 }, { "cgroup.kill", 0 },
	};

	assert_int_equal(cgroup_create_v2(h->cg, h->group), 0);
	assert_int_equal(cgroup_delegate(h->cg, h->group, 300000, 300001), 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_free char *path = path_join(h->group, files[i].file);
		struct stat st;

		assert_int_equal(fstatat(h->cg->v2, path, &st, 0), 0);
		assert_int_equal(st.st_uid, files[i].owner);
		assert_int_equal(st.st_gid, files[i].owner ? 300001 : 0);
	}
	assert_int_equal(cgroup_delegate(h->cg, "vz-test-missing", 1, 1), -ENOENT);
}

static void parameters_are_written_and_read(void **state)
{
	struct host *h = require_root(state);
	auto_free char *value = NULL;
	const char *file = cgroups_is_v1(h->cg, "cpu") ? "cpu.shares" : "cpu.weight";

	assert_int_equal(cgroup_create(h->cg, h->group), 0);
	assert_int_equal(cgroup_write(h->cg, h->group, "cpu", file, "333"), 0);
	assert_int_equal(cgroup_read(h->cg, h->group, "cpu", file, &value), 0);
	assert_string_equal(value, "333\n");
	free(take_ptr(value));
	assert_int_equal(cgroup_write(h->cg, h->group, "cpu", file, "many"), -EINVAL);
	assert_int_equal(cgroup_write(h->cg, h->group, "cpu", "cpu.none", "1"), -ENOENT);
	assert_int_equal(cgroup_write(h->cg, h->group, "abacus", "abacus.max", "1"), -ENODEV);
	assert_int_equal(cgroup_read(h->cg, h->group, "cgroup", "cgroup.events", &value), 0);
	assert_non_null(strstr(value, "populated 0"));
}

/* --- hosts of other kinds: in a child with mounts of its own ------------------------------------ */

/* Run fn in a child; a number other than 0 is where it failed. */
static void in_own_mounts(int (*fn)(const char *base))
{
	auto_free char *base = str_printf("vz-test-%d/other", (int)getpid());
	pid_t pid = child();
	int status;

	if (pid == 0) {
		/*
		 * The cgroup namespace keeps the host safe: from the initial one, mounting cgroup2
		 * would set the flags of the host's mount too.
		 */
		if (unshare(CLONE_NEWNS | CLONE_NEWCGROUP) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			_exit(101);
		_exit(fn(base));
	}
	status = wait_for(pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define CHECK(what) do { if (!(what)) { print_error("%s:%d: %s\n", __FILE__, __LINE__, #what); return 1; } } while (0)

/* Detach every mount of this file system type, from the last to the first. */
static int unmount_all(const char *type)
{
	auto_free char *pattern = str_printf(" %s ", type);

	for (;;) {
		auto_free char *mounts = NULL;
		auto_strv char **lines = NULL;
		auto_free char *place = NULL;

		if (file_read(AT_FDCWD, "/proc/self/mounts", 1 << 24, &mounts, NULL) < 0 ||
		    strv_split(mounts, "\n", &lines) < 0)
			return -1;
		for (size_t i = 0; lines[i]; i++)
			if (strstr(lines[i], pattern)) {
				free(take_ptr(place));
				if (sscanf(lines[i], "%*s %ms", &place) != 1)
					return -1;
			}
		if (!place)
			return 0;
		if (umount2(place, MNT_DETACH) < 0)
			return -1;
	}
}

static int life_of_a_group(struct cgroups *cg, const char *group)
{
	pid_t pid;

	CHECK(cgroup_create(cg, group) == 0);
	CHECK(count_existing(cg, group) == count_hierarchies(cg) + 1);
	pid = sleeper();
	CHECK(host_attach_v1(cg, group, pid) == 0);
	CHECK(host_attach(cg->v2, group, pid) == 0);
	CHECK(cgroup_freeze(cg, group, true, 5 * USEC_PER_SEC) == 0);
	CHECK(cgroup_freeze(cg, group, false, 5 * USEC_PER_SEC) == 0);
	CHECK(cgroup_kill(cg, group) == 0);
	CHECK(cgroup_remove(cg, group) == 0);
	CHECK(count_existing(cg, group) == 0);
	CHECK(wait_for(pid) >= 0);
	return 0;
}

static int check_pure_v1(const char *base)
{
	auto_free char *mounts = NULL;
	struct cgroups *cg;

	CHECK(unmount_all("cgroup2") == 0);
	CHECK(cgroups_open(&cg) == 0);
	CHECK(cgroups_mode(cg) == CGROUP_PURE_V1);
	CHECK(file_read(AT_FDCWD, "/proc/self/mounts", 1 << 24, &mounts, NULL) == 0);
	CHECK(!strstr(mounts, " cgroup2 "));
	CHECK(life_of_a_group(cg, base) == 0);
	cgroups_close(cg);
	return 0;
}

static void pure_v1_host_gets_a_v2_of_our_own(void **state)
{
	struct host *h = require_root(state);
	auto_free char *before = NULL;
	auto_free char *after = NULL;

	if (cgroups_mode(h->cg) == CGROUP_PURE_V2) {
		print_message("skipped: no v1 here\n");
		skip();
	}
	assert_int_equal(file_read(AT_FDCWD, "/proc/self/mounts", 1 << 24, &before, NULL), 0);
	in_own_mounts(check_pure_v1);
	assert_int_equal(file_read(AT_FDCWD, "/proc/self/mounts", 1 << 24, &after, NULL), 0);
	assert_string_equal(before, after);
}

static int check_pure_v2(const char *base)
{
	struct cgroups *cg;

	CHECK(unmount_all("cgroup") == 0);
	CHECK(unmount_all("cgroup2") == 0);
	CHECK(mount("none", "/sys/fs/cgroup", "cgroup2", 0, NULL) == 0);
	CHECK(cgroups_open(&cg) == 0);
	CHECK(cgroups_mode(cg) == CGROUP_PURE_V2);
	CHECK(count_hierarchies(cg) == 0);
	CHECK(life_of_a_group(cg, base) == 0);
	cgroups_close(cg);
	return 0;
}

static void pure_v2_host(void **state)
{
	(void)require_root(state);
	in_own_mounts(check_pure_v2);
}

/* Names with blanks, which the mount tables escape. */
static int check_unusual(const char *base)
{
	struct cgroups *usual, *odd;

	CHECK(cgroups_open(&usual) == 0);
	CHECK(count_hierarchies(usual) > 0);
	CHECK(mount("none", "/mnt", "tmpfs", 0, NULL) == 0);
	CHECK(mkdir("/mnt/memory here", 0755) == 0 && mkdir("/mnt/v2 here", 0755) == 0);
	CHECK(mount("/sys/fs/cgroup/memory", "/mnt/memory here", NULL, MS_MOVE, NULL) == 0);
	CHECK(unmount_all("cgroup2") == 0);
	CHECK(mount("none", "/mnt/v2 here", "cgroup2", 0, NULL) == 0);
	CHECK(cgroups_open(&odd) == 0);
	CHECK(cgroups_mode(odd) == CGROUP_HYBRID);
	CHECK(count_hierarchies(odd) == count_hierarchies(usual));
	CHECK(cgroups_is_v1(odd, "memory"));
	CHECK(life_of_a_group(odd, base) == 0);
	/* Descriptors do not care where a mount went. */
	CHECK(life_of_a_group(usual, base) == 0);
	cgroups_close(odd);
	cgroups_close(usual);
	return 0;
}

static void hierarchies_at_unusual_places_are_found(void **state)
{
	struct host *h = require_root(state);

	if (!cgroups_is_v1(h->cg, "memory")) {
		print_message("skipped: memory is not v1 here\n");
		skip();
	}
	in_own_mounts(check_unusual);
}

/* The quick look at the usual places and libcgroup's slow one must agree. */
static void libcgroup_finds_the_same(void **state)
{
	struct host *h = require_root(state);
	struct cgroups table = { 0 };

	assert_int_equal(cgroup_v1_discover(&table), 0);
	cgroup_v1_find_by_table(&table);
	for (size_t i = 0; i < h->cg->n_v1; i++) {
		const char *first = h->cg->v1[i].controllers[0];
		bool found = false;

		/* Distributions build libcgroup so that it keeps away from systemd's. */
		if (str_has_prefix(first, "name=") || cgroup_v1_root(h->cg, i) < 0)
			continue;
		for (size_t j = 0; j < table.n_v1; j++) {
			struct stat a, b;

			if (strv_find(table.v1[j].controllers, first) < 0)
				continue;
			found = true;
			assert_int_equal(fstat(cgroup_v1_root(h->cg, i), &a), 0);
			assert_int_equal(fstat(table.v1[j].root, &b), 0);
			assert_true(a.st_dev == b.st_dev && a.st_ino == b.st_ino);
		}
		assert_true(found);
	}
	cgroup_v1_done(&table);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, host_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mode_is_what_the_mounts_say),
		TEST(group_is_made_everywhere_and_removed_with_its_parent),
		TEST(parent_stays_while_another_group_is_in_it),
		TEST(bad_names_are_refused),
		TEST(cpuset_takes_over_what_the_parent_has),
		TEST(controllers_of_v2_are_switched_on_all_the_way_down),
		TEST(withheld_controller_is_switched_on_only_above_the_group_that_is_named),
		TEST(process_is_moved_by_absolute_path),
		TEST(child_enters_through_the_open_doors),
		TEST(root_for_a_process_stays_where_it_was_born),
		TEST(processes_of_the_whole_tree_are_listed),
		TEST(freezing_stops_and_thawing_goes_on),
		TEST(thawing_below_a_frozen_parent_times_out),
		TEST(kill_reaches_everybody),
		TEST(kill_by_hand_reaches_everybody),
		TEST(waiting_for_an_inhabited_group_times_out),
		TEST(group_in_use_is_not_removed),
		TEST(nested_deeper_than_a_path_is_long_goes_too),
		TEST(many_work_below_one_parent),
		TEST(delegated_group_belongs_to_the_new_owner),
		TEST(parameters_are_written_and_read),
		TEST(pure_v1_host_gets_a_v2_of_our_own),
		TEST(pure_v2_host),
		TEST(hierarchies_at_unusual_places_are_found),
		TEST(libcgroup_finds_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
