/*
 * settings_braces.c - is every "{" of psirtd.conf closed?
 *
 * libconfuse takes the end of the file for the end of every section that is
 * still open, so half a file would pass as a whole one.  Takes the text as
 * settings_text.c leaves it (no comments, every quote closed) and tells each
 * section and list that is not closed by the line it begins on.  Where one
 * was forgotten in the middle, what stands behind it shows that: a section
 * that cannot stand there, a "=" in a list.  Runs in the engine.
 */
#include "settings_internal.h"

#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

struct brace {
	bool list;
	int line;
	const char *name;
	const char *title; /* NULL: none */
	char *start;       /* of its name in the text */
};

struct braces {
	void *ctx;
	const struct grammar *grammar;
	char *at;
	int line;
	struct brace *open; /* the innermost last */
	size_t nopen;
	struct brace now; /* what is being said: name, title, "=" */
	bool value;       /* the "=" was there */
	/* The first sign that some were forgotten, and which. */
	struct brace *lost;
	size_t nlost;
	char *lost_at; /* up to here the text means what it says */
};

static void
statement_end(struct braces *b)
{
	b->now = (struct brace){0};
	b->value = false;
}

/* What is open above `level` should have ended before `at`. */
static void
braces_lost(struct braces *b, size_t level, char *at)
{
	if (b->nlost > 0)
		return;
	b->nlost = b->nopen - level;
	b->lost = talloc_memdup(
	    b->ctx, &b->open[level], b->nlost * sizeof(b->open[0]));
	if (b->lost == NULL)
		abort(); /* an error that cannot be told is no success */
	b->lost_at = at;
}

/* How many may be open around a section of this name; SIZE_MAX: any. */
static size_t
level_of(const struct braces *b, const char *name)
{
	const struct section *s =
	    name == NULL ? NULL : grammar_section(b->grammar, name);

	if (s == NULL || s->parent == NULL)
		return SIZE_MAX;
	if (strcmp(s->parent, "root") == 0)
		return 0;
	for (size_t i = b->nopen; i > 0; i--)
		if (b->open[i - 1].name != NULL &&
		    strcmp(b->open[i - 1].name, s->parent) == 0)
			return i;
	return SIZE_MAX;
}

static bool
in_list(const struct braces *b)
{
	return b->nopen > 0 && b->open[b->nopen - 1].list;
}

static void
brace_open(struct braces *b)
{
	if (b->now.start == NULL)
		b->now = (struct brace){.line = b->line, .start = b->at};
	b->now.list = b->value;
	if (in_list(b))
		braces_lost(b, b->nopen - 1, b->open[b->nopen - 1].start);
	else if (!b->value && level_of(b, b->now.name) < b->nopen)
		braces_lost(b, level_of(b, b->now.name), b->now.start);
	b->open = talloc_realloc(b->ctx, b->open, struct brace, b->nopen + 1);
	if (b->open == NULL)
		abort();
	b->open[b->nopen++] = b->now;
	statement_end(b);
	b->at++;
}

/* A word or something quoted; gives its text without the quotes. */
static const char *
braces_word(struct braces *b)
{
	const char *from = b->at;
	char quote = *b->at;

	if (quote != '"' && quote != '\'') {
		b->at += strcspn(b->at, " \"'\t\r\n={}()+,");
		return talloc_strndup(b->ctx, from, (size_t)(b->at - from));
	}
	from++;
	for (b->at++; *b->at != quote && *b->at != '\0'; b->at++) {
		if (*b->at == '\\' && b->at[1] != '\0')
			b->at++;
		b->line += *b->at == '\n';
	}
	if (*b->at == quote)
		b->at++;
	return talloc_strndup(b->ctx, from, (size_t)(b->at - 1 - from));
}

static void
take_word(struct braces *b)
{
	struct brace now = {.line = b->line, .start = b->at};

	now.name = braces_word(b);
	if (in_list(b))
		return;
	if (b->value)
		statement_end(b);
	else if (b->now.name == NULL)
		b->now = now;
	else
		b->now.title = now.name;
}

/* False: a "}" closes nothing; libconfuse says that. */
static bool
braces_walk(struct braces *b)
{
	while (*b->at != '\0') {
		switch (*b->at) {
		case '{':
			brace_open(b);
			continue;
		case '}':
			if (b->nopen == 0)
				return false;
			b->nopen--;
			statement_end(b);
			break;
		case '=':
			if (in_list(b))
				braces_lost(b, b->nopen - 1,
				    b->open[b->nopen - 1].start);
			b->value = !in_list(b);
			break;
		case '\n':
			b->line++;
			break;
		default:
			if (strchr(" \t\r()+,", *b->at) != NULL)
				break;
			take_word(b);
			continue;
		}
		b->at++;
	}
	return true;
}

bool
settings_closed(
    const void *ctx, const struct grammar *g, char *text, struct problems *p)
{
	struct braces b = {talloc_new(ctx), g, .at = text, .line = 1};

	if (b.ctx == NULL)
		abort();
	if (!braces_walk(&b) || b.nopen == 0) {
		talloc_free(b.ctx);
		return true;
	}
	/* No sign before: half a statement at the end says nothing either. */
	braces_lost(&b, 0,
	    in_list(&b)           ? b.open[b.nopen - 1].start
	    : b.now.start != NULL ? b.now.start
				  : b.at);
	for (size_t i = 0; i < b.nlost; i++) {
		const struct brace *lost = &b.lost[i];
		const char *title = lost->title;

		title = title == NULL
			    ? ""
			    : talloc_asprintf(b.ctx, " \"%s\"",
				  text_cut(b.ctx,
				      text_escape(b.ctx, title, false), 60));
		problem(p, lost->line, "%s%s%s is not closed: put } behind it",
		    lost->list ? "the list of " : "",
		    lost->name == NULL ? "{" : lost->name, title);
	}
	*b.lost_at = '\0';
	talloc_free(b.ctx);
	return false;
}
