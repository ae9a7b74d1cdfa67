/*
 * test_fetch_hostile.c - servers that are not what they should be: no secret
 * goes out, no byte of another letter comes in, nothing loops or grows, and
 * the room says in a sentence what was wrong.
 */
#include "imap_server.h"

/* Starts a room with `once` and takes its trouble. */
static struct fetch_trouble *
trouble_of(struct test_room *r, struct net_server *s)
{
	server_start(s, imap_talk);
	room_begin(r, fetch_room);
	tell_setup(r, s, true);
	return expect(r, FETCH_TROUBLE, &fetch_trouble_wire);
}

static void
end(struct test_room *r, struct net_server *s)
{
	room_finish(r);
	server_stop(s);
}

/* ---- before the login ---- */

static void
test_wrong_certificates(void **state)
{
	static const enum cert certs[] = {
	    CERT_WRONG_HOST, CERT_EXPIRED, CERT_UNKNOWN_CA};

	for (size_t i = 0; i < 2 * COUNT_OF(certs); i++) {
		struct net_server s;
		struct test_room r;
		struct fetch_trouble *trouble;

		mailbox_new();
		ways.cert = certs[i / 2];
		ways.starttls = i % 2;
		trouble = trouble_of(&r, &s);
		assert_int_equal(trouble->kind, FETCH_TLS);
		assert_non_null(strstr(trouble->text, "certificate"));
		told_no_secret(&s);
		end(&r, &s);
	}
}

static bool
hook_no_starttls(struct imap *i)
{
	if (is_command(i, "CAPABILITY")) {
		say(i->p, "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n");
		ok(i, "done");
		return true;
	}
	if (!is_command(i, "STARTTLS"))
		return false;
	say(i->p, "%s NO not here\r\n", i->tag);
	return true;
}

static bool
hook_injecting(struct imap *i)
{
	if (!is_command(i, "STARTTLS"))
		return false;
	say(i->p, "%s OK go\r\n* OK injected\r\n", i->tag);
	peer_tls(i->p, CERT_GOOD, NULL);
	return true;
}

