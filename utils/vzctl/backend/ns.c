/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The back end for stock kernels: all namespaces, cgroups of either version, idmapped mounts. It
 * leaves no process behind: init becomes a child of the host's PID 1 when its maker ends, and all
 * that tells a running container is its cgroup and the state file of floor 4.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "backend/backend.h"
#include "backend/binds.h"
#include "backend/disk.h"
#include "backend/limits.h"
#include "backend/netdev.h"
#include "backend/network.h"
#include "backend/ns.h"
#include "backend/policy.h"
#include "backend/spawn.h"
#include "backend/venet.h"
#include "backend/veth.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/strv.h"
#include "host/caps.h"
#include "host/ceiling.h"
#include "host/mount.h"
#include "host/ns.h"

#define FREEZE_TIMEOUT (10 * USEC_PER_SEC)
#define HALT_TIMEOUT (30 * USEC_PER_SEC)
#define LISTEN_TIMEOUT (2 * USEC_PER_SEC)
#define STATUS_MAX (1 << 20)
#define HELD_PAUSE (10 * USEC_PER_MSEC)

/* ---- abilities of the host ---- */

int ns_open(struct vz_host *host, struct vz_err *err)
{
	int r;

	if (host->cg)
		return 0;
	r = cgroups_open(&host->cg);
	if (r < 0)
		return vz_fail(err, r == -EPERM ? VZ_E_NO_ACCES : VZ_E_BAD_KERNEL, r,
			       "no cgroup2 to be had (mount one on /sys/fs/cgroup)");
	return 0;
}

int ns_probe(struct vz_host *host, struct vz_err *err)
{
	static const struct { const char *path, *what; } needed[] = {
		{ "/proc/self/ns/user",   "user namespaces (CONFIG_USER_NS)" },
		{ "/proc/self/ns/time",   "time namespaces (CONFIG_TIME_NS)" },
		{ "/proc/self/ns/cgroup", "cgroup namespaces (CONFIG_CGROUPS)" },
	};
	auto_free char *max = NULL;

	if (geteuid() != 0)
		return vz_fail(err, VZ_E_NO_ACCES, 0, "only root can do this (try sudo)");
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!path_exists(needed[i].path))
			return vz_fail(err, VZ_E_BAD_KERNEL, 0, "the running kernel has no %s",
				       needed[i].what);
	if (file_read_line(AT_FDCWD, "/proc/sys/user/max_user_namespaces", &max) == 0 &&
	    strcmp(max, "0") == 0)
		return vz_fail(err, VZ_E_BAD_KERNEL, 0,
			       "user namespaces are switched off (sysctl user.max_user_namespaces is 0)");
	if (ns_open(host, err) < 0)
		return -1;
	/* Without it every device of the host could be used by whoever gets hold of a node. */
	if (!cgroups_has_controller(host->cg, "devices"))
		return vz_fail(err, VZ_E_BAD_KERNEL, 0,
			       "devices cannot be restricted here: no v1 hierarchy of the devices controller is mounted, and BPF programs for cgroups (CONFIG_CGROUP_BPF) are not to be had");
	return 0;
}

/* ---- what there is no room for ---- */

/* All that fork() says is "try again". */
static int fail_for_tasks(struct vz_env *env, struct vz_err *err)
{
	auto_free char *why = ceiling_explain(CEILING_TASKS);

	return vz_fail(err, VZ_E_RESOURCE, 0, "no room for another process in container %u: %s", env->id,
		       why ? why : "it has as many as it may (NUMPROC), or the host has");
}

/* Of these only the host has a limit. */
static int fail_for_files(struct vz_env *env, struct vz_err *err)
{
	auto_free char *why = ceiling_explain(CEILING_FILES);

	return vz_fail(err, VZ_E_RESOURCE, 0, "no room for another open file in container %u: %s", env->id,
		       why ? why : "the host has too many (sysctl fs.file-max)");
}

/* ---- the root file system ---- */

