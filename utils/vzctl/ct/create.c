/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * create: a configuration file and a private area, or neither. The area is made beside its place and
 * renamed there when it is complete; until then everything is undone: on failure by create itself, and
 * if that was killed by the next command (recover.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "conf/validate.h"
#include "ct/ct.h"
#include "ct/steps.h"
#include "host/mount.h"

#define KEYS_MAX (1 << 20)
#define KEY_TIMEOUT (60 * USEC_PER_SEC)

/* Public keys for root, added once each. */
static const char key_script[] =
	"umask 077\n"
	"mkdir -p /root/.ssh && touch /root/.ssh/authorized_keys || exit 1\n"
	"printf '%s\\n' \"$KEYS\" | while IFS= read -r key; do\n"
	"	[ -n \"$key\" ] || continue\n"
	"	grep -qxF -e \"$key\" /root/.ssh/authorized_keys ||\n"
	"		printf '%s\\n' \"$key\" >> /root/.ssh/authorized_keys || exit 1\n"
	"done\n";

struct creating {
	const struct vz_create *opt;
	struct vz_edits store;		/* what goes into CTID.conf */
	struct vz_template template;
	char *digest;			/* layer of an overlay; owned */
	char *tmp;			/* where the area is made; owned */
	char *keys;			/* public keys; owned */
	bool made_conf;			/* the configuration file is ours to remove */
	bool ran_inside;		/* something has been written to the area that may not be on disk yet */
};

static void creating_done(struct creating *c)
{
	edits_done(&c->store);
	template_done(&c->template);
	free(c->digest);
	free(c->tmp);
	free(c->keys);
}

/* ---- checks ---- */

/* The layer of configuration a sample makes. Only for a container that has no file yet. */
static int read_sample(struct vz_ct *ct, struct creating *c, struct vz_err *err)
{
	const char *name = c->opt->config ? c->opt->config : conf_str(&ct->vz->conf, VZ_P_configfile);
	auto_free char *path = name ? paths_sample(&ct->vz->paths, name) : NULL;
	auto_conf_file struct conf_file *f = NULL;
	int r;

	if (!name)
		return 0;
	if (strchr(name, '/'))
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "Bad parameter for --config: %s", name);
	r = path ? conf_file_read(path, &f) : -ENOMEM;
	if (r < 0)
		return vz_fail(err, VZ_E_CP_CONFIG, r == -ENOENT ? 0 : r, "Sample config %s not found%s",
			       path ? path : name, c->opt->config ? "" : " (fix CONFIGFILE in vz.conf, or use --config)");
	if (edits_from_sample(&c->store, f, name, &ct->vz->log, ct->id) < 0)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "read '%s'", path);
	return 0;
}

static int check_config(struct vz_ct *ct, void *data, struct vz_err *err)
{
	struct creating *c = data;
	auto_free char *path = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");

	if (ct->file && c->opt->config)
		return vz_fail(err, VZ_E_CP_CONFIG, 0,
			       "configuration file '%s' exists already: --config cannot be used", path);
	if (ct->file) {
		ct_warn(ct, "Warning: configuration file for container %u exists already, it is used as it is", ct->id);
		ct_warn(ct, "Warning: it may be incomplete: vzctl set %u --applyconfig NAME --save completes it", ct->id);
		return 0;
	}
	return read_sample(ct, c, err);
}

/* The stored parameters of the command line, on top of the sample's. */
static int add_options(struct creating *c, struct vz_err *err)
{
	const struct vz_edits *given = c->opt->edits;

	for (size_t i = 0; given && i < given->n; i++) {
		/* One at a time: passwords are for the scripts inside, not for the file. */
		struct vz_edits one = { .e = &given->e[i], .n = 1 };

		if ((param_get(given->e[i].id)->flags & VZ_PF_SAVE) && edits_append(&c->store, &one) < 0)
			return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "collect parameters");
	}
	return 0;
}

/* What must stand in the file whatever else does: paths as they are written, ONBOOT for libvirt. */
static int add_basics(struct vz_ct *ct, struct creating *c, struct vz_err *err)
{
	static const enum vz_param_id from_global[] = { VZ_P_ve_root, VZ_P_ve_private };

	for (size_t i = 0; i < ARRAY_SIZE(from_global); i++) {
		enum vz_param_id id = from_global[i];
		auto_free char *text = value_text(id, &ct->conf.v[id]);

		if (text && !ct->own.v[id].set && !edits_has(&c->store, id) && edits_set(&c->store, id, text, err) < 0)
			return -1;
	}
	if (!ct->own.v[VZ_P_onboot].set && !edits_has(&c->store, VZ_P_onboot))
		return edits_set(&c->store, VZ_P_onboot, "no", err);
	return 0;
}

