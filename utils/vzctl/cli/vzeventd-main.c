/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vzeventd: watches the containers of a host, starts again what rebooted, cleans up after what ended. The
 * work is the library's; this is the daemon around it: options, pid file, log, upgrade in place.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "cli/host.h"

#define PID_DIR "/run"
/* Where a program that is handed its listener finds it, as sd_listen_fds(3) has it; and our lock, behind it. */
#define LISTENER 3
#define LOCK 4

static const struct option long_options[] = {
	{ .name = "prefix", .has_arg = required_argument, .val = 'P' },
	{ .name = "help", .has_arg = no_argument, .val = 'h' },
	{ 0 }
};

struct daemon {
	const char *prefix;
	bool foreground;
	int verbose;
	struct cli_log log;
	struct vz *vz;
	struct vz_watch *watch;
	int pid_fd;		/* its lock says that we run */
	int ready_fd;		/* to whoever started us in the background; -1 */
};

static int print_usage(FILE *f, int status)
{
	(void)fprintf(f, "Usage: vzeventd [-v] [-d] [--prefix dir]\n"
		      "       vzeventd -h\n\n"
		      "  -v             say more (may be given twice)\n"
		      "  -d             stay in the foreground, messages go to standard output, too\n"
		      "  --prefix dir   all files are below this directory\n");
	return status;
}

static int read_options(struct daemon *d, int argc, char **argv)
{
	int o;

	while ((o = getopt_long(argc, argv, "vdh", long_options, NULL)) != -1)
		switch (o) {
		case 'v':
			d->verbose++;
			break;
		case 'd':
			d->foreground = true;
			break;
		case 'P':
			d->prefix = optarg;
			break;
		default:
			return o == 'h' ? print_usage(stdout, -1) : print_usage(stderr, VZ_E_INVALID_SYNTAX);
		}
	return optind < argc ? print_usage(stderr, VZ_E_INVALID_SYNTAX) : 0;
}

/* vz.conf is read anew for every container that is seen to: it may have changed since. */
static int open_host(struct daemon *d, struct vz **ret, struct vz_err *err)
{
	if (host_open(ret, d->prefix, &d->log, err) < 0 || vz_load(*ret, err) < 0)
		return -1;
	cli_log_done(&d->log);
	cli_log_console(&d->log, d->foreground ? d->verbose : CLI_LOG_NOTHING);
	cli_log_open(&d->log, *ret);
	vz_set_log(*ret, &d->log.log);
	return 0;
}

/* Tell systemd that we serve, as sd_notify(3) does. */
static void notify_systemd(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	auto_close int s = -1;
	size_t len = path ? strlen(path) : 0;

	if (!len || len >= sizeof(a.sun_path) || (*path != '/' && *path != '@'))
		return;
	memcpy(a.sun_path, path, len);
	if (*path == '@')
		a.sun_path[0] = '\0';
	s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s >= 0)
		(void)sendto(s, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&a,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

/* ---- one of a kind ---- */

/*
 * A service manager that has lost sight of us starts us again, while the other goes on and has the
 * containers: stand by, for its end.
 */
static bool wait_for_other(struct daemon *d)
{
	vz_log(&d->log.log, VZ_LOG_ERR, 0, "another vzeventd is running, waiting for its end");
	/* The host has one: what is ordered behind us need not wait. */
	notify_systemd();
	return flock(d->pid_fd, LOCK_EX) == 0;
}

static int take_pid_file(struct daemon *d, struct vz_err *err)
{
	auto_free char *dir = vz_path(d->vz, PID_DIR);
	auto_free char *path = vz_path(d->vz, PID_DIR "/vzeventd.pid");

	if (!path || !dir)
		return vz_fail(err, VZ_E_RESOURCE, 0, "out of memory");
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return vz_fail(err, VZ_E_SYSTEM, -errno, "make '%s'", dir);
	/* With an upgrade it comes along: whoever stands by must not get it in between. */
	if (d->pid_fd < 0)
		d->pid_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (d->pid_fd < 0)
		return vz_fail(err, VZ_E_SYSTEM, -errno, "open '%s'", path);
	if (flock(d->pid_fd, LOCK_EX | LOCK_NB) < 0 && !(d->foreground && wait_for_other(d)))
		return vz_fail(err, VZ_E_LOCKED, 0, "vzeventd is running already ('%s' is locked)", path);
	if (ftruncate(d->pid_fd, 0) < 0 || lseek(d->pid_fd, 0, SEEK_SET) < 0 || dprintf(d->pid_fd, "%d\n", (int)getpid()) < 0)
		return vz_fail(err, VZ_E_SYSTEM, -errno, "write '%s'", path);
	return 0;
}

/* ---- into the background ---- */

/* The parent waits until its child serves, so that what is started after us finds us. */
static int go_into_background(struct daemon *d, struct vz_err *err)
{
	int ready[2], null;
	pid_t pid;
	char c;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return vz_fail(err, VZ_E_SYSTEM, -errno, "make a pipe");
	pid = fork();
	if (pid < 0)
		return vz_fail(err, VZ_E_SYSTEM, -errno, "make a process");
	if (pid > 0) {
		int status = 0;

		(void)close(ready[1]);
		if (read(ready[0], &c, 1) != 1)
			(void)waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : VZ_E_SYSTEM);
	}
	(void)close(ready[0]);
	d->ready_fd = ready[1];
	(void)setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* Standard error last, when all that may fail has not. */
	return null < 0 || chdir("/") < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ?
		vz_fail(err, VZ_E_SYSTEM, -errno, "go into the background") : 0;
}

