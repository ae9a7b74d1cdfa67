/*
 * test_desk_route.c - which product, which departments, by itself or
 * proposed, and whether the letter's words go along (RULES 3, 5).
 */
#include "desk_world.h"

/* A letter as judge_row() builds it; hits are put in by hand. */
struct routing {
	struct world w;
	struct built b;
	struct product_hit hits[3];
	struct row row;
	struct desk_input in;
};

static void
routing_init(struct routing *r, enum shape shape, enum by by)
{
	memset(r, 0, sizeof(*r));
	world_init(&r->w);
	r->row.shape = shape;
	r->row.by = by;
	r->row.has = PRODUCT;
	if (by == JPCERT)
		r->row.from = "vuls@jpcert.example";
	build(&r->row, &r->b);
	r->hits[0] = (struct product_hit){PRODUCT_XYZ, 7, 1};
	r->b.o.hits = r->hits;
	r->in = (struct desk_input){.settings = &r->w.s,
	    .opening = &r->b.o,
	    .now = NOW,
	    .received = NOW};
}

static void
assert_routes(const struct decision *d, const struct world *w, const int *want,
    size_t nwant)
{
	assert_int_equal(d->nroutes, nwant);
	for (size_t i = 0; i < nwant; i++)
		assert_ptr_equal(
		    d->routes[i].department, &w->departments[want[i]]);
}

static const int xyz[] = {DEP_PLC, DEP_LAB, DEP_SI, DEP_QA};

/* ---- the product ---- */

static void
test_longest_hit_wins(void **state)
{
	struct product_hit hits[] = {
	    {PRODUCT_ABC, 3, 1}, {PRODUCT_XYZ_PRO, 11, 2}, {PRODUCT_XYZ, 7, 1}};
	struct opening o = {.hits = hits, .nhits = 3};
	struct world w;
	bool clear = true;

	(void)state;
	world_init(&w);
	assert_int_equal(desk_product(&w.s, &o, NULL, &clear), PRODUCT_XYZ_PRO);
	/* ABC belongs to another department: nobody knows which is meant. */
	assert_false(clear);
	hits[0].product = PRODUCT_XYZ;
	assert_int_equal(desk_product(&w.s, &o, NULL, &clear), PRODUCT_XYZ_PRO);
	assert_true(clear);
	/* Sales is not told by step 1.3.1: it makes no difference. */
	w.products[PRODUCT_XYZ].departments[ROLE_SALES] = DEP_QA;
	assert_int_equal(desk_product(&w.s, &o, NULL, &clear), PRODUCT_XYZ_PRO);
	assert_true(clear);
	hits[1].product = 4096; /* a hostile index */
	assert_int_equal(desk_product(&w.s, &o, NULL, &clear), PRODUCT_XYZ);
	o.nhits = 0;
	assert_int_equal(desk_product(&w.s, &o, NULL, &clear), -1);
	assert_false(clear);
}

static void
test_departments_of_a_product(void **state)
{
	struct routing r;
	struct decision *d;

	(void)state;
	routing_init(&r, SEALED, STRANGER);
	d = desk_judge(NULL, &r.in);
	assert_int_equal(d->product, PRODUCT_XYZ);
	assert_routes(d, &r.w, xyz, COUNT_OF(xyz));
	assert_int_equal(d->routes[0].role, ROLE_DESIGN);
	assert_int_equal(d->routes[1].role, ROLE_RESEARCH);
	assert_int_equal(d->routes[2].role, ROLE_INTEGRATION);
	assert_int_equal(d->routes[3].role, ROLE_QUALITY);
	assert_true(d->route_now);
	assert_false(d->share_text);
	talloc_free(d);
}

static void
test_one_department_in_two_roles(void **state)
{
	static const int want[] = {DEP_PLC, DEP_SI};
	struct routing r;
	struct decision *d;

	(void)state;
	routing_init(&r, SEALED, NOBODY);
	r.w.products[PRODUCT_XYZ].departments[ROLE_RESEARCH] = DEP_PLC;
	r.w.products[PRODUCT_XYZ].departments[ROLE_QUALITY] = DEP_PLC;
	d = desk_judge(NULL, &r.in);
	assert_routes(d, &r.w, want, COUNT_OF(want));
	assert_int_equal(d->routes[0].role, ROLE_DESIGN);
	talloc_free(d);
}

