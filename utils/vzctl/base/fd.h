/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files and descriptors: whole reads and writes, files others may read replaced in one step.
 * Everything opened here is O_CLOEXEC. Functions return a descriptor or 0, or a negative errno.
 */
#ifndef VZ_BASE_FD_H
#define VZ_BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* dirfd may be AT_FDCWD everywhere. */

/*
 * The contents of a file, NUL terminated; files longer than max bytes give -EFBIG. *ret is the
 * caller's to free; *ret_len (may be NULL) tells the length, which counts NULs inside.
 */
int fd_read_all(int fd, size_t max, char **ret, size_t *ret_len);
int file_read(int dirfd, const char *path, size_t max, char **ret, size_t *ret_len);
/* The first line without its newline. */
int file_read_line(int dirfd, const char *path, char **ret);

int fd_write_all(int fd, const void *data, size_t len);
/* Write text to an existing file in a single write(2), as kernel files want it. */
int file_write(int dirfd, const char *path, const char *text);

/*
 * Replace path by a file holding data: written to a temporary name beside it, flushed, renamed. If
 * path is a symlink the file it points to is replaced. A crash leaves the old file or the new one.
 */
int file_replace(const char *path, mode_t mode, const void *data, size_t len);
/* The same for files that do not outlive the boot: not flushed. */
int file_replace_volatile(const char *path, mode_t mode, const void *data, size_t len);

/* Flush the directory that holds path, so that a rename in it survives a power cut. */
int path_flush_parent(const char *path);
bool path_exists(const char *path);
bool path_is_dir(const char *path);
/* mkdir with all parents; existing directories are left as they are. mode is that of the last one. */
int path_make_dirs(const char *path, mode_t mode);
/* The directories above path. */
int path_make_parent(const char *path);
/* 1: an empty directory, 0: something in it, or a negative errno. */
int path_is_empty_dir(const char *path);
/* "dir/name" joined with exactly one slash; NULL if memory ran out. The caller frees it. */
char *path_join(const char *dir, const char *name);
/* Delete a tree without following links or crossing into other file systems. A missing one is fine. */
int path_remove_tree(int dirfd, const char *path);

/* Send or receive one descriptor together with one byte over a unix socket. */
int fd_send(int sock, char tag, int fd);
int fd_receive(int sock, char *ret_tag, int *ret_fd);

#endif
