/*
 * test_engine_proof.c - whose key it is: what counts as a signature over the
 * letter's own words, row by row.  That the vault is asked, and what it says,
 * is in tests/mail/test_keys.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <talloc.h>

#include "../../daemon/engine_open.h"

#define KEY "0123456789ABCDEF0123456789ABCDEF01234567"
#define OTHER "89ABCDEF0123456789ABCDEF0123456789ABCDEF"

/* kind, outcome, the layer it stands in + 1, its signatures */
struct layer_row {
	uint32_t kind;
	uint32_t outcome;
	uint32_t parent;
	struct signature signatures[2];
};

struct part_row {
	uint32_t kind;
	uint32_t layer;
	uint32_t flags;
	const char *text;
};

#define GOOD                                                                   \
	{                                                                      \
		SIGNATURE_GOOD, KEY, "x", 1                                    \
	}
#define SIG(status)                                                            \
	{                                                                      \
		status, NULL, "x", 1                                           \
	}
#define ENCRYPTED LAYER_ENCRYPTED, LAYER_OPEN
#define SIGNED LAYER_SIGNED, LAYER_OPEN

static const struct row {
	const char *what;
	bool signs;
	struct layer_row layers[3];
	struct part_row parts[3];
} rows[] = {
    {"encrypted and signed", true, {{ENCRYPTED, 0, {GOOD}}},
	{{PART_TEXT, 1, 0, "words"}}},
    {"signed in clear", true, {{SIGNED, 0, {GOOD}}},
	{{PART_TEXT, 1, 0, "words"}}},
    {"signed inside of the encryption", true,
	{{ENCRYPTED, 0, {{0}}}, {SIGNED, 1, {GOOD}}},
	{{PART_TEXT, 2, 0, "words"}}},
    {"signed around the encryption", false,
	{{SIGNED, 0, {GOOD}}, {ENCRYPTED, 1, {{0}}}},
	{{PART_TEXT, 2, 0, "words"}}},
    {"signed around an inner encryption", false,
	{{ENCRYPTED, 0, {{0}}}, {SIGNED, 1, {GOOD}}, {ENCRYPTED, 2, {{0}}}},
	{{PART_TEXT, 3, 0, "words"}}},
    {"not signed", false, {{ENCRYPTED, 0, {{0}}}},
	{{PART_TEXT, 1, 0, "words"}}},
    {"in clear", false, {{0}}, {{PART_TEXT, 0, 0, "words"}}},
    {"nobody knows the key", false, {{SIGNED, 0, {SIG(SIGNATURE_NO_KEY)}}},
	{{PART_TEXT, 1, 0, "words"}}},
    {"by another key", false, {{SIGNED, 0, {{SIGNATURE_GOOD, OTHER, "x", 1}}}},
	{{PART_TEXT, 1, 0, "words"}}},
    {"expired", false, {{SIGNED, 0, {{SIGNATURE_EXPIRED, KEY, "x", 1}}}},
	{{PART_TEXT, 1, 0, "words"}}},
    {"good and unknown", true, {{SIGNED, 0, {GOOD, SIG(SIGNATURE_NO_KEY)}}},
	{{PART_TEXT, 1, 0, "words"}}},
    {"good and bad", false, {{SIGNED, 0, {GOOD, SIG(SIGNATURE_BAD)}}},
	{{PART_TEXT, 1, 0, "words"}}},
    {"the layer did not open", false,
	{{LAYER_ENCRYPTED, LAYER_INTEGRITY, 0, {GOOD}}},
	{{PART_TEXT, 1, 0, "words"}}},
    /* A signed message wrapped into a letter of somebody else. */
    {"words around it", false, {{SIGNED, 0, {GOOD}}},
	{{PART_TEXT, 0, 0, "look at this:"}, {PART_TEXT, 1, 0, "words"}}},
    {"words below it", false, {{SIGNED, 0, {GOOD}}},
	{{PART_TEXT, 1, 0, "words"}, {PART_TEXT, 0, 0, "sent by list"}}},
    {"words around it, all encrypted", false,
	{{ENCRYPTED, 0, {{0}}}, {SIGNED, 1, {GOOD}}},
	{{PART_TEXT, 1, 0, "look at this:"}, {PART_TEXT, 2, 0, "words"}}},
    {"blanks around it", true, {{SIGNED, 0, {GOOD}}},
	{{PART_TEXT, 0, 0, "\n \n"}, {PART_TEXT, 1, 0, "words"}}},
    {"a file beside it", true, {{SIGNED, 0, {GOOD}}},
	{{PART_TEXT, 1, 0, "words"}, {PART_TEXT, 0, PART_ATTACHED, "log"}}},
    /* What stands beside an encryption anybody may have put there. */
    {"a greeting in clear", true, {{ENCRYPTED, 0, {GOOD}}},
	{{PART_TEXT, 0, 0, "Dear desk,"}, {PART_TEXT, 1, 0, "words"}}},
    {"another encryption beside it", false,
	{{ENCRYPTED, 0, {{0}}}, {ENCRYPTED, 0, {GOOD}}},
	{{PART_TEXT, 1, 0, "words"}, {PART_TEXT, 2, 0, "other words"}}},
    {"the deeper text is another's", false,
	{{ENCRYPTED, 0, {{0}}}, {ENCRYPTED, 0, {{0}}}, {ENCRYPTED, 2, {GOOD}}},
	{{PART_TEXT, 1, 0, "words"}, {PART_TEXT, 3, 0, "other words"}}},
    {"a file and no words", true, {{ENCRYPTED, 0, {GOOD}}},
	{{PART_FILE, 1, 0, "%PDF"}}},
    {"nothing at all", false, {{SIGNED, 0, {GOOD}}}, {{0}}},
    {"its layer does not exist", false, {{0}}, {{PART_TEXT, 9, 0, "words"}}},
    {"its own parent", false, {{SIGNED, 1, {{0}}}},
	{{PART_TEXT, 1, 0, "words"}}},
    {"a parent behind it", false, {{SIGNED, 2, {{0}}}, {SIGNED, 1, {GOOD}}},
	{{PART_TEXT, 1, 0, "words"}}},
};

static void
check_row(const struct row *row)
{
	struct layer layers[3] = {{0}};
	struct part parts[3] = {{0}};
	struct opening o = {.layers = layers, .parts = parts};

	for (; o.nlayers < 3 && row->layers[o.nlayers].kind != 0; o.nlayers++) {
		const struct layer_row *from = &row->layers[o.nlayers];
		struct layer *to = &layers[o.nlayers];

		to->kind = from->kind;
		to->outcome = from->outcome;
		to->parent = from->parent;
		to->signatures =
		    (struct signature *)(uintptr_t)from->signatures;
		while (to->nsignatures < 2 &&
		       from->signatures[to->nsignatures].status != 0)
			to->nsignatures++;
	}
	for (; o.nparts < 3 && row->parts[o.nparts].kind != 0; o.nparts++) {
		const struct part_row *from = &row->parts[o.nparts];

		parts[o.nparts] = (struct part){.kind = from->kind,
		    .flags = from->flags,
		    .layer = from->layer,
		    .content = bytes_str(from->text)};
	}
	if (proof_signs_words(&o, KEY) != row->signs)
		fail_msg("%s", row->what);
}

static void
test_words(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
