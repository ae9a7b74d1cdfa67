/*
 * control_world.h - control on a real socket over a real store, and a client.
 *
 * One process plays both sides: ask() sends the line, gives control its turns
 * as the engine does, and reads the answer.  The engine's own part is a few
 * functions that note what they were asked.
 */
#ifndef TESTS_UNIT_CONTROL_WORLD_H
#define TESTS_UNIT_CONTROL_WORLD_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <sqlite3.h>
#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/control.h"
#include "psirtd/desk.h"
#include "psirtd/write.h"

#define ORDERS_MOST 8
#define RECEIVED INT64_C(1795510000)
#define KEY_JPCERT "1111111111111111111111111111111111111111"
#define KEY_FINDER "4444444444444444444444444444444444444444"
#define FINDER "finder@research.example"

struct desk_world {
	char folder[32], path[64], socket[64];
	uint8_t key[STORE_KEY_BYTES];
	struct settings s;
	struct operator operators[2];
	struct correspondent correspondents[1];
	struct contact contacts[1];
	struct department departments[2];
	struct store *st;
	struct control_engine engine;
	struct control *c;
	struct error err;
	/* what the engine was asked */
	unsigned woken, filed, reopened, routed;
	const char *actor; /* in whose name */
	int64_t asked;
	bool details, attachments;
	size_t ndepartments;
	int reseal_turns;
	bool again;                   /* by a request that asked before */
	struct vault_keys staged;     /* what a vault sees in "a block" */
	struct checkpoint checkpoint; /* the same */
	struct vault_ready *keys;     /* NULL: no vault has looked */
	enum fault refuse;            /* FAULT_NONE: it does what it is asked */
	struct order orders[ORDERS_MOST]; /* copies, in the order they came */
	size_t norders;
	const char *said,
	    *refused; /* what the engine says of an order, a case */
	const char *trouble;
};

static int
engine_decided(void *arg, const struct store_outmail *m, struct error *err)
{
	return 0;
}

static void
engine_wake(void *arg)
{
	((struct desk_world *)arg)->woken++;
}

static int
engine_answer(struct desk_world *w, int64_t asked, struct error *err)
{
	w->asked = asked;
	if (w->refuse != FAULT_NONE)
		return error_set(err, w->refuse, "the engine says no");
	return 0;
}

static int
engine_file(void *arg, int64_t letter, const char *actor, struct error *err)
{
	struct desk_world *w = arg;

	w->actor = talloc_strdup(w, actor);
	w->filed++;
	return engine_answer(w, letter, err);
}

static int
engine_reopen(void *arg, int64_t letter, const char *actor, struct error *err)
{
	struct desk_world *w = arg;

	w->actor = talloc_strdup(w, actor);
	w->reopened++;
	return engine_answer(w, letter, err);
}

static int
engine_route(void *arg, int64_t casefile,
    const struct department *const *departments, size_t ndepartments,
    bool details, bool attachments, const char *actor, struct error *err)
{
	struct desk_world *w = arg;

	(void)departments;
	w->actor = talloc_strdup(w, actor);
	w->routed++;
	w->ndepartments = ndepartments;
	w->details = details;
	w->attachments = attachments;
	return engine_answer(w, casefile, err);
}

static const struct vault_ready *
engine_keys(void *arg)
{
	const struct desk_world *w = arg;

	return w->keys;
}

static int
engine_confirm(void *arg, const void *ctx, const char *fingerprint,
    const char *actor, uid_t uid, char **said, struct error *err)
{
	struct desk_world *w = arg;

	w->actor = talloc_strdup(w, actor);
	(void)uid;
	*said = talloc_asprintf(ctx, "%s is confirmed", fingerprint);
	return engine_answer(w, 0, err);
}

static int
engine_stage(void *arg, const void *ctx, struct bytes block,
    struct vault_keys **keys, struct error *err)
{
	struct desk_world *w = arg;

	(void)ctx;
	if (w->reseal_turns-- > 0)
		return 1;
	assert_string_equal((const char *)block.data, "a block");
	*keys = &w->staged;
	return engine_answer(w, 0, err);
}

