// SPDX-License-Identifier: GPL-2.0-only
/* The generic netlink family of virtual environments, without a library. */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/ve.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "util.h"

struct message {
	struct nlmsghdr		nl;
	struct genlmsghdr	genl;
	char			data[256];
};

/* The attribute of a type between two addresses, or NULL. */
static const struct nlattr *find(const char *from, const char *to, int type)
{
	while (to - from >= NLA_HDRLEN) {
		const struct nlattr *attr = (const struct nlattr *)from;

		if (attr->nla_len < NLA_HDRLEN || attr->nla_len > to - from)
			break;
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
		from += NLA_ALIGN(attr->nla_len);
	}
	return NULL;
}

/* The same of a whole message. */
static const struct nlattr *find_in(const struct nlmsghdr *header, int type)
{
	return find((const char *)NLMSG_DATA(header) + GENL_HDRLEN,
		    (const char *)header + header->nlmsg_len, type);
}

static const char *data_of(const struct nlattr *attr)
{
	return (const char *)attr + NLA_HDRLEN;
}

static const char *end_of(const struct nlattr *attr)
{
	return (const char *)attr + attr->nla_len;
}

static __u32 number_of(const struct nlattr *attr)
{
	__u16 small;
	__u32 value;

	if (!attr)
		return 0;
	if (attr->nla_len == NLA_HDRLEN + sizeof(small)) {
		memcpy(&small, data_of(attr), sizeof(small));
		return small;
	}
	memcpy(&value, data_of(attr), sizeof(value));
	return value;
}

static void add(struct message *m, int type, const void *data, size_t size)
{
	struct nlattr *attr = (struct nlattr *)((char *)m + NLMSG_ALIGN(m->nl.nlmsg_len));

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + size;
	memcpy((char *)attr + NLA_HDRLEN, data, size);
	m->nl.nlmsg_len = NLMSG_ALIGN(m->nl.nlmsg_len) + NLA_ALIGN(attr->nla_len);
}

static struct message message_for(int family, int flags, int cmd)
{
	struct message m = {
		.nl = { .nlmsg_type = family, .nlmsg_flags = NLM_F_REQUEST | flags },
		.genl = { .cmd = cmd, .version = 1 },
	};

	m.nl.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	return m;
}

static int send_message(struct nl *nl, struct message *m)
{
	return send(nl->fd, m, m->nl.nlmsg_len, 0) < 0 ? -errno : 0;
}

/* The error of an answer; keeps what the kernel says of it. */
static int error_of(struct nl *nl, const struct nlmsghdr *header)
{
	const struct nlmsgerr *error = NLMSG_DATA(header);
	const struct nlattr *text;
	size_t skip = sizeof(*error);

	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(error->msg.nlmsg_len) - sizeof(error->msg);
	nl->message[0] = '\0';
	if (header->nlmsg_flags & NLM_F_ACK_TLVS) {
		text = find((const char *)error + skip, (const char *)header + header->nlmsg_len,
			    NLMSGERR_ATTR_MSG);
		if (text)
			snprintf(nl->message, sizeof(nl->message), "%s", data_of(text));
	}
	return error->error;
}

static void take_ve(const struct nlmsghdr *header, struct nl_ve *ve)
{
	const struct genlmsghdr *genl = NLMSG_DATA(header);
	const struct nlattr *name = find_in(header, VE_A_NAME);
	const struct nlattr *state = find_in(header, VE_A_STATE);
	const struct nlattr *comm = find_in(header, VE_A_COMM);

	*ve = (struct nl_ve){ .cmd = genl->cmd, .has_name = name };
	ve->id = number_of(find_in(header, VE_A_ID));
	ve->pid = number_of(find_in(header, VE_A_INIT_PID));
	ve->victim = number_of(find_in(header, VE_A_PID));
	if (name)
		snprintf(ve->name, sizeof(ve->name), "%s", data_of(name));
	if (state)
		snprintf(ve->state, sizeof(ve->state), "%s", data_of(state));
	if (comm)
		snprintf(ve->comm, sizeof(ve->comm), "%s", data_of(comm));
}

