/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel tells about processes and mounts: the names in it are chosen by whoever runs inside.
 * Whatever name a process has, its state, parent and start time are read right, and no reader trips
 * over a file it did not expect.
 *
 * Input: in the first line the file it is: "comm" (a name, put into a stat file as the kernel does it),
 * or stat, status, cmdline, cgroup, mountinfo; then what is in it. It is bound over that of our own
 * process.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "fuzz/fuzz.h"
#include "host/caps.h"
#include "host/cgroup.h"
#include "host/mount.h"

#define STAT_AFTER_NAME \
	" S 4711 1 1 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 123456789 1 1 18446744073709551615 1 1 1 1 1 0 0 0 0\n"

static const char *const files[] = { "stat", "status", "cmdline", "comm", "cgroup", "mountinfo" };

void prepare(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_free char *over = str_printf("/proc/%d/%s", (int)getpid(), files[i]);
		auto_free char *path = path_join(FUZZ_DISK, files[i]);

		need(over && path);
		put_file(path, "", 0);
		need(mount(path, over, NULL, MS_BIND, NULL) == 0);
	}
}

static void check_name(struct input in)
{
	auto_str struct vz_str text = { 0 };
	struct proc_stat st;

	str_addf(&text, "%d (", (int)getpid());
	str_add_n(&text, in.text, in.len);
	str_add(&text, ")" STAT_AFTER_NAME);
	put_file(FUZZ_DISK "/stat", text.s, text.len);
	/* The kernel would not put a NUL into a name. */
	if (strlen(text.s) != text.len)
		return;
	promise(proc_stat_read(getpid(), &st) == 0);
	promise(st.state == 'S' && st.ppid == 4711 && st.start_time == 123456789);
}

static void check_stat(void)
{
	struct proc_stat st;
	int r = proc_stat_read(getpid(), &st);

	promise(r == 0 || r == -EBADMSG);
	(void)proc_is_alive(getpid(), 1);
}

static void check_status(void)
{
	uint64_t caps;
	pid_t pids[4];
	int r;

	r = proc_nspid(getpid(), pids, ARRAY_SIZE(pids));
	promise(r >= 0 || r == -ENODATA);
	r = caps_bounding_of(getpid(), &caps);
	promise(r == 0 || r == -EBADMSG);
}

static void check_cmdline(void)
{
	auto_free char *text = NULL;

	promise(proc_cmdline(getpid(), &text) == 0 && text);
}

static void check_cgroup(void)
{
	auto_free char *group = NULL;
	int r = cgroup_of(getpid(), &group);

	promise(r == 0 ? group && !strchr(group, '\n') : r == -ENODATA);
}

static void check_mounts(void)
{
	auto_free char *type = mount_fs_type(FUZZ_DISK);
	struct cgroups *cg = NULL;

	promise(!type || !strpbrk(type, " \n"));
	if (cgroups_open(&cg) == 0)
		cgroups_close(cg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const check[ARRAY_SIZE(files)])(void) = {
		check_stat, check_status, check_cmdline, check_cmdline, check_cgroup, check_mounts,
	};
	struct input in = input_of(data, size);
	auto_free char *what = take_line(&in);

	if (strcmp(what, "comm") == 0)
		check_name(in);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_free char *path = path_join(FUZZ_DISK, files[i]);

		if (strcmp(what, files[i]) != 0)
			continue;
		need(path);
		put_file(path, in.text, in.len);
		check[i]();
		put_file(path, "", 0);
	}
	return 0;
}
