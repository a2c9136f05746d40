/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The type of RATE; see rate.h. */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/strv.h"
#include "conf/rate.h"
#include "conf/type-impl.h"

#define CLASS_MAX 15
/* A terabit: what tc can still count in bytes. */
#define KBIT_MAX 1000000000

int rate_parse(const char *word, uint64_t *ret_kbit)
{
	auto_strv char **parts = NULL;
	uint64_t class;

	if (strchr(word, ':') == word || strstr(word, "::") || strv_split(word, ":", &parts) < 0)
		return -EINVAL;
	if (strv_len(parts) != 3 || strlen(parts[0]) >= IF_NAMESIZE ||
	    parse_u64_range(parts[1], 0, CLASS_MAX, &class) < 0 ||
	    parse_u64_range(parts[2], 1, KBIT_MAX, ret_kbit) < 0)
		return -EINVAL;
	return 0;
}

static int rate_canonical(const char *word, char **ret)
{
	uint64_t kbit;

	return rate_parse(word, &kbit) < 0 ? -EINVAL : list_any_word(word, ret);
}

/* Of one class on one device there is one rate. */
static bool same_class(const char *a, const char *b)
{
	return list_same_until_last(a, b, ':');
}

static const struct list_syntax rates = {
	.seps = " \t,", .canonical = rate_canonical, .same = same_class,
};

static int rates_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text, struct vz_value *ret)
{
	return list_parse(&rates, from, text, ret);
}

static int rates_edit(struct vz_value *v, enum vz_edit_op op, const struct vz_value *by)
{
	return list_edit(&rates, v, op, by);
}

const struct vz_type type_rates = {
	.name = "rates", LIST_VALUE, .parse = rates_parse, .format = list_format, .edit = rates_edit,
};
