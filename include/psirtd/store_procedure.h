/*
 * store_procedure.h - the rows that keep a case on its way: steps, answers,
 * questions, tasks, who was told what, approvals, clocks, links.
 *
 * A part of store.h, which says what holds for all of it: transactions,
 * sealing, who owns what is read, which errors.
 */
#ifndef PSIRTD_STORE_PROCEDURE_H
#define PSIRTD_STORE_PROCEDURE_H

#include <stdbool.h>
#include <stdint.h>

#include "psirtd/bytes.h"
#include "psirtd/error.h"

#define STORE_DIGEST_BYTES 32 /* SHA-256: store_digest() */

struct store;

/* What time comes for first, of one table; id 0: nothing.  Told by clear
 * columns alone, so that no damaged row hides those behind it. */
struct store_due {
	int64_t id, casefile, at;
};

/* ---- the procedure of a case (flow.h): store_step.c ---- */

/* The text of a flow file, kept as long as a case goes by it. */
int store_flow_keep(struct store *st, uint32_t flow, const char *text,
    int64_t *id, struct error *err); /* finds or adds, by its SHA-256 */
int store_flow_get(const void *ctx, struct store *st, int64_t id,
    uint32_t *flow, char **text, struct error *err); /* 1, 0 none, -1 */

enum step_state { STEP_READY = 1, STEP_RUNNING, STEP_ENDED, STEP_SKIPPED };

/* One pass of a case through a step; (casefile, number, round) is UNIQUE. */
struct store_step {
	int64_t id;
	int64_t casefile;
	char *number;                  /* "1.3.1": plain */
	uint32_t round;                /* 1, 2 … */
	uint32_t state;                /* enum step_state */
	int64_t ready, started, ended; /* 0 not yet */
	int64_t due;                   /* 0 none */
	/* when the stop `due` looks at it next; 0: at its due, -1: never */
	int64_t look;
	uint32_t reminders;
	int64_t reminded; /* the last one; 0 none */
	uint32_t escalated;
	int64_t letter; /* that it waited for, and that ended it; 0 none */
	char *actor;    /* who started or ended it last */
	/* the token of RULES 12 behind number and step; NULL: asks nothing */
	char *ref;
	char *shares; /* what is told otherwise than the file's default:
			 "+quality -risk"; NULL */
};

int store_step_add(struct store *st, struct store_step *s, struct error *err);
/* Writes all but casefile, number, round. */
int store_step_put(
    struct store *st, const struct store_step *s, struct error *err);
int store_step_get(const void *ctx, struct store *st, int64_t id,
    struct store_step *s, struct error *err); /* 1, 0 none, -1 */
/* In the order they were made. */
int store_step_list(const void *ctx, struct store *st, int64_t casefile,
    struct store_step **list, size_t *count, struct error *err);
/* By its reference's token (any case of letters); 1, 0 none, -1. */
int store_step_by_ref(const void *ctx, struct store *st, const char *ref,
    struct store_step *s, struct error *err);
/* How many mails of one kind and state a pass of a step has, and did they
 * come back. */
struct store_mail_count {
	int64_t step, mails;
	uint32_t kind, state;
	bool bounced;
};
/* Of a case, those that belong to steps: no sealed column is opened. */
int store_step_mails(const void *ctx, struct store *st, int64_t casefile,
    struct store_mail_count **list, size_t *count, struct error *err);
/*
 * How far the mail of this kind and case to each of these addresses has come:
 * OUTMAIL_SENT where one was sent and did not bounce; else the state of one
 * that may leave yet; 0 where there is neither.
 */
int store_mails_reached(struct store *st, int64_t casefile, uint32_t kind,
    const char *const *addresses, size_t n, uint32_t *states,
    struct error *err);
/* The running step that is looked at first: by its `look` or else its `due`. */
int store_step_next_look(
    struct store *st, struct store_due *due, struct error *err);
/* Sets `look` alone. */
int store_step_put_off(
    struct store *st, int64_t id, int64_t look, struct error *err);
/* "2.3.1" as 20301: for the code of a line of the record. */
uint32_t store_step_code(const char *number);

/* What is on record of a case: who said what, at which step. */
struct store_answer {
	int64_t id;
	int64_t casefile;
	int64_t step;  /* row of store_step; 0: of the case */
	uint32_t kind; /* enum answer_kind */
	int64_t at;
	int64_t letter;   /* it stands in; 0: typed */
	uint32_t void_;   /* taken back by a later one, or a conflict */
	char *value;      /* as answer_value() made it */
	char *by;         /* a contact's or operator's name */
	char *told_by;    /* typed for somebody: the operator; NULL */
	char *department; /* its name; NULL: the desk */
};
int store_answer_add(
    struct store *st, struct store_answer *a, struct error *err);
