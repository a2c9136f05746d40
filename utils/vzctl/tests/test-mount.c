/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Id maps, overlays and mount points on the running kernel, in a mount namespace of the test and a
 * directory below /var/tmp.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "host/mount.h"

#define BASE 1950000000u
#define COUNT 65536u

static bool usable;

static int make_ns(void **state VZ_UNUSED)
{
	usable = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
		 mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return 0;
}

struct ground {
	char dir[40];
	char *lower[3];		/* strv: two layers */
	char *top, *point;
};

static char *make_dir(const struct ground *g, const char *name)
{
	char *path = path_join(g->dir, name);

	assert_non_null(path);
	assert_int_equal(path_make_dirs(path, 0755), 0);
	return path;
}

static void make_file(const char *dir, const char *name, uid_t owner)
{
	auto_free char *path = path_join(dir, name);

	assert_int_equal(file_replace_volatile(path, 0644, name, strlen(name)), 0);
	assert_int_equal(chown(path, owner, owner), 0);
}

static int setup(void **state)
{
	struct ground *g = calloc(1, sizeof(*g));

	if (!g)
		return -1;
	*state = g;
	strcpy(g->dir, "/var/tmp/test-mount-XXXXXX");
	if (!mkdtemp(g->dir))
		return -1;
	g->lower[0] = make_dir(g, "layer0");
	g->lower[1] = make_dir(g, "layer1");
	g->top = make_dir(g, "top");
	g->point = make_dir(g, "point");
	free(make_dir(g, "top/upper"));
	free(make_dir(g, "top/work"));
	return 0;
}

static int teardown(void **state)
{
	struct ground *g = *state;
	int r = usable ? mount_remove(g->dir) : 0;

	if (r == 0)
		r = path_remove_tree(AT_FDCWD, g->dir);
	free(g->lower[0]);
	free(g->lower[1]);
	free(g->top);
	free(g->point);
	free(g);
	return r;
}

static struct ground *require_root(void **state)
{
	if (!usable)
		skip();
	return *state;
}

static uid_t owner_at(int dir, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_uid;
}

static uid_t owner_on_disk(const char *dir, const char *name)
{
	auto_close int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return owner_at(fd, name);
}

/* A new file in dir, made with the effective ids of user. */
static void make_as(int dir, const char *name, uid_t user)
{
	int fd, saved;

	assert_int_equal(setegid(user), 0);
	assert_int_equal(seteuid(user), 0);
	fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
	saved = errno;
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(0), 0);
	errno = saved;
	assert_true(fd >= 0);
	(void)close(fd);
}

static int map(bool host_root)
{
	int fd = idmap_open(BASE, COUNT, host_root);

	assert_true(fd >= 0);
	return fd;
}

/* Is anything mounted at or below path, in our namespace? */
static bool is_mounted_below(const char *path)
{
	auto_free char *text = NULL;

	assert_int_equal(file_read(AT_FDCWD, "/proc/self/mountinfo", 1 << 24, &text, NULL), 0);
	return strstr(text, path) != NULL;
}

/* ---- id maps ---- */

static void disk_ids_are_those_of_the_container(void **state)
{
	struct ground *g = require_root(state);
	auto_close int idmap = map(true);
	auto_close int fd = -1;

	make_file(g->top, "five", 5);
	make_file(g->top, "beyond", COUNT + 7);
	assert_int_equal(chown(g->top, 0, 0), 0);
	fd = mount_idmapped(g->top, idmap);
	assert_true(fd >= 0);
	assert_int_equal(owner_at(fd, "five"), BASE + 5);
	assert_int_equal(owner_at(fd, "beyond"), 65534);	/* nobody */
	make_as(fd, "roots", BASE);
	assert_int_equal(owner_on_disk(g->top, "roots"), 0);
	/* The host's root has an image of its own: it is not the container's. */
	make_as(fd, "hosts", 0);
	assert_int_equal(owner_on_disk(g->top, "hosts"), COUNT);
	assert_false(is_mounted_below(g->dir));
}

