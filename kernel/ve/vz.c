// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/vz and /proc/bc: what programs made for OpenVZ look for. New ones read ve.* or use netlink.
 *
 * With both it is a host, with the first alone a VE: many programs tell them apart so, and some by
 * /proc/vz/version, which a VE does not have. The host's lists are of the VEs that run, and root's.
 * A VE has a list of itself, for everybody in it.
 */
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/proc_fs.h>
#include <linux/sched/stat.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>
#include <linux/utsname.h>
#include "internal.h"
#include "stat.h"

/* ---- lists: something first, then VEs; the position is an id ---- */

static struct ve *running_from(loff_t *pos)
{
	unsigned long id;
	struct ve *ve;

	xa_for_each_start(&ve_table, id, ve, *pos) {
		if (ve->state == VE_RUNNING) {
			*pos = id;
			break;
		}
	}
	return ve;
}

static void *list_start(struct seq_file *m, loff_t *pos)
{
	mutex_lock(&ve_mutex);
	return *pos ? running_from(pos) : SEQ_START_TOKEN;
}

static void *list_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return running_from(pos);
}

static void list_stop(struct seq_file *m, void *v)
{
	mutex_unlock(&ve_mutex);
}

/* ---- veinfo ---- */

/* Id, class, processes and threads. Addresses would follow, if the kernel knew them. */
static void show_veinfo(struct seq_file *m, u32 id, unsigned int tasks)
{
	seq_printf(m, "%10u %5u %5u\n", id, 0, tasks);
}

/* Those in no VE that runs. All are counted one after the other, while some come and go. */
static unsigned int count_host_tasks(void)
{
	int n = READ_ONCE(nr_threads);
	unsigned long id;
	struct ve *ve;

	xa_for_each(&ve_table, id, ve)
		n -= ve_nr_tasks(ve);
	return max(n, 0);
}

static int veinfo_show(struct seq_file *m, void *v)
{
	struct ve *ve = v;

	if (v == SEQ_START_TOKEN)
		show_veinfo(m, 0, count_host_tasks());
	else
		show_veinfo(m, ve->id, ve_nr_tasks(ve));
	return 0;
}

static const struct seq_operations veinfo_ops = {
	.start	= list_start,
	.next	= list_next,
	.stop	= list_stop,
	.show	= veinfo_show,
};

static int own_veinfo_show(struct seq_file *m, void *v)
{
	struct ve *ve = ve_of_seq(m);

	show_veinfo(m, ve->id, ve_nr_tasks(ve));
	return 0;
}

/* ---- vestat ---- */

enum vestat_column {
	VESTAT_ID,
	VESTAT_USER,		/* four in ticks, as times(2) has them */
	VESTAT_NICE,
	VESTAT_SYSTEM,
	VESTAT_TICKS,
	VESTAT_IDLE,		/* times from here on in ns */
	VESTAT_STRV,
	VESTAT_UPTIME,
	VESTAT_USED,
	VESTAT_MAXLAT,
	VESTAT_TOTLAT,
	VESTAT_NUMSCHED,
	NR_VESTAT_COLUMNS
};

static const char *const vestat_names[NR_VESTAT_COLUMNS] = {
	"VEID", "user", "nice", "system", "uptime", "idle",
	"strv", "uptime", "used", "maxlat", "totlat", "numsched",
};

#define VESTAT_WIDTH	20
#define VESTAT_LINE	(NR_VESTAT_COLUMNS * (VESTAT_WIDTH + 1) - 1)

static void show_vestat_header(struct seq_file *m)
{
	int i;

	seq_printf(m, "%-*s\n", VESTAT_LINE, "Version: 2.2");
	for (i = 0; i < NR_VESTAT_COLUMNS; i++)
		seq_printf(m, "%s%*s", i ? " " : "", VESTAT_WIDTH, vestat_names[i]);
	seq_putc(m, '\n');
}

/* As the VE's own /proc/stat; of the columns left nothing is known. */
static int read_vestat(u64 row[NR_VESTAT_COLUMNS], struct ve *ve)
{
	u64 times[NR_VE_TIMES];
	int ret = ve_stat_read(ve, times);

	if (ret)
		return ret;
	row[VESTAT_ID] = ve->id;
	row[VESTAT_USER] = nsec_to_clock_t(times[VE_USER]);
	row[VESTAT_NICE] = nsec_to_clock_t(times[VE_NICE]);
	row[VESTAT_SYSTEM] = nsec_to_clock_t(times[VE_SYSTEM]);
	row[VESTAT_UPTIME] = ktime_get_boottime_ns() - ve->start_boottime;
	row[VESTAT_TICKS] = nsec_to_clock_t(row[VESTAT_UPTIME]);
	row[VESTAT_IDLE] = times[VE_IDLE];
	row[VESTAT_USED] = times[VE_USER] + times[VE_NICE] + times[VE_SYSTEM];
	return 0;
}

static int vestat_show(struct seq_file *m, void *v)
{
	u64 row[NR_VESTAT_COLUMNS] = {};
	int ret, i;

	if (v == SEQ_START_TOKEN) {
		show_vestat_header(m);
		return 0;
	}
	ret = read_vestat(row, v);
	if (ret)
		return ret;
	for (i = 0; i < NR_VESTAT_COLUMNS; i++)
		seq_put_decimal_ull_width(m, i ? " " : "", row[i], VESTAT_WIDTH);
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations vestat_ops = {
	.start	= list_start,
	.next	= list_next,
	.stop	= list_stop,
	.show	= vestat_show,
};

/* ---- what is only there ---- */

static int version_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s\n", init_utsname()->release);
	return 0;
}

/* Memory and swap are limited each by itself: programs take the file's existence for that. */
static int vswap_show(struct seq_file *m, void *v)
{
	seq_puts(m, "Version: 1.0\n");
	return 0;
}

static int __init vz_init(void)
{
	proc_mkdir_mode("bc", 0500, NULL);
	proc_mkdir("vz", NULL);
	proc_create_single("vz/version", 0444, NULL, version_show);
	proc_create_single("vz/vswap", 0444, NULL, vswap_show);
	proc_create_seq("vz/veinfo", 0400, NULL, &veinfo_ops);
	proc_create_seq("vz/vestat", 0400, NULL, &vestat_ops);

	proc_mkdir("vz", ve_proc_dir);
	proc_create_single("vz/veinfo", 0444, ve_proc_dir, own_veinfo_show);
	return 0;
}
fs_initcall(vz_init);
