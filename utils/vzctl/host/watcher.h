/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way to vzeventd: a socket over which one message is sent, of words and descriptors. Whoever
 * answers is the host's root, for nobody else can reach the socket.
 */
#ifndef VZ_HOST_WATCHER_H
#define VZ_HOST_WATCHER_H

#include <stddef.h>

/* As much as a message may hold. */
#define WATCHER_TEXT_MAX 65536
#define WATCHER_FDS_MAX 64

/* A socket that takes messages at path, only for root. What was there goes. Descriptor or -errno. */
int watcher_listen(const char *path);
/* Send it. 0; -ENOENT or -ECONNREFUSED: nobody listens; or another negative errno. Does not wait. */
int watcher_send(const char *path, const void *text, size_t len, const int *fds, size_t n_fds);
/*
 * The message of the next who connected to the listener, if there is one: its length, 0 if not, or a
 * negative errno. text has room for WATCHER_TEXT_MAX bytes and fds for WATCHER_FDS_MAX; the *ret_n_fds
 * that came along are the caller's. Waits a tenth of a second at most, for one who says nothing.
 */
int watcher_receive(int listener, void *text, int *fds, size_t *ret_n_fds);

#endif
