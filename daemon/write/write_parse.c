/*
 * write_parse.c - a template's text to pieces, every mistake with its line.
 *
 * Runs in the engine, once at start.  Takes one file's text; gives subject
 * and body as pieces.  Reads to the end whatever is wrong, so that one run
 * tells all of it.  Knows no facts but their names.
 */
#include "write_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

#define SUBJECT "Subject:"
#define BLOCKS_DEEP 16
#define NAME_SHOWN 40 /* of an unknown name, in its message */

struct parser {
	const void *ctx;
	enum mail_kind kind;
	bool subject;
	int line;
	struct pieces *to;
	size_t open[BLOCKS_DEEP]; /* indices of blocks not closed yet */
	size_t nopen;
	struct faults *f;
};

static void
add_piece(struct parser *p, enum piece_kind kind, const char *text, size_t fact)
{
	struct pieces *to = p->to;
	struct piece *list =
	    talloc_realloc(p->ctx, to->list, struct piece, to->n + 1);

	if (list == NULL) {
		p->f->no_memory = true;
		return;
	}
	to->list = list;
	to->list[to->n++] = (struct piece){kind, text, fact, p->line, 0};
}

static void
add_text(struct parser *p, const char *from, const char *until)
{
	char *text;

	if (from == until)
		return;
	text = talloc_strndup(p->ctx, from, (size_t)(until - from));
	if (text == NULL)
		p->f->no_memory = true;
	else
		add_piece(p, PIECE_TEXT, text, 0);
}

/* Every name this kind may use, for the message about one it may not. */
static char *
names_of(const void *ctx, enum mail_kind kind)
{
	const char *const *names = write_fact_names(kind);
	char *all = talloc_strdup(ctx, "");

	for (size_t i = 0; names[i] != NULL && all != NULL; i++)
		all = talloc_asprintf_append(
		    all, "%s%s", i > 0 ? ", " : "", names[i]);
	return all;
}

static void
close_block(struct parser *p, size_t fact, const char *name)
{
	const struct piece *open;

	if (p->nopen == 0) {
		fault(p->f, p->line, "{{/%s}} closes nothing", name);
		return;
	}
	open = &p->to->list[p->open[p->nopen - 1]];
	if (open->fact != fact)
		fault(p->f, p->line,
		    "{{/%s}} stands where the block of {{%c%s}} in line %d is "
		    "to be closed",
		    name, open->kind == PIECE_IF ? '?' : '!',
		    write_fact_names(p->kind)[open->fact], open->line);
	p->to->list[p->open[--p->nopen]].end = p->to->n;
	add_piece(p, PIECE_END, NULL, fact);
}

static void
open_block(struct parser *p, enum piece_kind kind, size_t fact)
{
	if (p->nopen == BLOCKS_DEEP) {
		fault(p->f, p->line, "more than %d blocks in each other",
		    BLOCKS_DEEP);
		return;
	}
	p->open[p->nopen++] = p->to->n;
	add_piece(p, kind, NULL, fact);
}

/* What stands between {{ and }}. */
static void
parse_tag(struct parser *p, const char *from, const char *until)
{
	char sign = from < until ? *from : '\0';
	bool block = sign == '?' || sign == '!' || sign == '/';
	char *name =
	    talloc_strndup(p->f, from + block, (size_t)(until - from) - block);
	int fact;

	if (name == NULL) {
		p->f->no_memory = true;
		return;
	}
	fact = fact_index(p->kind, name, strlen(name));
	if (fact < 0) {
		fault(p->f, p->line,
		    "unknown name \"%s\": a mail of kind %s may use %s",
		    text_cut(name, text_escape(name, name, false), NAME_SHOWN),
		    mail_kind_name(p->kind), names_of(name, p->kind));
	} else if (p->subject && !fact_in_subject(name, block)) {
		fault(p->f, p->line,
		    "{{%s}} may not stand in a subject, which travels in clear",
		    name);
	} else if (sign == '?') {
		open_block(p, PIECE_IF, (size_t)fact);
	} else if (sign == '!') {
		open_block(p, PIECE_UNLESS, (size_t)fact);
	} else if (sign == '/') {
		close_block(p, (size_t)fact, name);
	} else {
		add_piece(p, PIECE_FACT, NULL, (size_t)fact);
	}
	talloc_free(name);
}

static const char *
find(const char *from, const char *until, const char *what)
{
	return memmem(from, (size_t)(until - from), what, strlen(what));
}

static void
parse_line(struct parser *p, const char *from, const char *until)
{
	for (;;) {
		const char *open = find(from, until, "{{");
		const char *close =
		    find(open != NULL ? open : from, until, "}}");
		const char *stray =
		    find(from, open != NULL ? open : until, "}}");

		if (stray != NULL)
			fault(p->f, p->line, "}} without a {{ before it");
		if (open == NULL)
			break;
		if (close == NULL) {
			fault(p->f, p->line, "{{ without a }} in its line");
			return;
		}
		add_text(p, from, open);
		parse_tag(p, open + 2, close);
		from = close + 2;
	}
	add_text(p, from, until);
}

/* Blocks end where the part they stand in ends. */
static void
parse_end(struct parser *p)
{
	while (p->nopen > 0) {
		struct piece *open = &p->to->list[p->open[--p->nopen]];

		fault(p->f, open->line, "the block of {{%c%s}} is not closed",
		    open->kind == PIECE_IF ? '?' : '!',
		    write_fact_names(p->kind)[open->fact]);
		open->end = p->to->n;
	}
}

static bool
is_blank(const char *from, const char *until)
{
	return from + strspn(from, " \t\n") >= until;
}

static const char *
line_end(const char *text)
{
	return strchrnul(text, '\n');
}

/* Gives what stands behind the subject and its empty line. */
static const char *
parse_subject(struct parser *p, const char *text)
{
	const char *end = line_end(text);

	p->line = 1;
	if (strncmp(text, SUBJECT, strlen(SUBJECT)) != 0) {
		fault(p->f, 1, "the first line must be \"Subject: ...\"");
		return text;
	}
	text += strlen(SUBJECT);
	text += strspn(text, " ");
	if (is_blank(text, end))
		fault(p->f, 1, "the subject is empty");
	parse_line(p, text, end);
	parse_end(p);
	if (*end == '\0')
		return end;
	text = end + 1;
	if (*text != '\n') {
		fault(p->f, 2, "an empty line must follow the subject");
		return text;
	}
	p->line = 2;
	return text + 1;
}

void
template_parse(const void *ctx, const char *text, enum mail_kind kind,
    struct template *to, struct faults *f)
{
	struct parser p = {.ctx = ctx, .kind = kind, .f = f};

	p.to = &to->subject;
	p.subject = true;
	text = parse_subject(&p, text);
	p.to = &to->body;
	p.subject = false;
	if (is_blank(text, strchr(text, '\0')))
		fault(f, p.line, "there is no text below the subject");
	while (*text != '\0') {
		const char *end = line_end(text);

		p.line++;
		parse_line(&p, text, end);
		add_piece(&p, PIECE_LINE, NULL, 0);
		text = *end == '\n' ? end + 1 : end;
	}
	parse_end(&p);
}
