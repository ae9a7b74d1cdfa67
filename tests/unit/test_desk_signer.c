/*
 * test_desk_signer.c - who signed a part, who signed the letter, which words
 * are shown: what a signature does not cover never counts as signed.
 */
#include "desk_world.h"

static struct world world;

static int
setup(void **state)
{
	(void)state;
	world_init(&world);
	return 0;
}

/* ---- one layer, several signatures ---- */

struct sigs_row {
	const char *name;
	struct signature s[3]; /* until status is 0 */
	const char *bound;
	enum verdict verdict;
	const char *fingerprint;
	const char *why; /* a part of it */
};

#define SIG(st, key)                                                           \
	{                                                                      \
		.status = SIGNATURE_##st, .primary = (key)                     \
	}

static const struct sigs_row sigs_rows[] = {
    {"pinned", {SIG(GOOD, KEY_JPCERT)}, NULL, VERDICT_PINNED, KEY_JPCERT,
	"correspondent"},
    {"a department", {SIG(GOOD, KEY_PLC)}, NULL, VERDICT_PINNED, KEY_PLC,
	"department"},
    {"bound", {SIG(GOOD, KEY_FINDER)}, KEY_FINDER, VERDICT_KNOWN, KEY_FINDER,
	"bound to this case"},
    {"good, bound elsewhere", {SIG(GOOD, KEY_FINDER)}, KEY_OTHER,
	VERDICT_UNKNOWN_KEY, NULL, "not pinned"},
    {"good, nothing bound", {SIG(GOOD, KEY_FINDER)}, NULL, VERDICT_UNKNOWN_KEY,
	NULL, "not pinned"},
    {"an operator gives no authority", {SIG(GOOD, KEY_OPERATOR)}, NULL,
	VERDICT_UNKNOWN_KEY, NULL, "not pinned"},
    {"nor does our own key", {SIG(GOOD, KEY_POC)}, NULL, VERDICT_UNKNOWN_KEY,
	NULL, "not pinned"},
    {"a key we do not hold", {SIG(NO_KEY, NULL)}, NULL, VERDICT_UNKNOWN_KEY,
	NULL, "do not hold"},
    {"not supported", {SIG(UNSUPPORTED, NULL)}, NULL, VERDICT_UNKNOWN_KEY, NULL,
	"not supported"},
    {"bad", {SIG(BAD, KEY_JPCERT)}, NULL, VERDICT_BAD, NULL, "bad signature"},
    {"expired", {SIG(EXPIRED, KEY_JPCERT)}, NULL, VERDICT_BAD, NULL,
	"signature has expired"},
    {"key expired", {SIG(KEY_EXPIRED, KEY_JPCERT)}, NULL, VERDICT_BAD, NULL,
	"key that has expired"},
    {"key revoked", {SIG(KEY_REVOKED, KEY_JPCERT)}, NULL, VERDICT_BAD, NULL,
	"revoked"},
    {"weak", {SIG(WEAK, KEY_JPCERT)}, NULL, VERDICT_BAD, NULL, "digest"},
    {"from the future", {SIG(FUTURE, KEY_JPCERT)}, NULL, VERDICT_BAD, NULL,
	"not come yet"},
    {"a status nobody knows", {{.status = 99, .primary = KEY_JPCERT}}, NULL,
	VERDICT_BAD, NULL, "could not be checked"},
    {"pinned, and one bad beside it", {SIG(GOOD, KEY_JPCERT), SIG(BAD, NULL)},
	NULL, VERDICT_BAD, NULL, "bad signature"},
    {"a bad one first", {SIG(BAD, NULL), SIG(GOOD, KEY_JPCERT)}, NULL,
	VERDICT_BAD, NULL, "bad signature"},
    {"pinned, and an old key beside it",
	{SIG(KEY_EXPIRED, KEY_JPCERT), SIG(GOOD, KEY_JPCERT)}, NULL,
	VERDICT_PINNED, KEY_JPCERT, "correspondent"},
    {"pinned, and a stranger beside it",
	{SIG(NO_KEY, NULL), SIG(GOOD, KEY_JPCERT)}, NULL, VERDICT_PINNED,
	KEY_JPCERT, "correspondent"},
    {"bound and pinned: the pin counts",
	{SIG(GOOD, KEY_FINDER), SIG(GOOD, KEY_PLC)}, KEY_FINDER, VERDICT_PINNED,
	KEY_PLC, "department"},
    {"pinned twice: the first", {SIG(GOOD, KEY_JPCERT), SIG(GOOD, KEY_CERT)},
	NULL, VERDICT_PINNED, KEY_JPCERT, "correspondent"},
    {"bound, and a stranger beside it",
	{SIG(GOOD, KEY_OTHER), SIG(GOOD, KEY_FINDER)}, KEY_FINDER,
	VERDICT_KNOWN, KEY_FINDER, "bound"},
    {"a stranger and an expired one: the fault is said",
	{SIG(NO_KEY, NULL), SIG(EXPIRED, KEY_JPCERT)}, NULL, VERDICT_BAD, NULL,
	"expired"},
    {"good by a key without a name", {SIG(GOOD, NULL)}, NULL,
	VERDICT_UNKNOWN_KEY, NULL, "not pinned"},
};

