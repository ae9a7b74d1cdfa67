/*
 * test_engine_report.c - which letters are the same report, and which never
 * may be (RULES 2).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <talloc.h>

#include "../../daemon/engine_internal.h"

#define BEGIN "-----BEGIN PGP MESSAGE-----"
#define END "-----END PGP MESSAGE-----"

/* The letter's own bytes differ always: they count for empty letters only. */
static struct report_marks
marks_of(const struct opening *o)
{
	static uint8_t letter[STORE_DIGEST_BYTES];
	struct report_marks m;
	struct error err = {0};

	letter[0]++;
	assert_int_equal(report_marks(NULL, o, letter, &m, &err), 0);
	return m;
}

static bool
same_parts(const struct part *a, size_t na, const struct part *b, size_t nb)
{
	struct opening oa = {
	    .parts = (struct part *)(uintptr_t)a, .nparts = na};
	struct opening ob = {
	    .parts = (struct part *)(uintptr_t)b, .nparts = nb};
	struct report_marks ma = marks_of(&oa);
	struct report_marks mb = marks_of(&ob);

	return memcmp(ma.whole, mb.whole, sizeof(ma.whole)) == 0;
}

static bool
same(uint32_t kind_a, const char *a, uint32_t kind_b, const char *b)
{
	struct part pa = {.kind = kind_a, .content = bytes_str(a)};
	struct part pb = {.kind = kind_b, .content = bytes_str(b)};

	return same_parts(&pa, 1, &pb, 1);
}

static bool
same_sealed(const char *a, const char *b)
{
	return same(PART_ENCRYPTED, a, PART_ENCRYPTED, b);
}

/* What stands around the base64, as people send it. */
static const struct {
	const char *before, *after;
} forms[] = {
    {BEGIN "\n\n", "\n=abcd\n" END "\n"},
    {BEGIN "\r\n\r\n", "\r\n=abcd\r\n" END "\r\n"},
    {BEGIN "\nVersion: GnuPG\n\n", "\n=abcd\n" END "\n"},
    {BEGIN "\r\nVersion: GnuPG\r\nComment: x\r\n\r\n", "\r\n=abcd\r\n" END},
    {"Hello,\n\n" BEGIN "\n \n", "\n=abcd\n" END "\nRegards\n"},
    {BEGIN "\n", "\n=abcd\n" END "\n"}, /* its empty line is missing */
    {BEGIN "\n=AAAA\n", "\n" END "\n"},
};

static char *
in_form(const void *ctx, size_t i, const char *base64)
{
	return talloc_asprintf(
	    ctx, "%s%s%s", forms[i].before, base64, forms[i].after);
}

/* However the armor is written: the same message is the same report. */
static void
test_armor_is_its_base64(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char *one = in_form(NULL, 0, "hQEMA1AA\nAAAA");
		char *again = in_form(one, i, "hQEMA1\nAAAAAA");
		char *other = in_form(one, i, "hQEMA1AA\nAAAB");

		assert_true(same_sealed(one, again));
		assert_false(same_sealed(one, other));
		assert_false(same_sealed(again, other));
		talloc_free(one);
	}
}

/* An armor that nothing can be read from is told by its bytes. */
static void
test_odd_armors_are_told_apart(void **state)
{
	(void)state;
	assert_false(
	    same_sealed(BEGIN "\nhQEMA1AA\n" END, BEGIN "\nhQEMA2AA\n" END));
	/* Cut off, damaged, of no packets, or beside a second block. */
	assert_false(same_sealed(BEGIN, BEGIN "\n"));
	assert_false(
	    same_sealed(BEGIN "\n\nhQEMA1AA\n", BEGIN "\nA: b\n\nhQEMA1AA\n"));
	assert_false(same_sealed(BEGIN "\n\nhQ,1\n" END, BEGIN "\nhQ,1\n" END));
	assert_false(same_sealed(BEGIN "\n\n" END "\n", BEGIN "\n" END));
	assert_false(same_sealed(BEGIN "\n\nhQEMA1AA\n" END "\n" BEGIN,
	    BEGIN "\nhQEMA1AA\n" END "\n" BEGIN));
	/* What begins with a packet is read as packets: so is what is in it. */
	assert_false(same_sealed("\x85\n" BEGIN "\n\nhQEMA1AA\n" END "\n",
	    "\x86\n" BEGIN "\n\nhQEMA1AA\n" END "\n"));
	assert_false(same_sealed("\x85\x01one", "\x85\x01two"));
	assert_true(same_sealed("\x85\x01one", "\x85\x01one"));
}

