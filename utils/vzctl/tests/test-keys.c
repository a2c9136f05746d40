/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is typed on a console: which bytes pass, and what ends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "host/keys.h"

#define ESC "\033"

/* Type text in pieces of at most step bytes, until an event. What has passed is in passed. */
static enum keys_event type(const char *text, size_t step, char *passed)
{
	enum keys_event event = KEYS_NONE;
	struct keys k = { 0 };
	size_t len = 0;

	for (size_t n = strlen(text), at = 0; at < n && event == KEYS_NONE; at += step)
		len += keys_take(&k, text + at, VZ_MIN(step, n - at), passed + len, &event);
	passed[len] = '\0';
	return event;
}

/* However it arrives, in one piece or byte by byte. */
static void expect(const char *text, enum keys_event event, const char *passed)
{
	for (size_t step = 1; step <= strlen(text); step++) {
		char got[100];

		assert_int_equal(type(text, step, got), event);
		assert_string_equal(got, passed);
	}
}

static void esc_dot_detaches_at_the_beginning_of_a_line(void **state)
{
	(void)state;
	expect(ESC ".", KEYS_DETACH, "");
	expect("ls\r" ESC ".", KEYS_DETACH, "ls\r");
	expect("ls\n" ESC ".more", KEYS_DETACH, "ls\n");
	expect("\r\r" ESC ".", KEYS_DETACH, "\r\r");
}

static void esc_bang_kills_at_the_beginning_of_a_line(void **state)
{
	(void)state;
	expect(ESC "!", KEYS_KILL, "");
	expect("cat\r" ESC "!root\r", KEYS_KILL, "cat\r");
}

static void esc_inside_a_line_passes(void **state)
{
	(void)state;
	expect("l" ESC ".", KEYS_NONE, "l" ESC ".");
	expect("\rl" ESC "!\r", KEYS_NONE, "\rl" ESC "!\r");
	expect(" " ESC ".", KEYS_NONE, " " ESC ".");
}

static void other_uses_of_esc_pass_unchanged(void **state)
{
	static const char *const texts[] = {
		ESC "[A", "\r" ESC "[A" ESC "[B", ESC "x\r", ESC "\r", ESC ESC "\r", "\r" ESC "OP.",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		expect(texts[i], KEYS_NONE, texts[i]);
}

static void an_esc_that_passed_is_part_of_the_line(void **state)
{
	(void)state;
	expect(ESC ESC ".", KEYS_NONE, ESC ESC ".");
	expect(ESC "[A" ESC ".", KEYS_NONE, ESC "[A" ESC ".");
	expect(ESC "\r" ESC ".", KEYS_DETACH, ESC "\r");
}

static void an_esc_waits_for_what_follows(void **state)
{
	char got[10];

	(void)state;
	assert_int_equal(type("\r" ESC, 1, got), KEYS_NONE);
	assert_string_equal(got, "\r");
}

static void any_bytes_pass(void **state)
{
	char all[256], passed[257];
	enum keys_event event;
	struct keys k = { 0 };

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (char)(i + 'a');
	assert_int_equal(keys_take(&k, all, sizeof(all), passed, &event), sizeof(all));
	assert_int_equal(event, KEYS_NONE);
	assert_memory_equal(all, passed, sizeof(all));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(esc_dot_detaches_at_the_beginning_of_a_line),
		cmocka_unit_test(esc_bang_kills_at_the_beginning_of_a_line),
		cmocka_unit_test(esc_inside_a_line_passes),
		cmocka_unit_test(other_uses_of_esc_pass_unchanged),
		cmocka_unit_test(an_esc_that_passed_is_part_of_the_line),
		cmocka_unit_test(an_esc_waits_for_what_follows),
		cmocka_unit_test(any_bytes_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
