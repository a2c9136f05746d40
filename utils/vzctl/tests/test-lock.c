/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Container locks: format, stale ones, waiting, and races between real processes. Needs no privileges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "host/lock.h"

struct dir {
	char *path;
	char *lock;	/* path/101.lck */
};

static int setup(void **state)
{
	struct dir *d = calloc(1, sizeof(*d));

	*state = d;
	d->path = strdup("/tmp/vz-test-XXXXXX");
	if (!mkdtemp(d->path))
		return -1;
	d->lock = str_printf("%s/101.lck", d->path);
	return 0;
}

static int teardown(void **state)
{
	struct dir *d = *state;

	(void)path_remove_tree(AT_FDCWD, d->path);
	free(d->path);
	free(d->lock);
	free(d);
	return 0;
}

static void put(const struct dir *d, const char *text)
{
	int fd = open(d->lock, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(close(fd), 0);
}

static pid_t dead_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	(void)proc_wait(pid);
	return pid;
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static void end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)proc_wait(pid);
}

static void pause_ms(long ms)
{
	(void)nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

static void file_says_who_does_what_since_when(void **state)
{
	struct dir *d = *state;
	auto_free char *text = NULL;
	auto_free char *expected = NULL;
	auto_free char *boot_id = NULL;
	char *stale = (char *)"untouched";
	struct proc_stat st;
	struct stat info;

	assert_int_equal(lock_take(d->path, "101", "starting", 0, NULL, &stale), 0);
	assert_null(stale);
	assert_int_equal(proc_boot_id(&boot_id), 0);
	assert_int_equal(proc_stat_read(getpid(), &st), 0);
	expected = str_printf("%d\nstarting %" PRIu64 " %s\n", (int)getpid(), st.start_time, boot_id);
	assert_int_equal(file_read(AT_FDCWD, d->lock, 4096, &text, NULL), 0);
	assert_string_equal(text, expected);
	/* The unique name is gone, anybody may read. */
	assert_int_equal(stat(d->lock, &info), 0);
	assert_int_equal(info.st_nlink, 1);
	assert_int_equal(info.st_mode & 0777, 0644);

	lock_release(d->path, "101");
	assert_int_equal(path_is_empty_dir(d->path), 1);
	lock_release(d->path, "101");
}

static void our_own_lock_is_held_too(void **state)
{
	struct dir *d = *state;
	struct lock_owner o = { 0 };

	assert_int_equal(lock_take(d->path, "101", "", 0, NULL, NULL), 0);
	assert_int_equal(lock_take(d->path, "101", "", 0, &o, NULL), -EBUSY);
	assert_int_equal(o.pid, getpid());
	assert_non_null(strstr(o.cmdline, "test-lock"));
	lock_owner_done(&o);
	/* Another name is another lock. */
	assert_int_equal(lock_take(d->path, "102", "", 0, NULL, NULL), 0);
	lock_release(d->path, "102");
	lock_release(d->path, "101");
	assert_int_equal(path_is_empty_dir(d->path), 1);
}

static void lock_of_a_living_third_party_is_held(void **state)
{
	struct dir *d = *state;
	static const char *const formats[] = { "%d", "%d\n", "%d\n\n", "%d\nvzmigrate\n", " %d \nsome more words\n" };
	pid_t pid = sleeper();

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		char text[100];
		struct lock_owner o = { 0 };

		#pragma GCC diagnostic push
		#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(text, sizeof(text), formats[i], (int)pid);
		#pragma GCC diagnostic pop
		put(d, text);
		assert_int_equal(lock_take(d->path, "101", "", 0, &o, NULL), -EBUSY);
		assert_int_equal(o.pid, pid);
		lock_owner_done(&o);
		/* Not ours to remove. */
		lock_release(d->path, "101");
		assert_true(path_exists(d->lock));
	}
	end(pid);
}

static void check_stale(const struct dir *d, const char *text)
{
	char *stale = NULL;

	put(d, text);
	assert_int_equal(lock_take(d->path, "101", "", 0, NULL, &stale), 0);
	assert_string_equal(stale, d->lock);
	free(stale);
	lock_release(d->path, "101");
	assert_int_equal(path_is_empty_dir(d->path), 1);
}

static void lock_of_the_dead_is_stale(void **state)
{
	struct dir *d = *state;
	auto_free char *text = str_printf("%d\n", (int)dead_pid());
	pid_t zombie = fork();
	auto_free char *of_zombie = str_printf("%d\n", (int)zombie);
	struct proc_stat st;

	if (zombie == 0)
		_exit(0);
	check_stale(d, text);
	/* Nobody has waited for it yet, and nobody has to. */
	do {
		assert_int_equal(proc_stat_read(zombie, &st), 0);
	} while (st.state != 'Z');
	check_stale(d, of_zombie);
	(void)proc_wait(zombie);
}

