// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times commands against each other for scripts/bench: all variants once, then all of them again, so
 * that whatever else the machine does hits them alike. What is printed for each variant is its median
 * in microseconds and the median of the first variant's ratio to it within the same round. With STEP
 * the first STEP variants are several things to be measured, and those after them the same things, in
 * the same order, under other circumstances: the ratio is that of the first of its kind.
 *
 *   bench-pairs ROUNDS [STEP] < variants
 *
 * A variant is five lines: its name; a process in whose mount namespace the timed command runs, or
 * "-"; a shell command before it (not timed, "-": none); the command to be timed, words without
 * quotes; a shell command after it (not timed). The first round only warms up.
 *
 * Timed is from before vfork() to the exit of the command. No shell takes part, and standard streams
 * are /dev/null. A command that fails ends everything: a figure of work that was not done is worse
 * than none.
 *
 * PATH of a timed command leads nowhere: LXC prefers newuidmap where it finds it, which asks
 * /etc/subuid for leave and costs it two programs; as root it can map ids without.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_VARIANTS 8
#define MAX_WORDS 64

struct variant {
	char *name, *before, *after;
	char *command;			/* as given, for messages */
	char *argv[MAX_WORDS + 1];
	int mntns;			/* -1: ours */
	double *us;			/* of each round */
	double *ratio;
};

static char **timed_env;

static void __attribute__((noreturn)) die(const char *what, const char *name)
{
	fprintf(stderr, "bench-pairs: %s '%s'%s%s\n", what, name, errno ? ": " : "", errno ? strerror(errno) : "");
	exit(1);
}

static char *read_line(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n = getline(&line, &size, stdin);

	if (n < 0) {
		free(line);
		return NULL;
	}
	if (n && line[n - 1] == '\n')
		line[n - 1] = '\0';
	return line;
}

static int read_variant(struct variant *v)
{
	char *ns, *copy, *save = NULL, path[64];
	int n = 0;

	v->name = read_line();
	ns = read_line();
	v->before = read_line();
	v->command = read_line();
	v->after = read_line();
	errno = 0;
	if (!v->after)
		return 0;
	v->mntns = -1;
	if (strcmp(ns, "-") != 0) {
		(void)snprintf(path, sizeof(path), "/proc/%s/ns/mnt", ns);
		v->mntns = open(path, O_RDONLY | O_CLOEXEC);
		if (v->mntns < 0)
			die("cannot open", path);
	}
	free(ns);
	copy = strdup(v->command);
	for (char *w = strtok_r(copy, " ", &save); w && n < MAX_WORDS; w = strtok_r(NULL, " ", &save))
		v->argv[n++] = w;
	return n > 0;
}

/* Our environment with another PATH. */
static char **make_env(void)
{
	static char path[] = "PATH=/nonexistent";
	size_t n = 0, out = 0;
	char **env;

	while (environ[n])
		n++;
	env = calloc(n + 2, sizeof(*env));
	if (!env)
		die("no memory for", "environment");
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "PATH=", 5) != 0)
			env[out++] = environ[i];
	env[out] = path;
	return env;
}

static void run_untimed(const char *command)
{
	if (strcmp(command, "-") == 0)
		return;
	errno = 0;
	if (system(command) != 0)
		die("command failed", command);
}

static double now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double run_timed(const struct variant *v, int null)
{
	double start = now_us(), end;
	pid_t pid = vfork();
	int status;

	if (pid < 0)
		die("cannot fork for", v->name);
	if (pid == 0) {
		/* Only system calls here: the memory is the parent's. */
		if (v->mntns >= 0 && setns(v->mntns, CLONE_NEWNS) < 0)
			_exit(126);
		for (int i = 0; i < 3; i++)
			if (dup2(null, i) < 0)
				_exit(126);
		(void)execve(v->argv[0], v->argv, timed_env);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("cannot wait for", v->name);
	end = now_us();
	errno = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		die("command failed", v->command);
	return end - start;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *list, int n)
{
	qsort(list, (size_t)n, sizeof(*list), compare);
	return n % 2 ? list[n / 2] : (list[n / 2 - 1] + list[n / 2]) / 2;
}

int main(int argc, char **argv)
{
	static struct variant v[MAX_VARIANTS];
	int rounds = argc == 2 || argc == 3 ? atoi(argv[1]) : 0;
	int step = argc == 3 ? atoi(argv[2]) : 1;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int n = 0;

	if (rounds < 1 || step < 1 || null < 0) {
		fprintf(stderr, "usage: bench-pairs ROUNDS [STEP] < variants\n");
		return 2;
	}
	timed_env = make_env();
	while (n < MAX_VARIANTS && read_variant(&v[n]))
		n++;
	for (int i = 0; i < n; i++) {
		v[i].us = calloc((size_t)rounds, sizeof(double));
		v[i].ratio = calloc((size_t)rounds, sizeof(double));
		if (!v[i].us || !v[i].ratio)
			die("no memory for", v[i].name);
	}
	for (int round = -1; round < rounds; round++)
		for (int i = 0; i < n; i++) {
			double us;

			run_untimed(v[i].before);
			us = run_timed(&v[i], null);
			run_untimed(v[i].after);
			if (round < 0)
				continue;
			v[i].us[round] = us;
			v[i].ratio[round] = v[i % step].us[round] / us;
		}
	for (int i = 0; i < n; i++) {
		double ratio = median(v[i].ratio, rounds);

		printf("%s\t%.0f\t%.4f\n", v[i].name, median(v[i].us, rounds), ratio);
	}
	return 0;
}
