/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * OS templates. The cache holds an archive for each, NAME.tar.zst or another compression, and its
 * checksum beside it; a layer is such an archive unpacked once, named by the checksum, shared by all
 * overlays above it and never changed. Unpacking is done by a helper program in a sandbox.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/strv.h"
#include "conf/file.h"
#include "ct/ct.h"
#include "host/script.h"

#define SHA256_HEX 64
#define OUTPUT_MAX 4096

void template_done(struct vz_template *t)
{
	free(t->name);
	free(t->archive);
	free(t->sha256);
	*t = (struct vz_template){ 0 };
}

/* TEMPLATE/sub below the prefix. Caller frees. */
static char *template_dir(struct vz *vz, const char *sub)
{
	auto_free char *base = vz_conf_path(vz, VZ_P_template);

	return base ? path_join(base, sub) : NULL;
}

char *layer_path(struct vz *vz, const char *digest)
{
	auto_free char *layers = template_dir(vz, "layers");

	return layers ? str_printf("%s/%s/root", layers, digest) : NULL;
}

static bool is_digest(const char *s)
{
	return strlen(s) == SHA256_HEX && s[strspn(s, "0123456789abcdef")] == '\0';
}

/* The first word of "ARCHIVE.sha256", as sha256sum writes it. NULL if there is none. */
static char *read_digest(const char *archive)
{
	auto_free char *path = str_printf("%s.sha256", archive);
	auto_free char *line = NULL;

	if (!path || file_read_line(AT_FDCWD, path, &line) < 0)
		return NULL;
	line[strcspn(line, " \t")] = '\0';
	return is_digest(line) ? take_ptr(line) : NULL;
}

/* ---- finding ---- */

static const char *const endings[] = { ".tar.zst", ".tar.xz", ".tar.gz", ".tar.bz2", ".tar" };

/* NAME's archive in the cache, of whatever compression. 1: found. */
static int find_exact(struct vz *vz, const char *name, struct vz_template *ret)
{
	auto_free char *cache = template_dir(vz, "cache");

	for (size_t i = 0; cache && i < ARRAY_SIZE(endings); i++) {
		auto_free char *path = str_printf("%s/%s%s", cache, name, endings[i]);
		const char *slash = strrchr(name, '/');

		if (!path || access(path, R_OK) < 0)
			continue;
		ret->name = strdup(slash ? slash + 1 : name);
		ret->sha256 = read_digest(path);
		ret->archive = take_ptr(path);
		return ret->name ? 1 : -ENOMEM;
	}
	return 0;
}

/* The file's name without the ending of an archive, a line. */
static void add_name(struct vz_str *names, const char *file)
{
	size_t len = strlen(file);

	for (size_t i = 0; i < ARRAY_SIZE(endings) && file[0] != '.'; i++) {
		size_t n = strlen(endings[i]);

		if (len <= n || strcmp(file + len - n, endings[i]) != 0)
			continue;
		str_add_n(names, file, len - n);
		str_add_char(names, '\n');
		return;
	}
}

char *vz_templates(struct vz *vz)
{
	auto_free char *cache = template_dir(vz, "cache");
	auto_closedir DIR *d = cache ? opendir(cache) : NULL;
	struct vz_str names = { 0 };
	struct dirent *e;

	while (d && (e = readdir(d)))
		add_name(&names, e->d_name);
	return str_take(&names);
}

/* A recipe that makes a template of some name, or has it as an alias. */
struct candidate {
	char *name;		/* owned */
	uint64_t order;		/* the newest has the highest */
};

/*
 * The best recipe for a word: its own name, or the highest ORDER among those that have it in ALIASES
 * and, if cached_only, an archive in the cache. *best is changed only for a better one.
 */
