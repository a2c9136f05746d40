/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* venet on a stock kernel; see venet.h. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/rtnetlink.h>

#include "backend/nat.h"
#include "backend/network.h"
#include "backend/publish.h"
#include "backend/rate.h"
#include "backend/venet.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/strv.h"
#include "host/announce.h"
#include "host/nft.h"

#define INSIDE "venet0"
#define PROBE_TIME (1 * USEC_PER_SEC)

/* One change of one container's network. */
struct venet {
	struct network nw;
	struct vz_env *env;
	struct net *net;		/* of nw */
	char name[IF_NAMESIZE];		/* of the host's device */
	char prefix[IF_NAMESIZE];	/* of those of all containers */
	int host, inside;		/* indexes of the two ends; 0: not there */
	bool is_new;			/* made just now */
	struct net_addr *want, *up;	/* addresses, the external ones last; owned */
	size_t n_want, n_up;
	size_t n_want_own, n_up_own;	/* so many of them are not external */
	struct net_neighbourhood *near;	/* where we answer for them; owned */
	size_t n_near;
	size_t n_claimed;		/* so many of want were routed just now, … */
	bool *was_claimed;		/* … or found to be so; owned */
	int *via;			/* devices want is near to; 0: to all; owned */
};

static void venet_done(struct venet *v)
{
	network_end(&v->nw);
	free(v->want);
	free(v->up);
	free(v->near);
	free(v->was_claimed);
	free(v->via);
}

/* ---- names ---- */

/* All devices of a prefix begin with it: the rule that filters knows them by that. */
static void name_prefix(const char *tag, char ret[IF_NAMESIZE])
{
	(void)snprintf(ret, IF_NAMESIZE, "%s%.8s", *tag ? "v" : "venet", tag);
}

/* Beside a tag there are six characters left; with 36 digits that is enough for every CTID. */
void venet_name(const char *tag, vz_ctid id, char ret[IF_NAMESIZE])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	char number[8];
	char *p = number + sizeof(number) - 1;

	name_prefix(tag, ret);
	if (!*tag) {
		(void)snprintf(ret, IF_NAMESIZE, "venet%u", id);
		return;
	}
	*p = '\0';
	do {
		*--p = digits[id % 36];
		id /= 36;
	} while (id);
	(void)strncat(ret, p, IF_NAMESIZE - 1 - strlen(ret));
}

bool venet_owner(const char *tag, const char *name, vz_ctid *ret)
{
	char prefix[IF_NAMESIZE], again[IF_NAMESIZE];
	unsigned long id;

	name_prefix(tag, prefix);
	if (!str_has_prefix(name, prefix))
		return false;
	id = strtoul(name + strlen(prefix), NULL, *tag ? 36 : 10);
	*ret = (vz_ctid)id;
	venet_name(tag, *ret, again);
	return str_equal(again, name);
}

/* The same at every start: 00:18:51 was OpenVZ's. */
static void make_mac(const struct vz_env *env, unsigned char ret[NET_MAC_LEN])
{
	static const unsigned char vendor[3] = { 0x00, 0x18, 0x51 };
	uint32_t h = 2166136261u;
	char text[32];

	(void)snprintf(text, sizeof(text), "%.8s/%u", env->host->tag, env->id);
	for (const char *c = text; *c; c++)
		h = (h ^ (unsigned char)*c) * 16777619u;
	memcpy(ret, vendor, sizeof(vendor));
	ret[3] = (unsigned char)(h >> 16);
	ret[4] = (unsigned char)(h >> 8);
	ret[5] = (unsigned char)h;
}

/* ---- beginning ---- */

static bool same_address(const struct net_addr *a, const struct net_addr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, net_addr_bits(a->family) / 8) == 0;
}

/* The one of the list that is the same address, whatever its prefix; or NULL. */
static const struct net_addr *find_address(const struct net_addr *list, size_t n, const struct net_addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (same_address(&list[i], a))
			return &list[i];
	return NULL;
}

static bool has_family(const struct net_addr *list, size_t n, int family)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].family == family)
			return true;
	return false;
}

