/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vzsplit: a sample that gives each of so many containers an equal part of the host. What the old kind of
 * configuration limits one by one is derived from the RAM of a part, so that vzcfgvalidate agrees with it.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/tool.h"
#include "cli/words.h"

#define EXIT_BAD 1
#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define LEAST_RAM (4 * MIB)	/* of a part: below that nothing boots */
#define PARTS_MAX 1000000000

static const struct option options[] = {
	{ .name = "prefix", .has_arg = required_argument, .val = 'P' },
	{ .name = "help", .has_arg = no_argument, .val = 'h' },
	{ 0 }
};

static int print_usage(FILE *f)
{
	(void)fprintf(f, "Usage: vzsplit [-n NUMBER] [-f NAME] [-s KIB] [-v yes|no] [--prefix dir]\n\n"
		      "  -n NUMBER      how many containers there are to be; asked for if it is not given\n"
		      "  -f NAME        write it to ve-NAME.conf-sample, not to standard output\n"
		      "  -s KIB         swap space to be divided, if not that of the host\n"
		      "  -v yes|no      limit RAM and swap space (yes), or each beancounter\n"
		      "  --prefix dir   all files are below this directory\n");
	return EXIT_BAD;
}

struct request {
	uint64_t parts;		/* 0: to be asked for */
	const char *name;	/* NULL: standard output */
	bool has_swap;
	uint64_t swap;		/* bytes */
	bool all_counters;
	const char *prefix;
};

/* The host, and then one part of it. Bytes. */
struct share {
	uint64_t ram, swap, disk, inodes;
};

/* ---- the host ---- */

static bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *ret >= min && *ret <= max;
}

/* Where the private areas of new containers are. */
static int read_disk(struct vz *vz, struct share *host)
{
	auto_free char *pattern = vz_get(vz, "VE_PRIVATE");
	char *slash = pattern ? strrchr(pattern, '/') : NULL;
	auto_free char *dir = NULL;
	struct statvfs fs;

	if (slash)
		*slash = '\0';
	dir = vz_path(vz, slash && *pattern ? pattern : "/vz");
	if (!dir || statvfs(dir, &fs) < 0) {
		(void)fprintf(stderr, "cannot look at the disk of '%s': %s\n", dir ? dir : "/vz", strerror(errno));
		return -1;
	}
	host->disk = (uint64_t)fs.f_bavail * fs.f_frsize;
	host->inodes = fs.f_favail;
	return 0;
}

static int read_host(struct vz *vz, const struct request *q, struct share *host)
{
	struct sysinfo info;

	if (sysinfo(&info) < 0)
		return -1;
	host->ram = (uint64_t)info.totalram * info.mem_unit;
	host->swap = q->has_swap ? q->swap : (uint64_t)info.totalswap * info.mem_unit;
	return read_disk(vz, host);
}

/* ---- writing ---- */

static void put(FILE *f, const char *key, uint64_t value)
{
	(void)fprintf(f, "%s=\"%" PRIu64 "\"\n", key, value);
}

static void put_pair(FILE *f, const char *key, uint64_t bar, uint64_t lim)
{
	(void)fprintf(f, "%s=\"%" PRIu64 ":%" PRIu64 "\"\n", key, bar, lim);
}

static void put_guarantee(FILE *f, const char *key, uint64_t bar)
{
	(void)fprintf(f, "%s=\"%" PRIu64 ":unlimited\"\n", key, bar);
}

static uint64_t tenth_more(uint64_t n)
{
	return n + n / 10;
}

static void put_memory(FILE *f, const struct share *part)
{
	(void)fprintf(f, "PHYSPAGES=\"0:%" PRIu64 "M\"\n", part->ram / MIB);
	(void)fprintf(f, "SWAPPAGES=\"0:%" PRIu64 "M\"\n", part->swap / MIB);
}

