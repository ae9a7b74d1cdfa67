/*
 * write.h - templates and facts to drafts.  Pure but for reading the
 * templates once.
 *
 * A template is conf/templates/{en,ja}/KIND.txt: "Subject: …", an empty line,
 * the body.  {{name}} is a fact, {{?name}}…{{/name}} a block kept when the
 * fact is there, {{!name}}…{{/name}} when it is not.  An unknown name is an
 * error of the check, with file:line.  A line that only blocks or absent facts
 * stood on vanishes; empty lines that meet become one; a fact of many lines
 * repeats the blanks and ">" that stand before it, so `> {{text}}` quotes.  A
 * subject may hold number, tracking, organization and count alone, and ask
 * for receipt_only in a block.
 */
#ifndef PSIRTD_WRITE_H
#define PSIRTD_WRITE_H

#include "psirtd/settings.h"

enum mail_kind {
	MAIL_ACKNOWLEDGE = 1, /* to the sender of a new report */
	MAIL_RESEND,          /* could not be opened: please send again */
	MAIL_OVERVIEW,        /* to a department's contact */
	MAIL_DETAILS,         /* the same with what `psirt route` hands on */
	MAIL_NOTICE,          /* to a contact without OpenPGP */
	MAIL_ALERT,           /* to the desk: numbers and reasons alone */
	MAIL_KIND_COUNT,
};

struct fact {
	const char *name;
	const char *value; /* NULL or "": not there */
};

struct templates;

struct draft_text {
	const char *subject;
	const char *body;
};

/* Loads and checks every kind in both languages. */
struct templates *write_load(
    const void *ctx, const char *folder, char **errors, struct error *err);
/*
 * Renders.  FAULT_SETUP: no such template; FAULT_BUG: a fact is unknown;
 * FAULT_INPUT: a fact with a line break or control would stand in a subject.
 */
int write_render(const void *ctx, const struct templates *t,
    enum mail_kind kind, const char *language, const struct fact *facts,
    size_t nfacts, struct draft_text *draft, struct error *err);
/* The names a template of this kind may use; NULL-terminated. */
const char *const *write_fact_names(enum mail_kind kind);
const char *mail_kind_name(enum mail_kind kind); /* "acknowledge" */

#endif
