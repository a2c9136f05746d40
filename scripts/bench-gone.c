// SPDX-License-Identifier: GPL-2.0-only
/*
 * For scripts/bench: kills the process whose pid is in a file, and ends when all that belonged to it is
 * gone: as a command for bench-pairs, the time from a death to the end of cleaning up.
 *
 *   bench-gone FILE PATH...
 *
 * Looking costs what it looks at some time, too: it is done every 100 microseconds, for at most 10 s.
 */
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 100000

static pid_t read_pid(const char *path)
{
	FILE *f = fopen(path, "re");
	int pid = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	(void)fclose(f);
	return pid;
}

static int are_gone(char **paths)
{
	for (; *paths; paths++)
		if (access(*paths, F_OK) == 0)
			return 0;
	return 1;
}

int main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 };
	pid_t pid = argc > 2 ? read_pid(argv[1]) : 0;

	if (pid <= 1) {
		fprintf(stderr, "usage: bench-gone FILE-WITH-PID PATH...\n");
		return 2;
	}
	/* Nothing there already: then it is the measurement that is wrong. */
	if (are_gone(argv + 2) || kill(pid, SIGKILL) < 0)
		return 1;
	for (int i = 0; i < ROUNDS; i++) {
		if (are_gone(argv + 2))
			return 0;
		(void)nanosleep(&pause, NULL);
	}
	return 1;
}