static int explain_mount(struct vz_env *env, int r, struct vz_err *err)
{
	auto_free char *fs = mount_fs_type(env->private_area);

	/* A map of ids takes a process. */
	if (r == -EAGAIN)
		return fail_for_tasks(env, err);
	if (r == -ENFILE)
		return fail_for_files(env, err);
	if (r == -EOPNOTSUPP)
		return vz_fail(err, VZ_E_CANTMOUNT, 0,
			       "'%s' is on %s, which cannot map ids: keep private areas on ext4, XFS or btrfs, or use the ploop layout",
			       env->private_area, fs ? fs : "a file system");
	if (r == -ENODEV)
		return vz_fail(err, VZ_E_BAD_KERNEL, 0,
			       "the running kernel has no overlayfs (modprobe overlay, or use --layout simfs)");
	if (r == -EROFS)
		return vz_fail(err, VZ_E_CANTMOUNT, 0, "'%s' is on a read-only file system",
			       env->private_area);
	return vz_fail(err, VZ_E_CANTMOUNT, r, "mount '%s' on '%s'", env->private_area, env->root);
}

/* A detached mount of the private area, ids mapped. */
static int open_private(struct vz_env *env)
{
	auto_close int idmap = idmap_open(env->id_base, env->id_count, true);
	struct overlay overlay = {
		.lower = env->layers,
		.top = env->private_area,
		.root = env->id_base,
	};

	if (idmap < 0)
		return idmap;
	if (env->layout == VZ_LAYOUT_SIMFS)
		return mount_idmapped(env->private_area, idmap);
	overlay.idmap = idmap;
	return mount_overlay(&overlay);
}

int ns_mount(struct vz_env *env, struct vz_err *err)
{
	auto_close int fd = -1;
	int r;

	if (env->layout == VZ_LAYOUT_PLOOP)
		return vz_fail(err, VZ_E_PLOOP_UNSUP, 0,
			       "container %u has the ploop layout, which this version cannot mount", env->id);
	if (disk_mount(env, err) < 0)
		return -1;
	r = path_make_dirs(env->root, 0700);
	if (r < 0)
		return vz_fail(err, VZ_E_MPOINT_CREATE, r, "make '%s'", env->root);
	fd = open_private(env);
	if (fd < 0)
		return explain_mount(env, fd, err);
	r = mount_attach(fd, env->root, true);
	if (r < 0)
		return explain_mount(env, r, err);
	return 0;
}

int ns_umount(struct vz_env *env, struct vz_err *err)
{
	int r = mount_remove(env->root);

	if (r == -EBUSY)
		return vz_fail(err, VZ_E_CANTUMOUNT, 0,
			       "'%s' is in use (fuser -vm %s shows by whom)", env->root, env->root);
	if (r < 0)
		return vz_fail(err, VZ_E_CANTUMOUNT, r, "unmount '%s'", env->root);
	return 0;
}

/* ---- init ---- */

/*
 * For a namespace too many the kernel says "no space left", and not of which kind. Each container has a
 * budget of its own, so it is one that somebody has set very low: the lowest.
 */
static int fail_for_namespaces(struct vz_env *env, const char *where, struct vz_err *err)
{
	static const char *const kinds[] = { "user", "time", "mnt", "pid", "net", "ipc", "uts", "cgroup" };
	const char *tightest = kinds[0];
	uint64_t lowest = UINT64_MAX;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		auto_free char *path = str_printf("/proc/sys/user/max_%s_namespaces", kinds[i]);
		auto_free char *text = NULL;
		uint64_t max;

		if (!path || file_read_line(AT_FDCWD, path, &text) < 0 || parse_u64(text, &max) < 0 || max >= lowest)
			continue;
		lowest = max;
		tightest = kinds[i];
	}
	return vz_fail(err, VZ_E_RESOURCE, 0,
		       "%s for container %u: the host allows no more (sysctl user.max_%s_namespaces is %" PRIu64 ")",
		       where, env->id, tightest, lowest);
}

/* A process was killed before it could say why, or told that there is none. */
static int fail_for_memory(struct vz_env *env, struct vz_err *err)
{
	return vz_fail(err, VZ_E_RESOURCE, 0, "container %u has too little memory to start in (PHYSPAGES)", env->id);
}

