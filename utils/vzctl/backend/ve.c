/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The back end for our kernel: all that "ns" does, and the container is an object of the kernel, too. Its outer
 * cgroup gets an id before anything runs in it, and the namespaces of process 1 are bound to it before that has
 * mounted /proc: nothing inside ever sees a figure of the host's. The cgroup's end is that of the id.
 *
 * The controller is switched on above the container's cgroup and nowhere below: inside it is not to be seen, and
 * the kernel finds a container's processes in one place.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/nsfs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backend/binds.h"
#include "backend/disk.h"
#include "backend/limits.h"
#include "backend/netdev.h"
#include "backend/network.h"
#include "backend/ns.h"
#include "backend/policy.h"
#include "backend/ve.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"

#define CONTROLLER "ve"
/* How long the id of a cgroup that has been removed may still be taken: a worker of the kernel gives it back. */
#define ID_PATIENCE (2 * USEC_PER_SEC)
#define ID_PAUSE_NSEC (500 * 1000)
#define STATUS_MAX (1 << 20)
/* Of the ids those of hosts below a prefix. */
#define TAGGED_IDS UINT32_C(0x40000000)

uint32_t ve_id(const char *tag, vz_ctid id)
{
	if (!*tag)
		return id;
	return TAGGED_IDS | (((uint32_t)strtoul(tag, NULL, 16) + id) & (TAGGED_IDS - 1));
}

vz_ctid ve_ctid(const char *tag, uint32_t id)
{
	if (!*tag)
		return id;
	return id & TAGGED_IDS ? (id - (uint32_t)strtoul(tag, NULL, 16)) & (TAGGED_IDS - 1) : 0;
}

unsigned long ve_event_count(const char *text, const char *event)
{
	size_t len = strlen(event);

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strncmp(line, event, len) == 0 && line[len] == ' ')
			return strtoul(line + len + 1, NULL, 10);
	return 0;
}

static int ve_open(struct vz_host *host, struct vz_err *err)
{
	if (ns_open(host, err) < 0)
		return -1;
	if (!cgroups_has_controller(host->cg, CONTROLLER))
		return vz_fail(err, VZ_E_BAD_KERNEL, 0,
			       "the running kernel has no virtual environments (cgroups have no controller '" CONTROLLER "')");
	cgroups_withhold(host->cg, CONTROLLER);
	return 0;
}

static int ve_probe(struct vz_host *host, struct vz_err *err)
{
	return ve_open(host, err) < 0 ? -1 : ns_probe(host, err);
}

/* ---- its files ---- */

static int write_file(struct vz_env *env, const char *file, const char *value)
{
	return value ? cgroup_write(env->host->cg, env->group, CONTROLLER, file, value) : -ENOMEM;
}

static int take_id(struct vz_env *env)
{
	auto_free char *id = str_printf("%" PRIu32, ve_id(env->host->tag, env->id));
	struct timespec pause = { .tv_nsec = ID_PAUSE_NSEC };
	usec_t end = now_usec() + ID_PATIENCE;

	for (;;) {
		int r = write_file(env, "ve.id", id);

		if (r != -EEXIST || now_usec() >= end)
			return r;
		(void)nanosleep(&pause, NULL);
	}
}

static int apply_cpus(struct vz_env *env, struct vz_err *err)
{
	auto_free char *cpus = policy_ve_cpus(env->conf);
	int r = write_file(env, "ve.cpus", cpus);

	return r < 0 ? vz_fail(err, VZ_E_SETFSHD, r, "CPUS: write '%s' to ve.cpus of cgroup '%s'", cpus ? cpus : "",
			       env->group) : 0;
}

/* An empty line is what the host's says. */
static int apply_osrelease(struct vz_env *env, struct vz_err *err)
{
	int r = write_file(env, "ve.osrelease", env->osrelease ? env->osrelease : "\n");

	return r < 0 ? vz_fail(err, VZ_E_SET_OSRELEASE, r, "OSRELEASE: write '%s' to ve.osrelease of cgroup '%s'",
			       env->osrelease ? env->osrelease : "", env->group) : 0;
}

