/*
 * test_desk_status.c - the periodic mail to a counterpart: does it go now, and
 * when does the next.
 */
#include "procedure_world.h"

#include <ctype.h>

static const char flow_text[] =
    "step \"1\" { title_en = \"a\" title_ja = \"手順\" phase = 2 lead = {poc}"
    " start = hand }\n";

static void
decides(struct procedure *p, const struct status_input *in, enum status_do what,
    int64_t next)
{
	struct status_input with = *in;
	struct status_decision d;

	with.s = &p->s;
	with.v = &p->v;
	d = desk_status(&with);
	assert_int_equal(d.what, what);
	assert_int_equal(d.next, next);
}

#define DECIDES(what, next, ...)                                               \
	decides(&p, &(struct status_input){__VA_ARGS__}, what, next)

static void
test_cadence_by_counterpart(void **state)
{
	struct procedure p;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	assert_int_equal(desk_status_every(&p.v), 7 * DAY);
	p.v.counterpart = "CERT/CC";
	assert_int_equal(desk_status_every(&p.v), 10 * DAY);
	/* JPCERT/CC is the window now: it is told, and the source is not. */
	p.v.channel = CASE_CHANNEL_JPCERT;
	assert_int_equal(desk_status_every(&p.v), 14 * DAY);
	p.v.channel = 2;
	assert_int_equal(desk_status_every(&p.v), 10 * DAY);
	p.v.counterpart = NULL;
	p.v.finder_address = NULL; /* nobody to write to */
	assert_int_equal(desk_status_every(&p.v), 0);
	p.v.kind = FLOW_JPCERT;
	assert_int_equal(desk_status_every(&p.v), 14 * DAY);
	p.s.ncorrespondents = 0;
	assert_int_equal(desk_status_every(&p.v), 0);
	procedure_free(&p);
}

static void
test_when(void **state)
{
	struct procedure p;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	DECIDES(STATUS_WAIT, NOW + 7 * DAY, .next_status = 0);
	DECIDES(STATUS_WAIT, NOW + 1, .next_status = NOW + 1);
	DECIDES(STATUS_SEND, NOW + 7 * DAY, .next_status = NOW);
	/* The daemon slept for a month: one goes, not four. */
	DECIDES(STATUS_SEND, NOW + 7 * DAY, .next_status = NOW - 30 * DAY);
	p.s.status_finder_s = 0;
	DECIDES(STATUS_NEVER, 0, .next_status = NOW);
	p.s.status_finder_s = 7 * DAY;
	p.v.closed = true;
	DECIDES(STATUS_NEVER, 0, .next_status = NOW);
	procedure_free(&p);
}

static void
test_a_real_mail_went_out(void **state)
{
	struct procedure p;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	/* No gap over the cadence: the next is counted from that mail. */
	DECIDES(STATUS_SKIP, NOW + 5 * DAY, .next_status = NOW,
	    .last_real = NOW - 2 * DAY);
	DECIDES(STATUS_SEND, NOW + 7 * DAY, .next_status = NOW,
	    .last_real = NOW - 3 * DAY);
	/* A quiet time over the cadence never stands still. */
	p.s.status_quiet_s = 30 * DAY;
	DECIDES(STATUS_SKIP, NOW + 7 * DAY, .next_status = NOW,
	    .last_real = NOW - 20 * DAY);
	p.s.status_quiet_s = 7 * DAY + 1;
	DECIDES(STATUS_SKIP, NOW + 7 * DAY, .next_status = NOW,
	    .last_real = NOW - 7 * DAY);
	procedure_free(&p);
}

static void
test_the_third_that_says_the_same(void **state)
{
	struct procedure p;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	p.v.phase = 2;
	DECIDES(STATUS_SEND, NOW + 7 * DAY, .next_status = NOW, .said_phase = 2,
	    .said_same = 1);
	DECIDES(STATUS_DRAFT, NOW + 7 * DAY, .next_status = NOW,
	    .said_phase = 2, .said_same = 2);
	DECIDES(STATUS_DRAFT, NOW + 7 * DAY, .next_status = NOW,
	    .said_phase = 2, .said_same = 9);
	p.v.phase = 3;
	DECIDES(STATUS_SEND, NOW + 7 * DAY, .next_status = NOW, .said_phase = 2,
	    .said_same = 2);
	procedure_free(&p);
}

static void
test_a_key_that_is_no_longer_usable(void **state)
{
	struct procedure p;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	DECIDES(
	    STATUS_HOLD, NOW + 7 * DAY, .next_status = NOW, .key_known = true);
	DECIDES(STATUS_SEND, NOW + 7 * DAY, .next_status = NOW,
	    .key_known = true, .key_usable = true);
	/* It never gave one: it may go signed in clear (RULES 25). */
	DECIDES(STATUS_SEND, NOW + 7 * DAY, .next_status = NOW);
	/* Not before its time. */
	DECIDES(
	    STATUS_WAIT, NOW + 1, .next_status = NOW + 1, .key_known = true);
	procedure_free(&p);
}

static void
test_fixed_words(void **state)
{
	for (unsigned phase = 0; phase < 6; phase++) {
		const char *en = desk_phase_words(phase, "en");
		const char *ja = desk_phase_words(phase, "ja");

		for (const char *c = en; *c != '\0'; c++)
			assert_true(isascii((unsigned char)*c));
		assert_string_not_equal(en, ja);
		assert_string_equal(desk_phase_words(phase, "fr"), en);
		assert_string_equal(desk_phase_words(phase, NULL), en);
		for (unsigned other = 0; other < phase; other++) {
			assert_string_not_equal(
			    en, desk_phase_words(other, "en"));
			assert_string_not_equal(
			    ja, desk_phase_words(other, "ja"));
		}
	}
	assert_string_equal(
	    desk_phase_words(99, "en"), desk_phase_words(5, "en"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cadence_by_counterpart),
	    cmocka_unit_test(test_when),
	    cmocka_unit_test(test_a_real_mail_went_out),
	    cmocka_unit_test(test_the_third_that_says_the_same),
	    cmocka_unit_test(test_a_key_that_is_no_longer_usable),
	    cmocka_unit_test(test_fixed_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
