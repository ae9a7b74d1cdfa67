/*
 * engine_alert.c - the stop `alert`: what the POC is to be told becomes one
 * signed, encrypted mail with numbers and reasons alone, gathered, so that a
 * flood makes one (DESIGN.md, "The POC is told").  What cannot wait for
 * somebody to decrypt goes in clear besides, signed, to alert_plain: number
 * and reason alone (RULES 22).
 *
 * Runs in the engine process.
 */
#include "engine_internal.h"

#include <talloc.h>

#include "psirtd/clock.h"

#define ALERT_WAIT_S 3    /* what comes together is told together */
#define ALERT_EVERY_S 600 /* a flood makes one mail in this time */
#define ALERT_LINES 50
#define WAKE_LINES 10

/* Somebody is to be woken, who may have no key at hand. */
static bool
wakes(const struct store_alert *alert)
{
	switch (alert->reason) {
	case REASON_FORGED:
	case REASON_UNPINNED:
	case REASON_EXPLOITED:
	case REASON_DISK:
	case REASON_UNREACHABLE:
	case REASON_MAILBOX_PASSWORD:
		return true;
	default:
		return false;
	}
}

static bool
any_wakes(const struct store_alert *alerts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (wakes(&alerts[i]))
			return true;
	return false;
}

/* "forged: letter 7", "mail-held: PSIRT-2026-0001": reason and numbers. */
static char *
alert_line(const void *ctx, struct engine *e, const struct store_alert *alert)
{
	const char *reason = reason_name((enum reason)alert->reason);
	char *number = NULL;

	if (alert->casefile != 0)
		store_case_number(ctx, e->st, alert->casefile, &number, NULL);
	if (number != NULL && alert->letter != 0)
		return talloc_asprintf(ctx, "%s: letter %lld, %s", reason,
		    (long long)alert->letter, number);
	if (number != NULL)
		return talloc_asprintf(ctx, "%s: %s", reason, number);
	if (alert->letter != 0)
		return talloc_asprintf(
		    ctx, "%s: letter %lld", reason, (long long)alert->letter);
	return talloc_strdup(ctx, reason);
}

static int
draft_alert(struct engine *e, const struct store_alert *alerts, size_t n,
    const struct operator* to, struct error *err)
{
	void *ctx = talloc_new(e);
	struct store_outmail m = {0};
	struct facts f = {0};
	const char *language =
	    to->language != NULL ? to->language : e->s->language;
	char *lines = talloc_strdup(ctx, "");
	int rc;

	for (size_t i = 0; i < n && i < ALERT_LINES; i++)
		lines = talloc_asprintf_append(
		    lines, "  %s\n", alert_line(ctx, e, &alerts[i]));
	draft_common_facts(&f, ctx, e, language);
	draft_fact(&f, "to_name", to->user);
	draft_fact(&f, "count", talloc_asprintf(ctx, "%zu", n));
	draft_fact(&f, "lines", lines);
	m.kind = MAIL_ALERT;
	m.to = (char *)(uintptr_t)to->address;
	m.recipient = (char *)(uintptr_t)to->fingerprint;
	m.encrypt = 1;
	m.automatic = 1;
	rc = draft_add(e, &m, language, &f, "psirtd", err);
	talloc_free(ctx);
	return rc;
}

/* "and 12 more" has no words: "+12". */
static char *
wake_lines(const void *ctx, struct engine *e, const struct store_alert *alerts,
    size_t n)
{
	char *lines = talloc_strdup(ctx, "");
	size_t shown = 0, over = 0;

	for (size_t i = 0; i < n; i++) {
		if (!wakes(&alerts[i]))
			continue;
		if (shown++ < WAKE_LINES)
			lines = talloc_asprintf_append(
			    lines, "%s\n", alert_line(ctx, e, &alerts[i]));
		else
			over++;
	}
	if (over > 0)
		lines = talloc_asprintf_append(lines, "+%zu\n", over);
	return lines;
}

static int
draft_wake(struct engine *e, const struct store_alert *alerts, size_t n,
    const char *to, struct error *err)
{
	void *ctx = talloc_new(e);
	struct store_outmail m = {.kind = MAIL_WAKE,
	    .to = (char *)(uintptr_t)to,
	    .audience = AUDIENCE_DESK,
	    .policy = POLICY_AUTO,
	    .automatic = 1};
	struct facts f = {0};
	int rc;

	draft_fact(&f, "lines", wake_lines(ctx, e, alerts, n));
	rc = draft_add(e, &m, e->s->language, &f, "psirtd", err);
	talloc_free(ctx);
	return rc;
}

static int
tell_desk(struct engine *e, const struct store_alert *alerts, size_t n,
    struct error *err)
{
	if (store_begin(e->st, err) != 0)
		return -1;
	for (size_t i = 0; i < e->s->noperators; i++) {
		const struct operator* to = & e->s->operators[i];

		if (to->address != NULL && to->fingerprint != NULL &&
		    draft_alert(e, alerts, n, to, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < e->s->nalert_plain && any_wakes(alerts, n); i++)
		if (draft_wake(e, alerts, n, e->s->alert_plain[i], err) != 0)
			return -1;
	if (store_alert_done(e->st, alerts[n - 1].id, err) != 0)
		return -1;
	return stop_commit(e, "alert", err);
}

/* Of what wakes somebody a flood makes one as well, whatever else was told. */
static int64_t
due_at(const struct engine *e, const struct store_alert *alerts, size_t n)
{
	int64_t due = alerts[0].at + (e->once ? 0 : ALERT_WAIT_S);
	int64_t last = any_wakes(alerts, n) ? e->woken_at : e->alerted_at;

	if (last != 0 && last + ALERT_EVERY_S > due)
		due = last + ALERT_EVERY_S;
	return due;
}

bool
stop_alert(struct engine *e)
{
	struct store_alert *alerts = NULL;
	struct error err = {0};
	int64_t now = clock_now();
	int64_t due;
	bool done = false;
	size_t n = 0;

	if (!e->unlocked)
		return false;
	if (store_alert_list(e, e->st, &alerts, &n, &err) != 0) {
		engine_trouble(e, "alert", &err);
		return false;
	}
	if (n > 0) {
		due = due_at(e, alerts, n);
		/* It may come from a clock that has gone back since. */
		if (now >= due || due > now + ALERT_EVERY_S) {
			if (tell_desk(e, alerts, n, &err) != 0) {
				engine_trouble(e, "alert", &err);
			} else {
				e->alerted_at = now;
				if (any_wakes(alerts, n))
					e->woken_at = now;
				done = true;
			}
		} else if (e->retry_at == 0 || due < e->retry_at) {
			e->retry_at = due;
		}
	}
	talloc_free(alerts);
	return done;
}
