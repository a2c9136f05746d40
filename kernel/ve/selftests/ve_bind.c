// SPDX-License-Identifier: GPL-2.0-only
/* Binding: which processes may become the init of a virtual environment, and who stays in it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "util.h"

static bool is_stopped(const char *ve)
{
	return !strcmp(text_of(ve, "ve.state"), "stopped");
}

/* A child in new namespaces (a number: flags) that does nothing: its pid there. */
static int make_child(const char *flags)
{
	pid_t pid = clone_process(strtoul(flags, NULL, 0), NULL);

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid < 0 ? -errno : pid;
}

static int child_in(struct container *ct, unsigned long flags)
{
	char text[32];

	snprintf(text, sizeof(text), "%#lx", flags);
	return call_container(ct, make_child, text);
}

/* ---- who is refused ---- */

static void foreign_processes_are_refused(void)
{
	const char *ve = make_ve("ve", "900001"), *other = make_ve("other", "900002");
	const char *plain = make_cgroup(base, "plain");
	struct container *in_other = start_container(other, CT_FLAGS);
	struct container *in_plain = start_container(plain, CT_FLAGS);
	struct container *host = start_container(ve, 0);

	check_eq(write_pid(ve, "ve.bind", in_other->pid), -EPERM);
	check_eq(write_pid(ve, "ve.bind", in_plain->pid), -EPERM);
	check_eq(write_pid(ve, "ve.bind", host->pid), -EPERM);
	check_eq(write_pid(ve, "ve.bind", getpid()), -EPERM);
	check_text(text_of(ve, "ve.state"), "configured");
	check_text(text_of(ve, "ve.events"), "start 0\nstop 0\nreboot 0\noom 0");
}

static void who_is_no_init_of_a_container_is_refused(void)
{
	const char *ve = make_ve("ve", "900001");
	struct container *ct = start_container(ve, CT_FLAGS);
	struct container *no_userns, *no_pidns;

	check(child_in(ct, 0) > 0);
	check_eq(write_pid(ve, "ve.bind", other_process(ve, ct->pid)), -EINVAL);
	kill_container(ct);
	no_userns = start_container(ve, CLONE_NEWPID);
	check_eq(write_pid(ve, "ve.bind", no_userns->pid), -EPERM);
	no_pidns = start_container(ve, CLONE_NEWUSER);
	check_eq(write_pid(ve, "ve.bind", no_pidns->pid), -EINVAL);
	check_text(text_of(ve, "ve.state"), "configured");
}

static int enter_user_namespace(const char *unused)
{
	(void)unused;
	return unshare(CLONE_NEWUSER) ? -errno : 0;
}

/* It is the init of a PID namespace of the host's, with a user namespace that it made later. */
static void a_pid_namespace_of_another_is_refused(void)
{
	const char *ve = make_ve("ve", "900001");
	struct container *ct = start_container(ve, CLONE_NEWPID);

	check_eq(call_container(ct, enter_user_namespace, ""), 0);
	check_eq(write_pid(ve, "ve.bind", ct->pid), -EINVAL);
	check_text(text_of(ve, "ve.state"), "configured");
}

static void dead_processes_are_refused(void)
{
	const char *ve = make_ve("ve", "900001");
	struct container *ct = start_container(ve, CT_FLAGS);
	siginfo_t info;
	pid_t pid = ct->pid;

	kill(pid, SIGKILL);
	check_eq(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
	check_eq(write_pid(ve, "ve.bind", pid), -ESRCH);
	kill_container(ct);
	check_eq(write_pid(ve, "ve.bind", pid), -ESRCH);
	check_text(text_of(ve, "ve.state"), "configured");
}

static int setns_and_make_init(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWUSER))
		return -errno;
	return make_child("0x20000000");	/* CLONE_NEWPID */
}

static void what_is_bound_is_refused(void)
{
	const char *ve = make_ve("ve", "900001"), *second = make_ve("second", "900002");
	struct container *ct = start_container(ve, CT_FLAGS);
	struct container *another = start_container(ve, CT_FLAGS);
	struct container *guest = start_container(second, 0);
	char path[64];

	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_eq(write_pid(ve, "ve.bind", ct->pid), -EBUSY);
	check_eq(write_pid(ve, "ve.bind", another->pid), -EBUSY);
	/* A second init, in another VE's cgroup, whose user namespace is that of the first. */
	snprintf(path, sizeof(path), "/proc/%d/ns/user", ct->pid);
	check(call_container(guest, setns_and_make_init, path) > 0);
	check_eq(write_pid(second, "ve.bind", other_process(second, guest->pid)), -EBUSY);
	check_text(text_of(second, "ve.state"), "configured");
	check_text(text_of(ve, "ve.events"), "start 1\nstop 0\nreboot 0\noom 0");
}

