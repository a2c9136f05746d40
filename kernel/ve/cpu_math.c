// SPDX-License-Identifier: GPL-2.0-only
/* Counting CPUs: in quotas, and in the text of /proc/cpuinfo. */
#include <linux/bits.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include "internal.h"

/**
 * ve_ratio_cpus() - how many CPUs a part of the machine's time needs
 * @ratio: quota / period as a binary fraction, negative for no limit
 * @shift: how many of its bits are behind the point
 *
 * Context: Any.
 * Return: The number, at least 1; UINT_MAX without a limit.
 */
unsigned int ve_ratio_cpus(s64 ratio, unsigned int shift)
{
	u64 cpus;

	if (ratio < 0)
		return UINT_MAX;
	cpus = (u64)ratio >> shift;
	if ((u64)ratio & (BIT_ULL(shift) - 1))
		cpus++;
	return clamp(cpus, 1ULL, (u64)UINT_MAX);
}

/**
 * ve_cpuinfo_cut() - how much of /proc/cpuinfo tells of the first CPUs
 * @text: text that begins a line
 * @len: its length
 * @cpus: how many CPUs it shall tell of
 *
 * As programs count them: by lines that begin with "processor".
 *
 * Context: Any.
 * Return: The length.
 */
size_t ve_cpuinfo_cut(const char *text, size_t len, unsigned int cpus)
{
	static const char word[] = "processor";
	const char *line = text, *end = text + len;

	while (line < end) {
		const char *eol = memchr(line, '\n', end - line);

		if (end - line >= sizeof(word) - 1 && !memcmp(line, word, sizeof(word) - 1) &&
		    !cpus--)
			return line - text;
		line = eol ? eol + 1 : end;
	}
	return len;
}
