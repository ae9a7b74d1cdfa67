/*
 * engine_morning.c - one mail a morning to everybody of the desk: what waits,
 * and what to type (RULES 32).
 *
 * Runs in the engine process, for the stop `due`.  It holds numbers, kinds
 * and dates alone.  With it goes the head of the record's chain, verified
 * just before, as a clearsigned checkpoint: kept outside of this machine, it
 * proves later that no line was changed or taken away.
 */
#include "engine_case.h"

#include <string.h>
#include <time.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define MEMO "morning"
#define MEMO_REGISTRATION "registration"
#define LINES_MOST 200
#define CASES_MOST 500
#define ROWS_MOST 100
#define DAY_S INT64_C(86400)
#define SOON_S (INT64_C(7) * DAY_S)

/* ---- when ---- */

/* That time of day, in local time, on the day of `at` or `days` later. */
static int64_t
time_on(int64_t at, int days, int minutes)
{
	time_t t = (time_t)at;
	struct tm tm;

	localtime_r(&t, &tm);
	tm.tm_mday += days;
	tm.tm_hour = minutes / 60;
	tm.tm_min = minutes % 60;
	tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return mktime(&tm);
}

/* Never yet, or by a clock that was days ahead: days count from now on. */
static bool
counts_anew(int64_t last, int64_t now)
{
	return last == 0 || last > now + DAY_S;
}

int
morning_next(struct engine *e, int64_t now, int64_t *next, struct error *err)
{
	int64_t last = 0;

	*next = 0;
	if (e->s->morning < 0)
		return 0;
	if (store_memo_get(e->st, MEMO, &last, err) < 0)
		return -1;
	if (counts_anew(last, now)) {
		*next = now;
		return 0;
	}
	*next = time_on(last, 0, e->s->morning);
	if (*next <= last)
		*next = time_on(last, 1, e->s->morning);
	return 0;
}

/* ---- its lines ---- */

struct list {
	void *ctx;
	struct engine *e;
	bool ja;
	char *text;
	size_t n, over;
};

