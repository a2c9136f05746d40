/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* NAME="value" files: what is read, what survives a save, and whether a shell reads what we wrote. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "conf/file.h"

static char dir[] = "/tmp/test-file-XXXXXX";
static char *path;

static int make_dir(void **state VZ_UNUSED)
{
	if (!mkdtemp(dir))
		return -1;
	path = str_printf("%s/101.conf", dir);
	return path ? 0 : -1;
}

static int remove_dir(void **state VZ_UNUSED)
{
	free(path);
	return path_remove_tree(AT_FDCWD, dir);
}

static void put(const char *text, size_t len)
{
	assert_int_equal(file_replace(path, 0644, text, len), 0);
}

static struct conf_file *open_text(const char *text)
{
	struct conf_file *f = NULL;

	put(text, strlen(text));
	assert_int_equal(conf_file_read(path, &f), 0);
	return f;
}

static void check_saved(struct conf_file *f, const char *want)
{
	auto_free char *text = NULL;

	assert_int_equal(conf_file_save(f), 0);
	assert_int_equal(file_read(AT_FDCWD, path, CONF_FILE_MAX * 4, &text, NULL), 0);
	assert_string_equal(text, want);
}

/* One line, one value; NULL: the line cannot be understood. */
static void check_value(const char *line, const char *want)
{
	auto_conf_file struct conf_file *f = open_text(line);
	size_t iter = 0;

	if (want) {
		assert_non_null(conf_file_get(f, "K"));
		assert_string_equal(conf_file_get(f, "K"), want);
		assert_int_equal(conf_file_next_bad(f, &iter), 0);
	} else {
		assert_null(conf_file_get(f, "K"));
		assert_int_equal(conf_file_next_bad(f, &iter), 1);
		assert_int_equal(conf_file_next_bad(f, &iter), 0);
	}
}

static void values_are_read_with_and_without_quotes(void **state VZ_UNUSED)
{
	check_value("K=\"value\"\n", "value");
	check_value("K=value\n", "value");
	check_value("K=\"value\"", "value");
	check_value("K=value", "value");
	check_value("  \tK=value\n", "value");
	check_value("K=\n", "");
	check_value("K=", "");
	check_value("K=\"\"\n", "");
	check_value("K=''\n", "");
	check_value("K='a b'\n", "a b");
	check_value("K='a\\b'\n", "a\\b");
	check_value("K=a b c  \t\n", "a b c");
	check_value("K=a=b\n", "a=b");
	check_value("K=\" a \"\n", " a ");
}

static void a_quoted_value_ends_at_the_last_quote(void **state VZ_UNUSED)
{
	check_value("K=\"a\" # comment\n", "a");
	check_value("K=\"a\"trailing\n", "a");
	check_value("K=\"a\"b\"c\n", "a\"b");
}

static void a_backslash_escapes_the_next_character(void **state VZ_UNUSED)
{
	check_value("K=\"a\\\"b\"\n", "a\"b");
	check_value("K=\"a\\\\b\"\n", "a\\b");
	check_value("K=\"\\$HOME\"\n", "$HOME");
	check_value("K=\"\\n\"\n", "n");
	check_value("K=a\\ b\n", "a b");
	check_value("K=a\\ \n", "a ");
	check_value("K=a\\\\ \n", "a\\");
	check_value("K=a\\", "a\\");
	check_value("K=\"a\\\"\n", "a\\");
}

static void a_comment_behind_a_bare_value_is_none_of_it(void **state VZ_UNUSED)
{
	check_value("K=inherit # copy from the host\n", "inherit");
	check_value("K=inherit\t# say \"inherit\"\n", "inherit");
	check_value("K= # nothing\n", "");
	check_value("K=#5\n", "#5");
	check_value("K=a#b\n", "a#b");
}

static void lines_that_are_no_assignments_are_reported(void **state VZ_UNUSED)
{
	check_value("K\n", NULL);
	check_value("K =v\n", NULL);
	check_value("=v\n", NULL);
	check_value("1K=v\n", NULL);
	check_value("K-L=v\n", NULL);
	check_value("export K=v\n", NULL);
	check_value("K=\"unclosed\n", NULL);
	check_value("K=\"\n", NULL);
	check_value("K='unclosed\n", NULL);
	check_value("K=\"unclosed", NULL);
	check_value("\xff\xfe\x01\n", NULL);
}

static void an_unclosed_quote_does_not_reach_into_the_next_line(void **state VZ_UNUSED)
{
	auto_conf_file struct conf_file *f = open_text("A=\"one\nB=\"two\"\n");

	assert_null(conf_file_get(f, "A"));
	assert_string_equal(conf_file_get(f, "B"), "two");
}

