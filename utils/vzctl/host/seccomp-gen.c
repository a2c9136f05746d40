/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The system call filter of containers, from a table to BPF, at build time.
 *
 * Prints one array of struct sock_filter per variant, for seccomp.c to include. Everything is allowed
 * but what is in the table. A container's root has no power over the host by his capabilities alone,
 * they count in his user namespace only; the table is for what would get past that: kernel code that
 * few use and many attack, what CRIU cannot carry to another host, and the rest that has no meaning
 * inside.
 *
 * EPERM is for what a program takes as "not allowed here". ENOSYS is for interfaces that have an older
 * twin: programs then fall back to it, which after EPERM they do not.
 */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>

#include "base/macros.h"
#include "host/seccomp.h"

struct rule {
	const char *syscall;
	int error;
	unsigned int except;	/* variants without the rule, bits by enum seccomp_variant */
	const char *why;
};

#define IO_URING (1u << SECCOMP_IO_URING)

static const struct rule rules[] = {
	/* The running kernel, replaced or extended. */
	{ "init_module",       EPERM,  0, "loads a module" },
	{ "finit_module",      EPERM,  0, "loads a module" },
	{ "delete_module",     EPERM,  0, "unloads a module" },
	{ "create_module",     EPERM,  0, "modules, before 2.6" },
	{ "query_module",      EPERM,  0, "modules, before 2.6" },
	{ "get_kernel_syms",   EPERM,  0, "modules, before 2.6" },
	{ "kexec_load",        EPERM,  0, "starts another kernel" },
	{ "kexec_file_load",   EPERM,  0, "starts another kernel" },
	{ "bpf",               EPERM,  0, "verifier and JIT; some hosts allow it to everybody, CRIU cannot dump it" },
	{ "perf_event_open",   EPERM,  0, "a large attack surface that sees other containers by default" },

	/* The hardware. */
	{ "iopl",              EPERM,  0, "raw I/O ports" },
	{ "ioperm",            EPERM,  0, "raw I/O ports" },
	{ "vm86",              EPERM,  0, "real mode, 32 bit only" },
	{ "vm86old",           EPERM,  0, "real mode, 32 bit only" },
	{ "settimeofday",      EPERM,  0, "the host's clock" },
	{ "clock_settime",     EPERM,  0, "the host's clock" },
	{ "clock_settime64",   EPERM,  0, "the host's clock" },
	{ "stime",             EPERM,  0, "the host's clock" },

	/* Files and storage of the whole host. */
	{ "open_by_handle_at", EPERM,  0, "opens a file by inode number, past every directory above it" },
	{ "acct",              EPERM,  0, "one accounting file for all" },
	{ "swapon",            EPERM,  0, "the host's swap" },
	{ "swapoff",           EPERM,  0, "the host's swap" },
	{ "lookup_dcookie",    EPERM,  0, "oprofile; tells paths of the host" },
	{ "nfsservctl",        EPERM,  0, "the kernel's NFS server, gone since 3.1" },
	{ "uselib",            EPERM,  0, "a.out libraries; years of bugs" },
	{ "_sysctl",           EPERM,  0, "binary sysctl, gone since 5.5" },

	/* Keyrings are not namespaced and CRIU cannot dump them. Everybody copes without. */
	{ "add_key",           ENOSYS, 0, "keyrings" },
	{ "request_key",       ENOSYS, 0, "keyrings; starts a helper program on the host" },
	{ "keyctl",            ENOSYS, 0, "keyrings" },

	/* CRIU cannot dump them, and both were behind many a break-out. */
	{ "userfaultfd",       ENOSYS, 0, "stops the kernel in the middle of a copy" },
	{ "io_uring_setup",    ENOSYS, IO_URING, "system calls that this filter does not see" },
	{ "io_uring_enter",    ENOSYS, IO_URING, "see above" },
	{ "io_uring_register", ENOSYS, IO_URING, "see above" },
};

static const char *const variant_names[SECCOMP__MAX] = {
	[SECCOMP_DEFAULT] = "filter_default",
	[SECCOMP_IO_URING] = "filter_io_uring",
	[SECCOMP_NO_NETFILTER] = "filter_no_netfilter",
};

static void fail(const char *what, int r)
{
	fprintf(stderr, "seccomp-gen: %s: %s\n", what, strerror(-r));
	exit(1);
}

/* All system call tables a process can reach on this machine; a host has one native one. */
static void add_arches(scmp_filter_ctx ctx)
{
#if defined(__x86_64__)
	static const uint32_t others[] = { SCMP_ARCH_X86, SCMP_ARCH_X32 };
#elif defined(__aarch64__)
	static const uint32_t others[] = { SCMP_ARCH_ARM };
#else
	static const uint32_t others[] = { SCMP_ARCH_NATIVE };
#endif

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		int r = seccomp_arch_add(ctx, others[i]);

		if (r < 0 && r != -EEXIST)
			fail("seccomp_arch_add", r);
	}
}

/* The kernel looks at the lower half of what is an int to it; so do we. */
#define IS(value) SCMP_CMP_MASKED_EQ, UINT32_MAX, (value)

static void refuse(scmp_filter_ctx ctx, int error, int nr, const char *what, unsigned int n, const struct scmp_arg_cmp *args)
{
	int r = seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO((unsigned int)error), nr, n, args);

	if (r < 0)
		fail(what, r);
}

/*
 * Without netfilter: neither the sockets of nftables and connection tracking nor the options by which
 * iptables, ip6tables, arptables and ebtables talk about raw IP sockets. Errors are those of a kernel
 * that has none of it.
 */
