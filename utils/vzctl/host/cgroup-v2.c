/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Version 2: its root, its controllers, and what a group can tell about itself: who is in it, whether
 * it is frozen, when it is empty.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include <linux/magic.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/strv.h"
#include "host/cgroup-priv.h"

#define PROC_FILE_MAX (64 << 20)

/* A mount of the whole cgroup2 tree at an unusual place. */
static int open_by_mountinfo(void)
{
	auto_free char *text = NULL;
	auto_strv char **lines = NULL;
	int r;

	r = file_read(AT_FDCWD, "/proc/self/mountinfo", PROC_FILE_MAX, &text, NULL);
	if (r == 0)
		r = strv_split(text, "\n", &lines);
	if (r < 0)
		return r;
	for (size_t i = 0; lines && lines[i]; i++) {
		auto_free char *root = NULL;
		auto_free char *place = NULL;
		int fd;

		if (!strstr(lines[i], " - cgroup2 ") ||
		    sscanf(lines[i], "%*s %*s %*s %ms %ms", &root, &place) != 2 ||
		    strcmp(root, "/") != 0)
			continue;
		str_unescape_octal(place);
		fd = cgroup_open_if(place, CGROUP2_SUPER_MAGIC);
		if (fd >= 0)
			return fd;
	}
	return -ENOENT;
}

/*
 * A mount that hangs nowhere. The options are those systemd uses: mounting from the initial cgroup
 * namespace sets them for every mount of the tree, also for one in a mount namespace we cannot see.
 */
static int mount_own(void)
{
	auto_close int fs = fsopen("cgroup2", FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0)
		return -errno;
	/* An older kernel may lack them, and they matter to others only. */
	(void)fsconfig(fs, FSCONFIG_SET_FLAG, "nsdelegate", NULL, 0);
	(void)fsconfig(fs, FSCONFIG_SET_FLAG, "memory_recursiveprot", NULL, 0);
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return fd < 0 ? -errno : fd;
}

int cgroup_v2_open_root(int *ret_fd, bool *ret_own)
{
	bool own = false;
	int fd = cgroup_open_if("/sys/fs/cgroup", CGROUP2_SUPER_MAGIC);

	if (fd < 0)
		fd = cgroup_open_if("/sys/fs/cgroup/unified", CGROUP2_SUPER_MAGIC);
	if (fd < 0)
		fd = open_by_mountinfo();
	if (fd < 0) {
		fd = mount_own();
		own = true;
	}
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	*ret_own = own;
	return 0;
}

int cgroup_v2_enable(int root, const char *parent, const char *withheld)
{
	const char *dir = *parent ? parent : ".";
	auto_free char *control = path_join(dir, "cgroup.subtree_control");
	auto_free char *path = path_join(dir, "cgroup.controllers");
	auto_free char *has = NULL;
	auto_free char *given = NULL;
	auto_strv char **has_names = NULL;
	auto_strv char **given_names = NULL;
	auto_strv char **missing = NULL;
	auto_free char *all = NULL;
	int r;

	if (!control || !path)
		return -ENOMEM;
	r = file_read_line(root, path, &has);
	if (r == 0)
		r = file_read_line(root, control, &given);
	if (r == 0)
		r = strv_split(has, " ", &has_names);
	if (r == 0)
		r = strv_split(given, " ", &given_names);
	for (size_t i = 0; r == 0 && has_names && has_names[i]; i++)
		if (!str_equal(has_names[i], withheld) && strv_find(given_names, has_names[i]) < 0)
			r = strv_addf(&missing, "+%s", has_names[i]);
	if (r < 0 || !missing)
		return r;
	all = strv_join(missing, " ");
	if (!all)
		return -ENOMEM;
	r = file_write(root, control, all);
	if (r == 0 || r == -ENOENT || r == -ENODEV)
		return r;
	/*
	 * The kernel takes all or none. One that refuses (cpu, while a realtime task lives outside
	 * the root; any, in a group that has processes of its own) must not cost us the others. Who
	 * needs it finds its files missing and can say which parameter that concerns.
	 */
	for (size_t i = 0; missing[i]; i++)
		(void)file_write(root, control, missing[i]);
	return 0;
}

