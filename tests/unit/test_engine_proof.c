/*
 * test_engine_proof.c - whose key it is: what counts as a signature over the
 * letter's own words, row by row; which blocks the vault is asked about, and
 * what its answers may not make the engine believe.  No room is there: the
 * tests answer.
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
    {"a no-break space around it", true, {{SIGNED, 0, {GOOD}}},
	{{PART_TEXT, 0, 0, "\xc2\xa0\n\xe3\x80\x80"},
	    {PART_TEXT, 1, 0, "words"}}},
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
    {"sealed once more around it", true,
	{{ENCRYPTED, 0, {{0}}}, {ENCRYPTED, 1, {GOOD}}},
	{{PART_TEXT, 2, 0, "words"}}},
    {"words of who sealed it once more", false,
	{{ENCRYPTED, 0, {{0}}}, {ENCRYPTED, 1, {GOOD}}},
	{{PART_TEXT, 1, 0, "look"}, {PART_TEXT, 2, 0, "words"}}},
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

/* ---- what is asked, and what is answered ---- */

#define POC "ABCDABCDABCDABCDABCDABCDABCDABCDABCDABCD"

/* A letter whose words (part 0) are in layer 1, and a key beside them. */
struct world {
	struct settings settings;
	struct engine *engine; /* talloc, as what is made below them */
	struct worker worker;
	struct task task;
	struct open_state *state;
	struct layer layer[2];
	struct signature signatures[2];
	struct part parts[24];
	struct pending pending[1];
};

static struct world *
world_new(uint32_t status)
{
	struct world *w = talloc_zero(NULL, struct world);

	w->settings.poc = (char *)(uintptr_t)POC;
	w->engine = talloc_zero(w, struct engine);
	w->engine->s = &w->settings;
	w->task.engine = w->engine;
	w->task.worker = &w->worker;
	w->task.state = w->state = talloc_zero(w, struct open_state);
	/* What is decoded is a child of the opening. */
	w->state->o = talloc_zero(w, struct opening);
	w->state->o->layers = w->layer;
	w->state->o->nlayers = 1;
	w->layer[0] = (struct layer){.kind = LAYER_ENCRYPTED,
	    .outcome = LAYER_OPEN,
	    .part = 1,
	    .signatures = w->signatures,
	    .nsignatures = status != 0};
	w->signatures[0] = (struct signature){status, NULL, "x", 1};
	w->state->o->encrypted = 1;
	w->state->o->parts = w->parts;
	w->state->o->nparts = 3;
	w->parts[0] = (struct part){.kind = PART_ENCRYPTED};
	w->parts[1] = (struct part){
	    .kind = PART_TEXT, .layer = 1, .content = bytes_str("words")};
	w->parts[2] = (struct part){.kind = PART_KEY, .layer = 1};
	w->state->pending = w->pending;
	w->state->npending = w->state->next = 1;
	return w;
}

static bool
answer(struct world *w, uint32_t type, const struct wire_type *of,
    const void *object)
{
	struct buf *buf = buf_new(w, 1 << 20);
	struct frame frame = {.type = type};

	assert_int_equal(wire_encode(of, object, buf, NULL), 0);
	frame.payload = buf_bytes(buf);
	return proof_frame(&w->task, &frame);
}

static struct vault_key
key_of(const char *fingerprint)
{
	static const char *uids[] = {"Robin <robin@research.example>"};

	return (struct vault_key){.fingerprint = fingerprint,
	    .uids = uids,
	    .nuids = 1,
	    .can_encrypt = 1};
}

static bool
answer_key(struct world *w, struct vault_key key)
{
	struct vault_keys keys = {&key, 1};

	return answer(w, VAULT_KEYS_SEEN, &vault_keys_wire, &keys);
}

static bool
answer_layer(struct world *w, uint32_t outcome, struct signature signature,
    size_t nsignatures)
{
	struct signature list[2] = {signature, signature};
	struct vault_opened v = {
	    .outcome = outcome, .signatures = list, .nsignatures = nsignatures};

	return answer(w, VAULT_OPENED, &vault_opened_wire, &v);
}

static bool
answer_failed(struct world *w, uint32_t reason)
{
	struct vault_failed failed = {.reason = reason, .text = "x"};

	return answer(w, VAULT_FAILED, &vault_failed_wire, &failed);
}

