/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvzctl: containers in the manner of OpenVZ.
 *
 * Everything hangs off a struct vz: configuration, paths, back end, log. The library prints nothing,
 * never exits and does not read the environment. Functions that can fail return -1 and fill err (0 or
 * a non-negative number is success); the code in err is the exit status OpenVZ's tools would give.
 * A struct vz and what was made from it belong to one thread at a time.
 */
#ifndef VZCTL_H
#define VZCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/macros.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vz;
struct vz_ct;
struct vz_edits;

const char *vz_version(void);		/* "5.0" */

/* ---- the host ---- */

/* prefix: every path lies below it (NULL: the real ones). Reads nothing yet. The caller frees *ret. */
int vz_new(struct vz **ret, const char *prefix, struct vz_err *err);
void vz_free(struct vz *vz);
/* log is copied. */
void vz_set_log(struct vz *vz, const struct vz_log *log);
/* Where helper programs and the recipes of templates are, if not where they are installed (a build tree). */
int vz_set_libexec_dir(struct vz *vz, const char *dir);
/* "ns", "ve", "plan", or NULL: the best that works here. Takes effect at first use. */
void vz_set_backend(struct vz *vz, const char *name);
/* Operations print what they would do through fn instead of doing it; sets the plan back end. */
void vz_set_dry_run(struct vz *vz, void (*fn)(void *data, const char *line), void *data);
/* Read vz.conf. VZ_E_NOCONFIG if there is none. */
int vz_load(struct vz *vz, struct vz_err *err);
/* The text of a parameter of vz.conf or its default ("LOGFILE"); NULL if not set. Caller frees. */
char *vz_get(const struct vz *vz, const char *key);
/* A path of ours below the prefix ("/vz/template" → "PREFIX/vz/template"). Caller frees. */
char *vz_path(const struct vz *vz, const char *path);
/* A signal asked us to end: operations give up between steps and undo. Async-signal-safe. */
void vz_cancel(struct vz *vz);

/* ---- containers ---- */

/* A number, or a name (looked up in the names directory). VZ_E_INVALID_VALUE "Bad CT ID X". */
int vz_ctid_find(struct vz *vz, const char *word, vz_ctid *ret, struct vz_err *err);
/* The lowest number from 101 on without configuration, private area or lock. */
int vz_ctid_next(struct vz *vz, vz_ctid *ret, struct vz_err *err);
/* All numbers with a configuration file, ascending; and of running ones only. Caller frees *ret. Count or -1. */
int vz_ctids(struct vz *vz, vz_ctid **ret, struct vz_err *err);
/* Names of the OS templates in the cache, and of samples, a line each; "" if there are none. Caller frees. */
char *vz_templates(struct vz *vz);
char *vz_samples(struct vz *vz);

/* A handle; nothing is read yet. The caller frees *ret. */
int vz_ct_new(struct vz *vz, vz_ctid id, struct vz_ct **ret, struct vz_err *err);
/* One with its configuration, as far as there is one and it can be understood; what cannot is logged. */
int vz_ct_open(struct vz *vz, vz_ctid id, struct vz_ct **ret, struct vz_err *err);
/*
 * For who is going to look at all containers: what there is of them in the kernel and among the dumps is read
 * now, once, and later handles of vz believe it. Not for who means to change anything.
 */
void vz_glance(struct vz *vz);
void vz_ct_free(struct vz_ct *ct);		/* releases the lock, if held */
vz_ctid vz_ct_id(const struct vz_ct *ct);
/* Read CTID.conf. VZ_E_NOVECONFIG if there is none, unless missing_ok. */
int vz_ct_load(struct vz_ct *ct, bool missing_ok, struct vz_err *err);
bool vz_ct_has_conf(const struct vz_ct *ct);
/* Take the lock; wait at most timeout (microseconds). VZ_E_LOCKED if it is held. */
int vz_ct_lock(struct vz_ct *ct, uint64_t timeout, struct vz_err *err);
void vz_ct_unlock(struct vz_ct *ct);
/*
 * What a command left that was killed before its end is finished or undone; to be called with the lock
 * held and the configuration read, before anything else. It may turn out that the container does not
 * exist: then vz_ct_has_conf() says so.
 */
