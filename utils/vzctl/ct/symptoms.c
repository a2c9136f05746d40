/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See symptoms.h. A symptom is a row of the table at the end: how much it hurts, in words, what would help. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "conf/netif.h"
#include "ct/symptoms.h"

#define WORTH_A_LINE 5		/* per cent of the time */
#define WAITS_MAX 99
#define NEARLY_FULL 95		/* per cent */
#define NEARLY_MAX 30
#define ROOM_FOR_NOTHING (64u << 10)
#define DROPS_MIN 10		/* a stray packet hurts nobody */
#define CPUUNITS_USUAL 1000
#define CPUUNITS_MAX 500000
#define IOPRIO_USUAL 4
#define IOPRIO_MAX 7

/* ---- numbers ---- */

static bool has_limit(const struct scene *s, enum meter id)
{
	return s->now.known[id] && s->now.v[id] != METER_UNLIMITED;
}

/* What was added to a counter while we looked. */
static uint64_t grown(const struct scene *s, enum meter id)
{
	uint64_t before = s->before.v[id], now = s->now.v[id];

	return s->before.known[id] && s->now.known[id] && now > before ? now - before : 0;
}

static usec_t window(const struct scene *s)
{
	return s->now.when > s->before.when ? s->now.when - s->before.when : 1;
}

static uint64_t per_second(const struct scene *s, enum meter id)
{
	return (uint64_t)((double)grown(s, id) * USEC_PER_SEC / (double)window(s));
}

/* A counter of time, in per cent of the time that has passed. */
static unsigned int share(const struct scene *s, enum meter id)
{
	return (unsigned int)VZ_MIN(grown(s, id) * 100 / window(s), (uint64_t)WAITS_MAX);
}

static unsigned int waits(unsigned int percent)
{
	return percent < WORTH_A_LINE ? 0 : percent;
}

static double percent_of(uint64_t used, uint64_t total)
{
	return total ? (double)used * 100 / (double)total : 0;
}

/* 5 … 30 while the last twentieth fills up. */
static unsigned int nearly_full(uint64_t used, uint64_t total)
{
	double over = percent_of(used, total) - NEARLY_FULL;

	return over < 0 ? 0 : (unsigned int)VZ_MIN(5 + 5 * over, (double)NEARLY_MAX);
}

static void add_size(struct vz_str *out, uint64_t bytes)
{
	static const char units[] = "KMGTP";
	double size = (double)bytes / 1024;
	size_t unit = 0;

	for (; size >= 1024 && unit + 2 < sizeof(units); unit++)
		size /= 1024;
	str_addf(out, size < 10 && unit ? "%.1f%c" : "%.0f%c", size, units[unit]);
}

static void advise(const struct scene *s, struct vz_str *out, const char *option, uint64_t value, const char *suffix)
{
	str_addf(out, "vzctl set %u --%s %" PRIu64 "%s --save", s->id, option, value, suffix);
}

/* Twice as much, as options take it: whole megabytes, or kilobytes of something small. */
static void advise_size(const struct scene *s, struct vz_str *out, const char *option, uint64_t now)
{
	uint64_t twice = now > UINT64_MAX / 2 ? now : now * 2;
	uint64_t megabytes = (twice + (1 << 20) - 1) >> 20;

	if (twice < 10 << 20)
		advise(s, out, option, (twice + 1023) >> 10, "K");
	else
		advise(s, out, option, megabytes, "M");
}

/* ---- frozen ---- */

static unsigned int score_frozen(const struct scene *s)
{
	return s->frozen ? 100 : 0;
}

static void say_frozen(const struct scene *s, struct vz_str *out)
{
	(void)s;
	str_add(out, "all its processes are frozen");
}

static void help_frozen(const struct scene *s, struct vz_str *out)
{
	str_addf(out, "vzctl chkpnt %u --resume", s->id);
}

/* ---- the filter of addresses ---- */

static unsigned int score_filter(const struct scene *s)
{
	return s->unfiltered ? 100 : 0;
}

static void say_filter(const struct scene *s, struct vz_str *out)
{
	(void)s;
	str_add(out, "nothing keeps it from using others' addresses: the host's nftables were flushed");
}