static void entries_come_in_order_with_their_lines(void **state VZ_UNUSED)
{
	auto_conf_file struct conf_file *f = open_text("# c\n\nB=1\nA=2\n \nB=3\n");
	static const struct conf_entry want[] = {
		{ "B", "1", 3, false }, { "A", "2", 4, false }, { "B", "3", 6, true },
	};
	struct conf_entry e;
	size_t iter = 0;

	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_true(conf_file_next(f, &iter, &e));
		assert_string_equal(e.key, want[i].key);
		assert_string_equal(e.value, want[i].value);
		assert_int_equal(e.line, want[i].line);
		assert_int_equal(e.duplicate, want[i].duplicate);
	}
	assert_false(conf_file_next(f, &iter, &e));
	assert_string_equal(conf_file_get(f, "B"), "1");
}

static void saving_an_unchanged_file_changes_no_byte(void **state VZ_UNUSED)
{
	static const char *const texts[] = {
		"", "\n", "\n\n\n", "A=1", "A=1\n", "A=1\r\nB=2\r\n", "A=1\r", "#UUID: 0a-1b", "junk\n\"\n'\n\\\n",
		"A=1\nA=2\nA=3\n", "\xef\xbb\xbf=1\nA=1\n", "A=\"\xff\xfe\"\n", "   A = 1 \n\tB=2",
		"A=\"1\" # \"x\"\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_conf_file struct conf_file *f = open_text(texts[i]);

		assert_false(conf_file_is_changed(f));
		check_saved(f, texts[i]);
	}
}

static void only_the_changed_line_is_replaced(void **state VZ_UNUSED)
{
	auto_conf_file struct conf_file *f =
		open_text("# head\n\nA=1\n  B = odd\njunk\n\tC=\"old\"\nMINE=\"x y\"\n#UUID: 0a-1b");

	assert_int_equal(conf_file_set(f, "C", "new"), 0);
	assert_true(conf_file_is_changed(f));
	assert_string_equal(conf_file_get(f, "C"), "new");
	check_saved(f, "# head\n\nA=1\n  B = odd\njunk\nC=\"new\"\nMINE=\"x y\"\n#UUID: 0a-1b");
}

static void new_keys_are_appended_on_lines_of_their_own(void **state VZ_UNUSED)
{
	auto_conf_file struct conf_file *f = open_text("A=1\n\n#UUID: 0a-1b");

	assert_int_equal(conf_file_set(f, "B", "2"), 0);
	assert_int_equal(conf_file_set(f, "C", "3"), 0);
	assert_int_equal(conf_file_set(f, "B", "4"), 0);
	check_saved(f, "A=1\n\n#UUID: 0a-1b\nB=\"4\"\nC=\"3\"\n");
}

static void a_value_that_stays_the_same_leaves_its_line(void **state VZ_UNUSED)
{
	auto_conf_file struct conf_file *f = open_text("A=yes   # bare\n");

	assert_int_equal(conf_file_set(f, "A", "yes"), 0);
	assert_false(conf_file_is_changed(f));
	check_saved(f, "A=yes   # bare\n");
}

static void a_comment_behind_a_value_survives_its_change(void **state VZ_UNUSED)
{
	auto_conf_file struct conf_file *f =
		open_text("A=inherit # from the host\nB=\"1\"\t# don't\r\nC=1 # \"quoted\"\nD=\"1\"junk\n");

	for (const char *key = "ABCD"; *key; key++)
		assert_int_equal(conf_file_set(f, (char[]){ *key, '\0' }, "2"), 0);
	check_saved(f, "A=\"2\" # from the host\nB=\"2\"\t# don't\nC=\"2\"\nD=\"2\"\n");
}

static void duplicates_collapse_when_their_key_is_saved(void **state VZ_UNUSED)
{
	auto_conf_file struct conf_file *f = open_text("A=1\nB=1\nA=2\nB=2\nA=3\n");

	assert_int_equal(conf_file_set(f, "A", "1"), 0);
	assert_true(conf_file_is_changed(f));
	check_saved(f, "A=1\nB=1\nB=2\n");
}

static void unset_removes_every_line_of_a_key(void **state VZ_UNUSED)
{
	auto_conf_file struct conf_file *f = open_text("A=1\nB=1\nA=2");
	struct conf_entry e;
	size_t iter = 0;

	conf_file_unset(f, "A");
	conf_file_unset(f, "NONE");
	assert_null(conf_file_get(f, "A"));
	assert_true(conf_file_next(f, &iter, &e));
	assert_string_equal(e.key, "B");
	assert_false(conf_file_next(f, &iter, &e));
	check_saved(f, "B=1\n");
	assert_int_equal(conf_file_set(f, "A", "3"), 0);
	check_saved(f, "B=1\nA=\"3\"\n");
	conf_file_unset(f, "A");
	check_saved(f, "B=1\n");
}

