/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pipes and terminals. The relay runs in a child whose descriptors 0, 1, 2 the test holds the other ends
 * of, and carries for a shell that is the relay's child. Needs no privileges but for some of the ptys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "host/pty.h"

static void pause_ms(long ms)
{
	(void)nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

/* --- pipes ------------------------------------------------------------------------------------ */

struct session {
	pid_t relay;
	int in, out, err;	/* our ends; -1: closed, or never there */
};

static pid_t forked(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* Relay for "sh -c command". Its exit status, 128 + signal, or 200 if the relay failed. */
static int relay_shell(const char *command)
{
	struct relay_pipes p;
	sigset_t before, after;
	int pidfd, r, status;
	pid_t pid;

	if (relay_pipes_open(&p) < 0)
		return 201;
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 3; i++)
			(void)dup2(p.child[i], i);
		/* A shell cannot trap what it was started ignoring. */
		(void)signal(SIGPIPE, SIG_DFL);
		(void)signal(SIGHUP, SIG_DFL);
		(void)execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(202);
	}
	relay_pipes_close_child(&p);
	pidfd = pidfd_open_pid(pid);
	(void)sigprocmask(SIG_BLOCK, NULL, &before);
	r = relay_run(&p, pidfd);
	(void)sigprocmask(SIG_BLOCK, NULL, &after);
	relay_pipes_done(&p);
	status = proc_wait(pid);
	for (int sig = 1; sig < NSIG; sig++)
		if (sigismember(&before, sig) != sigismember(&after, sig))
			return 203;
	if (r < 0)
		return 200;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* in, out: descriptors for the relay, or -1 for a pipe the other end of which we get. */
static struct session start(const char *command, int in, int out)
{
	struct session s = { .in = -1, .out = -1, .err = -1 };
	int pin[2], pout[2], perr[2];

	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(pin, O_CLOEXEC), 0);
	assert_int_equal(pipe2(pout, O_CLOEXEC), 0);
	assert_int_equal(pipe2(perr, O_CLOEXEC), 0);
	s.relay = forked();
	if (s.relay == 0) {
		(void)dup2(in >= 0 ? in : pin[0], 0);
		(void)dup2(out >= 0 ? out : pout[1], 1);
		(void)dup2(perr[1], 2);
		(void)close_range(3, ~0u, 0);
		_exit(relay_shell(command));
	}
	(void)close(pin[0]);
	(void)close(pout[1]);
	(void)close(perr[1]);
	s.in = pin[1];
	s.out = pout[0];
	s.err = perr[0];
	if (in >= 0)
		cleanup_close(&s.in);
	if (out >= 0)
		cleanup_close(&s.out);
	return s;
}

static int finish(struct session *s)
{
	int status;

	cleanup_close(&s->in);
	cleanup_close(&s->out);
	cleanup_close(&s->err);
	status = proc_wait(s->relay);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static char *read_rest(int fd, size_t *ret_len)
{
	char *text;

	assert_int_equal(fd_read_all(fd, 1 << 30, &text, ret_len), 0);
	return text;
}

static void outputs_stay_apart_and_the_status_arrives(void **state)
{
	struct session s = start("echo out; echo err >&2; exit 7", -1, -1);
	auto_free char *out = read_rest(s.out, NULL);
	auto_free char *err = read_rest(s.err, NULL);

	(void)state;
	assert_string_equal(out, "out\n");
	assert_string_equal(err, "err\n");
	assert_int_equal(finish(&s), 7);
}

static void every_byte_passes_and_the_end_too(void **state)
{
	enum { LEN = 5 * 1000 * 1000 + 3 };
	struct session s = start("cat; echo end >&2", -1, -1);
	auto_free char *data = malloc(LEN);
	auto_free char *back = NULL;
	auto_free char *err = NULL;
	size_t len;
	pid_t writer;

	(void)state;
	for (size_t i = 0; i < LEN; i++)
		data[i] = (char)(i * 2654435761u >> 13);
	writer = forked();
	if (writer == 0) {
		int r = fd_write_all(s.in, data, LEN);

		_exit(r < 0);
	}
	cleanup_close(&s.in);
	back = read_rest(s.out, &len);
	err = read_rest(s.err, NULL);
	assert_int_equal(len, LEN);
	assert_memory_equal(back, data, LEN);
	assert_string_equal(err, "end\n");
	assert_int_equal(proc_wait(writer), 0);
	assert_int_equal(finish(&s), 0);
}

static void command_may_close_its_stdin(void **state)
{
	struct session s = start("exec <&-; sleep 0.2; echo done", -1, -1);
	auto_free char *out = NULL;

	(void)state;
	for (int i = 0; i < 10; i++) {
		(void)!write(s.in, "nobody reads this\n", 18);
		pause_ms(10);
	}
	out = read_rest(s.out, NULL);
	assert_string_equal(out, "done\n");
	assert_int_equal(finish(&s), 0);
}

static void command_learns_that_nobody_reads(void **state)
{
	struct session s = start("yes", -1, -1);
	char buf[10];

	(void)state;
	assert_int_equal(read(s.out, buf, sizeof(buf)), sizeof(buf));
	cleanup_close(&s.out);
	assert_int_equal(finish(&s), 128 + SIGPIPE);
}

static uint64_t data_size_kb(pid_t pid)
{
	auto_free char *path = str_printf("/proc/%d/status", (int)pid);
	auto_free char *text = NULL;
	char *line;

	assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &text, NULL), 0);
	line = strstr(text, "\nRssAnon:");
	return line ? strtoull(line + 9, NULL, 10) : 0;
}

