/*
 * engine_world.h - a vendor's desk for tests of the engine: a real store, the
 * shipped flows and templates, two departments, JPCERT/CC, a lead.
 *
 * Letters are openings as the rooms would have made them, filed by the stop
 * `file`; what leaves is marked as sent, nothing is.
 */
#ifndef TEST_ENGINE_WORLD_H
#define TEST_ENGINE_WORLD_H

#include "store_world.h"

#include "../../daemon/engine_case.h"
#include "psirtd/clock.h"
#include "psirtd/wire.h"

#define POC "0000000000000000000000000000000000000001"
#define AKIRA "0000000000000000000000000000000000000002"
#define SORA "0000000000000000000000000000000000000003"
#define REI "0000000000000000000000000000000000000004"
#define JPCERT "0000000000000000000000000000000000000005"
#define LEAD "0000000000000000000000000000000000000006"
#define FINDER "finder@example.org"

struct vendor {
	struct world *w;
	struct engine *e;
	struct settings s;
	struct contact contacts[3];
	struct department departments[3];
	struct product product;
	struct correspondent jpcert;
	struct operator operators[2];
	uint32_t uid; /* of the next letter */
	char *said;   /* of the last order */
};

static inline const struct flow_file *
vendor_flow(struct vendor *v, enum flow flow, const char *path)
{
	char *errors = NULL;
	char *text = talloc_zero_size(v, 1 << 20);
	FILE *f = fopen(path, "r");
	const struct flow_file *parsed;

	assert_non_null(f);
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	parsed = flow_parse(v, flow, path, text, &errors, &v->w->err);
	if (parsed == NULL)
		fail_msg("%s", errors != NULL ? errors : v->w->err.text);
	return parsed;
}

static inline void
vendor_people(struct vendor *v)
{
	static const struct {
		const char *name, *title, *who, *address, *key;
		enum role role;
	} rows[] = {
	    {"plc", "PLC", "Akira", "akira@vendor.example", AKIRA, ROLE_DESIGN},
	    {"si", "SI", "Sora", "sora@vendor.example", SORA, ROLE_INTEGRATION},
	    {"csirt", "CSIRT", "Rei", "rei@vendor.example", REI, ROLE_CSIRT},
	};

	for (int role = 0; role < ROLE_COUNT; role++)
		v->product.departments[role] = v->s.default_departments[role] =
		    -1;
	for (int i = 0; i < 3; i++) {
		v->contacts[i] = (struct contact){.name = rows[i].who,
		    .address = rows[i].address,
		    .fingerprint = rows[i].key};
		v->departments[i] = (struct department){.name = rows[i].name,
		    .title = rows[i].title,
		    .role = rows[i].role,
		    .contacts = &v->contacts[i],
		    .ncontacts = 1};
		v->product.departments[rows[i].role] =
		    v->s.default_departments[rows[i].role] = i;
	}
	v->operators[0] = (struct operator){.user = "haru",
	    .role = OPERATOR_LEAD,
	    .address = "haru@vendor.example",
	    .fingerprint = LEAD};
	v->operators[1] =
	    (struct operator){.user = "yuki", .role = OPERATOR_OPERATOR};
}

static inline void
vendor_settings(struct vendor *v)
{
	static const char *names[] = {"XYZ-100"};
	static const char *keys[] = {JPCERT};
	static const char *addresses[] = {"office@jpcert.example"};

	vendor_people(v);
	v->product.name = "XYZ-100";
	v->product.names = names;
	v->product.nnames = 1;
	v->product.lead = ROLE_DESIGN;
	v->jpcert = (struct correspondent){.name = "JPCERT/CC",
	    .addresses = addresses,
	    .naddresses = 1,
	    .fingerprints = keys,
	    .nfingerprints = 1,
	    .flow = FLOW_JPCERT,
	    .language = "en"};
	v->s.address = "psirt@vendor.example";
	v->s.organization = "Vendor";
	v->s.poc = POC;
	v->s.language = "en";
	v->s.number_prefix = "PSIRT";
	v->s.acknowledge = ACKNOWLEDGE_ENCRYPTED;
	v->s.acknowledge_per_hour = v->s.automatic_per_hour = 1000;
	v->s.reply_days = 5;
	v->s.retention_years = 5;
	v->s.acknowledge_days = 1;
	v->s.stale_s = INT64_C(400) * 86400;
	v->s.morning = -1;
	v->s.departments = v->departments;
	v->s.ndepartments = 3;
	v->s.products = &v->product;
	v->s.nproducts = 1;
	v->s.correspondents = &v->jpcert;
	v->s.ncorrespondents = 1;
	v->s.operators = v->operators;
	v->s.noperators = 2;
}

