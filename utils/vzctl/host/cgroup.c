/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Groups in all hierarchies at once: made, entered, handed over, removed; their files read and
 * written. Where v1 hierarchies are is cgroup-v1.c's business, the state of a v2 group cgroup-v2.c's.
 *
 * Several vzctl work at the same time below the same parent ("vz"), and the last one to leave removes
 * it. So nothing here trusts a parent to stay: what meets -ENOENT begins again at the top.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/strv.h"
#include "host/cgroup-priv.h"

#define GROUP_FILE_MAX (16 << 20)
#define MAKE_ROUNDS 100				/* how often others may take the parent away */
#define EMPTY_PATIENCE (200 * USEC_PER_MSEC)	/* for killed processes that are still exiting */
#define REMOVE_PATIENCE (500 * USEC_PER_MSEC)

int cgroups_open(struct cgroups **ret)
{
	struct cgroups *cg = calloc(1, sizeof(*cg));
	auto_free char *controllers = NULL;
	int r;

	if (!cg)
		return -ENOMEM;
	cg->v2 = -1;
	r = cgroup_v1_discover(cg);
	if (r == 0)
		r = cgroup_v2_open_root(&cg->v2, &cg->own_v2);
	if (r == 0)
		r = file_read_line(cg->v2, "cgroup.controllers", &controllers);
	if (r == 0)
		r = strv_split(controllers, " ", &cg->v2_controllers);
	if (r < 0) {
		cgroups_close(cg);
		return r;
	}
	*ret = cg;
	return 0;
}

void cgroups_close(struct cgroups *cg)
{
	if (!cg)
		return;
	cgroup_v1_done(cg);
	strv_free(cg->v2_controllers);
	if (cg->v2 >= 0)
		(void)close(cg->v2);
	free(cg);
}

enum cgroup_mode cgroups_mode(const struct cgroups *cg)
{
	for (size_t i = 0; i < cg->n_v1; i++)
		if (cgroup_v1_root(cg, i) >= 0)
			return cg->own_v2 ? CGROUP_PURE_V1 : CGROUP_HYBRID;
	return CGROUP_PURE_V2;
}

/* The root of the v1 hierarchy of a controller; -ENOENT: there is none. */
static int find_v1(const struct cgroups *cg, const char *controller)
{
	for (size_t i = 0; i < cg->n_v1; i++)
		if (strv_find(cg->v1[i].controllers, controller) >= 0)
			return cgroup_v1_root(cg, i);
	return -ENOENT;
}

bool cgroups_is_v1(const struct cgroups *cg, const char *controller)
{
	return find_v1(cg, controller) >= 0;
}

bool cgroups_has_controller(const struct cgroups *cg, const char *controller)
{
	if (find_v1(cg, controller) >= 0 || strv_find(cg->v2_controllers, controller) >= 0)
		return true;
	if (strcmp(controller, "devices") == 0)
		return cgroup_v2_can_filter_devices(cg);
	return strcmp(controller, "freezer") == 0;
}

/* Whatever the umask of the caller: a container has to find its own group below. */
static int make_level(int root, const char *path)
{
	if (mkdirat(root, path, 0755) < 0)
		return errno == EEXIST ? 0 : -errno;
	return fchmodat(root, path, 0755, 0) < 0 ? -errno : 0;
}

/*
 * mkdir -p, one level at a time. prepare() is called for every level once it is there and must not
 * mind being called again; "" is the root.
 */
static int make_group(const struct cgroups *cg, int root, const char *group,
		      int (*prepare)(const struct cgroups *cg, int root, const char *parent, const char *group))
{
	auto_free char *parent = strdup("");
	auto_free char *path = strdup(group);
	int rounds = 0;

	if (!*group)
		return -EINVAL;
	if (!parent || !path)
		return -ENOMEM;
	for (size_t end = 0;;) {
		int r;

		end += 1 + strcspn(group + end + 1, "/");
		path[end] = '\0';
		r = make_level(root, path);
		if (r == 0 && prepare)
			r = prepare(cg, root, parent, path);
		if ((r == -ENOENT || r == -ENODEV) && ++rounds < MAKE_ROUNDS) {
			end = 0;
			strcpy(path, group);
			*parent = '\0';
			continue;
		}
		if (r < 0)
			return r;
		if (!group[end])
			return 0;
		free(parent);
		parent = strndup(group, end);
		if (!parent)
			return -ENOMEM;
		path[end] = '/';
	}
}

