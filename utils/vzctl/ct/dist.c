/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scripts of the distribution: a file in the dists directory names a script for each event, chosen
 * by the name of the OS template. They run inside the container, where VE_ROOT is "/": all scripts of
 * one operation in one shell, after the text of "functions".
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "conf/file.h"
#include "ct/ct.h"
#include "host/script.h"

#define SCRIPT_MAX (1u << 20)
#define TIMEOUT (300 * USEC_PER_SEC)

/* All that any script may be told; each sees only what its event is about. */
static const char *const all_variables[] = {
	"VE_ROOT", "VZ_KERNEL", "USERNS", "VE_STATE", "HOSTNM", "IP_ADDR", "NAMESERVER", "SEARCHDOMAIN", "USERPW",
	"IPDELALL", "IPV6", "NETDEV",
};

#define ADDRESS_VARIABLES "VE_STATE IP_ADDR IPDELALL IPV6 NETDEV"

static const struct {
	const char *key;
	enum vz_error code;	/* of a failing script */
	const char *what;
	const char *variables;
	bool missed;		/* worth a word if a distribution has no script for it */
} events_table[VZ_DIST__MAX] = {
	[VZ_DIST_POST_CREATE]  = { "POST_CREATE",  VZ_E_ACTIONSCRIPT, "set up the new container", "VE_ROOT", false },
	[VZ_DIST_PRE_START]    = { "PRE_START",    VZ_E_ACTIONSCRIPT, "prepare the start", "VZ_KERNEL USERNS", false },
	[VZ_DIST_SET_HOSTNAME] = { "SET_HOSTNAME", VZ_E_BADHOSTNAME,  "set the host name", "VE_STATE HOSTNM IP_ADDR", true },
	[VZ_DIST_SET_DNS]      = { "SET_DNS",      VZ_E_BADDNSSRV,    "set name servers", "NAMESERVER SEARCHDOMAIN", true },
	[VZ_DIST_SET_USERPASS] = { "SET_USERPASS", VZ_E_CHANGEPASS,   "Password change failed", "USERPW", true },
	[VZ_DIST_SET_CONSOLE]  = { "SET_CONSOLE",  VZ_E_ACTIONSCRIPT, "set up the console", "", false },
	[VZ_DIST_ADD_IP]       = { "ADD_IP",       VZ_E_CANT_ADDIP,   "configure addresses", ADDRESS_VARIABLES, false },
	[VZ_DIST_DEL_IP]       = { "DEL_IP",       VZ_E_CANT_ADDIP,   "take away addresses", ADDRESS_VARIABLES, false },
};

/* The file for a template: debian-12-x86_64, debian-12, debian, default. */
static int open_conf(struct vz_ct *ct, struct conf_file **ret, struct vz_err *err)
{
	const char *dir = ct->vz->paths.dists_dir;
	const char *template = conf_str(&ct->conf, VZ_P_ostemplate);
	const char *base = template && strrchr(template, '/') ? strrchr(template, '/') + 1 : template;
	auto_free char *name = strdup(base ? base : "");
	auto_free char *fallback = path_join(dir, "default");
	int r;

	if (!name || !fallback)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "distribution of container %u", ct->id);
	while (*name) {
		auto_free char *path = str_printf("%s/%s.conf", dir, name);
		char *dash = strrchr(name, '-');

		r = path ? conf_file_read(path, ret) : -ENOMEM;
		if (r == 0)
			return 0;
		if (r != -ENOENT)
			return vz_fail(err, VZ_E_NO_DISTR_CONF, r, "distribution file '%s'", path);
		if (!dash)
			break;
		*dash = '\0';
	}
	ct_log(ct, 1, "Warning: distribution of template '%s' is not known, using default values",
	       base ? base : "");
	r = conf_file_read(fallback, ret);
	if (r < 0)
		return vz_fail(err, VZ_E_NO_DISTR_CONF, r, "distribution file '%s'", fallback);
	return 0;
}

