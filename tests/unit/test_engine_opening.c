/*
 * test_engine_opening.c - what a read room or a vault in an attacker's hands
 * may not make the engine believe.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include <talloc.h>

#include "../../daemon/engine_open.h"

#define FPR "0123456789ABCDEF0123456789ABCDEF01234567"

/* One letter of 100 bytes under way, in an engine with two products. */
struct world {
	struct settings settings;
	struct engine engine;
	struct task *task;
	struct open_state *state;
};

static struct world *
world_new(void)
{
	struct world *w = talloc_zero(NULL, struct world);
	static const uint8_t letter[100];

	w->settings.nproducts = 2;
	w->engine.s = &w->settings;
	w->task = talloc_zero(w, struct task);
	w->task->engine = &w->engine;
	w->task->state = w->state = talloc_zero(w->task, struct open_state);
	w->state->o = talloc_zero(w->state, struct opening);
	assert_int_equal(opening_add_source(w->task,
			     bytes_of(letter, sizeof(letter)), 0, 0, NULL),
	    0);
	return w;
}

static int
take(struct world *w, const struct reading *r)
{
	struct error err = {0};
	int rc = opening_take_reading(w->task, r, 0, &err);

	if (rc != 0)
		assert_int_equal(err.fault, FAULT_INPUT);
	return rc;
}

/* A text, a signed part with a text in it, an encrypted one. */
static void
good_reading(struct reading *r, struct part *parts)
{
	memset(r, 0, sizeof(*r));
	memset(parts, 0, 4 * sizeof(*parts));
	parts[0].kind = PART_TEXT;
	parts[0].content = bytes_str("hello");
	parts[1].kind = PART_SIGNED;
	parts[1].off = 10;
	parts[1].len = 90;
	parts[2].kind = PART_TEXT;
	parts[2].within = 2;
	parts[3].kind = PART_ENCRYPTED;
	parts[3].content = bytes_str("packets");
	r->parts = parts;
	r->nparts = 4;
}

static void
test_good(void **state)
{
	struct world *w = world_new();
	struct part parts[4];
	struct reading r;
	struct ident ident = {IDENT_CVE, "CVE-2026-0001", 3};

	good_reading(&r, parts);
	r.idents = &ident;
	r.nidents = 1;
	assert_int_equal(take(w, &r), 0);
	assert_int_equal(w->state->o->nparts, 4);
	assert_int_equal(w->state->npending, 2);
	/* A second reading: its numbers move behind those of the first. */
	assert_int_equal(take(w, &r), 0);
	assert_int_equal(w->state->o->nparts, 8);
	assert_int_equal(w->state->o->parts[6].within, 6);
	assert_int_equal(w->state->o->idents[1].part, 7);
	talloc_free(w);
}

typedef void spoil(struct reading *r, struct part *parts);

static void
no_kind(struct reading *r, struct part *parts)
{
	parts[0].kind = 99;
}

static void
later_parent(struct reading *r, struct part *parts)
{
	parts[0].within = 2;
}

static void
parent_not_signed(struct reading *r, struct part *parts)
{
	parts[2].within = 1;
}

static void
own_parent(struct reading *r, struct part *parts)
{
	parts[2].within = 3;
}

static void
span_outside(struct reading *r, struct part *parts)
{
	parts[1].len = 91;
}

static void
span_wraps(struct reading *r, struct part *parts)
{
	parts[1].off = INT64_MAX;
}

static void
span_negative(struct reading *r, struct part *parts)
{
	parts[1].off = -1;
}

static void
length_negative(struct reading *r, struct part *parts)
{
	parts[1].len = -5;
}

static void
not_utf8(struct reading *r, struct part *parts)
{
	parts[0].content = bytes_of("a\xff", 2);
}

static void
no_such_product(struct reading *r, struct part *parts)
{
	static struct product_hit hit = {2, 3, 0};

	r->hits = &hit;
	r->nhits = 1;
}

