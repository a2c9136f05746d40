// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/cpuinfo of a VE: the machine's, up to as many CPUs as the VE sees.
 *
 * Some architectures have a record for each CPU, at the position of its number: those behind the
 * last one are not asked for. Others have all CPUs in one record: what is too much is cut off.
 * Numbers and contents stay the machine's.
 */
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/minmax.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/ve.h>
#include "internal.h"

extern const struct seq_operations cpuinfo_op;

/* How many CPUs are left to show at this position. */
static unsigned int cpus_left(struct seq_file *m, loff_t pos)
{
	unsigned int seen = ve_seen_cpus(ve_of_seq(m));
	unsigned int shown = bitmap_weight(cpumask_bits(cpu_online_mask),
					   min_t(loff_t, pos, nr_cpu_ids));

	return seen > shown ? seen - shown : 0;
}

static void *cpuinfo_start(struct seq_file *m, loff_t *pos)
{
	void *v = cpuinfo_op.start(m, pos);

	return cpus_left(m, *pos) ? v : NULL;
}

static void *cpuinfo_next(struct seq_file *m, void *v, loff_t *pos)
{
	v = cpuinfo_op.next(m, v, pos);
	return cpus_left(m, *pos) ? v : NULL;
}

/* Called once for each start, however that went on, as the architecture's own expects. */
static void cpuinfo_stop(struct seq_file *m, void *v)
{
	cpuinfo_op.stop(m, v);
}

static int cpuinfo_show(struct seq_file *m, void *v)
{
	size_t from = m->count;
	int ret = cpuinfo_op.show(m, v);

	if (!ret && !seq_has_overflowed(m))
		m->count = from + ve_cpuinfo_cut(m->buf + from, m->count - from,
						 cpus_left(m, m->index));
	return ret;
}

static const struct seq_operations ve_cpuinfo_op = {
	.start	= cpuinfo_start,
	.next	= cpuinfo_next,
	.stop	= cpuinfo_stop,
	.show	= cpuinfo_show,
};

static int __init cpuinfo_init(void)
{
	proc_create_seq("cpuinfo", 0, ve_proc_dir, &ve_cpuinfo_op);
	return 0;
}
fs_initcall(cpuinfo_init);
