/*
 * test_engine_open.c - the stop `open` from the first question to the row in
 * the store: what of a layer that passes a limit, cannot be read, or has no
 * bytes to look at.  With a real store; the answers of the rooms are given by
 * hand.
 */
#include "store_world.h"

#include "../../daemon/engine_open.h"

#define LETTER "Subject: x\r\n\r\nwords\r\n"
#define LETTER_MAX 1000
#define LAYERS 3

/* One letter, taken up by the one worker. */
static struct engine *
engine_of(struct world *w)
{
	struct engine *e = talloc_zero(w, struct engine);
	struct settings *s = talloc_zero(e, struct settings);
	struct store_intake *in;
	int64_t id = 0;
	bool known;

	s->letter_max = LETTER_MAX;
	s->max_layers = LAYERS;
	e->s = s;
	e->st = w->st;
	e->unlocked = true;
	e->workers = talloc_zero_array(e, struct worker, 1);
	e->nworkers = 1;
	e->workers->read.ready = e->workers->vault.ready = true;
	in = store_intake_begin(e, w->st, "INBOX", 7, 1, NOW, false, &w->err);
	assert_non_null(in);
	assert_ok(w, store_intake_chunk(in, bytes_str(LETTER), &w->err));
	assert_ok(w, store_intake_end(in, NOW, &id, &known, &w->err));
	assert_int_equal(id, 1);
	assert_true(stop_open(e));
	assert_non_null(e->workers->task);
	return e;
}

static void
say(struct engine *e, void (*take)(struct task *, const struct frame *),
    uint32_t type, const struct wire_type *wire, const void *obj)
{
	struct buf *buf = buf_new(e, 1 << 20);
	struct frame frame = {.type = type};

	assert_non_null(e->workers->task);
	assert_int_equal(wire_encode(wire, obj, buf, NULL), 0);
	frame.payload = buf_bytes(buf);
	take(e->workers->task, &frame);
	talloc_free(buf);
}

static void
say_read(struct engine *e, struct part *parts, size_t nparts)
{
	struct reading r = {.parts = parts, .nparts = nparts};

	say(e, open_read_frame, READ_DONE, &reading_wire, &r);
}

static void
say_unread(struct engine *e, uint32_t end)
{
	struct read_failed failed = {end, "x"};

	say(e, open_read_frame, READ_FAILED, &read_failed_wire, &failed);
}

static void
say_opened(struct engine *e, const char *plain)
{
	const char *recipients[] = {"0123456789ABCDEF"};
	struct vault_opened v = {.outcome = LAYER_OPEN,
	    .plain = bytes_str(plain),
	    .recipients = recipients,
	    .nrecipients = 1,
	    .for_us = 1};

	say(e, open_vault_frame, VAULT_OPENED, &vault_opened_wire, &v);
}

static struct part
sealed(void)
{
	return (struct part){
	    .kind = PART_ENCRYPTED, .content = bytes_str("packets")};
}

/* The letter is done with; what is kept of it, NULL: nothing. */
static struct opening *
kept(struct world *w, struct engine *e)
{
	struct store_letter letter = {0};
	struct opening *o;
	struct bytes wire;
	int found;

	assert_null(e->workers->task);
	assert_int_equal(store_letter_get(e, w->st, 1, &letter, &w->err), 1);
	assert_int_equal(letter.state, LETTER_OPENED);
	found = store_opening_get(e, w->st, 1, &wire, &w->err);
	if (found == 0)
		return NULL;
	assert_int_equal(found, 1);
	o = opening_decode(e, wire, &w->err);
	assert_non_null(o);
	return o;
}

/* ---- what cannot be read ---- */

static const struct {
	uint32_t end, limit, outcome;
} ends[] = {
    {ROOM_END_OK, READ_LIMIT_NONE, LAYER_MALFORMED},
    {ROOM_END_TIME, READ_LIMIT_TIME, LAYER_TOO_SLOW},
    {ROOM_END_MEMORY, READ_LIMIT_TIME, LAYER_TOO_SLOW},
    {ROOM_END_CRASH, READ_LIMIT_NONE, LAYER_MALFORMED},
    {ROOM_END_TOO_BIG, READ_LIMIT_OUTPUT, LAYER_TOO_BIG},
    {99, READ_LIMIT_NONE, LAYER_MALFORMED},
};
#define NENDS (sizeof(ends) / sizeof(ends[0]))

/* The letter itself: the limit is all that is known of it. */
static void
test_letter_that_cannot_be_read(void **state)
{
	for (size_t i = 0; i < NENDS; i++) {
		struct world *w;
		struct engine *e;
		struct opening *o;

		assert_int_equal(world_setup((void **)&w), 0);
		e = engine_of(w);
		say_unread(e, ends[i].end);
		o = kept(w, e);
		if (ends[i].limit == READ_LIMIT_NONE) {
			assert_null(o);
		} else {
			assert_non_null(o);
			assert_int_equal(o->limit, ends[i].limit);
			assert_int_equal(o->nparts, 0);
		}
		world_teardown((void **)&w);
	}
}

