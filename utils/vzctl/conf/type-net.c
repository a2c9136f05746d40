/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Types of the network: addresses, name servers, domains, virtual and real devices. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/strv.h"
#include "conf/netif.h"
#include "conf/type-impl.h"

#define BLANKS " \t"

/* ---- addresses ---- */

/* AF_INET or AF_INET6 and the usual spelling of an address in *ret; -EINVAL if it is none. */
static int address_canonical(const char *text, char *ret, size_t size)
{
	struct in6_addr addr;
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	if (inet_pton(family, text, &addr) != 1 || !inet_ntop(family, &addr, ret, (socklen_t)size))
		return -EINVAL;
	return family;
}

/* "24" or "255.255.255.0" to the number of bits. */
static int parse_mask_bits(const char *text, int family, uint64_t *ret)
{
	struct in_addr mask;
	uint32_t rest;

	if (family == AF_INET && inet_pton(AF_INET, text, &mask) == 1) {
		rest = ~ntohl(mask.s_addr);
		if (rest & (rest + 1))
			return -EINVAL;
		*ret = 32 - (uint64_t)__builtin_popcount(rest);
		return 0;
	}
	return parse_u64_range(text, 0, family == AF_INET ? 32 : 128, ret) < 0 ? -EINVAL : 0;
}

/* Why nobody can have an address; NULL: somebody can. */
static const char *why_unusable(int family, const char *addr)
{
	struct in6_addr six;
	struct in_addr four;

	if (family == AF_INET6) {
		(void)inet_pton(AF_INET6, addr, &six);
		return IN6_IS_ADDR_MULTICAST(&six) ? "a multicast address" :
		       IN6_IS_ADDR_LOOPBACK(&six) ? "the loopback address" :
		       IN6_IS_ADDR_LINKLOCAL(&six) ? "an address of one link" :
		       IN6_IS_ADDR_V4MAPPED(&six) ? "an IPv4 address: write it as such" : NULL;
	}
	(void)inet_pton(AF_INET, addr, &four);
	four.s_addr = ntohl(four.s_addr);
	return IN_MULTICAST(four.s_addr) ? "a multicast address" :
	       four.s_addr >> 24 == IN_LOOPBACKNET ? "a loopback address" :
	       IN_BADCLASS(four.s_addr) ? "a reserved address" :
	       four.s_addr >> 24 == 0 ? "an address of no host" : NULL;
}

/* "No address", of either family: nothing to add. */
static bool is_nothing(const char *addr)
{
	return strcmp(addr, "0.0.0.0") == 0 || strcmp(addr, "::") == 0;
}

/* Prefix lengths are written as numbers. */
static int ip_canonical(const char *word, char **ret)
{
	const char *slash = strchrnul(word, '/');
	auto_free char *text = strndup(word, (size_t)(slash - word));
	char addr[INET6_ADDRSTRLEN];
	uint64_t bits;
	int family;

	if (!text)
		return -ENOMEM;
	family = address_canonical(text, addr, sizeof(addr));
	if (family < 0)
		return family;
	if (*slash && parse_mask_bits(slash + 1, family, &bits) < 0)
		return -EINVAL;
	if (is_nothing(addr))
		return 0;
	if (why_unusable(family, addr))
		return -EINVAL;
	*ret = *slash ? str_printf("%s/%u", addr, (unsigned int)bits) : strdup(addr);
	return *ret ? 0 : -ENOMEM;
}

/* The same address with another prefix length replaces the former. */
static bool same_address(const char *a, const char *b)
{
	return list_same_until(a, b, '/');
}

static const struct list_syntax addresses = {
	.seps = BLANKS, .canonical = ip_canonical, .same = same_address,
};

static int ip_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
		    struct vz_value *ret)
{
	return list_parse(&addresses, from, text, ret);
}

static char *ip_explain(const struct vz_param *p VZ_UNUSED, const char *text)
{
	auto_strv char **words = NULL;

	if (strv_split(text, addresses.seps, &words) < 0)
		return NULL;
	for (char **word = words; word && *word; word++) {
		char addr[INET6_ADDRSTRLEN];
		const char *why;
		int family;

		(*word)[strcspn(*word, "/")] = '\0';
		family = address_canonical(*word, addr, sizeof(addr));
		why = family < 0 || is_nothing(addr) ? NULL : why_unusable(family, addr);
		if (why)
			return str_printf("%s is %s", *word, why);
	}
	return NULL;
}

static int ip_edit(struct vz_value *v, enum vz_edit_op op, const struct vz_value *by)
{
	return list_edit(&addresses, v, op, by);
}

/* ---- what goes to resolv.conf ---- */