int store_answer_void(struct store *st, int64_t id, struct error *err);
/* In the order they came; void ones too. */
int store_answer_list(const void *ctx, struct store *st, int64_t casefile,
    struct store_answer **list, size_t *count, struct error *err);

/* A signature that moved a step counts once (RULES 12).  *fresh: this is the
 * first time. */
int store_signature_use(struct store *st,
    const uint8_t digest[STORE_DIGEST_BYTES], int64_t letter, bool *fresh,
    struct error *err);

/* ---- questions, tasks, need to know: store_desk.c ---- */

enum question_state {
	QUESTION_OPEN = 1,
	QUESTION_ASKED,
	QUESTION_ANSWERED,
	QUESTION_RELAYED,
	QUESTION_DROPPED
};

struct store_question {
	int64_t id;
	int64_t casefile;
	uint32_t number; /* of the case: 1, 2 … (given by add) */
	uint32_t state;
	int64_t at;
	int64_t letter;        /* it came in; 0 typed */
	int64_t answer_letter; /* 0 none */
	char *department;      /* that asked: never leaves */
	char *by;              /* its contact */
	char *text;            /* as it may leave: scrubbed */
	char *answer;          /* NULL */
};
int store_question_add(
    struct store *st, struct store_question *q, struct error *err);
int store_question_put(
    struct store *st, const struct store_question *q, struct error *err);
int store_question_list(const void *ctx, struct store *st, int64_t casefile,
    struct store_question **list, size_t *count, struct error *err);

/* What waits for a person beside steps and drafts; numbers in the database. */
enum task_kind {
	TASK_ANSWER_FINDER = 1, /* a letter on the case: answer by `due` */
	TASK_COUNTERPART,       /* a letter of JPCERT/CC no step awaited */
	TASK_UNDERSTAND,        /* a department's words were not understood */
	TASK_CONFLICT,          /* two contacts answered differently */
	TASK_UNSIGNED,          /* an answer that moves nothing */
	TASK_QUESTION,          /* a question waits to be relayed */
	TASK_OTHER_KEY,         /* answered by another key or address */
	TASK_EXPLOITED,         /* words of active exploitation */
	TASK_DEADLINE,          /* a clock's warning has come */
	TASK_LINK,              /* maybe the same as another case */
	TASK_LATER_DATE,        /* our date is later than an imposed one */
	TASK_PLAN_SLIPS,        /* a planned date has passed */
	TASK_STATUS_HELD,       /* a status mail cannot go by itself */
	TASK_REGISTRATION,      /* <1>1.1: the yearly look at it */
	TASK_MEDIATED,          /* the source wrote, JPCERT/CC is the window */
	TASK_BOUNCED,
	TASK_NOT_DRAFTED, /* mails of a step that a guard refused */
	TASK_HAND_ON,     /* the words that an overview said would follow */
	TASK_STUCK,       /* psirtd cannot go on with it by itself: why */
	TASK_KIND_COUNT,
};
#define TASK_RESTING (-1) /* with its closed case, until that is opened */
struct store_task {
	int64_t id;
	uint32_t kind;
	int64_t casefile, letter, outmail, step; /* 0 none */
	int64_t made, due;                       /* due 0 none */
	int64_t done;                            /* 0 open; TASK_RESTING */
	char *actor;                             /* who did it; NULL */
	char *text; /* what was not understood …; NULL */
};
/* The same (kind, casefile, letter, step) twice, and open: nothing, id 0. */
int store_task_add(struct store *st, struct store_task *t, struct error *err);
int store_task_done(struct store *st, int64_t id, int64_t now,
    const char *actor, struct error *err);
/* The open ones of a case rest, or those that rest are open again. */
int store_task_rest(
    struct store *st, int64_t casefile, bool rest, struct error *err);
int store_task_get(const void *ctx, struct store *st, int64_t id,
    struct store_task *t, struct error *err);
/* Open ones, oldest first; casefile 0: all. */
int store_task_list(const void *ctx, struct store *st, int64_t casefile,
    size_t most, struct store_task **list, size_t *count, struct error *err);

/* Parts of a case that somebody was told. */
enum told_part { TOLD_OVERVIEW = 1, TOLD_DETAILS = 2, TOLD_EXPLOIT = 4 };
struct store_told {
	int64_t id;
	int64_t casefile, outmail;
	int64_t at;
	uint32_t parts;
	char *person, *address, *fingerprint; /* fingerprint NULL: in clear */
	char *department;                     /* NULL: outside */
};
int store_told_add(struct store *st, struct store_told *t, struct error *err);
int store_told_list(const void *ctx, struct store *st, int64_t casefile,
    struct store_told **list, size_t *count, struct error *err);

/* ---- approvals (RULES 26) ---- */

