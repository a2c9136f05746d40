/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words for the shell to complete a command line with: those that begin like the word being typed, a line
 * each. A line that begins with a colon is a request: the names of files or directories. Where files of
 * the host are missing or cannot be read there are fewer words, and never a message.
 */
#ifndef VZ_CLI_WORDS_H
#define VZ_CLI_WORDS_H

#include <stddef.h>

#include "include/vzctl.h"

#define WORDS_FILES ":files"
#define WORDS_DIRECTORIES ":directories"

struct words {
	const char *typed;	/* the whole word so far */
	size_t head;		/* how much of it stands before what is completed: "--config=", "ctid," */
};

void words_put(const struct words *w, const char *word);
/* The pieces of a text, up to any of these separators. */
void words_put_each(const struct words *w, const char *text, const char *seps);
/* A request. */
void words_ask(const char *request);
/* The words behind the last c of what is being typed. */
struct words words_behind(const struct words *w, char c);

/* Which containers: all of these bits of enum vz_state_bit, and none of those; or_bits: one will do. */
struct words_which {
	unsigned int all, none, any;
};
/* Numbers and names. */
void words_put_containers(const struct words *w, struct vz *vz, const struct words_which *which);

/* The host's handle; NULL if there is none to be had. */
struct vz *words_open_host(const char *prefix);

#endif
