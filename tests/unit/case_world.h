/*
 * case_world.h - a case on its way through the engine: a real store, the
 * shipped flows and templates, and the vendor of procedure_world.h with a
 * person of its own for every role.
 */
#ifndef TESTS_UNIT_CASE_WORLD_H
#define TESTS_UNIT_CASE_WORLD_H

#include "procedure_world.h"

#include <unistd.h>

#include "../../daemon/engine_order.h"
#include "../../daemon/engine_step.h"
#include "psirtd/clock.h"

struct world {
	char path[40];
	struct procedure p; /* its settings and flow alone */
	struct engine *e;
	int64_t casefile;
	char *said;
	struct error err;
};

#define assert_ok(call)                                                        \
	do {                                                                   \
		error_clear(&w->err);                                          \
		if ((call) != 0)                                               \
			fail_msg("%s: %s", #call, w->err.text);                \
	} while (0)

static inline struct world *
world_new(enum flow kind, const char *flow)
{
	struct world *w = talloc_zero(NULL, struct world);
	uint8_t key[STORE_KEY_BYTES];

	strcpy(w->path, "/tmp/case.XXXXXX");
	close(mkstemp(w->path));
	unlink(w->path);
	procedure_init(&w->p, kind, flow);
	for (int r = ROLE_DESIGN; r < ROLE_COUNT; r++) {
		w->p.contacts[r].name = role_name((enum role)r);
		w->p.contacts[r].address = talloc_asprintf(
		    w, "%s@vendor.example", role_name((enum role)r));
	}
	w->p.departments[0].name = "nobody";
	w->p.s.flows[kind] = w->p.v.flow;
	w->p.s.poc = KEY_DEPARTMENT;
	w->p.s.number_prefix = "PSIRT";
	w->p.s.reply_days = 5;
	w->p.s.retention_years = 5;
	w->e = talloc_zero(w, struct engine);
	w->e->s = &w->p.s;
	w->e->unlocked = true;
	w->e->st = store_open(w, w->path, &w->err);
	w->e->templates = write_load(w, "conf/templates", NULL, &w->err);
	store_new_key(key);
	if (w->e->st == NULL || w->e->templates == NULL)
		fail_msg("%s", w->err.text);
	assert_ok(store_keep_key(w->e->st, bytes_str("wrapped"), key, &w->err));
	assert_ok(store_unlock(w->e->st, key, &w->err));
	return w;
}

static inline int
world_free(void **state)
{
	struct world *w = *state;

	store_rollback(w->e->st);
	talloc_free(w->e->st);
	unlink(w->path);
	unlink(talloc_asprintf(w, "%s-wal", w->path));
	unlink(talloc_asprintf(w, "%s-shm", w->path));
	procedure_free(&w->p);
	talloc_free(w);
	return 0;
}

/* A fresh case: JPCERT/CC's, or of a finder whose key is known. */
static inline void
case_make(struct world *w, enum flow kind)
{
	struct store_case c = {.flow = kind,
	    .state = CASE_OPEN,
	    .phase = 1,
	    .received = clock_now() - DAY,
	    .filed = clock_now(),
	    .product = talloc_strdup(w, "XYZ-100"),
	    .language = talloc_strdup(w, "en"),
	    .advance = 1};

	if (kind == FLOW_JPCERT) {
		c.correspondent = talloc_strdup(w, "JPCERT/CC");
	} else {
		c.finder_name = talloc_strdup(w, "Robin");
		c.finder_address = talloc_strdup(w, AT_FINDER);
		c.finder_key = talloc_strdup(w, KEY_FINDER);
		c.finder_key_blob = bytes_str("a key block");
		c.finder_key_standing = FINDER_KEY_BOUND;
	}
	assert_ok(store_begin(w->e->st, &w->err));
	assert_ok(store_flow_keep(
	    w->e->st, kind, w->p.v.flow->text, &c.flow_file, &w->err));
	assert_ok(store_case_new(w, w->e->st, &c, "PSIRT", 2026, &w->err));
	assert_ok(store_commit(w->e->st, &w->err));
	w->casefile = c.id;
}

/* Until nothing follows; how many cases went on. */
static inline unsigned
flow_run(struct world *w)
{
	unsigned n = 0;

	while (stop_flow(w->e))
		assert_true(++n < 100);
	return n;
}

static inline struct casework *
case_now(struct world *w)
{
	struct casework *now = case_load(w, w->e, w->casefile, &w->err);

	if (now == NULL)
		fail_msg("%s", w->err.text);
	return now;
}

/* The state of the latest pass: "ready", "running" …; "" none. */
static inline const char *
state_of(struct world *w, const char *number)
{
	static const char *const names[] = {
	    "", "ready", "running", "ended", "skipped"};
	const struct case_step *pass = case_step_of(&case_now(w)->view, number);

	return names[pass != NULL ? pass->state : 0];
}

/* ---- orders, as control gives them ---- */

static inline struct order
order_of(struct world *w, enum order_kind what, const char *step)
{
	return (struct order){.what = what,
	    .actor = "yuki",
	    .role = OPERATOR_LEAD,
	    .uid = 12345,
	    .casefile = w->casefile,
	    .step = step};
}

static inline int
give(struct world *w, const struct order *o)
{
	error_clear(&w->err);
	return engine_order(w->e, w, o, &w->said, &w->err);
}

static inline void
assert_refused(struct world *w, const struct order *o, const char *because)
{
	assert_int_equal(give(w, o), -1);
	if (w->err.fault != FAULT_DENIED ||
	    strstr(w->err.text, because) == NULL)
		fail_msg("not \"%s\": %s", because, w->err.text);
}

/* `psirt step CASE STEP WORD --by design`, and what follows. */
static inline void
answered(struct world *w, const char *step, const char *word)
{
	struct order o = order_of(w, ORDER_ANSWER, step);

	o.words = &word;
	o.nwords = 1;
	o.by = "design";
	assert_ok(give(w, &o));
	flow_run(w);
}

static inline void
ordered(struct world *w, enum order_kind what, const char *step)
{
	struct order o = order_of(w, what, step);

	assert_ok(give(w, &o));
	flow_run(w);
}

/* ---- mails ---- */

/* Of this kind, oldest first; kind 0: all. */
static inline size_t
mails_of(struct world *w, enum mail_kind kind, struct store_outmail **list)
{
	struct store_outmail *all = NULL;
	size_t n = 0;
	size_t found = 0;

	assert_ok(store_outmail_list(
	    w, w->e->st, 0, w->casefile, 1000, &all, &n, &w->err));
	*list = talloc_zero_array(w, struct store_outmail, n + 1);
	for (size_t i = n; i > 0; i--)
		if (kind == 0 || all[i - 1].kind == kind)
			(*list)[found++] = all[i - 1];
	return found;
}

/* The only mail of this kind that has not left. */
static inline struct store_outmail
mail_of(struct world *w, enum mail_kind kind)
{
	struct store_outmail *list;
	size_t n = mails_of(w, kind, &list);
	struct store_outmail found = {0};

	for (size_t i = 0; i < n; i++)
		if (list[i].state == OUTMAIL_DRAFT ||
		    list[i].state == OUTMAIL_APPROVED) {
			assert_int_equal(found.id, 0);
			found = list[i];
		}
	if (found.id == 0)
		fail_msg("no mail %s waits", mail_kind_name(kind));
	return found;
}

static inline const char *
digest_of_mail(struct world *w, const struct store_outmail *m)
{
	uint8_t digest[STORE_DIGEST_BYTES];

	leave_digest(m, digest);
	return bytes_hex(w, bytes_of(digest, sizeof(digest)));
}

/* SMTP took it. */
static inline void
mail_leaves(struct world *w, struct store_outmail m)
{
	uint32_t from = m.state;

	m.state = OUTMAIL_SENT;
	m.sent = clock_now();
	assert_ok(store_begin(w->e->st, &w->err));
	assert_ok(store_outmail_put(w->e->st, &m, from, &w->err));
	assert_ok(leave_sent(w->e, &m, &w->err));
	assert_ok(store_commit(w->e->st, &w->err));
	flow_run(w);
}

/* Every mail of this kind that waits is approved and leaves; how many. */
static inline size_t
all_leave(struct world *w, enum mail_kind kind)
{
	struct store_outmail *list;
	size_t n = mails_of(w, kind, &list);
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		struct order o = order_of(w, ORDER_APPROVE, NULL);

		if (list[i].state == OUTMAIL_DRAFT) {
			o.mail = list[i].id;
			o.digest = digest_of_mail(w, &list[i]);
			assert_ok(give(w, &o));
			list[i].state = OUTMAIL_APPROVED;
		}
		if (list[i].state != OUTMAIL_APPROVED)
			continue;
		mail_leaves(w, list[i]);
		left++;
	}
	return left;
}

