/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses of a container: which it is to have, which it has, and what is said about that.
 *
 * What it has stands in /var/lib/vzctl/veip/CTID, an address a line. The file is written before anything is
 * done, with the old addresses and the new ones, and again afterwards. So whoever comes after a command
 * that was killed in between knows all that may have to be undone; and doing again what was done already
 * is always possible.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "ct/ct.h"

#define VEIP_MAX (1 << 20)

/* ---- the file ---- */

static void read_up(struct vz_ct *ct, char ***ret)
{
	auto_free char *path = paths_veip(&ct->vz->paths, ct->id);
	auto_free char *text = NULL;

	if (path && file_read(AT_FDCWD, path, VEIP_MAX, &text, NULL) == 0)
		(void)strv_split(text, "\n", ret);
}

static int write_up(struct vz_ct *ct, char *const *addresses, struct vz_err *err)
{
	auto_free char *path = paths_veip(&ct->vz->paths, ct->id);
	auto_free char *lines = strv_join(addresses, "\n");
	auto_free char *text = lines ? str_printf("%s\n", lines) : NULL;
	int r = path && text ? 0 : -ENOMEM;

	if (r == 0 && !strv_len(addresses))
		r = unlink(path) < 0 && errno != ENOENT ? -errno : 0;
	else if (r == 0)
		r = path_make_dirs(ct->vz->paths.veip_dir, 0755);
	if (r == 0 && strv_len(addresses))
		r = file_replace_volatile(path, 0644, text, strlen(text));
	return r < 0 ? vz_fail(err, VZ_E_SYSTEM, r, "write '%s'", path ? path : "addresses") : 0;
}

char *vz_ct_addresses(struct vz_ct *ct)
{
	auto_strv char **up = NULL;

	read_up(ct, &up);
	return strv_join(up, " ");
}

/* ---- lists ---- */

/* The same address, whatever the lengths of their prefixes. */
static bool same_address(const char *a, const char *b)
{
	size_t n = strcspn(a, "/");

	return n == strcspn(b, "/") && memcmp(a, b, n) == 0;
}

static bool has_address(char *const *list, const char *address)
{
	for (; list && *list; list++)
		if (same_address(*list, address))
			return true;
	return false;
}

/* Of list, those that are not among others as they are written there. 0 or -ENOMEM. */
static int not_among(char *const *list, char *const *others, char ***ret)
{
	for (; list && *list; list++)
		if (strv_find(others, *list) < 0 && strv_add(ret, *list) < 0)
			return -ENOMEM;
	return 0;
}

/* Of list, the addresses that others do not have at all. */
static int gone_from(char *const *list, char *const *others, char ***ret)
{
	for (; list && *list; list++)
		if (!has_address(others, *list) && strv_add(ret, *list) < 0)
			return -ENOMEM;
	return 0;
}

static void say(struct vz_ct *ct, const char *what, char *const *addresses)
{
	auto_free char *text = strv_join(addresses, " ");

	if (!ct->vz->dry_run && !str_is_empty(text))
		ct_info(ct, "%s IP address(es): %s", what, text);
}