static void slow_reader_stops_the_command_and_costs_no_memory(void **state)
{
	enum { LEN = 20 * 1000 * 1000 };
	struct session s = start("head -c 20000000 /dev/zero; echo written >&2", -1, -1);
	struct pollfd p = { .fd = s.err, .events = POLLIN };
	auto_free char *out = NULL;
	auto_free char *err = NULL;
	uint64_t kb;
	size_t len;

	(void)state;
	assert_int_equal(poll(&p, 1, 300), 0);
	/* What it has more than we; sanitizers have a lot in both. */
	kb = data_size_kb(s.relay);
	assert_true(kb < data_size_kb(getpid()) + 4096);
	out = read_rest(s.out, &len);
	err = read_rest(s.err, NULL);
	assert_int_equal(len, LEN);
	assert_string_equal(err, "written\n");
	assert_int_equal(finish(&s), 0);
}

static void late_reader_gets_everything(void **state)
{
	struct session s = start("head -c 150000 /dev/zero", -1, -1);
	auto_free char *out = NULL;
	size_t len;

	(void)state;
	/* Long after the command's exit: it is in the pipes and in our buffer. */
	pause_ms(400);
	out = read_rest(s.out, &len);
	assert_int_equal(len, 150000);
	assert_int_equal(finish(&s), 0);
}

static void grandchild_does_not_keep_us(void **state)
{
	struct session s = start("sleep 30 & echo $!", -1, -1);
	usec_t before = now_usec();
	auto_free char *out = read_rest(s.out, NULL);
	pid_t pid = (pid_t)atoi(out);

	(void)state;
	assert_int_equal(finish(&s), 0);
	assert_true(now_usec() - before < 10 * USEC_PER_SEC);
	assert_true(pid > 0 && proc_is_alive(pid, 0));
	(void)kill(pid, SIGKILL);
}

static void babbling_grandchild_does_not_keep_us(void **state)
{
	struct session s = start("echo first; (while :; do echo more; done) &", -1, -1);
	auto_free char *out = read_rest(s.out, NULL);

	(void)state;
	assert_true(str_has_prefix(out, "first\nmore\n"));
	assert_int_equal(finish(&s), 0);
}

static void signals_are_passed_on(void **state)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sigs); i++) {
		auto_free char *command = str_printf("trap 'echo got; exit 5' %d; echo ready; while :; do sleep 0.05; done",
						     sigs[i]);
		struct session s = start(command, -1, -1);
		auto_free char *out = NULL;
		char buf[6];

		assert_int_equal(read(s.out, buf, sizeof(buf)), 6);
		assert_int_equal(kill(s.relay, sigs[i]), 0);
		out = read_rest(s.out, NULL);
		assert_string_equal(out, "got\n");
		assert_int_equal(finish(&s), 5);
	}
}

static void ignored_signals_are_not_passed_on(void **state)
{
	struct session s;
	auto_free char *out = NULL;
	char buf[6];

	(void)state;
	(void)signal(SIGHUP, SIG_IGN);
	s = start("echo ready; sleep 0.3; echo alive", -1, -1);
	(void)signal(SIGHUP, SIG_DFL);
	assert_int_equal(read(s.out, buf, sizeof(buf)), 6);
	assert_int_equal(kill(s.relay, SIGHUP), 0);
	out = read_rest(s.out, NULL);
	assert_string_equal(out, "alive\n");
	assert_int_equal(finish(&s), 0);
}

