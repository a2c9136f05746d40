/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes between our terminal and one of a container: a loop over poll(), see channel.h. Signals are
 * waited for by signalfd; mask and terminal are put back on every way out.
 *
 * A console differs from a session of "enter" in what becomes of our input. There it waits until the
 * container takes it. Here a container that takes nothing must not lock the administrator in: input is
 * read on, and what has no room is lost, as on a terminal that beeps. Only if it is typed by a program,
 * through a pipe, does it wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "host/channel.h"
#include "host/keys.h"
#include "host/pty.h"

#define HANGUP_PAUSE (50 * USEC_PER_MSEC)
#define KEYS_MAX 1024		/* looked at in one go */

enum { IN, OUT };
enum { ENDING, RESIZING, N_SIGNALS };

struct terminal {
	struct channel ch[2];
	int own;			/* second opening of our stdout, or -1 */
	int signals[N_SIGNALS];		/* descriptors */
	sigset_t mask;			/* before us */
	struct termios before;		/* of our terminal */
	bool is_raw;
	bool is_console;
	struct keys keys;		/* of a console */
	/* The session that runs. */
	int master;
	int pidfd;			/* -1: it has exited */
	enum keys_event event;		/* that ended it */
	usec_t deadline;		/* for output after the exit; 0: not set, or over */
	bool is_late;			/* it is over */
	usec_t hung_until;		/* nobody has the slave open: look again then; 0: somebody has */
};

/* ---- our terminal ---- */

static void copy_window_size(int master)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(master, TIOCSWINSZ, &size);
}

static void make_raw(struct terminal *t)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &t->before) < 0)
		return;
	raw = t->before;
	cfmakeraw(&raw);
	t->is_raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static void restore(struct terminal *t)
{
	if (t->is_raw)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &t->before);
	t->is_raw = false;
}

static int open_signals(struct terminal *t)
{
	sigset_t ending, resizing, both;

	relay_ending_signals(&ending);
	(void)sigemptyset(&resizing);
	(void)sigaddset(&resizing, SIGWINCH);
	(void)sigorset(&both, &ending, &resizing);
	t->signals[ENDING] = relay_open_signals(&ending);
	t->signals[RESIZING] = relay_open_signals(&resizing);
	if (t->signals[ENDING] < 0)
		return t->signals[ENDING];
	if (t->signals[RESIZING] < 0)
		return t->signals[RESIZING];
	return sigprocmask(SIG_BLOCK, &both, &t->mask) < 0 ? -errno : 0;
}

static void done(struct terminal *t)
{
	for (int i = 0; i < N_SIGNALS; i++)
		cleanup_close(&t->signals[i]);
	cleanup_close(&t->own);
	for (int i = 0; i < 2; i++)
		channel_done(&t->ch[i]);
	free(t);
}

static int open_terminal(struct terminal **ret, bool is_console, const char *type_first)
{
	size_t typed = type_first ? strlen(type_first) : 0;
	struct terminal *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	*t = (struct terminal){ .own = -1, .signals = { -1, -1 }, .is_console = is_console };
	r = channel_init(&t->ch[IN], typed);
	if (r == 0)
		r = channel_init(&t->ch[OUT], 0);
	if (r == 0)
		r = open_signals(t);
	if (r < 0) {
		done(t);
		return r;
	}
	if (typed)
		channel_add(&t->ch[IN], type_first, typed);
	channel_listen_to(&t->ch[OUT], STDOUT_FILENO, &t->own);
	make_raw(t);
	*ret = t;
	return 0;
}

int terminal_open(struct terminal **ret)
{
	return open_terminal(ret, true, NULL);
}

void terminal_close(struct terminal *t)
{
	sigset_t mask = t->mask;

	restore(t);
	done(t);
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
}

/* ---- input ---- */

static void read_stdin(struct terminal *t)
{
	struct channel *c = &t->ch[IN];

	(void)channel_fill(c);
	if (c->from < 0 && channel_is_empty(c)) {
		c->buf[0] = 'D' & 037;
		c->start = 0;
		c->end = 1;
	}
}

static void read_keys(struct terminal *t)
{
	char typed[KEYS_MAX], passed[KEYS_MAX + 1];
	ssize_t n = read(STDIN_FILENO, typed, sizeof(typed));
	size_t len;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		t->event = KEYS_DETACH;
		return;
	}
	len = keys_take(&t->keys, typed, (size_t)n, passed, &t->event);
	if (t->ch[IN].to < 0)
		return;
	channel_add(&t->ch[IN], passed, len);
	/* At once, if it can be: the end of our input may be next. */
	if (!channel_is_empty(&t->ch[IN]))
		channel_drain(&t->ch[IN]);
}

static bool wants_keys(const struct terminal *t)
{
	return t->is_raw || channel_has_room(&t->ch[IN], KEYS_MAX + 1);
}

static void want_input(const struct terminal *t, struct pollfd p[2])
{
	const struct channel *in = &t->ch[IN];

	channel_want(in, p);
	if (t->is_console)
		p[0].fd = wants_keys(t) ? STDIN_FILENO : -1;
	/* A hung up master would wake us at once, again and again. */
	if (t->hung_until || channel_is_empty(in))
		p[1].fd = -1;
}