static int receive(struct nl *nl, char *buf, size_t size)
{
	ssize_t len = recv(nl->fd, buf, size, 0);

	return len < 0 ? -errno : len;
}

static int find_family(struct nl *nl)
{
	struct message m = message_for(GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY);
	const struct nlattr *groups, *group;
	struct nlmsghdr *header;
	char buf[8192];
	int ret;

	add(&m, CTRL_ATTR_FAMILY_NAME, VE_GENL_NAME, sizeof(VE_GENL_NAME));
	ret = send_message(nl, &m) ?: receive(nl, buf, sizeof(buf));
	if (ret < 0)
		return ret;
	header = (struct nlmsghdr *)buf;
	if (header->nlmsg_type == NLMSG_ERROR)
		return error_of(nl, header);
	nl->family = number_of(find_in(header, CTRL_ATTR_FAMILY_ID));
	groups = find_in(header, CTRL_ATTR_MCAST_GROUPS);
	group = groups ? find(data_of(groups), end_of(groups), 1) : NULL;
	if (group)
		nl->group = number_of(find(data_of(group), end_of(group), CTRL_ATTR_MCAST_GRP_ID));
	return 0;
}

int nl_open(struct nl *nl)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	struct timeval limit = { .tv_sec = 10 };
	int on = 1;

	*nl = (struct nl){ .fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC) };
	if (nl->fd < 0 || bind(nl->fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(nl->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return find_family(nl);
}

int nl_subscribe(struct nl *nl)
{
	return setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &nl->group,
			  sizeof(nl->group)) ? -errno : 0;
}

int nl_request(struct nl *nl, int flags, const __u32 *id)
{
	struct message m = message_for(nl->family, flags, VE_CMD_GET);

	m.nl.nlmsg_seq = 1;
	if (id)
		add(&m, VE_A_ID, id, sizeof(*id));
	return send_message(nl, &m);
}

int nl_get(struct nl *nl, __u32 id, struct nl_ve *ve)
{
	struct nlmsghdr *header;
	char buf[8192];
	int ret = nl_request(nl, 0, id ? &id : NULL) ?: receive(nl, buf, sizeof(buf));

	if (ret < 0)
		return ret;
	header = (struct nlmsghdr *)buf;
	if (header->nlmsg_type == NLMSG_ERROR)
		return error_of(nl, header);
	take_ve(header, ve);
	return 0;
}

/* One part of a list: 1 when that was the last, 0 if there are more, or an error. */
static int take_part(struct nl *nl, char *buf, int len, struct nl_ve *list, unsigned int size,
		     unsigned int *count)
{
	struct nlmsghdr *header = (struct nlmsghdr *)buf;

	for (; NLMSG_OK(header, len); header = NLMSG_NEXT(header, len)) {
		if (header->nlmsg_type == NLMSG_ERROR)
			return error_of(nl, header);
		if (header->nlmsg_type == NLMSG_DONE)
			return 1;
		if (*count < size)
			take_ve(header, &list[*count]);
		(*count)++;
	}
	return 0;
}

int nl_dump(struct nl *nl, struct nl_ve *list, unsigned int size)
{
	unsigned int count = 0;
	char buf[32768];
	int ret = nl_request(nl, NLM_F_DUMP, NULL);

	while (!ret) {
		ret = receive(nl, buf, sizeof(buf));
		if (ret > 0)
			ret = take_part(nl, buf, ret, list, size, &count);
	}
	return ret < 0 ? ret : (int)count;
}

int nl_event(struct nl *nl, struct nl_ve *ve, int timeout_ms)
{
	struct pollfd poller = { .fd = nl->fd, .events = POLLIN };
	char buf[8192];
	int ret;

	if (poll(&poller, 1, timeout_ms) != 1)
		return -ETIMEDOUT;
	ret = receive(nl, buf, sizeof(buf));
	if (ret < 0)
		return ret;
	take_ve((struct nlmsghdr *)buf, ve);
	return 0;
}