static void consider_recipe(struct vz *vz, const char *dir, const char *recipe, const char *word,
			    bool cached_only, struct candidate *best)
{
	auto_free char *path = str_printf("%s/%s/template.conf", dir, recipe);
	auto_conf_file struct conf_file *f = NULL;
	auto_strv char **aliases = NULL;
	struct vz_template found = { 0 };
	const char *text;
	uint64_t order = 0;
	char *name;
	int r;

	if (!path || conf_file_read(path, &f) < 0)
		return;
	text = conf_file_get(f, "ALIASES");
	if (text && strv_split(text, " \t", &aliases) < 0)
		return;
	if (strcmp(recipe, word) != 0 && strv_find(aliases, word) < 0)
		return;
	text = conf_file_get(f, "ORDER");
	if (text)
		(void)parse_u64(text, &order);
	if (best->name && order <= best->order)
		return;
	if (cached_only) {
		r = find_exact(vz, recipe, &found);
		template_done(&found);
		if (r <= 0)
			return;
	}
	name = strdup(recipe);
	if (!name)
		return;
	free(best->name);
	*best = (struct candidate){ .name = name, .order = order };
}

static struct candidate find_recipe(struct vz *vz, const char *word, bool cached_only)
{
	/* The administrator's recipes, then ours. */
	auto_free char *own = str_printf("%s/etc/vz/templates", vz->paths.prefix);
	auto_free char *shipped = path_join(vz->paths.share_dir, "templates");
	const char *const dirs[] = { own, shipped };
	struct candidate best = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		auto_closedir DIR *d = dirs[i] ? opendir(dirs[i]) : NULL;
		struct dirent *e;

		while (d && (e = readdir(d)))
			if (e->d_name[0] != '.')
				consider_recipe(vz, dirs[i], e->d_name, word, cached_only, &best);
	}
	return best;
}

static int build(struct vz *vz, const char *name, struct vz_err *err)
{
	auto_free char *program = path_join(vz->paths.libexec_dir, "vztmpl");
	char *argv[] = { (char *)"vztmpl", (char *)"--prefix", vz->paths.prefix, (char *)"build",
			 (char *)name, NULL };
	char *short_argv[] = { (char *)"vztmpl", (char *)"build", (char *)name, NULL };
	struct script_run run = { .file = program, .stdin_fd = -1, .stdout_fd = -1, .cancelled = &vz->cancelled };
	int status;

	if (!program)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "build template '%s'", name);
	run.argv = *vz->paths.prefix ? argv : short_argv;
	vz_log(&vz->log, VZ_LOG_INFO, 0, "Building OS template %s", name);
	status = script_run(&run);
	if (status < 0)
		return vz_fail(err, VZ_E_NOSCRIPT, status, "run '%s'", program);
	if (status != 0)
		return vz_fail(err, VZ_E_OSTEMPLATE_NOT_FOUND, 0,
			       "building OS template %s failed (vztmpl build %s shows why)", name, name);
	return 0;
}

static int not_found(struct vz *vz, const char *name, const char *recipe, struct vz_err *err)
{
	auto_free char *cache = template_dir(vz, "cache");

	if (recipe)
		return vz_fail(err, VZ_E_OSTEMPLATE_NOT_FOUND, 0,
			       "Cached OS template %s/%s.tar[.zst|.xz|.gz|.bz2] not found (vztmpl build %s makes it)",
			       cache, name, recipe);
	return vz_fail(err, VZ_E_OSTEMPLATE_NOT_FOUND, 0,
		       "Cached OS template %s/%s.tar[.zst|.xz|.gz|.bz2] not found (vztmpl list shows what there is)",
		       cache, name);
}

int template_find(struct vz *vz, const char *name, bool may_build, bool progress, struct vz_template *ret,
		  struct vz_err *err)
{
	struct candidate c = { 0 };
	int r;

