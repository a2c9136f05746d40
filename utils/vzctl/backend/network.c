/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All of a container's network; see network.h. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include <linux/netfilter.h>

#include "backend/netdev.h"
#include "backend/network.h"
#include "backend/venet.h"
#include "backend/veth.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "host/nft.h"

static int open_library(struct network *n, struct vz_err *err)
{
	int r = net_open(&n->net);

	if (r == -ELIBACC || r == -ELIBBAD)
		return vz_fail(err, VZ_E_SYSTEM, 0,
			       "the libraries libnl-3 and libnl-route-3 are needed for networks (install libnl-route-3-200)");
	return r < 0 ? vz_fail(err, VZ_E_SYSTEM, r, "open a netlink socket") : 0;
}

static int take_lock(struct network *n, struct vz_err *err)
{
	const char *path = n->env->host->net_lock;
	auto_free char *dir = strndup(path, (size_t)(strrchr(path, '/') - path));

	if (dir)
		(void)path_make_dirs(dir, 0755);
	n->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (n->lock < 0 || flock(n->lock, LOCK_EX) < 0)
		return vz_fail(err, VZ_E_SYSTEM, -errno, "lock '%s'", path);
	return 0;
}

static void name_network(struct network *n, struct vz_env *env)
{
	*n = (struct network){ .env = env, .lock = -1 };
	(void)snprintf(n->table, sizeof(n->table), "vz%s%.8s", *env->host->tag ? "-" : "", env->host->tag);
}

int network_begin(struct network *n, struct vz_env *env, struct vz_err *err)
{
	name_network(n, env);
	if (open_library(n, err) == 0 && take_lock(n, err) == 0)
		return 0;
	network_end(n);
	return -1;
}

int network_open_inside(struct network *n, struct vz_err *err)
{
	int r = net_open_inside(n->net, n->env->init_pidfd);

	return r < 0 ? vz_fail(err, VZ_E_SYSTEM, r, "enter the network namespace of container %u", n->env->id) : 0;
}

void network_end(struct network *n)
{
	net_close(n->net);
	n->net = NULL;
	if (n->lock >= 0)
		(void)close(take_fd(&n->lock));
}

void network_warn(struct network *n, int r, const char *what, const char *name)
{
	vz_log(n->env->host->log, VZ_LOG_ERR, n->env->id, "Warning: %s '%s': %s, ignoring", what, name, strerror(-r));
}

int network_attach(struct vz_env *env, struct vz_err *err)
{
	if (venet_attach(env, err) < 0)
		return -1;
	if (veth_attach(env, err) < 0)
		return -1;
	return netdev_attach(env, err);
}

/* Somebody who loads the host's firewall anew may flush what is ours, too. Only looks: no lock is taken. */
int network_is_filtered(struct vz_env *env)
{
	struct network n;
	int r;

	/* Without the program it is another protection, or none, and the start has said so. */
	if ((!env->addresses_up && !env->ext_addresses_up && !env->netifs_up) || !nft_exists())
		return 1;
	name_network(&n, env);
	r = net_open(&n.net);
	if (r == 0)
		r = env->addresses_up || env->ext_addresses_up ? nft_has_table(n.net, NFPROTO_INET, n.table) : 1;
	if (r > 0)
		r = veth_is_filtered(&n);
	network_end(&n);
	return r;
}

int network_detach(struct vz_env *env, struct vz_err *err)
{
	int r = netdev_detach(env, err);

	/* Whatever became of the one, the others go, too. */
	if (veth_detach(env, err) < 0)
		r = -1;
	return venet_detach(env, err) < 0 ? -1 : r;
}
