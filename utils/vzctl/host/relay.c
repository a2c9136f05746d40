/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes between our descriptors 0, 1, 2 and the pipes of a process in a container: a loop over poll(),
 * see channel.h. Signals are waited for by signalfd; the mask is put back on every way out.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "host/channel.h"
#include "host/pty.h"

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

	while (read(signals, &info, sizeof(info)) == sizeof(info)) {
		(void)pidfd_signal(pidfd, (int)info.ssi_signo);
		/* One that is stopped would not hear of it. */
		(void)pidfd_signal(pidfd, SIGCONT);
	}
}

/* A finished channel's pipe is closed, for the other side to notice. */
static void close_finished(struct pipe_relay *r)
{
	for (int i = 0; i < 3; i++)
		if (channel_is_finished(&r->ch[i]))
			cleanup_close(&r->pipes->parent[i]);
}

static void note_exit(struct pipe_relay *r)
{
	r->pidfd = -1;
	r->deadline = now_usec() + RELAY_GRACE;
	channel_stop(&r->ch[0], EPIPE);
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
		if (r->pidfd < 0 && channel_is_finished(&r->ch[1]) && channel_is_finished(&r->ch[2]))
			return r->ch[1].error ? r->ch[1].error : r->ch[2].error;
		p[0] = (struct pollfd){ .fd = signals, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = r->pidfd, .events = POLLIN };
		for (int i = 0; i < 3; i++)
			channel_want(&r->ch[i], p + 2 + 2 * i);
		if (poll(p, ARRAY_SIZE(p), relay_until(r->deadline)) < 0 && errno != EINTR)
			return -errno;
		/* Left pending if there is nobody to pass it on to: it is for us then. */
		if (p[0].revents && r->pidfd < 0)
			return -EINTR;
		if (p[0].revents)
			forward_signals(signals, r->pidfd);
		for (int i = 0; i < 3; i++)
			channel_pump(&r->ch[i], p + 2 + 2 * i);
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
	relay_ending_signals(&set);
	if (r == 0)
		signals = r = relay_open_signals(&set);
	if (r >= 0) {
		relay.ch[0].from = fcntl(0, F_GETFD) < 0 ? -1 : 0;
		relay.ch[0].to = p->parent[0];
		for (int i = 1; i < 3; i++) {
			relay.ch[i].from = p->parent[i];
			channel_listen_to(&relay.ch[i], i, &relay.own[i]);
		}
		(void)sigprocmask(SIG_BLOCK, &set, &before);
		r = run_pipes(&relay, signals);
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
	}
	for (int i = 0; i < 3; i++) {
		cleanup_close(&relay.own[i]);
		channel_done(&relay.ch[i]);
	}
	return r;
}
