/*
 * test_send_room.c - one mail, one outcome: accepted, tried again, refused or
 * uncertain, each only where it is true; and a server that is not the right
 * one hears no secret and no mail.
 */
#include "net_server.h"

#include "psirtd/send.h"

#define TO "finder@finder.example"

static const char wire[] = "Subject: x\r\n"
			   "\r\n"
			   ".dots\r\n"
			   ".\r\n"
			   "end\r\n";

/* What the server says instead of the usual; NULL: the usual. */
static struct smtp_ways {
	const char *greeting;
	const char *ehlo; /* all lines */
	const char *auth;
	const char *mail;
	const char *rcpt;
	const char *rcpt_copy; /* of our own address */
	const char *data;
	const char *dot; /* "": leaves; "mute": says nothing */
	const char *starttls_answer;
	bool starttls;
	enum cert cert;
	bool half;            /* leaves in the middle of the content */
	unsigned leave_after; /* mails a session, then it hangs up */
} ways;

static void
answer(struct peer *p, const char *special, const char *usual)
{
	say(p, "%s\r\n", special != NULL ? special : usual);
}

static void
take_content(struct peer *p)
{
	char line[2048];

	for (;;) {
		if (!hear(p, line, sizeof(line)) || ways.half)
			_exit(0);
		if (strcmp(line, ".") == 0)
			break;
	}
	if (ways.dot != NULL && ways.dot[0] == '\0')
		_exit(0);
	if (ways.dot != NULL && strcmp(ways.dot, "mute") == 0)
		sleep(60);
	answer(p, ways.dot, "250 2.0.0 queued");
}

static void
auth_login(struct peer *p)
{
	char line[512];

	say(p, "334 VXNlcm5hbWU6\r\n");
	hear(p, line, sizeof(line));
	say(p, "334 UGFzc3dvcmQ6\r\n");
	hear(p, line, sizeof(line));
}

static void
smtp_talk(struct peer *p)
{
	char line[2048];
	unsigned mails = 0;

	if (!ways.starttls && !peer_tls(p, ways.cert, NULL))
		return;
	answer(p, ways.greeting, "220 mail ESMTP");
	while (hear(p, line, sizeof(line))) {
		if (strncasecmp(line, "EHLO", 4) == 0) {
			answer(p, ways.ehlo,
			    ways.starttls && p->tls == NULL
				? "250-mail\r\n250 STARTTLS"
				: "250-mail\r\n250-SIZE 100000\r\n250-DSN\r\n"
				  "250 AUTH PLAIN LOGIN");
		} else if (strcasecmp(line, "STARTTLS") == 0) {
			answer(p, ways.starttls_answer, "220 go");
			if (!peer_tls(p, ways.cert, NULL))
				return;
		} else if (strcasecmp(line, "AUTH LOGIN") == 0) {
			auth_login(p);
			answer(p, ways.auth, "235 welcome");
		} else if (strncasecmp(line, "AUTH", 4) == 0) {
			answer(p, ways.auth, "235 welcome");
		} else if (strncasecmp(line, "MAIL", 4) == 0) {
			answer(p, ways.mail, "250 fine");
		} else if (strncasecmp(line, "RCPT", 4) == 0) {
			answer(p,
			    strstr(line, USER) != NULL ? ways.rcpt_copy
						       : ways.rcpt,
			    "250 fine");
		} else if (strcasecmp(line, "DATA") == 0) {
			if (ways.data != NULL && ways.data[0] == '\0')
				return;
			answer(p, ways.data, "354 go on");
			if (ways.data == NULL) {
				take_content(p);
				if (++mails == ways.leave_after)
					return;
			}
		} else if (strcasecmp(line, "QUIT") == 0) {
			say(p, "221 bye\r\n");
			return;
		} else {
			say(p, "250 fine\r\n");
		}
	}
}

static const char *copy; /* to whom, of the next mails */

static void
ways_new(void)
{
	memset(&ways, 0, sizeof(ways));
	copy = NULL;
}

