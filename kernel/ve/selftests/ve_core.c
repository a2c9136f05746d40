// SPDX-License-Identifier: GPL-2.0-only
/* The object: ids, what may be written into the files of a virtual environment, its end. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include "util.h"

static const char *const files[] = {
	"ve.id", "ve.state", "ve.name", "ve.osrelease", "ve.features", "ve.cpus", "ve.events",
};

static void no_files_in_the_root(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++) {
		check_text(text_of(cgroup_root, files[i]), "error 2");
		check(strncmp(text_of(base, files[i]), "error", 5));
	}
	check_eq(write_file(cgroup_root, "ve.bind", "1"), -ENOENT);
}

/* ---- every wrong write ---- */

enum where {
	PLAIN,		/* a cgroup without an id */
	FRESH,		/* a VE that was never bound */
	BELOW,		/* a cgroup in a VE */
	RUNNING,
	NR_WHERE
};

#define LONG_64	"0123456789012345678901234567890123456789012345678901234567890123"

static const struct wrong {
	enum where	where;
	const char	*file;
	const char	*text;
	int		error;
} wrong[] = {
	{ PLAIN,	"ve.id",	"\n",			EINVAL },
	{ PLAIN,	"ve.id",	"0",			ERANGE },
	{ PLAIN,	"ve.id",	"-1",			EINVAL },
	{ PLAIN,	"ve.id",	"2147483648",		ERANGE },
	{ PLAIN,	"ve.id",	"4294967296",		ERANGE },
	{ PLAIN,	"ve.id",	"99999999999999999999",	ERANGE },
	{ PLAIN,	"ve.id",	"1x",			EINVAL },
	{ PLAIN,	"ve.id",	"0x10",			EINVAL },
	{ PLAIN,	"ve.id",	"1 2",			EINVAL },
	{ PLAIN,	"ve.id",	"1.5",			EINVAL },
	{ PLAIN,	"ve.id",	"max",			EINVAL },
	{ PLAIN,	"ve.id",	"900001",		EEXIST },
	{ PLAIN,	"ve.state",	"START",		ENXIO },
	{ PLAIN,	"ve.bind",	"1",			ENXIO },
	{ PLAIN,	"ve.name",	"x",			ENXIO },
	{ PLAIN,	"ve.osrelease",	"x",			ENXIO },
	{ PLAIN,	"ve.features",	"-detect",		ENXIO },
	{ PLAIN,	"ve.cpus",	"1",			ENXIO },
	{ PLAIN,	"ve.events",	"x",			EINVAL },

	{ FRESH,	"ve.id",	"900009",		EBUSY },
	{ FRESH,	"ve.id",	"900001",		EBUSY },
	{ FRESH,	"ve.state",	"\n",			EINVAL },
	{ FRESH,	"ve.state",	"start",		EINVAL },
	{ FRESH,	"ve.state",	"STOP",			EINVAL },
	{ FRESH,	"ve.state",	"running",		EINVAL },
	{ FRESH,	"ve.state",	"START",		EPERM },
	{ FRESH,	"ve.bind",	"\n",			EINVAL },
	{ FRESH,	"ve.bind",	"0",			EINVAL },
	{ FRESH,	"ve.bind",	"-1",			EINVAL },
	{ FRESH,	"ve.bind",	"x",			EINVAL },
	{ FRESH,	"ve.bind",	"1 1",			EINVAL },
	{ FRESH,	"ve.bind",	"99999999999",		EINVAL },
	{ FRESH,	"ve.bind",	"2147483647",		ESRCH },
	{ FRESH,	"ve.bind",	"1",			EPERM },
	{ FRESH,	"ve.bind",	"2",			EPERM },
	{ FRESH,	"ve.name",	LONG_64,		ENAMETOOLONG },
	{ FRESH,	"ve.name",	"a\tb",			EINVAL },
	{ FRESH,	"ve.name",	"a\nb",			EINVAL },
	{ FRESH,	"ve.name",	"caf\xc3\xa9",		EINVAL },
	{ FRESH,	"ve.name",	"\x7f",			EINVAL },
	{ FRESH,	"ve.osrelease",	LONG_64 "x",		ENAMETOOLONG },
	{ FRESH,	"ve.osrelease",	"6.1\x01",		EINVAL },
	{ FRESH,	"ve.osrelease",	"6.1\n6.2",		EINVAL },
	{ FRESH,	"ve.features",	"detect",		EINVAL },
	{ FRESH,	"ve.features",	"+",			EINVAL },
	{ FRESH,	"ve.features",	"+nothing",		EINVAL },
	{ FRESH,	"ve.features",	"-detect +nothing",	EINVAL },
	{ FRESH,	"ve.features",	"-detect,-cpuview",	EINVAL },
	{ FRESH,	"ve.features",	"- detect",		EINVAL },
	{ FRESH,	"ve.cpus",	"\n",			EINVAL },
	{ FRESH,	"ve.cpus",	"0",			ERANGE },
	{ FRESH,	"ve.cpus",	"-1",			EINVAL },
	{ FRESH,	"ve.cpus",	"8193",			ERANGE },
	{ FRESH,	"ve.cpus",	"99999999999",		ERANGE },
	{ FRESH,	"ve.cpus",	"1.5",			EINVAL },
	{ FRESH,	"ve.cpus",	"all",			EINVAL },
	{ FRESH,	"ve.events",	"start 0",		EINVAL },
	{ FRESH,	"ve.loadavg",	"0",			EINVAL },

	{ BELOW,	"ve.id",	"900009",		EPERM },
	{ BELOW,	"ve.state",	"START",		EPERM },
	{ BELOW,	"ve.bind",	"1",			EPERM },
	{ BELOW,	"ve.name",	"x",			EPERM },
	{ BELOW,	"ve.osrelease",	"x",			EPERM },
	{ BELOW,	"ve.features",	"-detect",		EPERM },
	{ BELOW,	"ve.cpus",	"1",			EPERM },

	{ RUNNING,	"ve.id",	"900009",		EBUSY },
	{ RUNNING,	"ve.state",	"STOP",			EINVAL },
	{ RUNNING,	"ve.state",	"START",		EPERM },
	{ RUNNING,	"ve.bind",	"1",			EPERM },
	{ RUNNING,	"ve.name",	LONG_64,		ENAMETOOLONG },
	{ RUNNING,	"ve.osrelease",	LONG_64 "x",		ENAMETOOLONG },
	{ RUNNING,	"ve.features",	"-detect +nothing",	EINVAL },
	{ RUNNING,	"ve.cpus",	"0",			ERANGE },
};

