/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of vzeventd: the parent of all inits, which learns how they end.
 *
 * What it must never do is to matter to a container that runs: it holds nothing of one, and may be killed
 * or replaced at any moment. So it keeps no books of its children: a child that has ended is assigned
 * to its container by its cgroup, and how it ended is written down before it is reaped. What is due then
 * is done by a process made for it, which takes the lock like anybody else.
 *
 * There are two of it, so that how an init ended is not lost when one is killed. The watcher does all
 * the work. The keeper made it and makes it anew; it inherits its children, and reaps those. If the
 * keeper is killed the watcher goes on as keeper, with the children it has. Inits that are the children
 * of neither (started while no vzeventd ran) are watched through descriptors of theirs.
 *
 * Where the kernel tells of containers by itself, it is listened to for what nobody else has said: a container that
 * stops, and of which the watcher does not know, because whoever started it could not reach it; and one in which
 * processes are killed for want of memory. How init ended is in the kernel's hands there, too, and is asked for when
 * it is due.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/str.h"
#include "ct/ct.h"
#include "ct/shortage.h"
#include "host/watcher.h"

/*
 * A container that reboots again and again is its root's pleasure, not the host's: after so many within
 * the time it has to wait for as long.
 */
#define REBOOTS_MAX 10
#define REBOOTS_TIME (20 * USEC_PER_SEC)
#define WORKERS_PER_CPU 2

#define IN_WATCHER (-2)
/* A watcher that dies at once is made again after a while only. */
#define WATCHER_PAUSE (1 * USEC_PER_SEC)

/* An init that is not a child of ours. */
struct orphan {
	struct orphan *next;
	vz_ctid id;
	int pidfd;
};

/* A container that something is to be done about. */
struct due {
	struct due *next;
	vz_ctid id;
	pid_t worker;		/* who does it; 0: nobody yet */
	bool again;		/* it has ended once more since */
	bool waits;		/* to be begun */
	unsigned int count;	/* of reboots since the time below */
	usec_t since;
	usec_t not_before;	/* when it may be begun */
};

struct vz_watch {
	struct vz *vz;
	int (*see_to)(void *data, vz_ctid id);
	void *data;
	int listener;
	pid_t keeper, watcher;	/* in both processes; 0 in the keeper while there is no watcher */
	/* of the watcher only */
	int epoll, signals;
	int kernel;		/* what the kernel tells of containers; the back end's; -1: nothing */
	struct orphan *orphans;
	struct due *due;
	struct shortage *shortages;
	unsigned int workers, workers_max;
	char message[WATCHER_TEXT_MAX + 1];
};

#define warn(w, id, ...) vz_log(&(w)->vz->log, VZ_LOG_ERR, id, __VA_ARGS__)
#define debug(w, id, ...) vz_log(&(w)->vz->log, VZ_LOG_DEBUG, id, __VA_ARGS__)

/* ---- what is due ---- */

/* What has been done is remembered for as long as ends are counted. */
static void forget_old(struct vz_watch *w)
{
	struct due **at = &w->due;

	while (*at) {
		struct due *d = *at;

		if (d->worker || d->waits || now_usec() - d->since <= REBOOTS_TIME) {
			at = &d->next;
			continue;
		}
		*at = d->next;
		free(d);
	}
}

static struct due *due_of(struct vz_watch *w, vz_ctid id)
{
	struct due *d;

	forget_old(w);
	for (d = w->due; d; d = d->next)
		if (d->id == id)
			return d;
	d = calloc(1, sizeof(*d));
	if (!d) {
		warn(w, id, "out of memory: its end is seen to when vzeventd starts the next time");
		return NULL;
	}
	*d = (struct due){ .next = w->due, .id = id, .since = now_usec() };
	w->due = d;
	return d;
}

/* reboots: or may do so, for all that is known. */
static void enqueue(struct vz_watch *w, vz_ctid id, bool reboots)
{
	struct due *d = due_of(w, id);
	usec_t now = now_usec();

	if (!d)
		return;
	if (now - d->since > REBOOTS_TIME) {
		d->since = now;
		d->count = 0;
	}
	if (reboots && ++d->count >= REBOOTS_MAX) {
		warn(w, id, "reboots again and again: it has to wait");
		d->not_before = now + REBOOTS_TIME;
	}
	if (d->worker)
		d->again = true;
	else
		d->waits = true;
}

