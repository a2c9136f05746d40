/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers of configuration, warnings about files, and what edits do to both. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/strv.h"
#include "conf/layers.h"

static char dir[] = "/tmp/test-layers-XXXXXX";
static char *path;

static int make_dir(void **state VZ_UNUSED)
{
	if (!mkdtemp(dir))
		return -1;
	path = str_printf("%s/101.conf", dir);
	return path ? 0 : -1;
}

static int remove_dir(void **state VZ_UNUSED)
{
	free(path);
	return path_remove_tree(AT_FDCWD, dir);
}

/* Messages, with the directory cut out of them. */
static char **said;

static void remember(void *data VZ_UNUSED, int level VZ_UNUSED, vz_ctid id VZ_UNUSED, const char *text)
{
	const char *at = strstr(text, dir);

	if (at)
		assert_int_equal(strv_addf(&said, "%.*s%s", (int)(at - text), text, at + strlen(dir) + 1), 0);
	else
		assert_int_equal(strv_add(&said, text), 0);
}

static const struct vz_log warnings = { .fn = remember, .max_level = VZ_LOG_INFO };
static const struct vz_log chatty = { .fn = remember, .max_level = VZ_LOG_DEBUG };

static void check_said(const char *want)
{
	auto_free char *all = strv_join(said, "\n");

	assert_string_equal(all, want);
	strv_free(said);
	said = NULL;
}

static struct conf_file *open_text(const char *text)
{
	struct conf_file *f = NULL;

	assert_int_equal(file_replace(path, 0644, text, strlen(text)), 0);
	assert_int_equal(conf_file_read(path, &f), 0);
	return f;
}

static void read_text(struct vz_conf *c, const char *text, bool is_global)
{
	auto_conf_file struct conf_file *f = open_text(text);

	assert_int_equal(conf_from_file(c, f, is_global, &warnings, 101), 0);
}

static void check_param(const struct vz_conf *c, enum vz_param_id id, const char *want)
{
	auto_free char *text = value_text(id, &c->v[id]);

	if (want)
		assert_non_null(text);
	else
		assert_null(text);
	if (want)
		assert_string_equal(text, want);
}

static void option(struct vz_edits *e, const char *name, const char *text)
{
	struct vz_param_option o;
	struct vz_err err = { 0 };

	assert_true(param_option_find(name, &o));
	assert_int_equal(edits_add_option(e, o.id, o.op, name, text, &err), 0);
}

static void bad_option(const char *name, const char *text, int code, const char *want)
{
	struct vz_edits e = { 0 };
	struct vz_param_option o;
	auto_err struct vz_err err = { 0 };

	assert_true(param_option_find(name, &o));
	assert_int_equal(edits_add_option(&e, o.id, o.op, name, text, &err), -1);
	assert_int_equal(err.code, code);
	assert_string_equal(err.msg, want);
	assert_int_equal(e.n, 0);
}

/* ---- layers ---- */

static void defaults_are_those_of_the_design(void **state VZ_UNUSED)
{
	struct vz_conf c = { 0 };

	assert_int_equal(conf_defaults(&c), 0);
	check_param(&c, VZ_P_template, "/vz/template");
	check_param(&c, VZ_P_ve_root, "/vz/root/$VEID");
	check_param(&c, VZ_P_ve_private, "/vz/private/$VEID");
	check_param(&c, VZ_P_lockdir, "/run/vz/lock");
	check_param(&c, VZ_P_dumpdir, "/vz/dump");
	check_param(&c, VZ_P_ve_layout, "overlay");
	check_param(&c, VZ_P_configfile, "default");
	check_param(&c, VZ_P_def_ostemplate, "debian");
	check_param(&c, VZ_P_logging, "yes");
	check_param(&c, VZ_P_logfile, "/var/log/vzctl.log");
	check_param(&c, VZ_P_log_level, "0");
	check_param(&c, VZ_P_verbose, "0");
	check_param(&c, VZ_P_stop_timeout, "120");
	check_param(&c, VZ_P_ve_stop_mode, "stop");
	check_param(&c, VZ_P_nameserver, NULL);
	check_param(&c, VZ_P_diskspace, NULL);
	check_param(&c, VZ_P_onboot, NULL);
	conf_done(&c);
}