/* ---- init goes ---- */

/* Some microseconds, without giving the processor away. */
static void spin(unsigned int much)
{
	for (unsigned int i = 0; i < much * 10; i++)
		getppid();
}

static void bind_while_init_exits(void)
{
	const char *ve = make_ve("ve", "900001");
	unsigned int bound = 0, late = 0;
	int ret;

	for (unsigned int i = 0; i < rounds; i++) {
		struct container *ct = start_container(ve, CT_FLAGS);

		/* When nobody is left to tell it something it exits: before this bind or after. */
		if (i % 3)
			leave_container(ct);
		else
			kill(ct->pid, SIGKILL);
		spin(i % 64);
		ret = write_pid(ve, "ve.bind", ct->pid);
		bound += !ret;
		late += ret == -ESRCH;
		kill_container(ct);
		if (!check(!ret || ret == -ESRCH) ||
		    !check(strcmp(text_of(ve, "ve.state"), "running")))
			break;
	}
	printf("# %u bound, %u too late\n", bound, late);
	check_eq(bound + late, rounds);
	if (bound)
		check(wait_until(is_stopped, ve));
}

static void a_ve_is_stopped_before_its_init_is_reaped(void)
{
	const char *ve = make_ve("ve", "900001");
	struct container *ct = start_container(ve, CT_FLAGS);

	check(child_in(ct, 0) > 0);
	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_text(text_of(ve, "ve.state"), "running");
	check_eq(rmdir(ve), -1);
	check_eq(errno, EBUSY);
	kill(ct->pid, SIGKILL);
	check(wait_until(is_stopped, ve));
	check_text(text_of(ve, "ve.events"), "start 1\nstop 1\nreboot 0\noom 0");
	check_eq(rmdir(ve), 0);
}

static void a_ve_starts_again(void)
{
	const char *ve = make_ve("ve", "900001");

	for (int i = 0; i < 3; i++) {
		struct container *ct = start_container(ve, CT_FLAGS);

		check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
		check_text(text_of(ve, "ve.state"), "running");
		kill_container(ct);
		check_text(text_of(ve, "ve.state"), "stopped");
	}
	check_text(text_of(ve, "ve.events"), "start 3\nstop 3\nreboot 0\noom 0");
}

static void another_init_may_go(void)
{
	const char *ve = make_ve("ve", "900001");
	struct container *ct = start_container(ve, CT_FLAGS);
	pid_t inner;

	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check(child_in(ct, CLONE_NEWPID) > 0);
	inner = other_process(ve, ct->pid);
	check_eq(kill(inner, SIGKILL), 0);
	usleep(200000);
	check_text(text_of(ve, "ve.state"), "running");
	check_text(text_of(ve, "ve.events"), "start 1\nstop 0\nreboot 0\noom 0");
}

/* ---- who stays ---- */

static void processes_do_not_leave_their_ve(void)
{
	const char *ve = make_ve("ve", "900001"), *other = make_ve("other", "900002");
	const char *outside = make_cgroup(base, "outside"), *inside = make_cgroup(ve, "inside");
	struct container *ct = start_container(ve, CT_FLAGS);

	check_eq(write_pid(outside, "cgroup.procs", ct->pid), 0);
	check_eq(write_pid(ve, "cgroup.procs", ct->pid), 0);
	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_eq(write_pid(outside, "cgroup.procs", ct->pid), -EBUSY);
	check_eq(write_pid(other, "cgroup.procs", ct->pid), -EBUSY);
	check_eq(write_pid(inside, "cgroup.procs", ct->pid), 0);
	check_eq(write_pid(outside, "cgroup.procs", ct->pid), -EBUSY);
	check_eq(write_pid(ve, "cgroup.procs", ct->pid), 0);
	check_eq(other_process(ve, 0), ct->pid);
}

static void processes_of_the_host_come_and_go(void)
{
	const char *ve = make_ve("ve", "900001"), *outside = make_cgroup(base, "outside");
	struct container *ct = start_container(ve, CT_FLAGS), *host = start_container(outside, 0);

	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_eq(write_pid(ve, "cgroup.procs", host->pid), 0);
	check_eq(write_pid(outside, "cgroup.procs", host->pid), 0);
	check_eq(write_pid(ve, "cgroup.procs", host->pid), 0);
}

/* The namespace was made before its container was bound, and belongs to the VE from then on. */
static void older_user_namespaces_follow(void)
{
	const char *ve = make_ve("ve", "900001"), *outside = make_cgroup(base, "outside");
	struct container *ct = start_container(ve, CT_FLAGS);
	pid_t inner;

	check(child_in(ct, CLONE_NEWUSER) > 0);
	inner = other_process(ve, ct->pid);
	check_eq(write_pid(outside, "cgroup.procs", inner), 0);
	check_eq(write_pid(ve, "cgroup.procs", inner), 0);
	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_eq(write_pid(outside, "cgroup.procs", inner), -EBUSY);
}

