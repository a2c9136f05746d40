/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * create, start, stop and adopt on the plan back end: which of its members are called, in what order, and what
 * is left when each of them fails. The host is a directory below /tmp; the registry of ids, which is one
 * per machine, is covered by an empty tmpfs in a mount namespace of the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/plan.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "ct/ct.h"

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define REGISTRY_DIR "/var/lib/vzctl"

static bool usable;	/* root, with a mount namespace of our own */

struct ground {
	char dir[32];
	struct vz *vz;
	struct vz_ct *ct;
};

static char *at(const struct ground *g, const char *path)
{
	char *p = str_printf("%s%s", g->dir, path);

	assert_non_null(p);
	return p;
}

static void make_dir(const struct ground *g, const char *path)
{
	auto_free char *p = at(g, path);

	assert_int_equal(path_make_dirs(p, 0755), 0);
}

static void make_file(const struct ground *g, const char *path, const char *text)
{
	auto_free char *p = at(g, path);

	assert_int_equal(file_replace_volatile(p, 0644, text, strlen(text)), 0);
}

static bool is_there(const struct ground *g, const char *path)
{
	auto_free char *p = at(g, path);

	return path_exists(p);
}

static int cover_registry(void **state VZ_UNUSED)
{
	if (geteuid() != 0 || path_make_dirs(REGISTRY_DIR, 0755) < 0 || unshare(CLONE_NEWNS) < 0)
		return 0;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("test", REGISTRY_DIR, "tmpfs", 0, NULL) < 0)
		return 0;
	usable = true;
	return 0;
}

static void open_ct(struct ground *g, bool dry)
{
	auto_err struct vz_err err = { 0 };

	vz_ct_free(g->ct);
	vz_free(g->vz);
	g->ct = NULL;
	assert_int_equal(vz_new(&g->vz, g->dir, &err), 0);
	vz_set_backend(g->vz, "plan");
	if (dry)
		vz_set_dry_run(g->vz, NULL, NULL);
	assert_int_equal(vz_load(g->vz, &err), 0);
	assert_int_equal(vz_ct_new(g->vz, 101, &g->ct, &err), 0);
	assert_int_equal(vz_ct_load(g->ct, true, &err), 0);
	assert_int_equal(vz_backend_probe(g->vz, &err), 0);
}

/* A host with one layer, the template it came from, and container 101 on top of it. */
static int setup(void **state)
{
	struct ground *g = calloc(1, sizeof(*g));

	if (!g)
		return -1;
	*state = g;
	strcpy(g->dir, "/tmp/test-start-XXXXXX");
	if (!mkdtemp(g->dir))
		return -1;
	make_dir(g, "/etc/vz/conf");
	make_dir(g, "/etc/vz/dists/scripts");
	make_dir(g, "/vz/template/cache");
	make_dir(g, "/vz/template/layers/sha256-" DIGEST "/root");
	make_dir(g, "/vz/private/101/upper");
	make_dir(g, "/vz/private/101/work");
	make_file(g, "/vz/private/101/layers", "sha256-" DIGEST "\n");
	make_file(g, "/vz/template/cache/tiny.tar", "");
	make_file(g, "/vz/template/cache/tiny.tar.sha256", DIGEST "  tiny.tar\n");
	make_file(g, "/etc/vz/dists/default", "");
	make_file(g, "/etc/vz/dists/scripts/functions", "");
	make_file(g, "/etc/vz/conf/ve-default.conf-sample", "");
	make_file(g, "/etc/vz/vz.conf",
		  "LOCKDIR=/vz/lock\nDUMPDIR=/vz/dump\nTEMPLATE=/vz/template\n"
		  "VE_ROOT=/vz/root/$VEID\nVE_PRIVATE=/vz/private/$VEID\n");
	make_file(g, "/etc/vz/conf/101.conf", "OSTEMPLATE=\"tiny\"\n");
	open_ct(g, false);
	return 0;
}

static int teardown(void **state)
{
	struct ground *g = *state;

	vz_ct_free(g->ct);
	vz_free(g->vz);
	(void)path_remove_tree(AT_FDCWD, g->dir);
	free(g);
	return 0;
}

static struct ground *require_root(void **state)
{
	if (!usable)
		skip();
	return *state;
}