static void
assert_kept(const struct world *w, const char *fingerprint, bool is_signed)
{
	const struct opening *o = w->state->o;

	if (fingerprint == NULL) {
		assert_null(o->key_fingerprint);
		assert_int_equal(o->key_part, 0);
		assert_int_equal(o->nkey_uids, 0);
	} else {
		assert_string_equal(o->key_fingerprint, fingerprint);
		assert_int_equal(o->key_part, 3);
		assert_string_equal(
		    o->key_uids[0], "Robin <robin@research.example>");
	}
	assert_int_equal(o->key_signed, is_signed);
}

static void
test_key_that_proves_itself(void **state)
{
	struct world *w = world_new(SIGNATURE_NO_KEY);

	assert_true(proof_start(&w->task));
	assert_true(answer_key(w, key_of(KEY)));
	assert_false(answer_layer(w, LAYER_OPEN, (struct signature)GOOD, 1));
	assert_kept(w, KEY, true);
	assert_int_equal(w->signatures[0].status, SIGNATURE_GOOD);
	assert_string_equal(w->signatures[0].primary, KEY);
	talloc_free(w);
}

static void
test_answers_that_prove_nothing(void **state)
{
	static const struct {
		uint32_t outcome;
		struct signature signature;
		size_t n;
	} answers[] = {
	    {LAYER_OPEN, SIG(SIGNATURE_NO_KEY), 1},
	    {LAYER_OPEN, {SIGNATURE_GOOD, OTHER, "x", 1}, 1},
	    {LAYER_OPEN, {SIGNATURE_GOOD, NULL, "x", 1}, 1},
	    {LAYER_OPEN, {SIGNATURE_EXPIRED, KEY, "x", 1}, 1},
	    {LAYER_OPEN, GOOD, 2},
	    {LAYER_OPEN, GOOD, 0},
	    {LAYER_INTEGRITY, GOOD, 1},
	    {LAYER_TOO_SLOW, GOOD, 1},
	    {0, GOOD, 1},
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct world *w = world_new(SIGNATURE_NO_KEY);

		print_message("answer %zu\n", i);
		assert_true(proof_start(&w->task));
		assert_true(answer_key(w, key_of(KEY)));
		assert_false(answer_layer(
		    w, answers[i].outcome, answers[i].signature, answers[i].n));
		assert_kept(w, NULL, false);
		assert_int_equal(w->signatures[0].status, SIGNATURE_NO_KEY);
		talloc_free(w);
	}
}

/* A layer that was not checked by this key is not overwritten. */
static void
test_other_signatures_stay(void **state)
{
	struct world *w = world_new(SIGNATURE_NO_KEY);

	w->signatures[1] = (struct signature){SIGNATURE_EXPIRED, OTHER, "y", 2};
	w->layer[0].nsignatures = 2;
	assert_true(proof_start(&w->task));
	assert_true(answer_key(w, key_of(KEY)));
	assert_false(answer_layer(w, LAYER_OPEN, (struct signature)GOOD, 2));
	assert_kept(w, KEY, true);
	assert_int_equal(w->signatures[0].status, SIGNATURE_GOOD);
	assert_int_equal(w->signatures[1].status, SIGNATURE_EXPIRED);
	talloc_free(w);
}

static void
test_keys_that_are_no_use(void **state)
{
	struct vault_key two[2] = {key_of(KEY), key_of(OTHER)};
	struct vault_keys both = {two, 2};
	struct vault_key keys[] = {key_of(KEY), key_of(POC), key_of("DEAD"),
	    key_of(NULL), key_of("abcdabcdabcdabcdabcdabcdabcdabcdabcdabcd")};

	keys[0].can_encrypt = 0;
	for (size_t i = 0; i <= sizeof(keys) / sizeof(keys[0]); i++) {
		struct world *w = world_new(0);

		print_message("key %zu\n", i);
		assert_true(proof_start(&w->task));
		if (i < sizeof(keys) / sizeof(keys[0]))
			assert_false(answer_key(w, keys[i]));
		else
			assert_false(answer(
			    w, VAULT_KEYS_SEEN, &vault_keys_wire, &both));
		assert_kept(w, NULL, false);
		talloc_free(w);
	}
}

/* Not signed: what stands in the same encryption is kept, for answers. */
static void
test_key_beside_unsigned_words(void **state)
{
	struct world *w = world_new(0);

	assert_true(proof_start(&w->task));
	assert_false(answer_key(w, key_of(KEY)));
	assert_kept(w, KEY, false);
	talloc_free(w);
	/* Outside of it, or in a letter that was passed on, it is not. */
	for (int i = 0; i < 2; i++) {
		w = world_new(0);
		w->parts[2].layer = i == 0 ? 0 : 1;
		w->parts[2].flags = i == 0 ? PART_HEADER : PART_FORWARDED;
		assert_false(proof_start(&w->task));
		assert_kept(w, NULL, false);
		talloc_free(w);
	}
}