	(void)progress;
	if (!conf_str(&vz->conf, VZ_P_template))
		return vz_fail(err, VZ_E_TMPL_NOTSET, 0, "TEMPLATE is not set");
	if (str_is_empty(name) || strstr(name, "..") || name[0] == '/')
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "Bad parameter for --ostemplate: %s", name);
	r = find_exact(vz, name, ret);
	if (r == 0) {
		c = find_recipe(vz, name, true);
		if (!c.name) {
			c = find_recipe(vz, name, false);
			if (!c.name || !may_build)
				r = not_found(vz, name, c.name, err);
			else
				r = build(vz, c.name, err);
		}
		if (r == 0)
			r = find_exact(vz, c.name, ret);
		free(c.name);
	}
	if (r == -ENOMEM)
		return vz_fail(err, VZ_E_RESOURCE, r, "find OS template '%s'", name);
	if (r == 0)
		return vz_fail(err, VZ_E_OSTEMPLATE_NOT_FOUND, 0, "OS template '%s' was built but is not in the cache", name);
	return r < 0 ? -1 : 0;
}

/* ---- unpacking ---- */

/* The helper's exit code as ours. */
static enum vz_error unpack_code(int status)
{
	switch (script_exit_code(status)) {
	case VZ_E_NO_DISK_SPACE:
		return VZ_E_NO_DISK_SPACE;
	case VZ_E_INVALID_VALUE:
		return VZ_E_BAD_TMPL;
	default:
		return VZ_E_NEW_PRVT;
	}
}

/* "sha256 HEX" from the helper's output. NULL if it is not there. */
static char *digest_from_output(int fd)
{
	auto_free char *text = NULL;

	if (lseek(fd, 0, SEEK_SET) < 0 || fd_read_all(fd, OUTPUT_MAX, &text, NULL) < 0)
		return NULL;
	if (!str_has_prefix(text, "sha256 "))
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return is_digest(text + 7) ? strdup(text + 7) : NULL;
}

static int run_unpack(struct vz *vz, const struct vz_template *t, const char *dir, uint32_t base,
		      bool progress, char **ret_digest, struct vz_err *err)
{
	auto_free char *program = path_join(vz->paths.libexec_dir, "vz-unpack");
	auto_free char *base_text = str_printf("%u", base);
	auto_close int out = memfd_create("output", MFD_CLOEXEC);
	char *argv[16];
	size_t n = 0;
	struct script_run run = {
		.file = program, .argv = argv, .stdin_fd = -1, .stdout_fd = out, .cancelled = &vz->cancelled,
		/* The next create removes what it has unpacked: it must not go on with it. */
		.ends_with_us = true,
	};
	int status;

	if (!program || !base_text || out < 0)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "unpack '%s'", t->archive);
	argv[n++] = (char *)"vz-unpack";
	if (progress)
		argv[n++] = (char *)"--progress";
	if (t->sha256) {
		argv[n++] = (char *)"--expect-sha256";
		argv[n++] = t->sha256;
	}
	argv[n++] = (char *)"--uid";
	argv[n++] = base_text;
	argv[n++] = (char *)"--gid";
	argv[n++] = base_text;
	argv[n++] = (char *)"--count";
	argv[n++] = (char *)"65536";
	argv[n++] = t->archive;
	argv[n++] = (char *)dir;
	argv[n] = NULL;
	status = script_run(&run);
	if (status < 0)
		return vz_fail(err, VZ_E_NOSCRIPT, status, "run '%s'", program);
	if (status != 0)
		return vz_fail(err, unpack_code(status), unpack_code(status) == VZ_E_NO_DISK_SPACE ? -ENOSPC : 0,
			       "OS template '%s' cannot be unpacked into '%s'", t->archive, dir);
	*ret_digest = digest_from_output(out);
	if (!*ret_digest)
		return vz_fail(err, VZ_E_NEW_PRVT, 0, "'%s' gave no checksum", program);
	return 0;
}

