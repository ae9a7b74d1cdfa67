/*
 * procedure.h - the desk's decisions about a case on its way: which step is
 * next, whether a mail may leave, what a department's answer says, which
 * clocks run.  Pure, as desk.h: what is known in, decisions out.
 */
#ifndef PSIRTD_PROCEDURE_H
#define PSIRTD_PROCEDURE_H

#include "psirtd/desk.h"
#include "psirtd/flow.h"

/* ---- what is known of a case ---- */

/* A pass through a step; the engine makes it of struct store_step. */
struct case_step {
	int64_t id;
	const struct flow_step *step;
	unsigned round;
	unsigned state; /* enum step_state (store.h): 1 ready, 2 running, 3
			   ended, 4 skipped */
	int64_t started, due;
	/* of its mails: how many wait, have left, and will not leave or came
	 * back */
	unsigned mails_waiting, mails_sent, mails_dropped;
	/* of those that wait: as drafts, and for a decision, being held or
	 * uncertain; the others are on their way */
	unsigned mails_draft, mails_held;
	const char *ref;
};

#define CASE_STEP_READY 1
#define CASE_STEP_RUNNING 2
#define CASE_STEP_ENDED 3
#define CASE_STEP_SKIPPED 4

/* Numbers of store.h that the desk speaks of; a test holds them equal. */
#define CASE_CHANNEL_JPCERT 1
#define CASE_PART_EXPLOIT 4
#define CASE_TASK_ANSWER_FINDER 1
#define CASE_TASK_COUNTERPART 2
#define CASE_TASK_OTHER_KEY 7
#define CASE_TASK_MEDIATED 15

struct case_answer {
	int64_t id;
	enum answer_kind kind;
	const char *value;
	const char *by;               /* a name */
	const char *department;       /* NULL: the desk */
	const struct flow_step *step; /* NULL: of the case */
	int64_t at;
};

struct case_view {
	const struct settings *s;
	const struct flow_file *flow;
	enum flow kind;
	unsigned channel; /* enum channel_kind (store.h): 0 own, 1 JPCERT/CC
			     is the window, 2 it stands behind */
	bool closed;
	unsigned phase;
	const char *product;     /* name in the map; NULL */
	const char *counterpart; /* correspondent's name; NULL: a finder */
	const char *finder_address;
	int64_t received;
	const struct case_step *steps; /* in the order they were made */
	size_t nsteps;
	const struct case_answer *answers; /* that stand, oldest first */
	size_t nanswers;
	unsigned questions_open; /* not answered yet */
	/* Of the product's customers: how many have the notice, and, where all
	 * of it that was to leave has left, the names of those who have none or
	 * whose came back; NULL none. */
	unsigned customers_told;
	const char *customers_untold;
	unsigned
	    routed; /* 0 not, 1 proposed, 2 sent: START_ROUTE waits for 2 */
	int64_t now;
};

/* The last that stands; NULL none. */
const struct case_answer *case_answer_of(
    const struct case_view *v, enum answer_kind kind);
/* The latest pass; NULL: not come to yet. */
const struct case_step *case_step_of(
    const struct case_view *v, const char *number);
/* The flow's no_finder holds: flow jpcert, or JPCERT/CC is the window. */
bool case_speaks_through_jpcert(const struct case_view *v);
/* All of these conditions hold. */
bool case_holds(
    const struct case_view *v, const struct flow_when *when, size_t n);
/* One of its mails goes to customers. */
bool step_tells_customers(const struct flow_step *step);
/* The agreed publication date, 0: none is. */
int64_t case_publication(const struct case_view *v);

/* ---- the way on ---- */

enum advance_do {
	ADVANCE_READY = 1, /* a pass of `step` is to be made: offered */
	ADVANCE_START,     /* … and started: its mails are to be drafted */
	ADVANCE_END,       /* `pass` has what it expects */
	ADVANCE_PHASE,     /* to `phase` */
};
struct advance {
	enum advance_do what;
	const struct flow_step *step;
	/* END: of this one; START: the offered one, NULL: a new one */
	const struct case_step *pass;
	unsigned phase;
};
/*
 * All that follows from what is on record, in order; none: the case waits for
 * somebody.  The caller writes it and asks again until nothing follows.
 */
