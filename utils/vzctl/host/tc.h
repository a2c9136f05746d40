/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Traffic control: the program tc, which knows the language. */
#ifndef VZ_HOST_TC_H
#define VZ_HOST_TC_H

/* Have tc carry out commands, one a line, up to the first that fails. -ENOENT: there is no tc; -EIO: it failed. */
int tc_run(const char *commands);

#endif
