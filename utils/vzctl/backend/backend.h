/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two kernels behind one table. "ns" uses the namespaces and cgroups of any stock kernel, "ve"
 * our own, "plan" does nothing and records what it was asked to do. Operations call members of the
 * table and ask for feature bits; which kernel it is they never ask.
 *
 * A back end knows a container as a struct vz_env, which floor 4 fills in.
 */
#ifndef VZ_BACKEND_BACKEND_H
#define VZ_BACKEND_BACKEND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/log.h"
#include "base/proc.h"
#include "conf/bindmount.h"
#include "conf/layers.h"
#include "host/bind.h"
#include "host/cgroup.h"
#include "host/meters.h"

/* What a back end can do beyond the common ground. */
enum vz_backend_feature {
	VZ_BE_VENET         = 1 << 0,	/* venet devices of the kernel */
	VZ_BE_BEANCOUNTERS  = 1 << 1,	/* the whole list of beancounters */
	VZ_BE_PROC_VIEWS    = 1 << 2,	/* /proc of what it starts tells the truth without help */
	VZ_BE_EVENTS        = 1 << 3,	/* the kernel tells of containers by itself */
};

enum vz_layout { VZ_LAYOUT_NONE, VZ_LAYOUT_OVERLAY, VZ_LAYOUT_SIMFS, VZ_LAYOUT_PLOOP };

/* What all containers of a host share; lives as long as the struct vz it belongs to. */
struct vz_host {
	const struct vz_log *log;
	const char *tag;		/* of the prefix; "" for the real host */
	char *watcher;			/* socket of vzeventd, which may be there or not; owned */
	char *net_lock;			/* file: held while what all containers' networks share is changed; owned */
	struct cgroups *cg;		/* opened by probe(); owned */
	struct genl *events;		/* what the kernel tells; NULL: nobody listens; owned */
	struct vz_plan *plan;		/* of the plan back end; owned */
};

/* What the kernel tells of a container. A stop that is to be followed by a start is a reboot first. */
struct vz_event {
	enum { VZ_EVENT_START, VZ_EVENT_REBOOT, VZ_EVENT_STOP, VZ_EVENT_OOM } what;
	vz_ctid id;
	pid_t pid;		/* of OOM: what was killed for want of memory, and … */
	char name[16];		/* … what it called itself, any bytes */
};
typedef void (*vz_event_fn)(void *data, const struct vz_event *event);

/* A container as a back end sees it. */
struct vz_env {
	struct vz_host *host;
	vz_ctid id;
	const struct vz_conf *conf;	/* effective parameters */
	char *group;			/* cgroup "vz/101" (with tag: "vz-TAG/101"); owned */
	char *inner;			/* its delegated child "vz/101/ct"; owned */
	bool adopted;			/* another engine has made it: both are the group that it has there */
	uint32_t id_base, id_count;	/* user and group ids on the host; 0, 0: none yet */
	char *root;			/* VE_ROOT on the host; owned */
	char *private_area;		/* VE_PRIVATE on the host; owned */
	enum vz_layout layout;
	char **layers;			/* overlay: read-only layers, from the bottom up; owned */
	char **addresses;		/* "IP[/bits]" that venet0 is to have; owned */
	char **addresses_up;		/* those it has, or may have been given by a command that was killed; owned */
	char **ext_addresses;		/* those that are routed to it and configured nowhere; owned */
	char **ext_addresses_up;	/* likewise; owned */
	bool skip_probe;		/* do not ask whether somebody outside has an address */
	char **netifs;			/* words of NETIF it is to have, nothing left open in them; owned */
	char **netifs_up;		/* likewise those it has, or may have; owned */
	char **netdevs, **netdevs_up;	/* likewise: devices of the host that were moved into it; owned */
	char *osrelease;		/* what uname -r is to say inside; NULL: what it says on the host; owned */
	bool disk_asked;		/* limits of the disk are what the user has just asked for: all or nothing */
	bool disk_told;			/* that they do not hold has been said */
	int netns;			/* its network, held by who is about to stop it; -1; owned */
	/* init, or the process waiting to become it; pid 0: not running */
	pid_t init_pid;
	uint64_t init_start;		/* clock ticks; with the pid it is unmistakable */
	int init_pidfd;			/* -1: not open */
	int init_sock;			/* to a process that waits for release(); -1 */
	bool init_watched;		/* spawn() made it a child of vzeventd */
	pid_t *held;			/* children inside whose end a tracer keeps from us; owned */
	size_t n_held;
};

