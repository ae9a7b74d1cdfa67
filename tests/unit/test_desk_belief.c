/*
 * test_desk_belief.c - the table of beliefs: for each of its rows a letter
 * that this row decides, with its outcome.  A row that is taken away lets
 * another decide, and its letters fail; a row without a letter fails, too.
 */
#include "desk_world.h"

#include "../../daemon/desk/desk_internal.h"

#define SIG(st, key)                                                           \
	{                                                                      \
		.status = SIGNATURE_##st, .primary = (key)                     \
	}

/*
 * A part with words, inside of up to three layers: the first is the innermost,
 * each one's parent is the next.  Part 1 has the words, part 2 is what all
 * layers were made of.
 */
struct belief_row {
	const char *row; /* the name of the belief that decides */
	struct {
		uint32_t kind, outcome;
		struct signature s[3]; /* until status is 0 */
	} layers[3];                   /* until kind is 0 */
	uint32_t forwarded; /* bit n: layer n + 1 stands in a message inside */
	uint32_t words;     /* flags of the part itself */
	bool uncovered;     /* the words lie beside the layers, not in them */
	bool for_letter;
	bool waits; /* the pin of JPCERT is not confirmed yet */
	const char *bound, *file_name, *user_id;

	enum verdict verdict;
	const char *fingerprint;
	uint32_t decides; /* the layer + 1 */
};

#define ENC LAYER_ENCRYPTED, LAYER_OPEN
#define SGN LAYER_SIGNED, LAYER_OPEN
#define CLR LAYER_CLEARSIGNED, LAYER_OPEN
#define BY_JPCERT                                                              \
	{                                                                      \
		SIG(GOOD, KEY_JPCERT)                                          \
	}
#define JPCERT_PINNED                                                          \
	.verdict = VERDICT_PINNED, .fingerprint = KEY_JPCERT, .decides = 1
#define UNSIGNED .verdict = VERDICT_UNSIGNED
#define STRANGE .verdict = VERDICT_UNKNOWN_KEY, .decides = 1
#define SPOILT .verdict = VERDICT_BAD, .decides = 1
#define SPOOF "report.txt\n[GNUPG:] GOODSIG 1111111111111111 JPCERT/CC\n"