static int enable_above(const struct cgroups *cg, int root, const char *parent, const char *group VZ_UNUSED)
{
	return cgroup_v2_enable(root, parent, cg->withheld);
}

static int init_cpuset(const struct cgroups *cg VZ_UNUSED, int root, const char *parent, const char *group)
{
	return cgroup_v1_init_cpuset(root, parent, group);
}

int cgroup_create_v2(struct cgroups *cg, const char *group)
{
	return make_group(cg, cg->v2, group, cg->v2_controllers ? enable_above : NULL);
}

int cgroup_create(struct cgroups *cg, const char *group)
{
	int r = cgroup_create_v2(cg, group);

	for (size_t i = 0; r == 0 && i < cg->n_v1; i++) {
		int root = cgroup_v1_root(cg, i);

		if (root != -ENOENT)
			r = root < 0 ? root : make_group(cg, root, group, cg->v1[i].cpuset ? init_cpuset : NULL);
	}
	return r;
}

void cgroups_withhold(struct cgroups *cg, const char *controller)
{
	cg->withheld = controller;
}

int cgroup_enable(struct cgroups *cg, const char *group, const char *controller)
{
	auto_free char *word = str_printf("+%s", controller);
	auto_free char *above = strdup("");
	int r = word && above ? 0 : -ENOMEM;

	for (size_t end = 0; r == 0; end++) {
		r = cgroup_write(cg, above, "cgroup", "cgroup.subtree_control", word);
		end += strcspn(group + end, "/");
		if (!group[end])
			break;
		free(above);
		above = strndup(group, end);
		if (!above)
			return -ENOMEM;
	}
	return r;
}

