/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes in all namespaces of their own, and processes put there later; on the running kernel, in a
 * cgroup of the test that must be empty after each of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "base/str.h"
#include "host/cgroup.h"
#include "host/ns.h"

#define BASE 1950000000u
#define PATIENCE (10 * USEC_PER_SEC)

static const char *const namespaces[] = { "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts" };

struct ground {
	struct cgroups *cg;
	char *group;
	int fd;		/* of the group */
	int said;	/* what a child has to say comes out here */
	int say;
};

static int setup(void **state)
{
	struct ground *g = calloc(1, sizeof(*g));
	int fds[2];

	*state = g;
	if (!g || pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	g->said = fds[0];
	g->say = fds[1];
	g->fd = -1;
	if (geteuid() != 0)
		return 0;
	g->group = str_printf("vz-test-ns-%d", (int)getpid());
	if (cgroups_open(&g->cg) < 0 || cgroup_create(g->cg, g->group) < 0)
		return -1;
	g->fd = cgroup_fd(g->cg, g->group);
	return g->fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct ground *g = *state;
	int r = 0;

	if (g->cg) {
		(void)cgroup_kill(g->cg, g->group);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		r = cgroup_wait_empty(g->cg, g->group, PATIENCE);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (r == 0)
			r = cgroup_remove(g->cg, g->group);
		cgroups_close(g->cg);
	}
	cleanup_close(&g->fd);
	cleanup_close(&g->said);
	cleanup_close(&g->say);
	free(g->group);
	free(g);
	return r;
}

static struct ground *require_root(void **state)
{
	if (geteuid() != 0)
		skip();
	return *state;
}

static void check_empty(struct ground *g)
{
	assert_int_equal(cgroup_wait_empty(g->cg, g->group, PATIENCE), 0);
}

/* ---- children ---- */

struct seen {
	pid_t pid;
	uid_t uid;
	gid_t gid;
	time_t uptime;
	ino_t ns[ARRAY_SIZE(namespaces)];
};

static void look(struct seen *s, const char *who)
{
	struct timespec now;

	*s = (struct seen){ .pid = getpid(), .uid = getuid(), .gid = getgid() };
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	s->uptime = now.tv_sec;
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		char path[64];
		struct stat st;

		(void)snprintf(path, sizeof(path), "/proc/%s/ns/%s", who, namespaces[i]);
		s->ns[i] = stat(path, &st) < 0 ? 0 : st.st_ino;
	}
}

static void tell_what_is_seen(struct ground *g)
{
	struct seen s;

	/* /proc is still the host's, where the child has another number: "self" is dangling for it. */
	look(&s, "self");
	if (write(g->say, &s, sizeof(s)) != sizeof(s))
		_exit(1);
}

static void waiting_child(void *data, int sock)
{
	tell_what_is_seen(data);
	if (ns_tell(sock, NS_READY) < 0 || ns_await(sock, NS_GO) < 0)
		_exit(0);
	(void)execl("/bin/sleep", "sleep", "1000", (char *)NULL);
	ns_die(sock, "run sleep", errno);
}

static void failing_child(void *data VZ_UNUSED, int sock)
{
	ns_die(sock, "make it work", EDOM);
}

static void silent_child(void *data VZ_UNUSED, int sock VZ_UNUSED)
{
	_exit(0);
}

static void telling_child(void *data)
{
	tell_what_is_seen(data);
	_exit(42);
}

static int prepare_nothing(void *data VZ_UNUSED, const char **ret_where VZ_UNUSED)
{
	return 0;
}

static int cannot_prepare(void *data VZ_UNUSED, const char **ret_where)
{
	*ret_where = "prepare";
	return -EBADF;
}

static int cannot_enter(void *data VZ_UNUSED)
{
	return -EBADF;
}

static struct ns_spawn spawn_of(struct ground *g, void (*child)(void *data, int sock))
{
	return (struct ns_spawn){
		.id_base = BASE, .id_count = 65536, .cgroup_fd = g->fd, .prepare = prepare_nothing,
		.child = child, .data = g,
	};
}

static void start_waiting(struct ground *g, struct ns_spawned *made)
{
	struct ns_spawn s = spawn_of(g, waiting_child);
	struct ns_failure f = { 0 };

	assert_int_equal(ns_spawn(&s, made, &f), 0);
	assert_int_equal(ns_expect(made->sock, NS_READY, &f), 0);
}

static void end(struct ns_spawned *made)
{
	assert_int_equal(pidfd_signal(made->pidfd, SIGKILL), 0);
	/* It is our child, although a helper made it; its death comes without SIGCHLD. */
	assert_int_equal(waitpid(made->pid, NULL, __WALL), made->pid);
	cleanup_close(&made->pidfd);
	cleanup_close(&made->sock);
}

/* ---- spawning ---- */