/* Figures of a beancounter. */
enum vz_usage { VZ_USAGE_HELD, VZ_USAGE_MAXHELD, VZ_USAGE_SOFT, VZ_USAGE_LIMIT, VZ_USAGE_FAILCNT, VZ_USAGE__MAX };

enum vz_env_stop { VZ_STOP_HALT, VZ_STOP_KILL };

/* A process to be made inside a running container. */
struct vz_enter {
	/* Runs inside, capabilities and system calls already limited. Must not return. */
	void (*child)(void *data);
	void *data;
};

struct vz_backend {
	const char *name;
	unsigned int features;		/* enum vz_backend_feature */

	/*
	 * Open what vz_host holds, the least that is needed to look at containers. Fails if this is not
	 * the back end's kernel.
	 */
	int (*open)(struct vz_host *host, struct vz_err *err);
	/* Can this host, opened before, run containers? Says in one sentence what is missing. */
	int (*probe)(struct vz_host *host, struct vz_err *err);

	/* Mount the private area at env->root, and take it down with all that was mounted below. */
	int (*mount)(struct vz_env *env, struct vz_err *err);
	int (*umount)(struct vz_env *env, struct vz_err *err);

	/*
	 * Limits of the disk, which belong to the private area and hold whether the container runs or not; mount()
	 * sets them. disk_init() has the kernel count what is in the area, before anything is or later; disk_off()
	 * takes the limits away, also if the area has gone.
	 */
	int (*disk_init)(struct vz_env *env, struct vz_err *err);
	int (*disk_off)(struct vz_env *env, struct vz_err *err);

	/* Groups, device rules and limits, while the container is still empty. */
	int (*limits_prepare)(struct vz_env *env, struct vz_err *err);
	int (*limits_remove)(struct vz_env *env, struct vz_err *err);

	/*
	 * Process 1, alone in its namespaces and setting itself up; fills init_*. Its parent is vzeventd if that
	 * runs, else the caller, whose end it survives.
	 */
	int (*spawn)(struct vz_env *env, struct vz_err *err);
	/* Wait until it is set up, and waits itself. Before that nothing may enter its root. */
	int (*ready)(struct vz_env *env, struct vz_err *err);
	/*
	 * For vzeventd: what spawn() in another process asked it for with this message. The descriptors stay
	 * the caller's, who is to reap the children it gets.
	 */
	int (*spawn_for)(struct vz_host *host, const char *message, const int *fds, size_t n_fds, struct vz_err *err);
	/* Let it become init. */
	int (*release)(struct vz_env *env, struct vz_err *err);
	/* Look for init in the container's groups: fills init_* and returns 1, or 0 if it is not running. */
	int (*find_init)(struct vz_env *env);
	/* Did the init that has ended leave word that it was to reboot? Known until limits_remove(). */
	bool (*has_reboot_mark)(struct vz_env *env);
	/* Ask init to shut down, or kill everything; does not wait. */
	int (*stop)(struct vz_env *env, enum vz_env_stop how, struct vz_err *err);
	/* Wait until init is gone. 0 or -ETIMEDOUT. */
	int (*wait)(struct vz_env *env, usec_t timeout);

	/* A process inside; *ret_pidfd is the caller's, who is its parent. */
	int (*enter)(struct vz_env *env, const struct vz_enter *e, pid_t *ret_pid, int *ret_pidfd,
		     struct vz_err *err);
	/* Carry out a group of parameters on a running container, from env->conf; those of the disk on any. */
	int (*apply)(struct vz_env *env, enum vz_group group, struct vz_err *err);
	/*
	 * Whose process is it, for the kernel itself: *ret, 0 if it is no container's. It may be a number that there is no
	 * container of ours with. Or a negative errno: the kernel does not know.
	 */
	int (*ctid_of)(struct vz_host *host, pid_t pid, vz_ctid *ret);

