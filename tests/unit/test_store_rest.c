/*
 * test_store_rest.c - nothing is to be read in the file as it rests, but what
 * is plain (RULES 17).
 */
#include "store_world.h"

#define MIB ((size_t)1 << 20)

/* Each goes in under a name of its own, and must be found nowhere. */
static const char *const secrets[] = {"sender-zq@example.org", "Subject-zq",
    "Body-zq of the letter", "Signer-zq", "Opening-zq", "JPCERT#zq1",
    "jpcert#zq1", "Address-zq@example.org", "address-zq@example.org",
    "Message-Id-zq@example.org", "Finder-Name-zq", "finder-zq@example.org",
    "FINGERPRINT-zq", "Key-Blob-zq", "ja-zq", "Product-zq", "Title-zq",
    "Department-zq", "to-zq@example.org", "To-Name-zq", "Mail-Subject-zq",
    "Mail-Body-zq", "Mail-Reason-zq", "in-reply-zq@example.org",
    "Correspondent-zq", "Wire-zq", "Note-zq", "from-zq@example.org", "Owner-zq",
    "Deputy-zq", "Language-zq", "Actor-zq", "Refzq2", "refzq2", "Shares-zq",
    "Answer-zq", "By-zq", "Told-By-zq", "Question-zq", "Reply-zq", "Task-zq",
    "Done-zq", "Person-zq", "person-zq@example.org", "Approver-zq", "Words-zq",
    "Flow-zq", "Mark-zq"};

static const char *const digested[] = {
    "signature", "Flow-zq", "Mark-zq", "Refzq2", "refzq2"};

static void
write_procedure(struct world *w, int64_t casefile, int64_t outmail)
{
	struct store_step step = {.casefile = casefile,
	    .number = text("1.3.1"),
	    .round = 1,
	    .state = STEP_RUNNING,
	    .actor = text("Actor-zq"),
	    .ref = text("Refzq2"),
	    .shares = text("Shares-zq")};
	struct store_answer answer = {.casefile = casefile,
	    .value = text("Answer-zq"),
	    .by = text("By-zq"),
	    .told_by = text("Told-By-zq"),
	    .department = text("Department-zq")};
	struct store_question question = {.casefile = casefile,
	    .department = text("Department-zq"),
	    .by = text("By-zq"),
	    .text = text("Question-zq"),
	    .answer = text("Reply-zq")};
	struct store_task task = {
	    .kind = TASK_UNDERSTAND, .text = text("Task-zq")};
	struct store_told told = {.casefile = casefile,
	    .person = text("Person-zq"),
	    .address = text("person-zq@example.org"),
	    .fingerprint = text("FINGERPRINT-zq"),
	    .department = text("Department-zq")};
	struct store_approval approval = {
	    .outmail = outmail, .person = text("Approver-zq")};
	struct store_clock clock = {
	    .casefile = casefile, .kind = 5, .note = text("Words-zq")};
	uint8_t digest[STORE_DIGEST_BYTES];
	int64_t flow;
	bool fresh;

	store_digest(bytes_str("signature"), digest);
	assert_ok(w, store_step_add(w->st, &step, &w->err));
	assert_ok(w, store_answer_add(w->st, &answer, &w->err));
	assert_ok(w, store_question_add(w->st, &question, &w->err));
	assert_ok(w, store_task_add(w->st, &task, &w->err));
	assert_ok(w, store_task_done(w->st, task.id, NOW, "Done-zq", &w->err));
	assert_ok(w, store_told_add(w->st, &told, &w->err));
	assert_ok(w, store_approval_add(w->st, &approval, &w->err));
	assert_ok(w, store_clock_set(w->st, &clock, &w->err));
	assert_ok(w, store_flow_keep(w->st, 1, "Flow-zq", &flow, &w->err));
	assert_ok(w, store_case_mark(w->st, casefile, MARK_PRODUCT,
			 bytes_str("Mark-zq"), &w->err));
	assert_ok(w, store_signature_use(w->st, digest, 1, &fresh, &w->err));
	assert_ok(w, store_memo_put(w->st, "morning", NOW, &w->err));
}