/* With the command gone and somebody who does not read, a signal is for us. */
static void signal_after_the_exit_ends_us(void **state)
{
	/* One page fits in the pipe to us, one in the relay, one in its pipe, however small pipes are. */
	struct session s = start("echo $$ >&2; read go; exec head -c 12000 /dev/zero", -1, -1);
	char text[20] = "";
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(fcntl(s.out, F_SETPIPE_SZ, 4096), 4096);
	assert_int_equal(write(s.in, "\n", 1), 1);
	assert_true(read(s.err, text, sizeof(text) - 1) > 0);
	pid = (pid_t)atoi(text);
	for (int i = 0; i < 1000 && proc_is_alive(pid, 0); i++)
		pause_ms(10);
	assert_false(proc_is_alive(pid, 0));
	/* Until the relay has noticed, too. */
	pause_ms(150);
	assert_int_equal(kill(s.relay, SIGTERM), 0);
	status = proc_wait(s.relay);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	cleanup_close(&s.in);
	cleanup_close(&s.out);
	cleanup_close(&s.err);
}

static void shared_descriptors_stay_blocking(void **state)
{
	int p[2];
	struct session s;

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	s = start("cat", p[0], p[1]);
	(void)!write(p[1], "", 0);
	pause_ms(100);
	assert_int_equal(fcntl(p[0], F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(fcntl(p[1], F_GETFL) & O_NONBLOCK, 0);
	(void)kill(s.relay, SIGTERM);
	assert_int_equal(finish(&s), 128 + SIGTERM);
	(void)close(p[0]);
	(void)close(p[1]);
}

static void files_and_sockets_do_as_well(void **state)
{
	char name[] = "/tmp/vz-test-XXXXXX";
	int file = mkstemp(name), sock[2];
	auto_free char *text = NULL;
	auto_free char *out = NULL;
	size_t len;
	struct session s;

	(void)state;
	(void)unlink(name);
	assert_true(file >= 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock), 0);
	/* Appended to, as >>log does. */
	assert_int_equal(write(file, "begin ", 6), 6);
	assert_int_equal(fcntl(file, F_SETFL, O_APPEND), 0);
	s = start("echo into a file", -1, file);
	assert_int_equal(finish(&s), 0);
	assert_int_equal(lseek(file, 0, SEEK_SET), 0);
	text = read_rest(file, NULL);
	assert_string_equal(text, "begin into a file\n");

	assert_int_equal(lseek(file, 0, SEEK_SET), 0);
	s = start("cat; head -c 1000000 /dev/zero", file, sock[1]);
	(void)close(sock[1]);
	out = read_rest(sock[0], &len);
	assert_int_equal(len, strlen(text) + 1000000);
	assert_true(str_has_prefix(out, text));
	assert_int_equal(finish(&s), 0);
	(void)close(sock[0]);
	(void)close(file);
}

static void full_disk_is_told(void **state)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct session s;

	(void)state;
	assert_true(full >= 0);
	s = start("echo lost", -1, full);
	assert_int_equal(finish(&s), 200);
	(void)close(full);
}

static void closed_descriptors_are_no_reason_to_fail(void **state)
{
	pid_t pid = forked();

	(void)state;
	if (pid == 0) {
		struct relay_pipes p;

		/* The pipes must not come to lie on 0, 1, 2 themselves: that is the program's business. */
		for (int i = 0; i < 3; i++)
			(void)dup2(2, 10 + i);
		if (relay_pipes_open(&p) < 0)
			_exit(1);
		relay_pipes_done(&p);
		relay_pipes_done(&p);
		(void)close(0);
		if (open("/", O_PATH) != 0)
			_exit(2);
		_exit(relay_shell("cat >/dev/null; exit 9"));
	}
	assert_int_equal(proc_wait(pid), 9 << 8);
}

