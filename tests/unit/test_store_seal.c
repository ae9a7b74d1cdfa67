/*
 * test_store_seal.c - what rests in the file opens nowhere but in its own
 * place (RULES 17).
 */
#include "store_world.h"

#include "../../daemon/store/store_internal.h"

/* ---- one value ---- */

static void
opens(struct world *w, struct place where, struct bytes sealed, bool want)
{
	struct bytes clear;

	error_clear(&w->err);
	clear = seal_open(w, w->st, where, sealed, &w->err);
	if (want) {
		assert_true(bytes_equal(clear, bytes_str("value")));
		assert_int_equal(clear.data[clear.len], 0);
	} else {
		assert_null(clear.data);
		assert_int_equal(w->err.fault, FAULT_INPUT);
	}
}

static void
test_value_opens_in_its_place_alone(void **state)
{
	struct world *w = *state;
	struct place here = place("letter", "sender", 5);
	struct bytes sealed =
	    seal_close(w, w->st, here, bytes_str("value"), &w->err);

	assert_non_null(sealed.data);
	opens(w, here, sealed, true);
	opens(w, place("letter", "sender", 6), sealed, false);
	opens(w, place("letter", "sender", -5), sealed, false);
	opens(w, place("letter", "subject", 5), sealed, false);
	opens(w, place("outmail", "sender", 5), sealed, false);
	/* Table and column do not run into each other. */
	opens(w, place("letters", "ender", 5), sealed, false);
}

static void
test_every_byte_counts(void **state)
{
	struct world *w = *state;
	struct place here = place("letter", "sender", 5);
	struct bytes sealed =
	    seal_close(w, w->st, here, bytes_str("value"), &w->err);
	uint8_t *copy = talloc_memdup(w, sealed.data, sealed.len);

	for (size_t i = 0; i < sealed.len; i++) {
		copy[i] ^= 0x40;
		opens(w, here, bytes_of(copy, sealed.len), false);
		copy[i] ^= 0x40;
	}
	for (size_t len = 0; len < sealed.len; len++)
		opens(w, here, bytes_of(copy, len), false);
	opens(w, here, bytes_of(copy, sealed.len), true);
}

static void
test_same_value_never_looks_the_same(void **state)
{
	struct world *w = *state;
	struct place here = place("letter", "sender", 5);
	struct bytes a = seal_close(w, w->st, here, bytes_str("v"), &w->err);
	struct bytes b = seal_close(w, w->st, here, bytes_str("v"), &w->err);

	assert_int_equal(a.len, b.len);
	assert_false(bytes_equal(a, b));
	/* Nor does its length tell a short text from another. */
	b = seal_close(w, w->st, here,
	    bytes_str("thirty-one letters, not longer."), &w->err);
	assert_int_equal(a.len, b.len);
}

static void
test_sizes_round_trip(void **state)
{
	struct world *w = *state;
	struct place here = place("letter", "sender", 5);

	for (size_t len = 0; len < 100; len++) {
		struct bytes clear = noise(w, len, (uint32_t)len);
		struct bytes sealed =
		    seal_close(w, w->st, here, clear, &w->err);

		assert_true(bytes_equal(
		    seal_open(w, w->st, here, sealed, &w->err), clear));
	}
}

static void
test_lookups_differ_by_kind_and_key(void **state)
{
	struct world *w = *state;
	struct bytes value = bytes_str("robin@example.org");
	struct lookup_hash hash[LOOKUP_COUNT], other;
	uint8_t plain[SEAL_HASH_BYTES];

	crypto_generichash(
	    plain, sizeof(plain), value.data, value.len, NULL, 0);
	for (uint32_t i = LOOKUP_IDENT; i < LOOKUP_COUNT; i++) {
		assert_ok(w, seal_lookup(w->st, i, value, &hash[i], &w->err));
		assert_int_equal(hash[i].present_len, sizeof(plain));
		assert_int_equal(hash[i].former_len, 0);
		assert_memory_not_equal(hash[i].present, plain, sizeof(plain));
		for (uint32_t k = LOOKUP_IDENT; k < i; k++)
			assert_memory_not_equal(
			    hash[i].present, hash[k].present, SEAL_HASH_BYTES);
	}
	/* The same after a restart; another under the key of another file. */
	world_close(w);
	world_open(w);
	assert_ok(
	    w, seal_lookup(w->st, LOOKUP_ADDRESS, value, &other, &w->err));
	assert_memory_equal(
	    other.present, hash[LOOKUP_ADDRESS].present, SEAL_HASH_BYTES);
	world_close(w);
	assert_int_equal(unlink(w->path), 0);
	store_new_key(w->key);
	world_open_locked(w);
	assert_ok(w, store_keep_key(w->st, bytes_str("w"), w->key, &w->err));
	assert_ok(w, store_unlock(w->st, w->key, &w->err));
	assert_ok(
	    w, seal_lookup(w->st, LOOKUP_ADDRESS, value, &other, &w->err));
	assert_memory_not_equal(
	    other.present, hash[LOOKUP_ADDRESS].present, SEAL_HASH_BYTES);
}

