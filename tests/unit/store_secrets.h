/*
 * store_secrets.h - a row in every table, with a value in every sealed column.
 */
#ifndef TEST_STORE_SECRETS_H
#define TEST_STORE_SECRETS_H

#include "store_world.h"

static inline void
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
	struct store_pin pin = {.waits = 1,
	    .at = NOW,
	    .owner = text("Owner-zq"),
	    .fingerprint = text("FINGERPRINT-zq")};
	uint8_t digest[STORE_DIGEST_BYTES];
	struct store_pin *pins;
	size_t npins;
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
	assert_ok(
	    w, store_expiry_put(w->st, "FINGERPRINT-zq", NOW, 30, &w->err));
	assert_ok(w, store_pin_add(w->st, &pin, &w->err));
	assert_ok(w, store_pin_list(w, w->st, &pins, &npins, &w->err));
	pins[0].person = text("Person-zq");
	assert_ok(w, store_pin_put(w->st, &pins[0], &w->err));
}

static inline void
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
	    .made = NOW,
	    .automatic = 1,
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
	m.casefile = c.id;
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	assert_ok(w, store_message_id_add(w->st, "Message-Id-zq@example.org",
			 c.id, 0, m.id, &w->err));
	assert_ok(w,
	    store_outmail_wire_put(w->st, m.id, bytes_str("Wire-zq"), &w->err));
	assert_ok(w, store_record_add(w->st, &r, &w->err));
	write_procedure(w, c.id, m.id);
	commit(w);
}

#endif