static int check_options(struct vz_ct *ct, void *data, struct vz_err *err)
{
	struct creating *c = data;
	const char *layout;

	if (add_options(c, err) < 0 || add_basics(ct, c, err) < 0)
		return -1;
	layout = conf_str(&ct->vz->conf, VZ_P_ve_layout);
	if (!edits_has(&c->store, VZ_P_ve_layout) && edits_set(&c->store, VZ_P_ve_layout, layout ? layout : "overlay", err) < 0)
		return -1;
	if (ct_edit(ct, &c->store, err) < 0)
		return -1;
	return conf_validate(&ct->conf, &ct->vz->log, ct->id, err);
}

/* Is the nearest directory above path, of those there are, on a read-only file system? */
static bool is_read_only(const char *path)
{
	auto_free char *dir = strdup(path);

	for (char *slash; dir && (slash = strrchr(dir, '/')); *slash = '\0') {
		if (access(dir, W_OK) == 0)
			return false;
		if (errno != ENOENT)
			return errno == EROFS;
	}
	return access("/", W_OK) < 0 && errno == EROFS;
}

static int check_place(struct vz_ct *ct, void *data, struct vz_err *err)
{
	struct creating *c = data;
	const char *area = ct->env.private_area;
	const char *name = conf_str(&ct->own, VZ_P_name);

	if (!conf_str(&ct->vz->conf, VZ_P_template))
		return vz_fail(err, VZ_E_TMPL_NOTSET, 0, "TEMPLATE is not set");
	if (!area)
		return vz_fail(err, VZ_E_PRIVATE_NOTSET, 0, "VE_PRIVATE is not set");
	if (ct_need_root(ct, err) < 0)
		return -1;
	if (path_exists(area) && path_is_empty_dir(area) != 1)
		return vz_fail(err, VZ_E_PRVT_EXIST, 0, "Private area already exists in %s", area);
	if (mount_is_point(area) > 0)
		return vz_fail(err, VZ_E_NEW_PRVT, 0, "'%s' is a mount point", area);
	if (is_read_only(area))
		return vz_fail(err, VZ_E_NEW_PRVT, -EROFS, "private area '%s'", area);
	if (name && name_check(ct, name, err) < 0)
		return -1;
	c->tmp = str_printf("%s.tmp", area);
	return c->tmp ? 0 : vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "create container %u", ct->id);
}

static int check_template(struct vz_ct *ct, void *data, struct vz_err *err)
{
	struct creating *c = data;
	const char *layout = conf_str(&ct->conf, VZ_P_ve_layout);
	const char *name = c->opt->ostemplate ? c->opt->ostemplate : conf_str(&ct->own, VZ_P_ostemplate);

	if (!name)
		name = conf_str(&ct->vz->conf, VZ_P_def_ostemplate);
	if (!name)
		return vz_fail(err, VZ_E_OSTEMPLATE_NOTSET, 0, "OS template is not specified");
	if (layout && str_has_prefix(layout, "ploop"))
		return vz_fail(err, VZ_E_PLOOP_UNSUP, 0,
			       "this version makes no ploop images: use --layout overlay or --layout simfs");
	if (vz_backend_probe(ct->vz, err) < 0 || ct_need_overlay(ct, layout, err) < 0)
		return -1;
	if (template_find(ct->vz, name, c->opt->build && !ct->vz->dry_run, c->opt->progress, &c->template, err) < 0)
		return -1;
	/* The name as resolved: an alias may mean something else next year. */
	return edits_set(&c->store, VZ_P_ostemplate, c->template.name, err);
}

static int check_keys(struct vz_ct *ct, void *data, struct vz_err *err)
{
	struct creating *c = data;
	int r;

	(void)ct;
	if (!c->opt->sshkey_file)
		return 0;
	r = file_read(AT_FDCWD, c->opt->sshkey_file, KEYS_MAX, &c->keys, NULL);
	if (r < 0)
		return vz_fail(err, VZ_E_INVALID_VALUE, r, "Bad parameter for --sshkey: %s", c->opt->sshkey_file);
	if (strstr(c->keys, "PRIVATE KEY"))
		return vz_fail(err, VZ_E_INVALID_VALUE, 0,
			       "Bad parameter for --sshkey: %s is a private key, the public one (.pub) is wanted",
			       c->opt->sshkey_file);
	return 0;
}