static inline int
vendor_setup(void **state)
{
	struct vendor *v;
	struct world *w;

	if (world_setup(state) != 0)
		return -1;
	w = *state;
	v = talloc_zero(w, struct vendor);
	v->w = w;
	vendor_settings(v);
	v->s.flows[FLOW_DIRECT] =
	    vendor_flow(v, FLOW_DIRECT, "conf/flow-direct.conf");
	v->s.flows[FLOW_JPCERT] =
	    vendor_flow(v, FLOW_JPCERT, "conf/flow-jpcert.conf");
	v->e = talloc_zero(v, struct engine);
	v->e->s = &v->s;
	v->e->st = w->st;
	v->e->unlocked = true;
	v->e->templates = write_load(v, "conf/templates", NULL, &w->err);
	if (v->e->templates == NULL)
		fail_msg("%s", w->err.text);
	*state = v;
	return 0;
}

static inline int
vendor_teardown(void **state)
{
	struct vendor *v = *state;

	*state = v->w;
	return world_teardown(state);
}

/* ---- a vault, played ---- */

static inline void
vendor_worker(struct vendor *v)
{
	v->e->workers = talloc_zero_array(v->e, struct worker, 1);
	v->e->workers[0].read.ready = v->e->workers[0].vault.ready = true;
	v->e->nworkers = 1;
}

/* It answers what it was asked for a checkpoint; false: nothing was. */
static inline bool
vendor_checkpoint(struct vendor *v, uint32_t type, const struct wire_type *of,
    const void *obj)
{
	struct task *task = v->e->nworkers > 0 ? v->e->workers[0].task : NULL;
	struct buf *buf = buf_new(v, 65536);
	struct frame frame = {.type = type};

	if (task == NULL || task->kind != WORK_CHECKPOINT)
		return false;
	assert_ok(v->w, wire_encode(of, obj, buf, &v->w->err));
	frame.payload = buf_bytes(buf);
	checkpoint_vault_frame(task, &frame);
	assert_null(v->e->workers[0].task);
	return true;
}

/* The head of the record is "signed". */
static inline bool
vendor_signs(struct vendor *v)
{
	const struct vault_blob block = {bytes_str("-----SIGNED-----\n")};

	return vendor_checkpoint(v, VAULT_SIGNED, &vault_blob_wire, &block);
}

/* ---- cases, steps, mails ---- */

/* A case that a finder, or JPCERT/CC, has opened; it goes by today's flow. */
static inline int64_t
vendor_case(struct vendor *v, enum flow flow)
{
	struct world *w = v->w;
	struct store_case c = {.flow = flow,
	    .state = CASE_OPEN,
	    .phase = 2,
	    .received = clock_now(),
	    .filed = clock_now(),
	    .product = talloc_strdup(v, "XYZ-100"),
	    .language = talloc_strdup(v, "en"),
	    .routed = 2};

	if (flow == FLOW_JPCERT)
		c.correspondent = talloc_strdup(v, "JPCERT/CC");
	else
		c.finder_address = talloc_strdup(v, FINDER);
	begin(w);
	assert_ok(w, store_flow_keep(w->st, flow, v->s.flows[flow]->text,
			 &c.flow_file, &w->err));
	assert_ok(w, store_case_new(v, w->st, &c, "PSIRT", 2026, &w->err));
	if (flow == FLOW_DIRECT)
		assert_ok(
		    w, store_case_address_add(w->st, c.id, FINDER, &w->err));
	commit(w);
	return c.id;
}

static inline struct casework *
vendor_load(struct vendor *v, int64_t casefile)
{
	struct casework *cw;

	error_clear(&v->w->err);
	cw = case_load(v, v->e, casefile, &v->w->err);
	if (cw == NULL)
		fail_msg("%s", v->w->err.text);
	return cw;
}

/* A running pass of the step, its mails drafted; its row. */
static inline struct store_step
vendor_begin(struct vendor *v, int64_t casefile, const char *number)
{
	struct world *w = v->w;
	struct casework *cw = vendor_load(v, casefile);
	const struct flow_step *step = flow_step(cw->view.flow, number);
	struct store_step *list = NULL;
	struct store_step row = {0};
	size_t n = 0;

	assert_non_null(step);
	begin(w);
	assert_ok(w, step_begin(v->e, cw, step, true, 0, "psirtd", &w->err));
	commit(w);
	assert_ok(w, store_step_list(v, w->st, casefile, &list, &n, &w->err));
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].number, number) == 0)
			row = list[i];
	assert_int_equal(row.state, STEP_RUNNING);
	return row;
}

static inline struct store_step
vendor_step(struct vendor *v, int64_t id)
{
	struct store_step row = {0};

	assert_int_equal(store_step_get(v, v->w->st, id, &row, &v->w->err), 1);
	return row;
}

