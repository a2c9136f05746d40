/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The system call filter of containers. It is compiled once, by libseccomp at build time
 * (seccomp-gen.c); installing it is one prctl().
 */
#ifndef VZ_HOST_SECCOMP_H
#define VZ_HOST_SECCOMP_H

enum seccomp_variant {
	SECCOMP_DEFAULT,
	SECCOMP_IO_URING,	/* --features io_uring:on */
	SECCOMP_NO_NETFILTER,	/* --netfilter disabled; io_uring could make the sockets, too, and is never there */
	SECCOMP__MAX
};

/*
 * Install it for the calling process and all it will exec. Needs CAP_SYS_ADMIN in its user namespace.
 * 0 or -errno.
 */
int seccomp_install(enum seccomp_variant variant);

#endif