/* A letter came that this step waited for. */
static inline void
letter_ends(struct world *w, const char *number)
{
	struct casework *now = case_now(w);

	assert_ok(store_begin(w->e->st, &w->err));
	assert_ok(step_end(w->e, now, case_step_of(&now->view, number), false,
	    "psirtd", &w->err));
	assert_ok(store_commit(w->e->st, &w->err));
	flow_run(w);
}

/* The overviews go, as when a letter is filed. */
static inline void
case_routes(struct world *w)
{
	const struct department *to[] = {
	    &w->p.departments[ROLE_DESIGN], &w->p.departments[ROLE_QUALITY]};
	struct casework *now = case_now(w);

	now->c.routed = 2;
	assert_ok(store_begin(w->e->st, &w->err));
	assert_ok(draft_overviews(w->e, &now->c, 0, NULL, to, 2,
	    (struct draft_share){0}, "psirtd", &w->err));
	now->c.advance = 1;
	assert_ok(store_case_put(w->e->st, &now->c, &w->err));
	assert_ok(store_commit(w->e->st, &w->err));
	flow_run(w);
}

static inline size_t
records_of(struct world *w, enum record_what what)
{
	struct store_record *list = NULL;
	size_t n = 0;
	size_t found = 0;

	assert_ok(store_record_list(
	    w, w->e->st, w->casefile, 0, 10000, &list, &n, &w->err));
	for (size_t i = 0; i < n; i++)
		found += list[i].what == what;
	return found;
}

#endif