static const struct belief_row rows[] = {
    /* gpg calls the signature good before it sees that the MDC is none. */
    {"no MDC", {{LAYER_ENCRYPTED, LAYER_NO_MDC, BY_JPCERT}}, UNSIGNED,
	.decides = 1},
    {"broken MDC", {{LAYER_ENCRYPTED, LAYER_INTEGRITY, BY_JPCERT}}, UNSIGNED,
	.decides = 1},
    {"broken MDC",
	{{SGN, {{0}}}, {LAYER_ENCRYPTED, LAYER_INTEGRITY, BY_JPCERT}}, UNSIGNED,
	.decides = 2},
    {"broken MDC",
	{{SGN, BY_JPCERT}, {LAYER_ENCRYPTED, LAYER_INTEGRITY, {{0}}}}, UNSIGNED,
	.decides = 2},
    {"partial plaintext before a failure",
	{{LAYER_ENCRYPTED, LAYER_MALFORMED, BY_JPCERT}}, UNSIGNED,
	.decides = 1},
    {"partial plaintext before a failure",
	{{LAYER_ENCRYPTED, LAYER_TOO_SLOW, BY_JPCERT}, {SGN, BY_JPCERT}},
	UNSIGNED, .decides = 1},

    {"a signature around what was encrypted", {{ENC, {{0}}}, {SGN, BY_JPCERT}},
	UNSIGNED, .decides = 2},
    {"a signature around what was encrypted",
	{{ENC, {{0}}}, {SGN, {SIG(BAD, KEY_JPCERT)}}}, UNSIGNED, .decides = 2},
    {"a signature around what was encrypted", {{ENC, {{0}}}, {ENC, BY_JPCERT}},
	UNSIGNED, .decides = 2},

    {"a signature inside another message", {{SGN, BY_JPCERT}}, .forwarded = 1,
	.words = PART_FORWARDED, .for_letter = true, UNSIGNED, .decides = 1},
    {"a signature inside another message", {{SGN, {SIG(BAD, KEY_JPCERT)}}},
	.forwarded = 1, .words = PART_FORWARDED, .for_letter = true, UNSIGNED,
	.decides = 1},
    /* The words came out of ciphertext that stood in the message inside. */
    {"a signature inside another message", {{SGN, BY_JPCERT}, {ENC, {{0}}}},
	.forwarded = 2, .for_letter = true, UNSIGNED, .decides = 1},
    /* Over its own bytes it may be shown. */
    {"pinned key of a correspondent", {{SGN, BY_JPCERT}}, .forwarded = 1,
	.words = PART_FORWARDED, JPCERT_PINNED},
    /* The letter around it is signed as well: that one speaks for it. */
    {"key bound to this case",
	{{SGN, BY_JPCERT}, {SGN, {SIG(GOOD, KEY_FINDER)}}}, .forwarded = 1,
	.words = PART_FORWARDED, .for_letter = true, .bound = KEY_FINDER,
	.verdict = VERDICT_KNOWN, .fingerprint = KEY_FINDER, .decides = 2},
    /* A correspondent who sends a message on signs all of it. */
    {"pinned key of a correspondent", {{ENC, BY_JPCERT}},
	.words = PART_FORWARDED, .for_letter = true, JPCERT_PINNED},

    {"several signatures, one bad",
	{{SGN, {SIG(GOOD, KEY_JPCERT), SIG(BAD, NULL)}}}, SPOILT},
    {"several signatures, one bad",
	{{SGN, {SIG(BAD, NULL), SIG(GOOD, KEY_JPCERT)}}}, SPOILT},
    {"bad", {{SGN, {SIG(BAD, KEY_JPCERT)}}}, SPOILT},
    {"bad", {{SGN, {SIG(BAD, KEY_JPCERT)}}, {ENC, BY_JPCERT}}, SPOILT},

    {"pinned key of a correspondent", {{CLR, BY_JPCERT}}, JPCERT_PINNED},
    {"pinned key of a correspondent", {{SGN, BY_JPCERT}, {ENC, {{0}}}},
	JPCERT_PINNED},
    {"pinned key of a correspondent",
	{{SGN, {SIG(KEY_EXPIRED, KEY_JPCERT), SIG(NO_KEY, NULL),
		   SIG(GOOD, KEY_JPCERT)}}},
	JPCERT_PINNED},
    {"pinned key of a contact", {{ENC, {SIG(GOOD, KEY_PLC)}}},
	.verdict = VERDICT_PINNED, .fingerprint = KEY_PLC, .decides = 1},
    {"key bound to this case", {{ENC, {SIG(GOOD, KEY_FINDER)}}},
	.bound = KEY_FINDER, .verdict = VERDICT_KNOWN,
	.fingerprint = KEY_FINDER, .decides = 1},

    {"key revoked", {{SGN, {SIG(KEY_REVOKED, KEY_JPCERT)}}}, SPOILT},
    {"key expired", {{SGN, {SIG(KEY_EXPIRED, KEY_JPCERT)}}}, SPOILT},
    {"signature expired", {{SGN, {SIG(EXPIRED, KEY_JPCERT)}}}, SPOILT},
    {"weak digest", {{SGN, {SIG(WEAK, KEY_JPCERT)}}}, SPOILT},
    {"from the future", {{SGN, {SIG(FUTURE, KEY_JPCERT)}}}, SPOILT},
    {"a status nobody knows", {{SGN, {{.status = 99, .primary = KEY_JPCERT}}}},
	SPOILT},

    {"a user id that claims somebody else", {{SGN, {SIG(NO_KEY, NULL)}}},
	.user_id = "JPCERT/CC <vuls@jpcert.example>", STRANGE},
    {"a user id that claims somebody else", {{ENC, {SIG(GOOD, KEY_OTHER)}}},
	.user_id = "vuls@jpcert.example", STRANGE},
    {"key revoked", {{SGN, {SIG(KEY_REVOKED, KEY_OTHER)}}},
	.user_id = "JPCERT/CC <vuls@jpcert.example>", SPOILT},
    {"pinned key not confirmed yet", {{SGN, BY_JPCERT}}, .waits = true,
	STRANGE},
    {"pinned key not confirmed yet", {{SGN, BY_JPCERT}}, .waits = true,
	.user_id = "JPCERT/CC <vuls@jpcert.example>", STRANGE},
    {"bad", {{SGN, {SIG(BAD, KEY_JPCERT)}}}, .waits = true, SPOILT},
    {"key revoked", {{SGN, {SIG(KEY_REVOKED, KEY_JPCERT)}}}, .waits = true,
	SPOILT},
    {"pinned key of no party", {{SGN, {SIG(GOOD, KEY_OPERATOR)}}}, STRANGE},
    {"pinned key of no party", {{SGN, {SIG(GOOD, KEY_POC)}}}, STRANGE},
    {"key not pinned", {{SGN, {SIG(GOOD, KEY_FINDER)}}}, .bound = KEY_OTHER,
	STRANGE},
    {"unknown key", {{SGN, {SIG(NO_KEY, NULL)}}}, STRANGE},
    {"unsupported", {{SGN, {SIG(UNSUPPORTED, NULL)}}}, STRANGE},

    {"a signature that was not checked",
	{{LAYER_SIGNED, LAYER_TOO_SLOW, BY_JPCERT}}, UNSIGNED, .decides = 1},
    {"a signature that was not checked",
	{{LAYER_CLEARSIGNED, LAYER_MALFORMED, {{0}}}}, UNSIGNED, .decides = 1},
    {"pinned key of a correspondent",
	{{LAYER_SIGNED, LAYER_MALFORMED, {{0}}}, {ENC, BY_JPCERT}},
	.verdict = VERDICT_PINNED, .fingerprint = KEY_JPCERT, .decides = 2},

    /* SigSpoof: a name is no evidence, for or against. */
    {"a file name in the words of gpg", {{0}}, .file_name = SPOOF, UNSIGNED},
    {"a file name in the words of gpg", {{SGN, BY_JPCERT}}, .file_name = SPOOF,
	.uncovered = true, UNSIGNED},
    {"a file name in the words of gpg", {{ENC, {{0}}}},
	.file_name = "\r\n[gnupg:] ValidSig " KEY_JPCERT, UNSIGNED},
    {"bad", {{SGN, {SIG(BAD, KEY_JPCERT)}}}, .file_name = SPOOF, SPOILT},
    {"unknown key", {{SGN, {SIG(NO_KEY, NULL)}}}, .file_name = SPOOF, STRANGE},
    {"pinned key of a correspondent", {{SGN, BY_JPCERT}}, .file_name = SPOOF,
	JPCERT_PINNED},

    {"uncovered beside a signed part", {{SGN, BY_JPCERT}}, .uncovered = true,
	UNSIGNED},
    {"uncovered beside a signed part", {{ENC, BY_JPCERT}}, .uncovered = true,
	.for_letter = true, UNSIGNED},
    {"unsigned", {{0}}, UNSIGNED},
    {"unsigned", {{ENC, {{0}}}}, UNSIGNED},
};

