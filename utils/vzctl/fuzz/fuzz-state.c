/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files in which a host keeps what became of its containers: the state of a running one, how one ended,
 * the list of its layers, the registry of ids. They are hints or may be damaged: a process of another
 * boot is no init, no layer lies anywhere but among the layers, and nobody is given ids that are taken.
 *
 * Input: "state", "ended", "layers", "ids" or "subuid" in the first line, then the file. In the first
 * two %b stands for this boot.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/strv.h"
#include "ct/ct.h"
#include "fuzz/fuzz.h"

#define CTID 101
#define CONF_PATH FUZZ_DISK "/etc/vz/conf/101.conf"
#define STATE_PATH FUZZ_DISK "/run/vz/101/state"
#define ENDED_PATH FUZZ_DISK "/run/vz/101/ended"
#define AREA_PATH FUZZ_DISK "/vz/private/101"
#define LAYERS_DIR FUZZ_DISK "/vz/template/layers/"
#define ETC_DIR FUZZ_DISK "/etc-of-host"
#define REGISTRY_DIR "/var/lib/vzctl"
#define ID_FIRST 524288u
#define NO_PID 4194304	/* beyond the largest */
#define CONF_TEXT "VE_LAYOUT=\"overlay\"\n"

static struct vz *vz;
static char *boot_id;