/* What the container is to have: as configured, without IPv6 where that is switched off. */
static int collect_wanted(struct vz_ct *ct, char ***ret)
{
	char *const *list = conf_list(&ct->conf, VZ_P_ip_address);
	bool ipv6 = conf_yes(&ct->conf, VZ_P_ipv6, false);

	for (; list && *list; list++) {
		if (!ipv6 && strchr(*list, ':'))
			ct_warn(ct, "WARNING: IPv6 support is disabled");
		else if (strv_add(ret, *list) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Tell the back end. */
static int load(struct vz_ct *ct, bool wanted, struct vz_err *err)
{
	struct vz_env *e = &ct->env;

	strv_free(e->addresses);
	strv_free(e->addresses_up);
	e->addresses = e->addresses_up = NULL;
	read_up(ct, &e->addresses_up);
	if (wanted && collect_wanted(ct, &e->addresses) < 0)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "addresses of container %u", ct->id);
	return 0;
}

/* Before a change: all that is there or may be in a moment. */
static int note_before(struct vz_ct *ct, struct vz_err *err)
{
	auto_strv char **all = NULL;

	if (strv_copy(ct->env.addresses_up, &all) < 0 || not_among(ct->env.addresses, ct->env.addresses_up, &all) < 0)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "addresses of container %u", ct->id);
	return write_up(ct, all, err);
}

/* ---- start and stop ---- */

int net_attach(struct vz_ct *ct, struct vz_err *err)
{
	if (load(ct, true, err) < 0)
		return -1;
	if (ct->vz->dry_run)
		return ct->vz->be->net_attach(&ct->env, err);
	say(ct, "Adding", ct->env.addresses);
	if ((ct->env.addresses || ct->env.addresses_up) && note_before(ct, err) < 0)
		return -1;
	if (ct->vz->be->net_attach(&ct->env, err) < 0) {
		struct vz_err ignored = { 0 };

		(void)net_detach(ct, &ignored);
		vz_err_done(&ignored);
		return -1;
	}
	return ct->env.addresses_up ? write_up(ct, ct->env.addresses, err) : 0;
}

int net_detach(struct vz_ct *ct, struct vz_err *err)
{
	if (load(ct, false, err) < 0 || ct->vz->be->net_detach(&ct->env, err) < 0)
		return -1;
	return ct->vz->dry_run || !ct->env.addresses_up ? 0 : write_up(ct, NULL, err);
}

/* ---- changes of a running container ---- */

struct change {
	char **added, **removed;	/* owned */
	bool cleared;			/* --ipdel all was among the words */
};

static int find_change(struct vz_ct *ct, const struct vz_edits *edits, struct change *c, struct vz_err *err)
{
	for (size_t i = 0; i < edits->n; i++)
		c->cleared |= edits->e[i].id == VZ_P_ip_address && edits->e[i].op == VZ_CLEAR;
	if (not_among(ct->env.addresses, ct->env.addresses_up, &c->added) < 0 ||
	    gone_from(ct->env.addresses_up, ct->env.addresses, &c->removed) < 0)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "addresses of container %u", ct->id);
	return 0;
}

static int change_devices(struct vz_ct *ct, struct vz_err *err)
{
	struct vz_err ignored = { 0 };

	if (note_before(ct, err) < 0)
		return -1;
	if (ct->vz->be->apply(&ct->env, VZ_G_ip, err) == 0)
		return write_up(ct, ct->env.addresses, err);
	(void)write_up(ct, ct->env.addresses_up, &ignored);
	vz_err_done(&ignored);
	return -1;
}

/* The files of the distribution; it forgets before it learns. */
static int tell_distribution(struct vz_ct *ct, const struct change *c, struct vz_err *err)
{
	struct dist_words all = { .state = "running", .addresses = ct->env.addresses, .all_addresses = true };
	struct dist_words removed = { .state = "running", .addresses = c->removed };
	struct dist_words added = { .state = "running", .addresses = c->added };

	if (c->cleared && ct->env.addresses)
		return dist_run(ct, 1u << VZ_DIST_ADD_IP, &all, err);
	removed.all_addresses = c->cleared;
	if (c->removed && dist_run(ct, 1u << VZ_DIST_DEL_IP, &removed, err) < 0)
		return -1;
	return c->added ? dist_run(ct, 1u << VZ_DIST_ADD_IP, &added, err) : 0;
}

int net_change_addresses(struct vz_ct *ct, const struct vz_edits *edits, struct vz_err *err)
{
	struct change c = { 0 };
	int r = load(ct, true, err);

	if (r == 0)
		r = find_change(ct, edits, &c, err);
	if (r == 0) {
		say(ct, c.cleared ? "Deleting all" : "Deleting", c.removed);
		say(ct, "Adding", c.added);
		r = change_devices(ct, err);
	}
	if (r == 0)
		r = tell_distribution(ct, &c, err);
	strv_free(c.added);
	strv_free(c.removed);
	return r;
}
