/*
 * control_world.h - control on a real socket over a real store, and a client.
 *
 * One process plays both sides: ask() sends the line, gives control its turns
 * as the engine does, and reads the answer.  The engine's own part is a few
 * functions that note what they were asked.
 */
#ifndef TESTS_UNIT_CONTROL_WORLD_H
#define TESTS_UNIT_CONTROL_WORLD_H

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
#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/control.h"
#include "psirtd/desk.h"

#define RECEIVED INT64_C(1795510000)
#define KEY_JPCERT "1111111111111111111111111111111111111111"
#define KEY_FINDER "4444444444444444444444444444444444444444"
#define FINDER "finder@research.example"

struct desk_world {
	char folder[32], path[64], socket[64];
	struct settings s;
	struct operator operators[1];
	struct correspondent correspondents[1];
	struct contact contacts[1];
	struct department departments[2];
	struct store *st;
	struct control_engine engine;
	struct control *c;
	struct error err;
	/* what the engine was asked */
	unsigned woken, filed, reopened, routed;
	int64_t asked;
	bool details, attachments;
	size_t ndepartments;
	int reseal_turns;
	enum fault refuse; /* FAULT_NONE: it does what it is asked */
	const char *trouble;
};

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

	(void)actor;
	w->filed++;
	return engine_answer(w, letter, err);
}

static int
engine_reopen(void *arg, int64_t letter, const char *actor, struct error *err)
{
	struct desk_world *w = arg;

	(void)actor;
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
	(void)actor;
	w->routed++;
	w->ndepartments = ndepartments;
	w->details = details;
	w->attachments = attachments;
	return engine_answer(w, casefile, err);
}

static int
engine_reseal(void *arg, const char *actor, struct error *err)
{
	struct desk_world *w = arg;

	(void)actor;
	if (w->reseal_turns-- > 0)
		return 1;
	return engine_answer(w, 0, err);
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
	w->correspondents[0] = (struct correspondent){.name = "JPCERT/CC",
	    .fingerprints = keys,
	    .nfingerprints = 1,
	    .flow = FLOW_JPCERT};
	w->contacts[0] =
	    (struct contact){.name = "Hana", .address = "hana@vendor.example"};
	w->departments[0] = (struct department){
	    .name = "plc", .contacts = w->contacts, .ncontacts = 1};
	w->departments[1] = (struct department){.name = "qa"};
	w->s = (struct settings){.file = "psirtd.conf",
	    .socket = w->socket,
	    .number_prefix = "PSIRT",
	    .too_large = "Too large",
	    .reply_days = 5,
	    .poc = KEY_FINDER,
	    .operators = w->operators,
	    .noperators = 1,
	    .correspondents = w->correspondents,
	    .ncorrespondents = 1,
	    .departments = w->departments,
	    .ndepartments = 2};
	w->engine = (struct control_engine){w, engine_wake, engine_file,
	    engine_reopen, engine_route, engine_reseal, engine_trouble};
}

static int
desk_setup(void **state)
{
	struct desk_world *w = talloc_zero(NULL, struct desk_world);
	uint8_t key[STORE_KEY_BYTES];

	strcpy(w->folder, "/tmp/control.XXXXXX");
	if (mkdtemp(w->folder) == NULL)
		return -1;
	snprintf(w->path, sizeof(w->path), "%s/db", w->folder);
	snprintf(w->socket, sizeof(w->socket), "%s/s", w->folder);
	desk_settings(w);
	w->st = store_open(w, w->path, &w->err);
	store_new_key(key);
	if (w->st == NULL ||
	    store_keep_key(w->st, bytes_str("wrapped"), key, &w->err) != 0 ||
	    store_unlock(w->st, key, &w->err) != 0 ||
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

	poll(fds, (nfds_t)n, control_busy(w->c) ? 0 : wait_ms);
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

	client_send(fd, line);
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
