/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network devices of the host inside a container; see netdev.h. */
#include <errno.h>
#include <string.h>

#include "backend/netdev.h"
#include "backend/network.h"
#include "base/cleanup.h"
#include "base/strv.h"

static int move_in(struct network *n, const char *name, struct vz_err *err)
{
	int index = net_link_find(n->net, NET_HOST, name);
	int r;

	/* By a command that was killed. */
	if (index == -ENODEV && net_link_find(n->net, NET_INSIDE, name) > 0)
		return 0;
	if (index == -ENODEV)
		return vz_fail(err, VZ_E_NETDEV, 0, "the host has no network device '%s'", name);
	r = index < 0 ? index : net_link_move(n->net, NET_HOST, index);
	if (r == -EEXIST)
		return vz_fail(err, VZ_E_NETDEV, 0, "container %u has a network device '%s' already", n->env->id, name);
	if (r == -EINVAL)
		return vz_fail(err, VZ_E_NETDEV, 0, "network device '%s' is of a kind that cannot be moved", name);
	return r < 0 ? vz_fail(err, VZ_E_NETDEV, r, "move network device '%s' into container %u", name, n->env->id) : 0;
}

/* One that its root has removed or renamed cannot come back: that is said, and no reason to keep the others. */
static void move_out(struct network *n, const char *name)
{
	int index = net_link_find(n->net, NET_INSIDE, name);
	int r = index < 0 ? index : net_link_move(n->net, NET_INSIDE, index);

	if (r == -ENODEV && net_link_find(n->net, NET_HOST, name) > 0)
		return;
	if (r < 0)
		network_warn(n, r, "cannot move back network device", name);
}

static int carry_out(struct network *n, struct vz_err *err)
{
	const struct vz_env *env = n->env;
	size_t done = 0;

	for (; env->netdevs && env->netdevs[done]; done++)
		if (strv_find(env->netdevs_up, env->netdevs[done]) < 0 && move_in(n, env->netdevs[done], err) < 0)
			break;
	if (env->netdevs && env->netdevs[done]) {
		while (done-- > 0)
			if (strv_find(env->netdevs_up, env->netdevs[done]) < 0)
				move_out(n, env->netdevs[done]);
		return -1;
	}
	for (char **name = env->netdevs_up; name && *name; name++)
		if (strv_find(env->netdevs, *name) < 0)
			move_out(n, *name);
	return 0;
}

int netdev_change(struct vz_env *env, struct vz_err *err)
{
	struct network n;
	int r = network_begin(&n, env, err);

	if (r == 0)
		r = network_open_inside(&n, err);
	if (r == 0)
		r = carry_out(&n, err);
	network_end(&n);
	return r;
}

int netdev_attach(struct vz_env *env, struct vz_err *err)
{
	/* What an earlier run had is where the kernel has put it. */
	strv_free(env->netdevs_up);
	env->netdevs_up = NULL;
	return env->netdevs ? netdev_change(env, err) : 0;
}

int netdev_hold(struct vz_env *env, struct vz_err *err)
{
	struct network n;
	int r;

	if (!env->netdevs_up || env->netns >= 0)
		return 0;
	r = network_begin(&n, env, err);
	if (r == 0)
		r = network_open_inside(&n, err);
	if (r == 0)
		env->netns = net_take_inside(n.net);
	network_end(&n);
	return r;
}

int netdev_detach(struct vz_env *env, struct vz_err *err)
{
	int inside = env->netns >= 0 ? env->netns : env->init_pidfd;
	struct network n;
	int r;

	if (!env->netdevs_up)
		return 0;
	r = network_begin(&n, env, err);
	if (r == 0 && inside >= 0 && net_open_inside(n.net, inside) == 0) {
		for (char **name = env->netdevs_up; *name; name++)
			move_out(&n, *name);
	} else if (r == 0) {
		for (char **name = env->netdevs_up; *name; name++)
			if (net_link_find(n.net, NET_HOST, *name) < 0)
				network_warn(&n, -ENODEV, "a virtual device ends with the network it is in:", *name);
	}
	network_end(&n);
	if (env->netns >= 0)
		(void)close(take_fd(&env->netns));
	return r;
}
