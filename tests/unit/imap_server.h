/*
 * imap_server.h - an IMAP server of a page, honest unless a hook makes it
 * otherwise; its mailbox outlives a session, as a real one does.
 */
#ifndef TESTS_UNIT_IMAP_SERVER_H
#define TESTS_UNIT_IMAP_SERVER_H

#include "net_server.h"

#define MAILBOX_MOST 16

struct mail {
	uint32_t uid;
	const char *text;
	size_t len;
	const char *date;
	bool gone;
	bool filed;
	bool deleted;
};

/* Shared by all sessions and by the test. */
struct mailbox {
	uint32_t uidvalidity;
	size_t n;
	struct mail mails[MAILBOX_MOST];
	bool has_filed; /* the folder Filed is there */
	unsigned counter;
};

struct imap {
	struct peer *p;
	struct mailbox *box;
	char tag[32];
	char line[4096]; /* without the tag */
};

/* What makes this server special; set before it is started. */
static struct imap_ways {
	const char *capability; /* after IMAP4rev1 */
	const char *greeting;
	enum cert cert;
	bool starttls;
	const char *junk; /* of the set-up */
	/* Answers a command by itself: true. */
	bool (*hook)(struct imap *i);
} ways;

static struct mailbox *mailbox;

static inline void
mailbox_new(void)
{
	mailbox = mmap(NULL, sizeof(*mailbox), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(mailbox, MAP_FAILED);
	mailbox->uidvalidity = 7;
	mailbox->has_filed = true;
	memset(&ways, 0, sizeof(ways));
	ways.capability = "IDLE MOVE UIDPLUS AUTH=PLAIN";
	ways.greeting = "* OK ready\r\n";
}

static inline struct mail *
mailbox_add(const char *text)
{
	struct mail *m = &mailbox->mails[mailbox->n];

	m->uid = (uint32_t)++mailbox->n * 10;
	m->text = text;
	m->len = strlen(text);
	m->date = "24-Nov-2026 17:16:43 +0900";
	return m;
}

static inline void
ok(struct imap *i, const char *words)
{
	say(i->p, "%s OK %s\r\n", i->tag, words);
}

static inline bool
is_command(const struct imap *i, const char *name)
{
	return strncasecmp(i->line, name, strlen(name)) == 0;
}

static inline size_t
mailbox_there(const struct mailbox *box)
{
	size_t n = 0;

	for (size_t j = 0; j < box->n; j++)
		n += !box->mails[j].gone;
	return n;
}

static inline void
do_select(struct imap *i)
{
	say(i->p,
	    "* FLAGS (\\Seen \\Deleted $PsirtdFiled)\r\n"
	    "* OK [PERMANENTFLAGS (\\Seen \\Deleted \\*)] flags\r\n"
	    "* %zu EXISTS\r\n* 0 RECENT\r\n"
	    "* OK [UIDVALIDITY %u] valid\r\n* OK [UIDNEXT %zu] next\r\n"
	    "%s OK [READ-WRITE] selected\r\n",
	    mailbox_there(i->box), i->box->uidvalidity,
	    i->box->n > 0 ? (size_t)i->box->mails[i->box->n - 1].uid + 1 : 1,
	    i->tag);
}

static inline void
say_letter(struct imap *i, size_t nth, const struct mail *m)
{
	say(i->p, "* %zu FETCH (UID %u BODY[] {%zu}\r\n", nth, m->uid, m->len);
	say_bytes(i->p, m->text, m->len);
	say(i->p, ")\r\n");
}

static inline void
do_fetch(struct imap *i)
{
	char *end;
	unsigned long first = strtoul(i->line + strlen("UID FETCH "), &end, 10);
	unsigned long last = *end != ':' ? first : strtoul(end + 1, &end, 10);
	bool body = strstr(i->line, "BODY.PEEK[]") != NULL;
	size_t nth = 0;

	for (size_t j = 0; j < i->box->n; j++) {
		const struct mail *m = &i->box->mails[j];

		if (m->gone)
			continue;
		nth++;
		/* "n:*" is 0 */
		if (m->uid < first || (last != 0 && m->uid > last))
			continue;
		if (body)
			say_letter(i, nth, m);
		else
			say(i->p,
			    "* %zu FETCH (UID %u RFC822.SIZE %zu INTERNALDATE "
			    "\"%s\" FLAGS (\\Seen%s%s))\r\n",
			    nth, m->uid, m->len, m->date,
			    m->filed ? " $psirtdfiled" : "",
			    m->deleted ? " \\Deleted" : "");
	}
	ok(i, "done");
}

static inline struct mail *
named_mail(struct imap *i, const char *command)
{
	unsigned long uid = strtoul(i->line + strlen(command), NULL, 10);

	for (size_t j = 0; j < i->box->n; j++)
		if (i->box->mails[j].uid == uid && !i->box->mails[j].gone)
			return &i->box->mails[j];
	return NULL;
}

static inline void
do_move(struct imap *i, const char *command)
{
	struct mail *m = named_mail(i, command);

	if (strstr(i->line, "Filed") != NULL && !i->box->has_filed) {
		say(i->p, "%s NO [TRYCREATE] no such folder\r\n", i->tag);
		return;
	}
	if (m == NULL) {
		ok(i, "nothing there");
		return;
	}
	if (command[4] == 'M') {
		say(i->p, "* OK [COPYUID 9 %u 1] moved\r\n* 1 EXPUNGE\r\n",
		    m->uid);
		m->gone = true;
		ok(i, "moved");
	} else {
		say(i->p, "%s OK [COPYUID 9 %u 1] copied\r\n", i->tag, m->uid);
	}
}

static inline void
do_store(struct imap *i)
{
	struct mail *m = named_mail(i, "UID STORE ");

	if (m != NULL && strstr(i->line, "$PsirtdFiled") != NULL)
		m->filed = true;
	if (m != NULL && strstr(i->line, "\\Deleted") != NULL)
		m->deleted = true;
	ok(i, "stored");
}

static inline void
do_expunge(struct imap *i)
{
	struct mail *m = named_mail(i, "UID EXPUNGE ");

	if (m != NULL && m->deleted) {
		m->gone = true;
		say(i->p, "* 1 EXPUNGE\r\n");
	}
	ok(i, "expunged");
}

static inline void
do_authenticate(struct imap *i)
{
	char line[512];

	say(i->p, "+ \r\n");
	if (hear(i->p, line, sizeof(line)) &&
	    strcmp(line, "AHBzaXJ0QHZlbmRvci5leGFtcGxlAGNvcnJlY3QtaG9yc2U"
			 "tYmF0dGVyeQ==") == 0)
		ok(i, "welcome");
	else
		say(i->p, "%s NO [AUTHENTICATIONFAILED] go away\r\n", i->tag);
}

static inline void
do_idle(struct imap *i)
{
	char line[512];

	say(i->p, "+ idling\r\n");
	if (hear(i->p, line, sizeof(line)) && strcasecmp(line, "DONE") == 0)
		ok(i, "done");
}

/* False: the session is over. */
static inline bool
honest(struct imap *i)
{
	if (is_command(i, "CAPABILITY")) {
		say(i->p, "* CAPABILITY IMAP4rev1 %s\r\n",
		    i->p->tls == NULL ? "STARTTLS LOGINDISABLED"
				      : ways.capability);
		ok(i, "done");
	} else if (is_command(i, "LOGIN ")) {
		if (strstr(i->line, SECRET) != NULL)
			ok(i, "welcome");
		else
			say(i->p, "%s NO go away\r\n", i->tag);
	} else if (is_command(i, "AUTHENTICATE PLAIN")) {
		do_authenticate(i);
	} else if (is_command(i, "STARTTLS") && i->p->tls == NULL) {
		ok(i, "go");
		return peer_tls(i->p, ways.cert, NULL);
	} else if (is_command(i, "SELECT ")) {
		do_select(i);
	} else if (is_command(i, "UID FETCH ")) {
		do_fetch(i);
	} else if (is_command(i, "UID MOVE ")) {
		do_move(i, "UID MOVE ");
	} else if (is_command(i, "UID COPY ")) {
		do_move(i, "UID COPY ");
	} else if (is_command(i, "UID STORE ")) {
		do_store(i);
	} else if (is_command(i, "UID EXPUNGE ")) {
		do_expunge(i);
	} else if (is_command(i, "CREATE ")) {
		i->box->has_filed = true;
		ok(i, "made");
	} else if (is_command(i, "IDLE")) {
		do_idle(i);
	} else if (is_command(i, "NOOP") || is_command(i, "SUBSCRIBE ")) {
		ok(i, "done");
	} else if (is_command(i, "LOGOUT")) {
		say(i->p, "* BYE\r\n");
		ok(i, "done");
		return false;
	} else {
		say(i->p, "%s BAD what?\r\n", i->tag);
	}
	return true;
}

static inline void
imap_talk(struct peer *p)
{
	struct imap i = {.p = p, .box = mailbox};
	char line[4096];

	if (!ways.starttls && !peer_tls(p, ways.cert, NULL))
		return;
	say(p, "%s", ways.greeting);
	while (hear(p, line, sizeof(line))) {
		char *space = strchr(line, ' ');

		if (space == NULL)
			return;
		*space = '\0';
		snprintf(i.tag, sizeof(i.tag), "%.31s", line);
		snprintf(i.line, sizeof(i.line), "%s", space + 1);
		if (ways.hook != NULL && ways.hook(&i))
			continue;
		if (!honest(&i))
			return;
	}
}

/* ---- the engine's half ---- */

static inline void
tell_setup(struct test_room *r, const struct net_server *s, bool once)
{
	struct fetch_setup setup = {0};

	setup.server = server_at(s, ways.starttls);
	setup.folder = "INBOX";
	setup.junk = ways.junk;
	setup.filed = "Filed";
	setup.too_large = "Too large";
	setup.poll_s = 1;
	setup.letter_max = 1 << 20;
	setup.once = once;
	tell(r, FETCH_SETUP, &fetch_setup_wire, &setup);
}

static inline void
tell_go(struct test_room *r, uint32_t after)
{
	struct fetch_go go = {after};

	tell(r, FETCH_GO, &fetch_go_wire, &go);
}

static inline void
tell_order(struct test_room *r, uint32_t type, uint32_t uid, const char *folder)
{
	struct fetch_order order = {0};

	order.uidvalidity = 7;
	order.uid = uid;
	order.folder = folder;
	tell(r, type, &fetch_order_wire, &order);
}

/* A letter is found: this uid. */
static inline struct fetch_letter *
expect_found(struct test_room *r, uint32_t uid)
{
	struct fetch_letter *letter =
	    expect(r, FETCH_FOUND, &fetch_letter_wire);

	assert_int_equal(letter->uid, uid);
	assert_int_equal(letter->uidvalidity, 7);
	return letter;
}

/* Takes the letter; its bytes. */
static inline struct bytes
take_letter(struct test_room *r, uint32_t uid)
{
	struct buf *bytes = buf_new(r->ctx, 2 << 20);
	struct fetch_letter *letter;
	struct frame frame;

	tell_order(r, FETCH_TAKE, uid, NULL);
	letter = expect(r, FETCH_BEGIN, &fetch_letter_wire);
	assert_int_equal(letter->uid, uid);
	for (;;) {
		frame = next_frame(r);
		if (frame.type != FETCH_CHUNK)
			break;
		assert_in_range(frame.payload.len, 1, 65536);
		buf_add(bytes, frame.payload.data, frame.payload.len, NULL);
	}
	assert_int_equal(frame.type, FETCH_END);
	letter = wire_decode(r->ctx, &fetch_letter_wire, frame.payload, NULL);
	assert_non_null(letter);
	assert_int_equal(letter->uid, uid);
	assert_int_equal(letter->size, bytes->len);
	return buf_bytes(bytes);
}

static inline void
move_letter(struct test_room *r, uint32_t uid, enum fetch_moved how)
{
	struct fetch_order *order;

	tell_order(r, FETCH_MOVE, uid, "Filed");
	order = expect(r, FETCH_MOVED, &fetch_order_wire);
	assert_int_equal(order->uid, uid);
	assert_int_equal(order->how, how);
	assert_string_equal(order->folder, "Filed");
}

#endif
