/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Archives of templates: nothing outside of the directory is changed, linked or given away, and there
 * is no device node in it, whatever the members are. This is the unpacker without the sandbox that
 * vz-unpack puts around it: what it lets through here, that one would have to stop.
 *
 * Input: a format in the first line. "pax", "gnu" and "ustar" are followed by members, a line each, in
 * fields between '|', all but the first two optional:
 *
 *	TYPE|PATH|LINK|MODE|UID|GID|CONTENTS|XATTR|VALUE|ACL
 *
 * TYPE is f, d, l, h (hard link), p, c, b or s; \HH is a byte in hexadecimal. "tar" is followed by an
 * archive whose headers are given the checksums they need, "raw" by one that is taken as it is.
 */
#include <archive.h>
#include <archive_entry.h>
#include <ftw.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macros.h"
#include "base/str.h"
#include "fuzz/fuzz.h"
#include "helpers/unpack.h"

#define TOP FUZZ_DISK "/top"
#define ROOT TOP "/root"
#define ARCHIVE_MAX (1 << 20)
#define BLOCK 512
#define ID_LIMIT 65536

/* Beside the directory: what an archive would like to reach. */
static const char *const outside[] = { FUZZ_DISK, TOP, TOP "/file", TOP "/dir" };
static struct stat outside_before[ARRAY_SIZE(outside)];
static char *archive_buf;

void prepare(void)
{
	archive_buf = malloc(ARCHIVE_MAX);
	need(archive_buf && setlocale(LC_CTYPE, "C.UTF-8"));
	need(path_make_dirs(ROOT, 0755) == 0 && mkdir(TOP "/dir", 0755) == 0);
	put_file(TOP "/file", "not yours\n", 10);
	for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
		need(lstat(outside[i], &outside_before[i]) == 0);
}

/* ---- archives from a description ---- */

enum field { TYPE, PATH, LINK, MODE, UID, GID, CONTENTS, XATTR, VALUE, ACL, FIELD__MAX };

struct member {
	char *field[FIELD__MAX];	/* in the line; NULL: not given */
	size_t len[FIELD__MAX];
};

