/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses and devices of a container: which it is to have, which it has, and what is said about that.
 *
 * What it has stands in /var/lib/vzctl: veip/CTID and extip/CTID, an address a line, veth/CTID and
 * netdev/CTID, a device a line. Such a book is written before anything is done, with what there was and what is to come, and again afterwards.
 * So whoever comes after a command that was killed in between knows all that may have to be undone; and
 * doing again what was done already is always possible.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "conf/netif.h"
#include "ct/ct.h"
#include "host/script.h"

#define BOOK_MAX (1 << 20)
#define HOOK_TIME (60 * USEC_PER_SEC)

/* ---- the files ---- */

/* What a container has of the host's, a file each. */
#define ADDRESSES "veip"
#define EXTERNAL "extip"
#define DEVICES "veth"
#define MOVED "netdev"

static void read_book(struct vz_ct *ct, const char *book, char ***ret)
{
	auto_free char *path = paths_book(&ct->vz->paths, book, ct->id);
	auto_free char *text = NULL;

	if (path && file_read(AT_FDCWD, path, BOOK_MAX, &text, NULL) == 0)
		(void)strv_split(text, "\n", ret);
}

static int write_book(struct vz_ct *ct, const char *book, char *const *lines, struct vz_err *err)
{
	auto_free char *dir = path_join(ct->vz->paths.state_dir, book);
	auto_free char *path = paths_book(&ct->vz->paths, book, ct->id);
	auto_free char *joined = strv_join(lines, "\n");
	auto_free char *text = joined ? str_printf("%s\n", joined) : NULL;
	int r = dir && path && text ? 0 : -ENOMEM;

	if (r == 0 && !strv_len(lines))
		r = unlink(path) < 0 && errno != ENOENT ? -errno : 0;
	else if (r == 0)
		r = path_make_dirs(dir, 0755);
	if (r == 0 && strv_len(lines))
		r = file_replace_volatile(path, 0644, text, strlen(text));
	return r < 0 ? vz_fail(err, VZ_E_SYSTEM, r, "write '%s'", path ? path : book) : 0;
}