static void __attribute__((noreturn)) work(struct vz_watch *w, vz_ctid id)
{
	sigset_t none;

	(void)close(w->epoll);
	(void)close(w->listener);
	(void)close(w->signals);
	if (w->kernel >= 0)
		(void)close(w->kernel);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	_exit(w->see_to(w->data, id));
}

/* Begin what can be begun. How long until there is more to begin in milliseconds, -1: not before something happens. */
static int begin_due(struct vz_watch *w)
{
	usec_t now = now_usec(), next = 0;

	for (struct due *d = w->due; d && w->workers < w->workers_max; d = d->next) {
		if (!d->waits)
			continue;
		if (d->not_before > now) {
			next = next ? VZ_MIN(next, d->not_before) : d->not_before;
			continue;
		}
		d->worker = fork();
		if (d->worker == 0)
			work(w, d->id);
		if (d->worker < 0) {
			warn(w, d->id, "cannot make a process: %s; trying again", strerror(errno));
			d->worker = 0;
			next = now + USEC_PER_SEC;
			continue;
		}
		d->waits = false;
		w->workers++;
	}
	return next ? (int)((next - now) / USEC_PER_MSEC) + 1 : -1;
}

/* Was it one of our workers? */
static bool finish_worker(struct vz_watch *w, pid_t pid)
{
	for (struct due *d = w->due; d; d = d->next) {
		if (d->worker != pid)
			continue;
		w->workers--;
		d->worker = 0;
		d->waits = d->again;
		d->again = false;
		return true;
	}
	return false;
}

/* ---- inits that are not children of ours ---- */

static void add_orphan(struct vz_watch *w, vz_ctid id, const struct state_process *p)
{
	auto_close int pidfd = pidfd_open_pid(p->pid);
	struct orphan *o = calloc(1, sizeof(*o));
	struct epoll_event e = { .events = EPOLLIN | EPOLLONESHOT, .data.ptr = o };

	/* Gone, or another process by now. */
	if (pidfd < 0 || !proc_is_alive(p->pid, p->start_time)) {
		free(o);
		enqueue(w, id, true);
		return;
	}
	if (!o || epoll_ctl(w->epoll, EPOLL_CTL_ADD, pidfd, &e) < 0) {
		warn(w, id, "cannot be watched: %s", strerror(errno));
		free(o);
		return;
	}
	*o = (struct orphan){ .next = w->orphans, .id = id, .pidfd = take_fd(&pidfd) };
	w->orphans = o;
	debug(w, id, "watching init %d, which is somebody else's child", (int)p->pid);
}

static void end_orphan(struct vz_watch *w, struct orphan *o)
{
	struct orphan **at = &w->orphans;

	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
	enqueue(w, o->id, true);
	(void)close(o->pidfd);
	free(o);
}

/* A container that runs, or that has ended without our having heard of it. */
static void look_at(struct vz_watch *w, vz_ctid id)
{
	struct vz_err ignored = { 0 };
	struct state_process p;
	struct vz_ct *ct = NULL;
	struct proc_stat st;

	for (struct orphan *o = w->orphans; o; o = o->next)
		if (o->id == id && pidfd_wait(o->pidfd, 0) == -ETIMEDOUT)
			return;
	if (vz_ct_new(w->vz, id, &ct, &ignored) == 0 && state_process(ct, &p) == 0 &&
	    /* A child, if a zombie too, is seen to when it is reaped, here or by the keeper. */
	    !(proc_stat_read(p.pid, &st) == 0 && st.start_time == p.start_time &&
	      (st.ppid == getpid() || st.ppid == w->keeper)))
		add_orphan(w, id, &p);
	vz_err_done(&ignored);
	vz_ct_free(ct);
}

/*
 * The same of one that may be seen to already. That is not counted as one more reboot, but looked at again when it is
 * done: it may have begun with an end before this one.
 */
static void look_again(struct vz_watch *w, vz_ctid id)
{
	struct due *d = w->due;

	while (d && d->id != id)
		d = d->next;
	if (d && d->worker)
		d->again = true;
	else if (!d || !d->waits)
		look_at(w, id);
}