int vz_ct_recover(struct vz_ct *ct, struct vz_err *err);

enum vz_state_bit {
	VZ_STATE_EXIST     = 1 << 0,	/* private area and configuration are there */
	VZ_STATE_MOUNTED   = 1 << 1,
	VZ_STATE_RUNNING   = 1 << 2,
	VZ_STATE_SUSPENDED = 1 << 3,	/* a dump is there and it does not run */
	VZ_STATE_FROZEN    = 1 << 4,	/* runs, but stands still (chkpnt --suspend) */
};
/* Bits as of now. Takes no lock. */
unsigned int vz_ct_state(struct vz_ct *ct);
/* The same of one that is known not to run: nobody looks again. */
unsigned int vz_ct_state_at_rest(struct vz_ct *ct);
/* Host pid of init, 0 if not running. */
int vz_ct_init_pid(struct vz_ct *ct);
/* Seconds since init was started, 0 if not running; and processes inside, -1 if not known. */
double vz_ct_uptime(struct vz_ct *ct);
int64_t vz_ct_nproc(struct vz_ct *ct);
enum vz_figure {
	VZ_FIGURE_HELD,		/* in use */
	VZ_FIGURE_MAXHELD,	/* the most that ever was, since the start */
	VZ_FIGURE_SOFT,		/* of DISKSPACE and DISKINODES: may be exceeded for some time */
	VZ_FIGURE_LIMIT,	/* as the kernel enforces it; INT64_MAX: none */
	VZ_FIGURE_FAILCNT,	/* how often there was no more to be had */
};
/*
 * A figure of a beancounter ("PHYSPAGES") or a limit of the disk, in its unit, of a running container, whose
 * configuration was read; and of CPUUNITS and CPULIMIT the limit, if it is another than configured. False: not known.
 */
bool vz_ct_figure(struct vz_ct *ct, const char *key, enum vz_figure figure, uint64_t *ret);
/* Whose figures /proc shows inside: VZ_PROC_NONE if it does not run. */
enum vz_proc_view { VZ_PROC_NONE, VZ_PROC_HOST, VZ_PROC_LXCFS, VZ_PROC_KERNEL };
enum vz_proc_view vz_ct_proc_view(struct vz_ct *ct);
/* Addresses that venet0 of a running container has, separated by blanks. Caller frees. */
char *vz_ct_addresses(struct vz_ct *ct);
/* Text of a parameter as it is in effect (as stored for stopped ones; paths with $VEID replaced); NULL if not set. Caller frees. */
char *vz_ct_get(const struct vz_ct *ct, const char *key);
/* The name, only if the link in the names directory agrees. Caller frees; NULL if none. */
char *vz_ct_name(const struct vz_ct *ct);
/* "overlay", "simfs", "ploop", or NULL if there is no private area. */
const char *vz_ct_layout(struct vz_ct *ct);
/*
 * The container a host process belongs to, adopted or our own: 0 for the host's, -1 with err if it is gone. Its pid
 * inside in *ret_inner (may be NULL).
 */
int64_t vz_pid_ctid(struct vz *vz, int pid, int *ret_inner, struct vz_err *err);

/* ---- what hurts a container ---- */

struct vz_pain {
	const char *symptom;	/* a word that does not change: "cpulimit" */
	unsigned int score;	/* 100: something fails; below: per cent of the time spent waiting; 0: it was earlier */
	char *text;		/* half a sentence */
	char *advice;		/* a command that helps; "": there is none */
};
struct vz_why {
	struct vz_pain *pains;	/* worst first */
	size_t n;
};
/* Look at a running container for a second. VZ_E_NOT_RUNNING. */
int vz_ct_why(struct vz_ct *ct, struct vz_why *ret, struct vz_err *err);
void vz_why_done(struct vz_why *why);