/* What the back end was asked for since the last time, without the directory of the test. */
static char *take_calls(struct ground *g)
{
	struct vz_plan *p = g->vz->host.plan;
	struct vz_str all = { 0 };
	size_t n = strlen(g->dir);

	for (size_t i = 0; p->calls && p->calls[i]; i++) {
		const char *s = p->calls[i], *cut;

		str_add(&all, all.len ? "\n" : "");
		while ((cut = strstr(s, g->dir))) {
			str_add_n(&all, s, (size_t)(cut - s));
			s = cut + n;
		}
		str_add(&all, s);
	}
	strv_free(p->calls);
	p->calls = NULL;
	return str_take(&all);
}

/* Compare the calls; "%g" stands for the container's cgroup, whose name has the prefix's tag. */
static void check_calls(struct ground *g, const char *const *want)
{
	auto_free char *calls = take_calls(g);
	struct vz_str all = { 0 };

	for (size_t i = 0; want[i]; i++) {
		const char *mark = strstr(want[i], "%g");

		str_add(&all, i ? "\n" : "");
		str_add_n(&all, want[i], mark ? (size_t)(mark - want[i]) : strlen(want[i]));
		if (mark)
			str_addf(&all, "%s%s", g->ct->env.group, mark + 2);
	}
	assert_string_equal(calls, str_get(&all));
	str_done(&all);
}
#define CALLS(g, ...) check_calls(g, (const char *const []){ __VA_ARGS__, NULL })
#define NO_CALLS(g) check_calls(g, (const char *const []){ NULL })

/* 524288 + 65536 * 101 */
#define MOUNT "mount /vz/private/101 on /vz/root/101 over /vz/template/layers/sha256-" DIGEST "/root"
#define SPAWN "spawn init as ids 7143424+65536"

static int start(struct ground *g, struct vz_err *err)
{
	static const struct vz_start opt = { 0 };

	return vz_ct_start(g->ct, &opt, err);
}

static void start_calls_members_in_order(void **state)
{
	struct ground *g = require_root(state);
	auto_err struct vz_err err = { 0 };

	assert_int_equal(start(g, &err), 0);
	CALLS(g, MOUNT, "kill all processes", "remove cgroup %g", "make cgroup %g", SPAWN, "release init");
	assert_true(is_there(g, "/run/vz/101/state"));
	/* Its ids are its own from now on. */
	open_ct(g, false);
	assert_int_equal(g->ct->env.id_base, 7143424);
	assert_string_equal(vz_ct_layout(g->ct), "overlay");
}

static void running_container_is_not_started_again(void **state)
{
	struct ground *g = require_root(state);
	auto_err struct vz_err err = { 0 };

	g->vz->host.plan->running = true;
	assert_int_equal(start(g, &err), -1);
	assert_int_equal(err.code, VZ_E_RUNNING);
	NO_CALLS(g);
}

static void each_failure_of_start_is_undone(void **state)
{
	static const struct {
		const char *member;
		int code;
		const char *calls[12];
	} cases[] = {
		{ "mount", VZ_E_CANTMOUNT, { MOUNT } },
		{ "limits_prepare", VZ_E_SETUBC,
		  { MOUNT, "kill all processes", "remove cgroup %g", "make cgroup %g", "remove cgroup %g",
		    "umount /vz/root/101" } },
		{ "spawn", VZ_E_ENVCREATE,
		  { MOUNT, "kill all processes", "remove cgroup %g", "make cgroup %g", SPAWN, "kill all processes",
		    "wait for the end of init", "remove cgroup %g", "umount /vz/root/101" } },
		{ "net_attach", VZ_E_CANT_ADDIP,
		  { MOUNT, "kill all processes", "remove cgroup %g", "make cgroup %g", SPAWN, "kill all processes",
		    "wait for the end of init", "remove cgroup %g", "umount /vz/root/101" } },
		{ "ready", VZ_E_ENVCREATE,
		  { MOUNT, "kill all processes", "remove cgroup %g", "make cgroup %g", SPAWN, "kill all processes",
		    "wait for the end of init", "remove cgroup %g", "umount /vz/root/101" } },
		{ "release", VZ_E_BAD_TMPL,
		  { MOUNT, "kill all processes", "remove cgroup %g", "make cgroup %g", SPAWN, "release init", "kill all processes",
		    "wait for the end of init", "remove cgroup %g", "umount /vz/root/101" } },
	};
	struct ground *g = require_root(state);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_err struct vz_err err = { 0 };
		auto_free char *msg = str_printf("%s was told to fail", cases[i].member);

		g->vz->host.plan->fail_at = cases[i].member;
		assert_int_equal(start(g, &err), -1);
		assert_int_equal(err.code, cases[i].code);
		assert_string_equal(err.msg, msg);
		check_calls(g, cases[i].calls);
		assert_false(is_there(g, "/run/vz/101"));
		assert_false(vz_ct_state(g->ct) & VZ_STATE_RUNNING);
	}
	/* And nothing of it stands in the way of the next one. */
	g->vz->host.plan->fail_at = NULL;
	assert_int_equal(start(g, NULL), 0);
}

