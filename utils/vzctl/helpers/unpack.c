/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tree of a template archive into the current directory; see unpack.h. Every member is judged
 * before libarchive gets to write it, and libarchive is told to mind symbolic links on its way.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "helpers/unpack.h"

/* Bytes of a member's name that go into a message. */
#define NAME_MAX_SHOWN 200
#define CHUNK_SIZE (256 << 10)

/* ---- what a member may be ---- */

/* The first component at *path, its length in *ret_len, and *path moved behind it; "." is passed over. */
static const char *next_component(const char **path, size_t *ret_len)
{
	for (;;) {
		const char *start;

		*path += strspn(*path, "/");
		start = *path;
		*ret_len = strcspn(start, "/");
		if (*ret_len == 0)
			return NULL;
		*path += *ret_len;
		if (*ret_len != 1 || *start != '.')
			return start;
	}
}

/* Neither absolute nor with a way up. That it does not lead through a symlink libarchive watches. */
static bool path_stays_below_root(const char *path)
{
	const char *part;
	size_t len;

	if (*path == '/' || *path == '\0')
		return false;
	while ((part = next_component(&path, &len)))
		if (len == 2 && memcmp(part, "..", 2) == 0)
			return false;
	return true;
}

static bool path_is_below_dev(const char *path)
{
	size_t len;
	const char *part = next_component(&path, &len);

	return part && len == 3 && memcmp(part, "dev", 3) == 0 && next_component(&path, &len);
}

static int refuse(struct vz_err *err, const char *name, const char *why)
{
	return vz_fail(err, VZ_E_INVALID_VALUE, 0, "archive refused: '%.*s' %s", NAME_MAX_SHOWN, name, why);
}

static int check_id(const char *name, const char *kind, int64_t id, uint64_t limit, struct vz_err *err)
{
	if (id >= 0 && (uint64_t)id < limit)
		return 0;
	return vz_fail(err, VZ_E_INVALID_VALUE, 0,
		       "archive refused: '%.*s' belongs to %s %lld, a template may use ids up to %llu",
		       NAME_MAX_SHOWN, name, kind, (long long)id, (unsigned long long)limit - 1);
}

/*
 * Archives made with raw attributes carry ACLs as the kernel's structure (mmdebstrap does that).
 * libarchive does not restore those: hand it the same as entries. Directories get theirs at the very
 * end then, so that files unpacked into them do not inherit it.
 */
static void add_raw_acl(struct archive_entry *e, int type, const void *value, size_t size)
{
	static const struct { int theirs, ours; } tags[] = {
		{ ACL_USER_OBJ,		ARCHIVE_ENTRY_ACL_USER_OBJ },
		{ ACL_USER,		ARCHIVE_ENTRY_ACL_USER },
		{ ACL_GROUP_OBJ,	ARCHIVE_ENTRY_ACL_GROUP_OBJ },
		{ ACL_GROUP,		ARCHIVE_ENTRY_ACL_GROUP },
		{ ACL_MASK,		ARCHIVE_ENTRY_ACL_MASK },
		{ ACL_OTHER,		ARCHIVE_ENTRY_ACL_OTHER },
	};
	const struct posix_acl_xattr_header *head = value;
	const struct posix_acl_xattr_entry *a = (const void *)(head + 1);

	if (size < sizeof(*head) || le32toh(head->a_version) != POSIX_ACL_XATTR_VERSION)
		return;
	for (size_t n = (size - sizeof(*head)) / sizeof(*a); n; n--, a++) {
		int tag = le16toh(a->e_tag);
		bool named = tag == ACL_USER || tag == ACL_GROUP;

		for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
			if (tags[i].theirs == tag)
				(void)archive_entry_acl_add_entry(e, type, le16toh(a->e_perm) & 7, tags[i].ours,
								  named ? (int)le32toh(a->e_id) : -1, NULL);
	}
}

/* What overlayfs notes on files of its layers: there is none in the one that an archive is unpacked to. */
static bool is_of_overlay(const char *name)
{
	return str_has_prefix(name, "user.overlay.");
}

/*
 * Of the extended attributes user.* and file capabilities are kept, and ACLs turned into entries. The
 * others (trusted.*, labels of a security module) are about the machine the archive was made on and
 * cannot be set from inside a user namespace anyway.
 */
