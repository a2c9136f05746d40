/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libnl-3 and libnl-route-3, loaded when somebody is going to talk to the kernel about networks: linked,
 * they would add 0.4 ms to the start of every command. A socket belongs to the network namespace it was
 * opened in, and stays there. What the files net*.c, nft.c and genl.c share; not for other floors.
 */
#ifndef VZ_HOST_NETLINK_H
#define VZ_HOST_NETLINK_H

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

/* What we use of them. */
#define LIBNL_CORE(X) \
	X(nl_socket_alloc) X(nl_socket_free) X(nl_connect) X(nl_socket_disable_seq_check) X(nl_socket_get_fd) \
	X(nl_send_auto_complete) X(nl_recvmsgs) X(nl_cb_alloc) X(nl_cb_put) X(nl_cb_set) X(nl_cb_err) \
	X(nlmsg_alloc_simple) X(nlmsg_append) X(nlmsg_free) X(nlmsg_hdr) X(nlmsg_find_attr) X(nlmsg_data) \
	X(nla_put) X(nla_data) X(nla_len) X(nla_find) X(nla_ok) X(nla_next) X(nl_addr_build) X(nl_addr_put) X(nl_addr_set_prefixlen)
#define LIBNL_ROUTE(X) \
	X(rtnl_link_veth_alloc) X(rtnl_link_veth_get_peer) X(rtnl_link_alloc) X(rtnl_link_put) \
	X(rtnl_link_set_name) X(rtnl_link_set_type) X(rtnl_link_set_addr) X(rtnl_link_set_flags) X(rtnl_link_unset_flags) X(rtnl_link_set_ifindex) \
	X(rtnl_link_set_ns_fd) X(rtnl_link_set_master) \
	X(rtnl_link_build_add_request) X(rtnl_link_build_change_request) X(rtnl_link_build_delete_request) \
	X(rtnl_link_build_get_request) \
	X(rtnl_addr_alloc) X(rtnl_addr_put) X(rtnl_addr_set_ifindex) X(rtnl_addr_set_local) X(rtnl_addr_set_flags) \
	X(rtnl_addr_build_add_request) X(rtnl_addr_build_delete_request) \
	X(rtnl_route_alloc) X(rtnl_route_put) X(rtnl_route_set_family) X(rtnl_route_set_dst) X(rtnl_route_set_scope) \
	X(rtnl_route_set_table) X(rtnl_route_set_protocol) X(rtnl_route_set_pref_src) X(rtnl_route_add_nexthop) \
	X(rtnl_route_nexthop_n) X(rtnl_route_nh_alloc) X(rtnl_route_nh_set_ifindex) X(rtnl_route_nh_set_gateway) X(rtnl_route_nh_set_flags) \
	X(rtnl_route_build_add_request) X(rtnl_route_build_del_request) \
	X(rtnl_neigh_alloc) X(rtnl_neigh_put) X(rtnl_neigh_set_ifindex) X(rtnl_neigh_set_dst) X(rtnl_neigh_set_flags) \
	X(rtnl_neigh_build_add_request) X(rtnl_neigh_build_delete_request)

struct netlink {
	void *core, *route;	/* handles of the two libraries */
#define X(name) __typeof__(name) *name;
	LIBNL_CORE(X)
	LIBNL_ROUTE(X)
#undef X
};

/* 0 or -ELIBACC: they are not installed, -ELIBBAD: they are others than those we were built with. */
int netlink_load(struct netlink *nl);
/* Without libnl-route-3, and what is of that: for other protocols. */
int netlink_load_core(struct netlink *nl);
void netlink_unload(struct netlink *nl);

/* A socket of a protocol (NETLINK_ROUTE, …) in the calling thread's network namespace. 0 or -errno. */
int netlink_open(const struct netlink *nl, int protocol, struct nl_sock **ret);

/* Called for each message of an answer; a non-zero result ends the reading and is what netlink_talk() returns. */
typedef int (*netlink_answer_fn)(const struct netlink *nl, struct nl_msg *msg, void *data);
/*
 * Send a request and read the answers to their end; msg is freed. fn may be NULL. 0, the result of fn, or
 * the kernel's negative errno, which libnl's own calls would turn into something coarser. After a result
 * of fn there may be more in the socket: it is then good for nothing but to be closed.
 */
int netlink_talk(const struct netlink *nl, struct nl_sock *sk, struct nl_msg *msg, netlink_answer_fn fn, void *data);

#endif
