/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What process 1 is made from survives its way through a message; nonsense is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

#include "backend/spawn.h"
#include "base/cleanup.h"
#include "base/macros.h"
#include "base/str.h"

#define SOCK 50

static struct inside_node nodes[] = {
	{ "fuse", S_IFCHR | 0666, 0 },
	{ "disk/by name", S_IFBLK | 0600, 0 },
};
static int doors[] = { 70, 71, 72 };

static struct spawning example(void)
{
	nodes[0].dev = makedev(10, 229);
	nodes[1].dev = makedev(259, 70000);
	return (struct spawning){
		.id_base = 524288,
		.id_count = 65536,
		.group = 60,
		.doors = { .fds = doors, .n = ARRAY_SIZE(doors) },
		.inside = {
			.root = 61,
			.hostname = "web1.example.net",
			.nodes = nodes,
			.n_nodes = ARRAY_SIZE(nodes),
			.node_fs = 62,
			.sysfs = true,
			.detect = true,
			.capabilities = UINT64_C(0x1ffffffffff),
			.seccomp = SECCOMP_IO_URING,
		},
	};
}

/* The message of the example. */
struct packed {
	char *message;
	int fds[WATCHER_FDS_MAX];
	size_t n;
};

static struct packed pack_example(void)
{
	struct spawning s = example();
	struct packed p;

	assert_int_equal(spawning_pack(&s, SOCK, &p.message, p.fds, &p.n), 0);
	return p;
}

static int unpack(const struct packed *p, size_t n, struct spawning *got)
{
	int sock, rc = spawning_unpack(p->message, p->fds, n, got, &sock);

	if (rc == 0)
		assert_int_equal(sock, SOCK);
	return rc;
}

static void all_of_it_arrives(void **state)
{
	struct packed p = pack_example();
	struct spawning got;

	(void)state;
	assert_int_equal(p.n, 7);
	assert_int_equal(unpack(&p, p.n, &got), 0);
	assert_int_equal(got.id_base, 524288);
	assert_int_equal(got.id_count, 65536);
	assert_int_equal(got.group, 60);
	assert_int_equal(got.inside.root, 61);
	assert_int_equal(got.inside.node_fs, 62);
	assert_true(got.inside.sysfs);
	assert_true(got.inside.detect);
	assert_true(got.inside.capabilities == UINT64_C(0x1ffffffffff));
	assert_int_equal(got.inside.seccomp, SECCOMP_IO_URING);
	assert_string_equal(got.inside.hostname, "web1.example.net");
	assert_int_equal(got.doors.n, ARRAY_SIZE(doors));
	assert_memory_equal(got.doors.fds, doors, sizeof(doors));
	assert_int_equal(got.inside.n_nodes, ARRAY_SIZE(nodes));
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		assert_string_equal(got.inside.nodes[i].name, nodes[i].name);
		assert_int_equal(got.inside.nodes[i].mode, nodes[i].mode);
		assert_true(got.inside.nodes[i].dev == nodes[i].dev);
	}
	/* Who is asked does not ask on. */
	assert_null(got.watcher);
	spawning_done(&got);
	free(p.message);
}

static void without_nodes_there_is_no_file_system_of_them(void **state)
{
	struct spawning s = example(), got;
	auto_free char *message = NULL;
	int fds[WATCHER_FDS_MAX], sock;
	size_t n;

	(void)state;
	s.inside.n_nodes = 0;
	s.inside.node_fs = -1;
	s.doors.n = 0;
	assert_int_equal(spawning_pack(&s, SOCK, &message, fds, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(spawning_unpack(message, fds, n, &got, &sock), 0);
	assert_int_equal(got.inside.node_fs, -1);
	assert_int_equal(got.inside.n_nodes, 0);
	assert_int_equal(got.doors.n, 0);
	spawning_done(&got);
}

static void more_descriptors_than_a_message_holds_are_refused(void **state)
{
	static int many[WATCHER_FDS_MAX];
	struct spawning s = example();
	char *message = NULL;
	int fds[WATCHER_FDS_MAX];
	size_t n;

	(void)state;
	s.doors.fds = many;
	s.doors.n = ARRAY_SIZE(many) - 3;
	assert_int_equal(spawning_pack(&s, SOCK, &message, fds, &n), -E2BIG);
	assert_null(message);
}

static void what_is_cut_off_or_does_not_fit_is_refused(void **state)
{
	struct packed p = pack_example();
	struct spawning got;
	size_t len;

	(void)state;
	for (size_t i = 0; i <= WATCHER_FDS_MAX; i++)
		if (i != p.n)
			assert_int_equal(unpack(&p, i, &got), -EPROTO);
	/* Up to the last line's name, a shorter one of which would be a name too. */
	len = strlen(p.message) - strlen("disk/by name\n");
	for (; len; len--) {
		p.message[len] = '\0';
		assert_int_equal(unpack(&p, p.n, &got), -EPROTO);
	}
	free(p.message);
}

static void another_version_is_not_served(void **state)
{
	struct packed p = pack_example();
	struct spawning got;

	(void)state;
	assert_true(str_has_prefix(p.message, "spawn " VZ_VERSION));
	p.message[strlen("spawn ")]++;
	assert_int_equal(unpack(&p, p.n, &got), -EPROTO);
	free(p.message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_arrives),
		cmocka_unit_test(without_nodes_there_is_no_file_system_of_them),
		cmocka_unit_test(more_descriptors_than_a_message_holds_are_refused),
		cmocka_unit_test(what_is_cut_off_or_does_not_fit_is_refused),
		cmocka_unit_test(another_version_is_not_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
