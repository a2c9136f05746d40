/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files and descriptors; see fd.h. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"

int fd_read_all(int fd, size_t max, char **ret, size_t *ret_len)
{
	auto_free char *buf = NULL;
	size_t len = 0, size = 0;

	for (;;) {
		ssize_t n;

		if (len + 1 >= size) {
			char *bigger;

			size = size ? size * 2 : 4096;
			bigger = realloc(buf, size);
			if (!bigger)
				return -ENOMEM;
			buf = bigger;
		}
		n = read(fd, buf + len, size - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max)
			return -EFBIG;
	}
	buf[len] = '\0';
	if (ret_len)
		*ret_len = len;
	*ret = take_ptr(buf);
	return 0;
}

int file_read(int dirfd, const char *path, size_t max, char **ret, size_t *ret_len)
{
	auto_close int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return fd_read_all(fd, max, ret, ret_len);
}

int file_read_line(int dirfd, const char *path, char **ret)
{
	char *text;
	int r = file_read(dirfd, path, 1 << 20, &text, NULL);

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	*ret = text;
	return 0;
}

int fd_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int file_write(int dirfd, const char *path, const char *text)
{
	auto_close int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, len);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

int path_flush_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	auto_free char *dir = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	auto_close int fd = -1;

	if (!dir)
		return -ENOMEM;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

static int replace(const char *path, mode_t mode, const void *data, size_t len, bool flush)
{
	auto_free char *target = NULL;
	auto_free char *tmp = NULL;
	auto_close int fd = -1;
	int r;

	target = realpath(path, NULL);
	if (!target && errno != ENOENT)
		return -errno;
	if (!target)
		target = strdup(path);
	if (!target)
		return -ENOMEM;
	tmp = str_printf("%s.tmp", target);
	if (!tmp)
		return -ENOMEM;

	/* A temporary left by a crash is ours: the caller holds the lock of what it writes. */
	(void)unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	r = fchmod(fd, mode) < 0 ? -errno : 0;
	if (r == 0)
		r = fd_write_all(fd, data, len);
	if (r == 0 && flush && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && rename(tmp, target) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(tmp);
		return r;
	}
	return flush ? path_flush_parent(target) : 0;
}

int file_replace(const char *path, mode_t mode, const void *data, size_t len)
{
	return replace(path, mode, data, len, true);
}

int file_replace_volatile(const char *path, mode_t mode, const void *data, size_t len)
{
	return replace(path, mode, data, len, false);
}

bool path_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

bool path_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int path_make_dirs(const char *path, mode_t mode)
{
	auto_free char *p = NULL;

	if (path_is_dir(path))
		return 0;
	p = strdup(path);
	if (!p)
		return -ENOMEM;
	for (char *slash = p; (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		if (mkdir(p, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	if (mkdir(p, mode) < 0 && errno != EEXIST)
		return -errno;
	return path_is_dir(p) ? 0 : -ENOTDIR;
}

int path_make_parent(const char *path)
{
	auto_free char *dir = strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (!dir)
		return -ENOMEM;
	if (!slash || slash == dir)
		return 0;
	*slash = '\0';
	return path_make_dirs(dir, 0755);
}

int path_is_empty_dir(const char *path)
{
	auto_closedir DIR *d = opendir(path);
	struct dirent *e;

	if (!d)
		return -errno;
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			return 0;
	return 1;
}

char *path_join(const char *dir, const char *name)
{
	size_t n = strlen(dir);

	while (n && dir[n - 1] == '/')
		n--;
	while (*name == '/')
		name++;
	return str_printf("%.*s/%s", (int)n, dir, name);
}

/*
 * A tree to be removed. It may be deeper than there are descriptors, or stack: whoever filled it may
 * not have wished us well. What lies too deep is moved up to the top and removed in another round.
 */
struct removal {
	int top;
	dev_t dev;		/* the file system not to be left */
	unsigned int moved;	/* in this round */
};
#define REMOVAL_DEPTH 64
#define REMOVAL_NAMES 10000

static int move_to_top(struct removal *rm, int dir, const char *name)
{
	for (unsigned int i = 0; i < REMOVAL_NAMES; i++) {
		char up[32];

		(void)snprintf(up, sizeof(up), ".vz-deep-%u", i);
		if (renameat(dir, name, rm->top, up) == 0) {
			rm->moved++;
			return 0;
		}
		/* Taken, by an earlier move or by the tree itself. */
		if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
			return -errno;
	}
	return -EEXIST;
}

/* Empty an open directory; takes the descriptor. */
static int remove_contents(int fd, struct removal *rm, unsigned int depth)
{
	auto_closedir DIR *d = fdopendir(fd);
	struct dirent *e;
	int first = 0;

	if (!d) {
		first = -errno;
		(void)close(fd);
		return first;
	}
	while ((e = readdir(d))) {
		struct stat st;
		int sub, r = 0;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(d), e->d_name, 0) == 0)
			continue;
		if (errno != EISDIR && errno != EPERM) {
			first = first ? first : -errno;
			continue;
		}
		/* An empty one costs no descriptor. */
		if (unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR) == 0)
			continue;
		if (depth == REMOVAL_DEPTH) {
			r = move_to_top(rm, dirfd(d), e->d_name);
			first = first ? first : r;
			continue;
		}
		sub = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0)
			r = -errno;
		else if (fstat(sub, &st) < 0 || st.st_dev != rm->dev)
			r = -EXDEV, (void)close(sub);
		else
			r = remove_contents(sub, rm, depth + 1);
		if (r == 0 && unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR) < 0)
			r = -errno;
		first = first ? first : r;
	}
	return first;
}

int path_remove_tree(int dirfd, const char *path)
{
	auto_close int top = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct removal rm = { .top = top };
	struct stat st;
	int r;

	if (top < 0) {
		if (errno == ENOENT)
			return 0;
		return unlinkat(dirfd, path, 0) < 0 ? -errno : 0;
	}
	if (fstat(top, &st) < 0)
		return -errno;
	rm.dev = st.st_dev;
	do {
		int fd = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		rm.moved = 0;
		r = fd < 0 ? -errno : remove_contents(fd, &rm, 0);
	} while (r == 0 && rm.moved);
	if (r < 0)
		return r;
	return unlinkat(dirfd, path, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int fd_send(int sock, char tag, int fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = &tag, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *c;

		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int fd_receive(int sock, char *ret_tag, int *ret_fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = ret_tag, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *c;
	ssize_t n;

	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -EPIPE;
	*ret_fd = -1;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
	return 0;
}
