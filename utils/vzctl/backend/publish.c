/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Published ports; see publish.h. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/netfilter.h>

#include "backend/publish.h"
#include "backend/venet.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/strv.h"
#include "conf/publish.h"
#include "host/nft-port.h"
#include "host/nft.h"
#include "host/port.h"

struct change {
	const struct nat *t;
	const struct net_addr *had;
	size_t n_had;
	struct nft_port *want, *are;	/* of the container, of all; owned */
	size_t n_want, n_are;
};

static void change_done(struct change *c)
{
	free(c->want);
	free(c->are);
}

static const char *name_of(int protocol)
{
	return protocol == IPPROTO_UDP ? "udp" : "tcp";
}

/* ---- ports ---- */

static bool same_address(const struct net_addr *a, const struct net_addr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static bool same_port(const struct nft_port *a, const struct nft_port *b)
{
	return same_address(&a->on, &b->on) && a->protocol == b->protocol && a->port == b->port &&
	       same_address(&a->to, &b->to) && a->to_port == b->to_port;
}

static bool has_port(const struct nft_port *list, size_t n, const struct nft_port *p)
{
	for (size_t i = 0; i < n; i++)
		if (same_port(&list[i], p))
			return true;
	return false;
}

/* There are packets that both would get. */
static bool overlap(const struct nft_port *a, const struct nft_port *b)
{
	return a->to.family == b->to.family && a->protocol == b->protocol && a->port == b->port &&
	       (a->on.family == AF_UNSPEC || b->on.family == AF_UNSPEC || same_address(&a->on, &b->on));
}

static bool is_among(const struct net_addr *list, size_t n, const struct net_addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (same_address(&list[i], a))
			return true;
	return false;
}

static bool is_ours(const struct change *c, const struct nft_port *p)
{
	struct net_addr to = p->to;

	return is_among(c->t->addresses, c->t->n, &to) || is_among(c->had, c->n_had, &to);
}

/* ---- what is wanted ---- */

static const struct net_addr *first_of(const struct nat *t, int family)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->addresses[i].family == family)
			return &t->addresses[i];
	return NULL;
}

/* A word of the configuration is a port of each family. */
static int want(struct change *c, const char *word, struct vz_err *err)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct vz_env *env = c->t->nw->env;
	struct net_addr on = { 0 };
	struct publish p;
	size_t before = c->n_want;

	if (publish_parse(word, &p) < 0 || (*p.address && net_addr_parse(p.address, &on) < 0))
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "bad port '%s'", word);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const struct net_addr *to = first_of(c->t, families[i]);

		if (!to || (*p.address && on.family != families[i]))
			continue;
		c->want[c->n_want] = (struct nft_port){
			.on = on, .protocol = p.udp ? IPPROTO_UDP : IPPROTO_TCP, .port = p.host_port,
			.to = *to, .to_port = p.port,
		};
		c->want[c->n_want++].to.bits = net_addr_bits(families[i]);
	}
	return c->n_want > before ? 0 :
	       vz_fail(err, VZ_E_CANT_ADDIP, 0, "Unable to publish port %u: container %u has no %s address", p.host_port,
		       env->id, on.family == AF_INET ? "IPv4" : on.family == AF_INET6 ? "IPv6" : "IP");
}

static int collect(struct change *c, struct vz_err *err)
{
	char *const *words = conf_list(c->t->nw->env->conf, VZ_P_publish);
	int r = nft_ports(c->t->nw->net, c->t->nw->table, &c->are, &c->n_are);

	if (r < 0)
		return vz_fail(err, VZ_E_SYSTEM, r, "list the ports that are published");
	c->want = calloc(2 * strv_len(words) + 1, sizeof(*c->want));
	if (!c->want)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "ports of container %u", c->t->nw->env->id);
	for (; c->t->n && words && *words; words++)
		if (want(c, *words, err) < 0)
			return -1;
	return 0;
}

/* ---- whether it can be had ---- */

/* The container that a port leads to; false: nobody has the address any more. */
static bool find_owner(const struct change *c, const struct nft_port *p, vz_ctid *ret)
{
	char name[IF_NAMESIZE];
	struct net_way way;

	return net_way_to(c->t->nw->net, &p->to, &way) == 0 && if_indextoname((unsigned int)way.index, name) &&
	       venet_owner(c->t->nw->env->host->tag, name, ret);
}