static void a_higher_layer_hides_what_it_sets_and_nothing_else(void **state VZ_UNUSED)
{
	struct vz_conf low = { 0 }, high = { 0 };

	read_text(&low, "CPUUNITS=100\nNAMESERVER=inherit\nSEARCHDOMAIN=example.org\n", true);
	read_text(&high, "CPUUNITS=200\nSEARCHDOMAIN=\"\"\nNAMESERVER=\"1.1.1.1 8.8.8.8\"\n", false);
	assert_int_equal(conf_overlay(&low, &high), 0);
	conf_done(&high);
	check_param(&low, VZ_P_cpuunits, "200");
	check_param(&low, VZ_P_nameserver, "1.1.1.1 8.8.8.8");
	check_param(&low, VZ_P_searchdomain, "example.org");
	conf_done(&low);
	check_said("");
}

static void values_are_asked_for_by_kind(void **state VZ_UNUSED)
{
	struct vz_conf c = { 0 };

	assert_null(conf_str(&c, VZ_P_hostname));
	assert_int_equal(conf_num(&c, VZ_P_cpuunits, 7), 7);
	assert_true(conf_yes(&c, VZ_P_onboot, true));
	assert_null(conf_list(&c, VZ_P_ip_address));
	read_text(&c, "HOSTNAME=web\nCPUUNITS=500\nONBOOT=no\nIP_ADDRESS=\"10.0.0.1 2001:db8::1\"\n", false);
	assert_string_equal(conf_str(&c, VZ_P_hostname), "web");
	assert_int_equal(conf_num(&c, VZ_P_cpuunits, 7), 500);
	assert_false(conf_yes(&c, VZ_P_onboot, true));
	assert_string_equal(conf_list(&c, VZ_P_ip_address)[1], "2001:db8::1");
	conf_done(&c);
}

