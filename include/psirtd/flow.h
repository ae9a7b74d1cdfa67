/*
 * flow.h - the procedure of a case as data: what a flow file may say.
 *
 * conf/flow-jpcert.conf and conf/flow-direct.conf hold the numbered steps of
 * the seed; libconfuse makes const structs of them.  The closed lists that a
 * flow file may name (roles, answers, guards, policies) are tables of
 * settings/, templates are those of write.h.  Every error names file:line.
 *
 *	step "2.1.1" {
 *		title_en = "Reproduction"
 *		title_ja = "脆弱性再現の確認・共有"
 *		phase = 2
 *		lead = {design}              # who has to act
 *		joint = {research, integration}
 *		start = auto                 # auto, hand, letter
 *		after = {"1.5.2"}            # all of them done
 *		when = {"details = yes"}     # and all of these on record
 *		or { after = {"1.3.1"} when = {"details = no"} }
 *		expects = {status}           # ends when they are on record
 *		may = {note}                 # may be answered besides
 *		due = 10b                    # business days; or 36h, 14d …
 *		mail "ask" { to = {design} policy = auto }
 *		share "quality" { on = no template = "share" }
 *		guard = {"no_finder", "answered: details = yes"}
 *	}
 *	close "published" { guard = {"requires_sent: 5.1.2"} }
 */
#ifndef PSIRTD_FLOW_H
#define PSIRTD_FLOW_H

#include "psirtd/settings.h"

/* ---- answers: what can be recorded of a case ---- */

/*
 * One table (flow_answers.c) serves the lines of departments' mails, `psirt
 * step CASE STEP WORD=VALUE`, the flow files and the reports built of it.
 * The numbers stand in the database: only ever append.
 */
enum answer_kind {
	ANSWER_DETAILS = 1,  /* need details: yes, no        <1>1.3.1 */
	ANSWER_STATUS,       /* reproduced, not reproduced…  2.1.1 */
	ANSWER_CAUSE,        /* with a CWE where it is known 2.2.1 */
	ANSWER_CONDITIONS,   /* 発現条件                     2.2.1, 2.5.1 */
	ANSWER_AFFECTED,     /* product and versions         2.4.1; many */
	ANSWER_NOT_AFFECTED, /* many */
	ANSWER_UNDER_INVESTIGATION, /* many */
	ANSWER_CVSS,                /* a vector                     2.5.1 */
	ANSWER_IMPACT,              /* 影響度                       2.5.1 */
	ANSWER_DIFFICULTY,     /* 対策策定の難易度             2.5.1 */
	ANSWER_PLAN,           /*                              3.1.1 */
	ANSWER_PLANNED,        /* a date                       3.1.1 */
	ANSWER_FIX,            /*                              3.2.1 */
	ANSWER_WORKAROUND,     /*                              3.2.2 */
	ANSWER_VERIFIED,       /* yes, no                      3.3.1 */
	ANSWER_DECISION,       /* publish, customers only      4.1.1 */
	ANSWER_WEIGHING,       /* of the risks of the decision 4.1.1 */
	ANSWER_CONSENT,        /* JPCERT/CC's, yes or no   <1>4.2.1 */
	ANSWER_AGREEMENT,      /* JPCERT/CC's, yes or no   <1>4.3.1 */
	ANSWER_MEDIATION,      /* accepted, refused        <2>1.2.2 */
	ANSWER_CANDIDATE,      /* a date that suits        4.4.1; many */
	ANSWER_PUBLISH,        /* the agreed date and time     4.4.1 */
	ANSWER_OK,             /* no objection: yes, no 5.1.1, 5.2.1 */
	ANSWER_COMMENT,        /* many */
	ANSWER_QUESTION,       /* opens a question 2.3.1; many */
	ANSWER_REPLY,          /* "answer": to a question 2.3.2; many */
	ANSWER_URL,            /* of what was published        5.x */
	ANSWER_JVN,            /* JVN#…                    <1>5.2.2 */
	ANSWER_CVE,            /* many */
	ANSWER_CREDIT,         /* the finder's name as it wants it */
	ANSWER_CREDIT_OK,      /* yes, no: may it be named */
	ANSWER_SHARE_NAME,     /* yes, no: the source agrees  <2>1.2.1 */
	ANSWER_JVN_WANTED,     /* yes, no                     <2>5.1.1 */
	ANSWER_INFRASTRUCTURE, /* a date: priority notice <1>4.2 */
	ANSWER_OEM,            /* a partner concerned; many */
	ANSWER_OEM_BY,         /* us, jpcert: who tells it */
	ANSWER_ADVISORY,       /* text of our advisory        5.1.1 */
	ANSWER_NOTE,           /* many */
	ANSWER_COUNTRY,        /* of the source               <2>1.2.1 */
	ANSWER_TRIED,          /* to reach it; many           <2>1.2.1 */
	ANSWER_KIND_COUNT,
};

