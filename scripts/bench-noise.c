// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bad neighbours for scripts/bench. They go on until somebody stops the container, a minute at most: whoever
 * should have done that may be dead.
 *
 *   bench-noise memory MEGABYTES      takes more and more up to so much, then begins again; whoever is
 *                                     killed for it is replaced
 *   bench-noise forks                 as many processes as there may be, all of which try to make more
 *   bench-noise udp ADDRESS           64 bytes to a port nobody listens on, as fast as it can
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT_DISCARD 9
#define SECONDS 60

static time_t end;	/* of all processes */

static int goes_on(void)
{
	return time(NULL) < end;
}

static int take_memory(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 1;
	memset(p, 1, size);
	return 0;
}

static void noise_memory(const char *megabytes)
{
	size_t size = strtoul(megabytes, NULL, 10) << 20;

	while (goes_on()) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(take_memory(size));
		if (pid < 0 || waitpid(pid, NULL, 0) < 0)
			return;
	}
}

static void noise_forks(const char *unused)
{
	(void)unused;
	while (goes_on())
		(void)fork();	/* at the limit it fails: that is the noise, too */
}

static void noise_udp(const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT_DISCARD) };
	char data[64] = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return;
	while (goes_on())
		(void)sendto(fd, data, sizeof(data), 0, (struct sockaddr *)&to, sizeof(to));	/* lost is lost */
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*make)(const char *argument);
	} noises[] = {
		{ "memory", noise_memory },
		{ "forks",  noise_forks },
		{ "udp",    noise_udp },
	};

	end = time(NULL) + SECONDS;
	for (size_t i = 0; argc > 1 && i < sizeof(noises) / sizeof(noises[0]); i++)
		if (strcmp(argv[1], noises[i].name) == 0) {
			noises[i].make(argc > 2 ? argv[2] : "");
			return 0;
		}
	(void)fprintf(stderr, "usage: bench-noise memory MEGABYTES | forks | udp ADDRESS\n");
	return 2;
}
