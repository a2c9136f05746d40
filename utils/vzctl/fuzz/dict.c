/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fuzz-dict: words for libFuzzer, from the tables of the programs themselves: keys, options, fields,
 * and what values are made of. Run by scripts/fuzz.
 */
#include <stdio.h>
#include <string.h>

#include "cli/columns.h"
#include "conf/type.h"

/* Words that stand in no table. */
static const char *const words[] = {
	"yes", "no", "on", "off", "all", "none", "auto", "inherit", "unlimited", "overlay", "simfs", "ploop",
	"pages:1", "privvmpages:1", "stop", "suspend", "disabled", "stateless", "stateful", "full", "c:1:3:rw",
	"b:8:all:r", "net/tun:rw", "3:1.2", "/a:/b,nosuid", "root:x", "eth0,00:18:51:aa:bb:cc", "ifname=eth0,",
	"bridge=", "mac_filter=on", "198.51.100.1/24", "2001:db8:5e::1", "fe80::1%eth0", "$VEID", "${VEID}",
	"cap_chown:on", "nfs:on", "1.5G", "100:200", "50%", "0-2,7", "\\\"", "\\\\", "../", "system.posix_acl_access",
	"security.capability", "user.", "VERSION=\\\"1\\\"", "BOOT_ID=\\\"%b\\\"", "PID=\\\"", "START_TIME=\\\"",
	"%p", "%s", "%b", "sha256-", "NSpid:\\x09", "CapBnd:\\x09", "0::/", " - cgroup2 ", ") S ", "\\x0a", "*", "[a-z]",
	"18446744073709551615", "9223372036854775807", "4294967295", "2147483647", "65536",
};

static void put(const char *prefix, const char *word, const char *suffix)
{
	printf("\"%s%s%s\"\n", prefix, word, suffix);
}

int main(void)
{
	const struct vz_param_option *o;
	const struct column *c;

	for (int id = 0; id < VZ_P__MAX; id++) {
		const struct vz_param *p = param_get((enum vz_param_id)id);

		if (p->key)
			put("", p->key, "=");
		if (p->option)
			put("--", p->option, " ");
	}
	for (o = param_options(); o->option; o++)
		put("--", o->option, " ");
	for (size_t i = 0; (c = column_at(i)); i++)
		if (!c->is_part)
			put("", c->name, "");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		put("", words[i], "");
	return 0;
}