/* Add to list, which has *n; one that is configured and external, too, is configured. */
static int parse_list(char *const *texts, struct net_addr *list, size_t *n, struct vz_err *err)
{
	size_t n_before = *n;

	for (; texts && *texts; texts++) {
		struct net_addr a;

		if (net_addr_parse(*texts, &a) < 0)
			return vz_fail(err, VZ_E_BADIP, 0, "bad IP address '%s'", *texts);
		if (!find_address(list, n_before, &a))
			list[(*n)++] = a;
	}
	return 0;
}

static int parse_lists(struct vz_env *env, char *const *own, char *const *external, struct net_addr **ret, size_t *ret_n,
		       size_t *ret_own, struct vz_err *err)
{
	*ret = calloc(strv_len(own) + strv_len(external) + 1, sizeof(**ret));
	if (!*ret)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "addresses of container %u", env->id);
	if (parse_list(own, *ret, ret_n, err) < 0)
		return -1;
	*ret_own = *ret_n;
	return parse_list(external, *ret, ret_n, err);
}

/* The address alone, as the host routes it. */
static struct net_addr alone(const struct net_addr *a)
{
	struct net_addr one = *a;

	one.bits = net_addr_bits(a->family);
	return one;
}

static int venet_begin(struct venet *v, struct vz_env *env, struct vz_err *err)
{
	*v = (struct venet){ .env = env, .nw.lock = -1 };
	venet_name(env->host->tag, env->id, v->name);
	name_prefix(env->host->tag, v->prefix);
	if (parse_lists(env, env->addresses, env->ext_addresses, &v->want, &v->n_want, &v->n_want_own, err) < 0 ||
	    parse_lists(env, env->addresses_up, env->ext_addresses_up, &v->up, &v->n_up, &v->n_up_own, err) < 0)
		return -1;
	v->was_claimed = calloc(v->n_want + 1, sizeof(*v->was_claimed));
	v->via = calloc(v->n_want + 1, sizeof(*v->via));
	if (!v->was_claimed || !v->via)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "addresses of container %u", env->id);
	if (network_begin(&v->nw, env, err) < 0)
		return -1;
	v->net = v->nw.net;
	v->host = net_link_find(v->net, NET_HOST, v->name);
	if (v->host == -ENODEV)
		v->host = 0;
	return v->host < 0 ? vz_fail(err, VZ_E_SYSTEM, v->host, "look for device '%s'", v->name) : 0;
}

/* ---- the filter all containers share ---- */

/* Without nft: rp_filter alone. It is enough for IPv4, as long as the host does not loosen it for all devices. */
static int do_without_nft(struct venet *v, struct vz_err *err)
{
	auto_free char *all = NULL;

	if (has_family(v->want, v->n_want, AF_INET6))
		return vz_fail(err, VZ_E_CANT_ADDIP, 0,
			       "the program nft is needed to keep container %u from using others' IPv6 addresses (install nftables)",
			       v->env->id);
	if (net_sysctl_get("ipv4", "all", "rp_filter", &all) == 0 && str_equal(all, "2"))
		return vz_fail(err, VZ_E_CANT_ADDIP, 0,
			       "nothing keeps container %u from using others' addresses: install nftables, or set sysctl net.ipv4.conf.all.rp_filter to 1",
			       v->env->id);
	vz_log(v->env->host->log, VZ_LOG_ERR, v->env->id,
	       "Warning: the program nft is not there: only rp_filter keeps the container from using others' addresses (install nftables)");
	return 0;
}

static int ensure_filter(struct venet *v, struct vz_err *err)
{
	auto_free char *commands = NULL;
	int r = nft_has_table(v->net, NFPROTO_INET, v->nw.table);

	if (r > 0)
		return 0;
	/*
	 * Before connection tracking: what is forged should cost as little as possible. What comes from
	 * anywhere else asks once whether it is a container's.
	 */
	commands = str_printf("add table inet %s; "
			      "add chain inet %s source { type filter hook prerouting priority raw; policy accept; }; "
			      "add rule inet %s source iifname != \"%s*\" accept; "
			      "add rule inet %s source ip saddr 0.0.0.0 drop; "
			      "add rule inet %s source ip6 saddr :: drop; "
			      "add rule inet %s source fib saddr . iif oif missing drop",
			      v->nw.table, v->nw.table, v->nw.table, v->prefix, v->nw.table, v->nw.table, v->nw.table);
	if (r == 0)
		r = commands ? nft_run(commands) : -ENOMEM;
	if (r == -ENOENT)
		return do_without_nft(v, err);
	if (r < 0)
		return vz_fail(err, VZ_E_CANT_ADDIP, r == -EIO ? 0 : r,
			       "nft could not make the table '%s' that keeps containers from using others' addresses", v->nw.table);
	return 0;
}

