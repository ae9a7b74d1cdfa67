/*
 * test_desk_numbered.c - which questions a letter answers by their numbers.
 */
#include "desk_world.h"

#include "psirtd/procedure.h"

static const unsigned asked[] = {1, 2, 12};

#define NASKED (sizeof(asked) / sizeof(asked[0]))

/* "1=… 2=…" of what is answered. */
static char *
answers_of(const void *ctx, const char *text)
{
	char **answers = desk_numbered(ctx, text, asked, NASKED);
	char *all = talloc_strdup(ctx, "");

	assert_non_null(answers);
	for (size_t i = 0; i < NASKED; i++)
		if (answers[i] != NULL)
			all = talloc_asprintf_append(
			    all, "%u=%s;", asked[i], answers[i]);
	return all;
}

static void
test_numbers_begin_answers(void **state)
{
	static const struct {
		const char *text, *answers;
	} rows[] = {
	    {"Dear all,\n1: It was 2.4.\n2: Port 80.\n",
		"1=It was 2.4.;2=Port 80.;"},
	    {"Q1 It was 2.4.", "1=It was 2.4.;"},
	    {"Question 2:\nport 80,\nand 81\n\nQuestion 1. yes",
		"1=yes;2=port 80,\nand 81;"},
	    {"質問1　2.4です\n質問２：80番", "1=2.4です;2=80番;"},
	    {"１． 2.4です\n２、80番\n12) 昨日", "1=2.4です;2=80番;12=昨日;"},
	    {"(2) port 80", "2=port 80;"},
	    {"No.1: yes", "1=yes;"},
	    {"1. first\n3. not asked\n", "1=first\n3. not asked;"},
	    {"1: one\n2: two\n1: more", "1=one\nmore;2=two;"},
	    {"1:\n2:\n", ""},
	    {"I am travelling and answer your questions next week.", ""},
	    {"2.4 is the firmware\n2:30 it began\n1st of May\n", ""},
	    {"2 of them are affected\na 1 MB file\n2026-01-01\n", ""},
	    {"12\n", ""},
	    {"", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		void *ctx = talloc_new(NULL);

		assert_string_equal(
		    answers_of(ctx, rows[i].text), rows[i].answers);
		talloc_free(ctx);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_numbers_begin_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
