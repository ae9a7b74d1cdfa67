/*
 * engine_clock.c - the clocks of a case: set, met by what left, warned of.
 *
 * Runs in the engine process, inside the transaction of its caller.  When a
 * clock warns says the desk (clock_rule()); what is proposed by the words of
 * a letter alone warns of nothing before a person has started it.
 */
#include "engine_case.h"

#include <talloc.h>

#include "psirtd/clock.h"

#define CLOCKS_MOST 64

static int64_t
next_warning(const struct store_clock *c, int64_t now)
{
	return c->source == CLOCK_PROPOSED
		   ? 0
		   : clock_next_warning(
			 clock_rule((enum clock_kind)c->kind), c->due, now);
}

/* One that is over when it is set has nothing ahead: it says so at once. */
static int64_t
first_warning(const struct store_clock *c, int64_t now)
{
	return c->source != CLOCK_PROPOSED && c->due <= now
		   ? now
		   : next_warning(c, now);
}

static int
clocks_of(const void *ctx, struct engine *e, int64_t casefile,
    struct store_clock **list, size_t *n, struct error *err)
{
	*list = NULL;
	*n = 0;
	return store_clock_list(
	    ctx, e->st, casefile, CLOCKS_MOST, list, n, err);
}

/* ---- ours and theirs ---- */

/* Our date of publication is later than what the source has set. */
static int
compare_dates(struct engine *e, int64_t casefile, struct error *err)
{
	void *ctx = talloc_new(e);
	struct store_task t = {.kind = TASK_LATER_DATE, .casefile = casefile};
	struct store_clock *list;
	int64_t imposed = 0;
	int64_t ours = 0;
	size_t n;
	int rc = clocks_of(ctx, e, casefile, &list, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (list[i].kind == CLOCK_PUBLICATION)
			ours = list[i].due;
		if (list[i].kind == CLOCK_IMPOSED &&
		    (imposed == 0 || list[i].due < imposed))
			imposed = list[i].due;
	}
	if (rc == 0 && imposed != 0 && ours > imposed) {
		t.due = imposed;
		t.text = talloc_asprintf(ctx, "%s: %s\n%s: %s",
		    clock_rule(CLOCK_IMPOSED)->title_en,
		    desk_two_zones(ctx, imposed),
		    clock_rule(CLOCK_PUBLICATION)->title_en,
		    desk_two_zones(ctx, ours));
		rc = task_add(e, &t, err);
	}
	talloc_free(ctx);
	return rc;
}

int
clock_add(struct engine *e, struct store_clock *c, const char *actor,
    struct error *err)
{
	struct store_record r = {.at = clock_now(),
	    .what = RECORD_CLOCK,
	    .actor = (char *)(uintptr_t)actor,
	    .casefile = c->casefile,
	    .letter = c->letter,
	    .code = c->kind};

	c->warn = first_warning(c, r.at);
	if (store_clock_set(e->st, c, err) != 0 ||
	    store_record_add(e->st, &r, err) != 0)
		return -1;
	if (c->kind == CLOCK_PUBLICATION || c->kind == CLOCK_IMPOSED)
		return compare_dates(e, c->casefile, err);
	return 0;
}

/* ---- they stop ---- */

static bool
is_of(const struct store_clock *c, const enum clock_kind *kinds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c->kind == (uint32_t)kinds[i])
			return true;
	return false;
}

/* What is met while its case is closed does not run again with it. */
static int
end_resting(struct engine *e, int64_t casefile, const enum clock_kind *kinds,
    size_t nkinds, struct error *err)
{
	void *ctx = talloc_new(e);
	struct store_clock *list = NULL;
	size_t n = 0;
	int rc = store_clock_resting(
	    ctx, e->st, casefile, CLOCKS_MOST, &list, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!is_of(&list[i], kinds, nkinds))
			continue;
		list[i].ended = clock_now();
		list[i].warn = 0;
		rc = store_clock_put(e->st, &list[i], err);
	}
	talloc_free(ctx);
	return rc;
}

/* Ends those of these kinds. */
static int
end_kinds(struct engine *e, int64_t casefile, const enum clock_kind *kinds,
    size_t nkinds, size_t *ended, struct error *err)
{
	void *ctx = talloc_new(e);
	struct store_clock *list;
	size_t n;
	int rc = clocks_of(ctx, e, casefile, &list, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!is_of(&list[i], kinds, nkinds))
			continue;
		rc = store_clock_end(e->st, list[i].id, clock_now(), err);
		if (ended != NULL)
			++*ended;
	}
	talloc_free(ctx);
	return rc == 0 ? end_resting(e, casefile, kinds, nkinds, err) : rc;
}

int
clock_end_kind(struct engine *e, int64_t casefile, uint32_t kind, size_t *ended,
    struct error *err)
{
	enum clock_kind one = (enum clock_kind)kind;

	return end_kinds(e, casefile, &one, 1, ended, err);
}

/*
 * The other clocks than the acknowledgement's want a person's words: what goes
 * by itself, a status mail too, does not stop them, nor does the mail that
 * points to JPCERT/CC.  Who has got such words knows that we have the report.
 */
