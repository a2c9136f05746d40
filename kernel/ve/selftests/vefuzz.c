// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does to virtual environments what nobody in his right mind would, in no order, from several
 * processes at once, with memory that runs out where the kernel can be made to (failslab).
 *
 *	vefuzz [-s SEED] [-t SECONDS] [-j WORKERS]
 *
 * A seed gives each worker the same operations again; how they meet is up to the scheduler. What is
 * right is seen at the end: every cgroup can be removed, no VE is left in the kernel's memory, and
 * the kernel's log has no complaint.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "util.h"

#define NR_SLOTS	6
#define NR_POOL		64
#define MAX_CHILDREN	6
#define MAX_WORKERS	64
#define NR_RESULTS	160

/* What all workers see. */
static struct shared {
	unsigned long	counts[64][NR_RESULTS];
	pid_t		pool[NR_POOL];		/* processes that were made, alive or not */
} *shared;

static __u64 state;
static pid_t children[MAX_CHILDREN];
static struct nl nl;
static bool can_fail;

/* ---- chance ---- */

static __u64 chance(__u64 below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state * 0x2545f4914f6cdd1dULL >> 32) % below;
}

static const char *a_slot(void)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/s%d%s", base, (int)chance(NR_SLOTS),
		 chance(6) ? "" : chance(4) ? "/a" : "/a/b");
	return path;
}

static pid_t a_pid(void)
{
	switch (chance(8)) {
	case 0:
		return chance(4);
	case 1:
		return getpid();
	case 2:
		return chance(40000);
	default:
		return shared->pool[chance(NR_POOL)];
	}
}

static const char *garbage(void)
{
	static char text[200];
	size_t len = chance(chance(8) ? 12 : sizeof(text));

	for (size_t i = 0; i < len; i++)
		text[i] = 1 + chance(255);
	text[len] = '\0';
	return text;
}

static const char *a_number(void)
{
	static char text[32];
	static const long edges[] = { -1, 0, 1, 2, 8192, 8193, 2147483647, 2147483648, 4294967296 };
	long number = chance(12) + 1;

	if (chance(2))
		number = edges[chance(ARRAY_SIZE(edges))];
	snprintf(text, sizeof(text), "%ld", number);
	return text;
}

static const char *a_text(void)
{
	static const char *const words[] = {
		"START", "STOP", "max", "", "\n", "+procview", "-procview", "+cpuview -detect",
		"-cpuview", "+detect", "6.12.0-1-ve", "4.18.0", "web", "+nothing", "  1  ", "1 2",
	};

	switch (chance(4)) {
	case 0:
		return garbage();
	case 1:
		return a_number();
	default:
		return words[chance(ARRAY_SIZE(words))];
	}
}

static const char *a_file(void)
{
	static const char *const files[] = {
		"ve.id", "ve.state", "ve.bind", "ve.name", "ve.osrelease", "ve.features", "ve.cpus",
		"ve.events", "ve.loadavg",
	};

	return files[chance(ARRAY_SIZE(files))];
}

/* ---- what is read ---- */

static int read_path(const char *path)
{
	char buf[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret = 0;

	if (fd < 0)
		return -errno;
	for (int i = 0; i < 64; i++) {
		ssize_t len = read(fd, buf, 1 + chance(sizeof(buf)));

		if (len <= 0) {
			ret = len ? -errno : 0;
			break;
		}
	}
	close(fd);
	return ret;
}

static int list_directory(const char *path)
{
	DIR *dir = opendir(path);

	if (!dir)
		return -errno;
	while (readdir(dir))
		;
	closedir(dir);
	return 0;
}

static int read_views(void)
{
	static const char *const views[] = {
		"/proc/meminfo", "/proc/swaps", "/proc/cpuinfo", "/proc/stat", "/proc/uptime",
		"/proc/loadavg", "/proc/version", "/proc/self/status", "/proc/1/status", "/proc/bc",
		"/proc/vz/version", "/proc/vz/veinfo", "/proc/vz/vestat", "/proc/vmstat",
		"/proc/sys/kernel/osrelease", "/sys/devices/system/cpu/online",
	};
	struct sysinfo info;
	cpu_set_t set;

	switch (chance(8)) {
	case 0:
		return sysinfo(&info) ? -errno : 0;
	case 1:
		return sched_getaffinity(0, sizeof(set), &set) ? -errno : 0;
	case 2:
		CPU_ZERO(&set);
		CPU_SET(chance(8), &set);
		CPU_SET(0, &set);
		return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
	case 3:
		return list_directory(chance(2) ? "/proc" : "/proc/vz");
	default:
		return read_path(views[chance(ARRAY_SIZE(views))]);
	}
}

static int read_view_of_child(void)
{
	static const char *const names[] = { "meminfo", "stat", "cpuinfo", "loadavg", "vz/veinfo" };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s%s", a_pid(), chance(2) ? "root/proc/" : "",
		 chance(2) ? names[chance(ARRAY_SIZE(names))] : "status");
	return read_path(path);
}

