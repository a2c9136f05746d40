/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What relays of pipes and of terminals share: one direction of a conversation, and the signals that end
 * one. Only for relay.c and terminal.c.
 *
 * A direction has one buffer, which is filled when it is empty and written until it is, so a reader who
 * stops stops the writer and nothing else. Our own descriptors are shared with whoever started us, the
 * shell above all, so they are never made non-blocking: where a write could block, the same pipe or
 * terminal is opened once more for us alone.
 */
#ifndef VZ_HOST_CHANNEL_H
#define VZ_HOST_CHANNEL_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/proc.h"

#define CHANNEL_NO_LIMIT SIZE_MAX
#define RELAY_GRACE (100 * USEC_PER_MSEC)	/* for output, after the child has exited */

enum how_to_write {
	WRITE_FREELY,		/* non-blocking, or a file that does not block */
	WRITE_TO_SOCKET,
	WRITE_CAREFULLY,	/* may block: no more at once than POLLOUT promises room for */
};

struct channel {
	int from;		/* borrowed; -1: nothing more comes */
	int to;			/* borrowed; -1: nobody listens */
	enum how_to_write how;
	char *buf;		/* owned */
	size_t size;		/* of buf */
	size_t start, end;	/* what is in it */
	size_t limit;		/* how much may still be read */
	int error;		/* what went wrong with "to", -errno; a closed pipe is nothing wrong */
};

/* size: at least so much room. 0 or -ENOMEM. */
int channel_init(struct channel *c, size_t size);
void channel_done(struct channel *c);
/* The way to one of our own descriptors. *ret_own is a second opening of it, to be closed, or -1. */
void channel_listen_to(struct channel *c, int fd, int *ret_own);

bool channel_is_empty(const struct channel *c);
bool channel_is_finished(const struct channel *c);
void channel_stop(struct channel *c, int error);
/* 0; -EAGAIN if nothing is there; or what ended it, and from is -1 then. */
int channel_fill(struct channel *c);
void channel_drain(struct channel *c);
/* Put bytes behind those in the buffer; what has no room there is lost. */
void channel_add(struct channel *c, const char *data, size_t len);
bool channel_has_room(const struct channel *c, size_t len);

/* What to wait for: p[0] is the reading end, p[1] the writing one; and what to do then. */
void channel_want(const struct channel *c, struct pollfd p[2]);
void channel_pump(struct channel *c, const struct pollfd p[2]);

/* The four that end a program, without those the caller ignores: nohup means it. */
void relay_ending_signals(sigset_t *set);
/* A descriptor to read them from, or a negative errno. */
int relay_open_signals(const sigset_t *set);
/* Milliseconds until a point in time, for poll(); 0: no such point. */
int relay_until(usec_t when);

#endif
