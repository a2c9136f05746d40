// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a shell inside a container cannot ask: make one system call and print how it went, "ok" or the
 * name of the error. Built statically by build_probe of helpers.bash, so that it runs in any container.
 *
 *	probe CALL              one of the table below
 *	probe calls		all of that table, a line each: name and outcome
 *	probe unshare FLAGS     hexadecimal
 *	probe parentns user|pid	the namespace above one's own
 *	probe packet INDEX	a raw socket on an interface, by its number
 *	probe nft		a table of nftables that was not there before
 *	probe fuse DIR		mount a FUSE file system there, and read the kernel's first request
 *	probe mute DIR		mount a FUSE file system there that never answers, and stay
 *	probe mountfs TYPE DIR	mount a new file system without a device
 *	probe ttyconsole	take over the host's console (TIOCCONS)
 *	probe open r|w|rw PATH
 *	probe mknod c|b MAJOR MINOR PATH
 *	probe writable		of the paths on standard input print those that may be written
 *	sh, bash, halt, init	under one of these names: append to /tmp/spy all that the caller left to it.
 *				init stays, and reaps
 *	probe euid		print the effective user id
 *	probe keyring COMMAND…  run a command in a session keyring that holds the key "openve-secret"
 *	probe project number|stay|leave|hide PATH
 *				the project of quota a file is in: tell it, set it as it is, set it to none;
 *				or have a directory no longer hand it down
 *	probe forks		make children that sleep until no more can be made; print their number and why,
 *				and sleep
 *	probe bomb		fork without end, each child too; the name of all is "bomb"
 *	probe watch		of the paths on standard input print those that are opened from then on; an
 *				empty line first, once it watches
 *	probe swap A B…		exchange the two names of each pair, again and again, without end
 *	probe hunt look|trace|kill|stop
 *				wait for processes that come, and do that to each of them
 *	probe sti FD            put a byte into the input of the terminal FD
 *	probe hold MIB		use so much memory, say so, and keep it
 *	probe take I P E	have I inotify instances with a watch each, P ptys, and room for E events of
 *				asynchronous I/O; say how that went, and keep them
 *	probe sleep NAME        change the process name, say so, and wait for the end of the world
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/ethernet.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/fs.h>
#include <linux/fuse.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>

/* With arguments that are refused for another reason when the filter lets them pass. */
static const struct { const char *name; long nr; } calls[] = {
	{ "bpf", SYS_bpf },
	{ "io_uring_setup", SYS_io_uring_setup },
	{ "keyctl", SYS_keyctl },
	{ "add_key", SYS_add_key },
	{ "request_key", SYS_request_key },
	{ "userfaultfd", SYS_userfaultfd },
	{ "init_module", SYS_init_module },
	{ "finit_module", SYS_finit_module },
	{ "delete_module", SYS_delete_module },
	{ "kexec_load", SYS_kexec_load },
	{ "open_by_handle_at", SYS_open_by_handle_at },
	{ "perf_event_open", SYS_perf_event_open },
	{ "clock_settime", SYS_clock_settime },
	{ "acct", SYS_acct },
	{ "swapon", SYS_swapon },
#ifdef SYS_iopl
	{ "iopl", SYS_iopl },
	{ "ioperm", SYS_ioperm },
	{ "kexec_file_load", SYS_kexec_file_load },
	{ "create_module", SYS_create_module },
	{ "uselib", SYS_uselib },
#endif
	{ "io_uring_enter", SYS_io_uring_enter },
	{ "io_uring_register", SYS_io_uring_register },
	{ "lookup_dcookie", SYS_lookup_dcookie },
	{ "nfsservctl", SYS_nfsservctl },
	{ "settimeofday", SYS_settimeofday },
	{ "swapoff", SYS_swapoff },
	{ "getppid", SYS_getppid },
};

static int say(long r)
{
	puts(r >= 0 ? "ok" : strerrorname_np(errno));
	return r < 0;
}

/* Names of what is watched, by number of the watch. */
static char *watched[4096];

static int watch(void)
{
	int fd = inotify_init1(IN_CLOEXEC);
	char path[4096], buf[65536] __attribute__((aligned(8)));
	ssize_t n;

	while (fgets(path, sizeof(path), stdin)) {
		int wd;

		path[strcspn(path, "\n")] = '\0';
		wd = inotify_add_watch(fd, path, IN_OPEN | IN_ACCESS | IN_MODIFY | IN_ATTRIB | IN_DONT_FOLLOW);
		if (wd < 0 || wd >= (int)(sizeof(watched) / sizeof(watched[0])))
			return say(-1);
		watched[wd] = strdup(path);
	}
	puts("");
	fflush(stdout);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (char *p = buf; p < buf + n; p += sizeof(struct inotify_event) + ((struct inotify_event *)p)->len) {
			const struct inotify_event *e = (struct inotify_event *)p;

			if (e->wd > 0 && !(e->mask & IN_IGNORED)) {
				printf("%s %s\n", watched[e->wd], e->len ? e->name : "");
				fflush(stdout);
			}
		}
	return say(-1);
}