static void run_inside(void *data, int sock)
{
	struct spawning *s = data;
	const char *where = "";
	int r = inside_enter(&s->inside, sock, &where);

	if (r < 0)
		ns_die(sock, where, -r);
	if (ns_tell(sock, NS_READY) < 0 || ns_await(sock, NS_GO) < 0)
		_exit(127);	/* whoever started us is gone */
	/* Close on exec, so that its end tells that init runs. */
	r = inside_exec_init(s->inside.detect);
	ns_die(sock, "run init", -r);
}

static int enter_groups(struct cgroup_entry *doors)
{
	int r = cgroup_entry_enter(doors);

	/* They lead into the host's cgroup trees: what comes next needs none of them. */
	cgroup_entry_done(doors);
	return r;
}

static int helper_prepares(void *data, const char **ret_where)
{
	struct spawning *s = data;
	int r;

	*ret_where = "enter cgroups";
	r = enter_groups(&s->doors);
	if (r < 0)
		return r;
	*ret_where = "attach the root";
	return inside_stage(&s->inside);
}

/* vzeventd is asked to be the parent: only a parent learns whether an init has ended or rebooted. */
static int ask_watcher(void *data, int sock)
{
	const struct spawning *s = data;
	auto_free char *message = NULL;
	int fds[WATCHER_FDS_MAX];
	size_t n;
	int r = spawning_pack(s, sock, &message, fds, &n);

	return r < 0 ? r : watcher_send(s->watcher, message, strlen(message), fds, n);
}

static int meet_init(void *data, pid_t pid, const char **ret_where)
{
	struct spawning *s = data;

	return s->meet(s->env, pid, ret_where);
}

/* How to make process 1 of what is to be inside. */
static struct ns_spawn spawn_of(struct spawning *s)
{
	return (struct ns_spawn){
		.id_base = s->id_base,
		.id_count = s->id_count,
		.cgroup_fd = s->group,
		.prepare = helper_prepares,
		.child = run_inside,
		.delegate = s->watcher ? ask_watcher : NULL,
		.meet = s->meet ? meet_init : NULL,
		.data = s,
	};
}

int ns_spawn_for_other(struct vz_host *host, const char *message, const int *fds, size_t n_fds, struct vz_err *err)
{
	struct spawning s;
	struct ns_spawn how;
	int sock, r;

	(void)host;
	r = spawning_unpack(message, fds, n_fds, &s, &sock);
	if (r < 0)
		return vz_fail(err, VZ_E_SYSTEM, r, "a request to start a container cannot be understood");
	how = spawn_of(&s);
	r = ns_spawn_for(&how, sock);
	spawning_done(&s);
	return r < 0 ? vz_fail(err, VZ_E_SYSTEM, r, "make a process for a container") : 0;
}

int ns_ready(struct vz_env *env, struct vz_err *err)
{
	struct ns_failure f = { 0 };
	int r = ns_expect(env->init_sock, NS_READY, &f);

	if (r == -ECANCELED && f.error == ENFILE)
		return fail_for_files(env, err);
	if (r == -ECANCELED)
		return vz_fail(err, VZ_E_ENVCREATE, -f.error, "set up '%s' inside container %u", f.where,
			       env->id);
	if (r < 0 && limits_memory_ran_out(env))
		return fail_for_memory(env, err);
	if (r < 0)
		return vz_fail(err, VZ_E_ENVCREATE, 0, "process 1 of container %u ended before it was set up",
			       env->id);
	return 0;
}