/* To give it what it has already makes all of its network anew that is not there. */
static void help_filter(const struct scene *s, struct vz_str *out)
{
	char *const *own = conf_list(s->conf, VZ_P_ip_address), *const *external = conf_list(s->conf, VZ_P_ext_ip_address);
	struct netif n;

	str_addf(out, "vzctl set %u", s->id);
	if (own && *own)
		str_addf(out, " --ipadd %s", *own);
	else if (external && *external)
		str_addf(out, " --ext_ipadd %s", *external);
	for (char *const *word = conf_list(s->conf, VZ_P_netif); word && *word; word++) {
		if (netif_parse(*word, &n) < 0)
			continue;
		if (!str_equal(n.part[NETIF_MAC_FILTER], "off"))
			str_addf(out, " --ifname %s --mac_filter on", n.part[NETIF_IFNAME]);
		netif_done(&n);
	}
	str_add(out, " --save");
}

/* ---- memory ---- */

static unsigned int score_oom(const struct scene *s)
{
	return grown(s, METER_OOM_KILLS) ? 100 : 0;
}

/*
 * A limit that was met at least once; where the kernel does not count that, any. Linux 6.18 does not where v1
 * limits the sum of memory and swap space, so to have had (nearly: it is charged in batches) that much will do.
 */
static bool has_met_its_limit(const struct scene *s)
{
	uint64_t limit = s->now.v[METER_MEMORY_LIMIT];

	if (!has_limit(s, METER_MEMORY_LIMIT))
		return false;
	if (!s->now.known[METER_MEMORY_HITS] || s->now.v[METER_MEMORY_HITS])
		return true;
	return s->now.v[METER_MEMORY_MOST] >= limit - limit / 64;
}

static void say_limit_of_memory(const struct scene *s, struct vz_str *out)
{
	if (!has_limit(s, METER_MEMORY_LIMIT)) {
		str_add(out, "it has no limit of its own: the host has none left, or something inside is limited");
		return;
	}
	add_size(out, s->now.v[METER_MEMORY_USED]);
	str_add(out, " of ");
	add_size(out, s->now.v[METER_MEMORY_LIMIT]);
	str_add(out, " in use");
}