static int
engine_checkpoint(
    void *arg, struct bytes block, struct checkpoint *c, struct error *err)
{
	struct desk_world *w = arg;

	if (w->reseal_turns-- > 0)
		return 1;
	assert_string_equal((const char *)block.data, "a block");
	*c = w->checkpoint;
	return engine_answer(w, 0, err);
}

static int
engine_reseal(void *arg, const char *actor, bool again, struct error *err)
{
	struct desk_world *w = arg;

	w->actor = talloc_strdup(w, actor);
	w->again = again;
	if (w->reseal_turns-- > 0)
		return 1;
	return engine_answer(w, 0, err);
}

/* ---- a flow of four steps, and cases that go by it ---- */

static struct guard world_guards[] = {
    {.kind = GUARD_NO_FINDER},
    {.kind = GUARD_ANSWERED, .answer = ANSWER_DETAILS, .value = "yes"},
};
static enum answer_kind world_expects[] = {ANSWER_DETAILS, ANSWER_STATUS};
static struct flow_share world_shares[] = {
    {.role = ROLE_QUALITY, .template = "share"}};
static struct flow_mail world_mails[] = {
    {.template = "report",
	.to = AUDIENCE_COUNTERPART,
	.policy = POLICY_APPROVE,
	.guards = world_guards,
	.nguards = 2},
};
static struct flow_step world_steps[] = {
    {.number = "1.3.1",
	.title_en = "Details needed?",
	.title_ja = "詳細の要否確認",
	.phase = 1,
	.lead = ROLE_BIT(ROLE_DESIGN),
	.start = START_AUTO,
	.expects = &world_expects[0],
	.nexpects = 1},
    {.number = "2.1.1",
	.title_en = "Reproduction",
	.title_ja = "再現の確認・共有",
	.phase = 2,
	.lead = ROLE_BIT(ROLE_DESIGN),
	.start = START_AUTO,
	.expects = &world_expects[1],
	.nexpects = 1,
	.shares = world_shares,
	.nshares = 1},
    {.number = "2.3.1",
	.title_en = "Questions",
	.title_ja = "不明点の回答要求",
	.phase = 2,
	.lead = ROLE_BIT(ROLE_POC),
	.start = START_HAND,
	.optional = true,
	.again = true},
    {.number = "2.6.1",
	.title_en = "Report",
	.title_ja = "調査結果の報告",
	.phase = 2,
	.lead = ROLE_BIT(ROLE_POC),
	.start = START_HAND,
	.mails = world_mails,
	.nmails = 1},
};
static const struct flow_file world_flow = {.flow = FLOW_DIRECT,
    .path = "flow-direct.conf",
    .steps = world_steps,
    .nsteps = sizeof(world_steps) / sizeof(world_steps[0])};

static void
casework_answers(struct casework *cw)
{
	struct case_answer *standing =
	    talloc_zero_array(cw, struct case_answer, cw->nanswers + 1);
	size_t n = 0;

	for (size_t i = 0; i < cw->nanswers; i++) {
		const struct store_answer *a = &cw->answers[i];

		if (a->void_)
			continue;
		standing[n++] = (struct case_answer){.id = a->id,
		    .kind = (enum answer_kind)a->kind,
		    .value = a->value,
		    .by = a->by,
		    .department = a->department,
		    .at = a->at};
	}
	cw->view.answers = standing;
	cw->view.nanswers = n;
}

static int
casework_mails(struct desk_world *w, struct casework *cw,
    struct case_step *steps, size_t n, struct error *err)
{
	struct store_mail_count *list = NULL;
	size_t nlist = 0;

	if (store_step_mails(cw, w->st, cw->c.id, &list, &nlist, err) != 0)
		return -1;
	for (size_t i = 0; i < nlist; i++)
		for (size_t k = 0; k < n; k++) {
			if (steps[k].id != list[i].step)
				continue;
			steps[k].mails_waiting += (unsigned)list[i].mails;
			if (list[i].state == OUTMAIL_DRAFT)
				steps[k].mails_draft += (unsigned)list[i].mails;
			if (list[i].state == OUTMAIL_HELD)
				steps[k].mails_held += (unsigned)list[i].mails;
		}
	return 0;
}

