/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which devices a group may use.
 *
 * On v2 the rules become a BPF program: one comparison after the other, the last rule first, and the
 * first match decides. It is swapped for its predecessor in one step. On v1 the controller keeps a set
 * of allowed triples, so the new set is put beside the old one before the old one goes. Either way
 * /dev/null never fails in a container whose rules are being changed.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include <linux/bpf.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "host/cgroup-priv.h"
#include "host/device-priv.h"

#define RW (DEVICE_READ | DEVICE_WRITE)
#define RWM (DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD)

const struct device_rule device_defaults[] = {
	{ 'a', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD },
	{ 'c', 1,   3, RWM },		/* null */
	{ 'c', 1,   5, RWM },		/* zero */
	{ 'c', 1,   7, RWM },		/* full */
	{ 'c', 1,   8, RWM },		/* random */
	{ 'c', 1,   9, RWM },		/* urandom */
	{ 'c', 5,   0, RWM },		/* tty */
	{ 'c', 5,   1, RWM },		/* console */
	{ 'c', 5,   2, RWM },		/* ptmx */
	{ 'c', 136, DEVICE_ANY, RWM },	/* pts */
};
const size_t device_defaults_len = ARRAY_SIZE(device_defaults);

static bool is_valid(const struct device_rule *r)
{
	return (r->type == 'a' || r->type == 'b' || r->type == 'c') &&
	       r->major >= DEVICE_ANY && r->minor >= DEVICE_ANY && !(r->access & ~(unsigned int)RWM);
}

/* --- v1 ------------------------------------------------------------------------------------- */

static bool covers_number(int wide, int narrow)
{
	return wide == DEVICE_ANY || wide == narrow;
}

static bool covers(const struct device_rule *wide, const struct device_rule *narrow)
{
	return (wide->type == 'a' || wide->type == narrow->type) &&
	       covers_number(wide->major, narrow->major) && covers_number(wide->minor, narrow->minor);
}

static bool overlaps(const struct device_rule *a, const struct device_rule *b)
{
	return (a->type == 'a' || b->type == 'a' || a->type == b->type) &&
	       (covers_number(a->major, b->major) || covers_number(b->major, a->major)) &&
	       (covers_number(a->minor, b->minor) || covers_number(b->minor, a->minor));
}

/* "c 1:3 rwm", as the controller reads and prints it. */
static int add_entry(char ***list, char type, const struct device_rule *r, unsigned int access)
{
	auto_str struct vz_str s = { 0 };

	str_addf(&s, "%c ", type);
	if (r->major == DEVICE_ANY)
		str_add(&s, "*:");
	else
		str_addf(&s, "%d:", r->major);
	if (r->minor == DEVICE_ANY)
		str_add(&s, "* ");
	else
		str_addf(&s, "%d ", r->minor);
	if (access & DEVICE_READ)
		str_add_char(&s, 'r');
	if (access & DEVICE_WRITE)
		str_add_char(&s, 'w');
	if (access & DEVICE_MKNOD)
		str_add_char(&s, 'm');
	return strv_take(list, str_take(&s));
}

/*
 * The set of entries that together allow what the rules allow. "a" is a word of its own to the
 * controller ("everything, forget the list"), so both types are written out.
 */
static int flatten(const struct device_rule *rules, size_t n, char ***ret)
{
	auto_strv char **list = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		unsigned int access = rules[i].access;
		bool hidden = false;

		for (size_t j = i + 1; j < n && !hidden; j++) {
			hidden = covers(&rules[j], &rules[i]);
			if (!hidden && overlaps(&rules[j], &rules[i]) &&
			    (access & RW & ~rules[j].access))
				return -EOPNOTSUPP;
		}
		if (hidden || !access)
			continue;
		if (rules[i].type != 'b')
			r = add_entry(&list, 'c', &rules[i], access);
		if (r == 0 && rules[i].type != 'c')
			r = add_entry(&list, 'b', &rules[i], access);
	}
	if (r == 0)
		*ret = take_ptr(list);
	return r;
}

static unsigned int access_of(const char *letters)
{
	return (strchr(letters, 'r') ? DEVICE_READ : 0u) | (strchr(letters, 'w') ? DEVICE_WRITE : 0u) |
	       (strchr(letters, 'm') ? DEVICE_MKNOD : 0u);
}

