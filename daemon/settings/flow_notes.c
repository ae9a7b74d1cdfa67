/*
 * flow_notes.c - guards that the shipped flows have and this file has not
 * (RULES 28).
 *
 * A vendor may take one away; `psirtd -n` says so, and the record has it.
 * The table is conf/flow-jpcert.conf and conf/flow-direct.conf once more, and
 * a test holds them together.  Pure.
 */
#include "flow_internal.h"

#include <string.h>

#include <talloc.h>

/* A guard of a step, of its mails or of a closing reason. */
struct shipped {
	enum flow flow;
	const char *step; /* NULL: of `close` */
	enum close_reason close;
	enum guard_kind kind;
	const char *of; /* REQUIRES_SENT: the step */
	enum answer_kind answer;
	const char *value;
};

#define J FLOW_JPCERT
#define D FLOW_DIRECT
#define NO_FINDER(step)                                                        \
	{                                                                      \
		J, step, 0, GUARD_NO_FINDER, NULL, 0, NULL                     \
	}
#define OF_STEP(flow, step, kind)                                              \
	{                                                                      \
		flow, step, 0, kind, NULL, 0, NULL                             \
	}
#define CLOSE(flow, reason, step)                                              \
	{                                                                      \
		flow, NULL, reason, GUARD_REQUIRES_SENT, step, 0, NULL         \
	}

static const struct shipped table[] = {
    NO_FINDER("1.4.1"),
    NO_FINDER("2.3.1"),
    NO_FINDER("2.6.1"),
    NO_FINDER("3.1.3"),
    NO_FINDER("4.1.2"),
    NO_FINDER("4.2.1"),
    NO_FINDER("4.2.2"),
    NO_FINDER("4.3.1"),
    NO_FINDER("4.3.2"),
    NO_FINDER("4.3.4"),
    NO_FINDER("4.4.2"),
    NO_FINDER("5.2.4"),
    {J, "1.4.1", 0, GUARD_ANSWERED, NULL, ANSWER_DETAILS, "yes"},
    OF_STEP(J, "4.2.2", GUARD_CONSENT),
    OF_STEP(J, "4.2.2", GUARD_NDA),
    OF_STEP(J, "4.3.2", GUARD_AGREEMENT),
    OF_STEP(J, "5.2.5", GUARD_NOT_BEFORE),
    OF_STEP(D, "5.1.2", GUARD_NOT_BEFORE),
    {J, "4.3.4", 0, GUARD_REQUIRES_SENT, "4.3.2", 0, NULL},
    {D, "5.1.2", 0, GUARD_REQUIRES_SENT, "4.2.1", 0, NULL},
    CLOSE(J, CLOSE_PUBLISHED, "4.4.2"),
    {J, NULL, CLOSE_PUBLISHED, GUARD_NOT_BEFORE, NULL, 0, NULL},
    CLOSE(J, CLOSE_CUSTOMERS, "4.3.2"),
    CLOSE(J, CLOSE_CUSTOMERS, "4.3.4"),
    {J, NULL, CLOSE_CUSTOMERS, GUARD_AGREEMENT, NULL, 0, NULL},
    CLOSE(J, CLOSE_NOT_REPRODUCIBLE, "2.6.1"),
    CLOSE(J, CLOSE_NOT_A_VULNERABILITY, "2.6.1"),
    CLOSE(J, CLOSE_DECLINED, "1.4.1"),
    CLOSE(D, CLOSE_PUBLISHED, "5.1.2"),
    CLOSE(D, CLOSE_CUSTOMERS, "4.2.1"),
    CLOSE(D, CLOSE_CUSTOMERS, "5.1.2"),
    CLOSE(D, CLOSE_NOT_REPRODUCIBLE, "2.6.1"),
    CLOSE(D, CLOSE_NOT_A_VULNERABILITY, "2.6.1"),
};

static bool
is_that(const struct guard *g, const struct shipped *s)
{
	return g->kind == s->kind &&
	       (s->of == NULL ||
		   (g->step != NULL && strcmp(g->step, s->of) == 0)) &&
	       (s->answer == 0 || g->answer == s->answer) &&
	       (s->value == NULL ||
		   (g->value != NULL && strcmp(g->value, s->value) == 0));
}

static bool
is_among(const struct guard *guards, size_t n, const struct shipped *s)
{
	for (size_t i = 0; i < n; i++)
		if (is_that(&guards[i], s))
			return true;
	return false;
}

static bool
step_has(const struct flow_step *step, const struct shipped *s)
{
	if (is_among(step->guards, step->nguards, s))
		return true;
	for (size_t i = 0; i < step->nmails; i++)
		if (is_among(step->mails[i].guards, step->mails[i].nguards, s))
			return true;
	return false;
}

/* The guard as the file would have it. */
static const char *
guard_text(const void *ctx, const struct shipped *s)
{
	if (s->kind == GUARD_REQUIRES_SENT)
		return talloc_asprintf(
		    ctx, "%s: %s", guard_name(s->kind), s->of);
	if (s->kind == GUARD_ANSWERED)
		return talloc_asprintf(ctx, "%s: %s = %s", guard_name(s->kind),
		    answer_rule(s->answer)->name, s->value);
	return guard_name(s->kind);
}

static char *
note_of_step(char *notes, const struct flow_file *f, const struct shipped *s)
{
	const struct flow_step *step = flow_step(f, s->step);

	/* A step that is gone sends nothing. */
	if (step == NULL || step_has(step, s))
		return notes;
	return talloc_asprintf_append(notes,
	    "%s:%d: note: step %s has no guard \"%s\", which the flow as "
	    "shipped has\n",
	    step->place.file, step->place.line, step->number,
	    guard_text(notes, s));
}

static char *
note_of_close(char *notes, const struct flow_file *f, const struct shipped *s)
{
	const struct place none = {f->path, 1};
	const struct place *place = &none;

	for (size_t i = 0; i < f->ncloses; i++) {
		const struct flow_close *close = &f->closes[i];

		if (close->reason != s->close)
			continue;
		if (is_among(close->guards, close->nguards, s))
			return notes;
		place = &close->place;
	}
	return talloc_asprintf_append(notes,
	    "%s:%d: note: close %s has no guard \"%s\", which the flow as "
	    "shipped has\n",
	    place->file, place->line, close_reason_name(s->close),
	    guard_text(notes, s));
}

char *
flow_notes(const void *ctx, const struct flow_file *f)
{
	char *notes = talloc_strdup(ctx, "");

	for (size_t i = 0; i < COUNT(table) && notes != NULL; i++) {
		if (table[i].flow != f->flow)
			continue;
		notes = table[i].step != NULL
			    ? note_of_step(notes, f, &table[i])
			    : note_of_close(notes, f, &table[i]);
	}
	if (notes != NULL && notes[0] == '\0')
		TALLOC_FREE(notes);
	return notes;
}