static void
test_no_product_proposes_the_default(void **state)
{
	static const int want[] = {DEP_QA};
	struct routing r;
	struct decision *d;

	(void)state;
	routing_init(&r, SEALED, NOBODY);
	r.b.o.nhits = 0;
	d = desk_judge(NULL, &r.in);
	assert_int_equal(d->product, -1);
	assert_routes(d, &r.w, want, 1);
	assert_false(d->route_now);
	talloc_free(d);
	/* A product that names no department at all. */
	r.hits[0].product = PRODUCT_NONE_OF_OURS;
	r.b.o.nhits = 1;
	d = desk_judge(NULL, &r.in);
	assert_int_equal(d->product, PRODUCT_NONE_OF_OURS);
	assert_routes(d, &r.w, want, 1);
	assert_false(d->route_now);
	talloc_free(d);
	r.w.s.default_departments[ROLE_DESIGN] = 99;
	d = desk_judge(NULL, &r.in);
	assert_int_equal(d->nroutes, 0);
	assert_false(d->route_now);
	talloc_free(d);
}

/* ---- by itself, or proposed ---- */

static bool
goes_now(struct routing *r)
{
	struct decision *d = desk_judge(NULL, &r->in);
	bool now = d->route_now;

	assert_true(d->new_case);
	assert_true(d->nroutes > 0);
	talloc_free(d);
	return now;
}

static void
test_who_is_routed_by_itself(void **state)
{
	struct routing r;

	(void)state;
	routing_init(&r, CLEAR, NOBODY);
	assert_false(goes_now(&r)); /* anybody can write one */
	r.in.by_hand = true;
	assert_true(goes_now(&r)); /* a person accepted it */
	r.w.s.route_auto = false;
	assert_false(goes_now(&r));

	/* Filed by hand in a coordinator's name, but not signed so: proposed.
	 */
	routing_init(&r, CLEAR, NOBODY);
	r.b.o.headers.from[0].address = "vuls@jpcert.example";
	r.in.by_hand = true;
	assert_false(goes_now(&r));

	routing_init(&r, SEALED, NOBODY);
	assert_true(goes_now(&r));
	r.w.s.route_auto = false;
	assert_false(goes_now(&r));

	routing_init(&r, SEALED, NOBODY);
	r.in.adopted = true;
	assert_false(goes_now(&r));

	routing_init(&r, SEALED, NOBODY);
	r.hits[1] = (struct product_hit){PRODUCT_ABC, 3, 1};
	r.b.o.nhits = 2;
	assert_false(goes_now(&r)); /* no one clear answer */

	routing_init(&r, SEALED, NOBODY);
	r.in.automatic_last_hour = 60;
	assert_false(goes_now(&r)); /* a flood of letters */
}

static void
test_pinned_words_must_name_the_product(void **state)
{
	struct routing r;

	(void)state;
	routing_init(&r, CLEAR, JPCERT);
	assert_true(goes_now(&r));
	r.hits[0].part = 0; /* the outer subject, which nobody signed */
	assert_false(goes_now(&r));
	r.hits[0].part = 99;
	assert_false(goes_now(&r));
	r.hits[0].part = 1;
	/* A file somebody hung beside the signed text. */
	r.b.parts[r.b.o.nparts] = (struct part){
	    .kind = PART_TEXT, .content = bytes_str("more"), .layer = 0};
	r.hits[0].part = (uint32_t)++r.b.o.nparts;
	assert_false(goes_now(&r));
}

/* A longer name that somebody put beside the signed words wins nothing. */
static void
test_pinned_words_alone_name_the_product(void **state)
{
	struct product_hit hits[] = {
	    {PRODUCT_ABC, 30, 0}, {PRODUCT_XYZ, 7, 1}, {PRODUCT_ABC, 40, 2}};
	struct routing r;
	struct decision *d;

	(void)state;
	routing_init(&r, CLEAR, JPCERT);
	r.b.parts[r.b.o.nparts++] = (struct part){
	    .kind = PART_TEXT, .content = bytes_str("more"), .layer = 0};
	hits[2].part = (uint32_t)r.b.o.nparts;
	r.b.o.hits = hits;
	r.b.o.nhits = COUNT_OF(hits);
	d = desk_judge(NULL, &r.in);
	assert_int_equal(d->product, PRODUCT_XYZ);
	assert_true(d->route_now);
	assert_routes(d, &r.w, xyz, COUNT_OF(xyz));
	talloc_free(d);
	hits[1].part = 2; /* nothing signed names one: a proposal */
	d = desk_judge(NULL, &r.in);
	assert_int_equal(d->product, PRODUCT_ABC);
	assert_false(d->route_now);
	talloc_free(d);
}