/* The groups, the root and the nodes of a container, opened for whoever makes its process 1. */
static int open_spawning(struct vz_env *env, struct spawning *s, struct vz_err *err)
{
	const char *hostname = conf_str(env->conf, VZ_P_hostname);
	struct policy_devices d = { 0 };
	const char *name = NULL;
	int r;

	*s = (struct spawning){
		.id_base = env->id_base,
		.id_count = env->id_count,
		.watcher = env->host->watcher,
		.inside = {
			/* Not the host's, which it would inherit. The distribution may set another. */
			.hostname = hostname ? hostname : "localhost",
			.node_fs = -1,
			.sysfs = policy_has_feature(env->conf, "sysfs", true),
			.detect = policy_has_feature(env->conf, "detect", true),
			.capabilities = policy_capabilities(env->conf),
			.seccomp = policy_seccomp(env->conf),
		},
	};
	s->group = -1;
	s->inside.root = mount_clone_root(env->root);
	if (s->inside.root < 0)
		return vz_fail(err, VZ_E_CANTMOUNT, s->inside.root, "copy the mount at '%s'", env->root);
	s->group = cgroup_fd(env->host->cg, env->inner);
	if (s->group < 0)
		return vz_fail(err, VZ_E_ENVCREATE, s->group, "open cgroup '%s'", env->inner);
	r = policy_devices(env->conf, &d, &name);
	if (r < 0)
		return limits_fail_for_device(name, r, err);
	s->inside.nodes = take_ptr(d.nodes);
	s->inside.n_nodes = d.n_nodes;
	d.n_nodes = 0;
	policy_devices_done(&d);
	s->inside.node_fs = inside_make_nodes(s->inside.nodes, s->inside.n_nodes, env->id_base, &r);
	if (r < 0)
		return vz_fail(err, VZ_E_SET_DEVICES, r, "make the device nodes of container %u", env->id);
	r = cgroup_entry_open(env->host->cg, env->group, &s->doors);
	if (r < 0)
		return vz_fail(err, VZ_E_ENVCREATE, r, "open cgroup '%s'", env->group);
	return 0;
}

int ns_spawn_met(struct vz_env *env, ns_meet_fn meet, struct vz_err *err)
{
	struct spawning s;
	struct ns_spawn how;
	struct ns_spawned made;
	struct ns_failure f = { 0 };
	struct proc_stat st;
	int r;

	if (open_spawning(env, &s, err) < 0) {
		spawning_close(&s);
		return -1;
	}
	s.env = env;
	s.meet = meet;
	how = spawn_of(&s);
	r = ns_spawn(&how, &made, &f);
	spawning_close(&s);
	if (r == -EAGAIN)
		return fail_for_tasks(env, err);
	if (r == -ENFILE)
		return fail_for_files(env, err);
	if (r == -ENOSPC)
		return fail_for_namespaces(env, f.where, err);
	if (r < 0 && limits_memory_ran_out(env))
		return fail_for_memory(env, err);
	if (r < 0)
		return vz_fail(err, VZ_E_ENVCREATE, r, "%s for container %u", f.where, env->id);
	env->init_pid = made.pid;
	env->init_pidfd = made.pidfd;
	env->init_sock = made.sock;
	env->init_watched = made.delegated;
	if (proc_stat_read(made.pid, &st) == 0)
		env->init_start = st.start_time;
	return 0;
}

static int ns_spawn_init(struct vz_env *env, struct vz_err *err)
{
	return ns_spawn_met(env, NULL, err);
}

static void warn_of_features(struct vz_env *env)
{
	auto_strv char **missing = NULL;

	if (policy_missing_features(env->conf, &missing) < 0)
		return;	/* it would only have been said */
	for (char **word = missing; word && *word; word++)
		vz_log(env->host->log, VZ_LOG_ERR, env->id, "Warning: FEATURES: %s", *word);
}

int ns_release(struct vz_env *env, struct vz_err *err)
{
	struct ns_failure f = { 0 };
	int r;

	warn_of_features(env);
	r = ns_tell(env->init_sock, NS_GO);

	/* Nothing but the end of the connection is expected: exec closed it. */
	if (r == 0)
		r = ns_expect(env->init_sock, NS_GO, &f);
	if (r == -ECANCELED && f.error == ENOENT)
		return vz_fail(err, VZ_E_BAD_TMPL, 0,
			       "Unable to start init, probably incorrect template");
	if (r == -ECANCELED)
		return vz_fail(err, VZ_E_BAD_TMPL, -f.error, "%s of container %u", f.where, env->id);
	if (r != -EPIPE)
		return vz_fail(err, VZ_E_SYSTEM, r, "talk to process 1 of container %u", env->id);
	(void)close(take_fd(&env->init_sock));
	return 0;
}

