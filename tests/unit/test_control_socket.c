/*
 * test_control_socket.c - the socket itself: its mode, two daemons, many
 * askers, slow and silent ones.
 */
#include "control_world.h"

#include "../../daemon/control/request.h"

static void
test_socket_is_for_its_group(void **state)
{
	struct desk_world *w = *state;
	struct stat st;

	assert_int_equal(stat(w->socket, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0660);
}

static void
test_two_daemons(void **state)
{
	struct desk_world *w = *state;
	struct control *second =
	    control_new(w, &w->s, w->st, &w->engine, &w->err);

	assert_null(second);
	assert_int_equal(w->err.fault, FAULT_SETUP);
	assert_non_null(strstr(w->err.text, "another psirtd answers"));
	/* The first was not harmed. */
	turn(w, 0);
	assert_done(ask(w, "list"));
	talloc_free(w->c);
	assert_int_not_equal(access(w->socket, F_OK), 0);
	w->c = control_new(w, &w->s, w->st, &w->engine, &w->err);
	assert_non_null(w->c);
}

static void
test_socket_left_behind(void **state)
{
	struct desk_world *w = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	FILE *file;

	talloc_free(w->c);
	memcpy(address.sun_path, w->socket, strlen(w->socket) + 1);
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd); /* nobody listens: the daemon died */
	w->c = control_new(w, &w->s, w->st, &w->engine, &w->err);
	assert_non_null(w->c);
	talloc_free(w->c);
	/* What is no socket is not ours to take away. */
	file = fopen(w->socket, "w");
	fclose(file);
	w->c = control_new(w, &w->s, w->st, &w->engine, &w->err);
	assert_null(w->c);
	assert_int_equal(w->err.fault, FAULT_SETUP);
	assert_int_equal(unlink(w->socket), 0);
}

static void
test_a_path_too_long(void **state)
{
	struct desk_world *w = *state;
	char longer[200] = "/tmp/";

	memset(longer + 5, 'x', sizeof(longer) - 6);
	w->s.socket = longer;
	assert_null(control_new(w, &w->s, w->st, &w->engine, &w->err));
	assert_int_equal(w->err.fault, FAULT_SETUP);
}

/* One too many of a user is told so; the others are served. */
static void
test_many_askers(void **state)
{
	struct desk_world *w = *state;
	int fds[CONTROL_ONE_USER + 1];
	struct buf *in = buf_new(w, 65536);

	for (int i = 0; i <= CONTROL_ONE_USER; i++)
		fds[i] = client_connect(w);
	for (int i = 0; i < 4; i++)
		turn(w, 10);
	assert_true(client_take(fds[CONTROL_ONE_USER], in));
	assert_non_null(strstr((char *)in->data, "\"exit\":75"));
	for (int i = 0; i < CONTROL_ONE_USER; i++) {
		buf_clear(in);
		client_send(fds[i], "{\"version\":1,\"args\":[\"list\"]}\n");
		for (int k = 0; k < 100 && !client_take(fds[i], in); k++)
			turn(w, 10);
		assert_non_null(strstr((char *)in->data, "\"exit\":0"));
	}
	for (int i = 0; i <= CONTROL_ONE_USER; i++)
		close(fds[i]);
}

/*
 * Whoever connects is this process: the settings say whether its uid is the
 * desk's or nobody's.
 */
static void
we_are_strangers(struct desk_world *w, bool strangers)
{
	w->operators[0].uid = strangers ? getuid() + 2 : getuid();
}

/* What strangers hold open is not the desk's room. */
static void
test_strangers_leave_room(void **state)
{
	struct desk_world *w = *state;
	int fds[CONTROL_STRANGERS + 1];
	struct buf *in = buf_new(w, 65536);

	we_are_strangers(w, true);
	for (int i = 0; i <= CONTROL_STRANGERS; i++)
		fds[i] = client_connect(w);
	for (int i = 0; i < 4; i++)
		turn(w, 10);
	assert_int_equal(w->c->nconnections, CONTROL_STRANGERS);
	assert_true(client_take(fds[CONTROL_STRANGERS], in));
	assert_non_null(strstr((char *)in->data, "\"exit\":75"));
	we_are_strangers(w, false);
	assert_done(ask(w, "list"));
	for (int i = 0; i <= CONTROL_STRANGERS; i++)
		close(fds[i]);
}

/* Lines of the record that say a refusal. */
static int
refusals(struct desk_world *w)
{
	struct store_record *list = NULL;
	size_t count = 0;
	int n = 0;

	assert_ok(
	    w, store_record_list(w, w->st, 0, 0, 1000, &list, &count, &w->err));
	for (size_t i = 0; i < count; i++)
		n += list[i].what == RECORD_REFUSED;
	talloc_free(list);
	return n;
}