static int add_file(struct vz_ct *ct, const char *name, struct vz_str *text, struct vz_err *err)
{
	auto_free char *path = str_printf("%s/scripts/%s", ct->vz->paths.dists_dir, name);
	auto_free char *body = NULL;
	int r = path ? file_read(AT_FDCWD, path, SCRIPT_MAX, &body, NULL) : -ENOMEM;

	if (r == -ENOENT)
		return vz_fail(err, VZ_E_NO_DISTR_SCRIPT, 0, "Action script %s not found", path);
	if (r < 0)
		return vz_fail(err, VZ_E_NO_DISTR_SCRIPT, r, "read '%s'", path);
	str_add(text, body);
	str_add(text, "\n");
	return 0;
}

/* "nameserver ADDR" lines of the host's resolv.conf, or its search list. Blank-separated; owned by caller. */
static char *inherit_from_host(const char *keyword)
{
	auto_free char *text = NULL;
	struct vz_str out = { 0 };
	size_t len = strlen(keyword);
	char *save = NULL;

	if (file_read(AT_FDCWD, "/etc/resolv.conf", SCRIPT_MAX, &text, NULL) < 0)
		return strdup("");
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		auto_strv char **w = NULL;

		line += strspn(line, " \t");
		if (strncmp(line, keyword, len) != 0 || !strchr(" \t", line[len]))
			continue;
		if (strv_split(line + len, " \t", &w) < 0)
			break;
		for (size_t i = 0; w && w[i]; i++)
			str_addf(&out, "%s%s", out.len ? " " : "", w[i]);
	}
	return str_take(&out);
}

/* The list of a parameter; "inherit" stands for the host's own. Caller frees. */
static char *dns_list(struct vz_ct *ct, enum vz_param_id id, const char *keyword)
{
	char *const *list = conf_list(&ct->conf, id);

	if (list && list[0] && strcmp(list[0], "inherit") == 0)
		return inherit_from_host(keyword);
	return strv_join(list, " ");
}

static int make_env(struct vz_ct *ct, const struct dist_words *words, char ***ret)
{
	auto_free char *dns = dns_list(ct, VZ_P_nameserver, "nameserver");
	auto_free char *search = dns_list(ct, VZ_P_searchdomain, "search");
	auto_free char *ips = strv_join(words->addresses ? words->addresses : conf_list(&ct->conf, VZ_P_ip_address), " ");
	const char *hostname = conf_str(&ct->conf, VZ_P_hostname);
	bool ipv6 = conf_yes(&ct->conf, VZ_P_ipv6, false);
	auto_strv char **env = NULL;

	if (!dns || !search || !ips || strv_add(&env, "PATH=" SCRIPT_PATH) < 0 ||
	    strv_add(&env, "VE_ROOT=/") < 0 || strv_add(&env, "VZ_KERNEL=no") < 0 ||
	    strv_add(&env, "USERNS=yes") < 0 || strv_addf(&env, "VE_STATE=%s", words->state) < 0 ||
	    strv_addf(&env, "HOSTNM=%s", hostname ? hostname : "") < 0 || strv_addf(&env, "IP_ADDR=%s", ips) < 0 ||
	    strv_addf(&env, "IPDELALL=%s", words->all_addresses ? "yes" : "") < 0 ||
	    strv_addf(&env, "IPV6=%s", ipv6 ? "yes" : "") < 0 || strv_add(&env, "NETDEV=venet0") < 0 ||
	    strv_addf(&env, "NAMESERVER=%s", dns) < 0 || strv_addf(&env, "SEARCHDOMAIN=%s", search) < 0)
		return -ENOMEM;
	if (words->userpw && strv_addf(&env, "USERPW=%s", words->userpw) < 0)
		return -ENOMEM;
	*ret = take_ptr(env);
	return 0;
}

unsigned int dist_start_events(struct vz_ct *ct)
{
	unsigned int events = 1u << VZ_DIST_PRE_START | 1u << VZ_DIST_SET_CONSOLE;

	if (conf_str(&ct->conf, VZ_P_hostname))
		events |= 1u << VZ_DIST_SET_HOSTNAME;
	if (conf_list(&ct->conf, VZ_P_nameserver) || conf_list(&ct->conf, VZ_P_searchdomain))
		events |= 1u << VZ_DIST_SET_DNS;
	/* An empty list, too: the distribution may still have in its files what was there before. */
	if (conf_list(&ct->conf, VZ_P_ip_address) || (ct->file && conf_file_get(ct->file, "IP_ADDRESS")))
		events |= 1u << VZ_DIST_ADD_IP;
	return events;
}

