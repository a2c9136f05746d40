/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What texts each type takes, what it makes of them, and how it writes them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/capability.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "conf/type.h"

static uint64_t page(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The text a value is written as; "UNSET" for none, or the error. Valid until the next call. */
static const char *read_as(const struct vz_type *type, enum vz_param_id id, enum vz_source from, const char *text)
{
	static char *last;
	struct vz_value v;
	int r = value_parse_as(type, id, from, text, &v);

	free(last);
	last = NULL;
	switch (r) {
	case -EINVAL: return "EINVAL";
	case -ERANGE: return "ERANGE";
	case -ENOMEM: return "ENOMEM";
	}
	last = v.set ? value_text(id, &v) : strdup("UNSET");
	assert_non_null(last);
	if (r == VZ_PARSE_TRUNCATED || r == VZ_PARSE_UNKNOWN) {
		char *noted = str_printf("%s %s", last, r == VZ_PARSE_TRUNCATED ? "TRUNCATED" : "UNKNOWN");

		free(last);
		last = noted;
	}
	value_done(id, &v);
	return last;
}

#define OPTION(id, text, want) \
	assert_string_equal(read_as(param_get(VZ_P_##id)->type, VZ_P_##id, VZ_FROM_OPTION, text), want)
#define FROM_FILE(id, text, want) \
	assert_string_equal(read_as(param_get(VZ_P_##id)->type, VZ_P_##id, VZ_FROM_FILE, text), want)
#define BOTH(id, text, want) do { OPTION(id, text, want); FROM_FILE(id, text, want); } while (0)
#define RAM(text, want) \
	assert_string_equal(read_as(&type_ramsize, VZ_P_physpages, VZ_FROM_OPTION, text), want)

static void yes_and_no_are_lower_case_words(void **state VZ_UNUSED)
{
	BOTH(onboot, "yes", "yes");
	BOTH(onboot, "no", "no");
	BOTH(onboot, "Yes", "EINVAL");
	BOTH(onboot, "1", "EINVAL");
	BOTH(onboot, "yes ", "EINVAL");
	OPTION(onboot, "", "EINVAL");
	FROM_FILE(onboot, "", "UNSET");
}

static void numbers_are_decimal_and_within_bounds(void **state VZ_UNUSED)
{
	BOTH(cpuunits, "8", "8");
	BOTH(cpuunits, "500000", "500000");
	BOTH(cpuunits, "7", "ERANGE");
	BOTH(cpuunits, "500001", "ERANGE");
	BOTH(cpuunits, "-1", "EINVAL");
	BOTH(cpuunits, " 9", "EINVAL");
	BOTH(cpuunits, "0x10", "EINVAL");
	BOTH(cpuunits, "9.5", "EINVAL");
	BOTH(cpuunits, "99999999999999999999999", "ERANGE");
	BOTH(ioprio, "0", "0");
	BOTH(ioprio, "8", "ERANGE");
	BOTH(local_uid, "0", "ERANGE");
	BOTH(local_uid, "4294967295", "ERANGE");
	BOTH(bootorder, "007", "7");
}

static void numbers_that_do_not_fit_are_cut_in_files_only(void **state VZ_UNUSED)
{
	OPTION(bootorder, "9223372036854775808", "ERANGE");
	FROM_FILE(bootorder, "9223372036854775808", "9223372036854775807 TRUNCATED");
	OPTION(kmemsize, "9223372036854775808", "ERANGE");
	FROM_FILE(kmemsize, "1:99999999999999999999999999", "1:unlimited TRUNCATED");
	OPTION(kmemsize, "8388608T", "ERANGE");
	OPTION(kmemsize, "99999999999999999999.5T", "ERANGE");
	FROM_FILE(kmemsize, "99999999999999999999.5T", "unlimited TRUNCATED");
	OPTION(iolimit, "2G", "ERANGE");
	FROM_FILE(iolimit, "2147483648", "2147483647 TRUNCATED");
	OPTION(iopslimit, "2147483648", "ERANGE");
}

static void barrier_and_limit_are_set_by_one_number_or_two(void **state VZ_UNUSED)
{
	BOTH(numproc, "240", "240");
	BOTH(numproc, "100:200", "100:200");
	BOTH(numproc, "100:100", "100");
	BOTH(numproc, "0:unlimited", "0:unlimited");
	BOTH(numproc, "unlimited", "unlimited");
	BOTH(numproc, "9223372036854775807", "unlimited");
	BOTH(numproc, "1:2:3", "EINVAL");
	BOTH(numproc, ":2", "EINVAL");
	BOTH(numproc, "1:", "EINVAL");
	BOTH(numproc, ":", "EINVAL");
	BOTH(numproc, "unlimitedx", "EINVAL");
	BOTH(numproc, "unlimite", "EINVAL");
	BOTH(numproc, "Unlimited", "EINVAL");
}

static void items_have_no_suffix(void **state VZ_UNUSED)
{
	BOTH(numproc, "1K", "EINVAL");
	BOTH(numproc, "1B", "EINVAL");
	BOTH(numproc, "10:1k", "EINVAL");
}

static void suffixes_are_one_letter_of_either_case(void **state VZ_UNUSED)
{
	auto_free char *one_page = str_printf("%llu", (unsigned long long)page());

	BOTH(kmemsize, "1B", "1");
	BOTH(kmemsize, "1K", "1024");
	BOTH(kmemsize, "1m", "1048576");
	BOTH(kmemsize, "3g", "3221225472");
	BOTH(kmemsize, "1T", "1099511627776");
	BOTH(kmemsize, "1p", one_page);
	BOTH(kmemsize, "1KB", "EINVAL");
	BOTH(kmemsize, "1 K", "EINVAL");
	BOTH(kmemsize, "1KK", "EINVAL");
	BOTH(kmemsize, "K", "EINVAL");
	BOTH(kmemsize, "1E", "EINVAL");
	BOTH(kmemsize, "1 ", "EINVAL");
	BOTH(kmemsize, "1\xeb", "EINVAL");
	BOTH(kmemsize, "1K:2M", "1024:2097152");
}

static void fractions_are_exact(void **state VZ_UNUSED)
{
	BOTH(kmemsize, "1.5K", "1536");
	BOTH(kmemsize, "0.1M", "104857");
	BOTH(kmemsize, "1.", "EINVAL");
	BOTH(kmemsize, ".5K", "EINVAL");
	BOTH(kmemsize, "1.5.5K", "EINVAL");
	BOTH(kmemsize, "1,5K", "EINVAL");
	BOTH(kmemsize, "2.9", "2");
	BOTH(kmemsize, "1.99999999999999999999999999999K", "2047");
	/* A double would lose the last digit. */
	BOTH(kmemsize, "9007199254740993.0B", "9007199254740993");
	BOTH(diskspace, "2G:2.2G", "2097152:2306867");
}

static void pages_are_counted_in_pages_without_a_suffix(void **state VZ_UNUSED)
{
	auto_free char *five_mb = str_printf("%llu:%llu", (5ull << 20) / page(), (5ull << 20) / page());

	BOTH(privvmpages, "5M", five_mb);
	BOTH(lockedpages, "7", "7");
	BOTH(lockedpages, "7P", "7");
	BOTH(lockedpages, "1B", "0");
	BOTH(lockedpages, "9223372036854775807", "unlimited");
}

static void libvirt_can_read_the_pairs_it_looks_for(void **state VZ_UNUSED)
{
	BOTH(privvmpages, "10", "10:10");
	BOTH(privvmpages, "10:unlimited", "10:9223372036854775807");
	BOTH(vmguarpages, "unlimited", "9223372036854775807:9223372036854775807");
	BOTH(diskspace, "1048576", "1048576:1048576");
	BOTH(diskspace, "unlimited", "9223372036854775807:9223372036854775807");
}

static void disk_space_is_in_kib_and_inodes_in_ones(void **state VZ_UNUSED)
{
	BOTH(diskspace, "10G:11G", "10485760:11534336");
	BOTH(diskspace, "100", "100:100");
	BOTH(diskspace, "2048B", "2:2");
	BOTH(diskinodes, "200000:220000", "200000:220000");
	BOTH(diskinodes, "1K", "1024:1024");
}

static void ram_is_rounded_up_to_pages_and_has_no_barrier(void **state VZ_UNUSED)
{
	auto_free char *half_gb = str_printf("0:%llu", (512ull << 20) / page());

	RAM("512M", half_gb);
	RAM("1", "0:1");
	RAM("0.1", "0:1");
	RAM("0", "0");
	RAM("1P", "0:1");
	RAM("unlimited", "0:unlimited");
	RAM("512M:1G", "EINVAL");
	RAM("-1", "EINVAL");
	RAM("", "EINVAL");
}

static void io_limits_without_suffix_depend_on_where_they_stand(void **state VZ_UNUSED)
{
	OPTION(iolimit, "10", "10485760");
	FROM_FILE(iolimit, "10", "10");
	BOTH(iolimit, "10K", "10240");
	BOTH(iolimit, "1b", "1");
	BOTH(iolimit, "1G", "1073741824");
	BOTH(iolimit, "unlimited", "0");
	BOTH(iolimit, "1T", "EINVAL");
	BOTH(iolimit, "1P", "EINVAL");
	BOTH(iopslimit, "unlimited", "0");
	BOTH(iopslimit, "500", "500");
	BOTH(iopslimit, "5K", "EINVAL");
}

static void cpu_limits_may_be_a_share_of_the_host(void **state VZ_UNUSED)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	auto_free char *half = str_printf("%ld", 50 * cpus);

	BOTH(cpulimit, "0", "0");
	BOTH(cpulimit, "250", "250");
	BOTH(cpulimit, "50%", half);
	BOTH(cpulimit, "101%", "ERANGE");
	BOTH(cpulimit, "%", "EINVAL");
	BOTH(cpulimit, "5%%", "EINVAL");
	BOTH(cpulimit, "102401", "ERANGE");
}

static void cpu_limits_may_be_in_mhz(void **state VZ_UNUSED)
{
	const struct vz_param *p = param_get(VZ_P_cpulimit);
	struct vz_value one = { 0 }, four = { 0 };

	if (value_parse(p->id, VZ_FROM_OPTION, "1000m", &one) == -EINVAL)
		skip();		/* the machine does not say how fast it is */
	assert_int_equal(value_parse(p->id, VZ_FROM_OPTION, "4000M", &four), 0);
	assert_in_range(one.num, 5, 1000);
	assert_in_range(four.num, one.num * 4, one.num * 4 + 3);
	BOTH(cpulimit, "0m", "0");
	BOTH(cpulimit, "1m", "1");
	BOTH(cpulimit, "m", "EINVAL");
	BOTH(cpulimit, "10mm", "EINVAL");
	BOTH(cpulimit, "-5m", "EINVAL");
	BOTH(cpulimit, "4294967295m", "ERANGE");
	BOTH(cpulimit, "4294967296m", "ERANGE");
}

static void masks_become_ranges(void **state VZ_UNUSED)
{
	BOTH(cpumask, "0-2,7", "0-2,7");
	BOTH(cpumask, "7,1,0,2,2", "0-2,7");
	BOTH(cpumask, "5-5", "5");
	BOTH(cpumask, "4095", "4095");
	BOTH(cpumask, "all", "all");
	BOTH(cpumask, "auto", "auto");
	BOTH(cpumask, "4096", "ERANGE");
	BOTH(cpumask, "99999999999999999999999", "ERANGE");
	BOTH(cpumask, "3-1", "EINVAL");
	BOTH(cpumask, "1-2-3", "EINVAL");
	BOTH(cpumask, "1,,2", "EINVAL");
	BOTH(cpumask, "1,", "EINVAL");
	BOTH(cpumask, "-1", "EINVAL");
	BOTH(cpumask, "1-", "EINVAL");
	BOTH(cpumask, "a", "EINVAL");
	BOTH(nodemask, "0,1", "0-1");
	BOTH(nodemask, "auto", "EINVAL");
}

static void factors_are_written_briefly_but_without_loss(void **state VZ_UNUSED)
{
	BOTH(vm_overcommit, "1.5", "1.5");
	BOTH(vm_overcommit, "2", "2");
	BOTH(vm_overcommit, "0", "0");
	BOTH(vm_overcommit, "1000000", "1e+06");
	BOTH(vm_overcommit, "1e+06", "1e+06");
	BOTH(vm_overcommit, "1.23456789", "1.23456789");
	BOTH(vm_overcommit, "0.12345678901234559", "0.12345678901234559");
	BOTH(vm_overcommit, "-1", "EINVAL");
	BOTH(vm_overcommit, "nan", "EINVAL");
	BOTH(vm_overcommit, "inf", "EINVAL");
	BOTH(vm_overcommit, "0x1p3", "EINVAL");
	BOTH(vm_overcommit, "1.", "EINVAL");
	BOTH(vm_overcommit, "1e", "EINVAL");
	BOTH(vm_overcommit, "1e99", "ERANGE");
}

static void an_empty_text_unsets_texts_and_lists(void **state VZ_UNUSED)
{
	BOTH(name, "", "UNSET");
	BOTH(description, "", "UNSET");
	BOTH(ip_address, "", "UNSET");
	BOTH(ip_address, " \t", "UNSET");
	BOTH(nameserver, "", "UNSET");
	OPTION(cpuunits, "", "EINVAL");
	FROM_FILE(cpuunits, "", "UNSET");
}

static void nothing_takes_a_newline(void **state VZ_UNUSED)
{
	BOTH(description, "a\nb", "EINVAL");
	BOTH(searchdomain, "a\nb", "EINVAL");
	BOTH(iptables, "a\nb", "EINVAL");
	OPTION(userpasswd, "root:a\nb", "EINVAL");
}

static void names_have_legal_characters_only(void **state VZ_UNUSED)
{
	BOTH(name, "web 1-a+b_c.d", "web 1-a+b_c.d");
	BOTH(name, "caf\xc3\xa9", "caf\xc3\xa9");
	BOTH(name, "101", "101");
	BOTH(name, "a/b", "EINVAL");
	BOTH(name, "..", "EINVAL");
	BOTH(name, "a$b", "EINVAL");
	BOTH(name, "a\tb", "EINVAL");
	BOTH(hostname, "web1.example.org", "web1.example.org");
	BOTH(hostname, "web 1", "EINVAL");
	BOTH(hostname, "0123456789012345678901234567890123456789012345678901234567890123",
	     "0123456789012345678901234567890123456789012345678901234567890123");
	BOTH(hostname, "01234567890123456789012345678901234567890123456789012345678901234", "ERANGE");
	BOTH(osrelease, "2.6.32-042stab145.3", "2.6.32-042stab145.3");
	BOTH(osrelease, "5.14.0-427.el9.x86_64", "5.14.0-427.el9.x86_64");
	BOTH(osrelease, "6.1.0-1~bpo12+1", "6.1.0-1~bpo12+1");
	BOTH(osrelease, "v6.1", "EINVAL");
	BOTH(osrelease, "6.1 0", "EINVAL");
	BOTH(osrelease, "6.1\"", "EINVAL");
	BOTH(osrelease, "6.01234567890123456789012345678901234567890123456789012345678901",
	     "6.01234567890123456789012345678901234567890123456789012345678901");
	BOTH(osrelease, "6.012345678901234567890123456789012345678901234567890123456789012", "EINVAL");
}

static void paths_are_absolute(void **state VZ_UNUSED)
{
	BOTH(ve_root, "/vz/root/$VEID", "/vz/root/$VEID");
	BOTH(ve_root, "vz/root", "EINVAL");
}

static void choices_are_whole_words_of_the_row(void **state VZ_UNUSED)
{
	FROM_FILE(ve_stop_mode, "stop", "stop");
	FROM_FILE(ve_stop_mode, "suspend", "suspend");
	FROM_FILE(ve_stop_mode, "sus", "EINVAL");
	FROM_FILE(ve_stop_mode, "stop|suspend", "EINVAL");
	BOTH(netfilter, "full", "full");
	BOTH(netfilter, "most", "EINVAL");
	BOTH(ve_layout, "overlay", "overlay");
	BOTH(ve_layout, "ploop:raw", "ploop:raw");
	BOTH(ve_layout, "ploop:", "EINVAL");
	BOTH(ve_layout, "zfs", "EINVAL");
	BOTH(meminfo, "none", "none");
	BOTH(meminfo, "pages:256000", "pages:256000");
	BOTH(meminfo, "privvmpages:3", "privvmpages:3");
	BOTH(meminfo, "pages", "EINVAL");
	BOTH(meminfo, "pages:", "EINVAL");
	BOTH(meminfo, "pages:x", "EINVAL");
}

static void ports_are_written_in_their_usual_form(void **state VZ_UNUSED)
{
	BOTH(publish, "8080:80", "8080:80");
	BOTH(publish, "8080:80/tcp 53:5353/udp", "8080:80 53:5353/udp");
	BOTH(publish, "198.51.100.1:8080:80", "198.51.100.1:8080:80");
	BOTH(publish, "[2001:DB8:0::1]:8080:80/udp", "[2001:db8::1]:8080:80/udp");
	/* One packet cannot go to two places: the later word counts. */
	BOTH(publish, "8080:80 8080:81", "8080:81");
	BOTH(publish, "8080:80 198.51.100.1:8080:81", "198.51.100.1:8080:81");
	BOTH(publish, "198.51.100.2:8080:80 198.51.100.1:8080:81", "198.51.100.2:8080:80 198.51.100.1:8080:81");
	BOTH(publish, "8080", "EINVAL");
	BOTH(publish, "8080:", "EINVAL");
	BOTH(publish, ":80", "EINVAL");
	BOTH(publish, "0:80", "EINVAL");
	BOTH(publish, "8080:65536", "EINVAL");
	BOTH(publish, "8080:80:80", "EINVAL");
	BOTH(publish, "8080:80/sctp", "EINVAL");
	BOTH(publish, "/udp", "EINVAL");
	BOTH(publish, "198.51.100.256:8080:80", "EINVAL");
	BOTH(publish, "127.0.0.1:8080:80", "EINVAL");
	BOTH(publish, "[::1]:8080:80", "EINVAL");
	BOTH(publish, "[2001:db8::1:8080:80", "EINVAL");
	BOTH(publish, "[2001:db8::1]8080:80", "EINVAL");
	BOTH(publish, "[198.51.100.1]:8080:80", "EINVAL");
}

static void rates_have_three_parts(void **state VZ_UNUSED)
{
	BOTH(rate, "eth0:1:8000", "eth0:1:8000");
	BOTH(rate, "*:1:8000 eth0:2:1", "*:1:8000 eth0:2:1");
	BOTH(rate, "*:1:8000,*:2:1", "*:1:8000 *:2:1");
	BOTH(rate, "*:1:8000 *:1:9000", "*:1:9000");
	BOTH(rate, "*:1:1000000000", "*:1:1000000000");
	BOTH(rate, "*:1:1000000001", "EINVAL");
	BOTH(rate, "*:16:1", "EINVAL");
	BOTH(rate, "*:1:0", "EINVAL");
	BOTH(rate, "*:1", "EINVAL");
	BOTH(rate, "*::1", "EINVAL");
	BOTH(rate, ":1:1", "EINVAL");
	BOTH(rate, "*:1:1:1", "EINVAL");
	BOTH(rate, "*:1:1k", "EINVAL");
	BOTH(rate, "a-long-device-name:1:1", "EINVAL");
}

static void log_levels_may_be_negative(void **state VZ_UNUSED)
{
	struct vz_value v;

	FROM_FILE(verbose, "-1", "-1");
	FROM_FILE(verbose, "3", "3");
	FROM_FILE(verbose, "--1", "EINVAL");
	FROM_FILE(verbose, "-", "EINVAL");
	assert_int_equal(value_parse(VZ_P_verbose, VZ_FROM_FILE, "-1", &v), 0);
	assert_int_equal((int)v.num, -1);
}

static void addresses_are_written_in_their_usual_form(void **state VZ_UNUSED)
{
	BOTH(ip_address, "10.0.0.1", "10.0.0.1");
	BOTH(ip_address, "10.0.0.1/24 2001:DB8:0::1/64", "10.0.0.1/24 2001:db8::1/64");
	BOTH(ip_address, "10.0.0.1/255.255.255.0", "10.0.0.1/24");
	BOTH(ip_address, "10.0.0.1/255.0.255.0", "EINVAL");
	BOTH(ip_address, "10.0.0.1/33", "EINVAL");
	BOTH(ip_address, "::1/129", "EINVAL");
	BOTH(ip_address, "10.0.0.1/", "EINVAL");
	BOTH(ip_address, "10.0.0", "EINVAL");
	BOTH(ip_address, "10.0.0.256", "EINVAL");
	BOTH(ip_address, "web1", "EINVAL");
	BOTH(ip_address, "224.0.0.1", "EINVAL");
	BOTH(ip_address, "127.0.0.2", "EINVAL");
	BOTH(ip_address, "255.255.255.255", "EINVAL");
	BOTH(ip_address, "0.0.0.1", "EINVAL");
	BOTH(ip_address, "ff02::1", "EINVAL");
	BOTH(ip_address, "::1", "EINVAL");
	BOTH(ip_address, "fe80::1", "EINVAL");
	BOTH(ip_address, "::ffff:10.0.0.1", "EINVAL");
}

static void no_address_of_either_family_is_left_out(void **state VZ_UNUSED)
{
	BOTH(ip_address, "0.0.0.0", "UNSET");
	BOTH(ip_address, "::", "UNSET");
	BOTH(ip_address, "::0", "UNSET");
	BOTH(ip_address, "0.0.0.0 10.0.0.1", "10.0.0.1");
}

static void an_address_again_replaces_its_mask(void **state VZ_UNUSED)
{
	BOTH(ip_address, "10.0.0.1/24 10.0.0.2 10.0.0.1/16", "10.0.0.1/16 10.0.0.2");
}

static void name_servers_are_addresses_or_inherited(void **state VZ_UNUSED)
{
	BOTH(nameserver, "inherit", "inherit");
	BOTH(nameserver, "1.1.1.1 2001:DB8::1", "1.1.1.1 2001:db8::1");
	BOTH(nameserver, "fe80::1%eth0", "fe80::1%eth0");
	BOTH(nameserver, "1.1.1.1%eth0", "EINVAL");
	BOTH(nameserver, "fe80::1%", "EINVAL");
	BOTH(nameserver, "ns.example.org", "EINVAL");
	BOTH(searchdomain, "example.org  sub.example.org", "example.org sub.example.org");
	BOTH(searchdomain, "$(reboot)", "EINVAL");
}

static void every_capability_of_the_kernel_has_a_name_here(void **state VZ_UNUSED)
{
	for (int bit = 0; bit <= CAP_LAST_CAP; bit++) {
		char *name = cap_to_name(bit);
		auto_free char *text = str_printf("%s:on", name);
		auto_free char *want = str_printf("%s:on", name + strlen("cap_"));

		for (char *c = want; *c != ':'; c++)
			*c = (char)(*c & ~(*c == '_' ? 0 : 0x20));
		BOTH(capability, text, want);
		(void)cap_free(name);
	}
}

static void capabilities_are_stored_in_upper_case(void **state VZ_UNUSED)
{
	BOTH(capability, "net_admin:on,Sys_Time:off", "NET_ADMIN:on SYS_TIME:off");
	BOTH(capability, "CAP_CHOWN:off", "CHOWN:off");
	BOTH(capability, "ve_admin:on setveid:on", "VE_ADMIN:on SETVEID:on");
	BOTH(capability, "chown:on chown:off", "CHOWN:off");
	BOTH(capability, "chown", "EINVAL");
	BOTH(capability, "chown:yes", "EINVAL");
	BOTH(capability, "chown:On", "EINVAL");
	BOTH(capability, ":on", "EINVAL");
	BOTH(capability, "cap_:on", "EINVAL");
	BOTH(capability, "chownx:on", "EINVAL");
	BOTH(capability, "chow:on", "EINVAL");
}

static void unknown_features_are_left_out_of_files_only(void **state VZ_UNUSED)
{
	BOTH(features, "nfs:on,tun:off", "nfs:on tun:off");
	OPTION(features, "nfs:on warp:on", "EINVAL");
	FROM_FILE(features, "nfs:on warp:on fuse:on", "nfs:on fuse:on UNKNOWN");
	FROM_FILE(features, "warp:on", "UNSET UNKNOWN");
	OPTION(features, "NFS:on", "EINVAL");
	BOTH(features, "sysfs:on nfsd:on sit:on ipip:on ipgre:on ppp:on bridge:on time:on io_uring:on detect:off",
	     "sysfs:on nfsd:on sit:on ipip:on ipgre:on ppp:on bridge:on time:on io_uring:on detect:off");
}

static void what_is_wrong_is_explained(void **state VZ_UNUSED)
{
	static const struct {
		enum vz_param_id id;
		const char *text, *want;
	} cases[] = {
		{ VZ_P_capability, "chown:on,fly:on", "Capability fly is unknown" },
		{ VZ_P_capability, "chown=on", "Can't parse capability chown=on (expecting capname:on|off)" },
		{ VZ_P_features, "warp:on", "Unknown feature: warp" },
		{ VZ_P_netfilter, "most", "Incorrect netfilter value: most" },
		{ VZ_P_name, "a/b", "Error: invalid name a/b" },
		{ VZ_P_ip_address, "10.0.0.1 224.0.0.1/4", "224.0.0.1 is a multicast address" },
		{ VZ_P_ip_address, "0.0.0.0 ::1", "::1 is the loopback address" },
		{ VZ_P_netif, "eth0,00:18", "Invalid container MAC address length" },
		{ VZ_P_netif, "eth0,,,00:18", "Invalid host MAC address" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct vz_param *p = param_get(cases[i].id);
		auto_free char *why = p->type->explain(p, cases[i].text);

		assert_string_equal(why, cases[i].want);
	}
}

static void passwords_keep_blanks_and_colons(void **state VZ_UNUSED)
{
	OPTION(userpasswd, "root:a b:c", "root:a b:c");
	OPTION(userpasswd, "root", "EINVAL");
	OPTION(userpasswd, "root:", "EINVAL");
	OPTION(userpasswd, ":secret", "EINVAL");
	OPTION(userpasswd, "ro ot:secret", "EINVAL");
}

static void devices_are_numbers_with_access(void **state VZ_UNUSED)
{
	BOTH(devices, "b:8:16:rw", "b:8:16:rw ");
	BOTH(devices, "c:10:all:wr  b:1:2:none", "c:10:all:rw b:1:2:none ");
	BOTH(devices, "b:8:16:rwq", "b:8:16:rwq ");
	BOTH(devices, "c:7:1:r", "EINVAL");
	BOTH(devices, "b:7:1:r", "b:7:1:r ");
	BOTH(devices, "a:1:1:r", "EINVAL");
	BOTH(devices, "b:8:16:", "EINVAL");
	BOTH(devices, "b:8:16:rr", "EINVAL");
	BOTH(devices, "b:8:16:x", "EINVAL");
	BOTH(devices, "b:8:16", "EINVAL");
	BOTH(devices, "b:all:1:r", "EINVAL");
	BOTH(devices, "b:4096:1:r", "EINVAL");
	BOTH(devices, "b:1:1048576:r", "EINVAL");
}

static void device_nodes_stay_below_dev(void **state VZ_UNUSED)
{
	BOTH(devnodes, "net/tun:rw", "net/tun:rw ");
	BOTH(devnodes, "disk/by-path/pci-0000:00:1f.2:rw", "disk/by-path/pci-0000:00:1f.2:rw ");
	BOTH(devnodes, "sdb:none", "sdb:none ");
	BOTH(devnodes, "../etc/shadow:r", "EINVAL");
	BOTH(devnodes, "a/../../b:r", "EINVAL");
	BOTH(devnodes, "/dev/sdb:r", "EINVAL");
	BOTH(devnodes, "a//b:r", "EINVAL");
	BOTH(devnodes, "a/:r", "EINVAL");
	BOTH(devnodes, "./a:r", "EINVAL");
	BOTH(devnodes, ":r", "EINVAL");
	BOTH(devnodes, "sdb", "EINVAL");
}

static void pci_devices_have_all_digits(void **state VZ_UNUSED)
{
	BOTH(pci, "3:1.2", "0000:03:01.2");
	BOTH(pci, "1:A0:1F.7", "0001:a0:1f.7");
	BOTH(pci, "0000:03:20.0", "EINVAL");
	BOTH(pci, "03:01.8", "EINVAL");
	BOTH(pci, "03:01", "EINVAL");
	BOTH(pci, "100:01.0", "EINVAL");
	BOTH(pci, "1:2:3:4.0", "EINVAL");
	BOTH(pci, "x:1.0", "EINVAL");
}

static void ethernet_devices_are_positional_or_named(void **state VZ_UNUSED)
{
	OPTION(netif, "eth0", "ifname=eth0");
	OPTION(netif, "eth0,00:18:51:aa:bb:cc,veth101.0,00:18:51:dd:ee:ff,vmbr0",
	       "ifname=eth0,bridge=vmbr0,mac=00:18:51:AA:BB:CC,host_ifname=veth101.0,host_mac=00:18:51:DD:EE:FF");
	OPTION(netif, "eth0,,,, br0 eth1", "ifname=eth0,bridge=br0;ifname=eth1");
	FROM_FILE(netif, "mac_filter=off,host_ifname=veth5.0,ifname=eth0;ifname=eth1,bridge=br1",
		  "ifname=eth0,host_ifname=veth5.0,mac_filter=off;ifname=eth1,bridge=br1");
	FROM_FILE(netif, "ifname=eth0,gw=10.0.0.1,bridge=br0", "ifname=eth0,bridge=br0,gw=10.0.0.1");
	BOTH(netif, "eth0,00:18:51:AA:BB", "EINVAL");
	BOTH(netif, "eth0,00-18-51-AA-BB-CC", "EINVAL");
	BOTH(netif, "a-name-that-is-too-long", "EINVAL");
	BOTH(netif, "eth0,,,,,more", "EINVAL");
	BOTH(netif, ",00:18:51:AA:BB:CC", "EINVAL");
	BOTH(netif, "bridge=br0", "EINVAL");
	BOTH(netif, "ifname=eth0,mac_filter=yes", "EINVAL");
	BOTH(netif, "ifname=eth0,bridge", "EINVAL");
}

static void virtual_devices_of_the_host_are_not_moved(void **state VZ_UNUSED)
{
	BOTH(netdev, "eth1 eth2", "eth1 eth2");
	BOTH(netdev, "venet0", "EINVAL");
	BOTH(netdev, "tun0", "EINVAL");
	BOTH(netdev, "tap3", "EINVAL");
	BOTH(netdev, "lo", "EINVAL");
	BOTH(netdev, "..", "EINVAL");
	BOTH(netdev, "a/b", "EINVAL");
}

static void bind_mounts_are_told_apart_by_their_target(void **state VZ_UNUSED)
{
	BOTH(bindmount, "/srv/a:/mnt,nosuid,nodev /data", "/srv/a:/mnt,nosuid,nodev /data");
	BOTH(bindmount, "/srv/a:/mnt /srv/b:/mnt,noexec", "/srv/b:/mnt,noexec");
	BOTH(bindmount, "/srv/a:mnt", "EINVAL");
	BOTH(bindmount, "srv:/mnt", "EINVAL");
	BOTH(bindmount, "/srv:/mnt,exec", "EINVAL");
	BOTH(bindmount, "/srv:/mnt,", "EINVAL");
	BOTH(bindmount, "/srv:/", "EINVAL");
	BOTH(bindmount, "//srv/a/:/mnt//b/,ro", "/srv/a:/mnt/b,ro");
	BOTH(bindmount, "/:/mnt", "/:/mnt");
	BOTH(bindmount, "/same:/same,ro,noexec", "/same,ro,noexec");
	BOTH(bindmount, "/srv:/a:/b", "EINVAL");
	BOTH(bindmount, "/srv:/a/../b", "EINVAL");
	BOTH(bindmount, "/srv/.:/a", "EINVAL");
	BOTH(bindmount, "/srv:/...", "/srv:/...");
	BOTH(bindmount, "/srv:/proc/x", "EINVAL");
	BOTH(bindmount, "/srv:/procs", "/srv:/procs");
	BOTH(bindmount, "/srv://dev/", "EINVAL");
	BOTH(bindmount, "/srv:/dev/x", "/srv:/dev/x");
	BOTH(bindmount, ":/a", "EINVAL");
	BOTH(bindmount, "/a:", "EINVAL");
}

static void lists_have_an_end(void **state VZ_UNUSED)
{
	auto_str struct vz_str many = { 0 };
	struct vz_value v;

	for (int i = 0; i < 500000; i++)
		str_addf(&many, "m%d ", i);
	assert_int_equal(value_parse(VZ_P_iptables, VZ_FROM_OPTION, str_get(&many), &v), -ERANGE);
	assert_int_equal(value_parse(VZ_P_iptables, VZ_FROM_FILE, str_get(&many), &v), VZ_PARSE_TRUNCATED);
	assert_string_equal(v.list[4095], "m4095");
	assert_null(v.list[4096]);
	value_done(VZ_P_iptables, &v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yes_and_no_are_lower_case_words),
		cmocka_unit_test(numbers_are_decimal_and_within_bounds),
		cmocka_unit_test(numbers_that_do_not_fit_are_cut_in_files_only),
		cmocka_unit_test(barrier_and_limit_are_set_by_one_number_or_two),
		cmocka_unit_test(items_have_no_suffix),
		cmocka_unit_test(suffixes_are_one_letter_of_either_case),
		cmocka_unit_test(fractions_are_exact),
		cmocka_unit_test(pages_are_counted_in_pages_without_a_suffix),
		cmocka_unit_test(libvirt_can_read_the_pairs_it_looks_for),
		cmocka_unit_test(disk_space_is_in_kib_and_inodes_in_ones),
		cmocka_unit_test(ram_is_rounded_up_to_pages_and_has_no_barrier),
		cmocka_unit_test(io_limits_without_suffix_depend_on_where_they_stand),
		cmocka_unit_test(cpu_limits_may_be_a_share_of_the_host),
		cmocka_unit_test(cpu_limits_may_be_in_mhz),
		cmocka_unit_test(masks_become_ranges),
		cmocka_unit_test(factors_are_written_briefly_but_without_loss),
		cmocka_unit_test(an_empty_text_unsets_texts_and_lists),
		cmocka_unit_test(nothing_takes_a_newline),
		cmocka_unit_test(names_have_legal_characters_only),
		cmocka_unit_test(paths_are_absolute),
		cmocka_unit_test(choices_are_whole_words_of_the_row),
		cmocka_unit_test(ports_are_written_in_their_usual_form),
		cmocka_unit_test(rates_have_three_parts),
		cmocka_unit_test(log_levels_may_be_negative),
		cmocka_unit_test(addresses_are_written_in_their_usual_form),
		cmocka_unit_test(no_address_of_either_family_is_left_out),
		cmocka_unit_test(an_address_again_replaces_its_mask),
		cmocka_unit_test(name_servers_are_addresses_or_inherited),
		cmocka_unit_test(every_capability_of_the_kernel_has_a_name_here),
		cmocka_unit_test(capabilities_are_stored_in_upper_case),
		cmocka_unit_test(unknown_features_are_left_out_of_files_only),
		cmocka_unit_test(what_is_wrong_is_explained),
		cmocka_unit_test(passwords_keep_blanks_and_colons),
		cmocka_unit_test(devices_are_numbers_with_access),
		cmocka_unit_test(device_nodes_stay_below_dev),
		cmocka_unit_test(pci_devices_have_all_digits),
		cmocka_unit_test(ethernet_devices_are_positional_or_named),
		cmocka_unit_test(virtual_devices_of_the_host_are_not_moved),
		cmocka_unit_test(bind_mounts_are_told_apart_by_their_target),
		cmocka_unit_test(lists_have_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
