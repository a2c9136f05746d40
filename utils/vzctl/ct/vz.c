/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The handle of a host: configuration, paths, back end; and finding containers. See vzctl.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backend/plan.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/strv.h"
#include "ct/ct.h"
#include "host/lock.h"

#define FIRST_CTID 101

const char *vz_version(void)
{
	return VZ_VERSION;
}

int vz_new(struct vz **ret, const char *prefix, struct vz_err *err)
{
	struct vz *vz = calloc(1, sizeof(*vz));
	int r;

	if (!vz)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "start");
	r = paths_init(&vz->paths, prefix);
	if (r == 0)
		r = conf_defaults(&vz->conf);
	if (r < 0) {
		vz_free(vz);
		return vz_fail(err, r == -EINVAL ? VZ_E_INVALID_VALUE : VZ_E_RESOURCE, r,
			       "prefix '%s' is not an absolute path", prefix ? prefix : "");
	}
	vz->host.log = &vz->log;
	vz->host.tag = vz->paths.tag;
	vz->host.watcher = path_join(vz->paths.run_dir, "vzeventd.sock");
	vz->host.net_lock = path_join(vz->paths.run_dir, "net.lock");
	if (!vz->host.watcher || !vz->host.net_lock) {
		vz_free(vz);
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "start");
	}
	*ret = vz;
	return 0;
}

void vz_free(struct vz *vz)
{
	if (!vz)
		return;
	glance_done(&vz->glance.groups);
	glance_done(&vz->glance.dumps);
	vz_host_done(&vz->host);
	conf_done(&vz->conf);
	paths_done(&vz->paths);
	free(vz->be_name);
	free(vz);
}

void vz_set_log(struct vz *vz, const struct vz_log *log)
{
	vz->log = *log;
}

int vz_set_libexec_dir(struct vz *vz, const char *dir)
{
	char *libexec = strdup(dir);
	char *share = strdup(dir);

	if (!libexec || !share) {
		free(libexec);
		free(share);
		return -1;
	}
	free(vz->paths.libexec_dir);
	free(vz->paths.share_dir);
	vz->paths.libexec_dir = libexec;
	vz->paths.share_dir = share;
	return 0;
}

void vz_set_backend(struct vz *vz, const char *name)
{
	free(vz->be_name);
	vz->be_name = name ? strdup(name) : NULL;
	vz->be = NULL;
	vz->be_probed = false;
}

void vz_set_dry_run(struct vz *vz, void (*fn)(void *data, const char *line), void *data)
{
	vz->dry_run = true;
	vz->dry_fn = fn;
	vz->dry_data = data;
}

void vz_cancel(struct vz *vz)
{
	vz->cancelled = 1;
}

int vz_load(struct vz *vz, struct vz_err *err)
{
	auto_conf_file struct conf_file *f = NULL;
	int r = conf_file_read(vz->paths.global_conf, &f);

	if (r == -EILSEQ)
		return vz_fail(err, VZ_E_INVALID_CONFIG, 0, "global configuration file '%s' is no text: line %u holds a zero byte",
			       vz->paths.global_conf, conf_file_bad_line(vz->paths.global_conf));
	if (r < 0)
		return vz_fail(err, r == -ENOENT || r == -EACCES ? VZ_E_NOCONFIG : VZ_E_INVALID_CONFIG, r,
			       "global configuration file '%s'", vz->paths.global_conf);
	r = conf_from_file(&vz->conf, f, true, &vz->log, 0);
	if (r < 0)
		return vz_fail(err, VZ_E_RESOURCE, r, "read '%s'", vz->paths.global_conf);
	vz->loaded = true;
	return 0;
}

char *vz_get(const struct vz *vz, const char *key)
{
	const struct vz_param *p = param_by_key(key);

	return p ? value_text(p->id, &vz->conf.v[p->id]) : NULL;
}

char *vz_path(const struct vz *vz, const char *path)
{
	return paths_resolve(&vz->paths, path);
}

char *vz_conf_path(struct vz *vz, enum vz_param_id id)
{
	const char *path = conf_str(&vz->conf, id);

	return path ? paths_resolve(&vz->paths, path) : NULL;
}

/* ---- back end ---- */

/* In a dry run the plan stands in front of the real one, and asks it what is there. */
static int put_plan_in_front(struct vz *vz, struct vz_err *err)
{
	/* The plan may have been the back end asked for: it has one already. */
	struct vz_plan *plan = vz->host.plan ? vz->host.plan : plan_new();

	if (!plan)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "plan");
	plan->under = vz->be == &backend_plan ? NULL : vz->be;
	plan->fn = vz->dry_fn;
	plan->data = vz->dry_data;
	vz->host.plan = plan;
	vz->be = &backend_plan;
	return 0;
}

