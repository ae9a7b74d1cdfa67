/*
 * test_control_persons.c - every command there is, asked by each role and by
 * a stranger: who may not is refused, and what is done, read, approved or
 * overridden has its line under the name of a person (RULES 20, 26).
 */
#include "control_world.h"

#include "../../daemon/control/request.h"
#include "psirtd/store_keep.h"

/* One a row of commands[]; what it asks for is there (desk_full()). */
static const struct sample {
	const char *name;
	enum operator_role role; /* the least that may */
	const char *words[12];
} samples[] = {
    {"approve", OPERATOR_VIEWER, {"approve"}},
    {"approve --drop", OPERATOR_OPERATOR,
	{"approve", "1", "--drop", "--why", "x"}},
    {"approve --edit", OPERATOR_OPERATOR,
	{"approve", "--edit", "--digest", "d", "--", "1", "s", "t"}},
    {"approve --override", OPERATOR_LEAD,
	{"approve", "1", "--yes", "--digest", "d", "--override", "consent",
	    "--why", "x"}},
    {"approve --yes", OPERATOR_OPERATOR,
	{"approve", "1", "--yes", "--digest", "d"}},
    {"approve MAIL", OPERATOR_VIEWER, {"approve", "1"}},
    {"backup", OPERATOR_OPERATOR, {"backup"}},
    {"clock CASE", OPERATOR_VIEWER, {"clock", "1"}},
    {"clock CASE end", OPERATOR_OPERATOR, {"clock", "1", "end", "imposed"}},
    {"clock CASE set", OPERATOR_OPERATOR,
	{"clock", "1", "set", "imposed", "2027-01-01"}},
    {"clock CASE start", OPERATOR_OPERATOR, {"clock", "1", "start", "imposed"}},
    {"close", OPERATOR_OPERATOR, {"close", "1", "published"}},
    {"close --override", OPERATOR_LEAD,
	{"close", "1", "published", "--override", "consent", "--why", "x"}},
    {"customers", OPERATOR_VIEWER, {"customers", "1"}},
    {"drop", OPERATOR_OPERATOR, {"drop", "1", "--why", "x"}},
    {"file", OPERATOR_OPERATOR, {"file", "1"}},
    {"incident", OPERATOR_OPERATOR, {"incident", "1"}},
    {"key confirm", OPERATOR_OPERATOR, {"key", "confirm", KEY_JPCERT}},
    {"key list", OPERATOR_VIEWER, {"key", "list"}},
    {"key renew", OPERATOR_LEAD, {"key", "renew"}},
    {"key reseal", OPERATOR_LEAD, {"key", "reseal"}},
    {"key stage", OPERATOR_VIEWER, {"key", "stage", "a block"}},
    {"letter", OPERATOR_VIEWER, {"letter", "1"}},
    {"letter --reopen", OPERATOR_OPERATOR, {"letter", "1", "--reopen"}},
    {"link", OPERATOR_OPERATOR, {"link", "1", "2"}},
    {"list", OPERATOR_VIEWER, {"list"}},
    {"log", OPERATOR_VIEWER, {"log"}},
    {"log --notes", OPERATOR_VIEWER, {"log", "--notes"}},
    {"merge", OPERATOR_OPERATOR, {"merge", "1", "2"}},
    {"note", OPERATOR_OPERATOR, {"note", "1", "x"}},
    {"purge", OPERATOR_LEAD, {"purge"}},
    {"purge --dry-run", OPERATOR_VIEWER, {"purge", "--dry-run"}},
    {"question CASE", OPERATOR_VIEWER, {"question", "1"}},
    {"question CASE again", OPERATOR_OPERATOR, {"question", "1", "again", "1"}},
    {"question CASE answer", OPERATOR_OPERATOR,
	{"question", "1", "answer", "1", "x"}},
    {"question CASE ask", OPERATOR_OPERATOR, {"question", "1", "ask", "1"}},
    {"question CASE drop", OPERATOR_OPERATOR, {"question", "1", "drop", "1"}},
    {"queue", OPERATOR_VIEWER, {"queue"}},
    {"queue drop", OPERATOR_OPERATOR, {"queue", "drop", "2"}},
    {"queue release", OPERATOR_OPERATOR, {"queue", "release"}},
    {"queue resend", OPERATOR_OPERATOR, {"queue", "resend", "3"}},
    {"queue sent", OPERATOR_OPERATOR, {"queue", "sent", "2"}},
    {"reopen", OPERATOR_OPERATOR, {"reopen", "1"}},
    {"reply", OPERATOR_OPERATOR, {"reply", "1", "x"}},
    {"reply --override", OPERATOR_LEAD,
	{"reply", "1", "x", "--override", "consent", "--why", "x"}},
    {"route", OPERATOR_OPERATOR, {"route", "1", "plc"}},
    {"show", OPERATOR_VIEWER, {"show", "1"}},
    {"split", OPERATOR_OPERATOR, {"split", "1"}},
    {"step --move", OPERATOR_OPERATOR, {"step", "1", "--move"}},
    {"step --override", OPERATOR_LEAD,
	{"step", "1", "2.1.1", "again", "--override", "consent", "--why", "x"}},
    {"step --share", OPERATOR_OPERATOR,
	{"step", "1", "2.1.1", "--share", "+quality"}},
    {"step CASE", OPERATOR_VIEWER, {"step", "1"}},
    {"step CASE STEP DO", OPERATOR_OPERATOR, {"step", "1", "2.1.1", "again"}},
    {"take", OPERATOR_OPERATOR, {"take", "1"}},
    {"task", OPERATOR_VIEWER, {"task"}},
    {"task N", OPERATOR_VIEWER, {"task", "1"}},
    {"task N done", OPERATOR_OPERATOR, {"task", "1", "done"}},
    {"title", OPERATOR_OPERATOR, {"title", "1", "x"}},
    {"today", OPERATOR_VIEWER, {"today"}},
    {"unlink", OPERATOR_OPERATOR, {"unlink", "1", "2"}},
    {"who", OPERATOR_VIEWER, {"who", "1"}},
};

