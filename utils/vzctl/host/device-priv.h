/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two ways of device_apply(), for the unit test: a hybrid host has both but uses one. */
#ifndef VZ_HOST_DEVICE_PRIV_H
#define VZ_HOST_DEVICE_PRIV_H

#include "host/device.h"

int device_apply_v1(struct cgroups *cg, const char *group, const struct device_rule *rules, size_t n);
int device_apply_v2(struct cgroups *cg, const char *group, const struct device_rule *rules, size_t n);

#endif