/* Rows to a case_view, as the engine does it. */
static struct casework *
engine_casework(void *arg, const void *ctx, int64_t casefile, struct error *err)
{
	struct desk_world *w = arg;
	struct casework *cw = talloc_zero(ctx, struct casework);
	struct case_step *steps;
	size_t n = 0;

	if (store_case_get(cw, w->st, casefile, &cw->c, err) != 1 ||
	    store_step_list(cw, w->st, casefile, &cw->steps, &n, err) != 0 ||
	    store_answer_list(
		cw, w->st, casefile, &cw->answers, &cw->nanswers, err) != 0 ||
	    store_question_list(cw, w->st, casefile, &cw->questions,
		&cw->nquestions, err) != 0 ||
	    store_clock_list(
		cw, w->st, casefile, 100, &cw->clocks, &cw->nclocks, err) != 0)
		return NULL;
	steps = talloc_zero_array(cw, struct case_step, n + 1);
	for (size_t i = 0; i < n; i++)
		steps[i] = (struct case_step){.id = cw->steps[i].id,
		    .step = flow_step(&world_flow, cw->steps[i].number),
		    .round = cw->steps[i].round,
		    .state = cw->steps[i].state,
		    .started = cw->steps[i].started,
		    .due = cw->steps[i].due,
		    .ref = cw->steps[i].ref};
	if (casework_mails(w, cw, steps, n, err) != 0)
		return NULL;
	cw->view = (struct case_view){.s = &w->s,
	    .flow = &world_flow,
	    .kind = (enum flow)cw->c.flow,
	    .channel = cw->c.channel,
	    .closed = cw->c.state == CASE_CLOSED,
	    .phase = cw->c.phase,
	    .finder_address = cw->c.finder_address,
	    .received = cw->c.received,
	    .steps = steps,
	    .nsteps = n,
	    .routed = cw->c.routed,
	    .now = RECEIVED};
	casework_answers(cw);
	cw->refused = w->refused != NULL ? talloc_strdup(cw, w->refused) : NULL;
	return cw;
}

static int
engine_order(void *arg, const void *ctx, const struct order *order, char **said,
    struct error *err)
{
	struct desk_world *w = arg;
	struct order *copy = &w->orders[w->norders++];
	const char **words = talloc_zero_array(w, const char *, 16);

	assert_true(w->norders <= ORDERS_MOST);
	assert_true(order->nwords <= 16);
	*copy = *order;
	for (size_t i = 0; i < order->nwords; i++)
		words[i] = talloc_strdup(w, order->words[i]);
	copy->words = words;
	w->actor = copy->actor = talloc_strdup(w, order->actor);
#define KEEP(field)                                                            \
	copy->field =                                                          \
	    order->field != NULL ? talloc_strdup(w, order->field) : NULL
	KEEP(step);
	KEEP(by);
	KEEP(why);
	KEEP(subject);
	KEEP(text);
	KEEP(digest);
#undef KEEP
	*said = w->said != NULL ? talloc_strdup(ctx, w->said) : NULL;
	return engine_answer(w, order->casefile, err);
}

static char *
engine_digest(void *arg, const void *ctx, const struct store_outmail *m)
{
	(void)arg;
	return talloc_asprintf(ctx, "digest-of-%s", m->subject);
}

static const char *
engine_trouble(void *arg, const void *ctx)
{
	const char *text = ((struct desk_world *)arg)->trouble;

	return text != NULL ? talloc_strdup(ctx, text) : NULL;
}