/* Nobody is left that it could filter. */
static void remove_filter(struct venet *v)
{
	auto_free char *command = str_printf("delete table inet %s", v->nw.table);

	if (!command || net_link_any(v->net, v->prefix, v->host) != 0 ||
	    nft_has_table(v->net, NFPROTO_INET, v->nw.table) <= 0)
		return;
	if (nft_run(command) < 0)
		vz_log(v->env->host->log, VZ_LOG_ERR, v->env->id, "cannot remove the nftables table '%s', ignoring", v->nw.table);
}

/* ---- the device ---- */

/* Off, it takes nothing; on, it has no address of its own and believes nobody who says he is a router. */
static int switch_ipv6(struct venet *v, bool on, struct vz_err *err)
{
	int r = net_sysctl("ipv6", v->name, "accept_ra", "0");

	if (r == -ENOENT && !on)
		return 0;	/* a kernel without IPv6 */
	if (r == -ENOENT)
		return vz_fail(err, VZ_E_CANT_ADDIP, 0, "the host has no IPv6");
	if (r == 0)
		r = net_sysctl("ipv6", v->name, "addr_gen_mode", "1");
	if (r == 0)
		r = net_sysctl("ipv6", v->name, "disable_ipv6", on ? "0" : "1");
	return r < 0 ? vz_fail(err, VZ_E_CANT_ADDIP, r, "set up IPv6 of device '%s'", v->name) : 0;
}

static int make_device(struct venet *v, struct vz_err *err)
{
	struct net_veth pair = { .name = v->name, .peer = INSIDE, .noarp = true };
	int r;

	make_mac(v->env, pair.mac);
	memcpy(pair.peer_mac, pair.mac, NET_MAC_LEN);
	r = net_veth_add(v->net, &pair);
	if (r == -EEXIST)
		return vz_fail(err, VZ_E_CANT_ADDIP, 0, "container %u has a device '" INSIDE "' of its own making", v->env->id);
	if (r < 0)
		return vz_fail(err, VZ_E_CANT_ADDIP, r, "make device '%s'", v->name);
	v->is_new = true;
	v->host = net_link_find(v->net, NET_HOST, v->name);
	r = v->host < 0 ? v->host : net_sysctl("ipv4", v->name, "rp_filter", "1");
	if (r < 0)
		return vz_fail(err, VZ_E_CANT_ADDIP, r, "set up device '%s'", v->name);
	return 0;
}

static int ensure_device(struct venet *v, struct vz_err *err)
{
	int r;

	/* The filter first, at every change: somebody may have flushed it. */
	if (v->n_want && ensure_filter(v, err) < 0)
		return -1;
	if (!v->host && make_device(v, err) < 0)
		return -1;
	v->inside = net_link_find(v->net, NET_INSIDE, INSIDE);
	if (v->inside < 0)
		return vz_fail(err, VZ_E_CANT_ADDIP, 0, "container %u has renamed or moved its device '" INSIDE "'", v->env->id);
	if (switch_ipv6(v, has_family(v->want, v->n_want, AF_INET6), err) < 0)
		return -1;
	r = net_link_up(v->net, NET_HOST, v->host);
	if (r == 0)
		r = net_link_up(v->net, NET_INSIDE, v->inside);
	return r < 0 ? vz_fail(err, VZ_E_CANT_ADDIP, r, "switch on device '%s'", v->name) : 0;
}

static void remove_device(struct venet *v)
{
	int r = v->host > 0 ? net_link_del(v->net, NET_HOST, v->host) : 0;

	if (r < 0 && r != -ENODEV)
		vz_log(v->env->host->log, VZ_LOG_ERR, v->env->id, "cannot remove device '%s': %s, ignoring", v->name, strerror(-r));
	rate_remove(&v->nw);
	remove_filter(v);
	v->host = 0;
}

/* ---- neighbours ---- */