/* ---- values moved inside the file ---- */

/* What the procedure of a case leaves; row i of each table. */
static void
fill_procedure(struct world *w, int64_t i)
{
	struct store_step step = {.casefile = i,
	    .number = text("1.3.1"),
	    .round = 1,
	    .actor = text("alice"),
	    .ref = text("7KQ2MX"),
	    .shares = text("+quality")};
	struct store_answer answer = {
	    .casefile = i, .value = text("yes"), .by = text("Hana")};
	struct store_question question = {
	    .casefile = i, .text = text("which?"), .answer = text("that")};
	struct store_task task = {.kind = 1, .casefile = i, .text = text("x")};
	struct store_told told = {.casefile = i,
	    .person = text("Hana"),
	    .address = text("hana@example.com")};
	struct store_approval approval = {.outmail = i, .person = text("bob")};
	struct store_clock clock = {.casefile = i, .note = text("90 days")};
	char *flow = talloc_asprintf(w, "flow %lld", (long long)i);
	int64_t id;

	assert_ok(w, store_step_add(w->st, &step, &w->err));
	assert_ok(w, store_answer_add(w->st, &answer, &w->err));
	assert_ok(w, store_question_add(w->st, &question, &w->err));
	assert_ok(w, store_task_add(w->st, &task, &w->err));
	assert_ok(w, store_told_add(w->st, &told, &w->err));
	assert_ok(w, store_approval_add(w->st, &approval, &w->err));
	assert_ok(w, store_clock_set(w->st, &clock, &w->err));
	assert_ok(w, store_flow_keep(w->st, 1, flow, &id, &w->err));
}

/* Two cases, two letters of three chunks each, two mails. */
static void
fill(struct world *w)
{
	bool known;

	for (uint32_t i = 1; i <= 2; i++) {
		struct store_letter l;
		struct store_outmail m = {.kind = 3,
		    .state = OUTMAIL_APPROVED,
		    .to = text("robin@example.org"),
		    .subject = text("subject"),
		    .body = text("body")};

		new_case(w, "XYZ-100");
		arrive(w, i, noise(w, 3 * SEAL_CHUNK, i), 4096, &known);
		assert_int_equal(store_letter_get(w, w->st, i, &l, &w->err), 1);
		l.sender = text("robin@example.org");
		l.subject = text("subject");
		begin(w);
		assert_ok(w, store_letter_put(w->st, &l, 1, &w->err));
		assert_ok(w,
		    store_opening_put(w->st, i, bytes_str("opening"), &w->err));
		assert_ok(w, store_outmail_add(w->st, &m, &w->err));
		assert_ok(w, store_outmail_wire_put(
				 w->st, i, bytes_str("wire"), &w->err));
		assert_ok(w, store_case_ident_add(
				 w->st, i, 10, "CVE-2026-0001", &w->err));
		fill_procedure(w, i);
		commit(w);
	}
}

static int
read_procedure(struct world *w)
{
	struct store_step *steps;
	struct store_answer *answers;
	struct store_question *questions;
	struct store_task *tasks;
	struct store_told *told;
	struct store_approval *approvals;
	struct store_clock *clocks;
	uint32_t flow;
	char *of;
	size_t n;

	if (store_step_list(w, w->st, 2, &steps, &n, &w->err) != 0 ||
	    store_answer_list(w, w->st, 2, &answers, &n, &w->err) != 0 ||
	    store_question_list(w, w->st, 2, &questions, &n, &w->err) != 0 ||
	    store_task_list(w, w->st, 2, 9, &tasks, &n, &w->err) != 0 ||
	    store_told_list(w, w->st, 2, &told, &n, &w->err) != 0 ||
	    store_approval_list(w, w->st, 2, &approvals, &n, &w->err) != 0 ||
	    store_clock_list(w, w->st, 2, 9, &clocks, &n, &w->err) != 0 ||
	    store_flow_get(w, w->st, 2, &flow, &of, &w->err) != 1)
		return -1;
	return 0;
}