static int parent_namespace(const char *kind)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	fd = open(path, O_RDONLY);
	return say(fd < 0 ? -1 : ioctl(fd, NS_GET_PARENT));
}

static int bind_packet(int index)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = index };
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

	return say(fd < 0 ? -1 : bind(fd, (struct sockaddr *)&to, sizeof(to)));
}

/* One message of a batch: a header, nfnetlink's own, and the name of a table if there is one. */
static size_t add_message(char *to, unsigned int type, unsigned int flags, const char *table)
{
	struct nlmsghdr *h = (struct nlmsghdr *)to;
	struct nfgenmsg *nf = NLMSG_DATA(h);
	struct nlattr *name = (struct nlattr *)(nf + 1);

	h->nlmsg_len = NLMSG_LENGTH(sizeof(*nf));
	h->nlmsg_type = (unsigned short)type;
	h->nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags);
	nf->nfgen_family = table ? NFPROTO_INET : AF_UNSPEC;
	nf->res_id = table ? 0 : htons(NFNL_SUBSYS_NFTABLES);
	if (table) {
		name->nla_type = NFTA_TABLE_NAME;
		name->nla_len = (unsigned short)(NLA_HDRLEN + strlen(table) + 1);
		memcpy(name + 1, table, strlen(table) + 1);
		h->nlmsg_len += NLA_ALIGN(name->nla_len);
	}
	return NLMSG_ALIGN(h->nlmsg_len);
}

static int make_nft_table(void)
{
	static const unsigned int nft = NFNL_SUBSYS_NFTABLES << 8;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	char buf[8192] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *answer = (struct nlmsghdr *)buf;
	size_t n = add_message(buf, NFNL_MSG_BATCH_BEGIN, 0, NULL);

	n += add_message(buf + n, nft | NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, "openve");
	n += add_message(buf + n, NFNL_MSG_BATCH_END, 0, NULL);
	if (fd < 0 || send(fd, buf, n, 0) < 0 || recv(fd, buf, sizeof(buf), 0) < 0)
		return say(-1);
	errno = -((struct nlmsgerr *)NLMSG_DATA(answer))->error;
	return say(errno ? -1 : 0);
}

static int mount_fuse(const char *dir)
{
	struct { struct fuse_in_header in; char rest[65536]; } request;
	char options[128];
	int fd = open("/dev/fuse", O_RDWR);

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (fd < 0 || mount("probe", dir, "fuse", 0, options) < 0 ||
	    read(fd, &request, sizeof(request)) < (ssize_t)sizeof(request.in))
		return say(-1);
	errno = EPROTO;
	return say(request.in.opcode == FUSE_INIT ? 0 : -1) | (umount2(dir, MNT_DETACH) < 0);
}

static int mount_mute(const char *dir)
{
	char options[128];
	int fd = open("/dev/fuse", O_RDWR);

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (fd < 0 || mount("probe", dir, "fuse", 0, options) < 0)
		return say(-1);
	for (;;)
		pause();
}

static int swap(char **pairs, int n)
{
	for (;;)
		for (int i = 0; i + 1 < n; i += 2)
			if (renameat2(AT_FDCWD, pairs[i], AT_FDCWD, pairs[i + 1], RENAME_EXCHANGE) < 0 && errno != ENOENT)
				return say(-1);
}

/* Of a process that is not ours: what can be had of it? */
static void look_at(int pid)
{
	static const char *const links[] = { "exe", "cwd", "root", "fd/0", "fd/3", "fd/4", "ns/mnt" };
	static const char *const files[] = { "environ", "maps", "mem", "stack", "auxv" };
	char path[64], text[4096];
	ssize_t n;

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, links[i]);
		n = readlink(path, text, sizeof(text) - 1);
		if (n < 0 && errno == EACCES)
			printf("%s denied\n", links[i]);
		else if (n >= 0)
			printf("%s -> %.*s\n", links[i], (int)n, text);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		fd = open(path, O_RDONLY);
		n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		for (ssize_t c = 0; c < n; c++)
			putchar(text[c] ? text[c] : ' ');
		close(fd);
	}
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0) {
		snprintf(path, sizeof(path), "/proc/%d/exe", pid);
		n = readlink(path, text, sizeof(text) - 1);
		printf("\nseized %.*s\n", n < 0 ? 0 : (int)n, text);
		/* Only one that stands still can be let go. */
		ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
		waitpid(pid, NULL, __WALL);
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
	}
	fflush(stdout);
}