/* The group of a process of this container; NULL: it belongs to another, or to none. */
static char *group_of(struct vz_env *env, pid_t pid)
{
	auto_free char *group = NULL;
	size_t len = strlen(env->inner);

	if (cgroup_of(pid, &group) < 0 || strncmp(group, env->inner, len) != 0 || (group[len] && group[len] != '/'))
		return NULL;
	return take_ptr(group);
}

static bool is_in_group(struct vz_env *env, pid_t pid)
{
	auto_free char *group = group_of(env, pid);

	return group;
}

/* Process 1 of the pid namespace right below ours, among those in the container's groups. */
static pid_t search_init(struct vz_env *env)
{
	auto_free pid_t *pids = NULL;
	pid_t own[1], ns[32];
	int n = cgroup_procs(env->host->cg, env->inner, &pids);
	/* Most often there is no such group: a list of a thousand stopped containers ends here. */
	int depth = n > 0 ? proc_nspid(getpid(), own, 1) : 0;

	for (int i = 0; i < n; i++)
		if (depth > 0 && depth < (int)ARRAY_SIZE(ns) &&
		    proc_nspid(pids[i], ns, ARRAY_SIZE(ns)) == depth + 1 && ns[depth] == 1)
			return pids[i];
	return 0;
}

/* Is env->init_pid a living process of this container, and the one that began at init_start, if that is known? */
static bool is_init(struct vz_env *env)
{
	struct proc_stat st;

	if (env->init_pid <= 0)
		return false;
	if (env->init_pidfd < 0)
		env->init_pidfd = pidfd_open_pid(env->init_pid);
	if (env->init_pidfd < 0 || proc_stat_read(env->init_pid, &st) < 0 || st.state == 'Z' || st.state == 'X')
		return false;
	if ((env->init_start && st.start_time != env->init_start) || !is_in_group(env, env->init_pid))
		return false;
	/* All that was of the process behind the descriptor if it is there still: else another may have its pid. */
	if (pidfd_signal(env->init_pidfd, 0) == -ESRCH)
		return false;
	env->init_start = st.start_time;
	return true;
}

int ns_find_init(struct vz_env *env)
{
	/* What the caller remembers counts only if it is still that very process. */
	if (is_init(env))
		return 1;
	vz_env_forget_init(env);
	env->init_pid = search_init(env);
	if (is_init(env))
		return 1;
	vz_env_forget_init(env);
	return 0;
}

/* ---- a process inside ---- */

struct entering {
	struct vz_env *env;
	const struct vz_enter *enter;
	struct cgroup_entry doors;
	uint64_t capabilities;
};

static int entrant_enters_groups(void *data)
{
	struct entering *e = data;

	return enter_groups(&e->doors);
}

static void run_entered(void *data)
{
	struct entering *e = data;

	if (caps_limit_bounding(e->capabilities) < 0)
		_exit(127);
	if (seccomp_install(policy_seccomp(e->env->conf)) < 0)
		_exit(127);
	e->enter->child(e->enter->data);
}