static void a_quoted_value_is_read_as_it_was(void **state VZ_UNUSED)
{
	static const char *const values[] = {
		"", "a b", "machine.slice/machine-a\\x2db.scope/payload", "\\", "\"a\" `b` $(c) 'd'", "$VEID", "# e",
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		auto_free char *quoted = conf_quote(values[i]);
		auto_free char *text = str_printf("A=%s\nB=1\n", quoted);
		auto_conf_file struct conf_file *f = open_text(text);

		assert_string_equal(conf_file_get(f, "A"), values[i]);
		assert_string_equal(conf_file_get(f, "B"), "1");
	}
}

static void the_last_line_without_newline_can_be_changed(void **state VZ_UNUSED)
{
	auto_conf_file struct conf_file *f = open_text("A=1\nB=1");

	assert_int_equal(conf_file_set(f, "B", "2"), 0);
	check_saved(f, "A=1\nB=\"2\"\n");
	conf_file_unset(f, "B");
	check_saved(f, "A=1\n");
}

static void crlf_files_are_read_and_keep_their_ends(void **state VZ_UNUSED)
{
	auto_conf_file struct conf_file *f = open_text("# dos\r\nA=1\r\nB=\"2\"\r\nC=\r\n\r\nD=4\r");
	size_t iter = 0;

	assert_string_equal(conf_file_get(f, "A"), "1");
	assert_string_equal(conf_file_get(f, "B"), "2");
	assert_string_equal(conf_file_get(f, "C"), "");
	assert_string_equal(conf_file_get(f, "D"), "4");
	assert_int_equal(conf_file_next_bad(f, &iter), 0);
	assert_int_equal(conf_file_set(f, "B", "3"), 0);
	check_saved(f, "# dos\r\nA=1\r\nB=\"3\"\nC=\r\n\r\nD=4\r");
}

static void newlines_and_odd_keys_are_refused(void **state VZ_UNUSED)
{
	auto_conf_file struct conf_file *f = open_text("A=1\n");

	assert_int_equal(conf_file_set(f, "A", "1\nB=2"), -EINVAL);
	assert_int_equal(conf_file_set(f, "N", "\n"), -EINVAL);
	assert_int_equal(conf_file_set(f, "", "1"), -EINVAL);
	assert_int_equal(conf_file_set(f, "A B", "1"), -EINVAL);
	assert_int_equal(conf_file_set(f, "1A", "1"), -EINVAL);
	assert_int_equal(conf_file_set(f, "A=", "1"), -EINVAL);
	assert_false(conf_file_is_changed(f));
}

static const char *const nasty[] = {
	"", " ", "plain", " lead and trail ", "a\"b", "a'b", "a\\b", "\\", "\\\\", "a\\", "\"", "\\\"", "$HOME",
	"${HOME}", "$(id)", "`id`", "$", "$$", "$1", "a;b", "a&b|c", "a>b<c", "*", "~", "!x", "#x", " #x", "a # b",
	"a=b", "\t", "caf\xc3\xa9", "\xff\xfe", "\r", "a\rb", "a\r", "\x01\x02\x7f", "$VEIDX", "$VEI", "${VEID", "\\n",
	"\" # \"", "''", "%s%n", "-n", "$VEID0",
};

static void what_is_written_is_read_again(void **state VZ_UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(nasty); i++) {
		auto_conf_file struct conf_file *f = open_text("K=old # kept\n");
		auto_conf_file struct conf_file *again = NULL;

		assert_int_equal(conf_file_set(f, "K", nasty[i]), 0);
		assert_int_equal(conf_file_set(f, "N", nasty[i]), 0);
		assert_int_equal(conf_file_save(f), 0);
		assert_int_equal(conf_file_read(path, &again), 0);
		assert_string_equal(conf_file_get(again, "K"), nasty[i]);
		assert_string_equal(conf_file_get(again, "N"), nasty[i]);
	}
}

/* What a shell says $K is after sourcing the file with VEID=101. */
static char *ask_shell(const char *shell)
{
	struct vz_str out = { 0 };
	int pipefd[2], status;
	char buf[256];
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(pipefd), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(pipefd[1], 1);
		(void)close(pipefd[0]);
		(void)setenv("LC_ALL", "C", 1);
		(void)execlp(shell, shell, "-c", "VEID=101; . \"$0\" && printf '%s' \"$K\"", path, (char *)NULL);
		_exit(127);
	}
	(void)close(pipefd[1]);
	while ((n = read(pipefd[0], buf, sizeof(buf))) > 0)
		str_add_n(&out, buf, (size_t)n);
	(void)close(pipefd[0]);
	status = proc_wait(pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return str_take(&out);
}