static void
check_signatures(void **state)
{
	const struct sigs_row *r = *state;
	struct signature s[3];
	struct layer layer = {
	    .kind = LAYER_SIGNED, .outcome = LAYER_OPEN, .signatures = s};
	struct part part = {.kind = PART_TEXT,
	    .content = {(const uint8_t *)"words", 5},
	    .layer = 1};
	struct opening o = {
	    .layers = &layer, .nlayers = 1, .parts = &part, .nparts = 1};
	struct desk_signer by;

	memcpy(s, r->s, sizeof(s));
	while (layer.nsignatures < 3 && s[layer.nsignatures].status != 0)
		layer.nsignatures++;
	by = desk_part_signer(&world.s, &o, 0, r->bound);
	assert_int_equal(by.verdict, r->verdict);
	assert_non_null(strstr(by.why, r->why));
	if (r->fingerprint != NULL)
		assert_string_equal(by.fingerprint, r->fingerprint);
	else
		assert_null(by.fingerprint);
	/* Who it is stands there only with a pin. */
	assert_int_equal(by.correspondent != NULL || by.contact != NULL,
	    by.verdict == VERDICT_PINNED);
	assert_int_equal(by.contact != NULL, by.department != NULL);
	by = desk_letter_signer(&world.s, &o, r->bound);
	assert_int_equal(by.verdict, r->verdict);
}

/* ---- which part lies under which layer ---- */

static struct signature pinned[] = {SIG(GOOD, KEY_JPCERT)};
static struct signature forged[] = {SIG(BAD, KEY_JPCERT)};

#define LAYER(k, out, in, sigs)                                                \
	{                                                                      \
		.kind = LAYER_##k, .outcome = LAYER_##out, .parent = (in),     \
		.signatures = (sigs), .nsignatures = (sigs) != NULL ? 1 : 0    \
	}
#define TEXT(words, in)                                                        \
	{                                                                      \
		.kind = PART_TEXT,                                             \
		.content = {(const uint8_t *)(words), sizeof(words) - 1},      \
		.layer = (in)                                                  \
	}

static enum verdict
part_verdict(const struct opening *o, size_t part)
{
	return desk_part_signer(&world.s, o, part, NULL).verdict;
}

static enum verdict
letter_verdict(const struct opening *o)
{
	return desk_letter_signer(&world.s, o, NULL).verdict;
}