/* The guards of flows: a closed list (RULES 28). */
enum guard_kind {
	GUARD_NO_FINDER = 1, /* no mail to the finder or source */
	GUARD_CONSENT,       /* JPCERT/CC's consent is on record */
	GUARD_NDA,           /* the customer has an NDA */
	GUARD_AGREEMENT,     /* that of 4.3.1 is on record */
	GUARD_NOT_BEFORE,    /* not before the publication date */
	GUARD_REQUIRES_SENT, /* that step's mails have left */
	GUARD_ANSWERED,      /* that answer, and value, is on record */
	/* Ours alone: they always hold, no flow file names them, and nobody
	 * may override them. */
	GUARD_EXPLOIT, /* no exploit to sales, care, publicity, customers */
	GUARD_FLOW,    /* the flow has no row for it */
	GUARD_COUNT,
};

enum answer_type {
	ANSWER_TEXT = 1,
	ANSWER_CHOICE, /* one of `choices` */
	ANSWER_DATE,   /* YYYY-MM-DD, with HH:MM and a zone where given */
	ANSWER_VECTOR, /* CVSS:3.x or 4.0, checked */
	ANSWER_WEB,    /* https URL */
};

struct answer_choice {
	const char *name;         /* "not reproduced": as it is kept */
	const char *const *words; /* en and ja, NULL-terminated */
	bool open;                /* the step stays open: "investigating" */
};

struct answer_rule {
	enum answer_kind kind;
	const char *name;         /* "need details"; `expects` = the same */
	const char *const *words; /* en and ja, lower case, NULL-terminated */
	enum answer_type type;
	const struct answer_choice *choices; /* ended by a NULL name */
	bool many;    /* each line is one more; else the last counts */
	bool exploit; /* never to sales, care, publicity, customers */
	bool desk;    /* on record by `psirt` alone: no mail asks for it */
	/* that goes by it: it is typed only where the mail that asks for it,
	 * with what its reader has to know, has left; 0 none */
	enum guard_kind guard;
	const char *hint_en, *hint_ja; /* behind the word in a mail that asks */
};

/* NULL: there is none. */
const struct answer_rule *answer_rule(enum answer_kind kind);
/* By a word in either language, folded as in a mail (case, width, blanks). */
const struct answer_rule *answer_by_word(const char *word);
/*
 * The value as it is kept: a choice by its name, a date as "2026-12-01" or
 * RFC 3339 UTC, a vector in capitals, a text trimmed.  NULL: not of that
 * type; *why says so in a phrase.
 */
char *answer_value(const void *ctx, const struct answer_rule *rule,
    const char *value, const char **why);
/* "reproduced" of either language, as it is kept; NULL no choice. */
const struct answer_choice *answer_choice(
    const struct answer_rule *rule, const char *value);

/* The value is the hint as the mail that asked showed it, in either language:
 * nothing was filled in. */
bool answer_is_hint(const struct answer_rule *rule, const char *value);

/* ---- guards (RULES 28) ---- */

struct guard {
	enum guard_kind kind;
	const char *step;        /* REQUIRES_SENT: a step's number */
	enum answer_kind answer; /* ANSWERED */
	const char *value;       /* as it is kept; NULL: any */
	struct place place;
};

const char *guard_name(enum guard_kind kind);

/* ---- steps ---- */

enum step_start {
	START_AUTO = 1, /* as soon as it may */
	START_HAND,     /* offered; a person starts it */
	START_LETTER, /* begins at once, and ends when a letter comes for it */
	START_ROUTE,  /* with the overviews that the product map routes */
};