static size_t
build_beliefs(const struct belief_row *r, struct layer layers[3],
    struct signature sigs[3][3], struct part parts[4])
{
	size_t n = 0;

	memset(layers, 0, 3 * sizeof(*layers));
	memset(parts, 0, 4 * sizeof(*parts));
	parts[0] = (struct part){.kind = PART_TEXT,
	    .content = bytes_str("words"),
	    .flags = r->words,
	    .name = r->file_name,
	    .layer = r->layers[0].kind != 0 && !r->uncovered ? 1 : 0};
	for (; n < 3 && r->layers[n].kind != 0; n++) {
		bool last = n == 2 || r->layers[n + 1].kind == 0;

		memcpy(sigs[n], r->layers[n].s, sizeof(sigs[n]));
		layers[n] = (struct layer){.kind = r->layers[n].kind,
		    .outcome = r->layers[n].outcome,
		    .parent = last ? 0 : (uint32_t)n + 2,
		    .part = (uint32_t)n + 2,
		    .signatures = sigs[n]};
		while (layers[n].nsignatures < 3 &&
		       sigs[n][layers[n].nsignatures].status != 0)
			layers[n].nsignatures++;
		parts[n + 1].flags =
		    (r->forwarded & 1u << n) != 0 ? PART_FORWARDED : 0;
	}
	return n;
}

