// SPDX-License-Identifier: GPL-2.0-only
/* What is written into ve.* files, taken apart. */
#include <linux/bitops.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "internal.h"

static const char *const feature_words[NR_VE_FEATURES] = {
	[VE_PROCVIEW]	= "procview",
	[VE_CPUVIEW]	= "cpuview",
	[VE_DETECT]	= "detect",
};

/**
 * ve_parse_id() - the id of a VE
 * @text: decimal
 * @id: result
 *
 * Context: Any.
 * Return: 0, -EINVAL for what is no number, -ERANGE if it is not within 1 to VE_ID_MAX.
 */
int ve_parse_id(const char *text, u32 *id)
{
	u32 value;
	int ret;

	ret = kstrtou32(text, 10, &value);
	if (ret)
		return ret;
	if (value < 1 || value > VE_ID_MAX)
		return -ERANGE;
	*id = value;
	return 0;
}

/**
 * ve_parse_cpus() - a number of CPUs
 * @text: decimal, or "max"
 * @cpus: result, 0 for "max"
 *
 * Context: Any.
 * Return: 0, -EINVAL for what is no number, -ERANGE if it is not within 1 to VE_CPUS_MAX.
 */
int ve_parse_cpus(const char *text, unsigned int *cpus)
{
	unsigned int value;
	int ret;

	if (!strcmp(text, "max")) {
		*cpus = 0;
		return 0;
	}
	ret = kstrtouint(text, 10, &value);
	if (ret)
		return ret;
	if (value < 1 || value > VE_CPUS_MAX)
		return -ERANGE;
	*cpus = value;
	return 0;
}

/**
 * ve_parse_label() - one word or more for people to read, on one line
 * @text: printable characters
 * @label: result, with its end
 * @size: of @label
 *
 * Context: Any.
 * Return: 0, -EINVAL for other characters, -ENAMETOOLONG if it does not fit.
 */
int ve_parse_label(const char *text, char *label, size_t size)
{
	const char *p;

	for (p = text; *p; p++)
		if (!isascii(*p) || !isprint(*p))
			return -EINVAL;
	return strscpy(label, text, size) < 0 ? -ENAMETOOLONG : 0;
}

/**
 * ve_parse_features() - words, each with + or - before it
 * @text: the words, is taken apart
 * @features: bits of enum ve_feature, changed as they say; as it was if there is an error
 *
 * Context: Any.
 * Return: 0, or -EINVAL for a word that there is not, or without a sign.
 */
int ve_parse_features(char *text, unsigned long *features)
{
	unsigned long result = *features;
	char *word;
	int bit;

	text = strstrip(text);
	while ((word = strsep(&text, " "))) {
		if (!*word)
			continue;
		if (*word != '+' && *word != '-')
			return -EINVAL;
		bit = match_string(feature_words, NR_VE_FEATURES, word + 1);
		if (bit < 0)
			return -EINVAL;
		__assign_bit(bit, &result, *word == '+');
	}
	*features = result;
	return 0;
}

/**
 * ve_print_features() - the words of what is on, with a space between them
 * @buf: result, with its end
 * @size: of @buf
 * @features: bits of enum ve_feature
 *
 * Context: Any.
 * Return: The length.
 */
int ve_print_features(char *buf, size_t size, unsigned long features)
{
	int len = 0, bit;

	*buf = '\0';
	for_each_set_bit(bit, &features, NR_VE_FEATURES)
		len += scnprintf(buf + len, size - len, "%s%s", len ? " " : "", feature_words[bit]);
	return len;
}
