/*
 * read_field.c - the fields of a report form, by their labels.
 *
 * Takes a text part and adds to the reading what stood behind each label it
 * knows (read_label.c): on the same line, or on the lines below up to the
 * next label, heading or rule.  A short value on the label's own line ends
 * with it: what follows is the finder's, and short ones are sent on before
 * anybody looked.  Quoted lines, armor and what stands below a signature's
 * "-- " are no fields; in a fenced block no label is looked for.
 * Values are pieces of the text, none of it twice, so all of it costs the
 * text's length.  Runs in the child of the read room.
 */
#include "read_line.h"

#include <string.h>

#include <talloc.h>

#define PART_MOST 128 /* fields of one part */
#define BLANKS_MOST 2 /* lines between a label and its value */

struct scan {
	const struct labels *labels;
	struct reading *r;
	uint32_t part;
	size_t room;       /* fields that may still be added */
	bool was_reporter; /* the label before was of the reporter */

	/* the field that is open; kind 0: none */
	uint32_t kind;
	const char *start; /* NULL: no value yet */
	const char *end;
	const char *before; /* where it ended before its last paragraph */
	unsigned lines;     /* of that paragraph */
	bool same_line;
	size_t indent;   /* of the label's line */
	unsigned blanks; /* empty lines before this line */

	bool fenced;
	bool armored;
};

/* ---- the open field ---- */

/* A label without a value is a form that was not filled in: no field. */
static int
close_field(struct scan *sc, struct error *err)
{
	size_t before = sc->r->nfields;
	uint32_t kind = sc->kind;

	sc->kind = 0;
	if (kind == 0 || sc->start == NULL || sc->end <= sc->start)
		return 0;
	if (field_add(sc->r, kind, sc->start, (size_t)(sc->end - sc->start),
		sc->part, err) != 0)
		return -1;
	sc->room -= sc->r->nfields - before;
	return 0;
}

static void
extend_field(struct scan *sc, struct line line)
{
	const char *s = line_blanks(line.s, line.end);
	size_t n;

	/* People put the colon of a label into the line below it, too. */
	if (sc->start == NULL && line_char(s, line.end, &n) == ':')
		s = line_blanks(s + n, line.end);
	/* With nothing behind it: the value stands below. */
	if (sc->start == NULL && s == line.end)
		return;
	if (sc->start == NULL)
		sc->start = sc->end = s;
	if (sc->blanks > 0) {
		sc->before = sc->end;
		sc->lines = 0;
	}
	sc->lines++;
	sc->end = line.end;
}

/* The blanks that a line begins with; a full-width one is two, a TAB ends at
 * eight. */
static size_t
indent_of(struct line line)
{
	size_t columns = 0;
	size_t n;

	for (const char *s = line.s; line_char(s, line.end, &n) == ' '; s += n)
		columns += *s == '\t' ? 8 - columns % 8 : n == 3 ? 2 : 1;
	return columns;
}

static int
open_field(struct scan *sc, uint32_t kind, const char *value, struct line line,
    struct error *err)
{
	if (close_field(sc, err) != 0)
		return -1;
	value = line_blanks(value, line.end);
	sc->indent = indent_of(line);
	sc->kind = kind;
	sc->was_reporter = kind == FIELD_REPORTER;
	sc->same_line = value < line.end;
	sc->start = sc->same_line ? value : NULL;
	sc->end = sc->before = line.end;
	sc->lines = 1;
	return 0;
}

/* ---- labels ---- */

static uint32_t
look_up(const struct scan *sc, const char *s, const char *end)
{
	return label_kind(sc->labels, s, (size_t)(end - s), sc->was_reporter);
}

/* "製品名（型番）", "製品名 / Product": the first of them will do. */
static uint32_t
look_up_loosely(const struct scan *sc, const char *s, const char *end)
{
	uint32_t kind = look_up(sc, s, end);
	size_t n;

	for (const char *at = s; kind == 0 && at < end; at += n) {
		gunichar c = line_char(at, end, &n);

		if (c == '(' || c == '/' || c == ',' || c == 0x30fb ||
		    c == 0x3001)
			return look_up(sc, s, at);
	}
	return kind;
}