static void
check_belief(void **state)
{
	const struct belief_row *r = *state;
	struct signature sigs[3][3];
	struct layer layers[3];
	struct part parts[4];
	struct opening o = {.layers = layers, .parts = parts, .nparts = 4};
	struct evidence e = {
	    .o = &o, .part = parts, .bound_key = r->bound, .for_letter = false};
	struct desk_signer by;
	const char *user_ids[] = {r->user_id};
	const char *keys[] = {KEY_JPCERT};
	struct waiting_keys waiting = {keys, 1};
	struct world w;

	world_init(&w);
	if (r->waits)
		w.s.waiting = &waiting;
	e.s = &w.s;
	e.for_letter = r->for_letter;
	o.nlayers = build_beliefs(r, layers, sigs, parts);
	o.key_uids = user_ids;
	o.nkey_uids = o.key_signed = r->user_id != NULL;
	evidence_find(&e, parts[0].layer);
	assert_string_equal(belief_of(&e)->name, r->row);
	by = r->for_letter ? desk_letter_signer(&w.s, &o, r->bound)
			   : desk_part_signer(&w.s, &o, 0, r->bound);
	assert_int_equal(by.verdict, r->verdict);
	assert_string_equal(by.why, belief_of(&e)->why);
	assert_int_equal(by.layer, r->decides);
	assert_string_equal(by.fingerprint != NULL ? by.fingerprint : "",
	    r->fingerprint != NULL ? r->fingerprint : "");
	/* Only a pin says who it is, and nothing of a failed layer is shown */
	assert_int_equal(by.correspondent != NULL || by.contact != NULL,
	    by.verdict == VERDICT_PINNED);
	assert_int_equal(by.withheld,
	    by.layer > 0 && layers[by.layer - 1].kind == LAYER_ENCRYPTED &&
		layers[by.layer - 1].outcome != LAYER_OPEN);
}

static void
test_each_row_has_a_letter(void **state)
{
	(void)state;
	for (size_t i = 0; i < nbeliefs; i++) {
		size_t found = 0;

		assert_non_null(beliefs[i].why);
		for (size_t k = 0; k < COUNT_OF(rows); k++)
			if (strcmp(rows[k].row, beliefs[i].name) == 0) {
				assert_int_equal(
				    rows[k].verdict, beliefs[i].verdict);
				found++;
			}
		if (found == 0)
			print_error("no letter for: %s\n", beliefs[i].name);
		assert_true(found > 0);
	}
}

/* Whoever reads the phrase knows which row it was. */
static void
test_phrases_differ(void **state)
{
	(void)state;
	for (size_t i = 0; i < nbeliefs; i++)
		for (size_t k = i + 1; k < nbeliefs; k++) {
			assert_string_not_equal(
			    beliefs[i].name, beliefs[k].name);
			assert_string_not_equal(beliefs[i].why, beliefs[k].why);
		}
}

/* ---- the protected header fields ---- */

struct inner_row {
	const char *name;
	struct belief_row in; /* what stands around them */
	bool believed;
};