static void process_is_alone_and_root(void **state)
{
	struct ground *g = require_root(state);
	struct ns_spawned made;
	struct seen in, host, outside;
	char pid[32];
	struct stat st;
	char path[64];

	start_waiting(g, &made);
	assert_int_equal(read(g->said, &in, sizeof(in)), sizeof(in));
	assert_int_equal(in.pid, 1);
	assert_int_equal(in.uid, 0);
	assert_int_equal(in.gid, 0);
	assert_true(in.uptime < 60);	/* its clocks began with it */

	(void)snprintf(pid, sizeof(pid), "%d", (int)made.pid);
	look(&host, "self");
	look(&outside, pid);
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		assert_true(outside.ns[i] != 0);
		assert_true(outside.ns[i] != host.ns[i]);
	}
	(void)snprintf(path, sizeof(path), "/proc/%d", (int)made.pid);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, BASE);
	end(&made);
	check_empty(g);
}

static void end_of_conversation_tells_of_exec(void **state)
{
	struct ground *g = require_root(state);
	struct ns_spawned made;
	struct ns_failure f = { 0 };

	start_waiting(g, &made);
	assert_int_equal(ns_tell(made.sock, NS_GO), 0);
	assert_int_equal(ns_expect(made.sock, NS_GO, &f), -EPIPE);
	assert_true(proc_is_alive(made.pid, 0));
	end(&made);
	check_empty(g);
}

static void failure_of_the_process_arrives(void **state)
{
	struct ground *g = require_root(state);
	struct ns_spawn s = spawn_of(g, failing_child);
	struct ns_spawned made;
	struct ns_failure f = { 0 };

	assert_int_equal(ns_spawn(&s, &made, &f), 0);
	assert_int_equal(ns_expect(made.sock, NS_READY, &f), -ECANCELED);
	assert_string_equal(f.where, "make it work");
	assert_int_equal(f.error, EDOM);
	assert_int_equal(waitpid(made.pid, NULL, __WALL), made.pid);
	cleanup_close(&made.pidfd);
	cleanup_close(&made.sock);
	check_empty(g);
}

/* However early the process speaks, what it says comes after the news that it exists. */
static void process_is_announced_before_it_speaks(void **state)
{
	struct ground *g = require_root(state);
	struct ns_spawn s = spawn_of(g, failing_child);

	for (int i = 0; i < 100; i++) {
		struct ns_spawned made;
		struct ns_failure f = { 0 };

		assert_int_equal(ns_spawn(&s, &made, &f), 0);
		assert_int_equal(ns_expect(made.sock, NS_READY, &f), -ECANCELED);
		assert_int_equal(f.error, EDOM);
		assert_int_equal(waitpid(made.pid, NULL, __WALL), made.pid);
		cleanup_close(&made.pidfd);
		cleanup_close(&made.sock);
	}
	check_empty(g);
}

static void silent_end_of_the_process_is_noticed(void **state)
{
	struct ground *g = require_root(state);
	struct ns_spawn s = spawn_of(g, silent_child);
	struct ns_spawned made;
	struct ns_failure f = { 0 };

	assert_int_equal(ns_spawn(&s, &made, &f), 0);
	assert_int_equal(ns_expect(made.sock, NS_READY, &f), -EPIPE);
	assert_int_equal(waitpid(made.pid, NULL, __WALL), made.pid);
	cleanup_close(&made.pidfd);
	cleanup_close(&made.sock);
	check_empty(g);
}

static void failure_of_the_helper_is_the_callers(void **state)
{
	struct ground *g = require_root(state);
	struct ns_spawn s = spawn_of(g, silent_child);
	struct ns_spawned made;
	struct ns_failure f = { 0 };

	s.prepare = cannot_prepare;
	assert_int_equal(ns_spawn(&s, &made, &f), -EBADF);
	assert_string_equal(f.where, "prepare");
	check_empty(g);

	/* Ids beyond 32 bits: the kernel refuses the map. */
	s = spawn_of(g, silent_child);
	s.id_base = UINT32_MAX - 10;
	assert_true(ns_spawn(&s, &made, &f) < 0);
	check_empty(g);
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	assert_int_equal(errno, ECHILD);
}

/* What the caller saw of a process that it has just met. */
struct met {
	struct ground *g;
	int calls;
	bool was_silent;	/* it had not begun */
	pid_t pid;
	int result;
};

static int meet(void *data, pid_t pid, const char **ret_where)
{
	struct met *m = data;
	struct pollfd said = { .fd = m->g->said, .events = POLLIN };

	m->calls++;
	m->pid = pid;
	m->was_silent = poll(&said, 1, 50) == 0;
	*ret_where = "meet it";
	return m->result;
}

static void met_child(void *data, int sock)
{
	const struct met *m = data;

	waiting_child(m->g, sock);
}