/* The name of the device that a way leads to, in name; and whether nobody may have what goes there. */
static bool is_taken(struct venet *v, const struct net_way *way, char name[IF_NAMESIZE])
{
	if (!if_indextoname((unsigned int)way->index, name))
		(void)strcpy(name, "?");
	return way->type != RTN_UNICAST || str_has_prefix(name, v->prefix);
}

/* "list:eth0 eth1" names devices; all others are left out. */
static bool is_listed(const char *list, const char *name)
{
	auto_strv char **names = NULL;

	return strv_split(list, " ,\t", &names) == 0 && strv_find(names, name) >= 0;
}

static int find_neighbours(struct venet *v, struct vz_err *err)
{
	const char *which = conf_str(v->env->conf, VZ_P_neighbour_devs);
	size_t kept = 0;
	int r = net_neighbourhoods(v->net, &v->near, &v->n_near);

	if (r < 0)
		return vz_fail(err, VZ_E_CANT_ADDIP, r, "list the devices of the host");
	for (size_t i = 0; i < v->n_near; i++)
		if (!which || !str_has_prefix(which, "list:") || is_listed(which + strlen("list:"), v->near[i].name))
			v->near[kept++] = v->near[i];
	v->n_near = kept;
	/* Where the host itself would look for them, as long as it does not know better. */
	for (size_t i = 0; str_equal(which, "detect") && i < v->n_want_own; i++) {
		struct net_way way;

		if (net_way_to(v->net, &v->want[i], &way) == 0 && way.index != v->host)
			v->via[i] = way.index;
	}
	return 0;
}

/* Answer for one of want, where it is near. */
static void answer_for(struct venet *v, size_t which, struct announcement **to)
{
	const struct net_addr *a = &v->want[which];
	char text[NET_ADDR_TEXT];

	for (size_t i = 0; i < v->n_near; i++) {
		int r;

		if (v->via[which] && v->via[which] != v->near[i].index)
			continue;
		/* Unlike for ARP, a proxy for IPv6 has to be allowed device by device. */
		if (a->family == AF_INET6)
			(void)net_sysctl("ipv6", v->near[i].name, "proxy_ndp", "1");
		r = net_proxy_add(v->net, v->near[i].index, a);
		if (r < 0)
			vz_log(v->env->host->log, VZ_LOG_ERR, v->env->id, "Warning: cannot answer for %s on '%s': %s, ignoring",
			       net_addr_text(a, text), v->near[i].name, strerror(-r));
		*(*to)++ = (struct announcement){ .where = v->near[i], .address = *a };
	}
}

/* The world hears of the addresses last, when all the rest is done. */
static void answer_for_all(struct venet *v)
{
	auto_free struct announcement *list = calloc(v->n_want_own * v->n_near + 1, sizeof(*list));
	struct announcement *end = list;
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; list && i < v->n_want_own; i++)
		answer_for(v, i, &end);
	if (list)
		r = announce_addresses(list, (size_t)(end - list));
	if (r < 0)
		vz_log(v->env->host->log, VZ_LOG_ERR, v->env->id, "Warning: cannot announce addresses: %s, ignoring", strerror(-r));
}

/* Of an address that was noted, but is or became another container's, the neighbours are to go on hearing. */
static bool is_anothers(struct venet *v, const struct net_addr *a)
{
	char name[IF_NAMESIZE];
	struct net_way way;

	return net_way_to(v->net, a, &way) == 0 && way.bits == net_addr_bits(a->family) && way.index != v->host &&
	       is_taken(v, &way, name);
}

static void no_longer_answer_for(struct venet *v, const struct net_addr *a)
{
	for (size_t i = 0; i < v->n_near && !is_anothers(v, a); i++)
		(void)net_proxy_del(v->net, v->near[i].index, a);
}

/* Only if somebody wants to wait for that. */
static int probe_neighbours(struct venet *v, struct vz_err *err)
{
	const struct vz_conf *conf = v->env->conf;
	unsigned char mac[NET_MAC_LEN];
	char text[NET_ADDR_TEXT];
	size_t taken;

	if (v->env->skip_probe || !conf_yes(conf, VZ_P_error_on_arpfail, false) ||
	    conf_yes(conf, VZ_P_skip_arpdetect, false))
		return 0;
	for (size_t i = 0; i < v->n_near; i++)
		if (announce_probe(&v->near[i], v->want, v->n_want_own, PROBE_TIME, &taken, mac) > 0)
			return vz_fail(err, VZ_E_IP_INUSE, 0,
				       "Unable to add IP %s: %02x:%02x:%02x:%02x:%02x:%02x on '%s' has it already",
				       net_addr_text(&v->want[taken], text), mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
				       v->near[i].name);
	return 0;
}