static void env_id_of_older_user_namespaces_follows(void)
{
	const char *ve = make_ve("ve", "900001");
	struct container *ct = start_container(ve, CT_FLAGS);
	char dir[32];
	pid_t inner;

	check(child_in(ct, CLONE_NEWUSER) > 0);
	inner = other_process(ve, ct->pid);
	snprintf(dir, sizeof(dir), "/proc/%d", inner);
	if (!strstr(text_of(dir, "status"), "\nenvID:")) {
		skip_test("/proc/PID/status has no envID in this kernel");
		return;
	}
	check(strstr(text_of(dir, "status"), "\nenvID:\t0\n"));
	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check(strstr(text_of(dir, "status"), "\nenvID:\t900001\n"));
}

/* A child in the cgroup; it exits at once. */
static int clone_into(const char *cgroup)
{
	pid_t pid = clone_process(0, cgroup);

	if (!pid)
		_exit(0);
	if (pid < 0)
		return -errno;
	waitpid(pid, NULL, 0);
	return 0;
}

static void children_are_not_born_outside(void)
{
	const char *ve = make_ve("ve", "900001"), *outside = make_cgroup(base, "outside");
	const char *inside = make_cgroup(ve, "inside");
	struct container *ct = start_container(ve, CT_FLAGS), *host = start_container(outside, 0);

	check_eq(call_container(ct, clone_into, outside), 0);
	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_eq(call_container(ct, clone_into, outside), -EBUSY);
	check_eq(call_container(ct, clone_into, inside), 0);
	check_eq(call_container(ct, clone_into, ve), 0);
	check_eq(call_container(host, clone_into, ve), 0);
	check_eq(write_pid(ve, "cgroup.procs", host->pid), 0);
	check_eq(call_container(host, clone_into, outside), 0);
}

static void controller_stays(void)
{
	const char *parent = make_cgroup(base, "parent"), *ve;
	struct container *ct;

	check_eq(write_file(parent, "cgroup.subtree_control", "+ve"), 0);
	ve = make_cgroup(parent, "ve");
	check_eq(write_file(ve, "ve.id", "900001"), 0);
	ct = start_container(ve, CT_FLAGS);
	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_eq(write_file(parent, "cgroup.subtree_control", "-ve"), -EBUSY);
	check_text(text_of(ve, "ve.state"), "running");
	kill_container(ct);
	check_eq(write_file(parent, "cgroup.subtree_control", "-ve"), 0);
	check_text(text_of(ve, "ve.state"), "error 2");
}

/* Where a runtime enables all controllers below: the processes are still the VE's. */
static void a_controller_below_changes_nothing(void)
{
	const char *ve = make_ve("ve", "900001"), *outside = make_cgroup(base, "outside"), *inside;
	struct container *ct;

	check_eq(write_file(ve, "cgroup.subtree_control", "+ve"), 0);
	inside = make_cgroup(ve, "inside");
	ct = start_container(inside, CT_FLAGS);
	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_text(text_of(inside, "ve.state"), "running");
	check_eq(write_pid(outside, "cgroup.procs", ct->pid), -EBUSY);
	kill_container(ct);
	check_text(text_of(inside, "ve.state"), "stopped");
}

static const struct test tests[] = {
	{ "processes of others and of the host are refused", foreign_processes_are_refused },
	{ "who is not init of a container is refused", who_is_no_init_of_a_container_is_refused },
	{ "a PID namespace of another owner is refused", a_pid_namespace_of_another_is_refused },
	{ "dead processes are refused", dead_processes_are_refused },
	{ "a VE that runs, or a namespace that is bound, is refused", what_is_bound_is_refused },
	{ "an init that exits meanwhile is bound and stopped, or refused", bind_while_init_exits },
	{ "a VE is stopped before its init is reaped", a_ve_is_stopped_before_its_init_is_reaped },
	{ "a VE starts again, with new namespaces", a_ve_starts_again },
	{ "another init in a VE may go", another_init_may_go },
	{ "processes do not leave their VE", processes_do_not_leave_their_ve },
	{ "processes of the host come and go", processes_of_the_host_come_and_go },
	{ "user namespaces made before follow", older_user_namespaces_follow },
	{ "envID of user namespaces made before follows", env_id_of_older_user_namespaces_follows },
	{ "children are not born outside of the VE", children_are_not_born_outside },
	{ "the controller stays while processes are there", controller_stays },
	{ "the controller below a VE changes nothing", a_controller_below_changes_nothing },
};

int main(int argc, char **argv)
{
	return run_tests(tests, ARRAY_SIZE(tests), argc, argv);
}