int
clock_met(struct engine *e, const struct store_outmail *m, struct error *err)
{
	static const enum clock_kind answers[] = {CLOCK_ACKNOWLEDGE,
	    CLOCK_FIRST_ANSWER, CLOCK_INQUIRY, CLOCK_REPLY_BY};

	if (m->casefile == 0)
		return 0;
	if (m->kind == MAIL_ACKNOWLEDGE)
		return clock_end_kind(
		    e, m->casefile, CLOCK_ACKNOWLEDGE, NULL, err);
	if (m->automatic || m->kind == MAIL_STATUS ||
	    m->kind == MAIL_MEDIATED || m->audience != AUDIENCE_COUNTERPART)
		return 0;
	return end_kinds(e, m->casefile, answers,
	    sizeof(answers) / sizeof(answers[0]), NULL, err);
}

/* ---- they warn ---- */

/* Its first warning has come. */
static bool
has_warned(const struct store_clock *c, int64_t now)
{
	int64_t first = clock_rule((enum clock_kind)c->kind)->warn_s[0];

	return c->source != CLOCK_PROPOSED && c->due - first <= now;
}

static char *
warned_lines(const void *ctx, const struct store_clock *list, size_t n,
    int64_t now, int64_t *due)
{
	char *lines = talloc_strdup(ctx, "");

	for (size_t i = 0; i < n; i++) {
		const struct clock_rule *rule =
		    clock_rule((enum clock_kind)list[i].kind);

		if (!has_warned(&list[i], now))
			continue;
		if (*due == 0)
			*due = list[i].due;
		lines = talloc_asprintf_append(lines, "%s%s: %s",
		    lines[0] != '\0' ? "\n" : "", rule->name,
		    clock_text(ctx, list[i].due));
	}
	return lines;
}

static int
warn(struct engine *e, struct store_clock *c, const struct store_task *t,
    int64_t now, struct error *err)
{
	c->warn = next_warning(c, now);
	/* One task for all deadlines of a case: it tells of each. */
	if (store_clock_put(e->st, c, err) != 0 ||
	    task_end(e, c->casefile, t->kind, "psirtd", err) != 0 ||
	    task_add(e, t, err) != 0 ||
	    engine_record(e, RECORD_CLOCK_WARNED, c->casefile, c->letter, 0,
		c->kind, err) != 0 ||
	    store_alert_add(e->st, REASON_DEADLINE, 0, c->casefile, now, err) !=
		0)
		return -1;
	/* Mails that were not to leave before it. */
	if (c->kind == CLOCK_PUBLICATION && c->due <= now)
		return store_case_advance(e->st, c->casefile, true, err);
	return 0;
}

int
clock_warn(struct engine *e, struct store_clock *c, struct error *err)
{
	void *ctx = talloc_new(e);
	int64_t now = clock_now();
	struct store_task t = {.casefile = c->casefile, .made = now};
	struct store_clock *list;
	size_t n;
	int rc = clocks_of(ctx, e, c->casefile, &list, &n, err);

	/* A row that is odd; no rule, no time. */
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (clock_rule((enum clock_kind)list[i].kind) == NULL)
			rc = error_set(err, FAULT_INPUT, "clock %lld is none",
			    (long long)list[i].id);
	if (rc == 0) {
		t.kind = c->kind == CLOCK_PLANNED && c->due <= now
			     ? TASK_PLAN_SLIPS
			     : TASK_DEADLINE;
		t.text = warned_lines(ctx, list, n, now, &t.due);
		rc = warn(e, c, &t, now, err);
	}
	talloc_free(ctx);
	return rc;
}

/* ---- they rest with their case ---- */

int
clock_rest(struct engine *e, int64_t casefile, struct error *err)
{
	void *ctx = talloc_new(e);
	struct store_clock *list;
	size_t n;
	int rc = clocks_of(ctx, e, casefile, &list, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		list[i].ended = CLOCK_RESTING;
		rc = store_clock_put(e->st, &list[i], err);
	}
	talloc_free(ctx);
	return rc;
}

/* A letter, an answer that came meanwhile has set another. */
static bool
has_like(const struct store_clock *list, size_t n, const struct store_clock *c)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].kind == c->kind && list[i].source == c->source)
			return true;
	return false;
}

/* As it was due; of what is near or over nobody was told for a while. */
static int
run_again(struct engine *e, struct store_clock *c, const char *actor,
    struct error *err)
{
	int64_t now = clock_now();
	struct store_record r = {.at = now,
	    .what = RECORD_CLOCK,
	    .actor = (char *)(uintptr_t)actor,
	    .casefile = c->casefile,
	    .letter = c->letter,
	    .code = c->kind,
	    .note = (char *)(uintptr_t) "runs again"};

	if (clock_rule((enum clock_kind)c->kind) == NULL)
		return error_set(
		    err, FAULT_INPUT, "clock %lld is none", (long long)c->id);
	c->ended = 0;
	c->warn = has_warned(c, now) ? now : next_warning(c, now);
	if (store_clock_put(e->st, c, err) != 0)
		return -1;
	return store_record_add(e->st, &r, err);
}

int
clock_take_up(
    struct engine *e, int64_t casefile, const char *actor, struct error *err)
{
	void *ctx = talloc_new(e);
	struct store_clock *running, *list = NULL;
	size_t nrunning, n = 0;
	int rc = clocks_of(ctx, e, casefile, &running, &nrunning, err);

	if (rc == 0)
		rc = store_clock_resting(
		    ctx, e->st, casefile, CLOCKS_MOST, &list, &n, err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (!has_like(running, nrunning, &list[i]))
			rc = run_again(e, &list[i], actor, err);
	talloc_free(ctx);
	return rc;
}
