/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames, byte by byte as RFC 826 and RFC 4861 have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <net/if_arp.h>
#include <string.h>

#include "base/frame.h"
#include "base/macros.h"

static const unsigned char mac[FRAME_MAC_LEN] = { 0x02, 0, 0, 0, 0, 0x01 };

static void arp_says_what_it_was_told(void **state VZ_UNUSED)
{
	static const unsigned char other[FRAME_MAC_LEN] = { 0x02, 0, 0, 0, 0, 0x02 };
	static const unsigned char expected[42] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0, 0, 0x01, 0x08, 0x06,
		0, 1, 0x08, 0, 6, 4, 0, 2, 0x02, 0, 0, 0, 0, 0x02, 198, 51, 100, 1, 0, 0, 0, 0, 0, 0, 198, 51, 100, 2,
	};
	struct frame_arp_words w = {
		.operation = ARPOP_REPLY, .from = mac, .to = frame_everybody, .sender = other, .target = frame_nobody,
		.sender_ip.s_addr = inet_addr("198.51.100.1"), .target_ip.s_addr = inet_addr("198.51.100.2"),
	};
	struct frame_arp f;

	frame_make_arp(&f, &w);
	assert_int_equal(sizeof(f), sizeof(expected));
	assert_memory_equal(&f, expected, sizeof(expected));
}

/* A receiver adds up all that the checksum covers, and the checksum: every bit is set. */
static uint16_t verify(const struct frame_nd *f, size_t len)
{
	const unsigned char *p = (const unsigned char *)f + offsetof(struct frame_nd, ip.ip6_src);
	size_t body = len - offsetof(struct frame_nd, icmp);
	uint32_t sum = (uint32_t)body + IPPROTO_ICMPV6;

	for (size_t i = 0; i < 32 + body; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static struct in6_addr address(void)
{
	struct in6_addr a;

	assert_int_equal(inet_pton(AF_INET6, "2001:db8:5e::12:3456", &a), 1);
	return a;
}

static void advert_goes_to_all_nodes_and_names_the_device(void **state VZ_UNUSED)
{
	static const unsigned char head[] = { 0x33, 0x33, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 0x01, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 32, 58, 255 };
	static const unsigned char end[] = { 2, 1, 0x02, 0, 0, 0, 0, 0x01 };
	struct in6_addr a = address();
	struct frame_nd f;
	size_t len = frame_make_advert(&f, mac, &a, ND_NA_FLAG_OVERRIDE);

	assert_int_equal(len, 86);
	assert_memory_equal(&f, head, sizeof(head));
	assert_memory_equal((unsigned char *)&f + len - sizeof(end), end, sizeof(end));
	assert_memory_equal(&f.ip.ip6_src, &a, sizeof(a));
	assert_memory_equal(&f.target, &a, sizeof(a));
	assert_int_equal(f.icmp.icmp6_type, 136);
	assert_int_equal(f.icmp.icmp6_data32[0], htonl(0x20000000));
	assert_int_equal(verify(&f, len), 0xffff);
}

static void probe_goes_to_those_it_may_concern_from_nobody(void **state VZ_UNUSED)
{
	static const unsigned char head[] = { 0x33, 0x33, 0xff, 0x12, 0x34, 0x56, 0x02, 0, 0, 0, 0, 0x01, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 24, 58, 255 };
	static const struct in6_addr nobody;
	struct in6_addr a = address(), group;
	struct frame_nd f;
	size_t len = frame_make_probe(&f, mac, &a);

	assert_int_equal(inet_pton(AF_INET6, "ff02::1:ff12:3456", &group), 1);
	assert_int_equal(len, 78);
	assert_memory_equal(&f, head, sizeof(head));
	assert_memory_equal(&f.ip.ip6_dst, &group, sizeof(group));
	assert_memory_equal(&f.ip.ip6_src, &nobody, sizeof(nobody));
	assert_memory_equal(&f.target, &a, sizeof(a));
	assert_int_equal(f.icmp.icmp6_type, 135);
	assert_int_equal(verify(&f, len), 0xffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_says_what_it_was_told),
		cmocka_unit_test(advert_goes_to_all_nodes_and_names_the_device),
		cmocka_unit_test(probe_goes_to_those_it_may_concern_from_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
