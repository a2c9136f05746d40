/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A word of RATE: DEV:CLASS:KBIT. */
#ifndef VZ_CONF_RATE_H
#define VZ_CONF_RATE_H

#include <stdint.h>

/* 0 with the kilobits per second, or -EINVAL. */
int rate_parse(const char *word, uint64_t *ret_kbit);

#endif
