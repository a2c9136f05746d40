/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Types of published ports; see publish.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/strv.h"
#include "conf/publish.h"
#include "conf/type-impl.h"

#define BLANKS " \t"

/* ---- a word ---- */

/* Take an ending off; which one it was. */
static bool cut_ending(char *s, const char *ending)
{
	size_t n = strlen(s), m = strlen(ending);

	if (n < m || strcmp(s + n - m, ending) != 0)
		return false;
	s[n - m] = '\0';
	return true;
}

static int parse_port(const char *text, unsigned int *ret)
{
	uint64_t n;

	if (parse_u64_range(text, 1, 65535, &n) < 0)
		return -EINVAL;
	*ret = (unsigned int)n;
	return 0;
}

/* An address that packets from outside can be for: not what every host calls itself. */
static int parse_address(const char *text, bool brackets, char ret[INET6_ADDRSTRLEN])
{
	int family = brackets ? AF_INET6 : AF_INET;
	struct in6_addr six;

	if (inet_pton(family, text, &six) != 1 || !inet_ntop(family, &six, ret, INET6_ADDRSTRLEN))
		return -EINVAL;
	if (brackets)
		return IN6_IS_ADDR_LOOPBACK(&six) || IN6_IS_ADDR_MULTICAST(&six) || IN6_IS_ADDR_UNSPECIFIED(&six) ||
		       IN6_IS_ADDR_LINKLOCAL(&six) ? -EINVAL : 0;
	return six.s6_addr[0] == 0 || six.s6_addr[0] == 127 || six.s6_addr[0] >= 224 ? -EINVAL : 0;
}

/* Take the address off the beginning: "a.b.c.d:" or "[…]:". What is left, or NULL. */
static char *cut_address(char *s, bool is_there, char ret[INET6_ADDRSTRLEN])
{
	bool brackets = *s == '[';
	char *end;

	if (!is_there && !brackets)
		return s;
	s += brackets;
	end = strchr(s, brackets ? ']' : ':');
	if (!end || (brackets && end[1] != ':'))
		return NULL;
	*end = '\0';
	return parse_address(s, brackets, ret) < 0 ? NULL : end + 1 + brackets;
}

int publish_parse(const char *word, struct publish *ret)
{
	struct publish p = { 0 };
	auto_free char *text = strdup(word);
	char *s = text, *colon;

	if (!text)
		return -ENOMEM;
	p.udp = cut_ending(text, "/udp");
	if (!p.udp)
		(void)cut_ending(text, "/tcp");
	/* "8080:80" is two ports, "198.51.100.1:8080" an address and one. */
	s = cut_address(text, strchr(text, '.') != NULL, p.address);
	colon = s ? strchr(s, ':') : NULL;
	if (colon)
		*colon = '\0';
	if (!s || parse_port(s, &p.host_port) < 0 || (colon && parse_port(colon + 1, &p.port) < 0))
		return -EINVAL;
	*ret = p;
	return 0;
}

static int format(const struct publish *p, char **ret)
{
	bool brackets = strchr(p->address, ':');
	struct vz_str out = { 0 };

	if (*p->address)
		str_addf(&out, brackets ? "[%s]:" : "%s:", p->address);
	str_addf(&out, "%u", p->host_port);
	if (p->port)
		str_addf(&out, ":%u", p->port);
	if (p->udp)
		str_add(&out, "/udp");
	*ret = str_take(&out);
	return *ret ? 0 : -ENOMEM;
}

/* ---- lists of them ---- */

static int publish_canonical(const char *word, char **ret)
{
	struct publish p;
	int r = publish_parse(word, &p);

	return r < 0 ? r : p.port ? format(&p, ret) : -EINVAL;
}

static int unpublish_canonical(const char *word, char **ret)
{
	struct publish p;
	int r = publish_parse(word, &p);

	return r < 0 ? r : format(&p, ret);
}

/* They would take each other's packets. */
static bool same_port(const char *a, const char *b)
{
	struct publish p, q;

	return publish_parse(a, &p) == 0 && publish_parse(b, &q) == 0 && p.udp == q.udp && p.host_port == q.host_port &&
	       (!*p.address || !*q.address || strcmp(p.address, q.address) == 0);
}

static const struct list_syntax ports = {
	.seps = BLANKS, .canonical = publish_canonical, .same = same_port,
};
static const struct list_syntax host_ports = {
	.seps = BLANKS, .canonical = unpublish_canonical, .same = same_port,
};

static int ports_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text, struct vz_value *ret)
{
	return list_parse(&ports, from, text, ret);
}

static int host_ports_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
			    struct vz_value *ret)
{
	return list_parse(&host_ports, from, text, ret);
}

static bool has_same(char *const *list, const char *word)
{
	for (; list && *list; list++)
		if (same_port(*list, word))
			return true;
	return false;
}

/* Unlike in other lists there may be several to go for one word, and several that a new one takes the place of. */
static int ports_edit(struct vz_value *v, enum vz_edit_op op, const struct vz_value *by)
{
	for (size_t i = 0; v->set && v->list && v->list[i]; )
		if (has_same(by->list, v->list[i]))
			strv_remove(v->list, i);
		else
			i++;
	return op == VZ_DEL ? 0 : list_edit(&ports, v, op, by);
}

static char *ports_explain(const struct vz_param *p VZ_UNUSED, const char *text)
{
	auto_strv char **words = NULL;

	if (strv_split(text, BLANKS, &words) < 0)
		return NULL;
	for (char **word = words; word && *word; word++) {
		struct publish one;

		if (str_has_prefix(*word, "127.") || str_has_prefix(*word, "[::1]"))
			return strdup("what is for the loopback device cannot be forwarded");
		if (publish_parse(*word, &one) < 0)
			return str_printf("%s: ports are numbers from 1 to 65535, addresses those of the host", *word);
		if (!one.port)
			return str_printf("%s:80 would be for port 80 of the container", *word);
	}
	return NULL;
}

const struct vz_type type_publish = {
	.name = "ports", LIST_VALUE, .parse = ports_parse, .format = list_format, .edit = ports_edit,
	.explain = ports_explain,
};
const struct vz_type type_unpublish = {
	.name = "hostports", LIST_VALUE, .parse = host_ports_parse, .format = list_format, .edit = ports_edit,
};