static void
ident_of_no_part(struct reading *r, struct part *parts)
{
	static struct ident ident = {IDENT_CVE, "CVE-2026-0001", 5};

	r->idents = &ident;
	r->nidents = 1;
}

static void
ident_without_value(struct reading *r, struct part *parts)
{
	static struct ident ident = {IDENT_CVE, NULL, 0};

	r->idents = &ident;
	r->nidents = 1;
}

static void
field_of_no_part(struct reading *r, struct part *parts)
{
	static struct field field = {FIELD_PRODUCT, "x", 400};

	r->fields = &field;
	r->nfields = 1;
}

static void
fields_of_no_part(struct reading *r, struct part *parts)
{
	r->inner_within = 5;
}

static void
fields_of_a_text(struct reading *r, struct part *parts)
{
	r->inner_within = 1;
}

static void
test_hostile_readings(void **state)
{
	static spoil *const spoils[] = {no_kind, later_parent,
	    parent_not_signed, own_parent, span_outside, span_wraps,
	    span_negative, length_negative, not_utf8, no_such_product,
	    ident_of_no_part, ident_without_value, field_of_no_part,
	    fields_of_no_part, fields_of_a_text};

	for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		struct world *w = world_new();
		struct part parts[4];
		struct reading r;

		print_message("spoil %zu\n", i);
		good_reading(&r, parts);
		spoils[i](&r, parts);
		assert_int_equal(take(w, &r), -1);
		assert_int_equal(w->state->npending, 0);
		talloc_free(w);
	}
}

static const struct {
	const char *what;
	struct signature signature;
	uint32_t outcome;
	const char *plain;
	int rc;
} answers[] = {
    {"good", {SIGNATURE_GOOD, FPR, "x", 1}, LAYER_OPEN, "text", 0},
    {"no key", {SIGNATURE_NO_KEY, NULL, "x", 1}, LAYER_OPEN, "text", 0},
    {"good of nobody", {SIGNATURE_GOOD, NULL, "x", 1}, LAYER_OPEN, "", -1},
    {"no fingerprint", {SIGNATURE_GOOD, "DEAD", "x", 1}, LAYER_OPEN, "", -1},
    {"no status", {0, FPR, "x", 1}, LAYER_OPEN, "", -1},
    {"status too great", {99, FPR, "x", 1}, LAYER_OPEN, "", -1},
    {"no outcome", {SIGNATURE_GOOD, FPR, "x", 1}, 0, "", -1},
    {"outcome too great", {SIGNATURE_GOOD, FPR, "x", 1}, 99, "", -1},
    /* Partial plaintext before a failure is never shown. */
    {"text of a broken layer", {SIGNATURE_GOOD, FPR, "x", 1}, LAYER_INTEGRITY,
	"text", -1},
};

static void
test_hostile_vault(void **state)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct signature signature = answers[i].signature;
		struct vault_opened v = {0};
		struct error err = {0};

		print_message("%s\n", answers[i].what);
		v.outcome = answers[i].outcome;
		v.plain = bytes_str(answers[i].plain);
		v.signatures = &signature;
		v.nsignatures = 1;
		assert_int_equal(opening_check_layer(&v, &err), answers[i].rc);
		if (answers[i].rc != 0)
			assert_int_equal(err.fault, FAULT_INPUT);
	}
}