/* Failing to undo is a warning; what failed first is what the user hears. */
static void failing_undo_goes_on(void **state)
{
	struct ground *g = require_root(state);
	auto_err struct vz_err err = { 0 };
	auto_free char *conf = at(g, "/etc/vz/conf/101.start");

	/* The plan runs nothing inside, so a start script fails, after the state was published. */
	make_file(g, "/etc/vz/conf/101.start", "true\n");
	g->vz->host.plan->fail_at = "umount";
	assert_int_equal(start(g, &err), -1);
	assert_non_null(strstr(err.msg, "nothing runs inside a planned container"));
	CALLS(g, MOUNT, "kill all processes", "remove cgroup %g", "make cgroup %g", SPAWN, "enter", "kill all processes",
	      "wait for the end of init", "remove cgroup %g", "umount /vz/root/101");
	assert_false(is_there(g, "/run/vz/101"));
	assert_int_equal(unlink(conf), 0);
}

static void missing_layer_is_said_before_anything_is_begun(void **state)
{
	struct ground *g = require_root(state);
	auto_err struct vz_err err = { 0 };
	auto_free char *root = at(g, "/vz/template/layers/sha256-" DIGEST "/root");

	assert_int_equal(rmdir(root), 0);
	assert_int_equal(start(g, &err), -1);
	assert_int_equal(err.code, VZ_E_NOPRVT);
	NO_CALLS(g);
}

static void dry_start_plans_and_does_nothing(void **state)
{
	struct ground *g = require_root(state);
	auto_err struct vz_err err = { 0 };
	auto_free char *calls = NULL;

	open_ct(g, true);
	assert_int_equal(start(g, &err), 0);
	calls = take_calls(g);
	assert_non_null(strstr(calls, "start 101: mount\n"));
	assert_non_null(strstr(calls, "\nmake cgroup "));
	assert_non_null(strstr(calls, "start 101: go\nrelease init"));
	assert_false(is_there(g, "/run/vz/101"));
	open_ct(g, false);
	assert_int_equal(g->ct->env.id_base, 0);
}

static int set_binds(struct ground *g, const char *option, const char *text, struct vz_err *err)
{
	struct vz_edits edits = { 0 };
	const struct vz_set opt = { .edits = &edits };
	int r = edits_add_option(&edits, VZ_P_bindmount, VZ_SET, option, text, err);

	if (r == 0)
		r = vz_ct_set(g->ct, &opt, err);
	edits_done(&edits);
	return r;
}