/* The registry is the host's, whatever the prefix; here it is on a disk of its own. */
static void prepare_registry(void)
{
	need(mkdir(ETC_DIR, 0755) == 0);
	need(mount("fuzz", "/var/lib", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=1m,mode=755") == 0);
	need(mkdir(REGISTRY_DIR, 0755) == 0);
	put_file(ETC_DIR "/subuid", "", 0);
	/* A machine need not have these two. */
	if (path_exists("/etc/subuid"))
		need(mount(ETC_DIR "/subuid", "/etc/subuid", NULL, MS_BIND, NULL) == 0);
	if (path_exists("/etc/subgid"))
		need(mount(ETC_DIR "/subuid", "/etc/subgid", NULL, MS_BIND, NULL) == 0);
}

void prepare(void)
{
	need(path_make_dirs(FUZZ_DISK "/etc/vz/conf", 0755) == 0);
	need(path_make_dirs(FUZZ_DISK "/run/vz/101", 0755) == 0);
	need(path_make_dirs(AREA_PATH "/upper", 0755) == 0);
	prepare_registry();
	need(proc_boot_id(&boot_id) == 0);
	need(vz_new(&vz, FUZZ_DISK, NULL) == 0);
	vz_set_log(vz, &fuzz_log);
	/* Whether a process is an init is asked of the back end, and that would look through the host. */
	vz_set_backend(vz, "plan");
}

static struct vz_ct *open_ct(void)
{
	struct vz_ct *ct;

	put_file(CONF_PATH, CONF_TEXT, strlen(CONF_TEXT));
	need(vz_ct_new(vz, CTID, &ct, NULL) == 0);
	need(vz_ct_load(ct, false, NULL) == 0);
	return ct;
}

/* ---- the state of a running container ---- */

static void add_with_boot_id(struct input in, struct vz_str *out)
{
	for (size_t i = 0; i < in.len; i++) {
		bool token = in.text[i] == '%' && i + 1 < in.len && in.text[i + 1] == 'b';

		if (token)
			str_add(out, boot_id);
		else
			str_add_char(out, in.text[i]);
		i += token;
	}
}

static void check_state(struct vz_ct *ct, struct input in)
{
	auto_str struct vz_str text = { 0 };
	pid_t pid;
	uint64_t start;

	add_with_boot_id(in, &text);
	put_file(STATE_PATH, str_get(&text), text.len);
	state_read(ct);
	pid = ct->env.init_pid;
	start = ct->env.init_start;
	promise(pid >= 0);
	if (!pid)
		return;
	promise(strstr(str_get(&text), boot_id));
	promise(state_write(ct, NULL) == 0);
	vz_env_forget_init(&ct->env);
	state_read(ct);
	promise(ct->env.init_pid == pid && ct->env.init_start == start);
}

/* Of a container whose init is gone: what the file says of another process does not count. */
static void check_ended(struct vz_ct *ct, struct input in)
{
	const struct state_process ended = { .pid = NO_PID, .start_time = 1, .rebooted = in.len % 2 };
	auto_str struct vz_str text = { 0 };
	bool rebooted;

	ct->env.init_pid = ended.pid;
	ct->env.init_start = ended.start_time;
	promise(state_write(ct, NULL) == 0);
	vz_env_forget_init(&ct->env);
	add_with_boot_id(in, &text);
	put_file(ENDED_PATH, str_get(&text), text.len);
	promise(state_has_ended(ct, &rebooted));
	if (!strstr(str_get(&text), "4194304"))
		promise(!rebooted);
	promise(state_note_end(ct, &ended, NULL) == 0);
	promise(state_has_ended(ct, &rebooted) && rebooted == ended.rebooted);
}

/* ---- layers of an overlay ---- */

static void check_layers(struct vz_ct *ct, struct input in)
{
	auto_err struct vz_err err = { 0 };
	int r;

	put_file(AREA_PATH "/layers", in.text, in.len);
	r = ct_find_layout(ct, &err);
	promise(r == 0 ? !err.code : err.code && err.msg);
	promise(r < 0 || strv_len(ct->env.layers) > 0);
	for (char **layer = ct->env.layers; layer && *layer; layer++) {
		auto_free char *name = NULL;

		promise(str_has_prefix(*layer, LAYERS_DIR));
		name = strdup(*layer + strlen(LAYERS_DIR));
		need(name);
		/* DIGEST/root, and the first of it leads nowhere else. */
		promise(strchr(name, '/') && strcmp(strchr(name, '/'), "/root") == 0);
		promise(name[0] != '.' && name[0] != '/');
	}
}

/* ---- the registry of ids ---- */

/* Whether a range meets one of a file: base and count are word number first of a line, and the next. */
static bool meets(const char *text, const char *sep, size_t first, uint64_t base, uint64_t count)
{
	auto_strv char **lines = NULL;

	need(strv_split(text, "\n", &lines) == 0);
	for (char **line = lines; line && *line; line++) {
		auto_strv char **w = NULL;
		uint64_t b, n;

		need(strv_split(*line, sep, &w) == 0);
		if (strv_len(w) < first + 2 || parse_u64(w[first], &b) < 0 || parse_u64(w[first + 1], &n) < 0)
			continue;
		/* In the registry only what has a configuration counts. */
		if (!first && !str_equal(strchr(*line, '/'), CONF_PATH))
			continue;
		if ((unsigned __int128)b + n > base && b < base + count)
			return true;
	}
	return false;
}

static void check_ids(struct vz_ct *ct, struct input in, bool foreign)
{
	auto_free char *text = take_rest(&in);
	auto_err struct vz_err err = { 0 };
	const char *sep = foreign ? ":" : " ";
	uint32_t scratch;

	put_file(foreign ? ETC_DIR "/subuid" : REGISTRY_DIR "/ids", text, strlen(text));
	if (ids_scratch(vz, &scratch, &err) == 0)
		promise(scratch >= ID_FIRST && !meets(text, sep, foreign, scratch, 65536));
	if (foreign && ids_ensure(ct, &err) == 0) {
		promise(ct->env.id_base >= ID_FIRST);
		promise(!meets(text, sep, true, ct->env.id_base, ct->env.id_count));
	}
	ids_release(ct);
	put_file(ETC_DIR "/subuid", "", 0);
	empty_dir(REGISTRY_DIR);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	auto_free char *what = take_line(&in);
	struct vz_ct *ct = open_ct();

	if (strcmp(what, "state") == 0)
		check_state(ct, in);
	else if (strcmp(what, "ended") == 0)
		check_ended(ct, in);
	else if (strcmp(what, "layers") == 0)
		check_layers(ct, in);
	else if (strcmp(what, "ids") == 0 || strcmp(what, "subuid") == 0)
		check_ids(ct, in, *what == 's');
	vz_ct_free(ct);
	return 0;
}
