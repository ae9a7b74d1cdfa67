/*
 * test_fetch_room.c - the fetch room's conversation with the engine, over an
 * honest server: letters are shown, streamed, moved, waited for.
 */
#include "imap_server.h"

static char big[300001];

static void
room_up(struct test_room *r, struct net_server *s, bool once)
{
	server_start(s, imap_talk);
	room_begin(r, fetch_room);
	tell_setup(r, s, once);
}

static struct fetch_mailbox *
up_to_go(struct test_room *r, struct net_server *s, uint32_t after)
{
	struct fetch_mailbox *box;

	room_up(r, s, false);
	box = expect(r, FETCH_MAILBOX, &fetch_mailbox_wire);
	tell_go(r, after);
	return box;
}

static void
test_letters_come_whole_and_are_moved(void **state)
{
	struct net_server s;
	struct test_room r;
	struct fetch_mailbox *box;
	struct fetch_letter *letter;

	mailbox_new();
	mailbox_add("Subject: one\r\n\r\nfirst\r\n");
	memset(big, 'x', sizeof(big) - 1);
	mailbox_add(big);
	box = up_to_go(&r, &s, 0);
	assert_int_equal(box->uidvalidity, 7);
	assert_int_equal(box->uidnext, 21);
	assert_int_equal(box->exists, 2);
	assert_true(box->can_idle && box->can_move && box->can_uidplus);
	letter = expect_found(&r, 10);
	assert_int_equal(letter->size, strlen(mailbox->mails[0].text));
	assert_int_equal(letter->internaldate, 1795508203);
	assert_false(letter->too_large);
	assert_true(bytes_equal(
	    take_letter(&r, 10), bytes_str("Subject: one\r\n\r\nfirst\r\n")));
	/* Nothing is moved before the engine has committed it. */
	assert_false(was_told(&s, "MOVE"));
	move_letter(&r, 10, FETCH_MOVED_MOVE);
	expect_found(&r, 20);
	assert_true(bytes_equal(take_letter(&r, 20), bytes_str(big)));
	move_letter(&r, 20, FETCH_MOVED_MOVE);
	expect(&r, FETCH_IDLE, NULL);
	assert_true(mailbox->mails[0].gone && mailbox->mails[1].gone);
	/* Read without being marked as read, and without its structure. */
	assert_true(was_told(&s, "BODY.PEEK[]"));
	assert_false(was_told(&s, "ENVELOPE"));
	assert_false(was_told(&s, "BODYSTRUCTURE"));
	room_finish(&r);
	wait_told(&s, "LOGOUT");
	server_stop(&s);
}

static void
test_left_and_known_letters(void **state)
{
	struct net_server s;
	struct test_room r;

	mailbox_new();
	mailbox_add("before the first start\r\n");
	mailbox_add("left\r\n");
	mailbox_add("known\r\n");
	mailbox_add("flagged\r\n")->filed = true;
	mailbox_add("taken, and then left\r\n");
	up_to_go(&r, &s, 10);
	expect_found(&r, 20);
	tell_order(&r, FETCH_LEAVE, 20, NULL);
	expect_found(&r, 30);
	/* Died in between: its bytes are known, only moving is left. */
	move_letter(&r, 30, FETCH_MOVED_MOVE);
	expect_found(&r, 50);
	take_letter(&r, 50);
	tell_order(&r, FETCH_LEAVE, 50, NULL);
	expect(&r, FETCH_IDLE, NULL);
	assert_false(mailbox->mails[0].gone || mailbox->mails[1].gone ||
		     mailbox->mails[3].gone || mailbox->mails[4].gone);
	assert_true(mailbox->mails[2].gone);
	assert_false(was_told(&s, "UID FETCH 30 (UID BODY"));
	room_finish(&r);
	server_stop(&s);
}

static void
test_too_large_is_not_fetched(void **state)
{
	struct net_server s;
	struct test_room r;
	struct fetch_letter *letter;
	struct fetch_order *order;
	char *huge = calloc(1, (2 << 20) + 1);

	memset(huge, 'x', 2 << 20);
	mailbox_new();
	mailbox_add(huge);
	up_to_go(&r, &s, 0);
	letter = expect_found(&r, 10);
	assert_true(letter->too_large);
	assert_int_equal(letter->size, 2 << 20);
	tell_order(&r, FETCH_MOVE, 10, "Too large");
	order = expect(&r, FETCH_MOVED, &fetch_order_wire);
	assert_int_equal(order->how, FETCH_MOVED_MOVE);
	expect(&r, FETCH_IDLE, NULL);
	assert_false(was_told(&s, "BODY"));
	assert_true(was_told(&s, "\"Too large\""));
	room_finish(&r);
	server_stop(&s);
	free(huge);
}

