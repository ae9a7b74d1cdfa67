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
static void
digest_of(const struct part *parts, size_t nparts, uint8_t *digest)
{
	static uint8_t letter[STORE_DIGEST_BYTES];
	struct opening o = {
	    .parts = (struct part *)(uintptr_t)parts, .nparts = nparts};
	struct error err = {0};

	letter[0]++;
	assert_int_equal(report_digest(NULL, &o, letter, digest, &err), 0);
}

static bool
same_parts(const struct part *a, size_t na, const struct part *b, size_t nb)
{
	uint8_t da[STORE_DIGEST_BYTES], db[STORE_DIGEST_BYTES];

	digest_of(a, na, da);
	digest_of(b, nb, db);
	return memcmp(da, db, sizeof(da)) == 0;
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
	    same_sealed(BEGIN "\nhQEMA1\n" END, BEGIN "\nhQEMA2\n" END));
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

/* What stands around a sealed report is of the mail, not of the report. */
static void
test_the_sealed_part_is_the_report(void **state)
{
	struct part a[2] = {{.kind = PART_TEXT, .content = bytes_str("hello")},
	    {.kind = PART_ENCRYPTED, .content = bytes_str("\x85sealed")}};
	struct part b[2] = {
	    {.kind = PART_TEXT, .content = bytes_str("[list] hello")}, a[1]};

	(void)state;
	assert_true(same_parts(a, 2, b, 2));
	/* One deeper is not what was sent: what was, counts. */
	a[1].layer = b[1].layer = 1;
	assert_false(same_parts(a, 2, b, 2));
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
	uint8_t da[STORE_DIGEST_BYTES], db[STORE_DIGEST_BYTES];
	struct opening o = {
	    .parts = &p, .nparts = 1, .limit = READ_LIMIT_PARTS};
	uint8_t letter[STORE_DIGEST_BYTES] = {1};
	struct error err = {0};

	(void)state;
	assert_int_equal(report_digest(NULL, &o, letter, da, &err), 0);
	letter[0] = 2;
	assert_int_equal(report_digest(NULL, &o, letter, db, &err), 0);
	assert_memory_not_equal(da, db, sizeof(da));
	letter[0] = 1;
	assert_int_equal(report_digest(NULL, &o, letter, db, &err), 0);
	assert_memory_equal(da, db, sizeof(da));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_armor_is_its_base64),
	    cmocka_unit_test(test_odd_armors_are_told_apart),
	    cmocka_unit_test(test_every_part_counts),
	    cmocka_unit_test(test_white_space_in_text_makes_no_new_report),
	    cmocka_unit_test(test_the_sealed_part_is_the_report),
	    cmocka_unit_test(test_an_empty_letter_is_like_no_other),
	    cmocka_unit_test(test_half_a_letter_is_like_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