size_t desk_advance(
    const void *ctx, const struct case_view *v, struct advance **list);

/* Who has to act in a running or ready step, and by when. */
struct case_turn {
	const struct case_step *pass;
	uint32_t roles; /* ROLE_BIT: of lead; design is the product's lead */
	int64_t due;
	bool late;
	/* of a running one's mails */
	bool approval; /* a draft waits for `psirt approve` */
	bool held;     /* one waits for a decision: `psirt queue` */
	bool queued;   /* one is on its way */
};
size_t desk_turns(
    const void *ctx, const struct case_view *v, struct case_turn **list);
/* May a person start, end or skip this step now?  false: *why, a sentence
 * that says what is missing and what to type. */
bool desk_may_start(const void *ctx, const struct case_view *v,
    const struct flow_step *step, char **why);
bool desk_may_end(const void *ctx, const struct case_view *v,
    const struct case_step *pass, char **why);
/*
 * May a person put this word on record here?  The step expects or takes it;
 * one that a guard goes by only where its question has left, and a
 * department's under the name of who said it, unless the lead overrides that
 * guard.  pass NULL: of the case, of no step.
 */
bool desk_may_answer(const void *ctx, const struct case_view *v,
    const struct case_step *pass, const struct answer_rule *rule,
    const char *by, uint32_t overridden, char **why);
/* 3.3.1 before 4.x and the like: said, never refused (RULES 28); NULL none. */
char *desk_step_warning(
    const void *ctx, const struct case_view *v, const struct flow_step *step);
/* The contacts' departments of a role for this case: by its product, else the
 * default; design is answered by the product's `lead`.  NULL: nobody. */
const struct department *desk_department(
    const struct settings *s, const char *product, enum role role);

/* ---- guards: may this mail leave? ---- */

struct leaving {
	const struct flow_step *step; /* NULL: an answer, a reply, a status */
	enum audience audience;
	const char *address;
	const char *fingerprint;         /* it is sealed to; NULL: in clear */
	const struct customer *customer; /* AUDIENCE_CUSTOMER */
	uint32_t parts;                  /* told_part bits: 4 is exploit */
	enum role role;                  /* AUDIENCE_DEPARTMENT */
	uint32_t overridden; /* 1u << guard_kind: by the handling lead */
	/* its kind (mail_kind_name()): that mail's own guards hold beside those
	 * of the step */
	const char *template;
	/* MAIL_MEDIATED: the one answer the source gets, that JPCERT/CC speaks
	 * with it now (RULES 30) */
	bool mediated;
};
/*
 * 0: it may.  Else the guard that refuses, with *why, a sentence.  Asked when
 * a mail is drafted, approved and sealed: whatever made it.  Beside the step's
 * own guards: no mail to a finder or source where JPCERT/CC speaks with it
 * (whatever the audience, by its address); a customer without NDA; exploit to
 * nobody in sales, care, publicity or outside the counterpart.
 */
enum guard_kind desk_may_leave(const void *ctx, const struct case_view *v,
    const struct leaving *mail, char **why);
/* The same for closing. */
enum guard_kind desk_may_close(const void *ctx, const struct case_view *v,
    enum close_reason reason, uint32_t overridden, char **why);
/* Guards nobody may override: exploit to sales is one of ours. */
bool guard_may_be_overridden(enum guard_kind kind);

/* ---- a letter of the counterpart or the finder on a case ---- */

enum arrival_do {
	ARRIVAL_NOTHING = 1,
	ARRIVAL_ENDS_STEP, /* `pass` awaited it: 1.5.1, 2.3.2, 5.2.1 */
	ARRIVAL_TASK,      /* a person has to answer or decide */
};
struct arrival {
	enum arrival_do what;
	const struct case_step *pass;
	unsigned task;   /* enum task_kind (store.h) */
	bool answer_due; /* a first or next human answer is due */
};
/* signer PINNED by the counterpart, or KNOWN, or less. */
struct arrival desk_arrival(const struct case_view *v,
    const struct desk_signer *signer, bool from_source, bool from_jpcert,
    bool unconfirmed);