static int disable_visited(int parent, const char *name, void *data)
{
	auto_close int dir = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = dir < 0 ? -errno : file_write(dir, "cgroup.subtree_control", data);

	/* Gone since it was listed: nothing is switched on there. */
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

int cgroup_disable_below(struct cgroups *cg, const char *group, const char *controller)
{
	auto_free char *word = str_printf("-%s", controller);

	return word ? cgroup_walk(cg->v2, group, disable_visited, word) : -ENOMEM;
}

int cgroup_delegate(struct cgroups *cg, const char *group, uid_t uid, gid_t gid)
{
	static const struct {
		const char *name;
		bool optional;	/* depends on the kernel or on controllers */
	} files[] = {
		{ "cgroup.procs",           false },
		{ "cgroup.threads",         true },
		{ "cgroup.subtree_control", false },
		{ "memory.oom.group",       true },
		{ "memory.reclaim",         true },
	};
	auto_close int fd = cgroup_fd(cg, group);

	if (fd < 0)
		return fd;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (fchownat(fd, files[i].name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 &&
		    !(errno == ENOENT && files[i].optional))
			return -errno;
	/* The directory last: whoever sees it changed finds the rest done. */
	return fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

int cgroup_max_depth(struct cgroups *cg, const char *group)
{
	auto_free char *path = path_join(group, "cgroup.max.depth");
	auto_free char *text = NULL;
	uint64_t depth;

	if (!path || file_read_line(cg->v2, path, &text) < 0 || parse_u64_range(text, 0, INT32_MAX, &depth) < 0)
		return -1;
	return (int)depth;
}

int cgroup_entry_open(struct cgroups *cg, const char *group, struct cgroup_entry *ret)
{
	struct cgroup_entry e = { .fds = calloc(cg->n_v1 + 1, sizeof(int)) };
	auto_free char *path = path_join(group, "tasks");
	int r = 0;

	if (!e.fds || !path)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < cg->n_v1; i++) {
		int root = cgroup_v1_root(cg, i);

		if (root == -ENOENT)
			continue;
		e.fds[e.n] = root < 0 ? -1 : openat(root, path, O_WRONLY | O_CLOEXEC);
		if (e.fds[e.n] < 0)
			r = root < 0 ? root : -errno;
		else
			e.n++;
	}
	if (r < 0) {
		cgroup_entry_done(&e);
		return r;
	}
	*ret = e;
	return 0;
}

int cgroup_entry_enter(const struct cgroup_entry *e)
{
	/*
	 * "tasks" with 0, and not cgroup.procs: for the calling thread alone the kernel skips the
	 * lock against forks and exits everywhere, and with it the grace period.
	 */
	for (size_t i = 0; i < e->n; i++)
		if (write(e->fds[i], "0", 1) != 1)
			return -errno;
	return 0;
}

void cgroup_entry_done(struct cgroup_entry *e)
{
	for (size_t i = 0; e->fds && i < e->n; i++)
		(void)close(e->fds[i]);
	free(e->fds);
	*e = (struct cgroup_entry){ 0 };
}

int cgroup_fd(struct cgroups *cg, const char *group)
{
	int fd = openat(cg->v2, group, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int remove_visited(int parent, const char *name, void *data)
{
	(void)data;
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

/* The kernel says EBUSY for a group with children and for one with a task that has not quite gone. */
static int remove_below(int root, const char *group)
{
	usec_t end = now_usec() + REMOVE_PATIENCE;
	struct timespec pause = { .tv_nsec = 200 * 1000 };

	for (;;) {
		int r;

		if (unlinkat(root, group, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY && errno != ENOTEMPTY)
			return -errno;
		r = cgroup_walk(root, group, remove_visited, NULL);
		if (r == 0 || r == -ENOENT)
			return 0;
		if (r != -EBUSY || now_usec() >= end)
			return r;
		(void)nanosleep(&pause, NULL);
		pause.tv_nsec = VZ_MIN(pause.tv_nsec * 2, 20 * 1000 * 1000);
	}
}

/* Parents nobody else uses. In use, gone, not ours: all the same to us. */
static void remove_parents(int root, const char *group)
{
	auto_free char *path = strdup(group);
	char *slash;

	while (path && (slash = strrchr(path, '/'))) {
		*slash = '\0';
		if (unlinkat(root, path, AT_REMOVEDIR) < 0)
			break;
	}
}

int cgroup_remove(struct cgroups *cg, const char *group)
{
	int r, first;

	/* Ask before anything is touched: a group in use stays as it is, with all its children. */
	if (cgroup_wait_empty(cg, group, EMPTY_PATIENCE) == -ETIMEDOUT)
		return -EBUSY;
	first = remove_below(cg->v2, group);
	if (first == 0)
		remove_parents(cg->v2, group);
	for (size_t i = 0; i < cg->n_v1; i++) {
		int root = cgroup_v1_root(cg, i);

		if (root == -ENOENT)
			continue;
		r = root < 0 ? root : remove_below(root, group);
		if (r == 0)
			remove_parents(root, group);
		first = first ? first : r;
	}
	return first;
}

/* The hierarchy a controller's files are in. */
static int root_of(const struct cgroups *cg, const char *controller)
{
	int v1 = find_v1(cg, controller);

	if (v1 != -ENOENT)
		return v1;
	if (strcmp(controller, "cgroup") == 0 || strv_find(cg->v2_controllers, controller) >= 0)
		return cg->v2;
	return -ENODEV;
}

int cgroup_write(struct cgroups *cg, const char *group, const char *controller, const char *file,
		 const char *value)
{
	auto_free char *path = path_join(*group ? group : ".", file);
	int root = root_of(cg, controller);

	if (root < 0)
		return root;
	return path ? file_write(root, path, value) : -ENOMEM;
}

int cgroup_read(struct cgroups *cg, const char *group, const char *controller, const char *file,
		char **ret)
{
	auto_free char *path = path_join(*group ? group : ".", file);
	int root = root_of(cg, controller);

	if (root < 0)
		return root;
	return path ? file_read(root, path, GROUP_FILE_MAX, ret, NULL) : -ENOMEM;
}