static int filter_xattrs(struct archive_entry *e, struct vz_err *err)
{
	struct archive_entry *copy;
	const char *name;
	const void *value;
	size_t size;

	if (!archive_entry_xattr_count(e))
		return 0;
	copy = archive_entry_clone(e);
	if (!copy)
		return vz_fail(err, VZ_E_NEW_PRVT, -ENOMEM, "cannot unpack the archive");
	archive_entry_xattr_clear(e);
	(void)archive_entry_xattr_reset(copy);
	while (archive_entry_xattr_next(copy, &name, &value, &size) == ARCHIVE_OK) {
		if (is_of_overlay(name))
			continue;
		if (str_has_prefix(name, "user.") || str_equal(name, "security.capability"))
			archive_entry_xattr_add_entry(e, name, value, size);
		else if (str_equal(name, "system.posix_acl_access"))
			add_raw_acl(e, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, value, size);
		else if (str_equal(name, "system.posix_acl_default"))
			add_raw_acl(e, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, value, size);
	}
	archive_entry_free(copy);
	return 0;
}

static int check_acl(struct archive_entry *e, const char *name, uint64_t limit, struct vz_err *err)
{
	int posix = ARCHIVE_ENTRY_ACL_TYPE_ACCESS | ARCHIVE_ENTRY_ACL_TYPE_DEFAULT;
	int type, perm, tag, id;
	const char *who;

	if (archive_entry_acl_types(e) & ~posix) {
		archive_entry_acl_clear(e);	/* NFSv4: no Linux file system has them */
		return 0;
	}
	(void)archive_entry_acl_reset(e, posix);
	while (archive_entry_acl_next(e, posix, &type, &perm, &tag, &id, &who) == ARCHIVE_OK) {
		if (tag != ARCHIVE_ENTRY_ACL_USER && tag != ARCHIVE_ENTRY_ACL_GROUP)
			continue;
		if (id == -1)
			return refuse(err, name, "has an ACL with names; make the archive with numeric ids");
		if (check_id(name, "ACL id", id, limit, err) < 0)
			return -1;
	}
	return 0;
}

/* 1: unpack it, 0: leave it out (a device node below /dev), -1: the archive is refused. */
static int check_member(struct archive_entry *e, uint64_t limit, struct vz_err *err)
{
	const char *name = archive_entry_pathname(e);
	const char *link;

	if (!name)
		return vz_fail(err, VZ_E_INVALID_VALUE, 0, "archive refused: a member has no usable name");
	if (!path_stays_below_root(name))
		return refuse(err, name, "leads out of the root");

	link = archive_entry_hardlink(e);
	if (link) {
		if (!path_stays_below_root(link))
			return refuse(err, name, "is a hard link that leads out of the root");
	} else {
		switch (archive_entry_filetype(e)) {
		case AE_IFREG:
		case AE_IFDIR:
		case AE_IFLNK:
		case AE_IFIFO:
			break;
		case AE_IFCHR:
		case AE_IFBLK:
			if (path_is_below_dev(name))
				return 0;
			return refuse(err, name, "is a device node");
		default:
			return refuse(err, name, "is of an unknown type");
		}
	}
	if (check_id(name, "user", archive_entry_uid(e), limit, err) < 0 ||
	    check_id(name, "group", archive_entry_gid(e), limit, err) < 0 ||
	    filter_xattrs(e, err) < 0 ||
	    check_acl(e, name, limit, err) < 0)
		return -1;
	return 1;
}

/* ---- unpacking ---- */

/* What archive_read_open() gets to read from. */
struct input {
	int fd;
	char buf[CHUNK_SIZE];
};

