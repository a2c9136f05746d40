/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * NAME="value" files, read and written without loss: comments, order, unknown names and odd lines
 * stay as they are; only the lines of changed names are replaced. What is written is a valid POSIX
 * shell assignment, with $VEID (or ${VEID}) kept literally.
 */
#ifndef VZ_CONF_FILE_H
#define VZ_CONF_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct conf_file;

/* Length of the $VEID or ${VEID} that s begins with, 0 if it begins with neither. */
size_t conf_veid_len(const char *s);

struct conf_entry {
	const char *key;
	const char *value;	/* unquoted and unescaped */
	unsigned int line;	/* from 1 */
	bool duplicate;		/* an earlier line has the same key, and wins */
};

/*
 * Read path. -ENOENT and other errnos come back as such, without a message, so that callers choose
 * the code. A file with a NUL byte gives -EILSEQ, one longer than CONF_FILE_MAX -EFBIG. Lines that
 * are no assignment are kept and reported by conf_file_next_bad().
 */
#define CONF_FILE_MAX (16u << 20)
int conf_file_read(const char *path, struct conf_file **ret);
/* The line with the byte for which conf_file_read() gave -EILSEQ; 0 if there is none any more. */
unsigned int conf_file_bad_line(const char *path);
/* An empty one that will be saved as path. */
int conf_file_new(const char *path, struct conf_file **ret);
void conf_file_free(struct conf_file *f);
static inline void cleanup_conf_file(struct conf_file **f) { conf_file_free(*f); }
#define auto_conf_file VZ_CLEANUP(cleanup_conf_file)

const char *conf_file_path(const struct conf_file *f);
/* The next assignment after *iter (0 to begin with); false at the end. */
bool conf_file_next(const struct conf_file *f, size_t *iter, struct conf_entry *ret);
/* Likewise the number of the next line that cannot be understood; 0 at the end. */
unsigned int conf_file_next_bad(const struct conf_file *f, size_t *iter);
/* The first value of key, NULL if there is none. */
const char *conf_file_get(const struct conf_file *f, const char *key);

/*
 * Replace the first line of key (further ones go), or append one. 0, -ENOMEM, or -EINVAL: key is no
 * name, or value has a newline in it, which no line can hold. A line that says this already stays.
 */
int conf_file_set(struct conf_file *f, const char *key, const char *value);
/* Remove all lines of key. */
void conf_file_unset(struct conf_file *f, const char *key);
bool conf_file_is_changed(const struct conf_file *f);
/* Write it back, mode 0644, in one step and flushed. 0 or a negative errno. */
int conf_file_save(struct conf_file *f);
/* The same under another name; f keeps its own. */
int conf_file_save_as(struct conf_file *f, const char *path);

/* A value as it stands in such a file, with its quotes; it has no newline. NULL if memory ran out. The caller frees it. */
char *conf_quote(const char *value);

#endif