static void
test_words_before_a_signed_part(void **state)
{
	struct layer signed_layer = LAYER(SIGNED, OPEN, 0, pinned);
	struct part parts[] = {TEXT("pay here", 0), TEXT("a notice", 1)};
	struct opening o = {
	    .layers = &signed_layer, .nlayers = 1, .parts = parts, .nparts = 2};

	(void)state;
	assert_int_equal(part_verdict(&o, 0), VERDICT_UNSIGNED);
	assert_int_equal(part_verdict(&o, 1), VERDICT_PINNED);
	assert_int_equal(letter_verdict(&o), VERDICT_UNSIGNED);
}

static void
test_words_behind_a_signed_part(void **state)
{
	/* A mailing list's footer: the letter's own text comes first. */
	struct layer signed_layer = LAYER(SIGNED, OPEN, 0, pinned);
	struct part parts[] = {TEXT("a notice", 1), TEXT("footer", 0)};
	struct opening o = {
	    .layers = &signed_layer, .nlayers = 1, .parts = parts, .nparts = 2};

	(void)state;
	assert_int_equal(letter_verdict(&o), VERDICT_PINNED);
	assert_int_equal(part_verdict(&o, 1), VERDICT_UNSIGNED);
}

static void
test_blank_text_is_no_text(void **state)
{
	static const char *const blanks[] = {
	    "", " \r\n\t", "\xc2\xa0", "\xe3\x80\x80\n", "\xef\xbb\xbf\n"};
	struct layer signed_layer = LAYER(SIGNED, OPEN, 0, pinned);
	struct part parts[] = {TEXT("", 0), TEXT("a notice", 1)};
	struct opening o = {
	    .layers = &signed_layer, .nlayers = 1, .parts = parts, .nparts = 2};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(blanks); i++) {
		parts[0].content = bytes_str(blanks[i]);
		assert_int_equal(letter_verdict(&o), VERDICT_PINNED);
	}
	parts[0].content = bytes_str("\xe3\x80\x80.");
	assert_int_equal(letter_verdict(&o), VERDICT_UNSIGNED);
}

/* Of a letter that only carries a message: its head is no word of anybody. */
static void
test_head_of_a_message_is_no_text(void **state)
{
	struct layer signed_layer = LAYER(SIGNED, OPEN, 0, pinned);
	struct part parts[] = {TEXT("From: JPCERT/CC", 0), TEXT("a notice", 1),
	    TEXT("my words", 0), {.flags = PART_FORWARDED}};
	struct opening o = {
	    .layers = &signed_layer, .nlayers = 1, .parts = parts, .nparts = 2};
	struct desk_signer by;
	size_t part = 9;

	(void)state;
	parts[0].flags = parts[1].flags = PART_FORWARDED;
	parts[0].type = "message/rfc822";
	o.nparts = 4;
	signed_layer.part = 4;
	by = desk_letter_signer(&world.s, &o, NULL);
	assert_int_equal(by.verdict, VERDICT_UNSIGNED);
	assert_int_equal(by.layer, 1); /* the message's, not the letter's */
	assert_int_equal(part_verdict(&o, 1), VERDICT_PINNED);
	assert_string_equal(desk_text(&o, &part), "a notice");
	/* Nor does it stand before signed words as if they covered it. */
	parts[1].flags = parts[3].flags = 0;
	assert_int_equal(letter_verdict(&o), VERDICT_UNSIGNED);
	parts[0].layer = 1;
	assert_int_equal(letter_verdict(&o), VERDICT_PINNED);
	parts[0].layer = 0;
	parts[1].flags = PART_FORWARDED;
	/* In the same depth the letter's own words are shown. */
	signed_layer.outcome = LAYER_MALFORMED;
	assert_string_equal(desk_text(&o, &part), "my words");
}

