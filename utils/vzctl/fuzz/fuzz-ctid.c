/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words for containers: numbers, names, and the links names are made of. Whatever a word, a link and a
 * configuration say, looking it up changes nothing; a name that was accepted makes one link of that
 * name, leads to its container, and goes away again.
 *
 * Input: a word; the name of a link; where that leads; the rest is the configuration of container 101.
 */
#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/str.h"
#include "ct/ct.h"
#include "fuzz/fuzz.h"

#define NAMES_DIR FUZZ_DISK "/etc/vz/names"
#define CONF_DIR FUZZ_DISK "/etc/vz/conf"
#define CTID 101

static struct vz *vz;

void prepare(void)
{
	need(path_make_dirs(NAMES_DIR, 0755) == 0 && path_make_dirs(CONF_DIR, 0755) == 0);
	need(vz_new(&vz, FUZZ_DISK, NULL) == 0);
	vz_set_log(vz, &fuzz_log);
}

/* The names in a directory, which is to hold few. */
static size_t count_names(const char *dir, const char *name)
{
	auto_closedir DIR *d = opendir(dir);
	struct dirent *e;
	size_t n = 0;

	need(d);
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			n += !name || strcmp(e->d_name, name) == 0;
	return n;
}

/* True if there is one: not everything is the name of a file, or the target of a link. */
static bool make_link(const char *name, const char *target)
{
	auto_free char *path = path_join(NAMES_DIR, name);

	need(path);
	return *name && !strchr(name, '/') && symlink(target, path) == 0;
}

static void check_lookup(const char *word, bool has_link, const char *link)
{
	auto_err struct vz_err err = { 0 };
	vz_ctid id, number;
	int r = vz_ctid_find(vz, word, &id, &err);

	promise(r == 0 ? !err.code : err.code == VZ_E_INVALID_VALUE);
	promise(r < 0 || id <= VZ_CTID_MAX);
	if (parse_ctid(word, &number) == 0)
		promise(r == 0 && id == number);
	else
		promise(r < 0 || (has_link && strcmp(word, link) == 0));
}

static void store_name(const char *name)
{
	auto_conf_file struct conf_file *f = NULL;

	need(conf_file_new(CONF_DIR "/101.conf", &f) == 0);
	need(conf_file_set(f, "NAME", name) == 0);
	need(conf_file_save(f) == 0);
}

static void check_naming(const char *name, size_t links)
{
	auto_err struct vz_err err = { 0 };
	auto_free char *shown = NULL;
	size_t others = links - count_names(NAMES_DIR, name);
	struct vz_ct *ct;
	vz_ctid id;

	need(vz_ct_new(vz, CTID, &ct, &err) == 0);
	if (vz_ct_load(ct, false, &err) == 0 && name_check(ct, name, &err) == 0) {
		need(name_link(ct, name, &err) == 0);
		promise(count_names(NAMES_DIR, name) == 1 && count_names(NAMES_DIR, NULL) == others + 1);
		store_name(name);
		promise(vz_ctid_find(vz, name, &id, &err) == 0 && id == CTID);
		need(vz_ct_load(ct, false, &err) == 0);
		shown = vz_ct_name(ct);
		promise(str_equal(shown, name));
		name_unlink(ct, name);
		promise(count_names(NAMES_DIR, NULL) == others);
	}
	vz_ct_free(ct);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	auto_free char *word = take_line(&in), *link = take_line(&in), *target = take_line(&in);
	bool has_link = make_link(link, target);
	size_t links = count_names(NAMES_DIR, NULL);
	auto_free vz_ctid *ids = NULL;

	put_file(CONF_DIR "/101.conf", in.text, in.len);
	check_lookup(word, has_link, link);
	promise(vz_ctids(vz, &ids, NULL) == 1 && ids[0] == CTID);
	promise(count_names(NAMES_DIR, NULL) == links);
	check_naming(word, links);
	promise(count_names(CONF_DIR, NULL) == 1);
	empty_dir(NAMES_DIR);
	return 0;
}
