/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vz-unpack: put the tree of a template archive into a directory, without trusting the archive.
 *
 *	vz-unpack [--progress] [--expect-sha256 HEX] --uid BASE --gid BASE --count N TARBALL TARGETDIR
 *
 * Two processes. The outer one is root on the host: it reads the archive file, hashes it in the same
 * pass and feeds it into a pipe; it never looks at what the bytes mean. The inner one has libarchive
 * and the meaning, and nothing else: a user namespace of its own (0…N-1 inside is BASE… outside), new
 * mount, pid, net, ipc, uts and cgroup namespaces, the target as its root, six capabilities over that
 * root, a pipe with the archive and a pipe for its last words. An archive that takes libarchive over
 * has gained a container without a network.
 *
 * Ids land on disk unshifted (root's files belong to 0), as everywhere in our storage: the root of the
 * inner process is a clone of the target's mount, idmapped with the very user namespace it lives in.
 *
 * File capabilities need nothing special on such a mount. A capability without an owner (v2), set from
 * inside a user namespace, becomes one with the id of that namespace's root (v3); the mount maps that
 * id like any other, so what reaches the disk is "root id 0". Read back through a mount idmapped for
 * another container, 0 becomes the root of that container and the capability holds there. On the host
 * it would hold too, which is why the areas are 0700 and VE_ROOT is nosuid.
 *
 * On success the only line on standard output is "sha256 HEX". Exit codes: 0, 1 the archive is not the
 * expected one, 20 usage, 21 the archive was refused, 46 no space, 48 anything else; one line on
 * standard error says what happened. What was unpacked before a failure stays for the caller to remove.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <locale.h>
#include <nettle/sha2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/proc.h"
#include "base/str.h"
#include "helpers/unpack.h"

/* Not in errors.def: 1 is this program's own word for "another archive than the expected one". */
#define E_CHECKSUM ((enum vz_error)1)
/* Ids an archive may use. Above is nothing a container's map has for certain. */
#define ID_LIMIT 65536u
#define CHUNK_SIZE (256 << 10)

struct options {
	bool progress;
	const char *expect;	/* 64 hex digits, or NULL */
	uint64_t uid, gid, count;
	const char *archive, *target;
};

/* ---- inside: the sandbox ---- */

/* Make the detached mount the root and lose sight of everything else. */
static int enter_root(int mount_fd)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	/* Stacked on the root: needs no path that the archive's owner could reach, and no mount point. */
	if (move_mount(mount_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	if (fchdir(mount_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return -errno;
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}

/* Of root's powers those that unpacking needs, and no way to more. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	uint32_t keep = 1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER | 1u << CAP_FSETID |
			1u << CAP_SETFCAP | 1u << CAP_DAC_READ_SEARCH;
	struct __user_cap_data_struct caps[2] = { { .effective = keep, .permitted = keep } };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_capset, &head, caps) < 0 ? -errno : 0;
}

/*
 * Become root of the user namespace as soon as the outer process has filled its map and sent the
 * mount. input and messages become descriptors 0 and 2; nothing else stays open.
 */
static int enter_sandbox(int sock, int input, int messages)
{
	auto_close int mount_fd = -1;
	char tag;
	int r;

	r = fd_receive(sock, &tag, &mount_fd);
	if (r < 0)
		return r;
	if (mount_fd < 0)
		return -EPROTO;
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return -errno;
	/* Only now: a change of ids clears it. An outer process that died before is found by send(). */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	if (send(sock, "R", 1, MSG_NOSIGNAL) != 1)
		return -EPIPE;
	/* No controlling terminal that something could be typed into. */
	if (setsid() < 0)
		return -errno;
	r = enter_root(mount_fd);
	if (r < 0)
		return r;
	if (dup2(input, STDIN_FILENO) < 0 || dup2(messages, STDERR_FILENO) < 0 ||
	    dup2(messages, STDOUT_FILENO) < 0)
		return -errno;
	mount_fd = -1;	/* closed with all the others */
	if (close_range(3, ~0u, 0) < 0)
		return -errno;
	umask(022);
	return drop_capabilities();
}

static _Noreturn void run_inside(int sock, int input, int messages, uint64_t limit)
{
	struct vz_err err = { 0 };
	int r = enter_sandbox(sock, input, messages);

	if (r < 0)
		vz_fail(&err, VZ_E_NEW_PRVT, r, "cannot set up the sandbox for unpacking");
	else
		(void)unpack(STDIN_FILENO, limit, &err);
	if (vz_err_is_set(&err)) {
		dprintf(r < 0 ? messages : STDERR_FILENO, "%s\n", err.msg ? err.msg : "out of memory");
	} else {
		/* What follows the end of the archive belongs to the file, and so to its checksum. */
		char rest[4096];

		while (read(STDIN_FILENO, rest, sizeof(rest)) > 0)
			;
	}
	_exit(err.code);
}

/* ---- outside: the sandbox ---- */

/* The type of the file system fd is on, for messages. The caller frees it; NULL if it cannot be told. */
static char *filesystem_type(int fd)
{
	auto_free char *path = str_printf("/proc/self/fdinfo/%d", fd);
	auto_free char *info = NULL, *table = NULL;
	const char *p;
	char *save = NULL;
	int id, line_id;

	if (!path || file_read(AT_FDCWD, path, 4096, &info, NULL) < 0 ||
	    file_read(AT_FDCWD, "/proc/self/mountinfo", 16 << 20, &table, NULL) < 0)
		return NULL;
	p = strstr(info, "mnt_id:");
	if (!p || sscanf(p, "mnt_id: %d", &id) != 1)
		return NULL;
	for (char *line = strtok_r(table, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *type = strstr(line, " - ");

		if (!type || sscanf(line, "%d", &line_id) != 1 || line_id != id)
			continue;
		type += 3;
		return strndup(type, strcspn(type, " "));
	}
	return NULL;
}

static int write_map(int proc, const char *file, uint64_t base, uint64_t count)
{
	auto_free char *text = str_printf("0 %llu %llu\n", (unsigned long long)base, (unsigned long long)count);

	return text ? file_write(proc, file, text) : -ENOMEM;
}

/*
 * A detached clone of the target's mount, idmapped with the user namespace of the inner process. It
 * needs no second extent for the host's root: nobody but the inner process will ever write through it.
 */
static int clone_target(int target, int userns, const char *name, int *ret_fd, struct vz_err *err)
{
	auto_close int fd = open_tree(target, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
		/* On hosts whose root is shared it would be too, and nothing can pivot into that. */
		.propagation = MS_PRIVATE,
		.userns_fd = (uint64_t)userns,
	};

	if (fd < 0)
		return vz_fail(err, VZ_E_NEW_PRVT, -errno, "cannot clone the mount of '%s'", name);
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0) {
		int r = -errno;
		auto_free char *type = filesystem_type(target);

		if (r == -EINVAL || r == -EOPNOTSUPP)
			return vz_fail(err, VZ_E_NEW_PRVT, 0,
				       "'%s' is on %s, which cannot map user ids on this kernel; "
				       "use ext4, xfs or btrfs there, or the layout ploop", name,
				       type ? type : "a file system");
		return vz_fail(err, VZ_E_NEW_PRVT, r, "cannot map user ids on '%s' (%s)", name,
			       type ? type : "unknown file system");
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

/* Fill the map of the new user namespace, make the mount with it, let the inner process go on. */
static int release_inside(const struct options *opt, pid_t pid, int target, int sock, struct vz_err *err)
{
	auto_free char *path = str_printf("/proc/%d", (int)pid);
	auto_close int proc = -1, userns = -1, mount_fd = -1;
	/* More than an archive may use need not be there. */
	uint64_t count = VZ_MIN(opt->count, (uint64_t)ID_LIMIT);
	char ready;
	int r;

	if (!path)
		return vz_fail(err, VZ_E_NEW_PRVT, -ENOMEM, "cannot set up the sandbox");
	proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return vz_fail(err, VZ_E_NEW_PRVT, -errno, "cannot open '%s'", path);
	userns = openat(proc, "ns/user", O_RDONLY | O_CLOEXEC);
	if (userns < 0)
		return vz_fail(err, VZ_E_NEW_PRVT, -errno, "cannot open '%s/ns/user'", path);
	r = write_map(proc, "uid_map", opt->uid, count);
	if (r == 0)
		r = write_map(proc, "gid_map", opt->gid, count);
	if (r < 0)
		return vz_fail(err, VZ_E_NEW_PRVT, r, "cannot map ids %llu and up",
			       (unsigned long long)VZ_MIN(opt->uid, opt->gid));
	if (clone_target(target, userns, opt->target, &mount_fd, err) < 0)
		return -1;
	r = fd_send(sock, 'M', mount_fd);
	/* An inner process that fails here has said why: the end of the stream is no error of ours. */
	if (r == 0 && recv(sock, &ready, 1, 0) < 0)
		r = -errno;
	return r < 0 ? vz_fail(err, VZ_E_NEW_PRVT, r, "cannot talk to the sandbox") : 0;
}

/* ---- outside: feeding the archive ---- */

struct progress {
	bool on;
	uint64_t total, done;
	int percent;		/* as last drawn */
};

static void progress_draw(struct progress *p)
{
	static const char bar[] = "========================================";
	int percent = (int)(p->done * 100 / p->total);
	int width = percent * ((int)sizeof(bar) - 1) / 100;

	if (percent == p->percent || percent > 100)
		return;
	p->percent = percent;
	fprintf(stderr, "\rUnpacking [%-*.*s] %3d%%", (int)sizeof(bar) - 1, width, bar, percent);
}

static void progress_clear(struct progress *p)
{
	if (p->on && p->percent >= 0)
		fputs("\r\033[K", stderr);
}

/*
 * Read the file to its end into the hash, and into the pipe for as long as somebody reads there: an
 * inner process that gave up may have done so because this is not the archive that was expected.
 */
static int feed(int from, int to, struct sha256_ctx *hash, struct progress *p)
{
	auto_free uint8_t *buf = malloc(CHUNK_SIZE);
	auto_close int pipe_fd = to;

	if (!buf)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(from, buf, CHUNK_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		sha256_update(hash, (size_t)n, buf);
		if (pipe_fd >= 0 && fd_write_all(pipe_fd, buf, (size_t)n) < 0)
			cleanup_close(&pipe_fd);
		p->done += (uint64_t)n;
		if (p->on)
			progress_draw(p);
	}
}

/* The last words of the inner process: a line each, made fit for a terminal. */
static void relay_messages(int fd)
{
	char buf[4096];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(buf) - 1 && (n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = '\0';
	for (char *line = buf, *end; *line; line = end) {
		size_t size = strcspn(line, "\n");

		end = line + size + (line[size] == '\n');
		line[size] = '\0';
		for (char *c = line; *c; c++)
			if ((unsigned char)*c < ' ' || *c == 0x7f)
				*c = '?';
		fprintf(stderr, "vz-unpack: %s\n", line);
	}
}

/* ---- outside: the whole ---- */

struct job {
	int archive, target;
	int sock[2];		/* ours, the inner one's */
	int input[2];		/* the archive: read end, write end */
	int messages[2];
	pid_t pid;		/* 0: not started or reaped */
};

static void job_done(struct job *j)
{
	int *fds[] = { &j->archive, &j->target, &j->sock[0], &j->sock[1], &j->input[0], &j->input[1],
		       &j->messages[0], &j->messages[1] };

	if (j->pid > 0) {
		(void)kill(j->pid, SIGKILL);
		(void)proc_wait(j->pid);
		j->pid = 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		cleanup_close(fds[i]);
}

static int job_open(struct job *j, const struct options *opt, struct progress *p, struct vz_err *err)
{
	struct stat st;

	j->archive = open(opt->archive, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (j->archive < 0 || fstat(j->archive, &st) < 0)
		return vz_fail(err, VZ_E_NEW_PRVT, -errno, "cannot open the archive '%s'", opt->archive);
	if (S_ISDIR(st.st_mode))
		return vz_fail(err, VZ_E_NEW_PRVT, -EISDIR, "cannot read the archive '%s'", opt->archive);
	p->total = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	p->on = opt->progress && p->total && isatty(STDERR_FILENO);

	j->target = open(opt->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (j->target < 0)
		return vz_fail(err, VZ_E_NEW_PRVT, -errno, "cannot open the directory '%s'", opt->target);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, j->sock) < 0 ||
	    pipe2(j->input, O_CLOEXEC) < 0 || pipe2(j->messages, O_CLOEXEC) < 0)
		return vz_fail(err, VZ_E_NEW_PRVT, -errno, "cannot make pipes");
	/* Fewer switches between the two; the default is fine where it is not allowed. */
	(void)fcntl(j->input[1], F_SETPIPE_SZ, 1 << 20);
	return 0;
}

static int job_start(struct job *j, const struct options *opt, struct vz_err *err)
{
	struct clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
			 CLONE_NEWUTS | CLONE_NEWCGROUP,
		.exit_signal = SIGCHLD,
	};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid < 0)
		return vz_fail(err, VZ_E_NEW_PRVT, -errno,
			       "cannot make a user namespace (see sysctl user.max_user_namespaces)");
	if (pid == 0) {
		/* The outer ends must not be kept open here: their end is how we learn of its death. */
		cleanup_close(&j->sock[0]);
		cleanup_close(&j->input[1]);
		cleanup_close(&j->messages[0]);
		run_inside(j->sock[1], j->input[0], j->messages[1], VZ_MIN(opt->count, (uint64_t)ID_LIMIT));
	}
	j->pid = (pid_t)pid;
	cleanup_close(&j->sock[1]);
	cleanup_close(&j->input[0]);
	cleanup_close(&j->messages[1]);
	return release_inside(opt, j->pid, j->target, j->sock[0], err);
}

/* 0 if the hash is the expected one or none was expected. The text of it goes to hex. */
static int check_hash(struct sha256_ctx *hash, const struct options *opt, char hex[2 * SHA256_DIGEST_SIZE + 1],
		      struct vz_err *err)
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	sha256_digest(hash, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		sprintf(hex + 2 * i, "%02x", digest[i]);
	if (!opt->expect || strcasecmp(opt->expect, hex) == 0)
		return 0;
	return vz_fail(err, E_CHECKSUM, 0, "'%s' is not the expected archive: its sha256 is %s instead of %s",
		       opt->archive, hex, opt->expect);
}

/* 0, or the exit code of an inner process that failed and whose messages are still to be relayed, or -1. */
static int run(struct job *j, const struct options *opt, struct progress *p, char *hex, struct vz_err *err)
{
	struct sha256_ctx hash;
	int r, status, code;

	if (job_open(j, opt, p, err) < 0 || job_start(j, opt, err) < 0)
		return -1;
	sha256_init(&hash);
	r = feed(j->archive, take_fd(&j->input[1]), &hash, p);
	if (r < 0)
		return vz_fail(err, VZ_E_NEW_PRVT, r, "cannot read the archive '%s'", opt->archive);

	status = proc_wait(j->pid);
	j->pid = 0;
	if (status < 0)
		return vz_fail(err, VZ_E_NEW_PRVT, status, "cannot wait for the sandbox");
	if (WIFSIGNALED(status))
		return vz_fail(err, VZ_E_NEW_PRVT, 0, "unpacking '%s' died of signal %d (%s)", opt->archive,
			       WTERMSIG(status), strsignal(WTERMSIG(status)));
	code = WEXITSTATUS(status);
	/* Of two reasons the one to act on: a full disk comes first, then the wrong file. */
	if (code != VZ_E_NO_DISK_SPACE && check_hash(&hash, opt, hex, err) < 0)
		return -1;
	if (code)
		return code;
	if (syncfs(j->target) < 0)
		return vz_fail(err, errno == ENOSPC || errno == EDQUOT ? VZ_E_NO_DISK_SPACE : VZ_E_NEW_PRVT, -errno,
			       "cannot flush '%s'", opt->target);
	return 0;
}

static int usage(void)
{
	fputs("Usage: vz-unpack [--progress] [--expect-sha256 HEX] --uid BASE --gid BASE --count N"
	      " TARBALL TARGETDIR\n", stderr);
	return VZ_E_INVALID_SYNTAX;
}

static int parse_options(int argc, char **argv, struct options *opt)
{
	static const struct option longs[] = {
		{ "progress",		no_argument,		NULL, 'p' },
		{ "expect-sha256",	required_argument,	NULL, 's' },
		{ "uid",		required_argument,	NULL, 'u' },
		{ "gid",		required_argument,	NULL, 'g' },
		{ "count",		required_argument,	NULL, 'n' },
		{ NULL,			0,			NULL, 0 },
	};
	/* 0 is the host's root: never the base of a container. */
	const uint64_t first = 1, last = UINT32_MAX - 1;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		int r = 0;

		switch (c) {
		case 'p':
			opt->progress = true;
			break;
		case 's':
			opt->expect = optarg;
			r = strspn(optarg, "0123456789abcdefABCDEF") == 64 && !optarg[64] ? 0 : -EINVAL;
			break;
		case 'u':
			r = parse_u64_range(optarg, first, last, &opt->uid);
			break;
		case 'g':
			r = parse_u64_range(optarg, first, last, &opt->gid);
			break;
		case 'n':
			r = parse_u64_range(optarg, first, last, &opt->count);
			break;
		default:
			return -EINVAL;
		}
		if (r < 0)
			return r;
	}
	if (argc - optind != 2 || !opt->uid || !opt->gid || !opt->count)
		return -EINVAL;
	opt->archive = argv[optind];
	opt->target = argv[optind + 1];
	return 0;
}

int main(int argc, char **argv)
{
	auto_err struct vz_err err = { 0 };
	struct options opt = { 0 };
	struct progress progress = { .percent = -1 };
	struct job job = { -1, -1, { -1, -1 }, { -1, -1 }, { -1, -1 }, 0 };
	char hex[2 * SHA256_DIGEST_SIZE + 1];
	int code;

	if (parse_options(argc, argv, &opt) < 0)
		return usage();
	(void)signal(SIGPIPE, SIG_IGN);
	/* Names in archives are UTF-8; in another locale libarchive would convert them, and fail. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");

	code = run(&job, &opt, &progress, hex, &err);
	progress_clear(&progress);
	if (code < 0) {
		fprintf(stderr, "vz-unpack: %s\n", err.msg ? err.msg : "out of memory");
		code = err.code;
	} else {
		relay_messages(job.messages[0]);
	}
	if (code == 0 && (printf("sha256 %s\n", hex) < 0 || fflush(stdout) == EOF)) {
		fputs("vz-unpack: cannot write to standard output\n", stderr);
		code = VZ_E_NEW_PRVT;
	}
	job_done(&job);
	return code;
}
