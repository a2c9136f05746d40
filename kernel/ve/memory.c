// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a VE sees of memory: /proc/meminfo, /proc/swaps and sysinfo(2), from its memory cgroup.
 *
 * The total is the smallest limit from its cgroup upward, and never more than the machine has.
 * What is free is what the VE has not used of that, whether the machine could give it now or
 * not: it was promised, and what the others do is not seen here. Lines have the names and the
 * order of the host's file, because of those who parse it. Where there is no number of the VE
 * alone it is 0: none of the host's own is told.
 *
 * A VE without a memory cgroup of its own, or whose cgroup is gone, has used nothing that could
 * be told from what others used: all of the limits above it, or of the machine, is free.
 */
#include <linux/cgroup.h>
#include <linux/hugetlb.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/proc_fs.h>
#include <linux/sched/loadavg.h>
#include <linux/seq_file.h>
#include <linux/swap.h>
#include <linux/sysinfo.h>
#include "internal.h"

/**
 * ve_memory_view() - the numbers that people compare, from what a memory cgroup counts
 * @view: result
 * @use: what was counted; the counters are not read at one time and need not match
 *
 * Whatever was counted: free <= available <= total, free + cached + reclaimable <= total, and
 * swap_free <= swap_total.
 *
 * Context: Any.
 */
void ve_memory_view(struct ve_memory_view *view, const struct ve_memory_use *use)
{
	unsigned long used = min(use->usage, use->limit);

	view->total = use->limit;
	view->free = use->limit - used;
	view->available = view->free + min(used, size_add(use->file, use->reclaimable));
	view->cached = min(use->cached, used);
	view->reclaimable = min(use->reclaimable, used - view->cached);
	view->swap_total = use->swap_limit;
	view->swap_free = use->swap_limit - min(use->swap_usage, use->swap_limit);
}

static void read_limits(struct ve_memory_use *use, struct mem_cgroup *memcg)
{
	for (; memcg && !mem_cgroup_is_root(memcg); memcg = parent_mem_cgroup(memcg)) {
		use->limit = min(use->limit, READ_ONCE(memcg->memory.max));
		use->swap_limit = min(use->swap_limit, READ_ONCE(memcg->swap.max));
	}
}

/*
 * The kernel flushes by itself every two seconds. That is not enough: usage is exact at any time,
 * and beside a page cache of two seconds ago, programs that kill when little is available would
 * find little. Ten times a second is, however often somebody asks.
 */
static void flush(struct ve *ve, struct mem_cgroup *memcg)
{
	unsigned long last = READ_ONCE(ve->stat_flushed);

	if (time_in_range(jiffies, last, last + HZ / 10))
		return;
	WRITE_ONCE(ve->stat_flushed, jiffies);
	mem_cgroup_flush_stats(memcg);
}

static void read_usage(struct ve_memory_use *use, struct mem_cgroup *memcg)
{
	use->usage = page_counter_read(&memcg->memory);
	use->cached = memcg_page_state(memcg, NR_FILE_PAGES);
	use->file = memcg_page_state(memcg, NR_ACTIVE_FILE) +
		    memcg_page_state(memcg, NR_INACTIVE_FILE);
	use->reclaimable = memcg_page_state(memcg, NR_SLAB_RECLAIMABLE_B) >> PAGE_SHIFT;
	use->swap_usage = page_counter_read(&memcg->swap);
}

/* The VE's own memory cgroup with a reference, NULL if there is none; and the view in any case. */
static struct mem_cgroup *read_memory(struct ve *ve, struct ve_memory_view *view)
{
	struct ve_memory_use use = {
		.limit = totalram_pages(),
		.swap_limit = total_swap_pages,
	};
	struct cgroup *cgrp = ve_cgroup_get(ve);
	struct mem_cgroup *own = NULL;

	if (cgrp) {
		struct cgroup_subsys_state *css = cgroup_get_e_css(cgrp, &memory_cgrp_subsys);

		read_limits(&use, mem_cgroup_from_css(css));
		if (css->cgroup == cgrp) {
			own = mem_cgroup_from_css(css);
			flush(ve, own);
			read_usage(&use, own);
		} else {
			css_put(css);
		}
		cgroup_put(cgrp);
	}
	ve_memory_view(view, &use);
	return own;
}

/* ---- /proc/meminfo ---- */

#define ZERO -1

struct line {
	const char	*label;
	int		item;	/* which the memory cgroup counts, or ZERO */
	unsigned int	width;	/* of the number, 8 unless it is told */
};

static const struct line swapcached = {
#ifdef CONFIG_SWAP
	"SwapCached:     ", NR_SWAPCACHE
#else
	"SwapCached:     ", ZERO
#endif
};