static void bind_mounts_come_before_init_and_are_noted_down(void **state)
{
	struct ground *g = require_root(state);
	auto_err struct vz_err err = { 0 };

	make_file(g, "/etc/vz/conf/101.conf", "OSTEMPLATE=\"tiny\"\nBINDMOUNT=\"/etc:/a /usr:/b,ro\"\n");
	open_ct(g, false);
	g->vz->host.plan->fail_at = "bind_add";
	assert_int_equal(start(g, &err), -1);
	assert_int_equal(err.code, VZ_E_CANTMOUNT);
	vz_err_done(&err);
	CALLS(g, MOUNT, "kill all processes", "remove cgroup %g", "make cgroup %g", SPAWN, "bind /etc on /a inside",
	      "bind /usr on /b inside", "unmount /b inside", "unmount /a inside", "kill all processes", "wait for the end of init", "remove cgroup %g", "umount /vz/root/101");
	assert_false(is_there(g, "/run/vz/101"));

	g->vz->host.plan->fail_at = NULL;
	assert_int_equal(start(g, &err), 0);
	CALLS(g, MOUNT, "kill all processes", "remove cgroup %g", "make cgroup %g", SPAWN, "bind /etc on /a inside",
	      "bind /usr on /b inside", "release init");

	/* One takes the place of another; what is not there is none to be unmounted. */
	assert_int_equal(set_binds(g, "bindmount_add", "/usr:/a", &err), 0);
	CALLS(g, "unmount /a inside", "bind /usr on /a inside");
	assert_int_equal(set_binds(g, "bindmount_del", "/c", &err), 0);
	NO_CALLS(g);
	/* The list survives a failure, and what was on no other list goes with the rest. */
	g->vz->host.plan->fail_at = "bind_remove";
	assert_int_equal(set_binds(g, "bindmount_del", "all", &err), -1);
	CALLS(g, "unmount /a inside");
	g->vz->host.plan->fail_at = NULL;
	assert_int_equal(set_binds(g, "bindmount_del", "all", &err), 0);
	CALLS(g, "unmount /a inside", "unmount /b inside");
	assert_false(is_there(g, "/run/vz/101/binds"));
}

static void stop_takes_everything_down(void **state)
{
	static const struct vz_stop fast = { .fast = true }, slow = { 0 };
	struct ground *g = require_root(state);
	auto_err struct vz_err err = { 0 };

	assert_int_equal(start(g, &err), 0);
	free(take_calls(g));
	assert_int_equal(vz_ct_stop(g->ct, &fast, &err), 0);
	CALLS(g, "kill all processes", "wait for the end of init", "remove cgroup %g");
	assert_false(is_there(g, "/run/vz/101"));

	assert_int_equal(start(g, &err), 0);
	free(take_calls(g));
	g->vz->host.plan->frozen = true;
	assert_int_equal(vz_ct_stop(g->ct, &slow, &err), 0);
	CALLS(g, "thaw", "halt init", "wait for the end of init", "kill all processes",
	      "wait for the end of init", "remove cgroup %g");
}

static void stop_goes_on_after_groups_that_stay(void **state)
{
	static const struct vz_stop fast = { .fast = true };
	struct ground *g = require_root(state);
	auto_err struct vz_err err = { 0 };

	assert_int_equal(start(g, &err), 0);
	g->vz->host.plan->fail_at = "limits_remove";
	assert_int_equal(vz_ct_stop(g->ct, &fast, &err), -1);
	assert_string_equal(err.msg, "limits_remove was told to fail");
	assert_false(is_there(g, "/run/vz/101"));
}

static void stopping_what_cannot_be_killed_changes_nothing(void **state)
{
	static const struct vz_stop fast = { .fast = true };
	struct ground *g = require_root(state);
	auto_err struct vz_err err = { 0 };

	assert_int_equal(start(g, &err), 0);
	free(take_calls(g));
	g->vz->host.plan->fail_at = "stop";
	assert_int_equal(vz_ct_stop(g->ct, &fast, &err), -1);
	CALLS(g, "kill all processes");
	assert_true(is_there(g, "/run/vz/101/state"));
}

/* ---- create ---- */

static int create(struct ground *g, const char *ostemplate, struct vz_err *err)
{
	const struct vz_create opt = { .ostemplate = ostemplate };
	auto_free char *conf = at(g, "/etc/vz/conf/101.conf");
	auto_free char *area = at(g, "/vz/private/101");

	assert_int_equal(path_remove_tree(AT_FDCWD, area), 0);
	(void)unlink(conf);
	open_ct(g, false);
	return vz_ct_create(g->ct, &opt, err);
}