static void
test_every_part_counts(void **state)
{
	static const uint32_t kinds[] = {PART_TEXT, PART_FILE, PART_ENCRYPTED,
	    PART_CLEARSIGNED, PART_KEY, PART_SMIME, PART_DSN};
	struct part text = {.kind = PART_TEXT, .content = bytes_str("see it")};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct part a[2] = {
		    text, {.kind = kinds[i], .content = bytes_str("one")}};
		struct part b[2] = {
		    text, {.kind = kinds[i], .content = bytes_str("two")}};

		assert_true(same_parts(a, 2, a, 2));
		assert_false(same_parts(a, 2, b, 2));
		assert_false(same_parts(a, 2, a, 1));
		assert_false(same(kinds[i], "x",
		    kinds[(i + 1) % (sizeof(kinds) / sizeof(kinds[0]))], "x"));
	}
}

static void
test_white_space_in_text_makes_no_new_report(void **state)
{
	(void)state;
	assert_true(same(
	    PART_TEXT, "one two\r\nthree", PART_TEXT, "one\n two three\n"));
	assert_false(same(PART_FILE, "a b", PART_FILE, "ab"));
}

static bool
has_mark(const struct report_marks *m, const uint8_t *mark)
{
	for (size_t i = 0; i < m->n; i++)
		if (memcmp(m->marks[i], mark, STORE_DIGEST_BYTES) == 0)
			return true;
	return false;
}

/* A sealed block is known again; what stands around it is to be read. */
static void
test_a_sealed_block_leaves_a_mark(void **state)
{
	struct part parts[] = {{.kind = PART_TEXT},
	    {.kind = PART_ENCRYPTED, .content = bytes_str("\x85sealed")},
	    {.kind = PART_TEXT, .content = bytes_str("opened"), .layer = 1}};
	struct layer layer = {
	    .kind = LAYER_ENCRYPTED, .outcome = LAYER_OPEN, .part = 2};
	struct opening o = {
	    .parts = parts, .nparts = 3, .layers = &layer, .nlayers = 1};
	struct report_marks m, again;

	(void)state;
	m = marks_of(&o);
	assert_int_equal(m.n, 1);
	assert_int_equal(m.only, 1);
	assert_false(m.more);
	/* What it opens to is told by the block. */
	parts[2].content = bytes_str("with another key, more");
	parts[0].content = bytes_str("\xc2\xa0\r\n");
	again = marks_of(&o);
	assert_memory_equal(&m, &again, sizeof(m));
	parts[0].content = bytes_str("It is worse than I thought.");
	again = marks_of(&o);
	assert_memory_not_equal(m.whole, again.whole, sizeof(m.whole));
	assert_true(has_mark(&again, m.marks[0]));
	assert_true(again.more);
	/* A second block beside it is more as well. */
	parts[0] = (struct part){
	    .kind = PART_ENCRYPTED, .content = bytes_str("\x85other")};
	again = marks_of(&o);
	assert_true(has_mark(&again, m.marks[0]));
	assert_int_equal(again.n, 2);
	assert_true(again.only > again.n);
}

