/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What of a virtual Ethernet device (NETIF) was not given: MAC addresses, and its name on the host. They
 * are made from what does not change, so a device that nobody saved has the same ones at the next start.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "conf/netif.h"
#include "ct/ct.h"

static uint32_t hash_text(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

/* A number for what is said about a container of this very machine; two machines may be on one wire. */
static int hash_of(struct vz_ct *ct, const char *what, const char *ifname, uint32_t *ret)
{
	auto_free char *machine = NULL;
	auto_free char *text = NULL;
	char name[256] = "";

	if (file_read_line(AT_FDCWD, "/etc/machine-id", &machine) < 0)
		(void)gethostname(name, sizeof(name) - 1);
	text = str_printf("%s/%s/%u/%s/%s", machine ? machine : name, ct->vz->paths.tag, ct->id, what, ifname);
	if (!text)
		return -ENOMEM;
	*ret = hash_text(text);
	return 0;
}

/* 00:18:51 was OpenVZ's. */
static int make_mac(struct vz_ct *ct, const char *what, const char *ifname, char **ret)
{
	uint32_t h;

	if (hash_of(ct, what, ifname, &h) < 0)
		return -ENOMEM;
	*ret = str_printf("00:18:51:%02X:%02X:%02X", h >> 16 & 0xff, h >> 8 & 0xff, h & 0xff);
	return *ret ? 0 : -ENOMEM;
}

/* Does a device of the list, which are done so far, have this name on the host? */
static bool is_used(char *const *done, const char *name)
{
	bool used = false;

	for (; done && *done && !used; done++) {
		struct netif n;

		if (netif_parse(*done, &n) < 0)
			continue;
		used = str_equal(n.part[NETIF_HOST_IFNAME], name);
		netif_done(&n);
	}
	return used;
}

/*
 * veth101.0 for eth0 of 101, or the next number that is free. Below a prefix, and where the container's
 * number is too long for that, a hash: in the configuration file it can be looked up.
 */
static int make_name(struct vz_ct *ct, const char *ifname, char *const *done, char **ret)
{
	const char *digits = ifname + strcspn(ifname, "0123456789");
	unsigned long number = strtoul(digits, NULL, 10) % 10000;
	uint32_t h;

	do {
		free(*ret);
		*ret = str_printf("veth%u.%lu", ct->id, number++);
	} while (*ret && is_used(done, *ret));
	if (!*ret || (!*ct->vz->paths.tag && strlen(*ret) < IFNAMSIZ))
		return *ret ? 0 : -ENOMEM;
	free(*ret);
	*ret = NULL;
	if (hash_of(ct, "name", ifname, &h) < 0)
		return -ENOMEM;
	*ret = str_printf("veth%08x.%lu", h, (number - 1) % 100);
	return *ret ? 0 : -ENOMEM;
}

static int complete_one(struct vz_ct *ct, struct netif *n, char *const *done)
{
	const char *ifname = n->part[NETIF_IFNAME];
	int r = 0;

	if (!n->part[NETIF_MAC])
		r = make_mac(ct, "inside", ifname, &n->part[NETIF_MAC]);
	if (r == 0 && !n->part[NETIF_HOST_MAC])
		r = make_mac(ct, "host", ifname, &n->part[NETIF_HOST_MAC]);
	if (r == 0 && !n->part[NETIF_HOST_IFNAME])
		r = make_name(ct, ifname, done, &n->part[NETIF_HOST_IFNAME]);
	return r;
}

int netif_complete(struct vz_ct *ct, char *const *words, char ***ret)
{
	auto_strv char **done = NULL;
	int r = 0;

	for (; r == 0 && words && *words; words++) {
		struct netif n;

		r = netif_parse(*words, &n);
		if (r < 0)
			return r;
		r = complete_one(ct, &n, done);
		if (r == 0)
			r = strv_take(&done, netif_text(&n));
		netif_done(&n);
	}
	if (r == 0)
		*ret = take_ptr(done);
	return r;
}

int netif_complete_own(struct vz_ct *ct, struct vz_err *err)
{
	struct vz_value *v = &ct->own.v[VZ_P_netif];
	char **complete = NULL;

	if (!v->set)
		return 0;
	if (netif_complete(ct, v->list, &complete) < 0)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "devices of container %u", ct->id);
	strv_free(v->list);
	v->list = complete;
	return ct_refresh(ct, err);
}
