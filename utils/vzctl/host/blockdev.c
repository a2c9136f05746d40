/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Block devices behind a path; see blockdev.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/strv.h"
#include "host/blockdev.h"

#define SYS "/sys"
#define MOUNTINFO_MAX (64 << 20)

void blockdevs_done(struct blockdevs *b)
{
	free(b->dev);
	*b = (struct blockdevs){ 0 };
}

static int add_dev(struct blockdevs *b, dev_t dev)
{
	dev_t *bigger;

	for (size_t i = 0; i < b->n; i++)
		if (b->dev[i] == dev)
			return 0;
	bigger = realloc(b->dev, (b->n + 1) * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	bigger[b->n++] = dev;
	b->dev = bigger;
	return 0;
}

/* SYS/dev/block/8:1/NAME: what the kernel says of a device. NULL: out of memory. Caller frees. */
static char *attribute(const char *sys, dev_t dev, const char *name)
{
	return str_printf("%s/dev/block/%u:%u/%s", sys, major(dev), minor(dev), name);
}

/* "8:1" in a file. */
static int read_dev(const char *path, dev_t *ret)
{
	auto_free char *text = NULL;
	auto_strv char **parts = NULL;
	uint64_t numbers[2];
	int r = file_read_line(AT_FDCWD, path, &text);

	if (r == 0)
		r = strv_split(text, ":", &parts);
	if (r < 0)
		return r;
	if (strv_len(parts) != 2 || parse_u64_range(parts[0], 0, UINT32_MAX, &numbers[0]) < 0 ||
	    parse_u64_range(parts[1], 0, UINT32_MAX, &numbers[1]) < 0)
		return -EBADMSG;
	*ret = makedev((unsigned int)numbers[0], (unsigned int)numbers[1]);
	return 0;
}

int blockdev_whole(const char *sys, dev_t dev, dev_t *ret)
{
	auto_free char *partition = attribute(sys, dev, "partition");
	/* Of a partition, the directory above is that of its disk. */
	auto_free char *above = attribute(sys, dev, "../dev");

	if (!partition || !above)
		return -ENOMEM;
	if (path_exists(partition))
		return read_dev(above, ret);
	*ret = dev;
	return 0;
}

/* Call fn for SYS…/DIR/NAME/dev of every NAME. 0 also if there is no such directory. */
static int each_dev(const char *dir, int (*fn)(void *data, dev_t dev), void *data)
{
	auto_closedir DIR *d = opendir(dir);
	struct dirent *e;
	int r = 0;

	while (d && r == 0 && (e = readdir(d))) {
		auto_free char *path = e->d_name[0] == '.' ? NULL : str_printf("%s/%s/dev", dir, e->d_name);
		dev_t dev;

		if (path && read_dev(path, &dev) == 0)
			r = fn(data, dev);
	}
	return r;
}

/* ---- downwards: what a device is made of ---- */

struct descent {
	const char *sys;
	struct blockdevs *found;
	bool has_slaves;
};

static int descend_into_slave(void *data, dev_t dev)
{
	struct descent *d = data;

	d->has_slaves = true;
	return blockdevs_bottom(d->sys, dev, d->found);
}

/* The devices under the file of a loop device. -ENODEV: it is none, or the file is nowhere. */
static int descend_into_file(const char *sys, dev_t dev, struct blockdevs *b)
{
	auto_free char *attr = attribute(sys, dev, "loop/backing_file");
	auto_free char *file = NULL;
	auto_free char *type = NULL;
	struct blockdevs under = { 0 };
	int r;

	if (!attr)
		return -ENOMEM;
	if (file_read_line(AT_FDCWD, attr, &file) < 0)
		return -ENODEV;
	r = blockdevs_of(file, &under, &type);
	for (size_t i = 0; r == 0 && i < under.n; i++)
		r = blockdevs_bottom(sys, under.dev[i], b);
	blockdevs_done(&under);
	return r;
}

int blockdevs_bottom(const char *sys, dev_t dev, struct blockdevs *b)
{
	struct descent d = { .sys = sys, .found = b };
	auto_free char *slaves = NULL;
	dev_t whole;
	int r = blockdev_whole(sys, dev, &whole);

	if (r < 0)
		return r;
	slaves = attribute(sys, whole, "slaves");
	r = slaves ? each_dev(slaves, descend_into_slave, &d) : -ENOMEM;
	if (r < 0 || d.has_slaves)
		return r;
	r = descend_into_file(sys, whole, b);
	return r == 0 || r == -ENOMEM ? r : add_dev(b, whole);
}

bool blockdev_has_weights(const char *sys, dev_t dev, const char *costs)
{
	auto_free char *path = attribute(sys, dev, "queue/scheduler");
	auto_free char *schedulers = NULL;
	auto_free char *number = str_printf("%u:%u ", major(dev), minor(dev));
	auto_strv char **lines = NULL;

	if (path && file_read_line(AT_FDCWD, path, &schedulers) == 0 && strstr(schedulers, "[bfq]"))
		return true;
	if (!number || !costs || strv_split(costs, "\n", &lines) < 0)
		return false;
	for (size_t i = 0; lines && lines[i]; i++)
		if (str_has_prefix(lines[i], number) && strstr(lines[i], " enable=1"))
			return true;
	return false;
}

bool blockdevs_have_weights(const struct blockdevs *b, const char *costs)
{
	struct blockdevs bottom = { 0 };
	bool any = false;

	for (size_t i = 0; i < b->n; i++)
		(void)blockdevs_bottom(SYS, b->dev[i], &bottom);
	for (size_t i = 0; i < bottom.n; i++)
		any |= blockdev_has_weights(SYS, bottom.dev[i], costs);
	blockdevs_done(&bottom);
	return any;
}

/* ---- from a path ---- */

int blockdev_source(const char *mountinfo, unsigned long long mount, char **ret_source, char **ret_type)
{
	auto_free char *number = str_printf("%llu", mount);
	auto_strv char **lines = NULL;
	int r = number ? strv_split(mountinfo, "\n", &lines) : -ENOMEM;

	for (size_t i = 0; r == 0 && lines && lines[i]; i++) {
		auto_free char *id = NULL, *type = NULL, *source = NULL;
		const char *second = strstr(lines[i], " - ");

		if (!second || sscanf(lines[i], "%ms", &id) != 1 || strcmp(id, number) != 0)
			continue;
		if (sscanf(second + 3, "%ms %ms", &type, &source) != 2)
			return -EBADMSG;
		str_unescape_octal(source);
		*ret_source = take_ptr(source);
		*ret_type = take_ptr(type);
		return 0;
	}
	return r < 0 ? r : -ENOENT;
}

static int add_to(void *data, dev_t dev)
{
	return add_dev(data, dev);
}

/* All devices of the btrfs that dev is one of; they are the same to it. */
static int add_btrfs(struct blockdevs *b, dev_t dev)
{
	auto_closedir DIR *d = opendir(SYS "/fs/btrfs");
	struct dirent *e;
	int r = 0;

	while (d && r == 0 && (e = readdir(d))) {
		auto_free char *dir = e->d_name[0] == '.' ? NULL : str_printf(SYS "/fs/btrfs/%s/devices", e->d_name);
		struct blockdevs all = { 0 };

		if (dir)
			r = each_dev(dir, add_to, &all);
		for (size_t i = 0; i < all.n; i++) {
			if (all.dev[i] != dev)
				continue;
			for (size_t j = 0; r == 0 && j < all.n; j++)
				r = add_dev(b, all.dev[j]);
		}
		blockdevs_done(&all);
	}
	return r;
}

/* Of a file system with a number of its own (btrfs), or without any device. */
static int add_by_mount(const char *path, struct blockdevs *b, char **ret_type)
{
	auto_free char *text = NULL;
	auto_free char *source = NULL;
	struct statx stx;
	struct stat st;
	int r;

	if (statx(AT_FDCWD, path, 0, STATX_MNT_ID, &stx) < 0)
		return -errno;
	r = file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL);
	if (r == 0)
		r = blockdev_source(text, stx.stx_mnt_id, &source, ret_type);
	if (r < 0)
		return r;
	if (stat(source, &st) < 0 || !S_ISBLK(st.st_mode))
		return -ENODEV;
	r = add_dev(b, st.st_rdev);
	return r == 0 && strcmp(*ret_type, "btrfs") == 0 ? add_btrfs(b, st.st_rdev) : r;
}

int blockdevs_of(const char *path, struct blockdevs *ret, char **ret_type)
{
	struct blockdevs found = { 0 }, whole = { 0 };
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return -errno;
	/* Major 0 is for file systems that are on no single device. */
	r = major(st.st_dev) ? add_dev(&found, st.st_dev) : add_by_mount(path, &found, ret_type);
	for (size_t i = 0; r == 0 && i < found.n; i++) {
		dev_t dev;

		r = blockdev_whole(SYS, found.dev[i], &dev);
		if (r == 0)
			r = add_dev(&whole, dev);
	}
	blockdevs_done(&found);
	if (r < 0) {
		blockdevs_done(&whole);
		return r;
	}
	*ret = whole;
	return 0;
}