/* Pids are given out in order: the next ones are known before they are there. */
static _Noreturn void hunt(const char *how)
{
	int next = getpid() + 1;

	int sig = strcmp(how, "kill") == 0 ? SIGKILL : strcmp(how, "stop") == 0 ? SIGSTOP : 0;

	for (;;)
		for (int pid = next; pid < next + 4; pid++) {
			if (kill(pid, sig) < 0)
				continue;
			if (strcmp(how, "look") == 0)
				look_at(pid);
			/* Once it runs a program of the container, it can be had. */
			while (strcmp(how, "trace") == 0 && ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 && errno == EPERM)
				;
			next = pid + 1;
		}
}

/* Where does it lead, and is it good for more than it was given for? */
static void spy_on(FILE *f, int fd)
{
	char path[64], target[4096];
	struct stat st;
	ssize_t n;
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0 || fstat(fd, &st) < 0 || fileno(f) == fd)
		return;
	fprintf(f, "fd %d -> %.*s\n", fd, (int)n, target);
	if (S_ISDIR(st.st_mode))
		fprintf(f, "fd %d is a directory\n", fd);
	if (strncmp(target, "pipe:", 5) != 0 && fchmod(fd, st.st_mode) == 0)
		fprintf(f, "fd %d could be changed\n", fd);
	if (S_ISREG(st.st_mode) && ((again = open(path, O_WRONLY | O_CLOEXEC)) >= 0 || write(fd, "x", 1) == 1))
		fprintf(f, "fd %d could be written %d\n", fd, again);
}

static int spy(const char *name)
{
	FILE *f = fopen("/tmp/spy", "ae");
	char buf[4096];
	FILE *group;

	if (!f)
		return 1;
	fprintf(f, "as %s parent %d session %d terminal %s\n", name, (int)getppid(), (int)(getsid(0) == getpid()),
		ttyname(0) ? ttyname(0) : "none");
	for (int fd = 0; fd < 1024; fd++)
		spy_on(f, fd);
	for (char **e = environ; *e; e++)
		fprintf(f, "env %s\n", *e);
	group = fopen("/proc/self/cgroup", "re");
	while (group && fgets(buf, sizeof(buf), group))
		if (strncmp(buf, "0::", 3) == 0)
			fprintf(f, "group %s", buf);
	fclose(f);
	while (strcmp(name, "init") == 0)
		if (wait(NULL) < 0)
			pause();
	return 0;
}

static _Noreturn void fill_with_children(void)
{
	int n = 0;

	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			for (;;)
				pause();
		if (pid < 0)
			break;
		n++;
	}
	printf("%d %s\n", n, strerrorname_np(errno));
	fflush(stdout);
	for (;;)
		pause();
}

static _Noreturn void explode(void)
{
	signal(SIGCHLD, SIG_IGN);
	prctl(PR_SET_NAME, "bomb");
	for (;;)
		fork();
}

static int take(int inotify, int ptys, int events)
{
	unsigned long context = 0;

	for (int i = 0; i < inotify; i++) {
		int fd = inotify_init1(IN_CLOEXEC);

		if (fd < 0 || inotify_add_watch(fd, "/", IN_DELETE_SELF) < 0)
			return say(-1);
	}
	for (int i = 0; i < ptys; i++)
		if (open("/dev/ptmx", O_RDWR | O_NOCTTY) < 0)
			return say(-1);
	return say(events ? syscall(SYS_io_setup, events, &context) : 0);
}

/* Is a word among blank-separated ones? */
static int is_one_of(const char *word, const char *words)
{
	size_t len = strlen(word);

	for (const char *p = words; (p = strstr(p, word)); p += len)
		if ((p == words || p[-1] == ' ') && (!p[len] || p[len] == ' '))
			return 1;
	return 0;
}

