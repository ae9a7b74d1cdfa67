/*
 * test_store_link.c - cases that belong together: links and marks.
 */
#include "store_world.h"

/* ---- links ---- */

static int64_t
set(struct world *w, int64_t from, int64_t to, uint32_t kind)
{
	struct store_link l = {
	    .from = from, .to = to, .kind = kind, .at = NOW, .why = 2};

	begin(w);
	assert_ok(w, store_link_set(w->st, &l, &w->err));
	commit(w);
	return l.id;
}

static struct store_link *
links(struct world *w, int64_t casefile, size_t want)
{
	struct store_link *all;
	size_t count;

	assert_ok(
	    w, store_link_list(w, w->st, casefile, &all, &count, &w->err));
	assert_int_equal(count, want);
	return all;
}

static void
test_a_pair_has_one_link(void **state)
{
	struct world *w = *state;
	int64_t a = new_case(w, NULL), b = new_case(w, NULL);
	int64_t c = new_case(w, NULL), id;
	struct store_link *l;

	id = set(w, b, a, LINK_PROPOSED);
	l = links(w, a, 1);
	assert_int_equal(l->id, id);
	assert_int_equal(l->from, a);
	assert_int_equal(l->to, b);
	assert_int_equal(l->kind, LINK_PROPOSED);
	assert_int_equal(l->at, NOW);
	assert_int_equal(l->why, 2);
	/* What was refused is not proposed again, from either side. */
	set(w, a, b, LINK_REFUSED);
	assert_int_equal(set(w, b, a, LINK_PROPOSED), 0);
	assert_int_equal(set(w, a, b, LINK_PROPOSED), 0);
	assert_int_equal(links(w, b, 1)->kind, LINK_REFUSED);
	/* A person's word replaces it, and has its direction. */
	set(w, b, a, LINK_FOLLOWS);
	l = links(w, a, 1);
	assert_int_equal(l->kind, LINK_FOLLOWS);
	assert_int_equal(l->from, b);
	assert_int_equal(l->to, a);

	set(w, c, a, LINK_SAME);
	links(w, a, 2);
	links(w, b, 1);
	assert_int_equal(links(w, c, 1)->from, a);
	begin(w);
	assert_fault(w,
	    store_link_set(w->st,
		&(struct store_link){.from = a, .to = a, .kind = LINK_SAME},
		&w->err),
	    FAULT_BUG);
	store_rollback(w->st);
}

/* ---- marks ---- */

static void
mark(struct world *w, int64_t casefile, uint32_t kind, const char *value)
{
	begin(w);
	for (int i = 0; i < 2; i++)
		assert_ok(w, store_case_mark(w->st, casefile, kind,
				 bytes_str(value), &w->err));
	commit(w);
}

static size_t
alike(struct world *w, int64_t casefile, int64_t **cases, uint32_t **why)
{
	size_t count;

	assert_ok(w,
	    store_cases_alike(w, w->st, casefile, cases, why, &count, &w->err));
	return count;
}

static void
test_cases_alike(void **state)
{
	struct world *w = *state;
	int64_t a = new_case(w, NULL), b = new_case(w, NULL);
	int64_t c = new_case(w, NULL), d = new_case(w, NULL), *cases;
	uint32_t *why;

	assert_int_equal(alike(w, a, &cases, &why), 0);
	mark(w, a, MARK_PRODUCT, "xyz-100 2.4 overflow");
	mark(w, a, MARK_IDENT, "CVE-2026-0001");
	assert_int_equal(alike(w, a, &cases, &why), 0);
	mark(w, d, MARK_PRODUCT, "xyz-100 2.4 overflow");
	mark(w, b, MARK_PRODUCT, "xyz-100 2.4 overflow");
	mark(w, b, MARK_IDENT, "CVE-2026-0001");
	mark(w, c, MARK_FILE, "CVE-2026-0001");
	/* Oldest first, once each, for the best reason there is. */
	assert_int_equal(alike(w, a, &cases, &why), 2);
	assert_int_equal(cases[0], b);
	assert_int_equal(why[0], MARK_IDENT);
	assert_int_equal(cases[1], d);
	assert_int_equal(why[1], MARK_PRODUCT);
	assert_int_equal(alike(w, c, &cases, &why), 0);
	assert_int_equal(alike(w, d, &cases, &why), 2);
	assert_int_equal(cases[0], a);
}

/* Hundreds of cases of one product do not hide the same CVE. */
static void
test_a_common_mark_hides_none(void **state)
{
	struct world *w = *state;
	int64_t last = 0, a = new_case(w, NULL), *cases;
	uint32_t *why;
	size_t count;

	mark(w, a, MARK_PRODUCT, "xyz-100");
	mark(w, a, MARK_IDENT, "CVE-2026-0001");
	for (int i = 0; i < 300; i++) {
		last = new_case(w, NULL);
		mark(w, last, MARK_PRODUCT, "xyz-100");
	}
	mark(w, last, MARK_IDENT, "CVE-2026-0001");
	count = alike(w, a, &cases, &why);
	assert_true(count > 0 && count <= 256);
	assert_int_equal(cases[count - 1], last);
	assert_int_equal(why[count - 1], MARK_IDENT);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_a_pair_has_one_link),
	    TEST(test_cases_alike),
	    TEST(test_a_common_mark_hides_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