static void veid_is_replaced_wherever_it_stands(void **state VZ_UNUSED)
{
	static const char *const cases[][2] = {
		{ "/vz/root/$VEID", "/vz/root/101" },
		{ "/vz/${VEID}/$VEID.d", "/vz/101/101.d" },
		{ "/vz/$VEIDX/$VEID_1/${VEI", "/vz/$VEIDX/$VEID_1/${VEI" },
		{ "/vz/fixed", "/vz/fixed" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *text = str_printf("VE_ROOT=\"%s\"\n", cases[i][0]);
		auto_free char *expanded = NULL;
		struct vz_conf c = { 0 };

		assert_null(conf_expand(&c, VZ_P_ve_root, 101));
		read_text(&c, text, false);
		check_param(&c, VZ_P_ve_root, cases[i][0]);
		expanded = conf_expand(&c, VZ_P_ve_root, 101);
		assert_string_equal(expanded, cases[i][1]);
		conf_done(&c);
	}
}

/* ---- warnings ---- */

static void bad_values_are_warned_about_and_left_out(void **state VZ_UNUSED)
{
	struct vz_conf c = { 0 };

	read_text(&c, "CPUUNITS=5\n\nONBOOT=Yes\nIP_ADDRESS=\"10.0.0.1 here\"\nCAPABILITY=fly:on\n", false);
	for (int i = 0; i < VZ_P__MAX; i++)
		assert_false(c.v[i].set);
	check_said("Warning at 101.conf:1: invalid value for CPUUNITS=\"5\"\n"
		   "Warning at 101.conf:3: invalid value for ONBOOT=\"Yes\"\n"
		   "Warning at 101.conf:4: invalid value for IP_ADDRESS=\"10.0.0.1 here\"\n"
		   "Warning at 101.conf:5: invalid value for CAPABILITY=\"fly:on\" (Capability fly is unknown)");
}

static void values_too_large_are_cut_with_a_warning(void **state VZ_UNUSED)
{
	struct vz_conf c = { 0 };

	read_text(&c, "KMEMSIZE=99999999999999999999:1\nIOLIMIT=2147483648\n", false);
	check_param(&c, VZ_P_kmemsize, "unlimited:1");
	check_param(&c, VZ_P_iolimit, "2147483647");
	check_said("Warning at 101.conf:1: too large value for KMEMSIZE=\"99999999999999999999:1\", truncated\n"
		   "Warning at 101.conf:2: too large value for IOLIMIT=\"2147483648\", truncated");
	conf_done(&c);
}

static void unknown_features_are_named_and_passed_over(void **state VZ_UNUSED)
{
	struct vz_conf c = { 0 };

	read_text(&c, "FEATURES=\"nfs:on warp:on\"\n", false);
	check_param(&c, VZ_P_features, "nfs:on");
	check_said("Warning: Unknown feature: warp (101.conf:1)");
	conf_done(&c);
}

static void of_duplicates_the_first_counts(void **state VZ_UNUSED)
{
	struct vz_conf c = { 0 };

	read_text(&c, "CPUUNITS=100\nCPUUNITS=200\nDCACHE=1\nDCACHESIZE=2\nONBOOT=what\nONBOOT=yes\nX=1\nX=2\n",
		  false);
	check_param(&c, VZ_P_cpuunits, "100");
	check_param(&c, VZ_P_dcachesize, "1");
	check_param(&c, VZ_P_onboot, NULL);
	check_said("Warning at 101.conf:2: duplicate parameter CPUUNITS, the first one counts\n"
		   "Warning at 101.conf:4: duplicate parameter DCACHESIZE, the first one counts\n"
		   "Warning at 101.conf:5: invalid value for ONBOOT=\"what\"\n"
		   "Warning at 101.conf:6: duplicate parameter ONBOOT, the first one counts");
	conf_done(&c);
}

static void lines_that_say_nothing_are_warned_about(void **state VZ_UNUSED)
{
	struct vz_conf c = { 0 };

	read_text(&c, "# fine\n\nnot an assignment\nCPUUNITS=\"100\nONBOOT=yes\n", false);
	check_param(&c, VZ_P_onboot, "yes");
	check_said("Warning at 101.conf:3: not of the form NAME=\"value\", ignored\n"
		   "Warning at 101.conf:4: not of the form NAME=\"value\", ignored");
	conf_done(&c);
}

static void unknown_names_are_mentioned_only_if_asked(void **state VZ_UNUSED)
{
	auto_conf_file struct conf_file *f = open_text("MINE=1\nUUID=2\nVE_STOP_MODE=never\nCONFIG_CUSTOMIZED=yes\n");
	struct vz_conf c = { 0 };

	assert_int_equal(conf_from_file(&c, f, false, &warnings, 101), 0);
	check_said("");
	assert_int_equal(conf_from_file(&c, f, false, &chatty, 101), 0);
	check_said("Warning at 101.conf:1: unknown parameter MINE, ignored");
	conf_done(&c);
}

static void each_file_has_parameters_of_its_own(void **state VZ_UNUSED)
{
	static const char text[] = "LOCKDIR=/l\nLOCAL_UID=100000\nNAME=x\nNETFILTER=full\nIPTABLES=a\nCPUUNITS=10\n";
	struct vz_conf global = { 0 }, own = { 0 };

	read_text(&own, text, false);
	check_said("");
	check_param(&own, VZ_P_lockdir, NULL);
	check_param(&own, VZ_P_local_uid, "100000");
	check_param(&own, VZ_P_name, "x");
	check_param(&own, VZ_P_netfilter, "full");
	check_param(&own, VZ_P_cpuunits, "10");
	read_text(&global, text, true);
	check_said("Warning at 101.conf:4: NETFILTER belongs to each container and is ignored here\n"
		   "Warning at 101.conf:5: IPTABLES is deprecated here, use NETFILTER of each container");
	check_param(&global, VZ_P_lockdir, "/l");
	check_param(&global, VZ_P_local_uid, NULL);
	check_param(&global, VZ_P_name, NULL);
	check_param(&global, VZ_P_netfilter, NULL);
	check_param(&global, VZ_P_cpuunits, "10");
	conf_done(&global);
	conf_done(&own);
}

static void long_values_are_cut_in_messages(void **state VZ_UNUSED)
{
	auto_str struct vz_str text = { 0 };
	struct vz_conf c = { 0 };

	str_add(&text, "CPUUNITS=");
	for (int i = 0; i < 1 << 20; i++)
		str_add_char(&text, 'x');
	read_text(&c, str_get(&text), false);
	assert_int_equal(strv_len(said), 1);
	assert_true(strlen(said[0]) < 300);
	strv_free(said);
	said = NULL;
}

/* ---- edits ---- */

static void options_change_the_configuration(void **state VZ_UNUSED)
{
	struct vz_edits e = { 0 };
	struct vz_conf c = { 0 };

	read_text(&c, "CPUUNITS=10\nIP_ADDRESS=\"10.0.0.1 10.0.0.2\"\n"
		      "CAPABILITY=\"CHOWN:on KILL:off\"\nNAME=web\n", false);
	option(&e, "cpuunits", "20");
	option(&e, "ipdel", "10.0.0.1/24");
	option(&e, "ipdel", "10.9.9.9");
	option(&e, "ip", "10.0.0.3");
	option(&e, "ipadd", "10.0.0.2/16 10.0.0.4");
	option(&e, "capability", "chown:off");
	option(&e, "capability", "mknod:on");
	option(&e, "name", "");
	assert_int_equal(edits_apply(&c, &e), 0);
	check_param(&c, VZ_P_cpuunits, "20");
	check_param(&c, VZ_P_ip_address, "10.0.0.2/16 10.0.0.3 10.0.0.4");
	check_param(&c, VZ_P_capability, "CHOWN:off KILL:off MKNOD:on");
	check_param(&c, VZ_P_name, NULL);
	assert_true(edits_has(&e, VZ_P_name));
	assert_false(edits_has(&e, VZ_P_hostname));
	edits_done(&e);
	conf_done(&c);
}

static void a_single_value_given_again_is_ignored(void **state VZ_UNUSED)
{
	struct vz_edits e = { 0 };
	struct vz_conf c = { 0 };
	auto_free char *ram = str_printf("0:%llu", (64ull << 20) / (unsigned long long)sysconf(_SC_PAGESIZE));

	option(&e, "hostname", "one");
	option(&e, "hostname", "two");
	option(&e, "ram", "64M");
	option(&e, "memory", "128M");
	option(&e, "physpages", "1:2");
	assert_int_equal(e.n, 2);
	assert_int_equal(edits_apply(&c, &e), 0);
	check_param(&c, VZ_P_hostname, "one");
	check_param(&c, VZ_P_physpages, ram);
	edits_done(&e);
	conf_done(&c);
}

static void lists_that_replace_gather_what_is_given(void **state VZ_UNUSED)
{
	struct vz_edits e = { 0 };
	struct vz_conf c = { 0 };

	read_text(&c, "NAMESERVER=inherit\n", false);
	option(&e, "nameserver", "1.1.1.1");
	option(&e, "nameserver", "8.8.8.8 9.9.9.9");
	assert_int_equal(edits_apply(&c, &e), 0);
	check_param(&c, VZ_P_nameserver, "1.1.1.1 8.8.8.8 9.9.9.9");
	edits_done(&e);
	conf_done(&c);
}

static void deleting_all_and_adding_replaces_the_list(void **state VZ_UNUSED)
{
	struct vz_edits e = { 0 };
	struct vz_conf c = { 0 };

	read_text(&c, "IP_ADDRESS=\"10.0.0.1 10.0.0.2\"\nNETIF=\"ifname=eth0;ifname=eth1\"\n", false);
	option(&e, "ipdel", "all");
	option(&e, "ipadd", "10.0.0.3");
	option(&e, "netif_del", "eth0");
	option(&e, "netif_add", "eth1,,,,br1");
	assert_int_equal(edits_apply(&c, &e), 0);
	check_param(&c, VZ_P_ip_address, "10.0.0.3");
	check_param(&c, VZ_P_netif, "ifname=eth1,bridge=br1");
	edits_done(&e);
	conf_done(&c);
}

static void parts_of_a_device_are_changed_after_its_name(void **state VZ_UNUSED)
{
	struct vz_edits e = { 0 };
	struct vz_conf c = { 0 };

	read_text(&c, "NETIF=\"ifname=eth0,bridge=br0,gw=10.0.0.1;ifname=eth1,mac=00:18:51:00:00:01\"\n", false);
	option(&e, "ifname", "eth1");
	option(&e, "mac", "00:18:51:aa:00:02");
	option(&e, "host_ifname", "veth5.1");
	option(&e, "ifname", "eth0");
	option(&e, "bridge", "br1");
	option(&e, "mac_filter", "off");
	option(&e, "ifname", "eth7");
	option(&e, "host_mac", "00:18:51:00:00:07");
	assert_int_equal(edits_apply(&c, &e), 0);
	check_param(&c, VZ_P_netif, "ifname=eth0,bridge=br1,mac_filter=off,gw=10.0.0.1;"
				    "ifname=eth1,mac=00:18:51:AA:00:02,host_ifname=veth5.1");
	edits_done(&e);
	conf_done(&c);
	e = (struct vz_edits){ 0 };
	read_text(&c, "NETIF=\"ifname=eth0,ip=10.0.0.1/255.0.0.0,gw=10.0.0.9,ip=10.0.0.2\"\nIP_ADDRESS=10.9.9.9\n", false);
	option(&e, "ifname", "eth0");
	option(&e, "ipdel", "10.0.0.1");
	option(&e, "ipadd", "10.0.0.3/24 2001:db8::1");
	option(&e, "ipadd", "10.0.0.2/8");
	assert_int_equal(edits_apply(&c, &e), 0);
	check_param(&c, VZ_P_netif, "ifname=eth0,gw=10.0.0.9,ip=10.0.0.3/24,ip=2001:db8::1,ip=10.0.0.2/8");
	check_param(&c, VZ_P_ip_address, "10.9.9.9");
	edits_done(&e);
	conf_done(&c);
	bad_option("mac", "00:18:51:00:00:07", VZ_E_INVALID_SYNTAX, "Invalid usage.  Option --ifname not specified");
	bad_option("ifname", "eth0,bridge=br0", VZ_E_INVALID_VALUE, "Bad parameter for --ifname: eth0,bridge=br0");
	bad_option("ifname", "", VZ_E_INVALID_VALUE, "Bad parameter for --ifname: ");
}

static void a_list_with_nothing_left_is_not_set(void **state VZ_UNUSED)
{
	struct vz_edits e = { 0 };
	struct vz_conf c = { 0 };

	read_text(&c, "IP_ADDRESS=10.0.0.1\nDEVNODES=\"sdb:rw \"\n", false);
	option(&e, "ipdel", "10.0.0.1");
	option(&e, "devnodes", "sdb:none");
	option(&e, "ext_ipdel", "10.0.0.1");
	assert_int_equal(edits_apply(&c, &e), 0);
	check_param(&c, VZ_P_ip_address, NULL);
	check_param(&c, VZ_P_devnodes, NULL);
	check_param(&c, VZ_P_ext_ip_address, NULL);
	edits_done(&e);
	conf_done(&c);
}

static void bad_options_are_quoted(void **state VZ_UNUSED)
{
	bad_option("onboot", "maybe", VZ_E_INVALID_VALUE, "Bad parameter for --onboot: maybe");
	bad_option("ip", "here", VZ_E_INVALID_VALUE, "Bad parameter for --ip: here");
	bad_option("ram", "much", VZ_E_INVALID_VALUE, "Bad parameter for --ram: much");
	bad_option("cpuunits", "", VZ_E_INVALID_VALUE, "Bad parameter for --cpuunits: ");
	bad_option("local_uid", "0", VZ_E_INVALID_VALUE, "Bad parameter for --local_uid: 0");
	bad_option("kmemsize", "9223372036854775808", VZ_E_INVALID_VALUE,
		   "Bad parameter for --kmemsize: 9223372036854775808");
	bad_option("features", "warp:on", VZ_E_INVALID_VALUE,
		   "Bad parameter for --features: warp:on (Unknown feature: warp)");
	bad_option("name", "a/b", VZ_E_SET_NAME, "Error: invalid name a/b");
}

static void passwords_do_not_get_into_messages(void **state VZ_UNUSED)
{
	bad_option("userpasswd", "topsecret", VZ_E_INVALID_VALUE, "Bad parameter for --userpasswd: ********");
}

static void storing_touches_only_what_was_edited(void **state VZ_UNUSED)
{
	auto_conf_file struct conf_file *f =
		open_text("# mine\nCPUUNITS=10\nDISKSPACE=\"2G:2.2G\"\nIPTENTRIES=5\nMINE=1\n"
			  "ONBOOT=yes\n#UUID: 0a-1b\n");
	auto_free char *text = NULL;
	struct vz_edits e = { 0 };
	struct vz_conf c = { 0 };

	assert_int_equal(conf_defaults(&c), 0);
	assert_int_equal(conf_from_file(&c, f, false, &warnings, 101), 0);
	option(&e, "description", "it's $5 for $VEID");
	option(&e, "cpuunits", "20");
	option(&e, "numiptent", "7");
	option(&e, "bootorder", "3");
	option(&e, "userpasswd", "root:secret");
	option(&e, "nameserver", "");
	assert_int_equal(edits_set(&e, VZ_P_onboot, "", NULL), 0);
	assert_int_equal(edits_apply(&c, &e), 0);
	assert_int_equal(edits_store(f, &e, &c), 0);
	assert_int_equal(conf_file_save(f), 0);
	assert_int_equal(file_read(AT_FDCWD, path, CONF_FILE_MAX, &text, NULL), 0);
	assert_string_equal(text, "# mine\nCPUUNITS=\"20\"\nDISKSPACE=\"2G:2.2G\"\nMINE=1\n#UUID: 0a-1b\n"
				  "BOOTORDER=\"3\"\nNUMIPTENT=\"7\"\nDESCRIPTION=\"it's \\$5 for $VEID\"\n");
	edits_done(&e);
	conf_done(&c);
	check_said("");
}

static void the_library_sets_values_as_files_have_them(void **state VZ_UNUSED)
{
	auto_err struct vz_err err = { 0 };
	struct vz_edits e = { 0 };
	struct vz_conf c = { 0 };

	assert_int_equal(edits_set(&e, VZ_P_iolimit, "10", &err), 0);
	assert_int_equal(edits_set(&e, VZ_P_local_uid, "589824", &err), 0);
	assert_int_equal(edits_set(&e, VZ_P_local_uid, "655360", &err), 0);
	assert_int_equal(edits_apply(&c, &e), 0);
	check_param(&c, VZ_P_iolimit, "10");
	check_param(&c, VZ_P_local_uid, "655360");
	assert_int_equal(edits_set(&e, VZ_P_local_uid, "0", &err), -1);
	assert_int_equal(err.code, VZ_E_INVALID_VALUE);
	assert_string_equal(err.msg, "invalid value for LOCAL_UID=\"0\"");
	edits_done(&e);
	conf_done(&c);
}

static void edits_can_be_copied_behind_others(void **state VZ_UNUSED)
{
	struct vz_edits first = { 0 }, second = { 0 };
	struct vz_conf c = { 0 };

	assert_int_equal(edits_set(&first, VZ_P_ip_address, "10.0.0.1", NULL), 0);
	option(&second, "ipadd", "10.0.0.2");
	option(&second, "ipadd", "10.0.0.3");
	assert_int_equal(edits_append(&first, &second), 0);
	edits_done(&second);
	assert_int_equal(edits_apply(&c, &first), 0);
	check_param(&c, VZ_P_ip_address, "10.0.0.1 10.0.0.2 10.0.0.3");
	edits_done(&first);
	conf_done(&c);
}

static void samples_leave_alone_what_is_the_containers_own(void **state VZ_UNUSED)
{
	auto_conf_file struct conf_file *sample =
		open_text("CPUUNITS=250\nHOSTNAME=sample\nIP_ADDRESS=10.0.0.9\nOSTEMPLATE=x\n"
			  "VE_ROOT=/r\nVE_PRIVATE=/p\n"
			  "NAME=s\nVE_LAYOUT=ploop\nLOCAL_UID=5\nNETIF=eth0\nDESCRIPTION=d\nORIGIN_SAMPLE=o\n"
			  "LOCKDIR=/l\nVEID=7\nCAPABILITY=\"CHOWN:on\"\n");
	struct vz_edits e = { 0 };
	struct vz_conf c = { 0 };

	read_text(&c, "HOSTNAME=own\nCAPABILITY=KILL:on\n", false);
	assert_int_equal(edits_from_sample(&e, sample, "light", &warnings, 101), 0);
	assert_int_equal(edits_apply(&c, &e), 0);
	check_param(&c, VZ_P_cpuunits, "250");
	check_param(&c, VZ_P_capability, "CHOWN:on");
	check_param(&c, VZ_P_hostname, "own");
	check_param(&c, VZ_P_origin_sample, "light");
	for (int i = 0; i < VZ_P__MAX; i++)
		if (i != VZ_P_cpuunits && i != VZ_P_capability && i != VZ_P_hostname && i != VZ_P_origin_sample)
			assert_false(c.v[i].set);
	edits_done(&e);
	conf_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_design),
		cmocka_unit_test(a_higher_layer_hides_what_it_sets_and_nothing_else),
		cmocka_unit_test(values_are_asked_for_by_kind),
		cmocka_unit_test(veid_is_replaced_wherever_it_stands),
		cmocka_unit_test(bad_values_are_warned_about_and_left_out),
		cmocka_unit_test(values_too_large_are_cut_with_a_warning),
		cmocka_unit_test(unknown_features_are_named_and_passed_over),
		cmocka_unit_test(of_duplicates_the_first_counts),
		cmocka_unit_test(lines_that_say_nothing_are_warned_about),
		cmocka_unit_test(unknown_names_are_mentioned_only_if_asked),
		cmocka_unit_test(each_file_has_parameters_of_its_own),
		cmocka_unit_test(long_values_are_cut_in_messages),
		cmocka_unit_test(options_change_the_configuration),
		cmocka_unit_test(a_single_value_given_again_is_ignored),
		cmocka_unit_test(lists_that_replace_gather_what_is_given),
		cmocka_unit_test(deleting_all_and_adding_replaces_the_list),
		cmocka_unit_test(parts_of_a_device_are_changed_after_its_name),
		cmocka_unit_test(a_list_with_nothing_left_is_not_set),
		cmocka_unit_test(bad_options_are_quoted),
		cmocka_unit_test(passwords_do_not_get_into_messages),
		cmocka_unit_test(storing_touches_only_what_was_edited),
		cmocka_unit_test(the_library_sets_values_as_files_have_them),
		cmocka_unit_test(edits_can_be_copied_behind_others),
		cmocka_unit_test(samples_leave_alone_what_is_the_containers_own),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
