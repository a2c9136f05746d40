/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Block devices behind a path: in a /sys made for the test, in texts as the kernel writes them. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "host/blockdev.h"

static char sys[] = "/tmp/test-blockdev.XXXXXX";

/* SYS/PATH with a line in it, directories made as needed. */
static void put(const char *path, const char *text)
{
	auto_free char *full = path_join(sys, path);
	auto_free char *dir = strdup(full);

	*strrchr(dir, '/') = '\0';
	assert_int_equal(path_make_dirs(dir, 0755), 0);
	assert_int_equal(file_replace_volatile(full, 0644, text, strlen(text)), 0);
}

static void link_device(const char *number, const char *target)
{
	auto_free char *path = str_printf("%s/dev/block/%s", sys, number);

	assert_int_equal(symlink(target, path), 0);
}

static void put_device(const char *number, const char *place)
{
	auto_free char *file = str_printf("%s/dev", place);
	auto_free char *target = str_printf("../../%s", place);
	auto_free char *line = str_printf("%s\n", number);

	put(file, line);
	link_device(number, target);
}

/*
 * sda (8:0, bfq) with sda1, sda2; sdb (8:16, none); nvme (259:0, mq-deadline); dm 253:0 on sda2 and sdb;
 * dm 253:1 on 253:0; loop 7:0 unused
 */
static int make_sys(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(sys));
	put("dev/block/.here", "");
	put_device("8:0", "devices/sda");
	put("devices/sda/queue/scheduler", "none mq-deadline [bfq]\n");
	put_device("8:1", "devices/sda/sda1");
	put("devices/sda/sda1/partition", "1\n");
	put_device("8:2", "devices/sda/sda2");
	put("devices/sda/sda2/partition", "2\n");
	put_device("8:16", "devices/sdb");
	put("devices/sdb/queue/scheduler", "[none] mq-deadline bfq\n");
	put_device("259:0", "devices/nvme0n1");
	put("devices/nvme0n1/queue/scheduler", "[mq-deadline] none\n");
	put_device("253:0", "devices/virtual/dm-0");
	put("devices/virtual/dm-0/slaves/sda2/dev", "8:2\n");
	put("devices/virtual/dm-0/slaves/sdb/dev", "8:16\n");
	put_device("253:1", "devices/virtual/dm-1");
	put("devices/virtual/dm-1/slaves/dm-0/dev", "253:0\n");
	put_device("7:0", "devices/virtual/loop0");
	put("devices/virtual/loop0/queue/scheduler", "[none]\n");
	return 0;
}

static int remove_sys(void **state)
{
	(void)state;
	return path_remove_tree(AT_FDCWD, sys);
}

static void check_whole(dev_t dev, dev_t expect)
{
	dev_t got;

	assert_int_equal(blockdev_whole(sys, dev, &got), 0);
	assert_int_equal(got, expect);
}

static void a_partition_stands_for_its_disk(void **state)
{
	(void)state;
	check_whole(makedev(8, 1), makedev(8, 0));
	check_whole(makedev(8, 2), makedev(8, 0));
	check_whole(makedev(8, 16), makedev(8, 16));
	check_whole(makedev(253, 1), makedev(253, 1));
	/* One the kernel says nothing of. */
	check_whole(makedev(99, 1), makedev(99, 1));
}

static void the_bottom_is_below_all_layers(void **state)
{
	struct blockdevs b = { 0 };

	(void)state;
	assert_int_equal(blockdevs_bottom(sys, makedev(253, 1), &b), 0);
	assert_int_equal(b.n, 2);
	assert_true((b.dev[0] == makedev(8, 0) && b.dev[1] == makedev(8, 16)) ||
		    (b.dev[1] == makedev(8, 0) && b.dev[0] == makedev(8, 16)));
	blockdevs_done(&b);
	assert_int_equal(blockdevs_bottom(sys, makedev(8, 1), &b), 0);
	assert_int_equal(blockdevs_bottom(sys, makedev(8, 2), &b), 0);
	assert_int_equal(b.n, 1);
	assert_int_equal(b.dev[0], makedev(8, 0));
	blockdevs_done(&b);
	assert_int_equal(blockdevs_bottom(sys, makedev(7, 0), &b), 0);
	assert_int_equal(b.n, 1);
	assert_int_equal(b.dev[0], makedev(7, 0));
	blockdevs_done(&b);
}

static void weights_need_bfq_or_costs(void **state)
{
	static const char costs[] = "259:0 enable=1 ctrl=auto\n8:16 enable=0 ctrl=auto\n";

	(void)state;
	assert_true(blockdev_has_weights(sys, makedev(8, 0), NULL));
	assert_false(blockdev_has_weights(sys, makedev(8, 16), NULL));
	assert_false(blockdev_has_weights(sys, makedev(8, 16), costs));
	assert_false(blockdev_has_weights(sys, makedev(259, 0), NULL));
	assert_true(blockdev_has_weights(sys, makedev(259, 0), costs));
	assert_false(blockdev_has_weights(sys, makedev(59, 0), costs));
}

static void a_mount_has_a_source_and_a_type(void **state)
{
	static const char table[] =
		"22 27 0:21 / /proc rw,relatime - proc proc rw\n"
		"27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard\n"
		"40 27 0:50 /sub /data rw - btrfs /dev/my\\040disk rw,subvol=/sub\n"
		"4 27 0:51 / /t rw - tmpfs none rw\n";
	char *source, *type;

	(void)state;
	assert_int_equal(blockdev_source(table, 40, &source, &type), 0);
	assert_string_equal(source, "/dev/my disk");
	assert_string_equal(type, "btrfs");
	free(source);
	free(type);
	assert_int_equal(blockdev_source(table, 4, &source, &type), 0);
	assert_string_equal(source, "none");
	assert_string_equal(type, "tmpfs");
	free(source);
	free(type);
	assert_int_equal(blockdev_source(table, 2, &source, &type), -ENOENT);
	assert_int_equal(blockdev_source("", 2, &source, &type), -ENOENT);
}

static void what_is_on_no_device_says_of_which_type_it_is(void **state)
{
	struct blockdevs b = { 0 };
	char *type = NULL;

	(void)state;
	assert_int_equal(blockdevs_of("/proc", &b, &type), -ENODEV);
	assert_string_equal(type, "proc");
	assert_int_equal(b.n, 0);
	free(type);
	type = NULL;
	assert_int_equal(blockdevs_of("/nonexistent", &b, &type), -ENOENT);
	assert_null(type);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_partition_stands_for_its_disk),
		cmocka_unit_test(the_bottom_is_below_all_layers),
		cmocka_unit_test(weights_need_bfq_or_costs),
		cmocka_unit_test(a_mount_has_a_source_and_a_type),
		cmocka_unit_test(what_is_on_no_device_says_of_which_type_it_is),
	};

	return cmocka_run_group_tests(tests, make_sys, remove_sys);
}
