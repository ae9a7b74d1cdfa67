/*
 * test_read_product.c - the product map: names without regard to case, width
 * and spaces, the longest wins, patterns, and neither of them can hang.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <talloc.h>

#include "../../daemon/read/read_internal.h"

static struct products *
map(const void *ctx, const struct read_product *list, size_t n)
{
	struct error err = {0};
	struct products *products = products_new(ctx, list, n, &err);

	if (products == NULL)
		fail_msg("%s", err.text);
	return products;
}

static struct reading *
find(const void *ctx, const struct products *products, const char *text)
{
	struct reading *r = talloc_zero(ctx, struct reading);
	struct normal *n = normal_new(ctx, text, strlen(text), NULL);

	assert_non_null(n);
	assert_int_equal(products_find(products, n, 3, r, NULL), 0);
	for (size_t i = 0; i < r->nhits; i++)
		assert_int_equal(r->hits[i].part, 3);
	talloc_free(n);
	return r;
}

/* The characters matched of a product, 0 when it was not. */
static uint32_t
length(const void *ctx, const struct products *products, const char *text,
    uint32_t product)
{
	struct reading *r = find(ctx, products, text);
	uint32_t n = 0;

	for (size_t i = 0; i < r->nhits; i++) {
		if (r->hits[i].product != product)
			continue;
		assert_int_equal(n, 0); /* one hit a product */
		n = r->hits[i].length;
	}
	talloc_free(r);
	return n;
}

static void
test_names(void **state)
{
	static const char *xyz[] = {"XYZ-100", "エックスワイゼット"};
	static const char *panel[] = {"Panel View", "制御盤 A"};
	const struct read_product list[] = {{xyz, 2, NULL}, {panel, 2, NULL}};
	static const struct {
		const char *text;
		uint32_t xyz, panel;
	} cases[] = {
	    {"the XYZ-100 controller", 7, 0},
	    {"xyz-100", 7, 0},
	    {"ＸＹＺ－１００", 7, 0},
	    {"ＸＹＺー１００", 7, 0},
	    {"XYZ‐100", 7, 0},
	    {"x y z - 1 0 0", 7, 0},
	    {"弊社XYZ-100の脆弱性", 7, 0},
	    {"(XYZ-100)", 7, 0},
	    {"XYZ-100/200, XYZ-100.", 7, 0},
	    {"XYZ-\n100", 7, 0},
	    {"XYZ\xe2\x80\x8b-100", 7, 0},
	    {"①XYZ-100", 7, 0},
	    {"➊XYZ-100", 7, 0},
	    {"XYZ-100①", 7, 0},
	    {"XYZ-100⁵", 7, 0},
	    {"XYZ-100™", 7, 0},
	    {"XYZ™-100", 7, 0},
	    {"№XYZ-100", 7, 0},
	    {"ⅠXYZ-100Ⅱ", 7, 0},
	    {"ｴｯｸｽﾜｲｾﾞｯﾄ", 9, 0},
	    {"PanelView and PANEL  VIEW", 0, 9},
	    {"制御盤Ａ", 0, 4},
	    {"制御盤　ａ を", 0, 4},
	    {"XYZ-1000 AXYZ-100 XYZ-100b éXYZ-100", 0, 0},
	    {"XYZ 100 XYZ100", 0, 0},
	    {"XYZ-\n\n100", 0, 0}, /* two paragraphs */
	    {"panelviews 制御盤AB", 0, 0},
	    {"", 0, 0},
	};
	void *ctx = talloc_new(NULL);
	struct products *products = map(ctx, list, 2);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t a = length(ctx, products, cases[i].text, 0);
		uint32_t b = length(ctx, products, cases[i].text, 1);

		if (a != cases[i].xyz || b != cases[i].panel)
			fail_msg("\"%s\": %u %u", cases[i].text, a, b);
	}
	talloc_free(ctx);
}