static void
test_nothing_to_hand_on(void **state)
{
	struct routing r;
	struct decision *d;

	(void)state;
	routing_init(&r, SEALED, NOBODY); /* joins: the case has its routes */
	r.row.names[0] = (struct candidate){.casefile = 7, .by = MATCH_THREAD};
	r.in.candidates = r.row.names;
	r.in.ncandidates = 1;
	d = desk_judge(NULL, &r.in);
	assert_int_equal(d->join, 7);
	assert_int_equal(d->product, PRODUCT_XYZ);
	assert_int_equal(d->nroutes, 0);
	talloc_free(d);
	routing_init(&r, CLOSED, NOBODY); /* nobody has read it yet */
	r.in.address_known = true;
	r.b.o.nhits = 0;
	d = desk_judge(NULL, &r.in);
	assert_true(d->new_case && d->unopened);
	assert_int_equal(d->nroutes, 0);
	talloc_free(d);
}

/* ---- whether the words go along ---- */

static bool
shares(struct routing *r)
{
	struct decision *d = desk_judge(NULL, &r->in);
	bool share = d->share_text;

	talloc_free(d);
	return share;
}

static void
test_only_a_correspondents_words_are_shared(void **state)
{
	struct routing r;

	(void)state;
	routing_init(&r, SEALED, JPCERT);
	assert_true(shares(&r));
	routing_init(&r, CLEAR, JPCERT);
	assert_true(shares(&r));
	routing_init(&r, SEALED, STRANGER);
	assert_false(shares(&r));
	routing_init(&r, SEALED, NOBODY);
	assert_false(shares(&r));
	routing_init(&r, SEALED, DAMAGED_JPCERT);
	assert_false(shares(&r));
	/* The words that would be shown are deeper, and not its own. */
	routing_init(&r, CLEAR, JPCERT);
	r.b.layers[1] =
	    (struct layer){.kind = LAYER_SIGNED, .outcome = LAYER_OPEN};
	r.b.o.nlayers = 2;
	r.b.layers[1].parent = 1;
	r.b.parts[r.b.o.nparts++] = (struct part){
	    .kind = PART_TEXT, .content = bytes_str("deeper"), .layer = 2};
	assert_true(shares(&r)); /* inside what it signed: its own */
	/* What was ciphertext when it signed, somebody else may have written;
	 * and a message that it sends on is no word of its own. */
	r.b.layers[1].kind = LAYER_ENCRYPTED;
	assert_false(shares(&r));
	r.b.layers[1].kind = LAYER_SIGNED;
	r.b.layers[1].signatures = &r.b.signature;
	r.b.layers[1].nsignatures = 1;
	r.b.layers[1].part = 2;
	r.b.layers[0].nsignatures = 0;
	r.b.parts[1].flags = PART_FORWARDED;
	assert_false(shares(&r));
	r.b.layers[0].nsignatures = 1;
	r.b.layers[1].parent = 0;
	r.b.parts[1].flags = 0;
	r.b.layers[1].signatures =
	    &(struct signature){.status = SIGNATURE_GOOD, .primary = KEY_OTHER};
	r.b.layers[1].nsignatures = 1;
	r.b.parts[1].layer = 2;
	r.b.parts[0].content = bytes_str(" ");
	assert_false(shares(&r));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_longest_hit_wins),
	    cmocka_unit_test(test_departments_of_a_product),
	    cmocka_unit_test(test_one_department_in_two_roles),
	    cmocka_unit_test(test_no_product_proposes_the_default),
	    cmocka_unit_test(test_who_is_routed_by_itself),
	    cmocka_unit_test(test_pinned_words_must_name_the_product),
	    cmocka_unit_test(test_pinned_words_alone_name_the_product),
	    cmocka_unit_test(test_nothing_to_hand_on),
	    cmocka_unit_test(test_only_a_correspondents_words_are_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