int ns_enter_ct(struct vz_env *env, const struct vz_enter *enter, pid_t *ret_pid,
		       int *ret_pidfd, struct vz_err *err)
{
	struct entering e = { .env = env, .enter = enter };
	struct ns_enter how = { .enter_groups = entrant_enters_groups, .child = run_entered, .data = &e };
	auto_free char *leaf = group_of(env, env->init_pid);
	auto_close int group = -ESRCH;
	int r;

	/* Not more than init has: what is configured now may be more than at its start. */
	r = caps_bounding_of(env->init_pid, &e.capabilities);
	if (r < 0)
		return vz_fail(err, VZ_E_NOT_RUNNING, r, "look at init of container %u", env->id);
	/* The container's own group refuses processes once systemd uses it: init's own leaf does not. */
	if (leaf)
		group = cgroup_fd(env->host->cg, leaf);
	if (group < 0)
		return vz_fail(err, VZ_E_SYSTEM, group, "find the cgroup of container %u's init", env->id);
	how.pidfd = env->init_pidfd;
	how.cgroup_fd = group;
	/* By us, or by its own root: nothing would ever run there. */
	if (cgroup_is_frozen(env->host->cg, leaf) > 0)
		return vz_fail(err, VZ_E_SYSTEM, 0, "container %u is frozen (vzctl chkpnt %u --resume thaws it)",
			       env->id, env->id);
	if (limits_tasks_are_full(env))
		return fail_for_tasks(env, err);
	r = cgroup_entry_open(env->host->cg, env->group, &e.doors);
	if (r < 0)
		return vz_fail(err, VZ_E_SYSTEM, r, "open the cgroups of container %u", env->id);
	r = ns_enter(&how, ret_pid, ret_pidfd);
	cgroup_entry_done(&e.doors);
	if (r == -EAGAIN)
		return fail_for_tasks(env, err);
	if (r == -EPIPE)
		return vz_fail(err, VZ_E_SYSTEM, 0, "the process that was to enter container %u was killed", env->id);
	if (r < 0)
		return vz_fail(err, VZ_E_SYSTEM, r, "enter container %u", env->id);
	return 0;
}

/* ---- end, freezer ---- */

static void exec_halt(void *data)
{
	static const char *const candidates[] = { "/sbin/halt", "/usr/sbin/halt", "/bin/halt" };

	const int *null = data;

	/* Not the administrator's terminal: what the container has put in halt's place is its own affair. */
	for (int i = 0; i < 3; i++)
		if (dup2(*null, i) < 0)
			_exit(127);
	(void)close_range(3, ~0u, 0);
	ns_survive_caller();
	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		char *argv[] = { (char *)"halt", NULL };

		(void)execve(candidates[i], argv, (char *const *)inside_init_env(true));
	}
	_exit(127);
}

static int run_halt(struct vz_env *env, struct vz_err *err)
{
	/* Above 2, where it has to go: those may be closed. */
	auto_close int any = open("/dev/null", O_RDWR | O_CLOEXEC);
	auto_close int null = any < 0 ? -1 : fcntl(any, F_DUPFD_CLOEXEC, 3);
	uint64_t seconds = conf_num(env->conf, VZ_P_stop_timeout, 0);
	struct vz_enter enter = { .child = exec_halt, .data = &null };
	auto_close int pidfd = -1;
	pid_t pid;
	int r, status;

	if (null < 0)
		return vz_fail(err, VZ_E_STOP, -errno, "open '/dev/null'");
	if (ns_enter_ct(env, &enter, &pid, &pidfd, err) < 0)
		return -1;
	r = pidfd_wait(pidfd, seconds && seconds * USEC_PER_SEC < HALT_TIMEOUT ? seconds * USEC_PER_SEC : HALT_TIMEOUT);
	if (r < 0)
		(void)pidfd_signal(pidfd, SIGKILL);
	status = vz_env_reap(env, pid, pidfd);
	/* Killed by its own shutdown is a success as well; 127: no such program. */
	if (r < 0 || (WIFEXITED(status) && WEXITSTATUS(status) > 1))
		return vz_fail(err, VZ_E_STOP, r, "halt failed inside container %u", env->id);
	return 0;
}

/* By its program: the name it runs under is "init" for a moment. */
static bool init_is_systemd(struct vz_env *env)
{
	auto_free char *path = str_printf("/proc/%d/exe", (int)env->init_pid);
	static const char name[] = "/systemd";
	char target[4096];
	ssize_t n = path ? readlink(path, target, sizeof(target)) : -1;

	return n >= (ssize_t)strlen(name) && memcmp(target + n - strlen(name), name, strlen(name)) == 0;
}

static bool init_is_named_init(struct vz_env *env)
{
	auto_free char *path = str_printf("/proc/%d/comm", (int)env->init_pid);
	auto_free char *name = NULL;

	return path && file_read_line(AT_FDCWD, path, &name) == 0 && str_equal(name, "init");
}