/* For whoever looks from outside. A name need not be one that the kernel takes. */
static void apply_name(struct vz_env *env)
{
	auto_free char *number = str_printf("%u", env->id);
	const char *name = conf_str(env->conf, VZ_P_name);

	if (str_is_empty(name) || write_file(env, "ve.name", name) < 0)
		(void)write_file(env, "ve.name", number);
}

/* The number that a group has, or one above it; 0: none. */
static unsigned long read_id(struct vz_env *env, const char *group)
{
	auto_free char *text = NULL;

	return cgroup_read(env->host->cg, group, CONTROLLER, "ve.id", &text) == 0 ? strtoul(text, NULL, 10) : 0;
}

/* Is the container's group the object of the kernel that it should be? */
static bool has_own_id(struct vz_env *env)
{
	return read_id(env, env->group) == ve_id(env->host->tag, env->id);
}

static bool is_in_state(struct vz_env *env, const char *state)
{
	auto_free char *text = NULL;

	if (cgroup_read(env->host->cg, env->group, CONTROLLER, "ve.state", &text) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, state) == 0;
}

/* A group with processes gives those below no controllers. The first above ours that has some; NULL: none any more. */
static char *find_inhabited(struct vz_env *env)
{
	const char *group = env->group;

	for (size_t end = strcspn(group, "/"); group[end]; end += 1 + strcspn(group + end + 1, "/")) {
		auto_free char *above = strndup(group, end);
		auto_free char *procs = NULL;

		if (above && cgroup_read(env->host->cg, above, "cgroup", "cgroup.procs", &procs) == 0 && *procs)
			return take_ptr(above);
	}
	return NULL;
}

/*
 * Runtimes switch on all controllers that they find, also those inside of a container. Where nobody has an id ours is
 * of no use, and only in the way of the id above.
 */
static int take_id_above_all(struct vz_env *env)
{
	int r = take_id(env);

	if (r != -EBUSY || read_id(env, env->group))
		return r;
	r = cgroup_disable_below(env->host->cg, env->group, CONTROLLER);
	return r < 0 ? r : take_id(env);
}

/* ---- members ---- */

/* The group exists: it becomes an object of the kernel. */
static int make_ve(struct vz_env *env, struct vz_err *err)
{
	int r = cgroup_enable(env->host->cg, env->group, CONTROLLER);
	auto_free char *inhabited = r == -EBUSY ? find_inhabited(env) : NULL;

	if (inhabited)
		return vz_fail(err, VZ_E_ENVCREATE, 0,
			       "cgroup '/%s' has processes, so no controller can be switched on below it, for cgroup '/%s': move them into a cgroup of their own",
			       inhabited, env->group);
	if (r < 0)
		return vz_fail(err, VZ_E_ENVCREATE, r, "switch the controller '" CONTROLLER "' on for cgroup '%s'", env->group);
	if (has_own_id(env))
		return 0;
	r = take_id_above_all(env);
	if (r == -EEXIST)
		return vz_fail(err, VZ_E_ENVCREATE, 0, "another virtual environment of this kernel has the number %" PRIu32
			       " (grep -r %" PRIu32 " --include=ve.id /sys/fs/cgroup shows which)",
			       ve_id(env->host->tag, env->id), ve_id(env->host->tag, env->id));
	if (r == -EBUSY)
		return vz_fail(err, VZ_E_ENVCREATE, 0, "cgroup '%s' is another virtual environment already, or has some below it",
			       env->group);
	if (r < 0)
		return vz_fail(err, VZ_E_ENVCREATE, r, "make a virtual environment of cgroup '%s'", env->group);
	return 0;
}