/* A mail that was held, and why; recipient: to which key, or NULL. */
static inline int64_t
vendor_held(struct vendor *v, const char *recipient, const char *why)
{
	struct world *w = v->w;
	struct store_outmail m = {.kind = MAIL_MORNING,
	    .state = OUTMAIL_APPROVED,
	    .made = clock_now(),
	    .encrypt = recipient != NULL,
	    .to = talloc_strdup(v, "x@example.org"),
	    .recipient = talloc_strdup(v, recipient),
	    .subject = talloc_strdup(v, "s"),
	    .body = talloc_strdup(v, "b")};

	begin(w);
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	m.state = OUTMAIL_HELD;
	m.reason = talloc_strdup(v, why);
	assert_ok(w, store_outmail_put(w->st, &m, OUTMAIL_APPROVED, &w->err));
	commit(w);
	return m.id;
}

static inline uint32_t
vendor_mail_state(struct vendor *v, int64_t id)
{
	struct store_outmail m = {0};

	assert_int_equal(store_outmail_get(v, v->w->st, id, &m, &v->w->err), 1);
	return m.state;
}

/* The newest mail of this kind; id 0: there is none. */
static inline struct store_outmail
vendor_mail(struct vendor *v, int64_t casefile, enum mail_kind kind)
{
	struct store_outmail *list = NULL;
	size_t n = 0;

	assert_ok(v->w, store_outmail_list(v, v->w->st, 0, casefile, 1000,
			    &list, &n, &v->w->err));
	for (size_t i = 0; i < n; i++)
		if (list[i].kind == (uint32_t)kind)
			return list[i];
	return (struct store_outmail){0};
}

/* SMTP took it, at that time. */
static inline void
vendor_sent(struct vendor *v, int64_t id, int64_t at)
{
	struct world *w = v->w;
	struct store_outmail m = {0};
	uint32_t from;

	assert_int_equal(store_outmail_get(v, w->st, id, &m, &w->err), 1);
	from = m.state;
	m.state = OUTMAIL_SENT;
	m.sent = at;
	begin(w);
	assert_ok(w, store_outmail_put(w->st, &m, from, &w->err));
	assert_ok(w, leave_sent(v->e, &m, &w->err));
	commit(w);
}

/* The open task of this kind; id 0: there is none. */
static inline struct store_task
vendor_task(struct vendor *v, int64_t casefile, enum task_kind kind)
{
	struct store_task *list = NULL;
	size_t n = 0;

	assert_ok(v->w, store_task_list(v, v->w->st, casefile, 1000, &list, &n,
			    &v->w->err));
	for (size_t i = 0; i < n; i++)
		if (list[i].kind == (uint32_t)kind)
			return list[i];
	return (struct store_task){0};
}

/* The running clock of this kind; id 0: there is none. */
static inline struct store_clock
vendor_clock(struct vendor *v, int64_t casefile, enum clock_kind kind)
{
	struct casework *cw = vendor_load(v, casefile);

	for (size_t i = 0; i < cw->nclocks; i++)
		if (cw->clocks[i].kind == (uint32_t)kind)
			return cw->clocks[i];
	return (struct store_clock){0};
}

/* How many lines of the record say this of the case. */
static inline size_t
vendor_recorded(struct vendor *v, int64_t casefile, enum record_what what)
{
	struct store_record *list = NULL;
	size_t found = 0;
	size_t n = 0;

	assert_ok(v->w, store_record_list(v, v->w->st, casefile, 0, 1000, &list,
			    &n, &v->w->err));
	for (size_t i = 0; i < n; i++)
		found += list[i].what == (uint32_t)what;
	return found;
}

/* The value that stands for this kind of answer, or NULL. */
static inline const char *
vendor_answer(struct vendor *v, int64_t casefile, enum answer_kind kind)
{
	const struct case_answer *a =
	    case_answer_of(&vendor_load(v, casefile)->view, kind);

	return a != NULL ? a->value : NULL;
}

/* ---- letters ---- */

struct vendor_letter {
	const char *from, *text;
	const char *key;   /* that signed, good; NULL: nobody did */
	uint32_t status;   /* of the signature; 0: good */
	int64_t made;      /* when it signed */
	int64_t age;       /* seconds that it has waited for its opening */
	const char *reply; /* Message-ID that it answers */
	struct ident *idents;
	size_t nidents;
	struct field *fields;
	size_t nfields;
	struct part *file; /* comes along */
	uint32_t flags;    /* of the header */
	bool encrypted;
};

static inline int64_t
vendor_arrives(struct vendor *v, const char *bytes, int64_t age)
{
	struct world *w = v->w;
	struct store_intake *in = store_intake_begin(
	    v, w->st, "INBOX", 7, v->uid, clock_now() - age, false, &w->err);
	int64_t id = 0;
	bool known;

	assert_non_null(in);
	assert_ok(w, store_intake_chunk(in, bytes_str(bytes), &w->err));
	assert_ok(w, store_intake_end(in, clock_now(), &id, &known, &w->err));
	return id;
}