/* ---- the host's routes ---- */

static int fail_taken(struct venet *v, const struct net_addr *a, const struct net_way *way, struct vz_err *err)
{
	char text[NET_ADDR_TEXT], name[IF_NAMESIZE];
	bool taken = is_taken(v, way, name);

	(void)net_addr_text(a, text);
	if (way->type != RTN_UNICAST)
		return vz_fail(err, VZ_E_IP_INUSE, 0, "Unable to add IP %s: it is the host's own", text);
	if (taken)
		return vz_fail(err, VZ_E_IP_INUSE, 0, "Unable to add IP %s: another container has it, by device '%s'", text, name);
	return vz_fail(err, VZ_E_CANT_ADDIP, 0,
		       "Unable to add IP %s: the host has a route to it by device '%s' (FORCE_ROUTE=yes in vz.conf replaces it)",
		       text, name);
}

/* The address that the host uses for what it sends itself, if the administrator wants a certain one. */
static int find_source(struct venet *v, int family, struct net_addr *ret)
{
	const char *dev = conf_str(v->env->conf, VZ_P_ve_route_src_dev);
	int index = dev ? net_link_find(v->net, NET_HOST, dev) : -ENODEV;

	return index < 0 ? index : net_device_address(v->net, index, family, ret);
}

/*
 * The route is the claim: the kernel has one for an address and no second one, so of two containers that
 * start at the same time one comes too late.
 */
static int claim(struct venet *v, const struct net_addr *a, bool *ret_was_claimed, struct vz_err *err)
{
	struct net_addr dst = alone(a), src;
	struct net_addr *from = find_source(v, a->family, &src) == 0 ? &src : NULL;
	bool force = conf_yes(v->env->conf, VZ_P_force_route, false);
	struct net_way way = { 0 };
	char text[NET_ADDR_TEXT], name[IF_NAMESIZE];
	int r = net_way_to(v->net, &dst, &way);

	*ret_was_claimed = r == 0 && way.bits == dst.bits && way.index == v->host;
	if (*ret_was_claimed)
		return 0;
	if (r == 0 && way.type != RTN_UNICAST && way.bits == dst.bits)
		return fail_taken(v, a, &way, err);
	r = net_route_add(v->net, NET_HOST, &dst, v->host, from, NET_ROUTE_NEW);
	if (r != -EEXIST)
		return r < 0 ? vz_fail(err, VZ_E_CANT_ADDIP, r, "Unable to add IP %s: route to device '%s'", net_addr_text(a, text), v->name) : 0;
	if (net_way_to(v->net, &dst, &way) < 0)
		way = (struct net_way){ .type = RTN_UNICAST };
	if (!force || is_taken(v, &way, name))
		return fail_taken(v, a, &way, err);
	r = net_route_add(v->net, NET_HOST, &dst, v->host, from, NET_ROUTE_REPLACE);
	return r < 0 ? vz_fail(err, VZ_E_CANT_ADDIP, r, "Unable to add IP %s: replace the route", net_addr_text(a, text)) : 0;
}

static void unclaim(struct venet *v, const struct net_addr *a)
{
	struct net_addr dst = alone(a);

	(void)net_route_del(v->net, NET_HOST, &dst, v->host);
}

static int claim_all(struct venet *v, struct vz_err *err)
{
	for (; v->n_claimed < v->n_want; v->n_claimed++)
		if (claim(v, &v->want[v->n_claimed], &v->was_claimed[v->n_claimed], err) < 0)
			return -1;
	return 0;
}

/* ---- inside ---- */