	/*
	 * Listen to what the kernel tells of all containers: a descriptor to wait for, which is the host's, or a negative
	 * errno. And read it; 0, -ENOBUFS: some of it was lost, or another negative errno.
	 */
	int (*events_open)(struct vz_host *host);
	int (*events_read)(struct vz_host *host, vz_event_fn fn, void *data);

	/* What a running container uses, in the unit of the parameter; -ENODATA or another errno: not known. */
	int (*usage)(struct vz_env *env, enum vz_param_id id, enum vz_usage part, uint64_t *ret);

	/*
	 * Make a container of another engine one of ours; pid is its process 1, as we see it. Fills group, inner and
	 * init_*. Its groups, network and root stay that engine's, limits are ours. Once more of the same one: fine.
	 */
	int (*adopt)(struct vz_env *env, pid_t pid, struct vz_err *err);

	/*
	 * Show directories or files of the host inside, from its start on or later; if one cannot be, those before
	 * it are there. And one no longer: 1 if it is not there, or something else covers it.
	 */
	int (*bind_add)(struct vz_env *env, const struct bindmount *b, size_t n, struct vz_err *err);
	int (*bind_remove)(struct vz_env *env, const char *dst, const struct bind_identity *what, struct vz_err *err);
	/* While process 1 waits: let lxcfs show the container's own figures in /proc, if there is one. Does it? */
	int (*add_lxcfs)(struct vz_env *env, struct vz_err *err);
	bool (*has_lxcfs)(struct vz_env *env);
	/* Does the kernel itself show a running one its own figures? */
	bool (*has_views)(struct vz_env *env);

	/*
	 * Connect a container whose process 1 waits: all devices and addresses it is configured with. What a
	 * killed command left of an earlier run goes. A failure leaves no more than net_detach() takes away.
	 */
	int (*net_attach)(struct vz_env *env, struct vz_err *err);
	/* Before it is stopped: what was moved into its network could not be found afterwards. */
	int (*net_hold)(struct vz_env *env, struct vz_err *err);
	/* Does the host still keep a running container to its own addresses? 1, 0 or -errno. */
	int (*net_is_filtered)(struct vz_env *env);
	/* Take away what the host has of that. Nothing of it there: that is fine. */
	int (*net_detach)(struct vz_env *env, struct vz_err *err);

	int (*freeze)(struct vz_env *env, bool freeze, struct vz_err *err);
	bool (*is_frozen)(struct vz_env *env);
	/* How many processes there are inside, and their pids in *ret, which the caller frees; or -errno. */
	int (*list_processes)(struct vz_env *env, pid_t **ret);
	/* What the kernel counts about a running container, as of now. */
	void (*measure)(struct vz_env *env, struct meters *ret);
};

extern const struct vz_backend backend_ve, backend_ns, backend_plan;

/* By name; NULL with VZ_E_BAD_KERNEL if there is none. */
const struct vz_backend *backend_by_name(const char *name, struct vz_err *err);
/* The best one for the running kernel, opened. NULL with err if none can be. */
const struct vz_backend *backend_choose(struct vz_host *host, struct vz_err *err);
/* Is there none in front of it? If there is: what is missing for that goes to the log. */
bool backend_is_best(const struct vz_backend *be);
void backend_say_why_not(struct vz_host *host, const struct vz_backend *be);

void vz_host_done(struct vz_host *host);
void vz_env_done(struct vz_env *env);
/* Forget init (close what is open to it). */
void vz_env_forget_init(struct vz_env *env);
/*
 * The wait status of a process that enter() made, which has ended or was killed. One that is held back by
 * a tracer inside counts as killed; it is kept in mind, because init cannot end before it was waited for.
 */
int vz_env_reap(struct vz_env *env, pid_t pid, int pidfd);
/* Wait for those of before, as far as they can be. */
void vz_env_reap_held(struct vz_env *env);

#endif
