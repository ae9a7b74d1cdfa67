/*
 * engine_inspect.c - `psirtd --inspect FILE`: a database as it rests, while
 * no daemon has it: numbers, dates and states, and whether it and its record
 * are whole.  Needs no key, no settings and no room, so it also works on a
 * backup.
 */
#include "engine_internal.h"

#include <stdio.h>
#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/store_keep.h"
#include "psirtd/store_names.h"

typedef const char *namer(uint32_t value);

static const char *
letter_state(uint32_t value)
{
	return letter_state_name((enum letter_state)value);
}

static const char *
reason(uint32_t value)
{
	return reason_name((enum reason)value);
}

static const char *
mail_kind(uint32_t value)
{
	return mail_kind_name((enum mail_kind)value);
}

static const char *
flow(uint32_t value)
{
	return flow_name((enum flow)value);
}

static const char *
routed(uint32_t value)
{
	static const char *const names[] = {"no", "proposed", "yes"};

	return value < sizeof(names) / sizeof(names[0]) ? names[value] : "?";
}

static const char *
close_reason(uint32_t value)
{
	return close_reason_name((enum close_reason)value);
}

static const char *
answer_kind(uint32_t value)
{
	const struct answer_rule *rule = answer_rule((enum answer_kind)value);

	return rule != NULL ? rule->name : "?";
}

static const char *
clock_kind(uint32_t value)
{
	const struct clock_rule *rule = clock_rule((enum clock_kind)value);

	return rule != NULL ? rule->name : "?";
}

static const char *
clock_source(uint32_t value)
{
	return clock_source_name((enum clock_source)value);
}

static const char *
audience(uint32_t value)
{
	return audience_name((enum audience)value);
}

static const char *
policy(uint32_t value)
{
	return policy_name((enum policy)value);
}

/* What a number of a column means; those not named here are shown as such. */
static const struct {
	const char *table, *column;
	namer *name;
} meanings[] = {
    {"case", "flow", flow},
    {"case", "state", case_state_name},
    {"case", "routed", routed},
    {"case", "channel", channel_name},
    {"case", "close_reason", close_reason},
    {"letter", "state", letter_state},
    {"letter", "reason", reason},
    {"letter", "verdict", verdict_name},
    {"mail", "kind", mail_kind},
    {"mail", "state", outmail_state_name},
    {"mail", "audience", audience},
    {"mail", "policy", policy},
    {"alert", "reason", reason},
    {"step", "state", step_state_name},
    {"answer", "kind", answer_kind},
    {"question", "state", question_state_name},
    {"task", "kind", task_kind_name},
    {"clock", "kind", clock_kind},
    {"clock", "source", clock_source},
    {"link", "kind", link_kind_name},
    {"link", "why", mark_kind_name},
};

/* A step's `look` and a clock's `ended` may be -1: never. */
static bool
is_time(const char *column, int64_t number)
{
	static const char *const times[] = {"received", "stored", "filed",
	    "acknowledged", "made", "not_before", "sent", "at", "adopted",
	    "closed", "next_status", "bounced", "ready", "started", "ended",
	    "due", "look", "reminded", "warn"};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (strcmp(times[i], column) == 0)
			return number > 0;
	return false;
}

static const char *
value_text(const void *ctx, const char *table, const struct store_plain *v)
{
	if (v->text != NULL)
		return v->text;
	if (v->number == 0)
		return "-";
	if (is_time(v->name, v->number))
		return clock_rfc3339(ctx, v->number);
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (strcmp(meanings[i].table, table) == 0 &&
		    strcmp(meanings[i].column, v->name) == 0)
			return meanings[i].name((uint32_t)v->number);
	return talloc_asprintf(ctx, "%lld", (long long)v->number);
}

/* "letter 7 state=filed reason=new-report …": its first value is its name. */
static void
print_row(
    void *arg, const char *table, const struct store_plain *values, size_t n)
{
	void *ctx = talloc_new(NULL);

	printf("%s", table);
	for (size_t i = 0; i < n; i++)
		if (i == 0)
			printf(" %s", value_text(ctx, table, &values[i]));
		else
			printf(" %s=%s", values[i].name,
			    value_text(ctx, table, &values[i]));
	printf("\n");
	talloc_free(ctx);
}

int
engine_inspect(const char *path)
{
	void *ctx = talloc_new(NULL);
	struct error err = {0};
	struct store *st = store_look(ctx, path, &err);
	int exit_code = ENGINE_EXIT_SETUP;
	int64_t lines = 0;
	char *head = NULL;

	if (st == NULL || store_check(st, &err) != 0 ||
	    store_inspect(st, print_row, NULL, &err) != 0)
		goto out;
	if (store_record_verify(ctx, st, &lines, &head, &err) != 0)
		goto out;
	printf("record %lld lines, whole, head %s\n", (long long)lines, head);
	exit_code = ENGINE_EXIT_OK;
out:
	if (exit_code != ENGINE_EXIT_OK)
		fprintf(stderr, "psirtd: %s\n", err.text);
	talloc_free(ctx);
	return exit_code;
}