static void
up(struct test_room *r, struct net_server *s)
{
	struct send_setup setup = {0};

	server_start(s, smtp_talk);
	room_begin(r, send_room);
	setup.server = server_at(s, ways.starttls);
	setup.server.timeout_s = 1;
	tell(r, SEND_SETUP, &send_setup_wire, &setup);
}

static struct send_done *
send_one(
    struct test_room *r, const char *from, const char *to, const char *content)
{
	static int64_t number;
	struct send_mail mail = {0};
	struct send_done *done;

	mail.outmail = ++number;
	mail.from = from;
	mail.to = to;
	mail.wire = bytes_str(content);
	mail.copy = copy;
	tell(r, SEND_MAIL, &send_mail_wire, &mail);
	done = expect(r, SEND_DONE, &send_done_wire);
	assert_int_equal(done->outmail, number);
	assert_non_null(done->text);
	assert_null(strstr(done->text, SECRET));
	assert_null(strchr(done->text, '@'));
	return done;
}

static void
end(struct test_room *r, struct net_server *s)
{
	room_finish(r);
	server_stop(s);
}

static void
test_bytes_leave_unchanged(void **state)
{
	struct net_server s;
	struct test_room r;
	struct send_done *done;
	char host[256] = {0};

	ways_new();
	up(&r, &s);
	done = send_one(&r, USER, TO, wire);
	assert_int_equal(done->outcome, SEND_ACCEPTED);
	assert_int_equal(done->code, 250);
	assert_string_equal(done->text, "2.0.0 queued");
	done = send_one(&r, "", TO, wire);
	assert_int_equal(done->outcome, SEND_ACCEPTED);
	room_finish(&r);
	wait_told(&s, "QUIT");
	/* Stuffed dots, and not one byte more. */
	assert_true(was_told(&s,
	    "MAIL FROM:<" USER "> SIZE=29\r\nRCPT TO:<" TO ">\r\nDATA\r\n"
	    "Subject: x\r\n\r\n..dots\r\n..\r\nend\r\n.\r\n"));
	assert_true(was_told(&s, "MAIL FROM:<> SIZE=29\r\n"));
	assert_true(was_told(&s,
	    "AUTH PLAIN AHBzaXJ0QHZlbmRvci5leGFtcGxlAGNvcnJlY3QtaG9yc2U"
	    "tYmF0dGVyeQ==\r\n"));
	/* One session for both. */
	assert_int_equal(s.seen->sessions, 1);
	/* This machine's name is its own business. */
	gethostname(host, sizeof(host) - 1);
	assert_true(was_told(&s, "EHLO [127.0.0.1]\r\n"));
	assert_true(host[0] == '\0' || !was_told(&s, host));
	server_stop(&s);
}