/* Opened, and lies ready for the stop `file`. */
static inline int64_t
vendor_opened(struct vendor *v, const struct vendor_letter *letter)
{
	struct world *w = v->w;
	struct mail_address from = {NULL, letter->from};
	const char *references[] = {letter->reply};
	char *id = talloc_asprintf(v, "letter.%u@example.org", ++v->uid);
	struct signature signature = {
	    .status = letter->status != 0 ? letter->status : SIGNATURE_GOOD,
	    .primary = letter->key,
	    .made = letter->made};
	struct layer layer = {
	    .kind = letter->encrypted ? LAYER_ENCRYPTED : LAYER_SIGNED,
	    .outcome = LAYER_OPEN,
	    .for_us = letter->encrypted,
	    .signatures = &signature,
	    .nsignatures = letter->key != NULL};
	struct part parts[2] = {{.kind = PART_TEXT,
	    .type = "text/plain",
	    .content = bytes_str(letter->text),
	    .layer = letter->key != NULL || letter->encrypted}};
	struct opening o = {.headers = {.from = &from,
				.nfrom = 1,
				.message_id = id,
				.references = references,
				.nreferences = letter->reply != NULL,
				.flags = letter->flags},
	    .layers = &layer,
	    .nlayers = letter->key != NULL || letter->encrypted,
	    .parts = parts,
	    .nparts = 1,
	    .idents = letter->idents,
	    .nidents = letter->nidents,
	    .fields = letter->fields,
	    .nfields = letter->nfields,
	    .encrypted = letter->encrypted};
	struct buf *wire = buf_new(v, 1 << 20);
	struct store_letter row = {0};
	int64_t row_id;

	/* What is sealed is sealed with all that comes along. */
	if (letter->file != NULL) {
		parts[o.nparts] = *letter->file;
		parts[o.nparts++].layer = letter->encrypted;
	}
	row_id = vendor_arrives(v, id, letter->age);
	assert_ok(w, opening_encode(&o, wire, &w->err));
	assert_int_equal(store_letter_get(v, w->st, row_id, &row, &w->err), 1);
	row.state = LETTER_OPENED;
	begin(w);
	assert_ok(
	    w, store_opening_put(w->st, row_id, buf_bytes(wire), &w->err));
	assert_ok(w, store_letter_put(w->st, &row, LETTER_RECEIVED, &w->err));
	commit(w);
	return row_id;
}

/* Filed; the row as it is then. */
static inline struct store_letter
vendor_files(struct vendor *v, const struct vendor_letter *letter)
{
	struct store_letter row = {0};
	int64_t id = vendor_opened(v, letter);

	assert_true(stop_file(v->e));
	assert_int_equal(
	    store_letter_get(v, v->w->st, id, &row, &v->w->err), 1);
	return row;
}

/* ---- orders ---- */

/* How many lines of the record are by this person. */
static inline size_t
vendor_lines_by(struct vendor *v, const char *actor)
{
	struct store_record *list = NULL;
	int64_t after = 0;
	size_t found = 0;
	size_t n = 0;

	do {
		assert_int_equal(store_record_list(v, v->w->st, 0, after, 1000,
				     &list, &n, NULL),
		    0);
		for (size_t i = 0; i < n; i++) {
			found += strcmp(list[i].actor, actor) == 0;
			after = list[i].id;
		}
		talloc_free(list);
	} while (n > 0);
	return found;
}

static inline int
vendor_order(struct vendor *v, const struct order *order)
{
	struct order o = *order;
	size_t before;
	int rc;

	if (o.actor == NULL)
		o.actor = "haru";
	if (o.role == 0)
		o.role = OPERATOR_LEAD;
	error_clear(&v->w->err);
	before = vendor_lines_by(v, o.actor);
	rc = engine_order(v->e, v, &o, &v->said, &v->w->err);
	/* Whatever a person has done stands under a name. */
	assert_true(rc != 0 || vendor_lines_by(v, o.actor) > before);
	return rc;
}

#define assert_ordered(v, ...)                                                 \
	do {                                                                   \
		const struct order order_ = {__VA_ARGS__};                     \
		if (vendor_order(v, &order_) != 0)                             \
			fail_msg("refused: %s", (v)->w->err.text);             \
	} while (0)

#define assert_refused(v, words, ...)                                          \
	do {                                                                   \
		const struct order order_ = {__VA_ARGS__};                     \
		assert_int_equal(vendor_order(v, &order_), -1);                \
		assert_int_equal((v)->w->err.fault, FAULT_DENIED);             \
		if (strstr((v)->w->err.text, words) == NULL)                   \
			fail_msg("refused by: %s", (v)->w->err.text);          \
	} while (0)

#endif