/* A line is for ever: what strangers cause of them is counted by the minute. */
static void
test_strangers_do_not_fill_the_record(void **state)
{
	struct desk_world *w = *state;
	char uid[32];

	snprintf(uid, sizeof(uid), "uid %u", (unsigned)getuid());
	we_are_strangers(w, true);
	for (int i = 0; i < CONTROL_STRANGER_LINES; i++)
		assert_refused(ask(w, "list"), 1, uid);
	for (int i = 0; i < 7; i++)
		assert_refused(ask(w, "list"), 75, "busy");
	assert_int_equal(refusals(w), CONTROL_STRANGER_LINES);
	/* A person of the desk has a name, and each line of theirs. */
	we_are_strangers(w, false);
	w->operators[0].role = OPERATOR_VIEWER;
	assert_refused(ask(w, "key", "reseal"), 1, "needs the role lead");
	assert_string_equal(last_line(w).actor, "yuki");
	assert_int_equal(refusals(w), CONTROL_STRANGER_LINES + 1);
	/* The minute is over: how many there were, once. */
	w->c->strangers.since_ms -= CONTROL_MINUTE_MS;
	turn(w, 0);
	assert_string_equal(last_line(w).actor, "(strangers)");
	assert_string_equal(last_line(w).note, "7 more in that minute");
	turn(w, 0);
	we_are_strangers(w, true);
	assert_refused(ask(w, "list"), 1, uid);
	assert_string_equal(last_line(w).actor, uid);
	assert_int_equal(refusals(w), CONTROL_STRANGER_LINES + 3);
	/* A minute in which each had its line has nothing to count. */
	w->c->strangers.since_ms -= CONTROL_MINUTE_MS;
	turn(w, 0);
	assert_int_equal(refusals(w), CONTROL_STRANGER_LINES + 3);
}

/* A line without its end was never asked. */
static void
test_half_a_line_does_nothing(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_letter(w, "x", LETTER_INQUIRY, REASON_INQUIRY, 0);
	struct store_letter l = {0};
	int fd = client_connect(w);
	char line[96];

	snprintf(line, sizeof(line),
	    "{\"version\":1,\"args\":[\"drop\",\"%lld\",\"--why\",\"x\"]}",
	    (long long)id);
	client_send(fd, line);
	turn(w, 10);
	close(fd);
	for (int i = 0; i < 5; i++)
		turn(w, 10);
	assert_int_equal(store_letter_get(w, w->st, id, &l, &w->err), 1);
	assert_int_equal(l.state, LETTER_INQUIRY);
	/* In two pieces it is one line all the same. */
	fd = client_connect(w);
	client_send(fd, line);
	turn(w, 10);
	turn(w, 10);
	client_send(fd, "\n");
	for (int i = 0; i < 5; i++)
		turn(w, 10);
	close(fd);
	assert_int_equal(store_letter_get(w, w->st, id, &l, &w->err), 1);
	assert_int_equal(l.state, LETTER_DROPPED);
}

/*
 * A long list for one, a short one for another: turns of 20 ms and a bit, and
 * the short one does not wait for the long one's end (RULES 19).
 */
static void
test_turns_are_short_and_shared(void **state)
{
	struct desk_world *w = *state;
	struct buf *one = buf_new(w, 64 << 20), *two = buf_new(w, 1 << 20);
	struct store_record line = {.at = RECEIVED,
	    .what = RECORD_CASE_READ,
	    .actor = talloc_strdup(w, "yuki")};
	int64_t longest = 0;
	bool end_one = false, end_two = false;
	int a, b;

	assert_ok(w, store_begin(w->st, &w->err));
	for (int i = 0; i < 20000; i++)
		assert_ok(w, store_record_add(w->st, &line, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	a = client_connect(w);
	client_send(a, "{\"version\":1,\"args\":[\"log\"]}\n");
	turn(w, 10);
	b = client_connect(w);
	client_send(b, "{\"version\":1,\"args\":[\"queue\"]}\n");
	for (int i = 0; i < 20000 && !end_one; i++) {
		int64_t took = turn(w, 10);

		longest = took > longest ? took : longest;
		end_one = client_take(a, one);
		if (!end_two && client_take(b, two)) {
			end_two = true;
			assert_false(end_one);
		}
	}
	close(a);
	close(b);
	assert_true(end_one && end_two);
	/* With room for a machine under load. */
	assert_true(longest < 100);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, desk_setup, desk_teardown)
	    TEST(test_socket_is_for_its_group),
	    TEST(test_two_daemons),
	    TEST(test_socket_left_behind),
	    TEST(test_a_path_too_long),
	    TEST(test_many_askers),
	    TEST(test_strangers_leave_room),
	    TEST(test_strangers_do_not_fill_the_record),
	    TEST(test_half_a_line_does_nothing),
	    TEST(test_turns_are_short_and_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