static int read_ve_file(void)
{
	char path[400];

	snprintf(path, sizeof(path), "%s/%s", a_slot(), a_file());
	return read_path(path);
}

/* ---- what a container does with its life ---- */

/* What its descriptor says, if it may: START. */
static void live(int state_fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chance(3) == 0)
		mount("proc", "/proc", "proc", 0, NULL);
	for (int steps = chance(40); steps; steps--) {
		switch (chance(12)) {
		case 0:
			if (write(state_fd, "START", 5) < 0)
				continue;
			break;
		case 1:
			if (!fork())
				_exit(0);
			break;
		case 2:
			unshare(chance(2) ? CLONE_NEWUSER : CLONE_NEWPID | CLONE_NEWNS);
			break;
		case 3:
			usleep(chance(20000));
			break;
		case 4:
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
			break;
		case 5:
			write_file(a_slot(), a_file(), a_text());
			break;
		case 6:
			if (!clone_process(chance(2) ? CLONE_NEWUSER : 0, a_slot()))
				_exit(0);
			break;
		case 7:
			write_pid(a_slot(), "cgroup.procs", getpid());
			break;
		default:
			read_views();
		}
	}
	_exit(0);
}

static pid_t *free_child(void)
{
	for (int i = 0; i < MAX_CHILDREN; i++)
		if (!children[i])
			return &children[i];
	return NULL;
}

static void remember(pid_t pid)
{
	*free_child() = pid;
	shared->pool[chance(NR_POOL)] = pid;
}

static void reap(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		for (int i = 0; i < MAX_CHILDREN; i++)
			if (children[i] == pid)
				children[i] = 0;
}

static void map_ids(pid_t pid)
{
	char dir[32];

	snprintf(dir, sizeof(dir), "/proc/%d", pid);
	write_file(dir, "uid_map", "0 0 1");
	write_file(dir, "gid_map", "0 0 1");
}

static int start(void)
{
	static const __u64 bits[] = {
		CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWUTS, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWIPC,
		CLONE_NEWCGROUP,
	};
	__u64 flags = chance(4) ? CT_FLAGS : 0;
	const char *slot = a_slot();
	char path[400];
	pid_t pid;
	int fd;

	reap();
	if (!free_child())
		return -EAGAIN;
	if (!chance(4))
		flags ^= bits[chance(ARRAY_SIZE(bits))];
	snprintf(path, sizeof(path), "%s/ve.state", slot);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	pid = clone_process(flags, chance(5) ? slot : NULL);
	if (!pid) {
		state += getppid() * 2 + chance(1000);
		live(fd);
	}
	if (fd >= 0)
		close(fd);
	if (pid < 0)
		return -errno;
	remember(pid);
	if (flags & CLONE_NEWUSER)
		map_ids(pid);
	return chance(2) ? 0 : write_pid(slot, "ve.bind", pid);
}

/* Only its own: another's pid may be somebody else's by now. */
static pid_t a_child(void)
{
	reap();
	return children[chance(MAX_CHILDREN)];
}

static int kill_child(void)
{
	pid_t pid = a_child();

	return !pid ? -ECHILD : kill(pid, chance(4) ? SIGKILL : SIGSTOP) ? -errno : 0;
}

