/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where everything is. With a prefix every path of ours lies below it, those that come from
 * configuration files too: a second "host" on one machine. What is no path (cgroup, interface and
 * table names) gets a tag made from the prefix instead. Programs are installed once and serve every
 * prefix: libexec_dir and share_dir stay where they are.
 */
#ifndef VZ_CONF_PATHS_H
#define VZ_CONF_PATHS_H

#include "base/macros.h"

struct vz_paths {
	char *prefix;		/* "" or an absolute path without trailing slash */
	char *tag;		/* "" without prefix, else 8 hex digits of its hash */
	char *global_conf;	/* /etc/vz/vz.conf */
	char *conf_dir;		/* /etc/vz/conf */
	char *names_dir;	/* /etc/vz/names */
	char *dists_dir;	/* /etc/vz/dists */
	char *run_dir;		/* /run/vz */
	char *state_dir;	/* /var/lib/vzctl */
	char *libexec_dir;	/* /usr/libexec/vzctl: helper programs; scripts/ below it */
	char *share_dir;	/* /usr/share/vzctl: templates/ holds the recipes */
};

/* prefix may be NULL or "": none. It need not exist. -EINVAL if it is not absolute. */
int paths_init(struct vz_paths *p, const char *prefix);
void paths_done(struct vz_paths *p);
/* A path from a configuration file as the host's: below the prefix unless it is already. Caller frees. */
char *paths_resolve(const struct vz_paths *p, const char *path);
/* conf_dir/CTID.conf, or with another ending than ".conf". Caller frees. */
char *paths_ct_conf(const struct vz_paths *p, vz_ctid id, const char *ending);
/* conf_dir/ve-NAME.conf-sample. Caller frees. */
char *paths_sample(const struct vz_paths *p, const char *name);
/* run_dir/CTID/name, or run_dir/CTID if name is NULL. Caller frees. */
char *paths_run(const struct vz_paths *p, vz_ctid id, const char *name);
/* state_dir/book/CTID: what a running container has of the host's. Caller frees. */
char *paths_book(const struct vz_paths *p, const char *book, vz_ctid id);

#endif
