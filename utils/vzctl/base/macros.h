/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small things the C library does not give: array length, attributes, minimum and maximum. */
#ifndef VZ_BASE_MACROS_H
#define VZ_BASE_MACROS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define VZ_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define VZ_UNUSED __attribute__((unused))

#define VZ_STRING(a) VZ_STRING_OF(a)
#define VZ_STRING_OF(a) #a
#define VZ_MIN(a, b) ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ < b_ ? a_ : b_; })
#define VZ_MAX(a, b) ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ > b_ ? a_ : b_; })

/* A container's number; 0 is the host. */
typedef uint32_t vz_ctid;
#define VZ_CTID_MAX 2147483644u

#endif
