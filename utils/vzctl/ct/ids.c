/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ranges of user and group ids, one for each container, none shared.
 *
 * A container's range begins at 524288 + 65536 × (CTID mod 28000), or the next one that is free. The
 * registry is one per machine, also when several prefixes are in use, and keeps clear of what
 * /etc/subuid and /etc/subgid give to others. An entry counts only while the configuration file it
 * names exists, so what a crash leaves behind is used again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/strv.h"
#include "ct/ct.h"

#define REGISTRY "/var/lib/vzctl/ids"	/* lines "BASE COUNT CONF-FILE" */
#define REGISTRY_MAX (64u << 20)
#define ID_FIRST 524288u
#define ID_STEP 65536u
#define ID_SLOTS 28000u

struct range {
	uint64_t base, count;
	char *conf;		/* owner's configuration file; NULL: somebody else's; owned */
};

struct ranges {
	struct range *r;
	size_t n;
};

static void ranges_done(struct ranges *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->r[i].conf);
	free(s->r);
}

static int ranges_add(struct ranges *s, uint64_t base, uint64_t count, const char *conf)
{
	struct range *bigger = realloc(s->r, (s->n + 1) * sizeof(*bigger));
	char *copy = conf ? strdup(conf) : NULL;

	if (!bigger || (conf && !copy)) {
		free(copy);
		if (bigger)
			s->r = bigger;
		return -ENOMEM;
	}
	bigger[s->n++] = (struct range){ .base = base, .count = count, .conf = copy };
	s->r = bigger;
	return 0;
}

static bool is_free(const struct ranges *s, uint64_t base, uint64_t count)
{
	for (size_t i = 0; i < s->n; i++)
		if (base < s->r[i].base + s->r[i].count && s->r[i].base < base + count)
			return false;
	return true;
}