static la_ssize_t read_input(struct archive *a, void *data, const void **ret_block)
{
	struct input *in = data;
	ssize_t n;

	do {
		n = read(in->fd, in->buf, sizeof(in->buf));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		archive_set_error(a, errno, "reading the archive failed");
	*ret_block = in->buf;
	return n;
}

/* Only what libarchive does itself: where a library is missing it would run a program by name. */
static int accept_formats(struct archive *in)
{
	if (archive_read_support_format_tar(in) != ARCHIVE_OK ||
	    archive_read_support_filter_gzip(in) != ARCHIVE_OK ||
	    archive_read_support_filter_bzip2(in) != ARCHIVE_OK ||
	    archive_read_support_filter_xz(in) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(in) != ARCHIVE_OK)
		return -ENOSYS;
	return 0;
}

static int fail_reading(struct archive *in, struct vz_err *err)
{
	const char *why = archive_error_string(in);

	return vz_fail(err, VZ_E_NEW_PRVT, 0, "the archive is damaged or no tar archive: %.*s", NAME_MAX_SHOWN,
		       why ? why : "unknown error");
}

static int fail_writing(struct archive *out, const char *name, struct vz_err *err)
{
	const char *why = archive_error_string(out);
	int code = archive_errno(out);

	if (code == ENOSPC || code == EDQUOT)
		return vz_fail(err, VZ_E_NO_DISK_SPACE, 0, "no space left on the disk for '%.*s'", NAME_MAX_SHOWN,
			       name);
	/* libarchive has no code of its own for this, and the text has been the same since 2004. */
	if (why && strstr(why, "through symlink"))
		return refuse(err, name, "would be written through a symbolic link");
	return vz_fail(err, VZ_E_NEW_PRVT, 0, "cannot unpack '%.*s': %.*s", NAME_MAX_SHOWN, name, NAME_MAX_SHOWN,
		       why ? why : "unknown error");
}

static int unpack_member(struct archive *in, struct archive *out, struct archive_entry *e, struct vz_err *err)
{
	auto_free char *name = strdup(archive_entry_pathname(e));
	const void *block;
	la_int64_t offset;
	size_t size;
	int r;

	if (!name)
		return vz_fail(err, VZ_E_NEW_PRVT, -ENOMEM, "cannot unpack the archive");
	/* A warning (an owner, an attribute that could not be set) would be a subtly wrong system. */
	if (archive_write_header(out, e) != ARCHIVE_OK)
		return fail_writing(out, name, err);
	while ((r = archive_read_data_block(in, &block, &size, &offset)) == ARCHIVE_OK)
		if (archive_write_data_block(out, block, size, offset) < ARCHIVE_OK)
			return fail_writing(out, name, err);
	if (r != ARCHIVE_EOF)
		return fail_reading(in, err);
	if (archive_write_finish_entry(out) != ARCHIVE_OK)
		return fail_writing(out, name, err);
	return 0;
}

static bool path_is_root(const char *path)
{
	size_t len;

	return !next_component(&path, &len);
}

static int unpack_members(struct archive *in, struct archive *out, uint64_t limit, struct vz_err *err)
{
	struct timespec root_times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_OMIT } };
	unsigned int devices = 0;
	struct archive_entry *e;
	int r;

	/* A warning about a header concerns an extension libarchive does not know; the member is whole. */
	while ((r = archive_read_next_header(in, &e)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
		r = check_member(e, limit, err);
		if (r < 0)
			return -1;
		/* libarchive sets the times of directories it did not make itself too early. */
		if (path_is_root(archive_entry_pathname(e)) && archive_entry_mtime_is_set(e))
			root_times[1] = (struct timespec){ archive_entry_mtime(e), archive_entry_mtime_nsec(e) };
		if (r == 0)
			devices++;
		else if (unpack_member(in, out, e, err) < 0)
			return -1;
	}
	if (r != ARCHIVE_EOF)
		return fail_reading(in, err);
	/* Owners, modes and times of directories are set here, when nothing is written into them any more. */
	if (archive_write_close(out) != ARCHIVE_OK)
		return fail_writing(out, "a directory", err);
	(void)utimensat(AT_FDCWD, ".", root_times, 0);
	if (devices)
		dprintf(STDERR_FILENO, "device nodes below /dev left out: %u\n", devices);
	return 0;
}

/* Names in a message are the archive's: they begin no line that would look like another message. */
static void keep_on_one_line(struct vz_err *err)
{
	for (char *c = err->msg; c && *c; c++)
		if (*c == '\n')
			*c = '?';
}

int unpack(int fd, uint64_t limit, struct vz_err *err)
{
	struct input *source = calloc(1, sizeof(*source));
	struct archive *in = archive_read_new();
	struct archive *out = archive_write_disk_new();
	int r = -1;

	if (!source || !in || !out) {
		vz_fail(err, VZ_E_NEW_PRVT, -ENOMEM, "cannot unpack the archive");
		goto out;
	}
	source->fd = fd;
	if (accept_formats(in) < 0) {
		vz_fail(err, VZ_E_NEW_PRVT, 0, "libarchive cannot do it: %s", archive_error_string(in));
		goto out;
	}
	/* Without a lookup function libarchive takes the numbers and leaves the names alone. */
	archive_write_disk_set_options(out, ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |
					    ARCHIVE_EXTRACT_ACL | ARCHIVE_EXTRACT_XATTR |
					    ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT |
					    ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS);
	if (archive_read_open(in, source, NULL, read_input, NULL) != ARCHIVE_OK)
		fail_reading(in, err);
	else
		r = unpack_members(in, out, limit, err);
out:
	archive_write_free(out);
	archive_read_free(in);
	free(source);
	keep_on_one_line(err);
	return r;
}
