/*
 * test_fetch_reconcile.c - the fetch room in other folders than the one it
 * watches: for letters that the engine does not know (RULES 9), and for junk.
 */
#include "imap_server.h"

/* The server has but one mailbox, whichever folder is selected. */

static void
go(struct test_room *r, enum fetch_folder which, uint32_t after)
{
	struct fetch_mailbox *box =
	    expect(r, FETCH_MAILBOX, &fetch_mailbox_wire);

	assert_int_equal(box->which, which);
	assert_int_equal(box->uidvalidity, 7);
	tell_go(r, after);
}

static void
up(struct test_room *r, struct net_server *s)
{
	server_start(s, imap_talk);
	room_begin(r, fetch_room);
	tell_setup(r, s, false);
	tell(r, FETCH_RECONCILE, NULL, NULL);
}

/* It lists these, and hears that those are unknown. */
static void
list(struct test_room *r, enum fetch_folder which, const uint32_t *want,
    size_t n, const uint32_t *unknown, size_t nunknown)
{
	struct fetch_uids *uids = expect(r, FETCH_LIST, &fetch_uids_wire);
	struct fetch_uids answer = {.which = which,
	    .uidvalidity = 7,
	    .uids = bytes_of(unknown, nunknown * sizeof(*unknown))};

	assert_int_equal(uids->which, which);
	assert_int_equal(uids->uidvalidity, 7);
	assert_true(bytes_equal(uids->uids, bytes_of(want, n * sizeof(*want))));
	tell(r, FETCH_UNKNOWN, &fetch_uids_wire, &answer);
}

static void
order(struct test_room *r, uint32_t type, enum fetch_folder which, uint32_t uid)
{
	struct fetch_order o = {.which = which, .uidvalidity = 7, .uid = uid};

	tell(r, type, &fetch_order_wire, &o);
}

static void
found(struct test_room *r, enum fetch_folder which, uint32_t uid)
{
	struct fetch_letter *letter = expect_found(r, uid);

	assert_int_equal(letter->which, which);
	assert_int_equal(letter->reconcile, 1);
}

static uint32_t
reconciled(struct test_room *r)
{
	struct fetch_reconciled *done =
	    expect(r, FETCH_RECONCILED, &fetch_reconciled_wire);

	return done->left;
}

static void
take(struct test_room *r, enum fetch_folder which, uint32_t uid)
{
	struct frame frame;

	order(r, FETCH_TAKE, which, uid);
	do
		frame = next_frame(r);
	while (frame.type == FETCH_BEGIN || frame.type == FETCH_CHUNK);
	assert_int_equal(frame.type, FETCH_END);
}

static void
test_unknown_ones_alone_are_shown(void **state)
{
	static const uint32_t all[] = {10, 20, 30};
	struct net_server s;
	struct test_room r;

	mailbox_new();
	mailbox_add("known\r\n")->filed = true;
	mailbox_add("missed\r\n")->filed = true;
	mailbox_add("too large, or whatever the engine keeps\r\n")->filed =
	    true;
	up(&r, &s);
	go(&r, FETCH_INBOX, 0);
	/* No new letter there; now those that were marked and left. */
	go(&r, FETCH_INBOX, 0);
	list(&r, FETCH_INBOX, all, 3, NULL, 0);
	go(&r, FETCH_FILED, 0);
	list(&r, FETCH_FILED, all, 3, &all[1], 2);
	found(&r, FETCH_FILED, 20);
	take(&r, FETCH_FILED, 20);
	order(&r, FETCH_KEEP, FETCH_FILED, 20);
	found(&r, FETCH_FILED, 30);
	order(&r, FETCH_KEEP, FETCH_FILED, 30);
	assert_int_equal(reconciled(&r), 0);
	/* Back, with a look at what came meanwhile. */
	go(&r, FETCH_INBOX, 0);
	expect(&r, FETCH_IDLE, NULL);
	assert_true(was_told(&s, "UID FETCH 20 (UID BODY.PEEK[])"));
	assert_false(was_told(&s, "UID FETCH 10 (UID BODY.PEEK[])"));
	assert_false(was_told(&s, "UID FETCH 30 (UID BODY.PEEK[])"));
	assert_false(was_told(&s, "MOVE"));
	assert_false(was_told(&s, "STORE"));
	assert_false(was_told(&s, "CREATE"));
	/* Once: not again before the engine says so. */
	tell(&r, FETCH_RECONCILE, NULL, NULL);
	go(&r, FETCH_INBOX, 0);
	list(&r, FETCH_INBOX, all, 3, NULL, 0);
	room_finish(&r);
	server_stop(&s);
}

