/*
 * test_ctl_edit.c - a draft in an editor: in memory, the user's alone, and
 * gone afterwards, whatever the editor did (RULES 21).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include <cmocka.h>
#include <talloc.h>

#include "../../daemon/ctl/edit.h"

#define MEMORY "/dev/shm"

static char runtime[64];

static int
setup(void **state)
{
	struct statfs fs;

	if (statfs(MEMORY, &fs) != 0 || fs.f_type != TMPFS_MAGIC) {
		fprintf(stderr, "%s is no tmpfs\n", MEMORY);
		return -1;
	}
	strcpy(runtime, MEMORY "/edit-XXXXXX");
	if (mkdtemp(runtime) == NULL)
		return -1;
	setenv("XDG_RUNTIME_DIR", runtime, 1);
	unsetenv("VISUAL");
	*state = runtime;
	return 0;
}

/* Nothing may be left in it: rmdir says so. */
static int
teardown(void **state)
{
	(void)state;
	return rmdir(runtime);
}

static char *
edited_by(const char *editor, const char *text, struct error *err)
{
	setenv("EDITOR", editor, 1);
	error_clear(err);
	return edit_text(NULL, text, err);
}

static void
test_a_text_is_changed(void **state)
{
	struct error err;
	char *text =
	    edited_by("sed -i s/one/two/", "Subject: one\n\none\n", &err);

	(void)state;
	assert_non_null(text);
	assert_string_equal(text, "Subject: two\n\ntwo\n");
	talloc_free(text);
	/* $VISUAL goes first. */
	setenv("VISUAL", "true", 1);
	text = edited_by("false", "the same", &err);
	assert_string_equal(text, "the same");
	talloc_free(text);
}

/* What the file looks like while the editor has it. */
static void
test_nobody_else_may_read_it(void **state)
{
	struct error err;
	char *text = edited_by(
	    "sh -c 'stat -c %a:%u \"$0\" \"$(dirname \"$0\")\" > \"$0.new\";"
	    " mv \"$0.new\" \"$0\"'",
	    "secret", &err);
	char want[128];

	(void)state;
	assert_non_null(text);
	snprintf(want, sizeof(want), "600:%u\n700:%u\n", (unsigned)geteuid(),
	    (unsigned)geteuid());
	assert_string_equal(text, want);
	talloc_free(text);
}

/* Backups and swap files that an editor leaves go with it. */
static void
test_nothing_is_left(void **state)
{
	struct error err;
	char *text = edited_by(
	    "sh -c 'cp \"$0\" \"$0~\"; cp \"$0\" \"$(dirname \"$0\")/.x.swp\"'",
	    "secret", &err);

	(void)state;
	assert_string_equal(text, "secret");
	talloc_free(text);
	assert_null(edited_by("false", "secret", &err));
	assert_int_equal(err.fault, FAULT_DENIED);
	assert_non_null(strstr(err.text, "nothing was changed"));
	assert_null(edited_by("rm", "secret", &err));
	assert_non_null(strstr(err.text, "the text is gone"));
}

static void
test_an_editor_that_puts_a_link(void **state)
{
	struct error err;

	(void)state;
	assert_null(edited_by("ln -sf /etc/hostname", "secret", &err));
	assert_int_equal(err.fault, FAULT_DENIED);
}

static void
test_what_comes_back(void **state)
{
	struct error err;

	(void)state;
	assert_null(edited_by("sh -c 'printf \"\\377\" > \"$0\"'", "x", &err));
	assert_non_null(strstr(err.text, "not UTF-8"));
	assert_null(edited_by(
	    "sh -c 'head -c 200000 /dev/zero | tr \"\\0\" x > \"$0\"'", "x",
	    &err));
	assert_non_null(strstr(err.text, "longer than 128 KB"));
}

/* Told to end, it ends its editor and takes the text away. */
static void
test_a_signal(void **state)
{
	struct error err;

	(void)state;
	assert_null(edited_by("sh -c 'kill -TERM $PPID; sleep 9'", "x", &err));
	assert_non_null(strstr(err.text, "ended by a signal"));
}

/* ---- elsewhere it is refused ---- */

static void
test_a_disk_is_refused(void **state)
{
	char folder[] = "/var/tmp/edit-XXXXXX";
	struct statfs fs;
	struct error err;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(statfs(folder, &fs), 0);
	setenv("XDG_RUNTIME_DIR", folder, 1);
	if (fs.f_type != TMPFS_MAGIC) {
		assert_null(edited_by("true", "x", &err));
		assert_int_equal(err.fault, FAULT_DENIED);
		assert_non_null(strstr(err.text, "is on a disk"));
	}
	/* Nothing was written before it was refused. */
	assert_int_equal(rmdir(folder), 0);
	unsetenv("XDG_RUNTIME_DIR");
	assert_null(edited_by("true", "x", &err));
	assert_non_null(strstr(err.text, "$XDG_RUNTIME_DIR, and it is not "
					 "set"));
	setenv("XDG_RUNTIME_DIR", "relative", 1);
	assert_null(edited_by("true", "x", &err));
}

static void
test_a_place_for_everybody_is_refused(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(chmod(runtime, 0755), 0);
	assert_null(edited_by("true", "x", &err));
	assert_non_null(strstr(err.text, "0700"));
	assert_int_equal(chmod(runtime, 0700), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    TEST(test_a_text_is_changed),
	    TEST(test_nobody_else_may_read_it),
	    TEST(test_nothing_is_left),
	    TEST(test_an_editor_that_puts_a_link),
	    TEST(test_what_comes_back),
	    TEST(test_a_signal),
	    TEST(test_a_disk_is_refused),
	    TEST(test_a_place_for_everybody_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
