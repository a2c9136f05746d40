/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of containers: symlinks NAME → CTID.conf in the names directory. Third parties read them, so
 * the target is the configuration file itself, as an absolute path.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/str.h"
#include "ct/ct.h"

int name_resolve(struct vz *vz, const char *name, vz_ctid *ret)
{
	auto_free char *link = path_join(vz->paths.names_dir, name);
	char target[PATH_MAX];
	const char *base;
	ssize_t n;

	if (!link || str_is_empty(name) || strchr(name, '/'))
		return -EINVAL;
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	base = strrchr(target, '/');
	return ctid_of_file(base ? base + 1 : target, ret);
}

/* The container a name belongs to by its link; 0 if to none. */
static vz_ctid owner_of(struct vz *vz, const char *name)
{
	vz_ctid id;

	return name_resolve(vz, name, &id) == 0 ? id : 0;
}

/* A link counts only while the configuration it leads to agrees. */
static bool is_taken(struct vz *vz, const char *name, vz_ctid owner)
{
	auto_free char *conf = paths_ct_conf(&vz->paths, owner, ".conf");
	auto_conf_file struct conf_file *f = NULL;

	return conf && conf_file_read(conf, &f) == 0 && str_equal(conf_file_get(f, "NAME"), name);
}

static bool is_legal(const char *name)
{
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strlen(name) > NAME_MAX)
		return false;
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;

		if (c < 0x80 && !isalnum(c) && !strchr(" -+_.", c))
			return false;
	}
	return true;
}

bool name_looks_numeric(const char *word)
{
	word += *word == '+' || *word == '-';
	return word[strspn(word, "0123456789")] == '\0';
}

int name_check(struct vz_ct *ct, const char *name, struct vz_err *err)
{
	vz_ctid number, owner;

	if (!is_legal(name))
		return vz_fail(err, VZ_E_SET_NAME, 0, "Error: invalid name %s", name);
	/* libvirt names a container by its own number; any other number would lead astray, or nowhere. */
	if (parse_ctid(name, &number) == 0 && number != ct->id)
		return vz_fail(err, VZ_E_SET_NAME, 0,
			       "Error: invalid name %s: it is the number of another container", name);
	if (parse_ctid(name, &number) < 0 && name_looks_numeric(name))
		return vz_fail(err, VZ_E_SET_NAME, 0, "Error: invalid name %s: it looks like a number", name);
	owner = owner_of(ct->vz, name);
	if (owner && owner != ct->id && is_taken(ct->vz, name, owner))
		return vz_fail(err, VZ_E_SET_NAME, 0, "Conflict: name %s already used by container %u",
			       name, owner);
	return 0;
}

void name_unlink(struct vz_ct *ct, const char *name)
{
	auto_free char *link = path_join(ct->vz->paths.names_dir, name);

	if (link && owner_of(ct->vz, name) == ct->id)
		(void)unlink(link);
}

int name_link(struct vz_ct *ct, const char *name, struct vz_err *err)
{
	auto_free char *link = path_join(ct->vz->paths.names_dir, name);
	auto_free char *conf = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");
	/* No name has a colon; and one may be as long as the name of a file. */
	auto_free char *tmp = str_printf("%s/tmp:%d", ct->vz->paths.names_dir, (int)getpid());
	int r = link && conf && tmp ? path_make_dirs(ct->vz->paths.names_dir, 0755) : -ENOMEM;

	if (r == 0 && owner_of(ct->vz, name) == ct->id)
		return 0;
	if (r == 0 && symlink(conf, tmp) < 0)
		r = -errno;
	if (r == 0 && rename(tmp, link) < 0) {
		r = -errno;
		(void)unlink(tmp);
	}
	if (r < 0)
		return vz_fail(err, VZ_E_SET_NAME, r, "make the name link '%s'", link ? link : name);
	return 0;
}

/* All links to the container but that of one name, which may be NULL. */
static void unlink_others(struct vz_ct *ct, const char *name)
{
	auto_closedir DIR *d = opendir(ct->vz->paths.names_dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (!str_equal(e->d_name, name))
			name_unlink(ct, e->d_name);
}

void names_forget(struct vz_ct *ct)
{
	unlink_others(ct, NULL);
}

void names_repair(struct vz_ct *ct)
{
	auto_free char *conf = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");
	const char *name = conf_str(&ct->own, VZ_P_name);
	struct vz_err ignored = { 0 };

	/* A file that cannot be understood may say anything. */
	if (!conf || (!ct->file && path_exists(conf)))
		return;
	unlink_others(ct, name);
	if (name && (name_check(ct, name, &ignored) < 0 || name_link(ct, name, &ignored) < 0))
		ct_warn(ct, "%s, ignoring", ignored.msg ? ignored.msg : "cannot make the name link");
	vz_err_done(&ignored);
}

char *vz_ct_name(const struct vz_ct *ct)
{
	const char *name = conf_str(&ct->own, VZ_P_name);

	return name && owner_of(ct->vz, name) == ct->id ? strdup(name) : NULL;
}