static int refuse_others(const struct change *c, const struct nft_port *p, struct vz_err *err)
{
	for (size_t i = 0; i < c->n_are; i++) {
		vz_ctid id;

		if (overlap(&c->are[i], p) && !is_ours(c, &c->are[i]) && find_owner(c, &c->are[i], &id))
			return vz_fail(err, VZ_E_IP_INUSE, 0, "Unable to publish port %u/%s: container %u has it", p->port,
				       name_of(p->protocol), id);
	}
	return 0;
}

static int refuse_programs(const struct nft_port *p, struct vz_err *err)
{
	auto_free char *owner = NULL;

	if (!port_is_taken(&p->on, p->to.family, p->protocol, p->port))
		return 0;
	owner = port_owner(p->protocol, p->port);
	return vz_fail(err, VZ_E_IP_INUSE, 0, "Unable to publish port %u/%s: %s%s of the host has it", p->port,
		       name_of(p->protocol), owner ? "program " : "a program", owner ? owner : "");
}

static int check(const struct change *c, struct vz_err *err)
{
	for (size_t i = 0; i < c->n_want; i++)
		if (!has_port(c->are, c->n_are, &c->want[i]) &&
		    (refuse_others(c, &c->want[i], err) < 0 || refuse_programs(&c->want[i], err) < 0))
			return -1;
	return 0;
}

/* ---- the change ---- */

/* Ours that are no longer wanted, and those of nobody that are in the way. */
static bool is_to_go(const struct change *c, const struct nft_port *p)
{
	if (has_port(c->want, c->n_want, p))
		return false;
	for (size_t i = 0; i < c->n_want; i++)
		if (overlap(&c->want[i], p))
			return true;
	return is_ours(c, p);
}

static int write_commands(const struct change *c, struct vz_str *out)
{
	const char *table = c->t->nw->table;
	int r = nft_has_chain(c->t->nw->net, NFPROTO_INET, table, NFT_PORTS_CHAIN);

	if (r < 0)
		return r;
	if (c->n_want && r == 0)
		nft_ports_init(out, table, c->t->prefix);
	for (size_t i = 0; i < c->n_are; i++)
		if (is_to_go(c, &c->are[i]))
			nft_ports_delete(out, table, &c->are[i]);
	for (size_t i = 0; i < c->n_want; i++)
		if (!has_port(c->are, c->n_are, &c->want[i]))
			nft_ports_add(out, table, &c->want[i]);
	return out->failed ? -ENOMEM : 0;
}

static int carry_out(const struct change *c, struct vz_err *err)
{
	auto_str struct vz_str commands = { 0 };
	vz_ctid id = c->t->nw->env->id;
	int r = write_commands(c, &commands);

	if (r == 0 && commands.len)
		r = nft_run(commands.s);
	if (r == -ENOENT)
		return vz_fail(err, VZ_E_SYSTEM, 0, "the program nft is needed to publish ports of container %u (install nftables)", id);
	return r < 0 ? vz_fail(err, VZ_E_SYSTEM, r == -EIO ? 0 : r, "nft could not publish the ports of container %u", id) : 0;
}

int publish_change(const struct nat *t, const struct net_addr *had, size_t n_had, struct vz_err *err)
{
	struct change c = { .t = t, .had = had, .n_had = n_had };
	int r;

	/* Nothing is wanted, and nothing was there: most starts and stops. */
	if (!conf_list(t->nw->env->conf, VZ_P_publish) &&
	    (!n_had || nft_has_chain(t->nw->net, NFPROTO_INET, t->nw->table, NFT_PORTS_CHAIN) <= 0))
		return 0;
	r = collect(&c, err);
	if (r == 0)
		r = check(&c, err);
	if (r == 0)
		r = carry_out(&c, err);
	change_done(&c);
	return r;
}

void publish_nothing(const struct vz_env *env)
{
	if (conf_list(env->conf, VZ_P_publish))
		vz_log(env->host->log, VZ_LOG_ERR, env->id,
		       "Warning: container %u has no address on venet: its ports are not published (set it one with --ipadd)", env->id);
}
