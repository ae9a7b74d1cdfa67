/*
 * clock_rules.c - which due dates a case has, and when they are warned of.
 *
 * One table: a name, titles, and how long before it is due a clock warns.
 * Those of receipt start at our mail server, never at filing (RULES 8): a
 * letter that lay set aside for a week has a week less.  Pure.
 */
#include "psirtd/procedure.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)
/* Publication target of the partnership and of most CERTs. */
#define TARGET_DAYS 45

static const struct clock_rule rules[CLOCK_KIND_COUNT] = {
    [CLOCK_ACKNOWLEDGE] = {CLOCK_ACKNOWLEDGE, "acknowledgement",
	"our acknowledgement", "受領通知", {4 * HOUR, HOUR}},
    [CLOCK_FIRST_ANSWER] = {CLOCK_FIRST_ANSWER, "first answer",
	"first answer of a person", "担当者による最初の回答", {DAY, 4 * HOUR}},
    [CLOCK_YEAR] = {CLOCK_YEAR, "one year", "one year since the start date",
	"起算日から1年", {90 * DAY, 30 * DAY, 7 * DAY}},
    [CLOCK_TARGET] = {CLOCK_TARGET, "target", "publication target",
	"公表目標日", {14 * DAY, 7 * DAY, DAY}},
    [CLOCK_IMPOSED] = {CLOCK_IMPOSED, "imposed", "disclosure set by the source",
	"情報源が定めた公表日", {14 * DAY, 7 * DAY, DAY}},
    [CLOCK_REPLY_BY] = {CLOCK_REPLY_BY, "reply by",
	"reply asked for by the coordinator", "調整機関への回答期限",
	{3 * DAY, DAY}},
    [CLOCK_PUBLICATION] = {CLOCK_PUBLICATION, "publication",
	"agreed publication date", "合意した公表日", {7 * DAY, 3 * DAY, DAY}},
    [CLOCK_CRA_WARNING] = {CLOCK_CRA_WARNING, "cra warning",
	"CRA Article 14: early warning, 24 hours",
	"CRA第14条 早期警告（24時間）", {12 * HOUR, 4 * HOUR, HOUR}},
    [CLOCK_CRA_NOTIFICATION] = {CLOCK_CRA_NOTIFICATION, "cra notification",
	"CRA Article 14: notification, 72 hours", "CRA第14条 通知（72時間）",
	{24 * HOUR, 12 * HOUR, 4 * HOUR}},
    [CLOCK_CRA_FINAL] = {CLOCK_CRA_FINAL, "cra final",
	"CRA Article 14: final report, 14 days after a fix",
	"CRA第14条 最終報告（対策提供後14日）", {7 * DAY, 3 * DAY, DAY}},
    [CLOCK_INCIDENT_FINAL] = {CLOCK_INCIDENT_FINAL, "incident final",
	"CRA Article 14: final report of an incident, one month",
	"CRA第14条 インシデント最終報告（1か月）", {14 * DAY, 7 * DAY, DAY}},
    [CLOCK_PLANNED] = {CLOCK_PLANNED, "planned", "date of the plan",
	"対策計画の予定日", {7 * DAY, DAY}},
    [CLOCK_INQUIRY] = {CLOCK_INQUIRY, "inquiry",
	"answer to a letter on the case", "問い合わせへの回答",
	{DAY, 4 * HOUR}},
    [CLOCK_RETENTION] = {CLOCK_RETENTION, "retention", "end of retention",
	"保管期限", {30 * DAY, 7 * DAY}},
};

const struct clock_rule *
clock_rule(enum clock_kind kind)
{
	return kind > 0 && kind < CLOCK_KIND_COUNT ? &rules[kind] : NULL;
}

/* As it is typed: "first answer", "first-answer", "First_Answer". */
static bool
same_name(const char *name, const char *typed)
{
	for (; *name != '\0' && *typed != '\0'; name++, typed++) {
		char c = *typed >= 'A' && *typed <= 'Z'
			     ? (char)(*typed - 'A' + 'a')
			     : *typed;

		if (*name == ' ' ? c != ' ' && c != '-' && c != '_'
				 : c != *name)
			return false;
	}
	return *name == *typed;
}

