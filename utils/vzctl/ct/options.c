/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parameters and edits as users of the library see them: the rows of params.def, and their texts. */
#include <stdlib.h>

#include "ct/ct.h"

struct vz_edits *vz_edits_new(void)
{
	return calloc(1, sizeof(struct vz_edits));
}

void vz_edits_free(struct vz_edits *e)
{
	if (!e)
		return;
	edits_done(e);
	free(e);
}

bool vz_edits_is_empty(const struct vz_edits *e)
{
	return e->n == 0;
}

int vz_edits_add(struct vz_edits *e, const char *option, const char *text, struct vz_err *err)
{
	struct vz_param_option o;

	if (!param_option_find(option, &o))
		return vz_fail(err, VZ_E_INVALID_SYNTAX, 0, "there is no option --%s", option);
	return edits_add_option(e, o.id, o.op, option, text, err);
}

static void describe(const struct vz_param *p, struct vz_param_info *ret)
{
	*ret = (struct vz_param_info){
		.key = p->key,
		.option = p->option,
		.arg = p->arg,
		.help = p->help,
		.type = p->type->name,
		.words = p->type->words,
		.in_create = !!(p->flags & VZ_PF_CREATE),
		.in_set = !!(p->flags & VZ_PF_SET),
		.is_global = !!(p->flags & VZ_PF_GLOBAL),
		.is_kept = !!(p->flags & VZ_PF_KEPT),
		.needs_restart = !!(p->flags & VZ_PF_RESTART),
		.is_secret = p->type->secret,
	};
}

bool vz_option_info(size_t index, struct vz_param_info *ret)
{
	const struct vz_param_option *o;

	for (int id = 0; id < VZ_P__MAX; id++) {
		const struct vz_param *p = param_get((enum vz_param_id)id);

		if (!p->option)
			continue;
		if (index-- > 0)
			continue;
		describe(p, ret);
		return true;
	}
	for (o = param_options(); o->option && index > 0; o++)
		index--;
	if (!o->option)
		return false;
	describe(param_get(o->id), ret);
	ret->option = o->option;
	ret->arg = o->arg;
	ret->help = o->help;
	ret->is_further = true;
	return true;
}

bool vz_param_info(size_t index, struct vz_param_info *ret)
{
	for (int id = 0; id < VZ_P__MAX; id++) {
		const struct vz_param *p = param_get((enum vz_param_id)id);

		if (!p->key)
			continue;
		if (index-- > 0)
			continue;
		describe(p, ret);
		return true;
	}
	return false;
}
