/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes between our terminal and one of a container: a loop over poll(), see channel.h. Signals are
 * waited for by signalfd; mask and terminal are put back on every way out.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "host/channel.h"
#include "host/pty.h"

#define HANGUP_PAUSE (50 * USEC_PER_MSEC)

enum { IN, OUT };

struct terminal {
	struct channel ch[2];
	int master;
	int pidfd;		/* -1: it has exited */
	int own;		/* second opening of our stdout, or -1 */
	usec_t deadline;	/* for output after the exit; 0: not set, or over */
	bool is_late;		/* it is over */
	usec_t hung_until;	/* nobody has the slave open: look again then; 0: somebody has */
	struct termios before;	/* of our terminal */
	bool is_raw;
};

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

static void note_terminal_exit(struct terminal *t)
{
	t->pidfd = -1;
	t->hung_until = 0;
	t->deadline = now_usec() + RELAY_GRACE;
	channel_stop(&t->ch[IN], EPIPE);
}

static void pump_terminal(struct terminal *t, const struct pollfd in[2], const struct pollfd out[2])
{
	if (in[0].revents)
		read_stdin(t);
	if (in[1].revents && !channel_is_empty(&t->ch[IN]))
		channel_drain(&t->ch[IN]);
	if (out[0].revents)
		read_master(t);
	channel_pump(&t->ch[OUT], (struct pollfd[2]){ { .fd = -1 }, out[1] });
	if (t->deadline && now_usec() >= t->deadline) {
		t->deadline = 0;
		t->is_late = true;
	}
	/* Somebody in the background holds the slave: what is there now, and no more. */
	if (t->is_late && t->ch[OUT].from >= 0 && channel_is_empty(&t->ch[OUT])) {
		(void)channel_fill(&t->ch[OUT]);
		t->ch[OUT].from = -1;
	}
}

static int run_terminal(struct terminal *t, int ending, int resizing)
{
	struct channel *in = &t->ch[IN], *out = &t->ch[OUT];

	while (!channel_is_finished(out) || (t->pidfd >= 0 && out->to >= 0)) {
		struct pollfd p[3 + 2 * 2];
		struct signalfd_siginfo info;

		p[0] = (struct pollfd){ .fd = ending, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = resizing, .events = POLLIN };
		p[2] = (struct pollfd){ .fd = t->pidfd, .events = POLLIN };
		channel_want(in, p + 3);
		channel_want(out, p + 5);
		/* A hung up master would wake us at once, again and again. */
		if (t->hung_until || channel_is_empty(in))
			p[4].fd = -1;
		if (t->hung_until)
			p[5].fd = -1;
		if (poll(p, ARRAY_SIZE(p), relay_until(t->hung_until ? t->hung_until : t->deadline)) < 0 &&
		    errno != EINTR)
			return -errno;
		/* Left pending: it comes through when the mask is restored, after the terminal. */
		if (p[0].revents)
			return -EINTR;
		while (p[1].revents && read(resizing, &info, sizeof(info)) == sizeof(info))
			copy_window_size(t->master);
		pump_terminal(t, p + 3, p + 5);
		if (t->hung_until && now_usec() >= t->hung_until)
			t->hung_until = 0;
		if (p[2].revents)
			note_terminal_exit(t);
	}
	return out->error;
}

int relay_terminal(int master, int pidfd, const char *type_first)
{
	struct terminal t = { .master = master, .pidfd = pidfd, .own = -1 };
	size_t typed = type_first ? strlen(type_first) : 0;
	auto_close int ending = -1;
	auto_close int resizing = -1;
	sigset_t end_set, size_set, both, before;
	int flags = fcntl(master, F_GETFL);
	int r;

	if (flags < 0 || fcntl(master, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	relay_ending_signals(&end_set);
	(void)sigemptyset(&size_set);
	(void)sigaddset(&size_set, SIGWINCH);
	both = end_set;
	(void)sigaddset(&both, SIGWINCH);
	r = channel_init(&t.ch[IN], typed);
	if (channel_init(&t.ch[OUT], 0) < 0)
		r = -ENOMEM;
	if (r == 0)
		ending = r = relay_open_signals(&end_set);
	if (r >= 0)
		resizing = r = relay_open_signals(&size_set);
	if (r >= 0) {
		if (typed)
			memcpy(t.ch[IN].buf, type_first, typed);
		t.ch[IN].end = typed;
		t.ch[IN].from = fcntl(0, F_GETFD) < 0 ? -1 : 0;
		t.ch[IN].to = master;
		t.ch[OUT].from = master;
		channel_listen_to(&t.ch[OUT], STDOUT_FILENO, &t.own);

		(void)sigprocmask(SIG_BLOCK, &both, &before);
		make_raw(&t);
		copy_window_size(master);
		r = run_terminal(&t, ending, resizing);
		restore(&t);
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
	}
	cleanup_close(&t.own);
	channel_done(&t.ch[IN]);
	channel_done(&t.ch[OUT]);
	return r;
}