static void check_shells(const char *value, const char *want)
{
	static const char *const shells[] = { "sh", "bash" };

	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		auto_conf_file struct conf_file *f = open_text("K=old # comment\nZ=1\n");
		auto_free char *said = NULL;

		if (i == 1 && !path_exists("/bin/bash"))
			continue;
		assert_int_equal(conf_file_set(f, "K", value), 0);
		assert_int_equal(conf_file_save(f), 0);
		said = ask_shell(shells[i]);
		assert_string_equal(said, want);
	}
}

static void shells_read_what_was_written(void **state VZ_UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(nasty); i++)
		check_shells(nasty[i], nasty[i]);
}

static void only_veid_is_left_to_the_shell(void **state VZ_UNUSED)
{
	check_shells("/vz/private/$VEID", "/vz/private/101");
	check_shells("/vz/${VEID}/x$VEID", "/vz/101/x101");
	check_shells("$VEID.d $HOME", "101.d $HOME");
}

static void files_that_cannot_be_read_say_why(void **state VZ_UNUSED)
{
	static const char binary[] = "A=1\0B=2\n";
	struct conf_file *f = NULL;

	put(binary, sizeof(binary) - 1);
	assert_int_equal(conf_file_read(path, &f), -EILSEQ);
	assert_int_equal(conf_file_read("/nonexistent/101.conf", &f), -ENOENT);
	assert_int_equal(conf_file_read(dir, &f), -EISDIR);
	assert_null(f);
}

static void noise_does_no_harm(void **state VZ_UNUSED)
{
	uint32_t seed = 1;

	for (int round = 0; round < 200; round++) {
		static const char alphabet[] = "AB=\"'\\ \t\r\n\n#$x\xff";
		struct conf_file *f = NULL;
		auto_free char *back = NULL;
		char text[400];
		size_t len = 0;

		for (; len < sizeof(text) - 1; len++) {
			seed = seed * 1664525 + 1013904223;
			text[len] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		text[len] = '\0';
		f = open_text(text);
		check_saved(f, text);
		/* A change and its reverse must not touch the other lines either. */
		assert_int_equal(conf_file_set(f, "NEW", text[0] == '\n' ? "x" : "y\""), 0);
		assert_int_equal(conf_file_save(f), 0);
		conf_file_free(f);
		assert_int_equal(conf_file_read(path, &f), 0);
		assert_non_null(conf_file_get(f, "NEW"));
		conf_file_unset(f, "NEW");
		assert_int_equal(conf_file_save(f), 0);
		conf_file_free(f);
		assert_int_equal(file_read(AT_FDCWD, path, CONF_FILE_MAX, &back, NULL), 0);
		assert_true(str_has_prefix(back, text));
		assert_true(strlen(back) <= len + 1);
	}
}

static void a_line_of_ten_megabytes_is_just_a_line(void **state VZ_UNUSED)
{
	size_t len = 10u << 20;
	auto_free char *value = malloc(len + 1);
	auto_conf_file struct conf_file *f = NULL;
	auto_conf_file struct conf_file *again = NULL;
	auto_str struct vz_str text = { 0 };

	assert_non_null(value);
	memset(value, '"', len);
	value[len] = '\0';
	str_addf(&text, "A=\"%s\"\nB=2\n", value);
	f = open_text(str_get(&text));
	assert_string_equal(conf_file_get(f, "A"), value);
	assert_string_equal(conf_file_get(f, "B"), "2");
	memset(value, 'x', len);
	assert_int_equal(conf_file_set(f, "A", value), 0);
	assert_int_equal(conf_file_save(f), 0);
	assert_int_equal(conf_file_read(path, &again), 0);
	assert_string_equal(conf_file_get(again, "A"), value);
}

/* Sixteen megabytes of lines, the worst kind each; they must not take time that grows with the square. */
static void large_files_are_read_in_linear_time(void **state VZ_UNUSED)
{
	static const char *const lines[] = { "A=\n", "x\n", "\n", "#\n", NULL };

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		auto_conf_file struct conf_file *f = NULL;
		auto_str struct vz_str text = { 0 };
		usec_t begin;

		for (unsigned int n = 0; text.len < CONF_FILE_MAX - 20; n++) {
			if (lines[i])
				str_add(&text, lines[i]);
			else
				str_addf(&text, "K%u=%u\n", n, n);
		}
		put(str_get(&text), text.len);
		begin = now_usec();
		assert_int_equal(conf_file_read(path, &f), 0);
		assert_int_equal(conf_file_set(f, "A", "1"), 0);
		assert_int_equal(conf_file_set(f, "K7", "1"), 0);
		conf_file_unset(f, "K8");
		assert_true(now_usec() - begin < 20 * USEC_PER_SEC);
	}
}

