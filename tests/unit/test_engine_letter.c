/*
 * test_engine_letter.c - the letter that goes along with a mail of a step:
 * the one that the step waited for, and what its reader is told by it.
 */
#include "engine_world.h"

#define DRAFT "JVN is to say: update to 2.4."
#define THANKS "Thank you for your trouble."

/* Of JPCERT/CC, signed, on the case; its id. */
static int64_t
jpcert_writes(struct vendor *v, const char *text, struct part *file)
{
	const struct vendor_letter letter = {.from = "office@jpcert.example",
	    .text = text,
	    .key = JPCERT,
	    .made = clock_now(),
	    .reply = "toj@vendor.example",
	    .file = file};

	return vendor_files(v, &letter).id;
}

/* A case of JPCERT/CC, which has the details from a letter of long ago. */
static int64_t
jpcert_case(struct vendor *v)
{
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_JPCERT);

	begin(w);
	assert_ok(w, store_message_id_add(
			 w->st, "toj@vendor.example", id, 0, 0, &w->err));
	commit(w);
	jpcert_writes(v, "Give it ../../etc/passwd and it answers.", NULL);
	return id;
}

/* SI is publicity: it knows no details. */
static void
make_publicity(struct vendor *v)
{
	v->departments[1].role = ROLE_PUBLICITY;
	v->product.departments[ROLE_PUBLICITY] = 1;
	v->product.departments[ROLE_INTEGRATION] = -1;
	v->s.default_departments[ROLE_INTEGRATION] = -1;
}

/* The mails of a kind; how many. */
static size_t
mails(struct vendor *v, int64_t casefile, enum mail_kind kind,
    struct store_outmail **list)
{
	size_t n = 0;
	size_t kept = 0;

	assert_ok(v->w, store_outmail_list(v, v->w->st, 0, casefile, 1000, list,
			    &n, &v->w->err));
	for (size_t i = 0; i < n; i++)
		if ((*list)[i].kind == (uint32_t)kind)
			(*list)[kept++] = (*list)[i];
	return kept;
}

static void
test_what_jvn_publishes_is_circulated(void **state)
{
	struct vendor *v = *state;
	int64_t id = jpcert_case(v);
	struct store_outmail *list;
	struct store_step step;
	int64_t letter;

	make_publicity(v);
	step = vendor_begin(v, id, "5.2.0");
	letter = jpcert_writes(v, DRAFT, NULL);
	step = vendor_step(v, step.id);
	assert_int_equal(step.state, STEP_ENDED);
	assert_int_equal(step.letter, letter);
	jpcert_writes(v, THANKS, NULL);
	vendor_begin(v, id, "5.2.1");
	assert_int_equal(mails(v, id, MAIL_CIRCULATE, &list), 2);
	for (size_t i = 0; i < 2; i++) {
		assert_non_null(strstr(list[i].body, DRAFT));
		assert_null(strstr(list[i].body, THANKS));
		assert_int_equal(list[i].letter, letter);
		assert_int_equal(list[i].with_files, 0);
		/* Publicity has read it as well as design. */
		assert_int_equal(list[i].parts, TOLD_OVERVIEW | TOLD_DETAILS);
	}
}

/* Our own advisory is no letter's text. */
static void
test_our_advisory_comes_alone(void **state)
{
	struct vendor *v = *state;
	int64_t id = jpcert_case(v);
	struct store_outmail m;

	vendor_begin(v, id, "5.1.1");
	m = vendor_mail(v, id, MAIL_CIRCULATE);
	assert_null(strstr(m.body, "passwd"));
	assert_int_equal(m.letter, 0);
	assert_int_equal(m.parts, TOLD_OVERVIEW);
}

static void
test_ended_by_hand_the_newest_goes(void **state)
{
	struct vendor *v = *state;
	int64_t id = jpcert_case(v);
	struct store_outmail m;
	struct store_step step = vendor_begin(v, id, "5.2.0");

	/* Nothing awaited this one: a person saw it, and ended the step. */
	assert_ordered(
	    v, .what = ORDER_STEP_END, .casefile = id, .step = "5.2.0");
	assert_int_equal(vendor_step(v, step.id).letter, 0);
	jpcert_writes(v, DRAFT, NULL);
	vendor_begin(v, id, "5.2.1");
	m = vendor_mail(v, id, MAIL_CIRCULATE);
	assert_non_null(strstr(m.body, DRAFT));
}

static void
test_details_are_those_that_came(void **state)
{
	struct vendor *v = *state;
	int64_t id = jpcert_case(v);
	struct part file = {.kind = PART_FILE,
	    .type = "application/zip",
	    .name = "poc.zip",
	    .content = bytes_str("zip")};
	struct store_outmail m;
	int64_t letter;

	vendor_begin(v, id, "1.5.1");
	letter = jpcert_writes(v, "The length is not checked.", &file);
	jpcert_writes(v, THANKS, NULL);
	vendor_begin(v, id, "1.5.2");
	m = vendor_mail(v, id, MAIL_DETAILS);
	assert_non_null(strstr(m.body, "The length is not checked."));
	assert_null(strstr(m.body, THANKS));
	assert_int_equal(m.letter, letter);
	assert_int_equal(m.with_files, 1);
	assert_int_equal(m.parts, TOLD_OVERVIEW | TOLD_DETAILS | TOLD_EXPLOIT);
	/* Told to one more, days later: the same. */
	jpcert_writes(v, "How far are you?", NULL);
	vendor_sent(v, m.id, clock_now());
	assert_ordered(
	    v, .what = ORDER_STEP_END, .casefile = id, .step = "1.5.2");
	assert_ordered(v, .what = ORDER_SHARE, .casefile = id, .step = "1.5.2",
	    .words = (const char *[]){"+integration"}, .nwords = 1);
	m = vendor_mail(v, id, MAIL_DETAILS);
	assert_string_equal(m.to, "sora@vendor.example");
	assert_non_null(strstr(m.body, "The length is not checked."));
	/* By itself the file stays here: nobody has signed it. */
	assert_int_equal(m.with_files, 0);
	assert_int_equal(m.parts, TOLD_OVERVIEW | TOLD_DETAILS);
}

/* A mail in which no word of it stands tells none. */
static void
test_who_got_no_text_knows_no_details(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_JPCERT);

	vendor_begin(v, id, "1.5.2");
	assert_int_equal(vendor_mail(v, id, MAIL_DETAILS).parts, TOLD_OVERVIEW);
	assert_int_equal(w->err.fault, 0);
}

int
main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, vendor_setup, vendor_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_what_jvn_publishes_is_circulated),
	    TEST(test_our_advisory_comes_alone),
	    TEST(test_ended_by_hand_the_newest_goes),
	    TEST(test_details_are_those_that_came),
	    TEST(test_who_got_no_text_knows_no_details),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