static const struct line lru_lines[] = {
	{ "Active(anon):   ", NR_ACTIVE_ANON },
	{ "Inactive(anon): ", NR_INACTIVE_ANON },
	{ "Active(file):   ", NR_ACTIVE_FILE },
	{ "Inactive(file): ", NR_INACTIVE_FILE },
	{ "Unevictable:    ", NR_UNEVICTABLE },
	{ "Mlocked:        ", ZERO },
};

static const struct line use_lines[] = {
#ifdef CONFIG_ZSWAP
	{ "Zswap:          ", MEMCG_ZSWAP_B },
	{ "Zswapped:       ", MEMCG_ZSWAPPED },
#endif
	{ "Dirty:          ", NR_FILE_DIRTY },
	{ "Writeback:      ", NR_WRITEBACK },
	{ "AnonPages:      ", NR_ANON_MAPPED },
	{ "Mapped:         ", NR_FILE_MAPPED },
	{ "Shmem:          ", NR_SHMEM },
};

static const struct line kernel_lines[] = {
	{ "KernelStack:    ", NR_KERNEL_STACK_KB },
#ifdef CONFIG_SHADOW_CALL_STACK
	{ "ShadowCallStack:", ZERO },
#endif
	{ "PageTables:     ", NR_PAGETABLE },
	{ "SecPageTables:  ", NR_SECONDARY_PAGETABLE },
	{ "NFS_Unstable:   ", ZERO },
	{ "Bounce:         ", ZERO },
	{ "WritebackTmp:   ", ZERO },
	{ "CommitLimit:    ", ZERO },
	{ "Committed_AS:   ", ZERO },
	{ "VmallocTotal:   ", ZERO },
	{ "VmallocUsed:    ", MEMCG_VMALLOC },
	{ "VmallocChunk:   ", ZERO },
	{ "Percpu:         ", MEMCG_PERCPU_B },
#ifdef CONFIG_MEMORY_FAILURE
	{ "HardwareCorrupted: ", ZERO, 5 },
#endif
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	{ "AnonHugePages:  ", NR_ANON_THPS },
	{ "ShmemHugePages: ", NR_SHMEM_THPS },
	{ "ShmemPmdMapped: ", ZERO },
	{ "FileHugePages:  ", NR_FILE_THPS },
	{ "FilePmdMapped:  ", ZERO },
#endif
#ifdef CONFIG_CMA
	{ "CmaTotal:       ", ZERO },
	{ "CmaFree:        ", ZERO },
#endif
#ifdef CONFIG_UNACCEPTED_MEMORY
	{ "Unaccepted:     ", ZERO },
#endif
};

static u64 item_kb(struct mem_cgroup *memcg, int item)
{
	u64 value;

	if (!memcg || item == ZERO)
		return 0;
	value = memcg_page_state(memcg, item);
	switch (item) {
	case NR_KERNEL_STACK_KB:
		return value;
	case NR_SLAB_RECLAIMABLE_B:
	case NR_SLAB_UNRECLAIMABLE_B:
	case MEMCG_PERCPU_B:
	case MEMCG_ZSWAP_B:
		return value >> 10;
	default:
		return value << (PAGE_SHIFT - 10);
	}
}

static void show_kb(struct seq_file *m, const char *label, u64 kb)
{
	seq_put_decimal_ull_width(m, label, kb, 8);
	seq_puts(m, " kB\n");
}

static void show_pages(struct seq_file *m, const char *label, unsigned long pages)
{
	show_kb(m, label, (u64)pages << (PAGE_SHIFT - 10));
}

static void show_lines(struct seq_file *m, struct mem_cgroup *memcg,
		       const struct line *lines, size_t n)
{
	for (; n--; lines++) {
		seq_put_decimal_ull_width(m, lines->label, item_kb(memcg, lines->item),
					  lines->width ?: 8);
		seq_puts(m, " kB\n");
	}
}

/* A VE has no huge pages set aside; how large one is, is the machine's. */
static void show_hugetlb(struct seq_file *m)
{
#ifdef CONFIG_HUGETLB_PAGE
	if (!hugepages_supported())
		return;
	seq_puts(m, "HugePages_Total:       0\n");
	seq_puts(m, "HugePages_Free:        0\n");
	seq_puts(m, "HugePages_Rsvd:        0\n");
	seq_puts(m, "HugePages_Surp:        0\n");
	show_kb(m, "Hugepagesize:   ", huge_page_size(&default_hstate) / SZ_1K);
	show_kb(m, "Hugetlb:        ", 0);
#endif
}