static void files_beyond_the_limit_are_refused(void **state VZ_UNUSED)
{
	size_t len = CONF_FILE_MAX + 1;
	auto_free char *text = malloc(len);
	struct conf_file *f = NULL;

	assert_non_null(text);
	memset(text, '\n', len);
	put(text, len);
	assert_int_equal(conf_file_read(path, &f), -EFBIG);
	put(text, CONF_FILE_MAX);
	assert_int_equal(conf_file_read(path, &f), 0);
	conf_file_free(f);
}

static void a_new_file_is_made_with_its_keys(void **state VZ_UNUSED)
{
	auto_free char *other = str_printf("%s/other.conf", dir);
	auto_free char *text = NULL;
	auto_conf_file struct conf_file *f = NULL;
	struct stat st;

	(void)unlink(path);
	assert_int_equal(conf_file_new(path, &f), 0);
	assert_string_equal(conf_file_path(f), path);
	assert_null(conf_file_get(f, "A"));
	assert_int_equal(conf_file_set(f, "A", "/vz/$VEID"), 0);
	check_saved(f, "A=\"/vz/$VEID\"\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(conf_file_save_as(f, other), 0);
	assert_string_equal(conf_file_path(f), path);
	assert_int_equal(file_read(AT_FDCWD, other, CONF_FILE_MAX, &text, NULL), 0);
	assert_string_equal(text, "A=\"/vz/$VEID\"\n");
}

static void saving_goes_through_a_link(void **state VZ_UNUSED)
{
	auto_free char *target = str_printf("%s/target.conf", dir);
	auto_conf_file struct conf_file *f = NULL;
	auto_free char *text = NULL;
	struct stat st;

	assert_int_equal(file_replace(target, 0600, "A=1\n", 4), 0);
	(void)unlink(path);
	assert_int_equal(symlink("target.conf", path), 0);
	assert_int_equal(conf_file_read(path, &f), 0);
	assert_int_equal(conf_file_set(f, "A", "2"), 0);
	assert_int_equal(conf_file_save(f), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(file_read(AT_FDCWD, target, CONF_FILE_MAX, &text, NULL), 0);
	assert_string_equal(text, "A=\"2\"\n");
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read_with_and_without_quotes),
		cmocka_unit_test(a_quoted_value_ends_at_the_last_quote),
		cmocka_unit_test(a_backslash_escapes_the_next_character),
		cmocka_unit_test(a_comment_behind_a_bare_value_is_none_of_it),
		cmocka_unit_test(lines_that_are_no_assignments_are_reported),
		cmocka_unit_test(an_unclosed_quote_does_not_reach_into_the_next_line),
		cmocka_unit_test(entries_come_in_order_with_their_lines),
		cmocka_unit_test(saving_an_unchanged_file_changes_no_byte),
		cmocka_unit_test(only_the_changed_line_is_replaced),
		cmocka_unit_test(new_keys_are_appended_on_lines_of_their_own),
		cmocka_unit_test(a_value_that_stays_the_same_leaves_its_line),
		cmocka_unit_test(a_comment_behind_a_value_survives_its_change),
		cmocka_unit_test(duplicates_collapse_when_their_key_is_saved),
		cmocka_unit_test(unset_removes_every_line_of_a_key),
		cmocka_unit_test(a_quoted_value_is_read_as_it_was),
		cmocka_unit_test(the_last_line_without_newline_can_be_changed),
		cmocka_unit_test(crlf_files_are_read_and_keep_their_ends),
		cmocka_unit_test(newlines_and_odd_keys_are_refused),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(shells_read_what_was_written),
		cmocka_unit_test(only_veid_is_left_to_the_shell),
		cmocka_unit_test(files_that_cannot_be_read_say_why),
		cmocka_unit_test(noise_does_no_harm),
		cmocka_unit_test(a_line_of_ten_megabytes_is_just_a_line),
		cmocka_unit_test(large_files_are_read_in_linear_time),
		cmocka_unit_test(files_beyond_the_limit_are_refused),
		cmocka_unit_test(a_new_file_is_made_with_its_keys),
		cmocka_unit_test(saving_goes_through_a_link),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