static void create_makes_an_area_and_a_file(void **state)
{
	struct ground *g = require_root(state);
	auto_err struct vz_err err = { 0 };
	auto_free char *layers = at(g, "/vz/private/101/layers");
	auto_free char *digest = NULL;

	assert_int_equal(create(g, "tiny", &err), 0);
	CALLS(g, "count the files of /vz/private/101.tmp");	/* nothing to be run inside */
	assert_int_equal(file_read_line(AT_FDCWD, layers, &digest), 0);
	assert_string_equal(digest, "sha256-" DIGEST);
	assert_true(is_there(g, "/vz/private/101/upper"));
	assert_false(is_there(g, "/vz/private/101.tmp"));
	open_ct(g, false);
	assert_int_equal(g->ct->env.id_base, 7143424);
	assert_string_equal(conf_str(&g->ct->own, VZ_P_ostemplate), "tiny");
	/* What create made can be started. */
	assert_int_equal(start(g, &err), 0);
}

static void create_that_fails_leaves_nothing(void **state)
{
	static const char *const members[] = { "disk_init", "mount", "limits_prepare", "spawn", "ready" };
	struct ground *g = require_root(state);

	/* A script of the distribution: the area is mounted for it, and the plan cannot run it. */
	make_file(g, "/etc/vz/dists/default", "POST_CREATE=post\n");
	make_file(g, "/etc/vz/dists/scripts/post", "true\n");
	for (size_t i = 0; i <= ARRAY_SIZE(members); i++) {
		auto_err struct vz_err err = { 0 };
		auto_free char *registry = NULL;
		bool last = i == ARRAY_SIZE(members);

		open_ct(g, false);
		/* create() opens the host anew: say it once more there. */
		assert_int_equal(create(g, "no-such", &err), -1);
		assert_int_equal(err.code, VZ_E_OSTEMPLATE_NOT_FOUND);
		vz_err_done(&err);
		g->vz->host.plan->fail_at = last ? NULL : members[i];
		assert_int_equal(vz_ct_create(g->ct, &(struct vz_create){ .ostemplate = "tiny" }, &err), -1);
		assert_non_null(strstr(err.msg, last ? "nothing runs inside" : members[i]));
		assert_false(is_there(g, "/etc/vz/conf/101.conf"));
		assert_false(is_there(g, "/vz/private/101"));
		assert_false(is_there(g, "/vz/private/101.tmp"));
		assert_int_equal(file_read(AT_FDCWD, REGISTRY_DIR "/ids", 65536, &registry, NULL), 0);
		assert_null(strstr(registry, g->dir));
	}
}

/* ---- adopt ---- */

/* 101 without a private area; and with a configuration, if there is text for it. */
static void make_foreign(struct ground *g, const char *text)
{
	auto_free char *conf = at(g, "/etc/vz/conf/101.conf");
	auto_free char *area = at(g, "/vz/private/101");

	assert_int_equal(path_remove_tree(AT_FDCWD, area), 0);
	(void)unlink(conf);
	if (text)
		make_file(g, "/etc/vz/conf/101.conf", text);
	open_ct(g, false);
}

static void adopting_makes_a_file_and_a_state(void **state)
{
	struct ground *g = require_root(state);
	auto_err struct vz_err err = { 0 };

	make_foreign(g, NULL);
	assert_int_equal(vz_ct_adopt(g->ct, 4321, &err), 0);
	CALLS(g, "adopt process 4321");
	assert_true(is_there(g, "/etc/vz/conf/101.conf"));
	assert_true(is_there(g, "/run/vz/101/state"));
	assert_int_equal(vz_ct_state(g->ct), VZ_STATE_EXIST | VZ_STATE_RUNNING);
	assert_int_equal(vz_ct_adopt(g->ct, 4321, &err), -1);
	assert_int_equal(err.code, VZ_E_RUNNING);
}

static void adopting_applies_the_limits_of_the_file_and_no_others(void **state)
{
	struct ground *g = require_root(state);
	auto_err struct vz_err err = { 0 };
	auto_free char *tasks = str_printf("apply group %d", VZ_G_tasks);
	auto_free char *limit = str_printf("apply group %d", VZ_G_cpulimit);

	make_foreign(g, "CPUS=\"2\"\nNUMPROC=\"100\"\nHOSTNAME=\"x\"\n");
	assert_int_equal(vz_ct_adopt(g->ct, 4321, &err), 0);
	CALLS(g, "adopt process 4321", tasks, limit);
}