/* Who reads a mail of a step. */
enum audience {
	AUDIENCE_DEPARTMENT = 1, /* the contacts of `roles` */
	AUDIENCE_COUNTERPART, /* JPCERT/CC or the source, by flow and channel */
	AUDIENCE_COORDINATOR, /* JPCERT/CC, also where it is not counterpart */
	AUDIENCE_CUSTOMER,    /* each of the customer file that has a product */
	AUDIENCE_DESK,
};

enum policy { POLICY_AUTO = 1, POLICY_APPROVE, POLICY_TWO };

/* Sets of roles: 1u << ROLE_X. */
#define ROLE_BIT(role) (1u << (unsigned)(role))

struct flow_when {
	enum answer_kind answer;
	const char *value; /* as it is kept; NULL: any */
};

struct flow_mail {
	const char *template; /* a kind of mail (write.h) */
	enum audience to;
	uint32_t roles; /* AUDIENCE_DEPARTMENT */
	enum policy policy;
	struct flow_when *when; /* drafted only where all are on record */
	size_t nwhen;
	struct guard *guards; /* beside those of the step */
	size_t nguards;
	struct place place;
};

/* 必要に応じて共有: told of the step's outcome when it has one. */
struct flow_share {
	enum role role;
	bool on;
	const char *template;
	struct place place;
};

/* One way to a step: all of `after` ended, all of `when` on record. */
struct flow_way {
	const char **after;
	size_t nafter;
	struct flow_when *when;
	size_t nwhen;
};

struct flow_step {
	const char *number; /* "1.3.1" */
	const char *title_en, *title_ja;
	unsigned phase;
	uint32_t lead, joint; /* ROLE_BIT */
	enum step_start start;
	bool optional; /* the flow goes on without it: skipped when passed */
	bool again;    /* may be started more than once: 2.3.1 */
	struct flow_way *ways;
	size_t nways; /* 0: when the case begins */
	enum answer_kind *expects;
	size_t nexpects;
	enum answer_kind *may;
	size_t nmay;
	struct flow_mail *mails;
	size_t nmails;
	struct flow_share *shares;
	size_t nshares;
	struct guard *guards;
	size_t nguards;
	int64_t due_s;     /* from its start; 0 none */
	unsigned due_days; /* business days; 0 none */
	struct place place;
};

/* Does "status=reproduced", as psirt takes it, answer what the step expects? */
bool flow_step_expects(
    const struct flow_step *step, const char *const *words, size_t nwords);

/* Closing reasons: a closed list; the numbers stand in the database. */
enum close_reason {
	CLOSE_PUBLISHED = 1,
	CLOSE_CUSTOMERS, /* told to all customers */
	CLOSE_DUPLICATE,
	CLOSE_NOT_REPRODUCIBLE,
	CLOSE_NOT_A_VULNERABILITY,
	CLOSE_OTHER_VENDOR,
	CLOSE_OUT_OF_SUPPORT,
	CLOSE_WITHDRAWN,
	CLOSE_INCIDENT,    /* handed over to csirt (RULES 31) */
	CLOSE_CUSTOM_MADE, /* out of the seed's scope */
	CLOSE_DECLINED,    /* 詳細 不要: not ours to handle */
	CLOSE_COUNT,
};

struct flow_close {
	enum close_reason reason;
	struct guard *guards;
	size_t nguards;
	struct place place;
};

struct flow_file {
	enum flow flow;
	const char *path;
	const char *text; /* the file as read; kept with the case */
	const char
	    *digest; /* hex SHA-256 of text, by the engine; may be NULL */
	struct flow_step *steps; /* in the order of the file */
	size_t nsteps;
	struct flow_close *closes;
	size_t ncloses;
};

/*
 * Parses a flow's text; `path` is for messages.  NULL with FAULT_SETUP; every
 * error found is added to *errors, one "file:line: sentence" a line.
 */
struct flow_file *flow_parse(const void *ctx, enum flow flow, const char *path,
    const char *text, char **errors, struct error *err);
/* NULL: no such step. */
const struct flow_step *flow_step(
    const struct flow_file *f, const char *number);
/* What a shipped flow guards and this one does not (RULES 28): notes, one
 * "file:line: note: sentence" a line; NULL none. */
char *flow_notes(const void *ctx, const struct flow_file *f);
const char *close_reason_name(enum close_reason reason);  /* "published" */
enum close_reason close_reason_by_name(const char *name); /* 0 none */
const char *policy_name(enum policy policy);
const char *audience_name(enum audience audience);

#endif
