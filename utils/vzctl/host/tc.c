/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Traffic control; see tc.h. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "host/script.h"
#include "host/tc.h"

#define TIMEOUT (60 * USEC_PER_SEC)

int tc_run(const char *commands)
{
	auto_free char *file = script_find("tc");
	auto_close int text = memfd_create("tc", MFD_CLOEXEC);
	char *argv[] = { file, (char *)"-batch", (char *)"-", NULL };
	struct script_run run = { .file = file, .argv = argv, .stdin_fd = text, .stdout_fd = -1, .timeout = TIMEOUT };
	size_t len = strlen(commands);
	int r;

	if (!file)
		return -ENOENT;
	if (text < 0 || write(text, commands, len) != (ssize_t)len || lseek(text, 0, SEEK_SET) < 0)
		return -errno;
	r = script_run(&run);
	return r < 0 ? r : r == 0 ? 0 : -EIO;
}