static void adopting_goes_on_when_a_limit_cannot_be_set(void **state)
{
	struct ground *g = require_root(state);
	auto_err struct vz_err err = { 0 };

	make_foreign(g, "CPUS=\"2\"\n");
	g->vz->host.plan->fail_at = "apply";
	assert_int_equal(vz_ct_adopt(g->ct, 4321, &err), -1);
	assert_string_equal(err.msg, "apply was told to fail");
	assert_true(is_there(g, "/run/vz/101/state"));
	assert_int_equal(vz_ct_state(g->ct), VZ_STATE_EXIST | VZ_STATE_RUNNING);
}

static void adopting_that_fails_takes_its_file_back_and_no_other(void **state)
{
	struct ground *g = require_root(state);

	for (int i = 0; i < 2; i++) {
		auto_err struct vz_err err = { 0 };

		make_foreign(g, i ? "CPUS=\"2\"\n" : NULL);
		g->vz->host.plan->fail_at = "adopt";
		assert_int_equal(vz_ct_adopt(g->ct, 4321, &err), -1);
		assert_string_equal(err.msg, "adopt was told to fail");
		assert_int_equal(is_there(g, "/etc/vz/conf/101.conf"), i);
		assert_false(is_there(g, "/run/vz/101"));
	}
}

static void number_of_a_container_of_ours_is_not_given_away(void **state)
{
	struct ground *g = require_root(state);
	auto_err struct vz_err err = { 0 };

	assert_int_equal(vz_ct_adopt(g->ct, 4321, &err), -1);
	assert_int_equal(err.code, VZ_E_INVALID_VALUE);
	NO_CALLS(g);
}

/* ---- ranges of ids ---- */

static void ids_are_one_containers_alone(void **state)
{
	struct ground *g = require_root(state);
	auto_err struct vz_err err = { 0 };
	struct vz_ct *other = NULL;

	assert_int_equal(ids_ensure(g->ct, &err), 0);
	assert_int_equal(g->ct->env.id_base, 7143424);
	/* 28101 falls on the slot of 101: it gets the next one. */
	make_file(g, "/etc/vz/conf/28101.conf", "");
	assert_int_equal(vz_ct_new(g->vz, 28101, &other, &err), 0);
	assert_int_equal(vz_ct_load(other, false, &err), 0);
	assert_int_equal(ids_ensure(other, &err), 0);
	assert_int_equal(other->env.id_base, 7143424 + 65536);
	vz_ct_free(other);

	/* A file that claims them is refused, and keeps what it says. */
	make_file(g, "/etc/vz/conf/102.conf", "LOCAL_UID=\"7143424\"\nLOCAL_GID=\"7143424\"\n");
	assert_int_equal(vz_ct_new(g->vz, 102, &other, &err), 0);
	assert_int_equal(vz_ct_load(other, false, &err), 0);
	assert_int_equal(ids_ensure(other, &err), -1);
	assert_non_null(strstr(err.msg, "belong to somebody else"));
	vz_err_done(&err);

	/* Until the owner is gone. */
	ids_release(g->ct);
	assert_int_equal(ids_ensure(other, &err), 0);
	vz_ct_free(other);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(start_calls_members_in_order),
		TEST(running_container_is_not_started_again),
		TEST(each_failure_of_start_is_undone),
		TEST(failing_undo_goes_on),
		TEST(missing_layer_is_said_before_anything_is_begun),
		TEST(dry_start_plans_and_does_nothing),
		TEST(bind_mounts_come_before_init_and_are_noted_down),
		TEST(stop_takes_everything_down),
		TEST(stop_goes_on_after_groups_that_stay),
		TEST(stopping_what_cannot_be_killed_changes_nothing),
		TEST(create_makes_an_area_and_a_file),
		TEST(create_that_fails_leaves_nothing),
		TEST(adopting_makes_a_file_and_a_state),
		TEST(adopting_applies_the_limits_of_the_file_and_no_others),
		TEST(adopting_goes_on_when_a_limit_cannot_be_set),
		TEST(adopting_that_fails_takes_its_file_back_and_no_other),
		TEST(number_of_a_container_of_ours_is_not_given_away),
		TEST(ids_are_one_containers_alone),
	};

	return cmocka_run_group_tests(tests, cover_registry, NULL);
}
