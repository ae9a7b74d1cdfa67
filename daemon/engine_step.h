/*
 * engine_step.h - the mails of a step, between engine_step_mail.c (who reads
 * them), engine_counterpart.c (those outside), engine_step_facts.c (what they
 * say), engine_step_letter.c (which letter goes along) and engine_overview.c
 * (what was recognised in it).
 */
#ifndef PSIRTD_ENGINE_STEP_H
#define PSIRTD_ENGINE_STEP_H

#include "engine_case.h"

/* ---- engine_step_facts.c ---- */
/* An answer as a reader of the language has it: a choice by its word. */
const char *answer_in(const void *ctx, const struct answer_rule *rule,
    const char *value, const char *language);
/* Its number and title, by when, and the lines to copy where it asks. */
void step_facts(struct facts *f, const void *ctx, const struct casework *w,
    const struct case_step *pass, const char *language);
/* Sales, care, publicity: nothing that helps an attacker. */
bool role_is_harmless(enum role role);
/*
 * Takes out what this reader may not see: the answers that help an attacker;
 * outside the house names, addresses and hosts in departments' words.
 */
void facts_for_reader(struct facts *f, const void *ctx,
    const struct settings *s, enum audience audience,
    const struct department *d);
bool customer_has(const struct customer *customer, const char *product);

/* ---- engine_case.c ---- */
/* Who has the product of the case, and how far the mail of this kind to each
 * has come: store_mails_reached(). */
struct customer_reached {
	const struct customer *customer;
	uint32_t state;
};
int case_customers(const void *ctx, struct engine *e,
    const struct store_case *c, enum mail_kind kind,
    struct customer_reached **list, size_t *n, struct error *err);

/* ---- engine_counterpart.c ---- */
/* NULL: none has that name. */
const struct correspondent *correspondent_named(
    const struct settings *s, const char *name);
/* Its first address, and the first of its pinned keys that can be sealed to.
 * false: there is none. */
bool to_correspondent(
    const struct engine *e, const struct correspondent *c, struct draft_to *to);

/* ---- engine_overview.c ---- */
/* What was recognised in a letter; its text and files where shared. */
void letter_facts(struct facts *f, const void *ctx, struct engine *e,
    const struct store_case *c, const struct opening *o,
    struct draft_share share);
bool letter_has_files(const struct opening *o);
/* "Name <address>"; NULL: none is known. */
char *case_finder(const void *ctx, const struct store_case *c);

/* ---- engine_step_letter.c ---- */
/*
 * The letter whose opening is handed on: for an overview the case's first
 * that was opened; for its text or files the newest that is surely of the
 * case and has any.  NULL with err clear: none.
 */
struct opening *told_opening(const void *ctx, struct engine *e,
    int64_t casefile, bool text, bool files, int64_t *letter,
    struct error *err);

/* The letter that goes along with one mail of a step. */
struct along {
	enum mail_kind kind; /* of the mail */
	struct opening *o;   /* a child of ctx; NULL: none goes */
	int64_t letter;
	bool files; /* its files too, to whom no guard keeps them from */
};
/*
 * The letter that ended what the step comes after; where no pass names one, as
 * when a person ended it, the newest as of told_opening().  None where a mail
 * of this kind takes none along.
 */
int along_take(struct along *a, const void *ctx, struct engine *e,
    const struct casework *w, const struct flow_step *step, enum mail_kind kind,
    enum policy policy, struct error *err);
/* What of it this department reads: its facts, and in the draft the letter,
 * its files and the parts of the case that are told by them. */
void along_add(const struct along *a, struct facts *f, const void *ctx,
    struct engine *e, const struct store_case *c, struct case_draft *draft);

#endif
