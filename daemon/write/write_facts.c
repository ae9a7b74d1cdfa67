/*
 * write_facts.c - the facts that a mail of each kind may use.
 *
 * Runs in the engine.  The lists are the contract between whoever has the
 * facts (daemon/engine_*.c) and the templates: neither can name what the
 * other does not know, and what a reader may not know has no name here
 * (DESIGN, What never happens: 6; RULES 5, 25).
 *
 *   - an acknowledgement holds no word of the report;
 *   - no mail to the counterpart holds the name of a department or contact;
 *   - a customer reads no cause, no conditions, no text, no finder;
 *   - a status mail, which may go in clear, holds number, phase and date;
 *   - what many departments read at once (4.1.1, 4.4.1, 5.x) is kept fit for
 *     sales, care and publicity: no cause, no conditions.
 *
 * What is on record has the name of its answer (flow_answers.c) with "_" for
 * a blank: cause, not_affected; a choice is a fact of its own beside it,
 * there or not: status_not_reproduced.
 */
#include "write_internal.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

#define COMMON                                                                 \
	"organization", "desk_address", "fingerprint", "key_url",              \
	    "policy_url", "now"

/* ---- inside ---- */

/* A contact, the case, and why it is written to. */
#define INSIDE                                                                 \
	COMMON, "to_name", "number", "department", "role", "product",          \
	    "flow_jpcert", "flow_direct"
/* A step; `lines` are to be copied, `ref` stands in them (RULES 12). */
#define STEP INSIDE, "step", "step_title", "ref", "lines", "reply_by"
/* Of a letter; read by those who examine it. */
#define REPORT                                                                 \
	"tracking", "received", "receipt_only", "versions", "identifiers",     \
	    "vulnerability_type", "score", "source", "finder", "text",         \
	    "attachments"

/* ---- what is on record ---- */

/* That may help an attacker: GUARD_EXPLOIT. */
#define EXPLOIT "cause", "conditions"
#define RESULTS                                                                \
	"status_reproduced", "status_not_reproduced", "status_investigating",  \
	    "affected", "not_affected", "under_investigation", "cvss",         \
	    "impact"
#define REMEDY "fix", "workaround", "planned"
#define PROGRESS                                                               \
	RESULTS, "difficulty", "plan", REMEDY, "verified_yes", "verified_no"
#define DECISION "decision_publish", "decision_customers_only"

/* ---- outside ---- */

/* The reader: an office by name, or a single person by his own. */
#define OUTSIDE                                                                \
	COMMON, "correspondent", "to_name", "number", "tracking", "product",   \
	    "flow_jpcert", "flow_direct"

