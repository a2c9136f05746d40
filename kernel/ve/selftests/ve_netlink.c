// SPDX-License-Identifier: GPL-2.0-only
/* The netlink family: the list, events, and that nobody in a virtual environment gets any of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <linux/ve.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "util.h"

#define MAX_LIST	4096

static struct nl_ve list[MAX_LIST];

static const struct nl_ve *find_in_list(int count, __u32 id)
{
	for (int i = 0; i < count; i++)
		if (list[i].id == id)
			return &list[i];
	return NULL;
}

static void one_ve_is_told(void)
{
	const char *ve = make_ve("ve", "900001");
	struct container *ct = start_container(ve, CT_FLAGS);
	struct nl_ve got;
	struct nl nl;

	check_eq(nl_open(&nl), 0);
	check_eq(write_file(ve, "ve.name", "web"), 0);
	check_eq(nl_get(&nl, 900001, &got), 0);
	check_eq(got.id, 900001);
	check_eq(got.pid, 0);
	check_text(got.name, "web");
	check_text(got.state, "configured");
	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_eq(nl_get(&nl, 900001, &got), 0);
	check_eq(got.pid, ct->pid);
	check_text(got.state, "running");
	kill_container(ct);
	check_eq(nl_get(&nl, 900001, &got), 0);
	check_eq(got.pid, 0);
	check_text(got.state, "stopped");
	check_eq(rmdir(ve), 0);
	check_eq(nl_get(&nl, 900001, &got), -ENOENT);
	close(nl.fd);
}

static void errors_say_what_is_wrong(void)
{
	struct nl_ve got;
	struct nl nl;

	check_eq(nl_open(&nl), 0);
	check_eq(nl_get(&nl, 900009, &got), -ENOENT);
	check_text(nl.message, "there is no VE with this id");
	check_eq(nl_get(&nl, 0xffffffff, &got), -ENOENT);
	check_eq(nl_get(&nl, 0, &got), -EINVAL);
	check_text(nl.message, "an id is needed, or a dump");
	close(nl.fd);
}

/* More than fit into one message, with ids that a list in parts has to find its way through. */
static void all_ves_are_listed(void)
{
	const struct nl_ve *ve;
	const char *cgroup;
	char name[16], id[16];
	int count, before;
	struct nl nl;

	check_eq(nl_open(&nl), 0);
	before = nl_dump(&nl, list, MAX_LIST);
	check(before >= 0);
	for (int i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "ve%d", i);
		snprintf(id, sizeof(id), "%d", 2147483647 - i * 1000003);
		cgroup = make_ve(name, id);
		snprintf(name, sizeof(name), "name %d", i);
		check_eq(write_file(cgroup, "ve.name", name), 0);
	}
	count = nl_dump(&nl, list, MAX_LIST);
	check_eq(count, before + 60);
	for (int i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "name %d", i);
		ve = find_in_list(count, 2147483647 - i * 1000003);
		if (check(ve))
			check_text(ve->name, name);
	}
	end_test();
	check_eq(nl_dump(&nl, list, MAX_LIST), before);
	close(nl.fd);
}

/* ---- events ---- */

static void events_are_told(void)
{
	const char *ve = make_ve("ve", "900001");
	struct container *ct = start_container(ve, CT_FLAGS);
	struct nl_ve got;
	struct nl nl;

	check_eq(nl_open(&nl), 0);
	check_eq(nl_subscribe(&nl), 0);
	check_eq(write_file(ve, "ve.name", "web"), 0);
	check_eq(write_pid(ve, "ve.bind", getpid()), -EPERM);
	check_eq(nl_event(&nl, &got, 100), -ETIMEDOUT);
	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_eq(nl_event(&nl, &got, 10000), 0);
	check_eq(got.cmd, VE_CMD_START);
	check_eq(got.id, 900001);
	check_text(got.name, "web");
	kill_container(ct);
	check_eq(nl_event(&nl, &got, 10000), 0);
	check_eq(got.cmd, VE_CMD_STOP);
	check_eq(got.id, 900001);
	check_text(got.name, "web");
	check_text(got.state, "");
	check_eq(nl_event(&nl, &got, 100), -ETIMEDOUT);
	close(nl.fd);
}

static int restart(const char *unused)
{
	(void)unused;
	return reboot(RB_AUTOBOOT);
}

static void a_reboot_is_told_before_the_stop(void)
{
	const char *ve = make_ve("ve", "900001");
	struct container *ct = start_container(ve, CT_FLAGS);
	struct nl_ve got;
	struct nl nl;

	check_eq(nl_open(&nl), 0);
	check_eq(write_file(ve, "ve.name", "web"), 0);
	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_eq(nl_subscribe(&nl), 0);
	check_eq(call_container(ct, restart, ""), -EPIPE);
	check_eq(nl_event(&nl, &got, 10000), 0);
	check_eq(got.cmd, VE_CMD_REBOOT);
	check_eq(got.id, 900001);
	check_text(got.name, "web");
	check_eq(nl_event(&nl, &got, 10000), 0);
	check_eq(got.cmd, VE_CMD_STOP);
	check_eq(nl_event(&nl, &got, 100), -ETIMEDOUT);
	close(nl.fd);
}

#define EATEN	(64 << 20)