static void pipes_can_be_given_away(void **state)
{
	struct relay_pipes p;
	struct stat st;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: chown needs root\n");
		skip();
	}
	assert_int_equal(relay_pipes_open(&p), 0);
	assert_int_equal(relay_pipes_chown(&p, 300000, 300001), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fstat(p.child[i], &st), 0);
		assert_int_equal(st.st_uid, 300000);
		assert_int_equal(st.st_gid, 300001);
		assert_true(fcntl(p.child[i], F_GETFD) & FD_CLOEXEC);
		assert_false(fcntl(p.child[i], F_GETFL) & O_NONBLOCK);
	}
	relay_pipes_done(&p);
}

/* --- ptys --------------------------------------------------------------------------------------- */

struct root {
	char *path;
	int fd;
};

static int setup_root(void **state)
{
	struct root *r = calloc(1, sizeof(*r));
	auto_free char *pts = NULL;

	*state = r;
	r->path = strdup("/tmp/vz-test-XXXXXX");
	if (!mkdtemp(r->path))
		return -1;
	pts = str_printf("%s/dev/pts", r->path);
	if (path_make_dirs(pts, 0755) < 0)
		return -1;
	r->fd = open(r->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return r->fd < 0 ? -1 : 0;
}

static int teardown_root(void **state)
{
	struct root *r = *state;

	(void)close(r->fd);
	(void)path_remove_tree(AT_FDCWD, r->path);
	free(r->path);
	free(r);
	return 0;
}

static void nothing_but_a_ptmx_is_opened(void **state)
{
	struct root *r = *state;
	int master, slave;

	assert_int_equal(pty_open(r->fd, &master, &slave), -ENOENT);

	/* Opening a FIFO for reading would wait for ever. */
	assert_int_equal(mkfifoat(r->fd, "dev/pts/ptmx", 0666), 0);
	assert_int_equal(pty_open(r->fd, &master, &slave), -ENOTTY);
	assert_int_equal(unlinkat(r->fd, "dev/pts/ptmx", 0), 0);

	/* Links lead nowhere but into the root. */
	assert_int_equal(symlinkat("../../../../../../dev/ptmx", r->fd, "dev/pts/ptmx"), 0);
	assert_int_equal(pty_open(r->fd, &master, &slave), -ENOENT);
	assert_int_equal(unlinkat(r->fd, "dev/pts/ptmx", 0), 0);
	assert_int_equal(symlinkat("/proc/1/root/dev/ptmx", r->fd, "dev/pts/ptmx"), 0);
	assert_int_equal(pty_open(r->fd, &master, &slave), -ENOENT);
	assert_int_equal(unlinkat(r->fd, "dev/pts/ptmx", 0), 0);

	assert_int_equal(mkdirat(r->fd, "dev/pts/ptmx", 0755), 0);
	assert_int_equal(pty_open(r->fd, &master, &slave), -ENOTTY);
	assert_int_equal(unlinkat(r->fd, "dev/pts/ptmx", AT_REMOVEDIR), 0);

	if (geteuid() != 0)
		return;
	/* The right numbers in the wrong file system, and a device of the host. */
	assert_int_equal(mknodat(r->fd, "dev/pts/ptmx", S_IFCHR | 0666, makedev(5, 2)), 0);
	assert_int_equal(pty_open(r->fd, &master, &slave), -ENOTTY);
	assert_int_equal(unlinkat(r->fd, "dev/pts/ptmx", 0), 0);
	assert_int_equal(mknodat(r->fd, "dev/pts/ptmx", S_IFCHR | 0666, makedev(1, 3)), 0);
	assert_int_equal(pty_open(r->fd, &master, &slave), -ENOTTY);
}

/* In a child with mounts of its own. */
static int check_own_devpts(const struct root *r)
{
	auto_free char *pts = str_printf("%s/dev/pts", r->path);
	struct stat st, dir;
	int root, master, slave;
	char c = 0;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("devpts", pts, "devpts", 0, "newinstance,ptmxmode=0666") < 0)
		return 1;
	/* Opened anew: a descriptor from before the unshare sees the mounts of before. */
	root = open(r->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (stat(pts, &dir) < 0 || pty_open(root, &master, &slave) != 0)
		return 2;
	/* It is a terminal of that instance, its first, and works. */
	if (fstat(slave, &st) < 0 || st.st_dev != dir.st_dev || minor(st.st_rdev) != 0 || !isatty(slave))
		return 3;
	if (write(slave, "x", 1) != 1 || read(master, &c, 1) != 1 || c != 'x')
		return 4;
	if (!(fcntl(slave, F_GETFD) & FD_CLOEXEC) || !(fcntl(master, F_GETFD) & FD_CLOEXEC))
		return 5;
	return 0;
}

static void pty_is_of_the_root_s_devpts(void **state)
{
	pid_t pid;

	if (geteuid() != 0) {
		print_message("skipped: mounts a devpts, needs root\n");
		skip();
	}
	pid = forked();
	if (pid == 0)
		_exit(check_own_devpts(*state));
	assert_int_equal(proc_wait(pid), 0);
}

/* --- a terminal --------------------------------------------------------------------------------- */

struct screen {
	int master;		/* we are the terminal emulator */
	int slave;
	struct termios before;
	pid_t relay;
	struct vz_str seen;	/* all that was on it */
};

/* The relay's side: our terminal as 0, 1, 2, a pty for the command. Exit status as with relay_shell(). */
static int relay_terminal_shell(const char *command, const char *type_first)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int master, slave, pidfd, r, status;
	pid_t pid;

	if (pty_open(root, &master, &slave) < 0)
		return 201;
	pid = fork();
	if (pid == 0) {
		(void)setsid();
		(void)ioctl(slave, TIOCSCTTY, 0);
		for (int i = 0; i < 3; i++)
			(void)dup2(slave, i);
		(void)execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(202);
	}
	(void)close(slave);
	pidfd = pidfd_open_pid(pid);
	r = relay_terminal(master, pidfd, type_first);
	(void)close(master);
	status = proc_wait(pid);
	if (r < 0)
		return 200;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Or skip: ordinary users may lack a /dev/pts/ptmx they can open. */
static void open_pty(int *master, int *slave)
{
	auto_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (pty_open(root, master, slave) < 0) {
		print_message("skipped: no pty to be had here\n");
		skip();
	}
}

static void switch_on(struct screen *s, const char *command, const char *type_first, int in)
{
	struct winsize size = { .ws_row = 33, .ws_col = 111 };

	*s = (struct screen){ .master = -1 };
	open_pty(&s->master, &s->slave);
	assert_int_equal(ioctl(s->master, TIOCSWINSZ, &size), 0);
	assert_int_equal(tcgetattr(s->slave, &s->before), 0);
	s->relay = forked();
	if (s->relay == 0) {
		(void)setsid();
		(void)ioctl(s->slave, TIOCSCTTY, 0);
		(void)dup2(in >= 0 ? in : s->slave, 0);
		(void)dup2(s->slave, 1);
		(void)dup2(s->slave, 2);
		(void)close_range(3, ~0u, 0);
		_exit(relay_terminal_shell(command, type_first));
	}
}

/* Watch the screen until text appears. */
static void await_text(struct screen *s, const char *text)
{
	usec_t end = now_usec() + 10 * USEC_PER_SEC;

	while (!strstr(str_get(&s->seen), text)) {
		struct pollfd p = { .fd = s->master, .events = POLLIN };
		char buf[512];
		ssize_t n;

		if (now_usec() > end) {
			print_error("'%s' did not appear in '%s'\n", text, str_get(&s->seen));
			fail();
		}
		if (poll(&p, 1, 100) <= 0)
			continue;
		n = read(s->master, buf, sizeof(buf));
		if (n > 0)
			str_add_n(&s->seen, buf, (size_t)n);
	}
}

static void type(struct screen *s, const char *text)
{
	assert_int_equal(fd_write_all(s->master, text, strlen(text)), 0);
}

static bool is_as_before(const struct screen *s)
{
	struct termios now;

	assert_int_equal(tcgetattr(s->slave, &now), 0);
	return now.c_iflag == s->before.c_iflag && now.c_oflag == s->before.c_oflag &&
	       now.c_lflag == s->before.c_lflag && now.c_cflag == s->before.c_cflag &&
	       memcmp(now.c_cc, s->before.c_cc, sizeof(now.c_cc)) == 0;
}

static int switch_off(struct screen *s)
{
	int status = proc_wait(s->relay);

	assert_true(is_as_before(s));
	(void)close(s->master);
	(void)close(s->slave);
	str_done(&s->seen);
	return status;
}

static void terminal_is_raw_and_put_back(void **state)
{
	struct screen s;
	struct termios raw;

	(void)state;
	switch_on(&s, "stty size; read a; echo \"<$a>\"; exit 4", NULL, -1);
	await_text(&s, "33 111\r\n");
	assert_int_equal(tcgetattr(s.slave, &raw), 0);
	assert_int_equal(raw.c_lflag & (ICANON | ECHO | ISIG), 0);
	type(&s, "hello\r");
	await_text(&s, "<hello>\r\n");
	assert_int_equal(switch_off(&s), 4 << 8);
}

static void keys_that_signal_do_so_inside(void **state)
{
	struct screen s;

	(void)state;
	switch_on(&s, "trap 'echo caught; exit 6' INT; echo ready; while :; do sleep 0.05; done", NULL, -1);
	await_text(&s, "ready");
	type(&s, "\003");
	await_text(&s, "caught");
	assert_int_equal(switch_off(&s), 6 << 8);
}

static void window_size_is_followed(void **state)
{
	struct winsize size = { .ws_row = 50, .ws_col = 200 };
	struct screen s;

	(void)state;
	switch_on(&s, "trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.05; done", NULL, -1);
	await_text(&s, "ready");
	assert_int_equal(ioctl(s.master, TIOCSWINSZ, &size), 0);
	await_text(&s, "50 200");
	assert_int_equal(switch_off(&s), 0);
}

static void signal_takes_its_course_after_the_terminal_is_restored(void **state)
{
	static const int sigs[] = { SIGTERM, SIGHUP, SIGQUIT, SIGINT };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sigs); i++) {
		struct screen s;
		int status;

		switch_on(&s, "echo ready; sleep 30", NULL, -1);
		await_text(&s, "ready");
		assert_false(is_as_before(&s));
		assert_int_equal(kill(s.relay, sigs[i]), 0);
		status = switch_off(&s);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == sigs[i]);
	}
}