static int set_default_routes(struct venet *v, const struct net_addr *list, size_t n, struct vz_err *err)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		struct net_addr everything = { .family = families[i] };
		int r;

		if (!has_family(list, n, families[i]))
			continue;
		r = net_route_add(v->net, NET_INSIDE, &everything, v->inside, NULL, NET_ROUTE_NEW);
		/* One that its root has made otherwise, or a gateway of another device, is meant so. */
		if (r < 0 && r != -EEXIST)
			return vz_fail(err, VZ_E_CANT_ADDIP, r, "set the default route of container %u", v->env->id);
	}
	return 0;
}

static int configure_inside(struct venet *v, struct vz_err *err)
{
	char text[NET_ADDR_TEXT];
	int r = 0;

	for (size_t i = 0; i < v->n_up_own; i++) {
		const struct net_addr *same = find_address(v->want, v->n_want_own, &v->up[i]);

		if (!same || same->bits != v->up[i].bits)
			(void)net_addr_del(v->net, NET_INSIDE, v->inside, &v->up[i]);
	}
	for (size_t i = 0; i < v->n_want_own; i++) {
		r = net_addr_add(v->net, NET_INSIDE, v->inside, &v->want[i]);
		if (r < 0)
			return vz_fail(err, VZ_E_CANT_ADDIP, r, "Unable to add IP %s inside container %u",
				       net_addr_text(&v->want[i], text), v->env->id);
	}
	return set_default_routes(v, v->want, v->n_want, err);
}

/* ---- changes ---- */

static struct nat nat_of(struct venet *v, const struct net_addr *addresses, size_t n)
{
	return (struct nat){ .nw = &v->nw, .prefix = v->prefix, .addresses = addresses, .n = n };
}

static int lead_ports(struct venet *v, const struct net_addr *addresses, size_t n, struct vz_err *err)
{
	struct nat t = nat_of(v, addresses, n);

	return publish_change(&t, v->up, v->n_up_own, err);
}

/* A device that was there has its limit, or none, already. */
static int limit_rate(struct venet *v, struct vz_err *err)
{
	return v->is_new && rate_of(v->env->conf) ? rate_limit(&v->nw, v->name, err) : 0;
}

static void translate(struct venet *v)
{
	struct nat t = nat_of(v, v->want, v->n_want_own);

	nat_masquerade(&t);
}

/* What was added just now goes; what was there before stays. */
static void roll_back(struct venet *v)
{
	for (size_t i = 0; i < v->n_claimed; i++)
		if (!v->was_claimed[i])
			unclaim(v, &v->want[i]);
	for (size_t i = 0; v->inside > 0 && i < v->n_want_own; i++) {
		const struct net_addr *same = find_address(v->up, v->n_up_own, &v->want[i]);

		if (!same || same->bits != v->want[i].bits)
			(void)net_addr_del(v->net, NET_INSIDE, v->inside, &v->want[i]);
	}
	for (size_t i = 0; v->inside > 0 && i < v->n_up_own; i++)
		(void)net_addr_add(v->net, NET_INSIDE, v->inside, &v->up[i]);
	if (v->is_new)
		remove_device(v);
}

static int carry_out(struct venet *v, struct vz_err *err)
{
	if (network_open_inside(&v->nw, err) < 0 || find_neighbours(v, err) < 0 || probe_neighbours(v, err) < 0)
		return -1;
	if (ensure_device(v, err) < 0 || claim_all(v, err) < 0 || configure_inside(v, err) < 0 ||
	    limit_rate(v, err) < 0 || lead_ports(v, v->want, v->n_want_own, err) < 0) {
		roll_back(v);
		return -1;
	}
	for (size_t i = 0; i < v->n_up; i++)
		if (!find_address(v->want, v->n_want, &v->up[i]))
			unclaim(v, &v->up[i]);
	for (size_t i = 0; i < v->n_up_own; i++)
		if (!find_address(v->want, v->n_want_own, &v->up[i]))
			no_longer_answer_for(v, &v->up[i]);
	translate(v);
	answer_for_all(v);
	return 0;
}

int venet_change(struct vz_env *env, struct vz_err *err)
{
	struct venet v;
	int r = venet_begin(&v, env, err);

	/* Without addresses there is nothing to make, but perhaps to take away. */
	if (r == 0 && (v.n_want || v.host))
		r = carry_out(&v, err);
	if (r == 0 && !v.n_want_own)
		publish_nothing(env);
	venet_done(&v);
	return r;
}