/* What it is to be, before it is bound. */
static int describe_ve(struct vz_env *env, struct vz_err *err)
{
	int r;

	apply_name(env);
	if (!policy_has_feature(env->conf, "detect", true)) {
		r = write_file(env, "ve.features", "-detect");
		if (r < 0)
			return vz_fail(err, VZ_E_ENVCREATE, r, "FEATURES: hide that container %u is one", env->id);
	}
	if (env->osrelease && apply_osrelease(env, err) < 0)
		return -1;
	return apply_cpus(env, err);
}

static int ve_limits_prepare(struct vz_env *env, struct vz_err *err)
{
	return limits_prepare(env, err) < 0 || make_ve(env, err) < 0 ? -1 : describe_ve(env, err);
}

/* That of an adopted one goes when its engine removes it. */
static int ve_limits_remove(struct vz_env *env, struct vz_err *err)
{
	return env->adopted ? 0 : limits_remove(env, err);
}

static int bind_init(struct vz_env *env, pid_t pid, const char **ret_where)
{
	auto_free char *text = str_printf("%d", (int)pid);

	*ret_where = "bind the namespaces of process 1";
	return write_file(env, "ve.bind", text);
}

static int ve_spawn(struct vz_env *env, struct vz_err *err)
{
	return ns_spawn_met(env, bind_init, err);
}

/* One that was started as on a stock kernel is no object of this one: as there, it is limited and sees all CPUs. */
static int ve_apply(struct vz_env *env, enum vz_group group, struct vz_err *err)
{
	if (group == VZ_G_osrelease && has_own_id(env))
		return apply_osrelease(env, err);
	if (ns_apply(env, group, err) < 0)
		return -1;
	return group == VZ_G_cpulimit && has_own_id(env) ? apply_cpus(env, err) : 0;
}

static bool ve_has_views(struct vz_env *env)
{
	auto_free char *features = NULL;

	return has_own_id(env) && is_in_state(env, "running") &&
	       cgroup_read(env->host->cg, env->group, CONTROLLER, "ve.features", &features) == 0 &&
	       strstr(features, "procview");
}

/* The engine may have put another container into that group since: only the kernel knows whom it was bound to. */
static bool is_ours_still(struct vz_env *env)
{
	return !env->adopted || (has_own_id(env) && is_in_state(env, "running"));
}

static int ve_find_init(struct vz_env *env)
{
	if (is_ours_still(env))
		return ns_find_init(env);
	vz_env_forget_init(env);
	return 0;
}

/*
 * Whoever the parent of init was, and whether anybody looked: the kernel has counted it, for as long as the group is
 * there. What another engine has made that starts again.
 */
static bool ve_has_reboot_mark(struct vz_env *env)
{
	auto_free char *events = NULL;

	if (ns_has_reboot_mark(env))
		return true;
	return !env->adopted && has_own_id(env) &&
	       cgroup_read(env->host->cg, env->group, CONTROLLER, "ve.events", &events) == 0 &&
	       ve_event_count(events, "reboot") > 0;
}

static int ve_ctid_of(struct vz_host *host, pid_t pid, vz_ctid *ret)
{
	uint64_t number;
	int r = proc_status_number(pid, "envID", &number);

	if (r == 0)
		*ret = ve_ctid(host->tag, (uint32_t)number);
	return r;
}

static int ve_stop(struct vz_env *env, enum vz_env_stop how, struct vz_err *err)
{
	return is_ours_still(env) ? ns_stop(env, how, err) : 0;
}

/* ---- containers of other engines ---- */

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool has_hosts_user_namespace(pid_t pid)
{
	auto_free char *path = str_printf("/proc/%d/ns/user", (int)pid);
	struct stat own, its;

	/* One that is gone meanwhile is nobody's. */
	return path && stat("/proc/self/ns/user", &own) == 0 && stat(path, &its) == 0 && is_same_file(&own, &its);
}