static void first_words_are_typed_in(void **state)
{
	struct screen s;

	(void)state;
	switch_on(&s, "read a; echo \"<$a>\"; read b; echo \"<$b>\"", "echo me\n", -1);
	await_text(&s, "<echo me>");
	type(&s, "and me\r");
	await_text(&s, "<and me>");
	assert_int_equal(switch_off(&s), 0);
}

static void end_of_stdin_is_passed_on(void **state)
{
	struct screen s;
	int p[2];

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(write(p[1], "from a pipe\n", 12), 12);
	(void)close(p[1]);
	switch_on(&s, "stty -echo; cat; echo over; exit 3", NULL, p[0]);
	(void)close(p[0]);
	await_text(&s, "from a pipe");
	await_text(&s, "over");
	assert_int_equal(switch_off(&s), 3 << 8);
}

static void background_does_not_keep_the_terminal(void **state)
{
	struct screen s;
	usec_t before;
	pid_t pid = 0;

	(void)state;
	switch_on(&s, "setsid sleep 30 & echo pid=$!. ; exit 2", NULL, -1);
	before = now_usec();
	await_text(&s, ".");
	assert_int_equal(sscanf(strstr(s.seen.s, "pid="), "pid=%d", &pid), 1);
	assert_int_equal(switch_off(&s), 2 << 8);
	assert_true(now_usec() - before < 10 * USEC_PER_SEC);
	if (pid > 0)
		(void)kill(pid, SIGKILL);
}