int venet_take_over(struct vz_env *env, struct vz_err *err)
{
	struct venet v;
	int r;

	if (!env->addresses_up && !env->ext_addresses_up)
		return 0;
	r = venet_begin(&v, env, err);
	if (r == 0 && v.host)
		r = network_open_inside(&v.nw, err);
	if (r == 0 && v.host) {
		v.inside = net_link_find(v.net, NET_INSIDE, INSIDE);
		r = v.inside > 0 ? set_default_routes(&v, v.up, v.n_up, err) : 0;
	}
	venet_done(&v);
	return r;
}

int venet_publish(struct vz_env *env, struct vz_err *err)
{
	struct venet v;
	int r = venet_begin(&v, env, err);

	if (r == 0 && !v.n_up_own && conf_list(env->conf, VZ_P_publish))
		r = vz_fail(err, VZ_E_CANT_ADDIP, 0, "Unable to publish ports: container %u has no address on venet (set it one with --ipadd)", env->id);
	if (r == 0)
		r = lead_ports(&v, v.up, v.n_up_own, err);
	venet_done(&v);
	return r;
}

int venet_rate(struct vz_env *env, struct vz_err *err)
{
	struct venet v;
	int r = venet_begin(&v, env, err);

	/* Without a device it is limited when it gets one. */
	if (r == 0 && v.host)
		r = rate_limit(&v.nw, v.name, err);
	venet_done(&v);
	return r;
}

/* ---- what swallows packets between us and the world ---- */

static void warn_not_forwarded(struct venet *v)
{
	const struct { int family; const char *sysctl, *what, *name; } switches[] = {
		{ AF_INET,  "ipv4", "IPv4", "net.ipv4.ip_forward" },
		{ AF_INET6, "ipv6", "IPv6", "net.ipv6.conf.all.forwarding" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		auto_free char *on = NULL;

		if (has_family(v->want, v->n_want, switches[i].family) &&
		    net_sysctl_get(switches[i].sysctl, "all", "forwarding", &on) == 0 && str_equal(on, "0"))
			vz_log(v->env->host->log, VZ_LOG_ERR, v->env->id,
			       "Warning: the host does not forward %s: container %u reaches nobody but the host (sysctl -w %s=1)",
			       switches[i].what, v->env->id, switches[i].name);
	}
}

static void warn_swallowed(struct venet *v)
{
	auto_free char *chain = NULL;

	if (nft_find_swallower(v->net, v->prefix, &chain) > 0)
		vz_log(v->env->host->log, VZ_LOG_ERR, v->env->id,
		       "Warning: the host's firewall drops what it forwards for containers (nft 'insert rule %s iifname \"%s*\" accept; insert rule %s oifname \"%s*\" accept')",
		       chain, v->prefix, chain, v->prefix);
}

/* ---- start and stop ---- */

int venet_attach(struct vz_env *env, struct vz_err *err)
{
	struct venet v;
	int r;

	/* Of a run that was cut off: its other end is not in this container. */
	if (venet_detach(env, err) < 0)
		return -1;
	strv_free(env->addresses_up);
	env->addresses_up = NULL;
	strv_free(env->ext_addresses_up);
	env->ext_addresses_up = NULL;
	if (!env->addresses)
		publish_nothing(env);
	if (!env->addresses && !env->ext_addresses)
		return 0;
	r = venet_begin(&v, env, err);
	if (r == 0)
		r = carry_out(&v, err);
	if (r == 0) {
		warn_not_forwarded(&v);
		warn_swallowed(&v);
	}
	venet_done(&v);
	return r;
}

int venet_detach(struct vz_env *env, struct vz_err *err)
{
	char name[IF_NAMESIZE];
	struct venet v;
	int r;

	venet_name(env->host->tag, env->id, name);
	if (!env->addresses_up && !if_nametoindex(name))
		return 0;
	r = venet_begin(&v, env, err);
	if (r == 0)
		r = find_neighbours(&v, err);
	for (size_t i = 0; r == 0 && i < v.n_up_own; i++)
		no_longer_answer_for(&v, &v.up[i]);
	if (r == 0)
		remove_device(&v);
	if (r == 0)
		r = lead_ports(&v, NULL, 0, err);
	venet_done(&v);
	return r;
}
