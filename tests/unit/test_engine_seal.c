/*
 * test_engine_seal.c - what is asked once more of a mail before it is sealed,
 * and what goes along with one that leaves by itself.  With a real store, and
 * a worker whose rooms are never asked.
 */
#include "engine_world.h"

/* Approved when it might leave; by now JPCERT/CC speaks with its reader. */
static void
test_guards_are_asked_before_it_is_sealed(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_outmail m;

	v->e->workers = talloc_zero_array(v->e, struct worker, 1);
	v->e->workers[0].read.ready = v->e->workers[0].vault.ready = true;
	v->e->nworkers = 1;
	assert_ordered(
	    v, .what = ORDER_REPLY, .casefile = id, .text = "We are on it.");
	m = vendor_mail(v, id, MAIL_REPLY);
	assert_int_equal(m.state, OUTMAIL_DRAFT);
	m.state = OUTMAIL_APPROVED;
	begin(w);
	assert_ok(w, store_outmail_put(w->st, &m, OUTMAIL_DRAFT, &w->err));
	commit(w);
	assert_ordered(v, .what = ORDER_ANSWER, .casefile = id,
	    .words = (const char *[]){"mediation=accepted"}, .nwords = 1);
	assert_true(stop_seal(v->e));
	m = vendor_mail(v, id, MAIL_REPLY);
	assert_int_equal(m.state, OUTMAIL_HELD);
	assert_non_null(strstr(m.reason, "guard no_finder: "));
}

/* RULES 15: nothing is sealed to a key that waits for two persons. */
static void
test_a_key_that_waits_is_not_sealed_to(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	const char *keys[] = {SORA};
	struct waiting_keys waiting = {keys, 1};
	struct store_outmail m = {.kind = MAIL_MORNING,
	    .state = OUTMAIL_APPROVED,
	    .made = clock_now(),
	    .encrypt = 1,
	    .to = talloc_strdup(v, "sora@vendor.example"),
	    .recipient = talloc_strdup(v, SORA),
	    .subject = talloc_strdup(v, "s"),
	    .body = talloc_strdup(v, "b")};

	v->e->workers = talloc_zero_array(v->e, struct worker, 1);
	v->e->workers[0].read.ready = v->e->workers[0].vault.ready = true;
	v->e->nworkers = 1;
	v->s.waiting = &waiting;
	begin(w);
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	commit(w);
	assert_true(stop_seal(v->e));
	m = vendor_mail(v, 0, MAIL_MORNING);
	assert_int_equal(m.state, OUTMAIL_HELD);
	assert_non_null(strstr(m.reason, "psirt key confirm " SORA));
}

/* The mail that a share of 1.5.2 sends by itself; its words. */
static char *
shared(struct vendor *v, int64_t casefile)
{
	struct world *w = v->w;
	struct casework *cw = vendor_load(v, casefile);
	const struct case_step *pass = case_step_of(&cw->view, "1.5.2");
	struct store_outmail m;

	for (size_t i = 0; i < pass->step->nshares; i++)
		if (pass->step->shares[i].role == ROLE_INTEGRATION) {
			begin(w);
			assert_ok(
			    w, step_share(v->e, cw, pass,
				   &pass->step->shares[i], "psirtd", &w->err));
			commit(w);
		}
	m = vendor_mail(v, casefile, MAIL_DETAILS);
	assert_string_equal(m.to, "sora@vendor.example");
	assert_int_equal(m.state, OUTMAIL_APPROVED);
	return m.body;
}

/* RULES 5: by itself no text goes on but what a correspondent has signed. */
static void
test_unsigned_words_go_on_by_no_mail_of_its_own(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_JPCERT);
	struct vendor_letter letter = {.from = "other@example.net",
	    .text = "The details: quince.",
	    .reply = "toj@vendor.example"};

	begin(w);
	assert_ok(w, store_message_id_add(
			 w->st, "toj@vendor.example", id, 0, 0, &w->err));
	commit(w);
	assert_int_equal(vendor_files(v, &letter).casefile, id);
	vendor_begin(v, id, "1.5.2");
	assert_null(strstr(shared(v, id), "quince"));
	letter = (struct vendor_letter){.from = "office@jpcert.example",
	    .text = "In truth: a quince.",
	    .key = JPCERT,
	    .made = clock_now(),
	    .reply = "toj@vendor.example"};
	assert_int_equal(vendor_files(v, &letter).casefile, id);
	assert_non_null(strstr(shared(v, id), "In truth: a quince."));
}

int
main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, vendor_setup, vendor_teardown)
	static const struct CMUnitTest tests[] = {
	    TEST(test_guards_are_asked_before_it_is_sealed),
	    TEST(test_a_key_that_waits_is_not_sealed_to),
	    TEST(test_unsigned_words_go_on_by_no_mail_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