/* ---- parameters ---- */

struct vz_param_info {
	const char *key;	/* NULL: not stored */
	const char *option;	/* without "--" */
	const char *arg;	/* NULL: takes none */
	const char *help;
	const char *type;	/* name of its type; "choice", "yesno": arg is the words to choose from */
	const char *const *words;	/* what values may be or are made of, ended by NULL; NULL: anything */
	bool in_create, in_set;
	bool is_further;	/* not the parameter's main option (ipdel, aliases) */
	bool is_global;		/* of the host: stands in vz.conf only */
	bool is_kept;		/* stored and shown, nothing acts on it yet */
	bool needs_restart;	/* takes effect at the next start */
	bool is_secret;		/* a password: not for messages, nor for ps(1) */
};
/* All options that change parameters, by index; false past the end. */
bool vz_option_info(size_t index, struct vz_param_info *ret);
/* All parameters that stand in files, in the order they are written; false past the end. */
bool vz_param_info(size_t index, struct vz_param_info *ret);

struct vz_conf_check {
	bool whole_list;	/* as for kernels on which PHYSPAGES limits nothing: every beancounter has to be set */
	/*
	 * What is wrong, a line; and what would put it right ("set to 1:2"), NULL if nothing does. True: do that,
	 * and save it.
	 */
	bool (*found)(void *data, const char *text, const char *change);
	void *data;
};
/* Look whether the beancounters and disk limits of a file go together. How much is left that is wrong, or -1. */
int vz_conf_check(const char *path, const struct vz_conf_check *how, struct vz_err *err);

struct vz_edits *vz_edits_new(void);
void vz_edits_free(struct vz_edits *e);
/* What "--option text" asks for. VZ_E_INVALID_VALUE "Bad parameter for --OPTION: TEXT". */
int vz_edits_add(struct vz_edits *e, const char *option, const char *text, struct vz_err *err);
bool vz_edits_is_empty(const struct vz_edits *e);

/* ---- operations: the caller holds the lock, except for exec, enter and console ---- */

struct vz_create {
	const struct vz_edits *edits;
	const char *ostemplate;		/* NULL: DEF_OSTEMPLATE */
	const char *config;		/* sample; NULL: CONFIGFILE */
	const char *sshkey_file;	/* public keys for root; may be NULL */
	bool build;			/* build a template that is not in the cache */
	bool progress;			/* helpers may draw a progress bar on stderr */
};
int vz_ct_create(struct vz_ct *ct, const struct vz_create *opt, struct vz_err *err);
int vz_ct_destroy(struct vz_ct *ct, struct vz_err *err);

/*
 * A container of another engine, by its process 1 as the host sees it, becomes this one until it ends; what
 * CTID.conf limits holds for it, a file is made if there is none. VZ_E_BAD_KERNEL: this kernel cannot.
 */
int vz_ct_adopt(struct vz_ct *ct, int pid, struct vz_err *err);

/*
 * Disk quota apart from a start, which does all of it: count the files of a stopped container, set its
 * limits, take them away until they are set again. VZ_E_DQ_… if DISK_QUOTA is "no".
 */
enum vz_quota { VZ_QUOTA_INIT, VZ_QUOTA_ON, VZ_QUOTA_OFF };
int vz_ct_quota(struct vz_ct *ct, enum vz_quota what, struct vz_err *err);

struct vz_start {
	bool force, wait, skip_fsck, skip_remount, skip_setup;
	unsigned int wait_seconds;	/* 0: an hour */
	const char *osrelease;		/* what uname -r says inside this time; NULL: as configured */
};
int vz_ct_start(struct vz_ct *ct, const struct vz_start *opt, struct vz_err *err);

struct vz_stop {
	bool fast, skip_umount;
};
int vz_ct_stop(struct vz_ct *ct, const struct vz_stop *opt, struct vz_err *err);
int vz_ct_restart(struct vz_ct *ct, const struct vz_start *start, const struct vz_stop *stop,
		  struct vz_err *err);