static void
test_folder_is_made_when_missing(void **state)
{
	struct net_server s;
	struct test_room r;

	mailbox_new();
	mailbox->has_filed = false;
	mailbox_add("x\r\n");
	up_to_go(&r, &s, 0);
	expect_found(&r, 10);
	/* Not before it is needed: the first start may refuse (RULES 4). */
	assert_false(was_told(&s, "CREATE"));
	move_letter(&r, 10, FETCH_MOVED_MOVE);
	assert_true(was_told(&s, "CREATE Filed"));
	assert_true(was_told(&s, "SUBSCRIBE Filed"));
	room_finish(&r);
	server_stop(&s);
}

static void
test_without_move(void **state)
{
	struct net_server s;
	struct test_room r;

	mailbox_new();
	ways.capability = "UIDPLUS";
	mailbox->has_filed = false;
	mailbox_add("deleted by others\r\n")->deleted = true;
	mailbox_add("x\r\n");
	mailbox_add("copied, not yet expunged\r\n")->deleted = true;
	mailbox->mails[2].filed = true;
	up_to_go(&r, &s, 10);
	expect_found(&r, 20);
	take_letter(&r, 20);
	move_letter(&r, 20, FETCH_MOVED_COPY);
	assert_true(was_told(&s, "UID COPY 20 Filed"));
	assert_true(was_told(&s, "UID EXPUNGE 20\r\n"));
	expect_found(&r, 30);
	move_letter(&r, 30, FETCH_MOVED_COPY);
	assert_false(was_told(&s, "UID COPY 30"));
	assert_true(mailbox->mails[1].gone && mailbox->mails[2].gone);
	assert_false(mailbox->mails[0].gone);
	assert_false(was_told(&s, " EXPUNGE\r\n"));
	room_finish(&r);
	server_stop(&s);
}

static void
test_without_uidplus(void **state)
{
	struct net_server s;
	struct test_room r;

	mailbox_new();
	ways.capability = "IDLE";
	mailbox_add("x\r\n");
	up_to_go(&r, &s, 0);
	expect_found(&r, 10);
	take_letter(&r, 10);
	move_letter(&r, 10, FETCH_MOVED_FLAG);
	expect(&r, FETCH_IDLE, NULL);
	assert_true(mailbox->mails[0].filed);
	assert_false(mailbox->mails[0].gone || mailbox->mails[0].deleted);
	assert_false(was_told(&s, "EXPUNGE"));
	room_finish(&r);
	server_stop(&s);
}

/* Somebody else took it away meanwhile. */
static void
test_gone(void **state)
{
	struct net_server s;
	struct test_room r;

	mailbox_new();
	mailbox_add("x\r\n");
	mailbox_add("y\r\n");
	up_to_go(&r, &s, 0);
	expect_found(&r, 10);
	mailbox->mails[0].gone = true;
	tell_order(&r, FETCH_TAKE, 10, NULL);
	/* No bytes of it, no trouble: the next one. */
	expect_found(&r, 20);
	take_letter(&r, 20);
	mailbox->mails[1].gone = true;
	move_letter(&r, 20, FETCH_MOVED_GONE);
	expect(&r, FETCH_IDLE, NULL);
	room_finish(&r);
	server_stop(&s);
}

/* ---- waiting ---- */

static bool
hook_idle_news(struct imap *i)
{
	char line[64];

	if (!is_command(i, "IDLE") || ++i->box->counter > 1)
		return false;
	say(i->p, "+ idling\r\n");
	usleep(100000);
	i->box->n++;
	say(i->p, "* 1 EXISTS\r\n");
	hear(i->p, line, sizeof(line));
	ok(i, "done");
	return true;
}

static bool
hook_idle_same_packet(struct imap *i)
{
	char line[64];

	if (!is_command(i, "IDLE") || ++i->box->counter > 1)
		return false;
	i->box->n++;
	say(i->p, "+ idling\r\n* 1 EXISTS\r\n");
	hear(i->p, line, sizeof(line));
	ok(i, "done");
	return true;
}

static bool
hook_idle_exists_first(struct imap *i)
{
	char line[64];

	if (!is_command(i, "IDLE") || ++i->box->counter > 1)
		return false;
	i->box->n++;
	say(i->p, "* 1 EXISTS\r\n+ idling\r\n");
	hear(i->p, line, sizeof(line));
	ok(i, "done");
	return true;
}

