/*
 * desk_world.h - a small vendor for the desk's tests: settings built by hand,
 * letters by a few words, and a row that says what the desk must make of one.
 *
 * A row names only what matters to it; everything else is the common case: a
 * fresh letter of a finder, in clear, unsigned, policy `report`.
 */
#ifndef TESTS_UNIT_DESK_WORLD_H
#define TESTS_UNIT_DESK_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <talloc.h>

#include "psirtd/desk.h"

#define KEY_JPCERT "1111111111111111111111111111111111111111"
#define KEY_CERT "2222222222222222222222222222222222222222"
#define KEY_PLC "3333333333333333333333333333333333333333"
#define KEY_FINDER "4444444444444444444444444444444444444444"
#define KEY_OTHER "5555555555555555555555555555555555555555"
#define KEY_OPERATOR "6666666666666666666666666666666666666666"
#define KEY_POC "7777777777777777777777777777777777777777"

#define NOW INT64_C(1795543200)
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

enum { DEP_PLC, DEP_LAB, DEP_SI, DEP_QA, DEP_HMI, DEP_COUNT };
enum { PRODUCT_XYZ, PRODUCT_ABC, PRODUCT_XYZ_PRO, PRODUCT_NONE_OF_OURS };

struct world {
	struct settings s;
	struct contact contacts[2];
	struct department departments[DEP_COUNT];
	struct product products[4];
	struct correspondent correspondents[2];
	struct operator operators[1];
};

static inline void
world_init(struct world *w)
{
	static const char *jp_names[] = {"JPCERT/CC", "vultures"};
	static const char *jp_addresses[] = {"vuls@jpcert.example"};
	static const char *jp_domains[] = {"jpcert.example"};
	static const char *jp_keys[] = {KEY_JPCERT};
	static const char *ce_names[] = {"CERT Coordination Center"};
	static const char *ce_addresses[] = {"cert@cert.example"};
	static const char *ce_keys[] = {KEY_CERT};
	static const char *aliases[] = {"security@vendor.example"};

	memset(w, 0, sizeof(*w));
	w->contacts[0] = (struct contact){.name = "Hana",
	    .address = "hana@vendor.example",
	    .fingerprint = KEY_PLC};
	for (int i = 0; i < DEP_COUNT; i++)
		w->departments[i] = (struct department){.name = "dep",
		    .role = ROLE_DESIGN,
		    .contacts = w->contacts,
		    .ncontacts = i == DEP_PLC ? 1 : 0};
	for (size_t i = 0; i < COUNT_OF(w->products); i++)
		for (int r = 0; r < ROLE_COUNT; r++)
			w->products[i].departments[r] = -1;
	for (int i = PRODUCT_XYZ; i <= PRODUCT_XYZ_PRO; i++) {
		int *d = w->products[i].departments;

		d[ROLE_DESIGN] = i == PRODUCT_ABC ? DEP_HMI : DEP_PLC;
		d[ROLE_RESEARCH] = DEP_LAB;
		d[ROLE_INTEGRATION] = DEP_SI;
		d[ROLE_QUALITY] = DEP_QA;
		d[ROLE_SALES] = DEP_HMI; /* not told by step 1.3.1 */
	}
	w->correspondents[0] = (struct correspondent){.name = "JPCERT/CC",
	    .names = jp_names,
	    .nnames = 2,
	    .addresses = jp_addresses,
	    .naddresses = 1,
	    .domains = jp_domains,
	    .ndomains = 1,
	    .fingerprints = jp_keys,
	    .nfingerprints = 1,
	    .flow = FLOW_JPCERT,
	    .language = "ja"};
	w->correspondents[1] = (struct correspondent){.name = "CERT/CC",
	    .names = ce_names,
	    .nnames = 1,
	    .addresses = ce_addresses,
	    .naddresses = 1,
	    .fingerprints = ce_keys,
	    .nfingerprints = 1,
	    .flow = FLOW_DIRECT,
	    .language = "en"};
	w->operators[0] =
	    (struct operator){.user = "yuki", .fingerprint = KEY_OPERATOR};
	w->s = (struct settings){.address = "psirt@vendor.example",
	    .aliases = aliases,
	    .naliases = 1,
	    .poc = KEY_POC,
	    .stale_s = 3 * 86400,
	    .language = "en",
	    .route_auto = true,
	    .acknowledge = ACKNOWLEDGE_REPORT,
	    .acknowledge_per_hour = 5,
	    .automatic_per_hour = 60,
	    .departments = w->departments,
	    .ndepartments = DEP_COUNT,
	    .products = w->products,
	    .nproducts = COUNT_OF(w->products),
	    .correspondents = w->correspondents,
	    .ncorrespondents = 2,
	    .operators = w->operators,
	    .noperators = 1};
	for (int r = 0; r < ROLE_COUNT; r++)
		w->s.default_departments[r] = -1;
	w->s.default_departments[ROLE_DESIGN] = DEP_QA;
}

