/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of the two handles of the public API, and what the operations share. Only floor 4 sees
 * it.
 */
#ifndef VZ_CT_CT_H
#define VZ_CT_CT_H

#include <signal.h>
#include <stdbool.h>

#include "backend/backend.h"
#include "conf/layers.h"
#include "conf/paths.h"
#include "include/vzctl.h"

/* Which containers have something, at the moment of vz_glance(). */
struct vz_glance {
	vz_ctid *ids;		/* owned; sorted */
	size_t n;
	bool taken;		/* false: nobody has looked, and any may have it */
};

struct vz {
	struct vz_paths paths;
	struct vz_log log;
	struct vz_conf conf;		/* defaults and vz.conf */
	bool loaded;			/* vz.conf was read */
	struct vz_host host;
	const struct vz_backend *be;	/* NULL until first used */
	char *be_name;			/* asked for; NULL: the best */
	bool be_probed;			/* its host was found fit to run containers */
	bool dry_run;
	void (*dry_fn)(void *data, const char *line);
	void *dry_data;
	volatile sig_atomic_t cancelled;
	unsigned int undoing;		/* not 0: what goes on goes on in spite of that */
	struct {
		struct vz_glance groups;	/* cgroups: without one nothing runs */
		struct vz_glance dumps;
	} glance;
};

struct vz_ct {
	struct vz *vz;
	vz_ctid id;
	struct conf_file *file;		/* CTID.conf; NULL: there is none */
	struct vz_conf own;		/* what CTID.conf says */
	struct vz_conf conf;		/* in effect: defaults < vz.conf < own */
	struct vz_env env;
	char *adopted;			/* the cgroup, if another engine has made it; NULL: none has; owned */
	char *lock_dir;			/* where our lock is; NULL: not held */
	bool would_be_stopped;		/* in a dry run of restart: its stop was planned */
	bool mounts_silently;		/* mount and umount say nothing, … */
	bool mounts_without_scripts;	/* … and run none of the administrator's scripts */
	bool empty_mounted;		/* ct_start_empty() mounted the root, ct_stop_empty() unmounts it */
	bool cut_off;			/* who held the lock before us died with it */
	bool was_unfinished;		/* half of it was there, and has been cleared away */
};

/* A signal asked us to end, and what was begun may be given up. */
#define ct_is_cancelled(ct) ((ct)->vz->cancelled && !(ct)->vz->undoing)

/* A message of this container. */
#define ct_log(ct, level, ...) vz_log(&(ct)->vz->log, level, (ct)->id, __VA_ARGS__)
#define ct_info(ct, ...) ct_log(ct, VZ_LOG_INFO, __VA_ARGS__)
#define ct_warn(ct, ...) ct_log(ct, VZ_LOG_ERR, __VA_ARGS__)

/* The back end, opened: enough to look. And probed: able to run containers. -1 with err. */
int vz_backend_open(struct vz *vz, struct vz_err *err);
int vz_backend_probe(struct vz *vz, struct vz_err *err);

/* Compute conf and env anew from own (after own was changed). */
int ct_refresh(struct vz_ct *ct, struct vz_err *err);
/* Write the stored parameters that edits name (values from ct->own) to CTID.conf. */
int ct_store(struct vz_ct *ct, const struct vz_edits *edits, struct vz_err *err);
/* Change own by edits, refresh; does not write. */
int ct_edit(struct vz_ct *ct, const struct vz_edits *edits, struct vz_err *err);

/* Look at the private area: layout, and layers of an overlay. env->layout is NONE if there is none. */
int ct_find_layout(struct vz_ct *ct, struct vz_err *err);
/* Fail if VE_PRIVATE is not set (23) or not there (43); or VE_ROOT is not set (22). */
int ct_need_private(struct vz_ct *ct, struct vz_err *err);
int ct_need_root(struct vz_ct *ct, struct vz_err *err);
/* That the kernel has overlayfs, if layout is the word for it. */
int ct_need_overlay(struct vz_ct *ct, const char *layout, struct vz_err *err);
bool ct_is_mounted(struct vz_ct *ct);
/*
 * Take the lock for as long as it takes to clean up; vzctl waits for it instead of failing. Waits at most
 * timeout. 0, -EBUSY, or -1 with err.
 */
