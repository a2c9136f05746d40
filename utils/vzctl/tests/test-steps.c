/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The runner of operations: order, undo, commit, cancelling, dry runs; on lists made for the purpose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "backend/plan.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/strv.h"
#include "ct/ct.h"
#include "ct/steps.h"

struct ground {
	struct vz vz;
	struct vz_ct ct;
	struct vz_str seen;	/* "a b -b -a": what ran and what was undone */
	const char *fail;	/* the step that fails */
	const char *cancel;	/* the step during which a signal arrives */
};

static int did(struct vz_ct *ct, struct ground *g, const char *name, struct vz_err *err)
{
	str_addf(&g->seen, "%s%s", g->seen.len ? " " : "", name);
	if (str_equal(g->cancel, name))
		vz_cancel(ct->vz);
	return str_equal(g->fail, name) ? vz_fail(err, VZ_E_SETUBC, 0, "%s broke", name) : 0;
}

static void undid(struct ground *g, const char *name)
{
	str_addf(&g->seen, " -%s", name);
}

#define STEP(x) \
	static int do_##x(struct vz_ct *ct, void *data, struct vz_err *err) { return did(ct, data, #x, err); } \
	static void undo_##x(struct vz_ct *ct VZ_UNUSED, void *data) { undid(data, #x); }
STEP(a)
STEP(b)
STEP(c)
STEP(d)

static int setup(void **state)
{
	struct ground *g = calloc(1, sizeof(*g));

	if (!g)
		return -1;
	g->ct.vz = &g->vz;
	g->ct.id = 101;
	g->vz.host.plan = plan_new();
	*state = g;
	return g->vz.host.plan ? 0 : -1;
}

static int teardown(void **state)
{
	struct ground *g = *state;

	str_done(&g->seen);
	plan_free(g->vz.host.plan);
	free(g);
	return 0;
}

/* Run it, and compare what was done and the message ("": success). */
static void check_run(struct ground *g, const struct vz_step *steps, size_t n, const char *seen, const char *msg)
{
	auto_err struct vz_err err = { 0 };
	int r = steps_run(&g->ct, "test", steps, n, g, &err);

	assert_int_equal(r, *msg ? -1 : 0);
	assert_string_equal(str_get(&g->seen), seen);
	assert_string_equal(err.msg ? err.msg : "", msg);
	assert_int_equal(err.code != 0, *msg != 0);
	str_reset(&g->seen);
}
#define CHECK(g, steps, seen, msg) check_run(g, steps, ARRAY_SIZE(steps), seen, msg)

static const struct vz_step plain[] = {
	{ "a", do_a, undo_a, 0 },
	{ "b", do_b, NULL,   0 },
	{ "c", do_c, undo_c, 0 },
	{ "d", do_d, undo_d, 0 },
};

static void steps_run_in_order(void **state)
{
	CHECK(*state, plain, "a b c d", "");
}

static void failure_undoes_backwards_what_was_done(void **state)
{
	struct ground *g = *state;

	g->fail = "a";
	CHECK(g, plain, "a", "a broke");
	g->fail = "c";
	CHECK(g, plain, "a b c -a", "c broke");
	g->fail = "d";
	CHECK(g, plain, "a b c d -c -a", "d broke");
}

static void after_commit_nothing_is_undone(void **state)
{
	static const struct vz_step steps[] = {
		{ "a", do_a, undo_a, 0 },
		{ "b", do_b, undo_b, STEP_COMMIT },
		{ "c", do_c, undo_c, 0 },
		{ "d", do_d, undo_d, 0 },
	};
	struct ground *g = *state;

	g->fail = "c";
	CHECK(g, steps, "a b c", "c broke");
	/* The step that commits has not done so when it fails. */
	g->fail = "b";
	CHECK(g, steps, "a b -a", "b broke");
}

static void list_that_takes_down_goes_on(void **state)
{
	static const struct vz_step steps[] = {
		{ "a", do_a, undo_a, STEP_ANYWAY },
		{ "b", do_b, undo_b, 0 },
		{ "c", do_c, undo_c, STEP_ANYWAY },
	};
	struct ground *g = *state;

	g->fail = "a";
	CHECK(g, steps, "a b c", "a broke");
	g->fail = "c";
	CHECK(g, steps, "a b c", "c broke");
}

/* Of two failures the first one tells. */
static int fails_twice(struct vz_ct *ct VZ_UNUSED, void *data, struct vz_err *err)
{
	undid(data, "two");
	return vz_fail(err, VZ_E_SYSTEM, 0, "second");
}

static void first_message_survives(void **state)
{
	static const struct vz_step steps[] = {
		{ "a",   do_a,        NULL, STEP_ANYWAY },
		{ "two", fails_twice, NULL, STEP_ANYWAY },
	};
	struct ground *g = *state;

	g->fail = "a";
	CHECK(g, steps, "a -two", "a broke");
}

static void signal_is_looked_at_between_steps(void **state)
{
	static const struct vz_step committed[] = {
		{ "a", do_a, undo_a, STEP_COMMIT },
		{ "b", do_b, undo_b, 0 },
	};
	struct ground *g = *state;

	g->cancel = "b";
	CHECK(g, plain, "a b -a", "cancelled before step 'c' of test");
	g->vz.cancelled = 0;
	g->cancel = "a";
	/* What has happened is finished. */
	CHECK(g, committed, "a b", "");
	g->cancel = NULL;
	CHECK(g, plain, "", "cancelled before step 'a' of test");
}

static void dry_run_names_steps(void **state)
{
	static const struct vz_step steps[] = {
		{ "a", do_a, undo_a, STEP_CHECK },
		{ "b", do_b, undo_b, 0 },
		{ "c", do_c, undo_c, STEP_PLANNED },
	};
	struct ground *g = *state;
	auto_free char *calls = NULL;

	g->vz.dry_run = true;
	CHECK(g, steps, "a c", "");
	calls = strv_join(g->vz.host.plan->calls, ", ");
	assert_string_equal(calls, "test 101: b, test 101: c");
	/* A check says no before anything is planned. */
	g->fail = "a";
	CHECK(g, steps, "a", "a broke");
	assert_int_equal(strv_len(g->vz.host.plan->calls), 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(steps_run_in_order),
		TEST(failure_undoes_backwards_what_was_done),
		TEST(after_commit_nothing_is_undone),
		TEST(list_that_takes_down_goes_on),
		TEST(first_message_survives),
		TEST(signal_is_looked_at_between_steps),
		TEST(dry_run_names_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