int cgroup_of(pid_t pid, char **ret)
{
	auto_free char *path = str_printf("/proc/%d/cgroup", (int)pid);
	auto_free char *text = NULL;
	auto_strv char **lines = NULL;
	int r;

	if (!path)
		return -ENOMEM;
	r = file_read(AT_FDCWD, path, PROC_FILE_MAX, &text, NULL);
	if (r == 0)
		r = strv_split(text, "\n", &lines);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	for (size_t i = 0; lines && lines[i]; i++) {
		if (!str_has_prefix(lines[i], "0::/"))
			continue;
		*ret = strdup(lines[i] + strlen("0::/"));
		return *ret ? 0 : -ENOMEM;
	}
	return -ENODATA;
}

/* The group of a process as whoever shares its cgroup namespace sees it. */
static int seen_inside(pid_t pid, char **ret)
{
	auto_free char *path = str_printf("/proc/%d/ns/cgroup", (int)pid);
	auto_close int own = open("/proc/self/ns/cgroup", O_RDONLY | O_CLOEXEC);
	auto_close int its = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	int r;

	if (own < 0 || its < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	if (setns(its, CLONE_NEWCGROUP) < 0)
		return -errno;
	r = cgroup_of(pid, ret);
	if (setns(own, CLONE_NEWCGROUP) == 0)
		return r;
	if (r == 0)
		free(take_ptr(*ret));
	return -errno;
}

int cgroup_root_of(pid_t pid, char **ret)
{
	auto_free char *path = NULL;
	auto_free char *seen = NULL;
	size_t len, tail;
	int r = cgroup_of(pid, &path);

	if (r == 0)
		r = seen_inside(pid, &seen);
	if (r < 0)
		return r;
	len = strlen(path);
	tail = strlen(seen);
	/* Ours as well: the whole path. Outside of its root, where it was moved later: "../…". */
	if (tail && tail < len && path[len - tail - 1] == '/' && strcmp(path + len - tail, seen) == 0)
		path[len - tail - 1] = '\0';
	*ret = take_ptr(path);
	return 0;
}

struct pids {
	pid_t *list;
	size_t n, size;
};

static int add_pid(struct pids *p, pid_t pid)
{
	if (p->n == p->size) {
		size_t size = p->size ? p->size * 2 : 64;
		pid_t *bigger = realloc(p->list, size * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		p->list = bigger;
		p->size = size;
	}
	p->list[p->n++] = pid;
	return 0;
}

static int collect_visited(int parent, const char *name, void *data)
{
	auto_close int dir = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_free char *text = NULL;
	int r;

	if (dir < 0)
		return errno == ENOENT ? 0 : -errno;
	r = file_read(dir, "cgroup.procs", PROC_FILE_MAX, &text, NULL);
	/* A threaded group refuses: its processes are listed further up. */
	if (r == -ENOENT || r == -ENODEV || r == -EOPNOTSUPP)
		return 0;
	for (char *p = text; r == 0 && *p;) {
		char *end;
		long pid = strtol(p, &end, 10);

		if (end == p)
			return -EBADMSG;
		/* 0 is a process outside of our pid namespace. */
		if (pid > 0)
			r = add_pid(data, (pid_t)pid);
		p = end + strspn(end, "\n");
	}
	return r;
}

int cgroup_procs(struct cgroups *cg, const char *group, pid_t **ret)
{
	struct pids p = { 0 };
	int r = cgroup_walk(cg->v2, group, collect_visited, &p);

	if (r < 0) {
		free(p.list);
		return r;
	}
	*ret = p.list;
	return (int)p.n;
}

static int open_events(struct cgroups *cg, const char *group)
{
	auto_free char *path = path_join(group, "cgroup.events");
	int fd;

	if (!path)
		return -ENOMEM;
	fd = openat(cg->v2, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The number behind key in a cgroup.events that stands at its beginning; -ENOENT if the group is gone. */
static int read_event(int fd, const char *key)
{
	auto_free char *text = NULL;
	auto_strv char **lines = NULL;
	int r;

	r = fd_read_all(fd, PROC_FILE_MAX, &text, NULL);
	if (r == 0)
		r = strv_split(text, "\n", &lines);
	if (r < 0)
		return r == -ENODEV ? -ENOENT : r;
	for (size_t i = 0; lines && lines[i]; i++) {
		size_t n = strlen(key);

		if (strncmp(lines[i], key, n) == 0 && lines[i][n] == ' ')
			return lines[i][n + 1] == '1';
	}
	return -EOPNOTSUPP;
}

static int get_event(struct cgroups *cg, const char *group, const char *key)
{
	auto_close int fd = open_events(cg, group);

	return fd < 0 ? fd : read_event(fd, key);
}

/* Wait until key has the wanted value. The kernel marks every change by POLLPRI. */
static int wait_event(int fd, const char *key, int wanted, usec_t timeout)
{
	usec_t now = now_usec();
	usec_t end = timeout < UINT64_MAX - now ? now + timeout : UINT64_MAX;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLPRI };
		int r = read_event(fd, key);

		if (r < 0 || r == wanted)
			return r < 0 ? r : 0;
		now = now_usec();
		if (now >= end)
			return -ETIMEDOUT;
		/* Rounded up; and a look once a second, for a group that was removed wakes nobody. */
		if (poll(&p, 1, (int)VZ_MIN((end - now + 999) / 1000, (usec_t)1000)) < 0 &&
		    errno != EINTR)
			return -errno;
		if (lseek(fd, 0, SEEK_SET) < 0)
			return -errno;
	}
}

int cgroup_is_populated(struct cgroups *cg, const char *group)
{
	return get_event(cg, group, "populated");
}

int cgroup_is_frozen(struct cgroups *cg, const char *group)
{
	return get_event(cg, group, "frozen");
}

int cgroup_freeze(struct cgroups *cg, const char *group, bool freeze, usec_t timeout)
{
	auto_close int fd = open_events(cg, group);
	int r;

	if (fd < 0)
		return fd;
	r = cgroup_write(cg, group, "cgroup", "cgroup.freeze", freeze ? "1" : "0");
	return r < 0 ? r : wait_event(fd, "frozen", freeze, timeout);
}

int cgroup_wait_empty(struct cgroups *cg, const char *group, usec_t timeout)
{
	auto_close int fd = open_events(cg, group);
	int r = fd < 0 ? fd : wait_event(fd, "populated", 0, timeout);

	return r == -ENOENT ? 0 : r;
}

/* One pid of a list that may be a moment old: by pidfd, and only if that process is in the group. */
static void kill_member(pid_t pid, const char *group)
{
	auto_close int fd = pidfd_open_pid(pid);
	auto_free char *of = NULL;
	size_t n = strlen(group);

	if (fd < 0 || cgroup_of(pid, &of) < 0)
		return;
	if (strncmp(of, group, n) == 0 && (of[n] == '/' || !of[n]))
		(void)pidfd_signal(fd, SIGKILL);
}

int cgroup_v2_kill_by_hand(struct cgroups *cg, const char *group)
{
	int n = 0;

	/* Frozen, nobody forks faster than we count; SIGKILL works in the freezer. */
	(void)cgroup_freeze(cg, group, true, 100 * USEC_PER_MSEC);
	for (int round = 0; round < 100; round++) {
		auto_free pid_t *pids = NULL;

		n = cgroup_procs(cg, group, &pids);
		if (n <= 0)
			break;
		for (int i = 0; i < n; i++)
			kill_member(pids[i], group);
		if (cgroup_wait_empty(cg, group, 10 * USEC_PER_MSEC) != -ETIMEDOUT)
			break;
	}
	(void)cgroup_write(cg, group, "cgroup", "cgroup.freeze", "0");
	return n < 0 ? n : 0;
}

int cgroup_kill(struct cgroups *cg, const char *group)
{
	int r = cgroup_write(cg, group, "cgroup", "cgroup.kill", "1");

	if (r != -ENOENT)
		return r;
	r = cgroup_is_populated(cg, group);
	return r < 0 ? r : cgroup_v2_kill_by_hand(cg, group);
}