static int move_child(void)
{
	pid_t pid = a_child();

	return pid ? write_pid(chance(4) ? a_slot() : base, "cgroup.procs", pid) : -ECHILD;
}

/* ---- cgroups ---- */

static int make_slot(void)
{
	return mkdir(a_slot(), 0755) ? -errno : 0;
}

static int remove_slot(void)
{
	return rmdir(a_slot()) ? -errno : 0;
}

static int set_id(void)
{
	return write_file(a_slot(), "ve.id", a_number());
}

static int write_something(void)
{
	return write_file(a_slot(), a_file(), a_text());
}

static int bind_somebody(void)
{
	return write_pid(a_slot(), "ve.bind", a_pid());
}

static int switch_controller(void)
{
	return write_file(a_slot(), "cgroup.subtree_control", chance(3) ? "+ve" : "-ve");
}

static int make_threaded(void)
{
	return chance(8) ? -EAGAIN : write_file(a_slot(), "cgroup.type", "threaded");
}

static int kill_slot(void)
{
	return write_file(a_slot(), "cgroup.kill", "1");
}

static int freeze_slot(void)
{
	return write_file(a_slot(), "cgroup.freeze", chance(3) ? "0" : "1");
}

/* ---- netlink ---- */

static int send_garbage(void)
{
	struct {
		struct nlmsghdr		nl;
		struct genlmsghdr	genl;
		unsigned char		data[64];
	} m = {
		.nl = { .nlmsg_type = nl.family, .nlmsg_flags = NLM_F_REQUEST | chance(0x1000) },
		.genl = { .cmd = chance(6), .version = chance(3) },
	};
	char buf[4096];

	m.nl.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN) + chance(sizeof(m.data));
	for (size_t i = 0; i < sizeof(m.data); i++)
		m.data[i] = chance(3) ? chance(8) : chance(256);
	if (send(nl.fd, &m, chance(8) ? m.nl.nlmsg_len : chance(sizeof(m)), 0) < 0)
		return -errno;
	while (recv(nl.fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	return 0;
}

static int list_or_ask(void)
{
	struct nl other;
	struct nl_ve list[4];
	int ret = nl_open(&other);

	if (!ret && !chance(3))
		ret = nl_subscribe(&other);
	if (!ret)
		ret = chance(2) ? nl_dump(&other, list, 4) : nl_get(&other, 1 + chance(12), list);
	if (other.fd >= 0)
		close(other.fd);
	return ret < 0 ? ret : 0;
}

/* ---- the workers ---- */

static const struct {
	const char	*name;
	unsigned int	weight;
	int		(*run)(void);
} operations[] = {
	{ "mkdir",	6,	make_slot },
	{ "rmdir",	4,	remove_slot },
	{ "id",		8,	set_id },
	{ "write",	12,	write_something },
	{ "bind",	8,	bind_somebody },
	{ "start",	14,	start },
	{ "kill",	6,	kill_child },
	{ "move",	6,	move_child },
	{ "controller",	3,	switch_controller },
	{ "threaded",	1,	make_threaded },
	{ "killall",	2,	kill_slot },
	{ "freeze",	2,	freeze_slot },
	{ "read",	8,	read_ve_file },
	{ "views",	6,	read_views },
	{ "child",	6,	read_view_of_child },
	{ "garbage",	6,	send_garbage },
	{ "netlink",	4,	list_or_ask },
};

static unsigned int an_operation(void)
{
	unsigned int sum = 0, i, at;

	for (i = 0; i < ARRAY_SIZE(operations); i++)
		sum += operations[i].weight;
	at = chance(sum);
	for (i = 0; at >= operations[i].weight; i++)
		at -= operations[i].weight;
	return i;
}

static void fail_from_now(const char *how)
{
	if (can_fail)
		write_file("/proc/self", "make-it-fail", how);
}

static void work(__u64 seed, time_t until)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	state = seed * 0x9e3779b97f4a7c15ULL | 1;
	nl_open(&nl);
	while (time(NULL) < until) {
		unsigned int op = an_operation();
		bool fails = !chance(4);
		int ret;

		if (fails)
			fail_from_now("1");
		ret = operations[op].run();
		if (fails)
			fail_from_now("0");
		if (ret > 0 || ret <= -NR_RESULTS)
			ret = 0;
		__atomic_add_fetch(&shared->counts[op][-ret], 1, __ATOMIC_RELAXED);
		reap();
	}
	_exit(0);
}

