/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vzlist, the whole of it: fields, sorting and patterns of the command line, over configurations that
 * may say anything. JSON is strict and valid UTF-8, with known fields only; a table has no byte that a
 * terminal would obey, and no line ends with a blank.
 *
 * Input: arguments, a line each ("-j" in the first line asks for JSON), an empty line, and the
 * configuration of container 101. There is a container 102, too.
 */
#include <getopt.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "cli/columns.h"
#include "cli/vzlist.h"
#include "fuzz/fuzz.h"

#define CONF_DIR FUZZ_DISK "/etc/vz/conf"
#define NAMES_DIR FUZZ_DISK "/etc/vz/names"
#define ARGS_MAX 16
#define OTHER_CONF \
	"ONBOOT=\"yes\"\nBOOTORDER=\"7\"\nNAME=\"other\"\nHOSTNAME=\"other.example\"\nDESCRIPTION=\"b\"\n" \
	"PHYSPAGES=\"0:1024\"\nNUMPROC=\"10:unlimited\"\nDISKSPACE=\"1024:2048\"\nIP_ADDRESS=\"198.51.100.2\"\n" \
	"FEATURES=\"nfs:on\"\nCPUS=\"2\"\nVM_OVERCOMMIT=\"1.5\"\nVE_LAYOUT=\"simfs\"\n"

void prepare(void)
{
	need(path_make_dirs(CONF_DIR, 0755) == 0 && path_make_dirs(NAMES_DIR, 0755) == 0);
	need(path_make_dirs(FUZZ_DISK "/vz/private/101", 0755) == 0);
	need(path_make_dirs(FUZZ_DISK "/vz/private/102", 0755) == 0);
	need(symlink(CONF_DIR "/101.conf", NAMES_DIR "/web") == 0);
	need(symlink(CONF_DIR "/102.conf", NAMES_DIR "/other") == 0);
	put_file(FUZZ_DISK "/etc/vz/vz.conf", "LOGGING=no\n", 11);
	put_file(CONF_DIR "/102.conf", OTHER_CONF, strlen(OTHER_CONF));
	/* Nothing runs below this prefix: no need to look through the cgroups of the host. */
	need(setenv("VZ_BACKEND", "plan", 1) == 0);
}

/* JSON is asked for where it can be seen, in the first line; and --prefix would lead to the host. */
static bool is_allowed(const char *arg, bool first)
{
	if (strcmp(arg, "-j") == 0)
		return first;
	return !str_has_prefix(arg, "--p") && !str_has_prefix(arg, "--j") &&
	       (arg[0] != '-' || arg[1] == '-' || !strchr(arg, 'j'));
}

/* Up to the empty line. */
static char **take_args(struct input *in)
{
	char **args = NULL;
	size_t n = 0;

	need(strv_add(&args, "vzlist") == 0 && strv_add(&args, "--prefix=" FUZZ_DISK) == 0);
	while (in->len) {
		auto_free char *line = take_line(in);

		if (!*line)
			break;
		if (n < ARGS_MAX && is_allowed(line, n == 0))
			need(strv_add(&args, line) == 0);
		n++;
	}
	return args;
}

/* Run it; what it wrote to standard output. */
static char *run(char **args, int *ret_status)
{
	FILE *before = stdout;
	char *text = NULL;
	size_t size = 0;

	stdout = open_memstream(&text, &size);
	need(stdout);
	optind = 0;	/* getopt_long() begins anew */
	*ret_status = vzlist_main((int)strv_len(args), args);
	need(fclose(stdout) == 0);
	stdout = before;
	return text;
}

static void check_json(const char *text)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *list;
	size_t len = strlen(text);

	need(tok);
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	list = json_tokener_parse_ex(tok, text, (int)len);
	promise(list && json_tokener_get_error(tok) == json_tokener_success);
	promise(strspn(text + json_tokener_get_parse_end(tok), "\n") == len - json_tokener_get_parse_end(tok));
	promise(json_object_is_type(list, json_type_array));
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		promise(json_object_is_type(o, json_type_object));
		json_object_object_foreach(o, key, value) {
			const struct column *c = column_find(key);

			(void)value;
			promise(c && !c->is_part);
		}
	}
	json_object_put(list);
	json_tokener_free(tok);
}

static void check_table(const char *text)
{
	for (const char *s = text; *s; s++) {
		unsigned char c = (unsigned char)*s, next = (unsigned char)s[1];

		promise(c >= ' ' || c == '\n');
		promise(c != 0x7f);
		/* U+0080 to U+009F are commands as well. */
		promise(c != 0xc2 || next < 0x80 || next > 0x9f);
		promise(c != ' ' || next != '\n');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	auto_strv char **args = take_args(&in);
	bool json = args[2] && strcmp(args[2], "-j") == 0;
	auto_free char *text = NULL;
	int status;

	put_file(CONF_DIR "/101.conf", in.text, in.len);
	text = run(args, &status);
	promise(status == 0 || status == 1);
	/* Without JSON, or instead of it: the list of fields, which is for people and full of blanks. */
	if (json && *text == '[')
		check_json(text);
	else if (!str_has_prefix(text, "ctid  "))
		check_table(text);
	promise(!json || status != 0 || *text == '[' || str_has_prefix(text, "ctid  "));
	return 0;
}
