/*
 * write_names.c - the kinds of mail and the facts each may use.
 *
 * Runs in the engine.  The lists are the contract between whoever has the
 * facts (daemon/engine_draft.c) and the templates: neither can name what the
 * other does not know.  An acknowledgement has no fact that holds a word of
 * the report, so no template can quote one (DESIGN, What never happens: 6).
 */
#include "write_internal.h"

#include <string.h>

#define COMMON                                                                 \
	"organization", "desk_address", "fingerprint", "key_url",              \
	    "policy_url", "now"
#define REPORT                                                                 \
	"to_name", "number", "tracking", "department", "role", "flow_jpcert",  \
	    "flow_direct", "received", "reply_by", "product", "receipt_only",  \
	    "versions", "identifiers", "vulnerability_type", "score",          \
	    "source", "finder", "text", "attachments"

static const char *const of_none[] = {NULL};
static const char *const of_acknowledge[] = {COMMON, "number", "tracking",
    "received", "reply_by", "correspondent", "flow_jpcert", "flow_direct",
    NULL};
static const char *const of_resend[] = {COMMON, "number", "tracking",
    "correspondent", "received", "reason_no_key", "reason_integrity",
    "reason_no_mdc", "reason_symmetric", "reason_malformed",
    "reason_unsupported", "reason_smime", "reason_limit_parts",
    "reason_limit_depth", "reason_limit_fields", "reason_limit_addresses",
    "reason_limit_output", "reason_limit_time", "reason_limit_keys", NULL};
static const char *const of_report[] = {COMMON, REPORT, NULL};
static const char *const of_notice[] = {COMMON, "to_name", "number", NULL};
static const char *const of_alert[] = {
    COMMON, "to_name", "count", "lines", NULL};

static const struct {
	const char *name;
	const char *const *facts;
} kinds[MAIL_KIND_COUNT] = {
    [MAIL_ACKNOWLEDGE] = {"acknowledge", of_acknowledge},
    [MAIL_RESEND] = {"resend", of_resend},
    [MAIL_OVERVIEW] = {"overview", of_report},
    [MAIL_DETAILS] = {"details", of_report},
    [MAIL_NOTICE] = {"notice", of_notice},
    [MAIL_ALERT] = {"alert", of_alert},
};

const char *const write_languages[LANGUAGES] = {"en", "ja"};

static bool
is_kind(enum mail_kind kind)
{
	return kind >= MAIL_ACKNOWLEDGE && kind < MAIL_KIND_COUNT;
}

const char *
mail_kind_name(enum mail_kind kind)
{
	return is_kind(kind) ? kinds[kind].name : "?";
}

const char *const *
write_fact_names(enum mail_kind kind)
{
	return is_kind(kind) ? kinds[kind].facts : of_none;
}

int
fact_index(enum mail_kind kind, const char *name, size_t len)
{
	const char *const *names = write_fact_names(kind);

	for (int i = 0; names[i] != NULL; i++)
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return i;
	return -1;
}

bool
fact_in_subject(const char *name, bool block)
{
	static const char *const allowed[] = {
	    "number", "tracking", "organization", "count"};

	/* As a condition: what it chooses is the template's own text. */
	if (block && strcmp(name, "receipt_only") == 0)
		return true;

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (strcmp(allowed[i], name) == 0)
			return true;
	return false;
}