#define assert_ok(w, call)                                                     \
	do {                                                                   \
		error_clear(&(w)->err);                                        \
		if ((call) != 0)                                               \
			fail_msg("%s: %s", #call, (w)->err.text);              \
	} while (0)

static void
desk_settings(struct desk_world *w)
{
	static const char *keys[] = {KEY_JPCERT};

	w->operators[0] = (struct operator){
	    .user = "yuki", .uid = getuid(), .role = OPERATOR_LEAD};
	w->operators[1] = (struct operator){
	    .user = "ken", .uid = getuid() + 1, .role = OPERATOR_OPERATOR};
	w->correspondents[0] = (struct correspondent){.name = "JPCERT/CC",
	    .fingerprints = keys,
	    .nfingerprints = 1,
	    .flow = FLOW_JPCERT};
	w->contacts[0] =
	    (struct contact){.name = "Hana", .address = "hana@vendor.example"};
	w->departments[0] = (struct department){.name = "plc",
	    .role = ROLE_DESIGN,
	    .contacts = w->contacts,
	    .ncontacts = 1};
	w->departments[1] =
	    (struct department){.name = "qa", .role = ROLE_QUALITY};
	w->s = (struct settings){.file = "psirtd.conf",
	    .socket = w->socket,
	    .number_prefix = "PSIRT",
	    .too_large = "Too large",
	    .reply_days = 5,
	    .poc = KEY_FINDER,
	    .operators = w->operators,
	    .noperators = 2,
	    .correspondents = w->correspondents,
	    .ncorrespondents = 1,
	    .departments = w->departments,
	    .ndepartments = 2};
	for (int role = 0; role < ROLE_COUNT; role++)
		w->s.default_departments[role] = -1;
	w->s.default_departments[ROLE_DESIGN] = 0;
	w->s.default_departments[ROLE_QUALITY] = 1;
	w->engine = (struct control_engine){.arg = w,
	    .wake = engine_wake,
	    .decided = engine_decided,
	    .file = engine_file,
	    .reopen = engine_reopen,
	    .route = engine_route,
	    .reseal = engine_reseal,
	    .renew = engine_reseal,
	    .order = engine_order,
	    .casework = engine_casework,
	    .approval_digest = engine_digest,
	    .keys = engine_keys,
	    .confirm = engine_confirm,
	    .stage = engine_stage,
	    .checkpoint = engine_checkpoint,
	    .trouble = engine_trouble};
}

static int
desk_setup(void **state)
{
	struct desk_world *w = talloc_zero(NULL, struct desk_world);

	strcpy(w->folder, "/tmp/control.XXXXXX");
	if (mkdtemp(w->folder) == NULL)
		return -1;
	snprintf(w->path, sizeof(w->path), "%s/db", w->folder);
	snprintf(w->socket, sizeof(w->socket), "%s/s", w->folder);
	desk_settings(w);
	w->st = store_open(w, w->path, &w->err);
	store_new_key(w->key);
	if (w->st == NULL ||
	    store_keep_key(w->st, bytes_str("wrapped"), w->key, &w->err) != 0 ||
	    store_unlock(w->st, w->key, &w->err) != 0 ||
	    (w->c = control_new(w, &w->s, w->st, &w->engine, &w->err)) ==
		NULL) {
		fprintf(stderr, "%s\n", w->err.text);
		return -1;
	}
	*state = w;
	return 0;
}

static int
desk_teardown(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	struct desk_world *w = *state;
	char path[96];
	int rc;

	talloc_free(w->c);
	talloc_free(w->st);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", w->path, ends[i]);
		unlink(path);
	}
	/* The socket is control's to take away. */
	rc = rmdir(w->folder);
	talloc_free(w);
	return rc;
}

/* A hand at the file; then the daemon starts again. */
static inline void
damage(struct desk_world *w, const char *sql)
{
	sqlite3 *db = NULL;

	talloc_free(w->c);
	talloc_free(w->st);
	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	w->st = store_open(w, w->path, &w->err);
	assert_non_null(w->st);
	assert_ok(w, store_unlock(w->st, w->key, &w->err));
	w->c = control_new(w, &w->s, w->st, &w->engine, &w->err);
	assert_non_null(w->c);
}

/* ---- the client ---- */

