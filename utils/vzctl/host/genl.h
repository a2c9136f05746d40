/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Generic netlink, as a listener: what a family of the kernel tells to one of its groups. Through libnl-3, which
 * is loaded by that; see netlink.h. Families belong to a network namespace, most of them to the host's first.
 */
#ifndef VZ_HOST_GENL_H
#define VZ_HOST_GENL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct genl;
struct genl_message;

/*
 * Listen to a group of a family. 0; -ENOENT: there is none in this network namespace; -ELIBACC: libnl-3 is not
 * installed; or another negative errno. The caller closes *ret.
 */
int genl_listen(const char *family, const char *group, struct genl **ret);
void genl_close(struct genl *g);
/* To wait for: readable when there is something. */
int genl_fd(const struct genl *g);

/*
 * Read what there is at once of it, calling fn for each message; does not wait. 0, -ENOBUFS: more was told than
 * could wait here, and some of it is lost; or another negative errno.
 */
typedef void (*genl_fn)(void *data, const struct genl_message *m);
int genl_read(struct genl *g, genl_fn fn, void *data);
int genl_command(const struct genl_message *m);
/* An attribute; false if there is none, or not such a one. */
bool genl_u32(const struct genl_message *m, int attribute, uint32_t *ret);
/* The beginning of one that is text, as much as there is room for. */
bool genl_text(const struct genl_message *m, int attribute, char *ret, size_t size);

#endif