static void pump_input(struct terminal *t, const struct pollfd p[2])
{
	struct channel *in = &t->ch[IN];

	if (p[0].revents && t->is_console)
		read_keys(t);
	else if (p[0].revents)
		read_stdin(t);
	if (p[1].revents && in->to >= 0 && !channel_is_empty(in))
		channel_drain(in);
}

/* ---- output ---- */

/*
 * The master says EIO while nobody has the slave open. That is the end if the child has exited; before
 * it may be a getty that hangs the line up to have it for itself and opens it again.
 */
static void read_master(struct terminal *t)
{
	struct channel *c = &t->ch[OUT];

	if (channel_fill(c) != -EIO || t->pidfd < 0)
		return;
	c->from = t->master;
	t->hung_until = now_usec() + HANGUP_PAUSE;
}

static void pump_output(struct terminal *t, const struct pollfd p[2])
{
	struct channel *out = &t->ch[OUT];

	if (p[0].revents)
		read_master(t);
	channel_pump(out, (struct pollfd[2]){ { .fd = -1 }, p[1] });
	if (t->deadline && now_usec() >= t->deadline) {
		t->deadline = 0;
		t->is_late = true;
	}
	/* Somebody in the background holds the slave: what is there now, and no more. */
	if (t->is_late && out->from >= 0 && channel_is_empty(out)) {
		(void)channel_fill(out);
		out->from = -1;
	}
}

/* ---- a session ---- */

static void note_exit(struct terminal *t)
{
	t->pidfd = -1;
	t->hung_until = 0;
	t->deadline = now_usec() + RELAY_GRACE;
	channel_stop(&t->ch[IN], EPIPE);
}

static bool is_over(const struct terminal *t)
{
	const struct channel *out = &t->ch[OUT];

	return t->event != KEYS_NONE || out->to < 0 || (t->pidfd < 0 && channel_is_finished(out));
}

static int carry(struct terminal *t)
{
	while (!is_over(t)) {
		struct pollfd p[3 + 2 * 2];
		struct signalfd_siginfo info;

		p[0] = (struct pollfd){ .fd = t->signals[ENDING], .events = POLLIN };
		p[1] = (struct pollfd){ .fd = t->signals[RESIZING], .events = POLLIN };
		p[2] = (struct pollfd){ .fd = t->pidfd, .events = POLLIN };
		want_input(t, p + 3);
		channel_want(&t->ch[OUT], p + 5);
		if (t->hung_until)
			p[5].fd = -1;
		if (poll(p, ARRAY_SIZE(p), relay_until(t->hung_until ? t->hung_until : t->deadline)) < 0 &&
		    errno != EINTR)
			return -errno;
		/* Left pending: it comes through when the mask is restored, after the terminal. */
		if (p[0].revents)
			return -EINTR;
		while (p[1].revents && read(t->signals[RESIZING], &info, sizeof(info)) == sizeof(info))
			copy_window_size(t->master);
		pump_input(t, p + 3);
		pump_output(t, p + 5);
		if (t->hung_until && now_usec() >= t->hung_until)
			t->hung_until = 0;
		if (p[2].revents)
			note_exit(t);
	}
	return t->ch[OUT].error;
}

static void begin_session(struct terminal *t, int master, int pidfd)
{
	t->master = master;
	t->pidfd = pidfd;
	t->event = KEYS_NONE;
	t->keys = (struct keys){ 0 };
	t->deadline = t->hung_until = 0;
	t->is_late = false;
	t->ch[IN].from = fcntl(STDIN_FILENO, F_GETFD) < 0 ? -1 : STDIN_FILENO;
	t->ch[IN].to = master;
	t->ch[OUT].from = master;
	copy_window_size(master);
}

/* What was typed for it, or said by it, is not for the next one. */
static void end_session(struct terminal *t)
{
	for (int i = 0; i < 2; i++) {
		t->ch[i].from = -1;
		t->ch[i].start = t->ch[i].end = 0;
	}
	t->ch[IN].to = -1;
	t->ch[IN].error = 0;
}

static int end_of(enum keys_event event)
{
	return event == KEYS_DETACH ? TERMINAL_DETACH : event == KEYS_KILL ? TERMINAL_KILL : TERMINAL_EXITED;
}

int terminal_run(struct terminal *t, int master, int pidfd)
{
	int flags = fcntl(master, F_GETFL);
	int r;

	if (flags < 0 || fcntl(master, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	begin_session(t, master, pidfd);
	r = carry(t);
	end_session(t);
	if (r < 0)
		return r;
	return t->ch[OUT].to < 0 ? TERMINAL_DETACH : end_of(t->event);
}

int terminal_pause(struct terminal *t, usec_t time)
{
	usec_t end = now_usec() + time;

	t->event = KEYS_NONE;
	while (t->event == KEYS_NONE && now_usec() < end) {
		struct pollfd p[2] = {
			{ .fd = t->signals[ENDING], .events = POLLIN },
			{ .fd = STDIN_FILENO, .events = POLLIN },
		};

		if (poll(p, ARRAY_SIZE(p), relay_until(end)) < 0 && errno != EINTR)
			return -errno;
		if (p[0].revents)
			return -EINTR;
		if (p[1].revents)
			read_keys(t);
	}
	return end_of(t->event);
}

int relay_terminal(int master, int pidfd, const char *type_first)
{
	struct terminal *t;
	int r = open_terminal(&t, false, type_first);

	if (r < 0)
		return r;
	r = terminal_run(t, master, pidfd);
	terminal_close(t);
	return r < 0 ? r : 0;
}
