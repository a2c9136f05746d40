/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of traffic; see rate.h. */
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "backend/rate.h"
#include "backend/venet.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "conf/rate.h"
#include "host/tc.h"

/* What may go at once: enough for the timers of slow rates, and for what fast ones send in 10 ms. */
#define BURST_MIN 32768
#define BURST_SHARE 100
/* How long a packet may wait. */
#define LATENCY "100ms"

/* Not with the prefix of the host's devices, by which nftables knows them. */
static void name_device(const struct vz_env *env, char ret[IF_NAMESIZE])
{
	venet_name(env->host->tag, env->id, ret);
	if (*env->host->tag)
		*ret = 'r';
	else
		(void)snprintf(ret, IF_NAMESIZE, "rate%u", env->id);
}

/* All classes on all devices together, in bits per second; 0: no limit. */
uint64_t rate_of(const struct vz_conf *conf)
{
	uint64_t sum = 0, kbit;

	if (!conf_yes(conf, VZ_P_ratebound, false))
		return 0;
	for (char *const *word = conf_list(conf, VZ_P_rate); word && *word; word++)
		if (rate_parse(*word, &kbit) == 0)
			sum += kbit * 1000;
	return sum;
}

static int fail_tc(const struct network *nw, int r, struct vz_err *err)
{
	if (r == -ENOENT)
		return vz_fail(err, VZ_E_SYSTEM, 0, "the program tc is needed for --rate of container %u (install iproute2)", nw->env->id);
	return vz_fail(err, VZ_E_SYSTEM, r == -EIO ? 0 : r, "tc could not limit the traffic of container %u", nw->env->id);
}

static int make_device(struct network *nw, const char *name, bool *ret_is_new, struct vz_err *err)
{
	int r = net_ifb_add(nw->net, name);

	*ret_is_new = r > 0;
	if (r == -EEXIST)
		r = net_link_find(nw->net, NET_HOST, name);
	if (r > 0)
		r = net_link_up(nw->net, NET_HOST, r);
	return r < 0 ? vz_fail(err, VZ_E_SYSTEM, r, "make device '%s' for --rate (the kernel module ifb)", name) : 0;
}

static void limit_one(struct vz_str *out, const char *device, uint64_t bits)
{
	uint64_t burst = VZ_MAX(bits / 8 / BURST_SHARE, (uint64_t)BURST_MIN);

	str_addf(out, "qdisc replace dev %s root tbf rate %" PRIu64 "bit burst %" PRIu64 "b latency " LATENCY "\n", device, bits, burst);
}

/* Taken off and put on again, since there may be one or not, and half of one. */
static void take_off(struct vz_str *out, const char *device)
{
	str_addf(out, "qdisc replace dev %s clsact\n", device);
	str_addf(out, "qdisc del dev %s clsact\n", device);
}

static int set_limit(struct network *nw, const char *device, uint64_t bits, struct vz_err *err)
{
	auto_str struct vz_str commands = { 0 };
	char through[IF_NAMESIZE];
	bool is_new;
	int r;

	name_device(nw->env, through);
	if (make_device(nw, through, &is_new, err) < 0)
		return -1;
	limit_one(&commands, device, bits);
	limit_one(&commands, through, bits);
	take_off(&commands, device);
	str_addf(&commands, "qdisc add dev %s clsact\n", device);
	str_addf(&commands, "filter add dev %s ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev %s\n",
		 device, through);
	r = commands.failed ? -ENOMEM : tc_run(commands.s);
	/* The filter comes last: nothing leads to a device that was just made in vain. */
	if (r < 0 && is_new)
		rate_remove(nw);
	return r < 0 ? fail_tc(nw, r, err) : 0;
}

static int lift_limit(struct network *nw, const char *device, struct vz_err *err)
{
	auto_str struct vz_str commands = { 0 };
	int r;

	str_addf(&commands, "qdisc replace dev %s root noqueue\n", device);
	take_off(&commands, device);
	r = commands.failed ? -ENOMEM : tc_run(commands.s);
	if (r < 0)
		return fail_tc(nw, r, err);
	rate_remove(nw);
	return 0;
}

int rate_limit(struct network *nw, const char *device, struct vz_err *err)
{
	uint64_t bits = rate_of(nw->env->conf);

	return bits ? set_limit(nw, device, bits, err) : lift_limit(nw, device, err);
}

void rate_remove(struct network *nw)
{
	char through[IF_NAMESIZE];
	int r;

	name_device(nw->env, through);
	r = net_link_find(nw->net, NET_HOST, through);
	if (r > 0)
		r = net_link_del(nw->net, NET_HOST, r);
	if (r < 0 && r != -ENODEV)
		network_warn(nw, r, "cannot remove device", through);
}
