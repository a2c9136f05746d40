/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports that programs have; see port.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/str.h"
#include "host/net.h"
#include "host/port.h"

#define LISTENS 0x0a	/* TCP_LISTEN, in /proc/net/tcp */

/* ---- whether ---- */

static socklen_t make_address(const struct net_addr *on, int family, unsigned int port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *four = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;

	*ret = (struct sockaddr_storage){ .ss_family = (sa_family_t)family };
	if (family == AF_INET) {
		four->sin_port = htons((uint16_t)port);
		memcpy(&four->sin_addr, on->bytes, sizeof(four->sin_addr));
		return sizeof(*four);
	}
	six->sin6_port = htons((uint16_t)port);
	memcpy(&six->sin6_addr, on->bytes, sizeof(six->sin6_addr));
	return sizeof(*six);
}

/* Whoever can bind it has found it free: the kernel's own answer, and much quicker than its list of sockets. */
bool port_is_taken(const struct net_addr *on, int family, int protocol, unsigned int port)
{
	bool tcp = protocol == IPPROTO_TCP;
	auto_close int fd = socket(family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	struct sockaddr_storage addr;
	socklen_t len = make_address(on, family, port, &addr);
	int yes = 1;

	if (fd < 0)
		return false;
	/* Connections that have ended are in nobody's way. */
	if (tcp)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
	return bind(fd, (struct sockaddr *)&addr, len) < 0 && errno == EADDRINUSE;
}

/* ---- who ---- */

/* The inode of the socket that has the port; 0: none. */
static uint64_t find_socket(const char *list, bool listening, unsigned int port)
{
	FILE *f = fopen(list, "re");
	uint64_t found = 0;
	char line[512];

	while (f && !found && fgets(line, sizeof(line), f)) {
		unsigned int local, state;
		uint64_t inode;

		if (sscanf(line, " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*u %*u %" SCNu64, &local, &state, &inode) == 3 &&
		    local == port && (!listening || state == LISTENS))
			found = inode;
	}
	if (f)
		(void)fclose(f);
	return found;
}

static bool has_socket(pid_t pid, const char *socket)
{
	auto_free char *path = str_printf("/proc/%d/fd", (int)pid);
	DIR *dir = path ? opendir(path) : NULL;
	bool found = false;
	struct dirent *e;

	while (dir && !found && (e = readdir(dir))) {
		char target[64];
		ssize_t n = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);

		target[n < 0 ? 0 : n] = '\0';
		found = str_equal(target, socket);
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

static char *find_process(const char *socket)
{
	DIR *dir = opendir("/proc");
	char *found = NULL;
	struct dirent *e;

	while (dir && !found && (e = readdir(dir))) {
		auto_free char *path = NULL;
		auto_free char *name = NULL;
		uint64_t pid;

		if (parse_u64_range(e->d_name, 1, INT32_MAX, &pid) < 0 || !has_socket((pid_t)pid, socket))
			continue;
		path = str_printf("/proc/%s/comm", e->d_name);
		if (path && file_read_line(AT_FDCWD, path, &name) == 0)
			found = str_printf("'%s' (pid %s)", name, e->d_name);
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

char *port_owner(int protocol, unsigned int port)
{
	bool tcp = protocol == IPPROTO_TCP;
	uint64_t inode = find_socket(tcp ? "/proc/net/tcp" : "/proc/net/udp", tcp, port);
	auto_free char *socket = NULL;

	if (!inode)
		inode = find_socket(tcp ? "/proc/net/tcp6" : "/proc/net/udp6", tcp, port);
	socket = inode ? str_printf("socket:[%" PRIu64 "]", inode) : NULL;
	return socket ? find_process(socket) : NULL;
}
