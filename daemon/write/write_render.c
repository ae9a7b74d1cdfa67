/*
 * write_render.c - template and facts to the text of a mail.
 *
 * Runs in the engine.  Pure.  Facts may hold what a stranger wrote: they are
 * put in as text and never read as a template again, and what a terminal or
 * a header could take for a command is escaped or refused.  A fact of many
 * lines repeats the blanks and ">" before it on each, so that `> {{text}}`
 * quotes the whole.
 */
#include "write_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

#define DRAFT_MAX ((size_t)64 << 20)
#define FACTS_MOST 64

struct render {
	void *scratch;
	enum mail_kind kind;
	const char *values[FACTS_MOST]; /* by index; NULL: not there */
	bool subject;
	struct buf *out;
	size_t line_start; /* where the line being made begins in out */
	bool vanishes;     /* should nothing but blanks come of it */
	struct error *err;
};

/* The line that has just ended, or that a fact goes on with. */
static int
line_new(struct render *r)
{
	if (buf_add(r->out, "\n", 1, r->err) != 0)
		return -1;
	r->line_start = r->out->len;
	return 0;
}

static bool
only(const struct render *r, const char *set)
{
	for (size_t i = r->line_start; i < r->out->len; i++)
		if (strchr(set, r->out->data[i]) == NULL)
			return false;
	return true;
}

/* Empty lines that meet where a block is gone become one. */
static bool
is_second_blank(const struct render *r)
{
	size_t len = r->out->len;

	return len == r->line_start &&
	       (len == 0 ||
		   (len > 1 && memcmp(r->out->data + len - 2, "\n\n", 2) == 0));
}

static int
line_done(struct render *r)
{
	bool gone = r->vanishes && only(r, " \t");

	r->vanishes = false;
	if (!gone && !is_second_blank(r))
		return line_new(r);
	r->out->len = r->line_start;
	return 0;
}

/* One line of a fact; what stands before it on its line is given. */
static int
fact_line(struct render *r, const char *line, size_t len)
{
	char *raw = talloc_strndup(r->scratch, line, len);
	char *safe = raw != NULL ? text_escape(raw, raw, true) : NULL;
	int rc;

	if (safe == NULL)
		return error_set(r->err, FAULT_RETRY, "out of memory");
	rc = buf_add(r->out, safe, strlen(safe), r->err);
	talloc_free(raw);
	return rc;
}

/* Goes on in a new line with the prefix; an empty one ends without blanks. */
static int
fact_break(struct render *r, const char *prefix, bool empty)
{
	size_t len = strlen(prefix);

	while (empty && len > 0 && prefix[len - 1] != '>')
		len--;
	if (line_new(r) != 0)
		return -1;
	return buf_add(r->out, prefix, len, r->err);
}

static int
fact_lines(struct render *r, const char *value)
{
	size_t len = strlen(value);
	char *prefix = talloc_strdup(r->scratch, "");

	if (only(r, " \t>") && r->out->len > r->line_start)
		prefix = talloc_strndup(r->scratch,
		    (const char *)r->out->data + r->line_start,
		    r->out->len - r->line_start);
	if (prefix == NULL)
		return error_set(r->err, FAULT_RETRY, "out of memory");
	/* The line end behind {{name}} is the template's. */
	while (len > 0 && value[len - 1] == '\n')
		len--;
	for (;;) {
		const char *end = memchr(value, '\n', len);
		size_t part = end != NULL ? (size_t)(end - value) : len;

		if (fact_line(r, value, part) != 0)
			return -1;
		if (end == NULL)
			return 0;
		value += part + 1;
		len -= part + 1;
		if (fact_break(r, prefix, *value == '\n') != 0)
			return -1;
	}
}

