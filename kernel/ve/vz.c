// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/vz and /proc/bc: what programs made for OpenVZ look for. New ones read ve.* or use netlink.
 *
 * With both it is a host, with the first alone a VE: many programs tell them apart so, and some by
 * /proc/vz/version, which a VE does not have. The host's lists are of the VEs that run, and root's.
 * A VE has a list of itself, for everybody in it.
 */
#include <linux/init.h>
#include <linux/proc_fs.h>
#include <linux/sched/stat.h>
#include <linux/seq_file.h>
#include <linux/utsname.h>
#include "internal.h"

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

	proc_mkdir("vz", ve_proc_dir);
	proc_create_single("vz/veinfo", 0444, ve_proc_dir, own_veinfo_show);
	return 0;
}
fs_initcall(vz_init);