/* A signature covers what lies in its part, and nothing beside it. */
static void
test_cover(void **state)
{
	struct world *w = world_new();
	struct vault_opened v = {.outcome = LAYER_OPEN};
	struct part parts[4];
	struct reading r;
	uint32_t layer = 0;

	good_reading(&r, parts);
	assert_int_equal(take(w, &r), 0);
	assert_int_equal(opening_add_layer(w->task, &v, &layer, NULL), 0);
	assert_int_equal(layer, 1);
	opening_cover(w->state, 1, layer);
	assert_int_equal(w->state->o->parts[0].layer, 0);
	assert_int_equal(w->state->o->parts[2].layer, 1);
	assert_int_equal(w->state->o->parts[3].layer, 0);
	assert_int_equal(opening_depth(w->state, layer), 1);
	assert_int_equal(w->state->o->layers[0].kind, LAYER_SIGNED);
	assert_int_equal(w->state->o->encrypted, 0);
	/* A closed encrypted layer is no encrypted letter that was opened. */
	w->state->next = 1;
	v.outcome = LAYER_NO_SECRET_KEY;
	assert_int_equal(opening_add_layer(w->task, &v, &layer, NULL), 0);
	assert_int_equal(w->state->o->encrypted, 0);
	assert_int_equal(w->state->o->unopened, 1);
	talloc_free(w);
}

/* As many signed parts, each within the one before, as a letter may have. */
static void
test_cover_of_a_deep_chain(void **state)
{
	enum { MOST = 200000 };
	struct world *w = world_new();
	struct vault_opened v = {.outcome = LAYER_OPEN};
	struct part *parts = talloc_zero_array(w, struct part, MOST);
	struct reading r = {.parts = parts, .nparts = MOST};
	uint32_t layer = 0;

	for (uint32_t i = 0; i < MOST; i++)
		parts[i] = (struct part){.kind = PART_SIGNED,
		    /* Beside the first one nothing waits to be opened. */
		    .flags = i > 0 ? PART_REPEATED : 0,
		    .within = i};
	/* Beside the chain: in the letter itself. */
	parts[MOST - 1].within = 0;
	assert_int_equal(take(w, &r), 0);
	assert_int_equal(opening_add_layer(w->task, &v, &layer, NULL), 0);
	alarm(20); /* one that walks up the chain for each takes minutes */
	opening_cover(w->state, 1, layer);
	alarm(0);
	for (size_t i = 0; i < MOST; i++)
		assert_int_equal(w->state->o->parts[i].layer,
		    i > 1 && i < MOST - 1 ? layer : 0);
	talloc_free(w);
}

/* ---- protected fields: of the innermost layer around the words ---- */

/* Adds a layer for the next pending part; gives its number. */
static uint32_t
layer_add(struct world *w, uint32_t outcome, size_t nrecipients)
{
	static const char *to[] = {"0123456789ABCDEF"};
	struct vault_opened v = {
	    .outcome = outcome, .recipients = to, .nrecipients = nrecipients};
	uint32_t layer = 0;

	assert_int_equal(opening_add_layer(w->task, &v, &layer, NULL), 0);
	w->state->next++;
	return layer;
}

static void
test_protected_fields_of_a_signature(void **state)
{
	static const uint32_t outcomes[] = {LAYER_OPEN, LAYER_MALFORMED};

	for (size_t i = 0; i < 2; i++) {
		struct world *w = world_new();
		struct part parts[4];
		struct reading r;

		good_reading(&r, parts);
		r.headers.subject = "outer";
		r.inner.subject = "signed";
		r.inner_within = 2;
		assert_int_equal(take(w, &r), 0);
		/* Nobody has looked at the signature yet. */
		assert_null(w->state->o->inner.subject);
		assert_int_equal(w->state->o->inner_layer, 0);
		opening_cover(w->state, 1, layer_add(w, outcomes[i], 0));
		opening_settle_inner(w->state);
		assert_int_equal(
		    w->state->o->inner_layer, outcomes[i] == LAYER_OPEN);
		assert_string_equal(w->state->o->headers.subject, "outer");
		assert_string_equal(desk_subject(w->state->o),
		    outcomes[i] == LAYER_OPEN ? "signed" : "outer");
		talloc_free(w);
	}
}