static void put_buffer(FILE *f, const char *key, uint64_t sockets)
{
	/* Two pages for each socket, and above the barrier what each may ask for at least. */
	uint64_t bar = VZ_MAX(sockets * 8 * KIB, 129 * KIB);

	put_pair(f, key, bar, bar + sockets * 5 * KIB / 2);
}

static void put_all_counters(FILE *f, const struct share *part)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	/* A usual process is taken to need 2 MiB, and there may be twice as many for a while. */
	uint64_t usual = VZ_MAX(part->ram / (2 * MIB), UINT64_C(8));
	uint64_t most = 2 * usual, terminals = VZ_MIN(most, UINT64_C(255));
	uint64_t files = 4 * most + 32 * usual;
	uint64_t cache = 384 * files, kernel = 40 * KIB * usual + cache;
	uint64_t ram = part->ram / page, all = ram + part->swap / page;

	put_pair(f, "KMEMSIZE", kernel, tenth_more(kernel));
	put(f, "LOCKEDPAGES", ram / 10);
	put_pair(f, "PRIVVMPAGES", all, tenth_more(all));
	put(f, "SHMPAGES", ram / 5);
	put_guarantee(f, "PHYSPAGES", 0);
	put_guarantee(f, "VMGUARPAGES", ram);
	put_guarantee(f, "OOMGUARPAGES", ram);
	put_pair(f, "DCACHESIZE", cache - cache / 20, cache);
	(void)fputc('\n', f);
	put(f, "NUMPROC", most);
	put(f, "AVNUMPROC", usual);
	put(f, "NUMTCPSOCK", most);
	put(f, "NUMOTHERSOCK", most);
	put(f, "NUMFILE", files);
	put_pair(f, "NUMFLOCK", most, tenth_more(most));
	put(f, "NUMPTY", terminals);
	put(f, "NUMSIGINFO", VZ_MAX(most, UINT64_C(256)));
	put(f, "NUMIPTENT", 128);
	(void)fputc('\n', f);
	put_buffer(f, "TCPSNDBUF", most);
	put_buffer(f, "TCPRCVBUF", most);
	put_buffer(f, "OTHERSOCKBUF", most);
	put_buffer(f, "DGRAMRCVBUF", most);
}

static void put_disk(FILE *f, const struct share *part)
{
	put_pair(f, "DISKSPACE", part->disk / KIB, tenth_more(part->disk / KIB));
	/* Of some file systems there is no number. */
	if (part->inodes)
		put_pair(f, "DISKINODES", part->inodes, tenth_more(part->inodes));
	put(f, "QUOTATIME", 0);
}

static void put_sample(FILE *f, const struct request *q, const struct share *host)
{
	struct share part = {
		.ram = host->ram / q->parts, .swap = host->swap / q->parts,
		/* The hard limit is a tenth above: all of them together are what there is. */
		.disk = host->disk / q->parts / 11 * 10, .inodes = host->inodes / q->parts / 11 * 10,
	};

	(void)fprintf(f, "# One of %" PRIu64 " equal parts of a host with %" PRIu64 " MiB of RAM and %" PRIu64
		      " MiB of swap space; made by vzsplit.\n\n", q->parts, host->ram / MIB, host->swap / MIB);
	if (q->all_counters)
		put_all_counters(f, &part);
	else
		put_memory(f, &part);
	(void)fputc('\n', f);
	put_disk(f, &part);
	(void)fputs("\nCPUUNITS=\"1000\"\n", f);
}

/* ---- the file ---- */

static int write_text(const char *path, const char *text, size_t len)
{
	auto_fclose FILE *f = fopen(path, "wxe");

	if (!f || fwrite(text, 1, len, f) != len || fflush(f) != 0 || fchmod(fileno(f), 0644) < 0 || fsync(fileno(f)) < 0)
		return -errno;
	return 0;
}

