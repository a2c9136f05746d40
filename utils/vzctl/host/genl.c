/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What families of generic netlink tell; see genl.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/genetlink.h>

#include "base/macros.h"
#include "host/genl.h"
#include "host/netlink.h"

/* As much as the kernel makes a message of this kind. */
#define MESSAGE_MAX 8192

struct genl {
	struct netlink nl;
	struct nl_sock *sk;
	int family;		/* type of its messages */
};

struct genl_message {
	const struct netlink *nl;
	struct nlmsghdr *header;
};

/* ---- finding the family ---- */

struct search {
	const char *group;
	int family;
	uint32_t group_id;	/* 0: not found */
};

/* One of the groups that a family has. */
static void look_at_group(const struct netlink *nl, struct nlattr *group, struct search *s)
{
	struct nlattr *name = nl->nla_find(nl->nla_data(group), nl->nla_len(group), CTRL_ATTR_MCAST_GRP_NAME);
	struct nlattr *id = nl->nla_find(nl->nla_data(group), nl->nla_len(group), CTRL_ATTR_MCAST_GRP_ID);

	if (name && id && nl->nla_len(id) == sizeof(s->group_id) &&
	    strncmp(nl->nla_data(name), s->group, (size_t)nl->nla_len(name)) == 0)
		memcpy(&s->group_id, nl->nla_data(id), sizeof(s->group_id));
}

static int on_family(const struct netlink *nl, struct nl_msg *msg, void *data)
{
	struct search *s = data;
	struct nlattr *id = nl->nlmsg_find_attr(nl->nlmsg_hdr(msg), GENL_HDRLEN, CTRL_ATTR_FAMILY_ID);
	struct nlattr *groups = nl->nlmsg_find_attr(nl->nlmsg_hdr(msg), GENL_HDRLEN, CTRL_ATTR_MCAST_GROUPS);
	struct nlattr *a = groups ? nl->nla_data(groups) : NULL;
	int left = groups ? nl->nla_len(groups) : 0;
	uint16_t family;

	if (!id || nl->nla_len(id) != sizeof(family))
		return -EBADMSG;
	memcpy(&family, nl->nla_data(id), sizeof(family));
	s->family = family;
	for (; a && nl->nla_ok(a, left); a = nl->nla_next(a, &left))
		look_at_group(nl, a, s);
	return 0;
}

static int find_family(struct genl *g, const char *family, struct search *s)
{
	const struct genlmsghdr ask = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 };
	struct nl_msg *msg = g->nl.nlmsg_alloc_simple(GENL_ID_CTRL, 0);
	int r;

	if (!msg)
		return -ENOMEM;
	if (g->nl.nlmsg_append(msg, (void *)(uintptr_t)&ask, sizeof(ask), NLMSG_ALIGNTO) < 0 ||
	    g->nl.nla_put(msg, CTRL_ATTR_FAMILY_NAME, (int)strlen(family) + 1, family) < 0) {
		g->nl.nlmsg_free(msg);
		return -ENOMEM;
	}
	r = netlink_talk(&g->nl, g->sk, msg, on_family, s);
	if (r < 0)
		return r;
	return s->group_id ? 0 : -ENOENT;
}

static int join(struct genl *g, const char *family, const char *group)
{
	struct search s = { .group = group };
	int r = netlink_open(&g->nl, NETLINK_GENERIC, &g->sk);

	if (r == 0)
		r = find_family(g, family, &s);
	if (r < 0)
		return r;
	g->family = s.family;
	return setsockopt(genl_fd(g), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &s.group_id, sizeof(s.group_id)) < 0 ? -errno : 0;
}

int genl_listen(const char *family, const char *group, struct genl **ret)
{
	struct genl *g = calloc(1, sizeof(*g));
	int r = g ? netlink_load_core(&g->nl) : -ENOMEM;

	if (r == 0)
		r = join(g, family, group);
	if (r < 0) {
		genl_close(g);
		return r;
	}
	*ret = g;
	return 0;
}

void genl_close(struct genl *g)
{
	if (!g)
		return;
	if (g->sk)
		g->nl.nl_socket_free(g->sk);
	netlink_unload(&g->nl);
	free(g);
}

int genl_fd(const struct genl *g)
{
	return g->nl.nl_socket_get_fd(g->sk);
}

/* ---- what it tells ---- */

int genl_read(struct genl *g, genl_fn fn, void *data)
{
	struct sockaddr_nl from = { 0 };
	socklen_t from_len = sizeof(from);
	union {
		struct nlmsghdr header;		/* for its alignment */
		char bytes[MESSAGE_MAX];
	} buf;
	ssize_t n = recvfrom(genl_fd(g), &buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
	unsigned int left = n > 0 ? (unsigned int)n : 0;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	/* Only the kernel is believed. */
	if (from.nl_pid != 0)
		return 0;
	for (struct nlmsghdr *h = &buf.header; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
		struct genl_message m = { .nl = &g->nl, .header = h };

		if (h->nlmsg_type == g->family && h->nlmsg_len >= NLMSG_LENGTH(GENL_HDRLEN))
			fn(data, &m);
	}
	return 0;
}

int genl_command(const struct genl_message *m)
{
	return ((const struct genlmsghdr *)NLMSG_DATA(m->header))->cmd;
}

bool genl_u32(const struct genl_message *m, int attribute, uint32_t *ret)
{
	struct nlattr *a = m->nl->nlmsg_find_attr(m->header, GENL_HDRLEN, attribute);

	if (!a || m->nl->nla_len(a) != sizeof(*ret))
		return false;
	memcpy(ret, m->nl->nla_data(a), sizeof(*ret));
	return true;
}

bool genl_text(const struct genl_message *m, int attribute, char *ret, size_t size)
{
	struct nlattr *a = m->nl->nlmsg_find_attr(m->header, GENL_HDRLEN, attribute);

	if (!a)
		return false;
	(void)snprintf(ret, size, "%.*s", m->nl->nla_len(a), (const char *)m->nl->nla_data(a));
	return true;
}