static int look_at_all(struct vz_watch *w, struct vz_err *err)
{
	auto_closedir DIR *d = opendir(w->vz->paths.run_dir);
	struct dirent *e;

	if (!d)
		return vz_fail(err, VZ_E_SYSTEM, -errno, "read directory '%s'", w->vz->paths.run_dir);
	while ((e = readdir(d))) {
		vz_ctid id;

		if (parse_ctid(e->d_name, &id) == 0)
			look_again(w, id);
	}
	return 0;
}

/* ---- what the kernel tells ---- */

static void hear(void *data, const struct vz_event *event)
{
	static const char *const words[] = {
		[VZ_EVENT_START]  = "has started",
		[VZ_EVENT_REBOOT] = "is going to start again",
		[VZ_EVENT_STOP]   = "has stopped",
		[VZ_EVENT_OOM]    = "is out of memory",
	};
	struct vz_watch *w = data;

	debug(w, event->id, "the kernel says that it %s", words[event->what]);
	if (event->what == VZ_EVENT_STOP)
		look_again(w, event->id);
	if (event->what == VZ_EVENT_OOM)
		shortage_say(&w->shortages, w->vz, event);
}

static void listen_to_kernel(struct vz_watch *w)
{
	struct vz_err why = { 0 };
	int r = w->vz->be->events_read(&w->vz->host, hear, w);

	if (r == -ENOBUFS) {
		vz_log(&w->vz->log, VZ_LOG_INFO, 0, "the kernel told more than could be read: looking at all containers");
		if (look_at_all(w, &why) < 0)
			warn(w, 0, "%s, ignoring", why.msg);
		vz_err_done(&why);
	} else if (r < 0) {
		warn(w, 0, "what the kernel tells of containers is no longer heard: %s", strerror(-r));
		(void)epoll_ctl(w->epoll, EPOLL_CTL_DEL, w->kernel, NULL);
	}
}

/* ---- inits that are our children ---- */

/* What the kernel tells the parent of a process 1 whose pid namespace was rebooted. */
static bool is_reboot(const siginfo_t *si)
{
	return (si->si_code == CLD_KILLED || si->si_code == CLD_DUMPED) && si->si_status == SIGHUP;
}

/* A child that is a zombie still: was it the init of a container, and is that news? Its number, or 0. */
static vz_ctid note_child(struct vz_watch *w, const siginfo_t *si)
{
	struct vz_err why = { 0 };
	struct vz_ct *ct = NULL;
	struct state_process p;
	struct proc_stat st;
	int64_t id = pid_own_ctid(w->vz, si->si_pid, &why);
	bool is_init = id > 0 && proc_stat_read(si->si_pid, &st) == 0 &&
		vz_ct_new(w->vz, (vz_ctid)id, &ct, &why) == 0 && state_process(ct, &p) == 0 &&
		p.pid == si->si_pid && p.start_time == st.start_time;

	if (is_init) {
		p.rebooted = is_reboot(si);
		debug(w, ct->id, "init %d has ended (%s %d)", (int)p.pid,
		      si->si_code == CLD_EXITED ? "status" : "signal", si->si_status);
		if (state_note_end(ct, &p, &why) < 0)
			warn(w, ct->id, "%s, ignoring", why.msg);
	}
	vz_err_done(&why);
	vz_ct_free(ct);
	return is_init ? (vz_ctid)id : 0;
}

/* Of either process: all children that have ended. */
static void reap(struct vz_watch *w, void (*on_end)(struct vz_watch *w, const siginfo_t *si, vz_ctid id))
{
	siginfo_t si;

	for (;;) {
		vz_ctid id;

		si.si_pid = 0;
		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) < 0 || !si.si_pid)
			return;
		id = note_child(w, &si);
		/* From here on the kernel has forgotten. */
		(void)waitid(P_PID, (id_t)si.si_pid, NULL, WEXITED | WNOHANG);
		on_end(w, &si, id);
	}
}

static void child_of_watcher_ended(struct vz_watch *w, const siginfo_t *si, vz_ctid id)
{
	if (!finish_worker(w, si->si_pid) && id)
		enqueue(w, id, is_reboot(si));
}

/* ---- messages ---- */

