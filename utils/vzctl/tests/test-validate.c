/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules across parameters, and those of a "set" command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "conf/validate.h"

static int logged;

static void count(void *data VZ_UNUSED, int level VZ_UNUSED, vz_ctid id VZ_UNUSED, const char *text VZ_UNUSED)
{
	logged++;
}

static const struct vz_log counting = { .fn = count };

/* settings: ID=text pairs as in a file, ended by NULL. */
struct setting {
	enum vz_param_id id;
	const char *text;
};

static void make_conf(struct vz_conf *c, const struct setting *s, size_t n)
{
	struct vz_edits e = { 0 };

	assert_int_equal(conf_defaults(c), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(edits_set(&e, s[i].id, s[i].text, NULL), 0);
	assert_int_equal(edits_apply(c, &e), 0);
	edits_done(&e);
}

static void check_conf_of(const struct setting *s, size_t n, int code, const char *want)
{
	auto_err struct vz_err err = { 0 };
	struct vz_conf c = { 0 };

	make_conf(&c, s, n);
	logged = 0;
	assert_int_equal(conf_validate(&c, &counting, 101, &err), code ? -1 : 0);
	assert_int_equal(err.code, code);
	if (want)
		assert_string_equal(err.msg, want);
	conf_done(&c);
}

#define CHECK_CONF(code, want, ...) \
	check_conf_of((const struct setting[]){ __VA_ARGS__ }, \
		      sizeof((const struct setting[]){ __VA_ARGS__ }) / sizeof(struct setting), code, want)

/* options: "name", "text", … NULL. */
static void check_set(struct set_request q, const char *layout, const char *const *options, int code,
		      const char *want)
{
	auto_err struct vz_err err = { 0 };
	struct vz_edits e = { 0 };
	struct vz_conf c = { 0 };

	make_conf(&c, &(const struct setting){ VZ_P_ve_layout, layout }, 1);
	for (; *options; options += 2) {
		struct vz_param_option o;

		assert_true(param_option_find(options[0], &o));
		assert_int_equal(edits_add_option(&e, o.id, o.op, options[0], options[1], NULL), 0);
	}
	assert_int_equal(edits_apply(&c, &e), 0);
	q.edits = &e;
	assert_int_equal(conf_validate_set(&q, &c, &err), code ? -1 : 0);
	assert_int_equal(err.code, code);
	if (want)
		assert_string_equal(err.msg, want);
	edits_done(&e);
	conf_done(&c);
}

#define OPTIONS(...) (const char *const[]){ __VA_ARGS__, NULL }
#define CHECK_SET(code, want, flags, ...) \
	check_set((struct set_request){ flags }, "overlay", OPTIONS(__VA_ARGS__), code, want)

static void the_defaults_are_valid(void **state VZ_UNUSED)
{
	CHECK_CONF(0, NULL, { VZ_P_onboot, "yes" });
}

static void a_name_may_be_the_own_number_but_no_other(void **state VZ_UNUSED)
{
	CHECK_CONF(0, NULL, { VZ_P_name, "101" });
	CHECK_CONF(0, NULL, { VZ_P_name, "102a" });
	CHECK_CONF(VZ_E_SET_NAME, NULL, { VZ_P_name, "102" });
}

static void root_and_private_area_do_not_overlap(void **state VZ_UNUSED)
{
	CHECK_CONF(VZ_E_INVALID_VALUE, NULL, { VZ_P_ve_root, "/vz/private/$VEID" });
	CHECK_CONF(VZ_E_INVALID_VALUE, NULL, { VZ_P_ve_root, "/vz/private/101/root" });
	CHECK_CONF(VZ_E_INVALID_VALUE, NULL, { VZ_P_ve_root, "/vz/" });
	CHECK_CONF(VZ_E_INVALID_VALUE, NULL, { VZ_P_ve_root, "/" });
	CHECK_CONF(0, NULL, { VZ_P_ve_root, "/vz/private/1011" });
}

static void ids_stay_within_32_bits(void **state VZ_UNUSED)
{
	CHECK_CONF(0, NULL, { VZ_P_local_uid, "4294901759" }, { VZ_P_local_count, "65536" });
	CHECK_CONF(VZ_E_INVALID_VALUE, NULL, { VZ_P_local_uid, "4294901760" }, { VZ_P_local_count, "65536" });
	CHECK_CONF(VZ_E_INVALID_VALUE, NULL, { VZ_P_local_gid, "4294901760" }, { VZ_P_local_count, "65536" });
}

static void soft_limits_of_disks_are_below_hard_ones_except_for_images(void **state VZ_UNUSED)
{
	CHECK_CONF(0, NULL, { VZ_P_diskspace, "1G:1G" }, { VZ_P_diskinodes, "0:unlimited" });
	CHECK_CONF(VZ_E_INVALID_VALUE, "DISKSPACE: the soft limit 2097152 is above the hard limit 1048576",
		   { VZ_P_diskspace, "2G:1G" });
	CHECK_CONF(VZ_E_INVALID_VALUE, NULL, { VZ_P_diskinodes, "2:1" });
	CHECK_CONF(0, NULL, { VZ_P_diskspace, "2G:1G" }, { VZ_P_ve_layout, "ploop" });
}

static void beancounters_are_nobodys_business(void **state VZ_UNUSED)
{
	CHECK_CONF(0, NULL, { VZ_P_kmemsize, "2:1" }, { VZ_P_physpages, "0:100" });
}

static void an_automatic_cpu_mask_needs_nodes(void **state VZ_UNUSED)
{
	CHECK_CONF(VZ_E_INVALID_VALUE, NULL, { VZ_P_cpumask, "auto" });
	CHECK_CONF(0, NULL, { VZ_P_cpumask, "auto" }, { VZ_P_nodemask, "0" });
}

static void everything_that_is_wrong_is_reported(void **state VZ_UNUSED)
{
	CHECK_CONF(VZ_E_SET_NAME, NULL, { VZ_P_name, "5" }, { VZ_P_diskspace, "2:1" }, { VZ_P_cpumask, "auto" });
	/* The first is in err, the others are logged. */
	assert_int_equal(logged, 2);
}

static void reset_ub_stands_alone(void **state VZ_UNUSED)
{
	static const char want[] = "Error: option --reset_ub is exclusive";

	check_set((struct set_request){ .reset_ub = true }, "overlay", OPTIONS(NULL), 0, NULL);
	check_set((struct set_request){ .reset_ub = true, .save = true }, "overlay", OPTIONS(NULL),
		  VZ_E_INVALID_SYNTAX, want);
	CHECK_SET(VZ_E_INVALID_SYNTAX, want, .reset_ub = true, "cpuunits", "100");
}

static void offline_resize_goes_with_diskspace_of_a_stopped_container(void **state VZ_UNUSED)
{
	struct set_request q = { .save = true, .offline_resize = true };

	check_set(q, "ploop", OPTIONS("diskspace", "1G"), 0, NULL);
	check_set(q, "ploop", OPTIONS("cpuunits", "100"), VZ_E_INVALID_SYNTAX,
		  "Error: option --offline-resize can only be used with --diskspace");
	q.mounted = true;
	check_set(q, "ploop", OPTIONS("diskspace", "1G"), VZ_E_INVALID_VALUE,
		  "Option --offline-resize can't be used on a mounted container");
	q.running = true;
	check_set(q, "ploop", OPTIONS("diskspace", "1G"), VZ_E_INVALID_VALUE,
		  "Option --offline-resize can't be used on a running container");
}

static void masks_of_nodes_and_cpus_go_together(void **state VZ_UNUSED)
{
	CHECK_SET(VZ_E_INVALID_SYNTAX, "Error: option --nodemask requires --cpumask", .save = true, "nodemask", "0");
	CHECK_SET(VZ_E_INVALID_SYNTAX, "Error: --cpumask auto requires --nodemask", .save = true, "cpumask", "auto");
	CHECK_SET(0, NULL, .save = true, "cpumask", "auto", "nodemask", "0");
	CHECK_SET(0, NULL, .save = true, "cpumask", "0-1");
}

static void some_options_make_no_sense_without_save(void **state VZ_UNUSED)
{
	CHECK_SET(VZ_E_SET_NAME, "Error: unable to use --name option without --save", .save = false, "name", "x");
	CHECK_SET(VZ_E_SET_NAME, NULL, .save = false, "name", "");
	CHECK_SET(VZ_E_INVALID_SYNTAX, "Error: unable to use --ostemplate option without --save", .save = false,
		  "ostemplate", "x");
	CHECK_SET(VZ_E_INVALID_SYNTAX, "Error: unable to use --stop-timeout option without --save", .save = false,
		  "stop-timeout", "5");
	CHECK_SET(VZ_E_INVALID_SYNTAX, "Error: --force is useless without --save", .force = true, "cpuunits", "100");
	CHECK_SET(VZ_E_INVALID_SYNTAX, "Error: --setmode restart doesn't make sense without --save flag",
		  .setmode_restart = true, "cpuunits", "100");
	check_set((struct set_request){ 0 }, "ploop:raw", OPTIONS("diskspace", "1G"), VZ_E_INVALID_SYNTAX,
		  "Error: can't use --diskspace without --save for a ploop-based container");
	CHECK_SET(0, NULL, .save = false, "diskspace", "1G");
	CHECK_SET(0, NULL, .save = true, "name", "x", "ostemplate", "y", "stop-timeout", "5");
}

static void paths_of_a_running_container_stay(void **state VZ_UNUSED)
{
	CHECK_SET(VZ_E_RUNNING, "Unable to change VE_ROOT on a running container", .running = true, "root",
		  "/r/$VEID");
	CHECK_SET(VZ_E_RUNNING, "Unable to change VE_PRIVATE on a running container", .running = true, "private",
		  "/p/$VEID");
	CHECK_SET(0, NULL, .mounted = true, "root", "/r/$VEID");
}

static void swap_may_be_left_out(void **state VZ_UNUSED)
{
	CHECK_SET(0, NULL, .save = true, "ram", "512M");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_are_valid),
		cmocka_unit_test(a_name_may_be_the_own_number_but_no_other),
		cmocka_unit_test(root_and_private_area_do_not_overlap),
		cmocka_unit_test(ids_stay_within_32_bits),
		cmocka_unit_test(soft_limits_of_disks_are_below_hard_ones_except_for_images),
		cmocka_unit_test(beancounters_are_nobodys_business),
		cmocka_unit_test(an_automatic_cpu_mask_needs_nodes),
		cmocka_unit_test(everything_that_is_wrong_is_reported),
		cmocka_unit_test(reset_ub_stands_alone),
		cmocka_unit_test(offline_resize_goes_with_diskspace_of_a_stopped_container),
		cmocka_unit_test(masks_of_nodes_and_cpus_go_together),
		cmocka_unit_test(some_options_make_no_sense_without_save),
		cmocka_unit_test(paths_of_a_running_container_stay),
		cmocka_unit_test(swap_may_be_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