static void
add_mail(struct desk_world *w, enum outmail_state state)
{
	struct store_outmail m = {.kind = MAIL_REPORT,
	    .state = state,
	    .casefile = 1,
	    .made = RECEIVED,
	    .encrypt = 1,
	    .message_id = talloc_asprintf(w, "m%d@vendor.example", (int)state),
	    .from = talloc_strdup(w, "psirt@vendor.example"),
	    .to = talloc_strdup(w, FINDER),
	    .recipient_key = bytes_str("a key"),
	    .recipient_key_fpr = talloc_strdup(w, KEY_FINDER),
	    .subject = talloc_strdup(w, "subject"),
	    .body = talloc_strdup(w, "body\n"),
	    .audience = AUDIENCE_COUNTERPART,
	    .policy = POLICY_APPROVE,
	    .language = talloc_strdup(w, "en")};

	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
}

/* Letter 1, cases 1 and 2, a draft, an uncertain and a failed mail, task 1. */
static void
desk_full(struct desk_world *w)
{
	static struct vault_ready keys;
	struct store_task task = {.kind = TASK_UNDERSTAND,
	    .casefile = 1,
	    .made = RECEIVED,
	    .text = talloc_strdup(w, "words")};

	w->keys = &keys;
	w->staged.keys = talloc_zero(w, struct vault_key);
	w->staged.nkeys = 1;
	w->staged.keys->nuids = 0;
	add_letter(w, "x", LETTER_INQUIRY, REASON_INQUIRY, 0);
	add_case(w, 2, 2026);
	add_case(w, 2, 2026);
	add_step(w, 1, "2.1.1", STEP_RUNNING, 0);
	assert_ok(w, store_begin(w->st, &w->err));
	add_mail(w, OUTMAIL_DRAFT);
	add_mail(w, OUTMAIL_UNCERTAIN);
	add_mail(w, OUTMAIL_FAILED);
	assert_ok(w, store_task_add(w->st, &task, &w->err));
	assert_ok(w, store_memo_put(w->st, MEMO_RESTORED, 1, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
}

static const struct command *
row_named(const char *name)
{
	for (size_t i = 0; i < ncommands; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	fail_msg("there is no row %s", name);
	return NULL;
}

static void
test_every_row_has_a_sample(void **state)
{
	(void)state;
	assert_int_equal(sizeof(samples) / sizeof(samples[0]), ncommands);
	for (size_t i = 0; i < ncommands; i++) {
		assert_string_equal(samples[i].name, commands[i].name);
		assert_int_equal(samples[i].role, commands[i].role);
	}
}

/* Its line is the last one, and says by whom. */
static void
line_is(struct desk_world *w, enum record_what what, const char *actor,
    const char *note, const char *name)
{
	struct store_record line = last_line(w);

	if (line.what != (uint32_t)what || strcmp(line.actor, actor) != 0 ||
	    (note != NULL &&
		(line.note == NULL || strcmp(line.note, note) != 0)))
		fail_msg("%s: the line is \"%s\" by %s", name,
		    record_what_name(line.what), line.actor);
}

static void
refused(struct desk_world *w, const struct sample *s, const char *actor,
    const char *why)
{
	json_t *root;

	w->actor = NULL;
	root = ask_words(w, s->words);
	if (exit_of(root) != 1 ||
	    strstr(json_string_value(json_object_get(root, "error")), why) ==
		NULL)
		fail_msg("%s: exit %d", s->name, exit_of(root));
	assert_int_equal(json_object_size(json_object_get(root, "data")), 0);
	json_decref(root);
	line_is(w, RECORD_REFUSED, actor,
	    talloc_asprintf(w, "psirt %s", s->name), s->name);
	assert_null(w->actor);
}

static void
asked(struct desk_world *w, const struct sample *s, const struct command *c)
{
	int64_t before = last_line(w).id;
	json_t *root = ask_words(w, s->words);
	int code = exit_of(root);
	bool file = strcmp(s->name, "backup") == 0;
	bool key = strcmp(s->name, "key stage") == 0;

	/* Those want more than words: a file that is passed, a good key. */
	if (code != (file ? 2 : key ? 1 : 0))
		fail_msg("%s: exit %d: %s", s->name, code,
		    json_string_value(json_object_get(root, "error")));
	json_decref(root);
	if (file || c->recorder == RECORDER_NONE)
		assert_int_equal(last_line(w).id, before);
	else if (c->recorder == RECORDER_CONTROL)
		line_is(w, c->records, "yuki", NULL, s->name);
	else if (w->actor == NULL || strcmp(w->actor, "yuki") != 0)
		fail_msg("%s: the engine was not told by whom", s->name);
}

static void
test_each_command_by_each_role(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		const struct sample *s = &samples[i];
		const struct command *c = row_named(s->name);
		struct desk_world *w;
		char uid[32];
		void *world;

		assert_int_equal(desk_setup(&world), 0);
		w = world;
		desk_full(w);
		snprintf(uid, sizeof(uid), "uid %u", (unsigned)getuid());
		w->s.noperators = 0;
		refused(w, s, uid, "name no operator with uid");
		w->s.noperators = 2;
		for (int role = OPERATOR_VIEWER; role < (int)s->role; role++) {
			w->operators[0].role = (enum operator_role)role;
			refused(w, s, "yuki", "needs the role");
		}
		w->operators[0].role = s->role;
		asked(w, s, c);
		assert_int_equal(desk_teardown(&world), 0);
	}
}

/* A lead may what others may, under his own name as well. */
static void
test_each_command_by_a_lead(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct desk_world *w;
		void *world;

		assert_int_equal(desk_setup(&world), 0);
		w = world;
		desk_full(w);
		w->operators[0].role = OPERATOR_LEAD;
		asked(w, &samples[i], row_named(samples[i].name));
		assert_int_equal(desk_teardown(&world), 0);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_row_has_a_sample),
	    cmocka_unit_test(test_each_command_by_each_role),
	    cmocka_unit_test(test_each_command_by_a_lead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
