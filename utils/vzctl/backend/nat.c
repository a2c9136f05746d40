/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Masquerading; see nat.h. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/netfilter.h>

#include "backend/nat.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "host/nft-nat.h"
#include "host/nft.h"

#define CHAIN "private"

/* Whose packets find no way back from outside. */
static const struct range {
	int family;
	const char *text;
	unsigned char first[2];
	unsigned char mask[2];
} ranges[] = {
	{ AF_INET,  "10.0.0.0/8",     { 10, 0 },    { 0xff, 0 } },
	{ AF_INET,  "172.16.0.0/12",  { 172, 16 },  { 0xff, 0xf0 } },
	{ AF_INET,  "192.168.0.0/16", { 192, 168 }, { 0xff, 0xff } },
	{ AF_INET,  "100.64.0.0/10",  { 100, 64 },  { 0xff, 0xc0 } },
	{ AF_INET6, "fc00::/7",       { 0xfc, 0 },  { 0xfe, 0 } },
};

static bool is_private(const struct net_addr *a)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (a->family == ranges[i].family && (a->bytes[0] & ranges[i].mask[0]) == ranges[i].first[0] &&
		    (a->bytes[1] & ranges[i].mask[1]) == ranges[i].first[1])
			return true;
	return false;
}

static bool has_private(const struct nat *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (is_private(&t->addresses[i]))
			return true;
	return false;
}

static void warn(const struct nat *t, const char *what, const char *why)
{
	vz_log(t->nw->env->host->log, VZ_LOG_ERR, t->nw->env->id, "Warning: %s: %s, ignoring", what, why);
}

/* ---- is it wanted ---- */

static bool is_forwarded(int family)
{
	auto_free char *on = NULL;

	return net_sysctl_get(family == AF_INET ? "ipv4" : "ipv6", "all", "forwarding", &on) == 0 && !str_equal(on, "0");
}

/* The host routes, and nobody does it already. */
static bool is_ours_to_do(const struct nat *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (is_private(&t->addresses[i]) && is_forwarded(t->addresses[i].family) &&
		    nft_is_masqueraded(t->nw->net, t->nw->table, &t->addresses[i]) == 0)
			return true;
	return false;
}

/* ---- the chain ---- */

static void add_ranges(struct vz_str *out, int family)
{
	const char *comma = "";

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (ranges[i].family != family)
			continue;
		str_addf(out, "%s%s", comma, ranges[i].text);
		comma = ", ";
	}
}

/*
 * Networks that the host is connected to: the neighbours there know who has an address of theirs, because
 * the host answers for it.
 */
static int add_neighbourhoods(const struct nat *t, struct vz_str *out)
{
	struct net_network *list = NULL;
	char text[NET_ADDR_TEXT];
	size_t n = 0;
	int r = net_networks(t->nw->net, &list, &n);

	for (size_t i = 0; r == 0 && i < n; i++)
		if (is_private(&list[i].address))
			str_addf(out, "add rule inet %s " CHAIN " oif %d %s saddr %s/%u return; ", t->nw->table, list[i].index,
				 list[i].address.family == AF_INET ? "ip" : "ip6", net_addr_text(&list[i].address, text),
				 list[i].address.bits);
	free(list);
	return r;
}

static int make_chain(const struct nat *t, bool spare_neighbourhoods)
{
	auto_str struct vz_str commands = { 0 };
	int r = 0;

	str_addf(&commands, "add chain inet %s " CHAIN " { type nat hook postrouting priority 150; policy accept; }; ", t->nw->table);
	str_addf(&commands, "add rule inet %s " CHAIN " iifname != \"%s*\" return; ", t->nw->table, t->prefix);
	str_addf(&commands, "add rule inet %s " CHAIN " oifname \"%s*\" return; ", t->nw->table, t->prefix);
	if (spare_neighbourhoods)
		r = add_neighbourhoods(t, &commands);
	str_addf(&commands, "add rule inet %s " CHAIN " ip saddr { ", t->nw->table);
	add_ranges(&commands, AF_INET);
	str_addf(&commands, " } masquerade; add rule inet %s " CHAIN " ip6 saddr { ", t->nw->table);
	add_ranges(&commands, AF_INET6);
	str_add(&commands, " } masquerade");
	if (r < 0 || commands.failed)
		return r < 0 ? r : -ENOMEM;
	return nft_run(commands.s);
}

static int remove_chain(const struct nat *t)
{
	auto_free char *commands = str_printf("flush chain inet %s " CHAIN "; delete chain inet %s " CHAIN, t->nw->table, t->nw->table);

	return commands ? nft_run(commands) : -ENOMEM;
}

void nat_masquerade(const struct nat *t)
{
	const char *mode = conf_str(t->nw->env->conf, VZ_P_nat);
	bool is_auto = str_equal(mode, "auto");
	bool never = str_equal(mode, "no");
	int r = has_private(t) ? nft_has_chain(t->nw->net, NFPROTO_INET, t->nw->table, CHAIN) : 0;

	if (!has_private(t) || r < 0)
		return;
	if (r > 0 && never)
		r = remove_chain(t);
	else if (r == 0 && !never && (!is_auto || is_ours_to_do(t)))
		r = make_chain(t, is_auto);
	else
		return;
	if (r < 0)
		warn(t, never ? "addresses of private ranges are still masqueraded" : "addresses of private ranges are not masqueraded",
		     r == -ENOENT ? "the program nft is not there" : r == -EIO ? "nft refused" : strerror(-r));
}