static bool is_name_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
	       c == '_' || c == '.';
}

static bool is_made_of_name_chars(const char *s)
{
	while (is_name_char(*s))
		s++;
	return !*s;
}

/* "inherit", or an address; link-local ones may name their link: fe80::1%eth0. */
static int ns_canonical(const char *word, char **ret)
{
	const char *scope = strchrnul(word, '%');
	auto_free char *text = NULL;
	char addr[INET6_ADDRSTRLEN];
	int family;

	if (strcmp(word, "inherit") == 0)
		return list_any_word(word, ret);
	text = strndup(word, (size_t)(scope - word));
	if (!text)
		return -ENOMEM;
	family = address_canonical(text, addr, sizeof(addr));
	if (family < 0)
		return family;
	if (*scope && (family != AF_INET6 || !scope[1] || !is_made_of_name_chars(scope + 1)))
		return -EINVAL;
	*ret = str_printf("%s%s", addr, scope);
	return *ret ? 0 : -ENOMEM;
}

static const struct list_syntax name_servers = {
	.seps = BLANKS, .canonical = ns_canonical, .same = list_same_word,
};

static int ns_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
		    struct vz_value *ret)
{
	return list_parse(&name_servers, from, text, ret);
}

static int ns_edit(struct vz_value *v, enum vz_edit_op op, const struct vz_value *by)
{
	return list_edit(&name_servers, v, op, by);
}

static int domain_canonical(const char *word, char **ret)
{
	return is_made_of_name_chars(word) ? list_any_word(word, ret) : -EINVAL;
}

static const struct list_syntax domains = {
	.seps = BLANKS, .canonical = domain_canonical, .same = list_same_word,
};

static int domains_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
			 struct vz_value *ret)
{
	return list_parse(&domains, from, text, ret);
}

static int domains_edit(struct vz_value *v, enum vz_edit_op op, const struct vz_value *by)
{
	return list_edit(&domains, v, op, by);
}

/* ---- names of devices ---- */

static bool is_device_name(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n >= IFNAMSIZ || strcmp(s, ".") == 0 || strcmp(s, "..") == 0)
		return false;
	for (; *s; s++)
		if (!isgraph((unsigned char)*s) || strchr("/:,;=", *s))
			return false;
	return true;
}

static int netdev_canonical(const char *word, char **ret)
{
	static const char *const ours[] = { "venet", "tun", "tap", "lo" };

	if (!is_device_name(word))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (str_has_prefix(word, ours[i]))
			return -EINVAL;
	return list_any_word(word, ret);
}

static const struct list_syntax netdevs = {
	.seps = BLANKS, .canonical = netdev_canonical, .same = list_same_word,
};

static int netdev_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
			struct vz_value *ret)
{
	return list_parse(&netdevs, from, text, ret);
}

static int netdev_edit(struct vz_value *v, enum vz_edit_op op, const struct vz_value *by)
{
	return list_edit(&netdevs, v, op, by);
}

/* ---- virtual Ethernet devices ----
 *
 * On the command line by position: eth0,MAC,HOST_IFNAME,HOST_MAC,BRIDGE. In files by name:
 * "ifname=eth0,bridge=vmbr0,mac=…;ifname=eth1,…". What is left empty is made up by who creates the
 * device. Names we do not know (other versions have dhcp=, network=, …) are kept behind ours.
 */

static const char *const netif_keys[NETIF__MAX] = {
	"ifname=", "bridge=", "mac=", "host_ifname=", "host_mac=", "mac_filter=", "gw=", "gw6=",
};

void netif_done(struct netif *n)
{
	for (int i = 0; i < NETIF__MAX; i++)
		free(n->part[i]);
	strv_free(n->further);
	*n = (struct netif){ .part = { NULL } };
}

static int set_part(struct netif *n, enum netif_key key, const char *s, size_t len)
{
	free(n->part[key]);
	n->part[key] = len ? strndup(s, len) : NULL;
	return len && !n->part[key] ? -ENOMEM : 0;
}

/* Sort the parts of a word, without a look at what they say. */
static int netif_split(const char *word, struct netif *n)
{
	static const enum netif_key by_position[] = {
		NETIF_IFNAME, NETIF_MAC, NETIF_HOST_IFNAME, NETIF_HOST_MAC, NETIF_BRIDGE,
	};
	bool named = strchr(word, '=');
	int r = 0;

	for (size_t i = 0; r == 0; i++) {
		size_t len = strcspn(word, ",");
		int key = 0;

		if (!named) {
			if (i == ARRAY_SIZE(by_position))
				return -EINVAL;
			r = set_part(n, by_position[i], word, len);
		} else {
			while (key < NETIF__MAX && !str_has_prefix(word, netif_keys[key]))
				key++;
			if (key < NETIF__MAX) {
				size_t skip = strlen(netif_keys[key]);

				r = set_part(n, (enum netif_key)key, word + skip, len - skip);
			} else if (!memchr(word, '=', len)) {
				return -EINVAL;
			} else {
				r = strv_take(&n->further, strndup(word, len));
			}
		}
		if (!word[len])
			break;
		word += len + 1;
	}
	return r;
}