/* ---- making ---- */

/* A file that was there before is not ours to remove, whatever becomes of this create. */
static int mark(struct vz_ct *ct, void *data, struct vz_err *err)
{
	struct creating *c = data;
	auto_free char *path = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");
	int r;

	c->made_conf = !ct->file;
	r = c->made_conf ? ct_mark(ct, CT_CREATING) : 0;
	if (r < 0)
		return vz_fail(err, VZ_E_CONFIG_SAVE, r, "save '%s': a mark beside it", path ? path : "configuration");
	return 0;
}

static void unmark(struct vz_ct *ct, void *data)
{
	(void)data;
	ct_unmark(ct);
}

static int write_conf(struct vz_ct *ct, void *data, struct vz_err *err)
{
	struct creating *c = data;

	if (ct_edit(ct, &c->store, err) < 0)
		return -1;
	if (ct_store(ct, &c->store, err) == 0)
		return 0;
	if (c->made_conf) {
		conf_file_free(ct->file);
		ct->file = NULL;
	}
	return -1;
}

static void remove_conf(struct vz_ct *ct, void *data)
{
	struct creating *c = data;
	auto_free char *path = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");

	if (c->made_conf && path)
		(void)unlink(path);
}

static int take_ids(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	return ids_ensure(ct, err);
}

static void release_ids(struct vz_ct *ct, void *data)
{
	(void)data;
	ids_release(ct);
}

static enum vz_error space_or(int r, enum vz_error code)
{
	return r == -ENOSPC || r == -EDQUOT ? VZ_E_NO_DISK_SPACE : code;
}

/* upper, work and the list of layers. The upper's root is a copy of the template's: mode and owner. */
static int fill_overlay(struct vz_ct *ct, struct creating *c, struct vz_err *err)
{
	auto_free char *upper = path_join(c->tmp, "upper");
	auto_free char *work = path_join(c->tmp, "work");
	auto_free char *layers = path_join(c->tmp, "layers");
	auto_free char *line = NULL;
	int r = upper && work && layers ? 0 : -ENOMEM;

	if (template_layer(ct->vz, &c->template, c->opt->progress, &c->digest, err) < 0)
		return -1;
	line = str_printf("%s\n", c->digest);
	if (r == 0 && !line)
		r = -ENOMEM;
	if (r == 0 && (mkdir(upper, 0755) < 0 || chmod(upper, 0755) < 0 || mkdir(work, 0755) < 0))
		r = -errno;
	if (r == 0)
		r = file_replace(layers, 0644, line, strlen(line));
	if (r < 0)
		return vz_fail(err, space_or(r, VZ_E_NEW_PRVT), r, "fill '%s'", c->tmp);
	return 0;
}

/* The parent is ours alone: files below it keep their setuid bits, unshifted. */
static int make_parent(const char *path)
{
	auto_free char *parent = strdup(path);
	char *slash = parent ? strrchr(parent, '/') : NULL;

	if (!slash)
		return parent ? 0 : -ENOMEM;
	*slash = '\0';
	return *parent ? path_make_dirs(parent, 0700) : 0;
}

/*
 * File systems without id maps are refused here, before anything was unpacked, and not at the first
 * start.
 */
static int check_idmap(struct vz_ct *ct, const char *dir, struct vz_err *err)
{
	auto_close int idmap = idmap_open(ct->env.id_base, ct->env.id_count, true);
	auto_close int fd = idmap < 0 ? idmap : mount_idmapped(dir, idmap);
	auto_free char *fs = NULL;

	if (fd >= 0)
		return 0;
	fs = mount_fs_type(dir);
	if (fd == -EOPNOTSUPP)
		return vz_fail(err, VZ_E_NEW_PRVT, 0,
			       "'%s' is on %s, which cannot map ids: keep private areas on ext4, XFS or btrfs, or use the ploop layout",
			       dir, fs ? fs : "a file system");
	return vz_fail(err, idmap < 0 ? VZ_E_BAD_KERNEL : VZ_E_NEW_PRVT, fd, "map the ids of '%s'", dir);
}

