/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lock files, as they may be found in the way of a lock. One whose owner lives is left as it is, any
 * other is removed, and afterwards exactly our own is there.
 *
 * Input: a letter for what is in the way (f: a file, o: one that nobody has touched for long, l: a link
 * that leads to the rest of the input, p: a FIFO, d: a directory); then what is in the file, in which
 * %p, %s and %b stand for pid and start time of a process that lives, and for this boot.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "fuzz/fuzz.h"
#include "host/lock.h"

#define DIR_PATH FUZZ_DISK "/lock"
#define LOCK_PATH DIR_PATH "/101.lck"
#define LOCK_FILE_MAX 4096

static struct proc_stat self;
static char *boot_id;

void prepare(void)
{
	need(mkdir(DIR_PATH, 0755) == 0);
	need(proc_stat_read(getpid(), &self) == 0 && proc_boot_id(&boot_id) == 0);
}

static void expand(struct input in, struct vz_str *out)
{
	for (size_t i = 0; i < in.len; i++) {
		char what = in.text[i] == '%' && i + 1 < in.len ? in.text[i + 1] : '\0';

		i += what == 'p' || what == 's' || what == 'b';
		if (what == 'p')
			str_addf(out, "%d", (int)getpid());
		else if (what == 's')
			str_addf(out, "%" PRIu64, self.start_time);
		else if (what == 'b')
			str_add(out, boot_id);
		else
			str_add_char(out, in.text[i]);
	}
}

static void put_in_the_way(char kind, const struct vz_str *text)
{
	const struct timespec long_ago[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	if (kind == 'p')
		need(mkfifo(LOCK_PATH, 0644) == 0);
	else if (kind == 'd')
		need(mkdir(LOCK_PATH, 0755) == 0);
	else if (kind == 'l' && text->len)
		(void)symlink(text->s, LOCK_PATH);
	else
		put_file(LOCK_PATH, str_get(text), text->len);
	if (kind == 'o')
		need(utimensat(AT_FDCWD, LOCK_PATH, long_ago, 0) == 0);
}

/* What our own lock begins and ends with; third parties write the pid alone. */
static bool is_ours(const struct vz_str *text)
{
	auto_free char *whole = str_printf("%d\nlocked %" PRIu64 " %s\n", (int)getpid(), self.start_time, boot_id);
	auto_free char *bare = str_printf("%d\n", (int)getpid());

	need(whole && bare);
	return strlen(str_get(text)) == text->len &&
	       (strcmp(str_get(text), whole) == 0 || strcmp(str_get(text), bare) == 0);
}

static bool is_empty_but_for_lock(void)
{
	auto_closedir DIR *d = opendir(DIR_PATH);
	struct dirent *e;

	need(d);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && strcmp(e->d_name, "101.lck") != 0)
			return false;
	return true;
}

static void check_taken(const char *stale, bool was_there)
{
	struct lock_owner owner = { 0 };
	struct vz_str text = { 0 };

	promise(str_equal(stale, was_there ? LOCK_PATH : NULL));
	text.s = get_file(LOCK_PATH, &text.len);
	promise(is_ours(&text));
	str_done(&text);
	promise(lock_take(DIR_PATH, "101", "locked", 0, &owner, NULL) == -EBUSY && owner.pid == getpid());
	lock_owner_done(&owner);
	lock_release(DIR_PATH, "101");
	promise(!path_exists(LOCK_PATH));
}

static void check_held(const struct lock_owner *owner, const struct vz_str *text)
{
	auto_free char *now = NULL;
	size_t len;

	promise(owner->pid == 0 || proc_is_alive(owner->pid, 0));
	now = get_file(LOCK_PATH, &len);
	promise(len == text->len && memcmp(now, str_get(text), len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	char kind = in.len ? *in.text : 'f';
	auto_str struct vz_str text = { 0 };
	struct lock_owner owner = { 0 };
	auto_free char *stale = NULL;
	bool was_there, is_file;
	int r;

	if (in.len)
		in = (struct input){ in.text + 1, in.len - 1 };
	expand(in, &text);
	/* The word of vzeventd, which others wait for: longer than an input may take. */
	if (strstr(str_get(&text), "cleanup"))
		return 0;
	put_in_the_way(kind, &text);
	was_there = path_exists(LOCK_PATH);
	is_file = was_there && !strchr("pdl", kind);

	r = lock_take(DIR_PATH, "101", "locked", 0, &owner, &stale);
	promise(!is_file || r == 0 || r == -EBUSY || (r == -EFBIG && text.len > LOCK_FILE_MAX));
	if (is_file && is_ours(&text))
		promise(r == -EBUSY && owner.pid == getpid());
	if (r == 0)
		check_taken(stale, was_there);
	else if (r == -EBUSY && is_file)
		check_held(&owner, &text);
	promise(is_empty_but_for_lock());
	lock_owner_done(&owner);
	empty_dir(DIR_PATH);
	return 0;
}