/* Deny what entry allows and no entry of list for the same devices does. */
static int deny_surplus(struct cgroups *cg, const char *group, const char *entry, char *const *list)
{
	const char *letters = strrchr(entry, ' ');
	size_t n = letters ? (size_t)(letters - entry) + 1 : 0;
	unsigned int surplus;
	auto_str struct vz_str s = { 0 };

	if (!letters)
		return -EBADMSG;
	surplus = access_of(letters);
	for (size_t i = 0; list && list[i]; i++)
		if (strncmp(list[i], entry, n) == 0)
			surplus &= ~access_of(list[i] + n);
	if (!surplus)
		return 0;
	str_add_n(&s, entry, n);
	if (surplus & DEVICE_READ)
		str_add_char(&s, 'r');
	if (surplus & DEVICE_WRITE)
		str_add_char(&s, 'w');
	if (surplus & DEVICE_MKNOD)
		str_add_char(&s, 'm');
	if (s.failed)
		return -ENOMEM;
	return cgroup_write(cg, group, "devices", "devices.deny", str_get(&s));
}

int device_apply_v1(struct cgroups *cg, const char *group, const struct device_rule *rules, size_t n)
{
	auto_strv char **wanted = NULL;
	auto_strv char **present = NULL;
	auto_free char *text = NULL;
	int r = flatten(rules, n, &wanted);

	if (r == 0)
		r = cgroup_read(cg, group, "devices", "devices.list", &text);
	if (r == 0)
		r = strv_split(text, "\n", &present);
	/* A new group allows all. There are no tasks in it yet, so it may lose everything for a moment. */
	if (r == 0 && present && str_has_prefix(present[0], "a ")) {
		r = cgroup_write(cg, group, "devices", "devices.deny", "a");
		strv_cleanup(&present);
		present = NULL;
	}
	for (size_t i = 0; r == 0 && wanted && wanted[i]; i++)
		if (strv_find(present, wanted[i]) < 0)
			r = cgroup_write(cg, group, "devices", "devices.allow", wanted[i]);
	for (size_t i = 0; r == 0 && present && present[i]; i++)
		r = deny_surplus(cg, group, present[i], wanted);
	return r;
}

/* --- v2 ------------------------------------------------------------------------------------- */

#define PROGRAM_NAME "vz_devices"	/* by it we know ours among others on the group */
#define INSNS_PER_RULE 8
#define INSNS_AROUND 8

static int bpf(enum bpf_cmd cmd, union bpf_attr *attr, size_t size)
{
	int r = (int)syscall(SYS_bpf, cmd, attr, size);

	return r < 0 ? -errno : r;
}

/* The few instructions the program is made of. */
static struct bpf_insn load_word(int dst, int src, size_t offset)
{
	return (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = (__u8)dst & 15,
				  .src_reg = (__u8)src & 15, .off = (__s16)offset };
}

static struct bpf_insn move_reg(int dst, int src)
{
	return (struct bpf_insn){ .code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = (__u8)dst & 15,
				  .src_reg = (__u8)src & 15 };
}

static struct bpf_insn alu(int op, int dst, int imm)
{
	return (struct bpf_insn){ .code = (__u8)(BPF_ALU | op | BPF_K), .dst_reg = (__u8)dst & 15,
				  .imm = imm };
}

static struct bpf_insn jump_if(int op, int reg, int imm, size_t over)
{
	return (struct bpf_insn){ .code = (__u8)(BPF_JMP | op | BPF_K), .dst_reg = (__u8)reg & 15,
				  .imm = imm, .off = (__s16)over };
}

static struct bpf_insn leave(void)
{
	return (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };
}

static unsigned int bpf_access(unsigned int access)
{
	return (access & DEVICE_READ ? BPF_DEVCG_ACC_READ : 0u) |
	       (access & DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0u) |
	       (access & DEVICE_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0u);
}

enum { TYPE = 2, ACCESS, MAJOR, MINOR };	/* registers */

/*
 * If this is not the device, jump over the rest of the rule; else leave with 1 when nothing but what
 * is allowed was asked for. Returns the number of instructions.
 */
static size_t compile_rule(const struct device_rule *r, struct bpf_insn *insn)
{
	int type = r->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
	size_t left = 3u + (r->type != 'a') + (r->major != DEVICE_ANY) + (r->minor != DEVICE_ANY);
	size_t n = 0;

	if (r->type != 'a')
		insn[n++] = jump_if(BPF_JNE, TYPE, type, --left);
	if (r->major != DEVICE_ANY)
		insn[n++] = jump_if(BPF_JNE, MAJOR, r->major, --left);
	if (r->minor != DEVICE_ANY)
		insn[n++] = jump_if(BPF_JNE, MINOR, r->minor, --left);
	/* r0 is 0. One bit too many, and it stays so. */
	insn[n++] = jump_if(BPF_JSET, ACCESS, (int)(~bpf_access(r->access) & 0xffff), 1);
	insn[n++] = alu(BPF_MOV, 0, 1);
	insn[n++] = leave();
	return n;
}

