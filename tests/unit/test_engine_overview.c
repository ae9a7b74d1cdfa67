/*
 * test_engine_overview.c - what departments are handed, from a real store and
 * the shipped templates: which facts, in which words, and what stays here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <talloc.h>

#include "../../daemon/engine_internal.h"

#define RECEIVED INT64_C(1795510000)
#define FPR "0123456789ABCDEF0123456789ABCDEF01234567"

/* The step that the overviews ask for. */
static const char flow_text[] =
    "step \"2.1.1\" { title_en = \"Reproduction\" title_ja = \"再現\""
    " phase = 2 lead = {design} start = route expects = {status}"
    " mail \"overview\" { to = {design} } }\n";

struct world {
	char path[40];
	struct settings s;
	struct contact contact;
	struct department plc, qa, all[2];
	struct engine *e; /* drafts hang off it while they are made */
	struct store_case c;
	struct opening o;
	struct field fields[2];
	struct error err;
};

#define assert_ok(call)                                                        \
	do {                                                                   \
		if ((call) != 0)                                               \
			fail_msg("%s: %s", #call, w->err.text);                \
	} while (0)

static int
set_up(void **state)
{
	struct world *w = talloc_zero(NULL, struct world);
	uint8_t key[STORE_KEY_BYTES];

	strcpy(w->path, "/tmp/overview.XXXXXX");
	close(mkstemp(w->path));
	unlink(w->path);
	w->s = (struct settings){.address = "psirt@vendor.example",
	    .language = "en",
	    .poc = FPR,
	    .reply_days = 5};
	w->contact = (struct contact){
	    .name = "Sato", .address = "s@vendor.example", .fingerprint = FPR};
	w->plc = (struct department){.name = "plc",
	    .role = ROLE_DESIGN,
	    .contacts = &w->contact,
	    .ncontacts = 1};
	w->qa = w->plc;
	w->qa.name = "qa";
	w->qa.role = ROLE_QUALITY;
	w->s.departments = w->all;
	w->s.ndepartments = 2;
	w->all[0] = w->plc;
	w->all[1] = w->qa;
	w->s.flows[FLOW_DIRECT] =
	    flow_parse(w, FLOW_DIRECT, "flow.conf", flow_text, NULL, &w->err);
	w->e = talloc_zero(w, struct engine);
	w->e->s = &w->s;
	w->e->st = store_open(w, w->path, &w->err);
	w->e->templates = write_load(w, "conf/templates", NULL, &w->err);
	store_new_key(key);
	w->fields[0] = (struct field){FIELD_TYPE, "CWE-120", 1};
	w->fields[1] = (struct field){
	    FIELD_VERSION, " 2.3\r\n\t and\x1b \xc2\x9b\xe2\x80\xae  2.4 ", 1};
	w->o = (struct opening){.fields = w->fields, .nfields = 2};
	w->c = (struct store_case){.state = CASE_OPEN,
	    .flow = FLOW_DIRECT,
	    .received = RECEIVED,
	    .product = talloc_strdup(w, "XYZ-100")};
	*state = w;
	if (w->e->st == NULL || w->e->templates == NULL ||
	    store_keep_key(w->e->st, bytes_str("wrapped"), key, &w->err) != 0 ||
	    store_unlock(w->e->st, key, &w->err) != 0 ||
	    store_begin(w->e->st, &w->err) != 0 ||
	    store_case_new(w, w->e->st, &w->c, "PSIRT", 2026, &w->err) != 0 ||
	    store_case_put(w->e->st, &w->c, &w->err) != 0 ||
	    store_case_ident_add(
		w->e->st, w->c.id, IDENT_CWE, "CWE-120", &w->err) != 0 ||
	    store_case_ident_add(
		w->e->st, w->c.id, IDENT_CVE, "CVE-2026-41928", &w->err) != 0) {
		print_message("%s\n", w->err.text);
		return -1;
	}
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	store_rollback(w->e->st);
	talloc_free(w->e->st);
	unlink(w->path);
	unlink(talloc_asprintf(w, "%s-wal", w->path));
	unlink(talloc_asprintf(w, "%s-shm", w->path));
	talloc_free(w);
	return 0;
}

/* The mail that this department gets. */
static struct store_outmail
drafted(struct world *w, const struct department *d, struct draft_share share)
{
	struct store_outmail *list = NULL;
	size_t n = 0;

	assert_ok(draft_overviews(
	    w->e, &w->c, 0, &w->o, &d, 1, share, "yuki", &w->err));
	assert_ok(store_outmail_list(
	    w, w->e->st, 0, w->c.id, 10, &list, &n, &w->err));
	assert_true(n > 0);
	return list[0];
}

/* Beside "Source" stands what its key has signed, and nothing else. */
static void
test_a_source_is_told_its_own_words_alone(void **state)
{
	struct world *w = *state;
	const char *keys[] = {FPR};
	struct correspondent jpcert = {
	    .name = "JPCERT/CC", .fingerprints = keys, .nfingerprints = 1};
	struct signature signature = {.status = SIGNATURE_GOOD, .primary = FPR};
	struct layer layer = {.kind = LAYER_SIGNED,
	    .outcome = LAYER_OPEN,
	    .signatures = &signature,
	    .nsignatures = 1};
	struct part parts[] = {
	    {.kind = PART_TEXT, .content = bytes_str("signed"), .layer = 1},
	    {.kind = PART_TEXT, .content = bytes_str("put beside it")}};
	struct field fields[] = {{FIELD_VERSION, "2.3", 1},
	    {FIELD_VERSION, "every", 2}, {FIELD_TYPE, "none at all", 2}};
	struct ident idents[] = {{IDENT_CVE, "CVE-2026-41928", 1},
	    {IDENT_CWE, "CWE-120", 2}, {IDENT_CVSS, "CVSS:3.1/AV:P", 0}};
	struct store_outmail m;

	w->s.correspondents = &jpcert;
	w->s.ncorrespondents = 1;
	w->c.correspondent = talloc_strdup(w, "JPCERT/CC");
	assert_ok(store_case_put(w->e->st, &w->c, &w->err));
	w->o = (struct opening){.parts = parts,
	    .nparts = 2,
	    .layers = &layer,
	    .nlayers = 1,
	    .fields = fields,
	    .nfields = 3,
	    .idents = idents,
	    .nidents = 3};
	m = drafted(w, &w->plc, (struct draft_share){0});
	assert_non_null(strstr(m.body, "JPCERT/CC"));
	assert_non_null(strstr(m.body, "Versions:     2.3\n"));
	assert_non_null(strstr(m.body, "CVE-2026-41928"));
	assert_null(strstr(m.body, "every"));
	assert_null(strstr(m.body, "none at all"));
	assert_null(strstr(m.body, "CWE-120"));
	assert_null(strstr(m.body, "CVSS:3.1"));
	/* Of a finder's letter all is told: nobody vouches for it. */
	w->c.correspondent = NULL;
	assert_ok(store_case_put(w->e->st, &w->c, &w->err));
	m = drafted(w, &w->plc, (struct draft_share){0});
	assert_non_null(strstr(m.body, "every"));
	assert_non_null(strstr(m.body, "CWE-120"));
	assert_non_null(strstr(m.body, "CVSS:3.1"));
}

static void
test_fields_are_one_line(void **state)
{
	struct world *w = *state;
	struct store_outmail m = drafted(w, &w->plc, (struct draft_share){0});

	assert_non_null(strstr(m.body, "Versions:     2.3 and 2.4\n"));
	assert_null(strstr(m.body, "\\x"));
	assert_null(strstr(m.body, "<U+"));
}

static void
test_the_type_is_told_once(void **state)
{
	struct world *w = *state;
	struct store_outmail m = drafted(w, &w->plc, (struct draft_share){0});

	assert_non_null(strstr(m.body, "Type:         CWE-120\n"));
	assert_non_null(strstr(m.body, "Identifiers:  CVE-2026-41928\n"));
	/* Where no type was recognised the number is all there is of it. */
	w->o.nfields = 0;
	m = drafted(w, &w->plc, (struct draft_share){0});
	assert_non_null(strstr(m.body, "CWE-120"));
}

/* What `psirt` proposes and a person types is what would go by itself. */
static void
test_quality_gets_the_receipt_alone(void **state)
{
	struct world *w = *state;
	struct store_outmail m;

	for (int hand = 0; hand < 2; hand++) {
		m = drafted(
		    w, &w->qa, (struct draft_share){.by_hand = hand == 1});
		assert_int_equal(m.kind, MAIL_OVERVIEW);
		assert_non_null(strstr(m.body, "XYZ-100"));
		assert_null(strstr(m.body, "2.3"));
		assert_null(strstr(m.body, "CVE-2026-41928"));
		assert_non_null(strstr(m.subject, "for your information"));
	}
	/* So where a correspondent's text goes to the others by itself. */
	m = drafted(w, &w->qa, (struct draft_share){.text = true});
	assert_int_equal(m.parts, TOLD_OVERVIEW);
	assert_non_null(strstr(m.subject, "for your information"));
	assert_null(strstr(m.body, "2.3"));
	m = drafted(
	    w, &w->qa, (struct draft_share){.by_hand = true, .text = true});
	assert_int_equal(m.kind, MAIL_DETAILS);
	assert_non_null(strstr(m.body, "CVE-2026-41928"));
}

/* Who is asked gets the lines to copy, under one reference. */
static void
test_overviews_carry_the_question(void **state)
{
	struct world *w = *state;
	struct store_outmail m = drafted(w, &w->plc, (struct draft_share){0});
	struct store_step *steps = NULL;
	size_t n = 0;
	char *ref;

	assert_ok(store_step_list(w, w->e->st, w->c.id, &steps, &n, &w->err));
	assert_int_equal(n, 1);
	assert_int_equal(steps[0].state, STEP_RUNNING);
	ref = talloc_asprintf(w, "ref: %s/2.1.1/%s", w->c.number, steps[0].ref);
	assert_non_null(strstr(m.body, ref));
	assert_int_equal(m.step, steps[0].id);
	assert_int_equal(m.parts, TOLD_OVERVIEW);
	/* Handed on once more, it is the same question. */
	m = drafted(
	    w, &w->plc, (struct draft_share){.by_hand = true, .text = true});
	assert_non_null(strstr(m.body, ref));
	assert_int_equal(m.parts, TOLD_OVERVIEW | TOLD_DETAILS);
	/* Quality is told, not asked. */
	m = drafted(w, &w->qa, (struct draft_share){0});
	assert_null(strstr(m.body, "ref:"));
	assert_int_equal(m.step, 0);
	/* When it is answered, nobody is asked any more. */
	steps[0].state = STEP_ENDED;
	assert_ok(store_step_put(w->e->st, &steps[0], &w->err));
	m = drafted(w, &w->plc, (struct draft_share){0});
	assert_null(strstr(m.body, "ref:"));
	assert_int_equal(m.step, 0);
}

/* A department's own people may report: they get no mail of it as such where
 * JPCERT/CC speaks with them, and the letter is filed all the same. */
static void
test_a_guard_keeps_one_overview_back(void **state)
{
	struct world *w = *state;
	const struct department *d = &w->plc;
	struct store_outmail *list = NULL;
	size_t n = 0;

	w->c.finder_address = talloc_strdup(w, w->contact.address);
	w->c.channel = CHANNEL_JPCERT;
	assert_ok(store_case_put(w->e->st, &w->c, &w->err));
	assert_ok(draft_overviews(w->e, &w->c, 0, &w->o, &d, 1,
	    (struct draft_share){0}, "psirtd", &w->err));
	assert_ok(store_outmail_list(
	    w, w->e->st, 0, w->c.id, 10, &list, &n, &w->err));
	assert_int_equal(n, 0);
	/* A person is told. */
	assert_int_equal(
	    draft_overviews(w->e, &w->c, 0, &w->o, &d, 1,
		(struct draft_share){.by_hand = true}, "yuki", &w->err),
	    -1);
	assert_int_equal(w->err.fault, FAULT_DENIED);
}

static void
test_no_files_are_promised_where_there_are_none(void **state)
{
	static struct part file = {.kind = PART_FILE,
	    .type = "text/plain",
	    .name = "poc.txt",
	    .content = {(const uint8_t *)"x", 1}};
	struct world *w = *state;
	const struct department *d = &w->plc;
	struct draft_share share = {.by_hand = true, .attachments = true};
	struct store_outmail m;

	assert_int_equal(draft_overviews(w->e, &w->c, 0, &w->o, &d, 1, share,
			     "yuki", &w->err),
	    -1);
	assert_int_equal(w->err.fault, FAULT_DENIED);
	assert_non_null(strstr(w->err.text, "the letter has no files"));
	w->o.parts = &file;
	w->o.nparts = 1;
	m = drafted(w, d, share);
	assert_int_equal(m.kind, MAIL_DETAILS);
	assert_int_equal(m.with_files, 1);
	assert_non_null(strstr(m.body, "poc.txt"));
}

/* ---- the words that an overview says follow ---- */

/* Who waits for them, as the open task says; NULL: there is none. */
static const char *
who_waits(struct world *w)
{
	struct store_task *list = NULL;
	const char *names = NULL;
	size_t n = 0;

	assert_ok(
	    store_task_list(w, w->e->st, w->c.id, 10, &list, &n, &w->err));
	for (size_t i = 0; i < n; i++) {
		if (list[i].kind != TASK_HAND_ON)
			continue;
		assert_null(names);
		assert_int_equal(list[i].letter, 0);
		names = list[i].text;
	}
	return names;
}

static void
hand(struct world *w, const struct department *d, bool words, bool by_hand)
{
	assert_ok(draft_overviews(w->e, &w->c, 0, &w->o, &d, 1,
	    (struct draft_share){.text = words, .by_hand = by_hand}, "yuki",
	    &w->err));
}

static void
test_departments_wait_for_the_words(void **state)
{
	struct world *w = *state;
	struct department *lab = &w->all[1];

	lab->name = "lab";
	lab->role = ROLE_RESEARCH;
	hand(w, lab, false, false);
	assert_string_equal(who_waits(w), "lab");
	hand(w, &w->all[0], false, true);
	assert_string_equal(who_waits(w), "plc lab");
	hand(w, lab, false, true);
	assert_string_equal(who_waits(w), "plc lab");
	hand(w, lab, true, true);
	assert_string_equal(who_waits(w), "plc");
	hand(w, &w->all[0], true, true);
	assert_null(who_waits(w));
}

/* Quality reads that something came, a notice asks to the desk, and what a
 * pinned key signed stands in the overview itself. */
static void
test_nobody_waits_for_what_was_not_promised(void **state)
{
	struct world *w = *state;

	hand(w, &w->qa, false, false);
	assert_null(who_waits(w));
	hand(w, &w->all[0], true, false);
	assert_null(who_waits(w));
	w->contact.notice = true;
	hand(w, &w->all[0], false, false);
	assert_null(who_waits(w));
}

static void
test_jpcert_promises_no_words(void **state)
{
	struct world *w = *state;

	w->s.flows[FLOW_JPCERT] =
	    flow_parse(w, FLOW_JPCERT, "flow.conf", flow_text, NULL, &w->err);
	w->c.flow = FLOW_JPCERT;
	w->c.flow_file = 0;
	assert_ok(store_case_put(w->e->st, &w->c, &w->err));
	hand(w, &w->all[0], false, false);
	assert_null(who_waits(w));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_a_source_is_told_its_own_words_alone),
	    TEST(test_fields_are_one_line),
	    TEST(test_the_type_is_told_once),
	    TEST(test_quality_gets_the_receipt_alone),
	    TEST(test_overviews_carry_the_question),
	    TEST(test_a_guard_keeps_one_overview_back),
	    TEST(test_no_files_are_promised_where_there_are_none),
	    TEST(test_departments_wait_for_the_words),
	    TEST(test_nobody_waits_for_what_was_not_promised),
	    TEST(test_jpcert_promises_no_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
