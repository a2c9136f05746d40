/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where everything is; see paths.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "conf/paths.h"

/* FNV-1a with 32 bits: a tag has to tell prefixes apart, not to withstand anybody. */
static uint32_t hash_text(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

int paths_init(struct vz_paths *p, const char *prefix)
{
	size_t n = prefix ? strlen(prefix) : 0;

	*p = (struct vz_paths){ 0 };
	if (n && prefix[0] != '/')
		return -EINVAL;
	while (n && prefix[n - 1] == '/')
		n--;
	p->prefix = strndup(prefix ? prefix : "", n);
	if (!p->prefix)
		return -ENOMEM;
	p->tag = n ? str_printf("%08x", hash_text(p->prefix)) : strdup("");
	p->global_conf = str_printf("%s/etc/vz/vz.conf", p->prefix);
	p->conf_dir = str_printf("%s/etc/vz/conf", p->prefix);
	p->names_dir = str_printf("%s/etc/vz/names", p->prefix);
	p->dists_dir = str_printf("%s/etc/vz/dists", p->prefix);
	p->run_dir = str_printf("%s/run/vz", p->prefix);
	p->state_dir = str_printf("%s/var/lib/vzctl", p->prefix);
	p->libexec_dir = strdup(VZ_LIBEXECDIR);
	p->share_dir = strdup(VZ_DATADIR);
	if (!p->tag || !p->global_conf || !p->conf_dir || !p->names_dir || !p->dists_dir || !p->run_dir ||
	    !p->state_dir || !p->libexec_dir || !p->share_dir) {
		paths_done(p);
		return -ENOMEM;
	}
	return 0;
}

void paths_done(struct vz_paths *p)
{
	free(p->prefix);
	free(p->tag);
	free(p->global_conf);
	free(p->conf_dir);
	free(p->names_dir);
	free(p->dists_dir);
	free(p->run_dir);
	free(p->state_dir);
	free(p->libexec_dir);
	free(p->share_dir);
	*p = (struct vz_paths){ 0 };
}

char *paths_resolve(const struct vz_paths *p, const char *path)
{
	size_t n = strlen(p->prefix);
	bool below = strncmp(path, p->prefix, n) == 0 && (path[n] == '/' || !path[n]);

	if (!n || below)
		return strdup(path);
	return str_printf("%s%s%s", p->prefix, path[0] == '/' ? "" : "/", path);
}

char *paths_ct_conf(const struct vz_paths *p, vz_ctid id, const char *ending)
{
	return str_printf("%s/%u%s", p->conf_dir, id, ending ? ending : ".conf");
}

char *paths_sample(const struct vz_paths *p, const char *name)
{
	return str_printf("%s/ve-%s.conf-sample", p->conf_dir, name);
}

char *paths_run(const struct vz_paths *p, vz_ctid id, const char *name)
{
	if (!name)
		return str_printf("%s/%u", p->run_dir, id);
	return str_printf("%s/%u/%s", p->run_dir, id, name);
}

char *paths_book(const struct vz_paths *p, const char *book, vz_ctid id)
{
	return str_printf("%s/%s/%u", p->state_dir, book, id);
}