/* As a getty does that wants the line for itself. */
static void line_may_be_closed_and_opened_again(void **state)
{
	struct screen s;

	(void)state;
	switch_on(&s, "t=$(tty); echo ready; exec <&- >&- 2>&-; sleep 0.3; exec <$t >$t 2>&1; "
		  "echo back; read a; echo \"<$a>\"", NULL, -1);
	await_text(&s, "back");
	type(&s, "still here\r");
	await_text(&s, "<still here>");
	assert_int_equal(switch_off(&s), 0);
}

/* A file as stdout, nothing that could be made raw: "enter" in a script. */
static void no_terminal_of_ours_is_needed(void **state)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char name[] = "/tmp/vz-test-XXXXXX";
	int file = mkstemp(name), master, slave;
	auto_free char *text = NULL;
	pid_t pid;

	(void)state;
	(void)unlink(name);
	assert_true(file >= 0 && null >= 0);
	open_pty(&master, &slave);
	(void)close(master);
	(void)close(slave);
	pid = forked();
	if (pid == 0) {
		(void)dup2(null, 0);
		(void)dup2(file, 1);
		_exit(relay_terminal_shell("seq 5000; exit 8", NULL));
	}
	assert_int_equal(proc_wait(pid), 8 << 8);
	assert_int_equal(lseek(file, 0, SEEK_SET), 0);
	text = read_rest(file, NULL);
	assert_non_null(strstr(text, "\n4999\r\n5000\r\n"));
	(void)close(file);
	(void)close(null);
}