/* One allocation of twenty fails, of the processes that ask for it. */
static void prepare_failures(void)
{
	static const char dir[] = "/sys/kernel/debug/failslab";

	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	can_fail = !access("/proc/self/make-it-fail", W_OK) &&
		   !write_file(dir, "task-filter", "Y") &&
		   !write_file(dir, "probability", "5") && !write_file(dir, "times", "-1") &&
		   !write_file(dir, "verbose", "0") && !write_file(dir, "ignore-gfp-wait", "N");
}

/* ---- what is right ---- */

static bool complains(const char *line)
{
	static const char *const words[] = {
		"WARNING:", "BUG:", "Oops", "KASAN", "INFO: possible", "INFO: task", "refcount_t:",
		"general protection", "kernel BUG", "list_add corruption", "list_del corruption",
		"unreferenced object", "ODEBUG:", "rcu: INFO",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

static unsigned int complaints(int log)
{
	unsigned int count = 0;
	char line[2048];
	ssize_t len;

	for (;;) {
		len = read(log, line, sizeof(line) - 1);
		if (len < 0 && errno == EPIPE)
			continue;
		if (len <= 0)
			break;
		line[len] = '\0';
		if (complains(line)) {
			printf("log: %s", line);
			count++;
		}
	}
	return count;
}

/* From the leaves up; what is frozen or stopped dies as well. */
static bool remove_below(const char *path)
{
	bool all = true;
	struct dirent *entry;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir))) {
		char child[600];

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		all &= remove_below(child) && (!rmdir(child) || errno == ENOENT);
	}
	if (dir)
		closedir(dir);
	return all;
}

static bool all_removed(const char *path)
{
	write_file(path, "cgroup.kill", "1");
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return remove_below(path);
}

static void print_counts(void)
{
	unsigned long total = 0;

	for (unsigned int op = 0; op < ARRAY_SIZE(operations); op++) {
		printf("%-10s", operations[op].name);
		for (int result = 0; result < NR_RESULTS; result++) {
			if (!shared->counts[op][result])
				continue;
			printf(" %s:%lu", result ? strerrorname_np(result) : "ok",
			       shared->counts[op][result]);
			total += shared->counts[op][result];
		}
		printf("\n");
	}
	printf("operations: %lu\n", total);
}

int main(int argc, char **argv)
{
	unsigned int seconds = 120, workers = 4, bad = 0;
	__u64 seed = time(NULL) ^ getpid();
	pid_t pids[MAX_WORKERS];
	long before, after;
	int option, log;

	while ((option = getopt(argc, argv, "s:t:j:")) != -1) {
		if (option == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (option == 't')
			seconds = strtoul(optarg, NULL, 0);
		else if (option == 'j')
			workers = strtoul(optarg, NULL, 0);
		else
			return 2;
	}
	if (workers < 1 || workers > MAX_WORKERS)
		return 2;
	printf("seed: %llu\n", (unsigned long long)seed);
	open_base();
	prepare_failures();
	printf("failures: %s\n", can_fail ? "failslab" : "this kernel makes none");
	fflush(stdout);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	lseek(log, 0, SEEK_END);
	before = count_objects();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (unsigned int i = 0; i < workers; i++) {
		pids[i] = fork();
		if (!pids[i])
			work(seed + i, time(NULL) + seconds);
	}
	for (unsigned int i = 0; i < workers; i++)
		waitpid(pids[i], NULL, 0);

	print_counts();
	if (!wait_until(all_removed, base)) {
		printf("not all cgroups can be removed\n");
		bad++;
	}
	close_base();
	after = wait_for_objects(before) ? before : count_objects();
	printf("objects: %ld before, %ld after\n", before, after);
	bad += after != before;
	bad += complaints(log);
	printf("%s\n", bad ? "BAD" : "good");
	return bad > 0;
}