int vz_backend_open(struct vz *vz, struct vz_err *err)
{
	if (vz->be)
		return 0;
	vz->be = vz->be_name ? backend_by_name(vz->be_name, err) : backend_choose(&vz->host, err);
	if (!vz->be)
		return -1;
	if (vz->be->open(&vz->host, err) == 0 && (!vz->dry_run || put_plan_in_front(vz, err) == 0))
		return 0;
	vz->be = NULL;
	return -1;
}

/* Once a boot: there is a mark in /run. Whoever asks for a back end, or for a plan, knows what he gets. */
static void say_why_not(struct vz *vz)
{
	auto_free char *mark = path_join(vz->paths.run_dir, "backend");
	auto_close int fd = -1;

	if (vz->be_name || vz->dry_run || backend_is_best(vz->be) || !mark || path_make_dirs(vz->paths.run_dir, 0755) < 0)
		return;
	fd = open(mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd >= 0)
		backend_say_why_not(&vz->host, vz->be);
}

int vz_backend_probe(struct vz *vz, struct vz_err *err)
{
	if (vz_backend_open(vz, err) < 0)
		return -1;
	if (vz->be_probed)
		return 0;
	if (vz->be->probe(&vz->host, err) < 0)
		return -1;
	say_why_not(vz);
	vz->be_probed = true;
	return 0;
}

/* ---- finding containers ---- */

int ctid_of_file(const char *name, vz_ctid *ret)
{
	const char *dot = strrchr(name, '.');
	auto_free char *number = dot && strcmp(dot, ".conf") == 0 ? strndup(name, (size_t)(dot - name)) : NULL;

	return number ? parse_ctid(number, ret) : -EINVAL;
}

int vz_ctid_find(struct vz *vz, const char *word, vz_ctid *ret, struct vz_err *err)
{
	auto_free char *conf = NULL;
	auto_conf_file struct conf_file *f = NULL;
	const char *name;

	if (parse_ctid(word, ret) == 0)
		return 0;
	if (name_looks_numeric(word) || name_resolve(vz, word, ret) < 0)
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "Bad CT ID %s", word);
	/* The link alone does not make a name: the configuration must agree, if it has one. */
	conf = paths_ct_conf(&vz->paths, *ret, ".conf");
	if (conf && conf_file_read(conf, &f) == 0 && (name = conf_file_get(f, "NAME")) &&
	    strcmp(name, word) != 0)
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "Unable to find container by name %s", word);
	return 0;
}

char *vz_samples(struct vz *vz)
{
	auto_closedir DIR *d = opendir(vz->paths.conf_dir);
	struct vz_str names = { 0 };
	struct dirent *e;

	while (d && (e = readdir(d))) {
		const char *ending = strstr(e->d_name, ".conf-sample");

		if (!str_has_prefix(e->d_name, "ve-") || !ending)
			continue;
		str_add_n(&names, e->d_name + 3, (size_t)(ending - e->d_name) - 3);
		str_add_char(&names, '\n');
	}
	return str_take(&names);
}

static int compare_ctids(const void *a, const void *b)
{
	vz_ctid x = *(const vz_ctid *)a, y = *(const vz_ctid *)b;

	return x < y ? -1 : x > y;
}

int vz_ctids(struct vz *vz, vz_ctid **ret, struct vz_err *err)
{
	auto_closedir DIR *d = opendir(vz->paths.conf_dir);
	auto_free vz_ctid *ids = NULL;
	struct dirent *e;
	size_t n = 0, size = 0;

	*ret = NULL;
	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return vz_fail(err, VZ_E_SYSTEM, -errno, "read directory '%s'", vz->paths.conf_dir);
	while ((e = readdir(d))) {
		const char *dot = strrchr(e->d_name, '.');
		vz_ctid id;

		if (!dot || strcmp(dot, ".conf") != 0)
			continue;
		if (ctid_of_file(e->d_name, &id) < 0) {
			vz_log(&vz->log, VZ_LOG_ERR, 0,
			       "Warning: invalid CTID in config file name: %s, skipping", e->d_name);
			continue;
		}
		if (id == 0)
			continue;
		if (n == size) {
			vz_ctid *bigger;

			size = size ? size * 2 : 64;
			bigger = realloc(ids, size * sizeof(*ids));
			if (!bigger)
				return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "list containers");
			ids = bigger;
		}
		ids[n++] = id;
	}
	if (n)
		qsort(ids, n, sizeof(*ids), compare_ctids);
	*ret = take_ptr(ids);
	return (int)n;
}