/* --- a console -------------------------------------------------------------------------------- */

/*
 * The relay's side: one command after the other on a console, as in a row of shells. Its exit status tells
 * how the last one ended: 100 + enum terminal_end, 200 for a failure.
 */
static int console_shells(const char *const *commands)
{
	int end = -1, root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct terminal *t;

	if (terminal_open(&t) < 0)
		return 201;
	for (; *commands && end != TERMINAL_DETACH; commands++) {
		int master, slave, pidfd;
		pid_t pid;

		if (pty_open(root, &master, &slave) < 0)
			return 202;
		pid = fork();
		if (pid == 0) {
			(void)setsid();
			(void)ioctl(slave, TIOCSCTTY, 0);
			for (int i = 0; i < 3; i++)
				(void)dup2(slave, i);
			(void)execl("/bin/sh", "sh", "-c", *commands, NULL);
			_exit(203);
		}
		(void)close(slave);
		pidfd = pidfd_open_pid(pid);
		end = terminal_run(t, master, pidfd);
		(void)close(master);
		(void)pidfd_signal(pidfd, SIGKILL);
		(void)proc_wait(pid);
		if (end < 0)
			break;
	}
	terminal_close(t);
	return end < 0 ? 200 : 100 + end;
}

static void attach(struct screen *s, const char *const *commands, int in)
{
	*s = (struct screen){ .master = -1 };
	open_pty(&s->master, &s->slave);
	assert_int_equal(tcgetattr(s->slave, &s->before), 0);
	s->relay = forked();
	if (s->relay == 0) {
		(void)setsid();
		(void)ioctl(s->slave, TIOCSCTTY, 0);
		(void)dup2(in >= 0 ? in : s->slave, 0);
		(void)dup2(s->slave, 1);
		(void)dup2(s->slave, 2);
		(void)close_range(3, ~0u, 0);
		_exit(console_shells(commands));
	}
}

static void console_is_left_by_esc_dot(void **state)
{
	struct screen s;

	(void)state;
	attach(&s, (const char *const[]){ "echo ready; read a; echo \"<$a>\"; sleep 30", NULL }, -1);
	await_text(&s, "ready");
	type(&s, "a\033.\r");
	await_text(&s, "<a\033.>");
	type(&s, "\033.");
	assert_int_equal(switch_off(&s), (100 + TERMINAL_DETACH) << 8);
}

static void one_session_follows_the_other(void **state)
{
	struct screen s;

	(void)state;
	attach(&s, (const char *const[]){ "echo first; read a", "echo second; sleep 30", "echo third", NULL }, -1);
	await_text(&s, "first");
	type(&s, "over\r");
	await_text(&s, "second");
	assert_false(is_as_before(&s));
	type(&s, "\033!");
	await_text(&s, "third");
	assert_int_equal(switch_off(&s), (100 + TERMINAL_EXITED) << 8);
}

/* What it does not take is lost, but not what is meant for us. */
static void console_is_left_though_nothing_is_taken(void **state)
{
	struct screen s;
	char much[1000];

	(void)state;
	memset(much, 'x', sizeof(much));
	attach(&s, (const char *const[]){ "stty raw -echo; echo ready; sleep 30", NULL }, -1);
	await_text(&s, "ready");
	/* So that each write waits until the relay has read what is before it. */
	assert_int_equal(fcntl(s.master, F_SETFL, 0), 0);
	for (int i = 0; i < 200; i++)
		assert_int_equal(fd_write_all(s.master, much, sizeof(much)), 0);
	type(&s, "\r\033.");
	assert_int_equal(switch_off(&s), (100 + TERMINAL_DETACH) << 8);
}

static void console_is_left_though_nobody_reads_the_screen(void **state)
{
	struct screen s;
	uint64_t kb;

	(void)state;
	attach(&s, (const char *const[]){ "echo ready; exec yes", NULL }, -1);
	await_text(&s, "ready");
	/* Time for gigabytes, if anything took them. */
	pause_ms(300);
	kb = data_size_kb(s.relay);
	assert_true(kb < data_size_kb(getpid()) + 4096);
	type(&s, "\033.");
	assert_int_equal(switch_off(&s), (100 + TERMINAL_DETACH) << 8);
}

