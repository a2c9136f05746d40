/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of parameters, made from params.def, and look-ups in it. */
#include <string.h>

#include "base/macros.h"
#include "conf/param.h"
#include "conf/type.h"

static const struct vz_param params[VZ_P__MAX] = {
#define PARAM(i, k, t, lo, hi, opt, a, f, apply, h) \
	[VZ_P_##i] = { \
		.id = VZ_P_##i, .key = k, .type = &type_##t, .min = lo, .max = hi, .option = opt, \
		.arg = a, .flags = f, .group = VZ_G_##apply, .help = h, \
	},
#define OPTION(i, opt, o, a, h)
#include "conf/params.def"
#undef OPTION
#undef PARAM
};

static const struct vz_param_option further[] = {
#define PARAM(i, k, t, lo, hi, opt, a, f, apply, h)
#define OPTION(i, opt, o, a, h) \
	{ .id = VZ_P_##i, .option = opt, .op = VZ_##o, .arg = a, .help = h },
#define OPTION_TYPE(i, opt, t, o, a, h) \
	{ .id = VZ_P_##i, .option = opt, .type = &type_##t, .op = VZ_##o, .arg = a, .help = h },
#include "conf/params.def"
#undef OPTION
#undef PARAM
	{ .option = NULL },
};

static const struct {
	enum vz_param_id id;
	const char *key;
} aliases[] = {
#define PARAM(i, k, t, lo, hi, opt, a, f, apply, h)
#define OPTION(i, opt, o, a, h)
#define ALIAS(i, k) { VZ_P_##i, k },
#include "conf/params.def"
#undef OPTION
#undef PARAM
};

/* Names that files of older and other OpenVZ versions hold and nothing here reads. */
static const char *const obsolete[] = {
	/* vzctl 3 and 4 */
	"CONFIG_CUSTOMIZED", "IP6TABLES", "VETH",
	/* Virtuozzo 6 and 7: vz.conf */
	"ACTIONLOGDIR", "BANDWIDTH", "GOLDEN_IMAGE", "HTTP_PROXY", "ON_VE_FSERROR", "RATEMPU",
	"REMOVEMIGRATED", "REPAIR_MODE", "SERVER_UUID", "TOTALRATE", "TRAFFIC_SHAPING", "USE_NET_HWCSUM",
	"USE_NET_RPS", "USE_NET_TSO", "VEFSTYPE", "VEIMAGEFORMAT", "VZ_TOOLS_BCID", "VZ_TOOLS_IOLIMIT",
	"VZ_TOOLS_MEMLIMIT",
	/* Virtuozzo 6 and 7: a container */
	"ALLOWREBOOT", "ANONSHPAGES", "APPLY_IPONLY", "AUTOCOMPACT", "AUTOSTOP", "BURST_CPULIMIT",
	"BURST_CPU_AVG_USAGE", "CPULIMIT_MHZ", "DISK", "DISTRIBUTION", "HA_ENABLE", "HA_PRIO", "IPCSHMPAGES",
	"JOURNALED_QUOTA", "MEMGUARANTEE", "MEMGUARANTEE_BYTES", "NUMMEMORYSUBGROUPS", "NUMNETIF", "NUMSOCK",
	"NUMUNIXSOCK", "OOMGUAR", "PAGECACHE_ISOLATION", "ROOT_DISK", "RSSPAGES", "SLMMEMORYLIMIT",
	"SLMMODE", "SOCKRCVBUF", "TCPSENDBUF", "TECHNOLOGIES", "TEMPLATES", "TOTVMPAGES", "UNIXSOCKBUF",
	"USE_VENET_MASK", "UUID", "VE_ENVIRONMENT", "VE_TYPE",
};

const struct vz_param *param_get(enum vz_param_id id)
{
	return &params[id];
}

const struct vz_param *param_by_key(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(params); i++)
		if (params[i].key && params[i].key[0] == key[0] && strcmp(params[i].key, key) == 0)
			return &params[i];
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (strcmp(aliases[i].key, key) == 0)
			return &params[aliases[i].id];
	return NULL;
}

const char *param_alias(enum vz_param_id id, size_t index)
{
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (aliases[i].id == id && index-- == 0)
			return aliases[i].key;
	return NULL;
}

const struct vz_param_option *param_options(void)
{
	return further;
}

bool param_option_find(const char *option, struct vz_param_option *ret)
{
	for (const struct vz_param_option *o = further; o->option; o++) {
		if (strcmp(o->option, option) != 0)
			continue;
		*ret = *o;
		if (!ret->type)
			ret->type = params[o->id].type;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(params); i++) {
		const struct vz_param *p = &params[i];

		if (!p->option || strcmp(p->option, option) != 0)
			continue;
		*ret = (struct vz_param_option){
			.id = p->id,
			.option = p->option,
			.type = p->type,
			.op = p->flags & VZ_PF_ADD ? VZ_ADD : VZ_SET,
			.arg = p->arg,
			.help = p->help,
		};
		return true;
	}
	return false;
}

bool param_key_is_obsolete(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(obsolete); i++)
		if (strcmp(obsolete[i], key) == 0)
			return true;
	return false;
}
