/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of virtual environments share: cgroups, containers to be bound, netlink. Nothing
 * of a test is left behind: end_test() kills and removes what was made since the one before.
 */
#ifndef _VE_UTIL_H
#define _VE_UTIL_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

/* ---- the runner ---- */

struct test {
	const char	*name;
	void		(*run)(void);
};

/* How often what is repeated is: -n, default 500. */
extern unsigned int rounds;

int run_tests(const struct test *tests, unsigned int nr, int argc, char **argv);

/* Note a failure, and go on: prints what was expected where. Returns whether it holds. */
#define check(cond)		check_at(cond, __FILE__, __LINE__, #cond)
#define check_eq(got, want)	check_eq_at(got, want, __FILE__, __LINE__, #got)
#define check_text(got, want)	check_text_at(got, want, __FILE__, __LINE__, #got)

bool check_at(bool holds, const char *file, int line, const char *what);
bool check_eq_at(long got, long want, const char *file, int line, const char *what);
bool check_text_at(const char *got, const char *want, const char *file, int line, const char *what);

/* The test says nothing, for this reason. */
void skip_test(const char *reason);

/* ---- cgroups ---- */

/* Where all cgroups of the tests are; made by open_base(). Its children have the controller. */
extern char base[];
/* The root of the hierarchy; its children have the controller, too. */
extern char cgroup_root[];

void open_base(void);
void close_base(void);

/* A new cgroup, removed by end_test(). The name stays until then. */
const char *make_cgroup(const char *parent, const char *name);
/* The same with an id: a VE. */
const char *make_ve(const char *name, const char *id);

/* 0 or -errno. What is read has no newline at its end. */
int write_file(const char *dir, const char *file, const char *text);
int read_file(const char *dir, const char *file, char *buf, size_t size);
int write_pid(const char *dir, const char *file, pid_t pid);
/* What a file says, in a buffer that is used again four calls later; "error N" if nothing. */
const char *text_of(const char *dir, const char *file);

/* The first process in a cgroup that is not the one, or 0. */
pid_t other_process(const char *cgroup, pid_t not_this);

/* Kill everything, reap and remove all that was made. Returns whether all could be removed. */
bool end_test(void);

/* Up to ten seconds, until the function says so. */
bool wait_until(bool (*done)(const char *text), const char *text);

/* ---- containers ---- */

#define CT_FLAGS	(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWNS)

struct container {
	pid_t	pid;
	int	socket;
};

/* A process with these new namespaces, born in the cgroup, that does what it is told. */
struct container *start_container(const char *cgroup, __u64 flags);
/* Run a function in its init and return what that returns. */
int call_container(struct container *ct, int (*fn)(const char *text), const char *text);
void kill_container(struct container *ct);
/* It hears nothing any more, and exits. */
void leave_container(struct container *ct);

pid_t clone_process(__u64 flags, const char *cgroup);
int pidfd_of(pid_t pid);

/* ---- netlink ---- */

struct nl_ve {
	int	cmd;
	__u32	id;
	__u32	pid;
	__u32	victim;
	char	comm[16];
	bool	has_name;
	char	name[128];
	char	state[32];
};

struct nl {
	int	fd;
	__u16	family;
	__u32	group;
	char	message[128];	/* what the kernel said of the last error */
};

/* All return 0, a number of VEs, or -errno. */
int nl_open(struct nl *nl);
int nl_subscribe(struct nl *nl);
int nl_request(struct nl *nl, int flags, const __u32 *id);
int nl_get(struct nl *nl, __u32 id, struct nl_ve *ve);
int nl_dump(struct nl *nl, struct nl_ve *list, unsigned int size);
int nl_event(struct nl *nl, struct nl_ve *ve, int timeout_ms);

/* ---- the kernel ---- */

/* How many objects of the cache "ve" there are, or -1 if the kernel does not tell. */
long count_objects(void);
bool wait_for_objects(long count);

#endif /* _VE_UTIL_H */