int ct_lock_to_clean(struct vz_ct *ct, usec_t timeout, struct vz_err *err);
/* Is init there? Fills env.init_*. */
bool ct_is_running(struct vz_ct *ct);
/* Fail with VZ_E_NOT_RUNNING "Container is not running". */
int ct_need_running(struct vz_ct *ct, struct vz_err *err);
/* $DUMPDIR/Dump.CTID. Caller frees. */
char *ct_dump_path(struct vz_ct *ct);
/* VE_ROOT, VE_PRIVATE or another path parameter as a path of the host. NULL if not set. Caller frees. */
char *ct_path(struct vz_ct *ct, enum vz_param_id id);
/* A path parameter of the host (TEMPLATE, LOCKDIR). NULL if not set. Caller frees. */
char *vz_conf_path(struct vz *vz, enum vz_param_id id);

/* The container whose groups a process is in, a zombie too: 0 for the host's and those adopted, or -1 with err. */
int64_t pid_own_ctid(struct vz *vz, int pid, struct vz_err *err);

/* ---- glance.c ---- */
/* May the container have it? */
bool glance_has(const struct vz_glance *g, vz_ctid id);
void glance_done(struct vz_glance *g);

/* ---- recover.c: marks of what has begun to change on disk ---- */
enum ct_unfinished { CT_FINISHED, CT_CREATING, CT_DESTROYING };
/* Leave a mark, before anything is touched, and remove it at the end. 0 or a negative errno. */
int ct_mark(struct vz_ct *ct, enum ct_unfinished what);
void ct_unmark(struct vz_ct *ct);
/* Of a container nobody is at work on: is it half there only? area: its private area. */
enum ct_unfinished ct_unfinished(struct vz *vz, vz_ctid id, const char *area);

/* ---- create.c, destroy.c: what is due if that is so ---- */
int ct_undo_create(struct vz_ct *ct, struct vz_err *err);
int ct_finish_destroy(struct vz_ct *ct, struct vz_err *err);

/* ---- trash.c: trees that are removed ---- */
/* Remove path, or at least move it out of the way, to where trash_empty() finds it. 0 or a negative errno. */
int trash_put(struct vz_ct *ct, const char *path);
/* Remove what lies there; wait: also if somebody else is at it. */
void trash_empty(struct vz_ct *ct, bool wait);

/* ---- state.c: what a running container leaves in /run ---- */
int state_write(struct vz_ct *ct, struct vz_err *err);
void state_read(struct vz_ct *ct);	/* fills env.init_pid and init_start, if it is of this boot */
void state_remove(struct vz_ct *ct);

/* From now on it is what another engine keeps in this cgroup. 0 or -ENOMEM. */
int ct_set_adopted(struct vz_ct *ct, const char *group);

struct state_process {
	pid_t pid;
	uint64_t start_time;	/* clock ticks */
	bool rebooted;		/* of one that ended */
};
/* vzeventd may not be the parent of init: it must be told to watch it. */
void ct_tell_watcher(struct vz_ct *ct);
/* The init that the state file names, running or not. 0, or -1 if it names none. */
int state_process(struct vz_ct *ct, struct state_process *ret);
/* Write down how it ended, for whoever will see to that. */
int state_note_end(struct vz_ct *ct, const struct state_process *p, struct vz_err *err);
/* Is there an init that has ended, and nobody has cleaned up after it? Opens the back end, as ct_is_running(). */
bool state_has_ended(struct vz_ct *ct, bool *ret_rebooted);

/* ---- osrelease.c ---- */
/* Fill env.osrelease, before it is started or told so. VZ_E_SET_OSRELEASE: osrelease.conf cannot be read. */
int osrelease_choose(struct vz_ct *ct, struct vz_err *err);
/* Take this for the configured one, without saving it; NULL: do not. */
int osrelease_override(struct vz_ct *ct, const char *release, struct vz_err *err);

/* ---- ids.c: the range of ids of a container ---- */
/* Make sure the container has one: allocate, and store it in CTID.conf, if it has none. */
int ids_ensure(struct vz_ct *ct, struct vz_err *err);
void ids_release(struct vz_ct *ct);
/* A range for unpacking a template that belongs to no container. */
int ids_scratch(struct vz *vz, uint32_t *ret_base, struct vz_err *err);