/* A child takes more than there is: the signal that it died of. */
static int eat_memory(const char *name)
{
	const int prot = PROT_READ | PROT_WRITE;
	pid_t pid = fork();
	int status;

	if (!pid) {
		prctl(PR_SET_NAME, name);
		memset(mmap(NULL, EATEN, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, EATEN);
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void who_is_killed_for_want_of_memory_is_told(void)
{
	struct container *ct;
	struct nl_ve got;
	const char *ve;
	struct nl nl;

	if (write_file(cgroup_root, "cgroup.subtree_control", "+memory") ||
	    write_file(base, "cgroup.subtree_control", "+memory")) {
		skip_test("this kernel has no memory cgroups");
		return;
	}
	ve = make_ve("ve", "900001");
	check_eq(write_file(ve, "memory.max", "16M"), 0);
	/* Without swap in the kernel there is no such file. */
	write_file(ve, "memory.swap.max", "0");
	ct = start_container(ve, CT_FLAGS);
	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_eq(nl_open(&nl), 0);
	check_eq(nl_subscribe(&nl), 0);
	check_eq(call_container(ct, eat_memory, "hungry"), SIGKILL);
	check_eq(nl_event(&nl, &got, 10000), 0);
	check_eq(got.cmd, VE_CMD_OOM);
	check_eq(got.id, 900001);
	check(got.victim && got.victim != (__u32)ct->pid);
	check_text(got.comm, "hungry");
	check_text(text_of(ve, "ve.events"), "start 1\nstop 0\nreboot 0\noom 1");
	check_eq(nl_event(&nl, &got, 100), -ETIMEDOUT);
	close(nl.fd);
	end_test();
	check_eq(write_file(base, "cgroup.subtree_control", "-memory"), 0);
}

/* Who does not read loses events and is told so, and the VEs go on. */
static void a_slow_subscriber_holds_nobody_up(void)
{
	const char *ve = make_ve("ve", "900001");
	struct nl_ve got;
	int ret = 0, one = 1;
	struct nl nl;

	check_eq(nl_open(&nl), 0);
	check_eq(setsockopt(nl.fd, SOL_SOCKET, SO_RCVBUF, &one, sizeof(one)), 0);
	check_eq(nl_subscribe(&nl), 0);
	for (int i = 0; i < 20; i++) {
		struct container *ct = start_container(ve, CT_FLAGS);

		check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
		kill_container(ct);
	}
	check_text(text_of(ve, "ve.events"), "start 20\nstop 20\nreboot 0\noom 0");
	for (int i = 0; i < 40 && !ret; i++)
		ret = nl_event(&nl, &got, 1000);
	check_eq(ret, -ENOBUFS);
	close(nl.fd);
}

/* ---- in a VE ---- */

/* In the host's network namespace the family is there: all that it does is refused. */
static int ask_and_listen(const char *unused)
{
	__u32 id = 900001;
	struct nl_ve got;
	struct nl nl;

	(void)unused;
	if (nl_open(&nl))
		return 1;
	if (nl_get(&nl, id, &got) != -EPERM)
		return 2;
	if (nl_dump(&nl, &got, 1) != -EPERM)
		return 3;
	if (nl_subscribe(&nl) != -EPERM)
		return 4;
	close(nl.fd);
	return 0;
}

static int find_family_here(const char *unused)
{
	struct nl nl;
	int ret = nl_open(&nl);

	(void)unused;
	close(nl.fd);
	return ret;
}

static void root_of_a_ve_learns_nothing(void)
{
	const char *ve = make_ve("ve", "900001"), *other = make_ve("other", "900002");
	struct container *shares = start_container(ve, CT_FLAGS);
	struct container *has_own = start_container(other, CT_FLAGS | CLONE_NEWNET);

	check_eq(call_container(shares, ask_and_listen, ""), 0);
	check_eq(write_pid(ve, "ve.bind", shares->pid), 0);
	check_eq(write_pid(other, "ve.bind", has_own->pid), 0);
	check_eq(call_container(shares, ask_and_listen, ""), 0);
	check_eq(call_container(has_own, find_family_here, ""), -ENOENT);
}

/* Of a PID namespace of the host: it has the right, and sees what is below it. */
static int pid_of_ve(const char *unused)
{
	struct nl_ve got;
	struct nl nl;

	(void)unused;
	if (nl_open(&nl) || nl_get(&nl, 900001, &got))
		return -1;
	close(nl.fd);
	return got.pid;
}

static void the_init_is_told_as_the_reader_sees_it(void)
{
	const char *ve = make_ve("ve", "900001"), *plain = make_cgroup(base, "plain");
	struct container *ct = start_container(ve, CT_FLAGS);
	struct container *reader = start_container(plain, CLONE_NEWPID);

	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_eq(pid_of_ve(""), ct->pid);
	check_eq(call_container(reader, pid_of_ve, ""), 0);
}

static const struct test tests[] = {
	{ "one VE is told, with its state and init", one_ve_is_told },
	{ "errors say what is wrong", errors_say_what_is_wrong },
	{ "all VEs are listed", all_ves_are_listed },
	{ "start and stop are told to subscribers", events_are_told },
	{ "a reboot is told before the stop", a_reboot_is_told_before_the_stop },
	{ "who is killed for want of memory is told", who_is_killed_for_want_of_memory_is_told },
	{ "a slow subscriber holds nobody up", a_slow_subscriber_holds_nobody_up },
	{ "the init is told as the reader sees it", the_init_is_told_as_the_reader_sees_it },
	{ "root of a VE learns nothing", root_of_a_ve_learns_nothing },
};

int main(int argc, char **argv)
{
	return run_tests(tests, ARRAY_SIZE(tests), argc, argv);
}
