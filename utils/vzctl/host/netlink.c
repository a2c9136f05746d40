/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libnl, loaded when needed; see netlink.h. */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "base/macros.h"
#include "host/netlink.h"

struct symbol {
	const char *name;
	void **to;
};

static int load(const char *soname, const struct symbol *symbols, size_t n, void **ret)
{
	*ret = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);
	if (!*ret)
		return -ELIBACC;
	for (size_t i = 0; i < n; i++) {
		*symbols[i].to = dlsym(*ret, symbols[i].name);
		if (!*symbols[i].to)
			return -ELIBBAD;
	}
	return 0;
}

int netlink_load_core(struct netlink *nl)
{
	const struct symbol symbols[] = {
#define X(name) { #name, (void **)&nl->name },
		LIBNL_CORE(X)
#undef X
	};
	int r;

	*nl = (struct netlink){ 0 };
	r = load(LIBNL_SONAME, symbols, ARRAY_SIZE(symbols), &nl->core);
	if (r < 0)
		netlink_unload(nl);
	return r;
}

int netlink_load(struct netlink *nl)
{
	const struct symbol symbols[] = {
#define X(name) { #name, (void **)&nl->name },
		LIBNL_ROUTE(X)
#undef X
	};
	int r = netlink_load_core(nl);

	if (r == 0)
		r = load(LIBNL_ROUTE_SONAME, symbols, ARRAY_SIZE(symbols), &nl->route);
	if (r < 0)
		netlink_unload(nl);
	return r;
}

void netlink_unload(struct netlink *nl)
{
	if (nl->route)
		(void)dlclose(nl->route);
	if (nl->core)
		(void)dlclose(nl->core);
	*nl = (struct netlink){ 0 };
}

int netlink_open(const struct netlink *nl, int protocol, struct nl_sock **ret)
{
	struct nl_sock *sk = nl->nl_socket_alloc();

	if (!sk)
		return -ENOMEM;
	errno = 0;
	if (nl->nl_connect(sk, protocol) < 0) {
		int r = errno ? -errno : -EIO;

		nl->nl_socket_free(sk);
		return r;
	}
	/* A list that was not read to its end leaves answers behind. */
	nl->nl_socket_disable_seq_check(sk);
	*ret = sk;
	return 0;
}

/* ---- a request and its answers ---- */

struct talk {
	const struct netlink *nl;
	netlink_answer_fn fn;
	void *data;
	bool ended;
	int result;
};

static int on_answer(struct nl_msg *msg, void *data)
{
	struct talk *t = data;
	int r = t->fn ? t->fn(t->nl, msg, t->data) : 0;

	if (r == 0)
		return NL_OK;
	t->result = r;
	t->ended = true;
	return NL_STOP;
}

static int on_end(struct nl_msg *msg VZ_UNUSED, void *data)
{
	struct talk *t = data;

	t->ended = true;
	return NL_STOP;
}

static int on_error(struct sockaddr_nl *from VZ_UNUSED, struct nlmsgerr *e, void *data)
{
	struct talk *t = data;

	t->result = e->error;
	t->ended = true;
	return NL_STOP;
}

int netlink_talk(const struct netlink *nl, struct nl_sock *sk, struct nl_msg *msg, netlink_answer_fn fn, void *data)
{
	struct talk t = { .nl = nl, .fn = fn, .data = data };
	struct nl_cb *cb = msg ? nl->nl_cb_alloc(NL_CB_DEFAULT) : NULL;
	int r;

	if (!cb) {
		if (msg)
			nl->nlmsg_free(msg);
		return -ENOMEM;
	}
	nl->nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	(void)nl->nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_answer, &t);
	(void)nl->nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_end, &t);
	(void)nl->nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_end, &t);
	(void)nl->nl_cb_err(cb, NL_CB_CUSTOM, on_error, &t);
	errno = 0;
	r = nl->nl_send_auto_complete(sk, msg);
	while (r >= 0 && !t.ended) {
		errno = 0;
		r = nl->nl_recvmsgs(sk, cb);
	}
	/* Only sending and receiving themselves fail in libnl's words. */
	if (!t.ended)
		t.result = errno ? -errno : -EIO;
	nl->nl_cb_put(cb);
	nl->nlmsg_free(msg);
	return t.result;
}