static const struct inner_row inner_rows[] = {
    {"sealed to us", {.layers = {{ENC, {{0}}}}}, true},
    {"sealed to us, by a stranger", {.layers = {{ENC, {SIG(NO_KEY, NULL)}}}},
	true},
    {"sealed to us, a bad signature", {.layers = {{ENC, {SIG(BAD, NULL)}}}},
	false},
    {"sealed to us, an expired key",
	{.layers = {{ENC, {SIG(KEY_EXPIRED, KEY_JPCERT)}}}}, false},
    {"signed inside of what is sealed, badly",
	{.layers = {{SGN, {SIG(BAD, NULL)}}, {ENC, {{0}}}}}, false},
    {"signed inside of what is sealed",
	{.layers = {{SGN, {SIG(NO_KEY, NULL)}}, {ENC, {{0}}}}}, true},
    {"sealed inside of what is signed",
	{.layers = {{ENC, {{0}}}, {SGN, {SIG(NO_KEY, NULL)}}}}, true},
    {"in clear, pinned", {.layers = {{SGN, BY_JPCERT}}}, true},
    {"in clear, the finder's key",
	{.layers = {{SGN, {SIG(GOOD, KEY_FINDER)}}}, .bound = KEY_FINDER},
	true},
    {"in clear, another's key",
	{.layers = {{SGN, {SIG(GOOD, KEY_FINDER)}}}, .bound = KEY_OTHER},
	false},
    {"in clear, a key we do not hold", {.layers = {{SGN, {SIG(NO_KEY, NULL)}}}},
	false},
    {"did not open",
	{.layers = {{LAYER_ENCRYPTED, LAYER_INTEGRITY, BY_JPCERT}}}, false},
    {"of a message inside", {.layers = {{ENC, {{0}}}}, .forwarded = 1}, false},
    {"of a signed message inside",
	{.layers = {{SGN, BY_JPCERT}}, .forwarded = 1}, false},
    {"there are none", {.layers = {{0}}}, false},
};

static void
check_inner(void **state)
{
	const struct inner_row *r = *state;
	struct mail_address outer = {NULL, "list@lists.example"};
	struct mail_address inner[] = {
	    {NULL, "finder@research.example"}, {NULL, "x@y.example"}};
	struct signature sigs[3][3];
	struct layer layers[3];
	struct part parts[4];
	struct opening o = {.layers = layers,
	    .parts = parts,
	    .nparts = 4,
	    .headers = {.from = &outer, .nfrom = 1},
	    .inner = {.from = inner, .nfrom = 1}};
	const struct mail_address *from;
	struct world w;

	world_init(&w);
	o.nlayers = build_beliefs(&r->in, layers, sigs, parts);
	o.inner_layer = o.nlayers > 0 ? 1 : 0;
	assert_ptr_equal(
	    desk_inner(&w.s, &o, r->in.bound), r->believed ? &o.inner : NULL);
	from = desk_from(&w.s, &o, r->in.bound);
	assert_ptr_equal(from, r->believed ? &inner[0] : &outer);
	/* Two authors, or no address: the outer one. */
	o.inner.nfrom = 2;
	assert_ptr_equal(desk_from(&w.s, &o, r->in.bound), &outer);
	o.inner.nfrom = 1;
	inner[0].address = "no address";
	assert_ptr_equal(desk_from(&w.s, &o, r->in.bound), &outer);
	o.headers.nfrom = 0;
	assert_null(desk_from(&w.s, &o, r->in.bound));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_each_row_has_a_letter),
    cmocka_unit_test(test_phrases_differ),
};

int
main(void)
{
	struct CMUnitTest letters[COUNT_OF(rows)];
	struct CMUnitTest fields[COUNT_OF(inner_rows)];

	memset(letters, 0, sizeof(letters));
	memset(fields, 0, sizeof(fields));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		letters[i].name = rows[i].row;
		letters[i].test_func = check_belief;
		memcpy(&letters[i].initial_state, &(const void *){&rows[i]},
		    sizeof(void *));
	}
	for (size_t i = 0; i < COUNT_OF(inner_rows); i++) {
		fields[i].name = inner_rows[i].name;
		fields[i].test_func = check_inner;
		memcpy(&fields[i].initial_state,
		    &(const void *){&inner_rows[i]}, sizeof(void *));
	}
	return _cmocka_run_group_tests(
		   "beliefs", letters, COUNT_OF(letters), NULL, NULL) +
	       _cmocka_run_group_tests(
		   "protected fields", fields, COUNT_OF(fields), NULL, NULL) +
	       cmocka_run_group_tests_name("the table", tests, NULL, NULL);
}