/* encrypted(signed(fields)): the signature vouches for them, not the sealing */
static void
test_protected_fields_in_layers(void **state)
{
	struct world *w = world_new();
	struct part outer = {.kind = PART_ENCRYPTED};
	struct reading first = {.parts = &outer, .nparts = 1};
	struct part parts[4];
	struct reading r;
	struct error err = {0};

	/* A letter cannot vouch for fields of its own. */
	first.inner.subject = "nobody";
	assert_int_equal(take(w, &first), 0);
	assert_int_equal(layer_add(w, LAYER_OPEN, 1), 1);
	assert_int_equal(
	    opening_add_source(w->task, w->state->sources[0].data, 1, 1, &err),
	    0);
	good_reading(&r, parts);
	parts[0].content = BYTES_NONE;
	parts[2].content = bytes_str("words");
	r.inner.subject = "signed";
	r.inner_within = 2;
	assert_int_equal(opening_take_reading(w->task, &r, 1, &err), 0);
	opening_cover(w->state, 2, layer_add(w, LAYER_OPEN, 0));
	opening_settle_inner(w->state);
	assert_int_equal(w->state->o->inner_layer, 2);
	assert_string_equal(w->state->o->inner.subject, "signed");
	talloc_free(w);
}

/*
 * Layers by the one they lie in; the subject that each protects, or NULL; the
 * text that stands in it beside what is sealed, or NULL.
 */
struct fields_row {
	const char *what;
	const char *subject; /* the letter's, NULL: none */
	size_t nlayers;
	struct {
		uint32_t parent;
		bool sealed; /* else signed */
		const char *subject;
		const char *text;
		uint32_t flags;
	} layers[4];
};

static const struct fields_row fields_rows[] = {
    {"sealed", "theirs", 1, {{0, true, "theirs", "words", 0}}},
    {"signed", "theirs", 1, {{0, false, "theirs", "words", 0}}},
    {"no words at all", "theirs", 1, {{0, true, "theirs", NULL, 0}}},
    {"a layer around that has none", "deep", 2,
	{{0, true, NULL, NULL, 0}, {1, true, "deep", "words", 0}}},
    {"a signature inside that has none", "theirs", 2,
	{{0, true, "theirs", NULL, 0}, {1, false, NULL, "words", 0}}},
    {"the innermost counts", "deep", 2,
	{{0, true, "theirs", NULL, 0}, {1, false, "deep", "words", 0}}},
    {"signed around by a carrier", "theirs", 2,
	{{0, false, "carrier", NULL, 0}, {1, true, "theirs", "words", 0}}},
    {"sealed around by a carrier", "theirs", 2,
	{{0, true, "carrier", "look", 0}, {1, true, "theirs", "words", 0}}},
    {"sealed around, and theirs are none", NULL, 2,
	{{0, true, "carrier", NULL, 0}, {1, true, NULL, "words", 0}}},
    {"signed around, and theirs are none", NULL, 2,
	{{0, false, "carrier", NULL, 0}, {1, true, NULL, "words", 0}}},
    {"signed beside it", "theirs", 2,
	{{0, false, "carrier", "look", 0}, {0, true, "theirs", NULL, 0}}},
    {"sealed beside it, without words", "theirs", 2,
	{{0, true, "carrier", " \n", 0}, {0, true, "theirs", "words", 0}}},
    {"a file sealed once more", "theirs", 2,
	{{0, true, "theirs", "words", 0}, {1, true, "file", NULL, 0}}},
    {"a message inside", "theirs", 3,
	{{0, true, "theirs", "words", 0},
	    {1, true, "inside", "other", PART_FORWARDED},
	    {2, true, "deep", "more", 0}}},
};