/* A new letter is the look's: in going through it would be in doubt. */
static void
test_new_letters_are_no_missed_ones(void **state)
{
	static const uint32_t all[] = {10};
	struct net_server s;
	struct test_room r;

	mailbox_new();
	mailbox_add("new\r\n");
	mailbox->n = 0;
	up(&r, &s);
	go(&r, FETCH_INBOX, 0);
	expect(&r, FETCH_MAILBOX, &fetch_mailbox_wire);
	mailbox->n = 1; /* it comes just now */
	tell_go(&r, 0);
	go(&r, FETCH_FILED, UINT32_MAX - 1); /* nothing there is wanted */
	assert_int_equal(reconciled(&r), 0);
	go(&r, FETCH_INBOX, 0);
	assert_int_equal(expect_found(&r, 10)->reconcile, 0);
	order(&r, FETCH_LEAVE, FETCH_INBOX, 10);
	expect(&r, FETCH_IDLE, NULL);
	tell(&r, FETCH_RECONCILE, NULL, NULL);
	/* It was left: the look waits with it, and going through as well. */
	go(&r, FETCH_INBOX, 0);
	list(&r, FETCH_INBOX, all, 1, all, 1);
	go(&r, FETCH_FILED, UINT32_MAX - 1);
	assert_int_equal(reconciled(&r), 0);
	room_finish(&r);
	server_stop(&s);
}

static bool
hook_no_filed(struct imap *i)
{
	if (!is_command(i, "SELECT Filed"))
		return false;
	say(i->p, "%s NO no such folder\r\n", i->tag);
	return true;
}

static void
test_no_such_folder(void **state)
{
	struct net_server s;
	struct test_room r;

	mailbox_new();
	ways.hook = hook_no_filed;
	up(&r, &s);
	go(&r, FETCH_INBOX, 0);
	go(&r, FETCH_INBOX, 0);
	assert_int_equal(reconciled(&r), 0);
	go(&r, FETCH_INBOX, 0);
	expect(&r, FETCH_IDLE, NULL);
	assert_int_equal(s.seen->sessions, 1);
	room_finish(&r);
	server_stop(&s);
}

/* What cannot be had now is counted, and holds up nothing. */
static void
test_left_ones_are_counted(void **state)
{
	static const uint32_t all[] = {10, 20};
	struct fetch_uids rests = {.which = FETCH_FILED};
	struct net_server s;
	struct test_room r;

	mailbox_new();
	mailbox_add("x\r\n")->filed = true;
	mailbox_add("y\r\n")->filed = true;
	up(&r, &s);
	go(&r, FETCH_INBOX, 0);
	go(&r, FETCH_INBOX, 0);
	list(&r, FETCH_INBOX, all, 2, all, 2);
	found(&r, FETCH_INBOX, 10);
	order(&r, FETCH_LEAVE, FETCH_INBOX, 10);
	found(&r, FETCH_INBOX, 20);
	order(&r, FETCH_KEEP, FETCH_INBOX, 20);
	go(&r, FETCH_FILED, 0);
	expect(&r, FETCH_LIST, &fetch_uids_wire);
	tell(&r, FETCH_UNKNOWN, &fetch_uids_wire, &rests);
	assert_int_equal(reconciled(&r), 2);
	room_finish(&r);
	server_stop(&s);
}

/* Numbers far apart, up to the last there is. */
static void
test_long_gaps(void **state)
{
	static const uint32_t first[] = {10};
	static const uint32_t second[] = {3000000};
	struct net_server s;
	struct test_room r;

	mailbox_new();
	mailbox_add("x\r\n")->filed = true;
	mailbox_add("y\r\n")->filed = true;
	mailbox->mails[1].uid = 3000000;
	up(&r, &s);
	go(&r, FETCH_INBOX, 0);
	go(&r, FETCH_INBOX, 0);
	list(&r, FETCH_INBOX, first, 1, NULL, 0);
	list(&r, FETCH_INBOX, second, 1, NULL, 0);
	go(&r, FETCH_FILED, 2999999);
	list(&r, FETCH_FILED, second, 1, second, 1);
	found(&r, FETCH_FILED, 3000000);
	order(&r, FETCH_KEEP, FETCH_FILED, 3000000);
	assert_int_equal(reconciled(&r), 0);
	room_finish(&r);
	server_stop(&s);
}

/* Filed can be selected, and no more. */
static bool
hook_filed_is_broken(struct imap *i)
{
	static bool in_filed;

	if (is_command(i, "SELECT "))
		in_filed = is_command(i, "SELECT Filed");
	if (!in_filed || !is_command(i, "UID FETCH "))
		return false;
	say(i->p, "%s NO [SERVERBUG] its index is damaged\r\n", i->tag);
	return true;
}