/* ---- template.c: OS templates and layers ---- */
struct vz_template {
	char *name;		/* resolved, no alias; owned */
	char *archive;		/* path of the archive; owned */
	char *sha256;		/* from the file beside it; NULL if there is none; owned */
};
void template_done(struct vz_template *t);
/* Find an exact name or an alias in the cache, building it if allowed. VZ_E_OSTEMPLATE_NOT_FOUND. */
int template_find(struct vz *vz, const char *name, bool build, bool progress, struct vz_template *ret, struct vz_err *err);
/* The digest of the layer made from t, unpacked if it is not yet. Caller frees *ret. */
int template_layer(struct vz *vz, const struct vz_template *t, bool progress, char **ret, struct vz_err *err);
/* Unpack t into an empty directory, as the ids of a container. */
int template_unpack(struct vz *vz, const struct vz_template *t, const char *dir, uint32_t base, bool progress, struct vz_err *err);
/* Directory of a layer: TEMPLATE/layers/DIGEST/root. Caller frees. */
char *layer_path(struct vz *vz, const char *digest);

/* ---- action.c: scripts of the administrator ---- */
enum vz_action {
	VZ_ACTION_PREMOUNT, VZ_ACTION_MOUNT, VZ_ACTION_UMOUNT, VZ_ACTION_POSTUMOUNT, VZ_ACTION_CREATE,
	VZ_ACTION_START, VZ_ACTION_STOP,
	VZ_ACTION__MAX
};
/* Run the global and the container's own script of an event, in their order, if they are there. */
int action_run(struct vz_ct *ct, enum vz_action action, struct vz_err *err);
/* Rename the container's own scripts to NAME.destroyed. */
void action_scripts_retire(struct vz_ct *ct);

/* ---- net.c: addresses and devices ---- */
/* Connect a container whose process 1 waits; and take all of that away again, whether it is there or not. */
int net_attach(struct vz_ct *ct, struct vz_err *err);
int net_detach(struct vz_ct *ct, struct vz_err *err);
/* Before it is stopped. */
int net_hold(struct vz_ct *ct, struct vz_err *err);
/* Of a running one: is it kept to its own addresses, as far as it was? Not known: it is. */
bool net_is_filtered(struct vz_ct *ct);
/* Of a running container: what the edits of addresses come to. */
int net_change_addresses(struct vz_ct *ct, const struct vz_edits *edits, struct vz_err *err);
int net_change_devices(struct vz_ct *ct, struct vz_err *err);
int net_change_moved(struct vz_ct *ct, struct vz_err *err);
int net_change_ports(struct vz_ct *ct, struct vz_err *err);
int net_change_rate(struct vz_ct *ct, struct vz_err *err);

/* ---- netif.c: what of a virtual Ethernet device is left to us ---- */
/* Copies of words of NETIF, with MAC addresses and the host's name in all of them. 0 or a negative errno. */
int netif_complete(struct vz_ct *ct, char *const *words, char ***ret);
/* The same for what the container's own configuration says, before it is saved. */
int netif_complete_own(struct vz_ct *ct, struct vz_err *err);

/* ---- dist.c: scripts of the distribution, run inside ---- */
enum vz_dist_event {
	VZ_DIST_POST_CREATE, VZ_DIST_PRE_START, VZ_DIST_SET_HOSTNAME, VZ_DIST_SET_DNS, VZ_DIST_SET_USERPASS,
	VZ_DIST_SET_CONSOLE, VZ_DIST_ADD_IP, VZ_DIST_DEL_IP,
	VZ_DIST__MAX
};
/* What they are told beyond what the configuration says. */
struct dist_words {
	const char *state;	/* VE_STATE */
	const char *userpw;	/* USERPW; NULL: none */
	char *const *addresses;	/* IP_ADDR of ADD_IP and DEL_IP, if it is not all addresses of the container */
	bool all_addresses;	/* IPDELALL: they take the place of all others, or all others go */
};
/* Run the scripts of some events (a set of 1 << VZ_DIST_…) inside, in one shell. */
int dist_run(struct vz_ct *ct, unsigned int events, const struct dist_words *words, struct vz_err *err);
/* Which of the start-time events have anything to do. */
unsigned int dist_start_events(struct vz_ct *ct);
/* Is there a script for the event? */
bool dist_has_event(struct vz_ct *ct, enum vz_dist_event event);