static void remove_private(struct vz_ct *ct, void *data)
{
	struct creating *c = data;

	if (path_remove_tree(AT_FDCWD, c->tmp) < 0)
		ct_warn(ct, "cannot remove '%s', ignoring", c->tmp);
	disk_forget(ct);
	/* The mount point, which the set-up made. */
	(void)rmdir(ct->env.root);
}

/*
 * Into a configuration file that was there before a create that was killed. And whatever others could not
 * finish removing: this one may need the space.
 */
static int remove_leftovers(struct vz_ct *ct, struct creating *c)
{
	int r = 0;

	if (path_exists(c->tmp)) {
		ct_warn(ct, "Warning: removing '%s', left by a create that was killed", c->tmp);
		r = trash_put(ct, c->tmp);
	}
	trash_empty(ct, false);
	return r;
}

/* While the area is empty: what comes into it is counted from the first file on, and limited. */
static int limit_disk(struct vz_ct *ct, struct creating *c, struct vz_err *err)
{
	char *area = ct->env.private_area;
	int r;

	ct->env.private_area = c->tmp;
	ct->env.disk_asked = disk_is_asked(ct, c->opt->edits);
	r = ct->vz->be->disk_init(&ct->env, err);
	ct->env.disk_asked = false;
	ct->env.private_area = area;
	return r;
}

static int make_private(struct vz_ct *ct, void *data, struct vz_err *err)
{
	struct creating *c = data;
	bool simfs = str_equal(conf_str(&ct->conf, VZ_P_ve_layout), "simfs");
	int r;

	ct_info(ct, "Creating container private area (%s)", c->template.name);
	r = make_parent(c->tmp);
	if (r == 0)
		r = remove_leftovers(ct, c);
	if (r == 0 && (mkdir(c->tmp, 0755) < 0 || chmod(c->tmp, 0755) < 0))
		r = -errno;
	if (r < 0)
		return vz_fail(err, space_or(r, VZ_E_NEW_PRVT), r, "make '%s'", c->tmp);
	if (check_idmap(ct, c->tmp, err) == 0 && limit_disk(ct, c, err) == 0 &&
	    (simfs ? template_unpack(ct->vz, &c->template, c->tmp, ct->env.id_base, c->opt->progress, err) :
		     fill_overlay(ct, c, err)) == 0)
		return 0;
	remove_private(ct, data);
	return -1;
}

