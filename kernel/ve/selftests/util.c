// SPDX-License-Identifier: GPL-2.0-only
/* Cgroups, containers and a runner for the tests of virtual environments. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../kselftest.h"
#include "util.h"

#define MAX_MADE	64
#define WAIT_MS		10000

char base[256];
char cgroup_root[200];
unsigned int rounds = 500;

static char *made[MAX_MADE];
static unsigned int nr_made;
static struct container *containers[MAX_MADE];
static unsigned int nr_containers;
static unsigned int failures;
static const char *skipped;

/* ---- the runner ---- */

bool check_at(bool holds, const char *file, int line, const char *what)
{
	if (holds)
		return true;
	failures++;
	ksft_print_msg("%s:%d: not so: %s\n", file, line, what);
	return false;
}

bool check_eq_at(long got, long want, const char *file, int line, const char *what)
{
	if (got == want)
		return true;
	failures++;
	ksft_print_msg("%s:%d: %s is %ld, expected %ld\n", file, line, what, got, want);
	return false;
}

bool check_text_at(const char *got, const char *want, const char *file, int line, const char *what)
{
	if (!strcmp(got, want))
		return true;
	failures++;
	ksft_print_msg("%s:%d: %s is \"%s\", expected \"%s\"\n", file, line, what, got, want);
	return false;
}

void skip_test(const char *reason)
{
	skipped = reason;
}

static void run_test(const struct test *test)
{
	failures = 0;
	skipped = NULL;
	test->run();
	if (!end_test())
		failures++;
	if (failures)
		ksft_test_result_fail("%s\n", test->name);
	else if (skipped)
		ksft_test_result_skip("%s: %s\n", test->name, skipped);
	else
		ksft_test_result_pass("%s\n", test->name);
}

static bool is_wanted(const struct test *test, char **names)
{
	for (char **name = names; *name; name++)
		if (strstr(test->name, *name))
			return true;
	return !*names;
}

int run_tests(const struct test *tests, unsigned int nr, int argc, char **argv)
{
	unsigned int i, wanted = 0;
	int option;

	while ((option = getopt(argc, argv, "n:")) != -1) {
		rounds = option == 'n' ? strtoul(optarg, NULL, 10) : 0;
		if (!rounds) {
			fprintf(stderr, "usage: %s [-n ROUNDS] [PART-OF-A-NAME...]\n", argv[0]);
			return KSFT_FAIL;
		}
	}
	for (i = 0; i < nr; i++)
		wanted += is_wanted(&tests[i], argv + optind);
	ksft_print_header();
	open_base();
	ksft_set_plan(wanted);
	for (i = 0; i < nr; i++)
		if (is_wanted(&tests[i], argv + optind))
			run_test(&tests[i]);
	close_base();
	ksft_finished();
}

/* ---- files ---- */

int write_file(const char *dir, const char *file, const char *text)
{
	char path[512];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

int write_pid(const char *dir, const char *file, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	return write_file(dir, file, text);
}

int read_file(const char *dir, const char *file, char *buf, size_t size)
{
	char path[512];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, buf, size - 1);
	close(fd);
	if (len < 0)
		return -errno;
	buf[len] = '\0';
	if (len && buf[len - 1] == '\n')
		buf[len - 1] = '\0';
	return 0;
}

const char *text_of(const char *dir, const char *file)
{
	static char buf[4][4096];
	static unsigned int next;
	char *text = buf[next++ % ARRAY_SIZE(buf)];
	int ret = read_file(dir, file, text, sizeof(buf[0]));

	if (ret)
		snprintf(text, sizeof(buf[0]), "error %d", -ret);
	return text;
}

/* ---- cgroups ---- */

static void find_cgroup_root(void)
{
	char line[1024], path[200];
	FILE *mounts = fopen("/proc/self/mounts", "r");

	while (mounts && !cgroup_root[0] && fgets(line, sizeof(line), mounts))
		if (strstr(line, " cgroup2 ") && sscanf(line, "%*s %199s", path) == 1)
			snprintf(cgroup_root, sizeof(cgroup_root), "%s", path);
	if (mounts)
		fclose(mounts);
}

static bool has_controller(void)
{
	char list[512];

	return !read_file(cgroup_root, "cgroup.controllers", list, sizeof(list)) &&
	       (!strcmp(list, "ve") || strstr(list, " ve") || !strncmp(list, "ve ", 3));
}

void open_base(void)
{
	find_cgroup_root();
	if (geteuid())
		ksft_exit_skip("root is needed\n");
	if (!cgroup_root[0] || !has_controller())
		ksft_exit_skip("there is no controller \"ve\" in a cgroup2 hierarchy\n");
	snprintf(base, sizeof(base), "%s/ve_test.%d", cgroup_root, getpid());
	if (write_file(cgroup_root, "cgroup.subtree_control", "+ve") || mkdir(base, 0755) ||
	    write_file(base, "cgroup.subtree_control", "+ve"))
		ksft_exit_fail_perror("a cgroup with the controller");
}

void close_base(void)
{
	if (rmdir(base))
		ksft_perror(base);
}