/*
 * An init that has just been exec'ed has no handlers yet, and the kernel drops what is sent to it: the
 * wish to stop would be lost. Wait until it takes the signal (0: any), but not for ever. Whether it does.
 */
static bool await_init_listens(struct vz_env *env, int sig)
{
	auto_free char *path = str_printf("/proc/%d/status", (int)env->init_pid);
	uint64_t wanted = sig ? UINT64_C(1) << (sig - 1) : ~UINT64_C(0);
	usec_t end = now_usec() + LISTEN_TIMEOUT;

	do {
		auto_free char *text = NULL;
		const char *blocked, *caught;

		if (!path || file_read(AT_FDCWD, path, STATUS_MAX, &text, NULL) < 0)
			return false;
		blocked = strstr(text, "\nSigBlk:");
		caught = strstr(text, "\nSigCgt:");
		if (!blocked || !caught)
			return false;
		if ((strtoull(blocked + 8, NULL, 16) | strtoull(caught + 8, NULL, 16)) & wanted)
			return true;
	} while (pidfd_wait(env->init_pidfd, 5 * USEC_PER_MSEC) == -ETIMEDOUT && now_usec() < end);
	return false;
}

static int signal_init(struct vz_env *env, int sig, struct vz_err *err)
{
	int r = pidfd_signal(env->init_pidfd, sig);

	if (r < 0 && r != -ESRCH)
		return vz_fail(err, VZ_E_STOP, r, "signal init of container %u", env->id);
	return 0;
}

static int halt(struct vz_env *env, struct vz_err *err)
{
	if (init_is_systemd(env)) {
		(void)await_init_listens(env, SIGRTMIN + 4);
		/* systemd's word for "power off" */
		return signal_init(env, SIGRTMIN + 4, err);
	}
	/* What another engine runs as process 1 may be any program, which is asked to end as its engine would ask it. */
	if (env->adopted && !init_is_named_init(env) && await_init_listens(env, SIGTERM))
		return signal_init(env, SIGTERM, err);
	(void)await_init_listens(env, 0);
	return run_halt(env, err);
}

int ns_stop(struct vz_env *env, enum vz_env_stop how, struct vz_err *err)
{
	int r;

	if (how == VZ_STOP_KILL) {
		r = cgroup_kill(env->host->cg, env->group);
		if (r < 0 && r != -ENOENT)
			return vz_fail(err, VZ_E_STOP, r, "kill the processes of container %u", env->id);
		return 0;
	}
	(void)cgroup_freeze(env->host->cg, env->group, false, FREEZE_TIMEOUT);
	return halt(env, err);
}

bool ns_has_reboot_mark(struct vz_env *env)
{
	auto_free char *leaf = path_join(env->inner, INSIDE_REBOOT_GROUP);

	return leaf && cgroup_max_depth(env->host->cg, leaf) == INSIDE_REBOOT_DEPTH;
}

int ns_wait(struct vz_env *env, usec_t timeout)
{
	usec_t end = now_usec() + timeout;
	int r;

	if (env->init_pidfd < 0)
		return 0;
	/* A tracer lets go of what it held when it is killed, and the end of init waits for that, too. */
	do {
		usec_t left = end - VZ_MIN(end, now_usec());

		r = pidfd_wait(env->init_pidfd, env->n_held ? VZ_MIN(left, HELD_PAUSE) : left);
		vz_env_reap_held(env);
	} while (r == -ETIMEDOUT && now_usec() < end);
	return r;
}

