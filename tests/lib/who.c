/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of translated addresses: a server that says who it is and whom it sees, and its client.
 * And for limits: how quickly bytes get from one to the other.
 *
 *   who serve NAME PORT              over TCP and UDP, IPv4 and IPv6; prints the pid of what does it in the background
 *   who measure PORT                 takes one connection to its end and prints its Mbit/s
 *   who pour ADDRESS PORT MEGABYTES  is the other end of it, once there is somebody
 *   who ask tcp|udp ADDRESS PORT     prints "NAME sees ADDRESS"; fails if there is no answer in two seconds
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int open_port(int type, const char *port)
{
	struct sockaddr_in6 all = { .sin6_family = AF_INET6, .sin6_port = htons((unsigned short)atoi(port)) };
	int fd = socket(AF_INET6, type, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&all, sizeof(all)) < 0 || (type == SOCK_STREAM && listen(fd, 64) < 0))
		err(1, "port %s", port);
	return fd;
}

static void answer(int fd, const char *name, const struct sockaddr_in6 *peer, socklen_t len)
{
	char text[INET6_ADDRSTRLEN], line[128];
	const char *addr = inet_ntop(AF_INET6, &peer->sin6_addr, text, sizeof(text));
	int n;

	if (strncmp(addr, "::ffff:", 7) == 0)
		addr += 7;
	n = snprintf(line, sizeof(line), "%s sees %s\n", name, addr);
	if (sendto(fd, line, (size_t)n, 0, len ? (const struct sockaddr *)peer : NULL, len) < 0)
		warn("answer");
}

static void serve(const char *name, const char *port)
{
	struct pollfd fds[] = {
		{ .fd = open_port(SOCK_STREAM, port), .events = POLLIN },
		{ .fd = open_port(SOCK_DGRAM, port), .events = POLLIN },
	};
	pid_t pid;

	/* Once it listens. */
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid > 0) {
		printf("%d\n", pid);
		return;
	}
	if (setsid() < 0 || !freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
		exit(1);
	while (poll(fds, 2, -1) > 0) {
		struct sockaddr_in6 peer;
		socklen_t len = sizeof(peer);
		char buf[64];

		if (fds[0].revents) {
			int fd = accept(fds[0].fd, (struct sockaddr *)&peer, &len);

			answer(fd, name, &peer, 0);
			close(fd);
		}
		len = sizeof(peer);
		if (fds[1].revents && recvfrom(fds[1].fd, buf, sizeof(buf), 0, (struct sockaddr *)&peer, &len) >= 0)
			answer(fds[1].fd, name, &peer, len);
	}
}

static int ask(const char *how, const char *address, const char *port)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = strcmp(how, "udp") ? SOCK_STREAM : SOCK_DGRAM,
	}, *to;
	struct timeval patience = { .tv_sec = 2 };
	char buf[128];
	ssize_t n;
	int fd;

	if (getaddrinfo(address, port, &hints, &to))
		errx(1, "%s: no address", address);
	fd = socket(to->ai_family, to->ai_socktype, 0);
	/* Of a connection, too: the time to send is the time to connect. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
	    connect(fd, to->ai_addr, to->ai_addrlen) < 0)
		err(1, "%s", address);
	if (to->ai_socktype == SOCK_DGRAM && send(fd, "?", 1, 0) < 0)
		err(1, "%s", address);
	n = recv(fd, buf, sizeof(buf), 0);
	if (n <= 0)
		errx(1, "%s: no answer", address);
	return fwrite(buf, 1, (size_t)n, stdout) != (size_t)n;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void measure(const char *port)
{
	int fd = accept(open_port(SOCK_STREAM, port), NULL, NULL);
	static char buf[65536];
	double began = now();
	size_t total = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		total += (size_t)n;
	printf("%.0f\n", (double)total * 8 / 1e6 / (now() - began));
}

static void pour(const char *address, const char *port, int megabytes)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM }, *to;
	double until = now() + 20;
	static char buf[1000000];
	int fd = -1;

	if (getaddrinfo(address, port, &hints, &to))
		errx(1, "%s: no address", address);
	while (fd < 0) {
		fd = socket(to->ai_family, to->ai_socktype, 0);
		if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
			break;
		if (errno != ECONNREFUSED || now() > until)
			err(1, "%s", address);
		close(fd);
		fd = -1;
		usleep(10000);
	}
	for (int i = 0; i < megabytes; i++)
		for (size_t sent = 0; sent < sizeof(buf); ) {
			ssize_t n = write(fd, buf + sent, sizeof(buf) - sent);

			if (n < 0)
				err(1, "%s", address);
			sent += (size_t)n;
		}
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "serve") == 0)
		serve(argv[2], argv[3]);
	else if (argc == 3 && strcmp(argv[1], "measure") == 0)
		measure(argv[2]);
	else if (argc == 5 && strcmp(argv[1], "pour") == 0)
		pour(argv[2], argv[3], atoi(argv[4]));
	else if (argc == 5 && strcmp(argv[1], "ask") == 0)
		return ask(argv[2], argv[3], argv[4]);
	else
		errx(1, "wrong words");
}