/* Upper-case it in place. */
static bool is_mac(char *s)
{
	if (strlen(s) != 17)
		return false;
	for (int i = 0; i < 17; i++) {
		if (i % 3 == 2 ? s[i] != ':' : !isxdigit((unsigned char)s[i]))
			return false;
		s[i] = (char)toupper((unsigned char)s[i]);
	}
	return true;
}

static bool is_gateway(const char *s, int family)
{
	unsigned char bytes[16];

	return strcmp(s, "none") == 0 || inet_pton(family, s, bytes) == 1;
}

/* What is wrong with the parts; NULL: nothing. */
static const char *netif_check(struct netif *n)
{
	char **part = n->part;

	if (!part[NETIF_IFNAME] || !is_device_name(part[NETIF_IFNAME]))
		return "Invalid interface name";
	if (part[NETIF_MAC] && strlen(part[NETIF_MAC]) != 17)
		return "Invalid container MAC address length";
	if (part[NETIF_MAC] && !is_mac(part[NETIF_MAC]))
		return "Invalid container MAC address";
	if (part[NETIF_HOST_IFNAME] && !is_device_name(part[NETIF_HOST_IFNAME]))
		return "Invalid host interface name";
	if (part[NETIF_HOST_MAC] && !is_mac(part[NETIF_HOST_MAC]))
		return "Invalid host MAC address";
	if (part[NETIF_BRIDGE] && !is_device_name(part[NETIF_BRIDGE]))
		return "Invalid bridge name";
	if (part[NETIF_MAC_FILTER] && strcmp(part[NETIF_MAC_FILTER], "on") != 0 &&
	    strcmp(part[NETIF_MAC_FILTER], "off") != 0)
		return "Invalid value of mac_filter";
	if ((part[NETIF_GW] && !is_gateway(part[NETIF_GW], AF_INET)) || (part[NETIF_GW6] && !is_gateway(part[NETIF_GW6], AF_INET6)))
		return "Invalid gateway";
	return NULL;
}

/* ip=… as IP_ADDRESS has it: masks as numbers, and no address that nobody can have. */
static int canonical_ips(struct netif *n)
{
	for (size_t i = 0; n->further && n->further[i]; i++) {
		auto_free char *addr = NULL;
		char *part;
		int r;

		if (!str_has_prefix(n->further[i], "ip="))
			continue;
		r = ip_canonical(n->further[i] + strlen("ip="), &addr);
		if (r < 0 || !addr)
			return r < 0 ? r : -EINVAL;
		part = str_printf("ip=%s", addr);
		if (!part)
			return -ENOMEM;
		free(n->further[i]);
		n->further[i] = part;
	}
	return 0;
}

int netif_parse(const char *word, struct netif *ret)
{
	struct netif n = { .part = { NULL } };
	int r = netif_split(word, &n);

	if (r == 0 && netif_check(&n))
		r = -EINVAL;
	if (r == 0)
		r = canonical_ips(&n);
	if (r < 0)
		netif_done(&n);
	else
		*ret = n;
	return r;
}

char *netif_text(const struct netif *n)
{
	struct vz_str out = { 0 };

	for (int i = 0; i < NETIF__MAX; i++)
		if (n->part[i])
			str_addf(&out, "%s%s%s", out.len ? "," : "", netif_keys[i], n->part[i]);
	for (char **s = n->further; s && *s; s++)
		str_addf(&out, ",%s", *s);
	return str_take(&out);
}

static int netif_canonical(const char *word, char **ret)
{
	struct netif n;
	int r = netif_parse(word, &n);

	if (r < 0)
		return r;
	*ret = netif_text(&n);
	netif_done(&n);
	return *ret ? 0 : -ENOMEM;
}

/* "ifname=" comes first in what netif_canonical() makes. */
static bool same_ifname(const char *a, const char *b)
{
	return list_same_until(a, b, ',');
}

static const struct list_syntax netifs = {
	.seps = BLANKS ";", .canonical = netif_canonical, .same = same_ifname,
};

