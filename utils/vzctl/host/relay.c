/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes between our descriptors 0, 1, 2 and a process in a container.
 *
 * A loop over poll() with one buffer per direction: a buffer is filled when it is empty and written
 * until it is, so a reader who stops stops the writer and nothing else. Our own descriptors are shared
 * with whoever started us, the shell above all, so they are never made non-blocking: where a write
 * could block, the same pipe or terminal is opened once more for us alone. Signals are waited for by
 * signalfd; mask and terminal are put back on every way out.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "base/str.h"
#include "host/pty.h"

#define BUFFER_SIZE 65536
#define GRACE (100 * USEC_PER_MSEC)	/* for output, after the child has exited */
#define HANGUP_PAUSE (50 * USEC_PER_MSEC)
#define NO_LIMIT SIZE_MAX

/* --- one direction ------------------------------------------------------------------------------ */

enum how_to_write {
	WRITE_FREELY,		/* non-blocking, or a file that does not block */
	WRITE_TO_SOCKET,
	WRITE_CAREFULLY,	/* may block: no more at once than POLLOUT promises room for */
};

struct channel {
	int from;		/* borrowed; -1: nothing more comes */
	int to;			/* borrowed; -1: nobody listens */
	enum how_to_write how;
	char *buf;		/* owned */
	size_t start, end;	/* what is in it */
	size_t limit;		/* how much may still be read */
	int error;		/* what went wrong with "to", -errno; a closed pipe is nothing wrong */
};

static bool is_empty(const struct channel *c)
{
	return c->start == c->end;
}

static bool is_finished(const struct channel *c)
{
	return c->to < 0 || (c->from < 0 && is_empty(c));
}

static void stop_listening(struct channel *c, int error)
{
	if (error != EPIPE && error != ECONNRESET && !c->error)
		c->error = -error;
	c->from = c->to = -1;
	c->start = c->end = 0;
}

/* 0; -EAGAIN if nothing is there; or what ended it, and from is -1 then. */
static int fill(struct channel *c)
{
	ssize_t n = read(c->from, c->buf, VZ_MIN((size_t)BUFFER_SIZE, c->limit));
	int r = n < 0 ? -errno : 0;

	if (r == -EAGAIN || r == -EINTR)
		return -EAGAIN;
	if (n > 0) {
		c->start = 0;
		c->end = (size_t)n;
		if (c->limit != NO_LIMIT)
			c->limit -= (size_t)n;
	}
	if (n <= 0 || c->limit == 0)
		c->from = -1;
	return r;
}

static void drain(struct channel *c)
{
	size_t len = c->end - c->start;
	ssize_t n;

	if (c->how == WRITE_TO_SOCKET)
		n = send(c->to, c->buf + c->start, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	else
		n = write(c->to, c->buf + c->start,
			  c->how == WRITE_CAREFULLY ? VZ_MIN(len, (size_t)PIPE_BUF) : len);
	if (n >= 0)
		c->start += (size_t)n;
	else if (errno != EAGAIN && errno != EINTR)
		stop_listening(c, errno);
}

/* What to wait for: p[0] is the reading end, p[1] the writing one. */
static void want(const struct channel *c, struct pollfd p[2])
{
	bool empty = is_empty(c);

	p[0] = (struct pollfd){ .fd = empty ? c->from : -1, .events = POLLIN };
	/* Without a wish, only to learn that the reader has gone. */
	p[1] = (struct pollfd){ .fd = c->to, .events = empty ? 0 : POLLOUT };
}

static void pump(struct channel *c, const struct pollfd p[2])
{
	if (c->from >= 0 && is_empty(c) && p[0].revents)
		(void)fill(c);
	if (c->to >= 0 && !is_empty(c) && p[1].revents)
		drain(c);
	else if (c->to >= 0 && is_empty(c) && (p[1].revents & (POLLERR | POLLHUP | POLLNVAL)))
		stop_listening(c, EPIPE);
}

/*
 * The way to one of our own descriptors. *ret_own is a second opening of it, to be closed, or -1.
 */
static void listen_to(struct channel *c, int fd, int *ret_own)
{
	auto_free char *link = str_printf("/proc/self/fd/%d", fd);
	struct stat st;

	*ret_own = -1;
	c->to = fd;
	c->how = WRITE_FREELY;
	if (fstat(fd, &st) < 0) {
		c->to = -1;
	} else if (S_ISSOCK(st.st_mode)) {
		c->how = WRITE_TO_SOCKET;
	} else if (S_ISFIFO(st.st_mode) || isatty(fd)) {
		*ret_own = link ? open(link, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
		if (*ret_own >= 0)
			c->to = *ret_own;
		else
			c->how = WRITE_CAREFULLY;
	}
}

static int channel_init(struct channel *c, size_t size)
{
	*c = (struct channel){ .from = -1, .to = -1, .limit = NO_LIMIT };
	c->buf = malloc(VZ_MAX(size, (size_t)BUFFER_SIZE));
	return c->buf ? 0 : -ENOMEM;
}

/* --- signals ------------------------------------------------------------------------------------ */

/* The four that end a program, without those the caller ignores: nohup means it. */
static void ending_signals(sigset_t *set)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

	(void)sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		struct sigaction sa;

		if (sigaction(ending[i], NULL, &sa) == 0 && sa.sa_handler != SIG_IGN)
			(void)sigaddset(set, ending[i]);
	}
}

