/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* exec, enter and runscript: commands a user runs inside a container; see command.h for how. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "ct/command.h"
#include "host/pty.h"
#include "host/script.h"

#define SCRIPT_MAX (16u << 20)

/* ---- exec ---- */

/* Run c with our standard streams relayed to its end. */
static int run_relayed(struct vz_ct *ct, struct ct_command *c, int *ret_status, struct vz_err *err)
{
	struct relay_pipes pipes;
	auto_close int pidfd = -1;
	int r = relay_pipes_open(&pipes);
	int error, status;
	pid_t pid;

	if (r < 0)
		return vz_fail(err, VZ_E_SYSTEM, r, "make pipes");
	/* Else /dev/stdout could not be opened inside. */
	(void)relay_pipes_chown(&pipes, ct->env.id_base, ct->env.id_base);
	memcpy(c->fds, pipes.child, sizeof(c->fds));
	if (command_start(ct, c, &pid, &pidfd, &error, err) < 0) {
		relay_pipes_done(&pipes);
		return -1;
	}
	relay_pipes_close_child(&pipes);
	r = error ? 0 : relay_run(&pipes, pidfd);
	relay_pipes_done(&pipes);
	if (r < 0)
		(void)pidfd_signal(pidfd, SIGKILL);
	status = vz_env_reap(&ct->env, pid, pidfd);
	if (error)
		return command_no_program(ct, c, error, err);
	if (r < 0)
		return vz_fail(err, VZ_E_SYSTEM, r, "relay the streams of a command");
	*ret_status = command_status(status);
	return 0;
}

/* The words as one shell command, with blanks between; only an empty word needs quotes. */
static char *join_words(char *const *words)
{
	struct vz_str s = { 0 };

	for (size_t i = 0; words && words[i]; i++) {
		if (i)
			str_add_char(&s, ' ');
		str_add(&s, *words[i] ? words[i] : "''");
	}
	return str_take(&s);
}

/*
 * The words of a line that every shell would split at its blanks, and then replace itself by: the first is a
 * path, hence no keyword, builtin or function, and nothing in it means anything to a shell. Monitoring runs such
 * lines by the thousand, and half of what they took was a shell. NULL: it takes one.
 */
static char **plain_words(const char *line)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:,+@%=- ";
	char **words = NULL;

	/* Without memory the shell can see to it, too. */
	if (line[strspn(line, plain)] || strv_split(line, " ", &words) < 0)
		return NULL;
	if (words && strchr(words[0], '/') && !strchr(words[0], '='))
		return words;
	strv_free(words);
	return NULL;
}

int vz_ct_exec(struct vz_ct *ct, enum vz_exec_mode mode, char *const *words, int *ret_status,
	       struct vz_err *err)
{
	auto_free char *line = NULL;
	auto_strv char **plain = NULL;
	char *shell_argv[] = { NULL, (char *)(mode == VZ_EXEC_STDIN ? "-s" : "-c"), NULL, NULL };
	struct ct_command c = { .text = -1, .shell = mode != VZ_EXEC_ARGV, .shell_name = "", .argv = shell_argv,
			     .env = command_env, .cwd = "/" };

	if (ct_need_running(ct, err) < 0)
		return -1;
	if (mode == VZ_EXEC_SHELL) {
		line = join_words(words);
		if (!line)
			return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "run a command");
		shell_argv[2] = line;
		c.plain = plain = plain_words(line);
	} else if (mode == VZ_EXEC_ARGV) {
		c.argv = (char **)words;
	}
	return run_relayed(ct, &c, ret_status, err);
}

/* ---- enter ---- */

int vz_ct_enter(struct vz_ct *ct, const char *term, char *const *type_first, int *ret_status,
		struct vz_err *err)
{
	auto_free char *term_var = str_printf("TERM=%s", str_is_empty(term) ? "linux" : term);
	auto_free char *typed = NULL;
	auto_close int master = -1;
	auto_close int slave = -1;
	auto_close int pidfd = -1;
	char *argv[] = { NULL, NULL };
	char *env[] = { (char *)"PATH=" SCRIPT_PATH, (char *)"HISTFILE=/dev/null", (char *)"USER=root",
			(char *)"HOME=/root", (char *)"LOGNAME=root", term_var, NULL };
	struct ct_command c = { .text = -1, .terminal = true, .shell = true, .shell_name = "-", .argv = argv,
			     .env = env, .cwd = "/root" };
	int error, r, status;
	pid_t pid;

	if (ct_need_running(ct, err) < 0)
		return -1;
	if (!term_var)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "enter container %u", ct->id);
	if (command_terminal(ct, &master, &slave, err) < 0)
		return -1;
	if (type_first) {
		auto_free char *line = join_words(type_first);

		typed = line ? str_printf("%s\n", line) : NULL;
		if (!typed)
			return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "enter container %u", ct->id);
	}
	for (int i = 0; i < 3; i++)
		c.fds[i] = slave;
	if (command_start(ct, &c, &pid, &pidfd, &error, err) < 0)
		return vz_wrap(err, "enter into CT %u failed", ct->id);
	(void)close(take_fd(&slave));
	if (error) {
		(void)vz_env_reap(&ct->env, pid, pidfd);
		return command_no_program(ct, &c, error, err);
	}
	ct_info(ct, "entered into CT %u", ct->id);
	r = relay_terminal(master, pidfd, typed);
	/* The terminal is gone for what is left inside: the shell of a lost connection must not stay. */
	(void)close(take_fd(&master));
	if (r < 0)
		(void)pidfd_signal(pidfd, SIGKILL);
	status = vz_env_reap(&ct->env, pid, pidfd);
	ct_info(ct, "exited from CT %u", ct->id);
	if (r < 0)
		return vz_fail(err, VZ_E_SYSTEM, r, "relay the terminal of container %u", ct->id);
	*ret_status = command_status(status);
	return 0;
}

/* ---- runscript ---- */

int vz_ct_runscript(struct vz_ct *ct, const char *file, int *ret_status, struct vz_err *err)
{
	auto_free char *text = NULL;
	auto_close int fd = -1;
	char *argv[] = { NULL, (char *)COMMAND_TEXT_PATH, NULL };
	struct ct_command c = { .shell = true, .shell_name = "", .argv = argv, .env = command_env, .cwd = "/" };
	bool running;
	int r = file_read(AT_FDCWD, file, SCRIPT_MAX, &text, NULL);

	if (r < 0)
		return vz_fail(err, VZ_E_NOSCRIPT, r == -ENOENT ? 0 : r, "Script not found: %s", file);
	fd = command_text_fd(text);
	if (fd < 0)
		return vz_fail(err, VZ_E_SYSTEM, fd, "prepare '%s'", file);
	c.text = fd;
	if (vz_backend_probe(ct->vz, err) < 0)
		return -1;
	running = ct_is_running(ct);
	if (!running && ct_start_empty(ct, true, err) < 0)
		return -1;
	r = run_relayed(ct, &c, ret_status, err);
	if (!running)
		ct_stop_empty(ct);
	return r;
}