static inline int
client_connect(struct desk_world *w)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, w->socket, strlen(w->socket) + 1);
	assert_int_equal(
	    connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static inline void
client_send(int fd, const char *line)
{
	assert_int_equal(
	    send(fd, line, strlen(line), MSG_NOSIGNAL), strlen(line));
}

/* One turn, as engine_turn() gives it; how long it took. */
static inline int64_t
turn(struct desk_world *w, int wait_ms)
{
	struct pollfd fds[64];
	size_t n = control_poll(w->c, fds, 64);
	int64_t before;

	int64_t asked = control_wait_ms(w->c);

	poll(fds, (nfds_t)n,
	    asked >= 0 && asked < wait_ms ? (int)asked : wait_ms);
	before = clock_monotonic_ms();
	control_turn(w->c, fds, n);
	return clock_monotonic_ms() - before;
}

/* Takes what is there; true at the end of the connection. */
static inline bool
client_take(int fd, struct buf *in)
{
	char chunk[65536];
	ssize_t n;

	while ((n = recv(fd, chunk, sizeof(chunk), 0)) > 0)
		assert_int_equal(buf_add(in, chunk, (size_t)n, NULL), 0);
	return n == 0;
}

/* The answer to one line; NULL: the connection ended without one. */
static inline json_t *
ask_line(struct desk_world *w, const char *line)
{
	struct buf *in = buf_new(w, 64 << 20);
	int fd = client_connect(w);
	json_t *root = NULL;

	/* A long line takes more than the socket holds at once. */
	for (size_t at = 0, len = strlen(line); at < len;) {
		ssize_t n = send(fd, line + at, len - at, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			break;
		at += n > 0 ? (size_t)n : 0;
		turn(w, 0);
	}
	for (int i = 0; i < 20000 && !client_take(fd, in); i++)
		turn(w, 10);
	close(fd);
	if (in->len > 0) {
		/* One line, and JSON by the measure of another parser. */
		assert_int_equal(in->data[in->len - 1], '\n');
		assert_ptr_equal(
		    memchr(in->data, '\n', in->len), in->data + in->len - 1);
		root = json_loadb((char *)in->data, in->len, 0, NULL);
		assert_non_null(root);
		assert_int_equal(
		    json_integer_value(json_object_get(root, "version")), 1);
		assert_true(json_is_object(json_object_get(root, "data")));
	}
	talloc_free(in);
	turn(w, 0); /* lets control close its side */
	return root;
}

/* Words up to NULL. */
static inline json_t *
ask_words(struct desk_world *w, const char *const *words)
{
	json_t *args = json_array();
	json_t *root;
	char *line;

	for (; *words != NULL; words++)
		json_array_append_new(args, json_string(*words));
	root = json_pack("{s:i,s:o}", "version", 1, "args", args);
	line = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	line = realloc(line, strlen(line) + 2);
	strcat(line, "\n");
	root = ask_line(w, line);
	free(line);
	return root;
}

#define ask(w, ...) ask_words((w), (const char *const[]){__VA_ARGS__, NULL})

static inline int
exit_of(json_t *root)
{
	int code = (int)json_integer_value(json_object_get(root, "exit"));

	/* An error and its exit stand or fall together. */
	assert_int_equal(
	    code != 0, json_is_string(json_object_get(root, "error")));
	return code;
}

/* Asks and wants this exit and these words in the error. */
static inline void
assert_refused(json_t *root, int code, const char *words)
{
	const char *error = json_string_value(json_object_get(root, "error"));

	assert_non_null(error);
	if (exit_of(root) != code || strstr(error, words) == NULL)
		fail_msg("exit %d: %s", exit_of(root), error);
	json_decref(root);
}

/* The data of an answer that must be good; decref the root after use. */
static inline json_t *
data_of(json_t *root)
{
	if (exit_of(root) != 0)
		fail_msg(
		    "%s", json_string_value(json_object_get(root, "error")));
	return json_object_get(root, "data");
}

static inline void
assert_done(json_t *root)
{
	data_of(root);
	json_decref(root);
}

static inline const char *
text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "(none)";
}

/* ---- what there is to ask about ---- */

static inline int64_t
add_letter(struct desk_world *w, const char *text, enum letter_state state,
    enum reason reason, int64_t casefile)
{
	static uint32_t uid;
	struct store_intake *in = store_intake_begin(
	    w, w->st, "INBOX", 7, ++uid, RECEIVED, false, &w->err);
	struct store_letter l = {0};
	bool known = false;
	char *bytes = talloc_asprintf(w, "%s %u", text, uid);
	int64_t id = 0;

	assert_non_null(in);
	assert_ok(w, store_intake_chunk(in, bytes_str(bytes), &w->err));
	assert_ok(w, store_intake_end(in, RECEIVED, &id, &known, &w->err));
	assert_int_equal(store_letter_get(w, w->st, id, &l, &w->err), 1);
	l.state = state;
	l.reason = reason;
	l.casefile = casefile;
	l.sender = talloc_strdup(w, FINDER);
	l.subject = talloc_strdup(w, "the subject is secret");
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_letter_put(w->st, &l, LETTER_RECEIVED, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	return id;
}

static inline void
add_opening(struct desk_world *w, int64_t letter, const struct opening *o)
{
	struct buf *wire = buf_new(w, 64 << 20);

	assert_ok(w, opening_encode(o, wire, &w->err));
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(
	    w, store_opening_put(w->st, letter, buf_bytes(wire), &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	talloc_free(wire);
}

/* routed: 0 not, 1 proposed to plc, 2 sent. */
static inline int64_t
add_case(struct desk_world *w, uint32_t routed, int year)
{
	struct store_case c = {.state = CASE_OPEN,
	    .flow = FLOW_DIRECT,
	    .phase = 1,
	    .received = RECEIVED,
	    .filed = RECEIVED,
	    .routed = routed,
	    .finder_address = talloc_strdup(w, FINDER),
	    .finder_key = talloc_strdup(w, KEY_FINDER),
	    .finder_key_standing = FINDER_KEY_BOUND,
	    .language = talloc_strdup(w, "en"),
	    .proposed = routed == 1 ? talloc_strdup(w, "plc") : NULL};

	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_case_new(w, w->st, &c, "PSIRT", year, &w->err));
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	return c.id;
}

/* A pass of a step in this state; due: so long after the receipt. */
static inline int64_t
add_step(struct desk_world *w, int64_t casefile, const char *number,
    enum step_state state, int64_t due_s)
{
	struct store_step s = {.casefile = casefile,
	    .number = talloc_strdup(w, number),
	    .round = 1,
	    .state = state,
	    .ready = RECEIVED,
	    .started = state != STEP_READY ? RECEIVED : 0,
	    .ended = state == STEP_ENDED ? RECEIVED : 0,
	    .due = due_s != 0 ? RECEIVED + due_s : 0,
	    .ref = state == STEP_RUNNING ? talloc_strdup(w, "7KQ2MX") : NULL};

	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_step_add(w->st, &s, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	return s.id;
}

static inline void
add_answer(struct desk_world *w, int64_t casefile, int64_t step,
    enum answer_kind kind, const char *value)
{
	struct store_answer a = {.casefile = casefile,
	    .step = step,
	    .kind = kind,
	    .at = RECEIVED,
	    .value = talloc_strdup(w, value),
	    .by = talloc_strdup(w, "Hana"),
	    .told_by = talloc_strdup(w, "ken"),
	    .department = talloc_strdup(w, "plc")};

	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_answer_add(w->st, &a, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
}

/* The last order that the engine was given; there was one. */
static inline const struct order *
last_order(const struct desk_world *w)
{
	assert_true(w->norders > 0);
	return &w->orders[w->norders - 1];
}

/* The newest line of the record. */
static inline struct store_record
last_line(struct desk_world *w)
{
	struct store_record *list = NULL;
	struct store_record last = {0};
	size_t count = 0;

	do {
		assert_ok(w, store_record_list(w, w->st, 0, last.id, 100, &list,
				 &count, &w->err));
		if (count > 0)
			last = list[count - 1];
	} while (count > 0);
	return last;
}

#endif
