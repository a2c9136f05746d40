/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scripts: what they get, what they cannot do to us. Needs no privileges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "host/script.h"

struct dir {
	char *path;
	char *script;	/* path/script */
	char *output;	/* path/output */
};

static int setup(void **state)
{
	struct dir *d = calloc(1, sizeof(*d));

	*state = d;
	d->path = strdup("/tmp/vz-test-XXXXXX");
	if (!mkdtemp(d->path))
		return -1;
	d->script = str_printf("%s/script", d->path);
	d->output = str_printf("%s/output", d->path);
	return 0;
}

static int teardown(void **state)
{
	struct dir *d = *state;

	(void)path_remove_tree(AT_FDCWD, d->path);
	free(d->path);
	free(d->script);
	free(d->output);
	free(d);
	return 0;
}

static void write_script(const struct dir *d, const char *text)
{
	int fd = open(d->script, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(close(fd), 0);
}

/* Run text with its output caught; the wait status or -errno. */
static int run(const struct dir *d, const char *text, struct script_run *s, char **ret_output)
{
	auto_close int out = open(d->output, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int status;

	write_script(d, text);
	s->file = d->script;
	s->stdout_fd = out;
	status = script_run(s);
	assert_int_equal(file_read(AT_FDCWD, d->output, 1 << 20, ret_output, NULL), 0);
	return status;
}

static void environment_is_built_and_nothing_else(void **state)
{
	char *env[] = { (char *)"VEID=101", (char *)"TERM=dumb", NULL };
	struct script_run s = { .stdin_fd = -1, .env = env };
	auto_free char *out = NULL;

	assert_int_equal(setenv("SECRET", "of the caller", 1), 0);
	assert_int_equal(run(*state, "#!/bin/sh\nexec env\n", &s, &out), 0);
	assert_null(strstr(out, "SECRET"));
	assert_non_null(strstr(out, "PATH=" SCRIPT_PATH "\n"));
	assert_non_null(strstr(out, "HOME=/\n"));
	assert_non_null(strstr(out, "VEID=101\n"));
	/* What the caller names replaces ours. */
	assert_non_null(strstr(out, "TERM=dumb\n"));
	assert_null(strstr(out, "TERM=linux"));
	(void)unsetenv("SECRET");
}

static void no_descriptor_of_ours_gets_in(void **state)
{
	struct dir *d = *state;
	/* Without a shell, for that has descriptors of its own. */
	char *list[] = { (char *)"ls", (char *)"/proc/self/fd", NULL };
	char *first[] = { (char *)"readlink", (char *)"/proc/self/fd/0", NULL };
	auto_close int out = open(d->output, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	struct script_run s = { .file = "/bin/ls", .argv = list, .stdin_fd = -1, .stdout_fd = out };
	auto_free char *text = NULL;
	/* Not close on exec, as a library of somebody else might leave it. */
	int leak = dup(0), high = fcntl(0, F_DUPFD, 300);

	assert_int_equal(script_run(&s), 0);
	s.file = "/bin/readlink";
	s.argv = first;
	assert_int_equal(script_run(&s), 0);
	assert_int_equal(file_read(AT_FDCWD, d->output, 4096, &text, NULL), 0);
	/* 3 is the directory that ls reads. */
	assert_string_equal(text, "0\n1\n2\n3\n/dev/null\n");
	(void)close(leak);
	(void)close(high);
}

static void stdin_can_be_given(void **state)
{
	struct script_run s = { 0 };
	auto_free char *out = NULL;
	int p[2];

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(write(p[1], "hello", 5), 5);
	(void)close(p[1]);
	s.stdin_fd = p[0];
	assert_int_equal(run(*state, "#!/bin/sh\ncat\n", &s, &out), 0);
	assert_string_equal(out, "hello");
	(void)close(p[0]);
}

/* Descriptors that are in each other's place. */
static void stdin_and_stdout_may_be_swapped(void **state)
{
	struct dir *d = *state;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct script_run s = { .file = d->script, .stdin_fd = 1, .stdout_fd = 0 };
		int in, out;

		write_script(d, "#!/bin/sh\ncat\n");
		in = open(d->script, O_RDONLY | O_CLOEXEC);
		out = open(d->output, O_RDWR | O_CREAT, 0600);
		if (dup2(in, 1) < 0 || dup2(out, 0) < 0)
			_exit(1);
		_exit(script_run(&s) == 0 ? 0 : 2);
	}
	assert_int_equal(proc_wait(pid), 0);
	{
		auto_free char *out = NULL;

		assert_int_equal(file_read(AT_FDCWD, d->output, 4096, &out, NULL), 0);
		assert_string_equal(out, "#!/bin/sh\ncat\n");
	}
}

static void signals_are_as_after_boot(void **state)
{
	struct script_run s = { .stdin_fd = -1 };
	auto_free char *out = NULL;
	unsigned long long blocked, ignored;
	sigset_t block, before, after;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)sigemptyset(&block);
	(void)sigaddset(&block, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &block, &before);
	assert_int_equal(run(*state, "#!/bin/cat\n", &s, &out), 0);
	free(take_ptr(out));
	assert_int_equal(run(*state, "#!/bin/sh\nexec grep -E '^Sig(Blk|Ign)' /proc/self/status\n", &s, &out), 0);
	assert_int_equal(sscanf(out, "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
	assert_int_equal(blocked, 0);
	/* 32 and 33 are the C library's own: it lets nobody touch them, so they are as our parent left them. */
	assert_int_equal(ignored & ~(1ULL << 31 | 1ULL << 32), 0);
	/* And ours as they were. */
	(void)sigprocmask(SIG_SETMASK, &before, &after);
	assert_true(sigismember(&after, SIGTERM) && !sigismember(&after, SIGINT));
	assert_true(signal(SIGPIPE, SIG_DFL) == SIG_IGN);
	(void)signal(SIGHUP, SIG_DFL);
}

static void it_is_in_a_session_of_its_own(void **state)
{
	struct script_run s = { .stdin_fd = -1 };
	auto_free char *out = NULL;
	int pid, pgrp, session;

	assert_int_equal(run(*state, "#!/bin/sh\ncut -d' ' -f1,5,6 /proc/$$/stat\n", &s, &out), 0);
	assert_int_equal(sscanf(out, "%d %d %d", &pid, &pgrp, &session), 3);
	assert_int_equal(pgrp, pid);
	assert_int_equal(session, pid);
}

static void arguments_and_status_arrive(void **state)
{
	struct dir *d = *state;
	char *argv[] = { (char *)"name", (char *)"a b", (char *)"", NULL };
	struct script_run s = { .stdin_fd = -1, .argv = argv };
	auto_free char *out = NULL;
	int status = run(d, "#!/bin/sh\necho \"$#,$1,$2\"; exit 7\n", &s, &out);

	assert_string_equal(out, "2,a b,\n");
	assert_int_equal(script_exit_code(status), 7);
	free(take_ptr(out));
	status = run(d, "#!/bin/sh\nkill -TERM $$\n", &s, &out);
	assert_int_equal(script_exit_code(status), 128 + SIGTERM);
}

static void script_without_a_first_line_is_one_for_the_shell(void **state)
{
	char *argv[] = { (char *)"name", (char *)"x", NULL };
	struct script_run s = { .stdin_fd = -1, .argv = argv };
	auto_free char *out = NULL;

	assert_int_equal(run(*state, "echo plain $1\n", &s, &out), 0);
	assert_string_equal(out, "plain x\n");
}

static void what_cannot_be_run_is_told(void **state)
{
	struct dir *d = *state;
	struct script_run s = { .file = d->script, .stdin_fd = -1, .stdout_fd = -1 };

	assert_int_equal(script_run(&s), -ENOENT);
	write_script(d, "#!/bin/sh\n");
	assert_int_equal(chmod(d->script, 0644), 0);
	assert_int_equal(script_run(&s), -EACCES);
	write_script(d, "#!/no/such/interpreter\n");
	assert_int_equal(chmod(d->script, 0755), 0);
	assert_int_equal(script_run(&s), -ENOENT);
	/* No child is left behind. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void time_limit_kills_the_whole_group(void **state)
{
	struct script_run s = { .stdin_fd = -1, .timeout = 200 * USEC_PER_MSEC };
	auto_free char *out = NULL;
	usec_t start = now_usec();
	pid_t background = 0;

	assert_int_equal(run(*state, "#!/bin/sh\ntrap '' TERM\nsleep 50 &\necho $!\nwait\nsleep 50\n", &s, &out),
			 -ETIMEDOUT);
	assert_true(now_usec() - start < 5 * USEC_PER_SEC);
	assert_int_equal(sscanf(out, "%d", &background), 1);
	for (int i = 0; i < 100 && proc_is_alive(background, 0); i++)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
	assert_false(proc_is_alive(background, 0));
}

static void enough_time_is_no_limit(void **state)
{
	struct script_run s = { .stdin_fd = -1, .timeout = 20 * USEC_PER_SEC };
	auto_free char *out = NULL;

	assert_int_equal(script_exit_code(run(*state, "#!/bin/sh\nexit 3\n", &s, &out)), 3);
}

static void what_stays_in_the_background_is_not_waited_for(void **state)
{
	struct script_run s = { .stdin_fd = -1 };
	auto_free char *out = NULL;
	usec_t start = now_usec();
	pid_t background = 0;

	/* It keeps our stdout open, too. */
	assert_int_equal(run(*state, "#!/bin/sh\nsleep 30 &\necho $!\n", &s, &out), 0);
	assert_true(now_usec() - start < 5 * USEC_PER_SEC);
	assert_int_equal(sscanf(out, "%d", &background), 1);
	assert_true(proc_is_alive(background, 0));
	(void)kill(background, SIGKILL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(environment_is_built_and_nothing_else),
		TEST(no_descriptor_of_ours_gets_in),
		TEST(stdin_can_be_given),
		TEST(stdin_and_stdout_may_be_swapped),
		TEST(signals_are_as_after_boot),
		TEST(it_is_in_a_session_of_its_own),
		TEST(arguments_and_status_arrive),
		TEST(script_without_a_first_line_is_one_for_the_shell),
		TEST(what_cannot_be_run_is_told),
		TEST(time_limit_kills_the_whole_group),
		TEST(enough_time_is_no_limit),
		TEST(what_stays_in_the_background_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