static void
test_starttls_is_not_optional(void **state)
{
	static const struct {
		const char *greeting;
		bool (*hook)(struct imap *i);
		const char *words;
	} rows[] = {
	    {"* OK ready\r\n", hook_no_starttls, "STARTTLS"},
	    {"* PREAUTH welcome\r\n", NULL, "in between"},
	    {"* OK ready\r\n", hook_injecting, "STARTTLS"},
	    {"* BYE too busy\r\n", NULL, ""},
	    {"HTTP/1.1 400 Bad Request\r\n", NULL, "greeting"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_server s;
		struct test_room r;
		struct fetch_trouble *trouble;

		mailbox_new();
		ways.starttls = true;
		ways.greeting = rows[i].greeting;
		ways.hook = rows[i].hook;
		trouble = trouble_of(&r, &s);
		if (strstr(trouble->text, rows[i].words) == NULL ||
		    trouble->text[0] == '\0')
			fail_msg("row %zu: %s", i, trouble->text);
		told_no_secret(&s);
		end(&r, &s);
	}
}

static bool
hook_refuses_login(struct imap *i)
{
	if (!is_command(i, "LOGIN"))
		return false;
	say(i->p, "%s NO %s\r\n", i->tag, i->line); /* repeats the secret */
	return true;
}

static bool
hook_refuses_authenticate(struct imap *i)
{
	if (!is_command(i, "AUTHENTICATE"))
		return false;
	say(i->p, "%s NO no such way\r\n", i->tag);
	return true;
}

static bool
hook_no_login_now(struct imap *i)
{
	if (!is_command(i, "LOGIN "))
		return false;
	say(i->p, "%s NO [UNAVAILABLE] later\r\n", i->tag);
	return true;
}

static void
test_refused_login(void **state)
{
	static const struct {
		const char *capability;
		bool (*hook)(struct imap *i);
		enum fetch_trouble_kind kind;
	} rows[] = {
	    {"MOVE", hook_refuses_login, FETCH_AUTH},
	    {"LOGINDISABLED AUTH=PLAIN", hook_refuses_authenticate, FETCH_AUTH},
	    {"LOGINDISABLED AUTH=GSSAPI", NULL, FETCH_AUTH},
	    /* Nothing is wrong with the password. */
	    {"MOVE", hook_no_login_now, FETCH_UNREACHABLE},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_server s;
		struct test_room r;
		struct fetch_trouble *trouble;

		mailbox_new();
		ways.capability = rows[i].capability;
		ways.hook = rows[i].hook;
		trouble = trouble_of(&r, &s);
		assert_int_equal(trouble->kind, rows[i].kind);
		assert_null(strstr(trouble->text, SECRET));
		end(&r, &s);
	}
}

/* A password that would be a second command. */
static void
test_password_with_line_end(void **state)
{
	struct net_server s;
	struct test_room r;
	struct fetch_setup setup = {0};
	struct fetch_trouble *trouble;

	mailbox_new();
	server_start(&s, imap_talk);
	room_begin(&r, fetch_room);
	setup.server = server_at(&s, false);
	setup.server.secret = bytes_str("x\r\nA9 DELETE INBOX");
	setup.folder = "INBOX";
	setup.letter_max = 1000;
	tell(&r, FETCH_SETUP, &fetch_setup_wire, &setup);
	trouble = expect(&r, FETCH_TROUBLE, &fetch_trouble_wire);
	assert_int_equal(trouble->kind, FETCH_AUTH);
	assert_null(strstr(trouble->text, "DELETE"));
	assert_int_equal(s.seen->sessions, 0);
	talloc_free(r.ctx);
	waitpid(r.pid, NULL, 0);
	server_stop(&s);
}

/* ---- lines ---- */

static bool
hook_endless_line(struct imap *i)
{
	static char block[8000];

	if (!is_command(i, "CAPABILITY"))
		return false;
	memset(block, 'k', sizeof(block));
	say(i->p, "* OK ");
	for (;;)
		say_bytes(i->p, block, sizeof(block));
}

static bool
hook_trickle(struct imap *i)
{
	if (!is_command(i, "CAPABILITY"))
		return false;
	for (;;) {
		say(i->p, ".");
		usleep(20000);
	}
}

static bool
hook_garbage(struct imap *i)
{
	if (!is_command(i, "SELECT"))
		return false;
	say(i->p, "%s\r\n", "\x01\xff{99999999999999999999}((((\"\\");
	return true;
}

static bool
hook_wrong_tag(struct imap *i)
{
	if (!is_command(i, "SELECT"))
		return false;
	say(i->p, "zzz OK selected\r\n");
	return true;
}

/* 4 GiB of a literal that is no letter: memory must not be taken for it. */
static bool
hook_huge_literal(struct imap *i)
{
	if (!is_command(i, "SELECT"))
		return false;
	say(i->p, "* LIST () \"/\" {4294967000}\r\nx");
	usleep(300000);
	return true;
}

static bool
hook_deep(struct imap *i)
{
	if (!is_command(i, "SELECT"))
		return false;
	say(i->p, "* 1 FETCH (BODYSTRUCTURE ");
	for (int j = 0; j < 200; j++)
		say(i->p, "%.*s", 1000,
		    "((((((((((((((((((((((((((((((((((((((((((((((((((");
	say(i->p, "\r\n");
	return true;
}

static bool
hook_bye(struct imap *i)
{
	if (!is_command(i, "SELECT"))
		return false;
	say(i->p, "* BYE restarting\r\n");
	_exit(0);
}

static bool
hook_no_uidvalidity(struct imap *i)
{
	if (!is_command(i, "SELECT"))
		return false;
	say(i->p, "* 0 EXISTS\r\n%s OK [READ-WRITE] selected\r\n", i->tag);
	return true;
}

static bool
hook_read_only(struct imap *i)
{
	if (!is_command(i, "SELECT"))
		return false;
	say(i->p,
	    "* 0 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n"
	    "%s OK [READ-ONLY] selected\r\n",
	    i->tag);
	return true;
}

static bool
hook_no_folder(struct imap *i)
{
	if (!is_command(i, "SELECT"))
		return false;
	say(i->p, "%s NO [NONEXISTENT] \x1b[2Jnone\r\n", i->tag);
	return true;
}

static bool
hook_no_listing(struct imap *i)
{
	if (is_command(i, "SELECT")) {
		say(i->p,
		    "* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n"
		    "%s OK [READ-WRITE] selected\r\n",
		    i->tag);
		return true;
	}
	if (!is_command(i, "UID FETCH"))
		return false;
	say(i->p, "%s NO not now\r\n", i->tag);
	return true;
}

static void
test_lines(void **state)
{
	static const struct {
		bool (*hook)(struct imap *i);
		uint32_t kind;
	} rows[] = {
	    {hook_endless_line, FETCH_LOST},
	    {hook_trickle, FETCH_LOST},
	    {hook_garbage, FETCH_PROTOCOL},
	    {hook_wrong_tag, FETCH_PROTOCOL},
	    {hook_huge_literal, 0} /* memory, or time */,
	    {hook_deep, FETCH_PROTOCOL},
	    {hook_bye, FETCH_LOST},
	    {hook_no_uidvalidity, FETCH_PROTOCOL},
	    {hook_read_only, FETCH_PROTOCOL},
	    {hook_no_folder, FETCH_PROTOCOL},
	    {hook_no_listing, FETCH_PROTOCOL},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_server s;
		struct test_room r;
		struct fetch_setup setup = {0};
		struct fetch_trouble *trouble;
		int64_t began = clock_monotonic_ms();

		mailbox_new();
		ways.hook = rows[i].hook;
		server_start(&s, imap_talk);
		room_begin(&r, fetch_room);
		setup.server = server_at(&s, false);
		setup.server.timeout_s = 1;
		setup.folder = "INBOX";
		setup.letter_max = 1 << 20;
		setup.once = 1;
		tell(&r, FETCH_SETUP, &fetch_setup_wire, &setup);
		trouble = expect(&r, FETCH_TROUBLE, &fetch_trouble_wire);
		if (rows[i].kind != 0 && trouble->kind != rows[i].kind)
			fail_msg(
			    "row %zu: %u %s", i, trouble->kind, trouble->text);
		assert_in_range(clock_monotonic_ms() - began, 0, 3000);
		assert_null(strchr(trouble->text, '\x1b'));
		end(&r, &s);
	}
}

/* ---- letters ---- */

static const char letter_text[] = "Subject: x\r\n\r\nhello\r\n";

static bool
is_body(const struct imap *i)
{
	return is_command(i, "UID FETCH") && strstr(i->line, "BODY") != NULL;
}

static bool
hook_eof_in_literal(struct imap *i)
{
	if (!is_body(i) || i->p->nth > 1)
		return false;
	say(i->p, "* 1 FETCH (UID 10 BODY[] {100000}\r\nSubject: half");
	_exit(0);
}

static bool
hook_other_uid(struct imap *i)
{
	if (!is_body(i) || i->p->nth > 1)
		return false;
	say(i->p, "* 1 FETCH (UID 11 BODY[] {5}\r\nwrong)\r\n");
	ok(i, "done");
	return true;
}

static bool
hook_no_uid(struct imap *i)
{
	if (!is_body(i) || i->p->nth > 1)
		return false;
	say(i->p, "* 1 FETCH (BODY[] {5}\r\nwrong)\r\n");
	ok(i, "done");
	return true;
}

static bool
hook_two_bodies(struct imap *i)
{
	if (!is_body(i) || i->p->nth > 1)
		return false;
	say(i->p, "* 1 FETCH (UID 10 BODY[] {5}\r\nfirst)\r\n"
		  "* 1 FETCH (UID 10 BODY[] {5}\r\nagain)\r\n");
	ok(i, "done");
	return true;
}

/* libetpan takes 2^32 + 5 for 5. */
static bool
hook_wrapping_literal(struct imap *i)
{
	if (!is_body(i) || i->p->nth > 1)
		return false;
	say(i->p, "* 1 FETCH (UID 10 BODY[] {4294967301}\r\nhello you)\r\n");
	ok(i, "done");
	return true;
}

/* What came of it is void; other letters go first when it connects again. */
static void
test_bytes_of_a_bad_answer_are_void(void **state)
{
	static bool (*const hooks[])(struct imap * i) = {hook_eof_in_literal,
	    hook_other_uid, hook_no_uid, hook_two_bodies,
	    hook_wrapping_literal};

	for (size_t i = 0; i < COUNT_OF(hooks); i++) {
		struct net_server s;
		struct test_room r;
		struct frame frame;

		mailbox_new();
		mailbox_add(letter_text);
		mailbox_add("second\r\n");
		ways.hook = hooks[i];
		server_start(&s, imap_talk);
		room_begin(&r, fetch_room);
		tell_setup(&r, &s, false);
		expect(&r, FETCH_MAILBOX, &fetch_mailbox_wire);
		tell_go(&r, 0);
		expect_found(&r, 10);
		tell_order(&r, FETCH_TAKE, 10, NULL);
		/* Never an end that would make a letter of it. */
		do {
			frame = next_frame(&r);
			assert_int_not_equal(frame.type, FETCH_END);
			assert_int_not_equal(frame.type, FETCH_FOUND);
		} while (frame.type != FETCH_TROUBLE);
		expect(&r, FETCH_MAILBOX, &fetch_mailbox_wire);
		tell_go(&r, 0);
		expect_found(&r, 20);
		assert_true(
		    bytes_equal(take_letter(&r, 20), bytes_str("second\r\n")));
		move_letter(&r, 20, FETCH_MOVED_MOVE);
		end(&r, &s);
	}
}

static bool
hook_nothing(struct imap *i)
{
	static const char *const bodies[] = {
	    "{-5}\r\n", "NIL", "\"\"", "{0}\r\n"};

	if (!is_body(i) || !is_command(i, "UID FETCH 10"))
		return false;
	if (i->box->counter < COUNT_OF(bodies)) {
		say(i->p, "* 1 FETCH (UID 10 BODY[] %s)\r\n",
		    bodies[i->box->counter]);
		ok(i, "done");
	} else {
		say(i->p, "%s NO disk error\r\n", i->tag);
	}
	return true;
}

/* It stays, the next one comes, and somebody is told. */
static void
test_letter_that_is_not_given(void **state)
{
	for (unsigned i = 0; i < 5; i++) {
		struct net_server s;
		struct test_room r;

		mailbox_new();
		mailbox->counter = i;
		mailbox_add(letter_text);
		mailbox_add("second\r\n");
		ways.hook = hook_nothing;
		server_start(&s, imap_talk);
		room_begin(&r, fetch_room);
		tell_setup(&r, &s, true);
		expect(&r, FETCH_MAILBOX, &fetch_mailbox_wire);
		tell_go(&r, 0);
		expect_found(&r, 10);
		tell_order(&r, FETCH_TAKE, 10, NULL);
		expect_found(&r, 20);
		take_letter(&r, 20);
		move_letter(&r, 20, FETCH_MOVED_MOVE);
		expect(&r, FETCH_TROUBLE, &fetch_trouble_wire);
		assert_false(mailbox->mails[0].gone);
		end(&r, &s);
	}
}

/* Announced small, by a number that wrapped or a lie: cut, set aside. */
static bool
hook_liar(struct imap *i)
{
	static char block[8192];

	if (!is_command(i, "UID FETCH") || i->box->mails[0].gone)
		return false;
	if (!is_body(i)) {
		say(i->p,
		    "* 1 FETCH (UID 10 RFC822.SIZE 4294967396 INTERNALDATE "
		    "\"24-Nov-2026 17:16:43 +0900\" FLAGS ())\r\n");
		ok(i, "done");
		return true;
	}
	memset(block, 'k', sizeof(block));
	say(i->p, "* 1 FETCH (UID 10 BODY[] {3000000000}\r\n");
	for (;;)
		say_bytes(i->p, block, sizeof(block));
}

static void
test_more_than_announced(void **state)
{
	struct net_server s;
	struct test_room r;
	struct fetch_letter *letter;
	struct fetch_trouble *trouble;
	struct frame frame;
	size_t came = 0;

	mailbox_new();
	mailbox_add(letter_text);
	ways.hook = hook_liar;
	server_start(&s, imap_talk);
	room_begin(&r, fetch_room);
	tell_setup(&r, &s, true);
	expect(&r, FETCH_MAILBOX, &fetch_mailbox_wire);
	tell_go(&r, 0);
	letter = expect_found(&r, 10);
	assert_false(letter->too_large);
	tell_order(&r, FETCH_TAKE, 10, NULL);
	expect(&r, FETCH_BEGIN, &fetch_letter_wire);
	while ((frame = next_frame(&r)).type == FETCH_CHUNK)
		came += frame.payload.len;
	assert_in_range(came, 1, 1 << 20);
	assert_int_equal(frame.type, FETCH_ABORT);
	trouble = wire_decode(r.ctx, &fetch_trouble_wire, frame.payload, NULL);
	assert_non_null(trouble);
	assert_int_equal(trouble->kind, FETCH_OVERSIZE);
	/* At once, over a new connection: as one that is too large. */
	expect(&r, FETCH_MAILBOX, &fetch_mailbox_wire);
	tell_go(&r, 0);
	letter = expect_found(&r, 10);
	assert_true(letter->too_large);
	assert_in_range(letter->size, (1 << 20) + 1, INT64_MAX);
	move_letter(&r, 10, FETCH_MOVED_MOVE);
	expect(&r, FETCH_IDLE, NULL);
	end(&r, &s);
}

/* A uid over 2^32 is cut by libetpan: it must not stand for another. */
static bool
hook_odd_rows(struct imap *i)
{
	if (!is_command(i, "UID FETCH") || is_body(i))
		return false;
	say(i->p, "* 1 FETCH (UID 4294967301 RFC822.SIZE 1 FLAGS ())\r\n"
		  "* 2 FETCH (FLAGS (\\Seen))\r\n"
		  "* 3 FETCH (UID 10 RFC822.SIZE 22 INTERNALDATE "
		  "\"31-Feb-9999 99:99:99 +9999\" FLAGS ())\r\n"
		  "* 3 FETCH (UID 10 RFC822.SIZE 22 FLAGS ())\r\n");
	ok(i, "done");
	return true;
}

static void
test_odd_rows(void **state)
{
	struct net_server s;
	struct test_room r;
	struct fetch_letter *letter;

	mailbox_new();
	mailbox_add(letter_text);
	ways.hook = hook_odd_rows;
	server_start(&s, imap_talk);
	room_begin(&r, fetch_room);
	tell_setup(&r, &s, true);
	expect(&r, FETCH_MAILBOX, &fetch_mailbox_wire);
	tell_go(&r, 5);
	letter = expect_found(&r, 10);
	/* A date that cannot be is now. */
	assert_in_range(letter->internaldate, clock_now() - 60, clock_now());
	take_letter(&r, 10);
	move_letter(&r, 10, FETCH_MOVED_MOVE);
	expect(&r, FETCH_IDLE, NULL);
	end(&r, &s);
}

/* A server that refuses every way out: said, and left. */
static bool
hook_refuses_moving(struct imap *i)
{
	if (!is_command(i, "UID MOVE") && !is_command(i, "UID COPY") &&
	    !is_command(i, "UID STORE") && !is_command(i, "CREATE"))
		return false;
	say(i->p, "%s NO no\r\n", i->tag);
	return true;
}

static void
test_cannot_be_moved(void **state)
{
	struct net_server s;
	struct test_room r;
	struct fetch_trouble *trouble;

	mailbox_new();
	mailbox_add(letter_text);
	ways.hook = hook_refuses_moving;
	server_start(&s, imap_talk);
	room_begin(&r, fetch_room);
	tell_setup(&r, &s, true);
	expect(&r, FETCH_MAILBOX, &fetch_mailbox_wire);
	tell_go(&r, 0);
	expect_found(&r, 10);
	take_letter(&r, 10);
	tell_order(&r, FETCH_MOVE, 10, "Filed");
	trouble = expect(&r, FETCH_TROUBLE, &fetch_trouble_wire);
	assert_non_null(strstr(trouble->text, "left in the mailbox"));
	assert_false(mailbox->mails[0].gone);
	end(&r, &s);
}

/* A folder's name is not part of a command. */
static void
test_folder_names(void **state)
{
	static const struct {
		const char *name;
		const char
		    *told; /* NULL: it cannot be said, the letter stays */
	} rows[] = {
	    {"\xe6\xb8\x88\xe3\x81\xbf & a\r\nA9 DELETE INBOX",
		"UID MOVE 10 \"&bggwfw- &- a&AA0ACg-A9 DELETE INBOX\""},
	    {"\xf0\x9f\x93\xac", "UID MOVE 10 \"&2D3c7A-\""},
	    {"a\" b", NULL},
	    {"a\\", NULL},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_server s;
		struct test_room r;

		mailbox_new();
		mailbox_add(letter_text);
		server_start(&s, imap_talk);
		room_begin(&r, fetch_room);
		tell_setup(&r, &s, true);
		expect(&r, FETCH_MAILBOX, &fetch_mailbox_wire);
		tell_go(&r, 0);
		expect_found(&r, 10);
		tell_order(&r, FETCH_MOVE, 10, rows[i].name);
		if (rows[i].told != NULL) {
			expect(&r, FETCH_MOVED, &fetch_order_wire);
			if (!was_told(&s, rows[i].told))
				fail_msg("row %zu: %s", i, s.seen->text);
		} else {
			expect(&r, FETCH_TROUBLE, &fetch_trouble_wire);
			assert_false(was_told(&s, "MOVE"));
		}
		assert_false(was_told(&s, "\nA9 DELETE"));
		end(&r, &s);
	}
}

/* The same for a user and a password. */
static void
test_quotes_in_a_password(void **state)
{
	struct net_server s;
	struct test_room r;
	struct fetch_setup setup = {0};

	mailbox_new();
	server_start(&s, imap_talk);
	room_begin(&r, fetch_room);
	setup.server = server_at(&s, false);
	setup.server.user = "back\\slash";
	setup.server.secret = bytes_str("a\" b " SECRET);
	setup.folder = "INBOX";
	setup.letter_max = 1000;
	tell(&r, FETCH_SETUP, &fetch_setup_wire, &setup);
	expect(&r, FETCH_MAILBOX, &fetch_mailbox_wire);
	assert_true(
	    was_told(&s, "LOGIN \"back\\\\slash\" \"a\\\" b " SECRET "\"\r\n"));
	end(&r, &s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_wrong_certificates),
	    cmocka_unit_test(test_starttls_is_not_optional),
	    cmocka_unit_test(test_refused_login),
	    cmocka_unit_test(test_password_with_line_end),
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_bytes_of_a_bad_answer_are_void),
	    cmocka_unit_test(test_letter_that_is_not_given),
	    cmocka_unit_test(test_more_than_announced),
	    cmocka_unit_test(test_odd_rows),
	    cmocka_unit_test(test_cannot_be_moved),
	    cmocka_unit_test(test_folder_names),
	    cmocka_unit_test(test_quotes_in_a_password),
	};

	return cmocka_run_group_tests(tests, net_setup, net_teardown);
}