/* What all files of a cgroup say, in one text. */
static void snapshot(const char *cgroup, char *buf, size_t size)
{
	size_t len = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++)
		len += snprintf(buf + len, size - len, "%s=%s;", files[i],
				text_of(cgroup, files[i]));
}

static void try_wrong(const struct wrong *w, const char *cgroup)
{
	char before[2048], after[2048], what[256];

	snapshot(cgroup, before, sizeof(before));
	snprintf(what, sizeof(what), "\"%s\" into %s (case %d)", w->text, w->file, w->where);
	check_eq_at(write_file(cgroup, w->file, w->text), -w->error, __FILE__, __LINE__, what);
	snapshot(cgroup, after, sizeof(after));
	check_text_at(after, before, __FILE__, __LINE__, what);
}

static void wrong_writes_change_nothing(void)
{
	const char *cgroups[NR_WHERE];
	struct container *ct;

	cgroups[PLAIN] = make_cgroup(base, "plain");
	cgroups[FRESH] = make_ve("fresh", "900001");
	check_eq(write_file(cgroups[FRESH], "cgroup.subtree_control", "+ve"), 0);
	cgroups[BELOW] = make_cgroup(cgroups[FRESH], "below");
	cgroups[RUNNING] = make_ve("running", "900002");
	ct = start_container(cgroups[RUNNING], CT_FLAGS);
	check_eq(write_pid(cgroups[RUNNING], "ve.bind", ct->pid), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++)
		try_wrong(&wrong[i], cgroups[wrong[i].where]);
	check_text(text_of(cgroups[PLAIN], "ve.id"), "0");
	check_text(text_of(cgroups[BELOW], "ve.id"), "900001");
	check_text(text_of(cgroups[FRESH], "ve.bind"), "error 22");
}