struct store_approval {
	int64_t outmail;
	int64_t at;
	uint8_t digest[STORE_DIGEST_BYTES]; /* of the rendered text, recipient
					       and key: approval_digest() */
	uint32_t overridden; /* 1u << guard_kind: that it came with */
	char *person;
};
int store_approval_add(
    struct store *st, const struct store_approval *a, struct error *err);
int store_approval_list(const void *ctx, struct store *st, int64_t outmail,
    struct store_approval **list, size_t *count, struct error *err);
/* Every approval of it, gone; *count how many there were. */
int store_approval_void(
    struct store *st, int64_t outmail, size_t *count, struct error *err);

/* ---- clocks, links, marks: store_clock.c ---- */

#define CLOCK_RESTING (-2) /* with its closed case, until that is opened */
struct store_clock {
	int64_t id;
	int64_t casefile;
	uint32_t kind; /* enum clock_kind (desk.h) */
	int64_t due;
	int64_t warn;     /* the next warning; 0 none is left */
	int64_t ended;    /* 0 runs; CLOCK_RESTING */
	uint32_t source;  /* enum clock_source (desk.h) */
	int64_t letter;   /* found in; 0 typed, or of the flow */
	int32_t zone_min; /* of the place that set it: minutes east of UTC */
	char *note;       /* the words it was found by; NULL */
};
/* One that runs of the same kind and source is replaced. */
int store_clock_set(struct store *st, struct store_clock *c, struct error *err);
int store_clock_end(
    struct store *st, int64_t id, int64_t now, struct error *err);
int store_clock_put(
    struct store *st, const struct store_clock *c, struct error *err);
/* Running ones, nearest first; casefile 0: of all cases. */
int store_clock_list(const void *ctx, struct store *st, int64_t casefile,
    size_t most, struct store_clock **list, size_t *count, struct error *err);
/* Those of a case that rest. */
int store_clock_resting(const void *ctx, struct store *st, int64_t casefile,
    size_t most, struct store_clock **list, size_t *count, struct error *err);
int store_clock_get(const void *ctx, struct store *st, int64_t id,
    struct store_clock *c, struct error *err); /* a running one; 1, 0, -1 */
/* Has the case ever had one of this kind, whether it runs or has ended, from
 * another source than `but`?  1, 0, -1 */
int store_clock_had(struct store *st, int64_t casefile, uint32_t kind,
    uint32_t but, struct error *err);
/* The running clock whose `warn` comes first. */
int store_clock_next_warn(
    struct store *st, struct store_due *due, struct error *err);
/* Sets `warn` alone. */
int store_clock_put_off(
    struct store *st, int64_t id, int64_t warn, struct error *err);

enum link_kind {
	LINK_PROPOSED = 1,
	LINK_SAME,
	LINK_MERGED,
	LINK_FOLLOWS,
	LINK_REFUSED
};
struct store_link {
	int64_t id;
	int64_t from, to; /* cases; from < to but for MERGED and FOLLOWS */
	uint32_t kind;
	int64_t at;
	uint32_t why; /* enum mark_kind of a proposal; 0 */
};
/* A pair has one link; another kind replaces it, but PROPOSED replaces
 * nothing (id 0). */
int store_link_set(struct store *st, struct store_link *l, struct error *err);
int store_link_list(const void *ctx, struct store *st, int64_t casefile,
    struct store_link **list, size_t *count, struct error *err);
/*
 * `psirt merge`, and back.  Rows of `from` become rows of `into` and keep
 * whose they were (column origin_case), so that a split gives each its
 * letters, reports, mails, answers, questions, tasks, clocks and what it was
 * known by again.  Questions of `from` are numbered on after those of `into`
 * meanwhile.  Its steps stay its own and sleep; so do its lines of the record.
 * `from` is closed with merged_into, which store_case_put leaves alone, and
 * the two are linked as MERGED; what is open of them is to be looked at
 * (advance).  Split: `from` is as open as it was and the link is gone.
 * FAULT_DENIED: of different flows, one merged already, others in `from`.
 */
int store_case_merge(struct store *st, int64_t from, int64_t into, int64_t now,
    struct error *err);
int store_case_split(struct store *st, int64_t from, struct error *err);

/* What may be the same vulnerability; looked up by keyed hash. */
enum mark_kind { MARK_IDENT = 1, MARK_PRODUCT, MARK_FILE };
int store_case_mark(struct store *st, int64_t casefile, uint32_t kind,
    struct bytes value, struct error *err); /* twice is nothing */
/* Other cases with a mark of this case; oldest first, once each. */
int store_cases_alike(const void *ctx, struct store *st, int64_t casefile,
    int64_t **cases, uint32_t **why, size_t *count, struct error *err);

/* Small things to remember: "morning" -> when it last went. */
int store_memo_get(
    struct store *st, const char *name, int64_t *value, struct error *err);
int store_memo_put(
    struct store *st, const char *name, int64_t value, struct error *err);

#endif