int template_unpack(struct vz *vz, const struct vz_template *t, const char *dir, uint32_t base,
		    bool progress, struct vz_err *err)
{
	auto_free char *digest = NULL;

	return run_unpack(vz, t, dir, base, progress, &digest, err);
}

/* Whoever holds the lock of the layers directory may unpack; what others left half-done goes. */
static int open_layers_dir(struct vz *vz, const char *dir)
{
	auto_free char *base = vz_conf_path(vz, VZ_P_template);
	auto_closedir DIR *d = NULL;
	auto_close int lock = -1;
	struct dirent *e;
	int r;

	if (!base || !dir)
		return -ENOMEM;
	/* Files in it keep their setuid bits: nobody else on the host may get there. */
	r = path_make_dirs(base, 0700);
	if (r == 0)
		r = path_make_dirs(dir, 0755);
	if (r < 0)
		return r;
	lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return -errno;
	d = opendir(dir);
	while (d && (e = readdir(d)))
		if (str_has_prefix(e->d_name, "tmp."))
			(void)path_remove_tree(lock, e->d_name);
	return take_fd(&lock);
}

/* Unpack into tmp.PID, then give it its name. */
static int make_layer(struct vz *vz, const struct vz_template *t, const char *dir, bool progress,
		      char **ret, struct vz_err *err)
{
	auto_free char *tmp = str_printf("%s/tmp.%d", dir, (int)getpid());
	auto_free char *root = tmp ? str_printf("%s/root", tmp) : NULL;
	auto_free char *digest = NULL;
	auto_free char *name = NULL;
	auto_free char *final = NULL;
	uint32_t base;
	int r = root ? path_make_dirs(root, 0755) : -ENOMEM;

	if (r < 0) {
		if (tmp)
			(void)path_remove_tree(AT_FDCWD, tmp);
		return vz_fail(err, r == -ENOSPC ? VZ_E_NO_DISK_SPACE : VZ_E_CANT_CREATE_DIR, r, "make '%s'",
			       root ? root : dir);
	}
	if (ids_scratch(vz, &base, err) < 0 || run_unpack(vz, t, root, base, progress, &digest, err) < 0) {
		(void)path_remove_tree(AT_FDCWD, tmp);
		return -1;
	}
	name = str_printf("sha256-%s", digest);
	final = name ? str_printf("%s/%s", dir, name) : NULL;
	if (!final)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "layer of '%s'", t->name);
	/* Without a checksum beside the archive we learn only now that the layer is there already. */
	r = rename(tmp, final) < 0 ? -errno : path_flush_parent(final);
	if (r == -ENOTEMPTY || r == -EEXIST) {
		(void)path_remove_tree(AT_FDCWD, tmp);
		r = 0;
	}
	if (r < 0) {
		(void)path_remove_tree(AT_FDCWD, tmp);
		return vz_fail(err, VZ_E_NEW_PRVT, r, "rename '%s' to '%s'", tmp, final);
	}
	*ret = take_ptr(name);
	return 0;
}

int template_layer(struct vz *vz, const struct vz_template *t, bool progress, char **ret,
		   struct vz_err *err)
{
	auto_free char *name = t->sha256 ? str_printf("sha256-%s", t->sha256) : NULL;
	auto_free char *root = name ? layer_path(vz, name) : NULL;
	auto_free char *dir = template_dir(vz, "layers");
	auto_close int lock = -1;

	if (root && path_is_dir(root)) {
		*ret = take_ptr(name);
		return 0;
	}
	lock = open_layers_dir(vz, dir);
	if (lock < 0)
		return vz_fail(err, lock == -ENOSPC ? VZ_E_NO_DISK_SPACE : VZ_E_CANT_CREATE_DIR, lock,
			       "make the directory of layers '%s'", dir ? dir : "layers");
	/* Somebody else may have made it while we waited. */
	if (root && path_is_dir(root)) {
		*ret = take_ptr(name);
		return 0;
	}
	return make_layer(vz, t, dir, progress, ret, err);
}