const struct clock_rule *
clock_by_name(const char *name)
{
	for (size_t i = 0; name != NULL && i < CLOCK_KIND_COUNT; i++)
		if (rules[i].name != NULL && same_name(rules[i].name, name))
			return &rules[i];
	return NULL;
}

int64_t
clock_next_warning(const struct clock_rule *rule, int64_t due, int64_t now)
{
	for (size_t i = 0; i < sizeof(rule->warn_s) / sizeof(rule->warn_s[0]);
	     i++)
		if (rule->warn_s[i] > 0 && due - rule->warn_s[i] > now)
			return due - rule->warn_s[i];
	/* That it is due is the last one. */
	return due > now ? due : 0;
}

static int64_t
target_of(const struct settings *s, int64_t received)
{
	unsigned days = s->imposed_days > 0 ? s->imposed_days : TARGET_DAYS;

	return received + days * DAY;
}

size_t
desk_first_clocks(const void *ctx, const struct settings *s, enum flow flow,
    int64_t received, struct found_clock **list)
{
	struct found_clock *c = talloc_zero_array(ctx, struct found_clock, 4);
	size_t n = 0;

	*list = c;
	if (c == NULL)
		return 0;
	c[n].kind = CLOCK_ACKNOWLEDGE;
	c[n++].due =
	    settings_business_days(s, received, (int)s->acknowledge_days);
	c[n].kind = CLOCK_FIRST_ANSWER;
	c[n++].due = settings_business_days(s, received, (int)s->reply_days);
	c[n].kind = CLOCK_TARGET;
	c[n++].due = target_of(s, received);
	/* Seed <1>1.2.1: a year on, the finder may ask to end the silence. */
	if (flow == FLOW_JPCERT) {
		c[n].kind = CLOCK_YEAR;
		c[n++].due = clock_years(received, 1);
	}
	for (size_t i = 0; i < n; i++)
		c[i].zone_min = clock_zone_min(c[i].due);
	return n;
}

size_t
desk_clocks(const struct settings *s, enum flow flow, int64_t received,
    struct desk_clock clocks[DESK_CLOCKS_MOST])
{
	size_t n = 0;

	clocks[n++] = (struct desk_clock){rules[CLOCK_FIRST_ANSWER].name,
	    settings_business_days(s, received, (int)s->reply_days)};
	clocks[n++] = (struct desk_clock){
	    rules[CLOCK_TARGET].name, target_of(s, received)};
	if (flow == FLOW_JPCERT)
		clocks[n++] = (struct desk_clock){
		    rules[CLOCK_YEAR].name, clock_years(received, 1)};
	return n;
}

const char *
clock_source_name(enum clock_source source)
{
	static const char *const names[] = {
	    [CLOCK_OF_FLOW] = "flow",
	    [CLOCK_OF_LETTER] = "letter",
	    [CLOCK_TYPED] = "typed",
	    [CLOCK_PROPOSED] = "proposed",
	};

	return source >= CLOCK_OF_FLOW && source <= CLOCK_PROPOSED
		   ? names[source]
		   : "?";
}

bool
desk_parse_time(const char *text, int64_t *when, int *zone_min)
{
	struct clock_read read;

	if (text == NULL || !clock_parse(text, &read))
		return false;
	*when = read.when;
	*zone_min = read.zone_min;
	return true;
}

char *
desk_two_zones(const void *ctx, int64_t when)
{
	char *local = clock_text(ctx, when);
	char *utc = clock_rfc3339(ctx, when); /* "2026-12-01T01:00:00Z" */
	char *both;

	if (local == NULL || utc == NULL || strlen(utc) < 16)
		return NULL;
	if (clock_zone_min(when) == 0)
		both = talloc_strdup(ctx, local);
	else if (strncmp(local, utc, 10) == 0)
		both = talloc_asprintf(ctx, "%s (%.5s UTC)", local, utc + 11);
	else
		both = talloc_asprintf(
		    ctx, "%s (%.10s %.5s UTC)", local, utc, utc + 11);
	talloc_free(local);
	talloc_free(utc);
	return both;
}