/*
 * Nobody's: no configuration file, no lock, and no private area, which without a file is somebody's data.
 * Half of a container that nobody is at work on is cleared away by whoever takes its number.
 */
static bool is_free(struct vz *vz, vz_ctid id, bool has_conf)
{
	auto_free char *lock_dir = vz_conf_path(vz, VZ_P_lockdir);
	auto_free char *name = str_printf("%u", id);
	auto_free char *private_area = conf_expand(&vz->conf, VZ_P_ve_private, id);
	auto_free char *path = private_area ? paths_resolve(&vz->paths, private_area) : NULL;

	if (path && path_exists(path))
		return false;
	if (has_conf && ct_unfinished(vz, id, path) == CT_FINISHED)
		return false;
	return !lock_dir || !name || !lock_is_held(lock_dir, name);
}

int vz_ctid_next(struct vz *vz, vz_ctid *ret, struct vz_err *err)
{
	auto_free vz_ctid *taken = NULL;
	int n = vz_ctids(vz, &taken, err);
	int i = 0;

	if (n < 0)
		return -1;
	for (vz_ctid id = FIRST_CTID; id <= VZ_CTID_MAX; id++) {
		while (i < n && taken[i] < id)
			i++;
		if (!is_free(vz, id, i < n && taken[i] == id))
			continue;
		*ret = id;
		return 0;
	}
	return vz_fail(err, VZ_E_RESOURCE, 0, "no CT ID is free");
}

/* ---- whose a process is ---- */

/* Groups of ours have the number in their name. 0: another's. */
static vz_ctid ctid_of_group(struct vz *vz, const char *group)
{
	const char *tag = vz->paths.tag;
	auto_free char *top = str_printf("vz%s%s/", *tag ? "-" : "", tag);
	const char *number = top && str_has_prefix(group, top) ? group + strlen(top) : "";
	auto_free char *word = strndup(number, strcspn(number, "/"));
	vz_ctid id;

	return word && parse_ctid(word, &id) == 0 ? id : 0;
}

int64_t pid_own_ctid(struct vz *vz, int pid, struct vz_err *err)
{
	auto_free char *group = NULL;
	int r = cgroup_of(pid, &group);

	return r < 0 ? vz_fail(err, VZ_E_SYSTEM, r, "process %d", pid) : (int64_t)ctid_of_group(vz, group);
}

/* Does the group belong to that container, which another engine has made, and which runs? */
static bool is_adopted_group(struct vz *vz, vz_ctid id, const char *group)
{
	struct vz_err ignored = { 0 };
	struct state_process p;
	struct vz_ct *ct = NULL;
	bool is = false;

	if (vz_ct_new(vz, id, &ct, &ignored) == 0 && state_process(ct, &p) == 0 && ct->adopted &&
	    proc_is_alive(p.pid, p.start_time)) {
		size_t len = strlen(ct->adopted);

		is = str_has_prefix(group, ct->adopted) && (!group[len] || group[len] == '/');
	}
	vz_ct_free(ct);
	vz_err_done(&ignored);
	return is;
}

/* The kernel names the one that it can be, or all that run are looked at. */
static vz_ctid adopted_ctid(struct vz *vz, int pid, const char *group)
{
	struct vz_err ignored = { 0 };
	auto_closedir DIR *d = NULL;
	struct dirent *e;
	vz_ctid id = 0;

	if (vz_backend_open(vz, &ignored) == 0 && vz->be->ctid_of(&vz->host, pid, &id) == 0)
		return id && is_adopted_group(vz, id, group) ? id : 0;
	vz_err_done(&ignored);
	d = opendir(vz->paths.run_dir);
	while (d && (e = readdir(d)))
		if (parse_ctid(e->d_name, &id) == 0 && is_adopted_group(vz, id, group))
			return id;
	return 0;
}

int64_t vz_pid_ctid(struct vz *vz, int pid, int *ret_inner, struct vz_err *err)
{
	auto_free char *group = NULL;
	pid_t own[1], ns[32];
	vz_ctid id;
	int depth, r;

	r = cgroup_of(pid, &group);
	if (r < 0)
		return vz_fail(err, VZ_E_SYSTEM, r, "process %d", pid);
	if (ret_inner)
		*ret_inner = pid;
	id = ctid_of_group(vz, group);
	if (!id)
		id = adopted_ctid(vz, pid, group);
	if (!id)
		return 0;
	depth = proc_nspid(getpid(), own, 1);
	r = proc_nspid(pid, ns, ARRAY_SIZE(ns));
	if (ret_inner && depth > 0 && depth < (int)ARRAY_SIZE(ns) && r > depth)
		*ret_inner = ns[depth];
	return id;
}
