/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One direction of a relay, and the signals that end one; see channel.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "base/str.h"
#include "host/channel.h"

#define BUFFER_SIZE 65536

bool channel_is_empty(const struct channel *c)
{
	return c->start == c->end;
}

bool channel_is_finished(const struct channel *c)
{
	return c->to < 0 || (c->from < 0 && channel_is_empty(c));
}

void channel_stop(struct channel *c, int error)
{
	if (error != EPIPE && error != ECONNRESET && !c->error)
		c->error = -error;
	c->from = c->to = -1;
	c->start = c->end = 0;
}

int channel_fill(struct channel *c)
{
	ssize_t n = read(c->from, c->buf, VZ_MIN(c->size, c->limit));
	int r = n < 0 ? -errno : 0;

	if (r == -EAGAIN || r == -EINTR)
		return -EAGAIN;
	if (n > 0) {
		c->start = 0;
		c->end = (size_t)n;
		if (c->limit != CHANNEL_NO_LIMIT)
			c->limit -= (size_t)n;
	}
	if (n <= 0 || c->limit == 0)
		c->from = -1;
	return r;
}

void channel_drain(struct channel *c)
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
		channel_stop(c, errno);
}

bool channel_has_room(const struct channel *c, size_t len)
{
	return len <= c->size - (c->end - c->start);
}

void channel_add(struct channel *c, const char *data, size_t len)
{
	c->end -= c->start;
	memmove(c->buf, c->buf + c->start, c->end);
	c->start = 0;
	len = VZ_MIN(len, c->size - c->end);
	memcpy(c->buf + c->end, data, len);
	c->end += len;
}

void channel_want(const struct channel *c, struct pollfd p[2])
{
	bool empty = channel_is_empty(c);

	p[0] = (struct pollfd){ .fd = empty ? c->from : -1, .events = POLLIN };
	/* Without a wish, only to learn that the reader has gone. */
	p[1] = (struct pollfd){ .fd = c->to, .events = empty ? 0 : POLLOUT };
}

void channel_pump(struct channel *c, const struct pollfd p[2])
{
	if (c->from >= 0 && channel_is_empty(c) && p[0].revents)
		(void)channel_fill(c);
	if (c->to >= 0 && !channel_is_empty(c) && p[1].revents)
		channel_drain(c);
	else if (c->to >= 0 && channel_is_empty(c) && (p[1].revents & (POLLERR | POLLHUP | POLLNVAL)))
		channel_stop(c, EPIPE);
}

void channel_listen_to(struct channel *c, int fd, int *ret_own)
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

int channel_init(struct channel *c, size_t size)
{
	*c = (struct channel){ .from = -1, .to = -1, .limit = CHANNEL_NO_LIMIT };
	c->size = VZ_MAX(size, (size_t)BUFFER_SIZE);
	c->buf = malloc(c->size);
	return c->buf ? 0 : -ENOMEM;
}

void channel_done(struct channel *c)
{
	free(take_ptr(c->buf));
}

void relay_ending_signals(sigset_t *set)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

	(void)sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		struct sigaction sa;

		if (sigaction(ending[i], NULL, &sa) == 0 && sa.sa_handler != SIG_IGN)
			(void)sigaddset(set, ending[i]);
	}
}

int relay_open_signals(const sigset_t *set)
{
	int fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

int relay_until(usec_t when)
{
	usec_t now = now_usec();

	if (!when)
		return -1;
	return when > now ? (int)((when - now) / USEC_PER_MSEC) + 1 : 0;
}