/* What was read in the letter, or in a layer: a text, and layers in it. */
static void
read_layer(struct world *w, const struct fields_row *row, size_t layer)
{
	struct part parts[5] = {{.kind = PART_TEXT}};
	struct reading r = {.parts = parts, .nparts = 1};

	if (layer > 0) {
		r.inner.subject = row->layers[layer - 1].subject;
		if (row->layers[layer - 1].text != NULL)
			parts[0].content =
			    bytes_str(row->layers[layer - 1].text);
	}
	for (size_t i = layer; i < row->nlayers; i++)
		if (row->layers[i].parent == layer)
			parts[r.nparts++] = (struct part){
			    .kind = PART_ENCRYPTED,
			    .content = bytes_str("packets"),
			    .flags = row->layers[i].flags,
			};
	assert_int_equal(opening_take_reading(w->task, &r, layer, NULL), 0);
}

static void
test_whose_protected_fields(void **state)
{
	for (size_t n = 0; n < sizeof(fields_rows) / sizeof(*fields_rows);
	     n++) {
		const struct fields_row *row = &fields_rows[n];
		struct world *w = world_new();

		print_message("%s\n", row->what);
		read_layer(w, row, 0);
		for (size_t i = 0; i < row->nlayers; i++) {
			uint32_t layer = layer_add(
			    w, LAYER_OPEN, row->layers[i].sealed ? 1 : 0);

			assert_int_equal(
			    opening_add_source(w->task,
				w->state->sources[0].data, layer, 1, NULL),
			    0);
			read_layer(w, row, layer);
		}
		opening_settle_inner(w->state);
		if (row->subject == NULL)
			assert_int_equal(w->state->o->inner_layer, 0);
		else
			assert_string_equal(
			    w->state->o->inner.subject, row->subject);
		talloc_free(w);
	}
}

/* Both halves of an alternative carry the block: it is opened once. */
static void
test_a_repeated_block_is_opened_once(void **state)
{
	struct world *w = world_new();
	struct part parts[4];
	struct reading r;

	good_reading(&r, parts);
	parts[3].flags = PART_REPEATED;
	assert_int_equal(take(w, &r), 0);
	assert_int_equal(w->state->npending, 1);
	assert_int_equal(w->state->pending[0].part, 1);
	talloc_free(w);
}

/* ---- how an opening is kept ---- */

static void
test_kept_and_read_back(void **state)
{
	void *ctx = talloc_new(NULL);
	struct opening o = {.key_fingerprint = FPR, .key_part = 3};
	struct buf *buf = buf_new(ctx, 4096);
	struct opening *back;
	struct error err = {0};
	struct bytes wire;

	assert_int_equal(opening_encode(&o, buf, &err), 0);
	wire = buf_bytes(buf);
	back = opening_decode(ctx, wire, &err);
	assert_non_null(back);
	assert_string_equal(back->key_fingerprint, FPR);
	assert_int_equal(back->key_part, 3);
	/* Of another version, of the first release, cut off, or nothing. */
	for (size_t skip = 0; skip <= wire.len; skip++) {
		struct bytes in = bytes_span(wire, skip, wire.len - skip);

		if (skip == 0) {
			in = bytes_copy(ctx, wire);
			((uint8_t *)(uintptr_t)in.data)[3]++;
		}
		error_clear(&err);
		assert_null(opening_decode(ctx, in, &err));
		assert_int_equal(err.fault, FAULT_INPUT);
		assert_non_null(strstr(err.text, "--reopen"));
	}
	error_clear(&err);
	assert_null(
	    opening_decode(ctx, bytes_span(wire, 0, wire.len - 1), &err));
	assert_non_null(strstr(err.text, "malformed"));
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good),
	    cmocka_unit_test(test_hostile_readings),
	    cmocka_unit_test(test_hostile_vault),
	    cmocka_unit_test(test_cover),
	    cmocka_unit_test(test_cover_of_a_deep_chain),
	    cmocka_unit_test(test_protected_fields_of_a_signature),
	    cmocka_unit_test(test_protected_fields_in_layers),
	    cmocka_unit_test(test_whose_protected_fields),
	    cmocka_unit_test(test_a_repeated_block_is_opened_once),
	    cmocka_unit_test(test_kept_and_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