static void serve(struct vz_watch *w)
{
	struct vz_err why = { 0 };
	int fds[WATCHER_FDS_MAX];
	size_t n_fds = 0;
	vz_ctid id;
	int len = watcher_receive(w->listener, w->message, fds, &n_fds);

	if (len < 0)
		warn(w, 0, "a message was lost: %s", strerror(-len));
	if (len > 0) {
		w->message[len] = '\0';
		if (strncmp(w->message, "watch ", 6) == 0 && parse_ctid(w->message + 6, &id) == 0)
			look_at(w, id);
		else if (w->vz->be->spawn_for(&w->vz->host, w->message, fds, n_fds, &why) < 0)
			warn(w, 0, "%s", why.msg);
	}
	for (size_t i = 0; i < n_fds; i++)
		(void)close(fds[i]);
	vz_err_done(&why);
}

/* ---- the watcher ---- */

static void watched_signals(sigset_t *ret)
{
	(void)sigemptyset(ret);
	(void)sigaddset(ret, SIGCHLD);
	(void)sigaddset(ret, SIGHUP);
	(void)sigaddset(ret, SIGINT);
	(void)sigaddset(ret, SIGTERM);
}

/* enum vz_watch_end, or -1: go on. */
static int take_signal(struct vz_watch *w)
{
	struct signalfd_siginfo s;

	if (read(w->signals, &s, sizeof(s)) != sizeof(s))
		return -1;
	if (s.ssi_signo == SIGCHLD)
		reap(w, child_of_watcher_ended);
	else if (s.ssi_signo != SIGHUP)
		return VZ_WATCH_STOP;
	/* The keeper is gone: be one. */
	else if (getppid() != w->keeper)
		return VZ_WATCH_UPGRADE;
	return -1;
}

static int listen_on(struct vz_watch *w, void *what, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = what };

	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

/* Without it nothing is missed of the containers that this process was told of. */
static void open_kernel(struct vz_watch *w)
{
	int r;

	w->kernel = -1;
	if (!(w->vz->be->features & VZ_BE_EVENTS))
		return;
	r = w->vz->be->events_open(&w->vz->host);
	if (r >= 0) {
		w->kernel = r;
		r = listen_on(w, &w->kernel, w->kernel);
	}
	if (r < 0)
		vz_log(&w->vz->log, VZ_LOG_INFO, 0, "what the kernel tells of containers cannot be heard: %s", strerror(-r));
}

static int open_events(struct vz_watch *w, struct vz_err *err)
{
	sigset_t set;
	int r = 0;

	watched_signals(&set);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	w->epoll = w->signals < 0 ? -1 : epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll < 0)
		r = -errno;
	if (r == 0)
		r = listen_on(w, &w->listener, w->listener);
	if (r == 0)
		r = listen_on(w, &w->signals, w->signals);
	return r < 0 ? vz_fail(err, VZ_E_SYSTEM, r, "wait for events") : 0;
}

static int watch(struct vz_watch *w, struct vz_err *err)
{
	if (open_events(w, err) < 0)
		return -1;
	/* First, so that what happens from here on is heard. */
	open_kernel(w);
	if (look_at_all(w, err) < 0)
		return -1;
	for (;;) {
		struct epoll_event e;
		int end, n = epoll_wait(w->epoll, &e, 1, begin_due(w));

		if (n < 0 && errno != EINTR)
			return vz_fail(err, VZ_E_SYSTEM, -errno, "wait for events");
		if (n <= 0)
			continue;
		if (e.data.ptr == &w->listener) {
			serve(w);
		} else if (e.data.ptr == &w->signals) {
			end = take_signal(w);
			if (end >= 0)
				return end;
		} else if (e.data.ptr == &w->kernel) {
			listen_to_kernel(w);
		} else {
			end_orphan(w, e.data.ptr);
		}
	}
}

/* ---- the keeper ---- */

static void child_of_keeper_ended(struct vz_watch *w, const siginfo_t *si, vz_ctid id)
{
	auto_free char *message = id ? str_printf("watch %u", id) : NULL;

	if (si->si_pid == w->watcher)
		w->watcher = 0;
	/* The watcher cannot see that it was reaped: it leaves our children to us. */
	if (message)
		(void)watcher_send(w->vz->host.watcher, message, strlen(message), NULL, 0);
}