static int open_signals(const sigset_t *set)
{
	int fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

/* Milliseconds until a point in time, for poll(); 0: no such point. */
static int until(usec_t when)
{
	usec_t now = now_usec();

	if (!when)
		return -1;
	return when > now ? (int)((when - now) / USEC_PER_MSEC) + 1 : 0;
}

/* --- pipes -------------------------------------------------------------------------------------- */

int relay_pipes_open(struct relay_pipes *p)
{
	struct relay_pipes q = { .child = { -1, -1, -1 }, .parent = { -1, -1, -1 } };

	for (int i = 0; i < 3; i++) {
		int fds[2];
		int r = pipe2(fds, O_CLOEXEC) < 0 ? -errno : 0;

		if (r == 0) {
			q.child[i] = fds[i == 0 ? 0 : 1];
			q.parent[i] = fds[i == 0 ? 1 : 0];
			if (fcntl(q.parent[i], F_SETFL, O_NONBLOCK) < 0)
				r = -errno;
		}
		if (r < 0) {
			relay_pipes_done(&q);
			return r;
		}
	}
	*p = q;
	return 0;
}

int relay_pipes_chown(struct relay_pipes *p, uid_t uid, gid_t gid)
{
	for (int i = 0; i < 3; i++)
		if (fchown(p->child[i], uid, gid) < 0)
			return -errno;
	return 0;
}

void relay_pipes_close_child(struct relay_pipes *p)
{
	for (int i = 0; i < 3; i++)
		cleanup_close(&p->child[i]);
}

void relay_pipes_done(struct relay_pipes *p)
{
	relay_pipes_close_child(p);
	for (int i = 0; i < 3; i++)
		cleanup_close(&p->parent[i]);
}

struct pipe_relay {
	struct relay_pipes *pipes;
	struct channel ch[3];	/* as the descriptors are numbered */
	int own[3];		/* second openings of our stdout and stderr, or -1 */
	int pidfd;		/* -1: it has exited */
	usec_t deadline;	/* for output that comes after the exit; 0: not set, or over */
};

static void forward_signals(int signals, int pidfd)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == sizeof(info))
		(void)pidfd_signal(pidfd, (int)info.ssi_signo);
}

/* A finished channel's pipe is closed, for the other side to notice. */
static void close_finished(struct pipe_relay *r)
{
	for (int i = 0; i < 3; i++)
		if (is_finished(&r->ch[i]))
			cleanup_close(&r->pipes->parent[i]);
}

static void note_exit(struct pipe_relay *r)
{
	r->pidfd = -1;
	r->deadline = now_usec() + GRACE;
	stop_listening(&r->ch[0], EPIPE);
}

/* Somebody else holds the pipes: what is in them now, and no more. */
static void limit_output(struct pipe_relay *r)
{
	r->deadline = 0;
	for (int i = 1; i < 3; i++) {
		int there = 0;

		if (r->ch[i].from < 0)
			continue;
		if (ioctl(r->ch[i].from, FIONREAD, &there) < 0 || there <= 0)
			r->ch[i].from = -1;
		else
			r->ch[i].limit = (size_t)there;
	}
}

static int run_pipes(struct pipe_relay *r, int signals)
{
	for (;;) {
		struct pollfd p[2 + 2 * 3];

		close_finished(r);
		if (r->pidfd < 0 && is_finished(&r->ch[1]) && is_finished(&r->ch[2]))
			return r->ch[1].error ? r->ch[1].error : r->ch[2].error;
		p[0] = (struct pollfd){ .fd = signals, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = r->pidfd, .events = POLLIN };
		for (int i = 0; i < 3; i++)
			want(&r->ch[i], p + 2 + 2 * i);
		if (poll(p, ARRAY_SIZE(p), until(r->deadline)) < 0 && errno != EINTR)
			return -errno;
		/* Left pending if there is nobody to pass it on to: it is for us then. */
		if (p[0].revents && r->pidfd < 0)
			return -EINTR;
		if (p[0].revents)
			forward_signals(signals, r->pidfd);
		for (int i = 0; i < 3; i++)
			pump(&r->ch[i], p + 2 + 2 * i);
		if (p[1].revents)
			note_exit(r);
		if (r->deadline && now_usec() >= r->deadline)
			limit_output(r);
	}
}