static void pid_used_again_is_no_owner(void **state)
{
	struct dir *d = *state;
	pid_t pid = sleeper();
	auto_free char *boot_id = NULL;
	auto_free char *text = NULL;
	struct lock_owner o = { 0 };
	struct proc_stat st;

	assert_int_equal(proc_boot_id(&boot_id), 0);
	assert_int_equal(proc_stat_read(pid, &st), 0);

	text = str_printf("%d\nstopping %" PRIu64 " %s\n", (int)pid, st.start_time + 1, boot_id);
	check_stale(d, text);
	free(text);
	/* The same pid and start time, on another day. */
	text = str_printf("%d\nstopping %" PRIu64 " 01234567-89ab-cdef-0123-456789abcdef\n", (int)pid, st.start_time);
	check_stale(d, text);
	free(text);
	/* And this is he. */
	text = str_printf("%d\nstopping %" PRIu64 " %s\n", (int)pid, st.start_time, boot_id);
	put(d, text);
	assert_int_equal(lock_take(d->path, "101", "", 0, &o, NULL), -EBUSY);
	lock_owner_done(&o);
	end(pid);
}

static void file_being_written_is_held_for_a_while(void **state)
{
	struct dir *d = *state;
	static const char *const texts[] = { "", "\n", "no number", "0\n", "-5\n" };
	struct lock_owner o = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct timespec old[2] = { { .tv_sec = time(NULL) - 60 }, { .tv_sec = time(NULL) - 60 } };
		char *stale = NULL;

		put(d, texts[i]);
		assert_int_equal(lock_take(d->path, "101", "", 0, &o, NULL), -EBUSY);
		assert_int_equal(o.pid, 0);
		assert_null(o.cmdline);
		assert_int_equal(utimensat(AT_FDCWD, d->lock, old, 0), 0);
		assert_int_equal(lock_take(d->path, "101", "", 0, &o, &stale), 0);
		assert_string_equal(stale, d->lock);
		free(stale);
		lock_release(d->path, "101");
	}
}

static void waiting_ends_with_the_time(void **state)
{
	struct dir *d = *state;
	pid_t pid = sleeper();
	auto_free char *text = str_printf("%d\n", (int)pid);
	usec_t start = now_usec();

	put(d, text);
	assert_int_equal(lock_take(d->path, "101", "", 200 * USEC_PER_MSEC, NULL, NULL), -EBUSY);
	assert_in_range(now_usec() - start, 200 * USEC_PER_MSEC, 5 * USEC_PER_SEC);
	end(pid);
}

static void a_lock_of_who_cleans_up_is_waited_for_unasked(void **state)
{
	struct dir *d = *state;
	pid_t pid = fork();

	if (pid == 0) {
		if (lock_take(d->path, "101", LOCK_CLEANUP, 0, NULL, NULL) < 0)
			_exit(1);
		pause_ms(200);
		lock_release(d->path, "101");
		_exit(0);
	}
	while (access(d->lock, F_OK) < 0)
		pause_ms(1);
	assert_int_equal(lock_take(d->path, "101", "locked", 0, NULL, NULL), 0);
	assert_int_equal(proc_wait(pid), 0);
	lock_release(d->path, "101");
}

static void waiting_ends_when_the_lock_is_released(void **state)
{
	struct dir *d = *state;
	pid_t pid = fork();
	char *stale = NULL;

	if (pid == 0) {
		if (lock_take(d->path, "101", "", 0, NULL, NULL) < 0)
			_exit(1);
		pause_ms(200);
		lock_release(d->path, "101");
		/* Alive: it is the file that counts. */
		for (;;)
			pause();
	}
	for (int i = 0; i < 500 && !path_exists(d->lock); i++)
		pause_ms(5);
	assert_int_equal(lock_take(d->path, "101", "", 20 * USEC_PER_SEC, NULL, &stale), 0);
	assert_null(stale);
	lock_release(d->path, "101");
	end(pid);
}

static void waiting_ends_when_the_owner_dies(void **state)
{
	struct dir *d = *state;
	pid_t pid = fork();
	char *stale = NULL;

	if (pid == 0) {
		if (lock_take(d->path, "101", "", 0, NULL, NULL) < 0)
			_exit(1);
		pause_ms(200);
		_exit(0);
	}
	for (int i = 0; i < 500 && !path_exists(d->lock); i++)
		pause_ms(5);
	assert_int_equal(lock_take(d->path, "101", "", 20 * USEC_PER_SEC, NULL, &stale), 0);
	assert_string_equal(stale, d->lock);
	free(stale);
	lock_release(d->path, "101");
	(void)proc_wait(pid);
}

