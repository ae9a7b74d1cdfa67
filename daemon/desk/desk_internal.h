/*
 * desk_internal.h - what the files of the desk share while one letter is
 * judged.
 *
 *   judge.c      the trust table, row by row
 *   match.c      which case the letter names, and whether it may join
 *   belief.c     what a signature is worth, as one table
 *   signer.c     who signed what
 *   claims.c     whom the letter claims to come from
 *   machine.c    was it written by a program, and does it matter
 *   bounce.c     what a mail system says of a mail of ours
 *   report.c     does it look like a report, is it closed
 *   answer.c     may an automatic mail go back, and where to
 *   route.c      product and departments
 *   exploited.c  words of active exploitation
 *   fold.c       text made alike for comparing
 *   names.c      names of the numbers
 */
#ifndef PSIRTD_DESK_INTERNAL_H
#define PSIRTD_DESK_INTERNAL_H

#include "psirtd/desk.h"

/* Written by a program (RFC 3834, facts of RFC 5230 and RFC 3464). */
enum machine {
	MACHINE_NONE,
	MACHINE_LIST,      /* List-*, Precedence bulk or junk */
	MACHINE_GENERATED, /* Auto-Submitted by a portal, another psirtd */
	MACHINE_NULL,      /* a null return-path and nothing else */
	MACHINE_REPLY,     /* out of office, auto-reply */
	MACHINE_BOUNCE,    /* multipart/report, mailer-daemon */
};

/* All that is known of a letter before the first rule is asked. */
struct judging {
	const struct desk_input *in;
	const struct settings *s;
	const struct opening *o; /* NULL: it could not be read at all */
	struct decision *d;

	enum machine machine;
	bool encrypted; /* a layer encrypted to us was opened */
	bool closed;    /* nothing of what was encrypted could be opened */
	bool report;    /* its content looks like a report */
	const struct correspondent *claimed;

	const struct candidate *best;    /* the case it may join, or NULL */
	const struct candidate *foreign; /* a case it names and may not join */
	bool confirmed; /* by the address and key that `best` expects */
};

/* ---- match.c ---- */
void match_find(struct judging *j);

/* ---- claims.c ---- */
/* By headers, by a broken signature, by a tracking id (RULES 8). */
const struct correspondent *claims_find(const struct judging *j);
const struct correspondent *correspondent_by_name(
    const struct settings *s, const char *name);
bool correspondent_has_address(
    const struct correspondent *c, const char *address);

/* By the user ids of the key that came along, or NULL. */
const struct correspondent *claims_by_user_ids(
    const struct settings *s, const struct opening *o);

/* ---- machine.c ---- */
enum machine machine_of(const struct headers *h);
/* A mail system's own letter: a report, or from mailer-daemon, postmaster. */
bool machine_is_system(const struct headers *h);
/* A local part nobody reads: mailer-daemon, owner-, no-reply … */
bool machine_address(const char *address);
bool machine_names_case(const struct judging *j);
bool machine_says_more(const struct judging *j);

/* ---- report.c ---- */
bool report_encrypted(const struct opening *o);
bool report_has_smime(const struct opening *o);
/* Something in it was encrypted to one of our keys (RULES 6). */
bool report_for_us(const struct opening *o);
/* A product of the map, an identifier or two field labels. */
bool report_in_text(const struct opening *o);
/* VN or TN of JPCERT/CC stand in it. */
bool report_has_vn(const struct opening *o);
/* A key of the desk: present, retired, for recovery, of an operator. */
bool report_is_desk_key(const struct settings *s, const char *fingerprint);
/* A usable key block that may be bound to the finder whom signer tells. */
bool report_has_key(const struct settings *s, const struct opening *o,
    const struct desk_signer *signer);

/* ---- answer.c ---- */
/* Fills language, reply_to, silence, acknowledge, ask_resend. -1: memory. */
int answer_decide(struct judging *j);

/* ---- route.c ---- */
/* Fills product, routes, route_now, share_text. -1: memory. */
int route_decide(struct judging *j);

/* ---- exploited.c ---- */
/* The words found, made on ctx; NULL none. */
const char *exploited_words(const void *ctx, const struct opening *o);

/* ---- belief.c ---- */

/* What the table is asked about; the first five are given. */
struct evidence {
	const struct settings *s;
	const struct opening *o;
	const char *bound_key;   /* of the case's finder, or NULL */
	bool for_letter;         /* does it speak for the letter as a whole */
	const struct part *part; /* NULL: asked about a layer */

	uint32_t at;                /* the layer that decides + 1; 0 none */
	const struct layer *failed; /* sealed, around it, and not opened */
	const struct layer *layer;  /* the innermost that carries signatures */
	bool unchecked;   /* a signed layer around it failed as a whole */
	bool over_sealed; /* what `layer` covers was still encrypted */
	bool wrapped;     /* signed is a message inside of the letter */
	bool waits;       /* good, by a pinned key that is not confirmed yet */
	const struct signature *pinned; /* good, by one of the next two */
	const struct correspondent *correspondent;
	const struct contact *contact;
	const struct department *department;
	const struct signature *bound; /* good, by bound_key */
};

struct belief {
	const char *name;
	bool (*holds)(const struct evidence *e);
	enum verdict verdict;
	const char *why; /* a phrase for the desk */
};

/* Asked in order; the first that holds decides, the last always holds. */
extern const struct belief beliefs[];
extern const size_t nbeliefs;

/* Fills the rest of *e from the layer + 1 that a part lies in. */
void evidence_find(struct evidence *e, uint32_t at);
/* The sealed layer + 1 around it that did not open; 0: none. */
uint32_t belief_withheld(const struct opening *o, uint32_t at);
const struct belief *belief_of(const struct evidence *e);
struct desk_signer belief_signer(struct evidence *e, uint32_t at);

/* ---- signer.c ---- */
/* As desk_part_signer(), for authority: a signature in a message inside of
 * the letter does not speak for it. */
struct desk_signer signer_for_letter(const struct settings *s,
    const struct opening *o, size_t part, const char *bound_key);
/* Layers around a part, opened ones only; bounded whatever the indexes say. */
size_t signer_depth(const struct opening *o, size_t part);
bool signer_is(const struct desk_signer *signer, const struct correspondent *c);

/* ---- fold.c ---- */
/*
 * Lower-case, full-width ASCII as ASCII, look-alike letters of Greek and
 * Cyrillic as the Latin ones, controls of no width dropped, everything
 * between words one space.
 */
char *fold_name(const void *ctx, const char *text);
/* Do the folded words of `needle` stand in `hay`, spaces aside? */
bool fold_has_name(const char *hay, const char *needle);
/* As fold_name() but punctuation stays; white space between Japanese
 * characters goes (a line broken there is no word broken). At most `most`
 * bytes of text are looked at. */
char *fold_prose(const void *ctx, const char *text, size_t len, size_t most);

#endif
