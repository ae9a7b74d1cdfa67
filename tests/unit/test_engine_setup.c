/*
 * test_engine_setup.c - every limit of the settings reaches the room that
 * keeps it: each has a number of its own here, so that none stands for
 * another.  And whoever is told of a limit is told which setting moves it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <talloc.h>

#include "../../daemon/engine_internal.h"
#include "../../daemon/settings/settings_internal.h"

#define LETTER_MAX 100003

static struct engine *
engine_of(struct settings *s)
{
	struct engine *e = talloc_zero(NULL, struct engine);

	s->letter_max = LETTER_MAX;
	s->wall_ms = 11;
	s->cpu_s = 12;
	s->memory_mb = 13;
	s->max_parts = 14;
	s->max_depth = 15;
	s->max_fields = 16;
	s->max_addresses = 17;
	s->max_keys = 18;
	s->max_hidden = 19;
	s->max_layers = 20;
	e->s = s;
	return e;
}

static void
test_read(void **state)
{
	const char *names[] = {"XYZ-100", "XYZ 100"};
	struct product product = {
	    .names = names, .nnames = 2, .pattern = "XYZ-[0-9]+"};
	struct settings s = {
	    .number_prefix = "PSIRT", .products = &product, .nproducts = 1};
	struct engine *e = engine_of(&s);
	struct read_setup setup;

	rooms_read_setup(e, &setup);
	assert_string_equal(setup.case_prefix, "PSIRT");
	assert_int_equal(setup.nproducts, 1);
	assert_int_equal(setup.products[0].nnames, 2);
	assert_string_equal(setup.products[0].names[1], "XYZ 100");
	assert_string_equal(setup.products[0].pattern, "XYZ-[0-9]+");
	assert_int_equal(setup.wall_ms, 11);
	assert_int_equal(setup.cpu_s, 12);
	assert_int_equal(setup.memory_mb, 13);
	assert_int_equal(setup.max_parts, 14);
	assert_int_equal(setup.max_depth, 15);
	assert_int_equal(setup.max_fields, 16);
	assert_int_equal(setup.max_addresses, 17);
	talloc_free(e);
}

static void
test_vault(void **state)
{
	const char *retired[] = {"OLD", "OLDER"};
	struct settings s = {.gnupghome = "/home",
	    .work_dir = "/work",
	    .poc = "POC",
	    .retired = retired,
	    .nretired = 2,
	    .recovery = "RECOVERY"};
	struct engine *e = engine_of(&s);
	struct vault_setup setup;

	rooms_vault_setup(e, &setup);
	assert_string_equal(setup.home, "/home");
	assert_string_equal(setup.work_dir, "/work");
	assert_string_equal(setup.poc, "POC");
	assert_int_equal(setup.nretired, 2);
	assert_string_equal(setup.retired[1], "OLDER");
	assert_string_equal(setup.recovery, "RECOVERY");
	assert_int_equal(setup.npinned, 0);
	assert_int_equal(setup.wall_ms, 11);
	assert_int_equal(setup.cpu_s, 12);
	assert_int_equal(setup.memory_mb, 13);
	assert_int_equal(setup.max_output, 2 * LETTER_MAX);
	assert_int_equal(setup.max_keys, 18);
	assert_int_equal(setup.max_hidden, 19);
	talloc_free(e);
}

/* Does a sentence name this setting, as a word? */
static bool
is_named(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = text; (at = strstr(at, name)) != NULL; at += len)
		if (at > text && at[-1] == ' ' && strchr(", ", at[len]) != NULL)
			return true;
	return false;
}

static void
test_reasons_name_every_limit(void **state)
{
	const struct section *limits = section_find("limits");

	for (size_t i = 0; i < limits->nkeys; i++) {
		const char *name = limits->keys[i].name;
		bool named = strstr(name, "_per_hour") != NULL;

		for (int r = REASON_NONE; r < REASON_COUNT; r++)
			named |= is_named(reason_text((enum reason)r), name);
		if (!named)
			fail_msg("no reason names %s", name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_read),
	    cmocka_unit_test(test_vault),
	    cmocka_unit_test(test_reasons_name_every_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
