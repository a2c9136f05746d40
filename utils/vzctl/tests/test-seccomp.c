/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The system call filter, installed for real in children: every row of the table answers what it says,
 * with every way into the kernel this machine has, and everyday calls go on to work.
 *
 * Refused calls are made with arguments that do no harm if the filter lets them through, and give
 * another error then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/fs.h>
#include <linux/io_uring.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "host/seccomp.h"

struct call {
	const char *name;
	long nr;
	int error;
	long a[5];
};

/* Bad pointers and descriptors: EFAULT, EBADF or EINVAL without the filter. */
static const struct call refused[] = {
	{ "init_module", SYS_init_module, EPERM, { 1, 1, 1 } },
	{ "finit_module", SYS_finit_module, EPERM, { -1, 0, 0 } },
	{ "delete_module", SYS_delete_module, EPERM, { 0 } },
	{ "kexec_load", SYS_kexec_load, EPERM, { 0, 17, 1, ~0 } },
	{ "bpf", SYS_bpf, EPERM, { 999, 0, 0 } },
	{ "perf_event_open", SYS_perf_event_open, EPERM, { 0 } },
	{ "clock_settime", SYS_clock_settime, EPERM, { 999, 0 } },
	{ "settimeofday", SYS_settimeofday, EPERM, { 1, 1 } },
	{ "open_by_handle_at", SYS_open_by_handle_at, EPERM, { -1, 0, 0 } },
	{ "acct", SYS_acct, EPERM, { 1 } },
	{ "swapon", SYS_swapon, EPERM, { 1, ~0 } },
	{ "swapoff", SYS_swapoff, EPERM, { 1 } },
	{ "ioctl FS_IOC_FSSETXATTR", SYS_ioctl, EPERM, { -1, FS_IOC_FSSETXATTR, 0 } },
	{ "the same with more in the upper half", SYS_ioctl, EPERM, { -1, FS_IOC_FSSETXATTR | (1L << 40), 0 } },
	{ "file_setattr", 469, ENOSYS, { -1, 1, 1, ~0, ~0 } },
	{ "unshare of UTS alone", SYS_unshare, EPERM, { CLONE_NEWUTS } },
	{ "add_key", SYS_add_key, ENOSYS, { 1, 0, 0, 0, 0 } },
	{ "request_key", SYS_request_key, ENOSYS, { 1, 0, 0, 0 } },
	{ "keyctl", SYS_keyctl, ENOSYS, { 9999 } },
	{ "userfaultfd", SYS_userfaultfd, ENOSYS, { ~0 } },
#ifdef __x86_64__
	{ "kexec_file_load", SYS_kexec_file_load, EPERM, { -1, -1, 0, 0, ~0 } },
	{ "iopl", SYS_iopl, EPERM, { 99 } },
	{ "ioperm", SYS_ioperm, EPERM, { 99999, 99999, 1 } },
	{ "uselib", SYS_uselib, EPERM, { 1 } },
	{ "_sysctl", SYS__sysctl, EPERM, { 1 } },
	{ "lookup_dcookie", SYS_lookup_dcookie, EPERM, { 0 } },
	{ "nfsservctl", SYS_nfsservctl, EPERM, { 0 } },
	{ "create_module", SYS_create_module, EPERM, { 0 } },
	{ "query_module", SYS_query_module, EPERM, { 0 } },
	{ "get_kernel_syms", SYS_get_kernel_syms, EPERM, { 0 } },
#endif
};

static const struct call io_uring[] = {
	{ "io_uring_setup", SYS_io_uring_setup, ENOSYS, { 0, 0 } },
	{ "io_uring_enter", SYS_io_uring_enter, ENOSYS, { -1, 0, 0, 0, 0 } },
	{ "io_uring_register", SYS_io_uring_register, ENOSYS, { -1, 0, 0, 0 } },
};

#define NETFILTER 12	/* NETLINK_NETFILTER */