static int project(const char *what, const char *path)
{
	int fd = open(path, O_RDONLY), flags;
	struct fsxattr attr;

	if (fd < 0 || ioctl(fd, FS_IOC_FSGETXATTR, &attr) < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return say(-1);
	if (strcmp(what, "number") == 0)
		return printf("%u\n", attr.fsx_projid) < 0;
	flags &= ~FS_PROJINHERIT_FL;
	if (strcmp(what, "hide") == 0)
		return say(ioctl(fd, FS_IOC_SETFLAGS, &flags));
	if (strcmp(what, "leave") == 0)
		attr.fsx_projid = 0;
	return say(ioctl(fd, FS_IOC_FSSETXATTR, &attr));
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];

	if (is_one_of(name, "-bash bash -sh sh halt init"))
		return spy(name);

	if (strcmp(what, "unshare") == 0 && argc == 3)
		return say(unshare((int)strtoul(argv[2], NULL, 16)));
	if (strcmp(what, "open") == 0 && argc == 4)
		return say(open(argv[3], (strcmp(argv[2], "r") == 0 ? O_RDONLY :
					  strcmp(argv[2], "w") == 0 ? O_WRONLY : O_RDWR) | O_NONBLOCK));
	if (strcmp(what, "mknod") == 0 && argc == 6)
		return say(mknod(argv[5], (argv[2][0] == 'b' ? S_IFBLK : S_IFCHR) | 0666,
				 makedev((unsigned int)atoi(argv[3]), (unsigned int)atoi(argv[4]))));
	if (strcmp(what, "writable") == 0) {
		char path[4096];

		while (fgets(path, sizeof(path), stdin)) {
			path[strcspn(path, "\n")] = '\0';
			if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0)
				puts(path);
		}
		return 0;
	}
	if (strcmp(what, "euid") == 0)
		return printf("%u\n", (unsigned int)geteuid()) < 0;
	if (strcmp(what, "keyring") == 0 && argc > 2) {
		if (syscall(SYS_keyctl, 1 /* JOIN_SESSION_KEYRING */, NULL) < 0 ||
		    syscall(SYS_add_key, "user", "openve-secret", "x", 1, -3 /* the session's */) < 0)
			return say(-1);
		execvp(argv[2], argv + 2);
		return say(-1);
	}
	if (strcmp(what, "watch") == 0)
		return watch();
	if (strcmp(what, "parentns") == 0 && argc == 3)
		return parent_namespace(argv[2]);
	if (strcmp(what, "packet") == 0 && argc == 3)
		return bind_packet(atoi(argv[2]));
	if (strcmp(what, "nft") == 0)
		return make_nft_table();
	if (strcmp(what, "fuse") == 0 && argc == 3)
		return mount_fuse(argv[2]);
	if (strcmp(what, "mute") == 0 && argc == 3)
		return mount_mute(argv[2]);
	if (strcmp(what, "mountfs") == 0 && argc == 4)
		return say(mount("none", argv[3], argv[2], 0, NULL));
	if (strcmp(what, "ttyconsole") == 0)
		return say(ioctl(open("/dev/ptmx", O_RDWR | O_NOCTTY), TIOCCONS));
	if (strcmp(what, "calls") == 0) {
		for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
			printf("%s ", calls[i].name);
			say(syscall(calls[i].nr, 0, 0, 0, 0, 0, 0));
		}
		return 0;
	}
	if (strcmp(what, "swap") == 0 && argc > 3)
		return swap(argv + 2, argc - 2);
	if (strcmp(what, "hunt") == 0 && argc == 3)
		hunt(argv[2]);
	if (strcmp(what, "sti") == 0 && argc == 3)
		return say(ioctl(atoi(argv[2]), TIOCSTI, "x"));
	if (strcmp(what, "project") == 0 && argc == 4)
		return project(argv[2], argv[3]);
	if (strcmp(what, "forks") == 0)
		fill_with_children();
	if (strcmp(what, "bomb") == 0)
		explode();
	if (strcmp(what, "hold") == 0 && argc == 3) {
		size_t size = (size_t)atoi(argv[2]) << 20;
		char *memory = malloc(size);

		if (!memory)
			return say(-1);
		/* Not all the same, or it could be merged or compressed away. */
		for (size_t i = 0; i < size; i += 64)
			memory[i] = (char)(i * 2654435761u >> 13);
		puts("ok");
		fflush(stdout);
		for (;;)
			pause();
	}
	if (strcmp(what, "take") == 0 && argc == 5) {
		take(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
		fflush(stdout);
		for (;;)
			pause();
	}
	if (strcmp(what, "sleep") == 0 && argc == 3) {
		prctl(PR_SET_NAME, argv[2]);
		puts("ok");
		fflush(stdout);
		for (;;)
			pause();
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(what, calls[i].name) == 0)
			return say(syscall(calls[i].nr, 0, 0, 0, 0, 0, 0));
	fprintf(stderr, "probe: what is '%s'?\n", what);
	return 2;
}
