/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * console: a getty on a terminal of the container, for as long as somebody is attached.
 *
 * There is no terminal before and after (one whose output nobody reads would stop the boot), so each
 * attaching makes one of its own, and each getty gets a new one: whatever a former session left in the
 * background cannot hear the next one's password. The container's root may do anything to what runs on
 * it; he can neither hold up our keys nor our end. Every wait for something of his has a time limit.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "ct/command.h"
#include "host/pty.h"
#include "host/script.h"

#define USEFUL_TIME (2 * USEC_PER_SEC)	/* a getty that ends sooner was of no use … */
#define USELESS_MAX 5			/* … and after so many of them in a row we give up */
#define USELESS_PAUSE (500 * USEC_PER_MSEC)
#define HANGUP_TIME USEC_PER_SEC	/* between HUP and KILL */
#define KILL_TIME (2 * USEC_PER_SEC)
#define STOP_TIME USEC_PER_SEC		/* from the end of a session to that of the container which caused it */
#define KILL_ROUNDS 10

struct console {
	struct vz_ct *ct;
	const char *term;
	pid_t init;		/* with its start time, the boot of the container we belong to */
	uint64_t init_start;
	/* The getty that runs, or what it became. */
	int master;
	int pidfd;
	int report;		/* for command_await() */
	pid_t pid;
	usec_t since;
	unsigned int useless;	/* how many in a row ended at once */
};

/* ---- one getty ---- */

static int start_getty(struct console *c, struct vz_err *err)
{
	auto_free char *term_var = str_printf("TERM=%s", c->term);
	auto_free char *tty = NULL;
	auto_close int master = -1;
	auto_close int slave = -1;
	unsigned int number;

	if (command_terminal(c->ct, &master, &slave, err) < 0)
		return -1;
	if (ioctl(master, TIOCGPTN, &number) == 0)
		tty = str_printf("pts/%u", number);
	if (!term_var || !tty)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "start a getty in container %u", c->ct->id);

	/* util-linux takes this order as well as its own, BusyBox only this one. The speed means nothing. */
	char *agetty[] = { (char *)"agetty", (char *)"--noclear", (char *)"38400", tty, (char *)c->term, NULL };
	char *getty[] = { (char *)"getty", (char *)"38400", tty, (char *)c->term, NULL };
	char *login[] = { (char *)"login", NULL };
	char *const *const programs[] = { agetty, getty, login, NULL };
	char *env[] = { (char *)"HOME=/", (char *)"PATH=" SCRIPT_PATH, term_var, NULL };
	struct ct_command command = {
		.fds = { slave, slave, slave }, .text = -1, .terminal = true, .programs = programs,
		.env = env, .cwd = "/",
	};

	if (command_begin(c->ct, &command, &c->pid, &c->pidfd, &c->report, err) < 0)
		return -1;
	c->master = take_fd(&master);
	c->since = now_usec();
	return 0;
}

/* Microseconds from now. */
static usec_t left_until(usec_t end)
{
	usec_t now = now_usec();

	return now < end ? end - now : 0;
}

/* Wait for a process of the session, which was told to go, and then make it. */
static void end_member(pid_t pid, pid_t session, usec_t hangup_end, usec_t kill_end)
{
	auto_close int pidfd = pidfd_open_pid(pid);
	struct proc_stat st;

	/* With the descriptor open it is the process that we look at. */
	if (pidfd < 0 || proc_stat_read(pid, &st) < 0 || st.session != session)
		return;
	if (pidfd_wait(pidfd, left_until(hangup_end)) != -ETIMEDOUT)
		return;
	(void)pidfd_signal(pidfd, SIGKILL);
	(void)pidfd_wait(pidfd, left_until(kill_end));
}

/* The members of the session that live. Count, with their pids in *ret, or a negative errno. */
static int find_members(struct console *c, pid_t session, pid_t **ret)
{
	int n = c->ct->vz->be->list_processes(&c->ct->env, ret);
	int found = 0;

	for (int i = 0; i < n; i++) {
		pid_t pid = (*ret)[i];
		struct proc_stat st;

		if (proc_stat_read(pid, &st) == 0 && st.session == session && st.state != 'Z' && st.state != 'X')
			(*ret)[found++] = pid;
	}
	return n < 0 ? n : found;
}

/* All that is left of a session, also what it forks meanwhile; a bound is set to that. */
static void end_members(struct console *c, pid_t session, usec_t hangup_end, usec_t kill_end)
{
	for (int i = 0; i < KILL_ROUNDS; i++) {
		auto_free pid_t *pids = NULL;
		int n = find_members(c, session, &pids);

		if (n <= 0)
			return;
		for (int j = 0; j < n; j++)
			end_member(pids[j], session, hangup_end, kill_end);
	}
}

/*
 * End everything on the terminal: hang it up, and kill what does not mind. The getty is our child and
 * perhaps of another session than the shell (login makes one). A frozen process ends when it is thawed.
 */