/* Was its process namespace made by somebody of another user namespace than it has? */
static bool has_strange_pid_namespace(pid_t pid)
{
	auto_free char *pid_path = str_printf("/proc/%d/ns/pid", (int)pid);
	auto_free char *user_path = str_printf("/proc/%d/ns/user", (int)pid);
	auto_close int ns = pid_path ? open(pid_path, O_RDONLY | O_CLOEXEC) : -1;
	auto_close int maker = ns < 0 ? -1 : ioctl(ns, NS_GET_USERNS);
	struct stat makers, its;

	return maker >= 0 && user_path && fstat(maker, &makers) == 0 && stat(user_path, &its) == 0 &&
	       !is_same_file(&makers, &its);
}

/* The number of the virtual environment whose user namespace a process has, or one below that; 0: it has none. */
static unsigned long owner_of(pid_t pid)
{
	auto_free char *path = str_printf("/proc/%d/status", (int)pid);
	auto_free char *text = NULL;
	const char *line;

	if (!path || file_read(AT_FDCWD, path, STATUS_MAX, &text, NULL) < 0)
		return 0;
	line = strstr(text, "\nenvID:");
	return line ? strtoul(line + strlen("\nenvID:"), NULL, 10) : 0;
}

static bool is_process_one(pid_t pid)
{
	pid_t own[1], ns[32];
	int depth = proc_nspid(getpid(), own, 1), n = proc_nspid(pid, ns, ARRAY_SIZE(ns));

	return depth > 0 && n > depth && n <= (int)ARRAY_SIZE(ns) && ns[n - 1] == 1;
}

/* Limits that are set for a container must not hold for somebody else. */
static int check_alone(struct vz_env *env, const char *group, struct vz_err *err)
{
	auto_free pid_t *pids = NULL;
	int n = *group ? cgroup_procs(env->host->cg, group, &pids) : -EINVAL;

	if (n < 0)
		return vz_fail(err, VZ_E_INVALID_VALUE, *group ? n : 0,
			       "the container has no cgroup of its own ('/%s'): its engine has to give it one", group);
	for (int i = 0; i < n; i++)
		if (has_hosts_user_namespace(pids[i]))
			return vz_fail(err, VZ_E_INVALID_VALUE, 0,
				       "in the container's cgroup '/%s' is a process of the host, too: %d; its engine has to give it one of its own",
				       group, (int)pids[i]);
	return 0;
}

/* Not below a virtual environment: the controller must not even be switched on there. */
static int check_not_inside(struct vz_env *env, const char *group, struct vz_err *err)
{
	for (size_t end = strcspn(group, "/"); group[end]; end += 1 + strcspn(group + end + 1, "/")) {
		auto_free char *above = strndup(group, end);
		unsigned long id = above ? read_id(env, above) : 0;

		if (id)
			return vz_fail(err, VZ_E_INVALID_VALUE, 0,
				       "cgroup '/%s' is inside the virtual environment %lu", group, id);
	}
	return 0;
}

/* Containers may share a user namespace, as those of a user's podman do. It is one virtual environment's. */
static int check_unowned(struct vz_env *env, const char *group, pid_t pid, struct vz_err *err)
{
	unsigned long id = owner_of(pid);

	/* Its own: this adoption was begun before. */
	if (!id || id == read_id(env, group))
		return 0;
	return vz_fail(err, VZ_E_INVALID_VALUE, 0,
		       "process %d has the user namespace of the virtual environment %lu: of containers that share one only one can be adopted (podman --userns=auto gives each its own)",
		       (int)pid, id);
}

static int check_process(pid_t pid, struct vz_err *err)
{
	if (has_hosts_user_namespace(pid))
		return vz_fail(err, VZ_E_INVALID_VALUE, 0,
			       "process %d is in the host's user namespace: only a container that has one of its own can be adopted (lxc.idmap, systemd-nspawn -U, podman --userns=auto)",
			       (int)pid);
	if (!is_process_one(pid))
		return vz_fail(err, VZ_E_INVALID_VALUE, 0,
			       "process %d is not process 1 of a container: its engine tells which is (lxc-info -p, machinectl show -p Leader, podman inspect)",
			       (int)pid);
	if (has_strange_pid_namespace(pid))
		return vz_fail(err, VZ_E_INVALID_VALUE, 0,
			       "process %d: its process namespace was not made in its user namespace; both have to be the container's",
			       (int)pid);
	return 0;
}