/* Without the blanks behind commas that some clients write: "eth0,,,, br0" is one device. */
static char *netif_join_parts(const char *text)
{
	struct vz_str out = { 0 };

	while (*text) {
		str_add_char(&out, *text);
		text++;
		if (text[-1] == ',')
			text += strspn(text, BLANKS);
	}
	return str_take(&out);
}

static int netifs_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
			struct vz_value *ret)
{
	auto_free char *joined = netif_join_parts(text);

	return joined ? list_parse(&netifs, from, joined, ret) : -ENOMEM;
}

static void netif_format(const struct vz_param *p VZ_UNUSED, const struct vz_value *v, struct vz_str *out)
{
	for (char **word = v->list; word && *word; word++) {
		if (word != v->list)
			str_add_char(out, ';');
		str_add(out, *word);
	}
}

/* Take ip=… out of the further parts that are the same address; "all": any. */
static void forget_ip(char **further, const char *addr)
{
	for (size_t i = 0; further && further[i];) {
		bool is_it = str_has_prefix(further[i], "ip=") &&
			     (strcmp(addr, "all") == 0 || same_address(further[i] + strlen("ip="), addr));

		if (is_it)
			strv_remove(further, i);
		else
			i++;
	}
}

/* In the order in which they were given, as for venet0: ip=… adds an address, noip=… takes one away. */
static int change_ips(struct netif *n, char *const *changes)
{
	for (; changes && *changes; changes++) {
		bool takes = str_has_prefix(*changes, "noip=");

		if (takes || str_has_prefix(*changes, "ip="))
			forget_ip(n->further, strchr(*changes, '=') + 1);
		if (!takes && strv_add(&n->further, *changes) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int change_one(const char *word, const char *change, char **ret)
{
	struct netif n, by;
	int r = netif_parse(word, &n);

	if (r < 0)
		return r;
	r = netif_parse(change, &by);
	if (r < 0) {
		netif_done(&n);
		return r;
	}
	for (int i = 0; i < NETIF__MAX && r == 0; i++)
		if (by.part[i])
			r = set_part(&n, (enum netif_key)i, by.part[i], strlen(by.part[i]));
	if (r == 0)
		r = change_ips(&n, by.further);
	if (r == 0) {
		*ret = netif_text(&n);
		r = *ret ? 0 : -ENOMEM;
	}
	netif_done(&n);
	netif_done(&by);
	return r;
}

/* Other values for some parts of a device. One that is not there stays so: validate.c says it. */
static int change_netif(char **list, const char *change)
{
	for (; list && *list; list++) {
		char *changed = NULL;
		int r;

		if (!same_ifname(*list, change))
			continue;
		r = change_one(*list, change, &changed);
		if (r < 0)
			return r;
		free(*list);
		*list = changed;
	}
	return 0;
}

static int netif_edit(struct vz_value *v, enum vz_edit_op op, const struct vz_value *by)
{
	int r = 0;

	if (op != VZ_CHANGE)
		return list_edit(&netifs, v, op, by);
	for (char **word = by->list; r == 0 && word && *word; word++)
		r = change_netif(v->set ? v->list : NULL, *word);
	return r;
}

static char *netif_explain(const struct vz_param *p VZ_UNUSED, const char *text)
{
	auto_free char *joined = netif_join_parts(text);
	auto_strv char **words = NULL;

	if (!joined || strv_split(joined, netifs.seps, &words) < 0)
		return NULL;
	for (char **word = words; word && *word; word++) {
		struct netif n = { .part = { NULL } };
		const char *why = netif_split(*word, &n) < 0 ? NULL : netif_check(&n);

		netif_done(&n);
		if (why)
			return strdup(why);
	}
	return NULL;
}

/* ---- the types ---- */

const struct vz_type type_iplist = {
	.name = "addresses", LIST_VALUE, .parse = ip_parse, .format = list_format, .edit = ip_edit,
	.explain = ip_explain,
};
static const char *const dns_words[] = { "inherit", NULL };

const struct vz_type type_nslist = {
	.name = "nameservers", .words = dns_words, LIST_VALUE, .parse = ns_parse, .format = list_format, .edit = ns_edit,
};
const struct vz_type type_domains = {
	.name = "domains", .words = dns_words, LIST_VALUE, .parse = domains_parse, .format = list_format, .edit = domains_edit,
};
const struct vz_type type_netdev = {
	.name = "netdev", LIST_VALUE, .parse = netdev_parse, .format = list_format, .edit = netdev_edit,
};
const struct vz_type type_netif = {
	.name = "netif", LIST_VALUE, .parse = netifs_parse, .format = netif_format, .edit = netif_edit,
	.explain = netif_explain,
};