static void right_writes_are_read_back(void)
{
	static const struct {
		const char *file, *text, *result;
	} right[] = {
		{ "ve.name",		"web 1",		"web 1" },
		{ "ve.name",		"  ",			"" },
		{ "ve.osrelease",	"2.6.32-042stab145.3",	"2.6.32-042stab145.3" },
		{ "ve.features",	"-detect -cpuview",	"procview" },
		{ "ve.features",	"  +detect  -procview ", "detect" },
		{ "ve.features",	"-detect",		"" },
		{ "ve.features",	"\n",			"" },
		{ "ve.features",	"+procview +cpuview +detect -detect", "procview cpuview" },
		{ "ve.cpus",		"1",			"1" },
		{ "ve.cpus",		"8192\n",		"8192" },
		{ "ve.cpus",		"max",			"max" },
	};
	const char *ve = make_ve("ve", "2147483647");

	check_text(text_of(ve, "ve.id"), "2147483647");
	check_text(text_of(ve, "ve.state"), "configured");
	check_text(text_of(ve, "ve.features"), "procview cpuview detect");
	check_text(text_of(ve, "ve.cpus"), "max");
	check_text(text_of(ve, "ve.events"), "start 0\nstop 0\nreboot 0\noom 0");
	for (unsigned int i = 0; i < ARRAY_SIZE(right); i++) {
		check_eq(write_file(ve, right[i].file, right[i].text), 0);
		check_text(text_of(ve, right[i].file), right[i].result);
	}
}

/* ---- whose files they are ---- */