/* 0: in the keeper, 1: in the watcher. */
static int make_watcher(struct vz_watch *w, struct vz_err *err)
{
	pid_t pid = fork();

	if (pid < 0)
		return vz_fail(err, VZ_E_SYSTEM, -errno, "make a process");
	w->watcher = pid ? pid : getpid();
	if (pid)
		return 0;
	/* Should the keeper be gone already, take_signal() hears of it all the same. */
	if (prctl(PR_SET_PDEATHSIG, SIGHUP) == 0 && getppid() != w->keeper)
		(void)raise(SIGHUP);
	return 1;
}

static void end_watcher(struct vz_watch *w)
{
	if (w->watcher && kill(w->watcher, SIGTERM) == 0)
		(void)waitpid(w->watcher, NULL, 0);
	w->watcher = 0;
	/* What it left is ours now, and some of it may have ended. */
	reap(w, child_of_keeper_ended);
}

/* Until a signal ends it: enum vz_watch_end. The watcher leaves it at once, with IN_WATCHER. */
static int keep(struct vz_watch *w, struct vz_err *err)
{
	usec_t made = 0;
	sigset_t set;

	watched_signals(&set);
	for (;;) {
		int sig = 0, r;

		/* Children that had ended before we looked, as those of the program we were before. */
		reap(w, child_of_keeper_ended);
		if (!w->watcher && made + WATCHER_PAUSE <= now_usec()) {
			made = now_usec();
			r = make_watcher(w, err);
			if (r)
				return r < 0 ? -1 : IN_WATCHER;
		}
		if (w->watcher) {
			(void)sigwait(&set, &sig);
		} else {
			struct timespec pause = { .tv_sec = WATCHER_PAUSE / USEC_PER_SEC };

			sig = sigtimedwait(&set, NULL, &pause);
		}
		if (sig == SIGHUP || sig == SIGINT || sig == SIGTERM) {
			end_watcher(w);
			return sig == SIGHUP ? VZ_WATCH_UPGRADE : VZ_WATCH_STOP;
		}
	}
}

int vz_watch_run(struct vz_watch *w, struct vz_err *err)
{
	int r;

	w->keeper = getpid();
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return vz_fail(err, VZ_E_SYSTEM, -errno, "become the parent of orphans");
	r = keep(w, err);
	if (r != IN_WATCHER)
		return r;
	r = watch(w, err);
	/* Only one of the two has anything to say at the end. */
	if (r == VZ_WATCH_STOP && getppid() == w->keeper)
		_exit(0);
	return r;
}

int vz_watch_new(struct vz *vz, int listener, int (*see_to)(void *data, vz_ctid id), void *data,
		 struct vz_watch **ret, struct vz_err *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct vz_watch *w;
	sigset_t set;
	int r;

	if (vz_backend_probe(vz, err) < 0)
		return -1;
	w = calloc(1, sizeof(*w));
	if (!w)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "start");
	*w = (struct vz_watch){ .vz = vz, .see_to = see_to, .data = data, .epoll = -1, .listener = listener, .signals = -1,
				.kernel = -1 };
	w->workers_max = WORKERS_PER_CPU * (unsigned int)VZ_MAX(cpus, 1);
	watched_signals(&set);
	r = sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : path_make_dirs(vz->paths.run_dir, 0755);
	if (r == 0 && listener < 0)
		w->listener = watcher_listen(vz->host.watcher);
	if (r == 0 && w->listener < 0)
		r = w->listener;
	if (r < 0) {
		vz_watch_free(w);
		return vz_fail(err, VZ_E_SYSTEM, r, "listen on '%s'", vz->host.watcher);
	}
	*ret = w;
	return 0;
}

int vz_watch_listener(const struct vz_watch *w)
{
	return w->listener;
}

void vz_watch_free(struct vz_watch *w)
{
	if (!w)
		return;
	while (w->orphans) {
		struct orphan *o = w->orphans;

		w->orphans = o->next;
		(void)close(o->pidfd);
		free(o);
	}
	shortages_free(w->shortages);
	while (w->due) {
		struct due *d = w->due;

		w->due = d->next;
		free(d);
	}
	cleanup_close(&w->epoll);
	cleanup_close(&w->listener);
	cleanup_close(&w->signals);
	free(w);
}