/* Turn \HH into bytes, in place. Returns the length. */
static size_t decode(char *s)
{
	char *out = s, *start = s;
	unsigned int byte;

	while (*s) {
		if (*s == '\\' && sscanf(s + 1, "%2x", &byte) == 1 && s[1] && s[2]) {
			*out++ = (char)byte;
			s += 3;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
	return (size_t)(out - start);
}

static void split(char *line, struct member *m)
{
	for (int i = 0; i < FIELD__MAX && line; i++) {
		m->field[i] = strsep(&line, "|");
		m->len[i] = decode(m->field[i]);
	}
}

static unsigned int type_of(char c)
{
	switch (c) {
	case 'd': return AE_IFDIR;
	case 'l': return AE_IFLNK;
	case 'p': return AE_IFIFO;
	case 'c': return AE_IFCHR;
	case 'b': return AE_IFBLK;
	case 's': return AE_IFSOCK;
	default:  return AE_IFREG;
	}
}

static long long number(const char *text, int base, long long otherwise)
{
	return text && *text ? strtoll(text, NULL, base) : otherwise;
}

static void describe(const struct member *m, struct archive_entry *e)
{
	char type = *m->field[TYPE];

	archive_entry_copy_pathname(e, m->field[PATH]);
	archive_entry_set_filetype(e, type_of(type));
	archive_entry_set_perm(e, (mode_t)number(m->field[MODE], 8, 0644) & 07777);
	archive_entry_set_uid(e, number(m->field[UID], 10, 0));
	archive_entry_set_gid(e, number(m->field[GID], 10, 0));
	archive_entry_set_mtime(e, 1000000000, 0);
	archive_entry_set_size(e, 0);
	if (type == 'h')
		archive_entry_copy_hardlink(e, m->field[LINK] ? m->field[LINK] : "");
	else if (type == 'l')
		archive_entry_copy_symlink(e, m->field[LINK] ? m->field[LINK] : "");
	else if (type == 'f')
		archive_entry_set_size(e, (la_int64_t)m->len[CONTENTS]);
	if (m->field[XATTR] && m->field[VALUE])
		archive_entry_xattr_add_entry(e, m->field[XATTR], m->field[VALUE], m->len[VALUE]);
	if (m->field[ACL])
		(void)archive_entry_acl_from_text(e, m->field[ACL], strchr(m->field[ACL], '@') ?
						  ARCHIVE_ENTRY_ACL_TYPE_NFS4 : ARCHIVE_ENTRY_ACL_TYPE_ACCESS);
}

static void add_member(struct archive *a, char *line)
{
	struct archive_entry *e = archive_entry_new();
	struct member m = { .field = { NULL } };

	need(e);
	split(line, &m);
	if (m.field[PATH]) {
		describe(&m, e);
		/* What cannot be described in this format is not a test. */
		if (archive_write_header(a, e) >= ARCHIVE_WARN && archive_entry_size(e))
			(void)archive_write_data(a, m.field[CONTENTS], m.len[CONTENTS]);
	}
	archive_entry_free(e);
}

static size_t compose(struct input in, int (*set_format)(struct archive *a))
{
	struct archive *a = archive_write_new();
	size_t used = 0;

	need(a && set_format(a) == ARCHIVE_OK && archive_write_set_bytes_per_block(a, BLOCK) == ARCHIVE_OK);
	need(archive_write_open_memory(a, archive_buf, ARCHIVE_MAX, &used) == ARCHIVE_OK);
	while (in.len) {
		auto_free char *line = take_line(&in);

		add_member(a, line);
	}
	(void)archive_write_close(a);
	archive_write_free(a);
	return used;
}

/* ---- archives from bytes ---- */

/* Give each header that begins a block the checksum it needs: else hardly one would be looked at. */
static void repair(char *tar, size_t len)
{
	for (size_t at = 0; at + BLOCK <= len; at += BLOCK) {
		char *header = tar + at;
		unsigned int sum = 0;
		char text[9];

		if (!*header)
			continue;
		memset(header + 148, ' ', 8);
		for (int i = 0; i < BLOCK; i++)
			sum += (unsigned char)header[i];
		(void)snprintf(text, sizeof(text), "%06o", sum);
		memcpy(header + 148, text, 7);
		at += (strtoull(header + 124, NULL, 8) % len + BLOCK - 1) / BLOCK * BLOCK;
	}
}

static size_t copy_bytes(struct input in, bool with_checksums)
{
	size_t len = VZ_MIN(in.len, (size_t)ARCHIVE_MAX);

	memcpy(archive_buf, in.text, len);
	if (with_checksums)
		repair(archive_buf, len);
	return len;
}

/* The archive an input stands for goes to archive_buf; returns its length. */
static size_t make_archive(struct input in)
{
	auto_free char *format = take_line(&in);

	if (strcmp(format, "pax") == 0)
		return compose(in, archive_write_set_format_pax);
	if (strcmp(format, "gnu") == 0)
		return compose(in, archive_write_set_format_gnutar);
	if (strcmp(format, "ustar") == 0)
		return compose(in, archive_write_set_format_ustar);
	return copy_bytes(in, strcmp(format, "tar") == 0);
}

/* ---- unpacking ---- */

static void outside_is_as_before(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
		const struct stat *before = &outside_before[i];
		struct stat now;

		promise(lstat(outside[i], &now) == 0);
		promise(now.st_ino == before->st_ino && now.st_mode == before->st_mode);
		promise(now.st_uid == before->st_uid && now.st_gid == before->st_gid);
		promise(now.st_nlink == before->st_nlink && now.st_size == before->st_size);
		promise(now.st_mtim.tv_sec == before->st_mtim.tv_sec && now.st_mtim.tv_nsec == before->st_mtim.tv_nsec);
		promise(now.st_ctim.tv_sec == before->st_ctim.tv_sec && now.st_ctim.tv_nsec == before->st_ctim.tv_nsec);
	}
}

static int look_at(const char *path VZ_UNUSED, const struct stat *st, int what VZ_UNUSED,
		   struct FTW *place VZ_UNUSED)
{
	promise(!S_ISCHR(st->st_mode) && !S_ISBLK(st->st_mode) && !S_ISSOCK(st->st_mode));
	promise(st->st_uid < ID_LIMIT && st->st_gid < ID_LIMIT);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = make_archive(input_of(data, size));
	auto_close int fd = memfd_create("archive", MFD_CLOEXEC);
	auto_err struct vz_err err = { 0 };
	int r;

	need(fd >= 0 && fd_write_all(fd, archive_buf, len) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	need(chdir(ROOT) == 0);
	r = unpack(fd, ID_LIMIT, &err);
	promise(r == 0 ? !err.code : err.code && err.msg && !strchr(err.msg, '\n'));
	outside_is_as_before();
	(void)chmod(ROOT, 0755);
	need(nftw(ROOT, look_at, 64, FTW_PHYS) == 0);
	empty_dir(ROOT);
	outside_is_as_before();
	return 0;
}
