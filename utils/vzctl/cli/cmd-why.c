/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vzctl why: what hurts a container, a line each, with the command that would help below it.
 *
 * json-c is loaded when JSON is asked for: every command would start later if vzctl were linked with it.
 */
#include <dlfcn.h>
#include <json-c/json.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/utf8.h"

static void print_pain(const struct vz_pain *p)
{
	if (p->score)
		printf("%3u %-9s %s\n", p->score, p->symptom, p->text);
	else
		printf("  - %-9s %s\n", p->symptom, p->text);
	if (*p->advice)
		printf("%15s%s\n", "", p->advice);
}

static void print_pains(const struct cli *c, const struct vz_why *why)
{
	if (!why->n)
		printf("Nothing hurts container %u\n", c->id);
	for (size_t i = 0; i < why->n; i++)
		print_pain(&why->pains[i]);
}

/* ---- JSON ---- */

/* What we use of json-c. */
struct library {
	void *handle;
	__typeof__(json_object_new_array) *new_array;
	__typeof__(json_object_new_object) *new_object;
	__typeof__(json_object_new_string) *new_string;
	__typeof__(json_object_new_int) *new_int;
	__typeof__(json_object_array_add) *array_add;
	__typeof__(json_object_object_add) *object_add;
	__typeof__(json_object_to_json_string_ext) *to_string;
	__typeof__(json_object_put) *put;
};

static bool library_open(struct library *lib)
{
	const struct { const char *name; void **to; } symbols[] = {
		{ "json_object_new_array",          (void **)&lib->new_array },
		{ "json_object_new_object",         (void **)&lib->new_object },
		{ "json_object_new_string",         (void **)&lib->new_string },
		{ "json_object_new_int",            (void **)&lib->new_int },
		{ "json_object_array_add",          (void **)&lib->array_add },
		{ "json_object_object_add",         (void **)&lib->object_add },
		{ "json_object_to_json_string_ext", (void **)&lib->to_string },
		{ "json_object_put",                (void **)&lib->put },
	};

	lib->handle = dlopen(JSONC_SONAME, RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; i < ARRAY_SIZE(symbols) && lib->handle; i++) {
		*symbols[i].to = dlsym(lib->handle, symbols[i].name);
		if (!*symbols[i].to)
			return false;
	}
	return lib->handle;
}

static struct json_object *new_text(const struct library *lib, const char *text)
{
	auto_free char *clean = utf8_clean(text, strlen(text));

	return clean ? lib->new_string(clean) : NULL;
}

static struct json_object *new_pain(const struct library *lib, const struct vz_pain *p)
{
	struct json_object *o = lib->new_object();

	(void)lib->object_add(o, "symptom", lib->new_string(p->symptom));
	(void)lib->object_add(o, "score", lib->new_int((int)p->score));
	(void)lib->object_add(o, "text", new_text(lib, p->text));
	(void)lib->object_add(o, "advice", *p->advice ? new_text(lib, p->advice) : NULL);
	return o;
}

static int print_json(const struct vz_why *why, struct vz_err *err)
{
	struct library lib = { 0 };
	struct json_object *list;

	if (!library_open(&lib))
		return vz_fail(err, VZ_E_SYSTEM, 0, "cannot load %s, which writes JSON", JSONC_SONAME);
	list = lib.new_array();
	for (size_t i = 0; i < why->n; i++)
		(void)lib.array_add(list, new_pain(&lib, &why->pains[i]));
	printf("%s\n", lib.to_string(list, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));
	(void)lib.put(list);
	return 0;
}

int cmd_why(struct cli *c, struct vz_err *err)
{
	struct vz_why why = { 0 };
	int r = vz_ct_why(c->ct, &why, err);

	if (r == 0 && c->given[OPT_json])
		r = print_json(&why, err);
	else if (r == 0)
		print_pains(c, &why);
	vz_why_done(&why);
	return r;
}