/* ---- a department's answer (RULES 12) ---- */

#define COMMAND_LINES_MOST 64
#define COMMAND_VALUE_MOST 4000 /* bytes */

/* The lines at the top of a mail's own words, en or ja, full or half width:
 * "word: value".  A line that begins with a blank goes on with the one before.
 * The first line that is neither ends them; quoted ones (">") never count, but
 * for `ref:`. */
struct command_line {
	const struct answer_rule *rule; /* NULL: not understood */
	const char *word;               /* as written */
	const char *value;              /* as it is kept, or as written */
	const char *trouble;            /* a phrase; NULL: good */
};
struct commands_read {
	const char *number; /* of the reference: "PSIRT-2026-0001" */
	const char *step;   /* "1.3.1" */
	const char *ref;    /* "7KQ2MX", upper-case; NULL: none stands there */
	bool refs_differ;   /* two different ones stand there */
	struct command_line *lines;
	size_t nlines;
	size_t ntroubles;
	const char *rest; /* what else it says, unquoted; NULL nothing */
};
struct commands_read *desk_commands(
    const void *ctx, const char *text, const char *number_prefix);

/* Why an answer moves nothing; the numbers stand in the record. */
enum command_trouble {
	COMMAND_FINE,
	COMMAND_UNSIGNED, /* or wrongly signed */
	COMMAND_NO_REF,
	COMMAND_UNKNOWN_REF,
	COMMAND_STEP_OVER, /* the reference is not open */
	COMMAND_TOO_OLD,   /* signed before the question was asked */
	COMMAND_REPLAYED,
	COMMAND_NOT_ASKED, /* the signer is no contact of who was asked */
	COMMAND_NOTHING,   /* no line was understood */
	COMMAND_CONFLICT,  /* another contact answered differently */
	COMMAND_TROUBLE_COUNT,
};
/*
 * May this signer's lines move this pass?  asked_at: when its question was
 * sent (0: it was not); signed_at: the youngest signature over the words.
 */
enum command_trouble desk_command_judge(const struct case_view *v,
    const struct case_step *pass, const struct desk_signer *signer,
    int64_t signed_at, int64_t asked_at, const struct commands_read *read);
/* Is this kind taken by mail in this step: expected, allowed, or a question,
 * comment or note?  A line of another kind counts as not understood. */
bool desk_step_takes(const struct flow_step *step, enum answer_kind kind);
/* Another contact said otherwise, and it stands (not for `many`). */
const struct case_answer *desk_conflict(const struct case_view *v,
    const struct case_step *pass, enum answer_kind kind, const char *value,
    const char *by);
const char *command_trouble_text(enum command_trouble trouble);
/* The lines a mail shows to be copied: "ref: …\nstatus: reproduced | not
 * reproduced | …\n" in that language (the English words are good in both).
 * What is the desk's alone to record stands in none; a step that asks for
 * nothing else asks for comments. */
char *desk_lines_to_copy(const void *ctx, const struct flow_step *step,
    const char *number, const char *ref, const char *language);
/* What the desk may type of a step: all of it, without a reference. */
char *desk_lines_to_type(
    const void *ctx, const struct flow_step *step, const char *language);

/* ---- relaying (2.3.1, 2.3.2) ---- */

/*
 * A department's question as it may leave: quoted lines, attribution lines,
 * signatures ("-- "), routing header lines, greetings with a name, addresses
 * and the names of contacts and departments of the settings are out.
 */
char *desk_scrub(const void *ctx, const struct settings *s, const char *text);
/*
 * What a letter answers by number, "1: …", "Q1 …", "質問1 …", of the
 * questions that were asked: one text for each, NULL where it says nothing.
 * NULL: memory.
 */
char **desk_numbered(
    const void *ctx, const char *text, const unsigned *asked, size_t n);

/* ---- clocks ---- */

