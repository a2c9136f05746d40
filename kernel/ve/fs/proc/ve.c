// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a VE sees in /proc: a second tree of entries, before the host's.
 *
 * A procfs belongs to the user namespace that owns its PID namespace, and so to a VE or to none. In
 * a VE's, a name directly in /proc is looked for here first. Entries are made while the kernel
 * boots, by the usual functions with ve_proc_dir as their parent, and stay: so nothing is locked.
 *
 * Directories list the host's names alone, so whatever is made here has to be there as well.
 *
 * Features may change, and a container may become a VE, while names are in use: dentries of what is
 * the wrong tree now are dropped at the next lookup, with what is mounted on them. Files that are
 * open stay what they are.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/user_namespace.h>
#include <linux/ve.h>
#include "internal.h"

/* A directory without any would count as one that stays empty. */
static const struct inode_operations tree_iops;

static struct proc_dir_entry tree = {
	.namelen	= 2,
	.mode		= S_IFDIR | 0555,
	.nlink		= 2,
	.refcnt		= REFCOUNT_INIT(1),
	.proc_iops	= &tree_iops,
	.parent		= &tree,
	.subdir		= RB_ROOT,
	.name		= "ve",
};

struct proc_dir_entry *const ve_proc_dir = &tree;

static struct ve *ve_of_sb(const struct super_block *sb)
{
	return ve_of_userns(sb->s_user_ns);
}

/**
 * ve_of_seq() - whose view an open file of /proc is
 * @m: the file
 *
 * Who opened it does not matter, nor who reads: on the host, /proc/PID/root/proc shows what the
 * container sees.
 *
 * Context: Any.
 * Return: The VE, which lives as long as the file is open; NULL for a file of the host's /proc.
 */
struct ve *ve_of_seq(const struct seq_file *m)
{
	return ve_of_sb(file_inode(m->file)->i_sb);
}

static bool is_name(const struct qstr *name, const char *word, unsigned int len)
{
	return name->len == len && !memcmp(name->name, word, len);
}

static bool tree_has(const struct qstr *name)
{
	struct rb_node *node;

	for (node = rb_first(&tree.subdir); node; node = rb_next(node)) {
		struct proc_dir_entry *de = rb_entry(node, struct proc_dir_entry, subdir_node);

		if (is_name(name, de->name, de->namelen))
			return true;
	}
	return false;
}

/*
 * Where a VE finds a name: here, in the host's tree, or nowhere. Programs tell a VE by /proc/vz and
 * no /proc/bc; what the host has under the first is not for a VE, whatever its features.
 */
static struct proc_dir_entry *tree_of(const struct ve *ve, const struct qstr *name)
{
	if (is_name(name, "bc", 2))
		return NULL;
	if (is_name(name, "vz", 2))
		return ve_has(ve, VE_DETECT) ? &tree : NULL;
	return ve_has(ve, VE_PROCVIEW) && tree_has(name) ? &tree : &proc_root;
}

/**
 * ve_proc_lookup() - find a name in the root of a procfs that is no process
 * @dir: the root
 * @dentry: the name
 * @flags: as the VFS has them
 *
 * Context: May sleep.
 * Return: As proc_lookup().
 */
struct dentry *ve_proc_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	struct ve *ve = ve_of_sb(dir->i_sb);
	struct proc_dir_entry *de;

	if (!ve || proc_sb_info(dir->i_sb)->pidonly == PROC_PIDONLY_ON)
		return proc_lookup(dir, dentry, flags);
	de = tree_of(ve, &dentry->d_name);
	return de ? proc_lookup_de(dir, dentry, de) : ERR_PTR(-ENOENT);
}

/**
 * __ve_proc_hidden() - whether a directory does not list an entry
 * @file: the open directory
 * @de: the entry
 *
 * Context: Any.
 * Return: true for a name of the host's /proc that the directory's VE cannot look up.
 */
bool __ve_proc_hidden(const struct file *file, const struct proc_dir_entry *de)
{
	struct ve *ve = ve_of_sb(file_inode(file)->i_sb);
	struct qstr name = QSTR_INIT(de->name, de->namelen);

	return ve && de->parent == &proc_root && !tree_of(ve, &name);
}

/**
 * __ve_proc_stale() - whether a name that was looked up before would be found elsewhere now
 * @dentry: of an entry of /proc that is no process, with a reference
 *
 * Context: Any.
 * Return: true if it has to be looked up again.
 */
bool __ve_proc_stale(const struct dentry *dentry)
{
	struct ve *ve = ve_of_sb(dentry->d_sb);
	struct proc_dir_entry *de = PDE(d_inode(dentry));
	struct qstr name = QSTR_INIT(de->name, de->namelen);

	if (!ve || (de->parent != &proc_root && de->parent != &tree))
		return false;
	return de->parent != tree_of(ve, &name);
}

/**
 * ve_proc_task() - the lines of /proc/PID/status that tell of VEs
 * @m: the file
 * @task: the process or thread
 *
 * envID is the VE whose process it is, 0 on the host. VPid is its number in the PID namespace of
 * the VE's init, as ps(1) shows it there, also for a process of a container in the VE; 0 if it has
 * none. A VE that programs shall not recognize has no such lines.
 *
 * Context: Any.
 */
void ve_proc_task(struct seq_file *m, struct task_struct *task)
{
	struct ve *ve = ve_of_seq(m);
	u32 id = 0;
	pid_t vpid = 0;

	if (ve && !ve_has(ve, VE_DETECT))
		return;
	rcu_read_lock();
	ve = ve_of_userns(__task_cred(task)->user_ns);
	if (ve) {
		/* Dropped when the VE stops, freed after a grace period. */
		struct pid_namespace *ns = READ_ONCE(ve->pid_ns);

		id = ve->id;
		vpid = ns ? task_pid_nr_ns(task, ns) : 0;
	}
	rcu_read_unlock();
	seq_printf(m, "envID:\t%u\nVPid:\t%d\n", id, vpid);
}