/* How the letter is wrapped. */
enum shape {
	CLEAR,         /* text alone, or signed in clear */
	SEALED,        /* encrypted to us, opened */
	CLOSED,        /* encrypted, not to us */
	CLOSED_FOR_US, /* one of our keys is named, it did not open */
	SMIME,
	UNREADABLE, /* no opening at all */
};

/* Who signed the text. */
enum by {
	NOBODY,
	JPCERT,
	CERT,
	DEPARTMENT,
	FINDER,
	STRANGER,       /* a key we do not hold */
	OPERATOR,       /* pinned, but of no party of a case */
	DAMAGED,        /* a bad signature */
	DAMAGED_JPCERT, /* a bad one in the name of the pinned key */
	EXPIRED_JPCERT, /* by the pinned key after its end */
};

/* What stands in the text, bits. */
enum content {
	PRODUCT = 1,
	IDENT_FLAW = 2, /* a CVE */
	TWO_LABELS = 4,
	SAME_LABEL = 8,   /* one label twice */
	DESCRIPTION = 16, /* CWE, CVSS, TLP, CPE, our number */
	VN = 32,
	KEY = 64, /* a key block came along */
	NO_TEXT = 128,
	KEY_PROVED = 256, /* with KEY: it made the signature */
};

struct row {
	const char *name;
	enum shape shape;
	enum by by;
	unsigned has; /* enum content */
	const char *from, *from_name, *reply_to, *return_path;
	const char *inner_from, *inner_name, *inner_reply_to; /* protected */
	const char *user_id; /* of the key that came along */
	uint32_t limit;      /* enum read_limit */
	uint32_t outcome;    /* of the layer, where it is another */
	unsigned flags;      /* enum header_flag */
	const char *auto_submitted;
	bool japanese;
	struct candidate names[3]; /* until casefile is 0 */
	bool by_hand, adopted, junk, own, bounce, address_known, no_from;
	int64_t age_s;
	unsigned today, automatic;
	int policy; /* enum acknowledge + 1; 0: report */

	/* what must come of it */
	enum letter_state state;
	enum reason reason;
	enum silence silence;
	int64_t join, named;
	bool new_case, unopened, tell, resend, claims, bind;
	int flow;          /* enum flow; 0: not asked */
	const char *reply; /* NULL: not asked; "": none */
	const char *language;
};

/* Short words for rows. */
#define CASE .state = LETTER_FILED, .new_case = true
#define ASIDE .state = LETTER_SET_ASIDE
#define JOINS(n) .state = LETTER_FILED, .join = (n)
#define FROM_JPCERT .from = "vuls@jpcert.example"

/* How the case 7 comes to be a candidate. */
#define THREAD(...)                                                            \
	{                                                                      \
		{                                                              \
			.casefile = 7, .by = MATCH_THREAD, __VA_ARGS__         \
		}                                                              \
	}
#define NUMBER(...)                                                            \
	{                                                                      \
		{                                                              \
			.casefile = 7, .by = MATCH_NUMBER, __VA_ARGS__         \
		}                                                              \
	}
#define TRACKING(...)                                                          \
	{                                                                      \
		{                                                              \
			.casefile = 7, .by = MATCH_TRACKING, __VA_ARGS__       \
		}                                                              \
	}
#define REPORT(...)                                                            \
	{                                                                      \
		{                                                              \
			.casefile = 7, .by = MATCH_REPORT, __VA_ARGS__         \
		}                                                              \
	}
#define KNOWN .address_known = true
#define CLOSED_YET .unopened = true
#define ANSWERS_US .answers_us = true
#define BOUND .bound_key = KEY_FINDER
#define OF_JPCERT .correspondent = "JPCERT/CC"

struct built {
	struct opening o;
	struct layer layers[2];
	struct signature signature;
	struct part parts[4];
	struct mail_address from, reply_to, inner_from, inner_reply_to;
	const char *user_ids[1];
	struct ident idents[8];
	struct field fields[4];
	struct product_hit hit;
};