static void nothing_but_a_lock_is_followed(void **state)
{
	struct dir *d = *state;
	auto_free char *target = str_printf("%s/target", d->path);

	assert_int_equal(symlink(target, d->lock), 0);
	assert_int_equal(lock_take(d->path, "101", "", 0, NULL, NULL), -ELOOP);
	assert_false(path_exists(target));
	assert_int_equal(lock_take("/no/such/directory", "101", "", 0, NULL, NULL), -ENOENT);
}

struct shared {
	volatile int inside;	/* how many believe to have the lock */
	volatile int worst;
	volatile int taken;
};

/*
 * Everybody takes the lock, and either releases it or dies with it, so that all the others find it
 * stale at the same time. Never are there two inside.
 */
static void two_never_have_it(void **state)
{
	struct dir *d = *state;
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	enum { WORKERS = 6, ROUNDS = 60 };
	pid_t workers[WORKERS];

	assert_true(s != MAP_FAILED);
	for (int w = 0; w < WORKERS; w++) {
		workers[w] = fork();
		assert_true(workers[w] >= 0);
		if (workers[w])
			continue;
		for (int round = 0; round < ROUNDS; round++) {
			pid_t pid = fork();
			int now;

			if (pid) {
				if (pid < 0 || proc_wait(pid) != 0)
					_exit(1);
				continue;
			}
			if (lock_take(d->path, "101", "", 60 * USEC_PER_SEC, NULL, NULL) < 0)
				_exit(2);
			now = __atomic_add_fetch(&s->inside, 1, __ATOMIC_SEQ_CST);
			if (now > s->worst)
				s->worst = now;
			(void)__atomic_add_fetch(&s->taken, 1, __ATOMIC_SEQ_CST);
			(void)sched_yield();
			(void)__atomic_sub_fetch(&s->inside, 1, __ATOMIC_SEQ_CST);
			if (round % 3 == 0)
				lock_release(d->path, "101");
			_exit(0);
		}
		_exit(0);
	}
	for (int w = 0; w < WORKERS; w++)
		assert_int_equal(proc_wait(workers[w]), 0);
	assert_int_equal(s->worst, 1);
	assert_int_equal(s->taken, WORKERS * ROUNDS);
	(void)munmap(s, sizeof(*s));
}

static void held_is_a_lock_of_who_lives(void **state)
{
	struct dir *d = *state;
	auto_free char *dead = str_printf("%d\nlocked\n", (int)dead_pid());

	assert_false(lock_is_held(d->path, "101"));
	put(d, dead);
	assert_false(lock_is_held(d->path, "101"));
	assert_int_equal(lock_take(d->path, "101", "locked", 0, NULL, NULL), 0);
	assert_true(lock_is_held(d->path, "101"));
	lock_release(d->path, "101");
	assert_false(lock_is_held(d->path, "101"));
}

/* An empty file beside the lock, of a process that was taking it. */
static char *put_beside(const struct dir *d, const char *name, pid_t pid, const char *ending)
{
	char *path = str_printf("%s/%s.lck.%d%s", d->path, name, (int)pid, ending);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	return path;
}

static void what_the_dead_left_beside_a_lock_goes(void **state)
{
	struct dir *d = *state;
	pid_t living = sleeper();
	auto_free char *gone = put_beside(d, "101", dead_pid(), "");
	auto_free char *aside = put_beside(d, "101", dead_pid(), ".stale");
	auto_free char *at_work = put_beside(d, "101", living, "");
	auto_free char *others = put_beside(d, "1010", dead_pid(), "");
	auto_free char *strange = put_beside(d, "101", dead_pid(), ".orig");

	assert_int_equal(lock_take(d->path, "101", "locked", 0, NULL, NULL), 0);
	lock_release(d->path, "101");
	end(living);
	assert_false(path_exists(gone));
	assert_false(path_exists(aside));
	assert_true(path_exists(at_work));
	assert_true(path_exists(others));
	assert_true(path_exists(strange));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(file_says_who_does_what_since_when),
		TEST(our_own_lock_is_held_too),
		TEST(lock_of_a_living_third_party_is_held),
		TEST(lock_of_the_dead_is_stale),
		TEST(pid_used_again_is_no_owner),
		TEST(file_being_written_is_held_for_a_while),
		TEST(waiting_ends_with_the_time),
		TEST(a_lock_of_who_cleans_up_is_waited_for_unasked),
		TEST(waiting_ends_when_the_lock_is_released),
		TEST(waiting_ends_when_the_owner_dies),
		TEST(nothing_but_a_lock_is_followed),
		TEST(two_never_have_it),
		TEST(held_is_a_lock_of_who_lives),
		TEST(what_the_dead_left_beside_a_lock_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