/* Lines of numbers separated by sep: base and count begin at word number first. */
static int read_ranges(struct ranges *s, char *text, const char *sep, size_t first, bool ours)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		auto_strv char **w = NULL;
		uint64_t base, count;
		const char *conf = NULL;

		if (strv_split(line, sep, &w) < 0)
			return -ENOMEM;
		if (strv_len(w) < first + 2 || parse_u64(w[first], &base) < 0 ||
		    parse_u64(w[first + 1], &count) < 0)
			continue;
		/* A line that goes on beyond all numbers ends with them, and does not begin again at 0. */
		count = VZ_MIN(count, UINT64_MAX - base);
		if (ours) {
			/* The rest of the line: a path may hold blanks. */
			conf = strchr(line, '/');
			if (!conf || access(conf, F_OK) < 0)
				continue;
		}
		if (ranges_add(s, base, count, conf) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int read_foreign(struct ranges *s)
{
	static const char *const files[] = { "/etc/subuid", "/etc/subgid" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_free char *text = NULL;
		int r = file_read(AT_FDCWD, files[i], REGISTRY_MAX, &text, NULL);

		if (r == -ENOENT)
			continue;
		if (r == 0)
			r = read_ranges(s, text, ":", 1, false);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Lock the registry by its directory, which is never replaced, and read it. */
static int open_registry(struct ranges *s, int *ret_lock)
{
	auto_free char *text = NULL;
	auto_close int lock = -1;
	int r = path_make_dirs("/var/lib/vzctl", 0755);

	if (r < 0)
		return r;
	lock = open("/var/lib/vzctl", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return -errno;
	r = file_read(AT_FDCWD, REGISTRY, REGISTRY_MAX, &text, NULL);
	if (r == 0)
		r = read_ranges(s, text, " ", 0, true);
	if (r < 0 && r != -ENOENT)
		return r;
	*ret_lock = take_fd(&lock);
	return 0;
}

static int write_registry(const struct ranges *s)
{
	struct vz_str text = { 0 };
	int r;

	for (size_t i = 0; i < s->n; i++)
		if (s->r[i].conf)
			str_addf(&text, "%llu %llu %s\n", (unsigned long long)s->r[i].base,
				 (unsigned long long)s->r[i].count, s->r[i].conf);
	r = text.failed ? -ENOMEM : file_replace(REGISTRY, 0644, str_get(&text), text.len);
	str_done(&text);
	return r;
}

/* A free range for a container's number; ranges above the last slot are the fallback's end. */
static int find_range(const struct ranges *s, vz_ctid id, uint32_t count, uint32_t *ret)
{
	for (uint64_t i = 0; i < ID_SLOTS; i++) {
		uint64_t base = ID_FIRST + (uint64_t)ID_STEP * ((id + i) % ID_SLOTS);

		if (base + count <= UINT32_MAX && is_free(s, base, count)) {
			*ret = (uint32_t)base;
			return 0;
		}
	}
	return -EUSERS;
}

/* Take the range for conf: the one it wants if that is nobody else's, else a free one. */
static int take_range(struct ranges *s, struct vz_ct *ct, const char *conf, uint32_t wanted,
		      uint32_t *ret)
{
	int r = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (!str_equal(s->r[i].conf, conf))
			continue;
		free(s->r[i].conf);
		s->r[i] = s->r[--s->n];
		break;
	}
	if (wanted && !is_free(s, wanted, ct->env.id_count))
		return -EADDRINUSE;
	if (!wanted)
		r = find_range(s, ct->id, ct->env.id_count, &wanted);
	if (r == 0)
		r = ranges_add(s, wanted, ct->env.id_count, conf);
	if (r == 0)
		r = write_registry(s);
	*ret = wanted;
	return r;
}

static int store_range(struct vz_ct *ct, uint32_t base, struct vz_err *err)
{
	struct vz_edits edits = { 0 };
	auto_free char *base_text = str_printf("%u", base);
	auto_free char *count_text = str_printf("%u", ct->env.id_count);
	int r = -1;

	if (!base_text || !count_text)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "ids of container %u", ct->id);
	if (edits_set(&edits, VZ_P_local_uid, base_text, err) == 0 &&
	    edits_set(&edits, VZ_P_local_gid, base_text, err) == 0 &&
	    edits_set(&edits, VZ_P_local_count, count_text, err) == 0 &&
	    ct_edit(ct, &edits, err) == 0)
		r = ct_store(ct, &edits, err);
	edits_done(&edits);
	return r;
}

/* A line of the registry that says what the configuration says: nothing to do. */
static bool is_registered(const struct ranges *s, const struct vz_ct *ct, const char *conf)
{
	for (size_t i = 0; i < s->n; i++)
		if (str_equal(s->r[i].conf, conf))
			return s->r[i].base == ct->env.id_base && s->r[i].count == ct->env.id_count;
	return false;
}

int ids_ensure(struct vz_ct *ct, struct vz_err *err)
{
	auto_free char *conf = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");
	auto_close int lock = -1;
	struct ranges s = { 0 };
	uint32_t base = ct->env.id_base;
	int r = conf ? open_registry(&s, &lock) : -ENOMEM;

	if (r == 0 && base && is_registered(&s, ct, conf)) {
		ranges_done(&s);
		return 0;
	}
	if (r == 0)
		r = read_foreign(&s);
	if (r == 0)
		r = take_range(&s, ct, conf, ct->env.id_base, &base);
	ranges_done(&s);
	if (r == -EADDRINUSE)
		return vz_fail(err, VZ_E_RESOURCE, 0,
			       "ids %u to %u of container %u (LOCAL_UID) belong to somebody else: see " REGISTRY
			       ", /etc/subuid and /etc/subgid", ct->env.id_base,
			       ct->env.id_base + ct->env.id_count - 1, ct->id);
	if (r < 0)
		return vz_fail(err, VZ_E_RESOURCE, r, "find ids for container %u in " REGISTRY, ct->id);
	if (base == ct->env.id_base || store_range(ct, base, err) == 0)
		return 0;
	/* A range that no configuration tells of would never be given back. */
	cleanup_close(&lock);
	ids_release(ct);
	return -1;
}

void ids_release(struct vz_ct *ct)
{
	auto_free char *conf = paths_ct_conf(&ct->vz->paths, ct->id, ".conf");
	auto_close int lock = -1;
	struct ranges s = { 0 };

	if (!conf || open_registry(&s, &lock) < 0)
		return;
	for (size_t i = 0; i < s.n; i++)
		if (str_equal(s.r[i].conf, conf)) {
			free(s.r[i].conf);
			s.r[i].conf = NULL;
		}
	if (write_registry(&s) < 0)
		ct_warn(ct, "cannot update " REGISTRY ", ignoring");
	ranges_done(&s);
}

int ids_scratch(struct vz *vz, uint32_t *ret_base, struct vz_err *err)
{
	auto_close int lock = -1;
	struct ranges s = { 0 };
	int r = open_registry(&s, &lock);

	(void)vz;
	if (r == 0)
		r = read_foreign(&s);
	if (r == 0)
		r = find_range(&s, ID_SLOTS - 1, ID_STEP, ret_base);
	ranges_done(&s);
	if (r < 0)
		return vz_fail(err, VZ_E_RESOURCE, r, "find ids to unpack a template with");
	return 0;
}
