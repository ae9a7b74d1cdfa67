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

#include "psirtd/flow.h"

enum mail_kind {
	MAIL_ACKNOWLEDGE = 1, /* to the sender of a new report */
	MAIL_RESEND,          /* could not be opened: please send again */
	MAIL_OVERVIEW,        /* to a department's contact */
	MAIL_DETAILS,         /* the same with what `psirt route` hands on */
	MAIL_NOTICE,          /* to a contact without OpenPGP */
	MAIL_ALERT,           /* to the desk: numbers and reasons alone */
	/* to departments */
	MAIL_ASK,       /* a step's question, with the lines to copy */
	MAIL_REMINDER,  /* it is not answered yet */
	MAIL_SHARE,     /* a step's outcome, to who is told */
	MAIL_CONFIRM,   /* what was understood of an answer */
	MAIL_RELAY,     /* 2.3.2: the answer to a question of theirs */
	MAIL_MEETING,   /* 4.1.1: how to respond */
	MAIL_DATES,     /* 4.4.1: which day suits */
	MAIL_CIRCULATE, /* 5.1.1, 5.2.1: a text to be looked through */
	MAIL_NOTIFIED,  /* 5.2.2: it is public now */
	MAIL_INCIDENT,  /* to csirt: handed over (RULES 31) */
	MAIL_OEM,       /* to a partner's contact (RULES 31) */
	/* to the counterpart: JPCERT/CC or the source */
	MAIL_DETAIL_REQUEST,  /* <1>1.4.1 */
	MAIL_DECLINE,         /* <1>1.4.1: details are not needed */
	MAIL_QUESTIONS,       /* 2.3.1 */
	MAIL_REPORT,          /* 2.6.1 */
	MAIL_PLAN,            /* <1>3.1.1 */
	MAIL_POLICY,          /* <1>4.1.2 */
	MAIL_PRIOR_NOTICE,    /* <1>4.2.1 */
	MAIL_ALL_CUSTOMERS,   /* <1>4.3.1 */
	MAIL_DATE,            /* <1>4.4.2, <2>4.3.2 */
	MAIL_NO_OBJECTION,    /* <1>5.2.1 */
	MAIL_PUBLISHED,       /* <2>5.1.2 */
	MAIL_SUPPORT_REQUEST, /* <2>1.2.1, to JPCERT/CC */
	MAIL_MEDIATED,        /* RULES 30: please speak with JPCERT/CC */
	MAIL_STATUS, /* the periodic one (RULES 25): number, phase, date */
	MAIL_REPLY,  /* by hand: the words are the desk's own */
	/* to customers, each singly */
	MAIL_CUSTOMER, /* 4.2.2, <1>4.3.2, <2>4.2.1 */
	/* to the desk */
	MAIL_ESCALATION, /* a department is late: to the handling lead */
	MAIL_MORNING,    /* today's list, and the head of the record */
	MAIL_EXPIRY,     /* keys that expire, or have */
	MAIL_WAKE,       /* in clear, to alert_plain (RULES 22) */
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
const char *mail_kind_name(enum mail_kind kind);    /* "acknowledge" */
enum mail_kind mail_kind_by_name(const char *name); /* 0 none */
/*
 * Who a kind is for: a flow that sends it to somebody else is refused with
 * file:line (write_check_flow), so that no template of a customer's can hold
 * what only the counterpart may read.  0: to the sender or the desk.
 */
enum audience mail_kind_audience(enum mail_kind kind);
/* Templates and readers a flow names; errors as flow_parse() says. */
int write_check_flow(
    const struct flow_file *flow, char **errors, struct error *err);

#endif