static void
test_signed_inside_encrypted(void **state)
{
	struct layer layers[] = {
	    LAYER(ENCRYPTED, OPEN, 0, NULL), LAYER(SIGNED, OPEN, 1, pinned)};
	struct part parts[] = {TEXT("a notice", 2), TEXT("beside it", 1)};
	struct opening o = {
	    .layers = layers, .nlayers = 2, .parts = parts, .nparts = 2};

	(void)state;
	assert_int_equal(part_verdict(&o, 0), VERDICT_PINNED);
	/* In the same envelope, but not under the signature. */
	assert_int_equal(part_verdict(&o, 1), VERDICT_UNSIGNED);
	/* Signed and encrypted in one: the outer signature covers the inner
	 * parts that have none of their own. */
	layers[0].signatures = pinned;
	layers[0].nsignatures = 1;
	layers[1].nsignatures = 0;
	assert_int_equal(part_verdict(&o, 0), VERDICT_PINNED);
	assert_int_equal(part_verdict(&o, 1), VERDICT_PINNED);
	/* The innermost decides. */
	layers[1].signatures = forged;
	layers[1].nsignatures = 1;
	assert_int_equal(part_verdict(&o, 0), VERDICT_BAD);
}

static void
test_failed_layer_signs_nothing(void **state)
{
	struct layer layers[] = {LAYER(ENCRYPTED, INTEGRITY, 0, pinned)};
	struct part parts[] = {TEXT("a notice", 1)};
	struct opening o = {
	    .layers = layers, .nlayers = 1, .parts = parts, .nparts = 1};

	(void)state;
	for (uint32_t out = LAYER_NO_SECRET_KEY; out < LAYER_OUTCOME_COUNT;
	     out++) {
		layers[0].outcome = out;
		assert_int_equal(part_verdict(&o, 0), VERDICT_UNSIGNED);
		assert_true(desk_part_signer(&world.s, &o, 0, NULL).withheld);
		/* Were a room to hand out text of it, it is not shown. */
		assert_null(desk_text(&o, NULL));
		/* What lies in clear beside a detached signature is. */
		layers[0].kind = LAYER_SIGNED;
		assert_int_equal(part_verdict(&o, 0), VERDICT_UNSIGNED);
		assert_false(desk_part_signer(&world.s, &o, 0, NULL).withheld);
		assert_string_equal(desk_text(&o, NULL), "a notice");
		layers[0].kind = LAYER_ENCRYPTED;
	}
}

static void
test_hostile_indexes(void **state)
{
	struct layer layers[] = {
	    LAYER(ENCRYPTED, OPEN, 2, NULL), LAYER(ENCRYPTED, OPEN, 1, NULL)};
	struct part parts[] = {TEXT("round and round", 1), TEXT("beyond", 77)};
	struct opening o = {
	    .layers = layers, .nlayers = 2, .parts = parts, .nparts = 2};
	size_t part = 9;

	(void)state;
	assert_int_equal(part_verdict(&o, 0), VERDICT_UNSIGNED);
	assert_int_equal(part_verdict(&o, 1), VERDICT_UNSIGNED);
	assert_int_equal(part_verdict(&o, 2), VERDICT_UNSIGNED);
	assert_string_equal(desk_text(&o, &part), "round and round");
	o.nparts = 0;
	assert_int_equal(letter_verdict(&o), VERDICT_UNSIGNED);
	assert_null(desk_text(&o, &part));
}

static void
test_letter_without_text(void **state)
{
	struct layer signed_layer = LAYER(SIGNED, OPEN, 0, pinned);
	struct part parts[] = {{.kind = PART_DSN},
	    {.kind = PART_FILE, .layer = 1}, {.kind = PART_KEY}};
	struct opening o = {
	    .layers = &signed_layer, .nlayers = 1, .parts = parts, .nparts = 3};

	(void)state;
	assert_int_equal(letter_verdict(&o), VERDICT_PINNED);
	parts[1].layer = 0;
	assert_int_equal(letter_verdict(&o), VERDICT_UNSIGNED);
}