static void id_map_leaves_no_process(void **state)
{
	(void)require_root(state);
	for (int i = 0; i < 3; i++) {
		auto_close int idmap = map(i % 2);

		assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
		assert_int_equal(errno, ECHILD);
	}
	assert_true(idmap_open(UINT32_MAX - 5, COUNT, false) < 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
}

static void file_system_without_id_maps_says_so(void **state)
{
	(void)require_root(state);
	auto_close int idmap = map(true);

	assert_int_equal(mount_idmapped("/proc/sys", idmap), -EOPNOTSUPP);
}

/* ---- overlays ---- */

static void check_overlay(struct ground *g, bool host_root, bool attach)
{
	auto_close int idmap = map(host_root);
	struct overlay o = { .lower = g->lower, .top = g->top, .idmap = idmap, .root = BASE, .attach = attach };
	auto_free char *upper = path_join(g->top, "upper");
	auto_close int fd = -1;
	struct statvfs st;
	char text[16] = "";
	int file;

	make_file(g->lower[0], "both", 1);
	make_file(g->lower[1], "both", 2);
	make_file(g->lower[0], "bottom", 3);
	fd = mount_overlay(&o);
	assert_true(fd >= 0);
	assert_int_equal(fstatvfs(fd, &st), 0);
	assert_false(st.f_flag & ST_RDONLY);
	/* The later layer is on top. */
	assert_int_equal(owner_at(fd, "both"), BASE + 2);
	assert_int_equal(owner_at(fd, "bottom"), BASE + 3);
	make_as(fd, "new", BASE);
	assert_int_equal(owner_on_disk(upper, "new"), 0);
	/* Changing a file of a layer copies it up, with its owner, and leaves the layer alone. */
	file = openat(fd, "bottom", O_RDWR | O_APPEND | O_CLOEXEC);
	assert_true(file >= 0);
	assert_int_equal(write(file, "!", 1), 1);
	assert_int_equal(pread(file, text, sizeof(text) - 1, 0), 7);
	(void)close(file);
	assert_string_equal(text, "bottom!");
	assert_int_equal(owner_on_disk(upper, "bottom"), 3);
	assert_int_equal(owner_on_disk(g->lower[0], "bottom"), 3);
	assert_int_equal(unlinkat(fd, "both", 0), 0);
	assert_int_equal(faccessat(fd, "both", F_OK, 0), -1);
	assert_int_equal(owner_on_disk(g->lower[1], "both"), 2);
	/* Whatever was attached meanwhile was not attached here. */
	assert_false(is_mounted_below(g->dir));
}

static void overlay_of_detached_layers(void **state)
{
	check_overlay(require_root(state), true, false);
}

static void overlay_the_way_of_older_kernels(void **state)
{
	check_overlay(require_root(state), true, true);
}

/* Without an image of its own the host's root cannot make the work directory: the child does. */
static void overlay_falls_back_when_root_has_no_image(void **state)
{
	check_overlay(require_root(state), false, false);
}

static void overlay_on_a_read_only_area_is_refused(void **state)
{
	struct ground *g = require_root(state);
	auto_close int idmap = map(true);
	struct overlay o = { .lower = g->lower, .top = g->top, .idmap = idmap, .root = BASE };

	assert_int_equal(mount(g->top, g->top, NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount(NULL, g->top, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_int_equal(mount_overlay(&o), -EROFS);
	assert_int_equal(umount(g->top), 0);
}

static void overlay_without_a_layer_fails(void **state)
{
	struct ground *g = require_root(state);
	auto_close int idmap = map(true);
	struct overlay o = { .lower = g->lower, .top = g->top, .idmap = idmap, .root = BASE };

	assert_int_equal(rmdir(g->lower[1]), 0);
	assert_int_equal(mount_overlay(&o), -ENOENT);
	o.attach = true;
	assert_int_equal(mount_overlay(&o), -ENOENT);
	assert_false(is_mounted_below(g->dir));
}

/* ---- attaching and removing ---- */

static unsigned long flags_of(int fd)
{
	struct statvfs st;

	assert_int_equal(fstatvfs(fd, &st), 0);
	return st.f_flag & (ST_NOSUID | ST_NODEV);
}

static void host_sees_neither_setuid_nor_devices(void **state)
{
	struct ground *g = require_root(state);
	auto_close int idmap = map(true);
	auto_close int fd = mount_idmapped(g->top, idmap);
	auto_close int clone = -1;
	auto_close int point = -1;

	assert_true(fd >= 0);
	assert_int_equal(mount_is_point(g->point), 0);
	assert_int_equal(mount_attach(fd, g->point, true), 0);
	assert_int_equal(mount_is_point(g->point), 1);
	point = open(g->point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flags_of(point), ST_NOSUID | ST_NODEV);
	/* Its copy for the container has both. */
	clone = mount_clone_root(g->point);
	assert_true(clone >= 0);
	assert_int_equal(flags_of(clone), 0);
	assert_int_equal(flags_of(point), ST_NOSUID | ST_NODEV);
}

static void everything_below_goes_last_first(void **state)
{
	struct ground *g = require_root(state);
	auto_free char *inner = path_join(g->point, "a b\\c");
	auto_free char *deeper = path_join(inner, "deeper");

	assert_int_equal(mount("test", g->point, "tmpfs", 0, NULL), 0);
	assert_int_equal(mkdir(inner, 0755), 0);
	assert_int_equal(mount("test", inner, "tmpfs", 0, NULL), 0);
	assert_int_equal(mkdir(deeper, 0755), 0);
	assert_int_equal(mount("test", deeper, "tmpfs", 0, NULL), 0);
	assert_int_equal(mount("test", deeper, "tmpfs", 0, NULL), 0);	/* twice on one place */
	assert_int_equal(mount_remove(g->point), 0);
	assert_false(is_mounted_below(g->dir));
	assert_int_equal(mount_is_point(g->point), 0);
}

static void mount_in_use_is_busy(void **state)
{
	struct ground *g = require_root(state);
	int fd;

	assert_int_equal(mount("test", g->point, "tmpfs", 0, NULL), 0);
	fd = open(g->point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(mount_remove(g->point), -EBUSY);
	assert_int_equal(mount_is_point(g->point), 1);
	(void)close(fd);
	assert_int_equal(mount_remove(g->point), 0);
}

static void neighbour_with_a_longer_name_stays(void **state)
{
	struct ground *g = require_root(state);
	auto_free char *other = make_dir(g, "point2");

	assert_int_equal(mount("test", g->point, "tmpfs", 0, NULL), 0);
	assert_int_equal(mount("test", other, "tmpfs", 0, NULL), 0);
	assert_int_equal(mount_remove(g->point), 0);
	assert_int_equal(mount_is_point(other), 1);
}

static void nothing_mounted_is_no_failure(void **state)
{
	struct ground *g = require_root(state);
	auto_free char *missing = path_join(g->dir, "missing");
	auto_free char *type = NULL;

	assert_int_equal(mount_remove(g->point), 0);
	assert_int_equal(mount_remove(missing), 0);
	assert_int_equal(mount_is_point(missing), 0);
	type = mount_fs_type("/proc/self");
	assert_string_equal(type, "proc");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(disk_ids_are_those_of_the_container),
		TEST(id_map_leaves_no_process),
		TEST(file_system_without_id_maps_says_so),
		TEST(overlay_of_detached_layers),
		TEST(overlay_the_way_of_older_kernels),
		TEST(overlay_falls_back_when_root_has_no_image),
		TEST(overlay_on_a_read_only_area_is_refused),
		TEST(overlay_without_a_layer_fails),
		TEST(host_sees_neither_setuid_nor_devices),
		TEST(everything_below_goes_last_first),
		TEST(mount_in_use_is_busy),
		TEST(neighbour_with_a_longer_name_stays),
		TEST(nothing_mounted_is_no_failure),
	};

	return cmocka_run_group_tests(tests, make_ns, NULL);
}
