/*
 * test_read_json.c - CSAF and CVE JSON that is wrong, huge or hostile; what
 * good ones give is in tests/letters/json-*.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "read_world.h"

static struct reader *reader;

static int
set_up(void **state)
{
	reader = world_reader(NULL);
	return reader != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	talloc_free(reader);
	return 0;
}

static struct reading *
find(const void *ctx, struct bytes json, bool *found)
{
	struct reading *r = talloc_zero(ctx, struct reading);
	struct draft *d = talloc_zero(ctx, struct draft);

	d->reader = reader;
	d->reading = r;
	assert_int_equal(json_find(d, json, 1, found, NULL), 0);
	for (size_t i = 0; i < r->nfields; i++)
		assert_true(text_valid(bytes_str(r->fields[i].value)));
	return r;
}

#define CSAF "{\"document\":{\"csaf_version\":\"2.0\"},"

/* Nothing of it is an advisory, or nothing in it is a string. */
static void
test_nothing(void **state)
{
	static const struct {
		const char *json;
		bool found;
	} rows[] = {
	    {"", false},
	    {"{", false},
	    {"{}", false},
	    {"[{\"dataType\":\"CVE_RECORD\"}]", false},
	    {"{\"document\":{\"csaf_version\":2}}", false},
	    {"{\"document\":[]}", false},
	    {"{\"cveMetadata\":{\"cveId\":\"\xff\"}}", false},
	    {"{\"cveMetadata\":{\"cveId\":\"x\"}} more", false},
	    {" \r\n{\"cveMetadata\":{\"cveId\":\"x\"},\"containers\":[]}",
		true},
	    {"\xef\xbb\xbf{\"cveMetadata\":{\"cveId\":\"x\"},"
	     "\"containers\":{\"cna\":{\"title\":[\"a\"],\"affected\":{},"
	     "\"descriptions\":[1,null,\"x\",{\"lang\":1,\"value\":\"x\"}]}}}",
		true},
	    {"{\"cveMetadata\":{\"cveId\":\"x\"},\"containers\":"
	     "{\"cna\":{\"title\":\" \\n\\t \"}}}",
		true},
	    /* the list of flags (CSAF 2.0, 3.2.3.5) has none that says so */
	    {CSAF "\"vulnerabilities\":[{\"flags\":"
		  "[{\"label\":\"known_exploited\"}]}]}",
		true},
	    {CSAF "\"vulnerabilities\":{\"cve\":\"x\"},"
		  "\"product_tree\":{\"branches\":{\"name\":\"x\"}}}",
		true},
	};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool found;
		struct reading *r = find(ctx, bytes_str(rows[i].json), &found);

		assert_int_equal(found, rows[i].found);
		assert_int_equal(r->nfields, 0);
		assert_int_equal(r->nidents, 0);
	}
	talloc_free(ctx);
}

static void
test_values(void **state)
{
	static const char json[] =
	    "{\"cveMetadata\":{\"cveId\":\"ＣＶＥ－２０２６－４１９２８\"},"
	    "\"n\":1e999,\"containers\":{\"cna\":{\"title\":\"a\\u0000b\"}}}";
	void *ctx = talloc_new(NULL);
	struct reading *r;
	bool found;

	/* A number too large spoils it all, one too long does not. */
	r = find(ctx, bytes_str(json), &found);
	assert_false(found);
	r = find(ctx,
	    bytes_str(
		"{\"cveMetadata\":{\"cveId\":\"ＣＶＥ－２０２６－４１９２８"
		"\"},\"n\":123456789012345678901234567890,"
		"\"containers\":{\"cna\":{\"title\":\"\\n a \\u0000b\"}}}"),
	    &found);
	assert_true(found);
	assert_int_equal(r->nidents, 1);
	assert_string_equal(r->idents[0].value, "CVE-2026-41928");
	assert_int_equal(r->nfields, 1);
	assert_string_equal(r->fields[0].value, "a");
	talloc_free(ctx);
}

static struct bytes
repeat(const void *ctx, const char *before, const char *piece, size_t times,
    const char *after)
{
	struct buf *buf = buf_new(ctx, (size_t)16 << 20);

	buf_add(buf, before, strlen(before), NULL);
	for (size_t i = 0; i < times; i++)
		buf_add(buf, piece, strlen(piece), NULL);
	buf_add(buf, after, strlen(after), NULL);
	return buf_bytes(buf);
}

static void
test_hostile(void **state)
{
	void *ctx = talloc_new(NULL);
	struct reading *r;
	bool found;

	r = find(ctx, repeat(ctx, "{\"a\":", "[", 4000000, ""), &found);
	assert_false(found);
	r = find(
	    ctx, repeat(ctx, CSAF "\"a\":[", "0,", 2000000, "0]}"), &found);
	assert_true(found);
	assert_false(r->truncated);
	/* Over the limit: it stays a file and no more. */
	find(ctx, repeat(ctx, CSAF "\"a\":[", "0,", 2100000, "0]}"), &found);
	assert_false(found);
	/* Branches deeper than anyone makes them. */
	{
		struct bytes open = repeat(ctx, CSAF "\"product_tree\":{",
		    "\"branches\":[{\"category\":\"vendor\",\"name\":\"x\",",
		    100, "\"a\":1");

		r = find(ctx,
		    repeat(ctx, (const char *)open.data, "}]", 100, "}}"),
		    &found);
	}
	assert_true(found);
	assert_true(r->truncated);
	assert_int_equal(r->nfields, 1);
	/* More values than are kept: of one path, and in all. */
	r = find(ctx,
	    repeat(ctx, CSAF "\"vulnerabilities\":[",
		"{\"title\":\"t\",\"cve\":\"CVE-2026-1111\"},", 50000, "{}]}"),
	    &found);
	assert_true(found);
	assert_true(r->truncated);
	assert_int_equal(r->nidents, 1);
	assert_int_equal(r->nfields, 1);
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