enum clock_kind {
	CLOCK_ACKNOWLEDGE = 1, /* ours, business days */
	CLOCK_FIRST_ANSWER,    /* of a person, business days */
	CLOCK_YEAR,     /* 起算日 + 1 year; warned 90, 30, 7 days before */
	CLOCK_TARGET,   /* 45 days: publication target */
	CLOCK_IMPOSED,  /* disclosure that the source has set */
	CLOCK_REPLY_BY, /* of JPCERT/CC */
	CLOCK_PUBLICATION,      /* the agreed date */
	CLOCK_CRA_WARNING,      /* 24 h from awareness (CRA Art. 14) */
	CLOCK_CRA_NOTIFICATION, /* 72 h */
	CLOCK_CRA_FINAL,        /* 14 days after a fix is available */
	CLOCK_INCIDENT_FINAL,   /* one month after the notification */
	CLOCK_PLANNED,          /* a date of the plan */
	CLOCK_INQUIRY,          /* an answer to a letter on the case */
	CLOCK_RETENTION,        /* after closing */
	CLOCK_KIND_COUNT,
};
enum clock_source {
	CLOCK_OF_FLOW = 1, /* follows from receipt or a step */
	CLOCK_OF_LETTER,   /* found in a letter */
	CLOCK_TYPED,
	CLOCK_PROPOSED, /* by words of a letter; runs when a person says so */
};

struct clock_rule {
	enum clock_kind kind;
	const char *name; /* "first answer": psirt clock CASE start NAME */
	const char *title_en, *title_ja;
	int64_t warn_s[3]; /* before it is due, greatest first; 0 none */
};
const struct clock_rule *clock_rule(enum clock_kind kind);
const struct clock_rule *clock_by_name(const char *name);
const char *clock_source_name(enum clock_source source); /* "typed" */
/* The first warning after `now`, that it is due being the last; 0: none is
 * left. */
int64_t clock_next_warning(
    const struct clock_rule *rule, int64_t due, int64_t now);

struct found_clock {
	enum clock_kind kind;
	int64_t due;
	int zone_min;
	const char *words; /* "90 days", "2026年12月1日": as they stand */
};
/*
 * Dates that a letter sets: disclosure after so many days of receipt or on a
 * date (IMPOSED), "reply by" of a coordinator (REPLY_BY); English, Japanese
 * (令和 years too), full or half width.  Fields first, then sentences that
 * speak of disclosure or a reply; of what the letter's signer says alone.
 */
size_t desk_found_clocks(const void *ctx, const struct settings *s,
    const struct opening *o, const struct desk_signer *signer, int64_t received,
    struct found_clock **list);
/* Those that run from receipt, by flow; as store_clock rows are to be. */
size_t desk_first_clocks(const void *ctx, const struct settings *s,
    enum flow flow, int64_t received, struct found_clock **list);
/* A date, or date and time, as a person types it, in local time when it names
 * no zone (JST, UTC, +09:00); *zone_min what it named.  false: none. */
bool desk_parse_time(const char *text, int64_t *when, int *zone_min);
/* "2026-12-01 10:00 JST (01:00 UTC)" for mails with candidates. */
char *desk_two_zones(const void *ctx, int64_t when);

/* ---- status mails (RULES 25) ---- */

enum status_do {
	STATUS_WAIT = 1, /* not before `next` */
	STATUS_SEND,
	STATUS_SKIP,  /* a real mail went out lately: next time */
	STATUS_DRAFT, /* the third that would say the same */
	STATUS_HOLD,  /* the known key is unusable */
	STATUS_NEVER, /* closed, nobody to write to, cadence 0 */
};
struct status_input {
	const struct settings *s;
	const struct case_view *v;
	int64_t next_status; /* 0: not set yet */
	int64_t last_real;   /* mail to the counterpart; 0 none */
	unsigned said_phase, said_same;
	bool key_known, key_usable;
};
struct status_decision {
	enum status_do what;
	int64_t next; /* the next one after it */
};
struct status_decision desk_status(const struct status_input *in);
/* The cadence for this counterpart, seconds; 0: none go. */
int64_t desk_status_every(const struct case_view *v);
/* Fixed words for outsiders, by phase: no fact of the report in them. */
const char *desk_phase_words(unsigned phase, const char *language);

#endif