const char *make_cgroup(const char *parent, const char *name)
{
	char *path;

	if (nr_made == MAX_MADE || asprintf(&path, "%s/%s", parent, name) < 0)
		ksft_exit_fail_msg("too many cgroups\n");
	if (mkdir(path, 0755))
		ksft_exit_fail_perror(path);
	made[nr_made++] = path;
	return path;
}

const char *make_ve(const char *name, const char *id)
{
	const char *cgroup = make_cgroup(base, name);

	check_eq(write_file(cgroup, "ve.id", id), 0);
	return cgroup;
}

pid_t other_process(const char *cgroup, pid_t not_this)
{
	char *list = strdup(text_of(cgroup, "cgroup.procs")), *state, *word;
	pid_t pid = 0;

	for (word = strtok_r(list, "\n", &state); word && !pid; word = strtok_r(NULL, "\n", &state))
		if (atoi(word) != not_this)
			pid = atoi(word);
	free(list);
	return pid;
}

bool wait_until(bool (*done)(const char *text), const char *text)
{
	for (int ms = 0; ms < WAIT_MS; ms += 10) {
		if (done(text))
			return true;
		usleep(10000);
	}
	return done(text);
}

static bool remove_cgroup(const char *cgroup)
{
	return !rmdir(cgroup) || errno == ENOENT;
}

bool end_test(void)
{
	bool all = true;

	write_file(base, "cgroup.kill", "1");
	while (nr_containers)
		kill_container(containers[nr_containers - 1]);
	while (nr_made) {
		char *cgroup = made[--nr_made];

		if (!wait_until(remove_cgroup, cgroup)) {
			ksft_print_msg("%s cannot be removed: %s\n", cgroup, strerror(errno));
			all = false;
		}
		free(cgroup);
	}
	return all;
}

/* ---- containers ---- */

struct call {
	int	(*fn)(const char *text);
	char	text[512];
};

pid_t clone_process(__u64 flags, const char *cgroup)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	pid_t pid;

	if (cgroup) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = open(cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid && cgroup) {
		int saved = errno;

		close(args.cgroup);
		errno = saved;
	}
	return pid;
}

int pidfd_of(pid_t pid)
{
	return syscall(SYS_pidfd_open, pid, 0);
}

static void obey(int socket)
{
	struct call call;
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(socket, &call, sizeof(call)) == sizeof(call)) {
		ret = call.fn(call.text);
		if (write(socket, &ret, sizeof(ret)) != sizeof(ret))
			break;
	}
	_exit(0);
}

/* Root of the container is root of the host: what it may not do is for want of capabilities. */
static void map_root(pid_t pid)
{
	char dir[32];

	snprintf(dir, sizeof(dir), "/proc/%d", pid);
	if (write_file(dir, "uid_map", "0 0 1") || write_file(dir, "gid_map", "0 0 1"))
		ksft_exit_fail_perror("the id maps of a container");
}

struct container *start_container(const char *cgroup, __u64 flags)
{
	struct container *ct = malloc(sizeof(*ct));
	int pair[2];

	if (nr_containers == MAX_MADE || !ct ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		ksft_exit_fail_msg("too many containers\n");
	ct->socket = pair[0];
	ct->pid = clone_process(flags, cgroup);
	if (ct->pid < 0)
		ksft_exit_fail_perror("clone3");
	if (!ct->pid) {
		close(pair[0]);
		obey(pair[1]);
	}
	close(pair[1]);
	if (flags & CLONE_NEWUSER)
		map_root(ct->pid);
	containers[nr_containers++] = ct;
	return ct;
}

int call_container(struct container *ct, int (*fn)(const char *text), const char *text)
{
	struct call call = { .fn = fn };
	int ret;

	snprintf(call.text, sizeof(call.text), "%s", text);
	if (write(ct->socket, &call, sizeof(call)) != sizeof(call) ||
	    read(ct->socket, &ret, sizeof(ret)) != sizeof(ret))
		return -EPIPE;
	return ret;
}

void leave_container(struct container *ct)
{
	shutdown(ct->socket, SHUT_RDWR);
}

void kill_container(struct container *ct)
{
	kill(ct->pid, SIGKILL);
	waitpid(ct->pid, NULL, 0);
	close(ct->socket);
	for (unsigned int i = 0; i < nr_containers; i++)
		if (containers[i] == ct)
			containers[i] = containers[--nr_containers];
	free(ct);
}

/* ---- the kernel ---- */

/* Shrinking takes free objects out of the lists of each CPU, where they count as used. */
long count_objects(void)
{
	char line[256];
	long count = -1;
	FILE *info;

	write_file("/sys/kernel/slab/ve", "shrink", "1");
	info = fopen("/proc/slabinfo", "r");
	while (info && fgets(line, sizeof(line), info))
		if (sscanf(line, "ve %ld", &count) == 1)
			break;
	if (info)
		fclose(info);
	return count;
}

/* They go some time after their cgroup, by way of RCU and workers. */
bool wait_for_objects(long count)
{
	for (int i = 0; i < 60 && count_objects() > count; i++)
		sleep(1);
	return count_objects() <= count;
}