/* Does everything of row 2 open? */
static int
read_all(struct world *w)
{
	struct store_letter l;
	struct store_outmail m;
	struct store_case c;
	struct bytes b;
	uint32_t *kinds;
	char **values;
	size_t n;

	error_clear(&w->err);
	if (store_letter_get(w, w->st, 2, &l, &w->err) != 1 ||
	    store_letter_bytes(w, w->st, 2, &b, &w->err) != 0 ||
	    store_opening_get(w, w->st, 2, &b, &w->err) != 1 ||
	    store_case_get(w, w->st, 2, &c, &w->err) != 1 ||
	    store_case_idents(w, w->st, 2, &kinds, &values, &n, &w->err) != 0 ||
	    store_outmail_get(w, w->st, 2, &m, &w->err) != 1 ||
	    store_outmail_wire_get(w, w->st, 2, &b, &w->err) != 0)
		return -1;
	return read_procedure(w);
}

static void
test_moved_values_do_not_open(void **state)
{
	static const char *const moves[] = {
	    /* to another row */
	    "UPDATE letter SET sender = (SELECT sender FROM letter"
	    " WHERE id = 1) WHERE id = 2",
	    "UPDATE casefile SET product = (SELECT product FROM casefile"
	    " WHERE id = 1) WHERE id = 2",
	    "UPDATE outmail SET body = (SELECT body FROM outmail"
	    " WHERE id = 1) WHERE id = 2",
	    "UPDATE opening SET wire = (SELECT wire FROM opening"
	    " WHERE letter = 1) WHERE letter = 2",
	    "UPDATE outmail_wire SET wire = (SELECT wire FROM outmail_wire"
	    " WHERE outmail = 1) WHERE outmail = 2",
	    "UPDATE case_ident SET value = (SELECT value FROM case_ident"
	    " WHERE id = 1) WHERE id = 2",
	    "UPDATE step SET ref = (SELECT ref FROM step"
	    " WHERE id = 1) WHERE id = 2",
	    "UPDATE step SET actor = (SELECT actor FROM step"
	    " WHERE id = 1) WHERE id = 2",
	    "UPDATE step SET shares = (SELECT shares FROM step"
	    " WHERE id = 1) WHERE id = 2",
	    "UPDATE answer SET value = (SELECT value FROM answer"
	    " WHERE id = 1) WHERE id = 2",
	    "UPDATE answer SET person = (SELECT person FROM answer"
	    " WHERE id = 1) WHERE id = 2",
	    "UPDATE question SET text = (SELECT text FROM question"
	    " WHERE id = 1) WHERE id = 2",
	    "UPDATE question SET answer = (SELECT answer FROM question"
	    " WHERE id = 1) WHERE id = 2",
	    "UPDATE task SET text = (SELECT text FROM task"
	    " WHERE id = 1) WHERE id = 2",
	    "UPDATE told SET person = (SELECT person FROM told"
	    " WHERE id = 1) WHERE id = 2",
	    "UPDATE told SET address = (SELECT address FROM told"
	    " WHERE id = 1) WHERE id = 2",
	    "UPDATE approval SET person = (SELECT person FROM approval"
	    " WHERE id = 1) WHERE id = 2",
	    "UPDATE clock SET note = (SELECT note FROM clock"
	    " WHERE id = 1) WHERE id = 2",
	    "UPDATE flow_text SET value = (SELECT value FROM flow_text"
	    " WHERE id = 1) WHERE id = 2",
	    /* to another column */
	    "UPDATE step SET actor = ref",
	    "UPDATE question SET text = answer",
	    "UPDATE told SET address = person",
	    "UPDATE letter SET sender = subject",
	    "UPDATE outmail SET subject = body, body = subject",
	    "UPDATE casefile SET title = product",
	    /* to another table */
	    "UPDATE task SET text = (SELECT text FROM question"
	    " WHERE id = task.id)",
	    "UPDATE approval SET person = (SELECT person FROM told"
	    " WHERE id = approval.id)",
	    "UPDATE letter SET subject = (SELECT subject FROM outmail"
	    " WHERE id = letter.id)",
	    "UPDATE opening SET wire = (SELECT wire FROM outmail_wire"
	    " WHERE outmail = letter)",
	};
	struct world *w = *state;

	fill(w);
	assert_int_equal(read_all(w), 0);
	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		char *copy = talloc_asprintf(w, "%s/copy", w->folder);

		world_close(w);
		/* The file as it was is put back: each move stands alone. */
		tamper(w, talloc_asprintf(w, "VACUUM INTO '%s'", copy));
		tamper(w, moves[i]);
		world_open(w);
		if (read_all(w) == 0)
			fail_msg("opens after: %s", moves[i]);
		assert_int_equal(w->err.fault, FAULT_INPUT);
		world_close(w);
		assert_int_equal(rename(copy, w->path), 0);
		world_open(w);
		assert_int_equal(read_all(w), 0);
	}
}