/* The kernel takes half of a register for an int, whatever is in the other. */
#define RUBBISH (1L << 40)

static const struct call netfilter[] = {
	{ "socket of netfilter", SYS_socket, EPROTONOSUPPORT, { AF_NETLINK, SOCK_RAW, NETFILTER } },
	{ "socket, rubbish in its arguments", SYS_socket, EPROTONOSUPPORT, { AF_NETLINK | RUBBISH, SOCK_RAW, NETFILTER | RUBBISH } },
	{ "set, iptables", SYS_setsockopt, ENOPROTOOPT, { -1, 0, 64, 0, 0 } },
	{ "set, rubbish", SYS_setsockopt, ENOPROTOOPT, { -1, RUBBISH, 64 | RUBBISH, 0, 0 } },
	{ "get, iptables", SYS_getsockopt, ENOPROTOOPT, { -1, 0, 67, 0, 0 } },
	{ "set, arptables", SYS_setsockopt, ENOPROTOOPT, { -1, 0, 96, 0, 0 } },
	{ "set, ebtables", SYS_setsockopt, ENOPROTOOPT, { -1, 0, 128, 0, 0 } },
	{ "set, ip6tables", SYS_setsockopt, ENOPROTOOPT, { -1, 41, 64, 0, 0 } },
	{ "get, ip6tables", SYS_getsockopt, ENOPROTOOPT, { -1, 41, 69, 0, 0 } },
};

/* Like those of netfilter, and none of its. */
static const struct call not_netfilter[] = {
	{ "socket of routes", SYS_socket, 0, { AF_NETLINK, SOCK_RAW, 0 } },
	{ "socket of another family", SYS_socket, 0, { AF_INET, SOCK_RAW, NETFILTER } },
	{ "set, IP_TTL", SYS_setsockopt, EBADF, { -1, 0, 2, 0, 0 } },
	{ "set, IPV6_TCLASS", SYS_setsockopt, EBADF, { -1, 41, 67, 0, 0 } },
	{ "set, of another level", SYS_setsockopt, EBADF, { -1, 1, 64, 0, 0 } },
};

static int error_of(const struct call *c)
{
	return syscall(c->nr, c->a[0], c->a[1], c->a[2], c->a[3], c->a[4]) < 0 ? errno : 0;
}