/* What lies in a longer one is no hit, whether it came by name or pattern. */
static void
test_longest(void **state)
{
	static const char *one[] = {"XYZ-100"};
	static const char *pro[] = {"XYZ-100 Pro"};
	static const char *line[] = {"Pro Line"};
	static const char *twin[] = {"xyz - 100"};
	const struct read_product list[] = {{one, 1, NULL}, {pro, 1, NULL},
	    {line, 1, NULL}, {twin, 1, NULL},
	    {NULL, 0, "XYZ-[0-9]+( Pro Max)?"}};
	void *ctx = talloc_new(NULL);
	struct products *products = map(ctx, list, 5);
	struct reading *r = find(ctx, products, "the xyz-100pro");

	assert_int_equal(r->nhits, 1);
	assert_int_equal(r->hits[0].product, 1);
	assert_int_equal(r->hits[0].length, 10);
	/* Two of one name are both hit: the map has no clear answer. */
	r = find(ctx, products, "the XYZ-100");
	assert_int_equal(r->nhits, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(r->hits[i].length, 7);
	/* Half over each other: both. */
	assert_int_equal(length(ctx, products, "XYZ-100 Pro Line", 1), 10);
	assert_int_equal(length(ctx, products, "XYZ-100 Pro Line", 2), 7);
	/* The pattern is longer. */
	r = find(ctx, products, "XYZ-100 Pro Max");
	assert_int_equal(r->nhits, 1);
	assert_int_equal(r->hits[0].product, 4);
	/* Elsewhere the short one stands for itself. */
	assert_int_equal(
	    length(ctx, products, "XYZ-100 Pro Max, XYZ-100", 0), 7);
	talloc_free(ctx);
}

static void
test_patterns(void **state)
{
	const struct read_product list[] = {
	    {NULL, 0, "\\bXYZ-[1-3]\\d{2}[a-z]?\\b"},
	    {NULL, 0, "制御盤[A-Z]型"}};
	void *ctx = talloc_new(NULL);
	struct products *products = map(ctx, list, 2);
	char *line = talloc_strdup(ctx, "");

	assert_int_equal(length(ctx, products, "my xyz-250K.", 0), 8);
	assert_int_equal(length(ctx, products, "ＸＹＺ－２５０", 0), 7);
	assert_int_equal(length(ctx, products, "XYZ-450 XYZ-2500", 0), 0);
	assert_int_equal(length(ctx, products, "制御盤Ｃ型です", 1), 5);
	/* At any place of a long line, and never a part of a longer word. */
	for (unsigned i = 0; i < 300; i++) {
		char *text = talloc_asprintf(
		    line, "%s XYZ-250 %s XYZ-250000", line, line);

		assert_int_equal(length(ctx, products, text, 0), 7);
		text = talloc_asprintf(line, "%s XYZ-250000 %s", line, line);
		assert_int_equal(length(ctx, products, text, 0), 0);
		line = talloc_strdup_append(line, i % 2 ? "wo" : "r ");
	}
	talloc_free(ctx);
}

static void
test_refused(void **state)
{
	static const char *blank[] = {"XYZ", " 　"};
	static const struct {
		struct read_product product;
		const char *says;
	} cases[] = {
	    {{NULL, 0, "XYZ-(1"}, "\"XYZ-(1\""},
	    {{NULL, 0, "[z-a]"}, "\"[z-a]\""},
	    {{NULL, 0, "(?<=a*)b"}, "\"(?<=a*)b\""},
	    {{NULL, 0, "(a{1,60000}){1,60000}"}, "(a{1,60000}){1,60000}"},
	    {{NULL, 0, "x*"}, "\"x*\" matches the empty text"},
	    {{blank, 2, NULL}, "empty"},
	};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = {0};

		assert_null(products_new(ctx, &cases[i].product, 1, &err));
		assert_int_equal(err.fault, FAULT_SETUP);
		if (strstr(err.text, cases[i].says) == NULL)
			fail_msg("%s", err.text);
		assert_null(strstr(err.text, "LIMIT"));
	}
	assert_int_equal(talloc_total_blocks(ctx), 1);
	talloc_free(ctx);
}

