/*
 * test_base_wire.c - the codec: what goes in comes out, and nothing hostile
 * comes through.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <talloc.h>

#include "psirtd/wire.h"

struct leaf {
	uint32_t n;
	const char *text;
};

struct tree {
	int64_t when;
	struct leaf first;
	struct leaf *leaves;
	size_t nleaves;
	const char **words;
	size_t nwords;
	struct bytes blob;
};

static const struct wire_field leaf_fields[] = {
    WIRE_F(WIRE_U32, leaf, n),
    WIRE_F(WIRE_STR, leaf, text),
};
static const struct wire_type leaf_wire = WIRE_TYPE(leaf, leaf_fields);

static const struct wire_field tree_fields[] = {
    WIRE_F(WIRE_I64, tree, when),
    WIRE_F_STRUCT(tree, first, &leaf_wire),
    WIRE_F_LIST(tree, leaves, nleaves, &leaf_wire, 3),
    WIRE_F_STRS(tree, words, nwords, 3),
    WIRE_F(WIRE_BYTES, tree, blob),
};
static const struct wire_type tree_wire = WIRE_TYPE(tree, tree_fields);

static struct leaf leaves[] = {{7, "seven"}, {8, NULL}, {9, ""}};
static const char *words[] = {"制御", NULL};

static struct tree
sample(void)
{
	struct tree t = {0};

	t.when = -5;
	t.first = (struct leaf){UINT32_MAX, "x"};
	t.leaves = leaves;
	t.nleaves = 3;
	t.words = words;
	t.nwords = 2;
	t.blob = bytes_of("a\0b", 3);
	return t;
}

static struct buf *
encoded(void *ctx, const struct tree *t)
{
	struct buf *buf = buf_new(ctx, 65536);
	struct error err = {0};

	assert_int_equal(wire_encode(&tree_wire, t, buf, &err), 0);
	return buf;
}

static void
test_round_trip(void **state)
{
	void *ctx = talloc_new(NULL);
	struct tree in = sample();
	struct buf *buf = encoded(ctx, &in);
	struct error err = {0};
	struct tree *out = wire_decode(ctx, &tree_wire, buf_bytes(buf), &err);

	assert_non_null(out);
	assert_true(out->when == -5);
	assert_int_equal(out->first.n, UINT32_MAX);
	assert_int_equal(out->nleaves, 3);
	assert_string_equal(out->leaves[0].text, "seven");
	assert_null(out->leaves[1].text);
	assert_string_equal(out->leaves[2].text, "");
	assert_int_equal(out->nwords, 2);
	assert_string_equal(out->words[0], "制御");
	assert_null(out->words[1]);
	assert_true(bytes_equal(out->blob, in.blob));
	talloc_free(ctx);
}

/* Every cut and every changed byte either decodes or says INPUT. */
static void
test_damaged(void **state)
{
	void *ctx = talloc_new(NULL);
	struct tree in = sample();
	struct buf *buf = encoded(ctx, &in);
	struct error err = {0};

	assert_null(wire_decode(ctx, &tree_wire, BYTES_NONE, &err));
	assert_int_equal(err.fault, FAULT_INPUT);
	for (size_t cut = 0; cut < buf->len; cut++)
		assert_null(wire_decode(
		    ctx, &tree_wire, bytes_of(buf->data, cut), &err));
	for (size_t at = 0; at < buf->len; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			void *obj;

			error_clear(&err);
			buf->data[at] ^= (uint8_t)(1u << bit);
			obj =
			    wire_decode(ctx, &tree_wire, buf_bytes(buf), &err);
			if (obj == NULL)
				assert_int_equal(err.fault, FAULT_INPUT);
			talloc_free(obj);
			buf->data[at] ^= (uint8_t)(1u << bit);
		}
	}
	assert_int_equal(buf_add(buf, "x", 1, &err), 0);
	assert_null(wire_decode(ctx, &tree_wire, buf_bytes(buf), &err));
	talloc_free(ctx);
}

/* A count of 4 thousand million in a short frame takes no memory. */
static void
test_counts(void **state)
{
	static const uint8_t huge[] = {0, 0, 0, 0, 0, 0, 0, 0, /* when */
	    0, 0, 0, 0, 0, 0, 0, 0,                            /* first */
	    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0};
	struct error err = {0};
	struct tree t = sample();
	struct leaf four[4] = {{0, NULL}};
	void *ctx = talloc_new(NULL);
	struct buf *buf = buf_new(ctx, 65536);

	assert_null(
	    wire_decode(ctx, &tree_wire, bytes_of(huge, sizeof(huge)), &err));
	assert_int_equal(err.fault, FAULT_INPUT);
	t.leaves = four;
	t.nleaves = 4; /* the table says 3 */
	assert_int_equal(wire_encode(&tree_wire, &t, buf, &err), -1);
	talloc_free(ctx);
}

static void
test_text(void **state)
{
	static const char *const bad[] = {
	    "\xff", "\xc0\x80", "\xed\xa0\x80", "a\xe3\x81"};
	void *ctx = talloc_new(NULL);
	struct error err = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct leaf l = {1, bad[i]};
		struct buf *buf = buf_new(ctx, 100);
		size_t len = strlen(bad[i]);
		uint8_t raw[64] = {0, 0, 0, 1, 0, 0, 0, (uint8_t)(len + 1)};

		assert_int_equal(wire_encode(&leaf_wire, &l, buf, &err), -1);
		memcpy(raw + 8, bad[i], len);
		assert_null(
		    wire_decode(ctx, &leaf_wire, bytes_of(raw, 8 + len), &err));
	}
	/* NUL inside a string */
	assert_null(wire_decode(
	    ctx, &leaf_wire, bytes_of("\0\0\0\1\0\0\0\3a\0", 10), &err));
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_damaged),
	    cmocka_unit_test(test_counts),
	    cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
