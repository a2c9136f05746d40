/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bind mounts of BINDMOUNT, each a word: [SRC:]DST[,ro,nosuid,noexec,nodev]. */
#ifndef VZ_CONF_BINDMOUNT_H
#define VZ_CONF_BINDMOUNT_H

#include <stdbool.h>

struct bindmount {
	char *src;	/* on the host; DST if it was not given; owned */
	char *dst;	/* inside; owned */
	bool ro, nosuid, noexec, nodev;
};

/* Take apart a word that the type has accepted. 0 or -ENOMEM. */
int bindmount_read(const char *word, struct bindmount *ret);
void bindmount_done(struct bindmount *b);

#endif