/* Outside of the encryption it is asked, and must prove itself. */
static void
test_key_of_the_header(void **state)
{
	struct world *w = world_new(SIGNATURE_NO_KEY);

	w->parts[2].layer = 0;
	w->parts[2].flags = PART_HEADER;
	assert_true(proof_start(&w->task));
	assert_true(answer_key(w, key_of(KEY)));
	assert_false(answer_layer(w, LAYER_OPEN, (struct signature)GOOD, 1));
	assert_kept(w, KEY, true);
	talloc_free(w);
}

/* Where the words are bad, or another part is sealed, no key is looked at. */
static void
test_letters_that_bring_no_key(void **state)
{
	struct world *w = world_new(SIGNATURE_BAD);

	assert_false(proof_start(&w->task));
	talloc_free(w);
	for (uint32_t outcome = LAYER_OPEN; outcome < LAYER_OUTCOME_COUNT;
	     outcome++) {
		w = world_new(SIGNATURE_NO_KEY);
		w->layer[1] =
		    (struct layer){.kind = LAYER_ENCRYPTED, .outcome = outcome};
		w->state->o->nlayers = 2;
		assert_false(proof_start(&w->task));
		talloc_free(w);
	}
	w = world_new(SIGNATURE_NO_KEY);
	w->state->next = 0; /* layers that nobody looked at */
	assert_false(proof_start(&w->task));
	talloc_free(w);
	/* In clear, with something sealed beside it. */
	w = world_new(0);
	w->parts[1].layer = w->parts[2].layer = 0;
	assert_false(proof_start(&w->task));
	talloc_free(w);
}

static void
test_only_some_blocks_are_asked(void **state)
{
	static const uint8_t blocks[24];
	struct world *w = world_new(SIGNATURE_NO_KEY);
	unsigned asked = 0;
	bool more;

	for (size_t i = 2; i < 24; i++) {
		w->parts[i] = w->parts[2];
		w->parts[i].content = bytes_of(blocks, i);
	}
	w->state->o->nparts = 24;
	for (more = proof_start(&w->task); more; asked++)
		more = answer_failed(w, VAULT_FAIL_INPUT);
	assert_int_equal(asked, 16);
	assert_kept(w, NULL, false);
	talloc_free(w);
	/* One that gpg was ended over is the last. */
	w = world_new(SIGNATURE_NO_KEY);
	w->parts[3] = w->parts[2];
	w->parts[3].content = bytes_str("another");
	w->state->o->nparts = 4;
	assert_true(proof_start(&w->task));
	assert_false(answer_failed(w, VAULT_FAIL_CHILD));
	talloc_free(w);
}

/* As many as fit in front of it, by whoever carried the letter. */
static void
test_decoys_do_not_hide_a_key(void **state)
{
	static const uint8_t blocks[24];

	for (int same = 0; same < 2; same++) {
		struct world *w = world_new(SIGNATURE_NO_KEY);

		w->parts[23] = w->parts[2];
		w->parts[23].content = bytes_str("theirs");
		for (size_t i = 2; i < 23; i++)
			w->parts[i] = (struct part){.kind = PART_KEY,
			    .content = bytes_of(blocks, same ? 1 : i)};
		w->state->o->nparts = 24;
		assert_true(proof_start(&w->task));
		assert_true(answer_key(w, key_of(KEY)));
		assert_false(
		    answer_layer(w, LAYER_OPEN, (struct signature)GOOD, 1));
		assert_int_equal(w->state->o->key_part, 24);
		assert_int_equal(w->state->o->key_signed, 1);
		talloc_free(w);
	}
}

/* The whole letter is looked through a few times, not for every block. */
static void
test_proofs_are_few(void **state)
{
	static const uint8_t blocks[24];
	struct world *w = world_new(SIGNATURE_NO_KEY);

	for (size_t i = 2; i < 24; i++) {
		w->parts[i] = w->parts[2];
		w->parts[i].content = bytes_of(blocks, i);
	}
	w->state->o->nparts = 24;
	assert_true(proof_start(&w->task));
	for (int i = 0; i < 3; i++) {
		assert_true(answer_key(w, key_of(KEY)));
		assert_true(answer_layer(
		    w, LAYER_OPEN, (struct signature)SIG(SIGNATURE_NO_KEY), 1));
	}
	/* From here on it is only asked what the blocks are. */
	assert_true(answer_key(w, key_of(KEY)));
	assert_true(answer_layer(w, LAYER_OPEN, (struct signature)GOOD, 1));
	assert_kept(w, NULL, false);
	talloc_free(w);
}