/* It breaks one session, and not each that follows. */
static void
test_broken_folder(void **state)
{
	struct net_server s;
	struct test_room r;

	mailbox_new();
	mailbox_add("x\r\n");
	ways.hook = hook_filed_is_broken;
	up(&r, &s);
	go(&r, FETCH_INBOX, 10);
	go(&r, FETCH_INBOX, 10);
	go(&r, FETCH_FILED, 0);
	expect(&r, FETCH_TROUBLE, &fetch_trouble_wire);
	go(&r, FETCH_INBOX, 10);
	assert_int_equal(reconciled(&r), 1);
	go(&r, FETCH_INBOX, 10);
	expect(&r, FETCH_IDLE, NULL);
	assert_int_equal(s.seen->sessions, 2);
	room_finish(&r);
	server_stop(&s);
}

/* More than a portion's time for it. */
static bool
hook_slow_filed(struct imap *i)
{
	if (is_command(i, "SELECT Filed"))
		usleep(2100000);
	return false;
}

/* Every portion brings it on, and new letters are looked for in between. */
static void
test_slow_folder(void **state)
{
	static const uint32_t all[] = {10, 20};
	struct net_server s;
	struct test_room r;

	mailbox_new();
	mailbox_add("x\r\n")->filed = true;
	mailbox_add("y\r\n")->filed = true;
	ways.hook = hook_slow_filed;
	up(&r, &s);
	go(&r, FETCH_INBOX, 0);
	go(&r, FETCH_INBOX, UINT32_MAX - 1);
	for (size_t i = 0; i < 2; i++) {
		go(&r, FETCH_FILED, 0);
		list(&r, FETCH_FILED, &all[i], 2 - i, &all[i], 2 - i);
		found(&r, FETCH_FILED, all[i]);
		order(&r, FETCH_KEEP, FETCH_FILED, all[i]);
		if (i == 0)
			go(&r, FETCH_INBOX, 0);
	}
	assert_int_equal(reconciled(&r), 0);
	room_finish(&r);
	server_stop(&s);
}

/* ---- the folder for junk ---- */

static bool
hook_no_junk(struct imap *i)
{
	if (!is_command(i, "SELECT Junk"))
		return false;
	say(i->p, "%s NO no such folder\r\n", i->tag);
	return true;
}

/* INBOX, Junk, INBOX again; and at each poll, though the server idles. */
static void
test_junk_is_looked_at_too(void **state)
{
	struct net_server s;
	struct test_room r;
	struct fetch_letter *letter;

	mailbox_new();
	ways.junk = "Junk";
	server_start(&s, imap_talk);
	room_begin(&r, fetch_room);
	tell_setup(&r, &s, false);
	go(&r, FETCH_INBOX, 0);
	go(&r, FETCH_JUNK, 0);
	go(&r, FETCH_INBOX, 0);
	expect(&r, FETCH_IDLE, NULL);
	mailbox_add("x\r\n"); /* nobody tells of it */
	letter = expect_found(&r, 10);
	assert_int_equal(letter->which, FETCH_INBOX);
	order(&r, FETCH_LEAVE, FETCH_INBOX, 10);
	go(&r, FETCH_JUNK, 0);
	letter = expect_found(&r, 10);
	assert_int_equal(letter->which, FETCH_JUNK);
	assert_int_equal(letter->reconcile, 0);
	order(&r, FETCH_LEAVE, FETCH_JUNK, 10);
	go(&r, FETCH_INBOX, 0);
	expect(&r, FETCH_IDLE, NULL);
	assert_int_equal(s.seen->sessions, 1);
	room_finish(&r);
	server_stop(&s);
}

static void
test_junk_that_is_not_there(void **state)
{
	struct fetch_mailbox *box;
	struct net_server s;
	struct test_room r;

	mailbox_new();
	ways.junk = "Junk";
	ways.hook = hook_no_junk;
	server_start(&s, imap_talk);
	room_begin(&r, fetch_room);
	tell_setup(&r, &s, false);
	go(&r, FETCH_INBOX, 0);
	box = expect(&r, FETCH_MAILBOX, &fetch_mailbox_wire);
	assert_int_equal(box->which, FETCH_JUNK);
	assert_int_equal(box->uidvalidity, 0);
	go(&r, FETCH_INBOX, 0);
	expect(&r, FETCH_IDLE, NULL);
	room_finish(&r);
	server_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_unknown_ones_alone_are_shown),
	    cmocka_unit_test(test_new_letters_are_no_missed_ones),
	    cmocka_unit_test(test_no_such_folder),
	    cmocka_unit_test(test_left_ones_are_counted),
	    cmocka_unit_test(test_long_gaps),
	    cmocka_unit_test(test_broken_folder),
	    cmocka_unit_test(test_slow_folder),
	    cmocka_unit_test(test_junk_is_looked_at_too),
	    cmocka_unit_test(test_junk_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, net_setup, net_teardown);
}
