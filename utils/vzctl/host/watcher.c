/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way to vzeventd; see watcher.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "host/watcher.h"

#define BACKLOG 256

union fd_control {
	struct cmsghdr align;
	char buf[CMSG_SPACE(WATCHER_FDS_MAX * sizeof(int))];
};

/*
 * The address of a path of any length: by way of its directory, which is opened for that and is to
 * stay open in *ret_dir while the address is used.
 */
static int address_of(const char *path, struct sockaddr_un *ret, int *ret_dir)
{
	const char *slash = strrchr(path, '/');
	auto_free char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : NULL;
	int n;

	if (!dir)
		return slash ? -ENOMEM : -EINVAL;
	*ret_dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_dir < 0)
		return -errno;
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s", *ret_dir, slash + 1);
	return n < (int)sizeof(ret->sun_path) ? 0 : -ENAMETOOLONG;
}

int watcher_listen(const char *path)
{
	auto_close int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	auto_close int dir = -1;
	struct sockaddr_un a;
	mode_t mask;
	int r;

	if (s < 0)
		return -errno;
	r = address_of(path, &a, &dir);
	if (r < 0)
		return r;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	mask = umask(0177);
	r = bind(s, (struct sockaddr *)&a, sizeof(a)) < 0 ? -errno : 0;
	(void)umask(mask);
	if (r < 0)
		return r;
	return listen(s, BACKLOG) < 0 ? -errno : take_fd(&s);
}

int watcher_send(const char *path, const void *text, size_t len, const int *fds, size_t n_fds)
{
	auto_close int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	auto_close int dir = -1;
	struct iovec iov = { .iov_base = (void *)(uintptr_t)text, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union fd_control control = { 0 };
	struct sockaddr_un a;
	int r;

	if (s < 0)
		return -errno;
	if (n_fds > WATCHER_FDS_MAX || len > WATCHER_TEXT_MAX)
		return -E2BIG;
	r = address_of(path, &a, &dir);
	if (r < 0)
		return r;
	if (connect(s, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -errno;
	if (n_fds) {
		struct cmsghdr *c;

		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	return sendmsg(s, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void take_descriptors(struct msghdr *msg, int *fds, size_t *ret_n)
{
	*ret_n = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		*ret_n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(c), *ret_n * sizeof(int));
	}
}

int watcher_receive(int listener, void *text, int *fds, size_t *ret_n_fds)
{
	struct iovec iov = { .iov_base = text, .iov_len = WATCHER_TEXT_MAX };
	union fd_control control = { 0 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	/* Who connects sends at once; who does not is no client of ours. */
	struct timeval patience = { .tv_usec = 100000 };
	auto_close int conn = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ssize_t n;

	*ret_n_fds = 0;
	if (conn < 0)
		return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED ? 0 : -errno;
	if (setsockopt(conn, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return -errno;
	n = recvmsg(conn, &msg, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	take_descriptors(&msg, fds, ret_n_fds);
	/* Cut off, or with descriptors lost: not to be understood. */
	return msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EMSGSIZE : (int)n;
}
