/*
 * write_names.c - the kinds of mail: names, readers, and what a subject may
 * hold.
 *
 * Runs in the engine.  One row a kind; its facts are in write_facts.c.
 */
#include "write_internal.h"

#include <string.h>

static const struct {
	const char *name;
	enum audience audience; /* 0: no flow sends it */
} kinds[MAIL_KIND_COUNT] = {
    [MAIL_ACKNOWLEDGE] = {"acknowledge", 0},
    [MAIL_RESEND] = {"resend", 0},
    [MAIL_OVERVIEW] = {"overview", AUDIENCE_DEPARTMENT},
    [MAIL_DETAILS] = {"details", AUDIENCE_DEPARTMENT},
    [MAIL_NOTICE] = {"notice", AUDIENCE_DEPARTMENT},
    [MAIL_ALERT] = {"alert", 0},

    [MAIL_ASK] = {"ask", AUDIENCE_DEPARTMENT},
    [MAIL_REMINDER] = {"reminder", AUDIENCE_DEPARTMENT},
    [MAIL_SHARE] = {"share", AUDIENCE_DEPARTMENT},
    [MAIL_CONFIRM] = {"confirm", AUDIENCE_DEPARTMENT},
    [MAIL_RELAY] = {"relay", AUDIENCE_DEPARTMENT},
    [MAIL_MEETING] = {"meeting", AUDIENCE_DEPARTMENT},
    [MAIL_DATES] = {"dates", AUDIENCE_DEPARTMENT},
    [MAIL_CIRCULATE] = {"circulate", AUDIENCE_DEPARTMENT},
    [MAIL_NOTIFIED] = {"notified", AUDIENCE_DEPARTMENT},
    [MAIL_INCIDENT] = {"incident", AUDIENCE_DEPARTMENT},
    [MAIL_OEM] = {"oem", AUDIENCE_DEPARTMENT},

    [MAIL_DETAIL_REQUEST] = {"detail_request", AUDIENCE_COUNTERPART},
    [MAIL_DECLINE] = {"decline", AUDIENCE_COUNTERPART},
    [MAIL_QUESTIONS] = {"questions", AUDIENCE_COUNTERPART},
    [MAIL_REPORT] = {"report", AUDIENCE_COUNTERPART},
    [MAIL_PLAN] = {"plan", AUDIENCE_COUNTERPART},
    [MAIL_POLICY] = {"policy", AUDIENCE_COUNTERPART},
    [MAIL_PRIOR_NOTICE] = {"prior_notice", AUDIENCE_COUNTERPART},
    [MAIL_ALL_CUSTOMERS] = {"all_customers", AUDIENCE_COUNTERPART},
    [MAIL_DATE] = {"date", AUDIENCE_COUNTERPART},
    [MAIL_NO_OBJECTION] = {"no_objection", AUDIENCE_COUNTERPART},
    [MAIL_PUBLISHED] = {"published", AUDIENCE_COUNTERPART},
    [MAIL_SUPPORT_REQUEST] = {"support_request", AUDIENCE_COORDINATOR},
    [MAIL_MEDIATED] = {"mediated", AUDIENCE_COUNTERPART},
    [MAIL_STATUS] = {"status", AUDIENCE_COUNTERPART},
    [MAIL_REPLY] = {"reply", AUDIENCE_COUNTERPART},

    [MAIL_CUSTOMER] = {"customer", AUDIENCE_CUSTOMER},

    [MAIL_ESCALATION] = {"escalation", 0},
    [MAIL_MORNING] = {"morning", 0},
    [MAIL_EXPIRY] = {"expiry", 0},
    [MAIL_WAKE] = {"wake", 0},
};

const char *const write_languages[LANGUAGES] = {"en", "ja"};

bool
mail_kind_exists(enum mail_kind kind)
{
	return kind >= MAIL_ACKNOWLEDGE && kind < MAIL_KIND_COUNT;
}

const char *
mail_kind_name(enum mail_kind kind)
{
	return mail_kind_exists(kind) ? kinds[kind].name : "?";
}

enum mail_kind
mail_kind_by_name(const char *name)
{
	for (int kind = MAIL_ACKNOWLEDGE;
	     name != NULL && kind < MAIL_KIND_COUNT; kind++)
		if (strcmp(kinds[kind].name, name) == 0)
			return (enum mail_kind)kind;
	return 0;
}

enum audience
mail_kind_audience(enum mail_kind kind)
{
	return mail_kind_exists(kind) ? kinds[kind].audience : 0;
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