int ns_apply(struct vz_env *env, enum vz_group group, struct vz_err *err)
{
	switch (group) {
	case VZ_G_devices:
		/* A node that cannot be had is refused before anything is allowed. */
		return binds_add_nodes(env, err) < 0 ? -1 : limits_apply(env, group, err);
	case VZ_G_ip:
		return venet_change(env, err);
	case VZ_G_netif:
		return veth_change(env, err) < 0 ? -1 : venet_take_over(env, err);
	case VZ_G_netdev:
		return netdev_change(env, err);
	case VZ_G_publish:
		return venet_publish(env, err);
	case VZ_G_rate:
		return venet_rate(env, err) < 0 ? -1 : veth_rate(env, err);
	case VZ_G_disk:
		return disk_apply(env, err);
	case VZ_G_osrelease:
		vz_log(env->host->log, VZ_LOG_ERR, env->id, "OSRELEASE: kept, not enforced by this kernel");
		return 0;
	default:
		return limits_apply(env, group, err);
	}
}

int ns_freeze(struct vz_env *env, bool freeze, struct vz_err *err)
{
	int r = cgroup_freeze(env->host->cg, env->group, freeze, FREEZE_TIMEOUT);

	if (r < 0) {
		/* Half frozen is worse than running. */
		if (freeze)
			(void)cgroup_freeze(env->host->cg, env->group, false, FREEZE_TIMEOUT);
		return vz_fail(err, VZ_E_CHKPNT, r, "%s container %u", freeze ? "freeze" : "thaw", env->id);
	}
	return 0;
}

bool ns_is_frozen(struct vz_env *env)
{
	return cgroup_is_frozen(env->host->cg, env->group) > 0;
}

int ns_list_processes(struct vz_env *env, pid_t **ret)
{
	return cgroup_procs(env->host->cg, env->inner, ret);
}

void ns_measure(struct vz_env *env, struct meters *ret)
{
	meters_read(env->host->cg, env->group, env->root, env->init_pid, ret);
	disk_measure(env, ret);
}

static int ns_adopt(struct vz_env *env, pid_t pid, struct vz_err *err)
{
	(void)pid;
	return vz_fail(err, VZ_E_BAD_KERNEL, 0,
		       "container %u cannot be adopted: that takes our kernel, in which containers are objects (VZ_BACKEND=ve says what is missing)",
		       env->id);
}

static int ns_ctid_of(struct vz_host *host, pid_t pid, vz_ctid *ret)
{
	(void)host;
	(void)pid;
	(void)ret;
	return -EOPNOTSUPP;
}

/* A stock kernel tells of processes, and only their parents. */
static int ns_events_open(struct vz_host *host)
{
	(void)host;
	return -EOPNOTSUPP;
}

static int ns_events_read(struct vz_host *host, vz_event_fn fn, void *data)
{
	(void)host;
	(void)fn;
	(void)data;
	return -EOPNOTSUPP;
}

static bool ns_has_views(struct vz_env *env)
{
	(void)env;
	return false;
}

const struct vz_backend backend_ns = {
	.name            = "ns",
	.features        = 0,
	.open            = ns_open,
	.probe           = ns_probe,
	.mount           = ns_mount,
	.umount          = ns_umount,
	.disk_init       = disk_init,
	.disk_off        = disk_off,
	.limits_prepare  = limits_prepare,
	.limits_remove   = limits_remove,
	.spawn           = ns_spawn_init,
	.ready           = ns_ready,
	.spawn_for       = ns_spawn_for_other,
	.release         = ns_release,
	.find_init       = ns_find_init,
	.has_reboot_mark = ns_has_reboot_mark,
	.stop            = ns_stop,
	.wait            = ns_wait,
	.enter           = ns_enter_ct,
	.apply           = ns_apply,
	.ctid_of         = ns_ctid_of,
	.events_open     = ns_events_open,
	.events_read     = ns_events_read,
	.usage           = usage_read,
	.adopt           = ns_adopt,
	.bind_add        = binds_add,
	.bind_remove     = binds_remove,
	.add_lxcfs       = binds_add_lxcfs,
	.has_lxcfs       = binds_has_lxcfs,
	.has_views       = ns_has_views,
	.net_attach      = network_attach,
	.net_hold        = netdev_hold,
	.net_is_filtered = network_is_filtered,
	.net_detach      = network_detach,
	.freeze          = ns_freeze,
	.is_frozen       = ns_is_frozen,
	.list_processes  = ns_list_processes,
	.measure         = ns_measure,
};
