/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Types of devices a container may use: by number, by the node of the host, PCI. Access is some of
 * r (read), w (write) and q (quota control, old), or "none", which takes the device from the list.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/major.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/strv.h"
#include "conf/type-impl.h"

#define BLANKS " \t"

/* The largest major and minor number of the kernel's dev_t. */
#define MAJOR_MAX 4095
#define MINOR_MAX 1048575

/* "rw" in a fixed order, or "none"; NULL: neither. */
static const char *access_canonical(const char *text)
{
	static const char *const names[] = { NULL, "r", "w", "rw", "q", "rq", "wq", "rwq" };
	unsigned int bits = 0;

	if (strcmp(text, "none") == 0)
		return "none";
	for (; *text; text++) {
		unsigned int bit = *text == 'r' ? 1 : *text == 'w' ? 2 : *text == 'q' ? 4 : 0;

		if (!bit || (bits & bit))
			return NULL;
		bits |= bit;
	}
	return names[bits];
}

/* The colon before the access, which is the last. */
static bool same_device(const char *a, const char *b)
{
	return list_same_until_last(a, b, ':');
}

/* Devices with access "none" are no longer in the list. */
static int device_edit(const struct list_syntax *y, struct vz_value *v, enum vz_edit_op op,
		       const struct vz_value *by)
{
	int r = list_edit(y, v, op, by);

	for (size_t i = 0; r == 0 && v->list && v->list[i];) {
		const char *colon = strrchr(v->list[i], ':');

		if (colon && strcmp(colon, ":none") == 0)
			strv_remove(v->list, i);
		else
			i++;
	}
	return r;
}

/* Old tools read these lists up to the blank behind each word, the last one too. */
static void device_format(const struct vz_param *p VZ_UNUSED, const struct vz_value *v, struct vz_str *out)
{
	for (char **word = v->list; word && *word; word++) {
		str_add(out, *word);
		str_add_char(out, ' ');
	}
}

/* ---- b|c:MAJOR:MINOR|all:ACCESS ---- */

static int devices_canonical(const char *word, char **ret)
{
	auto_free char *text = strdup(word);
	char *part[4] = { text };
	const char *access;
	uint64_t major_no, minor_no = 0;
	bool all;

	if (!text)
		return -ENOMEM;
	for (int i = 1; i < 4; i++) {
		part[i] = strchr(part[i - 1], ':');
		if (!part[i])
			return -EINVAL;
		*part[i]++ = '\0';
	}
	access = access_canonical(part[3]);
	all = strcmp(part[2], "all") == 0;
	if ((strcmp(part[0], "b") != 0 && strcmp(part[0], "c") != 0) || !access)
		return -EINVAL;
	if (parse_u64_range(part[1], 0, MAJOR_MAX, &major_no) < 0)
		return -EINVAL;
	if (!all && parse_u64_range(part[2], 0, MINOR_MAX, &minor_no) < 0)
		return -EINVAL;
	/* Virtual consoles show what is typed on the host. */
	if (part[0][0] == 'c' && major_no == VCS_MAJOR)
		return -EINVAL;
	*ret = all ? str_printf("%s:%u:all:%s", part[0], (unsigned int)major_no, access) :
		     str_printf("%s:%u:%u:%s", part[0], (unsigned int)major_no, (unsigned int)minor_no, access);
	return *ret ? 0 : -ENOMEM;
}

static const struct list_syntax devices = {
	.seps = BLANKS, .canonical = devices_canonical, .same = same_device,
};

static int devices_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
			 struct vz_value *ret)
{
	return list_parse(&devices, from, text, ret);
}

static int devices_edit(struct vz_value *v, enum vz_edit_op op, const struct vz_value *by)
{
	return device_edit(&devices, v, op, by);
}

/* ---- NAME:ACCESS, NAME being a path below /dev ---- */

/* A path that stays below where it starts and has one spelling only. */
static bool is_path_below(const char *path)
{
	for (;;) {
		size_t n = strcspn(path, "/");

		if (n == 0 || (n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[n])
			return true;
		path += n + 1;
	}
}

static int devnodes_canonical(const char *word, char **ret)
{
	const char *colon = strrchr(word, ':');
	const char *access = colon ? access_canonical(colon + 1) : NULL;
	auto_free char *name = NULL;

	if (!access)
		return -EINVAL;
	name = strndup(word, (size_t)(colon - word));
	if (!name)
		return -ENOMEM;
	if (!is_path_below(name))
		return -EINVAL;
	*ret = str_printf("%s:%s", name, access);
	return *ret ? 0 : -ENOMEM;
}

static const struct list_syntax devnodes = {
	.seps = BLANKS, .canonical = devnodes_canonical, .same = same_device,
};

static int devnodes_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
			  struct vz_value *ret)
{
	return list_parse(&devnodes, from, text, ret);
}

static int devnodes_edit(struct vz_value *v, enum vz_edit_op op, const struct vz_value *by)
{
	return device_edit(&devnodes, v, op, by);
}

/* ---- [DOMAIN:]BUS:SLOT.FUNCTION, hexadecimal ---- */

static int parse_hex(const char **s, char end, unsigned long max, unsigned long *ret)
{
	size_t n = strspn(*s, "0123456789abcdefABCDEF");

	if (n == 0 || n > 4 || (*s)[n] != end)
		return -EINVAL;
	*ret = strtoul(*s, NULL, 16);
	*s += n + (end != '\0');
	return *ret <= max ? 0 : -EINVAL;
}

static int pci_canonical(const char *word, char **ret)
{
	const char *colon = strchr(word, ':');
	unsigned long domain = 0, bus, slot, function;

	if (colon && strchr(colon + 1, ':') && parse_hex(&word, ':', 0xffff, &domain) < 0)
		return -EINVAL;
	if (parse_hex(&word, ':', 0xff, &bus) < 0 || parse_hex(&word, '.', 0x1f, &slot) < 0 ||
	    parse_hex(&word, '\0', 7, &function) < 0)
		return -EINVAL;
	*ret = str_printf("%04lx:%02lx:%02lx.%lu", domain, bus, slot, function);
	return *ret ? 0 : -ENOMEM;
}

static const struct list_syntax pci_devices = {
	.seps = BLANKS, .canonical = pci_canonical, .same = list_same_word,
};

static int pci_parse(const struct vz_param *p VZ_UNUSED, enum vz_source from, const char *text,
		     struct vz_value *ret)
{
	return list_parse(&pci_devices, from, text, ret);
}

static int pci_edit(struct vz_value *v, enum vz_edit_op op, const struct vz_value *by)
{
	return list_edit(&pci_devices, v, op, by);
}

/* ---- the types ---- */

const struct vz_type type_devices = {
	.name = "devices", LIST_VALUE,
	.parse = devices_parse, .format = device_format, .edit = devices_edit,
};
const struct vz_type type_devnodes = {
	.name = "devnodes", LIST_VALUE,
	.parse = devnodes_parse, .format = device_format, .edit = devnodes_edit,
};
const struct vz_type type_pci = {
	.name = "pci", LIST_VALUE, .parse = pci_parse, .format = list_format, .edit = pci_edit,
};