/* What came out of a layer: that stays closed, the letter is kept. */
static void
test_layer_that_cannot_be_read(void **state)
{
	for (size_t i = 0; i < NENDS; i++) {
		struct part part = sealed();
		struct world *w;
		struct engine *e;
		struct opening *o;

		assert_int_equal(world_setup((void **)&w), 0);
		e = engine_of(w);
		say_read(e, &part, 1);
		say_opened(e, "words");
		say_unread(e, ends[i].end);
		o = kept(w, e);
		assert_non_null(o);
		assert_int_equal(o->nlayers, 1);
		assert_int_equal(o->layers[0].outcome, ends[i].outcome);
		assert_non_null(o->layers[0].note);
		assert_int_equal(o->unopened, 1);
		assert_int_equal(o->limit, READ_LIMIT_NONE);
		world_teardown((void **)&w);
	}
}

/* ---- what is too much ---- */

static void
test_layers_in_layers(void **state)
{
	struct world *w = *state;
	struct engine *e = engine_of(w);
	struct part part = sealed();
	struct opening *o;

	for (int i = 0; i < LAYERS; i++) {
		say_read(e, &part, 1);
		say_opened(e, "words");
	}
	say_read(e, &part, 1);
	o = kept(w, e);
	assert_non_null(o);
	assert_int_equal(o->nlayers, LAYERS + 1);
	assert_int_equal(o->layers[LAYERS - 1].outcome, LAYER_OPEN);
	assert_int_equal(o->layers[LAYERS].outcome, LAYER_TOO_DEEP);
	assert_int_equal(o->layers[LAYERS].parent, LAYERS);
	assert_int_equal(o->unopened, 1);
}

static void
test_layers_in_all(void **state)
{
	enum { MOST = LAYERS * 8 };
	struct world *w = *state;
	struct engine *e = engine_of(w);
	struct part parts[MOST + 2];
	struct part words = {.kind = PART_TEXT, .content = bytes_str("words")};
	struct opening *o;

	for (size_t i = 0; i < MOST + 2; i++)
		parts[i] = sealed();
	say_read(e, parts, MOST + 2);
	for (size_t i = 0; i < MOST; i++) {
		say_opened(e, "words");
		say_read(e, &words, 1);
	}
	o = kept(w, e);
	assert_non_null(o);
	assert_int_equal(o->nlayers, MOST + 2);
	assert_int_equal(o->layers[MOST - 1].outcome, LAYER_OPEN);
	assert_int_equal(o->layers[MOST].outcome, LAYER_TOO_DEEP);
	assert_int_equal(o->layers[MOST + 1].outcome, LAYER_TOO_DEEP);
}

/* All that one letter opens to has one limit, not one for each layer. */
static void
test_layers_that_open_to_too_much(void **state)
{
	struct world *w = *state;
	struct engine *e = engine_of(w);
	struct part parts[3] = {sealed(), sealed(), sealed()};
	struct part words = {.kind = PART_TEXT, .content = bytes_str("words")};
	char plain[LETTER_MAX + 1];
	struct opening *o;

	memset(plain, 'x', LETTER_MAX);
	plain[LETTER_MAX] = '\0';
	say_read(e, parts, 3);
	for (int i = 0; i < 2; i++) {
		say_opened(e, plain);
		say_read(e, &words, 1);
	}
	say_opened(e, "x");
	o = kept(w, e);
	assert_non_null(o);
	assert_int_equal(o->nlayers, 3);
	assert_int_equal(o->layers[1].outcome, LAYER_OPEN);
	assert_int_equal(o->layers[2].outcome, LAYER_TOO_BIG);
	assert_int_equal(o->unopened, 1);
}

/* ---- what has nothing to look at ---- */

/* Its bytes do not stand in the letter as one span: no vault is asked, which
 * might know a signature over nothing. */
static void
test_signature_over_nothing(void **state)
{
	struct world *w = *state;
	struct engine *e = engine_of(w);
	struct part part = {
	    .kind = PART_SIGNED, .signature = bytes_str("packets")};
	struct opening *o;

	say_read(e, &part, 1);
	o = kept(w, e);
	assert_non_null(o);
	assert_int_equal(o->nlayers, 1);
	assert_int_equal(o->layers[0].kind, LAYER_SIGNED);
	assert_int_equal(o->layers[0].outcome, LAYER_MALFORMED);
	assert_int_equal(o->layers[0].nsignatures, 0);
}

#define OF_STORE(test)                                                         \
	cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_letter_that_cannot_be_read),
	    cmocka_unit_test(test_layer_that_cannot_be_read),
	    OF_STORE(test_layers_in_layers),
	    OF_STORE(test_layers_in_all),
	    OF_STORE(test_layers_that_open_to_too_much),
	    OF_STORE(test_signature_over_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
