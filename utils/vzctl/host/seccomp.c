/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Installs the system call filter that seccomp-gen.c compiled. libseccomp is not needed here: loading
 * and running it would cost every start more than the filter does.
 */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "base/macros.h"
#include "host/seccomp.h"

#include "seccomp-filter.inc"

#define PROGRAM(f) { .len = ARRAY_SIZE(f), .filter = (f) }

static const struct sock_fprog programs[SECCOMP__MAX] = {
	[SECCOMP_DEFAULT] = PROGRAM(filter_default),
	[SECCOMP_IO_URING] = PROGRAM(filter_io_uring),
	[SECCOMP_NO_NETFILTER] = PROGRAM(filter_no_netfilter),
};

int seccomp_install(enum seccomp_variant variant)
{
	/*
	 * no_new_privs stays off: setuid programs and file capabilities work inside, so the caller
	 * needs CAP_SYS_ADMIN in its user namespace. SPEC_ALLOW: before 5.16 a filter switched on
	 * the slow mitigations meant for JIT compilers in one process, for everything in the container.
	 */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		    &programs[variant]) < 0)
		return -errno;
	return 0;
}