static int
put_fact(struct render *r, size_t fact)
{
	const char *value = r->values[fact];
	char *safe;

	if (value == NULL) {
		r->vanishes = true;
		return 0;
	}
	if (!r->subject)
		return fact_lines(r, value);
	safe = text_escape(r->scratch, value, false);
	if (safe == NULL)
		return error_set(r->err, FAULT_RETRY, "out of memory");
	if (strcmp(safe, value) != 0)
		return error_set(r->err, FAULT_INPUT,
		    "the fact %s may not stand in the subject of a mail: it "
		    "holds a line break or a control character",
		    write_fact_names(r->kind)[fact]);
	return buf_add(r->out, value, strlen(value), r->err);
}

static int
put_pieces(struct render *r, const struct pieces *p)
{
	int rc = 0;

	for (size_t i = 0; i < p->n && rc == 0; i++) {
		const struct piece *one = &p->list[i];
		bool there = r->values[one->fact] != NULL;

		switch (one->kind) {
		case PIECE_TEXT:
			rc = buf_add(
			    r->out, one->text, strlen(one->text), r->err);
			break;
		case PIECE_LINE:
			rc = line_done(r);
			break;
		case PIECE_FACT:
			rc = put_fact(r, one->fact);
			break;
		case PIECE_IF:
		case PIECE_UNLESS:
			r->vanishes = true;
			if (there != (one->kind == PIECE_IF))
				i = one->end;
			break;
		case PIECE_END:
			r->vanishes = true;
			break;
		}
	}
	return rc;
}

/* The text made of a part, without blanks or empty lines at its ends. */
static const char *
render_part(
    const void *ctx, struct render *r, const struct pieces *p, bool subject)
{
	uint8_t edge = subject ? ' ' : '\n';
	struct bytes made;
	char *text;

	r->out = buf_new(r->scratch, DRAFT_MAX);
	r->subject = subject;
	r->line_start = 0;
	r->vanishes = false;
	if (r->out == NULL) {
		error_set(r->err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	if (put_pieces(r, p) != 0)
		return NULL;
	made = buf_bytes(r->out);
	while (made.len > 0 && made.data[made.len - 1] == edge)
		made.len--;
	while (made.len > 0 && made.data[0] == edge)
		made = bytes_of(made.data + 1, made.len - 1);
	text = talloc_asprintf(ctx, "%.*s%s", (int)made.len,
	    made.len > 0 ? (const char *)made.data : "", subject ? "" : "\n");
	if (text == NULL)
		error_set(r->err, FAULT_RETRY, "out of memory");
	return text;
}

static int
take_facts(struct render *r, const struct fact *facts, size_t nfacts)
{
	for (size_t i = 0; i < nfacts; i++) {
		const char *name = facts[i].name;
		int at = fact_index(r->kind, name, strlen(name));

		if (at < 0 || at >= FACTS_MOST)
			return error_set(r->err, FAULT_BUG,
			    "a mail of kind %s knows no fact %s",
			    mail_kind_name(r->kind), name);
		if (facts[i].value != NULL && facts[i].value[0] != '\0')
			r->values[at] = facts[i].value;
	}
	return 0;
}

int
write_render(const void *ctx, const struct templates *t, enum mail_kind kind,
    const char *language, const struct fact *facts, size_t nfacts,
    struct draft_text *draft, struct error *err)
{
	struct render r = {.kind = kind, .err = err};
	size_t at = 0;
	int rc = -1;

	*draft = (struct draft_text){0};
	while (at < LANGUAGES &&
	       (language == NULL || strcmp(write_languages[at], language) != 0))
		at++;
	if (at == LANGUAGES || kind < MAIL_ACKNOWLEDGE ||
	    kind >= MAIL_KIND_COUNT)
		return error_set(err, FAULT_SETUP,
		    "there is no template %s in the language %s",
		    mail_kind_name(kind), language != NULL ? language : "?");
	r.scratch = talloc_new(ctx);
	if (r.scratch == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (take_facts(&r, facts, nfacts) != 0)
		goto out;
	draft->subject = render_part(ctx, &r, &t->of[at][kind].subject, true);
	if (draft->subject == NULL)
		goto out;
	draft->body = render_part(ctx, &r, &t->of[at][kind].body, false);
	if (draft->body != NULL)
		rc = 0;
out:
	talloc_free(r.scratch);
	return rc;
}