static int load_program(const struct device_rule *rules, size_t n)
{
	auto_free struct bpf_insn *insn = calloc(n * INSNS_PER_RULE + INSNS_AROUND, sizeof(*insn));
	union bpf_attr attr = { 0 };
	bool final = false;
	size_t len = 0;

	if (!insn)
		return -ENOMEM;
	/* access_type: what is asked for in the upper half, block or character in the lower. */
	insn[len++] = load_word(TYPE, 1, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	insn[len++] = move_reg(ACCESS, TYPE);
	insn[len++] = alu(BPF_AND, TYPE, 0xffff);
	insn[len++] = alu(BPF_RSH, ACCESS, 16);
	insn[len++] = load_word(MAJOR, 1, offsetof(struct bpf_cgroup_dev_ctx, major));
	insn[len++] = load_word(MINOR, 1, offsetof(struct bpf_cgroup_dev_ctx, minor));
	insn[len++] = alu(BPF_MOV, 0, 0);
	for (size_t i = n; i-- > 0 && !final;) {
		len += compile_rule(&rules[i], insn + len);
		/* Nothing gets past a rule for everything, and the verifier refuses dead code. */
		final = rules[i].type == 'a' && rules[i].major == DEVICE_ANY &&
			rules[i].minor == DEVICE_ANY;
	}
	if (!final)
		insn[len++] = leave();

	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)insn;
	attr.insn_cnt = (__u32)len;
	attr.license = (uintptr_t)"GPL";
	memcpy(attr.prog_name, PROGRAM_NAME, sizeof(PROGRAM_NAME));
	return bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* A descriptor of the program with this id if it is one of ours, or -errno. */
static int open_if_ours(__u32 id)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr get = { .prog_id = id };
	auto_close int fd = bpf(BPF_PROG_GET_FD_BY_ID, &get, sizeof(get));
	union bpf_attr ask = { .info = { .info_len = sizeof(info), .info = (uintptr_t)&info } };
	int r;

	if (fd < 0)
		return fd;
	ask.info.bpf_fd = (__u32)fd;
	r = bpf(BPF_OBJ_GET_INFO_BY_FD, &ask, sizeof(ask));
	if (r < 0)
		return r;
	return strcmp(info.name, PROGRAM_NAME) == 0 ? take_fd(&fd) : -ENOENT;
}

static int query(int group, __u32 *ids, __u32 *n)
{
	union bpf_attr attr = {
		.query = {
			.target_fd = (__u32)group,
			.attach_type = BPF_CGROUP_DEVICE,
			.prog_ids = (uintptr_t)ids,
			.prog_cnt = *n,
		},
	};
	int r = bpf(BPF_PROG_QUERY, &attr, sizeof(attr));

	*n = attr.query.prog_cnt;
	return r;
}

/* The program we left on the group earlier: descriptor, -ENOENT if there is none, else another errno. */
static int find_ours(int group)
{
	auto_free __u32 *ids = NULL;
	__u32 n = 0;
	int r = query(group, NULL, &n);

	if (r < 0)
		return r;
	ids = calloc(n + 1, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	r = query(group, ids, &n);
	if (r < 0)
		return r;
	for (__u32 i = 0; i < n; i++) {
		int fd = open_if_ours(ids[i]);

		if (fd >= 0)
			return fd;
	}
	return -ENOENT;
}

int device_apply_v2(struct cgroups *cg, const char *group, const struct device_rule *rules, size_t n)
{
	auto_close int dir = cgroup_fd(cg, group);
	auto_close int old = -1;
	auto_close int fd = -1;
	union bpf_attr attr = { 0 };

	if (dir < 0)
		return dir;
	for (size_t i = 0; i < n; i++)
		if (!is_valid(&rules[i]))
			return -EINVAL;
	old = find_ours(dir);
	if (old < 0 && old != -ENOENT)
		return old;
	fd = load_program(rules, n);
	if (fd < 0)
		return fd;
	/*
	 * MULTI: programs of others stay and have their say too, ours cannot be overridden below.
	 * Without a link or a pin the program lives as long as the group does.
	 */
	attr.target_fd = (__u32)dir;
	attr.attach_bpf_fd = (__u32)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (old >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (__u32)old;
	}
	return bpf(BPF_PROG_ATTACH, &attr, sizeof(attr));
}

bool cgroup_v2_can_filter_devices(const struct cgroups *cg)
{
	__u32 n = 0;

	return query(cg->v2, NULL, &n) == 0;
}

int device_apply(struct cgroups *cg, const char *group, const struct device_rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_valid(&rules[i]))
			return -EINVAL;
	if (cgroups_is_v1(cg, "devices"))
		return device_apply_v1(cg, group, rules, n);
	return device_apply_v2(cg, group, rules, n);
}