static inline void
sign_layer(struct built *b, struct layer *layer, enum by by)
{
	static const char *const keys[] = {[JPCERT] = KEY_JPCERT,
	    [CERT] = KEY_CERT,
	    [DEPARTMENT] = KEY_PLC,
	    [FINDER] = KEY_FINDER,
	    [OPERATOR] = KEY_OPERATOR,
	    [EXPIRED_JPCERT] = KEY_JPCERT};

	if (by == NOBODY)
		return;
	b->signature.status = SIGNATURE_GOOD;
	if (by == STRANGER)
		b->signature.status = SIGNATURE_NO_KEY;
	else if (by == DAMAGED || by == DAMAGED_JPCERT)
		b->signature.status = SIGNATURE_BAD;
	else if (by == EXPIRED_JPCERT)
		b->signature.status = SIGNATURE_KEY_EXPIRED;
	if ((size_t)by < COUNT_OF(keys))
		b->signature.primary = keys[by];
	if (by == DAMAGED_JPCERT) /* gpg gives the key id alone */
		b->signature.claimed = "1111111111111111";
	layer->signatures = &b->signature;
	layer->nsignatures = 1;
}

static inline void
build_layers(const struct row *r, struct built *b)
{
	struct layer *layer = &b->layers[0];

	if (r->shape == CLEAR && r->by == NOBODY)
		return;
	b->o.layers = b->layers;
	b->o.nlayers = 1;
	layer->kind = r->shape == CLEAR ? LAYER_SIGNED : LAYER_ENCRYPTED;
	layer->outcome = LAYER_OPEN;
	sign_layer(b, layer, r->by);
	b->o.encrypted = r->shape == SEALED;
	if (r->shape == CLOSED || r->shape == CLOSED_FOR_US) {
		layer->outcome = LAYER_NO_SECRET_KEY;
		layer->for_us = r->shape == CLOSED_FOR_US;
		b->o.unopened = 1;
	}
	if (r->outcome != 0)
		layer->outcome = r->outcome;
	if (r->shape == SMIME)
		b->o.nlayers = 0;
}

static inline void
add_part(struct built *b, uint32_t kind, const char *type, const char *text,
    uint32_t layer)
{
	b->parts[b->o.nparts++] = (struct part){.kind = kind,
	    .type = type,
	    .layer = layer,
	    .content = bytes_of(text, strlen(text))};
}

static inline void
add_ident(struct built *b, uint32_t kind, const char *value)
{
	b->idents[b->o.nidents++] = (struct ident){kind, value, 1};
}

static inline void
add_field(struct built *b, uint32_t kind, const char *value)
{
	b->fields[b->o.nfields++] = (struct field){kind, value, 1};
}

static inline void
build_content(const struct row *r, struct built *b)
{
	bool open =
	    r->shape == SEALED || (r->shape == CLEAR && r->by != NOBODY);
	uint32_t layer = open ? 1 : 0;

	b->o.parts = b->parts;
	b->o.idents = b->idents;
	b->o.fields = b->fields;
	b->o.hits = &b->hit;
	if ((r->has & NO_TEXT) == 0)
		add_part(b, PART_TEXT, "text/plain", "the words", layer);
	if (r->shape == SMIME)
		add_part(b, PART_SMIME, "application/pkcs7-mime", "?", 0);
	if (r->shape == CLOSED || r->shape == CLOSED_FOR_US)
		add_part(b, PART_ENCRYPTED, "application/pgp", "?", 0);
	if ((r->has & KEY) != 0) {
		add_part(b, PART_KEY, "application/pgp-keys", "?", layer);
		b->o.key_part = (uint32_t)b->o.nparts;
		b->o.key_fingerprint = KEY_FINDER;
		b->o.key_signed = (r->has & KEY_PROVED) != 0;
		b->user_ids[0] = r->user_id;
		b->o.key_uids = b->user_ids;
		b->o.nkey_uids = r->user_id != NULL ? 1 : 0;
	}
	if ((r->has & PRODUCT) != 0) {
		b->hit = (struct product_hit){PRODUCT_XYZ, 7, 1};
		b->o.nhits = 1;
	}
	if ((r->has & IDENT_FLAW) != 0)
		add_ident(b, IDENT_CVE, "CVE-2026-41928");
	if ((r->has & VN) != 0)
		add_ident(b, IDENT_JPCERT, "JPCERT#91234567");
	if ((r->has & DESCRIPTION) != 0) {
		add_ident(b, IDENT_CWE, "CWE-79");
		add_ident(b, IDENT_CVSS, "CVSS:3.1/AV:N");
		add_ident(b, IDENT_TLP, "TLP:RED");
		add_ident(b, IDENT_CPE, "cpe:2.3:h:v:p");
		add_ident(b, IDENT_PURL, "pkg:pypi/x");
		add_ident(b, IDENT_CASE, "PSIRT-2026-0099");
	}
	if ((r->has & TWO_LABELS) != 0) {
		add_field(b, FIELD_VERSION, "2.3");
		add_field(b, FIELD_IMPACT, "stops");
	}
	if ((r->has & SAME_LABEL) != 0) {
		add_field(b, FIELD_REPORTER, "Robin");
		add_field(b, FIELD_REPORTER, "Finder");
	}
}

