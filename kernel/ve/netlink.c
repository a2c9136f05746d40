// SPDX-License-Identifier: GPL-2.0-only
/*
 * VEs over generic netlink: all of them in one call instead of a walk through cgroups, and word of
 * what happens to them for who does not want to watch a file each.
 *
 * The family is in the initial network namespace alone, and there asks for CAP_NET_ADMIN in the
 * initial user namespace: the root of a VE, even one that shares the host's network, must not learn
 * of the other VEs.
 *
 * Locks: netlink's own, then ve_mutex, when somebody asks. Events go out under ve_mutex, where
 * netlink takes none of those.
 */
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <net/genetlink.h>
#include <uapi/linux/ve.h>
#include "internal.h"

static struct genl_family ve_family;

/* The init stays a process as long as the VE has its namespace: under ve_mutex. */
static pid_t init_pid(const struct ve *ve)
{
	pid_t pid;

	rcu_read_lock();
	pid = pid_nr_ns(find_pid_ns(1, ve->pid_ns), task_active_pid_ns(current));
	rcu_read_unlock();
	return pid;
}

static int put_ve(struct sk_buff *skb, const struct ve *ve)
{
	pid_t pid = ve->state == VE_RUNNING ? init_pid(ve) : 0;

	if (nla_put_u32(skb, VE_A_ID, ve->id) ||
	    nla_put_string(skb, VE_A_NAME, ve->name) ||
	    nla_put_string(skb, VE_A_STATE, ve_state_name(ve->state)))
		return -EMSGSIZE;
	return pid ? nla_put_u32(skb, VE_A_INIT_PID, pid) : 0;
}

static int put_answer(struct sk_buff *skb, u32 portid, u32 seq, int flags, const struct ve *ve)
{
	void *header = genlmsg_put(skb, portid, seq, &ve_family, flags, VE_CMD_GET);
	int ret;

	if (!header)
		return -EMSGSIZE;
	ret = put_ve(skb, ve);
	if (ret)
		genlmsg_cancel(skb, header);
	else
		genlmsg_end(skb, header);
	return ret;
}

static int ve_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *answer;
	struct ve *ve;
	int ret = -ENOENT;

	if (GENL_REQ_ATTR_CHECK(info, VE_A_ID)) {
		NL_SET_ERR_MSG(info->extack, "an id is needed, or a dump");
		return -EINVAL;
	}
	answer = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!answer)
		return -ENOMEM;
	mutex_lock(&ve_mutex);
	ve = xa_load(&ve_table, nla_get_u32(info->attrs[VE_A_ID]));
	if (ve && !ve_is_dying(ve))
		ret = put_answer(answer, info->snd_portid, info->snd_seq, 0, ve);
	mutex_unlock(&ve_mutex);
	if (!ret)
		return genlmsg_reply(answer, info);
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[VE_A_ID], "there is no VE with this id");
	nlmsg_free(answer);
	return ret;
}

/* Where it goes on is an id: VEs may come and go between two parts of the list. */
static int ve_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	u32 portid = NETLINK_CB(cb->skb).portid, seq = cb->nlh->nlmsg_seq;
	unsigned long id;
	struct ve *ve;
	int ret = 0;

	mutex_lock(&ve_mutex);
	xa_for_each_start(&ve_table, id, ve, cb->args[0]) {
		if (!ve_is_dying(ve))
			ret = put_answer(skb, portid, seq, NLM_F_MULTI, ve);
		if (ret)
			break;
		cb->args[0] = id + 1;
	}
	mutex_unlock(&ve_mutex);
	return ret;
}

static const struct nla_policy ve_policy[] = {
	[VE_A_ID]	= { .type = NLA_U32 },
};

static const struct genl_ops ve_ops[] = {
	{
		.cmd	= VE_CMD_GET,
		.flags	= GENL_ADMIN_PERM,
		.doit	= ve_get_doit,
		.dumpit	= ve_get_dumpit,
	},
};

static const struct genl_multicast_group ve_groups[] = {
	{ .name = VE_GENL_MCGRP_EVENTS, .flags = GENL_MCAST_CAP_NET_ADMIN },
};

static struct genl_family ve_family __ro_after_init = {
	.name		= VE_GENL_NAME,
	.version	= VE_GENL_VERSION,
	.maxattr	= ARRAY_SIZE(ve_policy) - 1,
	.policy		= ve_policy,
	.ops		= ve_ops,
	.n_ops		= ARRAY_SIZE(ve_ops),
	.mcgrps		= ve_groups,
	.n_mcgrps	= ARRAY_SIZE(ve_groups),
};

static const u8 event_cmds[NR_VE_EVENTS] = {
	[VE_EVENT_START]	= VE_CMD_START,
	[VE_EVENT_STOP]		= VE_CMD_STOP,
	[VE_EVENT_REBOOT]	= VE_CMD_REBOOT,
};

/**
 * ve_netlink_event() - tell subscribers
 * @ve: what happened to it
 * @event: what
 *
 * Without memory nobody is told, and what happened has happened: a VE cannot wait for it, least
 * of all when it stops. Its subscribers find out with ve.events or a dump, as they do when they
 * are too slow.
 *
 * Context: May sleep. ve_mutex is held, so events arrive in their order.
 */
void ve_netlink_event(const struct ve *ve, enum ve_event event)
{
	struct sk_buff *skb;
	void *header;

	if (!genl_has_listeners(&ve_family, &init_net, 0))
		return;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	header = genlmsg_put(skb, 0, 0, &ve_family, 0, event_cmds[event]);
	if (!header || nla_put_u32(skb, VE_A_ID, ve->id) ||
	    nla_put_string(skb, VE_A_NAME, ve->name)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast(&ve_family, skb, 0, 0, GFP_KERNEL);
}

/**
 * ve_netlink_oom() - tell subscribers of a process that is killed for want of memory
 * @ve: whose it is
 * @victim: the process
 *
 * Its name is told as well: when somebody reads this, the process is gone. That of the VE is not,
 * it would take ve_mutex.
 *
 * Context: Does not sleep.
 */
void ve_netlink_oom(const struct ve *ve, struct task_struct *victim)
{
	size_t size = 2 * nla_total_size(sizeof(u32)) + nla_total_size(TASK_COMM_LEN);
	char comm[TASK_COMM_LEN];
	struct sk_buff *skb;
	void *header;

	if (!genl_has_listeners(&ve_family, &init_net, 0))
		return;
	skb = genlmsg_new(size, GFP_NOWAIT | __GFP_NOWARN);
	if (!skb)
		return;
	get_task_comm(comm, victim);
	header = genlmsg_put(skb, 0, 0, &ve_family, 0, VE_CMD_OOM);
	if (!header || nla_put_u32(skb, VE_A_ID, ve->id) ||
	    nla_put_u32(skb, VE_A_PID, task_tgid_nr(victim)) ||
	    nla_put_string(skb, VE_A_COMM, comm)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast(&ve_family, skb, 0, 0, GFP_NOWAIT | __GFP_NOWARN);
}

static int __init ve_netlink_init(void)
{
	return genl_register_family(&ve_family);
}
device_initcall(ve_netlink_init);