bool dist_has_event(struct vz_ct *ct, enum vz_dist_event event)
{
	auto_conf_file struct conf_file *f = NULL;
	struct vz_err ignored = { 0 };
	bool has = open_conf(ct, &f, &ignored) == 0 && !str_is_empty(conf_file_get(f, events_table[event].key));

	vz_err_done(&ignored);
	return has;
}

/* A shell line that takes away what is none of the event's business. */
static void add_unset(struct vz_str *text, const char *variables)
{
	str_add(text, "unset -v");
	for (size_t i = 0; i < ARRAY_SIZE(all_variables); i++)
		if (!strstr(variables, all_variables[i]))
			str_addf(text, " %s", all_variables[i]);
	str_add(text, "\n");
}

/* A password that was not set is no small matter; anything else the container can do without. */
static int miss_script(struct vz_ct *ct, unsigned int event, struct vz_err *err)
{
	auto_free char *word = strdup(events_table[event].key);

	if (!events_table[event].missed || !word)
		return 0;
	for (char *p = word; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (event == VZ_DIST_SET_USERPASS)
		return vz_fail(err, events_table[event].code, 0, "%s: %s action script is not specified",
			       events_table[event].what, word);
	ct_warn(ct, "Warning: %s action script is not specified", word);
	return 0;
}

/*
 * Collect the scripts of the events. Each runs in a subshell, so that one does not disturb the next;
 * the first that fails ends it with 100 + its event.
 */
static int collect_scripts(struct vz_ct *ct, unsigned int events, struct vz_str *text, struct vz_err *err)
{
	auto_conf_file struct conf_file *f = NULL;
	size_t empty;

	if (open_conf(ct, &f, err) < 0)
		return -1;
	if (add_file(ct, "functions", text, err) < 0)
		return -1;
	empty = text->len;
	for (unsigned int i = 0; i < VZ_DIST__MAX; i++) {
		const char *script;

		if (!(events & 1u << i))
			continue;
		script = conf_file_get(f, events_table[i].key);
		if (str_is_empty(script)) {
			if (miss_script(ct, i, err) < 0)
				return -1;
			continue;
		}
		/* Of the shell alone: what the environment has is for all who write scripts. */
		str_addf(text, "(\nvz_event=%s\n", events_table[i].key);
		add_unset(text, events_table[i].variables);
		/* Here it is the first address, without its mask. */
		if (i == VZ_DIST_SET_HOSTNAME)
			str_add(text, "IP_ADDR=${IP_ADDR%%[ /]*}\n");
		if (add_file(ct, script, text, err) < 0)
			return -1;
		/* Not "( … ) || exit": that would switch off "set -e" inside. */
		str_addf(text, ")\n[ $? -eq 0 ] || exit %u\n", 100 + i);
	}
	if (text->failed)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "scripts of container %u", ct->id);
	if (text->len == empty)
		str_reset(text);
	return 0;
}

int dist_run(struct vz_ct *ct, unsigned int events, const struct dist_words *words, struct vz_err *err)
{
	auto_str struct vz_str text = { 0 };
	auto_strv char **env = NULL;
	int status;

	if (!events || collect_scripts(ct, events, &text, err) < 0)
		return events ? -1 : 0;
	/* Nothing to do costs no shell: that is most of the start of a tiny container. */
	if (!text.len)
		return 0;
	if (make_env(ct, words, &env) < 0)
		return vz_fail(err, VZ_E_RESOURCE, -ENOMEM, "scripts of container %u", ct->id);
	if (inside_run_text(ct, text.s, env, TIMEOUT, &status, err) < 0)
		return -1;
	/* What is no answer of ours is the shell's own, or that of whatever the container has in its place. */
	if (status >= 100 && status < 100 + VZ_DIST__MAX && (events & 1u << (status - 100)))
		return vz_fail(err, events_table[status - 100].code, 0, "%s: the script of the distribution failed",
			       events_table[status - 100].what);
	if (status != 0)
		return vz_fail(err, VZ_E_ACTIONSCRIPT, 0, "scripts of the distribution ended with status %d", status);
	return 0;
}