static void
write_secrets(struct world *w)
{
	struct store_case c = {.state = CASE_OPEN,
	    .correspondent = text("Correspondent-zq"),
	    .finder_name = text("Finder-Name-zq"),
	    .finder_address = text("finder-zq@example.org"),
	    .finder_key = text("FINGERPRINT-zq"),
	    .finder_key_blob = bytes_str("Key-Blob-zq"),
	    .language = text("ja-zq"),
	    .product = text("Product-zq"),
	    .title = text("Title-zq"),
	    .proposed = text("Department-zq"),
	    .owner = text("Owner-zq"),
	    .deputy = text("Deputy-zq")};
	struct store_outmail m = {.kind = 1,
	    .state = OUTMAIL_APPROVED,
	    .message_id = text("Message-Id-zq@example.org"),
	    .from = text("from-zq@example.org"),
	    .to = text("to-zq@example.org"),
	    .to_name = text("To-Name-zq"),
	    .recipient = text("FINGERPRINT-zq"),
	    .recipient_key = bytes_str("Key-Blob-zq"),
	    .recipient_key_fpr = text("FINGERPRINT-zq"),
	    .subject = text("Mail-Subject-zq"),
	    .body = text("Mail-Body-zq"),
	    .in_reply_to = text("in-reply-zq@example.org"),
	    .reason = text("Mail-Reason-zq"),
	    .department = text("Department-zq"),
	    .language = text("Language-zq")};
	struct store_record r = {.at = NOW,
	    .what = RECORD_REFUSED,
	    .actor = text("alice"),
	    .note = text("Note-zq")};
	struct store_letter l;
	int64_t id = arrive_text(w, 1,
	    "From: sender-zq@example.org\r\nSubject: Subject-zq\r\n"
	    "Message-ID: <Message-Id-zq@example.org>\r\n\r\n"
	    "Body-zq of the letter\r\n");

	assert_int_equal(store_letter_get(w, w->st, id, &l, &w->err), 1);
	l.sender = text("sender-zq@example.org");
	l.subject = text("Subject-zq");
	l.signer = text("Signer-zq");
	l.state = 2;
	begin(w);
	assert_ok(w, store_letter_put(w->st, &l, 1, &w->err));
	assert_ok(
	    w, store_opening_put(w->st, id, bytes_str("Opening-zq"), &w->err));
	assert_ok(w, store_case_new(w, w->st, &c, "PSIRT", 2026, &w->err));
	assert_ok(
	    w, store_case_ident_add(w->st, c.id, 5, "JPCERT#zq1", &w->err));
	assert_ok(w, store_case_address_add(
			 w->st, c.id, "Address-zq@example.org", &w->err));
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	assert_ok(w, store_message_id_add(w->st, "Message-Id-zq@example.org",
			 c.id, 0, m.id, &w->err));
	assert_ok(w,
	    store_outmail_wire_put(w->st, m.id, bytes_str("Wire-zq"), &w->err));
	assert_ok(w, store_record_add(w->st, &r, &w->err));
	write_procedure(w, c.id, m.id);
	commit(w);
}

static struct bytes
file_bytes(struct world *w, const char *path)
{
	struct buf *buf = buf_new(w, 64 * MIB);
	char chunk[4096];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		return BYTES_NONE;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		assert_ok(w, buf_add(buf, chunk, n, &w->err));
	fclose(f);
	return buf_bytes(buf);
}

static void
holds_no_secret(struct world *w, const char *path)
{
	struct bytes all = file_bytes(w, path);

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (bytes_find(all, bytes_str(secrets[i])) >= 0)
			fail_msg("\"%s\" rests in %s", secrets[i], path);
	/* Nor a digest that a short text could be guessed from. */
	for (size_t i = 0; i < sizeof(digested) / sizeof(digested[0]); i++) {
		uint8_t digest[STORE_DIGEST_BYTES];

		store_digest(bytes_str(digested[i]), digest);
		if (bytes_find(all, bytes_of(digest, sizeof(digest))) >= 0)
			fail_msg("the digest of \"%s\" rests in %s",
			    digested[i], path);
	}
}

static void
test_nothing_rests_in_clear(void **state)
{
	struct world *w = *state;
	struct bytes wal;

	write_secrets(w);
	/* What is plain is found: the search sees what stands there. */
	wal = file_bytes(w, w->wal);
	assert_true(bytes_find(wal, bytes_str("PSIRT-2026-0001")) >= 0);
	assert_true(bytes_find(wal, bytes_str("alice")) >= 0);
	holds_no_secret(w, w->path);
	holds_no_secret(w, w->wal);
	/* After the log was written back into the file, too. */
	world_close(w);
	assert_true(bytes_find(file_bytes(w, w->path),
			bytes_str("PSIRT-2026-0001")) >= 0);
	holds_no_secret(w, w->path);
	holds_no_secret(w, w->wal);
}

/* Neither does the key, nor anything it can be computed from. */
static void
test_key_does_not_rest(void **state)
{
	struct world *w = *state;
	struct bytes key = bytes_of(w->key, sizeof(w->key));

	write_secrets(w);
	assert_true(bytes_find(file_bytes(w, w->wal), key) < 0);
	world_close(w);
	assert_true(bytes_find(file_bytes(w, w->path), key) < 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_nothing_rests_in_clear),
	    TEST(test_key_does_not_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