/* A cgroup, in a container whose root is the host's: opening is allowed, what is written is not. */
static int write_all_files(const char *cgroup)
{
	static const char *const texts[][2] = {
		{ "ve.id", "900009" }, { "ve.state", "START" }, { "ve.bind", "1" },
		{ "ve.name", "x" }, { "ve.osrelease", "x" }, { "ve.features", "-detect" },
		{ "ve.cpus", "1" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(texts); i++)
		if (write_file(cgroup, texts[i][0], texts[i][1]) != -EPERM)
			return i + 1;
	return 0;
}

static void root_of_a_ve_writes_nothing(void)
{
	const char *ve = make_ve("ve", "900001"), *plain = make_cgroup(base, "plain");
	struct container *ct = start_container(ve, CT_FLAGS);
	char before[2048], after[2048];

	check_eq(call_container(ct, write_all_files, ve), 0);
	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	snapshot(ve, before, sizeof(before));
	check_eq(call_container(ct, write_all_files, ve), 0);
	check_eq(call_container(ct, write_all_files, plain), 0);
	snapshot(ve, after, sizeof(after));
	check_text(after, before);
}

/* A descriptor, as a number: what its opener may do counts. */
static int write_to_descriptor(const char *fd)
{
	return write(atoi(fd), "START", 5) == 5 ? 0 : -errno;
}

static void init_starts_itself(void)
{
	const char *ve = make_ve("ve", "900001");
	char path[300], fd[16];
	struct container *ct;

	snprintf(path, sizeof(path), "%s/ve.state", ve);
	snprintf(fd, sizeof(fd), "%d", open(path, O_WRONLY));
	ct = start_container(ve, CT_FLAGS);
	check_eq(call_container(ct, write_to_descriptor, fd), 0);
	check_text(text_of(ve, "ve.state"), "running");
	check_eq(call_container(ct, write_to_descriptor, fd), -EBUSY);
	close(atoi(fd));
	check_text(text_of(ve, "ve.events"), "start 1\nstop 0\nreboot 0\noom 0");
}

/* ---- ids ---- */

static void ids_are_one_of_a_kind(void)
{
	const char *first = make_ve("first", "900001"), *second = make_cgroup(base, "second");
	const char *parent = make_cgroup(base, "parent");

	check_eq(write_file(second, "ve.id", "900001"), -EEXIST);
	check_eq(write_file(first, "ve.id", "900001"), -EBUSY);
	check_eq(write_file(second, "ve.id", "900002"), 0);
	check_eq(write_file(parent, "cgroup.subtree_control", "+ve"), 0);
	make_cgroup(parent, "child");
	check_eq(write_file(parent, "ve.id", "900003"), -EBUSY);
	check_text(text_of(parent, "ve.id"), "0");
}

/* Both ways in which a cgroup below loses the controller: it goes, or the controller does. */
static void what_is_gone_below_does_not_count(void)
{
	for (unsigned int i = 0; i < rounds; i++) {
		const char *parent = make_cgroup(base, "parent"), *child;

		check_eq(write_file(parent, "cgroup.subtree_control", "+ve"), 0);
		child = make_cgroup(parent, "child");
		check_eq(write_file(parent, "ve.id", "900001"), -EBUSY);
		if (i % 2)
			check_eq(write_file(parent, "cgroup.subtree_control", "-ve"), 0);
		else
			check_eq(rmdir(child), 0);
		if (!check_eq(write_file(parent, "ve.id", "900001"), 0) || !end_test())
			break;
	}
}

static void id_is_free_when_rmdir_is_back(void)
{
	for (unsigned int i = 0; i < rounds; i++) {
		const char *ve = make_ve("ve", "900001");

		if (!check_eq(rmdir(ve), 0) || !end_test())
			break;
	}
}

static void id_is_free_before_the_object_goes(void)
{
	const char *ve = make_ve("ve", "900001");
	struct container *ct = start_container(ve, CT_FLAGS);
	char path[64];
	int ns;

	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	snprintf(path, sizeof(path), "/proc/%d/ns/user", ct->pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	check(ns >= 0);
	kill_container(ct);
	check_eq(rmdir(ve), 0);
	make_ve("next", "900001");
	close(ns);
}

static void id_is_free_when_the_controller_goes(void)
{
	const char *parent = make_cgroup(base, "parent"), *ve;

	check_eq(write_file(parent, "cgroup.subtree_control", "+ve"), 0);
	ve = make_cgroup(parent, "ve");
	check_eq(write_file(ve, "ve.id", "900001"), 0);
	check_eq(write_file(parent, "cgroup.subtree_control", "-ve"), 0);
	check_text(text_of(ve, "ve.id"), "error 2");
	make_ve("next", "900001");
	check_eq(write_file(parent, "cgroup.subtree_control", "+ve"), 0);
	check_text(text_of(ve, "ve.id"), "0");
}

/* Below others with the controller that is refused anyway; so these are below the root. */
static const char *make_ve_below_the_root(void)
{
	const char *ve = make_cgroup(cgroup_root, "ve_test.threaded");

	check_eq(write_file(ve, "ve.id", "900001"), 0);
	return ve;
}

/* Nothing runs in it, and nothing can any more: the cgroup is the administrator's to spoil. */
static void threaded_ends_an_empty_ve(void)
{
	const char *ve = make_ve_below_the_root();

	check_eq(write_file(ve, "cgroup.type", "threaded"), 0);
	check_text(text_of(ve, "ve.id"), "error 2");
	make_ve("next", "900001");
}

static void a_populated_ve_does_not_become_threaded(void)
{
	const char *ve = make_ve_below_the_root();
	struct container *ct = start_container(ve, CT_FLAGS);

	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_eq(write_file(ve, "cgroup.type", "threaded"), -EOPNOTSUPP);
	check_text(text_of(ve, "ve.state"), "running");
}

/* ---- events ---- */

static void events_wake_who_waits(void)
{
	const char *ve = make_ve("ve", "900001");
	struct container *ct = start_container(ve, CT_FLAGS);
	struct pollfd poller = { .events = POLLPRI };
	char path[300], text[128];

	snprintf(path, sizeof(path), "%s/ve.events", ve);
	poller.fd = open(path, O_RDONLY | O_CLOEXEC);
	check(read(poller.fd, text, sizeof(text)) > 0);
	check_eq(poll(&poller, 1, 0), 0);
	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_eq(poll(&poller, 1, 10000), 1);
	check_text(text_of(ve, "ve.events"), "start 1\nstop 0\nreboot 0\noom 0");
	check(pread(poller.fd, text, sizeof(text), 0) > 0);
	kill_container(ct);
	check_eq(poll(&poller, 1, 10000), 1);
	check_text(text_of(ve, "ve.events"), "start 1\nstop 1\nreboot 0\noom 0");
	close(poller.fd);
}

/* Only ever inside: there it ends the PID namespace. */
static int call_reboot(const char *how)
{
	return reboot(strcmp(how, "restart") ? RB_POWER_OFF : RB_AUTOBOOT);
}

static void a_reboot_is_told_from_a_poweroff(void)
{
	const char *ve = make_ve("ve", "900001");
	struct container *ct = start_container(ve, CT_FLAGS);

	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_eq(call_container(ct, call_reboot, "poweroff"), -EPIPE);
	kill_container(ct);
	check_text(text_of(ve, "ve.events"), "start 1\nstop 1\nreboot 0\noom 0");
	ct = start_container(ve, CT_FLAGS);
	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_eq(call_container(ct, call_reboot, "restart"), -EPIPE);
	kill_container(ct);
	check_text(text_of(ve, "ve.events"), "start 2\nstop 2\nreboot 1\noom 0");
}

/* ---- uname ---- */

static int release_is(const char *text)
{
	struct utsname uts;

	return uname(&uts) || strcmp(uts.release, text);
}

static void osrelease_is_what_uname_says(void)
{
	const char *ve = make_ve("ve", "900001");
	struct container *ct = start_container(ve, CT_FLAGS);
	struct utsname host;

	uname(&host);
	check_text(text_of(ve, "ve.osrelease"), host.release);
	check_eq(write_file(ve, "ve.osrelease", "4.18.0-before"), 0);
	check_eq(call_container(ct, release_is, host.release), 0);
	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_eq(call_container(ct, release_is, "4.18.0-before"), 0);
	check_eq(write_file(ve, "ve.osrelease", "5.14.0-after"), 0);
	check_eq(call_container(ct, release_is, "5.14.0-after"), 0);
	check_eq(write_file(ve, "ve.osrelease", "\n"), 0);
	check_eq(call_container(ct, release_is, host.release), 0);
	check_text(text_of(ve, "ve.osrelease"), host.release);
	check_eq(release_is(host.release), 0);
}

static void osrelease_needs_a_uts_namespace(void)
{
	const char *ve = make_ve("ve", "900001");
	struct container *ct = start_container(ve, CT_FLAGS & ~CLONE_NEWUTS);
	struct utsname host;

	uname(&host);
	check_eq(write_file(ve, "ve.osrelease", "4.18.0-other"), 0);
	check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
	check_eq(call_container(ct, release_is, host.release), 0);
	check_eq(write_file(ve, "ve.osrelease", "5.14.0-other"), -ENXIO);
	check_eq(release_is(host.release), 0);
}

/* ---- many ---- */

/* Those of the tests before go when RCU lets them: what stays for so long is there to stay. */
static long settled_objects(void)
{
	long before, now = count_objects();

	do {
		before = now;
		sleep(2);
		now = count_objects();
	} while (now < before);
	return now;
}

/* Each bound to a container, so that cgroups, user namespaces and bindings all drop theirs. */
static void many_come_and_go(void)
{
	long before = settled_objects();

	if (before < 0) {
		skip_test("this kernel has no /proc/slabinfo");
		return;
	}
	for (unsigned int i = 0; i < rounds; i++) {
		const char *ve = make_ve("ve", "900001");

		if (i % 8 == 0) {
			struct container *ct = start_container(ve, CT_FLAGS);

			check_eq(write_pid(ve, "ve.bind", ct->pid), 0);
		}
		if (!end_test())
			break;
	}
	check(wait_for_objects(before));
	check_eq(count_objects(), before);
}

static void many_at_once(void)
{
	char name[16], id[16];
	long before = settled_objects();

	for (int i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "ve%d", i);
		snprintf(id, sizeof(id), "%d", 900001 + i);
		make_ve(name, id);
	}
	if (before < 0) {
		skip_test("this kernel has no /proc/slabinfo");
		return;
	}
	check_eq(count_objects(), before + 60);
	end_test();
	check(wait_for_objects(before));
}

static const struct test tests[] = {
	{ "the root cgroup has no files of VEs", no_files_in_the_root },
	{ "every wrong write says why and changes nothing", wrong_writes_change_nothing },
	{ "what is written is read back", right_writes_are_read_back },
	{ "root of a VE writes none of its files", root_of_a_ve_writes_nothing },
	{ "an init binds itself with START, to a file that the host opened", init_starts_itself },
	{ "an id is one of a kind, set once, and not above other cgroups", ids_are_one_of_a_kind },
	{ "an id may be set above cgroups that are gone", what_is_gone_below_does_not_count },
	{ "an id is free when rmdir is back", id_is_free_when_rmdir_is_back },
	{ "an id is free while a user namespace lives on", id_is_free_before_the_object_goes },
	{ "an id is free when the controller is taken away", id_is_free_when_the_controller_goes },
	{ "an empty VE that becomes threaded is gone", threaded_ends_an_empty_ve },
	{ "a VE with processes does not become threaded", a_populated_ve_does_not_become_threaded },
	{ "start and stop are counted and wake who polls", events_wake_who_waits },
	{ "a reboot is told from a poweroff", a_reboot_is_told_from_a_poweroff },
	{ "uname says what osrelease says", osrelease_is_what_uname_says },
	{ "osrelease leaves alone what is not the VE's", osrelease_needs_a_uts_namespace },
	{ "many VEs one after another leave nothing behind", many_come_and_go },
	{ "many VEs at once leave nothing behind", many_at_once },
};

int main(int argc, char **argv)
{
	return run_tests(tests, ARRAY_SIZE(tests), argc, argv);
}
