/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parameters: what a container or the host can be configured with. One row of params.def is all that
 * describes one; this header turns the rows into numbers and a table. The id of a row is its key in
 * lower case: CPULIMIT is VZ_P_cpulimit.
 */
#ifndef VZ_CONF_PARAM_H
#define VZ_CONF_PARAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

enum vz_param_id {
#define PARAM(id, key, type, min, max, option, arg, flags, apply, help) VZ_P_##id,
#define OPTION(id, option, op, arg, help)
#include "conf/params.def"
#undef OPTION
#undef PARAM
	VZ_P__MAX
};

/* What a row may say about its parameter. */
enum vz_param_flag {
	VZ_PF_SAVE    = 1 << 0,	/* is stored in CTID.conf (needs a key) */
	VZ_PF_LIVE    = 1 << 1,	/* set applies it to a running container */
	VZ_PF_RESTART = 1 << 2,	/* takes effect at the next start only */
	VZ_PF_KEPT    = 1 << 3,	/* stored and shown, nothing enforces it yet */
	VZ_PF_GLOBAL  = 1 << 4,	/* of the host: read from vz.conf only */
	VZ_PF_OWN     = 1 << 5,	/* the container's own: neither copied from samples nor applied by applyconfig */
	VZ_PF_STOPPED = 1 << 6,	/* cannot be changed while running (rc 32) */
	VZ_PF_CREATE  = 1 << 7,	/* create takes the option too */
	VZ_PF_SET     = 1 << 8,	/* set takes the option */
	VZ_PF_ADD     = 1 << 9,	/* the main option adds to the list; without it, it replaces the list */
	VZ_PF_LOCAL   = 1 << 10,	/* only of a container: passed over in vz.conf */
};

/*
 * Which applier of floor 4 carries the parameter out; one function per group. A group of limits is what is
 * told to the kernel as one, so that changing it leaves what others were changed to, saved or not.
 */
enum vz_group {
	VZ_G_none,
	VZ_G_hostname,
	VZ_G_osrelease,
	VZ_G_dns,
	VZ_G_password,
	VZ_G_caps,
	VZ_G_features,
	VZ_G_devices,
	VZ_G_binds,
	VZ_G_tasks,
	VZ_G_memory,
	VZ_G_cpuunits,
	VZ_G_cpulimit,
	VZ_G_cpuset,
	VZ_G_ioprio,
	VZ_G_iolimit,
	VZ_G_iopslimit,
	VZ_G_disk,
	VZ_G_ip,
	VZ_G_netif,
	VZ_G_netdev,
	VZ_G_publish,
	VZ_G_rate,
	VZ_G_name,
	VZ_G_root,
	VZ_G_kept,
	VZ_G__MAX
};

/* What an option does to its parameter. */
/* CHANGE: of a list whose words have parts, other values for some parts of a word. */
enum vz_edit_op { VZ_SET, VZ_ADD, VZ_DEL, VZ_CLEAR, VZ_CHANGE };

struct vz_type;

struct vz_param {
	enum vz_param_id id;
	const char *key;		/* in files; NULL: never stored */
	const struct vz_type *type;
	uint64_t min, max;		/* of numbers, and lengths of text; both 0: no bounds */
	const char *option;		/* long option without "--"; NULL: none */
	const char *arg;		/* how the manual names its argument */
	unsigned int flags;		/* enum vz_param_flag */
	enum vz_group group;
	const char *help;		/* half a sentence for usage and manual */
};

/* A further option of a parameter (--ipdel), or another name of its main one. */
struct vz_param_option {
	enum vz_param_id id;
	const char *option;
	const struct vz_type *type;	/* reads its argument; NULL in param_options(): the parameter's */
	enum vz_edit_op op;
	const char *arg;
	const char *help;
};

const struct vz_param *param_get(enum vz_param_id id);
/* By the name in files (aliases such as DCACHE too); NULL if unknown. */
const struct vz_param *param_by_key(const char *key);
/* All further options, ended by a NULL option. */
const struct vz_param_option *param_options(void);
/* A main or a further option by its name without "--"; false if there is none. */
bool param_option_find(const char *option, struct vz_param_option *ret);
/* Other keys of a parameter that are read but never written, by index; NULL past the end. */
const char *param_alias(enum vz_param_id id, size_t index);
/* True for names old files hold that nothing reads any more: they are passed over in silence. */
bool param_key_is_obsolete(const char *key);

#endif