/* It appears as a whole, and never in place of another. */
static int write_sample(struct vz *vz, const char *name, const char *text, size_t len)
{
	auto_free char *plain = NULL;
	auto_free char *path = NULL;
	auto_free char *tmp = NULL;
	int r;

	if (asprintf(&plain, "/etc/vz/conf/ve-%s.conf-sample", name) >= 0)
		path = vz_path(vz, plain);
	if (!path || asprintf(&tmp, "%s.%d", path, (int)getpid()) < 0) {
		(void)fprintf(stderr, "out of memory\n");
		return -1;
	}
	r = write_text(tmp, text, len);
	if (r == 0 && link(tmp, path) < 0)
		r = -errno;
	(void)unlink(tmp);
	if (r == -EEXIST)
		(void)fprintf(stderr, "'%s' exists already\n", path);
	else if (r < 0)
		(void)fprintf(stderr, "write '%s': %s\n", path, strerror(-r));
	return r;
}

static int make_sample(struct vz *vz, const struct request *q)
{
	auto_free char *text = NULL;
	size_t len = 0;
	struct share host;
	FILE *f;

	if (read_host(vz, q, &host) < 0)
		return EXIT_BAD;
	if (host.ram / q->parts < LEAST_RAM) {
		(void)fprintf(stderr, "the RAM of this host is not enough for %" PRIu64 " containers\n", q->parts);
		return EXIT_BAD;
	}
	f = open_memstream(&text, &len);
	if (!f)
		return EXIT_BAD;
	put_sample(f, q, &host);
	if (fclose(f) != 0)
		return EXIT_BAD;
	if (q->name)
		return write_sample(vz, q->name, text, len) < 0 ? EXIT_BAD : 0;
	return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? EXIT_BAD : 0;
}

/* ---- the command line ---- */

/* Standard output is for the sample. */
static bool ask_parts(uint64_t *ret)
{
	auto_free char *line = NULL;
	size_t size = 0;

	(void)fprintf(stderr, "Enter the number of containers: ");
	if (getline(&line, &size, stdin) < 0)
		return false;
	line[strcspn(line, "\n")] = '\0';
	return parse_number(line, 1, PARTS_MAX, ret);
}

static bool take_option(struct request *q, int letter, const char *arg)
{
	switch (letter) {
	case 'n':
		return parse_number(arg, 1, PARTS_MAX, &q->parts);
	case 's':
		q->has_swap = parse_number(arg, 0, UINT64_MAX / 2 / KIB, &q->swap);
		q->swap *= KIB;
		return q->has_swap;
	case 'f':
		q->name = arg;
		return *arg && !strchr(arg, '/');
	case 'v':
		q->all_counters = !strcmp(arg, "no");
		return q->all_counters || !strcmp(arg, "yes");
	case 'P':
		q->prefix = arg;
		return true;
	default:
		return false;
	}
}

static int complete(int argc, char **argv)
{
	static const char *const words[] = { "-n", "-f", "-s", "-v", "--prefix", "--help", NULL };
	struct words w = { .typed = argc > 0 ? argv[argc - 1] : "" };

	if (argc < 2 || strcmp(argv[argc - 2], "-v") != 0)
		return tool_complete(words, argc, argv);
	words_put(&w, "yes");
	words_put(&w, "no");
	return 0;
}

int main(int argc, char **argv)
{
	struct request q = { 0 };
	struct cli_log log;
	struct vz *vz;
	int o, r;

	if (argc > 1 && !strcmp(argv[1], "--complete"))
		return complete(argc - 2, argv + 2);
	while ((o = getopt_long(argc, argv, "n:f:s:v:", options, NULL)) != -1)
		if (!take_option(&q, o, optarg))
			return print_usage(o == 'h' ? stdout : stderr);
	if (optind != argc || (!q.parts && !ask_parts(&q.parts)))
		return print_usage(stderr);
	vz = tool_open("vzsplit", q.prefix, &log);
	if (!vz)
		return EXIT_BAD;
	r = make_sample(vz, &q);
	vz_free(vz);
	return r;
}