/* enc(key, enc(words, key)): whoever sealed it once more is not its writer. */
static void
test_key_of_who_sealed_it_again(void **state)
{
	static const uint32_t outcomes[] = {0, SIGNATURE_NO_KEY};

	for (size_t i = 0; i < 2; i++) {
		struct world *w = world_new(0);

		w->layer[1] = w->layer[0];
		w->layer[1].parent = 1;
		w->layer[1].part = 5;
		w->signatures[0].status = outcomes[i];
		w->layer[1].nsignatures = outcomes[i] != 0;
		w->state->o->nlayers = 2;
		w->parts[1].layer = 2;
		w->parts[4] = (struct part){.kind = PART_ENCRYPTED, .layer = 1};
		w->state->o->nparts = 5;
		w->state->pending[0].part = 4;
		/* Its key alone: kept for nobody, and proves nothing. */
		w->parts[2].content = bytes_str("carrier");
		assert_int_equal(proof_start(&w->task), outcomes[i] != 0);
		if (outcomes[i] != 0) {
			assert_true(answer_key(w, key_of(OTHER)));
			assert_false(answer_layer(w, LAYER_OPEN,
			    (struct signature)SIG(SIGNATURE_NO_KEY), 1));
		}
		assert_kept(w, NULL, false);
		/* Theirs, behind it. */
		w->parts[3] = (struct part){.kind = PART_KEY,
		    .layer = 2,
		    .content = bytes_str("theirs")};
		assert_true(proof_start(&w->task));
		assert_int_equal(answer_key(w, key_of(KEY)), outcomes[i] != 0);
		if (outcomes[i] != 0)
			assert_false(answer_layer(
			    w, LAYER_OPEN, (struct signature)GOOD, 1));
		assert_int_equal(w->state->o->key_part, 4);
		assert_int_equal(w->state->o->key_signed, outcomes[i] != 0);
		talloc_free(w);
	}
}

/* A letter of megabytes, looked through once more, takes no more room. */
static void
test_answers_are_let_go(void **state)
{
	static const uint32_t outcomes[] = {LAYER_OPEN, LAYER_INTEGRITY};

	for (size_t i = 0; i < 2; i++) {
		struct world *w = world_new(SIGNATURE_NO_KEY);
		struct signature good = GOOD;
		struct vault_opened v = {.outcome = outcomes[i],
		    .signatures = &good,
		    .nsignatures = 1,
		    .plain = bytes_of(talloc_zero_size(w, 500000), 500000)};

		assert_true(proof_start(&w->task));
		assert_true(answer_key(w, key_of(KEY)));
		assert_false(answer(w, VAULT_OPENED, &vault_opened_wire, &v));
		assert_kept(w, i == 0 ? KEY : NULL, i == 0);
		assert_true(talloc_total_size(w->state) < 100000);
		talloc_free(w);
	}
}

/* Its maker wrote them: few, and short. */
static void
test_user_ids_are_few_and_short(void **state)
{
	struct world *w = world_new(0);
	struct vault_key key = key_of(KEY);
	const char *uids[30];
	char exact[257], longer[258];

	memset(exact, 'x', sizeof(exact));
	memset(longer, 'y', sizeof(longer));
	exact[256] = longer[257] = '\0';
	for (size_t i = 0; i < 30; i++)
		uids[i] = i % 2 == 0 ? longer : exact;
	key.uids = uids;
	key.nuids = 30;
	assert_true(proof_start(&w->task));
	assert_false(answer_key(w, key));
	assert_int_equal(w->state->o->nkey_uids, 8);
	for (size_t i = 0; i < 8; i++)
		assert_string_equal(w->state->o->key_uids[i], exact);
	talloc_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_key_that_proves_itself),
	    cmocka_unit_test(test_answers_that_prove_nothing),
	    cmocka_unit_test(test_other_signatures_stay),
	    cmocka_unit_test(test_keys_that_are_no_use),
	    cmocka_unit_test(test_key_beside_unsigned_words),
	    cmocka_unit_test(test_key_of_the_header),
	    cmocka_unit_test(test_letters_that_bring_no_key),
	    cmocka_unit_test(test_only_some_blocks_are_asked),
	    cmocka_unit_test(test_decoys_do_not_hide_a_key),
	    cmocka_unit_test(test_proofs_are_few),
	    cmocka_unit_test(test_key_of_who_sealed_it_again),
	    cmocka_unit_test(test_answers_are_let_go),
	    cmocka_unit_test(test_user_ids_are_few_and_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