static inline void
build(const struct row *r, struct built *b)
{
	struct headers *h = &b->o.headers;

	memset(b, 0, sizeof(*b));
	b->from.address = r->from != NULL ? r->from : "finder@research.example";
	b->from.name = r->from_name;
	b->reply_to.address = r->reply_to;
	h->from = &b->from;
	h->nfrom = r->no_from ? 0 : 1;
	h->reply_to = &b->reply_to;
	h->nreply_to = r->reply_to != NULL ? 1 : 0;
	h->return_path = r->return_path;
	h->subject = "a subject";
	h->flags = r->flags;
	h->auto_submitted = r->auto_submitted;
	b->o.japanese = r->japanese;
	b->o.limit = r->limit;
	b->inner_from = (struct mail_address){r->inner_name, r->inner_from};
	b->inner_reply_to.address = r->inner_reply_to;
	b->o.inner.from = &b->inner_from;
	b->o.inner.nfrom = r->inner_from != NULL ? 1 : 0;
	b->o.inner.reply_to = &b->inner_reply_to;
	b->o.inner.nreply_to = r->inner_reply_to != NULL ? 1 : 0;
	b->o.inner_layer = r->inner_from != NULL ? 1 : 0;
	build_layers(r, b);
	build_content(r, b);
}

static inline struct decision *
judge_row(
    const void *ctx, struct world *w, struct built *b, const struct row *r)
{
	struct desk_input in = {.settings = &w->s,
	    .now = NOW,
	    .received = NOW - r->age_s,
	    .adopted = r->adopted,
	    .junk = r->junk,
	    .own_message_id = r->own,
	    .bounce_of_ours = r->bounce,
	    .by_hand = r->by_hand,
	    .address_known = r->address_known,
	    .candidates = r->names,
	    .automatic_last_day = r->today,
	    .automatic_last_hour = r->automatic};

	if (r->policy != 0)
		w->s.acknowledge = (enum acknowledge)(r->policy - 1);
	build(r, b);
	in.opening = r->shape == UNREADABLE ? NULL : &b->o;
	while (in.ncandidates < COUNT_OF(r->names) &&
	       r->names[in.ncandidates].casefile != 0)
		in.ncandidates++;
	return desk_judge(ctx, &in);
}

static inline void
check_row(void **state)
{
	const struct row *r = *state;
	void *ctx = talloc_new(NULL);
	struct decision *d;
	struct built b;
	struct world w;

	world_init(&w);
	d = judge_row(ctx, &w, &b, r);
	assert_non_null(d);
	assert_string_equal(
	    letter_state_name(d->state), letter_state_name(r->state));
	assert_string_equal(reason_name(d->reason), reason_name(r->reason));
	assert_string_equal(silence_name(d->silence), silence_name(r->silence));
	assert_int_equal(d->acknowledge, d->silence == SILENCE_NONE);
	assert_int_equal(d->join, r->join);
	assert_int_equal(d->named, r->named != 0 ? r->named : r->join);
	assert_int_equal(d->new_case, r->new_case);
	assert_int_equal(d->unopened, r->unopened);
	assert_int_equal(d->tell_poc, r->tell);
	/* List mail that the desk is told of is no noise in `psirt`. */
	if (d->reason == REASON_LIST && d->state == LETTER_SET_ASIDE)
		assert_int_equal(d->unconfirmed, r->tell);
	assert_int_equal(d->ask_resend, r->resend);
	assert_int_equal(d->claims_correspondent, r->claims);
	assert_int_equal(d->bind_key, r->bind);
	if (r->flow != 0)
		assert_int_equal(d->flow, r->flow);
	if (r->reply != NULL)
		assert_string_equal(
		    d->reply_to != NULL ? d->reply_to : "", r->reply);
	if (r->language != NULL)
		assert_string_equal(d->language, r->language);
	/* Whatever the row: nobody is answered without an address. */
	if (d->acknowledge || d->ask_resend)
		assert_non_null(d->reply_to);
	assert_false(d->acknowledge && d->ask_resend);
	talloc_free(ctx);
}

/* One test a row, under the row's own name. */
static inline int
run_rows(const char *group, const struct row *rows, size_t nrows)
{
	struct CMUnitTest *tests = calloc(nrows, sizeof(*tests));
	int failed;

	if (tests == NULL)
		return 1;
	for (size_t i = 0; i < nrows; i++) {
		tests[i].name = rows[i].name;
		tests[i].test_func = check_row;
		memcpy(&tests[i].initial_state, &(const void *){&rows[i]},
		    sizeof(void *));
	}
	failed = _cmocka_run_group_tests(group, tests, nrows, NULL, NULL);
	free(tests);
	return failed;
}

#endif