/* Junk around a signed text makes no new report; signed anew, it is one. */
static void
test_a_signing_leaves_a_mark(void **state)
{
	struct part parts[] = {
	    {.kind = PART_SIGNED, .signature = bytes_str("sig")},
	    {.kind = PART_TEXT, .content = bytes_str("Thank you"), .layer = 1},
	    {.kind = PART_FILE, .content = bytes_str("junk")}};
	struct signature signature = {.status = SIGNATURE_GOOD, .made = 1000};
	struct layer layer = {.kind = LAYER_SIGNED,
	    .outcome = LAYER_OPEN,
	    .part = 1,
	    .signatures = &signature,
	    .nsignatures = 1};
	struct opening o = {
	    .parts = parts, .nparts = 2, .layers = &layer, .nlayers = 1};
	struct report_marks m, again;

	(void)state;
	m = marks_of(&o);
	assert_int_equal(m.n, 1);
	assert_int_equal(m.only, 1);
	assert_false(m.more);
	o.nparts = 3;
	parts[0].signature = bytes_str("armored anew");
	again = marks_of(&o);
	assert_true(has_mark(&again, m.marks[0]));
	assert_true(again.more);
	o.nparts = 2;
	signature.made = 1001;
	again = marks_of(&o);
	assert_false(has_mark(&again, m.marks[0]));
	signature.made = 1000;
	parts[1].content = bytes_str("Thank you!");
	again = marks_of(&o);
	assert_false(has_mark(&again, m.marks[0]));
	/* Nothing is known of when, or of what: no mark. */
	signature.made = 0;
	again = marks_of(&o);
	assert_int_equal(again.n, 0);
	assert_true(again.more);
	signature.made = 1000;
	parts[1].content = BYTES_NONE;
	assert_int_equal(marks_of(&o).n, 0);
}

/* More than are kept: the letter is no copy of one of them. */
static void
test_many_blocks(void **state)
{
	struct part parts[REPORT_MARKS_MOST + 1];
	struct opening o = {.parts = parts, .nparts = REPORT_MARKS_MOST + 1};
	struct report_marks m;

	(void)state;
	for (size_t i = 0; i < o.nparts; i++)
		parts[i] = (struct part){.kind = PART_ENCRYPTED,
		    .content = bytes_of((const uint8_t *)BEGIN BEGIN, i + 1)};
	m = marks_of(&o);
	assert_int_equal(m.n, REPORT_MARKS_MOST);
	assert_true(m.only > m.n);
}

/* Nothing to tell it by: then it is like no other letter. */
static void
test_an_empty_letter_is_like_no_other(void **state)
{
	(void)state;
	assert_false(same(PART_TEXT, "", PART_TEXT, ""));
	assert_false(same(PART_TEXT, " \r\n", PART_TEXT, " \r\n"));
	assert_false(same(PART_SMIME, "", PART_SMIME, ""));
	assert_false(same_sealed("", ""));
	assert_false(same_parts(NULL, 0, NULL, 0));
}

/* Behind a limit anything may stand: what is alike before it is no copy. */
static void
test_half_a_letter_is_like_no_other(void **state)
{
	struct part p = {.kind = PART_TEXT, .content = bytes_str("a flaw")};
	struct report_marks a, b;
	struct opening o = {
	    .parts = &p, .nparts = 1, .limit = READ_LIMIT_PARTS};
	uint8_t letter[STORE_DIGEST_BYTES] = {1};
	struct error err = {0};

	(void)state;
	assert_int_equal(report_marks(NULL, &o, letter, &a, &err), 0);
	letter[0] = 2;
	assert_int_equal(report_marks(NULL, &o, letter, &b, &err), 0);
	assert_memory_not_equal(a.whole, b.whole, sizeof(a.whole));
	letter[0] = 1;
	assert_int_equal(report_marks(NULL, &o, letter, &b, &err), 0);
	assert_memory_equal(a.whole, b.whole, sizeof(a.whole));
	assert_true(a.more);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_armor_is_its_base64),
	    cmocka_unit_test(test_odd_armors_are_told_apart),
	    cmocka_unit_test(test_every_part_counts),
	    cmocka_unit_test(test_white_space_in_text_makes_no_new_report),
	    cmocka_unit_test(test_a_sealed_block_leaves_a_mark),
	    cmocka_unit_test(test_a_signing_leaves_a_mark),
	    cmocka_unit_test(test_many_blocks),
	    cmocka_unit_test(test_an_empty_letter_is_like_no_other),
	    cmocka_unit_test(test_half_a_letter_is_like_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
