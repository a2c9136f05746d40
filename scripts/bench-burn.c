// SPDX-License-Identifier: GPL-2.0-only
/*
 * Burns CPU time for scripts/bench: so many threads, from a moment on, for so many seconds. Prints what it
 * got, in per cent of one CPU.
 *
 *   bench-burn THREADS SECONDS [WHEN]     WHEN: seconds since 1970; without it, at once
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define THREADS_MAX 256

static double end;

static double clock_now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *burn(void *data)
{
	while (clock_now(CLOCK_MONOTONIC) < end)
		;
	return data;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS_MAX];
	int n = argc > 2 ? atoi(argv[1]) : 0;
	double seconds = argc > 2 ? atof(argv[2]) : 0;
	double began, used;

	if (n < 1 || n > THREADS_MAX || seconds <= 0)
		return 2;
	if (argc > 3) {
		struct timespec when = { .tv_sec = atol(argv[3]) };

		while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &when, NULL))
			;
	}
	began = clock_now(CLOCK_MONOTONIC);
	used = clock_now(CLOCK_PROCESS_CPUTIME_ID);
	end = began + seconds;
	for (int i = 1; i < n; i++)
		if (pthread_create(&threads[i], NULL, burn, NULL))
			return 1;
	burn(NULL);
	for (int i = 1; i < n; i++)
		pthread_join(threads[i], NULL);
	used = clock_now(CLOCK_PROCESS_CPUTIME_ID) - used;
	/* What was asked for is the time; a last wait for the next period belongs to it, too. */
	printf("%.3f\n", used * 100 / (clock_now(CLOCK_MONOTONIC) - began));
	return 0;
}