/* What the architecture adds, how it maps all of the memory, is not about a VE and left out. */
static int meminfo_show(struct seq_file *m, void *v)
{
	struct ve_memory_view view;
	struct mem_cgroup *memcg = read_memory(ve_of_seq(m), &view);
	u64 unreclaimable = item_kb(memcg, NR_SLAB_UNRECLAIMABLE_B);
	u64 reclaimable = (u64)view.reclaimable << (PAGE_SHIFT - 10);

	show_pages(m, "MemTotal:       ", view.total);
	show_pages(m, "MemFree:        ", view.free);
	show_pages(m, "MemAvailable:   ", view.available);
	show_kb(m, "Buffers:        ", 0);
	show_pages(m, "Cached:         ", view.cached);
	show_lines(m, memcg, &swapcached, 1);
	show_kb(m, "Active:         ", item_kb(memcg, NR_ACTIVE_ANON) +
				       item_kb(memcg, NR_ACTIVE_FILE));
	show_kb(m, "Inactive:       ", item_kb(memcg, NR_INACTIVE_ANON) +
				       item_kb(memcg, NR_INACTIVE_FILE));
	show_lines(m, memcg, lru_lines, ARRAY_SIZE(lru_lines));
	if (IS_ENABLED(CONFIG_HIGHMEM)) {
		show_kb(m, "HighTotal:      ", 0);
		show_kb(m, "HighFree:       ", 0);
		show_pages(m, "LowTotal:       ", view.total);
		show_pages(m, "LowFree:        ", view.free);
	}
	show_pages(m, "SwapTotal:      ", view.swap_total);
	show_pages(m, "SwapFree:       ", view.swap_free);
	show_lines(m, memcg, use_lines, ARRAY_SIZE(use_lines));
	show_kb(m, "KReclaimable:   ", reclaimable);
	show_kb(m, "Slab:           ", reclaimable + unreclaimable);
	show_kb(m, "SReclaimable:   ", reclaimable);
	show_kb(m, "SUnreclaim:     ", unreclaimable);
	show_lines(m, memcg, kernel_lines, ARRAY_SIZE(kernel_lines));
	show_hugetlb(m);

	mem_cgroup_put(memcg);
	return 0;
}

/* ---- /proc/swaps ---- */

/* One line for all of the VE's swap: where the host keeps it is not told. */
static int swaps_show(struct seq_file *m, void *v)
{
	struct ve_memory_view view;

	mem_cgroup_put(read_memory(ve_of_seq(m), &view));
	seq_puts(m, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	if (view.swap_total) {
		u64 size = (u64)view.swap_total << (PAGE_SHIFT - 10);
		u64 used = (u64)(view.swap_total - view.swap_free) << (PAGE_SHIFT - 10);

		seq_printf(m, "%-40s%s\t\t%llu\t%s%llu\t%s%d\n", "none", "virtual",
			   size, size < 10000000 ? "\t" : "",
			   used, used < 10000000 ? "\t" : "", -2);
	}
	return 0;
}

static int __init memory_init(void)
{
	proc_create_single("meminfo", 0, ve_proc_dir, meminfo_show);
	if (IS_ENABLED(CONFIG_SWAP))
		proc_create_single("swaps", 0, ve_proc_dir, swaps_show);
	return 0;
}
fs_initcall(memory_init);

/* ---- sysinfo(2) ---- */

/**
 * __ve_sysinfo() - what sysinfo(2) tells programs of a VE
 * @info: filled for the host, in units of info->mem_unit, which is a page
 *
 * Called before the caller scales what it may: units stay its business. Uptime is the time
 * namespace's.
 *
 * Context: May sleep.
 */
void __ve_sysinfo(struct sysinfo *info)
{
	struct ve_memory_view view;
	struct ve *ve = ve_current();
	struct mem_cgroup *memcg;
	int i;

	if (!ve || !ve_has(ve, VE_PROCVIEW))
		return;
	memcg = read_memory(ve, &view);
	info->totalram = view.total;
	info->freeram = view.free;
	info->sharedram = memcg ? memcg_page_state(memcg, NR_SHMEM) : 0;
	info->bufferram = 0;
	info->totalswap = view.swap_total;
	info->freeswap = view.swap_free;
	info->totalhigh = 0;
	info->freehigh = 0;
	info->procs = min(ve_nr_tasks(ve), U16_MAX);
	for (i = 0; i < 3; i++)
		info->loads[i] = READ_ONCE(ve->avenrun[i]) << (SI_LOAD_SHIFT - FSHIFT);
	mem_cgroup_put(memcg);
}
