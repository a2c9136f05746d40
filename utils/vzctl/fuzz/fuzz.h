/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fuzzers share. libFuzzer's main() calls LLVMFuzzerInitialize() of fuzz.c, which takes away
 * all that the process could harm: from then on it is root of a user namespace nobody else lives in,
 * sees the host read-only, has no network, and may write to FUZZ_DISK, a small tmpfs, alone.
 */
#ifndef VZ_FUZZ_FUZZ_H
#define VZ_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

#define FUZZ_DISK "/mnt"

/* What each fuzzer has: called once, in the sandbox, before the first input. */
void prepare(void);
/* Called by libFuzzer for each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Something the code promises. If it does not hold the run ends, and libFuzzer keeps the input. */
#define promise(what) ((what) ? (void)0 : fuzz_broken(#what, __FILE__, __LINE__))
_Noreturn void fuzz_broken(const char *what, const char *file, int line);
/* For what is no promise of the code, but must work for the test to mean anything. */
#define need(what) ((what) ? (void)0 : fuzz_broken("cannot test: " #what, __FILE__, __LINE__))

/* What is left of an input. */
struct input {
	const char *text;
	size_t len;
};

static inline struct input input_of(const uint8_t *data, size_t size)
{
	return (struct input){ (const char *)data, size };
}

/* The next line, without its newline and whatever follows a NUL. The caller frees it. */
char *take_line(struct input *in);
/* The rest as a text, cut at a NUL. The caller frees it. */
char *take_rest(struct input *in);

/* Make a file on FUZZ_DISK with this in it. */
void put_file(const char *path, const void *data, size_t len);
/* What is in a file, which must be there. The caller frees it. */
char *get_file(const char *path, size_t *ret_len);
/* Remove what is in a directory, which stays. */
void empty_dir(const char *path);

/* A log that wants every message, and looks at each byte of it. */
extern const struct vz_log fuzz_log;

#endif