int relay_run(struct relay_pipes *p, int pidfd)
{
	struct pipe_relay relay = { .pipes = p, .own = { -1, -1, -1 }, .pidfd = pidfd };
	auto_close int signals = -1;
	sigset_t set, before;
	int r = 0;

	for (int i = 0; i < 3; i++) {
		int e = channel_init(&relay.ch[i], 0);

		r = r ? r : e;
	}
	ending_signals(&set);
	if (r == 0)
		signals = r = open_signals(&set);
	if (r >= 0) {
		relay.ch[0].from = fcntl(0, F_GETFD) < 0 ? -1 : 0;
		relay.ch[0].to = p->parent[0];
		for (int i = 1; i < 3; i++) {
			relay.ch[i].from = p->parent[i];
			listen_to(&relay.ch[i], i, &relay.own[i]);
		}
		(void)sigprocmask(SIG_BLOCK, &set, &before);
		r = run_pipes(&relay, signals);
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
	}
	for (int i = 0; i < 3; i++) {
		cleanup_close(&relay.own[i]);
		free(relay.ch[i].buf);
	}
	return r;
}

/* --- a terminal --------------------------------------------------------------------------------- */

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

	if (fill(c) != -EIO || t->pidfd < 0)
		return;
	c->from = t->master;
	t->hung_until = now_usec() + HANGUP_PAUSE;
}

static void read_stdin(struct terminal *t)
{
	struct channel *c = &t->ch[IN];

	(void)fill(c);
	if (c->from < 0 && is_empty(c)) {
		c->buf[0] = 'D' & 037;
		c->start = 0;
		c->end = 1;
	}
}

static void note_terminal_exit(struct terminal *t)
{
	t->pidfd = -1;
	t->hung_until = 0;
	t->deadline = now_usec() + GRACE;
	stop_listening(&t->ch[IN], EPIPE);
}

static void pump_terminal(struct terminal *t, const struct pollfd in[2], const struct pollfd out[2])
{
	if (in[0].revents)
		read_stdin(t);
	if (in[1].revents && !is_empty(&t->ch[IN]))
		drain(&t->ch[IN]);
	if (out[0].revents)
		read_master(t);
	pump(&t->ch[OUT], (struct pollfd[2]){ { .fd = -1 }, out[1] });
	if (t->deadline && now_usec() >= t->deadline) {
		t->deadline = 0;
		t->is_late = true;
	}
	/* Somebody in the background holds the slave: what is there now, and no more. */
	if (t->is_late && t->ch[OUT].from >= 0 && is_empty(&t->ch[OUT])) {
		(void)fill(&t->ch[OUT]);
		t->ch[OUT].from = -1;
	}
}

static int run_terminal(struct terminal *t, int ending, int resizing)
{
	struct channel *in = &t->ch[IN], *out = &t->ch[OUT];

	while (!is_finished(out) || (t->pidfd >= 0 && out->to >= 0)) {
		struct pollfd p[3 + 2 * 2];
		struct signalfd_siginfo info;

		p[0] = (struct pollfd){ .fd = ending, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = resizing, .events = POLLIN };
		p[2] = (struct pollfd){ .fd = t->pidfd, .events = POLLIN };
		want(in, p + 3);
		want(out, p + 5);
		/* A hung up master would wake us at once, again and again. */
		if (t->hung_until || is_empty(in))
			p[4].fd = -1;
		if (t->hung_until)
			p[5].fd = -1;
		if (poll(p, ARRAY_SIZE(p), until(t->hung_until ? t->hung_until : t->deadline)) < 0 &&
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
	ending_signals(&end_set);
	(void)sigemptyset(&size_set);
	(void)sigaddset(&size_set, SIGWINCH);
	both = end_set;
	(void)sigaddset(&both, SIGWINCH);
	r = channel_init(&t.ch[IN], typed);
	if (channel_init(&t.ch[OUT], 0) < 0)
		r = -ENOMEM;
	if (r == 0)
		ending = r = open_signals(&end_set);
	if (r >= 0)
		resizing = r = open_signals(&size_set);
	if (r >= 0) {
		if (typed)
			memcpy(t.ch[IN].buf, type_first, typed);
		t.ch[IN].end = typed;
		t.ch[IN].from = fcntl(0, F_GETFD) < 0 ? -1 : 0;
		t.ch[IN].to = master;
		t.ch[OUT].from = master;
		listen_to(&t.ch[OUT], STDOUT_FILENO, &t.own);

		(void)sigprocmask(SIG_BLOCK, &both, &before);
		make_raw(&t);
		copy_window_size(master);
		r = run_terminal(&t, ending, resizing);
		restore(&t);
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
	}
	cleanup_close(&t.own);
	free(t.ch[IN].buf);
	free(t.ch[OUT].buf);
	return r;
}
