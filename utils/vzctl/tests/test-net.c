/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses as numbers, and the names of devices. What the kernel makes of them is in tests/vzctl/venet.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "backend/venet.h"
#include "host/net.h"

static void addresses_are_read_with_their_prefix(void **state)
{
	static const struct { const char *text, *addr; int family; unsigned int bits; } cases[] = {
		{ "198.51.100.7",         "198.51.100.7",     AF_INET,  32 },
		{ "198.51.100.7/24",      "198.51.100.7",     AF_INET,  24 },
		{ "198.51.100.7/0",       "198.51.100.7",     AF_INET,  0 },
		{ "2001:db8:5e::7",       "2001:db8:5e::7",   AF_INET6, 128 },
		{ "2001:DB8:5e:0::7/64",  "2001:db8:5e::7",   AF_INET6, 64 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[NET_ADDR_TEXT];
		struct net_addr a;

		assert_int_equal(net_addr_parse(cases[i].text, &a), 0);
		assert_int_equal(a.family, cases[i].family);
		assert_int_equal(a.bits, cases[i].bits);
		assert_string_equal(net_addr_text(&a, buf), cases[i].addr);
	}
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const cases[] = {
		"", "/", "198.51.100", "198.51.100.7/", "198.51.100.7/33", "198.51.100.7/-1", "198.51.100.7/x",
		"2001:db8::/129", "2001:db8", ":", "web1", " 198.51.100.7",
	};
	struct net_addr a = { .family = 77 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(net_addr_parse(cases[i], &a), -EINVAL);
	assert_int_equal(a.family, 77);
}

static void devices_are_named_after_the_container(void **state)
{
	static const struct { const char *tag; vz_ctid id; const char *name; } cases[] = {
		{ "",         101,         "venet101" },
		{ "",         VZ_CTID_MAX, "venet2147483644" },
		{ "0123abcd", 101,         "v0123abcd2t" },
		{ "0123abcd", 1,           "v0123abcd1" },
		{ "0123abcd", VZ_CTID_MAX, "v0123abcdzik0zg" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char name[IF_NAMESIZE];
		vz_ctid owner;

		venet_name(cases[i].tag, cases[i].id, name);
		assert_string_equal(name, cases[i].name);
		assert_true(venet_owner(cases[i].tag, name, &owner));
		assert_int_equal(owner, cases[i].id);
	}
}

static void devices_of_others_are_nobody_s(void **state)
{
	static const struct { const char *tag, *name; } cases[] = {
		{ "", "eth0" }, { "", "venet" }, { "", "venet1x" }, { "", "venet007" }, { "", "v0123abcd2t" },
		{ "0123abcd", "v0123abce2t" }, { "0123abcd", "venet101" }, { "0123abcd", "v0123abcd" },
	};
	vz_ctid owner;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_false(venet_owner(cases[i].tag, cases[i].name, &owner));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_with_their_prefix),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(devices_are_named_after_the_container),
		cmocka_unit_test(devices_of_others_are_nobody_s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
