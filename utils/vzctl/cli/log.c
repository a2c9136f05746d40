/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages to the console and the log file; see log.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/log.h"

static void write_console(int level, const char *text)
{
	FILE *f = level < 0 ? stderr : stdout;

	/* Children write to the same places: keep the order. */
	if (f == stderr)
		(void)fflush(stdout);
	(void)fprintf(f, "%s\n", text);
	(void)fflush(f);
}

static void write_file(const struct cli_log *l, vz_ctid id, const char *text)
{
	auto_free char *line = NULL;
	char stamp[64], ct[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	int len;

	if (!localtime_r(&now, &tm) || !strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S%z", &tm))
		return;
	if (id)
		(void)snprintf(ct, sizeof(ct), "CT %u : ", id);
	len = asprintf(&line, "%s %s : %s%s\n", stamp, l->prog, ct, text);
	if (len < 0) {
		line = NULL;
		return;
	}
	/* One write per line: commands running side by side share the file. */
	if (write(l->fd, line, (size_t)len) < 0)
		return;
}

static void on_message(void *data, int level, vz_ctid id, const char *text)
{
	const struct cli_log *l = data;

	if (level <= l->console_level)
		write_console(level, text);
	if (l->fd >= 0 && level <= l->file_level)
		write_file(l, id, text);
}

static void update_max(struct cli_log *l)
{
	l->log.max_level = l->console_level;
	if (l->fd >= 0)
		l->log.max_level = VZ_MAX(l->log.max_level, l->file_level);
}

/*
 * A caller may have closed the standard descriptors. The next file opened would get their numbers, and
 * messages would be written into it.
 */
static void fill_standard_descriptors(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) < 0)
			_exit(127);
}

void cli_log_init(struct cli_log *l, const char *prog)
{
	fill_standard_descriptors();
	*l = (struct cli_log){ .log = { .fn = on_message, .data = l }, .prog = prog, .fd = -1 };
}

void cli_log_console(struct cli_log *l, int level)
{
	l->console_level = level;
	update_max(l);
}

void cli_log_open(struct cli_log *l, struct vz *vz)
{
	auto_free char *logging = vz_get(vz, "LOGGING");
	auto_free char *file = vz_get(vz, "LOGFILE");
	auto_free char *level = vz_get(vz, "LOG_LEVEL");
	auto_free char *path = NULL;

	if ((logging && strcmp(logging, "yes") != 0) || !file || !*file)
		return;
	path = vz_path(vz, file);
	if (!path)
		return;
	l->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	if (l->fd < 0 && errno != EACCES)
		vz_log(&l->log, VZ_LOG_ERR, 0, "Warning: log file '%s': %s, ignoring", path,
		       strerror(errno));
	l->file_level = level ? atoi(level) : 0;
	update_max(l);
}

void cli_log_done(struct cli_log *l)
{
	cleanup_close(&l->fd);
}