static void
test_tampered_bytes_do_not_open(void **state)
{
	static const char *const moves[] = {
	    /* the order of the chunks */
	    "UPDATE letter_chunk SET seq = 9 WHERE letter = 2 AND seq = 0;"
	    "UPDATE letter_chunk SET seq = 0 WHERE letter = 2 AND seq = 1;"
	    "UPDATE letter_chunk SET seq = 1 WHERE letter = 2 AND seq = 9",
	    /* cut off at its end, with the size made to fit */
	    "DELETE FROM letter_chunk WHERE letter = 2 AND seq = 2;"
	    "UPDATE letter SET size = 131072 WHERE id = 2",
	    "DELETE FROM letter_chunk WHERE letter = 2 AND seq = 0",
	    "DELETE FROM letter_chunk WHERE letter = 2",
	    /* one of another letter */
	    "UPDATE letter_chunk SET data = (SELECT data FROM letter_chunk"
	    " WHERE letter = 1 AND seq = 1) WHERE letter = 2 AND seq = 1",
	    /* all of another letter, and its header */
	    "UPDATE letter SET stream = (SELECT stream FROM letter"
	    " WHERE id = 1) WHERE id = 2;"
	    "DELETE FROM letter_chunk WHERE letter = 2;"
	    "UPDATE letter_chunk SET letter = 2",
	    /* more than it was */
	    "INSERT INTO letter_chunk (letter, seq, data) SELECT 2, 3, data"
	    " FROM letter_chunk WHERE letter = 2 AND seq = 2;"
	    "UPDATE letter SET size = size + 65536",
	    "UPDATE letter SET size = size + 1",
	    "UPDATE letter SET size = size - 1",
	    "UPDATE letter SET size = 0",
	    "UPDATE letter SET stream = x'00'",
	    "UPDATE letter_chunk SET data = x'00' WHERE seq = 0",
	};
	struct world *w = *state;

	fill(w);
	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		char *copy = talloc_asprintf(w, "%s/copy", w->folder);
		struct bytes b = BYTES_NONE;

		world_close(w);
		tamper(w, talloc_asprintf(w, "VACUUM INTO '%s'", copy));
		tamper(w, moves[i]);
		world_open(w);
		error_clear(&w->err);
		if (store_letter_bytes(w, w->st, 2, &b, &w->err) == 0)
			fail_msg("opens after: %s", moves[i]);
		assert_int_equal(w->err.fault, FAULT_INPUT);
		assert_null(b.data);
		world_close(w);
		assert_int_equal(rename(copy, w->path), 0);
		world_open(w);
		assert_ok(w, store_letter_bytes(w, w->st, 2, &b, &w->err));
	}
	/* A size that no letter has: no crash, no letter. */
	world_close(w);
	tamper(w, "UPDATE letter SET size = -1");
	world_open(w);
	assert_int_equal(
	    store_letter_bytes(w, w->st, 2, &(struct bytes){0}, &w->err), -1);
	world_close(w);
	tamper(w, "UPDATE letter SET size = 9223372036854775807");
	world_open(w);
	assert_int_equal(
	    store_letter_bytes(w, w->st, 2, &(struct bytes){0}, &w->err), -1);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_value_opens_in_its_place_alone),
	    TEST(test_every_byte_counts),
	    TEST(test_same_value_never_looks_the_same),
	    TEST(test_sizes_round_trip),
	    TEST(test_lookups_differ_by_kind_and_key),
	    TEST(test_moved_values_do_not_open),
	    TEST(test_tampered_bytes_do_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
