/*
 * flow_names.c - the closed lists that a flow file names, word by word.
 *
 * One array a list; what is in none of them is refused by flow_parse.c.
 * Pure.
 */
#include "flow_internal.h"

#include <string.h>
#include <strings.h>

static const char *const guards[GUARD_COUNT] = {
    [GUARD_NO_FINDER] = "no_finder",
    [GUARD_CONSENT] = "consent",
    [GUARD_NDA] = "nda",
    [GUARD_AGREEMENT] = "agreement",
    [GUARD_NOT_BEFORE] = "not_before",
    [GUARD_REQUIRES_SENT] = "requires_sent",
    [GUARD_ANSWERED] = "answered",
    [GUARD_EXPLOIT] = "exploit",
    [GUARD_FLOW] = "flow",
};

static const char *const reasons[CLOSE_COUNT] = {
    [CLOSE_PUBLISHED] = "published",
    [CLOSE_CUSTOMERS] = "customers",
    [CLOSE_DUPLICATE] = "duplicate",
    [CLOSE_NOT_REPRODUCIBLE] = "not-reproducible",
    [CLOSE_NOT_A_VULNERABILITY] = "not-a-vulnerability",
    [CLOSE_OTHER_VENDOR] = "other-vendor",
    [CLOSE_OUT_OF_SUPPORT] = "out-of-support",
    [CLOSE_WITHDRAWN] = "withdrawn",
    [CLOSE_INCIDENT] = "incident",
    [CLOSE_CUSTOM_MADE] = "custom-made",
    [CLOSE_DECLINED] = "declined",
};

static const char *const policies[] = {
    [POLICY_AUTO] = "auto",
    [POLICY_APPROVE] = "approve",
    [POLICY_TWO] = "two",
};

static const char *const audiences[] = {
    [AUDIENCE_DEPARTMENT] = "department",
    [AUDIENCE_COUNTERPART] = "counterpart",
    [AUDIENCE_COORDINATOR] = "coordinator",
    [AUDIENCE_CUSTOMER] = "customers",
    [AUDIENCE_DESK] = "desk",
};

static const char *
name_at(const char *const *names, size_t n, int at)
{
	if (at <= 0 || (size_t)at >= n || names[at] == NULL)
		return "unknown";
	return names[at];
}

/* 0: none. */
static int
name_index(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 1; name != NULL && i < n; i++)
		if (strcasecmp(names[i], name) == 0)
			return (int)i;
	return 0;
}

const char *
guard_name(enum guard_kind kind)
{
	return name_at(guards, COUNT(guards), (int)kind);
}

/* Not of those that always hold: a file neither gives nor takes them. */
enum guard_kind
guard_by_name(const char *name)
{
	return (enum guard_kind)name_index(guards, GUARD_EXPLOIT, name);
}

const char *
close_reason_name(enum close_reason reason)
{
	return name_at(reasons, COUNT(reasons), (int)reason);
}

enum close_reason
close_reason_by_name(const char *name)
{
	return (enum close_reason)name_index(reasons, COUNT(reasons), name);
}

const char *
policy_name(enum policy policy)
{
	return name_at(policies, COUNT(policies), (int)policy);
}

const char *
audience_name(enum audience audience)
{
	return name_at(audiences, COUNT(audiences), (int)audience);
}

/* A department is named by its role, never by this word. */
enum audience
audience_by_name(const char *name)
{
	enum audience audience =
	    (enum audience)name_index(audiences, COUNT(audiences), name);

	return audience == AUDIENCE_DEPARTMENT ? 0 : audience;
}