/* Keys and passwords are written by the container's own programs, inside it. */
static int run_setup(struct vz_ct *ct, struct creating *c, const char *userpw, struct vz_err *err)
{
	auto_free char *keys_var = c->keys ? str_printf("KEYS=%s", c->keys) : NULL;
	char *env[] = { (char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", keys_var, NULL };
	struct dist_words words = { .state = "starting", .userpw = userpw };
	unsigned int events = 1u << VZ_DIST_POST_CREATE;
	int status;

	if (userpw)
		events |= 1u << VZ_DIST_SET_USERPASS;
	if (dist_run(ct, events, &words, err) < 0)
		return -1;
	if (!c->keys)
		return 0;
	if (!keys_var)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "ssh keys");
	if (inside_run_text(ct, key_script, env, KEY_TIMEOUT, &status, err) < 0)
		return -1;
	if (status != 0)
		return vz_fail(err, VZ_E_CHANGEPASS, 0, "the ssh keys could not be written inside container %u", ct->id);
	return 0;
}

static int setup_inside(struct vz_ct *ct, void *data, struct vz_err *err)
{
	struct creating *c = data;
	auto_free char *userpw = c->opt->edits ? apply_passwords(c->opt->edits) : NULL;
	char *area = ct->env.private_area;
	int r;

	ct_info(ct, "Performing postcreate actions");
	if (!userpw && !c->keys && !dist_has_event(ct, VZ_DIST_POST_CREATE))
		return 0;
	/* Nobody must see the area in its place before it is complete. */
	ct->env.private_area = c->tmp;
	c->ran_inside = true;
	r = ct_start_empty(ct, false, err);
	if (r == 0) {
		r = run_setup(ct, c, userpw, err);
		ct_stop_empty(ct);
	}
	ct->env.private_area = area;
	return r;
}

/* Out of its place again by one rename, too: half an area must not look like a whole one. */
static void take_back(struct vz_ct *ct, void *data)
{
	struct creating *c = data;

	if (rename(ct->env.private_area, c->tmp) < 0 && trash_put(ct, ct->env.private_area) < 0)
		ct_warn(ct, "cannot remove '%s', ignoring", ct->env.private_area);
}

/* All of it must be on disk before the name that says so. What was unpacked is there already. */
static int flush(const struct creating *c)
{
	auto_close int fd = -1;

	if (!c->ran_inside)
		return 0;
	fd = open(c->tmp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 || syncfs(fd) < 0 ? -errno : 0;
}

static int put_in_place(struct vz_ct *ct, void *data, struct vz_err *err)
{
	struct creating *c = data;
	const char *area = ct->env.private_area;
	int r = flush(c);

	if (r < 0)
		return vz_fail(err, space_or(r, VZ_E_NEW_PRVT), r, "flush '%s'", c->tmp);
	if (rename(c->tmp, area) < 0)
		return vz_fail(err, VZ_E_NEW_PRVT, -errno, "rename '%s' to '%s'", c->tmp, area);
	r = path_flush_parent(area);
	if (r == 0)
		return 0;
	take_back(ct, data);
	return vz_fail(err, VZ_E_NEW_PRVT, r, "flush the directory of '%s'", area);
}

static int link_name(struct vz_ct *ct, void *data, struct vz_err *err)
{
	const char *name = conf_str(&ct->own, VZ_P_name);

	(void)data;
	return name ? name_link(ct, name, err) : 0;
}

static void unlink_name(struct vz_ct *ct, void *data)
{
	const char *name = conf_str(&ct->own, VZ_P_name);

	(void)data;
	if (name)
		name_unlink(ct, name);
}

static int end(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)err;
	unmark(ct, data);
	return 0;
}

static int create_script(struct vz_ct *ct, void *data, struct vz_err *err)
{
	(void)data;
	return action_run(ct, VZ_ACTION_CREATE, err);
}

static const struct vz_step create_steps[] = {
	{ "config",   check_config,   NULL,           STEP_CHECK },
	{ "options",  check_options,  NULL,           STEP_CHECK },
	{ "place",    check_place,    NULL,           STEP_CHECK },
	{ "template", check_template, NULL,           STEP_CHECK },
	{ "keys",     check_keys,     NULL,           STEP_CHECK },
	{ "mark",     mark,           unmark,         0 },
	{ "conf",     write_conf,     remove_conf,    0 },
	{ "ids",      take_ids,       release_ids,    0 },
	{ "private",  make_private,   remove_private, 0 },
	{ "setup",    setup_inside,   NULL,           0 },
	{ "name",     link_name,      unlink_name,    0 },
	{ "rename",   put_in_place,   take_back,      0 },
	{ "script",   create_script,  NULL,           STEP_COMMIT },
	{ "end",      end,            NULL,           0 },
};

/* The same as the undo functions do, for one that has no hands any more. */
int ct_undo_create(struct vz_ct *ct, struct vz_err *err)
{
	auto_free char *conf = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");
	auto_free char *conf_tmp = conf ? str_printf("%s.tmp", conf) : NULL;
	auto_free char *tmp = str_printf("%s.tmp", ct->env.private_area ? ct->env.private_area : "");
	int r = conf_tmp && tmp ? 0 : -ENOMEM;

	if (r == 0 && ct->env.private_area && path_exists(tmp))
		r = trash_put(ct, tmp);
	if (r < 0)
		return vz_fail(err, VZ_E_NEW_PRVT, r, "remove '%s', left by a create that was killed", tmp ? tmp : "");
	trash_empty(ct, false);
	if (ct->env.root)
		(void)rmdir(ct->env.root);
	ids_release(ct);
	names_forget(ct);
	(void)unlink(conf_tmp);
	if (unlink(conf) < 0 && errno != ENOENT)
		return vz_fail(err, VZ_E_SYSTEM, -errno, "remove '%s', left by a create that was killed", conf);
	ct_unmark(ct);
	return 0;
}

int vz_ct_create(struct vz_ct *ct, const struct vz_create *opt, struct vz_err *err)
{
	auto_free char *path = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");
	struct creating c = { .opt = opt };
	int r = steps_run(ct, "create", create_steps, ARRAY_SIZE(create_steps), &c, err);

	creating_done(&c);
	if (r < 0) {
		ct_warn(ct, "Creation of container private area failed");
		return -1;
	}
	if (ct->vz->dry_run)
		return 0;
	ct_info(ct, "CT configuration saved to %s", path ? path : "its file");
	ct_info(ct, "Container private area was created");
	return 0;
}