/* Run fn under the filter in a child; it reports by print_error() and a number other than 0. */
static void under_filter(enum seccomp_variant variant, int (*fn)(void))
{
	pid_t pid;
	int status;

	if (geteuid() != 0) {
		print_message("skipped: installing a filter without no_new_privs needs root\n");
		skip();
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (seccomp_install(variant) < 0)
			_exit(100);
		_exit(fn());
	}
	status = proc_wait(pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int check_calls(const struct call *c, size_t n, bool expected)
{
	for (size_t i = 0; i < n; i++) {
		int e = error_of(&c[i]);

		if ((e == c[i].error) != expected) {
			print_error("%s: %s\n", c[i].name, e ? strerror(e) : "allowed");
			return 1;
		}
	}
	return 0;
}

static int check_refused(void)
{
	return check_calls(refused, ARRAY_SIZE(refused), true);
}

static int check_refused_and_io_uring(void)
{
	return check_refused() || check_calls(io_uring, ARRAY_SIZE(io_uring), true);
}

static int check_io_uring_works(void)
{
	struct io_uring_params p = { 0 };
	int fd;

	if (check_refused() || check_calls(io_uring, ARRAY_SIZE(io_uring), false))
		return 1;
	fd = (int)syscall(SYS_io_uring_setup, 4, &p);
	/* The host may have switched it off for all: another matter. */
	return fd >= 0 || errno == EPERM ? 0 : 2;
}

static void table_is_enforced(void **state)
{
	(void)state;
	under_filter(SECCOMP_DEFAULT, check_refused_and_io_uring);
}

static void io_uring_variant_allows_it_and_nothing_else(void **state)
{
	(void)state;
	under_filter(SECCOMP_IO_URING, check_io_uring_works);
}

static int check_no_netfilter(void)
{
	return check_refused_and_io_uring() || check_calls(netfilter, ARRAY_SIZE(netfilter), true) ||
	       check_calls(not_netfilter, ARRAY_SIZE(not_netfilter), true);
}

static int check_netfilter_works(void)
{
	return check_calls(netfilter, ARRAY_SIZE(netfilter), false);
}

static void variant_without_netfilter_refuses_it_and_nothing_like_it(void **state)
{
	(void)state;
	under_filter(SECCOMP_NO_NETFILTER, check_no_netfilter);
	under_filter(SECCOMP_DEFAULT, check_netfilter_works);
}

static int check_everyday(void)
{
	int fds[2];
	pid_t pid;

	/* Any other combination with UTS is for containers in the container. */
	if (unshare(CLONE_NEWUTS | CLONE_NEWIPC) < 0 || unshare(CLONE_NEWNS) < 0 || unshare(CLONE_NEWPID) < 0)
		return 1;
	if (syscall(SYS_unshare, (long)CLONE_NEWUTS | (1L << 40)) == 0 || errno != EINVAL)
		return 2;
	if (pipe(fds) < 0 || write(fds[1], "x", 1) != 1)
		return 3;
	pid = fork();
	if (pid == 0) {
		(void)execl("/bin/true", "true", NULL);
		_exit(1);
	}
	return proc_wait(pid) == 0 ? 0 : 4;
}

static void everyday_calls_work(void **state)
{
	(void)state;
	under_filter(SECCOMP_DEFAULT, check_everyday);
}

/* A container's first process: capabilities in its own user namespace only. */
static int install_in_user_namespace(void)
{
	auto_free char *text = NULL;

	if (unshare(CLONE_NEWUSER) < 0)
		return 1;
	if (seccomp_install(SECCOMP_DEFAULT) < 0)
		return 2;
	if (check_refused_and_io_uring())
		return 3;
	if (file_read(AT_FDCWD, "/proc/self/status", 1 << 20, &text, NULL) < 0)
		return 4;
	return strstr(text, "\nNoNewPrivs:\t0\n") && strstr(text, "\nSeccomp:\t2\n") ? 0 : 5;
}

static void user_namespace_is_enough_and_privileges_stay_possible(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(install_in_user_namespace());
	status = proc_wait(pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 1) {
		print_message("skipped: no user namespaces\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int install_without_power(void)
{
	if (setresuid(300000, 300000, 300000) < 0)
		return 1;
	return seccomp_install(SECCOMP_DEFAULT) == -EACCES ? 0 : 2;
}

static void without_power_it_says_so(void **state)
{
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: gives up root, so needs it\n");
		skip();
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(install_without_power());
	assert_int_equal(proc_wait(pid), 0);
}

#ifdef __x86_64__
/* The 32 bit table, as a 32 bit program would reach it. -errno, or -ENOSYS where the kernel has none. */
static long call32(long nr, long a, long b, long c, long d)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "0"(nr), "b"(a), "c"(b), "d"(c), "S"(d)
			 : "memory", "cc", "r8", "r9", "r10", "r11");
	return (int)r;
}

/* Numbers of arch/x86/entry/syscalls/syscall_32.tbl. */
static const struct call refused32[] = {
	{ "init_module", 128, EPERM, { 1, 1, 1 } },
	{ "stime", 25, EPERM, { 1 } },
	{ "iopl", 110, EPERM, { 99 } },
	{ "vm86old", 113, EPERM, { 0 } },
	{ "vm86", 166, EPERM, { 0 } },
	{ "bpf", 357, EPERM, { 999, 0, 0 } },
	{ "clock_settime64", 404, EPERM, { 999, 0 } },
	{ "open_by_handle_at", 342, EPERM, { -1, 0, 0 } },
	{ "unshare of UTS alone", 310, EPERM, { CLONE_NEWUTS } },
	{ "keyctl", 288, ENOSYS, { 9999 } },
	{ "io_uring_setup", 425, ENOSYS, { 0, 0 } },
};

static int check_32bit(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused32); i++) {
		const struct call *c = &refused32[i];
		long r = call32(c->nr, c->a[0], c->a[1], c->a[2], c->a[3]);

		if (r != -c->error) {
			print_error("32 bit %s: %ld\n", c->name, r);
			return 1;
		}
	}
	return call32(20, 0, 0, 0, 0) == getpid() ? 0 : 2;
}

static int check_no_netfilter_32bit(void)
{
	if (check_32bit())
		return 1;
	/* socketcall(), socket(), setsockopt() */
	if (call32(102, 1, 0, 0, 0) != -ENOSYS || call32(359, AF_NETLINK, SOCK_RAW, NETFILTER, 0) != -EPROTONOSUPPORT)
		return 3;
	return call32(366, -1, 0, 64, 0) == -ENOPROTOOPT && call32(366, -1, 0, 2, 0) == -EBADF ? 0 : 4;
}

static void table_is_enforced_for_32_bit_programs(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(call32(20, 0, 0, 0, 0) == getpid() ? 0 : 1);
	status = proc_wait(pid);
	if (status != 0) {
		print_message("skipped: this kernel runs no 32 bit programs\n");
		skip();
	}
	under_filter(SECCOMP_DEFAULT, check_32bit);
	under_filter(SECCOMP_NO_NETFILTER, check_no_netfilter_32bit);
}

#define X32 0x40000000L

static int check_x32(void)
{
	/* Without x32 in the kernel the call is refused by it, ENOSYS; never is it EFAULT or EINVAL. */
	if (syscall(X32 | SYS_bpf, 999, 0, 0) == 0 || (errno != EPERM && errno != ENOSYS))
		return 1;
	if (syscall(X32 | SYS_finit_module, -1, 0, 0) == 0 || (errno != EPERM && errno != ENOSYS))
		return 2;
	return 0;
}

static int check_no_netfilter_x32(void)
{
	if (syscall(X32 | SYS_socket, AF_NETLINK, SOCK_RAW, NETFILTER) >= 0 || (errno != EPROTONOSUPPORT && errno != ENOSYS))
		return 1;
	/* setsockopt() has a number of its own there. */
	return syscall(X32 | 541, -1, 0, 64, 0, 0) < 0 && (errno == ENOPROTOOPT || errno == ENOSYS) ? 0 : 2;
}

static void table_is_enforced_for_x32_programs(void **state)
{
	(void)state;
	under_filter(SECCOMP_DEFAULT, check_x32);
	under_filter(SECCOMP_NO_NETFILTER, check_no_netfilter_x32);
}
#endif

/* The tests above mean something only if the calls fail differently without a filter. */
static void without_the_filter_the_calls_fail_otherwise(void **state)
{
	int allowed = 0;
	pid_t pid;
	int status;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: many of the calls need root\n");
		skip();
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
			allowed += error_of(&refused[i]) != refused[i].error;
		/* Some a kernel may not have, or keep from everybody. */
		_exit(allowed);
	}
	status = proc_wait(pid);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) >= (int)ARRAY_SIZE(refused) / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_the_filter_the_calls_fail_otherwise),
		cmocka_unit_test(table_is_enforced),
		cmocka_unit_test(io_uring_variant_allows_it_and_nothing_else),
		cmocka_unit_test(variant_without_netfilter_refuses_it_and_nothing_like_it),
		cmocka_unit_test(everyday_calls_work),
		cmocka_unit_test(user_namespace_is_enough_and_privileges_stay_possible),
		cmocka_unit_test(without_power_it_says_so),
#ifdef __x86_64__
		cmocka_unit_test(table_is_enforced_for_32_bit_programs),
		cmocka_unit_test(table_is_enforced_for_x32_programs),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