static void
test_outcomes(void **state)
{
	static const struct {
		struct smtp_ways ways;
		uint32_t outcome;
		uint32_t code;
	} rows[] = {
	    {{.mail = "450 later"}, SEND_RETRY, 450},
	    {{.mail = "550 no"}, SEND_REFUSED, 550},
	    {{.rcpt = "450 4.2.1 later"}, SEND_RETRY, 450},
	    {{.rcpt = "550 5.1.1 <" TO "> unknown"}, SEND_REFUSED, 550},
	    {{.rcpt = "251 will forward"}, SEND_ACCEPTED, 250},
	    {{.data = "451 later"}, SEND_RETRY, 451},
	    {{.data = "554 no"}, SEND_REFUSED, 554},
	    {{.data = "250 what"}, SEND_RETRY, 250},
	    {{.dot = "451 later"}, SEND_RETRY, 451},
	    {{.dot = "421 going down"}, SEND_RETRY, 421},
	    {{.dot = "552-5.3.4 too\r\n552 5.3.4 big"}, SEND_REFUSED, 552},
	    {{.dot = "554 spam"}, SEND_REFUSED, 554},
	    /* The connection ends: before, in and after the content. */
	    {{.data = ""}, SEND_RETRY, 0},
	    {{.dot = ""}, SEND_UNCERTAIN, 0},
	    {{.dot = "garbage"}, SEND_UNCERTAIN, 0},
	    {{.dot = "99999999 what"}, SEND_UNCERTAIN, 0},
	    {{.dot = "354 go on"}, SEND_UNCERTAIN, 0},
	    /* Before there is a session. */
	    {{.greeting = "554 not you"}, SEND_RETRY, 554},
	    {{.greeting = "421 busy"}, SEND_RETRY, 421},
	    {{.greeting = "hello"}, SEND_RETRY, 0},
	    {{.ehlo = "502 no"}, SEND_RETRY, 502},
	    {{.ehlo = "250 mail"}, SEND_RETRY, 250},
	    {{.ehlo = "250-mail\r\n250 AUTH GSSAPI"}, SEND_RETRY, 250},
	    {{.ehlo = "250-mail\r\n250 AUTH LOGIN\tGSSAPI"}, SEND_ACCEPTED,
		250},
	    {{.ehlo = "250-mail\r\n250 AUTH GSSAPI\tPLAIN"}, SEND_ACCEPTED,
		250},
	    {{.ehlo = "250-mail\r\n250-AUTH PLAIN\r\n250 SIZE 20"},
		SEND_REFUSED, 0},
	    {{.auth = "535 " SECRET}, SEND_RETRY, 535},
	    {{.auth = "454 later"}, SEND_RETRY, 454},
	    {{.auth = "220 what"}, SEND_RETRY, 220},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_server s;
		struct test_room r;
		struct send_done *done;

		ways = rows[i].ways;
		up(&r, &s);
		done = send_one(&r, USER, TO, wire);
		if (done->outcome != rows[i].outcome ||
		    done->code != rows[i].code)
			fail_msg("row %zu: %s, %u %s", i,
			    send_outcome_name(done->outcome), done->code,
			    done->text);
		/* Whatever it was, the room goes on. */
		send_one(&r, USER, TO, wire);
		end(&r, &s);
	}
}

/* In the midst of a content that no buffer holds. */
static void
test_dropped_in_the_content(void **state)
{
	struct net_server s;
	struct test_room r;
	struct send_done *done;
	char *big = malloc(8000001);

	for (size_t i = 0; i < 8000000; i += 80)
		snprintf(big + i, 81, "%078d\r\n", (int)i);
	ways_new();
	ways.half = true;
	ways.ehlo = "250-mail\r\n250 AUTH PLAIN";
	up(&r, &s);
	done = send_one(&r, USER, TO, big);
	assert_int_equal(done->outcome, SEND_RETRY);
	assert_int_equal(done->code, 0);
	end(&r, &s);
	free(big);
}

static void
test_no_reply_to_the_dot(void **state)
{
	struct net_server s;
	struct test_room r;
	struct send_done *done;

	ways_new();
	ways.dot = "mute";
	up(&r, &s);
	done = send_one(&r, USER, TO, wire);
	assert_int_equal(done->outcome, SEND_UNCERTAIN);
	assert_non_null(strstr(done->text, "too long"));
	end(&r, &s);
}

static void
test_addresses_and_bytes(void **state)
{
	static const struct {
		const char *from, *to, *content;
	} rows[] = {
	    {USER, "a@b.example>\r\nRSET\r\nNOOP <a@b.example", wire},
	    {USER, "a b@c.example", wire},
	    {USER, "", wire},
	    {USER, "a@b.example,c@d.example", wire},
	    {USER, "\xe6\x97\xa5@b.example", wire},
	    {"x@y.example>\r\nDATA", TO, wire},
	    {"<>", TO, wire},
	    {USER, TO, ""},
	    {USER, TO, "no end"},
	    {USER, TO, "bare\nline\r\n"},
	    {USER, TO, "smuggled\r\n.\nMAIL FROM:<a@b.example>\r\n"},
	    {USER, TO, "smuggled\r\n.\rMAIL FROM:<a@b.example>\r\n"},
	    {USER, TO, "bare\r\rreturn\r\n"},
	    {USER, TO, "eight bits \xc3\xa9\r\n"},
	};
	struct net_server s;
	struct test_room r;
	char line[1200] = {0};
	struct send_done *done;

	ways_new();
	up(&r, &s);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		done = send_one(&r, rows[i].from, rows[i].to, rows[i].content);
		if (done->outcome != SEND_REFUSED)
			fail_msg("row %zu: %s", i, done->text);
	}
	memset(line, 'k', 999);
	strcpy(line + 999, "\r\n");
	done = send_one(&r, USER, TO, line);
	assert_int_equal(done->outcome, SEND_REFUSED);
	/* None of it went near a server. */
	assert_int_equal(s.seen->sessions, 0);
	strcpy(line + 998, "\r\n");
	done = send_one(&r, USER, TO, line);
	assert_int_equal(done->outcome, SEND_ACCEPTED);
	end(&r, &s);
}

