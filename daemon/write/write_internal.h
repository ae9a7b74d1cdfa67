/*
 * write_internal.h - what the files of write/ share.
 *
 * A template is parsed once into pieces: text, line ends, facts, and blocks
 * that know where they end.  Rendering is one walk over them.
 */
#ifndef PSIRTD_WRITE_INTERNAL_H
#define PSIRTD_WRITE_INTERNAL_H

#include <stdbool.h>

#include "psirtd/write.h"

#define LANGUAGES 2

extern const char *const write_languages[LANGUAGES]; /* folders, facts */

enum piece_kind {
	PIECE_TEXT,
	PIECE_LINE,   /* the end of a line */
	PIECE_FACT,   /* {{name}} */
	PIECE_IF,     /* {{?name}} */
	PIECE_UNLESS, /* {{!name}} */
	PIECE_END,    /* {{/name}} */
};

struct piece {
	enum piece_kind kind;
	const char *text; /* PIECE_TEXT */
	size_t fact;      /* index in write_fact_names(); else 0 */
	int line;
	size_t end; /* PIECE_IF, PIECE_UNLESS: index of its PIECE_END */
};

struct pieces {
	struct piece *list;
	size_t n;
};

struct template
{
	struct pieces subject;
	struct pieces body;
};

struct templates {
	struct template of[LANGUAGES][MAIL_KIND_COUNT];
};

/* What is wrong with the templates: "file:line: sentence" lines. */
struct faults {
	char *text; /* NULL: nothing yet */
	unsigned count;
	const char *file; /* the one that is being read */
	bool no_memory;
};

void fault(struct faults *f, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- write_names.c ---- */

bool mail_kind_exists(enum mail_kind kind);
/* Index of a fact in write_fact_names(kind), or -1. */
int fact_index(enum mail_kind kind, const char *name, size_t len);
/* May stand in a subject, which every server on the way can read. */
bool fact_in_subject(const char *name, bool block);

/* ---- write_parse.c ---- */

/* Parses a whole file; what is wrong goes to faults. */
void template_parse(const void *ctx, const char *text, enum mail_kind kind,
    struct template *to, struct faults *f);

#endif