static void line(struct list *l, const char *next, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* What waits, and below it what to type. */
static void
line(struct list *l, const char *next, const char *fmt, ...)
{
	va_list ap;
	char *text;

	if (l->n == LINES_MOST) {
		l->over++;
		return;
	}
	va_start(ap, fmt);
	text = talloc_vasprintf(l->ctx, fmt, ap);
	va_end(ap);
	l->text =
	    talloc_asprintf(l->ctx, "%s%s\n    %s\n", l->text, text, next);
	l->n++;
}

static const char *
number_of(struct list *l, int64_t casefile)
{
	char *number = NULL;

	if (casefile != 0)
		store_case_number(l->ctx, l->e->st, casefile, &number, NULL);
	return number != NULL ? number : "-";
}

/* " by 2026-12-01", in the reader's words; late says so. */
static const char *
by(struct list *l, int64_t due, int64_t now)
{
	if (due == 0)
		return "";
	return talloc_asprintf(l->ctx, l->ja ? "、期限 %s%s" : ", by %s%s",
	    clock_text(l->ctx, due),
	    due > now ? ""
	    : l->ja   ? "（超過）"
		      : " (late)");
}

static const char *
roles_of(struct list *l, uint32_t roles)
{
	char *all = NULL;

	for (int role = 1; role < ROLE_PARTY_COUNT; role++)
		if (roles & ROLE_BIT(role))
			all = talloc_asprintf(l->ctx, "%s%s%s",
			    all != NULL ? all : "", all != NULL ? ", " : "",
			    role_title((enum role)role, l->ja ? "ja" : "en"));
	return all != NULL ? all : "-";
}

static void
turn_lines(struct list *l, const struct casework *w, int64_t now)
{
	struct case_turn *turns = NULL;
	size_t n = desk_turns(w, &w->view, &turns);

	for (size_t i = 0; i < n; i++)
		line(l, talloc_asprintf(l->ctx, "psirt show %s", w->c.number),
		    "%s  %s  %s%s", w->c.number, turns[i].pass->step->number,
		    roles_of(l, turns[i].roles), by(l, turns[i].due, now));
}

/* One that cannot be loaded has its line, and the others theirs. */
static int
case_lines(struct list *l, int64_t now, struct error *err)
{
	int64_t id = INT64_MAX;

	for (size_t i = 0; i < CASES_MOST; i++) {
		struct casework *w;

		if (store_case_next(l->e->st, id, false, &id, err) != 0)
			return -1;
		if (id == 0)
			break;
		w = case_load(l->ctx, l->e, id, err);
		if (w != NULL)
			turn_lines(l, w, now);
		else if (err->fault == FAULT_RETRY)
			return -1;
		else
			line(l, "psirt task", "%s  %s", number_of(l, id),
			    l->ja ? "読み出せない案件" : "cannot be read");
		error_clear(err);
		talloc_free(w);
	}
	return 0;
}

static int
mail_lines(struct list *l, int64_t now, struct error *err)
{
	static const enum outmail_state states[] = {
	    OUTMAIL_DRAFT, OUTMAIL_HELD, OUTMAIL_UNCERTAIN, OUTMAIL_FAILED};

	(void)now;
	for (size_t s = 0; s < sizeof(states) / sizeof(states[0]); s++) {
		struct store_outmail *mails = NULL;
		size_t n = 0;

		if (store_outmail_list(l->ctx, l->e->st, states[s], 0,
			ROWS_MOST, &mails, &n, err) != 0)
			return -1;
		for (size_t i = 0; i < n; i++)
			line(l,
			    states[s] == OUTMAIL_DRAFT
				? talloc_asprintf(l->ctx, "psirt approve %lld",
				      (long long)mails[i].id)
				: "psirt queue",
			    "%s  %s  %s", number_of(l, mails[i].casefile),
			    mail_kind_name((enum mail_kind)mails[i].kind),
			    outmail_state_name(states[s]));
	}
	return 0;
}

static const struct {
	const char *en, *ja;
} task_words[TASK_KIND_COUNT] = {
    [TASK_ANSWER_FINDER] = {"answer the finder", "発見者への回答"},
    [TASK_COUNTERPART] = {"letter of the coordinator", "調整機関からの連絡"},
    [TASK_UNDERSTAND] = {"an answer not understood", "読み取れない回答"},
    [TASK_CONFLICT] = {"answers that differ", "食い違う回答"},
    [TASK_UNSIGNED] = {"an answer without signature", "署名のない回答"},
    [TASK_QUESTION] = {"a question to relay", "取り次ぐ質問"},
    [TASK_OTHER_KEY] = {"another key or address", "異なる鍵または送信元"},
    [TASK_EXPLOITED] = {"words of exploitation", "悪用の記述"},
    [TASK_DEADLINE] = {"a date comes near", "期限の接近"},
    [TASK_LINK] = {"perhaps the same as another", "他案件と同一の可能性"},
    [TASK_LATER_DATE] = {"our date is later", "当社の公表日が後"},
    [TASK_PLAN_SLIPS] = {"the plan slips", "計画の遅れ"},
    [TASK_STATUS_HELD] = {"a status mail is held", "状況連絡の保留"},
    [TASK_REGISTRATION] = {"look at the registration", "製品開発者登録の確認"},
    [TASK_MEDIATED] = {"the source wrote to us", "情報源からの直接連絡"},
    [TASK_BOUNCED] = {"a mail did not arrive", "不達"},
    [TASK_NOT_DRAFTED] = {"a mail is refused", "送付できないメール"},
    [TASK_HAND_ON] = {"the report to hand on", "報告本文の展開"},
    [TASK_STUCK] = {"psirtd cannot go on", "自動処理の停止"},
};

static int
task_lines(struct list *l, int64_t now, struct error *err)
{
	struct store_task *tasks = NULL;
	size_t n = 0;

	if (store_task_list(l->ctx, l->e->st, 0, ROWS_MOST, &tasks, &n, err) !=
	    0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct store_task *t = &tasks[i];

		if (t->kind >= TASK_KIND_COUNT)
			continue;
		line(l,
		    t->letter != 0
			? talloc_asprintf(
			      l->ctx, "psirt letter %lld", (long long)t->letter)
		    : t->casefile != 0
			? talloc_asprintf(l->ctx, "psirt show %s",
			      number_of(l, t->casefile))
			: "psirt",
		    "%s  %s%s", number_of(l, t->casefile),
		    l->ja ? task_words[t->kind].ja : task_words[t->kind].en,
		    by(l, t->due, now));
	}
	return 0;
}

/* What nobody has to be asked for, and yet comes: the next days' dates. */
static int
clock_lines(struct list *l, int64_t now, struct error *err)
{
	struct store_clock *clocks = NULL;
	size_t n = 0;

	if (store_clock_list(
		l->ctx, l->e->st, 0, ROWS_MOST, &clocks, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct clock_rule *rule =
		    clock_rule((enum clock_kind)clocks[i].kind);

		if (rule == NULL || clocks[i].source == CLOCK_PROPOSED ||
		    clocks[i].due > now + SOON_S)
			continue;
		line(l,
		    talloc_asprintf(l->ctx, "psirt show %s",
			number_of(l, clocks[i].casefile)),
		    "%s  %s%s", number_of(l, clocks[i].casefile),
		    l->ja ? rule->title_ja : rule->title_en,
		    by(l, clocks[i].due, now));
	}
	return 0;
}

static int
letter_lines(struct list *l, int64_t now, struct error *err)
{
	static const enum letter_state states[] = {
	    LETTER_INQUIRY, LETTER_SET_ASIDE, LETTER_QUARANTINED};
	struct store_counts counts;

	(void)now;
	if (store_count(l->e->st, &counts, err) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (counts.letters[states[i]] > 0)
			line(l, "psirt", "%s: %lld",
			    letter_state_name(states[i]),
			    (long long)counts.letters[states[i]]);
	return 0;
}

/* As a vault saw them last: our own come first. */
static int
key_lines(struct list *l, int64_t now, struct error *err)
{
	const struct vault_ready *keys = l->e->keys;

	(void)err;
	for (size_t i = 0; keys != NULL && i < keys->nkeys; i++) {
		char *text =
		    expiry_line(l->ctx, l->e, &keys->keys[i], now, l->ja);

		if (text != NULL)
			line(l, "psirt key list", "%s", text);
	}
	return 0;
}

/* ---- the mail ---- */

/*
 * Today's list in one language; the cases are walked through once for it.
 * Where a row was damaged the list it stands in ends with the row's place.
 */
static int
make_list(struct list *l, int64_t now, struct error *err)
{
	static int (*const lists[])(
	    struct list * l, int64_t now, struct error * err) = {key_lines,
	    case_lines, task_lines, mail_lines, clock_lines, letter_lines};

	l->text = talloc_strdup(l->ctx, "");
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (lists[i](l, now, err) == 0)
			continue;
		if (err->fault != FAULT_INPUT)
			return -1;
		line(l, "psirt", "%s", err->text);
		error_clear(err);
	}
	return 0;
}

static int
draft_morning(struct engine *e, const struct operator* to, const struct list *l,
    const char *head, const char *block, struct error *err)
{
	void *ctx = talloc_new(e);
	const char *language = l->ja ? "ja" : "en";
	struct facts f = {0};
	int rc;

	draft_common_facts(&f, ctx, e, language);
	draft_fact(&f, "to_name", to->user);
	draft_fact(&f, "count", talloc_asprintf(ctx, "%zu", l->n + l->over));
	draft_fact(&f, "lines", l->text);
	draft_fact(&f, "head", head);
	draft_fact(&f, "checkpoint", block);
	rc = draft_to_operator(e, MAIL_MORNING, 0, to, language, &f, err);
	talloc_free(ctx);
	return rc;
}

/* <1>1.1: is what JPCERT/CC knows of us still right?  Once a year. */
static int
registration(struct engine *e, int64_t now, struct error *err)
{
	const struct store_task t = {.kind = TASK_REGISTRATION};
	int64_t last = 0;

	if (settings_jpcert(e->s) == NULL)
		return 0;
	if (store_memo_get(e->st, MEMO_REGISTRATION, &last, err) < 0)
		return -1;
	if (last != 0 && clock_years(last, 1) > now)
		return 0;
	if (last != 0 && task_add(e, &t, err) != 0)
		return -1;
	return store_memo_put(e->st, MEMO_REGISTRATION, now, err);
}

/* broken: why the record is not whole; block: its head, signed; or NULL. */
static int
morning_mail(struct engine *e, int64_t now, const char *broken,
    const char *block, struct error *err)
{
	const struct store_walk *walk = &e->morning.head;
	struct store_record r = {.at = now,
	    .what = RECORD_MORNING,
	    .actor = (char *)(uintptr_t) "psirtd"};
	void *ctx = talloc_new(e);
	struct list lists[] = {
	    {.ctx = ctx, .e = e}, {.ctx = ctx, .e = e, .ja = true}};
	char *head = NULL;
	int rc = -1;

	r.digest = bytes_hex(ctx, bytes_of(walk->link, sizeof(walk->link)));
	head = broken != NULL ? talloc_strdup(ctx, broken)
			      : talloc_asprintf(ctx, "%lld %s",
				    (long long)walk->lines, r.digest);
	if (registration(e, now, err) != 0)
		goto out;
	for (size_t i = 0; i < e->s->noperators; i++) {
		const struct operator* to = & e->s->operators[i];
		struct list *l =
		    &lists[strcmp(to->language != NULL ? to->language
						       : e->s->language,
			       "ja") == 0];

		if (to->address == NULL || to->fingerprint == NULL)
			continue;
		if (l->text == NULL && make_list(l, now, err) != 0)
			goto out;
		if (draft_morning(e, to, l, head, block, err) != 0)
			goto out;
	}
	if (store_memo_put(e->st, MEMO, now, err) == 0)
		rc = store_record_add(e->st, &r, err);
out:
	talloc_free(ctx);
	return rc;
}

/* The first start, say: from now on a mail each morning. */
static int
begin_days(struct engine *e, int64_t now, struct error *err)
{
	if (store_begin(e->st, err) != 0 || registration(e, now, err) != 0 ||
	    store_memo_put(e->st, MEMO, now, err) != 0)
		return -1;
	return stop_commit(e, "due", err);
}

/* It cannot be made: the next one goes tomorrow. */
int
morning_put_off(struct store *st, int64_t row, int64_t at, struct error *err)
{
	(void)row;
	(void)at;
	return store_memo_put(st, MEMO, clock_now(), err);
}

int
morning_due(struct engine *e, int64_t now, bool *done, struct error *err)
{
	struct error broken = {0};
	void *ctx = talloc_new(e);
	char *block = NULL;
	int64_t last = 0;
	int64_t next;
	int rc;

	rc = morning_next(e, now, &next, err);
	if (rc != 0 || next == 0 || next > now)
		goto out;
	*done = true;
	rc = store_memo_get(e->st, MEMO, &last, err) < 0 ? -1 : 0;
	if (rc != 0 || counts_anew(last, now)) {
		rc = rc == 0 ? begin_days(e, now, err) : rc;
		goto out;
	}
	rc = checkpoint_make(e, ctx, now, &block, &broken, done, err);
	if (rc > 0) {
		rc = 0;
		goto out;
	}
	if (rc == 0 &&
	    (store_begin(e->st, err) != 0 ||
		morning_mail(e, now, broken.fault != 0 ? broken.text : NULL,
		    block, err) != 0 ||
		stop_commit(e, "due", err) != 0))
		rc = -1;
	/* What failed is begun anew, tomorrow perhaps. */
	memset(&e->morning, 0, sizeof(e->morning));
out:
	talloc_free(ctx);
	return rc;
}