/* ---- the session ---- */

static void
test_wrong_servers_hear_nothing(void **state)
{
	static const struct {
		struct smtp_ways ways;
		const char *words;
	} rows[] = {
	    {{.cert = CERT_WRONG_HOST}, "certificate"},
	    {{.cert = CERT_EXPIRED}, "certificate"},
	    {{.cert = CERT_UNKNOWN_CA}, "certificate"},
	    {{.starttls = true, .cert = CERT_WRONG_HOST}, "certificate"},
	    {{.starttls = true, .cert = CERT_EXPIRED}, "certificate"},
	    {{.starttls = true, .cert = CERT_UNKNOWN_CA}, "certificate"},
	    /* STARTTLS hidden, refused, or with more than its answer. */
	    {{.starttls = true, .ehlo = "250-mail\r\n250 AUTH PLAIN"},
		"STARTTLS"},
	    {{.starttls = true, .starttls_answer = "454 not now"}, "STARTTLS"},
	    {{.starttls = true,
		 .starttls_answer = "220 go\r\n250-mail\r\n250 AUTH PLAIN"},
		"STARTTLS"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_server s;
		struct test_room r;
		struct send_done *done;

		ways = rows[i].ways;
		up(&r, &s);
		done = send_one(&r, USER, TO, wire);
		assert_int_equal(done->outcome, SEND_RETRY);
		if (strstr(done->text, rows[i].words) == NULL)
			fail_msg("row %zu: %s", i, done->text);
		told_no_secret(&s);
		assert_false(was_told(&s, "MAIL"));
		end(&r, &s);
	}
}

static void
test_starttls_and_auth_login(void **state)
{
	struct net_server s;
	struct test_room r;
	struct send_done *done;

	ways_new();
	ways.starttls = true;
	up(&r, &s);
	done = send_one(&r, USER, TO, wire);
	assert_int_equal(done->outcome, SEND_ACCEPTED);
	assert_true(was_told(&s, "STARTTLS\r\nEHLO [127.0.0.1]\r\nAUTH"));
	end(&r, &s);

	ways_new();
	ways.ehlo = "250-mail\r\n250 AUTH LOGIN";
	up(&r, &s);
	done = send_one(&r, USER, TO, wire);
	assert_int_equal(done->outcome, SEND_ACCEPTED);
	assert_true(
	    was_told(&s, "AUTH LOGIN\r\ncHNpcnRAdmVuZG9yLmV4YW1wbGU=\r\n"
			 "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5\r\n"));
	end(&r, &s);
}

/* A session that died while it was idle is opened anew, silently. */
static void
test_dropped_while_idle(void **state)
{
	struct net_server s;
	struct test_room r;
	struct send_done *done;

	ways_new();
	ways.leave_after = 1;
	up(&r, &s);
	for (int i = 0; i < 3; i++) {
		done = send_one(&r, USER, TO, wire);
		assert_int_equal(done->outcome, SEND_ACCEPTED);
		/* Sometimes noticed before, sometimes only by MAIL. */
		usleep(i * 30000);
	}
	assert_int_equal(s.seen->sessions, 3);
	end(&r, &s);
}

static void
test_rset_after_a_refusal(void **state)
{
	struct net_server s;
	struct test_room r;

	ways_new();
	ways.rcpt = "550 no";
	up(&r, &s);
	send_one(&r, USER, TO, wire);
	send_one(&r, USER, TO, wire);
	assert_true(was_told(&s, "RCPT TO:<" TO ">\r\nRSET\r\nMAIL"));
	assert_false(was_told(&s, "DATA"));
	assert_int_equal(s.seen->sessions, 1);
	end(&r, &s);
}

/* A reply too many would be taken for the answer to the dot. */
static void
test_out_of_turn(void **state)
{
	struct net_server s;
	struct test_room r;
	struct send_done *done;

	ways_new();
	ways.data = "354 go on\r\n250 2.0.0 queued";
	up(&r, &s);
	done = send_one(&r, USER, TO, wire);
	assert_int_equal(done->outcome, SEND_RETRY);
	assert_false(was_told(&s, "Subject"));
	end(&r, &s);
}

static void
test_long_password(void **state)
{
	struct net_server s;
	struct test_room r;
	struct send_setup setup = {0};
	char secret[1001] = {0};

	/* libetpan would cut the command at 512 bytes. */
	ways_new();
	server_start(&s, smtp_talk);
	memset(secret, 'k', 1000);
	room_begin(&r, send_room);
	setup.server = server_at(&s, false);
	setup.server.secret = bytes_str(secret);
	tell(&r, SEND_SETUP, &send_setup_wire, &setup);
	assert_int_equal(send_one(&r, USER, TO, wire)->outcome, SEND_ACCEPTED);
	end(&r, &s);

	server_start(&s, smtp_talk);
	room_begin(&r, send_room);
	setup.server = server_at(&s, false);
	setup.server.secret = bytes_str("line\nend");
	tell(&r, SEND_SETUP, &send_setup_wire, &setup);
	assert_int_equal(send_one(&r, USER, TO, wire)->outcome, SEND_RETRY);
	assert_int_equal(s.seen->sessions, 0);
	end(&r, &s);
}

/* A second recipient; what becomes of the mail says the first alone. */
static void
test_copy_to_ourselves(void **state)
{
	static const struct {
		const char *rcpt_copy;
		enum send_outcome outcome;
	} rows[] = {
	    {NULL, SEND_ACCEPTED},
	    {"550 no such user", SEND_ACCEPTED},
	    {"451 later", SEND_ACCEPTED},
	    {"421 going down", SEND_RETRY},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_server s;
		struct test_room r;

		ways_new();
		ways.rcpt_copy = rows[i].rcpt_copy;
		copy = USER;
		up(&r, &s);
		assert_int_equal(
		    send_one(&r, USER, TO, wire)->outcome, rows[i].outcome);
		assert_true(
		    was_told(&s, "RCPT TO:<" TO ">\r\nRCPT TO:<" USER ">\r\n"));
		assert_int_equal(was_told(&s, "end\r\n.\r\n"),
		    rows[i].outcome == SEND_ACCEPTED);
		end(&r, &s);
	}
	ways_new();
	copy = "two words@vendor.example";
	{
		struct net_server s;
		struct test_room r;

		up(&r, &s);
		assert_int_equal(
		    send_one(&r, USER, TO, wire)->outcome, SEND_REFUSED);
		assert_false(was_told(&s, "MAIL"));
		end(&r, &s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bytes_leave_unchanged),
	    cmocka_unit_test(test_outcomes),
	    cmocka_unit_test(test_dropped_in_the_content),
	    cmocka_unit_test(test_no_reply_to_the_dot),
	    cmocka_unit_test(test_addresses_and_bytes),
	    cmocka_unit_test(test_wrong_servers_hear_nothing),
	    cmocka_unit_test(test_starttls_and_auth_login),
	    cmocka_unit_test(test_dropped_while_idle),
	    cmocka_unit_test(test_rset_after_a_refusal),
	    cmocka_unit_test(test_out_of_turn),
	    cmocka_unit_test(test_long_password),
	    cmocka_unit_test(test_copy_to_ourselves),
	};

	return cmocka_run_group_tests(tests, net_setup, net_teardown);
}
