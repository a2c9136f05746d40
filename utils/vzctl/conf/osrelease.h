/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Releases of the kernel that containers are told, and the lines of osrelease.conf. */
#ifndef VZ_CONF_OSRELEASE_H
#define VZ_CONF_OSRELEASE_H

#include <stdbool.h>

/* As much as uname(2) has room for. */
#define OSRELEASE_MAX 64

/* Something that programs can read a version from: a digit first, then letters, digits and . _ - + ~ */
bool osrelease_is_valid(const char *text);

/*
 * What containers of a template are told by lines "TEMPLATE-PREFIX VERSION", of which the first that matches
 * counts: if the real release is older than the version, that and what follows the numbers of the real one. 0 with
 * *ret NULL if it is the real one, or -ENOMEM. *ret_bad: the number of the first line that matched and was passed
 * over because it has no version; 0: none. The caller frees *ret.
 */
int osrelease_find(const char *lines, const char *ostemplate, const char *real, char **ret, unsigned int *ret_bad);

#endif