static void process_is_met_before_it_begins(void **state)
{
	struct ground *g = require_root(state);
	struct met m = { .g = g };
	struct ns_spawn s = spawn_of(g, met_child);
	struct ns_spawned made;
	struct ns_failure f = { 0 };
	struct seen in;

	s.data = &m;
	s.meet = meet;
	assert_int_equal(ns_spawn(&s, &made, &f), 0);
	assert_int_equal(m.calls, 1);
	assert_true(m.was_silent);
	assert_int_equal(m.pid, made.pid);
	assert_int_equal(ns_expect(made.sock, NS_READY, &f), 0);
	assert_int_equal(read(g->said, &in, sizeof(in)), sizeof(in));
	end(&made);
	check_empty(g);
}

static void process_that_is_not_wanted_never_begins(void **state)
{
	struct ground *g = require_root(state);
	struct met m = { .g = g, .result = -EBUSY };
	struct ns_spawn s = spawn_of(g, met_child);
	struct pollfd said = { .fd = g->said, .events = POLLIN };
	struct ns_spawned made;
	struct ns_failure f = { 0 };

	s.data = &m;
	s.meet = meet;
	assert_int_equal(ns_spawn(&s, &made, &f), -EBUSY);
	assert_string_equal(f.where, "meet it");
	assert_int_equal(waitpid(m.pid, NULL, __WALL), m.pid);
	assert_int_equal(poll(&said, 1, 0), 0);
	check_empty(g);
}

/* Whoever starts a container may be killed at any moment: what waits for its word ends then. */
static void process_ends_with_a_caller_that_never_said_go(void **state)
{
	struct ground *g = require_root(state);
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct ns_spawn s = spawn_of(g, waiting_child);
		struct ns_spawned made;
		struct ns_failure f = { 0 };

		if (ns_spawn(&s, &made, &f) < 0 || ns_expect(made.sock, NS_READY, &f) < 0)
			_exit(1);
		(void)raise(SIGKILL);
		_exit(2);
	}
	status = proc_wait(pid);
	assert_true(WIFSIGNALED(status));
	check_empty(g);
}

/* ---- entering ---- */

static void entrant_is_inside_and_the_callers_child(void **state)
{
	struct ground *g = require_root(state);
	struct ns_enter e = { .cgroup_fd = g->fd, .child = telling_child, .data = g };
	struct ns_spawned made;
	struct seen in, init;
	auto_close int pidfd = -1;
	char pid_text[32], here[32], next[32];
	int status;
	pid_t pid;

	start_waiting(g, &made);
	assert_int_equal(read(g->said, &in, sizeof(in)), sizeof(in));
	(void)snprintf(pid_text, sizeof(pid_text), "%d", (int)made.pid);
	look(&init, pid_text);
	e.pidfd = made.pidfd;
	assert_int_equal(ns_enter(&e, &pid, &pidfd), 0);
	assert_int_equal(read(g->said, &in, sizeof(in)), sizeof(in));
	/* What the caller makes next is the host's again. */
	assert_int_equal(readlink("/proc/self/ns/pid", here, sizeof(here)), sizeof("pid:[4026531836]") - 1);
	assert_int_equal(readlink("/proc/self/ns/pid_for_children", next, sizeof(next)), sizeof("pid:[4026531836]") - 1);
	assert_memory_equal(here, next, sizeof("pid:[4026531836]") - 1);
	assert_int_equal(waitpid(pid, &status, __WALL), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
	assert_int_equal(in.uid, 0);
	assert_true(in.pid > 1);
	assert_true(in.uptime < 60);
	end(&made);
	check_empty(g);
}

static void entering_fails_for_what_is_gone(void **state)
{
	struct ground *g = require_root(state);
	struct ns_enter e = { .cgroup_fd = g->fd, .child = telling_child, .data = g };
	struct ns_spawned made;
	auto_close int pidfd = -1;
	pid_t pid;

	start_waiting(g, &made);
	e.pidfd = made.pidfd;
	e.enter_groups = cannot_enter;
	assert_int_equal(ns_enter(&e, &pid, &pidfd), -EBADF);
	e.enter_groups = NULL;
	assert_int_equal(pidfd_signal(made.pidfd, SIGKILL), 0);
	assert_int_equal(waitpid(made.pid, NULL, __WALL), made.pid);
	assert_int_equal(ns_enter(&e, &pid, &pidfd), -ESRCH);
	assert_int_equal(pidfd, -1);
	cleanup_close(&made.pidfd);
	cleanup_close(&made.sock);
	check_empty(g);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(process_is_alone_and_root),
		TEST(end_of_conversation_tells_of_exec),
		TEST(failure_of_the_process_arrives),
		TEST(process_is_announced_before_it_speaks),
		TEST(silent_end_of_the_process_is_noticed),
		TEST(failure_of_the_helper_is_the_callers),
		TEST(process_is_met_before_it_begins),
		TEST(process_that_is_not_wanted_never_begins),
		TEST(process_ends_with_a_caller_that_never_said_go),
		TEST(entrant_is_inside_and_the_callers_child),
		TEST(entering_fails_for_what_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