int vz_ct_mount(struct vz_ct *ct, struct vz_err *err);
int vz_ct_umount(struct vz_ct *ct, struct vz_err *err);
/* Freeze or thaw all processes. */
int vz_ct_freeze(struct vz_ct *ct, bool freeze, struct vz_err *err);

struct vz_set {
	const struct vz_edits *edits;
	const char *applyconfig;	/* sample name; may be NULL */
	bool applyconfig_map_name;
	bool save, force, reset_ub, offline_resize;
	bool skip_arpdetect;		/* do not ask whether somebody outside has an address */
	enum { VZ_SETMODE_NONE, VZ_SETMODE_RESTART, VZ_SETMODE_IGNORE } setmode;
};
int vz_ct_set(struct vz_ct *ct, const struct vz_set *opt, struct vz_err *err);

enum vz_exec_mode {
	VZ_EXEC_SHELL,		/* words joined with blanks, given to bash -c (sh -c) */
	VZ_EXEC_STDIN,		/* the shell reads standard input */
	VZ_EXEC_ARGV,		/* no shell */
};
/* Run a command inside, standard streams relayed. Its exit status in *ret_status; 256 + N: killed by signal N. */
int vz_ct_exec(struct vz_ct *ct, enum vz_exec_mode mode, char *const *words, int *ret_status,
	       struct vz_err *err);
/* An interactive login shell on a terminal of the container. term: what TERM is to be there; type_first: words typed in first, or NULL. */
int vz_ct_enter(struct vz_ct *ct, const char *term, char *const *type_first, int *ret_status, struct vz_err *err);
struct vz_console {
	const char *term;		/* what TERM is to be there; NULL: "linux" */
	void (*attached)(void *data);	/* called before our terminal becomes raw; may be NULL */
	void *data;
};
/*
 * A getty on a terminal of the container, and another when it ends, until the user detaches (Esc . at the
 * beginning of a line) or our standard input ends: 0. VZ_E_NOT_RUNNING: the container stopped.
 */
int vz_ct_console(struct vz_ct *ct, const struct vz_console *opt, struct vz_err *err);
/* Run the text of a host file inside; a stopped container is set up for that moment. */
int vz_ct_runscript(struct vz_ct *ct, const char *file, int *ret_status, struct vz_err *err);

/* ---- watching: the inside of vzeventd ---- */

/*
 * What is due when the init of a container has ended: start the container again if that was a reboot, else
 * clean up after it. Waits for the lock. 0 as well if somebody else has seen to it, or nothing has ended.
 */
int vz_ct_see_to_end(struct vz_ct *ct, struct vz_err *err);

/* The one process of a host that is the parent of inits, and is told of their end. */
struct vz_watch;
/*
 * From now on spawning processes are served. listener: the descriptor of an earlier vz_watch_listener(),
 * carried through execve(); -1: none. see_to() is called in a child process, its result becomes the exit
 * status. Blocks SIGCHLD, SIGHUP, SIGINT and SIGTERM. The caller frees *ret.
 */
int vz_watch_new(struct vz *vz, int listener, int (*see_to)(void *data, vz_ctid id), void *data,
		 struct vz_watch **ret, struct vz_err *err);
void vz_watch_free(struct vz_watch *w);
int vz_watch_listener(const struct vz_watch *w);
enum vz_watch_end {
	VZ_WATCH_STOP,		/* SIGINT or SIGTERM: containers go on running */
	VZ_WATCH_UPGRADE,	/* SIGHUP: execve() of this program keeps the children */
};
/*
 * What happened while no vzeventd ran is caught up; then wait for what happens. Makes a process that
 * does the work, and returns in both: enum vz_watch_end, or -1 with err.
 */
int vz_watch_run(struct vz_watch *w, struct vz_err *err);

#ifdef __cplusplus
}
#endif
#endif