char *vz_ct_addresses(struct vz_ct *ct)
{
	auto_strv char **up = NULL;

	read_book(ct, ADDRESSES, &up);
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

/* Of list, the devices that others do not have: words begin with "ifname=". */
static int gone_devices(char *const *list, char *const *others, char ***ret)
{
	for (; list && *list; list++) {
		size_t n = strcspn(*list, ","), i = 0;

		while (others && others[i] && (strcspn(others[i], ",") != n || memcmp(others[i], *list, n) != 0))
			i++;
		if ((!others || !others[i]) && strv_add(ret, *list) < 0)
			return -ENOMEM;
	}
	return 0;
}

static void say(struct vz_ct *ct, const char *what, char *const *addresses)
{
	auto_free char *text = strv_join(addresses, " ");

	if (!ct->vz->dry_run && !str_is_empty(text))
		ct_info(ct, "%s IP address(es): %s", what, text);
}

/* What the container is to have: as configured, without IPv6 where that is switched off. */
static int collect_wanted(struct vz_ct *ct, enum vz_param_id id, char ***ret)
{
	char *const *list = conf_list(&ct->conf, id);
	bool ipv6 = conf_yes(&ct->conf, VZ_P_ipv6, false);

	for (; list && *list; list++) {
		if (!ipv6 && strchr(*list, ':'))
			ct_warn(ct, "WARNING: IPv6 support is disabled");
		else if (strv_add(ret, *list) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Tell the back end what there is, and what there is to be. */
static int load(struct vz_ct *ct, bool wanted, struct vz_err *err)
{
	struct vz_env *e = &ct->env;
	char ***lists[] = {
		&e->addresses, &e->addresses_up, &e->ext_addresses, &e->ext_addresses_up, &e->netifs, &e->netifs_up, &e->netdevs, &e->netdevs_up,
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		strv_free(*lists[i]);
		*lists[i] = NULL;
	}
	read_book(ct, ADDRESSES, &e->addresses_up);
	read_book(ct, EXTERNAL, &e->ext_addresses_up);
	read_book(ct, DEVICES, &e->netifs_up);
	read_book(ct, MOVED, &e->netdevs_up);
	if (wanted)
		r = collect_wanted(ct, VZ_P_ip_address, &e->addresses);
	if (r == 0 && wanted)
		r = collect_wanted(ct, VZ_P_ext_ip_address, &e->ext_addresses);
	if (r == 0 && wanted)
		r = netif_complete(ct, conf_list(&ct->conf, VZ_P_netif), &e->netifs);
	if (r == 0 && wanted)
		r = strv_copy(conf_list(&ct->conf, VZ_P_netdev), &e->netdevs);
	return r < 0 ? vz_fail(err, VZ_E_RESOURCE, r, "network of container %u", ct->id) : 0;
}

/* Before a change: all that is there or may be in a moment. */
static int note_before(struct vz_ct *ct, const char *book, char *const *up, char *const *wanted, struct vz_err *err)
{
	auto_strv char **all = NULL;

	if (!up && !wanted)
		return 0;
	if (strv_copy(up, &all) < 0 || not_among(wanted, up, &all) < 0)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "network of container %u", ct->id);
	return write_book(ct, book, all, err);
}

/* Afterwards. */
static int note(struct vz_ct *ct, struct vz_err *err)
{
	if (write_book(ct, ADDRESSES, ct->env.addresses, err) < 0)
		return -1;
	if (write_book(ct, EXTERNAL, ct->env.ext_addresses, err) < 0)
		return -1;
	if (write_book(ct, DEVICES, ct->env.netifs, err) < 0)
		return -1;
	return write_book(ct, MOVED, ct->env.netdevs, err);
}

/* ---- start and stop ---- */

static void say_devices(struct vz_ct *ct, const char *what, char *const *words)
{
	struct vz_str names = { 0 };

	for (; words && *words; words++) {
		struct netif n;

		if (netif_parse(*words, &n) < 0)
			continue;
		str_addf(&names, " %s", n.part[NETIF_HOST_IFNAME] ? n.part[NETIF_HOST_IFNAME] : n.part[NETIF_IFNAME]);
		netif_done(&n);
	}
	if (names.len && !ct->vz->dry_run)
		ct_info(ct, "%s veth devices:%s", what, names.s);
	str_done(&names);
}

/* What a program is told that sees to a device of the host. NULL: out of memory. */
static char **hook_environment(struct vz_ct *ct)
{
	auto_free char *conf = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");
	auto_free char *netifs = strv_join(ct->env.netifs, ";");
	auto_strv char **env = NULL;

	if (!conf || !netifs || strv_addf(&env, "VEID=%u", ct->id) < 0 || strv_addf(&env, "VE_CONFFILE=%s", conf) < 0 ||
	    strv_addf(&env, "VE_NETIF=%s", netifs) < 0)
		return NULL;
	return take_ptr(env);
}

static int run_hook(struct vz_ct *ct, const char *program, const char *device)
{
	const char *prefix = ct->vz->paths.prefix;
	auto_strv char **env = hook_environment(ct);
	char *argv[] = {
		(char *)"vznetcfg", (char *)"--prefix", (char *)prefix, (char *)"init", (char *)"veth", (char *)device, NULL,
	};
	struct script_run run = {
		.file = program, .argv = argv, .env = env, .stdin_fd = -1, .stdout_fd = -1, .timeout = HOOK_TIME,
		.cancelled = &ct->vz->cancelled,
	};

	return env ? script_run(&run) : -ENOMEM;
}

/*
 * An administrator who has a vznet.conf wants to be told of new devices. They are set up already, so that
 * nothing is lost if his program fails.
 */
static void tell_administrator(struct vz_ct *ct, char *const *words)
{
	auto_free char *conf = vz_path(ct->vz, "/etc/vz/vznet.conf");
	auto_free char *program = path_join(ct->vz->paths.libexec_dir, "vznetcfg");

	if (!conf || !program || access(conf, F_OK) < 0)
		return;
	for (; words && *words; words++) {
		struct netif n;
		int r;

		if (netif_parse(*words, &n) < 0)
			continue;
		r = n.part[NETIF_HOST_IFNAME] ? run_hook(ct, program, n.part[NETIF_HOST_IFNAME]) : 0;
		if (r < 0)
			ct_warn(ct, "Warning: cannot run '%s': %s, ignoring", program, strerror(-r));
		else if (r > 0)
			ct_warn(ct, "Warning: '%s' for device '%s' ended with status %d, ignoring", program,
				n.part[NETIF_HOST_IFNAME], script_exit_code(r));
		netif_done(&n);
	}
}

int net_attach(struct vz_ct *ct, struct vz_err *err)
{
	struct vz_err ignored = { 0 };
	struct vz_env *e = &ct->env;

	if (load(ct, true, err) < 0)
		return -1;
	if (ct->vz->dry_run)
		return ct->vz->be->net_attach(e, err);
	say(ct, "Adding", e->addresses);
	say(ct, "Adding external", e->ext_addresses);
	say_devices(ct, "Configure", e->netifs);
	if (note_before(ct, ADDRESSES, e->addresses_up, e->addresses, err) < 0 ||
	    note_before(ct, EXTERNAL, e->ext_addresses_up, e->ext_addresses, err) < 0 ||
	    note_before(ct, DEVICES, e->netifs_up, e->netifs, err) < 0 ||
	    note_before(ct, MOVED, e->netdevs_up, e->netdevs, err) < 0)
		return -1;
	if (ct->vz->be->net_attach(e, err) == 0 && note(ct, err) == 0) {
		tell_administrator(ct, e->netifs);
		return 0;
	}
	(void)net_detach(ct, &ignored);
	vz_err_done(&ignored);
	return -1;
}

int net_hold(struct vz_ct *ct, struct vz_err *err)
{
	return load(ct, false, err) < 0 ? -1 : ct->vz->be->net_hold(&ct->env, err);
}

bool net_is_filtered(struct vz_ct *ct)
{
	struct vz_err ignored = { 0 };
	bool filtered = load(ct, false, &ignored) < 0 || ct->vz->be->net_is_filtered(&ct->env) != 0;

	vz_err_done(&ignored);
	return filtered;
}

int net_detach(struct vz_ct *ct, struct vz_err *err)
{
	if (load(ct, false, err) < 0 || ct->vz->be->net_detach(&ct->env, err) < 0)
		return -1;
	return ct->vz->dry_run ? 0 : note(ct, err);
}

/* ---- changes of a running container ---- */

struct change {
	char **added, **removed;	/* owned */
	char **ext_added, **ext_removed; /* external ones; owned */
	bool cleared;			/* --ipdel all was among the words */
};

static void change_done(struct change *c)
{
	strv_free(c->added);
	strv_free(c->removed);
	strv_free(c->ext_added);
	strv_free(c->ext_removed);
}

static int find_change(struct vz_ct *ct, const struct vz_edits *edits, struct change *c, struct vz_err *err)
{
	for (size_t i = 0; i < edits->n; i++)
		c->cleared |= edits->e[i].id == VZ_P_ip_address && edits->e[i].op == VZ_CLEAR;
	if (not_among(ct->env.addresses, ct->env.addresses_up, &c->added) < 0 ||
	    gone_from(ct->env.addresses_up, ct->env.addresses, &c->removed) < 0 ||
	    not_among(ct->env.ext_addresses, ct->env.ext_addresses_up, &c->ext_added) < 0 ||
	    gone_from(ct->env.ext_addresses_up, ct->env.ext_addresses, &c->ext_removed) < 0)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "addresses of container %u", ct->id);
	return 0;
}

/* Carried out by the back end, and noted before and after. */
static int change(struct vz_ct *ct, enum vz_group group, const char *book, char *const *up, char *const *wanted,
		  struct vz_err *err)
{
	struct vz_err ignored = { 0 };

	if (note_before(ct, book, up, wanted, err) < 0)
		return -1;
	if (ct->vz->be->apply(&ct->env, group, err) == 0)
		return write_book(ct, book, wanted, err);
	(void)write_book(ct, book, up, &ignored);
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

/* Both kinds together: they have one device, and one may become the other. */
static int carry_out(struct vz_ct *ct, struct vz_err *err)
{
	struct vz_err ignored = { 0 };
	struct vz_env *e = &ct->env;
	int r = note_before(ct, EXTERNAL, e->ext_addresses_up, e->ext_addresses, err);

	if (r == 0)
		r = change(ct, VZ_G_ip, ADDRESSES, e->addresses_up, e->addresses, err);
	if (r == 0)
		return write_book(ct, EXTERNAL, e->ext_addresses, err);
	(void)write_book(ct, EXTERNAL, e->ext_addresses_up, &ignored);
	vz_err_done(&ignored);
	return -1;
}

int net_change_addresses(struct vz_ct *ct, const struct vz_edits *edits, struct vz_err *err)
{
	struct change c = { 0 };
	int r = load(ct, true, err);

	if (r == 0)
		r = find_change(ct, edits, &c, err);
	if (r == 0) {
		say(ct, c.cleared ? "Deleting all" : "Deleting", c.removed);
		say(ct, "Deleting external", c.ext_removed);
		say(ct, "Adding", c.added);
		say(ct, "Adding external", c.ext_added);
		r = carry_out(ct, err);
	}
	if (r == 0)
		r = tell_distribution(ct, &c, err);
	change_done(&c);
	return r;
}

int net_change_devices(struct vz_ct *ct, struct vz_err *err)
{
	auto_strv char **removed = NULL;
	auto_strv char **added = NULL;

	if (load(ct, true, err) < 0)
		return -1;
	if (not_among(ct->env.netifs, ct->env.netifs_up, &added) < 0 ||
	    gone_devices(ct->env.netifs_up, ct->env.netifs, &removed) < 0)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "devices of container %u", ct->id);
	say_devices(ct, "Configure", added);
	say_devices(ct, "Deleting", removed);
	if (change(ct, VZ_G_netif, DEVICES, ct->env.netifs_up, ct->env.netifs, err) < 0)
		return -1;
	tell_administrator(ct, added);
	return 0;
}

int net_change_moved(struct vz_ct *ct, struct vz_err *err)
{
	if (load(ct, true, err) < 0)
		return -1;
	return change(ct, VZ_G_netdev, MOVED, ct->env.netdevs_up, ct->env.netdevs, err);
}

/* The kernel's own list of them is all there is to know. */
int net_change_ports(struct vz_ct *ct, struct vz_err *err)
{
	char *const *ports = conf_list(&ct->conf, VZ_P_publish);
	auto_free char *text = strv_join((char **)ports, " ");

	if (load(ct, false, err) < 0)
		return -1;
	ct_info(ct, "Published ports: %s", str_is_empty(text) ? "none" : text);
	return ct->vz->be->apply(&ct->env, VZ_G_publish, err);
}

int net_change_rate(struct vz_ct *ct, struct vz_err *err)
{
	return load(ct, false, err) < 0 ? -1 : ct->vz->be->apply(&ct->env, VZ_G_rate, err);
}
