/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sandbox of the fuzzers, and small helpers; see fuzz.h.
 *
 * Fuzzers run as root, and what they run is looked for bugs: an unpacker that follows a link is to
 * change a file of the tmpfs and not one of the host. Ids of the user namespace are ones that neither
 * the host nor a container uses, so permissions alone would do; that every mount but two is read-only
 * holds even where they would not.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "fuzz/fuzz.h"

/* Where libFuzzer may write: findings, and inputs worth keeping. Set by scripts/fuzz. */
#define WORK_DIR "FUZZ_DIR"
#define ID_MAP "0 4026531840 65536\n"
#define DISK_OPTIONS "size=8m,nr_inodes=8192,mode=755"

/* ---- the sandbox ---- */

static _Noreturn void give_up(const char *what)
{
	(void)fprintf(stderr, "fuzz: cannot make the sandbox: %s: %s\n", what, strerror(errno));
	_exit(1);
}

/* libFuzzer starts itself again to merge inputs: that one is in the sandbox already, and needs a disk only. */
static bool is_inside(void)
{
	auto_free char *map = NULL;
	unsigned int inner, outer = 0;

	return file_read_line(AT_FDCWD, "/proc/self/uid_map", &map) == 0 &&
	       sscanf(map, "%u %u", &inner, &outer) == 2 && outer != 0;
}

static int write_map(pid_t pid, const char *which)
{
	auto_free char *path = str_printf("/proc/%d/%s", (int)pid, which);

	return path ? file_write(AT_FDCWD, path, ID_MAP) : -ENOMEM;
}

/* Only a process outside may give a namespace ids that are not its own: a child, left behind there. */
static void become_nobody(void)
{
	pid_t self = getpid(), child;
	char go = 'g';
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0 || (child = fork()) < 0)
		give_up("fork");
	if (child == 0)
		_exit(read(p[0], &go, 1) != 1 || write_map(self, "uid_map") < 0 || write_map(self, "gid_map") < 0);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		give_up("unshare");
	if (write(p[1], &go, 1) != 1 || proc_wait(child) != 0)
		give_up("id map");
	(void)close(p[0]);
	(void)close(p[1]);
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		give_up("change ids");
	/* A change of ids took it away, and the leak detector could not look into us. */
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		give_up("dumpable");
}

static void protect_host(void)
{
	struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
	const char *dir = getenv(WORK_DIR);
	int tree;

	if (!dir)
		give_up("no " WORK_DIR " (use scripts/fuzz)");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		give_up("private mounts");
	tree = open_tree(AT_FDCWD, dir, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		give_up(dir);
	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &read_only, sizeof(read_only)) < 0)
		give_up("read-only mounts");
	if (move_mount(tree, "", AT_FDCWD, dir, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		give_up(dir);
	(void)close(tree);
}

static void mount_disk(void)
{
	if (mount("fuzz", FUZZ_DISK, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, DISK_OPTIONS) < 0)
		give_up(FUZZ_DISK);
}

/* scripts/fuzz silences descriptors 1 and 2: what is tested writes there. */
static int report_fd = STDERR_FILENO;

int LLVMFuzzerInitialize(int *argc VZ_UNUSED, char ***argv VZ_UNUSED)
{
	if (!is_inside()) {
		become_nobody();
		protect_host();
	} else if (unshare(CLONE_NEWNS) < 0) {
		give_up("unshare");
	}
	mount_disk();
	(void)umask(022);
	report_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	prepare();
	return 0;
}

/* ---- helpers ---- */

_Noreturn void fuzz_broken(const char *what, const char *file, int line)
{
	dprintf(report_fd, "%s:%d: broken: %s\n", file, line, what);
	abort();
}

char *take_line(struct input *in)
{
	const char *newline = in->len ? memchr(in->text, '\n', in->len) : NULL;
	size_t len = newline ? (size_t)(newline - in->text) : in->len;
	char *line = len ? strndup(in->text, len) : strdup("");

	need(line);
	len += newline != NULL;
	in->text += len;
	in->len -= len;
	return line;
}

char *take_rest(struct input *in)
{
	char *rest = in->len ? strndup(in->text, in->len) : strdup("");

	need(rest);
	in->len = 0;
	return rest;
}

void put_file(const char *path, const void *data, size_t len)
{
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	need(fd >= 0);
	need(fd_write_all(fd, data, len) == 0);
}

char *get_file(const char *path, size_t *ret_len)
{
	char *text = NULL;

	need(file_read(AT_FDCWD, path, 64 << 20, &text, ret_len) == 0);
	return text;
}

void empty_dir(const char *path)
{
	auto_closedir DIR *d = opendir(path);
	struct dirent *e;

	need(d);
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			need(path_remove_tree(dirfd(d), e->d_name) == 0);
}

static void look_at_message(void *data VZ_UNUSED, int level VZ_UNUSED, vz_ctid id VZ_UNUSED, const char *text)
{
	promise(text && strlen(text) < SIZE_MAX);
}

const struct vz_log fuzz_log = { .fn = look_at_message, .max_level = VZ_LOG_DEBUG };