/* A finder quotes somebody's signed advisory whose signature broke. */
static void
test_quoted_advisory_is_no_claim(void **state)
{
	struct layer layers[] = {LAYER(ENCRYPTED, OPEN, 0, NULL),
	    LAYER(CLEARSIGNED, OPEN, 1, forged)};
	struct part parts[] = {TEXT("look at this", 1), TEXT("a notice", 2)};
	struct mail_address from = {.address = "finder@research.example"};
	struct opening o = {.headers = {.from = &from, .nfrom = 1},
	    .layers = layers,
	    .nlayers = 2,
	    .parts = parts,
	    .nparts = 2,
	    .encrypted = 1};
	struct desk_input in = {
	    .settings = &world.s, .opening = &o, .now = NOW, .received = NOW};
	struct decision *d = desk_judge(NULL, &in);

	(void)state;
	assert_int_equal(d->reason, REASON_NEW_REPORT);
	assert_false(d->claims_correspondent);
	assert_true(d->acknowledge);
	talloc_free(d);
}

/* ---- which words are shown ---- */

static void
test_text_shown(void **state)
{
	struct layer layers[] = {LAYER(ENCRYPTED, OPEN, 0, NULL)};
	struct part parts[] = {TEXT("outside", 0), TEXT("<p>inside</p>", 1),
	    TEXT("attached", 1), TEXT("inside", 1), TEXT("later", 1)};
	struct opening o = {
	    .layers = layers, .nlayers = 1, .parts = parts, .nparts = 5};
	size_t part = 9;

	(void)state;
	parts[1].flags = PART_HTML;
	parts[2].flags = PART_ATTACHED;
	assert_string_equal(desk_text(&o, &part), "inside");
	assert_int_equal(part, 3);
	/* HTML of the body before a plain attachment. */
	o.nparts = 3;
	assert_string_equal(desk_text(&o, &part), "<p>inside</p>");
	assert_int_equal(part, 1);
	o.nparts = 1;
	assert_string_equal(desk_text(&o, NULL), "outside");
	/* A layer that failed delivered nothing deeper. */
	layers[0].outcome = LAYER_INTEGRITY;
	o.nparts = 4;
	assert_string_equal(desk_text(&o, &part), "outside");
	assert_int_equal(part, 0);
}

static void
test_subject_shown(void **state)
{
	struct opening o = {.headers = {.subject = "..."}};

	(void)state;
	assert_string_equal(desk_subject(&o), "...");
	o.inner.subject = "";
	assert_string_equal(desk_subject(&o), "...");
	o.inner.subject = "XYZ-100 stops";
	assert_string_equal(desk_subject(&o), "XYZ-100 stops");
	o.headers.subject = NULL;
	o.inner.subject = NULL;
	assert_null(desk_subject(&o));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_words_before_a_signed_part),
    cmocka_unit_test(test_words_behind_a_signed_part),
    cmocka_unit_test(test_blank_text_is_no_text),
    cmocka_unit_test(test_head_of_a_message_is_no_text),
    cmocka_unit_test(test_signed_inside_encrypted),
    cmocka_unit_test(test_failed_layer_signs_nothing),
    cmocka_unit_test(test_hostile_indexes),
    cmocka_unit_test(test_letter_without_text),
    cmocka_unit_test(test_quoted_advisory_is_no_claim),
    cmocka_unit_test(test_text_shown),
    cmocka_unit_test(test_subject_shown),
};

int
main(void)
{
	struct CMUnitTest rows[COUNT_OF(sigs_rows)];
	int failed;

	memset(rows, 0, sizeof(rows));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		rows[i].name = sigs_rows[i].name;
		rows[i].test_func = check_signatures;
		memcpy(&rows[i].initial_state, &(const void *){&sigs_rows[i]},
		    sizeof(void *));
	}
	failed = _cmocka_run_group_tests(
	    "signatures", rows, COUNT_OF(rows), setup, NULL);
	return failed +
	       cmocka_run_group_tests_name("parts", tests, setup, NULL);
}