static bool
hook_idle_refused(struct imap *i)
{
	if (is_command(i, "IDLE")) {
		i->box->n = 1;
		say(i->p, "%s NO not now\r\n", i->tag);
		return true;
	}
	return false;
}

static bool
hook_no_idle(struct imap *i)
{
	if (!is_command(i, "NOOP") || ++i->box->counter != 2)
		return false;
	i->box->n = 1;
	say(i->p, "* 1 EXISTS\r\n");
	ok(i, "done");
	return true;
}

/* Comes between the listing and the wait: no IDLE will tell of it. */
static bool
hook_noop_news(struct imap *i)
{
	if (!is_command(i, "NOOP") || ++i->box->counter != 1)
		return false;
	i->box->n = 1;
	say(i->p, "* 1 EXISTS\r\n");
	ok(i, "done");
	return true;
}

/* A server that never stops announcing does not make us spin. */
static bool
hook_always_news(struct imap *i)
{
	if (!is_command(i, "NOOP"))
		return false;
	say(i->p, "* 1 EXISTS\r\n");
	ok(i, "done");
	return true;
}

static void
test_noticed_while_waiting(void **state)
{
	static const struct {
		bool (*hook)(struct imap *i);
		const char *capability;
	} rows[] = {
	    {hook_idle_news, "IDLE MOVE"},
	    {hook_idle_same_packet, "IDLE MOVE"},
	    {hook_idle_exists_first, "IDLE MOVE"},
	    {hook_idle_refused, "IDLE MOVE"},
	    {hook_no_idle, "MOVE"},
	    {hook_noop_news, "IDLE MOVE"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_server s;
		struct test_room r;
		int64_t began;

		mailbox_new();
		mailbox_add("late\r\n");
		mailbox->n = 0;
		ways.hook = rows[i].hook;
		ways.capability = rows[i].capability;
		up_to_go(&r, &s, 0);
		began = clock_monotonic_ms();
		for (;;) {
			struct frame frame = next_frame(&r);

			if (frame.type == FETCH_FOUND)
				break;
			assert_int_equal(frame.type, FETCH_IDLE);
		}
		take_letter(&r, 10);
		move_letter(&r, 10, FETCH_MOVED_MOVE);
		assert_in_range(clock_monotonic_ms() - began, 0, 4000);
		/* All in one session. */
		assert_int_equal(s.seen->sessions, 1);
		room_finish(&r);
		server_stop(&s);
	}
}

static void
test_false_news(void **state)
{
	struct net_server s;
	struct test_room r;

	mailbox_new();
	mailbox_add("left\r\n");
	ways.hook = hook_always_news;
	up_to_go(&r, &s, 0);
	expect_found(&r, 10);
	tell_order(&r, FETCH_LEAVE, 10, NULL);
	/* Shown once, not again and again. */
	expect(&r, FETCH_IDLE, NULL);
	wait_told(&s, " IDLE");
	room_finish(&r);
	server_stop(&s);
}

/* While it idles, a frame of the engine is heeded at once. */
static void
test_engine_is_heard_while_idle(void **state)
{
	struct net_server s;
	struct test_room r;
	int64_t began;

	mailbox_new();
	mailbox_add("old\r\n");
	up_to_go(&r, &s, 10);
	expect(&r, FETCH_IDLE, NULL);
	wait_told(&s, " IDLE");
	began = clock_monotonic_ms();
	tell_go(&r, 0);
	expect_found(&r, 10);
	assert_in_range(clock_monotonic_ms() - began, 0, 2000);
	tell_order(&r, FETCH_LEAVE, 10, NULL);
	expect(&r, FETCH_IDLE, NULL);
	/* An order out of turn. */
	move_letter(&r, 10, FETCH_MOVED_MOVE);
	expect(&r, FETCH_IDLE, NULL);
	began = clock_monotonic_ms();
	room_finish(&r);
	assert_in_range(clock_monotonic_ms() - began, 0, 2500);
	server_stop(&s);
}

/* ---- the session ---- */

static void
test_starttls_and_authenticate(void **state)
{
	static const char *const capabilities[] = {
	    "MOVE UIDPLUS", "MOVE LOGINDISABLED AUTH=PLAIN"};

	for (size_t i = 0; i < COUNT_OF(capabilities); i++) {
		struct net_server s;
		struct test_room r;

		mailbox_new();
		ways.starttls = true;
		ways.capability = capabilities[i];
		up_to_go(&r, &s, 0);
		expect(&r, FETCH_IDLE, NULL);
		assert_true(was_told(&s, "STARTTLS"));
		assert_int_equal(was_told(&s, " LOGIN "), i == 0);
		assert_int_equal(was_told(&s, "AUTHENTICATE PLAIN"), i == 1);
		room_finish(&r);
		server_stop(&s);
	}
}

static void
test_once(void **state)
{
	struct net_server s;
	struct test_room r;
	struct fetch_trouble *trouble;

	mailbox_new();
	mailbox_add("x\r\n");
	room_up(&r, &s, true);
	expect(&r, FETCH_MAILBOX, &fetch_mailbox_wire);
	tell_go(&r, 0);
	expect_found(&r, 10);
	take_letter(&r, 10);
	move_letter(&r, 10, FETCH_MOVED_MOVE);
	expect(&r, FETCH_IDLE, NULL);
	room_finish(&r);
	assert_false(was_told(&s, " IDLE"));
	/* Not there: said, not tried again. */
	server_stop(&s);
	room_begin(&r, fetch_room);
	tell_setup(&r, &s, true);
	trouble = expect(&r, FETCH_TROUBLE, &fetch_trouble_wire);
	assert_int_equal(trouble->kind, FETCH_UNREACHABLE);
	room_finish(&r);
}

static bool
hook_first_session_dies(struct imap *i)
{
	if (i->p->nth == 1 && is_command(i, "UID FETCH"))
		_exit(0);
	return false;
}

static bool
hook_bye_while_idle(struct imap *i)
{
	if (i->p->nth > 1 || !is_command(i, "IDLE"))
		return false;
	say(i->p, "+ idling\r\n* BYE restarting\r\n");
	gnutls_bye(i->p->tls, GNUTLS_SHUT_WR);
	_exit(0);
}

/* To write DONE to it must not be the end of us (SIGPIPE). */
static void
test_server_leaves_while_idle(void **state)
{
	struct net_server s;
	struct test_room r;
	struct fetch_trouble *trouble;

	mailbox_new();
	ways.hook = hook_bye_while_idle;
	up_to_go(&r, &s, 0);
	expect(&r, FETCH_IDLE, NULL);
	trouble = expect(&r, FETCH_TROUBLE, &fetch_trouble_wire);
	assert_int_equal(trouble->kind, FETCH_LOST);
	expect(&r, FETCH_MAILBOX, &fetch_mailbox_wire);
	tell_go(&r, 0);
	expect(&r, FETCH_IDLE, NULL);
	room_finish(&r);
	server_stop(&s);
}

static void
test_connects_again(void **state)
{
	struct net_server s;
	struct test_room r;
	struct fetch_trouble *trouble;

	mailbox_new();
	ways.hook = hook_first_session_dies;
	up_to_go(&r, &s, 0);
	trouble = expect(&r, FETCH_TROUBLE, &fetch_trouble_wire);
	assert_int_equal(trouble->kind, FETCH_LOST);
	expect(&r, FETCH_MAILBOX, &fetch_mailbox_wire);
	tell_go(&r, 0);
	expect(&r, FETCH_IDLE, NULL);
	assert_int_equal(s.seen->sessions, 2);
	room_finish(&r);
	server_stop(&s);
}

static void
test_engine_changes_its_mind(void **state)
{
	struct net_server s;
	struct test_room r;

	/* Before the set-up, and instead of GO. */
	room_begin(&r, fetch_room);
	room_finish(&r);
	mailbox_new();
	room_up(&r, &s, false);
	expect(&r, FETCH_MAILBOX, &fetch_mailbox_wire);
	room_finish(&r);
	assert_false(was_told(&s, "UID FETCH"));
	assert_false(was_told(&s, "CREATE"));
	server_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_letters_come_whole_and_are_moved),
	    cmocka_unit_test(test_left_and_known_letters),
	    cmocka_unit_test(test_too_large_is_not_fetched),
	    cmocka_unit_test(test_folder_is_made_when_missing),
	    cmocka_unit_test(test_without_move),
	    cmocka_unit_test(test_without_uidplus),
	    cmocka_unit_test(test_gone),
	    cmocka_unit_test(test_noticed_while_waiting),
	    cmocka_unit_test(test_false_news),
	    cmocka_unit_test(test_engine_is_heard_while_idle),
	    cmocka_unit_test(test_starttls_and_authenticate),
	    cmocka_unit_test(test_once),
	    cmocka_unit_test(test_server_leaves_while_idle),
	    cmocka_unit_test(test_connects_again),
	    cmocka_unit_test(test_engine_changes_its_mind),
	};

	return cmocka_run_group_tests(tests, net_setup, net_teardown);
}