static int check_adoptable(struct vz_env *env, pid_t pid, char **ret_group, struct vz_err *err)
{
	auto_free char *group = NULL;
	int r = cgroup_root_of(pid, &group);

	if (r == -ESRCH)
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "there is no process %d on the host", (int)pid);
	if (r < 0)
		return vz_fail(err, VZ_E_SYSTEM, r, "find the cgroup of process %d", (int)pid);
	if (check_process(pid, err) < 0 || check_not_inside(env, group, err) < 0 ||
	    check_unowned(env, group, pid, err) < 0 || check_alone(env, group, err) < 0)
		return -1;
	*ret_group = take_ptr(group);
	return 0;
}

static int take_group(struct vz_env *env, char *group, struct vz_err *err)
{
	char *inner = strdup(group);

	if (!inner) {
		free(group);
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "container %u", env->id);
	}
	free(env->group);
	free(env->inner);
	env->group = group;
	env->inner = inner;
	env->adopted = true;
	return 0;
}

static int bind_adopted(struct vz_env *env, pid_t pid, struct vz_err *err)
{
	const char *where = "";
	int r = bind_init(env, pid, &where);

	/* An adoption that was killed half-way had come this far. */
	if (r == -EBUSY && is_in_state(env, "running"))
		return 0;
	if (r == -EBUSY)
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "process %d belongs to another virtual environment", (int)pid);
	if (r == -ESRCH)
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "process %d has ended", (int)pid);
	return r < 0 ? vz_fail(err, VZ_E_ENVCREATE, r, "%s of container %u", where, env->id) : 0;
}

static int ve_adopt(struct vz_env *env, pid_t pid, struct vz_err *err)
{
	char *group = NULL;

	if (check_adoptable(env, pid, &group, err) < 0 || take_group(env, group, err) < 0 || make_ve(env, err) < 0 ||
	    describe_ve(env, err) < 0 || bind_adopted(env, pid, err) < 0)
		return -1;
	vz_env_forget_init(env);
	env->init_pid = pid;
	if (ns_find_init(env) == 1)
		return 0;
	return vz_fail(err, VZ_E_INVALID_VALUE, 0, "process %d has ended", (int)pid);
}

const struct vz_backend backend_ve = {
	.name            = "ve",
	.features        = VZ_BE_PROC_VIEWS | VZ_BE_EVENTS,
	.open            = ve_open,
	.probe           = ve_probe,
	.mount           = ns_mount,
	.umount          = ns_umount,
	.disk_init       = disk_init,
	.disk_off        = disk_off,
	.limits_prepare  = ve_limits_prepare,
	.limits_remove   = ve_limits_remove,
	.spawn           = ve_spawn,
	.ready           = ns_ready,
	.spawn_for       = ns_spawn_for_other,
	.release         = ns_release,
	.find_init       = ve_find_init,
	.has_reboot_mark = ve_has_reboot_mark,
	.stop            = ve_stop,
	.wait            = ns_wait,
	.enter           = ns_enter_ct,
	.apply           = ve_apply,
	.ctid_of         = ve_ctid_of,
	.events_open     = ve_events_open,
	.events_read     = ve_events_read,
	.usage           = usage_read,
	.adopt           = ve_adopt,
	.bind_add        = binds_add,
	.bind_remove     = binds_remove,
	.add_lxcfs       = binds_add_lxcfs,
	.has_lxcfs       = binds_has_lxcfs,
	.has_views       = ve_has_views,
	.net_attach      = network_attach,
	.net_hold        = netdev_hold,
	.net_is_filtered = network_is_filtered,
	.net_detach      = network_detach,
	.freeze          = ns_freeze,
	.is_frozen       = ns_is_frozen,
	.list_processes  = ns_list_processes,
	.measure         = ns_measure,
};