/* A map of many products: each is found, and the frame holds the hits. */
static void
test_many(void **state)
{
	enum { N = 6000 };
	void *ctx = talloc_new(NULL);
	struct read_product *list =
	    talloc_zero_array(ctx, struct read_product, N);
	struct products *products;
	char *text = talloc_strdup(ctx, "");
	struct buf *out = buf_new(ctx, 1 << 24);
	struct reading *r;

	for (unsigned i = 0; i < N; i++) {
		list[i].names = talloc_array(list, const char *, 1);
		list[i].names[0] = talloc_asprintf(list, "Model %u", i);
		list[i].nnames = 1;
		text = talloc_asprintf_append_buffer(text, "model%u\n", i);
	}
	products = map(ctx, list, N);
	for (unsigned i = 0; i < N; i += 997)
		assert_true(length(ctx, products, list[i].names[0], i) > 5);
	r = find(ctx, products, text);
	assert_in_range(r->nhits, 1000, 4096);
	assert_int_equal(wire_encode(&reading_wire, r, out, NULL), 0);
	talloc_free(ctx);
}

/* ---- time ---- */

static double
seconds(const void *ctx, const struct products *products, const char *unit,
    size_t times)
{
	size_t len = strlen(unit);
	char *text = talloc_array(ctx, char, len *times + 1);
	double best = 1e9;

	for (size_t i = 0; i < times; i++)
		memcpy(text + i * len, unit, len);
	text[len * times] = '\0';
	for (unsigned k = 0; k < 3; k++) {
		clock_t start = clock();
		double took;

		talloc_free(find(ctx, products, text));
		took = (double)(clock() - start) / CLOCKS_PER_SEC;
		best = took < best ? took : best;
	}
	talloc_free(text);
	return best;
}

/* Patterns that hang other programs: exponential, cubic and quadratic. */
static void
test_time(void **state)
{
	static const char *names[] = {
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "ab"};
	const struct read_product list[] = {{NULL, 0, "(a+)+$"},
	    {NULL, 0, "(a|aa)+b"}, {NULL, 0, "(.*)(.*)(.*)x"},
	    {NULL, 0, ".*ab?.*c"}, {NULL, 0, "(?R)?a(?R)?b"}, {names, 2, NULL}};
	static const char *const units[] = {
	    "a", "a ", "ab ", "aaaaaaaaaaaaaaa\n", "あ", "制御 ab", "aab"};
	void *ctx = talloc_new(NULL);
	struct products *products = map(ctx, list, 6);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t times = 150000 / strlen(units[i]);
		double once = seconds(ctx, products, units[i], times);
		double twice = seconds(ctx, products, units[i], 2 * times);

		if (twice > 4 * once + 0.02)
			fail_msg("\"%s\": %.3f s, then %.3f s", units[i], once,
			    twice);
	}
	talloc_free(ctx);
}

/* A pattern that runs wild is given up, not only bounded: the text costs
 * little more than one it does not run wild on. */
static void
test_given_up(void **state)
{
	const struct read_product list[] = {
	    {NULL, 0, "(a+)+$"}, {NULL, 0, "(a|aa)+b"}};
	void *ctx = talloc_new(NULL);
	struct products *products = map(ctx, list, 2);
	double calm = seconds(ctx, products, "cd", 20000);
	double wild = seconds(
	    ctx, products, "a-aaaaaaaaaaaaaaaaaaaaaaaa c", 20000 * 2 / 28);

	if (wild > 10 * calm)
		fail_msg("%.4f s, not %.4f s", wild, calm);
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_longest),
	    cmocka_unit_test(test_patterns),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_time),
	    cmocka_unit_test(test_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