static void say_ready(struct daemon *d)
{
	notify_systemd();
	if (d->ready_fd < 0)
		return;
	(void)!write(d->ready_fd, "", 1);
	cleanup_close(&d->ready_fd);
	(void)dup2(0, 2);
}

/* ---- work ---- */

static int see_to(void *data, vz_ctid id)
{
	struct daemon *d = data;
	auto_err struct vz_err err = { 0 };
	struct vz_ct *ct = NULL;
	struct vz *vz = NULL;
	int r;

	/* A child keeps the lock alive that says we run. */
	cleanup_close(&d->pid_fd);
	r = open_host(d, &vz, &err);
	if (r == 0)
		r = vz_ct_new(vz, id, &ct, &err);
	if (r == 0)
		r = vz_ct_load(ct, true, &err);
	/* A file that cannot be understood is no reason to leave the rest lying about. */
	if (r < 0 && ct && err.code == VZ_E_INVALID_CONFIG) {
		vz_err_done(&err);
		r = 0;
	}
	if (r == 0)
		r = vz_ct_see_to_end(ct, &err);
	if (r < 0)
		vz_log(&d->log.log, VZ_LOG_ERR, id, "%s", err.msg);
	vz_ct_free(ct);
	vz_free(vz);
	return r < 0 ? err.code : 0;
}

/* ---- upgrade ---- */

/* The listener an earlier image of ours, or systemd, has left open for us, -1; and our lock. */
static int inherited_listener(struct daemon *d)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");

	if (!pid || !n || atoi(pid) != (int)getpid() || atoi(n) < 1)
		return -1;
	(void)fcntl(LISTENER, F_SETFD, FD_CLOEXEC);
	if (atoi(n) > 1 && fcntl(LOCK, F_SETFD, FD_CLOEXEC) == 0)
		d->pid_fd = LOCK;
	return LISTENER;
}

/* To where the next image looks for them. Copies first: one may be where the other is to go. */
static int pass_descriptors(struct daemon *d)
{
	auto_close int listener = fcntl(vz_watch_listener(d->watch), F_DUPFD_CLOEXEC, LOCK + 1);
	auto_close int lock = fcntl(d->pid_fd, F_DUPFD_CLOEXEC, LOCK + 1);
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (listener < 0 || lock < 0 || setenv("LISTEN_PID", pid, 1) < 0 || setenv("LISTEN_FDS", "2", 1) < 0 ||
	    dup2(listener, LISTENER) < 0 || dup2(lock, LOCK) < 0)
		return -errno;
	return 0;
}

/* Children are kept by execve(). In the background already, the new image must not go there again. */
static void upgrade(struct daemon *d, const char *program)
{
	char *argv[8] = { (char *)"vzeventd" };
	size_t n = 1;

	if (d->foreground)
		argv[n++] = (char *)"-d";
	for (int i = 0; i < d->verbose && i < 2; i++)
		argv[n++] = (char *)"-v";
	if (d->prefix) {
		argv[n++] = (char *)"--prefix";
		argv[n++] = (char *)d->prefix;
	}
	vz_log(&d->log.log, VZ_LOG_INFO, 0, "going on as '%s'", program);
	(void)fflush(NULL);
	if (pass_descriptors(d) == 0)
		(void)execv(program, argv);
	vz_log(&d->log.log, VZ_LOG_ERR, 0, "cannot run '%s': %s; going on as before", program, strerror(errno));
}

static int run(struct daemon *d, const char *program, int listener, struct vz_err *err)
{
	int r;

	/* Where it went the first time, it is still. */
	if (!d->foreground && listener < 0 && go_into_background(d, err) < 0)
		return -1;
	if (open_host(d, &d->vz, err) < 0 || take_pid_file(d, err) < 0 ||
	    vz_watch_new(d->vz, listener, see_to, d, &d->watch, err) < 0)
		return -1;
	vz_log(&d->log.log, VZ_LOG_INFO, 0, "vzeventd %s started", vz_version());
	say_ready(d);
	while ((r = vz_watch_run(d->watch, err)) == VZ_WATCH_UPGRADE)
		upgrade(d, program);
	return r;
}

int main(int argc, char **argv)
{
	struct daemon d = { .pid_fd = -1, .ready_fd = -1 };
	auto_err struct vz_err err = { 0 };
	char program[PATH_MAX] = "";
	int listener, r = read_options(&d, argc, argv);

	if (r)
		return r < 0 ? 0 : r;
	listener = inherited_listener(&d);
	/* Before it is replaced: what the link says later is the name of a file that is gone. */
	if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
		program[0] = '\0';
	(void)signal(SIGPIPE, SIG_IGN);
	cli_log_init(&d.log, "vzeventd");
	cli_log_console(&d.log, VZ_LOG_ERR);
	r = run(&d, program, listener, &err);
	if (r < 0) {
		/* In the background nobody reads standard error; before, nobody reads the log. */
		(void)fprintf(stderr, "vzeventd: %s\n", err.msg);
		cli_log_console(&d.log, CLI_LOG_NOTHING);
		vz_log(&d.log.log, VZ_LOG_ERR, 0, "%s", err.msg);
	} else {
		vz_log(&d.log.log, VZ_LOG_INFO, 0, "vzeventd ended; containers go on running");
	}
	vz_watch_free(d.watch);
	vz_free(d.vz);
	cli_log_done(&d.log);
	return r < 0 ? err.code : 0;
}