static void end_of_stdin_leaves_the_console(void **state)
{
	struct screen s;
	int p[2];

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	attach(&s, (const char *const[]){ "stty -echo; echo ready; read a; echo \"<$a>\"; sleep 30", NULL }, p[0]);
	(void)close(p[0]);
	await_text(&s, "ready");
	assert_int_equal(write(p[1], "from a pipe\n", 12), 12);
	await_text(&s, "<from a pipe>");
	(void)close(p[1]);
	assert_int_equal(switch_off(&s), (100 + TERMINAL_DETACH) << 8);
}

static void signal_waits_until_the_console_is_left(void **state)
{
	struct screen s;
	int status;

	(void)state;
	attach(&s, (const char *const[]){ "echo ready; sleep 30", "echo never", NULL }, -1);
	await_text(&s, "ready");
	assert_int_equal(kill(s.relay, SIGTERM), 0);
	status = switch_off(&s);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static int pausing(void)
{
	struct terminal *t;
	int end;

	if (terminal_open(&t) < 0)
		return 201;
	(void)!write(1, "ready", 5);
	end = terminal_pause(t, 10 * USEC_PER_SEC);
	terminal_close(t);
	return 100 + end;
}

static void console_is_left_between_sessions_too(void **state)
{
	struct screen s = { .master = -1 };

	(void)state;
	open_pty(&s.master, &s.slave);
	assert_int_equal(tcgetattr(s.slave, &s.before), 0);
	s.relay = forked();
	if (s.relay == 0) {
		for (int i = 0; i < 3; i++)
			(void)dup2(s.slave, i);
		_exit(pausing());
	}
	await_text(&s, "ready");
	type(&s, "ignored\r\033.");
	assert_int_equal(switch_off(&s), (100 + TERMINAL_DETACH) << 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outputs_stay_apart_and_the_status_arrives),
		cmocka_unit_test(every_byte_passes_and_the_end_too),
		cmocka_unit_test(command_may_close_its_stdin),
		cmocka_unit_test(command_learns_that_nobody_reads),
		cmocka_unit_test(slow_reader_stops_the_command_and_costs_no_memory),
		cmocka_unit_test(late_reader_gets_everything),
		cmocka_unit_test(grandchild_does_not_keep_us),
		cmocka_unit_test(babbling_grandchild_does_not_keep_us),
		cmocka_unit_test(signals_are_passed_on),
		cmocka_unit_test(ignored_signals_are_not_passed_on),
		cmocka_unit_test(signal_after_the_exit_ends_us),
		cmocka_unit_test(shared_descriptors_stay_blocking),
		cmocka_unit_test(files_and_sockets_do_as_well),
		cmocka_unit_test(full_disk_is_told),
		cmocka_unit_test(closed_descriptors_are_no_reason_to_fail),
		cmocka_unit_test(pipes_can_be_given_away),
		cmocka_unit_test_setup_teardown(nothing_but_a_ptmx_is_opened, setup_root, teardown_root),
		cmocka_unit_test_setup_teardown(pty_is_of_the_root_s_devpts, setup_root, teardown_root),
		cmocka_unit_test(terminal_is_raw_and_put_back),
		cmocka_unit_test(keys_that_signal_do_so_inside),
		cmocka_unit_test(window_size_is_followed),
		cmocka_unit_test(signal_takes_its_course_after_the_terminal_is_restored),
		cmocka_unit_test(first_words_are_typed_in),
		cmocka_unit_test(end_of_stdin_is_passed_on),
		cmocka_unit_test(background_does_not_keep_the_terminal),
		cmocka_unit_test(line_may_be_closed_and_opened_again),
		cmocka_unit_test(no_terminal_of_ours_is_needed),
		cmocka_unit_test(console_is_left_by_esc_dot),
		cmocka_unit_test(one_session_follows_the_other),
		cmocka_unit_test(console_is_left_though_nothing_is_taken),
		cmocka_unit_test(console_is_left_though_nobody_reads_the_screen),
		cmocka_unit_test(end_of_stdin_leaves_the_console),
		cmocka_unit_test(signal_waits_until_the_console_is_left),
		cmocka_unit_test(console_is_left_between_sessions_too),
	};

	/* A relay that does not end is a failure as well. */
	(void)alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