/* ---- command.c: shell text inside ---- */
/*
 * Run text by the container's shell (bash, else sh), inside all its namespaces, with the variables
 * of env. 0 and the exit status (256 + N: signal) in *ret_status; -1: VZ_E_BAD_TMPL no shell,
 * VZ_E_EXEC_TIMEOUT.
 */
int inside_run_text(struct vz_ct *ct, const char *text, char *const *env, usec_t timeout, int *ret_status, struct vz_err *err);

/* The number in the name of a configuration file, "101.conf"; -EINVAL: it is none. */
int ctid_of_file(const char *name, vz_ctid *ret);

/* ---- name.c: names ---- */
/* Where the link of a name leads, whether that agrees or not. 0 or a negative errno. */
int name_resolve(struct vz *vz, const char *name, vz_ctid *ret);
/* Is the name legal, and nobody else's? VZ_E_SET_NAME. */
int name_check(struct vz_ct *ct, const char *name, struct vz_err *err);
/* A word that would be taken for a number, though it may be none: "+5", "99999999999". */
bool name_looks_numeric(const char *word);
int name_link(struct vz_ct *ct, const char *name, struct vz_err *err);
void name_unlink(struct vz_ct *ct, const char *name);
/* Links that lead to the container while its file does not say so go; if the file names one it is made. */
void names_repair(struct vz_ct *ct);
/* All links to the container go. */
void names_forget(struct vz_ct *ct);

/* ---- set.c ---- */
/* The limits that CTID.conf has, on a running container whose others are to stay as they are. */
int set_limits(struct vz_ct *ct, struct vz_err *err);

/* ---- apply.c: parameters on a running container ---- */
/* Carry out what the edits name, from ct->conf. */
int apply_edits(struct vz_ct *ct, const struct vz_edits *edits, struct vz_err *err);
/* All beancounters, as the file has them. */
int apply_all_ub(struct vz_ct *ct, struct vz_err *err);
/* "user:password user2:password2" of the edits; NULL if there is none. Caller frees. */
char *apply_passwords(const struct vz_edits *edits);

/* ---- disk.c: how much of the disk a container may use ---- */
/* Do edits of a command line, if there are any, ask for limits? Those of ct->conf, then. */
bool disk_is_asked(const struct vz_ct *ct, const struct vz_edits *edits);
/* Limits as ct->conf has them, running or not. */
int disk_set(struct vz_ct *ct, struct vz_err *err);
/* Of a container that ends to exist: what cannot be done is said. */
void disk_forget(struct vz_ct *ct);

/* ---- binds.c: mounts of the host inside ---- */
/* With process 1 waiting: those of the configuration, and what lets /proc show the container's own figures. */
int binds_start(struct vz_ct *ct, struct vz_err *err);
/* Carry out the edits of BINDMOUNT on a running container. */
int binds_apply(struct vz_ct *ct, const struct vz_edits *edits, struct vz_err *err);
/* Of a stopped one: warn of what the edits will lead to. */
void binds_warn(struct vz_ct *ct, const struct vz_edits *edits);

/* ---- start.c, stop.c, mount.c: shared between operations ---- */
/* Kill all processes and wait until they are gone. */
int ct_kill(struct vz_ct *ct, struct vz_err *err);
/* The second half of stop: whatever is left of a container whose init has ended. */
int ct_take_down(struct vz_ct *ct, struct vz_err *err);
/* Of a container that does not run: its groups and its state file, if it ended by itself. */
void ct_forget_run(struct vz_ct *ct);
/* Mount with scripts; the steps of start and mount share it. */
int ct_mount_root(struct vz_ct *ct, struct vz_err *err);
int ct_umount_root(struct vz_ct *ct, struct vz_err *err);
/* An environment without init, for scripts inside a stopped container; and its end. with_scripts: run those of mount. */
int ct_start_empty(struct vz_ct *ct, bool with_scripts, struct vz_err *err);
void ct_stop_empty(struct vz_ct *ct);

#endif