static void add_netfilter_rules(scmp_filter_ctx ctx)
{
	static const struct { int level, first, last; bool set, get; } options[] = {
		{ 0,  64,  65,  true,  true },	/* IPT_SO_… */
		{ 0,  66,  67,  false, true },
		{ 0,  96,  99,  true,  true },	/* ARPT_SO_… */
		{ 0,  128, 131, true,  true },	/* EBT_SO_… */
		{ 41, 64,  65,  true,  true },	/* IP6T_SO_…; 66 and 67 are IPv6's own */
		{ 41, 68,  69,  false, true },
	};
	const struct scmp_arg_cmp netlink[] = { SCMP_A0(IS(AF_NETLINK)), SCMP_A2(IS(NETLINK_NETFILTER)) };

	refuse(ctx, EPROTONOSUPPORT, SCMP_SYS(socket), "socket", ARRAY_SIZE(netlink), netlink);
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		for (int o = options[i].first; o <= options[i].last; o++) {
			const struct scmp_arg_cmp args[] = { SCMP_A1(IS((unsigned int)options[i].level)), SCMP_A2(IS((unsigned int)o)) };

			if (options[i].set)
				refuse(ctx, ENOPROTOOPT, SCMP_SYS(setsockopt), "setsockopt", ARRAY_SIZE(args), args);
			if (options[i].get)
				refuse(ctx, ENOPROTOOPT, SCMP_SYS(getsockopt), "getsockopt", ARRAY_SIZE(args), args);
		}
}

/*
 * Of 32 bit programs on x86, socketcall() hides its arguments in memory, where a filter cannot look: it goes
 * altogether. libseccomp has made rules for it from those about the calls it stands for, which never match.
 */
static void refuse_socketcall(scmp_filter_ctx ctx)
{
	refuse(ctx, ENOSYS, SCMP_SYS(socketcall), "socketcall", 0, NULL);
}

/*
 * An overlay passes on what it is asked with the powers of who mounted it, the host's root: a file that is
 * still in a layer, and in no project of the disk's quota, would be copied up and stay in none, and with it
 * everything written to it afterwards. file_setattr() does the same (see prelude).
 */
static void refuse_projects(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp args[] = { SCMP_A1(IS(FS_IOC_FSSETXATTR)) };

	refuse(ctx, EPERM, SCMP_SYS(ioctl), "ioctl", ARRAY_SIZE(args), args);
}

static void add_rules(scmp_filter_ctx ctx, enum seccomp_variant variant)
{
	int nr, r;

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].except & (1u << variant))
			continue;
		/* A negative number is a call this architecture lacks and another one may have. */
		nr = seccomp_syscall_resolve_name(rules[i].syscall);
		if (nr == __NR_SCMP_ERROR)
			fail(rules[i].syscall, -ENOSYS);
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO((unsigned int)rules[i].error), nr, 0);
		if (r < 0)
			fail(rules[i].syscall, r);
	}
	/*
	 * CRIU cannot dump a process in a UTS namespace below the container's own. systemd's
	 * ProtectHostname= makes one, alone, and goes on without when it may not. Every other
	 * combination stays allowed: containers inside the container need it.
	 */
	r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 1,
			     SCMP_A0(SCMP_CMP_EQ, CLONE_NEWUTS));
	if (r < 0)
		fail("unshare", r);
	refuse_projects(ctx);
	if (variant == SECCOMP_NO_NETFILTER) {
		add_netfilter_rules(ctx);
		refuse_socketcall(ctx);
	}
}

/* Calls that libseccomp may not know yet. They are so new that they have one number everywhere. */
#define NR_FILE_SETATTR 469u
#define X32_BIT 0x40000000u

static const struct sock_filter prelude[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_FILE_SETATTR, 1, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_FILE_SETATTR | X32_BIT, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
};

static void print_instruction(const struct sock_filter *i)
{
	printf("\t{ 0x%02x, %u, %u, 0x%08x },\n", (unsigned int)i->code, (unsigned int)i->jt, (unsigned int)i->jf,
	       (unsigned int)i->k);
}

static void print_filter(scmp_filter_ctx ctx, const char *name)
{
	FILE *f = tmpfile();
	struct sock_filter insn;
	size_t n = 0;
	int r;

	if (!f)
		fail("temporary file", -errno);
	r = seccomp_export_bpf(ctx, fileno(f));
	if (r < 0)
		fail("seccomp_export_bpf", r);
	rewind(f);
	printf("static struct sock_filter %s[] = {\n", name);
	for (size_t i = 0; i < ARRAY_SIZE(prelude); i++)
		print_instruction(&prelude[i]);
	for (; fread(&insn, sizeof(insn), 1, f) == 1; n++)
		print_instruction(&insn);
	printf("};\n");
	if (ferror(f) || n == 0 || n + ARRAY_SIZE(prelude) > BPF_MAXINSNS)
		fail(name, -EIO);
	fclose(f);
}

static void make_variant(enum seccomp_variant variant)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int r;

	if (!ctx)
		fail("seccomp_init", -ENOMEM);
	add_arches(ctx);
	/* A table that is none of these: say "no such call" rather than kill. */
	r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	/* A binary tree: six comparisons a call, not forty, where the kernel does not cache the answer. */
	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r < 0)
		fail("seccomp_attr_set", r);
	add_rules(ctx, variant);
	print_filter(ctx, variant_names[variant]);
	seccomp_release(ctx);
}

int main(void)
{
	printf("/* Made by seccomp-gen. */\n");
	for (int v = 0; v < SECCOMP__MAX; v++)
		make_variant((enum seccomp_variant)v);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