static void end_session(struct console *c, usec_t hangup_time)
{
	usec_t hangup_end = now_usec() + hangup_time;
	usec_t kill_end = hangup_end + KILL_TIME;
	pid_t session = 0;

	/* The kernel tells leader and foreground when the master closes. */
	if (ioctl(c->master, TIOCGSID, &session) < 0)
		session = 0;
	cleanup_close(&c->master);
	if (session > 0)
		end_members(c, session, hangup_end, kill_end);
	if (pidfd_wait(c->pidfd, left_until(hangup_end)) == -ETIMEDOUT)
		(void)pidfd_signal(c->pidfd, SIGKILL);
	if (pidfd_wait(c->pidfd, left_until(kill_end)) == 0)
		(void)proc_reap(c->pid, c->pidfd);
	cleanup_close(&c->pidfd);
	cleanup_close(&c->report);
}

/* It has ended by itself: what is left in the background loses the terminal, no more. */
static int reap_getty(struct console *c, int *ret_error)
{
	int status = proc_reap(c->pid, c->pidfd);

	*ret_error = command_await(c->report, c->pidfd);
	cleanup_close(&c->report);
	cleanup_close(&c->pidfd);
	cleanup_close(&c->master);
	return command_status(status);
}

/* ---- one after the other ---- */

static bool is_running_still(struct console *c)
{
	return ct_is_running(c->ct) && c->ct->env.init_pid == c->init && c->ct->env.init_start == c->init_start;
}

/* Its other processes may be killed before its init is: how long to wait for that. */
static bool has_stopped(struct console *c, usec_t patience)
{
	return !is_running_still(c) || pidfd_wait(c->ct->env.init_pidfd, patience) == 0;
}

static int say_stopped(struct console *c, struct vz_err *err)
{
	return vz_fail(err, VZ_E_NOT_RUNNING, 0, "container %u has stopped", c->ct->id);
}

static int say_no_getty(struct console *c, int error, struct vz_err *err)
{
	return vz_fail(err, VZ_E_BAD_TMPL, error == ENOENT ? 0 : -error,
		       "container %u has no getty and no login that runs ('vzctl enter %u' needs none)",
		       c->ct->id, c->ct->id);
}

static int say_useless(struct console *c, int status, struct vz_err *err)
{
	return vz_fail(err, VZ_E_BAD_TMPL, 0, "the getty of container %u ends as soon as it is started (%s %d)",
		       c->ct->id, status < 256 ? "exit status" : "signal", status % 256);
}

/* The first one must run before anybody is told that he is attached. */
static int first_getty(struct console *c, struct vz_err *err)
{
	int error;

	if (start_getty(c, err) < 0)
		return -1;
	error = command_await(c->report, c->pidfd);
	if (!error)
		return 0;
	(void)reap_getty(c, &(int){ 0 });
	return say_no_getty(c, error, err);
}

static int next_getty(struct console *c, struct vz_err *err)
{
	auto_err struct vz_err why = { 0 };

	if (has_stopped(c, 0))
		return say_stopped(c, err);
	if (start_getty(c, &why) == 0)
		return 0;
	if (has_stopped(c, STOP_TIME))
		return say_stopped(c, err);
	vz_err_move(err, &why);
	return -1;
}

/* A getty has ended by itself. How the pause before another ended, or -1 with err. */
static int consider_another(struct console *c, struct terminal *t, struct vz_err *err)
{
	bool was_useful = now_usec() - c->since >= USEFUL_TIME;
	int error, r;
	int status = reap_getty(c, &error);

	if (has_stopped(c, 0))
		return say_stopped(c, err);
	if (error)
		return say_no_getty(c, error, err);
	c->useless = was_useful ? 0 : c->useless + 1;
	if (c->useless == USELESS_MAX)
		return has_stopped(c, STOP_TIME) ? say_stopped(c, err) : say_useless(c, status, err);
	r = was_useful ? TERMINAL_EXITED : terminal_pause(t, USELESS_PAUSE);
	return r < 0 ? vz_fail(err, VZ_E_SYSTEM, r, "wait for another getty") : r;
}

static int run_gettys(struct console *c, struct terminal *t, struct vz_err *err)
{
	for (;;) {
		int end = terminal_run(t, c->master, c->pidfd);

		if (end != TERMINAL_EXITED)
			end_session(c, end == TERMINAL_KILL ? 0 : HANGUP_TIME);
		if (end < 0)
			return vz_fail(err, VZ_E_SYSTEM, end, "relay the terminal of container %u", c->ct->id);
		if (end == TERMINAL_EXITED)
			end = consider_another(c, t, err);
		if (end < 0)
			return -1;
		if (end == TERMINAL_DETACH)
			return 0;
		if (next_getty(c, err) < 0)
			return -1;
	}
}

int vz_ct_console(struct vz_ct *ct, const struct vz_console *opt, struct vz_err *err)
{
	struct console c = { .ct = ct, .term = str_is_empty(opt->term) ? "linux" : opt->term, .master = -1,
			     .pidfd = -1, .report = -1 };
	struct terminal *t;
	int r;

	if (ct_need_running(ct, err) < 0)
		return -1;
	c.init = ct->env.init_pid;
	c.init_start = ct->env.init_start;
	if (first_getty(&c, err) < 0)
		return -1;
	if (opt->attached)
		opt->attached(opt->data);
	r = terminal_open(&t);
	if (r < 0) {
		end_session(&c, 0);
		return vz_fail(err, VZ_E_SYSTEM, r, "prepare our terminal");
	}
	r = run_gettys(&c, t, err);
	terminal_close(t);
	return r;
}