/* "CVSS:3.1/AV:N/…": the label is part of the value. */
static bool
is_vector(const char *s, const char *end)
{
	gunichar c[4];
	size_t n;

	for (size_t i = 0; i < 4; i++, s += n)
		c[i] = line_char(s, end, &n);
	return g_unichar_isdigit(c[0]) && c[1] == '.' &&
	       g_unichar_isdigit(c[2]) && c[3] == '/';
}

/* In "【label】 value"; a colon may follow. */
static uint32_t
bracket_label(const struct scan *sc, struct line inside, const char *end,
    const char **value)
{
	unsigned marks;
	const char *s = line_marks(inside.s, inside.end, &marks);
	uint32_t kind = look_up_loosely(sc, s, inside.end);
	size_t n;

	*value = line_blanks(inside.next, end);
	if (line_char(*value, end, &n) == ':')
		*value += n;
	return kind;
}

/*
 * "Product | XYZ-100", a row of two cells.  What stands above such rows,
 * "Product | Version", is no field.
 */
static uint32_t
row_label(const struct scan *sc, struct line label, const char *end,
    const char **value)
{
	const char *cell = line_blanks(label.next, end);

	if (memchr(cell, '|', (size_t)(end - cell)) != NULL ||
	    look_up_loosely(sc, cell, end) != 0)
		return 0;
	*value = cell;
	return look_up_loosely(sc, label.s, label.end);
}

/*
 * The label that the line begins with, 0 for none; *value is what stands
 * behind it.  alone: a label may be the whole line, without any mark.
 */
static uint32_t
find_label(
    const struct scan *sc, struct line line, bool alone, const char **value)
{
	struct line inside;
	unsigned marks;
	const char *label = line_marks(line.s, line.end, &marks);
	unsigned questions = 0;
	uint32_t kind;
	size_t n;

	*value = line.end;
	if (line_bracket(label, line.end, &inside))
		return bracket_label(sc, inside, line.end, value);
	for (const char *s = label; s < line.end; s += n) {
		gunichar c = line_char(s, line.end, &n);

		if (s - label > LINE_LABEL_MOST || questions > 2)
			return 0;
		if (c == '|')
			return row_label(sc, (struct line){label, s, s + n},
			    line.end, value);
		if (c != ':' && c != '?')
			continue;
		kind = c == ':' ? look_up_loosely(sc, label, s)
				: look_up(sc, label, s);
		if (c == '?' && kind == 0) {
			questions++;
			continue;
		}
		*value = s + n;
		if (kind == FIELD_SCORE && is_vector(*value, line.end))
			*value = label;
		if (c == '?' && line_char(*value, line.end, &n) == ':')
			*value += n;
		/* "**label:** value" */
		while ((marks & MARK_STRONG) != 0 && *value < line.end &&
		       (**value == '*' || **value == '_'))
			(*value)++;
		return kind;
	}
	return marks != 0 || alone ? look_up(sc, label, line.end) : 0;
}

/* ---- lines ---- */

/* Folded, as a header is, or a list that was broken at its comma. */
static bool
is_continued(const struct scan *sc, struct line line)
{
	const char *last = g_utf8_prev_char(sc->end);
	size_t n;
	gunichar c = line_char(last, sc->end, &n);

	return c == ',' || c == 0x3001 || indent_of(line) > sc->indent;
}

/* Does the field that is open end before this line of no known label? */
static bool
ends_before(const struct scan *sc, struct line line)
{
	unsigned marks;
	bool shape;

	if (line_is_farewell(line) || line_is_heading(line))
		return true;
	if (sc->start == NULL)
		return sc->blanks > BLANKS_MOST;
	line_marks(line.s, line.end, &marks);
	shape = line_has_shape(line);
	if (!field_is_long(sc->kind))
		return shape || (sc->same_line &&
				    (marks != 0 || !is_continued(sc, line)));
	return (marks & MARK_BULLET) != 0 && shape &&
	       (sc->same_line || sc->blanks > 0);
}

static int
take_blank(struct scan *sc, struct error *err)
{
	sc->blanks++;
	if (sc->kind != 0 && sc->start != NULL &&
	    (sc->same_line || !field_is_long(sc->kind)))
		return close_field(sc, err);
	return 0;
}

