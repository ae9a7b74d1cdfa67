/*
 * write_world.h - the shipped templates for their tests: loaded once, rendered
 * by a few words, and what holds for every mail.
 */
#ifndef TESTS_UNIT_WRITE_WORLD_H
#define TESTS_UNIT_WRITE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <talloc.h>

#include "psirtd/text.h"
#include "psirtd/write.h"

#define FOLDER "conf/templates"
#define FACTS_MOST 64
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static const char *const languages[] = {"en", "ja"};

struct world {
	struct templates *t;
};

static inline int
set_up(void **state)
{
	struct world *w = talloc_zero(NULL, struct world);
	char *errors = NULL;
	struct error err = {0};

	w->t = write_load(w, FOLDER, &errors, &err);
	if (w->t == NULL)
		print_message("%s%s\n", errors != NULL ? errors : "", err.text);
	*state = w;
	return w->t != NULL ? 0 : -1;
}

static inline int
tear_down(void **state)
{
	talloc_free(*state);
	return 0;
}

static inline struct draft_text
render(const struct world *w, const void *ctx, enum mail_kind kind,
    const char *language, const struct fact *facts, size_t n)
{
	struct draft_text draft;
	struct error err = {0};

	if (write_render(ctx, w->t, kind, language, facts, n, &draft, &err) !=
	    0)
		fail_msg("%s %s: %s", language, mail_kind_name(kind), err.text);
	return draft;
}

/* Every fact the kind knows, with its own name as value. */
static inline size_t
all_facts(enum mail_kind kind, struct fact *facts)
{
	const char *const *names = write_fact_names(kind);
	size_t n = 0;

	for (; names[n] != NULL; n++)
		facts[n] = (struct fact){names[n], names[n]};
	assert_true(n > 0 && n < FACTS_MOST);
	return n;
}

/* What holds for every mail, whatever its facts. */
static inline void
check_mail(struct draft_text draft)
{
	const char *body = draft.body;

	assert_true(strlen(draft.subject) > 5);
	assert_null(strpbrk(draft.subject, "\r\n"));
	assert_null(strstr(draft.subject, "[]"));
	assert_false(draft.subject[0] == ' ');
	assert_null(strstr(draft.subject, "{{"));
	assert_null(strstr(body, "{{"));
	assert_null(strstr(body, "}}"));
	assert_null(strstr(body, "\n\n\n"));
	assert_null(strstr(body, "()"));
	assert_false(body[0] == '\n');
	assert_true(strlen(body) > 60);
	assert_true(body[strlen(body) - 1] == '\n');
	assert_true(text_valid(bytes_str(body)));
	/* Lines that every reader can show, and the RFC 3676 signature. */
	for (const char *end; *body != '\0'; body = end + 1) {
		char *line;

		end = strchr(body, '\n');
		line = talloc_strndup(NULL, body, (size_t)(end - body));
		if (text_width(line) > 78)
			fail_msg("too long: %s", line);
		if (line[0] != '\0' && line[strlen(line) - 1] == ' ')
			assert_string_equal(line, "-- ");
		talloc_free(line);
	}
	assert_non_null(strstr(draft.body, "\n-- \n"));
}

#endif