static const char *plural(uint64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

/* Raising the limit of the container does not help against one that was set inside. */
static void say_why_killed(const struct scene *s, struct vz_str *out)
{
	say_limit_of_memory(s, out);
	if (has_limit(s, METER_MEMORY_LIMIT) && !has_met_its_limit(s))
		str_add(out, ", which it never was at: the host has none left, or something inside is limited");
}

static void help_oom(const struct scene *s, struct vz_str *out)
{
	if (has_met_its_limit(s))
		advise_size(s, out, "ram", s->now.v[METER_MEMORY_LIMIT]);
}

static void say_oom(const struct scene *s, struct vz_str *out)
{
	uint64_t now = grown(s, METER_OOM_KILLS), all = s->now.v[METER_OOM_KILLS];

	str_addf(out, "%" PRIu64 " %s killed for want of memory", now, plural(now, "process was", "processes were"));
	if (all > now)
		str_addf(out, " (%" PRIu64 " since it was started)", all);
	str_add(out, "; ");
	say_why_killed(s, out);
}

static void say_oom_earlier(const struct scene *s, struct vz_str *out)
{
	uint64_t all = s->now.v[METER_OOM_KILLS];

	str_addf(out, "not now: %" PRIu64 " %s killed for want of memory since it was started; ", all,
		 plural(all, "process was", "processes were"));
	say_why_killed(s, out);
}

static uint64_t memory_held(const struct scene *s)
{
	uint64_t used = s->now.v[METER_MEMORY_USED], cache = s->now.v[METER_MEMORY_CACHE];

	return used - VZ_MIN(used, cache);
}

static unsigned int score_memory(const struct scene *s)
{
	unsigned int waiting = waits(share(s, METER_MEMORY_WAIT));

	/* Where processes are killed for it, others wait as well: that is one line. */
	if (score_oom(s))
		return 0;
	if (waiting || !has_limit(s, METER_MEMORY_LIMIT))
		return waiting;
	return nearly_full(memory_held(s), s->now.v[METER_MEMORY_LIMIT]);
}

/* It waits, and not because of its own limit. */
static bool is_host_short_of_memory(const struct scene *s)
{
	return waits(share(s, METER_MEMORY_WAIT)) && s->now.known[METER_MEMORY_HITS] && !grown(s, METER_MEMORY_HITS);
}

static void say_memory(const struct scene *s, struct vz_str *out)
{
	unsigned int waiting = waits(share(s, METER_MEMORY_WAIT));

	if (waiting)
		str_addf(out, "waits for memory %u %% of the time; ", waiting);
	else
		str_add(out, "memory is running out; ");
	say_limit_of_memory(s, out);
	if (is_host_short_of_memory(s) && has_limit(s, METER_MEMORY_LIMIT))
		str_add(out, ", the host has none left");
}

static void help_memory(const struct scene *s, struct vz_str *out)
{
	if (has_limit(s, METER_MEMORY_LIMIT) && !is_host_short_of_memory(s))
		advise_size(s, out, "ram", s->now.v[METER_MEMORY_LIMIT]);
}

/* ---- disk ---- */

/* Is what the disk has, up to less than a block, the container's limit and not all that its file system has? */
static bool is_limited(const struct scene *s, enum meter limit, uint64_t all, uint64_t block)
{
	return has_limit(s, limit) && all <= s->now.v[limit] && s->now.v[limit] - all < block;
}

static uint64_t disk_size(const struct scene *s)
{
	return s->now.v[METER_DISK_USED] + s->now.v[METER_DISK_FREE];
}

static uint64_t inodes_all(const struct scene *s)
{
	return s->now.v[METER_INODES_USED] + s->now.v[METER_INODES_FREE];
}

static unsigned int score_disk(const struct scene *s)
{
	uint64_t used = s->now.v[METER_DISK_USED], left = s->now.v[METER_DISK_FREE];

	if (!s->now.known[METER_DISK_FREE])
		return 0;
	return left < ROOM_FOR_NOTHING ? 100 : nearly_full(used, used + left);
}

static void say_where(const struct scene *s, bool limited, struct vz_str *out)
{
	if (s->place && !limited)
		str_addf(out, "; make room on the host where '%s' is", s->place);
}

static void say_disk(const struct scene *s, struct vz_str *out)
{
	uint64_t left = s->now.v[METER_DISK_FREE], all = disk_size(s);

	str_add(out, "its disk is ");
	str_add(out, left < ROOM_FOR_NOTHING ? "full: " : "nearly full: ");
	add_size(out, left);
	str_add(out, " left of ");
	add_size(out, all);
	say_where(s, is_limited(s, METER_DISK_LIMIT, all, ROOM_FOR_NOTHING), out);
}

/* Where nobody limits the disk, no option would give the container more. */
static void help_disk(const struct scene *s, struct vz_str *out)
{
	if (is_limited(s, METER_DISK_LIMIT, disk_size(s), ROOM_FOR_NOTHING))
		advise_size(s, out, "diskspace", s->now.v[METER_DISK_LIMIT]);
}

static unsigned int score_inodes(const struct scene *s)
{
	uint64_t used = s->now.v[METER_INODES_USED], left = s->now.v[METER_INODES_FREE];

	if (!s->now.known[METER_INODES_FREE])
		return 0;
	return left ? nearly_full(used, used + left) : 100;
}

static void say_inodes(const struct scene *s, struct vz_str *out)
{
	uint64_t left = s->now.v[METER_INODES_FREE];

	str_addf(out, "its disk can hold %" PRIu64 " more files, of %" PRIu64, left, inodes_all(s));
	say_where(s, is_limited(s, METER_INODES_LIMIT, inodes_all(s), 1), out);
}

static void help_inodes(const struct scene *s, struct vz_str *out)
{
	if (is_limited(s, METER_INODES_LIMIT, inodes_all(s), 1))
		advise(s, out, "diskinodes", s->now.v[METER_INODES_LIMIT] * 2, "");
}

/* ---- tasks ---- */

static unsigned int score_tasks(const struct scene *s)
{
	uint64_t used = s->now.v[METER_TASKS], limit = s->now.v[METER_TASKS_LIMIT];

	if (!has_limit(s, METER_TASKS_LIMIT))
		return 0;
	return grown(s, METER_TASKS_REFUSED) || used >= limit ? 100 : nearly_full(used, limit);
}

static void say_tasks_used(const struct scene *s, struct vz_str *out)
{
	str_addf(out, "%" PRIu64 " of %" PRIu64 " processes and threads in use", s->now.v[METER_TASKS],
		 s->now.v[METER_TASKS_LIMIT]);
}

static void say_tasks(const struct scene *s, struct vz_str *out)
{
	uint64_t refused = grown(s, METER_TASKS_REFUSED);

	if (refused)
		str_addf(out, "%" PRIu64 " more %s not made; ", refused, plural(refused, "process was", "processes were"));
	say_tasks_used(s, out);
}

static void say_tasks_earlier(const struct scene *s, struct vz_str *out)
{
	uint64_t all = s->now.v[METER_TASKS_REFUSED];

	str_addf(out, "not now: since it was started %" PRIu64 " %s not made; ", all, plural(all, "process was", "processes were"));
	say_tasks_used(s, out);
}

static void help_tasks(const struct scene *s, struct vz_str *out)
{
	if (has_limit(s, METER_TASKS_LIMIT))
		advise(s, out, "numproc", s->now.v[METER_TASKS_LIMIT] * 2, "");
}

/* ---- ceilings of the host ---- */

static unsigned int score_ceiling(const struct ceiling_use *u)
{
	if (!u->what)
		return 0;
	return u->used >= u->limit ? 100 : nearly_full(u->used, u->limit);
}

static unsigned int score_inotify(const struct scene *s)
{
	return score_ceiling(&s->inotify);
}

static void say_inotify(const struct scene *s, struct vz_str *out)
{
	ceiling_say(&s->inotify, out);
}

static void help_inotify(const struct scene *s, struct vz_str *out)
{
	ceiling_advise(&s->inotify, out);
}

static unsigned int score_host(const struct scene *s)
{
	return score_ceiling(&s->host);
}

static void say_host(const struct scene *s, struct vz_str *out)
{
	ceiling_say(&s->host, out);
}

static void help_host(const struct scene *s, struct vz_str *out)
{
	ceiling_advise(&s->host, out);
}

/* ---- CPU ---- */

/* In CPUs: how many it may keep busy by its limit; 0: there is none. */
static double cpu_limit(const struct scene *s)
{
	if (!has_limit(s, METER_CPU_QUOTA) || !s->now.known[METER_CPU_PERIOD] || !s->now.v[METER_CPU_PERIOD])
		return 0;
	return (double)s->now.v[METER_CPU_QUOTA] / (double)s->now.v[METER_CPU_PERIOD];
}

static double cpu_used(const struct scene *s)
{
	return (double)grown(s, METER_CPU_USED) / (double)window(s);
}

static unsigned int score_cpulimit(const struct scene *s)
{
	return cpu_limit(s) > 0 ? waits(share(s, METER_CPU_THROTTLED)) : 0;
}

static void say_cpulimit(const struct scene *s, struct vz_str *out)
{
	str_addf(out, "waits %u %% of the time because of its CPU limit; %.2f of %.2f CPUs in use",
		 share(s, METER_CPU_THROTTLED), cpu_used(s), cpu_limit(s));
}

static void help_cpulimit(const struct scene *s, struct vz_str *out)
{
	uint64_t percent = (uint64_t)(cpu_limit(s) * 100 + 0.5);
	uint64_t all = s->now.v[METER_CPUS] * 100;
	uint64_t cpus = conf_num(s->conf, VZ_P_cpus, 0);

	/* It may be the number of CPUs that limits it. Twice as much as there is, is no limit: 0. */
	if (cpus && percent >= cpus * 100)
		advise(s, out, "cpus", percent * 2 < all ? cpus * 2 : 0, "");
	else
		advise(s, out, "cpulimit", percent * 2 < all ? percent * 2 : 0, "");
}

/* What others had of its CPUs, in per cent. */
static unsigned int share_of_others(const struct scene *s)
{
	double cpus = (double)s->now.v[METER_CPUS];
	double idle = (double)grown(s, METER_CPU_IDLE) / (double)window(s);

	return cpus > 0 && cpu_used(s) + idle < cpus ? (unsigned int)(100 - (cpu_used(s) + idle) * 100 / cpus) : 0;
}

/*
 * Waiting that the limit does not explain. Who keeps all his CPUs busy waits for himself, and who waits while
 * they are idle, for a limit that was set inside: at most what others had of them counts.
 */
static unsigned int score_cpu(const struct scene *s)
{
	unsigned int waiting = share(s, METER_CPU_WAIT), throttled = share(s, METER_CPU_THROTTLED);

	return waiting > throttled ? waits(VZ_MIN(waiting - throttled, share_of_others(s))) : 0;
}

static void say_cpu(const struct scene *s, struct vz_str *out)
{
	str_addf(out, "waits %u %% of the time for CPUs that others use; it had %.2f of %" PRIu64, score_cpu(s),
		 cpu_used(s), s->now.v[METER_CPUS]);
}

static void help_cpu(const struct scene *s, struct vz_str *out)
{
	uint64_t units = s->cpuunits ? s->cpuunits : conf_num(s->conf, VZ_P_cpuunits, CPUUNITS_USUAL);

	if (units < CPUUNITS_MAX)
		advise(s, out, "cpuunits", VZ_MIN(units * 2, (uint64_t)CPUUNITS_MAX), "");
}

/* ---- I/O ---- */

static const struct io {
	enum meter count, limit;
	const char *option;
	bool is_size;
} ios[] = {
	{ METER_IO_READ,    METER_IO_READ_LIMIT,    "iolimit",   true },
	{ METER_IO_WRITTEN, METER_IO_WRITTEN_LIMIT, "iolimit",   true },
	{ METER_IO_READS,   METER_IO_READS_LIMIT,   "iopslimit", false },
	{ METER_IO_WRITES,  METER_IO_WRITES_LIMIT,  "iopslimit", false },
};

/* The limit that is used most, in *ret_percent how much of it; NULL: there is none. */
static const struct io *tightest(const struct scene *s, double *ret_percent)
{
	const struct io *found = NULL;

	*ret_percent = 0;
	for (const struct io *io = ios; io < ios + ARRAY_SIZE(ios); io++) {
		double percent = has_limit(s, io->limit) ? percent_of(per_second(s, io->count), s->now.v[io->limit]) : 0;

		if (percent > *ret_percent) {
			*ret_percent = percent;
			found = io;
		}
	}
	return found;
}

/* A limit that is not nearly used up makes nobody wait. */
#define LIMIT_IS_IT 80

/* Pages of programs that were thrown out for want of memory are read again: that is no matter of the disk. */
static unsigned int io_wait(const struct scene *s)
{
	unsigned int waiting = share(s, METER_IO_WAIT), memory = share(s, METER_MEMORY_WAIT);

	return waiting > memory ? waits(waiting - memory) : 0;
}

static unsigned int score_iolimit(const struct scene *s)
{
	double percent;

	if (!tightest(s, &percent) || percent < LIMIT_IS_IT)
		return 0;
	return s->now.known[METER_IO_WAIT] ? io_wait(s) : nearly_full((uint64_t)percent, 100);
}

static void say_iolimit(const struct scene *s, struct vz_str *out)
{
	double percent;
	const struct io *io = tightest(s, &percent);

	if (s->now.known[METER_IO_WAIT])
		str_addf(out, "waits %u %% of the time for the disk at its limit; ", io_wait(s));
	if (io->is_size) {
		add_size(out, per_second(s, io->count));
		str_add(out, " of ");
		add_size(out, s->now.v[io->limit]);
		str_add(out, " a second in use");
	} else {
		str_addf(out, "%" PRIu64 " of %" PRIu64 " operations a second in use", per_second(s, io->count),
			 s->now.v[io->limit]);
	}
}

static void help_iolimit(const struct scene *s, struct vz_str *out)
{
	double percent;
	const struct io *io = tightest(s, &percent);

	if (io->is_size)
		advise_size(s, out, io->option, s->now.v[io->limit]);
	else
		advise(s, out, io->option, s->now.v[io->limit] * 2, "");
}

static unsigned int score_io(const struct scene *s)
{
	return score_iolimit(s) ? 0 : io_wait(s);
}

static void say_io(const struct scene *s, struct vz_str *out)
{
	str_addf(out, "waits %u %% of the time for the disk itself, not for a limit", io_wait(s));
}

static void help_io(const struct scene *s, struct vz_str *out)
{
	if (conf_num(s->conf, VZ_P_ioprio, IOPRIO_USUAL) < IOPRIO_MAX)
		advise(s, out, "ioprio", IOPRIO_MAX, "");
}

/* ---- network ---- */

static uint64_t dropped(const struct scene *s)
{
	return grown(s, METER_DROPPED_IN) + grown(s, METER_DROPPED_OUT);
}

static double loss(const struct scene *s)
{
	return percent_of(dropped(s), dropped(s) + grown(s, METER_PACKETS_IN) + grown(s, METER_PACKETS_OUT));
}

/* With each packet in a hundred that is lost TCP gets much slower; with one in ten little is left of it. */
static unsigned int score_network(const struct scene *s)
{
	return dropped(s) < DROPS_MIN ? 0 : waits((unsigned int)VZ_MIN(loss(s) * 10, (double)WAITS_MAX));
}

static void say_network(const struct scene *s, struct vz_str *out)
{
	str_addf(out, "%.1f %% of its packets were dropped: %" PRIu64 " coming in, %" PRIu64 " going out", loss(s),
		 grown(s, METER_DROPPED_IN), grown(s, METER_DROPPED_OUT));
}

/* No option lets more through; which of its interfaces it is can be seen. */
static void help_network(const struct scene *s, struct vz_str *out)
{
	str_addf(out, "vzctl exec %u cat /proc/net/dev", s->id);
}

/* ---- the table ---- */

/* In the order in which what hurts alike is named. */
static const struct symptom {
	const char *name;		/* for programs: stays as it is */
	unsigned int (*score)(const struct scene *s);
	void (*say)(const struct scene *s, struct vz_str *out);
	void (*help)(const struct scene *s, struct vz_str *out);
	/* If it does not hurt now: a counter that tells whether it did since the start, and how to say so. */
	void (*say_earlier)(const struct scene *s, struct vz_str *out);
	enum meter failures;
} symptoms[] = {
	{ "frozen",   score_frozen,   say_frozen,   help_frozen,   NULL,              METER__MAX },
	{ "filter",   score_filter,   say_filter,   help_filter,   NULL,              METER__MAX },
	{ "oom",      score_oom,      say_oom,      help_oom,      say_oom_earlier,   METER_OOM_KILLS },
	{ "disk",     score_disk,     say_disk,     help_disk,     NULL,              METER__MAX },
	{ "inodes",   score_inodes,   say_inodes,   help_inodes,   NULL,              METER__MAX },
	{ "tasks",    score_tasks,    say_tasks,    help_tasks,    say_tasks_earlier, METER_TASKS_REFUSED },
	{ "inotify",  score_inotify,  say_inotify,  help_inotify,  NULL,              METER__MAX },
	{ "host",     score_host,     say_host,     help_host,     NULL,              METER__MAX },
	{ "memory",   score_memory,   say_memory,   help_memory,   NULL,              METER__MAX },
	{ "cpulimit", score_cpulimit, say_cpulimit, help_cpulimit, NULL,              METER__MAX },
	{ "cpu",      score_cpu,      say_cpu,      help_cpu,      NULL,              METER__MAX },
	{ "iolimit",  score_iolimit,  say_iolimit,  help_iolimit,  NULL,              METER__MAX },
	{ "io",       score_io,       say_io,       help_io,       NULL,              METER__MAX },
	{ "network",  score_network,  say_network,  help_network,  NULL,              METER__MAX },
};

static char *words(void (*fn)(const struct scene *, struct vz_str *), const struct scene *s)
{
	struct vz_str text = { 0 };

	fn(s, &text);
	return str_take(&text);
}

static int describe(const struct symptom *symptom, const struct scene *s, unsigned int score, struct vz_pain *ret)
{
	char *text = words(score ? symptom->say : symptom->say_earlier, s);
	char *advice = words(symptom->help, s);

	if (!text || !advice) {
		free(text);
		free(advice);
		return -ENOMEM;
	}
	*ret = (struct vz_pain){ .symptom = symptom->name, .score = score, .text = text, .advice = advice };
	return 0;
}

/* Behind all that hurt as much or more. */
static void insert(struct vz_why *why, const struct vz_pain *pain)
{
	size_t i = why->n++;

	for (; i > 0 && why->pains[i - 1].score < pain->score; i--)
		why->pains[i] = why->pains[i - 1];
	why->pains[i] = *pain;
}

int symptoms_judge(const struct scene *s, struct vz_why *ret)
{
	*ret = (struct vz_why){ .pains = calloc(ARRAY_SIZE(symptoms), sizeof(*ret->pains)) };
	if (!ret->pains)
		return -ENOMEM;
	for (const struct symptom *sy = symptoms; sy < symptoms + ARRAY_SIZE(symptoms); sy++) {
		unsigned int score = sy->score(s);
		struct vz_pain pain;

		if (!score && !(sy->say_earlier && s->now.v[sy->failures]))
			continue;
		if (describe(sy, s, score, &pain) < 0) {
			vz_why_done(ret);
			return -ENOMEM;
		}
		insert(ret, &pain);
	}
	return 0;
}

void vz_why_done(struct vz_why *why)
{
	for (size_t i = 0; i < why->n; i++) {
		free(why->pains[i].text);
		free(why->pains[i].advice);
	}
	free(why->pains);
	*why = (struct vz_why){ 0 };
}