static int
take_rule(struct scan *sc, struct line line, struct error *err)
{
	/* The line that underlines the label itself. */
	if (sc->kind != 0 && sc->start == NULL && sc->blanks == 0)
		return 0;
	/* One that underlines a heading: that is no part of the value. */
	if (sc->lines == 1 && sc->before > sc->start &&
	    *line_blanks(line.s, line.end) == '=')
		sc->end = sc->before;
	return close_field(sc, err);
}

static bool
begins(struct line line, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(line.end - line.s) >= len &&
	       memcmp(line.s, text, len) == 0;
}

/* Armor, its "Version:" included, is no form.  True: the line is done. */
static bool
skip_armor(struct scan *sc, struct line line)
{
	if (sc->armored) {
		sc->armored = !begins(line, "-----END PGP");
		return true;
	}
	if (!begins(line, "-----BEGIN PGP"))
		return false;
	/* What is signed in clear stands in clear. */
	sc->armored = !begins(line, "-----BEGIN PGP SIGNED");
	return true;
}

static bool
is_fence(struct line line)
{
	const char *s = line_blanks(line.s, line.end);

	return line.end - s >= 3 && memcmp(s, "```", 3) == 0;
}

/* "| a | b |" without its outer bars. */
static struct line
bare_row(struct line line)
{
	const char *s = line_blanks(line.s, line.end);

	if (s == line.end || *s != '|')
		return line;
	line.s = s + 1;
	if (line.end > line.s && line.end[-1] == '|')
		line.end--;
	while (line.end > line.s && line.end[-1] == ' ')
		line.end--;
	return line;
}

static int
take_text(struct scan *sc, struct line line, bool underlined, struct error *err)
{
	const char *value;
	uint32_t kind =
	    find_label(sc, line, sc->blanks > 0 || underlined, &value);
	int rc = 0;

	if (kind != 0) {
		rc = open_field(sc, kind, value, line, err);
	} else if (sc->kind != 0) {
		if (ends_before(sc, line))
			rc = close_field(sc, err);
		else
			extend_field(sc, line);
	}
	sc->blanks = 0;
	return rc;
}

static int
take_line(struct scan *sc, struct line line, const char *end, struct error *err)
{
	bool fence = is_fence(line);

	if (fence || sc->fenced) {
		sc->fenced = fence ? !sc->fenced : sc->fenced;
		if (sc->same_line && !field_is_long(sc->kind))
			return close_field(sc, err);
		if (sc->kind != 0 && line.end > line.s) {
			extend_field(sc, line);
			sc->blanks = 0;
		}
		return 0;
	}
	if (line.s == line.end)
		return take_blank(sc, err);
	if (line_is_rule(line)) {
		int rc = take_rule(sc, line, err);

		sc->blanks = sc->kind == 0;
		return rc;
	}
	if (line_is_quoted(line)) {
		sc->blanks = 0;
		return close_field(sc, err);
	}
	return take_text(sc, bare_row(line),
	    line.next < end && line_is_rule(line_next(line.next, end)), err);
}

int
labels_find(const struct labels *labels, const char *text, size_t len,
    uint32_t part, struct reading *r, struct error *err)
{
	struct scan sc = {labels, r, part, PART_MOST, .blanks = 1};
	const char *end = text;
	struct line line;

	/* Nothing here may trust the caller that it is UTF-8. */
	if (len > 0)
		g_utf8_validate(text, (gssize)len, &end);
	if (r->nfields > FIELDS_MOST - PART_MOST)
		sc.room = FIELDS_MOST - r->nfields;
	for (const char *s = text; s < end && sc.room > 0; s = line.next) {
		line = line_next(s, end);
		if (line.next - s == 4 && memcmp(s, "-- \n", 4) == 0)
			break;
		if (skip_armor(&sc, line)) {
			if (close_field(&sc, err) != 0)
				return -1;
			continue;
		}
		if (take_line(&sc, line, end, err) != 0)
			return -1;
	}
	return sc.room > 0 ? close_field(&sc, err) : 0;
}