static const char *const *const lists[MAIL_KIND_COUNT] = {
    [MAIL_ACKNOWLEDGE] = LIST(COMMON, "number", "tracking", "received",
	"reply_by", "correspondent", "flow_jpcert", "flow_direct"),
    [MAIL_RESEND] = LIST(COMMON, "number", "tracking", "correspondent",
	"received", "reason_no_key", "reason_integrity", "reason_no_mdc",
	"reason_symmetric", "reason_malformed", "reason_unsupported",
	"reason_smime", "reason_limit_parts", "reason_limit_depth",
	"reason_limit_fields", "reason_limit_addresses", "reason_limit_output",
	"reason_limit_time", "reason_limit_keys"),
    [MAIL_OVERVIEW] = LIST(STEP, REPORT),
    [MAIL_DETAILS] = LIST(STEP, REPORT),
    [MAIL_NOTICE] = LIST(COMMON, "to_name", "number"),
    [MAIL_ALERT] = LIST(COMMON, "to_name", "count", "lines"),

    [MAIL_ASK] = LIST(STEP, EXPLOIT, PROGRESS, DECISION, "publish_on"),
    [MAIL_REMINDER] = LIST(STEP, "asked", "count"),
    [MAIL_SHARE] = LIST(INSIDE, "step", "step_title", EXPLOIT, PROGRESS,
	DECISION, "weighing", "publish_on"),
    [MAIL_CONFIRM] = LIST(STEP, "understood", "not_understood"),
    [MAIL_RELAY] =
	LIST(INSIDE, "question_number", "question", "text", "attachments"),
    [MAIL_MEETING] = LIST(STEP, PROGRESS, "imposed", "year_ends"),
    [MAIL_DATES] = LIST(STEP, "candidate", "planned", "imposed", "year_ends"),
    [MAIL_CIRCULATE] =
	LIST(STEP, "advisory", "text", "attachments", "publish_on"),
    [MAIL_NOTIFIED] =
	LIST(INSIDE, "url", "jvn", "cve", "publish_on", "affected", REMEDY),
    [MAIL_INCIDENT] = LIST(INSIDE, REPORT, "reason"),
    [MAIL_OEM] = LIST(COMMON, "to_name", "number", "product", "ref", "lines",
	"reply_by", RESULTS, REMEDY, "publish_on", "cve"),

    [MAIL_DETAIL_REQUEST] = LIST(OUTSIDE, "received"),
    [MAIL_DECLINE] = LIST(OUTSIDE, "received", "not_affected", "reason"),
    [MAIL_QUESTIONS] = LIST(OUTSIDE, "questions", "reply_by"),
    [MAIL_REPORT] = LIST(OUTSIDE, "received", EXPLOIT, PROGRESS),
    [MAIL_PLAN] = LIST(OUTSIDE, "plan", "affected", REMEDY, "again"),
    [MAIL_POLICY] = LIST(OUTSIDE, DECISION, "plan", "affected", REMEDY),
    [MAIL_PRIOR_NOTICE] = LIST(OUTSIDE, "affected", REMEDY, "infrastructure",
	"publish_on", "reply_by"),
    [MAIL_ALL_CUSTOMERS] =
	LIST(OUTSIDE, "affected", REMEDY, "count", "reply_by"),
    [MAIL_DATE] = LIST(OUTSIDE, "publish_on", "url", "again"),
    [MAIL_NO_OBJECTION] = LIST(OUTSIDE, "ok_yes", "ok_no", "comment"),
    [MAIL_PUBLISHED] = LIST(OUTSIDE, "decision_customers_only", "publish_on",
	"url", "jvn", "cve", "credit", "affected", REMEDY),
    /* Not the number that the source gave it. */
    [MAIL_SUPPORT_REQUEST] = LIST(COMMON, "correspondent", "number", "product",
	"received", "source_kind", "country", "tried", "finder", "imposed"),
    [MAIL_MEDIATED] =
	LIST(COMMON, "to_name", "number", "coordinator", "coordinator_address"),
    [MAIL_STATUS] = LIST(COMMON, "correspondent", "number", "tracking",
	"phase_words", "next_contact"),
    [MAIL_REPLY] = LIST(OUTSIDE, "text"),

    [MAIL_CUSTOMER] = LIST(COMMON, "to_name", "number", "nda", "product",
	"affected", "not_affected", "cvss", "impact", REMEDY,
	"decision_customers_only", "publish_on", "url", "cve", "integrator"),

    [MAIL_ESCALATION] = LIST(COMMON, "to_name", "number", "department", "step",
	"step_title", "asked", "reply_by", "count"),
    [MAIL_MORNING] =
	LIST(COMMON, "to_name", "count", "lines", "head", "checkpoint"),
    [MAIL_EXPIRY] = LIST(COMMON, "to_name", "count", "lines", "own"),
    /* In clear: a number and a reason, and nothing else. */
    [MAIL_WAKE] = LIST("lines"),
};

const char *const *
write_fact_names(enum mail_kind kind)
{
	static const char *const none[] = {NULL};

	return mail_kind_exists(kind) ? lists[kind] : none;
}
